"""Real processes behind real servers: the shop, and an app that is sent whatever a hostile client can send.

What the shop answers in detail is tested in process, elsewhere. Here stands what only a server can break: bodies and
their length, cookies between requests and workers, limits, and the end of the process. The hostile requests are in
`hostile_corpus`, the app that gets them in `hostile_app`.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import pytest

import hostile_corpus as hostile
from servers import (
    API_TOKEN,
    HOST,
    ROOT,
    Answer,
    Server,
    Visitor,
    gunicorn,
    hostile_environment,
    require,
    running,
    waitress,
    werkzeug,
)
from servers import hostile as hostile_command

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


# -- hostile clients -----------------------------------------------------------------------------

# What a server itself does wrong, whatever the app; everything else fails the test.
OWN_FAULTS = {
    "gunicorn": r"header b'SCRIPT_NAME: /x': 500 by the server",
    "waitress": r"HEAD .*stream.*: 5 bytes that are no answer: b'0",  # ends a body that it has not sent
    "gevent": r"HEAD .*stream.*: \d+ bytes that are no answer: b'0",  # the same
    # It splits an absolute target without a care, and reads away the body that the app has begun to answer.
    "cheroot": r"target b'http://\[::1/echo': 500 by the server|up and down: cut short",
    "uwsgi": r"(?:line feeds alone|target b'/echo\?id=1 2'): ",  # it repeats the version of the request's line
    "werkzeug": r": the connection hangs",  # it reads away the request that follows a body nobody read
}
# uWSGI has to be compiled, so it is tried only where somebody has it.
HOSTILE = [
    "gunicorn",
    "waitress",
    "granian",
    "cheroot",
    "gevent",
    "werkzeug",
    "wsgiref",
    *filter(shutil.which, ["uwsgi"]),
]
GRACEFUL = ("gunicorn", "waitress", "granian", "uwsgi")  # they finish what has begun when they are told to stop
RESET = struct.pack("ii", 1, 0)
counts_in_proc = pytest.mark.skipif(sys.platform != "linux", reason="the app counts descriptors in /proc")


def attacked(name: str, folder: Path, **settings: str) -> AbstractContextManager[Server]:
    """A server with `hostile_app`; without it the test ends as `require` says."""
    require(name)
    return running(hostile_command(name), folder, hostile_environment(**settings))


@pytest.fixture(scope="module", params=HOSTILE)
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Server]]:
    """Each server in turn, by its name, with the app that is attacked."""
    with attacked(request.param, tmp_path_factory.mktemp("hostile")) as started:
        yield request.param, started


def stats(server: Server) -> dict[str, int]:
    """What the app says of its process."""
    return json.loads(Visitor(server.port).get("/stats").body)


def left_behind(server: Server, before: dict[str, int]) -> dict[str, int]:
    """What is still open more than *before*, once it has been given a second to end."""
    for _ in range(10):
        now = stats(server)
        left = {
            "requests": max(now["begun"] - now["ended"] - before["begun"] + before["ended"], 0),
            "streams": now["streams"] - now["closed"],
            "descriptors": max(now["descriptors"] - before["descriptors"], 0),
            "contexts": now["current_after"],
        }
        if not any(left.values()):
            break
        time.sleep(0.1)
    return left


def send_corpus(server: Server, step: int = 1, seconds: float = 4) -> Iterator[tuple[hostile.Case, bytes, bool]]:
    """Every case, or every third, say; what came back, and whether the server closed the connection."""
    cases = hostile.corpus()[::step]
    with ThreadPoolExecutor(8) as pool:
        for case, (data, closed) in zip(
            cases, pool.map(lambda c: hostile.talk(server.port, c, seconds), cases), strict=True
        ):
            yield case, data, closed


def together(calls: list[Callable[[], Any]]) -> list[Any]:
    """The results of the calls, eight of which are made at a time."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda each: each(), calls))


