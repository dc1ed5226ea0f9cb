"""Make ``import flask`` mean a step of the ladder, and run a program so.

    python ladder/as_flask.py -m pytest ARGUMENTS
    python ladder/as_flask.py FILE ARGUMENTS
    python ladder/as_flask.py --app flaskr run        # or init-db, or another command of the app
    python -m pytest -p as_flask                      # with ladder/ in PYTHONPATH

It is the last step, or the one whose number stands in the environment variable ``LADDER_STEP``. Each name that is
public in the step is a name of ``flask``, and each module of Flask that programs import is the same module.
"""

import importlib
import os
import runpy
import sys
from pathlib import Path
from types import ModuleType

LAST = 15
MODULES = (
    "app", "blueprints", "cli", "config", "ctx", "globals", "helpers", "sessions", "signals", "templating", "testing",
    "views", "wrappers",
)  # fmt: skip


def install(number=LAST):
    """Make ``import flask`` mean step *number*; a Flask that is installed is not found any more.

    :return: the module that is now called ``flask``.
    """
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    step = importlib.import_module(f"step_{number:02}")
    sys.path.pop(0)
    flask = ModuleType("flask", f"Step {number} of the ladder under the name of Flask.")
    flask.__path__ = []
    vars(flask).update({name: value for name, value in vars(step).items() if not name.startswith("_")})
    if hasattr(step, "App"):
        flask.Flask = step.App
    for name in MODULES:
        sys.modules[f"flask.{name}"] = flask
        setattr(flask, name, flask)
    sys.modules["flask"] = flask
    return flask


def find_app(target):
    """The app that *target* names: ``module``, ``module:name`` or ``module:factory``."""
    name, _, attribute = target.partition(":")
    module = importlib.import_module(name.removesuffix(".py"))
    for candidate in [attribute] if attribute else ["app", "application", "create_app", "make_app"]:
        found = getattr(module, candidate.removesuffix("()"), None)
        if found is not None:
            return found if hasattr(found, "wsgi_app") else found()
    raise SystemExit(f"No app in {name}: name it after a colon, such as --app {name}:my_app.")


def main(arguments):
    """Run a module, a file, or a command of an app."""
    sys.path.insert(0, "")
    match arguments:
        case ["-m", module, *rest]:
            sys.argv = [module, *rest]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case ["--app", target, *rest]:
            find_app(target).cli.main(rest, prog_name="flask")
        case [file, *rest]:
            sys.argv, sys.path[0] = [file, *rest], str(Path(file).resolve().parent)
            runpy.run_path(file, run_name="__main__")
        case []:
            raise SystemExit(__doc__)


install(int(os.environ.get("LADDER_STEP", LAST)))
if __name__ == "__main__":
    main(sys.argv[1:])
