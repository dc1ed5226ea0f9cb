"""A folder of small files that processes of one user share, and nobody else can read or bend.

The folder and each file in it must belong to this user and be closed to others; none may be a symbolic link. What is
written appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_ENDING = ".json"
_MAX_TOKEN = 256


class SharingError(Exception):
    """The folder cannot be used; the text says why."""


class Folder:
    """A folder, opened anew for each use.

    :param path: where it is.
    :param limit: how many files are kept; :attr:`max_bytes`: how many bytes they take together.
    """

    def __init__(self, path: Path, limit: int, max_bytes: int) -> None:
        self.path = path
        self.limit = limit
        self.max_bytes = max_bytes

    def make(self) -> None:
        """Make it, closed to others, where it is not there.

        :raises SharingError: when that is not possible.
        """
        if not {os.open, os.stat, os.unlink, os.rename, os.link} <= os.supports_dir_fd or not _NOFOLLOW:
            raise SharingError("this system has no files that can be opened safely within a folder")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise SharingError(f"{self.path} cannot be made: {error.strerror}") from error
        with self._open():
            pass

    @contextlib.contextmanager
    def _open(self) -> Iterator[int]:
        try:
            folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | _NOFOLLOW)
        except OSError as error:
            raise SharingError(f"{self.path} is no folder that can be opened: {error.strerror}") from error
        try:
            _check(os.fstat(folder), f"{self.path}")
            yield folder
        finally:
            os.close(folder)

    def agree(self, name: str, own: str) -> str:
        """The text in the file of that name; where there is none, *own* is written, for all who come later.

        :raises SharingError: when the folder or the file cannot be used.
        """
        with self._open() as folder:
            try:
                _create(folder, f".{name}-{os.getpid()}", own.encode())
                with contextlib.suppress(FileExistsError):  # another process was first
                    os.link(f".{name}-{os.getpid()}", name, src_dir_fd=folder, dst_dir_fd=folder)
                found = _read(folder, name, _MAX_TOKEN).decode()
            except (OSError, UnicodeDecodeError) as error:
                raise SharingError(f"{self.path / name} cannot be used: {error}") from error
            finally:
                with contextlib.suppress(OSError):
                    os.unlink(f".{name}-{os.getpid()}", dir_fd=folder)
        if len(found) < 16 or not found.replace("-", "").replace("_", "").isalnum():
            raise SharingError(f"{self.path / name} has no token in it: delete it")
        return found

    def put(self, name: str, content: bytes, mark: str) -> None:
        """Write a file, and let go of the oldest ones that there is no room for.

        :param mark: what no other writer has in the name of its unfinished file.
        """
        with self._open() as folder:
            _create(folder, f".{mark}", content)
            os.replace(f".{mark}", name, src_dir_fd=folder, dst_dir_fd=folder)
            self._let_go(folder)

    def _let_go(self, folder: int) -> None:
        taken = 0
        for number, (_, size, name) in enumerate(_listed(folder)):
            taken += size
            if number >= self.limit or (taken > self.max_bytes and number):
                with contextlib.suppress(FileNotFoundError):  # another process has let it go
                    os.unlink(name, dir_fd=folder)

    def names(self) -> list[str]:
        """The names of the files, the newest first."""
        with self._open() as folder:
            return [name for _, _, name in _listed(folder)]

    def get(self, name: str, most: int) -> bytes | None:
        """What is in a file; None where there is none that may be read.

        :param most: bytes that it may have.
        """
        with self._open() as folder:
            try:
                return _read(folder, name, most)
            except (OSError, SharingError):
                return None

    def clear(self) -> None:
        """Delete the files."""
        with self._open() as folder:
            for _, _, name in _listed(folder):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=folder)


def _check(found: os.stat_result, what: str) -> None:
    if found.st_uid != os.geteuid():
        raise SharingError(f"{what} belongs to another user")
    if found.st_mode & 0o077:
        raise SharingError(f"{what} is open to other users: chmod go-rwx {what}")


def _create(folder: int, name: str, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW
    with open(os.open(name, flags, 0o600, dir_fd=folder), "wb") as file:  # noqa: PTH123 - a descriptor has no path
        file.write(content)


def _read(folder: int, name: str, most: int) -> bytes:
    place = os.open(name, os.O_RDONLY | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0), dir_fd=folder)
    with open(place, "rb") as file:  # noqa: PTH123 - a descriptor has no path
        found = os.fstat(place)
        _check(found, name)
        if not stat.S_ISREG(found.st_mode) or found.st_size > most:
            raise SharingError(f"{name} is no plain file of at most {most:,} bytes")
        return file.read(most)


def _listed(folder: int) -> list[tuple[int, int, str]]:
    """When each file was written, its size and its name, the newest first."""
    found = []
    for name in os.listdir(folder):
        if name.endswith(_ENDING) and not name.startswith("."):
            with contextlib.suppress(FileNotFoundError):
                entry = os.stat(name, dir_fd=folder, follow_symlinks=False)
                found.append((entry.st_mtime_ns, entry.st_size, name))
    return sorted(found, reverse=True)
