"""The X-ray in a terminal: colour where it is wanted, ASCII where it must be, and no control character from outside."""

from __future__ import annotations

import io
from typing import Any

import pytest

from wsgiapp import App, session
from wsgiapp.xray import XRay
from wsgiapp.xray.cookie import open_cookie
from wsgiapp.xray.explain.compare import compare
from wsgiapp.xray.explain.why import explain, why
from wsgiapp.xray.show import text
from wsgiapp.xray.show.text import Style, clean, cut, explanation_lines, lines, plan_lines, style_of
from wsgiapp.xray.trace import Trace

COLOURED, ASCII = Style(colour=True), Style(ascii=True)
HOSTILE = "/\x1b[31m\r\n\u202e\u2028\x9b/ü/\U0001f600"


class Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal."""

    def __init__(self, encoding: str = "utf-8", terminal: bool = True) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def watched() -> tuple[App, XRay]:
    app = App(__name__, static_folder=None)
    app.testing, app.secret_key = True, "a-key-of-the-tests"
    app.add_url_rule("/<path:rest>", "rest", lambda rest: str(session.setdefault("seen", rest)))
    return app, XRay(app)


def trace_of(path: str = "/a") -> Trace:
    app, xray = watched()
    app.test_client().get("/", environ_overrides={"PATH_INFO": path.encode().decode("latin-1")})
    trace = xray.newest()
    assert trace is not None
    return trace


def everything(path: str, style: Style) -> str:
    """Whatever this module can print about a request for *path*."""
    app, trace = watched()[0], trace_of(path)
    shown = [
        lines(trace, style, verbose=True),
        text.comparison_lines(compare(trace, trace_of("/other")), style),
        text.cookie_lines(open_cookie(app, path, path), style),
        text.table([(path, path)], style),
        explanation_lines(why(app, "GET", path), style),
        explanation_lines(why(app, "POST", path), style),
        plan_lines(explain(app, "GET", path), style),
    ]
    return "\n".join(line for part in shown for line in part)


@pytest.mark.parametrize(
    ("stream", "environ", "colour"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(terminal=False), {}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_there_is_colour_on_a_terminal_alone_and_not_where_it_is_unwanted(
    stream: Any, environ: dict[str, str], colour: bool
) -> None:
    assert style_of(stream, environ).colour is colour


@pytest.mark.parametrize(
    ("encoding", "ascii"), [("utf-8", False), ("ascii", True), ("latin-1", True), ("cp437", True), ("cp1252", True)]
)
def test_a_console_that_cannot_draw_gets_ascii(encoding: str, ascii: bool) -> None:
    assert style_of(Terminal(encoding), {}).ascii is ascii


@pytest.mark.parametrize("path", ["/a", "/products/ü", HOSTILE])
def test_ascii_is_ascii_whatever_came_from_outside(path: str) -> None:
    shown = everything(path, ASCII)

    assert shown.isascii() and "-> " in shown


@pytest.mark.parametrize("style", [Style(), ASCII], ids=["unicode", "ascii"])
def test_without_colour_there_is_no_escape_sequence(style: Style) -> None:
    assert "\x1b" not in everything("/a", style)


def test_with_colour_each_line_ends_as_it_began() -> None:
    shown = everything("/a", COLOURED)

    assert "\x1b[32m" in shown
    assert all(line.count("\x1b[0m") * 2 == line.count("\x1b[") for line in shown.split("\n"))


def test_nothing_from_outside_reaches_the_terminal_as_a_control_character() -> None:
    shown = everything(HOSTILE, Style())

    assert not {char for char in shown if char != "\n" and (not char.isprintable() or char in "\u202e\u2028")}


@pytest.mark.parametrize(
    ("given", "shown"),
    [("plain", "plain"), ("\x1b[2J", "\\x1b[2J"), ("a\u202eb", "a\\u202eb"), ("é", "é"), ("\ud800", "\\ud800")],
)
def test_control_characters_are_made_visible(given: str, shown: str) -> None:
    assert clean(given) == shown


def test_what_is_too_long_is_cut_and_says_so() -> None:
    assert cut("a" * 50, 10) == "a" * 9 + "…"
    assert cut("one\n  two", 10) == "one two"


def test_a_request_shows_its_status_every_layer_and_its_session() -> None:
    shown = "\n".join(lines(trace_of()))

    assert shown.startswith("GET /a → 200 OK")
    assert [layer for layer in ("request", "context", "match", "view", "save", "teardown") if layer not in shown] == []
    assert "/<path:rest> → rest(rest='a')" in shown and "after: valid with SECRET_KEY" in shown


def test_an_explanation_shows_the_rule_that_answers_and_the_near_misses() -> None:
    app = App(__name__, static_folder=None)
    for rule in ("/products/<int:n>", "/products/new", "/about"):
        app.add_url_rule(rule, rule.rpartition("/")[2], lambda **_: "")

    answered, refused = (
        explanation_lines(why(app, "GET", "/products/7")),
        explanation_lines(why(app, "GET", "/products/x")),
    )

    assert answered[0] == "GET /products/7 → /products/<int:n> → <int:n>(n=7)"
    assert refused[0] == "GET /products/x → 404 Not Found"
    assert refused[1].startswith("  not /products/<int:n>  GET HEAD OPTIONS  tests/xray/test_text.py:")
    assert refused[2] == '      segment 2: "x" is not an <int:n>: digits, and nothing else'
    assert refused[-1] == "  1 more rule is far from it"


def test_a_plan_shows_the_layers_with_what_would_run_inside() -> None:
    app = App(__name__, static_folder=None)
    app.before_request(lambda: None)

    shown = plan_lines(explain(app, "GET", "/no"))

    assert shown[1] == "what would run"
    assert any(line.startswith("  before     App.preprocess_request ") for line in shown)
    assert any(line.startswith("  │ hook       ") and "test_text.test_a_plan" in line for line in shown)
    assert any("  │ raise      werkzeug.exceptions.NotFound" in line for line in shown)
