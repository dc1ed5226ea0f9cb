"""Request and response: Werkzeug's classes, made lazy.

A request computes each attribute when it is first read; a response writes its header list once. Here live these two
classes, and the limits of a request's body. A shortcut handles the usual cases and leaves all others to Werkzeug's
method.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from itertools import accumulate
from typing import IO, Any, cast
from urllib.parse import quote_from_bytes

from werkzeug.datastructures import Authorization, EnvironHeaders, Headers, ImmutableMultiDict, MultiDict
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge, SecurityError, UnsupportedMediaType
from werkzeug.http import parse_options_header
from werkzeug.routing import Rule
from werkzeug.sansio.http import parse_cookie
from werkzeug.sansio.utils import get_current_url, host_is_trusted
from werkzeug.utils import redirect
from werkzeug.wrappers import Request as RequestBase
from werkzeug.wrappers import Response as ResponseBase
from werkzeug.wsgi import get_content_length

from . import heads, internals, json
from .bodies import ChunkedBody, ClosingBody, FormParser, SizedBody, parse_pairs, storage_class
from .ctx import _cv_app, lazy
from .debughelpers import attach_enctype_error_multidict
from .environs import decoded_path
from .heads import CACHED_LENGTH, COMMON_TYPES, UnsendableResponse, check_head, status_line, type_header
from .hosts import HOST_READ_LIMIT, split_host
from .lazy_imports import late_pattern
from .overrides import Originals, Watched
from .typing import StartResponse, WSGIEnvironment


class _Limit:
    """An attribute for a limit: the value set on the object, else the current app's setting, else a default."""

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
    """Return a dotted blueprint name and the names it is nested in, innermost first: ``a.b`` gives ``["a.b", "a"]``."""
    return list(accumulate(name.split("."), "{}.{}".format))[::-1]


