"""Files of npm packages that tests use: fetched once, by npm itself, and kept in the cache."""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from pathlib import Path

from servers import ROOT, lack, require

CACHE = ROOT / ".cache"


def kept(package: str, *members: str) -> list[Path]:
    """Where files of a package are kept; without a network, and not yet in the cache, the test ends as in `lack`.

    :param package: its name and version, such as ``axe-core@4.14.1``.
    :param members: the paths of the files within it.
    """
    folder = CACHE / package
    files = [folder / Path(member).name for member in members]
    if not all(file.exists() for file in files):
        folder.mkdir(parents=True, exist_ok=True)
        (CACHE / ".gitignore").write_text("*\n", encoding="utf-8")
        with tempfile.TemporaryDirectory(dir=folder) as fetched:
            _fetch(package, members, Path(fetched))
    return files


def _fetch(package: str, members: tuple[str, ...], folder: Path) -> None:
    """Put the files into the folder above *folder*; each appears there whole."""
    command = [require("npm"), "pack", package, "--silent", f"--pack-destination={folder}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        lack(f"needs a network, to fetch {package}: {done.stderr.strip()[-300:]}")
    (packed,) = folder.glob("*.tgz")
    with tarfile.open(packed) as archive:
        for member in members:
            source = archive.extractfile(f"package/{member}")
            assert source is not None
            file = folder / Path(member).name
            file.write_bytes(source.read())
            file.replace(folder.parent / file.name)
