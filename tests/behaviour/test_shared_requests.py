"""Who shares a request: streams and whoever iterates over them, copied contexts and the request that they came from."""

import contextvars
import gc
import io
import threading
import warnings
import weakref
from typing import Any

import pytest
from werkzeug.test import create_environ

import wsgiapp
from wsgiapp import App

WORD: contextvars.ContextVar[str] = contextvars.ContextVar("word", default="unset")


@pytest.mark.parametrize("where", ["later in the view", "in after_request"])
def test_stream_sees_a_variable_that_was_set_after_the_stream_was_made(framework: Any, where: str) -> None:
    app = framework.App(__name__)

    @app.get("/")
    def view() -> Any:
        stream = framework.stream_with_context(WORD.get() for _ in range(1))
        if where == "later in the view":
            WORD.set("set")
        return framework.Response(stream)

    @app.after_request
    def after(response: Any) -> Any:
        if where == "in after_request":
            WORD.set("set")
        return response

    assert contextvars.copy_context().run(lambda: app.test_client().get("/").text) == "set"


def test_teardown_sees_a_variable_that_the_stream_set() -> None:
    # On Flask the teardown runs before the first chunk, so there is nothing to compare with.
    app, seen = App(__name__), []
    app.teardown_request(lambda error: seen.append(WORD.get()))

    @app.get("/")
    def view() -> Any:
        def parts() -> Any:
            WORD.set("by the stream")
            yield "x"

        return wsgiapp.Response(wsgiapp.stream_with_context(parts()))

    contextvars.copy_context().run(lambda: app.test_client().get("/").get_data())
    assert seen == ["by the stream"]


def test_context_that_a_stream_pushes_lasts_from_one_chunk_to_the_next() -> None:
    app, inner = App("outer"), App("inner")

    @app.get("/")
    def view() -> Any:
        def parts() -> Any:
            with inner.app_context():
                yield wsgiapp.current_app.name
                yield wsgiapp.current_app.name
            yield wsgiapp.current_app.name

        return wsgiapp.Response(wsgiapp.stream_with_context(parts()))

    assert app.test_client().get("/").text == "innerinnerouter"


def upload(app: App) -> Any:
    return app.test_client().post("/", data={"file": (io.BytesIO(b"content"), "name.txt")})


def test_function_that_ends_in_a_thread_leaves_the_files_of_the_request_open() -> None:
    app = App(__name__)

    @app.post("/")
    def view() -> str:
        file = wsgiapp.request.files["file"]
        thread = threading.Thread(target=wsgiapp.copy_current_request_context(lambda: wsgiapp.request.path))
        thread.start()
        thread.join()
        assert wsgiapp.request.environ["werkzeug.request"] is not None
        return file.read().decode()

    assert upload(app).text == "content"


def test_request_that_ends_first_leaves_the_files_open_for_the_thread() -> None:
    app, ended, read, kept = App(__name__), threading.Event(), [], []

    @app.post("/")
    def view() -> str:
        file = wsgiapp.request.files["file"]
        kept.append(file.stream)

        @wsgiapp.copy_current_request_context
        def work() -> None:
            ended.wait(10)
            read.append(wsgiapp.request.files["file"].read())

        kept.append(threading.Thread(target=work))
        kept[1].start()
        return ""

    upload(app)
    assert not kept[0].closed
    ended.set()
    kept.pop().join()
    gc.collect()
    assert read == [b"content"] and kept[0].closed


def test_copy_that_never_runs_lets_go_of_the_files_when_it_is_forgotten() -> None:
    app, kept = App(__name__), []

    @app.post("/")
    def view() -> str:
        kept.append(wsgiapp.request.files["file"].stream)
        kept.append(wsgiapp.copy_current_request_context(lambda: None))
        return ""

    upload(app)
    assert not kept[0].closed
    kept.pop()
    gc.collect()
    assert kept[0].closed


def test_copied_context_that_is_used_twice_leaves_the_request_open() -> None:
    data = {"photo": (io.BytesIO(b"..."), "a.png")}
    with App(__name__).test_request_context("/", method="POST", data=data) as context:
        file = context.request.files["photo"]
        copy = context.copy()
        for _ in range(2):
            with copy:
                pass
        assert not file.closed
        assert context.request.environ["werkzeug.request"] is context.request
    assert file.closed
    assert context.request.environ["werkzeug.request"] is None


