"""Reachable rules: which rules a path reaches, in Werkzeug's order, and why all but one of them do not match.

The result is Werkzeug's: the app's own adapter is asked, as for a request. To find the reasons, Werkzeug's state
machine is searched once more, to the end. This shows which rules the path reaches, and which is the first. For rules
that the path never reaches, ``mismatch`` finds the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, Rule, ValidationError

from wsgiapp.xray import redact

from .mismatch import ALIKE, Reason, likeness, mismatch, quoted, refusal


class Matching(NamedTuple):
    """The result of the app's adapter for a request."""

    adapter: MapAdapter | None
    rule: Rule | None
    arguments: dict[str, Any]
    refused: Exception | None


def match(app: Any, request: Any) -> Matching:
    """Match *request* as the app does."""
    adapter: MapAdapter | None = None
    try:
        adapter = app.create_url_adapter(request)
        if adapter is not None:
            rule, arguments = adapter.match(return_rule=True)
            return Matching(adapter, rule, dict(arguments), None)
    except Exception as error:  # a converter of the app's own may raise anything, which its request would meet as well
        return Matching(adapter, None, {}, error)
    return Matching(None, None, {}, None)


def methods_of(rule: Rule) -> tuple[str, ...]:
    """The methods of a rule, in order; none mean any."""
    return tuple(sorted(rule.methods or ()))


class _ReachedRule(NamedTuple):
    """A rule that the path reaches, and whether their ends agree.

    :ivar end: ``here`` if they do; ``lacking`` if the rule has one slash more, ``extra`` if the path has.
    """

    rule: Rule
    values: list[str]
    end: str

    def fits_slashes(self) -> bool:
        """Say whether the slash at the end does not exclude the rule."""
        return self.end != "extra" or not self.rule.strict_slashes

    def ends_search(self, method: str, websocket: bool) -> bool:
        """Say whether Werkzeug's search ends at this rule: with a match, a redirect or an error."""
        allowed = self.rule.methods is None or method in self.rule.methods
        return self.fits_slashes() and allowed and self.rule.websocket == websocket


def _walk(state: Any, parts: list[str], values: list[str]) -> Iterator[_ReachedRule]:
    """Yield the rules that *parts* reach from *state*, in the order of Werkzeug's matcher."""
    if not parts:
        yield from (_ReachedRule(rule, values, "here") for rule in state.rules)
        if "" in state.static:
            yield from (_ReachedRule(rule, values, "lacking") for rule in state.static[""].rules)
        return
    if parts[0] in state.static:
        yield from _walk(state.static[parts[0]], parts[1:], values)
    for part, following in state.dynamic:
        target, remaining = ("/".join(parts), []) if part.final else (parts[0], parts[1:])
        found = re.match(part.content, target)
        if found is not None:
            if part.suffixed and found.groups()[-1] == "/":
                remaining = [""]
            groups = {name: value for name, value in found.groupdict().items() if name.startswith("__werkzeug_")}
            more = [groups[name] for name in sorted(groups, key=lambda name: int(name[11:]))]
            yield from _walk(following, remaining, values + more)
    if parts == [""]:
        yield from (_ReachedRule(rule, values, "extra") for rule in state.rules)


