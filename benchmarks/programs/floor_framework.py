"""What stands in the place of Flask when the floor is measured: the same names, and next to no work behind them.

What a framework does for a request is done here once, before anything is timed, and kept: the rule is found, the form,
the query, the cookies and the files are parsed, the session is opened, addresses are built. A timed request then runs
the program's own hooks, view and templates, and whatever they ask of ``json`` and Jinja2. No cookie is written, no
signal sent, no error handled. What the programs do not use is absent.
"""

from __future__ import annotations

import inspect
import json as standard_json
import os
import sys
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import jinja2
from werkzeug.exceptions import abort  # noqa: F401 - a name that programs import from here
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect as full_redirect
from werkzeug.wrappers import Request

from benchmarks.people_workloads import unseal

PARSED = (
    "accept_mimetypes", "args", "authorization", "base_url", "content_length", "content_type", "cookies", "environ",
    "max_content_length",
    "files", "form", "full_path", "headers", "host", "host_url", "if_none_match", "is_json", "is_secure", "method",
    "mimetype", "path", "query_string", "referrer", "remote_addr", "scheme", "script_root", "url", "url_root",
    "user_agent", "values",
)  # fmt: skip
STATUS = {200: "200 OK", 201: "201 CREATED", 302: "302 FOUND", 303: "303 SEE OTHER", 304: "304 NOT MODIFIED"}
HTML, JSON = "text/html; charset=utf-8", "application/json"