def test_copied_context_of_a_subclass_is_of_that_subclass(framework: Any) -> None:
    class Own(framework.ctx.RequestContext):
        pass

    app = framework.App(__name__)
    with Own(app, create_environ("/")) as context:
        # Flask copies with the class of the context, too.
        assert type(context.copy()) is Own


def test_deleted_app_is_gone_though_its_rules_live_on() -> None:
    app = App(__name__, static_folder=None)
    app.add_url_rule("/", "index", lambda: "x")
    app.before_request(lambda: None)
    app.test_client().get("/")
    rules, gone = [*app.url_map.iter_rules()], weakref.ref(app)
    del app
    gc.collect()
    assert rules and gone() is None


def test_secret_key_without_a_hash_signs_sessions(framework: Any) -> None:
    app = framework.App(__name__)
    app.secret_key = bytearray(b"key")
    app.add_url_rule("/", "view", lambda: str(framework.session.setdefault("n", 1)))
    answer = app.test_client().get("/")
    assert answer.status_code == 200 and "session=" in answer.headers["Set-Cookie"]


def test_rules_added_while_others_are_matched_are_found() -> None:
    app = App(__name__, static_folder=None)
    app.add_url_rule("/first", "first", lambda: "first")
    failed: list[Any] = []
    done = threading.Event()

    def ask() -> None:
        client = app.test_client()
        while not done.is_set():
            answer = client.get("/first")
            if answer.text != "first":
                failed.append(answer.text)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(200):
        app.url_map.add(app.url_rule_class(f"/r{number}/<int:n>", endpoint="first", methods=["GET"]))
    done.set()
    for thread in threads:
        thread.join()
    app.view_functions["first"] = lambda n=None: f"first {n}"
    answers = {app.test_client().get(f"/r{number}/7").text for number in range(200)}
    assert not failed and answers == {"first 7"}


def test_tables_are_left_alone_where_werkzeug_has_others(monkeypatch: pytest.MonkeyPatch) -> None:
    app = App(__name__, static_folder=None)
    app.add_url_rule("/<name>", "view", lambda name: name)
    monkeypatch.setattr("wsgiapp.routing._compile_state", lambda *_: {}["state"])
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert app.test_client().get("/x").text == "x"
    assert "cannot read the routing tables" in str(heard[0].message)


def test_two_threads_that_ask_first_get_one_environment_of_templates() -> None:
    app, made = App(__name__), []

    class Slow(wsgiapp.environment.Environment):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            made.append(self)
            threading.Event().wait(0.05)
            super().__init__(*args, **kwargs)

    app.jinja_environment = Slow
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(app.jinja_env)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1 and set(map(id, found)) == {id(made[0])}


@pytest.mark.parametrize("first_touched", ["in the view", "in the stream"])
@pytest.mark.parametrize("debug", [True, False])
def test_session_written_in_a_stream_is_warned_of_in_debug_mode(debug: bool, first_touched: str) -> None:
    app = App(__name__)
    app.secret_key, app.debug = "k", debug

    @app.get("/")
    def view() -> Any:
        if first_touched == "in the view":
            wsgiapp.session.get("n")

        def parts() -> Any:
            wsgiapp.session["n"] = 1
            yield "x"

        return wsgiapp.Response(wsgiapp.stream_with_context(parts()))

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        app.test_client().get("/").get_data()
    assert [(each.filename, "the change is lost" in str(each.message)) for each in heard] == [(__file__, True)] * debug


def test_session_written_in_a_teardown_function_is_warned_of() -> None:
    app = App(__name__)
    app.secret_key, app.debug = "k", True
    app.add_url_rule("/", "view", lambda: "x")
    app.teardown_request(lambda error: wsgiapp.session.update(n=1))
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        app.test_client().get("/")
    assert len(heard) == 1 and heard[0].filename == __file__


@pytest.mark.parametrize("how", ["registered", "for this request"])
def test_after_request_function_that_returns_none_is_named(how: str) -> None:
    app = App(__name__)
    app.testing = True

    def forgetful(response: Any) -> None:
        response.headers["X"] = "1"

    @app.get("/")
    def view() -> str:
        if how == "for this request":
            wsgiapp.after_this_request(forgetful)
        return ""

    if how == "registered":
        app.after_request(forgetful)
    with pytest.raises(TypeError, match=rf"forgetful \({__file__}:\d+\) returned None"):
        app.test_client().get("/")
