"""Helpers that several behaviour modules need; what only one module needs stays there."""

from typing import Any
from unittest.mock import patch

from itsdangerous.timed import TimestampSigner

SIGNED_AT = 1_746_007_727  # 2025-04-30 10:08:47 UTC


def frozen_time(timestamp: int = SIGNED_AT) -> Any:
    """Context manager in which every signed value carries `timestamp` (seconds since 1970)."""
    return patch.object(TimestampSigner, "get_timestamp", lambda self: timestamp)


def session_app(framework: Any, key: Any = "key", **config: Any) -> Any:
    """An app whose views set, read, drop and clear what its session holds."""
    app = framework.App("session_app")
    app.secret_key = key
    app.config.update(config)

    @app.get("/set/<name>/<value>")
    def set_value(name, value):
        framework.session[name] = value
        return "set"

    @app.get("/permanent/<value>")
    def permanent(value):
        framework.session.permanent = True
        framework.session["value"] = value
        return "set"

    @app.get("/get/<name>")
    def get_value(name):
        return str(framework.session.get(name))

    @app.get("/all")
    def everything():
        return {"session": dict(framework.session.items())}

    @app.get("/drop/<name>")
    def drop(name):
        framework.session.pop(name)
        return "dropped"

    @app.get("/clear")
    def clear():
        framework.session.clear()
        return "cleared"

    @app.get("/untouched")
    def untouched():
        return "untouched"

    return app


def cookie_of(response: Any) -> str:
    """The value of the session cookie that `response` sets."""
    return str(response.headers["Set-Cookie"]).split("=", 1)[1].split(";", 1)[0]
