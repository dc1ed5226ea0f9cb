"""Contexts: what is current while a request, a command or a shell runs.

There are two contexts: the app context (the app, ``g``) and the request context (the request, its session, its flashed
messages). Each is in a context variable, so that a thread or greenlet never sees those of another one. Here contexts
are made, pushed, popped and torn down. A context calls its app only through methods that apps may override.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from contextvars import ContextVar
from functools import cached_property, update_wrapper
from threading import RLock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, cast, overload

from werkzeug.exceptions import HTTPException
from werkzeug.local import LocalProxy
from werkzeug.routing import MapAdapter, RequestRedirect

from .heads import quote_control
from .overrides import Originals, Watched
from .signals import appcontext_popped, appcontext_pushed
from .typing import AfterRequestCallable, AppType, RequestType, SessionType, WSGIEnvironment

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
_sentinel = cast(Any, object())  # means "not given" where None has another meaning


class lazy(cached_property[T]):
    """An attribute that is computed when it is first read, and then kept in the instance. It may be set and deleted.

    It has no lock, unlike ``cached_property`` in Python 3.11, so it is for objects that only one thread uses: a
    request, a response, a context.
    """

    attrname: str

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type | None = None) -> T: ...
    def __get__(self, instance: object | None, owner: type | None = None) -> Self | T:
        if instance is None:
            return self
        value = instance.__dict__[self.attrname] = self.func(instance)
        return value


class shared_lazy(lazy[T]):
    """Like :class:`lazy`, but for objects that threads share: it is computed only once, by the first thread."""

    def __init__(self, func: Callable[[Any], T]) -> None:
        computing = RLock()

        def compute_once(instance: Any) -> T:
            own = instance.__dict__
            with computing:
                if self.attrname not in own:
                    own[self.attrname] = func(instance)
                return cast(T, own[self.attrname])

        super().__init__(compute_once)
        self.__doc__ = func.__doc__


class _AppCtxGlobals:
    """The object behind ``g``: it keeps your own values for one request or one command.

    >>> with app.app_context():
    ...     g.user = "Ada"
    ...     "user" in g, g.user, g.get("language", "en")
    (True, 'Ada', 'en')
    """

    if TYPE_CHECKING:  # any attribute may be read and set

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    def get(self, name: str, default: Any = None) -> Any:
        """Return the attribute *name*, or *default* where there is none."""
        return self.__dict__.get(name, default)

    def pop(self, name: str, default: Any = _sentinel) -> Any:
        """Remove the attribute *name* and return it; *default*, or a ``KeyError``, where there is none."""
        return self.__dict__.pop(name) if default is _sentinel else self.__dict__.pop(name, default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return the attribute *name*; where there is none, set it to *default* first."""
        return self.__dict__.setdefault(name, default)

    def __contains__(self, name: str) -> bool:
        return name in self.__dict__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __repr__(self) -> str:
        ctx = _cv_app.get(None)
        return f"<flask.g of {ctx.app.name!r}>" if ctx is not None else object.__repr__(self)


class _Context(metaclass=Watched):
    """A context: it can be pushed and popped, also by ``with``."""

    # For each push what undoes it, the last one first; None while it is not pushed.
    _tokens: Any

    def push(self) -> None:
        raise NotImplementedError

    def pop(self, exc: BaseException | None = _sentinel) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        before = self._tokens
        try:
            self.push()
        except BaseException as error:
            if self._tokens is not before:  # "with" does not call __exit__ now, so the context would stay current
                with suppress(Exception):
                    self.pop(error)
            raise
        return self

    def __exit__(self, exc_type: type | None, exc_value: BaseException | None, traceback: TracebackType | None) -> None:
        self.pop(exc_value)


