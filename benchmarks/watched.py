"""One process with one program, watched by the X-ray or not; `benchmarks.xray` measures several of them in turn.

``python -m benchmarks.watched VARIANT WORKLOAD TURNS`` speaks as `benchmarks.worker` does. Before it is ready it
checks that the variant is what its name says: whether it records, and which headers the answer has. The program of
`PAGE` stands here, with a loop of as many turns as make it last; those of the other workloads are wsgiapp's own.
"""

from __future__ import annotations

import hashlib
import signal
import sys
from dataclasses import dataclass
from typing import Any

from benchmarks.programs import FRAMEWORK, build
from benchmarks.worker import ENVIRON, AnswerError, Timer, send, serve, telling
from benchmarks.workloads import BY_NAME, FOLDER, ROWS, SECRET_KEY, TITLE, Workload, html, rows_page
from wsgiapp import App, Response, g, render_template
from wsgiapp.xray import XRay
from wsgiapp.xray.access import pass_name

PAGE = Workload("page", "a page: hooks, template, a loop", "/page/7", (html(rows_page(ROWS[:3])),))
WORKLOADS = {PAGE.name: PAGE, **BY_NAME}
TOLD = frozenset({"server-timing", "x-xray"})  # what the X-ray adds to an answer, where it adds anything
FAR = "192.0.2.7"  # nobody's address (RFC 5737)


@dataclass(frozen=True)
class Variant:
    """A way to run the same program: watched or not, in debug mode or not, and who asks.

    *near* is a request from this machine, *passes* one from a browser that has opened the X-ray's pages before.
    """

    name: str
    title: str
    watched: bool = False
    debug: bool = False
    near: bool = False
    passes: bool = False

    @property
    def records(self) -> bool:
        """Whether requests leave a recording."""
        return self.watched and self.debug

    @property
    def tells(self) -> bool:
        """Whether answers say so, in two headers."""
        return self.records and self.near


VARIANTS = (
    Variant("plain", "no X-ray"),
    Variant("again", "no X-ray, in debug mode", debug=True),
    Variant("idle", "attached in production, records nothing", watched=True, near=True),
    Variant("far", "recording and asked from elsewhere", watched=True, debug=True),
    Variant("near", "recording and asked from this machine", watched=True, debug=True, near=True),
    Variant("viewer", "recording and asked by the X-ray's reader", watched=True, debug=True, near=True, passes=True),
)
VARIANT = {variant.name: variant for variant in VARIANTS}


def page(turns: int) -> App:
    """An app whose one page does what pages do, and counts for a while."""
    app = App("benchmark", root_path=str(FOLDER))
    app.secret_key = SECRET_KEY

    @app.before_request
    def find_rows() -> None:
        g.rows = ROWS[:3]

    @app.after_request
    def forbid_frames(response: Response) -> Response:
        response.headers["X-Frame-Options"] = "DENY"
        return response

    @app.get("/page/<int:number>")
    def show(number: int) -> str:
        for turn in range(turns):
            number += turn * turn
        return render_template("rows.html", title=TITLE, rows=g.rows)

    return app


def make(workload: Workload, variant: Variant, turns: int) -> tuple[Any, XRay | None]:
    """The program of the workload, as the variant has it."""
    app: Any = page(turns) if workload is PAGE else build(FRAMEWORK["wsgiapp"], workload.name)
    app.debug = variant.debug
    app.config["TEMPLATES_AUTO_RELOAD"] = False  # debug mode would look at the files, and that is not the X-ray's doing
    return app, XRay(app) if variant.watched else None


def ask_as(variant: Variant, xray: XRay | None, environ: dict[str, Any]) -> dict[str, Any]:
    """Return the environ as sent by the client that the variant describes."""
    environ = {**environ, "REMOTE_ADDR": ENVIRON["REMOTE_ADDR"] if variant.near or not variant.watched else FAR}
    if variant.passes and xray is not None:
        shown = f"{pass_name(environ)}={xray.access.new_pass()}"
        environ["HTTP_COOKIE"] = "; ".join(filter(None, [environ.get("HTTP_COOKIE"), shown]))
    return environ


def look(timer: Timer, xray: XRay | None) -> dict[str, Any]:
    """What one request leaves: whether a recording, which headers of the X-ray's, and the body's digest."""
    before = xray and xray.ring.newest()
    answer = send(timer.application, timer.environ, timer.body)
    return {
        "recorded": xray is not None and xray.ring.newest() is not before,
        "added": sorted(TOLD & {name for name, _ in answer.headers}),
        "body": hashlib.sha256(answer.body).hexdigest()[:16],
    }


def prepare(variant: Variant, workload: Workload, turns: int) -> tuple[Timer, dict[str, Any]]:
    """The program, checked and ready to be timed, and what was seen of it.

    :raises AnswerError: when it answers wrongly, or records or adds what the variant does not.
    """
    app, xray = make(workload, variant, turns)
    timer = Timer(app, workload)
    timer.environ = ask_as(variant, xray, timer.environ)
    seen = look(timer, xray)
    for what, expected in (("recorded", variant.records), ("added", sorted(TOLD) if variant.tells else [])):
        if seen[what] != expected:
            raise AnswerError(f"{workload.name}, {variant.name}: {what} is {seen[what]} instead of {expected}")
    return timer, {"ready": True, **seen}


def main(variant: str, workload: str, turns: str) -> None:
    """Say whether the program is ready, then do as told."""
    answer = telling()
    try:
        timer, state = prepare(VARIANT[variant], WORKLOADS[workload], int(turns))
    except AnswerError as reason:
        return answer({"wrong": str(reason)})
    answer(state)
    return serve(timer, sys.stdin, answer)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the harness, which then closes the pipe
    main(*sys.argv[1:])
