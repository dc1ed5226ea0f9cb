"""The end of a request: teardown functions run always, in order, with what went wrong; and nothing stays behind."""

import gc
import weakref
from typing import Any

import pytest
from werkzeug.test import create_environ, run_wsgi_app

import wsgiapp


def recording(framework: Any) -> tuple[Any, list[Any]]:
    """An app that notes every teardown with the kind of error it is given."""
    app = framework.App(__name__)
    events: list[Any] = []
    app.teardown_request(lambda error: events.append(("request", type(error).__name__)))
    app.teardown_appcontext(lambda error: events.append(("app", type(error).__name__)))
    return app, events


def test_request_teardown_comes_before_that_of_the_app(framework: Any) -> None:
    app, events = recording(framework)
    app.add_url_rule("/", "view", lambda: "x")
    app.test_client().get("/")
    assert events == [("request", "NoneType"), ("app", "NoneType")]


@pytest.mark.parametrize("path", ["/nowhere", "/abort", "/handled", "/redirect"])
def test_handled_errors_are_not_errors_to_teardown(framework: Any, path: str) -> None:
    app, events = recording(framework)
    app.add_url_rule("/abort", "abort", lambda: framework.abort(500))
    app.add_url_rule("/redirect", "redirect", lambda: framework.redirect("/"))
    app.add_url_rule("/handled", "handled", lambda: 1 / 0)
    app.register_error_handler(ZeroDivisionError, lambda error: "handled")
    app.test_client().get(path)
    assert events == [("request", "NoneType"), ("app", "NoneType")]


@pytest.mark.parametrize("propagate", [True, False])
def test_unhandled_error_reaches_teardown(framework: Any, propagate: bool) -> None:
    app, events = recording(framework)
    app.config["PROPAGATE_EXCEPTIONS"] = propagate
    app.add_url_rule("/", "view", lambda: 1 / 0)
    if propagate:
        with pytest.raises(ZeroDivisionError):
            app.test_client().get("/")
    else:
        assert app.test_client().get("/").status_code == 500
    assert events == [("request", "ZeroDivisionError"), ("app", "ZeroDivisionError")]


PLACES = ["before_request", "after_request", "view", "url_value_preprocessor", "error_handler"]


@pytest.mark.parametrize("place", PLACES)
def test_error_anywhere_on_the_road_reaches_teardown(framework: Any, place: str) -> None:
    app, events = recording(framework)

    def fail(*args):
        raise KeyError(place)

    app.add_url_rule("/", "view", fail if place == "view" else lambda: framework.abort(404))
    if place == "error_handler":
        app.register_error_handler(404, fail)
    elif place != "view":
        getattr(app, place)(fail)
    assert app.test_client().get("/").status_code == 500
    assert events == [("request", "KeyError"), ("app", "KeyError")]


def test_teardown_functions_run_last_registered_first(framework: Any) -> None:
    app = framework.App(__name__)
    order: list[str] = []
    for name in ("one", "two"):
        app.teardown_request(lambda error, name=name: order.append(f"request {name}"))
        app.teardown_appcontext(lambda error, name=name: order.append(f"app {name}"))
    blueprint = framework.Blueprint("bp", __name__)
    blueprint.teardown_request(lambda error: order.append("blueprint"))
    blueprint.teardown_app_request(lambda error: order.append("request of blueprint"))
    blueprint.add_url_rule("/", "view", lambda: "x")
    app.register_blueprint(blueprint)
    app.test_client().get("/")
    assert order == ["blueprint", "request of blueprint", "request two", "request one", "app two", "app one"]


def test_teardown_may_still_use_the_context(framework: Any) -> None:
    app = framework.App(__name__)
    app.secret_key = "key"
    seen: list[Any] = []

    @app.teardown_request
    def look(error):
        seen.append((framework.request.path, framework.session["a"], framework.g.b, framework.current_app.name))

    @app.teardown_appcontext
    def look_again(error):
        seen.append((framework.has_request_context(), framework.g.b))

    @app.get("/path")
    def view():
        framework.session["a"], framework.g.b = 1, 2
        return "x"

    app.test_client().get("/path")
    assert seen == [("/path", 1, 2, app.name), (False, 2)]


