"""What servers of ASGI load: the application that two environment variables name."""

from __future__ import annotations

import os

from benchmarks.programs import asgi_programs

application = getattr(asgi_programs, os.environ["BENCHMARK_FRAMEWORK"])(os.environ["BENCHMARK_WORKLOAD"])
