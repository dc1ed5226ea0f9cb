"""Shop layer 2: how everything that goes wrong is answered.

Pages get a page, the API gets a problem document (RFC 9457). The error page needs neither session nor database, since
either may be what failed. What counts as an error is decided where it happens, not here.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from sqlalchemy import exc
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import Conflict, HTTPException, ServiceUnavailable
from werkzeug.wrappers import Response as BaseResponse

from wsgiapp import App, Response, current_app, render_template, request
from wsgiapp.typing import ResponseReturnValue

RETRY_SECONDS = 2
API_PREFIX = "/api/"
RENAMED = {413: "Content Too Large", 422: "Unprocessable Content"}
ADVICE = {
    404: "Perhaps it was sold, moved or never made.",
    405: "This address does not answer to that method.",
    413: "The shop takes no more than one megabyte at a time.",
    500: "The fault is on our side and has been written down. Please try again in a moment.",
}


class Problem(HTTPException):
    """An error of the API with a status of its own, further headers and further members (RFC 9457, section 3.2)."""

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.code = status
        self.headers = headers or {}
        self.members = {name: value for name, value in members.items() if value is not None}

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        """Return the headers of the answer: Werkzeug's, then those of this problem."""
        return [*super().get_headers(*args, **kwargs), *self.headers.items()]


def init_app(app: App) -> None:
    """Register the answers of ``app`` to what goes wrong."""
    app.register_error_handler(HTTPException, answer)
    for error in (exc.OperationalError, exc.InterfaceError, exc.TimeoutError):
        app.register_error_handler(error, database_unavailable)
    for conflict in (StaleDataError, exc.IntegrityError):
        app.register_error_handler(conflict, overtaken)


def answer(error: HTTPException) -> ResponseReturnValue:
    """Return the answer to ``error``: its own response, a problem document, or a page."""
    if isinstance(error.response, BaseResponse):
        return error.response
    status = error.code or 500
    response = problem(error, status) if request.path.startswith(API_PREFIX) else page(error, status)
    for name, value in error.get_headers(request.environ):
        if name.lower() != "content-type":
            response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
    return response


def problem(error: HTTPException, status: int) -> Response:
    """Return ``error`` as application/problem+json."""
    members = getattr(error, "members", {})
    document = {"type": "about:blank", "title": title_of(status), "status": status, "detail": error.description}
    body = current_app.json.dumps(document | members)
    return Response(body, status, content_type="application/problem+json")


def page(error: HTTPException, status: int) -> Response:
    """Return ``error`` as a page."""
    advice = ADVICE.get(status) or error.description
    return Response(render_template("error.html", status=status, title=title_of(status), advice=advice), status)


def title_of(status: int) -> str:
    """Return the reason phrase of ``status``, as RFC 9110 has it now."""
    if status in RENAMED:
        return RENAMED[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def database_unavailable(error: Exception) -> ResponseReturnValue:
    """Answer 503: the database is locked, full, or not there."""
    current_app.logger.error("The database did not answer: %s", getattr(error, "orig", None) or error)
    return answer(ServiceUnavailable("The database is busy. Please try again in a moment.", retry_after=RETRY_SECONDS))


def overtaken(_error: Exception) -> ResponseReturnValue:
    """Answer 409: someone else changed the row between reading and writing it."""
    return answer(Conflict("Someone else changed this at the same moment. Load it again and repeat your change."))
