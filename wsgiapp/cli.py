"""The command line: find an app, load its settings, run commands with it.

Layer "cli". Here are the ``wsgiapp`` command with ``run``, ``shell`` and ``routes``, and the click groups to which apps
and blueprints add their own commands. The layer is below ``app`` and cannot import it, so :func:`is_app` recognizes an
app by an attribute of its class. Further commands are entry points; none is imported here.
"""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import os
import platform
import re
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import update_wrapper
from operator import itemgetter
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast

import click
from click.core import ParameterSource
from werkzeug.serving import is_running_from_reloader, run_simple
from werkzeug.utils import import_string

from .config import get_debug_flag, get_load_dotenv
from .ctx import _cv_app
from .debughelpers import did_you_mean
from .devserver import RequestHandler, serve
from .hints import failed_import, misplaced_option, no_app_found
from .lazy_commands import LazyCommand

# The version of Flask whose API and behaviour this package has.
FLASK_API = "3.1.3"

_FILE = click.Path(exists=True, dir_okay=False, resolve_path=True)

Factory = Callable[..., Any]
F = TypeVar("F", bound=Callable[..., Any])


def is_app(value: object) -> bool:
    """Say whether ``value`` is an app: its class (for a proxy, that of its object) has ``_is_wsgiapp_app``."""
    return getattr(value.__class__, "_is_wsgiapp_app", False) is True


class NoAppException(click.UsageError):
    """No app could be found or loaded; the command line prints it without a traceback."""


# --- Finding an app -------------------------------------------------------------------------------------------------


def _call_factory(where: str, factory: Factory, /, *args: Any, **kwargs: Any) -> Any:
    """Call a factory and return its result.

    :param where: the name of the factory, for the error message.
    :raises NoAppException: when it cannot take these arguments.
    """
    try:
        inspect.signature(factory).bind(*args, **kwargs)
    except (TypeError, ValueError) as error:
        hint = "Give its arguments, as in 'create_app(\"dev\")'."
        raise NoAppException(f"The factory '{where}' could not be called this way ({error}). {hint}") from None
    return factory(*args, **kwargs)


def find_best_app(module: ModuleType) -> Any:
    """Return the app of a module.

    That is ``app`` or ``application``; otherwise the only app in it; otherwise what ``create_app`` or ``make_app``
    returns when it is called without arguments.

    :raises NoAppException: when there is none, or several under other names.
    """
    where = module.__name__
    for name in ("app", "application"):
        if is_app(candidate := getattr(module, name, None)):
            return candidate
    apps = {name: value for name, value in vars(module).items() if is_app(value)}
    if len(apps) == 1:
        return next(iter(apps.values()))
    if apps:
        names = "|".join(apps)
        raise NoAppException(f"Detected multiple Flask applications in module '{where}'. Use one of '{where}:{names}'.")
    hint = f" Name it: '{where}:name'."
    for name in ("create_app", "make_app"):
        if inspect.isfunction(factory := getattr(module, name, None)):
            if is_app(app := _call_factory(f"{where}:{name}", factory)):
                return app
            _refuse_flask(f"{where}:{name}", app)
            hint = f" Its {name}() returned {type(app).__name__}: does it end with 'return app'?"
    for name, value in vars(module).items():
        _refuse_flask(f"{where}:{name}", value)
    raise NoAppException(f"Failed to find Flask application or factory in module '{where}'.{hint}")


def _refuse_flask(where: str, value: object) -> None:
    """Refuse an app of Flask itself, which may be installed too.

    :raises NoAppException: when *value* is one; the message says how to start it.
    """
    if any((cls.__module__, cls.__qualname__) == ("flask.app", "Flask") for cls in type(value).__mro__):
        reason = f"'{where}' is an app of Flask itself: its module imports the Flask that is installed here"
        alias = f"start it where 'import flask' means wsgiapp: python -m wsgiapp.as_flask --app {where!r} ..."
        raise NoAppException(f"{reason}. Have the module import App from wsgiapp, or {alias}")


