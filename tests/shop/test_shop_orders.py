"""Requirements of orders: placed once and whole or not at all, never more than there is, cancelled once."""

import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from wsgiapp.shop import limits, orders
from wsgiapp.shop.models import MAX_STOCK, Order, OrderLine, Product, User
from wsgiapp.shop.orders import Wanted

KEY = "a-key-of-this-form"
ROUNDS = 100


class Buyers:
    """Two customers of one shop, each with a browser of their own."""

    def __init__(self, app, visit):
        self.app = app
        self.visitors = [visit(app), visit(app)]
        for visitor, name in zip(self.visitors, ["Ada", "Ben"], strict=True):
            visitor.register(name)
        self.tokens = [visitor.token() for visitor in self.visitors]
        self.together = threading.Barrier(2)

    def buy(self, number, key, lines, cart):
        """Send the form of the checkout at the same moment as the other; returns the status."""
        client = self.visitors[number].client
        with client.session_transaction() as session:
            session["cart"] = cart
        self.together.wait()
        form = {"csrf_token": self.tokens[number], "key": key, "lines": lines}
        return client.post("/checkout", data=form).status_code


@pytest.fixture
def buyers(make_shop, visit):
    return Buyers(make_shop(DATABASE_TIMEOUT=20, ORDER_LIMIT=10_000), visit)


def stock_of(visitor, number):
    with visitor.database() as db:
        return db.get(Product, number).stock


def set_stock(visitor, **stocks):
    with visitor.database() as db, db.begin():
        for number, stock in stocks.items():
            db.execute(update(Product).where(Product.id == int(number[1:])).values(stock=stock))


def orders_of(visitor):
    with visitor.database() as db:
        return db.execute(select(Order.number, Order.status, Order.total_cents).order_by(Order.id)).all()


def test_of_two_buyers_of_the_last_piece_exactly_one_gets_it_a_hundred_times(buyers):
    one = buyers.visitors[0]
    with ThreadPoolExecutor(2) as pool:
        for number in range(ROUNDS):
            set_stock(one, p1=1)
            key = f"round-{number:04}-of-the-race"
            sent = [pool.submit(buyers.buy, who, key, "1x1@12900", {"1": 1}) for who in (0, 1)]
            bought, refused = sorted(each.result() for each in sent)
            assert (bought, refused) == (303, 409)
            assert stock_of(one, 1) == 0
            assert len(orders_of(one)) == number + 1


def test_two_who_buy_the_same_things_in_another_order_never_wait_for_each_other(buyers):
    set_stock(buyers.visitors[0], p1=100, p2=100)
    price = {number: price_of(buyers.visitors[0], number) for number in (1, 2)}
    lines = [f"1x1@{price[1]},2x1@{price[2]}", f"2x1@{price[2]},1x1@{price[1]}"]
    with ThreadPoolExecutor(2) as pool:
        for number in range(10):
            key = f"round-{number:04}-of-the-race"
            sent = [pool.submit(buyers.buy, who, key, lines[who], {"1": 1, "2": 1}) for who in (0, 1)]
            assert [each.result() for each in sent] == [303, 303]
    assert (stock_of(buyers.visitors[0], 1), stock_of(buyers.visitors[0], 2)) == (80, 80)


def price_of(visitor, number):
    with visitor.database() as db:
        return db.get(Product, number).price_cents


def test_one_form_sent_twice_at_the_same_moment_is_one_order(buyers):
    one, other = buyers.visitors
    with one.client.session_transaction() as session:
        mine = dict(session)
    with other.client.session_transaction() as session:  # a second window of the same customer
        session.clear()
        session.update(mine)
    buyers.tokens[1] = buyers.tokens[0]
    before = stock_of(one, 1)
    with ThreadPoolExecutor(2) as pool:
        for number in range(5):
            sent = [pool.submit(buyers.buy, who, f"{KEY}-{number}", "1x1@12900", {"1": 1}) for who in (0, 1)]
            assert [each.result() for each in sent] == [303, 303]
    assert (len(orders_of(one)), stock_of(one, 1)) == (5, before - 5)


