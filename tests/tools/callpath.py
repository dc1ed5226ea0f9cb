"""Count the Python functions one warm request enters, and the files a reader must open to follow it.

    python callpath.py            # every framework that is installed
    python callpath.py flask -v   # name each function, in call order

Noise-free where a timing on a shared machine is not: the same request always enters the same
functions. Counts start after a warm-up request, for ``GET /user/42`` on a route with one int.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections import Counter
from pathlib import Path

ENVIRON = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": "/user/42",
    "SCRIPT_NAME": "",
    "QUERY_STRING": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_HOST": "localhost",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": False,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


def drive(app):
    """One WSGI request, body read and closed as a server would."""
    body = app({**ENVIRON, "wsgi.input": io.BytesIO()}, lambda status, headers, exc_info=None: None)
    result = b"".join(body)
    getattr(body, "close", lambda: None)()
    return result


def flask_app():
    from flask import Flask

    app = Flask("hello")

    @app.route("/user/<int:id>")
    def user(id):
        return f"user {id}"

    return lambda: drive(app)


def flask_session_app():
    from flask import Flask

    app = Flask("hello")
    app.secret_key = "k"

    @app.route("/user/<int:id>")
    def user(id):
        return f"user {id}"

    return lambda: drive(app)


def wsgiapp_app():
    from wsgiapp import App

    app = App("hello")

    @app.route("/user/<int:id>")
    def user(id):
        return f"user {id}"

    return lambda: drive(app)


def wsgiapp_session_app():
    from wsgiapp import App

    app = App("hello")
    app.secret_key = "k"

    @app.route("/user/<int:id>")
    def user(id):
        return f"user {id}"

    return lambda: drive(app)


def bottle_app():
    from bottle import Bottle

    app = Bottle()

    @app.route("/user/<id:int>")
    def user(id):
        return f"user {id}"

    return lambda: drive(app)


def falcon_app():
    import falcon

    class User:
        def on_get(self, req, resp, id):
            resp.text = f"user {id}"

    app = falcon.App()
    app.add_route("/user/{id:int}", User())
    return lambda: drive(app)


def starlette_app():
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def user(request):
        return PlainTextResponse(f"user {request.path_params['id']}")

    app = Starlette(routes=[Route("/user/{id:int}", user)])

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        pass

    def request():
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/user/42",
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
            "scheme": "http",
            "server": ("localhost", 80),
        }
        coroutine = app(scope, receive, send)
        with contextlib.suppress(StopIteration):
            coroutine.send(None)

    return request


def count(request):
    calls: list[tuple[str, str, int]] = []

    def profile(frame, event, arg):
        if event == "call":
            code = frame.f_code
            calls.append((code.co_filename, getattr(code, "co_qualname", code.co_name), code.co_firstlineno))

    for _ in range(3):
        request()
    sys.setprofile(profile)
    try:
        request()
    finally:
        sys.setprofile(None)
    return [c for c in calls if not c[0].endswith("callpath.py")]


def package(path):
    parts = Path(path).parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    return "wsgiapp" if "wsgiapp" in parts else "stdlib"


def main():
    verbose = "-v" in sys.argv
    chosen = [a for a in sys.argv[1:] if a != "-v"]
    for name, build in [(n.removesuffix("_app"), f) for n, f in globals().items() if n.endswith("_app")]:
        if chosen and name not in chosen:
            continue
        try:
            calls = count(build())
        except ImportError:
            continue
        by_package = Counter(package(c[0]) for c in calls)
        files = {c[0] for c in calls if package(c[0]) != "stdlib"}
        own = {c for c in calls if package(c[0]) != "stdlib"}
        print(
            f"{name:14} {len(calls):4} calls, {len(own):3} distinct functions in {len(files):2} files   "
            + ", ".join(f"{p} {n}" for p, n in by_package.most_common())
        )
        if verbose:
            for path, qualname, line in calls:
                print(f"    {package(path):10} {Path(path).name}:{line:<5} {qualname}")


if __name__ == "__main__":
    main()
