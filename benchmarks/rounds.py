"""Requests in process: every program in a process of its own, timed in turn, round after round.

Only the order of events and the statistics live here: a worker does the work, `report` and `picture` show it.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, NamedTuple

from benchmarks import machine
from benchmarks.programs import FRAMEWORKS, Framework
from benchmarks.workloads import FOLDER, Workload

SUBJECT = "wsgiapp"
GOODBYE_SECONDS = 10
Say = Callable[[str], object]


def silent(said: object) -> None:
    """Tell nobody how far the measuring is."""


class WrongAnswerError(Exception):
    """A program answers otherwise than it should, so nothing is timed; the text says which, and how."""


@dataclass(frozen=True)
class Plan:
    """How long to measure: *rounds* times in turn, each *batches* batches of about *batch_ms* milliseconds."""

    rounds: int = 45
    batches: int = 3
    batch_ms: float = 3.0
    warm_up: float = 0.3


QUICK = Plan(rounds=5, batches=3, batch_ms=2.0, warm_up=0.1)


class Entrant(NamedTuple):
    """What takes turns with others: its name in the raw figures, what people call it, and the module that runs it."""

    name: str
    title: str
    command: tuple[str, ...]


class Worker:
    """A process with one program and one workload, at our side of the pipe."""

    def __init__(self, entrant: Entrant) -> None:
        self.entrant = entrant
        self.process = subprocess.Popen(
            [sys.executable, "-m", *entrant.command],
            cwd=FOLDER.parent,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ready = self.read()

    def read(self) -> dict[str, Any]:
        """The next line of the worker.

        :raises WrongAnswerError: when it ended instead.
        """
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise WrongAnswerError(f"{self.entrant.title} failed; its own message stands above")
        content: dict[str, Any] = json.loads(line)
        return content

    def ask(self, *command: Any) -> Any:
        """Have the worker do something, and wait for what it says."""
        if self.process.stdin:
            print(json.dumps(command), file=self.process.stdin, flush=True)
        return self.read()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *error: object) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        try:
            self.process.wait(GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def summarise(rounds: list[float], base: list[float]) -> dict[str, float]:
    """The median round, and the median of the ratios to the same round of *base*."""
    ratios = [own / other for own, other in zip(rounds, base, strict=True)] if base else []
    return {"us": median(rounds)} | ({"ratio": median(ratios)} if ratios else {})


def start(entrants: Iterable[Entrant], cpu: int | None, stack: ExitStack) -> list[Worker]:
    """A checked worker for each entrant.

    :raises WrongAnswerError: when one of them answers wrongly.
    """
    with machine.on_processor(cpu):
        workers = [stack.enter_context(Worker(entrant)) for entrant in entrants]
    for worker in workers:
        if "wrong" in worker.ready:
            raise WrongAnswerError(f"{worker.entrant.title}: {worker.ready['wrong']}")
    return workers


def take_turns(
    entrants: Iterable[Entrant], plan: Plan, cpu: int | None, look: Callable[[dict[str, Any]], object] = silent
) -> dict[str, Any]:
    """What every entrant said and every round it ran, by its name; one that is unable has its reason alone.

    *look* gets what they said before anything is timed, and raises an error if that is not right.
    """
    shuffle = random.Random(0).shuffle  # noqa: S311 - only the order of turns
    with ExitStack() as stack:
        workers = start(entrants, cpu, stack)
        able = [worker for worker in workers if "ready" in worker.ready]
        results: dict[str, Any] = {worker.entrant.name: dict(worker.ready) for worker in workers}
        look(results)
        for worker in able:
            result = results[worker.entrant.name]
            result |= worker.ask("calls") | worker.ask("warm_up", plan.batch_ms, plan.warm_up)
            result |= {"rounds": [], "wall": []}
        for _ in range(plan.rounds):
            shuffle(able)
            for worker in able:
                figures = worker.ask("round", plan.batches)
                results[worker.entrant.name]["rounds"].append(median(figures["cpu"]))
                results[worker.entrant.name]["wall"].append(median(figures["wall"]))
    return results


def measure(workload: Workload, frameworks: Iterable[Framework], plan: Plan, cpu: int | None) -> dict[str, Any]:
    """The figures of every framework on one workload, by the framework's name; one that is unable has its reason."""
    entrants = [
        Entrant(chosen.name, chosen.title, ("benchmarks.worker", chosen.name, workload.name)) for chosen in frameworks
    ]
    results = take_turns(entrants, plan, cpu)
    base = results.get(SUBJECT, {}).get("rounds", [])
    return {
        name: result | (summarise(result["rounds"], base) if "ready" in result else {})
        for name, result in results.items()
    }


def run(
    workloads: Iterable[Workload],
    plan: Plan,
    frameworks: Iterable[Framework] = FRAMEWORKS,
    say: Say = silent,
) -> dict[str, Any]:
    """Measure every workload; returns the raw figures with the machine's description."""
    chosen = list(frameworks)
    cpu, _ = machine.choose_processors()
    described = machine.describe() | {"pinned": cpu is not None}
    results = {}
    for workload in workloads:
        say(workload.title)
        results[workload.name] = measure(workload, chosen, plan, cpu)
    described["load_after"] = machine.load()
    return {"kind": "requests", "machine": described, "plan": asdict(plan), "results": results}
