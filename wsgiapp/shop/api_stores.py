"""Shop layer 4: what the API needs of the shop beyond rows that are written as they are sent.

Rows whose changes follow rules of the shop, and the cart, which is in the session. Who may ask is decided in ``api``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from wsgiapp.rest import Problem, Query, Stored
from wsgiapp.rest.sql import SQLStore, SQLWriter
from wsgiapp.rest.stores import ConflictError, Fields, chosen
from wsgiapp.shop import cart, store
from wsgiapp.shop.orders import MAX_LINES
from wsgiapp.shop.queries import by_id


@dataclass(frozen=True)
class RuledStore:
    """Rows that are made, and perhaps changed, by rules of the shop.

    :param rows: the table.
    :param make: makes a row of the fields, in a transaction of its own.
    :param change: changes a row, in the transaction of the session it is given.
    """

    rows: SQLStore
    make: Callable[[Fields], Any]
    change: Callable[[Session, Any, Fields], None] | None = None

    def get(self, id: int) -> Stored | None:
        """Return the thing with this id; None when there is none."""
        return self.rows.get(id)

    def find(self, query: Query) -> list[Stored]:
        """Return the things that ``query`` asks for, in its order."""
        return self.rows.find(query)

    @contextmanager
    def writing(self) -> Iterator[RuledWriter]:
        """Return one transaction, which begins when a row is asked for."""
        with ExitStack() as stack:
            yield RuledWriter(self, stack)


class RuledWriter:
    """Changes rows by the rules."""

    def __init__(self, owner: RuledStore, stack: ExitStack) -> None:
        self.owner, self.stack = owner, stack
        self.writer: SQLWriter | None = None

    def rows(self) -> SQLWriter:
        """Return the writer of the table, in whose transaction the rest happens."""
        if self.writer is None:
            self.writer = self.stack.enter_context(self.owner.rows.writing())
        return self.writer

    def get(self, id: int) -> Stored | None:
        """Return the thing, locked until the transaction ends; None when there is none."""
        return self.rows().get(id)

    def create(self, fields: Fields) -> Stored:
        """Keep a new thing."""
        return self.owner.rows.stored(self.owner.make(fields))

    def replace(self, stored: Stored, fields: Fields) -> Stored:
        """Set the fields of a thing."""
        writer = self.rows()
        if self.owner.change is None:
            return writer.replace(stored, fields)
        self.owner.change(writer.session, stored.row, fields)
        return self.owner.rows.stored(stored.row)

    def delete(self, stored: Stored) -> None:
        """Remove a thing."""
        self.rows().delete(stored)


class CartStore:
    """The lines of the session's cart; the id of a line is its product's."""

    def get(self, id: int) -> Stored | None:
        """Return a line; None when the product is not in the cart, or not to be had any more."""
        return next((line for line in self._lines() if line.id == id), None)

    def find(self, query: Query) -> list[Stored]:
        """Return the lines that ``query`` asks for, in its order."""
        return chosen(self._lines(), query)

    @contextmanager
    def writing(self) -> Iterator[CartStore]:
        """Return the cart itself: a session has one visitor, and is kept when the answer is sent."""
        yield self

    def create(self, fields: Fields) -> Stored:
        """Put a product into the cart.

        :raises Problem: 409 when it cannot be had so, is in the cart already, or the cart is full.
        """
        number = fields["product_id"]
        quantities = cart.contents()
        if number in quantities:
            raise Problem(409, f"Product {number} is in the cart already, as {number}: change it there.")
        if len(quantities) >= MAX_LINES:
            raise Problem(409, f"The cart holds {MAX_LINES} different things.")
        return self._put(number, fields["quantity"])

    def replace(self, stored: Stored, fields: Fields) -> Stored:
        """Set how many pieces of a product are in the cart."""
        return self._put(stored.id, fields["quantity"])

    def delete(self, stored: Stored) -> None:
        """Take a product out of the cart."""
        cart.take_out(stored.id)

    def _put(self, number: int, quantity: int) -> Stored:
        product = by_id(store.reading(), number)
        if product is None:
            raise Problem(409, f"There is no product {number}.")
        if product.stock < quantity:
            raise ConflictError(f"There are only {product.stock} pieces of product {number}.")
        cart.put(product, quantity)
        return _line(cart.Line(product, quantity))

    def _lines(self) -> list[Stored]:
        return [_line(line) for line in cart.current().lines]


def _line(line: cart.Line) -> Stored:
    product = line.product
    shown = {"product_id": product.id, "name": product.name, "price_cents": product.price_cents}
    tag = hashlib.sha256(f"{line.quantity} {shown}".encode()).hexdigest()[:16]
    return Stored(product.id, {"quantity": line.quantity}, tag, line, shown)
