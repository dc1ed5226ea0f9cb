"""The request context and the app context: what is reachable when, `g`, copies, pushing by hand.

When teardown functions run is in test_teardown; threads that must not see each other are in test_isolation.
"""

import contextlib
import contextvars
import copy
import threading
import types
import weakref
from typing import Any

import greenlet
import pytest

PROXIES = {"request": "request", "session": "request", "g": "application", "current_app": "application"}


@pytest.mark.parametrize("name", sorted(PROXIES))
def test_proxy_outside_a_context_says_which_context_it_needs(framework: Any, name: str) -> None:
    with pytest.raises(RuntimeError, match=f"(?i){PROXIES[name]} context"):
        getattr(framework, name).anything
    assert not getattr(framework, name)
    assert "unbound" in repr(getattr(framework, name))


@pytest.mark.parametrize("name", ["request", "session"])
def test_app_context_has_no_request(framework: Any, name: str) -> None:
    with framework.App(__name__).app_context(), pytest.raises(RuntimeError, match="(?i)request context"):
        getattr(framework, name).anything


def test_app_context_binds_the_app(framework: Any) -> None:
    app = framework.App(__name__)
    with app.app_context() as context:
        assert framework.current_app._get_current_object() is app
        assert framework.current_app == app
        assert context.app is app
        assert framework.globals.app_ctx._get_current_object() is context


def test_request_context_binds_request_session_and_app(framework: Any) -> None:
    app = framework.App(__name__)
    app.secret_key = "key"
    with app.test_request_context("/path?x=1") as context:
        assert framework.request.args["x"] == "1"
        framework.session["a"] = 1
        assert framework.current_app == app
        assert context.request is framework.request._get_current_object()
        assert context.session is framework.session._get_current_object()
        assert framework.globals.request_ctx._get_current_object() is context


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda app: app.app_context(), (True, False)),
        (lambda app: app.test_request_context(), (True, True)),
    ],
)
def test_has_context(framework: Any, make: Any, expected: tuple[bool, bool]) -> None:
    def state():
        return framework.has_app_context(), framework.has_request_context()

    assert state() == (False, False)
    with make(framework.App(__name__)):
        assert state() == expected
    assert state() == (False, False)


def test_two_contexts_keep_their_shape(framework: Any) -> None:
    """Extensions look for these attributes to tell Flask 3.1's two contexts apart."""
    app = framework.App(__name__)
    with app.test_request_context() as request_context:
        app_context = framework.globals.app_ctx._get_current_object()
        assert isinstance(request_context, framework.ctx.RequestContext)
        assert isinstance(app_context, framework.ctx.AppContext)
        assert not hasattr(app_context, "session")
        assert not hasattr(app_context, "request")
        for name in ("app", "request", "session", "flashes", "url_adapter"):
            assert hasattr(request_context, name)
        for name in ("app", "g", "url_adapter"):
            assert hasattr(app_context, name)


def test_contexts_are_in_the_context_variables(framework: Any) -> None:
    module = framework.globals
    assert (module._cv_app.get(None), module._cv_request.get(None)) == (None, None)
    with framework.App(__name__).test_request_context() as context:
        assert module._cv_request.get() is context
        assert isinstance(module._cv_app.get(), framework.ctx.AppContext)
    assert (module._cv_app.get(None), module._cv_request.get(None)) == (None, None)


def test_contexts_can_be_weakly_referenced_and_take_attributes(framework: Any) -> None:
    with framework.App(__name__).test_request_context() as context:
        app_context = framework.globals.app_ctx._get_current_object()
        for one in (context, app_context):
            one.own = "attribute"
            assert weakref.ref(one)().own == "attribute"


def test_g_of_the_app_context_can_be_replaced(framework: Any) -> None:
    app = framework.App(__name__)
    with app.app_context():
        replacement = app.app_ctx_globals_class()
        replacement.name = "replaced"
        framework.globals.app_ctx.g = replacement
        assert framework.g.name == "replaced"


def test_session_of_the_request_context_can_be_replaced(framework: Any) -> None:
    app = framework.App(__name__)
    app.secret_key = "key"
    with app.test_request_context() as context:
        framework.session["a"] = 1
        context._session = framework.sessions.SecureCookieSession({"b": 2})
        assert framework.session == {"b": 2}


