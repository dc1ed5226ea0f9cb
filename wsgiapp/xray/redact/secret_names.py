"""Redaction by name: which names have secret values."""

from __future__ import annotations

import re
from functools import lru_cache

#: Stands where a secret stood. It may stand in a URL, a cookie, a header, JSON and HTML, and does not tell how long
#: the secret was.
REDACTED = "(redacted)"
#: Characters of a name that are looked at, half of them at its end; verdicts that are kept at hand.
MAX_NAME = 128
MAX_VERDICTS = 4096

# Where a word of a name begins: `csrfToken`, `X-CSRF-Token` and `csrf_token` are one name.
_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_SECRET = re.compile(
    r"""(?:^|_)(?:
    [a-z0-9]*?(?:passw(?:or[dt]|d)|passphrase|passcode|secret|token|csrf|xsrf)s?\d* | [a-z0-9]*(?:csrf|xsrf)[a-z0-9]*
    | pwd | pw | pass$ | passkeys? | auth$ | authorization | bearer | jwt | cookies?2? | cred(?:ential)?s? | t?otp
    | [a-z0-9]*(?:access|account|api|app|auth|client|encryption|license|master|private|secret|session|shared|signing
        |subscription|functions|webhook|service|role|hmac|fernet|aes|rsa|ssh|deploy|storage)_?keys?
    | connection_?string | conn_?str | dsn | mnemonic | (?:seed|recovery)_?phrase | saml_?response
    | (?:client_)?assertion$ | ticket$ | security_?answer | magic_?link | iban | remember_?me
    | (?:php|j|asp)?sess(?:ion)?_?ids? | sid | signatures?(?:_\d+)?$ | sig$
    | pin(?:_?code|_?number)?$ | cvv2? | cvc2? | ssn | (?:credit_?)?card_?(?:number|num|no) | cc_?(?:number|num|no)
    | credit_?card$
    | (?:auth|authorization|backup|confirmation|invite|login|mfa|recovery|reset|security|sms|verification)_?codes?
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
