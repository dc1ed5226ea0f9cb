"""How an app turns values into JSON text and back, and into a response.

Layer "json". A provider belongs to one app; a subclass may have other rules. Here is decided how types are encoded that
the standard library does not encode. The functions that choose the provider are in the package's ``__init__``.
"""

from __future__ import annotations

import dataclasses
import json
import weakref
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from math import isfinite
from typing import IO, Any, AnyStr
from uuid import UUID

from werkzeug.http import http_date
from werkzeug.wrappers import Response

from wsgiapp.overrides import Originals, Replaceable, Watched
from wsgiapp.typing import SupportsApp


class JSONProvider(Replaceable, metaclass=Watched):
    """The interface of a provider; a subclass supplies at least ``dumps`` and ``loads``.

    :param app: the app. It owns its provider, so the provider holds it by a weak reference only.
    """

    def __init__(self, app: SupportsApp) -> None:
        self._app: SupportsApp = weakref.proxy(app)

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return *obj* as JSON text.

        :param obj: the value.
        :param kwargs: arguments for the JSON library.
        """
        raise NotImplementedError(f"{type(self).__name__} must define dumps().")

    def dump(self, obj: Any, fp: IO[str], **kwargs: Any) -> None:
        """Write *obj* as JSON text to a text file."""
        fp.write(self.dumps(obj, **kwargs))

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Return the value of a JSON text.

        :param s: the text, or its bytes.
        :param kwargs: arguments for the JSON library.
        :raises ValueError: when it is not JSON.
        """
        raise NotImplementedError(f"{type(self).__name__} must define loads().")

    def load(self, fp: IO[AnyStr], **kwargs: Any) -> Any:
        """Return the value of the JSON text that a file holds."""
        return self.loads(fp.read(), **kwargs)

    def _prepare_response_obj(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the one value that the arguments of :meth:`response` stand for."""
        if args and kwargs:
            raise TypeError("A JSON response takes either args or kwargs, not both: put them into one value.")
        several = args or kwargs or None
        return args[0] if len(args) == 1 else several

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Return a response of the app's class whose body is JSON.

        :param args: one value, which is sent as it is; or several, which become an array. Without any it is ``null``.
        :param kwargs: the members of an object, in place of *args*.
        :raises TypeError: when both are given.
        """
        text = self.dumps(self._prepare_response_obj(args, kwargs))
        return self._app.response_class(text, mimetype="application/json")


def _default(o: Any) -> Any:
    """Return a value that JSON has, in place of one that it does not have.

    A date becomes an HTTP date (RFC 9110, section 5.6.7), a decimal or a UUID a string, a dataclass an object. For an
    object with a method ``__html__`` it is the text that this method returns.

    :raises TypeError: for any other value.
    """
    if isinstance(o, date):
        return http_date(o)
    from decimal import Decimal  # many apps never send one

    if isinstance(o, (Decimal, UUID)):
        return str(o)
    if dataclasses.is_dataclass(o) and not isinstance(o, type):
        return dataclasses.asdict(o)
    if markup := getattr(o, "__html__", None):
        return str(markup())
    hint = "Convert it first, or give the app's JSON provider a `default` function that does."
    raise TypeError(f"Object of type {type(o).__name__} is not JSON serializable. {hint}")


_scan: Any = vars(json.JSONDecoder())["scan_once"]
_COMPACT: dict[str, Any] = {"separators": (",", ":")}


# PERF: one encoder for each set of rules saves three calls for each answer (benchmarks/: parameter).
@lru_cache(maxsize=32)
def _compact(default: Callable[[Any], Any], ensure_ascii: bool, sort_keys: bool) -> Callable[[Any], str]:
    """Return the function that turns a value into compact JSON by these rules."""
    careful = json.JSONEncoder(ensure_ascii=ensure_ascii, sort_keys=sort_keys, default=default, **_COMPACT)
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # not CPython
        return careful.encode
    text = json.encoder.encode_basestring_ascii if ensure_ascii else json.encoder.encode_basestring
    quick = make(None, default, text, None, ":", ",", sort_keys, False, True)

    def encode(value: Any) -> str:
        try:
            return "".join(quick(value, 0))
        except RecursionError:  # nested too deeply, or a circular reference; the other encoder finds out which
            return careful.encode(value)

    return encode


class DefaultJSONProvider(JSONProvider):
    """A provider on the standard library's ``json``.

    The attributes may be set on a subclass or on an app's provider; arguments of a single call go before them.
    """

    # Returns a value that JSON has, in place of one that it does not have, or raises TypeError.
    default: Callable[[Any], Any] = staticmethod(_default)
    # Write every character beyond ASCII as an escape.
    ensure_ascii = True
    # Write the keys of an object in order, so that equal values give equal text (and equal cache keys).
    sort_keys = True
    # True: no spaces in responses. False: indent them. None: indent in debug mode only.
    compact: bool | None = None
    # The content type of a response.
    mimetype = "application/json"
    # Whether dumps and response are the ones below, not replaced.
    has_usual_encoding: bool

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return *obj* as JSON text.

        :param obj: the value.
        :param kwargs: arguments of :func:`json.dumps`; they replace the attributes of the provider.
        :raises TypeError: for a value that has no form in JSON, or keys that cannot be put in order.
        """
        if kwargs == _COMPACT and self.default.__hash__ is not None:  # unhashable functions cannot be cached
            return _compact(self.default, self.ensure_ascii, self.sort_keys)(obj)
        rules = {"default": self.default, "ensure_ascii": self.ensure_ascii, "sort_keys": self.sort_keys}
        return json.dumps(obj, **{**rules, **kwargs})

    def _not_finite(self, value: Any, path: str) -> Iterator[str]:
        """Yield where a value holds a NaN or an infinity, such as ``['items'][0] is nan``."""
        if isinstance(value, (dict, list, tuple)):
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                yield from self._not_finite(item, f"{path}[{key!r}]")
        elif isinstance(value, float):
            if not isfinite(value):
                yield f"{path or 'The value'} is {value}"
        elif value is not None and not isinstance(value, (str, int)):
            yield from self._not_finite(self.default(value), path)

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Return the value of a JSON text (RFC 8259); ``NaN`` and infinities are read too.

        :param s: the text, or its bytes.
        :param kwargs: arguments of :func:`json.loads`.
        :raises ValueError: when it is not JSON, or is nested too deeply.
        """
        try:
            # PERF: for plain UTF-8, finding the encoding and skipping blanks is not needed (benchmarks/: json_post,
            # sessions).
            if type(s) is bytes and s[:1] in (b"{", b"[") and s[1:2] != b"\0" and not kwargs:
                s = s.decode("utf-8", "surrogatepass")
            if type(s) is str and not kwargs:
                value, end = _scan(s, 0)
                if end == len(s):
                    return value
            return json.loads(s, **kwargs)
        except StopIteration:
            return json.loads(s)  # raises an error that says what is missing
        except RecursionError:
            raise ValueError("The JSON text is nested too deeply to be read.") from None

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """Return a JSON response; see :meth:`JSONProvider.response`. A newline ends it, ``compact`` sets the spaces."""
        value = args[0] if len(args) == 1 and not kwargs else self._prepare_response_obj(args, kwargs)
        debug = self._app.debug
        compact = not debug if self.compact is None else self.compact
        # PERF: without dumps() when it was not replaced (benchmarks/: parameter).
        if compact and self.has_usual_encoding and self.default.__hash__ is not None:
            text = _compact(self.default, self.ensure_ascii, self.sort_keys)(value)
        else:
            text = self.dumps(value, separators=(",", ":")) if compact else self.dumps(value, indent=2)
        if debug and self.has_usual_encoding and ("NaN" in text or "Infinity" in text):
            for where in self._not_finite(value, ""):
                raise ValueError(f"{where}, which is not JSON serializable: send None or a string. (Debug mode only.)")
        return self._app.response_class(f"{text}\n", mimetype=self.mimetype)


ENCODING = Originals(DefaultJSONProvider, "dumps", "response", flag="has_usual_encoding")
