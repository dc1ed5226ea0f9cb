"""Shop layer 1: the tables of the database.

Columns, constraints and what a row can say about itself live here. Engines, sessions and transactions do not
(``store``), nor does anything that knows of requests. Money is a whole number of cents, time is whole seconds since
the epoch (UTC), so that every database stores them alike.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, relationship

MAX_CENTS = 10_000_000
MAX_STOCK = 100_000


class Base(DeclarativeBase):
    """The registry of all tables of the shop."""


class Product(Base):
    """One thing on sale.

    ``version`` counts the changes of a row: SQLAlchemy raises ``StaleDataError`` for an update that started from an
    older one, and the API makes its entity tags of it. Ids are never given twice, or a tag could name two products.
    """

    __tablename__ = "product"
    __table_args__ = (
        CheckConstraint(f"price_cents BETWEEN 0 AND {MAX_CENTS}", name="product_price"),
        CheckConstraint(f"stock BETWEEN 0 AND {MAX_STOCK}", name="product_stock"),
        CheckConstraint("length(name) BETWEEN 1 AND 80", name="product_name"),
        Index("product_category", "category"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    category: Mapped[str] = mapped_column(String(20))
    summary: Mapped[str] = mapped_column(String(160), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    price_cents: Mapped[int]
    stock: Mapped[int] = mapped_column(default=0)
    picture: Mapped[str] = mapped_column(String(20), default="parcel")
    version: Mapped[int] = mapped_column(default=1)
    reviews: Mapped[list[Review]] = relationship(cascade="all, delete-orphan", passive_deletes=True)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}

    @property
    def etag(self) -> str:
        """The strong entity tag of this state of the product, without quotes (RFC 9110, section 8.8.3)."""
        return f"{self.id}-{self.version}"


class Review(Base):
    """What a customer wrote about a product."""

    __tablename__ = "review"
    __table_args__ = (CheckConstraint("rating BETWEEN 1 AND 5", name="review_rating"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    author: Mapped[str] = mapped_column(String(60))
    rating: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int]


class User(Base):
    """Someone who may sign in. ``is_demo`` marks the account whose password the login page tells everyone."""

    __tablename__ = "shop_user"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    is_demo: Mapped[bool] = mapped_column(default=False)


class LoginAttempts(Base):
    """How often one name was tried from one address since ``since``; ``key`` is the hash of both."""

    __tablename__ = "login_attempts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    since: Mapped[int] = mapped_column(index=True)
