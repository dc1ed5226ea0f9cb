"""Errors: which handler is found for which error, what it may return, and what happens without one."""

from typing import Any

import pytest
from werkzeug.exceptions import (
    BadRequest,
    BadRequestKeyError,
    Conflict,
    Forbidden,
    HTTPException,
    ImATeapot,
    InternalServerError,
    NotFound,
)
from werkzeug.routing import RequestRedirect


class AppError(Exception):
    pass


class SpecialError(AppError, ValueError):
    pass


class Brewing(HTTPException):
    code = 418


def raising(framework: Any, error: Any, **config: Any) -> Any:
    """An app with one view that raises `error`, in itself and in the blueprint `bp`."""
    app = framework.App(__name__)
    app.config.update(config)

    def view():
        raise error

    app.add_url_rule("/", "view", view)
    return app


@pytest.mark.parametrize(
    ("error", "registered", "expected"),
    [
        (SpecialError(), [SpecialError], "SpecialError"),
        (SpecialError(), [AppError, SpecialError], "SpecialError"),
        (SpecialError(), [SpecialError, AppError], "SpecialError"),
        (SpecialError(), [AppError, ValueError], "AppError"),
        (SpecialError(), [ValueError, Exception], "ValueError"),
        (SpecialError(), [Exception], "Exception"),
        (NotFound(), [404], "404"),
        (NotFound(), [NotFound], "NotFound"),
        (NotFound(), [HTTPException], "HTTPException"),
        (NotFound(), [Exception], "Exception"),
        (NotFound(), [HTTPException, 404], "404"),
        (NotFound(), [HTTPException, Exception], "HTTPException"),
        (ImATeapot(), [418], "418"),
        (Brewing(), [Brewing, HTTPException], "Brewing"),
        (BadRequestKeyError("x"), [400], "400"),
        (BadRequestKeyError("x"), [KeyError], "KeyError"),
        (BadRequestKeyError("x"), [BadRequest], "BadRequest"),
        (BadRequestKeyError("x"), [BadRequestKeyError, BadRequest], "BadRequestKeyError"),
        (AppError(), [500], "500"),
        (AppError(), [InternalServerError], "InternalServerError"),
        (AppError(), [HTTPException], "HTTPException"),
        (AppError(), [AppError, 500], "AppError"),
        (Forbidden(), [404, Exception], "Exception"),
    ],
)
def test_handler_nearest_to_the_error_is_called(framework: Any, error: Any, registered: Any, expected: str) -> None:
    app = raising(framework, error)
    for key in registered:
        name = str(key) if isinstance(key, int) else key.__name__
        app.register_error_handler(key, lambda error, name=name: name)
    response = app.test_client().get("/")
    assert (response.text, response.status_code) == (expected, 200)


@pytest.mark.parametrize("error", [Forbidden(), Conflict()])
@pytest.mark.parametrize("registered", [[404], [AppError], []])
def test_unhandled_http_error_is_its_own_page(framework: Any, error: HTTPException, registered: Any) -> None:
    app = raising(framework, error)
    for key in registered:
        app.register_error_handler(key, lambda error: "never")
    assert app.test_client().get("/").status_code == error.code


PLACES = ["blueprint code", "app code", "blueprint class", "app class"]


@pytest.mark.parametrize("present", [PLACES[start:] for start in range(4)] + [["app code", "blueprint class"]])
def test_order_of_precedence(framework: Any, present: list[str]) -> None:
    app = framework.App(__name__)
    blueprint = framework.Blueprint("bp", __name__)
    for place in reversed(present):
        target = blueprint if place.startswith("blueprint") else app
        key = NotFound if place.endswith("code") else HTTPException
        target.register_error_handler(key, lambda error, place=place: place)
    blueprint.add_url_rule("/", "view", lambda: framework.abort(404))
    app.register_blueprint(blueprint)
    assert app.test_client().get("/").text == present[0]


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        (["child", "parent", "app"], "child"),
        (["parent", "app"], "parent"),
        (["app"], "app"),
    ],
)
@pytest.mark.parametrize("error", [AppError(), NotFound()])
def test_handlers_of_nested_blueprints(framework: Any, present: Any, expected: str, error: Exception) -> None:
    app = framework.App(__name__)
    targets = {
        "app": app,
        "parent": framework.Blueprint("parent", __name__),
        "child": framework.Blueprint("child", __name__),
    }

    def view():
        raise error

    targets["child"].add_url_rule("/", "view", view)
    for name in present:
        targets[name].register_error_handler(type(error), lambda error, name=name: name)
    targets["parent"].register_blueprint(targets["child"])
    app.register_blueprint(targets["parent"])
    assert app.test_client().get("/").text == expected


