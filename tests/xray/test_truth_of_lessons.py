"""Each sentence of teaching mode, and of a trace's beginning: a request for which it is true, and one for which not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from werkzeug.exceptions import HTTPException

from wsgiapp import App, Response, abort, redirect, render_template_string, request, session
from wsgiapp.signals import request_started
from wsgiapp.xray import XRay
from wsgiapp.xray.explain import why
from wsgiapp.xray.explain.sentences import opening
from wsgiapp.xray.explain.teach import MAX_LINES, Step, steps
from wsgiapp.xray.show import text
from wsgiapp.xray.trace import Trace

from .support import NEAR, TOKEN, Reader

ENGINE = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.NullPool)
NAME = "xray.test_truth_of_lessons.made.<locals>."


def made(tmp: Path) -> tuple[App, XRay]:
    (tmp / "static").mkdir()
    (tmp / "static" / "shop.css").write_text("body {}")
    app = App(__name__, static_folder=str(tmp / "static"))
    app.secret_key, app.debug = "a key of this app", True
    app.config["PROPAGATE_EXCEPTIONS"] = False

    @app.before_request
    def early() -> Any:
        if request.path == "/closed":
            return "closed", 403
        if request.path == "/guarded":
            abort(401)
        return 1 / 0 if request.path == "/early" else None

    @app.after_request
    def late(response: Response) -> Response:
        if request.path == "/late" or "late" in request.args:
            raise LookupError("after all")
        return response

    @app.teardown_request
    def down(error: BaseException | None) -> None:
        """Do nothing."""

    @app.errorhandler(409)
    def conflict(error: HTTPException) -> Any:
        return "sorry", 409

    @app.errorhandler(410)
    def gone(error: HTTPException) -> Any:
        raise RuntimeError("the handler itself")

    @app.route("/put")
    def put() -> str:
        session["user"] = "ann"
        app.logger.warning("put it")
        return "put"

    @app.route("/page/<int:number>")
    def page(number: int) -> str:
        if number > 5:
            abort(404)
        return render_template_string("{{ number }}", number=number)

    @app.route("/sql")
    def sql() -> str:
        with ENGINE.connect() as connection:
            return str(connection.execute(sqlalchemy.text("SELECT 1")).scalar())

    @app.route("/etag")
    def etag() -> Response:
        response = Response("x")
        response.set_etag("e")
        return response.make_conditional(request)

    @app.route("/pieces")
    def pieces() -> Iterator[str]:
        yield "one"

    app.add_url_rule("/slash/", "slash", lambda: "slash")
    app.add_url_rule("/none", "none", lambda: None)
    app.add_url_rule("/away", "away", lambda: redirect("/put"))
    app.add_url_rule("/field", "field", lambda: abort(400), methods=["POST"])
    app.add_url_rule("/conflict", "conflict", lambda: abort(409))
    app.add_url_rule("/gone", "gone", lambda: abort(410))
    app.add_url_rule("/fails", "fails", lambda: 1 / 0)
    app.add_url_rule("/look", "look", lambda: str(session.get("user")))
    app.add_url_rule("/secret/<token>", "secret", lambda token: "secret")
    return app, XRay(app, token=TOKEN, static=True)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[App, XRay]:
    return made(tmp_path_factory.mktemp("lessons"))


@pytest.fixture(scope="module")
def cookies(watched: tuple[App, XRay]) -> dict[str, str]:
    """A session cookie that holds, and one that nobody has signed."""
    client = watched[0].test_client()
    client.get("/put", environ_overrides=NEAR)
    found = client.get_cookie("session")
    assert found is not None
    return {"valid": f"session={found.value}", "forged": f"session={found.value[:-4]}AAAA"}


def sent(watched: tuple[App, XRay], asked: str, cookies: dict[str, str]) -> Trace:
    """Send ``METHOD /path``, after it the name of a cookie or a header, to its end."""
    app, xray = watched
    method, path, *more = asked.split(" ", 2)
    headers = dict([more[0].split(": ", 1)]) if more and ": " in more[0] else {}
    if more and not headers:
        headers = {"Cookie": cookies[more[0]]}
    client = app.test_client(use_cookies=False)
    response = client.open(path, method=method, headers=headers, environ_overrides=NEAR)
    response.get_data()
    response.close()
    trace = xray.newest()
    assert trace is not None
    return trace


SENTENCES = [
    # server, request, context
    ("The test client called xray.test_truth_of_lessons with GET /put, and 200 OK went back.", "GET /put", "GET /none"),
    ("with GET /nowhere, and 404 NOT FOUND went back.", "GET /nowhere", "GET /put"),
    ("became the request GET /put with the query a=1, with 2 headers.", "GET /put?a=1", "GET /put"),
    ("Of its body the app read nothing.", "GET /put", None),
    ("became current in the thread MainThread.", "GET /put", None),
    # the session
    ("No session cookie came in, so the session began empty.", "GET /look", "GET /look valid"),
    ("its signature holds (SECRET_KEY). The session has: user.", "GET /look valid", "GET /look forged"),
    ("was not accepted (forged): the session began empty.", "GET /look forged", "GET /look valid"),
    ("A session began: its cookie was set.", "GET /put", "GET /look"),
    # the match
    ("GET /page/3 fits the rule /page/<int:number>: endpoint page, with number=3.", "GET /page/3", "GET /page/4"),
    ("endpoint put, with no argument.", "GET /put", "GET /page/3"),
    ("No rule answers GET /nowhere: 404 Not Found.", "GET /nowhere", "GET /put"),
    ("fits no rule as it is, and another address does: 308 Permanent Redirect", "GET /slash", "GET /slash/"),
    # before
    (f"1 function ran before the view's turn: {NAME}early.", "GET /put", None),
    ("The last one raised an exception, so the view was not reached.", "GET /early", "GET /put"),
    ("The last one answered, so the view was not called.", "GET /closed", "GET /put"),
    (f"{NAME}early ran before the view's turn. What it returned is the answer.", "GET /closed", "GET /put"),
    (f"{NAME}early ran before the view's turn, and raised an exception.", "GET /early", "GET /closed"),
    # the view
    ("No rule fitted, so there was no view to call: NotFound was raised here.", "GET /page/abc", "GET /page/7"),
    ("No rule for /put takes DELETE, so there was no view to call: MethodNotAllowed", "DELETE /put", "GET /nowhere"),
    (
        "The match asked for 308 Permanent Redirect → http://localhost/slash/, so there was no view to call.",
        "GET /slash",
        "GET /nowhere",
    ),
    ("The app itself answered OPTIONS, not the view", "OPTIONS /put", "GET /put"),
    (f"The view was called: {NAME}page(number=3). It returned.", "GET /page/3", "GET /page/7"),
    (f"The view was called: {NAME}page(number=7). It raised NotFound (", "GET /page/7", "GET /page/3"),
    (f"This is the app's own code: {NAME}page(number=3). It returned.", "GET /page/3", "GET /nowhere"),
    # errors
    (f") went to the error handler {NAME}conflict.", "GET /conflict", "GET /nowhere"),
    (f"The error handler {NAME}conflict was called with Conflict (", "GET /conflict", "GET /gone"),
    (f"{NAME}gone, and raised an exception itself.", "GET /gone", "GET /conflict"),
    ("No error handler takes NotFound (", "GET /nowhere", "GET /conflict"),
    ("No error handler takes ZeroDivisionError (division by zero): it went on.", "GET /fails", "GET /gone"),
    ("Nobody handled ZeroDivisionError (division by zero), so that a plain page", "GET /fails", "GET /late"),
    ("Nobody handled LookupError (after all), so that a plain page", "GET /late", "GET /fails"),
    ("Nobody handled LookupError (after all), so that a plain page", "GET /conflict?late", "GET /conflict"),
    ("Nobody handled RuntimeError (the handler itself), so", "GET /gone", "GET /fails"),
    # the response
    (f"What {NAME}put returned became a response.", "GET /put", "GET /closed"),
    (f"What {NAME}early returned became a response.", "GET /closed", "GET /put"),
    (f"What the error handler {NAME}conflict returned became a response.", "GET /conflict", "GET /nowhere"),
    ("The error's own page became a response.", "GET /nowhere", "GET /put"),
    ("returned could not become a response: TypeError (", "GET /none", "GET /put"),
    # after, send, teardown
    (f"1 function saw the response: {NAME}late.", "GET /put", None),
    ("late. The last one raised an exception.", "GET /late", "GET /put"),
    ("late ran with the response.", "GET /put", None),
    ("200 OK and 2 headers went to the server, then 1 byte.", "GET /sql", "GET /put"),
    (f"1 teardown function ran: {NAME}down. The request is no longer current", "GET /put", None),
    (f"The teardown function {NAME}down was called.", "GET /put", None),
    # inside
    ("Jinja2 rendered <string> with", "GET /page/3", "GET /put"),
    ("The statement SELECT 1 went to the database.", "GET /sql", "GET /put"),
    ("A log record of the level WARNING was made: put it.", "GET /put", "GET /sql"),
    ("A piece of the body was made and handed to the server.", "GET /pieces", "GET /put"),
]


@pytest.mark.parametrize(("sentence", "true", "untrue"), SENTENCES)
def test_a_sentence_of_the_lesson_is_said_where_it_is_true_and_only_there(
    sentence: str, true: str, untrue: str | None, watched: tuple[App, XRay], cookies: dict[str, str]
) -> None:
    for asked, expected in ((true, True), (untrue, False)):
        if asked is not None:
            said = "\n".join(step.sentence for step in steps(sent(watched, asked, cookies)))
            assert (sentence in said) is expected, said


OPENINGS = [
    (
        "404, because none of 15 rules fits /page/abc; the nearest is /page/<int:number> (",
        "GET /page/abc", "GET /page/7",
    ),
    ("404, because NotFound (404 Not Found", "GET /page/7", "GET /page/abc"),
    ("405, because /put takes ", "DELETE /put", "GET /put"),
    (", and this was DELETE.", "DELETE /put", "GET /put"),
    ("308, because /slash is not the address of a page, and http://localhost/slash/ is.", "GET /slash", "GET /slash/"),
    (f"302: {NAME}<lambda>() sends the browser to /put.", "GET /away", "GET /put"),
    ("304, because the copy that the browser has is still the newest: its If-None-Match fits the ETag.",
     'GET /etag If-None-Match: "e"', 'GET /etag If-None-Match: "f"'),
    ("200: the static file shop.css, 7 bytes of text/css.", "GET /static/shop.css", "GET /put"),
    ("200: the app itself answered OPTIONS: ", "OPTIONS /put", "GET /put"),
    (f"200: /page/<int:number> fits, and {NAME}page(number=3) answered with 1 byte of text/html, with 1 template.",
     "GET /page/3", "GET /page/4"),
    ("answered with 1 byte of text/html, with 1 statement.", "GET /sql", "GET /page/3"),
    ("answered with 0 bytes of text/html", "HEAD /put", "GET /put"),
    ("400, because BadRequest (", "POST /field", "GET /put"),
    ("500, because ZeroDivisionError (division by zero) was raised in tests/xray/test_truth_of_lessons.py:",
     "GET /fails", "GET /late"),
    ("500, because LookupError (after all) was raised in", "GET /late", "GET /fails"),
    (f"403, because {NAME}early answered before the view (", "GET /closed", "GET /put"),
    ("409, because Conflict (", "GET /conflict", "GET /put"),
    (f" The error handler {NAME}conflict made the answer.", "GET /conflict", "GET /page/7"),
    (f" The error handler {NAME}conflict made the answer.", "GET /conflict", "GET /conflict?late"),
    ("500, because LookupError (after all) was raised in", "GET /conflict?late", "GET /conflict"),
    ("401, because Unauthorized (", "GET /guarded", "GET /nowhere"),
    ("none of 15 rules fits /nowhere", "GET /nowhere", "GET /guarded"),
    ("500, because RuntimeError (the handler itself) was raised in", "GET /gone", "GET /conflict"),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "true", "untrue"), OPENINGS)
def test_a_trace_begins_with_the_answer_in_one_sentence_that_is_true(
    sentence: str, true: str, untrue: str, watched: tuple[App, XRay], cookies: dict[str, str]
) -> None:
    for asked, expected in ((true, True), (untrue, False)):
        trace = sent(watched, asked, cookies)
        said = opening(trace, why.why(watched[0], trace.method, trace.path))
        assert (sentence in said) is expected, said


def test_the_page_and_the_lesson_begin_with_it_and_so_does_the_terminal(
    watched: tuple[App, XRay], cookies: dict[str, str]
) -> None:
    trace, reader = sent(watched, "GET /page/abc", cookies), Reader(watched[0])
    for page in (reader.get(f"t/{trace.id}").text, reader.get(f"t/{trace.id}/lesson.html").text):
        opened, staircase = page.index("none of 15 rules fits /page/abc"), page.index("App.__call__")
        assert opened < staircase and "<h1>" in page[:opened]
    lines = text.lines(trace, opening=opening(trace, why.why(watched[0], trace.method, trace.path)))
    assert "none of 15 rules fits /page/abc" in lines[1] and "App.__call__" not in "".join(lines[:2])


def test_no_sentence_has_a_secret(watched: tuple[App, XRay], cookies: dict[str, str]) -> None:
    trace = sent(watched, "GET /secret/abcdefgh12", cookies)
    assert "abcdefgh12" not in opening(trace) + " ".join(step.sentence for step in steps(trace))
    assert "abcdefgh12" not in Reader(watched[0]).get(f"t/{trace.id}").text


# -- the source that ran -----------------------------------------------------------------------------------------------


def of_view(trace: Trace) -> Step:
    return next(step for step in steps(trace) if step.title.startswith("view: xray."))


def test_sent_again_for_it_the_lines_that_ran_are_marked(watched: tuple[App, XRay], cookies: dict[str, str]) -> None:
    app, xray = watched
    first, reader = sent(watched, "GET /page/3", cookies), Reader(app)
    assert not of_view(first).ran and not first.lines
    answer = reader.post("replay", of=first.id, method="GET", path="/page/3", lines="1")
    again = xray.newest()
    assert again is not None and again.replay_of == first.id
    step = of_view(again)
    ran = [text.strip() for number, text in step.source if number in step.ran]
    assert "if number > 5:" in ran and "abort(404)" not in ran
    assert any(text.startswith("return render_template_string") for text in ran)
    page = reader.client.get(answer.location, environ_overrides=NEAR).text
    assert answer.location.endswith(f"/step/{step.number}") and "The lines marked with = ran." in page
    assert page.count('class="ran"') == len(ran)


def test_the_lines_of_the_framework_that_ran_are_marked_too(watched: tuple[App, XRay], cookies: dict[str, str]) -> None:
    app, xray = watched
    first = sent(watched, "GET /nothing", cookies)
    Reader(app).post("replay", of=first.id, method="GET", path="/nothing", lines="1")
    again = xray.newest()
    assert again is not None and not any(file.startswith("wsgiapp/xray/") for file in again.lines)
    ran = {step.title: [text.strip() for line, text in step.source if line in step.ran] for step in steps(again)}
    assert any(text.startswith("raise NotFound()") for text in ran["match: Map.find"])
    assert not any("return found" in text for text in ran["match: Map.find"])
    assert "self.raise_routing_exception(request)" in ran["view: App.dispatch_request"]
    assert not any(text.startswith("rv: ") for text in ran["view: App.dispatch_request"])


def test_where_lines_are_not_known_the_whole_function_is_shown_and_the_line_that_raised_is_marked(
    watched: tuple[App, XRay], cookies: dict[str, str]
) -> None:
    step = of_view(sent(watched, "GET /page/7", cookies))
    lines = dict(step.source)
    assert lines[step.line].strip() == "abort(404)" and "return render_template_string" in step.source[-1][1]
    assert of_view(sent(watched, "GET /page/3", cookies)).line == 0


def test_of_a_very_long_function_the_part_that_ran_is_shown(tmp_path: Path) -> None:
    body = "".join(f"    x = {number}\n" for number in range(300))
    file = tmp_path / "long_view.py"
    file.write_text(f"def long_view():\n{body}    raise LookupError('far down')\n")
    space: dict[str, Any] = {"__name__": "long_view"}
    exec(compile(file.read_text(), str(file), "exec"), space)
    app = App(__name__, static_folder=None)
    app.debug, app.config["PROPAGATE_EXCEPTIONS"] = True, False
    app.add_url_rule("/", "long", space["long_view"])
    xray = XRay(app)
    app.test_client().get("/", environ_overrides=NEAR)
    trace = xray.newest()
    assert trace is not None
    step = next(step for step in steps(trace) if "long_view" in step.title)
    assert len(step.source) == MAX_LINES and step.cut == 302 - MAX_LINES
    assert "far down" in dict(step.source)[step.line]
    assert "182 more lines" in Reader2(app, xray).get(f"t/{trace.id}/step/{step.number}")


class Reader2:
    """Whoever has the token of another X-ray."""

    def __init__(self, app: App, xray: XRay) -> None:
        self.client = app.test_client()
        self.client.get(f"/_xray/?token={xray.access.token}", environ_overrides=NEAR)

    def get(self, path: str) -> str:
        return self.client.get(f"/_xray/{path}", environ_overrides=NEAR).text


def test_signals_are_told_with_who_received_them(watched: tuple[App, XRay], cookies: dict[str, str]) -> None:
    def receive(sender: Any, **more: Any) -> None:
        """Listen."""

    with request_started.connected_to(receive, watched[0]):
        said = [step.sentence for step in steps(sent(watched, "GET /put", cookies))]
    heard = [sentence for sentence in said if sentence.startswith("The signal request_started was sent to ")]
    assert heard and "receive" in heard[0]
    assert not [step for step in steps(sent(watched, "GET /put", cookies)) if "request_started" in step.sentence]
