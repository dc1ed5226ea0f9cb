"""Recording: the notes on one request while it runs, few and cheap.

A :class:`Recording` is a list of events in the order of their ends, each with a begin and an end. Everything else is
computed later, by ``trace_builder``, when somebody looks at the request. What came from outside is redacted before it
is kept. ``watch`` decides what is noted, and ``access`` who may see it.
"""

from __future__ import annotations

import contextvars
import secrets
import time as clocks
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import count
from operator import itemgetter
from sys import getsizeof
from threading import current_thread, local
from time import perf_counter_ns as clock
from time import time
from typing import Any

from wsgiapp.xray import redact
from wsgiapp.xray.trace import Cookie, Failure

#: Bytes of a body that are kept; events, chunks and characters of a text, too.
MAX_BODY = 64 * 1024
MAX_EVENTS = 2_000
MAX_CHUNKS = 1_000
MAX_TEXT = 4_000
#: A longer number cannot be a text (sys.set_int_max_str_digits).
MAX_BITS = 2_000
#: Bytes that the events of one request may take, about; heads of a response that are kept.
MAX_NOTED = 512 * 1024
MAX_HEADS = 100
# Reading the CPU's clock costs ten times what the wall clock does: within this many nanoseconds of the last reading it
# is not asked, and the thread is taken to have computed.
CPU_RESOLUTION = 100_000
#: Whether there is a clock of what one thread computes; Python for WebAssembly may have none.
HAS_CPU_CLOCK = hasattr(clocks, "thread_time_ns")
# Without one a thread counts as computing all the time, and pages and texts say so (Thread.has_cpu_clock).
cpu_clock: Callable[[], int] = getattr(clocks, "thread_time_ns", clock)

_VALUE = itemgetter(1)


class _CurrentThread(local):
    """The current thread, looked up only once in each thread."""

    def __init__(self) -> None:
        thread = current_thread()
        self.thread = (thread.name, thread.ident or 0)


_here = _CurrentThread()


class Step:
    """A step of a request: its layer, and its name in :data:`wsgiapp.dispatch.LIFECYCLE`."""

    # PERF: each is equal only to itself, so that a tuple of them has its hash at once (benchmarks/: xray).
    __slots__ = ("layer", "name")

    def __init__(self, layer: str, name: str) -> None:
        self.layer = layer
        self.name = name


#: Begin and end (:func:`time.perf_counter_ns`), kind, layer or "", what ran (a function or a text), more by kind.
Event = tuple[int, int, str, str, Any, Any]


class How:
    """How a function or a template of the app's ended, where it did not simply return."""

    RAISED, RETURNED, REPLACED, RESTATED = "raised", "returned", "replaced", "restated"


current: contextvars.ContextVar[Recording] = contextvars.ContextVar("wsgiapp.xray")
_numbers = count(1)
#: The kinds of events that are timed apart from the layer in which they happen.
TIMED = frozenset({"sql", "template"})
_process = secrets.token_hex(4)