def test_context_without_a_request_is_shared_by_requests_of_its_app(framework: Any) -> None:
    app = framework.App(__name__)
    with app.app_context():
        framework.g.value = "outer"
        with app.test_request_context():
            assert framework.g.value == "outer"
        assert framework.g.value == "outer"


def test_request_of_another_app_gets_its_own_app_context(framework: Any) -> None:
    one, two = framework.App("one"), framework.App("two")
    with one.app_context():
        framework.g.value = 1
        with two.test_request_context():
            assert framework.current_app.name == "two"
            assert not hasattr(framework.g, "value")
        assert framework.current_app.name == "one"


def test_contexts_nest(framework: Any) -> None:
    app = framework.App(__name__)
    seen = []
    with app.test_request_context("/outer"):
        seen.append(framework.request.path)
        with app.test_request_context("/inner"):
            seen.append(framework.request.path)
        seen.append(framework.request.path)
    assert seen == ["/outer", "/inner", "/outer"]


def test_context_may_be_pushed_and_popped_by_hand(framework: Any) -> None:
    context = framework.App(__name__).test_request_context("/by-hand")
    context.push()
    assert framework.request.path == "/by-hand"
    context.pop()
    assert not framework.has_request_context()


def test_app_context_may_be_pushed_twice(framework: Any) -> None:
    context = framework.App(__name__).app_context()
    context.push()
    context.push()
    context.pop()
    assert framework.has_app_context()
    context.pop()
    assert not framework.has_app_context()


@pytest.mark.parametrize("kind", ["app_context", "test_request_context"])
def test_popping_the_wrong_context_is_an_error(framework: Any, kind: str) -> None:
    app = framework.App(__name__)
    outer, inner = getattr(app, kind)(), getattr(app, kind)()
    outer.push()
    inner.push()
    with pytest.raises((AssertionError, RuntimeError)):
        outer.pop()
    for context in (inner, outer):
        with contextlib.suppress(Exception):
            context.pop()


@pytest.mark.parametrize("kind", ["app_context", "test_request_context"])
def test_popping_a_context_that_was_never_pushed_is_an_error(framework: Any, kind: str) -> None:
    with pytest.raises((LookupError, RuntimeError, AssertionError)):
        getattr(framework.App(__name__), kind)().pop()


def test_request_context_from_an_environ(framework: Any) -> None:
    from werkzeug.test import create_environ

    with framework.App(__name__).request_context(create_environ("/made", query_string="a=1")):
        assert (framework.request.path, framework.request.args["a"]) == ("/made", "1")


