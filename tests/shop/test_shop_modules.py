"""The table of the shop's modules, against the files: complete, in an order that can be read, each part small."""

import ast
import re

import pytest

import wsgiapp.shop
from servers import ROOT
from tools import measure

SHOP = ROOT / "wsgiapp" / "shop"
TABLE = re.findall(r"^\| `(\w+)` \|", wsgiapp.shop.__doc__, re.MULTILINE)
MOST_CODE_LINES = 250


def imported(name):
    """The modules of the shop that a module imports."""
    path = SHOP / f"{name}.py"
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])):
        if isinstance(node, ast.ImportFrom) and node.module == "wsgiapp.shop":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("wsgiapp.shop."):
            found.add(node.module.split(".")[2])
    return found


def test_the_table_names_every_module_once_and_no_other():
    files = {path.stem for path in SHOP.glob("*.py")} | {path.parent.name for path in SHOP.glob("*/__init__.py")}
    assert sorted(TABLE) == sorted(files - {"__init__"})


def test_each_module_imports_only_those_above_it():
    for place, name in enumerate(TABLE):
        below = imported(name) & {*TABLE[place:]}
        assert below == set(), f"{name} imports {below}: move it below them in the table of wsgiapp/shop/__init__.py"


@pytest.mark.parametrize("path", sorted(SHOP.glob("**/*.py")), ids=lambda path: path.stem)
def test_no_module_is_longer_than_one_reads_in_one_go(path):
    source = path.read_text(encoding="utf-8")
    code, _, _ = measure.line_kinds(source, ast.parse(source))
    assert len(code) <= MOST_CODE_LINES
