"""Start-up, in fresh processes: what an import costs, the command line, the first request, memory at rest.

Every figure is the best of several processes, which take turns: start-up has no noise that makes it faster.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks import client, machine, people, stack
from benchmarks.rounds import Say, WrongAnswerError, silent
from benchmarks.workloads import BY_NAME, FOLDER

# Werkzeug is the floor under both: what they have in common can only be imported.
SUBJECTS = {
    "python": "", "werkzeug": "import werkzeug", "wsgiapp": "from wsgiapp import App",
    "flask": "from flask import Flask as App",
}  # fmt: skip
FIGURES = {
    "import_ms": "import, ms",
    "import_times": "import, times that of Werkzeug",
    "modules": "modules loaded by it",
    "help_ms": "`--help`, whole process, ms",
    "routes_ms": "`routes` of Flask's tutorial, whole process, ms",
    "first_ms": "from import to the first answer, ms",
    "memory_mb": "memory after import, MB",
    "memory_served_mb": "memory at rest after 1,000 requests, MB",
    "worker_mb": "memory of a worker at rest, MB",
    "preloaded_mb": "the same with `--preload`, MB",
}
COMMAND = {"wsgiapp": "wsgiapp.as_flask", "flask": "flask"}  # what runs the tutorial, which imports flask

# What a child runs: {code} is the import. It prints what it saw as JSON, and loads nothing else before it has looked.
MEMORY = """
memory_mb = None
if sys.platform == "linux":
    with open("/proc/self/status") as status:
        memory_mb = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))
"""
IMPORT = """
import sys, time
count, start = len(sys.modules), time.perf_counter()
{code}
took, count = time.perf_counter() - start, len(sys.modules) - count
{memory}
import json
print(json.dumps(dict(import_ms=took * 1e3, modules=count, memory_mb=memory_mb)))
"""
SERVE = """
import time
start = time.perf_counter()
{code}
app = App("hello")
app.secret_key = "key"

@app.route("/")
def hello():
    return "Hello, World!"

import io, sys
def ask():
    environ = dict(REQUEST_METHOD="GET", SCRIPT_NAME="", PATH_INFO="/", QUERY_STRING="", SERVER_NAME="localhost",
                   SERVER_PORT="80", SERVER_PROTOCOL="HTTP/1.1", HTTP_HOST="localhost")
    environ |= {{"wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(),
                "wsgi.errors": sys.stderr, "wsgi.multithread": False, "wsgi.multiprocess": False,
                "wsgi.run_once": False}}
    answer = app(environ, lambda status, headers, exc_info=None: None)
    body = b"".join(answer)
    getattr(answer, "close", lambda: None)()
    return body

assert ask() == b"Hello, World!"
took = time.perf_counter() - start
for _ in range(1000):
    ask()
import gc
gc.collect()
{memory}
import json
print(json.dumps(dict(first_ms=took * 1e3, memory_served_mb=memory_mb)))
"""


@dataclass(frozen=True)
class Plan:
    """How many fresh processes each figure is the best of; the memory of a worker is that of one of *workers*."""

    processes: int = 15
    workers: int = 4


QUICK = Plan(processes=3)


@cache
def compiled() -> tempfile.TemporaryDirectory[str]:
    """Where the children keep compiled files, for all subjects alike: whatever was there before does not count."""
    return tempfile.TemporaryDirectory(prefix="benchmark-")


def environment() -> dict[str, str]:
    """The environment of a child: the repository can be imported, and compiled files are kept."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    chosen = {"PYTHONPATH": str(FOLDER.parent), "PYTHONHASHSEED": "0", "PYTHONPYCACHEPREFIX": compiled().name}
    return {**kept, **chosen}


def child(*arguments: str, folder: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments, in silence."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=True, timeout=60
    )


def help_ms(name: str) -> float:
    """How long the command with ``--help`` takes, the whole process; for Python alone an empty program."""
    arguments = ("-c", "") if name == "python" else ("-m", name, "--help")
    start = time.perf_counter()
    child(*arguments)
    return (time.perf_counter() - start) * 1e3


