"""Flask's program, and wsgiapp's: this very source runs on both, on wsgiapp through the alias."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Flask, Response, render_template, request, session

from benchmarks.programs import Application
from benchmarks.workloads import CHUNKS, FOLDER, ROWS, SECRET_KEY, TITLE

NOTE = "one source for Flask and wsgiapp; secret key set; templates by Jinja2, files from the static folder"
LACKS: dict[str, str] = {}


def make() -> Flask:
    """An app as a project has it: a secret key, a static folder, a template folder."""
    app = Flask("benchmark", root_path=str(FOLDER))
    app.secret_key = SECRET_KEY
    return app


def hello() -> Application:
    app = make()

    @app.get("/")
    def index() -> str:
        return "Hello, World!"

    return app


def parameter() -> Application:
    app = make()

    @app.get("/user/<int:id>")
    def user(id: int) -> dict[str, Any]:
        return {"id": id, "name": f"user {id}"}

    return app


def routes(count: int) -> Application:
    app = make()

    def add(number: int) -> None:
        def section(entry: int) -> str:
            return f"section {number}, entry {entry}"

        app.add_url_rule(f"/section{number}/<int:entry>", f"section{number}", section)

    for number in range(count):
        add(number)
    return app


def hooks() -> Application:
    app = make()
    outer, inner = Blueprint("outer", "benchmark"), Blueprint("inner", "benchmark")
    ran: list[str] = []

    def watch(scaffold: Any, name: str) -> None:
        @scaffold.before_request
        def before() -> None:
            ran.append(name)

        @scaffold.after_request
        def after(response: Response) -> Response:
            ran.append(name)
            return response

    for scaffold, name in ((app, "app"), (outer, "outer"), (inner, "inner")):
        watch(scaffold, name)

    @app.teardown_request
    def teardown(error: BaseException | None) -> None:
        ran.append("end")

    @inner.get("/hooks")
    def view() -> str:
        shown = " ".join(ran)
        ran.clear()
        return shown

    outer.register_blueprint(inner, url_prefix="/inner")
    app.register_blueprint(outer, url_prefix="/outer")
    return app


def template() -> Application:
    app = make()

    @app.get("/rows")
    def rows() -> str:
        return render_template("rows.html", title=TITLE, rows=ROWS)

    return app


def sessions() -> Application:
    app = make()

    @app.get("/visits")
    def visits() -> str:
        session["visits"] = session.get("visits", 0) + 1
        return f"visit {session['visits']}"

    return app


def form_post() -> Application:
    app = make()

    @app.post("/form")
    def submit() -> str:
        return f"{request.form['name']}, {request.form['email']}, {request.form['note']}"

    return app


def json_post() -> Application:
    app = make()

    @app.post("/order")
    def order() -> dict[str, Any]:
        content = request.get_json()
        return {"customer": content["customer"], "count": sum(item["count"] for item in content["items"])}

    return app


static_file = not_modified = not_found = make


def upload() -> Application:
    app = make()

    @app.post("/upload")
    def receive() -> str:
        file = request.files["file"]
        return f"{file.filename}, {len(file.read())} bytes"

    return app


def stream() -> Application:
    app = make()

    @app.get("/stream")
    def lines() -> Response:
        def produce() -> Iterator[bytes]:
            yield from CHUNKS

        return Response(produce(), mimetype="text/plain")

    return app
