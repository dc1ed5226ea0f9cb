"""Removes secrets from headers, environs and URLs.

Input may be hostile: nothing here raises an exception.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, unquote_plus

from .json_members import members_redacted
from .secret_names import MAX_NAME, REDACTED, is_secret

# Entries of an environ and headers that hold no secret whatever they say, by the environ's spelling without HTTP_.
_PLAIN = frozenset({
    "ACCEPT", "ACCEPT_CHARSET", "ACCEPT_ENCODING", "ACCEPT_LANGUAGE", "ACCEPT_RANGES", "AGE", "ALLOW",
    "CACHE_CONTROL", "CONNECTION", "CONTENT_DISPOSITION", "CONTENT_ENCODING", "CONTENT_LANGUAGE", "CONTENT_LENGTH",
    "CONTENT_RANGE", "CONTENT_SECURITY_POLICY", "CONTENT_TYPE", "CROSS_ORIGIN_OPENER_POLICY",
    "CROSS_ORIGIN_RESOURCE_POLICY", "DATE", "DNT", "ETAG", "EXPECT", "EXPIRES", "GATEWAY_INTERFACE", "HOST",
    "IF_MATCH", "IF_MODIFIED_SINCE", "IF_NONE_MATCH", "IF_UNMODIFIED_SINCE", "KEEP_ALIVE", "LAST_MODIFIED",
    "PERMISSIONS_POLICY", "PRAGMA", "PRIORITY", "RANGE", "REFERRER_POLICY", "REMOTE_ADDR", "REMOTE_HOST",
    "REMOTE_PORT", "REQUEST_METHOD", "RETRY_AFTER", "SEC_CH_UA", "SEC_CH_UA_MOBILE", "SEC_CH_UA_PLATFORM",
    "SEC_FETCH_DEST", "SEC_FETCH_MODE", "SEC_FETCH_SITE", "SEC_FETCH_USER", "SEC_GPC", "SERVER", "SERVER_NAME",
    "SERVER_PORT", "SERVER_PROTOCOL", "SERVER_SOFTWARE", "SERVER_TIMING", "STRICT_TRANSPORT_SECURITY", "TE",
    "TRANSFER_ENCODING", "UPGRADE", "UPGRADE_INSECURE_REQUESTS", "VARY",
    "X_CONTENT_TYPE_OPTIONS", "X_FORWARDED_FOR", "X_FORWARDED_PORT", "X_FORWARDED_PROTO",
    "X_FRAME_OPTIONS", "X_REAL_IP", "X_REQUESTED_WITH", "X_XRAY", "wsgi.url_scheme",
})  # fmt: skip
_PLAIN_KEYS = _PLAIN | {f"HTTP_{name}" for name in _PLAIN}
# What PEP 3333 has in every environ that is no text.
_NO_TEXTS = frozenset({
    "wsgi.version", "wsgi.input", "wsgi.errors", "wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once",
})  # fmt: skip
_URL_KEYS = frozenset({
    "HTTP_ORIGIN", "HTTP_REFERER", "HTTP_USER_AGENT", "HTTP_VIA", "HTTP_X_FORWARDED_HOST",
    "PATH_INFO", "QUERY_STRING", "RAW_URI", "REQUEST_URI", "SCRIPT_NAME",
})  # fmt: skip
_SCHEMES = frozenset({"apikey", "aws4-hmac-sha256", "basic", "bearer", "digest", "hawk", "negotiate", "ntlm", "token"})

_NAME = re.compile(r"(?<![^=?&;#/\s])([^=?&;#/\s]++)=(?=[^&])")
_NESTED = re.compile(r"(?<==)[^&=]++")
# An argument that is JSON, encoded or not.
_JSON = re.compile(r"(?<==)(?:[{\[]|%7[Bb]|%5[Bb])[^&]*+")
# The user and the password of a URL; what follows the colon may be a port instead. SQLAlchemy lets a password have "/".
USERINFO = re.compile(r"://([^/?#\s@:\"'<>]*+:(?!\d{1,5}(?:[/?#]|$))[^@\s\"'<>]{0,256}+|[^/?#\s@\"'<>]++)@")
# JSON Web Tokens (RFC 7519), signed, unsigned or encrypted, and what itsdangerous signs: payload, time, signature.
SIGNED = re.compile(
    r"(?<![\w-])eyJ[\w-]++\.(?:eyJ[\w-]++\.[\w-]*+|[\w-]*+\.[\w-]++\.[\w-]{16,}+\.[\w-]{16,}+|[\w-]++\.[\w-]{20,}+)"
    r"|(?<![\w.-])\.?[\w-]++\.[\w-]{6}\.(?:[\w-]{86}|[\w-]{43}|[\w-]{27})(?![\w-])",
    re.ASCII,
)
SIGNATURE = re.compile(r"\.[\w-]{6}\.[\w-]{27}", re.ASCII)
# The block of a private key (RFC 7468), in a form too.
PRIVATE_KEY = re.compile(
    r"-----BEGIN[A-Z0-9 +%]{0,60}?PRIVATE(?: |\+|%20)KEY(?:(?: |\+|%20)BLOCK)?-----(.*?)(?:-----END|\Z)", re.DOTALL
)
# URLs that stand in an argument of another, and so on, are followed so deep.
_MAX_NESTED = 3
# The hashes of texts without a secret, so many at most; never the texts.
MAX_HARMLESS = 1024
_harmless: set[int] = set()


def query(text: str) -> str:
    """*text* without its secrets: a query string, a URL, or a header that may have either in it."""
    # PERF: a URL that was searched before and had no secret is not searched again (benchmarks/: xray).
    seen = hash(text)
    if seen in _harmless:
        return text
    shown = _query(text, _MAX_NESTED)
    if shown == text:
        _remember(seen)
    return shown


def _remember(seen: int) -> None:
    if len(_harmless) >= MAX_HARMLESS:
        _harmless.clear()
    _harmless.add(seen)


def _query(text: str, depth: int) -> str:
    if "=" in text:
        text = _arguments(text)
        if '"' in text or "%22" in text:
            text = _JSON.sub(_json, text)
        if depth and ("%3D" in text or "%3d" in text):
            text = _NESTED.sub(lambda match: _nested(match[0], depth), text)
    if "PRIVATE" in text:
        text = PRIVATE_KEY.sub(lambda match: match[0].replace(match[1], REDACTED) if match[1] else match[0], text)
    if "://" in text and "@" in text:
        text = USERINFO.sub(f"://{REDACTED}@", text)
    return SIGNED.sub(REDACTED, text) if "eyJ" in text or SIGNATURE.search(text) else text


def _arguments(text: str) -> str:
    kept: list[Any] = []
    last = 0
    for match in _NAME.finditer(text):
        if match.start() >= last and is_secret(unquote_plus(match[1])):
            kept += text[last : match.end()], REDACTED
            last = text.find("&", match.end())
            if last < 0:
                return "".join(kept)
    return "".join(kept) + text[last:] if kept else text


def _nested(value: str, depth: int) -> str:
    inner = unquote(value)
    shown = _query(inner, depth - 1)
    return value if shown == inner else quote(shown, safe="/:?()")


def _json(match: re.Match[str]) -> str:
    inner = unquote_plus(match[0])
    shown = members_redacted(inner)
    return match[0] if shown == inner else quote(shown, safe="/:?()")


def _authorization(value: str) -> str:
    scheme, _, credentials = value.partition(" ")
    return f"{scheme} {REDACTED}" if credentials and scheme.lower() in _SCHEMES else value and REDACTED


def _cookie(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return pair if not value and (equals or not name.strip()) else f"{name}={REDACTED}" if equals else REDACTED


def _cookies(value: str) -> str:
    return ";".join([_cookie(pair) for pair in value.split(";")])


def _set_cookie(value: str) -> str:
    pair, semicolon, attributes = value.partition(";")
    return _cookie(pair) + semicolon + attributes


def _hidden(value: str) -> str:
    return value and REDACTED


def _protocols(value: str) -> str:
    """A browser's WebSocket has no other place for a token than the list of its protocols."""
    words = value.lower()
    return REDACTED if any(word in words for word in ("auth", "bearer", "token", "jwt")) else query(value)


