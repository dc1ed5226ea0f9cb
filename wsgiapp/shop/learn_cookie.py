"""Shop layer 2: the cookie bench. A session's cookie, taken apart, and held to a key that the reader types.

What comes in is bounded, kept nowhere, and judged only by the key that came with it: never by the shop's own.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from itsdangerous import BadData, BadSignature, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode

from wsgiapp.xray.cookie import decode

NOTES = "eyJ1c2VyIjoia2lyYW4ifQ.aBH2rw.iAz3jJL_dRaHiNSddwd2uVvC9pk"
LESSON_KEY = "a-key-for-learning"  # printed on the page: it protects nothing
MAX_COOKIE, MAX_KEY = 4093, 256
UNITS = ((365 * 86_400, "year"), (30 * 86_400, "month"), (86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True)
class Opened:
    """What the bench says of a cookie. ``verdict`` is empty when no key was given."""

    cookie: str
    parts: tuple[str, ...]
    payload: str | None
    signed: str | None
    age: str
    compressed: bool
    problem: str | None
    changed: bool = False
    verdict: str = ""


def examine(text: str, key: str = "", change: bool = False) -> Opened:
    """Open the cookie in ``text``, after changing one letter of its data if ``change``, and check it with ``key``."""
    cookie = re.sub(r"^(?:Cookie: ?)?session=|;.*$", "", text.strip(), flags=re.DOTALL)
    if len(cookie) > MAX_COOKIE or len(key) > MAX_KEY:
        problem = f"A cookie has at most {MAX_COOKIE} characters, and a key here at most {MAX_KEY}."
        return Opened("", (), None, None, "", False, problem)
    cookie = tampered(cookie) if change else cookie
    found = decode(cookie)
    parts = tuple(cookie.rsplit(".", 2)) if found.signed else ()
    verdict = ("valid" if is_signed(cookie, key) else "refused") if key and parts else ""
    age = "" if found.age is None else in_words(found.age)
    return Opened(cookie, parts, found.payload, found.signed, age, found.compressed, found.problem, change, verdict)


def signer(key: str) -> TimestampSigner:
    """Return what signs as Flask's session does."""
    return TimestampSigner(key, salt="cookie-session", key_derivation="hmac", digest_method=hashlib.sha1)


def is_signed(cookie: str, key: str) -> bool:
    """Tell whether ``key`` made the signature; itsdangerous compares in constant time."""
    try:
        signer(key).unsign(cookie.encode("utf-8", "replace"))
    except BadSignature:
        return False
    return True


def lesson() -> str:
    """Return a cookie of this moment, signed with the key that the page tells."""
    return signer(LESSON_KEY).sign(base64_encode('{"user":"kiran"}')).decode()


def tampered(cookie: str) -> str:
    """Return the cookie with the last letter of its data changed, as a cheat would: ``kiran`` becomes ``kirao``."""
    payload, dot, rest = cookie.partition(".")
    try:
        data = base64_decode(payload)
        place = max(match.start() for match in re.finditer(rb"[A-Za-z0-9]", data))
    except (BadData, ValueError):
        return cookie[1:]
    old = data[place : place + 1]
    new = {b"z": b"a", b"Z": b"A", b"9": b"0"}.get(old, bytes([old[0] + 1]))
    return base64_encode(data[:place] + new + data[place + 1 :]).decode() + dot + rest


def in_words(seconds: int) -> str:
    """Return ``100_000`` as ``1 day and 3 hours``: the two largest units."""
    rest, words = abs(seconds), []
    for size, unit in UNITS:
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count} {unit}{'s' if count > 1 else ''}")
    said = " and ".join(words[:2]) or "less than a second"
    return said if seconds >= 0 else f"{said} in the future"
