"""Secrets: which names have them, and how they are kept out of what the X-ray stores and shows.

A secret is known by the name it goes under (a header, a field, a member, an argument), by its own shape (signed tokens,
the user and password of a URL), because the app has told it (its secret key), or by its value: what was taken out
under a name once stands nowhere else in the same recording. All of it becomes :data:`REDACTED`.
What comes in is hostile: nothing here raises. Values of the app's own are for ``descriptions``.

========== =====================================================
names      which names have secrets under them
members    JSON
formats    XML, YAML, CSV
urls       headers, environs, URLs
bodies     bodies and texts of any type
sources    a program's source
values     by value
========== =====================================================
"""

from __future__ import annotations

from .bodies import SOURCE, UNREAD, body, text
from .names import REDACTED, is_redacted, is_secret
from .sources import source_lines
from .urls import COMMON, Environ, environ, pairs, query, texts
from .values import MIN_KEY, Values, hide, is_known, scrub

__all__ = [
    "COMMON", "MIN_KEY", "REDACTED", "SOURCE", "UNREAD", "Environ", "Values", "body", "environ", "hide", "is_known",
    "is_redacted", "is_secret",
    "pairs", "query", "scrub", "source_lines", "text", "texts",
]  # fmt: skip
