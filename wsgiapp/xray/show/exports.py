"""Traces in the formats of other tools: text, JSON, Chrome's and speedscope's profiles, HAR, a curl command.

What a trace has lost to redaction no export brings back.
"""

from __future__ import annotations

import json
import re
import shlex
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import parse_qsl

from wsgiapp.xray import redact
from wsgiapp.xray.trace import Body, Pairs, Trace

from . import text

Export = tuple[Callable[[Trace], str], str, str]


def tree(trace: Trace) -> str:
    """The staircase as text."""
    return "\n".join(text.lines(trace, verbose=True)) + "\n"


def as_json(trace: Trace) -> str:
    """The whole trace, shaped as :class:`.trace.Trace` is, with the version of that shape as ``format``."""
    return json.dumps(trace.as_dict(), indent=1, ensure_ascii=False, default=str) + "\n"


def chrome_trace(trace: Trace) -> str:
    """Trace Event Format, for chrome://tracing and Perfetto: complete events, times in microseconds."""
    events: list[dict[str, Any]] = [
        {
            "name": span.name[:200], "cat": f"{span.layer},{span.kind}", "ph": "X", "ts": round(span.start * 1000, 3),
            "dur": round(span.wall * 1000, 3), "tdur": round(span.cpu * 1000, 3), "pid": trace.thread.process,
            "tid": trace.thread.ident % 2**31, "args": {"where": span.where, "did": list(span.did)},
        }
        for span in trace.spans
    ]  # fmt: skip
    name = {"name": "thread_name", "ph": "M", "pid": trace.thread.process, "tid": trace.thread.ident % 2**31}
    events.append({**name, "args": {"name": trace.thread.name}})
    about = {"request": f"{trace.method} {trace.path}", "status": trace.status}
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms", "otherData": about}, ensure_ascii=False) + "\n"


def speedscope(trace: Trace) -> str:
    """Speedscope's file format, an evented profile: each span opens and closes, one inside another."""
    frames = [{"name": f"{span.layer}: {span.name}"[:200], **_place(span.where)} for span in trace.spans]
    events: list[dict[str, Any]] = []

    def walk(number: int, earliest: float, latest: float) -> float:
        span = trace.spans[number]
        begin = min(max(span.start, earliest), latest)
        end = min(max(span.start + span.wall, begin), latest)
        events.append({"type": "O", "frame": number, "at": begin})
        reached = begin
        for child in trace.children(number):
            reached = walk(child, reached, end)
        events.append({"type": "C", "frame": number, "at": end})
        return end

    reached = 0.0
    for number in trace.children(None):
        reached = walk(number, reached, max(trace.wall, reached))
    profile = {
        "type": "evented", "name": f"{trace.method} {trace.path}", "unit": "milliseconds", "startValue": 0,
        "endValue": max(trace.wall, reached), "events": events,
    }  # fmt: skip
    whole = {
        "$schema": "https://www.speedscope.app/file-format-schema.json", "shared": {"frames": frames},
        "profiles": [profile], "name": profile["name"], "activeProfileIndex": 0, "exporter": _creator()["name"],
    }  # fmt: skip
    return json.dumps(whole, ensure_ascii=False) + "\n"


def _place(where: str) -> dict[str, Any]:
    file, _, line = where.rpartition(":")
    return {"file": file, "line": int(line)} if line.isdigit() else {}


def har(trace: Trace) -> str:
    """HTTP Archive 1.2: the request and the answer, as a browser's tools would have saved them."""
    started = datetime.fromtimestamp(trace.started, UTC).isoformat(timespec="milliseconds")
    sent: Pairs = tuple((header.name, header.value) for header in trace.sent_headers)
    request = {
        "method": trace.method, "url": trace.url, "httpVersion": trace.protocol, "headers": _named(trace.headers),
        "cookies": _cookies(trace.headers, "cookie"), "headersSize": -1, "bodySize": _size(trace.body),
        "queryString": _named(tuple(parse_qsl(trace.query, keep_blank_values=True))),
    }  # fmt: skip
    if trace.body.kept:
        request["postData"] = {"mimeType": _header(trace.headers, "content-type"), "text": _text(trace.body)}
    response = {
        "status": trace.status_code, "statusText": trace.status[4:], "httpVersion": trace.protocol,
        "headers": _named(sent), "cookies": _cookies(sent, "set-cookie"), "content": _content(trace, sent),
        "redirectURL": _header(sent, "location"), "headersSize": -1, "bodySize": _size(trace.sent_body),
    }  # fmt: skip
    timings = {"send": 0, "wait": trace.wall, "receive": 0}
    entry = {"startedDateTime": started, "time": trace.wall, "request": request, "response": response, "cache": {}}
    log = {"version": "1.2", "creator": _creator(), "entries": [{**entry, "timings": timings}]}
    return json.dumps({"log": log}, ensure_ascii=False, indent=1) + "\n"


