"""Links for a place, ``file:line``: to the page that shows its source, and to the editor that opens it.

A page shows a file only where the trace that it belongs to names it (or the app's own rules do), and only what this
process was loaded from: the source of a loaded module, or a template of the app's.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from wsgiapp.xray.objects.locations import full, where_of
from wsgiapp.xray.redact import SOURCE, scrub, source_lines, text
from wsgiapp.xray.trace import Trace
from wsgiapp.xray.trace_builder import app_secrets

#: The environment variable with the address that opens an editor: ``vscode://file/{path}:{line}``.
EDITOR_VARIABLE = "XRAY_EDITOR"
#: Schemes that editors register. Any other one might make the browser do something else.
EDITORS = (
    "atom", "cursor", "emacs", "idea", "jetbrains", "lapce", "macvim", "mvim", "nvim", "phpstorm", "pycharm", "subl",
    "sublime", "txmt", "vscode", "vscode-insiders", "vscodium", "windsurf", "zed",
)  # fmt: skip
#: Lines before and after a place; characters of a line.
AROUND = 40
MAX_LINE = 400


def editor_of(address: str | None) -> str:
    """The address that opens an editor, as it was given or as the environment has it; empty for none.

    :raises ValueError: for an address that no editor registers, or without a ``{path}``.
    """
    given = (address or os.environ.get(EDITOR_VARIABLE) or "").strip()
    scheme, colon, rest = given.partition(":")
    if given and (scheme not in EDITORS or not colon or "{path}" not in rest or re.search(r"[\s\x00-\x1f]", given)):
        raise ValueError(
            f"{EDITOR_VARIABLE} is {given!r}, which opens no editor that the X-ray knows. Write an address such as"
            f" vscode://file/{{path}}:{{line}}, with one of these in front: {', '.join(EDITORS)}."
        )
    return given


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a file.

    :ivar lines: numbered, without what is secret.
    :ivar line: the one that was asked for.
    :ivar of: how many lines the file has.
    :ivar earlier: the line around which the part before stands; 0 for none. :attr:`later`: the part after.
    :ivar editor: the address that opens an editor there; empty for none.
    """

    lines: tuple[tuple[int, str], ...]
    line: int
    of: int
    earlier: int
    later: int
    editor: str


class Places:
    """The places that pages may show.

    :param app: the watched app.
    :param editor: what :func:`editor_of` gave.
    """

    def __init__(self, app: Any, editor: str) -> None:
        self.app = app
        self.editor = editor

    def _named(self, trace: Trace | None) -> Iterator[str]:
        """Every place that the page of a trace may name."""
        yield from map(where_of, self.app.view_functions.values())
        if trace is None:
            return
        for span in trace.spans:
            yield span.where
        for failure in trace.failures:
            yield from (failure.where, *(frame[0] for frame in failure.frames))
        for header in trace.sent_headers:
            yield from (header.where, *(before[3] for before in header.before))

    def files(self, trace: Trace | None) -> dict[str, str]:
        """By the name that is shown, the paths of the files that may be opened from a trace's page."""
        named = {place.rpartition(":")[0] for place in self._named(trace)} - {""}
        loaded = set(_loaded())
        paths = {name: full(name) for name in named}
        return {name: path for name, path in paths.items() if path in loaded or self._is_template(path)}

    def _is_template(self, path: str) -> bool:
        loaders = [self.app.jinja_loader, *(blueprint.jinja_loader for blueprint in self.app.iter_blueprints())]
        folders = [folder for loader in loaders for folder in getattr(loader, "searchpath", ())]
        place = Path(path).resolve()
        return place.is_file() and any(place.is_relative_to(Path(folder).resolve()) for folder in folders)

    def linker(self, trace: Trace | None, root: str) -> Callable[[str], Markup]:
        """What makes a link of a place on the pages of a trace; of a place that cannot be opened, its text.

        :param root: the path of the X-ray's pages.
        """
        files = self.files(trace)
        base = f"{root}/t/{trace.id}/source" if trace is not None else f"{root}/source"

        def linked(where: str) -> Markup:
            file, _, line = where.rpartition(":")
            if file not in files or not line.isdigit():
                return Markup.escape(where)
            link = Markup('<a href="{}?at={}">{}</a>').format(base, quote(where), where)
            edit = self._edit(files[file], line)
            return link + Markup(' <a class="small" href="{}">edit</a>').format(edit) if edit else link

        return linked

    def _edit(self, path: str, line: str) -> str:
        return self.editor.replace("{line}", line).replace("{path}", quote(path, safe="/:")) if self.editor else ""

    def window(self, trace: Trace | None, where: str) -> Window | None:
        """The lines around a place; None for one that the trace does not name or that is not there."""
        file, _, number = where.rpartition(":")
        path = self.files(trace).get(file)
        lines = source_lines(path) if path is not None else []
        line = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 0
        if path is None or not 1 <= line <= len(lines):
            return None
        first, last = max(line - AROUND, 1), min(line + AROUND, len(lines))
        hide = trace.hide if trace is not None else self._hide
        shown = [(n, _cut(hide(lines[n - 1]))) for n in range(first, last + 1)]
        earlier, later = max(line - 2 * AROUND, 1), min(line + 2 * AROUND, len(lines))
        return Window(
            tuple(shown), line, len(lines), earlier if first > 1 else 0, later if last < len(lines) else 0,
            self._edit(path, number),
        )  # fmt: skip

    def _hide(self, line: str) -> str:
        return scrub(text(line, SOURCE), app_secrets(self.app))


def _cut(line: str) -> str:
    return line if len(line) <= MAX_LINE else f"{line[:MAX_LINE]} …"


def _loaded() -> Iterator[str]:
    """The files of Python from which the modules of this process were loaded."""
    for module in list(sys.modules.values()):
        try:  # as it stands: asking a lazy module for an attribute would load it
            file = object.__getattribute__(module, "__dict__").get("__file__")
        except AttributeError:
            continue
        if isinstance(file, str) and file.endswith(".py"):
            yield _posix(file)


@functools.lru_cache(maxsize=4096)
def _posix(file: str) -> str:
    return Path(file).as_posix()
