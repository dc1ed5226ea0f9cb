"""Words of errors and log lines that people search for and filters look for: on both frameworks the same ones."""

import io
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from click.testing import CliRunner
from werkzeug.routing import RequestRedirect
from werkzeug.test import EnvironBuilder

CASES: dict[str, Callable[[Any], Any]] = {}


def case(phrase: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def add(ask: Callable[[Any], Any]) -> Callable[[Any], Any]:
        CASES[phrase] = ask
        return ask

    return add


def app_of(framework: Any, view: Any = None, **config: Any) -> Any:
    app = framework.App("messages")
    app.config.update(config)
    if view is not None:
        app.add_url_rule("/x", "x", view)
    return app


def answered(framework: Any, view: Any, **config: Any) -> Any:
    return app_of(framework, view, TESTING=True, **config).test_client().get("/x")


def blueprint(framework: Any, name: str = "part", **options: Any) -> Any:
    return framework.Blueprint(name, "messages", **options)


def in_request(framework: Any, ask: Callable[[], Any], **arguments: Any) -> Any:
    with app_of(framework).test_request_context(**arguments):
        return ask()


case("'static_folder' must be set to serve static_files")(lambda f: blueprint(f).send_static_file("x"))
case("Resources can only be opened for reading")(lambda f: app_of(f).open_resource("x", "w"))
case("Working outside of application context")(lambda f: f.current_app.name)
case("Working outside of request context")(lambda f: f.request.path)
case("can only be used when a request context is active")(lambda f: f.after_this_request(len))
case("'after_this_request'")(lambda f: f.after_this_request(len))
case("'copy_current_request_context'")(lambda f: f.copy_current_request_context(len))
case("No root path can be found for")(lambda f: app_of(f) and f.helpers.get_root_path("messages_namespace"))
case("is not set and as such configuration could not be loaded")(lambda f: app_of(f).config.from_envvar("NOT_THERE"))
case("Unable to load configuration file")(lambda f: app_of(f).config.from_pyfile("/not/there"))
case("Unable to build URLs outside an active request")(lambda f: app_of(f).url_for("static", filename="x"))
case("'_external' must be True")(
    lambda f: in_request(f, lambda: f.url_for("static", filename="x", _scheme="https", _external=False))
)
case("did not return a valid response tuple")(lambda f: answered(f, lambda: ("x", 200, {}, 4)))
case("The tuple must have the form (body, status")(lambda f: answered(f, lambda: ("x", 200, {}, 4)))
case("did not return a valid response")(lambda f: answered(f, lambda: 5))
case("but it was a int")(lambda f: answered(f, lambda: 5))
case("but it was a object")(lambda f: answered(f, lambda: object()))
case("did not return a valid response")(lambda f: answered(f, lambda: None))
case("The view function for 'x'")(lambda f: answered(f, lambda: None))
case("The session is unavailable because no secret key was set")(lambda f: answered(f, lambda: f.session.update(a=1)))
case("is not JSON serializable")(lambda f: answered(f, lambda: {"a": object()}))
case("Object of type object is not JSON serializable")(lambda f: answered(f, lambda: f.json.dumps(object())))
case("takes either args or kwargs, not both")(lambda f: answered(f, lambda: f.jsonify(1, a=2)))
case("Allowed methods must be a list of strings")(lambda f: app_of(f).route("/x", methods="GET")(lambda: "x"))
case("View function mapping is overwriting an existing endpoint function: x")(
    lambda f: app_of(f, lambda: "x").add_url_rule("/y", "x", lambda: "y")
)
case("expected view func if endpoint is not provided")(lambda f: app_of(f).add_url_rule("/x"))
case("Use the 'route' decorator to use the 'methods' argument")(lambda f: app_of(f).get("/x", methods=["GET"]))
case("'name' may not be empty")(lambda f: blueprint(f, ""))
case("'name' may not contain a dot '.' character")(lambda f: blueprint(f, "a.b"))
case("'endpoint' may not contain a dot '.' character")(lambda f: blueprint(f).add_url_rule("/x", "a.b", len))
case("is already registered for")(
    lambda f: [app.register_blueprint(blueprint(f)) for app in [app_of(f)] for _ in range(2)]
)
case("must be absolute")(lambda f: f.App("messages", instance_path="relative"))
case("Invalid static_host/host_matching combination")(lambda f: f.App("messages", static_host="a.test"))
case("is not a recognized HTTP error code")(lambda f: app_of(f).register_error_handler(999, len))
case("is an instance, not a class")(lambda f: app_of(f).register_error_handler(ValueError(), len))
case("is not a subclass of Exception")(lambda f: app_of(f).register_error_handler(int, len))
case("Cookies are disabled")(lambda f: app_of(f).test_client(use_cookies=False).session_transaction().__enter__())
case("Session backend did not open a session")(lambda f: no_backend(f).test_client().session_transaction().__enter__())
case('Cannot pass "subdomain" or "url_scheme" with "base_url"')(
    lambda f: app_of(f).test_client().get("/", base_url="http://a.test", subdomain="b")
)
case("Unimplemented method 'GET'")(lambda f: answered(f, unimplemented(f)))


def no_backend(framework: Any) -> Any:
    class NoBackend(framework.sessions.SessionInterface):
        def open_session(self, app: Any, request: Any) -> None:
            return None

    app = app_of(framework)
    app.session_interface = NoBackend()
    return app


def unimplemented(framework: Any) -> Any:
    class View(framework.views.MethodView):
        methods = ["GET"]

    return View.as_view("x")


@case("can no longer be called on the application")
def _(framework: Any) -> None:
    app = app_of(framework, lambda: "x")
    app.test_client().get("/x")
    app.add_url_rule("/y", "y", lambda: "y")


@case("can no longer be called on the blueprint 'part'")
def _(framework: Any) -> None:
    part = blueprint(framework)
    app_of(framework).register_blueprint(part)
    part.add_url_rule("/y", "y", lambda: "y")


@case("Cannot register a blueprint on itself")
def _(framework: Any) -> None:
    part = blueprint(framework)
    part.register_blueprint(part)


@case("'view_func' name may not contain a dot '.' character")
def _(framework: Any) -> None:
    view = lambda: "x"  # noqa: E731  # it gets a name that no function statement gives
    view.__name__ = "a.b"
    blueprint(framework).add_url_rule("/x", view_func=view)


@case("Tag 'x' is already registered")
def _(framework: Any) -> None:
    class Tag(framework.json.tag.JSONTag):
        key = "x"

    serializer = framework.json.tag.TaggedJSONSerializer()
    serializer.register(Tag)
    serializer.register(Tag)


@case("Cannot nest client invocations")
def _(framework: Any) -> None:
    with app_of(framework).test_client() as client, client:
        pass


@case("Popped wrong app context")
def _(framework: Any) -> None:
    outer, inner = app_of(framework).app_context(), app_of(framework).app_context()
    outer.push()
    inner.push()
    try:
        outer.pop()
    finally:
        for context in (inner, outer):  # on Flask the first is gone now
            with suppress(LookupError):
                context.pop()


@case("Install Flask with the 'async' extra")
def _(framework: Any) -> None:
    async def view() -> str:
        return "x"

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "asgiref.sync", None)
        answered(framework, view)


