"""The X-ray in a real browser: the shop with its X-ray on, looked at as a developer would, by mouse and by keyboard.

Every test fails at its end when the browser's console complained, when a dialog opened, or when anything was fetched
from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from browsers import XRAY_TOKEN, shop_with_xray, watched_context
from servers import HOST, Server

from .support import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A shop in debug mode."""
    with shop_with_xray(tmp_path_factory.mktemp("xrayed")) as server:
        yield server


@pytest.fixture
def complaints() -> list[str]:
    """What went wrong in the browser; a test that expects some takes them out."""
    return []


@pytest.fixture
def context(browser: Browser, shop: Server, complaints: list[str]) -> Iterator[BrowserContext]:
    """An empty profile that watches for whatever must not happen."""
    with watched_context(browser, shop.url, complaints) as context:
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A window of someone who has the token."""
    window = context.new_page()
    window.goto(f"/_xray/?token={XRAY_TOKEN}")
    assert XRAY_TOKEN not in window.url
    return window


def traced(page: Page, path: str, **options: Any) -> str:
    """Send a request beside the page, and open its X-ray; the path of the X-ray."""
    answer = page.request.fetch(path, max_redirects=0, **options)
    answer.body()
    link = answer.headers["x-xray"]
    page.goto(link)
    assert page.locator("h1").inner_text().startswith(options.get("method", "GET"))
    return link


def test_the_link_below_a_page_of_the_shop_leads_to_the_xray_of_that_very_page(page: Page) -> None:
    page.goto("/products/1")
    page.get_by_role("link", name="X-ray of this page").click()
    page.wait_for_url(re.compile("/_xray/t/"))
    assert page.locator("h1").inner_text() == "GET /products/1"
    assert "/products/<int:" in page.locator("#match").inner_text()
    assert "SELECT" in page.locator("#sql").inner_text() and page.locator("#template details").count() >= 1


def test_one_click_leads_to_the_lesson_of_a_page_and_one_back(page: Page) -> None:
    page.goto("/products/1")
    page.get_by_role("link", name="its lesson").click()
    page.wait_for_url(re.compile(r"/_xray/t/\w+/step/1$"))
    assert "GET /products/1, and 200 OK went back" in page.locator(".sentence").inner_text()
    page.get_by_role("link", name="back to the page").click()
    page.wait_for_url(re.compile("/products/1$"))
    page.get_by_role("link", name="X-ray of this page").click()
    page.get_by_role("link", name="Back to the page").click()
    page.wait_for_url(re.compile("/products/1$"))


def test_a_button_marks_the_lines_and_another_one_shows_the_twin(page: Page) -> None:
    traced(page, "/products")
    assert page.locator(".opening").inner_text().startswith("301: ")
    page.get_by_role("button", name="See its twin on the ladder").click()
    page.wait_for_url(re.compile("/_xray/twin$"))
    assert "Both answered 301" in page.locator("main").inner_text()
    traced(page, "/products/1")
    page.get_by_role("button", name="mark the lines that run").first.click()
    page.wait_for_url(re.compile(r"/_xray/t/\w+/step/\d+$"))
    assert page.locator(".source .ran").count() > 3


@pytest.mark.parametrize("width", [320, 1280])
def test_the_contents_of_a_long_page_stay_in_view_and_cover_nothing(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    traced(page, "/products/1")
    contents = page.locator("nav.panels")
    for panel in ("match", "headers", "replay"):
        contents.locator(f"a[href='#{panel}']").click()
        page.wait_for_function("panel => location.hash === '#' + panel", arg=panel)
        box, heading = contents.bounding_box(), page.locator(f"#{panel} h2").bounding_box()
        assert box and heading
        assert box["y"] >= 0 and box["y"] + box["height"] <= heading["y"] + 1 and heading["y"] < 700
        assert box["height"] < 60 and page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_the_token_the_link_leads_to_a_locked_door(context: BrowserContext, complaints: list[str]) -> None:
    page = context.new_page()
    page.goto("/products/1")
    page.get_by_role("link", name="X-ray of this page").click()
    page.wait_for_url(re.compile("/_xray/t/"))
    assert "locked" in page.locator("body").inner_text()
    page.wait_for_load_state("networkidle")
    assert all("403" in each for each in complaints), complaints
    complaints.clear()


@pytest.mark.parametrize(
    ("path", "status", "panel", "shows"),
    [
        ("/", "200", "#template", "html"),
        ("/api/products", "200", "#headers", "application/"),
        ("/products", "3", "#headers", "Location"),
        ("/products/999999", "404", "#staircase", "errors"),
        ("/api/nowhere", "404", "#match", "No rule answers"),
        ("/threads?tasks=2&threads=2", "200", "#thread", "waited"),
        ("/static/none.css", "404", "#match", "/static/<path:filename>"),
    ],
)
def test_whatever_was_asked_for_has_its_xray(page: Page, path: str, status: str, panel: str, shows: str) -> None:
    traced(page, path)
    assert page.locator(".status").first.inner_text().startswith(status)
    assert shows in page.locator(panel).inner_text()
    assert page.locator(".stairs tbody tr").count() >= 8


def test_a_request_is_replayed_and_compared_with_the_first(page: Page) -> None:
    traced(page, "/?q=saw")
    page.locator("#replay input[name=path]").fill("/?q=mug")
    page.get_by_label("compare it with this one").check()
    page.get_by_role("button", name="Send it again", exact=True).click()
    page.wait_for_url(re.compile("/_xray/compare"))
    assert "query was q=saw, then q=mug" in page.locator(".problem").inner_text()
    page.get_by_role("link", name="GET /?q=mug").click()
    assert "replay of" in page.locator(".summary").inner_text()


def test_two_requests_of_the_list_are_compared(page: Page) -> None:
    traced(page, "/products/1")
    traced(page, "/products/2")
    page.goto("/_xray/")
    page.get_by_role("link", name="compare", exact=True).first.click()
    assert "path was /products/1, then /products/2" in page.locator(".problem").inner_text()
    assert page.locator("table.beside tbody tr").count() >= 8


def test_a_post_is_not_replayed_unless_it_is_asked_for(page: Page, complaints: list[str]) -> None:
    traced(page, "/cart/add", method="POST", form={"product": "1"})
    page.get_by_role("button", name="Send it again", exact=True).click()
    assert "may change something" in page.locator("body").inner_text()
    page.wait_for_load_state("networkidle")
    assert all("400" in each for each in complaints), complaints
    complaints.clear()
    page.go_back()
    page.locator("#replay input[name=sure]").check()
    page.get_by_role("button", name="Send it again", exact=True).click()
    page.wait_for_url(re.compile("/_xray/t/"))
    assert page.locator("h1").inner_text() == "POST /cart/add"


def test_the_teaching_mode_is_walked_by_keyboard_alone(page: Page) -> None:
    link = traced(page, "/products/1")
    steps = page.locator(".stairs tbody tr").count()
    button = page.get_by_role("link", name="Walk through it")
    for _ in range(40):
        page.keyboard.press("Tab")
        if button.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    for number in range(1, steps + 1):
        page.wait_for_url(f"**{link}/step/{number}")
        assert page.locator(".sentence").inner_text()
        page.wait_for_selector("[autofocus]:focus")  # the focus comes with the first picture, not with the page
        page.keyboard.press("Enter" if number == 1 else "ArrowRight" if number < steps else "ArrowLeft")
    page.wait_for_url(f"**{link}/step/{steps - 1}")
    for key, number in (("Home", 1), ("End", steps)):
        page.keyboard.press(key)
        page.wait_for_url(f"**{link}/step/{number}")
    page.wait_for_selector("[autofocus]:focus")
    page.keyboard.press("Enter")  # the last step's link has the focus, and leads back
    page.wait_for_url(f"**{link}")
    page.goto(f"{link}/step/2")
    page.keyboard.press("Escape")
    page.wait_for_url(f"**{link}")


def test_the_lesson_works_as_a_file_without_a_server(page: Page, context: BrowserContext, tmp_path: Any) -> None:
    traced(page, "/products/1")
    with page.expect_download() as download:
        page.get_by_role("link", name="the walk as one page").click()
    file = tmp_path / "lesson.html"
    download.value.save_as(file)
    reader = context.new_page()
    reader.set_content(file.read_text(encoding="utf-8"))
    assert reader.locator("section").count() >= 8
    assert "Segoe UI" in reader.evaluate("getComputedStyle(document.body).fontFamily")
    reader.locator("#step-1 a").last.click()
    assert reader.evaluate("document.querySelector(':target').id") == "step-2"


def test_nothing_that_a_visitor_sends_runs_on_any_page(page: Page, shop: Server) -> None:
    evil = quote("<img src=x onerror=alert(2)>")
    page.context.add_cookies([{"name": "evil", "value": evil, "domain": HOST, "path": "/"}])
    headers = {"X-Evil": HOSTILE, "Referer": HOSTILE, "User-Agent": HOSTILE}
    for path in (f"/{quote(HOSTILE, safe='')}?{HOSTILE}", f"/?q={quote(HOSTILE)}"):
        link = traced(page, path, headers=headers)
        steps = page.locator(".stairs tbody tr").count()
        for other in (link, *(f"{link}/step/{number}" for number in range(1, steps + 1)),
                      f"/_xray/compare?left={link.rpartition('/')[2]}&right={link.rpartition('/')[2]}",
                      f"/_xray/why?path={quote(path)}", "/_xray/"):  # fmt: skip
            page.goto(other)
            assert page.locator("img[src=x]").count() == 0
    page.goto(link)
    assert HOSTILE in page.locator("#headers").inner_text()
    page.get_by_role("button", name="Send it again", exact=True).click()
    page.wait_for_url(re.compile("/_xray/t/"))


def test_no_page_of_the_xray_can_be_framed(page: Page, shop: Server, complaints: list[str]) -> None:
    window = page.context.new_page()
    window.set_content(f"<iframe src='{shop.url}/_xray/'></iframe>")
    window.wait_for_load_state("networkidle")
    assert "X-ray" not in window.frames[1].content()
    complaints.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_pages_fit_the_window_in_either_theme(page: Page, scheme: Any, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    link = traced(page, "/products/1")
    name = link.rpartition("/")[2]
    for path in (link, f"{link}/step/5", "/_xray/", f"/_xray/compare?left={name}&right={name}", "/_xray/why?path=/x"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    colours = page.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
    ink, paper = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in colours)
    assert (ink < paper) == (scheme == "light")


# Words that are broken although a neighbour of their cell is empty and has the room that they lack. A word is what no
# browser may break by itself; what is wider than the cell and its empty neighbours together has to be broken.
CRAMPED = """() => {
  const pen = document.createElement("canvas").getContext("2d");
  const isEmpty = cell => !cell.textContent.trim() && !cell.querySelector("svg, img, input, textarea, select, button");
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = node.parentElement;
    if (holder.closest("script, style, option, textarea") || !holder.checkVisibility()) continue;
    for (const match of node.data.matchAll(/[\\p{L}\\p{N}_]+/gu)) {
      const range = new Range();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      const lines = new Set([...range.getClientRects()].filter(box => box.width).map(box => Math.round(box.top)));
      if (lines.size < 2) continue;
      pen.font = getComputedStyle(holder).font;
      const needed = pen.measureText(match[0]).width;
      for (let cell = holder; cell !== document.body; cell = cell.parentElement) {
        const row = cell.parentElement;
        if (!/table-row|flex|grid/.test(getComputedStyle(row).display)) continue;
        const box = cell.getBoundingClientRect();
        const beside = [...row.children].filter(other => {
          const its = other.getBoundingClientRect();
          return other !== cell && isEmpty(other) && its.width && its.top < box.bottom && its.bottom > box.top;
        });
        const room = beside.reduce((sum, other) => sum + other.getBoundingClientRect().width, 0);
        if (room && needed <= box.width + room) {
          found.push(`${match[0].slice(0, 50)}: ${Math.round(box.width)} px, beside ${Math.round(room)} px of nothing`);
        }
      }
    }
  }
  return found;
}"""
# What reaches beyond the window's right edge, each by its tag and its first words.
WIDE = """() => [...document.querySelectorAll("body :not(nav *, pre *)")]
  .filter(each => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(each => `${each.localName}.${each.className} ${each.textContent.trim().slice(0, 40)}`)"""
WIDTHS = (360, 768, 1280)
LONG = "W" * 48
# A short request, and one whose every part is long: whole words, and texts of them.
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "short": ("/", {}),
    "long": (
        f"/products/{LONG}/{LONG}?q={LONG}&{LONG}={'long+' * 40}",
        {"headers": {f"X-{LONG}": f"{LONG} {'word ' * 60}", "User-Agent": "x" * 400, "Cookie": f"{LONG}={LONG}"}},
    ),
    "empty": ("/products", {"headers": {"X-Empty": "", "Accept": "*/*"}}),
    "page": ("/products/1", {"headers": {"Accept-Language": LONG}}),
    "form": ("/cart/add", {"method": "POST", "form": {"product_id": "1", LONG: LONG, "empty": ""}}),
}


def cramped(page: Page) -> list[str]:
    """What is wrong with the page in each width, as it stands now and with all that is folded laid open."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        found += [f"{width} px, {page.url}: {each}" for each in page.evaluate(CRAMPED)]
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            found.append(f"{width} px, {page.url}: the page is {wide} px wide, by {page.evaluate(WIDE)[:5]}")
    return found


def test_the_finder_of_broken_words_finds_them_beside_an_empty_column_alone(page: Page) -> None:
    cells = f"<tr><td style='width:5px;overflow-wrap:anywhere'>{LONG}</td><td style='width:95%'>{{}}</td></tr>"
    fixed = "<table style='table-layout:fixed;width:100%'>"
    window = page.context.new_page()
    window.set_content(f"<meta name=viewport content=width=device-width>{fixed}{cells.format('')}</table>")
    assert len(cramped(window)) == 2  # in the narrowest window there is no room for it anyhow
    window.set_content(f"{fixed}{cells.format('not empty')}</table>")
    assert cramped(window) == []
    window.set_content(f"<p>{LONG * 4}</p>")
    assert len(cramped(window)) == 3  # wider than each window


@pytest.mark.parametrize("which", REQUESTS)
def test_no_word_breaks_beside_an_empty_column_and_no_page_scrolls_sideways(page: Page, which: str) -> None:
    path, options = REQUESTS[which]
    link = traced(page, path, **options)
    found = cramped(page)
    steps = page.locator(".stairs tbody tr").count()
    source = page.locator("a[href*='/source?']").first.get_attribute("href")
    name = link.rpartition("/")[2]
    others = [f"{link}/step/{number}" for number in (1, steps // 2, steps)]
    others += [f"/_xray/compare?left={name}&right={name}", f"/_xray/why?path={quote(path)}", "/_xray/", str(source)]
    for other in others:
        page.goto(other)
        found += cramped(page)
    lesson = page.context.new_page()
    lesson.set_content(page.request.get(f"{link}/lesson.html").text())
    found += cramped(lesson)
    assert found == []


@pytest.mark.parametrize("path", ["/products", f"/{LONG}/{LONG}?q={LONG}", f"/static/{LONG}.css"])
def test_no_word_breaks_beside_an_empty_column_of_the_twins_page(page: Page, path: str) -> None:
    traced(page, path)
    page.get_by_role("button", name="See its twin on the ladder").click()
    page.wait_for_url(re.compile("/_xray/twin$"))
    assert cramped(page) == []


@pytest.mark.parametrize("path", [f"/_xray/t/{LONG}", f"/{LONG}/{LONG}", "/api/nowhere", "/cart/add"])
def test_no_word_breaks_beside_an_empty_column_of_a_page_of_what_is_not_there(
    page: Page, path: str, complaints: list[str]
) -> None:
    page.goto(path)
    found = cramped(page)
    complaints.clear()
    assert found == []


def test_no_word_breaks_beside_an_empty_column_of_the_locked_door(
    context: BrowserContext, complaints: list[str]
) -> None:
    window = context.new_page()
    window.goto(f"/_xray/t/{LONG}?{LONG}={LONG}")
    assert "locked" in window.locator("body").inner_text()
    found = cramped(window)
    complaints.clear()
    assert found == []


def test_times_and_line_numbers_of_the_lists_stay_whole_in_a_wide_window(page: Page) -> None:
    traced(page, "/products/1")
    page.set_viewport_size({"width": 1280, "height": 800})
    lines = "links => links.filter(link => link.getClientRects().length > 1).map(link => link.textContent)"
    for table in ("#staircase", "#hooks"):
        assert page.locator(f"{table} td.where a").evaluate_all(lines) == []
    for width in (768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto("/_xray/")
        assert page.locator("td time").evaluate_all(lines) == []


def test_pages_come_quickly(page: Page) -> None:
    for number in range(1, 51):
        page.request.get(f"/products/{number}")
    page.goto("/_xray/")
    took = page.evaluate("performance.getEntriesByType('navigation')[0].responseEnd")
    assert page.locator("table tbody tr").count() == 50 and took < 1_500
