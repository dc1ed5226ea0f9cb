"""Lazy imports: modules of this package that are imported when a name of theirs is first read.

Layer "lazy_imports", the lowest. While the package is imported, :data:`LAZY` modules are stood for by a
:class:`LazyModule`: that is what our modules get by ``from . import cli``, and they read its names in functions only.
``sys.modules`` never holds a module that is half there, and the import system's own locks keep threads apart. Only
modules that load click, Jinja2 or the tools of tests are lazy: a server can do without them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

LAZY = ("cli", "environment", "testing")


class LazyModule(ModuleType):
    """Reads every name in the module of its own name, which is imported for it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


def stand_in(package: str, names: tuple[str, ...] = LAZY) -> None:
    """Let a :class:`LazyModule` stand for each of these modules of a *package* that is being imported."""
    for name in names:
        setattr(sys.modules[package], name, LazyModule(f"{package}.{name}"))


def withdraw(package: str, names: tuple[str, ...] = LAZY) -> None:
    """Take the stand-ins out of a *package* again, whose ``__getattr__`` calls :func:`import_lazily` from then on."""
    for name in names:
        if isinstance(vars(sys.modules[package]).get(name), LazyModule):
            delattr(sys.modules[package], name)


def import_lazily(package: str, name: str) -> Any:
    """For a package's ``__getattr__``: import the module of that *name*, if it is a lazy one.

    :raises AttributeError: for any other name.
    """
    if name in LAZY:
        return import_module(f"{package}.{name}")
    raise AttributeError(f"module {package!r} has no attribute {name!r}")


stand_in(__package__)
