"""Fidelity: an app answers the same with the X-ray on as with it off, but for the two headers that lead to it.

The requests are those that hold wsgiapp to Flask (tests/behaviour), in debug mode and from this machine, so that every
answer is recorded and carries the headers.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from behaviour import differential_app
from behaviour.differential_corpus import CONVERSATIONS, DETAILED, OTHER_METHODS, PATHS, RAW
from behaviour.support import frozen_time
from wsgiapp import App, Response, request, send_file
from wsgiapp.dispatch import LIFECYCLE
from wsgiapp.xray import XRay, redact
from wsgiapp.xray.record.recording import MAX_BODY

NEAR = {"REMOTE_ADDR": "127.0.0.1"}
OURS = ("Server-Timing", "X-Xray")
LAYERS = {layer.name for layer in LIFECYCLE}
Answer = tuple[str, list[tuple[str, str]], bytes]


@pytest.fixture(scope="module")
def apps(both: Any, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The application without the X-ray and with it."""
    folder = Path(tmp_path_factory.mktemp("fidelity"))
    differential_app.prepare(folder)
    plain, watched = (differential_app.build(both[0], folder) for _ in range(2))
    for app in (plain, watched):
        app.config.update(DEBUG=True, PROPAGATE_EXCEPTIONS=False, TRAP_BAD_REQUEST_ERRORS=False)
    XRay(watched, static=True)
    return [plain, watched]


def answer(client: Any, method: str, path: str, **options: Any) -> Answer:
    with frozen_time():
        response = client.open(path, method=method, environ_overrides=NEAR, **options)
        data = response.data
        response.close()  # as every server does: the recording ends then
    return response.status, settled(response.headers), data


def settled(headers: Any) -> list[tuple[str, str]]:
    """Headers without dates that pass and without our own; `Allow` in one order, for Werkzeug takes it from a set."""
    kept = [(name, value) for name, value in headers if name not in ("Date", *OURS)]
    allowed = [(n, ", ".join(sorted(v.split(", "))) if n == "Allow" else v) for n, v in kept]
    return [(n, re.sub(r"(?<=Expires=)\w{3}, \d\d \w{3} 20\d\d [\d:]{8}", "LATER", v)) for n, v in allowed]


CASES = [
    *(("GET", path, {}) for path in PATHS),
    *((method, path, {}) for method, path in OTHER_METHODS),
    *((method, path, options) for _, method, path, options in DETAILED),
]


@pytest.mark.parametrize(("method", "path", "options"), CASES)
def test_every_answer_is_the_same(apps: list[Any], method: str, path: str, options: dict[str, Any]) -> None:
    cookies = "Cookie" not in options.get("headers", {})
    plain, watched = (answer(app.test_client(use_cookies=cookies), method, path, **options) for app in apps)
    assert watched == plain
    newest = apps[1].extensions["xray"].newest()
    assert (newest.method, newest.status) == (method, watched[0])
    assert newest.sent_body.kept == redact.body(watched[2][:MAX_BODY], dict(watched[1]).get("Content-Type", ""))
    for header in newest.sent_headers:  # none is of unknown origin
        assert header.layer in LAYERS and header.by and header.where, header


@pytest.mark.raw_wsgi
@pytest.mark.parametrize("name", sorted(RAW))
@pytest.mark.parametrize("path", ["/plain", "/folder"])
def test_so_is_the_answer_to_whatever_a_server_puts_into_the_environ(apps: list[Any], name: str, path: str) -> None:
    answers = []
    for app in apps:
        environ = create_environ(path, environ_overrides=NEAR) | RAW[name]
        body, status, headers = run_wsgi_app(app, {key: value for key, value in environ.items() if value is not None})
        answers.append((status, settled(headers), b"".join(body)))
        getattr(body, "close", lambda: None)()
    assert answers[0] == answers[1]
    assert apps[1].extensions["xray"].newest().status == answers[1][0]


