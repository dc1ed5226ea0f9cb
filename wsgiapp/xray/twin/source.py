"""The lines that made two answers: the app's own in both, and the ladder's beside the framework's.

:data:`LADDER` says which functions of the ladder's steps do what a layer of the road does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wsgiapp.dispatch import LIFECYCLE
from wsgiapp.xray.explain.executed import Function
from wsgiapp.xray.objects.locations import place, source_at
from wsgiapp.xray.trace import Trace

#: Lines of one function that are shown; functions of the app's.
MAX_LINES = 120
MAX_FUNCTIONS = 12
#: By layer: the step of the ladder, and the function in it, that does the same.
LADDER = {
    "server": (("step_11", "App.__call__"), ("step_11", "App.wsgi_app")),
    "request": (("step_11", "App.request_context"),),
    "context": (("step_11", "Context.__init__"), ("step_11", "Context.push")),
    "session": (("step_10", "App.open_session"),),
    "match": (),  # App.request_context does it, too
    "before": (("step_12", "App.dispatch_request"),),
    "view": (("step_11", "App.dispatch_request"),),
    "errors": (("step_12", "App.handle_exception"),),
    "response": (("step_06", "App.make_response"),),
    "after": (("step_12", "App.process_response"),),
    "save": (("step_10", "App.process_response"),),
    "send": (),
    "teardown": (("step_11", "Context.pop"), ("step_12", "App.do_teardown")),
}


_NOTES = {
    "match": "The ladder does this where it makes the request, above.",
    "send": "The ladder leaves this to Werkzeug's own Response.__call__.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of source, and whether it ran: under the framework on the left, under the ladder on the right."""

    number: int
    text: str
    left: bool
    right: bool


@dataclass(frozen=True, slots=True)
class Code:
    """A function, or the lines of it that are known.

    :ivar name: its qualified name, at *where*.
    :ivar cut: how many lines more it has.
    """

    name: str
    where: str
    lines: tuple[Line, ...]
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """One layer of the road in both.

    :ivar left: the framework's step, at *where*; empty where the request did not meet this layer there.
    :ivar right: the ladder's functions that ran; where there are none, *note* says why.
    """

    layer: str
    left: str
    where: str
    right: tuple[Code, ...]
    note: str = ""


Ran = dict[Function, list[int]]


def own_code(left: Ran, right: Ran, hide: Callable[[str], str]) -> tuple[Code, ...]:
    """The app's own functions that ran in either, in the order of their first call.

    :param hide: takes out of a line what is secret.
    """
    keys = [*left, *(key for key in right if key not in left)]
    named = [key for key in keys if not key[1].startswith("<module>")]
    return tuple([_code(key, left.get(key, []), right.get(key, []), hide) for key in named[:MAX_FUNCTIONS]])


def _code(key: Function, left: list[int], right: list[int], hide: Callable[[str], str]) -> Code:
    file, name, first = key
    where = place(file, first)
    source = source_at(where, 10 * MAX_LINES)
    shown = tuple([Line(n, hide(text), n in left, n in right) for n, text in source[:MAX_LINES]])
    return Code(name, where, shown, max(len(source) - MAX_LINES, 0))


def pairs(trace: Trace, ladder: Ran) -> tuple[Pair, ...]:
    """The layers that the request met in either, the framework's step beside the ladder's lines."""
    found = []
    by_name = {(Path(file).stem, name): (file, name, first) for file, name, first in ladder}
    for layer in LIFECYCLE:  # a function that does what two layers do is shown in the first
        met = next((span for span in trace.spans if span.layer == layer.name and span.kind == "layer"), None)
        keys = [by_name.pop(entry) for entry in LADDER[layer.name] if entry in by_name]
        right = tuple([_code(key, [], ladder[key], _plain) for key in keys])
        if met is not None or right:
            note = "" if right else _NOTES.get(layer.name, "The ladder's function for this did not run.")
            found.append(Pair(layer.name, met.name if met else "", met.where if met else "", right, note))
    return tuple(found)


def _plain(text: str) -> str:
    return text


def ran(lines: list[Any]) -> Ran:
    """Executed lines as the twin's process tells them."""
    return {(str(file), str(name), int(first)): [*map(int, numbers)] for file, name, first, numbers in lines}
