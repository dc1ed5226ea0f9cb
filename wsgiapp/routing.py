"""Routing: from a URL to a rule, and from an endpoint to a URL.

Werkzeug's ``Map`` and ``Rule`` are the truth. :class:`Map` compiles the state machine that Werkzeug builds of the rules
into tables, and answers from them what it is sure of: a rule that matches. A redirect, a 404, a 405, another host, a
converter of your own: whatever is not in the tables gets the answer None, and Werkzeug is asked. Property tests hold
both to the same answers.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import call
from typing import Any, cast
from wsgiref.types import WSGIEnvironment

from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.routing import IntegerConverter, MapAdapter, Rule, RuleFactory, UnicodeConverter
from werkzeug.routing import Map as WerkzeugMap

from .hosts import MOST_OF_HOST, split_host

Found = tuple[Rule, dict[str, Any]]

# What Werkzeug compiles ``<name>`` and ``<int:name>`` to; they need no regular expression.
_SEGMENT = r"(?P<__werkzeug_0>[^/]{1,})\Z"
_DIGITS = r"(?P<__werkzeug_0>\d+)\Z"
# More digits than that are left to Werkzeug, which knows what Python refuses to convert.
_MAX_DIGITS = 18
# No rule is below it; given where the host is another, so that Werkzeug need not warn at every such request.
_NO_SUBDOMAIN = "<invalid>"
_WARNED: dict[Any, Any] = {}


@dataclass(slots=True)
class Leaf:
    """A rule at the end of a path, with what to do with the values on the way."""

    rule: Rule
    names: tuple[str, ...]
    converters: tuple[Callable[[str], Any], ...]

    def arguments(self, values: list[str]) -> dict[str, Any]:
        """The view's arguments of the path's values.

        :raises ValueError: when a converter refuses its value.
        """
        return dict(zip(self.names, map(call, self.converters, values), strict=True))


@dataclass(slots=True)
class Node:
    """A place in the tree of paths: where each next segment leads, and the rules that end here."""

    static: dict[str, Node] = field(default_factory=dict)
    dynamic: list[Edge] = field(default_factory=list)
    leaves: dict[str, Leaf] = field(default_factory=dict)
    #: Whether a rule with one more slash, or a lenient one, may answer here: Werkzeug decides which, and how.
    slashes: bool = False


@dataclass(slots=True)
class Edge:
    """A step over a segment with a value in it; a pattern of None means digits only or any segment."""

    pattern: re.Pattern[str] | None
    digits: bool
    final: bool
    node: Node
    known: bool = True

    def value(self, segment: str) -> str | None:
        """The value in *segment*, or None where it does not match."""
        if self.pattern is None:
            return segment if segment and (not self.digits or segment.isdigit()) else None
        match = self.pattern.match(segment)
        return match["__werkzeug_0"] if match is not None else None


#: Before a last value: segments that lead elsewhere, whether only digits fit, by method rule, name and converter.
Head = tuple[dict[str, Node], bool, dict[str, tuple[Rule, str, Callable[[str], Any]]]]
Tables = tuple[dict[str, dict[str, Leaf]], dict[str, Head], Node]


def _head(node: Node, edge: Edge) -> Head:
    leaves = edge.node.leaves.items() if edge.pattern is None else ()
    # One value, whose conversion cannot fail.
    ends = {m: (e.rule, e.names[0], e.converters[0]) for m, e in leaves if [*e.converters] in ([str], [int])}
    return node.static, edge.digits, ends


def stock(method: Callable[..., Any]) -> Callable[..., Any]:
    """Mark an overridable method as the original, so that a shortcut can tell whether it was replaced."""
    method.__dict__["stock"] = True
    return method


class Map(WerkzeugMap):
    """Werkzeug's map of rules, with tables in front of it."""

    # Made afresh when a rule was added: paths without values, places before a last value, the whole tree.
    _tables: Tables | None = None

    def add(self, rulefactory: RuleFactory) -> None:
        """Add a rule, or several from a factory; see :meth:`werkzeug.routing.Map.add`."""
        super().add(rulefactory)
        self._tables = None

    def find(self, app: Any, environ: WSGIEnvironment) -> Found | None:
        """The rule for a request, where the tables are sure of it, with the view's arguments.

        :param app: the app, whose settings may leave the whole matter to Werkzeug.
        :return: None means "ask Werkzeug".
        :raises NotFound: when no rule fits, whatever the method.
        """
        if (
            split_host((environ.get("HTTP_HOST") or "")[:MOST_OF_HOST]) is None
            or app.config["TRUSTED_HOSTS"] is not None
            or app.subdomain_matching
            or "HTTP_UPGRADE" in environ
            or not getattr(app.create_url_adapter, "stock", False)
        ):
            return None
        static, heads, root = self._tables or self._compile()
        path, method = environ.get("PATH_INFO") or "", environ["REQUEST_METHOD"]
        if path in static:
            leaf = static[path].get(method)
            return (leaf.rule, {}) if leaf is not None else None
        # PERF: one probe for "/users/<id>" and its like, without walking the tree (benchmarks/: parameter, routes).
        head, _, last = path.rpartition("/")
        if head in heads and last and path.isascii():
            others, digits, ends = heads[head]
            if method in ends and last not in others and (not digits or (last.isdigit() and len(last) <= _MAX_DIGITS)):
                rule, name, convert = ends[method]
                return rule, {name: convert(last)}
        if path[:1] != "/" or "//" in path or not path.isascii():
            return None
        try:
            found = _match(root, path[1:].split("/"), 0, [], method)
        except ValueError:
            return None
        if found is None:
            raise NotFound()  # the whole tree was walked and held no surprise: Werkzeug would find nothing either
        return found

    def _compile(self) -> Tables:
        self.update()
        hosts = self._matcher._root
        domain = hosts.static.get(self.default_subdomain)
        if self.host_matching or domain is None or hosts.dynamic or list(domain.static) != [""] or domain.dynamic:
            root = Node(dynamic=[Edge(None, False, True, Node(), known=False)])  # the host matters: Werkzeug's affair
        else:
            root = _compile_state(domain.static[""], {rule.endpoint for rule in self.iter_rules() if rule.defaults})
        places = {path: node for path, node in _static_places(root, "") if path.isascii() and "//" not in path}
        static = {path: node.leaves for path, node in places.items() if node.leaves}
        heads = {path: _head(node, node.dynamic[0]) for path, node in places.items() if node.dynamic}
        self._tables = static, heads, root
        return self._tables


