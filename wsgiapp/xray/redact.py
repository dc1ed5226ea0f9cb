"""Secrets: which names have them, and how they are kept out of what the X-ray stores and shows.

A secret is known by the name it goes under (a header, a field, a member, an argument), by its own shape (signed tokens,
the user and password of a URL), or because the app has told it (its secret key). All of it becomes :data:`REDACTED`.
What comes in is hostile: nothing here raises. Values of the app's own are for ``described``.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from html import escape
from operator import itemgetter
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from werkzeug.http import parse_options_header

#: Stands where a secret stood. It may stand in a URL, a cookie, a header, JSON and HTML, and does not tell how long
#: the secret was.
REDACTED = "(redacted)"
#: Characters of a name that are looked at, half of them at its end; verdicts that are kept at hand.
MAX_NAME = 128
MAX_VERDICTS = 4096
#: Keys of an app that are shorter would be found in every word.
MIN_KEY = 4

_MARK = REDACTED.encode()
_QUOTED = b'"' + _MARK + b'"'

# -- by name -------------------------------------------------------------------------------------------------------

# Where a word of a name begins: `csrfToken`, `X-CSRF-Token` and `csrf_token` are one name.
_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_SECRET = re.compile(
    r"""(?:^|_)(?:
    [a-z0-9]*?(?:passw(?:or[dt]|d)|passphrase|passcode|secret|token|csrf|xsrf)s?\d* | [a-z0-9]*(?:csrf|xsrf)[a-z0-9]*
    | pwd | pass$ | auth$ | authorization | jwt | cookies? | cred(?:ential)?s? | t?otp
    | (?:access|account|api|app|auth|client|encryption|license|master|private|secret|session|shared|signing)_?keys?
    | (?:php|j|asp)?sess(?:ion)?_?ids? | sid | signature$ | sig$
    | pin(?:_?code|_?number)?$ | cvv2? | cvc2? | ssn | (?:credit_?)?card_?(?:number|num|no) | cc_?(?:number|num|no)
    | (?:auth|authorization|backup|confirmation|login|mfa|recovery|reset|security|sms|verification)_?codes?
    | (?:code|oauth)_verifier
    )(?=_|$)""",
    re.VERBOSE,
)
# What a name with a secret's word in it may be about instead: the count of tokens, the type of one, a cookie's name.
_ABOUT = re.compile(
    r"""(?:^|_)(?:counts? | length | len | size | types? | names? | enabled | disabled | required | expir\w+ | ttl | age
    | in | at | on | lifetime | limit | ur[il]s? | path | domain | policy | format | status | version | errors?
    | label | used | left | samesite | httponly | secure)$
    | ^(?:http_|x_)*(?:max | min | num | total | has | is | show | use | prompt | completion | input | output)_""",
    re.VERBOSE,
)


def is_secret(name: str) -> bool:
    """Whether what goes under *name* is a secret.

    :param name: of a header, a form field, a JSON member, a session key, a query argument, a template variable or a
        parameter of a statement, in any spelling: ``X-API-Key``, ``apiKey`` and ``API_KEY`` are one.
    """
    return _verdict(name if len(name) <= MAX_NAME else name[: MAX_NAME // 2] + name[-MAX_NAME // 2 :])


# PERF: names repeat from request to request (benchmarks/: xray); they come from outside, so few and short are kept.
@lru_cache(MAX_VERDICTS)
def _verdict(name: str) -> bool:
    words = _BORDER.sub("_", name).strip("_").lower()
    return _SECRET.search(words) is not None and _ABOUT.search(words) is None


def is_redacted(text: str) -> bool:
    """Whether something was taken out of *text*."""
    return REDACTED in text


# -- headers and URLs ----------------------------------------------------------------------------------------------

# Entries of an environ and headers that hold no secret whatever they say, by the environ's spelling without HTTP_.
_PLAIN = frozenset({
    "ACCEPT", "ACCEPT_CHARSET", "ACCEPT_ENCODING", "ACCEPT_LANGUAGE", "ACCEPT_RANGES", "AGE", "ALLOW",
    "CACHE_CONTROL", "CONNECTION", "CONTENT_DISPOSITION", "CONTENT_ENCODING", "CONTENT_LANGUAGE", "CONTENT_LENGTH",
    "CONTENT_RANGE", "CONTENT_SECURITY_POLICY", "CONTENT_TYPE", "CROSS_ORIGIN_OPENER_POLICY",
    "CROSS_ORIGIN_RESOURCE_POLICY", "DATE", "DNT", "ETAG", "EXPECT", "EXPIRES", "GATEWAY_INTERFACE", "HOST",
    "IF_MATCH", "IF_MODIFIED_SINCE", "IF_NONE_MATCH", "IF_UNMODIFIED_SINCE", "KEEP_ALIVE", "LAST_MODIFIED",
    "ORIGIN", "PERMISSIONS_POLICY", "PRAGMA", "PRIORITY", "RANGE", "REFERRER_POLICY", "REMOTE_ADDR", "REMOTE_HOST",
    "REMOTE_PORT", "REQUEST_METHOD", "RETRY_AFTER", "SEC_CH_UA", "SEC_CH_UA_MOBILE", "SEC_CH_UA_PLATFORM",
    "SEC_FETCH_DEST", "SEC_FETCH_MODE", "SEC_FETCH_SITE", "SEC_FETCH_USER", "SEC_GPC", "SERVER", "SERVER_NAME",
    "SERVER_PORT", "SERVER_PROTOCOL", "SERVER_SOFTWARE", "SERVER_TIMING", "STRICT_TRANSPORT_SECURITY", "TE",
    "TRANSFER_ENCODING", "UPGRADE", "UPGRADE_INSECURE_REQUESTS", "USER_AGENT", "VARY", "VIA",
    "X_CONTENT_TYPE_OPTIONS", "X_FORWARDED_FOR", "X_FORWARDED_HOST", "X_FORWARDED_PORT", "X_FORWARDED_PROTO",
    "X_FRAME_OPTIONS", "X_REAL_IP", "X_REQUESTED_WITH", "X_XRAY", "wsgi.url_scheme",
})  # fmt: skip
_PLAIN_KEYS = _PLAIN | {f"HTTP_{name}" for name in _PLAIN}
# What PEP 3333 has in every environ that is no text.
_NO_TEXTS = frozenset({
    "wsgi.version", "wsgi.input", "wsgi.errors", "wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once",
})  # fmt: skip
_URL_KEYS = frozenset({"HTTP_REFERER", "PATH_INFO", "QUERY_STRING", "RAW_URI", "REQUEST_URI", "SCRIPT_NAME"})
_SCHEMES = frozenset({"apikey", "aws4-hmac-sha256", "basic", "bearer", "digest", "hawk", "negotiate", "ntlm", "token"})

_NAME = re.compile(r"(?<![^=?&;#/\s])([^=?&;#/\s]++)=(?=[^&])")
_NESTED = re.compile(r"(?<==)[^&=]++")
# The user and the password of a URL; what follows the colon may be a port instead. SQLAlchemy lets a password have "/".
_USERINFO = re.compile(r"://([^/?#\s@:\"'<>]*+:(?!\d{1,5}(?:[/?#]|$))[^@\s\"'<>]{0,256}+|[^/?#\s@\"'<>]++)@")
# JSON Web Tokens (RFC 7519), and what itsdangerous signs: payload, time, signature.
_SIGNED = re.compile(
    r"(?<![\w-])eyJ[\w-]++\.[\w-]++\.[\w-]{20,}+"
    r"|(?<![\w.-])\.?[\w-]++\.[\w-]{6}\.(?:[\w-]{86}|[\w-]{43}|[\w-]{27})(?![\w-])",
    re.ASCII,
)
_SIGNATURE = re.compile(r"\.[\w-]{6}\.[\w-]{27}", re.ASCII)
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
        if depth and ("%3D" in text or "%3d" in text):
            text = _NESTED.sub(lambda match: _nested(match[0], depth), text)
    if "://" in text and "@" in text:
        text = _USERINFO.sub(f"://{REDACTED}@", text)
    return _SIGNED.sub(REDACTED, text) if "eyJ" in text or _SIGNATURE.search(text) else text


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


_SPECIAL = {
    "AUTHORIZATION": _authorization,
    "PROXY_AUTHORIZATION": _authorization,
    "COOKIE": _cookies,
    "SET_COOKIE": _set_cookie,
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


class Layout(NamedTuple):
    """How the entries of environs with the same names are treated."""

    names: list[str]
    #: Names whose values hold no secret, then those of URLs, and where the latter begin.
    taken: tuple[str, ...]
    urls: int
    #: Takes the values of those out of an environ.
    take: Callable[[Any], tuple[Any, ...]]
    #: Names whose values must be looked at.
    others: tuple[str, ...]


@lru_cache(256)
def _layout(names: tuple[str, ...]) -> Layout:
    plain = [name for name in names if name in _PLAIN_KEYS]
    taken = (*plain, *[name for name in names if name in _URL_KEYS])
    others = tuple([name for name in names if name not in taken and name not in _NO_TEXTS])
    take = itemgetter(*taken) if len(taken) > 1 else lambda environ: tuple([environ[name] for name in taken])
    return Layout([*names], taken, len(plain), take, others)


#: What is kept of an environ: its layout, the values that are taken, and the others by name, without their secrets.
Environ = tuple[Layout, tuple[Any, ...], dict[str, str]]
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
    urls = values[layout.urls :]
    try:
        known = hash(urls) in _harmless
    except TypeError:  # a list, say, in an environ that breaks PEP 3333
        known = False
    if not known:
        values = values[: layout.urls] + _urls(urls)
    treated = {}
    for name in layout.others:
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
    known = dict(zip(layout.taken, values, strict=True)) | treated
    return {name: known[name] for name in layout.names if type(known.get(name)) is str}


def pairs(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers of a response (or a request) without their secrets; of a cookie, name and attributes stay."""
    return [(name, value if name in COMMON else _treat(name, value)) for name, value in headers]


