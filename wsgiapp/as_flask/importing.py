"""How ``import flask`` is answered: a finder, and loaders that hand over modules which are there already.

An import goes through the import system, as on Flask, so that whoever waits for one is told: the agents that monitor
programs replace parts of Flask when it is imported (``wrapt.when_imported("flask")``).
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import wsgiapp
from wsgiapp.cli import FLASK_API

_HOMES = {
    "flask": "wsgiapp",
    **{
        f"flask.{name}": f"wsgiapp.{name}"
        for name in (
            "app", "blueprints", "cli", "config", "ctx", "debughelpers", "globals", "helpers", "json", "json.provider",
            "json.tag", "logging", "sessions", "signals", "templating", "testing", "typing", "views", "wrappers",
        )
    },
    "flask.sansio": "wsgiapp.as_flask.sansio",
    "flask.sansio.app": "wsgiapp.as_flask.sansio.app",
    "flask.sansio.blueprints": "wsgiapp.blueprints",
    "flask.sansio.scaffold": "wsgiapp.scaffold",
}  # fmt: skip
# What Flask loads only when it is asked for.
_LOADED_LATER = {"flask", "flask.debughelpers", "flask.testing", "flask.views"}

#: The folder by which child processes install the alias.
ALIAS_FOLDER = str(Path(wsgiapp.__path__[0], "_alias"))

_ANY = importlib.metadata.DistributionFinder.Context()


class HandedOver(ModuleType):
    """A module under the name ``flask.x`` that reads and sets everything in the module it stands for.

    The import system and the hooks of agents get it while a module is imported: they go by its ``__name__``, and set
    ``__spec__`` and ``__loader__``, which must stay as they are in the module itself. Imports give that one.
    """

    def __init__(self, name: str, module: ModuleType) -> None:
        super().__init__(name, module.__doc__)
        vars(self)["__wrapped__"] = module

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["__wrapped__"], name)

    def __setattr__(self, name: str, value: object) -> None:
        if name.startswith("__"):
            super().__setattr__(name, value)
        else:
            setattr(vars(self)["__wrapped__"], name, value)

    def __delattr__(self, name: str) -> None:
        delattr(vars(self)["__wrapped__"], name)

    def __dir__(self) -> Iterable[str]:
        return dir(vars(self)["__wrapped__"])


class AliasLoader(Loader):
    """Loads ``flask.x`` by handing over the module of our name, imported in the usual way.

    :param name: the full name of that module.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def create_module(self, spec: ModuleSpec) -> HandedOver:
        """Return what stands for the module until the import has ended."""
        return HandedOver(spec.name, importlib.import_module(self.name))

    def exec_module(self, module: ModuleType) -> None:
        """Put the module itself into ``sys.modules``, from where the import system takes it."""
        sys.modules[module.__name__] = vars(module)["__wrapped__"]
        if module.__name__ == "flask":
            for name in _HOMES:
                if name not in _LOADED_LATER:  # who waits for ``flask.app`` is told of it at ``import flask``
                    importlib.import_module(name)


class AliasFinder(importlib.metadata.DistributionFinder):
    """Finds ``flask`` and the modules that Flask has below it, and answers for the distribution "flask".

    :param distribution: whether to answer; where Flask itself is installed, its own metadata do.
    """

    def __init__(self, distribution: bool) -> None:
        self.distribution = distribution

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  # the protocol's
        target: ModuleType | None = None,  # noqa: ARG002  # the protocol's
    ) -> ModuleSpec | None:
        """How a module of Flask's name is loaded; None for whatever is no part of the alias.

        :raises ModuleNotFoundError: for one of our modules that Flask has not, which would be loaded a second time.
        """
        home = _HOMES.get(fullname)
        if home is not None:
            found = importlib.util.find_spec(home)
            origin, folders = (found.origin, found.submodule_search_locations) if found is not None else (None, None)
            spec = ModuleSpec(fullname, AliasLoader(home), origin=origin, is_package=folders is not None)
            spec.submodule_search_locations = folders
            return spec
        if fullname.startswith("flask.") and fullname != "flask.__main__":
            raise ModuleNotFoundError(f"Flask {FLASK_API} has no module {fullname!r}.", name=fullname)
        return None

    def find_distributions(
        self, context: importlib.metadata.DistributionFinder.Context = _ANY
    ) -> Iterable[importlib.metadata.Distribution]:
        """Yield the alias, where "flask" or everything is asked for."""
        if self.distribution and (context.name is None or context.name.lower() == "flask"):
            yield importlib.metadata.PathDistribution(Path(ALIAS_FOLDER, f"flask-{FLASK_API}.dist-info"))
