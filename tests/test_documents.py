"""The documents name tests and files that exist, and their examples run."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from servers import ROOT

PAGES = sorted((ROOT / "docs").glob("*.md"))
REFERENCE = re.compile(r"`(tests/[\w/.:]+)`")
NAMED = sorted({(page.name, name) for page in PAGES for name in REFERENCE.findall(page.read_text("utf-8"))})


@pytest.mark.parametrize(("page", "name"), NAMED, ids=lambda value: value)
def test_a_test_that_a_page_names_is_there(page: str, name: str) -> None:
    path, _, function = name.partition("::")
    assert (ROOT / path).exists()
    if function:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert function in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


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


def test_the_guide_to_rest_runs_from_its_first_block_to_its_last() -> None:
    page = (ROOT / "docs" / "rest.md").read_text(encoding="utf-8")
    names: dict[str, object] = {"__name__": "guide"}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "docs/rest.md", "exec", dont_inherit=True), names)
    first = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    assert len([line for line in first.splitlines() if line.strip()]) <= 15
    assert "patient" in names
