"""Shop layer 4: buying in HTML.

The checkout, an order, one's own orders, and cancelling. What is right is decided in ``orders``; none of these pages is
stored by a browser.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response as BaseResponse

from wsgiapp import Blueprint, flash, redirect, render_template, request, url_for
from wsgiapp.shop import cart, orders, reviews, store
from wsgiapp.shop.account import forbid_storing, login_required, signed_in
from wsgiapp.shop.forms import CheckoutIn, check_form
from wsgiapp.shop.models import Order
from wsgiapp.shop.orders import Wanted
from wsgiapp.shop.pages import page_number
from wsgiapp.shop.permissions import may
from wsgiapp.typing import ResponseReturnValue

PAGE_SIZE = 20

bp = Blueprint("orders", __name__)
bp.after_request(forbid_storing)


@bp.get("/checkout")
@login_required
def checkout() -> ResponseReturnValue:
    """Show what would be bought, to be confirmed."""
    if not cart.contents():
        flash("Your cart is empty.", "note")
        return redirect(url_for("cart.show"), 303)
    return confirmation()


def confirmation(refused: str = "", seen: Sequence[Wanted] = ()) -> str:
    """Return the page with the form that buys what it shows, and nothing else.

    :param refused: why an order was not placed.
    :param seen: what the buyer had confirmed then; the page says how the shop differs from it.
    """
    found = cart.refresh()
    changes = orders.compare(seen, orders.products(store.reading(), seen)) if seen else found.changes
    confirmed = format_lines(line.wanted for line in found.lines)
    key = secrets.token_urlsafe(24)
    return render_template("checkout.html", cart=found, changed=changes, confirmed=confirmed, key=key, refused=refused)


def format_lines(lines: Iterable[Wanted]) -> str:
    """Return lines as one text, for a hidden field of the checkout form."""
    return ",".join(f"{line.product_id}x{line.quantity}@{line.price_cents}" for line in lines)


def parse_lines(text: str) -> list[Wanted]:
    """Return the lines that `format_lines` wrote."""
    return [Wanted(*map(int, line.replace("@", "x").split("x"))) for line in text.split(",")]


@bp.post("/checkout")
@login_required
def buy() -> ResponseReturnValue:
    """Place the order that the buyer confirmed, once; or say what has changed since, and ask again (409)."""
    form = check_form(CheckoutIn, request.form)
    wanted = parse_lines(form.data.lines) if form.data else []
    confirmed = {line.product_id: line.quantity for line in wanted}
    if form.data is None or len(confirmed) < len(wanted):
        raise BadRequest("This is not the form of the checkout. Please open the checkout again.")
    user = signed_in()
    known = orders.placed_with(store.reading(), user, form.data.key)
    if known is None and cart.contents() != confirmed:
        return confirmation("Your cart is not the one that you confirmed.", wanted), 409
    try:
        order = known or orders.place(user, wanted, form.data.key)
    except orders.Changed:
        return confirmation("The shop has changed since you opened this page.", wanted), 409
    if cart.contents() == confirmed:
        cart.keep([])
    flash("This order was placed before." if known else "Thank you. Your order is placed.", "good")
    return redirect(url_for("orders.show", number=order.number), 303)


@bp.get("/orders")
@login_required
def index() -> str:
    """List one's own orders, the latest first."""
    page = page_number(request.args.get("page", ""))
    statement = select(Order).where(Order.user_id == signed_in().id).order_by(Order.id.desc())
    found = store.reading().scalars(statement.limit(PAGE_SIZE + 1).offset((page - 1) * PAGE_SIZE)).all()
    return render_template("orders.html", orders=found[:PAGE_SIZE], page=page, more=len(found) > PAGE_SIZE)


@bp.get("/orders/<number>")
@login_required
def show(number: str) -> str:
    """Show an order."""
    order, user, db = find(number, "order.read"), signed_in(), store.reading()
    sold = [line.product_id for line in order.lines if line.product_id is not None and order.user_id == user.id]
    may_review = {number for number in sold if reviews.refusal(db, user, number) is None}
    return render_template("order.html", order=order, may_review=may_review)


@bp.post("/orders/<number>/cancel")
@login_required
def cancel(number: str) -> BaseResponse:
    """Cancel an order: its pieces go back into the stock, once."""
    order = find(number, "order.cancel")
    with store.writing() as db:
        done = orders.cancel(db, order.id)
    if done:
        flash("The order is cancelled.", "good")
    else:
        flash("The order was cancelled before.", "note")
    return redirect(url_for("orders.show", number=number), 303)


def find(number: str, action: str) -> Order:
    """Return an order to which who is signed in may do ``action``.

    :raises NotFound: (404) when there is none, and also when it is somebody else's: that it is there is theirs to know.
    """
    order = orders.by_number(store.reading(), number)
    if order is None or not may(signed_in(), action, order):
        raise NotFound("You have no order of this number.")
    return order
