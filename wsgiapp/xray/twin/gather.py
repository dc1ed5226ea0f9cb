"""Gathering: what the functions of a request use, one name after the other.

A name means a part of the framework (a stand-in of ``program.jinja`` takes its place), a library (it is imported), a
definition of the app's (it is quoted, with what it uses in turn) or a value (it is written out); else it is a
:class:`TwinError`.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from types import FunctionType, ModuleType
from typing import Any, cast

from werkzeug.local import LocalProxy

import wsgiapp
from wsgiapp.scaffold import Scaffold
from wsgiapp.xray.places import name_of, unwrapped, where_of
from wsgiapp.xray.redact import is_secret

from .texts import Source, TwinError, free_names, literal

_LIBRARIES = tuple(sysconfig.get_paths()[name] for name in ("purelib", "platlib", "stdlib", "platstdlib"))
#: The parts of the framework by the objects that they are.
PARTS = {id(value): name for name, value in vars(wsgiapp).items() if type(value) is LocalProxy
         or getattr(value, "__module__", "").startswith("wsgiapp")}  # fmt: skip
_APP = frozenset({"config", "debug", "import_name", "logger", "name", "root_path", "secret_key", "testing"})
_PASS = "Pass it on as text, or ask for a twin of a route that does without it."


@dataclass
class Piece:
    """Something of the app's that stands in the program.

    :ivar text: as it stands there.
    :ivar layer: the layer that runs it.
    :ivar source: where it comes from; None for a value.
    """

    text: str
    layer: str = ""
    source: Source | None = None


@dataclass(frozen=True)
class Use:
    """A part of the framework, where the app's code names it; *call* if it is called there."""

    part: str
    call: ast.Call | None
    where: str