def test_teardown_that_cannot_be_called_does_not_stop_the_rest() -> None:
    """On wsgiapp alone: a function that ensure_sync refuses (async, without asgiref) is one that failed."""
    from wsgiapp import App

    ran: list[str] = []

    class Refusing(App):
        def ensure_sync(self, func):
            if getattr(func, "refused", False):
                raise RuntimeError("refused")
            return super().ensure_sync(func)

    app = Refusing(__name__)
    app.teardown_appcontext(lambda error: ran.append("first registered"))

    def refused(error):
        ran.append("never")

    refused.refused = True
    app.teardown_appcontext(refused)
    app.teardown_appcontext(lambda error: ran.append("last registered"))
    with pytest.raises(RuntimeError, match="refused"), app.app_context():
        pass
    assert ran == ["last registered", "first registered"]


def test_return_value_of_teardown_is_ignored(framework: Any) -> None:
    app = framework.App(__name__)
    app.teardown_request(lambda error: "ignored")
    app.teardown_appcontext(lambda error: framework.Response("ignored", 500))
    app.add_url_rule("/", "view", lambda: "kept")
    assert app.test_client().get("/").text == "kept"


def test_teardown_of_a_context_pushed_by_hand(framework: Any) -> None:
    app, events = recording(framework)
    with app.test_request_context():
        assert events == []
    with app.app_context():
        pass
    assert events == [("request", "NoneType"), ("app", "NoneType"), ("app", "NoneType")]


@pytest.mark.parametrize("kind", ["app_context", "test_request_context"])
def test_error_in_a_with_block_reaches_teardown(framework: Any, kind: str) -> None:
    app, events = recording(framework)
    with pytest.raises(LookupError), getattr(app, kind)():
        raise LookupError
    assert events[-1] == ("app", "LookupError")


def test_error_can_be_handed_to_pop(framework: Any) -> None:
    app, events = recording(framework)
    context = app.test_request_context()
    context.push()
    context.pop(ValueError("given"))
    assert events == [("request", "ValueError"), ("app", "ValueError")]


def test_teardown_waits_for_a_stream_with_context(framework: Any) -> None:
    app = framework.App(__name__)
    events: list[str] = []
    app.teardown_request(lambda error: events.append("teardown"))

    @app.get("/")
    def view():
        @framework.stream_with_context
        def body():
            for chunk in ("a", "b"):
                events.append(chunk)
                yield chunk

        return body()

    app.test_client().get("/", buffered=True)
    assert events[-3:] == ["a", "b", "teardown"]


def test_abandoned_stream_is_torn_down(framework: Any) -> None:
    app = framework.App(__name__)
    events: list[str] = []
    app.teardown_request(lambda error: events.append("teardown"))

    @app.get("/")
    def view():
        @framework.stream_with_context
        def body():
            try:
                yield "first"
                yield "never sent"
            finally:
                events.append(f"closed {framework.request.path}")

        return body()

    response = app.test_client().get("/")
    assert next(response.iter_encoded()) == b"first"
    response.close()
    assert events[-2:] == ["closed /", "teardown"]


def test_stream_that_was_never_started_leaves_nothing_behind(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: framework.Response(framework.stream_with_context(iter("ab"))))
    response = app.test_client().head("/")
    response.close()
    assert not framework.has_request_context()


def test_stream_that_fails_is_torn_down(framework: Any) -> None:
    app = framework.App(__name__)
    events: list[str] = []
    app.teardown_request(lambda error: events.append("teardown"))

    @app.get("/")
    def view():
        @framework.stream_with_context
        def body():
            yield "first"
            raise LookupError("midway")

        return body()

    with pytest.raises(LookupError, match="midway"):
        app.test_client().get("/", buffered=True)
    assert events[-1] == "teardown"


