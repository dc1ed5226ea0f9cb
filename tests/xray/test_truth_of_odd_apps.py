"""The sentences of the X-ray, of apps that go ways of their own: each is true where it is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.routing import Rule
from werkzeug.test import create_environ

from wsgiapp import App, Response, abort, redirect, render_template_string, session, stream_template_string
from wsgiapp.sessions import SecureCookieSessionInterface, SessionInterface, SessionMixin
from wsgiapp.xray import XRay
from wsgiapp.xray.explain import why
from wsgiapp.xray.explain.sentences import opening
from wsgiapp.xray.explain.teach import steps
from wsgiapp.xray.trace import Trace

from .support import NEAR, TOKEN, Reader


def made(kind: type[App] = App, **options: Any) -> App:
    app = kind(__name__, static_folder=None, **options)
    app.secret_key, app.debug = "a key of this app", True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/ok", "ok", lambda: "ok")
    app.add_url_rule("/fails", "fails", lambda: 1 / 0)
    return app


def sent(app: App, path: str = "/ok", to: Any = None, **environ: Any) -> Trace:
    """Send a request, to its end or to where it breaks off, and return what was seen of it."""
    xray = app.extensions.get("xray") or XRay(app, token=TOKEN)
    body: Any = (to or app)({**create_environ(path), **NEAR, **environ}, lambda *_: None)
    try:
        b"".join(body)
    except ZeroDivisionError:
        pass
    finally:
        getattr(body, "close", lambda: None)()
    trace = xray.newest()
    assert trace is not None
    return trace


def said(app: App, path: str = "/ok", **environ: Any) -> str:
    """All that is said of a request: how its trace begins, and every step of the lesson."""
    trace = sent(app, path, **environ)
    sentences = [" ".join((step.sentence, *step.happened)) for step in steps(trace)]
    return "\n".join([opening(trace, why.why_trace(app, trace)), *sentences, trace.session.note])


# -- who made the answer -------------------------------------------------------------------------------------------


def test_a_hook_whose_answer_was_lost_to_an_error_is_not_said_to_have_answered() -> None:
    app = made()
    app.before_request(lambda: "early")

    @app.after_request
    def late(response: Response) -> Response:
        raise LookupError("after all")

    told = said(app)
    assert told.startswith("500, because LookupError (after all) was raised in ")
    assert "What it returned was to be the answer." in told and "is the answer" not in told


def test_a_hook_whose_value_is_no_response_is_not_said_to_have_answered() -> None:
    app = made()
    app.before_request(object)
    assert said(app).startswith("500, because TypeError (")


def test_a_hook_that_let_the_request_pass_did_not_answer_for_a_method_of_the_apps_own() -> None:
    class Own(App):
        def preprocess_request(self) -> Any:
            super().preprocess_request()
            return "mine"

    app = made(Own)
    app.before_request(lambda: None)
    told = said(app)
    assert "What App.preprocess_request returned became a response." in told
    assert "The last one answered" not in told and "answered before the view" not in told


@pytest.mark.parametrize(
    ("path", "change", "how"),
    [
        ("/ok", lambda _: redirect("/login"), "302, because {} saw the response and put another response in its place"),
        ("/ok", lambda response: restated(response), "503, because {} saw the response and changed the status"),
        ("/nowhere", lambda _: Response("spa"), "200, because {} saw the response and put another response in its"),
        ("/fails", lambda _: Response("sorry", 503), "503, because {} saw the response and put another response in"),
        ("/ok", lambda response: response, "200: /ok fits, and "),
    ],
)
def test_a_hook_that_made_another_answer_is_named(path: str, change: Callable[[Any], Any], how: str) -> None:
    app = made()

    @app.after_request
    def late(response: Response) -> Any:
        return change(response)

    told = said(app, path)
    assert told.startswith(how.format(f"{__name__}.{late.__qualname__}"))
    assert ("Before that, " in told.splitlines()[0]) is (path != "/ok")


def restated(response: Response) -> Response:
    response.status_code = 503
    return response


def test_a_method_of_the_apps_own_that_sends_another_response_is_named() -> None:
    class Own(App):
        def process_response(self, response: Response) -> Response:
            return Response("else", 202)

    assert said(made(Own)).startswith("202, because App.process_response saw the response and put another response")


@pytest.mark.parametrize("name", ["handle_user_exception", "handle_exception"])
@pytest.mark.parametrize("on", ["class", "object"])
def test_an_error_that_a_method_of_the_apps_own_answered_is_not_said_to_have_its_own_page(name: str, on: str) -> None:
    def answer(*_: Any) -> Response:
        return Response("mine", 503)

    kind = type("Own", (App,), {name: answer} if on == "class" else {})
    app = made(kind)
    if on == "object":
        setattr(app, name, answer)
    told = said(app, "/fails")
    assert f"went to App.{name}, which is the app's own (tests/xray/test_truth_of_odd_apps.py:" in told
    assert "plain page" not in told and "own page" not in told


def test_functions_of_one_factory_are_told_apart() -> None:
    app = made()
    for name in ("X-One", "X-Two"):
        app.after_request(adding(name))
    told = said(app)
    assert "Set X-One: 1" in told and "Set X-Two: 1" in told


def adding(name: str) -> Callable[[Response], Response]:
    def add(response: Response) -> Response:
        response.headers[name] = "1"
        return response

    return add


def test_a_url_preprocessor_that_raised_is_not_passed_over() -> None:
    app = made()

    @app.url_value_preprocessor
    def look(endpoint: Any, values: Any) -> None:
        raise LookupError("no such shop")

    assert "No before_request function ran: LookupError (no such shop) was raised here, so" in said(app)


# -- what broke off ------------------------------------------------------------------------------------------------


def pieces() -> Iterator[str]:
    yield "a"
    yield str(1 / 0)


def test_a_body_that_breaks_off_is_not_the_reason_for_its_status() -> None:
    app = made()
    app.add_url_rule("/pieces", "pieces", lambda: Response(pieces()))
    told = said(app, "/pieces").splitlines()[0]
    assert told.startswith("200: /pieces fits") and "because" not in told
    assert " Then ZeroDivisionError (division by zero) was raised in tests/xray/test_truth_of_odd_apps.py:" in told
    assert "while the body was sent" not in said(app, "/fails")


@pytest.mark.parametrize("view", [render_template_string, stream_template_string])
def test_a_template_that_raised_is_not_said_to_be_rendered(view: Callable[..., Any]) -> None:
    app = made()
    app.add_url_rule("/page", "page", lambda: view("x{{ 1 // n }}", n=0))
    app.add_url_rule("/good", "good", lambda: view("x{{ 1 // n }}", n=1))
    assert "Jinja2 began to render <string> with 1 name: n. An exception was raised in it." in said(app, "/page")
    assert "Jinja2 rendered <string> with 1 name: n." in said(app, "/good")


def test_the_names_of_a_template_are_all_counted() -> None:
    app = made()
    names = {f"n{number}": number for number in range(80)}
    app.add_url_rule("/page", "page", lambda: render_template_string("x", **names))
    assert "Jinja2 rendered <string> with 80 names: n0, n1, n2, n3, n4, n5 and 74 more." in said(app, "/page")


# -- sessions ------------------------------------------------------------------------------------------------------


class Kept(dict[str, Any], SessionMixin):
    """A session of the app's own kind."""


