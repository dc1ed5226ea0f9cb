"""The behaviour tests on each Python that the package names: `nox`, or `nox --session behaviour-3.13` for one.

A Python that is not on this machine is named and skipped; with CI set it is an error.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tests"))

import other_environments  # noqa: E402 - after the path is set

PREFIX = "Programming Language :: Python :: "
CLASSIFIERS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
PYTHONS = [name.removeprefix(PREFIX) for name in CLASSIFIERS if name.startswith(f"{PREFIX}3.")]


@nox.session(python=PYTHONS)
def behaviour(session: nox.Session) -> None:
    """Install wsgiapp with what the behaviour tests use, and run them; further arguments go to pytest."""
    session.install(f".[{','.join(other_environments.EXTRAS)}]", *other_environments.TOOLS, other_environments.FLASK)
    session.run("python", "-m", "pytest", "tests/behaviour", *other_environments.LEFT_OUT, *session.posargs)
