"""Requirements of the schema: made at once, upgraded in place, and what does not fit is named as such."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from wsgiapp.shop import create_app, schema, seed, store
from wsgiapp.shop.engines import normalise_url
from wsgiapp.shop.models import Base

HERE = Path(__file__).parent
ROWS = (
    "INSERT INTO product VALUES (1, 'ÖLLAMPE', 'light', '', 'Aus Messing', 4900, 3, 'parcel', 7)",
    "INSERT INTO product VALUES (2, 'Kite', 'toys', '', '', 100, 0, 'parcel', 1)",
    "INSERT INTO product VALUES (9, 'Gone', 'desk', '', '', 100, 0, 'parcel', 1)",
    "DELETE FROM product WHERE id = 9",
    "INSERT INTO review VALUES (1, 1, 'Ines', 5, 'It burns for hours.', 1700000000)",
    "INSERT INTO shop_user VALUES (1, 'demo', 'x', true)",
    "INSERT INTO shop_user VALUES (2, 'Demo', 'y', false)",
    "INSERT INTO login_attempts VALUES ('k', 3, 1700000000)",
)


@pytest.fixture
def address(request, database, tmp_path):
    """The address of an empty database; on PostgreSQL one of its own."""
    if database == "sqlite":
        yield f"sqlite:///{tmp_path / 'own.db'}"
        return
    cluster = request.getfixturevalue("cluster")
    yield cluster.create("own")
    with cluster.connect("postgres") as connection:
        connection.execute("DROP DATABASE own WITH (FORCE)")


@pytest.fixture
def engine(address):
    """A plain engine, not the shop's, for looking and preparing."""
    plain = create_engine(normalise_url(address))
    yield plain
    plain.dispose()


@pytest.fixture
def shop(address, tmp_path):
    app = create_app({"DATABASE_URL": address, "INSTANCE_PATH": str(tmp_path), "DEMO": True, "API_TOKEN": "t"})
    yield app
    app.extensions[store.EXTENSION].dispose()


def run(engine, *statements):
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def ask(engine, question):
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(question))]


def make_first(engine):
    """The database of a shop before schemas had versions."""
    script = (HERE / f"first_schema_{engine.dialect.name}.sql").read_text(encoding="utf-8")
    run(engine, *script.split(";")[:-1], *ROWS)
    if engine.dialect.name == "postgresql":
        run(engine, "SELECT setval('product_id_seq', 9), setval('shop_user_id_seq', 2)")


def test_the_newest_version_is_what_the_models_say(shop, engine):
    assert shop.test_client().get("/").status_code == 200
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": schema.VERSION_TABLE})
        assert compare_metadata(context, Base.metadata) == []
    assert ask(engine, "SELECT version_num FROM shop_schema") == [(schema.NEWEST,)]


def test_the_versions_are_one_line_that_the_shop_knows():
    script = ScriptDirectory(str(schema.MIGRATIONS))
    assert tuple(reversed([revision.revision for revision in script.walk_revisions()])) == schema.VERSIONS


def test_a_database_of_the_first_shop_is_upgraded_with_all_that_is_in_it(shop, engine):
    make_first(engine)
    client = shop.test_client()
    assert "Öllampe".upper() in client.get("/?q=öllampe").text
    assert client.get("/api/products/1").headers["ETag"] == '"1-7"'
    assert "It burns for hours." in client.get("/products/1").text
    users = ask(engine, "SELECT name, role, session_number FROM shop_user ORDER BY id")
    assert users == [("demo", "editor", 0), ("Demo", "visitor", 0)]
    shelves = ask(engine, "SELECT slug, title FROM category ORDER BY position")
    assert shelves[0] == ("light", "Light")
    assert shelves[-1] == ("toys", "toys")
    assert ask(engine, "SELECT count(*) FROM product WHERE created_at > 1700000000 AND seller_id IS NULL") == [(2,)]
    assert ask(engine, "SELECT version_num FROM shop_schema") == [(schema.NEWEST,)]
    sold = {"name": "Lamp", "category": "light", "price_cents": 1}
    made = client.post("/api/products", json=sold, headers={"Authorization": "Bearer t"})
    assert made.json["id"] == 10  # 9 was given once, and is never given again


