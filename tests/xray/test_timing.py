"""Server-Timing: small, well-formed, and honest about the sum."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
import sqlalchemy

from wsgiapp import App, Response, render_template_string, session
from wsgiapp.dispatch import LIFECYCLE
from wsgiapp.xray import XRay
from wsgiapp.xray.record.timing import header

METRIC = re.compile(r'([!#$%&\'*+.^_`|~0-9A-Za-z-]+)(?:;dur=([0-9]+\.[0-9]{1,3}))?(?:;desc="([^"\\]*)")?')
NEAR = {"REMOTE_ADDR": "127.0.0.1"}


def metrics(value: str) -> dict[str, Any]:
    found = {}
    for part in value.split(", "):
        match = METRIC.fullmatch(part)
        assert match, part
        found[match[1]] = float(match[2]) if match[2] else match[3]
    return found


def watched() -> tuple[App, XRay]:
    app = App(__name__)
    app.debug, app.secret_key = True, "a-key"
    return app, XRay(app)


def test_each_layer_is_a_metric_and_they_add_up_to_the_total() -> None:
    app, xray = watched()
    app.before_request(lambda: None)

    @app.get("/")
    def index() -> str:
        session["n"] = 1
        return render_template_string("{% for n in range(300) %}{{ n }}{% endfor %}")

    app.test_client().get("/", environ_overrides=NEAR)
    shown = metrics(app.test_client().get("/", environ_overrides=NEAR).headers["Server-Timing"])
    newest = xray.newest()
    assert newest is not None and shown.pop("xray") == newest.id
    total = shown.pop("total")
    assert abs(sum(shown.values()) - total) <= 0.05 * total
    assert set(shown) <= {layer.name for layer in LIFECYCLE} | {"template", "sql", "other"}
    assert shown["template"] > 0


def test_what_lies_within_something_else_is_counted_once() -> None:
    app, _ = watched()
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.NullPool)

    def rows() -> list[Any]:
        session["seen"] = True
        with engine.connect() as connection:
            connection.connection.create_function("slow", 0, lambda: time.sleep(0.03) or 1)
            return [*connection.execute(sqlalchemy.text("SELECT slow()"))]

    app.add_url_rule("/", "index", lambda: render_template_string("{{ rows() }}", rows=rows))
    shown = metrics(app.test_client().get("/", environ_overrides=NEAR).headers["Server-Timing"])
    shown.pop("xray")
    total = shown.pop("total")
    assert shown["sql"] >= 30 and abs(sum(shown.values()) - total) <= 0.05 * total


def test_there_are_never_more_than_twelve_and_never_more_than_a_kilobyte() -> None:
    times = {f"layer-with-a-long-name-{number:02}": 12345.678 + number for number in range(40)}
    value = header(times, sum(times.values()), "abc123")
    shown = metrics(value)
    assert len(shown) <= 12 and len(value) <= 1024
    assert shown["other"] + sum(v for k, v in shown.items() if k.startswith("layer")) == pytest.approx(shown["total"])


def test_what_the_app_says_itself_is_appended_to_not_overwritten() -> None:
    app, _ = watched()
    app.add_url_rule("/", "index", lambda: Response("x", headers={"Server-Timing": "cache;desc=hit"}))
    values = app.test_client().get("/", environ_overrides=NEAR).headers.getlist("Server-Timing")
    assert values[0] == "cache;desc=hit" and len(values) == 2 and "total;dur=" in values[1]


def test_two_headers_are_added_and_nothing_else() -> None:
    plain, (app, _) = App(__name__), watched()
    for each in (plain, app):
        each.add_url_rule("/", "index", lambda: ("hello", 201, {"X-A": "1"}))
    expected = plain.test_client().get("/", environ_overrides=NEAR)
    got = app.test_client().get("/", environ_overrides=NEAR)
    added = [pair for pair in got.headers if pair not in list(expected.headers)]
    assert [name for name, _ in added] == ["Server-Timing", "X-Xray"]
    assert (got.status, got.data) == (expected.status, expected.data)
