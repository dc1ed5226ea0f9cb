"""The alias: ``import flask`` and ``flask.*`` give these modules, for code that was written for Flask.

Importing this module installs the alias, so that ``pytest -p wsgiapp.as_flask`` has it in place before any plugin or
conftest imports Flask. ``flask`` is then the very module object ``wsgiapp``, and each ``flask.x`` the module that
stands under our name; what is patched in one is patched in the other.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
import warnings
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import wsgiapp

from .app import App
from .cli import FLASK_API

_SUBMODULES = (
    "app", "blueprints", "cli", "config", "ctx", "debughelpers", "globals", "helpers", "json", "json.provider",
    "json.tag", "logging", "sessions", "signals", "templating", "testing", "typing", "views", "wrappers", "__main__",
)  # fmt: skip
_SANSIO = ("app", "blueprints", "scaffold")

_METADATA = f"Metadata-Version: 2.1\nName: Flask\nVersion: {FLASK_API}\nSummary: wsgiapp under the name of Flask\n"
_ENTRY_POINTS = "[console_scripts]\nflask = flask.cli:main\n"


_ANY = importlib.metadata.DistributionFinder.Context()


class AliasDistribution(importlib.metadata.Distribution):
    """What ``importlib.metadata`` says of the distribution "flask" where none is installed."""

    def read_text(self, filename: str) -> str | None:
        """The metadata files that there are."""
        return {"METADATA": _METADATA, "entry_points.txt": _ENTRY_POINTS}.get(filename)

    def locate_file(self, path: Any) -> Path:
        """Where *path* would lie: below the folder that wsgiapp is imported from."""
        return Path(wsgiapp.__path__[0]).parent / str(path)


class AliasFinder(importlib.metadata.DistributionFinder):
    """Answers for the distribution "flask", by name and in a listing of all."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None  # noqa: ARG002  # the protocol's
    ) -> ModuleSpec | None:
        """None: the modules are in ``sys.modules`` already."""
        return None

    def find_distributions(
        self, context: importlib.metadata.DistributionFinder.Context = _ANY
    ) -> Iterable[importlib.metadata.Distribution]:
        """The alias, where "flask" or everything is asked for."""
        if context.name is None or context.name.lower() == "flask":
            yield AliasDistribution()


def install() -> None:
    """Put the alias in place. Calling it again does nothing.

    A warning says so when Flask itself was imported before: whoever did keeps its objects.
    """
    loaded = sys.modules.get("flask")
    if loaded is wsgiapp:
        return
    if loaded is not None:
        warnings.warn(
            "Flask was imported before wsgiapp.as_flask was installed, so some code holds Flask's own objects. Install"
            " the alias first: 'python -m wsgiapp.as_flask', or '-p wsgiapp.as_flask' before other pytest plugins.",
            stacklevel=2,
        )
        for name in [name for name in sys.modules if name == "flask" or name.startswith("flask.")]:
            del sys.modules[name]
    for name in _SUBMODULES:
        sys.modules[f"flask.{name}"] = importlib.import_module(f"wsgiapp.{name}") if name != "__main__" else _main()
    sansio = ModuleType("flask.sansio", "The layers of wsgiapp under the names of Flask's package without I/O.")
    sansio.__path__ = []
    sys.modules["flask.sansio"] = sansio
    for name in _SANSIO:
        module = importlib.import_module(f"wsgiapp.{name}")
        setattr(sansio, name, module)
        sys.modules[f"flask.sansio.{name}"] = module
    sys.modules["flask"] = wsgiapp
    vars(wsgiapp).update(Flask=App, sansio=sansio, __version__=FLASK_API)
    vars(sys.modules["flask.app"]).update(Flask=App)
    try:
        importlib.metadata.distribution("flask")
    except importlib.metadata.PackageNotFoundError:
        sys.meta_path.append(AliasFinder())


def _main() -> ModuleType:
    module = ModuleType("flask.__main__")
    module.main = sys.modules["flask.cli"].main  # type: ignore[attr-defined]  # its one name
    return module


install()
