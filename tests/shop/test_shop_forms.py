"""Requirements of the forms: who may send them, what is checked, and how errors are shown."""

import html
import io
import re

import pytest

from servers import ROOT
from wsgiapp import App
from wsgiapp.shop import form_source

FORMS = ["/cart/add", "/cart/update", "/cart/remove", "/theme", "/login", "/logout", "/products/1/review", "/sell",
         "/register", "/account/name", "/account/password", "/account/delete"]  # fmt: skip
REVIEW = {"author": "Ada", "rating": "4", "text": "It does what it says, and quietly."}


@pytest.mark.parametrize("token", [None, "", "wrong", "ümläut", "\U0001f600"])
def test_a_form_without_the_token_of_the_session_is_refused(visitor, token):
    visitor.get("/cart")
    fields = {} if token is None else {"csrf_token": token}
    for path in FORMS:
        response = visitor.client.post(path, data=fields)
        assert response.status_code == 400
        assert "not sent from a page of this session" in response.text


HERE = {"Origin": "http://localhost"}


def sent_again(page):
    """The fields of the form on a page that asks to send it again."""
    form = page.partition('<form class="sheet"')[2].partition("</form>")[0]
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))


def test_a_form_that_grew_old_keeps_what_was_typed_and_can_be_sent_again(buyer):
    old = {"csrf_token": "grown-old", **REVIEW, "text": "<b>Very</b> quiet, “really”."}
    response = buyer.client.post("/products/24/review", data=old, headers=HERE)
    assert (response.status_code, response.headers["Cache-Control"]) == (400, "no-store")
    assert "&lt;b&gt;Very&lt;/b&gt; quiet" in response.text
    assert 'action="/products/24/review"' in response.text
    fields = {name: html.unescape(value) for name, value in sent_again(response.text).items()}
    assert fields["text"] == old["text"]
    assert buyer.client.post("/products/24/review", data=fields).status_code == 303
    assert "&lt;b&gt;Very&lt;/b&gt; quiet" in buyer.get("/products/24").text


def test_a_password_of_a_form_that_grew_old_is_typed_again(visitor):
    fields = {"csrf_token": "old", "name": "demo", "password": "workbench", "next": "/cart"}
    page = visitor.client.post("/login", data=fields, headers={"Sec-Fetch-Site": "same-origin"}).text
    assert "workbench" not in page
    assert re.search(r'<input id="again-1" name="password" type="password"', page)
    again = {**sent_again(page), "password": "workbench"}
    assert visitor.client.post("/login", data=again).headers["Location"] == "/cart"


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "null"}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site", **HERE},
     {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}],
)  # fmt: skip
def test_the_form_of_another_site_gets_neither_a_token_nor_a_session(make_shop, visit, headers):
    client = visit(make_shop()).client
    response = client.post("/theme", data={"theme": "dark"}, headers=headers)
    assert response.status_code == 400
    assert "csrf" not in response.text
    assert "Set-Cookie" not in response.headers


def test_error_pages_keep_cart_and_sign_in_but_begin_no_session_for_another_site(make_shop, visit):
    shop = make_shop(LOGIN_LIMIT=1)
    visitor, stranger = visit(shop), visit(shop)
    visitor.send("/cart/add", product_id=1, quantity=3)
    visitor.sign_in()
    pages = [visitor.get("/nowhere"), visitor.get("/products/999"), visitor.client.post("/cart/add", data={})]
    pages.append(visitor.client.delete("/products/1"))
    assert [page.status_code for page in pages] == [404, 404, 400, 405]
    for page in pages:
        assert "Sign out demo" in page.text
        assert re.search(r'class="count">3<', page.text)
    for path in ("/nowhere", "/products/1", "/theme"):
        answer = stranger.client.post(path, headers={"Origin": "http://evil.example"})
        assert answer.status_code in (400, 404, 405)
        assert "Set-Cookie" not in answer.headers


def test_the_token_of_another_session_is_no_token(make_shop, visit):
    shop = make_shop()
    mine, theirs = visit(shop), visit(shop)
    response = mine.client.post("/theme", data={"csrf_token": theirs.token(), "theme": "dark"})
    assert response.status_code == 400


LIKE_A_TOKEN = "A" * 43
REFUSED = {
    "missing": (None, "came without the hidden mark", "is missing"),
    "malformed": ("wrong", "changed or cut off", "is malformed"),
    "of another session": (LIKE_A_TOKEN, "signed in or out, or begun anew", "is of another session"),
    "ended": (LIKE_A_TOKEN, "open for so long that its session has ended", "is of a session that has ended"),
    "without a cookie": (LIKE_A_TOKEN, "no cookie came with it", "came without the session's cookie"),
}


