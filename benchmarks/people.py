"""Workloads that people have, measured in turn on Flask, wsgiapp and the floor, to find the framework's share of the
time.

One source runs on all three (`benchmarks.programs.people_program`, the shop as it is shipped, Flask's tutorial). The
floor is that source on `benchmarks.programs.floor_framework`: the view, its queries, its templates and its JSON,
without the work that a framework does for them. A framework's own share is what it takes above the floor, round by
round.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks import machine, rounds
from benchmarks.people_worker import FLOOR, FRAMEWORKS
from benchmarks.people_workloads import VISIT, VISITS, Visit
from benchmarks.rounds import Entrant, Plan, Say, WrongAnswerError, silent
from benchmarks.workloads import FOLDER

CONFORMANCE = FOLDER.parent / "tests" / "conformance"
TUTORIAL = "BENCHMARK_TUTORIAL"
# Batches hold many of the longer requests, so that the collection of garbage at their end is shared by enough of them.
PLAN = Plan(batch_ms=20.0)
QUICK = Plan(rounds=5, batch_ms=10.0, warm_up=0.15)


@contextmanager
def tutorial(say: Say = silent) -> Iterator[str]:
    """Have the workers find Flask's tutorial, out of Flask's source distribution, fetched once and kept.

    Yields why there is none, or an empty string.
    """
    sys.path.insert(0, str(CONFORMANCE))
    try:
        sandbox = importlib.import_module("sandbox")
    finally:
        sys.path.remove(str(CONFORMANCE))
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        try:
            source = unpack(sandbox, Path(folder), say)
        except sandbox.PipError as error:
            yield f"Flask's source distribution could not be fetched: {str(error).strip().splitlines()[-1]}"
            return
        os.environ[TUTORIAL] = str(source / "examples" / "tutorial")
        try:
            yield ""
        finally:
            del os.environ[TUTORIAL]


def unpack(sandbox: Any, folder: Path, say: Say) -> Path:
    """Unpack Flask's source distribution; fetch it first where the cache lacks it."""
    try:
        source: Path = sandbox.unpack(sandbox.FLASK, folder)
    except FileNotFoundError:
        say("fetching Flask's source distribution, for its tutorial")
        with sandbox.alone():
            sandbox.fetch([sandbox.FLASK], sandbox.Environment(Path(sys.prefix), alias=False))
        source = sandbox.unpack(sandbox.FLASK, folder)
    return source


def agree(visit: str, states: dict[str, dict[str, Any]]) -> None:
    """Compare the answers: of both frameworks in everything that does not change each time, of the floor in status,
    body and location.

    :raises WrongAnswerError: where they differ.
    """
    ready = {name: state for name, state in states.items() if "ready" in state}
    for digest, names in (("same", set(ready) - {FLOOR}), ("content", set(ready))):
        if len({ready[name][digest] for name in names}) > 1:
            raise WrongAnswerError(
                f"{visit}: {', '.join(FRAMEWORKS[name] for name in sorted(names))} answer differently"
            )


def spread(values: list[float]) -> float:
    """Return the width of the middle half of the rounds as a share of the median: 0 on a machine without noise."""
    if len(values) < 2:
        return 0.0
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return (high - low) / middle


def compare(results: dict[str, Any]) -> dict[str, Any]:
    """Return the statistics of the rounds: medians, ratios within a round, shares above the floor, and the noise."""
    taken = {name: result["rounds"] for name, result in results.items() if "rounds" in result}
    if set(taken) != set(FRAMEWORKS):
        return results
    for name, values in taken.items():
        own = [value - floor for value, floor in zip(values, taken[FLOOR], strict=True)]
        results[name] |= rounds.summarise(values, taken[rounds.SUBJECT])
        results[name] |= {"own_us": median(own), "spread": spread(values)}
    return results


def measure(visit: Visit, plan: Plan, cpu: int | None) -> dict[str, Any]:
    """The figures of both frameworks and the floor on one workload.

    :raises WrongAnswerError: when they answer differently.
    """
    command = "benchmarks.people_worker"
    entrants = [Entrant(name, title, (command, name, visit.name)) for name, title in FRAMEWORKS.items()]
    results = rounds.take_turns(entrants, plan, cpu, lambda states: agree(visit.name, states))
    return compare(results)


def run(plan: Plan, chosen: Iterable[str] = (), say: Say = silent) -> dict[str, Any]:
    """Measure the workloads of these names, or all; returns the raw figures with the machine's description."""
    cpu, _ = machine.choose_processors()
    described = machine.describe() | {"pinned": cpu is not None}
    visits = [VISIT[name] for name in chosen] or list(VISITS)
    results: dict[str, Any] = {}
    with tutorial(say) as missing:
        for visit in visits:
            say(visit.title)
            results[visit.name] = measure(visit, plan, cpu)
    described["load_after"] = machine.load()
    return {
        "kind": "people", "machine": described, "plan": asdict(plan), "results": results,
        "titles": {visit.name: visit.title for visit in visits}, "missing": [missing] if missing else [],
    }  # fmt: skip
