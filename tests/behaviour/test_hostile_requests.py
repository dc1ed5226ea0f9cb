"""Hostile requests: whatever comes in, no exception leaves the app, no answer is a 500, and no header is broken.

Each request is an environ as a careless server might hand it over, with bytes as latin-1 characters (PEP 3333). The
views read everything that a request offers. How much time a large value may take is in test_sizes; what a view may
return is in test_responses.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import re
import struct
import time
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import create_environ

import wsgiapp
from wsgiapp import request, session

pytestmark = pytest.mark.raw_wsgi  # a careless server's environ would not pass wsgiref.validate

RAW = [
    "", " ", "\x80", "\xff", "\xc3\xa9", "\xed\xa0\x80", "%", "%zz", "%80", "%00", "%ED%A0%80", "\x00", "\x1b", "\x7f",
    "\n", "\r\nX-Injected: yes", "a" * 5_000, "&&==", "=;=", "+" * 3_000, "../..", "\\", "'\"<>", "\t,;", "*", "=",
    "-1",
]  # fmt: skip
TEXT_HEADERS = [
    "ACCEPT", "ACCEPT_CHARSET", "ACCEPT_ENCODING", "ACCEPT_LANGUAGE", "ACCESS_CONTROL_REQUEST_HEADERS", "AUTHORIZATION",
    "CACHE_CONTROL", "CONTENT_ENCODING", "COOKIE", "DATE", "HOST", "IF_MATCH", "IF_MODIFIED_SINCE", "IF_NONE_MATCH",
    "IF_RANGE", "IF_UNMODIFIED_SINCE", "MAX_FORWARDS", "ORIGIN", "PRAGMA", "RANGE", "REFERER", "TRANSFER_ENCODING",
    "UPGRADE", "USER_AGENT", "X_FORWARDED_FOR", "X_FORWARDED_HOST",
]  # fmt: skip
READ = [
    "accept_charsets", "accept_encodings", "accept_languages", "accept_mimetypes", "access_control_request_headers",
    "access_control_request_method", "access_route", "args", "authorization", "base_url", "cache_control",
    "content_encoding", "content_length", "content_md5", "content_type", "cookies", "date", "full_path", "headers",
    "host", "host_url", "if_match", "if_modified_since", "if_none_match", "if_unmodified_since", "is_json",
    "max_forwards", "method", "mimetype", "mimetype_params", "origin", "path", "pragma", "query_string", "range",
    "referrer", "remote_addr", "root_path", "root_url", "scheme", "script_root", "server", "url", "url_root",
    "user_agent", "values", "want_form_data_parsed",
]  # fmt: skip
ODD = {
    "HTTP_AUTHORIZATION": [
        "Basic", "Basic %%%", "Basic \xe9", "Basic YQ==", "Basic " + "A" * 8_000, "Bearer", "Digest a=",
        "Digest a=\"\\", "Digest " + "a=b," * 2_000,
    ],
    "HTTP_HOST": [
        "a b", "a/b", "a@b", "a:b", "a:99999", "[::1", "::1", "a,b", "a..b", "xn--", "xn--a", "xn--fa-hia.example",
        "xn--" + "a" * 200, "a" * 300, "[v1.a]", "[fe80::1%25eth0]", "a#b", "a?b", "localhost:80:80", "%41",
    ],
    "HTTP_IF_RANGE": ['"', '"a"b"', 'W/"a"', "Mon, 99 Foo 9999 99:99:99 GMT"],
    "HTTP_IF_MODIFIED_SINCE": ["Mon, 01 Jan 0001 00:00:00 GMT", "Mon, 01 Jan 2000 00:00:00 -99999999", "9" * 400],
    "HTTP_RANGE": ["bytes=-0", "bytes=9" + "9" * 400 + "-", "bytes=--1", "bytes=" + "0-1," * 5_000, "x=0-"],
    "HTTP_ACCEPT": ["a/b;q=nan", "a/b;q=1e400", "a/b;q=-1", "/", ";;;", "a/b;" + "a=b;" * 2_000, 'a/b;a="\\'],
    "HTTP_COOKIE": ["=", "=a", 'a="\\777"', "a=%00", "; ; ;", "session=a.b.c", "session=.a.b.c", "a=" + "x" * 60_000],
    "CONTENT_TYPE": [
        "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\xe9", "; ;",
        "multipart/form-data; boundary=" + "a" * 500, "application/json; charset=nope", "a/b; a*=nope''x",
        "a/b; a*0*=x", "application/x-www-form-urlencoded; charset=utf-7",
    ],
    "CONTENT_LENGTH": ["-1", "+1", "1.0", "1_0", "\xb2", "9" * 30, "9" * 5_000, " 1", "1,1"],
    "SERVER_PORT": ["", "x", "99999", "\xb2"],
    "REQUEST_METHOD": ["", "get", "G T", "\xc9", "A" * 5_000, "TRACE", "CONNECT"],
    "wsgi.url_scheme": ["", "https", "ftp", "\xe9"],
    "SCRIPT_NAME": ["/", "//", "x", "/a\r\nb", "/%zz", "/\xff"],
}  # fmt: skip
BODIES = [
    b"", b"{", b"NaN", b"1e99999", b'{"a":1,"a":2}', b"[" * 100_000, b'{"a":' * 1_000, b"1" * 5_000, b'"\\ud800"',
    b"\xff", b"\xef\xbb\xbf[1]", b"\x00", "[1]".encode("utf-16"), "[1]".encode("utf-32"), b"a=b&" * 900, b"%" * 50_000,
    b"=&" * 900, b"--X", b"--X\r\n" * 5_000, b"--X--", b"\r\n" * 20_000, b"--X\r\n\r\n\r\n--X--",
    b"--X\r\n\xff: x\r\n\r\n\r\n--X--", b"--X\r\nContent-Disposition: form-data; name*=nope''x\r\n\r\nv\r\n--X--",
    b"--X\r\nContent-Disposition: form-data; name=\"a\"; filename=\"..\\x\0\"\r\nContent-Length: x\r\n\r\nv\r\n--X--",
    b"--X\r\nContent-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset=nope\r\n\r\n\xff\r\n--X--",
    b"--X\r\nContent-Disposition: form-data; name=a\r\n\r\nno end",
]  # fmt: skip
TYPES = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=X", "text/plain", ""]
LEGAL = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


@pytest.fixture(scope="module")
def app() -> wsgiapp.App:
    """An app whose views read all that a request offers."""
    app = wsgiapp.App("hostile", static_folder=None)
    app.secret_key = "key"
    app.config["MAX_CONTENT_LENGTH"] = 200_000

    @app.route("/all", methods=["GET", "POST", "PUT", "TRACE"])
    def read_all() -> str:
        return "".join(repr(getattr(request, name)) for name in READ) + repr(request.if_range.etag)

    @app.post("/body")
    def read_body() -> str:
        if request.is_json:
            return repr(request.json)
        files = [(file.filename, file.content_length, file.read()) for file in request.files.values()]
        return repr([*request.form.items(multi=True), *files, request.get_data()])

    @app.post("/stream")
    def read_stream() -> str:
        return str(sum(map(len, iter(lambda: request.stream.read(1_000), b""))))

    @app.get("/session")
    def use_session() -> str:
        wsgiapp.flash("seen")
        return repr([dict(session), wsgiapp.get_flashed_messages(with_categories=True)])

    app.add_url_rule("/mount/", "mount", lambda: "mount")
    for kind in ("int", "float", "uuid", "string", "path"):
        app.add_url_rule(f"/{kind}/<{kind}:value>", kind, lambda value: wsgiapp.url_for("string", value=value, q=value))
    app.add_url_rule("/deep/<path:a>/x/<path:b>/y/<path:c>", "deep", lambda **values: str(values))
    return app


def answer(app: wsgiapp.App, path: str = "/all", body: Any = b"", **environ: Any) -> tuple[int, bytes]:
    """Send a request, and check that its answer is one that a server can send."""
    given = create_environ("/") | {"PATH_INFO": path, "wsgi.errors": io.StringIO()}
    given["wsgi.input"] = io.BytesIO(body) if isinstance(body, bytes) else body
    if body and isinstance(body, bytes):
        given |= {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body))}
    given |= environ
    heads: list[tuple[str, list[tuple[str, str]]]] = []
    sent = app(given, lambda status, headers, _exc_info=None: heads.append((status, headers)))
    text = b"".join(sent)
    getattr(sent, "close", lambda: None)()
    ((status, headers),) = heads
    for part in (status, *(part for pair in headers for part in pair)):
        assert LEGAL.fullmatch(part), part
    assert "X-Injected" not in dict(headers)
    return int(status[:3]), text


@pytest.mark.parametrize("value", RAW, ids=lambda value: ascii(value)[:20])
@pytest.mark.parametrize("key", ["QUERY_STRING", "PATH_INFO", "REMOTE_ADDR", "CONTENT_TYPE", *TEXT_HEADERS])
def test_raw_bytes_anywhere_in_the_head_are_answered(app: wsgiapp.App, key: str, value: str) -> None:
    name = f"HTTP_{key}" if key in TEXT_HEADERS else key
    for path in ("/all", "/mount", "/session"):
        assert answer(app, **{"path": path, name: value})[0] < 500


@pytest.mark.parametrize("value", RAW, ids=lambda value: ascii(value)[:20])
@pytest.mark.parametrize("kind", ["int", "float", "uuid", "string", "path"])
def test_any_text_as_a_value_in_the_path_is_answered(app: wsgiapp.App, kind: str, value: str) -> None:
    assert answer(app, f"/{kind}/{value}")[0] < 500


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in ODD.items() for value in values])
def test_odd_values_of_known_keys_are_answered(app: wsgiapp.App, key: str, value: str) -> None:
    for path in ("/all", "/mount", "/session"):
        assert answer(app, path, **{key: value})[0] < 500
    assert answer(app, "/body", b"a=b", **({"CONTENT_TYPE": TYPES[1]} | {key: value}))[0] < 500


@pytest.mark.parametrize("wrong", [None, 1, b"x", [], "\N{SNOWMAN}"], ids=repr)
@pytest.mark.parametrize(
    "key", ["REQUEST_METHOD", "wsgi.url_scheme", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "HTTP_HOST", "HTTP_COOKIE"]
)
def test_what_is_no_text_in_the_environ_is_answered_with_400_at_most(app: wsgiapp.App, key: str, wrong: Any) -> None:
    assert answer(app, **{key: wrong})[0] < 500


@pytest.mark.parametrize("body", BODIES, ids=lambda body: ascii(body)[:24])
@pytest.mark.parametrize("content_type", TYPES)
def test_any_body_is_answered(app: wsgiapp.App, content_type: str, body: bytes) -> None:
    for path in ("/body", "/stream"):
        assert answer(app, path, body, REQUEST_METHOD="POST", CONTENT_TYPE=content_type)[0] < 500
    cut = {"CONTENT_LENGTH": str(len(body) + 10), "REQUEST_METHOD": "POST", "CONTENT_TYPE": content_type}
    assert answer(app, "/body", body, **cut)[0] < 500


class Broken:
    """A stream of a server that fails, or that does not keep to what it was asked for."""

    def __init__(self, *pieces: Any) -> None:
        self.pieces: Iterator[Any] = iter(pieces)

    def read(self, _size: int = -1) -> Any:
        piece = next(self.pieces, b"")
        if isinstance(piece, Exception):
            raise piece
        return piece

    readline = read


STREAMS = {
    "gone": [OSError("gone")], "late": [TimeoutError()], "reset": [b"ab", ConnectionResetError()],
    "bad": [ValueError()], "short": [b"ab"], "more than asked for": [b"x" * 100_000] * 3, "nothing yet": [None],
    "an error of the server's own": [type("InvalidChunkSize", (Exception,), {})()], "too big": [OverflowError()],
}  # fmt: skip


@pytest.mark.parametrize("pieces", STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("content_type", TYPES)
def test_stream_that_breaks_is_answered(app: wsgiapp.App, content_type: str, pieces: list[Any]) -> None:
    for path in ("/body", "/stream"):
        sent = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": content_type}
        assert answer(app, path, Broken(*pieces), CONTENT_LENGTH="5000", **sent)[0] < 500
        chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
        assert answer(app, path, Broken(*pieces[-1:]), **chunked, **sent)[0] < 500


@pytest.mark.parametrize("announced", [{"CONTENT_LENGTH": "5"}, {"wsgi.input_terminated": True}])
def test_what_a_middleware_raises_while_the_body_is_read_stays(app: wsgiapp.App, announced: dict[str, Any]) -> None:
    sent = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "text/plain"} | announced
    assert answer(app, "/stream", Broken(RequestEntityTooLarge()), **sent)[0] == 413


def test_stream_that_gives_more_than_was_announced_is_read_up_to_that(app: wsgiapp.App) -> None:
    sized = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": "5000"}
    assert answer(app, "/stream", Broken(*[b"x" * 100_000] * 5), **sized) == (200, b"5000")


def test_body_without_an_end_is_too_large(app: wsgiapp.App) -> None:
    class Endless:
        def read(self, size: int = -1) -> bytes:
            return b"x" * (size if size > 0 else 65_536)

    chunked = {"REQUEST_METHOD": "POST", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    for content_type in TYPES[:3]:
        assert answer(app, "/body", Endless(), CONTENT_TYPE=content_type, **chunked)[0] == 413


# -- what a request is told to be ------------------------------------------------------------------


def test_control_characters_do_not_end_the_header_of_a_redirect(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/mount/", "mount", lambda: "mount")
    environ = create_environ("/mount") | {"QUERY_STRING": "a=\r\nX-Injected: yes"}
    if framework.name == "flask":
        app.testing = True
        with pytest.raises(ValueError, match="newline"):  # it becomes a 500 where errors do not propagate
            app(environ, lambda *_args: None)
        return
    heads: list[Any] = []
    list(app(environ, lambda status, headers: heads.append((status, dict(headers)["Location"]))))
    assert heads == [("308 PERMANENT REDIRECT", "http://localhost/mount/?a=%0D%0AX-Injected:%20yes")]


@pytest.mark.parametrize("host", ["xn--fa-hia.example", "xn--a.example", "xn--"])
def test_host_that_cannot_be_decoded_stays_as_it_came_in_the_urls(host: str) -> None:
    """``xn--fa-hia`` is "faß" by today's rules for names (RFC 5891); Python before 3.13 knows the older ones only."""
    app = wsgiapp.App(__name__)
    with app.request_context(create_environ("/a b") | {"SCRIPT_NAME": "/m", "HTTP_HOST": f"{host}:8000"}):
        urls = [request.host_url, request.root_url, request.base_url, request.url]
    decoded = urls[0].removeprefix("http://").removesuffix(":8000/")
    assert decoded in (host, host.replace("xn--fa-hia", "faß"))
    start = f"http://{decoded}:8000/"
    readable = [url.replace("%20", " ") for url in urls]  # Werkzeug keeps the space quoted
    assert readable == [start, f"{start}m/", f"{start}m/a b", f"{start}m/a b"]


