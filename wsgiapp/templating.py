"""Templates: rendering or streaming them with the values of the current app and request.

Here the context of a template is completed and the template rendered. The environment that finds it is in
``environment``; its filters and globals are set by the app.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from blinker import Signal

from . import environment as _environment
from .ctx import _cv_app, _cv_request, app_proxy, stream_with_context
from .signals import before_render_template, template_rendered

Name: TypeAlias = "str | _environment.Template | list[str | _environment.Template]"


def __getattr__(name: str) -> Any:
    if name in ("DispatchingJinjaLoader", "Environment"):  # Flask has them here
        return getattr(_environment, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _default_template_ctx_processor() -> dict[str, Any]:
    """Return what every template has by name: ``g``, and in a request ``request``.

    Not the session, which templates have as a global: a receiver of the signal ``template_rendered`` may read each
    value, and reading the session makes the page vary by cookie.
    """
    names: dict[str, Any] = {}
    if (app_ctx := _cv_app.get(None)) is not None:
        names["g"] = app_ctx.g
    if (request_ctx := _cv_request.get(None)) is not None:
        names["request"] = request_ctx.request
    return names


def update_template_context(app: Any, context: dict[str, Any]) -> None:
    """Add the values of the app's and the current blueprints' processors to *context*; its own values win."""
    given = dict(context)
    processors: dict[str | None, list[Callable[[], dict[str, Any]]]] = app.template_context_processors
    request_ctx = _cv_request.get(None)
    # PERF: blueprints are read only when one may have a processor (benchmarks/: template).
    blueprints = request_ctx.request.blueprints if request_ctx is not None and len(processors) > 1 else ()
    for scope in (None, *reversed(blueprints)):
        for processor in processors.get(scope, ()):
            context.update(app.ensure_sync(processor)())
    context.update(given)


def _send(signal: Signal, app: Any, template: _environment.Template, context: dict[str, Any]) -> None:
    if signal.receivers:
        signal.send(app, _async_wrapper=app.ensure_sync, template=template, context=context)


def _render(app: Any, template: _environment.Template, context: dict[str, Any]) -> str:
    app.update_template_context(context)
    _send(before_render_template, app, template, context)
    text = template.render(context)
    _send(template_rendered, app, template, context)
    return text


def _stream(app: Any, template: _environment.Template, context: dict[str, Any]) -> Iterator[str]:
    app.update_template_context(context)
    _send(before_render_template, app, template, context)

    def pieces() -> Iterator[str]:
        yield from template.generate(context)
        _send(template_rendered, app, template, context)

    return stream_with_context(pieces()) if _cv_request.get(None) is not None else pieces()


def render_template(template_name_or_list: Name, **context: Any) -> str:
    """Return the text of a template.

    >>> with app.app_context():
    ...     render_template("hello.html", name="Ada")
    'Hello, Ada!'

    :param template_name_or_list: its name; of several, the first that exists.
    :param context: the variables of the template.
    :raises jinja2.TemplateNotFound: when there is no such template.
    """
    app = app_proxy._get_current_object()
    return _render(app, app.jinja_env.get_or_select_template(template_name_or_list), context)


def render_template_string(source: str, **context: Any) -> str:
    """Return the text of a template that is given as a string. Its values are escaped as in HTML.

    >>> with app.app_context():
    ...     render_template_string("Hello, {{ name }}!", name="<Ada>")
    'Hello, &lt;Ada&gt;!'

    :param source: the template. Never make it of what a request sent: a template can run code.
    :param context: the variables of the template.
    """
    app = app_proxy._get_current_object()
    return _render(app, app.jinja_env.from_string(source), context)


def stream_template(template_name_or_list: Name, **context: Any) -> Iterator[str]:
    """Return the text of a template piece by piece, for a streamed response; see :func:`render_template`.

    >>> @app.get("/hello/<name>")
    ... def hello(name: str) -> Iterator[str]:
    ...     return stream_template("hello.html", name=name)
    >>> app.test_client().get("/hello/Ada").text
    'Hello, Ada!'
    """
    app = app_proxy._get_current_object()
    return _stream(app, app.jinja_env.get_or_select_template(template_name_or_list), context)


def stream_template_string(source: str, **context: Any) -> Iterator[str]:
    """Return the text of a template string piece by piece; see :func:`render_template_string`."""
    app = app_proxy._get_current_object()
    return _stream(app, app.jinja_env.from_string(source), context)