# PERF: the spelling that frameworks use saves the look-up of a treatment (benchmarks/: xray).
#: Names of headers that hold no secret.
COMMON = frozenset(name.replace("_", "-").title() for name in _PLAIN)

# -- bodies --------------------------------------------------------------------------------------------------------

#: Where a secret begins and ends, and what stands there instead.
Span = tuple[int, int, bytes]

_BINARY = re.compile(
    r"\s*(?:image/(?!svg)|audio/|video/|font/|application/(?:octet-stream|pdf|zip|gzip|wasm)\b)", re.IGNORECASE
)
# A text that is compressed (gzip, Zstandard) or has two or four bytes a character.
_UNREADABLE = re.compile(rb"\x1f\x8b|\x28\xb5\x2f\xfd|\xff\xfe|\xfe\xff|.{0,2}\x00", re.DOTALL)
_UNREAD = _MARK + b" These bytes are compressed or no UTF-8, so that no secret could be looked for."
# JSON: strings, names, values.
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
_NAMES = re.compile(rb'"([^"\\]*+)"\s*+:')
_MEMBER = re.compile(rb"(" + _STRING + rb")(?:\s*+(:)\s*+)?", re.DOTALL)
_VALUE = re.compile(_STRING + rb"|[^\s,\]}]++", re.DOTALL)
_NESTING = re.compile(_STRING + rb"|[\[\]{}]", re.DOTALL)
_SAYS_NOTHING = (b"", b'""', b"null", b"true", b"false")
# Members that say what the member "value" beside them is: of JSON Patch (RFC 6902), of lists of settings.
_NAMING = ("name", "key", "path", "field")
# HTML: what a form or a script may send, whatever it is called.
_TAG = re.compile(rb"<(?:input|meta|button)\b(?:[^>\"']|\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z))*+", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"(?<![^\s\"'<>/=])([^\s\"'<>/=]++)\s*+=\s*+[\"']?((?<=\")[^\"]*+|(?<=')[^']*+|(?<![\"'])[^\s\"'>]++)"
)
# Any text: a word with one of these in it, and what may stand between it and its value.
_WORDS = (b"token", b"srf", b"passw", b"secret", b"key", b"auth", b"pwd")
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$.-"
_WORD_REST = re.compile(rb"[\w$.-]{0,128}+")
_QUOTE = rb"\\{0,3}[\"']|&(?:#3[49]|#x2[27]|quot|apos);"
_QUOTED_VALUE = re.compile(rb"(?:" + _QUOTE + rb"|\]){0,3}+\s{0,9}+[:=]\s{0,9}+(" + _QUOTE + rb")")
_ARGUMENT_VALUE = re.compile(rb"=([^&\"'\s<>\\]++)")
_LINE_VALUE = re.compile(rb"[ \t]{0,9}+[:=][ \t]{0,9}+(\S[^\r\n]*+)")
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_MAX_KEPT = 1024
_MAX_SPANS = 64
# Where the secrets of a body are, by the body's hash: places only, never the body.
_places: dict[int, tuple[Span, ...]] = {}


