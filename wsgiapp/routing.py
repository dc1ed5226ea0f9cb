"""Routing: from a URL to a rule, and from an endpoint to a URL.

Werkzeug's ``Map`` and ``Rule`` decide what is right. :class:`Map` compiles the state machine that Werkzeug builds of
the rules into tables, which answer the certain cases: a rule that matches. For a redirect, a 405, another host or a
converter of your own the tables have no answer, and Werkzeug is asked. Property tests check that both give the same
answers.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Container, Iterator
from functools import partial
from operator import call
from threading import RLock
from typing import Any, cast
from urllib.parse import quote_plus

from werkzeug.datastructures import ImmutableDict
from werkzeug.exceptions import BadRequest, NotFound, RequestURITooLarge
from werkzeug.routing import FloatConverter, IntegerConverter, MapAdapter, Rule, RuleFactory, UnicodeConverter
from werkzeug.routing import Map as WerkzeugMap
from werkzeug.routing.converters import BaseConverter

from . import internals
from .hosts import HOST_READ_LIMIT, split_host
from .lazy_imports import late_pattern
from .overrides import Originals, Replaceable, Watched, make_check
from .typing import WSGIEnvironment

Found = tuple[Rule, dict[str, Any]]

# The methods that matching by the tables skips, besides the app's create_url_adapter.
ADAPTER = Originals(MapAdapter, "match")
TEXT = Originals(UnicodeConverter, "to_python")
INTEGER = Originals(IntegerConverter, "to_python", "num_convert")
# The method that building a path without an adapter skips, and those that filling in a template of a path skips.
BUILDING = Originals(MapAdapter, "build")
BUILT = Originals(Rule, "build", "suitable_for")
WRITING = Originals(BaseConverter, "to_url")
NUMBER = Originals(IntegerConverter, "to_url", "num_convert")

# What Werkzeug compiles ``<name>`` and ``<int:name>`` to; they need no regular expression.
_SEGMENT = r"(?P<__werkzeug_0>[^/]{1,})\Z"
_DIGITS = r"(?P<__werkzeug_0>\d+)\Z"
# The longest path that is matched where a rule has two values with slashes: the time grows with its square or cube.
# Shorter ones must be answered (RFC 9110, 4.1).
_MAX_PATH = 8_000
# Longer numbers are left to Werkzeug, because Python refuses to convert very long ones.
_MAX_DIGITS = 18
# What is the same after quoting, in a path (RFC 3986, 3.3) and in a query.
_PLAIN = late_pattern(r"[a-zA-Z0-9._~-][a-zA-Z0-9._~/-]*")
# What Werkzeug does not quote in a query, besides letters, digits and "_.-~".
_IN_QUERY = "!$'()*,/:;?@"
# Stands for the first value of a path.
_MARK = 5_729_118_462_039_571_000
# No rule has this subdomain. It is used for a host that does not match, so that Werkzeug does not warn each time.
_NO_SUBDOMAIN = "<invalid>"
_WARNED: dict[Any, Any] = {}


#: A rule at the end of a path, with the names and converters of the values in the path.
Leaf = tuple[Rule, tuple[str, ...], tuple[Callable[[str], Any], ...]]


class Node:
    """A node in the tree of paths: where each next segment leads, and by method the rules that end here.

    :param delegated: whether only Werkzeug can answer here: a rule with one more slash, or a lenient one, may fit.
    """

    __slots__ = ("delegated", "dynamic", "leaves", "static")

    def __init__(self, static: dict[str, Node], dynamic: list[Edge], delegated: bool = False) -> None:
        self.static, self.dynamic, self.delegated = static, dynamic, delegated
        self.leaves: dict[str, Leaf] = {}


class Edge:
    """A step over a segment that is a value. Without a pattern it takes digits only, or any segment.

    ``final`` edges take the whole rest of the path. Only Werkzeug can follow one that is not ``known``.
    """

    __slots__ = ("digits", "final", "known", "node", "pattern")

    def __init__(self, pattern: re.Pattern[str] | None, digits: bool, final: bool, node: Node, known: bool) -> None:
        self.pattern, self.digits, self.final, self.node, self.known = pattern, digits, final, node, known

    def value(self, segment: str) -> str | None:
        """Return the value in *segment*, or None when it does not match."""
        if self.pattern is None:
            return segment if segment and (not self.digits or segment.isdigit()) else None
        match = self.pattern.match(segment)
        return match["__werkzeug_0"] if match is not None else None


#: For the part of a path before its last value: the fixed segments that lead elsewhere, whether the value must be
#: digits, and by method the rule with the value's name and converter.
Prefix = tuple[dict[str, Node], bool, dict[str, tuple[Rule, str, Callable[[str], Any]]]]
Tables = tuple[dict[str, dict[str, Leaf]], dict[str, Prefix], Node]


def _prefix(node: Node, edge: Edge) -> Prefix:
    leaves = edge.node.leaves.items() if edge.pattern is None else ()
    # One value, whose conversion cannot fail.
    ends = {m: (rule, names[0], made[0]) for m, (rule, names, made) in leaves if [*made] in ([str], [int])}
    return node.static, edge.digits, ends


class PathTemplate:
    """The path of an endpoint that has one rule, cut at its values.

    :param start: the path up to the first value.
    :param places: by the name of a value its converter, None where it must be a number, and the path that follows.
    :param is_usual: says whether the rule and its converters still have the methods that are skipped.
    """

    __slots__ = ("is_usual", "places", "start")

    def __init__(self, start: str, places: dict[str, tuple[Any, str]], is_usual: Callable[[], bool]) -> None:
        self.start, self.places, self.is_usual = start, places, is_usual

    def fill(self, values: dict[str, Any]) -> str | None:
        """Return the path, with the other values as its query; None when Werkzeug must build it."""
        path, places = self.start, self.places
        try:
            for name, (converter, after) in places.items():
                value = values.get(name)
                if type(value) is int:
                    path = f"{path}{value}{after}"
                elif type(value) is str and converter is not None:
                    path = f"{path}{value if _is_plain(value) else converter.to_url(value)}{after}"
                else:
                    return None
        except ValueError:  # a lone surrogate or a huge number; Werkzeug sees first whether another value is missing
            return None
        if path[1:2] == "/":  # Werkzeug drops further slashes at the start
            return None
        return path if len(values) == len(places) else _with_query(path, values, places)


def _is_plain(text: str) -> bool:
    return (text.isalnum() and text.isascii()) or _PLAIN().fullmatch(text) is not None


def _with_query(path: str, values: dict[str, Any], places: Container[str]) -> str | None:
    """Return *path* with a query of the values that have no place in it; None when Werkzeug must write it."""
    mark = "?"
    for name, value in values.items():
        if name not in places and value is not None:
            if type(value) not in (str, int) or not _is_plain(name):
                return None
            text = value if type(value) is int or _is_plain(value) else quote_plus(value, safe=_IN_QUERY)
            path, mark = f"{path}{mark}{name}={text}", "&"
    return path


def _path_template(rule: Rule, default_subdomain: str) -> PathTemplate | None:
    """Return the template of the paths of *rule*: what Werkzeug builds, cut at the numbers that stand for values."""
    converters: dict[str, Any] = getattr(rule, "_converters", {})
    numbers = {name for name, converter in converters.items() if isinstance(converter, IntegerConverter)}
    parts = [(NUMBER if name in numbers else WRITING, converter) for name, converter in converters.items()]
    is_usual = make_check((BUILT, rule), *parts)
    is_simple = not rule.defaults and not rule.websocket and not any(converters[n].fixed_digits for n in numbers)
    if not is_simple or not is_usual():
        return None
    marks = {name: _MARK + number for number, name in enumerate(converters)}
    domain, path = rule.build(marks) or ("", "")
    start, *rest = re.split("|".join(map(str, marks.values())) or r"\Z.", f"/{path.lstrip('/')}")
    if domain != default_subdomain or len(rest) != len(marks):
        return None
    writers = [None if name in numbers else converter for name, converter in converters.items()]
    return PathTemplate(start, dict(zip(converters, zip(writers, rest, strict=True), strict=True)), is_usual)


def _late_builder(rule: Rule, append_unknown: bool) -> Callable[..., tuple[str, str]]:
    """Return a stand-in for the function that builds the paths of *rule*, which is compiled when it is first called.

    PERF: Werkzeug compiles two such functions, which takes most of the time of adding a rule (benchmarks/: startup).

    :param append_unknown: whether the function makes a query of the values that have no place in the path.
    :raises SyntaxError: when two variables have one name, or one is named ``__debug__``.
    :raises ValueError: when one is named as a constant.
    """
    names = [name for is_variable, name in rule._trace if is_variable]
    if len(names) > len(rule._converters) or rule._converters.keys() & {"None", "True", "False", "__debug__"}:
        Rule._compile_builder(rule, append_unknown)  # it raises the error

    def build(self: Rule, /, **values: Any) -> tuple[str, str]:
        compiled: Any = Rule._compile_builder(self, append_unknown).__get__(self)
        setattr(self, "_build_unknown" if append_unknown else "_build", compiled)
        return cast("tuple[str, str]", compiled(**values))

    return build


class PositionalFloatConverter(FloatConverter):
    """Werkzeug's converter of floats, whose URLs have no exponent: a URL with ``1e-07`` would not match."""

    def to_url(self, value: Any) -> str:
        """Return the number with all its digits and a decimal point."""
        text = super().to_url(value)
        if "e" not in text:
            return text
        from decimal import Decimal  # needed for very large and very small numbers alone

        text = f"{Decimal(text):f}"
        return text if "." in text else f"{text}.0"


