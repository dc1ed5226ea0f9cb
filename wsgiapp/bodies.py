"""Bodies: what a request carries, as it arrives, and the names and values in it.

Werkzeug's limited streams, made to read in few calls and to refuse what is longer than it may be.
"""

from __future__ import annotations

import sys
from typing import IO
from urllib.parse import unquote

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wsgi import LimitedStream

_KEPT = "werkzeug.url_quote"


class ChunkedBody(LimitedStream):
    """A body of unknown length. One byte beyond the limit is an error: what was cut must not pass for whole."""

    def __init__(self, stream: IO[bytes], most: int | None) -> None:
        self.most = sys.maxsize - 1 if most is None else most
        super().__init__(stream, self.most + 1, is_max=True)

    def readinto(self, b: bytearray) -> int | None:  # type: ignore[override]  # Werkzeug's signature
        """Read into *b*; see :meth:`io.RawIOBase.readinto`.

        :raises RequestEntityTooLarge: beyond the limit.
        """
        size = super().readinto(b)
        if self.tell() > self.most:
            raise RequestEntityTooLarge()
        return size


class SizedBody(LimitedStream):
    """A body of known length."""

    # PERF: the server's own pieces, without a buffer between (benchmarks/: form POST, JSON POST, upload).
    def read(self, size: int | None = -1) -> bytes:
        """Return at most *size* bytes, all of the rest by default.

        :raises ClientDisconnected: when the body breaks off.
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

    What :func:`urllib.parse.parse_qsl` gives; bytes that are no UTF-8 stay percent-encoded, as Werkzeug has it.
    """
    # PERF: most names and values hold nothing to decode (benchmarks/: form POST).
    parts = [part.partition("=") for part in text.replace("+", " ").split("&") if part]
    return [
        (unquote(name, errors=_KEPT) if "%" in name else name, unquote(value, errors=_KEPT) if "%" in value else value)
        for name, _, value in parts
    ]
