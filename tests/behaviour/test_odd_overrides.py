"""Overrides in unusual places and of unusual kinds: they take effect as on Flask."""

import copy
import os
import pickle
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from werkzeug.datastructures import Headers, ImmutableMultiDict
from werkzeug.routing import IntegerConverter
from werkzeug.test import create_environ, run_wsgi_app
from werkzeug.wrappers import Request as BaseRequest
from werkzeug.wrappers import Response as BaseResponse

from wsgiapp.overrides import Originals


def own_body(response: Any) -> Any:
    """Replace a method on `response` itself."""
    response.get_app_iter = lambda environ: [b"replaced"]
    return response


@pytest.mark.parametrize("method", ["make_response", "process_response", "finalize_request", "full_dispatch_request"])
@pytest.mark.parametrize("path", ["/", "/json"])
def test_method_replaced_on_a_response_that_an_overridden_step_returns(framework: Any, method: str, path: str) -> None:
    class App(framework.App):
        pass

    setattr(App, method, lambda self, *args, **kwargs: own_body(getattr(super(App, self), method)(*args, **kwargs)))
    app = App("odd_overrides")
    app.add_url_rule("/", "index", lambda: "index")
    app.add_url_rule("/json", "json", lambda: {"a": 1})
    assert app.test_client().get(path).data == b"replaced"


def test_method_replaced_on_a_response_by_the_session_interface(framework: Any) -> None:
    class Interface(framework.sessions.SecureCookieSessionInterface):
        def save_session(self, app, session, response):
            own_body(response)

    app = framework.App("odd_overrides")
    app.secret_key, app.session_interface = "key", Interface()
    app.add_url_rule("/", "index", lambda: "index")
    assert app.test_client().get("/").data == b"replaced"


def test_class_changed_on_a_response(framework: Any) -> None:
    class Own(framework.Response):
        def get_app_iter(self, environ):
            return [b"replaced"]

    def change(response):
        response.__class__ = Own
        return response

    app = framework.App("odd_overrides")
    app.add_url_rule("/", "index", lambda: "index")
    app.after_request(change)
    assert app.test_client().get("/").data == b"replaced"


@pytest.mark.parametrize("name", ["answer", "__getattribute__"])
def test_method_replaced_before_the_question_is_first_asked(name: str) -> None:
    class Kind:
        def answer(self) -> str:
            return "the framework's own"

    class Below(Kind):
        pass

    originals = Originals(Kind, "answer")
    setattr(Below, name, lambda self, *args: "replaced")
    assert (originals.unchanged_on_class(Kind), originals.unchanged_on_class(Below)) == (True, False)
    setattr(Kind, name, lambda self, *args: "replaced")
    assert not originals.unchanged_on_class(Kind)
    late = Originals(Kind, "answer")
    setattr(Kind, name, lambda self, *args: "replaced once more")
    assert not late.unchanged_on_class(Kind)


def reading(name: str, method: Any) -> Any:
    """A __getattribute__ that gives *method*, made of the object's own, for *name*."""

    def __getattribute__(self, asked):
        found = object.__getattribute__(self, asked)
        return method(found) if asked == name else found

    return __getattribute__


@pytest.mark.parametrize("late", [False, True])
def test_method_of_a_response_that_getattribute_gives(framework: Any, late: bool) -> None:
    class Own(framework.Response):
        pass

    app = framework.App("odd_overrides")
    app.response_class = Own
    app.add_url_rule("/", "index", lambda: "index")
    if late:
        assert app.test_client().get("/").data == b"index"
    Own.__getattribute__ = reading("get_app_iter", lambda found: lambda environ: [b"replaced"])
    assert app.test_client().get("/").data == b"replaced"


@pytest.mark.parametrize("late", [False, True])
def test_method_of_an_app_that_getattribute_gives(framework: Any, late: bool) -> None:
    class Own(framework.App):
        pass

    app = Own("odd_overrides")
    app.add_url_rule("/", "index", lambda: "index")
    if late:
        assert app.test_client().get("/").data == b"index"
    Own.__getattribute__ = reading("ensure_sync", lambda found: lambda view: lambda: "replaced")
    assert app.test_client().get("/").data == b"replaced"


