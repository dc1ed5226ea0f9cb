"""Gathering: what a view uses, what that uses, and so on, each thing once and under one name.

An object that the framework gives has a stand-in of a few lines (``program.jinja``); one of a library is imported; a
function or a class of the app's is copied; a value is written out. For whatever is none of these there is
:class:`TwinError`.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import keyword
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from inspect import iscoroutinefunction
from types import FunctionType, MethodType, ModuleType
from typing import Any

import wsgiapp
from werkzeug.local import LocalProxy
from wsgiapp import json, views
from wsgiapp.scaffold import Scaffold

from .. import redact
from ..places import where_of
from .source import Function, Piece, is_library
from .values import TwinError, atom, block_text, literal, quoted

_STAND_INS = (
    "Request", "Response", "abort", "after_this_request", "flash", "g", "get_flashed_messages",
    "get_template_attribute", "has_request_context", "jsonify", "make_response", "redirect", "render_template",
    "render_template_string", "request", "send_file", "send_from_directory", "session", "stream_template",
    "stream_template_string", "stream_with_context", "url_for",
)  # fmt: skip
#: What the framework gives by name, and its name in a program. By identity: some of these are proxies.
FRAMEWORK: dict[int, str] = {id(getattr(wsgiapp, name)): name for name in _STAND_INS}
FRAMEWORK |= {id(json.dumps): "dumps", id(json.loads): "loads"}
FRAMEWORK |= {id(views.View): "View", id(views.MethodView): "MethodView"}

# Facts of an app that a view may read; each is written out.
_FACTS = frozenset({
    "name", "import_name", "root_path", "instance_path", "debug", "testing", "static_folder", "static_url_path",
    "template_folder", "permanent_session_lifetime", "has_static_folder", "url_prefix",
})  # fmt: skip
# Methods of an app, by the names of their stand-ins.
_METHODS = {"url_for": "url_for", "redirect": "redirect", "make_response": "make_response", "aborter": "abort",
            "logger": "logger", "jinja_env": "templates"}  # fmt: skip
_JSON = {"dumps": "dumps", "loads": "loads", "response": "jsonify"}

#: Where the names come from that the stand-ins need: a module and a name in it, or a module alone.
IMPORTS: dict[str, tuple[str, str | None]] = {
    **{name: (name, None) for name in ("asyncio", "json", "logging", "os", "sys", "time", "traceback")},
    "werkzeug": ("werkzeug.utils", None),
    "BaseRequest": ("werkzeug.wrappers", "Request"), "BaseResponse": ("werkzeug.wrappers", "Response"),
    "abort": ("werkzeug.exceptions", "abort"), "b64decode": ("base64", "b64decode"),
    "b64encode": ("base64", "b64encode"), "asdict": ("dataclasses", "asdict"),
    "is_dataclass": ("dataclasses", "is_dataclass"), "date": ("datetime", "date"),
    "datetime": ("datetime", "datetime"), "Decimal": ("decimal", "Decimal"),
    "parsedate_to_datetime": ("email.utils", "parsedate_to_datetime"), "SimpleNamespace": ("types", "SimpleNamespace"),
    "MappingProxyType": ("types", "MappingProxyType"),
    "ContextVar": ("contextvars", "ContextVar"), "copy_context": ("contextvars", "copy_context"),
    "Iterator": ("collections.abc", "Iterator"), "quote": ("urllib.parse", "quote"), "UUID": ("uuid", "UUID"),
    "BadData": ("itsdangerous", "BadData"), "URLSafeTimedSerializer": ("itsdangerous", "URLSafeTimedSerializer"),
    "DictLoader": ("jinja2", "DictLoader"), "Environment": ("jinja2", "Environment"),
    "FileSystemLoader": ("jinja2", "FileSystemLoader"), "Markup": ("markupsafe", "Markup"),
    "BadRequest": ("werkzeug.exceptions", "BadRequest"),
    "BadRequestKeyError": ("werkzeug.exceptions", "BadRequestKeyError"),
    "HTTPException": ("werkzeug.exceptions", "HTTPException"),
    "InternalServerError": ("werkzeug.exceptions", "InternalServerError"),
    "MethodNotAllowed": ("werkzeug.exceptions", "MethodNotAllowed"),
    "CallbackDict": ("werkzeug.datastructures", "CallbackDict"), "Headers": ("werkzeug.datastructures", "Headers"),
    "http_date": ("werkzeug.http", "http_date"), "LocalProxy": ("werkzeug.local", "LocalProxy"),
    "Map": ("werkzeug.routing", "Map"), "Rule": ("werkzeug.routing", "Rule"),
    "create_environ": ("werkzeug.test", "create_environ"), "run_wsgi_app": ("werkzeug.test", "run_wsgi_app"),
}  # fmt: skip

#: Names that stand for something else in a program, or are local to its functions.
RESERVED = frozenset({
    *_STAND_INS, "Globals", "MethodView", "Session", "TaggedJSON", "UNTAG", "View", "adapter", "answer",
    "application", "body", "config", "context", "current", "dumps", "endpoint", "environ", "error", "failure", "head",
    "headers", "json_response", "loads", "logger", "open_session", "problem", "refused", "respond", "response",
    "revive", "rule", "save_session", "signer", "start_response", "status", "tag", "templates", "to_json", "token", "untag", "urls",
    "values",
})  # fmt: skip


@dataclass
class Definition:
    """Something of the app's that stands in the program.

    :ivar text: the statement that defines it.
    :ivar where: ``file:line`` of the original; empty for a value.
    :ivar piece: the function or class; None for a value.
    :ivar answers: the function whose return value it gives, as it stands in the piece; None where that is not known.
    """

    name: str
    text: str
    where: str = ""
    piece: Piece | None = None
    answers: tuple[Piece, Any] | None = None


@dataclass
class Use:
    """A place where a piece names a part of the framework."""

    part: str
    node: ast.AST
    piece: Piece

    @property
    def parent(self) -> Any:
        """The node around it."""
        return self.piece.parents.get(self.node)

    def call(self) -> ast.Call | None:
        """The call of the part; None where it is only named."""
        parent = self.parent
        return parent if isinstance(parent, ast.Call) and parent.func is self.node else None

    def attribute(self) -> tuple[str, Any] | None:
        """The attribute of the part that is taken here, and the node around that."""
        parent = self.parent
        return (parent.attr, self.piece.parents.get(parent)) if isinstance(parent, ast.Attribute) else None


@dataclass
class Gathering:
    """What a program needs of an app, found by reading and never by running.

    :param app: the app.
    :param secrets: texts that must not be written down.
    :param unused_methods: the methods of class-based views that this request does not call.
    """

    app: Any
    secrets: frozenset[str]
    unused_methods: frozenset[str] = frozenset()
    definitions: dict[str, Definition] = field(default_factory=dict)
    imports: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    config_keys: set[str] = field(default_factory=set)
    environment: set[str] = field(default_factory=set)
    _known: dict[Any, str] = field(default_factory=dict)
    _taken: dict[str, Any] = field(default_factory=dict)
    _alive: list[Any] = field(default_factory=list)

    # -- names -------------------------------------------------------------------------------------------------

    def _take(self, wanted: str, owner: Any) -> str:
        """A name that nothing else in the program has."""
        wanted = wanted if wanted.isidentifier() and not keyword.iskeyword(wanted) else "unnamed"
        name, number = wanted, 1
        while not self._is_free(name, owner):
            number += 1
            name = f"{wanted}_{number}"
        self._taken[name] = owner
        return name

    def _is_free(self, name: str, owner: Any) -> bool:
        if name in IMPORTS:
            return owner is imported(*IMPORTS[name])
        return name not in RESERVED and not hasattr(builtins, name) and self._taken.get(name, owner) is owner

    def stand_in(self, value: Any, wanted: str = "", variable: Any = None) -> str:
        """The name, or the expression, that stands for *value* in the program.

        :param wanted: the name that it has in the app.
        :param variable: whose value it is; two variables of one number are two.
        :raises TwinError: when nothing can stand for it.
        """
        if id(value) in FRAMEWORK:
            self.used.add(FRAMEWORK[id(value)])
            return FRAMEWORK[id(value)]
        wanted = wanted or getattr(value, "__name__", type(value).__name__)
        key = variable if variable is not None and atom(value) is not None else id(value)
        if key not in self._known:
            self._alive += [value, variable]  # or another object might get their id
            self._known[key] = self._make(value, wanted, key)
        return self._known[key]

    def stands(self, obj: Any) -> str | None:
        """The name of an object that was gathered; None for one that was not."""
        return self._known.get(id(obj))

    def _make(self, value: Any, wanted: str, key: Any) -> str:
        if type(value) is LocalProxy:
            raise TwinError(f"{wanted!r} stands for something else in each request, and who sets it is not known")
        if getattr(builtins, getattr(value, "__name__", None) or wanted, key) is value:
            return str(getattr(value, "__name__", wanted))
        if _registers(value):
            raise TwinError(f"{wanted!r} is an {type(value).__name__}, of which only attributes can be written out")
        home = key[0] if isinstance(key, tuple) else None
        origin = self._origin(value, wanted, home)
        if origin is not None:
            name = self._take(wanted, value)
            self.imports[name] = origin
            return name
        if isinstance(value, MethodType):
            return f"{self.stand_in(value.__self__)}.{value.__func__.__name__}"
        if isinstance(value, (FunctionType, type)) or hasattr(value, "__wrapped__"):
            return self.define(value, wanted, key)
        return self._constant(value, wanted)

    def _origin(self, value: Any, wanted: str, home: Any) -> tuple[str, str | None] | None:
        """The module, and the name in it, that a library's object is imported from; None for one of the app's."""
        if isinstance(value, ModuleType):
            if is_library(value.__name__):
                return value.__name__, None
            raise TwinError(f"the module {value.__name__!r} is used as a whole; only its attributes can be written out")
        for module, name in (_import_of(home, wanted), _home_of(value)):
            if module and name and is_library(module) and imported(module, name) is value:
                return module, name
        if getattr(value, "__module__", "").partition(".")[0] in ("wsgiapp", "flask") and not _is_app_code(value):
            raise TwinError(f"{wanted!r} is a part of the framework that has no stand-in")
        return None

    def _constant(self, value: Any, wanted: str) -> str:
        secret = self._secret(value, wanted)
        if secret:
            return secret
        name = self._take(wanted, object())
        text = block_text(value) if isinstance(value, str) else literal(value, self.stand_in)
        if "revive(" in text:
            self.used.add("revive")
        self.definitions[name] = Definition(name, f"{name} = {text}")
        return name

    def _secret(self, value: Any, name: str) -> str | None:
        """What is written for a secret: where the program reads it."""
        if not isinstance(value, (str, bytes)):
            return None
        text = value if isinstance(value, str) else value.decode("utf-8", "replace")
        if text in self.secrets:
            variable = "SECRET_KEY"
        elif text and redact.is_secret(name):
            variable = re.sub(r"\W", "_", name).upper()
        else:
            return None
        self.environment.add(variable)
        return f"os.environ[{quoted(variable)}]" + ("" if isinstance(value, str) else ".encode()")

    # -- functions and classes ---------------------------------------------------------------------------------

    def define(self, obj: Any, wanted: str = "", key: Any = None) -> str:
        """Copy a function or a class of the app's, with all that it uses.

        :return: its name in the program.
        :raises TwinError: when it cannot be copied; it says where it is.
        """
        key = id(obj) if key is None else key
        raw, decorators = _undecorated(obj)
        if key in self._known:
            return self._known[key]
        try:
            piece = Piece(raw, decorators)
            self._alive.append(obj)
            name = self._known[key] = self._take(wanted or raw.__name__, obj)
            if isinstance(raw, type) and issubclass(raw, views.MethodView):
                self._drop_methods(piece)
            for node in piece.free():
                self._settle(piece, node)
            text = piece.text(name)
        except TwinError as error:
            raise TwinError(_located(error, obj)) from None
        answers = (piece, piece.node) if not decorators and isinstance(piece.node, Function) else None
        self.definitions[name] = Definition(name, text, piece.where, piece, answers)
        return name

    def define_view(self, wanted: str, cls: Any, method: str, instance: str, decorators: list[str]) -> str:
        """Write a function that calls a class-based view.

        :param instance: the expression that makes, or names, an instance.
        :return: the function's name in the program.
        """
        name = self._take(wanted, cls)
        call = f"{instance}.{method}(**values)"
        if iscoroutinefunction(getattr(cls, method)):
            call = f"asyncio.run({call})"
        text = "\n".join([f"def {name}(**values):", f"    return {call}",
                          *(f"\n\n{name} = {decorate}({name})" for decorate in decorators)])  # fmt: skip
        piece = next(one.piece for one in self.definitions.values() if one.piece is not None and one.piece.obj is cls)
        found = [node for node in piece.node.body if getattr(node, "name", "") == method]
        answers = (piece, found[0]) if found and not decorators else None
        self.definitions[name] = Definition(name, text, where_of(cls), None, answers)
        return name

    def _drop_methods(self, piece: Piece) -> None:
        for node in [*piece.node.body]:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in self.unused_methods:
                piece.drop(node)
                piece.node.body.remove(node)

    def _settle(self, piece: Piece, name: ast.Name) -> None:
        """Find out what a free name stands for, and put its stand-in in its place."""
        value, variable = piece.look_up(name.id)
        node: Any = name
        wanted = name.id
        while isinstance(value, ModuleType) and not is_library(value.__name__):
            around = piece.parents.get(node)
            if not isinstance(around, ast.Attribute) or not isinstance(around.ctx, ast.Load):
                break
            node, wanted = around, around.attr
            variable = (id(vars(value)), wanted)
            if not hasattr(value, wanted):
                raise TwinError(f"{ast.unparse(node)} does not exist")
            value = getattr(value, wanted)
        if value is wsgiapp.current_app or _registers(value):
            node, text = self._of_app(piece, node, value)
        else:
            text = self.stand_in(value, wanted, variable)
        self._note(piece, node, value, text)

    def _note(self, piece: Piece, node: Any, value: Any, text: str) -> None:
        piece.values[node] = value
        if text in RESERVED or text == "abort":
            piece.parts[node] = text
            self.uses.append(Use(text, node, piece))
        around = piece.parents.get(node)
        if text in ("View", "MethodView") and around is piece.node and piece.drop_only_base(node):
            return
        if ast.unparse(node) != text:
            piece.replace(node, text)

    def _of_app(self, piece: Piece, node: Any, value: Any) -> tuple[Any, str]:
        """The stand-in for an attribute of the app, and the node that it stands for."""
        around = piece.parents.get(node)
        if value is not wsgiapp.current_app and isinstance(value, wsgiapp.App) and value is not self.app:
            raise TwinError(f"{ast.unparse(node)!r} is another app than the one that answers")
        if not isinstance(around, ast.Attribute) or not isinstance(around.ctx, ast.Load):
            raise TwinError(f"{ast.unparse(node)!r} is used as a whole; only some of its attributes can be written out")
        owner = self.app if value is wsgiapp.current_app else value
        if around.attr == "config":
            self._read_config(piece, around)
            return around, "config"
        if around.attr == "secret_key":
            self.environment.add("SECRET_KEY")
            return around, 'os.environ["SECRET_KEY"]'
        if around.attr in _METHODS:
            self.used.add(_METHODS[around.attr])
            return around, _METHODS[around.attr]
        further = piece.parents.get(around)
        if around.attr == "json" and isinstance(further, ast.Attribute) and further.attr in _JSON:
            self.used.add(_JSON[further.attr])
            return further, _JSON[further.attr]
        if around.attr in _FACTS:
            return around, literal(getattr(owner, around.attr), self.stand_in)
        raise TwinError(f"{ast.unparse(around)!r} cannot be written out: it is a part of the running app")

    def _read_config(self, piece: Piece, node: ast.Attribute) -> None:
        around = piece.parents.get(node)
        key: Any = None
        if isinstance(around, ast.Subscript):
            key = around.slice
        elif isinstance(around, ast.Attribute) and around.attr == "get":
            call = piece.parents.get(around)
            key = call.args[0] if isinstance(call, ast.Call) and call.args else None
        if not isinstance(key, ast.Constant):
            raise TwinError(f"{ast.unparse(node)!r} is used as a whole; name the keys, as in config['KEY']")
        self.config_keys.add(str(key.value))

    def config_items(self) -> Iterator[tuple[str, str]]:
        """The settings that are read, as keys and expressions."""
        for key in sorted(self.config_keys & self.app.config.keys()):
            value = self.app.config[key]
            yield quoted(key), self._secret(value, key) or literal(value, self.stand_in)


def _is_app_code(value: Any) -> bool:
    """Whether something below the framework's own name belongs to an app that is shipped with it."""
    return getattr(value, "__module__", "").startswith("wsgiapp.shop")


