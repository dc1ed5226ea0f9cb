"""The staircase: every layer of the road is seen, with what it did, and the app is none the wiser."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from werkzeug.routing import Rule

from behaviour.support import frozen_time
from servers import ROOT
from wsgiapp import (
    App,
    Blueprint,
    abort,
    copy_current_request_context,
    g,
    make_response,
    redirect,
    render_template_string,
    request,
    session,
    stream_with_context,
)
from wsgiapp.dispatch import LIFECYCLE
from wsgiapp.sessions import SecureCookieSessionInterface, SessionInterface
from wsgiapp.signals import request_started
from wsgiapp.views import MethodView
from wsgiapp.xray import XRay
from wsgiapp.xray.trace import Span, Trace

HERE = "tests/xray/test_record.py"


def watched(**config: Any) -> tuple[App, XRay]:
    app = App(__name__, static_folder=None)
    app.secret_key = "a-secret-key-of-the-tests"
    app.testing = True
    app.config.update(config)
    return app, XRay(app)


def seen(app: App, xray: XRay, path: str = "/", **options: Any) -> Trace:
    response = app.test_client().open(path, **options)
    response.get_data()
    response.close()
    trace = xray.newest()
    assert trace is not None
    return trace


def find(trace: Trace, kind: str, name: str = "") -> Span:
    found = [span for span in trace.spans if span.kind == kind and name in span.name]
    assert found, f"no {kind} {name!r} in {[(span.kind, span.name) for span in trace.spans]}"
    return found[0]


def test_every_layer_of_the_road_is_seen_in_its_order() -> None:
    app, xray = watched()
    app.before_request(lambda: None)
    app.after_request(lambda response: response)
    app.teardown_request(lambda error: None)

    @app.get("/")
    def index() -> str:
        session["seen"] = True
        abort(418)

    app.register_error_handler(418, lambda error: ("tea", 418))
    trace = seen(app, xray)
    layers = [span.layer for span in trace.spans if span.kind == "layer"]
    assert set(layers) == {layer.name for layer in LIFECYCLE}
    first = list(dict.fromkeys(layers))
    order = [layer.name for layer in LIFECYCLE]
    order.remove("session")  # opened when the view touches it
    order.insert(order.index("view") + 1, "session")
    assert first == order


def test_each_step_lies_within_the_whole_and_begins_after_the_one_before() -> None:
    app, xray = watched()
    app.add_url_rule("/", "index", lambda: "hello")
    trace = seen(app, xray)
    starts = [span.start for span in trace.spans]
    assert starts == sorted(starts)
    for span in trace.spans:
        assert 0 <= span.cpu <= span.wall <= trace.wall
        if span.parent is not None:
            around = trace.spans[span.parent]
            assert around.start <= span.start and span.start + span.wall <= around.start + around.wall + 0.001


def test_functions_are_named_with_the_place_where_they_are_written() -> None:
    app, xray = watched()

    @app.before_request
    def look() -> None:
        g.looked = True

    @app.get("/items/<int:number>")
    def item(number: int) -> str:
        return f"item {number}"

    trace = seen(app, xray, "/items/7")
    hook, view = find(trace, "hook", "look"), find(trace, "view", "item")
    assert hook.where.startswith(f"{HERE}:") and hook.layer == "before"
    assert view.where == trace.match.where
    match = trace.match
    assert (match.rule, match.endpoint, match.arguments) == ("/items/<int:number>", "item", {"number": "7"})
    assert match.by == "tables" and match.methods == ("GET", "HEAD", "OPTIONS")
    assert find(trace, "layer", "App.dispatch_request").where.startswith("wsgiapp/dispatch.py:")


def test_a_class_based_view_is_named_by_its_class() -> None:
    class Item(MethodView):
        def get(self) -> str:
            return "item"

    app, xray = watched()
    app.add_url_rule("/", view_func=Item.as_view("item"))
    trace = seen(app, xray)
    assert find(trace, "view").name.endswith("Item") and trace.match.where.startswith(f"{HERE}:")


def test_a_rule_that_the_tables_do_not_know_is_found_by_werkzeug() -> None:
    app, xray = watched()
    app.url_map.strict_slashes = False
    app.url_map.add(Rule("/lenient/", endpoint="lenient", redirect_to="/"))
    app.add_url_rule("/", "index", lambda: "hello")
    trace = seen(app, xray, "/lenient/")
    assert trace.match.by == "Werkzeug" and trace.match.refused.startswith("308")


def test_computing_and_waiting_are_told_apart() -> None:
    app, xray = watched()

    @app.get("/")
    def index() -> str:
        time.sleep(0.05)
        until = time.thread_time() + 0.03
        while time.thread_time() < until:
            pass
        return "done"

    view = find(seen(app, xray), "view")
    assert view.wall >= 80
    assert 28 <= view.cpu <= view.wall - 45


def test_templates_show_their_context_but_no_secret() -> None:
    app, xray = watched()

    @app.get("/")
    def index() -> str:
        return render_template_string("{{ name }} {{ rows|length }}", name="Lamp", rows=[1, 2], password="hunter2")

    template = find(seen(app, xray), "template")
    assert template.detail["context"]["name"] == "'Lamp'"
    assert "hunter2" not in str(template)
    assert template.layer == "view"


def test_nothing_foreign_is_printed_by_its_own_repr() -> None:
    class Trap:
        def __repr__(self) -> str:
            raise AssertionError("its repr was called")

    app, xray = watched()

    @app.get("/")
    def index() -> str:
        return render_template_string("x", trap=Trap(), traps=[Trap()])

    assert "Trap" in find(seen(app, xray), "template").detail["context"]["trap"]


def test_sql_statements_are_timed_with_the_line_that_sent_them() -> None:
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.NullPool)
    app, xray = watched()

    @app.get("/")
    def index() -> str:
        with engine.connect() as connection:
            statement = sqlalchemy.text("SELECT :name AS name, :password AS secret")
            connection.execute(statement, {"name": "Lamp", "password": "hunter2"})
        return "done"

    trace = seen(app, xray)
    sql = find(trace, "sql")
    assert sql.name.startswith("SELECT") and sql.where.startswith(f"{HERE}:") and sql.wall > 0
    assert sql.detail["parameters"]["name"] == "'Lamp'"
    assert "hunter2" not in str(trace)


def test_a_statement_that_fails_says_why() -> None:
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.NullPool)
    app, xray = watched()

    @app.get("/")
    def index() -> str:
        with engine.connect() as connection, pytest.raises(sqlalchemy.exc.OperationalError):
            connection.execute(sqlalchemy.text("SELECT * FROM nowhere"))
        return "done"

    assert any("no such table" in sentence for sentence in find(seen(app, xray), "sql").did)


def test_log_records_and_signals_are_seen() -> None:
    app, xray = watched()
    heard = []

    def listen(sender: Any, **extra: Any) -> None:
        heard.append(sender)

    @app.get("/")
    def index() -> str:
        logging.getLogger("shop").warning("stock of %s is low", "Lamp")
        return "done"

    with request_started.connected_to(listen, app):
        trace = seen(app, xray)
    log, signal = find(trace, "log"), find(trace, "signal")
    assert log.name == "stock of Lamp is low" and log.detail["level"] == "WARNING" and log.layer == "view"
    assert signal.name == "request_started" and "listen" in signal.detail["receivers"][0]
    assert heard == [app] and trace.signals == ("request_started",)


def test_headers_are_blamed_on_whoever_set_them() -> None:
    app, xray = watched()

    @app.get("/")
    def index() -> Any:
        session["n"] = 1
        return "hello", 200, {"X-View": "1", "X-Twice": "view"}

    @app.after_request
    def mark(response: Any) -> Any:
        response.headers["X-Hook"] = "2"
        response.headers["X-Twice"] = "hook"
        return response

    headers = {header.name: header for header in seen(app, xray).sent_headers}
    assert headers["X-View"].layer == "view" and headers["X-View"].by.endswith("index")
    assert headers["X-Hook"].layer == "after" and headers["X-Hook"].by.endswith("mark")
    assert headers["X-Twice"].by.endswith("mark") and headers["X-Twice"].before[0][:2] == ("view", "view")
    assert headers["Content-Type"].layer == "response"
    assert headers["Set-Cookie"].layer == "save" and headers["Vary"].layer == "save"
    assert all(header.where and header.by for header in headers.values())


def test_headers_of_hooks_handlers_sessions_and_the_framework_are_told_apart() -> None:
    app, xray = watched()

    def early() -> Any:
        return ("early", 200, {"X-Early": "1"}) if request.path == "/early" else None

    def lost(error: Any) -> Any:
        session["lost"] = True
        return "lost", 404, {"X-Lost": "1"}

    def mark(response: Any) -> Any:
        response.headers.pop("X-Gone", None)
        return response

    app.before_request(early)
    app.after_request(mark)
    app.register_error_handler(404, lost)
    app.add_url_rule("/", "index", lambda: make_response("x", {"X-Gone": "1", "X-Stays": "1"}))
    assert blame(seen(app, xray, "/early"))["X-Early"] == ("before", "early")
    by = blame(seen(app, xray, "/no"))
    assert by["X-Lost"] == ("errors", "lost") and by["Set-Cookie"] == ("save", "save_session")
    assert by["Content-Type"] == ("response", "make_response") and by["Content-Length"][0] in ("response", "send")
    trace = seen(app, xray)
    assert blame(trace)["X-Stays"] == ("view", "<lambda>") and "X-Gone" not in blame(trace)
    assert "Removed X-Gone" in find(trace, "hook", "mark").did


def blame(trace: Trace) -> dict[str, tuple[str, str]]:
    """For each header sent, the layer and the function that set it."""
    return {header.name: (header.layer, header.by.rpartition(".")[2]) for header in trace.sent_headers}


@pytest.mark.parametrize("path", ["/text", "/response", "/redirect", "/error", "/nowhere", "/stream", "/json", "/hook"])
def test_no_header_is_of_unknown_origin(path: str) -> None:
    app, xray = watched()
    app.before_request(lambda: make_response("answered", 200) if request.path == "/hook" else None)
    app.add_url_rule("/text", "text", lambda: "text")
    app.add_url_rule("/response", "response", lambda: make_response("x", 200, {"X-A": "1"}))
    app.add_url_rule("/redirect", "redirect", lambda: redirect("/text"))
    app.add_url_rule("/stream", "stream", lambda: (chunk for chunk in ("a", "b")))
    app.add_url_rule("/json", "json", lambda: {"a": 1})
    app.add_url_rule("/error", "error", lambda: abort(403))
    trace = seen(app, xray, path)
    assert trace.sent_headers
    for header in trace.sent_headers:
        assert header.layer in {layer.name for layer in LIFECYCLE} and header.by and header.where, header


def test_the_session_cookie_is_shown_before_and_after() -> None:
    app, xray = watched()

    @app.get("/")
    def index() -> str:
        session["count"] = session.get("count", 0) + 1
        session["password"] = "hunter2"
        return "counted"

    client = app.test_client()
    client.get("/")
    client.get("/")
    trace = xray.newest()
    assert trace is not None and trace.session.before is not None and trace.session.after is not None
    assert trace.session.before.signature == "valid" and trace.session.before.key == "SECRET_KEY"
    assert trace.session.before.data["count"] == 1 and trace.session.after.data["count"] == 2
    assert trace.session.changed["changed"] == ("count",)
    assert "hunter2" not in str(trace) and "a-secret-key-of-the-tests" not in str(trace)


@pytest.mark.parametrize(
    ("key", "age", "signature", "by"),
    [
        ("a-secret-key-of-the-tests", 0, "valid", "SECRET_KEY"),
        ("the-key-of-last-year", 0, "valid", "SECRET_KEY_FALLBACKS[0]"),
        ("a-secret-key-of-the-tests", 40 * 86_400, "expired", "SECRET_KEY"),
        ("the-key-of-someone-else", 0, "forged", ""),
    ],
)
def test_the_cookie_that_came_in_is_judged(key: str, age: int, signature: str, by: str) -> None:
    app, xray = watched(SECRET_KEY_FALLBACKS=["the-key-of-last-year"])
    app.add_url_rule("/", "index", lambda: str(session.get("n")))
    other, _ = watched()
    other.secret_key = key
    with frozen_time(int(time.time()) - age):
        value = other.session_interface.get_signing_serializer(other).dumps({"n": 7})  # type: ignore[attr-defined]
    client = app.test_client()
    client.set_cookie("session", value)
    answered = client.get("/").text
    trace = xray.newest()
    assert trace is not None and trace.session.before is not None
    assert (trace.session.before.signature, trace.session.before.key) == (signature, by)
    assert trace.session.before.data == {"n": 7} and answered == ("7" if signature == "valid" else "None")
    assert trace.session.before.size == len(f"session={value}") and trace.session.before.limit == 4093
    assert key not in str(trace) and value not in str(trace)


def test_an_untouched_session_is_said_to_be_untouched() -> None:
    app, xray = watched()
    app.add_url_rule("/", "index", lambda: "hello")
    assert "nobody touched" in seen(app, xray).session.note


def test_an_exception_is_shown_with_its_frames_and_its_handler() -> None:
    app, xray = watched()

    @app.get("/")
    def index() -> str:
        raise LookupError("no such lamp")

    @app.errorhandler(LookupError)
    def lost(error: LookupError) -> tuple[str, int]:
        return str(error), 404

    trace = seen(app, xray)
    (failure,) = trace.failures
    assert (failure.kind, failure.message) == ("LookupError", "no such lamp")
    assert failure.where.startswith(f"{HERE}:") and failure.frames[-1][2] == 'raise LookupError("no such lamp")'
    assert find(trace, "handler", "lost").layer == "errors"


def test_an_exception_that_nobody_handles_ends_the_recording_too() -> None:
    app, xray = watched()
    app.add_url_rule("/", "index", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        app.test_client().get("/")
    trace = xray.newest()
    assert trace is not None and trace.status == "" and trace.failures[0].kind == "ZeroDivisionError"


@pytest.mark.parametrize(
    ("path", "handlers", "failures"),
    [
        ("/key", {}, [("KeyError", "")]),
        ("/key", {500: "last"}, [("KeyError", "last")]),
        ("/404", {500: "last"}, [("werkzeug.exceptions.NotFound", "")]),
        ("/404", {404: "broken", 500: "last"}, [("werkzeug.exceptions.NotFound", ""), ("RuntimeError", "last")]),
    ],
)
def test_each_failure_is_said_once_with_the_handler_that_answered_it(
    path: str, handlers: dict[int, str], failures: list[tuple[str, str]]
) -> None:
    def broken(error: Any) -> Any:
        raise RuntimeError("the handler itself")

    def last(error: Any) -> Any:
        return "sorry", 500

    app, xray = watched(PROPAGATE_EXCEPTIONS=False)
    app.after_request(lambda response: response)
    app.add_url_rule("/<kind>", "fail", lambda kind: {}[kind] if kind == "key" else abort(int(kind)))
    for code, name in handlers.items():
        app.register_error_handler(code, {"broken": broken, "last": last}[name])
    assert [(each.kind, each.handled.rpartition(".")[2]) for each in seen(app, xray, path).failures] == failures


def test_an_error_in_the_midst_of_a_stream_is_seen() -> None:
    app, xray = watched()

    def pieces() -> Any:
        yield "one"
        raise LookupError("no more")

    app.add_url_rule("/", "index", pieces)
    response = app.test_client().get("/", buffered=False)
    with pytest.raises(LookupError):
        response.get_data()
    response.close()
    trace = xray.newest()
    assert trace is not None and trace.status_code == 200 and trace.sent_body.kept == b"one"
    assert [(each.kind, each.message) for each in trace.failures] == [("LookupError", "no more")]


def test_a_streamed_answer_is_followed_to_its_end() -> None:
    app, xray = watched()
    ended = []
    app.teardown_request(lambda error: ended.append("torn down"))

    @app.get("/")
    def index() -> Any:
        @stream_with_context
        def pieces() -> Any:
            for number in range(3):
                logging.getLogger("stream").warning("piece %d of %s", number, request.path)
                yield f"piece {number}"

        return pieces()

    trace = seen(app, xray)
    assert trace.sent_body.chunks == (7, 7, 7) and trace.sent_body.kept == b"piece 0piece 1piece 2"
    assert [span.name for span in trace.of_kind("log")] == [f"piece {number} of /" for number in range(3)]
    assert ended == ["torn down"] and find(trace, "teardown")


def test_what_was_too_much_to_keep_is_said() -> None:
    app, xray = watched()

    @app.get("/")
    def index() -> Any:
        for number in range(2_100):
            logging.getLogger("many").debug("record %d", number)
        return iter(["x"] * 1_100)

    logging.getLogger("many").setLevel(logging.DEBUG)
    trace = seen(app, xray)
    assert len(trace.of_kind("log")) <= 2_000 and trace.sent_body.size == 1_100
    assert ["first 2,000 events" in trace.notes[0], "first 1,000 pieces" in trace.notes[1]] == [True, True]


def test_what_the_app_reads_of_a_body_is_seen_in_pieces() -> None:
    app, xray = watched()

    @app.post("/")
    def index() -> str:
        return f"{request.stream.read(4)!r} {request.stream.read()!r}"

    trace = seen(app, xray, "/", method="POST", data=b"abcdefgh")
    assert trace.body.kept == b"abcdefgh" and trace.body.size == 8 and trace.body.chunks[0] == 4


@pytest.mark.raw_wsgi  # the validator's stream has no readinto
@pytest.mark.parametrize("way", ["read", "read1", "readline", "readlines", "readinto", "__iter__"])
def test_a_body_is_seen_by_whatever_way_the_server_lets_it_be_read(way: str) -> None:
    app, xray = watched()

    @app.post("/")
    def index() -> str:
        stream, buffer = request.environ["wsgi.input"], bytearray(20)
        read = getattr(stream, way)
        found = read(buffer) if way == "readinto" else [*read()] if way in ("__iter__", "readlines") else read()
        return str(found)

    trace = seen(app, xray, "/", method="POST", data=b"one\ntwo\n")
    assert trace.body.kept == (b"one\n" if way == "readline" else b"one\ntwo\n")
    assert seen(app, xray, "/", method="POST", data=b"").body.size == 0


def test_a_body_that_nobody_read_is_said_to_be_unread() -> None:
    app, xray = watched()
    app.add_url_rule("/", "index", lambda: "ignored", methods=["POST"])
    assert "read 0 of 5 bytes" in seen(app, xray, "/", method="POST", data=b"abcde").body.note


def test_a_file_that_the_server_sends_is_left_to_the_server(tmp_path: Path) -> None:
    from wsgiref.util import FileWrapper

    (tmp_path / "big.bin").write_bytes(b"x" * 200_000)
    app = App(__name__, static_folder=str(tmp_path), static_url_path="/files")
    app.testing = True
    xray = XRay(app, static=True)
    response = app.test_client().get("/files/big.bin", environ_overrides={"wsgi.file_wrapper": FileWrapper})
    assert len(response.data) == 200_000
    trace = xray.newest()
    assert trace is not None and trace.status_code == 200


def test_thread_and_context_variables_are_named() -> None:
    app, xray = watched()
    app.add_url_rule("/", "index", lambda: "hello")
    results: list[Trace] = []
    worker = threading.Thread(target=lambda: results.append(seen(app, xray)), name="worker-7")
    worker.start()
    worker.join()
    assert results[0].thread.name == "worker-7" and results[0].thread.ident and results[0].thread.process == os.getpid()
    assert results[0].thread.gil == getattr(sys, "_is_gil_enabled", lambda: True)()
    assert {"wsgiapp.app_ctx", "wsgiapp.request_ctx"} <= set(results[0].thread.variables)


def test_requests_of_several_threads_are_kept_apart() -> None:
    app, xray = watched()

    @app.get("/<name>")
    def index(name: str) -> str:
        logging.getLogger("apart").warning("in %s", name)
        time.sleep(0.01)
        return name

    threads = [threading.Thread(target=lambda n=n: app.test_client().get(f"/t{n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    traces = xray.traces()
    assert len(traces) == 8
    for trace in traces:
        assert [span.name for span in trace.of_kind("log")] == [f"in {trace.path[1:]}"]


def test_a_request_within_a_request_is_a_recording_of_its_own() -> None:
    app, xray = watched()
    app.add_url_rule("/inner", "inner", lambda: "inner")
    app.add_url_rule("/outer", "outer", lambda: app.test_client().get("/inner").text + " and outer")
    trace = seen(app, xray, "/outer")
    assert [entry.path for entry in xray.traces()] == ["/outer", "/inner"]
    assert len([span for span in trace.spans if span.name == "App.dispatch_request"]) == 1
    assert trace.sent_body.kept == b"inner and outer"


def test_work_in_another_thread_with_a_copied_context_goes_unharmed() -> None:
    app, xray = watched()
    results: list[str] = []

    @app.get("/")
    def index() -> str:
        @copy_current_request_context
        def work() -> None:
            results.append(request.path)

        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
        return "done"

    assert seen(app, xray).status_code == 200 and results == ["/"]


def test_a_session_interface_given_later_is_watched_as_well() -> None:
    class Memory(SessionInterface):
        data: dict[str, Any] = {}

        def open_session(self, app: Any, request: Any) -> Any:
            from wsgiapp.sessions import SecureCookieSession

            return SecureCookieSession(self.data)

        def save_session(self, app: Any, session: Any, response: Any) -> None:
            response.headers["X-Saved"] = "yes"

    app, xray = watched()
    app.add_url_rule("/", "index", lambda: "hello")
    seen(app, xray)
    app.session_interface = Memory()
    trace = seen(app, xray)
    assert find(trace, "layer", "SessionInterface.save_session").where.startswith(HERE)
    assert {header.name: header.layer for header in trace.sent_headers}["X-Saved"] == "save"
    assert trace.session.interface.endswith("Memory")


def test_hooks_of_nested_blueprints_are_seen_in_their_true_order() -> None:
    app, xray = watched()
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)

    def named(name: str) -> Any:
        def hook(*args: Any) -> Any:
            return args[0] if args else None

        hook.__qualname__ = name
        return hook

    app.before_request(named("app_before"))
    outer.before_request(named("outer_before"))
    inner.before_request(named("inner_before"))
    app.after_request(named("app_after"))
    inner.after_request(named("inner_after"))
    inner.add_url_rule("/", "view", lambda: "hello")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    names = [span.name.rpartition(".")[2] for span in seen(app, xray).of_kind("hook")]
    assert names == ["app_before", "outer_before", "inner_before", "inner_after", "app_after"]


def test_taken_off_again_the_app_is_what_it_was() -> None:
    app = App(__name__)
    app.testing = True
    app.add_url_rule("/", "index", lambda: "hello")
    interface = app.session_interface
    before = {name: value for name, value in app.__dict__.items() if name != "extensions"}
    before_interface = dict(interface.__dict__)
    xray = XRay(app)
    app.test_client().get("/")
    assert len(xray.ring) == 1
    xray.remove()
    after = {name: value for name, value in app.__dict__.items() if name not in ("extensions", "_got_first_request")}
    after.pop("jinja_env", None)
    assert {name for name in after if after[name] is not before.get(name)} <= {"name", "cli", "logger"}
    assert interface.__dict__ == before_interface and "find" not in app.url_map.__dict__
    assert isinstance(app.session_interface, SecureCookieSessionInterface) and app.session_interface.lazy_open
    app.test_client().get("/")
    assert len(xray.ring) == 1


def test_an_interface_that_two_apps_share_stays_watched_for_the_other_one() -> None:
    (first, one), (second, two) = watched(), watched()
    assert first.session_interface is second.session_interface
    for app in (first, second):
        app.add_url_rule("/", "index", lambda: str(session.get("n")))
    seen(first, one)
    seen(second, two)
    one.remove()
    assert find(seen(second, two), "layer", "SessionInterface.open_session")


def test_an_app_has_one_xray() -> None:
    app, _ = watched()
    with pytest.raises(RuntimeError, match="has an X-ray already"):
        XRay(app)


def test_a_python_without_a_clock_of_a_threads_computing_says_so_and_records() -> None:
    """As Python for WebAssembly may be: the framework and the X-ray are loaded without ``time.thread_time_ns``."""
    code = (
        "import time\ndel time.thread_time_ns\nfrom wsgiapp import App\nfrom wsgiapp.xray import XRay\n"
        "from wsgiapp.xray.show import text\napp = App('clockless')\napp.testing = True\n"
        "app.add_url_rule('/', 'index', lambda: 'hello')\nxray = XRay(app)\n"
        "assert app.test_client().get('/').text == 'hello'\ntrace = xray.newest()\n"
        "assert trace.thread.has_cpu_clock is False and trace.cpu > 0\nprint(text.lines(trace)[0])\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert (
        "this Python has no time.thread_time_ns to tell which" in shown.stdout and "of them waiting" not in shown.stdout
    )
