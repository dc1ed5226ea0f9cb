"""The people's workloads are answered alike by Flask, by wsgiapp and by the floor, and the figures follow from them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as bench
from benchmarks import people, report, rounds
from benchmarks.people_workloads import VISIT, seal, unseal
from servers import ROOT, lack, require

TINY = rounds.Plan(rounds=2, batches=1, batch_ms=0.2, warm_up=0.01)
MADE_BY = {"flask": "flask.app", "wsgiapp": "wsgiapp.app", "floor": "benchmarks.programs.floor_framework"}


@cache
def survey(framework: str) -> dict[str, Any]:
    """What the framework answers to every visit, told by a process of its own."""
    command = [sys.executable, "-m", "benchmarks.people_worker", framework]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


@pytest.fixture(scope="module")
def tutorial() -> Iterator[None]:
    """Flask's tutorial, where the programs look for it."""
    require("pip")
    with people.tutorial() as missing:
        if missing:
            lack(f"needs a network: {missing}")
        yield


# -- the programs --------------------------------------------------------------------------------


@pytest.mark.usefixtures("tutorial")
@pytest.mark.parametrize("visit", VISIT)
def test_one_source_answers_alike_on_flask_on_wsgiapp_and_on_the_floor(visit: str) -> None:
    states = {name: survey(name)["visits"][visit] for name in MADE_BY}
    assert all("ready" in state for state in states.values()), states
    people.agree(visit, states)
    assert states["flask"]["same"] == states["wsgiapp"]["same"] != states["floor"]["same"]
    assert len({state["content"] for state in states.values()}) == 1


@pytest.mark.usefixtures("tutorial")
def test_each_of_them_runs_on_what_it_is_named_after() -> None:
    assert {name: survey(name)["framework"] for name in MADE_BY} == MADE_BY


@pytest.mark.usefixtures("tutorial")
@pytest.mark.parametrize("framework", ["flask", "floor"])
def test_the_shop_elsewhere_takes_nothing_of_wsgiapp_but_the_shop_and_its_library(framework: str) -> None:
    loaded = survey(framework)["loaded"]
    assert "shop/pages.py" in loaded
    assert [file for file in loaded if not file.startswith(("shop/", "rest/"))] == []


def test_a_sealed_session_opens_as_it_was() -> None:
    session = {"user_id": 7, "_flashes": [("message", "Hello")], "cart": {"1": 2}}
    assert unseal(seal(session)) == session


# -- the comparison ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"flask": {"same": "other"}}, "Flask, wsgiapp answer differently"),
        ({"floor": {"content": "other"}}, "Flask, the floor, wsgiapp answer differently"),
        ({"floor": {"same": "other"}}, ""),
    ],
    ids=["a framework's header", "the floor's body", "the floor's headers"],
)
def test_nothing_is_timed_when_answers_differ(changed: dict[str, dict[str, str]], said: str) -> None:
    agreed = {"ready": True, "same": "a", "content": "b"}
    states = {name: agreed | changed.get(name, {}) for name in people.FRAMEWORKS}
    if not said:
        return people.agree("page", states)
    with pytest.raises(rounds.WrongAnswerError, match=said):
        people.agree("page", states)
    return None


def test_the_own_share_is_what_each_round_took_above_the_same_rounds_floor() -> None:
    taken = {"flask": [100.0, 300.0, 110.0], "wsgiapp": [50.0, 100.0, 60.0], "floor": [20.0, 80.0, 20.0]}
    found = people.compare({name: {"rounds": values} for name, values in taken.items()})
    assert [found[name]["own_us"] for name in taken] == [90.0, 30.0, 0.0]
    assert found["flask"]["ratio"] == 2.0
    assert found["floor"]["us"] == 20.0


def test_the_spread_is_the_middle_half_of_the_rounds_over_the_median() -> None:
    assert people.spread([10.0, 10.0, 10.0]) == 0
    assert people.spread([8.0, 9.0, 10.0, 11.0, 12.0]) == pytest.approx(0.2)


def test_a_workload_that_cannot_be_run_is_listed_with_its_reason() -> None:
    states = {name: {"unable": "the source was not fetched"} for name in people.FRAMEWORKS}
    raw = {"results": {"x": states}, "titles": {"x": "the tutorial"}, "missing": []}
    assert report.unable(raw) == {"x": "the source was not fetched"}
    assert report.unable(raw | {"missing": ["no network"]}) == {"x": "no network"}


# -- the command ---------------------------------------------------------------------------------


def test_the_command_measures_in_turn_and_makes_its_own_place_in_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n")
    monkeypatch.setattr(bench, "PAGE", page)
    monkeypatch.setattr(people, "QUICK", TINY)
    monkeypatch.setattr(people, "tutorial", people.contextmanager(lambda say: iter([""])))
    arguments = ["--people", "--quick", "--only", "hooks_g", "--write", "--output", str(tmp_path / "out")]
    assert bench.main(arguments) == 0
    report.insert(page, "people", f"Again.\n\n{page.read_text('utf-8').partition('begin -->')[2].partition('<!--')[0]}")
    written, raw = page.read_text("utf-8"), json.loads((tmp_path / "page" / "people.json").read_text("utf-8"))
    assert written.startswith("before\n\n## Workloads that people have\n\n<!-- bench people: begin -->\n")
    assert written.count("## Workloads that people have") == written.count("| hooks that use g") == 1
    assert "`python run.py bench --people --quick --only hooks_g --write`" in written
    assert capsys.readouterr().out.strip().endswith("the noisiest of the three.")
    for states in raw["results"].values():
        assert {len(states[name]["rounds"]) for name in people.FRAMEWORKS} == {TINY.rounds}
        assert states["flask"]["us"] > states["floor"]["us"] > 0


def test_an_unknown_workload_of_the_people_is_an_error_that_lists_theirs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.parse(["--people", "--only", "hello"])
    assert "no such workload: hello; there are: rules_two, rules_mixed" in capsys.readouterr().err
