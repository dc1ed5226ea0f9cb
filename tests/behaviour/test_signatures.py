"""The public API is Flask's to the letter: each module's functions and classes, their methods, parameters, defaults."""

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

MODULES = {
    "": "flask",
    "app": "flask.app",
    "blueprints": "flask.blueprints",
    "cli": "flask.cli",
    "config": "flask.config",
    "ctx": "flask.ctx",
    "globals": "flask.globals",
    "helpers": "flask.helpers",
    "json": "flask.json",
    "json.provider": "flask.json.provider",
    "json.tag": "flask.json.tag",
    "logging": "flask.logging",
    "sessions": "flask.sessions",
    "signals": "flask.signals",
    "templating": "flask.templating",
    "testing": "flask.testing",
    "views": "flask.views",
    "wrappers": "flask.wrappers",
}
RENAMED = {"Flask": "App"}
INTERNAL = {"CertParamType"}  # the type of an option of `run`: its name answers, how it is made is nobody's business


def defined(module: Any) -> Iterator[tuple[str, Any]]:
    """The public functions and classes that `module` or its `sansio` twin defines; for the package, all it offers."""
    homes = {module.__name__, module.__name__.replace("flask.", "flask.sansio.")}
    for name, value in vars(module).items():
        home = getattr(value, "__module__", "") or ""
        own = home.startswith("flask.") if module.__name__ == "flask" else home in homes
        if own and not name.startswith(("_", "Sansio")) and (inspect.isclass(value) or inspect.isroutine(value)):
            yield name, value


def shape(function: Any) -> list[tuple[str, str, str]]:
    """Name, kind and default of each parameter."""
    parameters = inspect.signature(function).parameters.values()
    return [(p.name, p.kind.name, default(p.default)) for p in parameters]


def default(value: Any) -> str:
    """How a default is written, without addresses and without the framework's name."""
    text = getattr(value, "__qualname__", None) or repr(value)
    return text.split(" at 0x")[0].replace("wsgiapp", "flask")


@pytest.mark.parametrize("name", sorted(MODULES))
def test_functions_take_what_flask_s_take(name: str) -> None:
    ours = importlib.import_module(f"wsgiapp.{name}".rstrip("."))
    different = {}
    for attribute, theirs in defined(importlib.import_module(MODULES[name])):
        if inspect.isclass(theirs):
            continue
        mine = getattr(ours, attribute, None)
        if mine is None or shape(mine) != shape(theirs):
            different[attribute] = (mine and shape(mine), shape(theirs))
    assert different == {}


CLASSES = sorted(
    {
        (module, name)
        for module, path in MODULES.items()
        for name, value in defined(importlib.import_module(path))
        if inspect.isclass(value) and name not in INTERNAL
    }
)


@pytest.mark.parametrize(("module", "name"), CLASSES)
def test_classes_have_what_flask_s_have(module: str, name: str) -> None:
    """Every public member is there, and every method takes the same."""
    theirs = getattr(importlib.import_module(MODULES[module]), name)
    mine = getattr(importlib.import_module(f"wsgiapp.{module}".rstrip(".")), RENAMED.get(name, name))
    different = {}
    for member in sorted(name for name in dir(theirs) if not name.startswith("_") or name == "__init__"):
        wanted, found = inspect.getattr_static(theirs, member), inspect.getattr_static(mine, member, None)
        if found is None and wanted is not None:
            different[member] = "missing"
        elif inspect.isfunction(getattr(theirs, member)) and own_signature(theirs, member):
            if shape(getattr(mine, member)) != shape(getattr(theirs, member)):
                different[member] = f"{shape(getattr(mine, member))} instead of {shape(getattr(theirs, member))}"
    assert different == {}


def own_signature(cls: type, member: str) -> bool:
    """Whether Flask itself, not one of its parts, defines this method."""
    owner = next(base for base in cls.__mro__ if member in vars(base))
    return owner.__module__.split(".")[0] == "flask"
