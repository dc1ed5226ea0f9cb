"""Pyramid's program: routes and views by configuration, nesting by ``include`` with a route prefix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.config import Configurator
from pyramid.response import Response
from pyramid.session import SignedCookieSessionFactory

from benchmarks.programs import Application
from benchmarks.workloads import CHUNKS, ROWS, SECRET_KEY, STATIC, TEMPLATES, TITLE

NOTE = "templates by pyramid_jinja2, sessions by its signed cookies, hooks by a tween and view decorators"
LACKS: dict[str, str] = {}


def make(path: str, view: Any, method: str = "GET", renderer: str | None = None, **options: Any) -> Application:
    """An application of one route."""
    with Configurator(**options) as config:
        config.add_route("only", path)
        config.add_view(view, route_name="only", request_method=method, renderer=renderer)
        return config.make_wsgi_app()


def hello() -> Application:
    return make("/", lambda request: Response("Hello, World!"))


def parameter() -> Application:
    def user(request: Any) -> dict[str, Any]:
        id = int(request.matchdict["id"])
        return {"id": id, "name": f"user {id}"}

    return make(r"/user/{id:\d+}", user, renderer="json")


def routes(count: int) -> Application:
    def section(number: int) -> Callable[[Any], Response]:
        return lambda request: Response(f"section {number}, entry {int(request.matchdict['entry'])}")

    with Configurator() as config:
        for number in range(count):
            config.add_route(f"section{number}", rf"/section{number}/{{entry:\d+}}")
            config.add_view(section(number), route_name=f"section{number}", request_method="GET")
        return config.make_wsgi_app()


#: The hooks that have run; module level, since a tween is found by its dotted name.
RAN: list[str] = []


def tween(handler: Callable[[Any], Response], registry: Any) -> Callable[[Any], Response]:
    """The hooks around every request, and the callback at its end."""

    def torn_down(request: Any) -> None:
        RAN.append("end")

    def handle(request: Any) -> Response:
        RAN.append("app")
        request.add_finished_callback(torn_down)
        response = handler(request)
        RAN.append("app")
        return response

    return handle


def hooks() -> Application:
    def watch(name: str) -> Callable[..., Any]:
        def decorate(view: Callable[..., Response]) -> Callable[..., Response]:
            def watched(context: Any, request: Any) -> Response:
                RAN.append(name)
                response = view(context, request)
                RAN.append(name)
                return response

            return watched

        return decorate

    def view(request: Any) -> Response:
        shown = " ".join(RAN)
        RAN.clear()
        return Response(shown)

    def inner(config: Configurator) -> None:
        config.add_route("hooks", "/hooks")
        config.add_view(view, route_name="hooks", request_method="GET", decorator=(watch("outer"), watch("inner")))

    def outer(config: Configurator) -> None:
        config.include(inner, route_prefix="/inner")

    with Configurator() as config:
        config.add_tween(f"{__name__}.tween")
        config.include(outer, route_prefix="/outer")
        return config.make_wsgi_app()


def template() -> Application:
    def rows(request: Any) -> dict[str, Any]:
        return {"title": TITLE, "rows": ROWS}

    with Configurator() as config:
        config.include("pyramid_jinja2")
        config.add_jinja2_renderer(".html")
        config.add_jinja2_search_path(str(TEMPLATES), name=".html")
        config.add_route("only", "/rows")
        config.add_view(rows, route_name="only", request_method="GET", renderer="rows.html")
        return config.make_wsgi_app()


def sessions() -> Application:
    def visits(request: Any) -> Response:
        session = request.session
        session["visits"] = session.get("visits", 0) + 1
        return Response(f"visit {session['visits']}")

    return make("/visits", visits, session_factory=SignedCookieSessionFactory(SECRET_KEY, httponly=True))


def form_post() -> Application:
    def submit(request: Any) -> Response:
        fields = request.POST
        return Response(f"{fields['name']}, {fields['email']}, {fields['note']}")

    return make("/form", submit, "POST")


def json_post() -> Application:
    def order(request: Any) -> dict[str, Any]:
        content = request.json_body
        return {"customer": content["customer"], "count": sum(item["count"] for item in content["items"])}

    return make("/order", order, "POST", "json")


def static_file() -> Application:
    with Configurator() as config:
        config.add_static_view("static", str(STATIC))
        return config.make_wsgi_app()


not_modified = static_file
not_found = hello


def upload() -> Application:
    def receive(request: Any) -> Response:
        file = request.POST["file"]
        return Response(f"{file.filename}, {len(file.file.read())} bytes")

    return make("/upload", receive, "POST")


def stream() -> Application:
    def lines(request: Any) -> Response:
        return Response(app_iter=(chunk for chunk in CHUNKS), content_type="text/plain", charset="utf-8")

    return make("/stream", lines)
