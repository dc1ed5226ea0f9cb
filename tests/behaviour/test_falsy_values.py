"""Empty values that mean something are no missing values: both frameworks take each in the same way."""

from collections.abc import Callable
from typing import Any

import pytest


def outcome(ask: Callable[[], Any]) -> Any:
    """What came of it, or the kind of error."""
    try:
        return ask()
    except Exception as error:
        return type(error)


def answers(app: Any, *paths: str) -> list[Any]:
    client = app.test_client()
    return [(client.get(path).status_code, client.get(path).text) for path in paths]


def with_rule(framework: Any, **options: Any) -> Any:
    app = framework.App("falsy")
    app.config["SERVER_NAME"] = "localhost"
    view = options.pop("view", lambda **kwargs: repr(kwargs))
    app.add_url_rule(options.pop("rule", "/x"), options.pop("endpoint", "x"), view, **options)
    client = app.test_client()
    rule = [*app.url_map.iter_rules()][-1]
    status = [client.open("/x", method=method).status_code for method in ("GET", "HEAD", "POST", "OPTIONS")]
    return status, rule.endpoint, sorted(rule.methods), client.options("/x").allow.to_header().count(",")


def viewed(**attributes: Any) -> Any:
    def view() -> str:
        return "view"

    view.__dict__.update(attributes)
    return view


@pytest.mark.parametrize(
    "options",
    [
        {"methods": []}, {"methods": ()}, {"methods": None}, {"methods": [""]}, {"methods": ""}, {"defaults": {}},
        {"defaults": None}, {"endpoint": ""}, {"subdomain": ""}, {"host": ""}, {"rule": ""}, {"strict_slashes": 0},
        {"provide_automatic_options": False}, {"provide_automatic_options": 0}, {"redirect_to": ""},
        {"view": viewed(methods=[])}, {"view": viewed(methods=[]), "methods": []},
        {"view": viewed(required_methods=[])}, {"view": viewed(provide_automatic_options=False)},
        {"view": viewed(required_methods=["GET"]), "methods": []},
    ],
)  # fmt: skip
def test_rule_with_an_empty_option(both: Any, options: dict[str, Any]) -> None:
    ours, theirs = (outcome(lambda f=f: with_rule(f, **options)) for f in both)
    assert ours == theirs


def test_rule_without_methods_answers_options_alone(framework: Any) -> None:
    status, _, methods, _ = with_rule(framework, methods=[])
    assert (status, methods) == ([405, 405, 405, 200], ["OPTIONS"])


@pytest.mark.parametrize("parent", [None, "", "/", "/p"])
@pytest.mark.parametrize("options", [
    {}, {"url_prefix": ""}, {"url_prefix": "/"}, {"url_defaults": {}}, {"name": ""}, {"name_prefix": ""},
    {"subdomain": ""}, {"cli_group": ""}, {"name": None},
])  # fmt: skip
def test_blueprint_with_an_empty_option(both: Any, parent: str | None, options: dict[str, Any]) -> None:
    def ask(framework: Any) -> Any:
        app, outer = framework.App("falsy"), framework.Blueprint("outer", "falsy", url_prefix=parent)
        inner = framework.Blueprint("inner", "falsy", url_prefix="/own", cli_group="own")
        inner.add_url_rule("/x", "x", lambda: framework.request.endpoint)
        inner.add_url_rule("", "empty", lambda: framework.request.endpoint)
        outer.register_blueprint(inner, **options)
        app.register_blueprint(outer)
        return answers(app, "/x", "/", "/p", "/p/", "/p/x", "/own/x", "/own", "/p/own/x")

    ours, theirs = (outcome(lambda f=f: ask(f)) for f in both)
    assert ours == theirs


