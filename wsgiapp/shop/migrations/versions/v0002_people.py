"""People with roles and sessions that end; who sells, reviews and orders; categories; a text to search in."""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

from wsgiapp.shop.catalogue import CATEGORIES
from wsgiapp.shop.migrations.versions.v0001_first import product, review
from wsgiapp.shop.models import fold

revision = "0002"
down_revision = "0001"

ROLES = "role IN ('visitor', 'editor', 'administrator')"
# The same sentences are right for SQLite and PostgreSQL.
COLUMNS = (
    "shop_user ADD COLUMN name_key VARCHAR(250) NOT NULL DEFAULT ''",
    f"shop_user ADD COLUMN role VARCHAR(20) NOT NULL DEFAULT 'visitor' CONSTRAINT user_role CHECK ({ROLES})",
    "shop_user ADD COLUMN session_number INTEGER NOT NULL DEFAULT 0",
    "shop_user ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0",
    "product ADD COLUMN picture_file VARCHAR(80)",
    "product ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0",
    "product ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0",
    "product ADD COLUMN search_text TEXT NOT NULL DEFAULT ''",
)


def upgrade() -> None:
    """Add tables and columns, then fill them for the rows that are there."""
    make_categories()
    bind_products()
    bind_reviews()
    for column in COLUMNS:
        op.execute(sa.text(f"ALTER TABLE {column}"))
    fill_users()
    fill_products()
    op.create_index("product_seller", "product", ["seller_id"])
    op.create_index("user_name_key", "shop_user", ["name_key"], unique=True)
    op.create_index("review_once", "review", ["product_id", "user_id"], unique=True)
    op.create_index("review_of_user", "review", ["user_id", "created_at"])
    make_orders()
    op.drop_table("login_attempts")
    op.create_table(
        "attempt",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("until", sa.Integer, nullable=False, index=True),
    )


def make_categories() -> None:
    """Make the categories, and one for each that products name without it being known."""
    table = op.create_table(
        "category",
        sa.Column("slug", sa.String(20), primary_key=True),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
    )
    used = op.get_bind().scalars(sa.text("SELECT DISTINCT category FROM product ORDER BY category")).all()
    titles = {**CATEGORIES, **{slug: slug for slug in used if slug not in CATEGORIES}}
    rows = [{"slug": slug, "title": title, "position": place} for place, (slug, title) in enumerate(titles.items())]
    op.bulk_insert(table, rows)


def bind_products() -> None:
    """Tie products to categories and sellers. SQLite copies the table and must not forget which ids were given."""
    bind, last = op.get_bind(), None
    is_sqlite = bind.dialect.name == "sqlite"
    if is_sqlite:
        last = bind.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'product'"))
    with op.batch_alter_table("product", copy_from=product, table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.create_foreign_key("product_category_fkey", "category", ["category"], ["slug"], onupdate="CASCADE")
        batch.add_column(sa.Column("seller_id", sa.Integer))
        batch.create_foreign_key("product_seller_id_fkey", "shop_user", ["seller_id"], ["id"], ondelete="SET NULL")
    if last is not None:
        bind.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'product'"))
        bind.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('product', :last)"), {"last": last})


def bind_reviews() -> None:
    """Tie reviews to who wrote them."""
    with op.batch_alter_table("review", copy_from=review) as batch:
        batch.add_column(sa.Column("user_id", sa.Integer))
        batch.create_foreign_key("review_user_id_fkey", "shop_user", ["user_id"], ["id"], ondelete="SET NULL")


def fill_users() -> None:
    """Give every user a key of its own; the demonstration's account sells, so it is an editor."""
    bind, taken = op.get_bind(), set()
    for number, name in bind.execute(sa.text("SELECT id, name FROM shop_user ORDER BY id")).all():
        key = fold(name) if fold(name) not in taken else f"{fold(name)}\n{number}"
        taken.add(key)
        values = {"key": key, "now": int(time.time()), "id": number}
        bind.execute(sa.text("UPDATE shop_user SET name_key = :key, created_at = :now WHERE id = :id"), values)
    op.execute(sa.text("UPDATE shop_user SET role = 'editor' WHERE is_demo"))


def fill_products() -> None:
    """Make the text to search in; when a product was made is not known, so it is now."""
    bind = op.get_bind()
    for number, *texts in bind.execute(sa.text("SELECT id, name, summary, description FROM product")).all():
        values = {"text": fold("\n".join(texts)), "now": int(time.time()), "id": number}
        sentence = "UPDATE product SET search_text = :text, created_at = :now, updated_at = :now WHERE id = :id"
        bind.execute(sa.text(sentence), values)


def make_orders() -> None:
    """Make the tables of orders."""
    op.create_table(
        "shop_order",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("shop_user.id", ondelete="SET NULL")),
        sa.Column("number", sa.String(20), nullable=False, unique=True),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("total_cents", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("idempotency_key", sa.String(64)),
        sa.CheckConstraint("status IN ('placed', 'cancelled')", name="order_status"),
        sa.CheckConstraint("total_cents >= 0", name="order_total"),
        sa.Index("order_once", "user_id", "idempotency_key", unique=True),
    )
    op.create_table(
        "order_line",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "order_id", sa.Integer, sa.ForeignKey("shop_order.id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("product_id", sa.Integer, sa.ForeignKey("product.id", ondelete="SET NULL"), index=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("price_cents", sa.Integer, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.CheckConstraint("quantity >= 1", name="order_line_quantity"),
        sa.CheckConstraint("price_cents >= 0", name="order_line_price"),
    )
