"""Installs the alias in a child process of a program that runs under it.

Python imports only the first ``sitecustomize`` on its path, so this one runs the next one itself. The next one may be
that of a monitoring agent, which may run this one again; the second time nothing more happens.
"""

import importlib.machinery
import importlib.util
import pathlib
import sys

import wsgiapp.as_flask

wsgiapp.as_flask.install()

_HERE = str(pathlib.Path(__file__).resolve().parent)
_place = next((place for place, path in enumerate(sys.path) if path and str(pathlib.Path(path).resolve()) == _HERE), -1)
_spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path[_place + 1 :])
if not wsgiapp.as_flask.is_in_child and _spec is not None and _spec.loader is not None:
    wsgiapp.as_flask.is_in_child = True
    _spec.loader.exec_module(importlib.util.module_from_spec(_spec))
