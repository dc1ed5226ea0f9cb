"""Sessions: data that is kept for one visitor between requests, in a cookie that they can read but not change.

Here are the session mappings, the interface by which an app opens and saves them, its default implementation with a
signed cookie, and the messages flashed from one request to the next. The cookie is Flask's, byte for byte.
"""

from __future__ import annotations

import hashlib
import sys
import warnings
from collections.abc import Iterable, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from werkzeug.datastructures import CallbackDict

from . import signing
from .ctx import current_request_context
from .json.tag import TaggedJSONSerializer
from .lazy_imports import late_pattern
from .overrides import Originals, Replaceable, Watched
from .signals import message_flashed
from .wrappers import COOKIE_WRITING, Request, Response

# How many serializers are cached for all apps together.
MAX_SERIALIZERS = 64
# A browser may send several session cookies, set for different paths and domains. At most this many are tried.
MAX_COOKIES = 5


def __getattr__(name: str) -> Any:
    if name == "URLSafeTimedSerializer":  # Flask has it here
        return signing.URLSafeTimedSerializer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class SessionMixin(MutableMapping[str, Any]):
    """A session: a mapping that is kept for one visitor between requests, with attributes about its state.

    >>> @app.post("/login")
    ... def login() -> str:
    ...     session["user"] = "Ada"
    ...     session.permanent = True
    ...     return "Welcome!"
    >>> @app.get("/")
    ... def index() -> str:
    ...     return f"Hello, {session.get('user', 'stranger')}!"
    >>> client = app.test_client()
    >>> client.post("/login").text, client.get("/").text
    ('Welcome!', 'Hello, Ada!')
    """

    #: Whether it was made for this request, not loaded.
    new = False
    #: Whether it must be saved. Always True for a class that cannot notice changes.
    modified = True
    #: Whether the request read or changed it, so that the response varies by cookie.
    accessed = False

    @property
    def permanent(self) -> bool:
        """Whether it lasts for ``PERMANENT_SESSION_LIFETIME`` instead of until the browser closes."""
        return bool(self.get("_permanent", False))

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self["_permanent"] = bool(value)


class SecureCookieSession(CallbackDict[str, Any], SessionMixin):
    """A session in a signed cookie: a dict that notices its own changes.

    Changes inside a value (``session["cart"].append(1)``) are not noticed; set ``session.modified = True`` then.

    :param initial: the data to begin with.
    """

    modified = False

    def __init__(self, initial: Any = None) -> None:
        dict.__init__(self, () if initial is None else initial)
        self.on_update = _mark_modified

    def warn_of_changes(self) -> None:
        """Warn of each further change, because it is too late to save it."""
        self.on_update = _warn_of_change


def _mark_modified(session: Any) -> None:
    session.modified = True


def _warn_of_change(session: Any) -> None:
    _mark_modified(session)
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals["__name__"].partition(".")[0] in ("werkzeug", __package__):
        level, frame = level + 1, frame.f_back
    warnings.warn(
        "The session was changed after the response had been made, so the change is lost: the cookie is a header, and"
        " headers go first. Change the session before the view returns. (Debug mode only.)",
        stacklevel=level,
    )


class NullSession(SecureCookieSession):
    """The session when none can be opened: it is empty, and writing to it raises an error."""

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002  # the arguments of seven methods
        raise RuntimeError(
            "The session is unavailable because no secret key was set to sign its cookie with. Set app.secret_key, or"
            " SECRET_KEY in the configuration, to a long random value; 'python -c \"import secrets;"
            " print(secrets.token_hex())\"' prints one."
        )

    __setitem__ = __delitem__ = clear = pop = popitem = update = setdefault = _refuse


