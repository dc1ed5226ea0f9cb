"""Shop layer 2: how the shop answers what goes wrong.

Pages get a page, programs a problem document (``wsgiapp.rest.problems``). The error page needs neither session nor
database, since either may be what failed. What counts as an error is decided where it happens, not here.
"""

from __future__ import annotations

from sqlalchemy import exc
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import Conflict, HTTPException, ServiceUnavailable

from wsgiapp import App, Response, current_app, render_template, request
from wsgiapp.rest import problems
from wsgiapp.rest.problems import answer, title_of
from wsgiapp.typing import ResponseReturnValue

RETRY_SECONDS = 2
API_PREFIX = "/api"
ADVICE = {
    404: "Perhaps it was sold, moved or never made.",
    405: "This address does not answer to that method.",
    500: "The fault is on our side and has been written down. Please try again in a moment.",
}


def init_app(app: App) -> None:
    """Register the answers of ``app`` to what goes wrong."""
    problems.init_app(app, page, API_PREFIX)
    for error in (exc.OperationalError, exc.InterfaceError, exc.TimeoutError):
        app.register_error_handler(error, database_unavailable)
    for conflict in (StaleDataError, exc.IntegrityError, exc.NoResultFound):
        app.register_error_handler(conflict, overtaken)


def page(error: HTTPException, status: int) -> Response:
    """Return ``error`` as a page."""
    advice = ADVICE.get(status) or error.description
    if status == 413:
        advice = f"This form takes no more than {(request.max_content_length or 0) / 1_000_000:.2g} million bytes."
    return Response(render_template("error.html", status=status, title=title_of(status), advice=advice), status)


def database_unavailable(error: Exception) -> ResponseReturnValue:
    """Answer 503: the database is locked, full, or not there."""
    current_app.logger.error("The database did not answer: %s", getattr(error, "orig", None) or error)
    return answer(ServiceUnavailable("The database is busy. Please try again in a moment.", retry_after=RETRY_SECONDS))


def overtaken(_error: Exception) -> ResponseReturnValue:
    """Answer 409: someone else changed or deleted the row between reading and writing it."""
    return answer(Conflict("Someone else changed this at the same moment. Load it again and repeat your change."))
