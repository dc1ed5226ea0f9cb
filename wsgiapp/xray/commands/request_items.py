"""Requests as one writes them in a terminal: ``POST /orders name=Lamp price:=20 X-A:1 page==2 photo@lamp.png``.

The notation is HTTPie's. Items become the arguments of :class:`werkzeug.test.EnvironBuilder`; nothing is sent here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: The signs between a name and its value, longest first, and what each makes.
SIGNS = {
    ":=@": "a JSON member from a file", "=@": "a member from a file", ":=": "a JSON member", "==": "a query argument",
    "=": "a member, as text", "@": "a file to upload", ":": "a header",
}  # fmt: skip
# A backslash in front of a sign makes it part of the name.
_ITEM = re.compile(r"((?:\\.|[^\\])*?)(:=@|=@|:=|==|=|@|:)(.*)", re.DOTALL)
_METHOD = re.compile(r"[A-Za-z]+")


class ItemError(ValueError):
    """An item that cannot be understood; the text says what was expected."""


@dataclass
class Parsed:
    """A request, taken apart.

    :ivar method: in upper case.
    :ivar path: with its query, if it was written so.
    :ivar headers: in order; *query* arguments and *members* of the body likewise.
    :ivar files: names of fields, and the files that go into them.
    """

    method: str
    path: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    query: list[tuple[str, str]] = field(default_factory=list)
    members: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)

    def options(self, form: bool = False) -> dict[str, Any]:
        """The arguments for an environ builder.

        :param form: send the members as a form instead of as JSON. With files it is a form in any case.
        """
        options: dict[str, Any] = {"path": self.path, "method": self.method, "headers": self.headers}
        if "?" in self.path:
            options["path"], _, options["query_string"] = self.path.partition("?")
        if self.query:
            options["query_string"] = self.query
        if form or self.files:
            opened = {name: path.open("rb") for name, path in self.files.items()}
            options["data"] = {name: _as_field(value) for name, value in self.members.items()} | opened
        elif self.members:
            options["json"] = self.members
        return options


def parse(words: list[str]) -> Parsed:
    """Understand the words of a command.

    :param words: an optional method, a path, and items.
    :raises ItemError: for what is none of these.
    """
    rest = list(words)
    method = rest.pop(0).upper() if len(rest) > 1 and _METHOD.fullmatch(rest[0]) else ""
    if not rest or not rest[0].startswith("/"):
        given = rest[0] if rest else ""
        raise ItemError(f"A path that begins with a slash was expected, such as /products/1, not {given!r}.")
    found = Parsed(method, rest.pop(0))
    for word in rest:
        _add(found, word)
    found.method = method or ("POST" if found.members or found.files else "GET")
    return found


def _add(found: Parsed, word: str) -> None:
    match = _ITEM.fullmatch(word)
    if match is None or not match[1]:
        known = ", ".join(f"name{sign}value ({what})" for sign, what in SIGNS.items())
        raise ItemError(f"{word!r} is no item of a request. Items are: {known}.")
    name, sign, value = re.sub(r"\\(.)", r"\1", match[1]), match[2], match[3]
    if sign == ":":
        found.headers.append((name, value))
    elif sign == "==":
        found.query.append((name, value))
    elif sign == "@":
        found.files[name] = _existing(word, value)
    else:
        text = _existing(word, value).read_text(encoding="utf-8") if sign.endswith("@") else value
        found.members[name] = _json(word, text) if sign.startswith(":=") else text


def _existing(word: str, name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise ItemError(f"{word!r}: there is no file {name!r}.")
    return path


def _json(word: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ItemError(f"{word!r}: what follows ':=' must be JSON ({error}); for plain text write '='.") from error


def _as_field(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
