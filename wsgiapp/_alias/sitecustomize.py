"""Installs the alias in a Python program that another one under the alias has started.

Python imports the first ``sitecustomize`` on its path; the one that would have been imported without this comes next.
It may be an agent's, which goes on to the next one in turn: that is this one again, and does nothing more.
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
