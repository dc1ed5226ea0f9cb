"""Whole servers on the loopback: Flask and wsgiapp under gunicorn and granian, driven by our own load generator.

Which servers, how many threads and connections, and in what turn stands here; `client` makes the load. Every run is
bounded in time and in requests, and every process that is started is ended by its id.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import machine
from benchmarks.client import HOST
from benchmarks.rounds import Say, silent
from benchmarks.workloads import BY_NAME, FOLDER, Workload

PAIR = ("flask", "wsgiapp")
START_SECONDS = 20
STOP_SECONDS = 10
USUAL_CONNECTIONS = 16


class ServerError(Exception):
    """A server did not start or a load did not run; the text says which."""


@dataclass(frozen=True)
class Server:
    """A server with one worker process: its module, how it is called, its options, and what it loads."""

    title: str
    module: str
    options: tuple[str, ...]
    application: str = "benchmarks.served:application"

    def command(self, port: int) -> list[str]:
        """The command that serves the application on that port."""
        where = ["--bind", f"{HOST}:{port}"] if self.module == "gunicorn" else ["--host", HOST, "--port", str(port)]
        return [sys.executable, "-m", self.module, *self.options, *where, self.application]

    def available(self) -> bool:
        """True when its package is installed and its platform fits."""
        return importlib.util.find_spec(self.module) is not None and (self.module, os.name) != ("gunicorn", "nt")


def gthread(threads: int) -> Server:
    """gunicorn with threads, as deploy.md recommends it; idle connections are kept longer than any run takes."""
    options = ("--worker-class", "gthread", "--threads", str(threads), "--keep-alive", "30", "--log-level", "error")
    return Server(f"gunicorn gthread, {threads} thread{'s' * (threads > 1)}", "gunicorn", options)


def granian(threads: int) -> Server:
    """granian's WSGI interface; *threads* run Python, its own run in Rust."""
    options = ("--interface", "wsgi", "--workers", "1", "--blocking-threads", str(threads), "--log-level", "error")
    return Server(f"granian, {threads} thread{'s' * (threads > 1)}", "granian", options)


SERVERS = (
    Server("gunicorn sync", "gunicorn", ("--worker-class", "sync", "--log-level", "error")),
    gthread(1),
    gthread(4),
    gthread(16),
    granian(1),
    granian(4),
)


@dataclass(frozen=True)
class Plan:
    """How much to measure: the growth with *connections* is measured on *grown*, the other workloads with 16.

    Each row runs ten seconds in all, *rounds* times for *seconds*.
    """

    rounds: int = 5
    seconds: float = 2.0
    requests: int = 200_000
    connections: tuple[int, ...] = (1, 16, 64)
    grown: str = "hello"
    workloads: tuple[str, ...] = ("hello", "parameter", "template", "sessions")

    def loads(self, workload: str) -> tuple[int, ...]:
        """The numbers of connections for that workload."""
        return self.connections if workload == self.grown else (USUAL_CONNECTIONS,)


QUICK = Plan(rounds=1, seconds=0.4, requests=5000, connections=(16,), workloads=("hello",))


# -- processes -----------------------------------------------------------------------------------


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    """Return once the port accepts a connection.

    :raises ServerError: when the process ends, or stays silent for too long.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((HOST, port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise ServerError("the server did not start; what it said stands above")


@contextmanager
def serving(server: Server, framework: str, workload: Workload, cpu: int | None) -> Iterator[tuple[int, int]]:
    """The port and the process id of a server that runs meanwhile."""
    port = free_port()
    chosen = {"BENCHMARK_FRAMEWORK": framework, "BENCHMARK_WORKLOAD": workload.name, "PYTHONHASHSEED": "0"}
    with machine.on_processor(cpu):
        process = subprocess.Popen(server.command(port), cwd=FOLDER.parent, env={**os.environ, **chosen})
    try:
        wait_until_listening(process, port)
        yield port, process.pid
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def processor_seconds(pid: int) -> float | None:
    """The processor time that a process and its descendants have used; None where there is no ``/proc``."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        one = int(path.parent.name)
        parents[one], used[one] = int(fields[1]), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    family = {pid}
    while grown := {one for one, parent in parents.items() if parent in family} - family:
        family |= grown
    return sum(used[one] for one in family if one in used) if pid in used else None


