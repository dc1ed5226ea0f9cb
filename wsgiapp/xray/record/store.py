"""The ring in which recordings are kept: the last few, within a bound of bytes, safe among threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from threading import Lock
from typing import Generic, Protocol, TypeVar

#: How many requests are kept, and how many bytes of them together.
LIMIT = 50
MAX_BYTES = 8 * 1024 * 1024


class Sized(Protocol):
    """What a ring can hold."""

    @property
    def id(self) -> str:
        """The name by which it is asked for."""
        ...

    def cost(self) -> int:
        """About how many bytes it takes."""
        ...


T = TypeVar("T", bound=Sized)


class Ring(Generic[T]):
    """The newest recordings; the oldest leave when there are too many, or when they are too big together.

    :param limit: how many are kept.
    :param max_bytes: bytes that they may take together; the newest is kept whatever it takes.
    """

    def __init__(self, limit: int = LIMIT, max_bytes: int = MAX_BYTES) -> None:
        self.limit = limit
        self.max_bytes = max_bytes
        self._kept: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._lock = Lock()

    def add(self, entry: T) -> None:
        """Keep *entry*, and let go of what there is no room for."""
        cost = entry.cost()
        with self._lock:
            self._kept.append((entry, cost))
            self._bytes += cost
            while len(self._kept) > self.limit or (self._bytes > self.max_bytes and len(self._kept) > 1):
                self._bytes -= self._kept.popleft()[1]

    def get(self, name: str) -> T | None:
        """The entry of that id; None when it is gone, or never was."""
        return next((entry for entry in self if entry.id == name), None)

    def newest(self) -> T | None:
        """The entry that came last."""
        return next(iter(self), None)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def __iter__(self) -> Iterator[T]:
        """The entries, newest first, as they are now."""
        with self._lock:
            now = [entry for entry, _ in self._kept]
        return reversed(now)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """The bytes that the entries take together, about."""
        return self._bytes
