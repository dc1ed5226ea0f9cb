"""Teaching mode: a request as a walk, one step at a time.

Each step has a sentence on what happened in this request, its source code, with the lines that ran if they are known,
and the name of the same thing in Flask. Steps are made from a trace alone; ``show`` makes pages of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from wsgiapp.xray.objects.locations import lines_around, source_at
from wsgiapp.xray.trace import Span, Trace

from .sentences import Walk

#: What Flask 3.1 calls each layer, for readers who know Flask.
FLASK = {
    "server": "Flask.__call__, which calls Flask.wsgi_app: middleware is put around the latter",
    "request": "Flask.request_context(environ), which makes a flask.Request",
    "context": "RequestContext.push(); from then on flask.request and flask.g can be read",
    "session": "SecureCookieSessionInterface.open_session; Flask opens it at each push, here it waits to be touched",
    "match": "RequestContext.match_request(), which asks MapAdapter.match() of werkzeug.routing",
    "before": "Flask.preprocess_request(), for @app.before_request and @app.url_value_preprocessor",
    "view": "Flask.dispatch_request(), which calls the function under @app.route",
    "errors": "Flask.handle_user_exception() and handle_exception(), for @app.errorhandler",
    "response": "Flask.make_response(), which takes what the view returned",
    "after": "Flask.process_response(), for @app.after_request and after_this_request",
    "save": "SecureCookieSessionInterface.save_session, called by Flask.process_response()",
    "send": "Response.__call__(environ, start_response), which is Werkzeug's",
    "teardown": "Flask.do_teardown_request(), for @app.teardown_request and @app.teardown_appcontext",
}
#: Lines of a function that are shown.
MAX_LINES = 120


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the walk.

    :ivar number: its place, from 1; *of* how many.
    :ivar title: the layer, and what runs.
    :ivar sentence: what it did in this request.
    :ivar happened: what it changed, and how long it took.
    :ivar source: the code that did it, as numbered lines; its ``file:line`` is *where*.
    :ivar line: the one of them that did it, or that raised; 0 for none.
    :ivar ran: the numbers of lines that ran in this file; empty where that is not known.
    :ivar cut: how many lines of the function are not shown.
    :ivar flask: what Flask calls it; empty for what is inside a layer.
    :ivar depth: how deep in the staircase.
    """

    number: int
    of: int
    span: int
    layer: str
    title: str
    sentence: str
    happened: tuple[str, ...]
    where: str
    source: tuple[tuple[int, str], ...]
    line: int
    ran: frozenset[int]
    cut: int
    flask: str
    depth: int


class Heading(NamedTuple):
    """A step in the list of all: its place, from 1, the layer and what runs, and how deep it is in the staircase."""

    number: int
    title: str
    depth: int


def headings(trace: Trace) -> list[Heading]:
    """The steps of the walk through *trace*, without what each did."""
    return [Heading(number, _title(span), trace.depth(number - 1)) for number, span in enumerate(trace.spans, 1)]


def steps(trace: Trace) -> list[Step]:
    """The walk through *trace*, in the order in which things began."""
    walk, total = Walk(trace), len(trace.spans)
    return [_step(trace, walk, number, total) for number in range(total)]


def step(trace: Trace, number: int) -> Step:
    """One step of the walk, counted from 1."""
    return _step(trace, Walk(trace), number - 1, len(trace.spans))


def _title(span: Span) -> str:
    return f"{span.layer}: {span.name.partition(chr(10))[0][:120]}"


def _step(trace: Trace, walk: Walk, number: int, total: int) -> Step:
    span = trace.spans[number]
    is_layer, within = span.kind == "layer", span.kind in ("sql", "log")
    line = span.where.rpartition(":")[2] if within else "0"
    source = lines_around(span.where) if within else source_at(span.where, 10 * MAX_LINES)
    ran = frozenset(trace.lines.get(span.where.rpartition(":")[0], ())) if not within else frozenset()
    here = int(line) if line.isdigit() and int(line) else _raised_in(trace, span.where, source)
    shown = _around(source, max(ran & {n for n, _ in source}, default=here))
    return Step(
        number + 1, total, number, span.layer, _title(span),
        walk.sentence(number), (*(() if is_layer or span.kind == "stream" else span.did), _times(span)), span.where,
        _source(trace, shown), here, ran, len(source) - len(shown), FLASK.get(span.layer, "") if is_layer else "",
        trace.depth(number),
    )  # fmt: skip


def _around(source: list[tuple[int, str]], last: int) -> list[tuple[int, str]]:
    """As much of a function as is shown: all of it, or of a long one the part before its end or before *last*."""
    if len(source) <= MAX_LINES:
        return source
    end = next((place for place, (number, _) in enumerate(source, 1) if number == last), 0)
    begin = max(min(end + 5, len(source)) - MAX_LINES, 0)
    return source[begin : begin + MAX_LINES]


def _raised_in(trace: Trace, where: str, source: list[tuple[int, str]]) -> int:
    """The line of a function that a failure passed; 0 for none."""
    file = where.rpartition(":")[0]
    numbers = {number for number, _ in source}
    passed = [place.rpartition(":") for failure in trace.failures for place, _, _ in failure.frames]
    found = [int(line) for name, _, line in passed if name == file and line.isdigit() and int(line) in numbers]
    return found[-1] if found else 0


def _source(trace: Trace, lines: list[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """The lines without what is secret: those that have a secret's name, and those that this request has shown."""
    return tuple([(number, trace.hide(line)) for number, line in lines])


def _times(span: Span) -> str:
    waited = span.wall - span.cpu
    took = f"It took {span.wall:.3f} ms"
    return f"{took}, {waited:.3f} ms of them waiting." if waited > 0.05 else f"{took}."
