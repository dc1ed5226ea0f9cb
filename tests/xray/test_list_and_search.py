"""What one looks for is found: the list and its search, places of source, threads, and requests that still run."""

from __future__ import annotations

import contextvars
import gc
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import create_environ

from wsgiapp import App, render_template_string
from wsgiapp.xray import XRay
from wsgiapp.xray.objects.locations import full, short
from wsgiapp.xray.show import text

from .support import NEAR, TOKEN, Reader, send, watched_app

log = logging.getLogger("found")


@pytest.fixture
def with_static(tmp_path: Path) -> Path:
    (tmp_path / "a.css").write_text("a {}")
    return tmp_path


@pytest.mark.parametrize("kept", [False, True])
def test_static_files_have_no_room_in_the_list_unless_they_are_wanted(with_static: Path, kept: bool) -> None:
    app = App(__name__, static_folder=with_static, static_url_path="/static")
    app.debug = True
    xray = XRay(app, static=kept)
    found = app.test_client().get("/static/a.css", environ_overrides=NEAR)
    missing = app.test_client().get("/static/none.css", environ_overrides=NEAR)
    found.close()
    assert (found.status_code, missing.status_code) == (200, 404)
    assert {trace.path for trace in xray.traces()} == {"/static/none.css", *["/static/a.css"] * kept}
    assert ("X-Xray" in found.headers) is kept and "X-Xray" in missing.headers


@pytest.mark.parametrize(
    ("words", "paths"),
    [("", ["/fails", "/tea", "/api"]), ("500", ["/fails"]), ("zerodivision", ["/fails"]), ("get /t", ["/tea"]),
     ("API 200", ["/api"]), ("api 404", [])],
)  # fmt: skip
def test_the_list_is_searched_by_words_that_must_all_be_there(words: str, paths: list[str]) -> None:
    app, xray = watched_app()
    for path in ("/api", "/tea", "/fails"):
        send(app, xray, path)
    page = Reader(app).get("", query_string={"q": words}).text
    rows = page.partition("<tbody>")[2]
    assert [path for path in ("/fails", "/tea", "/api") if f'<span class="path">{path}</span>' in rows] == paths
    assert ("has all of these words" in page) is (paths == [])


def test_the_newest_page_is_named_before_what_came_after_it() -> None:
    app, xray = watched_app()
    page = send(app, xray, "/page/x")
    for path in ("/api", "/away"):
        send(app, xray, path)
    shown = Reader(app).get("").text
    assert f'The newest page: <a href="/_xray/t/{page.id}">' in shown


def test_empty_panels_are_one_line_each_and_full_ones_are_not() -> None:
    app, xray = watched_app()
    for path, empty in (("/api", ["session", "template", "sql"]), ("/page/x", [])):
        shown = Reader(app).get(f"t/{send(app, xray, path).id}").text.replace("\n", "")
        folded = [name for name in ("session", "template", "sql") if f'<section id="{name}" class="empty">' in shown]
        assert folded == [name for name in empty if name != "sql"], path  # a line of the log stands there


def test_the_contents_of_a_page_stay_in_view_on_a_narrow_window_too() -> None:
    styles = (Path(text.__file__).parent / "static" / "xray.css").read_text(encoding="utf-8")
    assert styles.count(".panels {") == 1 and "position: sticky" in styles.partition(".panels {")[2].partition("}")[0]


def test_a_place_is_told_from_the_package_on_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "lib" / "site-packages" / "little" / "inner"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").write_text("")
    monkeypatch.chdir("/")
    assert short(str(package / "__init__.py")) == "little/inner/__init__.py"
    assert full("little/inner/__init__.py") == str(package / "__init__.py")
    assert "site-packages" not in short(pytest.__file__) and short(pytest.__file__) == "pytest/__init__.py"


def test_a_long_place_loses_whole_folders_in_a_terminal() -> None:
    app, xray = watched_app()
    trace = send(app, xray, "/api")
    (view,) = trace.of_kind("view")
    long = "a_rather_long_package/another_folder/of_it/module.py:120"
    object.__setattr__(view, "where", long)
    shown = "\n".join(text.lines(trace, text.Style(width=200)))
    assert "…/another_folder/of_it/module.py:120" in shown and "package/another" not in shown


def in_thread(function: Any) -> threading.Thread:
    """A thread with a copy of this context, as Python 3.14 may make each."""
    thread = threading.Thread(target=contextvars.copy_context().run, args=(function,), name="the-other")
    thread.start()
    return thread


def test_what_another_thread_does_with_the_requests_context_is_named_by_the_thread() -> None:
    app = App(__name__)
    app.debug = True

    @app.get("/")
    def index() -> str:
        in_thread(lambda: log.warning("from beside")).join()
        log.warning("from here")
        return "ok"

    xray = XRay(app)
    trace = send(app, xray, "/")
    beside, here = [next(s for s in trace.of_kind("log") if s.name == f"from {place}") for place in ("beside", "here")]
    assert beside.did == ("In the thread the-other, beside the request.",) and beside.parent == 0
    assert here.did == () and here.layer == "view"


def test_a_thread_that_outlives_its_request_adds_nothing_to_what_has_ended() -> None:
    app, ended, threads = App(__name__), threading.Event(), []
    app.debug = True

    def later() -> None:
        ended.wait(5)
        log.warning("too late")
        render_template_string("{{ password }}", password="Too-late-77")

    @app.get("/")
    def index() -> str:
        threads.append(in_thread(later))
        return "ok"

    xray = XRay(app)
    send(app, xray, "/")
    (recording,) = xray.ring
    before = repr(vars(recording))
    ended.set()
    threads[0].join()
    assert repr(vars(recording)) == before and recording.secrets is None


def test_a_request_that_still_runs_is_named_with_its_thread_and_its_time() -> None:
    app, begun, go = App(__name__), threading.Event(), threading.Event()
    app.debug = True

    @app.get("/slow")
    def slow() -> str:
        begun.set()
        go.wait(5)
        return "ok"

    xray = XRay(app, token=TOKEN)
    reader = Reader(app)
    thread = threading.Thread(target=lambda: app.test_client().get("/slow?token=hidden"), name="the-slow-one")
    thread.start()
    begun.wait(5)
    page = reader.get("").text
    go.set()
    thread.join()
    assert "Still running" in page and "<code>the-slow-one</code>" in page and "/slow" in page and "hidden" not in page
    assert "Still running" not in reader.get("").text and xray.running() == []


def test_an_answer_that_is_never_closed_is_not_kept_by_the_list_of_what_runs() -> None:
    app = App(__name__)
    app.debug = True
    app.add_url_rule("/", "index", lambda: iter(["a", "b"]))
    xray = XRay(app)
    for _ in range(3):
        next(iter(app(create_environ(), lambda *_: None)))
    gc.collect()
    assert xray.running() == []


def test_a_request_that_is_not_kept_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser may follow the link in an answer before the server is done with the request."""
    app, xray = watched_app()
    add, arrived, go_on = xray.ring.add, threading.Event(), threading.Event()
    held: list[Any] = []

    def late(recording: Any) -> None:
        held.append(recording)
        arrived.set()
        go_on.wait(5)
        add(recording)

    monkeypatch.setattr(xray.ring, "add", late)
    answering = threading.Thread(target=lambda: app.test_client().get("/", environ_overrides=NEAR))
    answering.start()
    assert arrived.wait(5)
    threading.Timer(0.1, go_on.set).start()
    found = xray.get(held[0].id)
    answering.join()
    assert found is not None and found.path == "/"
    assert xray.get("no-such-id") is None and xray.running() == []
