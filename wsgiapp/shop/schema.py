"""Shop layer 2: the version of the schema, and the way from an older one to this one.

Decides what a database is (empty, an older shop's, this shop's, a newer shop's, somebody else's) and upgrades it in
place, under the database's own lock. The versions themselves are in ``migrations``.
"""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.orm import Session

from wsgiapp.shop.engines import wait_until

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "shop_schema"
VERSIONS = ("0001", "0002", "0003")
FIRST, NEWEST = VERSIONS[0], VERSIONS[-1]
LOCK = 5_309_113
# What the first shop made, which wrote down no version.
FIRST_TABLES = {
    "product": {"id", "name", "category", "summary", "description", "price_cents", "stock", "picture", "version"},
    "review": {"id", "product_id", "author", "rating", "text", "created_at"},
    "shop_user": {"id", "name", "password_hash", "is_demo"},
    "login_attempts": {"key", "count", "since"},
}
OURS = {*FIRST_TABLES, "category", "attempt", "shop_order", "order_line", "idempotency_key"}


class SchemaError(RuntimeError):
    """The database is not one that this version of the shop can work with; the message says what to do."""


def version_of(connection: Connection) -> str | None:
    """Return the version of the shop's schema in a database, None where the shop has no table in it yet.

    Raises ``SchemaError`` when a newer shop or another program made the tables.
    """
    tables = set(inspect(connection).get_table_names())
    if VERSION_TABLE in tables:
        found = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - our own name
        if found not in VERSIONS:
            raise SchemaError(
                f"{_place(connection)} has schema {found}, made by a newer shop. This is wsgiapp "
                f"{importlib.metadata.version('wsgiapp')}, which knows the schemas up to {NEWEST}: install the newer "
                "version again, or restore the copy of the database that was made before it."
            )
        return str(found)
    taken = tables & OURS
    if not taken:
        return None
    if taken == set(FIRST_TABLES) and all(_columns(connection, name) == FIRST_TABLES[name] for name in taken):
        return FIRST
    raise SchemaError(
        f"{_place(connection)} holds tables that another program made: {', '.join(sorted(taken))}. "
        "Give the shop a database of its own, and name it in DATABASE_URL."
    )


def _columns(connection: Connection, table: str) -> set[str]:
    return {column["name"] for column in inspect(connection).get_columns(table)}


def _place(connection: Connection) -> str:
    return f"The database {connection.engine.url.render_as_string(hide_password=True)}"


def upgrade(engine: Engine, fill: Callable[[Session], None]) -> None:
    """Bring the database of ``engine`` to `NEWEST` and, when it was empty, ``fill`` it; all of it or nothing.

    Of several processes one does the work, the others wait for it as long as the engine's time-out allows. The engine
    is for this alone: its connection does not watch foreign keys.
    """
    # Alembic costs time to import, which a shop whose schema is the newest need not spend.
    from alembic import command
    from alembic.config import Config

    wait_until(time.monotonic() + engine.get_execution_options()["shop_timeout"])
    with engine.execution_options(shop_writes=True, shop_migrates=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            connection.execute(text("SET LOCAL statement_timeout = 0"))
        version = version_of(connection)
        if version == NEWEST:
            return
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes |= {"connection": connection, "version_table": VERSION_TABLE}
        if version == FIRST and not inspect(connection).has_table(VERSION_TABLE):
            command.stamp(config, FIRST)
        command.upgrade(config, NEWEST)
        if version is None:
            with Session(connection) as session:
                fill(session)
                session.flush()
