"""The app that gets the hostile corpus: it reads all that a request offers, and sends back what the visitor chose.

``HOSTILE_FRAMEWORK`` names the framework (``wsgiapp`` or ``flask``); with ``HOSTILE_DEBUG`` it is in debug mode, with
``HOSTILE_XRAY`` it is watched. A program gives the object ``app`` to its server. ``/stats`` says what the process has
open, so that what is left behind can be counted.
"""

from __future__ import annotations

import gc
import hashlib
import io
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

FRAMEWORK: Any = import_module(os.environ.get("HOSTILE_FRAMEWORK", "wsgiapp"))
LIMIT = 100_000
FILE = bytes(range(256)) * 40
READS = [
    "method", "path", "full_path", "url", "base_url", "host", "host_url", "root_url", "root_path", "query_string",
    "scheme", "is_secure", "remote_addr", "access_route", "content_length", "content_type", "content_encoding",
    "content_md5", "mimetype", "mimetype_params", "args", "cookies", "authorization", "cache_control", "pragma",
    "date", "max_forwards", "origin", "referrer", "user_agent", "range", "if_range", "if_match", "if_none_match",
    "if_modified_since", "if_unmodified_since", "accept_mimetypes", "accept_charsets", "accept_encodings",
    "accept_languages", "access_control_request_headers", "access_control_request_method", "is_json",
    "want_form_data_parsed", "endpoint", "url_rule", "blueprint", "blueprints", "view_args", "max_content_length",
    "remote_user", "is_multithread", "trusted_hosts",
]  # fmt: skip

app = (getattr(FRAMEWORK, "App", None) or FRAMEWORK.Flask)("hostile", static_folder=None)
app.secret_key = "key of the hostile corpus"
app.config["MAX_CONTENT_LENGTH"] = LIMIT
if os.environ.get("HOSTILE_DEBUG"):
    app.debug = True  # what the X-ray asks for; nothing is raised into the server all the same
    app.config["PROPAGATE_EXCEPTIONS"] = False
if os.environ.get("HOSTILE_XRAY"):
    import_module("wsgiapp.xray").XRay(app, explain_404=False)

counts = dict.fromkeys(("begun", "ended", "streams", "closed", "current_after"), 0)
_lock = threading.Lock()
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
request, session = FRAMEWORK.request, FRAMEWORK.session


def count(name: str) -> None:
    """Add one, whichever thread it is."""
    with _lock:
        counts[name] += 1


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """The app as the server calls it; notes whether a context was current before or after the call."""
    if FRAMEWORK.has_request_context() or FRAMEWORK.has_app_context():
        count("current_after")
    return inner(environ, start_response)


inner, app.wsgi_app = app.wsgi_app, wsgi


@app.before_request
def begin() -> None:
    count("begun")


@app.teardown_request
def end(_error: BaseException | None) -> None:
    count("ended")


@app.errorhandler(500)
def failed(error: Any) -> Any:
    """A 500 that names what was raised."""
    cause = getattr(error, "original_exception", None) or error
    return f"raised {type(cause).__name__}: {ascii(str(cause))[:200]}", 500, {"X-Raised": type(cause).__name__}


@app.get("/ping")
def ping() -> str:
    return f"pong {request.args.get('id', '')}"


@app.route("/echo", methods=METHODS)
@app.route("/echo/<path:rest>", methods=METHODS)
@app.route("/number/<int:number>/<float:other>", methods=METHODS)
def echo(**_values: Any) -> dict[str, Any]:
    """All that the request offers, read."""
    found = {name: ascii(getattr(request, name, None)) for name in READS}
    found |= {"headers": ascii(sorted(request.headers)), "session": ascii(dict(session))}
    found |= {"form": ascii(request.form), "files": ascii(request.files), "values": ascii(request.values)}
    found |= {"json": ascii(request.get_json(silent=True)), "data": ascii(request.get_data()[:80])}
    text = re.sub(r" at 0x\w+", "", repr(sorted(found.items())))
    return {"who": request.args.get("id"), "read": hashlib.sha1(text.encode()).hexdigest()}


@app.route("/unread", methods=METHODS)
def unread() -> str:
    return "not read"


@app.post("/data")
def data() -> str:
    body = request.get_data()
    return f"{len(body)} {hashlib.sha1(body).hexdigest()}"


@app.post("/pieces")
def pieces() -> str:
    """The body, read a little at a time."""
    return str(sum(len(piece) for piece in iter(lambda: request.stream.read(1000), b"")))


@app.post("/lines")
def lines() -> str:
    return str(sum(1 for _ in request.stream))


@app.post("/json")
def read_json() -> dict[str, Any]:
    return {"got": ascii(request.get_json())}


@app.post("/form")
def form() -> dict[str, Any]:
    names = {name: len(files.read()) for name, files in request.files.items()}
    return {"form": request.form.to_dict(flat=False), "files": names}


@app.get("/header")
def header() -> Any:
    """A header of the visitor's choice."""
    answer = app.make_response("header")
    answer.headers[request.args.get("name", "X-Chosen")] = request.args.get("value", "")
    return answer


@app.get("/raw-header")
def raw_header() -> Any:
    """The same, past the checks of Werkzeug's `Headers`."""
    answer = app.make_response("header")
    answer.headers._list.append((request.args.get("name", "X-Chosen"), request.args.get("value", "")))
    return answer


