"""Shop layer 4: who may review what, and keeping a review.

Asked by pages and API alike; how the answer looks does not matter here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session
from werkzeug.exceptions import Forbidden

from wsgiapp import current_app
from wsgiapp.shop import limits, store
from wsgiapp.shop.forms import ReviewIn
from wsgiapp.shop.models import PLACED, Order, OrderLine, Review, User
from wsgiapp.shop.permissions import may

DAY = 86_400


def refusal(db: Session, user: User | None, product_id: int) -> str | None:
    """Return why ``user`` may not review this product, None when they may."""
    if user is None or not may(user, "review.create"):
        return "Please sign in to write a review."
    bought = exists().where(
        OrderLine.order_id == Order.id,
        OrderLine.product_id == product_id,
        Order.user_id == user.id,
        Order.status == PLACED,
    )
    written = exists().where(Review.product_id == product_id, Review.user_id == user.id)
    has_bought, has_written = db.execute(select(bought, written)).one()
    if not has_bought:
        return "A product is reviewed by those who bought it here."
    return "You have reviewed this product already." if has_written else None


def add(user: User, product_id: int, data: ReviewIn) -> Review:
    """Keep a review that came in a form; see `keep`."""
    return keep(user, product_id, data.model_dump())


def keep(user: User, product_id: int, fields: Mapping[str, Any]) -> Review:
    """Keep a review.

    :raises Forbidden: (403) when the user may not review this product.
    :raises TooManyRequests: (429) when they wrote too many in a day.
    """
    key = limits.key_of("review", user.id)
    limits.count(key, current_app.config["REVIEW_LIMIT"], DAY, "reviews in one day")
    with store.writing() as db:
        reason = refusal(db, user, product_id)
        if reason:
            raise Forbidden(reason)
        review = Review(product_id=product_id, user_id=user.id, **fields)
        db.add(review)
    return review
