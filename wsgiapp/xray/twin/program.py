"""The program: what the app's functions need, and what runs them, put together as a linker does.

A name that nothing in the text defines is looked up among the stand-ins of ``program.jinja``, the gathered pieces and
the imports, until none is left.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from functools import cached_property, lru_cache
from inspect import signature
from itertools import pairwise
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.exceptions import MethodNotAllowed

from wsgiapp import sessions, signals
from wsgiapp.app import _ESCAPED, _IN_FRAGMENT
from wsgiapp.dispatch import LIFECYCLE
from wsgiapp.json.provider import DefaultJSONProvider
from wsgiapp.wrappers import split_blueprints

from .gather import APP, Gathering
from .road import Road, Route
from .texts import ANYTHING, TwinError, answers, free_names, literal, quoted

_IMPORTS = {
    name: f"from {module} import {name}"
    for module, names in {
        "base64": "b64decode b64encode", "collections.abc": "Iterator Mapping", "dataclasses": "asdict is_dataclass",
        "contextvars": "ContextVar copy_context", "decimal": "Decimal", "email.utils": "parsedate_to_datetime",
        "types": "MappingProxyType SimpleNamespace", "urllib.parse": "quote", "uuid": "UUID",
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
# Parts of the framework that need to know which request is current.
_CURRENT = frozenset({"request", "g", "url_for", "after_this_request", "make_response", "send_file",
                      "send_from_directory", "has_request_context", "stream_template"})  # fmt: skip
_SESSION = ("open_session", "save_session", "should_set_cookie", "session_class", "is_null_session", "digest_method",
            "get_expiration_time", "get_signing_serializer")  # fmt: skip
_BELOW = ("templates", "urls", "handle", "answer", "respond", "finish", "application")
_MAIN = """\
if __name__ == "__main__":
    environ = create_environ(REQUEST)
    body, status, headers = run_wsgi_app(application, environ, buffered=True)
    head = "".join(f"{name}: {value}\\r\\n" for name, value in headers)
    sys.stdout.buffer.write(f"HTTP/1.1 {status}\\r\\n{head}\\r\\n".encode("latin-1") + b"".join(body))"""
_DOES = {layer.name: layer.does for layer in LIFECYCLE}
# A secret of so many characters is looked for everywhere; a shorter one may be a part of any word.
_LONG = 8


@lru_cache(maxsize=1)
def _stand_ins() -> Any:
    environment = Environment(  # noqa: S701 - a program, not HTML; what comes from outside is a repr
        undefined=StrictUndefined, line_statement_prefix="#%", variable_start_string="<<", variable_end_string=">>",
        block_start_string="<%", block_end_string="%>",
    )  # fmt: skip
    environment.globals.update(says=says, quoted=quoted, in_fragment=quoted(_IN_FRAGMENT))
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
        blocks = frozenset(_stand_ins().blocks)
        self.gathering = Gathering(app, blocks, blocks | {*_IMPORTS})
        self.road = Road(route, self.gathering)
        self.parts = self.gathering.parts
        self.kinds = self._find_kinds()

    # -- the road ------------------------------------------------------------------------------------------------

    def _returned(self, name: str) -> frozenset[str]:
        """What a function of the app's may return."""
        piece = self.gathering.pieces[name]
        return ANYTHING if piece.source is None or piece.text.startswith("@") else answers(piece.source)

    def _find_kinds(self) -> frozenset[str]:
        """What ``respond`` has to tell apart; see ``texts.answers``."""
        hooks = [self._returned(name) - {"none"} for name in self.road.before]
        others = [name for name, piece in self.gathering.pieces.items() if piece.layer in ("view", "errors")]
        found = frozenset[str]().union(*hooks, *map(self._returned, others))
        return ANYTHING if "none" in found or "make_response" in self.parts else found

    @property
    def may_be_bodiless(self) -> bool:
        """Whether a response may be of a status that has no body, and so no type."""
        return bool({"tuple", "response"} & self.kinds or {"status", "status_code"} & self.gathering.attributes)

    @property
    def down(self) -> Iterator[str]:
        """From the match to the answer, line by line."""
        given = "".join(f", {key}={quoted(text)}" for key, text in self.route.binding.items())
        adapter = f"urls.bind_to_environ(environ{given})"
        if "url_for" in self.parts:
            yield f"current.get().adapter = {adapter}"
            adapter = "current.get().adapter"
        asked = self.gathering.attributes if "request" in self.parts else set()
        if "routing_exception" in asked:
            raise TwinError("request.routing_exception is read", "", "Ask for a twin of a route that does not.")
        told = {name: text for name, text in self._matched().items() if name in asked}
        if self.route.refused is not None:
            yield from (f"request.{name} = {'[]' if name == 'blueprints' else 'None'}" for name in told)
            yield from self._hook_calls("None, None")
            yield from self._refusal(adapter)
            return
        asks = self.road.preprocessors or {"url_rule", "endpoint"} & told.keys()
        yield f"rule, values = {adapter}.match(return_rule=True)" if asks else f"_, values = {adapter}.match()"
        yield from (f"request.{name} = {text}" for name, text in told.items())
        yield from self._hook_calls("rule.endpoint, values")
        yield says("view")
        yield from self._answer(adapter)

    def _matched(self) -> dict[str, str]:
        name = self.route.blueprint
        names = literal(split_blueprints(name) if name else [])
        return {"url_rule": "rule", "endpoint": "rule.endpoint", "view_args": "values", "blueprint": literal(name),
                "blueprints": names}  # fmt: skip

    def _hook_calls(self, matched: str) -> Iterator[str]:
        if self.road.preprocessors or self.road.before:
            yield says("before")
        yield from (f"{name}({matched})" for name in self.road.preprocessors)
        for name in self.road.before:
            if self._returned(name) == {"none"}:
                yield f"{name}()"
            else:
                yield from (f"early = {name}()", "if early is not None:", "    return early")

    def _refusal(self, adapter: str) -> Iterator[str]:
        if not isinstance(self.route.refused, MethodNotAllowed):
            yield f"{adapter}.match()"
            return
        yield from ("try:", f"    {adapter}.match()", "except MethodNotAllowed as error:",
                    "    # Werkzeug has them in a set, in an order that no two processes share; this is the app's",
                    f"    error.valid_methods.sort(key={literal(self.route.allowed)}.index)", "    raise")  # fmt: skip

    def _answer(self, adapter: str) -> Iterator[str]:
        folder = self.route.static_folder
        if self.route.is_automatic:
            yield "response = Response()"
            yield f"response.allow.update(sorted({adapter}.allowed_methods(), key={literal(self.route.allowed)}.index))"
            yield "return response"
        elif folder is not None:
            yield f"options = {{{self.file_options}}}"
            yield f'return werkzeug.utils.send_from_directory({quoted(folder)}, values["filename"], environ, **options)'
        else:
            yield f"return {self.road.view}(**values)"

    @property
    def saves(self) -> bool:
        """Whether the session may have to be saved."""
        name = self._interface.get_cookie_name(self.app)
        if not self.app.secret_key:
            return False
        return self._uses_session or (name in self.route.environ.get("HTTP_COOKIE", "") and self._prolongs(name))

    @property
    def _uses_session(self) -> bool:
        return bool({"session", "flash", "get_flashed_messages"} & self.parts)

    def _prolongs(self, name: str) -> bool:
        request = self.app.request_class({**self.route.environ})
        if len(request.cookies.getlist(name)) > 1:
            raise TwinError(f"The request has several cookies named {name!r}", "", "Send one.")
        opened = self._interface.open_session(self.app, request)
        return bool(opened and opened.permanent and self.app.config["SESSION_REFRESH_EACH_REQUEST"])

    @property
    def finishes(self) -> bool:
        """Whether something happens to a response before it is sent."""
        return bool(self.road.after or self.saves or "after_this_request" in self.parts)

    @property
    def context(self) -> str:
        """What is current, as arguments; empty where nothing asks for it."""
        if not (_CURRENT & self.parts or self._uses_session or self.saves or self.road.teardown):
            return ""
        g = "g=Globals()" if self.gathering.whole_g else "g=SimpleNamespace()"
        items = ["request=Request(environ)", g if "g" in self.parts else "",
                 "after=[]" if "after_this_request" in self.parts else ""]  # fmt: skip
        return ", ".join(filter(None, items))

    # -- what the app is set to ----------------------------------------------------------------------------------

    @property
    def limits(self) -> list[tuple[str, Any]]:
        """The limits of a body that are not Werkzeug's own."""
        config = self.app.config
        return [(key.lower(), config[key]) for key, usual in _LIMITS.items() if config[key] != usual]

    @property
    def reads_json(self) -> bool:
        """Whether the body is read as JSON, outside of debug mode."""
        return bool({"json", "get_json"} & self.gathering.attributes) and "request" in self.parts and not self.app.debug

    @property
    def file_options(self) -> str:
        """The app's settings for files, as items of a dictionary."""
        age = self.app.config["SEND_FILE_MAX_AGE_DEFAULT"]
        age = int(age.total_seconds()) if hasattr(age, "total_seconds") else age
        given = {"_root_path": self.app.root_path, "max_age": age, "use_x_sendfile": self.app.config["USE_X_SENDFILE"]}
        return "".join(f'"{name}": {literal(value)}, ' for name, value in given.items() if value not in (None, False))

    @cached_property
    def json(self) -> dict[str, str]:
        """How JSON is written."""
        provider = self.app.json
        own = [name for name in ("dumps", "loads", "response", "default") if getattr(provider, name) is not None
               and getattr(type(provider), name, None) is not getattr(DefaultJSONProvider, name)]  # fmt: skip
        if own or "default" in vars(provider):
            raise TwinError(f"The JSON provider {type(provider).__name__} has a {[*own, 'default'][0]!r} of its own",
                            "", "Use the stock one.")  # fmt: skip
        compact = not self.app.debug if provider.compact is None else provider.compact
        ascii_only = "" if provider.ensure_ascii else ", ensure_ascii=False"
        return {"options": f"sort_keys={provider.sort_keys!r}{ascii_only}", "mimetype": quoted(provider.mimetype),
                "layout": 'separators=(",", ":")' if compact else "indent=2"}  # fmt: skip

    @cached_property
    def _interface(self) -> Any:
        interface, stock = self.app.session_interface, sessions.SecureCookieSessionInterface
        own = [name for name in _SESSION if getattr(type(interface), name, None) is not getattr(stock, name)]
        if own or interface.serializer is not stock.serializer:
            raise TwinError(f"Sessions are kept by {type(interface).__name__}, not in a signed cookie as usual", "",
                            "Ask for a twin of a route that does without a session.")  # fmt: skip
        return interface

    @cached_property
    def session(self) -> dict[str, Any]:
        """How the session's cookie is signed and set, as expressions."""
        interface, config = self._interface, self.app.config
        older = [f"SECRET_KEY_{number}" for number in range(1, len(config["SECRET_KEY_FALLBACKS"] or ()) + 1)]
        keys = [self.gathering.secret(name) for name in (*older, "SECRET_KEY")]
        given = interface._attributes(self.app)
        options = [f", {name}={literal(given[name])}" for name, usual in _COOKIE.items() if given[name] != usual]
        return {
            "keys": f"[{', '.join(keys)}]" if older else keys[0], "salt": quoted(interface.salt),
            "derivation": quoted(interface.key_derivation), "name": quoted(interface.get_cookie_name(self.app)),
            "options": "".join(options), "lifetime": int(self.app.permanent_session_lifetime.total_seconds()),
            "refreshes": config["SESSION_REFRESH_EACH_REQUEST"],
        }  # fmt: skip

    @property
    def relative(self) -> str:
        """The full name of an endpoint with a dot in front, as an expression; empty where there is none."""
        if not any(name is None or name.startswith(".") for name in self.gathering.endpoints):
            return ""
        return f"{quoted(self.route.blueprint)} + endpoint" if self.route.blueprint else "endpoint[1:]"

    @property
    def environment(self) -> Iterator[str]:
        """The arguments of Jinja's environment."""
        env, usual = self.app.jinja_env, signature(Environment).parameters
        if any(self.gathering.templates):
            yield f"loader=FileSystemLoader({literal([*self._folders()])})"
        yield f"autoescape=lambda name: name is None or name.endswith({literal(_ESCAPED)})"
        for name in usual.keys() - {"loader", "autoescape", "extensions", "auto_reload", "cache_size", "optimized"}:
            value = getattr(env, name, usual[name].default)
            if value != usual[name].default:
                yield f"{name}={self.gathering.value(value, name)}"
        extensions = [name for name in env.extensions if name not in Environment().extensions]  # noqa: S701
        if extensions:
            yield f"extensions={literal(extensions)}"

    def _folders(self) -> Iterator[str]:
        for owner in (self.app, *self.app.iter_blueprints()):
            loader = owner.jinja_loader
            if loader is not None and type(loader) is not FileSystemLoader:
                raise TwinError(f"{owner.name!r} has its templates from a {type(loader).__name__}", "",
                                "Keep them in a folder.")  # fmt: skip
            yield from map(str, loader.searchpath if loader is not None else ())

    @property
    def app_items(self) -> dict[str, str]:
        """What is read of the app, as arguments."""
        known = {name: literal(getattr(self.app, name)) for name in APP - {"config", "logger", "secret_key"}}
        known |= {"config": "config", "logger": f"logging.getLogger({quoted(self.app.name)})"}
        if "secret_key" in self.gathering.attributes:
            known["secret_key"] = self.gathering.secret("SECRET_KEY")
        return {name: known[name] for name in sorted(known) if name in self.gathering.attributes}

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
                line, stock = gathering.imports.get(name, ""), _IMPORTS.get(name, "")
                line = (line or stock) if is_own else (stock or line)
                if name == "Request" and not self.limits and not self.reads_json:
                    line = "from werkzeug.wrappers import Request"
                if line and (name in gathering.pieces or imports.setdefault(name, line) != line):
                    raise TwinError(f"The program needs the name {name!r} for another thing", "", "Rename the app's.")
                if not line and name not in texts and (name in gathering.pieces or name in blocks):
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
        try:
            arguments = [quoted(given.pop("path")), *(f"{name}={literal(value)}" for name, value in given.items())]
        except ValueError as error:
            raise TwinError(f"The request {error}", "", "Ask for a shorter one.") from None
        return _MAIN.replace("REQUEST", ", ".join(arguments))

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
        notes += self.road.left_out
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
    """The imports, one line a module: the standard library first."""
    members: dict[str, set[str]] = {}
    for line in lines:
        head, _, name = line.partition(" import ")
        members.setdefault(head, set()).add(name)
    merged = [f"{head} import {', '.join(sorted(names))}" if names != {""} else head for head, names in members.items()]
    merged.sort(key=lambda line: (line.startswith("from"), line))
    stock = [line for line in merged if line.split()[1].partition(".")[0] in sys.stdlib_module_names]
    return "\n\n".join("\n".join(group) for group in (stock, [line for line in merged if line not in stock]) if group)


def _spaced(blocks: list[str]) -> str:
    """The blocks, two lines apart where one of them defines something."""
    defines = [re.search(r"^(def|class|if|@)", text, re.MULTILINE) is not None for text in ["", *blocks]]
    gaps = ["\n\n\n" if any(pair) else "\n\n" for pair in pairwise(defines)]
    return "".join(gap + text for gap, text in zip(gaps, blocks, strict=True))
