"""Requirements of products and categories by form: who may, and what becomes of a change in between."""

import re
import threading

import pytest

from wsgiapp.shop.models import EDITOR, Product, Review

FIELDS = {"name": "Router Bit", "category": "desk", "price": "19.90", "stock": "3", "picture": "parcel"}


def product(visitor, number=25):
    with visitor.database() as db:
        return db.get(Product, number)


def version(page):
    return re.search(r'name="version" value="(\d+)"', page)[1]


# -- products


def test_an_editor_changes_what_they_sell_by_the_form_that_shows_it(editor):
    page = editor.get("/products/25/edit").text
    for part in ('value="Router Bit"', 'value="19.90"', '<option value="desk" selected>', 'value="parcel" selected'):
        assert part in page
    answer = editor.send("/products/25/edit", **{**FIELDS, "name": "Bit", "price": "5,5"}, version=version(page))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/products/25")
    assert "“Bit” is changed." in editor.get("/products/25").text
    changed = product(editor)
    assert (changed.name, changed.price_cents, changed.version) == ("Bit", 550, 2)


def test_the_forms_are_for_the_seller_and_for_administrators(editor, administrator, person, visit):
    for path in ("/products/25/edit", "/products/25/delete"):
        assert administrator.get(path).status_code == 200
        assert visit(editor.client.application).get(path).headers["Location"] == f"/login?next={path}"
        for other in (person("Ernest" + path[-1], EDITOR), person("Vera" + path[-1], "visitor")):
            assert other.get(path).status_code == 403
            assert other.send(path, **FIELDS, version="1").status_code == 403
    assert editor.get("/products/1/edit").status_code == 403
    assert product(editor).version == 1


def test_the_page_of_a_product_leads_there_whoever_may(editor, administrator, visitor):
    links = ("/products/25/edit", "/products/25/delete")
    for who, shown in ((editor, True), (administrator, True), (visitor, False)):
        page = who.get("/products/25").text
        assert all((f'href="{link}"' in page) is shown for link in links)


def test_a_wrong_field_keeps_what_was_typed_and_changes_nothing(editor):
    answer = editor.send("/products/25/edit", **{**FIELDS, "name": "", "price": "x", "summary": "kept"}, version="1")
    assert answer.status_code == 422
    assert 'value="kept"' in answer.text and 'value="x"' in answer.text
    assert answer.text.count('class="error"') == 2
    assert version(answer.text) == "1"
    assert product(editor).name == "Router Bit"


def test_what_someone_else_changed_is_told_and_not_overwritten_until_asked_again(editor, administrator):
    page = editor.get("/products/25/edit").text
    administrator.send("/products/25/edit", **{**FIELDS, "price": "21", "stock": "9"}, version="1")
    mine = {**FIELDS, "name": "Better Bit", "stock": "9"}
    answer = editor.send("/products/25/edit", **mine, version=version(page))
    assert answer.status_code == 409
    assert "Someone else changed this product" in answer.text
    assert re.findall(r"It now says: ([^<]+)", answer.text) == ["Router Bit", "21.00"]
    assert 'value="Better Bit"' in answer.text
    assert product(editor).price_cents == 2100
    assert editor.send("/products/25/edit", **mine, version=version(answer.text)).status_code == 303
    assert (product(editor).name, product(editor).price_cents) == ("Better Bit", 1990)


@pytest.mark.parametrize("sent", [{}, {"version": "x"}, {"version": "0"}, {"version": "9" * 30}])
def test_a_form_without_its_version_changes_nothing(editor, sent):
    assert editor.send("/products/25/edit", **{**FIELDS, "name": "No"}, **sent).status_code == 409
    assert editor.send("/products/25/delete", **sent).status_code == 409
    assert product(editor).name == "Router Bit"


def test_of_changes_at_the_same_moment_one_is_made(editor):
    token, answers = editor.token(), []

    def change(name):
        fields = {**FIELDS, "name": name, "version": "1", "csrf_token": token}
        answers.append(editor.client.application.test_client())
        answers[-1].set_cookie("session", editor.client.get_cookie("session").value)
        answers.append(answers.pop().post("/products/25/edit", data=fields).status_code)

    threads = [threading.Thread(target=change, args=(f"Bit {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 409, 409, 409]
    assert product(editor).version == 2


def test_a_product_is_deleted_after_a_question_with_its_reviews(editor, administrator):
    with editor.database() as db, db.begin():
        db.add(Review(product_id=25, author="Ada", rating=5, text="It cuts."))
    page = editor.get("/products/25/delete").text
    assert "cannot be undone" in page
    assert product(editor) is not None
    answer = editor.send("/products/25/delete", version=version(page))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "“Router Bit” is not on sale any more." in editor.get("/").text
    assert editor.get("/products/25").status_code == editor.get("/products/25/delete").status_code == 404
    with editor.database() as db:
        assert db.query(Review).filter_by(author="Ada").count() == 0


def test_a_product_changed_meanwhile_is_asked_about_again_before_it_is_deleted(editor):
    page = editor.get("/products/25/delete").text
    editor.send("/products/25/edit", **{**FIELDS, "price": "4"}, version="1")
    answer = editor.send("/products/25/delete", version=version(page))
    assert answer.status_code == 409
    assert "Someone else changed" in answer.text and "€\u00a04.00" in answer.text
    assert editor.send("/products/25/delete", version=version(answer.text)).status_code == 303


# -- categories


def test_an_administrator_adds_a_category_that_pages_forms_and_api_know_at_once(administrator, api_of):
    answer = administrator.send("/categories/add", title="  Öl & Wachs  ")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/categories")
    assert "ol-wachs" in administrator.get("/categories").text
    assert '<option value="ol-wachs">Öl &amp; Wachs</option>' in administrator.get("/").text
    assert administrator.send("/sell", **{**FIELDS, "category": "ol-wachs"}).status_code == 303
    assert "Router Bit" in administrator.get("/?category=ol-wachs").text
    api = api_of(administrator.client.application)
    assert api.call("POST", body={"name": "Wax", "category": "ol-wachs", "price_cents": 1}).status_code == 201
    assert api.call("PATCH", "/1", {"category": "ol-wachs"}).status_code == 200
    assert api.call("PATCH", "/1", {"category": "spaceships"}).status_code == 422
    schema = administrator.get("/openapi.json").json["components"]["schemas"]["ProductIn"]
    assert schema["properties"]["category"]["enum"][-1] == "ol-wachs"


def test_a_renamed_category_keeps_its_address(administrator):
    sent = {"slug": "light", "before": "Light", "title": "Lamps <b>&</b> light"}
    assert administrator.send("/categories/rename", **sent).status_code == 303
    page = administrator.get("/?category=light").text
    assert "<h1>Lamps &lt;b&gt;&amp;&lt;/b&gt; light</h1>" in page
    assert "Heron Task Lamp" in page