class Recording:
    """One request while it runs, and after.

    :param app: the app's name.
    :param environ: the WSGI environ; what is kept of it is redacted.
    """

    # PERF: rarely used attributes are on the class, and set on a recording only when needed (benchmarks/: xray).
    source = "server"
    replay_of = status = ""
    #: When the head was sent, and when the last byte was.
    head_at = ended = 0
    head: list[tuple[str, str]] = []  # noqa: RUF012  # replaced, never changed
    #: The request context, until the request ends.
    ctx: Any = None
    interface = ""
    #: Whether the interface opens sessions in a way of its own.
    own_session = False
    opened = False
    #: Whether the client sent a valid pass; see :meth:`.Access.remove_pass`.
    has_pass = False
    cookies: tuple[Cookie | None, Cookie | None] = (None, None)
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    #: The names of the context variables that had a value when the request was dispatched.
    variables: tuple[str, ...] = ()
    matched_by = ""
    rule: Any = None
    arguments: dict[str, str] = {}  # noqa: RUF012  # the same
    refused = ""
    #: Whether the view was reached.
    reached_view = False
    #: Whether another response left the hooks than the one that they were given.
    replaced = False
    #: Whether OPTIONS was answered without a view.
    automatic = False
    #: Events of other threads that run in a copy of this request's context, each with the name of the thread.
    thread_events: tuple[tuple[Event, str], ...] = ()
    #: The names of the headers in the tuple that the view returned, in lower case.
    header_names: tuple[str, ...] = ()
    #: Whether an event has a time that is not counted for its layer, such as that of a template.
    has_inner_times = False
    #: About how many bytes the events take, and how many events were dropped because there was no room.
    noted_bytes = dropped = 0
    #: The environ, until the request ends; the secret values that were found; and later hashes that recognize them.
    raw: Any = None
    secrets: redact.Values | None = None
    marks_of_secrets: frozenset[tuple[int, int]] = frozenset()
    #: Whether the session was changed.
    modified = False
    #: Which lines ran, by file; known only where teaching mode asked for them.
    lines: dict[str, tuple[int, ...]] = {}  # noqa: RUF012  # replaced, never changed
    #: When each failure was noted.
    failed_at: tuple[int, ...] = ()

    def __init__(self, app: str, environ: dict[str, Any]) -> None:
        self.begun = now = clock()
        #: What the wall's clock and the CPU's said, by turns.
        self.samples = [now, cpu_clock()]
        self.due = now + CPU_RESOLUTION
        self.started = time()
        self._number = next(_numbers)
        self.app = app
        # PERF: times and steps by turns in one list keep no tuple for each (benchmarks/: xray).
        #: The steps of the road, each until the next: when it began, then which it was.
        self.marks: list[Any] = []
        self.events: list[Event] = []
        #: The headers as they were after each step that could change them: who, layer, and the list.
        self.heads: list[tuple[Any, str, list[tuple[str, str]]]] = []
        #: What is kept of the environ.
        self.kept = redact.environ(environ)
        self.received = self.sent = _NOTHING
        self.thread = _here.thread

    def sample(self, now: int) -> None:
        """Read the CPU's clock."""
        self.samples += (now, cpu_clock())
        self.due = now + CPU_RESOLUTION

    def note(self, begin: int, kind: str, layer: str, what: Any, more: Any = None, size: int = 0) -> None:
        """Add an event that began at *begin* and ends now.

        :param size: about how many bytes *what* and *more* take.
        """
        end = clock()
        if end > self.due:
            self.sample(end)
        events = self.events
        if self.ended:  # a thread may outlive the request whose context it was given
            return
        if len(events) + len(self.thread_events) < MAX_EVENTS and self.noted_bytes + size < MAX_NOTED:
            if kind != "stream" and _here.thread is not self.thread:
                self.thread_events = (*self.thread_events, ((begin, end, kind, "", what, more), current_thread().name))
                self.noted_bytes += size + 250
                return
            events.append((begin, end, kind, layer, what, more))
            if layer or kind in TIMED:
                self.has_inner_times = True
            self.noted_bytes += size
        else:
            self.dropped += 1

    def secret(self, value: Any) -> None:
        """Remember a value that has a secret's name, to remove it everywhere."""
        if type(value) is str or (type(value) is int and value.bit_length() < MAX_BITS):
            if self.secrets is None:
                self.secrets = redact.Values()
            self.secrets.add(str(value))

    def taken(self, raw: str, shown: str, is_cookie: bool = False) -> None:
        """Remember the texts that are in *raw* and were removed from *shown*."""
        if self.secrets is None:
            self.secrets = redact.Values()
        self.secrets.between(raw, shown, is_cookie)

    def text(self, raw: str, content_type: str = "text/plain") -> str:
        """Return a text without its secrets, and remember them."""
        shown = redact.text(raw, content_type)
        if shown != raw and redact.is_redacted(shown):
            self.taken(raw, shown)
        return shown

    def keep_head(self, who: Any, layer: str, response: Any) -> None:
        """Note the headers of *response* as *who* left them."""
        try:
            unread = getattr(response, "_headers", response) is None  # then reading them would make an object of them
            head = response._head if unread else response.headers
            if len(self.heads) < MAX_HEADS:
                self.heads.append((who, layer, [*head][:MAX_HEADS]))
        except Exception:  # noqa: S110  # a class of the app's own may have headers of another kind, or none
            pass

    def is_here(self) -> bool:
        """Say whether the current thread is the one in which the request began."""
        return _here.thread is self.thread

    def is_static(self) -> bool:
        """Whether the app has answered with one of its static files."""
        rule = self.rule if self.ctx is None else self.ctx.request.url_rule
        return rule is not None and f".{rule.endpoint}".endswith(".static") and self.status[:1] in "23"

    def cost(self) -> int:
        """Return about how many bytes the recording takes."""
        _, values, treated = self.kept
        try:
            environ = getsizeof("".join(values))
        except TypeError:  # a server's number among them
            environ = sum(map(len, self.environ.values()))
        if treated:
            environ += getsizeof("".join(treated.values()))
        received, sent = self.received, self.sent
        bodies = len(received.kept) + len(sent.kept) + 36 * (len(received.chunks) + len(sent.chunks))
        others = getsizeof("".join(map(_VALUE, self.head)))
        if self.heads:
            others += sum(map(getsizeof, {value for _, _, head in self.heads for _, value in head}))
            others += sum([300 + 150 * len(head) for _, _, head in self.heads])
        for failure in self.failures:
            others += 600 * len(failure.frames) + getsizeof(failure.message)
        for cookie in self.cookies:
            others += 4 * len(cookie.payload) if cookie is not None else 0
        return 6_000 + 250 * len(self.events) + self.noted_bytes + environ + bodies + others

    @property
    def id(self) -> str:
        """The name by which it is known."""
        return f"{_process}{self._number:x}"

    @property
    def environ(self) -> dict[str, str]:
        """The texts of the environ, without their secrets."""
        return redact.texts(self.kept)


