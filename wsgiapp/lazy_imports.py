"""Lazy imports: modules of this package that are imported when a name of theirs is first read; late patterns.

Layer "lazy_imports", the lowest. While the package is imported, a :class:`LazyModule` takes the place of each of the
modules in :data:`LAZY`. Our modules get it by ``from . import cli``, and read its names only inside functions.
``sys.modules`` never holds a half-loaded module, and the locks of the import system protect threads. Only modules that
a server may never need are lazy: those that load click, Jinja2, itsdangerous or test tools, and those for mistakes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from types import ModuleType
from typing import Any

LAZY = ("cli", "devserver", "environment", "hints", "mistakes", "ports", "signing", "testing")


class LazyModule(ModuleType):
    """A stand-in for a module of the same name. Reading an attribute imports that module, and reads it there."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


def add_stand_ins(package: str, names: tuple[str, ...] = LAZY) -> None:
    """Put a :class:`LazyModule` in place of each of these modules, while *package* is being imported."""
    for name in names:
        setattr(sys.modules[package], name, LazyModule(f"{package}.{name}"))


def remove_stand_ins(package: str, names: tuple[str, ...] = LAZY) -> None:
    """Remove the stand-ins from *package*, at the end of its import. Then its ``__getattr__`` imports the modules."""
    for name in names:
        if isinstance(vars(sys.modules[package]).get(name), LazyModule):
            delattr(sys.modules[package], name)


def import_lazily(package: str, name: str) -> Any:
    """Import and return a lazy module; a package calls this in its ``__getattr__``.

    :raises AttributeError: for any other name.
    """
    if name in LAZY:
        return import_module(f"{package}.{name}")
    raise AttributeError(f"module {package!r} has no attribute {name!r}")


def late_pattern(text: str, flags: int = 0) -> Callable[[], re.Pattern[str]]:
    """Return a function that returns the compiled pattern.

    PERF: it is compiled when that function is first called, since a server uses few patterns (benchmarks/: startup).
    """
    return cache(partial(re.compile, text, flags))


add_stand_ins(__package__)
