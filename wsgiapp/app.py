"""The app: the object that holds everything together.

An :class:`App` is a WSGI callable (PEP 3333) that carries its configuration, its routes and its extensions. Here are
its construction, its set-up, and the first and last step of a request; the steps between are in ``dispatch``.
"""

from __future__ import annotations

import logging
import os
import sys
import weakref
from collections.abc import Callable, Iterable, ValuesView
from contextlib import closing, suppress
from datetime import timedelta
from types import TracebackType
from typing import IO, Any, Literal, TypeVar, cast
from urllib.parse import quote

import werkzeug.serving
from werkzeug.exceptions import Aborter
from werkzeug.routing import BuildError, Map, MapAdapter, Rule
from werkzeug.utils import cached_property
from werkzeug.wrappers import Response as BaseResponse

from . import cli as _cli
from . import ctx as _ctx
from . import devserver as _devserver
from . import environment as _environment
from . import hints, routing, scaffold
from . import testing as _testing
from . import typing as ft
from .blueprints import Blueprint
from .config import DEFAULTS, Config, ConfigAttribute, get_debug_flag, get_load_dotenv
from .ctx import AppContext, RequestContext, _AppCtxGlobals, _cv_app, _cv_request, shared_lazy
from .debughelpers import describe
from .dispatch import SYNC, Dispatcher, scopes_of
from .environs import environ_fault
from .heads import UnsendableResponse
from .hosts import host_and_port
from .json.provider import DefaultJSONProvider, JSONProvider
from .logging import create_logger
from .overrides import Originals
from .scaffold import Folder, Scaffold, _endpoint_from_view_func, find_package, naming_decorator, setupmethod
from .sessions import SecureCookieSessionInterface, SessionInterface, SessionMixin, get_flashed_messages
from .templating import _default_template_ctx_processor
from .typing import StartResponse, WSGIEnvironment
from .wrappers import Request, Response, redirect_to

T_shell_context_processor = TypeVar("T_shell_context_processor", bound=ft.ShellContextProcessorCallable)

_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), 127)}
# What a fragment may hold unquoted (https://url.spec.whatwg.org/#fragment-percent-encode-set).
_IN_FRAGMENT = "%!#$&'()*+,/:;=?@"
_ESCAPED = (".html", ".htm", ".xml", ".xhtml", ".svg")
# Endings that may follow the one that names the format: ``page.html.j2`` is HTML.
_TEMPLATE_ENDINGS = (".j2", ".jinja", ".jinja2")


def _seconds(value: timedelta | int) -> timedelta:
    return value if isinstance(value, timedelta) else timedelta(seconds=value)


class _StockEnvironment:
    """A class attribute whose value is :class:`~wsgiapp.environment.Environment`; reading it loads that class."""

    def __get__(self, instance: object, owner: type) -> type[_environment.Environment]:
        return _environment.Environment


