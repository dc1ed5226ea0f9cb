"""Cleans a recording when its request has ended: only plain texts are kept, without secrets, and no object of the app.

Values with a secret's name are removed first, if that was not done when they were noted. Then the same values are
removed from all other texts.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from operator import attrgetter
from typing import Any

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_cookie

from wsgiapp.sessions import MAX_COOKIES, SecureCookieSessionInterface
from wsgiapp.xray import redact
from wsgiapp.xray.cookie import open_cookie

from . import instrumentation
from .recording import MAX_BODY, Recording, Stream

#: Characters of all the values of an environ, and of a long one where there are more.
MAX_ENVIRON = 128 * 1024
MAX_VALUE = 1_000
# Values of one session or namespace that are looked at, and how deep.
_MAX_NAMED = 500
_DEEPEST = 4
# What a cookie's value is not that stands alone and needs no parser: another cookie's beginning, quotes, blanks.
_PARSED = re.compile(r"[^\w.\-]", re.ASCII)


def clean(recording: Recording, app: Any, interface: Any) -> None:
    """Take from the request what is wanted of it, and take the secrets out of that."""
    ctx, recording.ctx = recording.ctx, None
    raw, recording.raw = recording.raw, None
    if ctx is not None:
        _keep_context(recording, ctx, app, interface)
    if raw is not None:
        _take_from_environ(recording, raw)
    named = dict(recording.head)
    if named.keys() <= redact.COMMON:
        recording.head = [*recording.head]
    else:
        shown = redact.pairs(recording.head)
        for (name, value), (_, visible) in zip(recording.head, shown, strict=True):
            if visible != value:
                recording.taken(value, visible, name.lower() == "set-cookie")
        recording.head = shown
    if recording.heads:
        recording.heads = [(who, layer, redact.pairs(noted)) for who, layer, noted in recording.heads]
    received, sent = recording.received, recording.sent
    if received.kept:
        environ = recording.environ
        _clean_body(recording, received, environ.get("CONTENT_TYPE", ""), environ.get("HTTP_CONTENT_ENCODING", ""))
    if sent.kept:
        _clean_body(recording, sent, named.get("Content-Type", ""), named.get("Content-Encoding", ""))
    if recording.secrets is not None:
        values, recording.secrets = recording.secrets, None
        if values:
            _hide(recording, values)


def _clean_body(recording: Recording, stream: Stream, content_type: str, encoding: str) -> None:
    raw = bytes(stream.kept)
    stream.kept = shown = redact.body(raw, content_type, encoding)
    if shown == redact.UNREAD:
        stream.note = f"{content_type or 'Of no type'}{encoding and ', ' + encoding}: not shown, for it cannot be read."
    elif shown is not raw and shown != raw:
        recording.taken(raw.decode("utf-8", "replace"), shown.decode("utf-8", "replace"))


def _keep_context(recording: Recording, ctx: Any, app: Any, interface: Any) -> None:
    request, session = ctx.request, ctx._opened_session
    recording.rule = request.url_rule
    recording.interface = f"{interface.__class__.__module__}.{interface.__class__.__qualname__}"
    recording.own_session = type(interface).open_session is not SecureCookieSessionInterface.open_session
    if request.view_args:
        recording.arguments = shown = {}
        for name, value in request.view_args.items():
            shown[str(name)] = instrumentation.describe(str(name), value, recording)
    if (recording.received.size or 0) > len(recording.received.kept):
        _take_what_was_read(recording, request.__dict__)
    if request.routing_exception is not None:
        recording.refused = named(request.routing_exception)
    if session is not None:
        recording.opened = bool(getattr(session, "accessed", False))
        recording.modified = bool(getattr(session, "modified", False))
        _take_named(recording, session)
    if session is not None or "HTTP_COOKIE" in request.environ:
        _keep_cookies(recording, app, interface, request.environ)


def named(error: HTTPException) -> str:
    """What routing has raised, in a few words."""
    location = getattr(error, "new_url", None)
    shown = f"{error.code} {error.name}"
    return f"{shown} → {redact.query(location)}" if location else shown


def _keep_cookies(recording: Recording, app: Any, interface: Any, environ: dict[str, Any]) -> None:
    name = interface.get_cookie_name(app)
    sent, before, after = environ.get("HTTP_COOKIE", ""), None, None
    if type(sent) is str and name in sent:
        before = _open(app, name, sent)
    for header, value in recording.head:
        if header == "Set-Cookie" and value.startswith(f"{name}="):
            after = _open(app, name, value.partition(";")[0])
    recording.cookies = (before, after)


def _open(app: Any, name: str, cookies: str) -> Any:
    # PERF: one cookie alone is found without Werkzeug's parser (benchmarks/: xray).
    first, _, value = cookies.partition("=")
    if first == name and not _PARSED.search(value):
        return open_cookie(app, value, name)
    sent = parse_cookie(cookies).getlist(name)
    if len(sent) > 1:  # the app takes the newest of the first few that holds, or none
        sent = [*filter(None, sent)][:MAX_COOKIES] or sent
        opened = [open_cookie(app, value, name) for value in sent]
        good = [cookie for cookie in opened if cookie.signature == "valid"]
        return max(good, key=attrgetter("signed")) if good else opened[0]
    return open_cookie(app, sent[0], name) if sent else None


# -- by value ------------------------------------------------------------------------------------------------------


def _take_from_environ(recording: Recording, raw: dict[str, Any]) -> None:
    layout, values, treated = recording.kept
    for name, shown in treated.items():
        value = raw.get(name)
        if value != shown and type(value) is str:
            recording.taken(value, shown, name == "HTTP_COOKIE")
    for name, shown in zip(layout.as_they_stand[layout.first_url :], values[layout.first_url :], strict=True):
        value = raw.get(name)
        if value != shown and type(value) is str:
            recording.taken(value, shown)
    # What stands for the rest is ASCII: one wide character would double what the text takes.
    if len(treated) > 20 and sum(map(len, treated.values())) > MAX_ENVIRON:
        short = {name: f"{value[:MAX_VALUE]}... (cut)" for name, value in treated.items() if len(value) > MAX_VALUE}
        recording.kept = (layout, values, treated | short)


def _take_named(recording: Recording, data: Any, depth: int = _DEEPEST) -> None:
    """Take note of the secrets in a session or in a namespace, by the names that they have there."""
    if type(data) is list and depth:
        for entry in data[:_MAX_NAMED]:
            _take_named(recording, entry, depth - 1)
    if issubclass(type(data), dict):
        for name, value in [*dict.items(data)][:_MAX_NAMED]:
            if type(name) is str and redact.is_secret(name):
                recording.secret(value)
            elif depth:
                _take_named(recording, value, depth - 1)


def _take_what_was_read(recording: Recording, read: dict[str, Any]) -> None:
    """Remember the secrets in a body that was too long to keep, if the app has read it as a form or JSON."""
    form, data = read.get("form"), read.get("_cached_json")
    for name, values in [*dict.items(form)][:_MAX_NAMED] if isinstance(form, MultiDict) else ():
        for value in values if redact.is_secret(name) else ():
            recording.secret(value)
    if type(data) is tuple:
        _take_named(recording, data[0])


def take_namespace(recording: Recording, g: Any) -> None:
    """The same of the app's ``g``."""
    _take_named(recording, dict(object.__getattribute__(g, "__dict__")), 1)