class Stream:
    """Bytes that pass by: how many, in what pieces, and the first of them."""

    __slots__ = ("chunks", "kept", "note", "pieces", "size")

    def __init__(self, kept: bytes | bytearray = b"", chunks: list[int] | None = None, size: int | None = 0) -> None:
        self.kept = kept
        self.chunks = [] if chunks is None else chunks
        self.size = size
        self.note = ""
        self.pieces = len(self.chunks)

    @classmethod
    def of(cls, chunks: Sequence[bytes]) -> Stream:
        """All of it at once."""
        stream = cls()
        for chunk in chunks:
            stream.add(chunk)
        return stream

    def add(self, chunk: Any) -> None:
        """Note one piece; what is no piece of bytes is for the server to refuse."""
        if type(chunk) is not bytes:
            if not isinstance(chunk, (bytearray, memoryview)):
                return
            chunk = bytes(chunk)
        length = len(chunk)
        self.size = (self.size or 0) + length
        self.pieces += 1
        if self.pieces <= MAX_CHUNKS:
            self.chunks.append(length)
        room = MAX_BODY - len(self.kept)
        if room > 0:
            if not self.kept:
                self.kept = chunk[:room]
            else:
                # PERF: bytes would be copied for each of many small pieces (tests/xray/test_harmlessness.py).
                if type(self.kept) is bytes:
                    self.kept = bytearray(self.kept)
                self.kept += chunk[:room]


_NOTHING = Stream()  # what most requests send, and never changed


class Input:
    """A request's body that notes what is read of it; everything else about it is the server's own."""

    def __init__(self, body: Any, stream: Stream) -> None:
        self._body = body
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._body, name)
        if name == "read1":
            return lambda *size: self._noted(found(*size))
        return partial(self._into, found) if name in ("readinto", "readinto1") else found

    def _into(self, read: Callable[[Any], int | None], buffer: Any) -> int | None:
        size = read(buffer)
        self._noted(memoryview(buffer)[: size or 0])
        return size

    def _noted(self, chunk: Any) -> Any:
        if chunk:
            self._stream.add(chunk)
        return chunk

    def read(self, *size: int) -> bytes:
        """Read as the body does."""
        chunk: bytes = self._noted(self._body.read(*size))
        return chunk

    def readline(self, *size: int) -> bytes:
        """Read a line as the body does."""
        line: bytes = self._noted(self._body.readline(*size))
        return line

    def readlines(self, *hint: int) -> list[bytes]:
        """Read lines as the body does."""
        return [self._noted(line) for line in self._body.readlines(*hint)]

    def __iter__(self) -> Iterator[bytes]:
        return map(self._noted, self._body)


class Output(Iterator[bytes]):
    """A response's body that notes what passes; the recording ends when it is closed.

    Between two chunks nothing is current, so that other requests of the thread are never taken for this one.

    :param body: what the app returned.
    :param recording: the request's.
    :param finish: called once, at the end.
    :param failed: called with what making a chunk raised.
    """

    def __init__(
        self, body: Iterable[bytes], recording: Recording, finish: Callable[[Recording], None],
        failed: Callable[[Recording, BaseException], None],
    ) -> None:  # fmt: skip
        self._body = body
        self._chunks: Any = None
        self._recording = recording
        self._finish: Callable[[Recording], None] | None = finish
        self._failed = failed

    def _within(self, call: Callable[[], Any], how: str) -> Any:
        token = current.set(self._recording)
        begin = clock()
        try:
            result = call()
        except StopIteration:
            how = "end"
            raise
        except BaseException as error:
            how = "failed"
            self._failed(self._recording, error)
            raise
        finally:
            current.reset(token)
            self._recording.note(begin, "stream", "send", "Response.__call__", how)
        return result

    def _next(self) -> Any:
        if self._chunks is None:  # as a server would: not before the first piece is wanted
            self._chunks = iter(self._body)
        return next(self._chunks)

    def __next__(self) -> bytes:
        chunk: bytes = self._within(self._next, "piece")
        self._recording.sent.add(chunk)
        return chunk

    def close(self) -> None:
        """Close the app's body, as PEP 3333 asks, and end the recording."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                self._within(close, "close")
        finally:
            finish, self._finish = self._finish, None
            if finish is not None:
                finish(self._recording)
