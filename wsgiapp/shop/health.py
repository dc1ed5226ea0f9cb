"""Shop layer 4: whether this process can serve visitors, for a load balancer that asks at /health.

It asks the database for a connection and one answer. No session, no page, nothing that a visitor sees.
"""

from __future__ import annotations

import queue
import threading
import time

from sqlalchemy import text

from wsgiapp import Blueprint, Response, current_app
from wsgiapp.shop import store

LONGEST = 1.5  # seconds for the database, so that the answer is there within two

bp = Blueprint("health", __name__)


# The X-ray keeps no room for what ends in "static" unless it fails: what is asked every few seconds would push out
# everything else.
@bp.get("/health", endpoint="static")
def show() -> Response:
    """Answer 200 when the database answers, 503 when it does not."""
    problem = what_is_wrong()
    if problem is not None:
        current_app.logger.error("The database does not answer: %s", problem)
    status, answer = (200, "ok") if problem is None else (503, "The database does not answer.")
    return Response(f"{answer}\n", status, {"Cache-Control": "no-store"}, content_type="text/plain; charset=utf-8")


def what_is_wrong() -> str | None:
    """Return why the database does not answer in time, None when it does."""
    said: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    # In a thread of its own: a server that is gone without a word keeps a connection waiting longer than any time-out
    # of the database. No more threads wait than there are places for connections.
    arguments = (store.current_store(), time.monotonic() + LONGEST, said)
    threading.Thread(target=_ask, args=arguments, daemon=True, name="asking for the database's health").start()
    try:
        return said.get(timeout=LONGEST + 0.2)
    except queue.Empty:
        return "it was asked, and was silent"


def _ask(database: store.Store, deadline: float, said: queue.SimpleQueue[str | None]) -> None:
    try:
        with database.read_session(deadline) as session:
            session.execute(text("SELECT 1"))
    except Exception as error:
        said.put(str(error))
    else:
        said.put(None)
