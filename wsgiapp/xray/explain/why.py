"""Why a rule matches a request and the others do not; and which functions would run for it, without running them.

:class:`Explanation` and :class:`Plan` are plain data, which ``text`` and the pages show. The match is Werkzeug's, asked
through the app's own adapter (``reachable``); hooks and handlers are those that are registered at this moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import RequestRedirect, Rule
from werkzeug.routing.exceptions import RoutingException
from werkzeug.test import create_environ

from wsgiapp.dispatch import LIFECYCLE, scopes_of
from wsgiapp.hosts import host_and_port
from wsgiapp.xray import redact
from wsgiapp.xray.objects.descriptions import describe
from wsgiapp.xray.objects.locations import name_of, step_of, unwrapped, where_of
from wsgiapp.xray.trace import Trace

from .mismatch import Reason
from .reachable import Matching, match, methods_of, reasons

#: So near a rule must have come to be shown at once, and so many are.
NEAR = 0.5
MAX_NEAR = 8
# Methods that most rules have beside the one they were made for.
_COMMON = ("HEAD", "OPTIONS")
# Entries of an environ beside the method, the path, the host and the scheme that a match depends on.
_ALSO_ASKED = ("SCRIPT_NAME", "HTTP_CONNECTION", "HTTP_UPGRADE")


@dataclass(frozen=True, slots=True)
class Other:
    """A rule that does not answer, and why.

    :ivar endpoint: where it leads, by the view at *where*, for *methods*; no methods mean any.
    :ivar kind: the reason for programs: ``segment``, ``form``, ``too few segments``, ``too many segments``,
        ``doubled slashes``, ``converter``, ``bounds``, ``slash``, ``method``, ``websocket``, ``host``, ``build only``,
        ``shadowed``, ``redirect_to``, ``defaults``, ``alias`` or ``error``.
    :ivar reason: the reason for people.
    :ivar nearness: how near it came, from 0 to 1.
    """

    rule: str
    endpoint: str
    methods: tuple[str, ...]
    where: str
    kind: str
    reason: str
    nearness: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """What routing makes of a request.

    :ivar host: the Host header.
    :ivar outcome: ``match``, or the status, such as ``404 Not Found``, with what belongs to it.
    :ivar rule: the rule that matches; None where none does.
    :ivar endpoint: where it leads, with *arguments* for the view at *where*; its *methods*.
    :ivar location: where a redirect leads; empty without one.
    :ivar others: all other rules, nearest first.
    """

    method: str
    path: str
    host: str
    outcome: str
    rule: str | None = None
    endpoint: str = ""
    arguments: dict[str, str] = field(default_factory=dict)
    methods: tuple[str, ...] = ()
    view: str = ""
    where: str = ""
    location: str = ""
    others: tuple[Other, ...] = ()

    @property
    def near(self) -> tuple[Other, ...]:
        """The other rules that are worth reading."""
        return tuple([other for other in self.others if other.nearness >= NEAR][:MAX_NEAR])

    @property
    def far(self) -> tuple[Other, ...]:
        """The rest of the other rules."""
        return self.others[len(self.near) :]


def why(app: Any, method: str, path: str, *, host: str | None = None, scheme: str = "http") -> Explanation:
    """Which rule answers a request, and why the others do not.

    :param path: as in ``PATH_INFO``: decoded, below the app's root, without a query.
    :param host: the Host header; by default ``SERVER_NAME``, else ``localhost``.
    :param scheme: ``ws`` and ``wss`` are handshakes of a WebSocket.
    """
    return why_request(app, request_for(app, method, path, host, scheme))


def why_request(app: Any, request: Any) -> Explanation:
    """What :func:`why` tells, of a request of the app's class."""
    return _explanation(app, request, match(app, request))


def why_trace(app: Any, trace: Trace) -> Explanation | None:
    """What routing makes of a request that was seen; None where its path or its host was redacted."""
    host = trace.environ.get("HTTP_HOST") or trace.environ.get("SERVER_NAME") or ""
    if redact.is_redacted(trace.path + host + trace.environ.get("SCRIPT_NAME", "")):
        return None
    request = request_for(app, trace.method, trace.path, host or None, trace.environ.get("wsgi.url_scheme", "http"))
    # Where the app is mounted, and whether the handshake of a WebSocket was asked for.
    request.environ.update({name: trace.environ[name] for name in _ALSO_ASKED if name in trace.environ})
    return why_request(app, app.request_class(request.environ))


