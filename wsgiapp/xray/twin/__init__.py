"""The twin: the same request to the same app, under the framework and under the last step of the ladder.

The framework answers here, watched; the ladder answers in a process of its own. The two answers stand side by side,
and the lines that made them; what the last step lacks is a list of what the real framework adds. Both answers are
real: a request that changes something changes it twice, so the caller must allow this.

=========  =======================================================
child      the program that runs in the twin's process
process    starts it, and bounds what it takes
sending    sends the request, in both processes
source     which lines ran, in both
=========  =======================================================
"""

from __future__ import annotations

import base64
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from itsdangerous.encoding import base64_decode, bytes_to_int

from wsgiapp.xray import redact
from wsgiapp.xray.explain.executed import Executed
from wsgiapp.xray.objects.locations import own_files, place
from wsgiapp.xray.record import watch
from wsgiapp.xray.record.recording import Recording
from wsgiapp.xray.trace_builder import build_trace

from . import sending
from .launcher import TwinError, program_of, real_place, run
from .source import Code, Pair, own_code, pairs, ran

__all__ = ["SAFE", "Answer", "Code", "Lack", "Row", "Twin", "TwinError", "twin"]

#: Methods that change nothing (RFC 9110, 9.2.1), so that they may be sent twice without a word.
SAFE = ("GET", "HEAD", "OPTIONS")
#: Characters of a body that are shown.
MAX_SHOWN = 20_000
# What the X-ray itself adds, and what says only when an answer was made.
_OWN = ("server-timing", "x-xray")
_TIMES = ("date",)
_running = Lock()


@dataclass(frozen=True, slots=True)
class Answer:
    """What one of the two sent.

    :ivar status: empty where there was no answer.
    :ivar headers: in order, without those of the X-ray.
    :ivar raised: what was raised, with its line; empty otherwise.
    """

    status: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    size: int = 0
    raised: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of both answers: the status, a header, the body; texts without secrets."""

    what: str
    left: str
    right: str
    same: bool


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that the app asked for and the last step lacks.

    :ivar where: the app's first line that asked, and *more* so many others; *real* where the real framework has it.
    :ivar in_request: whether the request itself needed it; otherwise the app's loading did, and went on without it.
    """

    name: str
    where: str
    real: str
    in_request: bool
    more: int = 0


@dataclass(frozen=True, slots=True)
class Twin:
    """A request and both its answers.

    :ivar same: whether status, headers and body are the same, byte for byte.
    :ivar sentence: what came of it.
    :ivar code: the app's own functions that ran; *pairs* the layers, with the ladder's lines.
    :ivar trace: the id of the framework's request in the X-ray.
    """

    method: str
    path: str
    same: bool
    sentence: str
    rows: tuple[Row, ...]
    lacks: tuple[Lack, ...]
    code: tuple[Code, ...]
    pairs: tuple[Pair, ...]
    trace: str
    left: Answer
    right: Answer


def twin(xray: Any, environ: dict[str, Any], body: bytes = b"", reference: str = "", really: bool = False) -> Twin:
    """Send a request to the app twice: here, and under the last step of the ladder in a process of its own.

    :param xray: the app's X-ray.
    :param environ: the request, without its body.
    :param reference: what stood after the colon of ``--app``, where the app came so.
    :param really: whether a method that may change something is sent.
    :raises TwinError: where it cannot be, with the reason and the way out.
    """
    method = environ["REQUEST_METHOD"]
    if method not in SAFE and not really:
        raise TwinError(f"A {method} request may change something, and the twin sends it twice, both times to the app's"
                        " real data: once under wsgiapp and once under the ladder. Say that you mean it.")  # fmt: skip
    if not _running.acquire(blocking=False):
        raise TwinError("Another twin is at work; one runs at a time. Ask again in a moment.")
    try:
        program = program_of(xray.app, reference)
        texts = {key: value for key, value in environ.items() if isinstance(value, str)}
        folders, files = own_files(xray.app)
        before = int(time.time())
        left, executed, recording = _here(xray, environ, body, folders, files)
        report = run(xray.app, program, texts, body, _signed_at(xray.app, left) or before, folders, files)
    finally:
        _running.release()
    return _twin(xray, recording, left, executed, report)


def _here(xray: Any, environ: dict[str, Any], body: bytes, folders: Iterable[str], files: Iterable[str]) -> Any:
    """The framework's answer, the lines that ran, and the recording."""
    told: list[str] = []
    kept: list[Recording] = []

    def listen(_app: Any, recording: Recording) -> None:
        if recording.id in told:
            kept.append(recording)

    xray.listeners.append(listen)  # the ring keeps no static files
    try:
        with Executed(folders, files) as executed:
            answer = send(xray.app, {watch.SOURCE: "twin", **environ, watch.TOLD: told.append}, body)
    finally:
        xray.listeners.remove(listen)
    if not kept:
        raise TwinError("No request was recorded: what stands around the app answered this one by itself.")
    kept[0].lines = executed.files()
    return answer, executed.functions, kept[0]


def send(app: Any, environ: dict[str, Any], body: bytes) -> Answer:
    """The answer of an app to a request, without what the X-ray adds to it."""
    status, headers, kept, size, error = sending.send(app, environ, body)
    raised = "" if error is None else f"{type(error).__name__}: {error}"  # it stands in the trace, with its frames
    shown = tuple([pair for pair in headers if pair[0].lower() not in _OWN])
    return Answer("" if raised else status, shown, kept, size, raised)


