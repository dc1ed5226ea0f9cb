"""The data of one request: plain classes, which are made once and never changed.

Terminal, pages and exports read only these classes, which do not depend on how a request was recorded. Secrets in all
texts from a request or a response are replaced already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

#: The version of the shape that :meth:`Trace.as_dict` has; it grows when a field changes its meaning or goes.
FORMAT = 1

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Something that happened between two points of time, within another span or at the top.

    :ivar layer: the layer of :data:`wsgiapp.dispatch.LIFECYCLE` in which it happened.
    :ivar kind: ``layer`` for the layer's own step; ``hook``, ``view``, ``handler``, ``teardown`` for a function of the
        app's; ``signal``, ``template``, ``sql``, ``log``, ``error`` for what happened inside.
    :ivar name: what ran: a step such as ``App.dispatch_request``, a function's dotted name, a template's name, a
        statement, a message.
    :ivar where: ``file:line``; empty where there is none.
    :ivar parent: the place of the enclosing span in :attr:`Trace.spans`; None at the top.
    :ivar start: milliseconds since the request came in.
    :ivar wall: milliseconds that passed.
    :ivar cpu: milliseconds of them in which this thread computed; the rest it waited.
    :ivar did: what it did and changed, a sentence each.
    :ivar detail: more, by kind: ``context`` of a template, ``parameters`` of a statement, ``level`` of a log record.
    """

    layer: str
    kind: str
    name: str
    where: str
    parent: int | None
    start: float
    wall: float
    cpu: float
    did: tuple[str, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Header:
    """A header of the response, and the function that set it.

    :ivar layer: the layer that set the value it was sent with.
    :ivar by: the function that did.
    :ivar where: the function's ``file:line``.
    :ivar before: earlier values, oldest first, each as ``(value, layer, by, where)``.
    """

    name: str
    value: str
    layer: str
    by: str
    where: str
    before: tuple[tuple[str, str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of a request's or a response's body.

    :ivar size: how many there were; None when they were not counted (a file that the server sent itself).
    :ivar chunks: the size of each piece, in order; if there are very many, only the first ones.
    :ivar kept: the first 64 KB at most, secrets replaced.
    :ivar complete: whether all of it was kept.
    :ivar note: why something is missing, or empty.
    """

    size: int | None = 0
    chunks: tuple[int, ...] = ()
    kept: bytes = b""
    complete: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """The result of routing.

    :ivar rule: the rule that matched, such as ``/products/<int:id>``; None where none did.
    :ivar endpoint: its endpoint.
    :ivar arguments: the view's arguments, as text.
    :ivar methods: the methods that the rule allows.
    :ivar view: the view's dotted name, and :attr:`where` it is.
    :ivar by: ``tables`` or ``Werkzeug``: which of the two found it.
    :ivar refused: what routing raised, such as ``404 Not Found`` or a redirect; empty otherwise.
    """

    rule: str | None = None
    endpoint: str | None = None
    arguments: dict[str, str] = field(default_factory=dict)
    methods: tuple[str, ...] = ()
    view: str = ""
    where: str = ""
    by: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Cookie:
    """A session cookie, opened; never its signature and never a key.

    :ivar name: the cookie's name.
    :ivar signature: ``valid``, ``expired``, ``forged``, ``unreadable``, or ``unchecked`` where there is no key.
    :ivar key: which key signed it: ``SECRET_KEY`` or ``SECRET_KEY_FALLBACKS[i]``; empty where none did.
    :ivar signed: when, as ISO 8601 in UTC; empty where it cannot be read.
    :ivar age: seconds since then, at the time of the request; None where it cannot be read.
    :ivar compressed: whether the payload is deflated.
    :ivar payload: the JSON text inside, secrets replaced; empty where it cannot be read.
    :ivar data: what the text means, secrets replaced; None where it cannot be read.
    :ivar size: bytes of ``name=value``, out of the :attr:`limit` that browsers keep.
    :ivar problem: why it cannot be read or is not accepted; empty where all is well.
    """

    name: str
    signature: str
    key: str = ""
    signed: str = ""
    age: int | None = None
    compressed: bool = False
    payload: str = ""
    data: Any = None
    size: int = 0
    limit: int = 4093
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """How the session was read, changed and saved.

    :ivar interface: the class of the app's session interface.
    :ivar before: the cookie that came in, if one did.
    :ivar after: the cookie that went out, if one was set.
    :ivar opened: whether anyone touched the session.
    :ivar changed: keys that were ``added``, ``changed`` or ``removed``, by those words.
    :ivar note: what happened, in one sentence.
    :ivar own: whether the interface opens sessions in a way of its own, so that no cookie says what they have.
    """

    interface: str = ""
    before: Cookie | None = None
    after: Cookie | None = None
    opened: bool = False
    changed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    note: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception that was raised on the way.

    :ivar kind: its class, dotted.
    :ivar message: its text.
    :ivar where: ``file:line`` of the place that raised it.
    :ivar handled: the error handler that answered it, or empty.
    :ivar frames: the traceback, outermost first, as ``(where, function, source line)``.
    :ivar late: whether the head of the answer had been sent before.
    """

    kind: str
    message: str
    where: str
    handled: str = ""
    frames: tuple[tuple[str, str, str], ...] = ()
    late: bool = False


@dataclass(frozen=True, slots=True)
class Thread:
    """The thread and the process in which the request ran.

    :ivar gil: whether this Python runs one thread at a time.
    :ivar variables: the names of the context variables that had a value when the request was dispatched; none where it
        was not.
    :ivar has_cpu_clock: whether this Python can tell how long a thread computed; where it cannot, no time is "waited".
    """

    name: str = ""
    ident: int = 0
    process: int = 0
    gil: bool = True
    python: str = ""
    variables: tuple[str, ...] = ()
    has_cpu_clock: bool = True


@dataclass(frozen=True, slots=True)
class Trace:
    """One request, from the server's call to the last byte.

    :ivar id: the name under which it is kept: letters and digits.
    :ivar app: the app's name.
    :ivar source: ``server``, ``test client``, ``command line`` or ``replay``.
    :ivar started: when it came in, in seconds since 1970 (UTC).
    :ivar wall: milliseconds until the last byte was handed over; :attr:`cpu` those in which the thread computed.
    :ivar url: the full URL, secrets in its query replaced.
    :ivar environ: the texts of the WSGI environ, secrets replaced.
    :ivar spans: what happened, in the order of its beginning; ``spans[0]`` is the whole.
    :ivar sent_headers: what went to ``start_response``, in order, with blame.
    :ivar replay_of: the id of the request that this one repeats, or empty.
    :ivar notes: what the X-ray could not see, and why.
    :ivar lines: which lines ran, by file; known only where teaching mode asked for them.
    :ivar hide: takes out of a text that is read later what is secret in this request; no part of the data.
    """

    id: str
    app: str
    source: str
    started: float
    wall: float
    cpu: float
    method: str
    path: str
    query: str
    url: str
    protocol: str
    status: str
    environ: dict[str, str]
    headers: Pairs
    body: Body
    sent_headers: tuple[Header, ...]
    sent_body: Body
    spans: tuple[Span, ...]
    match: Match
    session: Session
    thread: Thread
    failures: tuple[Failure, ...] = ()
    signals: tuple[str, ...] = ()
    replay_of: str = ""
    notes: tuple[str, ...] = ()
    lines: dict[str, tuple[int, ...]] = field(default_factory=dict)
    hide: Callable[[str], str] = field(default=str, compare=False, repr=False)

    @property
    def status_code(self) -> int:
        """The status as a number; 0 for a request that never got an answer."""
        return int(self.status[:3]) if self.status[:3].isdigit() else 0

    @property
    def is_page(self) -> bool:
        """Whether the answer was a page of HTML, and no redirect."""
        kinds = [header.value for header in self.sent_headers if header.name.lower() == "content-type"]
        return any("html" in kind for kind in kinds) and self.status[:1] != "3"

    def children(self, parent: int | None) -> list[int]:
        """The places of the spans directly inside *parent*, in order."""
        return [number for number, span in enumerate(self.spans) if span.parent == parent]

    def depth(self, number: int) -> int:
        """How many spans enclose the span *number*."""
        parent = self.spans[number].parent
        return 0 if parent is None else 1 + self.depth(parent)

    def of_kind(self, kind: str) -> list[Span]:
        """The spans of one kind, such as ``sql``."""
        return [span for span in self.spans if span.kind == kind]

    def as_dict(self) -> dict[str, Any]:
        """The whole as values that JSON has; bodies as text, with ``\\xNN`` for bytes that are no UTF-8."""
        content = asdict(replace(self, hide=str))
        del content["hide"]
        for key in ("body", "sent_body"):
            content[key]["kept"] = content[key]["kept"].decode("utf-8", "backslashreplace")
        return {"format": FORMAT, **content}
