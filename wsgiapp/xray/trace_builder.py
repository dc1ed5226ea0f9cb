"""Makes a trace of a recording: a tree of time spans, the function that set each header, and times in milliseconds.

This happens when somebody looks at the request, never while it runs.
"""

from __future__ import annotations

import os
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from functools import partial
from math import isfinite
from typing import Any
from urllib.parse import quote

from wsgiapp.dispatch import LIFECYCLE

from . import redact
from .objects.locations import Called, called, name_of, short, step_of, where_of
from .record.recording import HAS_CPU_CLOCK, MAX_BODY, MAX_CHUNKS, Event, How, Recording, Stream
from .sessions import opened, session_of, what_became
from .trace import Body, Failure, Header, Match, Span, Thread, Trace

_KINDS = {"before": "hook", "after": "hook", "errors": "handler", "teardown": "teardown", "response": "hook"}


class _Kinds:
    """What the functions of the app's were that ran: a layer's own, or called by another one of them.

    :ivar handlers: the events of error handlers.
    """

    def __init__(self, recording: Recording, app: Any) -> None:
        processors = _all_called(app.template_context_processors.values())
        spec = app.error_handler_spec.values()
        registered = _all_called([kind.values() for by_code in spec for kind in by_code.values()])
        begins = recording.marks[::2]
        layers = [LIFECYCLE[0].name, *[step.layer for step in recording.marks[1::2]]]
        functions = [event for event in recording.events if event[2] == "function"]
        self.handlers: list[Event] = []
        self._own: set[int] = set()
        reached = 0
        for event in sorted(functions, key=lambda event: (event[0], -event[1])):
            layer = layers[bisect_right(begins, event[0])]
            inside, reached = event[1] <= reached, max(event[1], reached)
            if inside or event[4] in processors or (layer == "errors" and event[4] not in registered):
                continue
            self._own.add(id(event))
            if layer == "errors":
                self.handlers.append(event)

    def is_own(self, event: Event) -> bool:
        """Whether the layer itself called the function, as its hook or handler."""
        return id(event) in self._own


def _all_called(groups: Iterable[Iterable[Any]]) -> set[Called]:
    return {called(function) for group in groups for function in group}


# Layers in which the response may come from a function of the app's.
_ANSWERING = ("before", "view", "errors")


class Clock:
    """Converts the nanoseconds of a recording into milliseconds, of wall time and of the thread's CPU time."""

    def __init__(self, recording: Recording) -> None:
        self.begun = recording.begun
        self.walls, self.cpus = recording.samples[::2], recording.samples[1::2]

    def at(self, wall: int) -> float:
        """Milliseconds since the request came in."""
        return round((wall - self.begun) / 1e6, 6)

    def cpu(self, begin: int, end: int) -> float:
        """Milliseconds in which the thread computed between two points of time; between two readings, in proportion."""
        spent = (self._cpu_at(end) - self._cpu_at(begin)) / 1e6
        return round(min(max(spent, 0.0), (end - begin) / 1e6), 6)

    def _cpu_at(self, wall: int) -> float:
        place = bisect_right(self.walls, wall)
        if place == 0:
            return self.cpus[0]
        if place == len(self.walls):
            return self.cpus[-1] + wall - self.walls[-1]
        before, after = place - 1, place
        share = (wall - self.walls[before]) / (self.walls[after] - self.walls[before])
        return self.cpus[before] + share * (self.cpus[after] - self.cpus[before])


