"""Shop layer 4: the book, at /learn.

The contents, the chapters, the glossary, what the reader has read, and the two benches. Reading the chapters is
``learn_book``'s work; what the benches do is in ``learn_cookie`` and ``learn_api``.
"""

from __future__ import annotations

from typing import Any

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as BaseResponse

from wsgiapp import Blueprint, Response, current_app, redirect, render_template, request, url_for
from wsgiapp.dispatch import LIFECYCLE
from wsgiapp.shop import learn_api, learn_cookie, store
from wsgiapp.shop.learn_book import GLOSSARY, ORDER, chapter
from wsgiapp.typing import ResponseReturnValue

COOKIE = "learned"
YEAR = 365 * 86_400

bp = Blueprint("learn", __name__, url_prefix="/learn")


@bp.get("")
def contents() -> str:
    """Show the chapters, and which of them the reader has marked as read."""
    return render_template("learn_contents.html", chapters=[chapter(slug) for slug in ORDER], read=progress())


@bp.get("/")
def with_slash() -> BaseResponse:
    """Lead to the contents."""
    return redirect(url_for(".contents"), 308)


@bp.get("/<slug>")
def show(slug: str) -> str:
    """Show a chapter."""
    return page(slug)


@bp.post("/sessions")
def cookie_bench() -> Response:
    """Open the cookie that was sent, check it with the key that was sent, and keep neither."""
    form = request.form
    opened = learn_cookie.examine(form.get("cookie", ""), form.get("secret_key", ""), "change" in form)
    response = Response(page("sessions", opened=opened))
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/rest")
def api_bench() -> str:
    """Send the requests of the API bench, where this shop is a demonstration, and show the answers."""
    if not current_app.config["DEMO"]:
        raise NotFound("The API bench sends nothing here: this shop is no demonstration.")
    store.end_reading()
    return page("rest", exchanges=learn_api.perform(current_app, request.host_url))


def page(slug: str, **values: Any) -> str:
    """Return the page of a chapter. Raises ``NotFound`` (404) when the book has none of that name."""
    if slug not in (*ORDER, GLOSSARY):
        raise NotFound(f"The book has no chapter “{slug[:80]}”.")
    place = ORDER.index(slug) if slug in ORDER else len(ORDER)
    before, after = ORDER[:place][-1:], ORDER[place + 1 : place + 2]
    return render_template(
        "learn.html",
        chapter=chapter(slug),
        chapters=[chapter(each) for each in ORDER],
        number=place + 1 if slug in ORDER else None,
        before=chapter(before[0]) if before else None,
        after=chapter(after[0]) if after else None,
        read=progress(),
        road=LIFECYCLE,
        calls=learn_api.CALLS,
        cookies=learn_cookie,
        demo=current_app.config["DEMO"],
        watched="xray" in current_app.extensions,
        **{"opened": None, "exchanges": None, **values},
    )


def progress() -> list[str]:
    """Return the chapters in the reader's cookie that exist in the book."""
    named = set(request.cookies.get(COOKIE, "").split("."))
    return [slug for slug in ORDER if slug in named]


@bp.post("/progress")
def mark() -> ResponseReturnValue:
    """Note in the reader's cookie that a chapter was read, and go to the next one; or delete the cookie."""
    if "clear" in request.form:
        response = redirect(url_for("learn.contents"), 303)
        response.delete_cookie(COOKIE, samesite="Lax")
        return response
    slug = request.form.get("chapter", "")
    if slug not in ORDER:
        raise NotFound("The book has no such chapter.")
    following = ORDER[ORDER.index(slug) + 1 :][:1]
    response = redirect(url_for("learn.show", slug=following[0]) if following else url_for("learn.contents"), 303)
    names = ".".join(each for each in ORDER if each == slug or each in progress())
    response.set_cookie(COOKIE, names, max_age=YEAR, secure=request.is_secure, httponly=True, samesite="Lax")
    return response
