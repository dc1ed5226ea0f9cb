"""Texts: how a value, and how a definition of the app's, is written in a program.

Here Python is read and quoted; what the names in it mean is ``gather``'s affair.
"""

from __future__ import annotations

import ast
import dis
import inspect
import linecache
import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType, NoneType
from typing import Any
from uuid import UUID

from markupsafe import Markup

from wsgiapp.xray.locations import place

#: Characters that one value may take in a program.
MAX_TEXT = 20_000
_DEPTH = 20
_ATOMS = frozenset({NoneType, bool, int, float, str, bytes})
_BRACKETS: dict[type, tuple[str, str]] = {list: ("[", "]"), tuple: ("(", ")"), set: ("{", "}"), dict: ("{", "}")}
# A value of such a type is what a call gives back: what is called, and its arguments.
_FORMS: dict[type, Callable[[Any], tuple[Any, str, tuple[Any, ...]]]] = {
    frozenset: lambda value: (frozenset, "", ([*value],)),
    datetime: lambda value: (datetime, ".fromisoformat", (value.isoformat(),)),
    date: lambda value: (date, ".fromisoformat", (value.isoformat(),)),
    timedelta: lambda value: (timedelta, "", (value.days, value.seconds, value.microseconds)),
    Decimal: lambda value: (Decimal, "", (str(value),)),
    UUID: lambda value: (UUID, "", (str(value),)),
    Markup: lambda value: (Markup, "", (str(value),)),
    type(Path()): lambda value: (Path, "", (str(value),)),
    re.Pattern: lambda value: (re, ".compile", (value.pattern, value.flags)),
    logging.Logger: lambda value: (logging, ".getLogger", (value.name,)),
    type(threading.Lock()): lambda _: (threading, ".Lock", ()),
}
_GLOBALS = ("LOAD_NAME", "LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS")
_MADE = frozenset({"__name__", "__qualname__", "__module__", "__annotations__", "__class__"})
_Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class TwinError(ValueError):
    """No faithful program can be written.

    :param cause: what cannot be written out.
    :param where: ``file:line`` of it, if it has one.
    :param way_out: what to do about it.
    """

    def __init__(self, cause: str, where: str, way_out: str) -> None:
        super().__init__(f"{cause}{f' ({where})' if where else ''}. {way_out}")


def quoted(value: str | bytes) -> str:
    """A text as an expression, in double quotes where it has neither kind itself. It cannot end before its end."""
    text = repr(value)
    return text.replace("'", '"') if text.count("'") == 2 and '"' not in text else text


def literal(value: Any, name_of: Callable[[Any], str] = repr, depth: int = _DEPTH) -> str:
    """The expression that gives back *value*.

    :param name_of: the name that a class or a function has in the program.
    :raises ValueError: when there is no such expression; it says why.
    """
    kind = type(value)
    if kind in _ATOMS:
        text = quoted(value) if kind in (str, bytes) else repr(value)
        text = f'float("{value}")' if kind is float and not abs(value) < float("inf") else text
    elif depth == 0:
        raise ValueError("is nested too deeply")
    elif kind in _BRACKETS:
        text = _container(value, lambda part: literal(part, name_of, depth - 1))
    elif kind in _FORMS:
        owner, method, arguments = _FORMS[kind](value)
        text = f"{name_of(owner)}{method}({', '.join(literal(one, name_of, depth - 1) for one in arguments)})"
    elif isinstance(value, Enum):
        text = f"{name_of(kind)}[{quoted(value.name)}]"
    elif isinstance(value, (type, FunctionType)):
        text = name_of(value)
    else:
        raise ValueError(f"is a live object, a {kind.__module__}.{kind.__qualname__}")
    if len(text) > MAX_TEXT:
        raise ValueError(f"takes more than {MAX_TEXT} characters to write")
    return text


def _container(value: Any, inner: Callable[[Any], str]) -> str:
    if isinstance(value, dict):
        items = [f"{inner(key)}: {inner(member)}" for key, member in value.items()]
    else:
        items = [inner(member) for member in value]
    if isinstance(value, set):
        return f"{{{', '.join(sorted(items))}}}" if items else "set()"
    opening, closing = _BRACKETS[type(value)]
    return f"{opening}{', '.join(items)}{',' if isinstance(value, tuple) and len(items) == 1 else ''}{closing}"


