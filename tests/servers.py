"""Real servers for the tests: start one on a free loopback port, talk to it, stop it by its process.

Helpers alone: no test, no fixture, and nothing that knows the shop's pages. Everything stays on 127.0.0.1.
"""

from __future__ import annotations

import http.client
import importlib.util
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
API_TOKEN = "token-of-the-tests"
START_SECONDS = 30
STOP_SECONDS = 15
PORTS = range(20_000, 32_000)


def lack(reason: str) -> None:
    """End the test for want of something: in CI as a failure, on a user's machine as a skip that says why."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (CI must have it)")
    pytest.skip(reason)


def require(*tools: str) -> str:
    """The path of the first of *tools* that is there: a program on PATH, or a module such as ``gunicorn``.

    With none of them the test ends as in `lack`.
    """
    for tool in tools:
        program = shutil.which(tool)
        if program:
            return program
        spec = importlib.util.find_spec(tool) if tool.isidentifier() else None
        if spec and spec.origin:
            return spec.origin
    lack(f"needs {' or '.join(tools)}, which is not installed")
    raise AssertionError("lack() always raises")


@contextmanager
def reserved_port() -> Iterator[int]:
    """A loopback port for one server, which no other test takes meanwhile, in whichever process it runs.

    Most servers want a number and open the port themselves, so it cannot be held by listening on it. It is held by the
    UDP socket of the same number instead: only one process can have that, and the system lets go of it at the
    process's end. The numbers lie below those that the system gives out by itself, to outgoing connections among them.
    """
    for port in random.SystemRandom().sample(PORTS, 200):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
            try:
                held.bind((HOST, port))
                with socket.socket() as probe:
                    probe.bind((HOST, port))  # without SO_REUSEADDR: a port that just closed is not free yet
            except OSError:
                continue
            yield port
            return
    pytest.fail(f"no free port in {PORTS}")


# -- commands: one for each server ---------------------------------------------------------------


def gunicorn(*options: str) -> list[str]:
    """Gunicorn with two workers, serving the shop on ``{port}``."""
    return [sys.executable, "-m", "gunicorn", "--workers", "2", "--graceful-timeout", "5", *options,
            "--bind", f"{HOST}:{{port}}", "wsgiapp.shop:app"]  # fmt: skip


def waitress() -> list[str]:
    """Waitress, serving the shop on ``{port}``."""
    return [sys.executable, "-m", "waitress", f"--listen={HOST}:{{port}}", "wsgiapp.shop:app"]


def werkzeug() -> list[str]:
    """Werkzeug's development server, started by our own command line."""
    return [sys.executable, "-m", "wsgiapp", "--app", "wsgiapp.shop:app", "run", "--host", HOST, "--port", "{port}"]


def hostile(server: str) -> list[str]:
    """The server of that name in one process, serving `hostile_app` on ``{port}``."""
    address, app = f"{HOST}:{{port}}", "hostile_app:app"
    if server == "uwsgi":
        stop = ["--hook-master-start", "unix_signal:15 gracefully_kill_them_all"]  # SIGTERM would start it anew
        return [require("uwsgi"), "--http-socket", address, "--buffer-size", "32768", "--master", "--threads", "8",
                "--need-app", *stop, "--module", app]  # fmt: skip
    own = [str(ROOT / "tests" / "hostile_app.py"), server, "{port}"]
    programs = {
        "gunicorn": ["-m", "gunicorn", "--worker-class", "gthread", "--threads", "8", "--bind", address, app],
        "waitress": ["-m", "waitress", f"--listen={address}", "--threads=8", app],
        "granian": ["-m", "granian", "--interface", "wsgi", "--host", HOST, "--port", "{port}",
                    "--blocking-threads", "8", app],
        "cheroot": ["-m", "cheroot", "--bind", address, app],
        "gevent": ["-m", "gevent.monkey", *own],
    }  # fmt: skip
    return [sys.executable, *programs.get(server, own)]


def hostile_environment(**settings: str) -> dict[str, str]:
    """Environment variables for a process that serves `hostile_app`, with its *settings*."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "PYTHONHASHSEED": "0", **settings}


# -- processes -----------------------------------------------------------------------------------


@dataclass
class Server:
    """A running server: where it listens, its process, and the file with what it printed."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def stop(self) -> int:
        """Send SIGTERM and return the exit code; a server that will not go fails the test."""
        self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            pytest.fail(f"the server did not stop {STOP_SECONDS} s after SIGTERM:\n{self.output()}")

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


def shop_environment(folder: Path) -> dict[str, str]:
    """Environment variables of a shop with its own database in *folder*, for a process started there."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "SECRET_KEY": "key-of-the-tests-0123456789",
        "API_TOKEN": API_TOKEN,
        "INSTANCE_PATH": str(folder),
        "DATABASE_URL": f"sqlite:///{(folder / 'shop.db').as_posix()}",
    }


@contextmanager
def running(command: list[str], folder: Path, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start *command* in *folder*, wait until it listens, and stop it at the end.

    ``{port}`` in the command becomes a port that is the server's alone. *env* replaces the shop's environment.
    """
    log = folder / "server.log"
    with reserved_port() as port, log.open("wb") as output:
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env or shop_environment(folder),
        )
        server = Server(port, process, log)
        try:
            wait_until_listening(server)
            yield server
        finally:
            if process.poll() is None:
                server.stop()


def wait_until_listening(server: Server) -> None:
    """Return once the server accepts a connection; fail with its output when it ends or stays silent."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            pytest.fail(f"the server ended with code {server.process.returncode}:\n{server.output()}")
        try:
            socket.create_connection((HOST, server.port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the server does not listen after {START_SECONDS} s:\n{server.output()}")


# -- a visitor -----------------------------------------------------------------------------------


class Answer(NamedTuple):
    """What came back: the status, the headers (names in lower case; the last of equal ones wins), the body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Visitor:
    """A browser's least: keeps cookies, sends forms with the page's CSRF token, follows nothing by itself."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request on a connection of its own; ``Content_Type="…"`` becomes the header Content-Type."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=20)
        try:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            if self.cookies:
                sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
            for line in response.headers.get_all("Set-Cookie", []):
                for name, morsel in SimpleCookie(line).items():
                    self.cookies[name] = morsel.value
                    if morsel["max-age"] == "0":
                        del self.cookies[name]
        finally:
            connection.close()
        return answer

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def post_form(self, path: str, page: str, **fields: object) -> Answer:
        """POST *fields* to *path* with the CSRF token found in the forms of *page*."""
        token = csrf_token(self.get(page).text)
        data = urlencode({**fields, "csrf_token": token}).encode()
        return self.send("POST", path, data, Content_Type="application/x-www-form-urlencoded")


class _Inputs(HTMLParser):
    """The values of a page's inputs, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("name"):
            self.values.setdefault(found["name"] or "", found.get("value") or "")


def csrf_token(page: str) -> str:
    """The token in the first form of *page* that carries one; a page without one fails the test."""
    inputs = _Inputs()
    inputs.feed(page)
    if "csrf_token" not in inputs.values:
        pytest.fail("the page has no form with a csrf_token")
    return inputs.values["csrf_token"]
