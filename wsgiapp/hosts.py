"""Hosts: which Host header can be one, and where a host ends and its port begins.

Layer "hosts", near the ground: text alone, no request. What a request makes of its host is in ``wrappers``, which rules
it meets in ``routing``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address

# The longest domain name (RFC 1035, 3.1), and a port; one character more is enough to tell what is longer.
MOST_OF_HOST = 253 + len(":65535") + 1
# RFC 3986, 3.2.2 and 3.2.3, but for the comma: with it some servers join the two Host headers of one request.
_HOST = re.compile(r"(\[([0-9A-Fa-f:.]+)\]|(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})+)(?::([0-9]{0,5}))?")


# PERF: asked of every request, mostly about the same few hosts (callpath).
@lru_cache(maxsize=256)
def split_host(host: str) -> tuple[str, ...] | None:
    """Return the name and the port (perhaps empty) in a Host header (RFC 9110, 7.2); None where it cannot be one.

    :param host: the header, cut off at :data:`MOST_OF_HOST`; an empty one has neither.
    """
    if not host:
        return ()
    if not host.isascii() and max(host) <= "\xff":
        return None  # bytes; text that no bytes stand for comes from a test, and is taken as it would be sent
    try:
        match = _HOST.fullmatch(host.encode("idna").decode())  # which refuses labels that are empty or too long
        if match is None or len(match[1]) > 253:
            return None
        name, address, port = match.groups(default="")
        if address:
            IPv6Address(address)
    except ValueError:
        return None
    return (name, port) if not port or (port[0] != "0" and int(port) <= 65535) else None


def host_and_port(host: str) -> tuple[str, str]:
    """Split ``localhost:80`` or ``[::1]:80`` into host, without brackets, and port; either may be empty."""
    address, bracket, rest = host.rpartition("]")
    name, _, port = rest.partition(":")
    return (address.removeprefix("["), port) if bracket else (name, port)