def test_the_page_on_servers_says_how_many_hostile_requests_there_are() -> None:
    assert f"{len(hostile.corpus()):,} hostile requests" in (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


@counts_in_proc
def test_no_hostile_request_breaks_the_answer_the_connection_or_the_server(target: tuple[str, Server]) -> None:
    name, server = target
    before, wrong = stats(server), []
    step = 3 if name in ("werkzeug", "wsgiref") else 1  # nobody but their developer meets these
    for case, data, closed in send_corpus(server, step, 0.3 if name == "werkzeug" else 4):
        wrong += [f"{case.name}: {fault}" for fault in hostile.faults(case, data, closed)]
    assert [fault for fault in wrong if not re.search(OWN_FAULTS.get(name, "(?!)"), fault)] == []
    assert server.process.poll() is None
    assert left_behind(server, {**before, "descriptors": before["descriptors"] + 2}) == dict.fromkeys(
        ("requests", "streams", "descriptors", "contexts"), 0
    )


@counts_in_proc
def test_clients_that_reset_leave_nothing_behind(target: tuple[str, Server]) -> None:
    server = target[1]
    stream = hostile.get("/stream?size=20000&count=400&wait=0.002")
    uploads = [hostile.post(path, b"x" * 2000, length=90_000) for path in ("/data", "/unread", "/form", "/up-and-down")]

    def reset(data: bytes, begun: bool) -> None:
        with suppress(ConnectionError), socket.create_connection((HOST, server.port), timeout=10) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.sendall(data)
            if begun:
                connection.recv(1000)

    def resets() -> None:
        together([lambda data=data: reset(data, data is stream) for data in [stream, *uploads, stream] * 5])

    resets()  # threads that the server starts when it needs them have been started
    left_behind(server, stats(server))
    before = stats(server)
    resets()
    assert left_behind(server, before) == dict.fromkeys(("requests", "streams", "descriptors", "contexts"), 0)


@counts_in_proc
def test_visitors_who_ask_at_once_do_not_see_each_other(target: tuple[str, Server]) -> None:
    def visit(who: int) -> list[Any]:
        visitor, found = Visitor(target[1].port), []
        for place in range(12):
            name = f"{who}-{place}"
            answer = json.loads(visitor.send("GET", f"/mine?id={name}", X_Who=name).body)
            found.append(answer == {"found": [name], "before": f"{who}-{place - 1}" if place else None, "header": name})
        return found

    assert all(map(all, together([lambda who=who: visit(who) for who in range(8)])))


@counts_in_proc
def test_xray_changes_no_answer_to_a_hostile_request(tmp_path: Path) -> None:
    answers: list[dict[str, bytes]] = []
    for place, settings in enumerate(({}, {"HOSTILE_XRAY": "1"})):
        (folder := tmp_path / str(place)).mkdir()
        with attacked("waitress", folder, HOSTILE_DEBUG="1", **settings) as server:
            port = str(server.port).encode()
            answers.append({case.name: data.replace(port, b"PORT") for case, data, _ in send_corpus(server, 4)})
    varying = re.compile(rb"(?im)^(?:Date|Server-Timing|X-Xray|Set-Cookie|Content-Length): .*\r\n|[0-9a-f]{40}")
    bare = [{name: varying.sub(b"", data) for name, data in each.items()} for each in answers]
    assert [name for name in bare[0] if bare[0][name] != bare[1][name]] == []


@counts_in_proc
@pytest.mark.parametrize(
    ("name", "sent"),
    [(name, signal.SIGINT if name == "waitress" else signal.SIGTERM) for name in HOSTILE if name in GRACEFUL],
)
def test_requests_in_flight_are_answered_when_the_server_is_told_to_stop(
    name: str, sent: signal.Signals, tmp_path: Path
) -> None:
    with attacked(name, tmp_path) as server:
        targets = ["/wait?seconds=0.6&id=1", "/stream?count=20&wait=0.03&id=1"] * 4
        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(Visitor(server.port).get, target) for target in targets]
            time.sleep(0.3)
            server.process.send_signal(sent)
            assert [answer.result().text.lstrip("x") for answer in answers] == ["waited 1", "end 1"] * 4
        if name != "uwsgi":  # its first process now and then waits for a second signal, when all is answered
            server.process.wait(15)
