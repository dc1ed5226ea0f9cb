"""The X-ray's rooms: who may import whom, and that the plan in docs/xray.md shows every module there is."""

from __future__ import annotations

import re
from itertools import accumulate

import pytest

import wsgiapp.xray
from servers import ROOT
from tools import measure

PACKAGE = ROOT / "wsgiapp" / "xray"
NAMES = [name for name in measure.named_files(ROOT / "wsgiapp", []) if name.startswith("wsgiapp.xray.")]
TABLE = (ROOT / "docs" / "xray.md").read_text(encoding="utf-8").partition("| room | module |")[2]
# A row without a room belongs to the room of the row above.
FIRST, SECOND = zip(*re.findall(r"^\|([^|]*)\|([^|]*)\|", TABLE, re.MULTILINE)[1:], strict=True)
ROOMS = [room.strip(" `/") for room in FIRST]
PLAN = [
    (room, module.strip(" `"))
    for room, module in zip(accumulate(ROOMS, lambda above, room: room or above), SECOND, strict=True)
]
# The package itself makes an XRay out of all that shows; what is typed stands on it.
ORDER = [room for room in ROOMS if room and room not in ("pytest_plugin", "commands")]
ORDER += ["", "pytest_plugin", "commands", "__main__"]


def room_of(module: str) -> str:
    """The room of a module: ``explain`` of ``wsgiapp.xray.explain.why``, nothing of ``wsgiapp.xray`` itself."""
    return module.removeprefix("wsgiapp.xray").strip(".").partition(".")[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_room_imports_only_from_those_before_it(name: str) -> None:
    module = measure.standing(ROOT / "wsgiapp")[name]
    own = ORDER.index(room_of(module.name))
    imported = [name for names in module.imports.values() for name in names if name.startswith("wsgiapp.xray")]
    above = [name for name in imported if ORDER.index(room_of(name)) > own]
    assert above == [], (
        f"{module.name} imports {above}, whose rooms come later in docs/xray.md. Hand over what is needed as an "
        "argument, or move what both need into a room before both."
    )


def test_the_plan_shows_every_module_and_no_other() -> None:
    files = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if not path.stem.startswith("__")]
    there = {(path.parts[0], path.stem) if len(path.parts) > 1 else (path.stem, "") for path in files}
    assert set(PLAN) == there and len(PLAN) == len(there)


def test_the_package_lists_its_rooms_in_the_order_of_the_plan() -> None:
    listed = [line for line in (wsgiapp.xray.__doc__ or "").splitlines() if line.startswith("* ``")]
    assert re.findall(r"``(\w+)``", "\n".join(listed)) == [room for room in ROOMS if room]
