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
    assert under_the_alias("""
        import flask, flask.sansio.app, flask.json.tag, wsgiapp.json.tag, wsgiapp.sessions
        from flask import sessions
        assert flask is wsgiapp and flask.Flask is wsgiapp.App is flask.sansio.app.App
        assert flask.json.tag is wsgiapp.json.tag and sessions is wsgiapp.sessions
        print(flask.__version__)
    """) == "3.1.3\n"


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
    assert under_the_alias("""
        import flask, wsgiapp
        class Instrumented(flask.Flask):
            pass
        flask.Flask = Instrumented
        flask.Flask.__call__ = lambda self, environ, start_response: "patched"
        print(wsgiapp.Flask is Instrumented, Instrumented("x")({}, None))
    """) == "True patched\n"


def test_the_distribution_has_a_version() -> None:
    assert under_the_alias("""
        from importlib.metadata import distributions, version
        print(version("flask"), [d.version for d in distributions() if (d.name or "").lower() == "flask"])
    """) == "3.1.3 ['3.1.3']\n"


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
    assert under_the_alias("""
        import sys
        before = list(sys.meta_path)
        wsgiapp.as_flask.install()
        print(before == sys.meta_path)
    """) == "True\n"


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


def test_a_missing_module_name_is_told() -> None:
    assert "'-m' needs the name of a module" in python("-m", "wsgiapp.as_flask", "-m", code=1)


def test_the_pytest_plugin_is_in_place_before_a_conftest(folder: Path) -> None:
    (folder / "conftest.py").write_text("from flask import Flask\nassert Flask.__module__ == 'wsgiapp.app'\n")
    (folder / "test_it.py").write_text("import shop\n\ndef test_it():\n    assert shop.app.name == 'shop'\n")
    assert "1 passed" in python("-m", "pytest", "-q", "-p", "wsgiapp.as_flask", cwd=folder)
