"""Removes secrets that have names from bodies and texts. A body that cannot be read is not shown at all.

Input may be hostile: nothing here raises an exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from werkzeug.http import parse_options_header

from .headers_and_urls import PRIVATE_KEY, SIGNATURE, SIGNED, USERINFO, query
from .json_members import MARK, Span, cut, end, members
from .secret_names import MAX_NAME, is_secret
from .xml_yaml_csv import FORMATS, in_elements

# Types that are text and are searched; any other cannot be read, and so is not shown.
_READABLE = re.compile(
    r"\s*(?:\Z|;|text/|multipart/|image/svg|(?:application|model|message)/(?:[\w.-]*[+.-])?(?:json|json5|ndjson|xml|yaml"
    r"|csv|javascript|ecmascript|www-form-urlencoded|graphql|sql|plist|toml|soap|xhtml|html|problem|text|sh|jsonlines)\b)",
    re.IGNORECASE,
)
_ONE_BYTE = re.compile(r"charset\s*=\s*\"?(?:iso-8859-\d+|latin-?1|windows-125\d|cp125\d)", re.IGNORECASE)
# A text that is compressed (gzip, Zstandard) or has two or four bytes a character.
_UNREADABLE = re.compile(rb"\x1f\x8b|\x28\xb5\x2f\xfd|\xff\xfe|\xfe\xff")
UNREAD = MARK + b" These bytes are no text that can be read, so that no secret could be looked for."
# HTML: what a form or a script may send, whatever it is called.
_TAG = re.compile(rb"<(?:input|meta|button)\b(?:[^>\"']|\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z))*+", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"(?<![^\s\"'<>/=])([^\s\"'<>/=]++)\s*+=\s*+[\"']?((?<=\")[^\"]*+|(?<=')[^']*+|(?<![\"'])[^\s\"'>]++)"
)
# Any text: a word with one of these in it, and what may stand between it and its value.
_WORDS = (b"token", b"srf", b"passw", b"secret", b"key", b"auth", b"pwd", b"cred", b"cookie", b"signature")
# Short ones, which are parts of many a word: only where they stand as a name.
_SHORT = re.compile(
    rb"(?<![A-Za-z0-9])(?:(?:credit_?)?card_?n(?:umber|um|o)|code|cv[cv]2?|dsn|iban|jwt|t?otp|pin|pw|sess(?:ion)?_?id|sid|sig|ssn)"
    rb"(?=\\{0,3}[\"'\]]|[ \t]{0,9}+[:=])",
    re.IGNORECASE,
)
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$.-"
_WORD_REST = re.compile(rb"[\w$.-]{0,128}+")
# A token that is named as one.
_BEARER = re.compile(r"\bBearer(?:\s|%20|\+)++((?=[^\s\"']{0,99}\d)[\w.~+/%-]{8,}=*)", re.ASCII | re.IGNORECASE)
_QUOTE = rb"\\{0,3}[\"']|&(?:#3[49]|#x2[27]|quot|apos);"
_QUOTED_VALUE = re.compile(
    rb"(?:" + _QUOTE + rb"|\]){0,3}+\s{0,9}+(?:[!=]=|[:=])\s{0,9}+[brufBRUF]{0,2}+(" + _QUOTE + rb")"
)
# The same in a list of pairs, such as a MultiDict has in a line of a log, and in an argument list of Python.
_NEXT_VALUE = re.compile(rb"(?:" + _QUOTE + rb"|\]|\)){0,3}+\s{0,9}+,\s{0,9}+[bru]?(" + _QUOTE + rb")")
_ARGUMENT_VALUE = re.compile(rb"=([^&\"'\s<>\\]++)")
_LINE_VALUE = re.compile(rb"[ \t]{0,9}+[:=][ \t]{0,9}+(\S[^\r\n]*+)")
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")
# Types whose text says by itself what it is; in the first two, a value may stand without quotes.
_PLAIN = ("", "text/plain", "text/x")
_FORM = "application/x-www-form-urlencoded"
#: Stands for the type of a program's source.
SOURCE = "text/x-source"
_MAX_KEPT = 1024
_MAX_SPANS = 64
# Where the secrets of a body are, by the body's hash: places only, never the body.
_places: dict[int, tuple[Span, ...]] = {}


def body(data: bytes, content_type: str, encoding: str = "") -> bytes:
    """Return a body without the secrets that have names in it: in forms, JSON, HTML, XML, YAML, CSV, scripts, lines of
    text.

    :param data: the whole body, or its beginning.
    :param content_type: its Content-Type; of what is no text only that is said.
    :param encoding: its Content-Encoding; what is compressed cannot be read either.
    """
    # PERF: a page that was searched before is not searched again (benchmarks/: xray).
    seen = hash((data, content_type, encoding))
    places = _places.get(seen)
    if places is not None:
        return cut(data, places) if places else data
    if not data:
        return data
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("multipart/") and not encoding:
        return _multipart(data, content_type)
    if not _is_text(data, content_type, encoding):
        return UNREAD
    if kind == _FORM and data.lstrip()[:1] not in (b"{", b"["):
        return query(data.decode("latin-1")).encode("latin-1", "replace")
    places = _find(data, kind)
    if len(_places) >= _MAX_KEPT:
        _places.clear()
    if len(places) <= _MAX_SPANS:
        _places[seen] = places
    return cut(data, places) if places else data


def _is_text(data: bytes, content_type: str, encoding: str) -> bool:
    if encoding.strip().lower() not in ("", "identity") or not _READABLE.match(content_type):
        return False
    if b"\x00" in data or _UNREADABLE.match(data):
        return False
    try:
        data.decode()
    except UnicodeDecodeError as error:  # a text that was cut short may end within a character
        return error.start >= len(data) - 3 or _ONE_BYTE.search(content_type) is not None
    return True


def text(given: str, content_type: str = "text/plain") -> str:
    """A text of the app's own, such as a line of its log, searched as a :func:`body` of that type."""
    return body(given.encode("utf-8", "backslashreplace"), content_type).decode("utf-8", "replace")


