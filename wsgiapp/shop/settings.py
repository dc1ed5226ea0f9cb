"""Shop layer 2: where the shop's settings come from.

Defaults, the environment, the caller's mapping (in rising order of rank), and the two secrets that are made by chance
and kept in the instance folder when nobody sets them. Nothing here touches the database. Nothing touches the file
system before a secret is needed: importing the application writes no file.
"""

from __future__ import annotations

import hmac
import os
import secrets
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix

from wsgiapp import App
from wsgiapp.json.provider import DefaultJSONProvider
from wsgiapp.sessions import SecureCookieSessionInterface
from wsgiapp.shop.session_contents import CheckedSerializer

DEFAULTS: dict[str, Any] = {
    "MAX_CONTENT_LENGTH": 1024 * 1024,
    "MAX_FORM_MEMORY_SIZE": 100_000,
    "MAX_FORM_PARTS": 50,
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "PROPAGATE_EXCEPTIONS": False,  # in debug mode too: the visitor sees the shop's page, the developer the X-ray
    "TRUSTED_PROXIES": 0,
    "DATABASE_TIMEOUT": 1.5,
    "PERMANENT_SESSION_LIFETIME": timedelta(days=30),
    "LOGIN_LIMIT": 5,
    "LOGIN_ADDRESS_LIMIT": 30,
    "LOGIN_WINDOW": 300,
    "REGISTRATION_LIMIT": 10,
    "REGISTRATION_WINDOW": 3600,
    "REVIEW_LIMIT": 20,
    "PICTURE_BYTES": 3_000_000,
    "PICTURE_LIMIT": 50,
    "ORDER_LIMIT": 50,
    "API_TOKEN_FALLBACKS": (),
}
MOST_PROXIES = 10
PLAIN_NAMES = ("DATABASE_URL", "SECRET_KEY", "API_TOKEN", "INSTANCE_PATH")


def configure(app: App, config: Mapping[str, Any]) -> None:
    """Fill ``app.config``: the defaults, then ``SHOP_*`` and the plain names of the environment, then ``config``.

    ``SHOP_SESSION_COOKIE_SECURE=true`` and the like are read as JSON; ``DATABASE_URL``, ``SECRET_KEY`` and
    ``API_TOKEN`` are taken as they stand. ``DEMO`` is on unless someone says otherwise or the database is a server.
    """
    app.config.from_mapping(DEFAULTS)
    app.config.from_prefixed_env("SHOP")
    app.config.from_mapping({name: os.environ[name] for name in PLAIN_NAMES if os.environ.get(name)})
    app.config.from_mapping(config)
    check_token_fallbacks(app)
    app.config.setdefault("DATABASE_URL", f"sqlite:///{Path(app.instance_path) / 'shop.db'}")
    app.config.setdefault("XRAY", app.config["DEBUG"])
    app.config.setdefault("DEMO", str(app.config["DATABASE_URL"]).startswith("sqlite"))
    if isinstance(app.json, DefaultJSONProvider):
        app.json.sort_keys = False
    app.session_interface = StoredKeySessions()


def trust_proxies(app: App) -> None:
    """Take the visitor's address, scheme and host from what the last ``TRUSTED_PROXIES`` proxies say; 0 trusts nobody.

    This middleware is the outermost one, so that all other code sees the visitor's address.

    :raises ValueError: when the setting is no such number.
    """
    number = app.config["TRUSTED_PROXIES"]
    if type(number) is not int or not 0 <= number <= MOST_PROXIES:
        raise ValueError(
            f"TRUSTED_PROXIES is {number!r}, but must be how many proxies stand before the shop, 0 to {MOST_PROXIES}: "
            "set SHOP_TRUSTED_PROXIES=1 for one, and nothing for none."
        )
    if number:
        inner: Any = app  # a method to the type checker, and the place for middleware
        inner.wsgi_app = ProxyFix(app.wsgi_app, x_for=number, x_proto=number, x_host=number)


class StoredKeySessions(SecureCookieSessionInterface):
    """Sessions signed with ``SECRET_KEY``, which is read from the instance folder when the settings have none."""

    serializer = CheckedSerializer()  # what they hold is checked

    def get_signing_serializer(self, app: App) -> Any:
        """Return the serializer of the framework, once the key is there."""
        if not app.secret_key:
            app.secret_key = own_secret(app, "secret_key")
        return super().get_signing_serializer(app)


def api_token(app: App) -> str:
    """Return the bearer token that allows writing through the API."""
    token = app.config.get("API_TOKEN")
    if not token:
        token = app.config["API_TOKEN"] = own_secret(app, "api_token")
    return str(token)


def is_api_token(app: App, given: str) -> bool:
    """Tell whether ``given`` is the token of the API or one of its fallbacks; the time taken does not tell which."""
    sent = given.encode("utf-8", "replace")
    tokens = [api_token(app), *app.config["API_TOKEN_FALLBACKS"]]
    return any([hmac.compare_digest(token.encode(), sent) for token in tokens])  # noqa: C419  # each is compared


def check_token_fallbacks(app: App) -> None:
    """Refuse fallbacks that are no list of tokens: with an empty text among them everybody could write.

    :raises ValueError: for those.
    """
    found = app.config["API_TOKEN_FALLBACKS"]
    if not isinstance(found, (list, tuple)) or not all(isinstance(token, str) and token.strip() for token in found):
        raise ValueError(
            "API_TOKEN_FALLBACKS must be a list of API tokens, none of them empty: set "
            """SHOP_API_TOKEN_FALLBACKS='["the other token"]', or nothing for none."""
        )


def own_secret(app: App, name: str) -> str:
    """Return the secret of this machine; the log says so where the database may serve other machines as well."""
    if not str(app.config["DATABASE_URL"]).startswith("sqlite"):
        app.logger.warning(
            "The shop keeps its %s in %s. If other machines serve this shop too, set %s in the environment of each.",
            name, app.instance_path, name.upper(),
        )  # fmt: skip
    return stored_secret(app.instance_path, name)


def stored_secret(folder: str, name: str) -> str:
    """Return the secret kept in ``folder/name``; the first process to ask makes it (256 random bits, mode 0600).

    Processes that start together agree: each writes a private file, and only one of them can be given the name.
    Raises ``RuntimeError`` when the folder can be neither read nor written.
    """
    path = Path(folder) / name
    try:
        if not path.exists():
            _publish(path, secrets.token_hex(32))
        return path.read_text("ascii").strip()
    except OSError as error:
        raise RuntimeError(
            f"The shop keeps its {name} in {path} and could not: {error.strerror}. "
            f"Make the folder writable, or set {name.upper()} in the environment."
        ) from error


def _publish(path: Path, secret: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(secret + "\n")
    # Neither call replaces a file that another process has put there meanwhile, and neither shows half a file.
    publish = os.rename if os.name == "nt" else os.link
    try:
        publish(draft, path)
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink(missing_ok=True)
