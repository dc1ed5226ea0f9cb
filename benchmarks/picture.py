"""The figures as one picture: an SVG of a line for each workload and a mark for each framework, on a logarithmic scale.

Drawn by hand, so that nothing need be installed. Colours follow the reader's light or dark setting, shapes differ too.
"""

from __future__ import annotations

import math
from typing import Any
from xml.sax.saxutils import escape

from benchmarks import peers
from benchmarks.programs import FRAMEWORK
from benchmarks.report import columns, number
from benchmarks.workloads import BY_NAME

WIDTH, LEFT, RIGHT, TOP, LINE = 980, 300, 45, 78, 34
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.small { font-size: 11px; fill: #59636e }
.grid { stroke: #d1d9e0 }
.page { fill: #ffffff } .band { fill: #f3f5f7 }
.wsgiapp { fill: #d1242f } .flask { fill: #0969da } .werkzeug { fill: #1b7c83 } .bottle { fill: #1a7f37 }
.falcon { fill: #8250df } .pyramid { fill: #9a6700 } .django { fill: #bf3989 } .raw { fill: #818b98 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .small { fill: #9198a1 } .grid { stroke: #3d444d }
  .page { fill: #0d1117 } .band { fill: #1c2128 }
  .wsgiapp { fill: #ff7b72 } .flask { fill: #58a6ff } .werkzeug { fill: #39c5cf } .bottle { fill: #56d364 }
  .falcon { fill: #bc8cff } .pyramid { fill: #e3b341 } .django { fill: #f778ba } .raw { fill: #9198a1 }
}"""
SHAPES = {
    "raw": "M-1.5 -7h3v14h-3z",
    "wsgiapp": "M0 -8l2.4 5 5.4.7-4 3.8 1 5.5-4.8-2.7-4.8 2.7 1-5.5-4-3.8 5.4-.7z",
    "flask": "M-5.5 -5.5h11v11h-11z",
    "werkzeug": "M-5.5 -5.5h11v11h-11zM-2.5 -2.5v5h5v-5z",
    "bottle": "M0 -6.5l6 11h-12z",
    "falcon": "M0 -7l6 7-6 7-6-7z",
    "pyramid": "M0 6.5l6-11h-12z",
    "django": "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0z",
}


class Scale:
    """Where a number of microseconds stands from left to right; whole powers of ten at both ends."""

    def __init__(self, values: list[float]) -> None:
        self.low = math.floor(math.log10(min(values)))
        self.high = max(self.low + 1, math.ceil(math.log10(max(values))))

    def __call__(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def ticks(self) -> list[float]:
        """The powers of ten."""
        return [10.0**power for power in range(self.low, self.high + 1)]


def mark(name: str, x: float, y: float, hint: str) -> str:
    """The sign of a framework, with a hint for the pointer."""
    where = f'transform="translate({x} {y})"'
    return f'<path class="{name}" {where} fill-rule="evenodd" d="{SHAPES[name]}"><title>{escape(hint)}</title></path>'


def legend(names: list[str]) -> list[str]:
    """Every framework's sign and name, in one line."""
    parts, x = [], 20.0
    for name in names:
        title = FRAMEWORK[name].title
        parts.append(mark(name, x, 48, title) + f'<text x="{x + 12}" y="52.5">{escape(title)}</text>')
        x += 46 + 7.6 * len(title)
    return parts


def bands_of(raw: dict[str, Any]) -> list[str]:
    """A shade behind every other line."""
    tops = range(TOP, TOP + LINE * len(raw["results"]), 2 * LINE)
    return [f'<rect class="band" x="0" y="{y}" width="{WIDTH}" height="{LINE}"/>' for y in tops]


def lines(raw: dict[str, Any], names: list[str], scale: Scale) -> list[str]:
    """One line a workload: its name, and the marks; wsgiapp's last, so that it lies on top."""
    parts = []
    for index, (workload, results) in enumerate(raw["results"].items()):
        y = TOP + index * LINE
        parts.append(f'<text x="12" y="{y + LINE / 2 + 4.5}">{escape(BY_NAME[workload].title)}</text>')
        for name in sorted(names, key=lambda name: name == "wsgiapp"):
            value = results.get(name, {}).get("us")
            if value:
                parts.append(mark(name, scale(value), y + LINE / 2, f"{FRAMEWORK[name].title}: {number(value)} µs"))
    return parts


def draw(raw: dict[str, Any]) -> str:
    """The SVG of the raw figures of `rounds.run`."""
    names = columns(raw)
    values = [result["us"] for results in raw["results"].values() for result in results.values() if "us" in result]
    scale = Scale(values)
    bottom = TOP + LINE * len(raw["results"])
    title = "Cost of a request by framework and workload: microseconds on a logarithmic scale, left is less"
    grid = [
        f'<line class="grid" x1="{scale(tick)}" x2="{scale(tick)}" y1="{TOP}" y2="{bottom}"/>'
        f'<text class="small" text-anchor="middle" x="{scale(tick)}" y="{bottom + 18}">{tick:,g} µs</text>'
        for tick in scale.ticks()
    ]
    bands, marks = bands_of(raw), lines(raw, names, scale)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 30}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{bottom + 30}"/>',
        f'<text class="small" x="12" y="20">{escape(title)}</text>',
        *legend(names), *bands, *grid, *marks, "</svg>\n",
    ])  # fmt: skip


# -- whole servers -------------------------------------------------------------------------------

BAR, BAR_LEFT, BAR_RIGHT = 26, 250, 90


def bar(result: dict[str, Any], top: float, widest: float) -> str:
    """One framework: its name and server, a bar as long as its rate, and the rate."""
    width = round(result["rate"] / widest * (WIDTH - BAR_LEFT - BAR_RIGHT), 1)
    kind = result["framework"] if result["framework"] in SHAPES else "other"
    label = f"{result['title']} · {result['server'].partition(',')[0]}"
    hint = f"{result['title']} on {result['server']}: {number(result['rate'])} requests a second"
    return (
        f'<text x="12" y="{top + 15}">{escape(label)}</text>'
        f'<rect class="{kind}" x="{BAR_LEFT}" y="{top + 2}" width="{width}" height="{BAR - 8}">'
        f"<title>{escape(hint)}</title></rect>"
        f'<text class="small" x="{BAR_LEFT + width + 8}" y="{top + 15}">{number(result["rate"])}</text>'
    )


def bars(raw: dict[str, Any]) -> str:
    """The SVG of the peers in the raw figures of `--stack`: each framework on its better server, the fastest on top."""
    parts, y = [], 34
    for workload, results in raw["peers"]["results"].items():
        ordered = peers.best(results)
        parts.append(f'<text x="12" y="{y + 16}" font-weight="bold">{escape(BY_NAME[workload].title)}</text>')
        y += BAR
        for result in ordered:
            parts.append(bar(result, y, ordered[0]["rate"]))
            y += BAR
        y += BAR // 2
    title = "Requests a second of whole servers, one worker process on one processor: right is more"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}\n.other {{ fill: #818b98 }}</style>",
        f'<rect class="page" width="{WIDTH}" height="{y}"/>',
        f'<text class="small" x="12" y="20">{escape(title)}</text>',
        *parts, "</svg>\n",
    ])  # fmt: skip
