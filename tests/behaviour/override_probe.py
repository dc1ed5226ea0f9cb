"""The audit of overrides: an app made of classes that may be replaced, its requests, and the ways to replace a member.

The questions are asked in test_override_audit.
"""

from __future__ import annotations

import contextlib
import functools
import io
import re
from collections.abc import Callable
from typing import Any

WAYS = ("in a subclass", "on the class", "by a mixin", "on the instance", "through wraps", "by a proxy", "late")

#: The module of each class, or the attribute of the app that holds it.
CLASSES = {
    "App": "", "Blueprint": "", "Request": "", "Response": "", "SecureCookieSessionInterface": "sessions",
    "SecureCookieSession": "sessions", "NullSession": "sessions", "TaggedJSONSerializer": "json.tag",
    "AppContext": "ctx", "RequestContext": "ctx", "_AppCtxGlobals": "ctx", "DefaultJSONProvider": "json.provider",
    "Environment": "templating", "DispatchingJinjaLoader": "templating", "Config": "config", "MethodView": "views",
    "FlaskClient": "testing", "Map": ".url_map_class", "Rule": ".url_rule_class", "MapAdapter": "werkzeug",
    "IntegerConverter": "werkzeug", "UnicodeConverter": "werkzeug", "PathConverter": "werkzeug",
}  # fmt: skip
# The app's attribute that names the class.
_SETTINGS = {
    "Request": "request_class", "Response": "response_class", "_AppCtxGlobals": "app_ctx_globals_class",
    "DefaultJSONProvider": "json_provider_class", "Environment": "jinja_environment", "Config": "config_class",
    "FlaskClient": "test_client_class", "Map": "url_map_class", "Rule": "url_rule_class",
}  # fmt: skip
_SESSIONS = {
    "SecureCookieSession": ("session_class", lambda cls: cls), "NullSession": ("null_session_class", lambda cls: cls),
    "TaggedJSONSerializer": ("serializer", lambda cls: cls()),
}  # fmt: skip
_CONVERTERS = {"IntegerConverter": "int", "UnicodeConverter": "default", "PathConverter": "path"}
_MADE = {
    "AppContext": ("app_context", lambda cls: lambda app: cls(app)),
    "RequestContext": ("request_context", lambda cls: lambda app, environ: cls(app, environ)),
    "DispatchingJinjaLoader": ("create_global_jinja_loader", lambda cls: lambda app: cls(app)),
}


def class_of(framework: Any, key: str) -> Any:
    """The class that *framework* has under a name of CLASSES."""
    place = CLASSES[key]
    if place == "werkzeug":
        import werkzeug.routing

        return getattr(werkzeug.routing, key)
    if place[:1] == ".":
        return getattr(framework.App, place[1:])
    owner = functools.reduce(getattr, place.split("."), framework) if place else framework
    return getattr(owner, key)


def _app_class(framework: Any, key: str, cls: Any) -> Any:
    """The class of an app that uses *cls* in place of the framework's own."""
    if cls is None or key in ("Blueprint", "MethodView", *_CONVERTERS):
        return framework.App
    own: dict[str, Any] = {}
    if key == "App":
        return cls
    if key in _SETTINGS:
        own[_SETTINGS[key]] = cls
    elif key in _MADE:
        name, make = _MADE[key]
        own[name] = make(cls)
    elif key == "MapAdapter":
        own["create_url_adapter"] = functools.partialmethod(_adapter, framework.App.create_url_adapter, cls)
    else:
        interface = framework.sessions.SecureCookieSessionInterface
        if key in _SESSIONS:
            name, make = _SESSIONS[key]
            cls = type("OwnInterface", (interface,), {name: make(cls)})
        own["session_interface"] = cls()
    return type("OwnApp", (framework.App,), own)


def _adapter(app: Any, original: Any, cls: Any, request: Any) -> Any:
    adapter = original(app, request)
    if adapter is not None:
        adapter.__class__ = cls
        for prepare in getattr(cls, "prepare", ()):
            prepare(adapter)
    return adapter