def _hide(recording: Recording, values: redact.Values) -> None:
    """Take the values out of every text of the recording; only their hashes stay."""
    recording.marks_of_secrets = values.marks()
    failures = [(failure.message, failure.frames) for failure in recording.failures]
    cookies = [(cookie.payload, cookie.data, cookie.problem) for cookie in recording.cookies if cookie is not None]
    texts = [
        recording.status, recording.kept[1:], recording.events, recording.head, recording.heads, recording.arguments,
        recording.refused, recording.header_names, failures, cookies, recording.thread_events,
    ]  # fmt: skip
    # PERF: all texts in one, by one call in C, for nearly always there is nothing to hide (benchmarks/: xray).
    forms = values.forms(json.dumps(texts, ensure_ascii=False, default=_nothing, skipkeys=True))
    if forms:
        _replace(recording, forms)
    for stream in (recording.received, recording.sent):
        if stream.kept:
            found = values.forms(bytes(stream.kept).decode("latin-1"))
            if found:
                stream.kept = redact.hide(bytes(stream.kept), found)
            if stream.size is None or stream.size > MAX_BODY:
                _hide_beginning(stream, values)


def _hide_beginning(stream: Stream, values: redact.Values) -> None:
    """Take out of a body that was cut the beginning of a value with which it ends."""
    kept = bytes(stream.kept)
    longest = max(map(len, values.beginnings(kept.decode("latin-1"))), default=0)
    if longest:
        stream.kept = kept[:-longest] + redact.REDACTED.encode()


def _nothing(_: Any) -> str:
    return ""


def _replace(recording: Recording, forms: list[str]) -> None:
    hide = redact.hide
    layout, values, treated = recording.kept
    recording.kept = (layout, hide(values, forms), {name: hide(value, forms) for name, value in treated.items()})
    recording.events = [(*event[:4], hide(event[4], forms), hide(event[5], forms)) for event in recording.events]
    recording.thread_events = tuple([
        ((*event[:4], hide(event[4], forms), hide(event[5], forms)), name) for event, name in recording.thread_events
    ])  # fmt: skip
    recording.status = hide(recording.status, forms)
    recording.head = hide(recording.head, forms)
    recording.heads = [(who, layer, hide(head, forms)) for who, layer, head in recording.heads]
    recording.arguments = hide(recording.arguments, forms)
    recording.refused = hide(recording.refused, forms)
    recording.failures = tuple([
        replace(each, message=hide(each.message, forms), frames=hide(each.frames, forms)) for each in recording.failures
    ])  # fmt: skip
    before, after = [
        cookie and replace(
            cookie, payload=hide(cookie.payload, forms), data=hide(cookie.data, forms),
            problem=hide(cookie.problem, forms),
        )
        for cookie in recording.cookies
    ]  # fmt: skip
    recording.cookies = (before, after)
