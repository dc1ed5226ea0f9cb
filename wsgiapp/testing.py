"""Calling an app without a server: a client for requests, a runner for commands.

Layer "testing". Werkzeug's client and click's runner, extended by what belongs to an app: its configured host and root,
its JSON provider, its session interface, and its contexts after the response. The app is called like any WSGI app.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar, Token
from copy import copy
from functools import cache
from types import TracebackType
from typing import Any, Generic, Self, cast
from urllib.parse import urlsplit

import werkzeug.test
from click.testing import CliRunner, Result
from werkzeug.datastructures import Headers
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Request

from .cli import ScriptInfo
from .ctx import RequestContext
from .hosts import host_and_port
from .sessions import SessionMixin
from .typing import AppType, WSGIEnvironment

# Set when a client pushes a context. Resetting it fails in another thread or task, and so shows that the context cannot
# be popped there.
_place: ContextVar[Any] = ContextVar("wsgiapp.testing.place")


class EnvironBuilder(werkzeug.test.EnvironBuilder, Generic[AppType]):
    """Builds a WSGI environment (PEP 3333) for an app.

    :param app: the app.
    :param path: a path, or a whole URL.
    :param base_url: scheme, host and root together; by default they are made of what follows and of the app's
        ``SERVER_NAME`` (or ``localhost``), ``PREFERRED_URL_SCHEME`` and ``APPLICATION_ROOT``.
    :param subdomain: put before the host.
    :param url_scheme: the scheme.
    :param args: more arguments of Werkzeug's ``EnvironBuilder``.
    :param kwargs: its keyword arguments.
    :raises AssertionError: when *subdomain* or *url_scheme* comes with a *base_url*.
    """

    def __init__(
        self, app: AppType, path: str = "/", base_url: str | None = None, subdomain: str | None = None,
        url_scheme: str | None = None, *args: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        if base_url is None:
            url = urlsplit(path)
            scheme = url.scheme or url_scheme or app.config["PREFERRED_URL_SCHEME"]
            server = app.config["SERVER_NAME"] or "localhost"
            host = url.netloc or (f"{subdomain}.{server}" if subdomain else server)
            base_url = f"{scheme}://{host}/{app.config['APPLICATION_ROOT'].lstrip('/')}"
            path = f"{url.path}?{url.query}" if url.query else url.path
        elif subdomain or url_scheme:
            raise AssertionError('Cannot pass "subdomain" or "url_scheme" with "base_url", which holds both.')
        self.app = app
        super().__init__(path, base_url, *args, **kwargs)

    @property
    def server_name(self) -> str:
        """The host without its port; an IPv6 address without its brackets."""
        return host_and_port(self.host)[0]

    @property
    def server_port(self) -> int:
        """The host's port, else the scheme's."""
        port = host_and_port(self.host)[1]
        return int(port) if port.isdecimal() else 443 if self.url_scheme == "https" else 80

    def json_dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return *obj* as JSON text by the app's rules. It makes the body from the argument ``json``."""
        return cast(str, self.app.json.dumps(obj, **kwargs))


@cache
def _user_agent() -> str:
    return f"Werkzeug/{importlib.metadata.version('werkzeug')}"


