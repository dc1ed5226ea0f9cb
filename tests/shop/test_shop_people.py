"""Requirements of people: registration, the account, sessions that end, limits, and who may do what."""

import pytest

from wsgiapp.shop import commands, limits, people, permissions, store
from wsgiapp.shop.models import MAX_ID, Order, Product, Review, User
from wsgiapp.testing import FlaskCliRunner

PASSWORD = "a long password"


def who(visitor):
    """The name in the head of a page, None when nobody is signed in."""
    page = visitor.get("/cart").text
    return page.partition("Sign out ")[2].partition("<")[0] or None


def copy_of(visitor, visit):
    """Another browser with a stolen copy of the visitor's session cookie."""
    thief = visit(visitor.client.application)
    thief.client.set_cookie("session", visitor.client.get_cookie("session").value)
    return thief


# -- registration


def test_who_registers_is_signed_in_and_can_come_back(make_shop, visit):
    shop = make_shop()
    visitor = visit(shop)
    response = visitor.register("Ada", next="/cart")
    assert (response.status_code, response.headers["Location"]) == (303, "/cart")
    assert who(visitor) == "Ada"
    again = visit(shop)
    assert again.sign_in("Ada", PASSWORD).status_code == 303
    assert who(again) == "Ada"
    with visitor.database() as db:
        assert db.query(User).filter_by(name="Ada").one().role == "visitor"


def test_a_name_that_looks_like_another_is_taken(visitor):
    for name in ("demo", "DEMO", "\uff44\uff45\uff4d\uff4f", "Demo "):
        response = visitor.register(name)
        assert response.status_code == 422
        assert "is taken" in response.text
        assert PASSWORD not in response.text


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("delete", {"password": "a long password"}),
        ("password", {"old_password": "a long password", "new_password": "another long one"}),
    ],
)
def test_an_account_that_is_deleted_at_the_same_moment_is_a_conflict_and_no_fault(visitor, monkeypatch, form, fields):
    def deleted_meanwhile(user, _password):
        with visitor.database() as db, db.begin():
            db.query(User).filter_by(id=user.id).delete()
        return True

    visitor.register("Ada")
    token = visitor.token()
    monkeypatch.setattr(people, "knows_password", deleted_meanwhile)
    monkeypatch.setattr(people, "is_remembered", lambda: False)
    response = visitor.client.post(f"/account/{form}", data={"csrf_token": token, **fields})
    assert response.status_code == 409


def test_a_name_that_grows_when_it_is_compared_is_refused(visitor):
    long_name = "\ufdfa" * 60  # one character, which compares as eighteen
    response = visitor.register(long_name)
    assert (response.status_code, "characters that stand for too many others" in response.text) == (422, True)
    visitor.register("Ada")
    assert visitor.send("/account/name", name=long_name).status_code == 422


def test_a_registration_that_is_not_filled_in_is_shown_again(visitor):
    for name, password, field in (
        ("A", PASSWORD, "name"), ("x" * 61, PASSWORD, "name"), ("a\x00b", PASSWORD, "name"), ("", "", "name"),
        ("Ada", "short", "password"), ("Ada", "x" * 201, "password"),
    ):  # fmt: skip
        response = visitor.register(name, password)
        assert response.status_code == 422
        assert f'id="{field}-error"' in response.text
    assert who(visitor) is None


def test_registrations_are_limited_by_address(make_shop, visit):
    shop = make_shop(REGISTRATION_LIMIT=2)
    assert [visit(shop).register(name).status_code for name in ("Ada", "Bob", "Cy")] == [303, 303, 429]
    elsewhere = visit(shop)
    elsewhere.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert elsewhere.register("Cy").status_code == 303


# -- what a browser keeps


def test_without_being_asked_a_browser_forgets_at_its_end_and_otherwise_after_the_days_it_says(make_shop, visit):
    shop = make_shop()
    short, long = visit(shop), visit(shop)
    assert "Expires" not in short.sign_in().headers["Set-Cookie"]
    assert "30 days" in long.get("/login").text
    assert "Expires" in long.sign_in(remember="on").headers["Set-Cookie"]
    long.send("/logout")
    assert "Expires" not in long.sign_in().headers["Set-Cookie"]


def test_the_cookie_holds_no_name_and_no_password(visitor):
    visitor.register("Ada", remember="on")
    assert who(visitor) == "Ada"  # and the greeting, which was on its way in it, is gone
    with visitor.client.session_transaction() as session:
        assert "Ada" not in str(dict(session))
        assert {"user_id", "session_number"} <= set(session)