@pytest.mark.parametrize("arguments", [
    {"status": ""}, {"mimetype": ""}, {"content_type": ""}, {"headers": {}}, {"headers": []}, {"response": ""},
    {"response": b""}, {"response": []}, {"mimetype": "", "headers": {"A": "b"}},
])  # fmt: skip
def test_response_with_an_empty_argument(both: Any, arguments: dict[str, Any]) -> None:
    def ask(framework: Any) -> Any:
        response = framework.Response(**arguments)
        return response.status, sorted(response.headers), response.data, response.is_sequence

    ours, theirs = (outcome(lambda f=f: ask(f)) for f in both)
    assert ours == theirs


@pytest.mark.parametrize("value", [("", 200), ("x", ""), ("x", {}), ("x", []), ("x", None), ("x", 200, None), {}, b""])
def test_view_that_returns_an_empty_value(both: Any, value: Any) -> None:
    def ask(framework: Any) -> Any:
        app = framework.App("falsy")
        app.testing = True
        app.add_url_rule("/", "view", lambda: value)
        response = app.test_client().get("/")
        return response.status, sorted(response.headers), response.data

    ours, theirs = (outcome(lambda f=f: ask(f)) for f in both)
    assert ours == theirs


@pytest.mark.parametrize("option", ["_anchor", "_method", "_scheme", "_external", "value"])
@pytest.mark.parametrize("value", ["", None, 0, False])
def test_url_for_with_an_empty_option(both: Any, option: str, value: Any) -> None:
    def ask(framework: Any) -> Any:
        app = framework.App("falsy")
        app.add_url_rule("/x", "x", lambda: "")
        with app.test_request_context():
            return framework.url_for("x", **{option: value})

    ours, theirs = (outcome(lambda f=f: ask(f)) for f in both)
    assert ours == theirs


@pytest.mark.parametrize("arguments", [
    {"static_url_path": ""}, {"static_folder": ""}, {"static_folder": None}, {"template_folder": ""},
    {"static_url_path": "", "static_folder": "s"}, {"instance_path": ""}, {"root_path": ""},
])  # fmt: skip
def test_app_with_an_empty_argument(both: Any, arguments: dict[str, Any]) -> None:
    def ask(framework: Any) -> Any:
        app = framework.App("falsy", **arguments)
        rules = [str(rule) for rule in app.url_map.iter_rules()]
        return rules, app.static_folder, app.static_url_path, app.has_static_folder, app.jinja_loader is None

    ours, theirs = (outcome(lambda f=f: ask(f)) for f in both)
    assert ours == theirs


@pytest.mark.parametrize("kind", ["filter", "test", "global"])
def test_template_function_with_an_empty_name(framework: Any, kind: str) -> None:
    app = framework.App("falsy")

    def shout(value: str) -> str:
        return value.upper()

    getattr(app, f"add_template_{kind}")(shout, "")
    assert getattr(app.jinja_env, f"{kind}s")["shout"] is shout


@pytest.mark.parametrize(("host", "port"), [("", 0), (None, 0), ("", None), (None, "8080"), ("0.0.0.0", "")])
def test_run_with_an_empty_argument(both: Any, monkeypatch: pytest.MonkeyPatch, host: Any, port: Any) -> None:
    asked: list[Any] = []
    monkeypatch.delenv("FLASK_RUN_FROM_CLI", raising=False)
    monkeypatch.setattr("werkzeug.serving.run_simple", lambda host, port, app, **options: asked.append((host, port)))
    for framework in both:
        framework.App("falsy").run(host, port, load_dotenv=False)
    assert asked[0] == asked[1]


class FalsyError(ValueError):
    """An error that counts what is wrong, and so is false while it counts nothing."""

    def __len__(self) -> int:
        return 0


def test_falsy_error_is_what_teardown_is_told_also_where_its_handler_fails(framework: Any) -> None:
    app = framework.App(__name__)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    told = []

    @app.get("/")
    def view():
        raise FalsyError

    @app.errorhandler(500)
    def fails(error):
        raise KeyError("in the handler")

    app.teardown_request(lambda error: told.append(type(error)))
    with pytest.raises(KeyError):
        app.test_client().get("/")
    assert told == [FalsyError]
