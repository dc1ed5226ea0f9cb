"""Shop layer 4: who someone is.

Signing in and out, the session that proves it, passwords, and what changes a user's row. The pages on which it
happens are in ``account``; what somebody may do is in ``permissions``.
"""

from __future__ import annotations

import functools
import ipaddress
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from sqlalchemy import exc, select, update
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from wsgiapp import current_app, g, request, session
from wsgiapp.shop import limits, store
from wsgiapp.shop.forms import LoginIn, RegistrationIn
from wsgiapp.shop.models import VISITOR, Product, Review, User, count_change, fold
from wsgiapp.shop.schema import SchemaError

KEPT_AT_LOGIN = ("cart", "prices")


class NameTaken(ValueError):
    """Someone else has this name, or one that differs in case alone."""


def current_user() -> User | None:
    """Return who is signed in, read from the database once in a request.

    A session counts while its number is the one in the user's row: signing out and a new password raise that.
    """
    if "shop_user" not in g:
        g.shop_user = _user_of_session()
    return cast("User | None", g.shop_user)


def _user_of_session() -> User | None:
    number = session.get("user_id")
    user = store.reading().get(User, number) if number is not None else None
    if user is None or not _may_sign_in(user) or user.session_number != session.get("session_number"):
        return None
    return user


def user_in_head() -> User | None:
    """Return who is signed in, for the head of a page, which is shown whether the database answers or not."""
    try:
        return current_user()
    except (exc.SQLAlchemyError, SchemaError) as error:
        current_app.logger.warning("The head of the page goes without the user: %s", error)
        g.shop_user = None
        return None


def sign_in(user: User, *, remember: bool) -> None:
    """Begin a new session for ``user``, that outlives the browser if they said ``remember``.

    Of the old one only the cart goes along, with the prices that were seen, so that no planted token lives on.
    """
    kept = {name: session[name] for name in KEPT_AT_LOGIN if name in session}
    session.clear()
    session.update(kept, user_id=user.id, session_number=user.session_number)
    session.permanent = remember
    g.shop_user = user


def sign_out() -> None:
    """End the session and every other one of the user; a copy of the cookie is worth nothing any more.

    The demonstration's account is everybody's: there only this browser's session ends.
    """
    user = current_user()
    forget()
    if user is not None and not user.is_demo:
        with store.writing() as db:
            _end_sessions(db, user.id)


def forget() -> None:
    """Leave nothing of the session in this browser."""
    session.clear()
    g.shop_user = None


def is_remembered() -> bool:
    """Tell whether the session outlives the browser."""
    return session.permanent


def _end_sessions(db: Session, user_id: int) -> None:
    db.execute(update(User).where(User.id == user_id).values(session_number=User.session_number + 1))


def authenticate(login: LoginIn) -> User | None:
    """Return the user whose name and password these are, or None.

    It takes as long for a name that does not exist. Every try is counted, for the name from this address and for the
    address, before it is made. A right one wipes the first count and gives its own place in the second back.

    :raises TooManyRequests: (429) after too many.
    """
    settings, place = current_app.config, address()
    by_address, by_name = limits.key_of("login", place), limits.key_of("login", place, login.name)
    what = "wrong passwords"
    limits.count(by_address, settings["LOGIN_ADDRESS_LIMIT"], settings["LOGIN_WINDOW"], what)
    limits.count(by_name, settings["LOGIN_LIMIT"], settings["LOGIN_WINDOW"], what)
    user = store.reading().scalar(select(User).where(User.name == login.name))
    known = user if user is not None and _may_sign_in(user) else None
    right = check_password_hash(known.password_hash if known else decoy_hash(), login.password)
    if known is None or not right:
        return None
    limits.give_back(by_name, wholly=True)
    limits.give_back(by_address)
    return known


def knows_password(user: User, password: str) -> bool:
    """Tell whether ``password`` is that of ``user``, who is signed in: a found browser must not be enough.

    :raises TooManyRequests: (429) after too many wrong ones.
    """
    key = limits.key_of("password", user.id)
    limits.count(key, current_app.config["LOGIN_LIMIT"], current_app.config["LOGIN_WINDOW"], "wrong passwords")
    right = check_password_hash(user.password_hash, password)
    if right:
        limits.give_back(key, wholly=True)
    return right


def register(data: RegistrationIn) -> User:
    """Add a visitor.

    :raises NameTaken: when the name is not free.
    :raises TooManyRequests: (429) when too many were added from this address.
    """
    settings = current_app.config
    key = limits.key_of("registration", address())
    limits.count(key, settings["REGISTRATION_LIMIT"], settings["REGISTRATION_WINDOW"], "registrations from here")
    return add_user(data.name, data.password, VISITOR)


def add_user(name: str, password: str, role: str) -> User:
    """Add someone with a ``role``. Raises ``NameTaken``."""
    user = User(name=name, password_hash=hash_password(password), role=role)
    with _named_once(name), store.writing() as db:
        db.add(user)
    return user


def rename(user: User, name: str) -> None:
    """Give ``user`` another name. Raises ``NameTaken``."""
    with _named_once(name), store.writing() as db:
        db.execute(update(User).where(User.id == user.id).values(name=name, name_key=fold(name)))


@contextmanager
def _named_once(name: str) -> Iterator[None]:
    """Turn the database's refusal of a second user of that name into ``NameTaken``."""
    try:
        yield
    except exc.IntegrityError as error:
        raise NameTaken(f"The name “{name}” is taken.") from error


def change_password(user: User, password: str) -> User:
    """Give ``user`` another password and end every session; return the user as they are now."""
    password_hash = hash_password(password)
    with store.writing() as db:
        _end_sessions(db, user.id)
        db.execute(update(User).where(User.id == user.id).values(password_hash=password_hash))
        return db.get_one(User, user.id, populate_existing=True)


def delete_user(user: User) -> None:
    """Delete ``user``. What they wrote stays without their name, what they bought or sell without them."""
    with store.writing() as db:
        leaving = db.get_one(User, user.id, with_for_update=True)  # first of all, as whoever buys locks it
        count_change(db.connection(), Product.seller_id == user.id)
        nameless = {"author": "", "version": Review.version + 1}  # what is shown of them changes, so their tags do
        db.execute(update(Review).where(Review.user_id == user.id).values(nameless))
        db.delete(leaving)


def hash_password(password: str) -> str:
    """Return what is kept of a password."""
    return generate_password_hash(password, store.HASH_METHOD)


def address() -> str:
    """Return where the request comes from, as limits see it: of IPv6 the network that one visitor is given."""
    text = request.remote_addr or ""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return text
    return text if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


def _may_sign_in(user: User) -> bool:
    return not user.is_demo or bool(current_app.config["DEMO"])


@functools.cache
def decoy_hash() -> str:
    """Return the hash of a password nobody has, to be checked when there is no user."""
    return hash_password(secrets.token_hex(16))
