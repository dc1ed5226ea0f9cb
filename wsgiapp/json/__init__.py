"""JSON with the rules of the current app, or with the standard ones where no app is current.

Layer "json". These functions only choose a provider. The rules are in ``provider``, and the tagged JSON of sessions is
in ``tag``.
"""

from __future__ import annotations

import json as _json  # noqa: F401  # test suites of extensions read this name
from typing import IO, Any, AnyStr

from werkzeug.wrappers import Response

from wsgiapp.ctx import _cv_app, app_proxy

from .provider import DefaultJSONProvider, JSONProvider


class _Standard(DefaultJSONProvider):
    """The provider where no app is current. It sorts no keys, as the standard library does, and makes no responses."""

    sort_keys = False
    _app = app_proxy

    def __init__(self) -> None:
        """Override the constructor: there is no app."""


_standard = _Standard()


def _provider() -> JSONProvider:
    """Return the provider of the app whose context is active, or the standard one."""
    context = _cv_app.get(None)
    return _standard if context is None else context.app.json


def dumps(obj: Any, **kwargs: Any) -> str:
    """Return *obj* as JSON text, by the rules of the current app.

    >>> json.dumps({"name": "Ada", "number": Decimal("1.50")})
    '{"name": "Ada", "number": "1.50"}'

    :param obj: the value.
    :param kwargs: arguments for the app's provider: those of :func:`json.dumps`, unless it is one of your own.
    :raises TypeError: for a value that has no form in JSON.
    """
    return _provider().dumps(obj, **kwargs)


def dump(obj: Any, fp: IO[str], **kwargs: Any) -> None:
    """Write *obj* as JSON text to a text file; see :func:`dumps`."""
    _provider().dump(obj, fp, **kwargs)


def loads(s: str | bytes, **kwargs: Any) -> Any:
    """Return the value of a JSON text.

    >>> json.loads('{"name": "Ada"}')
    {'name': 'Ada'}

    :param s: the text, or its bytes.
    :param kwargs: arguments for the app's provider: those of :func:`json.loads`, unless it is one of your own.
    :raises ValueError: when it is not JSON.
    """
    return _provider().loads(s, **kwargs)


def load(fp: IO[AnyStr], **kwargs: Any) -> Any:
    """Return the value of the JSON text that a file holds; see :func:`loads`."""
    return _provider().load(fp, **kwargs)


def jsonify(*args: Any, **kwargs: Any) -> Response:
    """Return a JSON response of the current app.

    >>> with app.app_context():
    ...     response = jsonify(name="Ada", number=1)
    >>> response.json
    {'name': 'Ada', 'number': 1}

    :param args: one value, which is sent as it is; or several, which are sent as an array.
    :param kwargs: the members of an object, in place of *args*.
    :raises TypeError: when both are given.
    :raises RuntimeError: when no app is current.
    """
    return _provider().response(*args, **kwargs)
