"""Each shortcut answers as the code that it replaces: Werkzeug's requests, bodies, responses, files and proxies,
the standard library's JSON, Flask's walk through the registries. The input is hostile, the oracle is the original.

Where an answer is meant to be another (`docs/differences.md`), the difference is written out beside the comparison.
"""

import copy
import dataclasses
import io
import json
import math
import operator
import os
import re
from contextvars import ContextVar
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import pytest
import werkzeug.wrappers
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from markupsafe import Markup
from werkzeug import exceptions
from werkzeug.datastructures import Headers
from werkzeug.formparser import FormDataParser, MultiPartParser
from werkzeug.local import LocalProxy
from werkzeug.test import EnvironBuilder
from werkzeug.wsgi import LimitedStream, get_content_length, get_input_stream

from wsgiapp import App, Request, Response, ctx
from wsgiapp.bodies import FormParser, SizedBody, parse_pairs
from wsgiapp.heads import UnsendableResponse
from wsgiapp.json import provider

EXAMPLES = int(os.environ.get("FAST_PATH_EXAMPLES", "150"))  # a long hunt: FAST_PATH_EXAMPLES=20000
QUICK = settings(max_examples=EXAMPLES, deadline=None)


def outcome(act: Any, *args: Any) -> Any:
    """What *act* comes to: its value, or the type of what it raises."""
    try:
        return act(*args)
    except Exception as error:
        return type(error)


def environ_of(method: str = "GET", **keys: Any) -> dict[str, Any]:
    """An environ whose keys may be anything that a server could hand over."""
    return {**EnvironBuilder(method=method).get_environ(), **keys}


# -- queries and forms ---------------------------------------------------------------------------

pieces = st.sampled_from(
    ["a", "b=", "=", "&", "+", "%", "%2", "%20", "%2B", "%26", "%3d", "%FF", "%00", "%c3%a9", "%u1", "%0d%0a", ";", "é",
     "\0", "\r\n", "\ud800", "a" * 5000, "\N{SNOWMAN}"]
)  # fmt: skip
texts = st.one_of(st.lists(pieces, max_size=12).map("".join), st.text(max_size=30))


@QUICK
@given(text=texts)
def test_pairs_are_what_the_standard_library_finds(text: str) -> None:
    assert parse_pairs(text) == parse_qsl(text, keep_blank_values=True, errors="werkzeug.url_quote")


@QUICK
@given(query=st.one_of(texts.map(lambda text: text.encode(errors="replace")), st.binary(max_size=30)))
def test_arguments_of_a_query_are_werkzeug_s(query: bytes) -> None:
    environ = environ_of(QUERY_STRING=query.decode("latin-1"))
    # A raw byte beyond ASCII is an error in Werkzeug; here it is read as if it were percent-encoded.
    encoded = re.sub(rb"[\x80-\xff]", lambda byte: b"%%%02X" % byte[0][0], query).decode()
    plain = werkzeug.wrappers.Request(environ | {"QUERY_STRING": encoded})
    ours = Request(environ)
    assert (ours.args, ours.query_string) == (plain.args, plain.query_string)
    assert list(ours.args.items(multi=True)) == list(plain.args.items(multi=True))


FORM = "application/x-www-form-urlencoded"


@QUICK
@given(
    body=st.one_of(texts.map(lambda text: text.encode(errors="surrogatepass")), st.binary(max_size=40)),
    content_type=st.sampled_from([FORM, FORM, FORM + "; charset=utf-8", FORM.upper(), "text/plain", "", None]),
    length=st.sampled_from([0, 0, 0, -3, 5]),
    cached=st.booleans(),
    again=st.sampled_from(["form", "files", "values", "data"]),
)
def test_a_form_is_werkzeug_s(body: bytes, content_type: str | None, length: int, cached: bool, again: str) -> None:
    read = []
    for kind in (Request, werkzeug.wrappers.Request):
        environ = environ_of("POST", CONTENT_LENGTH=str(max(0, len(body) + length)))
        environ["wsgi.input"] = io.BytesIO(body)
        if content_type is not None:
            environ["CONTENT_TYPE"] = content_type
        request = kind(environ)
        found = [outcome(request.get_data)] if cached else []
        found += [outcome(lambda r: list(r.form.items(multi=True)), request), outcome(getattr, request, again)]
        read.append([*found, outcome(request.get_data), outcome(lambda r: r.stream.read(), request)])
    assert read[0] == read[1]


form_pieces = st.sampled_from(
    [b"--B\r\n", b"--B\n", b"--B\r", b"\r\n--B\r\n", b"\r\n--B--\r\n", b"\r\n--B--", b"--B", b"\r\n--B \t\r\n",
     b'Content-Disposition: form-data; name="a"\r\n\r\n', b"Content-Disposition: form-data; name=b\n\n", b"--Bx\r\n",
     b'Content-Disposition: form-data; name="f"; filename="f.txt"\r\n\r\n', b"Content-Disposition: form-data\r\n\r\n",
     b'Content-Disposition: form-data; name="c"\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n\xe9',
     b'Content-Disposition: form-data; name="f"; filename*=UTF-8\'\'%e9.txt\r\nContent-Length: 7\r\n\r\n', b"text",
     b"X: 1\r\n\r\n", b"\r\n", b"\n", b"\r", b"-", b"--", b"", b"x" * 3000, b"preamble", b"\xff"]
)  # fmt: skip
sound = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["", '; filename="f"']), st.binary(max_size=60)), max_size=5
).map(
    lambda parts: (
        b"".join(
            b'--B\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
            % (name.encode(), file.encode(), content)
            for name, file, content in parts
        )
        + b"--B--\r\n"
    )
)


@settings(QUICK, max_examples=2 * EXAMPLES)
@given(
    body=st.one_of(st.lists(form_pieces, max_size=10).map(b"".join), sound),
    boundary=st.sampled_from(["B", "B", "B", "", "\u00e9", ".*"]),
    at_once=st.sampled_from([1, 2, 7, 64, 100_000]),
    most=st.sampled_from([None, 0, 5, 100, 100, 3000]),
    parts=st.sampled_from([None, 0, 1, 3]),
    silent=st.booleans(),
)
@example(body=b"--B\r\n\r\n", boundary="B", at_once=100_000, most=None, parts=None, silent=False)
@example(
    body=b"--B\r\nContent-Disposition: form-data; name=a\n\n" + b"x" * 150,
    boundary="B",
    at_once=7,
    most=100,
    parts=1,
    silent=True,
)
def test_a_multipart_form_is_werkzeug_s(
    body: bytes, boundary: str, at_once: int, most: int | None, parts: int | None, silent: bool
) -> None:
    def parsed(kind: Any) -> Any:
        asked: list[Any] = []

        def make(**facts: Any) -> Any:
            asked.append(facts)
            return io.BytesIO()

        parser = kind(make, most, silent=silent, max_form_parts=parts)
        options = {"boundary": boundary}
        _, form, files = parser.parse(Dribble(body, at_once, None), "multipart/form-data", len(body), options)
        said = [(name, f.filename, f.name, [*f.headers], f.read()) for name, f in files.items(multi=True)]
        return [*form.items(multi=True)], said, asked

    assert outcome(parsed, FormParser) == outcome(parsed, FormDataParser)


