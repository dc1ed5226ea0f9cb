"""What the tests of the shop share: shops of their own, visitors with a browser's cookies, clients of the API."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from compiled import Compiled
from postgres import Cluster, running_postgres
from wsgiapp import App
from wsgiapp.shop import create_app, people, store
from wsgiapp.shop.models import ADMINISTRATOR, EDITOR, Base, Order, OrderLine, User

TOKEN = "a-token-for-the-tests"
QUICK_HASH = "scrypt:1024:8:1"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sqlite: what is tested is the SQLite file itself")
    config.addinivalue_line("markers", "real_passwords: hash passwords with the effort used in earnest")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a shop on both databases, or on the one that ``--database`` names."""
    if "database" not in metafunc.fixturenames:
        return
    wanted = metafunc.config.getoption("--database")
    on_a_file = any(map(metafunc.definition.get_closest_marker, ("sqlite", "real_passwords")))
    if on_a_file or wanted == "sqlite":
        return
    metafunc.parametrize("database", ["postgresql"] if wanted == "postgresql" else ["sqlite", "postgresql"])


@pytest.fixture
def database() -> str:
    """Which database this test runs on."""
    return "sqlite"


class Visitor:
    """A browser: it keeps cookies and sends forms with the token of the page they stand on."""

    def __init__(self, app: App) -> None:
        self.client = app.test_client()

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, **options)

    def token(self) -> str:
        found = re.search(r'name="csrf-token" content="([^"]+)"', self.get("/cart").text)
        assert found, "the page carries no token"
        return found[1]

    def send(self, path: str, **fields: Any) -> Any:
        return self.client.post(path, data={"csrf_token": self.token(), **fields})

    def sign_in(self, name: str = "demo", password: str = "workbench", **fields: Any) -> Any:
        return self.send("/login", name=name, password=password, **fields)

    def register(self, name: str, password: str = "a long password", **fields: Any) -> Any:
        return self.send("/register", name=name, password=password, **fields)

    def has_bought(self, name: str, *product_ids: int) -> None:
        """Put an order into the books, as a checkout does."""
        with self.database() as db, db.begin():
            user = db.query(User).filter_by(name=name).one()
            lines = [OrderLine(product_id=number, name="x", price_cents=1, quantity=1) for number in product_ids]
            db.add(Order(user_id=user.id, number=f"N{user.id}-{product_ids}", total_cents=1, lines=lines))

    def database(self) -> Any:
        """A session of the shop's database that may write."""
        return self.client.application.extensions[store.EXTENSION].write_session()


