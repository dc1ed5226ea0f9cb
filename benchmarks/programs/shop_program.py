"""The shop, as it is shipped, on wsgiapp, on Flask and on the floor.

Its modules import their framework as ``wsgiapp``. Where another one is measured, that name answers with the other
framework's modules, so that the very same files run: views, forms, queries, templates, and `wsgiapp.rest`, the library
of its API. Some names that pages of the book use have no counterpart elsewhere: the table of layers and the X-ray; no
page that is measured shows them, and the X-ray is off.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from benchmarks.workloads import FOLDER, SECRET_KEY

PACKAGE = FOLDER.parent / "wsgiapp"
PARTS = ("views", "typing", "globals", "cli", "json", "json.provider", "json.tag", "sessions")
OWN = ("rest", "shop")  # the application and its library: real on every framework
ABSENT = {"dispatch": "LIFECYCLE", "xray": "XRay", "xray.cookie": "decode"}


def rename(flask: ModuleType) -> None:
    """Let ``wsgiapp`` name *flask* in this process, and its shop the real one; nothing else of wsgiapp is found."""
    package = ModuleType("wsgiapp")
    vars(package).update({name: value for name, value in vars(flask).items() if not name.startswith("__")})
    vars(package).update(App=vars(flask)["Flask"], __path__=[])
    sys.modules["wsgiapp"] = package
    for name in PARTS:
        sys.modules[f"wsgiapp.{name}"] = importlib.import_module(f"flask.{name}")
    for name, content in ABSENT.items():
        part = sys.modules[f"wsgiapp.{name}"] = ModuleType(f"wsgiapp.{name}")
        vars(part).update({content: (), "__path__": []})
    for name in OWN:
        folder = PACKAGE / name
        spec = importlib.util.spec_from_file_location(
            f"wsgiapp.{name}", folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        if spec is None or spec.loader is None:
            raise ImportError(f"there is no {name} in {PACKAGE}")
        part = sys.modules[f"wsgiapp.{name}"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(part)


@cache
def make() -> Any:
    """The shop in production, with a database of its own whose rows have fixed dates."""
    flask = importlib.import_module("flask")
    if flask.Flask.__module__ != "wsgiapp.app":
        rename(flask)
    folder = tempfile.TemporaryDirectory(prefix="benchmark-")
    settings = {"INSTANCE_PATH": folder.name, "SECRET_KEY": SECRET_KEY, "DEMO": True}
    app = importlib.import_module("wsgiapp.shop").create_app(settings)
    app.secret_key = SECRET_KEY
    app.extensions["benchmark.folder"] = folder  # kept until the process ends
    set_dates(app)
    return app


def set_dates(app: Any) -> None:
    """Make the database, and have its rows made at set moments: pages show the day, the API the second."""
    sqlalchemy = importlib.import_module("sqlalchemy")
    store, models = (importlib.import_module(f"wsgiapp.shop.{name}") for name in ("store", "models"))
    with app.extensions[store.EXTENSION].write_session() as database, database.begin():
        when = 1_700_000_000 + models.Review.id * 86_400
        database.execute(sqlalchemy.update(models.Review).values(created_at=when))
        times = {"created_at": 1_700_000_000, "updated_at": 1_700_000_000}
        database.execute(sqlalchemy.update(models.Product).values(times))


APPLICATIONS: dict[str, Callable[[], Any]] = dict.fromkeys(("shop_front", "shop_product", "shop_api"), make)
