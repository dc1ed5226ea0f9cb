"""Requirements of preferences, of the line that says what a page used, and of addresses that last."""

import re

import pytest
from sqlalchemy import text

from wsgiapp.shop import assets, currencies, features_used
from wsgiapp.shop.models import Review

CHOICE = {"theme": "dark", "page_size": "24", "currency": "USD"}


def cookies(response):
    return {line.partition("=")[0]: line.partition("=")[2] for line in response.headers.getlist("Set-Cookie")}


# -- what is kept, and where


def test_theme_and_page_size_are_kept_in_cookies_and_the_currency_in_the_session(visitor):
    answer = visitor.send("/preferences", **CHOICE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/preferences")
    kept = cookies(answer)
    for name, value in (("theme", "dark"), ("page_size", "24")):
        assert kept[name].startswith(f"{value};")
        assert f"Max-Age={365 * 86_400}" in kept[name] and "HttpOnly" in kept[name] and "SameSite=Lax" in kept[name]
    assert "currency" not in kept
    with visitor.client.session_transaction() as session:
        assert session["currency"] == "USD"
    page = visitor.get("/preferences").text
    assert re.findall(r'value="([^"]+)" checked', page) == ["dark", "24", "USD"]
    assert len(re.findall(r"<h3><a", visitor.get("/").text)) == 24


def test_what_is_the_default_needs_no_cookie(visitor):
    visitor.send("/preferences", **CHOICE)
    answer = visitor.send("/preferences", theme="auto", page_size="12", currency="EUR")
    assert cookies(answer)["page_size"].startswith(";") and cookies(answer)["theme"].startswith(";")
    assert visitor.client.get_cookie("page_size") is None


@pytest.mark.parametrize(
    "wrong", [{"theme": "blue"}, {"page_size": "1000"}, {"page_size": ""}, {"currency": "BTC"}, {"currency": "<b>"}]
)
def test_what_is_not_offered_is_refused_beside_its_field(visitor, wrong):
    answer = visitor.send("/preferences", **{**CHOICE, **wrong})
    assert answer.status_code == 422
    assert answer.text.count('class="error"') == 1
    assert "Set-Cookie" not in answer.headers or not {"theme", "page_size"} & cookies(answer).keys()


@pytest.mark.parametrize("value", ["0", "13", "-1", "x", "12;", "٢٤", "9" * 500], ids=lambda value: value[:5])
def test_a_page_size_that_the_shop_did_not_write_counts_as_none(visitor, value):
    visitor.client.set_cookie("page_size", value)
    answer = visitor.get("/")
    assert (answer.status_code, len(re.findall(r"<h3><a", answer.text))) == (200, 12)


@pytest.mark.parametrize("value", ["BTC", 7, None, ["USD"], {"a": 1}])
def test_a_currency_that_the_shop_did_not_write_begins_a_new_session(visitor, value):
    with visitor.client.session_transaction() as session:
        session["currency"] = value
        session["cart"] = {"1": 2}
    answer = visitor.get("/products/1")
    assert (answer.status_code, "€\u00a0129.00" in answer.text) == (200, True)


def test_what_was_seen_is_forgotten_at_the_press_of_a_button(visitor):
    visitor.get("/products/3")
    page = visitor.get("/?q=saw").text
    assert "Seen lately" in page and 'action="/recent/clear"' in page
    assert "number of the product" in visitor.get("/preferences").text
    answer = visitor.send("/recent/clear", next="/?q=saw")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?q=saw")
    assert visitor.client.get_cookie("recent") is None
    assert "Seen lately" not in visitor.get("/").text


# -- money


@pytest.mark.parametrize(
    ("cents", "code", "shown"),
    [(123456, "EUR", "€\u00a01,234.56"), (5, "USD", "$\u00a00.06"), (15, "USD", "$\u00a00.17"),
     (0, "GBP", "£\u00a00.00"), (10, "GBP", "£\u00a00.09"), (10_000_000, "USD", "$\u00a0110,000.00")],
)  # fmt: skip
def test_a_price_is_converted_exactly_half_a_cent_up(cents, code, shown):
    assert currencies.shown(cents, code) == shown


def test_prices_are_shown_in_the_chosen_currency_and_what_is_paid_in_euros(visitor):
    visitor.send("/preferences", **CHOICE)
    assert "$\u00a0141.90" in visitor.get("/").text
    page = visitor.get("/products/1").text
    assert '<p class="price">$\u00a0141.90</p>' in page
    assert "You pay €\u00a0129.00." in page
    visitor.send("/cart/add", product_id="1", quantity="1")
    assert "€\u00a0129.00" in visitor.get("/cart").text
    assert "$\u00a01.10 or £\u00a00.85" in visitor.get("/preferences").text.replace("&nbsp;", "\u00a0")


# -- what a page used


def used(page):
    """The line at the foot of a page: what is named, and the chapters that it leads to."""
    line = page.partition("Underneath this page:")[2].partition("</p>")[0]
    facts = {}
    for chapter, kind, rest in re.findall(r'href="/learn/([\w-]+)">([\w ]+)</a>((?:(?!<a ).)*)', line, re.DOTALL):
        facts[kind] = (chapter, re.findall("<code>(.*?)</code>", rest))
    return facts


def test_each_page_names_what_it_used_and_leads_to_the_chapter_on_it(visitor):
    facts = used(visitor.get("/?q=saw&sort=price").text)
    assert facts == {
        "method": ("get-and-post", ["GET"]),
        "route": ("routing", ["/"]),
        "parameters": ("get-and-post", ["q", "sort"]),
        "session": ("sessions", ["csrf"]),
    }
    visitor.sign_in()
    visitor.get("/products/2")
    facts = used(visitor.send("/sell", name="x").text)
    assert facts["method"][1] == ["POST"]
    assert facts["cookies"] == ("cookies", ["session", "recent"])
    assert set(facts["session"][1]) == {"user_id", "session_number", "csrf"}
    assert used(visitor.get("/threads?tasks=0").text)["and more"] == ("threads", [])


@pytest.mark.parametrize("path", ["/", "/cart", "/login", "/register", "/preferences", "/learn", "/nowhere"])
def test_every_chapter_that_a_page_leads_to_is_there(visitor, path):
    facts = used(visitor.get(path).text)
    assert facts["method"][1] == ["GET"]
    assert {visitor.get(f"/learn/{chapter}").status_code for chapter, _ in facts.values()} == {200}


def test_names_that_somebody_else_chose_are_bounded_and_escaped(visitor):
    visitor.client.set_cookie("<b>" + "x" * 100, "1")
    page = visitor.get("/", query_string={f"<i>{number}": "1" for number in range(30)}).text
    assert len(used(page)["parameters"][1]) == features_used.MAX_NAMES + 1
    assert "<i>" not in page and "&lt;i&gt;0" in page
    assert "x" * (features_used.MAX_NAME + 1) not in page


# -- addresses


def test_static_files_have_their_version_in_their_address_and_are_kept_for_a_year(visitor):
    page = visitor.get("/").text
    addresses = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
    assert len(addresses) > 10
    for address in addresses:
        assert re.search(r"\?v=[0-9a-f]{12}$", address)
        with visitor.get(address) as file:
            assert file.status_code == 200
            assert file.headers["Cache-Control"] == f"public, max-age={365 * 86_400}, immutable"


@pytest.mark.parametrize("address", ["/static/shop.css", "/static/shop.css?v=0123456789ab", "/static/shop.css?v="])
def test_a_static_file_asked_for_without_its_version_is_not_kept(visitor, address):
    with visitor.get(address) as file:
        assert file.status_code == 200
        assert "immutable" not in file.headers["Cache-Control"]


def test_a_changed_file_has_another_version(tmp_path):
    file = tmp_path / "a.css"
    assert assets.version(str(file)) is None
    versions = set()
    for content in ("a", "b"):
        file.write_text(content)
        versions.add(assets.version(str(file)))
    assert len(versions) == 2


@pytest.mark.parametrize(
    ("sent", "clean"),
    [("q=&category=&sort=name", "/"), ("q=saw&category=&sort=name", "/?q=saw"), ("q=saw&page=", "/?q=saw"),
     ("q=&category=desk&sort=price", "/?category=desk&sort=price"), ("page=2&q=", "/?page=2"),
     ("q=a&sort=name&_external=1&_scheme=javascript", "/?q=a")],
)  # fmt: skip
def test_a_form_of_search_leads_to_an_address_without_empty_parameters(visitor, sent, clean):
    answer = visitor.get(f"/?{sent}")
    assert (answer.status_code, answer.headers["Location"]) == (303, clean)
    assert visitor.get(clean).status_code == 200


def test_programs_are_told_where_to_look_and_what_a_page_is_about(visitor):
    robots = visitor.get("/robots.txt")
    assert (robots.mimetype, robots.text.splitlines()[:2]) == ("text/plain", ["User-agent: *", "Disallow: /_xray"])
    described = {
        path: re.search(r'<meta name="description" content="([^"]{20,300})">', visitor.get(path).text)[1]
        for path in ("/", "/?category=desk", "/products/1", "/login")
    }
    assert len(set(described.values())) == 4
    assert described["/products/1"].startswith("Heron Task Lamp: ")


# -- forms and messages


@pytest.mark.parametrize("path", ["/", "/products/1", "/cart", "/login", "/preferences", "/learn/sessions", "/account"])
def test_every_form_that_changes_something_carries_the_token(administrator, path):
    administrator.send("/cart/add", product_id="1", quantity="1")
    forms = re.findall(r'<form[^>]*method="post".*?</form>', administrator.get(path).text, re.DOTALL)
    assert len(forms) >= 2
    assert all(form.count('name="csrf_token"') == 1 for form in forms)


def test_messages_are_a_list_within_the_region_that_tells_of_them(visitor):
    visitor.send("/logout")
    page = visitor.get("/").text
    assert re.search(r'<div role="status">\s*<ul class="flashes">\s*<li class="flash good">You are signed out.', page)


@pytest.mark.parametrize(("ratings", "stars", "number"), [((2, 3), "★★★☆☆", "2.5"), ((4, 5), "★★★★★", "4.5"),
                                                          ((1, 1, 2), "★☆☆☆☆", "1.3")])  # fmt: skip
def test_half_a_star_is_rounded_up(make_shop, visit, ratings, stars, number):
    visitor = visit(make_shop())
    with visitor.database() as db, db.begin():
        db.add_all(Review(product_id=24, author=f"A{n}", rating=n, text="It holds.") for n in ratings)
        db.query(Review).filter(Review.product_id == 24, Review.author == "Priya").delete()
    page = visitor.get("/products/24").text
    assert f'<span aria-hidden="true">{stars}</span><span class="hidden">{number} of 5 stars' in page


def test_the_head_shows_who_is_signed_in_by_the_database(editor):
    with editor.database() as db, db.begin():
        db.execute(text("UPDATE shop_user SET name = 'Edda' WHERE name = 'Edith'"))
    assert "Sign out Edda" in editor.get("/").text
    with editor.database() as db, db.begin():
        db.execute(text("DELETE FROM shop_user WHERE name = 'Edda'"))
    assert "Sign out" not in editor.get("/").text
