"""Removes literals from source code that are assigned to a secret's name, also over several lines."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

from .secret_names import REDACTED, is_secret

#: Characters of a file that is looked at; a longer one is not shown.
MAX_FILE = 2_000_000


def source_lines(path: str) -> list[str]:
    """The lines of a file of Python, without the literals that are secrets; none of a file that is too long.

    :param path: a file that the program was loaded from, or a template; what is no Python is given back as it is.
    """
    text = "".join(linecache.getlines(path))
    if len(text) > MAX_FILE:
        return []
    return [*_without_secrets(text)] if path.endswith(".py") else text.splitlines()


@lru_cache(64)
def _without_secrets(text: str) -> tuple[str, ...]:
    lines = text.splitlines()
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return tuple(lines)
    for node in sorted({*_secrets(tree)}, key=lambda found: (-found.lineno, -found.col_offset)):
        _take_out(lines, node)
    return tuple(lines)


def _take_out(lines: list[str], node: ast.expr) -> None:
    """Write the mark where a literal stands, and leave the lines that it takes empty."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    if last >= len(lines):  # a form feed within the text: its lines are counted otherwise
        lines[first:] = [REDACTED] * len(lines[first:])
        return
    before = lines[first].encode()[: node.col_offset].decode("utf-8", "replace")
    after = lines[last].encode()[node.end_col_offset :].decode("utf-8", "replace")
    lines[first : last + 1] = [""] * (last + 1 - first)
    lines[first] = f'{before}"{REDACTED}"'
    lines[last] += after


def _secrets(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        for name, value in _named(node):
            if is_secret(name):
                yield from _literals(value)


def _named(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The names that a piece of a program gives to values."""
    match node:
        case ast.Assign(targets, value):
            for target in targets:
                yield from _assigned(target, value)
        case ast.AnnAssign(target, _, ast.expr() as value) | ast.NamedExpr(target, value):
            yield _name(target), value
        case ast.keyword(str(name), value):
            yield name, value
        case ast.Dict(keys, values):
            yield from zip(map(_name, keys), values, strict=True)
        case ast.Call(_, parts) | ast.Tuple(parts) | ast.List(parts):
            yield from ((_name(name), value) for name, value in pairwise(parts) if isinstance(name, ast.Constant))
        case ast.Compare(left, _, right):
            yield from ((_name(one), other) for each in pairwise([left, *right]) for one, other in (each, each[::-1]))
        case ast.arguments():
            yield from _defaults(node)


def _assigned(target: ast.expr, value: ast.expr) -> Iterable[tuple[str, ast.expr]]:
    if isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
        return ((_name(name), each) for name, each in zip(target.elts, value.elts, strict=False))
    return ((_name(target), value),)


def _defaults(node: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*node.posonlyargs, *node.args]
    found = zip(positional[len(positional) - len(node.defaults) :], node.defaults, strict=True)
    for argument, value in (*found, *zip(node.kwonlyargs, node.kw_defaults, strict=True)):
        if value is not None:
            yield argument.arg, value


def _name(node: Any) -> str:
    """What a target, a key or one side of a comparison is called."""
    match node:
        case ast.Name(name) | ast.Attribute(_, name) | ast.Constant(str(name)):
            return name
        case ast.Subscript(_, ast.Constant(str(name))):
            return name
    return ""


def _literals(value: ast.expr) -> Iterator[ast.expr]:
    """The texts of which a value is made; not those by which it is asked for, such as the key of a dictionary."""
    match value:
        case ast.Constant(str(text) | bytes(text)):
            if text:
                yield value
        case ast.JoinedStr():
            yield value
        case ast.BinOp(left, _, right) | ast.IfExp(_, left, right):
            yield from (*_literals(left), *_literals(right))
        case ast.BoolOp(_, parts) | ast.Tuple(parts) | ast.List(parts) | ast.Set(parts) | ast.Dict(_, parts):
            for part in parts:
                yield from _literals(part)
        case ast.Call(ast.Attribute(text, _), _):
            yield from _literals(text)
