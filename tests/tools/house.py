"""Draw the house from the imports: ``python tests/tools/house.py`` writes docs/house.svg.

A box is a module of wsgiapp, or a package inside it. It stands one row above the highest of those that it imports, so
whatever a box imports stands in a row below it.
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from tools import measure  # noqa: E402 - after the path is set

TARGET = ROOT / "docs" / "house.svg"
WIDTH, ROW, GAP, LETTER = 900, 46, 8, 7.6
STYLE = (
    "text{font:13px ui-monospace,Menlo,Consolas,'Liberation Mono',monospace;fill:#23271f;text-anchor:middle}"
    "rect{fill:#e3ece4;stroke:#2c5b4c}.paper{fill:#fffdf9;stroke:none}"
)


def imports() -> dict[str, set[str]]:
    """What each room imports of the others."""
    found: dict[str, set[str]] = {}
    for module in measure.standing(ROOT / "wsgiapp").values():
        own = room(module.name)
        found.setdefault(own, set()).update(map(room, set().union(*module.imports.values())))
    return {name: {other for other in others if other != name} for name, others in found.items()}


def room(module: str) -> str:
    """The box of a module: ``wsgiapp.json.tag`` stands in ``json``."""
    return module.partition(".")[2].partition(".")[0] or "__init__"


def rows(imported: dict[str, set[str]]) -> list[list[str]]:
    """The rooms by height, the lowest row first; imports must not make a circle."""
    done: list[list[str]] = []
    left = dict(imported)
    while left:
        ready = sorted(name for name, others in left.items() if not others & left.keys())
        if not ready:
            raise ValueError(f"these import each other: {sorted(left)}")
        done.append(ready)
        left = {name: others for name, others in left.items() if name not in ready}
    return done


def lines(names: list[str]) -> list[list[str]]:
    """The names of a row in as many lines as they need."""
    found: list[list[str]] = [[]]
    for name in names:
        if sum(map(box_width, [*found[-1], name])) > WIDTH - 2 * GAP:
            found.append([])
        found[-1].append(name)
    return found


def box_width(name: str) -> float:
    """How wide a box is, with the gap beside it."""
    return len(name) * LETTER + 22 + GAP


def draw() -> str:
    """The picture, the highest row on top."""
    stacked = [line for row in reversed(rows(imports())) for line in reversed(lines(row))]
    height = len(stacked) * ROW + GAP
    parts = [f'<rect class="paper" width="{WIDTH}" height="{height}"/>']
    for number, names in enumerate(stacked):
        left = (WIDTH - sum(map(box_width, names)) + GAP) / 2
        for name in names:
            width, top = box_width(name) - GAP, number * ROW + GAP
            parts.append(f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{ROW - 2 * GAP}" rx="6"/>')
            parts.append(f'<text x="{left + width / 2:.1f}" y="{top + 20}">{escape(name)}</text>')
            left += width + GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    return "\n".join([head, f"<style>{STYLE}</style>", *parts, "</svg>", ""])


if __name__ == "__main__":
    TARGET.write_text(draw(), encoding="utf-8")
    sys.stdout.write(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size:,} bytes\n")