def test_a_replaced_parser_of_parts_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    original = MultiPartParser.parse
    monkeypatch.setattr(MultiPartParser, "parse", lambda *args: calls.append(1) or original(*args))
    body = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n'
    request = Request(
        EnvironBuilder(method="POST", data=body, content_type="multipart/form-data; boundary=B").get_environ()
    )
    assert (request.form["a"], calls) == ("1", [1])


# -- what a request says -------------------------------------------------------------------------

FACTS = ["method", "scheme", "server", "root_path", "path", "remote_addr", "mimetype", "mimetype_params", "url",
         "base_url", "root_url", "url_root", "host_url", "cookies", "args", "full_path", "host",
         "is_json", "content_length", "content_type"]  # fmt: skip
HOSTS = ["localhost", "localhost:80", "a.example:8080", "Example.ORG", "xn--bcher-kva.example", "127.0.0.1:5000",
         "[::1]:8080", "a.example:65535", "a.example:443", "a.b-c.example:1", ""]  # fmt: skip
ascii_text = st.text(alphabet=st.characters(max_codepoint=0x7F), max_size=12)
latin = st.one_of(
    st.text(alphabet=st.characters(max_codepoint=0xFF), max_size=12),
    st.text(max_size=8).map(lambda text: text.encode(errors="replace").decode("latin-1")),
    st.lists(st.sampled_from(["/", "a", "%", "é", "%2F", "//", "\0", "\r\n"]), max_size=5).map("".join),
)


@QUICK
@given(
    keys=st.fixed_dictionaries(
        {"REQUEST_METHOD": st.sampled_from(["GET", "get", "PoSt", "", "X Y"])},
        optional={
            "PATH_INFO": latin,
            "SCRIPT_NAME": latin,
            "REMOTE_ADDR": st.sampled_from(["", "::1", "10.0.0.1"]),
            "SERVER_NAME": st.sampled_from(["localhost", "::1", "/run/app.sock", ""]),
            "SERVER_PORT": st.sampled_from(["80", "8080", "", "0", "socket", 8000, None]),
            "CONTENT_TYPE": st.sampled_from(["", "text/html", "application/json; charset=x", 'a/b; c="d;e"', "\0;"]),
            "CONTENT_LENGTH": st.sampled_from(["", "0", "12", "-1", "x"]),
            "wsgi.url_scheme": st.sampled_from(["http", "https", "ws"]),
            "QUERY_STRING": st.one_of(
                ascii_text,
                st.sampled_from(
                    [
                        "a=1&b=2",
                        "q=%41%20x",
                        "#",
                        "a?b",
                        "[x]=1",
                    ]
                ),
            ),
            "HTTP_HOST": st.sampled_from(HOSTS),
            "HTTP_COOKIE": st.sampled_from(
                ["a=1", "a=1; a=2;b", 'q="x\\054y"', "=", "a=\xc3\xa9; b=\xe9", "", ";;a", "a=b=c"]
            ),
        },
    ),
    gone=st.sets(st.sampled_from(["PATH_INFO", "SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT"])),
)
def test_the_facts_of_a_request_are_werkzeug_s(keys: dict[str, Any], gone: set[str]) -> None:
    environ = {key: value for key, value in environ_of(**keys).items() if key not in gone}
    ours, plain = Request(dict(environ)), outcome(werkzeug.wrappers.Request, dict(environ))
    assume(not isinstance(plain, type))  # Werkzeug reads all of it at once, and fails at once
    for fact in FACTS:
        assert outcome(getattr, ours, fact) == outcome(getattr, plain, fact), fact


# -- bodies --------------------------------------------------------------------------------------


class Dribble:
    """A server's input that hands over less than it is asked for, and may break off or fail."""

    def __init__(self, data: bytes, most: int, error: Exception | None) -> None:
        self.rest = io.BytesIO(data)
        self.most = most
        self.error = error

    def read(self, size: int = -1) -> bytes:
        data = self.rest.read(self.most if size < 0 else min(size, self.most))
        if size and not data and self.error is not None:
            raise self.error
        return data


class Buffered(Dribble):
    """The same, of a server whose input has readinto as well."""

    def readinto(self, buffer: bytearray) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def read_into(stream: Any, size: int) -> bytes:
    buffer = bytearray(size)
    return bytes(buffer[: stream.readinto(buffer)])


# Reading nothing is left out: Werkzeug takes it for a client that has gone away.
readings = st.lists(
    st.one_of(
        st.sampled_from([0, 1, 2, 7, 64, 10**6]).map(lambda n: ("read", (n,), lambda s: s.read(n) if n else b"")),
        st.sampled_from([-1, -7]).map(lambda n: ("read all", (n,), lambda s: s.read(n))),
        st.sampled_from([1, 5, 100]).map(lambda n: ("readinto", (n,), lambda s: read_into(s, n))),
        st.sampled_from([-1, 1, 3, 100]).map(lambda n: ("readline", (n,), lambda s: s.readline(n))),
        st.sampled_from([-1, 1, 20]).map(lambda n: ("readlines", (n,), lambda s: s.readlines(n))),
        st.just(("next", (), lambda s: next(s, None))),
        st.just(("list", (), list)),
        st.just(("exhaust", (), lambda s: s.exhaust())),
        st.just(("tell", (), lambda s: s.tell())),
        st.just(("facts", (), lambda s: (s.is_exhausted, s.readable(), s.writable(), s.seekable(), s.closed))),
    ),
    min_size=1,
    max_size=6,
)
bodies = st.one_of(st.binary(max_size=40), st.lists(st.sampled_from([b"a", b"\n", b"line\n", b"\r\n"])).map(b"".join))


@QUICK
@given(
    data=bodies,
    length=st.sampled_from([0, 0, 0, -5, 7, 1000]),
    most=st.sampled_from([1, 3, 16, 10**6]),
    error=st.sampled_from([None, OSError("reset"), ValueError("closed")]),
    kind=st.sampled_from([Dribble, Buffered]),
    steps=readings,
)
@example(data=b"a" * 5, length=0, most=1, error=None, kind=Dribble, steps=[("read all", (-1,), lambda s: s.read(-1))])
def test_a_sized_body_is_read_as_werkzeug_reads_it(
    data: bytes, length: int, most: int, error: Any, kind: Any, steps: Any
) -> None:
    size = max(0, len(data) + length)
    ours = SizedBody(kind(data, most, error), size)
    plain = LimitedStream(kind(data, most, error), size)
    for name, _, step in steps:
        found = outcome(step, ours)
        assert found == outcome(step, plain), name
        if isinstance(found, type):
            break  # where a broken body stands nobody asks
        # What was handed over is what counts; a line may be made of more than one reading.
        assert ours.tell() == plain.tell()


