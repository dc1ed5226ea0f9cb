"""JSON bodies: a parser that accepts only unambiguous JSON.

It refuses texts that different parsers would read differently (RFC 8259, section 4 and 8). Bytes in, plain
Python values out; no request and no model.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, NoReturn

MAX_DEPTH = 32
# A string is skipped whole, even one that never ends: each character is looked at once.
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
_TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+"|-?Infinity|NaN|-?[0-9]++(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?', re.DOTALL)


class JSONError(ValueError):
    """The text is not JSON, or not JSON that every reader understands alike.

    ``position`` holds ``line`` and ``column`` (counted from 1) and ``offset`` (from 0), if they are known; ``token`` is
    the number that is wrong, until its place has been found.
    """

    def __init__(self, message: str, position: dict[str, int] | None = None, *, token: str = "") -> None:
        super().__init__(message)
        self.position, self.token = position, token


def parse(body: bytes) -> Any:
    """Return the value that ``body`` (UTF-8) denotes.

    A whole number is an int, however it is written: to JSON, 1999.0 and 1999 are one number (RFC 8259, section 6).

    :raises JSONError: for everything else, and for a byte order mark, NaN and Infinity, numbers too large, a name
        that stands twice in one object, half a surrogate pair, and nesting deeper than ``MAX_DEPTH``.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JSONError("The body is not UTF-8.", {"offset": error.start}) from None
    if text.startswith("\ufeff"):
        raise JSONError("The body begins with a byte order mark.", _position(text, 0))
    _check_depth(text)
    try:
        value = json.loads(
            text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_without_duplicates
        )
    except json.JSONDecodeError as error:
        raise JSONError(f"The body is not JSON: {error.msg}.", _position(text, error.pos)) from None
    except JSONError as error:
        wrong = error.token
        raise JSONError(str(error), _find(text, lambda token: token == wrong)) from None
    except ValueError:
        most = sys.get_int_max_str_digits()
        where = _find(text, lambda token: len(token.lstrip("-")) > most and token.lstrip("-").isdecimal())
        raise JSONError("A number in the body has too many digits.", where) from None
    if "\\u" in text and _has_surrogates(value):
        where = _find(text, lambda token: token[0] == '"' and _has_surrogates(json.loads(token, strict=False)))
        raise JSONError("A string in the body contains half a surrogate pair.", where)
    return value


def _find(text: str, is_it: Callable[[str], bool]) -> dict[str, int] | None:
    """Return the position of the first string, number or constant that ``is_it`` is true of."""
    found = next((match for match in _TOKENS.finditer(text) if is_it(match[0])), None)
    return None if found is None else _position(text, found.start())


def _position(text: str, offset: int) -> dict[str, int]:
    before = text[:offset]
    return {"line": before.count("\n") + 1, "column": offset - before.rfind("\n"), "offset": offset}


def _check_depth(text: str) -> None:
    depth = 0
    for match in _BRACKETS.finditer(text):
        mark = match[0]
        depth += 1 if mark in "[{" else -1 if mark in "]}" else 0
        if depth > MAX_DEPTH:
            raise JSONError(f"The body is nested deeper than {MAX_DEPTH} levels.", _position(text, match.start()))


def _refuse_constant(name: str) -> NoReturn:
    raise JSONError(f"{name} is not a JSON number.", token=name)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise JSONError("A number in the body is too large.", token=digits)
    return int(number) if number.is_integer() else number


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = counts.most_common(1)[0][0]
        raise JSONError(f"The name {json.dumps(twice[:80])} stands twice in one object.")
    return members


def _has_surrogates(value: Any) -> bool:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str) and not item.isascii() and any("\ud800" <= char <= "\udfff" for char in item):
            return True
        if isinstance(item, dict):
            waiting.extend((*item.keys(), *item.values()))
        elif isinstance(item, list):
            waiting.extend(item)
    return False
