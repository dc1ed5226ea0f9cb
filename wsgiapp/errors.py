"""Errors: which handler answers an exception, and the default pages of HTTP exceptions without a handler.

Handlers are registered by scope (the app, or a blueprint), then by status code, then by class. A handler for the status
code goes before one for the class, and one of a blueprint before one of the app.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import product
from typing import Any, cast

from werkzeug.exceptions import BadRequest, BadRequestKeyError, HTTPException, default_exceptions

from .overrides import Originals
from .typing import ErrorHandlerCallable

Handlers = dict[str | None, dict[int | None, dict[type[Exception], ErrorHandlerCallable]]]


def class_and_code(exc_class_or_code: Any) -> tuple[type[Exception], int | None]:
    """Return the exception class a handler is registered for, and the status code where it is an HTTP one.

    :param exc_class_or_code: a subclass of Exception, or a status code.
    :raises ValueError: for a code that no HTTP exception has, or a class that is not an exception class.
    :raises TypeError: for an exception object, and for anything that is neither a class nor a code.
    """
    known = exc_class_or_code
    if isinstance(known, int):
        known = default_exceptions.get(known)
        if known is None:
            hint = "Use a subclass of HTTPException that has it as its 'code'."
            raise ValueError(f"{str(exc_class_or_code)!r} is not a recognized HTTP error code. {hint}")
    if isinstance(known, Exception):
        raise TypeError(f"{known!r} is an instance, not a class. Register the handler for its class.")
    if not isinstance(known, type):
        raise TypeError(f"{known!r} is neither an exception class nor a status code.")
    if not issubclass(known, Exception):
        raise ValueError(f"{known.__name__!r} is not a subclass of Exception.")
    return known, known.code if issubclass(known, HTTPException) else None


def find_handler(spec: Handlers, error: Exception, blueprints: Iterable[str]) -> ErrorHandlerCallable | None:
    """Return the handler closest to *error*: by code before class, by blueprint before app, by class before its bases.

    :param spec: the app's ``error_handler_spec``.
    :param blueprints: the names of the current blueprints, innermost first.
    """
    if not spec:
        return None
    code = class_and_code(type(error))[1]
    for wanted, scope in product((code, None) if code is not None else (None,), (*blueprints, None)):
        handlers = spec.get(scope, {}).get(wanted, {})
        for cls in type(error).__mro__:
            if cls in handlers:
                return handlers[cls]
    return None


# The methods that an answer made of an error's page and headers skips, and those that its cached page skips.
ANSWERING = Originals(HTTPException, "__call__", "get_response")
WRITING = Originals(HTTPException, "get_body", "get_description", "get_headers", "name")


def answers_itself(error: HTTPException) -> bool:
    """Say whether an HTTP exception has no response of its own, and makes one as Werkzeug does."""
    return not error.response and ANSWERING.unchanged_on(error)


def default_page(cls: type[HTTPException]) -> str | None:
    """Return Werkzeug's page for a class of HTTP exceptions; None when the class has a page of its own."""
    return cast(Any, _page)(cls, cls.code, cls.description) if WRITING.unchanged_on_class(cls) else None


@lru_cache(maxsize=64)
def _page(cls: type[HTTPException], code: int | None, description: str | None) -> str | None:  # noqa: ARG001  # its key
    return cls().get_body() if cls in default_exceptions.values() else None


def is_trapped(error: Exception, config: Any) -> bool:
    """Say whether an HTTP exception is treated like any other error, so that a developer sees it.

    ``TRAP_HTTP_EXCEPTIONS`` traps all of them, ``TRAP_BAD_REQUEST_ERRORS`` those with the status 400. If the second is
    not set, debug mode traps the error for a key that is missing in a form.
    """
    if config["TRAP_HTTP_EXCEPTIONS"]:
        return True
    trap_bad = config["TRAP_BAD_REQUEST_ERRORS"]
    if trap_bad is None and config["DEBUG"] and isinstance(error, BadRequestKeyError):
        return True
    return bool(trap_bad) and isinstance(error, BadRequest)
