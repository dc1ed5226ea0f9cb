"""Requirements of the API beside products: categories, reviews, orders, the cart, and keys that are kept."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update

from wsgiapp.shop import api_keys
from wsgiapp.shop.models import ADMINISTRATOR, IdempotencyKey, Order, Product, Review, User

REVIEW = {"product_id": 24, "author": "Ada", "rating": 4, "text": "It does what it says, and quietly."}
LAMP = {"product_id": 1, "quantity": 2, "price_cents": 12_900}


class Person:
    """Someone who is signed in, and a program in their browser."""

    def __init__(self, visitor, name):
        self.visitor, self.name = visitor, name
        self.client = visitor.client
        visitor.sign_in() if name == "demo" else visitor.register(name)
        self.token = visitor.token()

    def call(self, method, path, body=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"X-CSRF-Token": self.token, **named}
        return self.client.open(f"/api{path}", method=method, json=body, headers=sent)

    def order(self, *lines, key=None):
        return self.call("POST", "/orders", {"lines": lines}, Idempotency_Key=key or str(uuid.uuid4()))

    def becomes(self, role):
        with self.visitor.database() as db, db.begin():
            db.execute(update(User).where(User.name == self.name).values(role=role))

    def count(self, table):
        with self.visitor.database() as db:
            return db.scalar(select(func.count()).select_from(table))

    def stock(self, number):
        with self.visitor.database() as db:
            return db.get(Product, number).stock


@pytest.fixture
def ada(make_shop, visit):
    return Person(visit(make_shop(DATABASE_TIMEOUT=20)), "Ada")


@pytest.fixture
def ben(ada, visit):
    return Person(visit(ada.client.application), "Ben")


def test_an_order_is_placed_read_and_cancelled_by_who_placed_it(ada, ben):
    before = ada.stock(1)
    made = ada.order(LAMP)
    assert made.status_code == 201, made.text
    at = made.headers["Location"].removeprefix("/api")
    assert made.json["lines"] == [{**LAMP, "name": "Heron Task Lamp"}]
    assert (made.json["status"], made.json["total_cents"], ada.stock(1)) == ("placed", 25_800, before - 2)
    assert ada.call("GET", at).headers["Cache-Control"] == "private, no-cache"
    assert f"/orders/{made.json['number']}" in ada.client.get("/orders").text
    for method, body in (("GET", None), ("PATCH", {"status": "cancelled"})):
        assert ben.call(method, at, body).status_code == 404
    assert ben.call("GET", "/orders").json["items"] == []
    assert [item["id"] for item in ada.call("GET", "/orders?status=placed").json["items"]] == [made.json["id"]]
    for _ in range(2):
        cancelled = ada.call("PATCH", at, {"status": "cancelled"})
        assert (cancelled.status_code, cancelled.json["status"], ada.stock(1)) == (200, "cancelled", before)
    assert cancelled.headers["ETag"] != made.headers["ETag"]
    assert ada.call("PATCH", at, {"status": "placed"}).status_code == 409
    assert ada.call("PATCH", at, {"total_cents": 1}).status_code == 422
    assert ada.call("DELETE", at).status_code == 405


def test_an_order_takes_a_person_and_a_key(ada, api_of):
    assert ada.call("POST", "/orders", {"lines": [LAMP]}).status_code == 400
    anonymous = ada.client.application.test_client()
    assert anonymous.get("/api/orders").status_code == 401
    assert anonymous.post("/api/orders", json={"lines": [LAMP]}).status_code == 401
    program = api_of(ada.client.application)
    refused = program.client.post(
        "/api/orders", json={"lines": [LAMP]}, headers={"Authorization": "Bearer a-token-for-the-tests"}
    )
    assert refused.status_code == 403 and "sign in" in refused.json["detail"]


@pytest.mark.parametrize(
    ("line", "said"),
    [({**LAMP, "price_cents": 1}, "Product 1 costs 12900 cents, not 1."),
     ({**LAMP, "quantity": 99}, "There are only 14 pieces of product 1, not 99."),
     ({**LAMP, "product_id": 2**31 - 1}, "There is no product 2147483647.")],
    ids=["price", "stock", "gone"],
)  # fmt: skip
def test_what_the_shop_cannot_sell_is_named_and_nothing_is_bought(ada, line, said):
    other = {"product_id": 24, "quantity": 1, "price_cents": ada.call("GET", "/products/24").json["price_cents"]}
    stock = ada.stock(24)
    refused = ada.order(other, line)
    assert refused.status_code == 409
    assert refused.json["errors"] == [{"pointer": "#/lines", "detail": said}]
    assert (ada.count(Order), ada.stock(24)) == (0, stock)


def test_one_key_is_one_order_also_at_the_same_moment_and_for_each_user_alone(ada, ben):
    key = "the-same-key-of-both"
    before = ada.stock(1)
    first, again = ada.order(LAMP, key=key), ada.order(LAMP, key=key)
    assert (again.status_code, again.json) == (201, first.json)
    assert ada.order({**LAMP, "quantity": 1}, key=key).status_code == 422
    assert ben.order(LAMP, key=key).json["number"] != first.json["number"]
    assert (ada.count(Order), ada.stock(1)) == (2, before - 4)
    cookie = {"Cookie": f"session={ada.client.get_cookie('session').value}", "Idempotency-Key": "race"}
    app = ada.client.application

    def send(_number):
        headers = {"X-CSRF-Token": ada.token, **cookie}
        return app.test_client(use_cookies=False).post("/api/orders", json={"lines": [LAMP]}, headers=headers)

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(send, range(4)))
    assert {*statuses} <= {201, 409} and 201 in statuses
    assert ada.count(Order) == 3


def test_a_kept_answer_is_its_users_also_in_a_new_session_and_nobody_elses(ada, ben):
    shelf, key = {"slug": "books", "title": "Books"}, "the-same-key-of-both"
    ada.becomes(ADMINISTRATOR)
    ben.becomes(ADMINISTRATOR)
    made = ada.call("POST", "/categories", shelf, Idempotency_Key=key)
    ada.visitor.send("/logout")
    ada.visitor.sign_in("Ada", "a long password")
    ada.token = ada.visitor.token()
    again = ada.call("POST", "/categories", shelf, Idempotency_Key=key)
    assert (again.status_code, again.json) == (made.status_code, made.json) == (201, made.json)
    assert ben.call("POST", "/categories", shelf, Idempotency_Key=key).status_code == 409  # there is one already


def test_an_order_stands_by_its_own_key_when_the_kept_answer_is_gone(ada):
    first = ada.order(LAMP, key="k" * 20)
    with ada.visitor.database() as db, db.begin():
        db.query(IdempotencyKey).delete()
    assert ada.order(LAMP, key="k" * 20).json["number"] == first.json["number"]
    with ada.visitor.database() as db, db.begin():
        db.query(IdempotencyKey).delete()
    assert ada.order({**LAMP, "quantity": 1}, key="k" * 20).status_code == 422
    assert ada.count(Order) == 1


def test_keys_are_bounded_and_expire_and_a_dead_request_gives_its_key_back(ada, monkeypatch):
    monkeypatch.setattr(api_keys, "MAX_ROWS", 3)
    for number in range(5):
        ada.order({**LAMP, "quantity": 1}, key=f"key-{number}")
    assert ada.count(IdempotencyKey) == 3
    with ada.visitor.database() as db, db.begin():
        db.execute(update(IdempotencyKey).values(answer=None))
    assert ada.order({**LAMP, "quantity": 1}, key="key-4").status_code == 409  # still at work
    moment = api_keys.now() + api_keys.KEPT_SECONDS + 1
    monkeypatch.setattr(api_keys, "now", lambda: moment)
    assert ada.order({**LAMP, "quantity": 1}, key="key-4").status_code == 201
    assert ada.count(IdempotencyKey) == 1


def test_a_review_is_made_by_who_bought_and_deleted_by_its_author(ada, ben):
    assert ada.call("POST", "/reviews", REVIEW).status_code == 403
    ada.visitor.has_bought("Ada", 24)
    made = ada.call("POST", "/reviews", REVIEW)
    assert made.status_code == 201 and {**made.json, **REVIEW} == made.json
    assert ada.call("POST", "/reviews", REVIEW).status_code == 403
    at = made.headers["Location"].removeprefix("/api")
    shown = ada.client.application.test_client().get("/api/reviews?product_id=24").json["items"]
    assert shown[-1:] == [made.json] and {item["product_id"] for item in shown} == {24}
    assert ben.call("DELETE", at).status_code == 403
    assert ada.call("DELETE", at).status_code == 204
    ada.call("POST", "/reviews", REVIEW)
    assert ada.call("GET", at).status_code == 404  # its id is not given again


def test_a_review_whose_author_leaves_has_another_tag(ada):
    ada.visitor.has_bought("Ada", 24)
    made = ada.call("POST", "/reviews", REVIEW)
    at = made.headers["Location"].removeprefix("/api")
    ada.visitor.send("/account/delete", password="a long password")
    after = ada.call("GET", at, If_None_Match=made.headers["ETag"])
    assert (after.status_code, after.json["author"]) == (200, "")


def test_a_product_whose_seller_leaves_has_another_tag(ada, api):
    ada.becomes("editor")
    made = ada.call("POST", "/products", {"name": "Saw", "category": "desk", "price_cents": 1999})
    at = made.headers["Location"].removeprefix("/api")
    ada.visitor.send("/account/delete", password="a long password")
    after = api.call("GET", at.removeprefix("/products"))
    assert made.json["seller_id"] is not None and after.json["seller_id"] is None
    assert after.headers["ETag"] != made.headers["ETag"]


def test_a_category_with_a_new_address_gives_its_products_new_tags_and_no_others(ada, api):
    numbers = {name: f"/{api.call('GET', f'?category={name}').json['items'][0]['id']}" for name in ("desk", "light")}
    before = {name: api.call("GET", at).headers["ETag"] for name, at in numbers.items()}
    ada.becomes(ADMINISTRATOR)
    desk = next(each for each in ada.call("GET", "/categories").json["items"] if each["slug"] == "desk")
    assert ada.call("PATCH", f"/categories/{desk['id']}", {"title": "Desks"}).status_code == 200
    assert api.call("GET", numbers["desk"]).headers["ETag"] == before["desk"]
    assert ada.call("PATCH", f"/categories/{desk['id']}", {"slug": "desks"}).status_code == 200
    after = {name: api.call("GET", at) for name, at in numbers.items()}
    assert after["desk"].json["category"] == "desks"
    assert after["desk"].headers["ETag"] != before["desk"]
    assert after["light"].headers["ETag"] == before["light"]


def test_an_administrator_and_the_token_delete_any_review(ada, api_of):
    ada.becomes("administrator")
    assert ada.call("DELETE", "/reviews/1").status_code == 204
    program = api_of(ada.client.application).client
    token = {"Authorization": "Bearer a-token-for-the-tests"}
    assert program.delete("/api/reviews/2", headers=token).status_code == 204
    assert program.post("/api/reviews", json=REVIEW, headers=token).status_code == 403
    assert ada.count(Review) == 9


def test_categories_are_read_by_all_and_written_by_administrators(ada):
    names = [item["slug"] for item in ada.client.application.test_client().get("/api/categories").json["items"]]
    assert names == ["light", "hand-tools", "measuring", "holding", "desk", "care"]
    new = {"slug": "books", "title": "Books", "position": 9}
    assert ada.call("POST", "/categories", new).status_code == 403
    ada.becomes("administrator")
    made = ada.call("POST", "/categories", new)
    assert made.status_code == 201 and {**made.json, **new} == made.json
    assert ada.call("POST", "/categories", new).status_code == 409
    assert ada.call("DELETE", "/categories/1").status_code == 409  # there are products in it
    assert ada.call("DELETE", made.headers["Location"].removeprefix("/api")).status_code == 204


def test_the_cart_of_the_session_is_that_of_the_pages(ada):
    assert ada.call("GET", "/cart").json["items"] == []
    put = ada.call("POST", "/cart", {"product_id": 1, "quantity": 2})
    assert (put.status_code, put.headers["Location"]) == (201, "/api/cart/1")
    assert put.json == {"id": 1, "quantity": 2, "product_id": 1, "name": "Heron Task Lamp", "price_cents": 12_900}
    assert 'id="quantity-1"' in ada.client.get("/cart").text
    assert ada.call("POST", "/cart", {"product_id": 1}).status_code == 409
    assert ada.call("POST", "/cart", {"product_id": 8}).status_code == 409  # sold out
    assert ada.call("POST", "/cart", {"product_id": 999}).status_code == 409
    assert ada.call("PATCH", "/cart/1", {"quantity": 3}).json["quantity"] == 3
    assert ada.call("PATCH", "/cart/1", {"quantity": 99}).status_code == 409
    assert ada.call("PATCH", "/cart/1", {"quantity": 0}).status_code == 422
    assert ada.call("PATCH", "/cart/1", {"quantity": 1}, If_Match=put.headers["ETag"]).status_code == 412
    ada.client.post("/cart/add", data={"product_id": 24, "csrf_token": ada.token})
    assert [item["id"] for item in ada.call("GET", "/cart?sort=-id&limit=1").json["items"]] == [24]
    assert ada.call("DELETE", "/cart/1").status_code == 204
    assert ada.call("GET", "/cart/1").status_code == 404
    assert ada.client.application.test_client().get("/api/cart").status_code == 401


def test_a_product_is_its_makers_and_the_shops_when_a_program_makes_it(make_shop, visit, api):
    demo = Person(visit(make_shop()), "demo")
    body = {"name": "Lamp", "category": "light", "price_cents": 1}
    made = demo.call("POST", "/products", body)
    assert (made.status_code, made.json["seller_id"]) == (201, 1)
    at = made.headers["Location"].removeprefix("/api")
    assert demo.call("PATCH", at, {"stock": 3}).status_code == 200
    assert demo.call("PUT", at, {**body, "seller_id": 7}).status_code == 422
    assert demo.call("DELETE", at).status_code == 204
    assert demo.call("PATCH", "/products/1", {"stock": 3}).status_code == 403
    assert api.call("POST", body=body).json["seller_id"] is None


def test_a_form_of_the_page_on_the_api_is_sent_with_the_session_alone(ada):
    sent = {"Sec-Fetch-Site": "same-origin"}
    assert ada.client.post("/api/cart", json={"product_id": 1}, headers=sent).status_code == 201
    for other in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil.example"}):
        assert ada.client.post("/api/cart", json={"product_id": 2}, headers=other).status_code == 401


@pytest.mark.parametrize("path", ["/products/1", "/categories/1", "/reviews/1"])
def test_times_are_shown_and_can_be_chosen_but_not_sent(ada, path):
    shown = ada.call("GET", f"{path}?fields=created_at,updated_at").json
    assert {*shown} == {"created_at", "updated_at"} and all(text.endswith("Z") for text in shown.values())