def build(framework: Any, key: str = "App", cls: Any = None, only: Any = None) -> Any:
    """An app whose views together use what there is; *cls* stands where the framework has the class of that name.

    :param only: the requests that it will get, all of them by default: rules of one path that no other one asks for
        are left out, since Werkzeug takes half a millisecond for each.
    """
    app = _app_class(framework, key, cls)("override_audit", root_path=__file__.rpartition("/")[0])
    app.secret_key = None if key == "NullSession" else "key"
    # One of its own: all apps share the default one, and the X-ray of another test may still watch that.
    app.session_interface = type(app.session_interface)()
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.logger.disabled = True
    if key in _CONVERTERS and cls is not None:
        app.url_map.converters[_CONVERTERS[key]] = cls
    f, session, request = framework, framework.session, framework.request
    methods = ["GET", "POST"]
    views: dict[str, Callable[..., Any]] = {
        "/": lambda: "index",
        "/user/<int:number>": lambda number: f"user {number}",
        "/name/<name>": lambda name: ("name", 201, {"X-Name": name}),
        "/path/<path:rest>": lambda rest: [rest],
        "/json": lambda: {"sent": request.get_json(silent=True), "is": request.is_json},
        "/form": lambda: {"form": request.form.to_dict(), "files": [*request.files], "args": request.args.to_dict()},
        "/read": lambda: repr([request.host, request.url, request.path, request.endpoint, request.blueprints]),
        "/cookies": lambda: repr(sorted(request.cookies.items())),
        "/session/set": lambda: str(session.update(number=1) or session.setdefault("other", 2)),
        "/session/permanent": lambda: str(setattr(session, "permanent", True)),
        "/session/get": lambda: str([session.get("number"), "number" in session, session.permanent]),
        "/session/pop": lambda: str(session.pop("number", None)),
        "/session/clear": lambda: str(session.clear()),
        "/flash": lambda: str([f.flash("m", "c"), f.get_flashed_messages(with_categories=True)]),
        "/template": lambda: f.render_template_string("{{ a }}{{ '<' }}{{ request.path }}{{ url_for('/') }}", a="<"),
        "/stream": lambda: f.Response(f.stream_with_context(part for part in ("a", request.path))),
        "/generator": lambda: (part for part in ("a", "b")),
        "/file": lambda: f.send_file(io.BytesIO(b"file"), "text/plain"),
        "/error": lambda: 1 / 0,
        "/abort": lambda: f.abort(418),
        "/handled": lambda: f.abort(409),
        "/go": lambda: f.redirect(f.url_for("/user/<int:number>", number=3, a="b", _external=True)),
        "/url": lambda: f.url_for("/name/<name>", name="x"),
        "/broken": lambda: f.url_for("none"),
        "/made": lambda: f.make_response("made", 202),
        "/set-cookie": lambda: _with_cookie(f.make_response("")),
        "/empty": lambda: ("", 202),
        "/not-modified": lambda: ("", 304),
        "/status": lambda: ("x", "299 Odd"),
        "/resource": lambda: _first_line(app),
        "/g": lambda: str([setattr(f.g, "a", 1), f.g.get("a"), "a" in f.g, f.g.setdefault("b", 2), f.g.pop("a")]),
        "/copy": lambda: f.copy_current_request_context(lambda: request.path)(),
        "/wsgi": lambda: _plain_wsgi,
        "/data": lambda: request.get_data(),
        "/text": lambda: request.data.decode() + str(request.content_length) + request.mimetype,
        "/bad-json": lambda: request.json,
        "/none": lambda: None,
    }
    asked = None if only is None else {"/", *(REQUESTS[number][1].partition("?")[0] for number in only)}
    for rule, view in views.items():
        if asked is None or rule in asked or "<" in rule:
            app.add_url_rule(rule, rule, view, methods=methods)
    app.add_url_rule("/folder/", "folder", lambda: "folder")
    app.before_request(lambda: None)
    app.after_request(_mark)
    app.teardown_request(lambda error: None)
    app.teardown_appcontext(lambda error: None)
    app.context_processor(lambda: {"processed": 1})
    app.url_defaults(lambda endpoint, values: None)
    app.url_value_preprocessor(lambda endpoint, values: None)
    app.register_error_handler(409, lambda error: ("handled", 409))
    app.add_template_filter(str, "own")
    view_class = cls if key == "MethodView" and cls is not None else framework.views.MethodView
    member = type("Member", (view_class,), {"get": lambda self: "method view"})
    app.add_url_rule("/view", view_func=member.as_view("view"))
    blueprint = (cls if key == "Blueprint" and cls is not None else framework.Blueprint)("bp", "override_audit")
    blueprint.add_url_rule("/", "index", lambda: f.url_for(".index"))
    blueprint.add_url_rule("/fails", "fails", lambda: f.abort(410))
    blueprint.before_request(lambda: None)
    blueprint.after_request(_mark)
    blueprint.errorhandler(410)(lambda error: ("handled by bp", 410))
    app.register_blueprint(blueprint, url_prefix="/bp")
    return app