@QUICK
@given(
    data=st.binary(max_size=30),
    length=st.sampled_from(
        [None, "", "0", "5", " 5 ", "30", "-1", "x", "5.0", "\N{ARABIC-INDIC DIGIT FIVE}", "9" * 30]
    ),
    coding=st.sampled_from([None, None, "chunked", "gzip, Chunked", "identity"]),
    terminated=st.booleans(),
    most=st.sampled_from([None, 0, 4, 5, 100]),
)
def test_the_length_of_a_body_is_werkzeug_s(
    data: bytes, length: str | None, coding: str | None, terminated: bool, most: int | None
) -> None:
    read = []
    for stream in (
        lambda environ: Request(environ).stream,
        lambda environ: get_input_stream(environ, max_content_length=most),
    ):
        environ = environ_of("POST")
        environ.pop("CONTENT_LENGTH", None)
        environ |= {"CONTENT_LENGTH": length} if length is not None else {}
        environ |= {"HTTP_TRANSFER_ENCODING": coding} if coding is not None else {}
        environ |= {"wsgi.input_terminated": True} if terminated else {}
        environ["wsgi.input"] = io.BytesIO(data)
        app = App("length_probe", static_folder=None)
        app.config["MAX_CONTENT_LENGTH"] = most
        with app.app_context():
            read.append(outcome(lambda made=stream, environ=environ: made(environ).read()))
    ours, plain = read
    size = get_content_length({"CONTENT_LENGTH": length, "HTTP_TRANSFER_ENCODING": coding})
    if terminated and coding is None and length in ("0", "5", "30"):
        # Werkzeug trusts such a server to end the body; here its stated length holds as well.
        if most is None or int(length) <= most:
            plain = data[: int(length)] if int(length) <= len(data) else exceptions.ClientDisconnected
    elif terminated and not size:
        # What was cut must not pass for whole, as it does in Werkzeug.
        plain = data if most is None or len(data) <= most else exceptions.RequestEntityTooLarge
    assert ours == plain


# -- responses -----------------------------------------------------------------------------------


class Plain(werkzeug.wrappers.Response):
    """Werkzeug's response, set as Flask sets it."""

    default_mimetype = "text/html"
    autocorrect_location_header = False


STATUS = re.compile(r"[1-9][0-9]{2} [\t\x20-\x7e\x80-\xff]*")
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def sent(response: Any, environ: dict[str, Any]) -> Any:
    """What a server gets of a response: the status, the headers in their order, the pieces of the body."""
    head: list[Any] = []
    body = response(environ, lambda status, headers, exc_info=None: head.extend([status, list(headers)]))
    chunks = list(body)
    getattr(body, "close", lambda: None)()
    return [*head, chunks]


def allowed(answer: Any) -> Any:
    """What may be sent of Werkzeug's answer: an error instead of a head that breaks the message, and no default
    type for what has no body (docs/differences.md)."""
    if isinstance(answer, type):
        return UnsendableResponse
    status, headers, chunks = answer
    if status[:3] in ("204", "205"):
        headers = [pair for pair in headers if pair != ("Content-Type", "text/html; charset=utf-8")]
    if not STATUS.fullmatch(status) or not all(TOKEN.fullmatch(k) and VALUE.fullmatch(v) for k, v in headers):
        return UnsendableResponse
    return [status, headers, chunks]


class Closing:
    """A stream that says when it is closed, how often, and how far it was read."""

    def __init__(self, chunks: Any) -> None:
        self.chunks = iter(chunks)
        self.events: list[str] = []

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        self.events.append("read")
        return next(self.chunks)

    def close(self) -> None:
        self.events.append("close")


clean = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
bodies_to_send = st.one_of(
    clean.map(lambda text: lambda: text),
    st.binary(max_size=12).map(lambda data: lambda: data),
    st.binary(max_size=5).map(lambda data: lambda: bytearray(data)),
    clean.map(lambda text: lambda: Markup(text)),
    st.lists(st.one_of(clean, st.binary(max_size=5)), max_size=3).flatmap(
        lambda chunks: st.sampled_from([
            lambda: list(chunks), lambda: tuple(chunks), lambda: iter(chunks), lambda: Closing(chunks),
            lambda: (chunk for chunk in chunks),
        ])
    ),
    st.just(lambda: None),
)  # fmt: skip
statuses = st.one_of(
    st.none(),
    st.sampled_from([200, 201, 204, 205, 206, 304, 100, 199, 404, 500, 999, 99, 0, 1000, -1, True]),
    st.sampled_from([HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.IM_A_TEAPOT, HTTPStatus.CONTINUE]),
    st.sampled_from(
        ["200", "200 Fine", " 404 gone ", "fine", "", " ", "204", "304 x", "200 a\r\nb", "201 é", "201 \u20ac"]
    ),
)
names_to_send = st.sampled_from(
    ["X-A", "x-a", "Content-Type", "content-length", "Location", "ETag", "Set-Cookie", "Vary", "Expires", "X A", "",
     "é", "Content-Location", "Last-Modified", "Transfer-Encoding", "Allow"]
)  # fmt: skip
values_to_send = st.one_of(
    st.sampled_from(
        ["a", "", " a ", "text/plain", "7", "a\0", "a\r\nb", "\n", "\u20ac", "\ud800", "é", "/a b", "//x/é", "\x7f",
         "http://\N{SNOWMAN}.example/", "Mon, 01 Jan 2024 00:00:00 GMT", '"tag"', "/a", "/a?b=c&d=%20#e", "/a?", "/a#",
         "/a?#", "/a;b?c?d", "/%zz/%", "///x", "/.//x", "/a\\b", "/a[b]", "/a?[b]", "HTTP://Host/x", "a:b", "?a"]
    ),
    st.text(max_size=5),
)  # fmt: skip
pairs_to_send = st.lists(st.tuples(names_to_send, values_to_send), max_size=4)
# Made anew for each response, since a response keeps the Headers that it is given.
headers_to_send = st.one_of(
    st.just(lambda: None),
    pairs_to_send.map(lambda pairs: lambda: list(pairs)),
    pairs_to_send.map(lambda pairs: lambda: dict(pairs)),
    pairs_to_send.map(lambda pairs: lambda: Headers(pairs)),
    st.just(lambda: {"X-A": ["1", "2"]}),
    st.just(lambda: Headers()),
)
types_to_send = st.sampled_from(
    [None, None, None, "", "text/plain", "text/x; charset=latin1", "application/json", "application/x+xml", "a\nb", "x"]
)
edits = st.one_of(
    st.tuples(names_to_send, values_to_send).map(lambda pair: lambda r: r.headers.__setitem__(*pair)),
    st.tuples(names_to_send, values_to_send).map(lambda pair: lambda r: r.headers.add(*pair)),
    names_to_send.map(lambda name: lambda r: r.headers.remove(name)),
    values_to_send.map(lambda value: lambda r: r.headers.setlist("X-B", [value, "2"])),
    statuses.map(lambda status: lambda r: setattr(r, "status", 200 if status is None else status)),
    st.sampled_from([200, 204, 304, 150, 206]).map(lambda code: lambda r: setattr(r, "status_code", code)),
    st.one_of(clean, st.binary(max_size=9)).map(lambda body: lambda r: r.set_data(body)),
    st.one_of(clean, st.binary(max_size=9)).map(lambda body: lambda r: setattr(r, "data", body)),
    st.one_of(clean, st.binary(max_size=9)).map(lambda body: lambda r: setattr(r, "response", [body])),
    st.one_of(clean, st.binary(max_size=9)).map(lambda body: lambda r: r.response.append(body)),
    st.binary(max_size=9).map(lambda body: lambda r: r.stream.write(body)),
    st.sampled_from([None, "X-A", "Cookie"]).map(lambda name: lambda r: r.vary.add(name) if name else r.vary.clear()),
    st.sampled_from([0, 60, None]).map(lambda age: lambda r: setattr(r.cache_control, "max_age", age)),
    st.sampled_from(["text/css", "x"]).map(lambda kind: lambda r: setattr(r, "mimetype", kind)),
    st.sampled_from(["text/css", "a/b; c=d"]).map(lambda kind: lambda r: setattr(r, "content_type", kind)),
    st.sampled_from(["v", "a b", "ü", '"'] ).map(lambda value: lambda r: r.set_cookie("name", value, max_age=5)),
    st.just(lambda r: r.delete_cookie("name")),
    st.just(lambda r: r.get_data()),
    st.just(lambda r: r.get_data(as_text=True)),
    st.just(lambda r: r.add_etag()),
    st.just(lambda r: r.set_etag("tag", weak=True)),
    st.just(lambda r: r.freeze()),
    st.just(lambda r: r.make_sequence()),
    st.just(lambda r: r.calculate_content_length()),
    st.just(lambda r: setattr(r, "content_length", 3)),
    st.just(lambda r: setattr(r, "location", "/ü")),
    st.just(lambda r: setattr(r, "location", "/a?b=c")),
    st.just(lambda r: setattr(r, "autocorrect_location_header", True)),
    # Ours says it in fewer steps; Werkzeug's has no such method.
    st.just(lambda r: r.vary_by("Cookie") if hasattr(r, "vary_by") else r.vary.add("Cookie")),
    st.just(lambda r: setattr(r, "headers", Headers({"X-C": "1"}))),
    st.just(lambda r: setattr(r, "headers", {"X-C": "1"})),
    st.just(lambda r: setattr(r, "direct_passthrough", True)),
    st.just(lambda r: setattr(r, "automatically_set_content_length", False)),
    st.just(lambda r: (r.is_streamed, r.is_sequence, r.status, r.status_code, r.mimetype, r.mimetype_params)),
    st.just(lambda r: repr(r).partition(" ")[2]),
    st.just(lambda r: r.headers.clear()),
    st.just(lambda r: setattr(r, "implicit_sequence_conversion", False)),
)  # fmt: skip
conditions = st.fixed_dictionaries(
    {"REQUEST_METHOD": st.sampled_from(["GET", "GET", "HEAD", "POST", "get"])},
    optional={
        "HTTP_IF_NONE_MATCH": st.sampled_from(['"tag"', 'W/"tag"', "*", '"x", "tag"', "", "tag"]),
        "HTTP_IF_MODIFIED_SINCE": st.sampled_from(["Mon, 01 Jan 2024 00:00:00 GMT", "", "yesterday"]),
        "HTTP_IF_MATCH": st.sampled_from(['"tag"', '"x"', "*"]),
        "HTTP_RANGE": st.sampled_from(["bytes=0-1", "bytes=9-", "x", "bytes=-1", "bytes=5-4"]),
    },
)


