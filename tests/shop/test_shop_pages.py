"""Requirements of the catalogue pages: the list and its search, the product, the theme, the answers to errors."""

import re

import pytest


def names(response):
    return re.findall(r'<h3><a href="[^"]+">([^<]+)</a></h3>', response.text)


def test_the_list_shows_the_seeded_products_twelve_to_a_page(visitor):
    first, second = visitor.get("/"), visitor.get("/?page=2")
    assert len(names(first)) == len(names(second)) == 12
    assert not set(names(first)) & set(names(second))
    assert "24 things" in first.text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=brass+bench", {"Brass Bench Lamp"}),
        ("q=DOVETAIL+saw", {"Dovetail Saw"}),
        ("category=desk", {"Carpenter's Pencils, Box of 6", "Walnut Pen Tray", "Grid Notebook", "Desk Clock"}),
        ("q=lamp&category=desk", set()),
        ("q=%25", set()),
        ("q=_", set()),
        ("q='+OR+1=1--", set()),
        ("q=%00", None),
        ("q=%FF%FE", set()),
        ("category=unknown", None),
    ],
)
def test_a_search_finds_words_and_nothing_else(visitor, query, expected):
    response = visitor.get(f"/?{query}")
    assert response.status_code == 200
    found = {name.replace("&#39;", "'") for name in names(response)}
    assert len(found) == 12 if expected is None else found == expected


def test_the_search_keeps_what_was_asked_escaped_and_bounded(visitor):
    page = visitor.get("/", query_string={"q": "<script>" + "x" * 500}).text
    assert 'value="&lt;script&gt;' + "x" * 72 + '"' in page
    assert "<script>x" not in page


@pytest.mark.parametrize(
    ("sort", "first"),
    [("name", "Bar Clamps, Pair"), ("price", "Carpenter&#39;s Pencils, Box of 6"), ("-price", "Bench Vise"),
     ("newest", "Enamel Mug"), ("id;drop table product", "Bar Clamps, Pair")],
)  # fmt: skip
def test_only_known_orders_reach_the_database(visitor, sort, first):
    assert names(visitor.get("/", query_string={"sort": sort}, follow_redirects=True))[0] == first


@pytest.mark.parametrize("page", ["99", "0", "-1", "x", "²", "9" * 5000], ids=lambda text: text[:6])
def test_a_page_number_that_does_not_exist_shows_an_existing_page(visitor, page):
    response = visitor.get("/", query_string={"page": page})
    assert response.status_code == 200
    assert len(names(response)) == 12


def test_the_links_between_pages_keep_the_search(visitor):
    assert 'href="/?page=2&amp;q=a&amp;sort=price"' in visitor.get("/?q=a&sort=price").text


def test_the_address_of_all_products_leads_to_the_list_and_to_no_other_host(visitor):
    response = visitor.get("/products?q=saw&_external=1&_scheme=javascript&_anchor=x")
    assert (response.status_code, response.headers["Location"]) == (301, "/?q=saw")


def test_a_product_page_shows_price_stock_picture_and_reviews(visitor):
    page = visitor.get("/products/5").text
    for part in ("Low-Angle Block Plane", "€\u00a0119.00", "In stock", "block-plane.svg", "Flat out of the box", "4.5"):
        assert part in page


def test_a_product_that_is_sold_out_cannot_be_put_into_the_cart(visitor):
    assert '<button class="button" disabled>Sold out</button>' in visitor.get("/products/8").text


@pytest.mark.parametrize(
    "number", ["0", "9999", "2147483648", "9" * 30, "9" * 5000, "-1", "x", "1.0", "1%00"], ids=lambda text: text[:12]
)
def test_an_unknown_product_is_answered_with_a_page_and_404(visitor, number):
    response = visitor.get(f"/products/{number}")
    assert response.status_code == 404
    assert response.mimetype == "text/html"
    assert "Not Found" in response.text


@pytest.mark.parametrize("rest", ["", "/review", "/edit", "/delete"])
@pytest.mark.parametrize("number", ["01", "%D9%A1", "+1"])
def test_an_id_has_one_spelling_in_the_pages_too(visitor, number, rest):
    assert visitor.get(f"/products/{number}{rest}").status_code == 404


def test_every_picture_of_the_catalogue_is_served_as_svg(visitor):
    for path in set(re.findall(r'src="(/static/pictures/[^"]+)"', visitor.get("/").text)):
        with visitor.get(path) as picture:
            assert picture.status_code == 200
            assert picture.mimetype == "image/svg+xml"


