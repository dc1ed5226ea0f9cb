"""Typed code as it is written for Flask: hooks, handlers, configuration, signals, commands, tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click
from flask import (
    Flask,
    Response,
    after_this_request,
    copy_current_request_context,
    current_app,
    g,
    got_request_exception,
    has_request_context,
    request,
    session,
    template_rendered,
)
from flask.cli import AppGroup, with_appcontext
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, HTTPException, NotFound

app = Flask(__name__)
app.config.from_mapping(SECRET_KEY="x", PERMANENT_SESSION_LIFETIME=timedelta(days=1))
app.config.from_prefixed_env()
app.config["DEBUG"] = False
app.secret_key = b"bytes are fine"
app.permanent_session_lifetime = timedelta(hours=1)
app.testing = True
app.jinja_env.filters["twice"] = lambda value: value * 2


@app.before_request
def load_user() -> None:
    g.user = session.get("user")
    session.permanent = True


@app.before_request
async def maybe_answer() -> ResponseReturnValue | None:
    return None if request.endpoint else "nothing here"


@app.after_request
def add_header(response: Response) -> Response:
    response.headers["X-Seen"] = str(has_request_context())
    return response


@app.teardown_request
def end(error: BaseException | None) -> None:
    g.pop("user", None)


@app.teardown_appcontext
async def close(error: BaseException | None) -> None:
    g.setdefault("closed", True)


@app.context_processor
def names() -> dict[str, Any]:
    return {"app_name": current_app.name}


@app.url_value_preprocessor
def pull_language(endpoint: str | None, values: dict[str, Any] | None) -> None:
    if values is not None:
        g.language = values.pop("language", "en")


@app.url_defaults
def push_language(endpoint: str, values: dict[str, Any]) -> None:
    values.setdefault("language", "en")


@app.errorhandler(404)
def missing(error: NotFound) -> tuple[str, int]:
    return error.description or "missing", 404


@app.errorhandler(BadRequest)
def bad(error: BadRequest) -> ResponseReturnValue:
    return {"error": error.name}, 400


@app.errorhandler(Exception)
def broken(error: Exception) -> HTTPException | str:
    return error if isinstance(error, HTTPException) else "broken"


app.register_error_handler(KeyError, lambda error: ("no such key", 404))


@app.template_filter("upper_first")
def upper_first(value: str) -> str:
    return value[:1].upper() + value[1:]


@app.template_test()
def odd(value: int) -> bool:
    return value % 2 == 1


@app.template_global()
def now() -> str:
    return "now"


@app.shell_context_processor
def shell() -> dict[str, Any]:
    return {"add": 1}


@app.cli.command("greet")
@click.argument("name")
def greet(name: str) -> None:
    click.echo(name)


@click.command()
@with_appcontext
def show() -> None:
    click.echo(current_app.instance_path)


group = AppGroup("group")
app.cli.add_command(group)


@app.route("/work")
def work() -> str:
    @after_this_request
    def seal(response: Response) -> Response:
        response.cache_control.no_store = True
        return response

    @copy_current_request_context
    def later(count: int) -> str:
        return request.path * count

    return later(2)


def on_error(sender: Flask, exception: BaseException, **extra: Any) -> None:
    sender.logger.error("failed: %s", exception)


got_request_exception.connect(on_error, app)
template_rendered.connect(lambda sender, template, context, **extra: None, app)


def test_work() -> None:
    with app.test_client() as client:
        response = client.post("/work", json={"a": 1}, headers={"X-A": "1"}, follow_redirects=True)
        assert response.status_code == 405
        assert response.get_json(silent=True) is None
        with client.session_transaction() as changed:
            changed["user"] = 1
    with app.test_request_context("/work?x=1", method="GET"), app.app_context():
        assert request.args["x"] == "1"
    result = app.test_cli_runner().invoke(args=["greet", "Ada"])
    assert result.exit_code == 0
