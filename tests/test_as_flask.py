"""The alias: what ``import flask`` gives, and how programs are run under it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from servers import ROOT

APP = """
import sys
import __main__
from flask import Flask

app = Flask(__name__)

@app.route("/")
def index():
    return "index"

if __name__ == "__main__":
    print(type(app).__module__, app.name, sys.argv[1:], sys.path[0], __main__.__package__ or None)
"""


def python(*args: str, cwd: Path = ROOT, code: int = 0) -> str:
    """What a Python program prints, run with this checkout on its path."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("FLASK_APP", None)
    command = [sys.executable, *args]
    shown = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert shown.returncode == code, shown.stderr
    return shown.stdout + shown.stderr if code else shown.stdout


def under_the_alias(code: str) -> str:
    return python("-c", "import wsgiapp.as_flask\n" + textwrap.dedent(code))


def test_every_module_is_the_very_one_that_stands_under_our_name() -> None:
    assert (
        under_the_alias("""
        import sys, flask, flask.json.tag, wsgiapp.json.tag, wsgiapp.sessions
        from flask import sessions
        assert sys.modules["flask"] is flask is wsgiapp and flask.app is wsgiapp.app and flask.Flask is wsgiapp.App
        assert flask.json.tag is wsgiapp.json.tag and sessions is wsgiapp.sessions
        print(flask.__version__)
    """)
        == "3.1.3\n"
    )


@pytest.mark.parametrize("name", ["flask.scaffold", "flask.routing", "flask.dispatch", "flask.shop", "flask.nothing"])
def test_a_module_that_flask_has_not_is_not_found(name: str) -> None:
    assert "no module" in under_the_alias(f"""
        try:
            import {name}
        except ModuleNotFoundError as error:
            print(error, error.name == {name!r})
    """)


@pytest.mark.parametrize(
    "name",
    ["_request_ctx_stack", "_app_ctx_stack", "Markup", "escape", "Module", "globals._app_ctx_stack", "json.JSONEncoder",
     "helpers._endpoint_from_view_func", "signals.signals_available"],
)  # fmt: skip
def test_what_flask_3_removed_stays_absent(name: str) -> None:
    owner, _, last = f"flask.{name}".rpartition(".")
    assert under_the_alias(f"import {owner}; print(hasattr({owner}, {last!r}))") == "False\n"


def test_what_is_replaced_in_one_is_replaced_in_the_other() -> None:
    assert (
        under_the_alias("""
        import flask, wsgiapp
        class Instrumented(flask.Flask):
            pass
        flask.Flask = Instrumented
        flask.Flask.__call__ = lambda self, environ, start_response: "patched"
        print(wsgiapp.Flask is Instrumented, Instrumented("x")({}, None))
    """)
        == "True patched\n"
    )


def test_the_distribution_has_a_version() -> None:
    assert (
        under_the_alias("""
        from importlib.metadata import distributions, version
        print(version("flask"), [d.version for d in distributions() if (d.name or "").lower() == "flask"])
    """)
        == "3.1.3 ['3.1.3']\n"
    )


def test_where_flask_is_not_installed_the_alias_answers_for_the_distribution() -> None:
    assert under_the_alias("""
        from importlib.metadata import DistributionFinder
        from wsgiapp.as_flask import AliasFinder
        finder = AliasFinder(distribution=True)
        for name in (None, "flask", "Flask", "other"):
            context = DistributionFinder.Context(**({"name": name} if name else {}))
            print([(d.metadata["Name"], d.version) for d in finder.find_distributions(context)])
        (found,) = finder.find_distributions()
        print([(e.group, e.name, e.value) for e in found.entry_points])
    """).splitlines() == [
        "[('Flask', '3.1.3')]", "[('Flask', '3.1.3')]", "[('Flask', '3.1.3')]", "[]",
        "[('console_scripts', 'flask', 'flask.cli:main')]",
    ]  # fmt: skip


def test_installing_after_flask_was_imported_says_so() -> None:
    said = python("-W", "error", "-c", "import flask, wsgiapp.as_flask", code=1)
    assert "Flask was imported before wsgiapp.as_flask was installed" in said


