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


def test_titles_that_look_alike_in_addresses_get_different_ones(administrator):
    for title in ("Été", "ete!", "日本", "本日", "a" * 30, "a" * 31):
        assert administrator.send("/categories/add", title=title).status_code == 303
    slugs = re.findall(r'name="slug" value="([^"]+)"', administrator.get("/categories").text)[6:]
    assert slugs == ["ete", "ete-2", "category", "category-2", "a" * 20, "a" * 18 + "-2"]


def test_there_is_an_end_to_categories(administrator, monkeypatch):
    monkeypatch.setattr("wsgiapp.shop.shelves.MAX_CATEGORIES", 7)
    answers = [administrator.send("/categories/add", title=f"Shelf {number}").status_code for number in range(2)]
    assert answers == [303, 422]


def test_nobody_else_names_categories(editor, visitor):
    assert visitor.get("/categories").headers["Location"] == "/login?next=/categories"
    assert editor.get("/categories").status_code == 403
    assert editor.send("/categories/add", title="Mine").status_code == 403
    assert editor.send("/categories/rename", slug="light", before="Light", title="Mine").status_code == 403
