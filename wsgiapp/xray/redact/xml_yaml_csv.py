"""Finds secrets in formats that do not write ``name=value``: XML, YAML, CSV."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .json_members import MARK, Span
from .secret_names import is_secret

Search = Callable[[bytes], Iterator[Span]]
_ELEMENT = re.compile(rb"<([A-Za-z_][\w:.-]*+)([^<>]*+)(?<!/)>")
_EMPTY = re.compile(rb"<([A-Za-z_][\w:.-]*+)([^<>]*+)>")
_ATTRIBUTE = re.compile(rb"([\w:.-]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)')")
# Attributes that name what an element holds, elements that name what the next holds, attributes that hold a value.
_NAMING = (b"name", b"key", b"id", b"property")
_KEYS = (b"key", b"name", b"n", b"k")
_HOLDING = (b"value", b"val", b"content", b"text")
_LINE = re.compile(
    rb"^([ \t]*+(?:-[ \t]++)*+)(\"[^\"\n]*+\"|'[^'\n]*+'|[^\s:#][^:\n]*+):(?=[ \t\r\n]|\Z)[ \t]*+([^\r\n]*+)",
    re.MULTILINE,
)
_BLANK_OR_INDENTED = re.compile(rb"\r?\n([ \t]*+)([^\r\n]*+)")
_SEPARATORS = (b",", b";", b"\t", b"|")
# Bytes of a CSV's first line that are looked at.
_MAX_HEADER = 8192


def _is_name(text: bytes) -> bool:
    return is_secret(text.strip().decode("utf-8", "replace"))


def in_elements(data: bytes, is_html: bool) -> Iterator[Span]:
    """Yield the content of XML elements with a secret's name: their own, that in an attribute, or in the element
    before.

    :param is_html: of HTML only text areas.
    """
    last = 0
    for tag in _EMPTY.finditer(data):
        if tag.start() < last:
            continue
        name, attributes = tag[1].rpartition(b":")[2], tag[2]
        named = {match[1].lower(): match for match in _ATTRIBUTE.finditer(attributes)} if b"=" in attributes else {}
        told = any(key in named and _is_name(named[key][2] or named[key][3] or b"") for key in _NAMING)
        if is_html and (name.lower() != b"textarea" or not told):
            continue
        begin, after = tag.end(), _closing(data, tag)
        if name.lower() in _KEYS and _is_name(data[begin:after]):
            following = _ELEMENT.search(data, after)
            begin, after = (following.end(), _closing(data, following)) if following is not None else (after, after)
        elif not told and not _is_name(name):
            continue
        for held in [named[key] for key in _HOLDING if key in named]:
            group = 2 if held[2] is not None else 3
            yield tag.start(2) + held.start(group), tag.start(2) + held.end(group), MARK
        if data[begin:after].strip():
            yield begin, after, MARK
        last = max(last, after)


def _closing(data: bytes, tag: re.Match[bytes]) -> int:
    """Where the content of an element ends."""
    if tag[2].endswith(b"/"):
        return tag.end()
    place = data.find(b"</" + tag[1], tag.end())
    return place if place >= 0 else len(data)


def in_yaml(data: bytes) -> Iterator[Span]:
    """The values of secret keys in YAML: on the line, and on the lines that are indented further."""
    lines = [*_LINE.finditer(data)]
    keys = [line[2].strip(b"\"'") for line in lines]
    values = [line[3].strip(b"\"'") for line in lines if line[2].strip(b"\"'").lower() in (b"name", b"key")]
    told = any(map(_is_name, values))
    last = 0
    for key, line in zip(keys, lines, strict=True):
        if line.start() < last or not (_is_name(key) or (told and key.lower() == b"value")):
            continue
        last = line.end()
        while (further := _BLANK_OR_INDENTED.match(data, last)) is not None:
            deeper = len(further[1]) > len(line[1]) or (len(further[1]) == len(line[1]) and further[2][:2] == b"- ")
            if further[2] and not deeper:
                break
            last = further.end()
        if data[line.start(3) : last].strip():
            yield line.start(3), last, MARK


def in_csv(data: bytes) -> Iterator[Span]:
    """The fields below a secret's name in the first row, and those beside one in any row."""
    first = data[:_MAX_HEADER].partition(b"\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    between = re.escape(separator)
    field = re.compile(rb"(\"(?:[^\"]|\"\")*+\"?|[^\r\n" + between + rb"]*+)(" + between + rb"|\r?\n|\r|\Z)")
    row, column, beside, secret = 0, 0, False, set[int]()
    for match in field.finditer(data):
        named = _is_name(match[1].strip(b' "'))
        if (column in secret or beside) and match[1] and not (row == 0 and named):
            yield *match.span(1), MARK
        if row == 0 and named:
            secret.add(column)
        beside, column = named and row > 0, column + 1
        if match[2] != separator:
            row, column, beside = row + 1, 0, False


#: By a word in the type: what searches it.
FORMATS: tuple[tuple[str, Search], ...] = (
    ("yaml", in_yaml), ("yml", in_yaml), ("csv", in_csv), ("tab-separated", in_csv),
)  # fmt: skip
