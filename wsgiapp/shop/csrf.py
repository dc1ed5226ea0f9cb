"""Shop layer 2: proof that a form came from one of our own pages.

A random token in the session, repeated in every form that changes something (or in the header ``X-CSRF-Token``).
Only the token lives here, and the page for a form whose session has ended; who is signed in is not asked.
"""

from __future__ import annotations

import hmac
import secrets

from werkzeug.exceptions import BadRequest

from wsgiapp import App, Response, render_template, request, session, url_for

FIELD, HEADER, KEY = "csrf_token", "X-CSRF-Token", "csrf"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
API = "api"
NOT_SHOWN_AGAIN = "password"  # part of the names of fields that are typed again
ADVICE = (
    "This form was not sent from a page of this session, or the page has grown old. "
    "Allow cookies for this site, open the page again and send the form once more."
)


def init_app(app: App) -> None:
    """Check every form sent to ``app`` and let templates call ``csrf_token()``; the API has its own check."""
    app.add_template_global(token, "csrf_token")
    app.add_template_global(may_use_session, "may_use_session")
    app.before_request(check_form)


def token() -> str:
    """Return the token of this session, made at the first call."""
    known: str | None = session.get(KEY)
    if known is None:
        known = session[KEY] = secrets.token_urlsafe(32)
    return known


def matches(sent: str | None) -> bool:
    """Tell whether ``sent`` is the session's token, in a time that does not depend on where they differ."""
    known: str | None = session.get(KEY)
    if not sent or known is None:
        return False
    return hmac.compare_digest(known.encode(), sent.encode("utf-8", "replace"))


def check_form() -> None:
    """Refuse (400) a request that changes something and carries no token of this session.

    If the form came from one of our pages and its session has ended, the visitor gets a page to send it again.
    """
    if request.method in SAFE_METHODS or request.url_rule is None or request.blueprint == API:
        return
    if not matches(request.headers.get(HEADER) or request.form.get(FIELD)):
        raise BadRequest(ADVICE, response=expired_form_page() if came_from_here() and request.form else None)


def came_from_here() -> bool:
    """Tell whether the browser says that a page of this site sent the request.

    Another site's form must not get a token put into it, nor a new session into the browser.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("Origin") == request.host_url.rstrip("/")


def may_use_session() -> bool:
    """Tell whether the answer may begin a session, which the forms in the head of each page need.

    A form sent by another site comes without the visitor's cookie. A new session in the answer would replace theirs.
    """
    return request.method in SAFE_METHODS or KEY in session or came_from_here()


def expired_form_page() -> Response:
    """Return a page for a form whose session has ended: what was sent, without passwords, with a new token."""
    sent = [(name, value) for name, value in request.form.items(multi=True) if name != FIELD]
    body = render_template(
        "expired.html",
        action=url_for(str(request.endpoint), **(request.view_args or {})),
        fields=[(name, value) for name, value in sent if NOT_SHOWN_AGAIN not in name],
        secrets=[name for name, _ in sent if NOT_SHOWN_AGAIN in name],
        files=list(request.files),
    )
    return Response(body, 400, headers={"Cache-Control": "no-store"})