class Request(RequestBase, metaclass=Watched):
    """The request of one WSGI environment; every attribute is computed when it is first read.

    >>> with app.test_request_context("/form?page=2", method="POST", data={"name": "Ada"}):
    ...     request.method, request.path, request.args["page"], request.form["name"]
    ('POST', '/form', '2', 'Ada')
    >>> with app.test_request_context("/", method="POST", data={"photo": (BytesIO(b"..."), "a.png")}):
    ...     request.files["photo"].filename, request.files["photo"].read()
    ('a.png', b'...')
    >>> with app.test_request_context("/", method="POST", json={"name": "Ada"}):
    ...     request.is_json, request.json
    (True, {'name': 'Ada'})

    :param environ: the WSGI environment (PEP 3333).
    :param populate_request: whether to leave the request in ``environ["werkzeug.request"]``.
    :param shallow: when True, reading the body raises, so that middleware cannot consume it by accident.
    """

    json_module: Any = json
    form_data_parser_class = FormParser
    #: The method, in upper case (RFC 9110, 9.1).
    method: str
    #: The rule that matched the URL, or None.
    url_rule: Rule | None = None
    #: The values that the rule's converters took from the URL, or None.
    view_args: dict[str, Any] | None = None
    #: What routing raised (404, 405, a redirect); raised again when the request is dispatched.
    routing_exception: HTTPException | None = None
    # Whether the attributes that shortcuts skip are unchanged.
    _has_usual_attributes: bool
    # Whether it must be closed, which it need not be before a form was read. The constructor says so.
    _needs_close = True

    def __init__(self, environ: WSGIEnvironment, populate_request: bool = True, shallow: bool = False) -> None:
        # PERF: Werkzeug's __init__ reads eight values off the environ at once, 12 calls (benchmarks/: hello).
        self.environ = environ
        # A copy, since attributes are computed late: middleware and views may change the environ before that.
        self._original = environ.copy()
        self.shallow = shallow
        # PERF: attributes of an object are read faster than those of its class (benchmarks/: hello).
        self.url_rule = self.view_args = self.routing_exception = None
        method = environ.get("REQUEST_METHOD", "GET")
        self.method = method.upper() if isinstance(method, str) else method  # the second is refused later
        self._needs_close = False
        if populate_request and not shallow:
            environ["werkzeug.request"] = self

    @lazy
    def scheme(self) -> str:
        """``http`` or ``https``, as the server says."""
        scheme: str = self._original.get("wsgi.url_scheme", "http")
        return scheme

    @lazy
    def server(self) -> tuple[str, int | None] | None:
        """The server's host and port; a path and None for a Unix socket; None when the environ does not say."""
        name, port = self._original.get("SERVER_NAME"), self._original.get("SERVER_PORT")
        if name is None:
            return None
        return name, int(port) if port is not None and str(port).isdecimal() else None

    @lazy
    def host(self) -> str:
        """The host, with the port unless that is the default of the scheme; empty for a missing or invalid Host header.

        :raises SecurityError: when the host is not one of the trusted hosts.
        """
        environ = getattr(self, "_original", self.environ)  # a subclass may call Werkzeug's constructor instead
        parts = split_host((environ.get("HTTP_HOST") or "")[:HOST_READ_LIMIT])
        if not parts:
            return super().host
        name, port = parts
        trusted: Any = self.trusted_hosts
        if trusted and not host_is_trusted(name, trusted):  # it does not accept names such as "my_app"
            wanted = [trusted] if isinstance(trusted, str) else trusted
            if not any(f".{name}".endswith(end) if end[:1] == "." else name == end for end in wanted):
                raise SecurityError(f"Host {name!r} is not trusted.")
        usual = port in ("", "443" if self.scheme in ("https", "wss") else "80")
        return name if usual else f"{name}:{port}"

    @lazy
    def root_path(self) -> str:
        """Where the app is mounted, without a slash at its end."""
        return self._mount_point

    @lazy
    def _mount_point(self) -> str:
        # URLs are built from it: root_path may be overridden or set, which changes none (Werkzeug).
        return decoded_path(self._original, "SCRIPT_NAME").rstrip("/")

    @lazy
    def path(self) -> str:
        """The path below the mount point, with exactly one slash at its start."""
        return "/" + decoded_path(self._original, "PATH_INFO").lstrip("/")

    @lazy
    def query_string(self) -> bytes:
        """The part of the URL after the question mark. Bytes beyond ASCII are percent-encoded."""
        raw: str = self._original.get("QUERY_STRING", "")
        if not raw.isascii():
            raw = quote_from_bytes(raw.encode("latin1", "replace"), _ASCII)
        return raw.encode()

    @lazy
    def url(self) -> str:
        """The whole URL, readable: characters are percent-encoded only where they must be."""
        url = self._plain_url(self.query_string.decode())
        return url or self._readable_url(self.root_path, self.path, self.query_string)

    @lazy
    def base_url(self) -> str:
        """The URL without the query."""
        return self._plain_url() or self._readable_url(self.root_path, self.path)

    @lazy
    def root_url(self) -> str:
        """The URL of the mount point."""
        return self._readable_url(self.root_path)

    @lazy
    def host_url(self) -> str:
        """The URL of the host."""
        return self._readable_url()

    def _readable_url(self, *parts: Any) -> str:
        try:
            return get_current_url(self.scheme, self.host, *parts)
        except UnicodeError:  # Python before 3.13 cannot decode each host name, and Werkzeug does not expect it
            url = get_current_url(self.scheme, "", *parts)
            return url.replace("://", f"://{self.host}", 1)

    def _plain_url(self, query: str = "") -> str | None:
        # PERF: a URL without anything to quote is used as it is; Werkzeug takes 30 µs (benchmarks/: request).
        start = f"{self.scheme}://{self.host}{self.root_path}{self.path}"
        url = f"{start}?{query}" if query else start
        # A question mark in the path came as %3F.
        return url if "?" not in start and _PLAIN_URL().fullmatch(url) else None

    @lazy
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """The cookies, by name."""
        # PERF: it reads one header; Werkzeug reads all of them (benchmarks/: request).
        header, usual = self.environ.get("HTTP_COOKIE"), self._has_usual_attributes
        parsed: Any = parse_cookie(header, self.dict_storage_class) if usual else super().cookies
        cookies: ImmutableMultiDict[str, str] = parsed
        return cookies

    @lazy
    def headers(self) -> EnvironHeaders:  # type: ignore[override]  # read-only, as the environment is; Werkzeug's too
        """The request's headers, a view on the environment."""
        return EnvironHeaders(self.environ)

    @lazy
    def authorization(self) -> Authorization | None:
        """The user's name and password, or the token, of the Authorization header; None when it cannot be read."""
        try:
            return super().authorization
        except ValueError:  # for one, bytes beyond ASCII
            return None

    @lazy
    def remote_addr(self) -> str | None:
        """The address of the client or proxy that is connected to the server. No header is used for it."""
        return self._original.get("REMOTE_ADDR")

    @lazy
    def stream(self) -> IO[bytes]:
        """The body as it arrives; it can be read up to its length and to :attr:`max_content_length`.

        :raises RequestEntityTooLarge: when its announced length is over the limit. Reading the stream raises it too,
            when the length was not announced.
        :raises ClientDisconnected: from reading, when the client sends less than it announced.
        """
        environ, most, source = self.environ, self.max_content_length, self.environ["wsgi.input"]
        length: str = environ.get("CONTENT_LENGTH", "")
        stream: Any
        if self.shallow:
            stream = super().stream
        elif internals.KNOWN and _LENGTH().fullmatch(length) and "HTTP_TRANSFER_ENCODING" not in environ:
            if most is not None and int(length) > most:
                raise RequestEntityTooLarge()
            stream = SizedBody(source, int(length))
        elif "wsgi.input_terminated" in environ and not get_content_length(environ):
            # There is no length, or a transfer coding takes its place (RFC 9112, 6.3).
            stream = ChunkedBody(source, most)
        else:
            stream = super().stream
        body: IO[bytes] = stream
        return body

    def _parse_content_type(self) -> None:
        if hasattr(self, "_parsed_content_type"):
            return
        # PERF: read from the environ, without an object for all headers (benchmarks/: form_post, json_post).
        if internals.KNOWN and self._has_usual_attributes:
            self._parsed_content_type = parse_options_header(self.environ.get("CONTENT_TYPE", ""))
        else:
            super()._parse_content_type()
        options = self._parsed_content_type[1]
        # RFC 2046, 5.1.1 allows 70 characters, and some clients send a few more. Werkzeug compiles a pattern of them.
        if len(options.get("boundary", "")) > 200:
            del options["boundary"]

    #: How many bytes of a body are read before 413.
    max_content_length = _Limit("MAX_CONTENT_LENGTH", None)
    #: How many bytes a form field may hold, if it is not a file.
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
        """Raise the error for ``request.json`` when the body is not JSON.

        :param e: the error of the parser; None when the media type is not JSON.
        :raises UnsupportedMediaType: (415) when the media type is not JSON; in debug mode with what to do.
        :raises BadRequest: (400) when the parser failed; in debug mode with the reason.
        """
        try:
            return super().on_json_loading_failed(e)
        except UnsupportedMediaType as error:
            if _debugging():
                hint = "Send it as JSON (a test client: json=...), or read it by get_json(force=True)."
                error.description = f"{error.description} It was {self.mimetype or 'missing'}. {hint}"
            raise
        except BadRequest as error:
            if e is not None and not _debugging():
                raise BadRequest() from error
            raise

    @lazy
    def args(self) -> MultiDict[str, str]:
        """The values in the query, by name.

        >>> with app.test_request_context("/?page=2&tag=tea&tag=green"):
        ...     request.args.get("page", 1, type=int), request.args.getlist("tag")
        (2, ['tea', 'green'])
        """
        return storage_class(self)(parse_pairs(self.query_string.decode()))

    @lazy
    def form(self) -> ImmutableMultiDict[str, str]:
        """The values of a form's fields, by name; files are in :attr:`files`.

        >>> with app.test_request_context("/", method="POST", data={"name": "Ada"}):
        ...     request.form["name"], request.form.get("town")
        ('Ada', None)
        """
        self._load_form_data()
        form: ImmutableMultiDict[str, str] = self.__dict__["form"]
        return form

    def _load_form_data(self) -> None:
        own = self.__dict__
        self._needs_close = True
        usual = internals.KNOWN and PARSING.unchanged_on(self)
        if usual and "form" not in own and self.environ.get("CONTENT_TYPE") == _FORM:
            # PERF: a plain form needs no parser object, which reads four limits and makes a stream (benchmarks/:
            # form_post).
            try:
                items = parse_pairs((own.get("_cached_data") or self.stream.read()).decode())
            except UnicodeDecodeError:
                items = []
            storage = storage_class(self)
            own["form"], own["files"] = storage(items), storage()
        else:
            super()._load_form_data()
        if _debugging() and self.mimetype != "multipart/form-data" and not self.files:
            attach_enctype_error_multidict(self)