class _Reasons:
    """Finds the reason why a rule does not match one request; it is called with the rule."""

    def __init__(self, found: Matching, adapter: MapAdapter) -> None:
        self.found = found
        self.adapter = adapter
        self.method = adapter.default_method.upper()
        given = adapter.path_info
        self.path = f"/{given.lstrip('/')}" if given else ""
        by_subdomain = not adapter.map.host_matching and adapter.subdomain is not None
        self.domain = str(adapter.subdomain if by_subdomain else adapter.server_name)
        self.merged = False
        self.met, self.first = self._search(self.path)
        #: The rules that are reached when doubled slashes are merged. Werkzeug tries this if no other rule ends its
        #: search.
        self.met_when_merged: dict[int, _ReachedRule] = {}
        if adapter.map.merge_slashes and "//" in self.path:
            path = re.sub("/{2,}", "/", self.path)
            self.met_when_merged, first = self._search(path)
            if self.first is None:
                self.merged, self.path, self.met, self.first = True, path, self.met_when_merged, first

    def _search(self, path: str) -> tuple[dict[int, _ReachedRule], _ReachedRule | None]:
        met = list(_walk(self.adapter.map._matcher._root, [self.domain, *path.split("/")], []))
        first = next((one for one in met if one.ends_search(self.method, self.adapter.websocket)), None)
        return {id(one.rule): one for one in met}, first  # rules have no hash

    def __call__(self, rule: Rule) -> Reason:
        if rule.build_only:
            return Reason("build only", "it is there to build URLs and never matches (build_only)", 0.0)
        met = self.met.get(id(rule))
        if met is None or not met.ends_search(self.method, self.adapter.websocket):
            if self.first is not None and not self.merged and self._merges(rule):
                winner = quoted(self.first.rule.rule)
                return Reason("shadowed", f"it fits once doubled slashes are one, but {winner} takes them as two", 0.99)
            return self._unreached(rule) if met is None else self._refused_reached(met)
        refused = self._refused(met)
        if refused is not None:
            return refused
        if self.first is None or self.first is met:
            return self._redirecting(met)
        return _shadowed(met.rule, self.first.rule)

    def _merges(self, rule: Rule) -> bool:
        """Whether *rule*, if nothing came before it, would redirect to the path without its doubled slashes."""
        late = self.met_when_merged.get(id(rule))
        return late is not None and bool(rule.merge_slashes) and late.ends_search(self.method, self.adapter.websocket)

    # -- one kind of reason each -------------------------------------------------------------------------------

    def _unreached(self, rule: Rule) -> Reason:
        found = mismatch(rule, self.path)
        part = rule._parts[0]
        domain_fits = part.content == self.domain if part.static else re.match(part.content, self.domain) is not None
        if domain_fits:
            # A rule whose every part fits is reached, so that this is a map with a matcher of its own.
            return found or Reason("error", "the map's matcher does not lead to it", 0.0)
        near = 0.9 * (found.nearness if found is not None else 1.0)
        if self.adapter.map.host_matching:
            guess = f": did you mean {quoted(rule.host or '')}?" * (likeness(rule.host or "", self.domain) >= ALIKE)
            sentence = f"the host is {quoted(self.domain)}, the rule's is {quoted(rule.host or '')}{guess}"
        else:
            wanted = f"the rule wants {quoted(rule.subdomain)}" if rule.subdomain else "the rule wants none"
            if self.domain == "<invalid>":  # Werkzeug's word for it
                return Reason("host", "the host is not within the SERVER_NAME, so no rule fits", 0.9)
            sentence = f"the subdomain is {quoted(self.domain)}, {wanted}"
        return Reason("host", sentence, near)

    def _refused_reached(self, met: _ReachedRule) -> Reason:
        """Return the reason for a rule whose pattern matches, but not its last slash, method or protocol."""
        rule = met.rule
        if not met.fits_slashes():
            return Reason("slash", "the path ends with a slash, the rule does not (strict_slashes)", 0.95)
        if rule.methods is not None and self.method not in rule.methods:
            return Reason("method", f"it answers {', '.join(methods_of(rule))}, not {self.method}", 0.97)
        kinds = ("WebSockets", "an HTTP request") if rule.websocket else ("HTTP requests", "a WebSocket")
        return Reason("websocket", f"it is for {kinds[0]}, and this is {kinds[1]}", 0.96)

    def _refused(self, met: _ReachedRule) -> Reason | None:
        """What a converter says that sees its value only when the search has ended."""
        if self.merged or (met.end == "lacking" and met.rule.strict_slashes):
            return None  # the redirect comes first
        ended = ", and as no other rule is tried after it, nothing matches" if met is self.first else ""
        for name, value in zip(met.rule._converters, met.values, strict=False):
            try:
                met.rule._converters[name].to_python(value)
            except ValidationError:
                kind, sentence = refusal(met.rule, name, value, f"the value of {name}")
                return Reason(kind, sentence + ended, 0.98 + 0.02 * bool(ended))
            except Exception as error:  # a converter of the app's own
                raised = f"its converter of {name} raised {type(error).__name__} for {quoted(value)}"
                return Reason("error", raised + ended, 0.98 + 0.02 * bool(ended))
        return None

    def _redirecting(self, met: _ReachedRule) -> Reason:
        """The rule ended the search, but it is not what matches."""
        rule, target = met.rule, redact.query(getattr(self.found.refused, "new_url", ""))
        leads = f"it redirects to {target}"
        if met.end == "lacking" and rule.strict_slashes:
            return Reason("slash", f"the rule ends with a slash, the path does not (strict_slashes): {leads}", 1.0)
        if self.merged and not rule.merge_slashes:
            return Reason("doubled slashes", "two slashes meet in the path, and this rule does not merge them", 1.0)
        if self.merged:
            return Reason("doubled slashes", f"slashes are doubled in the path (merge_slashes): {leads}", 1.0)
        if rule.alias and rule.map.redirect_defaults:
            return Reason("alias", f"it is an alias of another rule for {rule.endpoint!r}: {leads}", 1.0)
        if rule.redirect_to is not None and not self._has_default(met):
            return Reason("redirect_to", f"it is there to redirect (redirect_to): {leads}", 1.0)
        if not target:
            return Reason("error", f"it fits, but then {type(self.found.refused).__name__} was raised", 1.0)
        return Reason("defaults", f"these values are another rule's defaults (redirect_defaults): {leads}", 1.0)

    def _has_default(self, met: _ReachedRule) -> bool:
        rule = met.rule
        if not rule.map.redirect_defaults:
            return False
        values = zip(rule._converters.items(), met.values, strict=False)
        arguments = {name: converter.to_python(value) for (name, converter), value in values}
        arguments.update(rule.defaults or {})
        return self.adapter.get_default_redirect(rule, self.method, arguments, {}) is not None


def _shadowed(rule: Rule, winner: Rule) -> Reason:
    sentence = f"it fits too, but {quoted(winner.rule)} is met first: {_precedence(winner, rule)}"
    return Reason("shadowed", sentence, 0.99)


def _precedence(winner: Rule, other: Rule) -> str:
    """Why Werkzeug's matcher meets one rule before another that fits as well."""
    for one, two in zip(winner._parts, other._parts, strict=False):
        if one.static and not two.static:
            return f"a literal segment ({quoted(one.content)}) goes before a converter"
        if one.content != two.content:
            return "its converter goes before this one's (weight)" if not one.static else "its end is tried first"
    if len(winner._parts) == len(other._parts):
        return "the pattern is the same, and it was added first"
    return "the slash at the end is tried later"


def reasons(found: Matching) -> Callable[[Rule], Reason]:
    """A function from a rule to the reason why it does not answer."""
    if found.adapter is not None:
        return _Reasons(found, found.adapter)
    refused = f": {found.refused.description}" if isinstance(found.refused, HTTPException) else ""
    reason = Reason("host", f"no rule is asked, for the request is refused before{refused}", 0.0)
    return lambda _rule: reason
