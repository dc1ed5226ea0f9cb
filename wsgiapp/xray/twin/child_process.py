"""The twin's process: it loads an app on the ladder's last step, sends it one request, and writes what came of it.

Run as a program, with a JSON object on its standard input and another one on its standard output. It never imports
wsgiapp: here ``import wsgiapp`` and ``import flask`` mean the last step. A name that the step lacks is noted with the
line that asked for it. While the app is loaded something harmless stands in for it, so that the rest can be loaded;
while the request runs it is an error.
"""

from __future__ import annotations

import ast
import base64
import importlib
import inspect
import json
import logging
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import wraps
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_file_location, spec_from_loader
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

#: Names that are noted.
MAX_LACKS = 200
FRAMEWORKS = ("flask", "wsgiapp")
HERE = str(Path(__file__).resolve())
# What both processes do is loaded by its file.
EXECUTED = Path(HERE).parents[1] / "explain" / "executed.py"
SENDING = Path(HERE).with_name("sending.py")
# Classes of the step that an app uses, and their functions that have more options in the real framework.
_NOTED_CLASSES = ("App", "Blueprint", "Request", "Response", "Session", "Globals", "Config", "Client")
_WITH_OPTIONS = (("App", "__init__"), ("Blueprint", "__init__"), ("App", "register_blueprint"))


class LackingError(AttributeError):
    """Raised when a request uses something that the last step does not have."""


class Notes:
    """The names that the app used and that the last step does not have.

    :param ladder: the folder of the steps.
    """

    def __init__(self, ladder: str) -> None:
        self.ladder = ladder
        self.lacks: dict[tuple[str, str], dict[str, str]] = {}
        self.running = False

    def add(self, name: str) -> Any:
        """Note *name* and return what stands in for it.

        :raises LackingError: while the request runs.
        """
        where = self._asker()
        if len(self.lacks) < MAX_LACKS:
            self.lacks.setdefault((name, where), {"name": name, "where": where, "running": str(self.running or "")})
        if self.running:
            raise LackingError(f"The last step of the ladder has no {name}.")
        return Lacking(name, self)

    def _asker(self) -> str:
        """Return the line of the app that used the name."""
        frame: Any = sys._getframe(2)
        while frame is not None:
            file = frame.f_code.co_filename
            if file != HERE and not file.startswith((self.ladder, "<")) and "importlib" not in file:
                return f"{file}:{frame.f_lineno}"
            frame = frame.f_back
        return ""


