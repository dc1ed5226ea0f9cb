"""Calling an app without a server: a client for requests, a runner for commands.

Layer "testing". Werkzeug's client and click's runner, taught what they need of an app: its configured host and root,
its JSON provider, its session interface, its contexts after the response. The app is called like any WSGI app.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar, Token
from copy import copy
from types import TracebackType
from typing import Any, cast
from urllib.parse import urlsplit

import werkzeug.test
from click.testing import CliRunner, Result
from werkzeug.datastructures import Headers
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Request

from .cli import ScriptInfo
from .ctx import RequestContext
from .routing import host_and_port
from .sessions import SessionMixin
from .typing import WSGIEnvironment

# Set where a client keeps a context active: setting it back tells whether that is in the same place.
_place: ContextVar[Any] = ContextVar("wsgiapp.testing.place")


class EnvironBuilder(werkzeug.test.EnvironBuilder):
    """Builds a WSGI environment (PEP 3333) for an app.

    ``path`` is a path or a whole URL. Unless ``base_url`` is given, the host is ``SERVER_NAME`` or ``localhost``,
    below ``subdomain`` if there is one; the scheme is ``url_scheme`` or ``PREFERRED_URL_SCHEME``; the root is
    ``APPLICATION_ROOT``. The other arguments are Werkzeug's. Raises ``AssertionError`` if ``subdomain`` or
    ``url_scheme`` comes with a ``base_url`` that says the same.
    """

    def __init__(
        self, app: Any, path: str = "/", base_url: str | None = None, subdomain: str | None = None,
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
            raise AssertionError("Cannot pass \"subdomain\" or \"url_scheme\" with \"base_url\", which holds both.")
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
        """Return ``obj`` as JSON text in the app's own way; used for the argument ``json``."""
        return cast(str, self.app.json.dumps(obj, **kwargs))


class FlaskClient(Client):
    """Sends requests to an app and keeps the cookies.

    As a context manager it keeps the contexts of the last request active until the next request or the end of the
    block, so that ``request``, ``session`` and ``g`` can be looked at. ``environ_base`` goes into every request.
    The arguments are those of Werkzeug's client.
    """

    application: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.preserve_context = False
        # Contexts that the app handed over, and those among them that are kept active, with what marks their place.
        self._received: list[RequestContext] = []
        self._entered: list[tuple[RequestContext, Token[Any]]] = []
        self.environ_base: dict[str, Any] = {
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_USER_AGENT": f"Werkzeug/{importlib.metadata.version('werkzeug')}",
        }

    @contextmanager
    def session_transaction(self, *args: Any, **kwargs: Any) -> Iterator[SessionMixin]:
        """Open the session as the next request would find it, and save it at the end of the block.

        The arguments are those of ``app.test_request_context``. Raises ``TypeError`` if the client keeps no cookies,
        ``RuntimeError`` if the app opens no session.
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
        # Not inside a context: the block must find those that were active before.
        yield session
        if interface.is_null_session(session):
            return
        response = app.response_class()
        with ctx:
            interface.save_session(app, session, response)
        host = host_and_port(ctx.request.host)[0]
        self._update_cookies_from_response(host, ctx.request.path, response.headers.getlist("Set-Cookie"))

    def _copy_environ(self, other: WSGIEnvironment) -> WSGIEnvironment:
        """Return an environment over the client's own; the app hands its contexts over by a callable in it."""
        environ = {**self.environ_base, **other}
        if self.preserve_context:
            environ["werkzeug.debug.preserve_context"] = self._received.append
        return environ

    def _request_from_builder_args(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Request:
        """Return the request that arguments of :class:`EnvironBuilder` describe."""
        kwargs["environ_base"] = self._copy_environ(kwargs.get("environ_base", {}))
        with closing(EnvironBuilder(self.application, *args, **kwargs)) as builder:
            return builder.get_request()

    def open(self, *args: Any, buffered: bool = False, follow_redirects: bool = False, **kwargs: Any) -> TestResponse:
        """Send a request and return the response.

        The request is described by the arguments of :class:`EnvironBuilder`, or is given as a builder, an environment
        or a request.
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
        """Call the app, as Werkzeug's client does, with what every request of this client carries."""
        environ.update(self._copy_environ(environ))
        return super().run_wsgi_app(environ, buffered)

    def _leave_contexts(self) -> None:
        """Pop the contexts of the last request; forget those of a request that never gave a response."""
        self._received.clear()
        while self._entered:
            ctx, token = self._entered.pop()
            try:
                _place.reset(token)
            except ValueError:  # another context of contextvars, another task say: what was pushed there stays there
                ctx.transfer()
            ctx.pop(None)

    def __enter__(self) -> FlaskClient:
        if self.preserve_context:
            raise RuntimeError("Cannot nest client invocations: this client's 'with' block is open already.")
        self.preserve_context = True
        return self

    def __exit__(self, exc_type: type | None, exc_value: BaseException | None, tb: TracebackType | None) -> None:
        self.preserve_context = False
        self._leave_contexts()


class FlaskCliRunner(CliRunner):
    """Runs an app's commands and keeps what they print; the keyword arguments are those of click's runner."""

    def __init__(self, app: Any, **kwargs: Any) -> None:
        self.app = app
        super().__init__(**kwargs)

    def invoke(self, cli: Any = None, args: Any = None, **kwargs: Any) -> Result:  # type: ignore[override]  # `cli` may be left out
        """Run a command, by default ``app.cli`` with ``args``, and return its result.

        The command's ``obj`` is a ``ScriptInfo`` for the app unless another is given.
        """
        kwargs.setdefault("obj", ScriptInfo(create_app=lambda: self.app))
        return super().invoke(self.app.cli if cli is None else cli, args, **kwargs)