# -- sessions end


def test_a_stolen_cookie_is_worth_nothing_after_signing_out(make_shop, visit):
    visitor = visit(make_shop())
    visitor.register("Ada")
    thief = copy_of(visitor, visit)
    assert who(thief) == "Ada"
    visitor.send("/logout")
    assert who(thief) is None
    assert thief.get("/account").status_code == 303


def test_a_new_password_ends_every_other_session(make_shop, visit):
    visitor = visit(make_shop())
    visitor.register("Ada", remember="on")
    thief = copy_of(visitor, visit)
    response = visitor.send("/account/password", old_password=PASSWORD, new_password="another long one")
    assert response.status_code == 303
    assert "Expires" in response.headers["Set-Cookie"]
    assert who(visitor) == "Ada"
    assert who(thief) is None
    assert visit(visitor.client.application).sign_in("Ada", PASSWORD).status_code == 422
    assert visit(visitor.client.application).sign_in("Ada", "another long one").status_code == 303


def test_one_visitor_of_the_demonstration_does_not_sign_out_the_others(make_shop, visit):
    shop = make_shop()
    one, other = visit(shop), visit(shop)
    one.sign_in()
    other.sign_in()
    one.send("/logout")
    assert who(one) is None
    assert who(other) == "demo"


PLANTED = [
    {"user_id": 10**30}, {"user_id": -1}, {"user_id": True}, {"user_id": "1"}, {"user_id": 1.0}, {"user_id": [1]},
    {"session_number": 10**30}, {"session_number": None}, {"csrf": 7}, {"csrf": "\ud800" * 43}, {"csrf": "x" * 10_000},
    {"_flashes": "x"}, {"_flashes": [["a"]]}, {"_flashes": [["note", 7]]}, {"_flashes": [["note", "\ud800"]]},
    {"_permanent": "yes"},
]  # fmt: skip


def test_a_signed_session_with_what_the_shop_does_not_write_is_a_new_one(visitor):
    for planted in PLANTED:
        assert visitor.sign_in().status_code == 303, planted
        with visitor.client.session_transaction() as session:
            session.update(planted)
        for path in ("/", "/nowhere"):
            assert visitor.get(path).status_code in (200, 404), planted
        assert who(visitor) is None, planted


def test_the_largest_id_is_no_error(visitor):
    visitor.sign_in()
    with visitor.client.session_transaction() as session:
        session["user_id"] = MAX_ID
    assert who(visitor) is None


# -- the account


def test_a_name_can_be_changed_but_not_to_one_that_is_taken(visitor):
    visitor.register("Ada")
    assert visitor.send("/account/name", name="Demo").status_code == 422
    assert visitor.send("/account/name", name="ADA Lovelace").status_code == 303
    assert who(visitor) == "ADA Lovelace"
    assert visitor.send("/account/name", name="ada lovelace").status_code == 303


def test_a_wrong_old_password_changes_nothing_and_is_limited(visitor):
    visitor.register("Ada")
    fields = {"old_password": "wrong", "new_password": "another long one"}
    answers = [visitor.send("/account/password", **fields).status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]
    assert visitor.send("/account/delete", password=PASSWORD).status_code == 429
    assert who(visitor) == "Ada"


def test_a_deleted_account_leaves_reviews_without_name_and_orders_without_person(make_shop, visit):
    visitor = visit(make_shop())
    visitor.register("Ada")
    visitor.has_bought("Ada", 24)
    visitor.send("/products/24/review", author="Ada L.", rating=4, text="It does what it says.")
    assert visitor.send("/account/delete", password="wrong").status_code == 422
    assert visitor.send("/account/delete", password=PASSWORD).headers["Location"] == "/"
    assert who(visitor) is None
    page = visitor.get("/products/24").text
    assert "It does what it says." in page
    assert "Ada L." not in page
    with visitor.database() as db:
        assert db.query(User).filter_by(name="Ada").count() == 0
        assert db.query(Order).one().user_id is None
    assert visit(visitor.client.application).sign_in("Ada", PASSWORD).status_code == 422


@pytest.mark.parametrize(
    ("path", "fields"),
    [("name", {"name": "mine"}), ("password", {"old_password": "workbench", "new_password": "mine alone"}),
     ("delete", {"password": "workbench"})],
)  # fmt: skip
def test_nobody_can_take_the_account_of_the_demonstration_from_the_others(visitor, path, fields):
    visitor.sign_in()
    assert visitor.send(f"/account/{path}", **fields).status_code == 403
    assert visitor.sign_in().status_code == 303


