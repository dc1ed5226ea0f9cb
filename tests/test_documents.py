"""The documents name tests and files that exist, and their examples run."""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import run
from servers import API_TOKEN, ROOT, Visitor, require, running, shop_environment, werkzeug

PAGES = sorted((ROOT / "docs").glob("*.md"))
REFERENCE = re.compile(r"`(tests/[\w/.:]+)`")
NAMED = sorted({(page.name, name) for page in PAGES for name in REFERENCE.findall(page.read_text("utf-8"))})


@pytest.mark.parametrize(("page", "name"), NAMED, ids=lambda value: value)
def test_a_test_that_a_page_names_is_there(page: str, name: str) -> None:
    path, _, function = name.partition("::")
    assert (ROOT / path).exists()
    if function:
        assert function in functions_of(path)


@functools.cache
def functions_of(path: str) -> set[str]:
    """The names of the functions in a file, which is read once for all pages that name it."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_file_that_a_page_links_is_there(page: Path) -> None:
    for link in re.findall(r"\]\(([\w./-]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


def test_the_alias_is_installed_by_importing_it(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "from-flask.md").read_text(encoding="utf-8")
    example = next(block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "as_flask" in block)
    program = tmp_path / "program.py"
    program.write_text(f"{example}\nimport wsgiapp\nassert flask is wsgiapp\n", encoding="utf-8")
    subprocess.run([sys.executable, program], env={"PYTHONPATH": str(ROOT)}, check=True)


def test_moving_by_name_is_one_import_line() -> None:
    page = (ROOT / "docs" / "from-flask.md").read_text(encoding="utf-8")
    line = next(block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "Blueprint" in block)
    names: dict[str, object] = {}
    exec(line, names)
    assert {"App", "request", "session"} <= names.keys()


QUICKSTART = re.findall(
    r"^```(python|output)\n(.*?)^```$",
    (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)
ASKS = "from hello import app\n\nclient = app.test_client()\n"
VIEWS = [text for kind, text in QUICKSTART if kind == "python" and not text.startswith(ASKS)]


def test_the_quickstart_runs_from_its_first_line_to_its_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """`hello.py` grows from block to block, and each `ask.py` prints what the block after it says."""
    program, printed = "", ""
    for kind, text in QUICKSTART:
        if kind == "output":
            assert printed == text
            printed = ""
        elif text.startswith(ASKS):
            hello = ModuleType("hello")
            exec(compile(program, "hello.py", "exec"), hello.__dict__)
            monkeypatch.setitem(sys.modules, "hello", hello)
            with contextlib.redirect_stdout(io.StringIO()) as said:
                exec(compile(text, "ask.py", "exec"), {})
            printed = said.getvalue()
        else:
            program += text
    assert printed == "" and len(VIEWS) == 6


def test_the_commands_of_the_quickstart_run(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
    (tmp_path / "hello.py").write_text("\n".join(VIEWS), "utf-8")
    commands = [line.split() for line in re.findall(r"^\$ \S+/wsgiapp (.*)$", page, re.MULTILINE)]
    assert [command[2] for command in commands] == ["run", "xray", "explain"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "PYTHONWARNINGS": "error"}
    for command, code, said in zip(commands[1:], [0, 1], ["200 OK", "404"], strict=True):
        ran = [sys.executable, "-m", "wsgiapp", *command]
        shown = subprocess.run(ran, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert (shown.returncode, shown.stderr) == (code, "") and said in shown.stdout
    server = [sys.executable, "-m", "wsgiapp", *commands[0], "--no-reload", "--port", "{port}"]
    with running(server, tmp_path, environment) as started:
        assert "Hello!" in Visitor(started.port).get("/").text


# The commands in blocks of the documents, by their beginning, and the test that runs each, or the part that matters.
# README, quickstart and contributing.md have tests of their own.
ALIAS = "tests/test_as_flask.py"
DEPLOY = "tests/test_deploy.py"
MOVES = "test_cart_login_and_order_survive_the_move_to_the_other_instance_and_the_kill_of_one"
RUN_BY = {
    "opentelemetry-instrument ": "tests/conformance/test_agents.py::test_an_agent_records_what_it_records_on_flask",
    "newrelic-admin ": "tests/conformance/test_agents.py::test_an_agent_records_what_it_records_on_flask",
    "wsgiapp shop user ": "tests/shop/test_shop_people.py::test_a_shop_without_a_demonstration_can_be_begun_by_command",
    "REST_EXAMPLES=300 ": "tests/rest/test_openapi.py::test_what_is_generated_from_the_shops_document_finds_no_fault",
    "python run.py bench": "tests/test_benchmarks.py::test_the_command_prints_saves_and_writes_the_page",
    "gunicorn --config ": f"{DEPLOY}::{MOVES}",
    'python -c "import sqlite3': f"{DEPLOY}::test_a_shop_on_sqlite_goes_on_from_its_backup",
    "pg_dump ": f"{DEPLOY}::test_a_shop_on_postgresql_goes_on_from_its_backup",
    "pg_restore ": f"{DEPLOY}::test_a_shop_on_postgresql_goes_on_from_its_backup",
    "gunicorn ": "tests/test_servers.py::test_pages_are_served_whole",
    "curl ": "tests/test_documents.py::test_each_method_of_the_api_is_shown_by_one_curl_that_works",
    "waitress-serve ": "tests/test_servers.py::test_pages_are_served_whole",
    "python -m wsgiapp.as_flask --app": f"{ALIAS}::test_the_arguments_of_the_flask_command_are_understood",
    "python -m wsgiapp.as_flask app.py": f"{ALIAS}::test_a_file_runs_as_it_would_without_the_alias",
    "python -m wsgiapp.as_flask -m": f"{ALIAS}::test_a_module_runs_as_it_would_without_the_alias",
    "pytest -p wsgiapp.as_flask": f"{ALIAS}::test_the_pytest_plugin_is_in_place_before_a_conftest",
}
NOT_RUN = ("ddtrace-run ", "pip install ")  # agents.md says of the first that no test tries it
OWN_TESTS = {"quickstart.md", "contributing.md", "index.md"}


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in OWN_TESTS], ids=lambda page: page.name)
def test_a_command_in_a_page_is_run_by_a_test(page: Path) -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    commands = [line for language, text in blocks if not language for line in text.splitlines() if line]
    unknown = [line for line in commands if not line.startswith((*RUN_BY, *NOT_RUN))]
    assert unknown == [], f"{page.name} has commands that no test is known to run: enter them in RUN_BY: {unknown}"


@pytest.mark.parametrize("name", sorted(set(RUN_BY.values())))
def test_a_test_that_runs_a_command_of_a_page_is_there(name: str) -> None:
    path, _, function = name.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert function in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_guide_to_rest_runs_from_its_first_block_to_its_last() -> None:
    page = (ROOT / "docs" / "rest.md").read_text(encoding="utf-8")
    names: dict[str, object] = {"__name__": "guide"}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "docs/rest.md", "exec", dont_inherit=True), names)
    first = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    assert len([line for line in first.splitlines() if line.strip()]) <= 15
    assert "patient" in names


def test_each_method_of_the_api_is_shown_by_one_curl_that_works(tmp_path: Path) -> None:
    """The lines of deploy.md, in a folder with an `instance/api_token`, as they stand but for the port."""
    require("curl")
    shell = require("bash", "sh")
    lines = re.findall(r"^curl .*$", (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8"), re.MULTILINE)
    methods = [(re.findall(r"--request (\w+)|--(head)", line) or [("GET", "")])[0] for line in lines]
    assert ["".join(found).upper() for found in methods] == ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
    (tmp_path / "instance").mkdir()
    (tmp_path / "instance" / "api_token").write_text(f"{API_TOKEN}\n")
    said = []
    with running(werkzeug(), tmp_path, shop_environment(tmp_path)) as server:
        for line in lines:
            asked = line.replace(":5000/", f":{server.port}/").replace(
                "curl ", "curl -sS -o body -w '%{http_code}' ", 1
            )
            shown = subprocess.run([shell, "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=False)
            said.append(shown.stdout + shown.stderr)
    assert said == ["200", "200", "204", "201", "200", "200", "204"]


PAGES_OF_WORDS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "ladder").glob("*.md"))]
HISTORY = re.compile(
    r"\b(?:used to be|first drawing|was once|the goal (?:was|is missed)|drawn for|formerly|previously)\b"
)


@pytest.mark.parametrize("page", PAGES_OF_WORDS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_says_what_is_and_not_what_was(page: Path) -> None:
    found = HISTORY.findall(page.read_text(encoding="utf-8"))
    assert found == [], f"{page.name} tells of the past ({found}), which belongs into CHANGELOG.md"


def test_no_command_of_a_page_needs_an_activated_environment() -> None:
    """What run.py takes is told by way of run.py; what is not said to be installed is said to be so beside it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    words = re.findall(r"^python run\.py (\w+)", readme, re.MULTILINE)
    assert {"xray", "explain", "twin"} <= {word for word in words if word in run.COMMANDS}
    deploy = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    for program, package in (("gunicorn ", "gunicorn"), ("waitress-serve ", "waitress")):
        block = next(
            text for text in re.findall(r"^```\n(.*?)^```$", deploy, re.MULTILINE | re.DOTALL) if f"\n{program}" in text
        )
        assert block.startswith(f"pip install {package}\n"), program
