"""Own classes and attributes in the place of the app's: request, response, rules, `g`, clients, providers, makers.

Methods of the app that are overridden or replaced are in test_overrides.
"""

import abc
import datetime
import types
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import pytest
from werkzeug.datastructures import ImmutableDict, MultiDict
from werkzeug.exceptions import Aborter, Gone, HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wrappers import Request as PlainRequest
from werkzeug.wrappers import Response as PlainResponse

from .test_overrides import ask, shop

T = TypeVar("T")


@runtime_checkable
class Closes(Protocol):
    def closes(self) -> str:
        """Say what was closed."""
        return "closed"


class Registers(type):
    """A metaclass like those of plugin registries and singletons."""


def public_classes(framework: Any) -> list[Any]:
    return [
        framework.Request, framework.Response, framework.sessions.SessionInterface,
        framework.sessions.SecureCookieSessionInterface, framework.json.provider.DefaultJSONProvider,
        framework.json.tag.TaggedJSONSerializer, framework.ctx.AppContext, framework.ctx.RequestContext,
        framework.App, framework.Blueprint, framework.views.MethodView, framework.Config,
    ]  # fmt: skip


def test_public_class_takes_a_protocol_or_an_abstract_class_as_second_base(framework: Any) -> None:
    for cls in public_classes(framework):
        for mixin in (Closes, abc.ABC):
            own = types.new_class("Own", (cls, mixin))
            assert (issubclass(own, cls), issubclass(own, mixin)) == (True, True)
        assert issubclass(types.new_class("Own", (cls, Generic[T]))[int].__origin__, cls)


def test_metaclass_of_a_subclass_derives_from_that_of_its_base(framework: Any) -> None:
    for cls in public_classes(framework):
        related = types.new_class("Related", (Registers, type(cls)) if type(cls) is not type else (Registers,))
        assert isinstance(types.new_class("Own", (cls,), {"metaclass": related}), Registers)
    if framework.name == "wsgiapp":
        with pytest.raises(TypeError, match="metaclass conflict"):
            types.new_class("Own", (framework.Response,), {"metaclass": Registers})
    else:
        types.new_class("Own", (framework.Response,), {"metaclass": Registers})


def test_own_request_class(framework: Any) -> None:
    class Request(framework.Request):
        @property
        def shouted(self):
            return self.path.upper()

    for where in ("class", "instance"):
        cls = type("Own", (framework.App,), {"request_class": Request} if where == "class" else {})
        app = cls(__name__)
        app.request_class = Request
        app.add_url_rule("/path", "view", lambda: framework.request.shouted)
        assert app.test_client().get("/path").text == "/PATH"


def test_own_request_class_with_its_own_init(framework: Any) -> None:
    class Request(framework.Request):
        def __init__(self, environ, *args, **kwargs):
            super().__init__(environ, *args, **kwargs)
            self.mark = environ["REQUEST_METHOD"] + self.method

    app = framework.App(__name__)
    app.request_class = Request
    app.add_url_rule("/", "view", lambda: framework.request.mark)
    assert app.test_client().get("/").text == "GETGET"


def test_own_request_class_that_calls_the_constructor_of_werkzeug_s(framework: Any) -> None:
    class Request(framework.Request):
        def __init__(self, environ):
            PlainRequest.__init__(self, environ)

    app = framework.App(__name__)
    app.request_class = Request
    app.add_url_rule("/<name>", "view", lambda name: f"{framework.request.url} {framework.url_for('view', name=1)}")
    ended = []
    app.teardown_request(ended.append)
    assert app.test_client().get("/a", base_url="http://localhost/shop").text == "http://localhost/shop/a /shop/1"
    with app.test_request_context("/a"):
        assert framework.url_for("view", name=1, _external=True) == "http://localhost/1"
    assert ended == [None, None]