_SPECIAL = {
    "AUTHORIZATION": _authorization,
    "PROXY_AUTHORIZATION": _authorization,
    "COOKIE": _cookies,
    "SET_COOKIE": _set_cookie,
    "SEC_WEBSOCKET_PROTOCOL": _protocols,
}


@lru_cache(1024)
def _treatment(name: str) -> Callable[[str], str] | None:
    """What takes the secrets out of the header or the entry *name*; None where there are none."""
    plain = name.replace("-", "_").upper().removeprefix("HTTP_")
    if plain in _PLAIN or name in _PLAIN:
        return None
    return _SPECIAL.get(plain) or (_hidden if is_secret(name) else query)


def _treat(name: str, value: str) -> str:
    treatment = _treatment(name) if len(name) <= MAX_NAME else _hidden
    return value if treatment is None else treatment(value)


class EnvironLayout(NamedTuple):
    """How the entries of environs with the same names are treated."""

    names: list[str]
    #: Names whose values hold no secret, then those of URLs, and where the latter begin.
    as_they_stand: tuple[str, ...]
    first_url: int
    #: Takes the values of those out of an environ.
    take: Callable[[Any], tuple[Any, ...]]
    #: Names whose values must be looked at.
    examined: tuple[str, ...]


@lru_cache(256)
def _layout(names: tuple[str, ...]) -> EnvironLayout:
    plain = [name for name in names if name in _PLAIN_KEYS]
    as_they_stand = (*plain, *[name for name in names if name in _URL_KEYS])
    others = tuple([name for name in names if name not in as_they_stand and name not in _NO_TEXTS])
    if len(as_they_stand) > 1:
        take: Callable[[Any], tuple[Any, ...]] = itemgetter(*as_they_stand)
    else:
        take = lambda environ: tuple([environ[name] for name in as_they_stand])  # noqa: E731  # beside its kin
    return EnvironLayout([*names], as_they_stand, len(plain), take, others)