class SessionInterface(Replaceable, metaclass=Watched):
    """How an app opens and saves sessions. To keep them elsewhere, set ``app.session_interface`` to one of your own.

    A subclass implements :meth:`open_session` and :meth:`save_session`; both may use the methods below, which return
    the settings of the cookie. The session is any mapping with the attributes of :class:`SessionMixin`.
    """

    #: The class that :meth:`make_null_session` makes.
    null_session_class = NullSession
    #: Whether sessions are pickled; kept for extensions that ask.
    pickle_based = False
    #: Whether the session is opened only when it is first read or changed, and not saved when it never was. Set it to
    #: True on an interface of your own if its ``open_session`` has no effect but the session that it returns, and its
    #: ``save_session`` does nothing for an unused session. Otherwise both run for every request.
    lazy_open = False

    def make_null_session(self, app: Any) -> NullSession:  # noqa: ARG002  # for those who override it
        """Return the session of a request for which :meth:`open_session` returned None."""
        return self.null_session_class()

    def is_null_session(self, obj: object) -> bool:
        """Say whether *obj* is a null session, which is never saved."""
        return isinstance(obj, self.null_session_class)

    def get_cookie_name(self, app: Any) -> str:
        """Return the cookie's name, ``SESSION_COOKIE_NAME``."""
        value: str = app.config["SESSION_COOKIE_NAME"]
        return value

    def get_cookie_domain(self, app: Any) -> str | None:
        """Return the cookie's domain, ``SESSION_COOKIE_DOMAIN``; None keeps it to the host that set it."""
        value: str | None = app.config["SESSION_COOKIE_DOMAIN"]
        return value

    def get_cookie_path(self, app: Any) -> str:
        """Return the cookie's path, ``SESSION_COOKIE_PATH`` or else ``APPLICATION_ROOT``."""
        value: str = app.config["SESSION_COOKIE_PATH"] or app.config["APPLICATION_ROOT"]
        return value

    def get_cookie_httponly(self, app: Any) -> bool:
        """Say whether scripts are kept from the cookie, ``SESSION_COOKIE_HTTPONLY``."""
        return bool(app.config["SESSION_COOKIE_HTTPONLY"])

    def get_cookie_secure(self, app: Any) -> bool:
        """Say whether the cookie is sent over HTTPS only, ``SESSION_COOKIE_SECURE``."""
        return bool(app.config["SESSION_COOKIE_SECURE"])

    def get_cookie_samesite(self, app: Any) -> str | None:
        """Return ``"Strict"``, ``"Lax"``, ``"None"``, or None for no such attribute: ``SESSION_COOKIE_SAMESITE``."""
        value: str | None = app.config["SESSION_COOKIE_SAMESITE"]
        return value

    def get_cookie_partitioned(self, app: Any) -> bool:
        """Say whether the cookie is kept apart for each top-level site, ``SESSION_COOKIE_PARTITIONED``."""
        return bool(app.config["SESSION_COOKIE_PARTITIONED"])

    def get_expiration_time(self, app: Any, session: SessionMixin) -> datetime | None:
        """Return when the cookie expires (UTC); None for a session that ends with the browser."""
        return datetime.now(UTC) + app.permanent_session_lifetime if session.permanent else None

    def should_set_cookie(self, app: Any, session: SessionMixin) -> bool:
        """Say whether the response gets the cookie: the session was changed, or is permanent and must last longer."""
        return session.modified or bool(session.permanent and app.config["SESSION_REFRESH_EACH_REQUEST"])

    def open_session(self, app: Any, request: Request) -> SessionMixin | None:
        """Return the session of *request*. For None the request gets a null session."""
        raise NotImplementedError(f"{type(self).__name__} must implement open_session(app, request).")

    def save_session(self, app: Any, session: SessionMixin, response: Response) -> None:
        """Keep *session*, by a cookie on *response* or elsewhere. Never called with a null session."""
        raise NotImplementedError(f"{type(self).__name__} must implement save_session(app, session, response).")


session_json_serializer = TaggedJSONSerializer()


def _lazy_sha1(string: bytes = b"") -> Any:
    # A Python built for FIPS has no sha1. It is looked up only when used, so that the import works, and an app can
    # choose another hash.
    return hashlib.sha1(string)  # noqa: S324  # Flask's cookies are signed so; HMAC-SHA1 is not broken


def _make_serializer(
    keys: tuple[Any, ...], salt: str, serializer: Any, digest_method: Any, key_derivation: str
) -> signing.BoundedSerializer:
    digest_method = hashlib.sha1 if digest_method is _lazy_sha1 else digest_method
    signer_kwargs = {"key_derivation": key_derivation, "digest_method": digest_method}
    return signing.BoundedSerializer(list(keys), salt=salt, serializer=serializer, signer_kwargs=signer_kwargs)


# PERF: made once for each key, not twice for each request (benchmarks/: sessions).
_serializer = lru_cache(maxsize=MAX_SERIALIZERS)(_make_serializer)


