"""Bottle's program. Sessions are its signed cookies; what blueprints do elsewhere, mounted apps and plugins do here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import bottle
from bottle import Bottle, jinja2_template, request, response

from benchmarks.programs import Application
from benchmarks.workloads import CHUNKS, ROWS, SECRET_KEY, STATIC, TEMPLATES, TEXT, TITLE

NOTE = "templates by its Jinja2 adapter, sessions by signed cookies (pickled), nesting by mounted apps and plugins"
LACKS: dict[str, str] = {}
LOOKUP = [str(TEMPLATES)]


def hello() -> Application:
    app = Bottle()

    @app.get("/")
    def index() -> str:
        return "Hello, World!"

    return app


def parameter() -> Application:
    app = Bottle()

    @app.get("/user/<id:int>")
    def user(id: int) -> dict[str, Any]:
        return {"id": id, "name": f"user {id}"}

    return app


def routes(count: int) -> Application:
    app = Bottle()

    def add(number: int) -> None:
        @app.get(f"/section{number}/<entry:int>")
        def section(entry: int) -> str:
            return f"section {number}, entry {entry}"

    for number in range(count):
        add(number)
    return app


def hooks() -> Application:
    app, outer, inner = Bottle(), Bottle(), Bottle()
    ran: list[str] = []

    @app.hook("before_request")
    def before() -> None:
        ran.append("app")

    @app.hook("after_request")  # runs after errors too: it is teardown as well
    def after() -> None:
        ran.append("app")
        ran.append("end")

    def watch(name: str) -> Callable[..., Any]:
        def plugin(callback: Callable[..., Any]) -> Callable[..., Any]:
            def wrapped(*args: Any, **kwargs: Any) -> Any:
                ran.append(name)
                body = callback(*args, **kwargs)
                ran.append(name)
                return body

            return wrapped

        return plugin

    inner.install(watch("outer"))
    inner.install(watch("inner"))

    @inner.get("/hooks")
    def view() -> str:
        shown = " ".join(ran)
        ran.clear()
        return shown

    outer.mount("/inner/", inner)
    app.mount("/outer/", outer)
    return app


def template() -> Application:
    app = Bottle()
    settings = {"autoescape": True}

    @app.get("/rows")
    def rows() -> str:
        return jinja2_template("rows.html", title=TITLE, rows=ROWS, template_lookup=LOOKUP, template_settings=settings)

    return app


def sessions() -> Application:
    app = Bottle()

    @app.get("/visits")
    def visits() -> str:
        content = request.get_cookie("session", secret=SECRET_KEY) or {}
        content["visits"] = content.get("visits", 0) + 1
        response.set_cookie("session", content, secret=SECRET_KEY, httponly=True, path="/")
        return f"visit {content['visits']}"

    return app


def form_post() -> Application:
    app = Bottle()

    @app.post("/form")
    def submit() -> str:
        fields = request.forms
        return f"{fields['name']}, {fields['email']}, {fields['note']}"

    return app


def json_post() -> Application:
    app = Bottle()

    @app.post("/order")
    def order() -> dict[str, Any]:
        content = request.json
        return {"customer": content["customer"], "count": sum(item["count"] for item in content["items"])}

    return app


def static_file() -> Application:
    app = Bottle()

    @app.get("/static/<name:path>")
    def file(name: str) -> Any:
        return bottle.static_file(name, root=str(STATIC))

    return app


not_modified = static_file
not_found = hello


def upload() -> Application:
    app = Bottle()

    @app.post("/upload")
    def receive() -> str:
        file = request.files["file"]
        return f"{file.filename}, {len(file.file.read())} bytes"

    return app


def stream() -> Application:
    app = Bottle()

    @app.get("/stream")
    def lines() -> Iterator[bytes]:
        response.content_type = TEXT
        yield from CHUNKS

    return app
