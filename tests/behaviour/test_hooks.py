"""Hooks of the app around each request: their order, what they may change, and registering them too late.

Hooks of blueprints are in test_blueprints, teardown in test_teardown.
"""

from typing import Any

import pytest


def test_the_road_of_a_request(framework: Any) -> None:
    app = framework.App(__name__)
    order: list[str] = []
    app.url_value_preprocessor(lambda endpoint, values: order.append("url_value_preprocessor"))
    app.before_request(lambda: order.append("before_request"))
    app.after_request(lambda response: order.append("after_request") or response)
    app.teardown_request(lambda error: order.append("teardown_request"))
    app.teardown_appcontext(lambda error: order.append("teardown_appcontext"))
    app.add_url_rule("/", "view", lambda: order.append("view") or "x")
    app.test_client().get("/")
    assert order == [
        "url_value_preprocessor",
        "before_request",
        "view",
        "after_request",
        "teardown_request",
        "teardown_appcontext",
    ]


def test_before_runs_first_registered_first_and_after_last_registered_first(framework: Any) -> None:
    app = framework.App(__name__)
    order: list[str] = []
    for name in ("one", "two", "three"):
        app.before_request(lambda name=name: order.append(f"before {name}"))
        app.after_request(lambda response, name=name: order.append(f"after {name}") or response)
    app.add_url_rule("/", "view", lambda: "x")
    app.test_client().get("/")
    assert order == ["before one", "before two", "before three", "after three", "after two", "after one"]


@pytest.mark.parametrize("value", ["stopped", ("stopped", 403), {"stopped": True}, "", []])
def test_before_request_that_returns_a_value_stops_there(framework: Any, value: Any) -> None:
    app = framework.App(__name__)
    order: list[str] = []
    app.before_request(lambda: order.append("first"))
    app.before_request(lambda: value)
    app.before_request(lambda: order.append("never"))
    app.after_request(lambda response: order.append("after") or response)
    app.add_url_rule("/", "view", lambda: order.append("view") or "x")
    response = app.test_client().get("/")
    assert order == ["first", "after"]
    with app.test_request_context():
        assert response.data == app.make_response(value).data


def test_after_request_may_give_another_response(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: "old")
    app.after_request(lambda response: framework.make_response(response.get_data(as_text=True) + " new", 203))
    response = app.test_client().get("/")
    assert (response.text, response.status_code) == ("old new", 203)


def test_after_request_must_return_a_response(framework: Any) -> None:
    app = framework.App(__name__)
    app.testing = True
    app.add_url_rule("/", "view", lambda: "x")
    app.after_request(lambda response: None)
    with pytest.raises((TypeError, AttributeError)):
        app.test_client().get("/")


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/abort", 409), ("/fails", 500)])
def test_after_request_sees_error_pages_too(framework: Any, path: str, status: int) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/abort", "abort", lambda: framework.abort(409))
    app.add_url_rule("/fails", "fails", lambda: 1 / 0)
    seen: list[int] = []
    app.after_request(lambda response: seen.append(response.status_code) or response)
    assert app.test_client().get(path).status_code == status
    assert seen == [status]


def test_failing_after_request_of_an_error_page_is_logged_and_the_page_kept(framework: Any, caplog: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: 1 / 0)

    @app.after_request
    def fail(response):
        raise LookupError("in the hook")

    assert app.test_client().get("/").status_code == 500
    assert "in the hook" in caplog.text


def test_session_is_saved_after_the_hooks(framework: Any) -> None:
    app = framework.App(__name__)
    app.secret_key = "key"

    @app.after_request
    def write(response):
        framework.session["late"] = "yes"
        return response

    app.add_url_rule("/", "view", lambda: str(framework.session.get("late")))
    client = app.test_client()
    assert [client.get("/").text for _ in range(2)] == ["None", "yes"]


def test_registries_may_be_edited_directly(framework: Any) -> None:
    app = framework.App(__name__)
    order: list[str] = []
    app.add_url_rule("/", "view", lambda: "x")
    client = app.test_client()

    def before():
        order.append("before")

    app.before_request_funcs.setdefault(None, []).append(before)
    app.after_request_funcs.setdefault(None, []).append(lambda r: order.append("after") or r)
    app.teardown_request_funcs.setdefault(None, []).append(lambda e: order.append("teardown"))
    client.get("/")
    assert order == ["before", "after", "teardown"]
    app.before_request_funcs[None].remove(before)
    client.get("/")
    assert order == ["before", "after", "teardown", "after", "teardown"]