def _located(error: TwinError, obj: Any) -> str:
    text, where = str(error), where_of(obj)
    return text if "\n" in text or not where else f"{text}\n  in {getattr(obj, '__qualname__', obj)} ({where})"


def imported(module: str, name: str | None) -> Any:
    """What an import gives; None where it fails."""
    try:
        loaded = importlib.import_module(module)
    except ImportError:
        return None
    return importlib.import_module(module.partition(".")[0]) if name is None else getattr(loaded, name, None)


def _home_of(value: Any) -> tuple[str, str | None]:
    """The module and the name that an object says it has; the shortest path to it that is public."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    if not isinstance(module, str) or not name.isidentifier():
        return "", None
    parents = module.split(".")
    paths = [".".join(parents[:length]) for length in range(1, len(parents) + 1)]
    return next((path for path in paths if is_library(path) and imported(path, name) is value), ""), name


def _import_of(home: Any, name: str) -> tuple[str, str | None]:
    """What the module with that dictionary imports under *name*, by its own statement."""
    module = next((loaded for loaded in [*sys.modules.values()] if id(getattr(loaded, "__dict__", None)) == home), None)
    return _statements(getattr(module, "__file__", None)).get(name, ("", None)) if module is not None else ("", None)


@lru_cache(maxsize=64)
def _statements(file: str | None) -> dict[str, tuple[str, str | None]]:
    try:
        with open(file or "", encoding="utf-8") as source:  # noqa: PTH123
            tree = ast.parse(source.read())
    except (OSError, SyntaxError, ValueError):
        return {}
    found: Iterable[ast.ImportFrom] = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {alias.asname or alias.name: (node.module or "", alias.name)
            for node in found if not node.level for alias in node.names}  # fmt: skip


def _undecorated(obj: Any) -> tuple[Any, int]:
    """The function that stands in the source, and how many decorators there made *obj* of it.

    A decorator that hides what it decorates (no ``functools.wraps``) is copied as the closure that it is.
    """
    inner, depth = obj, 0
    while hasattr(inner, "__wrapped__"):
        inner, depth = inner.__wrapped__, depth + 1
    if not depth or not isinstance(inner, FunctionType):
        return obj, 0
    try:
        piece = Piece(inner, depth)
        roots = [_root(decorator) for decorator in piece.node.decorator_list]
        values = [piece.look_up(root.id)[0] for root in roots if isinstance(root, ast.Name)]
    except TwinError:
        return obj, 0
    return (inner, depth) if len(values) == depth and not any(map(_registers, values)) else (obj, 0)


def _root(expression: Any) -> Any:
    """What a decorator begins with: the ``app`` of ``@app.route("/")``."""
    while isinstance(expression, (ast.Call, ast.Attribute)):
        expression = expression.func if isinstance(expression, ast.Call) else expression.value
    return expression


def _registers(value: Any) -> bool:
    return issubclass(type(value), Scaffold)
