"""Request and response: Werkzeug's classes, made lazy.

A request computes nothing before someone reads it; a response writes its header list once. Here live these two classes
and the limits a request puts on its body. Whatever a shortcut does not know it leaves to Werkzeug's own method.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from itertools import accumulate
from typing import IO, Any, cast
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.datastructures import EnvironHeaders, Headers
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.routing import Rule
from werkzeug.utils import cached_property, get_content_type, redirect
from werkzeug.wrappers import Request as RequestBase
from werkzeug.wrappers import Response as ResponseBase
from werkzeug.wsgi import LimitedStream

from . import json
from .ctx import _cv_app, lazy
from .debughelpers import attach_enctype_error_multidict


def _decoded(environ: WSGIEnvironment, name: str) -> str:
    """A path of the environment as text: PEP 3333 hands over bytes dressed as latin-1."""
    value: str = environ.get(name) or ""
    return value if value.isascii() else value.encode("latin1").decode(errors="replace")


class _Limit:
    """A limit in bytes or parts: what was set on the object, else the current app's setting, else a default."""

    def __init__(self, setting: str, default: int | None) -> None:
        self.setting = setting
        self.default = default

    def __get__(self, instance: Any, owner: type) -> int | None:
        limit: int | None = instance.__dict__.get(self.setting) if instance is not None else None
        if limit is None:
            ctx = _cv_app.get(None)
            limit = ctx.app.config[self.setting] if ctx is not None else self.default
        return limit

    def __set__(self, instance: Any, value: int | None) -> None:
        instance.__dict__[self.setting] = value


def split_blueprints(name: str) -> list[str]:
    """A dotted blueprint name and the names it is nested in, innermost first: ``a.b`` gives ``["a.b", "a"]``."""
    return list(accumulate(name.split("."), "{}.{}".format))[::-1]


class _ChunkedBody(LimitedStream):
    """A body of unknown length. One byte beyond the limit is an error: what was cut must not pass for whole."""

    def __init__(self, stream: IO[bytes], most: int | None) -> None:
        self.most = sys.maxsize - 1 if most is None else most
        super().__init__(stream, self.most + 1, is_max=True)

    def readinto(self, b: bytearray) -> int | None:  # type: ignore[override]  # Werkzeug's signature
        size = super().readinto(b)
        if self.tell() > self.most:
            raise RequestEntityTooLarge()
        return size


