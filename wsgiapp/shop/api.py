"""Shop layer 4: the API, /api/products: what programs may do, and who may do it.

The resource is declared here; how its requests are answered is ``wsgiapp.rest``'s work, the rules for fields are in
``forms``.
"""

from __future__ import annotations

import hmac
from typing import NoReturn

from wsgiapp import App, current_app, request
from wsgiapp.rest import API, Problem, Resource, Stored
from wsgiapp.rest.sql import SQLStore
from wsgiapp.shop import csrf, store
from wsgiapp.shop.errors import API_PREFIX
from wsgiapp.shop.forms import ProductIn
from wsgiapp.shop.models import Product
from wsgiapp.shop.people import current_user
from wsgiapp.shop.permissions import may
from wsgiapp.shop.queries import matching
from wsgiapp.shop.settings import api_token

REALM = 'Bearer realm="shop"'


ACTIONS = {"POST": "product.create", "PUT": "product.change", "PATCH": "product.change", "DELETE": "product.delete"}


def authorise(method: str, item: Stored | None) -> None:
    """Let a request write that brings the API token, or a signed-in session with its CSRF token, by the user's role.

    Raises ``Problem``: 401 for who is neither, since a cookie alone is sent by the browser for any site that asks; 403
    for a user who may not do this, or not to this product.
    """
    if method in csrf.SAFE_METHODS:
        return
    given = request.authorization
    if given is not None and given.type == "bearer":
        expected = api_token(current_app).encode()
        if hmac.compare_digest(expected, (given.token or "").encode("utf-8", "replace")):
            return
        _unauthorised("This API token is not the right one.", ', error="invalid_token"')
    user = current_user() if csrf.matches(request.headers.get(csrf.HEADER)) else None
    if user is None:
        _unauthorised(f"Send the API token (Authorization: Bearer …), or sign in and send {csrf.HEADER}.")
    if not may(user, ACTIONS[method], None if item is None else item.row):
        raise Problem(403, "Editors write to the products that they sell, administrators to all.")


def _unauthorised(detail: str, reason: str = "") -> NoReturn:
    raise Problem(401, detail, headers={"WWW-Authenticate": REALM + reason})


products = Resource(
    "products",
    ProductIn,
    SQLStore(Product, tuple(ProductIn.model_fields), store.reading, store.writing, matching),
    authorise=authorise,
    filters=("name", "category", "picture", "price_cents", "stock"),
    searched=("name", "summary", "description"),
    about="What the shop has on sale.",
)
api = API(
    None,
    products,
    title="The shop",
    prefix=API_PREFIX,
    name=csrf.API,
    security={"token": {"type": "http", "scheme": "bearer"}},
)


def init_app(app: App) -> None:
    """Give ``app`` the API."""
    api.init_app(app)
