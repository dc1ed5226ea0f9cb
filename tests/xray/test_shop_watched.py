"""The shop's own tests of pages, forms and API pass while every request of theirs is recorded.

Each test runs with the first of its parameters: every kind of page, form, order and resource is watched, not each way
to get one field wrong, which takes the same road through the X-ray. The book's pages are watched in
tests/test_learn_browser.py, by a browser.
"""

from __future__ import annotations

import re
import subprocess
import sys

from servers import ROOT

PROGRAM = """
import pytest
from wsgiapp.xray import XRay

class First:
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items):
        first = {item.nodeid.partition("[")[0]: item for item in reversed(items)}
        items[:] = reversed(first.values())
        functions.extend(first)

functions, recorded = [], []
XRay.listeners.append(lambda app, recording: recorded.append(app.name))
names = ("api", "cart", "checkout", "forms", "pages")
files = [f"tests/shop/test_shop_{name}.py" for name in names]
code = pytest.main(["-q", "-p", "no:cacheprovider", *files, "--database=sqlite", "--xray"], plugins=[First()])
print(f"code {int(code)}, {len(functions)} tests, recorded {len(recorded)} of {sorted(set(recorded))}")
"""


def test_the_shop_passes_its_tests_while_it_is_watched() -> None:
    shown = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    recorded = re.search(r"code 0, (\d+) tests, recorded (\d+) of \['wsgiapp.shop'\]", shown)
    assert recorded is not None, shown
    assert int(recorded[1]) > 90 and int(recorded[2]) > 450, shown
