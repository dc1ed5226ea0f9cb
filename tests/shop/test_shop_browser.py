"""The shop's pages in a real browser: no barrier that axe finds, and every way on by keyboard alone.

One server with the X-ray on, and one browser, for the whole module.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from axe import violations
from browsers import XRAY_TOKEN, press, shop_with_xray, submit, tab_to, watched_context
from servers import Server
from shop import pictures_made as made
from test_browser import has_bought

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

STATUSES = {"/nowhere": 404, "/threads?tasks=0": 422}
WIDE, NARROW = ({"width": width, "height": 900} for width in (1280, 360))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A shop in debug mode, whose demonstration user becomes an administrator."""
    with shop_with_xray(tmp_path_factory.mktemp("shop")) as server:
        yield server


@pytest.fixture(scope="module")
def context(browser: Browser, shop: Server) -> Iterator[BrowserContext]:
    """A visitor signed in as an administrator, with something seen, something in the cart, and the X-ray's token."""
    with browser.new_context(base_url=shop.url, reduced_motion="reduce") as context:
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.goto(f"/_xray/?token={XRAY_TOKEN}")
        page.goto("/login")
        submit(page, "/login", name="demo", password="workbench")
        with closing(sqlite3.connect(shop.log.parent / "shop.db")) as books, books:
            books.execute("UPDATE shop_user SET role = 'administrator'")
        has_bought(shop, 3)
        page.goto("/products/5")
        submit(page, "/cart/add", quantity="2")
        page.close()
        yield context


@pytest.fixture
def visitor(browser: Browser, shop: Server) -> Iterator[Page]:
    """A window of someone who was never here; the test fails at its end when the console complained."""
    with watched_context(browser, shop.url, viewport=WIDE, reduced_motion="reduce") as context:
        yield context.new_page()


# -- barriers

PAGES = [
    "/", "/?q=nothing+like+this", "/products/3", "/products/3/review", "/sell", "/products/1/edit",
    "/products/1/delete", "/categories", "/preferences", "/account", "/cart", "/threads?tasks=2&threads=2",
    "/threads?tasks=0", "/login", "/register", "/nowhere", "/learn", "/learn/sessions", "/learn/glossary", "/docs",
    "/_xray/",
]  # fmt: skip


# A theme changes colours and nothing else, a narrow window the places of things.
LOOKS = [
    ("light", WIDE, []),
    ("light", NARROW, ["color-contrast", "target-size", "scrollable-region-focusable"]),
    ("dark", NARROW, ["color-contrast"]),
    ("dark", WIDE, ["color-contrast"]),
]


def barriers(page: Page, looks: int = len(LOOKS)) -> list[str]:
    """What axe finds in either theme, wide and narrow, and whether the page is wider than a narrow window."""
    found = []
    for scheme, size, rules in LOOKS[:looks]:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        found += [f"{scheme}, {size['width']}: {text}" for text in violations(page, *rules)]
        width = page.evaluate("document.documentElement.scrollWidth")
        found += [f"{width} wide in {size['width']}"] if width > size["width"] else []
    return found


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_no_barrier_on_the_page(context: BrowserContext, path: str) -> None:
    with context.new_page() as page:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == STATUSES.get(path, 200)
        assert barriers(page) == []


def test_nor_on_the_xray_of_a_request(context: BrowserContext) -> None:
    with context.new_page() as page:
        answer = page.goto("/products/2")
        assert answer is not None
        page.goto(answer.headers["x-xray"])
        assert page.locator("h1").inner_text() == "GET /products/2"
        assert barriers(page) == []


def test_nor_where_two_requests_are_compared(context: BrowserContext) -> None:
    with context.new_page() as page:
        seen = [page.goto(path) for path in ("/products/2", "/products/3")]
        left, right = [answer.headers["x-xray"].rpartition("/")[2] for answer in seen if answer is not None]
        page.goto(f"/_xray/compare?left={left}&right={right}")
        assert page.locator("table.list th").first.inner_text() == "Left"
        assert barriers(page) == []


def test_nor_on_forms_that_came_back(context: BrowserContext) -> None:
    with context.new_page() as page:
        for path in ("/sell", "/products/3/review"):
            page.goto(path)
            submit(page, path)
            assert page.locator("[aria-invalid=true]").count() > 0
            assert barriers(page, looks=1) == []