class Names(SimpleNamespace):
    """A namespace with what ``g`` offers beside attributes."""

    def get(self, name: str, default: Any = None) -> Any:
        return self.__dict__.get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        return self.__dict__.pop(name, *default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        return self.__dict__.setdefault(name, default)

    def __contains__(self, name: str) -> bool:
        return name in self.__dict__


class Session(dict[str, Any]):
    """The visitor's session: a dictionary that nobody writes back."""

    modified = permanent = False


class Asked(SimpleNamespace):
    """The request: what was parsed, as plain attributes."""

    def get_json(self) -> Any:
        return standard_json.loads(self.data)

    def get_data(self, *args: Any, **kwargs: Any) -> Any:
        return self.data


class Part:
    """An uploaded file that can be read as often as the request is sent."""

    def __init__(self, filename: str | None, content: bytes) -> None:
        self.filename, self.content = filename, content

    def read(self) -> bytes:
        return self.content


g, session, request = Names(), Session(), Asked()
flask_app: dict[str, Any] = {}  # the one application of the process, once it is made


class Current:
    """The application, under the name that views know it by."""

    def __getattr__(self, name: str) -> Any:
        if "app" not in flask_app:
            raise RuntimeError("No app is current: none has been made yet.")
        return getattr(flask_app["app"], name)


current_app: Any = Current()


# -- answers -------------------------------------------------------------------------------------


class Response:
    """An answer: a body and headers. What a client alone would miss is not done."""

    def __init__(self, body: Any = b"", status: int = 200, mimetype: str = "", content_type: str = "") -> None:
        self.body = body.encode() if isinstance(body, str) else body
        self.status_code = status
        self.content_type = content_type or mimetype or HTML
        self.headers: dict[str, str] = {}
        self.vary: set[str] = set()

    @property
    def mimetype(self) -> str:
        return self.content_type.partition(";")[0]

    def set_cookie(self, *args: Any, **kwargs: Any) -> None:
        """A cookie is the framework's work."""

    def add_etag(self, *args: Any) -> None:
        """So is a validator."""

    set_etag = add_etag

    def get_etag(self) -> tuple[str | None, bool | None]:
        return None, None

    def make_conditional(self, asked: Any) -> Response:
        return self


def redirect(location: str, code: int = 302) -> Response:
    """A redirection whose page was written before."""
    known = flask_app["redirects"]
    if (location, code) not in known:
        known[location, code] = full_redirect(location, code).get_data()
    response = Response(known[location, code], code)
    response.headers["Location"] = location
    return response


def as_json(content: Any) -> str:
    """JSON as Flask writes it in production."""
    provider = flask_app["app"].json
    return standard_json.dumps(content, sort_keys=provider.sort_keys, separators=(",", ":")) + "\n"


def jsonify(*args: Any, **kwargs: Any) -> Response:
    """A JSON answer."""
    return Response(as_json(args[0] if args else kwargs), mimetype=JSON)


def url_for(endpoint: str, **values: Any) -> str:
    """An address that was built before."""
    key = (endpoint, *values.items())
    known = flask_app["addresses"]
    if key not in known:
        known[key] = flask_app["app"].build(endpoint, values)
    address: str = known[key]
    return address


def flash(message: str, category: str = "message") -> None:
    """Keep a message in the session."""
    session["_flashes"] = [*session.get("_flashes", []), (category, message)]


def get_flashed_messages(with_categories: bool = False, category_filter: Iterable[str] = ()) -> list[Any]:
    """The messages in the session, which then has none."""
    found = g.get("_flashes")
    if found is None:
        found = g._flashes = session.pop("_flashes", [])
    return found if with_categories else [message for _, message in found]


def render_template(template: str, /, **values: Any) -> str:
    """A template, with what the context processors of the program add."""
    app = flask_app["app"]
    for processor in app.processors:
        values = {**processor(), **values}
    text: str = app.jinja_env.get_template(template).render(values)
    return text


def has_app_context() -> bool:
    """There is always the one application."""
    return True


# -- applications --------------------------------------------------------------------------------


def unused(*args: Any, **kwargs: Any) -> Any:
    """What registers things that no timed request needs; as a decorator it changes nothing."""
    return lambda function: function


class Scaffold:
    """What an application and a blueprint share: rules, and hooks around the requests."""

    errorhandler = register_error_handler = unused

    def __init__(self) -> None:
        self.rules: list[tuple[str, str, Callable[..., Any] | None, list[str]]] = []
        self.before: list[Callable[[], Any]] = []
        self.after: list[Callable[[Any], Any]] = []
        self.ends: list[Callable[[Any], Any]] = []

    def add_url_rule(self, rule: str, endpoint: str | None = None, view: Any = None, **options: Any) -> None:
        view = options.get("view_func", view)
        self.rules.append((rule, endpoint or view.__name__, view, list(options.get("methods") or allowed(view))))

    def route(self, rule: str, **options: Any) -> Callable[[Any], Any]:
        def decorate(view: Any) -> Any:
            self.add_url_rule(rule, options.pop("endpoint", None), view, **options)
            return view

        return decorate

    def get(self, rule: str, **options: Any) -> Callable[[Any], Any]:
        return self.route(rule, methods=["GET"], **options)

    def post(self, rule: str, **options: Any) -> Callable[[Any], Any]:
        return self.route(rule, methods=["POST"], **options)

    def before_request(self, function: Any) -> Any:
        self.before.append(function)
        return function

    def after_request(self, function: Any) -> Any:
        self.after.append(function)
        return function

    def teardown_request(self, function: Any) -> Any:
        self.ends.append(function)
        return function

    teardown_appcontext = teardown_request


def allowed(view: Any) -> Iterable[str]:
    """The methods of a view that names none."""
    methods: Iterable[str] = getattr(view, "methods", None) or ("GET",)
    return methods


class Blueprint(Scaffold):
    """A part of an application."""

    def __init__(self, name: str, import_name: str, url_prefix: str = "", **options: Any) -> None:
        super().__init__()
        self.name, self.url_prefix = name, url_prefix
        self.parts: list[Blueprint] = []
        self.app_before: list[Callable[[], Any]] = []

    def register_blueprint(self, part: Blueprint) -> None:
        self.parts.append(part)

    def before_app_request(self, function: Any) -> Any:
        self.app_before.append(function)
        return function


class DefaultJSONProvider:
    """How JSON is written."""

    sort_keys = True


class Config(dict[str, Any]):
    """The settings; none come from files or the environment."""

    from_prefixed_env = from_pyfile = unused

    def from_mapping(self, *mappings: Any, **values: Any) -> None:
        for mapping in (*mappings, values):
            self.update(mapping)


class Flask(Scaffold):
    """An application that answers requests which it has seen before."""

    def __init__(
        self,
        import_name: str,
        root_path: str = "",
        template_folder: str = "templates",
        instance_path: str | None = None,
        instance_relative_config: bool = False,
    ) -> None:
        super().__init__()
        flask_app.update(app=self, addresses={}, redirects={})
        self.name = import_name
        self.root_path = Path(root_path or inspect.getfile(sys.modules[import_name])).resolve()
        self.root_path = self.root_path if root_path else self.root_path.parent
        self.instance_path = instance_path or str(self.root_path.parent / "instance")
        self.config, self.json, self.extensions = Config(DEBUG=False), DefaultJSONProvider(), dict[str, Any]()
        self.secret_key, self.session_interface = "", None
        self.processors: list[Callable[[], dict[str, Any]]] = []
        self.defaults: list[Callable[[str, dict[str, Any]], None]] = []
        self.static_folder = f"{self.root_path}/static"
        self.cli = SimpleNamespace(add_command=unused)
        self.url_map, self.views, self.hooks = Map(), dict[str, Any](), dict[str, Any]()
        self.visits: dict[tuple[str, str, str], Visit] = {}
        loader = jinja2.FileSystemLoader(self.root_path / template_folder)
        self.jinja_env = jinja2.Environment(loader=loader, autoescape=True, auto_reload=False)
        self.jinja_env.globals.update(
            url_for=url_for, get_flashed_messages=get_flashed_messages, request=request, session=session, g=g,
            config=self.config,
        )  # fmt: skip
        self.add_url_rule("/static/<path:filename>", "static", self.send_static)

    def add_url_rule(self, rule: str, endpoint: str | None = None, view: Any = None, **options: Any) -> None:
        super().add_url_rule(rule, endpoint, view, **options)
        self.place(self.rules.pop(), "", "", ())

    def place(self, rule: Any, prefix: str, name: str, chain: tuple[Blueprint, ...]) -> None:
        """Put one rule into the map."""
        path, endpoint, view, methods = rule
        endpoint = f"{name}{endpoint}"
        self.url_map.add(Rule(f"{prefix}{path}", endpoint=endpoint, methods=methods))
        self.views[endpoint] = view or self.views.get(endpoint)
        self.hooks[endpoint] = chain

    def register_blueprint(
        self, part: Blueprint, prefix: str = "", name: str = "", chain: Any = (), url_prefix: str = ""
    ) -> None:
        prefix, name, chain = f"{prefix}{url_prefix or part.url_prefix}", f"{name}{part.name}.", (*chain, part)
        self.before += part.app_before
        for rule in part.rules:
            self.place(rule, prefix, name, chain)
        for each in part.parts:
            self.register_blueprint(each, prefix, name, chain)

    def context_processor(self, function: Any) -> Any:
        self.processors.append(function)
        return function

    def url_defaults(self, function: Any) -> Any:
        self.defaults.append(function)
        return function

    def add_template_filter(self, function: Any, name: str = "") -> None:
        self.jinja_env.filters[name or function.__name__] = function

    def add_template_global(self, function: Any, name: str) -> None:
        self.jinja_env.globals[name] = function

    def open_resource(self, name: str, mode: str = "rb") -> Any:
        return (self.root_path / name).open(mode)

    def app_context(self) -> Any:
        """Nothing need be pushed: there is one application."""
        return open(os.devnull)  # noqa: PTH123 - something that `with` can enter and leave

    def build(self, endpoint: str, values: dict[str, Any]) -> str:
        """The address, by Werkzeug's map."""
        for add in self.defaults:
            add(endpoint, values)
        external = values.pop("_external", False)
        adapter = self.url_map.bind_to_environ(request.environ)
        return adapter.build(endpoint, {k: v for k, v in values.items() if v is not None}, force_external=external)

    def send_static(self, filename: str) -> Response:
        """A file, or nothing when the client has it."""
        path = f"{self.root_path}/static/{filename}"
        seen = os.stat(path)  # noqa: PTH116 - as cheap as can be
        tag = f'"{seen.st_mtime}-{seen.st_size}"'
        same = request.environ.get("HTTP_IF_NONE_MATCH") == tag
        response = Response(b"" if same else Path(path).read_bytes(), 304 if same else 200)
        response.headers["ETag"] = tag
        return response

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        key = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("HTTP_IF_NONE_MATCH", "")
        visit = self.visits.get(key) or self.visits.setdefault(key, Visit(self, environ))
        return visit.answer(start_response)


class Visit:
    """One request, prepared: what it asks is known, and who answers it."""

    def __init__(self, app: Flask, environ: dict[str, Any]) -> None:
        self.app = app
        rule, self.values = app.url_map.bind_to_environ(environ).match(return_rule=True)
        endpoint = rule.endpoint
        self.view = app.views[endpoint]
        chain: tuple[Blueprint, ...] = app.hooks[endpoint]
        self.before = [*app.before, *(hook for part in chain for hook in part.before)]
        self.after = [*(hook for part in reversed(chain) for hook in reversed(part.after)), *reversed(app.after)]
        self.ends = [*(hook for part in reversed(chain) for hook in reversed(part.ends)), *reversed(app.ends)]
        self.request = self.parse(environ, endpoint) | {"url_rule": rule, "view_args": self.values}
        cookie = self.request["cookies"].get("session")
        self.session = unseal(cookie) if cookie else {}

    @staticmethod
    def parse(environ: dict[str, Any], endpoint: str) -> dict[str, Any]:
        """All that a request says."""
        data = environ["wsgi.input"].read()
        parsed = Request({**environ, "wsgi.input": BytesIO(data)})
        found = {name: getattr(parsed, name) for name in PARSED}
        found["files"] = {name: Part(file.filename, file.read()) for name, file in parsed.files.items()}
        found |= {"form": parsed.form.copy(), "args": parsed.args.copy(), "cookies": parsed.cookies.to_dict()}
        blueprint = endpoint.rpartition(".")[0] or None
        return {**found, "data": data, "endpoint": endpoint, "blueprint": blueprint}

    def answer(self, start_response: Any) -> list[bytes]:
        """Run the program."""
        vars(request).clear()
        vars(request).update(self.request)
        session.clear()
        session.update(self.session)
        vars(g).clear()
        response = self.run()
        for hook in self.after:
            response = hook(response)
        for hook in self.ends:
            hook(None)
        headers = [("Content-Type", response.content_type), *response.headers.items()]
        start_response(STATUS[response.status_code], headers)
        return [response.body]

    def run(self) -> Response:
        """What the view returns, as an answer."""
        for hook in self.before:
            if (early := hook()) is not None:
                return finish(early)
        return finish(self.view(**self.values))


def finish(returned: Any) -> Response:
    """The answer in what a view returned: text, a dictionary, a pair or triple, an answer."""
    if isinstance(returned, tuple):
        parts: list[Any] = list(returned)
        response = finish(parts.pop(0))
        for more in parts:
            if isinstance(more, int):
                response.status_code = more
            else:
                response.headers.update(more)
        return response
    if isinstance(returned, (dict, list)):
        return jsonify(returned)
    return returned if isinstance(returned, Response) else Response(returned)


class MethodView:
    """A view with a method for each method."""

    @classmethod
    def as_view(cls, name: str, *given: Any, **options: Any) -> Callable[..., Any]:
        def view(**values: Any) -> Any:
            return cls(*given, **options).dispatch_request(**values)

        view.__name__ = name
        methods = [name.upper() for name in ("get", "put", "patch", "post", "delete") if hasattr(cls, name)]
        vars(view)["methods"] = methods
        return view

    def dispatch_request(self, **values: Any) -> Any:
        return getattr(self, request.method.lower())(**values)


class Unused:
    """What programs name, and no timed request asks for."""

    connect = send = unused

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass


got_request_exception, send_from_directory = Unused(), unused


class SecureCookieSessionInterface:
    """Here nobody opens a session or saves one."""


def install() -> ModuleType:
    """Answer ``import flask`` and the parts of it that the programs name, from now on in this process."""
    own = sys.modules[__name__]
    parts: dict[str, dict[str, Any]] = {
        "flask.views": {"MethodView": MethodView},
        "flask.typing": {"ResponseReturnValue": Any},
        "flask.globals": {"request_ctx": Names()},
        "flask.cli": {"ScriptInfo": Unused},
        "flask.json": {},
        "flask.json.tag": {"TaggedJSONSerializer": Unused},
        "flask.json.provider": {"DefaultJSONProvider": DefaultJSONProvider},
        "flask.sessions": {"SecureCookieSessionInterface": SecureCookieSessionInterface},
    }
    sys.modules["flask"] = own
    for name, content in parts.items():
        part = ModuleType(name)
        for key, value in content.items():
            setattr(part, key, value)
        sys.modules[name] = part
    return own
