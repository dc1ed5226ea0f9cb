"""Make what the conformance tests need, ahead of them: `python run.py test` has it run beside the other tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sandbox
import suites


def main() -> int:
    """Fill the cache; without a network the tests themselves say what they lack."""
    try:
        with sandbox.alone():
            environment = sandbox.make_environment("suites", suites.REQUIREMENTS, alias=True)
            sandbox.fetch(suites.SOURCES, environment)
        for alias in (True, False):
            with sandbox.alone():
                sandbox.make_environment("agents", sandbox.AGENTS, alias)
        with sandbox.alone():
            for suite in suites.read_table()[0]:
                suite.fetch()
    except sandbox.NoNetworkError:
        sandbox.say("no package index can be reached; the tests use what the cache holds")
    except sandbox.NoPoolError as error:
        sandbox.say(f"one suite {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
