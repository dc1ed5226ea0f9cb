"""What the ladder says of itself is so: each command with its answer, each name with its step, each table and list."""

from __future__ import annotations

import ast
import http.client
import importlib
import json
import re
import shlex
import shutil
import subprocess
import symtable
import sys
import textwrap
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.cookies import SimpleCookie
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from ladder_server import started

ROOT = Path(__file__).resolve().parent.parent.parent
LADDER = ROOT / "ladder"
STEPS = range(1, 16)
README = (LADDER / "README.md").read_text(encoding="utf-8")


def source(number: int) -> str:
    """The text of a step."""
    return (LADDER / f"step_{number:02}.py").read_text(encoding="utf-8")


def docstring(number: int) -> str:
    """The text at the head of a step."""
    return ast.get_docstring(ast.parse(source(number))) or ""


# -- "Try this" --------------------------------------------------------------------------------------------------------


def trials(number: int) -> list[tuple[str, str]]:
    """The commands of a step that send a request, each with the answer that stands below it."""
    lines = [line.strip() for line in docstring(number).partition("\nTry this")[2].splitlines()]
    return [(line, below.removeprefix("# ")) for line, below in pairwise(lines) if "curl " in line]


@contextmanager
def serving(number: int, folder: Path) -> Iterator[int]:
    """Run a copy of the step as a program; gives its port."""
    copy = folder / "ladder"
    shutil.copytree(LADDER, copy, ignore=shutil.ignore_patterns("__pycache__", "*.sqlite"))
    with started([sys.executable, str(copy / f"step_{number:02}.py")], folder) as port:
        yield port


def curl_options() -> ArgumentParser:
    """The options of curl that the steps use."""
    parser = ArgumentParser(prog="curl", allow_abbrev=False)
    parser.add_argument("url")
    parser.add_argument("-i", action="store_true")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="data", action="append", default=[])
    parser.add_argument("--data-urlencode", dest="encoded", action="append", default=[])
    parser.add_argument("--json")
    parser.add_argument("-b", dest="cookies")
    parser.add_argument("-c", dest="jar")
    return parser


def request_of(options: Namespace, jar: dict[str, str]) -> tuple[str, str, str, dict[str, str]]:
    """What curl would send: the method, the path, the body and the headers."""
    pairs = [urlencode([(each.partition("=")[0], each.partition("=")[2])]) for each in options.encoded]
    body = options.json or "&".join([*options.data, *pairs])
    headers = dict(line.split(": ", 1) for line in options.headers)
    if body:
        headers["Content-Type"] = "application/json" if options.json else "application/x-www-form-urlencoded"
    if options.cookies:
        kept = "; ".join(f"{name}={value}" for name, value in jar.items())
        headers["Cookie"] = options.cookies if "=" in options.cookies else kept
    url = urlsplit(options.url)
    path = quote(url.path, safe="/%") + (f"?{url.query}" if url.query else "")
    return options.method or ("POST" if body else "GET"), path, body, headers


def send(command: str, port: int, jar: dict[str, str]) -> tuple[int, str]:
    """Do what one curl command does; the answer's status, and its head and body as text."""
    options = curl_options().parse_args(shlex.split(command)[1:])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(*request_of(options, jar))
        answer = connection.getresponse()
        text = f"{answer.headers}{answer.read().decode()}"
    finally:
        connection.close()
    if options.jar:
        for line in answer.headers.get_all("Set-Cookie", []):
            jar |= {name: morsel.coded_value for name, morsel in SimpleCookie(line).items()}
    return answer.status, text


@pytest.mark.parametrize("number", STEPS)
def test_each_command_of_a_step_has_the_answer_that_stands_below_it(number: int, tmp_path: Path) -> None:
    jar: dict[str, str] = {}
    assert trials(number)
    with serving(number, tmp_path) as port, ThreadPoolExecutor() as pool:
        for line, promise in trials(number):
            commands = line.removesuffix("; wait").split(" & ")
            answers = list(pool.map(lambda command: send(command, port, jar), commands))
            text = "".join(text for _, text in answers).replace(f":{port}/", ":8000/")
            status, _, parts = promise.partition(": ")
            assert {each for each, _ in answers} == {int(status.partition(",")[0])}, (line, text)
            for part in parts.split(" … ") if parts else []:
                assert (part in text) is not status.endswith(", without"), (line, part, text)
        for url in re.findall(r"^[^#\n]*?(http://127.0.0.1:8000/\S*) in a browser", docstring(number), re.MULTILINE):
            assert send(f"curl {url}", port, jar)[0] == 200


@pytest.mark.parametrize("number", STEPS)
def test_a_step_says_what_flask_shows_what_is_underneath_what_is_new_and_what_to_try(number: int) -> None:
    heads = ["What Flask shows you: ", "What is underneath: ", "What is new in this step: ", "Try this"]
    places = [docstring(number).find(f"\n{head}") for head in heads]
    assert places == sorted(places) and places[0] > 0
    text = docstring(number) + README
    programs = re.findall(r"^ +(?:PORT=8080 )?python (ladder/\w+\.py)", text, re.MULTILINE)
    assert all((ROOT / program).is_file() for program in programs) and programs


