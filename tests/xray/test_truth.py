"""Each sentence of the X-ray: a request for which it is true and is said, and one for which it is not and is not."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
import sqlalchemy

from wsgiapp import App, abort, render_template_string, request, session
from wsgiapp.xray import XRay
from wsgiapp.xray.show import text

from .support import NEAR, TOKEN, Reader

Sent = dict[str, Any]
ENGINE = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.NullPool)


def made() -> tuple[App, XRay]:
    app = App(__name__, static_folder=None)
    app.secret_key, app.debug = "a key of this app", True
    app.config["PROPAGATE_EXCEPTIONS"] = False

    @app.context_processor
    def processor() -> dict[str, Any]:
        return {"a": 1}

    @app.errorhandler(404)
    def not_found(error: Any) -> Any:
        return render_template_string("not here"), 404

    @app.errorhandler(409)
    def conflict(error: Any) -> Any:
        raise RuntimeError("the handler itself")

    @app.after_request
    def after(response: Any) -> Any:
        if request.path == "/late":
            raise LookupError("after all")
        return response

    @app.route("/put")
    def put() -> str:
        session["user"] = "ann"
        return "put"

    def pieces() -> Any:
        yield "one"

    @app.before_request
    def early() -> None:
        if request.path == "/early":
            raise LookupError("before all")

    def slow() -> Any:
        yield "one"
        time.sleep(0.02)

    app.add_url_rule("/slow", "slow", slow)

    @app.route("/own", methods=["GET", "OPTIONS"], provide_automatic_options=False)
    def own() -> Any:
        return app.make_default_options_response()

    @app.route("/sql")
    def sql() -> str:
        with ENGINE.connect() as connection:
            return str(connection.execute(sqlalchemy.text("SELECT 1")).scalar())

    app.add_url_rule("/secret/<token>", "secret", lambda token: "secret")
    app.add_url_rule("/long", "long", lambda: "x" * 70_000)
    app.add_url_rule("/look", "look", lambda: str(session.get("user")))
    app.add_url_rule("/empty", "empty", lambda: session.clear() or "empty")
    app.add_url_rule("/plain", "plain", lambda: "plain")
    app.add_url_rule("/pieces", "pieces", pieces)
    app.add_url_rule("/conflict", "conflict", lambda: abort(409))
    app.add_url_rule("/late", "late", lambda: "late")
    app.add_url_rule("/take", "take", lambda: request.stream.read(3), methods=["POST"])
    return app, XRay(app, token=TOKEN)


def cookie(kind: str) -> str:
    app, _ = made()
    app.secret_key = "a key of another app" if kind == "forged" else app.secret_key
    client = app.test_client()
    client.get("/put")
    found = client.get_cookie("session")
    assert found is not None
    return f"session={found.value}"


VALID: Callable[[], Sent] = lambda: {"headers": {"Cookie": cookie("valid")}}  # noqa: E731
FORGED: Callable[[], Sent] = lambda: {"headers": {"Cookie": cookie("forged")}}  # noqa: E731
NONE: Callable[[], Sent] = dict
UNREAD: Callable[[], Sent] = lambda: {"headers": {"Cookie": "session=nonsense"}}  # noqa: E731
BODY: Callable[[], Sent] = lambda: {"method": "POST", "data": b"12345"}  # noqa: E731
SHORT: Callable[[], Sent] = lambda: {"method": "POST", "data": b"123"}  # noqa: E731


@pytest.mark.parametrize(
    ("sentence", "true", "untrue"),
    [
        ("removed: user", ("/empty", VALID), ("/put", FORGED)),
        ("added: user", ("/put", FORGED), ("/put", VALID)),
        ("so the app never opened it", ("/late", VALID), ("/plain", VALID)),
        ("it was opened, and then nobody touched", ("/plain", VALID), ("/look", VALID)),
        ("touched and left as it was", ("/look", VALID), ("/put", NONE)),
        ("No session cookie came in, and nobody touched", ("/plain", NONE), ("/plain", VALID)),
        ("A session began: its cookie was set", ("/put", NONE), ("/put", FORGED)),
        ("was not accepted (forged)", ("/put", FORGED), ("/put", VALID)),
        ("A new cookie was set for the session", ("/put", VALID), ("/put", NONE)),
        ("its cookie was deleted", ("/empty", VALID), ("/look", VALID)),
        ("came in: forged", ("/look", FORGED), ("/look", VALID)),
        ("came in: valid", ("/look", VALID), ("/look", FORGED)),
        ("No cookie came in: it is new", ("/look", NONE), ("/look", VALID)),
        ("handler xray.test_truth.made.<locals>.not_found", ("/nowhere", NONE), ("/plain", NONE)),
        ("handler xray.test_truth.made.<locals>.processor", None, ("/nowhere", NONE)),
        ("function xray.test_truth.made.<locals>.processor", ("/nowhere", NONE), ("/plain", NONE)),
        ("It raised an exception", ("/conflict", NONE), ("/nowhere", NONE)),
        ("A piece of the body was made", ("/pieces", NONE), ("/plain", NONE)),
        ("The body's end was reached", ("/pieces", NONE), ("/plain", NONE)),
        ("No rule answers: 404", ("/nowhere", NONE), ("/plain", NONE)),
        ("/plain matched: endpoint", ("/plain", NONE), ("/nowhere", NONE)),
        ("The app read 3 of 5 bytes", ("/take", BODY), ("/take", SHORT)),
    ],
)
def test_a_sentence_is_said_where_it_is_true_and_only_there(sentence: str, true: Any, untrue: Any) -> None:
    for case, expected in ((true, True), (untrue, False)):
        if case is not None:
            said = told(*case)
            assert (sentence in said) is expected, said


def told(path: str, options: Callable[[], Sent]) -> str:
    trace = watched(path, options)[1].newest()
    assert trace is not None
    return "\n".join(text.lines(trace, text.Style(width=400), verbose=True))


def watched(path: str, options: Callable[[], Sent]) -> tuple[App, XRay]:
    """The app and its X-ray after one request."""
    app, xray = made()
    response = app.test_client(use_cookies=False).open(path, environ_overrides=NEAR, **options())
    response.get_data()
    response.close()
    return app, xray


@pytest.mark.parametrize(
    ("sentence", "true", "untrue"),
    [
        ("No statement was sent by SQLAlchemy", ("/plain", NONE), ("/sql", NONE)),
        ("1 statement,", ("/sql", NONE), ("/plain", NONE)),
        ("None was rendered.", ("/plain", NONE), ("/nowhere", NONE)),
        ("and cannot change it without the key", ("/look", VALID), ("/look", FORGED)),
        ("no key of this app made: anybody may", ("/look", FORGED), ("/look", VALID)),
        ("(nothing that can be read)", ("/look", UNREAD), ("/look", VALID)),
        ("whoever has the cookie can read it", ("/look", VALID), ("/look", UNREAD)),
        ("Context variables that had a value", ("/plain", NONE), ("/early", NONE)),
        ("The request was not dispatched", ("/early", NONE), ("/plain", NONE)),
        ("handled by", ("/nowhere", NONE), ("/late", NONE)),
        ("None ran.", None, ("/plain", NONE)),
        ("The beginning is kept.", ("/long", NONE), ("/plain", NONE)),
        ("No rule answers GET", ("/nowhere", NONE), ("/plain", NONE)),
        ("so that the other rules cannot be asked about it", ("/secret/abcdefgh", NONE), ("/plain", NONE)),
        ("further away", ("/plain", NONE), None),
        ("The others that came near", ("/plains", NONE), ("/%00%01", NONE)),
        ("replay of", None, ("/plain", NONE)),
        ("The app read 3 of 5 bytes", ("/take", BODY), ("/take", SHORT)),
    ],
)
def test_a_sentence_of_the_page_is_said_where_it_is_true_and_only_there(sentence: str, true: Any, untrue: Any) -> None:
    for case, expected in ((true, True), (untrue, False)):
        if case is not None:
            said = shown(*case)
            assert (sentence in said) is expected, said


def shown(path: str, options: Callable[[], Sent]) -> str:
    """The text of the request's page, on one line."""
    app, xray = watched(path, options)
    reader, trace = Reader(app), xray.newest()
    assert trace is not None
    return " ".join(unescape(re.sub(r"<[^>]*>", "", reader.get(f"t/{trace.id}").text)).split())


