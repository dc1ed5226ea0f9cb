"""Exports: each is held to its format's published description, written down here as models, or is run."""

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
from typing import Any, Literal

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, HttpUrl, NonNegativeFloat, TypeAdapter
from werkzeug.serving import make_server

from servers import require
from wsgiapp.xray import Trace, XRay
from wsgiapp.xray.compare import compare
from wsgiapp.xray.exports import EXPORTS
from wsgiapp.xray.redact import REDACTED

from .support import HOSTILE, SECRET_KEY, send, watched_app

PATHS = ["/page/Lamp?a=1&a=2&b=%C3%BC", "/stream", "/api", "/away", "/tea", "/fails", "/nowhere"]
HEADERS = {"Cookie": "session=eyJuIjoxfQ.aBH2rw.AAAA; theme=dark", "Authorization": "Bearer s3cr3t-bearer"}


@pytest.fixture(params=PATHS)
def trace(request: pytest.FixtureRequest) -> Trace:
    app, xray = watched_app()
    return send(app, xray, request.param, headers=HEADERS)


def exported(trace: Trace, kind: str) -> Any:
    return json.loads(EXPORTS[kind][0](trace), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


class Strict(BaseModel):
    """A format's object: no field may be missing, none may be there that the format does not know."""

    model_config = ConfigDict(extra="forbid")


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


# -- Trace Event Format ------------------------------------------------------------------------------------------------


class Complete(Strict):
    name: str
    cat: str
    ph: Literal["X"]
    ts: NonNegativeFloat
    dur: NonNegativeFloat
    tdur: NonNegativeFloat
    pid: int
    tid: int
    args: dict[str, Any]


class Metadata(Strict):
    name: Literal["thread_name"]
    ph: Literal["M"]
    pid: int
    tid: int
    args: dict[Literal["name"], str]


class ChromeTrace(Strict):
    traceEvents: list[Complete | Metadata]
    displayTimeUnit: Literal["ms", "ns"]
    otherData: dict[str, str]


def test_the_chrome_trace_keeps_to_the_trace_event_format_and_its_events_nest(trace: Trace) -> None:
    events = ChromeTrace.model_validate(exported(trace, "chrome"), strict=True).traceEvents
    timed = [event for event in events if isinstance(event, Complete)]
    assert len(timed) == len(trace.spans) and {event.tid for event in events} == {timed[0].tid}
    ends: list[float] = []
    for event in timed:  # as a viewer stacks them: by their beginning, the longer one below
        while ends and ends[-1] <= event.ts + 1e-6:
            ends.pop()
        assert not ends or event.ts + event.dur <= ends[-1] + 1e-6, event
        ends.append(event.ts + event.dur)


# -- speedscope --------------------------------------------------------------------------------------------------------


class Frame(Strict):
    name: str
    file: str | None = None
    line: int | None = None


class Shared(Strict):
    frames: list[Frame]


class Moment(Strict):
    type: Literal["O", "C"]
    frame: int
    at: float


class Evented(Strict):
    type: Literal["evented"]
    name: str
    unit: Literal["none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"]
    startValue: float
    endValue: float
    events: list[Moment]


class Speedscope(Strict):
    schema_: Literal["https://www.speedscope.app/file-format-schema.json"] = Field(alias="$schema")
    shared: Shared
    profiles: list[Evented]
    name: str
    activeProfileIndex: int
    exporter: str


def test_speedscope_opens_and_closes_each_frame_in_order(trace: Trace) -> None:
    file = Speedscope.model_validate(exported(trace, "speedscope"))
    (profile,) = file.profiles
    opened: list[int] = []
    now = profile.startValue
    for event in profile.events:  # what speedscope's importer demands of an evented profile
        assert now <= event.at <= profile.endValue
        now = event.at
        if event.type == "O":
            opened.append(event.frame)
        else:
            assert opened.pop() == event.frame
    assert not opened
    assert sorted(event.frame for event in profile.events if event.type == "O") == list(range(len(trace.spans)))
    assert any(frame.file and frame.line for frame in file.shared.frames)


# -- HAR ---------------------------------------------------------------------------------------------------------------


class Named(Strict):
    name: str
    value: str


class PostData(Strict):
    mimeType: str
    text: str


class HarRequest(Strict):
    method: str
    url: HttpUrl
    httpVersion: str
    cookies: list[Named]
    headers: list[Named]
    queryString: list[Named]
    postData: PostData | None = None
    headersSize: int
    bodySize: int


class Content(Strict):
    size: int
    mimeType: str
    text: str
    encoding: Literal["base64"] | None = None


class HarResponse(Strict):
    status: int
    statusText: str
    httpVersion: str
    cookies: list[Named]
    headers: list[Named]
    content: Content
    redirectURL: str
    headersSize: int
    bodySize: int


class Timings(Strict):
    send: NonNegativeFloat
    wait: NonNegativeFloat
    receive: NonNegativeFloat


class Entry(Strict):
    startedDateTime: AwareDatetime
    time: NonNegativeFloat
    request: HarRequest
    response: HarResponse
    cache: dict[str, Any]
    timings: Timings


class Creator(Strict):
    name: str
    version: str


class Log(Strict):
    version: Literal["1.2"]
    creator: Creator
    entries: list[Entry]


class Har(Strict):
    log: Log


def test_har_keeps_to_http_archive_1_2(trace: Trace) -> None:
    (entry,) = Har.model_validate(exported(trace, "har")).log.entries
    assert entry.time == pytest.approx(entry.timings.send + entry.timings.wait + entry.timings.receive)
    assert (entry.response.status, entry.response.bodySize) == (trace.status_code, trace.sent_body.size)
    assert [(pair.name, pair.value) for pair in entry.request.headers] == list(trace.headers)
    assert {pair.name for pair in entry.request.cookies} == {"session", "theme"}
    if trace.path == "/away":
        assert entry.response.redirectURL == "/api"


def test_har_gives_arguments_one_by_one_and_bytes_in_base64() -> None:
    app, xray = watched_app()
    (entry,) = Har.model_validate(exported(send(app, xray, "/page/x?a=1&a=2&b=%C3%BC&c"), "har")).log.entries
    assert [(each.name, each.value) for each in entry.request.queryString] == [
        ("a", "1"), ("a", "2"), ("b", "ü"), ("c", ""),
    ]  # fmt: skip
    posted = send(app, xray, "/form", method="POST", data=b"\x89PNG\xff", content_type="image/png")
    (entry,) = Har.model_validate(exported(posted, "har")).log.entries
    assert entry.request.postData is not None and entry.request.postData.mimeType == "image/png"
    posted = send(app, xray, "/form", method="POST", data=b"\xff", content_type="image/png")
    assert base64.b64encode(b"\xff").decode() not in exported(posted, "har")["log"]["entries"][0]["request"]


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
        ("HEAD", "/page/../page/x", None, {"X-Empty": "", "X-Odd": "a'b \"c\" $HOME `id` \\"}),
        ("POST", "/form", b"a=1&b=two words'\n@end", {"Content-Type": "application/x-www-form-urlencoded"}),
        ("POST", "/form", b"@/etc/hostname", {"Content-Type": "text/plain"}),
        ("PUT", "/form", b'{"text": "\xc3\xbc"}', {"Content-Type": "application/json"}),
        ("POST", "/form", b"\x00\xff\r\n%s\\101'", {"Content-Type": "application/octet-stream"}),
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
