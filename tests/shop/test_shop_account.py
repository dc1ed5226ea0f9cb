"""Requirements of signing in and out."""

import statistics
import time

import pytest

from wsgiapp.shop import limits
from wsgiapp.shop.models import Attempt, User


def signed_in(visitor):
    return "Sign out demo" in visitor.get("/cart").text


def test_the_seeded_user_can_sign_in_and_out(visitor):
    assert not signed_in(visitor)
    assert visitor.sign_in().status_code == 303
    assert signed_in(visitor)
    assert visitor.send("/logout").status_code == 303
    assert not signed_in(visitor)


@pytest.mark.parametrize(("name", "password"), [("demo", "wrong"), ("nobody", "workbench"), ("DEMO", "workbench")])
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(visitor, name, password):
    response = visitor.sign_in(name, password)
    assert response.status_code == 422
    assert "do not belong together" in response.text
    assert f'value="{name}"' in response.text
    assert not signed_in(visitor)


@pytest.mark.parametrize(
    "fields", [{}, {"name": "demo"}, {"name": "x" * 61, "password": "y"}, {"name": "d", "password": "y" * 201}]
)
def test_a_form_that_is_not_filled_in_is_shown_again(visitor, fields):
    response = visitor.send("/login", **fields)
    assert response.status_code == 422
    assert 'class="error"' in response.text


@pytest.mark.xdist_group("cost")
@pytest.mark.real_passwords
def test_an_unknown_name_takes_as_long_as_a_known_one(make_shop, visit):
    visitor = visit(make_shop(LOGIN_LIMIT=100))
    visitor.sign_in("demo", "wrong")

    def seconds(name):
        token, begin = visitor.token(), time.perf_counter()
        visitor.client.post("/login", data={"csrf_token": token, "name": name, "password": "wrong"})
        return time.perf_counter() - begin

    known, unknown = zip(*((seconds("demo"), seconds("nobody")) for _ in range(7)), strict=True)
    assert 0.6 < statistics.median(known) / statistics.median(unknown) < 1.6


def test_signing_in_begins_a_new_session_that_keeps_only_the_cart(visitor):
    visitor.send("/cart/add", product_id=1)
    with visitor.client.session_transaction() as session:
        session["planted"] = "by someone else"
    before = visitor.token()
    visitor.sign_in()
    with visitor.client.session_transaction() as session:
        assert "planted" not in session
        assert session["cart"] == {"1": 1}
    assert visitor.token() != before


def test_signing_out_leaves_nothing_of_the_session(visitor):
    visitor.sign_in()
    visitor.send("/cart/add", product_id=1)
    visitor.send("/logout")
    with visitor.client.session_transaction() as session:
        assert not {"user_id", "user_name", "cart", "csrf"} & set(session)


def test_signing_in_needs_a_post(visitor):
    assert visitor.get("/login?name=demo&password=workbench").status_code == 200
    assert not signed_in(visitor)
    assert visitor.get("/logout").status_code == 405


@pytest.mark.parametrize(("target", "place"), [("/cart", "/cart"), ("/?q=saw&page=2", "/?q=saw&page=2"), ("", "/")])
def test_after_signing_in_the_customer_is_where_she_wanted_to_go(visitor, target, place):
    assert visitor.sign_in(next=target).headers["Location"] == place


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "/\t/evil",
     "/a\r\nSet-Cookie: x=1", " //evil.example", "///evil.example", "/\x00", "evil.example", "/" + "x" * 3000,
     "http:evil.example", "//[", "/\u2028x"],
)  # fmt: skip
def test_signing_in_leads_to_no_other_site(visitor, target):
    page = visitor.get("/login", query_string={"next": target})
    assert 'name="next" value=""' in page.text
    response = visitor.sign_in(next=target)
    assert (response.status_code, response.headers["Location"]) == (303, "/")


def test_login_pages_are_never_stored(visitor):
    answers = [visitor.get("/login"), visitor.sign_in("demo", "wrong"), visitor.sign_in(), visitor.send("/logout")]
    assert [response.headers["Cache-Control"] for response in answers] == ["no-store"] * 4


def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(visitor):
    answers = [visitor.sign_in("demo", "wrong").status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]
    response = visitor.sign_in()
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 300
    assert not signed_in(visitor)


def test_the_throttle_is_for_one_name_from_one_address(make_shop, visit):
    shop = make_shop(LOGIN_LIMIT=1)
    visitor = visit(shop)
    visitor.sign_in("demo", "wrong")
    assert visitor.sign_in("demo", "wrong").status_code == 429
    assert visitor.sign_in("other", "wrong").status_code == 422
    elsewhere = visit(shop)
    elsewhere.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert elsewhere.sign_in().status_code == 303


def test_the_throttle_forgets_after_its_window_and_after_the_right_password(make_shop, visit):
    visitor = visit(make_shop(LOGIN_LIMIT=2, LOGIN_WINDOW=1))
    assert [visitor.sign_in("demo", "wrong").status_code for _ in range(2)] == [422, 422]
    time.sleep(2.1)
    for _ in range(3):
        assert visitor.sign_in().status_code == 303


def test_the_table_of_attempts_stays_bounded(make_shop, visit, monkeypatch):
    monkeypatch.setattr(limits, "MAX_ROWS", 3)
    shop = make_shop()
    visitor = visit(shop)
    for number in range(6):
        visitor.sign_in(f"name{number}", "wrong")
    with shop.extensions["wsgiapp.shop.store"].read_session() as db:
        assert db.query(Attempt).count() == 3


def test_the_password_is_shown_and_works_in_a_demonstration_only(make_shop, visit):
    demonstration, real = visit(make_shop(DEMO=True)), visit(make_shop(DEMO=False))
    assert "workbench" in demonstration.get("/login").text
    assert demonstration.sign_in().status_code == 303
    assert "workbench" not in real.get("/login").text
    assert real.sign_in().status_code == 422


def test_a_session_of_a_user_who_is_gone_is_nobodys(make_shop, visit):
    shop = make_shop()
    visitor = visit(shop)
    visitor.sign_in()
    with shop.extensions["wsgiapp.shop.store"].write_session() as db, db.begin():
        db.query(User).delete()
    assert visitor.get("/sell").headers["Location"] == "/login?next=/sell"


@pytest.mark.real_passwords
def test_the_password_is_kept_as_a_slow_hash(make_shop, visit):
    shop = make_shop()
    visit(shop).get("/")
    with shop.extensions["wsgiapp.shop.store"].read_session() as db:
        assert db.query(User).one().password_hash.startswith("scrypt:32768:8:1$")
