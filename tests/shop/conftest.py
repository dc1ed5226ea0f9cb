"""What the tests of the shop share: shops of their own, visitors with a browser's cookies, clients of the API."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import FileSystemBytecodeCache

from wsgiapp import App
from wsgiapp.shop import account, create_app, store

TOKEN = "a-token-for-the-tests"
QUICK_HASH = "scrypt:1024:8:1"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "real_passwords: hash passwords with the effort used in earnest")


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
    account.decoy_hash.cache_clear()
    yield
    account.decoy_hash.cache_clear()


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


@pytest.fixture
def make_shop(request: pytest.FixtureRequest, seeded: Path, tmp_path: Path) -> Iterator[Callable[..., App]]:
    """Build shops in this test's folder; they share the compiled templates, which no test changes."""
    compiled = FileSystemBytecodeCache(str(seeded.parent))
    built = []
    if not request.node.get_closest_marker("real_passwords"):
        shutil.copy(seeded, tmp_path / "shop.db")

    def make(**config: Any) -> App:
        app = create_app({"INSTANCE_PATH": str(tmp_path), "API_TOKEN": TOKEN, **config})
        app.jinja_options = {**app.jinja_options, "bytecode_cache": compiled}
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