class AppContext(_Context, Generic[AppType]):
    """The current app and its ``g``. Each request pushes one by itself; a command or a test pushes one by hand.

    :param app: the app to make current.
    """

    # Whether its last pop runs the teardown functions. It does not while a stream of its request goes on.
    _ends = True
    # Whether push and pop are the ones below, not replaced by a subclass.
    _pushes_itself: bool

    def __init__(self, app: AppType) -> None:
        self.app: AppType = app
        # The token that undoes the last push, and what was here before that push; None without one.
        self._tokens = None
        self._pushes_itself = self._pushes_itself  # PERF: found faster than on the class (benchmarks/: hello)

    @lazy
    def g(self) -> _AppCtxGlobals:
        """The namespace for this context, of the app's ``app_ctx_globals_class``."""
        g: _AppCtxGlobals = self.app.app_ctx_globals_class()
        return g

    @lazy
    def url_adapter(self) -> MapAdapter | None:
        """Builds URLs without a request; None unless ``SERVER_NAME`` is set."""
        return cast("MapAdapter | None", self.app.create_url_adapter(None))

    def push(self) -> None:
        """Make this context the current one."""
        self._tokens = _cv_app.set(self), self._tokens
        if appcontext_pushed.receivers:
            appcontext_pushed.send(self.app, _async_wrapper=self.app.ensure_sync)

    def pop(self, exc: BaseException | None = _sentinel) -> None:
        """Make the context before this one current again, after the teardown functions have run.

        :param exc: what ended the work; by default the exception being handled, if any.
        :raises AssertionError: when another context is current. Nothing is changed then.
        """
        current = _cv_app.get(None)
        if current is not self or self._tokens is None:
            raise AssertionError(f"Popped wrong app context: {self!r} is not current, but {current!r} is.")
        try:
            if self._tokens[1] is None and self._ends:
                self.app.do_teardown_appcontext(sys.exc_info()[1] if exc is _sentinel else exc)
        finally:
            token, self._tokens = self._tokens
            _cv_app.reset(token)
            if appcontext_popped.receivers:
                appcontext_popped.send(self.app, _async_wrapper=self.app.ensure_sync)


class _SharedRequest:
    """A request that several contexts share: it is closed when the last of them has dropped this object."""

    def __init__(self, request: Any) -> None:
        self.request = request

    def __del__(self) -> None:
        self.request.environ["werkzeug.request"] = None
        self.request.close()