class Lacking:
    """Stands in for something that the last step lacks, while the app is loaded.

    :param name: what it stands for.
    :param notes: where its use during the request is noted.
    """

    def __init__(self, name: str, notes: Notes) -> None:
        self.__dict__.update(_name=name, _notes=notes)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._in_use(f"{self._name}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        """Take any value: nobody will read it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._in_use(self._name)
        return args[0] if len(args) == 1 and not kwargs and isinstance(args[0], (FunctionType, type)) else self

    def _in_use(self, name: str) -> Any:
        return self._notes.add(self._name) if self._notes.running else Lacking(name, self._notes)

    def __mro_entries__(self, bases: Sequence[Any]) -> tuple[type, ...]:
        return ()

    def __instancecheck__(self, instance: Any) -> bool:
        return False

    def __getitem__(self, key: Any) -> Any:
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        """Take any value: nobody will read it."""

    def __or__(self, other: Any) -> Any:
        return other

    __ror__ = __or__

    def __iter__(self) -> Any:
        return iter(())


class StandIn(ModuleType):
    """A module of the framework: the step's names, and something in the place of those that it lacks."""

    def __getattr__(self, name: str) -> Any:
        step, names, notes = self._about
        wanted = "App" if name == "Flask" else name
        if not name.startswith("_") and hasattr(step, wanted):
            return getattr(step, wanted)
        if name.startswith("__") or name not in names.get(self.__name__.replace("flask", "wsgiapp", 1), ()):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return notes.add(f"{self.__name__.replace('flask', 'wsgiapp', 1)}.{name}")


class Finder(MetaPathFinder, Loader):
    """Answers each import of the framework with a :class:`StandIn`.

    :param applications: packages inside of wsgiapp that are applications, and lie in *package*.
    """

    def __init__(self, about: tuple[Any, dict[str, list[str]], Notes], applications: list[str], package: str) -> None:
        self.about, self.applications, self.package = about, applications, package

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002
        """A spec for what belongs to the framework."""
        top, _, rest = fullname.partition(".")
        if top not in FRAMEWORKS or rest.partition(".")[0] in self.applications:
            return None
        return spec_from_loader(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A module of that name."""
        module = StandIn(spec.name)
        module.__dict__["_about"] = self.about
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Let Python find applications inside of the package where they are."""
        assert module.__spec__ is not None  # noqa: S101  # the import has just made it
        module.__path__ = [self.package] if module.__name__ == "wsgiapp" else []
        module.__spec__.submodule_search_locations = module.__path__  # an app may ask where its package is


def prepare(step: Any, names: dict[str, list[str]], notes: Notes) -> None:
    """Make the step's classes note attributes that they do not have, and ignore options that they do not know."""
    for name in _NOTED_CLASSES:
        _listen(getattr(step, name), name, frozenset(names.get(name, ())), notes)
    for name, method in _WITH_OPTIONS:
        kind = getattr(step, name)
        setattr(kind, method, _without_options(getattr(kind, method), name, notes))


def _listen(kind: Any, name: str, known: frozenset[str], notes: Notes) -> None:
    def lacking(_: Any, attribute: str) -> Any:
        if attribute not in known or attribute.startswith("_"):
            raise AttributeError(f"{name!r} object has no attribute {attribute!r}")
        return notes.add(f"{name}.{attribute}")

    kind.__getattr__ = lacking


def _without_options(function: Any, name: str, notes: Notes) -> Callable[..., Any]:
    taken = inspect.signature(function).parameters
    method = "" if function.__name__ == "__init__" else f".{function.__name__}"

    @wraps(function)
    def lenient(self: Any, *args: Any, **options: Any) -> Any:
        for option in options.keys() - taken.keys():
            notes.add(f"{name}{method}({option}=…)")
        return function(self, *args, **{key: value for key, value in options.items() if key in taken})

    return lenient


def load(asked: dict[str, Any]) -> Any:
    """Import the module and find the app in it: by its name, or by calling its factory."""
    if asked["file"]:
        spec = spec_from_file_location(asked["module"], asked["file"])
        assert spec is not None and spec.loader is not None, asked["file"]  # noqa: S101, PT018  # Python ran it
        module = sys.modules[asked["module"]] = module_from_spec(spec)
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(asked["module"])
    called = ast.parse(asked["reference"], mode="eval").body
    if not isinstance(called, ast.Call):
        return getattr(module, asked["reference"])
    values = [ast.literal_eval(value) for value in called.args]
    named = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in called.keywords}
    return getattr(module, ast.unparse(called.func))(*values, **named)


def ask(app: Any, asked: dict[str, Any], executed: Any, send: Callable[..., Any]) -> dict[str, Any]:
    """Have the request sent, and return what is told of the answer; what the app raises is raised."""
    environ = {**asked["environ"], "wsgi.errors": sys.stderr, "wsgi.version": (1, 0)}
    environ |= {"wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": True}
    with executed:
        sent = send(app, environ, base64.b64decode(asked["body"]))
    if sent.error is not None:
        raise sent.error
    body = base64.b64encode(sent.body).decode()
    return {"status": sent.status, "headers": sent.headers, "body": body, "size": sent.size}


class LastErrorHandler(logging.Handler):
    """Keeps the last exception that the step has logged."""

    error: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        if record.exc_info and record.exc_info[1] is not None:
            self.error = record.exc_info[1]


def told(error: BaseException, folders: tuple[str, ...]) -> dict[str, str]:
    """An exception as texts: its class, what it says, and the innermost line of the app's, which is in *folders*."""
    frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    frames = [
        where for where in frames if not where.startswith(f"{HERE}:")
    ]  # a lack is noted here, and asked for there
    own = [where for where in frames if where.startswith(folders) and "site-packages" not in where[len(folders[0]) :]]
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    return {"kind": kind.removeprefix("__main__."), "message": str(error)[:2_000], "where": (own or frames or [""])[-1]}


def main() -> None:
    """Do what the standard input asks for."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever the app prints stays out of the report
    asked = json.load(sys.stdin)
    ladder = str(Path(asked["ladder"]).resolve())
    notes, raised = Notes(ladder), LastErrorHandler()
    sys.path[:] = [ladder, *asked["sys_path"]]
    step = importlib.import_module(asked["step"])
    sys.path.pop(0)
    names = asked["names"]
    prepare(step, names, notes)
    sys.meta_path.insert(0, Finder((step, names, notes), asked["applications"], asked["package"]))
    vars(step)["App"].logger.addHandler(raised)
    signer = importlib.import_module("itsdangerous").TimestampSigner
    signer.get_timestamp = lambda _: asked["now"]
    executed = runpy.run_path(str(EXECUTED))["Executed"]([ladder, *asked["folders"]], asked["files"])
    send = runpy.run_path(str(SENDING))["send"]
    report: dict[str, Any] = {}
    folders = tuple(asked["folders"])
    try:
        app = load(asked)
        notes.running = True
        report.update(ask(app, asked, executed, send))
    except (Exception, SystemExit) as error:  # whatever an app raises is part of what there is to tell
        report["raised"] = told(error, folders)
    if raised.error is not None:
        report["raised"] = told(raised.error, folders)
    report["lacks"] = [*notes.lacks.values()]
    report["loaded"] = notes.running
    report["lines"] = [[*function, lines] for function, lines in executed.functions.items()]
    out.write(json.dumps(report))
    out.flush()
    os._exit(0)  # a thread of the app's must not keep the process


if __name__ == "__main__":
    main()
