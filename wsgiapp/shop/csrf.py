"""Shop layer 2: proof that a form came from one of our own pages.

A random token in the session, repeated in every form that changes something (or in the header ``X-CSRF-Token``).
Only the token lives here, and what is said of a form without it; who is signed in is not asked.
"""

from __future__ import annotations

import hmac
import secrets
from typing import NamedTuple

from werkzeug.exceptions import BadRequest

from wsgiapp import App, Response, current_app, render_template, request, session, url_for
from wsgiapp.shop import form_source
from wsgiapp.shop.session_contents import CSRF_TOKEN

FIELD, HEADER, KEY = "csrf_token", "X-CSRF-Token", "csrf"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
API = "api"
NOT_SHOWN_AGAIN = "password"  # part of the names of fields that are typed again
ADVICE = "Go back to the page, load it again, and send the form once more."


class Reason(NamedTuple):
    """Why a form was refused: for the log, and in a sentence for who sent it, to begin with :data:`NOT_OURS`."""

    name: str
    happened: str
    advice: str = ADVICE


NOT_OURS = "This form was not sent from a page of this session: "
MISSING = Reason("is missing", "it came without the hidden mark that each form of this shop carries.")
MALFORMED = Reason("is malformed", "its hidden mark was changed or cut off on the way.")
EXPIRED = Reason("is of a session that has ended", "the page was open for so long that its session has ended.")
NO_COOKIE = Reason(
    "came without the session's cookie",
    "no cookie came with it. Either this browser takes none of this site, or they were cleared meanwhile.",
    f"Allow cookies for this site. {ADVICE}",
)
OTHER = Reason(
    "is of another session",
    "since the page was opened, you have signed in or out, or begun anew in another window.",
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

    Whoever sent it from a page of ours is told what happened, is shown what they typed, and may send it again. In debug
    mode the log says where the form and its field are written.
    """
    if request.method in SAFE_METHODS or request.url_rule is None or request.blueprint == API:
        return
    sent = request.headers.get(HEADER) or request.form.get(FIELD)
    if not matches(sent):
        reason = why_refused(sent)
        if current_app.debug:
            current_app.logger.warning("%s", told_to_developer(reason))
        happened = f"{NOT_OURS}{reason.happened} Nothing was changed."
        page = send_again(happened) if came_from_here() and request.form else None
        raise BadRequest(f"{happened} {reason.advice}", response=page)


def why_refused(sent: str | None) -> Reason:
    """Return the reason for which ``sent`` is not the session's token."""
    if not sent:
        return MISSING
    if not CSRF_TOKEN.fullmatch(sent):
        return MALFORMED
    if KEY in session:
        return OTHER
    return EXPIRED if current_app.session_interface.get_cookie_name(current_app) in request.cookies else NO_COOKIE


def told_to_developer(reason: Reason) -> str:
    """Return the line of the log: which form was refused and why, and where its field is made."""
    forms = form_source.sources_of(current_app, str(request.endpoint))
    where = " ".join(map(str, forms)) or f"No template holds a form with url_for('{request.endpoint}') in its tag."
    return f"Refused the form {request.method} {request.path}: its field {FIELD!r} {reason.name}. {where}"


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


def send_again(happened: str) -> Response:
    """Return a page that says what happened, with the form as it was sent, but with this session's token.

    Passwords are typed again, and files chosen again.
    """
    sent = [(name, value) for name, value in request.form.items(multi=True) if name != FIELD]
    body = render_template(
        "expired.html",
        happened=happened,
        action=url_for(str(request.endpoint), **(request.view_args or {})),
        fields=[(name, value) for name, value in sent if NOT_SHOWN_AGAIN not in name],
        secrets=[name for name, _ in sent if NOT_SHOWN_AGAIN in name],
        files=list(request.files),
    )
    return Response(body, 400, headers={"Cache-Control": "no-store"})
