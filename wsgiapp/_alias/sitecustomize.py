"""Installs the alias in a Python program that another one under the alias has started.

Python imports the first ``sitecustomize`` on its path; the one that would have been imported without this comes next.
It may be an agent's, which looks for the next one in turn and must not find this one again.
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
if _place >= 0 and _spec is not None and _spec.loader is not None:
    _own = sys.path.pop(_place)
    try:
        _spec.loader.exec_module(importlib.util.module_from_spec(_spec))
    finally:
        sys.path.insert(_place, _own)