def request_for(app: Any, method: str, path: str, host: str | None = None, scheme: str = "http") -> Any:
    """A request of the app's class, to be asked about and not to be answered; see :func:`why`."""
    host = host or app.config["SERVER_NAME"] or "localhost"
    environ = create_environ(method=method.upper())
    secure = scheme in ("https", "wss")
    environ["wsgi.url_scheme"] = "https" if secure else "http"
    name, port = host_and_port(host)
    environ |= {"HTTP_HOST": host, "SERVER_NAME": name, "SERVER_PORT": port or ("443" if secure else "80")}
    if scheme in ("ws", "wss"):
        environ |= {"HTTP_CONNECTION": "Upgrade", "HTTP_UPGRADE": "websocket"}
    environ["PATH_INFO"] = path.encode("utf-8", "replace").decode("latin-1")
    return app.request_class(environ)


def _explanation(app: Any, request: Any, found: Matching) -> Explanation:
    url_map = app.url_map if found.adapter is None else found.adapter.map
    reason_of = reasons(found)
    rules = [rule for rule in url_map.iter_rules() if rule is not found.rule]
    others = [_other(app, rule, reason_of(rule)) for rule in rules]
    common = {
        "method": request.method, "path": request.path, "host": request.environ.get("HTTP_HOST", ""),
        "outcome": _outcome(found), "others": tuple(sorted(others, key=lambda other: -other.nearness)),
        "location": redact.query(getattr(found.refused, "new_url", "")),
    }  # fmt: skip
    rule = found.rule
    if rule is None:
        return Explanation(**common)
    function = answer_of(app, rule, request.method)
    return Explanation(
        **common, rule=rule.rule, endpoint=str(rule.endpoint), methods=methods_of(rule),
        arguments={str(name): describe(value) for name, value in found.arguments.items()},
        view=name_of(function) if function is not None else "",
        where=where_of(function) if function is not None else "",
    )  # fmt: skip


def answer_of(app: Any, rule: Rule, method: str) -> Any:
    """The function that answers *method* where *rule* matches: the view, of a class-based one its method; or None."""
    if is_automatic(rule, method):
        return app.make_default_options_response
    view = app.view_functions.get(rule.endpoint)
    kind = getattr(view, "view_class", None)
    if kind is None:
        return unwrapped(view) if view is not None else None
    asked = getattr(kind, method.lower(), None) or (getattr(kind, "get", None) if method == "HEAD" else None)
    return asked or kind.dispatch_request


def is_automatic(rule: Rule, method: str) -> bool:
    """Whether OPTIONS is answered without a view."""
    return method == "OPTIONS" and bool(getattr(rule, "provide_automatic_options", False))


def _other(app: Any, rule: Rule, reason: Reason) -> Other:
    function = answer_of(app, rule, next((name for name in methods_of(rule) if name not in _COMMON), "GET"))
    where = where_of(function) if function is not None else ""
    text = f"{rule.host}{rule.rule}" if rule.host else rule.rule
    return Other(text, str(rule.endpoint), methods_of(rule), where, reason.kind, reason.sentence, reason.nearness)


def _outcome(found: Matching) -> str:
    error = found.refused
    if isinstance(error, RequestRedirect):
        return f"{error.code} {error.name} → {redact.query(error.new_url)}"
    if isinstance(error, MethodNotAllowed):
        return f"{error.code} {error.name}; allowed: {', '.join(sorted(error.valid_methods or ()))}"
    if isinstance(error, HTTPException):
        return f"{error.code} {error.name}"
    if error is not None:
        return f"{type(error).__name__}, raised while matching"
    return "match" if found.rule is not None else "the app has no URL adapter for this request"


