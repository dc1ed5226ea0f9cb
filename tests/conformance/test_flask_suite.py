"""Flask's own tests, its tutorial's application and its typing samples, unchanged, on wsgiapp.

They come from Flask's source distribution, fetched for the run; Flask itself is not installed where they run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import sandbox
from sandbox import ALIAS, FLASK, Environment

from browsers import chromium
from servers import require, running

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Of the plugins that are installed for extensions none is loaded: Flask's tests ask for none.
NO_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


@pytest.fixture
def source(alias_environment: Environment, tmp_path: Path) -> Path:
    """A fresh copy of Flask's source distribution; its own package is taken away, lest a test import it."""
    folder = sandbox.unpack(FLASK, tmp_path)
    shutil.rmtree(folder / "src")
    return folder


@pytest.fixture
def stubs(tmp_path: Path) -> Path:
    """A folder that has mypy take `flask` and its modules for ours, as the alias does at run time."""
    package = tmp_path / "stubs" / "flask"
    package.mkdir(parents=True)
    names = "from wsgiapp import *\nfrom wsgiapp import App\n\nFlask = App\n"
    (package / "__init__.pyi").write_text(names, encoding="utf-8")
    for name in ("templating", "typing", "views", "wrappers"):
        (package / f"{name}.pyi").write_text(f"from wsgiapp.{name} import *\n", encoding="utf-8")
    return package.parent


def test_mypy_accepts_the_typing_samples_of_flask(source: Path, stubs: Path, tmp_path: Path) -> None:
    """In strict mode; a probe that only our App satisfies shows that an installed Flask does not answer."""
    require("mypy")
    probe = tmp_path / "probe.py"
    probe.write_text("import flask\nimport wsgiapp\n\nours: type[wsgiapp.App] = flask.Flask\n", encoding="utf-8")
    samples = sorted(str(path) for path in (source / "tests" / "type_check").glob("*.py"))
    assert len(samples) == 3
    variables = {**os.environ, "MYPYPATH": os.pathsep.join([str(stubs), str(sandbox.ROOT)])}
    options = ["--strict", "--follow-imports=silent", "--cache-dir", str(tmp_path / "cache")]
    command = [sys.executable, "-m", "mypy", *options, str(probe), *samples]
    checked = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_test_of_flask_passes(
    alias_environment: Environment, source: Path, record_property: Callable[[str, object], None]
) -> None:
    results = sandbox.run_pytest(alias_environment, source, ["-p", ALIAS, "tests"], NO_PLUGINS)
    record_property("suite", f"Flask's own {results.counts()}")
    assert results.counts() == {"passed": 490, "failed": 0, "skipped": 0}, results.output


def test_every_test_of_the_tutorial_passes(alias_environment: Environment, source: Path) -> None:
    results = sandbox.run_pytest(alias_environment, source / "examples" / "tutorial", [], NO_PLUGINS)
    assert results.counts() == {"passed": 24, "failed": 0, "skipped": 0}, results.output


def test_the_tutorial_serves_in_a_browser(alias_environment: Environment, source: Path) -> None:
    """Its flask command makes the database and serves; a visitor registers, logs in, writes a post and changes it."""
    folder = source / "examples" / "tutorial"
    flaskr = ["-m", ALIAS, "--app", "flaskr"]
    made = alias_environment.run([*flaskr, "init-db"], folder)
    assert "Initialized the database." in made.stdout, made.stderr
    serve = [str(alias_environment.python), *flaskr, "run", "--port", "{port}"]
    with running(serve, folder, alias_environment.variables()) as server, chromium() as browser:
        page = browser.new_page(base_url=server.url)
        page.goto("/create")
        for place in ("/auth/register", "/auth/login"):
            page.goto(place)
            assert "Log In" in page.inner_text("nav")
            fill(page, username="Ada", password="engine")
        assert (urlsplit(page.url).path, "Ada" in page.inner_text("nav")) == ("/", True)
        page.click("text=New")
        fill(page, title="Note G", body="Numbers <of> Bernoulli")
        assert [page.inner_text("article h1"), page.inner_text("article .body")] == ["Note G", "Numbers <of> Bernoulli"]
        page.click("text=Edit")
        fill(page, title="Note H")
        assert page.inner_text("article h1") == "Note H"
        page.click("text=Log Out")
        assert "Log In" in page.inner_text("nav")


def fill(page: Page, **fields: str) -> None:
    """Fill in the page's first form, and send it."""
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)
    page.click("input[type=submit]")
