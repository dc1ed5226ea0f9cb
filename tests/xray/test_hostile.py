"""Two thousand hostile requests, drawn by a seed: each is answered alike with the X-ray on and off."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from decimal import Decimal
from http import HTTPStatus
from random import Random
from typing import Any

import pytest
from werkzeug.exceptions import HTTPException

from wsgiapp import App, Response, abort, flash, g, redirect, request, session
from wsgiapp import render_template_string as render
from wsgiapp import stream_template_string as stream
from wsgiapp.xray import XRay
from wsgiapp.xray.show import text

from .test_harmlessness import Raising, RaisingError

log = logging.getLogger("hostile")


class Leaving(BaseException):
    """No error, and yet raised."""

    def __str__(self) -> str:
        raise SystemExit(3)


class NamelessError(Exception):
    """Says nothing of itself that can be read."""

    __module__: Any = None

    def __getattribute__(self, name: str) -> Any:
        if name == "args":
            raise SystemExit(4)
        return super().__getattribute__(name)


class Teapot(HTTPException):
    code = 418
    description = "\u2615 <b>"


class Mapped(dict[str, Any]):
    """A dict that fails when it is walked."""

    items: Any = Raising._fail
    keys: Any = Raising._fail
    __iter__: Any = Raising._fail


def failing(error: BaseException) -> Callable[[], Any]:
    def view() -> Any:
        raise error

    return view


def pieces() -> Iterator[bytes]:
    for number in range(request.content_length or 3):
        if number == 5:
            raise RaisingError
        yield b"%d," % number


def logged(*args: Any) -> Callable[[], str]:
    def view() -> str:
        log.warning(*args)
        return "logged"

    return view


def keeps() -> str:
    session["csrf_token"], g.password = request.args.get("a", "\x00"), Raising()
    flash("\udcff")
    return "kept"


def headed(*pairs: Any) -> Callable[[], Response]:
    return lambda: Response("headed", headers=[*pairs])


VIEWS: list[Callable[[], Any]] = [
    lambda: "plain", lambda: "", lambda: b"\xff\x00", lambda: {"password": "x" * 9, "a": [1]}, lambda: None, lambda: 5,
    lambda: ("text", 201, {"X-A": "\u00e9"}), lambda: ("text", "299 Odd", [("X-A", "1"), ("x-a", "2")]), lambda: (),
    lambda: ("text", {"X-A": Raising()}), lambda: ("text", iter([("X-A", "1")])), lambda: ("text", Mapped(a=1)),
    lambda: request.get_data(), lambda: str(len(request.form)), lambda: str(request.get_json(silent=True))[:50],
    lambda: request.stream.read(7), lambda: str(sorted(request.files)), lambda: request.stream.readline(),
    lambda: str([*request.stream])[:90], lambda: str(request.cookies.get("a")), lambda: request.url, keeps,
    lambda: str(request.args.to_dict(flat=False)), lambda: redirect(f"/?token={request.args.get('a', '')}"),
    lambda: render("ok {{ n|length }}", n="x" * 5_000, odd=Raising(), number=10**5000),
    lambda: render("{{ odd }}", odd=Raising()), lambda: render("{% if %}"),
    lambda: render("ok", password=Mapped(a=1), api_token=[Raising()], bytes=b"\xff"),
    lambda: stream("{% for n in range(9) %}{{ n }}{% endfor %}{{ 1 // n }}", n=request.content_length),
    lambda: pieces(), lambda: iter(["a", "", "b"]), lambda: Response(iter([b"a", b"b"]), direct_passthrough=True),
    lambda: Response(io.BytesIO(b"file" * 99), direct_passthrough=True), headed(("Set-Cookie", "token=1")),
    logged("%s", Raising()), logged("%d", HTTPStatus.OK), logged("%d", "x"), logged("%(a)s", {"a": Raising()}),
    logged("%s %s", 1), logged(Raising()), logged("%.2f", Decimal("1.5")), logged("\udcff %s", "\udcff"),
    logged("%s", Mapped(a=1)), logged("password=%s", b"\xff"), logged("%s", Leaving()), logged("%s", NamelessError()),
    failing(RaisingError()), failing(NamelessError()), failing(Teapot()), failing(KeyError(Raising())),
    failing(Leaving()),
    failing(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "\udcff")), failing(RecursionError()), failing(StopIteration(1)),
    failing(ExceptionGroup("many", [RaisingError(), ValueError("x" * 9_000)])), lambda: abort(Response("gone", 410)),
    lambda: abort(400, "x" * 9_000), lambda: abort(404),
]  # fmt: skip
METHODS = ["GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "get", "FOO BAR", "", "\u00e9"]
TYPES = [
    "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "multipart/form-data",
    "text/plain; charset=utf-16", "text/xml", "application/yaml", "text/csv", "a/b; charset=\xff", "json", ";;;", "",
]  # fmt: skip
LENGTHS = ["0", "3", "-1", "x", "", " 7 ", "99999999999", "\u0663", None, 5]
TEXTS = [
    "", "a=1&a=2", "token=abcdef&b=%ff", "%", "a=%7B%22password%22%3A%22x", "\x00", "\xff\xfe", "?" * 50, "a" * 9_000,
    "eyJhIjoxfQ.aBH2rw.AAAA", "session=eyJhIjoxfQ.aBH2rw.AAAA; a=b", "session=.eJw; session=x", "a=\"\\\"; =; ;b",
    "Basic Og==", "Bearer", "http://u:p@[::1", "127.0.0.1", "localhost:x", "a, b;q=x", "\u20ac", None, 5, b"bytes", [1],
]  # fmt: skip
NAMES = [
    "QUERY_STRING", "HTTP_COOKIE", "HTTP_AUTHORIZATION", "HTTP_HOST", "HTTP_REFERER", "HTTP_ACCEPT", "HTTP_X_API_KEY",
    "HTTP_RANGE", "HTTP_IF_NONE_MATCH", "HTTP_CONTENT_ENCODING", "HTTP_TRANSFER_ENCODING", "HTTP_X_FORWARDED_FOR",
    "REMOTE_ADDR", "SERVER_PROTOCOL", "SERVER_PORT", "REMOTE_USER", "wsgi.url_scheme", "SERVER_SOFTWARE", "x.own",
]  # fmt: skip
ROOTS = ["", "/root", "/r\xff", 5, None, "\u20ac", "/" * 9]
BODIES = [
    b"", b"a=1&password=x%ff", b'{"password": "abc', b"[" * 3_000,
    b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1",
    b"\xff" * 70_000, b"password,a\n1,2", b"<a><password>x", b"password: |\n  x\n", b"\x1f\x8b\x08",
]  # fmt: skip


def made(watched: bool) -> App:
    app = App(__name__, static_folder=None)
    app.secret_key, app.debug = "a key that is long enough", True
    app.config.update(PROPAGATE_EXCEPTIONS=False, TESTING=False)
    app.logger.disabled = True
    app.config["MAX_CONTENT_LENGTH"] = 100_000

    @app.after_request
    def after(response: Response) -> Response:
        response.headers["X-After"] = str(response.status_code)
        if request.method == "DELETE":
            raise RaisingError
        return response

    @app.errorhandler(418)
    def tea(error: Any) -> Any:
        return f"tea {error.description}", 418

    def do(rest: str = "") -> Any:
        return VIEWS[request.environ["test.view"]]()

    methods = ["GET", "POST", "PUT", "DELETE", "FOO BAR"]
    app.add_url_rule("/do", "do", do, methods=methods)
    app.add_url_rule("/do/<path:rest>", "rest", do, methods=methods)
    app.add_url_rule("/n/<int(max=99):token>/", "n", lambda token: str(token))
    if watched:
        XRay(app)
    return app


def hostile(draw: Random, number: int) -> dict[str, Any]:
    """An environ, drawn: much of it as it should be, some of it as it should not."""
    some = "".join(chr(draw.choice([47, 46, 37, 63, 0, 128, 255, *range(97, 103)])) for _ in range(draw.randrange(12)))
    path = draw.choice(["/do", "/do", f"/do/{some}", f"/{some}", f"/n/{draw.randrange(200)}", some, "//do", "/n/\xff/"])
    environ: dict[str, Any] = {
        "REQUEST_METHOD": draw.choice(METHODS if draw.random() < 0.3 else METHODS[:4]), "SCRIPT_NAME": "",
        "PATH_INFO": path, "QUERY_STRING": "a=1", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": draw.choice(["127.0.0.1", "10.0.0.9"]), "HTTP_HOST": "localhost",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.errors": io.StringIO(), "wsgi.multithread": True,
        "wsgi.multiprocess": False, "wsgi.run_once": False, "test.view": number % len(VIEWS),
    }  # fmt: skip
    body = draw.choice(BODIES)
    if draw.random() < 0.6:
        environ |= {"CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": draw.choice(TYPES)}
        environ["wsgi.input"] = io.BytesIO(body)
    for name in draw.sample(NAMES, draw.randrange(4)):
        environ[name] = draw.choice(TEXTS)
    if draw.random() < 0.1:
        environ["CONTENT_LENGTH"] = draw.choice(LENGTHS)
    if draw.random() < 0.1:
        environ["SCRIPT_NAME"] = draw.choice(ROOTS)
    return {name: value for name, value in environ.items() if value is not None}


def answer(app: App, environ: dict[str, Any]) -> list[Any]:
    """Everything that a server gets: heads, pieces, and what is raised."""
    got: list[Any] = []
    body: Any = ()
    try:
        try:
            body = app(environ, lambda status, headers, exc_info=None: got.append((status, compared(headers))))
            got += body
        finally:
            getattr(body, "close", lambda: None)()
    except BaseException as error:
        got.append(type(error))
    return got


def compared(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers without what the X-ray adds, and without the time in a session's cookie."""
    kept = [(name, value) for name, value in headers if name not in ("Server-Timing", "X-Xray")]
    return [(name, value.partition(".")[0] if name == "Set-Cookie" else value) for name, value in kept]


@pytest.mark.parametrize("seed", range(4))
def test_five_hundred_hostile_requests_are_answered_alike_with_the_xray_and_without(
    seed: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(log, "propagate", False)
    monkeypatch.setattr(logging, "raiseExceptions", False)
    plain, watched, seen = made(False), made(True), set()
    for number in range(500):
        one, two = [hostile(Random(f"{seed} {number}"), number) for _ in range(2)]
        expected = answer(plain, one)
        assert answer(watched, two) == expected, (VIEWS[number % len(VIEWS)], one)
        seen.add(str(expected[0])[:5])
        trace = watched.extensions["xray"].newest() if number % 25 == 0 else None
        assert trace is None or text.lines(trace, verbose=True)
    assert len(seen) > 8 and "could not keep" not in caplog.text
