"""Typed code as it is written for Flask: what is subclassed and overridden."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Config, Flask, Request, Response
from flask.blueprints import BlueprintSetupState
from flask.ctx import AppContext, RequestContext
from flask.json.provider import DefaultJSONProvider, JSONProvider
from flask.json.tag import JSONTag
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionInterface, SessionMixin
from flask.testing import FlaskClient, FlaskCliRunner
from flask.typing import ResponseReturnValue

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class OwnRequest(Request):
    @property
    def tenant(self) -> str:
        return self.host.partition(".")[0]


class OwnResponse(Response):
    default_mimetype = "application/json"


class OwnProvider(DefaultJSONProvider):
    sort_keys = False

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return super().dumps(obj, **kwargs)


class PlainProvider(JSONProvider):
    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return repr(obj)

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return s


class OwnTag(JSONTag):
    key = " set"

    def check(self, value: Any) -> bool:
        return isinstance(value, set)

    def to_json(self, value: Any) -> Any:
        return list(value)

    def to_python(self, value: Any) -> Any:
        return set(value)


class StoredSession(dict[str, Any], SessionMixin):
    pass


class Stored(SessionInterface):
    def open_session(self, app: Flask, request: Request) -> StoredSession | None:
        return StoredSession(user=request.cookies.get("user"))

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        response.set_cookie("user", str(session.get("user")), domain=self.get_cookie_domain(app))


class Strict(SecureCookieSessionInterface):
    salt = "another"
    session_class = SecureCookieSession

    def get_cookie_secure(self, app: Flask) -> bool:
        return True


class OwnClient(FlaskClient):
    pass


class OwnApp(Flask):
    request_class = OwnRequest
    response_class = OwnResponse
    json_provider_class = OwnProvider
    session_interface = Strict()
    test_client_class = OwnClient
    test_cli_runner_class = FlaskCliRunner
    config_class = Config

    def __init__(self, import_name: str, **kwargs: Any) -> None:
        super().__init__(import_name, **kwargs)
        self.wsgi_app = self.wrap(self.wsgi_app)  # type: ignore[method-assign]

    def wrap(self, inner: Any) -> Any:
        def outer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            answer: Iterable[bytes] = inner(environ, start_response)
            return answer

        return outer

    def make_response(self, rv: ResponseReturnValue) -> Response:
        return super().make_response(rv)

    def dispatch_request(self) -> ResponseReturnValue:
        return super().dispatch_request()

    def full_dispatch_request(self) -> Response:
        return super().full_dispatch_request()

    def preprocess_request(self) -> ResponseReturnValue | None:
        return super().preprocess_request()

    def process_response(self, response: Response) -> Response:
        return super().process_response(response)

    def handle_exception(self, e: Exception) -> Response:
        return super().handle_exception(e)

    def select_jinja_autoescape(self, filename: str | None) -> bool:
        return True

    def app_context(self) -> AppContext:
        return super().app_context()

    def request_context(self, environ: WSGIEnvironment) -> RequestContext:
        return super().request_context(environ)


class OwnState(BlueprintSetupState):
    pass


class OwnBlueprint(Blueprint):
    def make_setup_state(
        self, app: Any, options: dict[str, Any], first_registration: bool = False
    ) -> BlueprintSetupState:
        return OwnState(self, app, options, first_registration)


app = OwnApp(__name__)
app.json = PlainProvider(app)
app.extensions["own"] = app
