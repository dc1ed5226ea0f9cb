"""What the servers of `stack` load: the application that two environment variables name."""

from __future__ import annotations

import os

from benchmarks.programs import FRAMEWORK, build

application = build(FRAMEWORK[os.environ["BENCHMARK_FRAMEWORK"]], os.environ["BENCHMARK_WORKLOAD"])
