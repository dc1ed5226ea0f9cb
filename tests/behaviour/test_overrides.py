"""Every documented method and class attribute of the app takes effect when it is overridden or replaced.

Each entry of METHODS names a method, gives a replacement that leaves a mark, and a way to see the mark;
the replacement is tried on a subclass, on the instance before the first request, and on the instance after it.
"""

from typing import Any

import pytest
from werkzeug.exceptions import Gone


def shop(framework: Any, cls: Any) -> Any:
    """An app of class `cls` whose views between them walk through every overridable method."""
    app = cls("override_probe")
    app.secret_key = "key"
    app.add_url_rule("/", "index", lambda: "index")
    app.add_url_rule("/fails", "fails", lambda: 1 / 0)
    app.add_url_rule("/abort", "abort", lambda: framework.abort(409))
    app.add_url_rule("/template", "template", lambda: framework.render_template_string("{{ mark }}{{ '<' }}"))
    app.add_url_rule("/url", "url", lambda: framework.url_for("index", x=1))
    app.add_url_rule("/unknown", "unknown", lambda: framework.url_for("no.such"))
    app.add_url_rule("/redirect", "redirect", lambda: framework.redirect("/to"))
    app.add_url_rule("/session", "session", lambda: framework.session.update(a=1) or "session")
    app.add_url_rule("/file", "file", lambda: framework.send_file(__file__))
    app.add_url_rule("/logger", "logger", lambda: framework.current_app.logger.name)
    app.add_url_rule("/form", "form", lambda: framework.request.form["none"])
    return app


# name: (replacement given the original bound method, path to ask, what to look at, expected)
METHODS: dict[str, tuple[Any, str, Any, Any]] = {
    "wsgi_app": (
        lambda f, app, old: lambda environ, start: old({**environ, "PATH_INFO": "/url"}, start),
        "/",
        lambda r: r.text,
        "/?x=1",
    ),
    "dispatch_request": (lambda f, app, old: lambda: f"own {old()}", "/", lambda r: r.text, "own index"),
    "full_dispatch_request": (
        lambda f, app, old: lambda: app.make_response(("own", old().status_code + 1)),
        "/",
        lambda r: (r.text, r.status_code),
        ("own", 201),
    ),
    "make_response": (lambda f, app, old: lambda rv: old(f"made {rv}"), "/", lambda r: r.text, "made index"),
    "preprocess_request": (lambda f, app, old: lambda: "early", "/", lambda r: r.text, "early"),
    "process_response": (
        lambda f, app, old: lambda response: old(app.response_class(response.get_data() + b" processed")),
        "/",
        lambda r: r.text,
        "index processed",
    ),
    "finalize_request": (
        lambda f, app, old: lambda rv, from_error_handler=False: old(rv + " final", from_error_handler),
        "/",
        lambda r: r.text,
        "index final",
    ),
    "handle_exception": (
        lambda f, app, old: lambda e: app.make_response((f"own {type(e).__name__}", 500)),
        "/fails",
        lambda r: r.text,
        "own ZeroDivisionError",
    ),
    "handle_user_exception": (
        lambda f, app, old: lambda e: f"own {type(e).__name__}",
        "/fails",
        lambda r: r.text,
        "own ZeroDivisionError",
    ),
    "handle_http_exception": (lambda f, app, old: lambda e: f"own {e.code}", "/abort", lambda r: r.text, "own 409"),
    "trap_http_exception": (lambda f, app, old: lambda e: True, "/abort", lambda r: r.status_code, 500),
    "log_exception": (
        lambda f, app, old: lambda exc_info: app.config.update(LOGGED=exc_info[0].__name__),
        "/fails",
        lambda r: r.app.config["LOGGED"],
        "ZeroDivisionError",
    ),
    "create_url_adapter": (
        lambda f, app, old: lambda request: app.url_map.bind("own.example", path_info="/url"),
        "/",
        lambda r: r.text,
        "/?x=1",
    ),
    "raise_routing_exception": (
        lambda f, app, old: lambda request: raise_(Gone()),
        "/none",
        lambda r: r.status_code,
        410,
    ),
    "make_default_options_response": (
        lambda f, app, old: lambda: app.response_class("own options"),
        "OPTIONS /",
        lambda r: r.text,
        "own options",
    ),
    "ensure_sync": (
        lambda f, app, old: lambda function: lambda **values: f"synced {function(**values)}",
        "/",
        lambda r: r.text,
        "synced index",
    ),
    "inject_url_defaults": (
        lambda f, app, old: lambda endpoint, values: values.update(own=endpoint),
        "/url",
        lambda r: r.text,
        "/?x=1&own=index",
    ),
    "handle_url_build_error": (
        lambda f, app, old: lambda error, endpoint, values: f"/own/{endpoint}",
        "/unknown",
        lambda r: r.text,
        "/own/no.such",
    ),
    "url_for": (
        lambda f, app, old: lambda endpoint, **values: f"own {endpoint}",
        "/url",
        lambda r: r.text,
        "own index",
    ),
    "redirect": (
        lambda f, app, old: lambda location, code=302: old("/own", code),
        "/redirect",
        lambda r: r.location,
        "/own",
    ),
    "update_template_context": (
        lambda f, app, old: lambda context: (old(context), context.update(mark="own"))[0],
        "/template",
        lambda r: r.text,
        "own&lt;",
    ),
    "get_send_file_max_age": (
        lambda f, app, old: lambda filename: 77,
        "/file",
        lambda r: r.headers["Cache-Control"],
        "public, max-age=77",
    ),
    "do_teardown_request": (
        lambda f, app, old: lambda *args: (old(*args), app.config.update(TORN=True))[0],
        "/",
        lambda r: r.app.config["TORN"],
        True,
    ),
    "do_teardown_appcontext": (
        lambda f, app, old: lambda *args: (old(*args), app.config.update(TORN=True))[0],
        "/",
        lambda r: r.app.config["TORN"],
        True,
    ),
    "request_context": (
        lambda f, app, old: lambda environ: old({**environ, "PATH_INFO": "/url"}),
        "/",
        lambda r: r.text,
        "/?x=1",
    ),
    "app_context": (
        lambda f, app, old: lambda: (app.config.update(PUSHED=True), old())[1],
        "/",
        lambda r: r.app.config["PUSHED"],
        True,
    ),
    "send_static_file": (
        lambda f, app, old: lambda filename: f"own {filename}",
        "/static/x.css",
        lambda r: r.text,
        "own x.css",
    ),
}
SETUP_TIME = {"send_static_file"}  # bound when the app is made: only a subclass can replace it


