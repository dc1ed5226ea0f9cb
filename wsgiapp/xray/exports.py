"""Traces in the formats of other tools: text, JSON, Chrome's and speedscope's profiles, HAR, a curl command.

What a trace has lost to redaction no export brings back.
"""

from __future__ import annotations

import json
import shlex
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import parse_qsl

from . import redact, text
from .trace import Body, Pairs, Trace

Export = tuple[Callable[[Trace], str], str, str]


def tree(trace: Trace) -> str:
    """The staircase as text."""
    return "\n".join(text.lines(trace, verbose=True)) + "\n"


def as_json(trace: Trace) -> str:
    """The whole trace; ``trace.schema.json`` in this package describes it."""
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
    named = [(f"{span.layer}: {span.name}"[:200], span.where.rpartition(":")[0]) for span in trace.spans]
    frames = [{"name": name, "file": file} for name, file in named]
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


def _text(body: Body) -> str:
    return body.kept.decode("utf-8", "backslashreplace")


def _content(trace: Trace, sent: Pairs) -> dict[str, Any]:
    body, kind = trace.sent_body, _header(sent, "content-type") or "x-unknown"
    content: dict[str, Any] = {"size": body.size or 0, "mimeType": kind}
    try:
        return {**content, "text": body.kept.decode()}
    except UnicodeDecodeError:
        return {**content, "text": b64encode(body.kept).decode(), "encoding": "base64"}


def curl(trace: Trace) -> str:
    """A command for a POSIX shell that sends the request again; what was redacted stands there to be filled in."""
    words = ["curl", "--include", "--globoff", "--path-as-is"]
    if trace.method == "HEAD":
        words.append("--head")
    elif trace.method != "GET" or trace.body.kept:
        words += ["--request", trace.method]
    for name, value in trace.headers:
        if name.lower() not in ("content-length", "host"):
            words += ["--header", f"{name}: {value}" if value else f"{name};"]
    if trace.body.kept:
        words += ["--data-binary", _text(trace.body)]
    notes = []
    if redact.is_redacted(" ".join(words)) or redact.is_redacted(trace.url):
        notes.append(f"# Fill in what was taken out: {redact.REDACTED}")
    if not trace.body.complete:
        notes.append("# The body is longer than what was kept of it.")
    return "\n".join([*notes, " ".join(shlex.quote(word) for word in [*words, trace.url])]) + "\n"


#: The exports by name: the function, the media type of what it makes, and the ending of a file with it.
EXPORTS: dict[str, Export] = {
    "tree": (tree, "text/plain", "txt"),
    "json": (as_json, "application/json", "json"),
    "chrome": (chrome_trace, "application/json", "chrome.json"),
    "speedscope": (speedscope, "application/json", "speedscope.json"),
    "har": (har, "application/json", "har"),
    "curl": (curl, "text/plain", "sh"),
}
