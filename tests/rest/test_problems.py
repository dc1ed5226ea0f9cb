"""Everything that goes wrong, answered as the client prefers: by a problem document or by a page."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import werkzeug.http

from servers import ROOT
from wsgiapp import App
from wsgiapp.rest.problems import Problem, init_app, title_of
from wsgiapp.shop import create_app, store

PROBLEM, HTML = "application/problem+json", "text/html"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Any:
    app = create_app({"INSTANCE_PATH": str(tmp_path_factory.mktemp("shop")), "DEMO": False})
    app.add_url_rule("/fails", "fails", lambda: 1 / 0)
    yield app
    app.extensions[store.EXTENSION].dispose()


@pytest.mark.parametrize(
    ("path", "status"), [("/nope", 404), ("/products/999", 404), ("/fails", 500), ("/api/products/999", 404)]
)
@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", PROBLEM),
        ("application/json; charset=utf-8, text/html;q=0.9", PROBLEM),
        (PROBLEM, PROBLEM),
        (BROWSER, HTML),
        ("text/html;q=0.5, application/json", PROBLEM),
    ],
)
def test_an_error_is_answered_as_the_client_prefers(shop: Any, path: str, status: int, accept: str, kind: str) -> None:
    response = shop.test_client().get(path, headers={"Accept": accept})
    assert (response.status_code, response.mimetype) == (status, kind)
    assert "Accept" in response.headers["Vary"]
    if kind == PROBLEM:
        assert response.json["status"] == status and response.json["title"] == title_of(status)


@pytest.mark.parametrize("accept", [None, "*/*"])
def test_who_prefers_nothing_gets_what_the_path_is_for(shop: Any, accept: str | None) -> None:
    headers = {} if accept is None else {"Accept": accept}
    kinds = {path: shop.test_client().get(path, headers=headers).mimetype for path in ("/nope", "/api/nope", "/api")}
    assert kinds == {"/nope": HTML, "/api/nope": PROBLEM, "/api": PROBLEM}


def test_a_failing_page_tells_an_id_and_nothing_else_and_the_log_has_both(shop: Any, caplog: Any) -> None:
    response = shop.test_client().get("/fails", headers={"Accept": "application/json"})
    assert "ZeroDivision" not in response.text and "division" not in response.text
    (record,) = [record for record in caplog.records if record.exc_info]
    assert f"trace_id: {response.json['trace_id']}" in record.exc_info[1].__notes__
    other = shop.test_client().get("/fails", headers={"Accept": "application/json"})
    assert other.json["trace_id"] != response.json["trace_id"]


def test_a_server_error_that_a_view_answers_itself_is_logged_with_its_id(caplog: Any) -> None:
    app = App(__name__)
    init_app(app)

    @app.get("/full")
    def full() -> None:
        raise Problem(507, "The disk is full.", headers={"Retry-After": "5"}, free=0, hint=None)

    response = app.test_client().get("/full", headers={"Accept": "application/json"})
    assert response.json["trace_id"] in caplog.text
    assert (response.json["free"], response.headers["Retry-After"]) == (0, "5")
    assert "hint" not in response.json
    page = app.test_client().get("/full", headers={"Accept": "text/html"})
    assert "Insufficient Storage" in page.text and "The disk is full." in page.text


def test_allow_has_one_order_in_the_whole_app(shop: Any) -> None:
    for method in ("DELETE", "OPTIONS"):
        assert shop.test_client().open("/login", method=method).headers["Allow"] == "GET, HEAD, POST, OPTIONS"


def test_reason_phrases_come_from_the_standard_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next Werkzeug's table of them warns when it is read; warnings are errors here."""
    monkeypatch.delattr(werkzeug.http, "HTTP_STATUS_CODES")
    assert [title_of(status) for status in (404, 413, 799)] == ["Not Found", "Content Too Large", "Error"]


WITHOUT = """
import importlib.util as util
real = util.find_spec
util.find_spec = lambda name, *more: None if name == "{part}" else real(name, *more)
import wsgiapp.rest
"""


@pytest.mark.parametrize("part", ["pydantic", "jsonpatch"])
def test_without_its_extra_the_import_says_what_to_install(part: str) -> None:
    command = [sys.executable, "-c", WITHOUT.format(part=part)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stderr.splitlines()[-1]
    assert said == f"ImportError: wsgiapp.rest needs {part}. Install what it needs: pip install 'wsgiapp[rest]'"


UNDER_THE_ALIAS = """
import sys
from wsgiapp import as_flask
as_flask.install()
from flask import Flask
from wsgiapp.rest import API, MemoryStore, Model, Resource

class Book(Model):
    title: str

app = Flask("library")
API(app, Resource("books", Book, MemoryStore()))
made = app.test_client().post("/books", json={"title": "Emma"})
print(made.status_code, made.headers["Location"], "sqlalchemy" in sys.modules, "wsgiapp.shop" in sys.modules)
"""


def test_it_works_under_flasks_name_without_the_shop_and_without_sqlalchemy() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", UNDER_THE_ALIAS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert shown.stdout == "201 /books/1 False False\n", shown.stderr