class App(Dispatcher, Scaffold):
    """A web application, which a WSGI server calls with an environ and ``start_response``.

    >>> app = App(__name__)
    >>> @app.route("/")
    ... def hello() -> str:
    ...     return "Hello!"
    >>> app.test_client().get("/").text
    'Hello!'

    :param import_name: the module it is written in, usually ``__name__``; templates and files are found from there.
    :param static_url_path: the URL of the static files; by default the folder's name.
    :param static_folder: the folder of static files, absolute or below the root path; None for no static files.
    :param static_host: the host that serves them, where hosts are matched.
    :param host_matching: whether rules name hosts.
    :param subdomain_matching: whether rules name subdomains of ``SERVER_NAME``.
    :param template_folder: the folder of templates, absolute or below the root path.
    :param instance_path: the folder for what belongs to one installation: configuration, database.
    :param instance_relative_config: read configuration files from there instead of from the root path.
    :param root_path: the folder that other paths are relative to; by default the module's.
    :raises ValueError: for an instance path that is not absolute.
    :raises AssertionError: for a static host without host matching, or the reverse.
    """

    # The command line recognizes an app by this attribute.
    _is_wsgiapp_app = True
    # Whether ``provide_automatic_options=True`` adds OPTIONS to the methods of a rule. It does not in frameworks that
    # derive from Flask's base class and answer OPTIONS by themselves, such as Quart.
    _adds_options = True

    #: The default settings of a new app.
    default_config = DEFAULTS
    config_class = Config
    request_class: type[Request] = Request
    response_class: type[Response] = Response
    aborter_class = Aborter
    app_ctx_globals_class = _AppCtxGlobals
    json_provider_class: type[JSONProvider] = DefaultJSONProvider
    jinja_environment: type[_environment.Environment] = cast(Any, _StockEnvironment())
    #: Options for the Jinja2 environment, in a dict of your own.
    jinja_options: dict[str, Any] = {}  # noqa: RUF012  # Flask's name and type: assigned, not changed
    url_rule_class = Rule
    url_map_class: type[Map] = routing.Map
    session_interface: SessionInterface = SecureCookieSessionInterface()
    #: The class of :meth:`test_client`; None for :class:`~wsgiapp.testing.FlaskClient`.
    test_client_class: type[_testing.FlaskClient] | None = None
    #: The class of :meth:`test_cli_runner`; None for :class:`~wsgiapp.testing.FlaskCliRunner`.
    test_cli_runner_class: type[_testing.FlaskCliRunner] | None = None

    # Says of the app's class, at each request, whether no method that the shortcuts of a request skip was replaced on
    # it: it is not a Watched class, because programs give their subclasses metaclasses of their own. It is False when
    # one was replaced on the app object.
    _check_class: Callable[[type], bool] | Literal[False]
    _has_usual_urls: bool
    _class_has_usual_urls: Callable[[type], bool]

    testing = ConfigAttribute[bool]("TESTING")
    secret_key = ConfigAttribute["str | bytes | None"]("SECRET_KEY")
    permanent_session_lifetime = ConfigAttribute[timedelta]("PERMANENT_SESSION_LIFETIME", get_converter=_seconds)

    def __init__(
        self, import_name: str, static_url_path: str | None = None, static_folder: Folder | None = "static",
        static_host: str | None = None, host_matching: bool = False, subdomain_matching: bool = False,
        template_folder: Folder | None = "templates", instance_path: str | None = None,
        instance_relative_config: bool = False, root_path: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(import_name, static_folder, static_url_path, template_folder, root_path)
        if instance_path is not None and not os.path.isabs(instance_path):
            raise ValueError(f"The instance path must be absolute, but {instance_path!r} is relative.")
        self.instance_path = self.auto_find_instance_path() if instance_path is None else instance_path
        self.config: Config = self.make_config(instance_relative_config)
        self.aborter = self.make_aborter()
        self.json: JSONProvider = self.json_provider_class(self)
        self.url_map: Map = self.url_map_class(host_matching=host_matching)
        self.subdomain_matching = subdomain_matching
        self.blueprints: dict[str, Blueprint] = {}
        self.teardown_appcontext_funcs: list[ft.TeardownCallable] = []
        #: Where extensions keep their state, by their names.
        self.extensions: dict[str, Any] = {}
        self.shell_context_processors: list[ft.ShellContextProcessorCallable] = []
        self.url_build_error_handlers: list[Callable[[Exception, str, dict[str, Any]], str]] = []
        self.template_context_processors[None].append(_default_template_ctx_processor)
        self._got_first_request = False
        self._plans = {}
        # PERF: found faster on the app than on its class (benchmarks/: hello).
        self._check_class, self._calls_directly = self._check_class and _CLASS_CHECK, self._calls_directly
        self._has_usual_urls = self._has_usual_urls
        if self.has_static_folder:
            self._add_static_rule(static_host, host_matching)

    def _add_static_rule(self, static_host: str | None, host_matching: bool) -> None:
        if (static_host is not None) != host_matching:
            raise AssertionError("Invalid static_host/host_matching combination: give both or neither.")
        weak = weakref.ref(self)  # the app must not keep itself alive through its own view

        def static(filename: str) -> Response:
            return cast(App, weak()).send_static_file(filename)

        self.add_url_rule(f"{self.static_url_path}/<path:filename>", "static", static, host=static_host)

    def _check_setup_finished(self, f_name: str) -> None:
        if self._got_first_request:
            late = f"It is too late for the setup method '{f_name}': it can no longer be called on the application"
            reason = f"{self.name!r} has already handled its first request, and the change would not reach all of it"
            raise AssertionError(f"{late}, since {reason}. Call it at module level or in the factory, not in a view.")

    # -- what it is made of ----------------------------------------------------------------------------------------

    @cached_property
    def name(self) -> str:
        """The import name; for ``__main__`` the name of the script."""
        if self.import_name != "__main__":
            return self.import_name
        path = getattr(sys.modules["__main__"], "__file__", None)
        return os.path.splitext(os.path.basename(path))[0] if path is not None else "__main__"

    @cached_property
    def logger(self) -> logging.Logger:
        """The logger with the app's name; by default it writes to the server's error stream."""
        return create_logger(self)

    @shared_lazy
    def jinja_env(self) -> _environment.Environment:
        """The Jinja2 environment, made by :meth:`create_jinja_environment` when it is first needed."""
        return self.create_jinja_environment()

    @property
    def debug(self) -> bool:
        """Whether errors go on to a debugger and templates are reloaded. Never on where others can reach the app."""
        value: bool = self.config["DEBUG"]
        return value

    @debug.setter
    def debug(self, value: bool) -> None:
        self.config["DEBUG"] = value
        if self.config["TEMPLATES_AUTO_RELOAD"] is None and "jinja_env" in self.__dict__:
            self.jinja_env.auto_reload = value

    def make_config(self, instance_relative: bool = False) -> Config:
        """Return the configuration of a new app: :attr:`default_config`, with ``DEBUG`` from ``FLASK_DEBUG``."""
        defaults = {**self.default_config, "DEBUG": get_debug_flag()}
        return self.config_class(self.instance_path if instance_relative else self.root_path, defaults)

    def make_aborter(self) -> Aborter:
        """Return the object by which ``abort`` raises exceptions."""
        return self.aborter_class()

    def auto_find_instance_path(self) -> str:
        """Return the default instance folder.

        For a package that is not installed it lies beside the package, otherwise below the prefix of the installation.
        """
        prefix, folder = find_package(self.import_name)
        parts = (folder, "instance") if prefix is None else (prefix, "var", f"{self.name}-instance")
        return os.path.join(*parts)

    def open_resource(self, resource: str, mode: str = "rb", encoding: str | None = None) -> IO[Any]:
        """Open a file below the root path for reading; see :meth:`Scaffold.open_resource`."""
        return super().open_resource(resource, mode, encoding)

    def open_instance_resource(self, resource: str, mode: str = "rb", encoding: str | None = "utf-8") -> IO[Any]:
        """Open a file in the instance folder, for reading or writing."""
        path = os.path.join(self.instance_path, resource)
        return open(path, mode) if "b" in mode else open(path, mode, encoding=encoding)

    def create_global_jinja_loader(self) -> _environment.DispatchingJinjaLoader:
        """Return the loader of the app's and the blueprints' templates."""
        return _environment.DispatchingJinjaLoader(self)

    def select_jinja_autoescape(self, filename: str | None) -> bool:
        """Say, by the end of its name, whether a template escapes the values that it prints.

        ``page.html``, ``PAGE.HTML`` and ``page.html.j2`` escape them.

        :param filename: the name; None for a template that is given as a string, which escapes them.
        """
        if filename is None:
            return True
        name = filename.lower()
        for ending in _TEMPLATE_ENDINGS:
            name = name.removesuffix(ending)
        return name.endswith(_ESCAPED)

    def create_jinja_environment(self) -> _environment.Environment:
        """Make the Jinja2 environment, with :attr:`jinja_options` and the usual globals."""
        reload = self.config["TEMPLATES_AUTO_RELOAD"]
        settings = {"autoescape": self.select_jinja_autoescape, "auto_reload": self.debug if reload is None else reload}
        environment = self.jinja_environment(self, **{**settings, **self.jinja_options})
        environment.globals.update(config=self.config, url_for=self.url_for, get_flashed_messages=get_flashed_messages)
        # The proxies are there too, for templates that are imported without the context.
        environment.globals.update(g=_ctx.g_proxy, request=_ctx.request_proxy, session=_ctx.session_proxy)
        environment.policies["json.dumps_function"] = self.json.dumps
        return environment

    # -- setting it up ---------------------------------------------------------------------------------------------

    @setupmethod
    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Add a blueprint's views, hooks and handlers to the app.

        >>> shop = Blueprint("shop", __name__)
        >>> @shop.get("/cart")
        ... def cart() -> str:
        ...     return "Your cart"
        >>> app.register_blueprint(shop, url_prefix="/shop")
        >>> app.test_client().get("/shop/cart").text
        'Your cart'

        :param blueprint: the blueprint.
        :param options: ``url_prefix``, ``subdomain``, ``url_defaults``, ``name``, ``cli_group``, and what the
            blueprint's own set-up understands; they replace the blueprint's.
        :raises ValueError: when its name is taken.
        """
        blueprint.register(self, options)

    def iter_blueprints(self) -> ValuesView[Blueprint]:
        """Return the registered blueprints, in the order of their registration."""
        return self.blueprints.values()

    @setupmethod
    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: ft.RouteCallable | None = None,
        provide_automatic_options: bool | None = None, **options: Any,
    ) -> None:  # fmt: skip
        """Connect a URL with an endpoint, and the endpoint with a view; see :meth:`Scaffold.add_url_rule`.

        >>> def about() -> str:
        ...     return "About us"
        >>> app.add_url_rule("/about", view_func=about)
        >>> app.test_client().get("/about").text
        'About us'

        The view's own attributes ``methods``, ``required_methods`` and ``provide_automatic_options`` are respected.

        :raises AssertionError: when the endpoint has another view already.
        :raises TypeError: when ``methods`` is a string.
        """
        endpoint = _endpoint_from_view_func(view_func) if endpoint is None else endpoint
        methods = options.pop("methods", None)
        if methods is None:  # an empty list is respected: no method but OPTIONS
            methods = getattr(view_func, "methods", None) or ("GET",)
        if isinstance(methods, str):
            raise TypeError(f"Allowed methods must be a list of strings, such as methods=[{methods!r}], not a string.")
        allowed = {method.upper() for method in methods} | set(getattr(view_func, "required_methods", ()))
        if provide_automatic_options is None:
            provide_automatic_options = getattr(view_func, "provide_automatic_options", None)
        asked_for = provide_automatic_options is not None
        if not asked_for:
            provide_automatic_options = "OPTIONS" not in allowed and self.config["PROVIDE_AUTOMATIC_OPTIONS"]
        if provide_automatic_options and (self._adds_options or not asked_for):
            allowed.add("OPTIONS")
        known = self.view_functions.get(endpoint)
        if view_func is not None and known is not None and known != view_func:
            taken = f"{endpoint}. It belongs to {describe(known)}, not to {describe(view_func)}"
            hint = "Give one of them another name, or an 'endpoint' of its own (a decorator may need functools.wraps)."
            raise AssertionError(f"View function mapping is overwriting an existing endpoint function: {taken}. {hint}")
        rule_object: Any = self.url_rule_class(rule, methods=allowed, endpoint=endpoint, **options)
        rule_object.provide_automatic_options = provide_automatic_options
        try:
            self.url_map.add(rule_object)
        except LookupError as error:
            hints.explain_rule(error, rule, self.url_map.converters)
            raise
        if view_func is not None:
            self.view_functions[endpoint] = view_func

    @scaffold.naming_method
    def template_filter(self, name: Any = None) -> Any:
        """Make the decorated function a template filter. It needs no parentheses where it has no argument.

        >>> @app.template_filter
        ... def double(value: int) -> int:
        ...     return 2 * value
        >>> with app.app_context():
        ...     render_template_string("{{ 21|double }}")
        '42'

        :param name: its name in templates; by default the function's.
        """
        return naming_decorator(self.add_template_filter, name)

    @setupmethod
    def add_template_filter(self, f: ft.TemplateFilterCallable, name: str | None = None) -> None:
        """Make *f* a template filter, by *name* or its own."""
        self.jinja_env.filters[name or f.__name__] = f

    @scaffold.naming_test_method
    def template_test(self, name: Any = None) -> Any:
        """Make the decorated function a template test. It needs no parentheses where it has no argument.

        >>> @app.template_test
        ... def big(value: int) -> bool:
        ...     return value > 100
        >>> with app.app_context():
        ...     render_template_string("{{ 'big' if 200 is big else 'small' }}")
        'big'

        :param name: its name in templates; by default the function's.
        """
        return naming_decorator(self.add_template_test, name)

    @setupmethod
    def add_template_test(self, f: ft.TemplateTestCallable, name: str | None = None) -> None:
        """Make *f* a template test, by *name* or its own."""
        self.jinja_env.tests[name or f.__name__] = f

    @scaffold.naming_method
    def template_global(self, name: Any = None) -> Any:
        """Make the decorated function a template global. It needs no parentheses where it has no argument.

        >>> @app.template_global
        ... def year() -> int:
        ...     return 1815
        >>> with app.app_context():
        ...     render_template_string("{{ year() }}")
        '1815'

        :param name: its name in templates; by default the function's.
        """
        return naming_decorator(self.add_template_global, name)

    @setupmethod
    def add_template_global(self, f: ft.TemplateGlobalCallable, name: str | None = None) -> None:
        """Make *f* a template global, by *name* or its own."""
        self.jinja_env.globals[name or f.__name__] = f

    @setupmethod
    def teardown_appcontext(self, f: scaffold.T_teardown) -> scaffold.T_teardown:
        """Run *f* when an app context ends, after each request and command, with the error that ended it or None.

        >>> @app.teardown_appcontext
        ... def close_database(error: BaseException | None) -> None:
        ...     print("closing", g.pop("database", None))
        >>> with app.app_context():
        ...     g.database = "shop.db"
        closing shop.db
        """
        self.teardown_appcontext_funcs.append(f)
        return f

    @setupmethod
    def shell_context_processor(self, f: T_shell_context_processor) -> T_shell_context_processor:
        """Add the names in the dict that *f* returns to the shell."""
        self.shell_context_processors.append(f)
        return f

    def make_shell_context(self) -> dict[str, Any]:
        """Return the names that the shell starts with: ``app``, ``g``, and what the processors give."""
        names: dict[str, Any] = {"app": self, "g": _ctx.g_proxy}
        for processor in self.shell_context_processors:
            names.update(processor())
        return names

    # -- URLs and redirects ----------------------------------------------------------------------------------------

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return what matches *request* and builds URLs; see :func:`wsgiapp.routing.create_adapter`."""
        return routing.create_adapter(self, request)

    def url_for(
        self, /, endpoint: str, *, _anchor: str | None = None, _method: str | None = None,
        _scheme: str | None = None, _external: bool | None = None, **values: Any,
    ) -> str:  # fmt: skip
        """Return the URL of an endpoint.

        >>> @app.get("/user/<name>")
        ... def user(name: str) -> str:
        ...     return name
        >>> with app.test_request_context():
        ...     app.url_for("user", name="ada", page=2)
        '/user/ada?page=2'

        :param endpoint: the endpoint; with a dot in front, one of the current blueprint.
        :param _anchor: goes behind ``#``.
        :param _method: of several rules, the one for this method.
        :param _scheme: ``https``, say; makes the URL external.
        :param _external: whether the URL carries scheme and host; by default only outside of a request.
        :param values: the values of the rule's variables; the others become the query.
        :raises werkzeug.routing.BuildError: when no rule fits and no handler takes it.
        :raises RuntimeError: outside of a request, without ``SERVER_NAME``.
        :raises ValueError: when ``_scheme`` is given with ``_external=False``.
        """
        request_ctx, adapter, url = _cv_request.get(None), None, None
        if request_ctx is None:
            app_ctx = _cv_app.get(None)
            adapter = app_ctx.url_adapter if app_ctx is not None else self.create_url_adapter(None)
            if adapter is None:
                raise RuntimeError(
                    "Unable to build URLs outside an active request: nothing says where they lead. Set 'SERVER_NAME' in"
                    " the configuration and, if need be, 'APPLICATION_ROOT' and 'PREFERRED_URL_SCHEME'."
                )
        elif endpoint[:1] == ".":
            endpoint = f"{request_ctx.request.blueprint or ''}{endpoint}".removeprefix(".")
        if _external is None:
            _external = _scheme is not None or request_ctx is None
        elif _scheme is not None and not _external:
            raise ValueError("'_scheme' makes an external URL, so '_external' must be True: leave it out, or set it.")
        self.inject_url_defaults(endpoint, values)
        if request_ctx is not None and not _external and _method is None:
            url = request_ctx.path_for(endpoint, values)
        if url is None:
            if request_ctx is not None:
                # When the request's host was refused there is no adapter, but the error page may still have links.
                root = request_ctx.request.root_path
                adapter = request_ctx.own_adapter() or self.url_map.bind("", script_name=root or "/")
            try:
                url = cast(MapAdapter, adapter).build(endpoint, values, _method, _external, url_scheme=_scheme)
            except BuildError as error:
                asked = {"_anchor": _anchor, "_method": _method, "_scheme": _scheme, "_external": _external}
                return self.handle_url_build_error(error, endpoint, values | asked)
        return url if _anchor is None else f"{url}#{quote(_anchor, safe=_IN_FRAGMENT)}"

    def inject_url_defaults(self, endpoint: str, values: dict[str, Any]) -> None:
        """Let the url_defaults functions add to the *values* of a URL: the app's first, then the blueprints'."""
        functions = self.url_default_functions
        if not functions:
            return
        for scope in (None,) if [*functions] == [None] else reversed(scopes_of(endpoint)):
            for function in functions.get(scope, ()):
                function(endpoint, values)

    def handle_url_build_error(self, error: BuildError, endpoint: str, values: dict[str, Any]) -> str:
        """Ask the ``url_build_error_handlers`` for the URL that could not be built.

        :return: the URL of the first handler that has one.
        :raises BuildError: when no handler has one: the last one that a handler raised, otherwise *error*.
        """
        for handler in self.url_build_error_handlers:
            try:
                url = handler(error, endpoint, values)
                if url is not None:
                    return url
            except BuildError as other:
                error = other
        raise error

    def redirect(self, location: str, code: int = 302) -> BaseResponse:
        """Return a response that redirects to *location*, of the app's response class."""
        return redirect_to(location, code, self.response_class)

    # -- contexts --------------------------------------------------------------------------------------------------

    def app_context(self) -> AppContext[App]:
        """Return a context that makes this app current.

        >>> with app.app_context():
        ...     current_app.name
        'example'
        """
        return AppContext(self)

    def request_context(self, environ: WSGIEnvironment) -> RequestContext[App, Request, SessionMixin]:
        """Return a context for one request of a WSGI server."""
        return RequestContext(self, environ)

    def test_request_context(self, *args: Any, **kwargs: Any) -> RequestContext[App, Request, SessionMixin]:
        """Return a context for a made-up request.

        >>> with app.test_request_context("/search?q=tea"):
        ...     request.args["q"]
        'tea'

        :param args: the arguments of :class:`wsgiapp.testing.EnvironBuilder`.
        :param kwargs: its keyword arguments.
        """
        with closing(_testing.EnvironBuilder(self, *args, **kwargs)) as builder:
            return self.request_context(builder.get_environ())

    def should_ignore_error(self, error: BaseException | None) -> bool:  # noqa: ARG002  # for those who override it
        """Say whether teardown functions get None instead of *error*. By default they get the error; override it."""
        return False

    # -- answering -------------------------------------------------------------------------------------------------

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333). Middleware goes around this method: ``app.wsgi_app = M(app.wsgi_app)``.

        :return: the body, in pieces.
        """
        ctx = self.request_context(environ)
        error: BaseException | None = None
        try:
            try:
                ctx.push()
                response = self.full_dispatch_request()
            except Exception as raised:
                error = raised
                fault = environ_fault(environ)
                if fault is not None:
                    return self._refuse(fault, environ, start_response)
                response = self.handle_exception(raised)
            try:
                return response(environ, start_response)
            except UnsendableResponse as raised:
                error = raised
                with suppress(Exception):  # the server gets another response, so it will not close this one
                    response.close()
                return self.handle_exception(raised)(environ, start_response)
        except BaseException as raised:
            error = raised if error is None else error  # the first is what ended the request
            raise
        finally:
            if error is not None and self.should_ignore_error(error):
                error = None
            keep = environ.get("werkzeug.debug.preserve_context")
            if keep is not None:
                keep(ctx)
                ctx.preserve()
            try:
                ctx.pop(error)
            except Exception as raised:
                self._teardown_failed(raised)
            error = None  # otherwise its traceback and this frame keep each other in memory

    def log_exception(
        self, exc_info: tuple[type, BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> None:
        """Log an exception that nobody handled, with its traceback."""
        ctx = _cv_request.get(None)
        # Filters and error trackers read `record.msg`, so it names the request, as it does on Flask.
        text = f"Exception on {ctx.request.path} [{ctx.request.method}]" if ctx else "Exception on no request"
        # The path comes from outside: a line break in it must not look like a new line of the log.
        self.logger.error(text.translate(_CONTROL), exc_info=exc_info)

    def _refuse(self, fault: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.logger.error("The server handed over an environ that breaks PEP 3333: %s", fault)
        return self.response_class("Bad Request", status=400)({**environ, "REQUEST_METHOD": "GET"}, start_response)

    def _teardown_failed(self, error: Exception) -> None:
        if self._propagates():
            raise error
        # The response is made, and must not be lost because of this.
        self.logger.error("A teardown function failed", exc_info=error)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request by :meth:`wsgi_app`, and by the middleware around it."""
        return self.wsgi_app(environ, start_response)

    # -- running and testing ---------------------------------------------------------------------------------------

    def run(
        self, host: str | None = None, port: int | None = None, debug: bool | None = None,
        load_dotenv: bool = True, **options: Any,
    ) -> None:  # fmt: skip
        """Serve the app with Werkzeug's development server. Not for production.

        :param host: the address to listen on; by default that of ``SERVER_NAME``, otherwise ``127.0.0.1``.
        :param port: the port; by default that of ``SERVER_NAME``, otherwise 5000.
        :param debug: turns debug mode on or off.
        :param load_dotenv: read ``.env`` and ``.flaskenv`` first.
        :param options: those of :func:`werkzeug.serving.run_simple`.
        """
        if os.environ.get("FLASK_RUN_FROM_CLI") == "true":
            if not werkzeug.serving.is_running_from_reloader():
                import click  # a production server does not need it

                hint = "Put the call under 'if __name__ == \"__main__\":'."
                click.secho(f" * Ignoring a call to 'app.run()': the command line serves already. {hint}", fg="red")
            return
        if get_load_dotenv(load_dotenv):
            _cli.load_dotenv()
            if "FLASK_DEBUG" in os.environ:
                self.debug = get_debug_flag()
        if debug is not None:
            self.debug = bool(debug)
        name, name_port = host_and_port(self.config["SERVER_NAME"] or "")
        port = int(port if port or port == 0 else name_port or 5000)
        options = {"use_reloader": self.debug, "use_debugger": self.debug, "threaded": True, **options}
        options.setdefault("request_handler", _devserver.RequestHandler)
        _cli.show_server_banner(self.debug, self.name)
        try:
            _devserver.serve(werkzeug.serving.run_simple, host or name or "127.0.0.1", port, self, **options)
        finally:
            # In a shell the server may be stopped, the app changed, and the server started again.
            self._got_first_request = False

    def test_client(self, use_cookies: bool = True, **kwargs: Any) -> _testing.FlaskClient[App]:
        """Return a client that sends requests to the app without a server.

        >>> client = app.test_client()
        >>> client.get("/nowhere").status_code
        404

        :param use_cookies: keep the cookies of responses and send them again.
        :param kwargs: those of the client's class, :attr:`test_client_class`.
        """
        client_class = self.test_client_class or _testing.FlaskClient
        return client_class(self, self.response_class, use_cookies=use_cookies, **kwargs)

    def test_cli_runner(self, **kwargs: Any) -> _testing.FlaskCliRunner[App]:
        """Return a runner for the app's commands; its class is :attr:`test_cli_runner_class`.

        >>> @app.cli.command("greet")
        ... def greet() -> None:
        ...     print("Hello!")
        >>> app.test_cli_runner().invoke(args=["greet"]).exit_code
        0
        """
        return (self.test_cli_runner_class or _testing.FlaskCliRunner)(self, **kwargs)


# The methods that the function url_for skips, and those that building a path without an adapter skips.
_URLS = Originals(App, "url_for", "inject_url_defaults", flag="_has_usual_urls")
App._class_has_usual_urls = staticmethod(_URLS.make_class_check(routing.BUILDING))
_ORIGINALS = Originals(App, "app_context", "create_url_adapter", flag="_check_class")
_CLASS_CHECK = _ORIGINALS.make_class_check(SYNC, routing.ADAPTER, routing.TEXT, routing.INTEGER)
