"""Shop layer 2: who may do what.

One table, asked by pages and API alike: ``may(user, action, thing)``. It knows roles and owners. What has to be looked
up in the database (whether someone bought what they review) is asked elsewhere, beside it.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from wsgiapp.shop.models import ADMINISTRATOR, EDITOR, VISITOR, Order, Product, Review, User


class Scope(Enum):
    """On which things an action is allowed."""

    ALL = "all"
    OWN = "own"


ALL, OWN = Scope.ALL, Scope.OWN
ANYONE = ""  # who is not signed in
# What is not in the table is not allowed. Each role stands for itself: nothing is inherited, nothing is implied.
TABLE: dict[str, dict[str, Scope]] = {
    "product.read": {ANYONE: ALL, VISITOR: ALL, EDITOR: ALL, ADMINISTRATOR: ALL},
    "product.create": {EDITOR: ALL, ADMINISTRATOR: ALL},
    "product.change": {EDITOR: OWN, ADMINISTRATOR: ALL},
    "product.delete": {EDITOR: OWN, ADMINISTRATOR: ALL},
    "category.change": {ADMINISTRATOR: ALL},
    "review.create": {VISITOR: ALL, EDITOR: ALL, ADMINISTRATOR: ALL},  # and only of what was bought: `reviews`
    "review.change": {VISITOR: OWN, EDITOR: OWN, ADMINISTRATOR: OWN},
    "review.delete": {VISITOR: OWN, EDITOR: OWN, ADMINISTRATOR: ALL},
    "order.create": {VISITOR: ALL, EDITOR: ALL, ADMINISTRATOR: ALL},
    "order.read": {VISITOR: OWN, EDITOR: OWN, ADMINISTRATOR: ALL},
    "order.cancel": {VISITOR: OWN, EDITOR: OWN, ADMINISTRATOR: ALL},
    "account.read": {VISITOR: OWN, EDITOR: OWN, ADMINISTRATOR: ALL},
    "account.change": {VISITOR: OWN, EDITOR: OWN, ADMINISTRATOR: OWN},
    "account.delete": {VISITOR: OWN, EDITOR: OWN, ADMINISTRATOR: OWN},
}
# Everyone knows the password of the demonstration's account, so nobody may take it from the others.
NOT_IN_A_DEMONSTRATION = frozenset({"account.change", "account.delete"})


def may(user: User | None, action: str, thing: Any = None) -> bool:
    """Tell whether ``user`` (None for a visitor who is not signed in) may do ``action`` to ``thing``.

    Without a ``thing``: whether the user may do it to at least some things, to decide if a link is shown.

    :raises KeyError: for an action that is not in the table: a typing error must not look like a refusal.
    """
    allowed = TABLE[action].get(user.role if user else ANYONE)
    if allowed is None or (user is not None and user.is_demo and action in NOT_IN_A_DEMONSTRATION):
        return False
    return allowed is ALL or thing is None or (user is not None and owner_of(thing) == user.id)


def owner_of(thing: Any) -> int | None:
    """Return the id of the user to whom ``thing`` belongs, None when it is the shop's or nobody's."""
    match thing:
        case Product():
            return thing.seller_id
        case Review() | Order():
            return thing.user_id
        case User():
            return thing.id
    raise TypeError(f"nobody can own a {type(thing).__name__}")
