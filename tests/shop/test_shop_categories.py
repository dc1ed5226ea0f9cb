"""Requirements of the form of categories: what a title may be, and who may give one."""

import re

import pytest


@pytest.mark.parametrize(
    ("path", "sent", "status", "says"),
    [
        ("add", {"title": "DESK"}, 422, "already"),
        ("add", {"title": " "}, 422, "Please fill this in."),
        ("add", {"title": "x" * 61}, 422, "no more than 60"),
        ("add", {"title": "a\nb"}, 422, "one line"),
        ("rename", {"slug": "light", "before": "Light", "title": "desk"}, 422, "already"),
        ("rename", {"slug": "light", "before": "Lamps", "title": "Mine"}, 409, "called “Light” by now"),
        ("rename", {"slug": "nowhere", "before": "Light", "title": "Mine"}, 409, "no such category"),
    ],
)
def test_a_title_that_cannot_be_is_told_beside_its_field(administrator, path, sent, status, says):
    answer = administrator.send(f"/categories/{path}", **sent)
    assert answer.status_code == status
    if sent.get("slug") != "nowhere":
        assert says in answer.text
        assert answer.text.count('aria-invalid="true"') == 1
    assert "Mine" not in administrator.get("/").text


def order_of(visitor):
    """The slugs of the categories, in their order on the page."""
    return list(dict.fromkeys(re.findall(r'name="slug" value="([^"]+)"', visitor.get("/categories").text)))


def test_a_category_is_moved_among_the_others_and_stays_at_either_end(administrator):
    first, second, *others = order_of(administrator)
    titles = {slug: {"slug": slug, "title": slug, "before": slug} for slug in (first, others[-1])}
    for way, slug, expected in [
        ("down", first, [second, first, *others]),
        ("up", first, [first, second, *others]),
        ("up", first, [first, second, *others]),
        ("down", others[-1], [first, second, *others]),
    ]:
        assert administrator.send(f"/categories/{way}", **titles[slug]).status_code == 303
        assert order_of(administrator) == expected
    chips = re.findall(r'href="/\?category=([a-z-]+)"', administrator.get("/").text)
    assert list(dict.fromkeys(chips)) == [first, second, *others]
    assert administrator.send("/categories/up", slug="nowhere", title="x", before="x").status_code == 409


def test_a_category_is_deleted_when_no_product_is_in_it(administrator):
    full = administrator.send("/categories/delete", slug="light", before="Light", title="Light")
    assert full.status_code == 409
    assert re.search(
        r"It cannot be deleted while \d+ products are in it\. Give them another category first\.", full.text
    )
    administrator.send("/categories/add", title="Books")
    seen_before = {"slug": "books", "before": "Novels", "title": "Novels"}
    assert administrator.send("/categories/delete", **seen_before).status_code == 409
    assert order_of(administrator)[-1] == "books"
    assert administrator.send("/categories/delete", slug="books", before="Books", title="Books").status_code == 303
    assert "books" not in order_of(administrator)
    assert administrator.send("/categories/delete", slug="books", before="Books", title="Books").status_code == 409


def test_titles_that_look_alike_in_addresses_get_different_ones(administrator):
    for title in ("Été", "ete!", "日本", "本日", "a" * 30, "a" * 31):
        assert administrator.send("/categories/add", title=title).status_code == 303
    slugs = order_of(administrator)[6:]
    assert slugs == ["ete", "ete-2", "category", "category-2", "a" * 20, "a" * 18 + "-2"]


def test_there_is_an_end_to_categories(administrator, monkeypatch):
    monkeypatch.setattr("wsgiapp.shop.category_store.MAX_CATEGORIES", 7)
    answers = [administrator.send("/categories/add", title=f"Shelf {number}").status_code for number in range(2)]
    assert answers == [303, 422]


def test_nobody_else_names_categories(editor, visitor):
    assert visitor.get("/categories").headers["Location"] == "/login?next=/categories"
    assert editor.get("/categories").status_code == 403
    assert editor.send("/categories/add", title="Mine").status_code == 403
    for action in ("rename", "delete", "up", "down"):
        assert editor.send(f"/categories/{action}", slug="light", before="Light", title="Light").status_code == 403
