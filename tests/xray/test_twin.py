"""The twin: a request under the framework and under the ladder's last step, really answered twice, side by side."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from werkzeug.test import create_environ

from servers import ROOT
from wsgiapp import App
from wsgiapp.cli import FlaskGroup
from wsgiapp.xray import XRay
from wsgiapp.xray.commands import twin_command
from wsgiapp.xray.explain.executed import MAX_LINES, Executed
from wsgiapp.xray.twin import Twin, TwinError, launcher, twin
from wsgiapp.xray.twin.source import LADDER

from .support import NEAR, SECRET, SECRET_KEY, TOKEN

PROGRAM = f'''
import os, pathlib, sys, time
from wsgiapp import App, abort, flash, g, redirect, render_template_string, request, session, url_for
from wsgiapp.signals import request_started

app = App(__name__, host_matching=False)
app.secret_key = "{SECRET_KEY}"
LOG = pathlib.Path(__file__).with_name("log")
request_started.connect(lambda sender, **more: None)

@app.after_request
def mark(response):
    response.headers["X-Mark"] = request.args.get("mark", "none")
    return response

@app.route("/page/<int:number>")
def page(number):
    if number > 5:
        return "many"
    return f"few: {{number}}"

@app.route("/login")
def login():
    session["user"] = "Ada"
    return redirect(url_for("page", number=1))

@app.route("/who")
def who():
    return str(session.get("user"))

@app.post("/note")
def note():
    with LOG.open("a") as log:
        log.write(request.form["text"] + "\\n")
    return "noted"

@app.route("/string")
def string():
    return render_template_string("<p>{{{{ 1 + 1 }}}}</p>")

@app.route("/sorted")
def unsorted():
    return {{"b": 1, "a": {{"d": 2, "c": request.args.get("token")}}}}

@app.route("/which")
def which():
    return " ".join([sys.modules["wsgiapp"].__class__.__name__, *request.args.values()])

@app.route("/sleep")
def sleep():
    if sys.modules["wsgiapp"].__class__.__name__ == "StandIn":
        time.sleep(60)
    return "slept"

@app.route("/exit")
def leave():
    if sys.modules["wsgiapp"].__class__.__name__ == "StandIn":
        print("out of order", file=sys.stderr, flush=True)
        os._exit(3)
    return "still here"

@app.route("/large")
def large():
    return ("x" * 65536 for _ in range(100))

@app.route("/tea")
def tea():
    abort(418)

@app.route("/fails")
def fails():
    return str(1 // 0)
'''


@pytest.fixture(scope="module")
def xray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[XRay]:
    """The X-ray of the program above, in a file of its own."""
    folder = tmp_path_factory.mktemp("twin")
    (folder / "of_the_twin.py").write_text(PROGRAM)
    sys.path.insert(0, str(folder))
    app = importlib.import_module("of_the_twin").app
    app.config["PROPAGATE_EXCEPTIONS"] = False
    yield XRay(app, token=TOKEN, always=True)
    sys.path.remove(str(folder))
    del sys.modules["of_the_twin"]


def ask(xray: XRay, path: str, really: bool = False, **options: Any) -> Twin:
    environ = create_environ(path, **options)
    return twin(xray, {**environ, **NEAR}, environ["wsgi.input"].read(), really=really)


@pytest.mark.parametrize("path", ["/page/3", "/page/7?mark=a", "/page/x", "/nowhere", "/tea", "/login", "/which/"])
def test_the_two_answers_are_the_same_byte_for_byte(xray: XRay, path: str) -> None:
    found = ask(xray, path)
    assert found.same, found.sentence
    assert (found.left.status, found.left.headers, found.left.body) == (
        found.right.status, found.right.headers, found.right.body
    )  # fmt: skip
    assert found.right.status[:3] in found.sentence and all(row.same for row in found.rows)


def test_the_ladder_answers_under_the_frameworks_name_and_reads_its_cookies(xray: XRay) -> None:
    names = ask(xray, "/which")
    assert (names.left.body, names.right.body, names.same) == (b"module", b"StandIn", False)
    cookie = next(value for name, value in ask(xray, "/login").left.headers if name == "Set-Cookie").partition(";")[0]
    found = ask(xray, "/who", headers={"Cookie": cookie})
    assert found.same and found.right.body == b"Ada"


def test_what_differs_is_named_and_shown_from_where_it_differs(xray: XRay) -> None:
    found = ask(xray, "/which")
    assert found.sentence == "The answers differ: Content-Length, body."
    rows = {row.what: row for row in found.rows if not row.same}
    assert (rows["Content-Length"].left, rows["Content-Length"].right) == ("6", "7")
    assert rows["body"].right == "7 bytes, different from byte 0 on: StandIn"


def test_what_the_request_needs_and_the_last_step_lacks_is_told_with_both_places(xray: XRay) -> None:
    found = ask(xray, "/string")
    assert not found.same and found.right.status.startswith("500") and found.left.body == b"<p>2</p>"
    needed = [lack for lack in found.lacks if lack.name == "wsgiapp.render_template_string"]
    line = 1 + PROGRAM.splitlines().index("from wsgiapp import App, abort, flash, g, redirect, render_template_string,"
                                          " request, session, url_for")  # fmt: skip
    assert {(lack.where, lack.in_request) for lack in needed} == {
        (f"of_the_twin.py:{line}", False), (f"of_the_twin.py:{PROGRAM.splitlines().index(CALL) + 1}", True)
    }  # fmt: skip
    file, _, number = needed[0].real.rpartition(":")
    assert "def render_template_string(" in (ROOT / file).read_text().splitlines()[int(number) - 1]
    assert "needs what the last step lacks: wsgiapp.render_template_string" in found.sentence


CALL = '    return render_template_string("<p>{{ 1 + 1 }}</p>")'


def test_what_only_loading_asked_for_is_passed_over_and_told(xray: XRay) -> None:
    found = ask(xray, "/page/3")
    loading = {lack.name: lack for lack in found.lacks}
    assert loading.keys() == {
        "App(host_matching=…)",
        "wsgiapp.render_template_string",
        "wsgiapp.signals.request_started",
    }
    assert not any(lack.in_request for lack in found.lacks)
    for name, text in (
        ("App(host_matching=…)", "def __init__("),
        ("wsgiapp.signals.request_started", "request_started"),
    ):
        file, _, number = loading[name].real.rpartition(":")
        assert text in (ROOT / file).read_text().splitlines()[int(number) - 1]


def test_an_app_that_cannot_be_loaded_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loads_once.py").write_text(
        "import sys\nfrom wsgiapp import App\nassert type(sys.modules['wsgiapp']).__name__ != 'StandIn', 'not here'\n"
        "app = App(__name__)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    app = importlib.import_module("loads_once").app
    found = ask(XRay(app, always=True), "/")
    assert found.sentence == "The last step cannot load this app: AssertionError: not here (loads_once.py:3)."
    assert not found.same


def test_the_lines_that_ran_are_marked_in_both(xray: XRay) -> None:
    (page, mark) = ask(xray, "/page/7").code
    marks = {line.text.strip(): (line.left, line.right) for line in page.lines}
    assert (page.name, mark.name) == ("page", "mark")
    assert marks['return "many"'] == marks["if number > 5:"] == (True, True)
    assert marks['return f"few: {number}"'] == (False, False)
    (alone,) = [code for code in ask(xray, "/which").code if code.name == "which"]
    assert alone.where.startswith("of_the_twin.py:")


def test_the_ladders_lines_stand_beside_the_frameworks_step(xray: XRay) -> None:
    pairs = {pair.layer: pair for pair in ask(xray, "/page/7").pairs}
    assert pairs["response"].left == "App.make_response" and pairs["response"].where.startswith("wsgiapp/dispatch.py:")
    (code,) = pairs["response"].right
    assert code.name == "App.make_response" and "step_06.py:" in code.where
    ran = [line.text.strip() for line in code.lines if line.right]
    assert "return response" in ran and "response.status = item" not in ran
    assert "errors" not in pairs and "errors" in {pair.layer for pair in ask(xray, "/page/x").pairs}


def test_every_function_of_the_table_is_in_the_ladder() -> None:
    for step, name in {entry for entries in LADDER.values() for entry in entries}:
        source = (launcher.ladder() / f"{step}.py").read_text()
        owner, _, function = name.partition(".")
        assert f"class {owner}" in source and f"    def {function}(" in source, (step, name)


# -- what it may do ----------------------------------------------------------------------------------------------------


def test_a_method_that_may_change_something_is_sent_only_when_one_says_so_and_then_twice(xray: XRay) -> None:
    log = Path(sys.modules["of_the_twin"].__file__ or "").with_name("log")
    with pytest.raises(TwinError, match="sends it twice"):
        ask(xray, "/note", method="POST", data={"text": "one"})
    assert not log.exists()
    found = ask(xray, "/note", really=True, method="POST", data={"text": "one"})
    assert found.same and found.right.body == b"noted" and log.read_text() == "one\none\n"


def test_a_process_that_does_not_end_is_ended(xray: XRay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher.run, "__defaults__", (1.5,))
    with pytest.raises(TwinError, match=r"no answer after 1\.5 seconds"):
        ask(xray, "/sleep")


def test_a_process_that_dies_is_told_with_its_last_words(xray: XRay) -> None:
    with pytest.raises(TwinError, match="without an answer: out of order"):
        ask(xray, "/exit")


def test_a_large_body_is_counted_and_only_its_beginning_is_kept(xray: XRay) -> None:
    found = ask(xray, "/large")
    assert found.same and found.left.size == found.right.size == 100 * 65536 > 6 * len(found.right.body)


def test_one_twin_runs_at_a_time(xray: XRay) -> None:
    module = importlib.import_module("wsgiapp.xray.twin")
    with module._running, pytest.raises(TwinError, match="one runs at a time"):
        ask(xray, "/page/1")


def test_no_secret_is_shown(xray: XRay) -> None:
    found = ask(xray, f"/which?token={SECRET}")
    assert SECRET.encode() in found.right.body
    shown = repr((found.sentence, found.rows, found.code, found.pairs, found.lacks))
    assert SECRET not in shown and SECRET_KEY not in repr([*ask(xray, "/fails").code, *ask(xray, "/login").rows])


def test_an_app_without_a_name_cannot_have_a_twin() -> None:
    app = App("nowhere_at_all")
    with pytest.raises(TwinError, match="Give it a name at the top of its module"):
        ask(XRay(app, always=True), "/")


def test_a_factory_makes_the_app_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_by_factory.py").write_text(
        "from wsgiapp import App\ndef create_app(word='plain'):\n    app = App(__name__)\n"
        "    app.add_url_rule('/', 'index', lambda: word)\n    return app\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("made_by_factory")
    assert ask(XRay(module.create_app(), always=True), "/").same
    environ = {**create_environ("/"), **NEAR}
    found = twin(XRay(module.create_app("other"), always=True), environ, reference="create_app('other')")
    assert found.same and found.right.body == b"other"


# -- the command and the button ----------------------------------------------------------------------------------------


def run(app: App, *words: str) -> Result:
    """Run the command on an app that is loaded already."""
    group = FlaskGroup(create_app=lambda: app)
    group.add_command(twin_command, "twin")
    return CliRunner().invoke(group, ["twin", *words])


def test_the_command_shows_both_and_ends_as_they_agree(xray: XRay) -> None:
    same, differs, refused = [run(xray.app, *words) for words in (["/page/7"], ["/which"], ["POST", "/note", "text=x"])]
    assert (same.exit_code, differs.exit_code, refused.exit_code) == (0, 1, 1)
    assert "Both answered 200 OK" in same.stdout and "step_06.py" in same.stdout
    assert re.search(r"^ +=  +\d+     if number > 5:$", same.stdout, re.MULTILINE)
    assert "! body" in differs.stdout and "ladder   7 bytes" in differs.stdout
    assert "Add --really." in refused.output


def test_the_readmes_example_answers_the_same_from_a_shell(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (tmp_path / "hello.py").write_text(text.partition("```python\n")[2].partition("```")[0], encoding="utf-8")
    command = [sys.executable, "-m", "wsgiapp", "--app", "hello", "twin", "GET", "/hello/Ada"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Both answered 200 OK, with the same headers and the same 36 bytes." in done.stdout


class Button:
    """Someone who may see the X-ray, and presses the button."""

    def __init__(self, xray: XRay) -> None:
        self.client = xray.app.test_client()
        self.client.get(f"/_xray/?token={TOKEN}", environ_overrides=NEAR)
        self.key = xray.watch.pages.key()  # type: ignore[attr-defined]

    def press(self, peer: str = "127.0.0.1", **form: str) -> Any:
        return self.client.post("/_xray/twin", data=form, environ_overrides={"REMOTE_ADDR": peer})


@pytest.fixture
def button(xray: XRay, monkeypatch: pytest.MonkeyPatch) -> Button:
    monkeypatch.setitem(xray.app.config, "DEBUG", True)
    return Button(xray)


def test_the_button_shows_both_answers(button: Button) -> None:
    page = button.press(key=button.key, method="GET", path="/page/7")
    assert page.status_code == 200 and "Both answered 200 OK" in page.text and "return response" in page.text
    assert "no-store" in page.headers["Cache-Control"]


def test_the_button_asks_before_it_changes_something(button: Button) -> None:
    refused = button.press(key=button.key, method="POST", path="/note", body="text=two")
    assert refused.status_code == 400 and "sends it twice" in refused.text


@pytest.mark.parametrize(
    ("peer", "key", "status"),
    [("127.0.0.1", "wrong", 403), ("127.0.0.1", "", 403), ("10.0.0.1", "right", 404)],
)
def test_the_button_is_for_whoever_may_see_the_x_ray(
    button: Button, xray: XRay, peer: str, key: str, status: int
) -> None:
    before = len(xray.traces())
    answer = button.press(peer, key=button.key if key == "right" else key, method="GET", path="/page/7")
    assert answer.status_code == status and "Both answered" not in answer.text
    assert [trace.path for trace in xray.traces()[: len(xray.traces()) - before]] in ([], ["/_xray/twin"])


def test_without_the_token_the_button_does_nothing(xray: XRay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(xray.app.config, "DEBUG", True)
    form = {"key": xray.watch.pages.key(), "method": "GET", "path": "/page/7"}  # type: ignore[attr-defined]
    answer = xray.app.test_client().post("/_xray/twin", data=form, environ_overrides=NEAR)
    assert answer.status_code == 403 and "locked" in answer.text


# -- the lines ---------------------------------------------------------------------------------------------------------


def branch(number: int) -> str:
    if number > 1:
        return "many"
    return "few"


def test_only_lines_of_the_apps_own_files_are_noted_and_the_trace_function_is_put_back() -> None:
    before = sys.gettrace()
    with Executed([str(Path(__file__).parent)]) as executed:
        branch(2)
        click.style("x")
    assert sys.gettrace() is before
    ((file, name, first),) = executed.functions
    assert (file, name) == (__file__, "branch")
    assert executed.files() == {__file__: (first + 1, first + 2)}


def test_the_lines_that_are_noted_are_bounded(tmp_path: Path) -> None:
    file = tmp_path / "long.py"
    file.write_text("def long():\n" + "    x = 1\n" * (MAX_LINES + 100))
    space: dict[str, Any] = {}
    exec(compile(file.read_text(), str(file), "exec"), space)
    with Executed([str(tmp_path)]) as executed:
        space["long"]()
    assert sum(map(len, executed.functions.values())) == MAX_LINES
