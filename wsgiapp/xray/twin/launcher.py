"""The twin's process, from this side: which module makes the app, what the real framework has, one bounded run."""

from __future__ import annotations

import base64
import json
import linecache
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import IO, Any

import wsgiapp
from wsgiapp.sessions import SecureCookieSession
from wsgiapp.xray.objects.locations import short, where_of

#: Seconds that a run may take; bytes that it may say.
SECONDS = 15.0
MAX_REPORT = 4 * 1024 * 1024
MAX_ERRORS = 4_000
LAST = "step_15"
#: Packages inside of wsgiapp that are applications on top of it.
APPLICATIONS = ("shop", "rest")

_PACKAGE = Path(wsgiapp.__file__).resolve().parent
_CHILD_PROCESS = Path(__file__).with_name("child_process.py")
_APPS, _FACTORIES = ("app", "application"), ("create_app", "make_app")
# A process that a server has started would be taken for its reloader.
_NOT_INHERITED = ("WERKZEUG_SERVER_FD", "WERKZEUG_RUN_MAIN")


class TwinError(Exception):
    """There can be no twin: the text says why, and what to do."""


def ladder() -> Path:
    """The folder of the ladder: at the top of a checkout, inside of the package in an installation.

    :raises TwinError: where it is in neither.
    """
    for folder in (_PACKAGE / "shop" / "ladder", _PACKAGE.parent / "ladder"):
        if (folder / f"{LAST}.py").is_file():
            return folder
    raise TwinError(f"The ladder is missing: neither beside {_PACKAGE} nor in it. Install wsgiapp again.")


@dataclass(frozen=True, slots=True)
class Program:
    """How a process of its own gets the app.

    :ivar module: the module that makes it; *file* where that was run as a program, else empty.
    :ivar reference: its name in the module, or a call of a factory.
    """

    module: str
    file: str
    reference: str


def program_of(app: Any, reference: str = "") -> Program:
    """The program that makes *app*.

    :param reference: what stood after the colon of ``--app``.
    :raises TwinError: where no module has the app, or a factory that needs no argument.
    """
    own = sys.modules.get(app.import_name)
    if reference and own is not None:
        is_called = reference.isidentifier() and not hasattr(vars(own).get(reference), "wsgi_app")
        return _program(own, f"{reference}()" if is_called else reference)
    modules = [own, sys.modules.get("__main__"), *sys.modules.copy().values()]
    for module in filter(None, modules):
        named = _name_in(module, app, None if module is own else _APPS)
        if named:
            return _program(module, named)
    for factory in _FACTORIES if own is not None else ():
        if callable(vars(own).get(factory)):
            return _program(own, f"{factory}()")
    raise TwinError(f"No module holds {app.name!r} under a name, and {app.import_name!r} has no create_app or make_app:"
                    " the twin cannot make it again. Give it a name at the top of its module.")  # fmt: skip


def _name_in(module: ModuleType, app: Any, only: tuple[str, ...] | None) -> str:
    try:
        members = vars(module)
    except TypeError:  # anything may stand in sys.modules
        return ""
    names = [*members] if only is None else [name for name in only if name in members]
    return next((name for name in names if members[name] is app), "")


def _program(module: Any, reference: str) -> Program:
    name, file = module.__name__, getattr(module, "__file__", None) or ""
    if name != "__main__":
        return Program(name, "", reference)
    if not file:
        raise TwinError("The app was made in an interactive session: the twin needs a file to make it again.")
    spec = getattr(module, "__spec__", None)
    return Program(spec.name, "", reference) if spec is not None else Program(Path(file).stem, file, reference)


# -- what the real framework has -----------------------------------------------------------------------------------


def _classes(app: Any) -> dict[str, Any]:
    return {
        "App": type(app), "Blueprint": wsgiapp.Blueprint, "Request": app.request_class, "Response": app.response_class,
        "Session": SecureCookieSession, "Globals": app.app_ctx_globals_class, "Config": type(app.config),
        "Client": wsgiapp.testing.FlaskClient,
    }  # fmt: skip


def _modules() -> dict[str, ModuleType]:
    loaded = {name: module for name, module in sys.modules.copy().items() if f"{name}.".startswith("wsgiapp.")}
    return {name: module for name, module in loaded.items() if name.split(".")[1:2] not in [[a] for a in APPLICATIONS]}


def names_of(app: Any) -> dict[str, list[str]]:
    """Return the public names of the loaded modules of the real framework, by module and by class."""
    classes = {name: dir(kind) for name, kind in _classes(app).items()}
    classes["App"] = [*{*dir(app), *classes["App"]}]
    modules = {name: dir(module) for name, module in _modules().items()}
    return {key: [name for name in names if not name.startswith("_")] for key, names in (classes | modules).items()}


