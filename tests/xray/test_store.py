"""The ring: bounded in number and in bytes, whatever is put into it."""

from __future__ import annotations

import gc
import logging
import sys
import threading
import tracemalloc
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy
from werkzeug.test import create_environ

from wsgiapp import App, session
from wsgiapp.xray import XRay
from wsgiapp.xray.record.recording import MAX_BODY
from wsgiapp.xray.record.store import LIMIT, MAX_BYTES, Ring


@dataclass
class Entry:
    id: str
    bytes: int = 100

    def cost(self) -> int:
        return self.bytes


def test_the_newest_are_kept_and_come_first() -> None:
    ring: Ring[Entry] = Ring(limit=3)
    for number in range(5):
        ring.add(Entry(str(number)))
    assert [entry.id for entry in ring] == ["4", "3", "2"]
    newest = ring.newest()
    assert newest is not None and newest.id == "4"
    assert ring.get("3") is not None and ring.get("0") is None


def test_the_oldest_leave_when_all_are_too_big_together() -> None:
    ring: Ring[Entry] = Ring(limit=10, max_bytes=1_000)
    for number in range(4):
        ring.add(Entry(str(number), 400))
    assert [entry.id for entry in ring] == ["3", "2"] and ring.size == 800


def test_the_newest_stays_whatever_it_takes() -> None:
    ring: Ring[Entry] = Ring(max_bytes=10)
    ring.add(Entry("big", 1_000_000))
    assert len(ring) == 1
    ring.add(Entry("small", 1))
    assert [entry.id for entry in ring] == ["small"]


def test_forgetting_leaves_nothing() -> None:
    ring: Ring[Entry] = Ring()
    ring.add(Entry("1"))
    ring.clear()
    assert len(ring) == 0 and ring.size == 0 and ring.newest() is None


def test_threads_may_add_and_read_at_once() -> None:
    ring: Ring[Entry] = Ring(limit=20)

    def fill(name: int) -> None:
        for number in range(500):
            ring.add(Entry(f"{name}-{number}"))
            list(ring)

    threads = [threading.Thread(target=fill, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ring) == 20 and ring.size == 2_000


def test_ten_thousand_requests_take_no_more_than_fifty() -> None:
    app = App(__name__)
    app.testing = True
    app.add_url_rule("/<path:name>", "page", lambda name: name * 10)
    xray = XRay(app)
    ask(app, "/warm")
    sizes = []
    for number in range(10_000):
        ask(app, f"/page-{number:05}")
        if number in (200, 9_999):
            sizes.append(xray.ring.size)
    assert len(xray.ring) == LIMIT
    assert sizes[1] <= sizes[0] * 1.01


@pytest.mark.xdist_group("cost")
def test_memory_does_not_grow_over_ten_thousand_requests() -> None:
    """Each request has a path, a body, a session and a log record of its own; some have an error.

    Blocks of memory are counted over all of them, bytes over some: counting bytes makes each four times as slow.
    """
    app = App(__name__)
    app.secret_key, app.testing = "key", True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.logger.disabled = True

    @app.route("/<path:name>", methods=["POST"])
    def page(name: str) -> str:
        session["name"] = name
        logging.getLogger("growth").info("at %s", name)
        return str({}[name]) if name.endswith("77") else name

    XRay(app)
    blocks, held = [], []
    try:
        for number in range(10_001):
            ask(app, f"/{'x' * (number % 7)}{number}", method="POST", data=b"a=%d" % number)
            if number == 800:
                tracemalloc.start()
            if number in (1_000, 1_700, 2_400):
                gc.collect()
                held.append(tracemalloc.get_traced_memory()[0])
            if number == 2_400:
                tracemalloc.stop()
            if number in (1_000, 5_000, 10_000):
                gc.collect()
                blocks.append(sys.getallocatedblocks())
    finally:
        tracemalloc.stop()
    assert held[2] - held[0] < 50_000 and held[2] - held[1] < 50_000, held
    assert blocks[2] - blocks[0] < 2_000 and blocks[2] - blocks[1] < 1_000, blocks  # less than one in four requests


def ask(app: App, path: str, **options: Any) -> None:
    """One request, as a server makes it."""
    body = app(create_environ(path, **options), start)
    getattr(body, "close", lambda: None)()


def start(status: str, headers: Any, exc_info: Any = None) -> Any:
    """A server's start_response that keeps nothing."""


@pytest.mark.xdist_group("cost")
@pytest.mark.parametrize("fill", ["log", "environ", "sql", "stream", "head"])
def test_what_a_request_says_of_its_own_is_counted(monkeypatch: pytest.MonkeyPatch, fill: str) -> None:
    app = App(__name__)
    app.testing = True
    app.logger.disabled = True
    logger = logging.getLogger("long")
    # Else pytest writes out and keeps each of thousands of long records.
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "handlers", [logging.NullHandler()])
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.NullPool)

    @app.get("/")
    def index() -> Any:
        for number in range(300 if fill == "log" else 0):
            logger.warning("%s %s", number, wide)
        with engine.connect() as connection:
            for number in range(300 if fill == "sql" else 0):
                connection.execute(sqlalchemy.text(f"SELECT {number} -- {wide}"))
        if fill == "head":
            return "", {f"X-{number}": f"{number} " + "z" * 8_000 for number in range(90)}
        return iter([b"z" * 3_000] * 1_000) if fill == "stream" else ""

    xray, client = XRay(app, limit=100), app.test_client()
    wide = "\u2026" * 5_000
    requests = {"environ": 90, "stream": 28}.get(fill, 18)  # what fills the ring, and a few more
    tracemalloc.start()
    try:
        for _ in range(requests):
            response = client.get("/", headers=[(f"X-{n}", "v" * 8_000) for n in range(100 * (fill == "environ"))])
            response.get_data()
            response.close()
        del response
        gc.collect()
        counted, before = xray.ring.size, tracemalloc.get_traced_memory()[0]
        assert counted <= MAX_BYTES and len(xray.ring) < requests
        xray.ring.clear()
        gc.collect()
        assert before - tracemalloc.get_traced_memory()[0] <= 1.3 * counted
    finally:
        tracemalloc.stop()


def test_large_bodies_are_cut_and_all_of_them_stay_within_eight_megabytes() -> None:
    app = App(__name__)
    app.testing = True
    app.add_url_rule("/", "index", lambda: "x" * 1_000_000, methods=["POST"])
    xray, client = XRay(app, limit=500), app.test_client()
    for _ in range(200):
        client.post("/", data=b"y" * 200_000)
    trace = xray.newest()
    assert trace is not None and trace.sent_body.size == 1_000_000
    assert len(trace.sent_body.kept) <= MAX_BODY and not trace.sent_body.complete
    assert xray.ring.size <= MAX_BYTES and len(xray.ring) < 200
