"""Shop layer 3: the database of one application.

The engine, its set-up for SQLite and PostgreSQL, the making and seeding of the tables, and the two ways in:
``reading()``, one session for the whole request, and ``writing()``, one transaction. Queries live with whoever asks
them; answers to the browser do not belong here.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, inspect, make_url, text
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.security import generate_password_hash

from wsgiapp import App, current_app, g
from wsgiapp.shop.catalogue import OPINIONS, PRODUCTS
from wsgiapp.shop.models import Base, Product, Review, User

EXTENSION = "wsgiapp.shop.store"
DEMO_NAME, DEMO_PASSWORD = "demo", "workbench"
HASH_METHOD = "scrypt:32768:8:1"
SEEDING_LOCK = 5_309_113
PATIENCE_AT_START = 5.0


@dataclass(frozen=True)
class _Opened:
    """Everything that belongs to one process and must not survive a fork."""

    pid: int
    engine: Engine
    read: sessionmaker[Session]
    write: sessionmaker[Session]


class Store:
    """The database of one application, opened at the first use in each process.

    Two requests that use it first at the same moment wait for each other; so do two processes, which leave it to one
    of them to make and fill the tables. A process forked from one that had it open opens its own.
    """

    def __init__(self, url: str, *, timeout: float, demo: bool) -> None:
        self.url = normalise_url(url)
        self.timeout = timeout
        self.demo = demo
        self._lock = threading.Lock()
        self._opened: _Opened | None = None

    def read_session(self) -> Session:
        """Return a new session for reading; the caller closes it."""
        return self._open().read()

    def write_session(self) -> Session:
        """Return a new session whose transaction may write from its first statement; the caller closes it."""
        return self._open().write()

    def dispose(self) -> None:
        """Close every connection of this process. The store may be used again and then opens afresh."""
        with self._lock:
            if self._opened is not None:
                self._opened.engine.dispose(close=self._opened.pid == os.getpid())
            self._opened = None

    def _open(self) -> _Opened:
        opened = self._opened
        if opened is not None and opened.pid == os.getpid():
            return opened
        if not self._lock.acquire(timeout=self.timeout):
            raise exc.TimeoutError("another thread is still opening the database")
        try:
            if self._opened is None or self._opened.pid != os.getpid():
                self._opened = self._connect()
            return self._opened
        finally:
            self._lock.release()

    def _connect(self) -> _Opened:
        if self._opened is not None:
            self._opened.engine.dispose(close=False)
        engine = make_engine(self.url, self.timeout)
        try:
            _prepare(engine, demo=self.demo)
        except BaseException:
            engine.dispose()
            raise
        writer = engine.execution_options(shop_writes=True)
        return _Opened(
            os.getpid(),
            engine,
            sessionmaker(engine, expire_on_commit=False),
            sessionmaker(writer, expire_on_commit=False),
        )


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
    """Return the request's session for reading, opened at the first call."""
    session: Session | None = g.get("shop_session")
    if session is None:
        session = g.shop_session = current_store().read_session()
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
    with current_store().write_session() as session, session.begin():
        yield session


def normalise_url(url: str) -> URL:
    """Return ``url`` as SQLAlchemy takes it, with psycopg for PostgreSQL.

    Raises ``ValueError`` for an SQLite database in memory, which every connection would see empty.
    """
    parsed = make_url(url)
    if parsed.drivername in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ValueError(f"DATABASE_URL is {url!r}, but the shop needs an SQLite file: sqlite:////path/to/shop.db")
    return parsed


def make_engine(url: URL, timeout: float) -> Engine:
    """Return an engine for ``url`` on which nothing waits longer than ``timeout`` seconds."""
    if url.get_backend_name() == "sqlite":
        Path(url.database or "").absolute().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        engine = create_engine(url, pool_timeout=timeout, connect_args={"timeout": timeout})
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    milliseconds = int(timeout * 1000)
    options = f"-c lock_timeout={milliseconds} -c statement_timeout={milliseconds}"
    connect_args = {"connect_timeout": max(2, round(timeout)), "options": options}
    return create_engine(url, pool_timeout=timeout, pool_pre_ping=True, connect_args=connect_args)


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late to protect what was read before
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("shop_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare(engine: Engine, *, demo: bool) -> None:
    """Make and fill the tables unless they are there; of several processes one does it and the others wait."""
    deadline = time.monotonic() + PATIENCE_AT_START
    while True:
        try:
            with engine.connect() as connection:
                complete = not _missing_tables(connection)
            if not complete:
                _create(engine, demo=demo)
            return
        except exc.OperationalError as error:
            # SQLite answers at once, not after the time-out, to whoever loses the race to switch a new file to WAL.
            if getattr(error.orig, "sqlite_errorname", "") != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _missing_tables(connection: Connection) -> set[str]:
    return set(Base.metadata.tables) - set(inspect(connection).get_table_names())


def _create(engine: Engine, *, demo: bool) -> None:
    password_hash = generate_password_hash(DEMO_PASSWORD, HASH_METHOD) if demo else None
    with engine.execution_options(shop_writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SEEDING_LOCK})
        is_new = Product.__tablename__ in _missing_tables(connection)
        Base.metadata.create_all(connection)
        if is_new:
            with Session(connection) as session:
                _seed(session, password_hash)
                session.flush()


def _seed(session: Session, demo_password_hash: str | None) -> None:
    now = int(time.time())
    products = {item.name: Product(**item._asdict()) for item in PRODUCTS}
    for opinion in OPINIONS:
        fields = {"author": opinion.author, "rating": opinion.rating, "text": opinion.text}
        products[opinion.product].reviews.append(Review(**fields, created_at=now - opinion.day * 86_400))
    session.add_all(products.values())
    if demo_password_hash:
        session.add(User(name=DEMO_NAME, password_hash=demo_password_hash, is_demo=True))