@pytest.mark.parametrize(
    "name", ["path", "root_path", "query_string", "scheme", "server", "headers", "remote_addr", "method"]
)
def test_property_without_a_setter_on_a_request_class(both: Any, name: str) -> None:
    environ = EnvironBuilder().get_environ()
    for framework in both:
        own = type("Own", (framework.Request,), {name: property(lambda self: "own")})
        if framework.name == "wsgiapp" and name != "method":
            assert getattr(own(environ), name) == "own"
        else:
            with pytest.raises(AttributeError, match=f"'{name}'.*no setter"):
                own(environ)


@pytest.mark.parametrize("attribute", ["max_content_length", "max_form_memory_size", "max_form_parts"])
def test_limit_on_an_own_request_class(framework: Any, attribute: str) -> None:
    cls = type("Own", (framework.Request,), {attribute: 5})
    app = framework.App(__name__)
    app.request_class = cls
    with app.test_request_context():
        assert getattr(framework.request, attribute) == 5


def test_own_form_parser_is_asked_for_plain_forms_too(framework: Any) -> None:
    class Request(framework.Request):
        def make_form_data_parser(self):
            parser = super().make_form_data_parser()
            parser.cls = lambda items=(): MultiDict((name.upper(), value) for name, value in items)
            return parser

    app = framework.App(__name__)
    app.request_class = Request
    app.add_url_rule("/", "view", lambda: framework.request.form["A"], methods=["POST"])
    assert app.test_client().post("/", data={"a": "1"}).text == "1"


def test_shallow_request_reads_no_body_and_stays_out_of_the_environ(framework: Any) -> None:
    environ = EnvironBuilder(method="POST", data={"a": "1"}).get_environ()
    request = framework.Request(environ, shallow=True)
    for name in ("stream", "data", "form"):
        with pytest.raises(RuntimeError):
            getattr(request, name)
    framework.Request(environ, populate_request=False)
    assert "werkzeug.request" not in environ


def test_plain_werkzeug_responses_carry_sessions(framework: Any) -> None:
    app = framework.App(__name__)
    app.secret_key = "key"
    app.response_class = PlainResponse

    @app.get("/")
    def view():
        framework.session["n"] = framework.session.get("n", 0) + 1
        return str(framework.session["n"])

    client = app.test_client()
    answers = [client.get("/") for _ in range(2)]
    assert [(answer.text, answer.headers["Vary"]) for answer in answers] == [("1", "Cookie"), ("2", "Cookie")]
    assert client.get("/missing").status_code == 404


def test_own_response_class(framework: Any) -> None:
    class Response(framework.Response):
        default_mimetype = "text/x-own"

    app = framework.App(__name__)
    app.response_class = Response
    app.add_url_rule("/", "view", lambda: "x")
    app.add_url_rule("/json", "json", dict)
    app.add_url_rule("/made", "made", lambda: framework.make_response("x"))
    client = app.test_client()
    assert [client.get(path).mimetype for path in ("/", "/json", "/made")] == [
        "text/x-own",
        "application/json",
        "text/x-own",
    ]


def asked(framework: Any) -> Any:
    """A class of responses that say that their headers were asked for."""

    class Response(framework.Response):
        def get_wsgi_headers(self, environ):
            headers = super().get_wsgi_headers(environ)
            headers["X-Asked"] = "1"
            return headers

    return Response


def test_own_response_class_runs_its_own_call(framework: Any) -> None:
    class Response(asked(framework)):
        def __call__(self, environ, start_response):
            self.headers["X-Called"] = environ["PATH_INFO"]
            return super().__call__(environ, start_response)

    app = framework.App(__name__)
    app.response_class = Response
    app.add_url_rule("/", "view", lambda: "x")
    headers = app.test_client().get("/").headers
    assert (headers["X-Called"], headers["X-Asked"]) == ("/", "1")


def test_own_response_class_takes_over_a_plain_response_with_what_it_overrides(framework: Any) -> None:
    app = framework.App(__name__)
    app.response_class = asked(framework)
    app.add_url_rule("/", "view", lambda: framework.Response("made by hand"))
    assert app.test_client().get("/").headers["X-Asked"] == "1"


