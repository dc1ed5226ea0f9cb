"""What mypy and pyright accept of code written for Flask they accept of the same code on wsgiapp."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from servers import ROOT, require

HERE = Path(__file__).parent
PROGRAMS = ["views.py", "hooks.py", "subclasses.py"]


def written_for(framework: str, source: str) -> str:
    """A program for Flask as it stands, or with the one change that moving it to wsgiapp by name takes."""
    if framework == "flask":
        return source
    moved = re.sub(r"\bfrom flask\b", "from wsgiapp", source)
    return re.sub(r"(from wsgiapp import(?: \(\n)?(?:[\w\s,]*?))\bFlask\b", r"\1App as Flask", moved)


@pytest.fixture
def programs(tmp_path: Path) -> list[str]:
    """The programs for either framework, to be checked at once: what both stand on is then read once."""
    paths = []
    for framework in ("flask", "wsgiapp"):
        for name in PROGRAMS:
            source = (HERE / name).read_text(encoding="utf-8")
            paths.append(tmp_path / f"{framework}_{name}")
            paths[-1].write_text(written_for(framework, source), encoding="utf-8")
    return [str(path) for path in paths]


def checked(command: list[str]) -> str:
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return shown.stdout + shown.stderr if shown.returncode else ""


def test_moving_by_name_changes_import_lines_alone() -> None:
    source = (HERE / "views.py").read_text(encoding="utf-8")
    pairs = zip(source.splitlines(), written_for("wsgiapp", source).splitlines(), strict=True)
    changed = {new.strip() for old, new in pairs if old != new}
    assert changed == {
        "from wsgiapp import (",
        "App as Flask,",
        "from wsgiapp.typing import ResponseReturnValue",
        "from wsgiapp.views import MethodView, View",
    }


def test_mypy_strict_accepts_the_programs(programs: list[str]) -> None:
    options = ["--strict", "--config-file=", f"--cache-dir={ROOT / '.cache' / 'mypy --strict of the tests'}"]
    assert checked([sys.executable, "-m", "mypy", *options, *programs]) == ""


def test_pyright_accepts_the_programs(programs: list[str]) -> None:
    require("node")  # pyright runs on it, and would try to download one
    require("pyright")
    assert checked([sys.executable, "-m", "pyright", f"--pythonpath={sys.executable}", *programs]) == ""
