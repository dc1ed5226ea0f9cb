"""Workloads that people have: requests shaped as those of real applications, each with a session's cookie.

Data alone. What must come back is not written here: Flask, wsgiapp and the floor have to agree about it, and
`benchmarks.people` compares them before anything is timed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlencode

from itsdangerous import URLSafeTimedSerializer
from itsdangerous.url_safe import URLSafeSerializerMixin

from benchmarks.workloads import BOUNDARY, SECRET_KEY

FORM = "application/x-www-form-urlencoded"
TOKEN = "3f0c9a52c1d44b0a9d9f6d6f0e8b7a61"  # noqa: S105 - the token of a benchmark protects nothing
PASSWORD = "correct horse"  # noqa: S105 - nor does its password
CSRF = "x8Tn1sYHq0bDk3vLr5eWmZ7aUcJ2fGpQ4iOyV6hSB9t"
ROWS_500 = [
    {"id": number, "name": f"Row {number}", "price": number * 1.25, "tags": ["one", "two"], "sold": number % 3 == 0}
    for number in range(500)
]
LINKS = [{"id": number, "name": f"Thing <{number}>"} for number in range(18)]
PHOTO = Random(0).randbytes(20_000)  # noqa: S311 - the same bytes every time
ORDER = {"name": "Lamp", "count": 2, "price": 19.5, "tags": ["brass", "desk"]}
VISITOR = {"user_id": 7, "name": "Ada", "theme": "dark"}
WELCOME = ("message", "Welcome back, Ada.")


@dataclass(frozen=True)
class Visit:
    """One request to the program of that name; it must be answered with *status*.

    *session* is what the visitor's signed cookie holds. With *again* it is sent a second time, with the validators of
    the first answer, and this second request is the one that is timed; *status* is the second's.
    """

    name: str
    title: str
    path: str
    program: str = "people_program"
    query: str = ""
    method: str = "GET"
    body: bytes = b""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    session: Mapping[str, Any] | None = None
    again: bool = False
    status: int = 200


# -- the session's cookie ------------------------------------------------------------------------


def sealer() -> URLSafeSerializerMixin:
    """What signs and opens the cookie as Flask documents it: by the key, HMAC and SHA-1, a salt of its own."""
    return URLSafeTimedSerializer(SECRET_KEY, salt="cookie-session", signer_kwargs={"key_derivation": "hmac"})


def tagged(value: Any) -> Any:
    """The value as the cookie's JSON has it: a tuple is marked."""
    if isinstance(value, tuple):
        return {" t": [tagged(each) for each in value]}
    if isinstance(value, list):
        return [tagged(each) for each in value]
    return value


def untagged(value: Any) -> Any:
    """The value that a cookie's JSON stands for."""
    if isinstance(value, dict) and list(value) == [" t"]:
        return tuple(map(untagged, value[" t"]))
    return [untagged(each) for each in value] if isinstance(value, list) else value


def seal(session: Mapping[str, Any]) -> str:
    """The cookie of that session."""
    return str(sealer().dumps({name: tagged(value) for name, value in session.items()}))


def unseal(cookie: str) -> dict[str, Any]:
    """The session in that cookie."""
    found: dict[str, Any] = sealer().loads(cookie)
    return {name: untagged(value) for name, value in found.items()}


# -- the requests --------------------------------------------------------------------------------


def multipart() -> bytes:
    """A form with two fields and a file of 20 kB."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="'
    fields = "".join(f'{head}{name}"\r\n\r\n{value}\r\n' for name, value in (("title", "A lamp"), ("note", "brass")))
    file = f'{head}photo"; filename="lamp.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    return (fields + file).encode() + PHOTO + f"\r\n--{BOUNDARY}--\r\n".encode()


SHOP: dict[str, Any] = {"program": "shop_program", "session": {"csrf": CSRF, "cart": {"1": 2}}}
TUTORIAL: dict[str, Any] = {"program": "tutorial_program"}
LOGIN = urlencode({"username": "ada", "password": PASSWORD, "next": "/account"}).encode()

VISITS = (
    Visit("rules_two", "300 rules of two values", "/r299/42/sub/leaf"),
    Visit("rules_mixed", "1,000 mixed rules", "/mixed997/42/of/some/path"),
    Visit("hooks_g", "hooks that use g, one blueprint", "/part/hooks"),
    Visit("url_for", "url_for twenty times", "/links", session=VISITOR),
    Visit(
        "request", "args, headers, cookies, url → JSON", "/echo", query="q=lamp&page=2&tag=a&tag=b", session=VISITOR
    ),
    Visit("login", "login: form, session, flash, redirect", "/login", method="POST", body=LOGIN, content_type=FORM,
          session={"theme": "dark"}, status=302),
    Visit("after_login", "the page after the login", "/account", session={**VISITOR, "_flashes": [WELCOME]}),
    Visit("page", "page: inheritance, macro, include, 20 links", "/page", session={**VISITOR, "_flashes": [WELCOME]}),
    Visit("photo", "upload of 20 kB in a form", "/photo", method="POST", body=multipart(),
          content_type=f"multipart/form-data; boundary={BOUNDARY}", session=VISITOR),
    Visit("rows_500", "JSON of 500 rows", "/rows", session=VISITOR),
    Visit("api", "JSON API: token, JSON in, 201", "/api/v1/things", method="POST", body=json.dumps(ORDER).encode(),
          content_type="application/json", headers={"Authorization": f"Bearer {TOKEN}"}, status=201),
    Visit("file_again", "static file, 304, with a session", "/static/ten.txt", session=VISITOR, again=True, status=304),
    Visit("shop_front", "the shop: front page", "/", **SHOP),
    Visit("shop_product", "the shop: one product", "/products/1", **SHOP),
    Visit("shop_api", "the shop: list of the API", "/api/products", query="limit=20",
          headers={"Accept": "application/json"}, program="shop_program"),
    Visit("tutorial_index", "Flask's tutorial: index", "/", session={"user_id": 1}, **TUTORIAL),
    Visit("tutorial_login", "Flask's tutorial: login", "/auth/login", method="POST", content_type=FORM, status=302,
          body=urlencode({"username": "ada", "password": PASSWORD}).encode(), **TUTORIAL),
)  # fmt: skip
VISIT = {visit.name: visit for visit in VISITS}
