"""The machine on which figures were measured: what a reader must know to judge them. No names, paths or addresses."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DISTRIBUTIONS = (
    "wsgiapp", "Flask", "Werkzeug", "Jinja2", "itsdangerous", "MarkupSafe", "bottle", "falcon", "pyramid",
    "pyramid-jinja2", "Django", "fastapi", "starlette", "litestar", "blacksheep", "gunicorn", "granian", "uvicorn",
    "httptools", "uvloop",
)  # fmt: skip


def processor() -> str:
    """The model of the processor, as exactly as the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def usable_processors() -> list[int]:
    """The processors that this process may run on; where the system does not tell, all of them."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


@contextmanager
def on_processor(cpu: int | None) -> Iterator[None]:
    """Make processes that are started in the block stay on one processor. None changes nothing."""
    if cpu is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def choose_processors() -> tuple[int | None, int | None]:
    """Return one processor for the measured program and one for the load; None twice if there are not two."""
    usable = usable_processors()
    if len(usable) < 2 or not hasattr(os, "sched_setaffinity"):
        return None, None
    return usable[-1], usable[0]


FREE = 0.95


def free_share(cpu: int | None, seconds: float = 0.5) -> float:
    """Return the share of a processor that a busy loop gets: 1 if no other program runs on it."""
    with on_processor(cpu):
        start, used = time.perf_counter(), time.process_time()
        while time.perf_counter() < start + seconds:
            pass
        return (time.process_time() - used) / (time.perf_counter() - start)


def busy() -> str:
    """Return why figures measured now would be wrong; an empty text when the processors are free."""
    chosen = dict.fromkeys(choose_processors())
    shares = [share for cpu in chosen if (share := free_share(cpu)) < FREE]
    return f"other programs run on it: a loop got {min(shares):.0%} of a processor instead of all" if shares else ""


def load() -> list[float] | None:
    """The load average of 1, 5 and 15 minutes, where there is one."""
    return [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None


def versions() -> dict[str, str]:
    """The installed version of every distribution that takes part."""
    found = {}
    for name in DISTRIBUTIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def describe() -> dict[str, Any]:
    """All of it, as it stands now."""
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "compiler": platform.python_compiler(),
        "flags": {"optimize": sys.flags.optimize, "dev_mode": sys.flags.dev_mode},
        "system": platform.platform(),
        "processor": processor(),
        "processors": len(usable_processors()),
        "load": load(),
        "versions": versions(),
    }


def is_noisy(machine: dict[str, Any]) -> bool:
    """True when, at the start or the end, more programs wanted to run than half of the processors could take.

    One of them is the benchmark itself.
    """
    loads = [value[0] for value in (machine["load"], machine.get("load_after")) if value]
    return any(value > 1 + machine["processors"] / 2 for value in loads)


def sentence(machine: dict[str, Any]) -> str:
    """The machine in one line."""
    loads = [f"{value[0]:.2f}" for value in (machine["load"], machine.get("load_after")) if value]
    noise = " The machine was busy with other programs, so the figures are noisy." if is_noisy(machine) else ""
    measured = f", load average {' before, '.join(loads)} after" if len(loads) == 2 else ""
    return (
        f"{machine['date']}, {machine['python']}, {machine['processors']} processors ({machine['processor']}), "
        f"{machine['system']}{measured}.{noise}"
    )
