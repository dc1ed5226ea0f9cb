"""The guard: it calls the X-ray's own functions during a request, so that their errors never reach the app."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

_log = logging.getLogger("wsgiapp.xray")


def safely(note: Callable[..., Any], *args: Any) -> Any:
    """Return ``note(*args)``, or None if it raises an exception: being watched must not change an answer.

    The exception is not logged as text: it may be one of the app, and its text may raise an exception again.
    """
    try:
        return note(*args)
    except KeyboardInterrupt:
        raise
    except BaseException:  # what an app's own method raises when it is asked may be anything
        name = getattr(note, "__qualname__", "")
        _log.debug("The X-ray could not note something (%s); the request itself is not concerned", name)
        return None
