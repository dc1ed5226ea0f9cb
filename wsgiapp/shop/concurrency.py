"""Shop layer 4: the page on threads.

Reads how much to measure, lets one measurement run at a time, and hands numbers and drawings to the template.
"""

from __future__ import annotations

import threading

from markupsafe import Markup
from werkzeug.exceptions import ServiceUnavailable

from wsgiapp import Blueprint, Response, render_template, request
from wsgiapp.shop import threads, timeline
from wsgiapp.shop.forms import ThreadsQuery, check_form
from wsgiapp.typing import ResponseReturnValue

bp = Blueprint("concurrency", __name__)
# Two at once would measure each other. One lock for the process: other processes have a GIL of their own.
_measuring = threading.Lock()


@bp.get("/threads")
def show() -> ResponseReturnValue:
    """Measure ``tasks`` (1 to 8) in one and in ``threads`` (1 to 8) threads, and show how they went.

    Answers 422 to other numbers, and 503 with Retry-After while another measurement runs.
    """
    form = check_form(ThreadsQuery, request.args)
    if form.data is None:
        return render_template("threads.html", values=form.values, errors=form.errors, pairs=[]), 422
    waiting, counting = measure_alone(form.data)
    pairs = [
        {"kind": kind, "numbers": pair, "alone": _draw(pair.alone, pair), "shared": _draw(pair.shared, pair)}
        for kind, pair in (("wait", waiting), ("work", counting))
    ]
    values = form.data.model_dump()
    response = Response(render_template("threads.html", values=values, errors={}, pairs=pairs, gil=threads.gil()))
    response.headers["Cache-Control"] = "no-store"
    return response


def measure_alone(query: ThreadsQuery) -> tuple[threads.Comparison, threads.Comparison]:
    """Measure what ``query`` asks. Raises ``ServiceUnavailable`` (503) while another measurement runs."""
    if not _measuring.acquire(blocking=False):
        raise ServiceUnavailable("Another measurement is running. It takes a second or two.", retry_after=2)
    try:
        return threads.measure(query.tasks, query.threads)
    finally:
        _measuring.release()


def _draw(run: threads.Run, pair: threads.Comparison) -> Markup:
    return timeline.draw(run, max(pair.alone.wall_ms, pair.shared.wall_ms))
