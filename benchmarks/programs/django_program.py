"""Django's program: function views, its Jinja2 backend, no database, and only the middleware that a workload needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

from django.conf import settings
from django.core.signals import request_finished
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.views.decorators.http import require_GET, require_POST
from django.views.static import serve

from benchmarks.programs import Application
from benchmarks.workloads import CHUNKS, ROWS, SECRET_KEY, STATIC, TEMPLATES, TEXT, TITLE

NOTE = "its Jinja2 backend, signed-cookie sessions, files by django.views.static; middleware only where needed"
LACKS: dict[str, str] = {}


def make(*patterns: Any, middleware: tuple[str, ...] = ()) -> Application:
    """An application of these URL patterns. Django's settings are global: the application made last is the one."""
    urls = ModuleType("urls")
    vars(urls).update(urlpatterns=list(patterns))
    if not settings.configured:
        settings.configure(
            SECRET_KEY=SECRET_KEY,
            DEBUG=False,
            ALLOWED_HOSTS=["localhost", "127.0.0.1"],
            INSTALLED_APPS=[],
            SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
            TEMPLATES=[{"BACKEND": "django.template.backends.jinja2.Jinja2", "DIRS": [str(TEMPLATES)]}],
            USE_I18N=False,
        )
    settings.ROOT_URLCONF, settings.MIDDLEWARE = urls, list(middleware)
    return get_wsgi_application()


def hello() -> Application:
    @require_GET
    def index(request: HttpRequest) -> HttpResponse:
        return HttpResponse("Hello, World!")

    return make(path("", index))


def parameter() -> Application:
    @require_GET
    def user(request: HttpRequest, id: int) -> HttpResponse:
        return JsonResponse({"id": id, "name": f"user {id}"})

    return make(path("user/<int:id>", user))


def routes(count: int) -> Application:
    def section(number: int) -> Callable[..., HttpResponse]:
        @require_GET
        def view(request: HttpRequest, entry: int) -> HttpResponse:
            return HttpResponse(f"section {number}, entry {entry}")

        return view

    return make(*(path(f"section{number}/<int:entry>", section(number)) for number in range(count)))


#: The hooks that have run; module level, since a middleware is found by its dotted name.
RAN: list[str] = []


def trace_middleware(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The hooks around every request."""

    def handle(request: Any) -> Any:
        RAN.append("app")
        response = get_response(request)
        RAN.append("app")
        return response

    return handle


def hooks() -> Application:
    def finished(**arguments: Any) -> None:
        RAN.append("end")

    def watch(name: str) -> Callable[..., Any]:
        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            def watched(request: Any) -> Any:
                RAN.append(name)
                response = view(request)
                RAN.append(name)
                return response

            return watched

        return decorate

    @watch("outer")
    @watch("inner")
    @require_GET
    def view(request: Any) -> HttpResponse:
        shown = " ".join(RAN)
        RAN.clear()
        return HttpResponse(shown)

    request_finished.connect(finished, weak=False)
    nested = [path("inner/", include([path("hooks", view)]))]
    return make(path("outer/", include(nested)), middleware=(f"{__name__}.trace_middleware",))


def template() -> Application:
    @require_GET
    def rows(request: HttpRequest) -> HttpResponse:
        return render(request, "rows.html", {"title": TITLE, "rows": ROWS})

    return make(path("rows", rows))


def sessions() -> Application:
    @require_GET
    def visits(request: Any) -> HttpResponse:
        request.session["visits"] = request.session.get("visits", 0) + 1
        return HttpResponse(f"visit {request.session['visits']}")

    return make(path("visits", visits), middleware=("django.contrib.sessions.middleware.SessionMiddleware",))


def form_post() -> Application:
    @require_POST
    def submit(request: HttpRequest) -> HttpResponse:
        fields = request.POST
        return HttpResponse(f"{fields['name']}, {fields['email']}, {fields['note']}")

    return make(path("form", submit))


def json_post() -> Application:
    @require_POST
    def order(request: HttpRequest) -> HttpResponse:
        content = json.loads(request.body)
        count = sum(item["count"] for item in content["items"])
        return JsonResponse({"customer": content["customer"], "count": count})

    return make(path("order", order))


def static_file() -> Application:
    @require_GET
    def file(request: HttpRequest, name: str) -> Any:
        return serve(request, name, document_root=str(STATIC))

    return make(path("static/<path:name>", file))


not_modified = static_file
not_found = hello


def upload() -> Application:
    @require_POST
    def receive(request: HttpRequest) -> HttpResponse:
        file = request.FILES["file"]
        return HttpResponse(f"{file.name}, {len(file.read())} bytes")

    return make(path("upload", receive))


def stream() -> Application:
    @require_GET
    def lines(request: HttpRequest) -> Any:
        return StreamingHttpResponse((chunk for chunk in CHUNKS), content_type=TEXT)

    return make(path("stream", lines))
