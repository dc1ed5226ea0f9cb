"""The X-ray where nobody wrote a line for it: in pytest, and in apps written for Flask."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from servers import ROOT, Visitor, require, running
from wsgiapp import App
from wsgiapp.xray import XRay

# An app such as anyone might have written for Flask: factory, blueprint, extension-like hooks, templates, a session.
THIRD_PARTY = """
import flask
from flask import Blueprint, Flask, current_app, g, jsonify, redirect, render_template_string, request, session, url_for
from werkzeug.middleware.proxy_fix import ProxyFix

notes = Blueprint("notes", __name__, url_prefix="/notes")


class Clock:
    def init_app(self, app):
        app.extensions["clock"] = self
        app.before_request(self.start)
        app.after_request(self.stop)

    def start(self):
        g.started = True

    def stop(self, response):
        response.headers["X-Clock"] = str(g.started)
        return response


@notes.route("/<int:number>", methods=["GET", "POST"])
def note(number):
    session["last"] = number
    return render_template_string("<p>note {{ number }} of {{ config.get('OWNER') }}</p>", number=number)


@notes.errorhandler(404)
def lost(error):
    return "no such note", 404


def create_app():
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY="third-party-key", OWNER="Ann")
    app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)
    Clock().init_app(app)
    app.register_blueprint(notes)
    app.add_url_rule("/", "index", lambda: redirect(url_for("notes.note", number=1)))
    return app
"""
TESTS = """
from wsgiapp import App, session

def make():
    app = App(__name__)
    app.secret_key, app.testing = "a-key-of-the-tests", True

    @app.get("/items/<int:number>")
    def item(number):
        session["seen"] = number
        return f"item {number}", 200, {"X-Item": "1"}

    return app

def test_passes():
    assert make().test_client().get("/items/1").text == "item 1"

def test_fails():
    client = make().test_client()
    client.get("/items/7?password=hunter2")
    assert client.get("/nowhere").text == "item 7"

def test_fails_without_a_request():
    assert 1 == 2
"""


def pytest_in(folder: Path, *options: str) -> str:
    """What pytest prints for :data:`TESTS`, where the package is installed: with the entry points of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = folder / "installed" / "wsgiapp_as_installed-1.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: wsgiapp-as-installed\nVersion: 1\n")
    points = [f"{name} = {module}" for name, module in project["entry-points"]["pytest11"].items()]
    (installed / "entry_points.txt").write_text("\n".join(["[pytest11]", *points]))
    (folder / "test_shop.py").write_text(TESTS)
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, "test_shop.py"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(installed.parent)]), "COLUMNS": "120"}
    done = subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "2 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    return done.stdout


def test_under_a_failed_test_pytest_shows_its_requests_layer_by_layer(tmp_path: Path) -> None:
    shown = pytest_in(tmp_path, "--xray")
    assert shown.count("- X-ray -") == 1  # of the one failed test that made requests
    part = shown.partition("- X-ray -")[2]
    assert "GET /items/7" in part and "GET /nowhere" in part and "GET /items/1" not in part
    for layer in ("server", "request", "context", "match", "view", "response", "save", "send", "teardown"):
        assert re.search(rf"{layer} +\w+", part), layer
    assert re.search(r"test_shop\.py:\d+", part) and "X-Item: 1  ← view" in part
    assert "404, because none of" in part and "nowhere" in part
    assert "hunter2" not in part and "a-key-of-the-tests" not in part


def test_without_the_option_nothing_is_watched(tmp_path: Path) -> None:
    assert "X-ray" not in pytest_in(tmp_path)


