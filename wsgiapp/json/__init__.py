"""JSON with the rules of the current app, or with the standard ones where no app is current.

Layer "json". These functions only choose a provider; the rules themselves are in ``provider``, and the tagged form
that sessions use is in ``tag``. Nothing else belongs here.
"""

from __future__ import annotations

import json as _json
from typing import IO, Any, AnyStr

from werkzeug.wrappers import Response

from wsgiapp.ctx import _cv_app, app_proxy

from .provider import DefaultJSONProvider, JSONProvider, _default, _loads

_scan: Any = vars(_json.JSONDecoder())["scan_once"]


def _provider() -> JSONProvider | None:
    """Return the provider of the app whose context is active, if one is."""
    context = _cv_app.get(None)
    return None if context is None else context.app.json


def dumps(obj: Any, **kwargs: Any) -> str:
    """Return ``obj`` as JSON text; keyword arguments go to the app's provider or to ``json.dumps``."""
    if provider := _provider():
        return provider.dumps(obj, **kwargs)
    return _json.dumps(obj, **{"default": _default, **kwargs})


def dump(obj: Any, fp: IO[str], **kwargs: Any) -> None:
    """Write ``obj`` as JSON text to a text file; see :func:`dumps`."""
    if provider := _provider():
        provider.dump(obj, fp, **kwargs)
    else:
        _json.dump(obj, fp, **{"default": _default, **kwargs})


def loads(s: str | bytes, **kwargs: Any) -> Any:
    """Return the value of a JSON text; raises ``ValueError`` if it is none."""
    provider = _provider()
    if type(provider) is DefaultJSONProvider and type(s) is str and not kwargs and "loads" not in vars(provider):
        # PERF: C alone reads what has no spaces around it, without three calls of Python (benchmarks/: session).
        try:
            value, end = _scan(s, 0)
        except (StopIteration, RecursionError):
            end = -1
        if end == len(s):
            return value
    return provider.loads(s, **kwargs) if provider else _loads(s, **kwargs)


def load(fp: IO[AnyStr], **kwargs: Any) -> Any:
    """Return the value of the JSON text that a file holds; see :func:`loads`."""
    provider = _provider()
    return provider.load(fp, **kwargs) if provider else _loads(fp.read(), **kwargs)


def jsonify(*args: Any, **kwargs: Any) -> Response:
    """Return a JSON response of the current app, made of one value, of several, or of keyword arguments.

    Raises ``TypeError`` if values and keyword arguments are mixed, ``RuntimeError`` if no app is current.
    """
    provider: JSONProvider = _provider() or app_proxy.json  # the proxy says what to do where no app is current
    return provider.response(*args, **kwargs)
