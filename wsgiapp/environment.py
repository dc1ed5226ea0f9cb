"""The Jinja2 environment of an app, and the search for templates over the app and its blueprints.

Layer "environment": subclasses of Jinja2's classes, and nothing else. It is imported lazily (see ``lazy_imports``), so
an app without templates never loads Jinja2. Rendering is in ``templating``.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, KeysView, Mapping, MutableMapping
from typing import Any

from jinja2 import BaseLoader, FileSystemLoader, Template, TemplateNotFound
from jinja2 import Environment as BaseEnvironment
from jinja2.runtime import Context, new_context

from .ctx import _cv_request
from .debughelpers import Attempt, LoadedSource, explain_template_loading_attempts

# Some names of Jinja2 too, for modules that must not import it at once.
__all__ = ["AppTemplate", "BaseLoader", "DispatchingJinjaLoader", "Environment", "FileSystemLoader", "Template"]

_OF_DICT = frozenset(dir(dict))


class DispatchingJinjaLoader(BaseLoader):
    """Asks the app's loader, then each blueprint's, in the order of their registration.

    :param app: the app whose templates are looked for.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    def get_source(self, environment: BaseEnvironment, template: str) -> LoadedSource:
        """Return the source of *template*, its file name, and a function that says whether it is up to date.

        With ``EXPLAIN_TEMPLATE_LOADING`` every loader is asked, and the result of each is logged.

        :raises TemplateNotFound: when no loader has it.
        """
        attempts: Iterable[Attempt] = self._attempts(environment, template)
        if self.app.config["EXPLAIN_TEMPLATE_LOADING"]:
            attempts = list(attempts)
            request_ctx = _cv_request.get(None)
            blueprint = None if request_ctx is None else request_ctx.request.blueprint
            explain_template_loading_attempts(self.app, template, attempts, blueprint)
        for *_, source in attempts:
            if source is not None:
                return source
        raise TemplateNotFound(template)

    def _attempts(self, environment: BaseEnvironment, template: str) -> Iterator[Attempt]:
        for owner, loader in self._iter_loaders(template):
            try:
                yield loader, owner, loader.get_source(environment, template)
            except TemplateNotFound:
                yield loader, owner, None

    def _iter_loaders(self, template: str) -> Iterator[tuple[Any, BaseLoader]]:  # noqa: ARG002  # Flask's signature
        for owner in (self.app, *self.app.iter_blueprints()):
            if owner.jinja_loader is not None:
                yield owner, owner.jinja_loader

    def list_templates(self) -> list[str]:
        """Return the names of all templates, each once."""
        return list({name: None for _, loader in self._iter_loaders("") for name in loader.list_templates()})


class Globals(ChainMap[str, Any]):
    """The global names of a template: its own go before those of the environment."""

    def joined(self) -> dict[str, Any]:
        """Return all names and values in one dict."""
        known: dict[str, Any] = {}
        for names in reversed(self.maps):
            known.update(names)
        return known

    # PERF: Jinja2 reads them at each import; a ChainMap takes five calls for each name (benchmarks/: page).
    def keys(self) -> KeysView[str]:
        """Return the names as they are now."""
        return self.joined().keys()


class AppTemplate(Template):
    """A template that passes its globals to the context in fewer calls."""

    def new_context(
        self, vars: dict[str, Any] | None = None, shared: bool = False, locals: Mapping[str, Any] | None = None
    ) -> Context:
        """Return the context of one rendering; see :meth:`jinja2.Template.new_context`."""
        known: Any = self.globals
        if isinstance(known, Globals):  # PERF: Jinja2 takes two calls for each name (benchmarks/: template)
            known = known.joined()
        return new_context(self.environment, self.name, self.blocks, vars, shared, known, locals)


class Environment(BaseEnvironment):
    """A Jinja2 environment that loads the templates of an app and its blueprints.

    :param app: the app.
    :param options: Jinja2's own; a ``loader`` replaces the app's.
    """

    def __init__(self, app: Any, **options: Any) -> None:
        options.setdefault("loader", app.create_global_jinja_loader())
        # A subclass may have another getattr, such as that of a sandbox. Then the shortcut below is not used.
        self._uses_jinja_getattr = super(Environment, type(self)).getattr is BaseEnvironment.getattr
        if type(self).template_class is Template:
            self.template_class = AppTemplate
        super().__init__(**options)
        self.app = app

    def make_globals(self, d: MutableMapping[str, Any] | None) -> Globals:
        """Return the globals of one template; see :meth:`jinja2.Environment.make_globals`."""
        return Globals({} if d is None else d, self.globals)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return the value of ``obj.attribute`` in a template: the attribute, else the item, else undefined."""
        if not self._uses_jinja_getattr:
            return super().getattr(obj, attribute)
        # PERF: a dict has only the attributes of its class; any other name would cost an exception (benchmarks/:
        # template).
        if type(obj) is not dict or attribute in _OF_DICT:
            try:
                return getattr(obj, attribute)
            except AttributeError:
                pass
        try:
            return obj[attribute]
        except (AttributeError, LookupError, TypeError):
            return self.undefined(obj=obj, name=attribute)
