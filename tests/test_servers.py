"""The shop as a real process behind real servers: the same answers over a socket on each of them.

What the shop answers in detail is tested in process, elsewhere. Here stands what only a server can break: bodies and
their length, cookies between requests and workers, limits, and the end of the process.
"""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from servers import API_TOKEN, HOST, Answer, Server, Visitor, gunicorn, require, running, waitress, werkzeug

COMMANDS = {
    "gunicorn sync": gunicorn("--worker-class", "sync"),
    "gunicorn gthread": gunicorn("--worker-class", "gthread", "--threads", "4"),
    "waitress": waitress(),
    "werkzeug": werkzeug(),
}
PRODUCT = {"name": "Test plane", "category": "hand-tools", "price_cents": 1250, "stock": 3}


def command(name: str) -> list[str]:
    """The command of a server; without the server's package the test ends as `require` says."""
    if name.startswith("gunicorn") and sys.platform == "win32":
        pytest.skip("gunicorn does not run on Windows")
    require(name.partition(" ")[0])
    return COMMANDS[name]


@pytest.fixture(scope="module", params=COMMANDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Each server in turn, with a shop and a database of its own."""
    with running(command(request.param), tmp_path_factory.mktemp("shop")) as started:
        yield started


@pytest.fixture
def visitor(server: Server) -> Visitor:
    """Someone without any cookie."""
    return Visitor(server.port)


def call(visitor: Visitor, method: str, path: str, content: Any = None, **headers: str) -> Answer:
    """One request of the API's owner; *content* is sent as JSON."""
    body = None if content is None else json.dumps(content).encode()
    sent = {"Content_Type": "application/json"} if body else {}
    return visitor.send(method, path, body, Authorization=f"Bearer {API_TOKEN}", **(sent | headers))


# -- pages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/cart", "/login", "/threads"])
def test_pages_are_served_whole(visitor: Visitor, path: str) -> None:
    page = visitor.get(path)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.text.rstrip().endswith("</html>")


def test_every_product_on_the_first_page_has_a_page_of_its_own(visitor: Visitor) -> None:
    links = set(re.findall(r'href="(/products/\d+)"', visitor.get("/").text))
    assert len(links) > 3
    assert {visitor.get(link).status for link in links} == {200}


def test_a_static_file_is_served_once_and_then_known_by_its_tag(visitor: Visitor) -> None:
    path = re.findall(r'href="(/static/[^"]+\.css[^"]*)"', visitor.get("/").text)[0]
    first = visitor.get(path)
    assert (first.status, first.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert int(first.headers["content-length"]) == len(first.body) > 0
    again = visitor.send("GET", path, If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")


def test_an_answer_to_head_has_the_headers_of_get_and_no_body(server: Server) -> None:
    with socket.create_connection((HOST, server.port), timeout=10) as connection:
        connection.sendall(f"HEAD /login HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"content-type: text/html" in head.lower()
    assert body == b""


# -- cookies and forms ---------------------------------------------------------------------------


def test_the_cart_is_kept_from_request_to_request_whichever_worker_answers(visitor: Visitor) -> None:
    added = visitor.post_form("/cart/add", "/products/1", product_id=1, quantity=2)
    assert added.status == 303
    carts = [visitor.get("/cart").text for _ in range(8)]
    assert all(re.search(r'<input[^>]*name="quantity"[^>]*value="2"', cart) for cart in carts)


def test_a_visitor_without_the_cookie_has_an_empty_cart(server: Server, visitor: Visitor) -> None:
    visitor.post_form("/cart/add", "/products/1", product_id=1, quantity=2)
    assert visitor.get("/cart").text != Visitor(server.port).get("/cart").text


def test_a_form_without_the_token_of_its_session_is_refused(visitor: Visitor) -> None:
    body = b"product_id=1&quantity=1&csrf_token=made-up"
    refused = visitor.send("POST", "/cart/add", body, Content_Type="application/x-www-form-urlencoded")
    assert refused.status == 400


# -- the API -------------------------------------------------------------------------------------


def test_a_product_is_made_read_replaced_patched_and_deleted(visitor: Visitor) -> None:
    made = call(visitor, "POST", "/api/products", PRODUCT)
    assert made.status == 201
    path = re.sub(r"^https?://[^/]+", "", made.headers["location"])
    read = visitor.get(path)
    assert json.loads(read.body).items() >= PRODUCT.items()

    replaced = call(visitor, "PUT", path, {**PRODUCT, "stock": 8}, If_Match=read.headers["etag"])
    assert (replaced.status, json.loads(replaced.body)["stock"]) == (200, 8)
    patched = call(visitor, "PATCH", path, {"stock": 9}, If_Match=visitor.get(path).headers["etag"])
    assert (patched.status, json.loads(patched.body)["stock"]) == (200, 9)
    deleted = call(visitor, "DELETE", path, If_Match=visitor.get(path).headers["etag"])
    assert (deleted.status, deleted.body) == (204, b"")
    assert visitor.get(path).status == 404


def test_a_stale_tag_changes_nothing(visitor: Visitor) -> None:
    stale = call(visitor, "PUT", "/api/products/2", PRODUCT, If_Match='"of-yesterday"')
    assert stale.status == 412
    assert json.loads(visitor.get("/api/products/2").body)["name"] != PRODUCT["name"]


def test_writing_needs_the_token(visitor: Visitor) -> None:
    body = json.dumps(PRODUCT).encode()
    assert visitor.send("POST", "/api/products", body, Content_Type="application/json").status == 401
    assert visitor.send("DELETE", "/api/products/1", Authorization="Bearer wrong").status == 401


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"name": ', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"price_cents": NaN}', "application/json", 400),
        (b'{"name": "Half a product"}', "application/json", 422),
        (b"name=x", "text/plain", 415),
        (b'"' + b"x" * 1024 * 1024 + b'"', "application/json", 413),
    ],
    ids=["cut", "deep", "NaN", "incomplete", "text", "too long"],
)
def test_bad_input_is_named_and_the_server_goes_on(
    visitor: Visitor, body: bytes, content_type: str, status: int
) -> None:
    answer = visitor.send("POST", "/api/products", body, Content_Type=content_type, Authorization=f"Bearer {API_TOKEN}")
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert json.loads(answer.body)["status"] == status
    assert visitor.get("/api/products").status == 200


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/nowhere", "text/html; charset=utf-8"), ("/api/nowhere", "application/problem+json"),
     ("/products/999999", "text/html; charset=utf-8"), ("/api/products/999999", "application/problem+json")],
)  # fmt: skip
def test_what_is_not_there_is_404_in_the_language_of_the_place(visitor: Visitor, path: str, kind: str) -> None:
    answer = visitor.get(path)
    assert (answer.status, answer.headers["content-type"]) == (404, kind)


# -- the end -------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without telling it")
@pytest.mark.parametrize("name", COMMANDS)
def test_the_server_stops_when_it_is_told_to(name: str, tmp_path: Any) -> None:
    with running(command(name), tmp_path) as server:
        assert Visitor(server.port).get("/").status == 200
        assert server.stop() in {0, -15}
        assert "Traceback" not in server.output()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((HOST, server.port), timeout=1)