@pytest.mark.parametrize("path", ["/account", "/account/name", "/account/password", "/account/delete"])
def test_the_account_is_for_who_is_signed_in(visitor, path):
    response = visitor.get(path) if path == "/account" else visitor.send(path)
    assert response.headers["Location"].startswith("/login?next=/account")


# -- limits


def test_tries_to_sign_in_are_limited_by_address_whatever_the_name(make_shop, visit):
    visitor = visit(make_shop(LOGIN_ADDRESS_LIMIT=3))
    assert [visitor.sign_in(f"name{n}", "wrong").status_code for n in range(4)] == [422, 422, 422, 429]
    assert visitor.sign_in().status_code == 429


def test_signing_in_rightly_uses_up_no_tries_and_gives_no_new_ones(make_shop, visit):
    visitor = visit(make_shop(LOGIN_ADDRESS_LIMIT=3))
    for _ in range(2):
        visitor.sign_in("nobody", "wrong")
    assert [visitor.sign_in().status_code for _ in range(4)] == [303] * 4
    assert [visitor.sign_in("nobody", "wrong").status_code for _ in range(2)] == [422, 429]


def test_the_page_of_a_429_says_how_long(make_shop, visit):
    visitor = visit(make_shop(LOGIN_LIMIT=1))
    visitor.sign_in("demo", "wrong")
    response = visitor.sign_in()
    assert response.status_code == 429
    assert "Please wait 5 minutes." in response.text
    assert 290 <= int(response.headers["Retry-After"]) <= 300


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1, "1 second"), (60, "60 seconds"), (61, "2 minutes"), (3600, "60 minutes"), (9000, "3 hours")],
)
def test_a_duration_is_said_as_people_say_it(seconds, said):
    assert limits.duration(seconds) == said


def test_visitors_of_one_ipv6_network_count_as_one(make_shop):
    def address(text):
        with make_shop().test_request_context(environ_base={"REMOTE_ADDR": text}):
            return people.address()

    assert address("2001:db8::1") == address("2001:db8::ffff:1") != address("2001:db8:0:1::1")
    assert address("192.0.2.7") == "192.0.2.7"
    assert address("unix:") == "unix:"


# -- the table of permissions


def person(role, number=1, *, demo=False):
    return User(id=number, name="x", role=role, is_demo=demo)


@pytest.mark.parametrize(
    ("user", "action", "thing", "allowed"),
    [
        (None, "product.read", Product(), True),
        (None, "product.create", None, False),
        (None, "review.create", None, False),
        (None, "product.delete", Product(seller_id=None), False),
        (person("visitor"), "product.create", None, False),
        (person("visitor"), "product.change", Product(seller_id=1), False),
        (person("visitor"), "order.read", Order(user_id=1), True),
        (person("visitor"), "order.read", Order(user_id=2), False),
        (person("visitor"), "order.read", Order(user_id=None), False),
        (person("editor"), "product.create", None, True),
        (person("editor"), "product.delete", Product(seller_id=1), True),
        (person("editor"), "product.delete", Product(seller_id=2), False),
        (person("editor"), "product.delete", Product(seller_id=None), False),
        (person("editor"), "product.delete", None, True),
        (person("editor"), "review.delete", Review(user_id=2), False),
        (person("editor"), "category.change", None, False),
        (person("administrator"), "product.delete", Product(seller_id=None), True),
        (person("administrator"), "review.delete", Review(user_id=2), True),
        (person("administrator"), "review.change", Review(user_id=2), False),
        (person("administrator"), "account.delete", person("visitor", 2), False),
        (person("visitor"), "account.delete", person("visitor"), True),
        (person("editor", demo=True), "account.delete", person("editor", demo=True), False),
        (person("editor", demo=True), "account.change", None, False),
        (person("editor", demo=True), "product.change", Product(seller_id=1), True),
        (person("king"), "product.read", None, False),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "role", type(value).__name__),
)
def test_the_table_says_who_may_do_what(user, action, thing, allowed):
    assert permissions.may(user, action, thing) is allowed


def test_an_action_that_the_table_does_not_name_is_a_slip_not_a_refusal():
    with pytest.raises(KeyError):
        permissions.may(person("administrator"), "product.delte")
    with pytest.raises(TypeError, match="nobody can own a str"):
        permissions.may(person("editor"), "product.change", "thing")