@lru_cache(maxsize=256)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@dataclass(frozen=True)
class Source:
    """A definition of the app's: a function, a lambda or a class.

    :ivar obj: the object itself.
    :ivar node: where it stands in the syntax tree of its file.
    :ivar lines: those of its file.
    """

    obj: Any
    node: Any
    lines: list[str]
    where: str

    @classmethod
    def of(cls, obj: Any) -> Source:
        """The source of a function or class.

        :raises TwinError: when there is none to read.
        """
        try:
            code = obj.__code__ if isinstance(obj, FunctionType) else None
            file = code.co_filename if code else inspect.getsourcefile(obj) or ""
            first = code.co_firstlineno if code else inspect.getsourcelines(obj)[1]
            lines = linecache.getlines(file)
            found = [*_at(_parsed("".join(lines)), first, code.co_name if code else obj.__name__)]
        except (OSError, TypeError, SyntaxError):
            file, first, found = "", 0, []
        where = place(file, first)
        if len(found) != 1:
            several = "several lambdas stand in one line" if found else "no source is there to read"
            raise TwinError(f"{obj!r}: {several}", where, "Define it by a 'def' in a file.")
        return cls(obj, found[0], lines, where)

    @property
    def scope(self) -> dict[str, Any]:
        """What its names mean: those of its module, and those of the functions around it."""
        functions = [self.obj] if isinstance(self.obj, FunctionType) else [
            one for one in vars(self.obj).values() if isinstance(one, FunctionType)]  # fmt: skip
        names = dict(getattr(inspect.getmodule(self.obj), "__dict__", {}))
        for function in functions:
            names.update(function.__globals__)
            for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
                with suppress(ValueError):  # a variable that has no value yet
                    names[name] = cell.cell_contents
        return names

    def text(self, name: str, decorators: list[ast.expr]) -> str:
        """The definition under that *name*, with only those *decorators*, at the left margin."""
        if isinstance(self.node, ast.Lambda):
            text = ast.get_source_segment("".join(self.lines), self.node) or ""
            return f"{name} = ({text})" if "\n" in text else f"{name} = {text}"
        margin = self.node.col_offset
        inside = {line for one in ast.walk(self.node) if isinstance(one, (ast.Constant, ast.JoinedStr))
                  for line in range(one.lineno + 1, (one.end_lineno or 0) + 1)}  # fmt: skip
        numbers = [line for one in decorators for line in range(one.lineno, (one.end_lineno or 0) + 1)]
        numbers += range(self.node.lineno, self.node.end_lineno + 1)
        lines = self._without_annotations()
        text = "\n".join(lines[line - 1].rstrip("\n")[0 if line in inside else margin :] for line in numbers)
        return re.sub(r"^((?:async )?def|class)\s+\w+", rf"\1 {name}", text, count=1, flags=re.MULTILINE)

    def _without_annotations(self) -> list[str]:
        """The file's lines, without what functions say of types: it would name what nothing here needs."""
        spans = []
        for node in ast.walk(self.node):
            if isinstance(node, ast.arg) and node.annotation is not None:
                begin = node.col_offset + len(node.arg.encode())
                spans.append((node.lineno, node.end_lineno, begin, node.end_col_offset))
            elif isinstance(node, ast.FunctionDef) and node.returns is not None:
                returned = node.returns
                begin = self.lines[returned.lineno - 1].encode().rindex(b"->", 0, returned.col_offset)
                spans.append((returned.lineno, returned.end_lineno, begin, returned.end_col_offset))
        lines = [*self.lines]
        for first, last, begin, end in sorted(spans, reverse=True):
            if first == last:
                line = lines[first - 1].encode()
                lines[first - 1] = (line[:begin].rstrip() + line[end:]).decode()
        return lines


def _at(tree: ast.Module, line: int, name: str) -> Iterator[ast.AST]:
    """The definitions of that name that begin in that line."""
    for node in ast.walk(tree):
        if isinstance(node, _Definition):
            starts = {node.lineno, *(one.lineno for one in node.decorator_list)}
            if node.name == name and line in starts:
                yield node
        elif isinstance(node, ast.Lambda) and name == "<lambda>" and node.lineno == line:
            yield node


def free_names(text: str) -> set[str]:
    """The names that a text takes from around it, as the compiler sees it.

    :raises SyntaxError: when it cannot stand alone.
    """
    module = compile(text, "twin", "exec", dont_inherit=True)
    found: set[str] = set()

    def walk(code: CodeType) -> None:
        steps = [*dis.get_instructions(code)]
        stored = {step.argval for step in steps if step.opname == "STORE_NAME"}
        taken = {step.argval for step in steps if step.opname in _GLOBALS}
        found.update(taken - stored if code is not module else taken)
        for inner in code.co_consts:
            if isinstance(inner, CodeType):
                walk(inner)

    walk(module)
    bound = {step.argval for step in dis.get_instructions(module) if step.opname == "STORE_NAME"}
    return found - bound - _MADE


#: What a view may return: text, a value for JSON, a response, a tuple around one of them, or who knows.
ANYTHING = frozenset({"text", "json", "response", "tuple", "other"})
_KINDS = {
    "JoinedStr": "text", "Dict": "json", "List": "json", "ListComp": "json", "DictComp": "json",
    "render_template": "text", "render_template_string": "text", "str": "text", "repr": "text",
    "redirect": "response", "jsonify": "response", "make_response": "response", "Response": "response",
    "send_file": "response", "send_from_directory": "response",
}  # fmt: skip


def answers(source: Source) -> frozenset[str]:
    """What a function may return, as far as its text tells; see :data:`ANYTHING`."""
    node = source.node
    if isinstance(node, ast.Lambda):
        return _kinds(node.body, source.scope)
    if not isinstance(node, ast.FunctionDef) or any(isinstance(one, (ast.Yield, ast.YieldFrom)) for one in _own(node)):
        return ANYTHING
    returned = [one.value for one in _own(node) if isinstance(one, ast.Return)]
    falls = not isinstance(node.body[-1], (ast.Return, ast.Raise))
    scope = source.scope
    return frozenset({"none"} if falls else ()).union(*(_kinds(value, scope) for value in returned))


def _own(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (*_Definition, ast.Lambda)):
            yield child
            yield from _own(child)


def _kinds(value: ast.expr | None, scope: dict[str, Any]) -> frozenset[str]:
    if value is None or (isinstance(value, ast.Constant) and value.value is None):
        return frozenset({"none"})
    if isinstance(value, ast.Tuple) and value.elts:
        return _kinds(value.elts[0], scope) | {"tuple"}
    if isinstance(value, ast.IfExp):
        return _kinds(value.body, scope) | _kinds(value.orelse, scope)
    if isinstance(value, ast.Constant) and isinstance(value.value, (str, bytes)):
        return frozenset({"text"})
    called = value.func if isinstance(value, ast.Call) else None
    if isinstance(called, ast.Name) and getattr(scope.get(called.id), "__module__", "wsgiapp.").startswith("wsgiapp."):
        kind = _KINDS.get(called.id)
    else:
        kind = _KINDS.get(type(value).__name__)
    return ANYTHING if kind is None else frozenset({kind})
