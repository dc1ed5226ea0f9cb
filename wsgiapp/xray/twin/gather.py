"""Gathering: what the functions and templates of a request use, one name after the other.

A name means a part of the framework (a stand-in of ``program.jinja`` takes its place), a library (it is imported), a
definition of the app's (it is quoted, with what it uses in turn) or a value (it is written out); else it is a
:class:`TwinError`. Nothing is run, and no template is rendered.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
import sysconfig
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field, fields
from functools import lru_cache
from types import FunctionType, ModuleType
from typing import Any, TypeVar

from jinja2 import Environment, TemplateError, meta, nodes
from werkzeug.local import LocalProxy

import wsgiapp
from wsgiapp.scaffold import Scaffold
from wsgiapp.xray.locations import name_of, unwrapped, where_of
from wsgiapp.xray.redact import is_secret

from .texts import Source, TwinError, free_names, literal

T = TypeVar("T")
_LIBRARIES = tuple(sysconfig.get_paths()[name] for name in ("purelib", "platlib", "stdlib", "platstdlib"))
#: The parts of the framework by the objects that they are.
PARTS = {id(value): name for name, value in vars(wsgiapp).items() if type(value) is LocalProxy
         or getattr(value, "__module__", "").startswith("wsgiapp")}  # fmt: skip
#: What may be read of the app.
APP = frozenset({"config", "debug", "import_name", "logger", "name", "root_path", "secret_key", "testing"})
#: What ``g`` has besides attributes.
G_METHODS = frozenset({"get", "pop", "setdefault"})
#: So many templates are read at most where their names are computed.
MAX_TEMPLATES = 100
_TEMPLATES = ("render_template", "stream_template", "render_template_string")
_GIVEN = frozenset({"request", "session", "g", "url_for", "get_flashed_messages"})
_INSTEAD = "Pass it on as text, or ask for a twin of a route that does without it."


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


@dataclass
class Gathering:
    """What a program takes from an app.

    :ivar blocks: the names that the program defines itself.
    :ivar reserved: these, and those that it imports.
    :ivar pieces: definitions and values by name, each after those that it needs.
    :ivar imports: lines by the name that they bind.
    :ivar parts: the parts of the framework that are used.
    :ivar attributes: the attributes that anything reads.
    :ivar whole_g: whether ``g`` is used for more than attributes.
    :ivar endpoints: those that URLs are built for; None for "cannot be told".
    :ivar templates: the templates by name; None for one from a string.
    :ivar extras: their filters, tests, globals and policies: kind and name, expression.
    :ivar config: the configuration that is read.
    :ivar environment: the variables of the environment that hold what is secret.
    """

    app: Any
    blocks: frozenset[str]
    reserved: frozenset[str]
    pieces: dict[str, Piece] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    parts: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    whole_g: bool = False
    endpoints: set[str | None] = field(default_factory=set)
    templates: set[str | None] = field(default_factory=set)
    extras: dict[tuple[str, str], str] = field(default_factory=dict)
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
            name = self._named[id(obj)]
            if layer and name in self.pieces:
                self.pieces[name].layer = layer
            return name
        if not isinstance(obj, (FunctionType, type)) and not hasattr(obj, "__wrapped__"):
            raise TwinError(f"{name_of(obj)} is called, and is no function", where_of(obj), "Write it as a function.")
        plain = unwrapped(obj)
        if isinstance(plain, type) and not isinstance(obj, type):
            raise TwinError(f"{name_of(plain)} is a class-based view", where_of(plain), "Write the view as a function.")
        source = Source.of(plain)
        if inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain):
            raise TwinError(f"{name_of(plain)} is async", source.where, "A twin needs plain functions.")
        name = getattr(source.node, "name", wanted or layer or "function")
        taken = {*self.pieces, *self.reserved, *self.imports, *self._named.values()}
        if not any(source.scope.get(name) is one for one in (obj, plain)):  # it may mean another thing inside
            taken |= _needed(source, source.text("_", []))
        while name in taken:
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
        # An app that a function makes is not to be seen from inside its views.
        return isinstance(owner, Scaffold) or (hasattr(wsgiapp.Blueprint, call.attr) and not hasattr(owner, call.attr))

    def _quote(self, name: str, source: Source, decorators: list[ast.expr], layer: str) -> None:
        text = source.text(name, decorators)
        self._look_through(source)
        scope = source.scope
        for one in sorted(_needed(source, text) - {name}):
            if one in scope:
                self._bind(one, scope[one], source)
            elif not hasattr(builtins, one):
                raise TwinError(f"{one!r} is used, and is not there", source.where, "Define it in the module.")
        self.pieces[name] = Piece(text, layer, source)

    def _look_through(self, source: Source) -> None:
        """Note what is read and called, and refuse what a text cannot take along."""
        nodes, scope = [*ast.walk(source.node)], source.scope
        calls = {id(node.func): node for node in nodes if isinstance(node, ast.Call)}
        bare = 0
        for node in nodes:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self._check_import(node, source.where)
            part = _part(node, scope)
            if isinstance(node, ast.Attribute):
                self.attributes.add(node.attr)
                bare -= _part(node.value, scope) == "g" and node.attr not in G_METHODS
            bare += part == "g"
            if part == "url_for" or part in _TEMPLATES:
                call = calls.get(id(node))
                first = call.args[0] if call is not None and call.args else None
                known = str(first.value) if isinstance(first, ast.Constant) else None
                if part == "url_for":
                    self.endpoints.add(known)
                else:
                    self._use_template(part, known, source.where)
        self.whole_g |= bare > 0

    def _check_import(self, node: ast.Import | ast.ImportFrom, where: str) -> None:
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or "."]
        if any(_is_own(name) for name in names):
            raise TwinError(f"A function imports {names[0]!r} while it runs", where,
                            "Move the import to the top of the module.")  # fmt: skip

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
            raise TwinError(f"{name!r} is a live object behind a proxy", where, _INSTEAD)
        elif _is_library(value) or _is_constant(name, value):
            self._import(name, value, where)
        elif isinstance(value, ModuleType):
            self._bind_module(name, value, source)
        elif isinstance(value, FunctionType | type) or hasattr(value, "__wrapped__"):
            self._alias(name, self.define(value, wanted=name), where)
        else:
            self._put(name, f"{name} = {self.value(value, name, where)}", where)

    def _take(self, part: str, where: str) -> str:
        if part not in self.reserved:
            raise TwinError(f"{part!r} of the framework has no counterpart", where, _INSTEAD)
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

    def _bind_module(self, name: str, module: ModuleType, source: Source) -> None:
        """A module of the app's or the framework's: a namespace of what is read from it."""
        nodes = [*ast.walk(source.node)]
        read = [node.attr for node in nodes if isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name) and node.value.id == name]  # fmt: skip
        if len(read) != sum(isinstance(node, ast.Name) and node.id == name for node in nodes):
            raise TwinError(f"The module {name!r} is handed on as a whole", source.where, _INSTEAD)
        members = {}
        for attr in sorted({*read}):
            value = getattr(module, attr, None)
            part = PARTS.get(id(value), attr if _is_framework(module.__name__) else "")
            members[attr] = self._take(part, source.where) if part else self.value(value, attr, source.where)
        listed = ", ".join(f"{attr}={text}" for attr, text in members.items())
        self._put(name, f"{name} = SimpleNamespace({listed})", source.where)

    def _import(self, name: str, value: Any, where: str) -> None:
        module: str = value.__name__ if isinstance(value, ModuleType) else getattr(
            value, "__module__", type(value).__module__)  # fmt: skip
        if _is_extension(module.partition(".")[0]):
            raise TwinError(f"{name!r} is of {module!r}, which stands on the framework", where, _INSTEAD)
        if isinstance(value, ModuleType):
            line = f"import {module}" if name == module.partition(".")[0] else f"import {module} as {name}"
        else:
            theirs = getattr(value, "__qualname__", name)
            line = f"from {module} import {theirs}{f' as {name}' if name != theirs else ''}"
        if name in self.pieces or name in self.blocks or self.imports.setdefault(name, line) != line:
            raise TwinError(f"Two things are called {name!r} in one program", where, "Rename one of them.")

    def attempt(self, take: Callable[[], T]) -> T | TwinError:
        """What *take* gives; where it cannot take something, nothing is taken, and the error is given."""
        kept = {one.name: copy(getattr(self, one.name)) for one in fields(self) if one.name != "app"}
        try:
            return take()
        except TwinError as error:
            vars(self).update(kept)
            return error

    # -- values ------------------------------------------------------------------------------------------------

    def value(self, value: Any, name: str, where: str = "") -> str:
        """The expression for what the app's code, or the app itself, knows by a *name*; a secret is only named.

        :raises TwinError: when there is none.
        """
        if (isinstance(value, (FunctionType, type)) or hasattr(value, "__wrapped__")) and not _is_library(value):
            return self.define(value, wanted=name)
        if isinstance(value, (str, bytes)) and (is_secret(name) or self._is_key(value)):
            read = self.secret("SECRET_KEY" if self._is_key(value) else name.upper())
            return read if isinstance(value, str) else f"{read}.encode()"
        hidden = [key for key in value if isinstance(key, str) and is_secret(key)] if isinstance(value, dict) else []
        if hidden:
            raise TwinError(f"{name!r} holds a secret, {hidden[0]!r}", where, "Give it a name of its own.")
        try:
            return literal(value, lambda one: self._name_for(one, where))
        except TwinError:
            raise
        except ValueError as error:
            raise TwinError(f"{name!r} {error}", where or where_of(value), _INSTEAD) from None

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
        for node in [one for one in ast.walk(source.node) if isinstance(one, ast.Name) and one.id == name]:
            read = parents.get(node)
            if not isinstance(read, ast.Attribute):
                raise TwinError(f"{name!r} is handed on as a whole", source.where, _INSTEAD)
            if read.attr == "config":
                self.take_config(_key(parents, read), source.where)
            elif read.attr not in APP and not self._is_decorator(read, source):
                raise TwinError(f"'{name}.{read.attr}' needs the running app", source.where, _INSTEAD)

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

    # -- templates ---------------------------------------------------------------------------------------------

    def _use_template(self, part: str, known: str | None, where: str) -> None:
        """Read a template.

        :param known: its name, or its text for ``render_template_string``; None for one that is computed.
        """
        if part == "render_template_string":
            if known is None:
                raise TwinError("The text of a template is computed", where, "Write it as one string in the call.")
            self.templates.add(None)
            self._read_template(known, where)
        elif known is not None:
            self._load_template(known, where)
        else:
            self._load_all(where)

    def _load_all(self, where: str) -> None:
        listed = self.app.jinja_env.list_templates()
        if len(listed) > MAX_TEMPLATES:
            raise TwinError(f"The name of a template is computed, and there are {len(listed)}", where, "Write it out.")
        for name in listed:
            self._load_template(name, where)

    def _load_template(self, name: str, where: str) -> None:
        env = self.app.jinja_env
        if name not in self.templates:
            self.templates.add(name)
            try:
                self._read_template(env.loader.get_source(env, name)[0], name)
            except TemplateError as error:
                raise TwinError(f"The template {name!r} cannot be read: {error}", where, "Mend it first.") from None

    def _read_template(self, source: str, where: str) -> None:
        tree = self.app.jinja_env.parse(source)
        bare = 0
        for node in tree.find_all((nodes.Name, nodes.Filter, nodes.Test, nodes.Call, nodes.Getattr, nodes.Getitem)):
            of = getattr(node, "node", None)
            owner = of.name if isinstance(of, nodes.Name) else ""
            if isinstance(node, (nodes.Name, nodes.Filter, nodes.Test)):
                bare += node.name == "g"
                self._need(_KINDS[type(node)], node.name)
            elif isinstance(node, nodes.Call) and owner == "url_for":
                self.endpoints.add(getattr(node.args[0], "value", None) if node.args else None)
            elif isinstance(node, (nodes.Getattr, nodes.Getitem)):
                key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
                self.attributes.add(str(key))
                bare -= owner == "g" and key not in G_METHODS
                if owner == "config":
                    self.take_config(key if isinstance(key, str) else None, where)
        self.whole_g |= bare > 0
        for found in meta.find_referenced_templates(tree):
            if found is None:
                self._load_all(where)
            elif found in self.app.jinja_env.list_templates():
                self._load_template(found, where)

    def _need(self, kind: str, name: str) -> None:
        """Take a filter, a test or a global of the app's own."""
        own = getattr(self.app.jinja_env, kind).get(name)
        if kind == "filters" and name == "tojson":
            self.extras["policies", "json.dumps_function"] = "dumps"
        if own is None or own is getattr(_JINJA, kind).get(name) or (kind, name) in self.extras:
            return
        if kind == "globals" and name in (*_GIVEN, "config"):
            self.extras[kind, name] = name
            self.parts |= {name} & _GIVEN
        else:
            self.extras[kind, name] = self.value(own, name)


_JINJA = Environment()  # noqa: S701 - renders nothing: what Jinja2 has by itself
_KINDS: dict[type[nodes.Node], str] = {nodes.Name: "globals", nodes.Filter: "filters", nodes.Test: "tests"}


def _needed(source: Source, text: str) -> set[str]:
    """The names that a definition takes from around it."""
    try:
        return free_names(text)
    except SyntaxError as error:
        raise TwinError(f"{name_of(source.obj)} cannot stand alone: {error.msg}", source.where,
                        "Move what it changes to the top of the module.") from None  # fmt: skip


def _part(node: ast.AST, scope: dict[str, Any]) -> str:
    """The part of the framework that an expression names."""
    if isinstance(node, ast.Name):
        return PARTS.get(id(scope.get(node.id)), "")
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        owner = scope.get(node.value.id)
        return PARTS.get(id(getattr(owner, node.attr, None)), "") if isinstance(owner, ModuleType) else ""
    return ""


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
            yield from vars(module).values()
