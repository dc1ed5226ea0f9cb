"""The alias: ``import flask`` and ``import flask.x`` give wsgiapp's modules, for code that was written for Flask.

Importing this package installs the alias, so that ``pytest -p wsgiapp.as_flask`` has it in place before any plugin or
conftest imports Flask. ``flask`` is then the same module object as ``wsgiapp``, and ``flask.x`` the same as
``wsgiapp.x``; a patch of one patches the other. As a program this package runs another program under the alias::

    python -m wsgiapp.as_flask -m MODULE ARGS...
    python -m wsgiapp.as_flask FILE ARGS...
    python -m wsgiapp.as_flask --app NAME run       # and whatever else the flask command takes

Here the alias is installed and handed on to child processes; how an import is answered is in ``importing``, the
program in ``__main__``.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
import warnings
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder

import wsgiapp
import wsgiapp.app
from wsgiapp.app import App
from wsgiapp.cli import FLASK_API

from .importing import ALIAS_FOLDER, AliasFinder

__all__ = ["ALIAS_FOLDER", "AliasFinder", "inherit", "install"]

#: Whether this process imported the alias folder's ``sitecustomize``, which then runs the next ``sitecustomize``.
is_in_child = False

_STANDARD_FINDERS = (BuiltinImporter, FrozenImporter, PathFinder)


def install() -> None:
    """Put the alias in place. Calling it again does nothing.

    It warns when Flask itself was imported before, because some code then keeps Flask's objects.
    """
    if any(isinstance(finder, AliasFinder) for finder in sys.meta_path):
        return
    loaded = sys.modules.get("flask")
    if loaded is not None:
        warnings.warn(
            "Flask was imported before wsgiapp.as_flask was installed, so some code holds Flask's own objects. Install"
            " the alias first: 'python -m wsgiapp.as_flask', or '-p wsgiapp.as_flask' before other pytest plugins.",
            stacklevel=2,
        )
        for name in [name for name in sys.modules if name == "flask" or name.startswith("flask.")]:
            del sys.modules[name]
    vars(wsgiapp).update(Flask=App, __version__=FLASK_API)
    vars(wsgiapp.app).update(Flask=App)
    # Some programs tell frameworks apart by this name. ``inspect`` finds the source by the qualified one, which stays.
    App.__name__ = "Flask"
    try:
        importlib.metadata.distribution("flask")
    except importlib.metadata.PackageNotFoundError:
        installed = False
    else:
        installed = True
    # Behind the finders of others: that of a monitoring agent must see each import, or the agent does not notice Flask.
    place = next((at for at, finder in enumerate(sys.meta_path) if finder in _STANDARD_FINDERS), len(sys.meta_path))
    finder = AliasFinder(distribution=not installed)
    sys.meta_path.insert(place, finder)
    finder.precede_pytest()


def inherit() -> None:
    """Make Python child processes (a reloader, a test's subprocess) install the alias too.

    The folder that is put into ``PYTHONPATH`` has a ``sitecustomize``, and a ``flask`` for a child in which the
    ``sitecustomize`` of a monitoring agent is found before ours.
    """
    paths = os.environ.get("PYTHONPATH", "")
    if ALIAS_FOLDER not in paths.split(os.pathsep):
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (ALIAS_FOLDER, paths)))


def pytest_configure() -> None:
    """Make the programs that tests start use the alias too, under ``pytest -p wsgiapp.as_flask``."""
    inherit()


# The same hook earlier, before the first conftest is read, which may start programs too.
pytest_load_initial_conftests = pytest_configure

# ``python -m wsgiapp.as_flask`` installs it later: first it must restart Python if an agent was loaded.
if not (sys.argv[:1] == ["-m"] and "wsgiapp.as_flask" in sys.orig_argv):
    install()