def routes_ms(name: str) -> float | None:
    """How long the table of the tutorial's routes takes, the whole process; None without the tutorial.

    :raises WrongAnswerError: when the table lacks one of the tutorial's routes.
    """
    folder = os.environ.get(people.TUTORIAL)
    if folder is None:
        return None
    start = time.perf_counter()
    shown = child("-m", COMMAND[name], "--app", "flaskr", "routes", folder=folder).stdout
    took = (time.perf_counter() - start) * 1e3
    if "/auth/login" not in shown or "blog.update" not in shown:
        raise WrongAnswerError(f"{name}: the tutorial's routes are not shown: {shown[:200]!r}")
    return took


def share_of(pid: int) -> float:
    """The memory of a process in MB; what it shares with others counts by its part (PSS)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def worker_mb(name: str, count: int, preload: bool) -> float | None:
    """What one of *count* gunicorn workers holds at rest, after some requests; None where the system does not tell.

    :raises ServerError: when the workers do not start.
    """
    options = ("--workers", str(count), "--log-level", "error", *(["--preload"] if preload else []))
    server = stack.Server("gunicorn", "gunicorn", options)
    if sys.platform != "linux" or not server.available():
        return None
    hello = BY_NAME["hello"]
    with stack.serving(server, name, hello, None) as (port, pid):
        deadline = time.monotonic() + stack.START_SECONDS
        while len(children_of(pid)) < count and time.monotonic() < deadline:  # they start one after another
            time.sleep(0.02)
        for _ in range(20 * count):
            client.ask_once(port, client.request_bytes(hello))
        workers = children_of(pid)
        if len(workers) != count:
            raise stack.ServerError(f"gunicorn has {len(workers)} workers instead of {count}")
        return sum(map(share_of, workers)) / count


def sample(name: str) -> dict[str, float]:
    """Every figure once, each in a process of its own."""
    code = SUBJECTS[name]
    figures: dict[str, Any] = json.loads(child("-c", IMPORT.format(code=code, memory=MEMORY)).stdout)
    if name != "werkzeug":
        figures["help_ms"] = help_ms(name)
    if code.endswith("App"):
        figures |= json.loads(child("-c", SERVE.format(code=code, memory=MEMORY)).stdout)
        figures["routes_ms"] = routes_ms(name)
    return {key: value for key, value in figures.items() if value is not None}


def slowest(name: str, processes: int) -> list[tuple[str, float]]:
    """The top-level packages that the import spends most of its time in: milliseconds of their own, best of several."""
    best: dict[str, float] = {}
    for _ in range(processes):
        times: dict[str, float] = {}
        for line in child("-X", "importtime", "-c", SUBJECTS[name]).stderr.splitlines():
            own, _, module = line.removeprefix("import time:").split("|")
            if own.strip().isdigit():
                package = module.strip().partition(".")[0]
                times[package] = times.get(package, 0) + int(own) / 1e3
        best = {package: min(ms, best.get(package, ms)) for package, ms in times.items()}
    return sorted(best.items(), key=lambda item: -item[1])[:8]


def at_rest(name: str, count: int) -> dict[str, float]:
    """The memory of a worker with and without ``--preload``, of the frameworks alone."""
    if name not in COMMAND:
        return {}
    found = {"worker_mb": worker_mb(name, count, preload=False), "preloaded_mb": worker_mb(name, count, preload=True)}
    return {key: value for key, value in found.items() if value is not None}


def run(plan: Plan, say: Say = silent) -> dict[str, Any]:
    """Measure all; returns the raw figures with the machine's description."""
    described = machine.describe()
    samples: dict[str, list[dict[str, float]]] = {name: [] for name in SUBJECTS}
    with people.tutorial(say) as missing:
        for number in range(plan.processes + 1):
            say(f"round {number} of {plan.processes}" if number else "once to fill the caches")
            for name in SUBJECTS:
                samples[name].append(sample(name))
    results: dict[str, Any] = {}
    for name, taken in samples.items():
        results[name] = {key: min(figures[key] for figures in taken[1:]) for key in taken[0]}
        results[name] |= at_rest(name, plan.workers)
        results[name]["slowest"] = slowest(name, min(5, plan.processes)) if SUBJECTS[name] else []
        results[name]["rounds"] = taken[1:]
    for figures in results.values():
        if figures["modules"]:
            figures["import_times"] = figures["import_ms"] / results["werkzeug"]["import_ms"]
    described["load_after"] = machine.load()
    return {
        "kind": "startup", "machine": described, "plan": asdict(plan), "figures": FIGURES, "results": results,
        "missing": missing,
    }  # fmt: skip