@pytest.mark.parametrize("debug", [True, False])
def test_an_app_written_for_flask_is_shown_from_inside_unchanged(tmp_path: Path, debug: bool) -> None:
    (tmp_path / "thirdparty.py").write_text(THIRD_PARTY)
    command = [sys.executable, "-m", "wsgiapp.as_flask", "--xray", "--app", "thirdparty", "run", "--port", "{port}"]
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "WSGIAPP_XRAY_TOKEN": "the-token"}
    if debug:
        command += ["--debug", "--no-reload", "--no-debugger"]
    with running(command, tmp_path, environ) as server:
        visitor = Visitor(server.port)
        home, note = visitor.get("/"), visitor.get("/notes/7")
        assert (home.status, home.headers["location"]) == (302, "/notes/1")
        assert note.text == "<p>note 7 of Ann</p>" and note.headers["x-clock"] == "True"
        if not debug:
            assert "x-xray" not in note.headers and visitor.get("/_xray/?token=the-token").status == 404
            return
        assert visitor.get("/_xray/").status == 403
        assert visitor.get("/_xray/?token=the-token").status == 302
        page = visitor.get(note.headers["x-xray"]).text
    for shown in ("thirdparty.py:", "thirdparty.Clock.start", "thirdparty.Clock.stop", "thirdparty.note",
                  "/notes/&lt;int:number&gt;", "notes.note", "X-Clock"):  # fmt: skip
        assert shown in page, shown
    assert "third-party-key" not in page


@pytest.mark.parametrize(
    "start", [["wsgiapp.as_flask", "--xray", "--app", "little", "run"], ["wsgiapp", "--app", "little", "run", "--xray"],
              ["wsgiapp", "--app", "watched", "run"]], ids=["alias", "switch", "XRay(app)"],
)  # fmt: skip
def test_the_address_that_is_printed_at_the_start_opens_the_xray(tmp_path: Path, start: list[str]) -> None:
    (tmp_path / "little.py").write_text("from wsgiapp import App\napp = App(__name__)\n")
    (tmp_path / "watched.py").write_text("from little import app\nfrom wsgiapp.xray import XRay\nXRay(app)\n")
    command = [sys.executable, "-m", *start, "--port", "{port}", "--debug", "--no-reload", "--no-debugger"]
    environ = {name: text for name, text in os.environ.items() if not name.startswith("WSGIAPP_XRAY")}
    environ |= {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "PYTHONUNBUFFERED": "1"}
    with running(command, tmp_path, environ) as server:
        (address,) = re.findall(r"X-ray of little: http://127\.0\.0\.1:(\d+)(/_xray/\?token=\S+)", server.output())
        assert int(address[0]) == server.port
        visitor = Visitor(server.port)
        assert visitor.get(address[1]).status == 302 and visitor.get("/_xray/").status == 200


def test_two_workers_of_a_server_have_one_token_and_show_each_others_traces(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("gunicorn does not run on Windows")
    require("gunicorn")
    (tmp_path / "served.py").write_text(
        "import os\nfrom wsgiapp import App\nfrom wsgiapp.xray import XRay\n"
        f"app = App(__name__, instance_path={str(tmp_path / 'instance')!r})\napp.debug = True\nXRay(app)\n"
        "app.add_url_rule('/', 'index', lambda: str(os.getpid()))\n"
    )
    environ = {name: text for name, text in os.environ.items() if not name.startswith("WSGIAPP_XRAY")}
    environ |= {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    command = [sys.executable, "-m", "gunicorn", "--workers", "2", "--bind", "127.0.0.1:{port}", "served:app"]
    with running(command, tmp_path, environ) as server:
        seen: dict[str, str] = {}
        for _ in range(200):
            answer = Visitor(server.port).get("/")
            seen[answer.text] = answer.headers["x-xray"]
            if len(seen) == 2:
                break
        assert len(seen) == 2, "both workers have answered"
        token = (tmp_path / "instance" / "xray" / "token").read_text()
        for _ in range(8):
            visitor = Visitor(server.port)
            assert visitor.get(f"/_xray/?token={token}").status == 302
            assert [visitor.get(path).status for path in ("/_xray/", *seen.values())] == [200, 200, 200]


def test_requests_of_the_test_client_are_recorded_and_named_so() -> None:
    app = App(__name__)
    app.testing = True
    app.add_url_rule("/", "index", lambda: "hello")
    xray = XRay(app)
    app.test_client().get("/?a=1")
    (trace,) = xray.traces()
    assert (trace.source, trace.url, trace.sent_body.kept) == ("test client", "http://localhost/?a=1", b"hello")
