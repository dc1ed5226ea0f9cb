"""Shop layer 4: pictures that were uploaded.

Checked by their content, bounded in bytes and pixels, kept under names made by chance in the instance folder, and
served so that a browser takes them for nothing but pictures. Whose picture it is does not matter here.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, inspect
from sqlalchemy.orm import Mapper, Session, object_session
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import NotFound, ServiceUnavailable

from wsgiapp import App, Blueprint, Response, current_app, request, send_from_directory
from wsgiapp.shop import image_header
from wsgiapp.shop.models import Product

MAX_SIDE = 6_000
MAX_PIXELS = 16_000_000
YEAR = 365 * 86_400
TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}
NAME = re.compile(r"[A-Za-z0-9_-]{32}\.(png|jpg|webp|gif)")
POLICY = "default-src 'none'; sandbox"
LEAVING = "pictures that go when this transaction is committed"

bp = Blueprint("pictures", __name__)


class PictureError(ValueError):
    """An upload is no picture that the shop takes; ``status`` is what it is answered with."""

    def __init__(self, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.status = status


def init_app(app: App, *endpoints: str) -> None:
    """Let the forms that are sent to ``endpoints`` carry a picture, which is more than other forms may carry."""

    def widen() -> None:
        if request.endpoint in endpoints:
            # Twice as much as a picture may have: a form with one that is too large is read and shown again.
            request.max_content_length = 2 * app.config["PICTURE_BYTES"] + app.config["MAX_FORM_MEMORY_SIZE"]

    app.before_request(widen)
    app.register_blueprint(bp)


@bp.get("/pictures/<name>")
def show(name: str) -> Response:
    """Serve a picture. The content of a name never changes, so browsers may keep it and need not ask again."""
    match = NAME.fullmatch(name)
    if match is None:
        raise NotFound("There is no such picture.")
    response = send_from_directory(folder(), name, mimetype=TYPES[match[1]], max_age=YEAR)
    response.cache_control.public = True
    response.cache_control.immutable = True
    response.headers["Content-Disposition"] = f"inline; filename={name}"
    response.headers["Content-Security-Policy"] = POLICY
    return response


def folder() -> Path:
    """Return where the pictures are kept."""
    return Path(current_app.instance_path) / "pictures"


def check(upload: FileStorage) -> str:
    """Return the kind of picture that was uploaded.

    :raises PictureError: when it is none, or too large.
    """
    most = current_app.config["PICTURE_BYTES"]
    if upload.stream.seek(0, os.SEEK_END) > most:
        raise PictureError(f"A picture may have {most / 1_000_000:g} million bytes at most.", 413)
    try:
        header = image_header.read(upload.stream)  # type: ignore[arg-type]  # a file, whatever it is typed as
    except image_header.NoPictureError as error:
        raise PictureError(str(error)) from None
    if max(header.width, header.height) > MAX_SIDE or header.width * header.height > MAX_PIXELS:
        limit = f"{MAX_SIDE:,} pixels a side and {MAX_PIXELS // 1_000_000} million in all are the most"
        raise PictureError(f"This picture is {header.width:,} by {header.height:,} pixels; {limit}.")
    return header.kind


@contextmanager
def kept(upload: FileStorage | None) -> Iterator[str | None]:
    """Keep an upload that was found good and return its new name; when the block raises, it is not kept.

    :raises ServiceUnavailable: (503) when the disk does not take it.
    """
    if upload is None:
        yield None
        return
    name = f"{secrets.token_urlsafe(24)}.{check(upload)}"
    try:
        _write(upload, name)
    except OSError as error:
        current_app.logger.error("A picture could not be kept in %s: %s", folder(), error)
        raise ServiceUnavailable("The picture could not be kept. Please try again later.", retry_after=60) from None
    try:
        yield name
    except BaseException:
        remove(name)
        raise


def _write(upload: FileStorage, name: str) -> None:
    """Copy the upload in pieces; under its name it appears whole."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=folder(), prefix=".draft-")
    try:
        upload.stream.seek(0)
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(upload.stream, file, 64 * 1024)
        Path(draft).rename(folder() / name)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def remove(name: str) -> None:
    """Delete a picture. If that fails the file stays, which does no harm."""
    if NAME.fullmatch(name):
        try:
            (folder() / name).unlink(missing_ok=True)
        except OSError as error:
            current_app.logger.warning("The picture %s could not be deleted: %s", name, error)


# When a product is changed or deleted, by a form or by the API, its old picture is deleted after the commit.


@event.listens_for(Product, "after_update")
def _replaced(_mapper: Mapper[Any], _connection: Connection, product: Product) -> None:
    _note_leaving(product, inspect(product).attrs.picture_file.history.deleted)


@event.listens_for(Product, "after_delete")
def _deleted(_mapper: Mapper[Any], _connection: Connection, product: Product) -> None:
    _note_leaving(product, [product.picture_file])


def _note_leaving(product: Product, names: Sequence[str | None] | None) -> None:
    session = object_session(product)
    if session is not None:
        session.info.setdefault(LEAVING, []).extend(name for name in names or () if name)


@event.listens_for(Session, "after_commit")
def _delete_leaving(session: Session) -> None:
    for name in session.info.pop(LEAVING, ()):
        remove(name)


@event.listens_for(Session, "after_rollback")
def _forget_leaving(session: Session) -> None:
    session.info.pop(LEAVING, None)
