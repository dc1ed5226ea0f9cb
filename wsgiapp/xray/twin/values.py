"""Values as expressions: what stands in a program for a value that the app has made already.

Only where the expression gives back an equal value; for all else there is :class:`TwinError`.
"""

from __future__ import annotations

import dataclasses
import enum
import logging
import re
import textwrap
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from types import EllipsisType, MappingProxyType, NoneType
from typing import Any
from uuid import UUID

from markupsafe import Markup

#: Characters that one value may take in a program.
MAX_TEXT = 50_000
_LINE = 100
_ATOMS = frozenset({NoneType, bool, int, float, complex, str, bytes, EllipsisType, range})
# An object whose class has none of these of its own is its class and its __dict__.
_REBUILDING = ("__new__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__")
_BRACKETS = {list: "[]", tuple: "()", set: "{}", dict: "{}"}

# A value of such a type is what a call gives back: the owner of the function, its name there, its arguments.
_FORMS: dict[type, Callable[[Any], tuple[Any, str, tuple[Any, ...]]]] = {
    bytearray: lambda value: (bytearray, "", (bytes(value),)),
    frozenset: lambda value: (frozenset, "", (list(value),)),
    datetime: lambda value: (datetime, ".fromisoformat", (value.isoformat(),)),
    date: lambda value: (date, ".fromisoformat", (value.isoformat(),)),
    time: lambda value: (time, ".fromisoformat", (value.isoformat(),)),
    timedelta: lambda value: (timedelta, "", (value.days, value.seconds, value.microseconds)),
    Decimal: lambda value: (Decimal, "", (str(value),)),
    UUID: lambda value: (UUID, "", (str(value),)),
    Markup: lambda value: (Markup, "", (str(value),)),
    type(Path()): lambda value: (Path, "", (str(value),)),
    re.Pattern: lambda value: (re, ".compile", (value.pattern, value.flags)),
    logging.Logger: lambda value: (logging, ".getLogger", (value.name,)),
    type(threading.Lock()): lambda _: (threading, ".Lock", ()),
    type(threading.RLock()): lambda _: (threading, ".RLock", ()),
    OrderedDict: lambda value: (OrderedDict, "", (list(value.items()),)),
    Counter: lambda value: (Counter, "", (dict(value),)),
    defaultdict: lambda value: (defaultdict, "", (value.default_factory, dict(value))),
    deque: lambda value: (deque, "", (list(value), value.maxlen)),
    MappingProxyType: lambda value: (MappingProxyType, "", (dict(value),)),
}


class TwinError(ValueError):
    """No faithful program can be written: what cannot be written out, where it is, and what to do."""


def quoted(value: str | bytes) -> str:
    """A text as an expression, in double quotes where it has neither kind itself. It cannot end before its end."""
    text = repr(value)
    return text.replace("'", '"') if text.count("'") == 2 and '"' not in text else text


def atom(value: Any) -> str | None:
    """The expression for a value that needs no name; None for any other."""
    if type(value) not in _ATOMS:
        return None
    if isinstance(value, float) and not abs(value) < float("inf"):
        return f'float("{value}")'
    return quoted(value) if isinstance(value, (str, bytes)) else repr(value)


def literal(value: Any, name_of: Callable[[Any], str], around: tuple[Any, ...] = ()) -> str:
    """The expression that gives back *value*.

    :param name_of: the name that a class, a function or a module has in the program.
    :param around: the containers that hold the value.
    :raises TwinError: when there is no such expression.
    """
    written = atom(value)
    if written is not None:
        return written
    if any(value is outer for outer in around):
        raise TwinError("it contains itself")
    kind = type(value)

    def inner(part: Any) -> str:
        return literal(part, name_of, (*around, value))

    if kind in _BRACKETS:
        text = _container(kind, value, inner)
    elif kind in _FORMS:
        owner, function, arguments = _FORMS[kind](value)
        text = f"{name_of(owner)}{function}({', '.join(map(inner, arguments))})"
    elif isinstance(value, enum.Enum):
        text = f"{name_of(kind)}[{quoted(value.name)}]"
    elif callable(getattr(value, "__get__", None)) or isinstance(value, type(re)):
        text = name_of(value)
    else:
        text = _instance(value, name_of, inner)
    if len(text) > MAX_TEXT:
        raise TwinError(f"it takes {len(text)} characters to write it out, and {MAX_TEXT} are the most")
    return text


def _container(kind: type, value: Any, inner: Callable[[Any], str]) -> str:
    if kind is dict:
        items = [f"{inner(key)}: {inner(item)}" for key, item in value.items()]
    else:
        items = sorted(map(inner, value)) if kind is set else [inner(item) for item in value]
    if kind is set and not items:
        return "set()"
    opening, closing = _BRACKETS[kind]
    line = ", ".join(items) + ("," if kind is tuple and len(items) == 1 else "")
    if len(line) <= _LINE and "\n" not in line:
        return f"{opening}{line}{closing}"
    return f"{opening}\n{indented(f'{item},' for item in items)}\n{closing}"


def _instance(value: Any, name_of: Callable[[Any], str], inner: Callable[[Any], str]) -> str:
    kind = type(value)
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return f"{name_of(kind)}({', '.join(map(inner, value))})"
    plain = all(getattr(kind, name, None) is getattr(object, name, None) for name in _REBUILDING)
    if not plain or not hasattr(value, "__dict__"):
        raise TwinError(f"it is a {kind.__module__}.{kind.__qualname__}, whose state cannot be written out")
    name, state = name_of(kind), vars(value)
    if dataclasses.is_dataclass(kind) and not hasattr(kind, "__post_init__") and [*state] == [*_init_fields(kind)]:
        return f"{name}({', '.join(f'{key}={inner(item)}' for key, item in state.items())})"
    return f"revive({name}, {inner(state)})"


def _init_fields(kind: Any) -> Iterable[str]:
    return (field.name for field in dataclasses.fields(kind) if field.init)


def block_text(text: str) -> str:
    """A string as it reads best: over several lines where it has some and nothing in it needs escaping."""
    tame = text.isprintable() or text.replace("\n", "").isprintable()
    if "\n" not in text or not tame or "\\" in text or '"""' in text or text.endswith('"'):
        return quoted(text)
    return f'"""\\\n{text}"""'


def indented(lines: Iterable[str]) -> str:
    """The lines as one text, four spaces further in."""
    return textwrap.indent("\n".join(lines), "    ")
