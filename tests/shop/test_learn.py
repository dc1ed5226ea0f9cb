"""Requirements of the book's pages: they open, lead on, hold no dead link, and keep progress only when asked to."""

import re
from functools import cache
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest

from wsgiapp.shop.learn_book import GLOSSARY, ORDER, chapter, read
from wsgiapp.shop.settings import stored_secret

PAGES = ["/learn", *(f"/learn/{slug}" for slug in (*ORDER, GLOSSARY))]
HREF = re.compile(r'(?:href|src)="([^"]*)"')
SECTIONS = ["What Flask shows you", "What sits underneath", "Try it", "What to read next"]
# A student's page of notes: each word, found within two clicks.
NOTES = """
thread, shared memory, process, GIL, web application, MarkupSafe, itsdangerous, colorama, blinker, Werkzeug, Jinja2,
click, Flask, microframework, routing, endpoint, templating, request handling, URL parameters, extensibility, database,
form validation, authentication, WSGI, WSGI compliance, GET, POST, cookie, preferences, login details,
browsing history, session, login status, cart contents, REST, API, JSON, CRUD, PUT, PATCH, DELETE
"""
WORDS = re.split(r",\s+", NOTES.strip())


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_book_opens_under_the_shops_policy(visitor, path):
    response = visitor.get(path)
    assert response.status_code == 200
    assert response.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert not re.search(r"<[^>]+\sstyle=|<[^>]+\son\w+=|<style|<script(?! src=)", response.text)


@pytest.mark.parametrize("slug", ORDER)
def test_a_chapter_has_its_sections_and_folded_answers(visitor, slug):
    page = visitor.get(f"/learn/{slug}").text
    assert [title for title in SECTIONS if f">{title}</h2>" not in page] == []
    assert 2 <= sum(part.kind == "question" for part in chapter(slug).parts) <= 3
    assert sum(part.kind == "try" for part in chapter(slug).parts) == 1


def test_the_front_page_leads_to_the_book_and_every_page_has_a_way_there(visitor):
    assert '<a href="/learn">Learn what is underneath</a>' in visitor.get("/").text
    assert '<a href="/learn">Learn</a>' in visitor.get("/cart").text


def test_the_book_holds_no_dead_link(make_shop, visit):
    visitor = visit(make_shop(XRAY=True, DEBUG=True))
    page_of = cache(lambda path: visitor.get(path))
    dead = set()
    for page in PAGES:
        tried = {request.path for request in _tries(page)}
        for link in set(map(unescape, HREF.findall(page_of(page).text))) - tried - {"/_xray"}:
            target = urlsplit(urljoin(f"http://localhost{page}", link))
            answer = page_of(f"{target.path}?{target.query}".rstrip("?"))
            there = answer.status_code in (200, 303)
            if not there or (target.fragment and f'id="{target.fragment}"' not in answer.text):
                dead.add((page, link, answer.status_code))
    assert dead == set()


def _tries(page):
    slug = page.rpartition("/")[2]
    parts = chapter(slug).parts if slug in ORDER else []
    return [request for part in parts if part.kind == "try" for request in part.data]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_the_notes_is_in_the_glossary_and_in_the_chapter_that_it_leads_to(visitor, word):
    entry = re.search(
        rf"<li><strong>{re.escape(word)}</strong>(.*?)</li>", visitor.get("/learn/glossary").text, re.DOTALL
    )
    (slug, *_) = re.findall(r'href="([\w-]+)"', entry[1])
    page = visitor.get(f"/learn/{slug}").text
    assert re.search(
        rf"\b{re.escape(word.removesuffix('s'))}", page.partition('<nav class="chapters"')[0], re.IGNORECASE
    )
    assert 'class="try"' in page


@pytest.mark.parametrize("slug", ["nothing", "..", "START", "x" * 500])
def test_a_chapter_that_does_not_exist_is_missing(visitor, slug):
    assert visitor.get(f"/learn/{slug}").status_code == 404


def test_html_in_a_chapter_is_shown_and_not_obeyed():
    (part,) = read("<script>alert(1)</script> and <b>this</b> and [that](javascript:alert)")
    assert "<script" not in part.html and "<b>" not in part.html and "href" not in part.html


def test_no_cookie_of_progress_is_set_by_reading(visitor):
    visitor.get("/learn/start")
    assert visitor.client.get_cookie("learned") is None


def test_a_chapter_marked_as_read_is_kept_in_a_cookie_that_the_contents_tell_of(visitor):
    answer = visitor.send("/learn/progress", chapter="start")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/learn/threads")
    visitor.send("/learn/progress", chapter="light")
    assert visitor.client.get_cookie("learned").value == "start.light"
    page = visitor.get("/learn").text
    assert "<code>start.light</code>" in page and "2 of 18 chapters" in page


def test_progress_can_be_cleared(visitor):
    visitor.send("/learn/progress", chapter="wsgi")
    visitor.send("/learn/progress", clear="1")
    assert visitor.client.get_cookie("learned") is None


@pytest.mark.parametrize("cookie", ["<script>", "start." * 600, "nothing..", "\u00e9"], ids=lambda text: text[:6])
def test_a_cookie_of_progress_that_we_did_not_write_does_no_harm(visitor, cookie):
    visitor.client.set_cookie("learned", cookie)
    page = visitor.get("/learn")
    assert page.status_code == 200
    assert "<script>" not in page.text and page.text.count("start.start") == 0


def test_only_a_chapter_of_the_book_is_marked(visitor):
    assert visitor.send("/learn/progress", chapter="//evil.example").status_code == 404


def test_the_pages_do_not_hold_the_shops_secrets(make_shop, visit):
    shop = make_shop()
    visitor = visit(shop)
    text = visitor.get("/learn/rest").text + visitor.send("/learn/rest").text
    assert shop.config["API_TOKEN"] not in text
    assert stored_secret(shop.instance_path, "secret_key") not in text


def test_the_contents_are_found_with_a_slash_at_the_end_too(visitor):
    answer = visitor.get("/learn/")
    assert (answer.status_code, answer.location) == (308, "/learn")
