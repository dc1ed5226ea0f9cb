"""Shop layer 1: what a session may hold.

A signature says that the shop wrote a session, not that it was this version of it, nor that the key was never lost.
So what is read from a cookie is held to type and size here, once, before anything uses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from wsgiapp.json.tag import TaggedJSONSerializer
from wsgiapp.shop.currencies import CODES
from wsgiapp.shop.models import MAX_ID

MAX_FLASHES = 20
CSRF_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class CheckedSerializer(TaggedJSONSerializer):
    """The framework's serializer of sessions, that refuses what is no session of the shop: a new one is begun then."""

    def loads(self, value: str) -> Any:
        """Return the contents. Raises ``ValueError`` for contents that are not well formed."""
        contents = super().loads(value)
        if isinstance(contents, dict) and isinstance(contents.get("_flashes"), list):
            del contents["_flashes"][:-MAX_FLASHES]  # who never looks at a page keeps the latest, and stays signed in
        if not is_well_formed(contents):
            raise ValueError("the session holds what the shop does not put there")
        return contents


def is_well_formed(contents: object) -> bool:
    """Tell whether every entry that the shop reads has its type and size; other entries do not matter."""
    if not isinstance(contents, dict):
        return False
    return all(check(contents[name]) for name, check in CHECKS.items() if name in contents)


def _is_number(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_ID


def _is_csrf_token(value: object) -> bool:
    return isinstance(value, str) and CSRF_TOKEN.fullmatch(value) is not None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)


def _are_flashes(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(pair, list | tuple) and len(pair) == 2 and all(map(_is_text, pair)) for pair in value
    )


CHECKS: dict[str, Callable[[object], bool]] = {
    "user_id": _is_number,
    "session_number": _is_number,
    "csrf": _is_csrf_token,
    "currency": lambda value: value in CODES,
    "_permanent": lambda value: isinstance(value, bool),
    "_flashes": _are_flashes,
}
