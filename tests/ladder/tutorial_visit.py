"""Visit the application of Flask's tutorial and print each answer as a line of JSON; run by test_ladder_programs.

The folder of the application is the working folder. With the argument ``ladder``, Flask is the ladder's last step.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from itsdangerous import TimestampSigner
from werkzeug.test import Client

KNOWN = {"username": "ada", "password": "engine"}
VISITS: list[tuple[str, str, dict[str, str]]] = [
    ("GET", "/hello", {}),
    ("GET", "/nothing", {}),
    ("GET", "/create", {}),
    ("POST", "/auth/register", {"username": "", "password": "x"}),
    ("POST", "/auth/register", KNOWN),
    ("POST", "/auth/register", KNOWN),
    ("POST", "/auth/login", {**KNOWN, "password": "wrong"}),
    ("POST", "/auth/login", KNOWN),
    ("POST", "/create", {"title": "", "body": ""}),
    ("POST", "/create", {"title": "Note <G>", "body": "Bernoulli"}),
    ("GET", "/", {}),
    ("HEAD", "/", {}),
    ("GET", "/1/update", {}),
    ("POST", "/1/update", {"title": "Note H", "body": ""}),
    ("GET", "/2/update", {}),
    ("GET", "/static/style.css", {}),
    ("GET", "/static/nothing.css", {}),
    ("POST", "/1/delete", {}),
    ("GET", "/auth/logout", {}),
    ("GET", "/auth/login/", {}),
]


def main(framework: str) -> None:
    """Visit the application, with one time of signing for both frameworks, and print."""
    sys.path.insert(0, str(Path.cwd()))
    if framework == "ladder":
        importlib.import_module("as_flask")
    setattr(TimestampSigner, "get_timestamp", lambda self: 1_745_989_291)  # noqa: B010 - mypy lets no method be assigned
    flaskr: Any = importlib.import_module("flaskr")
    app = flaskr.create_app({"DATABASE": f"{framework}.sqlite", "SECRET_KEY": "shared"})
    with app.app_context():
        importlib.import_module("flaskr.db").init_db()
    client = Client(app)
    for method, path, data in VISITS:
        answer = client.open(path, method=method, data=data or None)
        headers = [pair for pair in answer.headers if pair[0] != "Date"]
        print(json.dumps([method, path, answer.status, headers, answer.get_data(as_text=True)]))


if __name__ == "__main__":
    main(sys.argv[1])
