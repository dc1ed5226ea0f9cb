"""Shop layer 1: the same work in one thread and in several, measured.

Two kinds of work (waiting for an answer, and counting), the workers that do it and note when they did what, and what
this Python says of its GIL. Only measuring: the drawing is ``timeline``'s, the page ``concurrency``'s.
"""

from __future__ import annotations

import socket
import sys
import sysconfig
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

REPLY_MS = 40.0
TASK_MS = 20
CHUNK_MS = 1.0
START_SECONDS = 10  # for all threads to be there; more than a busy machine needs
# Where the clock of a thread is too coarse (Windows), a chunk is taken to need what it needed undisturbed.
FINE_CLOCK = time.get_clock_info("thread_time").resolution < 0.0005

Kind = Literal["wait", "work", "turn"]


class Span(NamedTuple):
    """What a thread did from ``start`` to ``end`` (ms): wait for an answer, work, or wait for its turn."""

    kind: Kind
    start: float
    end: float


@dataclass
class Lane:
    """The time line of one thread; ``cpu_ms`` is what it had of a processor."""

    name: str
    spans: list[Span] = field(default_factory=list)
    cpu_ms: float = 0.0

    @property
    def wall_ms(self) -> float:
        """How long the thread was busy or waiting, from its first span to its last."""
        return self.spans[-1].end - self.spans[0].start if self.spans else 0.0

    def add(self, kind: Kind, start: float, end: float) -> None:
        """Append a span, or lengthen the last one when it goes on with the same."""
        last = self.spans[-1] if self.spans else None
        if last and last.kind == kind == "work" and start - last.end < 0.1:
            self.spans[-1] = Span(kind, last.start, end)
        else:
            self.spans.append(Span(kind, start, end))


@dataclass(frozen=True)
class Run:
    """All tasks of one kind done by so many threads; ``wall_ms`` is the time on the clock."""

    lanes: list[Lane]
    wall_ms: float

    @property
    def cpu_ms(self) -> float:
        return sum(lane.cpu_ms for lane in self.lanes)


@dataclass(frozen=True)
class Comparison:
    """The same tasks in one thread and in several."""

    alone: Run
    shared: Run

    @property
    def speed_up(self) -> float:
        return self.alone.wall_ms / self.shared.wall_ms


@dataclass(frozen=True)
class Gil:
    """What this Python says of its global interpreter lock; ``switch_ms`` is how long a thread may keep it."""

    enabled: bool
    removable: bool
    switch_ms: float


Task = Callable[[Lane, Callable[[], float]], None]


def measure(tasks: int, threads: int) -> tuple[Comparison, Comparison]:
    """Return waiting and counting compared: ``tasks`` of each in one thread, then shared by ``threads``."""
    count = counting_task()
    waiting = Comparison(run(wait_for_reply, tasks, 1), run(wait_for_reply, tasks, threads))
    counting = Comparison(run(count, tasks, 1), run(count, tasks, threads))
    return waiting, counting


def run(task: Task, tasks: int, threads: int) -> Run:
    """Do ``task`` so many times in so many threads, each taking the next when it is free. Raises what a task raises.

    The threads start together, once all are there, and each has its first task by then: as many tasks as threads are
    one for each, however quickly the first thread works.
    """
    todo = deque([task] * tasks)
    lanes = [Lane(f"Thread {number}") for number in range(1, threads + 1)]
    first = [todo.popleft() if todo else None for _ in lanes]
    begin = 0.0

    def clock() -> float:
        return (time.perf_counter() - begin) * 1000

    def go() -> None:
        nonlocal begin
        begin = time.perf_counter()

    together = threading.Barrier(threads, go, START_SECONDS)
    with ThreadPoolExecutor(threads) as pool:
        workers = [
            pool.submit(_work_through, given, todo, lane, clock, together)
            for given, lane in zip(first, lanes, strict=True)
        ]
    wall = clock()
    for worker in workers:
        worker.result()
    return Run(lanes, wall)


def _work_through(
    task: Task | None, todo: deque[Task], lane: Lane, clock: Callable[[], float], together: threading.Barrier
) -> None:
    together.wait()
    begin = time.thread_time()
    while task is not None:
        task(lane, clock)
        try:
            task = todo.popleft()
        except IndexError:
            task = None
    lane.cpu_ms = (time.thread_time() - begin) * 1000


def wait_for_reply(lane: Lane, clock: Callable[[], float]) -> None:
    """Ask over a socket and wait for the answer, which takes ``REPLY_MS``: I/O as a database causes it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reply = threading.Timer(REPLY_MS / 1000, theirs.sendall, (b"answer",))
        reply.start()
        start = clock()
        ours.recv(16)
        lane.add("wait", start, clock())
        reply.join()


def counting_task() -> Task:
    """Return a task that counts for about ``TASK_MS`` of processor time, in chunks of ``CHUNK_MS``.

    A chunk that took longer on the clock than on the processor is where the thread had to wait for its turn.
    """
    steps = _steps_per_chunk()

    def count(lane: Lane, clock: Callable[[], float]) -> None:
        for _ in range(int(TASK_MS / CHUNK_MS)):
            start, before = clock(), time.thread_time()
            _count(steps)
            busy = (time.thread_time() - before) * 1000 if FINE_CLOCK else CHUNK_MS
            _note(lane, start, clock(), busy)

    return count


def _note(lane: Lane, start: float, end: float, busy: float) -> None:
    waited = end - start - busy
    if waited > max(0.5, busy / 2):
        lane.add("turn", start, start + waited)
        start += waited
    lane.add("work", start, end)


def _steps_per_chunk() -> int:
    """Measure how far this machine counts in ``CHUNK_MS``, at its best of five tries."""
    trial = 20_000
    times = []
    for _ in range(5):
        before = time.perf_counter()
        _count(trial)
        times.append((time.perf_counter() - before) * 1000)
    return max(1000, int(trial * CHUNK_MS / min(times)))


def _count(steps: int) -> int:
    total = 0
    for number in range(steps):
        total ^= number
    return total


def gil() -> Gil:
    """Return whether the GIL is there, whether this build can do without, and the switch interval."""
    is_enabled: Callable[[], bool] = getattr(sys, "_is_gil_enabled", lambda: True)
    removable = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    return Gil(is_enabled(), removable, sys.getswitchinterval() * 1000)
