"""The program: what the app's functions need, and what runs them, put together as a linker does.

A name that nothing in the text defines is looked up among the stand-ins of ``program.jinja``, the gathered pieces and
the imports, until none is left.
"""

from __future__ import annotations

import builtins
import re
import sys
import textwrap
from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import RoutingException

from wsgiapp import errors, sessions, signals
from wsgiapp.app import _IN_FRAGMENT
from wsgiapp.dispatch import ROAD
from wsgiapp.json.provider import DefaultJSONProvider, _default
from wsgiapp.xray.places import name_of

from .gather import Gathering
from .routes import Route
from .templates import Templates
from .texts import ANYTHING, TwinError, answers, free_names, literal, quoted

_IMPORTS = {
    name: f"from {module} import {name}"
    for module, names in {
        "base64": "b64decode b64encode", "collections.abc": "Iterator Mapping", "contextvars": "ContextVar copy_context",
        "dataclasses": "asdict is_dataclass", "decimal": "Decimal",
        "email.utils": "parsedate_to_datetime", "types": "MappingProxyType SimpleNamespace", "urllib.parse": "quote", "uuid": "UUID",
        "itsdangerous": "BadData URLSafeTimedSerializer", "jinja2": "Environment FileSystemLoader",
        "markupsafe": "Markup", "werkzeug.datastructures": "CallbackDict Headers",
        "werkzeug.exceptions": "BadRequest HTTPException InternalServerError MethodNotAllowed abort",
        "werkzeug.http": "http_date", "werkzeug.local": "LocalProxy", "werkzeug.routing": "Map RoutingException Rule",
        "werkzeug.test": "create_environ run_wsgi_app",
    }.items() for name in names.split()
} | {name: f"import {name}" for name in ("json", "logging", "os", "re", "sys", "time", "traceback", "werkzeug")
} | {"dt": "import datetime as dt"}  # fmt: skip
_COOKIE = {"domain": None, "path": "/", "secure": False, "partitioned": False, "samesite": None, "httponly": False}
_LIMITS = {"MAX_CONTENT_LENGTH": None, "MAX_FORM_MEMORY_SIZE": 500_000, "MAX_FORM_PARTS": 1_000}
_URL_OPTIONS = {
    "_anchor": ("_anchor=None", ""), "_method": ("_method=None", "_method"),
    "_external": ("_external=False", "force_external=_external"), "_scheme": ("_scheme=None", "url_scheme=_scheme"),
}  # fmt: skip
_MATCHED = {"url_rule": "rule", "endpoint": "rule.endpoint", "view_args": "values"}
_SESSION = ("open_session", "save_session", "should_set_cookie", "session_class", "is_null_session", "digest_method")
_BELOW = ("templates", "urls", "handle", "answer", "respond", "finish", "application")
_DOES = {layer.name: layer.does for layer in ROAD}
# A secret of so many characters is looked for everywhere; a shorter one may be a part of any word.
_LONG = 8


@lru_cache(maxsize=1)
def _stand_ins() -> Any:
    environment = Environment(  # noqa: S701 - a program, not HTML; what comes from outside is a repr
        undefined=StrictUndefined, line_statement_prefix="#%", variable_start_string="<<", variable_end_string=">>",
        block_start_string="<%", block_end_string="%>",
    )  # fmt: skip
    environment.globals["says"] = says
    return environment.from_string(Path(__file__).with_name("program.jinja").read_text("utf-8"))


def says(layer: str) -> str:
    """The comment that names a layer and tells what it does."""
    return f"# {layer}: {_DOES[layer]}"


