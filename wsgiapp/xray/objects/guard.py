"""The guard: what the X-ray does on a request's road stands behind it, so that nothing of it reaches the app."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

_log = logging.getLogger("wsgiapp.xray")


def safely(note: Callable[..., Any], *args: Any) -> Any:
    """What ``note(*args)`` returns; None where it raises, for no answer may differ for being watched.

    The exception itself is not shown: it may be the app's, and showing it may raise again.
    """
    try:
        return note(*args)
    except KeyboardInterrupt:
        raise
    except BaseException:  # what an app's own method raises when it is asked may be anything
        name = getattr(note, "__qualname__", "")
        _log.debug("The X-ray could not note something (%s); the request itself is not concerned", name)
        return None
