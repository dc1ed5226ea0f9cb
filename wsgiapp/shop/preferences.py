"""Shop layer 4: what a visitor prefers, and where it is kept.

Theme, page size and the products seen lately are in cookies of their own, which anybody can read; the currency is
in the session. What other modules read of it is here too, and never believed before it is checked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast, get_args

from werkzeug.wrappers import Response as BaseResponse

from wsgiapp import Blueprint, flash, redirect, render_template, request, session, url_for
from wsgiapp.shop import currencies
from wsgiapp.shop.account import local_path
from wsgiapp.shop.forms import PreferencesIn, ThemeIn, check_form
from wsgiapp.typing import ResponseReturnValue

YEAR, MONTH = 365 * 86_400, 30 * 86_400
DEFAULTS = {"theme": "auto", "page_size": "12"}
PAGE_SIZES: tuple[str, ...] = get_args(PreferencesIn.model_fields["page_size"].annotation)
MAX_RECENT = 6
RECENT = re.compile(r"[1-9][0-9]{0,8}(?:\.[1-9][0-9]{0,8}){0,5}")

bp = Blueprint("preferences", __name__)


# -- reading


def read_theme() -> str:
    """Return the theme of the cookie: ``light``, ``dark``, or ``auto`` for every other value."""
    chosen = request.cookies.get("theme")
    return chosen if chosen in ("light", "dark") else "auto"


def read_page_size() -> int:
    """Return how many products the cookie wants on a page."""
    chosen = request.cookies.get("page_size", "")
    return int(chosen if chosen in PAGE_SIZES else DEFAULTS["page_size"])


def read_currency() -> currencies.Code:
    """Return the currency of the session."""
    chosen = session.get("currency")
    return cast("currencies.Code", chosen) if chosen in currencies.CODES else currencies.HOME


def price(cents: int) -> str:
    """Return a price in the visitor's currency."""
    return currencies.shown(cents, read_currency())


def read_recent() -> list[int]:
    """Return the ids in the cookie ``recent``, the latest first; a cookie that we did not write counts as none."""
    text = request.cookies.get("recent", "")
    return [int(number) for number in text.split(".")] if RECENT.fullmatch(text) else []


# -- keeping


def keep(response: BaseResponse, name: str, value: str, seconds: int = YEAR) -> None:
    """Keep a preference in a cookie; the default needs none."""
    if DEFAULTS.get(name) == value:
        response.delete_cookie(name, samesite="Lax")
    else:
        response.set_cookie(name, value, max_age=seconds, secure=request.is_secure, httponly=True, samesite="Lax")


def remember(response: BaseResponse, ids: Sequence[int]) -> None:
    """Set the cookie ``recent``."""
    keep(response, "recent", ".".join(map(str, ids[:MAX_RECENT])), MONTH)


def back() -> BaseResponse:
    """Return a redirect to where the visitor was."""
    return redirect(local_path(request.form.get("next", "")) or url_for("pages.index"), 303)


@bp.post("/theme")
def theme() -> ResponseReturnValue:
    """Set how the pages look and go back to where the customer was."""
    response = back()
    form = check_form(ThemeIn, request.form)
    if form.data is None:
        flash("There is no such theme.", "bad")
    else:
        keep(response, "theme", form.data.theme)
    return response


@bp.post("/recent/clear")
def clear_recent() -> ResponseReturnValue:
    """Forget which products were seen lately."""
    response = back()
    response.delete_cookie("recent", samesite="Lax")
    flash("What you have seen is forgotten.", "good")
    return response


@bp.get("/preferences")
def show() -> str:
    """Show the form with what is set now."""
    return page({"theme": read_theme(), "page_size": str(read_page_size()), "currency": read_currency()}, {})


def page(values: Any, errors: Any) -> str:
    """Return the page with the form."""
    return render_template(
        "preferences.html",
        values=values,
        errors=errors,
        sizes=[(size, size) for size in PAGE_SIZES],
        currency_names=[(code, f"{it.sign} {it.name}") for code, it in currencies.CURRENCIES.items()],
        currencies=currencies.CURRENCIES,
        seen=len(read_recent()),
    )


@bp.post("/preferences")
def change() -> ResponseReturnValue:
    """Keep what was chosen, or show the form again with what is wrong (422)."""
    form = check_form(PreferencesIn, request.form)
    if form.data is None:
        return page(form.values, form.errors), 422
    response = redirect(url_for("preferences.show"), 303)
    keep(response, "theme", form.data.theme)
    keep(response, "page_size", form.data.page_size)
    session["currency"] = form.data.currency
    flash("Your choices are kept.", "good")
    return response
