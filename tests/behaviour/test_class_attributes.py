"""Every public class of Flask has its counterpart, with the public names that Flask's class has by itself.

What a class inherits from Werkzeug, click or Jinja2 is not asked about: both inherit it.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import flask
import pytest

import wsgiapp

# Classes that stand elsewhere, or under another name.
COUNTERPARTS = {"flask.app.Flask": wsgiapp.App}
PLAIN = (str, bytes, int, float, bool, type(None))


def modules() -> Iterator[str]:
    yield from (info.name for info in pkgutil.walk_packages(flask.__path__, "flask.") if "__main__" not in info.name)


def classes() -> Iterator[tuple[type, type]]:
    """Flask's public classes and their counterparts."""
    for name in modules():
        ours = importlib.import_module(name.replace("flask.sansio", "wsgiapp").replace("flask.", "wsgiapp.", 1))
        for cls in vars(importlib.import_module(name)).values():
            if inspect.isclass(cls) and cls.__module__ == name and not cls.__name__.startswith("_"):
                full = f"{name}.{cls.__name__}"
                yield cls, COUNTERPARTS.get(full) or getattr(ours, cls.__name__, object)


PAIRS = [pytest.param(theirs, ours, id=f"{theirs.__module__}.{theirs.__name__}") for theirs, ours in classes()]


def own_names(cls: type) -> dict[str, Any]:
    """The public names that Flask itself gives *cls*, with their values."""
    bases = [base for base in reversed(cls.__mro__) if base.__module__.startswith("flask.")]
    return {name: value for base in bases for name, value in vars(base).items() if not name.startswith("_")}


def test_classes_are_found() -> None:
    assert len(PAIRS) >= 41
    assert {"flask.wrappers.Request", "flask.app.Flask", "flask.cli.CertParamType"} <= {pair.id for pair in PAIRS}


@pytest.mark.parametrize(("theirs", "ours"), PAIRS)
def test_class_has_the_public_names_of_flask(theirs: type, ours: type) -> None:
    assert [name for name in own_names(theirs) if not hasattr(ours, name)] == []


@pytest.mark.parametrize(("theirs", "ours"), PAIRS)
def test_plain_values_of_a_class_are_those_of_flask(theirs: type, ours: type) -> None:
    plain = {name: value for name, value in own_names(theirs).items() if isinstance(value, PLAIN)}
    assert {name: getattr(ours, name) for name in plain} == plain
