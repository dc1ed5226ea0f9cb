"""Internals: a check, at import, that Werkzeug's private attributes are as our shortcuts expect them.

Each shortcut that reads one of them asks :data:`KNOWN` first. When it is False, Werkzeug's own public way is used.
"""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request
from werkzeug.wsgi import LimitedStream


def changed_parts() -> list[str]:
    """Return the names of the private parts that are not as the shortcuts expect them."""
    body = {"wsgi.input": BytesIO(b"ab"), "CONTENT_LENGTH": "2", "CONTENT_TYPE": "text/plain"}
    request, stream = Request({"REQUEST_METHOD": "PUT", **body}), LimitedStream(BytesIO(b"ab"), 2)
    request.get_data()
    request.mimetype  # noqa: B018  # reading it parses
    stream.read(1)
    rule = Rule("/<name>")
    Map([rule])
    compiled: Any = getattr(vars(Rule).get("_compile_builder"), "__code__", changed_parts.__code__)
    known = {
        "Headers._list": vars(Headers([("A", "b")])).get("_list") == [("A", "b")],
        "Request._load_form_data": hasattr(request, "_load_form_data"),
        "Request._cached_data": vars(request).get("_cached_data") == b"ab",
        "Request._parsed_content_type": vars(request).get("_parsed_content_type") == ("text/plain", {}),
        "LimitedStream._pos": (getattr(stream, "_pos", None), getattr(stream, "limit", None)) == (1, 2),
        "Map._remap": vars(Map()).get("_remap") is True,
        "Map._rules_by_endpoint": vars(Map()).get("_rules_by_endpoint") == {},
        "Rule._trace": (True, "name") in (vars(rule).get("_trace") or ()),
        "Rule._compile_builder": compiled.co_varnames[:2] == ("self", "append_unknown"),
        "LimitedStream._stream": isinstance(getattr(stream, "_stream", None), BytesIO),
    }
    return [name for name, is_known in known.items() if not is_known]


def check_parts() -> bool:
    """Say whether all private parts are as expected, and warn of those that have changed."""
    changed = changed_parts()
    if changed:
        warn_of(changed)
    return not changed


def warn_of(changed: list[str]) -> None:
    """Warn that these private parts have changed; Python shows the warning once."""
    text = f"This Werkzeug has changed {', '.join(changed)}, so shortcuts are off: all works, but more slowly."
    warnings.warn(f"{text} A newer wsgiapp may know this Werkzeug.", RuntimeWarning, stacklevel=3)


#: Whether shortcuts may read Werkzeug's private attributes.
KNOWN = check_parts()
