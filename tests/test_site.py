"""The static site: built once, without a warning, and whole: its links, its reference, its search, the ladder."""

from __future__ import annotations

import ast
import html
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urldefrag

import pytest

import run
import wsgiapp
from browsers import chromium
from servers import ROOT, require
from wsgiapp import sessions, testing, views
from wsgiapp.json import provider, tag

if TYPE_CHECKING:  # a machine without playwright still collects, and skips with a reason
    from playwright.sync_api import Page as Tab

LADDER = ROOT / "ladder"
PACKAGE = ast.parse((ROOT / "wsgiapp" / "__init__.py").read_text(encoding="utf-8"))
PUBLIC = [
    alias.asname
    for node in PACKAGE.body
    if isinstance(node, ast.ImportFrom)
    for alias in node.names
    if alias.asname and not alias.asname.startswith("_")
]

# A page of notes on Flask, as a student writes them: each of these words must be found.
WORDS = """
threads process shared memory GIL waiting computing web application pip install flask MarkupSafe itsdangerous colorama
blinker Werkzeug Jinja2 click microframework routing URL function endpoint templating HTML request handling forms
parameters extensibility database form validation authentication WSGI compliance server GET visible POST hidden cookie
preferences login details browsing history session period status cart contents signed REST representational state
transfer API JSON key value CRUD read put patch post delete eyJ1c2VyIjoia2lyYW4ifQ
"""


class Page(HTMLParser):
    """A page of the site: where it leads, and which places it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.unlabelled = 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        self.ids |= {named["id"] or ""} if "id" in named else set()
        self.links += [value for name in ("href", "src") if (value := named.get(name))]
        self.unlabelled += tag == "img" and not named.get("alt")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the site."""
    require("sphinx")
    folder = tmp_path_factory.mktemp("site")
    command = run.site_command(Path(sys.executable), folder / "html", folder / "scratch")
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path.resolve(): Page(path.resolve()) for path in site.rglob("*.html")}


def text_of(path: Path) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", path.read_text(encoding="utf-8")))


def test_every_document_and_chapter_is_a_page(site: Path) -> None:
    written = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    assert [path for path in written if not (site / path).with_suffix(".html").is_file()] == []


def test_every_link_leads_to_a_place_that_is_there_and_none_loads_from_elsewhere(pages: dict[Path, Page]) -> None:
    dead = []
    for page in pages.values():
        for link in page.links:
            address, place = urldefrag(unquote(link))
            if re.match(r"\w+:", address):
                assert re.match(r"https?://", address), link
                continue
            target = (page.path.parent / address.partition("?")[0]).resolve() if address else page.path
            there = target.is_file() and (not place or target not in pages or place in pages[target].ids)
            dead += [] if there else [f"{page.path.name}: {link}"]
    assert dead == []
    assert sum(len(page.links) for page in pages.values()) > 1000


def test_no_page_asks_another_site_for_a_script_a_style_or_a_picture(pages: dict[Path, Page]) -> None:
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"<(?:script|img|link)\b[^>]*(?:src|href)=\"(?:\w+:)?//[^\"]*", text) == []


def test_every_picture_has_a_text(pages: dict[Path, Page]) -> None:
    assert [page.path.name for page in pages.values() if page.unlabelled] == []


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_in_the_reference(site: Path, pages: dict[Path, Page], name: str) -> None:
    places = set().union(*(page.ids for page in pages.values()))
    module = f"module-wsgiapp.{name}"
    assert f"wsgiapp.{name}" in places or module in places, f"put {name} into a page of docs/reference/"


@pytest.mark.parametrize("module", [views, sessions, testing, provider, tag], ids=lambda module: module.__name__)
def test_what_a_module_defines_for_users_is_in_the_reference(pages: dict[Path, Page], module: ModuleType) -> None:
    name = module.__name__
    defined = [
        each
        for each, value in vars(module).items()
        if not each.startswith("_") and getattr(value, "__module__", "") == name and inspect.getdoc(value)
        if inspect.isclass(value) or inspect.isfunction(value)
    ]
    places = set().union(*(page.ids for page in pages.values()))
    missing = [each for each in defined if not {f"{name}.{each}", f"wsgiapp.{each}"} & places]
    assert defined and missing == []


def test_a_function_stands_with_its_signature_its_parameters_and_its_example(site: Path) -> None:
    shown = text_of(site / "reference" / "helpers.html")
    described = re.search(r"\bredirect\(\s*location: str,\s*code: int = 302,(.*)", shown, re.DOTALL)
    assert described and re.search(r"location . the URL", described[1])
    assert ">>> app.test_client().post(" in shown


