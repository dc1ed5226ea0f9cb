"""Hostile requests as the bytes of a connection, and what is wrong with the bytes that come back.

Each case is sent on a connection of its own, followed by a valid request for ``/ping``. That one must get its own
answer or none: anything else means that server and client no longer agree where a request ends. Only loopback is
spoken to.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote
from zlib import crc32

HOST = "127.0.0.1"
MARK = b"X-Injected"
_INJECTED = re.compile(rb"[\r\n]\s*X-Injected", re.IGNORECASE)
REFUSALS = (400, 408, 413, 414, 431, 501, 505)  # what a server says of what it cannot read, before it hangs up
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: [^\r\n]*)?\Z")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True)
class Case:
    """What is sent on one connection.

    :param name: what is hostile in it.
    :param data: the bytes.
    :param methods: the method of each request in it, for reading the answers.
    :param follows: whether a valid request follows. A body that ends too early would swallow it.
    :param cut: whether the client stops sending then.
    :param refused: whether the app hands the framework what cannot be sent, which it must refuse by a 500 and a log.
    :param fails: whether the app's stream fails, which the server can only answer by 500 or by breaking off.
    """

    name: str
    data: bytes
    methods: tuple[str, ...] = ("GET",)
    follows: bool = True
    cut: bool = False
    refused: bool = False
    fails: bool = False


@dataclass
class Reply:
    """One answer as it came: its head, status and body, and whether it was complete."""

    head: bytes
    status: int
    body: bytes
    whole: bool
    headers: dict[bytes, bytes] = field(default_factory=dict)


def get(target: str | bytes, *headers: str | bytes, method: str = "GET", host: str | bytes = "localhost") -> bytes:
    """The bytes of a request without a body."""
    lines = [f"{method} ".encode() + _raw(target) + b" HTTP/1.1", b"Host: " + _raw(host), *map(_raw, headers)]
    return b"\r\n".join([*lines, b"", b""])


def post(target: str, body: bytes, *headers: str | bytes, length: object = None, method: str = "POST") -> bytes:
    """The bytes of a request with a body, whose length may be a lie."""
    said = len(body) if length is None else length
    return get(target, f"Content-Length: {said}", *headers, method=method) + body


def chunked(target: str, chunks: bytes, *headers: str | bytes) -> bytes:
    """The bytes of a request whose body is *chunks* as they are."""
    return get(target, "Transfer-Encoding: chunked", *headers, method="POST") + chunks


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}".encode() + b"\r\n" + data + b"\r\n"


def _raw(text: str | bytes) -> bytes:
    return text.encode("latin-1") if isinstance(text, str) else text


def _cut(name: str, target: str, data: bytes) -> Case:
    return Case(name, data, ("POST",), follows=False, cut=True, fails=target == "/up-and-down")


# -- the corpus ----------------------------------------------------------------------------------

# fmt: off
# Texts stand side by side here: one on each line would hide what belongs together.
SMUGGLED = get("/ping?id=SMUGGLED")
TOP = 100_000  # the app's MAX_CONTENT_LENGTH
BREAKS = ("\r\nX-Injected: 1", "\nX-Injected: 1", "\rX-Injected: 1", "\r\n X-Injected: 1", "\r\n\r\nX-Injected",
          "a\x00b", "a\x0bb", "a\x1bb", "a\x7fb", "\x85X-Injected: 1", "\u2028X-Injected: 1", "ж", "\ud800",
          "a\x1cX-Injected: 1", "é", "嘊嘍X-Injected: 1", "x" * 70_000, "")


def corpus() -> list[Case]:
    """All cases."""
    groups = (_request_lines, _targets, _hosts, _headers, _chunks, _lengths, _bodies, _pipelines, _heads, _ranges,
              _expectations, _cookies, _outputs, _streams)
    return [case for group in groups for case in group()]


def _request_lines() -> Iterator[Case]:
    lines = (b"", b" ", b"GET", b"GET  HTTP/1.1", b"GET /ping", b"GET  /ping HTTP/1.1", b"GET /ping HTTP/1.1 x",
            b"GET /ping HTTP/2.0",
             b"GET /ping HTTP/0.9", b"GET /ping HTTP/1.10", b"GET /ping http/1.1", b"get /ping HTTP/1.1",
             b"G\x00T /ping HTTP/1.1", b"GE\xffT /ping HTTP/1.1", b"GET\t/ping\tHTTP/1.1", b" GET /ping HTTP/1.1",
             b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0", b"GET /ping HTTP/1.1\x00",
             b"GET /ping FTP/1.1", b"GET /ping HTTP/1.", b"GET /ping HTTP/1.1\rX-Injected: 1",
             b"M" * 300 + b" / HTTP/1.1",
             b"GET " + b"/" * 9000 + b" HTTP/1.1", b"FOO /ping HTTP/1.1", b"TRACE /echo HTTP/1.1",
             b"PROPFIND / HTTP/1.1",
             b"<script> /echo HTTP/1.1", b"GET /ping HTTP/1.1\x85", b"GET\xa0/ping HTTP/1.1", b"/ HTTP/1.1")
    for line in lines:
        yield Case(f"line {line[:40]!r}", line + b"\r\nHost: localhost\r\n\r\n", follows=False, cut=True)
    yield Case("line feeds alone", b"GET /ping?id=1 HTTP/1.1\nHost: localhost\n\n")
    yield Case("empty lines first", b"\r\n\r\n" + get("/ping"))
    yield Case("HTTP/1.0 without a host", b"GET /echo HTTP/1.0\r\n\r\n", follows=False)
    yield Case("HTTP/1.1 without a host", b"GET /echo HTTP/1.1\r\n\r\n")
    yield Case("nothing", b"", follows=False, cut=True)
    yield Case("half a line", b"GET /ec", follows=False, cut=True)
    yield Case("half a head", b"GET /echo HTTP/1.1\r\nHost: loc", follows=False, cut=True)


def _targets() -> Iterator[Case]:
    targets = (b"*", b"?", b"echo", b"//echo", b"///", b"/echo//x", b"/echo/../ping", b"/echo/%2e%2e/x",
               b"/echo/..%2f..%2fetc/passwd", b"/echo/%00", b"/echo/\x00", b"/echo/\xff\xfe", b"/echo/%ff%fe",
               b"/echo/%c0%ae", b"/echo/%ed%a0%80", b"/echo/%", b"/echo/%zz", b"/echo/%u0041", b"/echo?\xff=\xfe",
               b"/echo?a=%ff&b=%ed%a0%80", b"/echo?" + b"&" * 3000, b"/echo?" + b"a=b&" * 1500, b"/echo?a[b][c]=1",
               b"/echo?;;a;b=c", b"/echo?=&=&==", b"/echo?%00=%00", b"/echo/\\..\\x", b"/echo/x;y=z", b"/echo#part",
               b"/echo/%0d%0aX-Injected:%201", b"/%0d%0aX-Injected:1", b"//evil.example/%2e%2e",
               b"/echo/" + "é嘊".encode(), b"http://localhost/echo?id=1", b"http://evil.example/echo",
               b"HTTP://LOCALHOST/echo", b"https://localhost:1/echo", b"http://[::1/echo", b"http://a@b@c/echo",
               b"http:///echo", b"http://localhost", b"ftp://localhost/echo", b"javascript:alert(1)", b"localhost:80",
               b"http://\xff/echo", b"/number/1/1.5", b"/number/\xd9\xa1/1.5", b"/number/%D9%A1/%D9%A2.5",
               b"/number/" + b"9" * 5000 + b"/1.5", b"/number/-1/1.5", b"/number/1/nan", b"/echo/" + b"x/" * 3000,
               b"/echo/\x7f\x80", b"/echo/%09%0b%1f", b"/echo?id=1 2", b"/echo/\"><script>", b"/ping/", b"/ECHO",
               b"/echo?" + b"%" * 2000, b"/echo?a=" + b"\xe2" * 500)
    for target in targets:
        yield Case(f"target {target[:40]!r}", get(target))
    yield Case("OPTIONS *", get("*", method="OPTIONS"), ("OPTIONS",))
    yield Case("CONNECT", get("localhost:80", method="CONNECT"), ("CONNECT",), follows=False, cut=True)
    yield Case("TRACE", get("/echo", method="TRACE"), ("TRACE",))


def _hosts() -> Iterator[Case]:
    hosts = (b"", b" ", b"a b", b"a,b", b"a/b", b"a\\b", b"a@b", b"a:b", b"a:99999", b"a:-1", b"a:0", b":80", b"[::1]",
             b"[::1", b"::1", b"[::1]:x", b"[v1.a]", b"a" * 300, b"a." * 120, b"..", b"\xff", b"xn--", b"xn--a",
             "é".encode(), b"a%00b", b"a%0d%0aX-Injected:1", b"a\x00b", b"a\x0bb", b"<script>", b"a?b", b"a#b",
             b"localhost:80:80", b"0x7f.1", b"a\tb", b"A.EXAMPLE", b"evil.example#@localhost", b"a'b\"")
    for host in hosts:
        yield Case(f"host {host[:30]!r}", get("/echo", host=host))
        yield Case(f"host and redirect {host[:30]!r}", get("/redirect?to=/x", host=host))
    yield Case("two hosts", get("/echo", "Host: evil.example"))
    yield Case("a host among proxies' headers", get("/echo", "X-Forwarded-Host: evil", "X-Forwarded-Proto: x\x01"))


def _headers() -> Iterator[Case]:
    values = (b"\xff\xfe", b"\x01", b"a\x00b", b"", b"-1", b"99999999999999999999", b"\xd9\xa1", b'"', b"a=b; c",
              b"(" * 500, b"," * 500, b"a;q=x", b"*/*;q=1e999", b"\t", b"=?utf-8?q?x?=", b"x" * 4000)
    names = ("Accept", "Accept-Language", "Authorization", "Content-Type", "If-None-Match", "If-Range", "User-Agent")
    for name in names:
        for value in values:
            yield Case(f"{name} {value[:20]!r}", get("/echo", name.encode() + b": " + value))
    extra = (
        b"Authorization: Basic \xff", b"Authorization: Basic YQ==", b"Authorization: Digest a", b"If-Modified-Since: x",
             b"Authorization: Basic /////w==", b"If-Modified-Since: Sun, 06 Nov 99999 08:49:37 GMT", b"Max-Forwards: x",
             b"Date: Thu, 01 Jan 0000 00:00:00 GMT", b"Cache-Control: max-age=x, =, \"", b"Range: bytes=a-b",
             b"Content-Type: multipart/form-data; boundary=\xff", b"Content-Type: a/b; charset=\x7f",
             b"Forwarded: for=\"",
             b"Content-Type: text/plain; charset=nope", b"Content-Type: application/json; charset=utf-99",
             b"Content-Type: multipart/form-data; boundary*0=a; boundary*9=b", b"Content-Type: a/b; x*=utf-8''%ff",
             b"Content-Type: a/b; x*=nope''%41", b"X_Under: 1", b"Content_Length: 5", b"Upgrade: h2c",
             b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13",
             b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
             b"Connection: ,",
             b"Bad Name: 1", b"Bad-Name : 1", b": empty", b"no colon", b" folded: 1", b"X: 1\r\n folded",
             b"X: 1\n\tfolded",
             b"X\x00: 1", b"X\xff: 1", b"X: a\rb", b"X: 1\r\r\nX-Injected: 1", b"Te: trailers",
             b"Trailer: Content-Length",
             b"Proxy: http://evil.example", b"SCRIPT_NAME: /x", b"Script-Name: /x", b"Connection: close, keep-alive",
             b"Content-Encoding: gzip", b"Content-Length: 0\r\nContent-Encoding: nope",
             b"X-HTTP-Method-Override: DELETE")
    for line in extra:
        yield Case(f"header {line[:40]!r}", get("/echo", line))
    yield Case("500 headers", get("/echo", *(f"X-{n}: {n}" for n in range(500))))
    yield Case("5,000 headers", get("/echo", *(f"X-{n}: {n}" for n in range(5000))))
    yield Case("a header of 1 MB", get("/echo", "X: " + "x" * 1_000_000))


def _chunks() -> Iterator[Case]:
    end = b"0\r\n\r\n"
    whole = {
        "plain": chunk(b"abc") + end, "empty": end, "extension": b"3;a=b\r\nabc\r\n" + end,
        "quoted extension": b'3;a="\r"\r\nabc\r\n' + end, "upper case": b"A\r\n0123456789\r\n" + end,
        "leading zeros": b"0000000003\r\nabc\r\n" + end, "at the limit": chunk(b"x" * TOP) + end,
        "over the limit": chunk(b"x" * (TOP + 1)) + end, "far over the limit": chunk(b"x" * 50_000) * 20 + end,
        "one byte each": chunk(b"x") * 3000 + end, "trailer": chunk(b"abc") + b"0\r\nX-Trailer: 1\r\n\r\n",
        "trailer of lengths": chunk(b"abc") + b"0\r\nContent-Length: 5\r\nHost: evil\r\n\r\n",
    }
    broken = {
        "no size": b"\r\nabc\r\n" + end, "letters": b"xyz\r\nabc\r\n" + end, "negative": b"-3\r\nabc\r\n" + end,
        "plus": b"+3\r\nabc\r\n" + end, "0x": b"0x3\r\nabc\r\n" + end,
        "underscore": b"1_0\r\n0123456789abcdef\r\n" + end,
        "space": b"3 \r\nabc\r\n" + end, "huge": b"f" * 40 + b"\r\nabc\r\n" + end,
        "64 bits": b"8" + b"0" * 15 + b"\r\nabc",
        "size too small": b"1\r\nabc\r\n" + end, "size too large": b"9\r\nabc\r\n" + end,
        "line feeds": b"3\nabc\n0\n\n",
        "no end of chunk": b"3\r\nabc0\r\n\r\n", "unicode digits": "\u0663\r\nabc\r\n".encode() + end,
        "NUL": b"3\x00\r\nabc\r\n",
        "long extension": b"3;" + b"x" * 100_000 + b"\r\nabc\r\n" + end,
        "broken trailer": chunk(b"abc") + b"0\r\nno colon\r\n\r\n", "endless trailer": end[:3] + b"X: y\r\n" * 20_000,
    }
    cut = {"no end": chunk(b"abc"), "in a chunk": b"64\r\nabc", "in a size": b"6", "after a size": b"64\r\n",
            "at once": b""}
    for target in ("/data", "/unread", "/pieces", "/form", "/json", "/lines"):
        for name, chunks in whole.items():
            yield Case(f"chunks {target} {name}", chunked(target, chunks), ("POST",))
    for target in ("/data", "/unread"):
        for name, chunks in broken.items():
            yield Case(f"bad chunks {target} {name}", chunked(target, chunks), ("POST",), follows=False, cut=True)
    for target in ("/data", "/unread", "/pieces", "/form", "/json", "/lines", "/up-and-down"):
        for name, chunks in cut.items():
            yield _cut(f"cut chunks {target} {name}", target, chunked(target, chunks))
    for value in ("identity", "gzip, chunked", "chunked, gzip", "xchunked", "chunked, chunked", "\x0bchunked",
            "CHUNKED",
                  "chunked;q=1", " chunked ", "'chunked'"):
        data = get("/data", f"Transfer-Encoding: {value}", method="POST") + chunk(b"abc") + end
        yield Case(f"transfer encoding {value!r}", data, ("POST",), follows=False, cut=True)


def _lengths() -> Iterator[Case]:
    lies: tuple[object, ...] = ("-1", "+5", "5, 5", "5,6", "x", "", " ", "5 ", "0x5", "1e3", "5_0",
            "\u0665".encode().decode("latin-1"),
                                "9" * 19, "9" * 30, "9" * 6000, "00005", "5;a", "5\x0b")
    for target in ("/data", "/unread"):
        for lie in lies:
            data = post(target, b"abcde", length=lie)
            yield Case(f"length {target} {str(lie)[:20]!r}", data, ("POST",), follows=False, cut=True)
    for target in ("/data", "/unread", "/pieces", "/form", "/json", "/lines", "/up-and-down"):
        yield _cut(f"shorter than said {target}", target, post(target, b"abc", length=50))
        yield Case(f"longer than said {target}", post(target, b"abc" + SMUGGLED, length=3), ("POST", "GET"))
        yield Case(f"over the limit {target}", post(target, b"x" * (TOP + 1)), ("POST",))
        yield Case(f"far over the limit {target}", post(target, b"x" * 1_000_000), ("POST",))
        yield Case(f"no length {target}", get(target, method="POST"), ("POST",))
    both = chunk(b"abc") + b"0\r\n\r\n"
    for name, data in {
        "both": post("/data", both, "Transfer-Encoding: chunked", length=3),
        "both, the length long": post("/data", b"0\r\n\r\n" + SMUGGLED, "Transfer-Encoding: chunked"),
        "two lengths": post("/data", b"abc" + SMUGGLED, "Content-Length: 5", length=3),
        "two equal lengths": post("/data", b"abc", "Content-Length: 3"),
        "a length and a spaced name": post("/data", b"0\r\n\r\n" + SMUGGLED, "Transfer-Encoding : chunked"),
        "a length and another encoding": post("/data", b"0\r\n\r\n" + SMUGGLED, "Transfer-Encoding: xchunked"),
        "a length in underscores": get("/data", "Content_Length: 3", method="POST") + b"abc",
    }.items():
        yield Case(name, data, ("POST", "GET"), follows=False, cut=True)


def _bodies() -> Iterator[Case]:
    texts = {"deep": b"[" * 2000, "deep objects": b'{"a":' * 2000, "NaN": b"NaN", "digits": b"9" * 6000,
            "BOM": b"\xef\xbb\xbf{}",
             "UTF-16": "{}".encode("utf-16"), "bytes": b"\xff\xfe\xfa", "surrogate": b'"\\ud800"', "NUL": b"\x00",
             "cut": b'{"a":',
             "nothing": b"", "spaces": b" " * 5000, "same key": b'{"a":1,"a":2}', "huge exponent": b"1e999"}
    for name, body in texts.items():
        yield Case(f"JSON {name}", post("/json", body, "Content-Type: application/json"), ("POST",))
    parts = {
        "no boundary": ("multipart/form-data", b"x"), "empty boundary": ("multipart/form-data; boundary=", b"--\r\n"),
        "long boundary": ("multipart/form-data; boundary=" + "b" * 3000, b"--b\r\n"), "cut": ("",
        b"--b\r\nContent-Dispo"),
        "no end": ("", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1'), "garbage": ("", b"\x00\xff" * 500),
        "no name": ("", b"--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--"), "no header": ("",
        b"--b\r\n\r\n1\r\n--b--"),
        "name of bytes": ("", b'--b\r\nContent-Disposition: form-data; name="\xff\x00"\r\n\r\n1\r\n--b--'),
        "path as a name": ("",
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="../../x"\r\n\r\n1\r\n--b--'),
        "folded": ("", b'--b\r\nContent-Disposition: form-data;\r\n name="a"\r\n\r\n1\r\n--b--'), "empty": ("", b""),
        "2,000 parts": ("", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 1500 + b"--b--"),
        "bad encoding": ("",
        b'--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: a; charset=x\r\n\r\n1\r\n--b--'),
        "line ends": ("", b"--b\r\n" + b"\r\n" * 5000), "long header": ("",
        b"--b\r\nX: " + b"x" * 50_000 + b"\r\n\r\n1\r\n--b--"),
    }
    for name, (kind, body) in parts.items():
        data = post("/form", body, f"Content-Type: {kind or 'multipart/form-data; boundary=b'}")
        yield Case(f"form parts {name}", data, ("POST",))
    for name, body in {"bytes": b"\xff=\xfe&%ff=%", "many": b"a=b&" * 5000, "signs": b"&&=&=",
            "NUL": b"\x00=\x00"}.items():
        data = post("/form", body, "Content-Type: application/x-www-form-urlencoded")
        yield Case(f"form {name}", data, ("POST",))


def _pipelines() -> Iterator[Case]:
    yield Case("ten requests", get("/ping?id=1") * 10, ("GET",) * 10)
    yield Case("a body unread, then more", post("/unread", b"x" * 5000) + get("/ping?id=1"), ("POST", "GET"))
    yield Case("a body that looks like a request, unread", post("/unread", SMUGGLED), ("POST",))
    yield Case("a body that looks like requests, unread", post("/unread", SMUGGLED * 500), ("POST",))
    yield Case("a chunk that looks like a request, unread", chunked("/unread", chunk(SMUGGLED) + b"0\r\n\r\n"),
            ("POST",))
    yield Case("404 with a body", post("/nowhere", SMUGGLED), ("POST",))
    yield Case("405 with a body", post("/ping", SMUGGLED), ("POST",))
    yield Case("413 with a body", post("/data", SMUGGLED * 3000), ("POST",))
    yield Case("400 with a body", post("/json", b"{" + SMUGGLED, "Content-Type: application/json"), ("POST",))
    yield Case("GET with a body", post("/ping", SMUGGLED, method="GET"))
    yield Case("GET with chunks", get("/ping", "Transfer-Encoding: chunked") + chunk(SMUGGLED) + b"0\r\n\r\n")
    yield Case("308 with a body", post("/ping/", SMUGGLED), ("POST",))
    yield Case("then garbage", get("/ping?id=1") + b"\x00\xff\r\n\r\n", ("GET", "GET"), follows=False, cut=True)
    yield Case("DELETE with a body", post("/unread", SMUGGLED, method="DELETE"), ("DELETE",))


def _heads() -> Iterator[Case]:
    for target in ("/ping", "/echo", "/stream", "/file", "/disk", "/nowhere", "/redirect?to=/x", "/code/204",
            "/code/404", "/session?a=b"):
        yield Case(f"HEAD {target}", get(target, method="HEAD"), ("HEAD",))
    yield Case("HEAD with a body", post("/ping", SMUGGLED, method="HEAD"), ("HEAD",))
    yield Case("HEAD with a range", get("/file", "Range: bytes=0-1", method="HEAD"), ("HEAD",))
    for code in (204, 205, 304, 200, 201, 299, 404, 418, 599):
        for method in ("GET", "POST", "HEAD"):
            yield Case(f"{method} {code} with a body", get(f"/code/{code}", method=method), (method,))


def _ranges() -> Iterator[Case]:
    for value in ("bytes=0-0", "bytes=-1", "bytes=-0", "bytes=5-", "bytes=10239-", "bytes=10240-", "bytes=9-5",
            "bytes=x-y", "bytes=",
                  "bytes=--1", "bytes=0-99999999999999999999", "lines=0-1", "bytes=0-0,2-2",
                  "bytes=" + ",".join(["0-"] * 2000),
                  "bytes=" + ",".join(f"{n}-{n}" for n in range(1000)), "bytes=" + "9" * 5000 + "-", "bytes=0-1\xff",
                  "bytes=\t0-1",
                  "bytes=1_0-2_0", "bytes 0-1", "BYTES=0-1", "bytes=" + "-" * 3000, "bytes=+1-2", "bytes= 0 - 1"):
        yield Case(f"range {value[:20]!r}", get("/file", f"Range: {value}"))
        yield Case(f"range of a file {value[:20]!r}", get("/disk", f"Range: {value}"))
    for tag in ('"tag"', 'W/"tag"', '"other"', "tag", "*", "\xff", "Sun, 06 Nov 1994 08:49:37 GMT"):
        yield Case(f"range if {tag!r}", get("/file", "Range: bytes=0-1", f"If-Range: {tag}"))
        yield Case(f"unless {tag!r}", get("/file", f"If-None-Match: {tag}"))


def _expectations() -> Iterator[Case]:
    for value in ("100-continue", "100-CONTINUE", "200-ok", "100-continue, x", ""):
        for target in ("/data", "/unread"):
            yield Case(f"expect {value!r} {target}", post(target, b"abc", f"Expect: {value}"), ("POST",))
    yield Case("expect over the limit", post("/data", b"x" * 200_000, "Expect: 100-continue"), ("POST",))
    yield Case("expect with nothing", get("/data", "Expect: 100-continue", method="POST"), ("POST",))
    yield Case("expect in HTTP/1.0", post("/data", b"abc", "Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0"),
            ("POST",))


def _cookies() -> Iterator[Case]:
    for value in (b"session=x", b"session=" + b"x" * 4000, b"session=a.b.c", b"session=.eJx.a.b", b"session=\xff\xfe",
            b"session=\"",
                  b"session=..", b"session=e30.aaaaaa.bbbb", b"=;=;;", b"a" * 7000, b"a=b; " * 1200, b"a=\x01\x02",
                  b"a=\"\\377\\000\"",
                  b"$Version=1; a=b", b"session=e30; " * 300, b"session", b"a=\x00", b"__Host-a=b", b"a=b, c=d",
                  b"\t;\t"):
        yield Case(f"cookie {value[:30]!r}", get("/echo", b"Cookie: " + value))
    yield Case("a cookie of 60 kB", get("/echo", b"Cookie: a=" + b"x" * 60_000))
    yield Case("many lines of cookies", get("/session?a=1", *(f"Cookie: session=x{n}" for n in range(60))))


def _outputs() -> Iterator[Case]:
    """What the visitor chose, as a header, a cookie, a target, a name, a type, a status line, a text."""
    for text in BREAKS:
        sent = quote(text, safe="", errors="surrogatepass")[:6000]
        name = ascii(text[:20])
        for place in ("/header?value=v", "/raw-header?value=v", "/header?name=X-A", "/raw-header?name=X-A",
                "/cookie?name=a", "/cookie?path=/p",
                      "/cookie?domain=d", "/status?line=200 OK", "/type?type=text/plain"):
            target = place.replace(" ", "%20") + sent
            yield Case(f"{place} with {name}", get(target), refused=True)
        for place in ("/cookie?value=v", "/redirect?to=/t", "/redirect?to=", "/file?name=f", "/text?text=",
                "/escaped?t=", "/flash?text=",
                      "/session?k="):
            yield Case(f"{place} with {name}", get(place + sent))
    for to in ("http://[::1", "//[", "http://a:b/", "http://" + "ж" * 300, "\\\\evil", "http://a:99999/", "http://é/",
            "javascript:x", "//"):
        yield Case(f"/redirect?to={to[:20]}", get("/redirect?to=" + quote(to)), refused=True)
    for line in ("", "0", "x", "99 x", "1000 x", "200", "-1", "099 x", "200  ", "²00 x"):
        yield Case(f"/status {line!r}", get("/status?line=" + quote(line)), refused=True)
    yield Case("a name that sets attributes", get("/cookie?name=" + quote("a; Domain=evil.example")), refused=True)
    yield Case("lone surrogates", get("/text?text=a&lone=3"))


def _streams() -> Iterator[Case]:
    for query in ("", "?count=0", "?count=300", "?size=65536&count=20", "?size=0", "?length=104",
            "?id=%0d%0aX-Injected"):
        for method in ("GET", "HEAD"):
            yield Case(f"{method} stream {query}", get("/stream" + query, method=method), (method,))
    yield Case("a stream in HTTP/1.0", get("/stream").replace(b"HTTP/1.1", b"HTTP/1.0"), follows=False)
    body = b"0123456789" * 5000
    yield Case("up and down", post("/up-and-down", body), ("POST",))
    yield Case("chunks up and down", chunked("/up-and-down", chunk(body) + b"0\r\n\r\n"), ("POST",))


# fmt: on
# -- on the wire ---------------------------------------------------------------------------------


def talk(port: int, case: Case, seconds: float = 4) -> tuple[bytes, bool]:
    """Send a case and what follows it; the bytes that came back, and whether the server closed the connection."""
    follow = get(f"/ping?id={crc32(case.name.encode())}", "Connection: close") if case.follows else b""
    received = bytearray()
    with socket.create_connection((HOST, port), timeout=seconds) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError):
            connection.sendall(case.data + follow)
            if case.cut:
                connection.shutdown(socket.SHUT_WR)
        try:
            while piece := connection.recv(1 << 16):
                received += piece
        except TimeoutError:
            return bytes(received), False
        except OSError:
            pass
    return bytes(received), True


def replies(data: bytes, methods: tuple[str, ...], closed: bool) -> tuple[list[Reply], bytes]:
    """The answers in *data*, in order, without those of the kind "100 Continue"; and the bytes that are left over."""
    found: list[Reply] = []
    while data:
        head, gap, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        match = _STATUS.match(first)
        if not match or not gap:
            return found, data
        status = int(match[1])
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        if status == 100:
            data = rest
            continue
        method = methods[len(found)] if len(found) < len(methods) else "GET"
        body, data, whole = _body(rest, headers, bodiless=method == "HEAD" or status in (204, 304), closed=closed)
        found.append(Reply(head, status, body, whole, headers))
    return found, b""


def _body(rest: bytes, headers: dict[bytes, bytes], *, bodiless: bool, closed: bool) -> tuple[bytes, bytes, bool]:
    """The body at the beginning of *rest*, what comes after it, and whether it is complete."""
    if bodiless:
        return b"", rest, True
    if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
        return _chunked_body(rest)
    if (length := headers.get(b"content-length", b"")).isdigit():
        size = int(length)
        return rest[:size], rest[size:], len(rest) >= size
    return rest, b"", closed


def _chunked_body(rest: bytes) -> tuple[bytes, bytes, bool]:
    body = b""
    while match := re.match(rb"([0-9A-Fa-f]+)\r\n", rest):
        size, begin = int(match[1], 16), match.end()
        if rest[begin + size : begin + size + 2] != b"\r\n":
            return body + rest[begin : begin + size], b"", False
        body, rest = body + rest[begin : begin + size], rest[begin + size + 2 :]
        if not size:
            return body, rest, True
    return body, rest, False


def faults(case: Case, data: bytes, closed: bool) -> list[str]:
    """What is wrong with the bytes that came back for a case."""
    answers, left = replies(data, case.methods, closed)
    own, asked = b"pong %d" % crc32(case.name.encode()), len(case.methods)
    wrong = [fault for answer in answers for fault in _faults_of(case, answer)]
    if left and (answers or not case.cut):  # a first line that is none is answered without a head by some servers
        wrong.append(f"{len(left)} bytes that are no answer: {left[:60]!r}")
    if any(answer.body == own for answer in answers[:asked][: -1 if len(answers) <= asked else None]):
        wrong.append("the following request was answered too early")
    wrong += [
        f"after the last answer came {answer.status} {answer.body[:40]!r}"
        for answer in answers[asked:]
        if not (case.follows and answer.body == own) and (answer.status not in REFUSALS or answer is not answers[-1])
    ]
    if case.methods != ("POST", "GET") and any(answer.body == b"pong SMUGGLED" for answer in answers):
        wrong.append("a body was taken for a request")
    return wrong if closed else [*wrong, "the connection hangs"]


def _faults_of(case: Case, answer: Reply) -> Iterator[str]:
    raised = answer.headers.get(b"x-raised")
    if answer.status == 500 and not (case.refused and raised) and not case.fails:
        yield f"500 by the {'framework' if raised else 'server'}: {answer.body[:150]!r}"
    lines = answer.head.split(b"\r\n")
    if _INJECTED.search(answer.head) or any(_CONTROL.search(line) for line in lines):
        yield f"a header was injected: {answer.head[-150:]!r}"
    if b"content-length" in answer.headers and b"transfer-encoding" in answer.headers:
        yield "both a length and a transfer encoding"
    if not answer.whole and not case.fails:
        yield f"cut short: {answer.head[:40]!r}"