def test_a_visitor_cannot_sell_and_an_editor_can(make_shop, visit):
    visitor = visit(make_shop())
    visitor.register("Ada")
    assert ">Sell</a>" not in visitor.get("/").text
    assert visitor.get("/sell").status_code == 403
    fields = {"name": "Router Bit", "category": "desk", "price": "1", "stock": "1"}
    assert visitor.send("/sell", **fields).status_code == 403
    with visitor.database() as db, db.begin():
        user = db.query(User).filter_by(name="Ada").one()
        user.role = "editor"
    assert visitor.send("/sell", **fields).headers["Location"] == "/products/25"
    with visitor.database() as db:
        assert db.get(Product, 25).seller_id == user.id


# -- commands


@pytest.fixture
def shop_command(make_shop, monkeypatch):
    """Run ``wsgiapp shop ...`` on a shop without a demonstration."""
    app = make_shop(DEMO=False)
    monkeypatch.setattr(commands, "find_app", lambda ctx: app)

    def run(*arguments, **options):
        result = FlaskCliRunner(app).invoke(commands.shop_group, list(arguments), **options)
        assert "Traceback" not in result.output
        return result

    run.app = app
    return run


def test_a_shop_without_a_demonstration_can_be_begun_by_command(shop_command, visit):
    added = shop_command("user", "add", "Ada", "--role", "administrator", "--password-stdin", input=f"{PASSWORD}\n")
    assert (added.exit_code, added.output) == (0, "Ada may sign in, as administrator.\n")
    assert visit(shop_command.app).sign_in("Ada", PASSWORD).status_code == 303
    typed = shop_command("user", "add", "Bob", input=f"{PASSWORD}\n{PASSWORD}\n")
    assert typed.exit_code == 0
    assert PASSWORD not in typed.output
    listed = shop_command("user", "list").output
    assert [line.split()[:2] for line in listed.splitlines()[1:]] == [
        ["demo", "editor"], ["Ada", "administrator"], ["Bob", "visitor"],
    ]  # fmt: skip


def test_a_role_can_be_changed_by_command(shop_command):
    shop_command("user", "add", "Ada", "--password-stdin", input=PASSWORD)
    assert shop_command("user", "role", "Ada", "editor").output == "Ada is editor now.\n"
    assert "editor" in shop_command("user", "list").output.splitlines()[-1]
    missing = shop_command("user", "role", "Nobody", "editor")
    assert missing.exit_code == 1
    assert "There is no user “Nobody”. 'wsgiapp shop user list' shows them all." in missing.output


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [(("Ada",), "short", "at least 8 characters"), (("A",), PASSWORD, "at least 2 characters"),
     (("DEMO",), PASSWORD, "is taken"), (("Ada", "--role", "king"), PASSWORD, "'king' is not one of")],
)  # fmt: skip
def test_what_cannot_be_added_is_said(shop_command, arguments, typed, said):
    result = shop_command("user", "add", *arguments, "--password-stdin", input=typed)
    assert result.exit_code != 0
    assert said in result.output


def test_a_database_that_does_not_fit_is_said_by_the_commands_too(tmp_path, monkeypatch, database, make_shop):
    app = make_shop(DATABASE_URL=f"sqlite:///{tmp_path}")
    monkeypatch.setattr(commands, "find_app", lambda ctx: app)
    result = FlaskCliRunner(app).invoke(commands.shop_group, ["user", "list"])
    assert result.exit_code == 1
    assert "The database did not answer" in result.output


def test_a_visitor_is_not_locked_out_by_a_database_that_fails_in_the_head(make_shop, visit, monkeypatch):
    visitor = visit(make_shop())
    visitor.sign_in()
    token = visitor.token()

    def fail(*_):
        raise store.exc.OperationalError("x", {}, Exception("gone"))

    monkeypatch.setattr(store, "reading", fail)
    page = visitor.client.get("/login")
    assert page.status_code == 200
    assert token in page.text


def test_who_never_looks_at_a_page_stays_signed_in_with_the_latest_messages(visitor):
    visitor.register("Ada")
    with visitor.client.session_transaction() as session:
        session["_flashes"] = [("note", f"message {number} of many") for number in range(30)]
    page = visitor.get("/account")
    assert page.status_code == 200 and page.text.count(" of many") == 20
    assert "message 29 of many" in page.text and "message 9 of many" not in page.text
