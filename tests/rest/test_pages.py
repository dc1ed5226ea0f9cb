"""The pages on an API: small, on their own, readable without JavaScript, with a form for every method."""

from __future__ import annotations

import html
import re

from rest import books
from rest.conftest import Subject


def test_the_page_with_all_that_it_loads_is_under_forty_kilobytes(subject: Subject) -> None:
    client = subject.app.test_client()
    page = client.get("/docs")
    loaded = re.findall(r'<(?:link|script)[^>]* (?:href|src)="([^"]+)"', page.text)
    assert sorted(loaded) == ["/docs/rest.css", "/docs/rest.js", "/docs/rest.svg"]
    sizes = [len(client.get(url).data) for url in ("/docs", *loaded)]
    assert sum(sizes) < 40 * 1024, sizes


def test_nothing_in_the_page_needs_more_than_default_src_self(subject: Subject) -> None:
    page = subject.app.test_client().get("/docs").text
    assert re.findall(r"<style|<script>| style=| on\w+=|javascript:|https?://", page) == []


def test_every_method_has_a_form(subject: Subject) -> None:
    page = subject.app.test_client().get("/docs").text
    forms = re.findall(r'<form[^>]* data-method="(\w+)" data-path="([^"]+)"', page)
    one = subject.path + "/{id}"
    own = [form for form in forms if form[1].partition("/{")[0] == subject.path]
    assert own == [
        ("GET", subject.path),
        ("POST", subject.path),
        *((m, one) for m in ("GET", "PUT", "PATCH", "DELETE")),
    ]


def test_what_the_form_proposes_to_create_can_be_created(subject: Subject) -> None:
    page = subject.app.test_client().get("/docs").text
    form = page.partition(f'data-method="POST" data-path="{subject.path}"')[2].partition("</form>")[0]
    proposed = html.unescape(re.search(r"<textarea[^>]*>([^<]*)</textarea>", form)[1])  # type: ignore[index]
    assert subject.call("POST", "", proposed.encode()).status_code == 201


def test_a_page_says_what_it_is(subject: Subject) -> None:
    client = subject.app.test_client()
    for path in ("/docs", subject.path):
        page = client.get(path, headers={"Accept": "text/html"}).text
        assert re.search('<meta name="description" content="[^"]+">', page)


def test_the_page_and_the_document_are_not_sent_again(subject: Subject) -> None:
    client = subject.app.test_client()
    for path in ("/docs", "/openapi.json"):
        tag = client.get(path).headers["ETag"]
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_a_reader_gets_a_list_that_leads_to_its_things() -> None:
    client = books.app.test_client()
    client.post("/books", json={"title": "<b>Emma</b>"})
    page = client.get("/books?limit=100&sort=-id", headers={"Accept": "text/html"})
    assert page.mimetype == "text/html"
    assert "<h1>books</h1>" in page.text
    assert "&lt;b&gt;Emma" in page.text and "<b>Emma" not in page.text
    for url in re.findall(r'href="(/books[^"]*)"', page.text):
        assert client.get(url.replace("&amp;", "&"), headers={"Accept": "text/html"}).status_code == 200