def body(data: bytes, content_type: str) -> bytes:
    """A body without its secrets, as far as they have names: forms, JSON, HTML, scripts, lines of text.

    :param data: the whole body, or its beginning.
    :param content_type: its Content-Type; images, archives and the like are returned as they are.
    """
    # PERF: a page that was searched before is not searched again (benchmarks/: xray).
    seen = hash((data, content_type))
    places = _places.get(seen)
    if places is not None:
        return _cut(data, places) if places else data
    if not data or _BINARY.match(content_type):
        return data
    if _UNREADABLE.match(data):
        return _UNREAD
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return query(data.decode("latin-1")).encode("latin-1")
    if kind.startswith("multipart/"):
        return _multipart(data, content_type)
    places = _find(data, kind)
    if len(_places) >= _MAX_KEPT:
        _places.clear()
    if len(places) <= _MAX_SPANS:
        _places[seen] = places
    return _cut(data, places) if places else data


def text(given: str, content_type: str = "text/plain") -> str:
    """A text of the app's own, such as a line of its log, searched as a :func:`body` of that type."""
    return body(given.encode("utf-8", "backslashreplace"), content_type).decode("utf-8", "replace")


def _cut(data: bytes, places: Iterable[Span]) -> bytes:
    kept: list[Any] = []
    last = 0
    for begin, end, mark in places:
        kept += data[last:begin], mark
        last = end
    return b"".join(kept) + data[last:]


