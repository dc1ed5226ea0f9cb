"""Coroutines as views, hooks and handlers, through asgiref; and the error that says it is missing."""

import asyncio
import sys
from typing import Any

import pytest


async def pause() -> None:
    await asyncio.sleep(0)


def test_async_view(framework: Any) -> None:
    app = framework.App(__name__)

    @app.get("/<name>")
    async def view(name):
        await pause()
        return f"{name} {framework.request.path} {framework.current_app.name}"

    assert app.test_client().get("/ann").text == f"ann /ann {app.name}"


def test_async_view_in_a_blueprint(framework: Any) -> None:
    app = framework.App(__name__)
    blueprint = framework.Blueprint("bp", __name__, url_prefix="/bp")

    @blueprint.get("/")
    async def view():
        await pause()
        return framework.request.blueprint

    app.register_blueprint(blueprint)
    assert app.test_client().get("/bp/").text == "bp"


def test_async_class_views(framework: Any) -> None:
    class Show(framework.views.View):
        async def dispatch_request(self):
            await pause()
            return "view"

    class Resource(framework.views.MethodView):
        async def get(self):
            await pause()
            return "got"

        def post(self):
            return "posted"

    app = framework.App(__name__)
    app.add_url_rule("/view", view_func=Show.as_view("view"))
    app.add_url_rule("/method", view_func=Resource.as_view("method"))
    client = app.test_client()
    assert (client.get("/view").text, client.get("/method").text, client.post("/method").text) == (
        "view",
        "got",
        "posted",
    )


def test_async_hooks(framework: Any) -> None:
    app = framework.App(__name__)
    order: list[str] = []

    @app.before_request
    async def before():
        await pause()
        order.append(f"before {framework.request.path}")

    @app.after_request
    async def after(response):
        await pause()
        order.append("after")
        response.headers["X-After"] = "1"
        return response

    @app.teardown_request
    async def teardown(error):
        await pause()
        order.append("teardown")

    @app.teardown_appcontext
    async def teardown_app(error):
        await pause()
        order.append("teardown app")

    app.add_url_rule("/", "view", lambda: order.append("view") or "x")
    assert app.test_client().get("/").headers["X-After"] == "1"
    assert order == ["before /", "view", "after", "teardown", "teardown app"]


def test_async_hooks_of_a_blueprint(framework: Any) -> None:
    app = framework.App(__name__)
    blueprint = framework.Blueprint("bp", __name__)

    @blueprint.before_request
    async def before():
        await pause()
        return "stopped"

    blueprint.add_url_rule("/", "view", lambda: "never")
    app.register_blueprint(blueprint)
    assert app.test_client().get("/").text == "stopped"


@pytest.mark.parametrize("key", [ZeroDivisionError, 404, 500])
def test_async_error_handler(framework: Any, key: Any) -> None:
    app = framework.App(__name__)

    @app.errorhandler(key)
    async def handle(error):
        await pause()
        return f"handled {type(error).__name__}"

    @app.get("/")
    async def view():
        if key == 404:
            framework.abort(404)
        raise ZeroDivisionError

    expected = {ZeroDivisionError: "ZeroDivisionError", 404: "NotFound", 500: "InternalServerError"}[key]
    assert app.test_client().get("/").text == f"handled {expected}"


def test_async_view_shares_session_and_g(framework: Any) -> None:
    app = framework.App(__name__)
    app.secret_key = "key"
    app.before_request(lambda: setattr(framework.g, "x", "from the hook"))

    @app.get("/")
    async def view():
        await pause()
        framework.session["a"] = 1
        return framework.g.x

    response = app.test_client().get("/")
    assert (response.text, "Set-Cookie" in response.headers) == ("from the hook", True)


def test_async_after_this_request(framework: Any) -> None:
    app = framework.App(__name__)

    @app.get("/")
    async def view():
        @framework.after_this_request
        async def mark(response):
            await pause()
            response.headers["X-Mark"] = "1"
            return response

        return "x"

    assert app.test_client().get("/").headers["X-Mark"] == "1"


def test_ensure_sync_leaves_plain_functions_alone(framework: Any) -> None:
    app = framework.App(__name__)

    def plain():
        return 1

    async def coroutine():
        return 2

    assert app.ensure_sync(plain) is plain
    assert app.ensure_sync(coroutine)() == 2
    assert app.async_to_sync(coroutine)() == 2


def test_own_async_to_sync(framework: Any) -> None:
    class App(framework.App):
        def async_to_sync(self, func):
            def run(*args, **kwargs):
                return "own " + asyncio.run(func(*args, **kwargs))

            return run

    app = App(__name__)

    @app.get("/")
    async def view():
        return "x"

    assert app.test_client().get("/").text == "own x"


def test_missing_asgiref_is_explained(framework: Any, monkeypatch: Any) -> None:
    app = framework.App(__name__)
    monkeypatch.setitem(sys.modules, "asgiref.sync", None)
    with pytest.raises(RuntimeError, match="async"):
        app.async_to_sync(pause)


def test_async_listener_of_a_signal(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: "x")
    heard = []

    async def listen(sender, **kwargs):
        await pause()
        heard.append(sender)

    with framework.request_started.connected_to(listen):
        app.test_client().get("/")
    assert heard == [app]
