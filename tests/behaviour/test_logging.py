"""The app's logger: its name, its level, its handler, and where the lines go."""

import io
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

NAME = "logging_probe"


@pytest.fixture(autouse=True)
def clean_logger() -> Iterator[None]:
    """The logger of the probed app as it was before any app had it, out of reach of the test runner's root handlers."""
    logger = logging.getLogger(NAME)
    logger.propagate = False
    yield
    logger.handlers, logger.propagate = [], True
    logger.setLevel(logging.NOTSET)


def test_logger_has_the_name_of_the_app(framework: Any) -> None:
    app = framework.App(NAME)
    assert app.logger is logging.getLogger(NAME)
    assert app.logger is app.logger


@pytest.mark.parametrize(("debug", "level"), [(True, logging.DEBUG), (False, logging.NOTSET)])
def test_level_follows_debug(framework: Any, debug: bool, level: int) -> None:
    app = framework.App(NAME)
    app.debug = debug
    assert app.logger.level == level


def test_level_that_was_set_is_kept(framework: Any) -> None:
    logging.getLogger(NAME).setLevel(logging.ERROR)
    app = framework.App(NAME)
    app.debug = True
    assert app.logger.level == logging.ERROR


def test_default_handler_is_added_where_there_is_none(framework: Any) -> None:
    assert framework.App(NAME).logger.handlers == [framework.logging.default_handler]


@pytest.mark.parametrize("owner", ["logger", "root"])
def test_default_handler_is_not_added_where_there_is_one(framework: Any, owner: str) -> None:
    handler = logging.NullHandler()
    logging.getLogger(NAME).propagate = owner == "root"
    logging.getLogger(NAME if owner == "logger" else None).addHandler(handler)
    handlers = framework.App(NAME).logger.handlers
    logging.getLogger().removeHandler(handler)
    assert framework.logging.default_handler not in handlers


@pytest.mark.parametrize(
    ("handler_level", "effective", "expected"),
    [(logging.DEBUG, logging.INFO, True), (logging.ERROR, logging.INFO, False), (logging.INFO, logging.INFO, True)],
)
def test_has_level_handler(framework: Any, handler_level: int, effective: int, expected: bool) -> None:
    logger = logging.getLogger(NAME)
    logger.setLevel(effective)
    handler = logging.NullHandler()
    handler.setLevel(handler_level)
    logger.addHandler(handler)
    assert framework.logging.has_level_handler(logger) is expected


def test_lines_of_a_request_go_to_its_error_stream(framework: Any) -> None:
    app = framework.App(NAME)
    app.add_url_rule("/", "view", lambda: app.logger.warning("from the view") or "")
    stream = io.StringIO()
    app.test_client().get("/", errors_stream=stream)
    assert "WARNING" in stream.getvalue() and "from the view" in stream.getvalue()


def test_lines_outside_a_request_go_to_stderr(framework: Any, monkeypatch: Any) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    framework.App(NAME).logger.error("outside")
    assert "outside" in stream.getvalue()
    assert framework.logging.wsgi_errors_stream._get_current_object() is stream


def test_unhandled_error_goes_to_the_error_stream(framework: Any) -> None:
    app = framework.App(NAME)
    app.add_url_rule("/path", "view", lambda: 1 / 0)
    stream = io.StringIO()
    assert app.test_client().get("/path", errors_stream=stream).status_code == 500
    assert "/path [GET]" in stream.getvalue()
    assert "ZeroDivisionError" in stream.getvalue()


def test_format_of_a_line(framework: Any) -> None:
    stream = io.StringIO()
    app = framework.App(NAME)
    app.add_url_rule("/", "view", lambda: app.logger.warning("the message") or "")
    app.test_client().get("/", errors_stream=stream)
    assert stream.getvalue().startswith("[20")
    assert "] WARNING in test_logging: the message" in stream.getvalue()


def test_default_handler_can_be_removed(framework: Any) -> None:
    app = framework.App(NAME)
    app.logger.removeHandler(framework.logging.default_handler)
    assert app.logger.handlers == []


def test_record_of_an_unhandled_error_names_the_request(framework: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Filters and error trackers read `record.msg`, which is the text before its arguments are put in."""
    app = framework.App(f"named_{framework.name}")
    app.add_url_rule("/<path:rest>", "fail", lambda rest: 1 / 0)
    app.test_client().get("/100%25 %d")
    (record,) = caplog.records
    assert (record.msg, record.args, record.levelname) == ("Exception on /100% %d [GET]", (), "ERROR")
    assert record.getMessage() == record.msg
