"""Shop layer 4: the forms of a product: putting it on sale, changing it, taking it off.

POST, redirect, GET. A form carries the version of the product that it was made of, so that what someone else changed
meanwhile is told and not overwritten. ``permissions`` decides who may do it; ``pictures`` keeps pictures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import Forbidden, NotFound

from wsgiapp import Blueprint, current_app, flash, redirect, render_template, request, url_for
from wsgiapp.shop import category_store, limits, pictures, store
from wsgiapp.shop.account import login_required, signed_in
from wsgiapp.shop.catalogue import PICTURES
from wsgiapp.shop.forms import Checked, ProductIn, VersionIn, check_form
from wsgiapp.shop.models import MAX_CENTS, Product, User
from wsgiapp.shop.pages import PRODUCT, find
from wsgiapp.shop.permissions import may
from wsgiapp.shop.queries import by_id
from wsgiapp.typing import ResponseReturnValue

DAY = 86_400
UPLOAD = "picture_file"
PRICE = re.compile(r"([0-9]{1,6})(?:[.,]([0-9]{1,2}))?")
AGAIN = "Please choose the picture once more: a browser does not keep it."
CHANGED = "Someone else changed this product while you looked at it. Nothing of yours is kept yet."

bp = Blueprint("selling", __name__)
WITH_PICTURE = ("selling.sell", "selling.edit")


class Overtaken(Exception):
    """The product is not what it was when the form was made."""


def seller() -> User:
    """Return who is signed in and may sell. Raises ``Forbidden`` (403)."""
    user = signed_in()
    if not may(user, "product.create"):
        raise Forbidden("Only editors sell here. An administrator of the shop can make you one.")
    return user


def must_be_allowed(action: str, item: Product) -> User:
    """Return who is signed in and may do ``action`` to this product. Raises ``Forbidden`` (403)."""
    user = signed_in()
    if not may(user, action, item):
        raise Forbidden("Editors change the products that they sell, administrators all of them.")
    return user


# -- a new product


@bp.get("/sell")
@login_required
def sell_form() -> str:
    """Show the form to put something on sale."""
    seller()
    return form_page(None, {}, {})


@bp.post("/sell")
@login_required
def sell() -> ResponseReturnValue:
    """Put something on sale, or show the form again with what is wrong (422, 413)."""
    user = seller()
    form, upload, status = read_form(user)
    if form.data is None or status != 200:
        return form_page(None, form.values, form.errors), status
    with pictures.kept(upload) as name, store.writing() as db:
        item = Product(seller_id=user.id, picture_file=name, **form.data.model_dump())
        db.add(item)
    flash(f"“{item.name}” is on sale.", "good")
    return redirect(url_for("pages.product", product_id=item.id), 303)


# -- one that is there


@bp.get(f"{PRODUCT}/edit")
@login_required
def edit_form(product_id: int) -> str:
    """Show the form to change a product."""
    item = find(product_id)
    must_be_allowed("product.change", item)
    return form_page(item, values_of(item), {})


@bp.post(f"{PRODUCT}/edit")
@login_required
def edit(product_id: int) -> ResponseReturnValue:
    """Change a product, or show the form again with what is wrong (422, 413) or was changed meanwhile (409)."""
    item = find(product_id)
    form, upload, status = read_form(must_be_allowed("product.change", item))
    if form.data is None or status != 200:
        sent = check_form(VersionIn, request.form)
        return form_page(item, {**form.values, **sent.values}, form.errors), status
    changes: dict[str, Any] = form.data.model_dump()
    try:
        with pictures.kept(upload) as name, store.writing() as db:
            item = find_unchanged(db, product_id, "product.change")
            if name is not None or "no_picture_file" in request.form:
                changes["picture_file"] = name
            for field, value in changes.items():
                setattr(item, field, value)
    except Overtaken:
        now = find(product_id)
        return form_page(now, form.values, differences(now, form.values), CHANGED), 409
    flash(f"“{item.name}” is changed.", "good")
    return redirect(url_for("pages.product", product_id=item.id), 303)


@bp.get(f"{PRODUCT}/delete")
@login_required
def delete_form(product_id: int) -> str:
    """Ask whether the product shall go."""
    item = find(product_id)
    must_be_allowed("product.delete", item)
    return render_template("delete_product.html", product=item, message="")


@bp.post(f"{PRODUCT}/delete")
@login_required
def delete(product_id: int) -> ResponseReturnValue:
    """Delete a product, or ask again when it was changed meanwhile (409)."""
    must_be_allowed("product.delete", find(product_id))
    try:
        with store.writing() as db:
            item = find_unchanged(db, product_id, "product.delete")
            db.delete(item)
    except Overtaken:
        message = "Someone else changed this product while you looked at it. This is how it is now."
        return render_template("delete_product.html", product=find(product_id), message=message), 409
    flash(f"“{item.name}” is not on sale any more.", "good")
    return redirect(url_for("pages.index"), 303)


def find_unchanged(db: Session, product_id: int, action: str) -> Product:
    """Return the product, locked, in the state that the form was made of.

    :raises NotFound: (404) when it is gone.
    :raises Forbidden: (403) when it belongs to someone else by now.
    :raises Overtaken: when it was changed meanwhile, or the form names no version.
    """
    item = by_id(db, product_id, lock=True)
    if item is None:
        raise NotFound("This product is not on sale any more.")
    must_be_allowed(action, item)
    sent = check_form(VersionIn, request.form)
    if sent.data is None or sent.data.version != item.version:
        raise Overtaken
    return item


# -- the form


def read_form(user: User) -> tuple[Checked[ProductIn], FileStorage | None, int]:
    """Return the form as it was read, the picture if there is a good one, and the status: 200 when all is well."""
    fields = request.form.to_dict() | {"price_cents": cents(request.form.get("price", ""))}
    form = check_form(ProductIn, fields)
    errors, status = dict(form.errors), 200 if form.data else 422
    if "price_cents" in errors:
        errors["price_cents"] = f"Please enter a price between 0 and {MAX_CENTS // 100:,} euros, such as 19.90."
    upload = request.files.get(UPLOAD)
    if upload is None or not upload.filename:
        upload = None
    else:
        limits.count(limits.key_of("picture", user.id), current_app.config["PICTURE_LIMIT"], DAY, "pictures in one day")
        try:
            pictures.check(upload)
        except pictures.PictureError as error:
            errors[UPLOAD], status = str(error), error.status
        else:
            errors |= {UPLOAD: AGAIN} if errors else {}
    values = {**form.values, "price": fields.get("price", "")}
    return Checked(values, errors, form.data), upload, status


def form_page(item: Product | None, values: Mapping[str, Any], errors: Mapping[str, str], message: str = "") -> str:
    """Return the page with the form, for a product that is there or a new one."""
    return render_template(
        "sell.html",
        product=item,
        values=values,
        errors=errors,
        message=message,
        pictures=PICTURES,
        categories=category_store.known(),
        most=current_app.config["PICTURE_BYTES"],
    )


def values_of(item: Product) -> dict[str, str]:
    """Return what the form shows of a product."""
    names = ("name", "category", "picture", "stock", "summary", "description")
    return {**{name: str(getattr(item, name)) for name in names}, "price": f"{item.price_cents / 100:.2f}"}


def differences(item: Product, values: Mapping[str, str]) -> dict[str, str]:
    """Return the current values of the product, by field, where they differ from the form that was sent."""
    now, sent = values_of(item), {**values, "price": values.get("price", "").replace(",", ".")}
    places = {"price": "price_cents"}
    found = {name: value for name, value in now.items() if sent.get(name, "").replace("\r\n", "\n").strip() != value}
    return {places.get(name, name): f"It now says: {value or 'nothing'}" for name, value in found.items()}


def cents(price: str) -> str:
    """Return ``19.9`` or ``19,90`` as ``1990``; of anything else nothing, lest euros or thousands be read as cents."""
    match = PRICE.fullmatch(price.strip())
    return f"{match[1]}{(match[2] or '').ljust(2, '0')}" if match else ""
