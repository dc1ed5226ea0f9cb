"""Stores: where the things of a resource are kept.

What a resource asks of a store is written here as two protocols; :class:`MemoryStore` is the one for tests and
lessons. The one for databases is in :mod:`.sql`, which needs SQLAlchemy.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

Fields = Mapping[str, Any]
Place = tuple[Any, ...]


@dataclass(frozen=True)
class Stored:
    """One thing as it is kept.

    ``fields`` are the model's, as Python values; ``tag`` names this state of it, and no other (an entity tag without
    its quotes); ``row`` is what the store itself has, for rules that must look at more than the fields; ``shown`` are
    the values that are shown and never sent.
    """

    id: int
    fields: Fields
    tag: str
    row: Any = None
    shown: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class Query:
    """Which things are wanted, and in which order.

    :param limit: at most so many.
    :param order: names of fields, each with whether it descends; the last is ``id``, so that no two are alike.
    :param equal: the values that fields must have.
    :param search: words, each of which must occur in one of the fields ``searched``; upper and lower case are alike.
    :param place: the values of the fields of ``order`` at some thing; only what lies beyond it is wanted.
    :param backwards: take the last of them instead of the first (those before ``place``), still in order.
    """

    limit: int
    order: tuple[tuple[str, bool], ...] = (("id", False),)
    equal: Fields = field(default_factory=dict)
    search: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    place: Place | None = None
    backwards: bool = False


class UnstorableError(ValueError):
    """The store cannot hold a value that the model lets through, such as a number that is too large for it."""


class ConflictError(ValueError):
    """Somebody else was faster, or the value is at odds with another thing, such as a name that is taken."""


class Writer(Protocol):
    """Changes things within one transaction."""

    def get(self, id: int) -> Stored | None:
        """Return the thing, which nobody else can change before the transaction ends; None when there is none."""
        ...

    def create(self, fields: Fields) -> Stored:
        """Keep a new thing. Its id was never given before."""
        ...

    def replace(self, stored: Stored, fields: Fields) -> Stored:
        """Set the fields of a thing that :meth:`get` returned."""
        ...

    def delete(self, stored: Stored) -> None:
        """Remove a thing that :meth:`get` returned."""
        ...


class Store(Protocol):
    """What a resource asks of a store."""

    def get(self, id: int) -> Stored | None:
        """Return the thing with this id; None when there is none."""
        ...

    def find(self, query: Query) -> list[Stored]:
        """Return the things that ``query`` asks for, in its order."""
        ...

    def writing(self) -> AbstractContextManager[Writer]:
        """Return one transaction: kept when its block ends, undone when the block raises."""
        ...


class MemoryStore:
    """Keeps things in the memory of this process, for tests and lessons: they end with it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._things: dict[int, Stored] = {}
        self._last = 0

    def get(self, id: int) -> Stored | None:
        """Return the thing with this id; None when there is none."""
        return self._things.get(id)

    def find(self, query: Query) -> list[Stored]:
        """Return the things that ``query`` asks for, in its order."""
        with self._lock:
            things = [*self._things.values()]
        return chosen(things, query)

    @contextmanager
    def writing(self) -> Iterator[MemoryStore]:
        """Hold all others off for the block, and undo what it did when it raises."""
        with self._lock:
            before = dict(self._things)
            try:
                yield self
            except BaseException:
                self._things = before
                raise

    def create(self, fields: Fields) -> Stored:
        """Keep a new thing. Its id was never given before."""
        self._last += 1
        return self._keep(self._last, 1, fields)

    def replace(self, stored: Stored, fields: Fields) -> Stored:
        """Set the fields of a thing; the same fields again are no change."""
        same = stored.fields == fields
        return stored if same else self._keep(stored.id, int(stored.tag.rpartition("-")[2]) + 1, fields)

    def delete(self, stored: Stored) -> None:
        """Remove a thing."""
        del self._things[stored.id]

    def _keep(self, id: int, version: int, fields: Fields) -> Stored:
        self._things[id] = Stored(id, dict(fields), f"{id}-{version}")
        return self._things[id]


def chosen(things: Iterable[Stored], query: Query) -> list[Stored]:
    """Return of ``things`` those that ``query`` asks for, in its order: for a store that has them all at hand."""
    found = [thing for thing in things if _matches(thing, query)]
    for name, descends in reversed(query.order):
        found.sort(key=_value(name), reverse=descends)
    if query.place is not None:
        beyond = -1 if query.backwards else 1
        found = [thing for thing in found if _compare(thing, query) == beyond]
    return found[-query.limit :] if query.backwards else found[: query.limit]


def _value(name: str) -> Callable[[Stored], Any]:
    return lambda thing: thing.id if name == "id" else thing.fields[name]


def _matches(thing: Stored, query: Query) -> bool:
    if any(_value(name)(thing) != value for name, value in query.equal.items()):
        return False
    texts = [str(thing.fields[name]).casefold() for name in query.searched]
    return all(any(word.casefold() in text for text in texts) for word in query.search)


def _compare(thing: Stored, query: Query) -> int:
    """Return on which side of the query's place a thing lies: -1 before, 0 at it, 1 beyond."""
    for (name, descends), there in zip(query.order, query.place or (), strict=True):
        here = _value(name)(thing)
        if here != there:
            return 1 if (here > there) != descends else -1
    return 0
