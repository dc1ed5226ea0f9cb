"""Shop layer 4: the catalogue in HTML.

The list with its search, the product, its reviews, the form to sell something, and the theme. Each view reads its
input, asks, and hands the answer to a template; the cart and the account have modules of their own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from werkzeug.exceptions import Forbidden, NotFound

from wsgiapp import Blueprint, Response, flash, redirect, render_template, request, url_for
from wsgiapp.shop import reviews, store
from wsgiapp.shop.account import local_path, login_required, signed_in
from wsgiapp.shop.catalogue import CATEGORIES, PICTURES
from wsgiapp.shop.forms import ProductIn, ReviewIn, ThemeIn, check_form
from wsgiapp.shop.models import MAX_CENTS, Product, Review, User
from wsgiapp.shop.people import current_user
from wsgiapp.shop.permissions import may
from wsgiapp.shop.queries import SORTS, by_id, in_order, matching, ratings
from wsgiapp.typing import ResponseReturnValue

PAGE_SIZE = 12
MAX_QUERY = 80
MAX_RECENT = 6
SHOWN_REVIEWS = 50
YEAR, MONTH = 365 * 86_400, 30 * 86_400
RECENT = re.compile(r"[1-9][0-9]{0,8}(?:\.[1-9][0-9]{0,8}){0,5}")
PRICE = re.compile(r"([0-9]{1,6})(?:[.,]([0-9]{1,2}))?")
PRODUCT = "/products/<int:product_id>"

bp = Blueprint("pages", __name__)


@bp.get("/")
def index() -> str:
    """List the products that match ``q`` and ``category``, in the order of ``sort``, ``page`` by page.

    A search is not a form to be wrong in: what is unknown counts as not given, and a page too far is the last one.
    """
    search = read_search(request.args)
    found = matching(search["q"], search["category"])
    db = store.reading()
    count = db.scalar(select(func.count()).select_from(found.subquery())) or 0
    pages = max(1, math.ceil(count / PAGE_SIZE))
    page = min(page_number(request.args.get("page", "")), pages)
    order = SORTS[search["sort"]][1]
    products = db.scalars(found.order_by(order, Product.id).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)).all()
    return render_template(
        "list.html",
        search=search,
        given=given(search),
        sorts={name: label for name, (label, _) in SORTS.items()},
        products=products,
        ratings=ratings(db, products),
        count=count,
        page=page,
        pages=pages,
        recent=in_order(db, read_recent()),
    )


@bp.get("/products")
def products() -> ResponseReturnValue:
    """Lead to the list, which is the front page."""
    return redirect(url_for("pages.index", **given(read_search(request.args))), 301)


def read_search(args: Mapping[str, str]) -> dict[str, str]:
    """Return ``q``, ``category`` and ``sort`` as they are used: bounded, printable, known."""
    text = "".join(char for char in args.get("q", "") if char.isprintable())[:MAX_QUERY].strip()
    category, sort = args.get("category", ""), args.get("sort", "")
    return {
        "q": text,
        "category": category if category in CATEGORIES else "",
        "sort": sort if sort in SORTS else "name",
    }


def given(search: Mapping[str, str]) -> dict[str, Any]:
    """Return of ``search`` what an address has to say: all but the defaults."""
    return {name: value for name, value in search.items() if value and (name, value) != ("sort", "name")}


def page_number(text: str) -> int:
    """Return the number that ``text`` shows, 1 when it shows none."""
    return max(1, int(text)) if re.fullmatch("[0-9]{1,6}", text) else 1


@bp.get(PRODUCT)
def product(product_id: int) -> Response:
    """Show one product with its reviews, and remember that it was seen."""
    item = find(product_id)
    db = store.reading()
    latest_first = (Review.created_at.desc(), Review.id.desc())
    statement = select(Review).where(Review.product_id == product_id).order_by(*latest_first).limit(SHOWN_REVIEWS)
    seen = [number for number in read_recent() if number != product_id]
    user = current_user()
    body = render_template(
        "product.html",
        product=item,
        reviews=db.scalars(statement).all(),
        average=ratings(db, [item]).get(product_id),
        recent=in_order(db, seen),
        no_review=reviews.refusal(db, user, product_id) if user else None,
    )
    response = Response(body)
    remember(response, [product_id, *seen])
    return response


def find(product_id: int) -> Product:
    """Return the product. Raises ``NotFound`` (404) when there is none."""
    found = by_id(store.reading(), product_id)
    if found is None:
        raise NotFound(f"There is no product {product_id}.")
    return found


def read_recent() -> list[int]:
    """Return the ids in the cookie ``recent``, the latest first; a cookie that we did not write counts as none."""
    text = request.cookies.get("recent", "")
    return [int(number) for number in text.split(".")] if RECENT.fullmatch(text) else []


def remember(response: Response, ids: Sequence[int]) -> None:
    """Set the cookie ``recent``."""
    value = ".".join(map(str, ids[:MAX_RECENT]))
    response.set_cookie("recent", value, max_age=MONTH, secure=request.is_secure, httponly=True, samesite="Lax")


@bp.get(f"{PRODUCT}/review")
@login_required
def review_form(product_id: int) -> str:
    """Show the form for a review to who may write one (403)."""
    item, user = find(product_id), signed_in()
    reason = reviews.refusal(store.reading(), user, product_id)
    if reason:
        raise Forbidden(reason)
    return render_template("review.html", product=item, values={"author": user.name}, errors={})


@bp.post(f"{PRODUCT}/review")
@login_required
def review(product_id: int) -> ResponseReturnValue:
    """Keep a review, or show the form again with what is wrong (422)."""
    item = find(product_id)
    form = check_form(ReviewIn, request.form)
    if form.data is None:
        return render_template("review.html", product=item, values=form.values, errors=form.errors), 422
    reviews.add(signed_in(), product_id, form.data)
    flash("Thank you. Your review is below.", "good")
    return redirect(url_for("pages.product", product_id=product_id, _anchor="reviews"), 303)


def seller() -> User:
    """Return who is signed in and may sell. Raises ``Forbidden`` (403)."""
    user = signed_in()
    if not may(user, "product.create"):
        raise Forbidden("Only editors sell here. An administrator of the shop can make you one.")
    return user


@bp.get("/sell")
@login_required
def sell_form() -> str:
    """Show the form to put something on sale."""
    seller()
    return render_template("sell.html", values={}, errors={}, pictures=PICTURES)


@bp.post("/sell")
@login_required
def sell() -> ResponseReturnValue:
    """Put something on sale, or show the form again with what is wrong (422)."""
    user = seller()
    fields = request.form.to_dict() | {"price_cents": cents(request.form.get("price", ""))}
    form = check_form(ProductIn, fields)
    if form.data is None:
        errors = {**form.errors}
        if "price_cents" in errors:
            errors["price_cents"] = f"Please enter a price between 0 and {MAX_CENTS // 100:,} euros, such as 19.90."
        return render_template("sell.html", values=fields, errors=errors, pictures=PICTURES), 422
    with store.writing() as db:
        item = Product(seller_id=user.id, **form.data.model_dump())
        db.add(item)
    flash(f"“{item.name}” is on sale.", "good")
    return redirect(url_for("pages.product", product_id=item.id), 303)


def cents(price: str) -> str:
    """Return ``19.9`` or ``19,90`` as ``1990``, and anything else as it is, for the model to refuse."""
    match = PRICE.fullmatch(price.strip())
    return f"{match[1]}{(match[2] or '').ljust(2, '0')}" if match else price


@bp.post("/theme")
def theme() -> ResponseReturnValue:
    """Set how the pages look and go back to where the customer was."""
    response = redirect(local_path(request.form.get("next", "")) or url_for("pages.index"), 303)
    form = check_form(ThemeIn, request.form)
    if form.data is None:
        flash("There is no such theme.", "bad")
    elif form.data.theme == "auto":
        response.delete_cookie("theme", samesite="Lax")
    else:
        chosen = form.data.theme
        response.set_cookie("theme", chosen, max_age=YEAR, secure=request.is_secure, httponly=True, samesite="Lax")
    return response


def read_theme() -> str:
    """Return the theme of the cookie: ``light``, ``dark``, or ``auto`` for every other value."""
    chosen = request.cookies.get("theme")
    return chosen if chosen in ("light", "dark") else "auto"