class ApiClient:
    """A program: no cookies, a bearer token, JSON."""

    def __init__(self, app: App) -> None:
        self.client = app.test_client(use_cookies=False)

    def call(self, method: str, path: str = "", body: Any = None, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Authorization": f"Bearer {TOKEN}", **named}
        content = {"data": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
        return self.client.open(f"/api/products{path}", method=method, headers=sent, **content)


@pytest.fixture(autouse=True)
def quick_passwords(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hash passwords with little effort, but where the effort is what is tested (mark ``real_passwords``)."""
    if not request.node.get_closest_marker("real_passwords"):
        monkeypatch.setattr(store, "HASH_METHOD", QUICK_HASH)
    people.decoy_hash.cache_clear()
    yield
    people.decoy_hash.cache_clear()


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a shop that was seeded once, to be copied; its passwords are hashed quickly."""
    folder = tmp_path_factory.mktemp("seeded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "HASH_METHOD", QUICK_HASH)
        app = create_app({"INSTANCE_PATH": str(folder)})
        app.test_client().get("/")
        app.extensions[store.EXTENSION].dispose()
    return folder / "shop.db"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL for all tests of this process."""
    with running_postgres() as running:
        yield running


class Kept:
    """A seeded shop in PostgreSQL that can be put back as it was."""

    def __init__(self, cluster: Cluster) -> None:
        self.url = cluster.create("shop")
        app = create_app({"DATABASE_URL": self.url, "DEMO": True, "DATABASE_TIMEOUT": 30})
        app.extensions[store.EXTENSION].read_session().close()
        app.extensions[store.EXTENSION].dispose()
        tables = [table.name for table in Base.metadata.sorted_tables]
        numbered = [table.name for table in Base.metadata.sorted_tables if "id" in table.columns]
        self.connection = cluster.connect("shop")
        self.connection.execute("CREATE SCHEMA kept")
        for name in tables:
            self.connection.execute(f"CREATE TABLE kept.{name} AS TABLE public.{name}".encode())
        emptied = [f"DELETE FROM public.{name}" for name in reversed(tables)]
        filled = [f"INSERT INTO public.{name} SELECT * FROM kept.{name}" for name in tables]
        counted = [
            f"SELECT setval('public.{name}_id_seq', (SELECT coalesce(max(id), 0) + 1 FROM kept.{name}), false)"
            for name in numbered
        ]
        self.statements = ";".join([*emptied, *filled, *counted]).encode()
        self.seen = self.written()

    def written(self) -> int:
        """A number that grows with every transaction that writes, wherever in the cluster."""
        (number,) = self.connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
        return int(number)

    def restore(self) -> str:
        """Put every row back, unless nobody has written since, and return the address."""
        if self.written() != self.seen:
            self.connection.execute(self.statements)
            self.seen = self.written()
        return self.url


@pytest.fixture(scope="session")
def postgresql_shop(cluster: Cluster) -> Iterator[Kept]:
    """The seeded PostgreSQL database of this process; its passwords are hashed quickly."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "HASH_METHOD", QUICK_HASH)
        found = Kept(cluster)
    yield found
    found.connection.close()


@pytest.fixture(scope="session")
def compiled() -> Compiled:
    """The compiled templates of all shops of this process."""
    return Compiled()


@pytest.fixture
def make_shop(
    request: pytest.FixtureRequest, seeded: Path, tmp_path: Path, database: str, compiled: Compiled
) -> Iterator[Callable[..., App]]:
    """Build shops in this test's folder."""
    built = []
    # A busy machine is no reason to fail; tests of what happens when a database is slow give a time of their own.
    settings: dict[str, Any] = {"INSTANCE_PATH": str(tmp_path), "API_TOKEN": TOKEN, "DATABASE_TIMEOUT": 20}
    if database == "postgresql":
        settings |= {"DATABASE_URL": request.getfixturevalue("postgresql_shop").restore(), "DEMO": True}
    elif not request.node.get_closest_marker("real_passwords"):
        shutil.copy(seeded, tmp_path / "shop.db")

    def make(**config: Any) -> App:
        app = create_app({**settings, **config})
        app.jinja_env.bytecode_cache = compiled
        built.append(app)
        return app

    yield make
    for app in built:
        app.extensions[store.EXTENSION].dispose()


@pytest.fixture
def visitor(make_shop: Callable[..., App]) -> Visitor:
    """A visitor of a freshly seeded shop."""
    return Visitor(make_shop())


@pytest.fixture
def buyer(visitor: Visitor) -> Visitor:
    """The demonstration's user, signed in, who has bought product 24."""
    visitor.sign_in()
    visitor.has_bought("demo", 24)
    return visitor


@pytest.fixture
def api(make_shop: Callable[..., App]) -> ApiClient:
    """A client, allowed to write, of the API of a freshly seeded shop."""
    return ApiClient(make_shop())


@pytest.fixture
def visit() -> type[Visitor]:
    """Make a visitor of the shop given."""
    return Visitor


@pytest.fixture
def api_of() -> type[ApiClient]:
    """Make an API client of the shop given."""
    return ApiClient


@pytest.fixture
def person(make_shop: Callable[..., App]) -> Callable[[str, str], Visitor]:
    """Make visitors of one shop, signed in, in a role."""
    app = make_shop()

    def person(name: str, role: str) -> Visitor:
        visitor = Visitor(app)
        visitor.register(name)
        with visitor.database() as db, db.begin():
            db.query(User).filter_by(name=name).one().role = role
        return visitor

    return person


@pytest.fixture
def editor(person: Callable[[str, str], Visitor]) -> Visitor:
    """An editor who sells product 25."""
    found = person("Edith", EDITOR)
    found.send("/sell", name="Router Bit", category="desk", price="19.90", stock="3", picture="parcel")
    return found


@pytest.fixture
def administrator(person: Callable[[str, str], Visitor]) -> Visitor:
    """An administrator of the shop in which the editor sells."""
    return person("Adam", ADMINISTRATOR)