class Map(Replaceable, WerkzeugMap, metaclass=Watched):
    """Werkzeug's map of rules, with tables in front of it."""

    default_converters = ImmutableDict({**WerkzeugMap.default_converters, "float": PositionalFloatConverter})

    # By path the rules without values, by prefix those with one value at the end, and the whole tree. None: to be
    # compiled.
    _tables: Tables | None = None
    # By endpoint the template of its paths, where it has one.
    _templates: dict[Any, PathTemplate | None]
    # Whether a rule has two values that may hold slashes.
    _has_slow_rule = False
    #: Whether the tables may be used: no method that they skip was replaced.
    has_tables: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Held while rules are added and while they are compiled, so that neither sees half of the other's work.
        self._compiling = RLock()
        super().__init__(*args, **kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        # The tables and templates depend on them. Programs that take rules away, or change them, set the last two.
        if name in ("default_subdomain", "host_matching", "sort_parameters", "_matcher", "_remap"):
            with self._compiling:
                self._tables, self._templates = None, {}

    def add(self, rulefactory: RuleFactory) -> None:
        """Add a rule, or several from a factory; see :meth:`werkzeug.routing.Map.add`."""
        with self._compiling:
            # A default is written when the function is compiled: one that its converter cannot write is an error now.
            if not internals.KNOWN or type(rulefactory) is not Rule or rulefactory.defaults:
                self._tables, self._templates = None, {}  # also where a factory fails after its first rule
                return super().add(rulefactory)
            vars(rulefactory)["_compile_builder"] = partial(_late_builder, rulefactory)
            try:
                super().add(rulefactory)
            finally:
                del vars(rulefactory)["_compile_builder"]

    def update(self) -> None:
        """Sort the rules where some were added; see :meth:`werkzeug.routing.Map.update`."""
        with self._compiling:
            super().update()

    def find(self, app: Any, environ: WSGIEnvironment) -> Found | None:
        """Return the rule that matches a request and the view's arguments, if the tables are certain.

        :param app: the app. With some of its settings Werkzeug is always asked.
        :return: None when Werkzeug must be asked.
        :raises NotFound: when no rule matches the path, whatever the method.
        :raises RequestURITooLarge: when matching the path would take too long.
        """
        host = environ.get("HTTP_HOST") or ""
        if (
            len(host) > HOST_READ_LIMIT
            or split_host(host) is None
            or app.config["TRUSTED_HOSTS"] is not None
            or app.subdomain_matching
            or "HTTP_UPGRADE" in environ
        ):
            return None
        static, prefixes, root = self._tables or self._compile()
        path, method = environ.get("PATH_INFO") or "", environ["REQUEST_METHOD"]
        if path in static:
            leaf = static[path].get(method)
            return (leaf[0], {}) if leaf is not None else None
        # PERF: one probe for "/users/<id>" and its like, without walking the tree (benchmarks/: parameter, routes_300).
        before, _, last = path.rpartition("/")
        if before in prefixes and last and path.isascii():
            elsewhere, digits, ends = prefixes[before]
            fits = not digits or (last.isdigit() and len(last) <= _MAX_DIGITS)
            if fits and method in ends and last not in elsewhere:
                rule, name, convert = ends[method]
                return rule, {name: convert(last)}
        if len(path) > _MAX_PATH and self._has_slow_rule:
            raise RequestURITooLarge()
        if path[:1] != "/" or "//" in path or not path.isascii():
            return None
        try:
            found = _match(root, path[1:].split("/"), 0, [], method)
        except ValueError:
            return None
        if found is None:
            raise NotFound()  # the whole tree was searched, and no case was left to Werkzeug
        return found

    def path_for(self, endpoint: Any, values: dict[str, Any], environ: WSGIEnvironment, root: str) -> str | None:
        """Return the path, and the query, of an endpoint.

        It chooses the rule as Werkzeug's adapter does: the first that fits the request's method, then any other.

        :param values: the values of the rule's variables; the others become the query.
        :param environ: the request's, as it came in.
        :param root: where the app is mounted, without a slash at its end.
        :return: None when Werkzeug must be asked.
        """
        # PERF: filling in a template takes about half of the time of having the rule build it (benchmarks/: url_for).
        template = self._templates.get(endpoint)
        if template is not None and template.is_usual() and (path := template.fill(values)) is not None:
            return root + path
        if self.host_matching or not internals.KNOWN:
            return None
        if self._remap:
            self.update()
        if endpoint not in self._templates:
            self._make_template(endpoint)
        values = {name: value for name, value in values.items() if value is not None}
        rules = self._rules_by_endpoint.get(endpoint, ())
        for wanted in (environ["REQUEST_METHOD"], None):
            for rule in rules:
                built = rule.build(values, append_unknown=True) if rule.suitable_for(values, wanted) else None
                if built is not None:
                    whole = rule.websocket or built[0] != self.default_subdomain  # such a URL has a host
                    return None if whole else f"{root}/{built[1].lstrip('/')}"
        return None

    def _make_template(self, endpoint: Any) -> None:
        with self._compiling:
            rules = self._rules_by_endpoint.get(endpoint, ())
            self._templates.update({rule.endpoint: None for rule in rules})
            if len(rules) == 1 and not self.sort_parameters:
                self._templates[endpoint] = _path_template(rules[0], self.default_subdomain)

    def _compile(self) -> Tables:
        with self._compiling:
            self.update()
            found = [getattr(rule, "_converters", {}).values() for rule in self.iter_rules()]
            self._has_slow_rule = any(sum(not c.part_isolating for c in converters) > 1 for converters in found)
            root = self._compile_root()
            places = {path: node for path, node in _static_places(root, "") if path.isascii() and "//" not in path}
            static = {path: node.leaves for path, node in places.items() if node.leaves}
            prefixes = {path: _prefix(node, node.dynamic[0]) for path, node in places.items() if node.dynamic}
            self._tables = tables = static, prefixes, root
        return tables

    def _compile_root(self) -> Node:
        try:
            hosts = self._matcher._root
            domain = hosts.static.get(self.default_subdomain)
            if not (self.host_matching or domain is None or hosts.dynamic or domain.dynamic):
                if list(domain.static) == [""]:
                    with_defaults = {rule.endpoint for rule in self.iter_rules() if rule.defaults}
                    return _compile_state(domain.static[""], with_defaults)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # The tables are made from private attributes of Werkzeug, which a later version may change.
            warnings.warn(
                f"wsgiapp cannot read the routing tables of this Werkzeug ({error!r}), so each request is"
                " matched by Werkzeug itself: right, but slower. Is there a newer wsgiapp for it?",
                RuntimeWarning,
                stacklevel=2,
            )
        return Node({}, [Edge(None, False, True, Node({}, []), known=False)])  # Werkzeug is asked, whatever the path


MAP = Originals(Map, "bind", "bind_to_environ", "update", flag="has_tables")


class _DelegateError(ValueError):
    """The tables are not certain: Werkzeug must match the request."""


def _match(node: Node, parts: list[str], index: int, values: list[str], method: str) -> Found | None:
    """Follow Werkzeug's order, depth first, from *node* up to the first rule that fits ``parts[index:]``.

    :param values: the values found in the segments before.
    :return: None when no rule fits, whatever the method.
    :raises ValueError: when Werkzeug must be asked: the tables are not certain, or a converter refuses a value.
    """
    if index == len(parts):
        if method in node.leaves:
            rule, names, converters = node.leaves[method]
            return rule, dict(zip(names, map(call, converters, values), strict=True))
        if node.delegated or node.leaves:
            raise _DelegateError
        return None
    part, found = parts[index], None
    if part in node.static:
        found = _match(node.static[part], parts, index + 1, values, method)
    for edge in node.dynamic:
        if found is not None:
            break
        if not edge.known:
            raise _DelegateError
        value = edge.value("/".join(parts[index:]) if edge.final else part)
        if value is not None:
            found = _match(edge.node, parts, len(parts) if edge.final else index + 1, [*values, value], method)
    if found is None and part == "" and index == len(parts) - 1 and (node.delegated or node.leaves):
        raise _DelegateError
    return found


def _static_places(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    yield path, node
    for part, child in node.static.items():
        yield from _static_places(child, f"{path}/{part}")


def _compile_state(state: Any, with_defaults: set[Any]) -> Node:
    """Return a state of Werkzeug's matcher, and all that follow it, as a node.

    :param with_defaults: the endpoints that have a rule with defaults. Their other rules may redirect to it.
    """
    static = {part: _compile_state(child, with_defaults) for part, child in state.static.items()}
    dynamic = [_compile_edge(part, child, with_defaults) for part, child in state.dynamic]
    node = Node(static, dynamic, "" in static or any(not rule.strict_slashes for rule in state.rules))
    for rule in state.rules:
        moved = rule.alias or rule.redirect_to is not None or rule.endpoint in with_defaults
        if rule.methods is None or rule.websocket or moved:
            # Werkzeug must be asked for this rule, and for all rules that it tries after this one.
            node.delegated = True
            break
        leaf = rule, tuple(map(str, rule._converters)), tuple(map(_convert_function, rule._converters.values()))
        for method in rule.methods:
            node.leaves.setdefault(method, leaf)
    return node


def _compile_edge(part: Any, state: Any, with_defaults: set[Any]) -> Edge:
    node = _compile_state(state, with_defaults)
    if part.content in (_SEGMENT, _DIGITS):
        return Edge(None, part.content == _DIGITS, part.final, node, known=True)
    pattern = re.compile(part.content)
    known = not part.suffixed and list(pattern.groupindex) == ["__werkzeug_0"]
    return Edge(pattern, False, part.final, node, known)


def _convert_function(converter: Any) -> Callable[[str], Any]:
    """Return the function that converts a matched value. ``str`` and ``int`` are faster than a method in Python."""
    if type(converter) is UnicodeConverter and TEXT.unchanged_on(converter):
        return str
    limits = (getattr(converter, "fixed_digits", 0), getattr(converter, "min", None), getattr(converter, "max", None))
    if type(converter) is IntegerConverter and limits == (0, None, None) and INTEGER.unchanged_on(converter):
        return int
    return lambda value: converter.to_python(value)  # noqa: PLW0108  # it may be replaced: looked up when it is used


def create_adapter(app: Any, request: Any) -> MapAdapter | None:
    """Return the adapter that matches *request* and builds URLs relative to it.

    :param request: None outside of a request; then ``SERVER_NAME`` says where URLs lead.
    :return: None outside of a request without ``SERVER_NAME``.
    :raises SecurityError: when the request's host is not among the trusted ones.
    :raises BadRequest: when its Host header is not valid.
    """
    server_name = app.config["SERVER_NAME"]
    if request is None:
        if server_name is None:
            return None
        root, scheme = app.config["APPLICATION_ROOT"], app.config["PREFERRED_URL_SCHEME"]
        return cast(MapAdapter, app.url_map.bind(server_name, script_name=root, url_scheme=scheme))
    environ = getattr(request, "_original", request.environ)  # as it came in: this may be late in the request
    if app.config["TRUSTED_HOSTS"] is not None:
        request.trusted_hosts = app.config["TRUSTED_HOSTS"]
    host = request.host  # reading it checks it, and raises
    if split_host((environ.get("HTTP_HOST") or "")[:HOST_READ_LIMIT]) is None:
        raise BadRequest("The Host header is not a valid host name with an optional port.")
    subdomain: str | None = None
    if app.url_map.host_matching:
        server_name = host
    elif not app.subdomain_matching:
        subdomain = app.url_map.default_subdomain or ""
    else:
        subdomain = _subdomain(request, server_name)
    # Without a server name Werkzeug parses the Host header itself, and does not accept names such as "my_app".
    server_name = host if server_name is None else server_name
    return cast(MapAdapter, app.url_map.bind_to_environ(environ, server_name=server_name, subdomain=subdomain))


def _subdomain(request: Any, server_name: str | None) -> str:
    """Return the part of the request's host before *server_name*."""
    if server_name is None:
        return ""
    standard_port = ":443" if request.scheme in ("https", "wss") else ":80"
    name, host = server_name.lower().removesuffix(standard_port), request.host.lower()
    if f".{host}".endswith(f".{name}"):
        return str(host.removesuffix(name).strip("."))
    _warn_of_host(server_name)
    return _NO_SUBDOMAIN


def _warn_of_host(server_name: str) -> None:
    # Filters of warnings look for Flask's module name and first words. The host is not in the text, because Python
    # keeps each text that it has shown in memory, and hosts come from outside.
    text = (
        f"Current server name doesn't match the configured SERVER_NAME {server_name!r}, so the request has no subdomain"
        f" and only 404 for an answer."
    )
    warnings.warn_explicit(text, UserWarning, __file__, 1, module="flask.app", registry=_WARNED)
