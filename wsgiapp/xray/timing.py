"""Server-Timing: what a browser's tools show of the server's part of a request (W3C Server Timing).

At most twelve metrics and a kilobyte; the layers' own times add up to ``total``. The last metric, ``xray``, has the
trace's name as its description, so that a script on the page finds the trace of the very page it runs on.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

#: Metrics of layers; ``total`` and ``xray`` come beside them.
MOST = 10


def header(times: Mapping[str, float], total: float, trace: str) -> str:
    """The value of the header.

    :param times: milliseconds that each layer took by itself, in order; names are tokens (RFC 9110, 5.6.2).
    :param total: milliseconds in all.
    :param trace: the trace's id, letters and digits.
    """
    if len(times) > MOST:
        times = _fewer(times)
    # PERF: one formatting for all; the sets of layers that requests meet are few (benchmarks/: xray).
    return _form(tuple(times)) % (*times.values(), total, trace)


@lru_cache(maxsize=256)
def _form(names: tuple[str, ...]) -> str:
    metrics = [f"{name};dur=%.3f" for name in (*names, "total")]
    return ", ".join([*metrics, 'xray;desc="%s"'])


def _fewer(times: Mapping[str, float]) -> dict[str, float]:
    """The longest ones; the rest together as ``other``."""
    longest = sorted(times, key=lambda name: -times[name])[: MOST - 1]
    kept = {name: spent for name, spent in times.items() if name in longest}
    return {**kept, "other": sum(times.values()) - sum(kept.values())}
