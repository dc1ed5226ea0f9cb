"""Shop layer 2: proof that a form came from one of our own pages.

A random token in the session, repeated in every form that changes something (or in the header ``X-CSRF-Token``).
Only the token lives here; who is signed in is ``account``'s business.
"""

from __future__ import annotations

import hmac
import secrets

from werkzeug.exceptions import BadRequest

from wsgiapp import App, request, session

FIELD, HEADER, KEY = "csrf_token", "X-CSRF-Token", "csrf"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
API = "api"


def init_app(app: App) -> None:
    """Check every form sent to ``app`` and let templates call ``csrf_token()``; the API has its own check."""
    app.add_template_global(token, "csrf_token")
    app.before_request(check_form)


def token() -> str:
    """Return the token of this session, made at the first call."""
    known = session.get(KEY)
    if not isinstance(known, str):
        known = session[KEY] = secrets.token_urlsafe(32)
    return known


def matches(sent: str | None) -> bool:
    """Tell whether ``sent`` is the session's token, in a time that does not depend on where they differ."""
    known = session.get(KEY)
    if not sent or not isinstance(known, str):
        return False
    return hmac.compare_digest(known.encode(), sent.encode("utf-8", "replace"))


def check_form() -> None:
    """Refuse (400) a request that changes something and carries no token of this session."""
    if request.method in SAFE_METHODS or request.url_rule is None or request.blueprint == API:
        return
    if not matches(request.headers.get(HEADER) or request.form.get(FIELD)):
        raise BadRequest(
            "This form was not sent from a page of this session, or the page has grown old. "
            "Allow cookies for this site, open the page again and send the form once more."
        )
