"""The shop in a real browser: what a visitor does, with nothing blocked, nothing broken, nothing fetched elsewhere.

Every test is a visitor with an empty profile, and fails at its end when the browser's console complained. Pages are
found by what they do (the action of a form, the name of a field), not by how they look.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest

from browsers import submit, watched_context
from servers import API_TOKEN, Server, require, running, waitress
from wsgiapp.shop.learn_book import ORDER
from wsgiapp.shop.store import DEMO_NAME, DEMO_PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A shop with a database of its own."""
    require("waitress")
    with running(waitress(), tmp_path_factory.mktemp("shop")) as server:
        yield server


@pytest.fixture
def complaints() -> list[str]:
    """What went wrong in the browser; a test that expects some takes them out."""
    return []


@pytest.fixture
def page(browser: Browser, shop: Server, complaints: list[str]) -> Iterator[Page]:
    """A window of someone who was never here: no cookie, no cache."""
    with watched_context(browser, shop.url, complaints) as context:
        yield context.new_page()


def sign_in(page: Page) -> None:
    page.goto("/login")
    submit(page, "/login", name=DEMO_NAME, password=DEMO_PASSWORD)


def has_bought(shop: Server, product: int) -> None:
    """Put an order of the demonstration's user into the shop's books."""
    with closing(sqlite3.connect(shop.log.parent / "shop.db")) as books, books:
        order = (
            "INSERT INTO shop_order (user_id, number, status, total_cents, created_at) VALUES (1, ?, 'placed', 1, 1)"
        )
        line = "INSERT INTO order_line (order_id, product_id, name, price_cents, quantity) VALUES (?, ?, 'x', 1, 1)"
        number = books.execute(order, [f"N{product}"]).lastrowid
        books.execute(line, [number, product])


# -- what a visitor does -------------------------------------------------------------------------


def test_a_product_put_into_the_cart_is_still_there_after_a_reload(page: Page) -> None:
    page.goto("/")
    page.locator('main a[href^="/products/"]').first.click()
    name = page.locator("h1").inner_text()
    submit(page, "/cart/add", quantity="2")
    assert urlsplit(page.url).path == "/cart"
    page.reload()
    assert name in page.locator("main").inner_text()
    assert page.locator('input[name="quantity"]').input_value() == "2"


def test_the_cart_can_be_changed_and_emptied(page: Page) -> None:
    page.goto("/products/2")
    submit(page, "/cart/add", quantity="1")
    quantity = page.locator('input[name="quantity"]')
    quantity.fill("3")
    submit(page, "/cart/update")
    page.reload()
    assert quantity.input_value() == "3"
    submit(page, "/cart/remove")
    assert quantity.count() == 0


def test_the_search_finds_by_name_and_keeps_what_was_asked(page: Page) -> None:
    page.goto("/")
    page.locator('input[name="q"]').first.fill("dovetail")
    with page.expect_navigation():
        page.locator('input[name="q"]').first.press("Enter")
    assert "Dovetail Saw" in page.locator("main").inner_text()
    assert "Enamel Mug" not in page.locator("main").inner_text()
    assert page.locator('input[name="q"]').first.input_value() == "dovetail"


def test_a_search_for_markup_shows_it_as_text(page: Page) -> None:
    page.goto("/?q=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E")
    assert page.locator("main img[src='x']").count() == 0
    assert page.locator('input[name="q"]').first.input_value() == "<img src=x onerror=alert(1)>"


def test_the_theme_that_was_chosen_stays(page: Page) -> None:
    def background() -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.emulate_media(color_scheme="light")
    page.goto("/")
    light = background()
    choose_theme(page, "dark")
    dark = background()
    page.goto("/login")
    assert background() == dark != light
    choose_theme(page, "light")
    assert background() == light
    assert urlsplit(page.url).path == "/login"


def choose_theme(page: Page, theme: str) -> None:
    with page.expect_navigation():
        page.locator(f'form[action="/theme"] button[value="{theme}"]').click()


def test_signing_in_and_out(page: Page) -> None:
    sign_in(page)
    assert page.locator('form[action="/logout"]').count() == 1
    submit(page, "/logout")
    assert page.locator('form[action="/logout"]').count() == 0
    assert page.locator('a[href^="/login"]').count() > 0


def test_a_wrong_password_is_explained_and_the_name_kept(page: Page) -> None:
    page.goto("/login")
    submit(page, "/login", name="nobody", password="wrong")
    assert "do not belong together" in page.locator("main").inner_text()
    assert page.locator('main input[name="name"]').input_value() == "nobody"
    assert page.locator('main input[name="password"]').input_value() == ""


def test_a_form_with_errors_comes_back_with_each_of_them_and_what_was_typed(page: Page, shop: Server) -> None:
    sign_in(page)
    has_bought(shop, 3)
    page.goto("/products/3/review")
    submit(page, "/products/3/review", author="x", text="short")
    assert page.locator("main .error").count() == 3
    assert page.locator("main [name='author'][aria-invalid='true']").count() == 1
    assert page.locator('main [name="text"]').input_value() == "short"


