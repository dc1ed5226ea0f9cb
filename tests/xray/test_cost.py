"""What the X-ray costs, counted in Python calls, which do not depend on the machine: off, none; recording, few."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from werkzeug.test import create_environ

from wsgiapp import App
from wsgiapp.xray import XRay


def calls(app: App) -> list[str]:
    """The Python functions that a warm request calls, in order."""
    seen: list[str] = []

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            seen.append(f"{frame.f_code.co_filename}:{frame.f_code.co_name}")

    for warm in (True, True, False):
        environ = create_environ("/user/42")
        if not warm:
            sys.setprofile(note)
        try:
            body = app(environ, start)
        finally:
            sys.setprofile(None)
        getattr(body, "close", lambda: None)()
    return seen


def start(status: str, headers: Any, exc_info: Any = None) -> Any:
    """A server's start_response that keeps nothing."""


def made(**config: Any) -> App:
    app = App(__name__, static_folder=None)
    app.config.update(config)
    app.add_url_rule("/user/<int:number>", "user", lambda number: f"user {number}")
    return app


def test_taken_off_again_it_costs_not_one_call() -> None:
    app = made(TESTING=True)
    plain = calls(app)
    xray = XRay(app)
    assert len(calls(app)) > len(plain)
    xray.remove()
    assert calls(app) == plain


def test_where_nothing_is_recorded_it_costs_a_dozen_calls_that_look_and_go_on() -> None:
    plain, app = calls(made()), made()
    XRay(app)
    assert len(calls(app)) - len(plain) <= 12


def test_recording_a_request_takes_few_calls() -> None:
    app = made(TESTING=True)
    plain = calls(app)
    XRay(app)
    assert len(calls(app)) - len(plain) <= 33
