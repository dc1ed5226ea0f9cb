"""Shop layer 4: how often something may be tried.

Counts in the database, so that all processes count together. What is limited, and by what (a name, an address, a
user), is decided by the caller.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session
from werkzeug.exceptions import TooManyRequests

from wsgiapp.shop import store
from wsgiapp.shop.models import Attempt, now

MAX_ROWS = 10_000
MAX_COUNT = 1_000_000
# One sentence that both databases understand; two at once count two.
COUNT = text(
    "INSERT INTO attempt (key, count, until) VALUES (:key, 1, :until) ON CONFLICT (key) DO UPDATE SET "
    "count = CASE WHEN attempt.until <= :now THEN 1 WHEN attempt.count < :most THEN attempt.count + 1 "
    "ELSE attempt.count END, "
    "until = CASE WHEN attempt.until <= :now THEN excluded.until ELSE attempt.until END "
    "RETURNING count, until"
)


def key_of(kind: str, *parts: object) -> str:
    """Return the key under which tries of one kind are counted: a hash, since parts may be long or private."""
    text = "\n".join([kind, *map(str, parts)])
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def count(key: str, limit: int, window: int, what: str) -> None:
    """Count one more try under ``key``. It is counted before it is made, so that the limit holds for simultaneous
    tries.

    :param what: what there were too many of, for the answer.
    :raises TooManyRequests: (429) after ``limit`` tries within ``window`` seconds; it says how long to wait.
    """
    moment = now()
    with store.writing() as db:
        values = {"key": key, "now": moment, "until": moment + window, "most": MAX_COUNT}
        number, until = db.execute(COUNT, values).one()
    if number == 1:  # a new row or a new window: now and then the moment to tidy up
        with store.writing() as db:
            _forget(db, moment)
    if number > limit:
        seconds = max(1, until - moment)
        raise TooManyRequests(f"Too many {what}. Please wait {duration(seconds)}.", retry_after=seconds)


def give_back(key: str, *, wholly: bool = False) -> None:
    """Take the last try under ``key`` off the count, or all of them."""
    with store.writing() as db:
        if wholly:
            db.execute(delete(Attempt).where(Attempt.key == key))
        else:
            db.execute(text("UPDATE attempt SET count = count - 1 WHERE key = :key AND count > 0"), {"key": key})


def duration(seconds: int) -> str:
    """Return ``seconds`` as people say it, rounded up: ``1 second``, ``5 minutes``, ``2 hours``."""
    for size, name in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds > size or size == 1:
            number = -(-seconds // size)
            return f"{number} {name}" if number == 1 else f"{number} {name}s"
    raise AssertionError("the smallest unit holds every number")


def _forget(db: Session, moment: int) -> None:
    """Keep the table small: what is out of date goes, and of the rest the oldest when there are too many."""
    # Rows that another transaction holds are left to it: two that tidy up at once never wait for each other.
    old = select(Attempt.key).where(Attempt.until <= moment).with_for_update(skip_locked=True)
    db.execute(delete(Attempt).where(Attempt.key.in_(old)))
    excess = (db.scalar(select(func.count()).select_from(Attempt)) or 0) - MAX_ROWS
    if excess > 0:
        oldest = select(Attempt.key).order_by(Attempt.until).limit(excess).with_for_update(skip_locked=True)
        db.execute(delete(Attempt).where(Attempt.key.in_(oldest)))