def test_blueprint_handler_does_not_hear_of_unrouted_requests(framework: Any) -> None:
    app = framework.App(__name__)
    blueprint = framework.Blueprint("bp", __name__, url_prefix="/bp")
    blueprint.register_error_handler(404, lambda error: "blueprint's")
    blueprint.app_errorhandler(405)(lambda error: ("app-wide", 405))
    blueprint.add_url_rule("/post", "post", lambda: "", methods=["POST"])
    app.register_blueprint(blueprint)
    client = app.test_client()
    assert (client.get("/bp/none").status_code, client.get("/bp/post").text) == (404, "app-wide")


@pytest.mark.parametrize(
    ("value", "status", "body"),
    [
        ("text", 200, "text"),
        (("text", 409), 409, "text"),
        ({"error": "x"}, 200, '{"error":"x"}\n'),
        (({"error": "x"}, 422, {"X-E": "1"}), 422, '{"error":"x"}\n'),
    ],
)
def test_handler_may_return_what_a_view_may(framework: Any, value: Any, status: int, body: str) -> None:
    app = raising(framework, AppError())
    app.register_error_handler(AppError, lambda error: value)
    response = app.test_client().get("/")
    assert (response.status_code, response.text) == (status, body)


def test_handler_may_return_the_error_itself(framework: Any) -> None:
    app = raising(framework, Conflict("taken"))
    app.register_error_handler(HTTPException, lambda error: error)
    response = app.test_client().get("/")
    assert response.status_code == 409 and "taken" in response.text


def test_handler_is_given_the_error(framework: Any) -> None:
    error = AppError("given")
    app = raising(framework, error)
    seen = []
    app.register_error_handler(AppError, lambda error: seen.append(error) or "x")
    app.test_client().get("/")
    assert seen == [error]


@pytest.mark.parametrize("second", [LookupError("in the handler"), Conflict()])
def test_handler_that_raises(framework: Any, second: Exception) -> None:
    app = raising(framework, NotFound())

    def handler(error):
        raise second

    app.register_error_handler(404, handler)
    app.register_error_handler(500, lambda error: (f"500 for {type(error.original_exception).__name__}", 500))
    response = app.test_client().get("/")
    assert (response.status_code, response.text) == (500, f"500 for {type(second).__name__}")


def test_internal_server_error_carries_the_original(framework: Any) -> None:
    error = AppError("original")
    app = raising(framework, error)
    seen = []
    app.register_error_handler(500, lambda error: seen.append(error) or ("sorry", 500))
    response = app.test_client().get("/")
    assert (response.status_code, response.text) == (500, "sorry")
    assert isinstance(seen[0], InternalServerError)
    assert seen[0].original_exception is error


def test_aborted_500_has_no_original(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: framework.abort(500))
    seen = []
    app.register_error_handler(500, lambda error: seen.append(error.original_exception) or ("sorry", 500))
    app.test_client().get("/")
    assert seen == [None]


def test_unhandled_error_is_500_and_logged(framework: Any, caplog: Any) -> None:
    app = raising(framework, AppError("the reason"))
    response = app.test_client().get("/?secret=1")
    assert response.status_code == 500
    assert "the reason" not in response.text
    record = caplog.records[-1]
    assert (record.levelname, record.name) == ("ERROR", app.name)
    assert "/" in record.getMessage() and "GET" in record.getMessage()
    assert isinstance(record.exc_info[1], AppError)


