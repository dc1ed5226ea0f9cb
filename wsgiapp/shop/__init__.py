"""The shop: an application on wsgiapp that is small, but real.

This module puts it together: settings, database, pages, API, and the headers on every answer. What the parts do lives
in them. They are listed in reading order: each imports from wsgiapp and from those above it, never from here.

| module | what lives there |
|---|---|
| `required_packages` | which packages must be there, said before all else |
| `catalogue` | what a new shop has on its shelves |
| `currencies` | prices in another currency |
| `image_header` | what a file says that it is, when it is a picture |
| `models` | the tables |
| `migrations` | how an older database gets them |
| `permissions` | the table of who may do what |
| `assets` | static files under addresses that change with their content |
| `features_used` | the line at the foot of a page: what its request used |
| `session_contents` | what a session may hold |
| `settings` | defaults, the environment, secrets |
| `engines` | connections to SQLite and PostgreSQL that behave alike |
| `schema` | the version of the schema, and its upgrade |
| `seed` | what a new shop begins with |
| `store` | reading and writing within a request |
| `category_store` | the categories, as the database has them |
| `health` | whether this process can serve |
| `forms` | what may be sent |
| `errors` | how the shop answers what goes wrong |
| `form_source` | in which template a form is written |
| `csrf` | proof that a form came from a page of ours |
| `limits` | how often something may be tried |
| `queries` | what is asked of the catalogue |
| `people` | who someone is: signing in, passwords, sessions |
| `account` | the pages of a person |
| `pictures` | pictures that were uploaded |
| `preferences` | what a visitor prefers, and where it is kept |
| `reviews` | who may review what |
| `pages` | the catalogue in HTML |
| `selling` | the forms of a product |
| `categories` | the page on categories |
| `orders` | buying: the rules |
| `cart` | the cart, in the session |
| `order_pages` | buying in HTML |
| `api_models` | what the API takes and shows |
| `api_keys` | requests to the API that are done once |
| `api_stores` | what the API needs beyond plain rows |
| `api` | the API: what programs may do |
| `threads` | the same work in one thread and in several |
| `timeline` | time lines as SVG |
| `concurrency` | the page on threads |
| `learn_source` | source text by the name of an object |
| `learn_book` | the book, from its Markdown files |
| `learn_cookie` | the bench for cookies |
| `learn_api` | the bench for the API |
| `learn` | the pages of the book |
| `commands` | `wsgiapp shop user ...`; alone works on the app of this module |
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from werkzeug.exceptions import ServiceUnavailable

from wsgiapp.shop import required_packages  # noqa: F401  # first of all: it says what is missing

# isort: split

from wsgiapp import App, Response, current_app, request
from wsgiapp.rest.api import PlainNumber
from wsgiapp.rest.problems import answer
from wsgiapp.shop import (
    account,
    api,
    assets,
    cart,
    categories,
    concurrency,
    csrf,
    currencies,
    errors,
    features_used,
    health,
    learn,
    order_pages,
    pages,
    people,
    pictures,
    preferences,
    selling,
    settings,
    store,
)
from wsgiapp.shop.permissions import may
from wsgiapp.shop.schema import SchemaError
from wsgiapp.typing import ResponseReturnValue
from wsgiapp.xray import XRay

__all__ = ["app", "create_app"]

HERE = Path(__file__).parent
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def create_app(config: Mapping[str, Any] | None = None) -> App:
    """Return a shop of its own.

    ``config`` outranks the environment. Besides the framework's keys: ``DATABASE_URL``, ``INSTANCE_PATH`` (absolute;
    where the SQLite file and the secrets are kept), ``API_TOKEN``, ``API_TOKEN_FALLBACKS`` (others that are accepted),
    ``TRUSTED_PROXIES`` (how many stand before the shop; none unless it is said), ``DEMO``, ``DATABASE_TIMEOUT``
    (seconds), ``XRAY`` (on in debug mode), and limits: ``LOGIN_LIMIT`` tries with one name, ``LOGIN_ADDRESS_LIMIT``
    with any, in ``LOGIN_WINDOW`` seconds, ``REGISTRATION_LIMIT`` in ``REGISTRATION_WINDOW`` seconds, ``REVIEW_LIMIT``
    and ``ORDER_LIMIT`` a day, ``PICTURE_LIMIT`` uploads a day of ``PICTURE_BYTES`` each. No file is read or written
    before the first request.
    """
    given = dict(config or {})
    instance = given.get("INSTANCE_PATH") or os.environ.get("INSTANCE_PATH") or None
    shop = App(__name__, template_folder=str(template_folder()), instance_path=instance and str(instance))
    settings.configure(shop, given)
    shop.url_map.converters["int"] = PlainNumber  # an id has one spelling in the pages too: /products/01 is none
    assets.init_app(shop)
    pictures.init_app(shop, *selling.WITH_PICTURE)  # before the forms are read, for their token
    csrf.init_app(shop)
    store.init_app(shop)
    errors.init_app(shop)
    shop.register_error_handler(SchemaError, schema_error_page)
    shop.after_request(protect)
    shop.context_processor(page_context)
    shop.add_template_filter(currencies.shown, "money")
    shop.add_template_filter(preferences.price)
    shop.add_template_filter(day)
    for module in (pages, selling, categories, preferences, cart, order_pages, account, concurrency, learn, health):
        shop.register_blueprint(module.bp)
    api.init_app(shop)
    if shop.config["XRAY"] and "xray" not in shop.extensions:
        XRay(shop)
    settings.trust_proxies(shop)
    return shop


def template_folder() -> Path:
    """Return where the templates are: beside the package in a checkout, inside it in an installation."""
    packaged = HERE / "templates"
    return packaged if packaged.is_dir() else HERE.parents[1] / "templates"


def protect(response: Response) -> Response:
    """Set the headers that bind the browser; pages are for one customer and asked for again each time."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.mimetype == "text/html":
        response.vary.add("Cookie")
        response.headers.setdefault("Cache-Control", "private, no-cache")
    return response


def schema_error_page(error: SchemaError) -> ResponseReturnValue:
    """Answer 503 to the visitor, who can do nothing about it; the log says what the operator can do."""
    current_app.logger.critical("%s", error)
    advice = "The database of this shop does not fit its program. Its operator finds in the log what to do."
    return answer(ServiceUnavailable(advice))


def page_context() -> dict[str, Any]:
    """Return what every template may use."""
    here = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return {
        "theme": preferences.read_theme(),
        "currency": preferences.read_currency,
        "features_used": features_used,
        "cart_pieces": cart.pieces,
        "here": here,
        "user_in_head": people.user_in_head,
        "may": may,
    }


def day(seconds: int) -> str:
    """Return seconds since the epoch as ``3 May 2026``."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment.day} {moment:%B %Y}"


app = create_app()