# -- measuring -----------------------------------------------------------------------------------


def one_run(port: int, pid: int, workload: Workload, connections: int, plan: Plan, cpu: int | None) -> dict[str, Any]:
    """One load on one server.

    :raises ServerError: when the load generator fails; it says why by itself.
    """
    arguments = [port, workload.name, connections, plan.seconds, plan.requests]
    before = processor_seconds(pid)
    with machine.on_processor(cpu):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.client", *map(str, arguments)],
            cwd=FOLDER.parent, stdout=subprocess.PIPE, timeout=plan.seconds + 60, check=False,
        )  # fmt: skip
    after = processor_seconds(pid)
    if done.returncode:
        raise ServerError(f"the load of {connections} connections on {workload.name} failed; see above")
    figures: dict[str, Any] = json.loads(done.stdout)
    used = None if before is None or after is None else (after - before) / figures["answers"] * 1e6
    return figures | {"rate": figures["answers"] / figures["seconds"], "cpu_us": used}


def summarise(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians of the rounds, and the rounds."""
    names = ("rate", "p50_ms", "p99_ms", "cpu_us", "client_busy")
    known = {name: [run[name] for run in runs if run[name] is not None] for name in names}
    return {name: median(values) if values else None for name, values in known.items()} | {"rounds": runs}


def turns(rounds: int) -> Iterator[str]:
    """Whose turn it is: each framework once a round, and not always the same one first."""
    for number in range(rounds):
        yield from PAIR if number % 2 else reversed(PAIR)


def measure(server: Server, workload: Workload, plan: Plan) -> Iterator[dict[str, Any]]:
    """The figures of both frameworks on one server, for each number of connections; both servers run all the time."""
    serve_on, load_on = machine.choose_processors()
    with ExitStack() as stack:
        running = {name: stack.enter_context(serving(server, name, workload, serve_on)) for name in PAIR}
        short = Plan(rounds=1, seconds=min(0.5, plan.seconds), requests=2000)
        for where in running.values():
            one_run(*where, workload, USUAL_CONNECTIONS, short, load_on)  # warm
        for connections in plan.loads(workload.name):
            runs: dict[str, list[dict[str, Any]]] = {name: [] for name in PAIR}
            for name in turns(plan.rounds):
                runs[name].append(one_run(*running[name], workload, connections, plan, load_on))
            ratios = [own["rate"] / other["rate"] for own, other in zip(runs["wsgiapp"], runs["flask"], strict=True)]
            yield {
                "server": server.title,
                "workload": workload.name,
                "connections": connections,
                "ratio": median(ratios),
                **{name: summarise(runs[name]) for name in PAIR},
            }


def run(
    plan: Plan,
    workloads: Iterable[Workload] | None = None,
    say: Say = silent,
    servers: Iterable[Server] = SERVERS,
) -> dict[str, Any]:
    """Measure every server; returns the raw figures with the machine's description."""
    described = machine.describe()
    chosen = list(workloads or (BY_NAME[name] for name in plan.workloads))
    results: list[dict[str, Any]] = []
    missing = []
    for server in servers:
        if not server.available():
            missing.append(f"{server.title}: {server.module} is not installed, or not made for this system")
            continue
        for workload in chosen:
            say(f"{server.title}: {workload.title}")
            results.extend(measure(server, workload, plan))
    described["load_after"] = machine.load()
    return {"kind": "stack", "machine": described, "plan": asdict(plan), "results": results, "missing": missing}