def _find(data: bytes, kind: str) -> tuple[Span, ...]:
    """The places of secrets, in order, none inside another."""
    is_json = "json" in kind or (not kind and data.lstrip()[:1] in (b"{", b"["))
    found: list[Span] = [*_members(data)] if is_json else []
    if not is_json or b"?" in data or b'\\"' in data:
        found += _in_words(data, is_json, kind in ("", "text/plain"))
    if b"<" in data:
        found += _in_tags(data)
    text = data.decode("latin-1")
    if "://" in text and "@" in text:
        found += [_span(match, 1) for match in _USERINFO.finditer(text)]
    if "eyJ" in text or _SIGNATURE.search(text):
        found += [_span(match, 0) for match in _SIGNED.finditer(text)]
    return tuple(_apart(found))


def _span(match: re.Match[Any], group: int) -> Span:
    return (*match.span(group), _MARK)


def _apart(found: list[Span]) -> list[Span]:
    """The same places in order, those that meet made one."""
    apart: list[Span] = []
    for begin, end, mark in sorted(found):
        if apart and begin <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]), apart[-1][2])
        else:
            apart.append((begin, end, mark))
    return apart


def _members(data: bytes, also: str = "") -> list[Span]:
    """The values of secret members in JSON text, and of those named *also*."""
    if b"\\" not in data:
        names = set(_NAMES.findall(data))
        if b"value" not in names and not any(is_secret(name.decode("utf-8", "replace")) for name in names):
            return []
    found, last, elsewhere = [], 0, False
    for match in _MEMBER.finditer(data):
        if match[2] is None or match.start() < last:
            continue
        name, begin = _json_text(match[1]), match.end()
        if is_secret(name) or name == also:
            last = _end_of_value(data, begin)
            if data[begin:last] not in _SAYS_NOTHING:
                found.append((begin, last, _QUOTED))
        elif name in _NAMING and not also:
            value = _VALUE.match(data, begin)
            elsewhere |= value is not None and is_secret(_json_text(value[0]).rpartition("/")[2])
    return _members(data, "value") if elsewhere else found


def _json_text(token: bytes) -> str:
    text = token[1:-1].decode("utf-8", "replace")
    if "\\" in text:
        try:
            return str(json.loads(f'"{text}"'))
        except ValueError:
            pass
    return text


def _end_of_value(data: bytes, begin: int) -> int:
    if data[begin : begin + 1] not in (b"{", b"["):
        return _end(_VALUE, data, begin)
    depth = 0
    for match in _NESTING.finditer(data, begin):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(match[0], 0)
        if not depth:
            return match.end()
    return len(data)


