"""Explain: what would run for a request, in the order in which it then runs, and nothing of it runs for being asked."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.exceptions import HTTPException

from wsgiapp import App, Blueprint
from wsgiapp.dispatch import LIFECYCLE
from wsgiapp.xray import XRay
from wsgiapp.xray.explain.why import Plan, explain

HERE = "tests/xray/test_explain.py"


def names(plan: Plan, *kinds: str) -> list[str]:
    return [step.name.rpartition(".")[2] for step in plan.steps if step.kind in kinds]


def furnished() -> tuple[App, list[str]]:
    """An app and a blueprint with a hook of every kind, and the list of those that ran."""
    app, ran = App(__name__, static_folder=None), []
    shop = Blueprint("shop", __name__)

    def hook(name: str, result: Any = None) -> Any:
        def function(*args: Any, **_: Any) -> Any:
            ran.append(name)
            return args[0] if name.startswith("after") else result

        function.__qualname__ = name
        return function

    for owner, whose in ((app, "app"), (shop, "shop")):
        for number in (1, 2):
            owner.url_value_preprocessor(hook(f"preprocess_{whose}{number}"))
            owner.before_request(hook(f"before_{whose}{number}"))
            owner.after_request(hook(f"after_{whose}{number}"))
            owner.teardown_request(hook(f"teardown_{whose}{number}"))
    app.teardown_appcontext(hook("teardown_context"))
    shop.add_url_rule("/items/<int:n>", "item", hook("view", "an item"))
    app.register_blueprint(shop)
    return app, ran


def test_what_is_told_beforehand_is_what_then_runs_in_that_order() -> None:
    app, ran = furnished()
    told = names(explain(app, "GET", "/items/7"), "preprocessor", "hook", "view", "teardown")
    assert ran == []

    app.test_client().get("/items/7")

    assert told == ran
    assert len(ran) == 18


def test_where_no_rule_matches_only_the_apps_own_hooks_run() -> None:
    app, ran = furnished()
    told = names(explain(app, "GET", "/nowhere"), "preprocessor", "hook", "teardown")

    app.test_client().get("/nowhere")

    assert told == ran and "before_shop1" not in told


def test_the_layers_are_those_of_the_road_in_its_order() -> None:
    plan = explain(furnished()[0], "GET", "/items/7")

    assert [step.layer for step in plan.of_kind("layer")] == [layer.name for layer in LIFECYCLE]
    assert list(dict.fromkeys(step.layer for step in plan.steps)) == [layer.name for layer in LIFECYCLE]


def test_every_step_has_its_place() -> None:
    plan = explain(furnished()[0], "GET", "/items/7")

    assert [step.name for step in plan.steps if ":" not in step.where] == []
    assert all(step.where.startswith(HERE) for step in plan.steps if step.kind in ("hook", "view", "preprocessor"))


def test_the_view_comes_with_the_arguments_it_would_be_called_with() -> None:
    (view,) = explain(furnished()[0], "GET", "/items/7").of_kind("view")

    assert view.note == "called with n=7"


@pytest.mark.parametrize("watched", [False, True])
def test_the_session_interface_is_named_at_both_ends(watched: bool) -> None:
    app = App(__name__)
    if watched:
        app.testing = True
        XRay(app)
        app.test_client().get("/")

    opens, saves = explain(app, "GET", "/").of_kind("session")

    assert (opens.layer, saves.layer) == ("session", "save")
    assert opens.name == "wsgiapp.sessions.SecureCookieSessionInterface.open_session"


@pytest.mark.parametrize(("method", "path", "code"), [("GET", "/no", 404), ("POST", "/", 405)])
def test_the_handler_of_the_outcome_is_named(method: str, path: str, code: int) -> None:
    app = App(__name__, static_folder=None)
    app.add_url_rule("/", view_func=lambda: "")

    @app.errorhandler(code)
    def special(error: HTTPException) -> tuple[str, int]:
        return "special", code

    @app.errorhandler(HTTPException)
    def general(error: HTTPException) -> tuple[str, int]:
        return "general", code

    plan = explain(app, method, path)

    assert plan.outcome.startswith(str(code)) and plan.rule is None
    assert names(plan, "handler") == ["special"]
    assert app.test_client().open(path, method=method).text == "special"


def test_without_a_handler_the_error_answers_itself() -> None:
    (handler,) = explain(App(__name__), "GET", "/no").of_kind("handler")

    assert handler.name == "werkzeug.exceptions.NotFound" and "no handler is registered" in handler.note


def test_a_redirect_of_the_router_has_no_handler() -> None:
    app = App(__name__)
    app.add_url_rule("/a/", view_func=lambda: "")
    app.register_error_handler(HTTPException, lambda error: "never")

    plan = explain(app, "GET", "/a")

    assert plan.outcome.startswith("308 Permanent Redirect → http://localhost/a/")
    assert plan.of_kind("handler") == []


def test_an_endpoint_without_a_view_is_found_before_anyone_asks_for_it() -> None:
    app = App(__name__)
    app.add_url_rule("/a", "forgotten")

    (raised,) = explain(app, "GET", "/a").of_kind("raise")

    assert raised.name == "KeyError" and "'forgotten'" in raised.note


def test_automatic_options_run_no_view() -> None:
    app = App(__name__, static_folder=None)
    app.add_url_rule("/", view_func=lambda: "")

    (view,) = explain(app, "OPTIONS", "/").of_kind("view")

    assert view.name.endswith(".make_default_options_response") and view.note == "no view runs"