def raise_(error: Exception) -> Any:
    raise error


def ask(app: Any, line: str) -> Any:
    method, _, path = line.rpartition(" ")
    response = app.test_client().open(path, method=method or "GET", buffered=True)
    response.app = app
    return response


@pytest.mark.parametrize("name", sorted(METHODS))
def test_method_overridden_on_a_subclass(framework: Any, name: str) -> None:
    replace, path, look, expected = METHODS[name]

    def method(self, *args, **kwargs):
        original = getattr(super(cls, self), name)
        return replace(framework, self, original)(*args, **kwargs)

    cls = type("Own", (framework.App,), {name: method})
    assert look(ask(shop(framework, cls), path)) == expected


@pytest.mark.parametrize("name", sorted(set(METHODS) - SETUP_TIME))
@pytest.mark.parametrize("warm", [False, True], ids=["before the first request", "after the first request"])
def test_method_replaced_on_the_instance(framework: Any, name: str, warm: bool) -> None:
    replace, path, look, expected = METHODS[name]
    app = shop(framework, framework.App)
    if warm:
        for each in ("/", path):
            ask(app, each)
    setattr(app, name, replace(framework, app, getattr(app, name)))
    assert look(ask(app, path)) == expected


@pytest.mark.parametrize("name", sorted(set(METHODS) - SETUP_TIME))
def test_method_replaced_on_the_class_while_running(framework: Any, name: str, monkeypatch: Any) -> None:
    replace, path, look, expected = METHODS[name]
    cls = type("Fresh", (framework.App,), {})
    app = shop(framework, cls)
    ask(app, "/")
    original = getattr(framework.App, name)

    def method(self, *args, **kwargs):
        return replace(framework, self, lambda *a, **kw: original(self, *a, **kw))(*args, **kwargs)

    monkeypatch.setattr(cls, name, method, raising=False)
    assert look(ask(app, path)) == expected


@pytest.mark.parametrize("name", ["dispatch_request", "handle_user_exception", "make_response", "wsgi_app"])
def test_replacement_may_be_taken_away_again(framework: Any, name: str) -> None:
    replace, path, look, expected = METHODS[name]
    app = shop(framework, framework.App)
    before = look(ask(app, path))
    setattr(app, name, replace(framework, app, getattr(app, name)))
    assert look(ask(app, path)) == expected
    delattr(app, name)
    assert look(ask(app, path)) == before


def test_ensure_sync_that_is_replaced_while_running_is_asked_for_hooks_that_ran_before(framework: Any) -> None:
    app = framework.App("synced")
    log: list[str] = []
    app.before_request(lambda: log.append("hook"))
    app.after_request(lambda response: log.append("after") or response)
    app.add_url_rule("/", "index", lambda: "")
    ask(app, "/")
    ensure_sync = app.ensure_sync
    app.ensure_sync = lambda function: log.append("synced") or ensure_sync(function)
    log.clear()
    ask(app, "/")
    assert log == ["synced", "hook", "synced", "synced", "after"]