def test_headers_of_a_response_made_a_property(framework: Any) -> None:
    class Own(framework.Response):
        @property
        def headers(self):
            kept = self.__dict__.setdefault("own_headers", Headers())
            kept["X-Own"] = "yes"
            return kept

        @headers.setter
        def headers(self, value):
            self.__dict__["own_headers"] = value

    app = framework.App("odd_overrides")
    app.response_class = Own
    app.add_url_rule("/", "index", lambda: "index")
    assert run_wsgi_app(app, create_environ("/"))[2]["X-Own"] == "yes"


def test_status_of_a_response_set_past_the_framework(framework: Any) -> None:
    class Own(framework.Response):
        @property
        def status(self):
            return BaseResponse.status.fget(self)

        @status.setter
        def status(self, value):
            BaseResponse.status.fset(self, "299 Own")

    app = framework.App("odd_overrides")
    app.response_class = Own
    app.add_url_rule("/", "index", lambda: "index")
    client = app.test_client()
    assert (client.get("/").status, b"Not Found" in client.get("/none").data) == ("299 Own", True)


def test_status_code_that_a_view_returns_is_set_by_the_setter_of_the_response_class(framework: Any) -> None:
    class Own(framework.Response):
        @property
        def status_code(self):
            return super().status_code

        @status_code.setter
        def status_code(self, value):
            framework.Response.status_code.fset(self, value + 1)

    app = framework.App("odd_overrides")
    app.response_class = Own
    app.add_url_rule("/", "index", lambda: (Own("index"), 201))
    assert app.test_client().get("/").status_code == 202


def test_response_class_with_a_constructor_makes_no_error_page_that_it_does_not_make_on_flask(framework: Any) -> None:
    class Own(framework.Response):
        def __new__(cls, *args, **kwargs):
            return own_body(super().__new__(cls))

    app = framework.App("odd_overrides")
    app.response_class = Own
    app.add_url_rule("/", "index", lambda: "index")
    client = app.test_client()
    assert (client.get("/").data, b"Not Found" in client.get("/none").data) == (b"replaced", True)


def requests_of(framework: Any, **attributes: Any) -> Any:
    """An app whose request class has *attributes* of its own."""
    app = framework.App("odd_overrides")
    app.secret_key = "key"
    app.request_class = type("Own", (framework.Request,), attributes)
    app.add_url_rule("/", "index", lambda: "index")
    app.add_url_rule("/<int:number>/", "number", lambda number: "number")
    app.add_url_rule(
        "/url", "url", lambda: f"{framework.url_for('index')} {framework.url_for('index', _external=True)}"
    )
    app.add_url_rule("/form", "form", lambda: dict(framework.request.form), methods=["POST"])
    app.add_url_rule("/session", "session", lambda: str(framework.session.get("a")))
    return app


@pytest.mark.parametrize("path", ["/", "/1/", "/1", "/none"])
def test_trusted_hosts_of_a_request_class_are_the_only_ones(framework: Any, path: str) -> None:
    app = requests_of(framework, trusted_hosts=["good.test"])
    hosts = "evil.test", "good.test"
    statuses = [app.test_client().get(path, headers={"Host": host}).status_code for host in hosts]
    assert statuses[0] == 400
    assert statuses[1] != 400


def test_request_class_that_says_which_method_it_has(framework: Any) -> None:
    own = property(lambda self: self.environ.get("HTTP_X_METHOD", "GET"), lambda self, value: None)
    client = requests_of(framework, method=own).test_client()
    assert client.get("/", headers={"X-Method": "OPTIONS"}).headers["Allow"]
    assert client.options("/").text == "index"


def test_method_of_a_request_set_by_a_hook(framework: Any) -> None:
    app = requests_of(framework)
    app.before_request(lambda: setattr(framework.request, "method", "OPTIONS"))
    assert app.test_client().get("/").headers["Allow"]