def _creator() -> dict[str, str]:
    try:
        return {"name": "wsgiapp X-ray", "version": version("wsgiapp")}
    except PackageNotFoundError:  # run from a checkout that is not installed
        return {"name": "wsgiapp X-ray", "version": "0"}


def _named(pairs: Pairs) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _header(pairs: Pairs, name: str) -> str:
    return next((value for key, value in pairs if key.lower() == name), "")


def _cookies(pairs: Pairs, header: str) -> list[dict[str, str]]:
    found = [value for name, value in pairs if name.lower() == header]
    crumbs = [crumb for value in found for crumb in (value.split(";") if header == "cookie" else [value.split(";")[0]])]
    split = [crumb.strip().partition("=") for crumb in crumbs if crumb.strip()]
    return [{"name": name, "value": value} for name, _, value in split]


def _size(body: Body) -> int:
    return -1 if body.size is None else body.size


def _kept(body: Body) -> bytes:
    """What is kept of a body; what stands for one that cannot be read is none of it."""
    return b"" if body.kept == redact.UNREAD else body.kept


def _text(body: Body) -> str:
    return _kept(body).decode("utf-8", "backslashreplace")


def _content(trace: Trace, sent: Pairs) -> dict[str, Any]:
    body, kind = trace.sent_body, _header(sent, "content-type") or "x-unknown"
    content: dict[str, Any] = {"size": body.size or 0, "mimeType": kind}
    if body.kept == redact.UNREAD:
        return {**content, "comment": "not kept, for it cannot be read"}
    try:
        return {**content, "text": body.kept.decode()}
    except UnicodeDecodeError:
        return {**content, "text": b64encode(body.kept).decode(), "encoding": "base64"}


def curl(trace: Trace) -> str:
    """A command for a POSIX shell that sends the request again; what was redacted stands there to be filled in."""
    words, left_out = ["curl", "--include", "--globoff", "--path-as-is"], []
    if trace.method == "HEAD":
        words.append("--head")
    elif trace.method != "GET" or trace.body.kept:
        words += ["--request", trace.method]
    for name, value in trace.headers:
        if not _TOKEN.fullmatch(name) or _CONTROL.search(value):
            left_out.append(name)
        elif name.lower() not in ("content-length", "host"):
            words += ["--header", f"{name}: {value}" if value else f"{name};"]
    for name in _CURLS_OWN[: 3 if trace.body.kept else 2]:
        if not _header(trace.headers, name):
            words += ["--header", f"{name}:"]
    feed, data = _fed(_kept(trace.body))
    command = " ".join(shlex.quote(word) for word in [*words, *data, trace.url])
    return "\n".join([*_remarks(trace, command, left_out), feed + command]) + "\n"


_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2; a word with "@" first would be read as a file
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CURLS_OWN = ("Accept", "User-Agent", "Content-Type")  # curl sends some of its own, unless told otherwise


def _fed(body: bytes) -> tuple[str, list[str]]:
    """How curl is given the body: as a word where that can be, else in octal by way of printf."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = "\x00"
    if not _CONTROL.search(text.replace("\n", "").replace("\t", "")):
        return "", ["--data-raw", text] if text else []  # not --data-binary, which takes "@" for a file's name
    return "printf '" + "".join(f"\\{byte:03o}" for byte in body) + "' | ", ["--data-binary", "@-"]


def _remarks(trace: Trace, command: str, left_out: list[str]) -> list[str]:
    said = [f"# Fill in what was taken out: {redact.REDACTED}"] if redact.is_redacted(command) else []
    said += [f"# Left out, since no command line can hold them: {len(left_out)} headers"] if left_out else []
    if trace.body.kept == redact.UNREAD:
        said.append(f"# The body, {trace.body.size} bytes, was not kept, for it cannot be read: add it.")
    return said + ([] if trace.body.complete else ["# The body is longer than what was kept of it."])


#: The exports by name: the function, the media type of what it makes, and the ending of a file with it.
EXPORTS: dict[str, Export] = {
    "tree": (tree, "text/plain", "txt"),
    "json": (as_json, "application/json", "json"),
    "chrome": (chrome_trace, "application/json", "chrome.json"),
    "speedscope": (speedscope, "application/json", "speedscope.json"),
    "har": (har, "application/json", "har"),
    "curl": (curl, "text/plain", "sh"),
}
