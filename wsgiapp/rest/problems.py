"""Problems: everything that goes wrong in an app, answered as the client prefers (RFC 9457).

A client that prefers JSON gets a problem document, one that prefers HTML a page. What counts as an error is decided
where it happens, not here.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from wsgiapp import App, Response, current_app, got_request_exception, request
from wsgiapp.typing import ResponseReturnValue

EXTENSION = "wsgiapp.rest.problems"
PROBLEM = "application/problem+json"
TRACE = "wsgiapp.rest.trace"
RENAMED = {413: "Content Too Large", 422: "Unprocessable Content"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
Page = Callable[[HTTPException, int], BaseResponse]


class Problem(HTTPException):
    """An error with a status of its own, further headers and further members (RFC 9457, section 3.2).

    :param status: the status of the answer.
    :param detail: what happened and what to do, for the client's developer.
    :param headers: further headers.
    :param members: further members of the document; those that are None are left out.
    """

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.code = status
        self.headers = headers or {}
        self.members = {name: value for name, value in members.items() if value is not None}

    @property
    def name(self) -> str:
        """The reason phrase of the status."""
        return title_of(self.code or 500)

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        """Return the headers of the answer: Werkzeug's, then those of this problem."""
        return [*super().get_headers(*args, **kwargs), *self.headers.items()]


@dataclass
class Settings:
    """How one app answers: ``page`` makes the pages, ``prefixes`` are the paths of what is there for programs."""

    page: Page | None = None
    prefixes: list[str] = field(default_factory=list)


def init_app(app: App, page: Page | None = None, prefix: str | None = None) -> None:
    """Make ``app`` answer every error in the form that the client prefers. It may be called several times.

    :param page: makes the page of an error from it and its status; None for Werkzeug's plain one.
    :param prefix: below this path a client that prefers nothing gets a problem document; elsewhere, a page.
    """
    settings: Settings | None = app.extensions.get(EXTENSION)
    if settings is None:
        settings = app.extensions[EXTENSION] = Settings()
        app.register_error_handler(HTTPException, answer)
        app.after_request(order_allow)
        got_request_exception.connect(trace, app)
    settings.page = page or settings.page
    if prefix is not None:
        settings.prefixes.append(prefix)


def answer(error: HTTPException) -> ResponseReturnValue:
    """Return the answer to ``error``: its own response, a problem document, or a page."""
    if isinstance(error.response, BaseResponse):
        return error.response
    status = error.code or 500
    response = problem(error, status) if prefers_problem() else page(error, status)
    for name, value in error.get_headers(request.environ):
        if name.lower() != "content-type":
            response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response


def prefers_problem() -> bool:
    """Tell whether the client gets a problem document; where it likes both alike, the path decides."""
    accepted = acceptable()
    if accepted:
        machine = max(accepted.quality(PROBLEM), accepted.quality("application/json"))
        reader = accepted.quality("text/html")
        if machine != reader:
            return machine > reader
    prefixes = current_app.extensions[EXTENSION].prefixes
    return any(request.path == prefix or request.path.startswith(f"{prefix}/") for prefix in prefixes)


def acceptable() -> MIMEAccept:
    """Return what the client accepts, without the parameters of media types.

    None of the types that are to be had here has one that matters: ``application/json; charset=utf-8`` asks for JSON.
    """
    return MIMEAccept([(kind.partition(";")[0].strip(), quality) for kind, quality in request.accept_mimetypes])


def problem(error: HTTPException, status: int) -> Response:
    """Return ``error`` as application/problem+json."""
    document = {"type": "about:blank", "title": title_of(status), "status": status, "detail": error.description}
    if status >= 500:
        document["trace_id"] = trace_id(error)
    document |= getattr(error, "members", {})
    return Response(json.dumps(document, ensure_ascii=False) + "\n", status, content_type=PROBLEM)


def page(error: HTTPException, status: int) -> BaseResponse:
    """Return ``error`` as a page: the app's own, else Werkzeug's."""
    make: Page | None = current_app.extensions[EXTENSION].page
    return make(error, status) if make else Response(error.get_body(), status)


def trace(_app: App, exception: BaseException, **_signal: Any) -> None:
    """Give an unhandled exception an id, and add it to the exception as a note, which the log shows."""
    request.environ[TRACE] = str(uuid.uuid4())
    exception.add_note(f"trace_id: {request.environ[TRACE]}")


def trace_id(error: HTTPException) -> str:
    """Return the id of this error in the log. If it was not logged, log it now."""
    if TRACE not in request.environ:
        request.environ[TRACE] = str(uuid.uuid4())
        current_app.logger.error("%s %s: %s, trace_id: %s", request.method, request.path, error, request.environ[TRACE])
    found: str = request.environ[TRACE]
    return found


def order_allow(response: Response) -> Response:
    """Write Allow in one order, whatever collected the methods."""
    if "Allow" in response.headers:
        response.headers["Allow"] = in_order(response.allow)
    return response


def in_order(methods: Any) -> str:
    """Return methods as a header's value: the usual ones in their usual order, then the others."""
    others = sorted(set(methods) - set(METHODS))
    return ", ".join([*(method for method in METHODS if method in methods), *others])


def title_of(status: int) -> str:
    """Return the reason phrase of ``status``, as RFC 9110 has it now."""
    if status in RENAMED:
        return RENAMED[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
