"""Which tests run together in one process, in which order, and which a quick run leaves out.

`python run.py test` runs the tests in as many processes as there are cores (pytest-xdist, ``--dist=loadgroup``). Here
stands what may not be torn apart. A test that measures time or memory carries ``@pytest.mark.xdist_group("cost")``
itself: two of those must not run at the same time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

# What is started once for all tests of a module stays in one process. `{}` stands for the test's first parameter.
TOGETHER = {
    "tests/test_browser.py": "browser",
    "tests/test_learn_browser.py": "browser of the book",
    "tests/xray/test_xray_browser.py": "browser of the xray",
    "tests/test_servers.py": "servers {}",
    "tests/test_people_benchmarks.py": "benchmarks of the people",
    "tests/test_site.py": "site",
    "tests/test_wheel.py": "wheel",
    "tests/test_deploy.py": "two instances behind nginx",
    "tests/behaviour/test_two_servers.py": "two servers",
}
# The same for a part of a module; `\1` is what the pattern found.
TOGETHER_IN_PART = {
    r"test_benchmarks\.py::test_every_program_gives\w+\[(\w+)-": r"survey \1",
    r"test_benchmarks\.py::test_(?:a_request_enters_no_more|the_last_of_3000)": "survey wsgiapp",
    r"test_benchmarks\.py::.*(?:xray|variant|debug_mode|checked_bound)": "benchmark of the xray",
    r"test_benchmarks\.py::test_(?:every_peer|the_report_and_the_picture|whole_servers)": "peers",
    r"test_benchmarks\.py::test_(?:a_run_has|the_report|the_picture_is|the_machine)": "short benchmark",
}

# What takes longest starts first, so that no process is left alone with it at the end; conformance is last, since
# its environment is made meanwhile.
FIRST = (
    *TOGETHER,
    "tests/test_benchmarks.py",
    "tests/typed/",
    "tests/behaviour/test_override_audit.py",
    "tests/behaviour/test_sizes.py",
    "tests/xray/test_store.py",
    "tests/xray/test_shop_watched.py",
)
LAST = ("tests/conformance/",)

# What `--quick` leaves out: part of a test's id, and the words for it.
LEFT_OUT = {
    r"^tests/conformance/": "Flask's own suite and those of its extensions",
    r"^tests/test_browser|_browser\.py": "pages in a real browser",
    r"^tests/(test_servers|test_deploy|test_wheel|behaviour/test_two_servers)\.py": "real servers, the wheel",
    r"^tests/test_site\.py": "the static site",
    r"^tests/test_(people_)?benchmarks\.py": "the benchmarks",
    r"^tests/typed/": "mypy and pyright on programs written for Flask",
    r"^tests/xray/test_shop_watched\.py": "the shop's tests once more, watched",
    r"^tests/(property/|rest/test_openapi)": "generated cases (hypothesis)",
}
COST = "what takes measured time or memory"
FLASK_ALONE = "questions to Flask alone, whose answers no change here can alter"


def group(nodeid: str) -> str | None:
    """The group of a test that must stay with others, for ``--dist=loadgroup``."""
    path, _, _ = nodeid.partition("::")
    parameter = re.search(r"\[(.*)\]$", nodeid)
    name = TOGETHER.get(path)
    if name:
        return name.format(parameter[1].partition("-")[0] if parameter else "alone")
    for pattern, part in TOGETHER_IN_PART.items():
        found = re.search(pattern, nodeid)
        if found:
            return found.expand(part)
    return None


def place(nodeid: str) -> int:
    """The smaller, the earlier."""
    return 0 if nodeid.startswith(FIRST) else 2 if nodeid.startswith(LAST) else 1


def reason(item: pytest.Item) -> str | None:
    """Why a quick run leaves this test out, if it does."""
    if any(mark.args[:1] == ("cost",) for mark in item.iter_markers("xdist_group")):
        return COST
    parameters = getattr(item, "callspec", None)
    if parameters is not None and parameters.params.get("framework") == "flask":
        return FLASK_ALONE
    return next((why for pattern, why in LEFT_OUT.items() if re.search(pattern, item.nodeid)), None)


def scope(nodeid: str) -> str:
    """The tests of one function, with all their parameters, go to one process together."""
    return nodeid.partition("[")[0]


def mark(items: Iterable[pytest.Item]) -> None:
    """Give each test its group."""
    for item in items:
        name = group(item.nodeid)
        if name:
            item.add_marker(pytest.mark.xdist_group(name))


def arrange(items: list[pytest.Item]) -> None:
    """Bring all tests into their order."""
    items.sort(key=lambda item: place(item.nodeid))


def summary(left_out: Iterable[str]) -> list[str]:
    """What was left out and how often, the most first."""
    found: dict[str, int] = {}
    for why in left_out:
        found[why] = found.get(why, 0) + 1
    lines = [f"{count:5} {why}" for why, count in sorted(found.items(), key=lambda each: -each[1])]
    return [f"{sum(found.values()):5} tests, which `python run.py test` runs:", *lines]
