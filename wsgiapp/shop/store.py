"""Shop layer 3: the database of one application.

Opening it, and the two ways in: ``reading()``, one session for the whole request, and ``writing()``, one transaction.
Both share one deadline for all that a request waits for. Queries are in the modules that need them; answers to
the browser do not belong here.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, exc
from sqlalchemy.orm import Session

from wsgiapp import App, current_app, g
from wsgiapp.shop import schema, seed
from wsgiapp.shop.engines import POOL_OVERFLOW, POOL_SIZE, make_engine, normalise_url, seconds_left, wait_until

EXTENSION = "wsgiapp.shop.store"
DEMO_NAME, DEMO_PASSWORD = seed.DEMO_NAME, seed.DEMO_PASSWORD
HASH_METHOD = "scrypt:32768:8:1"


class PatientSession(Session):
    """A session that holds one of as many places as there are connections, until it is closed.

    So the pool itself lets nobody wait: what is waited for is the place, and it counts towards the deadline.
    """

    def __init__(self, engine: Engine, places: threading.BoundedSemaphore, deadline: float) -> None:
        self._places: threading.BoundedSemaphore | None = None
        if not places.acquire(timeout=seconds_left(deadline)):
            raise exc.TimeoutError("every connection to the database is in use")
        self._places = places
        super().__init__(engine, expire_on_commit=False)

    def close(self) -> None:
        """Give the connection and the place back."""
        super().close()
        places, self._places = self._places, None
        if places is not None:
            places.release()


def _new_places() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(POOL_SIZE + POOL_OVERFLOW)


@dataclass(frozen=True)
class _Opened:
    """Everything that belongs to one process and must not survive a fork."""

    pid: int
    engine: Engine
    writer: Engine
    places: threading.BoundedSemaphore = field(default_factory=_new_places)


class Store:
    """The database of one application, opened at the first use in each process.

    Two requests that use it first at the same moment wait for each other; so do two processes, which leave it to one
    of them to make or upgrade the tables. A process forked from one that had it open opens its own.
    """

    def __init__(self, url: str, *, timeout: float, demo: bool) -> None:
        self.url = normalise_url(url)
        self.timeout = timeout
        self.demo = demo
        self._lock = threading.Lock()
        self._opened: _Opened | None = None

    def deadline(self) -> float:
        """Return until when a request that begins now may wait."""
        return time.monotonic() + self.timeout

    def read_session(self, deadline: float | None = None) -> PatientSession:
        """Return a new session for reading; the caller closes it."""
        return self._session(deadline or self.deadline(), writes=False)

    def write_session(self, deadline: float | None = None) -> PatientSession:
        """Return a new session whose transaction may write from its first statement; the caller closes it."""
        return self._session(deadline or self.deadline(), writes=True)

    def dispose(self) -> None:
        """Close every connection of this process. The store may be used again and then opens afresh."""
        with self._lock:
            if self._opened is not None:
                self._opened.engine.dispose(close=self._opened.pid == os.getpid())
            self._opened = None

    def _session(self, deadline: float, *, writes: bool) -> PatientSession:
        opened = self._open(deadline)
        wait_until(deadline)
        return PatientSession(opened.writer if writes else opened.engine, opened.places, deadline)

    def _open(self, deadline: float) -> _Opened:
        opened = self._opened
        if opened is not None and opened.pid == os.getpid():
            return opened
        if not self._lock.acquire(timeout=seconds_left(deadline)):
            raise exc.TimeoutError("another thread is still opening the database")
        try:
            if self._opened is None or self._opened.pid != os.getpid():
                self._opened = self._connect(deadline)
            return self._opened
        finally:
            self._lock.release()

    def _connect(self, deadline: float) -> _Opened:
        if self._opened is not None:
            self._opened.engine.dispose(close=False)
        engine = make_engine(self.url, self.timeout)
        try:
            while not self._is_ready(engine, deadline):
                time.sleep(0.05)
        except BaseException:
            engine.dispose()
            raise
        return _Opened(os.getpid(), engine, engine.execution_options(shop_writes=True))

    def _is_ready(self, engine: Engine, deadline: float) -> bool:
        """Tell whether the schema is the newest, upgrading it if it is not; False says that trying again may help."""
        try:
            wait_until(deadline)
            with engine.connect() as connection:
                version = schema.version_of(connection)
            if version != schema.NEWEST:
                self._upgrade()
            return True
        except exc.OperationalError as error:
            # SQLite answers at once, not after the time-out, to whoever loses the race to switch a new file to WAL.
            if getattr(error.orig, "sqlite_errorname", "") != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            return False

    def _upgrade(self) -> None:
        # Whatever waited before, the upgrade itself may wait for its lock as long as anything: it is asked for once.
        demo = seed.demo_user(HASH_METHOD) if self.demo else None  # before the lock: a slow hash keeps nobody waiting
        engine = make_engine(self.url, self.timeout)
        try:
            schema.upgrade(engine, lambda session: seed.fill(session, demo))
        finally:
            engine.dispose()


def init_app(app: App) -> None:
    """Give ``app`` its store and close the session of each request when its context ends."""
    config = app.config
    app.extensions[EXTENSION] = Store(config["DATABASE_URL"], timeout=config["DATABASE_TIMEOUT"], demo=config["DEMO"])
    app.teardown_appcontext(lambda _error: end_reading())


def current_store() -> Store:
    """Return the store of the current application."""
    store: Store = current_app.extensions[EXTENSION]
    return store


def reading() -> Session:
    """Return the request's session for reading, opened at the first call; within ``writing()`` it is that one's."""
    session: Session | None = g.get("shop_writing") or g.get("shop_session")
    if session is None:
        session = g.shop_session = current_store().read_session(_deadline())
    return session


def end_reading() -> None:
    """Give the request's reading connection back, if there is one; what was loaded stays usable."""
    session: Session | None = g.pop("shop_session", None)
    if session is not None:
        session.close()


@contextmanager
def writing() -> Iterator[Session]:
    """Run the block in one transaction: committed at its end, undone when it raises.

    The transaction may write from the start, so what the block reads first cannot change under it. The reading
    session is closed before: a request never holds two connections.
    """
    end_reading()
    with current_store().write_session(_deadline()) as session, session.begin():
        g.shop_writing = session
        try:
            yield session
        finally:
            g.pop("shop_writing", None)


def _deadline() -> float:
    """Return the deadline of this request, which begins when it first needs the database."""
    deadline: Any = g.get("shop_deadline")
    if deadline is None:
        deadline = g.shop_deadline = current_store().deadline()
    return float(deadline)
