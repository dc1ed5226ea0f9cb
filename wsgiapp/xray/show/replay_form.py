"""Sending a request again: what the form shows, what is missing in it, and what is sent.

Text that was redacted, cut or never read is never sent in place of the real value: the form says what is missing.
"""

from __future__ import annotations

import re

from werkzeug.exceptions import BadRequest

from wsgiapp.xray import redact
from wsgiapp.xray.trace import Body, Trace

#: Bytes of a body that is sent again.
MAX_REPLAY = 64 * 1024
_ESCAPED = re.compile(r"\\[xuU][0-9a-f]{2}")
_LEFT_OUT = ("cookie", "host", "content-length")


def shown(data: bytes, most: int | None = 4096) -> str:
    r"""Bytes as text: UTF-8 as it is, what cannot be printed as ``\xNN``.

    :param most: so many bytes at most; None for all.
    """
    part, more = data[:most], "\n…" if most is not None and len(data) > most else ""
    try:
        text, rest = part.decode(), b""
    except UnicodeDecodeError as error:  # a text that was cut may end within a character
        if error.start < len(part) - 3 or part[error.start] < 0xC2:
            return "".join(_printable(chr(byte), byte < 127) for byte in part) + more
        text, rest = part[: error.start].decode(), part[error.start :]
    plain = text if text.isprintable() else "".join(_printable(char, True) for char in text)
    return plain + "".join(f"\\x{byte:02x}" for byte in rest) + more


def _printable(char: str, is_text: bool) -> str:
    if is_text and (char.isprintable() or char in "\t\n\r"):
        return char
    return f"\\x{ord(char):02x}" if ord(char) < 256 else char.encode("unicode_escape").decode()


def is_editable(body: Body) -> bool:
    """Whether the text that is shown of a body says all of it."""
    return shown(body.kept, None).encode() == body.kept


def is_partial(trace: Trace) -> bool:
    """Whether some bytes of the request's body are not there: cut, or never read by the app."""
    announced = trace.environ.get("CONTENT_LENGTH", "")
    read = trace.body.size or 0
    return not trace.body.complete or (announced.isdecimal() and announced.isascii() and int(announced[:20]) > read)


def missing(trace: Trace) -> list[str]:
    """What the form lacks of the request, a sentence each."""
    body, found = trace.body, []
    names = [name for name, value in trace.headers if redact.is_redacted(value) and name.lower() not in _LEFT_OUT]
    arguments = [part.partition("=")[0] for part in trace.query.split("&") if redact.is_redacted(part)]
    for what, left_out in (("Headers", names), ("Arguments", arguments)):
        if left_out:
            found.append(f"{what} that were redacted are left out: {', '.join(left_out)}.")
    if redact.is_redacted(trace.path):
        found.append(f"The path was redacted: write its value in the place of {redact.REDACTED}.")
    if body.kept == redact.UNREAD:
        found.append("The body was not kept, for it cannot be read: write another one, or none.")
    elif redact.is_redacted(shown(body.kept, None)):
        found.append(f"The body was redacted: write its values in the places of {redact.REDACTED}.")
    elif not is_editable(body):
        found.append("The body is no text that can be edited here: it is sent as it was, or another one.")
    if is_partial(trace):
        found.append(f"{len(body.kept):,} bytes of the body are here, and it had more.")
    return found


def body_of(old: Trace | None, typed: str, as_it_stands: bool) -> bytes:
    """What is sent: what was typed, and where nothing was changed the very bytes that were kept.

    :param old: the request that is sent again; None when it is gone.
    :param as_it_stands: whether a part of a body may be sent for the whole.
    :raises BadRequest: when it would not be what it seems to be.
    """
    typed = lines(typed)
    if redact.is_redacted(typed):
        raise BadRequest(f"The body was redacted: write its values in the places of {redact.REDACTED}.")
    kept = old.body.kept if old is not None else b""
    if old is not None and is_partial(old) and not as_it_stands:
        raise BadRequest("Only a part of the body is here. Tick the box that says so, and send it again.")
    data = typed.encode("utf-8", "replace")
    if typed == lines(shown(kept, None)):
        data = kept
    elif old is not None and not is_editable(old.body) and _ESCAPED.search(typed):
        raise BadRequest("The body has bytes that are no text (\\xNN): it is sent as it was, or another one.")
    elif kept.count(b"\r\n") == kept.count(b"\n") and b"\r\n" in kept:  # the form's own line breaks say nothing
        data = data.replace(b"\n", b"\r\n")
    if len(data) > MAX_REPLAY:
        raise BadRequest(f"The body has {len(data):,} bytes, and {MAX_REPLAY:,} can be sent from here.")
    return data


def lines(text: str) -> str:
    """*text* as a form sends it back: with one kind of line break (HTML, 4.10.11)."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def target_of(text: str) -> tuple[str, str]:
    """The path and the query that were typed, without the arguments that were redacted.

    :raises BadRequest: for what is no path, or has a redacted value in it.
    """
    path, _, query = text.partition("?")
    if not path.startswith("/"):
        raise BadRequest(f"A path begins with a slash, but this one is {path!r}.")
    if redact.is_redacted(path):
        raise BadRequest(f"The path was redacted: write its value in the place of {redact.REDACTED}.")
    return path, "&".join(part for part in query.split("&") if not redact.is_redacted(part))


def header_of(line: str) -> tuple[str, str] | None:
    """A header that was typed; None for an empty line, and for a value that was redacted.

    :raises BadRequest: for what is no header.
    """
    name, colon, value = line.partition(":")
    if not line.strip() or redact.is_redacted(value) or name.strip().lower() in _LEFT_OUT:
        return None
    if not colon or not name.strip():
        raise BadRequest(f"This is no header: {line!r}. Write one a line, as in 'Accept: text/html'.")
    return name.strip(), value.strip()
