"""The application of Flask's tutorial, unchanged, from Flask's source distribution, with a user and some posts.

`BENCHMARK_TUTORIAL` names the folder of the distribution's tutorial, which `benchmarks.people` fetches. The user's
password is hashed once round only: hashing as it should be takes a thousand times as long as all the rest.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from werkzeug.security import generate_password_hash

from benchmarks.people_workloads import PASSWORD
from benchmarks.programs import UnableError
from benchmarks.workloads import SECRET_KEY

FOLDER = "BENCHMARK_TUTORIAL"
POSTS = [(f"Post <{number}>", f"What there is to say about & {number}.\nNo more.") for number in range(8)]


@cache
def make() -> Any:
    """The tutorial's application with a database of its own.

    :raises UnableError: when its source was not fetched.
    """
    if FOLDER not in os.environ:
        raise UnableError("the source of Flask's tutorial was not fetched")
    sys.path.insert(0, os.environ[FOLDER])
    flaskr = importlib.import_module("flaskr")
    folder = tempfile.TemporaryDirectory(prefix="benchmark-")
    app = flaskr.create_app({"SECRET_KEY": SECRET_KEY, "DATABASE": str(Path(folder.name) / "flaskr.sqlite")})
    app.secret_key = SECRET_KEY
    app.extensions["benchmark.folder"] = folder  # kept until the process ends
    with app.app_context(), closing(importlib.import_module("flaskr.db").get_db()) as database:
        database.executescript((Path(os.environ[FOLDER]) / "flaskr" / "schema.sql").read_text("utf-8"))
        fill(database)
    return app


def fill(database: Any) -> None:
    """A user and some posts, written at set moments."""
    hashed = generate_password_hash(PASSWORD, "pbkdf2:sha256:1")
    database.execute("INSERT INTO user (username, password) VALUES ('ada', ?)", (hashed,))
    insert = "INSERT INTO post (author_id, created, title, body) VALUES (1, ?, ?, ?)"
    dated = [(f"2026-01-{number + 1:02} 12:00:00", *post) for number, post in enumerate(POSTS)]
    database.executemany(insert, dated)
    database.commit()


APPLICATIONS: dict[str, Callable[[], Any]] = dict.fromkeys(("tutorial_index", "tutorial_login"), make)