class RequestContext(_Context, Generic[AppType, RequestType, SessionType]):
    """The current request, with its session and its flashed messages.

    Pushing it also matches the URL, and pushes an app context unless one of its app is current already. It may be
    pushed several times. Its teardown runs when the last push is popped, or when the last stream that needs it ends.

    :param app: the app that answers.
    :param environ: the WSGI environment (PEP 3333).
    :param request: a request made earlier from that environment.
    :param session: a session opened earlier.
    """

    flashes: list[tuple[str, str]] | None = None
    # Whether no code outside has got the adapter, and could have changed it.
    _has_usual_adapter = True
    # Whether match_request and url_adapter are the ones below, not replaced by a subclass.
    _matches_itself: bool
    # Whether the shortcuts may be used, and whether the session is opened when first used. Both are set by push.
    # Then whether it may be pushed again after its end without a second teardown.
    _shortcuts = _lazy_session = _preserved = False

    def __init__(
        self, app: AppType, environ: WSGIEnvironment, request: RequestType | None = None, session: Any = None
    ) -> None:
        self.app: AppType = app
        if request is None:
            request = app.request_class(environ)
            request.json_module = app.json
        self.request: RequestType = request
        # PERF: Python 3.11 reads attributes of an object faster than those of its class (benchmarks/: hello).
        self._opened_session = session
        # The hooks for the matched rule, and that rule: a hook may set another rule, and then the plan is not valid.
        self._plan: tuple[Any, Any] = (None, None)
        self._after_request_functions: Sequence[AfterRequestCallable[Any]] = ()
        self._app_ctx: AppContext | None = None
        self._streams = 0
        self._ended = False
        # Only when the context was copied: it keeps the request open until this context ends, and is False after that.
        self._shared: _SharedRequest | Literal[False] | None = None
        # Of the last push: the token that undoes it, the app context that was pushed with it, or None, and what was
        # here before that push. PERF: pairs in pairs are made faster than a list (benchmarks/: hello).
        self._tokens = None

    @lazy
    def _adapter(self) -> MapAdapter | None:
        try:
            return cast("MapAdapter | None", self.app.create_url_adapter(self.request))
        except HTTPException as error:
            self.request.routing_exception = error
            return None

    @property
    def url_adapter(self) -> MapAdapter | None:
        """Matches this request and builds URLs relative to it; None when the request's host is refused."""
        self._has_usual_adapter = False  # the caller may change it
        return self._adapter

    @url_adapter.setter
    def url_adapter(self, value: MapAdapter | None) -> None:
        self._adapter, self._has_usual_adapter = value, False

    def own_adapter(self) -> MapAdapter | None:
        """Return :attr:`url_adapter` for use inside the framework, which does not change it."""
        return self._adapter if self._matches_itself else self.url_adapter

    def path_for(self, endpoint: str, values: dict[str, Any]) -> str | None:
        """Return the path of an endpoint below the mount point; None where the adapter must be asked.

        :param endpoint: the endpoint, without a dot in front.
        :param values: the values of the rule's variables; the others become the query.
        """
        app, request = self.app, self.request
        usual = self._shortcuts and self._has_usual_adapter and hasattr(request, "_original")
        if not usual or app.subdomain_matching or not app._class_has_usual_urls(type(app)):
            return None
        path: str | None = app.url_map.path_for(endpoint, values, request._original, request._mount_point)
        return path

    @property
    def _session(self) -> Any:
        if self._opened_session is None:
            interface = self.app.session_interface
            session = interface.open_session(self.app, self.request)
            self._opened_session = interface.make_null_session(self.app) if session is None else session
        return self._opened_session

    @_session.setter
    def _session(self, value: Any) -> None:
        self._opened_session = value

    @property
    def session(self) -> SessionType:
        """The session, opened if need be and marked as accessed, so that the response varies by cookie."""
        session: SessionType = self._session
        session.accessed = True
        if (self._ended or (self._streams and not self._tokens)) and self.app.debug:
            getattr(session, "warn_of_changes", bool)()  # the headers were sent: changes would be lost
        return session

    def copy(self) -> Self:
        """Return a context for another thread or greenlet, over the same request and session objects.

        The request is closed when the last of its contexts has ended.
        """
        copied = type(self)(self.app, self.request.environ, self.request, self._session)
        copied._shared = self._shared or _SharedRequest(self.request)
        if self._shared is None:
            self._shared = copied._shared
        return copied

    def match_request(self) -> None:
        """Ask Werkzeug for the rule. An exception is kept in ``request.routing_exception``, to be raised later."""
        adapter = self.own_adapter()
        if adapter is None:  # the host was refused, and routing_exception says so
            return
        try:
            self.request.url_rule, self.request.view_args = adapter.match(return_rule=True)
        except HTTPException as error:
            if isinstance(error, RequestRedirect):
                error.new_url = quote_control(error.new_url)
            self.request.routing_exception = error

    def push(self) -> None:
        """Make this request the current one, open its session unless it is opened lazily, and match its URL."""
        app, request = self.app, self.request
        self._shortcuts = shortcuts = (
            (check := app._check_class)
            and check(type(app))
            and self._matches_itself
            and getattr(app.url_map, "has_tables", False)
        )
        current, app_ctx = _cv_app.get(None), None
        if current is None or current.app is not app:
            app_ctx = None if self._ended and not self._preserved else self._app_ctx  # after its end g is a new one
            if app_ctx is None:
                app_ctx = self._app_ctx = AppContext(app) if shortcuts else app.app_context()
            if not app_ctx._pushes_itself:
                app_ctx.push()
            else:
                # PERF: AppContext.push in line saves a call (callpath)
                app_ctx._tokens = _cv_app.set(app_ctx), app_ctx._tokens
        self._tokens = _cv_request.set(self), app_ctx, self._tokens
        if appcontext_pushed.receivers and app_ctx is not None and app_ctx._pushes_itself:
            appcontext_pushed.send(app, _async_wrapper=app.ensure_sync)
        interface = app.session_interface
        # Its class is asked too: a proxy hands on what the interface behind it says of itself.
        may_wait = getattr(type(interface), "lazy_open", False) and interface.lazy_open
        self._lazy_session = lazily = may_wait and getattr(request, "_has_usual_attributes", False)
        if not lazily:
            self._session  # noqa: B018  # reading opens it
        if request.url_rule is None and request.routing_exception is None:
            # PERF: the tables answer most requests without an adapter (benchmarks/: hello, parameter, routes_300).
            found = None
            if shortcuts and request.trusted_hosts is None:
                try:
                    found = app.url_map.find(app, request.environ)
                except HTTPException as error:
                    request.routing_exception = error
                    return
            if found is not None:
                request.url_rule, request.view_args = found
            else:
                self.match_request()

    def pop(self, exc: BaseException | None = _sentinel) -> None:
        """Undo the last push. If it was the only one left, run the teardown functions first.

        :param exc: what ended the request; by default the exception being handled, if any.
        :raises AssertionError: when another request is current. Nothing is changed then.
        """
        current = _cv_request.get(None)
        if current is not self or self._tokens is None:
            raise AssertionError(f"Popped wrong request context: {self!r} is not current, but {current!r} is.")
        if exc is _sentinel:
            exc = sys.exc_info()[1]
        # PERF: one function for both contexts; a method for each step would be one more call (callpath).
        app, request = self.app, self.request
        request_token, app_ctx, before = self._tokens
        ends = before is None and not self._streams and not (self._ended and self._preserved)
        try:
            if ends:
                self._ended = True
                app.do_teardown_request(exc)
        finally:
            self._tokens = before
            _cv_request.reset(request_token)
            try:
                if app_ctx is not None and not app_ctx._pushes_itself:
                    popped, app_ctx = app_ctx, None
                    popped._ends = ends
                    popped.pop(exc)
                elif ends and app_ctx is not None and app_ctx._tokens[1] is None:
                    app.do_teardown_appcontext(exc)
            finally:
                if app_ctx is not None:
                    app_token, app_ctx._tokens = app_ctx._tokens
                    _cv_app.reset(app_token)
                if appcontext_popped.receivers and app_ctx is not None:
                    appcontext_popped.send(app, _async_wrapper=app.ensure_sync)
                if ends and self._shared is not None:
                    self._shared = False
                elif ends:
                    request.environ["werkzeug.request"] = None  # breaks the circle of request and environ
                usual = getattr(request, "_has_usual_attributes", False)  # Werkzeug's own requests do not say it
                if ends and self._shared is None and (not usual or request._needs_close):
                    request.close()

    def add_stream(self) -> None:
        """Note that one more stream needs the request. It is torn down after as many calls of :meth:`end_stream`."""
        self._streams += 1

    def end_stream(self, exc: BaseException | None = None) -> None:
        """Note that one stream has ended. After the last one, tear the request down if no push is left."""
        self._streams -= 1
        if not self._streams and not self._tokens:
            self.push()
            try:
                self.pop(exc)
            except Exception as error:
                self.app._teardown_failed(error)

    def preserve(self) -> None:
        """Allow pushing the context again after its request (test client, debugger) without a second teardown."""
        self._preserved = True

    def push_afresh(self) -> None:
        """Forget all pushes, which were made elsewhere and cannot be undone from here, and push the context once."""
        self._tokens = None
        if self._app_ctx is not None:
            self._app_ctx._tokens = None
        self.push()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.request.url!r} [{self.request.method}] of {self.app.name}>"


