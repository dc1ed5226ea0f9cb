"""Ask for twins of requests to an app, and print a line of JSON for each; run by test_ladder_programs.

The argument names the app: ``tutorial``, which is in the working folder and imports Flask, or ``shop``.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from werkzeug.test import Client, create_environ

from wsgiapp.xray import XRay, watch_all
from wsgiapp.xray.twin import twin

KNOWN = {"username": "ada", "password": "engine"}
VISITS: dict[str, list[tuple[str, str, dict[str, str]]]] = {
    "tutorial": [
        ("GET", "/hello", {}),
        ("GET", "/nothing", {}),
        ("GET", "/create", {}),
        ("GET", "/static/style.css", {}),
        ("POST", "/auth/login", {**KNOWN, "password": "wrong"}),
        ("POST", "/auth/login", KNOWN),
        ("POST", "/create", {"title": "Note <G>", "body": "Bernoulli"}),
        ("GET", "/", {}),
        ("HEAD", "/", {}),
        ("GET", "/1/update", {}),
        ("GET", "/auth/logout", {}),
    ],
    "shop": [
        ("GET", "/static/shop.css", {}),
        ("HEAD", "/static/favicon.svg", {}),
        ("GET", "/products", {}),
        ("GET", "/health", {}),
        ("HEAD", "/health", {}),
        ("GET", "/robots.txt", {}),
        ("GET", "/", {}),
        ("GET", "/api/products", {}),
        ("OPTIONS", "/api/products", {}),
        ("GET", "/learn", {}),
    ],
}


def tutorial() -> Any:
    """The tutorial's app, with a database, and somebody who is known there."""
    importlib.import_module("wsgiapp.as_flask")
    flaskr: Any = importlib.import_module("flaskr")
    app = flaskr.create_app()
    with app.app_context():
        importlib.import_module("flaskr.db").init_db()
    Client(app).post("/auth/register", data=KNOWN)
    return app


def main(program: str) -> None:
    """Send the requests, with the cookies that the answers of wsgiapp set."""
    sys.path.insert(0, str(Path.cwd()))
    watch_all(always=True)
    app = tutorial() if program == "tutorial" else importlib.import_module("wsgiapp.shop").app
    xray: XRay = app.extensions.get("xray") or XRay(app, always=True)
    if program == "shop":
        Client(app).get("/api/products")  # fills the database
        time.sleep(1.01 - time.time() % 1)  # so the twin's rows are made in a later second, which the API shows
    cookie = ""
    for method, path, data in VISITS[program]:
        environ = create_environ(path, method=method, data=data or None, headers={"Cookie": cookie})
        found = twin(xray, {**environ, "REMOTE_ADDR": "127.0.0.1"}, environ["wsgi.input"].read(), really=True)
        set_ = [value for name, value in found.left.headers if name == "Set-Cookie" and value.startswith("session=")]
        cookie = set_[-1].partition(";")[0] if set_ else cookie
        lacks = sorted({lack.name for lack in found.lacks})
        print(json.dumps([method, path, found.same, found.sentence, lacks]))


if __name__ == "__main__":
    main(sys.argv[1])