@settings(QUICK, max_examples=3 * EXAMPLES)
@given(
    body=bodies_to_send,
    options=st.fixed_dictionaries(
        {},
        optional={
            "status": statuses, "mimetype": types_to_send, "content_type": types_to_send,
            "direct_passthrough": st.booleans(),
        },
    ),
    headers=headers_to_send,
    steps=st.lists(edits, max_size=4),
    conditional=st.booleans(),
    closing=st.booleans(),
    environ=conditions,
)  # fmt: skip
def test_a_response_is_sent_as_werkzeug_sends_it(
    body: Any, options: Any, headers: Any, steps: Any, conditional: bool, closing: bool, environ: Any
) -> None:
    answers: list[Any] = []
    for kind in (Response, Plain):
        source = body()
        made = outcome(lambda kind=kind, source=source: kind(source, **{**options, "headers": headers()}))
        if isinstance(made, type):
            answers.append([made])
            continue
        closed: list[str] = []
        if closing:
            made.call_on_close(lambda closed=closed: closed.append("closed"))
        seen = [outcome(step, made) for step in steps]
        if conditional:
            made.headers["Date"] = "now"
            seen.append(outcome(lambda made=made: made.make_conditional(environ_of(**environ), True, 9)) is made)
        twice = [outcome(sent, made, environ_of(**environ)) for _ in range(2)]
        answers.append([seen, twice, closed, getattr(source, "events", None), made.headers == made.headers])
    ours, plain = answers
    if len(plain) > 1:
        plain[1] = [*map(allowed, plain[1])]
        if UnsendableResponse in plain[1]:
            del ours[2:4], plain[2:4]  # what never reaches a server is closed by the app
    if len(ours) == 1 and len(plain) > 1:
        # A media type that could not be sent is refused when the response is made.
        assert ours == [ValueError]
    else:
        assert ours == plain


OVERRIDES: dict[str, Any] = {
    "get_wsgi_headers": lambda self, environ: Headers({"X-Own": "1"}),
    "get_wsgi_response": lambda self, environ: ([b"own"], "200 Own", [("X-Own", "1")]),
    "get_app_iter": lambda self, environ: [b"own"],
    "iter_encoded": lambda self: iter([b"own"]),
    "automatically_set_content_length": False,
    "default_status": 418,
    "default_mimetype": None,
    "autocorrect_location_header": True,
    "max_cookie_size": 0,
}


@QUICK
@given(
    location=st.text(alphabet="/?#%a1:;=&@[]\\. ~+é", max_size=12),
    name=st.sampled_from(["Location", "Content-Location"]),
)
@example(location="/a?", name="Location")
@example(location="/a#", name="Content-Location")
@example(location="//host/a", name="Location")
def test_a_location_is_the_uri_that_werkzeug_makes_of_it(location: str, name: str) -> None:
    def answered(kind: Any) -> Any:
        response = kind("moved", 302, mimetype="text/plain")
        response.headers[name] = location
        return sent(response, environ_of())

    assert outcome(answered, Response) == allowed(outcome(answered, werkzeug.wrappers.Response))


@pytest.mark.parametrize("name", OVERRIDES)
@pytest.mark.parametrize("forced", [False, True])
@pytest.mark.parametrize("body", ["text", None, "stream", "moved", "unchanged"])
def test_what_a_subclass_overrides_is_respected(name: str, forced: bool, body: Any) -> None:
    answers = []
    for base in (Response, Plain):
        own = type("Own", (base,), {name: OVERRIDES[name]})
        kind = base if forced else own
        if body == "stream":
            response = kind(iter([b"x"]))
        else:
            response = kind(body, headers={"Location": "/x"} if body == "moved" else None)
        response.status = 304 if body == "unchanged" else response.status
        response = own.force_type(response)
        response.set_cookie("a", "b" * 5)
        answers.append([outcome(sent, response, environ_of()), response.get_data()])
    assert answers[0] == answers[1]