def test_own_response_class_whose_init_has_another_signature(framework: Any) -> None:
    class Response(framework.Response):
        def __init__(self, response=None, *, status=None, headers=None, mimetype="text/x-own"):
            super().__init__(f"<{response}>", status=status, headers=headers, mimetype=mimetype)

    app = framework.App(__name__)
    app.response_class = Response
    app.add_url_rule("/", "view", lambda: "x")
    app.add_url_rule("/created", "created", lambda: (b"x", 201, {"X-A": "1"}))
    client = Client(app)  # the app's own makes its responses of the class
    answers = [client.get(path) for path in ("/", "/created", "/missing")]
    assert [(answer.status_code, answer.mimetype) for answer in answers] == [
        (200, "text/x-own"),
        (201, "text/x-own"),
        (404, "text/html"),  # a page of an error is turned into the class, not made by it
    ]
    assert [answer.text[:1] + answer.text[-2:-1] for answer in answers[:2]] == ["<x", "<'"]


def test_own_response_class_needs_its_arguments_by_name(framework: Any) -> None:
    class Response(framework.Response):
        def __init__(self, response, *, status, headers):
            super().__init__(response, status=status, headers=headers)

    app = framework.App(__name__)
    app.response_class = Response
    app.add_url_rule("/", "view", lambda: "x")
    assert Client(app).get("/").text == "x"


def test_own_response_class_that_counts_no_body(framework: Any) -> None:
    class Response(framework.Response):
        automatically_set_content_length = False

    app = framework.App(__name__)
    app.response_class = Response
    app.add_url_rule("/", "view", lambda: "x")
    assert "Content-Length" not in app.test_client().get("/").headers


def test_own_response_class_that_reads_any_callable(framework: Any) -> None:
    class Response(framework.Response):
        @classmethod
        def force_type(cls, response, environ=None):
            return cls(f"forced {response()}") if callable(response) else super().force_type(response, environ)

    app = framework.App(__name__)
    app.response_class = Response
    app.add_url_rule("/", "view", lambda: lambda: 42)
    assert app.test_client().get("/").text == "forced 42"


def test_own_rule_class(framework: Any) -> None:
    class Versioned(Rule):
        def __init__(self, string, **options):
            super().__init__("/v1" + string, **options)

    for where in ("class", "instance"):
        cls = type("Own", (framework.App,), {"url_rule_class": Versioned} if where == "class" else {})
        app = cls(__name__, static_folder=None)
        app.url_rule_class = Versioned
        app.add_url_rule("/x", "view", lambda: "x")
        assert app.test_client().get("/v1/x").text == "x"


def test_own_map_class(framework: Any) -> None:
    class Loose(Map):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **{**kwargs, "strict_slashes": False})

    class App(framework.App):
        url_map_class = Loose

    app = App(__name__)
    app.add_url_rule("/x", "view", lambda: "x")
    assert isinstance(app.url_map, Loose)
    assert app.test_client().get("/x/").text == "x"


def test_own_g_class(framework: Any) -> None:
    class Globals(framework.ctx._AppCtxGlobals):
        default = "default"

        @property
        def computed(self):
            return self.get("x", "no x")

    class App(framework.App):
        app_ctx_globals_class = Globals

    app = App(__name__)
    app.add_url_rule("/", "view", lambda: f"{framework.g.default} {framework.g.computed}")
    assert app.test_client().get("/").text == "default no x"


def test_plain_object_as_g_class(framework: Any) -> None:
    app = framework.App(__name__)
    app.app_ctx_globals_class = type("Bare", (), {})
    app.before_request(lambda: setattr(framework.g, "x", "set"))
    app.add_url_rule("/", "view", lambda: framework.g.x)
    assert app.test_client().get("/").text == "set"


