"""Templates: the Jinja2 environment of an app, and rendering with what is current.

Templates are looked for in the app's folder first, then in its blueprints'. Here live the environment, that search, and
the functions that render or stream; which filters and globals there are is the app's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from blinker import Signal
from jinja2 import BaseLoader, Template, TemplateNotFound
from jinja2 import Environment as BaseEnvironment

from .ctx import _cv_app, _cv_request, app_proxy, session_proxy, stream_with_context
from .debughelpers import Attempt, LoadedSource, explain_template_loading_attempts
from .signals import before_render_template, template_rendered

Name = str | Template | list[str | Template]


def _default_template_ctx_processor() -> dict[str, Any]:
    """What every template has by name: ``g``, and in a request ``request`` and ``session``."""
    names: dict[str, Any] = {}
    if (app_ctx := _cv_app.get(None)) is not None:
        names["g"] = app_ctx.g
    if (request_ctx := _cv_request.get(None)) is not None:
        # The proxy: a template that touches the session makes the page vary by cookie, rendering alone does not.
        names.update(request=request_ctx.request, session=session_proxy)
    return names


class DispatchingJinjaLoader(BaseLoader):
    """Asks the app's loader, then each blueprint's, in the order of their registration.

    :param app: the app whose templates are looked for.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    def get_source(self, environment: BaseEnvironment, template: str) -> LoadedSource:
        """The source of *template*, its file name, and how to ask whether it is still up to date.

        With ``EXPLAIN_TEMPLATE_LOADING`` every loader is asked, and what each said is logged.

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
        """The names of all templates, each once."""
        return list({name: None for _, loader in self._iter_loaders("") for name in loader.list_templates()})


class Environment(BaseEnvironment):
    """A Jinja2 environment that loads over an app and its blueprints.

    :param app: the app.
    :param options: Jinja2's own; a ``loader`` replaces the app's.
    """

    def __init__(self, app: Any, **options: Any) -> None:
        options.setdefault("loader", app.create_global_jinja_loader())
        super().__init__(**options)
        self.app = app


def update_template_context(app: Any, context: dict[str, Any]) -> None:
    """Add to *context* what the processors of the app and of the current blueprints give; what is there wins."""
    given = dict(context)
    request_ctx = _cv_request.get(None)
    processors: dict[str | None, list[Callable[[], dict[str, Any]]]] = app.template_context_processors
    for scope in (None, *reversed(request_ctx.request.blueprints if request_ctx is not None else ())):
        for processor in processors.get(scope, ()):
            context.update(app.ensure_sync(processor)())
    context.update(given)


def _send(signal: Signal, app: Any, template: Template, context: dict[str, Any]) -> None:
    if signal.receivers:
        signal.send(app, _async_wrapper=app.ensure_sync, template=template, context=context)


def _render(app: Any, template: Template, context: dict[str, Any]) -> str:
    app.update_template_context(context)
    _send(before_render_template, app, template, context)
    text = template.render(context)
    _send(template_rendered, app, template, context)
    return text


def _stream(app: Any, template: Template, context: dict[str, Any]) -> Iterator[str]:
    app.update_template_context(context)
    _send(before_render_template, app, template, context)

    def pieces() -> Iterator[str]:
        yield from template.generate(context)
        _send(template_rendered, app, template, context)

    return stream_with_context(pieces()) if _cv_request.get(None) is not None else pieces()


def render_template(template_name_or_list: Name, **context: Any) -> str:
    """The text of a template.

    :param template_name_or_list: its name; of several, the first that exists.
    :param context: the variables of the template.
    :raises jinja2.TemplateNotFound: when there is no such template.
    """
    app = app_proxy._get_current_object()
    return _render(app, app.jinja_env.get_or_select_template(template_name_or_list), context)


def render_template_string(source: str, **context: Any) -> str:
    """The text of the template *source*, autoescaped. Never make a source of what a request sent.

    :param context: the variables of the template.
    """
    app = app_proxy._get_current_object()
    return _render(app, app.jinja_env.from_string(source), context)


def stream_template(template_name_or_list: Name, **context: Any) -> Iterator[str]:
    """The text of a template piece by piece, as a streamed response; see :func:`render_template`."""
    app = app_proxy._get_current_object()
    return _stream(app, app.jinja_env.get_or_select_template(template_name_or_list), context)


def stream_template_string(source: str, **context: Any) -> Iterator[str]:
    """The text of the template *source* piece by piece; see :func:`render_template_string`."""
    app = app_proxy._get_current_object()
    return _stream(app, app.jinja_env.from_string(source), context)
