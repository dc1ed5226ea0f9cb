"""Teaching mode: a request as a walk, one step at a time.

Each step has a sentence from the table of layers, what happened here and now, the source that did it, and the name by
which Flask calls the same thing. Made from a trace alone; how it is shown is the pages' affair.
"""

from __future__ import annotations

from dataclasses import dataclass

from wsgiapp.dispatch import LIFECYCLE

from .places import lines_around, source_at
from .trace import Span, Trace

#: What Flask 3.1 calls each layer, so that whoever knows Flask finds the place.
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
_SAYS = {
    "view": "This is the app's own code: the view.",
    "hook": "A hook of the app's runs.",
    "handler": "An error handler of the app's is called.",
    "teardown": "A teardown function of the app's runs.",
    "template": "Jinja2 renders a template with this context.",
    "sql": "A statement goes to the database.",
    "signal": "A signal is sent to whoever listens.",
    "log": "A line is logged.",
    "function": "A function of the app's is called.",
    "stream": "The server asks for a piece of the body, or closes it.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the walk.

    :ivar number: its place, from 1; *of* how many.
    :ivar title: the layer, and what runs.
    :ivar sentence: what this layer is for.
    :ivar happened: what it did in this request.
    :ivar source: the code that did it, as numbered lines; its ``file:line`` is *where*.
    :ivar line: the one of them that did it, where that is not the whole function; else 0.
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
    flask: str
    depth: int


def steps(trace: Trace) -> list[Step]:
    """The walk through *trace*, in the order in which things began."""
    total = len(trace.spans)
    return [_step(trace, number, total) for number in range(total)]


def _step(trace: Trace, number: int, total: int) -> Step:
    span = trace.spans[number]
    is_layer, within = span.kind == "layer", span.kind in ("sql", "log")
    line = span.where.rpartition(":")[2] if within else "0"
    source = lines_around(span.where) if within else source_at(span.where)
    return Step(
        number + 1, total, number, span.layer, f"{span.layer}: {span.name.partition(chr(10))[0][:120]}",
        _sentence(span), (*span.did, _times(span)), span.where,
        _source(trace, source), int(line) if line.isdigit() else 0,
        FLASK.get(span.layer, "") if is_layer else "", trace.depth(number),
    )  # fmt: skip


def _source(trace: Trace, lines: list[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """The lines without what is secret: those that have a secret's name, and those that this request has shown."""
    return tuple([(number, trace.hide(line)) for number, line in lines])


def _sentence(span: Span) -> str:
    if span.kind == "layer":
        return next((layer.does for layer in LIFECYCLE if layer.name == span.layer), "")
    return _SAYS.get(span.kind, "")


def _times(span: Span) -> str:
    waited = span.wall - span.cpu
    took = f"It took {span.wall:.3f} ms"
    return f"{took}, {waited:.3f} ms of them waiting." if waited > 0.05 else f"{took}."