def test_own_aborter(framework: Any) -> None:
    class Brewing(HTTPException):
        code = 299

    class OwnAborter(Aborter):
        def __init__(self, mapping=None, extra=None):
            super().__init__(mapping, {**(extra or {}), 299: Brewing})

    class App(framework.App):
        aborter_class = OwnAborter

    app = App(__name__)
    app.add_url_rule("/", "view", lambda: framework.abort(299))
    assert app.test_client().get("/").status_code == 299


def test_own_make_aborter(framework: Any) -> None:
    class App(framework.App):
        def make_aborter(self):
            return Aborter(extra={999: Gone})

    app = App(__name__)
    app.add_url_rule("/", "view", lambda: framework.abort(999))
    assert app.test_client().get("/").status_code == 410


def test_own_test_client_class(framework: Any) -> None:
    class Client(framework.testing.FlaskClient):
        def __init__(self, *args, mark=None, **kwargs):
            self.mark = mark
            super().__init__(*args, **kwargs)

        def open(self, *args, **kwargs):
            kwargs.setdefault("headers", {"X-Mark": self.mark})
            return super().open(*args, **kwargs)

    app = framework.App(__name__)
    app.test_client_class = Client
    app.add_url_rule("/", "view", lambda: framework.request.headers["X-Mark"])
    assert app.test_client(mark="own").get("/").text == "own"


def test_own_test_cli_runner_class(framework: Any) -> None:
    class Runner(framework.testing.FlaskCliRunner):
        def invoke(self, *args, **kwargs):
            return "own", super().invoke(*args, **kwargs)

    app = framework.App(__name__)
    app.test_cli_runner_class = Runner
    app.cli.command("hello")(lambda: print("hello"))
    mark, result = app.test_cli_runner().invoke(args=["hello"])
    assert (mark, result.output) == ("own", "hello\n")


def test_own_session_interface_on_the_class(framework: Any) -> None:
    class Interface(framework.sessions.SecureCookieSessionInterface):
        def get_cookie_name(self, app):
            return "own"

    class App(framework.App):
        session_interface = Interface()

    app = App(__name__)
    app.secret_key = "key"
    app.add_url_rule("/", "view", lambda: framework.session.update(a=1) or "")
    assert app.test_client().get("/").headers["Set-Cookie"].startswith("own=")


def test_own_session_class(framework: Any) -> None:
    class Session(framework.sessions.SecureCookieSession):
        @property
        def visits(self):
            return self.get("visits", 0)

    class Interface(framework.sessions.SecureCookieSessionInterface):
        session_class = Session

    app = framework.App(__name__)
    app.secret_key = "key"
    app.session_interface = Interface()
    app.add_url_rule("/", "view", lambda: str(framework.session.visits))
    assert app.test_client().get("/").text == "0"


def test_own_json_provider_class(framework: Any) -> None:
    class Provider(framework.json.provider.DefaultJSONProvider):
        mimetype = "application/own+json"
        sort_keys = False

    class App(framework.App):
        json_provider_class = Provider

    app = App(__name__)
    app.add_url_rule("/", "view", lambda: {"b": 1, "a": 2})
    response = app.test_client().get("/")
    assert (response.text, response.mimetype) == ('{"b":1,"a":2}\n', "application/own+json")


def test_own_create_jinja_environment(framework: Any) -> None:
    class App(framework.App):
        def create_jinja_environment(self):
            environment = super().create_jinja_environment()
            environment.globals["mark"] = "own "
            return environment

    assert ask(shop(framework, App), "/template").text == "own &lt;"


def test_own_add_url_rule_sees_every_rule(framework: Any) -> None:
    seen = []

    class App(framework.App):
        def add_url_rule(self, rule, endpoint=None, view_func=None, provide_automatic_options=None, **options):
            seen.append(rule)
            super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)

    app = App(__name__)
    blueprint = framework.Blueprint("bp", __name__, url_prefix="/bp")
    blueprint.add_url_rule("/x", "x", lambda: "")
    app.register_blueprint(blueprint)
    app.get("/got")(lambda: "")
    assert seen == ["/static/<path:filename>", "/bp/x", "/got"]