def test_the_upgraded_tables_are_those_of_a_new_shop(shop, engine):
    make_first(engine)
    shop.test_client().get("/")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": schema.VERSION_TABLE})
        assert compare_metadata(context, Base.metadata) == []
    for refused in (
        "UPDATE product SET category = 'nowhere'",
        "UPDATE product SET price_cents = -1",
        "UPDATE shop_user SET role = 'king'",
        "UPDATE shop_user SET name_key = 'same'",
    ):
        with pytest.raises(Exception, match=r"(?i)constraint"):
            run_watched(engine, refused)


def run_watched(engine, statement):
    """SQLite watches foreign keys only for who asks for it."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        connection.exec_driver_sql(statement)


def test_an_upgrade_that_fails_leaves_the_old_database(shop, engine, monkeypatch):
    make_first(engine)
    run(engine, "CREATE TABLE keeper (id INTEGER PRIMARY KEY)")
    before = ask(engine, "SELECT * FROM product ORDER BY id")
    monkeypatch.setattr("wsgiapp.shop.models.fold", lambda text: 1 / 0)
    assert shop.test_client().get("/").status_code == 500
    assert ask(engine, "SELECT * FROM product ORDER BY id") == before
    monkeypatch.undo()
    assert shop.test_client().get("/").status_code == 200


def test_several_that_start_at_once_upgrade_once(engine, address, tmp_path):
    make_first(engine)
    stores = [store.Store(address, timeout=20, demo=False) for _ in range(3)]  # each as in a process of its own
    barrier, failed = threading.Barrier(3), []

    def start(one):
        barrier.wait()
        try:
            one.read_session().close()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=start, args=(one,)) for one in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in stores:
        one.dispose()
    assert failed == []
    assert ask(engine, "SELECT count(*) FROM product") == [(2,)]


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (("CREATE TABLE shop_schema (version_num VARCHAR(32))", "INSERT INTO shop_schema VALUES ('0099')"),
         "made by a newer shop"),
        (("CREATE TABLE product (sku VARCHAR(9))",), "another program made: product"),
        (("CREATE TABLE review (id INTEGER)", "CREATE TABLE attempt (id INTEGER)"),
         "another program made: attempt, review"),
    ],
    ids=["newer", "foreign", "parts"],
)  # fmt: skip
def test_a_schema_that_does_not_fit_is_named_in_the_log_and_left_alone(shop, engine, caplog, statements, said):
    run(engine, *statements)
    response = shop.test_client().get("/")
    assert response.status_code == 503
    assert "does not fit" in response.text
    assert "busy" not in response.text
    assert said in caplog.text
    assert "DATABASE_URL" in caplog.text or "install the newer version" in caplog.text
    with engine.connect() as connection:
        assert "login_attempts" not in schema.inspect(connection).get_table_names()


def test_tables_of_others_under_other_names_do_not_matter(shop, engine):
    run(engine, "CREATE TABLE diary (page INTEGER)", "INSERT INTO diary VALUES (7)")
    assert shop.test_client().get("/").status_code == 200
    assert ask(engine, "SELECT page FROM diary") == [(7,)]


@pytest.mark.sqlite
def test_an_old_file_that_is_locked_is_503_and_upgraded_later(tmp_path):
    path = tmp_path / "old.db"
    plain = create_engine(f"sqlite:///{path}")
    make_first(plain)
    plain.dispose()
    app = create_app({"DATABASE_URL": f"sqlite:///{path}", "INSTANCE_PATH": str(tmp_path), "DATABASE_TIMEOUT": 0.2})
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        response = app.test_client().get("/")
        assert (response.status_code, "Retry-After" in response.headers) == (503, True)
        other.execute("ROLLBACK")
    assert app.test_client().get("/").status_code == 200
    app.extensions[store.EXTENSION].dispose()


def test_the_demonstration_sells_only_what_is_its_own():
    assert seed.demo_user("scrypt:1024:8:1").role == "editor"