@dataclass
class Gathering:
    """What a program takes from an app.

    :ivar blocks: the names that the program defines itself.
    :ivar reserved: these, and those that it imports.
    :ivar pieces: definitions and values by name, each after those that it needs.
    :ivar imports: lines by the name that they bind.
    :ivar parts: the parts of the framework that are used.
    :ivar uses: where.
    :ivar attributes: the attributes that anything reads.
    :ivar config: the configuration that is read.
    :ivar environment: the variables of the environment that hold what is secret.
    """

    app: Any
    blocks: frozenset[str]
    reserved: frozenset[str]
    pieces: dict[str, Piece] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    parts: set[str] = field(default_factory=set)
    uses: list[Use] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    config: dict[str, str] = field(default_factory=dict)
    environment: set[str] = field(default_factory=set)
    _named: dict[int, str] = field(default_factory=dict)

    # -- definitions -------------------------------------------------------------------------------------------

    def define(self, obj: Any, layer: str = "", wanted: str = "") -> str:
        """Take a function or class of the app's, and all that it uses.

        :param wanted: the name for one that has none.
        :return: its name in the program.
        """
        if id(obj) in self._named:
            return self._named[id(obj)]
        if not isinstance(obj, (FunctionType, type)) and not hasattr(obj, "__wrapped__"):
            raise TwinError(f"{name_of(obj)} is called, and is no function", where_of(obj), "Write it as a function.")
        plain = unwrapped(obj)
        source = Source.of(plain)
        if inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain):
            raise TwinError(f"{name_of(plain)} is async", source.where, "A twin needs plain functions.")
        if hasattr(plain, "view_class"):
            raise TwinError(f"{name_of(plain.view_class)} is a class-based view", where_of(plain.view_class),
                            "Write the view as a function.")  # fmt: skip
        name = getattr(source.node, "name", wanted or layer or "function")
        while name in self.pieces or name in self.reserved or name in self.imports or name in self._named.values():
            name += "_"
        self._named[id(obj)] = name
        self._quote(name, source, self._decorators(source, obj is not plain), layer)
        return name

    def _decorators(self, source: Source, wrapped: bool) -> list[ast.expr]:
        """The decorators that made *source* what it is: not those that only told the app of it."""
        listed: list[ast.expr] = getattr(source.node, "decorator_list", [])
        telling = [number for number, one in enumerate(listed) if self._tells(one, source)]
        kept = listed[telling[-1] + 1 if telling else 0 :]
        if not wrapped:
            return [] if isinstance(source.node, ast.FunctionDef) else kept
        if not kept:
            raise TwinError(f"{name_of(source.obj)} is wrapped in a function that its text does not show",
                            source.where, "Write it as a decorator above the function.")  # fmt: skip
        return kept

    def _tells(self, decorator: ast.expr, source: Source) -> bool:
        call = decorator.func if isinstance(decorator, ast.Call) else decorator
        root = call
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name) or not isinstance(call, ast.Attribute):
            return False
        owner = source.scope.get(root.id)
        known = hasattr(wsgiapp.App, call.attr) or hasattr(wsgiapp.Blueprint, call.attr)
        return isinstance(owner, Scaffold) or (owner is None and known)

    def _quote(self, name: str, source: Source, decorators: list[ast.expr], layer: str) -> None:
        text = source.text(name, decorators)
        self._look_through(source)
        try:
            needed = free_names(text)
        except SyntaxError as error:
            raise TwinError(f"{name!r} cannot stand alone: {error.msg}", source.where,
                            "Move what it changes to the top of the module.") from None  # fmt: skip
        scope = source.scope
        for one in sorted(needed - {name}):
            if one in scope:
                self._bind(one, scope[one], source)
            elif not hasattr(builtins, one):
                raise TwinError(f"{one!r} is used, and is not there", source.where, "Define it in the module.")
        self.pieces[name] = Piece(text, layer, source)

    def _look_through(self, source: Source) -> None:
        """Note what is read and called, and refuse what a text cannot take along."""
        calls = {id(node.func): node for node in ast.walk(source.node) if isinstance(node, ast.Call)}
        for node in ast.walk(source.node):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or "."]
                if any(_is_own(name) for name in names):
                    raise TwinError(f"A function imports {names[0]!r} while it runs", source.where,
                                    "Move the import to the top of the module.")  # fmt: skip
            if isinstance(node, ast.Attribute):
                self.attributes.add(node.attr)
            part = self._part(node, source.scope)
            if part:
                self.uses.append(Use(part, calls.get(id(node)), source.where))

    def _part(self, node: ast.AST, scope: dict[str, Any]) -> str:
        """The part of the framework that an expression names."""
        if isinstance(node, ast.Name):
            return PARTS.get(id(scope.get(node.id)), "")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = scope.get(node.value.id)
            return PARTS.get(id(getattr(owner, node.attr, None)), "") if isinstance(owner, ModuleType) else ""
        return ""

    # -- names -------------------------------------------------------------------------------------------------

    def _bind(self, name: str, value: Any, source: Source) -> None:
        """Have *name* mean in the program what it means in *source*."""
        part, where = PARTS.get(id(value)), source.where
        if part == "current_app" or (type(value) is not LocalProxy and isinstance(value, wsgiapp.App)):
            self._read_app(name, source)
            self._alias(name, "current_app", where)
        elif part is not None:
            self._alias(name, self._take(part, where), where)
        elif type(value) is LocalProxy:
            raise TwinError(f"{name!r} is a live object behind a proxy", where, _PASS)
        elif isinstance(value, ModuleType) and _is_framework(value.__name__):
            self._bind_framework(name, value, source)
        elif _is_library(value) or _is_constant(name, value):
            self._import(name, value, where)
        elif isinstance(value, ModuleType) or name == "__name__":
            raise TwinError(f"{name!r} is a module of the app's", where, "Import what is needed from it by name.")
        elif isinstance(value, FunctionType | type) or hasattr(value, "__wrapped__"):
            self._alias(name, self.define(value, wanted=name), where)
        else:
            self._put(name, f"{name} = {self.value(value, name, where)}", where)

    def _take(self, part: str, where: str) -> str:
        if part not in self.reserved:
            raise TwinError(f"{part!r} of the framework has no counterpart", where, _PASS)
        self.parts.add(part)
        return part

    def _alias(self, name: str, what: str, where: str) -> None:
        if name != what:
            self._put(name, f"{name} = {what}", where)

    def _put(self, name: str, text: str, where: str) -> None:
        there = self.pieces.get(name)
        taken = name in self.blocks or name in self.imports or name in self._named.values()
        if taken or (there is not None and there.text != text):
            raise TwinError(f"Two things are called {name!r} in one program", where, "Rename one of them.")
        self.pieces[name] = Piece(text)

    def _bind_framework(self, name: str, module: ModuleType, source: Source) -> None:
        """A module of the framework: a namespace of the parts that are read from it."""
        read = {node.attr for node in ast.walk(source.node) if isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name) and node.value.id == name}  # fmt: skip
        parts = {attr: self._take(PARTS.get(id(getattr(module, attr, None)), attr), source.where) for attr in sorted(read)}
        listed = ", ".join(f"{attr}={part}" for attr, part in parts.items())
        self._put(name, f"{name} = SimpleNamespace({listed})", source.where)

    def _import(self, name: str, value: Any, where: str) -> None:
        module: str = value.__name__ if isinstance(value, ModuleType) else getattr(
            value, "__module__", type(value).__module__)  # fmt: skip
        if _is_extension(module.partition(".")[0]):
            raise TwinError(f"{name!r} is of {module!r}, which stands on the framework", where, _PASS)
        if isinstance(value, ModuleType):
            line = f"import {module}" if name == module.partition(".")[0] else f"import {module} as {name}"
        else:
            theirs = getattr(value, "__qualname__", name)
            line = f"from {module} import {theirs}{f' as {name}' if name != theirs else ''}"
        if name in self.pieces or name in self.blocks or self.imports.setdefault(name, line) != line:
            raise TwinError(f"Two things are called {name!r} in one program", where, "Rename one of them.")

    # -- values ------------------------------------------------------------------------------------------------

    def value(self, value: Any, name: str, where: str = "") -> str:
        """The expression for what the app's code, or the app itself, knows by a *name*; a secret is only named.

        :raises TwinError: when there is none.
        """
        if isinstance(value, FunctionType) and not _is_library(value):
            return self.define(value, wanted=name)
        if isinstance(value, (str, bytes)) and (is_secret(name) or self._is_key(value)):
            read = self.secret("SECRET_KEY" if self._is_key(value) else name.upper())
            return read if isinstance(value, str) else f"{read}.encode()"
        try:
            return literal(value, lambda one: self._name_for(one, where))
        except TwinError:
            raise
        except ValueError as error:
            raise TwinError(f"{name!r} {error}", where or where_of(value), _PASS) from None

    def _name_for(self, obj: Any, where: str) -> str:
        """The name of a class, a function or a module that a value is made with."""
        name: str = obj.__name__
        if getattr(builtins, name, None) is obj:
            return name
        if not _is_library(obj):
            return self.define(obj)
        self._import(name, obj, where)
        return name

    @property
    def keys(self) -> list[str]:
        """The app's secret keys, as text."""
        config = self.app.config
        keys = [config["SECRET_KEY"], *(config["SECRET_KEY_FALLBACKS"] or ())]
        return [key if isinstance(key, str) else key.decode(errors="replace") for key in keys if key]

    def _is_key(self, value: str | bytes) -> bool:
        return any(value in (key, key.encode()) for key in self.keys)

    def secret(self, name: str) -> str:
        """The expression for a secret, which stands in the environment alone."""
        self.environment.add(name)
        return f'os.environ["{name}"]'

    # -- the app -----------------------------------------------------------------------------------------------

    def _read_app(self, name: str, source: Source) -> None:
        """Note what a function reads of the app."""
        self.parts.add("current_app")
        parents = {child: node for node in ast.walk(source.node) for child in ast.iter_child_nodes(node)}
        for node in ast.walk(source.node):
            if not isinstance(node, ast.Name) or node.id != name:
                continue
            read = parents.get(node)
            if isinstance(read, ast.Attribute) and read.attr == "config":
                self.take_config(_key(parents, read), source.where)
            elif not isinstance(read, ast.Attribute):
                raise TwinError(f"{name!r} is handed on as a whole", source.where, _PASS)
            elif read.attr not in _APP and not self._is_decorator(read, source):
                raise TwinError(f"'{name}.{read.attr}' needs the running app", source.where, _PASS)

    def _is_decorator(self, node: ast.AST, source: Source) -> bool:
        return any(node is one for part in getattr(source.node, "decorator_list", ()) for one in ast.walk(part))

    def take_config(self, key: str | None, where: str) -> None:
        """Take a value of the configuration along.

        :param key: None when nobody can tell which.
        """
        if key is None:
            raise TwinError("The configuration is read as a whole", where, "Read it by key, as in config['NAME'].")
        if key in self.app.config and key not in self.config:
            self.config[key] = self.value(self.app.config[key], key, where)


