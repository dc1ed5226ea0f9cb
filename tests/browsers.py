"""The machine's own Chromium, for tests that look at pages as a visitor does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from servers import require

if TYPE_CHECKING:  # a machine without playwright still collects, and skips with a reason
    from playwright.sync_api import Browser

OPTIONS = [
    "--no-sandbox",  # in a container, as root, the sandbox cannot start
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--disable-extensions",
    "--disable-features=Translate,BackForwardCache,AcceptCHFrame,MediaRouter,OptimizationHints",
    "--no-first-run",
    "--no-pings",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a new and empty profile folder. Its driver keeps an event loop in this thread while it lives."""
    require("playwright")
    program = require("chromium", "chromium-browser", "google-chrome")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver, driver.chromium.launch(executable_path=program, args=OPTIONS) as started:
        yield started
