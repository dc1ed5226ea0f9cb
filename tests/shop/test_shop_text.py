"""Requirements of text on its way into a database: what none can hold is no error, case does not matter in a search."""

from sqlalchemy import select, text

from wsgiapp.shop.models import Attempt, Product, User

HOSTILE = ("a\x00b", "\x00", "\ud800", "x\udfffy", "\U0001f600\x00")


def test_what_no_database_can_hold_finds_nothing_and_breaks_nothing(visitor):
    for value in HOSTILE:
        with visitor.database() as db:
            assert db.scalar(select(User).where(User.name == value)) is None
            assert db.scalar(text("SELECT count(*) FROM product WHERE name = :name"), {"name": value}) == 0


def test_what_no_database_can_hold_is_replaced_when_it_is_written(visitor):
    with visitor.database() as db, db.begin():
        db.add_all(Attempt(key=f"{number}{value}", count=1, until=1) for number, value in enumerate(HOSTILE[:4]))
    with visitor.database() as db:
        assert sorted(db.scalars(select(Attempt.key))) == ["0a\ufffdb", "1\ufffd", "2\ufffd", "3x\ufffdy"]


def test_hostile_text_in_addresses_and_forms_is_no_500(visitor):
    for path in ("/?q=a%00b", "/?q=%ED%A0%80", "/?category=%00", "/?sort=%00", "/login?next=%00", "/api/products?q=%00",
                 "/api/products?q=%ED%A0%80"):  # fmt: skip
        assert visitor.get(path).status_code == 200, path
    for path in ("/products/1%00", "/%00", "/%ED%A0%80"):
        assert visitor.get(path).status_code == 404, path
    for name in ("de\x00mo", "\x00"):
        assert visitor.sign_in(name, "x").status_code == 422
        assert visitor.sign_in("demo", name).status_code == 422
    visitor.client.set_cookie("theme", "\x00")
    assert visitor.get("/").status_code == 200


def test_a_search_ignores_case_beyond_ascii(visitor):
    with visitor.database() as db, db.begin():
        db.add(Product(name="Öllampe", category="light", summary="Die Straße", description="FINE, 100%", price_cents=1))
    for words in ("öllampe", "ÖLLAMPE", "ÖlLaMpE", "straße", "STRASSE", "o\u0308llampe", "\ufb01ne", "100%"):
        assert '<h3><a href="/products/25">' in visitor.get("/", query_string={"q": words}).text, words


def test_what_is_searched_follows_the_product(visitor):
    with visitor.database() as db, db.begin():
        item = db.get(Product, 1)
        item.name, before = "Öllampe", item.updated_at
        item.updated_at = before - 100
        db.flush()
        assert item.updated_at >= before
    assert "Öllampe" in visitor.get("/?q=öllampe").text
    assert "Öllampe" not in visitor.get("/?q=heron").text
