"""Failures: the text of an exception and the lines of its traceback, without its objects."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns as clock
from typing import Any

from wsgiapp.xray import redact
from wsgiapp.xray.objects.descriptions import cut
from wsgiapp.xray.objects.guard import safely
from wsgiapp.xray.objects.locations import place
from wsgiapp.xray.trace import Failure

from .recording import Recording

_DEEPEST = 40
MAX_FAILURES = 20
_HERE = str(Path(__file__).parent)


def failure_of(error: BaseException, text: Callable[[str], str] = redact.text) -> Failure:
    """What is kept of an exception: its text and its places, not its objects.

    :param text: takes the secrets out of a text.
    """
    found = [(frame.f_code.co_filename, line, frame.f_code.co_name) for frame, line in _frames(error)][-_DEEPEST:]
    frames = tuple([(place(file, line), name, _source(file, line)) for file, line, name in found])
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    return Failure(kind, _text(error, text), frames[-1][0] if frames else "", "", frames)


def _frames(error: BaseException) -> list[tuple[Any, int]]:
    walked = traceback.walk_tb(error.__traceback__)
    return [(frame, line) for frame, line in walked if str(Path(frame.f_code.co_filename).parent) != _HERE]


def _source(file: str, line: int) -> str:
    return redact.text(linecache.getline(file, line).strip()[:400], redact.SOURCE)


def _text(error: BaseException, text: Callable[[str], str]) -> str:
    said = safely(str, error)  # an exception class of the app's own may fail to show itself
    return text(cut(said, 2_000)) if type(said) is str else "(its text cannot be shown)"


def note_failure(recording: Recording, error: BaseException) -> None:
    """Keep what was raised, once."""
    safely(_keep_failure, recording, error)


def _keep_failure(recording: Recording, error: BaseException) -> None:
    if error.__traceback__ is not None and len(recording.failures) < MAX_FAILURES:
        failure = failure_of(error, recording.text)
        # One error passes here at each step that it leaves, with more frames each time.
        known = [(each.kind, each.message, each.where) for each in recording.failures]
        if (failure.kind, failure.message, failure.where) not in known:
            recording.failures = (*recording.failures, failure)
            recording.failed_at = (*recording.failed_at, clock())
