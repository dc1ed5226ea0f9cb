"""Facts: what the stand-ins in ``program.jinja`` are told about an app, each found out when it is asked for."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from wsgiapp import sessions
from wsgiapp.app import _IN_FRAGMENT
from wsgiapp.json.provider import DefaultJSONProvider, _default

from .gather import Gathering, Use
from .match import Matched, map_text
from .reading import EVERYTHING, first_argument, may_be_bodiless, sends_only_plain, stores_only_plain
from .road import Road
from .templates import Templates
from .values import TwinError, literal, quoted

_LIMITS = {"MAX_CONTENT_LENGTH": None, "MAX_FORM_MEMORY_SIZE": 500_000, "MAX_FORM_PARTS": 1_000}
_COOKIE_DEFAULTS = {"domain": None, "path": "/", "secure": False, "partitioned": False, "samesite": None,
                    "httponly": False}  # fmt: skip
_URL_OPTIONS = {
    "_anchor": ("_anchor=None", ""),
    "_method": ("_method=None", "_method"),
    "_external": ("_external=False", "force_external=_external"),
    "_scheme": ("_scheme=None", "url_scheme=_scheme"),
}
_INTERFACE = ("open_session", "save_session", "should_set_cookie", "session_class", "is_null_session")


class Facts:
    """What the stand-ins need to know.

    :param given: the request, as the arguments of ``create_environ``.
    """

    def __init__(
        self, gathering: Gathering, matched: Matched, road: Road, templates: Templates, given: dict[str, Any]
    ) -> None:
        self.app = gathering.app
        self.gathering = gathering
        self.matched = matched
        self.road = road
        self.templates = templates
        self.given = given
        #: Names whose values are what JSON has: arguments of the view that are text or numbers.
        self.plain = frozenset(name for name, value in matched.values.items() if type(value) in (str, int, float))

    def _uses(self, part: str) -> list[Use]:
        return [use for use in self.gathering.uses if use.part == part]

    def _attributes(self, part: str) -> set[str]:
        """The attributes of a part that code and templates read."""
        found = {attribute[0] for use in self._uses(part) if (attribute := use.attribute()) is not None}
        return found | {name for owner, name in self.templates.attributes if owner == part}

    # -- request and response ----------------------------------------------------------------------------------

    @cached_property
    def limits(self) -> list[tuple[str, Any]]:
        """The limits of a body that are not Werkzeug's own; none where there is no body."""
        config = self.app.config
        own = [(name.lower(), config[name]) for name, usual in _LIMITS.items() if config[name] != usual]
        return own if self.given.get("data") else []

    @cached_property
    def bad_json(self) -> bool:
        """Whether the body is asked for as JSON and is none."""
        if not {"json", "get_json"} & self._attributes("request"):
            return False
        try:
            json.loads(self.given.get("data", b""))
        except ValueError:
            return not self.app.debug
        return False

    @cached_property
    def bodiless(self) -> bool:
        """Whether there may be a response without a body, and so without a type."""
        return any(map(may_be_bodiless, self.gathering.definitions.values()))

    @cached_property
    def matched_attributes(self) -> list[str]:
        """The statements that tell the request what it matched, as far as anybody asks."""
        rule, blueprints = self.matched.rule, self.matched.blueprints
        values = {
            "url_rule": "rule" if rule else "None", "endpoint": "rule.endpoint" if rule else "None",
            "view_args": "values" if rule else "None", "blueprints": literal(blueprints, repr),
            "blueprint": literal(blueprints[0] if blueprints else None, repr),
        }  # fmt: skip
        asked = self._attributes("request")
        return [f"context.request.{name} = {value}" for name, value in values.items() if name in asked]

    @cached_property
    def asks_for_peer(self) -> bool:
        """Whether anybody asks who sent the request."""
        return bool({"remote_addr", "access_route", "environ"} & self._attributes("request"))

    @cached_property
    def g_methods(self) -> set[str]:
        """What ``g`` is asked for besides attributes."""
        found = self._attributes("g") & {"get", "pop", "setdefault"}
        compared = any(isinstance(use.parent, ast.Compare) for use in self._uses("g"))
        return found | ({"in"} if compared or "g" in self.templates.compared else set())

    @cached_property
    def kinds(self) -> set[str]:
        """What the program's ``respond`` has to tell apart."""
        return {*EVERYTHING} if "make_response" in self.gathering.used else self.road.kinds

    @cached_property
    def file_options(self) -> str:
        """The app's settings for files, as the beginning of a dictionary."""
        age = self.app.config["SEND_FILE_MAX_AGE_DEFAULT"]
        age = int(age.total_seconds()) if hasattr(age, "total_seconds") else age
        given = {"_root_path": self.app.root_path, "max_age": age, "use_x_sendfile": self.app.config["USE_X_SENDFILE"]}
        return "".join(f'"{name}": {literal(value, repr)}, ' for name, value in given.items() if value not in (None, False))

    @cached_property
    def logger_name(self) -> str:
        """The name of the app's logger."""
        return quoted(self.app.name)

    # -- JSON --------------------------------------------------------------------------------------------------

    @cached_property
    def _provider(self) -> DefaultJSONProvider:
        provider = self.app.json
        for name in ("dumps", "loads", "response", "_prepare_response_obj"):
            if getattr(type(provider), name, None) is not getattr(DefaultJSONProvider, name):
                raise TwinError(f"The app's JSON provider, {type(provider).__name__}, has a {name!r} of its own. Set"
                                " its attributes (sort_keys, default, ...) instead.")  # fmt: skip
        return provider  # type: ignore[no-any-return]  # an app may have any; this one was looked at

    @cached_property
    def json_items(self) -> str:
        """How JSON is written, as items of a dictionary."""
        ascii_only = "" if self._provider.ensure_ascii else ', "ensure_ascii": False'
        return f'"sort_keys": {self._provider.sort_keys!r}{ascii_only}'

    @cached_property
    def json_options(self) -> str:
        """How JSON is written, as arguments."""
        ascii_only = "" if self._provider.ensure_ascii else ", ensure_ascii=False"
        return f"sort_keys={self._provider.sort_keys!r}{ascii_only}"

    @cached_property
    def json_layout(self) -> str:
        """How a JSON response is spaced, as an argument."""
        compact = not self.app.debug if self._provider.compact is None else self._provider.compact
        return ', separators=(",", ":")' if compact else ", indent=2"

    @cached_property
    def json_mimetype(self) -> str:
        """The media type of a JSON response."""
        return quoted(self._provider.mimetype)

    @cached_property
    def json_default(self) -> str:
        """The function for values that JSON lacks; empty where there are surely none."""
        if self._provider.default is not _default:
            return self.gathering.stand_in(self._provider.default)
        answering = [definition for definition in self.gathering.definitions.values()
                     if definition.name in self.road.layers and self.road.layers[definition.name] in _ANSWERING]  # fmt: skip
        known = self.plain | ({"session"} if "session" in self.gathering.used and not self.tagged else set())
        plain = all(sends_only_plain(one, self.gathering, known) for one in answering)
        return "" if plain else "to_json"

    # -- session -----------------------------------------------------------------------------------------------

    @cached_property
    def _interface(self) -> Any:
        interface, stock = self.app.session_interface, sessions.SecureCookieSessionInterface
        own = [name for name in _INTERFACE if getattr(type(interface), name, None) is not getattr(stock, name)]
        if own or interface.digest_method is not sessions._lazy_sha1:
            what = own[0] if own else "digest_method"
            raise TwinError(f"Sessions are kept by {type(interface).__name__}, which has a {what!r} of its own; only"
                            " signed cookies, as wsgiapp keeps them, can be written out.")  # fmt: skip
        return interface

    @cached_property
    def signing(self) -> Any:
        """What signs the cookie; None where the app has no key."""
        return self._interface.get_signing_serializer(self.app)

    @cached_property
    def arrived(self) -> dict[str, Any]:
        """What is in the session cookie that comes with the request; empty where none does, or none that holds."""
        name = self._interface.get_cookie_name(self.app)
        request = self.app.request_class({**self.matched.environ})
        sent = request.cookies.getlist(name)
        if len(sent) > 1:
            raise TwinError(f"The request has {len(sent)} cookies named {name!r}: send one.")
        opened = type(self._interface).open_session(self._interface, self.app, request) if sent else None
        return dict(opened or {})

    @cached_property
    def keys(self) -> str:
        """The key, or the keys, as an expression that reads the environment."""
        key = 'os.environ["SECRET_KEY"]'
        if not self.app.config["SECRET_KEY_FALLBACKS"] or "HTTP_COOKIE" not in self.matched.environ:
            return key
        self.gathering.environment.add("SECRET_KEY_FALLBACKS")
        return f'[*json.loads(os.environ.get("SECRET_KEY_FALLBACKS", "[]")), {key}]'

    @cached_property
    def salt(self) -> str:
        """The salt of the signature."""
        return quoted(self._interface.salt)

    @cached_property
    def key_derivation(self) -> str:
        """How the key is derived."""
        return quoted(self._interface.key_derivation)

    @cached_property
    def cookie_name(self) -> str:
        """The cookie's name."""
        return quoted(self._interface.get_cookie_name(self.app))

    @cached_property
    def cookie_options(self) -> str:
        """The cookie's attributes that are not Werkzeug's own, as arguments."""
        given = sessions.SecureCookieSessionInterface._attributes(self._interface, self.app)
        return "".join(f", {name}={literal(given[name], repr)}" for name, usual in _COOKIE_DEFAULTS.items() if given[name] != usual)

    @cached_property
    def lifetime(self) -> int:
        """For how many seconds a cookie holds."""
        return int(self.app.permanent_session_lifetime.total_seconds())

    @cached_property
    def refresh(self) -> bool:
        """Whether a permanent session is prolonged by each request."""
        return bool(self.app.config["SESSION_REFRESH_EACH_REQUEST"])

    @cached_property
    def permanent(self) -> bool:
        """Whether a session may be permanent."""
        return "permanent" in self._attributes("session") or bool(self.arrived.get("_permanent"))

    @cached_property
    def session_is_foreign(self) -> bool:
        """Whether sessions are kept in a way that cannot be written out."""
        try:
            return self._interface is None
        except TwinError:
            return True

    @cached_property
    def prolongs(self) -> bool:
        """Whether a session that nobody touches has to be sent again."""
        if "HTTP_COOKIE" not in self.matched.environ or not self.app.secret_key or self.session_is_foreign:
            return False
        return self.refresh and bool(self.arrived.get("_permanent"))

    @cached_property
    def tagged(self) -> bool:
        """Whether the session may hold what JSON lacks."""
        plain = all(stores_only_plain(use, self.plain) for use in self._uses("session"))
        flashes = {"flash", "get_flashed_messages"} & self.gathering.used
        return bool(flashes) or not plain or _needs_tags(self.arrived)

    # -- URLs --------------------------------------------------------------------------------------------------

    @cached_property
    def _url_keywords(self) -> list[str]:
        given = set(self.templates.keywords)
        for use in self._uses("url_for"):
            call = use.call()
            given |= {keyword.arg or "" for keyword in call.keywords} if call is not None else {""}
        return [name for name in _URL_OPTIONS if name in given or "" in given]

    @cached_property
    def url_parameters(self) -> str:
        """The parameters of ``url_for`` beyond the endpoint and the values."""
        return "".join(f", {_URL_OPTIONS[name][0]}" for name in self._url_keywords)

    @cached_property
    def url_arguments(self) -> str:
        """What ``url_for`` hands on."""
        given = [_URL_OPTIONS[name][1] for name in ("_method", "_external", "_scheme") if name in self._url_keywords]
        if "_scheme" in self._url_keywords:
            external = "_external or " if "_external" in self._url_keywords else ""
            given = [one for one in given if not one.startswith("force")]
            given.insert(len(given) - 1, f"force_external={external}_scheme is not None")
        return "".join(f", {one}" for one in given)

    @cached_property
    def fragment(self) -> str:
        """What a fragment may hold unquoted."""
        return repr(_IN_FRAGMENT)

    @cached_property
    def endpoints(self) -> set[str] | None:
        """What URLs are built for; None where it cannot be told."""
        found: set[str | None] = set(self.templates.endpoints)
        for use in self._uses("url_for"):
            first = first_argument(use)
            found.add(str(first.value) if isinstance(first, ast.Constant) else None)
        names = {name for name in found if name is not None}
        return names if None not in found else None

    @cached_property
    def relative(self) -> str:
        """The endpoint that a name with a dot in front stands for, as an expression; empty where there is none."""
        if self.endpoints is not None and not any(name.startswith(".") for name in self.endpoints):
            return ""
        return f"{quoted(self.matched.blueprints[0])} + endpoint" if self.matched.blueprints else "endpoint[1:]"

    @cached_property
    def url_defaults(self) -> list[str]:
        """The statements that add to the values of a URL."""
        statements = []
        for scope, functions in self.app.url_default_functions.items():
            for function in functions:
                call = f"{self.gathering.stand_in(function)}(endpoint, values)"
                statements.append((scope or "", call))
        inner = [f"if endpoint.startswith({quoted(scope + '.')}):\n        {call}" for scope, call in sorted(statements) if scope]
        return [call for scope, call in statements if not scope] + inner

    @cached_property
    def hostile_location(self) -> bool:
        """Whether a redirect may lead to what a visitor chose."""
        for use in self._uses("redirect"):
            first: Any = first_argument(use)
            if not isinstance(first, ast.Constant) and use.piece.parts.get(getattr(first, "func", None)) != "url_for":
                return True
        return False

    @cached_property
    def rules(self) -> list[tuple[Any, bool]]:
        """The rules that stand in the program, each with whether URLs are built by it and nothing else."""
        own = self.matched.rules()
        wanted = self.endpoints if "url_for" in self.gathering.used else set()
        blueprint = self.matched.blueprints[0] if self.matched.blueprints else ""
        names = {f"{blueprint}{name}".removeprefix(".") if name[:1] == "." else name for name in wanted or ()}
        others = [rule for rule in self.app.url_map.iter_rules() if wanted is None or rule.endpoint in names]
        return [(rule, False) for rule in own] + [(rule, True) for rule in others if rule not in own]

    @cached_property
    def map(self) -> str:
        """The map of rules as an expression."""
        return map_text(self.app, self.rules, self.gathering.stand_in)

    @cached_property
    def rules_note(self) -> str:
        """Which rules stand there, in a few words."""
        count = len([*self.app.url_map.iter_rules()])
        matching = sum(not build_only for _, build_only in self.rules)
        note = f"{matching} of the app's {count} rules" if matching else f"none of the app's {count} rules meets the path"
        return note + (", and those that URLs are built by" if matching < len(self.rules) else "")

    # -- templates ---------------------------------------------------------------------------------------------

    @cached_property
    def environment(self) -> list[str]:
        """The arguments of the Jinja2 environment."""
        return [argument.replace("\n", "\n    ") if "DictLoader" not in argument else argument
                for argument in self.templates.arguments()]  # fmt: skip

    @cached_property
    def extras(self) -> Iterator[tuple[str, str, str]]:
        """The filters, tests and globals of the templates."""
        found = self.templates
        entries = [("filters", found.filters), ("tests", found.tests), ("globals", found.globals)]
        listed = [(kind, quoted(name), value) for kind, names in entries for name, value in names.items()]
        return iter([*listed, *([("policies", quoted("json.dumps_function"), "dumps")] if found.tojson else [])])

    @cached_property
    def get_template(self) -> str:
        """The method that finds a template."""
        uses = [*self._uses("render_template"), *self._uses("stream_template")]
        named = all(isinstance(first_argument(use), ast.Constant) for use in uses)
        return "get_template" if named else "get_or_select_template"

    #: The context processors, by their names in the program.
    processors: tuple[str, ...] = ()

    @cached_property
    def template_context(self) -> str:
        """The variables of a template."""
        if not self.processors:
            return "context"
        return "{" + ", ".join([*(f"**{name}()" for name in self.processors), "**context"]) + "}"

    @cached_property
    def config(self) -> list[tuple[str, str]]:
        """The settings that are read, as keys and expressions."""
        return [*self.gathering.config_items()]


_ANSWERING = frozenset({"before", "view", "errors"})


def _needs_tags(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_needs_tags, value.values()))
    if isinstance(value, list):
        return any(map(_needs_tags, value))
    return isinstance(value, (tuple, bytes, UUID, datetime)) or hasattr(value, "__html__")
