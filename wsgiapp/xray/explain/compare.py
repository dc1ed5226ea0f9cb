"""Compares two requests: what differs, and in which layer they differ first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any

from wsgiapp.dispatch import LIFECYCLE
from wsgiapp.xray.trace import Span, Trace

_ORDER = [layer.name for layer in LIFECYCLE]
# Headers that say when, or who asked: they differ between any two requests.
_ALWAYS = frozenset({"date", "server-timing", "x-xray"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same.

    :ivar layer: the layer in which it first showed.
    :ivar what: what it is, such as ``status`` or ``header X-A``.
    :ivar left: how it was in the first request; :attr:`right` in the second. Empty where there was none.
    """

    layer: str
    what: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Row:
    """A step of one request beside the same step of the other; None where the other had none."""

    left: Span | None
    right: Span | None

    @property
    def same(self) -> bool:
        """Whether both took this step."""
        return self.left is not None and self.right is not None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two requests, compared.

    :ivar first: the first layer in which they differ; empty if they do not.
    :ivar sentence: the same, as a sentence.
    :ivar differences: all of them, in the order of the road.
    :ivar rows: the steps, aligned.
    :ivar wall: how many milliseconds the second took more than the first.
    """

    first: str
    sentence: str
    differences: tuple[Difference, ...]
    rows: tuple[Row, ...]
    wall: float

    def as_dict(self) -> dict[str, Any]:
        """The whole as values that JSON has."""
        return asdict(self)


def compare(left: Trace, right: Trace) -> Comparison:
    """Compare two requests."""
    rows = tuple(_align(left, right))
    found = [*_facts(left, right), *_headers(left, right), *_steps(rows)]
    differences = tuple(sorted(found, key=lambda difference: _ORDER.index(difference.layer)))
    if not differences:
        return Comparison("", "They took the same road, step by step.", (), rows, right.wall - left.wall)
    first = differences[0]
    values = f"{_said(first.left)}, then {_said(first.right)}"
    sentence = f"They part in the layer “{first.layer}”: {first.what} was {values}."
    return Comparison(first.layer, sentence, differences, rows, right.wall - left.wall)


def _said(value: str) -> str:
    return value[:200] if value else "none"


def _facts(left: Trace, right: Trace) -> Iterator[Difference]:
    rule = (left.match.rule or left.match.refused, right.match.rule or right.match.refused)
    facts = [
        ("server", "method", left.method, right.method),
        ("server", "path", left.path, right.path),
        ("server", "query", left.query, right.query),
        ("request", "body", _bytes(left.body.kept), _bytes(right.body.kept)),
        ("match", "rule", *rule),
        ("match", "arguments", str(left.match.arguments), str(right.match.arguments)),
        ("session", "session cookie", _data(left.session.before), _data(right.session.before)),
        ("errors", "exception", _failures(left), _failures(right)),
        ("response", "status", left.status, right.status),
        ("save", "session sent", _data(left.session.after), _data(right.session.after)),
        ("send", "body sent", _bytes(left.sent_body.kept), _bytes(right.sent_body.kept)),
    ]
    yield from (Difference(*fact) for fact in facts if fact[2] != fact[3])


def _data(cookie: Any) -> str:
    return f"{cookie.signature} {cookie.payload}" if cookie is not None else ""


def _failures(trace: Trace) -> str:
    return "; ".join(f"{failure.kind}: {failure.message}" for failure in trace.failures)


def _bytes(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace")


def _headers(left: Trace, right: Trace) -> Iterator[Difference]:
    yield from _pairs("server", left.headers, right.headers, {})
    blame = {header.name.lower(): header.layer for header in (*left.sent_headers, *right.sent_headers)}
    one, two = [[(header.name, header.value) for header in trace.sent_headers] for trace in (left, right)]
    yield from _pairs("send", one, two, blame)


def _pairs(layer: str, left: Any, right: Any, blame: dict[str, str]) -> Iterator[Difference]:
    for name in dict.fromkeys(name.lower() for name, _ in (*left, *right)):
        values = [", ".join(value for key, value in side if key.lower() == name) for side in (left, right)]
        if values[0] != values[1] and name not in _ALWAYS:
            kind = "header received" if layer == "server" else "header sent"
            yield Difference(blame.get(name, layer), f"{kind}: {name.title()}", *values)


def _align(left: Trace, right: Trace) -> Iterator[Row]:
    sides = [[(span.layer, span.kind, span.name) for span in trace.spans] for trace in (left, right)]
    for _, begin, end, other, other_end in SequenceMatcher(a=sides[0], b=sides[1], autojunk=False).get_opcodes():
        for step in range(max(end - begin, other_end - other)):
            one, two = begin + step, other + step
            first = left.spans[one] if one < end else None
            second = right.spans[two] if two < other_end else None
            if first and second and sides[0][one] != sides[1][two]:
                yield Row(first, None)
                yield Row(None, second)
            else:
                yield Row(first, second)


def _steps(rows: tuple[Row, ...]) -> Iterator[Difference]:
    for row in rows:
        span = row.left or row.right
        if not row.same and span is not None:
            shown = f"{span.kind} {span.name}"[:200]
            yield Difference(span.layer, "a step", shown if row.left else "", shown if row.right else "")
