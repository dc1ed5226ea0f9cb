"""One request to a WSGI app, sent as a server does: by both processes of the twin, so that both ask alike.

This module imports nothing of the project, for the twin's process loads it by its file.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

#: Bytes of a body that are kept.
MAX_BODY = 1024 * 1024


class Sent(NamedTuple):
    """What came of a request.

    :ivar status: empty where no answer was begun.
    :ivar body: its first bytes; *size* counts them all.
    :ivar error: what the app raised, if it did.
    """

    status: str
    headers: list[tuple[str, str]]
    body: bytes
    size: int
    error: Exception | None


def send(app: Callable[..., Iterable[bytes]], environ: dict[str, Any], body: bytes) -> Sent:
    """Send a request to an app, and take the answer to its end."""
    heads: list[tuple[str, list[tuple[str, str]]]] = [("", [])]
    kept, size, raised = bytearray(), 0, None

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:  # noqa: ARG001
        heads.append((status, headers))
        return kept.extend

    try:
        answer = app(environ | {"wsgi.input": io.BytesIO(body)}, start_response)
        try:
            for piece in answer:
                size += len(piece)
                kept += piece[: max(MAX_BODY - len(kept), 0)]
        finally:
            getattr(answer, "close", lambda: None)()
    except Exception as error:  # whatever an app raises is part of what there is to tell
        raised = error
    return Sent(*heads[-1], bytes(kept), size, raised)
