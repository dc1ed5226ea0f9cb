-- The tables as the first shop made them, before schemas had versions.
CREATE TABLE login_attempts (
    "key" VARCHAR(64) NOT NULL,
    count INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY ("key")
);
CREATE INDEX ix_login_attempts_since ON login_attempts (since);
CREATE TABLE product (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(80) NOT NULL,
    category VARCHAR(20) NOT NULL,
    summary VARCHAR(160) NOT NULL,
    description TEXT NOT NULL,
    price_cents INTEGER NOT NULL,
    stock INTEGER NOT NULL,
    picture VARCHAR(20) NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT product_price CHECK (price_cents BETWEEN 0 AND 10000000),
    CONSTRAINT product_stock CHECK (stock BETWEEN 0 AND 100000),
    CONSTRAINT product_name CHECK (length(name) BETWEEN 1 AND 80)
);
CREATE INDEX product_category ON product (category);
CREATE TABLE shop_user (
    id INTEGER NOT NULL,
    name VARCHAR(60) NOT NULL,
    password_hash VARCHAR(255) NOT NULL,
    is_demo BOOLEAN NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
);
CREATE TABLE review (
    id INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    author VARCHAR(60) NOT NULL,
    rating INTEGER NOT NULL,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT review_rating CHECK (rating BETWEEN 1 AND 5),
    FOREIGN KEY(product_id) REFERENCES product (id) ON DELETE CASCADE
);
CREATE INDEX ix_review_product_id ON review (product_id);