# -- JSON ----------------------------------------------------------------------------------------


@dataclasses.dataclass
class Point:
    """A value that JSON lacks."""

    x: Any
    y: int = 0


class Int(int):
    """A number that shows itself in its own way."""

    def __repr__(self) -> str:
        return "one"


class Dict(dict[Any, Any]):
    """A dictionary of its own kind."""


CIRCLE: list[Any] = [1]
CIRCLE.append({"again": CIRCLE})

json_leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.uuids(), st.dates(),
    st.datetimes(), st.decimals(), st.builds(Point, st.integers()), st.text(max_size=4).map(Markup), st.just(Int(1)),
    st.sampled_from([HTTPStatus.OK, "\ud800", "\u2028</script>", b"x", {1, 2}, object, 10**400, Point]),
)  # fmt: skip
json_keys = st.one_of(
    st.text(max_size=3), st.text(max_size=3), st.integers(), st.none(), st.booleans(), st.floats(), st.just((1,)),
)  # fmt: skip
json_values = st.recursive(
    json_leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.lists(inner, max_size=3).map(tuple), st.builds(Point, inner),
        st.dictionaries(json_keys, inner, max_size=3), st.dictionaries(st.text(max_size=2), inner).map(Dict),
    ),
    max_leaves=8,
)  # fmt: skip


@QUICK
@given(value=json_values, ascii_only=st.booleans(), sort=st.booleans(), wanting=st.booleans())
@example(value=CIRCLE, ascii_only=True, sort=True, wanting=True)
@example(value={"a": CIRCLE}, ascii_only=False, sort=False, wanting=False)
@example(value=[math.nan, math.inf, -0.0], ascii_only=True, sort=True, wanting=True)
def test_kept_encoders_write_what_the_standard_library_writes(
    value: Any, ascii_only: bool, sort: bool, wanting: bool
) -> None:
    default = provider._default if wanting else repr
    encode = provider._compact(default, ascii_only, sort)
    rules: dict[str, Any] = {"ensure_ascii": ascii_only, "sort_keys": sort, "separators": (",", ":")}
    plain = outcome(lambda: json.dumps(value, default=default, **rules))
    assert outcome(encode, value) == plain
    assert outcome(encode, value) == plain  # an encoder that is kept forgets what it wrote before


@QUICK
@given(
    value=json_values,
    rules=st.fixed_dictionaries(
        {},
        optional={
            "ensure_ascii": st.booleans(), "sort_keys": st.booleans(), "compact": st.sampled_from([True, False, None]),
            "mimetype": st.just("application/vnd.x+json"),
            "default": st.sampled_from([repr, lambda o: {"type": str(o)}]),
        },
    ),
    later=st.fixed_dictionaries({}, optional={"ensure_ascii": st.booleans(), "sort_keys": st.booleans()}),
    debug=st.booleans(),
)  # fmt: skip
def test_own_provider_of_any_settings_answers_as_flask_s(
    both: Any, value: Any, rules: Any, later: Any, debug: bool
) -> None:
    answers = []
    for framework in both:
        # As attributes of a class: a function among them must not become a method.
        own = {name: staticmethod(rule) if callable(rule) else rule for name, rule in rules.items()}
        app = framework.App("json_probe", static_folder=None)
        app.json = type("Own", (framework.json.provider.DefaultJSONProvider,), own)(app)
        app.debug = debug
        said: list[Any] = []
        for settings_ in ({}, later):
            vars(app.json).update(settings_)
            with app.test_request_context():
                made = outcome(framework.jsonify, value)
            said.append(made if isinstance(made, type) else (made.get_data(), list(made.headers)))
        answers.append(said)
    # A lone surrogate is no text that can be sent; it is replaced. NaN is no JSON; debug mode refuses it
    # (docs/differences.md).
    sendable = [(one, other) for one, other in zip(*answers, strict=True) if other is not UnicodeEncodeError]
    for one, other in sendable:
        if one is ValueError and debug and not isinstance(other, type):
            assert b"NaN" in other[0] or b"Infinity" in other[0]
        else:
            assert one == other


def test_what_is_nested_too_deep_to_write_is_the_standard_library_s_error() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(RecursionError):
        provider._compact(repr, True, True)(deep)


def test_default_function_that_cannot_be_hashed_is_asked(framework: Any) -> None:
    class Shout:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self, value: Any) -> str:
            return "!"

    app = framework.App("json_probe", static_folder=None)
    app.json.default = Shout()
    app.add_url_rule("/", "view", lambda: {"a": object()})
    assert app.test_client().get("/").get_json() == {"a": "!"}


@QUICK
@given(
    text=st.one_of(
        json_values.map(lambda value: outcome(lambda: json.dumps(value, default=repr))),
        st.text(max_size=12),
        st.text(alphabet='[]{}",:0123.eE+-truefalsn\\ \n\t\ufeff', max_size=14),
    ).filter(lambda text: isinstance(text, str)),
    around=st.sampled_from(["{}", " {}", "{}\n", "\ufeff{}", "{} x", "\0{}"]),
)
@example(text="[" * 100_000, around="{}")
@example(text="-", around="{}")
def test_json_is_read_as_the_standard_library_reads_it(both: Any, text: str, around: str) -> None:
    text = around.replace("{}", text)
    read = []
    for framework in both:
        with framework.App("json_probe", static_folder=None).app_context():
            read.append(repr(outcome(framework.json.loads, text)))
    if read[1] == repr(RecursionError):  # it is bad input (docs/differences.md)
        read[1] = repr(ValueError)
    assert read[0] == read[1]


# -- files ---------------------------------------------------------------------------------------

FILES = ["a.txt", 'q"u.txt', "é ü.css", "\N{SNOWMAN}.html", "x.tar.gz", "plain", "sub/in.js", "a\nb.txt", "empty.json"]
file_names = st.sampled_from(
    [*FILES, *FILES, "missing", "sub", "", ".", "..", "../out.txt", "sub/../a.txt", "a.txt/", "\0"]
)
tags = st.sampled_from([None, None, "{}", "W/{}", "*", '"x", {}', '{} , "y"', "x", "", '"x"'])
dates = st.sampled_from([None, None, "{}", "Mon, 01 Jan 2024 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT", "x", ""])
file_requests = st.tuples(
    file_names,
    st.fixed_dictionaries(
        {"REQUEST_METHOD": st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "OPTIONS"])},
        optional={
            "HTTP_IF_NONE_MATCH": tags, "HTTP_IF_MODIFIED_SINCE": dates, "HTTP_IF_MATCH": tags,
            "HTTP_IF_UNMODIFIED_SINCE": dates, "HTTP_IF_RANGE": st.one_of(tags, dates),
            "HTTP_RANGE": st.sampled_from(["bytes=0-2", "bytes=1-", "bytes=-2", "bytes=99-", "x", "bytes=0-0,2-3"]),
        },
    ),
    st.sampled_from(["/static/", "/static/", "/from/", "/wound/", "/given/"]),
)  # fmt: skip
file_steps = st.lists(
    st.one_of(
        file_requests,
        file_requests,
        st.tuples(st.sampled_from(FILES), st.binary(max_size=6), st.sampled_from([0, 1, 1.5, 10**9])),
        st.tuples(st.just("SEND_FILE_MAX_AGE_DEFAULT"), st.sampled_from([None, 0, 60, -1, True, 1])),
        st.tuples(st.just("USE_X_SENDFILE"), st.booleans()),
    ),
    min_size=2,
    max_size=10,
)


