"""Overrides in unusual places and of unusual kinds: they take effect as on Flask."""

from typing import Any

import pytest
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as BaseResponse


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


def reading(name: str, method: Any) -> Any:
    """A __getattribute__ that gives *method*, made of the object's own, for *name*."""

    def __getattribute__(self, asked):  # noqa: N807
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
    assert app.test_client().get("/").headers["X-Own"] == "yes"


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
