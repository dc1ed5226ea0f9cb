"""Writes a trace as text, and reads it back in another process."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, fields, is_dataclass, replace
from functools import lru_cache
from types import NoneType
from typing import Any, cast, get_args, get_origin, get_type_hints

from wsgiapp.xray.trace import Trace
from wsgiapp.xray.trace_builder import app_secrets, hider

# The marks of secrets are Python's salted hashes: they say something in processes with one salt only, and are written
# only where there is a salt.
_SALTED = bool(sys.flags.hash_randomization) and os.environ.get("PYTHONHASHSEED", "random") == "random"
_NOT_SHOWN = "(not shown: another process has answered, and what was secret in this request cannot be looked for)"


def dump(trace: Trace, marks: frozenset[tuple[int, int]]) -> bytes:
    """The text of a trace.

    :param marks: those of what was redacted in it; see :func:`wsgiapp.xray.redact.is_known`.
    """
    content = asdict(replace(trace, hide=str))
    del content["hide"]
    salt, kept = (hash("wsgiapp.xray"), sorted(marks)) if _SALTED else (None, [])
    return json.dumps({"trace": content, "salt": salt, "marks": kept}, default=_plain).encode()


def _plain(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def load(text: bytes, app: Any) -> Trace | None:
    """The trace of a text; None of what is no such text.

    :param app: the app, whose keys stand in no source that is shown with it.
    """
    try:
        content = json.loads(text)
        trace: Trace = _made(Trace, content["trace"])
        marks = frozenset([(int(length), int(mark)) for length, mark in content["marks"]])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):  # cut short, or of another version
        return None
    if content["salt"] is None or content["salt"] != hash("wsgiapp.xray"):
        return replace(trace, hide=lambda _: _NOT_SHOWN)
    return replace(trace, hide=hider(app_secrets(app), marks))


def _made(kind: Any, value: Any) -> Any:
    """A value of a type, of what JSON made of it."""
    if kind is bytes:
        return value.encode("latin-1")
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _made(hint, value[name]) for name, hint in hints.items() if name in value})
    arguments = get_args(kind)
    if NoneType in arguments:
        return None if value is None else _made(arguments[0], value)
    if get_origin(kind) is dict:
        return {key: _made(arguments[1], each) for key, each in value.items()}
    if get_origin(kind) is tuple:
        kinds = arguments[:1] * len(value) if arguments[-1] is ... else arguments
        return tuple([_made(one, each) for one, each in zip(kinds, value, strict=True)])
    return value


@lru_cache(16)
def _hints(kind: Callable[..., Any]) -> dict[str, Any]:
    known = get_type_hints(kind)
    return {field.name: known[field.name] for field in fields(cast("Any", kind))}
