"""Shop layer 2: time lines as SVG.

A run that was measured becomes a drawing. Only numbers and classes are written, no style and no script: colours come
from the style sheet, so that the page keeps to its Content-Security-Policy and both themes fit.
"""

from __future__ import annotations

from markupsafe import Markup

from wsgiapp.shop.threads import Lane, Run, Span

WIDTH, LEFT, RIGHT = 460, 70, 20
LANE, GAP, TOP, AXIS = 22, 8, 8, 26
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
MAX_TICKS = 6
LABELS = {"wait": "waits for the answer", "work": "works", "turn": "waits for its turn"}

_DRAWING = Markup(
    '<svg class="timeline" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'
    "{grid}{lanes}</svg>"
)  # fmt: skip
_TICK = Markup(
    '<line class="tick" x1="{x}" y1="{top}" x2="{x}" y2="{bottom}"/>'
    '<text class="axis" x="{x}" y="{text}" text-anchor="middle">{ms}</text>'
)
_LANE = Markup(
    '<text class="name" x="{right}" y="{middle}" text-anchor="end">{name}</text>'
    '<rect class="lane" x="{left}" y="{y}" width="{width}" height="{height}" rx="3"/>{spans}'
)
_SPAN = Markup(
    '<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="1.5">'
    "<title>{start} to {end} ms: {label}</title></rect>"
)


def draw(run: Run, scale_ms: float) -> Markup:
    """Return the time lines of ``run`` on an axis of at least ``scale_ms``; equal scales make drawings comparable."""
    pixels = (WIDTH - LEFT - RIGHT) / max(scale_ms, run.wall_ms, 1.0)
    bottom = TOP + len(run.lanes) * (LANE + GAP)
    lanes = Markup("").join(_lane(lane, TOP + row * (LANE + GAP), pixels) for row, lane in enumerate(run.lanes))
    threads = "1 thread" if len(run.lanes) == 1 else f"{len(run.lanes)} threads"
    label = f"Time lines of {threads}, {run.wall_ms:.0f} ms in all"
    grid = _grid(max(scale_ms, run.wall_ms, 1.0), bottom, pixels)
    return _DRAWING.format(width=WIDTH, height=bottom + AXIS, label=label, grid=grid, lanes=lanes)


def _grid(scale_ms: float, bottom: int, pixels: float) -> Markup:
    step = next((step for step in STEPS if scale_ms / step <= MAX_TICKS), STEPS[-1])
    ticks = range(0, int(scale_ms) + 1, step)
    return Markup("").join(
        _TICK.format(x=_place(ms, pixels), top=TOP, bottom=bottom, text=bottom + 16, ms=f"{ms} ms" if ms else "0")
        for ms in ticks
    )


def _lane(lane: Lane, y: int, pixels: float) -> Markup:
    spans = Markup("").join(_span(span, y, pixels) for span in lane.spans)
    width, middle = WIDTH - LEFT - RIGHT, y + LANE / 2 + 4
    place = {"left": LEFT, "right": LEFT - 10, "middle": middle, "y": y, "width": width, "height": LANE}
    return _LANE.format(name=lane.name, spans=spans, **place)


def _span(span: Span, y: int, pixels: float) -> Markup:
    width = max(0.8, round((span.end - span.start) * pixels, 2))
    times = {"start": f"{span.start:.1f}", "end": f"{span.end:.1f}", "label": LABELS[span.kind]}
    return _SPAN.format(kind=span.kind, x=_place(span.start, pixels), y=y + 3, width=width, height=LANE - 6, **times)


def _place(ms: float, pixels: float) -> float:
    return round(LEFT + ms * pixels, 2)
