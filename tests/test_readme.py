"""The README tells the truth: its example runs and prints what stands there, its picture is drawn from the code."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from servers import ROOT
from wsgiapp.dispatch import LIFECYCLE, Layer

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
WIDTH = 46


def block(language: str) -> str:
    """The first code block of that language."""
    return next(text for name, text in BLOCKS if name == language)


def picture(road: Sequence[Layer]) -> str:
    """The road as a staircase: down on the left to the view, which is the lowest step, and up again on the right."""
    names = [layer.name for layer in road]
    bottom = names.index("view")
    up = list(reversed(road[bottom + 1 :]))
    lines = []
    for depth, layer in enumerate(road[:bottom]):
        left = f"{'  ' * depth}{layer.name:8} {layer.step}"
        right = f"{'  ' * (bottom - depth - 1)}{up[depth].name:8} {up[depth].step}"
        lines.append(f"{left:{WIDTH}}   {right}")
    view = road[bottom]
    lines.append(f"{'  ' * bottom}{view.name:8} {view.step}, then your function")
    return "\n".join(lines) + "\n"


def test_the_example_prints_what_the_readme_says(tmp_path: Path) -> None:
    program = tmp_path / "hello.py"
    program.write_text(block("python"), encoding="utf-8")
    environment = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    shown = subprocess.run([sys.executable, program], env=environment, capture_output=True, text=True, check=True)
    assert shown.stdout == block("json")


def test_the_example_has_ten_lines_of_code() -> None:
    assert len([line for line in block("python").splitlines() if line.strip()]) <= 10


def test_the_picture_of_the_road_is_the_table_of_the_code() -> None:
    assert block("text") == picture(LIFECYCLE)


@pytest.mark.parametrize("name", re.findall(r"\]\(([\w./-]+)\)", README))
def test_every_file_that_the_readme_links_is_there(name: str) -> None:
    assert (ROOT / name).is_file()
