"""The book in a real browser, in a narrow window: requests are sent, their X-ray opens, and axe finds no barrier.

Every test fails at its end when the browser's console complained or anything was fetched from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from axe import violations
from browsers import XRAY_TOKEN, shop_with_xray, watched_context
from servers import Server
from wsgiapp.shop.learn_book import GLOSSARY, ORDER, chapter

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

    from wsgiapp.shop.learn_book import Try


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A shop in debug mode."""
    with shop_with_xray(tmp_path_factory.mktemp("learning")) as server:
        yield server


@pytest.fixture
def context(browser: Browser, shop: Server) -> Iterator[BrowserContext]:
    """A narrow window of a new profile, which has the X-ray's token."""
    # The browser reports an answer of 404 or 422 that a script has asked for; these are asked for on purpose.
    size = {"width": 320, "height": 800}
    with watched_context(browser, shop.url, expected="status of 4", viewport=size) as context:
        context.request.get(f"/_xray/?token={XRAY_TOKEN}")
        yield context


def send_first(page: Page, slug: str) -> tuple[Try, Locator]:
    """Open a chapter and send its first request that is answered with a page; return both, with the answer in it."""
    tries = [request for part in chapter(slug).parts if part.kind == "try" for request in part.data]
    first = next(request for request in tries if request.method == "GET" and request.status // 100 != 3)
    page.goto(f"/learn/{slug}")
    item = page.locator(".try").nth(tries.index(first))
    item.get_by_role("button", name="Send it here").click()
    item.get_by_role("link", name="X-ray of this request").wait_for()
    return first, item


@pytest.mark.parametrize("slug", ORDER)
def test_a_chapter_fits_and_its_request_opens_the_xray_at_the_panel(context: BrowserContext, slug: str) -> None:
    page = context.new_page()
    first, item = send_first(page, slug)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    item.get_by_role("link", name="X-ray of this request").click()
    page.wait_for_url(f"**/_xray/t/*#{first.panel}")
    assert page.locator("h1").inner_text().startswith(f"GET {first.path.partition('?')[0]}")
    assert page.locator(f"#{first.panel}").bounding_box() is not None


@pytest.mark.parametrize("slug", ORDER)
def test_axe_finds_no_barrier_in_a_chapter_with_an_answer(context: BrowserContext, slug: str) -> None:
    page = context.new_page()
    send_first(page, slug)
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, "color-contrast") == []


@pytest.mark.parametrize("path", ["/learn", f"/learn/{GLOSSARY}"])
def test_a_page_fits_into_a_narrow_window(context: BrowserContext, path: str) -> None:
    page = context.new_page()
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_cookie_bench_works_without_javascript(browser: Browser, shop: Server) -> None:
    with browser.new_context(base_url=shop.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/learn/sessions")
        page.get_by_label("A session's cookie").fill(page.locator("form code.cookie").inner_text())
        page.get_by_label("A key to try").fill("a-key-for-learning")
        page.get_by_role("button", name="Open it").first.click()
        assert "This key made it." in page.locator("#opened + p + dl").inner_text()
        page.get_by_label("A key to try").fill("a-key-for-learning")
        page.get_by_role("button", name="Change one letter").click()
        assert '{"user": "kirao"}' in page.locator("section.answer").inner_text()
        assert "Refused." in page.locator("section.answer").inner_text()
