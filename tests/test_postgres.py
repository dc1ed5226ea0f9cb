"""The PostgreSQL of the tests ends with who started it, and leaves nothing behind, whichever way that one ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from postgres import programs
from servers import HOST, ROOT

RUN = """
import sys, time
from postgres import running_postgres
with running_postgres() as cluster:
    with cluster.connect("postgres") as connection:
        connection.execute("SELECT 1")
    print(cluster.port, cluster.folder, flush=True)
    sys.stdin.read()
"""


def is_open(port: int) -> bool:
    """Tell whether anybody listens on *port*."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="a process of Windows gets no signals")
@pytest.mark.parametrize("way", ["killed", "interrupted", "at its end"])
def test_a_postgresql_is_gone_when_the_run_that_started_it_is(way: str) -> None:
    programs()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    command = [sys.executable, "-c", RUN]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True,
    ) as run:  # fmt: skip
        assert run.stdout is not None
        port, folder = run.stdout.readline().split()
        assert is_open(int(port))
        assert Path(folder).is_dir()
        if way == "killed":
            run.kill()
        elif way == "interrupted":  # as Ctrl-C in a terminal does, which asks all processes of the run at once
            os.killpg(run.pid, signal.SIGINT)
    deadline = time.monotonic() + 15
    while Path(folder).exists():
        assert time.monotonic() < deadline, "the server lives on, or its folder was not deleted"
        time.sleep(0.05)
    assert not is_open(int(port))
