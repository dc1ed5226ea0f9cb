"""``python -m wsgiapp.as_flask``: run a program under the alias.

If a monitoring agent was loaded by ``sitecustomize`` before the alias was installed, Python is started once more, so
that the agent finds the alias and not an installed Flask.
"""

from __future__ import annotations

import importlib
import os
import runpy
import site
import subprocess
import sys
import sysconfig
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

from wsgiapp import as_flask
from wsgiapp.cli import cli

_RESTARTED = "WSGIAPP_ALIAS_RESTARTED"
_PATHS_OF_PYTHON = [*sysconfig.get_paths().values(), *site.getsitepackages()]


def _is_program(name: str) -> bool:
    """Say whether *name* is a file or folder to run. A bare name such as ``routes`` is always a command."""
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


def _restart_before_agent() -> None:
    """Start Python once more if an agent's ``sitecustomize`` ran before the alias: it may have imported Flask."""
    file = getattr(sys.modules.get("sitecustomize"), "__file__", None)
    if os.environ.pop(_RESTARTED, None) or file is None:
        return
    folder = str(Path(file).parent)
    if os.path.realpath(folder) in map(os.path.realpath, (as_flask.ALIAS_FOLDER, *_PATHS_OF_PYTHON)):
        return  # ours, or that of the Python installation: not an agent
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path not in ("", folder)]
    # Its folder is added again: an agent may have removed it, to stay out of child processes.
    os.environ["PYTHONPATH"] = os.pathsep.join([as_flask.ALIAS_FOLDER, folder, *paths])
    os.environ[_RESTARTED] = "1"
    command = [sys.executable, *sys.orig_argv[1:]]
    if os.name == "nt":  # Windows has no exec
        raise SystemExit(subprocess.call(command))  # noqa: S603  # the command line of this very process
    os.execv(sys.executable, command)  # noqa: S606  # the same


def main(args: list[str] | None = None) -> None:
    """Run a program under the alias.

    :param args: ``-m MODULE ARGS...``, ``FILE ARGS...``, or the flask command's arguments; ``sys.argv`` by default.
        With ``--xray`` in front, the X-ray watches every app, and shows it at ``/_xray``.
    """
    args = sys.argv[1:] if args is None else args
    as_flask.install()
    as_flask.inherit()
    if args[:1] == ["--xray"]:
        args = args[1:]
        importlib.import_module("wsgiapp.xray").watch_all()  # by name, so that it is loaded only with --xray
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
        cli.main(args=args, prog_name="flask")


if __name__ == "__main__":
    _restart_before_agent()
    main()
