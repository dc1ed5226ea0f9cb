"""The X-ray: it records what happens in each request, layer by layer, without changing the request.

``XRay(app)`` watches one app, ``watch_all()`` every app that is made from then on. The last requests are kept in
:attr:`XRay.ring`. They are shown at ``/_xray`` and in the terminal, and can be exported. The framework does not
import the X-ray; only after a mistake (an error that nobody handled, while developing; a port in use) does it load, by
name, what explains that.

The modules and packages; each imports only from those before it, and docs/xray.md describes them:

* ``trace``: the data of one request, in plain classes
* ``redact``: removes secrets from texts and bodies
* ``objects``: names, places and short texts for objects of the app, without calling their methods
* ``cookie``: decodes session cookies
* ``access``: decides who may see the X-ray
* ``record``: notes what happens while a request runs
* ``sessions``: what became of the session of a request
* ``trace_builder``: makes a trace of a recording
* ``shared``: traces and the token that several processes of a server share
* ``explain``: why a rule matched, and what each step did
* ``twin``: sends the same request to the app on the ladder's last step
* ``show``: pages, terminal texts, exports
* ``pytest_plugin``, ``commands``: the option of pytest and the commands
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Callable, Iterable
from threading import Lock
from time import monotonic, sleep
from typing import Any, ClassVar

from wsgiapp import App

from .access import TOKEN_VARIABLE, Access, Allow
from .objects.guard import safely
from .record import instrumentation
from .record.recording import Recording
from .record.store import LIMIT, MAX_BYTES, Ring
from .record.watch import Watch
from .shared import Shared, SharingError
from .show.address import tell_address
from .show.pages import Pages
from .show.stock_pages import StockPages
from .trace import Trace
from .trace_builder import build_trace

__all__ = ["Trace", "XRay", "watch_all"]

EXTENSION = "xray"
#: So many seconds one waits for a request that is being kept.
MAX_WAIT_SECONDS = 1.0
_open: weakref.WeakSet[XRay] = weakref.WeakSet()


class XRay:
    """Watches an app.

    :param app: the app; None to give it later, by :meth:`init_app`.
    :param allow: who may see the X-ray: a function that takes the request, or addresses and networks that are treated
        like this machine. By default whoever is at this machine and has the token; see :mod:`.access`.
    :param token: the token, instead of a random one.
    :param prefix: the path of its pages.
    :param limit: how many requests are kept.
    :param max_bytes: how many bytes they may take together.
    :param explain_404: whether default 404 and 405 pages explain why no rule matched, to those who may see the X-ray.
        Only in this a watched app answers differently. See :mod:`.stock_pages`.
    :param static: whether requests for static files are kept too; otherwise only those that failed.
    :param editor: the address that opens a file in an editor, such as ``vscode://file/{path}:{line}``; by default
        that in the environment variable ``XRAY_EDITOR``.
    :param always: record in production too; see :mod:`.access`.
    """

    #: Whether it was made by :func:`watch_all`, and not by the app itself.
    automatic = False
    #: Functions that are called with the app and each recording that ends, of all X-rays.
    listeners: ClassVar[list[Callable[[Any, Recording], None]]] = []

    def __init__(
        self, app: Any = None, *, allow: Allow | Iterable[str] | None = None, token: str | None = None,
        prefix: str = "/_xray", limit: int = LIMIT, max_bytes: int = MAX_BYTES, explain_404: bool = True,
        always: bool = False, static: bool = False, editor: str | None = None,
    ) -> None:  # fmt: skip
        self.ring: Ring[Recording] = Ring(limit, max_bytes)
        self.prefix = prefix
        self._settings = (allow, token, always)
        self._explain_404 = explain_404
        self.shared: Shared | None = None
        #: Why the processes of the server do not share traces; empty if they do, or if there is only one.
        self.alone = ""
        self._sharing = Lock()
        self.static = static
        self.editor = editor
        self.app: Any = None
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Any) -> None:
        """Watch *app* from now on.

        :raises RuntimeError: when the app has an X-ray already, or this X-ray watches another app.
        """
        earlier = app.extensions.get(EXTENSION)
        if earlier is not None and earlier.automatic and self.app is None:
            earlier.remove()  # one that the app makes itself, with settings, replaces that of watch_all
        elif self.app is not None or earlier is not None:
            raise RuntimeError(f"{app.name!r} has an X-ray already, or this one has an app: make one X-ray for each.")
        self.app = app
        self.access = Access(app, *self._settings)
        self.watch = Watch(app, self._keep, self.access, self.prefix)
        self.watch.links_static, self.watch.share = self.static, self.share
        self.watch.pages = pages = Pages(self)
        self.watch.explain = StockPages(app, pages.app, self.prefix) if self._explain_404 else None
        app.extensions[EXTENSION] = self
        tell_address(app, self.access, self.prefix)
        instrumentation.open_all()
        _open.add(self)

    def _keep(self, recording: Recording) -> None:
        # PERF: the name is tested first, without a call (benchmarks/: xray).
        if self.static or str(getattr(recording.rule, "endpoint", ""))[-6:] != "static" or not recording.is_static():
            self.ring.add(recording)
            if self.shared is not None:
                safely(self._hand_over, recording)
        for listener in self.listeners:
            listener(self.app, recording)

    def share(self) -> Shared | None:
        """Return what the processes of this server share; None, and one message in the terminal, if they cannot."""
        with self._sharing:
            if self.shared is None and not self.alone:
                shared = Shared(self.app, self.ring.limit, self.ring.max_bytes)
                try:
                    token = shared.token(self.access.token)
                except SharingError as error:
                    self.alone = str(error)
                    sys.stderr.write(self._not_shared_message())
                else:
                    self.access.token = self.access.token if self.access.is_given else token
                    self.shared = shared
        return self.shared

    def _not_shared_message(self) -> str:
        given = self.access.is_given
        line = f"X-ray of {self.app.name}: each process of this server keeps traces{'' if given else ' and a token'}"
        hint = "" if given else f" {TOKEN_VARIABLE} gives all of them one token."
        return f"{line} of its own, since {self.alone}.{hint}\n"

    def _hand_over(self, recording: Recording) -> None:
        if self.shared is not None:
            self.shared.put(build_trace(recording, self.app), recording.marks_of_secrets)

    def remove(self) -> None:
        """Stop watching, and restore the app. The recorded requests are kept."""
        self.watch.remove()
        self.app.extensions.pop(EXTENSION, None)
        _open.discard(self)
        for other in _open:
            other.watch.interface = None  # makes it wrap the interface again: the two may have shared a wrapper
        if not _open:
            instrumentation.close_all()

    def traces(self) -> list[Trace]:
        """Return the kept requests, newest first; those of all processes if the server has several."""
        own = [build_trace(recording, self.app) for recording in self.ring]
        if self.shared is None:
            return own
        others = self.shared.traces({trace.id for trace in own})
        return sorted([*own, *others], key=lambda trace: trace.started, reverse=True)[: self.ring.limit]

    def clear(self) -> None:
        """Forget all kept requests."""
        self.ring.clear()
        if self.shared is not None:
            self.shared.clear()

    def running(self) -> list[Recording]:
        """Return the requests that have not ended, newest first."""
        return [recording for each in reversed([*self.watch.running.values()]) if (recording := each()) is not None]

    def newest(self) -> Trace | None:
        """Return the last request; None if none is kept."""
        recording = self.ring.newest()
        return build_trace(recording, self.app) if recording is not None else None

    def get(self, name: str) -> Trace | None:
        """Return the request with that id; None if it is not kept."""
        recording = self.ring.get(name)
        # A browser gets the answer, with the link to this request, before the server has finished it.
        until = monotonic() + MAX_WAIT_SECONDS
        while recording is None and monotonic() < until and any(each.id == name for each in self.running()):
            sleep(0.01)
            recording = self.ring.get(name)
        if recording is not None:
            return build_trace(recording, self.app)
        return self.shared.get(name) if self.shared is not None else None


def watch_all(**settings: Any) -> None:
    """Watch every app that is made from now on in this process; calling it again changes nothing.

    :param settings: those of :class:`XRay`.
    """
    plain = App.__init__
    if hasattr(plain, "watches"):
        return

    @functools.wraps(plain)
    def watched_init(self: App, *args: Any, **kwargs: Any) -> None:
        plain(self, *args, **kwargs)
        if not getattr(self, "unwatched", False):
            XRay(self, **settings).automatic = True

    watched_init.__dict__["watches"] = True
    setattr(App, "__init__", watched_init)  # noqa: B010  # mypy forbids the assignment that this is
