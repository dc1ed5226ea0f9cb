"""Requirements of the data: made and seeded by itself, shared by processes, never lost, absent without harm."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

import wsgiapp
from servers import HOST
from wsgiapp.shop import create_app, engines, settings, store
from wsgiapp.shop.engines import POOL_OVERFLOW, POOL_SIZE
from wsgiapp.shop.models import Product

PROCESS = """
import json, sys
from wsgiapp.shop import create_app
app = create_app({"INSTANCE_PATH": sys.argv[1], "DATABASE_TIMEOUT": 20})
sys.stdin.readline()
client = app.test_client()
shown = client.get("/api/products?limit=100")
client.get("/cart")
print(json.dumps([shown.status_code, len(shown.json["items"]), app.secret_key]))
"""


def start(folder):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(wsgiapp.__file__).parents[1]), *sys.path])}
    command = [sys.executable, "-c", PROCESS, str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def test_two_processes_that_start_at_once_seed_one_shop_and_share_one_key(tmp_path):
    folder = tmp_path / "instance"
    processes = [start(folder) for _ in range(2)]
    time.sleep(1.5)  # both have imported and stand at the line
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [json.loads(process.communicate(timeout=30)[0]) for process in processes]
    assert answers[0] == answers[1]
    assert answers[0][:2] == [200, 24]
    assert (folder / "secret_key").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in folder.iterdir() if path.suffix == "") == ["secret_key"]


def test_seeding_happens_once_even_if_everything_is_sold(make_shop, api_of):
    api = api_of(make_shop())
    for number in range(1, 25):
        api.call("DELETE", f"/{number}")
    assert api_of(make_shop()).call("GET").json["items"] == []


def test_threads_that_come_first_together_find_a_shop_each(tmp_path):
    app = create_app({"INSTANCE_PATH": str(tmp_path), "DATABASE_TIMEOUT": 20})
    counts = []

    def ask():
        counts.append(len(app.test_client().get("/api/products?limit=99").json["items"]))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    app.extensions[store.EXTENSION].dispose()
    assert counts == [24] * 6


def test_making_an_application_touches_no_file(tmp_path):
    create_app({"INSTANCE_PATH": str(tmp_path / "instance")})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_opens_the_database_for_itself(make_shop):
    shop = make_shop()
    own = shop.extensions[store.EXTENSION]
    with own.read_session() as session:
        pool = session.get_bind().pool
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with own.read_session() as session:
            os.write(writer, b"shared" if session.get_bind().pool is pool else b"own")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 10) == b"own"
    os.close(reader)
    os.close(writer)
    assert shop.test_client().get("/").status_code == 200


@pytest.mark.sqlite
def test_the_database_itself_refuses_impossible_rows(make_shop, tmp_path):
    make_shop().test_client().get("/")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as direct:
        for change in ("price_cents = -1", "stock = -1", "stock = 100001", "name = ''"):
            with pytest.raises(sqlite3.IntegrityError):
                direct.execute(f"UPDATE product SET {change} WHERE id = 1")


@pytest.mark.sqlite
@pytest.mark.xdist_group("cost")
def test_a_locked_database_is_503_within_two_seconds_and_then_as_before(make_shop, api_of, tmp_path):
    api = api_of(make_shop(DATABASE_TIMEOUT=0.3))
    api.call("GET", "/1")
    with closing(sqlite3.connect(tmp_path / "shop.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begin = time.monotonic()
        response = api.call("PATCH", "/1", body={"stock": 1})
        assert time.monotonic() - begin < 2
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert response.mimetype == "application/problem+json"
        assert api.call("GET", "/1").json["stock"] == 14
        other.execute("ROLLBACK")
    assert api.call("PATCH", "/1", body={"stock": 1}).status_code == 200


@contextmanager
def locked(database, tmp_path, request):
    """Nobody else can change products until the end of the block."""
    if database == "sqlite":
        with closing(sqlite3.connect(tmp_path / "shop.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
        return
    with request.getfixturevalue("cluster").connect("shop") as other, other.transaction():
        other.execute("LOCK TABLE product IN EXCLUSIVE MODE")
        yield


@pytest.mark.xdist_group("cost")
def test_whatever_queues_before_it_a_request_waits_no_longer_than_the_time_out(
    make_shop, api_of, database, tmp_path, request
):
    shop = make_shop(DATABASE_TIMEOUT=1.0)
    api_of(shop).call("GET", "/1")
    answers = []

    def write():
        begin = time.monotonic()
        response = api_of(shop).call("PATCH", "/1", body={"stock": 1})
        answers.append((response.status_code, "Retry-After" in response.headers, time.monotonic() - begin))

    threads = [threading.Thread(target=write) for _ in range(2 * (POOL_SIZE + POOL_OVERFLOW))]
    with locked(database, tmp_path, request):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {answer[:2] for answer in answers} == {(503, True)}
    assert max(seconds for *_, seconds in answers) < 1.8  # a time-out that counted twice would be two seconds
    assert api_of(shop).call("PATCH", "/1", body={"stock": 1}).status_code == 200


@pytest.mark.sqlite
@pytest.mark.xdist_group("cost")
def test_a_server_that_does_not_answer_is_503_in_time(tmp_path):
    with socket.create_server((HOST, 0)) as silent:
        url = f"postgresql://shop@{HOST}:{silent.getsockname()[1]}/shop"
        shop = create_app({"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": url, "DATABASE_TIMEOUT": 0.4})
        begin = time.monotonic()
        response = shop.test_client().get("/")
        assert time.monotonic() - begin < 1.5  # the driver alone would wait for two seconds
    assert (response.status_code, "Retry-After" in response.headers) == (503, True)


def test_a_connection_that_comes_too_late_is_closed(monkeypatch):
    closed, late = threading.Event(), SimpleNamespace(close=lambda: closed.set())
    dialect = SimpleNamespace(connect=lambda: time.sleep(0.3) or late, loaded_dbapi=sqlite3)
    engines.wait_until(time.monotonic() + 0.1)
    with pytest.raises(sqlite3.OperationalError, match="did not answer in time"):
        engines._connect_in_time(dialect, None, (), {})
    assert closed.wait(5)


def test_a_database_that_cannot_be_opened_is_503_on_pages_too(make_shop, visit, tmp_path):
    (tmp_path / "folder").mkdir()
    visitor = visit(make_shop(DATABASE_URL=f"sqlite:///{tmp_path / 'folder'}"))
    for path in ("/", "/products/1"):
        response = visitor.get(path)
        assert (response.status_code, response.mimetype) == (503, "text/html")
        assert "Retry-After" in response.headers
    assert visitor.get("/login").status_code == 200


def test_a_write_that_fails_half_way_leaves_nothing(make_shop):
    def sell_and_fail():
        with store.writing() as db:
            db.get(Product, 1).stock = 7
            db.flush()
            raise ZeroDivisionError

    with make_shop().app_context():
        with pytest.raises(ZeroDivisionError):
            sell_and_fail()
        assert store.reading().get(Product, 1).stock == 14


def test_every_connection_is_given_back(make_shop, visit, api_of):
    shop = make_shop()
    visitor, api = visit(shop), api_of(shop)
    for _ in range(20):
        visitor.get("/products/1")
        api.call("PATCH", "/1", body={"stock": 3})
        api.call("PATCH", "/1", body={"stock": -3})
        visitor.get("/nowhere")
    with shop.extensions[store.EXTENSION].read_session() as session:
        assert session.get_bind().pool.checkedout() == 0


# -- settings


def test_the_environment_is_heard_and_outranked_by_the_caller(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "12345")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/env.db")
    monkeypatch.setenv("SHOP_SESSION_COOKIE_SECURE", "true")
    monkeypatch.setenv("SHOP_LOGIN_LIMIT", "3")
    app = create_app({"INSTANCE_PATH": str(tmp_path), "LOGIN_LIMIT": 9})
    assert app.secret_key == "12345"
    assert app.config["DATABASE_URL"].endswith("env.db")
    assert app.config["SESSION_COOKIE_SECURE"] is True
    assert app.config["LOGIN_LIMIT"] == 9


def test_the_known_password_is_for_a_file_of_ones_own_only(tmp_path):
    local = create_app({"INSTANCE_PATH": str(tmp_path)})
    server = create_app({"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": "postgresql://db/shop"})
    assert (local.config["DEMO"], server.config["DEMO"]) == (True, False)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused_with_advice(tmp_path, url):
    with pytest.raises(ValueError, match="needs an SQLite file"):
        create_app({"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": url})


@pytest.mark.parametrize("url", ["postgres://u:p@db/shop", "postgresql://u:p@db/shop"])
def test_postgresql_is_spoken_with_psycopg(url):
    assert engines.normalise_url(url).drivername == "postgresql+psycopg"


def test_a_session_outlives_the_process_that_signed_it(make_shop, visit):
    first, second = visit(make_shop()), visit(make_shop())
    first.send("/cart/add", product_id=1)
    second.client.set_cookie("session", first.client.get_cookie("session").value)
    assert "Heron Task Lamp" in second.get("/cart").text


def test_a_secret_that_cannot_be_kept_is_an_error_that_helps(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RuntimeError, match="set SECRET_KEY in the environment"):
        settings.stored_secret(str(tmp_path / "file"), "secret_key")


def test_a_secret_is_random_and_long(tmp_path):
    one, other = (settings.stored_secret(str(tmp_path / name), "secret_key") for name in ("a", "b"))
    assert one != other
    assert len(bytes.fromhex(one)) == 32
