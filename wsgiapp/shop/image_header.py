"""Shop layer 1: what a file says that it is, when it is a picture.

Kind and size of PNG, JPEG, WebP and GIF, read from the first bytes and never from a name or a declared type. Nothing is
decoded, and the number of bytes and steps is bounded whatever the file holds. SVG is no picture here: it may hold
scripts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, NamedTuple

HEAD = 32  # bytes: enough for all but JPEG
MAX_SEGMENTS = 500  # that a JPEG may have before its size


class Header(NamedTuple):
    """The kind of a picture, which is the ending of its name, and its size in pixels."""

    kind: str
    width: int
    height: int


class NoPictureError(ValueError):
    """The bytes do not begin as one of the known kinds of pictures does."""


def read(file: BinaryIO) -> Header:
    """Return the header of a picture, read from the beginning of ``file``.

    :raises NoPictureError: when it is none, or none that is known.
    """
    file.seek(0)
    head = file.read(HEAD)
    for begins, measure in KINDS:
        if head.startswith(begins):
            found = measure(head, file)
            if found.width and found.height:
                return found
    raise NoPictureError("This is no PNG, JPEG, WebP or GIF picture.")


def _png(head: bytes, _file: BinaryIO) -> Header:
    _must(head[8:16] == b"\0\0\0\x0dIHDR" and len(head) >= 24)
    return Header("png", int.from_bytes(head[16:20]), int.from_bytes(head[20:24]))


def _gif(head: bytes, _file: BinaryIO) -> Header:
    _must(len(head) >= 10)
    return Header("gif", int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little"))


def _webp(head: bytes, _file: BinaryIO) -> Header:
    _must(head[8:12] == b"WEBP" and len(head) >= 30)
    match head[12:16]:
        case b"VP8X":
            width, height = (int.from_bytes(head[place : place + 3], "little") + 1 for place in (24, 27))
        case b"VP8L":
            _must(head[20] == 0x2F)
            bits = int.from_bytes(head[21:25], "little")
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            _must(head[23:26] == b"\x9d\x01\x2a")
            width, height = (int.from_bytes(head[place : place + 2], "little") & 0x3FFF for place in (26, 28))
        case _:
            raise NoPictureError("This WebP picture is damaged.")
    return Header("webp", width, height)


def _jpeg(_head: bytes, file: BinaryIO) -> Header:
    """Go from segment to segment until the one that tells the size."""
    file.seek(2)
    for _ in range(MAX_SEGMENTS):
        marker = file.read(4)
        _must(len(marker) == 4 and marker[0] == 0xFF)
        kind, length = marker[1], int.from_bytes(marker[2:])
        _must(kind >= 0xC0 and not 0xD0 <= kind <= 0xDA and length >= 2)
        if kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            size = file.read(5)
            _must(len(size) == 5)
            return Header("jpg", int.from_bytes(size[3:]), int.from_bytes(size[1:3]))
        file.seek(length - 2, 1)
    raise NoPictureError("This JPEG picture is damaged.")


def _must(holds: bool) -> None:
    if not holds:
        raise NoPictureError("This picture is damaged.")


KINDS: tuple[tuple[bytes, Callable[[bytes, BinaryIO], Header]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"\xff\xd8\xff", _jpeg),
    (b"RIFF", _webp),
    (b"GIF87a", _gif),
    (b"GIF89a", _gif),
)