def test_installing_twice_does_nothing() -> None:
    assert (
        under_the_alias("""
        import sys
        before = list(sys.meta_path)
        wsgiapp.as_flask.install()
        print(before == sys.meta_path)
    """)
        == "True\n"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(APP, encoding="utf-8")
    return tmp_path


def test_a_file_runs_as_it_would_without_the_alias(folder: Path) -> None:
    printed = python("-m", "wsgiapp.as_flask", str(folder / "shop.py"), "one", "--two")
    assert printed == f"wsgiapp.app shop ['one', '--two'] {folder} None\n"


def test_a_module_runs_as_it_would_without_the_alias(folder: Path) -> None:
    printed = python("-m", "wsgiapp.as_flask", "-m", "shop", "one", cwd=folder)
    assert printed == f"wsgiapp.app shop ['one'] {folder} None\n"


def test_the_arguments_of_the_flask_command_are_understood(folder: Path) -> None:
    assert "index" in python("-m", "wsgiapp.as_flask", "--app", "shop", "routes", cwd=folder)


def test_a_folder_named_like_a_command_is_not_run(folder: Path) -> None:
    (folder / "routes").mkdir()
    assert "index" in python("-m", "wsgiapp.as_flask", "--app", "shop", "routes", cwd=folder)
    (folder / "app.py").write_text(APP, encoding="utf-8")
    assert "index" in python("-m", "wsgiapp.as_flask", "routes", cwd=folder)


def test_a_child_process_inherits_the_alias(folder: Path) -> None:
    (folder / "parent.py").write_text(
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-m', 'flask', '--app', 'shop', 'routes'], check=True)\n"
    )
    assert "index" in python("-m", "wsgiapp.as_flask", "parent.py", cwd=folder)


def test_a_sitecustomize_of_the_user_still_runs_in_a_child(folder: Path) -> None:
    (folder / "sitecustomize.py").write_text("print('mine')\n")
    child = f"import os, subprocess, sys\nos.environ['PYTHONPATH'] += os.pathsep + {str(folder)!r}\n"
    child += "subprocess.run([sys.executable, '-c', 'import flask; print(flask.__name__)'], check=True)\n"
    (folder / "parent.py").write_text(child)
    assert python("-m", "wsgiapp.as_flask", "parent.py", cwd=folder) == "mine\nwsgiapp\n"


HOOKED = """
import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec

class Hook:
    \"\"\"Tells of each import by the name of the loaded module, as the import hooks of agents do.\"\"\"
    def __init__(self, seen):
        self.seen, self.busy = seen, set()
    def find_spec(self, name, path=None, target=None):
        if not name.startswith("flask") or name == "flask.sansio" or name in self.busy:
            return None
        self.busy.add(name)
        spec = find_spec(name)
        self.busy.remove(name)
        run = spec.loader.exec_module
        def exec_module(module):
            run(module)
            self.seen.append(module.__name__)
            if module.__name__ == "flask":
                module.Flask = type("Instrumented", (module.Flask,), {})
        spec.loader.exec_module = exec_module
        return spec

seen = []
sys.meta_path.insert(0, Hook(seen))
"""


@pytest.mark.parametrize("order", ["{hook}\n{install}", "{install}\n{hook}"], ids=["hook first", "hook last"])
def test_who_waits_for_an_import_is_told_of_the_same_modules_as_on_flask(order: str) -> None:
    then = "import flask\nprint(sorted(seen), flask.Flask.__name__)\nimport flask.views\nprint(seen[-1])\n"
    then += "print(sorted(name for name in sys.modules if name.startswith('flask')))"
    alias, flask = (
        python("-c", f"{order.format(hook=HOOKED, install=install)}\n{then}")
        for install in ("import wsgiapp.as_flask", "")
    )
    assert "'flask', 'flask.app'" in alias and "Instrumented" in alias
    assert alias == flask


def test_being_imported_as_flask_leaves_a_module_what_it_was() -> None:
    assert (
        under_the_alias("""
        import importlib, wsgiapp.sessions
        names = ["__name__", "__spec__", "__loader__", "__package__", "__path__", "__file__"]
        def state(module):
            return [getattr(module, name, None) for name in names]
        before = [state(wsgiapp), state(wsgiapp.sessions)]
        import flask, flask.sessions
        print(before == [state(flask), state(flask.sessions)], importlib.reload(flask.sessions) is wsgiapp.sessions)
        print(importlib.util.find_spec("flask").origin == wsgiapp.__file__)
    """)
        == "True True\nTrue\n"
    )


def test_threads_that_import_at_once_all_get_the_module() -> None:
    assert (
        under_the_alias("""
        import importlib, sys
        from concurrent.futures import ThreadPoolExecutor
        from threading import Barrier
        names = ["flask", "flask.cli", "flask.app", "flask.testing"] * 4
        together = Barrier(len(names))
        def load(name):
            together.wait()
            return importlib.import_module(name) is sys.modules[name.replace("flask", "wsgiapp")]
        with ThreadPoolExecutor(len(names)) as threads:
            print(all(threads.map(load, names)))
    """)
        == "True\n"
    )


def test_the_base_class_of_other_frameworks_adds_no_static_rule() -> None:
    program = """
import flask, sys
from flask.sansio.app import App
from flask.cli import NoAppException, find_best_app
class Quart(App):
    default_config = {"TEMPLATES_AUTO_RELOAD": None}
print(Quart("q", static_url_path="/s", static_host="h").url_map._rules)
print(issubclass(flask.Flask, App), isinstance(flask.Flask("x"), App), isinstance(flask.Flask("x"), Quart))
print(isinstance(Quart("q"), App))
sys.modules["__main__"].app = Quart("q")
try:
    find_best_app(sys.modules["__main__"])
except NoAppException:
    print("no app to serve")
"""
    expected = "[]\nTrue True False\nTrue\nno app to serve\n"
    assert (python("-c", program), under_the_alias(program)) == (expected, expected)


def test_what_stands_in_for_an_app_passes_for_an_instance_of_its_class() -> None:
    program = """
import flask
from unittest.mock import Mock
from flask.sansio.app import App
class Quart(App):
    pass
class Other(App):
    pass
for instance in (Mock(spec=Quart), Mock(spec=flask.Flask), Mock()):
    print(*(isinstance(instance, cls) for cls in (Quart, Other, App, flask.Flask)))
"""
    on_flask = "True False True False\nFalse False True True\nFalse False False False\n"
    under = on_flask.replace("True False True False", "True False True True", 1)  # there every app is a flask.Flask
    assert (python("-c", program), under_the_alias(program)) == (on_flask, under)


def test_under_pytest_the_programs_that_tests_start_have_the_alias(folder: Path) -> None:
    (folder / "test_it.py").write_text(
        "import subprocess, sys\n\ndef test_it():\n"
        "    code = 'import flask; assert flask.__name__ == \"wsgiapp\"'\n"
        "    subprocess.run([sys.executable, '-c', code], check=True)\n"
    )
    assert "1 passed" in python("-m", "pytest", "-q", "-p", "wsgiapp.as_flask", cwd=folder)


@pytest.mark.parametrize("arguments", [("--app", "shop", "routes"), ("shop.py",), ("-m", "shop")])
def test_a_child_starts_the_alias_again_without_a_warning(folder: Path, arguments: tuple[str, ...]) -> None:
    """As a reloader does: the same command line in a child, here where warnings are errors."""
    (folder / "parent.py").write_text(
        "import os, subprocess, sys\nos.environ['PYTHONWARNINGS'] = 'error'\n"
        f"subprocess.run([sys.executable, '-m', 'wsgiapp.as_flask', *{arguments!r}], check=True)\n"
    )
    shown = python("-W", "error", "-m", "wsgiapp.as_flask", "parent.py", cwd=folder)
    assert "wsgiapp.app shop" in shown or "/static/<path:filename>" in shown


AGENTS = {
    "goes on to the next": (
        "here = __file__.rpartition('/')[0]\nfrom importlib.machinery import PathFinder\n"
        "import importlib.util\nspec = PathFinder.find_spec('sitecustomize', [p for p in sys.path if p != here])\n"
        "if spec is not None: spec.loader.exec_module(importlib.util.module_from_spec(spec))\n"
    ),
    "stops there": "",
    "is gone from the path": "os.environ['PYTHONPATH'] = os.environ['PYTHONPATH'].replace(sys.path[1], '')\n",
}


@pytest.fixture(params=sorted(AGENTS))
def agent(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with the `sitecustomize` of an agent that loads Flask before any program does."""
    folder = tmp_path / "agent"
    folder.mkdir()
    code = f"import os, sys\n{AGENTS[request.param]}import flask\nflask.Flask.watched = True\n"
    (folder / "sitecustomize.py").write_text(code)
    return folder


SHOWS = "import flask\nfrom importlib.metadata import version\n"
SHOWS += "print(flask.__name__, flask.Flask.watched, version('flask'))\n"


@pytest.mark.parametrize("by", ["the agent", "the alias"])
def test_an_agent_that_loads_flask_first_meets_the_alias(agent: Path, folder: Path, by: str) -> None:
    """Flask is installed here: without the alias the agent would change that one."""
    (folder / "program.py").write_text(SHOWS)
    started = "[sys.executable, '-m', 'wsgiapp.as_flask', 'program.py']"
    code = "import os, subprocess, sys\npaths = os.environ['PYTHONPATH'].split(os.pathsep)\n"
    code += f"os.environ['PYTHONPATH'] = os.pathsep.join([{str(agent)!r}, *paths])\n"
    if by == "the alias":  # a child of a program under it, which the agent's own starter has put its folder before
        started = "[sys.executable, 'program.py']"
    code += f"subprocess.run({started}, check=True)\n"
    (folder / "starter.py").write_text(code)
    alias = ("-m", "wsgiapp.as_flask") if by == "the alias" else ()
    assert python("-W", "error", *alias, "starter.py", cwd=folder) == "wsgiapp True 3.1.3\n"


def test_a_missing_module_name_is_told() -> None:
    assert "'-m' needs the name of a module" in python("-m", "wsgiapp.as_flask", "-m", code=1)


def test_the_pytest_plugin_is_in_place_before_a_conftest(folder: Path) -> None:
    (folder / "conftest.py").write_text("from flask import Flask\nassert Flask.__module__ == 'wsgiapp.app'\n")
    (folder / "test_it.py").write_text("import shop\n\ndef test_it():\n    assert shop.app.name == 'shop'\n")
    assert "1 passed" in python("-m", "pytest", "-q", "-p", "wsgiapp.as_flask", cwd=folder)


@pytest.mark.parametrize("pattern", ["test*.py", "*.py"])
@pytest.mark.parametrize(
    "start", [("pytest", "-p", "wsgiapp.as_flask"), ("wsgiapp.as_flask", "-m", "pytest")], ids=["plugin", "program"]
)
def test_each_module_is_loaded_once_whichever_files_pytest_takes_for_tests(
    folder: Path, pattern: str, start: tuple[str, ...]
) -> None:
    (folder / "pytest.ini").write_text(f"[pytest]\npython_files = {pattern}\n", "utf-8")
    (folder / "conftest.py").write_text("from flask.testing import FlaskClient\n", "utf-8")
    (folder / "test_modules.py").write_text(
        "import flask.app, flask.testing, wsgiapp.app, wsgiapp.testing\n\n"
        "def test_modules():\n"
        "    assert (flask.app, flask.testing) == (wsgiapp.app, wsgiapp.testing) and flask is wsgiapp\n",
        "utf-8",
    )
    assert "1 passed" in python("-m", *start, "-q", "test_modules.py", cwd=folder)


def test_import_that_is_under_way_while_pytest_s_finder_is_moved_gives_the_very_module() -> None:
    code = """
        import importlib, sys
        import flask
        from wsgiapp import views

        class OfPytest:
            __module__ = "_pytest.assertion.rewrite"

            def find_spec(self, name, path=None, target=None):
                return None

        class OfAgent:
            def find_spec(self, name, path=None, target=None):
                if name == "flask.views":
                    import colorsys  # it needs more modules when it is first asked

        place = next(at for at, finder in enumerate(sys.meta_path) if type(finder).__name__ == "AliasFinder")
        sys.meta_path[place:place] = [OfPytest(), OfAgent()]
        print(importlib.import_module("flask.views") is views)
        print([type(finder).__name__ for finder in sys.meta_path[place:place + 3]])
    """
    assert under_the_alias(code) == "True\n['OfAgent', 'AliasFinder', 'OfPytest']\n"


def test_the_class_of_an_app_has_the_name_it_has_in_flask() -> None:
    code = """
        import inspect, pickle, flask
        app = flask.Flask("shop")
        kind = type(app)
        print(app, kind.__name__, pickle.loads(pickle.dumps(kind)) is kind, inspect.getsource(kind)[:6])
    """
    alias, plain = under_the_alias(code), python("-c", textwrap.dedent(code))
    assert alias == plain == "<Flask 'shop'> Flask True class \n"
