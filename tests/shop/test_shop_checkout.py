"""Requirements of the checkout: what is bought is what the buyer saw, and whatever changed is said."""

import re

import pytest
from sqlalchemy import update

from wsgiapp.shop.models import Order, Product, User


def form_of(page):
    """The fields of the form that buys."""
    return dict(re.findall(r'name="(key|lines)" value="([^"]+)"', page.text))


def change(visitor, number, **values):
    with visitor.database() as db, db.begin():
        product = db.get(Product, number)
        for name, value in values.items():
            setattr(product, name, value)


def delete(visitor, number):
    with visitor.database() as db, db.begin():
        db.delete(db.get(Product, number))


@pytest.fixture
def customer(visitor):
    """Someone who is signed in and has two lamps and a mug in the cart."""
    visitor.register("Ada")
    visitor.send("/cart/add", product_id=1, quantity=2)
    visitor.send("/cart/add", product_id=24)
    return visitor


def test_the_way_of_a_buyer_from_the_cart_to_a_review(visitor):
    visitor.send("/cart/add", product_id=1, quantity=2)
    assert 'href="/checkout"' in visitor.get("/cart").text
    asked = visitor.get("/checkout")
    assert asked.headers["Location"] == "/login?next=/checkout"
    assert visitor.sign_in(next="/checkout").headers["Location"] == "/checkout"
    page = visitor.get("/checkout")
    assert "€\u00a0258.00" in page.text and page.headers["Cache-Control"] == "no-store"
    placed = visitor.send("/checkout", **form_of(page))
    assert placed.status_code == 303
    at = placed.headers["Location"]
    order = visitor.get(at).text
    assert "Thank you. Your order is placed." in order and "€\u00a0258.00" in order
    assert "Still empty" in visitor.get("/cart").text
    assert at in visitor.get("/orders").text and 'href="/orders"' in visitor.get("/account").text
    assert 'href="/products/1/review"' in order
    review = {"author": "Ada", "rating": "4", "text": "It does what it says, and quietly."}
    assert visitor.send("/products/1/review", **review).status_code == 303
    assert "Write a review" not in visitor.get(at).text  # it would lead to a refusal: once is all
    assert visitor.send(f"{at}/cancel").headers["Location"] == at
    assert visitor.send("/products/1/review", **review).status_code == 403


def test_the_same_form_again_leads_to_the_same_order_and_spares_the_new_cart(customer):
    form = form_of(customer.get("/checkout"))
    first = customer.send("/checkout", **form)
    customer.send("/cart/add", product_id=2)
    again = customer.send("/checkout", **form)
    assert again.headers["Location"] == first.headers["Location"]
    page = customer.get("/cart").text
    assert "This order was placed before." in page and 'id="quantity-2"' in page
    assert customer.get("/orders").text.count('href="/orders/') == 1


def test_the_cart_is_emptied_although_the_first_answer_was_lost(customer):
    form, kept = form_of(customer.get("/checkout")), customer.client.get_cookie("session").value
    customer.send("/checkout", **form)
    customer.client.set_cookie("session", kept)
    customer.send("/checkout", **form)
    assert "Still empty" in customer.get("/cart").text


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (lambda v: change(v, 1, price_cents=13_000), "“Heron Task Lamp” now costs €\u00a0130.00, not €\u00a0129.00."),
        (lambda v: change(v, 1, stock=1), "There is only 1 of “Heron Task Lamp” left, so your cart has 1, not 2."),
        (lambda v: change(v, 1, stock=0), "“Heron Task Lamp” is sold out and was taken out of your cart."),
        (lambda v: delete(v, 1), "Something in your cart is no longer sold and was taken out."),
    ],
    ids=["price", "fewer", "sold out", "gone"],
)
@pytest.mark.parametrize("where", ["/cart", "/checkout"])
def test_what_changed_is_said_and_nothing_bought_before_it_is_confirmed(customer, alter, said, where):
    form = form_of(customer.get("/checkout"))
    alter(customer)
    if where == "/cart":
        assert said in customer.get("/cart").text
        assert said not in customer.get("/cart").text
        return
    answer = customer.send("/checkout", **form)
    assert answer.status_code == 409
    assert "Nothing was bought." in answer.text and said in answer.text
    assert "not bought anything yet" in customer.get("/orders").text
    assert customer.send("/checkout", **form_of(answer)).status_code == 303


