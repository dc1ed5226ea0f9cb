"""Each shortcut answers as the code that it replaces: Werkzeug's requests, bodies, responses, files and proxies,
the standard library's JSON, Flask's walk through the registries. The input is hostile, the oracle is the original.

Where an answer is meant to be another (`docs/differences.md`), the difference is written out beside the comparison.
"""

import dataclasses
import io
import json
import math
import os
import re
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import pytest
import werkzeug.wrappers
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from markupsafe import Markup
from werkzeug import exceptions
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder
from werkzeug.wsgi import LimitedStream, get_content_length, get_input_stream

from wsgiapp import App, Request, Response, wrappers
from wsgiapp.json import provider
from wsgiapp.wrappers import UnsendableResponse, parse_pairs

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


# -- what a request says -------------------------------------------------------------------------

FACTS = ["method", "scheme", "server", "root_path", "path", "remote_addr", "mimetype", "mimetype_params", "url",
         "base_url", "full_path", "host", "is_json", "content_length", "content_type"]  # fmt: skip
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
    ours = wrappers._SizedBody(kind(data, most, error), size)
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
    """What may be sent of Werkzeug's answer: an error instead of a head that breaks the message, and no type for
    what has no body (docs/differences.md)."""
    if isinstance(answer, type):
        return UnsendableResponse
    status, headers, chunks = answer
    if status[:3] in ("204", "205"):
        headers = [(name, value) for name, value in headers if name.lower() != "content-type"]
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
         "http://\N{SNOWMAN}.example/", "Mon, 01 Jan 2024 00:00:00 GMT", '"tag"']
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
    # A lone surrogate is no text that can be sent; it is replaced (docs/differences.md).
    sendable = [(one, other) for one, other in zip(*answers, strict=True) if other is not UnicodeEncodeError]
    assert all(one == other for one, other in sendable)


def test_what_is_nested_too_deep_to_write_is_the_standard_library_s_error() -> None:
    deep: list[Any] = []
    for _ in range(5000):
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