class Program:
    """The twin of one request. Its attributes are what ``program.jinja`` asks for.

    :param route: what routing makes of the request.
    :param given: the request, as the arguments of ``create_environ``.
    """

    def __init__(self, app: Any, route: Route, given: dict[str, Any]) -> None:
        self.app = app
        self.route = route
        self.given = given
        self.gathering = Gathering(app, frozenset(_stand_ins().blocks), frozenset({*_stand_ins().blocks, *_IMPORTS}))
        self.templates = Templates(self.gathering)
        self.left_out: list[str] = []
        scopes = route.scopes
        self._preprocessors = self._hooks("before", app.url_value_preprocessors, scopes[::-1])
        self._before = self._hooks("before", app.before_request_funcs, scopes[::-1])
        self._view = self._find_view()
        self.after = self._hooks("after", app.after_request_funcs, scopes, -1)
        self.teardown = self._hooks("teardown", app.teardown_request_funcs, scopes, -1)
        self.teardown += [self._define(one, "teardown") for one in app.teardown_appcontext_funcs[::-1]]
        self.handlers = [*self._find_handlers()]
        self.templates.read(scopes)
        if "url_for" in self.parts:
            self.url_defaults = [*self._find_url_defaults()]

    @property
    def parts(self) -> set[str]:
        """The parts of the framework that the app's code uses."""
        return self.gathering.parts

    # -- what runs ---------------------------------------------------------------------------------------------

    def _define(self, function: Any, layer: str, wanted: str = "") -> str:
        name = self.gathering.define(function, layer, wanted)
        self.gathering.pieces[name].layer = layer
        return name

    def _hooks(self, layer: str, registry: Any, scopes: Any, step: int = 1) -> list[str]:
        return [self._define(one, layer) for scope in scopes for one in registry.get(scope, [])[::step]]

    def _find_view(self) -> str:
        route = self.route
        if route.rule is None or route.is_automatic or route.static_folder is not None:
            return ""
        return self._define(self.app.view_functions[route.endpoint], "view", str(route.endpoint).rpartition(".")[2])

    def _find_handlers(self) -> Iterator[str]:
        """The error handlers by scope, as the items of dictionaries."""
        spec, refused = self.app.error_handler_spec, self.route.refused
        answering = None
        if refused is not None and not isinstance(refused, RoutingException) and not self._before:
            answering = errors.find_handler(spec, refused, self.route.blueprints)
            if answering is None:
                return
        for scope in self.route.scopes:
            items = []
            for code, handlers in spec.get(scope, {}).items():
                for kind, handler in handlers.items():
                    if handler is answering or (answering is None and not isinstance(refused, RoutingException)):
                        items += self._item(code, kind, handler, answering is not None)
            if items:
                yield ", ".join(items)

    def _item(self, code: int | None, kind: Any, handler: Any, needed: bool) -> list[str]:
        kept = {**self.gathering.pieces}, {**self.gathering.imports}
        try:
            return [f"({code}, {self.gathering.value(kind, kind.__name__)}): {self._define(handler, 'errors')}"]
        except TwinError as error:
            if needed:
                raise
            self.gathering.pieces, self.gathering.imports = kept
            self.left_out.append(f"The error handler {name_of(handler)} is left out: {error}")
            return []

    def _find_url_defaults(self) -> Iterator[str]:
        for scope, functions in self.app.url_default_functions.items():
            for function in functions:
                call = f"{self._define(function, 'view')}(endpoint, values)"
                yield call if scope is None else f'if endpoint.startswith({quoted(scope + ".")}): {call}'

    # -- what the stand-ins ask for: the road --------------------------------------------------------------------

    @cached_property
    def down(self) -> list[str]:
        """From the match to the view, line by line."""
        bind = f"urls.bind_to_environ(environ{''.join(f', {key}={quoted(text)}' for key, text in self.route.binding.items())})"
        lines = []
        if "url_for" in self.parts or self.route.is_automatic:
            owner = "adapter" if self.route.is_automatic else "current.get().adapter"
            lines, bind = [f"{owner} = {bind}"], owner
        wanted = [f"request.{name} = {text}" for name, text in _MATCHED.items() if name in self.gathering.attributes]
        names = self.route.blueprints
        for name, value in (("blueprints", names), ("blueprint", names[0] if names else None)):
            wanted += [f"request.{name} = {literal(value)}"] if name in self.gathering.attributes else []
        if self.route.refused is not None:
            unmatched = [line.partition(" = ")[0] + " = " + ("[]" if "blueprints" in line else "None") for line in wanted]
            return [*lines, *unmatched, *self._hook_lines(), *self._refusal(bind)]
        matching = [f"rule, values = {bind}.match(return_rule=True)"]
        return [*lines, *matching, *wanted, *self._hook_lines(), says("view"), *self._answer(bind)]

    def _refusal(self, bind: str) -> Iterator[str]:
        if not isinstance(self.route.refused, MethodNotAllowed):
            yield f"{bind}.match()"
            return
        yield from ("try:", f"    {bind}.match()", "except MethodNotAllowed as error:",
                    "    # Werkzeug has them in a set, in an order that no two processes share; this is the app's",
                    f"    error.valid_methods.sort(key={self.route.allowed!r}.index)", "    raise")  # fmt: skip

    def _hook_lines(self) -> Iterator[str]:
        matched = "rule.endpoint, values" if self.route.rule is not None else "None, None"
        if self._preprocessors or self._before:
            yield says("before")
        for name in self._preprocessors:
            yield f"{name}({matched})"
        for name in self._before:
            yield from (f"early = {name}()", "if early is not None:", "    return early")

    def _answer(self, bind: str) -> Iterator[str]:
        folder = self.route.static_folder
        if self.route.is_automatic:
            yield "response = Response()"
            yield f"response.allow.update(sorted({bind}.allowed_methods(), key={self.route.allowed!r}.index))"
            yield "return response"
        elif folder is not None:
            options = f"**{{{self.file_options.rstrip(', ')}}}, " if self.file_options else ""
            yield (f'return werkzeug.utils.send_from_directory({quoted(folder)}, values["filename"], environ,'
                   f" {options}response_class=Response)")  # fmt: skip
        else:
            yield f"return {self._view}(**values)"

    @cached_property
    def kinds(self) -> frozenset[str]:
        """What ``respond`` has to tell apart; see ``texts.answers``."""
        pieces = {name: piece for name, piece in self.gathering.pieces.items() if piece.source is not None}
        found: frozenset[str] = frozenset()
        for name, piece in pieces.items():
            if piece.layer in ("view", "errors") or name in self._before:
                assert piece.source is not None
                told = answers(piece.source) if not piece.text.startswith("@") else ANYTHING
                found |= told - {"none"} if name in self._before else told
        if "none" in found or self.route.is_automatic or self.route.static_folder or "make_response" in self.parts:
            return ANYTHING
        return found

    @property
    def saves(self) -> bool:
        """Whether the session may have to be saved."""
        prolongs = self.refreshes and self._interface is not None and bool(self._arrived.get("_permanent"))
        return ("session" in self._used or prolongs) and bool(self.app.secret_key)

    @property
    def _used(self) -> set[str]:
        flashes = {"session"} if {"flash", "get_flashed_messages"} & self.parts else set()
        return self.parts | flashes

    @property
    def finish(self) -> str:
        """What makes a finished response of an answer."""
        return "finish" if self.after or self.saves or "after_this_request" in self.parts else "respond"

    @property
    def propagates(self) -> bool:
        """Whether an error that nobody handles leaves the app."""
        return bool(self.app._propagates())

    @property
    def context(self) -> str:
        """What is current, as arguments; empty where nothing asks for it."""
        proxies = {"request", "g", "url_for", "after_this_request", "make_response", "send_file", "send_from_directory",
                   "has_request_context", "stream_template"}  # fmt: skip
        if not (proxies & self.parts or "session" in self._used or self.saves or self.teardown):
            return ""
        items = ["request=Request(environ)"]
        items += ["g=Globals()"] if "g" in self.parts else []
        items += ["after=[]"] if "after_this_request" in self.parts else []
        return ", ".join(items)

    # -- what the stand-ins ask for: request and response --------------------------------------------------------

    @property
    def _own_request(self) -> bool:
        return bool(self.limits or self.reads_json)

    @cached_property
    def limits(self) -> list[tuple[str, Any]]:
        """The limits of a body that are not Werkzeug's own."""
        config = self.app.config
        return [(key.lower(), config[key]) for key, usual in _LIMITS.items() if config[key] != usual]

    @property
    def reads_json(self) -> bool:
        """Whether the body is read as JSON."""
        return bool({"json", "get_json"} & self.gathering.attributes) and "request" in self.parts and not self.app.debug

    @property
    def file_options(self) -> str:
        """The app's settings for files, as the beginning of a dictionary."""
        age = self.app.config["SEND_FILE_MAX_AGE_DEFAULT"]
        age = int(age.total_seconds()) if hasattr(age, "total_seconds") else age
        given = {"_root_path": self.app.root_path, "max_age": age, "use_x_sendfile": self.app.config["USE_X_SENDFILE"]}
        if self.route.static_folder is not None:
            del given["_root_path"]
        return "".join(f'"{name}": {literal(value)}, ' for name, value in given.items() if value not in (None, False))

    @cached_property
    def _provider(self) -> DefaultJSONProvider:
        provider: Any = self.app.json
        own = [name for name in ("dumps", "loads", "response") if getattr(type(provider), name, None)
               is not getattr(DefaultJSONProvider, name)]  # fmt: skip
        if own or provider.default is not _default:
            what = f"the JSON provider {type(provider).__name__}"
            raise TwinError(f"The app has {what}, with a {[*own, 'default'][0]!r} of its own", "", "Use the stock one.")
        return provider  # type: ignore[no-any-return]  # an app may have any; this one was looked at

    @property
    def json_options(self) -> str:
        """How JSON is written, as arguments."""
        ascii_only = "" if self._provider.ensure_ascii else ", ensure_ascii=False"
        return f"sort_keys={self._provider.sort_keys!r}{ascii_only}"

    @property
    def json_layout(self) -> str:
        """How a JSON response is spaced, as an argument."""
        compact = not self.app.debug if self._provider.compact is None else self._provider.compact
        return 'separators=(",", ":")' if compact else "indent=2"

    @property
    def json_mimetype(self) -> str:
        """The media type of a JSON response."""
        return quoted(self._provider.mimetype)

    # -- what the stand-ins ask for: session, URLs, templates, app -----------------------------------------------

    @cached_property
    def _interface(self) -> Any:
        interface, stock = self.app.session_interface, sessions.SecureCookieSessionInterface
        own = [name for name in _SESSION if getattr(type(interface), name, None) is not getattr(stock, name)]
        if own or interface.serializer is not stock.serializer:
            raise TwinError(f"Sessions are kept by {type(interface).__name__}, not in a signed cookie as usual", "",
                            "Ask for a twin of a route that does without a session.")  # fmt: skip
        return interface

    @cached_property
    def _arrived(self) -> dict[str, Any]:
        request = self.app.request_class({**self.route.environ})
        name = self._interface.get_cookie_name(self.app)
        if len(request.cookies.getlist(name)) > 1:
            raise TwinError(f"The request has several cookies named {name!r}", "", "Send one.")
        return dict(type(self._interface).open_session(self._interface, self.app, request) or {})

    @property
    def keys(self) -> str:
        """The secret keys, as an expression that reads the environment."""
        key = self.gathering.secret("SECRET_KEY")
        older = len(self.app.config["SECRET_KEY_FALLBACKS"] or ())
        names = [f"SECRET_KEY_{number}" for number in range(1, older + 1)]
        return f"[{', '.join([*map(self.gathering.secret, names), key])}]" if older else key

    @property
    def salt(self) -> str:
        """The salt of the signature."""
        return quoted(self._interface.salt)

    @property
    def key_derivation(self) -> str:
        """How the key is derived."""
        return quoted(self._interface.key_derivation)

    @property
    def cookie_name(self) -> str:
        """The cookie's name."""
        return quoted(self._interface.get_cookie_name(self.app))

    @property
    def cookie_options(self) -> str:
        """The cookie's attributes that are not Werkzeug's own, as arguments."""
        given = self._interface._attributes(self.app)
        return "".join(f", {name}={literal(given[name])}" for name, usual in _COOKIE.items() if given[name] != usual)

    @property
    def lifetime(self) -> int:
        """For how many seconds a cookie holds."""
        return int(self.app.permanent_session_lifetime.total_seconds())

    @property
    def refreshes(self) -> bool:
        """Whether a permanent session is prolonged by each request that brings it."""
        return bool(self.app.config["SESSION_REFRESH_EACH_REQUEST"])

    @property
    def _built(self) -> set[str | None]:
        """The endpoints that URLs are built for; None for who knows which."""
        found: set[str | None] = {*self.templates.endpoints}
        for use in self.gathering.uses:
            if use.part == "url_for":
                found.add(getattr(use.call.args[0], "value", None) if use.call is not None and use.call.args else None)
        return {f"{self.relative_to}{name}".removeprefix(".") if name and name.startswith(".") else name for name in found}

    @property
    def relative_to(self) -> str:
        """The blueprint that endpoints with a dot in front belong to."""
        return self.route.blueprints[0] if self.route.blueprints else ""

    @property
    def relative(self) -> str:
        """The full name of an endpoint with a dot in front, as an expression."""
        return f"{quoted(self.relative_to)} + endpoint" if self.relative_to else "endpoint[1:]"

    @cached_property
    def _options(self) -> list[str]:
        calls = [use.call for use in self.gathering.uses if use.part == "url_for"]
        keywords = {one.arg for call in calls for one in call.keywords} if all(calls) else {None}
        keywords |= self.templates.keywords
        return [name for name in _URL_OPTIONS if name in keywords or None in keywords]

    @property
    def url_parameters(self) -> str:
        """The parameters of ``url_for`` that this program uses."""
        return "".join([", *", *(f", {_URL_OPTIONS[name][0]}" for name in self._options)]) if self._options else ""

    @property
    def url_arguments(self) -> str:
        """What ``url_for`` hands on of them."""
        external = ["force_external=_external or _scheme is not None"] if "_scheme" in self._options else []
        texts = [_URL_OPTIONS[name][1] for name in self._options if name != "_anchor" and not (external and name == "_external")]
        return "".join(f", {text}" for text in [*texts, *external])

    @property
    def fragment(self) -> str:
        """The characters that may stand in a fragment as they are."""
        return quoted(_IN_FRAGMENT)

    @property
    def map(self) -> str:
        """The map of the URLs, as an expression."""
        return self.route.map_text(self._built if "url_for" in self.parts else (), self.gathering)

    @property
    def environment(self) -> list[str]:
        """The arguments of Jinja's environment."""
        return [*self.templates.arguments()]

    @property
    def extras(self) -> list[tuple[str, str, str]]:
        """What is added to it."""
        return self.templates.lines()

    @property
    def template_context(self) -> str:
        """The context of a template: what the processors give, then what the view gives."""
        return "".join(["{", *(f"**{name}(), " for name in self.templates.processors), "**context}"])

    @property
    def config(self) -> str:
        """The configuration that is read, as items of a dictionary."""
        return ", ".join(f"{quoted(key)}: {text}" for key, text in self.gathering.config.items())

    @property
    def app_items(self) -> dict[str, str]:
        """What is read of the app, as arguments."""
        known = {"config": "config", "logger": f"logging.getLogger({quoted(self.app.name)})",
                 "secret_key": 'os.environ["SECRET_KEY"]'}  # fmt: skip
        for name in ("debug", "import_name", "name", "root_path", "testing"):
            known[name] = literal(getattr(self.app, name))
        return {name: text for name, text in known.items() if name in self.gathering.attributes}

    # -- the text ------------------------------------------------------------------------------------------------

    def source(self) -> str:
        """The whole program.

        :raises TwinError: when a secret would stand in it.
        """
        main = self._main()
        texts, imports = self._link(main)
        own = {name: piece for name, piece in self.gathering.pieces.items() if name in texts}
        above = [name for name in _stand_ins().blocks if name in texts and name not in own and name not in _BELOW]
        below = [name for name in _BELOW if name in texts and name not in own]
        blocks = [*(texts[name] for name in above), *map(self._own, own), *(texts[name] for name in below), main]
        source = f"{self._head()}\n{_imported(imports)}{_spaced(blocks)}\n"
        for key in self.gathering.keys:
            if (len(key) >= _LONG and key in source) or quoted(key) in source or repr(key) in source:
                raise TwinError("The secret key would stand in the program: the code or the request holds it", "",
                                "Read it from the configuration, as in current_app.config['SECRET_KEY'].")  # fmt: skip
        return source

    def _link(self, main: str) -> tuple[dict[str, str], set[str]]:
        """The texts that *main* needs by the names that they define, and the lines of the imports."""
        gathering, blocks = self.gathering, _stand_ins().blocks
        texts: dict[str, str] = {}
        imports: dict[str, str] = {}
        waiting = [(main, False)]
        while waiting:
            text, is_own = waiting.pop()
            for name in free_names(text):
                line = gathering.imports.get(name, "")
                line = line if is_own else _IMPORTS.get(name, line)
                if name == "Request" and not self._own_request:
                    line = "from werkzeug.wrappers import Request"
                if line and imports.setdefault(name, line) == line and (is_own or name not in gathering.pieces):
                    continue
                if line:
                    raise TwinError(f"The program needs the name {name!r} for another thing", "", "Rename the app's.")
                if name not in texts and (name in gathering.pieces or name in blocks):
                    texts[name] = gathering.pieces[name].text if name in gathering.pieces else self._stand_in(name)
                    waiting.append((texts[name], name in gathering.pieces))
        return texts, {*imports.values()}

    def _stand_in(self, name: str) -> str:
        if name == "session" and not self.app.secret_key:
            return "session = MappingProxyType({})  # no secret key: nothing to read, and no way to write"
        template = _stand_ins()
        return "".join(template.blocks[name](template.new_context({"f": self}))).strip("\n")

    def _own(self, name: str) -> str:
        piece = self.gathering.pieces[name]
        where = piece.source.where if piece.source is not None else ""
        return f"# {f'{piece.layer}: ' if piece.layer else ''}{where}\n{piece.text}" if where else piece.text

    def _main(self) -> str:
        given = dict(self.given)
        if {"remote_addr", "access_route", "environ"} & self.gathering.attributes:
            given["environ_base"] = {"REMOTE_ADDR": "127.0.0.1"}
        arguments = [quoted(given.pop("path")), *(f"{name}={literal(value)}" for name, value in given.items())]
        return textwrap.dedent(f"""\
            if __name__ == "__main__":
                environ = create_environ({", ".join(arguments)})
                body, status, headers = run_wsgi_app(application, environ, buffered=True)
                head = "".join(f"{{name}}: {{value}}\\r\\n" for name, value in headers)
                sys.stdout.buffer.write(f"HTTP/1.1 {{status}}\\r\\n{{head}}\\r\\n".encode("latin-1") + b"".join(body))""")

    def _head(self) -> str:
        asked = f"{self.given.get('method', 'GET')} {self.given['path']!r} of the app {self.app.name!r}"
        lines = [f"{asked}, on Werkzeug alone; written by `wsgiapp twin`.",
                 "Run it, and it prints the answer; a WSGI server can serve its `application`."]  # fmt: skip
        for note in self.notes():
            lines += textwrap.wrap(note, 116, initial_indent="- ", subsequent_indent="  ")
        return "".join(f"# {line.encode('unicode_escape').decode()}\n" for line in lines)

    def notes(self) -> list[str]:
        """What the program leaves out, needs or cannot know."""
        notes = ["Of the app's rules only those stand here that this request needs."]
        if self.gathering.environment:
            notes.append(f"Set in the environment, as the app has it: {', '.join(sorted(self.gathering.environment))}.")
        notes += self.left_out
        if self.app.debug:
            notes.append("The app is in debug mode, whose own messages are left out.")
        if any(getattr(signal, "receivers", None) for signal in vars(signals).values()):
            notes.append("Signals are left out; the app has receivers for some.")
        if self.app.url_build_error_handlers and "url_for" in self.parts:
            notes.append("A URL that cannot be built is an error here: url_build_error_handlers are left out.")
        if any(piece.source is None for piece in self.gathering.pieces.values()):
            notes.append("The values of variables are those of the moment when this was written.")
        if any(name.lower() in ("cookie", "authorization") for name, _ in self.given.get("headers", ())):
            notes.append("The request's cookies or credentials stand below: keep the program to yourself.")
        return notes


def _imported(lines: set[str]) -> str:
    own = {line for line in lines if line.split()[1].partition(".")[0] in sys.stdlib_module_names}
    members: dict[str, list[str]] = {}
    for line in lines:
        head, _, names = line.partition(" import ")
        members.setdefault(head, []).append(names)
    merged = {head: f"{head} import {', '.join(sorted(names))}" if names != [""] else head for head, names in members.items()}
    groups = [sorted({merged[line.partition(" import ")[0]] for line in group}) for group in (own, lines - own)]
    return "\n\n".join("\n".join(sorted(group, key=lambda line: (line.startswith("from"), line))) for group in groups if group)


def _spaced(blocks: list[str]) -> str:
    """The blocks, two lines apart where one of them defines something."""
    defines = [re.search(r"^(def|class|if|@)", text, re.MULTILINE) is not None for text in ["", *blocks]]
    return "".join(("\n\n\n" if any(pair) else "\n\n") + text for text, pair in zip(blocks, pairwise(defines), strict=True))