def test_registries_may_be_edited_between_requests(framework: Any) -> None:
    """Extensions append to them after the first request has been served."""
    app = framework.App(__name__)
    seen: list[str] = []
    app.add_url_rule("/", "view", lambda: "x")
    client = app.test_client()
    client.get("/")
    app.before_request_funcs.setdefault(None, []).append(lambda: seen.append("before"))
    app.after_request_funcs[None] = [lambda response: seen.append("after") or response]
    app.url_value_preprocessors.setdefault(None, []).append(lambda e, v: seen.append("values"))
    app.teardown_appcontext_funcs.append(lambda error: seen.append("appcontext"))
    app.template_context_processors[None].append(lambda: seen.append("context") or {})
    client.get("/")
    assert seen == ["values", "before", "after", "appcontext"]
    with app.test_request_context():
        framework.render_template_string("")
    assert seen[4] == "context"


REGISTRIES = [
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
    "template_context_processors",
    "url_value_preprocessors",
    "url_default_functions",
]


@pytest.mark.parametrize("name", REGISTRIES)
def test_registries_are_dicts_of_lists_by_blueprint(framework: Any, name: str) -> None:
    app = framework.App(__name__)
    registry = getattr(app, name)
    assert isinstance(registry, dict)
    assert registry["unknown"] == []


def test_error_handler_registry(framework: Any) -> None:
    app = framework.App(__name__)

    def handler(error):
        return ""

    app.register_error_handler(404, handler)
    app.register_error_handler(KeyError, handler)
    from werkzeug.exceptions import NotFound

    assert app.error_handler_spec[None][404] == {NotFound: handler}
    assert app.error_handler_spec[None][None] == {KeyError: handler}


DECORATORS = {
    "before_request": lambda: None,
    "after_request": lambda response: response,
    "teardown_request": lambda error: None,
    "teardown_appcontext": lambda error: None,
    "context_processor": dict,
    "url_value_preprocessor": lambda endpoint, values: None,
    "url_defaults": lambda endpoint, values: None,
    "shell_context_processor": dict,
}


@pytest.mark.parametrize("name", sorted(DECORATORS))
def test_decorator_gives_back_the_function(framework: Any, name: str) -> None:
    function = DECORATORS[name]
    assert getattr(framework.App(__name__), name)(function) is function


LATE = {
    **{name: lambda app, name=name: getattr(app, name)(DECORATORS[name]) for name in DECORATORS},
    "route": lambda app: app.route("/late"),
    "get": lambda app: app.get("/late")(lambda: ""),
    "add_url_rule": lambda app: app.add_url_rule("/late", "late", lambda: ""),
    "endpoint": lambda app: app.endpoint("late")(lambda: ""),
    "errorhandler": lambda app: app.errorhandler(404)(lambda error: ""),
    "register_error_handler": lambda app: app.register_error_handler(404, lambda error: ""),
    "register_blueprint": lambda app: app.register_blueprint(None),
    "template_filter": lambda app: app.template_filter()(str),
    "template_test": lambda app: app.template_test()(bool),
    "template_global": lambda app: app.template_global()(str),
    "add_template_filter": lambda app: app.add_template_filter(str),
    "add_template_test": lambda app: app.add_template_test(bool),
    "add_template_global": lambda app: app.add_template_global(str),
}


@pytest.mark.parametrize("name", sorted(LATE))
def test_setup_after_the_first_request_is_an_error(framework: Any, name: str) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: "x")
    app.test_client().get("/")
    with pytest.raises(AssertionError, match=name if name not in {"get", "route"} else "(?i)setup|first request"):
        LATE[name](app)(lambda: "") if name == "route" else LATE[name](app)


def test_setup_after_a_pushed_context_is_fine(framework: Any) -> None:
    app = framework.App(__name__)
    with app.app_context(), app.test_request_context():
        pass
    app.add_url_rule("/", "view", lambda: "x")
    assert app.test_client().get("/").text == "x"


def test_context_pushed_outside_stays_after_the_request(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: str(framework.g.get("outer")))
    with app.app_context():
        framework.g.outer = "kept"
        assert app.test_client().get("/").text == "kept"
        assert framework.g.outer == "kept"


@pytest.mark.parametrize("registry", ["before_request_funcs", "after_request_funcs", "teardown_request_funcs"])
def test_hook_added_to_a_list_that_was_empty_at_an_earlier_request(framework: Any, registry: str) -> None:
    called = []
    app = framework.App("empty_list")
    app.add_url_rule("/", "index", lambda: "index")
    hooks = getattr(app, registry).setdefault(None, [])
    client = app.test_client()
    client.get("/")
    hooks.append(lambda response=None: called.append(registry) or response)
    client.get("/")
    assert called == [registry]
