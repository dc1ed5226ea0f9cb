"""A finder and a loader for ``import flask``, which give wsgiapp's modules.

The import goes through the import system, as with Flask, so that import hooks see it: monitoring agents replace parts
of Flask when it is imported (``wrapt.when_imported("flask")``).
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
# The modules that ``import flask`` itself does not load in Flask.
_LOADED_LATER = {"flask", "flask.debughelpers", "flask.testing", "flask.views"}

#: The folder for ``PYTHONPATH`` by which child processes install the alias.
ALIAS_FOLDER = str(Path(wsgiapp.__path__[0], "_alias"))

_ANY = importlib.metadata.DistributionFinder.Context()


class AliasModule(ModuleType):
    """A module named ``flask.x`` that reads and sets all attributes in the module ``wsgiapp.x``.

    It exists only during the import, for the import system and the hooks of agents: they need its ``__name__``, and set
    ``__spec__`` and ``__loader__``, which must not change in the real module. The import returns the real module.
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
    """Loads ``flask.x`` by importing the module of wsgiapp that takes its place.

    :param name: the full name of that module.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def create_module(self, spec: ModuleSpec) -> AliasModule:
        """Import the real module, and return the one that takes its place during the import."""
        return AliasModule(spec.name, importlib.import_module(self.name))

    def exec_module(self, module: ModuleType) -> None:
        """Put the module itself into ``sys.modules``, from where the import system takes it."""
        sys.modules[module.__name__] = vars(module)["__wrapped__"]
        if module.__name__ == "flask":
            for name in _HOMES:
                if name not in _LOADED_LATER:  # so that import hooks for ``flask.app`` run at ``import flask``
                    importlib.import_module(name)


class AliasFinder(importlib.metadata.DistributionFinder):
    """Finds ``flask`` and its modules for the import system, and the distribution "flask" for ``importlib.metadata``.

    :param distribution: whether to find the distribution; False when Flask itself is installed, which has its own.
    """

    def __init__(self, distribution: bool) -> None:
        self.distribution = distribution

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  # the protocol's
        target: ModuleType | None = None,  # noqa: ARG002  # the protocol's
    ) -> ModuleSpec | None:
        """Return the spec of a module of the alias; None for any other module.

        :raises ModuleNotFoundError: for a name below ``flask`` that Flask does not have. Without the error a module of
            ours would be loaded twice.
        """
        self.precede_pytest()
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

    def precede_pytest(self) -> None:
        """Move pytest's finder behind this one.

        It looks in ``flask.__path__``, the folder of ``wsgiapp``. Where ``python_files`` matches a file there
        (``test*.py`` does), it would load that module a second time under Flask's name.
        """
        finders = sys.meta_path
        place = finders.index(self) if self in finders else 0
        moved = [finder for finder in finders[:place] if type(finder).__module__ == "_pytest.assertion.rewrite"]
        if moved:
            before = [finder for finder in finders[:place] if finder not in moved]
            # A new list: an import that is under way goes through the old one, and would miss a finder where it shrank.
            sys.meta_path = [*before, self, *moved, *finders[place + 1 :]]

    def find_distributions(
        self, context: importlib.metadata.DistributionFinder.Context = _ANY
    ) -> Iterable[importlib.metadata.Distribution]:
        """Yield the alias, where "flask" or everything is asked for."""
        if self.distribution and (context.name is None or context.name.lower() == "flask"):
            yield importlib.metadata.PathDistribution(Path(ALIAS_FOLDER, f"flask-{FLASK_API}.dist-info"))