# The methods that RequestContext.push and pop skip.
APP_CONTEXT = Originals(AppContext, "push", "pop", flag="_pushes_itself")
MATCHING = Originals(RequestContext, "match_request", "url_adapter", flag="_matches_itself")

_cv_app: ContextVar[AppContext] = ContextVar("wsgiapp.app_ctx")
_cv_request: ContextVar[RequestContext] = ContextVar("wsgiapp.request_ctx")

# Tools and tests look for the first sentence of each text; the rest says what to do.
_no_app_msg = """Working outside of application context.

Something asked for the current app, or for its g, while no app is current. In a view or a command there always is
one; elsewhere (a script, a thread, a test, module level) enter one first: 'with app.app_context(): ...'."""
_no_req_msg = """Working outside of request context.

Something asked for the current request, or for its session, while no request is being answered. Inside a view, a
hook or a template there is one; a thread needs 'copy_current_request_context', a test 'app.test_request_context()'."""


def _proxy(variable: ContextVar[Any], attribute: str, message: str, described: str = "") -> Any:
    """Make a proxy for an *attribute* of the current context: Werkzeug's, made faster.

    :param variable: the context variable.
    :param message: the text of the error when no context is current.
    :param described: the docstring of the proxy.
    """

    def on_current(operation: Callable[..., Any]) -> Callable[..., Any]:
        def operate(self: Any, *args: Any) -> Any:
            owner = variable.get(None)
            return operation(self._get_current_object() if owner is None else getattr(owner, attribute), *args)

        return operate

    class Proxy(LocalProxy[Any]):
        __slots__ = ()
        # help() reads these two names, also while no context is current.
        __name__ = attribute
        __origin__: Any
        __getitem__, __setitem__ = on_current(operator.getitem), on_current(operator.setitem)
        __contains__, __setattr__ = on_current(operator.contains), on_current(setattr)

        # PERF: a name is looked up in the current object, not in the proxy first (benchmarks/: form_post, sessions).
        def __getattribute__(self, name: str) -> Any:
            owner = variable.get(None)
            if owner is None or name in _OF_PROXY:
                return super().__getattribute__(name)
            return getattr(getattr(owner, attribute), name)

    Proxy.__name__ = "LocalProxy"  # its repr shows this name while no context is current
    Proxy.__doc__, Proxy.__origin__ = described, Proxy
    return Proxy(variable, attribute, unbound_message=message)