# -- what would run ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Planned:
    """Something that would run.

    :ivar layer: the layer of :data:`wsgiapp.dispatch.LIFECYCLE`.
    :ivar kind: ``layer``, ``session``, ``preprocessor``, ``hook``, ``view``, ``raise``, ``handler`` or ``teardown``.
    :ivar name: what runs, dotted; *where* it stands, ``file:line``; a *note* on it.
    """

    layer: str
    kind: str
    name: str
    where: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What would run for a request, in the order of the road.

    :ivar outcome: as :attr:`Explanation.outcome`.
    """

    method: str
    path: str
    host: str
    outcome: str
    rule: str | None
    steps: tuple[Planned, ...]

    def of_kind(self, kind: str) -> list[Planned]:
        """The steps of one kind, such as ``hook``."""
        return [step for step in self.steps if step.kind == kind]


def explain(app: Any, method: str, path: str, *, host: str | None = None, scheme: str = "http") -> Plan:
    """What would run for a request. Nothing of it runs but the match; the arguments are those of :func:`why`."""
    request = request_for(app, method, path, host, scheme)
    found = match(app, request)
    rule = found.rule.rule if found.rule is not None else None
    steps = tuple(_Road(app, request.method, found).steps())
    return Plan(request.method, request.path, request.environ["HTTP_HOST"], _outcome(found), rule, steps)


class _Road:
    """The road of one request that is not sent."""

    def __init__(self, app: Any, method: str, found: Matching) -> None:
        self.app = app
        self.method = method
        self.found = found
        self.scopes = scopes_of(str(found.rule.endpoint) if found.rule is not None else None)
        #: Whether the request ends in the match, by something that is no HTTP error.
        self.crashed = found.refused is not None and not isinstance(found.refused, HTTPException)

    def steps(self) -> Iterator[Planned]:
        inside: dict[str, Callable[[], Iterator[Planned]]] = {
            "session": self._session, "before": self._before, "view": self._view, "errors": self._errors,
            "after": self._after, "save": self._save, "teardown": self._teardown,
        }  # fmt: skip
        for layer in LIFECYCLE:
            if self.crashed and layer.name in ("before", "view"):
                continue
            yield Planned(layer.name, "layer", layer.step, where_of(step_of(layer.step, self.app)), layer.does)
            if layer.name in inside:
                yield from inside[layer.name]()

    def _session(self) -> Iterator[Planned]:
        interface = self.app.session_interface
        late = "when the session is first touched" if getattr(interface, "lazy_open", False) else "at once"
        # The class's functions: while the X-ray watches, others stand before them on the instance.
        yield _planned("session", "session", type(interface).open_session, late)

    def _save(self) -> Iterator[Planned]:
        yield _planned("save", "session", type(self.app.session_interface).save_session, "if there is one to be saved")

    def _registered(self, layer: str, kind: str, registry: Any, scopes: Any, backwards: bool, note: str = "") -> Any:
        for scope in scopes:
            functions = registry.get(scope, ())
            whose = "of the app" if scope is None else f"of the blueprint {scope!r}"
            for function in reversed(functions) if backwards else functions:
                yield _planned(layer, kind, function, f"{whose}{note}")

    def _before(self) -> Iterator[Planned]:
        app, scopes = self.app, self.scopes[::-1]
        yield from self._registered("before", "preprocessor", app.url_value_preprocessors, scopes, False)
        note = "; may answer in the view's place"
        yield from self._registered("before", "hook", app.before_request_funcs, scopes, False, note)

    def _after(self) -> Iterator[Planned]:
        yield from self._registered("after", "hook", self.app.after_request_funcs, self.scopes, True)

    def _teardown(self) -> Iterator[Planned]:
        app = self.app
        yield from self._registered("teardown", "teardown", app.teardown_request_funcs, self.scopes, True)
        for function in reversed(app.teardown_appcontext_funcs):
            yield _planned("teardown", "teardown", function, "of the app's context")

    def _view(self) -> Iterator[Planned]:
        rule, error = self.found.rule, self.found.refused
        if rule is None:
            note = _outcome(self.found)
            yield Planned("view", "raise", name_of(type(error)) if error is not None else "AttributeError", "", note)
            return
        function = answer_of(self.app, rule, self.method)
        if function is None:
            yield Planned("view", "raise", "KeyError", "", f"no view function has the endpoint {rule.endpoint!r}")
            return
        values = [f"{name}={describe(value)}" for name, value in self.found.arguments.items()]
        called = f"called with {', '.join(values) or 'no argument'}"
        yield _planned("view", "view", function, "no view runs" if is_automatic(rule, self.method) else called)

    def _errors(self) -> Iterator[Planned]:
        """The handler of what the match raised; nobody knows what a view will raise."""
        error = self.found.refused
        if error is None or isinstance(error, RoutingException):
            return
        blueprints = [scope for scope in self.scopes if scope is not None]
        handler = self.app._find_error_handler(error, blueprints)
        if handler is not None:
            yield _planned("errors", "handler", handler, f"answers {type(error).__name__}")
        elif isinstance(error, HTTPException):
            note = f"no handler is registered for {type(error).__name__}: its own page answers"
            yield Planned("errors", "handler", name_of(type(error)), "", note)


def _planned(layer: str, kind: str, function: Any, note: str = "") -> Planned:
    return Planned(layer, kind, name_of(function), where_of(function), note)
