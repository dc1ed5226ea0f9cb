"""Files: sending one from the disk, with the current app's settings.

Ranges, conditional requests, names and types are Werkzeug's work. This module gives it the request, the response class,
how long browsers may keep the file, and whether the server sends the file itself (X-Sendfile).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from io import BytesIO, IOBase, TextIOBase
from stat import S_ISREG
from time import time
from typing import IO, Any, cast

import werkzeug.utils
from werkzeug.exceptions import NotFound, RequestedRangeNotSatisfiable
from werkzeug.http import http_date, is_resource_modified
from werkzeug.security import safe_join
from werkzeug.utils import send_from_directory as _send_from_directory
from werkzeug.wsgi import wrap_file

from .ctx import RequestContext, _cv_app, current_request_context
from .overrides import Originals
from .wrappers import Response

PathOrFile = os.PathLike[Any] | str | IO[bytes]
MaxAge = int | Callable[[str | None], int | None] | None


def _settings(download_name: str | None = None, max_age: MaxAge = None) -> dict[str, Any]:
    """Return the arguments that Werkzeug gets from the request and the app, and these two, checked."""
    ctx = current_request_context("'send_file'")
    app = ctx.app
    if download_name is not None:  # it often comes from a visitor, and must not end the header
        download_name = "".join(char if char.isprintable() else "_" for char in download_name)
    return {
        "environ": ctx.request.environ, "response_class": app.response_class, "_root_path": app.root_path,
        "use_x_sendfile": app.config["USE_X_SENDFILE"], "download_name": download_name,
        "max_age": _cv_app.get().app.get_send_file_max_age if max_age is None else max_age,
    }  # fmt: skip


def send_file(
    path_or_file: PathOrFile, mimetype: str | None = None, as_attachment: bool = False,
    download_name: str | None = None, conditional: bool = True, etag: bool | str = True,
    last_modified: datetime | int | float | None = None, max_age: MaxAge = None,
) -> Response:  # fmt: skip
    """Return a response that sends a file.

    Never pass a path that a visitor chose; :func:`send_from_directory` is for that.

    >>> @app.get("/report")
    ... def report() -> Response:
    ...     return send_file("report.txt", as_attachment=True, download_name="report of May.txt")
    >>> app.test_client().get("/report", buffered=True).headers["Content-Disposition"]
    'attachment; filename="report of May.txt"'

    :param path_or_file: a path, relative to the app's root path unless absolute; or a file opened in binary mode.
    :param mimetype: its media type; guessed from the name by default.
    :param as_attachment: have the browser save it instead of showing it.
    :param download_name: the name the browser saves it by.
    :param conditional: answer conditional and range requests (RFC 9110, 13 and 14).
    :param etag: the entity tag; True for one made of the file's size, time and path.
    :param last_modified: when the file changed; a time, or seconds since 1970.
    :param max_age: for how many seconds it may be kept; or a function of the name. The app's setting by default.
    :raises FileNotFoundError: when there is no such file.
    """
    settings, size = _settings(download_name, max_age), _size_of(path_or_file) if conditional else None
    sent = werkzeug.utils.send_file(
        path_or_file, mimetype=mimetype, as_attachment=as_attachment, conditional=conditional and size is None,
        etag=etag, last_modified=last_modified, **settings,
    )  # fmt: skip
    if size is not None:
        try:
            sent.content_length = size
            sent.make_conditional(settings["environ"], accept_ranges=True, complete_length=size)
        except RequestedRangeNotSatisfiable:
            sent.close()
            raise
    return cast(Response, sent)


def _size_of(file: Any) -> int | None:
    """Return the size of an open file that can be sent in ranges here; None for a path or a file left to Werkzeug."""
    if not isinstance(file, IOBase) or isinstance(file, (BytesIO, TextIOBase)) or not file.seekable() or file.tell():
        return None
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def send_from_directory(directory: os.PathLike[str] | str, path: os.PathLike[str] | str, **kwargs: Any) -> Response:
    """Return a response that sends a file from a folder, and never a file outside of it.

    >>> @app.get("/reports/<path:name>")
    ... def reports(name: str) -> Response:
    ...     return send_from_directory("reports", name)
    >>> client = app.test_client()
    >>> client.get("/reports/may.txt", buffered=True).text
    'All is well.'
    >>> client.get("/reports/../settings.py").status
    '404 NOT FOUND'

    :param directory: the folder, relative to the app's root path unless absolute. Never a visitor's choice.
    :param path: the file's path below the folder; may come from a visitor.
    :param kwargs: those of :func:`send_file`.
    :raises NotFound: when there is no such file in the folder, or *path* leads out of it.
    """
    if kwargs.keys() <= {"max_age"}:
        known = _send_with_known_headers(current_request_context("'send_from_directory'"), directory, path, **kwargs)
        if known is not None:
            return known
    settings = _settings(kwargs.pop("download_name", None), kwargs.pop("max_age", None))
    return cast(Response, werkzeug.utils.send_from_directory(directory, path, **kwargs, **settings))


@lru_cache(maxsize=512, typed=True)
def _cached_headers(path: str, size: int, mtime: float, max_age: int | None, second: int) -> dict[str, str]:  # noqa: ARG001  # its key
    """Return Werkzeug's headers for a file of that size and time, without those that depend on the request."""
    with werkzeug.utils.send_file(path, {}, conditional=False, max_age=max_age, _root_path="") as sent:
        return dict(sent.headers)


