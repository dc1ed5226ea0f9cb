"""Shop layer 4: the line at the foot of each page, which names the parts of the framework that the request used.

They are found in the request itself, at the end of the page, when all of them have been used. Only the chapter of the
book for each part is listed here.
"""

from __future__ import annotations

from typing import NamedTuple

from wsgiapp import request, session

MAX_NAMES = 8
MAX_NAME = 24
# What the pages of a part of the shop show beside what every page does.
CHAPTERS = {"concurrency": "threads", "account": "extensions", "selling": "get-and-post", "categories": "hooks"}


class Fact(NamedTuple):
    """One thing that a request used: its kind, what it was, and the chapter of the book on it."""

    kind: str
    names: list[str]
    chapter: str


def facts() -> list[Fact]:
    """Return what this request used."""
    rule = request.url_rule
    found = [
        Fact("method", [request.method], "get-and-post"),
        Fact("route", [rule.rule] if rule else [], "routing"),
        Fact("parameters", shortened(list(request.args)), "get-and-post"),
        Fact("cookies", shortened(list(request.cookies)), "cookies"),
        Fact("session", shortened([str(name) for name in session if not str(name).startswith("_")]), "sessions"),
    ]
    return [fact for fact in found if fact.names]


def chapter() -> str | None:
    """Return the chapter on what the pages of this part of the shop show."""
    return CHAPTERS.get(request.blueprint or "")


def shortened(names: list[str]) -> list[str]:
    """Return names that somebody else may have chosen: so many, so long, printable."""
    clean = ["".join(filter(str.isprintable, name))[:MAX_NAME] for name in names]
    return [*clean[:MAX_NAMES], "…"] if len(clean) > MAX_NAMES else clean