BROKEN = [
    ("PATH_INFO", None), ("PATH_INFO", 7), ("PATH_INFO", []), ("PATH_INFO", b"/plain"), ("QUERY_STRING", []),
    ("QUERY_STRING", None), ("SCRIPT_NAME", []), ("REQUEST_URI", {}), ("HTTP_COOKIE", None), ("HTTP_COOKIE", 7),
    ("HTTP_HOST", 7), ("REMOTE_ADDR", []), ("CONTENT_LENGTH", None), ("HTTP_REFERER", []), ("HTTP_X", []),
]  # fmt: skip


@pytest.mark.raw_wsgi
@pytest.mark.parametrize(("name", "value"), BROKEN)
def test_so_is_the_answer_to_an_environ_that_breaks_the_rules(apps: list[Any], name: str, value: Any) -> None:
    answers = []
    for app in apps:
        body, status, headers = run_wsgi_app(app, {**create_environ("/plain", environ_overrides=NEAR), name: value})
        answers.append((status, settled(headers), b"".join(body)))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", sorted(CONVERSATIONS))
def test_so_are_conversations_with_a_session(apps: list[Any], name: str) -> None:
    clients = [app.test_client() for app in apps]
    for path in CONVERSATIONS[name]:
        plain, watched = (answer(client, "GET", path) for client in clients)
        assert watched == plain


def watched_pair(**rules: Any) -> list[App]:
    pair = [App(__name__, static_folder=None) for _ in range(2)]
    for app in pair:
        app.debug = True
        for name, view in rules.items():
            app.add_url_rule(f"/{name}", name, view)
    XRay(pair[1], static=True)
    return pair


def test_the_two_headers_are_there_and_an_etag_still_makes_a_304() -> None:
    def page() -> Response:
        response = Response("page")
        response.add_etag()
        return response.make_conditional(request)

    etag = watched_pair(page=page)[0].test_client().get("/page").headers["ETag"]
    clients = [app.test_client() for app in watched_pair(page=page)]
    sent = {"headers": {"If-None-Match": etag}, "environ_overrides": NEAR}
    plain, watched = (client.get("/page", **sent) for client in clients)
    assert plain.status_code == watched.status_code == 304
    assert settled(watched.headers) == settled(plain.headers) and all(name in watched.headers for name in OURS)


@pytest.mark.raw_wsgi
def test_a_stream_goes_out_chunk_by_chunk_as_it_is_made() -> None:
    made: list[int] = []

    def stream() -> Iterator[str]:
        for number in range(3):
            made.append(number)
            yield f"{number}"

    for app in watched_pair(stream=lambda: Response(stream())):
        made.clear()
        chunks, _, _ = run_wsgi_app(app, create_environ("/stream", environ_overrides=NEAR))
        sent = iter(chunks)
        assert next(sent) == b"0" and made == [0]
        assert next(sent) == b"1" and made == [0, 1]
        getattr(chunks, "close", lambda: None)()


@pytest.mark.raw_wsgi
def test_the_servers_own_file_wrapper_is_handed_to_the_server() -> None:
    kinds = []
    for app in watched_pair(file=lambda: send_file(io.BytesIO(b"x" * 10_000), mimetype="text/plain")):
        environ = create_environ("/file", environ_overrides=NEAR) | {"wsgi.file_wrapper": FileWrapper}
        body = app(environ, lambda *_: lambda _: None)
        kinds.append(type(body))
        getattr(body, "close", lambda: None)()
    assert kinds == [FileWrapper, FileWrapper]


def test_nothing_is_added_to_a_204() -> None:
    plain, watched = (answer(app.test_client(), "GET", "/none") for app in watched_pair(none=lambda: ("", 204)))
    assert watched == plain and watched[2] == b""


def test_a_path_that_only_begins_like_the_xrays_is_the_apps_own() -> None:
    app = App(__name__)
    app.debug = True
    app.add_url_rule("/_xrays", "near", lambda: "the app's")
    XRay(app, static=True)
    assert app.test_client().get("/_xrays", environ_overrides=NEAR).text == "the app's"


def test_in_production_the_app_answers_below_the_prefix_as_if_nothing_were_there() -> None:
    plain, watched = watched_pair()
    plain.debug = watched.debug = False
    assert answer(watched.test_client(), "GET", "/_xray/") == answer(plain.test_client(), "GET", "/_xray/")
