"""Pictures for the tests: whole PNG files of one colour, and the beginnings of the other kinds."""

from __future__ import annotations

import zlib


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def png(width: int = 6, height: int = 4, extra: int = 0) -> bytes:
    """A PNG that every program can draw; ``extra`` bytes of comment make it larger."""
    header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    lines = b"".join(b"\0" + bytes([150, 90, 40]) * width for _ in range(height)) if width * height < 1_000_000 else b""
    comment = chunk(b"tEXt", b"Comment\0" + b"x" * extra) if extra else b""
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + comment + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def gif(width: int = 6, height: int = 4) -> bytes:
    return b"GIF89a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + b"\0" * 20


def jpeg(width: int = 6, height: int = 4, before: int = 2) -> bytes:
    """A JPEG up to its size; ``before`` it stand segments that hold what looks like the end of a picture."""
    segment = b"\xff\xe1\x00\x12" + b"\xff\xd9" * 8
    size = b"\xff\xc2\x00\x11\x08" + height.to_bytes(2) + width.to_bytes(2) + b"\x03" + b"\0" * 9
    return b"\xff\xd8" + segment * before + size


def webp(kind: bytes, width: int = 6, height: int = 4) -> bytes:
    w, h = width - 1, height - 1
    data = {
        b"VP8X": b"\0" * 4 + w.to_bytes(3, "little") + h.to_bytes(3, "little"),
        b"VP8L": b"\x2f" + (w | h << 14).to_bytes(4, "little") + b"\0" * 8,
        b"VP8 ": b"\0\0\0\x9d\x01\x2a" + width.to_bytes(2, "little") + height.to_bytes(2, "little"),
    }[kind]
    return b"RIFF\0\0\0\0WEBP" + kind + len(data).to_bytes(4, "little") + data
