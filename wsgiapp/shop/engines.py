"""Shop layer 2: connections to SQLite and PostgreSQL that behave alike.

How long anything may wait, how a transaction begins, and the one gate for text on its way into a database. Tables
and sessions do not belong here.
"""

from __future__ import annotations

import math
import queue
import re
import sqlite3
import threading
import time
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

POOL_SIZE, POOL_OVERFLOW = 5, 10
LEAST_WAIT = 0.05  # seconds: who comes late still gets a lock that is free
_deadline: ContextVar[float | None] = ContextVar("the deadline of what this thread waits for", default=None)
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


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
    """Return an engine for ``url`` on which nothing waits longer than ``timeout`` seconds.

    `wait_until` ends the waiting earlier. Execution options: ``shop_writes`` lets a transaction write from its start,
    ``shop_migrates`` lets it rebuild tables that others refer to.
    """
    pool = {"pool_size": POOL_SIZE, "max_overflow": POOL_OVERFLOW, "pool_timeout": timeout}
    if url.get_backend_name() == "sqlite":
        Path(url.database or "").absolute().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": timeout}, **pool)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        milliseconds = int(timeout * 1000)
        options = f"-c lock_timeout={milliseconds} -c statement_timeout={milliseconds}"
        connect_args = {"connect_timeout": max(2, math.ceil(timeout)), "options": options}
        engine = create_engine(url, pool_pre_ping=True, connect_args=connect_args, **pool)
        event.listen(engine, "do_connect", _connect_in_time)
        event.listen(engine, "begin", _begin_server)
    event.listen(engine, "before_cursor_execute", _replace_unstorable, retval=True)
    return engine.execution_options(shop_timeout=timeout)


def wait_until(deadline: float) -> None:
    """Let nothing in this thread or greenlet wait longer than to this time of the monotonic clock."""
    _deadline.set(deadline)


def seconds_left(deadline: float) -> float:
    """Return how long one may still wait."""
    return max(LEAST_WAIT, deadline - time.monotonic())


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late to protect what was read before
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {_milliseconds_left(options)}")
    if options.get("shop_migrates"):  # dropping the old copy of a table would delete the rows that refer to it
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("shop_writes") else "BEGIN")


def _begin_server(connection: Connection) -> None:
    options = connection.get_execution_options()
    left = _milliseconds_left(options)
    if left < options["shop_timeout"] * 900:  # the rest was used up by waiting: worth a round trip
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {left}; SET LOCAL statement_timeout = {left}")


def _milliseconds_left(options: Any) -> int:
    deadline, timeout = _deadline.get(), float(options["shop_timeout"])
    return int(1000 * (timeout if deadline is None else min(timeout, seconds_left(deadline))))


def _connect_in_time(dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
    """Connect to a server, or give up at the deadline: the driver itself would wait for two seconds or more."""
    made: queue.SimpleQueue[Any] = queue.SimpleQueue()
    given_up = threading.Event()

    def connect() -> None:
        try:
            connection = dialect.connect(*arguments, **options)
        except Exception as error:
            made.put(error)
            return
        made.put(connection)
        if given_up.is_set():
            connection.close()

    threading.Thread(target=connect, daemon=True, name="connecting to the database").start()
    deadline = _deadline.get()
    try:
        found = made.get(timeout=None if deadline is None else seconds_left(deadline))
    except queue.Empty:
        given_up.set()
        if not made.empty():  # it came between the two lines above
            made.get().close()
        raise dialect.loaded_dbapi.OperationalError("the server did not answer in time") from None
    if isinstance(found, Exception):
        raise found
    return found


def _replace_unstorable(
    _connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
) -> tuple[str, Any]:
    """Replace NUL and lone surrogates, which no database of ours can hold, in every text: the search finds nothing."""
    is_many = isinstance(parameters, list)
    return statement, [_storable(row) for row in parameters] if is_many else _storable(parameters)


def _storable(row: Any) -> Any:
    """Return a row of parameters, the same object when nothing is wrong with it."""
    values = row.values() if isinstance(row, dict) else row
    if not any(isinstance(value, str) and UNSTORABLE.search(value) for value in values):
        return row
    cleaned = [UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else value for value in values]
    return dict(zip(row, cleaned, strict=True)) if isinstance(row, dict) else type(row)(cleaned)
