"""The house keeps its plan: who may import whom, what an import costs, how long a function may be.

The plan itself stands here as `HOUSE`; the measuring is done by ``tests/tools/``.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
import io
import json
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Thread
from types import ModuleType

import pytest

import wsgiapp
from servers import ROOT, lack
from tools import callpath, measure
from wsgiapp import lazy_imports

PACKAGE = ROOT / "wsgiapp"

# Bottom-up: a module imports only from its own entry and from entries before it, at run time and for typing alike.
HOUSE = [
    "lazy_imports",
    "overrides",
    "internals",
    "hosts",
    "environs",
    "heads",
    "bodies",
    "typing",
    "debughelpers",
    "mistakes",
    "hints",
    "signals",
    "config",
    "ctx",
    "json",
    "wrappers",
    "files",
    "signing",
    "sessions",
    "routing",
    "environment",
    "templating",
    "logging",
    "errors",
    "dispatch",
    "ports",
    "devserver",
    "lazy_commands",
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

# Optional packages, parts of the standing ones that only a development server needs, and what lazy modules load.
NOT_LOADED_BY_IMPORT = [
    "flask",
    "click",
    "click.testing",
    "jinja2",
    "itsdangerous",
    "decimal",
    "pdb",
    "importlib.metadata",
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

NAMES = list(measure.named_files(PACKAGE, []))  # the files are not read before a test asks: collecting them stays quick
LONG_BY_PURPOSE = {"wsgi_app": 60}  # the hot road of a request, unrolled; its PERF notes say why
MOST_CODE_LINES = 4_787


def modules() -> list[measure.Module]:
    """Every module of the package."""
    return list(measure.standing(PACKAGE).values())


def functions() -> list[tuple[str, measure.Function]]:
    """Every function of the package, with its module's name."""
    return [(module.name, function) for module in modules() for function in module.functions]


@pytest.fixture
def module(request: pytest.FixtureRequest) -> measure.Module:
    """The module of a name."""
    return measure.standing(PACKAGE)[request.param]


def entry(module: str) -> str:
    """The entry of `HOUSE` that holds *module*: ``wsgiapp.json.tag`` lives in ``json``."""
    return module.partition(".")[2].partition(".")[0] or "__init__"


# -- who imports whom ----------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1, 2, 3], ids=["load", "deferred", "typing"])
def test_no_module_imports_itself_by_way_of_others(depth: int) -> None:
    found = measure.cycles(modules(), measure.KINDS[:depth])
    assert found == [], (
        f"these modules import each other: {found}. A circle cannot be read from one end, nor tested in parts. "
        "Hand the lower module what it needs as an argument, or move what both need into a module below them."
    )