def _with_cookie(response: Any) -> Any:
    response.set_cookie("c", "v")
    response.delete_cookie("d")
    return response


def _first_line(app: Any) -> str:
    with app.open_resource("support.py") as file:
        return file.readline().decode()


def _mark(response: Any) -> Any:
    response.headers.add("X-Mark", "after")
    return response


def _plain_wsgi(environ: Any, start_response: Any) -> list[bytes]:
    start_response("203 Own", [("Content-Type", "text/plain")])
    return [b"wsgi"]


#: Method, path, and the rest of what the test client is told.
REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    *(("GET", path, {}) for path in (
        "/", "/user/7", "/user/x", "/name/ann", "/path/a/b", "/read", "/session/get", "/session/set", "/session/get",
        "/cookies", "/session/permanent", "/", "/session/pop", "/session/clear", "/flash", "/template", "/stream",
        "/generator", "/file", "/error", "/abort", "/handled", "/go", "/url", "/broken", "/made", "/set-cookie",
        "/empty", "/not-modified", "/status", "/resource", "/g", "/copy", "/wsgi", "/none", "/folder", "/folder/",
        "/nowhere", "/view", "/bp/", "/bp/fails", "/static/support.py", "/static/none",
    )),
    ("HEAD", "/", {}), ("OPTIONS", "/", {}), ("DELETE", "/", {}),
    ("POST", "/form?q=1", {"data": {"a": "b"}}), ("POST", "/form", {"data": {"f": (io.BytesIO, "f.txt")}}),
    ("POST", "/json", {"json": {"a": 1}}), ("POST", "/data", {"data": b"raw"}),
    ("POST", "/text", {"data": "text", "content_type": "text/plain"}),
    ("POST", "/bad-json", {"data": "{", "content_type": "application/json"}),
]  # fmt: skip

_EXPIRES = re.compile(r"Expires=[^;]*")


def answers(app: Any, only: Any = None, seen: Any = ()) -> dict[int, Any]:
    """What the app answers to each request (or to those of *only*): status, headers, body, or what exception leaves it.

    :param seen: what recorders write to; after it, for each request, what was asked.
    """
    found = {}
    client = app.test_client()
    for number in range(len(REQUESTS)) if only is None else only:
        method, path, rest = REQUESTS[number]
        if path == "/form" and "f" in rest.get("data", ()):
            rest = {"data": {"f": (io.BytesIO(b"file"), "f.txt")}}
        try:
            answer = client.open(path, method=method, **rest)
            headers = sorted((name, _EXPIRES.sub("", value)) for name, value in answer.headers if name != "Date")
            found[number] = answer.status, headers, answer.get_data()
            answer.close()
        except Exception as error:
            found[number] = type(error).__name__
        if seen:
            seen.append(number)
    return found


class Proxy:
    """What wrapt puts in place of a function: it looks like it in every way."""

    def __init__(self, wrapped: Any, replacement: Any) -> None:
        object.__setattr__(self, "__wrapped__", wrapped)
        object.__setattr__(self, "replacement", replacement)

    @property
    def __class__(self) -> Any:
        return type(self.__wrapped__)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)

    def __eq__(self, other: object) -> bool:
        return bool(self.__wrapped__ == other)

    def __hash__(self) -> int:
        return hash(self.__wrapped__)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.replacement(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self.replacement, instance)


