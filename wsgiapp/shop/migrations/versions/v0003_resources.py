"""What the API shows has ids, versions and times; keys of requests that are done once."""

from __future__ import annotations

import time
from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

review = sa.Table(
    "review",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("product_id", sa.Integer, sa.ForeignKey("product.id", ondelete="CASCADE"), nullable=False),
    sa.Column("user_id", sa.Integer, sa.ForeignKey("shop_user.id", ondelete="SET NULL")),
    sa.Column("author", sa.String(60), nullable=False),
    sa.Column("rating", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("created_at", sa.Integer, nullable=False),
    sa.CheckConstraint("rating BETWEEN 1 AND 5", name="review_rating"),
    sa.Index("ix_review_product_id", "product_id"),
    sa.Index("review_once", "product_id", "user_id", unique=True),
    sa.Index("review_of_user", "user_id", "created_at"),
)


def upgrade() -> None:
    """Make the categories anew, count changes of reviews and orders, and make the table of keys."""
    number_categories()
    version_reviews()
    op.add_column("shop_order", counter("version", "1"))
    op.add_column("shop_order", counter("updated_at", "0"))
    for table in ("review", "shop_order"):
        op.execute(sa.text(f"UPDATE {table} SET updated_at = created_at"))  # noqa: S608 - our own names
    op.create_table(
        "idempotency_key",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("until", sa.Integer, nullable=False, index=True),
    )


def counter(name: str, default: str) -> sa.Column[int]:
    """Return a column of a number that is always there."""
    return sa.Column(name, sa.Integer, nullable=False, server_default=default)


def number_categories() -> None:
    """Give the categories ids; products go on naming them by their slugs."""
    bind = op.get_bind()
    rows = bind.execute(sa.text("SELECT slug, title, position FROM category ORDER BY position, slug")).mappings().all()
    on_server = bind.dialect.name != "sqlite"
    if on_server:
        op.drop_constraint("product_category_fkey", "product")
    op.drop_table("category")
    table = op.create_table(
        "category",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("slug", sa.String(20), nullable=False, unique=True),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        *(counter(name, default) for name, default in (("version", "1"), ("created_at", "0"), ("updated_at", "0"))),
        sqlite_autoincrement=True,
    )
    moment = int(time.time())
    op.bulk_insert(table, [{**row, "created_at": moment, "updated_at": moment} for row in rows])
    if on_server:
        names = ("product_category_fkey", "product", "category", ["category"], ["slug"])
        op.create_foreign_key(*names, onupdate="CASCADE")


def version_reviews() -> None:
    """Count the changes of reviews. SQLite copies the table, so that no id is given twice."""
    on_server = op.get_bind().dialect.name != "sqlite"
    recreate: Literal["auto", "always"] = "auto" if on_server else "always"
    kept = {"sqlite_autoincrement": True}
    with op.batch_alter_table("review", copy_from=review, recreate=recreate, table_kwargs=kept) as batch:
        batch.add_column(counter("version", "1"))
        batch.add_column(counter("updated_at", "0"))
