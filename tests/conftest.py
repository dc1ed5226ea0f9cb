"""Fixtures that every test shares: both frameworks by one set of names, conforming clients, the leak detector.

Here lives what holds for all tests. What only one topic needs stays in that topic's module.
Flask is a development dependency and the oracle: a behaviour test asks the same question of both.
"""

import contextlib
import importlib
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any
from wsgiref.validate import InputWrapper, validator

import pytest
import werkzeug.test

from leaks import FRAMEWORKS, bound_contexts


class Framework:
    """The public names of one framework; `App` is `wsgiapp.App` or `flask.Flask`, submodules are imported on demand."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.module: ModuleType = importlib.import_module(name)
        self.App: Any = getattr(self.module, "App" if name == "wsgiapp" else "Flask")

    def __getattr__(self, attribute: str) -> Any:
        try:
            return getattr(self.module, attribute)
        except AttributeError as missing:
            try:
                return importlib.import_module(f"{self.name}.{attribute}")
            except ModuleNotFoundError:
                raise missing from None

    def __repr__(self) -> str:
        return f"<Framework {self.name}>"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "raw_wsgi: the test client talks to the app without wsgiref.validate in between")


@pytest.fixture(params=FRAMEWORKS, scope="session")
def framework(request: pytest.FixtureRequest) -> Framework:
    """Each framework in turn, as a namespace."""
    return Framework(request.param)


@pytest.fixture(scope="session")
def both() -> tuple[Framework, Framework]:
    """wsgiapp and Flask together, for tests that compare the two answers to one request."""
    return Framework("wsgiapp"), Framework("flask")


@pytest.fixture(autouse=True)
def no_context_left() -> Iterator[None]:
    """Fail the test that leaves a request or app context behind, and clear it away for the next test."""
    yield
    left = still = bound_contexts()
    for _ in range(10):
        for _name, context in still:
            with contextlib.suppress(Exception):
                context.pop()
        still = bound_contexts()
    assert not left, f"contexts left behind: {left}"


@pytest.fixture(autouse=True)
def conforming_clients(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, no_context_left: None
) -> Iterator[None]:
    """Send every request of every test client through `wsgiref.validate`, and close what a test left open."""
    if request.node.get_closest_marker("raw_wsgi"):
        yield
        return
    opened: list[Any] = []
    sent: list[Any] = []
    run = werkzeug.test.run_wsgi_app

    def run_checked(app: Any, environ: dict[str, Any], buffered: bool = False) -> Any:
        if isinstance(environ["wsgi.input"], InputWrapper):
            return run(app, environ, buffered)  # a WSGI callable within a request that is being checked already
        sent.append(environ["wsgi.input"])
        return run(_recording(validator(app), opened), environ, buffered)

    monkeypatch.setattr(werkzeug.test, "run_wsgi_app", run_checked)
    yield
    for body in opened:
        if not body.closed:
            body.close()
    for stream in sent:
        stream.close()


def _recording(app: Callable[..., Any], opened: list[Any]) -> Callable[..., Iterable[bytes]]:
    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body: Iterable[bytes] = app(environ, start_response)
        opened.append(body)
        return body

    return call