def test_root_path_of_a_request_class_does_not_change_urls(framework: Any) -> None:
    own = property(lambda self: "/own", lambda self, value: None)
    assert requests_of(framework, root_path=own).test_client().get("/url").text == "/ http://localhost/"


def test_headers_of_a_request_class_are_those_that_form_and_session_read(framework: Any) -> None:
    key = requests_of(framework)
    with key.test_client().session_transaction() as session:
        session["a"] = 1
        cookie = key.session_interface.get_signing_serializer(key).dumps(dict(session))
    sent = Headers({"Content-Type": "text/plain", "Cookie": f"session={cookie}"})
    client = requests_of(framework, headers=property(lambda self: sent, lambda self, value: None)).test_client()
    assert client.post("/form", data={"a": "1"}).json == {}
    assert client.get("/session").text == "1"


def test_cookies_of_a_request_class_may_come_from_another_header(framework: Any) -> None:
    key = requests_of(framework)
    token = key.session_interface.get_signing_serializer(key).dumps({"a": 1, "_permanent": True})
    own = property(lambda self: ImmutableMultiDict({"session": self.headers.get("X-Token", "")}))
    client = requests_of(framework, cookies=own).test_client()
    assert client.get("/session", headers={"X-Token": token}).text == "1"
    assert "Set-Cookie" in client.get("/", headers={"X-Token": token}).headers


def test_close_replaced_on_a_request(framework: Any) -> None:
    closed = []
    app = requests_of(framework)
    app.before_request(lambda: setattr(framework.request, "close", lambda: closed.append("closed")))
    app.test_client().get("/")
    assert closed == ["closed"]


def test_close_of_the_request_class_replaced_while_a_request_is_current(framework: Any) -> None:
    closed = []
    app = requests_of(framework)
    with app.test_request_context("/"):
        app.request_class.close = lambda self: closed.append(self.path)
    assert closed == ["/"]


def test_blueprints_of_the_request_class_replaced_while_a_request_is_current(framework: Any) -> None:
    ran = []
    app, shop = requests_of(framework), framework.Blueprint("shop", __name__)
    shop.before_request(lambda: ran.append("shop"))
    app.register_blueprint(shop)
    with app.test_request_context("/"):
        app.request_class.blueprints = ["shop"]
        app.preprocess_request()
    assert ran == ["shop"]


def test_root_path_of_the_request_class_replaced_while_a_request_is_current(framework: Any) -> None:
    app = requests_of(framework)
    with app.test_request_context("/"):
        app.request_class.root_path = property(lambda self: "/own", lambda self, value: None)
        assert framework.url_for("index") == "/"


def test_class_changed_on_a_request(framework: Any) -> None:
    closed = []
    app = requests_of(framework)
    closing = type("Closing", (framework.Request,), {"close": lambda self: closed.append(self.path)})
    app.before_request(lambda: setattr(framework.request._get_current_object(), "__class__", closing))
    assert app.test_client().get("/").text == "index"
    assert closed == ["/"]


@pytest.mark.parametrize("hooks", [False, True])
def test_request_class_of_werkzeug_s_with_the_attributes_of_a_request(framework: Any, hooks: bool) -> None:
    called = []

    class Plain(BaseRequest):
        url_rule = view_args = routing_exception = blueprint = None
        endpoint = property(lambda self: self.url_rule.endpoint)
        blueprints = ()

        def close(self):
            called.append("close")
            super().close()

    app = requests_of(framework)
    app.request_class = Plain
    if hooks:
        app.before_request(lambda: called.append("before"))
        app.teardown_request(lambda error: called.append(error))
    client = app.test_client()
    assert client.get("/1/").text == "number"
    assert client.get("/url").text == "/ http://localhost/"
    assert called == (["before", None, "close"] if hooks else ["close"]) * 2


def test_boundary_of_a_form_is_bounded_whatever_a_request_class_overrides(both: Any) -> None:
    boundary = "b" * 400
    data = f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--{boundary}--\r\n'
    form = {"data": data, "content_type": f"multipart/form-data; boundary={boundary}"}
    for attributes in ({}, {"close": lambda self: None}, {"blueprints": []}):
        answers = [requests_of(framework, **attributes).test_client().post("/form", **form).json for framework in both]
        assert answers == [{}, {"a": "1"}]


