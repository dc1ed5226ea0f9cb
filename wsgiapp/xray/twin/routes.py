"""Routes: what routing makes of a request, and the fewest rules by which it does so in a program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, MapAdapter, RequestRedirect, Rule

from wsgiapp.dispatch import _scopes_of
from wsgiapp.wrappers import split_blueprints

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
        self.refused: HTTPException | None = None
        try:
            self.adapter: MapAdapter = app.create_url_adapter(app.request_class(environ))
        except HTTPException as error:
            raise TwinError(f"The host {environ['HTTP_HOST']!r} is refused: {error.description}", "",
                            "Ask for another host.") from None  # fmt: skip
        try:
            self.rule, self.values = self.adapter.match(return_rule=True)
        except HTTPException as error:
            self.refused = error
        self.endpoint: str | None = self.rule.endpoint if self.rule is not None else None
        self.scopes = _scopes_of(self.endpoint)
        self.blueprints = split_blueprints(self.scopes[0]) if self.scopes[0] else []
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
        if self.is_automatic or getattr(function, "__module__", "") not in _FILES:
            return None
        folder: str | None = getattr(view, "__self__", self.app).static_folder
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

    def map_text(self, endpoints: Iterable[str | None], gathering: Gathering) -> str:
        """The map of the program.

        :param endpoints: those that URLs are built for; None for who knows which.
        """
        matching = {id(rule) for rule in self.rules()}  # rules of one path are equal
        built = {*endpoints}
        rules = [(rule, id(rule) not in matching) for rule in self.app.url_map.iter_rules()
                 if id(rule) in matching or rule.endpoint in built or None in built]  # fmt: skip
        usual: Any = Map()
        parts = [f"{name}={getattr(self.app.url_map, name)!r}" for name in _MAP
                 if getattr(self.app.url_map, name) != getattr(usual, name)]  # fmt: skip
        own = {name: kind for name, kind in self.app.url_map.converters.items() if usual.converters.get(name) is not kind
               and any(type(one) is kind for rule, _ in rules for one in rule._converters.values())}  # fmt: skip
        if own:
            listed = (f"{quoted(name)}: {gathering.define(kind)}" for name, kind in own.items())
            parts.append(f"converters={{{', '.join(listed)}}}")
        texts = [_rule_text(rule, build_only) for rule, build_only in rules]
        lines = f"[{', '.join(texts)}]" if len(texts) < 2 else "".join(["[\n", *(f"    {one},\n" for one in texts), "]"])
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
    if rule.methods is not None and not build_only:
        parts.append(f"methods={literal(sorted(rule.methods - ({'HEAD'} if 'GET' in rule.methods else set())))}")
    usual: Any = Rule(rule.rule)
    usual.bind(Map([], default_subdomain=rule.map.default_subdomain, strict_slashes=rule.map.strict_slashes,
                   merge_slashes=rule.map.merge_slashes, converters=rule.map.converters))  # fmt: skip
    for name in _RULE:
        value = getattr(rule, name)
        if value != getattr(usual, name) and (value or name not in ("defaults", "host")):
            parts.append(f"{name}={literal(value)}")
    return f"Rule({', '.join([*parts, 'build_only=True'] if build_only else parts)})"