def build_trace(recording: Recording, app: Any) -> Trace:
    """The trace of a recording.

    :param recording: a finished one.
    :param app: the app that answered; asked only where its steps are written.
    """
    environ, clock = recording.environ, Clock(recording)
    kinds = _Kinds(recording, app)
    trace = Trace(
        id=recording.id,
        app=recording.app,
        source=recording.source,
        started=recording.started,
        wall=clock.at(recording.ended),
        cpu=clock.cpu(recording.begun, recording.ended),
        method=environ.get("REQUEST_METHOD", ""),
        path=_as_text(environ.get("PATH_INFO", "")),
        query=environ.get("QUERY_STRING", ""),
        url=_url(environ),
        protocol=environ.get("SERVER_PROTOCOL", ""),
        status=recording.status,
        environ=environ,
        headers=_request_headers(environ),
        body=_body(recording.received, environ.get("CONTENT_LENGTH", "")),
        sent_headers=_blame(recording, app, kinds),
        sent_body=_body(recording.sent, ""),
        spans=_spans(recording, app, clock, kinds),
        match=_match(recording, app),
        session=session_of(recording),
        thread=_thread(recording),
        failures=_failures(recording, kinds),
        signals=tuple(event[4] for event in recording.events if event[2] == "signal"),
        replay_of=recording.replay_of,
        notes=_notes(recording),
        lines={short(file): numbers for file, numbers in recording.lines.items()},
    )
    keys = app_secrets(app)
    scrubbed: Trace = _scrubbed(trace, keys)
    return replace(scrubbed, hide=hider(keys, recording.marks_of_secrets))


def hider(keys: list[str | bytes], marks: frozenset[tuple[int, int]]) -> Callable[[str], str]:
    """What takes out of a text that is read now what is secret in a trace.

    :param keys: those of the app.
    :param marks: those of what was redacted in the trace.
    """
    return partial(_hide, keys, marks)


def _hide(keys: list[str | bytes], marks: frozenset[tuple[int, int]], text: str) -> str:
    """A text that is read now, such as a line of source, without what is secret in this trace."""
    shown = redact.text(text, redact.SOURCE)
    shown = redact.is_known(shown, marks) if marks else shown
    return redact.scrub(shown, keys) if keys else shown


def app_secrets(app: Any) -> list[str | bytes]:
    """The app's keys, and whatever else in its configuration has a secret's name: none of it may stand in a trace."""
    fallbacks = app.config.get("SECRET_KEY_FALLBACKS") or ()
    named = [value for name, value in app.config.items() if redact.is_secret(name)]
    return [key for key in (*named, *fallbacks) if isinstance(key, (str, bytes)) and key]


