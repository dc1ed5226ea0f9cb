"""Exports: each is held to its format's published description, written down here as shapes, or is run."""

from __future__ import annotations

import base64
import http.client
import json
import re
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import TypeAdapter
from werkzeug.serving import make_server

from servers import require
from wsgiapp import Response
from wsgiapp.xray import Trace, XRay
from wsgiapp.xray.explain.compare import compare
from wsgiapp.xray.redact import REDACTED
from wsgiapp.xray.show.exports import EXPORTS

from .support import HOSTILE, SECRET_KEY, send, watched_app

PATHS = ["/page/Lamp?a=1&a=2&b=%C3%BC", "/stream", "/api", "/away", "/tea", "/fails", "/nowhere"]
HEADERS = {"Cookie": "session=eyJuIjoxfQ.aBH2rw.AAAA; theme=dark", "Authorization": "Bearer s3cr3t-bearer"}


@pytest.fixture(params=PATHS)
def trace(request: pytest.FixtureRequest) -> Trace:
    app, xray = watched_app()
    return send(app, xray, request.param, headers=HEADERS)


def exported(trace: Trace, kind: str) -> Any:
    return json.loads(EXPORTS[kind][0](trace), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def check(value: Any, shape: Any, at: str = "$") -> None:
    """Hold *value* to *shape*: a type, a set of choices, a list of one shape, a dict of all fields ("?": may lack).

    No field may be there that the shape does not name. A float may be an int, as in JSON; a function judges itself.
    """
    if isinstance(shape, dict):
        assert isinstance(value, dict), at
        named = {name.rstrip("?"): inner for name, inner in shape.items()}
        assert value.keys() <= named.keys(), (at, value.keys() - named.keys())
        assert {name for name in shape if not name.endswith("?")} <= value.keys(), at
        for name in value:
            check(value[name], named[name], f"{at}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), at
        for place, entry in enumerate(value):
            check(entry, shape[0], f"{at}[{place}]")
    elif isinstance(shape, set):
        assert value in shape, (at, value)
    elif isinstance(shape, type):
        assert type(value) in ((int, float) if shape is float else (shape,)), (at, value)
    else:
        assert shape(value), (at, value)


# -- the tree and JSON -------------------------------------------------------------------------------------------------


def test_the_tree_has_a_line_for_each_step_and_each_header(trace: Trace) -> None:
    lines = EXPORTS["tree"][0](trace).splitlines()
    assert lines[0].startswith(f"{trace.method} {trace.path}") and trace.status in lines[0]
    for span in trace.spans:
        if span.kind == "layer":
            assert any(span.layer in line and span.name[:30] in line for line in lines), span
    for header in trace.sent_headers:
        assert any(line.startswith(f"  {header.name}: ") and header.by in line for line in lines), header


def test_json_has_the_shape_of_a_trace_and_becomes_one_again(trace: Trace) -> None:
    content = exported(trace, "json")
    assert content.pop("format") == 1
    again = TypeAdapter(Trace).validate_python(content)
    assert again.as_dict() == trace.as_dict()


# -- Trace Event Format, as chrome://tracing and Perfetto read it ------------------------------------------------------

COMPLETE = {
    "name": str, "cat": str, "ph": {"X"}, "ts": float, "dur": float, "tdur": float, "pid": int, "tid": int,
    "args": {"where": str, "did": [str]},
}  # fmt: skip
METADATA = {"name": {"thread_name"}, "ph": {"M"}, "pid": int, "tid": int, "args": {"name": str}}
CHROME = {"traceEvents": [dict], "displayTimeUnit": {"ms", "ns"}, "otherData": {"request": str, "status": str}}


def test_the_chrome_trace_keeps_to_the_trace_event_format_and_its_events_nest(trace: Trace) -> None:
    file = exported(trace, "chrome")
    check(file, CHROME)
    *timed, name = file["traceEvents"]
    check(timed, [COMPLETE])
    check(name, METADATA)
    assert len(timed) == len(trace.spans) and {event["tid"] for event in timed} == {name["tid"]}
    ends: list[float] = []
    for event in timed:  # as a viewer stacks them: by their beginning, the longer one below
        while ends and ends[-1] <= event["ts"] + 1e-6:
            ends.pop()
        assert event["dur"] >= 0 and (not ends or event["ts"] + event["dur"] <= ends[-1] + 1e-6), event
        ends.append(event["ts"] + event["dur"])


# -- speedscope's file format ------------------------------------------------------------------------------------------

PROFILE = {
    "type": {"evented"}, "name": str, "startValue": float, "endValue": float,
    "unit": {"none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"},
    "events": [{"type": {"O", "C"}, "frame": int, "at": float}],
}  # fmt: skip
SPEEDSCOPE = {
    "$schema": {"https://www.speedscope.app/file-format-schema.json"}, "profiles": [PROFILE], "exporter?": str,
    "shared": {"frames": [{"name": str, "file?": str, "line?": int, "col?": int}]}, "name?": str,
    "activeProfileIndex?": int,
}  # fmt: skip


def test_speedscope_opens_and_closes_each_frame_in_order(trace: Trace) -> None:
    file = exported(trace, "speedscope")
    check(file, SPEEDSCOPE)
    (profile,) = file["profiles"]
    opened: list[int] = []
    now = profile["startValue"]
    for event in profile["events"]:  # what speedscope's importer demands of an evented profile
        assert now <= event["at"] <= profile["endValue"]
        now = event["at"]
        if event["type"] == "O":
            opened.append(event["frame"])
        else:
            assert opened.pop() == event["frame"]
    assert not opened
    assert sorted(each["frame"] for each in profile["events"] if each["type"] == "O") == [*range(len(trace.spans))]
    assert any("file" in frame and "line" in frame for frame in file["shared"]["frames"])


# -- HTTP Archive 1.2 --------------------------------------------------------------------------------------------------

NAMED = [{"name": str, "value": str}]
REQUEST = {
    "method": str, "url": lambda text: urlsplit(text).scheme and urlsplit(text).netloc, "httpVersion": str,
    "cookies": NAMED, "headers": NAMED, "queryString": NAMED, "postData?": {"mimeType": str, "text": str},
    "headersSize": int, "bodySize": int,
}  # fmt: skip
RESPONSE = {
    "status": int, "statusText": str, "httpVersion": str, "cookies": NAMED, "headers": NAMED, "redirectURL": str,
    "content": {"size": int, "mimeType": str, "text?": str, "encoding?": {"base64"}, "comment?": str},
    "headersSize": int, "bodySize": int,
}  # fmt: skip
ENTRY = {
    "startedDateTime": lambda text: datetime.fromisoformat(text).tzinfo, "time": float, "cache": {},
    "request": REQUEST, "response": RESPONSE, "timings": {"send": float, "wait": float, "receive": float},
}  # fmt: skip
HAR = {"log": {"version": {"1.2"}, "creator": {"name": str, "version": str}, "entries": [ENTRY]}}


def archived(trace: Trace) -> Any:
    """The one entry of *trace*'s archive."""
    file = exported(trace, "har")
    check(file, HAR)
    (entry,) = file["log"]["entries"]
    return entry


def test_har_keeps_to_http_archive_1_2(trace: Trace) -> None:
    entry = archived(trace)
    assert entry["time"] == pytest.approx(sum(entry["timings"].values()))
    assert (entry["response"]["status"], entry["response"]["bodySize"]) == (trace.status_code, trace.sent_body.size)
    assert [(pair["name"], pair["value"]) for pair in entry["request"]["headers"]] == list(trace.headers)
    assert {pair["name"] for pair in entry["request"]["cookies"]} == {"session", "theme"}
    assert entry["response"]["redirectURL"] == ("/api" if trace.path == "/away" else "")


def test_har_gives_arguments_one_by_one_and_bytes_in_base64() -> None:
    app, xray = watched_app()
    app.add_url_rule("/bytes", "bytes", lambda: Response(b"\xfc\xff", content_type="text/plain; charset=latin-1"))
    app.add_url_rule("/image", "image", lambda: Response(b"\x89PNG\xff", mimetype="image/png"))
    entry = archived(send(app, xray, "/page/x?a=1&a=2&b=%C3%BC&c"))
    shown = [(each["name"], each["value"]) for each in entry["request"]["queryString"]]
    assert shown == [("a", "1"), ("a", "2"), ("b", "ü"), ("c", "")]
    content = archived(send(app, xray, "/bytes"))["response"]["content"]
    assert base64.b64decode(content["text"]) == b"\xfc\xff" and content["mimeType"] == "text/plain; charset=latin-1"
    image = archived(send(app, xray, "/image"))["response"]["content"]
    assert "text" not in image and image["size"] == 5 and image["comment"] == "not kept, for it cannot be read"
    posted = archived(send(app, xray, "/form", method="POST", data={"a": "b"}))["request"]["postData"]
    assert posted == {"mimeType": "application/x-www-form-urlencoded", "text": "a=b"}


# -- curl --------------------------------------------------------------------------------------------------------------


@contextmanager
def served(app: Any) -> Iterator[int]:
    """*app* on a loopback port, in a thread of this process."""
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def asked(port: int, method: str, target: str, body: bytes | None, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(method, target, body, headers)
    connection.getresponse().read()
    connection.close()


@pytest.mark.parametrize(
    ("method", "target", "body", "headers"),
    [
        ("GET", "/page/a%20b%2Fc?x=1&y=%C3%BC&z=[1]{2}", None, {"User-Agent": "tests/1", "Accept": "text/html"}),
        ("GET", "/api", None, {}),
        ("HEAD", "/page/../page/x", None, {"X-Empty": "", "X-Odd": 'a\'b "c" $HOME `id` \\'}),
        ("POST", "/form", b"a=1&b=two words'\n@end", {"Content-Type": "application/x-www-form-urlencoded"}),
        ("POST", "/form", b"@/etc/hostname", {"Content-Type": "text/plain"}),
        ("PUT", "/form", b'{"text": "\xc3\xbc"}', {"Content-Type": "application/json"}),
        ("POST", "/form", b"\xff\r\n%s\\101'", {"Content-Type": "text/plain; charset=iso-8859-1"}),
        ("POST", "/form", b"no type", {}),
    ],
)
def test_curl_sends_the_same_request_again(
    method: str, target: str, body: bytes | None, headers: dict[str, str]
) -> None:
    require("curl")
    app, xray = watched_app()
    with served(app) as port:
        asked(port, method, target, body, {"Accept-Encoding": "identity", **headers})
        first = seen(xray, 1)
        run_as_shell(EXPORTS["curl"][0](first))
        again = seen(xray, 2)
    assert (again.method, again.url, again.path) == (first.method, first.url, first.path)
    assert sorted(again.headers) == sorted(first.headers) and again.body.kept == first.body.kept
    assert [each for each in compare(first, again).differences if each.layer in ("server", "request")] == []


def test_curl_says_that_a_body_was_not_kept_and_puts_nothing_in_its_place() -> None:
    app, xray = watched_app()
    trace = send(app, xray, "/form", method="POST", data=b"\x00\xff", content_type="application/octet-stream")
    command = EXPORTS["curl"][0](trace)
    assert "# The body, 2 bytes, was not kept" in command and "redacted" not in command and "--data" not in command


def seen(xray: XRay, number: int) -> Trace:
    """The newest of *number* requests; a recording ends a little after its answer is sent."""
    deadline = time.monotonic() + 5
    while len(xray.ring) < number and time.monotonic() < deadline:
        time.sleep(0.01)
    (newest, *_), kept = xray.traces(), len(xray.ring)
    assert kept == number
    return newest


def run_as_shell(command: str) -> None:
    """Run a command line of curl as a shell would take it apart; one with a pipe, by the shell itself."""
    line = command.rstrip("\n")
    words = shlex.split(line, comments=True) if " | curl" not in line else ["sh", "-c", line]
    done = subprocess.run([*words], capture_output=True, timeout=20, check=False, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr


def test_curl_says_what_must_be_filled_in_and_holds_nothing_that_a_terminal_would_obey() -> None:
    app, xray = watched_app()
    headers = {"Authorization": "Bearer s3cr3t-bearer", "X-Escape": "a\x1b]0;title\x07", "@etc/hosts": "x"}
    command = EXPORTS["curl"][0](send(app, xray, "/api?token=s3cr3t", headers=headers))
    assert "s3cr3t" not in command and REDACTED in command.splitlines()[0]
    assert "\x1b" not in command and "@" not in command and "2 headers" in command


# -- all of them -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", EXPORTS)
def test_no_export_has_a_secret(kind: str) -> None:
    app, xray = watched_app()
    app.add_url_rule("/key", "key", lambda: f"{SECRET_KEY} {session_of(app)}")
    app.add_url_rule("/reset/<token>", "reset", lambda token: 1 / 0)
    secrets = {"password": "hunter2-typed", "csrf_token": "s3cr3t-csrf", "api_key": "s3cr3t-api"}
    shown = [
        send(app, xray, "/key", headers=HEADERS),
        send(app, xray, "/page/x?token=s3cr3t-argument", headers=HEADERS),
        send(app, xray, "/reset/s3cr3t-in-the-path"),
        send(app, xray, "/form", method="POST", data=secrets),
        send(app, xray, "/form", method="POST", json={**secrets, "key": SECRET_KEY}),
    ]
    for trace in shown:
        text = EXPORTS[kind][0](trace)
        assert not re.search(r"s3cr3t|hunter2", text) and SECRET_KEY not in text
        assert "eyJuIjoxfQ.aBH2rw" not in text  # the signed cookie itself


def session_of(app: Any) -> str:
    return str(app.session_interface.get_signing_serializer(app).dumps({"n": 1}))


@pytest.mark.parametrize("kind", ["json", "chrome", "speedscope", "har"])
@pytest.mark.parametrize("payload", [r'{"a": "\ud800"}', '{"a": NaN}', '{"a": -Infinity}'])
def test_what_no_json_can_say_is_said_otherwise(kind: str, payload: str) -> None:
    app, xray = watched_app()
    forged = base64.urlsafe_b64encode(payload.encode()).decode().rstrip("=") + ".aBH2rw.AAAA"
    trace = send(app, xray, "/api", headers={"Cookie": f"session={forged}"})
    assert exported(trace, kind)
    EXPORTS[kind][0](trace).encode()


@pytest.mark.parametrize("kind", EXPORTS)
def test_hostile_names_are_text_in_every_export(kind: str) -> None:
    app, xray = watched_app()
    hostile = HOSTILE.replace("/", "%2F").replace("<", "%3C").replace("?", "%3F").replace("#", "%23")
    trace = send(app, xray, f"/page/{hostile}%1b[31m%0d%0aX: y", headers={"X-Hostile": HOSTILE})
    text = EXPORTS[kind][0](trace)
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", text)