KILLED = """
import os, signal, sys
from sqlalchemy import event
from sqlalchemy.orm import Session
from wsgiapp.shop import create_app, orders, store
from wsgiapp.shop.models import User
app = create_app({"INSTANCE_PATH": sys.argv[1], "DATABASE_URL": sys.argv[2]})
with app.app_context():
    user = store.reading().get(User, 1)
    @event.listens_for(Session, "after_flush")
    def kill(session, _context):
        if any(isinstance(each, orders.Order) for each in session.new):
            os.kill(os.getpid(), signal.SIGKILL)
    orders.place(user, [orders.Wanted(1, 2, 12900)], sys.argv[3])
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_checkout_that_is_killed_leaves_nothing_and_can_be_repeated(demo, tmp_path):
    before = stock_of(demo, 1)
    address = demo.client.application.config["DATABASE_URL"]
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), address, KEY], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (stock_of(demo, 1), orders_of(demo)) == (before, [])
    place(demo, (1, 2, 12_900))
    assert (stock_of(demo, 1), len(orders_of(demo))) == (before - 2, 1)


@pytest.fixture
def demo(make_shop, visit):
    """A visitor who is signed in."""
    visitor = visit(make_shop())
    visitor.sign_in()
    return visitor


def place(visitor, *wanted, key=KEY):
    with visitor.client.application.test_request_context(), visitor.database() as db:
        user = db.get(User, 1)
        db.close()
        return orders.place(user, [Wanted(*line) for line in wanted], key).number


def test_an_order_has_everything_or_nothing(demo):
    stock = stock_of(demo, 24)
    with pytest.raises(orders.Changed) as raised:
        place(demo, (24, 1, price_of(demo, 24)), (1, 1, 12_899), (8, 1, price_of(demo, 8)), (999, 1, 5))
    found = {(change.kind, change.product_id): (change.seen, change.now) for change in raised.value.changes}
    assert found == {("price", 1): (12_899, 12_900), ("stock", 8): (1, 0), ("gone", 999): (0, 0)}
    assert (stock_of(demo, 24), orders_of(demo)) == (stock, [])


def test_money_is_exact_and_the_order_keeps_name_and_price_of_its_day(demo):
    set_stock(demo, p1=99)
    number = place(demo, (1, 33, 12_900), (24, 3, price_of(demo, 24)))
    assert orders_of(demo) == [(number, "placed", 33 * 12_900 + 3 * price_of(demo, 24))]
    with demo.database() as db, db.begin():
        product = db.get(Product, 1)
        product.name, product.price_cents = "Another lamp", 1
    page = demo.get(f"/orders/{number}").text
    assert "Heron Task Lamp" in page and "€\u00a04,257.00" in page and "Another lamp" not in page


def test_an_order_has_an_upper_bound(demo):
    with demo.database() as db, db.begin():
        db.execute(update(Product).values(price_cents=10_000_000, stock=MAX_STOCK))
    with pytest.raises(Exception, match="at most 10,000,000 euros"):
        place(demo, (1, 99, 10_000_000), (2, 2, 10_000_000))
    assert place(demo, (1, 99, 10_000_000), (2, 1, 10_000_000))


def test_orders_are_limited_by_the_day(demo, monkeypatch):
    monkeypatch.setitem(demo.client.application.config, "ORDER_LIMIT", 2)
    for number in range(2):
        place(demo, (1, 1, 12_900), key=f"{KEY}-{number}")
    with pytest.raises(limits.TooManyRequests, match="Too many orders in one day"):
        place(demo, (1, 1, 12_900))
    assert place(demo, (1, 1, 12_900), key=f"{KEY}-1")  # a form that is sent again is no new order


def test_a_cancelled_order_gives_its_pieces_back_once(demo):
    before = demo.client.get("/api/products/1")
    number = place(demo, (1, 2, 12_900), (24, 1, price_of(demo, 24)))
    with demo.database() as db, db.begin():
        db.delete(db.get(Product, 24))
    assert stock_of(demo, 1) == before.json["stock"] - 2
    with ThreadPoolExecutor(3) as pool:
        token = demo.token()
        cookie = {"Cookie": f"session={demo.client.get_cookie('session').value}"}
        clients = [demo.client.application.test_client(use_cookies=False) for _ in range(3)]
        send = [pool.submit(client.post, f"/orders/{number}/cancel", data={"csrf_token": token}, headers=cookie)
                for client in clients]  # fmt: skip
        assert [each.result().status_code for each in send] == [303] * 3
    assert stock_of(demo, 1) == before.json["stock"]
    assert orders_of(demo)[0].status == "cancelled"
    page = demo.get(f"/orders/{number}").text
    assert "Its pieces are back in the shop." in page and "Cancel the order" not in page
    after = demo.client.get("/api/products/1").headers["ETag"]
    assert after != before.headers["ETag"]  # the stock is part of what the tag names


def test_the_number_of_an_order_tells_nothing(demo):
    numbers = {place(demo, (1, 1, 12_900), key=f"{KEY}-{each}") for each in range(3)}
    assert len(numbers) == 3
    assert all(re.fullmatch("[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}", number) for number in numbers)


def test_who_deletes_the_account_leaves_the_order_in_the_books(make_shop, visit):
    visitor = visit(make_shop())
    visitor.register("Ada")
    visitor.send("/cart/add", product_id=1)
    page = visitor.get("/checkout").text
    fields = dict(re.findall(r'name="(key|lines)" value="([^"]+)"', page))
    visitor.send("/checkout", **fields)
    visitor.send("/account/delete", password="a long password")
    with visitor.database() as db:
        assert db.execute(select(Order.user_id, OrderLine.quantity).join(OrderLine)).all() == [(None, 1)]