class FlaskClient(Client, Generic[AppType]):
    """Sends requests to an app and keeps the cookies.

    In a ``with`` block the contexts of the last request stay current until the next request, or until the end of the
    block, so that ``request``, ``session`` and ``g`` can be read. The attribute ``environ_base`` goes into the
    environment of every request.

    >>> with app.test_client() as client:
    ...     response = client.get("/?page=2")
    ...     request.args["page"]
    '2'

    :param args: the arguments of Werkzeug's client.
    :param kwargs: its keyword arguments.
    """

    application: AppType

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.preserve_context = False
        # The contexts that the app has passed on in this request, and the pushed ones, each with a token of _place.
        self._received: list[RequestContext] = []
        self._entered: list[tuple[RequestContext, Token[Any]]] = []
        self.environ_base: dict[str, str] = {
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_USER_AGENT": _user_agent(),
        }

    @contextmanager
    def session_transaction(self, *args: Any, **kwargs: Any) -> Iterator[SessionMixin]:
        """Open the session as the next request would find it, and save it at the end of the ``with`` block.

        >>> client = app.test_client()
        >>> with client.session_transaction() as session:
        ...     session["user"] = "Ada"

        :param args: the arguments of ``app.test_request_context``.
        :param kwargs: its keyword arguments.
        :raises TypeError: when the client keeps no cookies.
        :raises RuntimeError: when the app opens no session.
        """
        if self._cookies is None:
            raise TypeError("Cookies are disabled. A session needs them: make the client with 'use_cookies=True'.")
        app, interface = self.application, self.application.session_interface
        ctx = app.test_request_context(*args, **kwargs)
        self._add_cookies_to_wsgi(ctx.request.environ)
        with ctx:
            session = interface.open_session(app, ctx.request)
        if session is None:
            raise RuntimeError("Session backend did not open a session: set app.secret_key for the default one.")
        # Outside of the context: in the block the contexts of before must be current.
        yield session
        if interface.is_null_session(session):
            return
        response = app.response_class()
        with ctx:
            interface.save_session(app, session, response)
        host = host_and_port(ctx.request.host)[0]
        self._update_cookies_from_response(host, ctx.request.path, response.headers.getlist("Set-Cookie"))

    def _copy_environ(self, other: WSGIEnvironment) -> WSGIEnvironment:
        """Return a copy of an environment, with the values of ``environ_base`` where it has none.

        In a ``with`` block it also gets the callable by which the app passes its contexts on.
        """
        environ = {**self.environ_base, **other}
        if self.preserve_context:
            environ["werkzeug.debug.preserve_context"] = self._received.append
        return environ

    def _request_from_builder_args(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Request:
        """Return the request that the arguments of :class:`EnvironBuilder` describe."""
        kwargs["environ_base"] = self._copy_environ(kwargs.get("environ_base", {}))
        with closing(EnvironBuilder(self.application, *args, **kwargs)) as builder:
            return builder.get_request()

    def open(self, *args: Any, buffered: bool = False, follow_redirects: bool = False, **kwargs: Any) -> TestResponse:
        """Send a request and return the response; ``get``, ``post`` and the others do this for one method.

        >>> app.test_client().open("/", method="POST", json={"name": "Ada"}).status
        '404 NOT FOUND'

        :param args: the arguments of :class:`EnvironBuilder`; or a builder, an environment or a request.
        :param buffered: read the whole body and close the response at once.
        :param follow_redirects: send a request to the target of a redirect, and return its response.
        :param kwargs: the keyword arguments of :class:`EnvironBuilder`.
        """
        given = args[0] if args else None
        if isinstance(given, Request):
            given = copy(given)
            given.environ = dict(given.environ)
        elif not isinstance(given, (werkzeug.test.EnvironBuilder, dict)):
            given = self._request_from_builder_args(args, kwargs)
        self._leave_contexts()
        response = super().open(given, buffered=buffered, follow_redirects=follow_redirects)
        response.json_module = self.application.json
        while self._received:
            ctx = self._received.pop(0)
            ctx.push()
            self._entered.append((ctx, _place.set(self)))
        return response

    def run_wsgi_app(self, environ: WSGIEnvironment, buffered: bool = False) -> tuple[Iterable[bytes], str, Headers]:
        """Call the app as Werkzeug's client does, with the values of ``environ_base`` added."""
        environ.update(self._copy_environ(environ))
        return super().run_wsgi_app(environ, buffered)

    def _leave_contexts(self) -> None:
        """Pop the contexts of the last request, and forget those of a request that gave no response."""
        self._received.clear()
        while self._entered:
            ctx, token = self._entered.pop()
            try:
                _place.reset(token)
            except ValueError:  # in another thread or task: what was pushed there cannot be popped here
                ctx.push_afresh()
            ctx.pop(None)

    def __enter__(self) -> Self:
        if self.preserve_context:
            raise RuntimeError("Cannot nest client invocations: this client's 'with' block is open already.")
        self.preserve_context = True
        return self

    def __exit__(self, exc_type: type | None, exc_value: BaseException | None, tb: TracebackType | None) -> None:
        self.preserve_context = False
        self._leave_contexts()


class FlaskCliRunner(CliRunner, Generic[AppType]):
    r"""Runs an app's commands and keeps what they print.

    >>> app.cli.command("greet")(lambda: print("Hello!"))
    <Command greet>
    >>> app.test_cli_runner().invoke(args=["greet"]).output
    'Hello!\n'

    :param app: the app.
    :param kwargs: the keyword arguments of click's runner.
    """

    def __init__(self, app: AppType, **kwargs: Any) -> None:
        self.app = app
        super().__init__(**kwargs)

    def invoke(self, cli: Any = None, args: Any = None, **kwargs: Any) -> Result:  # type: ignore[override]  # `cli` may be left out
        """Run a command and return its result.

        :param cli: the command; by default the app's group.
        :param args: the arguments, as a list or as one text.
        :param kwargs: those of click's runner. ``obj`` is a ``ScriptInfo`` for the app unless another is given.
        """
        kwargs.setdefault("obj", ScriptInfo(create_app=lambda: self.app))
        return super().invoke(self.app.cli if cli is None else cli, args, **kwargs)