def test_handled_error_is_not_logged(framework: Any, caplog: Any) -> None:
    app = raising(framework, AppError())
    app.register_error_handler(AppError, lambda error: "x")
    app.test_client().get("/")
    assert caplog.records == []


@pytest.mark.parametrize(
    ("config", "propagates"),
    [
        ({}, False),
        ({"TESTING": True}, True),
        ({"DEBUG": True}, True),
        ({"PROPAGATE_EXCEPTIONS": True}, True),
        ({"PROPAGATE_EXCEPTIONS": False, "TESTING": True}, False),
        ({"PROPAGATE_EXCEPTIONS": False, "DEBUG": True}, False),
    ],
)
def test_propagation(framework: Any, config: dict[str, bool], propagates: bool) -> None:
    client = raising(framework, AppError("through"), **config).test_client()
    if propagates:
        with pytest.raises(AppError, match="through"):
            client.get("/")
    else:
        assert client.get("/").status_code == 500


def test_propagated_error_has_the_view_in_its_traceback(framework: Any) -> None:
    import traceback

    client = raising(framework, AppError(), TESTING=True).test_client()
    with pytest.raises(AppError) as caught:
        client.get("/")
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "view"


@pytest.mark.parametrize(
    ("config", "error", "escapes"),
    [
        ({"TRAP_HTTP_EXCEPTIONS": True}, NotFound(), True),
        ({"TRAP_HTTP_EXCEPTIONS": True}, BadRequestKeyError("x"), True),
        ({"TRAP_BAD_REQUEST_ERRORS": True}, NotFound(), False),
        ({"TRAP_BAD_REQUEST_ERRORS": True}, BadRequest(), True),
        ({"TRAP_BAD_REQUEST_ERRORS": True}, BadRequestKeyError("x"), True),
        ({"TRAP_BAD_REQUEST_ERRORS": None, "DEBUG": True}, BadRequestKeyError("x"), True),
        ({"TRAP_BAD_REQUEST_ERRORS": None, "DEBUG": True}, BadRequest(), False),
        ({"TRAP_BAD_REQUEST_ERRORS": False, "DEBUG": True}, BadRequestKeyError("x"), False),
        ({"TRAP_BAD_REQUEST_ERRORS": None}, BadRequestKeyError("x"), False),
    ],
)
def test_trapped_http_errors(framework: Any, config: dict[str, Any], error: HTTPException, escapes: bool) -> None:
    client = raising(framework, error, PROPAGATE_EXCEPTIONS=True, **config).test_client()
    if escapes:
        with pytest.raises(type(error)):
            client.get("/")
    else:
        assert client.get("/").status_code == error.code


def test_trapped_error_still_finds_a_handler_for_its_class(framework: Any) -> None:
    app = raising(framework, NotFound(), TRAP_HTTP_EXCEPTIONS=True)
    app.register_error_handler(NotFound, lambda error: "handled")
    assert app.test_client().get("/").text == "handled"


def test_bad_request_key_error_hides_the_key_in_production(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: framework.request.args["secret_name"])
    assert "secret_name" not in app.test_client().get("/").text


def test_bad_request_key_error_shows_the_key_in_debug(framework: Any) -> None:
    app = framework.App(__name__)
    app.config.update(DEBUG=True, TRAP_BAD_REQUEST_ERRORS=False)
    app.add_url_rule("/", "view", lambda: framework.request.args["secret_name"])
    response = app.test_client().get("/")
    assert response.status_code == 400 and "secret_name" in response.text


def test_redirect_raised_is_not_an_error_to_handlers(framework: Any) -> None:
    app = raising(framework, RequestRedirect("http://localhost/new"))
    app.register_error_handler(HTTPException, lambda error: "never")
    assert app.test_client().get("/").headers["Location"] == "http://localhost/new"


