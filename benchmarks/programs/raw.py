"""Plain WSGI functions: no framework at all, the limit of what any of them could reach."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.handlers import format_date_time

import jinja2

from benchmarks.programs import Application
from benchmarks.workloads import CHUNKS, HTML, JSON, ROWS, STATIC, TEMPLATES, TEXT, TITLE

NOTE = "functions without a framework: parsing by the standard library, templates by Jinja2"
LACKS = {
    "hooks": "plain WSGI has no hooks",
    "sessions": "plain WSGI has no sessions",
}


def answer(start_response: Any, body: bytes, content_type: str = HTML, status: str = "200 OK") -> list[bytes]:
    """A whole answer, with its length."""
    start_response(status, [("Content-Type", content_type), ("Content-Length", str(len(body)))])
    return [body]


def read(environ: dict[str, Any]) -> bytes:
    """The request's body."""
    content: bytes = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    return content


def hello() -> Application:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        return answer(start_response, b"Hello, World!")

    return application


def parameter() -> Application:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        number = int(environ["PATH_INFO"].rpartition("/")[2])
        return answer(start_response, json.dumps({"id": number, "name": f"user {number}"}).encode(), JSON)

    return application


def routes(count: int) -> Application:
    sections = {f"section{number}": number for number in range(count)}

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        _, section, entry = environ["PATH_INFO"].split("/")
        return answer(start_response, f"section {sections[section]}, entry {int(entry)}".encode())

    return application


def template() -> Application:
    page = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, auto_reload=False
    ).get_template("rows.html")

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        return answer(start_response, page.render(title=TITLE, rows=ROWS).encode())

    return application


def form_post() -> Application:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        fields = dict(parse_qsl(read(environ).decode(), keep_blank_values=True))
        return answer(start_response, f"{fields['name']}, {fields['email']}, {fields['note']}".encode())

    return application


def json_post() -> Application:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        order = json.loads(read(environ))
        summary = {"customer": order["customer"], "count": sum(item["count"] for item in order["items"])}
        return answer(start_response, json.dumps(summary).encode(), JSON)

    return application


def static_file() -> Application:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        path = STATIC / environ["PATH_INFO"].rpartition("/")[2]
        changed = path.stat().st_mtime
        tag = f'"{changed}"'
        dates = {"Last-Modified": changed, "Date": time.time()}
        validators = [("ETag", tag), *((name, format_date_time(date)) for name, date in dates.items())]
        if environ.get("HTTP_IF_NONE_MATCH") == tag:
            start_response("304 Not Modified", validators)
            return []
        body = path.read_bytes()
        headers = [("Content-Type", TEXT), ("Content-Length", str(len(body)))]
        start_response("200 OK", headers + validators)
        return [body]

    return application


not_modified = static_file


def not_found() -> Application:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        return answer(start_response, b"Not Found", TEXT, "404 Not Found")

    return application


def upload() -> Application:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        boundary = environ["CONTENT_TYPE"].partition("boundary=")[2].encode()
        head, _, rest = read(environ).partition(b"\r\n\r\n")
        name = head.partition(b'filename="')[2].partition(b'"')[0]
        content = rest[: rest.rindex(b"\r\n--" + boundary)]
        return answer(start_response, f"{name.decode()}, {len(content)} bytes".encode())

    return application


def stream() -> Application:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", TEXT)])
        return (chunk for chunk in CHUNKS)

    return application
