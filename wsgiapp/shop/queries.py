"""Shop layer 4: the questions that pages and API both put to the catalogue.

Statements and what follows from them; who asks, and how the answer looks, does not matter here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from wsgiapp.shop.models import MAX_ID, Product, Review, fold

MAX_WORDS = 8
# The keys are what a visitor may ask for; nothing else reaches ORDER BY.
SORTS: dict[str, tuple[str, ColumnElement[Any]]] = {
    "name": ("Name", func.lower(Product.name).asc()),
    "price": ("Price, low to high", Product.price_cents.asc()),
    "-price": ("Price, high to low", Product.price_cents.desc()),
    "newest": ("Newest first", Product.id.desc()),
}


def matching(text: str, category: str = "") -> Select[Any]:
    """Select the products of ``category`` (any if empty) in which each word of ``text`` occurs somewhere.

    ``%`` and ``_`` stand for themselves.
    """
    statement = select(Product)
    for word in fold(text).split()[:MAX_WORDS]:
        statement = statement.where(Product.search_text.contains(word, autoescape=True))
    return statement.where(Product.category == category) if category else statement


def by_id(db: Session, number: int, *, lock: bool = False) -> Product | None:
    """Return the product with this id, if there is one; ``lock`` keeps others from changing it meanwhile."""
    # The database would stumble over a number that no column can hold, and the address may name any.
    return db.get(Product, number, with_for_update=lock or None) if number <= MAX_ID else None


def in_order(db: Session, ids: Sequence[int]) -> list[Product]:
    """Return the products with these ids in the order of ``ids``; those that are gone are left out."""
    found = {product.id: product for product in db.scalars(select(Product).where(Product.id.in_(ids)))} if ids else {}
    return [found[number] for number in ids if number in found]


def ratings(db: Session, products: Iterable[Product]) -> dict[int, tuple[float, int]]:
    """Return average rating and number of reviews for each of ``products`` that has any."""
    ids = [product.id for product in products]
    statement = (
        select(Review.product_id, func.avg(Review.rating), func.count())
        .where(Review.product_id.in_(ids))
        .group_by(Review.product_id)
    )
    return {number: (float(average), count) for number, average, count in db.execute(statement)}