# The methods that the shortcut for plain forms skips.
PARSING = Originals(
    Request, "form_data_parser_class", "make_form_data_parser", "want_form_data_parsed", "_get_stream_for_parsing",
    "headers", "mimetype", "mimetype_params", "content_length",
)  # fmt: skip
# The attributes that are skipped: when cookies or the content type are read as they came in, when hooks are chosen by
# the endpoint, and when a request without a form is not closed.
READING = Originals(
    Request, "cookies", "headers", "endpoint", "blueprint", "blueprints", "close", flag="_has_usual_attributes"
)
READING.notice_on_objects("close")


def _debugging() -> bool:
    ctx = _cv_app.get(None)
    return ctx is not None and bool(ctx.app.debug)


_FORM = "application/x-www-form-urlencoded"
_ASCII = bytes(range(128))
# A URL without anything to quote or to decode, whose parts cannot be confused.
_PLAIN_URL = late_pattern(
    r"(?a)https?://(?!.*xn--)[a-z0-9.-]+(?::(?:[1-9]\d{0,3}|[1-5]\d{4}))?/[\w.~!$&'()*+,/:;=@-]*(?:\?[\w.~!$&'()*+,/:;=?@-]*)?",
)  # fmt: skip
_LENGTH = late_pattern(r"[0-9]{1,18}")
# Status codes whose responses have no body, or none of the usual headers for one (RFC 9110, 15).
_BODILESS = frozenset({*range(100, 200), 204, 205, 304})
# The headers that hold a URI, which an app may write as an IRI; and a path, with its query, that needs no change.
_URIS = frozenset({"location", "content-location"})
_PLAIN_URI = late_pattern(r"/(?!/)[\w.~%!$&'()*+,/:;=@-]*(?:\?[\w.~%!$&'()*+,/:;=?@-]+)?", re.ASCII)


