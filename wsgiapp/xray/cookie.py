"""Opens session cookies: payload, compression, time, and which key signed them; never the key or the signature itself.

The format is itsdangerous' URL-safe timed one: base64 of JSON, deflated where that is shorter (a leading dot), the
time in base64, a signature. A cookie comes from outside: whatever it holds, nothing here raises, and no payload
inflates beyond a bound.
"""

from __future__ import annotations

import json
import time
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from itsdangerous import BadSignature
from itsdangerous.encoding import base64_decode, bytes_to_int

from wsgiapp.signing import MAX_PAYLOAD, BoundedSerializer

from .objects.descriptions import values
from .trace import Cookie

#: How many cookies are known, by their hashes.
MAX_KNOWN = 32
_opened: dict[Any, tuple[Cookie, str | None]] = {}
_UNDECODED = "this is no cookie of the signed kind: three parts with dots between them were expected"


def open_cookie(app: Any, value: str, name: str | None = None, now: float | None = None) -> Cookie:
    """Open a cookie, and check its signature with the keys of an app.

    :param app: the app; its session interface says how cookies are signed.
    :param value: the cookie's value, as the browser sends it.
    :param name: its name; the interface's by default.
    :param now: the time to judge its age by, in seconds since 1970; the present by default.
    """
    interface = app.session_interface
    name = interface.get_cookie_name(app) if name is None else name
    limit, now = app.config["MAX_COOKIE_SIZE"] or 4093, time.time() if now is None else now
    serializer = getattr(interface, "get_signing_serializer", lambda _: None)(app)
    if not hasattr(serializer, "make_signer"):
        kept = "it keeps sessions elsewhere" if app.secret_key else "the app has no secret key"
        found = decode(value, name, limit, now)
        return replace(found, problem=f"{type(interface).__name__} signs no such cookie: {kept}.")
    found, key = _checked(app, serializer, value, name, limit)
    age = None if found.age is None else int(now + found.age)
    if found.signature == "unreadable" and not found.signed:
        return found
    if key is None:
        return replace(found, age=age, signature="forged", problem="No key of this app made the signature.")
    lifetime = int(app.permanent_session_lifetime.total_seconds())
    if age is not None and (age > lifetime or age < 0):
        why = f"It is older than {lifetime} seconds." if age > 0 else "It comes from the future."
        return replace(found, age=age, signature="expired", key=key, problem=why)
    return replace(found, age=age, signature="unreadable" if found.problem else "valid", key=key)


def _checked(app: Any, serializer: Any, value: str, name: str, limit: int) -> tuple[Cookie, str | None]:
    """A cookie as it was at the beginning of 1970, and the name of the key that signed it."""
    # PERF: a browser sends the same cookie again and again; its secrets are not kept (benchmarks/: xray).
    known = (hash(value), name, limit, serializer) if isinstance(serializer, BoundedSerializer) else None
    if known in _opened:
        return _opened[known]
    found = decode(value, name, limit, 0)
    signed = found.signature != "unreadable" or found.signed
    checked = found, _key_of(app, serializer, value) if signed else None
    if known is not None:
        if len(_opened) >= MAX_KNOWN:
            _opened.clear()
        _opened[known] = checked
    return checked


def _key_of(app: Any, serializer: Any, value: str) -> str | None:
    """The name of the key that signed *value*; itsdangerous compares in constant time."""
    names = [f"SECRET_KEY_FALLBACKS[{index}]" for index, _ in enumerate(app.config["SECRET_KEY_FALLBACKS"] or ())]
    signer = serializer.make_signer(serializer.salt)
    payload, _, signature = value.encode("utf-8", "replace").rpartition(b".")
    try:
        sent = base64_decode(signature)
    except BadSignature:
        return None
    except Exception:  # what base64 says of bytes that are none
        return None
    for name, key in zip([*names, "SECRET_KEY"], signer.secret_keys, strict=False):
        if signer.algorithm.verify_signature(signer.derive_key(key), payload, sent):
            return name
    return None


def decode(value: str, name: str = "session", limit: int = 4093, now: float | None = None) -> Cookie:
    """Open a cookie without any key; its signature stays ``unchecked``.

    :param value: the cookie's value.
    :param name: its name, which counts for its size.
    :param limit: the bytes that a browser keeps.
    """
    empty = Cookie(name, "unreadable", size=len(f"{name}={value}".encode("utf-8", "replace")), limit=limit)
    if not value:
        return replace(empty, size=0, problem="It is empty: the cookie was deleted.")
    payload, dot, rest = value.rpartition(".")[0].rpartition(".")
    if not dot or not payload or not rest:
        return replace(empty, problem=_UNDECODED)
    try:
        seconds = bytes_to_int(base64_decode(rest))
        signed = datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except Exception as error:  # base64, sizes, dates: whatever is wrong with it, the time cannot be read
        return replace(empty, problem=f"its time cannot be read ({type(error).__name__})")
    age = int((time.time() if now is None else now) - seconds)
    found = replace(empty, signature="unchecked", signed=signed, age=age, compressed=payload.startswith("."))
    try:
        data = json.loads(_inflated(payload))
    except Exception as error:  # deflate, base64, UTF-8, JSON, depth: the payload cannot be read
        return replace(found, signature="unreadable", problem=f"its payload cannot be read ({error})"[:200])
    shown = values(data)
    return replace(found, data=shown, payload=json.dumps(shown, ensure_ascii=False))


def _inflated(payload: str) -> bytes:
    raw = base64_decode(payload.removeprefix("."))
    if not payload.startswith("."):
        return raw
    inflater = zlib.decompressobj()
    text = inflater.decompress(raw, MAX_PAYLOAD)
    if inflater.unconsumed_tail:
        raise ValueError(f"it inflates to more than {MAX_PAYLOAD} bytes")
    return text