class SecureCookieSessionInterface(SessionInterface):
    """Sessions in a cookie that is signed with the app's secret key. The default of an app."""

    #: Makes these signatures different from others that are made with the same key.
    salt = "cookie-session"
    #: The hash of the signature.
    digest_method = staticmethod(_lazy_sha1)
    #: How the signing key is derived from the secret key (itsdangerous).
    key_derivation = "hmac"
    #: Turns session data into text and back.
    serializer = session_json_serializer
    #: The class of the sessions it opens.
    session_class = SecureCookieSession

    def get_signing_serializer(self, app: Any) -> signing.URLSafeTimedSerializer | None:
        """Return the serializer of the cookie. ``SECRET_KEY`` signs; it and each of ``SECRET_KEY_FALLBACKS`` verify.

        :return: None when the app has no secret key.
        """
        secret = app.secret_key
        if not secret:
            return None
        keys = (*(app.config["SECRET_KEY_FALLBACKS"] or ()), secret)  # the newest key comes last (itsdangerous)
        settings = keys, self.salt, self.serializer, self.digest_method, self.key_derivation
        try:
            return _serializer(*settings)
        except TypeError:  # a value that cannot be hashed, such as a bytearray as key, cannot be cached
            return _make_serializer(*settings)

    def open_session(self, app: Any, request: Request) -> SecureCookieSession | None:
        """Return the session in the request's cookie; a new one if it is missing, forged, expired or unreadable."""
        serializer = self.get_signing_serializer(app)
        if serializer is None:
            return None
        if values := _cookies(request, self.get_cookie_name(app)):
            max_age = int(app.permanent_session_lifetime.total_seconds())
            # There may be several: a forged one comes first if its path is longer (RFC 6265, 5.4), and an old one may
            # be left from before the app changed its path or domain. The newest valid one is used.
            if len(values) > 1:
                values = sorted([*filter(None, values)][:MAX_COOKIES], key=signing.stamp, reverse=True)
            for value in values:
                try:
                    return self.session_class(serializer.loads(value, max_age=max_age))
                except (signing.BadData, TypeError, ValueError, OverflowError, OSError):  # the last two for an odd time
                    continue
        return self.session_class()

    def save_session(self, app: Any, session: SessionMixin, response: Response) -> None:
        """Set the cookie when the session changed, delete it when it was emptied, leave it alone otherwise."""
        varied = session.accessed
        if varied:
            _vary_by_cookie(response)
        if session and self.should_set_cookie(app, session):
            serializer: Any = self.get_signing_serializer(app)  # not None, or the session would be a null session
            value = serializer.dumps(dict(session))
            name, attributes = self.get_cookie_name(app), self._attributes(app)
            attributes["expires"] = self.get_expiration_time(app, session)
            # Another serializer may write values that need quotes.
            if not (getattr(serializer, "plain", 0) is True and _set_by_template(response, name, value, attributes)):
                response.set_cookie(name, value, **attributes)
        elif session.modified and not session:
            response.delete_cookie(self.get_cookie_name(app), **self._attributes(app))
        else:
            return
        if not varied:
            _vary_by_cookie(response)

    def _attributes(self, app: Any) -> dict[str, Any]:
        return {
            "domain": self.get_cookie_domain(app),
            "path": self.get_cookie_path(app),
            "secure": self.get_cookie_secure(app),
            "partitioned": self.get_cookie_partitioned(app),
            "samesite": self.get_cookie_samesite(app),
            "httponly": self.get_cookie_httponly(app),
        }


# The methods that opening lazily, and not saving an unused session, skip.
OPENING = Originals(
    SecureCookieSessionInterface, "open_session", "save_session", "session_class", "make_null_session",
    "is_null_session", "should_set_cookie", flag="lazy_open",
)  # fmt: skip


# A cookie as Werkzeug finds it in a header without quotes. It never backtracks, so that no header takes long.
_COOKIE = late_pattern(r'(?:\A|;)[ \t]*+([^ \t=";]++)(?:[ \t]*+=[ \t]*+([^ \t";]*+))?[ \t]*+(?=;|\Z)')


def _cookies(request: Any, name: str) -> list[str]:
    header = request.environ.get("HTTP_COOKIE", "")
    # PERF: one search; Werkzeug makes objects for all headers and cookies, in 20 calls (benchmarks/: sessions).
    usual = getattr(request, "_has_usual_attributes", False) and "cookies" not in request.__dict__
    if usual and '"' not in header:
        return [value for key, value in _COOKIE().findall(header) if key == name]
    values: list[str] = request.cookies.getlist(name)
    return values