@pytest.mark.parametrize("header", ["Basic \xe9", "Basic \xff\xff", "Basic %%%", "Basic YQ"])
def test_authorization_that_cannot_be_read_is_none(header: str) -> None:
    with wsgiapp.App(__name__).request_context(create_environ("/") | {"HTTP_AUTHORIZATION": header}):
        assert request.authorization is None


def test_long_path_is_refused_where_matching_it_would_take_long(app: wsgiapp.App) -> None:
    started = time.process_time()
    for path in ("/deep/" + "a/x/" * 14_000, "/deep//" + "a/x/" * 14_000, "/deep/\xe9/" + "a/x/" * 14_000):
        assert answer(app, path)[0] == 414
    assert time.process_time() - started < 1
    assert answer(app, "/deep/a/x/b/y/c")[0] == 200
    assert answer(wsgiapp.App(__name__), "/" + "a/" * 20_000)[0] == 404


# -- a session that is signed, and not what the app expects ----------------------------------------


def signed(payload: bytes, stamp: int) -> str:
    """A session cookie with a valid signature, as whoever has the key may write it."""

    def encoded(data: bytes) -> bytes:
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    text = payload + b"." + encoded(struct.pack(">Q", stamp).lstrip(b"\0"))
    key = hmac.digest(b"key", b"cookie-session", hashlib.sha1)
    return (text + b"." + encoded(hmac.digest(key, text, hashlib.sha1))).decode()


