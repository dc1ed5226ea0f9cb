"""Hosts: whether a Host header is valid, and how to split a host from its port.

Layer "hosts", near the ground: it works on text and knows no request. ``wrappers`` has the host of a request, and
``routing`` chooses rules by it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address

# So many characters of a Host header are looked at: the longest domain name (RFC 1035, 3.1), a port, and one more
# character, by which a header that is too long is recognized.
HOST_READ_LIMIT = 253 + len(":65535") + 1
# RFC 3986, 3.2.2 and 3.2.3, without the comma: some servers join two Host headers of one request with a comma.
_HOST = re.compile(r"(\[([0-9A-Fa-f:.]+)\]|(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})+)(?::([0-9]{0,5}))?")


# PERF: called for every request, mostly with the same few hosts (callpath).
@lru_cache(maxsize=256)
def split_host(host: str) -> tuple[str, ...] | None:
    """Split a Host header (RFC 9110, 7.2).

    :param host: the header, cut off at :data:`HOST_READ_LIMIT`.
    :return: the name and the port, which may be empty; an empty tuple for an empty header; None for an invalid one.
    """
    if not host:
        return ()
    if not host.isascii() and max(host) <= "\xff":
        return None  # raw bytes; other characters come from a test only, and are encoded as a client would send them
    try:
        match = _HOST.fullmatch(host.encode("idna").decode())  # "idna" refuses labels that are empty or too long
        if match is None or len(match[1]) > 253:
            return None
        name, address, port = match.groups(default="")
        name.lower().encode().decode("idna")  # refuses "xn--a", which encodes no text: a URL could not show it
        IPv6Address(address or "::")
    except ValueError:
        return None
    return (name, port) if not port or (port[0] != "0" and int(port) <= 65535) else None


def host_and_port(host: str) -> tuple[str, str]:
    """Split ``localhost:80`` or ``[::1]:80`` into the host, without its brackets, and the port. Both may be empty."""
    address, bracket, rest = host.rpartition("]")
    name, _, port = rest.partition(":")
    return (address.removeprefix("["), port) if bracket else (name, port)
