"""Dispatch: the steps of a request from its hooks to the view and back, and the handling of errors.

:data:`LIFECYCLE` names the layers in the order in which a request meets them; pictures and explanations are made from
it. :class:`Dispatcher` is the part of an app that takes these steps. Each step is a method that an app may override or
replace, so it is always called through the instance. The registries of hooks and views are looked up at every request,
since extensions add to them late.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from inspect import CO_COROUTINE, iscoroutinefunction
from types import FunctionType
from typing import Any, NamedTuple, NoReturn, TypeVar, cast

from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadRequestKeyError, HTTPException, InternalServerError, MethodNotAllowed
from werkzeug.routing import RequestRedirect, RoutingException
from werkzeug.wrappers import Response as BaseResponse

from . import errors, hints, sessions, signals, templating
from . import typing as ft
from .ctx import RequestContext, _cv_request, _sentinel
from .debughelpers import FormDataRoutingRedirect, describe
from .overrides import Originals, Replaceable
from .wrappers import Request, Response, split_blueprints

# It begins with Flask's words, because filters of logs look for them. The record must also name the module "app", as
# in Flask: the stacklevel below makes the caller in ``app`` its source.
_FINALIZING = "Request finalizing failed with an error: an after_request hook or a signal, for an answer to an error"
# Where inspect.markcoroutinefunction (Python 3.12) leaves its mark.
_MARK = "_is_coroutine_mark"
# PERF: an imported variable's method would be looked up at each call (benchmarks/: hello, hooks).
_current = _cv_request.get


T = TypeVar("T")
#: What is registered, by scope: ``None`` for the app, a dotted name for a blueprint.
Registry = dict[ft.AppOrBlueprintKey, list[T]]


class Layer(NamedTuple):
    """One layer that a request passes: its name, the step that does its work, and a sentence on what that does."""

    name: str
    step: str
    does: str


#: The layers in the order in which a request meets them: going down to the view, and up again.
LIFECYCLE: tuple[Layer, ...] = (
    Layer("server", "App.__call__", "A WSGI server calls the app with the environ and start_response (PEP 3333)."),
    Layer("request", "App.request_context", "The environ becomes a request; nothing is parsed before it is read."),
    Layer("context", "RequestContext.push", "The request and its app become current in this thread or greenlet."),
    Layer("session", "SessionInterface.open_session", "The signed cookie becomes a session, when first touched."),
    Layer("match", "Map.find", "The path and the method become an endpoint and the view's arguments."),
    Layer("before", "App.preprocess_request", "URL preprocessors and before_request hooks run; one may answer."),
    Layer("view", "App.dispatch_request", "The view runs, with templates, JSON, url_for and the rest at hand."),
    Layer("errors", "App.handle_user_exception", "What was raised goes to the closest error handler."),
    Layer("response", "App.make_response", "What the view returned becomes a response object."),
    Layer("after", "App.process_response", "after_this_request and after_request hooks see the response."),
    Layer("save", "SessionInterface.save_session", "A changed session is signed and set as a cookie."),
    Layer("send", "Response.__call__", "Status and headers go to start_response, the body to the server."),
    Layer("teardown", "RequestContext.pop", "Teardown hooks run, exactly once; nothing is current any more."),
)


def scopes_of(endpoint: str | None) -> tuple[ft.AppOrBlueprintKey, ...]:
    """Return the scopes of an endpoint: its blueprints, the innermost first, then the app (None)."""
    name = (endpoint or "").rpartition(".")[0]
    return (*split_blueprints(name), None) if name else (None,)


def _checked(hook: Callable[..., Any], response: Any) -> Any:
    """Return *response*, which the after_request function *hook* returned.

    :raises TypeError: when it is None; the message names the function.
    """
    if response is None:
        raise TypeError(f"The after_request function {describe(hook)} returned None: it must return the response.")
    return response


class Plan:
    """The hooks that run for one endpoint of one app.

    :param scopes: the scopes whose hooks run.
    """

    def __init__(self, scopes: tuple[ft.AppOrBlueprintKey, ...]) -> None:
        self.scopes = scopes
        # By kind of hook: a copy of the registered functions, to notice a change, and what is called for each of them.
        self.resolved: dict[str, tuple[list[Any], list[Callable[..., Any]]]] = {}


class Dispatcher(Replaceable):
    """The part of an app that answers requests. It uses only its own registries and the current context."""

    config: Any
    debug: bool
    logger: Any
    json: Any
    url_map: Any
    session_interface: Any
    request_class: type[Request]
    response_class: type[Response]
    view_functions: dict[str, ft.RouteCallable]
    error_handler_spec: errors.Handlers
    before_request_funcs: Registry[ft.BeforeRequestCallable]
    after_request_funcs: Registry[ft.AfterRequestCallable[Any]]
    teardown_request_funcs: Registry[ft.TeardownCallable]
    teardown_appcontext_funcs: list[ft.TeardownCallable]
    url_value_preprocessors: Registry[ft.URLValuePreprocessorCallable]
    _got_first_request: bool
    log_exception: Callable[[Any], None]
    # Whether ensure_sync was not replaced, so that plain functions are called directly.
    _calls_directly: bool
    # By endpoint; None is the key for requests that no rule matches.
    _plans: dict[Any, Plan]

    def _plan(self, ctx: RequestContext) -> Plan:
        """Return the plan for the current request: a kept one, unless methods that choose the hooks were replaced."""
        request = ctx.request
        rule = request.url_rule
        known: Plan | None = ctx._plan[0]
        if known is not None and ctx._plan[1] is rule:
            return known
        if not (ctx._shortcuts and getattr(request, "_has_usual_attributes", False) and self._calls_directly):
            plan = Plan((*request.blueprints, None))
        else:
            endpoint = None if rule is None else rule.endpoint
            plan = self._plans.get(endpoint) or self._plans.setdefault(endpoint, Plan(scopes_of(endpoint)))
        ctx._plan = plan, rule
        return plan

    def _hooks(self, ctx: RequestContext, kind: str, registry: Registry[Any]) -> list[Callable[..., Any]]:
        """Return the functions of *registry* that run for this request: innermost scope first, then latest first.

        They are resolved again only when a list has changed.
        """
        plan, rule = ctx._plan
        if plan is None or rule is not ctx.request.url_rule:
            plan = self._plan(ctx)
        found, resolved = [*map(registry.get, plan.scopes)], plan.resolved.get(kind)
        if resolved is None or resolved[0] != found:
            kept = [None if functions is None else [*functions] for functions in found]
            callables = [self._sync_callable(f) for functions in kept for f in reversed(functions or ())]
            resolved = plan.resolved[kind] = kept, callables
        hooks: list[Callable[..., Any]] = resolved[1]
        return hooks

    def _sync_callable(self, function: Any) -> Callable[..., Any]:
        """Return what is called for *function*: itself when ensure_sync does not change it, otherwise a function that
        calls ensure_sync each time."""
        try:
            # PERF: the flag says it for the object. To read the __dict__ of an app slows down each later read of its
            # attributes (benchmarks/: hooks).
            if self._calls_directly and SYNC.unchanged_on_class(type(self)) and self.ensure_sync(function) is function:
                return function
        except Exception:  # noqa: S110  # it fails again when the function is called
            pass
        return lambda *args, **kwargs: self.ensure_sync(function)(*args, **kwargs)  # noqa: PLW0108  # it may be replaced

    # -- the way down and up ------------------------------------------------------------------------------------

    def full_dispatch_request(self) -> Response:
        """Answer the current request: hooks, view, error handlers, hooks.

        :raises Exception: the error of a hook or view that has no handler.
        """
        if not self._got_first_request:
            self._got_first_request = True
        try:
            if signals.request_started.receivers:
                signals.request_started.send(self, _async_wrapper=self.ensure_sync)
            answer = self.preprocess_request()
            answer = self.dispatch_request() if answer is None else answer
        except Exception as error:
            answer = self.handle_user_exception(error)
        return self.finalize_request(answer)

    def preprocess_request(self) -> ft.ResponseReturnValue | None:
        """Run URL preprocessors, then before_request hooks: the app's first, then the blueprints', outermost first.

        :return: the first value other than None that a hook returned; it replaces the view's.
        """
        preprocessors, hooks = self.url_value_preprocessors, self.before_request_funcs
        if not preprocessors and not hooks:
            return None
        ctx = _current()
        if preprocessors:
            for scope in reversed(self._plan(ctx).scopes):
                for preprocessor in preprocessors.get(scope, ()):
                    preprocessor(ctx.request.endpoint, ctx.request.view_args)
        if not hooks:
            return None
        for hook in reversed(self._hooks(ctx, "before", hooks)):
            rv: ft.ResponseReturnValue | None = hook()
            if rv is not None:
                return rv
        return None

    def dispatch_request(self) -> ft.ResponseReturnValue:
        """Call the view that the URL matched, or raise what routing raised.

        :return: whatever the view returned; :meth:`make_response` makes a response of it.
        """
        ctx = _current()
        request = ctx.request
        if request.routing_exception is not None:
            self.raise_routing_exception(request)
        rule = request.url_rule
        if request.method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
            return self.make_default_options_response()
        view: Callable[..., Any] = self.view_functions[rule.endpoint]
        # PERF: a plain function is called without ensure_sync (benchmarks/: hello, parameter).
        plain = type(view) is FunctionType and not view.__code__.co_flags & CO_COROUTINE and _MARK not in view.__dict__
        if not (plain and ctx._shortcuts and self._calls_directly):
            view = self.ensure_sync(view)
        values = request.view_args
        # PERF: a call without "**" enters the view in the same loop of the interpreter (benchmarks/: hello).
        rv: ft.ResponseReturnValue = view() if type(values) is dict and not values else view(**values)
        return rv

    def finalize_request(
        self, rv: ft.ResponseReturnValue | HTTPException, from_error_handler: bool = False
    ) -> Response:
        """Make a response of *rv* and send it through the after_request hooks.

        :param from_error_handler: log what the hooks raise instead of raising it, since an error is answered already.
        """
        response = self.make_response(rv)
        try:
            response = self.process_response(response)
            if signals.request_finished.receivers:
                signals.request_finished.send(self, _async_wrapper=self.ensure_sync, response=response)
        except Exception:
            if not from_error_handler:
                raise
            self.logger.exception(_FINALIZING, stacklevel=3)
        return response

    def process_response(self, response: Response) -> Response:
        """Run the hooks that see the response, latest first, blueprints before the app; then save the session."""
        ctx = _current()
        for hook in ctx._after_request_functions:
            response = _checked(hook, self.ensure_sync(hook)(response))
        if self.after_request_funcs:
            for hook in self._hooks(ctx, "after", self.after_request_funcs):
                answer = hook(response)
                response = answer if answer is not None else _checked(hook, answer)
        # PERF: no call for a session that was neither used nor sent (callpath: session app). An interface that does not
        # open lazily has opened its session already.
        if ctx._opened_session is not None or "HTTP_COOKIE" in ctx.request.environ:
            sessions.save_to_response(self, ctx, response)
        return response

    def do_teardown_request(self, exc: BaseException | None = _sentinel) -> None:
        """Run the teardown_request functions, latest first, the blueprints' before the app's.

        Each runs, whatever the others raise; the first error is raised when all have run.

        :param exc: what ended the request; by default the exception being handled, if any.
        """
        by_scope, signal = self.teardown_request_funcs, signals.request_tearing_down
        if by_scope or signal.receivers:
            self._tear_down(self._hooks(_current(), "teardown", by_scope), signal, exc)

    def do_teardown_appcontext(self, exc: BaseException | None = _sentinel) -> None:
        """Run the teardown_appcontext functions, latest first; errors as in :meth:`do_teardown_request`."""
        functions, signal = self.teardown_appcontext_funcs, signals.appcontext_tearing_down
        if functions or signal.receivers:
            self._tear_down([*map(self._sync_callable, reversed(functions))], signal, exc)

    def _tear_down(self, functions: list[Callable[..., Any]], signal: Any, exc: BaseException | None) -> None:
        exc = sys.exc_info()[1] if exc is _sentinel else exc
        failed: list[Exception] = []
        for function in functions:
            try:
                function(exc)
            except Exception as error:
                failed.append(error)
        try:
            if signal.receivers:
                signal.send(self, _async_wrapper=self.ensure_sync, exc=exc)
        except Exception as error:
            failed.append(error)
        if failed:
            self._explain(failed[0])
            for other in failed[1:]:
                failed[0].add_note(f"Another teardown function failed as well: {other!r}")
            raise failed[0]

    # -- errors -------------------------------------------------------------------------------------------------

    def raise_routing_exception(self, request: Request) -> NoReturn:
        """Raise the exception of routing, for a request that has one.

        :raises FormDataRoutingRedirect: instead, in debug mode, when a redirect would lose a posted form.
        """
        error: Any = request.routing_exception
        if self.debug and isinstance(error, RequestRedirect) and error.code not in (307, 308):
            if request.method not in ("GET", "HEAD", "OPTIONS"):
                raise FormDataRoutingRedirect(request)
        if self.debug and isinstance(error, MethodNotAllowed):
            error.description = hints.allowed_methods(error, self, _cv_request.get().url_adapter)
        raise error

    def trap_http_exception(self, e: Exception) -> bool:
        """Say whether an HTTP exception is treated like any other error; see :func:`wsgiapp.errors.is_trapped`."""
        return errors.is_trapped(e, self.config)

    def _find_error_handler(self, e: Exception, blueprints: list[str]) -> ft.ErrorHandlerCallable | None:
        return errors.find_handler(self.error_handler_spec, e, blueprints)

    def _handler_of(self, e: Exception) -> ft.ErrorHandlerCallable | None:
        request = _cv_request.get().request
        # PERF: a request that no rule matched has no blueprint to look for (benchmarks/: not_found).
        unmatched = request.url_rule is None and getattr(request, "_has_usual_attributes", False)
        return self._find_error_handler(e, [] if unmatched else request.blueprints)

    def handle_user_exception(self, e: Exception) -> HTTPException | ft.ResponseReturnValue:
        """Answer an exception of a view or hook by its handler; an HTTP exception without a handler answers itself.

        :raises Exception: *e* again, when it has no handler.
        """
        if isinstance(e, HTTPException):
            if isinstance(e, BadRequestKeyError) and (self.debug or self.config["TRAP_BAD_REQUEST_ERRORS"]):
                e.show_exception = True  # the page may name the missing key
            if not self.trap_http_exception(e):
                return self.handle_http_exception(e)
        handler = self._handler_of(e)
        if handler is None:
            raise e
        return cast(ft.ResponseReturnValue, self.ensure_sync(handler)(e))

    def handle_http_exception(self, e: HTTPException) -> HTTPException | ft.ResponseReturnValue:
        """Answer an HTTP exception by its handler, or by itself. Redirects of the router have no handler."""
        if e.code is None or isinstance(e, RoutingException):
            return e
        handler = self._handler_of(e)
        return e if handler is None else cast(ft.ResponseReturnValue, self.ensure_sync(handler)(e))

    def handle_exception(self, e: Exception) -> Response:
        """Answer an exception that nobody handled: log it and send a 500, made by the handler for 500 if there is one.

        :raises Exception: *e* again, where errors propagate (``PROPAGATE_EXCEPTIONS``; testing and debug by default).
        """
        if signals.got_request_exception.receivers:
            signals.got_request_exception.send(self, _async_wrapper=self.ensure_sync, exception=e)
        self._explain(e)
        if self._propagates():
            raise e
        self.log_exception((type(e), e, e.__traceback__))
        answer: Any = InternalServerError(original_exception=e)
        handler = self._handler_of(answer)
        if handler is not None:
            answer = self.ensure_sync(handler)(answer)
        return self.finalize_request(answer, from_error_handler=True)

    def _explain(self, e: Exception) -> None:
        ctx = _cv_request.get(None)
        developed = ctx is not None and "Werkzeug" in ctx.request.environ.get("SERVER_SOFTWARE", "")
        if developed or self.debug or self.config["TESTING"]:
            hints.explain(e, self, ctx)

    def _propagates(self) -> bool:
        propagate = self.config["PROPAGATE_EXCEPTIONS"]
        return bool(self.config["TESTING"] or self.debug) if propagate is None else bool(propagate)

    # -- responses ----------------------------------------------------------------------------------------------

    def make_response(self, rv: Any) -> Response:
        """Return the response for the return value of a view.

        :param rv: text or bytes (the body), a dict or list (sent as JSON), an iterator (streamed), a response, a WSGI
            callable; or a tuple of one of these with a status, with headers, or with both.
        :raises TypeError: for anything else; it names the view.
        """
        response_class = self.response_class
        if type(rv) is str and getattr(response_class, "_has_usual_init", False):
            return response_class(rv)
        response: Response
        status = headers = None
        if isinstance(rv, tuple):
            rv, status, headers = self._unpack(rv)
        if isinstance(rv, (str, bytes, bytearray)):
            body: Any = rv  # a bytearray is fine too, which Werkzeug does not annotate
            return self.response_class(body, status=status, headers=headers)
        # PERF: for a class with a metaclass isinstance is slow (benchmarks/: parameter).
        if type(rv) is not dict and isinstance(rv, self.response_class):
            response = rv
        elif isinstance(rv, (dict, list)):
            response = self.json.response(rv)
        # PERF: isinstance of an abstract class is slow; HTTP exceptions are excluded first (benchmarks/: not_found).
        elif not isinstance(rv, HTTPException) and isinstance(rv, Iterator):
            return self.response_class(rv, status=status, headers=headers)
        else:
            response = self._convert(rv)
        if isinstance(status, (str, bytes, bytearray)):
            response.status = status if isinstance(status, str) else status.decode()
        elif status is not None:
            response.status_code = status
        if headers:
            response.headers.update(headers)
        return response

    def _unpack(self, rv: tuple[Any, ...]) -> tuple[Any, Any, Any]:
        if len(rv) == 3:
            return rv
        if len(rv) == 2:
            body, second = rv
            is_headers = isinstance(second, (Headers, Mapping, tuple, list))
            return (body, None, second) if is_headers else (body, second, None)
        raise TypeError(
            f"{self._the_view()} did not return a valid response tuple: it has {len(rv)} members. The tuple must have"
            f" the form (body, status), (body, headers), or all three: (body, status, headers)."
        )

    def _convert(self, rv: Any) -> Response:
        usual_class = getattr(self.response_class, "_has_usual_init", False)
        if usual_class and isinstance(rv, HTTPException) and errors.answers_itself(rv):
            # PERF: the response of get_response, made without a WSGI call (benchmarks/: not_found).
            # Without a description of its own its only attribute is its response, which is None.
            page = errors.default_page(type(rv)) if len(rv.__dict__) == 1 else None
            if page is not None:
                return self.response_class(page, rv.code, mimetype="text/html")
            environ = _cv_request.get().request.environ
            headers = Headers(rv.get_headers(environ))
            headers.setdefault("Content-Type", "text/plain; charset=utf-8")  # Werkzeug's response has it by default
            return self.response_class(rv.get_body(environ), rv.code, headers)
        if isinstance(rv, BaseResponse) or callable(rv):
            try:
                return self.response_class.force_type(rv, _cv_request.get().request.environ)
            except TypeError as error:
                raise self._not_a_response(rv, f" Called as a WSGI application it failed: {error}") from error
        raise self._not_a_response(rv)

    def _not_a_response(self, rv: Any, why: str = "") -> TypeError:
        if rv is None:
            return TypeError(
                f"{self._the_view()} did not return a valid response: it returned None. Is there a path through it"
                f" without a 'return'? An empty answer is '' with the status 204."
            )
        if isinstance(rv, AsyncIterator):
            why = (
                " A WSGI server cannot iterate over an async generator: make it an ordinary one ('def' with 'yield'),"
                " or collect what it yields in an 'async def' view and return that."
            )
        return TypeError(
            f"{self._the_view()} did not return a valid response. It must be a string, bytes, dict, list, iterator,"
            f" tuple, response or WSGI callable, but it was a {type(rv).__name__}.{why}"
        )

    def _the_view(self) -> str:
        endpoint = _cv_request.get().request.endpoint
        view = self.view_functions.get(endpoint)
        where = f", {describe(view)}," if view is not None else ""
        return f"The view function for {endpoint!r}{where}"

    def make_default_options_response(self) -> Response:
        """Return the automatic answer to OPTIONS: the methods that are allowed at this URL (RFC 9110, 9.3.7)."""
        adapter = _cv_request.get().url_adapter
        response = self.response_class()
        if adapter is not None:
            response.allow.update(adapter.allowed_methods())
        return response

    # -- sync and async -----------------------------------------------------------------------------------------

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return *func* itself, but a coroutine function wrapped by :meth:`async_to_sync`."""
        # PERF: its flags show a plain function; inspect would take four calls (benchmarks/: hooks).
        if type(func) is FunctionType and not func.__code__.co_flags & CO_COROUTINE and _MARK not in func.__dict__:
            return func
        return self.async_to_sync(func) if iscoroutinefunction(func) else func

    def async_to_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that runs the coroutine function *func* to its end.

        :raises RuntimeError: when asgiref is not installed.
        """
        try:
            from asgiref.sync import async_to_sync  # an extra: loaded when the first coroutine function is met
        except ImportError:
            raise RuntimeError(
                "Async views and hooks need asgiref. Install Flask with the 'async' extra; here 'wsgiapp[async]'."
            ) from None
        return async_to_sync(func)

    def update_template_context(self, context: dict[str, Any]) -> None:
        """Add the processors' variables to a template's *context*.

        See :func:`wsgiapp.templating.update_template_context`.
        """
        templating.update_template_context(self, context)


# The method that a Plan skips for each function.
SYNC = Originals(Dispatcher, "ensure_sync", flag="_calls_directly")