def _parse_reference(reference: str) -> tuple[str, list[Any], dict[str, Any]]:
    """Parse ``name`` or ``name(...)`` into the name, the arguments and the keyword arguments.

    :raises NoAppException: for any other text. Arguments must be literals, so that no code runs.
    """
    with suppress(SyntaxError, TypeError, ValueError):
        match ast.parse(reference.strip(), mode="eval").body:
            case ast.Name(id=name):
                return name, [], {}
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
                named = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in keywords}
                return name, [ast.literal_eval(arg) for arg in args], named
    hint = "Give a name, or a call with literal values, such as 'create_app(\"dev\")'."
    raise NoAppException(f"Failed to parse {reference!r} as an attribute name or function call. {hint}")


def find_app_by_string(module: ModuleType, app_name: str) -> Any:
    """Return the app that a module has under a name, or that a factory in it returns.

    :param app_name: such as ``app``, ``create_app`` or ``create_app("dev", debug=True)``.
    :raises NoAppException: when there is no such name, or it gives no app.
    """
    name, args, kwargs = _parse_reference(app_name)
    where = f"{module.__name__}:{app_name}"
    if not hasattr(module, name):
        apps = ", ".join(name for name, value in vars(module).items() if is_app(value))
        hint = did_you_mean(name, dir(module)) or (f" Its apps: {apps}." if apps else "")
        raise NoAppException(f"Failed to find attribute {name!r} in {module.__name__!r}.{hint}")
    app = getattr(module, name)
    if inspect.isfunction(app) or (app_name.rstrip().endswith(")") and not is_app(app)):
        app = _call_factory(where, app, *args, **kwargs)
    if is_app(app):
        return app
    _refuse_flask(where, app)
    kind = type(app).__name__
    raise NoAppException(f"A valid Flask application was not obtained from '{where}', but an object of type {kind}.")


def prepare_import(path: str | os.PathLike[str]) -> str:
    """Return the dotted name of the module at ``path``, and put the folder for its import first in ``sys.path``."""
    location = Path(os.path.realpath(path).removesuffix(".py"))
    if location.name == "__init__":
        location = location.parent
    folder = location.parent
    while (folder / "__init__.py").exists():
        folder = folder.parent
    if sys.path[:1] != [str(folder)]:
        sys.path.insert(0, str(folder))
    return ".".join(location.relative_to(folder).parts)


def locate_app(module_name: str, app_name: str | None, raise_if_not_found: bool = True) -> Any:
    """Import a module and return an app of it.

    :param app_name: see :func:`find_app_by_string`; None for :func:`find_best_app`.
    :param raise_if_not_found: whether a missing module is an error; otherwise the result is None.
    :raises NoAppException: when there is no app, or when an import inside the module fails.
    """
    try:
        __import__(module_name)
    except ImportError as error:
        if not isinstance(error, ModuleNotFoundError) or not f"{module_name}.".startswith(f"{error.name}."):
            shown = f"{traceback.format_exc()}{failed_import(error, module_name)}"
            said = f"While importing {module_name!r}, an ImportError was raised:\n\n{shown}"
            raise NoAppException(said) from None
        if raise_if_not_found:
            hint = did_you_mean(module_name, (path.stem for path in Path(sys.path[0]).glob("*.py")))
            where = f"there is no such module in {sys.path[0]} or elsewhere on the path"
            raise NoAppException(f"Could not import {module_name!r}: {where}.{hint}") from None
        return None
    module = sys.modules[module_name]
    return find_best_app(module) if app_name is None else find_app_by_string(module, app_name)


@dataclass(eq=False)
class ScriptInfo:
    """What commands share: how to find the app, and the app after it was loaded. Commands have it as ``ctx.obj``.

    :ivar app_import_path: ``[PATH or MODULE][:REFERENCE]``.
    :ivar create_app: a function without arguments that returns the app. It goes before ``app_import_path``.
    :ivar data: a dict in which commands can leave values for other commands.
    """

    app_import_path: str | None = None
    create_app: Factory | None = None
    set_debug_flag: bool = True
    load_dotenv_defaults: bool = True
    data: dict[Any, Any] = field(default_factory=dict, init=False)
    _loaded_app: Any = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.load_dotenv_defaults = get_load_dotenv(self.load_dotenv_defaults)

    def load_app(self) -> Any:
        """Return the app, loading it at the first call and setting its debug mode as ``FLASK_DEBUG`` says.

        :raises NoAppException: when there is no app. The app's own code may raise any other error.
        """
        if self._loaded_app is None:
            self._loaded_app = self._find_app() if self.create_app is None else self.create_app()
            if self._loaded_app is None:
                raise NoAppException(no_app_found())
            if self.set_debug_flag:
                self._loaded_app.debug = get_debug_flag()
        return self._loaded_app

    def _find_app(self) -> Any:
        if self.app_import_path:
            # A colon before a slash belongs to a Windows drive.
            path, *reference = re.split(r":(?![\\/])", self.app_import_path, maxsplit=1)
            return locate_app(prepare_import(path), reference[0] if reference else None)
        found = (locate_app(prepare_import(path), None, raise_if_not_found=False) for path in ("wsgi.py", "app.py"))
        return next((app for app in found if app is not None), None)


