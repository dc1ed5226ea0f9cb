"""Environs: what a server hands over, and whether it keeps to PEP 3333.

Layer "environs", near the ground: it reads the environ of a request and knows no request object.
"""

from __future__ import annotations

from typing import Any

# The keys whose values must be text, and whether each is required.
_ENVIRON = {
    "REQUEST_METHOD": True, "wsgi.url_scheme": True, "SCRIPT_NAME": False, "PATH_INFO": False, "QUERY_STRING": False,
    "HTTP_HOST": False, "HTTP_COOKIE": False, "CONTENT_TYPE": False, "CONTENT_LENGTH": False,
}  # fmt: skip


def decoded_path(environ: dict[str, Any], name: str) -> str:
    """Return a path of the environment as text. In PEP 3333 each byte of it comes as one latin-1 character."""
    value: str = environ.get(name) or ""
    return value if value.isascii() else value.encode("latin1").decode(errors="replace")


def environ_fault(environ: dict[str, Any]) -> str | None:
    """Say what is wrong with an environ that a server has made (PEP 3333); None for a sound one."""
    for name, needed in _ENVIRON.items():
        value = environ.get(name)
        if name not in environ and not needed:
            continue
        if not isinstance(value, str):
            return f"{name} is {'missing' if value is None else type(value).__name__}, not text"
        if max(value, default="") > "\xff":
            return f"{name} has characters beyond latin-1"
    return None
