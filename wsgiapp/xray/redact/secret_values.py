"""Redacts by value: a value that was removed because of its name is removed everywhere else in the request too.

The values of a request are known while it runs and forgotten with its end: then only their hashes are kept, which
Python salts anew in each process, so that source that is shown later can be searched as well.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import escape, unescape
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import markupsafe
from jinja2.utils import htmlsafe_json_dumps

from .secret_names import REDACTED, is_secret

#: Keys and values that are shorter would be found in every word.
MIN_KEY = 4
#: Shorter values are looked for as words of their own only; cookies with harmless names must be as long as the second.
MIN_ANYWHERE = 6
MIN_COOKIE = 8
#: What stands behind a text that was cut, maybe within a value.
CUT = ("\u2026", "... (cut)")
#: Values of one request, characters of one, and pieces of one text that are looked at.
MAX_VALUES = 256
MAX_LENGTH = 16_384
_NOTHING_SAID = frozenset({"true", "false", "null", "none", "undefined", "redacted", REDACTED})
_STRINGS = re.compile(r'"((?:[^"\\]|\\.)*+)"\s*+(:)?|(\d{4,})')
_PIECES = re.compile(r"<[^<>]*+>|[\r\n]++|: ")
_COOKIE_NAME = re.compile(r"([^\s;=,]++)=\Z")
_STARTS = re.compile(r"(?<![A-Za-z0-9])(?=\S)")

#: Length and hash of each value.
Marks = frozenset[tuple[int, int]]


class Values:
    """The secret values of one request."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[str, None] = {}  # in order, each once

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, value: str, least: int = MIN_KEY) -> None:
        """Take note of a value.

        :param least: characters that it must have.
        """
        value = value[: MAX_LENGTH + 1].strip()
        if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
            value = _unquoted(value)
        if value[:1] in ("{", "["):
            for match in _STRINGS.finditer(value):
                if not match[2]:
                    self._keep(_unquoted(f'"{match[1]}"') if match[1] is not None else match[3], least)
        pieces = [each.strip() for each in _PIECES.split(value)[:MAX_VALUES]] if "\n" in value or "<" in value else []
        for spelled in {value, unquote_plus(value), unescape(value), *pieces}:
            self._keep(spelled, least)

    def _keep(self, value: str, least: int) -> None:
        long_enough = least <= len(value) <= MAX_LENGTH and value.lower() not in _NOTHING_SAID
        if long_enough and REDACTED not in value and len(self._found) < MAX_VALUES:
            self._found[value] = None

    def between(self, raw: str, shown: str, is_cookie: bool = False) -> None:
        """Take note of what stood in *raw* where *shown* says that something was redacted."""
        if "%" in shown and "%" in raw:
            self._between(unquote_plus(raw), unquote_plus(shown), is_cookie)
        self._between(raw, shown, is_cookie)

    def _between(self, raw: str, shown: str, is_cookie: bool) -> None:
        pieces, place = shown.replace(f'"{REDACTED}"', REDACTED).split(REDACTED), 0
        if not raw.startswith(pieces[0]):
            return
        for number, piece in enumerate(pieces[:MAX_VALUES]):
            place = len(piece) if number == 0 else place
            if number + 1 == len(pieces):
                return
            following = pieces[number + 1]
            after = raw.find(following, place) if following else len(raw)
            if number + 2 == len(pieces) and following:
                after = len(raw) - len(following) if raw.endswith(following) else after
            if after < place:
                return
            self._taken(raw[place:after], piece, is_cookie)
            place = after + len(following)

    def _taken(self, value: str, before: str, is_cookie: bool) -> None:
        name = _COOKIE_NAME.search(before) if is_cookie else None
        harmless = name is not None and not is_secret(name[1])
        if before.endswith("://"):
            value = value.partition(":")[2] or value
        if before[-6:].lower() == "basic ":
            self.add(_password(value))
        self.add(value, MIN_COOKIE if harmless else MIN_KEY)

    def forms(self, text: str) -> list[str]:
        """The spellings of the values that stand in *text*, or in JSON that *text* is, longest first."""
        found = []
        for value in self._found:
            if value.isascii() and value.isalnum():
                found += [form for form in (value, *_encoded(value.encode())) if form in text]
                continue
            for form in _spellings(value):
                if form in text or json.dumps(form, ensure_ascii=False)[1:-1] in text:
                    found.append(form)
        for sign in CUT:
            for piece in text.split(sign)[:-1] if sign in text else ():
                found += [f"{beginning}{sign}" for beginning in self.beginnings(piece)]
        return sorted(found, key=len, reverse=True)

    def beginnings(self, text: str) -> list[str]:
        """The beginnings of values with which *text* ends, where it was cut."""
        found = []
        for form in [form for value in self._found for form in _spellings(value) if len(form) > MIN_ANYWHERE]:
            at = text.find(form[:MIN_ANYWHERE], max(0, len(text) - len(form)))
            while at >= 0 and not form.startswith(text[at:]):
                at = text.find(form[:MIN_ANYWHERE], at + 1)
            found += [text[at:]] * (at >= 0)
        return found

    def marks(self) -> Marks:
        """What is kept of the values in the end; see :func:`is_known`."""
        return frozenset([(len(value), hash(value)) for value in self._found])


