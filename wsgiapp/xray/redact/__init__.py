"""Redaction: it recognizes secrets and keeps them out of what the X-ray stores and shows.

A secret is recognized by its name (of a header, a field, a member, an argument), by its form (signed tokens, the user
and password of a URL), because it is a key of the app, or by its value: a value that was removed once because of its
name is removed everywhere in the same recording. Each becomes :data:`REDACTED`.
Input may be hostile: nothing here raises an exception. Objects of the app are handled by ``descriptions``.

================ =============================================
secret_names     which names have secrets under them
json_members     JSON
xml_yaml_csv     XML, YAML, CSV
headers_and_urls headers, environs, URLs
bodies_and_texts bodies and texts of any type
source_code      a program's source
secret_values    values that were removed once, everywhere else
================ =============================================
"""

from __future__ import annotations

from .bodies_and_texts import SOURCE, UNREAD, body, text
from .headers_and_urls import COMMON, Environ, environ, pairs, query, texts
from .secret_names import REDACTED, is_redacted, is_secret
from .secret_values import MIN_KEY, Values, hide, is_known, scrub
from .source_code import source_lines

__all__ = [
    "COMMON", "MIN_KEY", "REDACTED", "SOURCE", "UNREAD", "Environ", "Values", "body", "environ", "hide", "is_known",
    "is_redacted", "is_secret",
    "pairs", "query", "scrub", "source_lines", "text", "texts",
]  # fmt: skip