def _find(data: bytes, kind: str) -> tuple[Span, ...]:
    """The places of secrets, in order, none inside another."""
    is_json = "json" in kind
    is_maybe = not is_json and kind in (*_PLAIN, _FORM) and data.lstrip()[:1] in (b"{", b"[")
    found: list[Span] = [*members(data)] if is_json or is_maybe else []
    if not is_json or b"?" in data or b'\\"' in data or b"'" in data:
        found += _in_words(data, is_json, kind)
    for word, search in FORMATS:
        if word in kind:
            found += search(data)
    if b"<" in data:
        found += _in_tags(data)
        found += in_elements(data, "html" in kind)
    text = data.decode("latin-1")
    if "PRIVATE" in text:
        found += [_span(match, 1) for match in PRIVATE_KEY.finditer(text)]
    if "earer" in text:
        found += [_span(match, 1) for match in _BEARER.finditer(text)]
    if "://" in text and "@" in text:
        found += [_span(match, 1) for match in USERINFO.finditer(text)]
    if "eyJ" in text or SIGNATURE.search(text):
        found += [_span(match, 0) for match in SIGNED.finditer(text)]
    return tuple(_apart(found))


def _span(match: re.Match[Any], group: int) -> Span:
    return (*match.span(group), MARK)


def _apart(found: list[Span]) -> list[Span]:
    """The same places in order, those that meet made one."""
    apart: list[Span] = []
    for begin, after, mark in sorted(found):
        if apart and begin <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(after, apart[-1][1]), apart[-1][2])
        else:
            apart.append((begin, after, mark))
    return apart


