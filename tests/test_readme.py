"""The README tells the truth: its example runs and prints what stands there, its picture is drawn from the code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import run
from servers import ROOT, Server, Visitor, lack, reserved_port, running, shop_environment, wait_until_listening
from wsgiapp.dispatch import LIFECYCLE, Layer
from wsgiapp.shop import learn_cookie

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
WIDTH = 46


def block(language: str) -> str:
    """The first code block of that language."""
    return next(text for name, text in BLOCKS if name == language)


def picture(road: Sequence[Layer]) -> str:
    """The road as a staircase: down on the left to the view, which is the lowest step, and up again on the right."""
    names = [layer.name for layer in road]
    bottom = names.index("view")
    up = list(reversed(road[bottom + 1 :]))
    lines = []
    for depth, layer in enumerate(road[:bottom]):
        left = f"{'  ' * depth}{layer.name:8} {layer.step}"
        right = f"{'  ' * (bottom - depth - 1)}{up[depth].name:8} {up[depth].step}"
        lines.append(f"{left:{WIDTH}}   {right}")
    view = road[bottom]
    lines.append(f"{'  ' * bottom}{view.name:8} {view.step}, then your function")
    return "\n".join(lines) + "\n"


def test_the_example_prints_what_the_readme_says(tmp_path: Path) -> None:
    program = tmp_path / "hello.py"
    program.write_text(block("python"), encoding="utf-8")
    environment = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    shown = subprocess.run([sys.executable, program], env=environment, capture_output=True, text=True, check=True)
    assert shown.stdout == block("json")


def test_the_example_has_ten_lines_of_code() -> None:
    assert len([line for line in block("python").splitlines() if line.strip()]) <= 10


def test_the_picture_of_the_road_is_the_table_of_the_code() -> None:
    assert block("text") == picture(LIFECYCLE)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\]\(([\w./-]+)\)", README))))
def test_every_file_that_the_readme_links_is_there(name: str) -> None:
    assert (ROOT / name).is_file()


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(README.splitlines()) <= 150


# -- commands ------------------------------------------------------------------------------------

COMMANDS = [line.partition("#")[0].split() for name, text in BLOCKS if name == "console" for line in text.splitlines()]
OF_RUN_PY = [command for command in COMMANDS if command[:2] == ["python", "run.py"]]
RUN_AT_ONCE = [command[2:] for command in OF_RUN_PY if command[2:3] and command[2] in run.COMMANDS]
OF_HELLO = [command for command in COMMANDS if command[0] == "wsgiapp"]
FLASK_PROGRAM = "from flask import Flask\napp = Flask('yours')\napp.get('/')(lambda: 'Hello from yours.')\n"


def test_every_command_of_the_readme_is_run_by_one_of_these_tests() -> None:
    others = [command for command in COMMANDS if command not in [*OF_HELLO, *OF_RUN_PY]]
    assert others == [
        ["python", "ladder/step_01.py"],
        ["python", "-m", "wsgiapp.as_flask", "--app", "yours", "run"],
    ]
    assert [command[0] for command in RUN_AT_ONCE] == ["xray", "explain", "twin"]


@pytest.mark.parametrize("command", RUN_AT_ONCE, ids=" ".join)
def test_a_command_says_what_became_of_its_request(command: list[str], tmp_path: Path) -> None:
    """From an empty folder, with the command line that run.py makes; tests/test_run.py has that it calls it."""
    ran = run.shop_command(Path(sys.executable), command)
    environment = shop_environment(tmp_path)
    shown = subprocess.run(ran, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    found = "abc" not in command[-1]
    assert (shown.returncode, shown.stderr) == (0 if found else 1, "")
    assert command[-1] in shown.stdout and ("200 OK" if found else "404") in shown.stdout


def test_the_commands_for_an_app_of_ones_own_run_on_the_example(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(block("python"), encoding="utf-8")
    assert "saved as `hello.py`" in README
    road, serve = OF_HELLO
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    environment.pop("WSGIAPP_XRAY_TOKEN", None)
    shown = subprocess.run(
        [sys.executable, "-m", *road], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (shown.returncode, shown.stderr) == (0, "") and "200 OK" in shown.stdout
    command = [sys.executable, "-m", *serve, "--no-reload", "--no-debugger", "--port", "{port}"]
    with running(command, tmp_path, environment) as server:
        (path,) = re.findall(r"http://127\.0\.0\.1:\d+(/_xray/\?token=\S+)", server.output())
        assert Visitor(server.port).get(path).status == 302


def test_without_its_extra_the_shop_says_what_to_install(tmp_path: Path) -> None:
    """As after `pip install -e .`: the framework is there, and none of the shop's packages."""
    (tmp_path / "bare.py").write_text(
        "import sys\nfor name in ('sqlalchemy', 'pydantic', 'jsonpatch'):\n    sys.modules[name] = None\n"
        "from wsgiapp.cli import main\nmain()\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for words in (["--app", "wsgiapp.shop:app", "xray", "GET", "/"], ["shop", "user", "list"]):
        ran = [sys.executable, str(tmp_path / "bare.py"), *words]
        shown = subprocess.run(ran, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert shown.returncode != 0 and "pip install 'wsgiapp[shop]'" in shown.stdout + shown.stderr, words


def test_a_program_written_for_flask_runs_unchanged(tmp_path: Path) -> None:
    (tmp_path / "yours.py").write_text(FLASK_PROGRAM, encoding="utf-8")
    (command,) = (command for command in COMMANDS if "wsgiapp.as_flask" in command)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with running([sys.executable, *command[1:], "--port", "{port}"], tmp_path, environment) as server:
        assert Visitor(server.port).get("/").text == "Hello from yours."


def test_the_first_step_of_the_ladder_serves(tmp_path: Path) -> None:
    (command,) = (command for command in COMMANDS if "ladder/step_01.py" in command)
    with reserved_port() as port:
        environment = {**os.environ, "PORT": str(port)}
        process = subprocess.Popen([sys.executable, str(ROOT / command[1])], cwd=tmp_path, env=environment)
        try:
            wait_until_listening(Server(port, process, tmp_path / "none.log"))
            assert Visitor(port).get("/").status == 200
        finally:
            process.terminate()
            process.wait(10)


@pytest.mark.parametrize("command", [line for line in OF_RUN_PY[1:] if line[2:] not in RUN_AT_ONCE], ids=" ".join)
def test_a_command_of_run_py_is_one_that_it_knows(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What each of them does is tested where it belongs; here, that run.py takes it for what the README says."""
    asked: list[str] = []

    def stop(group: str = "") -> Path:
        asked.append(group)
        raise run.SetupError("far enough")

    monkeypatch.setattr(run, "set_up", stop)
    assert run.main(command[2:]) == 1
    assert asked == [{"test": "dev", "docs": "docs", "bench": "benchmarks"}[command[2]]]


# -- three things to click, and one to break -----------------------------------------------------


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """`python run.py`, as the README says, on a port and in a folder of its own."""
    if not run.is_current(run.read_stamp(ROOT / ".venv" / "wsgiapp-setup.json"), setup_mark(), ""):
        lack("needs the environment that run.py makes, and would have to make it first")
    folder = tmp_path_factory.mktemp("shop")
    command = [sys.executable, str(ROOT / OF_RUN_PY[0][1]), "--no-reload", "--port", "{port}"]
    with running(command, folder, {**shop_environment(folder), "WSGIAPP_XRAY_TOKEN": "a-token"}) as server:
        yield Visitor(server.port)


def setup_mark() -> str:
    return run.fingerprint((ROOT / "pyproject.toml").read_bytes())


def test_the_page_to_click_first_leads_to_its_xray_once_the_printed_link_was_opened(shop: Visitor) -> None:
    shop.get("/_xray/?token=a-token")
    page = shop.get("/products/7")
    assert page.status == 200 and "X-ray of this page" in page.text
    trace = shop.get(page.headers["x-xray"])
    assert trace.status == 200 and "/products/7" in trace.text


@pytest.mark.parametrize(("path", "text"), [("/learn/routing", "Try it"), ("/threads", "thread")])
def test_the_other_pages_to_click_are_there(shop: Visitor, path: str, text: str) -> None:
    assert f"`{path}`" in README
    page = shop.get(path)
    assert page.status == 200 and text in page.text


def test_what_there_is_to_break_is_refused_with_the_reason(shop: Visitor) -> None:
    assert "`/learn/sessions`" in README
    (button,) = re.findall("Press “(.+?)”", README)
    assert f">{button}</button>" in shop.get("/learn/sessions").text
    cookie = learn_cookie.lesson()
    fields = {"cookie": cookie, "secret_key": learn_cookie.LESSON_KEY}
    whole = shop.post_form("/learn/sessions", "/learn/sessions", **fields)
    broken = shop.post_form("/learn/sessions", "/learn/sessions", **fields, change="1")
    assert "Accepted." in whole.text
    assert "Refused." in broken.text and "You changed one letter" in broken.text
