"""The alias: ``import flask`` and ``flask.*`` give these modules, for code that was written for Flask.

Importing this module installs the alias, so that ``pytest -p wsgiapp.as_flask`` has it in place before any plugin or
conftest imports Flask. ``flask`` is then the very module object ``wsgiapp``, and each ``flask.x`` the module that
stands under our name; what is patched in one is patched in the other. As a program it runs another one under it::

    python -m wsgiapp.as_flask -m MODULE ARGS...
    python -m wsgiapp.as_flask FILE ARGS...
    python -m wsgiapp.as_flask --app NAME run       # and whatever else the flask command takes
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import runpy
import sys
import warnings
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import wsgiapp

from . import cli
from .app import App
from .cli import FLASK_API

_SUBMODULES = (
    "app", "blueprints", "cli", "config", "ctx", "debughelpers", "globals", "helpers", "json", "json.provider",
    "json.tag", "logging", "sessions", "signals", "templating", "testing", "typing", "views", "wrappers",
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
    """Keeps ``flask.*`` to what Flask has, and answers for the distribution "flask".

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
        """None for whatever is no part of the alias; the modules that are stand in ``sys.modules`` already.

        :raises ModuleNotFoundError: for one of our modules that Flask has not, which would be loaded a second time.
        """
        if fullname.startswith("flask.") and fullname != "flask.__main__":
            raise ModuleNotFoundError(f"Flask {FLASK_API} has no module {fullname!r}.", name=fullname)
        return None

    def find_distributions(
        self, context: importlib.metadata.DistributionFinder.Context = _ANY
    ) -> Iterable[importlib.metadata.Distribution]:
        """The alias, where "flask" or everything is asked for."""
        if self.distribution and (context.name is None or context.name.lower() == "flask"):
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
        sys.modules[f"flask.{name}"] = importlib.import_module(f"wsgiapp.{name}")
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
        installed = False
    else:
        installed = True
    sys.meta_path.insert(0, AliasFinder(distribution=not installed))


def inherit() -> None:
    """Have the Python programs that this one starts (a reloader, a test's child process) install the alias too."""
    folder = str(Path(wsgiapp.__path__[0], "_alias"))
    paths = os.environ.get("PYTHONPATH", "")
    if folder not in paths.split(os.pathsep):
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (folder, paths)))


def _is_program(name: str) -> bool:
    """Whether *name* is a file or folder to run; a bare name such as ``routes`` is a command, whatever lies there."""
    return Path(name).exists() and (Path(name).suffix in (".py", ".pyw", ".pyz") or Path(name).name != name)


def _run_file(path: str) -> None:
    """Run a file as ``python FILE`` does: as ``__main__``, its folder first on ``sys.path``."""
    sys.path[0] = str(Path(path).resolve().parent)
    loader = SourceFileLoader("__main__", path)
    main = ModuleType("__main__")
    # No package and no spec, as in any script: the reloader reads them to start the program again.
    vars(main).update(__file__=path, __loader__=loader, __package__=None, __spec__=None)
    sys.modules["__main__"] = main
    exec(compile(Path(path).read_bytes(), path, "exec"), vars(main))  # noqa: S102  # it is what the user asked to run


def main(args: list[str] | None = None) -> None:
    """Run a program under the alias.

    :param args: ``-m MODULE ARGS...``, ``FILE ARGS...``, or the flask command's arguments; ``sys.argv`` by default.
        With ``--xray`` in front every app is shown from inside, at ``/_xray``.
    """
    args = sys.argv[1:] if args is None else args
    install()
    inherit()
    if args[:1] == ["--xray"]:
        args = args[1:]
        importlib.import_module("wsgiapp.xray").watch_all()  # by name: without the switch nothing of it is loaded
    if args[:1] == ["-m"]:
        if len(args) < 2:
            raise SystemExit("wsgiapp.as_flask: '-m' needs the name of a module to run.")
        sys.argv = args[1:]
        runpy.run_module(args[1], run_name="__main__", alter_sys=True)
    elif args and _is_program(args[0]):
        sys.argv = args
        if Path(args[0]).is_file():
            _run_file(args[0])
        else:
            runpy.run_path(args[0], run_name="__main__")
    else:
        cli.cli.main(args=args, prog_name="flask")


install()

if __name__ == "__main__":
    main()