def _in_words(data: bytes, is_json: bool, is_plain: bool) -> Iterator[Span]:
    """The values of secret names in scripts, attributes, links and texts within texts.

    :param is_json: whether what stands in plain double quotes is left to :func:`_members`.
    :param is_plain: whether a value may stand there without quotes; it goes on to the end of its line then.
    """
    lower, seen = data.lower(), set()
    for word in _WORDS:
        at = lower.find(word)
        while at >= 0:
            left, last = data[max(0, at - MAX_NAME) : at], _end(_WORD_REST, data, at)
            begin = at - len(left) + len(left.rstrip(_LETTERS))
            fresh = begin not in seen and is_secret(data[begin:last].decode("latin-1"))
            place = _after(data, begin, last, is_plain) if fresh else None
            if fresh:
                seen.add(begin)
            if place is not None and not (is_json and data[place[0] - 2 : place[0]].endswith((b' "', b':"'))):
                yield place
                last = place[1]
            at = lower.find(word, last)


def _after(data: bytes, begin: int, end: int, is_plain: bool) -> Span | None:
    """The value of the name that stands at these places, if it has one."""
    quoted = _QUOTED_VALUE.match(data, end)
    if quoted is not None:
        closing = re.compile(rb"(?<!\\)" + re.escape(quoted[1])).search(data, quoted.end())
        last = closing.start() if closing else len(data)
        return (quoted.end(), last, _MARK) if last > quoted.end() else None
    pattern = _ARGUMENT_VALUE if data[begin - 1 : begin] in (b"?", b"&", b";") else _LINE_VALUE if is_plain else None
    value = pattern.match(data, end) if pattern is not None else None
    return _span(value, 1) if value is not None else None


def _end(pattern: re.Pattern[bytes], data: bytes, begin: int) -> int:
    match = pattern.match(data, begin)
    return match.end() if match else begin


def _in_tags(data: bytes) -> Iterator[Span]:
    """What input elements of HTML with a secret's name (or for a password) hold, and such meta elements."""
    for tag in _TAG.finditer(data):
        attributes = [*_ATTRIBUTE.finditer(data, tag.start(), tag.end())]
        named = {match[1].lower(): match[2].decode("utf-8", "replace") for match in reversed(attributes)}
        if is_secret(named.get(b"name", "")) or is_secret(named.get(b"id", "")) or named.get(b"type") == "password":
            held = [match for match in attributes if match[1].lower() in (b"value", b"content") and match[2]]
            yield from [_span(match, 2) for match in held]


def _multipart(data: bytes, content_type: str) -> bytes:
    boundary = parse_options_header(content_type)[1].get("boundary", "").encode("latin-1", "replace")
    boundary = boundary or data.partition(b"\n")[0].strip().removeprefix(b"--")
    if not boundary:
        return _MARK
    return (b"--" + boundary).join([_part(part) for part in data.split(b"--" + boundary)])


def _part(part: bytes) -> bytes:
    blank = _BLANK_LINE.search(part)
    if blank is None:
        return part
    head, content = part[: blank.start()].decode("latin-1"), part[blank.end() :]
    fields = [line.partition(":") for line in head.splitlines()]
    named = {name.strip().lower(): value.strip() for name, _, value in fields}
    name = parse_options_header(named.get("content-disposition", ""))[1].get("name", "")
    if is_secret(name):
        return part[: blank.end()] + _MARK + b"\r\n" if content.strip() else part
    kind = named.get("content-type", "text/x")
    return part[: blank.end()] + (_UNREAD if kind.startswith("multipart/") else body(content, kind))


# -- by what the app has told --------------------------------------------------------------------------------------


def scrub(text: str, keys: Iterable[str | bytes]) -> str:
    """*text* with none of the *keys* in it, as they are or as they stand in Python, JSON, HTML, URLs and base64.

    :param keys: the app's secret key and its fallbacks; those shorter than :data:`MIN_KEY` are left alone.
    """
    pattern = _pattern(tuple(keys))
    return pattern.sub(REDACTED, text) if pattern is not None else text


@lru_cache(16)
def _pattern(keys: tuple[str | bytes, ...]) -> re.Pattern[str] | None:
    forms = {form for key in keys if len(key) >= MIN_KEY for form in _forms(key)}
    return re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True)))) if forms else None


def _forms(key: str | bytes) -> Iterator[str]:
    data = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key
    for text in {data.decode("latin-1"), data.decode("utf-8", "replace")}:
        yield from (text, repr(text)[1:-1], json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
        yield from (escape(text), quote(text, safe=""), quote_plus(text))
    yield from (repr(data)[2:-1], quote(data, safe=""), data.hex())
    yield from (b64encode(data).decode().rstrip("="), urlsafe_b64encode(data).decode().rstrip("="))
