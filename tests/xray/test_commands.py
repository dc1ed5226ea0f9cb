"""The commands ``xray``, ``explain``, ``cookie`` and ``twin``: what they print, and the exit status they end with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from servers import ROOT
from wsgiapp import App, Response, request, session
from wsgiapp.cli import FlaskGroup
from wsgiapp.xray import XRay
from wsgiapp.xray.show.text import ago

GROUP = "wsgiapp.commands"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENTRY_POINTS = [EntryPoint(name, value, GROUP) for name, value in PROJECT["entry-points"][GROUP].items()]


def make_app() -> App:
    app = App(__name__, static_folder=None)
    app.secret_key = "a-key-of-the-tests"
    app.add_url_rule("/products/<int:n>", "product", lambda n: f"product {n}")
    app.add_url_rule("/echo", "echo", lambda: request.get_json(), methods=["POST"])
    app.add_url_rule("/form", "form", lambda: dict(request.form), methods=["POST"])
    app.add_url_rule("/head/", "head", lambda: {"a": request.headers.get("X-A"), "b": request.args.get("b")})
    app.add_url_rule("/fails", "fails", lambda: str(app.config["missing"]))
    app.add_url_rule("/stream", "stream", lambda: Response(iter(["one ", "two"])))
    app.add_url_rule("/login", "login", lambda: session.setdefault("user", "Ada") or "")
    return app


def run(*words: str, app: App | None = None) -> Result:
    """Run a command line on *app*, in this process, with the commands that the project declares."""
    group = FlaskGroup(create_app=lambda: app if app is not None else make_app())
    for entry_point in ENTRY_POINTS:
        group.add_command(entry_point.load(), entry_point.name)
    return CliRunner().invoke(group, words)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a process in which the package is installed with the project's entry points."""
    about = tmp_path / "wsgiapp-0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: wsgiapp\nVersion: 0\n")
    lines = [f"{entry.name} = {entry.value}" for entry in ENTRY_POINTS]
    (about / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines]))
    (tmp_path / "little.py").write_text(
        "from wsgiapp import App\napp = App(__name__)\napp.add_url_rule('/ü/<int:n>', 'ü', lambda n: f'{n} ü')\n",
        encoding="utf-8",
    )
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]), "PYTHONUTF8": "0"}


def process(environ: dict[str, str], *words: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "wsgiapp", *words]
    return subprocess.run(command, env={**environ, **more}, cwd=ROOT, capture_output=True, timeout=60, check=False)


def test_the_project_declares_the_commands_of_the_xray_and_the_shop() -> None:
    assert [entry_point.name for entry_point in ENTRY_POINTS] == ["xray", "explain", "cookie", "shop", "twin"]
    assert all(isinstance(entry_point.load(), click.Command) for entry_point in ENTRY_POINTS)
    assert "flask.commands" not in PROJECT["entry-points"]


def test_an_installed_package_has_them_and_lists_them_in_its_help(environ: dict[str, str]) -> None:
    ended = process(environ, "--app", "little", "--help")
    commands = ended.stdout.decode().partition("Commands:")[2].split("\n")

    assert {"xray", "explain", "cookie", "shop", "twin"} <= {line.split()[0] for line in commands if line.strip()}


def test_the_shops_routes_are_explained_from_the_shell(environ: dict[str, str]) -> None:
    ended = process(environ, "--app", "wsgiapp.shop:app", "explain", "GET", "/products/abc")

    assert ended.returncode == 1 and ended.stderr == b""
    assert b'"abc" is not an <int:product_id>' in ended.stdout and b"\x1b" not in ended.stdout


@pytest.mark.parametrize("command", ["xray", "explain", "twin"])
def test_a_console_that_has_ascii_only_is_sent_ascii(environ: dict[str, str], command: str) -> None:
    ended = process(environ, "--app", "little", command, "/%C3%BC/7", PYTHONIOENCODING="ascii")

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.isascii() and b"/\\xfc/7" in ended.stdout


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["xray", "/products/7"], 0),
        (["xray", "/head"], 0),
        (["xray", "/products/abc"], 1),
        (["xray", "/fails"], 1),
        (["xray", "products"], 2),
        (["xray"], 2),
        (["xray", "/", "no item"], 2),
        (["xray", "/", "file@/no/such/file"], 2),
        (["xray", "/", "a:={"], 2),
        (["explain", "/products/7"], 0),
        (["explain", "/head"], 0),
        (["explain", "/products/abc"], 1),
        (["explain", "DELETE", "/products/7"], 1),
        (["explain", "products"], 2),
        (["cookie", "nonsense"], 1),
        (["cookie"], 2),
        (["twin", "products"], 2),
    ],
)
def test_the_exit_status_tells_well_from_error_from_not_understood(words: list[str], status: int) -> None:
    assert run(*words).exit_code == status


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        (["POST", "/echo", "name=Lamp", "price:=20", "tags:=[1]"], {"name": "Lamp", "price": 20, "tags": [1]}),
        (["/echo", "name=Lamp"], {"name": "Lamp"}),
        (["--form", "/form", "name=Lamp", "price:=20"], {"name": "Lamp", "price": "20"}),
        (["/head/", "X-A:1", "b==2"], {"a": "1", "b": "2"}),
        (["/head/?b=3"], {"a": None, "b": "3"}),
        (["/echo", "-1:=2"], {"-1": 2}),
    ],
)
def test_items_are_written_as_httpie_writes_them(words: list[str], sent: dict[str, Any]) -> None:
    ended = run("xray", "--export", "json", *words)

    assert json.loads(json.loads(ended.stdout)["sent_body"]["kept"]) == sent


