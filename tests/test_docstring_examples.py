"""The examples in docstrings run, and what users call most has one.

An example finds the public names of the package, an app called ``app``, and a folder with the files that it reads.
"""

from __future__ import annotations

import ast
import doctest
import inspect
import io
import os
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

import wsgiapp
from servers import ROOT
from wsgiapp import App, Blueprint, Config, Request, Response, json, views
from wsgiapp.json.tag import TaggedJSONSerializer
from wsgiapp.sessions import SessionMixin
from wsgiapp.testing import FlaskClient

FILES = {
    "templates/hello.html": "Hello, {{ name }}!",
    "reports/may.txt": "All is well.",
    "report.txt": "All is well.",
    "settings.py": "DEBUG = False",
    "settings.toml": "TITLE = 'Shop'",
}
# Every one of them has an example.
CALLED_MOST: list[Any] = [
    App, App.route, App.get, App.post, App.add_url_rule, App.endpoint, App.register_blueprint, Blueprint,
    App.before_request, App.after_request, App.teardown_request, App.teardown_appcontext, App.errorhandler,
    App.context_processor, App.template_filter, App.template_test, App.template_global, App.url_for, App.app_context,
    App.test_request_context, App.test_client, App.test_cli_runner, wsgiapp.url_for, wsgiapp.redirect, wsgiapp.abort,
    wsgiapp.flash, wsgiapp.get_flashed_messages, wsgiapp.jsonify, wsgiapp.make_response, wsgiapp.render_template,
    wsgiapp.render_template_string, wsgiapp.stream_template, wsgiapp.stream_with_context, wsgiapp.send_file,
    wsgiapp.send_from_directory, wsgiapp.after_this_request, wsgiapp.copy_current_request_context, Request,
    Request.args, Request.form, Response, Response.set_cookie, SessionMixin, wsgiapp.ctx._AppCtxGlobals,
    Config.from_envvar, Config.from_prefixed_env, Config.from_pyfile, Config.from_object, Config.from_file,
    Config.from_mapping, Config.get_namespace, FlaskClient, FlaskClient.session_transaction, FlaskClient.open,
    views.View, views.View.as_view, views.MethodView, json.dumps, json.loads, TaggedJSONSerializer,
]  # fmt: skip


def documented(tree: ast.AST, prefix: str) -> Iterator[tuple[str, str, int]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}.{node.name}", ast.get_docstring(node) or "", node.lineno
            yield from documented(node, f"{prefix}.{node.name}")


def examples() -> Iterator[doctest.DocTest]:
    parser = doctest.DocTestParser()
    for path in sorted((ROOT / "wsgiapp").rglob("*.py")):
        module = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        for name, text, line in documented(ast.parse(path.read_text(encoding="utf-8")), module):
            if ">>>" in text and not module.startswith(("wsgiapp.shop", "wsgiapp.xray")):
                yield parser.get_doctest(text, {}, name, str(path), line)


EXAMPLES = list(examples())


@pytest.fixture
def names(tmp_path: Path) -> Iterator[dict[str, Any]]:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    app = App("example", root_path=str(tmp_path))
    app.config.from_mapping(SECRET_KEY="for tests alone", TESTING=True)
    public = {name: value for name, value in vars(wsgiapp).items() if not name.startswith("_")}
    tools = {
        "Decimal": Decimal, "ThreadPoolExecutor": ThreadPoolExecutor, "tomllib": tomllib, "os": os,
        "BytesIO": io.BytesIO, "Iterator": Iterator,
    }  # fmt: skip
    classes = {"View": views.View, "MethodView": views.MethodView, "TaggedJSONSerializer": TaggedJSONSerializer}
    with patch.dict(os.environ):
        yield {**public, **tools, **classes, "app": app, "__name__": "example"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example_runs_and_prints_what_it_says(example: doctest.DocTest, names: dict[str, Any]) -> None:
    example.globs = names
    said: list[str] = []
    result = doctest.DocTestRunner().run(example, out=said.append, clear_globs=False)
    assert result.attempted
    assert not result.failed, "".join(said)


@pytest.mark.parametrize("documented", CALLED_MOST, ids=lambda value: getattr(value, "__qualname__", "attribute"))
def test_what_is_called_most_has_an_example(documented: Any) -> None:
    assert ">>>" in (inspect.getdoc(documented) or "")


@pytest.mark.parametrize(
    ("proxy", "described"),
    [
        (wsgiapp.request, Request), (wsgiapp.session, SessionMixin), (wsgiapp.g, wsgiapp.ctx._AppCtxGlobals),
        (wsgiapp.current_app, App),
    ],
    ids=["request", "session", "g", "current_app"],
)  # fmt: skip
@pytest.mark.parametrize("current", [True, False])
def test_help_on_a_proxy_says_what_it_is_and_where_more_is_said(
    proxy: Any, described: type, current: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    show: Callable[[Any], None] = help
    if current:
        with App(__name__).test_request_context():
            show(proxy)
    else:
        show(proxy)
    shown = capsys.readouterr().out
    name = f"{described.__module__.replace('wsgiapp.app', 'wsgiapp').replace('wsgiapp.wrappers', 'wsgiapp')}"
    assert f"help({name}.{described.__name__})" in shown