def test_every_file_of_the_ladder_stands_on_one_page_and_whole(site: Path) -> None:
    chapters = {path: text_of(path) for path in (site / "book").glob("*.html")}
    for path in [*LADDER.glob("step_*.py"), *LADDER.glob("templates/*.html")]:
        source = path.read_text(encoding="utf-8")
        module = ast.parse(source) if path.suffix == ".py" else None
        code = source
        if module is not None and ast.get_docstring(module):
            code = "\n".join(source.splitlines()[module.body[0].end_lineno or 0 :])
        found = [chapter.name for chapter, text in chapters.items() if code.strip("\n") in text]
        assert len(found) == 1, f"{path.name} stands in {found}"
        assert chapters[site / "book" / found[0]].count(code.strip("\n")) == 1


def test_the_search_has_every_word_of_the_notes(site: Path) -> None:
    """Asked of the index that the page of the search reads, with the words as its script shortens them."""
    from sphinx.search.en import SearchEnglish

    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(re.sub(r"^Search\.setIndex\(|\)\s*$", "", text))
    known = {*index["terms"], *index["titleterms"]}
    language = SearchEnglish({})
    assert [word for word in WORDS.split() if language.stem(word.lower()) not in known] == []


def test_a_search_needs_no_network(site: Path) -> None:
    page = (site / "search.html").read_text(encoding="utf-8")
    scripts = re.findall(r'<script src="([^"?]+)', page)
    assert {"searchindex.js", "_static/searchtools.js"} <= set(scripts)
    assert all((site / script).is_file() for script in scripts)


def test_a_request_to_try_stands_as_text_and_as_a_command(site: Path) -> None:
    shown = text_of(site / "book" / "routing.html")
    assert "GET /products/abc HTTP/1.1" in shown
    assert "curl -i 'http://127.0.0.1:5000/products/abc'" in shown


def test_the_reference_names_what_the_package_exports() -> None:
    assert "App" in PUBLIC and "url_for" in PUBLIC and [name for name in PUBLIC if not hasattr(wsgiapp, name)] == []


# -- in a browser, from the files alone ----------------------------------------------------------


@pytest.fixture(scope="module")
def visit(site: Path) -> Iterator[Callable[[str], Tab]]:
    """Opens a page of the site in a window as narrow as a telephone; there is no server and no network."""
    with chromium() as browser:
        window = browser.new_context(viewport={"width": 320, "height": 640}, offline=True, color_scheme="dark")
        page = window.new_page()

        def open_page(name: str) -> Tab:
            page.goto((site / name).as_uri())
            return page

        yield open_page


@pytest.mark.parametrize("name", ["index.html", "book/sessions.html", "reference/app.html", "benchmarks.html"])
def test_a_page_fits_a_narrow_window(visit: Callable[[str], Tab], name: str) -> None:
    page = visit(name)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_the_search_finds_a_chapter_without_a_network(visit: Callable[[str], Tab]) -> None:
    page = visit("index.html")
    page.fill("header input[name=q]", "signature cookie")
    page.press("header input[name=q]", "Enter")
    page.wait_for_selector("#search-results a[href*='book/sessions.html']")
    page.click("#search-results a[href*='book/sessions.html'] >> nth=0")
    assert page.inner_text("h1").startswith("Sessions")


def test_where_it_is_served_the_search_shows_some_text_of_each_page(site: Path, visit: Callable[[str], Tab]) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    said: list[str] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        Thread(target=server.serve_forever).start()
        try:
            browser = visit("index.html").context.browser
            assert browser is not None
            page = browser.new_page(base_url=f"http://127.0.0.1:{server.server_port}")
            page.on("console", lambda message: said.append(message.text))
            page.goto("/search.html?q=signature+cookie")
            found = page.locator("#search-results li", has=page.locator("a[href*='book/sessions.html']")).first
            assert "A dictionary that lasts" in found.locator(".context").inner_text()
            page.close()
        finally:
            server.shutdown()
    assert said == []


def test_the_keyboard_reaches_the_text_first_and_opens_an_answer(visit: Callable[[str], Tab]) -> None:
    page = visit("book/wsgi.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the text"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.focus("details.question summary >> nth=0")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('details.question').open")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out_from_their_ground(visit: Callable[[str], Tab], scheme: Literal["light", "dark"]) -> None:
    """4.5 to 1 and more (WCAG 2.2, 1.4.3), for every word of a chapter and of the reference."""
    for name in ("book/sessions.html", "reference/views.html"):
        page = visit(name)
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(FAINT) == []
    page.add_style_tag(content="h1 { color: var(--line) }")
    assert len(page.evaluate(FAINT)) == 1


# Luminance as WCAG defines it; the ground is the first ancestor's that has one.
FAINT = """() => {
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => { const [r, g, b] = parts(colour).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
  const ground = element => { for (let at = element; at; at = at.parentElement) {
    const found = getComputedStyle(at).backgroundColor; const [, , , alpha = 1] = parts(found);
    if (alpha > 0) return found }
    return "rgb(255, 255, 255)" };
  const found = new Set();
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility({opacityProperty: true}) || element.tagName === "SCRIPT") continue;
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.add(element.className + " " + element.textContent);
  }
  return [...found].slice(0, 5);
}"""