def refused(visitor, why, **headers):
    """The answer to a form for the cart whose token is not the session's, for one reason."""
    token, *_ = REFUSED[why]
    if why == "ended":
        visitor.client.set_cookie("session", "eyJ1c2VyX2lkIjoxfQ.aaaaaa.of-a-key-that-is-no-more")
    elif why != "without a cookie":
        visitor.get("/cart")
    fields = {"product_id": 1, "quantity": 3, **({} if token is None else {"csrf_token": token})}
    return visitor.client.post("/cart/add", data=fields, headers=headers)


@pytest.mark.parametrize("why", REFUSED)
def test_a_refused_form_says_what_happened_and_keeps_what_was_entered(make_shop, visit, why):
    visitor = visit(make_shop())
    answer = refused(visitor, why, **HERE)
    assert answer.status_code == 400
    assert REFUSED[why][1] in answer.text and "Nothing was changed." in answer.text
    assert "Look it over, and send it again." in answer.text
    assert [other for other, (_, words, _) in REFUSED.items() if words in answer.text] == [why]
    again = visitor.client.post("/cart/add", data=sent_again(answer.text))
    assert (again.status_code, again.headers["Location"]) == (303, "/cart")
    assert 'value="3"' in visitor.get("/cart").text


@pytest.mark.parametrize("why", REFUSED)
def test_a_refused_form_of_an_unknown_sender_says_what_to_do(make_shop, visit, why):
    answer = refused(visit(make_shop()), why)
    assert REFUSED[why][1] in answer.text
    assert "load it again, and send the form once more" in answer.text
    assert ("Allow cookies" in answer.text) == (why == "without a cookie")


@pytest.mark.parametrize("kept", [[], ["password"], ["picture"]])
def test_what_is_not_kept_is_said(make_shop, visit, kept):
    files = {"picture": (io.BytesIO(b"x"), "a.png")} if "picture" in kept else {}
    fields = {"password": "workbench"} if "password" in kept else {}
    answer = visit(make_shop()).client.post("/login", data={"name": "demo", **fields, **files}, headers=HERE)
    said = re.search(r"What you entered is still here(.*)\. Look it over", answer.text)
    name = {"password": "the password", "picture": "the file"}
    assert said[1] == (f", except for {name[kept[0]]}, which is never kept" if kept else "")


@pytest.mark.parametrize("why", REFUSED)
def test_in_debug_mode_the_log_names_the_form_the_reason_and_the_line_that_makes_the_field(
    make_shop, visit, why, caplog
):
    refused(visit(make_shop(DEBUG=True, XRAY=False)), why)
    (line,) = [record.getMessage() for record in caplog.records if "Refused" in record.getMessage()]
    assert line.startswith(f"Refused the form POST /cart/add: its field 'csrf_token' {REFUSED[why][2]}. ")
    assert "AAAA" not in line and "wrong" not in line
    for place, words in [(r"The form at (\S+):(\d+)", 'class="buy" method="post"'), (r" at (\S+):(\d+)\.$", "csrf()"),
                         (r"\(the macro at (\S+):(\d+)\)", "macro csrf()")]:  # fmt: skip
        file, number = re.search(place, line).groups()
        assert words in (ROOT / file).read_text(encoding="utf-8").splitlines()[int(number) - 1]


def test_without_debug_mode_a_refused_form_is_not_logged(make_shop, visit, caplog):
    refused(visit(make_shop()), "missing")
    assert [record for record in caplog.records if "Refused" in record.getMessage()] == []


def test_every_form_of_the_shop_is_found_with_what_makes_its_field(make_shop):
    shop = make_shop()
    with shop.test_request_context():
        found = {rule.endpoint: form_source.sources_of(shop, rule.endpoint) for rule in shop.url_map.iter_rules()
                 if "POST" in rule.methods and not rule.endpoint.startswith(("api", "_xray"))}  # fmt: skip
    lacking = [endpoint for endpoint, forms in found.items() if not forms or not all(form.macro for form in forms)]
    assert lacking == []
    assert len(found["preferences.clear_recent"]) == 2


