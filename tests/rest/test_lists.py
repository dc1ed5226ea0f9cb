"""Lists: pages by cursor in both directions, order, filters, search, fields; and what is no such list."""

from __future__ import annotations

import base64
import json
from itertools import chain
from typing import Annotated, Any

import pytest
from pydantic import Field

from rest.conftest import links
from wsgiapp import App
from wsgiapp.rest import API, MemoryStore, Model, Resource
from wsgiapp.shop import create_app, store


class Tool(Model):
    name: Annotated[str, Field(max_length=20)]
    stock: int = 0
    price: float = 1.5
    lent: bool = False


STOCKS = [3, 1, 2, 3, 1, 2, 3]


@pytest.fixture(scope="module")
def tools() -> Any:
    app = App(__name__)
    kept = MemoryStore()
    API(app, Resource("tools", Tool, kept, searched=["name"]))
    with kept.writing() as writer:
        for number, stock in enumerate(STOCKS, 1):
            writer.create({"name": f"Saw {number}", "stock": stock, "price": 1.5, "lent": number == 4})
    return app.test_client()


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Any:
    app = create_app({"INSTANCE_PATH": str(tmp_path_factory.mktemp("shop")), "DEMO": False})
    yield app.test_client(use_cookies=False)
    app.extensions[store.EXTENSION].dispose()


def cursor(*values: Any) -> str:
    """A cursor that was made by hand."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def walk(client: Any, url: str, relation: str) -> list[list[int]]:
    """The ids on each page, from one page to the next by a relation."""
    pages = []
    while url:
        response = client.get(url)
        assert response.status_code == 200, response.text
        pages.append([item["id"] for item in response.json["items"]])
        url = links(response).get(relation, "")
    return pages


@pytest.mark.parametrize("which", ["/tools", "/api/products"])
@pytest.mark.parametrize("sort", ["id", "-id", "stock", "-stock", "stock,-name", "-name"])
def test_a_list_is_walked_forwards_and_backwards_over_the_same_things(request: Any, which: str, sort: str) -> None:
    client = request.getfixturevalue("tools" if which == "/tools" else "products")
    whole = [item["id"] for item in client.get(f"{which}?limit=100&sort={sort}").json["items"]]
    first = client.get(f"{which}?limit=3&sort={sort}")
    assert "prev" not in links(first)
    forwards = walk(client, links(first)["first"], "next")
    assert [*chain(*forwards)] == whole
    assert all(len(page) <= 3 for page in forwards)
    backwards = walk(client, links(first)["last"], "prev")
    assert [*chain(*backwards[::-1])] == whole


def test_the_order_is_the_one_asked_for(tools: Any) -> None:
    items = tools.get("/tools?sort=-stock,name").json["items"]
    assert [(item["stock"], item["id"]) for item in items] == [(3, 1), (3, 4), (3, 7), (2, 3), (2, 6), (1, 2), (1, 5)]


def test_a_cursor_stays_right_when_things_come_and_go(tools: Any) -> None:
    page = tools.get("/tools?limit=2&sort=-id")
    made = tools.post("/tools", json={"name": "New"}).json["id"]
    following = [item["id"] for item in tools.get(links(page)["next"]).json["items"]]
    assert following == [made - 3, made - 4]
    tools.delete(f"/tools/{made}")


@pytest.mark.parametrize(
    ("query", "ids"),
    [("stock=1", [2, 5]), ("name=Saw 3", [3]), ("q=sAw+7", [7]), ("q=7+6", []), ("stock=3&sort=-id&limit=2", [7, 4]),
     ("lent=true", [4]), ("lent=true&price=15e-1&stock=3.0", [4]), ("name=%00", []), ("stock=" + "9" * 30, [])],
)  # fmt: skip
def test_a_list_is_filtered_and_searched(tools: Any, query: str, ids: list[int]) -> None:
    assert [item["id"] for item in tools.get(f"/tools?{query}").json["items"]] == ids


def test_only_the_fields_asked_for_are_shown_and_their_tag_is_another(tools: Any) -> None:
    assert tools.get("/tools?fields=name,id&limit=1").json == {"items": [{"id": 1, "name": "Saw 1"}]}
    assert tools.get("/tools/1?fields=stock&fields=name").status_code == 422
    part, whole = tools.get("/tools/1?fields=stock"), tools.get("/tools/1")
    assert part.json == {"stock": 3}
    assert part.headers["ETag"] != whole.headers["ETag"]


@pytest.mark.parametrize(
    ("query", "status", "names"),
    [("sort=colour", 422, ["sort"]), ("fields=colour", 422, ["fields"]), ("after=x", 422, ["after"]),
     ("after=xxxx", 404, ["after"]), ("before=W10", 422, ["before"]), ("before=W1tdXQ", 404, ["before"]),
     ("after=WyJ4Il0", 404, ["after"]), ("after=W3RydWVd", 404, ["after"]), ("after=WzFd&before=WzFd", 404, ["before"]),
     (f"after={cursor('id', 'x')}", 404, ["after"]), (f"after={cursor('id', True)}", 404, ["after"]),
     (f"sort=-stock&after={cursor('stock,id', 1, 2)}", 404, ["after"]), (f"after={cursor('id')}", 404, ["after"]),
     ("stock=x&colour=1", 422, ["stock", "colour"]), ("limit=1&limit=2", 422, ["limit"]),
     ("limit=1_0&stock=1_0&lent=yes", 422, ["limit", "stock", "lent"]), ("stock=٣", 422, ["stock"]),
     ("limit=%2B5&price=nan", 422, ["limit", "price"]), ("price=inf", 422, ["price"]), ("lent=TRUE", 422, ["lent"])],
)  # fmt: skip
def test_what_is_no_such_list_is_named(tools: Any, query: str, status: int, names: list[str]) -> None:
    response = tools.get(f"/tools?{query}")
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert [error["parameter"] for error in response.json["errors"]] == names


def test_a_product_is_found_only_by_what_the_shop_lets_ask_for(products: Any) -> None:
    assert {item["category"] for item in products.get("/api/products?category=desk").json["items"]} == {"desk"}
    assert products.get("/api/products?description=x").status_code == 422


@pytest.mark.parametrize("names", [("limit",), ("sort", "pages")])
def test_a_filter_cannot_be_called_like_a_parameter_of_every_list(names: tuple[str, ...]) -> None:
    class Odd(Model):
        limit: int = 0
        sort: int = 0
        pages: int = 0

    with pytest.raises(ValueError, match=r"Odd\.\w+ cannot be a filter"):
        Resource("odd", Odd, MemoryStore(), filters=names)
    assert Resource("odd", Odd, MemoryStore()).listing.filters == ("pages",)
