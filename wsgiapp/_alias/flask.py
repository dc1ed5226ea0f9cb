"""Installs the alias in a child process that imports Flask before anything else has installed it.

This happens when the ``sitecustomize`` of a monitoring agent is found before ours and does not run ours.
"""

import importlib
import sys

del sys.modules["flask"]  # this file; the next import puts wsgiapp there
importlib.import_module("wsgiapp.as_flask").install()
importlib.import_module("flask")
