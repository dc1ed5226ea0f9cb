"""Programs that others wrote for Flask run on the ladder's last step, unchanged, where no Flask is installed.

They come from Flask's source distribution, fetched for the run: its tutorial's application, and the example with
JavaScript, each with its own tests.
"""

from __future__ import annotations

import http.client
import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sandbox
from ladder_server import started
from sandbox import FLASK, Environment

from servers import lack, require

HERE = Path(__file__).resolve().parent
LADDER = HERE.parent.parent / "ladder"
ON_THE_LAST_STEP = {"PYTHONPATH": str(LADDER)}


@pytest.fixture(scope="module")
def environment() -> Environment:
    """What Flask's seven parts are, with pytest, and without Flask and wsgiapp."""
    require("pip")
    try:
        with sandbox.alone():  # another process of the tests may want it at the same moment
            made = sandbox.make_environment("ladder", importlib.import_module("share").NEEDS, alias=False)
            sandbox.fetch([FLASK], made)
    except sandbox.NoNetworkError:
        lack("needs a network: pip reaches no package index, and the cache lacks what this test installs")
        raise
    return made


@pytest.fixture
def examples(environment: Environment, tmp_path: Path) -> Path:
    """A fresh copy of Flask's examples; its own package is taken away, lest a test import it."""
    folder = sandbox.unpack(FLASK, tmp_path)
    shutil.rmtree(folder / "src")
    return folder / "examples"


@pytest.mark.parametrize("name", ["flask", "wsgiapp"])
def test_no_framework_is_installed_that_could_answer_instead(
    environment: Environment, name: str, tmp_path: Path
) -> None:
    assert "ModuleNotFoundError" in environment.run(["-c", f"import {name}"], tmp_path).stderr


@pytest.mark.parametrize(("example", "tests"), [("tutorial", 24), ("javascript", 8)])
def test_every_test_of_the_example_passes(environment: Environment, examples: Path, example: str, tests: int) -> None:
    results = sandbox.run_pytest(environment, examples / example, ["-p", "as_flask"], ON_THE_LAST_STEP)
    assert results.counts() == {"passed": tests, "failed": 0, "skipped": 0}, results.output


def test_the_example_of_the_readme_prints_what_it_promises(environment: Environment, tmp_path: Path) -> None:
    program, output = importlib.import_module("share").readme_example()
    (tmp_path / "hello.py").write_text(program, encoding="utf-8")
    shown = environment.run([str(LADDER / "as_flask.py"), "hello.py"], tmp_path)
    assert (shown.stdout, "Ada" in output) == (output, True), shown.stderr


def test_the_pages_of_the_tutorial_are_flasks_byte_for_byte(examples: Path) -> None:
    """Heads and bodies, with the cookies; this Python has Flask, and the ladder takes its name."""
    answers = {}
    for framework in ("flask", "ladder"):
        command = [sys.executable, str(HERE / "tutorial_visit.py"), framework]
        variables = {**os.environ, **ON_THE_LAST_STEP}
        visit = subprocess.run(command, cwd=examples / "tutorial", env=variables, capture_output=True, check=False)
        answers[framework] = visit.stdout.decode().splitlines()
        assert visit.returncode == 0, visit.stderr.decode()
    assert answers["ladder"] == answers["flask"]
    assert len(answers["flask"]) == 20


def test_the_tutorial_makes_its_database_and_serves(environment: Environment, examples: Path) -> None:
    folder = examples / "tutorial"
    flaskr = [str(LADDER / "as_flask.py"), "--app", "flaskr"]
    made = environment.run([*flaskr, "init-db"], folder)
    assert "Initialized the database." in made.stdout, made.stderr
    serve = [str(environment.python), *flaskr, "run"]
    with started(serve, folder, environment.variables()) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/auth/login")
        page = connection.getresponse()
        assert (page.status, "Log In" in page.read().decode()) == (200, True)
        connection.close()


def twins(program: str, folder: Path) -> dict[str, tuple[bool, str, list[str]]]:
    """By method and path: whether a twin answered the same, what was said of it, and what the last step lacks."""
    command = [sys.executable, str(HERE / "twin_visit.py"), program]
    variables = {**os.environ, "PYTHONPATH": str(HERE.parent.parent), "INSTANCE_PATH": str(folder / "instance")}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    visits = map(json.loads, done.stdout.splitlines())
    return {f"{method} {path}": (same, sentence, lacks) for method, path, same, sentence, lacks in visits}


def test_the_twin_of_every_page_of_the_tutorial_answers_the_same_byte_for_byte(examples: Path) -> None:
    found = twins("tutorial", examples / "tutorial")
    assert {request: sentence for request, (same, sentence, _) in found.items() if not same} == {}
    assert len(found) == 10 and "Both answered 302 FOUND" in found["POST /auth/login"][1]


def test_the_twin_carries_of_the_shop_what_the_last_step_can_and_lists_the_rest(tmp_path: Path) -> None:
    found = twins("shop", tmp_path)
    carried = [request for request, (same, _, _) in found.items() if same]
    assert carried == [
        "GET /static/shop.css", "HEAD /static/favicon.svg", "GET /products", "GET /health", "HEAD /health",
        "GET /robots.txt",
    ]  # fmt: skip
    assert "App.context_processor" in found["GET /"][2] and "500 INTERNAL SERVER ERROR" not in found["GET /"][1]
    assert "The answers differ: ETag, body." in found["GET /api/products"][1]
    assert "App.json" in found["GET /api/products"][2]
    asked = found["OPTIONS /api/products"][1]
    assert (
        "has no wsgiapp.globals.request_ctx" in asked and "child_process.py" not in asked and "wsgiapp/rest/" in asked
    )
    assert "no package" not in found["GET /learn"][1] and "TemplateNotFound" in found["GET /learn"][1]
