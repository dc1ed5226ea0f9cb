"""Shop layer 4: the cart.

A few numbers in the session, {product id: quantity} and the prices that the visitor saw, changed by POST and answered
by a redirect. Prices and stock are read afresh each time, and what has changed is said.
"""

from __future__ import annotations

from dataclasses import dataclass

from wsgiapp import Blueprint, flash, redirect, render_template, request, session, url_for
from wsgiapp.shop import store
from wsgiapp.shop.forms import MAX_QUANTITY, CartLineIn, check_form
from wsgiapp.shop.models import MAX_CENTS, Product
from wsgiapp.shop.orders import MAX_LINES, Change, Wanted, compare
from wsgiapp.shop.pages import find
from wsgiapp.shop.queries import in_order
from wsgiapp.typing import ResponseReturnValue

bp = Blueprint("cart", __name__, url_prefix="/cart")


@dataclass(frozen=True)
class Line:
    """One line of the cart; ``cents`` is the price of all its pieces."""

    product: Product
    quantity: int

    @property
    def cents(self) -> int:
        return self.quantity * self.product.price_cents

    @property
    def wanted(self) -> Wanted:
        """The line as an order has it, at today's price."""
        return Wanted(self.product.id, self.quantity, self.product.price_cents)


@dataclass(frozen=True)
class Cart:
    """The cart as it is at this moment, and what has changed since the visitor saw it last."""

    lines: list[Line]
    changes: list[Change]

    @property
    def total(self) -> int:
        """What all of it costs."""
        return sum(line.cents for line in self.lines)


def contents() -> dict[int, int]:
    """Return the quantities by product id; none if the session holds no valid cart."""
    return _numbers("cart", 1, MAX_QUANTITY)


def _numbers(name: str, least: int, most: int) -> dict[int, int]:
    """Return what the session has under ``name``: a number between ``least`` and ``most`` for each product id."""
    raw = session.get(name)
    pairs = raw.items() if isinstance(raw, dict) else ()
    return {int(key): value for key, value in pairs if _is_id(key) and type(value) is int and least <= value <= most}


def _is_id(key: object) -> bool:
    return isinstance(key, str) and key.isascii() and key.isdecimal() and len(key) < 10


def pieces() -> int:
    """Return how many pieces are in the cart."""
    return sum(contents().values())


def refresh() -> Cart:
    """Return the cart with current prices and stock, and save it in the session like this."""
    found = current()
    if found.changes:
        keep([line.wanted for line in found.lines])
    return found


def current() -> Cart:
    """Return the cart with current prices and stock, without saving it.

    If there are too few pieces of a product, the cart gets those that are left. Products that are gone or sold out
    leave it.
    """
    quantities, prices = contents(), _numbers("prices", 0, MAX_CENTS)
    products = {product.id: product for product in in_order(store.reading(), list(quantities))}
    seen = []
    for number, quantity in quantities.items():
        now = products[number].price_cents if number in products else 0
        seen.append(Wanted(number, quantity, prices.get(number, now)))
    lines = [Line(products[line.product_id], line.quantity) for line in seen if line.product_id in products]
    fitting = [Line(line.product, min(line.quantity, line.product.stock)) for line in lines if line.product.stock]
    return Cart(fitting, compare(seen, products))


@bp.get("")
def show() -> str:
    """Show the cart."""
    return render_template("cart.html", cart=refresh())


@bp.post("/clear")
def clear() -> ResponseReturnValue:
    """Take everything out of the cart."""
    keep([])
    return redirect(url_for("cart.show"), 303)


@bp.post("/add")
def add() -> ResponseReturnValue:
    """Put so many pieces more of a product into the cart."""
    product = find(_product_id())
    form = check_form(CartLineIn, request.form)
    back = redirect(url_for("pages.product", product_id=product.id), 303)
    if form.data is None or form.data.quantity == 0:
        flash(f"Please choose a quantity between 1 and {MAX_QUANTITY}.", "bad")
        return back
    quantities = contents()
    if product.id not in quantities and len(quantities) >= MAX_LINES:
        flash(f"The cart holds {MAX_LINES} different things. Take one out first.", "bad")
        return back
    if not _set(product, quantities.get(product.id, 0) + form.data.quantity):
        return back
    return redirect(url_for("cart.show"), 303)


@bp.post("/update")
def update() -> ResponseReturnValue:
    """Set how many pieces of a product are in the cart."""
    product = find(_product_id())
    form = check_form(CartLineIn, request.form)
    if form.data is None:
        flash(f"Please choose a quantity between 0 and {MAX_QUANTITY}.", "bad")
    elif product.id not in contents():
        flash(f"“{product.name}” is not in your cart.", "bad")
    else:
        _set(product, form.data.quantity)
    return redirect(url_for("cart.show"), 303)


@bp.post("/remove")
def remove() -> ResponseReturnValue:
    """Take a product out of the cart, whether it is still sold or not."""
    take_out(_product_id())
    return redirect(url_for("cart.show"), 303)


def _product_id() -> int:
    """Return the product id that was sent, 0 (which no product has) when it is no number."""
    text = request.form.get("product_id", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _set(product: Product, wanted: int) -> bool:
    """Put ``wanted`` pieces into the cart, or as many as there are; tell whether that was all of them."""
    quantity = put(product, wanted)
    if product.stock == 0 and wanted:
        flash(f"“{product.name}” is sold out.", "bad")
    elif quantity < wanted:
        flash(f"There are only {quantity} of “{product.name}” to be had, and they are in your cart.", "note")
    return quantity == wanted


def put(product: Product, wanted: int) -> int:
    """Let the cart have ``wanted`` pieces of a product, or as many as there are; return how many it has now."""
    quantity = min(wanted, product.stock, MAX_QUANTITY)
    _save({**contents(), product.id: quantity}, {**_numbers("prices", 0, MAX_CENTS), product.id: product.price_cents})
    return quantity


def take_out(product_id: int) -> None:
    """Take a product out of the cart."""
    _save({**contents(), product_id: 0}, _numbers("prices", 0, MAX_CENTS))


def keep(lines: list[Wanted]) -> None:
    """Let the cart be these lines."""
    _save({line.product_id: line.quantity for line in lines}, {line.product_id: line.price_cents for line in lines})


def _save(quantities: dict[int, int], prices: dict[int, int]) -> None:
    session["cart"] = {str(number): count for number, count in quantities.items() if count}
    session["prices"] = {str(number): price for number, price in prices.items() if quantities.get(number)}