def file_app(framework: Any, root: Path) -> Any:
    """An app that serves one folder in several ways."""
    app = framework.App("file_probe", root_path=str(root / "app"), static_folder="../files", static_url_path="/static")
    app.add_url_rule("/from/<path:name>", "from", lambda name: framework.send_from_directory(root / "files", name))
    wound = os.path.join("..", "app", "..", "files")
    app.add_url_rule("/wound/<path:name>", "wound", lambda name: framework.send_from_directory(wound, name))
    given_age = lambda name: framework.send_from_directory(str(root / "files"), name, max_age=lambda path: len(path))  # noqa: E731
    app.add_url_rule("/given/<path:name>", "given", given_age)
    return app


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("fast")
    for name in ("app", "files/sub"):
        (root / name).mkdir(parents=True)
    (root / "out.txt").write_text("secret")
    return root


@pytest.fixture
def no_second_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("wsgiapp.files", "werkzeug.utils"):
        monkeypatch.setattr(f"{module}.time", lambda: 1_800_000_000.5)


@settings(QUICK, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=file_steps)
def test_a_file_is_sent_as_flask_sends_it(both: Any, folder: Path, no_second_passes: None, steps: Any) -> None:
    for name in FILES:
        (folder / "files" / name).write_bytes(b"" if name == "empty.json" else name.encode())
    apps = [file_app(framework, folder) for framework in both]
    for name, what, *more in steps:
        if name.isupper():
            for app in apps:
                app.config[name] = what
        elif isinstance(what, bytes):
            (folder / "files" / name).write_bytes(what)
            os.utime(folder / "files" / name, (more[0], more[0]))
        else:
            path = more[0] + name.encode().decode("latin-1")
            now = dict(asked(apps[1], environ_of("HEAD", PATH_INFO=path))[1])
            fresh = {"MATCH": now.get("ETag", ""), "SINCE": now.get("Last-Modified", "")}
            headers = {
                key: value.replace("{}", fresh.get(key.rpartition("_")[2], now.get("ETag", "")))
                for key, value in what.items()
                if value is not None
            }
            answers = [asked(app, environ_of(**headers, PATH_INFO=path)) for app in apps]
            # A path that is no header cannot be told to the server (docs/differences.md).
            sendable = all(VALUE.fullmatch(value) for key, value in answers[1][1] if key == "X-Sendfile")
            assert answers[0] == answers[1] if sendable else answers[0][0][:3] == "500", f"{headers} {path!r}"


def asked(app: Any, environ: dict[str, Any]) -> Any:
    """What an app answers, but for the date of the answer; the allowed methods have no order."""
    app.logger.disabled = True
    status, headers, chunks = sent(app, environ)
    kept = [
        (name, sorted(value.split(", ")) if name == "Allow" else value) for name, value in headers if name != "Date"
    ]
    return status, kept, b"".join(chunks)


# -- pages of errors -----------------------------------------------------------------------------


class OwnPage(exceptions.NotFound):
    """It has a page of its own."""

    def get_body(self, environ: Any = None, scope: Any = None) -> str:
        return "own"


class OwnHead(exceptions.Gone):
    """It has headers of its own."""

    description = "described"

    def get_headers(self, environ: Any = None, scope: Any = None) -> Any:
        return [("X-Own", "1")]


class OwnAnswer(exceptions.NotFound):
    """It makes its response by itself."""

    def get_response(self, environ: Any = None, scope: Any = None) -> Any:
        return werkzeug.wrappers.Response("answer", 444)


class OwnCall(exceptions.NotFound):
    """It answers as a WSGI callable of its own."""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        start_response("200 Called", [("X-Own", "1"), ("Content-Type", "a/b")])
        return [b"called"]


CLASSES = [*exceptions.default_exceptions.values(), OwnPage, OwnHead, OwnAnswer, OwnCall, exceptions.BadRequestKeyError,
           exceptions.SecurityError, exceptions.ClientDisconnected, exceptions.HTTPException]  # fmt: skip


def with_code(error: Any) -> None:
    error.code = 410


def with_body(error: Any) -> None:
    error.get_body = lambda environ=None, scope=None: "put"


def with_description(error: Any) -> None:
    error.description = "<put>\n"


def with_response(error: Any) -> None:
    error.response = werkzeug.wrappers.Response("response", 299)


@QUICK
@given(
    kind=st.sampled_from(CLASSES),
    description=st.sampled_from([None, None, "", "why <b>\nnot", Markup("<i>")]),
    edit=st.sampled_from([lambda error: None, with_code, with_body, with_description, with_response]),
    method=st.sampled_from(["GET", "HEAD", "POST"]),
    own=st.sampled_from(["", "", "init", "subclass"]),
)
def test_a_page_of_an_error_is_flask_s(
    both: Any, kind: Any, description: Any, edit: Any, method: str, own: str
) -> None:
    answers = []
    for framework in both:
        app = framework.App("page_probe", static_folder=None)

        class Sized(framework.Response):
            """It cannot be made of a status alone, so that nobody may make one without being asked to."""

            def __init__(self, response: Any, *, mimetype: str = "a/b", **more: Any) -> None:
                super().__init__(f"sized {response}", mimetype=mimetype, **more)

        if own:
            app.response_class = (
                Sized if own == "init" else type("Sub", (framework.Response,), {"default_mimetype": "x"})
            )

        def view(kind: Any = kind, description: Any = description, edit: Any = edit) -> Any:
            error = kind() if description is None else kind(description=description)
            edit(error)
            raise error

        app.add_url_rule("/", "view", view, methods=["GET", "POST"])
        answers.append([outcome(asked, app, environ_of(method, PATH_INFO=path)) for path in ("/", "/", "/nowhere")])
    assert answers[0] == answers[1]


# -- what runs for a request ---------------------------------------------------------------------

REGISTRIES = ["before_request_funcs", "after_request_funcs", "teardown_request_funcs", "url_value_preprocessors"]
SCOPES = [None, "outer", "outer.inner", "nobody"]
PATHS = ["/", "/outer", "/outer/inner", "/nowhere", "/late"]