class Elsewhere(SessionInterface):
    """Keeps sessions in no cookie."""

    def open_session(self, app: Any, request: Any) -> Any:
        return Kept(user="ann")

    def save_session(self, app: Any, session: Any, response: Any) -> None:
        response.set_cookie("session", "sid-1234567")


class Prefilled(SecureCookieSessionInterface):
    """Gives every session something to begin with."""

    def open_session(self, app: Any, request: Any) -> Any:
        opened = super().open_session(app, request)
        if opened is not None:
            opened["always"] = 1
        return opened


@pytest.mark.parametrize("interface", [Elsewhere(), Prefilled()])
@pytest.mark.parametrize("cookie", ["", "session=sid-7654321"])
def test_of_a_session_that_is_kept_in_a_way_of_its_own_nothing_is_made_up(interface: Any, cookie: str) -> None:
    app = made()
    app.session_interface = interface
    app.add_url_rule("/look", "look", lambda: str([*session]))
    told = said(app, "/look", **({"HTTP_COOKIE": cookie} if cookie else {}))
    name = f"{__name__}.{type(interface).__name__}"
    assert f"{name} opened the session in a way of its own." in told and f"{name} keeps sessions in a way of" in told
    for sentence in ("began empty", "not accepted", "nobody touched", "left as it was", "A session began"):
        assert sentence not in told


