"""What the X-ray costs a request: the same program with and without it, timed in turn, round after round.

Each variant of `benchmarks.watched` runs in a process of its own, as frameworks do in `rounds`: in one process they
would not be apart, because the X-ray wraps what apps share (the session interface, the signals, the log's factory), and
because the interpreter settles each call on what it meets there. How a process happens to lie in memory makes a few
percent, so every variant gets several processes, one after the other, and the rounds of all of them count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks import machine, rounds, toolbars
from benchmarks.rounds import Entrant, Say, WrongAnswerError, silent, summarise
from benchmarks.watched import PAGE, VARIANT, VARIANTS
from benchmarks.workloads import BY_NAME, Workload

BASE = "plain"
#: The page takes so many microseconds by itself; recording may add at most this part of what the cheaper toolbar adds.
GOAL: dict[str, Any] = {"request_us": 90.0, "part": 30, "workload": PAGE.name, "variants": ("far", "near")}
USUAL = (BY_NAME["hello"], BY_NAME["sessions"])
PROBE = 2000  # turns of the page's loop, to learn what one of them takes


@dataclass(frozen=True)
class Plan(rounds.Plan):
    """How long to measure: *processes* for each variant. Batches are long enough to hold their share of the GC's work.

    A recording outlives its request, so the collector meets it.
    """

    rounds: int = 20
    batch_ms: float = 10.0
    processes: int = 4


QUICK = Plan(rounds=5, batch_ms=4.0, warm_up=0.1, processes=1)


def entrant(variant: str, workload: Workload, turns: int, name: str = "") -> Entrant:
    """A process with that variant of the workload's program; *turns* are those of the page's loop."""
    return Entrant(name or variant, VARIANT[variant].title, ("benchmarks.watched", variant, workload.name, str(turns)))


def calibrate(plan: Plan, cpu: int | None) -> int:
    """The turns of the loop with which the page takes as long as it should on this machine, without an X-ray."""
    pair = [entrant(BASE, PAGE, turns, name) for name, turns in (("short", 0), ("long", PROBE))]
    short, long = (median(result["rounds"]) for result in rounds.take_turns(pair, plan, cpu).values())
    return max(0, round((GOAL["request_us"] - short) / (long - short) * PROBE)) if long > short else 0


def measure(workload: Workload, turns: int, plan: Plan, cpu: int | None) -> dict[str, Any]:
    """The figures of every variant of one workload, by the variant's name.

    :raises WrongAnswerError: when one of them answers, records or adds otherwise than it should.
    """
    results: dict[str, Any] = {}
    for _ in range(plan.processes):
        taken = rounds.take_turns([entrant(variant.name, workload, turns) for variant in VARIANTS], plan, cpu)
        for name, result in taken.items():
            known = results.setdefault(name, result | {"rounds": [], "wall": []})
            known["rounds"] += result["rounds"]
            known["wall"] += result["wall"]
            known["calls"] = min(known["calls"], result["calls"])  # a recording calls for the CPU's time now and then
    base = results[BASE]
    for name, result in results.items():
        if workload.exchanges[-1].body is not None and result["body"] != base["body"]:
            raise WrongAnswerError(f"{VARIANT[name].title}: {workload.name}: the body is not the program's own")
    return {name: result | compare(result, base) for name, result in results.items()}


def measure_toolbars(turns: int, plan: Plan, cpu: int | None) -> dict[str, Any]:
    """What other toolbars add to the same page, by the toolbar's name.

    :raises WrongAnswerError: when a page has no toolbar, or one that it should not have.
    """
    pairs = [(each, f"{each.name}{ending}") for each in toolbars.TOOLBARS for ending in (toolbars.OFF, "")]
    taken: dict[str, list[float]] = {name: [] for _, name in pairs}
    for _ in range(plan.processes):
        entrants = [Entrant(name, each.title, ("benchmarks.toolbars", name, str(turns))) for each, name in pairs]
        for name, result in rounds.take_turns(entrants, plan, cpu).items():
            taken[name] += result["rounds"]
    return {
        each.name: {
            "title": each.title,
            "us": median(taken[each.name]),
            "more_us": median(
                on - off for on, off in zip(taken[each.name], taken[f"{each.name}{toolbars.OFF}"], strict=True)
            ),
        }
        for each in toolbars.TOOLBARS
    }


def compare(result: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """What a request takes, and how much more that is than without an X-ray: round by round, then the median."""
    more = [own - other for own, other in zip(result["rounds"], base["rounds"], strict=True)]
    return {
        **summarise(result["rounds"], base["rounds"]),
        "more_us": median(more),
        "more_calls": result["calls"] - base["calls"],
    }


def run(plan: Plan, chosen: Iterable[Workload] | None = None, say: Say = silent) -> dict[str, Any]:
    """Measure the page, its like under other toolbars, and the *chosen* workloads; returns the raw figures.

    :raises WrongAnswerError: when a variant is not what it says.
    """
    cpu, _ = machine.choose_processors()
    described = machine.describe() | {"pinned": cpu is not None}
    say("how long the loop must be")
    turns = calibrate(plan, cpu)
    results, workloads = {}, (PAGE, *(USUAL if chosen is None else chosen))
    for workload in workloads:
        say(workload.title)
        results[workload.name] = measure(workload, turns, plan, cpu)
    say("other toolbars")
    beside = measure_toolbars(turns, plan, cpu)
    described["load_after"] = machine.load()
    return {
        "kind": "xray", "machine": described, "plan": asdict(plan), "goal": GOAL, "base": BASE, "turns": turns,
        "workloads": {workload.name: workload.title for workload in workloads},
        "variants": {variant.name: variant.title for variant in VARIANTS},
        "results": results, "toolbars": beside,
    }  # fmt: skip
