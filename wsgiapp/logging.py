"""The app's logger, and the stream it writes to.

Layer "logging". It uses the standard library's logging and changes only what the user did not set: a level in debug
mode, and a handler when no other one would print the message. What is logged is decided elsewhere.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast

from werkzeug.local import LocalProxy

from .ctx import _cv_request
from .typing import SupportsApp


def _errors_stream() -> TextIO:
    """Return ``wsgi.errors`` of the current request (PEP 3333), or the process's standard error."""
    context = _cv_request.get(None)
    return sys.stderr if context is None else cast(TextIO, context.request.environ.get("wsgi.errors", sys.stderr))


# A proxy: the handler is made once, the stream is looked up for each record.
wsgi_errors_stream: Any = LocalProxy(_errors_stream)

default_handler: logging.StreamHandler[TextIO] = logging.StreamHandler(wsgi_errors_stream)
default_handler.setFormatter(logging.Formatter("[%(asctime)s] %(levelname)s in %(module)s: %(message)s"))


def _handlers_of(logger: logging.Logger) -> Iterator[logging.Handler]:
    """Yield every handler that a record of this logger reaches."""
    current: logging.Logger | None = logger
    while current is not None:
        yield from current.handlers
        current = current.parent if current.propagate else None


def has_level_handler(logger: logging.Logger) -> bool:
    """Say whether some handler would take a record of the logger's own level."""
    level = logger.getEffectiveLevel()
    return any(handler.level <= level for handler in _handlers_of(logger))


def create_logger(app: SupportsApp) -> logging.Logger:
    """Return the logger that has the name of *app*.

    In debug mode its level is DEBUG, unless it has one. Where no other handler would take its records, it gets one that
    writes to :data:`wsgi_errors_stream`.
    """
    logger = logging.getLogger(app.name)
    logger.setLevel(logger.level or (logging.DEBUG if app.debug else logging.NOTSET))
    if not has_level_handler(logger):
        logger.addHandler(default_handler)
    return logger