def replaced(text: str, forms: Iterable[str]) -> str:
    """*text* without the *forms*."""
    for form in forms:
        if form in text:
            if len(form) >= MIN_ANYWHERE:
                text = text.replace(form, REDACTED)
            else:
                text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(form)}(?![A-Za-z0-9])", REDACTED, text)
    return text


def is_known(text: str, marks: Marks) -> str:
    """*text* without the values that had these *marks*, where they begin a word."""
    lengths = sorted({length for length, _ in marks}, reverse=True)
    shown: list[str] = []
    last = 0
    for match in _STARTS.finditer(text):
        at = match.start()
        known = next((n for n in lengths if _is_marked(text, at, n, marks)), 0) if at >= last else 0
        if known:
            shown += text[last:at], REDACTED
            last = at + known
    return "".join(shown) + text[last:] if shown else text


def _is_marked(text: str, at: int, length: int, marks: Marks) -> bool:
    """Whether a value with a mark stands there; a short one only as a word of its own."""
    if (length, hash(text[at : at + length])) not in marks:
        return False
    return length >= MIN_ANYWHERE or not text[at + length : at + length + 1].isalnum()


def _unquoted(value: str) -> str:
    try:
        return str(json.loads(value))
    except ValueError:
        return value[1:-1]


def _password(credentials: str) -> str:
    try:
        return b64decode(credentials).decode("utf-8", "replace").partition(":")[2]
    except ValueError:
        return ""


def _spellings(value: str) -> set[str]:
    wire = value.encode("utf-8", "surrogatepass")
    texts = {value, wire.decode("latin-1")}
    spelled = {quote(wire, safe=""), quote(wire), quote_plus(wire), ascii(value)[1:-1], repr(wire)[2:-1]}
    spelled |= _encoded(wire)
    for text in texts:
        shown = json.dumps(text)
        spelled |= {repr(text)[1:-1], shown[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
        spelled |= {escape(text), escape(text, quote=False), str(markupsafe.escape(text))}
        # In a script within a page (tojson), and in a text of JSON within JSON.
        spelled |= {str(htmlsafe_json_dumps(text))[1:-1], json.dumps(shown)[3:-3], json.dumps(json.dumps(shown))[7:-7]}
    return texts | spelled


def _encoded(wire: bytes) -> set[str]:
    """The value in base64 and in hexadecimal digits, which hide nothing."""
    return {b64encode(wire).decode().rstrip("="), urlsafe_b64encode(wire).decode().rstrip("="), wire.hex()}


# -- what the app has told -----------------------------------------------------------------------------------------


def scrub(text: str, keys: Iterable[str | bytes]) -> str:
    """*text* with none of the *keys* in it, as they are or as they stand in Python, JSON, HTML, URLs and base64.

    :param keys: the app's secret key and its fallbacks; those shorter than :data:`MIN_KEY` are left alone.
    """
    pattern = _pattern(tuple(keys))
    return pattern.sub(REDACTED, text) if pattern is not None else text


@lru_cache(16)
def _pattern(keys: tuple[str | bytes, ...]) -> re.Pattern[str] | None:
    forms = {form for key in keys if len(key) >= MIN_KEY for form in _forms(key)}
    return re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True)))) if forms else None


def _forms(key: str | bytes) -> Iterator[str]:
    data = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key
    for text in {data.decode("latin-1"), data.decode("utf-8", "replace")}:
        yield from (text, repr(text)[1:-1], json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
        yield from (escape(text), quote(text, safe=""), quote_plus(text))
    yield from (repr(data)[2:-1], quote(data, safe=""), data.hex())
    yield from (b64encode(data).decode().rstrip("="), urlsafe_b64encode(data).decode().rstrip("="))


def hide(value: Any, forms: list[str]) -> Any:
    """The same in every text of *value*: of texts, bytes, and tuples, lists and dicts of them."""
    if isinstance(value, str):
        return replaced(value, forms)
    if isinstance(value, bytes):
        return replaced(value.decode("latin-1"), forms).encode("latin-1", "replace")
    if isinstance(value, dict):
        return {hide(key, forms): hide(entry, forms) for key, entry in value.items()}
    if type(value) in (tuple, list):
        return type(value)([hide(entry, forms) for entry in value])
    return value