def test_a_form_without_the_field_is_told_to_its_author(tmp_path):
    (tmp_path / "one.html").write_text(
        "<p>\n<form method=post action=\"{{ url_for('send', n=1 if a > b else 2) }}\">\n<button>Go</button></form>"
    )
    (tmp_path / "two.html").write_text("<form action='{{ url_for(\"send\") }}'>\n\n{{ csrf_field() }}</form>")
    (tmp_path / "else.html").write_text("<form action='{{ url_for(\"sender\") }}'>{{ csrf_field() }}</form>")
    app = App("made", template_folder=str(tmp_path))
    with app.app_context():
        one, two = map(str, form_source.sources_of(app, "send"))
    assert one.endswith("one.html:2 has no such field: it needs {{ csrf() }} in it.")
    assert two.endswith("two.html:3.") and "has its field by csrf_field() at" in two


def test_a_good_review_is_kept_and_shown_after_a_redirect(buyer):
    response = buyer.send("/products/24/review", **REVIEW)
    assert (response.status_code, response.headers["Location"]) == (303, "/products/24#reviews")
    page = buyer.get("/products/24").text
    assert "Thank you." in page
    assert REVIEW["text"] in page
    assert "Thank you." not in buyer.get("/products/24").text


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("author", "", "at least 2 characters"),
        ("author", " A ", "at least 2 characters"),
        ("author", "x" * 61, "no more than 60 characters"),
        ("author", "a\x00b", "must be one line of printable characters"),
        ("rating", "6", "Please enter 5 or less."),
        ("rating", "0", "Please enter 1 or more."),
        ("rating", "good", "Please enter a whole number."),
        ("rating", None, "Please fill this in."),
        ("text", "short", "at least 10 characters"),
        ("text", "x" * 1001, "no more than 1000 characters"),
        ("text", "x" * 20 + "\x1b", "must not contain control characters"),
    ],
)
def test_a_wrong_field_is_named_beside_it_and_the_rest_is_kept(buyer, field, value, message):
    fields = {name: text for name, text in {**REVIEW, field: value}.items() if text is not None}
    response = buyer.send("/products/24/review", **fields)
    assert response.status_code == 422
    assert re.search(rf'id="{field}-error">[^<]*{re.escape(message)}', response.text)
    assert response.text.count('class="error"') == 1
    assert ('value="Ada"' in response.text) is (field != "author")
    assert REVIEW["text"] not in buyer.get("/products/24").text


def test_all_wrong_fields_are_named_at_once(buyer):
    page = buyer.send("/products/24/review").text
    assert {"author-error", "rating-error", "text-error"} <= set(re.findall(r'id="([^"]+)"', page))


def test_a_review_is_shown_as_text_never_as_markup(buyer):
    buyer.send("/products/24/review", **{**REVIEW, "text": "<b>bold</b> & <script>alert(1)</script>"})
    page = buyer.get("/products/24").text
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;script&gt;" in page
    assert "<b>bold" not in page


def test_an_unknown_product_cannot_be_reviewed(buyer):
    assert buyer.get("/products/999/review").status_code == 404
    assert buyer.send("/products/999/review", **REVIEW).status_code == 404


def test_only_signed_in_customers_may_sell(visitor):
    response = visitor.send("/sell", name="Lathe")
    assert (response.status_code, response.headers["Location"]) == (303, "/login?next=/sell")


@pytest.mark.parametrize(("price", "cents"), [("19.9", "19.90"), ("19,90", "19.90"), ("7", "7.00"), ("0.05", "0.05")])
def test_a_signed_in_customer_puts_something_on_sale(visitor, price, cents):
    visitor.sign_in()
    response = visitor.send("/sell", name="Router Bit", category="hand-tools", price=price, stock="3", picture="parcel")
    assert (response.status_code, response.headers["Location"]) == (303, "/products/25")
    assert f"€\u00a0{cents}" in visitor.get("/products/25").text


@pytest.mark.parametrize(
    "price", ["", "x", "-1", "1.999", "100000.01", "9" * 50, "1e3", "²", "1234567", "1.000", "1_000", "+5"], ids=ascii
)
def test_a_wrong_price_is_refused_and_nothing_is_sold(visitor, price):
    visitor.sign_in()
    response = visitor.send("/sell", name="Router Bit", category="hand-tools", price=price, stock="3")
    assert response.status_code == 422
    assert 'id="price-error">Please enter a price' in response.text
    assert 'value="Router Bit"' in response.text
    assert visitor.get("/products/25").status_code == 404


@pytest.mark.parametrize("stock", ["1.000", "1_0", "1.0", "9" * 5000], ids=lambda text: text[:9])
def test_a_number_that_can_be_read_in_two_ways_is_asked_for_again(visitor, stock):
    visitor.sign_in()
    response = visitor.send("/sell", name="Router Bit", category="desk", price="5", stock=stock)
    assert response.status_code == 422
    assert "Please enter a whole number." in response.text
