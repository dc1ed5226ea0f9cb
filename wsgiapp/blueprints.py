"""Blueprints: a part of an app, recorded now and registered later, under a prefix, a name, or several times.

A blueprint keeps each decorated view or handler as a function that will set an app up. Registering runs these functions
with a :class:`BlueprintSetupState`, and adds the blueprint's hooks and handlers to the app's registries under its
dotted name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Generic, cast

from . import scaffold
from . import typing as ft
from .ctx import _sentinel
from .scaffold import F, Folder, Scaffold, T_error_handler, decorator_calling, naming_decorator, setupmethod

DeferredSetupFunction = Callable[["BlueprintSetupState"], None]


class BlueprintSetupState(Generic[ft.AppType]):
    """One registration of one blueprint on one app, handed to each recorded function.

    :param blueprint: the blueprint that is registered.
    :param app: the app it is registered on.
    :param options: the keyword arguments of ``register_blueprint``.
    :param first_registration: whether it is the blueprint's first on this app.
    """

    def __init__(self, blueprint: Blueprint, app: ft.AppType, options: Any, first_registration: bool) -> None:
        self.app: ft.AppType = app
        self.blueprint = blueprint
        self.options: dict[str, Any] = options
        self.first_registration = first_registration
        subdomain, url_prefix = options.get("subdomain"), options.get("url_prefix")
        self.subdomain: str | None = blueprint.subdomain if subdomain is None else subdomain
        self.url_prefix: str | None = blueprint.url_prefix if url_prefix is None else url_prefix
        self.name: str = options.get("name", blueprint.name)
        self.name_prefix: str = options.get("name_prefix", "")
        self.url_defaults: dict[str, Any] = {**blueprint.url_values_defaults, **options.get("url_defaults", {})}

    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: ft.RouteCallable | None = None, **options: Any
    ) -> None:
        """Add a rule to the app, under the blueprint's prefix, subdomain, defaults and name."""
        if self.url_prefix is not None:
            rule = f"{self.url_prefix.rstrip('/')}/{rule.lstrip('/')}" if rule else self.url_prefix
        options.setdefault("subdomain", self.subdomain)
        own_name = scaffold._endpoint_from_view_func(view_func) if endpoint is None else endpoint
        defaults = {**self.url_defaults, **(options.pop("defaults", None) or {})}
        name = f"{self.name_prefix}.{self.name}.{own_name}".lstrip(".")
        self.app.add_url_rule(rule, name, view_func, defaults=defaults, **options)


def _for_app(hook: F, name: str) -> F:
    """Make the blueprint's method *name*: it registers a function on the app by *hook*, once for each app."""

    def record(self: Blueprint, f: F) -> F:
        self.record_once(lambda state: hook(state.app, f))
        return f

    update_wrapper(record, hook)
    record.__name__, record.__qualname__ = name, f"Blueprint.{name}"
    record.__doc__ = f"Like :meth:`{hook.__name__}`, but for the whole app."
    return cast(F, setupmethod(record))


