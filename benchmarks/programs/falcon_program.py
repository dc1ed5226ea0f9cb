"""Falcon's program: resources, hooks and one middleware. It has neither templates nor sessions of its own."""

from __future__ import annotations

from typing import Any

import falcon
import jinja2
from itsdangerous import BadSignature, URLSafeTimedSerializer

from benchmarks.programs import Application
from benchmarks.workloads import CHUNKS, ROWS, SECRET_KEY, STATIC, TEMPLATES, TITLE

NOTE = "partly compiled by Cython; templates by Jinja2, sessions by itsdangerous, nesting by falcon.before and after"
LACKS: dict[str, str] = {}


def make(path: str, resource: Any) -> Application:
    app = falcon.App()
    app.add_route(path, resource)
    return app


def html(resp: falcon.Response, text: str) -> None:
    resp.content_type = falcon.MEDIA_HTML
    resp.text = text


def hello() -> Application:
    class Index:
        def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
            html(resp, "Hello, World!")

    return make("/", Index())


def parameter() -> Application:
    class User:
        def on_get(self, req: falcon.Request, resp: falcon.Response, id: int) -> None:
            resp.media = {"id": id, "name": f"user {id}"}

    return make("/user/{id:int}", User())


def routes(count: int) -> Application:
    class Section:
        def __init__(self, number: int) -> None:
            self.number = number

        def on_get(self, req: falcon.Request, resp: falcon.Response, entry: int) -> None:
            html(resp, f"section {self.number}, entry {entry}")

    app = falcon.App()
    for number in range(count):
        app.add_route(f"/section{number}/{{entry:int}}", Section(number))
    return app


def hooks() -> Application:
    ran: list[str] = []

    class Watch:
        def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
            ran.append("app")

        def process_response(self, req: falcon.Request, resp: falcon.Response, resource: Any, succeeded: bool) -> None:
            ran.append("app")
            ran.append("end")  # it is called after errors too: it is teardown as well

    def note(req: falcon.Request, resp: falcon.Response, resource: Any, params: Any, name: str) -> None:
        ran.append(name)

    def note_after(req: falcon.Request, resp: falcon.Response, resource: Any, name: str) -> None:
        ran.append(name)

    @falcon.before(note, "outer")
    @falcon.after(note_after, "outer")
    class Outer:
        @falcon.before(note, "inner")
        @falcon.after(note_after, "inner")
        def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
            html(resp, " ".join(ran))
            ran.clear()

    app = falcon.App(middleware=[Watch()])
    app.add_route("/outer/inner/hooks", Outer())
    return app


def template() -> Application:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, auto_reload=False)

    class Rows:
        def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
            html(resp, environment.get_template("rows.html").render(title=TITLE, rows=ROWS))

    return make("/rows", Rows())


def sessions() -> Application:
    serializer = URLSafeTimedSerializer(SECRET_KEY, salt="session")

    class Visits:
        def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
            try:
                content = serializer.loads(req.cookies.get("session", ""), max_age=3600)
            except BadSignature:
                content = {}
            content["visits"] = content.get("visits", 0) + 1
            resp.set_cookie("session", serializer.dumps(content), path="/", secure=False)
            resp.append_header("Vary", "Cookie")
            html(resp, f"visit {content['visits']}")

    return make("/visits", Visits())


def form_post() -> Application:
    class Form:
        def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
            fields = req.get_media()
            html(resp, f"{fields['name']}, {fields['email']}, {fields['note']}")

    return make("/form", Form())


def json_post() -> Application:
    class Order:
        def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
            content = req.get_media()
            resp.media = {"customer": content["customer"], "count": sum(item["count"] for item in content["items"])}

    return make("/order", Order())


def static_file() -> Application:
    app = falcon.App()
    app.add_static_route("/static", str(STATIC))
    return app


not_modified = static_file
not_found = hello


def upload() -> Application:
    class Upload:
        def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
            for part in req.get_media():
                if part.name == "file":
                    html(resp, f"{part.filename}, {len(part.stream.read())} bytes")

    return make("/upload", Upload())


def stream() -> Application:
    class Lines:
        def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
            resp.content_type = falcon.MEDIA_TEXT
            resp.stream = (chunk for chunk in CHUNKS)

    return make("/stream", Lines())
