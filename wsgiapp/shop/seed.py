"""Shop layer 2: what a new shop begins with.

The rows of the catalogue, and the demonstration's account where there is one.
"""

from __future__ import annotations

from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from wsgiapp.shop.catalogue import OPINIONS, PRODUCTS
from wsgiapp.shop.models import EDITOR, Product, Review, User, now

DEMO_NAME, DEMO_PASSWORD = "demo", "workbench"


def demo_user(hash_method: str) -> User:
    """Return the demonstration account, whose password is public. It is an editor of its own products."""
    password_hash = generate_password_hash(DEMO_PASSWORD, hash_method)
    return User(name=DEMO_NAME, password_hash=password_hash, is_demo=True, role=EDITOR)


def fill(session: Session, demo: User | None) -> None:
    """Add products, reviews and the ``demo`` user, if any, to an empty shop."""
    products = {item.name: Product(**item._asdict()) for item in PRODUCTS}
    for opinion in OPINIONS:
        fields = {"author": opinion.author, "rating": opinion.rating, "text": opinion.text}
        products[opinion.product].reviews.append(Review(**fields, created_at=now() - opinion.day * 86_400))
    session.add_all(products.values())
    if demo:
        session.add(demo)
