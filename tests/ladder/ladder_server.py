"""Start a step of the ladder as a program, learn its port from what it prints, and stop it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def started(command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """Run *command* in *folder* on a free port; gives the port."""
    variables = {**(environment or os.environ), "PORT": "0"}
    with (
        (folder / "server.log").open("w") as log,
        subprocess.Popen(command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert "127.0.0.1:" in said, (folder / "server.log").read_text()
            yield int(said.partition("127.0.0.1:")[2].partition("/")[0])
        finally:
            process.terminate()
