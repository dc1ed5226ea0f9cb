"""Requirements of reviews: by who bought the product, once, and not too many."""

import pytest
from sqlalchemy.exc import IntegrityError

from wsgiapp.shop.models import Order, Review

REVIEW = {"author": "Ada", "rating": "4", "text": "It does what it says, and quietly."}


def test_who_did_not_buy_does_not_review(visitor):
    assert visitor.send("/products/24/review", **REVIEW).headers["Location"] == "/login?next=/products/24/review"
    visitor.sign_in()
    assert "by those who bought it" in visitor.get("/products/24").text
    assert visitor.get("/products/24/review").status_code == 403
    response = visitor.send("/products/24/review", **REVIEW)
    assert response.status_code == 403
    assert "by those who bought it" in response.text
    assert REVIEW["text"] not in visitor.get("/products/24").text


def test_a_product_is_reviewed_once(buyer):
    assert "Write a review" in buyer.get("/products/24").text
    assert buyer.send("/products/24/review", **REVIEW).status_code == 303
    assert buyer.send("/products/24/review", **REVIEW).status_code == 403
    assert "reviewed this product already" in buyer.get("/products/24").text
    assert buyer.get("/products/24").text.count(REVIEW["text"]) == 1


def test_the_database_itself_refuses_a_second_review(buyer):
    with buyer.database() as db:
        db.add_all(Review(product_id=24, user_id=1, author="x", rating=1, text="y") for _ in range(2))
        with pytest.raises(IntegrityError):
            db.commit()


def test_a_cancelled_order_gives_no_review(buyer):
    with buyer.database() as db, db.begin():
        db.query(Order).one().status = "cancelled"
    assert buyer.send("/products/24/review", **REVIEW).status_code == 403


def test_reviews_are_limited_by_the_day(make_shop, visit):
    visitor = visit(make_shop(REVIEW_LIMIT=2))
    visitor.sign_in()
    visitor.has_bought("demo", 21, 22, 23)
    answers = [visitor.send(f"/products/{number}/review", **REVIEW) for number in (21, 22, 23)]
    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert "Too many reviews in one day. Please wait 24 hours." in answers[-1].text