MALFORMED = [
    "", "[]", "1", "null", '"x"', "{", '{"a":{" t":1}}', '{"a":{" d":"x"}}', '{"a":{" u":"x"}}', '{"a":{" b":"%%%"}}',
    '{"a":{" m":1}}', '{"a":{" di":1}}', '{" t":[1]}', '{"a":{" d":1e400}}', "[" * 2_000, '{"_flashes":1}', '{"a":NaN}',
    '{"_flashes":[1,"ab",["c","d","e"]]}', '{"_flashes":{"a":"b"}}', '{"_permanent":1}', '{"a":"\\ud800"}',
    '{"a":' + "1" * 5_000 + "}", '{"a":{" zz":1}}', '{"a":{" b":[1]}}',
]  # fmt: skip


@pytest.mark.parametrize("stamp", [0, 2**40, 2**62, 2**64 - 1, None])
@pytest.mark.parametrize("data", MALFORMED, ids=lambda data: data[:16])
def test_signed_session_of_any_kind_is_answered(app: wsgiapp.App, data: str, stamp: int | None) -> None:
    at = int(time.time()) if stamp is None else stamp
    for payload in (data.encode(), b"." + zlib.compress(data.encode())):
        text = base64.urlsafe_b64encode(payload.removeprefix(b".")).rstrip(b"=")
        cookie = signed(b"." + text if payload[:1] == b"." else text, at)
        assert answer(app, "/session", HTTP_COOKIE=f"session={cookie}")[0] == 200