def test_a_cart_that_was_changed_in_another_window_is_shown_before_it_is_bought(customer):
    form = form_of(customer.get("/checkout"))
    customer.send("/cart/remove", product_id=24)
    answer = customer.send("/checkout", **form)
    assert answer.status_code == 409 and "not the one that you confirmed" in answer.text
    assert customer.send("/checkout", **form_of(answer)).status_code == 303


def test_an_empty_cart_has_no_checkout(visitor):
    visitor.sign_in()
    assert visitor.get("/checkout").headers["Location"] == "/cart"
    visitor.send("/cart/add", product_id=1)
    visitor.send("/cart/clear")
    assert "Still empty" in visitor.get("/cart").text


@pytest.mark.parametrize(
    "fields",
    [{}, {"key": "x" * 16}, {"lines": "1x1@12900"}, {"key": "short", "lines": "1x1@12900"},
     {"key": "x" * 16, "lines": "1x1@12900,1x1@12900"}, {"key": "x" * 16, "lines": "1x0@12900"},
     {"key": "x" * 16, "lines": "1x1@-5"}, {"key": "x" * 16, "lines": ",".join(["1x1@1"] * 31)},
     {"key": "x" * 16, "lines": "1x1@12900\n,2x1@1"}, {"key": "é" * 16, "lines": "1x1@12900"}],
    ids=str,
)  # fmt: skip
def test_what_is_no_form_of_the_checkout_buys_nothing(customer, fields):
    assert customer.send("/checkout", **fields).status_code == 400
    assert "not bought anything yet" in customer.get("/orders").text


def test_who_is_not_signed_in_buys_nothing(visitor):
    visitor.send("/cart/add", product_id=1)
    sent = visitor.send("/checkout", key="x" * 16, lines="1x1@12900")
    assert sent.headers["Location"] == "/login?next=/checkout"
    assert visitor.get("/orders").headers["Location"] == "/login?next=/orders"


def test_an_order_is_its_buyers_and_an_administrators(customer, visit):
    at = customer.send("/checkout", **form_of(customer.get("/checkout"))).headers["Location"]
    other = visit(customer.client.application)
    other.sign_in()
    for answer in (other.get(at), other.send(f"{at}/cancel"), customer.get("/orders/NOPE"), other.get(f"{at}{at}")):
        assert answer.status_code == 404
    with customer.database() as db, db.begin():
        db.execute(update(User).where(User.name == "demo").values(role="administrator"))
    assert other.get(at).status_code == 200 and "Write a review" not in other.get(at).text


def test_the_list_of_orders_has_pages(customer):
    with customer.database() as db, db.begin():
        user = db.query(User).filter_by(name="Ada").one()
        db.add_all(Order(user_id=user.id, number=f"X{number}", total_cents=1) for number in range(41))
    first, second, last = (customer.get(f"/orders?page={page}").text for page in (1, 2, 3))
    assert first.count('href="/orders/') == second.count('href="/orders/') == 20
    assert 'rel="next"' in first and 'rel="prev"' not in first and 'rel="next"' in second
    assert last.count('href="/orders/') == 1 and 'rel="next"' not in last
    assert "No more orders." in customer.get("/orders?page=9").text


def test_the_price_that_was_seen_goes_along_when_one_signs_in(visitor):
    visitor.send("/cart/add", product_id=1)
    token = visitor.token()
    change(visitor, 1, price_cents=100)
    visitor.client.post("/login", data={"csrf_token": token, "name": "demo", "password": "workbench"})
    assert "now costs €\u00a01.00, not €\u00a0129.00" in visitor.get("/cart").text
