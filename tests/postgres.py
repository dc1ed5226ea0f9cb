"""A PostgreSQL of the tests' own: started in a folder of its own, reached on 127.0.0.1, gone at the end.

Nothing of the machine's own PostgreSQL is used but its programs. It keeps nothing safe (``fsync = off``): it is quick.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from servers import HOST, lack, reserved_port

KEEPER = Path(__file__).with_name("postgres_keeper.py")
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=60",
            f"listen_addresses={HOST}", "unix_socket_directories=", "autovacuum=off", "jit=off")  # fmt: skip


class Cluster:
    """A running server; each database in it has a name."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self.folder = folder

    def url(self, name: str) -> str:
        """The ``DATABASE_URL`` of the database called *name*."""
        return f"postgresql://shop@{HOST}:{self.port}/{name}"

    def connect(self, name: str, **options: Any) -> psycopg.Connection[Any]:
        """A connection in which each statement is a transaction of its own."""
        return psycopg.connect(self.url(name), autocommit=True, **options)

    def create(self, name: str) -> str:
        """Make an empty database, and return its address."""
        with self.connect("postgres") as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url(name)


def programs() -> Path:
    """The folder of ``initdb`` and ``pg_ctl``; without them the test ends as in `servers.lack`."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        lack("needs PostgreSQL's initdb and pg_ctl, which are not installed")
    return (found[-1] if found else Path(str(on_path))).parent


@contextmanager
def running_postgres() -> Iterator[Cluster]:
    """A cluster that runs until the end of the block, or of this process, even if that is killed.

    `postgres_keeper` starts and ends it, in a session of its own: Ctrl-C and what ends a process group do not reach it.
    """
    bin_folder = programs()
    folder = Path(tempfile.mkdtemp(prefix="wsgiapp-postgres-"))
    with reserved_port() as port:
        command = [sys.executable, str(KEEPER), str(bin_folder), str(folder), str(port), *SETTINGS]
        keeper = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        with keeper:  # at its end both pipes are closed, and the keeper's end is waited for
            assert keeper.stdin is not None
            assert keeper.stdout is not None
            answer = keeper.stdout.readline()
            assert answer == "ready\n", answer + keeper.stdout.read()
            yield Cluster(port, folder)
            keeper.stdin.close()
            complaint = keeper.stdout.read()
        assert keeper.returncode == 0, complaint