@app.get("/status")
def status() -> Any:
    return FRAMEWORK.Response("status", status=request.args.get("line", "200 OK"))


@app.route("/code/<int:code>", methods=METHODS)
def code(code: int) -> Any:
    return "a body of 20 letters", code


@app.get("/cookie")
def cookie() -> Any:
    chosen = {key: value for key, value in request.args.items() if key in ("path", "domain")}
    answer = app.make_response("cookie")
    answer.set_cookie(request.args.get("name", "chosen"), request.args.get("value", ""), **chosen)
    return answer


@app.get("/redirect")
def redirect() -> Any:
    return FRAMEWORK.redirect(request.args.get("to", "/"))


@app.get("/file")
def file() -> Any:
    name = request.args.get("name", "file.bin")
    return FRAMEWORK.send_file(io.BytesIO(FILE), "application/octet-stream", True, name, conditional=True, etag="tag")


@app.get("/disk")
def disk() -> Any:
    return FRAMEWORK.send_file(Path(__file__).resolve(), conditional=True)


@app.get("/type")
def media_type() -> Any:
    return FRAMEWORK.Response("type", mimetype=request.args.get("type"))


@app.get("/text")
def text() -> Any:
    return request.args.get("text", "") + "\ud800" * int(request.args.get("lone", "0"))


@app.get("/escaped")
def escaped() -> Any:
    return FRAMEWORK.render_template_string("<p title='{{ t }}'>{{ t }}</p>", t=request.args.get("t", ""))


@app.get("/session")
def keep() -> dict[str, Any]:
    session.update(request.args.to_dict())
    return dict(session)


@app.get("/flash")
def flash() -> dict[str, Any]:
    FRAMEWORK.flash(request.args.get("text", ""))
    return {"text": FRAMEWORK.get_flashed_messages()}


def _generate() -> Iterator[bytes]:
    size, pieces = request.args.get("size", 10, int), request.args.get("count", 10, int)
    wait, fails = request.args.get("wait", 0.0, float), "fail" in request.args
    count("streams")
    try:
        for _ in range(pieces):
            yield b"x" * size
            time.sleep(wait)
        if fails:
            raise RuntimeError("the stream fails")
        yield f"end {request.args.get('id', '')}".encode()
    finally:
        count("closed")


@app.get("/stream")
def stream() -> Any:
    """A stream that keeps its request; ``length`` announces how long it is."""
    answer = app.response_class(FRAMEWORK.stream_with_context(_generate()), mimetype="text/plain")
    if "length" in request.args:
        answer.content_length = request.args.get("length", type=int)
    return answer


@app.route("/up-and-down", methods=["POST"])
def up_and_down() -> Any:
    """The body, sent back while it is read."""

    stream = request.stream  # a body that is too long is refused before the answer begins

    def copy() -> Iterator[bytes]:
        count("streams")
        try:
            yield from iter(lambda: stream.read(1000), b"")
        finally:
            count("closed")

    return app.response_class(FRAMEWORK.stream_with_context(copy()))


@app.get("/wait")
def wait() -> str:
    time.sleep(request.args.get("seconds", 0.0, float))
    return f"waited {request.args.get('id', '')}"


@app.get("/mine")
def mine() -> dict[str, Any]:
    """Notes who asks in `g`, the session and a flash, lets others run, and says what it finds afterwards."""
    who = request.args["id"]
    before = session.get("who")
    FRAMEWORK.g.who, session["who"] = who, who
    FRAMEWORK.flash(who)
    time.sleep(0)
    found = {FRAMEWORK.g.who, session["who"], request.args["id"], *FRAMEWORK.get_flashed_messages()}
    return {"found": sorted(found), "before": before, "header": request.headers.get("X-Who")}


@app.get("/stats")
def stats() -> dict[str, Any]:
    """What the process has open, and what has been counted."""
    gc.collect()
    folder = Path("/proc/self/fd")
    kinds = (FRAMEWORK.Request, FRAMEWORK.Response)
    kept = sum(isinstance(each, kinds) for each in gc.get_objects()) if "objects" in request.args else 0
    rss = next((line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in line), 0)
    return {**counts, "descriptors": len(list(folder.iterdir())), "kept": kept, "rss": int(rss), "pid": os.getpid(),
            "threads": threading.active_count(), "python": sys.version_info[:2]}  # fmt: skip


def main() -> None:
    """Serve the app on the port in argv by the server in argv that has no program of its own."""
    server, port = sys.argv[1], int(sys.argv[2])
    if server == "wsgiref":
        from socketserver import ThreadingMixIn
        from wsgiref import simple_server

        class Threading(ThreadingMixIn, simple_server.WSGIServer):
            daemon_threads = True

        simple_server.make_server("127.0.0.1", port, app, Threading).serve_forever()
    elif server == "werkzeug":
        import_module("werkzeug.serving").run_simple("127.0.0.1", port, app, threaded=True)
    else:
        import_module("gevent.pywsgi").WSGIServer(("127.0.0.1", port), app).serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "gevent":  # before anything else makes a lock
        import_module("gevent.monkey").patch_all()
        _lock = threading.Lock()
    main()
