"""Requirements of the cart: kept in the session, changed by POST, never more than there is."""

import re

import pytest


def cart(visitor):
    page = visitor.get("/cart").text
    pairs = re.findall(r'id="quantity-(\d+)"[^>]* value="(\d+)"', page)
    return {int(number): int(quantity) for number, quantity in pairs}


def test_what_is_added_is_in_the_cart_and_adds_up(visitor):
    response = visitor.send("/cart/add", product_id=1, quantity=2)
    assert (response.status_code, response.headers["Location"]) == (303, "/cart")
    visitor.send("/cart/add", product_id=24)
    visitor.send("/cart/add", product_id=1, quantity=1)
    assert cart(visitor) == {1: 3, 24: 1}
    assert "€\u00a0398.90" in visitor.get("/cart").text


def test_a_quantity_can_be_changed_and_a_line_removed(visitor):
    visitor.send("/cart/add", product_id=1)
    visitor.send("/cart/add", product_id=2)
    assert visitor.send("/cart/update", product_id=1, quantity=5).status_code == 303
    assert visitor.send("/cart/remove", product_id=2).status_code == 303
    assert cart(visitor) == {1: 5}
    visitor.send("/cart/update", product_id=1, quantity=0)
    assert cart(visitor) == {}
    assert "Still empty" in visitor.get("/cart").text


@pytest.mark.parametrize("quantity", ["0", "-1", "100", "1.5", "x", "", "9" * 5000, "1e3"], ids=lambda text: text[:6])
def test_a_quantity_out_of_bounds_changes_nothing_and_says_so(visitor, quantity):
    response = visitor.send("/cart/add", product_id=1, quantity=quantity)
    assert (response.status_code, response.headers["Location"]) == (303, "/products/1")
    assert "Please choose a quantity between 1 and 99." in visitor.get("/products/1").text
    assert cart(visitor) == {}


@pytest.mark.parametrize("quantity", ["-1", "100", "x", ""])
def test_a_change_out_of_bounds_leaves_the_line_as_it_was(visitor, quantity):
    visitor.send("/cart/add", product_id=1, quantity=2)
    visitor.send("/cart/update", product_id=1, quantity=quantity)
    assert "Please choose a quantity between 0 and 99." in visitor.get("/cart").text
    assert cart(visitor) == {1: 2}


@pytest.mark.parametrize("number", ["9999", "x", "", "-1", "9" * 5000, "²"], ids=lambda text: text[:6])
@pytest.mark.parametrize("action", ["add", "update"])
def test_an_unknown_product_cannot_get_into_the_cart(visitor, action, number):
    assert visitor.send(f"/cart/{action}", product_id=number, quantity=1).status_code == 404
    assert cart(visitor) == {}


def test_no_more_can_be_taken_than_is_in_stock(visitor):
    visitor.send("/cart/add", product_id=15, quantity=3)
    visitor.send("/cart/add", product_id=15, quantity=3)
    assert "There are only 4 of “Bench Vise”" in visitor.get("/cart").text
    assert cart(visitor) == {15: 4}


def test_what_is_sold_out_stays_out_of_the_cart(visitor):
    visitor.send("/cart/add", product_id=8)
    assert "“Joiner&#39;s Mallet” is sold out." in visitor.get("/products/8").text
    assert cart(visitor) == {}


def test_a_line_that_is_not_in_the_cart_cannot_be_changed(visitor):
    visitor.send("/cart/update", product_id=3, quantity=2)
    assert "is not in your cart" in visitor.get("/cart").text
    assert cart(visitor) == {}


def test_a_product_that_is_no_longer_sold_leaves_the_cart(make_shop, visit, api_of):
    shop = make_shop()
    visitor = visit(shop)
    visitor.send("/cart/add", product_id=1)
    visitor.send("/cart/add", product_id=2)
    api_of(shop).call("DELETE", "/1")
    assert "no longer sold" in visitor.get("/cart").text
    assert cart(visitor) == {2: 1}


def test_two_visitors_have_two_carts(make_shop, visit):
    shop = make_shop()
    one, other = visit(shop), visit(shop)
    one.send("/cart/add", product_id=1)
    assert (cart(one), cart(other)) == ({1: 1}, {})


def test_a_cart_whose_cookie_was_tampered_with_is_gone_and_harms_nothing(visitor):
    visitor.send("/cart/add", product_id=1)
    cookie = visitor.client.get_cookie("session")
    visitor.client.set_cookie("session", ("A" if cookie.value[0] != "A" else "B") + cookie.value[1:])
    assert visitor.get("/cart").status_code == 200
    assert cart(visitor) == {}


@pytest.mark.parametrize(
    "value", ["x", 7, None, ["1"], {"x": 1}, {"1": "2"}, {"1": True}, {"1": -3}, {"1": 10**9}, {"²": 1}], ids=repr
)
def test_a_signed_session_that_holds_no_cart_counts_as_an_empty_one(visitor, value):
    visitor.get("/cart")
    with visitor.client.session_transaction() as session:
        session["cart"] = value
    assert visitor.get("/cart").status_code == 200
    assert cart(visitor) == {}


def test_the_cart_holds_thirty_different_things_at_most(make_shop, visit, api_of):
    shop = make_shop()
    api, visitor = api_of(shop), visit(shop)
    for number in range(7):
        api.call("POST", body={"name": f"Thing {number}", "category": "desk", "price_cents": 1, "stock": 1})
    for number in range(1, 32):
        visitor.send("/cart/add", product_id=number)
    assert len(cart(visitor)) == 30
    assert len(visitor.client.get_cookie("session").value) < 2000


def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(visitor):
    cookie = visitor.get("/cart").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
