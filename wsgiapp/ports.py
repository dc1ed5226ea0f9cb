"""Why a server cannot have its port: who listens there, and the command that takes a free one instead.

Layer "ports", imported lazily, when ``devserver`` could not start: Werkzeug has said by then that the port is in use,
and has ended the program. Nothing but the standard library is imported here: ``run.py`` reads this file on a machine
that has nothing else.
"""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import traceback
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

PORTS_TO_TRY = 100
MAX_SHOWN = 100
_LISTENING = "0A"
_ANY = ("0.0.0.0", "::")  # noqa: S104 - told apart, not listened on
_PACKAGE = str(Path(__file__).resolve().parent)


class Listener(NamedTuple):
    """A socket that listens, as the system lists it: its address, the user and the number it is known by."""

    address: str
    user: int
    inode: str


def explain(end: SystemExit, host: str, port: int, app: Any, *_more: Any) -> None:
    """Print who has the port, and what to do; nothing where *end* has another reason than a port in use.

    :param app: what was to be served.
    """
    if end.code == 1 and not host.startswith("unix://") and is_taken(host, port):
        sys.stderr.write(f"{message(host, port)}\n{_way_out(app, host, free_port(host, port))}\n")


def message(host: str, port: int) -> str:
    """Say which address is taken, and by whom where that can be known."""
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port} is taken{holder(host, port)}."


def is_taken(host: str, port: int) -> bool:
    """Tell whether somebody listens where a server of *host* and *port* would."""
    return refusal(host, port) == errno.EADDRINUSE


def refusal(host: str, port: int) -> int:
    """Return the number of the error with which the system refuses to listen there; 0 when a server could."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name != "nt":  # on Windows this option would allow to take a port in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno or errno.EINVAL
    return 0


def free_port(host: str, port: int) -> int:
    """Return the first port after *port* that is free; 0, by which a system chooses one, where none is in reach."""
    after = range(port + 1, min(port + PORTS_TO_TRY, 65_536))
    return next((number for number in after if not is_taken(host, number)), 0)


# -- who has it --------------------------------------------------------------------------------------------------------


def holder(host: str, port: int) -> str:
    """Name the process that listens there, as `` by process 42 (python hello.py)``; empty where it is not known.

    Linux tells it in files, to the user whose process it is. Elsewhere there is no way without another program.
    """
    try:
        addresses = {str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
        found = [each for each in _listeners(port) if addresses & {each.address, *_ANY} or each.address in _ANY]
        process = _process_of({f"socket:[{each.inode}]" for each in found})
        if process is not None:
            return f" by process {process.name}{_command_of(process)}"
    except (OSError, ValueError):  # a system that has none of this, or a process that has just ended
        return ""
    return f" by a process of {_name_of(found[0].user)}" if found and found[0].user != os.getuid() else ""


def _listeners(port: int) -> list[Listener]:
    """Return who listens on a port, from the system's tables of both families."""
    tables = (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6))
    entries = [(family, line.split()) for table, family in tables for line in _lines(Path("/proc/net", table))]
    return [
        Listener(_address(family, local), int(user), inode)
        for family, (_, local, _, state, _, _, _, user, _, inode, *_) in entries
        if state == _LISTENING and int(local.rpartition(":")[2], 16) == port
    ]


def _lines(table: Path) -> list[str]:
    return table.read_text().splitlines()[1:] if table.exists() else []


def _address(family: socket.AddressFamily, local: str) -> str:
    digits = local.partition(":")[0]
    words = [int(digits[begin : begin + 8], 16) for begin in range(0, len(digits), 8)]
    return socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words))


def _process_of(sockets: set[str]) -> Path | None:
    """Return the folder of the first process that holds one of the sockets; None if there is none that we may see."""
    folders = Path("/proc").glob("[0-9]*") if sockets else ()
    oldest_first = sorted(folders, key=lambda folder: int(folder.name))
    return next((folder for folder in oldest_first if sockets & _open_files(folder)), None)


def _open_files(process: Path) -> set[str]:
    found = set()
    with suppress(OSError):  # it has ended, or is another user's
        for each in (process / "fd").iterdir():
            with suppress(OSError):
                found.add(str(each.readlink()))
    return found


def _command_of(process: Path) -> str:
    parts = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    command = "".join(char if char.isprintable() else "?" for char in " ".join(parts).strip())
    shown = command if len(command) <= MAX_SHOWN else f"{command[:MAX_SHOWN]}…"
    return f" ({shown})" if shown else ""


def _name_of(user: int) -> str:
    import pwd  # Windows has none

    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


# -- what to do --------------------------------------------------------------------------------------------------------


def with_another_port(port: int) -> str:
    """Say how this very program starts on *port*: by what was typed, with that port."""
    parser = ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--port", "-p")  # a port that was named before is taken out
    _, kept = parser.parse_known_args(_typed())
    return f"Stop that program, or take a free port:\n    {_join([*kept, '--port', str(port)])}"


def _way_out(app: Any, host: str, port: int) -> str:
    if os.environ.get("FLASK_RUN_FROM_CLI") == "true":
        return with_another_port(port)
    command = _command_for(app, host, port)
    instead = f", or start it by:\n    {_join(command)}" if command else "."
    return f"Stop that program, or write run(port={port}) {_called_at()}{instead}"


def _typed() -> list[str]:
    """Return the command line of this process, as short as it can be typed again."""
    python, *rest = sys.orig_argv
    if rest and (name := Path(rest[0]).name) and shutil.which(name) == rest[0]:
        return [name, *rest[1:]]
    return [python, *rest]


def _command_for(app: Any, host: str, port: int) -> list[str]:
    """Return the command that serves what a program serves by ``app.run()``; empty where no module holds the app."""
    main = sys.modules["__main__"]
    name = next((name for name, value in vars(main).items() if value is app), "")
    file = getattr(main, "__file__", None)
    if not name or not file:
        return []
    alias = getattr(sys.modules.get("flask"), "__name__", "") == "wsgiapp"
    module = "wsgiapp.as_flask" if alias else "wsgiapp"
    where = _short(file) if name in ("app", "application") else f"{_short(file)}:{name}"
    debug = ["--debug"] if app.debug else []
    listen = ["--host", host] if host != "127.0.0.1" else []
    return [sys.orig_argv[0], "-m", module, "--app", where, "run", *debug, *listen, "--port", str(port)]


def _called_at() -> str:
    """Say where the app's own code called: the innermost frame outside of the package."""
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_stack(None)]
    outside = (f"at {_short(file)}:{line}" for file, line in frames if not file.startswith(_PACKAGE + os.sep))
    return next(outside, "where it is called")


def _short(file: str) -> str:
    """Return a file's path as it is typed in the working folder."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def _join(command: list[str]) -> str:
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)
