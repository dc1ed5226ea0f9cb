"""Requirements of /health: it tells a load balancer within two seconds whether this process can serve."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from wsgiapp.shop import store


def test_a_shop_whose_database_answers_is_healthy(make_shop):
    client = make_shop().test_client()
    for method in ("GET", "HEAD"):
        answer = client.open("/health", method=method)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        assert "Set-Cookie" not in answer.headers and "Vary" not in answer.headers


def test_a_shop_whose_database_cannot_be_opened_is_not(make_shop, tmp_path):
    (tmp_path / "file").write_text("no folder")
    client = make_shop(DATABASE_URL=f"sqlite:///{tmp_path}/file/shop.db").test_client()
    assert client.get("/health").status_code == 503


def test_neither_is_one_whose_server_is_not_there(make_shop):
    began = time.monotonic()
    client = make_shop(DATABASE_URL="postgresql://shop@127.0.0.1:9/none", DATABASE_TIMEOUT=20).test_client()
    answer = client.get("/health")
    assert (answer.status_code, answer.text) == (503, "The database does not answer.\n")
    assert time.monotonic() - began < 2


def test_nor_one_whose_connections_are_all_in_use(make_shop):
    app = make_shop(DATABASE_TIMEOUT=20)
    busy = [app.extensions[store.EXTENSION].read_session() for _ in range(15)]
    began = time.monotonic()
    assert app.test_client().get("/health").status_code == 503
    assert time.monotonic() - began < 2
    for session in busy:
        session.close()
    assert app.test_client().get("/health").status_code == 200


@pytest.mark.skipif(not Path("/proc").exists(), reason="stops a process by its number, and finds it in /proc")
def test_nor_one_whose_server_is_silent(make_shop, postgresql_shop):
    app = make_shop(DATABASE_URL=postgresql_shop.restore(), DATABASE_TIMEOUT=20)
    client = app.test_client()
    assert client.get("/health").status_code == 200
    with app.extensions[store.EXTENSION].read_session() as session:
        server = session.connection().connection.driver_connection.info.backend_pid
    os.kill(server, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert client.get("/health").status_code == 503
        assert time.monotonic() - began < 2
    finally:
        os.kill(server, signal.SIGCONT)
        for thread in threading.enumerate():  # the answer comes late, to nobody
            if thread.name == "asking for the database's health":
                thread.join(5)
    assert client.get("/health").status_code == 200


def test_the_xray_has_no_room_for_it_unless_it_fails(make_shop):
    app = make_shop(XRAY=True, DEBUG=True)
    client = app.test_client()
    client.get("/health")
    client.get("/")
    assert [trace.path for trace in app.extensions["xray"].traces()] == ["/"]