@lru_cache(maxsize=MAX_SERIALIZERS, typed=True)
def _cookie_template(name: str, **attributes: Any) -> tuple[str, str, str] | None:
    """Return a Set-Cookie header in three parts: the name, ``=``, and the rest, with room for the value between.

    :return: None when it has characters that cannot be sent.
    """
    response = Response()
    response.max_cookie_size = 0  # the caller checks the size, with the value
    response.set_cookie(name, **attributes)
    header = response.headers["Set-Cookie"]
    return header.partition("=") if header.isascii() and header.isprintable() else None


def _set_by_template(response: Any, name: str, value: str, attributes: dict[str, Any]) -> bool:
    """Set a cookie whose value needs no quotes, by putting the value into a cached header.

    :return: whether it was set; if not, ``set_cookie`` must do it.
    """
    # PERF: within one second only the value differs (benchmarks/: sessions).
    if isinstance(expires := attributes["expires"], datetime):
        attributes = {**attributes, "expires": expires.replace(microsecond=0)}
    template = _cookie_template(name, **attributes) if COOKIE_WRITING.unchanged_on(response) else None
    header = f"{template[0]}={value}{template[2]}" if template and isinstance(value, str) else ""
    plain: bool = 0 < len(header) <= (response.max_cookie_size or len(header))
    if plain:
        response.add_header("Set-Cookie", header)
    return plain


def _vary_by_cookie(response: Any) -> None:
    # PERF: vary_by parses no header (callpath: one session read). Only our own response class has it.
    if hasattr(response, "vary_by"):
        response.vary_by("Cookie")
    else:
        response.vary.add("Cookie")


def save_to_response(app: Any, ctx: Any, response: Any) -> None:
    """Save the session of *ctx* on *response*, unless it was not used and its cookie need not last longer.

    :param ctx: the request context.
    """
    interface = app.session_interface
    if ctx._opened_session is None and ctx._lazy_session:
        # PERF: an unused session is opened only if its cookie may have to last longer (callpath: session app).
        came_along = interface.get_cookie_name(app) in ctx.request.environ.get("HTTP_COOKIE", "")
        if not came_along or not app.config["SESSION_REFRESH_EACH_REQUEST"]:
            return
    session = ctx._session
    if not interface.is_null_session(session):
        interface.save_session(app, session, response)


def flash(message: str, category: str = "message") -> None:
    """Keep a message for the next page that shows messages.

    >>> @app.post("/save")
    ... def save() -> Response:
    ...     flash("It was saved.", "info")
    ...     return redirect("/")
    >>> @app.get("/")
    ... def index() -> str:
    ...     return "".join(get_flashed_messages())
    >>> app.test_client().post("/save", follow_redirects=True).text
    'It was saved.'

    :param message: the message; any value that the session can hold.
    :param category: groups messages; usually ``message``, ``error``, ``info`` or ``warning``.
    :raises RuntimeError: when no request is current, or the app has no secret key.
    """
    ctx = current_request_context("'flash'")
    session = ctx.session
    # A new list, since a session notices no change inside a value.
    session["_flashes"] = [*_as_flashes(session.get("_flashes")), (category, message)]
    if message_flashed.receivers:
        app = ctx.app
        message_flashed.send(app, _async_wrapper=app.ensure_sync, message=message, category=category)


def _as_flashes(value: Any) -> list[tuple[str, str]]:
    """Return the pairs in *value*, which a session held: another program with the same key may have written it."""
    pairs = value if isinstance(value, list) else []
    return [(*pair,) for pair in pairs if isinstance(pair, (list, tuple)) and len(pair) == 2]


def get_flashed_messages(
    with_categories: bool = False, category_filter: Iterable[str] = ()
) -> list[str] | list[tuple[str, str]]:
    """Return the flashed messages and remove them from the session. Later calls in the same request return them again.

    >>> with app.test_request_context():
    ...     flash("It was saved.", "info")
    ...     get_flashed_messages(with_categories=True)
    [('info', 'It was saved.')]

    :param with_categories: return pairs of category and message instead of messages.
    :param category_filter: the categories to return; all when empty.
    :raises RuntimeError: when no request is current.
    """
    ctx = current_request_context("'get_flashed_messages'")
    if ctx.flashes is None:
        session = ctx.session
        ctx.flashes = _as_flashes("_flashes" in session and session.pop("_flashes"))
    wanted = set(category_filter)
    pairs = [pair for pair in ctx.flashes if not wanted or pair[0] in wanted]
    return pairs if with_categories else [message for _, message in pairs]
