"""The match: what routing makes of a request, and the fewest rules by which it does so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, MapAdapter, RequestRedirect, Rule
from wsgiapp.dispatch import _scopes_of

from .values import TwinError, literal, quoted

_MAP_OPTIONS = ("default_subdomain", "strict_slashes", "merge_slashes", "redirect_defaults", "host_matching",
                "sort_parameters")  # fmt: skip
_RULE_OPTIONS = ("defaults", "subdomain", "host", "strict_slashes", "merge_slashes", "redirect_to", "alias", "websocket")


class Matched:
    """What routing makes of a request.

    :param app: the app.
    :param environ: the request's.
    """

    def __init__(self, app: Any, environ: dict[str, Any]) -> None:
        self.app = app
        self.environ = environ
        self.rule: Any = None
        self.values: dict[str, Any] = {}
        self.refused: Any = None
        self.adapter: Any = None
        try:
            self.adapter = app.create_url_adapter(app.request_class(environ))
            self.rule, self.values = self.adapter.match(return_rule=True)
        except HTTPException as error:
            self.refused = error
        self.endpoint: str | None = self.rule.endpoint if self.rule is not None else None
        self.scopes = _scopes_of(self.endpoint)
        self.blueprints = [scope for scope in self.scopes if scope is not None]
        #: The methods that the path allows, in the order in which this process lists them.
        self.allowed: list[str] = [*self.adapter.allowed_methods()] if self.adapter is not None else []

    @property
    def is_automatic(self) -> bool:
        """Whether OPTIONS is answered without a view."""
        asked = self.environ["REQUEST_METHOD"] == "OPTIONS"
        return asked and bool(getattr(self.rule, "provide_automatic_options", False))

    @property
    def is_static(self) -> bool:
        """Whether the answer is a file of a static folder."""
        if self.rule is None or self.is_automatic:
            return False
        view = self.app.view_functions.get(self.endpoint)
        function = getattr(view, "__func__", view)
        return getattr(function, "__name__", "") in ("static", "send_static_file") and function.__module__ in _HOMES

    @property
    def binding(self) -> dict[str, str]:
        """The arguments that bind the map to the request, beyond its environ."""
        server_name = self.app.config["SERVER_NAME"]
        if server_name is None or self.app.url_map.host_matching or self.adapter is None:
            return {}
        return {"server_name": server_name, "subdomain": self.adapter.subdomain or ""}

    def rules(self) -> list[Rule]:
        """The fewest rules, of those worth trying, by which the request has the same outcome."""
        listed = [*self.app.url_map.iter_rules()]
        if self.adapter is None:
            return []
        wanted = _outcome(self.adapter)
        for candidate in self._candidates(listed):
            if self._outcome_of(candidate) == wanted:
                return candidate
        return listed

    def _outcome_of(self, rules: list[Rule]) -> Any:
        options = {name: getattr(self.app.url_map, name) for name in _MAP_OPTIONS}
        trial = Map([rule.empty() for rule in rules], converters=self.app.url_map.converters, **options)
        return _outcome(trial.bind_to_environ(self.environ, **self.binding))

    def _candidates(self, listed: list[Rule]) -> Iterator[list[Rule]]:
        if self.rule is not None and not self.is_automatic:
            yield [self.rule]
        yield []
        yield [rule for rule in listed if self._meets(rule)]
        if isinstance(self.refused, RequestRedirect):
            yield from ([rule] for rule in listed)
            yield from ([rule for rule in listed if rule.endpoint == one.endpoint] for one in listed)

    def _meets(self, rule: Rule) -> bool:
        for method in rule.methods or ():
            try:
                if self.adapter.match(method=method, return_rule=True)[0] is rule:
                    return True
            except HTTPException:
                continue
        return False


_HOMES = ("wsgiapp.app", "wsgiapp.scaffold")


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


def rule_text(rule: Rule, build_only: bool, name_of: Callable[[Any], str]) -> str:
    """The rule as an expression.

    :param build_only: whether it is there for building URLs alone.
    :raises TwinError: for a rule that does more than one of Werkzeug's.
    """
    if type(rule) is not Rule or callable(rule.redirect_to):
        raise TwinError(f"The rule {rule.rule!r} is of a class, or redirects by a function, of the app's own.")
    parts = [quoted(rule.rule), f"endpoint={literal(rule.endpoint, name_of)}"]
    if rule.methods is not None and not build_only:
        methods = sorted(rule.methods - ({"HEAD"} if "GET" in rule.methods else set()))
        parts.append(f"methods={literal(methods, name_of)}")
    usual: Any = Rule(rule.rule)
    usual.bind(Map([], default_subdomain=rule.map.default_subdomain, strict_slashes=rule.map.strict_slashes,
                   merge_slashes=rule.map.merge_slashes))  # fmt: skip
    for name in _RULE_OPTIONS:
        value = getattr(rule, name)
        if value != getattr(usual, name) and (value or name not in ("defaults", "host")):
            parts.append(f"{name}={literal(value, name_of)}")
    return f"Rule({', '.join([*parts, 'build_only=True'] if build_only else parts)})"


def map_text(app: Any, rules: list[tuple[Rule, bool]], name_of: Callable[[Any], str]) -> str:
    """The map of those rules as an expression.

    :param rules: each with whether it is there for building URLs alone.
    """
    usual: Any = Map()
    texts = [rule_text(rule, build_only, name_of) for rule, build_only in rules]
    options = [f"{name}={getattr(app.url_map, name)!r}" for name in _MAP_OPTIONS
               if getattr(app.url_map, name) != getattr(usual, name)]  # fmt: skip
    used = {name for rule, _ in rules for name, converter in app.url_map.converters.items()
            if type(converter) is type and any(type(one) is converter for one in rule._converters.values())
            and usual.converters.get(name) is not converter}  # fmt: skip
    if used:
        own = (f"{quoted(name)}: {name_of(app.url_map.converters[name])}" for name in sorted(used))
        options.append(f"converters={{{', '.join(own)}}}")
    lines = "\n".join(f"        {text}," for text in texts)
    listed = f"\n    [\n{lines}\n    ]" if len(texts) > 1 else f"[{''.join(texts)}]" if texts else ""
    tail = "".join(f",\n    {option}" if len(texts) > 1 else f", {option}" for option in options)
    return f"Map({(listed + tail).removeprefix(', ')}{chr(10) if len(texts) > 1 else ''})"