@pytest.mark.parametrize("order", ["{bad}; {good}", "{good}; {bad}", "session=; {good}"])
def test_of_several_cookies_the_one_is_told_that_the_app_takes(order: str) -> None:
    app = made()
    app.add_url_rule("/put", "put", lambda: session.setdefault("user", "ann"))
    app.add_url_rule("/look", "look", lambda: str(session.get("user")))
    client = app.test_client()
    client.get("/put")
    found = client.get_cookie("session")
    assert found is not None
    cookies = order.format(good=f"session={found.value}", bad=f"session={found.value[:-4]}AAAA")
    told = said(app, "/look", HTTP_COOKIE=cookies)
    assert "its signature holds (SECRET_KEY). The session has: user." in told and "not accepted" not in told


def test_a_session_too_large_for_browsers_is_not_just_said_to_be_set() -> None:
    app = made()
    app.add_url_rule("/big", "big", lambda: session.setdefault("big", "".join(map(str, range(4000)))) and "big")
    with pytest.warns(UserWarning, match="too large"):
        told = said(app, "/big")
    assert "it is larger than the 4,093 that browsers keep" in told


# -- the match -----------------------------------------------------------------------------------------------------


def test_reasons_are_those_of_where_the_app_is_mounted() -> None:
    app = made()
    app.add_url_rule("/slash/", "slash", lambda: "slash")
    trace = sent(app, "/mnt/slash", to=DispatcherMiddleware(App("root"), {"/mnt": app}))
    explained = why.why_trace(app, trace)
    assert explained is not None and explained.location == "http://localhost/mnt/slash/"
    assert any("http://localhost/mnt/slash/" in other.reason for other in explained.others)


def test_the_handshake_of_a_websocket_is_no_plain_request() -> None:
    app = made()
    app.url_map.add(Rule("/ws", endpoint="ws", websocket=True))
    app.view_functions["ws"] = lambda: "ws"
    trace = sent(app, "/ws", HTTP_UPGRADE="websocket", HTTP_CONNECTION="Upgrade")
    explained = why.why_trace(app, trace)
    assert trace.match.rule == "/ws" and explained is not None and explained.rule == "/ws"
    assert not any("this is an HTTP request" in other.reason for other in explained.others)


def test_a_host_outside_the_server_name_is_no_subdomain() -> None:
    app = made(subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.test"
    with pytest.warns(UserWarning, match="SERVER_NAME"):
        trace = sent(app, HTTP_HOST="other.test")
    with pytest.warns(UserWarning, match="SERVER_NAME"):
        told = why.why_trace(app, trace)
    assert told is not None and {other.reason for other in told.others} == {
        "the host is not within the SERVER_NAME, so no rule fits"
    }


@pytest.mark.parametrize(
    ("headers", "asked", "fits"),
    [
        ({"ETag": '"e"'}, {"HTTP_IF_NONE_MATCH": '"e"'}, True),
        ({"ETag": '"e"'}, {"HTTP_IF_NONE_MATCH": 'W/"e", "f"'}, True),
        ({"ETag": '"e"'}, {"HTTP_IF_NONE_MATCH": '"f"'}, False),
        ({"ETag": '"e"'}, {"HTTP_IF_MODIFIED_SINCE": "Mon, 01 Jan 2024 00:00:00 GMT"}, False),
    ],
)
def test_a_304_names_a_condition_only_where_it_holds(headers: Any, asked: Any, fits: bool) -> None:
    app = made()
    app.add_url_rule("/same", "same", lambda: Response(status=304, headers=headers))
    told = said(app, "/same", **asked)
    assert ("is still the newest" in told) is fits and ("the answer says that nothing" in told) is not fits


# -- what never came to the app's steps ----------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["middleware", "method"])
def test_a_request_that_something_around_the_app_answered_is_shown_and_spoils_no_page(how: str) -> None:
    def answer(environ: Any, start: Any) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"healthy"]

    app = made()
    inner = app.wsgi_app
    app.wsgi_app = (  # type: ignore[method-assign]  # as middleware is put on
        lambda environ, start: answer(environ, start) if environ["PATH_INFO"] == "/health" or how == "method"
        else inner(environ, start)
    )  # fmt: skip
    told = said(app, "/health")
    assert told.startswith("200: GET was answered without a view.")
    trace = app.extensions["xray"].newest()
    assert "a middleware answered" in trace.notes[0] and trace.spans[0].name == "App.__call__"
    reader = Reader(app)
    assert {reader.get(page).status_code for page in ("", f"t/{trace.id}", f"t/{trace.id}/lesson.html")} == {200}


def test_an_abort_in_a_nested_blueprint_is_told_with_its_handler() -> None:
    app = made()
    app.register_error_handler(418, lambda _: ("tea", 418))
    app.before_request(lambda: abort(418))
    assert "No error handler takes" not in said(app) and said(app).startswith("418, because ImATeapot (")
