"""The page with a form in docs/rest.md: view and template in at most 25 lines, and they do what a form has to do."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from servers import ROOT

MOST_LINES = 25
GUIDE = (ROOT / "docs" / "rest.md").read_text(encoding="utf-8")
HEADING = "\n## A page with a form\n"
FORGED = ["", "wrong", "w\xf6rong", None]


def blocks(text: str) -> list[str]:
    """The blocks of Python in a part of the guide."""
    found: list[str] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return found


PASSAGE = blocks(GUIDE.partition(HEADING)[2].partition("\n## ")[0])


class Page(HTMLParser):
    """What a page shows and has to send: the values of its fields, the labels, and the error beside each field."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.labels: set[str] = set()
        self.errors: dict[str, str] = {}
        self.elements: list[str] = []
        self.beside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append(tag)
        self.beside = given.get("id", "").removesuffix("-error") if tag == "span" else ""
        if tag == "input":
            self.values[given["name"]] = given["value"]
        elif tag == "label":
            self.labels.add(given["for"])

    def handle_endtag(self, tag: str) -> None:
        self.beside = ""

    def handle_data(self, data: str) -> None:
        if self.beside:
            self.errors[self.beside] = data


@pytest.fixture
def client() -> Any:
    """A visitor of the guide's app, made of the guide's first block and of this passage."""
    names: dict[str, Any] = {"__name__": "guide"}
    for block in [blocks(GUIDE)[0], *PASSAGE]:
        exec(compile(block, "docs/rest.md", "exec", dont_inherit=True), names)
    return names["desk"].test_client()


def test_view_and_template_have_at_most_25_lines() -> None:
    lines = [line for line in PASSAGE[1].splitlines() if line.strip()]
    assert "<form" in PASSAGE[1] and "def new_book" in PASSAGE[1] and "import" not in PASSAGE[1]
    assert len(lines) <= MOST_LINES and max(map(len, lines)) <= 120


def test_the_page_has_a_labelled_field_for_each_value_of_the_model(client: Any) -> None:
    answer = client.get("/books/new")
    page = Page(answer.text)
    assert (answer.status_code, page.labels, page.errors) == (200, {"title", "pages"}, {})
    assert page.values.keys() == {"title", "pages", "token"} and page.values["token"]


def test_a_good_form_keeps_the_book_and_leads_to_its_page(client: Any) -> None:
    token = Page(client.get("/books/new").text).values["token"]
    answer = client.post("/books/new", data={"title": "Emma", "pages": "474", "token": token})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/books/1")
    assert client.get("/books/1").json == {"id": 1, "title": "Emma", "pages": 474}


def test_each_error_stands_beside_its_field_with_what_was_typed_and_nothing_is_kept(client: Any) -> None:
    token = Page(client.get("/books/new").text).values["token"]
    answer = client.post("/books/new", data={"title": "", "pages": "<b>many</b>", "token": token})
    page = Page(answer.text)
    assert (answer.status_code, page.errors.keys()) == (422, {"title", "pages"})
    assert "at least 1 character" in page.errors["title"] and "valid integer" in page.errors["pages"]
    assert page.values == {"title": "", "pages": "<b>many</b>", "token": token} and "b" not in page.elements
    assert client.get("/books").json == {"items": []}


@pytest.mark.parametrize("forged", FORGED)
def test_a_form_of_another_site_is_refused(client: Any, forged: str | None) -> None:
    client.get("/books/new")
    sent = {"title": "Emma", "pages": "474"} | ({} if forged is None else {"token": forged})
    assert client.post("/books/new", data=sent).status_code == 400
    assert client.get("/books").json == {"items": []}


def test_the_token_of_another_visitor_is_refused(client: Any) -> None:
    token = Page(client.get("/books/new").text).values["token"]
    other = client.application.test_client()
    other.get("/books/new")
    assert other.post("/books/new", data={"title": "Emma", "token": token}).status_code == 400
