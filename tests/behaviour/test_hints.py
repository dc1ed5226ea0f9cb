"""Errors of the usual mistakes say what was meant, where, and what to do; type and text are Flask's."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wsgiapp
from wsgiapp.views import MethodView


def app_of(**config: Any) -> wsgiapp.App:
    app = wsgiapp.App("hints", static_folder=None, template_folder=None)
    app.config.update(TESTING=True, SECRET_KEY="k", **config)
    return app


def told(app: wsgiapp.App, path: str = "/") -> str:
    """What a request of *path* ends with, as a traceback shows it."""
    with pytest.raises(Exception) as raised:
        app.test_client().get(path)
    return "".join(traceback.format_exception_only(raised.value))


def view_without_a_parameter(app: wsgiapp.App, _folder: Path) -> None:
    @app.get("/user/<int:number>")
    def user(name: str) -> str:
        return name


def view_with_one_too_many(app: wsgiapp.App, _folder: Path) -> None:
    @app.get("/")
    def index(page: int) -> str:
        return str(page)


def hook_with_a_parameter(app: wsgiapp.App, _folder: Path) -> None:
    @app.before_request
    def load(request: Any) -> None:
        pass


def hook_without_the_response(app: wsgiapp.App, _folder: Path) -> None:
    app.add_url_rule("/", "index", lambda: "")

    @app.after_request  # type: ignore[arg-type]
    def finish() -> None:
        pass


def template_with_a_slip(app: wsgiapp.App, folder: Path) -> None:
    (folder / "index.html").write_text("")
    app.template_folder = str(folder)
    app.add_url_rule("/", "index", lambda: wsgiapp.render_template("indx.html"))


def template_of_no_folder(app: wsgiapp.App, _folder: Path) -> None:
    app.add_url_rule("/", "index", lambda: wsgiapp.render_template(["a.html", "b.html"]))


def session_with_a_set(app: wsgiapp.App, _folder: Path) -> None:
    @app.get("/")
    def index() -> str:
        wsgiapp.session.update(name="Ada", seen={1, 2})
        return ""


def template_of_a_folder_that_is_not_there(app: wsgiapp.App, folder: Path) -> None:
    app.template_folder = str(folder / "templates")
    app.add_url_rule("/", "index", lambda: wsgiapp.render_template("index.html"))


def teardown_without_a_parameter(app: wsgiapp.App, _folder: Path) -> None:
    app.add_url_rule("/", "index", lambda: "")

    @app.teardown_appcontext  # type: ignore[arg-type]
    def close() -> None:
        pass


def handler_without_a_parameter(app: wsgiapp.App, _folder: Path) -> None:
    @app.errorhandler(404)
    def not_found() -> str:
        return "x"


def handler_that_returns_nothing(app: wsgiapp.App, _folder: Path) -> None:
    app.add_url_rule("/", "index", lambda: wsgiapp.abort(404))

    @app.errorhandler(404)
    def not_found(error: Any) -> None:
        pass


def hook_that_returns_true(app: wsgiapp.App, _folder: Path) -> None:
    app.add_url_rule("/", "index", lambda: "")

    @app.before_request
    def check() -> Any:
        return True


def processor_that_returns_nothing(app: wsgiapp.App, _folder: Path) -> None:
    app.add_url_rule("/", "index", lambda: wsgiapp.render_template_string("x"))

    @app.context_processor
    def inject() -> Any:
        pass


def endpoint_of_a_blueprint_that_is_not_registered(app: wsgiapp.App, _folder: Path) -> None:
    app.register_blueprint(wsgiapp.Blueprint("author", "hints"))
    app.add_url_rule("/", "index", lambda: wsgiapp.url_for("auth.login"))


def endpoint_with_a_slip(app: wsgiapp.App, _folder: Path) -> None:
    app.add_url_rule("/", "index", lambda: wsgiapp.url_for("indx"))


def field_with_a_slip(app: wsgiapp.App, _folder: Path) -> None:
    app.config["TRAP_BAD_REQUEST_ERRORS"] = True
    app.add_url_rule("/", "index", lambda: wsgiapp.request.args["usrname"])


def redirect_to_a_function(app: wsgiapp.App, _folder: Path) -> None:
    def home() -> Any:
        return wsgiapp.redirect(home)  # type: ignore[arg-type]

    app.add_url_rule("/", view_func=home)


def secret_key_that_is_a_number(app: wsgiapp.App, _folder: Path) -> None:
    app.secret_key = 12345  # type: ignore[assignment]
    app.add_url_rule("/", "index", lambda: wsgiapp.session.update(a=1) or "")


class Coat(MethodView):
    def get(self) -> str:
        return ""


async def load() -> str:
    return ""


def returns(value: Any) -> Callable[[wsgiapp.App, Path], None]:
    def make(app: wsgiapp.App, _folder: Path) -> None:
        app.add_url_rule("/", "index", lambda: value)

    make.__name__ = f"view_that_returns_{value if isinstance(value, int) else type(value).__name__}"
    return make


MISTAKES: list[tuple[Callable[[wsgiapp.App, Path], None], str, list[str]]] = [
    (
        view_without_a_parameter,
        "/user/3",
        ["'/user/<int:number>'", "gives its view: number.", "user (", "test_hints.py:30)", "takes: name."],
    ),
    (view_with_one_too_many, "/", ["The rule '/' gives its view: nothing.", "takes: page."]),
    (hook_with_a_parameter, "/", ["load (", "test_hints.py:", "is called with no argument"]),
    (hook_without_the_response, "/", ["finish (", "test_hints.py:", "called with the response, which it must return"]),
    (template_with_a_slip, "/", ["{folder} (of the app)", "Did you mean 'index.html'?"]),
    (template_of_a_folder_that_is_not_there, "/", ["{folder}", "(of the app; there is no such folder)"]),
    (handler_without_a_parameter, "/", ["not_found (", "test_hints.py:", "is an error handler, so it is called with"]),
    (handler_that_returns_nothing, "/", ["one of these did in its place: ", "not_found (", "test_hints.py:"]),
    (hook_that_returns_true, "/", ["one of these did in its place: ", "check (", "test_hints.py:"]),
    (processor_that_returns_nothing, "/", ["inject (", "test_hints.py:", "it must return a dict"]),
    (
        endpoint_of_a_blueprint_that_is_not_registered,
        "/",
        ["No blueprint 'auth' is registered; there are: author.", "register_blueprint", "Did you mean 'author'?"],
    ),
    (endpoint_with_a_slip, "/", ["No view has the endpoint 'indx'; there are: index."]),
    (field_with_a_slip, "/?username=Ada", ["has no 'usrname' here; it has: 'username'.", "Did you mean 'username'?"]),
    (redirect_to_a_function, "/", ["home (", "test_hints.py:", "Write: redirect(url_for('home'))"]),
    (secret_key_that_is_a_number, "/", ["The secret key is of type int; it must be text or bytes."]),
    (returns(404), "/", ["return str(404)", "return 'text', 404"]),
    (returns({1}), "/", ["return a list"]),
    (returns(len), "/", ["It was the function len", "redirect(url_for('len'))"]),
    (returns(object()), "/", ["of type object", "a dict of its values"]),
    (returns(Coat()), "/", ["Coat.as_view('coat')"]),
    (template_of_no_folder, "/", ["No folder of templates was named."]),
    (session_with_a_set, "/", ["session['seen'] is a set", "which its cookie cannot hold"]),
]


@pytest.mark.parametrize(("make", "path", "words"), MISTAKES, ids=lambda value: getattr(value, "__name__", ""))
def test_mistake_is_explained_below_the_error(
    make: Callable[[wsgiapp.App, Path], None], path: str, words: list[str], tmp_path: Path
) -> None:
    app = app_of()
    make(app, tmp_path)
    text = told(app, path)
    for word in words:
        assert word.format(folder=tmp_path) in text, text


@pytest.mark.parametrize("server", ["gunicorn/23.0.0", "Werkzeug/3.1.3"])
@pytest.mark.parametrize("make", [make for make, _, _ in MISTAKES], ids=lambda make: make.__name__)
def test_without_debug_mode_only_the_development_server_s_log_explains_and_the_answer_is_500(
    make: Any, server: str, tmp_path: Path, caplog: Any
) -> None:
    app = app_of()
    app.config["TESTING"] = False
    make(app, tmp_path)
    path = next(path for other, path, _ in MISTAKES if other is make)
    response = app.test_client().get(path, environ_overrides={"SERVER_SOFTWARE": server})
    assert (response.status_code, "Did you mean" in response.text) == (500, False)
    explained = [bool(getattr(record.exc_info[1], "__notes__", [])) for record in caplog.records]
    assert any(explained) == server.startswith("Werkzeug")


def test_teardown_function_without_a_parameter_is_named(tmp_path: Path) -> None:
    app = app_of()
    teardown_without_a_parameter(app, tmp_path)
    text = told(app)
    assert "close (" in text and "test_hints.py:" in text and "is a teardown function, so it is called with" in text


def test_async_function_that_was_not_awaited_is_told() -> None:
    app, coroutine = app_of(), load()
    app.add_url_rule("/", "index", lambda: coroutine)
    assert "called and not awaited: make the view 'async def'" in told(app)
    coroutine.close()


def test_names_of_fields_that_a_visitor_sent_are_told_in_bounds() -> None:
    app = app_of()
    field_with_a_slip(app, Path())
    assert len(told(app, "/?" + "&".join(f"{number}{'x' * 1000}=1" for number in range(200)))) < 2_500


def test_view_that_was_called_instead_of_handed_over_is_told() -> None:
    for view in ("x", Coat()):
        with pytest.raises(AttributeError) as raised:
            app_of().add_url_rule("/", view_func=view)  # type: ignore[arg-type]
        assert "handed over and not called: view_func=index" in raised.value.__notes__[0]


@pytest.mark.parametrize("debug", [False, True])
def test_method_that_is_not_allowed_names_the_view_of_those_that_are_in_debug_mode(debug: bool) -> None:
    app = app_of()
    app.debug = debug
    app.add_url_rule("/", view_func=load)
    text = app.test_client().post("/").text
    assert ("Answered here: GET by load (" in text and "test_hints.py:" in text) == debug


@pytest.mark.parametrize("debug", [False, True])
def test_body_that_is_not_sent_as_json_says_what_it_is_and_what_to_do_in_debug_mode(debug: bool) -> None:
    app = app_of()
    app.debug = debug
    app.add_url_rule("/", "index", lambda: wsgiapp.request.json, methods=["POST"])
    response = app.test_client().post("/", data="<b>", content_type="text/<b>")
    assert response.status_code == 415
    assert ("It was text/&lt;b&gt;. Send it as JSON" in response.text) == debug


def test_error_of_the_view_s_own_gets_no_note() -> None:
    app = app_of()

    @app.get("/")
    def index() -> str:
        view, request = len, None
        return view(request, 1)  # type: ignore[call-arg, arg-type]

    assert told(app) == "TypeError: len() takes exactly one argument (2 given)\n"


def test_converter_that_is_not_there_is_told_with_those_that_are() -> None:
    app = app_of()
    with pytest.raises(LookupError, match="the converter 'integer' does not exist") as raised:
        app.add_url_rule("/<integer:number>", "x", str)
    (note,) = raised.value.__notes__
    assert "In the rule '/<integer:number>'. There are: any, default, float, int, path, string, uuid." in note
    with pytest.raises(LookupError) as raised:
        app.add_url_rule("/<number:int>", "x", str)
    assert raised.value.__notes__[0].endswith("The converter stands first: '<int:number>'.")
    app.url_map.converters["intege"] = app.url_map.converters["int"]
    with pytest.raises(LookupError) as raised:
        app.add_url_rule("/<integer:number>", "x", str)
    assert raised.value.__notes__[0].endswith("Did you mean 'intege'?")


def test_key_of_the_configuration_that_is_not_there_asks_what_was_meant() -> None:
    with pytest.raises(KeyError) as raised:
        app_of().config["SECRET_KY"]
    assert raised.value.args == ("SECRET_KY",)
    assert raised.value.__notes__ == ["The configuration has no such key. Did you mean 'SECRET_KEY'?"]
    with pytest.raises(KeyError) as raised:
        app_of().config["ZZZZ"]
    assert raised.value.__notes__ == ["The configuration has no such key."]


def test_a_hint_that_cannot_be_given_does_not_hide_the_error() -> None:
    app = app_of()

    class Odd:
        def list_templates(self) -> None:
            raise OSError("the disk is gone")

    app.add_url_rule("/", "index", lambda: wsgiapp.render_template("a.html"))
    app.jinja_env.loader.list_templates = Odd().list_templates  # type: ignore[union-attr, method-assign, assignment]
    assert told(app).startswith("jinja2.exceptions.TemplateNotFound: a.html")