def test_nor_on_the_way_from_the_cart_to_an_order(context: BrowserContext) -> None:
    with context.new_page() as page:
        page.goto("/products/5")
        page.get_by_role("button", name="Put into the cart").click()
        for path in ("/cart", "/checkout"):
            page.goto(path)
            assert barriers(page, looks=2) == [], path
        page.get_by_role("button", name="Place the order").click()
        page.wait_for_url("**/orders/*")
        assert barriers(page) == []
        page.goto("/orders")
        assert barriers(page, looks=2) == []


def test_axe_sees_a_barrier_that_is_there(context: BrowserContext) -> None:
    with context.new_page() as page:
        page.goto("/login")
        page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"/favicon\"><input>')")
        assert {text.partition(" ")[0] for text in violations(page)} >= {"image-alt", "label"}


# -- by keyboard alone


def test_a_visitor_registers_searches_and_fills_the_cart_without_a_mouse(visitor: Page) -> None:
    visitor.goto("/register")
    visitor.keyboard.press("Tab")
    assert visitor.evaluate("document.activeElement.className") == "skip"
    visitor.keyboard.press("Enter")
    for selector, text in (("main [name=name]", "Keys only"), ("main [name=password]", "a long password")):
        tab_to(visitor, selector)
        visitor.keyboard.type(text)
    tab_to(visitor, "main [name=remember]")
    visitor.keyboard.press("Space")
    tab_to(visitor, "main .sheet button")
    press(visitor, "Space")
    assert "Welcome, Keys only." in visitor.locator("[role=status] li").inner_text()
    visitor.keyboard.press("/")
    assert visitor.evaluate("document.activeElement.id") == "q"
    visitor.keyboard.type("lamp")
    tab_to(visitor, "#category")
    visitor.keyboard.press("ArrowDown")
    visitor.wait_for_timeout(100)
    assert urlsplit(visitor.url).query == ""  # choosing is not sending
    tab_to(visitor, "form.search button")
    press(visitor)
    assert urlsplit(visitor.url).query == "q=lamp&category=light"
    tab_to(visitor, '.card a[href="/products/1"]')
    press(visitor)
    tab_to(visitor, "#quantity")
    visitor.keyboard.press("ArrowUp")
    tab_to(visitor, ".buy button")
    press(visitor)
    assert urlsplit(visitor.url).path == "/cart"
    quantity = 'input[name="quantity"]'
    tab_to(visitor, quantity)
    visitor.keyboard.press("ArrowUp")
    assert visitor.locator(quantity).input_value() == "3"
    visitor.reload()
    assert visitor.locator(quantity).input_value() == "2"  # nothing was sent yet
    tab_to(visitor, quantity)
    visitor.keyboard.press("ArrowDown")
    tab_to(visitor, 'form[action="/cart/update"] button')
    press(visitor)
    assert visitor.locator(quantity).input_value() == "1"


# -- without JavaScript


def test_a_product_with_a_picture_is_sold_changed_and_deleted_without_javascript(
    browser: Browser, context: BrowserContext, shop: Server
) -> None:
    with browser.new_context(base_url=shop.url, java_script_enabled=False, viewport=NARROW) as plain:
        plain.add_cookies(context.cookies())
        page = plain.new_page()
        page.goto("/sell")
        page.select_option("#category", "desk")
        page.set_input_files("#picture_file", {"name": "a.png", "mimeType": "image/png", "buffer": made.png(60, 40)})
        submit(page, "/sell", name="Router Bit", price="19.90", stock="2")
        shown = page.locator(".product .tile img")
        assert (shown.get_attribute("src") or "").startswith("/pictures/")
        assert page.request.get(shown.get_attribute("src") or "").body() == made.png(60, 40)
        page.get_by_role("link", name="Edit").click()
        submit(page, urlsplit(page.url).path, name="Better Bit")
        assert page.locator("h1").inner_text() == "Better Bit"
        page.get_by_role("link", name="Delete").click()
        submit(page, urlsplit(page.url).path)
        assert "“Better Bit” is not on sale any more." in page.locator(".flash.good").inner_text()


# -- where the system chooses the colours


def test_forced_colours_show_what_is_chosen(browser: Browser, shop: Server) -> None:
    with browser.new_context(base_url=shop.url, forced_colors="active") as context:
        page = context.new_page()
        page.goto("/?category=light")
        for chosen, other in ((".chips [aria-current]", ".chips a:not([aria-current])"),
                              (".segments [aria-pressed=true]", ".segments [aria-pressed=false]"),
                              (".nav [aria-current]", ".nav a:not([aria-current])")):  # fmt: skip
            colours = [
                page.locator(selector).first.evaluate("node => getComputedStyle(node).backgroundColor")
                for selector in (chosen, other)
            ]
            assert colours[0] != colours[1], chosen