def test_own_method_route_sees_the_shortcuts(framework: Any) -> None:
    seen = []

    class App(framework.App):
        def _method_route(self, method, rule, options):
            seen.append((method, rule))
            return super()._method_route(method, rule, options)

    app = App(__name__)
    for name in ("get", "post", "put", "patch", "delete"):
        getattr(app, name)(f"/{name}", endpoint=name)(lambda: "")
    assert seen == [(name.upper(), f"/{name}") for name in ("get", "post", "put", "patch", "delete")]


def test_own_register_blueprint(framework: Any) -> None:
    seen = []

    class App(framework.App):
        def register_blueprint(self, blueprint, **options):
            seen.append(blueprint.name)
            super().register_blueprint(blueprint, **options)

    App(__name__).register_blueprint(framework.Blueprint("bp", __name__))
    assert seen == ["bp"]


def test_own_config_and_instance_making(framework: Any, tmp_path: Any) -> None:
    class App(framework.App):
        def make_config(self, instance_relative=False):
            config = super().make_config(instance_relative)
            config["MADE"] = instance_relative
            return config

        def auto_find_instance_path(self):
            return str(tmp_path)

    app = App(__name__, instance_relative_config=True)
    assert (app.config["MADE"], app.instance_path) == (True, str(tmp_path))


def test_should_ignore_error(framework: Any) -> None:
    app = framework.App(__name__)
    assert app.should_ignore_error(ValueError()) is False
    assert app.should_ignore_error(None) is False


def test_ignored_error_is_not_given_to_teardown(framework: Any) -> None:
    class App(framework.App):
        def should_ignore_error(self, error):
            return isinstance(error, ZeroDivisionError)

    seen = []
    app = App(__name__)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/", "view", lambda: 1 / 0)
    app.teardown_request(seen.append)
    assert app.test_client().get("/").status_code == 500
    assert seen == [None]


def test_call_on_the_class_may_be_replaced(framework: Any, monkeypatch: Any) -> None:
    """Sentry replaces `Flask.__call__`."""
    cls = type("Own", (framework.App,), {})
    app = shop(framework, cls)
    original = cls.__call__
    monkeypatch.setattr(
        cls, "__call__", lambda self, environ, start: original(self, {**environ, "PATH_INFO": "/url"}, start)
    )
    assert app.test_client().get("/").text == "/?x=1"


def test_wsgi_app_may_be_wrapped_in_middleware(framework: Any) -> None:
    from werkzeug.middleware.proxy_fix import ProxyFix

    app = framework.App(__name__)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)
    app.add_url_rule("/", "view", lambda: f"{framework.request.remote_addr} {framework.request.url_root}")
    headers = {
        "X-Forwarded-For": "192.0.2.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "shop.example",
        "X-Forwarded-Prefix": "/app",
    }
    assert app.test_client().get("/", headers=headers).text == "192.0.2.9 https://shop.example/app/"


def test_own_default_config_and_attributes_survive_subclassing(framework: Any) -> None:
    class App(framework.App):
        default_config = ImmutableDict(framework.App.default_config, PERMANENT_SESSION_LIFETIME=datetime.timedelta(1))
        own = "attribute"

    app = App(__name__)
    app.another = "on the instance"
    assert app.permanent_session_lifetime == datetime.timedelta(days=1)
    assert (app.own, app.__dict__["another"]) == ("attribute", "on the instance")


def test_view_functions_wrapped_by_an_extension(framework: Any) -> None:
    app = shop(framework, framework.App)
    ask(app, "/")
    for endpoint, view in list(app.view_functions.items()):
        app.view_functions[endpoint] = lambda view=view, **values: f"<{view(**values)}>"
    assert ask(app, "/").text == "<index>"
