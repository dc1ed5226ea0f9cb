"""Names and places of functions: what ran, and in which line of which file it stands."""

from __future__ import annotations

import functools
import inspect
import sys
import sysconfig
import tokenize
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from wsgiapp.xray.redact import source_lines

_LIBRARIES = [sysconfig.get_paths()[name] for name in ("purelib", "platlib", "stdlib")]


#: The files behind the names that were made of them: as many as there are files of source.
_files: dict[str, str] = {}
#: The places of classes, for as long as they live.
_classes: WeakKeyDictionary[type, str] = WeakKeyDictionary()


def unwrapped(function: Any) -> Any:
    """What its author wrote, without ``functools.wraps`` and ``partial`` around it; of a view, its class."""
    for _ in range(20):
        inner = function.func if isinstance(function, functools.partial) else getattr(function, "__wrapped__", None)
        if inner is None:
            break
        function = inner
    return getattr(function, "view_class", function)


def name_of(function: Any) -> str:
    """The dotted name of a function, a class or an instance's class."""
    function = unwrapped(function)
    if not hasattr(function, "__qualname__"):
        function = type(function)
    module = getattr(function, "__module__", None)
    return f"{module}.{function.__qualname__}" if module else str(function.__qualname__)


def where_of(function: Any) -> str:
    """``file:line`` of a function, or of a class; empty for what is not written in Python."""
    function = unwrapped(function)
    code = getattr(function, "__code__", None)
    if code is not None:
        return place(code.co_filename, code.co_firstlineno)
    kind = function if isinstance(function, type) else type(function)
    call = getattr(kind.__dict__.get("__call__"), "__code__", None)
    if call is not None and kind is not function:
        return place(call.co_filename, call.co_firstlineno)
    if kind not in _classes:
        try:  # the whole file is parsed for it, which takes milliseconds
            _classes[kind] = place(inspect.getsourcefile(kind) or "", inspect.getsourcelines(kind)[1])
        except (OSError, TypeError):
            _classes[kind] = ""
    return _classes[kind]


class Called(NamedTuple):
    """A function of the app's, by its name and its place alone, so that no closure and no object of it is kept."""

    name: str
    where: str


@functools.lru_cache(1024)
def _place_of(code: Any, module: str, name: str) -> Called:  # many functions may have one code
    return Called(f"{module}.{name}" if module else name, place(code.co_filename, code.co_firstlineno))


def called(function: Any) -> Called:
    """A function's name and place: all that is kept of it."""
    function = unwrapped(function)
    code = getattr(function, "__code__", None)
    if code is None:
        return Called(name_of(function), where_of(function))
    return _place_of(code, str(getattr(function, "__module__", None) or ""), str(function.__qualname__))


def step_of(step: str, app: Any, interface: Any = None) -> Any:
    """The function behind a step of :data:`.LIFECYCLE`, such as ``App.make_response``; None for none."""
    owner, _, name = step.partition(".")
    watched = getattr(app.__dict__.get(name), "__wrapped__", None) if owner == "App" else None
    if watched is not None:  # maybe a method that was replaced on the app itself
        return watched
    kinds = {
        "App": type(app),
        "RequestContext": type(app).request_context.__globals__.get("RequestContext"),
        "SessionInterface": type(interface if interface is not None else app.session_interface),
        "Map": type(app.url_map),
        "Response": app.response_class,
    }
    return getattr(kinds.get(owner), name, None)


def place(file: str, line: int) -> str:
    """``file:line``, the file as short as it is clear: below the working directory, or below its library."""
    return f"{short(file)}:{line}" if file else ""


@functools.lru_cache(maxsize=1024)
def short(file: str) -> str:
    """A file's name from its package on, or below the working directory."""
    path = Path(file)
    name = _below(path).as_posix()
    _files[name] = path.as_posix()
    return name


def _below(path: Path) -> Path:
    # Libraries first: an environment may stand in the working directory.
    for place, part in enumerate(reversed(path.parts[:-1])):
        if part in ("site-packages", "dist-packages"):
            return Path(*path.parts[-1 - place :])
    for folder in (*map(Path, _LIBRARIES), Path.cwd(), *map(Path, filter(None, sys.path))):
        if path.is_relative_to(folder):
            return path.relative_to(folder)
    package = path.parent
    while (package / "__init__.py").is_file():
        package = package.parent
    return path.relative_to(package) if package != path.parent else path


def full(file: str) -> str:
    """The path behind a :func:`short` name; the name itself when no such file is there."""
    if file in _files:
        return _files[file]
    folders = (Path.cwd(), *map(Path, _LIBRARIES), *map(Path, filter(None, sys.path)))
    return next((str(folder / file) for folder in folders if (folder / file).is_file()), file)


def lines_around(where: str, before: int = 8, after: int = 4) -> list[tuple[int, str]]:
    """The numbered lines around ``file:line``; empty when the source is not there to read."""
    file, _, line = where.rpartition(":")
    lines = source_lines(full(file)) if line.isdigit() else []
    numbered = [*enumerate(lines, 1)]
    return numbered[max(int(line) - 1 - before, 0) : int(line) + after] if lines else []


def source_at(where: str, most: int = 40) -> list[tuple[int, str]]:
    """The function that begins at ``file:line``, as numbered lines.

    :param where: a place as :func:`where_of` gives it.
    :param most: so many lines at most.
    :return: empty when the source is not there to read.
    """
    file, _, line = where.rpartition(":")
    lines = source_lines(full(file)) if line.isdigit() else []
    first = int(line) if lines else 0
    if not 0 < first <= len(lines):
        return []
    try:
        block = inspect.getblock([f"{text}\n" for text in lines[first - 1 :]])
    except (IndentationError, SyntaxError, tokenize.TokenError):
        block = lines[first - 1 : first]
    return [(first + number, text.rstrip("\n")) for number, text in enumerate(block[:most])]


def own_files(app: Any, *, framework: bool = False) -> tuple[list[str], list[str]]:
    """The folders and the files of an app whose lines are its own: its root, and those of its views.

    :param framework: whether the files of the framework, all but the X-ray, count as well.
    """
    codes = [getattr(unwrapped(view), "__code__", None) for view in app.view_functions.values()]
    files = {code.co_filename for code in codes if code is not None}
    own = [file for file in files if not short(file).startswith(("wsgiapp/", "werkzeug/"))]
    package = Path(sys.modules["wsgiapp"].__path__[0])
    below = package.rglob("*.py") if framework else ()
    return [app.root_path], own + [str(file) for file in below if file.relative_to(package).parts[0] != "xray"]
