"""Heads: the status line and the headers of a response, and whether they can be sent.

Layer "heads", near the ground: it works on text and knows no response. It refuses characters that would end a header
early or that cannot be sent as bytes, because not every server checks this (RFC 9110, 5). Results for short texts are
cached, since an app uses the same few again and again. A long text may come from outside, so it is not cached.
"""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus

from werkzeug.http import is_entity_header
from werkzeug.utils import get_content_type
from werkzeug.wrappers import Response

from .lazy_imports import late_pattern

TOKEN = late_pattern(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
CONTROL = late_pattern(r"[\x00-\x1f\x7f]")
_VALUE = late_pattern(r"[\t\x20-\x7e\x80-\xff]*")
_STATUS = late_pattern(r"[1-9][0-9]{2} [\t\x20-\x7e\x80-\xff]*")
# For a longer text callers use the ``__wrapped__`` of these functions, which does not cache.
CACHED_LENGTH = 128
# PERF: what type_header returns for the two usual types, without its cache (benchmarks/: hello, parameter).
COMMON_TYPES = {
    "text/html": ("Content-Type", "text/html; charset=utf-8"),
    "application/json": ("Content-Type", "application/json"),
}


class UnsendableResponse(ValueError):
    """A response whose headers or body cannot be sent as HTTP, such as a redirect to a text that is not a URL."""


def quote_control(url: str) -> str:
    """Return *url* with its control characters percent-encoded, which could end a header."""
    return str(CONTROL().sub(lambda match: f"%{ord(match[0]):02X}", url))


@lru_cache(maxsize=256)
def type_header(mimetype: str) -> tuple[str, str]:
    """Return the Content-Type for a media type.

    :raises ValueError: for characters that would end the header, or that cannot be sent in one.
    """
    if not _VALUE().fullmatch(mimetype):
        raise ValueError(f"{mimetype!r} is not a media type: it has characters that a header cannot hold.")
    return "Content-Type", get_content_type(mimetype, "utf-8")


@lru_cache(maxsize=256, typed=True)
def status_line(status: str | int | HTTPStatus) -> tuple[str, int, bool]:
    """Return the status line and the code of *status*, and whether it can be sent."""
    made = Response()
    made.status = status
    return made.status, made.status_code, bool(_STATUS().fullmatch(made.status))


@lru_cache(maxsize=256)
def field_name(name: str) -> str:
    """Return the name of a header in lower case.

    :raises UnsendableResponse: when it is not a token (RFC 9110, 5.6.2).
    """
    if not TOKEN().fullmatch(name):
        raise UnsendableResponse(f"{name!r} cannot be the name of a header.")
    return name.lower()


@lru_cache(maxsize=256)
def describes_body(name: str) -> bool:
    """Say whether a header is left out of a 304 (RFC 9110, 15.4.5)."""
    return is_entity_header(name) and name.lower() not in ("expires", "content-location")


def check_head(status: str | None, headers: list[tuple[str, str]]) -> set[str]:
    """Check that a status line and headers can be sent.

    :param status: the status line; None when it was checked before.
    :return: the names of the headers, in lower case.
    :raises UnsendableResponse: when one has characters that cannot be sent.
    """
    if status is not None and not _STATUS().fullmatch(status):
        raise UnsendableResponse(f"{status!r} is not a status line: three digits and a phrase, no control characters.")
    names = set()
    for name, value in headers:
        names.add(field_name(name) if len(name) <= CACHED_LENGTH else field_name.__wrapped__(name))
        if not (value.isascii() and value.isprintable()) and not _VALUE().fullmatch(value):
            raise UnsendableResponse(f"The header {name} has characters that cannot be sent: {value!r}.")
    return names
