"""The first tables: products, reviews, users, tries to sign in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

first = sa.MetaData()
product = sa.Table(
    "product",
    first,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("category", sa.String(20), nullable=False),
    sa.Column("summary", sa.String(160), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("price_cents", sa.Integer, nullable=False),
    sa.Column("stock", sa.Integer, nullable=False),
    sa.Column("picture", sa.String(20), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint("price_cents BETWEEN 0 AND 10000000", name="product_price"),
    sa.CheckConstraint("stock BETWEEN 0 AND 100000", name="product_stock"),
    sa.CheckConstraint("length(name) BETWEEN 1 AND 80", name="product_name"),
    sa.Index("product_category", "category"),
    sqlite_autoincrement=True,
)
review = sa.Table(
    "review",
    first,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("product_id", sa.Integer, sa.ForeignKey("product.id", ondelete="CASCADE"), nullable=False),
    sa.Column("author", sa.String(60), nullable=False),
    sa.Column("rating", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("created_at", sa.Integer, nullable=False),
    sa.CheckConstraint("rating BETWEEN 1 AND 5", name="review_rating"),
    sa.Index("ix_review_product_id", "product_id"),
)
sa.Table(
    "shop_user",
    first,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(60), nullable=False, unique=True),
    sa.Column("password_hash", sa.String(255), nullable=False),
    sa.Column("is_demo", sa.Boolean, nullable=False),
)
sa.Table(
    "login_attempts",
    first,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("since", sa.Integer, nullable=False, index=True),
)


def upgrade() -> None:
    """Make the tables."""
    first.create_all(op.get_bind())