_date = lru_cache(maxsize=2)(http_date)
# What sending those headers again stands in for.
CONDITIONAL = Originals(Response, "make_conditional", "set_etag", "last_modified", "cache_control", "content_length")


def _send_with_known_headers(ctx: RequestContext, directory: Any, path: Any, max_age: MaxAge = None) -> Response | None:
    """Return the answer of :func:`send_from_directory` to a plain request; None when Werkzeug must make it.

    :raises NotFound: when there is no such file in the folder.
    """
    # PERF: the headers that Werkzeug made for the same file are reused, and a 304 opens no file; Werkzeug takes 190
    # calls (benchmarks/: static_file, not_modified).
    app, environ = ctx.app, ctx.request.environ
    plain = environ["REQUEST_METHOD"] == "GET" and "HTTP_RANGE" not in environ and "HTTP_IF_MATCH" not in environ
    usual = werkzeug.utils.send_from_directory is _send_from_directory and CONDITIONAL.unchanged_on_class(Response)
    if not (plain and usual) or app.response_class is not Response or app.config["USE_X_SENDFILE"]:
        return None
    joined = safe_join(os.fspath(directory), os.fspath(path))
    full = os.path.join(app.root_path, joined or "")
    try:
        stat = os.stat(full)
    except (OSError, ValueError):
        stat = None
    if joined is None or stat is None or not S_ISREG(stat.st_mode):
        raise NotFound()
    now = int(time())
    max_age = _cv_app.get().app.get_send_file_max_age if max_age is None else max_age
    max_age = max_age(full) if callable(max_age) else max_age
    head = _cached_headers(full, stat.st_size, stat.st_mtime, max_age, now if max_age is not None else 0)
    if _is_not_modified(environ, head):
        response = Response(status=304)
    else:
        # PERF: a buffer would only copy the bytes once more (benchmarks/: static_file). The server closes it.
        file: Any = open(full, "rb", buffering=0)  # noqa: SIM115
        response = Response(wrap_file(environ, file, min(stat.st_size, 65_536) or 1), direct_passthrough=True)
    response.take_headers([*head.items(), ("Date", _date(now)), ("Accept-Ranges", "bytes")])
    return response


def _is_not_modified(environ: dict[str, Any], head: dict[str, str]) -> bool:
    """Say whether the client has the file with these headers already (RFC 9110, 13.2.2)."""
    tags, since = environ.get("HTTP_IF_NONE_MATCH"), environ.get("HTTP_IF_MODIFIED_SINCE")
    if (tags or since) is None:
        return False
    if tags == head["ETag"] or (tags is None and since == head["Last-Modified"]):
        return True
    return not is_resource_modified(environ, head["ETag"], last_modified=head["Last-Modified"])
