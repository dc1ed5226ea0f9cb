"""Redaction: it recognizes secrets and keeps them out of what the X-ray stores and shows.

A secret is recognized by its name (of a header, a field, a member, an argument), by its form (signed tokens, the user
and password of a URL), because it is a key of the app, or by its value: a value that was removed once because of its
name is removed everywhere in the same recording. Each becomes :data:`REDACTED`.
Input may be hostile: nothing here raises an exception. Objects of the app are handled by ``descriptions``.

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
