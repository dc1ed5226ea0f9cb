"""What the tests of wsgiapp.rest share: the shop's products and a resource of ten lines, as one kind of subject."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from rest import books
from wsgiapp import App
from wsgiapp.shop import create_app, store

TOKEN = "a-token-for-the-tests"


@dataclass
class Subject:
    """A resource under test: where it is, and a body with all of its fields, one of which may have to be unique."""

    app: App
    path: str
    fields: dict[str, Any]
    text: str
    number: str
    credentials: dict[str, str]
    unique: str = ""

    @property
    def whole(self) -> dict[str, Any]:
        """A body with all fields, never twice the same where one must be unique."""
        return {**self.fields, **({self.unique: f"x-{uuid.uuid4().hex[:12]}"} if self.unique else {})}

    def call(self, method: str, path: str = "", body: Any = None, **headers: str) -> Any:
        """Send a request to the resource; a body that is no bytes is sent as JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        sent = {**self.credentials, **kind, **named}
        client = self.app.test_client(use_cookies=False)
        return client.open(self.path + path, method=method, data=data, headers=sent)

    def make(self, **fields: Any) -> str:
        """Make a thing and return its part of the address."""
        made = self.call("POST", body={**self.whole, **fields})
        assert made.status_code == 201, made.text
        return str(made.headers["Location"]).removeprefix(self.path)


@pytest.fixture(scope="module", params=["shop", "categories", "books"])
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """The shop's products and its categories, and a resource of ten lines with a store in memory."""
    if request.param == "books":
        yield Subject(books.app, "/books", {"title": "Emma", "pages": 474}, "title", "pages", {})
        return
    folder = str(tmp_path_factory.mktemp("shop"))
    app = create_app({"INSTANCE_PATH": folder, "API_TOKEN": TOKEN, "DEMO": False, "DATABASE_TIMEOUT": 20})
    credentials = {"Authorization": f"Bearer {TOKEN}"}
    if request.param == "categories":
        fields = {"title": "Shelf", "position": 7}
        yield Subject(app, "/api/categories", fields, "title", "position", credentials, "slug")
        app.extensions[store.EXTENSION].dispose()
        return
    whole = {"name": "Saw", "category": "desk", "summary": "", "description": "", "price_cents": 1999, "stock": 5}
    whole["picture"] = "parcel"
    yield Subject(app, "/api/products", whole, "name", "stock", credentials)
    app.extensions[store.EXTENSION].dispose()


def links(response: Any) -> dict[str, str]:
    """The links of an answer, by their relation."""
    return {relation: url for url, relation in re.findall(r'<([^>]*)>; rel="(\w+)"', response.headers.get("Link", ""))}
