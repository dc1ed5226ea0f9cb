"""The own test suites of widely used Flask extensions, run on wsgiapp: every test ends as it does on Flask.

The extensions stand in an environment without Flask. What Flask gives is recorded; where a run differs from the
record, and with CONFORMANCE_FLASK=1 in any case, Flask itself is asked once more and decides.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sandbox
import suites
from sandbox import Environment, Workshop
from suites import Suite

from servers import lack

TABLE, _ = suites.read_table()
RECORDED = suites.read_recorded()
ASK_FLASK = bool(os.environ.get("CONFORMANCE_FLASK"))
NOTHING_OF_FLASK = """
import importlib.metadata, importlib.util
assert importlib.util.find_spec("flask") is None
assert "flask" not in {each.metadata["Name"].lower() for each in importlib.metadata.distributions()}
"""

FlaskSummary = Callable[[Suite], dict[str, Any]]


@pytest.fixture(scope="module")
def on_flask(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> FlaskSummary:
    """Runs a suite on Flask; the environment for it is made when the first one asks."""

    def run(suite: Suite) -> dict[str, Any]:
        environment = workshop("suites", suites.REQUIREMENTS, suites.SOURCES, alias=False)
        return suites.summary(suite.run(environment, tmp_path_factory.mktemp("flask")))

    return run


def fetch(suite: Suite) -> None:
    """Have a source that comes from a pool; where it cannot be had, the test ends as `servers.lack` says."""
    if not suite.pool:
        return  # pip has fetched it with the others; nobody waits for the cache
    try:
        with sandbox.alone():
            suite.fetch()
    except sandbox.NoPoolError as error:
        lack(str(error))


def test_the_environment_of_the_extensions_holds_no_flask(alias_environment: Environment, tmp_path: Path) -> None:
    looked = alias_environment.run(["-c", NOTHING_OF_FLASK], tmp_path)
    assert looked.returncode == 0, looked.stderr


@pytest.mark.parametrize("suite", TABLE, ids=lambda suite: suite.name)
def test_the_suite_of_an_extension_ends_as_on_flask(
    suite: Suite,
    alias_environment: Environment,
    on_flask: FlaskSummary,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    fetch(suite)
    results = suite.run(alias_environment, tmp_path)
    record_property("suite", f"{suite.name} {results.counts()}")
    recorded, alias = RECORDED[suite.name], suites.summary(results)
    flask = on_flask(suite) if ASK_FLASK or suites.compare(recorded, alias, suite.differences) else recorded
    assert flask["passed"] >= 0.9 * recorded["passed"], "Flask itself passes too little here to compare with"
    differences = suites.compare(flask, alias, suite.differences)
    assert not differences, "\n".join([*differences, results.output[-20_000:]])


@pytest.mark.parametrize("suite", TABLE, ids=lambda suite: suite.name)
def test_the_record_of_an_extension_is_of_its_pinned_version_and_says_something(suite: Suite) -> None:
    recorded = RECORDED[suite.name]
    assert recorded["version"] == suite.version
    assert recorded["passed"] >= 50 * len(recorded["failed"])


@pytest.mark.parametrize(("ci", "ending"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_suite_whose_source_cannot_be_had_fails_in_ci_and_is_skipped_elsewhere(
    ci: str, ending: type[BaseException], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(sandbox, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(sandbox, "APT_HELPER", tmp_path / "missing")
    with pytest.raises(ending, match="to fetch the source of some==1"):
        fetch(Suite("some", "1", why="", pool="some_1.orig.tar.xz"))


def test_the_record_holds_the_suites_of_the_table() -> None:
    assert sorted(RECORDED) == sorted(suite.name for suite in TABLE)


FLASK_GAVE = {"passed": 3, "failed": ["a"], "skipped": ["b"]}


@pytest.mark.parametrize(
    ("alias", "explained", "reported"),
    [
        (FLASK_GAVE, {}, []),
        ({"passed": 2, "failed": ["a", "c"], "skipped": ["b"]}, {}, ["failed under the alias only: c"]),
        ({"passed": 4, "failed": [], "skipped": ["b"]}, {}, ["failed on Flask only: a"]),
        ({"passed": 2, "failed": ["a"], "skipped": ["b", "c"]}, {}, ["skipped under the alias only: c"]),
        ({"passed": 2, "failed": ["a"], "skipped": ["b"]}, {}, ["5 tests ran on Flask, 4 under the alias"]),
        ({"passed": 2, "failed": ["a", "c"], "skipped": ["b"]}, {"c": "why"}, []),
        (FLASK_GAVE, {"c": "why"}, ["explained in suites.toml, but ends alike: c"]),
    ],
)
def test_a_comparison_reports_what_the_table_does_not_explain(
    alias: dict[str, Any], explained: dict[str, str], reported: list[str]
) -> None:
    assert suites.compare(FLASK_GAVE, alias, explained) == reported
