"""What contributors are told is true: the house is drawn from the imports, and what is named is there."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import run
from servers import ROOT, require
from tools import house

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRIBUTING = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
COMMANDS = [line.partition("  ")[0] for line in re.findall(r"^\$ (.*)$", CONTRIBUTING, re.MULTILINE)]
PYTHON = re.compile(r"Programming Language :: Python :: (3\.\d+)")
PYTHONS = [found[1] for found in map(PYTHON.match, PYPROJECT["project"]["classifiers"]) if found]


def test_the_house_is_drawn_from_the_imports_of_today() -> None:
    assert house.TARGET.read_text(encoding="utf-8") == house.draw(), "run: python tests/tools/house.py"


def test_a_room_stands_above_everything_that_it_imports() -> None:
    imported = {"shop": {"app", "views"}, "views": {"app"}, "app": set(), "signals": set()}
    assert house.rows(imported) == [["app", "signals"], ["views"], ["shop"]]
    with pytest.raises(ValueError, match=r"import each other: \['a', 'b'\]"):
        house.rows({"a": {"b"}, "b": {"a"}})


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_for_contributors_names_tools_and_files_that_are_there(command: str) -> None:
    words = [word for part in command.split("&&") for word in part.split()[:4]]
    for word in words:
        if "/" in word and not word.startswith(".venv/"):
            assert (ROOT / word).exists(), word
    tools = {"python", "ruff"} & {Path(word).name for word in words}
    assert tools and all(require(tool) for tool in tools)
    assert "run.py" not in words or (ROOT / "run.py").is_file()
    modules = re.findall(r"-m (\w+)", command)
    wanted = {re.split(r"[^\w-]", requirement)[0] for requirement in run.wanted_packages(PYPROJECT, "dev")}
    assert [module for module in modules if module not in wanted] == []


def test_the_hooks_before_a_commit_are_checks_that_run_py_makes() -> None:
    hooks = re.findall(r"entry: python -m (.*)", (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    options = type("Options", (), {"quick": True, "cov": False, "ci": False})
    checked = [" ".join(check.command[2:]) for check in run.checks(Path("python"), [], options)]
    for hook in hooks:
        plain = hook.replace(" --force-exclude", "")
        assert any(check.startswith(plain) for check in checked), f"{hook} is none of {checked}"
    assert len(hooks) == 3


def test_the_session_of_nox_runs_on_each_python_that_the_package_names() -> None:
    require("nox")
    command = [sys.executable, "-m", "nox", "--list"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^\* behaviour-(3\.\d+)", listed, re.MULTILINE) == PYTHONS
    assert (PYTHONS[0], PYTHONS[-1]) == (PYPROJECT["project"]["requires-python"].removeprefix(">="), "3.14")


def test_a_session_of_nox_whose_python_is_missing_says_so(tmp_path: Path) -> None:
    require("nox")
    missing = next(python for python in reversed(PYTHONS) if python != f"3.{sys.version_info[1]}")
    command = [sys.executable, "-m", "nox", "--no-error-on-missing-interpreters", "--download-python", "never"]
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    command += ["--session", f"behaviour-{missing}"]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert f"Python interpreter {missing} not found" in ran.stdout + ran.stderr


@pytest.mark.parametrize("name", ["bug", "feature"])
def test_the_form_of_an_issue_has_a_name_and_says_what_it_is_for(name: str) -> None:
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.md").read_text(encoding="utf-8")
    head = dict(re.findall(r"^(\w+): (.+)$", text.split("---")[1], re.MULTILINE))
    assert head.keys() == {"name", "about", "labels"}


def test_the_file_on_security_says_where_to_report_and_gives_no_address_of_a_person() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "private vulnerability report" in text and "@" not in text


@pytest.mark.parametrize("path", ["SECURITY.md", ".github/pull_request_template.md"])
def test_files_that_are_named_there_exist(path: str) -> None:
    names = re.findall(r"\b((?:docs/)?[\w-]+\.md)\b", (ROOT / path).read_text(encoding="utf-8"))
    assert names and [name for name in names if not (ROOT / name).is_file()] == []