def _in_words(data: bytes, is_json: bool, kind: str) -> Iterator[Span]:
    """The values of secret names in scripts, attributes, links and texts within texts.

    :param is_json: whether what stands in plain double quotes is left to :func:`_members`.
    :param kind: of plain text a value may stand there without quotes; it goes on to the end of its line then.
    """
    lower, seen = data.lower(), set()
    for word in _WORDS:
        at = lower.find(word)
        while at >= 0:
            left, last = data[max(0, at - MAX_NAME) : at], end(_WORD_REST, data, at)
            begin = at - len(left) + len(left.rstrip(_LETTERS))
            fresh = begin not in seen and is_secret(data[begin:last].decode("latin-1"))
            place = _after(data, begin, last, kind) if fresh else None
            if fresh:
                seen.add(begin)
            if place is not None and not (is_json and data[place[0] - 2 : place[0]].endswith((b' "', b':"'))):
                yield place
                last = place[1]
            at = lower.find(word, last)
    for match in _SHORT.finditer(data) if kind in _PLAIN else ():
        place = _after(data, match.start(), match.end(), kind)
        if place is not None:
            yield place


def _after(data: bytes, begin: int, last: int, kind: str) -> Span | None:
    """The value of the name that stands at these places, if it has one."""
    quoted = _QUOTED_VALUE.match(data, last)
    if quoted is None and (kind == SOURCE or data[begin - 2 : begin] in (b"('", b'("')):
        quoted = _NEXT_VALUE.match(data, last)
    if quoted is not None:
        closing = re.compile(rb"(?<!\\)" + re.escape(quoted[1])).search(data, quoted.end())
        after = closing.start() if closing else len(data)
        return (quoted.end(), after, MARK) if after > quoted.end() else None
    is_plain = kind in _PLAIN[:2]
    pattern = _ARGUMENT_VALUE if data[begin - 1 : begin] in (b"?", b"&", b";") else _LINE_VALUE if is_plain else None
    value = pattern.match(data, last) if pattern is not None else None
    return _span(value, 1) if value is not None else None


def _in_tags(data: bytes) -> Iterator[Span]:
    """What input elements of HTML with a secret's name (or for a password) hold, and such meta elements."""
    for tag in _TAG.finditer(data):
        attributes = [*_ATTRIBUTE.finditer(data, tag.start(), tag.end())]
        named = {match[1].lower(): match[2].decode("utf-8", "replace") for match in reversed(attributes)}
        if is_secret(named.get(b"name", "")) or is_secret(named.get(b"id", "")) or named.get(b"type") == "password":
            held = [match for match in attributes if match[1].lower() in (b"value", b"content") and match[2]]
            yield from [_span(match, 2) for match in held]


def _multipart(data: bytes, content_type: str) -> bytes:
    boundary = parse_options_header(content_type)[1].get("boundary", "").encode("latin-1", "replace")
    boundary = boundary or data.partition(b"\n")[0].strip().removeprefix(b"--")
    if not boundary:
        return MARK
    return (b"--" + boundary).join([_part(part) for part in data.split(b"--" + boundary)])


def _part(part: bytes) -> bytes:
    blank = _BLANK_LINE.search(part)
    if blank is None:
        return part
    head, content = part[: blank.start()].decode("latin-1"), part[blank.end() :]
    fields = [line.partition(":") for line in head.splitlines()]
    named = {name.strip().lower(): value.strip() for name, _, value in fields}
    options = parse_options_header(named.get("content-disposition", ""))[1]
    shown = body(part[: blank.start()], "text/plain") + part[blank.start() : blank.end()]
    if is_secret(options.get("name", "")) or is_secret(options.get("filename", "")):
        return shown + MARK + b"\r\n" if content.strip() else shown
    kind = named.get("content-type", "text/x")
    is_encoded = named.get("content-transfer-encoding", "binary").lower() not in ("7bit", "8bit", "binary")
    return shown + (UNREAD if is_encoded or kind.startswith("multipart/") else body(content, kind))
