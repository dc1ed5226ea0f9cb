"""Shop layer 3: the book, read from its Markdown files.

A chapter becomes a list of parts: text, code, quoted source, requests to try, questions, and places where a template
puts a bench or a picture. HTML in a chapter is not HTML but text. What a reader does with the parts is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from wsgiapp.shop.learn_source import highlight, quote, shipped_path, split_docstring

ORDER = (
    "start", "threads", "packages", "wsgi", "routing", "get-and-post", "request-and-response", "templating", "cookies",
    "sessions", "contexts", "hooks", "extensions", "rest", "testing", "servers", "xray", "light",
)  # fmt: skip
GLOSSARY = "glossary"
PLAIN = MarkdownIt("commonmark", {"html": False}).enable("table")
REQUEST = re.compile(r"(GET|POST) (\S+)((?: \w+=\S*)*) -> (\d{3}) (\w+) \| (.+)")


@dataclass(frozen=True)
class Part:
    """One part of a chapter; ``kind`` says what it is, and ``data`` what it holds."""

    kind: str
    html: str = ""  # a Markup where there is any
    title: str = ""
    data: Any = None


@dataclass(frozen=True)
class Try:
    """A request that the reader can send, the status it is answered with, and the panel of its X-ray to look at."""

    method: str
    path: str
    fields: dict[str, str]
    status: int
    panel: str
    says: str


@dataclass(frozen=True)
class Chapter:
    """A page of the book."""

    slug: str
    title: str
    summary: Markup
    body: str

    @cached_property
    def parts(self) -> list[Part]:
        """The body, read when the page is shown. Raises ``LookupError`` when one of its quotations fails."""
        return read(self.body)


@lru_cache(maxsize=32)
def chapter(slug: str) -> Chapter:
    """Return a chapter. Raises ``LookupError`` when the book has no such chapter."""
    if slug not in (*ORDER, GLOSSARY):
        raise LookupError(f"The book has no chapter {slug}.")
    text = (shipped_path("docs/book") / f"{slug}.md").read_text(encoding="utf-8")
    title, summary, body = text.split("\n", 2)
    said = Markup(PLAIN.renderInline(summary.strip("*")))  # noqa: S704  # escaped by the library
    return Chapter(slug, title.removeprefix("# "), said, body)


def read(text: str) -> list[Part]:
    """Return the parts of a Markdown text."""
    parts: list[Part] = []
    waiting: list[Token] = []

    def flush() -> None:
        if waiting:
            html = Markup(PLAIN.renderer.render(waiting, PLAIN.options, {}))  # noqa: S704  # escaped by the library
            parts.append(Part("text", html))
            waiting.clear()

    for token in _prepared(PLAIN.parse(text)):
        if token.type == "fence" and token.level == 0:
            flush()
            parts.append(_fence(token.info.strip(), token.content))
        else:
            waiting.append(token)
    flush()
    return parts


def _prepared(tokens: Sequence[Token]) -> Sequence[Token]:
    """Give each heading an id, let links to ``other.md`` lead to that chapter, and let no empty cell head a column."""
    for token, following in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", "-".join(re.findall("[a-z0-9]+", following.content.lower())))
        elif token.type == "th_open" and not following.content:
            token.tag = "td"
        elif following.type == "th_close" and not token.content:
            following.tag = "td"
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("href", re.sub(r"^([\w-]+)\.md(?=#|$)", r"\1", str(child.attrGet("href"))))
    return tokens


def _fence(info: str, content: str) -> Part:
    match = re.fullmatch(r"\{(\w+)\} ?(.*)", info)
    if match is None:
        html = highlight(content) if info == "python" else Markup.escape(content)
        return Part("code", html, title=info, data=content)
    return DIRECTIVES[match[1]](match[2], content)


def _include(argument: str, _content: str) -> Part:
    """A file as a whole: the text at its head as text, its marks turned into those of Markdown, and then its code."""
    source = quote(argument)
    head, code = split_docstring(source.text) if argument.endswith(".py") else ("", source.text)
    plain = head.replace("``", "`").replace("::\n", ":\n")
    html = Markup(PLAIN.render(plain))  # noqa: S704  # escaped by the library
    shown = highlight(code) if head else source.html
    return Part("ladder", html, argument, replace(source, html=shown))


def _lines(argument: str, _content: str) -> Part:
    return Part("lines", title=argument, data=quote(*argument.split()))


def _peek(argument: str, content: str) -> Part:
    return Part("peek", title=content.strip(), data=quote(*argument.split()))


def _try(_argument: str, content: str) -> Part:
    return Part("try", data=[_request(line) for line in content.splitlines()])


def _request(line: str) -> Try:
    match = REQUEST.fullmatch(line)
    if match is None:
        raise LookupError(f"This is no request to try: {line}")
    method, path, fields, status, panel, says = match.groups()
    return Try(method, path, dict(item.split("=", 1) for item in fields.split()), int(status), panel, says)


def _question(argument: str, content: str) -> Part:
    (answer,) = read(content)
    title = Markup(PLAIN.renderInline(argument))  # noqa: S704  # escaped by the library
    return Part("question", answer.html, title)


def _place(argument: str, _content: str) -> Part:
    return Part("place", title=argument)


DIRECTIVES: dict[str, Callable[[str, str], Part]] = {
    "include": _include,  # a file of the ladder, whole
    "lines": _lines,  # an object of an installed package
    "peek": _peek,  # the same, folded, under a title
    "try": _try,  # requests, one a line
    "question": _question,
    "place": _place,  # of a picture or a bench that the template has
}
