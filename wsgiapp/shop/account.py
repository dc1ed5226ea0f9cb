"""Shop layer 4: the pages of a person: registration, signing in and out, the account.

Each view reads its form, asks ``people``, and answers with a page or a redirect. None of it is stored by a browser.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as BaseResponse

from wsgiapp import Blueprint, current_app, flash, redirect, render_template, request, url_for
from wsgiapp.shop import people, store
from wsgiapp.shop.forms import DeletionIn, Input, LoginIn, NameIn, PasswordIn, RegistrationIn, check_form
from wsgiapp.shop.models import User
from wsgiapp.shop.permissions import may
from wsgiapp.typing import ResponseReturnValue

WRONG_PASSWORD = "This is not your password."  # noqa: S105 - a sentence

current_user, sign_in = people.current_user, people.sign_in
bp = Blueprint("account", __name__)
View = TypeVar("View", bound=Callable[..., Any])


@bp.after_request
def forbid_storing(response: BaseResponse) -> BaseResponse:
    """Forbid browsers to store a page about a person."""
    response.headers["Cache-Control"] = "no-store"
    return response


def login_required(view: View) -> View:
    """Let only signed-in customers see ``view``; others sign in first and come back."""

    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if current_user() is not None:
            return view(*args, **kwargs)
        flash("Please sign in first.", "note")
        return redirect(url_for("account.login_form", next=request.full_path.rstrip("?")), 303)

    return cast("View", guarded)


def signed_in() -> User:
    """Return who is signed in, in a view behind `login_required`."""
    user = current_user()
    if user is None:
        raise RuntimeError("this view needs @login_required")
    return user


# -- coming and going


@bp.get("/login")
def login_form() -> ResponseReturnValue:
    """Show the form."""
    return credentials_page("login.html", {}, {})


@bp.post("/login")
def login() -> ResponseReturnValue:
    """Sign in and go where ``next`` says, or show the form again (422), or refuse for a while (429)."""
    form = check_form(LoginIn, request.form)
    if form.data is None:
        return credentials_page("login.html", form.values, form.errors), 422
    user = people.authenticate(form.data)
    if user is None:
        return credentials_page(
            "login.html", form.values, {"password": "That name and password do not belong together."}
        ), 422
    return welcome(user, remember=form.data.remember)


@bp.get("/register")
def registration_form() -> ResponseReturnValue:
    """Show the form."""
    return credentials_page("register.html", {}, {})


@bp.post("/register")
def register() -> ResponseReturnValue:
    """Add the visitor and sign them in, or show the form again (422), or refuse for a while (429)."""
    form = check_form(RegistrationIn, request.form)
    if form.data is None:
        return credentials_page("register.html", form.values, form.errors), 422
    try:
        user = people.register(form.data)
    except people.NameTaken as taken:
        return credentials_page("register.html", form.values, {"name": str(taken)}), 422
    return welcome(user, remember=form.data.remember)


def credentials_page(template: str, values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    """Return the page for signing in or registering. A password that was typed is not shown again."""
    target = local_path(request.values.get("next", "")) or ""
    hint = (store.DEMO_NAME, store.DEMO_PASSWORD) if current_app.config["DEMO"] else None
    return render_template(template, errors=errors, values=values, next=target, hint=hint, days=remembered_days())


def remembered_days() -> int:
    """Return for how many days a browser stays signed in, if the user asked for it."""
    return current_app.permanent_session_lifetime.days


def welcome(user: User, *, remember: bool) -> BaseResponse:
    """Begin the session of ``user`` and lead to the page they came from."""
    sign_in(user, remember=remember)
    flash(f"Welcome, {user.name}.", "good")
    return redirect(local_path(request.values.get("next", "")) or url_for("pages.index"), 303)


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    """Sign out: the session is deleted, and copies of its cookie are no longer valid."""
    people.sign_out()
    flash("You are signed out.", "good")
    return redirect(url_for("pages.index"), 303)


# -- the account


@bp.get("/account")
@login_required
def show() -> str:
    """Show the account with its forms."""
    return account_page({})


def account_page(errors: Mapping[str, str], values: Mapping[str, str] | None = None) -> str:
    """Return the page of the account; ``errors`` are those of the one form that was sent."""
    user = signed_in()
    return render_template(
        "account.html", user=user, fixed=not may(user, "account.change", user), values=values or {}, errors=errors
    )


def change(model: type[Input], action: str, apply: Callable[[User, Any], Mapping[str, str]]) -> ResponseReturnValue:
    """Read a form of the account and ``apply`` it, which returns what is wrong with it; then show the account.

    :raises Forbidden: (403) when the user may not do ``action``, as in the account of the demonstration.
    """
    user = signed_in()
    if not may(user, action, user):
        raise Forbidden("The account of the demonstration is everybody's: it stays as it is.")
    form = check_form(model, request.form)
    errors = form.errors if form.data is None else apply(user, form.data)
    if errors:
        return account_page(errors, form.values), 422
    return redirect(url_for("account.show" if current_user() else "pages.index"), 303)


@bp.post("/account/name")
@login_required
def change_name() -> ResponseReturnValue:
    """Give the user another name."""
    return change(NameIn, "account.change", _rename)


def _rename(user: User, data: NameIn) -> Mapping[str, str]:
    try:
        people.rename(user, data.name)
    except people.NameTaken as taken:
        return {"name": str(taken)}
    flash(f"You are now called {data.name}.", "good")
    return {}


@bp.post("/account/password")
@login_required
def change_password() -> ResponseReturnValue:
    """Give the user another password; they stay signed in here, and nowhere else."""
    return change(PasswordIn, "account.change", _change_password)


def _change_password(user: User, data: PasswordIn) -> Mapping[str, str]:
    if not people.knows_password(user, data.old_password):
        return {"old_password": WRONG_PASSWORD}
    remember = people.is_remembered()
    sign_in(people.change_password(user, data.new_password), remember=remember)
    flash("Your password is changed. Wherever else you were signed in, you are not any more.", "good")
    return {}


@bp.post("/account/delete")
@login_required
def delete() -> ResponseReturnValue:
    """Delete the user."""
    return change(DeletionIn, "account.delete", _delete)


def _delete(user: User, data: DeletionIn) -> Mapping[str, str]:
    if not people.knows_password(user, data.password):
        return {"password": WRONG_PASSWORD}
    people.delete_user(user)
    people.forget()
    flash("Your account is deleted.", "good")
    return {}


def local_path(target: str) -> str | None:
    """Return ``target`` when it leads to a page of this site, else None.

    Browsers take ``//host``, ``/\\host`` and paths with control characters for another site's address.
    """
    if not target.startswith("/") or target.startswith("//") or len(target) > 2000:
        return None
    if "\\" in target or not target.isprintable():
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else target