def _signed_at(app: Any, answer: Answer) -> int:
    """When the session cookie of an answer was signed, so that the twin signs at the same second; 0 without one."""
    start = f"{app.config['SESSION_COOKIE_NAME']}="
    cookies = [value.partition(";")[0] for name, value in answer.headers if name == "Set-Cookie"]
    for parts in [cookie.split(".") for cookie in cookies if cookie.startswith(start)]:
        if len(parts) >= 3:
            return bytes_to_int(base64_decode(parts[-2]))
    return 0


# -- side by side --------------------------------------------------------------------------------------------------


def _twin(xray: Any, recording: Recording, left: Answer, executed: Any, report: dict[str, Any]) -> Twin:
    trace, right = build_trace(recording, xray.app), _told(report)
    rows = _rows(left, right, trace.hide)
    lacks = _lacks(xray.app, report["lacks"])
    lines = ran(report["lines"])
    of_ladder = {key: numbers for key, numbers in lines.items() if "/step_" in key[0].replace("\\", "/")}
    own = {key: numbers for key, numbers in lines.items() if key not in of_ladder}
    same = all(row.same for row in rows) and bool(right.status)
    sentence = trace.hide(_sentence(left, right, rows, lacks, report))
    kept = trace.id if xray.ring.get(trace.id) is not None else ""
    code = own_code(executed, own, trace.hide)
    return Twin(
        trace.method, trace.path, same, sentence, rows, tuple(lacks), code, pairs(trace, of_ladder), kept, left, right
    )


def _told(report: dict[str, Any]) -> Answer:
    """The answer in a report of the twin's process."""
    error = report.get("raised")
    raised = f"{error['kind']}: {error['message']} ({_short(error['where'])})" if error else ""
    if "status" not in report:
        return Answer(raised=raised)
    headers = tuple([(str(name), str(value)) for name, value in report["headers"]])
    return Answer(report["status"], headers, base64.b64decode(report["body"]), report["size"], raised)


def _short(where: str) -> str:
    file, _, line = where.rpartition(":")
    return place(file, int(line)) if line.isdecimal() else where


def _lacks(app: Any, entries: list[dict[str, str]]) -> list[Lack]:
    """What lacks, each name once; what the request needs first."""
    by_name: dict[tuple[bool, str], list[str]] = {}
    for entry in entries:
        by_name.setdefault((not entry["running"], entry["name"]), []).append(_short(entry["where"]))
    return [
        Lack(name, wheres[0], real_place(app, name), not loading, len(wheres) - 1)
        for (loading, name), wheres in sorted(by_name.items())
    ]


def _rows(left: Answer, right: Answer, hide: Any) -> tuple[Row, ...]:
    rows = [Row("status", left.status or left.raised, right.status or hide(right.raised), left.status == right.status)]
    heads = [_numbered(answer.headers) for answer in (left, right)]
    for key in dict.fromkeys([*heads[0], *heads[1]]):
        values = [head.get(key, "") for head in heads]
        same = values[0] == values[1] or (key[0] in _TIMES and all(values))
        one, other = [_shown(key[0], value, hide) for value in values]
        rows.append(Row(_named(left, right, key), one, other, same))
    names = [[name.lower() for name, _ in answer.headers] for answer in (left, right)]
    if names[0] != names[1] and Counter(names[0]) == Counter(names[1]):
        rows.append(Row("order of the headers", ", ".join(names[0]), ", ".join(names[1]), False))
    same = left.body == right.body and left.size == right.size
    begin = 0 if same else _differs_at(left.body, right.body)
    return (*rows, Row("body", _body(left, begin, same, hide), _body(right, begin, same, hide), same))


def _numbered(headers: Iterable[tuple[str, str]]) -> dict[tuple[str, int], str]:
    """Headers by name, and by number among those of that name."""
    counted: Counter[str] = Counter()
    found = {}
    for name, value in headers:
        found[name.lower(), counted[name.lower()]] = value
        counted[name.lower()] += 1
    return found


def _named(left: Answer, right: Answer, key: tuple[str, int]) -> str:
    return next(name for name, _ in (*left.headers, *right.headers) if name.lower() == key[0])


def _shown(name: str, value: str, hide: Any) -> str:
    (pair,) = redact.pairs([(name.title(), value)])
    return str(hide(pair[1]))


def _differs_at(left: bytes, right: bytes) -> int:
    pairs_of_bytes = enumerate(zip(left, right, strict=False))
    return next((place for place, (one, other) in pairs_of_bytes if one != other), min(len(left), len(right)))


def _body(answer: Answer, begin: int, same: bool, hide: Any) -> str:
    """The size of a body, and where it is not the same the text from a little before the difference on."""
    size = f"{answer.size:,} bytes"
    if same or not answer.body:
        return size
    kinds = [value for name, value in answer.headers if name.lower() == "content-type"]
    text = redact.body(answer.body, kinds[0] if kinds else "text/plain").decode("utf-8", "replace")
    start = max(begin - 80, 0)
    return f"{size}, different from byte {begin:,} on: {hide(text[start : begin + 320])}"


def _sentence(left: Answer, right: Answer, rows: Iterable[Row], lacks: Iterable[Lack], report: dict[str, Any]) -> str:
    if not report["loaded"]:
        return f"The last step cannot load this app: {right.raised}."
    if not right.status:
        return f"The last step has no answer: {right.raised or 'none was sent'}."
    differing = [row.what for row in rows if not row.same]
    if not differing:
        return f"Both answered {left.status}, with the same headers and the same {left.size:,} bytes."
    needed = sorted({lack.name for lack in lacks if lack.in_request})
    because = f" This request needs what the last step lacks: {', '.join(needed)}." if needed else ""
    raised = f" Under the ladder, this was raised: {right.raised}." if right.raised and not needed else ""
    return f"The answers differ: {', '.join(differing)}.{because}{raised}"
