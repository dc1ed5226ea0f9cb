"""Shop layer 3: the categories in the database.

Reading them, once in a request, and changing them. ``catalogue`` has the categories of a new shop. The pages in
``categories`` decide who may change them.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from typing import Any, cast

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wsgiapp import current_app, g
from wsgiapp.shop import store
from wsgiapp.shop.models import Category, Product, fold

MAX_CATEGORIES = 40
MAX_SLUG = 20


class TitleTaken(ValueError):
    """Another category has this title, or one that differs in case alone."""


class InUse(ValueError):
    """There are products in the category."""


class Overtaken(ValueError):
    """Someone else changed the category meanwhile."""


def known() -> dict[str, str]:
    """Return the title of each category by its slug, in their order."""
    if "shop_categories" not in g:
        statement = select(Category.slug, Category.title).order_by(Category.position, Category.slug)
        g.shop_categories = {row.slug: row.title for row in store.reading().execute(statement)}
    return cast("dict[str, str]", g.shop_categories)


def add(title: str) -> str:
    """Add a category at the end and return its slug.

    :raises TitleTaken: when there is one of that title, or there are as many as there may be.
    """
    with store.writing() as db:
        taken = _titles(db)
        _must_be_free(title, taken)
        if len(taken) >= MAX_CATEGORIES:
            raise TitleTaken(f"The shop holds {MAX_CATEGORIES} categories. Rename one instead.")
        last = db.scalar(select(func.max(Category.position))) or 0
        slug = free_slug(title, taken)
        db.add(Category(slug=slug, title=title, position=last + 1))
    g.pop("shop_categories", None)
    return slug


def rename(slug: str, before: str, title: str) -> None:
    """Give a category another title; its address stays.

    :param before: the title that the change starts from.
    :raises TitleTaken: when another category has that title.
    :raises Overtaken: when the category has another title than ``before`` by now.
    """
    with store.writing() as db:
        taken = _titles(db)
        _must_be(before, taken.pop(slug, None))
        _must_be_free(title, taken)
        # By the row, so that its version is raised.
        db.scalars(select(Category).where(Category.slug == slug)).one().title = title
    g.pop("shop_categories", None)


def remove(slug: str, before: str) -> None:
    """Delete a category in which no product is.

    :param before: the title that whoever deletes it has seen.
    :raises InUse: when there are products in it.
    :raises Overtaken: when the category has another title by now, or is gone.
    """
    with store.writing() as db:
        _must_be(before, _titles(db).get(slug))
        count = db.scalar(select(func.count()).select_from(Product).where(Product.category == slug)) or 0
        if count:
            products = "a product is" if count == 1 else f"{count} products are"
            raise InUse(f"It cannot be deleted while {products} in it. Give them another category first.")
        db.delete(db.scalars(select(Category).where(Category.slug == slug)).one())
    g.pop("shop_categories", None)


def move(slug: str, by: int) -> None:
    """Move a category ``by`` places on among the others, back when that is negative; at the end of them it stays.

    :raises Overtaken: when there is no such category by now.
    """
    with store.writing() as db:
        statement = select(Category).order_by(Category.position, Category.slug).with_for_update()
        order = list(db.scalars(statement))
        moved = next((category for category in order if category.slug == slug), None)
        if moved is None:
            raise Overtaken("There is no such category.")
        place = max(0, order.index(moved) + by)
        order.remove(moved)
        order.insert(place, moved)
        for position, category in enumerate(order, 1):
            category.position = position
    g.pop("shop_categories", None)


def _must_be(before: str, now: str | None) -> None:
    if now != before:
        raise Overtaken(f"It is called “{now}” by now." if now else "There is no such category.")


def _titles(db: Session) -> dict[str, str]:
    """Return the categories, locked where the database knows locks of rows."""
    return {category.slug: category.title for category in db.scalars(select(Category).with_for_update())}


def _must_be_free(title: str, taken: dict[str, str]) -> None:
    if fold(title) in map(fold, taken.values()):
        raise TitleTaken(f"There is a category called “{title}” already.")


def free_slug(title: str, taken: dict[str, str]) -> str:
    """Return what stands for ``title`` in addresses: lower-case ASCII letters, digits and hyphens, not ``taken``."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall("[a-z0-9]+", plain))[:MAX_SLUG].strip("-") or "category"
    endings = ["", *(f"-{number}" for number in range(2, MAX_CATEGORIES + 2))]
    return next(name for end in endings if (name := slug[: MAX_SLUG - len(end)] + end) not in taken)


class KnownCategory:
    """Annotates a text that must be the slug of a category; in a schema it is one of those that there are."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the rule: a text, and then a look into the database."""
        return core_schema.no_info_after_validator_function(_must_be_known, handler(source))

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema, made when it is asked for."""
        return {"type": "string", **({"enum": list(known())} if _has_database() else {"maxLength": MAX_SLUG})}


def _must_be_known(slug: str) -> str:
    if _has_database() and slug not in known():
        raise PydanticCustomError("unknown_category", "Input should be one of the categories of the shop")
    return slug


def _has_database() -> bool:
    """Tell whether there is a shop to ask: a model can be read, and its schema made, without one."""
    with suppress(RuntimeError):  # no app is current
        return store.EXTENSION in current_app.extensions
    return False
