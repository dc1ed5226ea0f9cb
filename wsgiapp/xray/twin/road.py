"""The road of one request: what routing makes of it, which functions run in which order, and who answers errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, MapAdapter, RequestRedirect, RoutingException, Rule

from wsgiapp import errors
from wsgiapp.dispatch import scopes_of
from wsgiapp.scaffold import Scaffold
from wsgiapp.templating import _default_template_ctx_processor
from wsgiapp.xray.locations import name_of

from .gather import Gathering
from .texts import TwinError, literal, quoted

_MAP = ("default_subdomain", "strict_slashes", "merge_slashes", "redirect_defaults", "host_matching", "sort_parameters")
_RULE = ("defaults", "subdomain", "host", "strict_slashes", "merge_slashes", "redirect_to", "alias", "websocket")
_FILES = ("wsgiapp.app", "wsgiapp.scaffold")


class Route:
    """What routing makes of a request.

    :param app: the app.
    :param environ: the request's.
    :raises TwinError: when the host is refused.
    """

    def __init__(self, app: Any, environ: dict[str, Any]) -> None:
        self.app = app
        self.environ = environ
        self.rule: Any = None
        self.values: dict[str, Any] = {}
        self.refused: Any = None
        try:
            self.adapter: MapAdapter = app.create_url_adapter(app.request_class(environ))
        except HTTPException as error:
            raise TwinError(f"The host {environ['HTTP_HOST']!r} is refused: {error.description}", "",
                            "Ask for another host.") from None  # fmt: skip
        try:
            self.rule, self.values = self.adapter.match(return_rule=True)
        except HTTPException as error:
            self.refused = error
        except Exception as error:  # a converter of the app's own may do anything
            raise TwinError(f"Routing failed: {error!r}", "", "Ask for another path.") from error
        self.endpoint: str | None = self.rule.endpoint if self.rule is not None else None
        self.scopes = scopes_of(self.endpoint)
        self.blueprint = self.scopes[0]
        #: The methods that the path allows, in the order in which this process lists them.
        self.allowed: list[str] = [*self.adapter.allowed_methods()]

    @property
    def is_automatic(self) -> bool:
        """Whether OPTIONS is answered without a view."""
        asked = self.environ["REQUEST_METHOD"] == "OPTIONS"
        return asked and bool(getattr(self.rule, "provide_automatic_options", False))

    @property
    def static_folder(self) -> str | None:
        """The folder of static files that the answer comes from; None for another answer."""
        view = self.app.view_functions.get(self.endpoint)
        function = getattr(view, "__func__", view)
        owner = getattr(view, "__self__", self.app)
        ages = getattr(type(owner), "get_send_file_max_age", None) is Scaffold.get_send_file_max_age
        if self.is_automatic or not ages or getattr(function, "__module__", "") not in _FILES:
            return None
        folder: str | None = owner.static_folder
        return folder

    @property
    def binding(self) -> dict[str, str]:
        """The arguments that bind the map to the request, beyond its environ."""
        name = self.app.config["SERVER_NAME"]
        if name is None or self.app.url_map.host_matching:
            return {}
        return {"server_name": name, "subdomain": self.adapter.subdomain or ""}

    def rules(self) -> list[Rule]:
        """The fewest rules, of those worth trying, by which the request has the same outcome."""
        listed = [*self.app.url_map.iter_rules()]
        wanted = _outcome(self.adapter)
        options = {name: getattr(self.app.url_map, name) for name in _MAP}
        for rules in self._candidates(listed):
            trial = Map([rule.empty() for rule in rules], converters=self.app.url_map.converters, **options)
            if _outcome(trial.bind_to_environ(self.environ, **self.binding)) == wanted:
                return rules
        return listed

    def _candidates(self, listed: list[Rule]) -> Iterator[list[Rule]]:
        if self.rule is not None and not self.is_automatic:
            yield [self.rule]
        yield []
        yield [rule for rule in listed if any(self._takes(rule, method) for method in rule.methods or ())]
        if isinstance(self.refused, RequestRedirect):
            yield from ([rule] for rule in listed)

    def _takes(self, rule: Rule, method: str) -> bool:
        try:
            return self.adapter.match(method=method, return_rule=True)[0] is rule
        except HTTPException:
            return False


class Road:
    """What runs for a request, gathered with all that it uses. Hooks are listed in the order in which they run.

    :ivar view: the view's name; empty where none of the app's answers.
    :ivar handlers: error handlers by scope, as the items of dictionaries.
    :ivar left_out: why some are not there.
    :ivar processed: what context processors give to templates, as items of a dictionary.
    :ivar url_defaults: statements that call the url_defaults functions.
    """

    def __init__(self, route: Route, gathering: Gathering) -> None:
        self.route = route
        self.gathering = gathering
        self.app = app = route.app
        scopes = route.scopes
        self.preprocessors = self._hooks("before", app.url_value_preprocessors, scopes[::-1])
        self.before = self._hooks("before", app.before_request_funcs, scopes[::-1])
        self.view = ""
        if route.rule is not None and not route.is_automatic and route.static_folder is None:
            wanted = str(route.endpoint).rpartition(".")[2]
            self.view = gathering.define(app.view_functions[route.endpoint], "view", wanted)
        self.after = self._hooks("after", app.after_request_funcs, scopes, -1)
        self.teardown = self._hooks("teardown", app.teardown_request_funcs, scopes, -1)
        self.teardown += self._hooks("teardown", {None: app.teardown_appcontext_funcs}, (None,), -1)
        self.processed = self._process()
        self.left_out: list[str] = []
        self.handlers = [*self._find_handlers()]
        self.url_defaults = [*self._find_url_defaults()] if "url_for" in gathering.parts else []

    def _hooks(self, layer: str, registry: Any, scopes: Iterable[str | None], step: int = 1) -> list[str]:
        return [self.gathering.define(one, layer) for scope in scopes for one in registry.get(scope, [])[::step]]

    def _find_handlers(self) -> Iterator[str]:
        spec, refused = self.app.error_handler_spec, self.route.refused
        if isinstance(refused, RoutingException) and not self.before:
            return
        # Where routing refuses the request and nothing else runs, one handler at most is asked.
        certain = refused is not None and not self.before
        answering = errors.find_handler(spec, refused, []) if refused is not None and certain else None
        for scope in self.route.scopes:
            listed = ((code, kind, one) for code, kinds in spec.get(scope, {}).items() for kind, one in kinds.items())
            items = [item for code, kind, handler in listed if not certain or handler is answering
                     for item in self._item(code, kind, handler, certain)]  # fmt: skip
            if items:
                yield ", ".join(items)

    def _item(self, code: int | None, kind: Any, handler: Any, certain: bool) -> Iterator[str]:
        def take() -> str:
            item = f"({code}, {self.gathering.value(kind, kind.__name__)}): {self.gathering.define(handler, 'errors')}"
            self.processed = self._process()
            return item

        item = self.gathering.attempt(take)
        if isinstance(item, str):
            yield item
        elif certain:
            raise item
        else:  # better no answer than another one
            why = f"The error handler {name_of(handler)} is left out: {item}"
            self.left_out.append(why)
            yield f"({code}, {self.gathering.value(kind, kind.__name__)}): lambda error: sys.exit({quoted(why)})"

    def _process(self) -> str:
        found = [one for scope in self.route.scopes[::-1] for one in self.app.template_context_processors.get(scope, ())
                 if one is not _default_template_ctx_processor and self.gathering.templates]  # fmt: skip
        return "".join(f"**{self.gathering.define(one, wanted='processor')}(), " for one in found)

    def _find_url_defaults(self) -> Iterator[str]:
        for scope, functions in self.app.url_default_functions.items():
            for function in functions:
                call = f"{self.gathering.define(function, 'view')}(endpoint, values)"
                yield call if scope is None else f"if endpoint.startswith({quoted(f'{scope}.')}): {call}"

    @property
    def map(self) -> str:
        """The map of the program, as an expression."""
        theirs: Map = self.app.url_map
        usual: Any = Map()
        matching = {id(rule) for rule in self.route.rules()}  # rules of one path are equal
        near = f"{self.route.blueprint}." if self.route.blueprint else ""
        built = {name and (near + name[1:] if name[0] == "." else name) for name in self.gathering.endpoints}
        rules = [(rule, id(rule) not in matching) for rule in theirs.iter_rules()
                 if id(rule) in matching or rule.endpoint in built or None in built]  # fmt: skip
        parts = [f"{name}={getattr(theirs, name)!r}" for name in _MAP if getattr(theirs, name) != getattr(usual, name)]
        used = {type(one) for rule, _ in rules for one in rule._converters.values()}
        own = [f"{quoted(name)}: {self.gathering.define(kind)}" for name, kind in theirs.converters.items()
               if kind in used and usual.converters.get(name) is not kind]  # fmt: skip
        parts += [f"converters={{{', '.join(own)}}}"] if own else []
        texts = [_rule_text(rule, build_only) for rule, build_only in rules]
        lines = f"[{', '.join(texts)}]" if len(texts) < 2 else "\n".join(["[", *(f"    {one}," for one in texts), "]"])
        return f"Map({', '.join([lines, *parts])})"


def _outcome(adapter: MapAdapter) -> Any:
    """What a request comes to, in a form that can be compared."""
    try:
        rule, values = adapter.match(return_rule=True)
        allowed = sorted(adapter.allowed_methods()) if adapter.default_method == "OPTIONS" else []
        return rule.rule, rule.endpoint, values, allowed
    except RequestRedirect as redirect:
        return redirect.code, redirect.new_url
    except MethodNotAllowed as refused:
        return sorted(refused.valid_methods or ())
    except HTTPException as error:
        return error.code


def _rule_text(rule: Rule, build_only: bool) -> str:
    if type(rule) is not Rule or callable(rule.redirect_to):
        raise TwinError(f"The rule {rule.rule!r} is of a class, or redirects by a function, of the app's own", "",
                        "Make it a plain rule.")  # fmt: skip
    parts = [quoted(rule.rule), f"endpoint={quoted(rule.endpoint)}"]
    if rule.methods is not None:
        parts.append(f"methods={literal(sorted(rule.methods - ({'HEAD'} if 'GET' in rule.methods else set())))}")
    usual: Any = Rule(rule.rule)
    usual.bind(Map([], default_subdomain=rule.map.default_subdomain, strict_slashes=rule.map.strict_slashes,
                   merge_slashes=rule.map.merge_slashes, converters=rule.map.converters))  # fmt: skip
    for name in _RULE:
        value = getattr(rule, name)
        if value != getattr(usual, name) and (value or name not in ("defaults", "host")):
            parts.append(f"{name}={literal(value)}")
    return f"Rule({', '.join([*parts, 'build_only=True'] if build_only else parts)})"
