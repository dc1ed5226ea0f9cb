"""Shop layer 4: buying, the rules.

What is not as the buyer saw it, placing an order, and cancelling one; each in one transaction. Pages and API ask here
alike; the forms and the answers do not matter here. All code locks rows in one order: the user's, the order's, then the
products' by rising id, so that no two transactions wait for each other.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from werkzeug.exceptions import Conflict, Forbidden

from wsgiapp import current_app
from wsgiapp.shop import limits, store
from wsgiapp.shop.models import CANCELLED, MAX_STOCK, PLACED, Order, OrderLine, Product, User
from wsgiapp.shop.permissions import may

DAY = 86_400
MAX_LINES = 30
MAX_TOTAL_CENTS = 1_000_000_000
MAX_NUMBER = 20
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no two of them are taken for each other


@dataclass(frozen=True)
class Wanted:
    """So many pieces of a product, at the price that the buyer has seen."""

    product_id: int
    quantity: int
    price_cents: int

    @property
    def cents(self) -> int:
        """What all the pieces cost."""
        return self.quantity * self.price_cents


@dataclass(frozen=True)
class Change:
    """One thing that is not as the buyer saw it.

    ``kind`` is ``gone`` (no longer sold), ``price`` (``now`` in cents, instead of ``seen``) or ``stock`` (``now`` so
    many pieces, instead of ``seen`` that are wanted).
    """

    kind: str
    product_id: int
    name: str = ""
    seen: int = 0
    now: int = 0


class Changed(Exception):
    """The order was not placed, since the shop is not any more as the buyer saw it."""

    def __init__(self, changes: Sequence[Change]) -> None:
        super().__init__("The order was not placed: the shop has changed since the buyer saw it.")
        self.changes = changes


def compare(wanted: Iterable[Wanted], products: Mapping[int, Product]) -> list[Change]:
    """Return how ``products``, by their ids, differ from what the buyer saw."""
    changes = []
    for line in wanted:
        product = products.get(line.product_id)
        if product is None:
            changes.append(Change("gone", line.product_id))
            continue
        if product.price_cents != line.price_cents:
            changes.append(Change("price", product.id, product.name, line.price_cents, product.price_cents))
        if product.stock < line.quantity:
            changes.append(Change("stock", product.id, product.name, line.quantity, product.stock))
    return changes


def placed_with(db: Session, user: User, key: str) -> Order | None:
    """Return the order that ``user`` placed with this key, if there is one."""
    statement = select(Order).where(Order.user_id == user.id, Order.idempotency_key == key)
    return db.scalar(statement.options(selectinload(Order.lines)))


def place(user: User, wanted: Sequence[Wanted], key: str) -> Order:
    """Place an order, once for each ``key`` of the user, and take its pieces out of the stock.

    :param wanted: the lines, each of another product.
    :raises Changed: when a product is gone, has another price than the buyer saw, or has too few pieces.
    :raises Conflict: (409) when the total is more than an order may be.
    :raises Forbidden: (403) when the user may not buy, or the account was deleted meanwhile.
    :raises TooManyRequests: (429) when the user placed too many in a day.
    """
    if not may(user, "order.create"):
        raise Forbidden("This account may not buy.")
    known = placed_with(store.reading(), user, key)
    if known is not None:
        return known
    limits.count(limits.key_of("order", user.id), current_app.config["ORDER_LIMIT"], DAY, "orders in one day")
    with store.writing() as db:
        # Who sends one form twice waits here for the first, and then finds its order.
        if db.get(User, user.id, with_for_update={"key_share": True}) is None:
            raise Forbidden("This account has been deleted.")
        return placed_with(db, user, key) or _place(db, user.id, wanted, key)


def _place(db: Session, user_id: int, wanted: Sequence[Wanted], key: str) -> Order:
    stock = _locked(db, [line.product_id for line in wanted])
    changes = compare(wanted, stock)
    if changes:
        raise Changed(changes)
    total = sum(line.cents for line in wanted)
    if total > MAX_TOTAL_CENTS:
        raise Conflict(f"An order comes to at most {MAX_TOTAL_CENTS // 100:,} euros. Please take something out.")
    order = Order(user_id=user_id, number=new_number(), status=PLACED, total_cents=total, idempotency_key=key)
    for line in wanted:
        product = stock[line.product_id]
        product.stock -= line.quantity
        name, price, quantity = product.name, line.price_cents, line.quantity
        order.lines.append(OrderLine(product_id=product.id, name=name, price_cents=price, quantity=quantity))
    db.add(order)
    db.flush()
    return order


def cancel(db: Session, order_id: int) -> bool:
    """Cancel an order, and put its pieces back into the stock; tell whether it was still to be cancelled.

    :param db: a session that writes.
    """
    order = db.get_one(Order, order_id, with_for_update=True, populate_existing=True)
    if order.status != PLACED:
        return False
    order.status = CANCELLED
    stock = _locked(db, [line.product_id for line in order.lines if line.product_id is not None])
    for line in order.lines:
        product = stock.get(line.product_id or 0)
        if product is not None:
            product.stock = min(MAX_STOCK, product.stock + line.quantity)
    db.flush()
    return True


def by_number(db: Session, number: str) -> Order | None:
    """Return the order with this number and its lines, if there is one."""
    statement = select(Order).where(Order.number == number).options(selectinload(Order.lines))
    return db.scalar(statement) if len(number) <= MAX_NUMBER else None


def new_number() -> str:
    """Return a random number for an order, so that it reveals nothing and cannot be guessed."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(10))
    return f"{letters[:5]}-{letters[5:]}"


def products(db: Session, wanted: Iterable[Wanted]) -> dict[int, Product]:
    """Return the existing products of some lines, by their ids."""
    found = db.scalars(select(Product).where(Product.id.in_([line.product_id for line in wanted])))
    return {product.id: product for product in found}


def _locked(db: Session, ids: Sequence[int]) -> dict[int, Product]:
    """Return the products with these ids as they are now; nobody else changes them before the transaction ends."""
    statement = select(Product).where(Product.id.in_(ids)).order_by(Product.id).with_for_update()
    found = db.scalars(statement.execution_options(populate_existing=True))
    return {product.id: product for product in found}
