"""Installs the alias where a child process of a program under it imports Flask and nothing else has installed it.

So it is where an agent's ``sitecustomize`` stands before ours and does not go on to the next one.
"""

import importlib
import sys

del sys.modules["flask"]  # this file; the name is for the package that Flask's name stands for
importlib.import_module("wsgiapp.as_flask").install()
importlib.import_module("flask")