class _UnsureError(ValueError):
    """Only Werkzeug knows the answer."""


def _match(node: Node, parts: list[str], index: int, values: list[str], method: str) -> Found | None:
    """Follow Werkzeug's order, depth first, from *node* up to the first rule that fits ``parts[index:]``.

    :param values: what the segments before hold.
    :return: None when no rule fits, whatever the method.
    :raises ValueError: where Werkzeug must be asked: at a place that is not sure, or when a converter refuses a value.
    """
    if index == len(parts):
        if method in node.leaves:
            leaf = node.leaves[method]
            return leaf.rule, leaf.arguments(values)
        if node.slashes or node.leaves:
            raise _UnsureError
        return None
    part, found = parts[index], None
    if part in node.static:
        found = _match(node.static[part], parts, index + 1, values, method)
    for edge in node.dynamic:
        if found is not None:
            break
        if not edge.known:
            raise _UnsureError
        value = edge.value("/".join(parts[index:]) if edge.final else part)
        if value is not None:
            found = _match(edge.node, parts, len(parts) if edge.final else index + 1, [*values, value], method)
    if found is None and part == "" and index == len(parts) - 1 and (node.slashes or node.leaves):
        raise _UnsureError
    return found


def _static_places(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    yield path, node
    for part, child in node.static.items():
        yield from _static_places(child, f"{path}/{part}")


def _compile_state(state: Any, with_defaults: set[Any]) -> Node:
    """One state of Werkzeug's matcher, and all that follow it, as a node.

    :param with_defaults: the endpoints that a rule with defaults leads to; for those a redirect may be the answer.
    """
    node = Node(
        static={part: _compile_state(child, with_defaults) for part, child in state.static.items()},
        dynamic=[_compile_edge(part, child, with_defaults) for part, child in state.dynamic],
        slashes="" in state.static or any(not rule.strict_slashes for rule in state.rules),
    )
    for rule in state.rules:
        if rule.methods is None or rule.websocket or rule.alias or rule.redirect_to or rule.endpoint in with_defaults:
            # Nothing here is certain, neither for this rule nor for those that Werkzeug tries after it.
            node.slashes = True
            break
        leaf = Leaf(rule, tuple(map(str, rule._converters)), tuple(map(_step, rule._converters.values())))
        for method in rule.methods:
            node.leaves.setdefault(method, leaf)
    return node


def _compile_edge(part: Any, state: Any, with_defaults: set[Any]) -> Edge:
    node = _compile_state(state, with_defaults)
    if part.content in (_SEGMENT, _DIGITS):
        return Edge(None, part.content == _DIGITS, part.final, node)
    pattern = re.compile(part.content)
    known = not part.suffixed and list(pattern.groupindex) == ["__werkzeug_0"]
    return Edge(pattern, False, part.final, node, known)


def _step(converter: Any) -> Callable[[str], Any]:
    """What turns a matched value into an argument; ``str`` and ``int`` cost no call of Python."""
    if type(converter) is UnicodeConverter:
        return str
    limits = (getattr(converter, "fixed_digits", 0), getattr(converter, "min", None), getattr(converter, "max", None))
    if type(converter) is IntegerConverter and limits == (0, None, None):
        return int
    return cast("Callable[[str], Any]", converter.to_python)


def bind(app: Any, request: Any) -> MapAdapter | None:
    """The adapter that matches *request* and builds URLs relative to it.

    :param request: None outside of a request; then ``SERVER_NAME`` says where URLs lead.
    :return: None outside of a request without ``SERVER_NAME``.
    :raises SecurityError: when the request's host is not among the trusted ones.
    :raises BadRequest: when its host cannot be one.
    """
    server_name = app.config["SERVER_NAME"]
    if request is None:
        if server_name is None:
            return None
        root, scheme = app.config["APPLICATION_ROOT"], app.config["PREFERRED_URL_SCHEME"]
        return cast(MapAdapter, app.url_map.bind(server_name, script_name=root, url_scheme=scheme))
    environ = request.environ
    if app.config["TRUSTED_HOSTS"] is not None:
        request.trusted_hosts = app.config["TRUSTED_HOSTS"]
        request.host  # noqa: B018  # reading it checks it, and raises
    if split_host((environ.get("HTTP_HOST") or "")[:MOST_OF_HOST]) is None:
        raise BadRequest("The Host header is not a valid host name with an optional port.")
    subdomain: str | None = None
    if app.url_map.host_matching:
        server_name = request.host
    elif not app.subdomain_matching:
        subdomain = app.url_map.default_subdomain or ""
    else:
        subdomain = _subdomain(request, server_name)
    # Werkzeug reads the host anew unless it is told one, and finds none in a name such as "my_app".
    server_name = request.host if server_name is None else server_name
    return cast(MapAdapter, app.url_map.bind_to_environ(environ, server_name=server_name, subdomain=subdomain))


def _subdomain(request: Any, server_name: str | None) -> str:
    """What stands before *server_name* in the request's host."""
    if server_name is None:
        return ""
    standard_port = ":443" if request.scheme in ("https", "wss") else ":80"
    name, host = server_name.lower().removesuffix(standard_port), request.host.lower()
    if f".{host}".endswith(f".{name}"):
        return str(host.removesuffix(name).strip("."))
    _warn_of_host(server_name)
    return _NO_SUBDOMAIN


def _warn_of_host(server_name: str) -> None:
    # Under the module name and the first words that filters written for Flask know. The host itself stays out of the
    # text: Python remembers each text it has shown, and hosts come from outside.
    text = (
        f"Current server name doesn't match the configured SERVER_NAME {server_name!r}, so the request has no subdomain"
        f" and only 404 for an answer."
    )
    warnings.warn_explicit(text, UserWarning, __file__, 1, module="flask.app", registry=_WARNED)
