"""A store in a database, by SQLAlchemy.

Sessions and their transactions belong to the app, which hands over how it opens them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exc, false, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from .stores import ConflictError, Fields, Query, Stored, UnstorableError

MAX_ID = 2**31 - 1
CONFLICT = "Someone else changed this at the same moment, or it is at odds with what is there. Read it again first."
UNSTORABLE = "The database cannot hold one of the values: it is too large, or has a character that no text may have."


def tag_of(row: Any) -> str:
    """Return the entity tag of a row: its id and its version."""
    return f"{row.id}-{row.version}"


def nothing() -> Fields:
    """Return no columns."""
    return {}


@dataclass(frozen=True)
class SQLStore:
    """Keeps things as the rows of a mapped class.

    The class has a column for each field of the model, a whole number ``id`` as its primary key that is never given
    twice, and a ``version`` that SQLAlchemy counts (``version_id_col``), of which the entity tags are made.

    :param table: the mapped class.
    :param names: the names of the model's fields.
    :param reading: returns the session for reading; the app closes it.
    :param writing_session: a transaction, as a context manager that gives its session.
    :param matching: begins the query from the words that are searched for; without it, each word must occur in one of
        the searched columns, where case is ignored as the database does it (SQLite: for ASCII alone).
    :param given: returns the columns that the server sets when a row is made, such as who made it.
    :param shown: the read-only fields of the resource, each with how its value is made of a row.
    :param tag: returns the entity tag of a row, where more than its ``version`` decides on what is shown.
    """

    table: type[Any]
    names: Sequence[str]
    reading: Callable[[], Session]
    writing_session: Callable[[], AbstractContextManager[Session]]
    matching: Callable[[str], Select[Any]] | None = None
    given: Callable[[], Fields] = nothing
    shown: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    tag: Callable[[Any], str] = tag_of

    def get(self, id: int) -> Stored | None:
        """Return the thing with this id; None when there is none."""
        row = self.reading().get(self.table, id) if id <= MAX_ID else None
        return None if row is None else self.stored(row)

    def find(self, query: Query) -> list[Stored]:
        """Return the things that ``query`` asks for, in its order; none where no row can hold what is asked for."""
        session = self.reading()
        try:
            rows = list(session.scalars(self._statement(query)))
        except (exc.DataError, OverflowError):
            session.rollback()
            return []
        if query.backwards:
            rows.reverse()
        return [self.stored(row) for row in rows]

    def stored(self, row: Any) -> Stored:
        """Return a row as a resource sees it."""
        fields = {name: getattr(row, name) for name in self.names}
        return Stored(row.id, fields, self.tag(row), row, {name: value(row) for name, value in self.shown.items()})

    @contextmanager
    def writing(self) -> Iterator[SQLWriter]:
        """Return one transaction.

        :raises UnstorableError: when the database cannot hold a value.
        :raises ConflictError: when a row changed meanwhile, or a constraint of the database does not hold.
        """
        try:
            with self.writing_session() as session:
                yield SQLWriter(session, self)
        except (exc.DataError, OverflowError):
            raise UnstorableError(UNSTORABLE) from None
        except (exc.IntegrityError, StaleDataError):
            raise ConflictError(CONFLICT) from None

    def _statement(self, query: Query) -> Select[Any]:
        if self.matching is not None:
            statement = self.matching(" ".join(query.search))
        else:
            statement = select(self.table)
            for word in query.search:
                columns = [getattr(self.table, name) for name in query.searched]
                statement = statement.where(or_(*(column.icontains(word, autoescape=True) for column in columns)))
        for name, value in query.equal.items():
            statement = statement.where(getattr(self.table, name) == value)
        if query.place is not None:
            statement = statement.where(self._beyond(query))
        order = [(getattr(self.table, name), descends != query.backwards) for name, descends in query.order]
        by = [column.desc() if descends else column.asc() for column, descends in order]
        return statement.order_by(*by).limit(query.limit)

    def _beyond(self, query: Query) -> ColumnElement[bool]:
        """Return what is true of the rows after the query's place, or before it when the query runs backwards."""
        alternatives: list[ColumnElement[bool]] = []
        alike: list[ColumnElement[bool]] = []
        for (name, descends), value in zip(query.order, query.place or (), strict=True):
            column = getattr(self.table, name)
            alternatives.append(and_(*alike, column < value if descends != query.backwards else column > value))
            alike.append(column == value)
        return or_(false(), *alternatives)


@dataclass(frozen=True)
class SQLWriter:
    """Changes rows within one transaction."""

    session: Session
    store: SQLStore

    def get(self, id: int) -> Stored | None:
        """Return the thing, locked until the transaction ends; None when there is none."""
        row = self.session.get(self.store.table, id, with_for_update=True) if id <= MAX_ID else None
        return None if row is None else self.store.stored(row)

    def create(self, fields: Fields) -> Stored:
        """Keep a new thing."""
        row = self.store.table(**fields, **self.store.given())
        self.session.add(row)
        return self._flushed(row)

    def replace(self, stored: Stored, fields: Fields) -> Stored:
        """Set the fields of a thing; SQLAlchemy counts it as a change when one differs."""
        for name, value in fields.items():
            setattr(stored.row, name, value)
        return self._flushed(stored.row)

    def delete(self, stored: Stored) -> None:
        """Remove a thing."""
        self.session.delete(stored.row)

    def _flushed(self, row: Any) -> Stored:
        self.session.flush()
        return self.store.stored(row)
