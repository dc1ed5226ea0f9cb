"""Shop layer 4: the page on which administrators add, rename, order and delete categories."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from werkzeug.exceptions import Forbidden

from wsgiapp import Blueprint, flash, redirect, render_template, request, url_for
from wsgiapp.shop import category_store
from wsgiapp.shop.account import login_required, signed_in
from wsgiapp.shop.forms import CategoryIn, check_form
from wsgiapp.shop.permissions import may
from wsgiapp.typing import ResponseReturnValue

bp = Blueprint("categories", __name__, url_prefix="/categories")


def page(values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    """Return the page; ``errors`` are those of the one form that was sent, which its ``slug`` names."""
    return render_template("categories.html", categories=category_store.known(), values=values, errors=errors)


def change(apply: Callable[[CategoryIn], str]) -> ResponseReturnValue:
    """Read the form and ``apply`` it, which returns what to tell; or show the page with what is wrong (422, 409).

    :raises Forbidden: (403) for everyone but administrators.
    """
    must_be_allowed()
    form = check_form(CategoryIn, request.form)
    if form.data is None:
        return page(form.values, form.errors), 422
    try:
        told = apply(form.data)
    except category_store.TitleTaken as taken:
        return page(form.values, {"title": str(taken)}), 422
    except category_store.InUse as used:
        return page(form.values, {"title": str(used)}), 409
    except category_store.Overtaken as overtaken:
        return page(form.values, {"title": f"Someone else changed it meanwhile. {overtaken}"}), 409
    flash(told, "good")
    return redirect(url_for("categories.show"), 303)


def must_be_allowed() -> None:
    """Raise ``Forbidden`` (403) for everyone but administrators."""
    if not may(signed_in(), "category.change"):
        raise Forbidden("Administrators of the shop name its categories.")


@bp.get("")
@login_required
def show() -> str:
    """Show the categories, each with a form."""
    must_be_allowed()
    return page({}, {})


@bp.post("/add")
@login_required
def add() -> ResponseReturnValue:
    """Add a category."""
    return change(_add)


def _add(data: CategoryIn) -> str:
    slug = category_store.add(data.title)
    return f"“{data.title}” is a category now; in addresses it is {slug}."


@bp.post("/rename")
@login_required
def rename() -> ResponseReturnValue:
    """Give a category another title."""
    return change(_rename)


def _rename(data: CategoryIn) -> str:
    category_store.rename(data.slug, data.before, data.title)
    return f"The category is called “{data.title}” now."


@bp.post("/delete")
@login_required
def delete() -> ResponseReturnValue:
    """Delete a category that is empty."""
    return change(_delete)


def _delete(data: CategoryIn) -> str:
    category_store.remove(data.slug, data.before)
    return f"“{data.title}” is no category any more."


@bp.post("/<any(up, down):way>")
@login_required
def move(way: str) -> ResponseReturnValue:
    """Move a category one place up or down."""

    def apply(data: CategoryIn) -> str:
        category_store.move(data.slug, -1 if way == "up" else 1)
        return f"“{data.title}” was moved {way}."

    return change(apply)
