"""Installs the alias in a Python program that another one under the alias has started.

Python imports the first ``sitecustomize`` on its path; the one that would have been imported without this comes next.
"""

import importlib.machinery
import importlib.util
import pathlib
import sys

import wsgiapp.as_flask  # noqa: F401  # importing it installs the alias

_HERE = str(pathlib.Path(__file__).resolve().parent)
_spec = importlib.machinery.PathFinder.find_spec("sitecustomize", [p for p in sys.path if p and p != _HERE])
if _spec is not None and _spec.loader is not None:
    _spec.loader.exec_module(importlib.util.module_from_spec(_spec))
