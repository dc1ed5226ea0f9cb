"""The source of a function or a class, taken out of its file so that it can stand alone.

Comments and layout stay as they are. Changed are only the places that would not mean the same elsewhere: names, route
decorators, annotations, the indentation. Every change is checked against the text that it replaces.
"""

from __future__ import annotations

import ast
import copy
import importlib.util
import inspect
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from types import FunctionType
from typing import Any

from ..places import where_of
from .values import TwinError

Function = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_SCOPES = (*Function, ast.ClassDef, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LIBRARIES = [Path(sysconfig.get_paths()[name]).resolve() for name in ("purelib", "platlib", "stdlib", "platstdlib")]
_FRAMEWORKS = ("wsgiapp", "flask")


# -- which names are free ------------------------------------------------------------------------------------------


def _own_nodes(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of one scope; of a scope within it only its first node."""
    for node in nodes:
        yield node
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            yield from (walrus.target for walrus in ast.walk(node) if isinstance(walrus, ast.NamedExpr))
        elif not isinstance(node, _SCOPES):
            yield from _own_nodes(ast.iter_child_nodes(node))


def bound_names(body: Iterable[ast.AST]) -> set[str]:
    """The names that the statements of one scope bind in it."""
    names, elsewhere = set(), set()
    for node in _own_nodes(body):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            names.add(node.name)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            elsewhere.update(node.names)
    return names - elsewhere


class _Free(ast.NodeVisitor):
    """Collects the names that no scope of a piece of code binds. Annotations of functions are passed over."""

    def __init__(self) -> None:
        self.found: list[ast.Name] = []
        self.scopes: list[tuple[set[str], bool]] = []

    def visit_Name(self, node: ast.Name) -> None:
        inmost = len(self.scopes) - 1
        if not any(node.id in names and (number == inmost or not hidden)
                   for number, (names, hidden) in enumerate(self.scopes)):  # fmt: skip
            self.found.append(node)

    def _within(self, names: set[str], nodes: Iterable[ast.AST], hidden: bool = False) -> None:
        self.scopes.append((names, hidden))
        for node in nodes:
            self.visit(node)
        self.scopes.pop()

    def _function(self, node: Any) -> None:
        arguments = node.args
        for outer in (*getattr(node, "decorator_list", ()), *arguments.defaults, *filter(None, arguments.kw_defaults)):
            self.visit(outer)
        body = node.body if isinstance(node.body, list) else [node.body]
        self._within({argument.arg for argument in arguments_of(node)} | bound_names(body), body)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _function  # noqa: N815  # ast's names

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for outer in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outer)
        self._within(bound_names(node.body), node.body, hidden=True)

    def _comprehension(self, node: Any) -> None:
        targets = {name.id for part in node.generators for name in ast.walk(part.target) if isinstance(name, ast.Name)}
        self._within(targets, ast.iter_child_nodes(node))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815  # ast's names

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        in_class = bool(self.scopes) and self.scopes[-1][1]
        for part in (node.target, node.value, node.annotation if in_class else None):
            if part is not None:
                self.visit(part)


def free_names(nodes: Iterable[ast.AST]) -> list[ast.Name]:
    """The names in *nodes* that none of their own scopes binds."""
    visitor = _Free()
    for node in nodes:
        visitor.visit(node)
    return visitor.found


def arguments_of(node: Any) -> list[ast.arg]:
    """The parameters of a function, all kinds."""
    given = node.args
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]


# -- whose code it is ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def is_library(module: str) -> bool:
    """Whether a module can be imported by a program that has neither the app nor the framework.

    :raises TwinError: for an installed one that needs the framework, an extension.
    """
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names:
        return True
    file = getattr(sys.modules.get(top), "__file__", None)
    if top in _FRAMEWORKS or file is None or not any(Path(file).resolve().is_relative_to(at) for at in _LIBRARIES):
        return False
    for name, loaded in [*sys.modules.items()]:
        if name.partition(".")[0] == top and _needs_framework(loaded):
            raise TwinError(f"{top!r} is an extension of the framework, which the program has to do without")
    return True


def _needs_framework(module: Any) -> bool:
    homes = {getattr(value, "__module__", None) or "" for value in [*vars(module).values()] if isinstance(value, type)}
    homes |= {value.__name__ for value in [*vars(module).values()] if type(value) is type(sys)}
    return any(home.partition(".")[0] in _FRAMEWORKS for home in homes)


# -- a piece -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def _first_line(node: Any) -> int:
    decorators = getattr(node, "decorator_list", None)
    line: int = decorators[0].lineno if decorators else node.lineno
    return line


def _find(obj: Any) -> tuple[Any, bytes]:
    """The node of a function or a class, a copy, and the text of its file."""
    code = getattr(obj, "__code__", None)
    try:
        lines, number = inspect.findsource(obj if code is None else code)
        text = "".join(lines)
        tree = _parsed(text)
    except (OSError, TypeError, SyntaxError):
        raise TwinError("there is no source for it") from None
    first = number + 1 if code is None else code.co_firstlineno
    kinds: Any = ast.ClassDef if code is None else Function
    name = obj.__name__ if code is None else code.co_name
    found = [node for node in ast.walk(tree) if isinstance(node, kinds) and _first_line(node) == first]
    found = [node for node in found if getattr(node, "name", "<lambda>") == name]
    if len(found) > 1 and code is not None:  # lambdas in one line: the code knows its columns
        spans = [(line, column) for line, _, column, _ in code.co_positions() if line and column]
        found = [node for node in found if (node.body.lineno, node.body.col_offset) in spans][-1:]
    if not found:
        raise TwinError("its file was changed since the app was started")
    return copy.deepcopy(found[0]), text.encode()


class Piece:
    """A function or a class, with the changes that make it stand alone.

    :param obj: it; a function without the decorators' work.
    :param decorators: how many of its decorators, the lowest ones, belong to it.
    :raises TwinError: when its source is not to be had.
    """

    def __init__(self, obj: Any, decorators: int = 0) -> None:
        self.where = where_of(obj)
        self.obj = obj
        self.node, self._text = _find(obj)
        listed = getattr(self.node, "decorator_list", [])
        if isinstance(obj, FunctionType):
            self.node.decorator_list = listed[len(listed) - decorators :]
        self.parents = {child: node for node in ast.walk(self.node) for child in ast.iter_child_nodes(node)}
        #: What a name, or a dotted name, stands for: filled in by whoever resolves it.
        self.values: dict[ast.AST, Any] = {}
        #: Names that stand for parts of the framework.
        self.parts: dict[ast.AST, str] = {}
        self._starts = [0]
        for line in self._text.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._edits: list[tuple[int, int, bytes]] = []
        self._inside_strings: dict[ast.AST, dict[ast.AST, str]] = {}
        self.imported = self._inner_imports()

    def free(self) -> list[ast.Name]:
        """The names that it takes from outside."""
        visitor = _Free()
        visitor.visit(self.node)
        own = [node for node in ast.walk(self.node) if isinstance(node, ast.Name) and node.id in self.imported]
        return [*visitor.found, *own]

    def look_up(self, name: str) -> tuple[Any, Any]:
        """What a free name stands for, and whose it is: a key that is the same for the same variable.

        :raises TwinError: when it stands for nothing.
        """
        if name in self.imported:
            return self.imported[name], name
        functions = [self.obj] if isinstance(self.obj, FunctionType) else self._methods()
        for function in functions:
            if name in function.__code__.co_freevars:
                cell = (function.__closure__ or ())[function.__code__.co_freevars.index(name)]
                try:
                    return cell.cell_contents, cell
                except ValueError:
                    raise TwinError(f"{name!r} has no value yet") from None
        names = functions[0].__globals__ if functions else vars(sys.modules[self.obj.__module__])
        builtin = vars(sys.modules["builtins"])
        if name not in names and name not in builtin:
            raise TwinError(f"{name!r} is not defined")
        return (names[name], (id(names), name)) if name in names else (builtin[name], name)

    def _methods(self) -> list[FunctionType]:
        return [method for method in vars(self.obj).values() if isinstance(method, FunctionType)]

    def _inner_imports(self) -> dict[str, Any]:
        """What statements inside the function import from the app or the framework; the statements go."""
        names: dict[str, Any] = {}
        for node in ast.walk(self.node):
            if not isinstance(node, (ast.Import, ast.ImportFrom)):
                continue
            package = getattr(sys.modules.get(self.obj.__module__), "__package__", None) or ""
            for alias in node.names:
                base = alias.name if isinstance(node, ast.Import) else "." * node.level + (node.module or "")
                module = importlib.util.resolve_name(base, package)
                if not is_library(module) and module in sys.modules:
                    bound = alias.asname or alias.name
                    loaded = sys.modules[module]
                    names[bound] = loaded if isinstance(node, ast.Import) else getattr(loaded, alias.name, None)
                    self._change(node, "pass")
        return names

    # -- changes -----------------------------------------------------------------------------------------------

    def _at(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column

    def _span(self, node: Any) -> tuple[int, int]:
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset)

    def _change(self, node: ast.AST, text: str) -> None:
        self._edits.append((*self._span(node), text.encode()))

    def replace(self, node: ast.AST, text: str) -> None:
        """Have *text* stand in the place of an expression."""
        string, outer = None, self.parents.get(node)
        while outer is not None:
            string = outer if isinstance(outer, ast.JoinedStr) else string
            outer = self.parents.get(outer)
        if string is None:
            self._change(node, text)
        else:  # positions inside of f-strings cannot be relied on (Python 3.11)
            self._inside_strings.setdefault(string, {})[node] = text

    def drop(self, node: Any) -> None:
        """Leave a method of a class out."""
        lines = [*self._text.splitlines(keepends=True), b""]
        last = node.end_lineno
        while not lines[last].strip() and last + 1 < len(lines):
            last += 1
        self._edits.append((self._starts[_first_line(node) - 1], self._starts[last], b""))

    def drop_only_base(self, base: ast.AST) -> bool:
        """Leave the base class out if it is the only one; say whether it was."""
        if self.node.bases != [base] or self.node.keywords:
            return False
        start, end = self._span(base)
        start = self._text.rindex(b"(", 0, start)
        self._edits.append((start, self._text.index(b":", end), b""))
        return True

    def _strip_annotations(self) -> None:
        for node in ast.walk(self.node):
            for argument in arguments_of(node) if isinstance(node, Function) else ():
                if argument.annotation is not None:
                    start, end = self._span(argument)
                    self._edits.append((start + len(argument.arg.encode()), end, b""))
            returns = getattr(node, "returns", None)
            if returns is not None:
                start, end = self._span(returns)
                arrow = self._text.rindex(b"->", 0, start)
                self._edits.append((len(self._text[:arrow].rstrip()), end, b""))
            if isinstance(node, ast.AnnAssign) and not isinstance(self.parents.get(node), ast.ClassDef):
                self._strip_variable(node)

    def _strip_variable(self, node: ast.AnnAssign) -> None:
        if node.value is None:
            self._change(node, "pass")
        else:
            self._edits.append((self._span(node.target)[1], self._span(node.value)[0], b" = "))

    def _dedent(self) -> None:
        margin = self.node.col_offset
        kept: set[int] = set()
        for node in ast.walk(self.node):
            if isinstance(node, (ast.Constant, ast.JoinedStr)) and node.end_lineno != node.lineno:
                kept.update(range(node.lineno + 1, (node.end_lineno or 0) + 1))
        for line in {*range(_first_line(self.node), self.node.end_lineno + 1)} - kept:
            start = self._starts[line - 1]
            if not self._text[start : start + margin].strip():
                self._edits.append((start, start + margin, b""))

    def _rename(self, name: str) -> None:
        """Give the definition *name*, and make module-level variables of those of an enclosing function."""
        start = self._span(self.node)[0]
        found = re.compile(rb"(?:def|class)\s+(\w+)").search(self._text, start)
        if found is not None:
            self._edits.append((*found.span(1), name.encode()))
        outside = set(self.obj.__code__.co_freevars) if isinstance(self.obj, FunctionType) else set()
        for node in ast.walk(self.node):
            if isinstance(node, ast.Nonlocal) and outside.issuperset(node.names):
                self._change(node, f"global {', '.join(node.names)}")

    def text(self, name: str) -> str:
        """The definition under that *name*, ready to stand at the top of a module."""
        self._strip_annotations()
        self._dedent()
        for string, inside in self._inside_strings.items():
            self._change(string, ast.unparse(_Replaced(inside).visit(string)))
        start, end = self._span(self.node)
        head = "".join(f"@{self._cut(*self._span(decorator))}\n" for decorator in self._decorators())
        if isinstance(self.node, ast.Lambda):
            body = self._cut(start, end)
            return f"{name} = ({body})" if "\n" in body else f"{name} = {body}"
        self._rename(name)
        return f"{head}{self._cut(start, end)}"

    def _decorators(self) -> list[ast.expr]:
        return getattr(self.node, "decorator_list", [])

    def _cut(self, start: int, end: int) -> str:
        """The text from *start* to *end*, changed."""
        pieces, at = [], start
        for begin, stop, text in sorted(self._edits, key=lambda edit: (edit[0], -edit[1])):
            if at <= begin and stop <= end:
                pieces += [self._text[at:begin], text]
                at = stop
        return b"".join([*pieces, self._text[at:end]]).decode()


class _Replaced(ast.NodeTransformer):
    """Puts other expressions in the place of some."""

    def __init__(self, texts: dict[ast.AST, str]) -> None:
        self.texts = texts

    def visit(self, node: ast.AST) -> Any:
        if node in self.texts:
            return ast.parse(self.texts[node], mode="eval").body
        return self.generic_visit(node)
