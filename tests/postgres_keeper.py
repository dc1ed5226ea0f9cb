"""Keeps a PostgreSQL running for `postgres.running_postgres`, and ends it with the process that asked for it.

    python postgres_keeper.py PROGRAMS FOLDER PORT [SETTING ...]

It makes a cluster in FOLDER, starts it, prints "ready" and waits until its own standard input is closed: on purpose, or
by the system when the other process is gone, however it ended. Then the server is stopped and FOLDER deleted. Standard
library only.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any


def main(programs: str, place: str, port: str, *settings: str) -> int:
    """Do what the head of this file says; what went wrong is printed instead of "ready"."""
    folder = Path(place)
    owner: dict[str, Any] = {}
    if os.name != "nt" and os.geteuid() == 0:  # PostgreSQL refuses to run as root
        import pwd  # Windows has none

        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        owner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def call(program: str, *arguments: str) -> None:
        command = [str(Path(programs) / program), "-D", str(folder / "data"), *arguments]
        with (folder / "said").open("a+") as said:  # a pipe would stay open for as long as the server
            code = subprocess.call(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, **owner
            )
        if code:
            raise RuntimeError(f"{program} ended with {code}:\n{(folder / 'said').read_text()}")

    try:
        call("initdb", "--username=shop", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        options = " ".join(f"-c {setting}" for setting in (*settings, f"port={port}"))
        call("pg_ctl", "start", "-w", "-s", "-o", options)
        try:
            with contextlib.suppress(BrokenPipeError):  # the other process is gone already
                print("ready", flush=True)
            sys.stdin.read()
        finally:
            call("pg_ctl", "stop", "-s", "-m", "immediate")
    except RuntimeError as error:
        with contextlib.suppress(BrokenPipeError):
            print(error, flush=True)
        return 1
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