class Tracked:
    """One app with a log of what ran; hooks are made by number, so that two apps have the same ones."""

    def __init__(self, framework: Any) -> None:
        self.framework = framework
        self.log: list[Any] = []
        self.hooks: dict[Any, Any] = {}
        self.app = framework.App("plan_probe", static_folder=None)
        outer = framework.Blueprint("outer", __name__, url_prefix="/outer")
        inner = framework.Blueprint("inner", __name__, url_prefix="/inner")
        for owner in (self.app, outer, inner):
            owner.add_url_rule("/" if owner is self.app else "", "view", self.view("view"))
        outer.register_blueprint(inner)
        self.app.register_blueprint(outer)

    def view(self, number: Any) -> Any:
        return lambda: self.log.append(number) or f"view {number}"

    def hook(self, registry: str, number: int) -> Any:
        def run(*args: Any) -> Any:
            self.log.append((registry, number, [getattr(arg, "status_code", arg) for arg in args]))
            if registry == "after_request_funcs":
                args[0].headers.add("X-Hook", str(number))
                return args[0]
            return "stopped" if registry == "before_request_funcs" and number == 3 else None

        async def later(*args: Any) -> Any:
            return run(*args)

        # The preprocessors are called as they are.
        made = later if number == 2 and registry != "url_value_preprocessors" else run
        return self.hooks.setdefault((registry, number), made)

    def ask(self, path: str, method: str) -> Any:
        del self.log[:]
        return asked(self.app, environ_of(method, PATH_INFO=path)), self.log[:]


def edit_list(how: str, registry: str, scope: Any, number: int) -> Any:
    def edit(side: Tracked) -> None:
        hooks, one = getattr(side.app, registry), side.hook(registry, number)
        if how == "append":
            hooks.setdefault(scope, []).append(one)
        elif how == "insert":
            hooks.setdefault(scope, []).insert(0, one)
        elif how == "remove" and one in hooks.get(scope, ()):
            hooks[scope].remove(one)
        elif how == "assign":
            hooks[scope] = [one]
        elif how == "forget":
            hooks.pop(scope, None)
        elif how == "reverse":
            hooks.get(scope, []).reverse()
        elif how == "other dict":
            setattr(side.app, registry, {**hooks, scope: [one, *hooks.get(scope, ())]})

    return edit


def edit_view(endpoint: str, number: int) -> Any:
    return lambda side: side.app.view_functions.update({endpoint: side.view(number)})


def edit_sync(number: int) -> Any:
    """Another ensure_sync on the instance, which says so; 0 takes it away again."""

    def edit(side: Tracked) -> None:
        vars(side.app).pop("ensure_sync", None)
        stock = side.app.ensure_sync

        def ensure_sync(function: Any) -> Any:
            ready = stock(function)
            return lambda *args, **kwargs: side.log.append(("synced", number)) or ready(*args, **kwargs)

        if number:
            side.app.ensure_sync = ensure_sync

    return edit


def edit_rules(number: int) -> Any:
    """A rule that is added late; or a whole map in place of the old one, with other endpoints."""

    def edit(side: Tracked) -> None:
        app = side.app
        app.view_functions.setdefault(f"late{number}", side.view(f"late {number}"))
        endpoints = {"/": "view", "/outer": "outer.inner.view", "/late": f"late{number}"}
        if number:
            app.url_map = app.url_map_class(host_matching=False)
        for path in endpoints if number else ["/late"]:
            app.url_map.add(app.url_rule_class(path, endpoint=endpoints[path], methods=["GET"]))
        for rule in app.url_map.iter_rules():
            if not hasattr(rule, "provide_automatic_options"):
                rule.provide_automatic_options = False

    return edit


plan_edits = st.one_of(
    st.builds(
        edit_list,
        st.sampled_from(["append", "append", "insert", "remove", "assign", "forget", "reverse", "other dict"]),
        st.sampled_from(REGISTRIES), st.sampled_from(SCOPES), st.integers(0, 3),
    ),
    st.builds(edit_view, st.sampled_from(["view", "outer.view", "outer.inner.view"]), st.integers(0, 2)),
    st.builds(edit_sync, st.integers(0, 1)),
    st.builds(edit_rules, st.integers(0, 1)),
)  # fmt: skip


@QUICK
@given(
    rounds=st.lists(
        st.tuples(
            st.lists(plan_edits, max_size=3), st.sampled_from(PATHS), st.sampled_from(["GET", "HEAD", "OPTIONS"])
        ),
        min_size=2,
        max_size=6,
    )
)
def test_what_is_edited_between_requests_is_seen_by_the_next_as_on_flask(both: Any, rounds: Any) -> None:
    sides = [Tracked(framework) for framework in both]
    for number, (edits, path, method) in enumerate(rounds):
        for edit in edits:
            for side in sides:
                edit(side)
        ours, plain = (side.ask(path, method) for side in sides)
        # How often a function is made ready differs, since what is ready is kept; that it was asked does not.
        assert ours == plain, f"request {number}, {method} {path}"


# -- proxies -------------------------------------------------------------------------------------


class Everything(int):
    """A number that can be called, entered, awaited, iterated, matched, indexed and copied."""

    def __new__(cls, value: int = 7) -> "Everything":
        made = super().__new__(cls, value)
        made.note = ["note"]
        return made

    note: list[str]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return args, kwargs

    def __enter__(self) -> str:
        return "entered"

    def __exit__(self, *exc: Any) -> bool:
        return exc[0] is KeyError

    async def __aenter__(self) -> str:
        return "entered"

    async def __aexit__(self, *exc: Any) -> bool:
        return True

    def __await__(self) -> Any:
        yield from ()
        return "awaited"

    def __aiter__(self) -> "Everything":
        self.left = [1, 2]
        return self

    async def __anext__(self) -> int:
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return f"made up {name}"

    def __matmul__(self, other: Any) -> Any:
        return "matmul", other

    __rmatmul__ = __matmul__

    def __imatmul__(self, other: Any) -> "Everything":
        self.note.append(other)
        return self

    def __format__(self, spec: str) -> str:
        return f"formatted {spec}"

    def __bytes__(self) -> bytes:
        return b"bytes"

    def __length_hint__(self) -> int:
        return 5

    def __copy__(self) -> str:
        return "copied"

    def __deepcopy__(self, memo: Any) -> str:
        return "deeply copied"

    def __html__(self) -> str:
        return "<b>"


class Failing:
    """Its attribute fails as a missing one does."""

    @property
    def broken(self) -> Any:
        raise AttributeError("from inside")


def generate() -> Any:
    yield from (1, 2)


OBJECTS: dict[str, Any] = {
    "number": lambda: 7,
    "fraction": lambda: 2.5,
    "text": lambda: "b text",
    "bytes": lambda: b"bytes",
    "nothing": lambda: None,
    "list": lambda: [3, 1, 2],
    "dict": lambda: {"a": 1, 2: "b"},
    "empty": dict,
    "set": lambda: {1},
    "class": lambda: ValueError,
    "function": lambda: max,
    "generator": generate,
    "namespace": lambda: SimpleNamespace(a=1),
    "everything": Everything,
    "failing": Failing,
    "path": lambda: Path("/a"),
    "headers": lambda: Headers({"a": "1"}),
}
BINARY = ["add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "lshift", "rshift", "and_", "xor", "or_",
          "lt", "le", "eq", "ne", "gt", "ge", "contains", "getitem", "delitem"]  # fmt: skip
IN_PLACE = ["iadd", "isub", "imul", "imatmul", "itruediv", "ifloordiv", "imod", "ipow", "ilshift", "irshift", "iand",
            "ixor", "ior"]  # fmt: skip
