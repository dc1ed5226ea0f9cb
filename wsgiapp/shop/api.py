"""Shop layer 4: the API, below /api: what programs may do, and who may do it.

The resources are declared here; how their requests are answered is ``wsgiapp.rest``'s work, the fields of what is sent
and shown are in ``api_models``, the rules of buying and reviewing in ``orders`` and ``reviews``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from wsgiapp import App, current_app, request
from wsgiapp.rest import API, Problem, Resource, Stored
from wsgiapp.rest.idempotency import HEADER
from wsgiapp.rest.resource import Authorise
from wsgiapp.rest.sql import SQLStore
from wsgiapp.shop import csrf, orders, reviews, store
from wsgiapp.shop.api_keys import DatabaseKeys
from wsgiapp.shop.api_models import (
    CartLine,
    CategoryIn,
    LineShown,
    NewLine,
    NewOrder,
    OrderIn,
    OrderLineShown,
    OrderShown,
    ProductShown,
    ReviewOf,
    ReviewShown,
    Times,
)
from wsgiapp.shop.api_stores import CartStore, RuledStore
from wsgiapp.shop.errors import API_PREFIX
from wsgiapp.shop.forms import ProductIn
from wsgiapp.shop.models import CANCELLED, Category, Order, Product, Review, User
from wsgiapp.shop.orders import Change, Wanted
from wsgiapp.shop.people import current_user
from wsgiapp.shop.permissions import may
from wsgiapp.shop.queries import matching
from wsgiapp.shop.settings import is_api_token

REALM = 'Bearer realm="shop"'


# -- who may


def authorise(method: str) -> User | None:
    """Return who sends this request: a signed-in user, or None for a program with the API token.

    A session alone does not write, since a browser sends its cookie for any site that asks: it takes the CSRF token,
    or the browser's word that a page of this site asks.

    :raises Problem: 401 for anybody else.
    """
    given = request.authorization
    if given is not None and given.type == "bearer":
        if is_api_token(current_app, given.token or ""):
            return None
        _unauthorised("This API token is not the right one.", ', error="invalid_token"')
    is_ours = method in csrf.SAFE_METHODS or csrf.matches(request.headers.get(csrf.HEADER)) or csrf.came_from_here()
    user = current_user() if is_ours else None
    if user is None:
        _unauthorised(f"Send the API token (Authorization: Bearer …), or sign in and send {csrf.HEADER}.")
    return user


def _unauthorised(detail: str, reason: str = "") -> NoReturn:
    raise Problem(401, detail, headers={"WWW-Authenticate": REALM + reason})


def access_rule(actions: Mapping[str, str], refusal: str, *, personal: str = "", hidden: bool = False) -> Authorise:
    """Return the access rule of a resource.

    :param actions: for each method the action in ``permissions`` that it needs; a method without one is free.
    :param refusal: the message for those who may not do it (403).
    :param personal: the methods that need a user; the API token, which belongs to no user, is not enough for them.
    :param hidden: answer 404 instead of 403, because not everybody may know that the thing exists.
    """

    def rule(method: str, item: Stored | None) -> None:
        action = actions.get(method)
        if action is None:
            return
        user = authorise(method)
        if user is None:
            if method in personal.split():
                raise Problem(403, "The API token is nobody's: sign in for this.")
        elif not may(user, action, None if item is None else item.row):
            if hidden and item is not None:
                raise Problem(404, "There is no such thing, or it is somebody else's.")
            raise Problem(403, refusal)

    return rule


def allow_signed_in(method: str, _item: Stored | None) -> None:
    """Let signed-in users use the cart of their session."""
    if authorise(method) is None:
        raise Problem(403, "A cart is in a session, which the API token has none of: sign in for this.")


def sender() -> str:
    """Return whose the keys of this request are: a user's, or all programs' that have the API token."""
    user = current_user() if request.authorization is None else None
    return f"user {user.id}" if user else "program"


# -- what is shown


def time_of(name: str) -> Any:
    """Return how the time in a column is shown."""
    return lambda row: datetime.fromtimestamp(getattr(row, name), UTC)


def lines_of(order: Order) -> list[dict[str, Any]]:
    """Return the lines of an order as they are shown."""
    return [{name: getattr(line, name) for name in OrderLineShown.model_fields} for line in order.lines]


def order_tag(order: Order) -> str:
    """Return the tag of an order, in which a product that is no longer sold changes a line."""
    gone = sum(line.product_id is None for line in order.lines)
    return f"{order.id}-{order.version}-{gone}"


TIMES = {"created_at": time_of("created_at"), "updated_at": time_of("updated_at")}


# -- what is done by the rules of the shop


def signed_in_user() -> User:
    """Return the signed-in user; only for requests whose access rule has checked that there is one."""
    user = current_user()
    if user is None:
        raise Problem(403, "The API token is nobody's: sign in for this.")
    return user


def seller() -> dict[str, int | None]:
    """Return the owner of a new product: the signed-in editor; nobody, if a program makes it with the API token."""
    user = current_user() if request.authorization is None else None
    return {"seller_id": user.id if user else None}


def place(fields: Mapping[str, Any]) -> Order:
    """Place an order for the signed-in user; the idempotency key of the request is also that of the order."""
    wanted: dict[tuple[int, int], int] = {}
    for line in fields["lines"]:
        product = line["product_id"], line["price_cents"]
        wanted[product] = wanted.get(product, 0) + line["quantity"]
    lines = [Wanted(number, quantity, price) for (number, price), quantity in wanted.items()]
    key = hashlib.sha256(request.headers.get(HEADER, "").encode("utf-8", "replace")).hexdigest()
    try:
        order = orders.place(signed_in_user(), lines, key)
    except orders.Changed as changed:
        errors = [{"pointer": "#/lines", "detail": sentence(change)} for change in changed.changes]
        raise Problem(409, "The shop cannot sell this as it is ordered.", errors=errors) from None
    if sorted((line.price_cents, line.quantity) for line in order.lines) != sorted(
        (line.price_cents, line.quantity) for line in lines
    ):
        raise Problem(422, f"This {HEADER} was sent with another order. Use a new one.")
    return order


def sentence(change: Change) -> str:
    """Return a change of the shop as a sentence for a program."""
    if change.kind == "gone":
        return f"There is no product {change.product_id}."
    if change.kind == "price":
        return f"Product {change.product_id} costs {change.now} cents, not {change.seen}."
    return f"There are only {change.now} pieces of product {change.product_id}, not {change.seen}."


def cancel(db: Session, order: Order, fields: Mapping[str, Any]) -> None:
    """Give an order another status: a placed one may be cancelled, and a cancelled one stays so."""
    if fields["status"] == CANCELLED:
        orders.cancel(db, order.id)
    elif order.status == CANCELLED:
        raise Problem(409, "A cancelled order stays cancelled. Place a new one.")


def visible_orders(_words: str) -> Select[Any]:
    """Select the orders that the sender of this request may read."""
    statement = select(Order)
    user = authorise("GET")
    return statement if user is None or user.role == "administrator" else statement.where(Order.user_id == user.id)


def review(fields: Mapping[str, Any]) -> Review:
    """Keep a review by the signed-in user."""
    kept = dict(fields)
    return reviews.keep(signed_in_user(), kept.pop("product_id"), kept)


# -- the resources


keys = DatabaseKeys()
products = Resource(
    "products",
    ProductIn,
    SQLStore(
        Product, tuple(ProductIn.model_fields), store.reading, store.writing, matching,
        given=seller, shown={"seller_id": lambda row: row.seller_id, **TIMES},
    ),
    authorise=access_rule(
        {"POST": "product.create", **dict.fromkeys(("PUT", "PATCH"), "product.change"), "DELETE": "product.delete"},
        "Editors write to the products that they sell, administrators to all.",
    ),
    filters=("name", "category", "picture", "price_cents", "stock"),
    searched=("name", "summary", "description"),
    keys=keys,
    who=sender,
    read_only=ProductShown,
    about="What the shop has on sale.",
)  # fmt: skip
categories = Resource(
    "categories",
    CategoryIn,
    SQLStore(Category, tuple(CategoryIn.model_fields), store.reading, store.writing, shown=TIMES),
    authorise=access_rule(
        dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), "category.change"), "Administrators change the categories."
    ),
    keys=keys,
    who=sender,
    read_only=Times,
    about="The shelves of the shop; a category goes when no product is left in it.",
)
REVIEWS = SQLStore(
    Review, tuple(ReviewOf.model_fields), store.reading, store.writing,
    shown={"author": lambda row: row.author, **TIMES},
)  # fmt: skip
product_reviews = Resource(
    "reviews",
    ReviewOf,
    RuledStore(REVIEWS, review),
    authorise=access_rule(
        {"POST": "review.create", "DELETE": "review.delete"},
        "Reviews are deleted by their authors, and by administrators.",
        personal="POST",
    ),
    methods=("GET", "POST", "DELETE"),
    filters=("product_id", "rating"),
    keys=keys,
    who=sender,
    read_only=ReviewShown,
    about="What customers wrote about products that they bought.",
)
ORDERS = SQLStore(
    Order, ("status",), store.reading, store.writing, visible_orders, tag=order_tag,
    shown={"number": lambda row: row.number, "total_cents": lambda row: row.total_cents, "lines": lines_of, **TIMES},
)  # fmt: skip
own_orders = Resource(
    "orders",
    OrderIn,
    RuledStore(ORDERS, place, cancel),
    authorise=access_rule(
        {"GET": "order.read", "POST": "order.create", "PATCH": "order.cancel"},
        "This account may not buy.",
        personal="POST",
        hidden=True,
    ),
    methods=("GET", "POST", "PATCH"),
    keys=keys,
    who=sender,
    require_key=True,
    private=True,
    new=NewOrder,
    read_only=OrderShown,
    about="One's own orders. A cancelled order stays: its status is changed, it is not deleted.",
)
session_cart = Resource(
    "cart",
    CartLine,
    CartStore(),
    authorise=allow_signed_in,
    private=True,
    new=NewLine,
    read_only=LineShown,
    about="The cart of the session; the id of a line is that of its product.",
)
api = API(
    None,
    products,
    categories,
    product_reviews,
    own_orders,
    session_cart,
    title="The shop",
    prefix=API_PREFIX,
    name=csrf.API,
    security={"token": {"type": "http", "scheme": "bearer"}},
)


def init_app(app: App) -> None:
    """Give ``app`` the API."""
    api.init_app(app)
