"""Modules that run when they are first used: what a server can do without costs it neither time nor memory.

Layer "late", the lowest. A late module stands in its place, in ``sys.modules`` and in the package, from the start; its
code runs when an attribute of it is first read or set. Others reach it by ``from . import NAME`` and read its names
inside functions; ``from .NAME import X`` runs it at once. Only this package's own modules are late, and only those that
load click, Jinja2 or the tools of tests.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from threading import RLock
from types import ModuleType
from typing import Any

LATE = ("cli", "environment", "testing")

_running = RLock()


class LateModule(ModuleType):
    """A module whose code has not run yet.

    It does what :class:`importlib.util.LazyLoader` does, which before Python 3.12.3 shows a module half loaded to a
    second thread, and for ever after an error.
    """

    def __getattribute__(self, name: str) -> Any:
        with _running:
            names = ModuleType.__getattribute__(self, "__dict__")
            loader = names.pop("__late__", None)  # none where it has run, or is running and reads itself
            try:
                if loader is not None:
                    loader.exec_module(self)
                    ModuleType.__setattr__(self, "__class__", ModuleType)
            except BaseException:
                names["__late__"] = loader
                raise
        return ModuleType.__getattribute__(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__  # noqa: B018  # reading runs it: its code must not undo what is set here
        ModuleType.__setattr__(self, name, value)


def postpone(name: str) -> None:
    """Put the module of that full *name* in its place, without running it."""
    spec: Any = find_spec(name)
    module = sys.modules[name] = module_from_spec(spec)
    vars(module)["__late__"] = spec.loader
    setattr(sys.modules[spec.parent], name.rpartition(".")[2], module)
    module.__class__ = LateModule


for _name in LATE:
    postpone(f"{__package__}.{_name}")