pass_script_info = click.make_pass_decorator(ScriptInfo, ensure=True)


# --- Groups and their options ---------------------------------------------------------------------------------------


def with_appcontext(f: F) -> F:
    """Decorate a command's function so that an app is current when it runs; the app is loaded if none is current."""

    @click.pass_context
    def run_with_app(ctx: click.Context, /, *args: Any, **kwargs: Any) -> Any:
        if _cv_app.get(None) is None:
            ctx.with_resource(ctx.ensure_object(ScriptInfo).load_app().app_context())
        return ctx.invoke(f, *args, **kwargs)

    return cast(F, update_wrapper(run_with_app, f))


class AppGroup(click.Group):
    """A group whose commands run with an app current, as do those of its subgroups."""

    def command(self, *args: Any, **kwargs: Any) -> Callable[[Callable[..., Any]], click.Command]:  # type: ignore[override]  # click splits this in overloads
        """Make the decorated function a command; with ``with_appcontext=False`` no app is current when it runs.

        Without arguments the parentheses may be left out: ``@app.cli.command``.
        """
        if args and callable(args[0]):
            decorated: Any = self.command(*args[1:], **kwargs)(args[0])
            return cast(Callable[[Callable[..., Any]], click.Command], decorated)
        wrap = with_appcontext if kwargs.pop("with_appcontext", True) else None
        register = super().command(*args, **kwargs)
        return lambda f: register(wrap(f) if wrap else f)


# click makes subgroups of this class.
AppGroup.group_class = AppGroup


def get_version(ctx: click.Context, param: click.Parameter, value: Any) -> None:  # noqa: ARG001 - click's signature
    """Print the versions of Python, this package and Werkzeug, and exit; the callback of ``--version``."""
    if not value or ctx.resilient_parsing:
        return
    own = next((found.version for found in importlib.metadata.distributions(name="wsgiapp")), "(not installed)")
    werkzeug = importlib.metadata.version("werkzeug")
    click.echo(f"Python {platform.python_version()}\nwsgiapp {own}, the API of Flask {FLASK_API}\nWerkzeug {werkzeug}")
    ctx.exit()


