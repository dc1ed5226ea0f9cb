"""Templates: which a request can meet, what they need, and how the program finds them.

Templates are parsed, never rendered. Where their names are not written in the code, all that the app has are taken.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment, FileSystemLoader, TemplateError, meta, nodes
from jinja2.defaults import DEFAULT_FILTERS, DEFAULT_NAMESPACE, DEFAULT_TESTS
from wsgiapp.app import App
from wsgiapp.templating import _default_template_ctx_processor

from .gather import Gathering, Use
from .values import TwinError, block_text, literal, quoted

#: So many characters of templates at most stand in the program itself; more are read from their folder.
MAX_INLINE = 1_500
MAX_TEMPLATES = 300
_NAMED = ("render_template", "stream_template", "get_template_attribute")
_SOURCES = ("render_template_string", "stream_template_string")
_GIVEN = ("request", "session", "g", "url_for", "get_flashed_messages")
_OPTIONS = (
    "block_start_string", "block_end_string", "variable_start_string", "variable_end_string", "comment_start_string",
    "comment_end_string", "line_statement_prefix", "line_comment_prefix", "trim_blocks", "lstrip_blocks",
    "newline_sequence", "keep_trailing_newline", "undefined", "finalize", "policies",
)  # fmt: skip


@dataclass
class Templates:
    """What the templates of a request need.

    :ivar sources: the templates by name, with their text.
    :ivar names: the names that they take from their context.
    :ivar endpoints: what they build URLs for; None among them stands for "cannot be told".
    :ivar request: the attributes of the request, and of ``g``, that they read.
    """

    gathering: Gathering
    sources: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    endpoints: set[str | None] = field(default_factory=set)
    attributes: set[tuple[str, str]] = field(default_factory=set)
    filters: dict[str, str] = field(default_factory=dict)
    tests: dict[str, str] = field(default_factory=dict)
    globals: dict[str, str] = field(default_factory=dict)
    keywords: set[str] = field(default_factory=set)
    compared: set[str] = field(default_factory=set)
    tojson: bool = False
    from_string: bool = False
    everything: bool = False
    _read: set[int] = field(default_factory=set)

    def read(self) -> None:
        """Read the templates that the code gathered so far names."""
        for use in [*self.gathering.uses]:
            call = use.call()
            if id(use) in self._read or use.part not in (*_NAMED, *_SOURCES):
                continue
            self._read.add(id(use))
            named = call.args[0] if call is not None and call.args else None
            if use.part in _SOURCES:
                self._read_string(named, use)
            elif isinstance(named, ast.Constant):
                self._read_named(str(named.value))
            else:
                self._read_all()

    def _read_string(self, source: Any, use: Use) -> None:
        self.from_string = True
        text = source.value if isinstance(source, ast.Constant) else use.piece.values.get(source)
        if isinstance(text, str):
            self._read_text(text)
        else:
            self._take_everything()

    def _read_all(self) -> None:
        listed = self.gathering.app.jinja_env.list_templates()
        if len(listed) > MAX_TEMPLATES:
            raise TwinError(f"The name of a template is computed, and the app has {len(listed)}: name it in the code.")
        self._take_everything()
        for name in listed:
            self._read_named(name)

    def _take_everything(self) -> None:
        if not self.everything:
            self.everything = True
            self.names.update(("url_for", "get_flashed_messages", "request", "g"))
            self.endpoints.add(None)
            env = self.gathering.app.jinja_env
            for name in [*env.filters, *env.tests, *env.globals]:
                self._need(name)

    def _read_named(self, name: str) -> None:
        if name in self.sources:
            return
        env = self.gathering.app.jinja_env
        try:
            self.sources[name] = source = env.loader.get_source(env, name)[0]
        except TemplateError as error:
            raise TwinError(f"The template {name!r} cannot be read: {error!r}. Put it where the app looks.") from None
        self._read_text(source)

    def _read_text(self, source: str) -> None:
        env = self.gathering.app.jinja_env
        try:
            tree = env.parse(source)
        except TemplateError as error:
            raise TwinError(f"A template cannot be parsed: {error}") from None
        self.names |= meta.find_undeclared_variables(tree)
        for found in tree.find_all((nodes.Filter, nodes.Test, nodes.Call, nodes.Compare, nodes.Getattr, nodes.Getitem)):
            self._note(found)
        for name in meta.find_undeclared_variables(tree):
            self._need(name)
        for name in meta.find_referenced_templates(tree):
            if name is None:
                self._read_all()
            elif name not in self.sources and name in env.list_templates():
                self._read_named(name)

    def _note(self, node: Any) -> None:
        if isinstance(node, (nodes.Filter, nodes.Test)):
            self.tojson |= node.name == "tojson"
            self._need(node.name)
        elif isinstance(node, nodes.Compare):
            self.compared |= {operand.expr.name for operand in node.ops if isinstance(operand.expr, nodes.Name)}
        elif isinstance(node, nodes.Call):
            if isinstance(node.node, nodes.Name) and node.node.name == "url_for":
                first = node.args[0] if node.args else None
                self.endpoints.add(first.value if isinstance(first, nodes.Const) else None)
                self.keywords |= {keyword.key for keyword in node.kwargs}
        elif isinstance(node.node, nodes.Name):
            key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
            self.attributes.add((node.node.name, str(key)))
            if node.node.name == "config" and isinstance(key, str):
                self.gathering.config_keys.add(key)

    def _need(self, name: str) -> None:
        """Gather a filter, a test or a global of the app's own."""
        env, gathering = self.gathering.app.jinja_env, self.gathering
        for kept, registered, usual in (
            (self.filters, env.filters, DEFAULT_FILTERS), (self.tests, env.tests, DEFAULT_TESTS),
            (self.globals, env.globals, DEFAULT_NAMESPACE),
        ):  # fmt: skip
            own = name in registered and registered[name] is not usual.get(name) and name not in kept
            if not own:
                continue
            if registered is env.globals and name in (*_GIVEN, "config"):
                if name in self.names:
                    kept[name] = name
                    gathering.used.add(name)
            else:
                kept[name] = gathering.stand_in(registered[name], name)

    # -- the environment -------------------------------------------------------------------------------------------

    def processors(self, scopes: tuple[str | None, ...]) -> list[str]:
        """The context processors of the app's own, in their order, by the names they have in the program."""
        registered = self.gathering.app.template_context_processors
        found = [one for scope in scopes for one in registered.get(scope, ())]
        return [self.gathering.define(one) for one in found if one is not _default_template_ctx_processor]

    def arguments(self) -> Iterator[str]:
        """The arguments of the environment in the program."""
        app, env = self.gathering.app, self.gathering.app.jinja_env
        if self.sources:
            yield f"loader={self._loader()}"
        yield from self._autoescape()
        usual: Any = Environment()
        for name in _OPTIONS[:-1]:
            if getattr(env, name) != getattr(usual, name):
                yield f"{name}={self.gathering.stand_in(getattr(env, name), name)}"
        extensions = [name for name in env.extensions if name not in usual.extensions]
        if extensions:
            yield f"extensions={extensions!r}"
        if type(app).jinja_environment is not App.jinja_environment:
            raise TwinError("The app's Jinja2 environment is of a class of its own, which cannot be written out.")

    def _loader(self) -> str:
        folders = [one.jinja_loader for one in (self.gathering.app, *self.gathering.app.iter_blueprints())]
        folders = [loader for loader in folders if loader is not None]
        small = sum(map(len, self.sources.values())) <= MAX_INLINE and not self.everything
        if small or not all(type(loader) is FileSystemLoader for loader in folders):
            texts = ",\n".join(f"    {quoted(name)}: {block_text(text)}" for name, text in self.sources.items())
            return f"DictLoader({{\n{texts},\n}})"
        paths = [path for loader in folders for path in loader.searchpath]
        return f"FileSystemLoader({literal([str(path) for path in paths], repr)})"

    def _autoescape(self) -> Iterator[str]:
        names: list[str | None] = [*self.sources, *([None] if self.from_string else [])]
        chosen = self.gathering.app.jinja_env.autoescape
        escaped = [name for name in names if (chosen(name) if callable(chosen) else chosen)]
        if len(escaped) == len(names):
            yield "autoescape=True"
        elif escaped:
            yield f"autoescape={literal(escaped, repr)}.__contains__"
