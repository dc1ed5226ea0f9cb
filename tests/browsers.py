"""The machine's own Chromium, for tests that look at pages as a visitor does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from servers import Server, require, running, shop_environment, werkzeug

if TYPE_CHECKING:  # a machine without playwright still collects, and skips with a reason
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

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


# -- a shop to look at


XRAY_TOKEN = "token-of-the-browser-tests"


@contextmanager
def shop_with_xray(folder: Path) -> Iterator[Server]:
    """A shop in debug mode, as ``python run.py`` serves it, whose X-ray opens with `XRAY_TOKEN`."""
    command = [*werkzeug(), "--debug", "--no-debugger", "--no-reload"]
    with running(command, folder, {**shop_environment(folder), "WSGIAPP_XRAY_TOKEN": XRAY_TOKEN}) as server:
        yield server


# -- what must not happen


REPORT_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', event =>
    console.error(`${event.violatedDirective} forbids ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`));
"""


@contextmanager
def watched_context(
    browser: Browser, address: str, complaints: list[str] | None = None, expected: str = "status of 422", **options: Any
) -> Iterator[BrowserContext]:
    """An empty profile; at its end the test fails when the console complained, or anything came from elsewhere.

    *complaints* is where they are collected, for a test that takes some out. What holds the text *expected* is none: by
    itself, that a form came back with its errors, which is news to the console alone.
    """
    found = [] if complaints is None else complaints
    with browser.new_context(base_url=address, **options) as context:
        context.set_default_timeout(10_000)
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", lambda message: found.extend(complaint(message, expected)))
        context.on("weberror", lambda error: found.append(f"script error: {error.error}"))
        context.on("request", lambda request: found.extend(foreign(request.url, address)))
        context.on("dialog", lambda dialog: (found.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        yield context
    assert found == []


def complaint(message: ConsoleMessage, expected: str) -> list[str]:
    """What *message* complains of, unless that was *expected*, or is the icon that a browser asks for by itself."""
    is_one = message.type in {"error", "warning"} and expected not in message.text
    is_one = is_one and not message.location["url"].endswith("/favicon.ico")
    return [f"{message.text} at {message.location}"] if is_one else []


def foreign(url: str, address: str) -> list[str]:
    """*url* when it leads away from the shop at *address*."""
    return [] if url.startswith((address, "data:")) else [f"fetched from elsewhere: {url}"]


# -- what a visitor does


def submit(page: Page, action: str, **fields: str) -> None:
    """Fill the first form that is sent to *action*, and send it by its button."""
    form = page.locator(f'form[action^="{action}"]').first
    for name, value in fields.items():
        form.locator(f'[name="{name}"]').fill(value)
    with page.expect_navigation():
        form.locator("button").click()


def press(page: Page, key: str = "Enter") -> None:
    """Press *key*, which leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there, on something that is in sight and shows its focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            break
    else:
        pytest.fail(f"no Tab leads to {selector}")
    seen = page.evaluate(
        """() => {
            const {outlineStyle, outlineWidth} = getComputedStyle(document.activeElement);
            const {top, bottom} = document.activeElement.getBoundingClientRect();
            const card = document.activeElement.closest('.card');
            const shown = card ? getComputedStyle(card).outlineStyle : outlineStyle;
            return [shown !== 'none' && outlineWidth !== '0px', top < innerHeight && bottom > 0];
        }"""
    )
    assert seen == [True, True], f"the focus on {selector} cannot be seen"
