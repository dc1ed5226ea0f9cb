"""Run every suite of the table on Flask itself and write down what it gave.

    python tests/conformance/record.py [SUITE ...]    # constraints.txt and recorded.json, for all suites or the named

Run it after a change of the table. With suite names, the versions in constraints.txt stay and only those suites are
recorded anew; without, the newest versions of all their dependencies are taken and written down too.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sandbox
import suites
from sandbox import CONSTRAINTS, Environment
from suites import RECORDED, Suite


def flask_environment(table: list[Suite], common: list[str]) -> Environment:
    """The environment with Flask that all suites share, and their source distributions in the cache."""
    environment = sandbox.make_environment("suites", suites.requirements(table, common), alias=False)
    sandbox.fetch(suites.indexed(table), environment)
    return environment


def freeze(environment: Environment) -> str:
    """What is installed, one ``name==version`` a line."""
    command = [sys.executable, "-m", "pip", "--python", str(environment.python), "list", "--format=json"]
    found = json.loads(subprocess.check_output(command))
    lines = sorted(f"{each['name']}=={each['version']}" for each in found if each["name"] != "pip")
    return "\n".join(["# Written by record.py: the versions that recorded.json holds for.", *lines, ""])


def main(names: list[str]) -> None:
    """Record the suites called *names*, or all of them with new versions."""
    table, common = suites.read_table()
    chosen = [suite for suite in table if not names or suite.name in names]
    if not names:
        CONSTRAINTS.write_text("", encoding="utf-8")
    environment = flask_environment(table, common)
    if not names:
        CONSTRAINTS.write_text(freeze(environment), encoding="utf-8")
    recorded = suites.read_recorded() if names else {}
    for suite in chosen:
        suite.fetch()
        with tempfile.TemporaryDirectory() as folder:
            results = suite.run(environment, Path(folder))
        recorded[suite.name] = {"version": suite.version, **suites.summary(results)}
        print(suite.name, results.counts(), flush=True)
    content = {"flask": sandbox.FLASK, "python": platform.python_version(), "suites": recorded}
    RECORDED.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
