"""Shop layer 3: what the API takes and shows, beside a product's own fields.

Only what the schemas say is checked here, so that values which follow the API's document are never refused. Rules that
need the database do not belong here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from wsgiapp.rest.models import Model, Whole, integral
from wsgiapp.shop.forms import MAX_QUANTITY, NAME, TEXT, Cents, Rating, tidy
from wsgiapp.shop.models import MAX_ID

Id = Annotated[int, Field(ge=1, le=MAX_ID), BeforeValidator(integral)]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY), BeforeValidator(integral)]


class Times(Model):
    """When a thing was made, and when it was changed last."""

    created_at: datetime
    updated_at: datetime


class ProductShown(Times):
    """What the shop itself knows of a product; without a seller it is the shop's own."""

    seller_id: int | None


class CategoryIn(Model):
    """A category; ``slug`` stands in addresses, ``position`` orders."""

    slug: Annotated[str, Field(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=20)]
    title: Annotated[str, Field(min_length=1, max_length=60, pattern=NAME), AfterValidator(tidy)]
    position: Annotated[int, Field(ge=0, le=10_000), BeforeValidator(integral)] = 0


class ReviewOf(Model):
    """A review of a product."""

    product_id: Id
    author: Annotated[str, Field(min_length=2, max_length=60, pattern=NAME), AfterValidator(tidy)]
    rating: Rating
    text: Annotated[str, Field(min_length=10, max_length=1000, pattern=TEXT), AfterValidator(tidy)]


class ReviewShown(Times):
    """What the shop itself knows of a review; the author is empty when they have left the shop."""

    author: str


class NewLine(Model):
    """So many pieces of a product, to be put into the cart."""

    product_id: Id
    quantity: Quantity = 1


class CartLine(Model):
    """How many pieces of a product are in the cart."""

    quantity: Quantity


class Line(Model):
    """So many pieces of a product, at the price that the buyer has agreed to."""

    product_id: Id
    quantity: Quantity = 1
    price_cents: Cents


class NewOrder(Model):
    """What is bought: all of it at these prices, or nothing."""

    lines: Annotated[list[Line], Field(min_length=1, max_length=30)]


class OrderIn(Model):
    """The one thing of an order that changes."""

    status: Literal["placed", "cancelled"] = "placed"


class LineShown(Model):
    """A line of an order or a cart; without a ``product_id`` the product is no longer sold."""

    product_id: int | None
    name: str
    price_cents: int


class OrderLineShown(LineShown):
    """A line of an order, with the name and the price of its day."""

    quantity: int


class OrderShown(Times):
    """What the shop itself knows of an order."""

    number: str
    total_cents: Whole
    lines: list[OrderLineShown]
