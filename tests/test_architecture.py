"""The house keeps its plan: who may import whom, what an import costs, how long a function may be.

The plan itself stands here as `HOUSE`; the measuring is done by ``tests/tools/``.
"""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable
from pathlib import Path

import pytest

from servers import ROOT
from tools import callpath, measure

PACKAGE = ROOT / "wsgiapp"

# Bottom-up: a module imports only from its own entry and from entries before it, at run time and for typing alike.
HOUSE = [
    "typing",
    "debughelpers",
    "signals",
    "config",
    "ctx",
    "json",
    "wrappers",
    "files",
    "sessions",
    "routing",
    "templating",
    "logging",
    "errors",
    "dispatch",
    "cli",
    "scaffold",
    "blueprints",
    "testing",
    "app",
    "globals",
    "helpers",
    "views",
    "__init__",
    "__main__",
    "xray",
    "rest",
    "as_flask",
    "_alias",
    "shop",
]

# Optional packages, and parts of the standing ones that only a development server needs.
NOT_LOADED_BY_IMPORT = [
    "flask",
    "sqlalchemy",
    "pydantic",
    "jsonpatch",
    "asgiref",
    "dotenv",
    "werkzeug.debug",
    "werkzeug._reloader",
    "wsgiapp.shop",
    "wsgiapp.rest",
    "wsgiapp.xray",
    "wsgiapp.as_flask",
]

MODULES = measure.read_package(PACKAGE, [])
FUNCTIONS = [(module.name, function) for module in MODULES for function in module.functions]
LONG_BY_PURPOSE = {"wsgi_app": 60}  # the hot road of a request, unrolled; its PERF notes say why


def entry(module: str) -> str:
    """The entry of `HOUSE` that holds *module*: ``wsgiapp.json.tag`` lives in ``json``."""
    return module.partition(".")[2].partition(".")[0] or "__init__"


# -- who imports whom ----------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1, 2, 3], ids=["load", "deferred", "typing"])
def test_no_module_imports_itself_by_way_of_others(depth: int) -> None:
    assert measure.cycles(MODULES, measure.KINDS[:depth]) == []


def test_the_finder_of_cycles_sees_all_three_kinds(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import b")
    (tmp_path / "b.py").write_text("def f():\n    import c")
    (tmp_path / "c.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\n    import b")
    modules = measure.read_package(tmp_path, [])
    found = [measure.cycles(modules, measure.KINDS[:depth]) for depth in (1, 2, 3)]
    assert found == [[], [], [["a", "b", "c"]]]


def test_every_module_has_its_place_in_the_house() -> None:
    homeless = {entry(module.name) for module in MODULES} - set(HOUSE)
    assert not homeless, f"give {homeless} a place in HOUSE, and in the picture of docs/"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_imports_only_from_below(module: measure.Module) -> None:
    own = HOUSE.index(entry(module.name))
    imported = set().union(*module.imports.values())
    assert [name for name in imported if HOUSE.index(entry(name)) > own] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_no_import_of_our_own_is_put_off_or_only_for_typing(module: measure.Module) -> None:
    assert module.imports["deferred"] | module.imports["type"] == set()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_nothing_imports_flask(module: measure.Module) -> None:
    tree = ast.parse(module.path.read_text(encoding="utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    assert "flask" not in {name.partition(".")[0] for name in names}


def test_importing_the_framework_loads_no_optional_package() -> None:
    code = "import json, sys, wsgiapp; print(json.dumps(list(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = json.loads(shown.stdout)
    assert "wsgiapp.app" in loaded
    assert [name for name in NOT_LOADED_BY_IMPORT if name in loaded] == []


# -- size ----------------------------------------------------------------------------------------


def test_functions_are_short() -> None:
    long = {
        f"{module}.{function.name}": function.code
        for module, function in FUNCTIONS
        if function.code > LONG_BY_PURPOSE.get(function.name.rpartition(".")[2], 40)
    }
    assert long == {}
    assert measure.percentile([function.code for _, function in FUNCTIONS], 0.95) <= 25


def test_control_flow_nests_three_deep_at_most() -> None:
    assert [f"{module}.{function.name}" for module, function in FUNCTIONS if function.depth > 3] == []


def test_modules_are_short() -> None:
    assert {module.name: module.code for module in MODULES if module.code > 400} == {}


def test_the_framework_stays_smaller_than_flask() -> None:
    """Flask 3.1.3 has 4,081 code lines by the same count; what we do beyond it must fit in less."""
    beside = {"xray", "rest", "shop", "as_flask", "_alias"}
    assert sum(module.code for module in MODULES if entry(module.name) not in beside) <= 4081 * 0.80


def test_every_public_name_says_what_it_is_for() -> None:
    documented = sum(module.documented for module in MODULES)
    assert documented / sum(module.public for module in MODULES) > 0.8


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_file_opens_with_its_place_and_its_rules(module: measure.Module) -> None:
    assert ast.get_docstring(ast.parse(module.path.read_text(encoding="utf-8")))


# -- types ---------------------------------------------------------------------------------------


def ignores(path: Path) -> list[str]:
    """The comments of a file that switch off the type checker, as written."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT and "type: ignore" in token.string]


def test_the_type_checker_is_rarely_overruled_and_never_without_a_reason() -> None:
    found = [comment for module in MODULES for comment in ignores(module.path)]
    assert len(found) <= 10
    assert [comment for comment in found if not re.match(r"# type: ignore\[[\w, -]+\]\W+\w.{5,}", comment)] == []


# -- the road ------------------------------------------------------------------------------------


def session_read() -> Callable[[], bytes]:
    """One request whose view looks into the session."""
    from wsgiapp import App, session

    app = App("hello")
    app.secret_key = "k"

    @app.route("/user/<int:id>")
    def user(id: int) -> str:
        return f"user {id} {session.get('name')}"

    return lambda: callpath.drive(app)


@pytest.mark.parametrize(
    ("build", "answer", "most"),
    [
        (callpath.wsgiapp_app, b"user 42", 20),
        (callpath.wsgiapp_session_app, b"user 42", 20),
        (session_read, b"user 42 None", 45),
    ],
    ids=["plain", "with a secret key", "with one session read"],
)
def test_a_warm_request_takes_few_calls(build: Callable[[], Callable[[], bytes]], answer: bytes, most: int) -> None:
    request = build()
    assert request() == answer
    calls = callpath.count(request)
    assert 2 <= len(calls) <= most, "\n".join(f"{Path(path).name}:{line} {name}" for path, name, line in calls)
