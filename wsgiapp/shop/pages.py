"""Shop layer 4: the catalogue in HTML.

The list with its search, the product and its reviews. Each view reads its input, asks, and hands the answer to a
template; selling, the cart, the account and preferences have modules of their own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from werkzeug.exceptions import Forbidden, NotFound

from wsgiapp import Blueprint, Response, flash, redirect, render_template, request, url_for
from wsgiapp.shop import category_store, reviews, store
from wsgiapp.shop.account import login_required, signed_in
from wsgiapp.shop.forms import ReviewIn, check_form
from wsgiapp.shop.models import Product, Review
from wsgiapp.shop.people import current_user
from wsgiapp.shop.preferences import read_page_size, read_recent, remember
from wsgiapp.shop.queries import SORTS, by_id, in_order, matching, ratings
from wsgiapp.typing import ResponseReturnValue

MAX_QUERY = 80
DEFAULT_SORT = ("sort", "name")
SHOWN_REVIEWS = 50
PRODUCT = "/products/<int:product_id>"

bp = Blueprint("pages", __name__)


@bp.get("/")
def index() -> ResponseReturnValue:
    """List the products that match ``q`` and ``category``, in the order of ``sort``, ``page`` by page.

    A search has no errors: unknown values are ignored, and a page number that is too high gives the last page.
    The form sends every field, also empty ones; that redirects to the address without the empty and default ones.
    """
    search = read_search(request.args)
    if any(not value or (name, value) == DEFAULT_SORT for name, value in request.args.items(multi=True)):
        wanted = page_number(request.args.get("page", ""))
        return redirect(url_for("pages.index", **search_arguments(search), **page_arguments(wanted)), 303)
    found = matching(search["q"], search["category"])
    db, size = store.reading(), read_page_size()
    count = db.scalar(select(func.count()).select_from(found.subquery())) or 0
    pages = max(1, math.ceil(count / size))
    page = min(page_number(request.args.get("page", "")), pages)
    order = SORTS[search["sort"]][1]
    products = db.scalars(found.order_by(order, Product.id).limit(size).offset((page - 1) * size)).all()
    return render_template(
        "list.html",
        categories=category_store.known(),
        search=search,
        given=search_arguments(search),
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
    return redirect(url_for("pages.index", **search_arguments(read_search(request.args))), 301)


def read_search(args: Mapping[str, str]) -> dict[str, str]:
    """Return ``q``, ``category`` and ``sort`` as they are used: bounded, printable, known."""
    text = "".join(char for char in args.get("q", "") if char.isprintable())[:MAX_QUERY].strip()
    category, sort = args.get("category", ""), args.get("sort", "")
    return {
        "q": text,
        "category": category if category in category_store.known() else "",
        "sort": sort if sort in SORTS else "name",
    }


def search_arguments(search: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments for an address of this search, without the default values."""
    return {name: value for name, value in search.items() if value and (name, value) != DEFAULT_SORT}


def page_arguments(number: int) -> dict[str, Any]:
    """Return the arguments for an address of this page: none for the first page."""
    return {"page": number} if number > 1 else {}


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
        categories=category_store.known(),
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


@bp.get(f"{PRODUCT}/review")
@login_required
def review_form(product_id: int) -> str:
    """Show the form for a review, or refuse those who may not write one (403)."""
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