def recording(member: Any, name: str, owner: Any, seen: list[str], way: str) -> Any:
    """A replacement of the *member* called *name*, which does the same and tells *seen* that it was asked."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(name)
        if way == "by a mixin":
            return getattr(super(owner["mixin"], self), name)(*args, **kwargs)
        return member(self, *args, **kwargs)

    if isinstance(member, (classmethod, staticmethod)):
        function = member.__func__

        def static(*args: Any, **kwargs: Any) -> Any:
            seen.append(name)
            return function(*args, **kwargs)

        return type(member)(functools.wraps(function)(static) if way == "through wraps" else static)
    if callable(member) and not isinstance(member, type) and hasattr(type(member), "__get__"):
        if way == "by a proxy":
            return Proxy(member, call)
        return functools.wraps(member)(call) if way == "through wraps" else call
    if hasattr(type(member), "__get__") and not isinstance(member, type):

        def read(self: Any) -> Any:
            seen.append(name)
            return member.__get__(self, type(self))

        write = (lambda self, value: member.__set__(self, value)) if hasattr(type(member), "__set__") else None
        return property(read, write or (lambda self, value: self.__dict__.__setitem__(name, value)))
    return changed(member)


def changed(value: Any) -> Any:
    """Another value of the same kind, or None where there is no telling what would be one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return {"text/html": "text/plain", "utf-8": "utf-8"}.get(value, value + "x")
    if isinstance(value, type):
        return type(value)(value.__name__, (value,), {})
    return None


@contextlib.contextmanager
def patched(cls: Any, name: str, value: Any) -> Any:
    """*value* under *name* in *cls*, for a while."""
    own = vars(cls).get(name, patched)
    setattr(cls, name, value)
    try:
        yield
    finally:
        if own is patched:
            delattr(cls, name)
        else:
            setattr(cls, name, own)


def is_attribute(member: Any) -> bool:
    """Whether it is a value, which is replaced by another one."""
    return isinstance(member, type) or not hasattr(type(member), "__get__")


def run(framework: Any, key: str, replaced: dict[str, Any], way: str, only: Any = None) -> tuple[list[Any], Any]:
    """What was asked of the *replaced* members of a class in that *way*, with the requests between; and the answers."""
    base, seen, owner = class_of(framework, key), ["start"], {}
    own = {name: recording(member, name, owner, seen, way) for name, member in replaced.items()}
    if way in ("on the class", "late"):
        app = build(framework, key, only=only) if way == "late" else None
        if app is not None:
            answers(app, only)
        with contextlib.ExitStack() as stack:
            for name, value in own.items():
                stack.enter_context(patched(base, name, value))
            given = answers(app or build(framework, key, only=only), only, seen)
        return seen, given
    if way == "by a mixin":
        owner["mixin"] = type("Mixin", (), own)
        cls = type(base)(base.__name__, (owner["mixin"], base), {})
    elif way == "on the instance":
        cls = type(base)(base.__name__, (base,), {"__init__": _setting(base, own)})
        cls.prepare = [functools.partial(_set_on_instance, own=own)]
    else:
        cls = type(base)(base.__name__, (base,), own)
    return seen, answers(build(framework, key, cls, only), only, seen)


def requests_that_ask(seen: list[Any]) -> dict[str, set[int]]:
    """For each name, the requests in which it was asked; those before the first count for it."""
    found: dict[str, set[int]] = {}
    names: set[str] = set()
    for entry in seen[1:]:
        if isinstance(entry, int):
            for name in names:
                found.setdefault(name, set()).add(entry)
            names = set()
        else:
            names.add(entry)
    return found


def _setting(base: Any, own: dict[str, Any]) -> Any:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        base.__init__(self, *args, **kwargs)
        _set_on_instance(self, own)

    return __init__


def _set_on_instance(instance: Any, own: dict[str, Any]) -> None:
    for name, member in own.items():
        if not isinstance(member, (property, classmethod, staticmethod)) and not name.startswith("__"):
            value = functools.partial(member, instance) if callable(member) and not isinstance(member, type) else member
            setattr(instance, name, value)