HELLO = """
from flask import Flask, current_app

app = Flask(__name__)

@app.get("/hello/<name>")
def hello(name):
    return {"hello": name}

@app.cli.command("who")
def who():
    print("This is", current_app.name)
"""
TEST = """
import flask, hello

def test_hello():
    assert "Step 15 of the ladder" in flask.__doc__
    assert hello.app.test_client().get("/hello/Ada").get_json() == {"hello": "Ada"}
"""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--app", "hello", "who"], "This is hello\n"),
        (["--app", "hello:app", "who"], "This is hello\n"),
        (["--app", "hello:lost", "who"], "No app in hello: name it after a colon, such as --app hello:my_app.\n"),
        (["-m", "pytest", "-q", "-p", "no:cacheprovider"], "1 passed"),
    ],
)
def test_as_flask_runs_the_commands_and_the_tests_of_a_program(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(HELLO, encoding="utf-8")
    (tmp_path / "test_hello.py").write_text(TEST, encoding="utf-8")
    command = [sys.executable, str(LADDER / "as_flask.py"), *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert said in done.stdout + done.stderr


# -- where a name comes from -------------------------------------------------------------------------------------------


def bound(number: int) -> set[str]:
    """The names that a step itself gives a meaning to, its imports included."""
    names: set[str] = set()
    for node in ast.parse(source(number)).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=found) | ast.ImportFrom(names=found):
                names.update((each.asname or each.name).partition(".")[0] for each in found if each.name != "*")
            case ast.Assign(targets=targets):
                names.update(name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))
    return names


def loaded_first(number: int, name: str) -> bool:
    """Whether a step reads *name* while or before it gives it a new meaning, as ``class App(App)`` does."""
    for node in ast.parse(source(number)).body:
        parts: list[ast.AST] = [node]
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):  # what runs at once: bases and decorators
            parts = [*node.decorator_list, *(node.bases if isinstance(node, ast.ClassDef) else [])]
        found = [each for part in parts for each in ast.walk(part) if isinstance(each, ast.Name) and each.id == name]
        if any(isinstance(each.ctx, ast.Load) for each in found):
            return True
        if found or getattr(node, "name", "") == name:
            return False
    return False


def taken(number: int) -> str:
    """The names that a step takes from those before, as its comment has them: by the step that last bound each."""

    def scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
        yield table
        for child in table.get_children():
            yield from scopes(child)

    module = symtable.symtable(source(number), "", "exec")
    used = {
        symbol.get_name()
        for table in scopes(module)
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (table is module or symbol.is_global())
    }
    own = bound(number)
    used = {name for name in used if name not in own or loaded_first(number, name)}
    by_step = {step: sorted(used & bound(step)) for step in range(number - 1, 0, -1)}
    parts = []
    for step, candidates in by_step.items():
        names = [name for name in candidates if name in used]
        used -= set(names)
        if names:
            parts.append(f"{', '.join(names)} ({step})")
    return "From the steps before: " + "; ".join(reversed(parts)) + "."


@pytest.mark.parametrize("number", STEPS[1:])
def test_a_comment_says_from_which_step_each_name_comes(number: int) -> None:
    comment = textwrap.fill(taken(number), 120, initial_indent="# ", subsequent_indent="# ")
    assert f'"""\n\n{comment}\n\n' in source(number), comment


# -- the README --------------------------------------------------------------------------------------------------------


def test_the_readme_holds_a_line_for_each_step() -> None:
    for number in STEPS:
        title = docstring(number).splitlines()[0].partition(": ")[2]
        assert f"| [{number}](step_{number:02}.py) | {title} |" in README


def test_the_readme_holds_the_tables_of_the_last_measurement() -> None:
    shown = subprocess.check_output([sys.executable, str(LADDER / "share.py"), "--print"], text=True)
    assert all(table in README for table in shown.split("\n\n"))
    assert shown.count("| step |") == 2


@pytest.mark.parametrize("number", STEPS)
def test_a_step_says_which_share_of_the_list_runs(number: int) -> None:
    share = importlib.import_module("share")
    measured = json.loads((LADDER / "share.json").read_text(encoding="utf-8"))
    _things, _passed, percent = share.at(measured, number)
    assert docstring(number).endswith(f"\nShare of the list in ladder/README.md that runs at this step: {percent} %.")


def test_the_measurement_of_the_things_that_programs_do_is_of_today() -> None:
    share = importlib.import_module("share")
    measured = json.loads((LADDER / "share.json").read_text(encoding="utf-8"))
    assert share.first_steps() == measured["things"]
    assert {name: passed[-1] for name, passed in measured["programs"].items()} == share.PROGRAMS


def test_every_file_that_the_readme_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    modules = {Path(link).name for link in links if link.startswith("../wsgiapp/")}
    assert modules > {"app.py", "routing.py", "sessions.py", "cli.py"}
    assert [link for link in links if not (LADDER / link).exists()] == []


def lacking() -> list[str]:
    """The names that the README lists as missing, such as ``app.context_processor``."""
    section = README.partition("## What the last step lacks")[2].partition("\nSome things are there")[0]
    return re.findall(r"`((?:flask|app|blueprint|client|request|g)\.\w+)`", section)


@pytest.mark.parametrize("name", lacking())
def test_what_the_readme_lists_as_missing_is_missing_here_and_there_in_flask(name: str) -> None:
    owner, _, attribute = name.partition(".")

    def owners(module: Any, kind: Any) -> dict[str, Any]:
        app = kind("guestbook")
        return {
            "flask": module,
            "app": app,
            "blueprint": module.Blueprint("book", "guestbook"),
            "client": app.test_client(),
            "request": app.request_class({"wsgi.url_scheme": "http", "REQUEST_METHOD": "GET"}),
            "g": app.app_context().g,
        }

    step, flask = importlib.import_module("step_15"), importlib.import_module("flask")
    assert not hasattr(owners(step, step.App)[owner], attribute)
    assert hasattr(owners(flask, flask.Flask)[owner], attribute)


def test_enough_is_listed_as_missing() -> None:
    assert len(lacking()) > 20