#: What is kept of an environ: its layout, the values that are taken as they stand, and the others by name, without
#: their secrets.
Environ = tuple[EnvironLayout, tuple[Any, ...], dict[str, str]]
_newest = _layout(())


def environ(environ: Mapping[str, Any]) -> Environ:
    """What is kept of a WSGI environ; :func:`texts` makes a dict of it."""
    # PERF: most names need no look, requests have the same ones, and nobody looks at most of them: those values are
    # taken in one step, and put to their names when they are asked for (benchmarks/: xray).
    global _newest
    names, layout = [*environ], _newest
    if names != layout.names:
        _newest = layout = _layout(tuple(names))
    values = layout.take(environ)
    urls = values[layout.first_url :]
    try:
        known = hash(urls) in _harmless
    except TypeError:  # a list, say, in an environ that breaks PEP 3333
        known = False
    if not known:
        values = values[: layout.first_url] + _urls(urls)
    treated = {}
    for name in layout.examined:
        value = environ[name]
        if type(value) is str:
            treated[name] = _treat(name, value)
    return layout, values, treated


def _urls(urls: tuple[Any, ...]) -> tuple[Any, ...]:
    shown = tuple([_query(url, _MAX_NESTED) if type(url) is str else "" for url in urls])
    if shown == urls:
        _remember(hash(urls))
    return shown


def texts(kept: Environ) -> dict[str, str]:
    """The texts of an environ by name, in its order."""
    layout, values, treated = kept
    known = dict(zip(layout.as_they_stand, values, strict=True)) | treated
    return {name: known[name] for name in layout.names if type(known.get(name)) is str}


def pairs(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers of a response (or a request) without their secrets; of a cookie, name and attributes stay."""
    return [(name, value if name in COMMON else _treat(name, value)) for name, value in headers]


# PERF: the spelling that frameworks use saves the look-up of a treatment (benchmarks/: xray).
#: Names of headers that hold no secret.
COMMON = frozenset(name.replace("_", "-").title() for name in _PLAIN)