def _set_app(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.ensure_object(ScriptInfo).app_import_path = value


def _set_debug(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Pass the option on in the environment, where the app may read it during its import, and the reloader's child."""
    if ctx.get_parameter_source(str(param.name)) not in (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP):
        os.environ["FLASK_DEBUG"] = str(int(value))


def _read_env_files(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None and import_string("dotenv", silent=True) is None:
        raise click.BadParameter("This file cannot be read: python-dotenv must be installed for it.", ctx, param)
    load_dotenv(value, load_defaults=ctx.ensure_object(ScriptInfo).load_dotenv_defaults)


_early: dict[str, Any] = {"is_eager": True, "expose_value": False}
version_option = click.Option(["--version"], is_flag=True, callback=get_version, help="Show the versions.", **_early)
_app_option = click.Option(
    ["-A", "--app"], metavar="IMPORT", callback=_set_app, **_early,
    help="The app: [PATH or MODULE][:NAME or :FACTORY(ARGUMENTS)]; by default what 'wsgi.py' or 'app.py' holds.",
)  # fmt: skip
_env_file_option = click.Option(
    ["-e", "--env-file"], type=_FILE, callback=_read_env_files, **_early,
    help="A file of environment variables; it goes before '.env' and '.flaskenv'. Needs python-dotenv.",
)  # fmt: skip
_debug_option = click.Option(["--debug/--no-debug"], callback=_set_debug, expose_value=False, help="Set debug mode.")


def _report(error: Exception) -> None:
    """Print why the app can't be loaded: the message of a NoAppException, or the traceback of another error."""
    reason = f"Error: {error}" if isinstance(error, NoAppException) else traceback.format_exc()
    click.secho(f"{reason}\n", err=True, fg="red")


# A key in a context's ``meta``: the app could not be loaded, and is not to be loaded again.
_NO_APP = "wsgiapp.no_app"


class FlaskGroup(AppGroup):
    """The main group of a command line: it finds the app, and has the app's commands besides the built-in ones.

    :param add_default_commands: whether to add ``run``, ``shell`` and ``routes``.
    :param create_app: returns the app, in place of ``--app``.
    :param add_version_option: whether to add ``--version``.
    :param load_dotenv: whether to read ``.env`` and ``.flaskenv``.
    :param set_debug_flag: whether to set ``app.debug`` as ``FLASK_DEBUG`` says.
    :param extra: the arguments of ``click.Group``.
    """

    def __init__(
        self, add_default_commands: bool = True, create_app: Factory | None = None, add_version_option: bool = True,
        load_dotenv: bool = True, set_debug_flag: bool = True, **extra: Any,
    ) -> None:  # fmt: skip
        options = [_env_file_option, _app_option, _debug_option, *([version_option] if add_version_option else [])]
        extra["params"] = [*(extra.get("params") or ()), *options]
        extra["context_settings"] = {"auto_envvar_prefix": "FLASK", **(extra.get("context_settings") or {})}
        super().__init__(**extra)
        self.create_app = create_app
        self.load_dotenv = load_dotenv
        self.set_debug_flag = set_debug_flag
        for command in (run_command, shell_command, routes_command) if add_default_commands else ():
            self.add_command(command)
        self._loaded_plugin_commands = False
        self._own_commands: dict[str, click.Command] = {}

    def _load_plugin_commands(self) -> None:
        if not self._loaded_plugin_commands:
            for entry_point in importlib.metadata.entry_points(group="flask.commands"):
                self.add_command(entry_point.load(), entry_point.name)
            own = importlib.metadata.entry_points(group="wsgiapp.commands")
            self._own_commands = {entry_point.name: LazyCommand(entry_point) for entry_point in own}
        self._loaded_plugin_commands = True

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return the command of that name: a built-in or installed one, otherwise one of the app, which is loaded for
        this, otherwise one of this package's entry points."""
        self._load_plugin_commands()
        if command := super().get_command(ctx, name):
            return command
        own = self._own_commands.get(name)
        if own is not None and _NO_APP in ctx.meta:
            return own
        try:
            app = ctx.ensure_object(ScriptInfo).load_app()
        except Exception as error:
            # An own command may not need the app; if it does, it reports the error itself.
            if own is None and not isinstance(error, NoAppException):
                raise
            if own is None:
                _report(error)
            return own
        if own is not None and name not in app.cli.list_commands(ctx):
            return own
        # Pushed before the command is parsed, because callbacks of its parameters may use the app.
        if getattr(_cv_app.get(None), "app", None) is not app:
            ctx.with_resource(app.app_context())
        return cast(AppGroup, app.cli).get_command(ctx, name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands. If the app can't be loaded, the error is printed."""
        self._load_plugin_commands()
        names = {*super().list_commands(ctx), *self._own_commands}
        try:
            names.update(ctx.ensure_object(ScriptInfo).load_app().cli.list_commands(ctx))
        except Exception as error:  # the help must be shown, whatever is wrong with the app
            ctx.meta[_NO_APP] = True
            _report(error)
        return sorted(names)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context for calling a command, with a ``ScriptInfo`` as its object."""
        # Tells App.run() that a command is running the server.
        os.environ["FLASK_RUN_FROM_CLI"] = "true"
        if "obj" not in {**self.context_settings, **extra}:
            extra["obj"] = ScriptInfo(None, self.create_app, self.set_debug_flag, self.load_dotenv)
        return super().make_context(info_name, args, parent=parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments. Before help is printed, ``--app`` is read from the environment too."""
        wants_help = len(args) == 1 and args[0] in self.get_help_option_names(ctx)
        if wants_help or (not args and self.no_args_is_help):
            for option in (_env_file_option, _app_option):
                option.handle_parse_result(ctx, {}, [])
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command. Where an option of this group was given to it, the error says where the option goes."""
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            raise misplaced_option(error, ctx, (_env_file_option, _app_option)) from None


# --- Environment files ----------------------------------------------------------------------------------------------


def load_dotenv(path: str | os.PathLike[str] | None = None, load_defaults: bool = True) -> bool:
    """Set environment variables from files; variables that are set already do not change.

    Without python-dotenv nothing is loaded, and a hint is printed if there are files.

    :param path: a file whose values go before those of ``.env``, which go before those of ``.flaskenv``.
    :param load_defaults: whether to search for these two in the current folder and its parents.
    :return: whether any value was found.
    """
    defaults = (".flaskenv", ".env") if load_defaults else ()
    dotenv = import_string("dotenv", silent=True)
    if dotenv is None:
        if path or any(Path(name).is_file() for name in defaults):
            tip = " * A .env or .flaskenv file lies here and is not read. Install python-dotenv to have it read."
            click.secho(tip, fg="yellow", err=True)
        return False
    values: dict[str, str | None] = {}
    for file in (*(dotenv.find_dotenv(name, usecwd=True) for name in defaults), path or ""):
        values.update(dotenv.dotenv_values(file, encoding="utf-8"))  # empty when there is no such file
    for name, value in values.items():
        if value is not None:
            os.environ.setdefault(name, value)
    return bool(values)


# --- Commands -------------------------------------------------------------------------------------------------------


def show_server_banner(debug: bool | None, app_import_path: str | None) -> None:
    """Print which app is served and whether it debugs, in the first process only."""
    first = not is_running_from_reloader()
    if first and app_import_path is not None:
        click.echo(f" * Serving app '{app_import_path}'")
    if first and debug is not None:
        click.echo(f" * Debug mode: {'on' if debug else 'off'}")


class CertParamType(click.Path):
    """The option ``--cert``: a file, ``adhoc``, or the import name of an ``ssl.SSLContext``."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path of a file, ``"adhoc"`` or an ``ssl.SSLContext``.

        :raises click.BadParameter: for anything else, or when a needed library is missing.
        """
        ssl = import_string("ssl", silent=True)
        if ssl is None:
            raise click.BadParameter('"--cert" cannot be used: this Python has no SSL support.', ctx, param)
        try:
            return _FILE(value, param, ctx)
        except click.BadParameter:
            found = "adhoc" if value.lower() == "adhoc" else import_string(value, silent=True)
            if found != "adhoc" and not isinstance(found, ssl.SSLContext):
                raise
        if found == "adhoc" and import_string("cryptography", silent=True) is None:
            raise click.BadParameter("'adhoc' needs the cryptography library, which is not installed.", ctx, param)
        return found


def _validate_key(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Check that ``--key`` is given if and only if ``--cert`` is a file, and join the two into one value."""
    cert = ctx.params.get("cert")
    is_file = isinstance(cert, str) and cert != "adhoc"
    if is_file != (value is not None):
        problem = 'Required when using "--cert".' if is_file else 'A file as "--cert" must also be specified.'
        raise click.BadParameter(problem, ctx, param)
    if is_file:
        ctx.params["cert"] = cert, value


class SeparatedPathType(click.Path):
    """Several paths in one value, separated as in ``PATH``: by ``:``, on Windows by ``;``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the list of paths."""
        convert_one = super().convert
        return [convert_one(path, param, ctx) for path in self.split_envvar_value(value)]


def _load_or_fail_later(info: ScriptInfo) -> Any:
    """Return the app. If it can't be loaded after a reload, return an app that raises the error for each request: the
    reloader goes on, and the browser shows the error until the file is corrected."""
    try:
        return info.load_app()
    except Exception as error:
        if not is_running_from_reloader():
            raise
        traceback.print_exc()
        failure = error

    def failed_app(*_environ_and_start_response: Any) -> Iterable[bytes]:
        raise failure from None

    return failed_app


@click.command("run", short_help="Serve the app while developing.", params=[_debug_option])
@click.option("--host", "-h", default="127.0.0.1", help="The address to listen on.")
@click.option("--port", "-p", default=5000, type=click.IntRange(0, 65_535), help="The port to listen on.")
@click.option("--cert", type=CertParamType(), is_eager=True, help="Serve https: a file, 'adhoc', or an SSLContext.")
@click.option("--key", type=_FILE, callback=_validate_key, expose_value=False, help="The key of the --cert file.")
@click.option("--reload/--no-reload", default=None, help="Restart when a file changes; by default when debugging.")
@click.option("--debugger/--no-debugger", default=None, help="Debug in the browser; by default when debugging.")
@click.option("--with-threads/--without-threads", default=True, help="Answer several requests at once.")
@click.option("--extra-files", type=SeparatedPathType(), help=f"More files to watch, split by {os.pathsep!r}.")
@click.option("--xray", is_flag=True, help="Show each request from inside, at /_xray (with --debug).")
@click.option("--exclude-patterns", type=SeparatedPathType(), help="Patterns of files not to watch, split likewise.")
@pass_script_info
def run_command(
    info: ScriptInfo, /, host: str, port: int, cert: Any, reload: bool | None, debugger: bool | None, **options: Any
) -> None:
    """Serve the app with Werkzeug's server.

    That server is for development only: it is neither made nor checked for security or speed.
    """
    if options.pop("xray"):
        import_string("wsgiapp.xray:watch_all")()  # by name: it is a layer above, and is loaded only for --xray
    app = _load_or_fail_later(info)
    debug = get_debug_flag()
    show_server_banner(debug, info.app_import_path)
    reload = debug if reload is None else reload
    debugger = debug if debugger is None else debugger
    options |= {"threaded": options.pop("with_threads"), "ssl_context": cert, "request_handler": RequestHandler}
    serve(run_simple, host.strip("[]"), port, app, reload, debugger, **options)


@click.command("shell", short_help="Open a Python prompt with the app.")
@with_appcontext
def shell_command() -> None:
    """Open a Python prompt in which the app is current and the names of its shell context are defined."""
    import code  # only this command needs it

    app = _cv_app.get().app
    names: dict[str, Any] = {}
    startup = Path(os.environ.get("PYTHONSTARTUP") or os.devnull)
    if startup.is_file():
        exec(compile(startup.read_bytes(), startup, "exec"), names)  # noqa: S102 - as Python's own prompt does
    names.update(app.make_shell_context())
    # Like Python's own prompt: complete these names, load the history, bind the Tab key.
    if readline := import_string("readline", silent=True):
        readline.set_completer(import_string("rlcompleter:Completer")(names).complete)
    getattr(sys, "__interactivehook__", lambda: None)()
    banner = f"Python {sys.version} on {sys.platform}\nApp: {app.import_name}\nInstance: {app.instance_path}"
    code.interact(banner=banner, local=names)


_ORDERS = click.Choice(("endpoint", "methods", "domain", "rule", "match"))


@click.command("routes", short_help="Show the app's routes.")
@click.option("--sort", "-s", type=_ORDERS, default="endpoint", help="The order; 'match' is that of matching.")
@click.option("--all-methods", is_flag=True, help="Show HEAD and OPTIONS too.")
@with_appcontext
def routes_command(sort: str, all_methods: bool) -> None:
    """Show every route with its endpoint, methods, host or subdomain, and rule."""
    url_map = _cv_app.get().app.url_map
    hidden = set() if all_methods else {"HEAD", "OPTIONS"}
    domain = "host" if url_map.host_matching else "subdomain"
    names = ["endpoint", "methods", domain, "rule"]
    rows = [
        [rule.endpoint, ", ".join(sorted({*(rule.methods or ())} - hidden)), getattr(rule, domain) or "", rule.rule]
        for rule in url_map.iter_rules()
    ]
    if not rows:
        click.echo("No routes were registered.")
        return
    if sort != "match":
        rows.sort(key=itemgetter(names.index(domain if sort == "domain" else sort)))
    padded = []
    for name, *cells in zip(names, *rows, strict=True):
        width = max(map(len, (name, *cells)))
        if name != domain or any(cells):
            padded.append([cell.ljust(width) for cell in (name.capitalize(), "-" * width, *cells)])
    for row in zip(*padded, strict=True):
        click.echo("  ".join(row))


_HELP = "Run commands for an app.\n\nName it by --app or by FLASK_APP; otherwise 'wsgi.py' or 'app.py' must hold it."
cli = FlaskGroup(name="wsgiapp", help=_HELP)


def main() -> None:
    """Run the command line; the entry point of the console script."""
    cli.main()