class Blueprint(Scaffold):
    """A part of an app that can be registered on one: views, hooks, templates and static files under a name.

    >>> shop = Blueprint("shop", __name__, url_prefix="/shop")
    >>> @shop.get("/cart")
    ... def cart() -> str:
    ...     return f"This is {url_for('shop.cart')}."
    >>> app.register_blueprint(shop)
    >>> app.test_client().get("/shop/cart").text
    'This is /shop/cart.'

    :param name: prefixes the endpoints; no dots.
    :param import_name: the module it is written in, usually ``__name__``.
    :param static_folder: a folder of static files; served only where the blueprint has a prefix or a URL for them.
    :param static_url_path: the URL of the static files below the prefix.
    :param template_folder: a folder of templates, searched after the app's.
    :param url_prefix: put before every rule.
    :param subdomain: the subdomain of every rule.
    :param url_defaults: view arguments that every rule gets.
    :param root_path: the folder that other paths are relative to.
    :param cli_group: the name of the group that its commands form; None merges them into the app's.
    """

    _got_registered_once = False
    _variable = "bp"

    def __init__(
        self, name: str, import_name: str, static_folder: Folder | None = None, static_url_path: str | None = None,
        template_folder: Folder | None = None, url_prefix: str | None = None, subdomain: str | None = None,
        url_defaults: dict[str, Any] | None = None, root_path: str | None = None, cli_group: str | None = _sentinel,
    ) -> None:  # fmt: skip
        super().__init__(import_name, static_folder, static_url_path, template_folder, root_path)
        if not name:
            raise ValueError("A blueprint's 'name' may not be empty.")
        if "." in name:
            raise ValueError(f"'name' may not contain a dot '.' character: in {name!r} it would mean nesting.")
        self.name = name
        self.url_prefix = url_prefix
        self.subdomain = subdomain
        self.deferred_functions: list[DeferredSetupFunction] = []
        self.url_values_defaults: dict[str, Any] = url_defaults or {}
        self.cli_group = cli_group
        self._blueprints: list[tuple[Blueprint, dict[str, Any]]] = []

    def _check_setup_finished(self, f_name: str) -> None:
        if self._got_registered_once:
            hint = "Call it before register_blueprint; if it is in another module, import that module first."
            late = f"It is too late for the setup method '{f_name}': it can no longer be called on the blueprint"
            raise AssertionError(f"{late} '{self.name}', which is registered: the app would not see the change. {hint}")

    # -- recording ------------------------------------------------------------------------------------------------

    @setupmethod
    def record(self, func: DeferredSetupFunction) -> None:
        """Call *func* with the state at every registration."""
        self.deferred_functions.append(func)

    @setupmethod
    def record_once(self, func: DeferredSetupFunction) -> None:
        """Call *func* with the state at the first registration on an app."""
        self.record(lambda state: func(state) if state.first_registration else None)

    def make_setup_state(
        self, app: Any, options: dict[str, Any], first_registration: bool = False
    ) -> BlueprintSetupState:
        """Return the state that recorded functions get. Override it to return one of a class of your own."""
        return BlueprintSetupState(self, app, options, first_registration)

    @setupmethod
    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Nest *blueprint* in this one; it is registered with it, and its options apply below this one's.

        :raises ValueError: when it is this very blueprint.
        """
        if blueprint is self:
            raise ValueError(f"Cannot register a blueprint on itself: {self.name!r}.")
        self._blueprints.append((blueprint, options))

    @setupmethod
    def add_url_rule(
        self, rule: str, endpoint: str | None = None, view_func: ft.RouteCallable | None = None,
        provide_automatic_options: bool | None = None, **options: Any,
    ) -> None:  # fmt: skip
        """Record a URL rule; see :meth:`wsgiapp.App.add_url_rule`. The endpoint gets the blueprint's name in front."""
        for what, name in (("'endpoint'", endpoint), ("'view_func' name", getattr(view_func, "__name__", None))):
            if name and "." in name:
                raise ValueError(f"{what} may not contain a dot '.' character: in {name!r} it would mean a blueprint.")
        options["provide_automatic_options"] = provide_automatic_options
        self.record(lambda state: state.add_url_rule(rule, endpoint, view_func, **options))

    # -- being registered -----------------------------------------------------------------------------------------

    def register(self, app: Any, options: dict[str, Any]) -> None:
        """Set *app* up with what was recorded; called by ``register_blueprint``.

        :param options: its keyword arguments.
        :raises ValueError: when the name is taken on this app.
        """
        name = f"{options.get('name_prefix', '')}.{options.get('name', self.name)}".lstrip(".")
        taken = app.blueprints.get(name)
        if taken is not None:
            holder = "this blueprint" if taken is self else f"another blueprint ({taken!r} of {taken.import_name})"
            hint = "Give 'name=' to register_blueprint to register it under another one."
            raise ValueError(f"The name {name!r} is already registered for {holder}. {hint}")
        first = self not in app.blueprints.values()
        app.blueprints[name] = self
        self._got_registered_once = True
        state = self.make_setup_state(app, options, first)
        if self.has_static_folder:
            state.add_url_rule(f"{self.static_url_path}/<path:filename>", "static", self.send_static_file)
        self._merge_blueprint_funcs(app, name)
        for deferred in self.deferred_functions:
            deferred(state)
        if "cli" in vars(self):  # otherwise it was never used, and need not be made
            self._register_commands(app, name, options)
        for child, child_options in self._blueprints:
            child.register(app, _nested_options(state, child, child_options, name))

    def _register_commands(self, app: Any, name: str, options: dict[str, Any]) -> None:
        group = options.get("cli_group", self.cli_group)
        if group is None:
            app.cli.commands.update(self.cli.commands)
        elif self.cli.commands:
            self.cli.name = name if group is _sentinel else group
            app.cli.add_command(self.cli)

    def _merge_blueprint_funcs(self, app: Any, name: str) -> None:
        def under(key: ft.AppOrBlueprintKey) -> str:
            return name if key is None else f"{name}.{key}"

        for registry in (
            "before_request_funcs", "after_request_funcs", "teardown_request_funcs", "url_default_functions",
            "url_value_preprocessors", "template_context_processors",
        ):  # fmt: skip
            for key, functions in getattr(self, registry).items():
                getattr(app, registry)[under(key)].extend(functions)
        for key, by_code in self.error_handler_spec.items():
            spec = app.error_handler_spec[under(key)]
            for code, handlers in by_code.items():
                spec[code].update(handlers)
        app.view_functions.update(self.view_functions)

    # -- for the whole app ------------------------------------------------------------------------------------------

    before_app_request = _for_app(Scaffold.before_request, "before_app_request")
    after_app_request = _for_app(Scaffold.after_request, "after_app_request")
    teardown_app_request = _for_app(Scaffold.teardown_request, "teardown_app_request")
    app_context_processor = _for_app(Scaffold.context_processor, "app_context_processor")
    app_url_value_preprocessor = _for_app(Scaffold.url_value_preprocessor, "app_url_value_preprocessor")
    app_url_defaults = _for_app(Scaffold.url_defaults, "app_url_defaults")

    @setupmethod
    def app_errorhandler(self, code: type[Exception] | int) -> Callable[[T_error_handler], T_error_handler]:
        """Make the decorated function answer an error in any request of the app; see :meth:`errorhandler`."""
        self._check_parentheses(code, "app_errorhandler(404)")
        return decorator_calling(lambda f: self.record_once(lambda state: state.app.register_error_handler(code, f)))

    @scaffold.naming_method
    def app_template_filter(self, name: Any = None) -> Any:
        """Make the decorated function a filter of the app's templates, by *name* or its own."""
        return naming_decorator(self.add_app_template_filter, name)

    @setupmethod
    def add_app_template_filter(self, f: ft.TemplateFilterCallable, name: str | None = None) -> None:
        """Make *f* a filter of the app's templates, by *name* or its own."""
        self.record_once(lambda state: state.app.add_template_filter(f, name))

    @scaffold.naming_test_method
    def app_template_test(self, name: Any = None) -> Any:
        """Make the decorated function a test of the app's templates, by *name* or its own."""
        return naming_decorator(self.add_app_template_test, name)

    @setupmethod
    def add_app_template_test(self, f: ft.TemplateTestCallable, name: str | None = None) -> None:
        """Make *f* a test of the app's templates, by *name* or its own."""
        self.record_once(lambda state: state.app.add_template_test(f, name))

    @scaffold.naming_method
    def app_template_global(self, name: Any = None) -> Any:
        """Make the decorated function a global of the app's templates, by *name* or its own."""
        return naming_decorator(self.add_app_template_global, name)

    @setupmethod
    def add_app_template_global(self, f: ft.TemplateGlobalCallable, name: str | None = None) -> None:
        """Make *f* a global of the app's templates, by *name* or its own."""
        self.record_once(lambda state: state.app.add_template_global(f, name))


def _nested_options(state: BlueprintSetupState, child: Blueprint, options: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the options of a nested blueprint, joined with its parent's prefix, subdomain and name."""
    own = BlueprintSetupState(child, state.app, options, first_registration=False)
    prefix, subdomain = own.url_prefix, own.subdomain
    if state.url_prefix is not None:
        prefix = state.url_prefix if prefix is None else f"{state.url_prefix.rstrip('/')}/{prefix.lstrip('/')}"
    if state.subdomain is not None:
        subdomain = state.subdomain if subdomain is None else f"{subdomain}.{state.subdomain}"
    return {**options, "url_prefix": prefix, "subdomain": subdomain, "name_prefix": name}
