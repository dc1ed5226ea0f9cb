"""The table of extension suites, what each gave on Flask, and the comparison of two runs.

Here lives what is expected; how a suite is fetched and run stands in `sandbox`. `suites.toml` is written by hand,
`recorded.json` and `constraints.txt` by `record`.
"""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sandbox
from sandbox import HERE, Environment, Results

TABLE = HERE / "suites.toml"
RECORDED = HERE / "recorded.json"
ADDED = HERE / "added"


@dataclass(frozen=True)
class Suite:
    """One extension's own tests: a row of the table."""

    name: str
    version: str
    why: str  # what it asks of the framework that others do not
    tests: list[str] = field(default_factory=lambda: ["tests"])  # pytest's arguments
    needs: list[str] = field(default_factory=list)  # what its tests import beside the extension
    plugins: list[str] = field(default_factory=list)  # pytest plugins that its tests use
    autoload: bool = False  # have pytest load every installed plugin, as it does by itself
    pool: str = ""  # the archive with its tests in the pool of a Debian or Ubuntu, where its sdist brings none
    sha256: str = ""  # of that archive
    path: list[str] = field(default_factory=list)  # folders that its tests import helpers from
    added: dict[str, str] = field(default_factory=dict)  # files that its sdist lacks, and ours that stand in for them
    differences: dict[str, str] = field(default_factory=dict)  # test that ends otherwise under the alias, and why

    @property
    def requirement(self) -> str:
        return f"{self.name}=={self.version}"

    def fetch(self) -> None:
        """Put the source into the cache if it comes from a pool; what comes from the index, pip fetches in one go.

        :raises sandbox.NoPoolError: when it cannot be had here.
        """
        if self.pool:
            sandbox.fetch_from_pool(self.requirement, self.pool, self.sha256)

    def run(self, environment: Environment, folder: Path) -> Results:
        """Unpack the suite into *folder*, which must be empty, and run it."""
        home = sandbox.unpack(self.requirement, folder)
        for target, source in self.added.items():
            shutil.copy(ADDED / source, home / target)
        arguments = [part for plugin in self.plugins for part in ("-p", plugin)]
        variables = {} if self.autoload else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        if self.path:
            variables["PYTHONPATH"] = os.pathsep.join(str(home / part) for part in self.path)
        return sandbox.run_pytest(environment, home, [*arguments, *self.tests], variables)


def read_table(path: Path = TABLE) -> tuple[list[Suite], list[str]]:
    """The suites, and the packages that every one of them needs."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return [Suite(name, **row) for name, row in table["suite"].items()], table["needs"]


def requirements(suites: Iterable[Suite], common: Iterable[str]) -> list[str]:
    """Everything that an environment for all *suites* holds, Flask included."""
    found = {sandbox.FLASK, *common}
    for suite in suites:
        found |= {suite.requirement, *suite.needs}
    return sorted(found)


def indexed(suites: Iterable[Suite]) -> list[str]:
    """The source distributions that pip can download."""
    return [suite.requirement for suite in suites if not suite.pool]


# Flask's own suite runs where the extensions do: one environment is made, not two.
REQUIREMENTS = requirements(*read_table())
SOURCES = [sandbox.FLASK, *indexed(read_table()[0])]


# -- what Flask gave -----------------------------------------------------------------------------


def summary(results: Results) -> dict[str, Any]:
    """What is recorded of a run: how many passed, and which did not."""
    names = {outcome: results.named(outcome) for outcome in ("failed", "skipped")}
    return {"passed": results.counts()["passed"], **names}


def read_recorded(path: Path = RECORDED) -> dict[str, dict[str, Any]]:
    """The summary of each suite's run on Flask, by the suite's name."""
    found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["suites"]
    return found


def compare(flask: Mapping[str, Any], alias: Mapping[str, Any], explained: Mapping[str, str]) -> list[str]:
    """What differs between two summaries beyond what the table explains; empty when nothing does.

    An explained difference that is none is reported too, so that the table cannot go stale.
    """
    found = []
    differing: set[str] = set()
    for outcome in ("failed", "skipped"):
        ours, theirs = set(alias[outcome]), set(flask[outcome])
        differing |= ours ^ theirs
        found += [f"{outcome} under the alias only: {test}" for test in sorted(ours - theirs - explained.keys())]
        found += [f"{outcome} on Flask only: {test}" for test in sorted(theirs - ours - explained.keys())]
    found += [f"explained in suites.toml, but ends alike: {test}" for test in sorted(explained.keys() - differing)]
    totals = [part["passed"] + len(part["failed"]) + len(part["skipped"]) for part in (flask, alias)]
    if totals[0] != totals[1]:
        found.append(f"{totals[0]} tests ran on Flask, {totals[1]} under the alias")
    return found
