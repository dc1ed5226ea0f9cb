"""Access: who may see the X-ray. By default only who works at this machine, in debug mode, and can read the terminal.

Four conditions must all be true: debug mode; a client on the loopback, without a proxy between; a Host header that
names this machine (another one may be DNS rebinding); and the token that is printed in the terminal. In production
nobody may see it, unless the app gives its own ``allow(request)``. Headers can only take access away, never give it.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from werkzeug.sansio.utils import host_is_trusted

from wsgiapp import Request
from wsgiapp.typing import WSGIEnvironment

COOKIE = "wsgiapp-xray"
#: The environment variable that gives the token, so that a reloading server keeps it.
TOKEN_VARIABLE = "WSGIAPP_XRAY_TOKEN"  # noqa: S105 - a name, not a secret
#: The environment variable that names the addresses and networks that may ask, beside this machine's.
ALLOW_VARIABLE = "WSGIAPP_XRAY_ALLOW"
# A request with one of these headers came through a proxy, or claims it.
_FORWARDED = frozenset({
    "HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_PREFIX", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_SCHEME",
    "HTTP_X_FORWARDED_SERVER", "HTTP_X_FORWARDED_SSL", "HTTP_X_ORIGINAL_FORWARDED_FOR", "HTTP_FORWARDED_FOR",
    "HTTP_X_REAL_IP", "HTTP_X_CLIENT_IP", "HTTP_CLIENT_IP", "HTTP_X_CLUSTER_CLIENT_IP", "HTTP_TRUE_CLIENT_IP",
    "HTTP_CF_CONNECTING_IP", "HTTP_CF_CONNECTING_IPV6", "HTTP_CF_RAY", "HTTP_CF_VISITOR", "HTTP_CDN_LOOP",
    "HTTP_FASTLY_CLIENT_IP", "HTTP_FLY_CLIENT_IP", "HTTP_X_AZURE_CLIENTIP", "HTTP_X_APPENGINE_USER_IP",
    "HTTP_X_ENVOY_EXTERNAL_ADDRESS", "HTTP_X_AMZN_TRACE_ID", "HTTP_X_AMZ_CF_ID", "HTTP_X_VERCEL_FORWARDED_FOR",
    "HTTP_X_NF_CLIENT_CONNECTION_IP", "HTTP_FRONT_END_HTTPS", "HTTP_X_URL_SCHEME", "HTTP_X_SCHEME",
})  # fmt: skip
_FORWARDING = ("HTTP_X_FORWARDED_", "HTTP_CF_")
_OWN_HOSTS = ("localhost", ".localhost", "127.0.0.1")
# One of these with or without a port, exactly.
_OWN_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)


# PERF: hosts repeat from request to request (benchmarks/: xray).
@lru_cache(64)
def _is_own(host: str) -> bool:
    return _OWN_HOST.fullmatch(host) is not None


Allow = Callable[[Request], bool]
Network = IPv4Network | IPv6Network


def networks_of(given: Iterable[str] | str) -> tuple[Network, ...]:
    """Return addresses and networks such as ``172.17.0.1`` and ``192.168.0.0/24``, parsed.

    :param given: the texts, or one text with commas between them.
    :raises ValueError: when a text is neither; the message shows it.
    """
    words = given.replace(",", " ").split() if isinstance(given, str) else given
    found = []
    for word in words:
        try:
            found.append(ip_network(word, strict=False))
        except ValueError as error:
            raise ValueError(
                f"{word!r} is no address and no network: the X-ray's allow (and {ALLOW_VARIABLE}) take such as"
                " 172.17.0.1 and 192.168.0.0/24, with commas between them."
            ) from error
    return tuple(found)


class Access:
    """The conditions for one app.

    :param app: the app. Its settings ``DEBUG``, ``TRUSTED_HOSTS`` and ``SERVER_NAME`` are read each time.
    :param allow: a function that alone decides, in production too; it must not trust headers. Or addresses and networks
        that are treated like this machine, in debug mode and with the token; by default those in the environment
        variable ``WSGIAPP_XRAY_ALLOW``.
    :param token: the token; by default that in ``WSGIAPP_XRAY_TOKEN``, otherwise a random one.
    :param always: record even if nobody may see it on a page, for code that reads the recordings itself, such as tests.
    :ivar is_given: whether the token was given, and so is the same in every process.
    """

    def __init__(
        self, app: Any, allow: Allow | Iterable[str] | None = None, token: str | None = None, always: bool = False
    ) -> None:
        self.app = app
        self.allow = allow if callable(allow) else None
        given = os.environ.get(ALLOW_VARIABLE, "") if allow is None or callable(allow) else allow
        self.networks = networks_of(given)
        self.always = always
        given_token = token or os.environ.get(TOKEN_VARIABLE, "").strip()
        self.is_given = bool(given_token)
        self.token = given_token or secrets.token_urlsafe(16)

    def records(self) -> bool:
        """Say whether requests are recorded."""
        config = self.app.config
        return bool(config["DEBUG"] or config["TESTING"] or self.allow is not None or self.always)

    def is_near(self, environ: WSGIEnvironment) -> bool:
        """Say whether a request comes from this machine and names it. Its response gets a link to its trace."""
        if not self.app.config["DEBUG"] or not self._admits(environ.get("REMOTE_ADDR") or ""):
            return False
        if not environ.keys().isdisjoint(_FORWARDED):
            return False
        host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME") or ""
        if type(host) is not str:
            return False
        return (
            _is_own(host) or (bool(self.networks) and _is_address(host)) or host_is_trusted(host.lower(), self._hosts())
        )

    def _admits(self, peer: str) -> bool:
        """Say whether an address is that of this machine, or one of the allowed ones."""
        return is_loopback(peer) or (bool(self.networks) and _is_in(peer, self.networks))

    def outsider_hint(self, environ: WSGIEnvironment) -> str:
        """Return a hint for the terminal: who asked for the X-ray from another machine, and which setting would allow
        it.

        :return: an empty text if no setting would allow it.
        """
        if self.allow is not None or not self.app.config["DEBUG"]:
            return ""
        peer = str(environ.get("REMOTE_ADDR") or "")
        if self._admits(peer) or not _is_address(peer):
            return ""
        return (
            f"X-ray of {self.app.name}: {peer} asked for it and got the app's own answer, since that is not this"
            f" machine. If it is you (by way of Docker's bridge, for example), set {ALLOW_VARIABLE}={peer} in the"
            f' server\'s environment, or XRay(app, allow=["{peer}"]).'
        )

    def _hosts(self) -> list[str]:
        config = self.app.config
        trusted = [*_OWN_HOSTS, *(config["TRUSTED_HOSTS"] or ())]
        name = config["SERVER_NAME"]
        return [*trusted, name.partition(":")[0]] if name else trusted

    def refusal(self, environ: WSGIEnvironment) -> str:
        """Return the reason why this request may not see the X-ray; an empty text if it may.

        The text is for the terminal and for tests. It is never sent to the client (see ``pages``).
        """
        if self.allow is not None:
            return "" if self.allow(Request(environ, populate_request=False)) else "allow(request) said no"
        if not self.app.config["DEBUG"]:
            return "the app is not in debug mode and gave the X-ray no allow(request)"
        if not self._admits(environ.get("REMOTE_ADDR") or ""):
            return f"the peer {environ.get('REMOTE_ADDR')!r} is not this machine"
        forwarded = [name for name in environ if name in _FORWARDED or name.startswith(_FORWARDING)]
        if forwarded:
            return f"a proxy forwarded the request ({forwarded[0][5:].replace('_', '-').title()})"
        if not self.is_near(environ):
            return f"the host {environ.get('HTTP_HOST')!r} does not name this machine, nor is it trusted"
        shown = Request(environ, populate_request=False)
        given = (shown.args.get("token", ""), shown.cookies.get(cookie_name(environ), ""))
        if not any(map(self.holds, given)):
            return "the token is missing or wrong"
        return ""

    def holds(self, token: str) -> bool:
        """Say whether *token* is the right one, in constant time."""
        return hmac.compare_digest(token.encode(errors="replace"), self.token.encode())

    def remove_pass(self, environ: WSGIEnvironment) -> bool:
        """Remove the pass from the cookies of a request for a page of the app, and say whether it was valid.

        The pass is a second cookie, next to that with the token. It is sent to the app's own paths, but does not open
        the X-ray's pages, and the app never sees it.
        """
        name = pass_name(environ)
        pairs = environ.get("HTTP_COOKIE", "").split(";")
        given = [pair for pair in pairs if pair.partition("=")[0].strip() == name]
        if not given:
            return False
        environ["HTTP_COOKIE"] = ";".join([pair for pair in pairs if pair not in given]).strip()
        if not environ["HTTP_COOKIE"]:
            del environ["HTTP_COOKIE"]
        shown = given[0].partition("=")[2].strip()
        return hmac.compare_digest(shown.encode(errors="replace"), self.new_pass().encode())

    def may_be_told(self, environ: WSGIEnvironment, has_pass: bool) -> bool:
        """Say whether an error page of the app may explain more to this client. Only in debug mode.

        :param has_pass: the result of :meth:`remove_pass`. It is not used if the app gave an ``allow(request)``.
        """
        if not self.app.config["DEBUG"]:
            return False
        return has_pass and self.is_near(environ) if self.allow is None else not self.refusal(environ)

    def new_pass(self) -> str:
        """Return the valid value of the cookie :func:`pass_name`. The token cannot be computed from it."""
        return hmac.new(self.token.encode(), b"pass", "sha256").hexdigest()


def pass_name(environ: WSGIEnvironment) -> str:
    """Return the name of the cookie with the pass; see :meth:`Access.remove_pass`."""
    return f"{COOKIE}-pass-{environ.get('SERVER_PORT', '80')}"


def cookie_name(environ: WSGIEnvironment) -> str:
    """Return the name of the cookie with the token. It has the port in it, because cookies are shared by all ports."""
    return f"{COOKIE}-{environ.get('SERVER_PORT', '80')}"


@lru_cache(256)
def _is_in(peer: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return any((mapped or parsed) in network for network in networks)


@lru_cache(64)
def _is_address(host: str) -> bool:
    """Say whether a host is an IP address. As a Host header that is safe: DNS rebinding needs a name."""
    bare = re.sub(r":[0-9]{1,5}\Z", "", host) if host.startswith("[") or host.count(":") == 1 else host
    try:
        ip_address(bare[1:-1] if bare.startswith("[") and bare.endswith("]") else bare)
    except ValueError:
        return False
    return True


# PERF: peers repeat from request to request (benchmarks/: xray).
@lru_cache(256)
def is_loopback(address: str) -> bool:
    """Say whether an address is a loopback address (RFC 1122, 3.2.1.3; RFC 4291, 2.5.3)."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)