def test_the_finder_of_cycles_sees_all_three_kinds(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import b")
    (tmp_path / "b.py").write_text("def f():\n    import c")
    (tmp_path / "c.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\n    import b")
    written = measure.read_package(tmp_path, [])
    found = [measure.cycles(written, measure.KINDS[:depth]) for depth in (1, 2, 3)]
    assert found == [[], [], [["a", "b", "c"]]]


def test_every_module_has_its_place_in_the_house() -> None:
    homeless = {entry(module.name) for module in modules()} - set(HOUSE)
    assert not homeless, f"give {homeless} a place in HOUSE (tests/test_architecture.py), and in docs/architecture.md"


def test_the_house_has_no_place_for_what_does_not_exist() -> None:
    missing = set(HOUSE) - {entry(module.name) for module in modules()}
    assert not missing, f"HOUSE names {missing}, which wsgiapp/ does not hold: take it out, here and in the docs"


@pytest.mark.parametrize("module", NAMES, indirect=True)
def test_a_module_imports_only_from_below(module: measure.Module) -> None:
    own = HOUSE.index(entry(module.name))
    imported = set().union(*module.imports.values())
    above = [name for name in imported if HOUSE.index(entry(name)) > own]
    assert above == [], (
        f"{module.name} imports {above}, which stand above it in HOUSE. Lower modules must not know higher ones: hand "
        "over what is needed as an argument, or move the code up (HOUSE and docs/architecture.md show the order)."
    )


@pytest.mark.parametrize("module", NAMES, indirect=True)
def test_no_import_of_our_own_is_put_off_or_only_for_typing(module: measure.Module) -> None:
    hidden = module.imports["deferred"] | module.imports["type"]
    assert hidden == set(), (
        f"{module.name} imports {hidden} inside a function or only for the type checker, which hides a dependency. "
        "Import it at the top; if that makes a circle, the code stands in the wrong module."
    )


@pytest.mark.parametrize("module", NAMES, indirect=True)
def test_nothing_imports_flask(module: measure.Module) -> None:
    tree = ast.parse(module.path.read_text(encoding="utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    assert "flask" not in {name.partition(".")[0] for name in names}, (
        f"{module.name} imports Flask, in whose place wsgiapp stands. Build on Werkzeug and the other parts instead."
    )


# -- what an import loads ------------------------------------------------------------------------

ANSWER_ONE_REQUEST = """
app = wsgiapp.App("hello")
app.register_blueprint(wsgiapp.Blueprint("part", "hello"))
app.add_url_rule("/user/<int:id>", "user", lambda id: {"id": id})
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/user/42", "SERVER_NAME": "localhost", "SERVER_PORT": "80"}
environ |= {"wsgi.url_scheme": "http", "SERVER_PROTOCOL": "HTTP/1.1"}
answered = []
assert b"".join(app(environ, lambda *answer: answered.append(answer))) == b'{"id":42}\\n', answered
"""


@pytest.mark.parametrize("then", ["", ANSWER_ONE_REQUEST], ids=["import", "one request"])
def test_importing_the_framework_and_answering_load_nothing_that_a_server_can_do_without(then: str) -> None:
    code = f"import sys, wsgiapp\n{then}\nimport json\n"
    code += "print(json.dumps({name: type(module).__name__ for name, module in sys.modules.items()}))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = json.loads(shown.stdout)
    assert loaded["wsgiapp.app"] == "module"
    assert [name for name in lazy_imports.LAZY if f"wsgiapp.{name}" in loaded] == []
    too_many = [name for name in NOT_LOADED_BY_IMPORT if name in loaded]
    assert too_many == [], (
        f"{too_many} are loaded though a server can do without them: each costs start-up time and memory in every "
        "process. Import them in the function that uses them (`python -X importtime` shows who asks for them)."
    )


def test_an_import_compiles_no_pattern_that_a_server_may_never_use() -> None:
    code = "from wsgiapp.heads import CONTROL, TOKEN; print(*(one.cache_info().currsize for one in (CONTROL, TOKEN)))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout == "0 0\n"


def test_a_lazy_module_is_the_one_that_every_import_gives() -> None:
    assert importlib.import_module("wsgiapp.cli") is sys.modules["wsgiapp.cli"] is wsgiapp.cli
    assert wsgiapp.cli.main.__module__ == "wsgiapp.cli"
    assert type(wsgiapp.cli) is ModuleType


def planted(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> ModuleType:
    """The module ``user`` of a package that imports ``cli``, a lazy module that holds *code*, as ``part``."""
    package = folder / f"planted_{folder.name}"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from wsgiapp import lazy_imports as lazy\nruns = []\nlazy.add_stand_ins(__name__)\nfrom . import user\n"
        "lazy.remove_stand_ins(__name__)\n__getattr__ = lambda name: lazy.import_lazily(__name__, name)\n"
    )
    (package / "user.py").write_text("from . import cli as part\nfrom . import testing as tests\n")
    (package / "testing.py").write_text("value = 43")
    (package / "cli.py").write_text(f"from . import runs\nruns.append(1)\n{code}\nvalue = 42")
    monkeypatch.syspath_prepend(folder)
    return importlib.import_module(f"{package.name}.user")


def runs_of(user: ModuleType) -> list[int]:
    runs: list[int] = sys.modules[str(user.__package__)].__dict__["runs"]
    return runs


def test_a_lazy_module_runs_once_and_no_thread_sees_half_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = planted(tmp_path, monkeypatch, "import time\ntime.sleep(0.1)")
    together = Barrier(8)

    def read(_: int) -> int:
        together.wait()
        value: int = user.part.value
        return value

    assert runs_of(user) == []
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(read, range(8))) == [42] * 8
    assert runs_of(user) == [1]


def test_a_lazy_module_that_failed_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = planted(tmp_path, monkeypatch, "half = 1\nif len(runs) < 3:\n    raise OSError(len(runs))")
    for name, attempt in (("value", "1"), ("half", "2")):
        with pytest.raises(OSError, match=attempt):
            getattr(user.part, name)
    assert (user.part.half, user.part.value) == (1, 42)


def test_a_tool_that_sets_an_attribute_on_every_module_meets_no_half_loaded_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = planted(tmp_path, monkeypatch, "")
    for name, module in list(sys.modules.items()):
        if name.startswith(("planted_", "wsgiapp")):
            monkeypatch.setattr(module, "__planted__", True, raising=False)
    assert runs_of(user) == []
    assert user.part.value == 42


def test_a_lazy_module_and_an_import_in_another_thread_do_not_lock_each_other_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lazy module imports what another thread is importing, which reads a lazy module in turn."""
    user = planted(tmp_path, monkeypatch, "both.wait(10)\nfrom . import plain")
    (tmp_path / str(user.__package__) / "plain.py").write_text("from . import user\nboth.wait(10)\nuser.tests.value")
    monkeypatch.setattr(builtins, "both", Barrier(2), raising=False)
    reads = Thread(target=lambda: user.part.value, daemon=True)
    imports = Thread(target=importlib.import_module, args=(f"{user.__package__}.plain",), daemon=True)
    for thread in (reads, imports):
        thread.start()
    for thread in (reads, imports):
        thread.join(20)
    assert not reads.is_alive() and not imports.is_alive()
    assert f"{user.__package__}.testing" in sys.modules


def test_the_names_of_a_lazy_module_can_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = sys.modules[str(planted(tmp_path, monkeypatch, "").__package__)]
    assert {"value", "runs"} <= set(dir(package.cli))


def test_a_name_that_a_lazy_module_lacks_is_an_attribute_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = planted(tmp_path, monkeypatch, "")
    with pytest.raises(AttributeError, match=r"module 'planted_\w+\.cli' has no attribute 'missing'"):
        user.part.missing
    with pytest.raises(ImportError, match="cannot import name 'missing'"):
        exec(f"from {user.__package__}.cli import missing")
    with pytest.raises(AttributeError, match=r"module 'planted_\w+' has no attribute 'missing'"):
        sys.modules[str(user.__package__)].missing


# -- size ----------------------------------------------------------------------------------------


def test_functions_are_short() -> None:
    long = {
        f"{module}.{function.name}": function.code
        for module, function in functions()
        if function.code > LONG_BY_PURPOSE.get(function.name.rpartition(".")[2], 40)
    }
    assert long == {}, (
        f"longer than 40 code lines: {long}. A function should fit on a screen and do one thing: take a step out and "
        "give it a name. If a benchmark shows that the hot road needs it, enter it in LONG_BY_PURPOSE with the reason."
    )
    most = measure.percentile([function.code for _, function in functions()], 0.95)
    longest = sorted(((function.code, f"{module}.{function.name}") for module, function in functions()), reverse=True)
    assert most <= 25, (
        f"95 % of the functions must have at most 25 code lines, now {most} is reached: too many are long, even if "
        f"none is too long. Shorten some of the longest: {longest[: len(longest) // 20]}"
    )


def test_control_flow_nests_three_deep_at_most() -> None:
    deep = [f"{module}.{function.name}" for module, function in functions() if function.depth > 3]
    assert deep == [], (
        f"control flow is nested deeper than three levels in {deep}, where nobody knows any more which conditions "
        "hold. Return early, or make the inner part a function."
    )


def test_modules_are_short() -> None:
    long = {module.name: module.code for module in modules() if module.code > 400}
    assert long == {}, (
        f"longer than 400 code lines: {long}. A module is one topic that is read in one sitting: find the second "
        "topic in it and give it a module of its own (with a place in HOUSE and in docs/architecture.md)."
    )


def framework_modules() -> list[measure.Module]:
    beside = {"xray", "rest", "shop", "as_flask", "_alias"}
    return [module for module in modules() if entry(module.name) not in beside]


def test_the_page_says_how_big_the_modules_are() -> None:
    """The counts that docs/architecture.md names are those of today, and of the Flask that is installed."""
    found = importlib.util.find_spec("flask")
    if found is None or found.origin is None:
        lack("needs Flask, which is installed for development")
        return
    flask = measure.read_package(Path(found.origin).parent, [])
    ours = {module.name.removeprefix("wsgiapp."): module.code for module in framework_modules()}
    theirs = {module.name.removeprefix("flask."): module.code for module in flask}
    section = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## How big it is")[2]
    said = re.findall(r"`(\w+)`\s+\((\d+)(?:\s+lines)?,\s+Flask\s+(\d+|none)", section)
    names = [name for name, *_ in said]
    told = {"bodies", "ctx", "mistakes", "overrides", "ports", "routing", "sessions", "signing", "wrappers"}
    assert set(names) == told
    true = [(name, str(ours[name]), str(theirs.get(name, "none"))) for name in names]
    assert said == true, f"docs/architecture.md, 'How big it is', says {said}; write what is counted today: {true}"
    rest, of = sum(ours.values()) - sum(map(ours.__getitem__, names)), sum(theirs.values())
    of -= sum(theirs.get(name, 0) for name in names)
    sentence = f"The rest of the framework is {rest:,} lines, {rest / of * 100:.0f} % of"
    assert sentence in " ".join(section.split()), f"docs/architecture.md, 'How big it is', must say: {sentence} ..."


def test_the_framework_stays_about_as_large_as_flask() -> None:
    """Flask 3.1.3 has 4,081 code lines by the same count; docs/architecture.md says what ours are spent on."""
    sizes = sorted(((module.code, module.name) for module in framework_modules()), reverse=True)
    total = sum(code for code, _ in sizes)
    assert total <= MOST_CODE_LINES, (
        f"the framework has {total:,} code lines, {total - MOST_CODE_LINES} more than MOST_CODE_LINES allows "
        "(blank lines, comments and docstrings do not count). It is to be read in a weekend, so each feature has to be "
        "worth its lines: look for two pieces of code that do one thing, and for a fast path whose gain no benchmark "
        "shows. `python tests/tools/measure.py wsgiapp` counts by function. Do not join lines to get below. "
        f"The largest modules: {', '.join(f'{name} {code}' for code, name in sizes[:6])}"
    )


def test_every_public_name_says_what_it_is_for() -> None:
    documented = sum(module.documented for module in modules())
    share = documented / sum(module.public for module in modules())
    assert share > 0.8, f"only {share:.0%} of the public names have a docstring: write one for those that you added"


@pytest.mark.parametrize("module", NAMES, indirect=True)
def test_every_file_opens_with_its_place_and_its_rules(module: measure.Module) -> None:
    assert ast.get_docstring(ast.parse(module.path.read_text(encoding="utf-8"))), (
        f"{module.path.name} has no docstring: say in its first lines what lives there, and what does not"
    )


# -- types ---------------------------------------------------------------------------------------


def ignores(path: Path) -> list[str]:
    """The comments of a file that switch off the type checker, as written."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT and "type: ignore" in token.string]


def test_the_type_checker_is_rarely_overruled_and_never_without_a_reason() -> None:
    found = [comment for module in modules() for comment in ignores(module.path)]
    assert len(found) <= 10, (
        f"{len(found)} comments switch the type checker off, at most 10 may: each is a place where a mistake stays "
        f"hidden. Say the type otherwise (a Protocol, an overload, `cast`), or free one of {found}"
    )
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
    entered = "\n".join(f"{Path(path).name}:{line} {name}" for path, name, line in calls)
    assert 2 <= len(calls) <= most, (
        f"a warm request enters {len(calls)} Python functions, at most {most} may be: this is what keeps a request "
        "cheap on every machine. Decide at set-up what does not change from request to request, and let nothing be "
        f"computed that nobody reads. The calls, in order (tests/tools/callpath.py shows them too):\n{entered}"
    )