@pytest.mark.parametrize(("name", "value"), [("method", "POST"), ("root_path", "/own")])
def test_attribute_of_a_request_set_by_a_hook_changes_no_url(framework: Any, name: str, value: str) -> None:
    app = requests_of(framework)
    app.add_url_rule("/read", "both", lambda: framework.url_for("both"))
    app.add_url_rule("/write", "both", methods=["POST"])
    app.before_request(lambda: setattr(framework.request, name, value))
    assert app.test_client().get("/read").text == "/read"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("REQUEST_METHOD", "OPTIONS"),
        ("HTTP_HOST", "evil.test"),
        ("SCRIPT_NAME", "/elsewhere"),
        ("wsgi.url_scheme", "https"),
        ("PATH_INFO", "/none"),
    ],
)
def test_environ_changed_by_a_hook_changes_neither_the_method_nor_urls(framework: Any, key: str, value: str) -> None:
    app = requests_of(framework)
    app.before_request(lambda: framework.request.environ.update({key: value}))
    client = app.test_client()
    assert client.get("/url").text == "/ http://localhost/"
    assert sorted(client.options("/form").allow) == ["OPTIONS", "POST"]


@pytest.mark.parametrize("overridden", [["open_session"], ["save_session"], []])
def test_proxy_of_a_session_interface_is_asked_at_every_request(framework: Any, overridden: list[str]) -> None:
    asked = []

    class Proxy:
        def __init__(self):
            self.behind = framework.sessions.SecureCookieSessionInterface()

        def __getattr__(self, name):
            return getattr(self.behind, name)

    def passing(name):
        return lambda self, *args: asked.append(name) or getattr(self.behind, name)(*args)

    for name in overridden:
        setattr(Proxy, name, passing(name))
    app = requests_of(framework)
    app.session_interface = Proxy()
    assert app.test_client().get("/").text == "index"
    assert asked == overridden


def test_serializer_of_bytes_is_an_error_not_a_cookie(framework: Any) -> None:
    class Pickles:
        def dumps(self, value, **options):
            return pickle.dumps(value)

        def loads(self, text, **options):
            return pickle.loads(text)  # what the app itself has signed

    class Interface(framework.sessions.SecureCookieSessionInterface):
        serializer = Pickles()

    app = requests_of(framework)
    app.session_interface = Interface()
    app.add_url_rule("/set", "set", lambda: framework.session.update(a=1) or "set")
    answer = app.test_client().get("/set")
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (500, False)


def test_integer_converter_whose_conversion_is_replaced_while_running(framework: Any, monkeypatch: Any) -> None:
    app = framework.App("odd_overrides")
    app.add_url_rule("/<int:number>", "number", str)
    app.view_functions["number"] = lambda number: str(number)
    client = app.test_client()
    assert client.get("/5").text == "5"
    monkeypatch.setattr(IntegerConverter, "num_convert", staticmethod(lambda text: -int(text)))
    assert client.get("/5").text == "-5"


@pytest.mark.parametrize(
    ("replaced", "header"),
    [
        ("werkzeug.utils.send_from_directory", "ETag"),
        ("werkzeug.wrappers.Response.make_conditional", "Accept-Ranges"),
        ("werkzeug.wrappers.Response.set_etag", "ETag"),
    ],
)
def test_what_sends_a_file_is_replaced_while_running(
    framework: Any, monkeypatch: Any, replaced: str, header: str
) -> None:
    app = framework.App("odd_overrides")
    folder, name = os.path.split(__file__)
    app.add_url_rule("/", "file", lambda: framework.send_from_directory(folder, name))
    client = app.test_client()
    assert header in client.get("/", buffered=True).headers
    monkeypatch.setattr(replaced, lambda first, *args, **kwargs: framework.Response() if first == folder else first)
    assert header not in client.get("/", buffered=True).headers


