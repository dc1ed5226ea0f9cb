"""Bodies: the body of a request as a stream that is read up to its limit, and the parser of queries and plain forms.

The streams are Werkzeug's limited streams. Here they read in fewer calls, and refuse a body that is too long.
"""

from __future__ import annotations

import sys
from typing import IO
from urllib.parse import unquote

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wsgi import LimitedStream

# Werkzeug's handler for decoding errors: it keeps bytes that are not UTF-8 percent-encoded.
_KEEP = "werkzeug.url_quote"


class ChunkedBody(LimitedStream):
    """A body of unknown length. Reading one byte beyond the limit is an error: a cut body must not look complete.

    :param stream: the server's stream.
    :param max_size: the limit in bytes; None for no limit.
    """

    def __init__(self, stream: IO[bytes], max_size: int | None) -> None:
        self.max_size = sys.maxsize - 1 if max_size is None else max_size
        super().__init__(stream, self.max_size + 1, is_max=True)

    def readinto(self, b: bytearray) -> int | None:  # type: ignore[override]  # Werkzeug's signature
        """Read into *b*; see :meth:`io.RawIOBase.readinto`.

        :raises RequestEntityTooLarge: when the body is longer than the limit.
        """
        size = super().readinto(b)
        if self.tell() > self.max_size:
            raise RequestEntityTooLarge()
        return size


class SizedBody(LimitedStream):
    """A body of known length, which reads no more than that from the server's stream."""

    # PERF: it returns what the server gives, without a buffer between (benchmarks/: form_post, json_post, upload).
    def read(self, size: int | None = -1) -> bytes:
        """Return at most *size* bytes; by default everything that is left.

        :raises ClientDisconnected: when the client sends less than it announced.
        """
        if size is None or size < 0:
            return self.readall()
        wanted = min(size, self.limit - self._pos)
        try:
            data: bytes = self._stream.read(wanted) if wanted else b""
        except (OSError, ValueError) as error:
            raise ClientDisconnected() from error
        if wanted and not data:
            raise ClientDisconnected()
        self._pos += len(data)
        return data

    def readall(self) -> bytes:
        """Return the rest of the body."""
        pieces = [self.read(self.limit)]
        while self._pos < self.limit:  # a server may hand over less than it was asked for
            pieces.append(self.read(self.limit))
        return b"".join(pieces)


def parse_pairs(text: str) -> list[tuple[str, str]]:
    """Return the names and values of a query or a form (https://url.spec.whatwg.org/#urlencoded-parsing), in order.

    The result is that of :func:`urllib.parse.parse_qsl`, but bytes that are not UTF-8 stay percent-encoded.
    """
    # PERF: most names and values hold nothing to decode (benchmarks/: form_post).
    parts = [part.partition("=") for part in text.replace("+", " ").split("&") if part]
    return [
        (unquote(name, errors=_KEEP) if "%" in name else name, unquote(value, errors=_KEEP) if "%" in value else value)
        for name, _, value in parts
    ]