def test_xray_shows_the_road_and_verbosely_all_of_it() -> None:
    short, long = run("xray", "/products/7").stdout, run("xray", "-v", "/products/7").stdout

    assert short.startswith("GET /products/7 → 200 OK") and "command line" in short
    assert "body sent" not in short and "product 7" in long.partition("body sent")[2]


def test_xray_sees_what_the_app_raised() -> None:
    app = make_app()
    app.testing = True

    ended = run("xray", "/fails", app=app)

    assert ended.exit_code == 1 and "raised KeyError" in ended.stderr
    assert "KeyError" in ended.stdout and "test_commands.py" in ended.stdout


def test_xray_takes_a_stream_to_its_end() -> None:
    assert "one two" in run("xray", "-v", "/stream").stdout


def test_xray_uses_the_xray_that_the_app_has() -> None:
    app = make_app()
    xray = XRay(app)

    run("xray", "/products/7", app=app)

    assert [trace.source for trace in xray.traces()] == ["command line"]


def test_explain_runs_no_view() -> None:
    ended = run("explain", "/fails")

    assert ended.exit_code == 0 and "what would run" in ended.stdout and ended.stderr == ""


def test_explain_reads_a_path_as_an_address_bar_writes_it() -> None:
    assert 'segment 2: "a b" is not an <int:n>' in run("explain", "/products/a%20b?page=2").stdout


def test_cookie_opens_what_the_app_has_signed() -> None:
    client = make_app().test_client()
    client.get("/login")
    signed = client.get_cookie("session")
    assert signed is not None

    plain, as_header = run("cookie", signed.value), run("cookie", f"session={signed.value}; HttpOnly")

    assert plain.exit_code == 0 and '{"user": "Ada"}' in plain.stdout
    assert "valid, made with SECRET_KEY" in plain.stdout and "a-key-of-the-tests" not in plain.stdout
    assert as_header.exit_code == 0 and '{"user": "Ada"}' in as_header.stdout


def test_cookie_says_forged_of_another_key() -> None:
    client = make_app().test_client()
    client.get("/login")
    signed = client.get_cookie("session")
    assert signed is not None
    other = make_app()
    other.secret_key = "another key"

    ended = run("cookie", signed.value, app=other)

    assert ended.exit_code == 1 and "forged" in ended.stdout


def without_app(folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str, typed: str | None = None) -> Result:
    """Run a command line in a folder in which no app is found."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("FLASK_APP", raising=False)
    group = FlaskGroup()
    for entry_point in ENTRY_POINTS:
        group.add_command(entry_point.load(), entry_point.name)
    return CliRunner().invoke(group, words, input=typed)


@pytest.mark.parametrize(
    ("typed", "said", "code"),
    [(None, "unchecked", 0), ("a-key-of-the-tests\n", "valid, made with SECRET_KEY", 0), ("another\n", "forged", 1),
     ("\n", "unchecked", 0)],
)  # fmt: skip
def test_cookie_works_without_an_app_and_asks_for_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str | None, said: str, code: int
) -> None:
    client = make_app().test_client()
    client.get("/login")
    signed = client.get_cookie("session")
    assert signed is not None
    ask = ["--ask-key"] if typed is not None else []
    shown = without_app(tmp_path, monkeypatch, "cookie", *ask, signed.value, typed=typed)
    assert shown.exit_code == code and '{"user": "Ada"}' in shown.stdout and f"signature   {said}" in shown.stdout
    assert "a-key-of-the-tests" not in shown.output
    assert ("give the app by --app, or the key by --ask-key" in shown.stdout) is (said == "unchecked")


def test_cookie_says_that_the_app_that_was_named_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = without_app(tmp_path, monkeypatch, "--app", "missing", "cookie", "a.b.c")
    assert shown.exit_code == 2 and "missing" in shown.output


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 seconds ago"), (1, "1 second ago"), (61, "1 minute 1 second ago"), (7200, "2 hours ago"),
     (93784, "1 day 2 hours ago"), (86_400 + 59, "1 day ago"), (-60, "1 minute from now")],
)  # fmt: skip
def test_an_age_is_said_in_words(seconds: int, said: str) -> None:
    assert ago(seconds) == said


def test_xray_says_why_a_404_is_one() -> None:
    assert "404, because" in run("xray", "/products/abc").stdout
    assert "404, because" not in run("xray", "/products/1").stdout
