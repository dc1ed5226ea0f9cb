"""Shop layer 1: the tables of the database.

Columns, constraints and what a row can say about itself live here. How an older database gets them does not
(``migrations``), nor engines, sessions and transactions (``store``), nor anything that knows of requests. Money is a
whole number of cents, time is whole seconds since the epoch (UTC), so that every database stores them alike.
"""

from __future__ import annotations

import time
import unicodedata
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    String,
    Text,
    event,
    inspect,
    select,
    update,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, declared_attr, mapped_column, relationship

MAX_CENTS = 10_000_000
MAX_STOCK = 100_000
MAX_ID = 2**31 - 1
MAX_NAME_KEY = 250  # of a name of 60 characters: some, as compared, are up to 18
VISITOR, EDITOR, ADMINISTRATOR = ROLES = ("visitor", "editor", "administrator")
PLACED, CANCELLED = "placed", "cancelled"


def fold(text: str) -> str:
    """Return ``text`` as it is compared: without the difference of case, one spelling for each character."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def now() -> int:
    """Return the time as the tables keep it."""
    return int(time.time())


class Base(DeclarativeBase):
    """The registry of all tables of the shop."""


class Versioned:
    """A row whose changes are counted, and when it was made and changed last.

    SQLAlchemy raises ``StaleDataError`` for an update that started from an older ``version``, and the API makes its
    entity tags of it.
    """

    version: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[int] = mapped_column(default=now, server_default="0")
    updated_at: Mapped[int] = mapped_column(default=now, onupdate=now, server_default="0")

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class Category(Versioned, Base):
    """A shelf of the shop; ``slug`` stands in addresses, ``position`` orders."""

    __tablename__ = "category"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(20), unique=True)
    title: Mapped[str] = mapped_column(String(60))
    position: Mapped[int]


class Product(Base):
    """One thing on sale; without a ``seller_id`` it is the shop's own.

    ``version`` counts the changes of a row: SQLAlchemy raises ``StaleDataError`` for an update that started from an
    older one, and the API makes its entity tags of it. Ids are never given twice, or a tag could name two products.
    ``search_text`` is what a search looks into, the same on every database whatever its idea of upper case.
    """

    __tablename__ = "product"
    __table_args__ = (
        CheckConstraint(f"price_cents BETWEEN 0 AND {MAX_CENTS}", name="product_price"),
        CheckConstraint(f"stock BETWEEN 0 AND {MAX_STOCK}", name="product_stock"),
        CheckConstraint("length(name) BETWEEN 1 AND 80", name="product_name"),
        Index("product_category", "category"),
        Index("product_seller", "seller_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    category: Mapped[str] = mapped_column(String(20), ForeignKey("category.slug", onupdate="CASCADE"))
    summary: Mapped[str] = mapped_column(String(160), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    price_cents: Mapped[int]
    stock: Mapped[int] = mapped_column(default=0)
    picture: Mapped[str] = mapped_column(String(20), default="parcel")
    version: Mapped[int] = mapped_column(default=1)
    seller_id: Mapped[int | None] = mapped_column(ForeignKey("shop_user.id", ondelete="SET NULL"))
    picture_file: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[int] = mapped_column(default=now, server_default="0")
    updated_at: Mapped[int] = mapped_column(default=now, server_default="0")
    search_text: Mapped[str] = mapped_column(Text, default="", server_default="")
    reviews: Mapped[list[Review]] = relationship(cascade="all, delete-orphan", passive_deletes=True)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}

    @property
    def etag(self) -> str:
        """The strong entity tag of this state of the product, without quotes (RFC 9110, section 8.8.3)."""
        return f"{self.id}-{self.version}"


@event.listens_for(Product, "before_insert")
@event.listens_for(Product, "before_update")
def _derive(_mapper: Mapper[Any], _connection: Connection, product: Product) -> None:
    """Keep what follows from the other columns; a row that nothing changed stays as it is."""
    state = inspect(product)
    if state.persistent and (state.session is None or not state.session.is_modified(product)):
        return
    product.search_text = fold("\n".join([product.name, product.summary or "", product.description or ""]))
    if state.persistent:
        product.updated_at = now()


class Review(Versioned, Base):
    """What a customer wrote about a product, once. Without an ``author`` the customer has left the shop."""

    __tablename__ = "review"
    __table_args__ = (
        CheckConstraint("rating BETWEEN 1 AND 5", name="review_rating"),
        Index("review_once", "product_id", "user_id", unique=True),
        Index("review_of_user", "user_id", "created_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("shop_user.id", ondelete="SET NULL"))
    author: Mapped[str] = mapped_column(String(60))
    rating: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(default=now)


def _name_key(context: Any) -> str:
    return fold(context.get_current_parameters()["name"])


class User(Base):
    """Someone who may sign in.

    ``is_demo`` marks the account whose password the login page tells everyone. ``session_number`` is in every session
    of the user: when it is raised, they all end. ``name_key`` keeps two names from differing in case alone.
    """

    __tablename__ = "shop_user"
    __table_args__ = (
        CheckConstraint("role IN ('visitor', 'editor', 'administrator')", name="user_role"),
        Index("user_name_key", "name_key", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    name_key: Mapped[str] = mapped_column(String(MAX_NAME_KEY), default=_name_key, server_default="")
    password_hash: Mapped[str] = mapped_column(String(255))
    is_demo: Mapped[bool] = mapped_column(default=False)
    role: Mapped[str] = mapped_column(String(20), default=VISITOR, server_default=VISITOR)
    session_number: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[int] = mapped_column(default=now, server_default="0")


@event.listens_for(Category, "before_update")
def _moves(_mapper: Mapper[Any], connection: Connection, category: Category) -> None:
    """Let a new address of a category count as a change of the products in it, which show it."""
    for slug in inspect(category).attrs.slug.history.deleted or ():
        count_change(connection, Product.category == slug)


def count_change(connection: Connection, which: ColumnElement[bool]) -> None:
    """Raise the version of products that show what is changed elsewhere, or their entity tags would name two states.

    They are locked by rising id, as all code locks them.
    """
    connection.execute(select(Product.id).where(which).order_by(Product.id).with_for_update())
    connection.execute(update(Product).where(which).values(version=Product.version + 1, updated_at=now()))


class Attempt(Base):
    """How often something that is limited was tried until ``until``; ``key`` is the hash of what it was."""

    __tablename__ = "attempt"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    until: Mapped[int] = mapped_column(index=True)


class Order(Versioned, Base):
    """What someone bought. ``number`` is what the buyer sees; without a ``user_id`` the buyer has left the shop."""

    __tablename__ = "shop_order"
    __table_args__ = (
        CheckConstraint("status IN ('placed', 'cancelled')", name="order_status"),
        CheckConstraint("total_cents >= 0", name="order_total"),
        Index("order_once", "user_id", "idempotency_key", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("shop_user.id", ondelete="SET NULL"))
    number: Mapped[str] = mapped_column(String(20), unique=True)
    status: Mapped[str] = mapped_column(String(10), default=PLACED)
    total_cents: Mapped[int]
    created_at: Mapped[int] = mapped_column(default=now)
    idempotency_key: Mapped[str | None] = mapped_column(String(64))
    lines: Mapped[list[OrderLine]] = relationship(cascade="all, delete-orphan", passive_deletes=True)


class OrderLine(Base):
    """So many pieces of one product, under the name and at the price of the moment of buying."""

    __tablename__ = "order_line"
    __table_args__ = (
        CheckConstraint("quantity >= 1", name="order_line_quantity"),
        CheckConstraint("price_cents >= 0", name="order_line_price"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("shop_order.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    price_cents: Mapped[int]
    quantity: Mapped[int]


class IdempotencyKey(Base):
    """A request to the API that is done once, with its answer until ``until``; ``key`` is a hash of the sender and the
    sender's key.

    Without an ``answer`` the request is at work; if it is still so at ``until``, whatever did it has ended.
    """

    __tablename__ = "idempotency_key"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    answer: Mapped[str | None] = mapped_column(Text)
    until: Mapped[int] = mapped_column(index=True)
