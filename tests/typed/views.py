"""Typed code as it is written for Flask: views and every kind of answer they may give."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    flash,
    g,
    get_flashed_messages,
    jsonify,
    make_response,
    redirect,
    render_template,
    render_template_string,
    request,
    send_file,
    send_from_directory,
    session,
    stream_template,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask.views import MethodView, View
from werkzeug.wrappers import Response as BaseResponse

app = Flask(__name__, static_folder=None, template_folder="pages", instance_relative_config=True)
bp = Blueprint("part", __name__, url_prefix="/part")


@app.route("/text")
def text() -> str:
    return f"{request.args.get('name', 'nobody')} {request.headers['User-Agent']}"


@app.get("/bytes")
def some_bytes() -> bytes:
    return request.get_data()


@app.post("/dict")
def a_dict() -> dict[str, Any]:
    return {"json": request.get_json(silent=True), "files": len(request.files)}


@app.put("/list")
def a_list() -> list[int]:
    return [1, 2, 3]


@app.patch("/status")
def with_status() -> tuple[str, int]:
    return "made", 201


@app.delete("/headers")
def with_headers() -> tuple[str, dict[str, str]]:
    return "", {"X-Part": "1"}


@app.route("/both", methods=["GET", "POST"])
def with_both() -> tuple[str, int, dict[str, str | list[str]]]:
    return "", 200, {"X-Part": ["1", "2"]}


@app.route("/http-status")
def http_status() -> tuple[dict[str, str], HTTPStatus]:
    return {"status": "teapot"}, HTTPStatus.IM_A_TEAPOT


@app.route("/response")
def a_response() -> Response:
    response = make_response(render_template("page.html", user=g.user))
    response.set_cookie("theme", "dark", httponly=True, samesite="Lax")
    response.headers["X-App"] = current_app.name
    return response


@app.route("/any")
def anything() -> ResponseReturnValue:
    if "user" not in session:
        flash("Please log in.", "error")
        return redirect(url_for("text", next=request.path))
    messages = get_flashed_messages(with_categories=True)
    return jsonify(messages=messages, user=session["user"])


@app.route("/redirect")
def a_redirect() -> BaseResponse:
    return redirect("/", code=303)


@app.route("/stream")
def stream() -> Iterator[str]:
    yield "chunk"


@app.route("/templates")
def templates() -> Iterator[str]:
    return stream_template("page.html", rows=[1])


@app.route("/string")
def string() -> str:
    return render_template_string("{{ a }}", a=1)


@app.route("/with-context")
def with_context() -> Response:
    def generate() -> Iterator[str]:
        yield request.path

    return Response(stream_with_context(generate()), mimetype="text/plain")


@app.route("/file/<path:name>")
def file(name: str) -> Response:
    return send_from_directory("files", name, as_attachment=True, max_age=60)


@app.route("/report")
def report() -> Response:
    return send_file("report.pdf", download_name="report.pdf")


@app.route("/async")
async def asynchronous() -> str:
    return "done"


@bp.route("/async-stream")
async def asynchronous_stream() -> AsyncIterator[str]:
    async def pieces() -> AsyncIterator[str]:
        yield "piece"

    return pieces()


@bp.get("/<int:number>")
@bp.get("/<int:number>/<slug>")
def several(number: int, slug: str | None = None) -> str:
    if number > 10:
        abort(404, "there are only ten")
    return url_for(".several", number=number, slug=slug, _external=True, _anchor="top")


class Page(View):
    methods = ["GET", "POST"]
    init_every_request = False

    def __init__(self, name: str) -> None:
        self.name = name

    def dispatch_request(self) -> ResponseReturnValue:
        return render_template(["first.html", "second.html"], name=self.name)


class Item(MethodView):
    def get(self, id: int) -> str:
        return f"item {id}"

    async def post(self, id: int) -> tuple[str, int]:
        return f"item {id}", 201


app.add_url_rule("/page", view_func=Page.as_view("page", "first"))
bp.add_url_rule("/item/<int:id>", view_func=Item.as_view("item"), methods=["GET", "POST"])
app.register_blueprint(bp, url_prefix="/parts", name="parts")
