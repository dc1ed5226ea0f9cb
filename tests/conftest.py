"""Fixtures that every test shares: both frameworks by one set of names, conforming clients, the leak detector.

Here lives what holds for all tests. What only one topic needs stays in that topic's module.
Flask is a development dependency and the oracle: a behaviour test asks the same question of both.
"""

import contextlib
import gc
import importlib
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from wsgiref.validate import InputWrapper, validator

import pytest
import werkzeug.test

import browsers
import groups
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


LEFT_OUT = pytest.StashKey[list[str]]()  # by --quick: the reason of each test
FILES = pytest.StashKey[list[tuple[str, str]]]()  # by --quick: what is not even collected, each with its reason first


class Suites:
    """Tells at once what a foreign suite gave, since each takes long; a test names it as the property ``suite``."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal: Any = self.config.pluginmanager.get_plugin("terminalreporter")
        given = dict(report.user_properties).get("suite")
        if report.when == "call" and given and terminal and not hasattr(self.config, "workeroutput"):
            terminal.ensure_newline()
            terminal.write_line(f"conformance: {given}: {report.outcome} after {report.duration:.0f} s")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="leave out what takes long, and say what that is")
    databases = ("sqlite", "postgresql", "both")
    parser.addoption("--database", choices=databases, default="both", help="what the shop's tests run on")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "raw_wsgi: the test client talks to the app without wsgiref.validate in between")
    config.stash[LEFT_OUT], config.stash[FILES] = [], []
    config.pluginmanager.register(Suites(config), "suites")
    config.pluginmanager.register(Groups(), "groups of tests")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Leave out of Python's searches for cycles what collecting makes: it stays, and each search would go through it.

    A test that looks at every object asks ``gc.unfreeze()`` first.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not look into what a quick run leaves out; a file that is named on the command line is not asked about."""
    if not config.getoption("--quick") or not collection_path.is_relative_to(config.rootpath):
        return None
    path = collection_path.relative_to(config.rootpath).as_posix() + "/" * collection_path.is_dir()
    why = groups.reason_of_file(path)
    if why is not None:
        config.stash[FILES].append((why, path.removeprefix("tests/")))
    return why is not None or None


class Groups:
    """Gives each test its group before pytest-xdist writes the groups into the tests' ids, in the same hook."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        groups.mark(items)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Bring the tests into their order; leave out what a quick run does not ask."""
    groups.arrange(items)
    if config.getoption("--quick"):
        reasons = [(item, groups.reason(item)) for item in items]
        config.hook.pytest_deselected(items=[item for item, why in reasons if why])
        items[:] = [item for item, why in reasons if not why]
        config.stash[LEFT_OUT] = [why for _, why in reasons if why]
        if hasattr(config, "workeroutput"):  # one of several processes: the first of them prints the summary
            config.workeroutput["left_out"] = config.stash[LEFT_OUT], config.stash[FILES]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """What was left out is the same in every process: keep what one of them says."""
    left_out = getattr(node, "workeroutput", {}).get("left_out", ([], []))
    node.config.stash[LEFT_OUT], node.config.stash[FILES] = left_out


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give out the tests of one function together: fewer and larger parts than one by one."""
    if config.getoption("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling

    class Functions(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            found: str = super()._split_scope(nodeid)
            return groups.scope(nodeid) if found == nodeid else found

        def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
            """Forget a part that is done: after each test xdist counts through all that a process was ever given."""
            scope = self._split_scope(self.registered_collections[node][item_index])
            super().mark_test_complete(node, item_index, duration)
            if all(self.assigned_work[node][scope].values()):
                del self.assigned_work[node][scope]

    return Functions(config, log)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if config.stash[LEFT_OUT] or config.stash[FILES]:
        terminalreporter.section("left out by --quick")
        for line in groups.summary(config.stash[LEFT_OUT], config.stash[FILES]):
            terminalreporter.write_line(line)


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium. It lives no longer than a module, since its driver keeps an event loop in this thread."""
    with browsers.chromium() as started:
        yield started
