"""One process with the X-ray's page under another toolbar, or without it: Flask-DebugToolbar, Django Debug Toolbar.

``python -m benchmarks.toolbars NAME TURNS`` speaks as `benchmarks.worker` does; NAME is that of a `Toolbar`, with
``-off`` behind it for the same program without the toolbar. The page is that of `benchmarks.watched`, with the end of a
body, where toolbars stand. Before it is ready it checks that the answer has the toolbar, or that it does not.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from benchmarks.programs import Application
from benchmarks.watched import PAGE
from benchmarks.worker import AnswerError, Timer, send, serve, telling
from benchmarks.workloads import FOLDER, ROWS, SECRET_KEY, TEMPLATES, TITLE, Workload, html

OFF = "-off"
END = "</body>"


@dataclass(frozen=True)
class Toolbar:
    """Another toolbar.

    *mark* stands in each page that has it; *make* makes the program, by the turns of the page's loop and whether the
    toolbar is on.
    """

    name: str
    title: str
    mark: bytes
    make: Callable[[int, bool], Application]


def flask_page(turns: int, is_on: bool) -> Application:
    """The page on Flask, in debug mode."""
    from flask import Flask, g, render_template  # only the process that serves it loads it
    from flask_debugtoolbar import DebugToolbarExtension

    app = Flask("benchmark", root_path=str(FOLDER))
    app.debug, app.secret_key = True, SECRET_KEY
    app.config.update(TEMPLATES_AUTO_RELOAD=False)
    if is_on:
        DebugToolbarExtension(app)

    @app.before_request
    def find_rows() -> None:
        g.rows = ROWS[:3]

    @app.after_request
    def forbid_frames(response: Any) -> Any:
        response.headers["X-Frame-Options"] = "DENY"
        return response

    @app.get("/page/<int:number>")
    def show(number: int) -> str:
        for turn in range(turns):
            number += turn * turn
        return render_template("rows.html", title=TITLE, rows=g.rows) + END

    application: Application = app
    return application


def django_page(turns: int, is_on: bool) -> Application:
    """The page on Django, in debug mode."""
    from django.conf import settings  # only the process that serves it loads it
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpRequest, HttpResponse
    from django.template.loader import render_to_string
    from django.urls import include, path

    urls = ModuleType("urls")
    backend = "django.template.backends"
    settings.configure(
        SECRET_KEY=SECRET_KEY, DEBUG=True, ALLOWED_HOSTS=["localhost"], INTERNAL_IPS=["127.0.0.1"], ROOT_URLCONF=urls,
        INSTALLED_APPS=["django.contrib.staticfiles", *["debug_toolbar"] * is_on], STATIC_URL="/static/",
        USE_I18N=False,
        MIDDLEWARE=[
            *["debug_toolbar.middleware.DebugToolbarMiddleware"] * is_on,
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        TEMPLATES=[
            {"BACKEND": f"{backend}.jinja2.Jinja2", "DIRS": [str(TEMPLATES)]},
            {"BACKEND": f"{backend}.django.DjangoTemplates", "APP_DIRS": True},
        ],
    )  # fmt: skip

    def show(request: HttpRequest, number: int) -> HttpResponse:
        for turn in range(turns):
            number += turn * turn
        return HttpResponse(render_to_string("rows.html", {"title": TITLE, "rows": ROWS[:3]}, using="jinja2") + END)

    application: Application = get_wsgi_application()  # it sets Django up, which the toolbar's addresses need
    own = [path("__debug__/", include("debug_toolbar.urls"))] if is_on else []
    vars(urls).update(urlpatterns=[*own, path("page/<int:number>", show)])
    return application


TOOLBARS = (
    Toolbar("flask", "Flask-DebugToolbar", b"flDebug", flask_page),
    Toolbar("django", "Django Debug Toolbar", b"djDebug", django_page),
)
TOOLBAR = {toolbar.name: toolbar for toolbar in TOOLBARS}


def workload_of(is_on: bool) -> Workload:
    """The page as a workload: with a toolbar its body is not foreseen."""
    body = None if is_on else (PAGE.exchanges[0].body or b"") + END.encode()
    return replace(PAGE, exchanges=(replace(html(""), body=body),))


def prepare(name: str, turns: int) -> Timer:
    """The program, checked and ready to be timed.

    :raises AnswerError: when it answers wrongly, or has the toolbar and should not, or the other way round.
    """
    toolbar, is_on = TOOLBAR[name.removesuffix(OFF)], not name.endswith(OFF)
    timer = Timer(toolbar.make(turns, is_on), workload_of(is_on))
    answer = send(timer.application, timer.environ, timer.body)
    if (toolbar.mark in answer.body) is not is_on:
        raise AnswerError(f"{name}: the page has {'no' if is_on else 'a'} toolbar")
    return timer


def main(name: str, turns: str) -> None:
    """Say whether the program is ready, then do as told."""
    answer = telling()
    try:
        timer = prepare(name, int(turns))
    except AnswerError as reason:
        return answer({"wrong": str(reason)})
    answer({"ready": True})
    return serve(timer, sys.stdin, answer)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the harness, which then closes the pipe
    main(*sys.argv[1:])