# What a class has for itself, and what is there as a function, bound or not.
OF_CLASSES = ["__module__", "__slots__", "__annotations__", "__orig_bases__", "__parameters__", "__init__", "__doc__"]
DUNDERS = [name for name in vars(LocalProxy) if re.fullmatch(r"__\w+__", name) and name not in OF_CLASSES]
operands = st.sampled_from([0, 1, 2, 7, "a", "b text", [1], (1,), {1}, {"a": 2}, None, 2.5, Path("b")])


async def enter(proxy: Any) -> Any:
    async with proxy as entered:
        return entered


async def walk(proxy: Any) -> Any:
    return [item async for item in proxy]


async def wait(proxy: Any) -> Any:
    return await proxy


def entering(proxy: Any, error: Any) -> Any:
    with proxy as entered:
        if error is not None:
            raise error
    return entered


def run_async(work: Any) -> Any:
    """Drive a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


unary: dict[str, Any] = {
    "repr": repr,
    "str": str,
    "bytes": bytes,
    "format": lambda p: format(p, ">9"),
    "bool": bool,
    "len": len,
    "hash": lambda p: hash(p) == hash(p._get_current_object()),
    "length hint": operator.length_hint,
    "iter": list,
    "next": next,
    "reversed": lambda p: list(reversed(p)),
    "neg": operator.neg,
    "pos": operator.pos,
    "abs": abs,
    "invert": operator.invert,
    "complex": complex,
    "int": int,
    "float": float,
    "index": operator.index,
    "round": round,
    "round to": lambda p: round(p, 1),
    "trunc": math.trunc,
    "floor": math.floor,
    "ceil": math.ceil,
    "call": lambda p: p(),
    "call with": lambda p: p(3, 9, key=str),
    "with": lambda p: entering(p, None),
    "with error": lambda p: entering(p, KeyError()),
    "with other error": lambda p: entering(p, IndexError()),
    "async with": lambda p: run_async(enter(p)),
    "async for": lambda p: run_async(walk(p)),
    "await": lambda p: run_async(wait(p)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "class": lambda p: p.__class__,
    "dir": dir,
    "doc": lambda p: p.__doc__,
    "dict": lambda p: p.__dict__,
    "isinstance": lambda p: [isinstance(p, k) for k in (int, str, dict, LocalProxy, Path)],
    "is a class of": lambda p: isinstance(ValueError(), p),
    "is a subclass": lambda p: issubclass(KeyError, p),
    "callable": callable,
    "fspath": os.fspath,
    "match": lambda p: [n for n in range(3) if p == n],
    "unpack": lambda p: [*p],
    "keywords": lambda p: dict(**p),
    "html": lambda p: p.__html__(),
    "type": lambda p: issubclass(type(p), LocalProxy),
    "divmod": lambda p: divmod(p, 2),
    "rdivmod": lambda p: divmod(20, p),
    "pow of three": lambda p: pow(p, 2, 5),
    "sorted": sorted,
    "join": "".join,
    "current": lambda p: p._get_current_object().__class__,
    "missing": lambda p: p.missing,
    "read of a": lambda p: p.a,
    "has": lambda p: [hasattr(p, n) for n in ("a", "append", "missing", "broken", "__len__", "__call__", "__iter__")],
    "broken": lambda p: p.broken,
    "default": lambda p: getattr(p, "missing", 5),
    "made up": lambda p: (getattr(p, "_x", 5), p.x),
    "set": lambda p: (setattr(p, "b", 5), p.b),
    "set and delete": lambda p: (setattr(p, "b", 5), delattr(p, "b"), hasattr(p, "b")),
    "delete missing": lambda p: delattr(p, "c"),
    "set item": lambda p: (operator.setitem(p, 0, 5), p[0]),
    "slice": lambda p: p[1:],
    "set slice": lambda p: (operator.setitem(p, slice(0, 1), [8]), list(p)),
    "name": lambda p: p.__name__,
}


def shown(result: Any, proxy: Any) -> Any:
    """What came of an operation in a form that can be compared: a proxy as what it stands for."""
    if result is proxy:
        return "the proxy itself"
    if issubclass(type(result), LocalProxy):
        return "another proxy"
    if type(result) in (Failing, ValueError):
        return type(result)
    if type(result) in (str, float, complex):  # an address says nothing, and nan is not itself
        return re.sub(r"0x\w+", "", repr(result))
    return type(result), result


def through(make_proxy: Any, make: Any, operation: Any) -> Any:
    """What an operation on a proxy comes to, with the message of an error, and what it left behind."""
    variable: ContextVar[Any] = ContextVar("probe")
    proxy = make_proxy(variable)
    target = None
    if make is not None:
        target = make()
        variable.set(SimpleNamespace(value=target))
    try:
        result = shown(operation(proxy), proxy)
    except Exception as error:
        result = type(error), re.sub(r"0x\w+", "", str(error)), getattr(error, "name", None)
    return result, target if type(target) in (list, dict, set) else getattr(target, "note", None)


def compare_proxies(make: Any, operation: Any) -> None:
    plain = through(lambda v: LocalProxy(v, "value", unbound_message="Unbound."), make, operation)
    assert through(lambda v: ctx._proxy(v, "value", "Unbound."), make, operation) == plain


@pytest.mark.parametrize("name", unary)
@pytest.mark.parametrize("kind", OBJECTS)
def test_a_proxy_does_what_a_plain_one_does(name: str, kind: str) -> None:
    compare_proxies(OBJECTS[kind], unary[name])


# Their own class and docstring; and what Python itself says is no iterable, where ours says what to do about it.
UNBOUND_OF_ITS_OWN = {"class", "doc", "name", "iter", "unpack", "sorted", "join"}


@pytest.mark.parametrize("name", sorted(unary.keys() - UNBOUND_OF_ITS_OWN))
def test_an_unbound_proxy_does_what_a_plain_one_does(name: str) -> None:
    compare_proxies(None, unary[name])


@pytest.mark.parametrize("name", ["iter", "unpack", "sorted", "join"])
def test_an_unbound_proxy_that_is_iterated_says_what_is_wrong(name: str) -> None:
    assert through(lambda v: ctx._proxy(v, "value", "Unbound."), None, unary[name])[0][:2] == (RuntimeError, "Unbound.")


@QUICK
@given(
    name=st.sampled_from([*BINARY, *IN_PLACE]),
    kind=st.sampled_from([None, *OBJECTS]),
    other=operands,
    turned=st.booleans(),
)
def test_a_proxy_computes_as_a_plain_one(name: str, kind: str | None, other: Any, turned: bool) -> None:
    operation = getattr(operator, name)

    def operate(proxy: Any) -> Any:
        mine = copy.copy(other)
        return operation(mine, proxy) if turned else operation(proxy, mine)

    compare_proxies(OBJECTS[kind] if kind is not None else None, operate)


@pytest.mark.parametrize("name", DUNDERS)
@pytest.mark.parametrize("kind", ["number", "dict", "everything", "failing"])
def test_special_methods_are_there_by_name_as_on_a_plain_proxy(name: str, kind: str) -> None:
    compare_proxies(OBJECTS[kind], lambda proxy: hasattr(proxy, name))
