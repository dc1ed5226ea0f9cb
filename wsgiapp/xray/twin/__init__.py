"""The twin: one request of an app as a short program on Werkzeug alone, which runs and answers the same.

For whoever knows Flask and wants to see what is underneath. :func:`twin` reads the app and runs none of it: what a
program needs is found in the sources, and where that cannot be done faithfully there is :class:`TwinError`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from werkzeug.exceptions import default_exceptions
from werkzeug.test import create_environ

from wsgiapp import App
from wsgiapp.xray.locations import where_of

from .program import Program
from .road import Route
from .texts import TwinError

__all__ = ["Twin", "TwinError", "twin"]

# Steps that a program stands for as they are; an app that has its own cannot be written out.
_STEPS = (
    "full_dispatch_request", "preprocess_request", "dispatch_request", "finalize_request", "make_response",
    "process_response", "handle_exception", "handle_user_exception", "handle_http_exception", "create_url_adapter",
    "request_context", "raise_routing_exception", "trap_http_exception", "url_for", "inject_url_defaults",
    "ensure_sync", "redirect", "make_default_options_response", "update_template_context", "make_aborter",
    "send_static_file", "get_send_file_max_age", "select_jinja_autoescape", "create_jinja_environment",
    "request_class", "response_class", "aborter_class", "jinja_environment",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Twin:
    """A request as a program.

    :ivar source: the program: run, it prints status line, headers, an empty line and the body; its ``application`` is
        for WSGI servers.
    :ivar notes: what it leaves out, needs, or cannot know, a sentence each. They stand at its head, too.
    """

    source: str
    notes: tuple[str, ...]


def twin(
    app: Any, method: str, path: str, *, headers: Iterable[tuple[str, str]] = (), body: bytes = b"",
    host: str | None = None, query: str | None = None,
) -> Twin:  # fmt: skip
    """Write a request to *app* as a program. Neither the view nor a hook is run.

    :param method: the method.
    :param path: the path, percent-encoded where need be; with a question mark and the query, unless *query* is given.
    :param headers: the request's headers, in order.
    :param body: its body.
    :param host: the host and the port; by default ``SERVER_NAME`` or ``localhost``.
    :param query: the query, without its question mark.
    :raises TwinError: where no faithful program can be written.
    """
    _check(app)
    config = app.config
    if query is None:
        path, _, query = path.partition("?")
    root = config["APPLICATION_ROOT"].strip("/")
    base = f"{config['PREFERRED_URL_SCHEME']}://{host or config['SERVER_NAME'] or 'localhost'}/{root}"
    given: dict[str, Any] = {"path": path, "base_url": base, "method": method.upper(), "query_string": query,
                             "headers": [*headers], "data": body}  # fmt: skip
    usual = {"base_url": "http://localhost/", "method": "GET", "query_string": "", "headers": [], "data": b""}
    given = {name: value for name, value in given.items() if value != usual.get(name)}
    try:
        environ = create_environ(**given)
    except ValueError as error:
        raise TwinError(f"This is no request: {error}", "", "Ask for another.") from None
    program = Program(app, Route(app, environ), given)
    source = program.source()
    return Twin(source, tuple(program.notes()))


def _check(app: Any) -> None:
    """Refuse an app whose own code takes the place of a step; the X-ray's does not count.

    :raises TwinError: naming it.
    """
    for name in _STEPS:
        own = app.__dict__.get(name, getattr(type(app), name))
        if own is not getattr(App, name) and not getattr(own, "__module__", "").startswith("wsgiapp.xray"):
            raise TwinError(f"The app has a {name!r} of its own, which takes the place of a step that a program"
                            " stands for", where_of(own) or where_of(type(app)), "Ask an app without it.")  # fmt: skip
    outermost = app.wsgi_app
    while type(outermost).__module__.startswith("wsgiapp.xray"):
        outermost = outermost.inner
    if getattr(outermost, "__func__", None) is not App.wsgi_app:
        raise TwinError(f"There is middleware around the app, {type(outermost).__name__}, which may change any answer",
                        where_of(outermost), "Ask for a twin of the app without it.")  # fmt: skip
    if app.aborter.mapping != default_exceptions:
        raise TwinError("The app's aborter has codes of its own", "", "Raise these exceptions by their classes.")
    if app.config["TRAP_HTTP_EXCEPTIONS"] or app.config["TRAP_BAD_REQUEST_ERRORS"]:
        raise TwinError("TRAP_HTTP_EXCEPTIONS or TRAP_BAD_REQUEST_ERRORS is set", "", "Switch it off.")