def test_request_context_matches_when_pushed(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/<int:n>", "show", lambda n: "")
    with app.test_request_context("/7"):
        assert (framework.request.endpoint, framework.request.view_args) == ("show", {"n": 7})
    with app.test_request_context("/nowhere"):
        assert framework.request.routing_exception.code == 404


@pytest.mark.parametrize(
    ("kwargs", "attribute", "expected"),
    [
        ({"path": "/p", "query_string": {"a": "1"}}, "full_path", "/p?a=1"),
        ({"method": "POST", "data": {"a": "1"}}, "form", {"a": "1"}),
        ({"json": {"a": 1}, "method": "POST"}, "json", {"a": 1}),
        ({"base_url": "https://shop.example"}, "url_root", "https://shop.example/"),
        ({"url_scheme": "https"}, "scheme", "https"),
        ({"headers": {"X-A": "1"}}, "headers", None),
        ({"environ_base": {"REMOTE_ADDR": "192.0.2.1"}}, "remote_addr", "192.0.2.1"),
    ],
)
def test_test_request_context_takes_what_a_request_is_made_of(
    framework: Any, kwargs: Any, attribute: str, expected: Any
) -> None:
    with framework.App(__name__).test_request_context(**kwargs):
        value = getattr(framework.request, attribute)
        if attribute == "headers":
            assert value["X-A"] == "1"
        else:
            assert (value.to_dict() if attribute == "form" else value) == expected


def test_test_request_context_takes_a_subdomain(framework: Any) -> None:
    app = framework.App(__name__)
    app.config["SERVER_NAME"] = "shop.example"
    with app.test_request_context("/", subdomain="api", url_scheme="https"):
        assert framework.request.url == "https://api.shop.example/"
    with pytest.raises(AssertionError):
        app.test_request_context("/", subdomain="api", base_url="http://x.example")


def test_copy_of_a_request_context_has_the_same_request(framework: Any) -> None:
    app = framework.App(__name__)
    with app.test_request_context("/original") as context:
        framework.request.mark = "same"
        copy = context.copy()
    assert copy is not context
    with copy:
        assert (framework.request.path, framework.request.mark) == ("/original", "same")


# g -------------------------------------------------------------------------------------------------------------------


def test_g_lives_as_long_as_its_context(framework: Any) -> None:
    app = framework.App(__name__)
    with app.app_context():
        framework.g.value = 1
    with app.app_context():
        assert not hasattr(framework.g, "value")


def test_g_is_new_for_each_request(framework: Any) -> None:
    app = framework.App(__name__)

    @app.get("/")
    def view():
        framework.g.count = framework.g.get("count", 0) + 1
        return str(framework.g.count)

    client = app.test_client()
    assert [client.get("/").text for _ in range(3)] == ["1", "1", "1"]


G_CASES = {
    "get": (lambda g: g.get("a"), 1),
    "get missing": (lambda g: g.get("x"), None),
    "get default": (lambda g: g.get("x", 9), 9),
    "pop": (lambda g: (g.pop("a"), "a" in g), (1, False)),
    "pop default": (lambda g: g.pop("x", 9), 9),
    "pop none": (lambda g: g.pop("x", None), None),
    "setdefault new": (lambda g: (g.setdefault("x", 9), g.x), (9, 9)),
    "setdefault old": (lambda g: g.setdefault("a", 9), 1),
    "setdefault none": (lambda g: g.setdefault("y"), None),
    "in": (lambda g: ("a" in g, "x" in g), (True, False)),
    "iter": (lambda g: sorted(g), ["a", "b"]),
    "delete": (lambda g: (delattr(g, "a"), list(g))[1], ["b"]),
    "hasattr": (lambda g: (hasattr(g, "a"), hasattr(g, "x")), (True, False)),
    "dict": (lambda g: g.__dict__, {"a": 1, "b": 2}),
}


@pytest.mark.parametrize("case", sorted(G_CASES))
def test_methods_of_g(framework: Any, case: str) -> None:
    look, expected = G_CASES[case]
    with framework.App(__name__).app_context():
        framework.g.a, framework.g.b = 1, 2
        assert look(framework.g) == expected


def test_g_of_a_context_is_a_key_of_its_own_in_a_dictionary(framework: Any) -> None:
    app = framework.App(__name__)
    kept = weakref.WeakKeyDictionary()
    with app.app_context() as outer:
        kept[outer.g] = framework.g.name = "outer"
        with app.app_context() as inner:
            framework.g.name = "outer"
            kept[inner.g] = "inner"
            assert outer.g != inner.g
            assert hash(framework.g) == hash(inner.g)
            assert kept[framework.g._get_current_object()] == "inner"
        assert kept[outer.g] == "outer"


def test_g_is_a_plain_object(framework: Any) -> None:
    plain = framework.ctx._AppCtxGlobals

    class Own(plain):
        def __init__(self, user):
            self.user = user

    class Equal:
        def __eq__(self, other):
            return "asked"

        __hash__ = None

    assert plain() != types.SimpleNamespace()
    assert types.SimpleNamespace() != plain()
    assert types.new_class("Both", (plain, Equal))() == "asked"
    assert [copied.user for copied in (copy.copy(Own("Ada")), copy.deepcopy(Own("Ada")))] == ["Ada", "Ada"]
    with pytest.raises(TypeError):
        plain(user="Ada")


def test_g_pop_of_a_missing_name_is_a_key_error(framework: Any) -> None:
    with framework.App(__name__).app_context():
        with pytest.raises(KeyError):
            framework.g.pop("missing")
        with pytest.raises(AttributeError, match="missing"):
            framework.g.missing


def test_g_without_an_app_can_be_shown(framework: Any) -> None:
    assert "_AppCtxGlobals object" in repr(framework.ctx._AppCtxGlobals())


def test_g_names_its_app(framework: Any) -> None:
    with framework.App("named").app_context():
        assert "named" in repr(framework.g)


def test_proxies_compare_hash_and_print_as_what_they_stand_for(framework: Any) -> None:
    app = framework.App(__name__)
    with app.app_context():
        assert framework.current_app == app
        assert repr(framework.current_app) == repr(app)
        assert isinstance(framework.current_app, framework.App)
        assert hash(framework.current_app) == hash(app)


# Threads and greenlets -----------------------------------------------------------------------------------------------


def in_thread(work: Any) -> Any:
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:
            results.append(error)

    thread = threading.Thread(target=run, args=())
    thread.start()
    thread.join(10)
    return results[0]


def in_greenlet(work: Any) -> Any:
    def run() -> Any:
        try:
            return work()
        except Exception as error:
            return error

    return greenlet.greenlet(run).switch()


@pytest.mark.parametrize("run", [in_thread, in_greenlet])
def test_another_thread_has_no_context_of_ours(framework: Any, run: Any) -> None:
    with framework.App(__name__).test_request_context():
        assert run(framework.has_request_context) is False
        assert run(framework.has_app_context) is False
        assert isinstance(run(lambda: framework.request.path), RuntimeError)


@pytest.mark.parametrize("run", [in_thread, in_greenlet])
def test_copied_context_reaches_another_thread(framework: Any, run: Any) -> None:
    app = framework.App(__name__)
    app.secret_key = "key"

    @app.get("/<name>")
    def view(name):
        framework.session["seen"] = True
        framework.g.here = "only here"

        @framework.copy_current_request_context
        def work():
            request = framework.request
            return [request.view_args["name"], request.args["x"], framework.session["seen"], "here" in framework.g]

        return run(work)

    assert app.test_client().get("/ann?x=1").json == ["ann", "1", True, False]


@pytest.mark.parametrize("run", [in_thread, in_greenlet])
def test_copied_context_outlives_the_request(framework: Any, run: Any) -> None:
    app = framework.App(__name__)
    later = []

    @app.get("/<name>")
    def view(name):
        later.append(framework.copy_current_request_context(lambda greeting: f"{greeting} {framework.request.path}"))
        return ""

    app.test_client().get("/a")
    app.test_client().get("/b")
    assert [run(lambda work=work: work("at")) for work in later] == ["at /a", "at /b"]


def test_copied_context_keeps_the_name_of_the_function(framework: Any) -> None:
    with framework.App(__name__).test_request_context():

        @framework.copy_current_request_context
        def worker():
            """Work."""

        assert (worker.__name__, worker.__doc__) == ("worker", "Work.")


def test_copying_needs_a_request(framework: Any) -> None:
    with pytest.raises(RuntimeError):
        framework.copy_current_request_context(lambda: None)


def test_error_in_copied_context_leaves_the_original_alone(framework: Any) -> None:
    with framework.App(__name__).test_request_context():
        work = framework.copy_current_request_context(lambda: 1 / 0)
        assert isinstance(in_thread(work), ZeroDivisionError)
        assert framework.has_request_context()


def test_contextvars_copy_carries_the_request(framework: Any) -> None:
    with framework.App(__name__).test_request_context("/here"):
        copied = contextvars.copy_context()
        assert in_thread(lambda: copied.run(lambda: framework.request.path)) == "/here"


def test_two_greenlets_in_two_requests_switch_back_and_forth(framework: Any) -> None:
    app = framework.App(__name__)
    main = greenlet.getcurrent()
    seen = []

    def serve(path):
        with app.test_request_context(path):
            for _ in range(3):
                seen.append(framework.request.path)
                main.switch()

    workers = [greenlet.greenlet(lambda path=path: serve(path)) for path in ("/one", "/two")]
    for _ in range(4):
        for worker in workers:
            worker.switch()
    assert seen == ["/one", "/two"] * 3


def test_request_context_pushed_again_after_its_end_has_a_new_g(framework: Any) -> None:
    ctx = framework.App("again").test_request_context("/")
    with ctx:
        framework.g.user = "Ada"
    with ctx:
        assert "user" not in framework.g