@pytest.mark.parametrize("own", [True, False], ids=["flask.Response", "Werkzeug's"])
def test_method_replaced_on_a_class_below_ours_is_called_by_flask_alone(
    framework: Any, own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "index", lambda: "text")
    client = app.test_client()
    client.get("/")
    cls, calls = framework.Response if own else BaseResponse, []
    original = cls.get_wsgi_headers
    monkeypatch.setattr(cls, "get_wsgi_headers", lambda *args: calls.append(1) or original(*args))
    assert client.get("/").text == "text"
    assert bool(calls) == (own or framework.name == "flask")


def test_method_replaced_on_a_response_may_call_the_one_it_replaces(framework: Any) -> None:
    called: list[str] = []

    class Response(framework.Response):
        def close(self) -> None:
            called.append("class")
            super().close()

    for cls, expected in ((framework.Response, ["object"]), (Response, ["object", "class"])):
        called.clear()
        response = cls("text")
        before = response.close
        response.close = lambda before=before: (called.append("object"), before())
        response.close()
        assert called == expected


def test_method_replaced_on_a_response_stays_until_it_is_deleted(framework: Any) -> None:
    response = framework.Response("text")
    response.close = None
    assert (response.close, copy.copy(response).close, framework.Response("other").close.__name__) == (
        None,
        None,
        "close",
    )
    del response.close
    assert response.close.__func__ is framework.Response.close is BaseResponse.close
    with pytest.raises(AttributeError):
        del response.close


@pytest.mark.parametrize("name", ["get_wsgi_response", "get_wsgi_headers", "get_app_iter", "iter_encoded", "close"])
def test_method_found_in_the_dict_of_the_response_s_class_can_be_wrapped(
    framework: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    found = next(vars(cls)[name] for cls in framework.Response.__mro__ if name in vars(cls))
    called = []
    monkeypatch.setattr(
        framework.Response, name, lambda self, *args: called.append(name) or found(self, *args), raising=False
    )
    app = framework.App("odd_overrides")
    app.add_url_rule("/", "index", lambda: "text")
    assert app.test_client().get("/", buffered=True).text == "text"
    assert called


def test_request_s_method_set_by_a_hook_is_the_one_that_is_dispatched(framework: Any) -> None:
    app = framework.App("odd_overrides")
    app.add_url_rule("/", "index", lambda: framework.request.method, methods=["GET", "POST"])

    @app.before_request
    def change() -> None:
        framework.request.method = framework.request.args["to"]

    client = app.test_client()
    assert client.get("/?to=POST").text == "POST"
    assert client.get("/?to=OPTIONS").headers["Allow"]


def own_answer(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"own"]


@pytest.mark.filterwarnings("ignore:functools.partial will be a method:FutureWarning")  # from Python 3.13 on
@pytest.mark.parametrize("kind", [staticmethod, partial, lambda answer: property(lambda self: answer)])
def test_response_class_whose_call_is_no_method(framework: Any, kind: Any) -> None:
    app = framework.App("odd_overrides")
    app.response_class = type("Own", (framework.Response,), {"__call__": kind(own_answer)})
    app.add_url_rule("/", "index", lambda: "index")
    assert app.test_client().get("/").data == b"own"


def test_call_of_the_response_class_replaced_by_a_mock_while_running(framework: Any) -> None:
    app = framework.App("odd_overrides")
    app.add_url_rule("/", "index", lambda: "index")
    client = app.test_client()
    assert client.get("/").data == b"index"
    with patch.object(framework.Response, "__call__", side_effect=own_answer) as call:
        assert client.get("/").data == b"own"
    assert len(call.call_args.args) == 2  # the environ and start_response


def test_what_is_no_response_in_place_of_one_is_named_in_the_error(framework: Any) -> None:
    app = framework.App("odd_overrides")
    app.testing = True
    app.add_url_rule("/", "index", lambda: "index")
    app.process_response = lambda response: "text"
    with pytest.raises(TypeError, match="'str' object is not callable"):
        app.test_client().get("/")
