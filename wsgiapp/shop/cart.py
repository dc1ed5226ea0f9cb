"""Shop layer 4: the cart.

A few numbers in the session, {product id: quantity}, changed by POST and answered by a redirect. Prices and stock are
read afresh each time: the cookie is signed, but it may be old.
"""

from __future__ import annotations

from dataclasses import dataclass

from wsgiapp import Blueprint, flash, redirect, render_template, request, session, url_for
from wsgiapp.shop import store
from wsgiapp.shop.forms import MAX_QUANTITY, CartLineIn, check_form
from wsgiapp.shop.models import Product
from wsgiapp.shop.pages import find
from wsgiapp.shop.queries import in_order
from wsgiapp.typing import ResponseReturnValue

MAX_LINES = 30

bp = Blueprint("cart", __name__, url_prefix="/cart")


@dataclass(frozen=True)
class Line:
    """One line of the cart; ``cents`` is the price of all its pieces."""

    product: Product
    quantity: int

    @property
    def cents(self) -> int:
        return self.quantity * self.product.price_cents


def contents() -> dict[int, int]:
    """Return the quantities by product id; whatever in the session is no cart counts as none."""
    raw = session.get("cart")
    pairs = raw.items() if isinstance(raw, dict) else ()
    return {int(number): count for number, count in pairs if _is_line(number, count)}


def _is_line(number: object, count: object) -> bool:
    is_id = isinstance(number, str) and number.isascii() and number.isdecimal() and len(number) < 10
    return is_id and type(count) is int and 1 <= count <= MAX_QUANTITY


def pieces() -> int:
    """Return how many pieces are in the cart."""
    return sum(contents().values())


@bp.get("")
def show() -> str:
    """Show the cart; products that are gone leave it."""
    quantities = contents()
    lines = [Line(item, quantities[item.id]) for item in in_order(store.reading(), list(quantities))]
    if len(lines) < len(quantities):
        _keep({line.product.id: line.quantity for line in lines})
        flash("Something in your cart is no longer sold and was taken out.", "note")
    return render_template("cart.html", lines=lines, total=sum(line.cents for line in lines))


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
    number = _product_id()
    _keep({key: count for key, count in contents().items() if key != number})
    return redirect(url_for("cart.show"), 303)


def _product_id() -> int:
    """Return the product id that was sent, 0 (which no product has) when it is no number."""
    text = request.form.get("product_id", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _set(product: Product, wanted: int) -> bool:
    """Put ``wanted`` pieces into the cart, or as many as there are; tell whether that was all of them."""
    quantity = min(wanted, product.stock, MAX_QUANTITY)
    _keep({**contents(), product.id: quantity})
    if product.stock == 0 and wanted:
        flash(f"“{product.name}” is sold out.", "bad")
    elif quantity < wanted:
        flash(f"There are only {quantity} of “{product.name}” to be had, and they are in your cart.", "note")
    return quantity == wanted


def _keep(quantities: dict[int, int]) -> None:
    session["cart"] = {str(number): count for number, count in quantities.items() if count}