def _key(parents: dict[ast.AST, ast.AST], config: ast.AST) -> str | None:
    """The key by which an expression reads the configuration; None where it cannot be told."""
    read = parents.get(config)
    if isinstance(read, ast.Subscript) and isinstance(read.slice, ast.Constant):
        return str(read.slice.value)
    call = parents.get(read) if isinstance(read, ast.Attribute) and read.attr == "get" else None
    first = call.args[0] if isinstance(call, ast.Call) and call.args else None
    return str(first.value) if isinstance(first, ast.Constant) else None


def _is_framework(module: str) -> bool:
    return module.partition(".")[0] in ("wsgiapp", "flask") and not module.startswith("wsgiapp.shop")


def _is_own(name: str) -> bool:
    """Whether a module is the app's or the framework's."""
    module = sys.modules.get(name)
    return name.startswith(".") or _is_framework(name) or (module is not None and not _is_library(module))


def _is_library(value: Any) -> bool:
    """Whether a value is a module of a library, or stands in one under its own name."""
    if not isinstance(value, ModuleType):
        module = sys.modules.get(getattr(value, "__module__", None) or "")
        found = getattr(module, getattr(value, "__qualname__", None) or "", None)
        return found is value and value is not None and module is not None and _is_library(module)
    file = getattr(value, "__file__", None)
    return not _is_framework(value.__name__) and (file is None or file.startswith(_LIBRARIES))


def _is_constant(name: str, value: Any) -> bool:
    """Whether a value stands by that name in the library that its type is from, such as ``datetime.UTC``."""
    module = sys.modules.get(type(value).__module__)
    return module is not builtins and _is_library(type(value)) and getattr(module, name, None) is value


@lru_cache(maxsize=256)
def _is_extension(package: str) -> bool:
    """Whether a library holds parts of the framework."""
    return any(id(value) in PARTS or (isinstance(value, ModuleType) and _is_framework(value.__name__))
               for value in _values_of(package))  # fmt: skip


def _values_of(package: str) -> Iterator[Any]:
    for name, module in [*sys.modules.items()]:
        if name.partition(".")[0] == package and isinstance(module, ModuleType):
            yield from cast("dict[str, Any]", vars(module)).values()