def test_messages_that_are_none_are_left_out_of_the_flashed_ones(app: wsgiapp.App) -> None:
    data = json.dumps({"_flashes": [1, {" t": ["info", "kept"]}, ["a", "b", "c"]]}).encode()
    cookie = signed(base64.urlsafe_b64encode(data).rstrip(b"="), int(time.time()))
    _, text = answer(app, "/session", HTTP_COOKIE=f"session={cookie}")
    assert b"('info', 'kept'), ('message', 'seen')" in text


# -- half of a surrogate pair, which JSON may hold ------------------------------------------------


def test_half_of_a_surrogate_pair_is_sent_as_a_question_mark(app: wsgiapp.App) -> None:
    half = json.loads('"\\ud800"')
    sending = wsgiapp.App(__name__)
    sending.add_url_rule("/stream", "stream", lambda: iter(["a", half]))
    sending.add_url_rule("/text", "text", lambda: half)

    @sending.get("/cookie")
    def set_cookie() -> wsgiapp.Response:
        response = wsgiapp.Response("set")
        response.set_cookie("word", half)
        return response

    client = sending.test_client()
    assert client.get("/stream").data == b"a?"
    assert client.get("/text").data == b"?"
    assert client.get("/cookie").headers["Set-Cookie"] == "word=?; Path=/"