def test_a_review_is_shown_below_the_product(page: Page, shop: Server) -> None:
    sign_in(page)
    has_bought(shop, 4)
    page.goto("/products/4/review")
    page.locator('main [name="rating"][value="4"]').check()
    submit(page, "/products/4/review", author="Ada", text="Better than it looks, <b>really</b>.")
    assert urlsplit(page.url).path == "/products/4"
    assert "Better than it looks, <b>really</b>." in page.locator("#reviews").inner_text()


def test_a_visitor_registers_changes_the_password_and_leaves_for_good(page: Page) -> None:
    page.goto("/account")
    page.locator("main a", has_text="Register").click()
    page.locator("main [name='remember']").check()
    submit(page, "/register", name="Grace", password="compilers and nanoseconds")
    assert urlsplit(page.url).path == "/account"
    kept = next(cookie for cookie in page.context.cookies() if cookie["name"] == "session")
    assert kept.get("expires", -1) > 0
    submit(page, "/account/password", old_password="wrong", new_password="another long one")
    assert page.locator("#old_password-error").inner_text() == "This is not your password."
    submit(page, "/account/password", old_password="compilers and nanoseconds", new_password="another long one")
    assert "Your password is changed." in page.locator("main").inner_text()
    submit(page, "/account/delete", password="another long one")
    assert "Your account is deleted." in page.locator("main").inner_text()
    assert page.locator(".nav", has_text="Grace").count() == 0


def test_a_form_whose_session_ended_meanwhile_is_sent_again_with_what_was_typed(
    page: Page, complaints: list[str]
) -> None:
    page.goto("/products/2")
    page.context.clear_cookies()
    submit(page, "/cart/add", quantity="2")
    assert "Please send it again" in page.locator("h1").inner_text()
    complaints[:] = [text for text in complaints if "status of 400" not in text]
    submit(page, "/cart/add")
    assert urlsplit(page.url).path == "/cart"
    assert page.locator('main input[name="quantity"]').input_value() == "2"


def test_the_threads_page_draws_each_thread(page: Page) -> None:
    page.goto("/threads?tasks=3&threads=2")
    drawings = page.locator("svg.timeline")
    assert drawings.count() == 4
    assert drawings.locator("rect.lane").count() == 2 * (1 + 2)
    assert page.locator("svg.timeline rect.wait").count() == 2 * 3
    width = page.locator("svg.timeline rect.work").first.evaluate("rect => rect.getBoundingClientRect().width")
    assert width > 0


API_FORMS = [("list", 200), ("create", 201), ("read", 200), ("replace", 200), ("change", 200), ("delete", 204)]


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_on_the_api_sends_every_method_and_shows_the_answer(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    page.goto("/docs")
    page.fill("#authorization", f"Bearer {API_TOKEN}")
    made = ""
    for verb, status in API_FORMS:
        form = page.locator(f"#{verb}_products")
        form.locator("summary").click()
        if verb not in ("list", "create"):
            form.locator('[name="id"]').fill(made)
        form.locator("button").click()
        form.locator("output:focus").wait_for()
        shown = form.locator("output").inner_text()
        assert shown.splitlines()[1].startswith(f"{status} "), shown
        if verb == "create":
            made = str(json.loads(shown.partition("\n\n")[2])["id"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_watch_sees_what_the_policy_forbids_and_what_leaves_the_shop(page: Page, complaints: list[str]) -> None:
    page.goto("/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">')")
    page.evaluate("fetch('http://127.0.0.1:9/').catch(() => 0)")
    page.wait_for_timeout(100)
    assert any("style-src" in complaint for complaint in complaints)
    assert any("connect-src" in complaint for complaint in complaints)
    complaints.clear()


# -- all pages -----------------------------------------------------------------------------------


def kind(link: str) -> tuple[str, tuple[str, ...]]:
    """A link without its values: one search stands for all that ask for the same things."""
    parts = urlsplit(link)
    return parts.path, tuple(sorted(parse_qs(parts.query)))


def links_of(page: Page, path: str) -> list[str]:
    """Where the page at *path* leads to; it must be there, and have a title."""
    chapter = urlsplit(path).path.rpartition("/")[2] in ORDER
    if chapter or "/static/" in path:  # test_learn_browser opens each chapter in the browser; a file is no page
        sent = page.request.get(path)
        assert sent.status == 200, path
        return [urljoin(sent.url, link) for link in re.findall(r'href="(/learn[^"]*)"', sent.text())] if chapter else []
    answer = page.goto(path)
    assert answer is not None, path
    assert answer.status == 200, path
    assert page.title(), path
    links: list[str] = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    # What a chapter gives to try need not be there; tests of the book hold each status.
    return [link for link in links if "/learn" not in path or "/learn" in link]


def test_every_page_that_a_link_leads_to_is_there(page: Page, shop: Server) -> None:
    sign_in(page)
    waiting = {kind("/"): "/"}
    seen = set(waiting)
    while waiting:
        _, path = waiting.popitem()
        found = {kind(link): link for link in links_of(page, path) if link.startswith(shop.url)}
        waiting |= {key: link for key, link in found.items() if key not in seen}
        seen |= set(found)
        assert len(seen) < 200, "the links never end"
    assert {"/cart", "/sell", "/threads", "/products/1"} <= {path for path, _ in seen}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/products/1", "/cart", "/login", "/threads", "/register"])
def test_pages_fit_a_telephone_in_either_theme(page: Page, path: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
