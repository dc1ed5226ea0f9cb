"""The twin: one request of an app as a short program on Werkzeug alone, which runs and answers the same.

For whoever knows Flask and wants to see what is underneath. :func:`twin` reads the app and runs none of it: what a
program needs is found in the sources, and where that cannot be done faithfully there is :class:`TwinError`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from werkzeug.test import create_environ
from wsgiapp import views

from .gather import Gathering
from .match import Matched
from .program import Program
from .road import check_stock
from .values import TwinError

__all__ = ["Twin", "TwinError", "twin"]


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
    host: str | None = None, scheme: str | None = None, query: str | None = None,
) -> Twin:  # fmt: skip
    """Write a request to *app* as a program. Neither the view nor a hook is run.

    :param method: the method.
    :param path: the path, percent-encoded where need be; with a question mark and the query, unless *query* is given.
    :param headers: the request's headers, in order.
    :param body: its body.
    :param host: the host and the port; by default ``SERVER_NAME`` or ``localhost``.
    :param scheme: ``http`` or ``https``; by default ``PREFERRED_URL_SCHEME``.
    :param query: the query, without its question mark.
    :raises TwinError: where no faithful program can be written.
    """
    check_stock(app)
    config = app.config
    if query is None:
        path, _, query = path.partition("?")
    if path.startswith("//"):  # it would be taken for a host
        path = f"/%2F{path[2:]}"
    root = config["APPLICATION_ROOT"].strip("/")
    base = f"{scheme or config['PREFERRED_URL_SCHEME']}://{host or config['SERVER_NAME'] or 'localhost'}/{root}"
    given: dict[str, Any] = {"path": path, "base_url": base, "method": method.upper(), "query_string": query,
                             "headers": [*headers], "data": body}  # fmt: skip
    usual = {"base_url": "http://localhost/", "method": "GET", "query_string": "", "headers": [], "data": b""}
    given = {name: value for name, value in given.items() if value != usual.get(name)}
    try:
        environ = create_environ(**given)
    except ValueError as error:
        raise TwinError(f"This is no request: {error}") from None
    matched = Matched(app, environ)
    unused = frozenset(views.http_method_funcs - {method.lower(), *(["get"] if method.upper() == "HEAD" else [])})
    program = Program(matched, Gathering(app, _secrets(app), unused), given)
    source = program.source()
    return Twin(source, tuple(program.notes()))


def _secrets(app: Any) -> frozenset[str]:
    keys = [app.config["SECRET_KEY"], *(app.config["SECRET_KEY_FALLBACKS"] or ())]
    return frozenset(key if isinstance(key, str) else key.decode("utf-8", "replace") for key in keys if key)
