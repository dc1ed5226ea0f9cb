"""JSON text without the values of its secret members. The text may be cut short, and it stays as it is but for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from .secret_names import REDACTED, is_secret

#: Where a secret begins and ends, and what stands there instead.
Span = tuple[int, int, bytes]
MARK = REDACTED.encode()
_QUOTED = b'"' + MARK + b'"'
# JSON: strings, names, values.
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
_NAMES = re.compile(rb'"([^"\\]*+)"\s*+:')
_MEMBER = re.compile(rb"(" + _STRING + rb")(?:\s*+(:)\s*+)?", re.DOTALL)
_VALUE = re.compile(_STRING + rb"|[^\s,\]}]++", re.DOTALL)
_NESTING = re.compile(_STRING + rb"|[\[\]{}]", re.DOTALL)
_SAYS_NOTHING = (b"", b'""', b"null", b"true", b"false")
# Members that say what the member "value" beside them is: of JSON Patch (RFC 6902), of lists of settings.
_NAMING = ("name", "key", "path", "field")


def members(data: bytes, also: str = "") -> list[Span]:
    """The values of secret members in JSON text, and of those named *also*."""
    if b"\\" not in data:
        names = set(_NAMES.findall(data))
        if b"value" not in names and not any(is_secret(name.decode("utf-8", "replace")) for name in names):
            return []
    found, last, elsewhere = [], 0, False
    for match in _MEMBER.finditer(data):
        if match[2] is None or match.start() < last:
            continue
        name, begin = _json_text(match[1]), match.end()
        if is_secret(name) or name == also:
            last = _end_of_value(data, begin)
            if data[begin:last] not in _SAYS_NOTHING:
                found.append((begin, last, _QUOTED))
        elif name in _NAMING and not also:
            value = _VALUE.match(data, begin)
            elsewhere |= value is not None and is_secret(_json_text(value[0]).rpartition("/")[2])
    return members(data, "value") if elsewhere else found


def _json_text(token: bytes) -> str:
    text = token[1:-1].decode("utf-8", "replace")
    if "\\" in text:
        try:
            return str(json.loads(f'"{text}"'))
        except ValueError:
            pass
    return text


def _end_of_value(data: bytes, begin: int) -> int:
    if data[begin : begin + 1] not in (b"{", b"["):
        return end(_VALUE, data, begin)
    depth = 0
    for match in _NESTING.finditer(data, begin):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(match[0], 0)
        if not depth:
            return match.end()
    return len(data)


def end(pattern: re.Pattern[bytes], data: bytes, begin: int) -> int:
    """Where a match of *pattern* at *begin* ends; *begin* where there is none."""
    match = pattern.match(data, begin)
    return match.end() if match else begin


def cut(data: bytes, places: Iterable[Span]) -> bytes:
    """*data* with the marks of *places* instead of what stands there."""
    kept: list[Any] = []
    last = 0
    for begin, after, mark in places:
        kept += data[last:begin], mark
        last = after
    return b"".join(kept) + data[last:]


def members_redacted(text: str) -> str:
    """JSON in a text, without the values of its secret members."""
    data = text.encode("utf-8", "surrogatepass")
    places = members(data)
    return cut(data, places).decode("utf-8", "surrogatepass") if places else text
