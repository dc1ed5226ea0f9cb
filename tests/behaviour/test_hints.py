"""Errors of the usual mistakes say what was meant, where, and what to do; type and text are Flask's."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wsgiapp


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


MISTAKES: list[tuple[Callable[[wsgiapp.App, Path], None], str, list[str]]] = [
    (
        view_without_a_parameter,
        "/user/3",
        ["'/user/<int:number>'", "gives its view: number.", "user (", "test_hints.py:29)", "takes: name."],
    ),
    (view_with_one_too_many, "/", ["The rule '/' gives its view: nothing.", "takes: page."]),
    (hook_with_a_parameter, "/", ["load (", "test_hints.py:", "is called with no argument"]),
    (hook_without_the_response, "/", ["finish (", "test_hints.py:", "called with the response, which it must return"]),
    (template_with_a_slip, "/", ["{folder} (of the app)", "Did you mean 'index.html'?"]),
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
