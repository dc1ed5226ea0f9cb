"""The workloads: the requests that are sent to every framework, and the expected answers.

Data alone: each workload is one or more exchanges, in order, and the last of them is the one that is timed. Nothing
here knows a framework; how each does the work stands in `benchmarks.programs`.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

from markupsafe import escape

FOLDER = Path(__file__).resolve().parent
STATIC = FOLDER / "static"
TEMPLATES = FOLDER / "templates"
SECRET_KEY = "0123456789abcdef0123456789abcdef"  # noqa: S105 - the key of a benchmark protects nothing

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"

TITLE = "Rows & columns"
ROWS = [{"name": f"Row <{number}>", "text": f'"{number}" & more'} for number in range(20)]
CHUNKS = [f"line {number:03} of a streamed answer\n".encode() for number in range(50)]
UPLOAD = random.Random(0).randbytes(1_000_000)  # noqa: S311 - the same bytes every time
ORDER = {"customer": "Ada Lovelace", "items": [{"id": number, "count": 2} for number in range(8)], "note": "gift"}
BOUNDARY = "----benchmark7MA4YWxkTrZu0gW"

Carried = Literal["", "cookie", "validators"]


@dataclass(frozen=True)
class Exchange:
    """One request's expected answer. A *body* of None stands for a page of the framework's own, which may differ."""

    status: int = 200
    body: bytes | None = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Workload:
    """A request, sent as often as there are *exchanges*, and the answers it must get.

    *carried* says what goes from one answer into the next request: the session's cookie, or the validators of a file.
    *routes* is the number of dynamic routes of the program, where that number is the point.
    """

    name: str
    title: str
    path: str
    exchanges: tuple[Exchange, ...]
    method: str = "GET"
    body: bytes = b""
    content_type: str = ""
    carried: Carried = ""
    routes: int = 0


def html(text: str) -> Exchange:
    """An HTML answer with that body."""
    return Exchange(200, text.encode(), {"content-type": HTML})


def as_json(content: Any) -> Exchange:
    """A JSON answer with that content; spacing is the framework's own."""
    return Exchange(200, json.dumps(content).encode(), {"content-type": JSON})


def rows_page(rows: list[dict[str, str]]) -> str:
    """The page that the template makes of those rows, made without a template engine."""
    items = "".join(f"<li><b>{escape(row['name'])}</b> {escape(row['text'])}</li>\n" for row in rows)
    return f"<!doctype html>\n<title>{escape(TITLE)}</title>\n<ul>\n{items}</ul>"


def multipart() -> bytes:
    """The upload as a browser sends it: one file field."""
    disposition = 'Content-Disposition: form-data; name="file"; filename="photo.bin"'
    head = f"--{BOUNDARY}\r\n{disposition}\r\nContent-Type: application/octet-stream\r\n\r\n"
    return head.encode() + UPLOAD + f"\r\n--{BOUNDARY}--\r\n".encode()


def routed(name: str, title: str, count: int, chosen: int) -> Workload:
    """One of *count* dynamic routes, each with a fixed word and an int."""
    return Workload(name, title, f"/section{chosen}/7", (html(f"section {chosen}, entry 7"),), routes=count)


FORM = urlencode({"name": "Ada Lovelace", "email": "ada@example.org", "note": "a & b = c"}).encode()
FILE = Exchange(200, (STATIC / "ten.txt").read_bytes(), {"content-type": "text/plain"})  # with or without charset
STREAM = Exchange(200, b"".join(CHUNKS), {"content-type": TEXT})

WORKLOADS = (
    Workload("hello", "hello", "/", (html("Hello, World!"),)),
    Workload("parameter", "int parameter → JSON", "/user/42", (as_json({"id": 42, "name": "user 42"}),)),
    routed("routes_3", "first of 3 dynamic routes", 3, 0),
    routed("routes_300", "last of 300 dynamic routes", 300, 299),
    routed("routes_3000", "last of 3,000 dynamic routes", 3000, 2999),
    Workload(
        "hooks",
        "before, after, teardown, nested blueprint",
        "/outer/inner/hooks",
        (html("app outer inner"), html("inner outer app end app outer inner")),  # what has run since the view last did
    ),
    Workload("template", "template, 20 escaped rows", "/rows", (html(rows_page(ROWS)),)),
    Workload("sessions", "session read and write", "/visits", (html("visit 1"), html("visit 2")), carried="cookie"),
    Workload(
        "form_post",
        "form POST",
        "/form",
        (html("Ada Lovelace, ada@example.org, a & b = c"),),
        method="POST",
        body=FORM,
        content_type="application/x-www-form-urlencoded",
    ),
    Workload(
        "json_post",
        "JSON POST",
        "/order",
        (as_json({"customer": "Ada Lovelace", "count": 16}),),
        method="POST",
        body=json.dumps(ORDER).encode(),
        content_type=JSON,
    ),
    Workload("static_file", "static file, 10 kB", "/static/ten.txt", (FILE,)),
    Workload("not_modified", "static file, 304", "/static/ten.txt", (FILE, Exchange(304)), carried="validators"),
    Workload("not_found", "404", "/nowhere", (Exchange(404, None),)),
    Workload(
        "upload",
        "upload, 1 MB",
        "/upload",
        (html(f"photo.bin, {len(UPLOAD)} bytes"),),
        method="POST",
        body=multipart(),
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
    ),
    Workload("stream", "streamed answer, 50 chunks", "/stream", (STREAM,)),
)
BY_NAME = {workload.name: workload for workload in WORKLOADS}
