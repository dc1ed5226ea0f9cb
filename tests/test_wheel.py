"""The wheel is whole: built, looked into, installed in an empty environment, and served from a strange folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

import run
from servers import HOST, ROOT, Visitor, lack, require, running, shop_environment

# What pip says when it cannot reach an index, as opposed to when the wheel itself is wrong.
OFFLINE = re.compile(
    r"ConnectionError|NewConnectionError|NameResolutionError|Temporary failure|timed out|Network is unreachable"
    r"|Max retries|Retrying \("
)


LOOK_AROUND = """
import importlib.util, json, wsgiapp
print(json.dumps([wsgiapp.__file__, wsgiapp.__version__, importlib.util.find_spec("flask") and "found"]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built from the source distribution, as a release is."""
    require("build")
    require("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the wheel with its ``shop`` extra, and nothing else."""
    require("pip")
    folder = tmp_path_factory.mktemp("empty") / "venv"
    venv.create(folder)
    interpreter = run.venv_python(folder)
    install(interpreter, f"{wheel}[shop]")
    return interpreter


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment in which ``pip install -e .`` was done, and nothing else."""
    require("pip")
    folder = tmp_path_factory.mktemp("checkout") / "venv"
    venv.create(folder)
    interpreter = run.venv_python(folder)
    install(interpreter, "-e", ".")
    return interpreter


def install(python: Path, *what: str) -> None:
    """Have this Python's pip install into the environment of another; without a network the test ends in `lack`."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-compile",  # a module is compiled when it is imported: most never are
    ]
    installed = subprocess.run([*command, *what], cwd=ROOT, capture_output=True, text=True, check=False)
    if installed.returncode:
        said = installed.stdout + installed.stderr
        if OFFLINE.search(said):
            lack("needs a network, to install the dependencies")
        pytest.fail(said)


def ask(python: Path, code: str) -> Any:
    """The value that *code* prints as JSON, run by *python* in a folder that holds nothing of ours."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return json.loads(subprocess.check_output([python, "-c", code], cwd=python.parent, env=environment))


def console_script(python: Path) -> str:
    return str(python.with_name("wsgiapp.exe" if os.name == "nt" else "wsgiapp"))


def without_us(folder: Path) -> dict[str, str]:
    """Environment variables that lead to no package but those of the environment."""
    return {name: value for name, value in shop_environment(folder).items() if name != "PYTHONPATH"}


def say(python: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the ``wsgiapp`` command of an environment in a folder."""
    command = [console_script(python), *words]
    return subprocess.run(command, cwd=folder, env=without_us(folder), capture_output=True, text=True, check=False)


def files_below(folder: str) -> set[str]:
    """Every file of the project in *folder*; what Python, its tools and a shop keep there for themselves left out."""
    names = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
    return {name for name in names if not re.search(r"(^|/)(\.|__pycache__/|instance/)", name)}


def test_the_wheel_holds_every_module_page_and_static_file(wheel: Path) -> None:
    package = files_below("wsgiapp")
    pages = {f"wsgiapp/shop/{name}" for name in files_below("templates") | files_below("ladder")}
    pages |= {f"wsgiapp/shop/{name.removeprefix('docs/')}" for name in files_below("docs/book")}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if not name.partition("/")[0].endswith(".dist-info")}
    assert pages
    assert any(name.startswith("wsgiapp/shop/static/") for name in package)
    assert "wsgiapp/py.typed" in package
    assert packed == package | pages


def test_the_wheel_asks_for_the_seven_parts_and_never_for_flask(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        required = re.findall(r"^Requires-Dist: ([\w.-]+)(.*)$", archive.read(name).decode(), re.MULTILINE)
    plain = {part.lower() for part, rest in required if "extra ==" not in rest}
    assert plain == {"werkzeug", "jinja2", "itsdangerous", "blinker", "click", "markupsafe"}
    assert "flask" not in {part.lower() for part, _ in required}


def test_the_installed_package_is_the_one_from_the_wheel_without_flask(python: Path) -> None:
    place, version, flask = ask(python, LOOK_AROUND)
    assert "site-packages" in Path(place).parts
    assert version == tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert flask is None


def test_the_installed_shop_serves_its_pages_and_static_files(python: Path, tmp_path: Path) -> None:
    command = [console_script(python), "--app", "wsgiapp.shop:app", "run", "--host", HOST, "--port", "{port}"]
    environment = without_us(tmp_path)
    with running(command, tmp_path, environment) as server:
        home = Visitor(server.port).get("/")
        assert home.status == 200
        style = re.search(r'href="([^"]+\.css[^"]*)"', home.text)
        assert style, "the page has no style sheet"
        assert Visitor(server.port).get(style[1]).status == 200


def test_the_installed_package_finds_the_ladder_and_has_a_twin_of_an_app(python: Path, tmp_path: Path) -> None:
    (tmp_path / "little.py").write_text(
        "from wsgiapp import App\napp = App(__name__)\napp.add_url_rule('/', 'i', str)\n"
    )
    done = say(python, tmp_path, "--app", "little", "twin", "/")
    assert done.returncode == 0 and "Both answered 200 OK" in done.stdout, done.stdout + done.stderr


# -- the second way that the README offers: `pip install -e .` -----------------------------------------------------


def readme_example() -> str:
    return re.findall(
        r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )[0]


def test_after_an_editable_installation_the_command_is_there_with_the_parts_alone(
    checkout: Path, tmp_path: Path
) -> None:
    shown = say(checkout, tmp_path, "--version")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert shown.returncode == 0 and f"wsgiapp {version}, the API of Flask" in shown.stdout, shown.stderr
    code = "import importlib.metadata as m, json\nprint(json.dumps([d.name.lower() for d in m.distributions()]))"
    parts = {"werkzeug", "jinja2", "itsdangerous", "blinker", "click", "markupsafe"}
    windows = {"colorama"} if os.name == "nt" else set()
    assert {*ask(checkout, code)} - {"pip", "setuptools"} == {*parts, *windows, "wsgiapp"}
    assert Path(ask(checkout, LOOK_AROUND)[0]) == ROOT / "wsgiapp" / "__init__.py"


def test_after_an_editable_installation_the_example_of_the_readme_runs_and_serves(
    checkout: Path, tmp_path: Path
) -> None:
    (tmp_path / "hello.py").write_text(readme_example(), encoding="utf-8")
    ran = subprocess.run(
        [checkout, "hello.py"], cwd=tmp_path, env=without_us(tmp_path), capture_output=True, text=True, check=True
    )
    expected = '{"hello":"Ada","path":"/hello/Ada"}\n'
    assert ran.stdout == expected
    command = [console_script(checkout), "--app", "hello", "run", "--host", HOST, "--port", "{port}"]
    with running(command, tmp_path, without_us(tmp_path)) as server:
        assert Visitor(server.port).get("/hello/Ada").text == expected


def test_after_an_editable_installation_the_shop_says_which_extra_it_needs(checkout: Path, tmp_path: Path) -> None:
    refused = say(checkout, tmp_path, "--app", "wsgiapp.shop:app", "run")
    assert refused.returncode == 2
    assert refused.stderr.rstrip().endswith("pip install 'wsgiapp[shop]', or in a checkout: pip install -e '.[shop]'")
