"""A port that is in use: every way to start the development server says by whom, and by which command to go on."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import run
from servers import HOST, ROOT, Visitor, running
from wsgiapp import ports

LISTENS = """\
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as listening:
    print(listening.getsockname()[1], flush=True)
    sys.stdin.read()
"""
HELLO = """\
import sys
from {framework} import {name}

app = {name}(__name__)


@app.route("/")
def index():
    return "hello"


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]))
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who listens without another program")


@pytest.fixture
def busy() -> Iterator[tuple[int, int]]:
    """A port at which another process listens, and that process's number."""
    with subprocess.Popen([sys.executable, "-c", LISTENS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline()), process.pid
        process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an app of ours in hello.py, and one that imports flask in theirs.py."""
    (tmp_path / "hello.py").write_text(HELLO.format(framework="wsgiapp", name="App"))
    (tmp_path / "theirs.py").write_text(HELLO.format(framework="flask", name="Flask"))
    return tmp_path


def start(folder: Path, *arguments: object, **variables: str) -> str:
    """What a program says that cannot have its port: its errors, after it has ended with 1."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    environment.pop("FLASK_RUN_FROM_CLI", None)  # which another test may have left
    command = [sys.executable, *map(str, arguments)]
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    return ended.stderr


def command_in(said: str) -> list[str]:
    """The command that a message ends with."""
    return shlex.split(said.rstrip().splitlines()[-1])


WAYS = {
    "wsgiapp run": ["-m", "wsgiapp", "--app", "hello", "run", "--port", "{}"],
    "wsgiapp run -p": ["-m", "wsgiapp", "--app", "hello:app", "run", "-p{}", "--debug"],
    "as_flask run": ["-m", "wsgiapp.as_flask", "--app", "theirs", "run", "--port={}"],
    "App.run": ["hello.py", "{}"],
    "App.run under the alias": ["-m", "wsgiapp.as_flask", "theirs.py", "{}"],
}


@pytest.mark.parametrize("way", WAYS)
def test_a_port_in_use_is_told_with_its_process_and_the_command_given_serves(
    busy: tuple[int, int], folder: Path, way: str
) -> None:
    port, number = busy
    said = start(folder, *[part.format(port) for part in WAYS[way]])
    assert f"Port {port} is in use by another program." in said  # the words that people search for
    assert f"127.0.0.1:{port} is taken" in said
    if sys.platform == "linux":
        assert f"is taken by process {number} ({sys.executable} -c import socket" in said
    if "App.run" in way:
        assert re.search(r"write run\(port=\d+\) at (hello|theirs)\.py:13, or start it by:", said)
    command = command_in(said)
    assert command[0] == sys.executable
    free = int(command[-1])
    assert free != port and str(port) not in command
    with running(
        [*command[:-1], "{port}"], folder, {**os.environ, "PYTHONPATH": str(ROOT), "FLASK_RUN_FROM_CLI": ""}
    ) as server:
        assert Visitor(server.port).get("/").text == "hello"


def test_run_py_names_the_process_too_and_the_same_command_with_a_free_port(
    busy: tuple[int, int], tmp_path: Path
) -> None:
    port, number = busy
    (tmp_path / "set_up.py").write_text("import run, sys\nrun.set_up = print\nsys.exit(run.main(sys.argv[1:]))")
    said = start(tmp_path, "set_up.py", "--port", port)
    assert f"cannot listen: 127.0.0.1:{port} is taken" in said
    assert sys.platform != "linux" or f"by process {number} (" in said
    assert command_in(said)[:3] == [sys.executable, "set_up.py", "--port"] and str(port) not in command_in(said)


def test_the_console_script_is_named_as_it_was_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "wsgiapp"
    script.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "orig_argv", ["/venv/python", str(script), "--app", "a b", "run", "-p", "80", "--debug"])
    assert ports.with_another_port(8001).endswith("    wsgiapp --app 'a b' run --debug --port 8001")


def test_an_app_that_no_module_holds_gets_the_line_to_change(busy: tuple[int, int], tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text(f"import wsgiapp\nwsgiapp.App('made').run(\n    port={busy[0]}\n)\n")
    assert re.search(r"or write run\(port=\d+\) at made\.py:2\.$", start(tmp_path, "made.py").rstrip())


@pytest.mark.parametrize("host", ["::1", "::", "0.0.0.0", "localhost"])
@linux
def test_the_process_is_found_by_every_address_that_it_stands_in_the_way_of(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        taken = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with taken:
        port = taken.getsockname()[1]
        assert ports.is_taken(host, port)
        assert ports.holder(host, port).startswith(f" by process {os.getpid()} (")
        assert ports.message(host, port).startswith(f"[{host}]:" if ":" in host else f"{host}:")


def test_a_process_of_somebody_else_is_named_by_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_listeners", lambda _port: [ports.Listener("127.0.0.1", os.getuid() + 1, "0")])
    monkeypatch.setattr(ports, "_name_of", lambda user: {os.getuid() + 1: "ada"}[user])
    assert ports.message(HOST, 80) == "127.0.0.1:80 is taken by a process of ada."


def test_where_the_system_does_not_tell_nothing_is_said_of_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_listeners", lambda _port: [])
    assert ports.message("::1", 80) == "[::1]:80 is taken."


@pytest.mark.parametrize(
    ("end", "host"), [(SystemExit(3), HOST), (SystemExit(1), HOST), (SystemExit(1), "unix:///tmp/none")]
)
def test_a_program_that_ends_for_another_reason_is_told_nothing(
    end: SystemExit, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server((HOST, 0)) as once:
        port = once.getsockname()[1]
        if end.code == 3:
            ports.explain(end, host, port, None)
    if end.code == 1:
        ports.explain(end, host, port, None)
    assert capsys.readouterr().err == ""


def test_the_port_given_is_the_first_free_one() -> None:
    with socket.create_server((HOST, 0)) as busy:
        port = busy.getsockname()[1]
        assert ports.free_port(HOST, port - 1) > port
    assert ports.free_port(HOST, 65_535) == 0
    assert run.is_free(HOST, ports.free_port(HOST, port))
