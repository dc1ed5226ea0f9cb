"""No figure in the documents is typed from memory: each is counted here, or read from what a command has measured.

A test that fails says which sentence to write. The measured ones come from docs/benchmarks/*.json, which
`python run.py bench --write` renews.
"""

from __future__ import annotations

import json
import re
import statistics
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.programs import FRAMEWORKS
from servers import ROOT
from test_architecture import MOST_CODE_LINES
from tools import measure
from wsgiapp.dispatch import LIFECYCLE
from wsgiapp.shop.learn_book import ORDER
from wsgiapp.wrappers import Response
from wsgiapp.xray.record import recording as recorded
from wsgiapp.xray.record import store

WORDS = {5: "five", 15: "fifteen", 16: "sixteen", 17: "seventeen", 18: "eighteen"}


def measured(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs" / "benchmarks" / f"{name}.json").read_text(encoding="utf-8"))
    return found


REQUESTS, PEOPLE, XRAY, STACK = (measured(name)["results"] for name in ("requests", "people", "xray", "stack"))
SUITES = tomllib.loads((ROOT / "tests" / "conformance" / "suites.toml").read_text(encoding="utf-8"))["suite"]


def steps() -> list[int]:
    """How many lines each step of the ladder has."""
    return [module.code for name, module in measure.standing(ROOT / "ladder").items() if "step_" in name]


def in_words(number: int) -> str:
    return WORDS.get(number, str(number))


def times(workload: str) -> str:
    """How many times as much a workload costs on Flask."""
    return f"{REQUESTS[workload]['flask']['ratio']:.1f}"


def same() -> str:
    source = (ROOT / "tests" / "conformance" / "test_flask_suite.py").read_text(encoding="utf-8")
    passed = re.findall(r'== \{"passed": (\d+), "failed": 0, "skipped": 0\}', source)
    return (
        f"Flask's own {passed[0]} tests pass under its name, and each test of {in_words(len(SUITES))} extensions and "
        "agents ends as on Flask"
    )


def visible() -> str:
    return f"{len(LIFECYCLE)} layers, each with function, line and time; switched off, it costs not one call"


def light() -> str:
    hello = REQUESTS["hello"]
    return (
        f"“hello” takes {hello['wsgiapp']['calls']} calls of Python functions where Flask takes "
        f"{hello['flask']['calls']}, and Flask takes {times('hello')} times as long; {times('template')} times with a "
        f"template, {times('sessions')} with a session"
    )


def people() -> str:
    ratios = {name: result["flask"]["ratio"] for name, result in PEOPLE.items()}
    return (
        f"Requests shaped as those of real applications take {min(ratios.values()):.2f} to {max(ratios.values()):.1f} "
        f"times as long on Flask: {ratios['login']:.1f} for a login, {ratios['page']:.1f} for a page of 20 links"
    )


def taught() -> str:
    return (
        f"{in_words(len(steps()))} steps, {sum(steps())} lines in all, the last of which passes the "
        f"{tutorial_tests()} tests of Flask's tutorial; a book of {in_words(len(ORDER))} chapters"
    )


def tutorial_tests() -> str:
    found = re.search(r'"tutorial": (\d+)', (ROOT / "ladder" / "share.py").read_text(encoding="utf-8"))
    assert found
    return found[1]


def servers() -> str:
    ratios = [result["ratio"] for result in STACK if result["server"].startswith("gunicorn")]
    return (
        f"Behind gunicorn, whose own work counts too, it answers {min(ratios):.1f} to {max(ratios):.1f} times as many "
        f"requests a second as Flask, {statistics.median(ratios):.1f} in the middle; a database evens it out further."
    )


def falcon() -> str:
    quicker = sum(results["falcon"]["ratio"] < 1 for results in REQUESTS.values() if "ratio" in results["falcon"])
    of = sum("ratio" in results["falcon"] for results in REQUESTS.values())
    return f"Falcon, which is partly compiled, is quicker in {quicker} of {of} workloads."


def recording() -> str:
    page, more = XRAY["page"]["plain"]["calls"], XRAY["page"]["near"]["more_us"]
    return (
        f"While it records, the X-ray adds {more:.0f} µs to a page of {page} calls: it is for development, and off "
        "elsewhere."
    )


def light_chapter() -> str:
    hello = REQUESTS["hello"]
    return (
        f"For one small page Flask makes {hello['flask']['calls']} calls of Python functions, "
        f"and the framework of this site {hello['wsgiapp']['calls']}."
    )


def xray_cost() -> str:
    more = XRAY["hello"]["near"]["calls"] - XRAY["hello"]["plain"]["calls"]
    return f"Recording: {more} Python calls for a request with nothing inside"


def xray_bounds() -> str:
    kept = f"The last {store.LIMIT} requests are kept, {recorded.MAX_BODY >> 10} KB of a body each"
    return f"{kept}, {store.MAX_BYTES >> 20} MB in all"


def peers() -> str:
    others = {"raw", "jinja2", "wsgiapp", "flask"}
    found = [each.name for each in FRAMEWORKS if each.name not in others]
    return f"beside Flask and {in_words(len(found))} other frameworks"


SENTENCES: list[tuple[str, Callable[[], str]]] = [
    ("README.md", same),
    ("README.md", visible),
    ("README.md", light),
    ("README.md", taught),
    ("README.md", people),
    ("README.md", servers),
    ("README.md", falcon),
    ("README.md", recording),
    ("docs/book/light.md", light_chapter),
    ("docs/book/start.md", lambda: f"the *ladder*: {in_words(len(steps()))} steps"),
    ("ladder/README.md", lambda: f"A web framework in {in_words(len(steps()))} steps"),
    ("ladder/README.md", lambda: f"All {in_words(len(steps()))} answer the same guestbook"),
    ("ladder/README.md", lambda: f"Together they have {sum(steps())} lines of code"),
    ("docs/xray.md", xray_cost),
    ("docs/xray.md", xray_bounds),
    ("docs/xray.md", lambda: f"bytes used of {Response.max_cookie_size:,}"),
    ("docs/benchmarks.md", peers),
    ("docs/architecture.md", lambda: f"under {MOST_CODE_LINES:,} code lines"),
    ("CHANGELOG.md", lambda: f"the suites of {in_words(len(SUITES))} extensions"),
    ("CHANGELOG.md", lambda: f"a framework in {in_words(len(steps()))} steps"),
    ("CHANGELOG.md", lambda: f"{in_words(len(ORDER))} chapters and a glossary"),
]


@pytest.mark.parametrize(("page", "sentence"), SENTENCES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_page_says_what_is_counted_or_was_measured(page: str, sentence: Callable[[], str]) -> None:
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    assert sentence() in text, f"{page} must say: {sentence()}"


# Words that come before a figure which somebody remembers. Where one is right, the sentence stands above or here.
REMEMBERED = re.compile(
    r"\b(?:some|about|around|nearly|almost|roughly|over|more than|less than) (?:\d[\d,.]*|a dozen|a thousand) ?\w*"
)
KNOWN = {
    "docs/benchmarks.md": {"about 3 ms", "about 10 ms", "about 20 ms"},  # of the plan, written by the command
    # Bounds, each tested where it stands.
    "docs/differences.md": {"over 253 characters", "more than 200 characters", "more than 8,000 characters"},
}


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda path: path.name
)
def test_no_page_gives_a_figure_by_heart(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    found = set(REMEMBERED.findall(path.read_text(encoding="utf-8"))) - KNOWN.get(name, set())
    assert not found, f"{name} says {found}: count or measure it, and add the sentence to SENTENCES"