@case("no file contents were transmitted")
def _(framework: Any) -> None:
    app = app_of(framework, DEBUG=True)
    with app.test_request_context("/", method="POST", data={"a": "b"}):
        framework.request.files["a"]


@case("but routing issued a redirect to the canonical URL")
def _(framework: Any) -> None:
    request = framework.Request(EnvironBuilder("/x", method="POST").get_environ())
    request.routing_exception = RequestRedirect("http://localhost/x/")
    raise framework.debughelpers.FormDataRoutingRedirect(request)


def message_of(framework: Any, ask: Callable[[Any], Any]) -> tuple[type, str]:
    with pytest.raises(Exception) as caught:
        ask(framework)
    return type(caught.value), str(caught.value)


def enter(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make *folder* current, and import a namespace package from it."""
    (folder / "messages_namespace").mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.chdir(folder)
    monkeypatch.delitem(sys.modules, "messages_namespace", raising=False)
    __import__("messages_namespace")


@pytest.mark.parametrize("phrase", CASES)
def test_error_has_the_words_that_people_search_for(
    framework: Any, phrase: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(tmp_path, monkeypatch)
    _, text = message_of(framework, CASES[phrase])
    assert phrase in text


@pytest.mark.parametrize("phrase", CASES)
def test_error_is_of_the_same_kind(both: Any, phrase: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(tmp_path, monkeypatch)
    ours, theirs = (message_of(framework, CASES[phrase])[0] for framework in both)
    assert ours.__name__ == theirs.__name__


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [(["--key", __file__], '"--cert" must also be specified'), (["--cert", __file__], 'Required when using "--cert"')],
)
def test_option_that_goes_with_another_has_the_words(framework: Any, arguments: list[str], phrase: str) -> None:
    result = CliRunner().invoke(framework.cli.run_command, arguments)
    assert (result.exit_code, phrase in result.output) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [([], "Install python-dotenv"), (["-e", ".env"], "python-dotenv must be installed")],
)
def test_missing_dotenv_is_told_in_the_same_words(
    framework: Any, arguments: list[str], phrase: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("A=b")
    (tmp_path / "app.py").write_text(f"import {framework.name} as f\napp = f.{framework.App.__name__}('app')\n")
    monkeypatch.setitem(sys.modules, "dotenv", None)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "false")  # the command sets it, and this puts it back
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(framework.cli.cli, [*arguments, "routes"])
    sys.modules.pop("app", None)
    assert phrase in result.output


# The log -------------------------------------------------------------------------------------------------------------


def logged(framework: Any, set_up: Callable[[Any], Any]) -> str:
    """What the default handler writes for a request to a view that fails."""
    app = app_of(framework, lambda: 1 / 0)
    set_up(app)
    logger, stream = logging.getLogger("messages"), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(framework.logging.default_handler.formatter)
    logger.addHandler(handler)
    try:
        app.test_client().get("/x")
    finally:
        logger.removeHandler(handler)
    return stream.getvalue()


def fail(response: Any) -> None:
    raise KeyError("hook")


@pytest.mark.parametrize(
    ("words", "set_up"),
    [
        ("ERROR in app: Exception on /x [GET]", lambda app: None),
        ("ERROR in app: Request finalizing failed with an error", lambda app: app.after_request(fail)),
    ],
)
def test_log_line_has_the_words_that_filters_look_for(framework: Any, words: str, set_up: Any) -> None:
    assert words in logged(framework, set_up)


def test_log_line_of_an_app_that_overrides_handle_exception_is_the_same(framework: Any) -> None:
    def override(app: Any) -> None:
        original = app.handle_exception
        app.handle_exception = lambda error: original(error)

    assert "ERROR in app: Exception on /x [GET]" in logged(framework, override)


def test_record_names_the_function_that_logs(framework: Any, caplog: pytest.LogCaptureFixture) -> None:
    app_of(framework, lambda: 1 / 0).test_client().get("/x")
    assert [(record.module, record.funcName) for record in caplog.records] == [("app", "log_exception")]


def test_popping_what_was_never_pushed_is_an_error(framework: Any) -> None:
    kind = {"wsgiapp": AssertionError, "flask": LookupError}[framework.name]
    app = app_of(framework)
    for context in (app.app_context(), app.test_request_context()):
        with pytest.raises(kind):
            context.pop()
