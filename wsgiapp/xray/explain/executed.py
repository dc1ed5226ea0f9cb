"""Executed lines: which lines of some files run in one thread, for teaching mode and the twin.

This makes a request several times slower, so it is only used for a request that is sent again for this purpose. The
module imports nothing of the project, because the twin's process loads it by its path.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import FrameType, TracebackType
from typing import Any

#: Lines that are noted of one request.
MAX_LINES = 2_000
_LIBRARIES = ("site-packages", "dist-packages")

#: File, qualified name and first line of a function: one code.
Function = tuple[str, str, int]


class Executed:
    """Notes which lines run in this thread within ``with``; a trace function that was set before is put back.

    ``sys.settrace`` is used in all versions of Python, for it belongs to one thread; ``sys.monitoring`` would note the
    requests of all.

    :param folders: folders whose files are the app's own; what is installed below them is not.
    :param files: further files.
    """

    def __init__(self, folders: Iterable[str], files: Iterable[str] = ()) -> None:
        self.functions: dict[Function, list[int]] = {}
        self._folders = tuple([folder.rstrip("/\\") for folder in folders])
        self._own: dict[str, bool] = dict.fromkeys(files, True)
        self._room = MAX_LINES
        self._before: Any = None

    def _is_own(self, file: str) -> bool:
        found = self._own.get(file)
        if found is None:
            found = self._own[file] = any(self._is_below(folder, file) for folder in self._folders)
        return found

    @staticmethod
    def _is_below(folder: str, file: str) -> bool:
        rest = file.removeprefix(folder)
        return rest != file and rest[:1] in ("/", "\\") and not any(name in rest for name in _LIBRARIES)

    def _call(self, frame: FrameType, event: str, _arg: Any) -> Any:  # noqa: ARG002  # the signature of sys.settrace
        code = frame.f_code
        if not self._is_own(code.co_filename):
            return None
        lines = self.functions.setdefault((code.co_filename, code.co_qualname, code.co_firstlineno), [])

        def line(frame: FrameType, event: str, _arg: Any) -> Any:
            if event == "line" and self._room > 0 and frame.f_lineno not in lines:
                self._room -= 1
                lines.append(frame.f_lineno)
            return line

        return line

    def __enter__(self) -> Executed:
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        sys.settrace(self._before)

    def files(self) -> dict[str, tuple[int, ...]]:
        """The lines by file, in order."""
        found: dict[str, set[int]] = {}
        for (file, _, _), lines in self.functions.items():
            found.setdefault(file, set()).update(lines)
        return {file: tuple(sorted(lines)) for file, lines in found.items()}