def test_page_of_an_error_says_what_was_set_on_it(framework: Any) -> None:
    app = framework.App(__name__)

    @app.get("/<name>")
    def view(name):
        error = NotFound()
        setattr(error, name, 410 if name == "code" else "<why>")
        raise error

    client = app.test_client()
    client.get("/a/missing")
    assert client.get("/code").status_code == 410
    assert "410 Gone" in client.get("/code").text
    assert "&lt;why&gt;" in client.get("/description").text


def test_error_with_its_own_response_is_sent_as_it_is(framework: Any) -> None:
    app = raising(framework, HTTPException(response=framework.Response("own", 207)))
    app.register_error_handler(HTTPException, lambda error: "never")
    response = app.test_client().get("/")
    assert (response.status_code, response.text) == (207, "own")


@pytest.mark.parametrize("key", [799, 0, "404", "x", object(), NotFound(), AppError(), dict, None])
def test_key_that_is_no_error_is_refused(framework: Any, key: Any) -> None:
    app = framework.App(__name__)
    with pytest.raises((TypeError, ValueError, LookupError)):
        app.register_error_handler(key, lambda error: "")
    with pytest.raises((TypeError, ValueError, LookupError)):
        app.errorhandler(key)(lambda error: "")


def test_errorhandler_gives_back_the_function(framework: Any) -> None:
    def handler(error):
        return ""

    app, blueprint = framework.App(__name__), framework.Blueprint("bp", __name__)
    for decorator in (app.errorhandler(404), blueprint.errorhandler(404), blueprint.app_errorhandler(404)):
        assert decorator(handler) is handler


@pytest.mark.parametrize("place", ["before_request", "after_request", "url_value_preprocessor"])
def test_error_in_a_hook_finds_its_handler(framework: Any, place: str) -> None:
    app = framework.App(__name__)

    def fail(*args):
        raise AppError

    getattr(app, place)(fail)
    app.add_url_rule("/", "view", lambda: "x")
    app.register_error_handler(AppError, lambda error: ("handled", 409))
    app.register_error_handler(500, lambda error: (f"500 {type(error.original_exception).__name__}", 500))
    expected = "500 AppError" if place == "after_request" else "handled"
    assert app.test_client().get("/").text == expected


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_errors_that_end_the_process_go_through(framework: Any, error: type[BaseException]) -> None:
    app = raising(framework, error)
    app.register_error_handler(Exception, lambda error: "never")
    torn = []
    app.teardown_request(lambda error: torn.append(type(error)))
    with pytest.raises(error):
        app.test_client().get("/")
    assert torn == [error]


def test_error_pages_are_escaped(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: framework.abort(404, framework.request.args["x"]))
    assert "<script>" not in app.test_client().get("/?x=<script>").text


def test_find_error_handler_is_asked(framework: Any) -> None:
    class App(framework.App):
        def _find_error_handler(self, e, blueprints):
            return lambda error: f"found for {type(error).__name__}"

    app = App(__name__)
    app.add_url_rule("/", "view", lambda: framework.abort(409))
    assert app.test_client().get("/").text == "found for Conflict"


def test_handler_registered_directly_in_the_registry(framework: Any) -> None:
    app = raising(framework, NotFound())
    app.error_handler_spec[None][404][NotFound] = lambda error: "from the registry"
    assert app.test_client().get("/").text == "from the registry"


def test_page_of_an_error_is_text_in_after_request_functions_for_head_too(both: Any) -> None:
    seen = []
    for framework in both:
        app = framework.App(__name__)
        told: list[Any] = []

        @app.after_request
        def look(response, told=told):
            told.append((response.is_streamed, len(response.get_data()), response.content_length))
            return response

        client = app.test_client()
        answers = [client.get("/nowhere"), client.head("/nowhere")]
        assert [(answer.status_code, answer.content_length) for answer in answers] == [(404, 207), (404, 207)]
        assert answers[1].data == b""
        seen.append(told)
    assert seen == [[(False, 207, 207), (False, 207, 207)], [(True, 207, 207), (True, 0, 207)]]