def _scrubbed(value: Any, keys: list[str | bytes]) -> Any:
    """*value* with none of the *keys* in any text of it, and nothing that UTF-8 or JSON cannot say."""
    if isinstance(value, str):
        sayable = value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
        return redact.scrub(sayable, keys) if keys else sayable
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if not keys and isinstance(value, bytes):
        return value
    if isinstance(value, bytes):
        return redact.scrub(value.decode("latin1"), keys).encode("latin1", "replace")
    if isinstance(value, dict):
        return {_scrubbed(key, keys): _scrubbed(entry, keys) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_scrubbed(entry, keys) for entry in value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(*[_scrubbed(getattr(value, entry.name), keys) for entry in fields(value)])
    return value


# -- the request and the response ----------------------------------------------------------------------------------


def _as_text(path: str) -> str:
    return path.encode("latin1", "replace").decode("utf-8", "replace")


def _url(environ: dict[str, str]) -> str:
    """The URL as it was asked for, byte for byte: Werkzeug's has its query decoded."""
    scheme = environ.get("wsgi.url_scheme", "http")
    host = environ.get("HTTP_HOST") or f"{environ.get('SERVER_NAME', '')}:{environ.get('SERVER_PORT', '80')}"
    path = quoted(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
    query = environ.get("QUERY_STRING", "")
    return f"{scheme}://{quoted(host)}{path}" + (f"?{quoted(query, '%?')}" if query else "")


def quoted(text: str, also: str = "") -> str:
    """A part of a URL as it stands in the environ, with what no URL has in hexadecimal (RFC 3986, 3.3 and 3.4)."""
    return quote(text.encode("latin1", "replace"), safe="/:@!$&'()*+,;=~[]{}" + also)


def _request_headers(environ: dict[str, str]) -> tuple[tuple[str, str], ...]:
    named = [(key[5:], value) for key, value in environ.items() if key.startswith("HTTP_")]
    named += [(key, environ[key]) for key in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(key)]
    return tuple([(key.replace("_", "-").title(), value) for key, value in named])


def _body(stream: Stream, announced: str) -> Body:
    note = stream.note
    if announced.isdigit() and stream.size is not None and stream.size < int(announced):
        note = f"The app read {stream.size} of {announced} bytes."
    complete = stream.size is not None and stream.size <= MAX_BODY
    return Body(stream.size, tuple(stream.chunks), bytes(stream.kept), complete, note)


def _blame(recording: Recording, app: Any, kinds: _Kinds) -> tuple[Header, ...]:
    """Who set each header that was sent: the last step after which it had a value that it had not before."""
    history = _history(recording, app, kinds)
    last = _by_name(recording.head)
    sent = []
    for name, value in recording.head:
        known = history[name.lower()]
        place = max(index for index, entry in enumerate(known) if entry[0] == value)
        others = tuple(entry for entry in known[:place] if entry[0] not in last[name.lower()])
        sent.append(Header(name, value, *known[place][1:], others))
    return tuple(sent)


def _history(recording: Recording, app: Any, kinds: _Kinds) -> dict[str, list[tuple[str, str, str, str]]]:
    """By lower-case name, the values that a header was given, in order: value, layer, function, place."""
    history: dict[str, list[tuple[str, str, str, str]]] = {}
    before: dict[str, list[str]] = {}
    made: list[Any] = [*recording.heads]
    if not made or made[-1][1] == "view":  # nobody looked at them between their making and their sending
        made.append(("App.make_response", "response", recording.head))
    for who, layer, head in [*made, (None, "send", recording.head)]:
        now = _by_name(head)
        for name, value in [(name, value) for name, values in now.items() for value in values]:
            if value not in before.get(name, ()):
                by = _author(recording, app, kinds, who, layer, name)
                history.setdefault(name, []).append((value, *by))
        before = now
    return history


def _by_name(head: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in head:
        found.setdefault(name.lower(), []).append(value)
    return found


def _author(recording: Recording, app: Any, kinds: _Kinds, who: Any, layer: str, name: str) -> tuple[str, str, str]:
    """The layer, the function and the ``file:line`` that set the header *name*."""
    if layer == "view" or (layer == "response" and name in recording.header_names):
        layer, who = _answerer(recording, app, kinds)
    if layer == "send":
        who = "Response.get_wsgi_headers"
    function = step_of(who, app, None) if isinstance(who, str) else who
    if isinstance(who, Called):
        return layer, who.name, who.where
    shown = who if isinstance(who, str) else name_of(who)
    return layer, shown, where_of(function) if function is not None else ""


def _answerer(recording: Recording, app: Any, kinds: _Kinds) -> tuple[str, Any]:
    """The function whose return value became the response: the view, or the hook or handler that answered instead."""
    steps = [(begin, end, layer) for begin, end, _, layer, _, _ in _road(recording) if layer in _ANSWERING]
    begin, end, layer = steps[-1] if steps else (0, 0, "response")
    if layer == "view" and recording.automatic:
        return layer, "App.make_default_options_response"
    if layer == "view":
        view = app.view_functions.get(recording.rule.endpoint) if recording.rule is not None else None
        return (layer, view) if view is not None else (layer, "App.dispatch_request")
    calls = [event for event in recording.events if kinds.is_own(event) and begin <= event[0] < end]
    return (layer, calls[-1][4]) if calls else ("response", "App.make_response")


def _notes(recording: Recording) -> tuple[str, ...]:
    """What is missing, and why."""
    noted = len(recording.events)
    said = [f"The first {noted:,} events are shown; {recording.dropped:,} more had no room."] * (recording.dropped > 0)
    said += ["Nothing of the app's own road ran: a middleware answered, or a method of the app's own."] * (
        not recording.marks
    )
    pieces = max(recording.received.pieces, recording.sent.pieces)
    said += [f"The first {MAX_CHUNKS:,} pieces of the body are listed; there were more."] * (pieces > MAX_CHUNKS)
    return (*recording.notes, *said)


def _failures(recording: Recording, kinds: _Kinds) -> tuple[Failure, ...]:
    """What was raised, each with the error handler that answered it: one that ran before the next was raised."""
    until = [*recording.failed_at[1:], recording.ended]
    answered = []
    for failure, begin, end in zip(recording.failures, recording.failed_at, until, strict=False):
        names = [event[4].name for event in kinds.handlers if begin <= event[0] < end and event[5] != How.RAISED]
        late = 0 < recording.head_at < begin
        answered.append(replace(failure, handled=names[-1] if names else "", late=late))
    return tuple(answered)


def _match(recording: Recording, app: Any) -> Match:
    rule, by = recording.rule, recording.matched_by or "Werkzeug"
    if rule is None:
        return Match(by=by, refused=recording.refused)
    view = app.view_functions.get(rule.endpoint)
    return Match(
        rule=rule.rule,
        endpoint=str(rule.endpoint),
        arguments=recording.arguments,
        methods=tuple(sorted(rule.methods or ())),
        view=name_of(view) if view is not None else "",
        where=where_of(view) if view is not None else "",
        by=by,
        refused=recording.refused,
    )


def _thread(recording: Recording) -> Thread:
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    name, ident = recording.thread
    return Thread(name, ident, os.getpid(), gil, sys.version.split()[0], recording.variables, HAS_CPU_CLOCK)


# -- the staircase -------------------------------------------------------------------------------------------------


def _road(recording: Recording) -> list[Event]:
    """The marks as events: each step lasts until the next, the last one until the server asks for the body."""
    begins, steps = recording.marks[::2], recording.marks[1::2]
    if not begins:  # something around the app's steps has answered, such as a middleware
        return []
    asked = [event[0] for event in recording.events if event[2] == "stream" and begins and event[0] > begins[-1]]
    times = zip(begins, [*begins[1:], min(asked, default=recording.ended)], steps, strict=True)
    return [(begin, end, "layer", step.layer, step.name, None) for begin, end, step in times]


def _spans(recording: Recording, app: Any, clock: Clock, kinds: _Kinds) -> tuple[Span, ...]:
    whole: Event = (recording.begun, recording.ended, "layer", LIFECYCLE[0].name, LIFECYCLE[0].step, None)
    road = _road(recording)
    beside = {id(event): name for event, name in recording.thread_events}
    inside = [*road, *_views(recording, road, app), *recording.events, *[event for event, _ in recording.thread_events]]
    events = [whole, *sorted(inside, key=lambda event: (event[0], -event[1]))]
    open_: list[tuple[int, Event]] = []
    spans: list[Span] = []
    for number, event in enumerate(events):
        while open_ and open_[-1][1][1] < event[1]:
            open_.pop()
        parent = open_[-1][0] if open_ else None
        if id(event) in beside:  # when it ran says nothing of where it belongs
            span = _span(event, LIFECYCLE[0].name, 0, recording, app, clock, kinds)
            spans.append(replace(span, did=(f"In the thread {beside[id(event)]}, beside the request.", *span.did)))
            continue
        layer = event[3] or (spans[parent].layer if parent is not None else LIFECYCLE[0].name)
        spans.append(_span(event, layer, parent, recording, app, clock, kinds))
        open_.append((number, event))
    return tuple(spans)


def _views(recording: Recording, road: list[Event], app: Any) -> list[Event]:
    """The view's own function within its layer, which nothing was wrapped around."""
    view = app.view_functions.get(recording.rule.endpoint) if recording.rule is not None else None
    layers = [event for event in road if event[3] == "view"]
    if view is None or not layers or not recording.reached_view:
        return []
    begin, end = layers[0][0], layers[0][1]
    return [(begin, end, "view", "view", called(view), None)]


def _span(
    event: Event, layer: str, parent: int | None, recording: Recording, app: Any, clock: Clock, kinds: _Kinds
) -> Span:
    begin, end, kind, _, what, more = event
    show: Callable[..., Any] = _SHOWN.get(kind, _show_layer)
    name, where, did, detail = show(what, more, layer, recording, app)
    if kinds.is_own(event):
        kind = _KINDS.get(layer, "function")
    return Span(
        layer, kind, name, where, parent, clock.at(begin), round((end - begin) / 1e6, 6), clock.cpu(begin, end),
        tuple(did), detail,
    )  # fmt: skip


def _show_layer(what: Any, _more: Any, _layer: str, recording: Recording, app: Any) -> Any:
    function = step_of(what, app, None)
    where = where_of(function) if function is not None else ""
    did = _DID[what](recording) if what in _DID else ""
    return what, where, [did] if did else [], {}


def _show_function(what: Called, more: Any, _layer: str, recording: Recording, _app: Any) -> Any:
    did = [_HOW[more]] if more in _HOW else []
    place = next((n for n, (who, _, _) in enumerate(recording.heads) if who is what), None)
    if place is not None:
        before = recording.heads[place - 1][2] if place else []
        new = [pair for pair in recording.heads[place][2] if pair not in before]
        gone = {name for name, _ in before} - {name for name, _ in recording.heads[place][2]}
        did += [f"Set {name}: {value}" for name, value in new] + [f"Removed {name}" for name in sorted(gone)]
    return what.name, what.where, did, {}


_HOW = {
    How.RAISED: "It raised an exception.",
    How.RETURNED: "It returned a value.",
    How.REPLACED: "It put another response in the place of the one that it was given.",
    How.RESTATED: "It changed the status.",
}


def _show_template(what: Any, more: Any, *_: Any) -> Any:
    name, file = what
    known = file and file != "<template>"
    shown, count, how = more
    did = [_HOW[how]] if how in _HOW else []
    return name or "<string>", f"{short(file)}:1" if known else "", did, {"context": shown, "count": count}


def _show_sql(what: str, more: Any, *_: Any) -> Any:
    parameters, rows, many, caller, why = more
    file, _, line = caller.rpartition(":")
    did = [f"{rows} row{'s' * (rows != 1)}"] if rows >= 0 else []
    did += [f"Failed: {why}"] if why else []
    return what, f"{short(file)}:{line}" if file else "", did, {"parameters": parameters, "many": many}


def _show_log(what: str, more: Any, *_: Any) -> Any:
    level, logger, caller = more
    file, _, line = caller.rpartition(":")
    return what, f"{short(file)}:{line}", [], {"level": level, "logger": logger}


def _show_signal(what: str, more: Any, *_: Any) -> Any:
    return what, "", [f"Received by {receiver}" for receiver in more], {"receivers": list(more)}


_STREAMED = {
    "piece": "A piece of the body was made and handed to the server.",
    "end": "The body's end was reached.",
    "failed": "Making the body raised an exception.",
    "close": "The server closed the body.",
}


def _show_stream(what: str, more: Any, _layer: str, _recording: Recording, app: Any) -> Any:
    return what, where_of(app.response_class.__call__), [_STREAMED[more]], {}


_SHOWN: dict[str, Callable[..., Any]] = {
    "function": _show_function,
    "view": _show_function,
    "template": _show_template,
    "sql": _show_sql,
    "log": _show_log,
    "signal": _show_signal,
    "stream": _show_stream,
}


def _did_match(recording: Recording) -> str:
    rule, refused = recording.rule, recording.refused
    if rule is not None:
        return f"{rule.rule} matched: endpoint {rule.endpoint!r}."
    return f"No rule answers: {refused}." if refused else ""


def _did_send(recording: Recording) -> str:
    size, pieces = recording.sent.size, recording.sent.pieces
    length = "a file" if size is None else f"{size:,} bytes in {pieces} piece{'s' * (pieces != 1)}"
    if not recording.status:
        return "No head was sent."
    return f"{recording.status}: {len(recording.head)} headers and {length}."


def _did_handle(recording: Recording) -> str:
    return "; ".join(f"{failure.kind}: {failure.message}"[:200] for failure in recording.failures[:1])


_DID: dict[str, Callable[[Recording], str]] = {
    "App.__call__": lambda recording: f"{recording.environ.get('REQUEST_METHOD')} → {recording.status or 'no answer'}",
    "Map.find": _did_match,
    "RequestContext.match_request": _did_match,
    "Response.__call__": _did_send,
    "App.handle_user_exception": _did_handle,
    "App.process_response": lambda recording: _HOW[How.REPLACED] if recording.replaced else "",
    "SessionInterface.open_session": opened,
    "SessionInterface.save_session": what_became,
}