class Request(RequestBase):
    """The request of one WSGI environment; every attribute is computed at its first reading.

    :param environ: the WSGI environment (PEP 3333).
    :param populate_request: whether to leave the request in ``environ["werkzeug.request"]``.
    :param shallow: when True, reading the body raises, so that middleware cannot consume it by accident.
    """

    json_module: Any = json

    #: The rule that matched the URL, or None.
    url_rule: Rule | None = None
    #: The values that the rule's converters took from the URL, or None.
    view_args: dict[str, Any] | None = None
    #: What routing raised (404, 405, a redirect); raised again when the request is dispatched.
    routing_exception: HTTPException | None = None

    def __init__(self, environ: WSGIEnvironment, populate_request: bool = True, shallow: bool = False) -> None:
        # PERF: Werkzeug's __init__ reads eight values off the environ at once, 12 calls (benchmarks/: hello).
        self.environ = environ
        self.shallow = shallow
        if populate_request and not shallow:
            environ["werkzeug.request"] = self

    @lazy
    def method(self) -> str:
        """The method, in upper case (RFC 9110, 9.1)."""
        method: str = self.environ.get("REQUEST_METHOD", "GET")
        return method.upper()

    @lazy
    def scheme(self) -> str:
        """``http`` or ``https``, as the server says."""
        return cast(str, self.environ.get("wsgi.url_scheme", "http"))

    @lazy
    def server(self) -> tuple[str, int | None] | None:
        """The server's host and port; a path and None for a Unix socket; None where it does not say."""
        name, port = self.environ.get("SERVER_NAME"), self.environ.get("SERVER_PORT")
        if name is None:
            return None
        return name, int(port) if port is not None and str(port).isdecimal() else None

    @lazy
    def root_path(self) -> str:
        """Where the app is mounted, without a slash at its end."""
        return _decoded(self.environ, "SCRIPT_NAME").rstrip("/")

    @lazy
    def path(self) -> str:
        """The path below the mount point, with exactly one slash at its start."""
        return "/" + _decoded(self.environ, "PATH_INFO").lstrip("/")

    @lazy
    def query_string(self) -> bytes:
        """What follows the question mark. A raw byte beyond ASCII arrives percent-encoded, as it should have been."""
        raw: str = self.environ.get("QUERY_STRING", "")
        if not raw.isascii():
            raw = "".join(char if char.isascii() else f"%{ord(char) & 0xFF:02X}" for char in raw)
        return raw.encode()

    @lazy
    def headers(self) -> EnvironHeaders:  # type: ignore[override]  # read-only, as the environment is; Werkzeug's too
        """The request's headers, a view on the environment."""
        return EnvironHeaders(self.environ)

    @lazy
    def remote_addr(self) -> str | None:
        """The peer's address, as the server says; no header is trusted."""
        return self.environ.get("REMOTE_ADDR")

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body as it arrives, limited to its length, and to :attr:`max_content_length`.

        :raises RequestEntityTooLarge: for a body that says it is longer; while reading, for one that turns out to be.
        :raises ClientDisconnected: while reading a body that breaks off.
        """
        environ, most, body = self.environ, self.max_content_length, self.environ["wsgi.input"]
        length: str = environ.get("CONTENT_LENGTH", "")
        terminated = "wsgi.input_terminated" in environ
        if terminated and "CONTENT_LENGTH" not in environ and not self.shallow:
            return cast("IO[bytes]", _ChunkedBody(body, most))
        if terminated or self.shallow or not _LENGTH.fullmatch(length):
            return super().stream
        # PERF: a length in plain digits is all there is to know; Werkzeug asks in ten calls (benchmarks/: JSON POST).
        if most is not None and int(length) > most:
            raise RequestEntityTooLarge()
        return cast("IO[bytes]", LimitedStream(body, int(length)))

    def _parse_content_type(self) -> None:
        # PERF: read from the environ, without a view on all headers (benchmarks/: form POST, JSON POST).
        if not hasattr(self, "_parsed_content_type"):
            self._parsed_content_type = parse_options_header(self.environ.get("CONTENT_TYPE", ""))

    #: How many bytes of a body are read before 413.
    max_content_length = _Limit("MAX_CONTENT_LENGTH", None)
    #: How many bytes a form field that is no file may hold.
    max_form_memory_size = _Limit("MAX_FORM_MEMORY_SIZE", 500_000)
    #: How many parts a multipart form may hold.
    max_form_parts = _Limit("MAX_FORM_PARTS", 1_000)  # type: ignore[assignment]  # None works in Werkzeug as well

    @property
    def endpoint(self) -> str | None:
        """The endpoint that the URL matched, or None."""
        return self.url_rule.endpoint if self.url_rule is not None else None

    @property
    def blueprint(self) -> str | None:
        """The dotted name of the blueprint that the endpoint belongs to, or None."""
        return (self.endpoint or "").rpartition(".")[0] or None

    @property
    def blueprints(self) -> list[str]:
        """The endpoint's blueprint and those it is nested in, innermost first."""
        name = self.blueprint
        return split_blueprints(name) if name is not None else []

    def on_json_loading_failed(self, e: ValueError | None) -> Any:
        """What ``request.json`` does with a body that is no JSON: 415, or 400 with the reason in debug mode.

        :param e: what the parser raised; None when the media type is not JSON.
        :raises UnsupportedMediaType: for None.
        :raises BadRequest: otherwise.
        """
        try:
            return super().on_json_loading_failed(e)
        except BadRequest as error:
            if e is not None and not _debugging():
                raise BadRequest() from error
            raise

    def _load_form_data(self) -> None:
        super()._load_form_data()
        if _debugging() and self.mimetype != "multipart/form-data" and not self.files:
            attach_enctype_error_multidict(self)


def _debugging() -> bool:
    ctx = _cv_app.get(None)
    return ctx is not None and bool(ctx.app.debug)