def _parsed_status(status: str | int | HTTPStatus) -> tuple[str, int, bool]:
    """Call :func:`status_line`, past its cache for a long text."""
    return (status_line.__wrapped__ if isinstance(status, str) and len(status) > CACHED_LENGTH else status_line)(status)


def _octal(match: re.Match[str]) -> str:
    return f"\\{ord(match[0]):03o}"


def redirect_to(location: str, code: int, response_class: type[ResponseBase] | None) -> ResponseBase:
    """Return a redirect. Control characters in its target, which could end the header, are percent-encoded."""
    return redirect(heads.quote_control(location), code, response_class)


class Response(ResponseBase, metaclass=Watched):
    """The response of a view: HTML unless it says otherwise.

    >>> response = Response("Hello!", status=201, mimetype="text/plain")
    >>> response.headers["X-Seen"] = "yes"
    >>> response.status, response.content_type
    ('201 CREATED', 'text/plain; charset=utf-8')

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

    # The headers as a list, until :attr:`headers` is first read.
    _head: list[tuple[str, str]]
    # Whether the methods of SENDING are unchanged on the class.
    _has_usual_sending: bool
    # Whether the methods of MAKING are unchanged on the class.
    _has_usual_init: bool
    # Whether the status line can be sent; unknown if a subclass sets the status without calling this class.
    _sendable = False

    def __init__(
        self, response: Iterable[bytes] | bytes | Iterable[str] | str | None = None,
        status: int | str | HTTPStatus | None = None,
        headers: Mapping[str, str | Iterable[str]] | Iterable[tuple[str, str]] | None = None,
        mimetype: str | None = None, content_type: str | None = None, direct_passthrough: bool = False,
    ) -> None:  # fmt: skip
        self._headers: Headers | None = None
        status = self.default_status if status is None else status
        line, code, sendable = ("200 OK", 200, True) if status == 200 else _parsed_status(status)
        self._sendable = sendable
        # The body, if it is text or bytes whose length is in the headers; another body may be set later.
        self._known_body: Any = None
        head = self._head = []
        if not (sendable and self._has_usual_sending) or headers is not None or content_type is not None:
            super().__init__(response, status, headers, mimetype, content_type, direct_passthrough)
            return
        # PERF: no copy of Headers, no parsing of content types; Werkzeug takes 12 calls (benchmarks/: hello,
        # parameter).
        self._status, self._status_code = line, code
        self._on_close = []
        self.direct_passthrough = direct_passthrough
        media_type = self.default_mimetype if mimetype is None else mimetype
        if media_type in COMMON_TYPES:
            head.append(COMMON_TYPES[media_type])
        elif media_type is not None:
            known = len(media_type) <= CACHED_LENGTH
            head.append(type_header(media_type) if known else type_header.__wrapped__(media_type))
        if isinstance(response, (str, bytes, bytearray)):
            # Half of a surrogate pair, which JSON may hold, cannot be encoded.
            body = response.encode("utf-8", "replace") if isinstance(response, str) else bytes(response)
            self.response = self._known_body = [body]
            head.append(("Content-Length", str(len(body))))
        else:
            self.response = [] if response is None else response

    @property
    def headers(self) -> Headers:
        """The headers; with a body of text or bytes, ``Content-Type`` and ``Content-Length`` are among them."""
        if self._headers is None:
            if internals.KNOWN:
                self._headers = Headers()
                self._headers._list = self._head  # PERF: taken over without a check of each header (benchmarks/: hooks)
            else:
                self._headers = Headers(self._head)
        return self._headers

    @headers.setter
    def headers(self, value: Headers) -> None:
        self._headers = value

    @property
    def status(self) -> str:
        """The status line; set it to a code, or to a code and a phrase."""
        return self._status

    @status.setter
    def status(self, value: str | int | HTTPStatus) -> None:
        self._status, self._status_code, self._sendable = _parsed_status(value)

    @classmethod
    def force_type(cls, response: ResponseBase, environ: WSGIEnvironment | None = None) -> Response:
        """Return another response, or the answer of a WSGI callable, as a response of this class.

        The class of a response of Werkzeug is changed; nothing is copied.
        """
        forced = cast(Response, super().force_type(response, environ))
        if "headers" in forced.__dict__:
            forced._headers, forced._known_body = forced.__dict__.pop("headers"), None
        forced._sendable = _parsed_status(forced._status)[2]
        return forced

    def vary_by(self, name: str) -> None:
        """Say that the response depends on a header of the request (RFC 9110, 12.5.5).

        :param name: the header, such as ``Cookie``.
        """
        pairs: Any = self._head if self._headers is None else self._headers
        usual = isinstance(pairs, (list, Headers)) and VARYING.unchanged_on_class(type(self))
        if not usual or "vary" in [key.lower() for key, _ in pairs]:
            self.vary.add(name)
        else:
            self.add_header("Vary", name)

    def add_header(self, name: str, value: str) -> None:
        """Add a header whose value this package made and which needs no check."""
        if self._headers is not None:
            self._headers.add(name, value)
        else:
            self._head.append((name, value))

    def take_headers(self, pairs: list[tuple[str, str]]) -> None:
        """Replace all headers by *pairs*, which this package made and which need no check."""
        self._headers, self._head = None, pairs

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the response (PEP 3333).

        :raises UnsendableResponse: when its headers or its body cannot be sent. Nothing was sent then.
        """
        body: Any = self.response
        # The list may have been changed in place; then its length is not the one in the headers.
        plain = body is self._known_body and len(body) == 1 and type(body[0]) is bytes
        # PERF: the header list is written once; Werkzeug copies it three times (benchmarks/: hello, parameter, stream).
        shortcut = self._sendable and self._has_usual_sending
        if (
            shortcut
            and self._status_code not in _BODILESS
            and (plain or not isinstance(body, (list, tuple)))
            and environ.get("REQUEST_METHOD") != "HEAD"
        ):
            # A copy, since servers and middleware may change it (PEP 3333), and a response may be sent again.
            head = [*self._head] if self._headers is None else self._own_head(plain, self._headers)
            if head is not None:
                start_response(self._status, head)
                return body if self.direct_passthrough or (plain and not self._on_close) else ClosingBody(self)
        elif self._status_code == 304 and shortcut and body == [] and not self._on_close:
            head = [*self._head] if self._headers is None else self._own_head(False, self._headers)
            if head is not None:
                start_response(
                    self._status, [pair for pair in head if not heads.describes_body(pair[0][:CACHED_LENGTH])]
                )
                return ()
        try:
            app_iter, status, headers = self.get_wsgi_response(environ)
        except Exception as error:
            raise UnsendableResponse(f"{self!r} cannot be sent: {error}") from error
        check_head(status, headers)
        start_response(status, headers)
        return app_iter

    def _own_head(self, counted: bool, headers: Any) -> list[tuple[str, str]] | None:
        """Return the checked headers as a list; None when Werkzeug has to change some.

        :param counted: whether the length of the body must be among them.
        """
        if not isinstance(headers, Headers):  # something else was set in their place, such as a dict
            return None
        head = [*iter(headers)]
        try:
            names = check_head(None, head)  # _sendable says it of the status line
        except UnsendableResponse:  # it may be an IRI, of which Werkzeug makes a URI
            return None
        if counted and "content-length" not in names:
            return None
        if not _URIS.isdisjoint(names):
            # PERF: most redirects lead to a plain path; Werkzeug takes 60 calls to send one (benchmarks/: login).
            values = [value for name, value in head if name.lower() in _URIS]
            is_twice = len(values) > len(_URIS & names)  # Werkzeug sends one of each
            if is_twice or self.autocorrect_location_header or not all(map(_PLAIN_URI().fullmatch, values)):
                return None
        return head

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Return the headers as they are sent: Werkzeug's, without the default type where there cannot be a body."""
        headers = super().get_wsgi_headers(environ)
        default = self.default_mimetype
        if self._status_code in (204, 205) and default and headers.get("Content-Type") == type_header(default)[1]:
            headers.remove("Content-Type")
        return headers

    def set_data(self, value: bytes | str) -> None:
        """Set the body, and its length."""
        super().set_data(value.encode(errors="replace") if isinstance(value, str) else value)
        body: Any = self.response
        self._known_body = body

    data = property(ResponseBase.get_data, set_data, doc="The body as bytes; it may be set to text, too.")

    def set_cookie(self, key: str, value: str = "", *args: Any, **kwargs: Any) -> None:
        """Set a cookie (RFC 6265, 4.1).

        >>> response = Response("Hello!")
        >>> response.set_cookie("theme", "dark", max_age=3600, secure=True, httponly=True, samesite="Lax")
        >>> "theme=dark; " in response.headers["Set-Cookie"]
        True

        :param key: the name.
        :param value: the value.
        :param args: Werkzeug's other arguments, best given by name.
        :param kwargs: ``max_age``, ``expires``, ``path``, ``domain``, ``secure``, ``httponly``, ``samesite``,
            ``partitioned``.
        :raises ValueError: when the name is not a token: it could add attributes to the cookie.
        """
        if not heads.TOKEN().fullmatch(key):
            raise ValueError(f"A cookie cannot be named {key!r}: letters, digits and !#$%&'*+-.^_`|~ only (RFC 6265).")
        value = value if value.isascii() else value.encode(errors="replace").decode()  # no half of a surrogate pair
        super().set_cookie(key, value, *args, **kwargs)
        if heads.CONTROL().search(value):
            sent = self.headers.getlist("Set-Cookie")
            self.headers.setlist("Set-Cookie", [heads.CONTROL().sub(_octal, header) for header in sent])


# The methods that the shortcuts for sending a response skip.
SENDING = Originals(
    Response, "__call__", "get_wsgi_response", "get_wsgi_headers", "get_app_iter", "iter_encoded", "close", "set_data",
    "status", "status_code", "headers", "automatically_set_content_length", flag="_has_usual_sending",
)  # fmt: skip
SENDING.notice_on_objects("get_wsgi_response", "get_wsgi_headers", "get_app_iter", "iter_encoded", "close")
# The methods skipped by writing a cookie directly into the headers, by vary_by, and by making responses in dispatch.
COOKIE_WRITING = Originals(Response, "set_cookie")
VARYING = Originals(Response, "vary")
MAKING = Originals(
    Response, "__init__", "force_type", "automatically_set_content_length", "set_data", "status", "status_code",
    "headers", "__new__", flag="_has_usual_init",
)  # fmt: skip
