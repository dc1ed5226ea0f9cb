"""Which tests run together in one process, in which order, and which a quick run leaves out.

`python run.py test` runs the tests in as many processes as there are cores (pytest-xdist, ``--dist=loadgroup``). Here
stands what may not be torn apart. A test that measures time or memory carries ``@pytest.mark.xdist_group("cost")``
itself: two of those must not run at the same time.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable

import pytest

# What is started once for all tests of a module stays in one process. `{}` stands for the test's first parameter.
TOGETHER = {
    "tests/test_browser.py": "browser",
    "tests/test_learn_browser.py": "browser of the book",
    "tests/xray/test_xray_browser.py": "browser of the xray",
    "tests/shop/test_shop_journey.py": "browser of the journey",
    "tests/test_servers.py": "servers {}",
    "tests/test_people_benchmarks.py": "benchmarks of the people",
    "tests/test_site.py": "site",
    "tests/test_wheel.py": "wheel",
    "tests/test_deploy.py": "two instances behind nginx",
    "tests/behaviour/test_two_servers.py": "two servers",
    "tests/test_architecture.py": "the package read",
    "tests/xray/test_rooms.py": "the package read",
}
# The same for a part of a module; `\1` is what the pattern found.
TOGETHER_IN_PART = {
    r"test_project\.py::test_the_house_is_drawn": "the package read",
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

# What `--quick` leaves out: files by their paths, which are not even collected, and the words for them.
FILES_LEFT_OUT = {
    r"^tests/conformance/": "Flask's own suite and those of its extensions",
    r"^tests/(.*/)?test_(\w+_)?(browser|journey)\.py$": "pages in a real browser",
    r"^tests/(test_servers|test_deploy|test_wheel|behaviour/test_two_servers)\.py$": "real servers, the wheel",
    r"^tests/test_site\.py$": "the static site",
    r"^tests/test_(people_)?benchmarks\.py$": "the benchmarks",
    r"^tests/behaviour/test_hostile_requests\.py$": "hostile requests by the hundred",
    r"^tests/typed/": "mypy and pyright on programs written for Flask",
    r"^tests/xray/test_shop_watched\.py$": "the shop's tests once more, watched",
    r"^tests/(property/|rest/test_openapi\.py$|xray/test_hostile\.py$)": "generated cases by the hundred",
    r"^tests/behaviour/test_(override_audit|sizes)\.py$": "every override and every size, one by one",
    r"^tests/(ladder/|test_as_flask\.py$|test_readme\.py$)": "programs, each in processes of its own",
    r"^tests/xray/test_(pytest_and_flask_apps|twin|commands)\.py$": "the X-ray's commands and twins, in processes",
    r"^tests/shop/test_learn\w*\.py$": "the book",
    r"^tests/xray/test_(redaction_by_value|forty_secrets|truth\w*|harmlessness)\.py$": "the X-ray's secrets and words",
}
# Single tests of other files that take seconds, mostly since they start processes.
SLOW = {
    "test_of_two_buyers_of_the_last_piece_exactly_one_gets_it_a_hundred_times",
    "test_two_processes_that_start_at_once_seed_one_shop_and_share_one_key",
    "test_hostile_paths_headers_cookies_and_names_are_text_on_every_page",
    "test_what_a_module_starts_is_started_once_in_all_processes_together",
    "test_a_quick_run_leaves_out_what_is_slow_and_says_what_that_is",
}
COST = "what takes measured time or memory"
FLASK_ALONE = "questions to Flask alone, whose answers no change here can alter"
GENERATED = "generated cases (hypothesis)"
SECONDS = "single tests that take seconds"
ON_POSTGRESQL = "the shop's tests once more, on PostgreSQL"


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


@functools.cache
def reason_of_file(path: str) -> str | None:
    """Why a quick run leaves this file or folder out, if it does; a folder's path ends with a slash."""
    return next((why for pattern, why in FILES_LEFT_OUT.items() if re.search(pattern, path)), None)


def reason(item: pytest.Item) -> str | None:
    """Why a quick run leaves this test out, if it does."""
    if any(mark.args[:1] == ("cost",) for mark in item.iter_markers("xdist_group")):
        return COST
    parameters = getattr(item, "callspec", None)
    if parameters is not None and parameters.params.get("framework") == "flask":
        return FLASK_ALONE
    on_both = item.config.getoption("--database") == "both"
    if on_both and parameters is not None and parameters.params.get("database") == "postgresql":
        return ON_POSTGRESQL
    if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
        return GENERATED
    if scope(item.nodeid).rpartition("::")[2] in SLOW:
        return SECONDS
    return reason_of_file(item.nodeid.partition("::")[0])  # when it was named on the command line


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


def summary(left_out: Iterable[str], files: Iterable[tuple[str, str]]) -> list[str]:
    """What was left out: of tests how many, the most first; of files, which were not looked into, their names."""
    counted = Counter(left_out).most_common()
    named: dict[str, list[str]] = {}
    for why, name in files:
        named.setdefault(why, []).append(name)
    return [
        "`python run.py test` runs this as well:",
        *(f"{count:5} {'test' if count == 1 else 'tests'}: {why}" for why, count in counted),
        *(f"      {why}: {', '.join(sorted(paths))}" for why, paths in sorted(named.items())),
    ]