@pytest.mark.parametrize(
    ("method", "path", "by"),
    [("OPTIONS", "/plain", ["App.make_default_options_response"]), ("OPTIONS", "/own", ["own"]), ("GET", "/plain", [])],
)
def test_the_allow_header_is_blamed_on_who_made_the_answer(method: str, path: str, by: list[str]) -> None:
    trace = watched(path, lambda: {"method": method})[1].newest()
    assert trace is not None
    found = [header.by for header in trace.sent_headers if header.name == "Allow"]
    assert [name.removeprefix("xray.test_truth.made.<locals>.") for name in found] == by


def test_the_last_layer_ends_where_the_server_asks_for_the_body() -> None:
    _, xray = watched("/slow", NONE)
    trace = xray.newest()
    assert trace is not None
    (teardown,) = [span for span in trace.spans if span.kind == "layer" and span.layer == "teardown"]
    streams = trace.of_kind("stream")
    assert teardown.wall < 20 <= sum(span.wall for span in streams) and {span.parent for span in streams} == {0}


@pytest.mark.parametrize(("path", "handled"), [("/nowhere", ["not_found"]), ("/conflict", ["", ""]), ("/late", [""])])
def test_a_failure_is_said_to_be_handled_by_who_answered_it(path: str, handled: list[str]) -> None:
    app, xray = made()
    app.test_client().get(path, environ_overrides=NEAR)
    trace = xray.newest()
    assert trace is not None
    assert [failure.handled.rpartition(".")[2] for failure in trace.failures] == handled
