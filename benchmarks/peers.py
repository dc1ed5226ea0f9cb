"""Whole servers: wsgiapp beside its peers, each on the servers that suit it, on one processor, the load on another.

A row is a framework on a server. Before it is measured it must answer as the workload says, through that server. All
servers run all the time and take turns, so that what the machine does meanwhile meets them alike.
"""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

from benchmarks import client, machine, stack
from benchmarks.rounds import Say, WrongAnswerError, silent
from benchmarks.stack import Server
from benchmarks.worker import Answer, complaints
from benchmarks.workloads import BY_NAME, Workload

SUBJECT = "wsgiapp"
ASGI = "benchmarks.served_async:application"
GRANIAN = ("--workers", "1", "--no-ws", "--log-level", "error")
WSGI_SERVERS = (Server("granian, WSGI", "granian", ("--interface", "wsgi", "--blocking-threads", "1", *GRANIAN)),)
ASGI_SERVERS = (
    Server(
        "uvicorn, httptools, uvloop", "uvicorn",
        ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "error"), ASGI,
    ),
    Server("granian, ASGI", "granian", ("--interface", "asgi", "--loop", "uvloop", *GRANIAN), ASGI),
)  # fmt: skip


@dataclass(frozen=True)
class Peer:
    """A framework and the servers that it is measured on."""

    name: str
    title: str
    servers: tuple[Server, ...]
    module: str


PEERS = (
    Peer("wsgiapp", "wsgiapp", WSGI_SERVERS, "wsgiapp"),
    Peer("flask", "Flask", WSGI_SERVERS, "flask"),
    Peer("bottle", "Bottle", WSGI_SERVERS, "bottle"),
    Peer("falcon", "Falcon", WSGI_SERVERS, "falcon"),
    Peer("django", "Django", WSGI_SERVERS, "django"),
    Peer("fastapi", "FastAPI", ASGI_SERVERS, "fastapi"),
    Peer("starlette", "Starlette", ASGI_SERVERS, "starlette"),
    Peer("litestar", "Litestar", ASGI_SERVERS, "litestar"),
    Peer("blacksheep", "BlackSheep", ASGI_SERVERS, "blacksheep"),
)
PEER = {peer.name: peer for peer in PEERS}


@dataclass(frozen=True)
class Plan(stack.Plan):
    """Each row runs *rounds* times for *seconds*, after *warm_up* seconds that do not count.

    The number of requests only bounds the memory of the load.
    """

    rounds: int = 5
    seconds: float = 10.0
    requests: int = 1_000_000
    connections: tuple[int, ...] = (32,)
    workloads: tuple[str, ...] = ("hello", "parameter")
    warm_up: float = 1.0


QUICK = Plan(rounds=1, seconds=0.4, warm_up=0.4)
Row = tuple[Peer, Server]


def rows_of(peers: Iterable[Peer]) -> tuple[list[Row], list[str]]:
    """The rows that can be measured here, and in words those that cannot."""
    able: list[Row] = []
    missing = []
    for peer in peers:
        if importlib.util.find_spec(peer.module) is None:
            missing.append(f"{peer.title}: {peer.module} is not installed")
            continue
        for server in peer.servers:
            if server.available():
                able.append((peer, server))
            else:
                missing.append(f"{peer.title} on {server.title}: {server.module} is not installed")
    return able, missing


def check(port: int, row: Row, workload: Workload) -> None:
    """Compare the answer of the row with the one that the workload expects.

    :raises WrongAnswerError: when it differs; nothing is measured then.
    """
    headers, data = client.ask_once(port, client.request_bytes(workload))
    status = data.split(b" ", 2)[1].decode()
    answer = Answer(status, list(headers.items()), client.body_of(headers, data))
    wrong = list(complaints(answer, workload.exchanges[-1]))
    if wrong:
        raise WrongAnswerError(f"{row[0].title} on {row[1].title}, {workload.name}: {'; '.join(wrong)}")


def take_turns(rows: list[Row], workload: Workload, plan: Plan) -> list[list[dict[str, Any]]]:
    """The runs of every row, in the order of the rows."""
    serve_on, load_on = machine.choose_processors()
    connections = plan.connections[0]
    shuffle = random.Random(0).shuffle  # noqa: S311 - only the order of turns
    short = replace(plan, seconds=plan.warm_up)
    runs: list[list[dict[str, Any]]] = [[] for _ in rows]
    with ExitStack() as started:
        serving = [started.enter_context(stack.serving(row[1], row[0].name, workload, serve_on)) for row in rows]
        for row, (port, _) in zip(rows, serving, strict=True):
            check(port, row, workload)
        for where in serving if plan.warm_up else ():
            stack.one_run(*where, workload, connections, short, load_on)
        order = list(range(len(rows)))
        for _ in range(plan.rounds):
            shuffle(order)
            for index in order:
                runs[index].append(stack.one_run(*serving[index], workload, connections, plan, load_on))
    return runs


def summarise(row: Row, runs: list[dict[str, Any]], base: list[dict[str, Any]] | None) -> dict[str, Any]:
    """The row's medians, and how many times its rate wsgiapp's is, round by round."""
    ratios = [own["rate"] / run["rate"] for own, run in zip(base, runs, strict=True)] if base else []
    rates = [run["rate"] for run in runs]
    return {
        "framework": row[0].name, "title": row[0].title, "server": row[1].title, **stack.summarise(runs),
        "behind": median(ratios) if ratios else None, "spread": (max(rates) - min(rates)) / median(rates),
    }  # fmt: skip


def run(
    plan: Plan, workloads: Iterable[Workload] | None = None, say: Say = silent, peers: Iterable[Peer] = PEERS
) -> dict[str, Any]:
    """Measure every row; returns the raw figures."""
    rows, missing = rows_of(peers)
    results: dict[str, list[dict[str, Any]]] = {}
    for workload in workloads or [BY_NAME[name] for name in plan.workloads]:
        say(f"{len(rows)} servers: {workload.title}")
        runs = take_turns(rows, workload, plan)
        base = next((taken for row, taken in zip(rows, runs, strict=True) if row[0].name == SUBJECT), None)
        results[workload.name] = [summarise(row, taken, base) for row, taken in zip(rows, runs, strict=True)]
    return {"plan": asdict(plan), "results": results, "missing": missing}


def best(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each framework the row with the highest rate, the highest first."""
    rate: Callable[[dict[str, Any]], float] = lambda result: float(result["rate"])  # noqa: E731 - a key, used twice
    found: dict[str, dict[str, Any]] = {}
    for result in sorted(results, key=rate):
        found[result["framework"]] = result
    return sorted(found.values(), key=rate, reverse=True)
