"""Descriptions: values of the app as short texts or as plain data, without secrets.

The values may be of any class. No method of a class of the app is called, because a method of an ORM could send SQL.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import islice
from math import isfinite
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from wsgiapp.xray import redact

#: Characters of a described value, entries of one container, containers in one another.
MAX_SHOWN = 200
MAX_ENTRIES = 100
MAX_DEPTH = 6
#: Characters of a text, and values in all, that :func:`values` keeps.
MAX_TEXT = 2_000
MAX_VALUES = 2_000

_MORE = "…"
# Types of which nothing foreign runs when their text is asked for; those with a time zone only with one of these.
_PLAIN_TYPES = frozenset({int, float, complex, bool, type(None), type(...), Decimal, UUID, date, timedelta})
_ZONES = frozenset({type(None), timezone, ZoneInfo})
_OPENING: dict[type, str] = {list: "[", tuple: "(", set: "{", frozenset: "{"}
_CLOSING: dict[type, str] = {list: "]", tuple: ")", set: "}", frozenset: "}"}
_WIDE = 8
_DEEP = 3
_MAX_BITS = 256


def describe(value: Any) -> str:
    """Return a short text for any value: its repr if its type is a plain one, otherwise ``<module.Class>``.

    No method of another class is called: one of an ORM could send SQL, others could raise an error.
    """
    try:
        text = _described(value, _DEEP)
    except Exception:  # a container that changes while it is read, a metaclass without a name
        text = "<object>"
    return cut(text, MAX_SHOWN)


def cut(text: str, most: int) -> str:
    """*text* in so many characters at most, with a sign where it was cut."""
    return text if len(text) <= most else text[: most - 1] + _MORE


def _described(value: Any, depth: int) -> str:
    kind = type(value)
    if issubclass(kind, str):
        text = repr(redact.query(str.__getitem__(value, slice(MAX_TEXT))))
        return text if kind is str else f"{kind.__name__}({text})"
    if kind is bytes:
        return repr(redact.query(value[:MAX_TEXT].decode("latin-1")).encode("latin-1"))
    if kind is int and value.bit_length() > _MAX_BITS:
        return f"<int of {value.bit_length()} bits>"
    if kind in _PLAIN_TYPES or (kind in (datetime, time) and type(value.tzinfo) in _ZONES):
        return str(value)
    if kind is dict or kind in _OPENING:
        return _contained(value, kind, depth)
    return f"<{kind.__module__}.{kind.__qualname__}>".replace("<builtins.", "<")


def _contained(value: Any, kind: type, depth: int) -> str:
    if value and not depth:
        return f"<{kind.__name__} of {len(value)}>"
    more = [_MORE] if len(value) > _WIDE else []
    if kind is dict:
        shown = [(key, _secret_key(key), entry) for key, entry in islice(value.items(), _WIDE)]
        parts = [f"{_described(k, 0)}: {redact.REDACTED if hide else _described(v, depth - 1)}" for k, hide, v in shown]
        return "{" + ", ".join(parts + more) + "}"
    parts = [_described(entry, depth - 1) for entry in [*islice(value, _WIDE)]]
    return f"{_OPENING[kind]}{', '.join(parts + more)}{_CLOSING[kind]}"


def _secret_key(key: Any) -> bool:
    return type(key) is str and redact.is_secret(key)


def values(data: Any, depth: int = MAX_DEPTH) -> Any:
    """Return data for JSON without secrets: dicts, lists and scalars; for other values the text of :func:`describe`.

    :param depth: how deep containers may be nested; a deeper one becomes a text.
    """
    return _values(data, depth, [MAX_VALUES])


def _values(data: Any, depth: int, room: list[int]) -> Any:
    room[0] -= 1
    kind = type(data)
    if data is None or kind is bool or (kind is int and data.bit_length() <= _MAX_BITS):
        return data
    if kind is float and isfinite(data):
        return data
    if issubclass(kind, str):
        return redact.query(str.__getitem__(data, slice(MAX_TEXT))) + (_MORE if str.__len__(data) > MAX_TEXT else "")
    if depth <= 0 or room[0] <= 0:
        return describe(data)
    if issubclass(kind, dict):
        entries = [*islice(dict.items(data), MAX_ENTRIES)]
        shown = {_key(key): _member(key, entry, depth, room) for key, entry in entries}
        return shown | ({_MORE: f"{dict.__len__(data) - MAX_ENTRIES} more"} if dict.__len__(data) > MAX_ENTRIES else {})
    if kind in _OPENING:
        some = [_values(entry, depth - 1, room) for entry in [*islice(data, MAX_ENTRIES)]]
        return some + ([f"{_MORE} {len(data) - MAX_ENTRIES} more"] if len(data) > MAX_ENTRIES else [])
    return describe(data)


def _key(key: Any) -> str:
    return key[:MAX_SHOWN] if type(key) is str else describe(key)


def _member(key: Any, value: Any, depth: int, room: list[int]) -> Any:
    says_nothing = value is None or type(value) is bool or (type(value) is str and not value)
    return redact.REDACTED if _secret_key(key) and not says_nothing else _values(value, depth - 1, room)