# The names that the proxy itself answers: its own, and special methods, which every proxy has.
_OF_PROXY = frozenset(vars(LocalProxy)) - {"__class__", "__doc__", "__module__", "__slots__"}
# The proxies; ``globals`` gives them their types, and layers below it need them for templates.
app_ctx_proxy: Any = LocalProxy(_cv_app, unbound_message=_no_app_msg)
request_ctx_proxy: Any = LocalProxy(_cv_request, unbound_message=_no_req_msg)
_of_app = "While an app context is current it stands for another object, which is described by"
_of_request = "While a request is current it stands for another object, which is described by"
app_proxy = _proxy(_cv_app, "app", _no_app_msg, f"The current app. {_of_app} help(wsgiapp.App).")
g_proxy = _proxy(_cv_app, "g", _no_app_msg, f"Your own values. {_of_app} help(wsgiapp.ctx._AppCtxGlobals).")
request_proxy = _proxy(_cv_request, "request", _no_req_msg, f"The request. {_of_request} help(wsgiapp.Request).")
session_proxy = _proxy(
    _cv_request, "session", _no_req_msg, f"A visitor's data. {_of_request} help(wsgiapp.sessions.SessionMixin)."
)


def current_request_context(what: str) -> RequestContext:
    """Return the current request context.

    :param what: the name of the function that needs it, for the error message.
    :raises RuntimeError: when no request is current.
    """
    ctx = _cv_request.get(None)
    if ctx is None:
        raise RuntimeError(f"{what} can only be used when a request context is active.\n\n{_no_req_msg}")
    return ctx


def has_request_context() -> bool:
    """Say whether a request is current, so that ``request`` and ``session`` can be used."""
    return _cv_request.get(None) is not None


def has_app_context() -> bool:
    """Say whether an app is current, so that ``current_app`` and ``g`` can be used."""
    return _cv_app.get(None) is not None


def after_this_request(f: AfterRequestCallable[Any]) -> AfterRequestCallable[Any]:
    """Have *f* called with the response of the current request, before the hooks of ``after_request``.

    >>> @app.get("/")
    ... def index() -> str:
    ...     @after_this_request
    ...     def remember(response: Response) -> Response:
    ...         response.set_cookie("visited", "yes")
    ...         return response
    ...     return "Hello!"
    >>> app.test_client().get("/").headers["Set-Cookie"]
    'visited=yes; Path=/'

    :param f: takes the response and returns one.
    :raises RuntimeError: when no request is current.
    """
    ctx = current_request_context("'after_this_request'")
    if isinstance(ctx._after_request_functions, list):  # a list, because one of them may add another while they run
        ctx._after_request_functions.append(f)
    else:
        ctx._after_request_functions = [f]
    return f


