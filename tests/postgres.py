"""A PostgreSQL of the tests' own: started in a folder of its own, reached on 127.0.0.1, gone at the end.

Nothing of the machine's own PostgreSQL is used but its programs. It keeps nothing safe (``fsync = off``): it is quick.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from servers import HOST, lack, reserved_port

SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=60",
            f"listen_addresses={HOST}", "unix_socket_directories=", "autovacuum=off", "jit=off")  # fmt: skip


class Cluster:
    """A running server; each database in it has a name."""

    def __init__(self, port: int) -> None:
        self.port = port

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
    """A cluster that runs until the end of the block. It refuses to run as root, who becomes ``postgres`` for it."""
    bin_folder = programs()
    owner: dict[str, Any] = {}
    folder = Path(tempfile.mkdtemp(prefix="wsgiapp-postgres-"))
    if os.geteuid() == 0:
        import pwd  # Windows has none

        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        owner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def call(program: str, *arguments: str) -> None:
        command = [str(bin_folder / program), "-D", str(folder / "data"), *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **owner)
        log = folder / "log"
        assert done.returncode == 0, done.stdout + done.stderr + (log.read_text() if log.exists() else "")

    try:
        call("initdb", "--username=shop", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        with reserved_port() as port:
            options = " ".join(f"-c {setting}" for setting in (*SETTINGS, f"port={port}"))
            call("pg_ctl", "start", "-w", "-s", "-l", str(folder / "log"), "-o", options)
            try:
                yield Cluster(port)
            finally:
                call("pg_ctl", "stop", "-s", "-m", "immediate")
    finally:
        shutil.rmtree(folder)
