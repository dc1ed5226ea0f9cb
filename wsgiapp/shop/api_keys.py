"""Shop layer 4: requests to the API that are done once, kept in the database, so that all processes share them.

``wsgiapp.rest.idempotency`` says what is kept and when, and holds the keys of one user apart from another's; here their
number is bounded.
"""

from __future__ import annotations

from sqlalchemy import delete, func, select, text, update

from wsgiapp.rest.idempotency import Kept
from wsgiapp.shop import store
from wsgiapp.shop.models import IdempotencyKey, now

KEPT_SECONDS = 86_400
WORK_SECONDS = 60  # a request that is still at work after that has ended without a word, with its process
MAX_ROWS = 10_000
# One sentence that both databases understand: of two that begin at once, one begins.
BEGIN = text(
    "INSERT INTO idempotency_key (key, fingerprint, until) VALUES (:key, :fingerprint, :until) "
    "ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, answer = NULL, until = excluded.until "
    "WHERE idempotency_key.until <= :now RETURNING key"
)


class DatabaseKeys:
    """Keeps keys in the database of the current app; see `wsgiapp.rest.idempotency.Keys`."""

    def begin(self, key: str, fingerprint: str) -> Kept | None:
        """Return what is known of ``key``; None, and from then on this request, when nothing is."""
        moment = now()
        with store.writing() as db:
            values = {"key": key, "fingerprint": fingerprint, "until": moment + WORK_SECONDS, "now": moment}
            if db.execute(BEGIN, values).first() is None:
                known = db.get_one(IdempotencyKey, key)
                return Kept(known.fingerprint, known.answer)
            # Rows that another transaction holds are left to it: two that tidy up at once never wait for each other.
            old = select(IdempotencyKey.key).where(IdempotencyKey.until <= moment).with_for_update(skip_locked=True)
            db.execute(delete(IdempotencyKey).where(IdempotencyKey.key.in_(old)))
            excess = (db.scalar(select(func.count()).select_from(IdempotencyKey)) or 0) - MAX_ROWS
            if excess > 0:
                oldest = select(IdempotencyKey.key).where(IdempotencyKey.key != key).order_by(IdempotencyKey.until)
                oldest = oldest.limit(excess).with_for_update(skip_locked=True)
                db.execute(delete(IdempotencyKey).where(IdempotencyKey.key.in_(oldest)))
        return None

    def finish(self, key: str, answer: str | None) -> None:
        """Keep the answer to the request of ``key``, or forget the key."""
        row = IdempotencyKey.key == key
        with store.writing() as db:
            if answer is None:
                db.execute(delete(IdempotencyKey).where(row))
            else:
                db.execute(update(IdempotencyKey).where(row).values(answer=answer, until=now() + KEPT_SECONDS))