def real_place(app: Any, name: str) -> str:
    """Where the real framework has what the last step lacks: ``file:line`` of the thing, or of what it belongs to."""
    modules, parts = _modules(), name.partition("(")[0].split(".")
    for length in range(len(parts), 0, -1):
        module = modules.get(".".join(parts[:length]))
        if module is not None:
            return _place_in(module, parts[length] if length < len(parts) else "")
    owner = _classes(app).get(parts[0])
    member = getattr(owner, parts[1], None) if len(parts) > 1 else getattr(owner, "__init__", None)
    member = getattr(member, "fget", None) or member
    where = where_of(member) if hasattr(member, "__code__") or hasattr(member, "__wrapped__") else ""
    return where or (where_of(owner) if owner is not None else "")


def _place_in(module: ModuleType, name: str) -> str:
    """The line of *module* that defines *name*; where it has that from elsewhere, the line there."""
    home = sys.modules.get(getattr(getattr(module, name, None), "__module__", None) or "", module) if name else module
    home = home if home.__name__.startswith("wsgiapp") else module
    file = home.__file__ or ""
    begins = re.compile(rf"(?:class |def |async def )?{re.escape(name)}\b")
    lines = linecache.getlines(file) if name else []
    return f"{short(file)}:{next((number for number, text in enumerate(lines, 1) if begins.match(text)), 1)}"


# -- the run -------------------------------------------------------------------------------------------------------


def run(app: Any, program: Program, environ: dict[str, str], body: bytes, now: int, folders: Iterable[str],
        files: Iterable[str], seconds: float = SECONDS) -> dict[str, Any]:  # fmt: skip
    """Send a request to the app under the last step, in a process that is ended after *seconds*.

    :param now: what the clock of signatures shows there.
    :param folders: the folders of the app's own files, whose executed lines are reported; *files* are single ones.
    :return: the report of ``child_process.py``.
    :raises TwinError: where there is none.
    """
    steps = ladder()
    asked = {
        "sys_path": [path or str(Path.cwd()) for path in sys.path], "ladder": str(steps), "step": LAST,
        "module": program.module, "file": program.file, "reference": program.reference, "environ": environ,
        "body": base64.b64encode(body).decode(), "now": now, "names": names_of(app), "applications": APPLICATIONS,
        "package": str(_PACKAGE), "folders": [*folders], "files": [*files],
    }  # fmt: skip
    said, errors, problem = _talk(json.dumps(asked).encode(), seconds)
    try:
        report: dict[str, Any] = json.loads(said)
    except ValueError:
        last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise TwinError(problem or f"The twin's process ended without an answer: {last or 'it said nothing'}") from None
    return report


def _talk(asked: bytes, seconds: float) -> tuple[bytes, bytes, str]:
    """What the process says on its output and of its errors, and why it was ended before it did."""
    environ = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    process = subprocess.Popen(  # noqa: S603  # this Python, a file of this package
        [sys.executable, str(_CHILD_PROCESS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environ, start_new_session=os.name == "posix",
    )  # fmt: skip
    assert process.stdin and process.stdout and process.stderr  # noqa: S101, PT018  # three pipes were asked for
    said, errors, problem = bytearray(), bytearray(), ""
    readers = [
        Thread(target=_read, args=(process.stdout, said, MAX_REPORT + 1, process), daemon=True),
        Thread(target=_read, args=(process.stderr, errors, MAX_ERRORS, None), daemon=True),
    ]
    until = time.monotonic() + seconds
    for reader in readers:
        reader.start()
    with suppress(OSError):  # a process that has ended already
        process.stdin.write(asked)
    with suppress(OSError):
        process.stdin.close()
    readers[0].join(max(until - time.monotonic(), 0))
    if readers[0].is_alive():
        problem = f"The twin was ended: it had no answer after {seconds:g} seconds."
    elif len(said) > MAX_REPORT:
        problem = f"The twin was ended: it said more than {MAX_REPORT:,} bytes."
    _end(process)
    for reader, stream in zip(readers, (process.stdout, process.stderr), strict=True):
        reader.join(1)
        stream.close()
    return (b"" if problem else bytes(said)), bytes(errors), problem


def _read(stream: IO[bytes], into: bytearray, most: int, ended: Any) -> None:
    """Read to the end, and keep *most* bytes; *ended* is a process that is killed when it says more."""
    while piece := os.read(stream.fileno(), 65_536):
        into += piece[: most - len(into)]
        if ended is not None and len(into) >= most:
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it has started."""
    with suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
