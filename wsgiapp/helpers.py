"""Helpers: the functions that views call. Each finds the current app and calls the layer that does the work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, cast

import werkzeug.utils
from werkzeug.exceptions import abort as _abort
from werkzeug.wrappers import Response as BaseResponse

from . import json
from .config import get_debug_flag, get_load_dotenv
from .ctx import _cv_app, _cv_request, stream_with_context
from .files import send_file, send_from_directory
from .globals import current_app
from .scaffold import get_root_path
from .sessions import flash, get_flashed_messages
from .wrappers import Response, redirect_to

__all__ = [
    "abort", "flash", "get_debug_flag", "get_flashed_messages", "get_load_dotenv", "get_root_path",
    "get_template_attribute", "jsonify", "make_response", "redirect", "send_file", "send_from_directory",
    "stream_with_context", "url_for", "werkzeug",
]  # fmt: skip

#: :func:`wsgiapp.json.jsonify` itself. Its type names the response class, which the JSON layer does not know.
jsonify: Callable[..., Response] = cast("Callable[..., Response]", json.jsonify)


def make_response(*args: Any) -> Response:
    """Return the response for the return value of a view, so that headers or cookies can be set on it.

    >>> with app.test_request_context():
    ...     response = make_response("There is no such user.", 404)
    >>> response.headers["X-Seen"] = "yes"
    >>> response.status
    '404 NOT FOUND'

    :param args: the value, or the members of the tuple that a view may return; an empty response without any.
    """
    if not args:
        return current_app.response_class()
    return current_app.make_response(args[0] if len(args) == 1 else args)


def url_for(
    endpoint: str, *, _anchor: str | None = None, _method: str | None = None, _scheme: str | None = None,
    _external: bool | None = None, **values: Any,
) -> str:  # fmt: skip
    """Return the URL of an endpoint of the current app; see :meth:`wsgiapp.App.url_for`.

    >>> @app.get("/user/<name>")
    ... def user(name: str) -> str:
    ...     return url_for("user", name=name, page=2)
    >>> app.test_client().get("/user/ada").text
    '/user/ada?page=2'
    """
    ctx, app_ctx = _cv_request.get(None), _cv_app.get(None)
    is_plain = _anchor is None and _method is None and _scheme is None and _external is None
    if is_plain and ctx is not None and app_ctx is not None:
        # PERF: passing all values on would take as long as the rest of a plain URL (benchmarks/: url_for).
        app = app_ctx.app
        if app is ctx.app and app._has_usual_urls and endpoint[:1] != "." and not app.url_default_functions:
            url = ctx.path_for(endpoint, values)
            if url is not None:
                return url
    app = current_app
    return app.url_for(endpoint, _anchor=_anchor, _method=_method, _scheme=_scheme, _external=_external, **values)


def redirect(
    location: str, code: int = 302, Response: type[BaseResponse] | None = None,  # noqa: N803  # Flask's name
) -> BaseResponse:  # fmt: skip
    """Return a response that sends the browser to another URL.

    >>> @app.post("/login")
    ... def login() -> Response:
    ...     return redirect("/account", code=303)
    >>> app.test_client().post("/login").location
    '/account'

    :param location: the URL.
    :param code: 301, 302, 303, 307 or 308 (RFC 9110, 15.4).
    :param Response: the class of the response, by default the current app's.
    """
    ctx = _cv_app.get(None)
    if ctx is not None and Response is None:
        return cast(BaseResponse, ctx.app.redirect(location, code=code))
    return redirect_to(location, code, Response)


def abort(code: int | BaseResponse, *args: Any, **kwargs: Any) -> NoReturn:
    """End the request with an HTTP error.

    >>> @app.get("/admin")
    ... def admin() -> str:
    ...     abort(403)
    >>> app.test_client().get("/admin").status
    '403 FORBIDDEN'

    :param code: a status code, or a response to send as it is.
    :param args: passed to the exception; a description first.
    :raises HTTPException: always.
    :raises LookupError: for a code that no exception has.
    """
    ctx = _cv_app.get(None)
    if ctx is not None:
        ctx.app.aborter(code, *args, **kwargs)
    _abort(code, *args, **kwargs)


def get_template_attribute(template_name: str, attribute: str) -> Any:
    """Return a macro or variable that a template defines at its top level.

    :raises AttributeError: when it defines none of that name.
    """
    return getattr(current_app.jinja_env.get_template(template_name).module, attribute)
