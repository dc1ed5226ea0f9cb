"""What several processes of one server share: the token and the last traces, in a folder that only their user reads."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wsgiapp.xray.trace import Trace

from .folder import Folder, SharingError
from .traces import dump, load

__all__ = ["Shared", "SharingError"]

#: Bytes that one trace may take, as text.
MAX_TRACE = 2 * 1024 * 1024


class Shared:
    """The folder ``xray`` of an app's instance folder.

    :param app: the app; its keys stand in no trace that is read.
    :param limit: how many traces are kept; :attr:`max_bytes`: how many bytes they take together.
    """

    def __init__(self, app: Any, limit: int, max_bytes: int) -> None:
        self.app = app
        self.folder = Folder(Path(app.instance_path) / "xray", limit, max_bytes)

    def token(self, own: str) -> str:
        """The token of all processes; *own* becomes it where there is none yet.

        :raises SharingError: when the folder cannot be used, with the reason.
        """
        self.folder.make()
        return self.folder.agree("token", own)

    def put(self, trace: Trace, marks: frozenset[tuple[int, int]]) -> None:
        """Keep a trace for the other processes; one that is too long stays in its own."""
        content = dump(trace, marks)
        if len(content) <= MAX_TRACE:
            self.folder.put(f"{trace.id}.json", content, secrets.token_hex(4))

    def get(self, name: str) -> Trace | None:
        """The trace of that id; None when no process has kept it, or it cannot be read."""
        content = None
        with contextlib.suppress(SharingError):  # the folder is gone, or is no longer safe
            content = self.folder.get(f"{name}.json", MAX_TRACE) if name.isascii() and name.isalnum() else None
        return load(content, self.app) if content is not None else None

    def traces(self, but: set[str]) -> Iterator[Trace]:
        """Those of the processes.

        :param but: the ids of those that are not wanted.
        """
        files: list[str] = []
        with contextlib.suppress(SharingError):
            files = self.folder.names()
        for file in files:
            trace = self.get(file.removesuffix(".json")) if file.removesuffix(".json") not in but else None
            if trace is not None:
                yield trace

    def clear(self) -> None:
        """Forget all traces."""
        with contextlib.suppress(SharingError):
            self.folder.clear()
