"""A visitor's whole way through the shop as one test, in a real browser, by keyboard where it counts.

It goes on over a restart of the server, and ends with an editor, who sells, and an administrator, who deletes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from browsers import press, submit, tab_to, watched_context
from servers import Server, require, running, waitress
from shop import pictures_made as made

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAME, PASSWORD = "Mary Seacole", "a long password"
# Without JavaScript once: whatever a visitor needs is a link or a form, and scripts only make it more convenient.
WINDOWS = {"wide": (1280, True), "narrow": (360, True), "narrow, without JavaScript": (360, False)}


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Server]:
    """A shop with a database of its own."""
    require("waitress")
    with running(waitress(), tmp_path) as server:
        yield server


def fill_by_keyboard(page: Page, **fields: str) -> None:
    """Reach each field by Tab, in their order on the page, and type into it."""
    for name, text in fields.items():
        tab_to(page, f"main [name={name}]")
        page.keyboard.type(text)


def promote(server: Server, role: str) -> None:
    """Give the visitor another role, as `wsgiapp shop user role` does."""
    with closing(sqlite3.connect(server.log.parent / "shop.db")) as books, books:
        assert books.execute("UPDATE shop_user SET role = ? WHERE name = ?", [role, NAME]).rowcount == 1


def register(page: Page) -> None:
    fill_by_keyboard(page, name=NAME, password=PASSWORD)
    tab_to(page, "main [name=remember]")
    page.keyboard.press("Space")
    tab_to(page, "main .sheet button")
    press(page, "Space")
    assert f"Welcome, {NAME}." in page.locator("[role=status] li").inner_text()


def buy_by_keyboard(page: Page) -> str:
    """Search, look, put two pieces into the cart, order them; return the order's number."""
    tab_to(page, "#q")
    page.keyboard.type("lamp")
    press(page)
    assert urlsplit(page.url).query == "q=lamp"
    tab_to(page, '.card a[href="/products/1"]')
    press(page)
    name = page.locator("h1").inner_text()
    tab_to(page, "#quantity")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("2")
    tab_to(page, ".buy button")
    press(page, "Space")
    assert page.locator("main input[name=quantity]").input_value() == "2"
    tab_to(page, "main a[href='/checkout']")
    press(page)
    tab_to(page, "main form[action='/checkout'] button")
    press(page, "Space")
    assert urlsplit(page.url).path.startswith("/orders/")
    assert name in page.locator("main").inner_text()
    return urlsplit(page.url).path.rpartition("/")[2]


def choose_preferences(page: Page) -> None:
    tab_to(page, ".themes button[value=dark]")
    press(page)
    page.goto("/preferences")
    for name, value in (("theme", "dark"), ("page_size", "24"), ("currency", "USD")):
        choice = page.locator(f"main [name={name}][value='{value}']")
        choice.check()
    submit(page, "/preferences")


def assert_preferences_kept(page: Page) -> None:
    page.goto("/")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.locator("main .card").count() == 24
    assert "$" in page.locator("main .card .price").first.inner_text()


def assert_order_is_there(page: Page, number: str) -> None:
    page.goto("/orders")
    page.locator(f"main a[href='/orders/{number}']").click()
    page.wait_for_url(f"**/orders/{number}")  # until it is loaded: count() does not wait
    assert page.locator("main .line").count() == 1


def sell_with_a_picture(page: Page) -> str:
    """Put a product on sale and return its path."""
    page.goto("/sell")
    page.select_option("#category", "desk")
    page.set_input_files("#picture_file", {"name": "a.png", "mimeType": "image/png", "buffer": made.png(60, 40)})
    submit(page, "/sell", name="Router Bit", price="19.90", stock="2")
    assert page.locator("h1").inner_text() == "Router Bit"
    shown = page.locator(".product .tile img").get_attribute("src") or ""
    assert page.request.get(shown).body() == made.png(60, 40)
    return urlsplit(page.url).path


def delete_somebody_elses(page: Page) -> None:
    page.goto("/products/2")
    page.locator("main a[href='/products/2/delete']").click()
    submit(page, "/products/2/delete")
    assert "is not on sale any more" in page.locator("[role=status] li").inner_text()
    assert page.request.get("/products/2").status == 404


@pytest.mark.parametrize(("width", "with_scripts"), WINDOWS.values(), ids=WINDOWS)
def test_a_visitors_whole_way(
    browser: Browser, started: Server, tmp_path: Path, width: int, with_scripts: bool
) -> None:
    profile = tmp_path / "profile.json"
    options: dict[str, Any] = {
        "viewport": {"width": width, "height": 800},
        "java_script_enabled": with_scripts,
        "reduced_motion": "reduce",
    }
    with watched_context(browser, started.url, **options) as context:
        page = context.new_page()
        page.goto("/register")
        register(page)
        number = buy_by_keyboard(page)
        choose_preferences(page)
        context.storage_state(path=profile)
    started.stop()
    with (
        running(waitress(), tmp_path) as again,
        watched_context(browser, again.url, storage_state=profile, **options) as context,
    ):
        page = context.new_page()
        assert_preferences_kept(page)
        assert page.locator(".recent a[href='/products/1']").count() == 1
        assert_order_is_there(page, number)
        promote(again, "editor")
        own = sell_with_a_picture(page)
        page.goto("/products/2")
        assert page.locator("main a[href='/products/2/delete']").count() == 0  # an editor deletes what is their own
        promote(again, "administrator")
        delete_somebody_elses(page)
        page.goto(own)
        assert page.locator(f"main a[href='{own}/delete']").count() == 1
        page.goto("/threads?tasks=2&threads=2")
        assert page.locator("svg.timeline rect.work").count() > 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
