"""Shop layer 4: signing in and out.

The two pages, the throttle on wrong passwords, and the question who is signed in. Where a signed-in customer may go
is decided by the pages themselves.
"""

from __future__ import annotations

import functools
import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from werkzeug.exceptions import TooManyRequests
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response as BaseResponse

from wsgiapp import Blueprint, Response, current_app, flash, g, redirect, render_template, request, session, url_for
from wsgiapp.shop import store
from wsgiapp.shop.forms import Checked, LoginIn, check_form
from wsgiapp.shop.models import LoginAttempts, User
from wsgiapp.typing import ResponseReturnValue

MAX_ATTEMPT_ROWS = 10_000
KEPT_AT_LOGIN = ("cart",)

bp = Blueprint("account", __name__)
View = TypeVar("View", bound=Callable[..., Any])


@bp.get("/login")
def login_form() -> ResponseReturnValue:
    """Show the form."""
    return _page(check_form(LoginIn, {}), shown_errors={})


@bp.post("/login")
def login() -> ResponseReturnValue:
    """Sign in and go where ``next`` says, or show the form again (422), or refuse for a while (429)."""
    form = check_form(LoginIn, request.form)
    if form.data is None:
        return _page(form, shown_errors=form.errors, status=422)
    user = authenticate(form.data)
    if user is None:
        return _page(form, shown_errors={"password": "That name and password do not belong together."}, status=422)
    sign_in(user)
    flash(f"Welcome, {user.name}.", "good")
    return _unstored(redirect(local_path(request.values.get("next", "")) or url_for("pages.index"), 303))


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    """Sign out: nothing of the session is left."""
    session.clear()
    flash("You are signed out.", "good")
    return _unstored(redirect(url_for("pages.index"), 303))


def _page(form: Checked[LoginIn], *, shown_errors: Mapping[str, str], status: int = 200) -> BaseResponse:
    target = local_path(request.values.get("next", "")) or ""
    hint = (store.DEMO_NAME, store.DEMO_PASSWORD) if current_app.config["DEMO"] else None
    name = form.values.get("name", "")
    body = render_template("login.html", errors=shown_errors, name=name, next=target, hint=hint)
    return _unstored(Response(body, status))


def _unstored(response: BaseResponse) -> BaseResponse:
    response.headers["Cache-Control"] = "no-store"
    return response


def current_user() -> User | None:
    """Return who is signed in, read from the database once in a request."""
    if "shop_user" not in g:
        number = session.get("user_id")
        g.shop_user = store.reading().get(User, number) if isinstance(number, int) else None
        if g.shop_user is not None and not _may_sign_in(g.shop_user):
            g.shop_user = None
    return cast("User | None", g.shop_user)


def login_required(view: View) -> View:
    """Let only signed-in customers see ``view``; others sign in first and come back."""

    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if current_user() is not None:
            return view(*args, **kwargs)
        flash("Please sign in first.", "note")
        return redirect(url_for("account.login_form", next=request.full_path.rstrip("?")), 303)

    return cast("View", guarded)


def sign_in(user: User) -> None:
    """Begin a new session for ``user``. Of the old one only the cart goes along, so that no planted token lives on."""
    kept = {name: session[name] for name in KEPT_AT_LOGIN if name in session}
    session.clear()
    session.update(kept, user_id=user.id, user_name=user.name)


def authenticate(login: LoginIn) -> User | None:
    """Return the user whose name and password these are, or None.

    It takes as long for a name that does not exist. Every try is counted before it is made, so that many at once do
    not slip through; a right one wipes the count. Raises ``TooManyRequests`` (429) after too many.
    """
    key = hashlib.sha256(f"{login.name}\n{request.remote_addr}".encode("utf-8", "replace")).hexdigest()
    count_attempt(key)
    user = store.reading().scalar(select(User).where(User.name == login.name))
    known = user if user is not None and _may_sign_in(user) else None
    decoy = decoy_hash()
    right = check_password_hash(known.password_hash if known else decoy, login.password)
    if known is None or not right:
        return None
    with store.writing() as db:
        db.execute(delete(LoginAttempts).where(LoginAttempts.key == key))
    return known


def _may_sign_in(user: User) -> bool:
    return not user.is_demo or bool(current_app.config["DEMO"])


@functools.cache
def decoy_hash() -> str:
    """Return the hash of a password nobody has, to be checked when there is no user."""
    return generate_password_hash(secrets.token_hex(16), store.HASH_METHOD)


def count_attempt(key: str) -> None:
    """Count one more try under ``key``. Raises ``TooManyRequests`` when its window is used up."""
    limit, window = current_app.config["LOGIN_LIMIT"], current_app.config["LOGIN_WINDOW"]
    now = int(time.time())
    with store.writing() as db:
        _forget_old_attempts(db, now - window)
        row = db.get(LoginAttempts, key, with_for_update=True)
        if row is None:
            db.add(LoginAttempts(key=key, count=1, since=now))
        elif row.count < limit:
            row.count += 1
        else:
            wait = row.since + window - now
            raise TooManyRequests("Too many wrong passwords. Please wait a little.", retry_after=wait)


def _forget_old_attempts(db: Session, before: int) -> None:
    """Keep the table small: what is out of date goes, and of the rest the oldest when there are too many."""
    db.execute(delete(LoginAttempts).where(LoginAttempts.since <= before))
    surplus = (db.scalar(select(func.count()).select_from(LoginAttempts)) or 0) - MAX_ATTEMPT_ROWS
    if surplus >= 0:
        oldest = select(LoginAttempts.key).order_by(LoginAttempts.since).limit(surplus + 1)
        db.execute(delete(LoginAttempts).where(LoginAttempts.key.in_(oldest)))


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
