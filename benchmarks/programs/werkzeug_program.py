"""Werkzeug by itself, in the shape of the application that its documentation builds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jinja2
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.routing import Map, Rule

from benchmarks.programs import Application
from benchmarks.workloads import CHUNKS, ROWS, SECRET_KEY, STATIC, TEMPLATES, TITLE

NOTE = "Request, Response and Map; templates by Jinja2, files by SharedDataMiddleware, sessions by itsdangerous"
LACKS = {"hooks": "Werkzeug has no hooks"}

View = Callable[..., Response]


def make(*rules: tuple[str, str, View]) -> Application:
    """An application of rules, each a method, a path and a view."""
    url_map = Map([Rule(path, methods=[method], endpoint=view) for method, path, view in rules])

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        try:
            view, arguments = url_map.bind_to_environ(environ).match()
            response = view(request, **arguments)
        except HTTPException as error:
            response = error.get_response(environ)
        return response(environ, start_response)

    return application


def html(text: str) -> Response:
    return Response(text, mimetype="text/html")


def hello() -> Application:
    return make(("GET", "/", lambda request: html("Hello, World!")))


def parameter() -> Application:

    def user(request: Request, id: int) -> Response:
        return Response(json.dumps({"id": id, "name": f"user {id}"}), mimetype="application/json")

    return make(("GET", "/user/<int:id>", user))


def routes(count: int) -> Application:
    def section(number: int) -> View:
        return lambda request, entry: html(f"section {number}, entry {entry}")

    return make(*(("GET", f"/section{number}/<int:entry>", section(number)) for number in range(count)))


def template() -> Application:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, auto_reload=False)

    def rows(request: Request) -> Response:
        return html(environment.get_template("rows.html").render(title=TITLE, rows=ROWS))

    return make(("GET", "/rows", rows))


def sessions() -> Application:
    serializer = URLSafeTimedSerializer(SECRET_KEY, salt="session")

    def visits(request: Request) -> Response:
        try:
            content = serializer.loads(request.cookies.get("session", ""), max_age=3600)
        except BadSignature:
            content = {}
        content["visits"] = content.get("visits", 0) + 1
        response = html(f"visit {content['visits']}")
        response.set_cookie("session", serializer.dumps(content), httponly=True)
        response.vary.add("Cookie")
        return response

    return make(("GET", "/visits", visits))


def form_post() -> Application:
    def submit(request: Request) -> Response:
        return html(f"{request.form['name']}, {request.form['email']}, {request.form['note']}")

    return make(("POST", "/form", submit))


def json_post() -> Application:

    def order(request: Request) -> Response:
        content = request.get_json()
        summary = {"customer": content["customer"], "count": sum(item["count"] for item in content["items"])}
        return Response(json.dumps(summary), mimetype="application/json")

    return make(("POST", "/order", order))


def static_file() -> Application:
    return SharedDataMiddleware(make(), {"/static": str(STATIC)})


not_modified = static_file
not_found = hello


def upload() -> Application:
    def receive(request: Request) -> Response:
        file = request.files["file"]
        return html(f"{file.filename}, {len(file.read())} bytes")

    return make(("POST", "/upload", receive))


def stream() -> Application:
    return make(("GET", "/stream", lambda request: Response((chunk for chunk in CHUNKS), mimetype="text/plain")))