def test_the_last_six_products_seen_are_remembered_the_latest_first(visitor):
    for number in (1, 2, 3, 4, 5, 6, 7, 3):
        response = visitor.get(f"/products/{number}")
    cookie = response.headers.getlist("Set-Cookie")
    assert any(value.startswith("recent=3.7.6.5.4.2;") for value in cookie)
    assert all("HttpOnly" in value and "SameSite=Lax" in value for value in cookie)
    seen = visitor.get("/").text.split("Seen lately")[1]
    assert re.findall(r'href="/products/(\d+)"', seen) == ["3", "7", "6", "5", "4", "2"]


@pytest.mark.parametrize("value", ["x", "1.2.", "1..2", "0", "1.2.3.4.5.6.7", "-1", "1" * 11, "1;2", "²", "1.9999"])
def test_a_cookie_of_products_that_the_shop_did_not_write_does_no_harm(visitor, value):
    visitor.client.set_cookie("recent", value)
    response = visitor.get("/")
    assert response.status_code == 200
    assert ("Seen lately" in response.text) is (value == "1.9999")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_theme_is_kept_in_a_cookie_and_colours_every_page(visitor, theme):
    response = visitor.send("/theme", theme=theme, next="/cart")
    assert (response.status_code, response.headers["Location"]) == (303, "/cart")
    assert f'<html lang="en" data-theme="{theme}">' in visitor.get("/").text
    assert visitor.send("/theme", theme="auto").status_code == 303
    assert 'data-theme="auto"' in visitor.get("/").text


def test_an_unknown_theme_is_neither_set_nor_believed(visitor):
    response = visitor.send("/theme", theme='dark"><script>')
    assert not [value for value in response.headers.getlist("Set-Cookie") if value.startswith("theme=")]
    visitor.client.set_cookie("theme", "purple")
    assert 'data-theme="auto"' in visitor.get("/").text


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/api/products", "/api/nowhere", "/static/shop.css", "/threads?tasks=0"]
)
def test_every_answer_binds_the_browser(visitor, path):
    with visitor.get(path) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "path", ["/", "/products/1", "/cart", "/login", "/products/1/review", "/threads?tasks=1&threads=1", "/nowhere"]
)
def test_no_page_needs_what_the_policy_forbids(visitor, path):
    page = visitor.get(path).text
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", page)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page)


def test_pages_are_for_one_customer_only(visitor):
    response = visitor.get("/")
    assert "Cookie" in response.headers["Vary"]
    assert response.headers["Cache-Control"] == "private, no-cache"


def test_a_wrong_method_is_answered_with_the_right_ones(visitor):
    response = visitor.client.delete("/products/1")
    assert response.status_code == 405
    assert set(response.headers["Allow"].replace(" ", "").split(",")) == {"GET", "HEAD", "OPTIONS"}
    assert response.mimetype == "text/html"


def test_a_form_that_is_too_long_is_refused(visitor):
    form = {"csrf_token": visitor.token(), "text": "x" * 200_000}
    assert visitor.client.post("/products/1/review", data=form, content_type="multipart/form-data").status_code == 413
    response = visitor.client.post("/cart/add", data=b"x" * 2_000_000, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 413
    assert "no more than 1 million bytes" in response.text


def test_a_fault_of_ours_is_a_plain_500_that_tells_nothing(make_shop, visit):
    shop = make_shop(PROPAGATE_EXCEPTIONS=False)
    shop.add_url_rule("/boom", view_func=lambda: 1 / 0)
    shop.add_url_rule("/api/boom", "api_boom", view_func=lambda: 1 / 0)
    page, problem = visit(shop).get("/boom"), visit(shop).get("/api/boom")
    assert (page.status_code, page.mimetype) == (500, "text/html")
    assert (problem.status_code, problem.mimetype) == (500, "application/problem+json")
    assert "division" not in page.text + problem.text
    assert page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/", '<a href="/" aria-current="page">Catalogue</a>'),
        ("/products/3", '<a href="/" aria-current="true">Catalogue</a>'),
        ("/learn", '<a href="/learn" aria-current="page">Learn</a>'),
        ("/learn/sessions", '<a href="/learn" aria-current="true">Learn</a>'),
    ],
)
def test_the_menu_says_on_which_page_or_in_which_part_one_is(visitor, path, current):
    menu = visitor.get(path).text.partition("</nav>")[0]
    assert current in menu and menu.count("aria-current") == 1