def test_request_and_uploads_are_closed_at_the_end(framework: Any) -> None:
    import io

    app = framework.App(__name__)
    uploads: list[Any] = []

    @app.post("/")
    def view():
        uploads.append(framework.request.files["up"].stream)
        return "x"

    app.test_client().post("/", data={"up": (io.BytesIO(b"x" * 600_000), "x.bin")})
    assert uploads[0].closed


@pytest.mark.parametrize("path", ["/plain", "/nowhere", "/fails", "/session"])
def test_nothing_of_a_request_is_kept_alive(framework: Any, path: str) -> None:
    app = framework.App(__name__)
    app.secret_key = "key"
    alive: list[Any] = []
    app.before_request(lambda: alive.append(weakref.ref(framework.request._get_current_object())))
    app.add_url_rule("/plain", "plain", lambda: "x")
    app.add_url_rule("/fails", "fails", lambda: 1 / 0)
    app.add_url_rule("/session", "session", lambda: str(framework.session.get("a")))
    app.logger.disabled = True
    client = app.test_client()
    for _ in range(3):
        client.get(path, buffered=True).close()
    gc.collect()
    app.logger.disabled = False
    assert [reference() for reference in alive[:-1]] == [None, None]


def test_do_teardown_methods_may_be_called_by_hand(framework: Any) -> None:
    app, events = recording(framework)
    with app.test_request_context():
        app.do_teardown_request(LookupError())
        app.do_teardown_appcontext(LookupError())
        assert events == [("request", "LookupError"), ("app", "LookupError")]


@pytest.mark.parametrize("testing", [True, False])
def test_error_of_a_teardown_reaches_whoever_tests(testing: bool) -> None:
    """Where errors propagate; elsewhere it is logged, since the answer is on its way (docs/differences.md)."""
    from wsgiapp import App

    app = App("teardown_probe")
    app.testing = testing
    app.logger.disabled = True
    app.add_url_rule("/", "view", lambda: "x")
    app.teardown_request(lambda error: 1 / 0)
    if testing:
        with pytest.raises(ZeroDivisionError):
            app.test_client().get("/")
    else:
        assert app.test_client().get("/").text == "x"


def test_receiver_of_the_signal_that_fails_does_not_stop_the_app_s_teardown() -> None:
    from wsgiapp import App, request_tearing_down

    app = App("teardown_probe")
    app.logger.disabled = True
    seen: list[str] = []
    app.teardown_request(lambda error: seen.append("request"))
    app.teardown_appcontext(lambda error: seen.append("app"))
    app.add_url_rule("/", "view", lambda: "x")
    with request_tearing_down.connected_to(lambda sender, exc: 1 / 0, app):
        assert app.test_client().get("/").text == "x"
    assert seen == ["request", "app"]


def test_teardown_is_told_what_ended_the_request_though_its_error_handler_fails_too(framework: Any) -> None:
    app, ended = framework.App("twice"), []
    app.add_url_rule("/", "index", lambda: {}["view"])
    app.errorhandler(500)(lambda error: {}["handler"])
    app.teardown_request(lambda error: ended.append(str(error)))
    with pytest.raises(KeyError, match="handler"):
        run_wsgi_app(app, create_environ("/"))
    assert ended == ["'view'"]


def test_failing_teardown_does_not_cut_off_a_stream(caplog: pytest.LogCaptureFixture) -> None:
    """On Flask the exception breaks the stream off, so that the client takes the whole body for a part."""

    def fail(error: BaseException | None) -> None:
        raise KeyError("teardown")

    app = wsgiapp.App("failing_teardown")
    app.add_url_rule("/", "index", lambda: wsgiapp.stream_with_context(iter(["a", "b"])))
    app.teardown_request(fail)
    assert app.test_client().get("/").data == b"ab"
    assert "A teardown function failed" in caplog.text
    app.testing = True
    with pytest.raises(KeyError, match="teardown"):
        assert app.test_client().get("/").data