def copy_current_request_context(f: F) -> F:
    """Wrap *f* so that it runs, in whichever thread or greenlet, with the request that is current now.

    Each call gets a context of its own, so one wrapped function may run in several threads at once.

    >>> @app.get("/<word>")
    ... def shout(word: str) -> str:
    ...     @copy_current_request_context
    ...     def work() -> str:
    ...         return request.path.upper()
    ...     with ThreadPoolExecutor() as pool:
    ...         return pool.submit(work).result()
    >>> app.test_client().get("/tea").text
    '/TEA'

    :raises RuntimeError: when no request is current.
    """
    # This copy is only there to make more copies. While it exists, the request stays open.
    original = current_request_context("'copy_current_request_context'").copy()

    def with_request(*args: Any, **kwargs: Any) -> Any:
        with original.copy() as ctx:
            return ctx.app.ensure_sync(f)(*args, **kwargs)

    return cast(F, update_wrapper(with_request, f))


class ContextStream(Iterator[T]):
    """An iterator whose steps run while its request is current.

    Between two steps the request is not current, so streams may be mixed, or iterated in another thread. Each step sets
    and resets only the two contexts: other context variables are those of the code that iterates. The request is torn
    down after the last chunk, at an error, or when the stream is closed or garbage-collected.

    :param chunks: the iterator that yields the chunks.
    :param ctx: the request context, which is current now.
    """

    def __init__(self, chunks: Iterator[T], ctx: RequestContext) -> None:
        self.chunks = chunks
        self.ctx = ctx
        self.current = _cv_app.get(), ctx
        self.open = True
        ctx.add_stream()

    def __next__(self) -> T:
        if not self.open:
            raise StopIteration
        try:
            return self._run(self.chunks.__next__)
        except BaseException as error:
            self._finish(None if isinstance(error, StopIteration) else error)
            raise

    def _run(self, step: Callable[[], T]) -> T:
        tokens = _cv_app.set(self.current[0]), _cv_request.set(self.current[1])
        try:
            return step()
        finally:
            self.current = _cv_app.get(), _cv_request.get()  # the step may have pushed a context and left it current
            _cv_request.reset(tokens[1])
            _cv_app.reset(tokens[0])

    def close(self) -> None:
        """Close the wrapped iterator and let the request end. Calling it again does nothing."""
        if self.open:
            self._finish(None)

    def _finish(self, exc: BaseException | None) -> None:
        self.open = False
        try:
            close = getattr(self.chunks, "close", None)
            if close is not None:
                self._run(close)
        finally:
            self.ctx.end_stream(exc)

    def __del__(self) -> None:
        self.close()


@overload
def stream_with_context(generator_or_function: Iterator[T]) -> Iterator[T]: ...
@overload
def stream_with_context(generator_or_function: Callable[..., Iterator[T]]) -> Callable[..., Iterator[T]]: ...
def stream_with_context(
    generator_or_function: Iterator[T] | Callable[..., Iterator[T]],
) -> Iterator[T] | Callable[..., Iterator[T]]:
    """Keep the current request current while a generator streams a response.

    >>> @app.get("/count")
    ... def count() -> Iterator[str]:
    ...     @stream_with_context
    ...     def lines() -> Iterator[str]:
    ...         yield f"up to {request.args['to']}"
    ...     return lines()
    >>> app.test_client().get("/count?to=3").text
    'up to 3'

    :param generator_or_function: the generator, or a generator function (then this is a decorator).
    :return: an iterator over the same chunks, or a function that returns one.
    :raises RuntimeError: when no request is current at the time the stream is made.
    """
    if not callable(generator_or_function):
        return ContextStream(iter(generator_or_function), current_request_context("'stream_with_context'"))
    function = generator_or_function

    def stream(*args: Any, **kwargs: Any) -> Iterator[T]:
        return ContextStream(iter(function(*args, **kwargs)), current_request_context("'stream_with_context'"))

    return cast(Callable[..., Iterator[T]], update_wrapper(stream, function))
