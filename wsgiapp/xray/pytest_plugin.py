"""``pytest --xray``: under a test that failed, the requests that it made, layer by layer.

Without the option nothing is watched. pytest finds this module by its entry point.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from . import XRay, watch_all
from .explain.sentences import opening
from .explain.why import why_trace
from .objects.guard import safely
from .record.recording import Recording
from .show import text
from .trace import Trace
from .trace_builder import build_trace

#: Requests shown for one test, the last ones.
SHOWN = 5


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--xray``."""
    group = parser.getgroup("wsgiapp")
    group.addoption("--xray", action="store_true", help="show the requests of a failed test, layer by layer")


def pytest_configure(config: pytest.Config) -> None:
    """Watch every app that the tests make."""
    if config.getoption("--xray"):
        watch_all(always=True)
        config.pluginmanager.register(_Collector(), "wsgiapp-xray")


class _Collector:
    """Keeps what one test's requests left, and adds it to the report of a failure."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, Recording]] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, Any, Any]:
        self.seen.clear()
        with self._listening():
            return (yield)

    @contextlib.contextmanager
    def _listening(self) -> Iterator[None]:
        XRay.listeners.append(self._keep)
        try:
            yield
        finally:
            XRay.listeners.remove(self._keep)

    def _keep(self, app: Any, recording: Recording) -> None:
        self.seen = [*self.seen[-SHOWN + 1 :], (app, recording)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, Any]:
        report = yield
        if report.failed and self.seen:
            seen = [_told(app, recording) for app, recording in self.seen]
            report.sections.append(("X-ray", "\n\n".join("\n".join(shown) for shown in seen)))
        return report


def _told(app: Any, recording: Recording) -> list[str]:
    """The road of a request, below the sentence that says what it came to and why."""
    trace = build_trace(recording, app)
    return text.lines(trace, opening=safely(_opening, app, trace) or "")


def _opening(app: Any, trace: Trace) -> str:
    return opening(trace, why_trace(app, trace))
