"""Scaffold: what an app and a blueprint have in common. Views, hooks and handlers are registered on both.

A scaffold has a place in the file system (its import name, templates, static files) and registries of views, hooks and
handlers, keyed by scope: ``None`` for the scaffold itself, a name for a blueprint below it.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import update_wrapper
from importlib.machinery import ModuleSpec
from typing import IO, Any, Protocol, TypeVar, cast, overload

from werkzeug.utils import cached_property

from . import cli as _cli
from . import environment as _environment
from . import typing as ft
from .ctx import _cv_app, shared_lazy
from .debughelpers import describe
from .dispatch import Registry
from .errors import Handlers, class_and_code
from .files import send_from_directory
from .wrappers import Response

F = TypeVar("F", bound=Callable[..., Any])
T_after_request = TypeVar("T_after_request", bound=ft.AfterRequestCallable[Any])
T_before_request = TypeVar("T_before_request", bound=ft.BeforeRequestCallable)
T_error_handler = TypeVar("T_error_handler", bound=ft.ErrorHandlerCallable)
T_teardown = TypeVar("T_teardown", bound=ft.TeardownCallable)
T_template_context_processor = TypeVar("T_template_context_processor", bound=ft.TemplateContextProcessorCallable)
T_template_test = TypeVar("T_template_test", bound=ft.TemplateTestCallable)
T_url_defaults = TypeVar("T_url_defaults", bound=ft.URLDefaultCallable)
T_url_value_preprocessor = TypeVar("T_url_value_preprocessor", bound=ft.URLValuePreprocessorCallable)
T_route = TypeVar("T_route", bound=ft.RouteCallable)

#: A path to a folder, absolute or below the root path.
Folder = str | os.PathLike[str]


def setupmethod(f: F) -> F:
    """Mark a method that sets an app or blueprint up: calling it too late is an error that says so."""

    def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
        self._check_setup_finished(f.__name__)
        return f(self, *args, **kwargs)

    return cast(F, update_wrapper(checked, f))


def decorator_calling(register: Callable[[Any], object]) -> Callable[[F], F]:
    """Make a decorator that calls *register* with the decorated function and returns that function unchanged."""

    def decorate(f: F) -> F:
        register(f)
        return f

    return decorate


class NamingDecorator(Protocol):
    """A method that is a decorator; it may be written with a name, with empty parentheses, or without any."""

    @overload
    def __call__(self, name: F) -> F: ...
    @overload
    def __call__(self, name: str | None = None) -> Callable[[F], F]: ...


class NamingTestDecorator(Protocol):
    """A :class:`NamingDecorator` of template tests."""

    @overload
    def __call__(self, name: T_template_test) -> T_template_test: ...
    @overload
    def __call__(self, name: str | None = None) -> Callable[[T_template_test], T_template_test]: ...


# The mark of a set-up method, which also gives it the type of a decorator that takes a name.
naming_method = cast(Callable[[Callable[[Any, Any], Any]], NamingDecorator], setupmethod)
naming_test_method = cast(Callable[[Callable[[Any, Any], Any]], NamingTestDecorator], setupmethod)


def naming_decorator(add: Callable[[Any, str | None], object], name: Any) -> Any:
    """Make a decorator that may be written with a name, with empty parentheses, or without any.

    :param add: called with the decorated function and its name, or None for the function's own.
    :param name: the name; without parentheses, the decorated function itself.
    """
    if not callable(name):
        return decorator_calling(lambda f: add(f, name))
    add(name, None)
    return name


def _find_spec(import_name: str) -> ModuleSpec | None:
    """Return the import spec of a module; None when it cannot be imported, such as ``__main__`` of a prompt."""
    try:
        return importlib.util.find_spec(import_name)
    except (ImportError, ValueError):
        return None


def get_root_path(import_name: str) -> str:
    """Return the folder of the module or package *import_name*; the current folder if it has no file.

    :raises RuntimeError: for an imported namespace package, which has no folder of its own.
    """
    path: str | None = getattr(sys.modules.get(import_name), "__file__", None)
    if path is None:
        spec = _find_spec(import_name)
        # A folder without __init__.py that nobody imported has no loader: it only happens to have the app's name.
        if spec is None or spec.loader is None:
            return os.getcwd()
        # An import hook that names no location may still give the module a file.
        path = spec.origin if spec.has_location else getattr(importlib.import_module(import_name), "__file__", None)
    if path is None:
        origin = "it comes from a namespace package or an import hook that gives no file name"
        raise RuntimeError(f"No root path can be found for {import_name!r}: {origin}. Pass 'root_path' explicitly.")
    return os.path.dirname(os.path.abspath(path))


def _locations(import_name: str) -> list[str]:
    """Return the file of a module, or the folders of a package. A namespace package may have several."""
    spec = _find_spec(import_name)
    found: Iterable[str | None] = (spec.submodule_search_locations or [spec.origin]) if spec is not None else []
    return [path for path in found if path is not None]


def _is_within(path: str, folder: str) -> bool:
    return os.path.normcase(os.path.join(path, "")).startswith(os.path.normcase(os.path.join(folder, "")))


def find_package(import_name: str) -> tuple[str | None, str]:
    """Find out where a package is installed.

    :return: the prefix (such as ``/usr`` or a virtual environment) or None where it is not installed, and the folder
        from which it can be imported.
    """
    tops, inner = _locations(import_name.partition(".")[0]), _locations(import_name)
    holding = (top for top in tops if any(_is_within(path, top) for path in inner))
    folder = os.path.dirname(next(holding, tops[0])) if tops else os.getcwd()
    path = os.path.realpath(folder)
    if _is_within(path, os.path.realpath(sys.prefix)):
        return sys.prefix, folder
    parent, name = os.path.split(path)
    if name.lower() != "site-packages":
        return None, folder
    # Windows has prefix/Lib/site-packages, POSIX prefix/lib/pythonX.Y/site-packages.
    above_lib = (head for head, tail in map(os.path.split, (parent, os.path.dirname(parent))) if tail.lower() == "lib")
    return next(above_lib, parent), folder


def _endpoint_from_view_func(view_func: ft.RouteCallable | None) -> str:
    if view_func is None:
        raise AssertionError("add_url_rule expected view func if endpoint is not provided: give one of the two.")
    try:
        return view_func.__name__
    except AttributeError as error:
        error.add_note("A view is a function or a Class.as_view('name'), handed over and not called: view_func=index")
        raise


class Scaffold:
    """The base of apps and blueprints.

    :param import_name: the module it is written in, usually ``__name__``.
    :param static_folder: a folder of files to serve, absolute or below the root path.
    :param static_url_path: the URL they are served at; by default the folder's name.
    :param template_folder: a folder of templates, absolute or below the root path.
    :param root_path: the folder that other paths are relative to; by default the module's.
    """

    name: str
    # The name of the variable in the examples of error messages.
    _variable = "app"

    def __init__(
        self, import_name: str, static_folder: Folder | None = None, static_url_path: str | None = None,
        template_folder: Folder | None = None, root_path: str | None = None,
    ) -> None:  # fmt: skip
        self.import_name = import_name
        self.static_folder = cast("str | None", static_folder)
        self.static_url_path = static_url_path
        self.template_folder = template_folder
        self.root_path = get_root_path(import_name) if root_path is None else root_path
        self.view_functions: dict[str, ft.RouteCallable] = {}
        self.error_handler_spec: Handlers = defaultdict(lambda: defaultdict(dict))
        self.before_request_funcs: Registry[ft.BeforeRequestCallable] = defaultdict(list)
        self.after_request_funcs: Registry[ft.AfterRequestCallable[Any]] = defaultdict(list)
        self.teardown_request_funcs: Registry[ft.TeardownCallable] = defaultdict(list)
        self.template_context_processors: Registry[ft.TemplateContextProcessorCallable] = defaultdict(list)
        self.url_value_preprocessors: Registry[ft.URLValuePreprocessorCallable] = defaultdict(list)
        self.url_default_functions: Registry[ft.URLDefaultCallable] = defaultdict(list)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self, 'name', self.import_name)!r}>"

    @shared_lazy
    def cli(self) -> _cli.AppGroup:
        """The click group of its own commands, made when it is first used."""
        return _cli.AppGroup(self.name)

    # -- files ----------------------------------------------------------------------------------------------------

    @property
    def static_folder(self) -> str | None:
        """The absolute path of the static files; None where there are none."""
        return os.path.join(self.root_path, self._static_folder) if self._static_folder is not None else None

    @static_folder.setter
    def static_folder(self, value: Folder | None) -> None:
        self._static_folder = os.fspath(value).rstrip("\\/") if value is not None else None

    @property
    def has_static_folder(self) -> bool:
        """Whether a folder of static files was set."""
        return self.static_folder is not None

    @property
    def static_url_path(self) -> str | None:
        """The URL of the static files, by default the name of their folder."""
        if self._static_url_path is not None:
            return self._static_url_path
        return f"/{os.path.basename(self.static_folder)}".rstrip("/") if self.static_folder is not None else None

    @static_url_path.setter
    def static_url_path(self, value: str | None) -> None:
        self._static_url_path = value.rstrip("/") if value is not None else None

    @cached_property
    def jinja_loader(self) -> _environment.BaseLoader | None:
        """The loader of its own templates; None when it has no template folder."""
        if self.template_folder is None:
            return None
        return _environment.FileSystemLoader(os.path.join(self.root_path, self.template_folder))

    def get_send_file_max_age(self, filename: str | None) -> int | None:  # noqa: ARG002  # for those who override it
        """Return for how many seconds a browser may keep a file before it asks again; None to ask each time."""
        value: timedelta | int | None = _cv_app.get().app.config["SEND_FILE_MAX_AGE_DEFAULT"]
        return int(value.total_seconds()) if isinstance(value, timedelta) else value

    def send_static_file(self, filename: str) -> Response:
        """Send the static file *filename*; the view of the endpoint ``static``.

        :raises RuntimeError: when there is no static folder.
        :raises NotFound: when there is no such file in it.
        """
        folder = self.static_folder
        if folder is None:
            raise RuntimeError(f"{self!r} has no static folder: 'static_folder' must be set to serve static_files.")
        return send_from_directory(folder, filename, max_age=self.get_send_file_max_age(filename))

    def open_resource(self, resource: str, mode: str = "rb", encoding: str | None = "utf-8") -> IO[Any]:
        """Open a file below the root path for reading.

        :param mode: ``r``, ``rt`` or ``rb``.
        :raises ValueError: for any other mode.
        """
        if mode not in ("r", "rt", "rb"):
            raise ValueError(f"Resources can only be opened for reading: mode 'r', 'rt' or 'rb', not {mode!r}.")
        path = os.path.join(self.root_path, resource)
        return open(path, mode) if mode == "rb" else open(path, mode, encoding=encoding)

    # -- views ----------------------------------------------------------------------------------------------------

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: ft.RouteCallable | None = None,
        provide_automatic_options: bool | None = None, **options: Any,
    ) -> None:  # fmt: skip
        """Connect a URL with an endpoint, and the endpoint with a view.

        >>> def about() -> str:
        ...     return "About us"
        >>> app.add_url_rule("/about", view_func=about)
        >>> app.test_client().get("/about").text
        'About us'

        :param rule: the URL rule, as Werkzeug's :class:`~werkzeug.routing.Rule` reads it.
        :param endpoint: its name; by default the view's.
        :param view_func: the view; it may be given later, by :meth:`endpoint`.
        :param provide_automatic_options: whether OPTIONS is answered without the view.
        :param options: ``methods``, ``defaults``, ``subdomain``, ``strict_slashes`` and the rest of a rule's options.
        """
        raise NotImplementedError

    def _check_parentheses(self, argument: object, example: str) -> None:
        """Raise a TypeError when *argument* is a function, because the decorator was written without parentheses."""
        if callable(argument) and not isinstance(argument, type):
            name = example.partition("(")[0]
            hint = f"Write: @{self._variable}.{example}"
            raise TypeError(f"The decorator '{name}' of {describe(argument)} has no argument. {hint}")

    def _method_route(self, method: str, rule: str, options: dict[str, Any]) -> Callable[[T_route], T_route]:
        self._check_parentheses(rule, f'{method.lower()}("/path")')
        if "methods" in options:
            raise TypeError(f"It is for {method} only. Use the 'route' decorator to use the 'methods' argument.")
        return self.route(rule, methods=[method], **options)

    @setupmethod
    def get(self, rule: str, **options: Any) -> Callable[[T_route], T_route]:
        """Make the decorated function the view of a URL, for GET and HEAD; see :meth:`route`.

        >>> @app.get("/user/<int:number>")
        ... def user(number: int) -> str:
        ...     return f"user {number}"
        >>> app.test_client().get("/user/42").text
        'user 42'
        """
        return self._method_route("GET", rule, options)

    @setupmethod
    def post(self, rule: str, **options: Any) -> Callable[[T_route], T_route]:
        """Make the decorated function the view of a URL, for POST; see :meth:`route`.

        >>> @app.post("/user")
        ... def add_user() -> tuple[str, int]:
        ...     return f"{request.form['name']} was added.", 201
        >>> app.test_client().post("/user", data={"name": "Ada"}).text
        'Ada was added.'
        """
        return self._method_route("POST", rule, options)

    @setupmethod
    def put(self, rule: str, **options: Any) -> Callable[[T_route], T_route]:
        """Make the decorated function the view of a URL, for PUT; see :meth:`route`."""
        return self._method_route("PUT", rule, options)

    @setupmethod
    def delete(self, rule: str, **options: Any) -> Callable[[T_route], T_route]:
        """Make the decorated function the view of a URL, for DELETE; see :meth:`route`."""
        return self._method_route("DELETE", rule, options)

    @setupmethod
    def patch(self, rule: str, **options: Any) -> Callable[[T_route], T_route]:
        """Make the decorated function the view of a URL, for PATCH; see :meth:`route`."""
        return self._method_route("PATCH", rule, options)

    @setupmethod
    def route(self, rule: str, **options: Any) -> Callable[[T_route], T_route]:
        """Make the decorated function the view of a URL; see :meth:`add_url_rule`.

        >>> @app.route("/form", methods=["GET", "POST"])
        ... def form() -> str:
        ...     return f"{request.method} was sent."
        >>> app.test_client().post("/form").text
        'POST was sent.'

        :param rule: the URL rule, such as ``"/user/<int:number>"``.
        :param options: those of :meth:`add_url_rule`; ``methods`` are GET, HEAD and OPTIONS by default.
        """
        self._check_parentheses(rule, 'route("/path")')
        return decorator_calling(lambda f: self.add_url_rule(rule, options.pop("endpoint", None), f, **options))

    @setupmethod
    def endpoint(self, endpoint: str) -> Callable[[F], F]:
        """Make the decorated function the view of an endpoint whose rules are added elsewhere.

        >>> app.add_url_rule("/about", endpoint="about")
        >>> @app.endpoint("about")
        ... def page() -> str:
        ...     return "About us"
        >>> app.test_client().get("/about").text
        'About us'
        """
        self._check_parentheses(endpoint, 'endpoint("name")')
        return decorator_calling(lambda f: self.view_functions.update({endpoint: f}))

    # -- hooks and handlers ---------------------------------------------------------------------------------------

    def _add_hook(self, registry: str, f: F) -> F:
        getattr(self, registry).setdefault(None, []).append(f)
        return f

    @setupmethod
    def before_request(self, f: T_before_request) -> T_before_request:
        """Run *f* before each view. When it returns something other than None, that is the answer.

        >>> @app.before_request
        ... def closed() -> str | None:
        ...     return "We are closed." if request.path == "/shop" else None
        >>> app.test_client().get("/shop").text
        'We are closed.'
        """
        return self._add_hook("before_request_funcs", f)

    @setupmethod
    def after_request(self, f: T_after_request) -> T_after_request:
        """Pass each response to *f*, and send the one that it returns. Not run where an error was not handled.

        >>> @app.after_request
        ... def forbid_frames(response: Response) -> Response:
        ...     response.headers["X-Frame-Options"] = "DENY"
        ...     return response
        >>> app.test_client().get("/").headers["X-Frame-Options"]
        'DENY'
        """
        return self._add_hook("after_request_funcs", f)

    @setupmethod
    def teardown_request(self, f: T_teardown) -> T_teardown:
        """Run *f* when a request has ended, with the error that ended it or None. It always runs, exactly once.

        >>> @app.teardown_request
        ... def ended(error: BaseException | None) -> None:
        ...     print("ended with", error)
        >>> with app.test_request_context():
        ...     print("answering")
        answering
        ended with None
        """
        return self._add_hook("teardown_request_funcs", f)

    @setupmethod
    def context_processor(self, f: T_template_context_processor) -> T_template_context_processor:
        """Add the variables in the dict that *f* returns to every template.

        >>> @app.context_processor
        ... def names() -> dict[str, str]:
        ...     return {"shop": "The Corner Shop"}
        >>> with app.app_context():
        ...     render_template_string("Welcome to {{ shop }}!")
        'Welcome to The Corner Shop!'
        """
        return self._add_hook("template_context_processors", f)

    @setupmethod
    def url_value_preprocessor(self, f: T_url_value_preprocessor) -> T_url_value_preprocessor:
        """Run *f* with the endpoint and the view's arguments, which it may change, before any hook."""
        return self._add_hook("url_value_preprocessors", f)

    @setupmethod
    def url_defaults(self, f: T_url_defaults) -> T_url_defaults:
        """Run *f* with the endpoint and the values of each URL that is built; it may add to them."""
        return self._add_hook("url_default_functions", f)

    @setupmethod
    def errorhandler(self, code_or_exception: type[Exception] | int) -> Callable[[T_error_handler], T_error_handler]:
        """Make the decorated function answer a status code, or exceptions of a class.

        >>> @app.errorhandler(404)
        ... def missing(error: Exception) -> tuple[str, int]:
        ...     return "There is no such page.", 404
        >>> app.test_client().get("/nowhere").text
        'There is no such page.'
        """
        self._check_parentheses(code_or_exception, "errorhandler(404)")
        return decorator_calling(lambda f: self.register_error_handler(code_or_exception, f))

    @setupmethod
    def register_error_handler(self, code_or_exception: type[Exception] | int, f: ft.ErrorHandlerCallable) -> None:
        """Have *f* answer a status code or a class of exceptions.

        :raises ValueError: for a code that no HTTP error has, or a class that is not an exception class.
        :raises TypeError: for anything else.
        """
        cls, code = self._get_exc_class_and_code(code_or_exception)
        self.error_handler_spec[None][code][cls] = f

    _get_exc_class_and_code = staticmethod(class_and_code)
