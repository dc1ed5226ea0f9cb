"""Files: sending one from the disk, with the current app's settings.

Ranges, conditional requests, names and types are Werkzeug's work; here it is told which request is answered, by which
response class, for how long the file may be kept, and whether the server sends it by itself (X-Sendfile).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import IO, Any, cast

import werkzeug.utils

from .ctx import _cv_app, current_request_context
from .wrappers import Response

PathOrFile = os.PathLike[Any] | str | IO[bytes]
MaxAge = int | Callable[[str | None], int | None] | None


def _settings(download_name: str | None = None, max_age: MaxAge = None) -> dict[str, Any]:
    """What Werkzeug is told: the request, the app's settings, and these two where they need a second look."""
    ctx = current_request_context("'send_file'")
    app = ctx.app
    if download_name is not None:  # often a visitor's own name for the file: nothing of it may end the header
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
    """A response that sends a file. Never pass a path that a visitor chose; :func:`send_from_directory` is for that.

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
    sent = werkzeug.utils.send_file(
        path_or_file, mimetype=mimetype, as_attachment=as_attachment, conditional=conditional, etag=etag,
        last_modified=last_modified, **_settings(download_name, max_age),
    )  # fmt: skip
    return cast(Response, sent)


def send_from_directory(directory: os.PathLike[str] | str, path: os.PathLike[str] | str, **kwargs: Any) -> Response:
    """A response that sends a file out of a folder, and nothing outside of it.

    :param directory: the folder, relative to the app's root path unless absolute. Never a visitor's choice.
    :param path: the file's path below the folder; may come from a visitor.
    :param kwargs: those of :func:`send_file`.
    :raises NotFound: when there is no such file in the folder, or *path* leads out of it.
    """
    settings = _settings(kwargs.pop("download_name", None), kwargs.pop("max_age", None))
    return cast(Response, werkzeug.utils.send_from_directory(directory, path, **kwargs, **settings))
