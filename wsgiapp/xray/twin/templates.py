"""Templates: which ones a request can meet, and what they use. They are parsed, never rendered."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment, FileSystemLoader, TemplateError, meta, nodes
from jinja2.defaults import DEFAULT_FILTERS, DEFAULT_NAMESPACE, DEFAULT_TESTS

from wsgiapp.app import _ESCAPED
from wsgiapp.templating import _default_template_ctx_processor

from .gather import Gathering, Use
from .texts import TwinError, literal, quoted

#: So many templates are read at most where their names are computed.
MAX_TEMPLATES = 100
_GIVEN = ("request", "session", "g", "url_for", "get_flashed_messages")
_OPTIONS = (
    "block_start_string", "block_end_string", "variable_start_string", "variable_end_string", "comment_start_string",
    "comment_end_string", "line_statement_prefix", "line_comment_prefix", "trim_blocks", "lstrip_blocks",
    "newline_sequence", "keep_trailing_newline", "undefined", "finalize",
)  # fmt: skip


@dataclass
class Templates:
    """What the templates of a request need.

    :ivar endpoints: what they build URLs for; None stands for "cannot be told".
    :ivar keywords: the options of those URLs.
    :ivar extras: filters, tests, globals and policies: kind, name, expression.
    """

    gathering: Gathering
    names: set[str | None] = field(default_factory=set)
    endpoints: set[str | None] = field(default_factory=set)
    keywords: set[str | None] = field(default_factory=set)
    extras: dict[tuple[str, str], str] = field(default_factory=dict)
    processors: list[str] = field(default_factory=list)

    def read(self, scopes: tuple[str | None, ...]) -> None:
        """Read the templates that the code gathered so far names, and what the processors of *scopes* need."""
        done = 0
        registered = self.gathering.app.template_context_processors
        processors = [one for scope in reversed(scopes) for one in registered.get(scope, ())]
        while done < len(self.gathering.uses):  # filters and processors may name more of them
            use = self.gathering.uses[done]
            done += 1
            if use.part in ("render_template", "stream_template", "render_template_string"):
                self._read_use(use)
                self.processors = [self.gathering.define(one) for one in processors
                                   if one is not _default_template_ctx_processor]  # fmt: skip

    def _read_use(self, use: Use) -> None:
        first = use.call.args[0] if use.call is not None and use.call.args else None
        if isinstance(first, ast.Constant) and use.part != "render_template_string":
            self._read_named(str(first.value))
        elif isinstance(first, ast.Constant):
            self.names.add(None)
            self._read_text(str(first.value), "a string")
        elif use.part == "render_template_string":
            raise TwinError("The text of a template is computed", use.where, "Write it as one string in the call.")
        else:
            self._read_all(use.where)

    def _read_all(self, where: str) -> None:
        listed = self.gathering.app.jinja_env.list_templates()
        if len(listed) > MAX_TEMPLATES:
            raise TwinError(f"The name of a template is computed, and there are {len(listed)}", where, "Name it.")
        for name in listed:
            self._read_named(name)

    def _read_named(self, name: str) -> None:
        env = self.gathering.app.jinja_env
        if name not in self.names:
            self.names.add(name)
            try:
                self._read_text(env.loader.get_source(env, name)[0], name)
            except TemplateError as error:
                raise TwinError(f"The template {name!r} cannot be read: {error}", "", "Mend it first.") from None

    def _read_text(self, source: str, where: str) -> None:
        env = self.gathering.app.jinja_env
        tree = env.parse(source)
        free = meta.find_undeclared_variables(tree)
        self.gathering.parts |= free & {*_GIVEN}
        for name in sorted(free):
            self._need("globals", name)
        for node in tree.find_all((nodes.Filter, nodes.Test, nodes.Call, nodes.Getattr, nodes.Getitem, nodes.Name)):
            self._note(node, where)
        for found in meta.find_referenced_templates(tree):
            if found is None:
                self._read_all(where)
            elif found in env.list_templates():
                self._read_named(found)

    def _note(self, node: Any, where: str) -> None:
        if isinstance(node, (nodes.Filter, nodes.Test)):
            self._need("filters" if isinstance(node, nodes.Filter) else "tests", node.name)
        elif isinstance(node, nodes.Call):
            if isinstance(node.node, nodes.Name) and node.node.name == "url_for":
                self.endpoints.add(getattr(node.args[0], "value", None) if node.args else None)
                self.keywords |= {one.key for one in node.kwargs} | ({None} if node.dyn_kwargs else set())
        elif not isinstance(node, nodes.Name):
            key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
            self.gathering.attributes.add(str(key))
            if isinstance(node.node, nodes.Name) and node.node.name == "config":
                self.gathering.take_config(key if isinstance(key, str) else None, where)

    def _need(self, kind: str, name: str) -> None:
        """Take a filter, a test or a global of the app's own."""
        env = self.gathering.app.jinja_env
        usual: dict[str, Any] = {"filters": DEFAULT_FILTERS, "tests": DEFAULT_TESTS, "globals": DEFAULT_NAMESPACE}[kind]
        own = getattr(env, kind).get(name)
        if kind == "filters" and name == "tojson":
            self.extras["policies", "json.dumps_function"] = "dumps"
        if own is None or own is usual.get(name) or (kind, name) in self.extras:
            return
        if kind == "globals" and name in (*_GIVEN, "config"):
            self.extras[kind, name] = name
        else:
            self.extras[kind, name] = self.gathering.value(own, name)

    # -- the environment -------------------------------------------------------------------------------------------

    def arguments(self) -> Iterator[str]:
        """The arguments of the environment in the program."""
        app, env = self.gathering.app, self.gathering.app.jinja_env
        if any(name is not None for name in self.names):
            yield f"loader=FileSystemLoader({literal([*self._folders(app)])})"
        yield f"autoescape=lambda name: name is None or name.endswith({_ESCAPED!r})"
        usual: Any = Environment()  # noqa: S701 - never renders
        for name in _OPTIONS:
            if getattr(env, name) != getattr(usual, name):
                yield f"{name}={self.gathering.value(getattr(env, name), name)}"
        extensions = [name for name in env.extensions if name not in usual.extensions]
        if extensions:
            yield f"extensions={extensions!r}"

    def _folders(self, app: Any) -> Iterator[str]:
        for owner in (app, *app.iter_blueprints()):
            loader = owner.jinja_loader
            if loader is not None and type(loader) is not FileSystemLoader:
                raise TwinError(f"{owner.name!r} has its templates from a {type(loader).__name__}", "",
                                "Keep them in a folder.")  # fmt: skip
            yield from map(str, loader.searchpath if loader is not None else ())

    def lines(self) -> list[tuple[str, str, str]]:
        """What is added to the environment: kind, quoted name, expression."""
        return [(kind, quoted(name), text) for (kind, name), text in self.extras.items()]
