"""Server-Timing: the header by which a browser's tools show the times of the server (W3C Server Timing).

At most twelve metrics and a kilobyte; the layers' own times add up to ``total``. The last metric, ``xray``, has the
trace's name as its description, so that a script on the page finds the trace of the very page it runs on.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from .instrumentation import self_times
from .recording import Recording, Step

#: Metrics of layers; ``total`` and ``xray`` come beside them.
MOST = 10
_MILLISECONDS = tuple(f"{microseconds / 1e3:.3f}" for microseconds in range(1000))


def value(recording: Recording, now: int) -> str:
    """Return the value of the header, at the time when the headers of the response are sent.

    :param now: :func:`time.perf_counter_ns`.
    """
    marks = recording.marks
    form = None if recording.has_inner_times else _plain(tuple(marks[1::2]))
    if form is None:
        return header(self_times(recording, now), (now - recording.begun) / 1e6, recording.id)
    # PERF: most requests pass each layer once, so that each step's time is its layer's. What is rounded is the time
    # since the beginning, so that the differences add up to the total (benchmarks/: xray).
    begun, last = recording.begun, 0
    shown = []
    for begin in (*marks[::2], now):
        since = (begin - begun) // 1000
        shown.append(since - last)
        last = since
    shown.append(last)
    if last < 1000:
        return form.format(*[_MILLISECONDS[each] for each in shown], recording.id)
    return form.format(*[f"{each / 1e3:.3f}" for each in shown], recording.id)


@lru_cache(maxsize=256)
def _plain(steps: tuple[Step, ...]) -> str | None:
    """The form for steps that are layers of their own; None where some must be added up."""
    names = ("server", *[step.layer for step in steps])
    return _form(names) if len(names) <= MOST and len({*names}) == len(names) else None


def header(times: Mapping[str, float], total: float, trace: str) -> str:
    """The value of the header.

    :param times: milliseconds that each layer took by itself, in order; names are tokens (RFC 9110, 5.6.2).
    :param total: milliseconds in all.
    :param trace: the trace's id, letters and digits.
    """
    if len(times) > MOST:
        times = _fewer(times)
    return _form(tuple(times)).format(*[f"{spent:.3f}" for spent in (*times.values(), total)], trace)


@lru_cache(maxsize=256)
def _form(names: tuple[str, ...]) -> str:
    metrics = [f"{name};dur={{}}" for name in (*names, "total")]
    return ", ".join([*metrics, 'xray;desc="{}"'])


def _fewer(times: Mapping[str, float]) -> dict[str, float]:
    """The longest ones; the rest together as ``other``."""
    longest = sorted(times, key=lambda name: -times[name])[: MOST - 1]
    kept = {name: spent for name, spent in times.items() if name in longest}
    return {**kept, "other": sum(times.values()) - sum(kept.values())}