_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_STATUS = re.compile(r"[1-9][0-9]{2} [\t\x20-\x7e\x80-\xff]*")
_LENGTH = re.compile(r"[0-9]{1,18}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Status codes whose responses have no body, or none of the usual headers for one (RFC 9110, 15).
_BODILESS = frozenset({*range(100, 200), 204, 205, 304})


@lru_cache(maxsize=256)
def _content_type(mimetype: str) -> str:
    """The header for a media type of text.

    :raises ValueError: for characters that would end the header, or that cannot be sent in one.
    """
    if not _VALUE.fullmatch(mimetype):
        raise ValueError(f"{mimetype!r} is no media type: it has characters that cannot stand in a header.")
    return get_content_type(mimetype, "utf-8")


def _octal(match: re.Match[str]) -> str:
    return f"\\{ord(match[0]):03o}"


def _check_head(status: str, headers: list[tuple[str, str]]) -> None:
    """Refuse what would end a header early (RFC 9110, 5): not every server looks."""
    if not _STATUS.fullmatch(status):
        raise UnsendableResponse(f"{status!r} is no status line: three digits and a phrase, no control characters.")
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise UnsendableResponse(f"{name!r} is no name of a header.")
        if not _VALUE.fullmatch(value):
            raise UnsendableResponse(f"The header {name} has characters that cannot be sent: {value!r}.")


def environ_fault(environ: WSGIEnvironment) -> str | None:
    """What is wrong with an environ that a server has made (PEP 3333); None for a sound one."""
    for name, needed in _ENVIRON.items():
        value = environ.get(name)
        if value is None and not needed:
            continue
        if not isinstance(value, str):
            return f"{name} is {'missing' if value is None else type(value).__name__}, not text"
        if max(value, default="") > "\xff":
            return f"{name} has characters that no bytes stand for"
    return None


# The keys that are read as text, and whether they must be there.
_ENVIRON = {
    "REQUEST_METHOD": True, "wsgi.url_scheme": True, "SCRIPT_NAME": False, "PATH_INFO": False, "QUERY_STRING": False,
    "HTTP_HOST": False, "HTTP_COOKIE": False, "CONTENT_TYPE": False, "CONTENT_LENGTH": False,
}  # fmt: skip


def redirect_to(location: str, code: int, response_class: type[ResponseBase] | None) -> ResponseBase:
    """A redirect whose target cannot end the header: control characters are percent-encoded."""
    return redirect(_CONTROL.sub(lambda match: f"%{ord(match[0]):02X}", location), code, response_class)


class UnsendableResponse(ValueError):
    """A response whose headers or body cannot be put into HTTP, such as a redirect to what is no URL."""


# A response of a class that overrides one of these must go Werkzeug's way from end to end.
_SENDING = ("__call__", "get_wsgi_response", "get_wsgi_headers", "get_app_iter", "iter_encoded", "close")


class Response(ResponseBase):
    """The response of a view: HTML unless it says otherwise.

    :param response: the body: text, bytes, or an iterable of either; None for an empty body.
    :param status: a code, a status line, or an :class:`http.HTTPStatus`; 200 by default.
    :param headers: the headers to begin with.
    :param mimetype: the media type without its parameters; ``text/html`` by default.
    :param content_type: the whole ``Content-Type``, instead of *mimetype*.
    :param direct_passthrough: hand the body to the server as it is (a file wrapper).
    """

    default_mimetype: str | None = "text/html"
    json_module = json
    autocorrect_location_header = False

    #: Above this many bytes a cookie is set with a warning.
    max_cookie_size = _Limit("MAX_COOKIE_SIZE", 4093)  # type: ignore[assignment]  # None works in Werkzeug as well

    # Whether a body of text or bytes may be sent without Werkzeug's help: no method that does it is overridden.
    _sends_plainly = True
    # That body, while it is still the one that the response was made with, and the headers that belong to it.
    _plain: list[bytes] | None = None
    _head: list[tuple[str, str]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if any(getattr(cls, name) is not getattr(Response, name) for name in _SENDING):
            cls._sends_plainly = False

    def __init__(
        self, response: Iterable[bytes] | bytes | Iterable[str] | str | None = None,
        status: int | str | HTTPStatus | None = None,
        headers: Mapping[str, str | Iterable[str]] | Iterable[tuple[str, str]] | None = None,
        mimetype: str | None = None, content_type: str | None = None, direct_passthrough: bool = False,
    ) -> None:  # fmt: skip
        # PERF: text or bytes, the usual case, need no Headers and no content-type parser (benchmarks/: hello, JSON).
        if (
            headers is None
            and content_type is None
            and not direct_passthrough
            and isinstance(response, (str, bytes))
            and (status is None or (type(status) is int and 200 <= status < 600))
        ):
            self._status, self._status_code = ("200 OK", 200) if status is None else self._clean_status(status)
            self.direct_passthrough = False
            self._on_close = []
            # What JSON calls a lone surrogate is no text that can be sent.
            body = response if isinstance(response, bytes) else response.encode(errors="replace")
            self.response = self._plain = [body]
            media_type = mimetype or self.default_mimetype
            self._head = [("Content-Type", _content_type(media_type))] if media_type is not None else []
            self._head.append(("Content-Length", str(len(body))))
        else:
            super().__init__(response, status, headers, mimetype, content_type, direct_passthrough)

    @lazy
    def headers(self) -> Headers:
        """The headers; a body of text or bytes has the two that belong to it."""
        return Headers(self._head)

    def vary_by(self, name: str) -> None:
        """Say that the response depends on a header of the request (RFC 9110, 12.5.5).

        :param name: the header, such as ``Cookie``.
        """
        if "headers" in self.__dict__:
            self.vary.add(name)
        elif ("Vary", name) not in self._head:
            self._head.append(("Vary", name))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the response (PEP 3333).

        :raises UnsendableResponse: before anything is sent.
        """
        body = self._plain
        # PERF: the header list is written once; Werkzeug copies it three times (benchmarks/: hello, JSON, session).
        if (
            body is not None
            and self.response is body
            and self._sends_plainly
            and self._status_code not in _BODILESS
            and not self._on_close
            and not self.direct_passthrough
            and environ.get("REQUEST_METHOD") != "HEAD"
        ):
            # A copy, since servers and middleware may add to it (PEP 3333), and a response may be sent again.
            head = self._own_head() if "headers" in self.__dict__ else [*self._head]
            if head is not None:
                start_response(self._status, head)
                return body
        try:
            app_iter, status, headers = self.get_wsgi_response(environ)
        except Exception as error:
            raise UnsendableResponse(f"{self!r} cannot be sent: {error}") from error
        _check_head(status, headers)
        start_response(status, headers)
        return app_iter

    def _own_head(self) -> list[tuple[str, str]] | None:
        """The headers as they stand; None where Werkzeug has to make URIs of some, or find the length out."""
        head = [*self.headers]
        names = {name.lower() for name, _ in head}
        if "content-length" not in names or "location" in names or "content-location" in names:
            return None
        _check_head(self._status, head)
        return head

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """The headers as they are sent: what Werkzeug makes of them, and no type for a body that there cannot be."""
        headers = super().get_wsgi_headers(environ)
        if self._status_code in (204, 205):
            headers.remove("Content-Type")
        return headers

    def set_data(self, value: bytes | str) -> None:
        """Set the body, and its length."""
        super().set_data(value.encode(errors="replace") if isinstance(value, str) else value)
        body: Any = self.response
        self._plain = body

    def set_cookie(self, key: str, value: str = "", *args: Any, **kwargs: Any) -> None:
        """Set a cookie (RFC 6265, 4.1); the other arguments are Werkzeug's: ``max_age``, ``path``, ``httponly``, ...

        :raises ValueError: for a name that is no token, since it could bring attributes of its own.
        """
        if not _TOKEN.fullmatch(key):
            raise ValueError(f"A cookie cannot be named {key!r}: letters, digits and !#$%&'*+-.^_`|~ only (RFC 6265).")
        super().set_cookie(key, value, *args, **kwargs)
        if _CONTROL.search(value):
            sent = self.headers.getlist("Set-Cookie")
            self.headers.setlist("Set-Cookie", [_CONTROL.sub(_octal, header) for header in sent])
