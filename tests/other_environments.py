"""The behaviour tests elsewhere: on the newest other Python of this machine, and on the oldest dependencies.

    python tests/other_environments.py newest [pytest arguments]
    python tests/other_environments.py oldest [pytest arguments]

`python run.py test --ci` has both run beside the other tests. Their environments are kept in `.cache/elsewhere`, and
made anew when pyproject.toml or the Python changes.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "elsewhere"
OLDEST_PYTHON = (3, 11)
EXTRAS = ("async", "dotenv")  # what the behaviour tests use
TOOLS = ["pytest==8.4.*", "pytest-xdist>=3.6,<4", "hypothesis", "greenlet"]
FLASK = "flask==3.1.3"
# Overrides and sizes are asked about hundreds of times each, on the main Python; another one answers no differently.
# Of the generated cases only those are asked whose oracle is the standard library, which is another on another Python.
LEFT_OUT = ["--ignore=tests/behaviour/test_override_audit.py", "--ignore=tests/behaviour/test_sizes.py"]
TESTS = {
    "newest": ["tests/behaviour", "tests/property/test_fast_paths.py", *LEFT_OUT],
    "oldest": ["tests/behaviour", *LEFT_OUT],
}

SETTINGS = {"FAST_PATH_EXAMPLES": "30"}

Version = tuple[int, int, int]


def say(what: str) -> None:
    """Tell what is done now, which may take long."""
    print(f"elsewhere: {what}", flush=True)


# -- Pythons -------------------------------------------------------------------------------------


def candidates() -> list[str]:
    """Programs that may be a Python: ``python3.N`` on the PATH, and those of pyenv."""
    numbered = [found for minor in range(11, 30) if (found := shutil.which(f"python3.{minor}"))]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return [*numbered, *(str(path) for path in sorted(pyenv.glob("versions/3.*/bin/python")))]


def version_of(program: str) -> Version | None:
    """The version of a released Python with which environments can be made; None of anything else."""
    code = "import sys, venv; print(*sys.version_info[:3]) if sys.version_info[3] == 'final' else sys.exit(1)"
    try:
        asked = subprocess.run([program, "-c", code], capture_output=True, text=True, timeout=60, check=True)
        major, minor, micro = map(int, asked.stdout.split())
    except (OSError, ValueError, subprocess.SubprocessError):  # such as pyenv's stand-in for one that is not chosen
        return None
    return major, minor, micro


def newest_other(found: Iterable[tuple[Version, str]], used: tuple[int, ...]) -> tuple[Version, str] | None:
    """The newest of the Pythons *found* that is another than the one *used*; 3.11.2 and 3.11.7 count as the same."""
    others = [each for each in found if each[0][:2] != used[:2] and each[0][:2] >= OLDEST_PYTHON]
    return max(others, default=None)


# -- what is installed ---------------------------------------------------------------------------


def oldest(requirements: Iterable[str]) -> list[str]:
    """The same requirements with the lowest version that each allows.

    :raises ValueError: when one has no lower bound, so that nobody knows from where on it works.
    """
    pinned = []
    for requirement in requirements:
        name, bound, version = requirement.partition(">=")
        if not bound:
            raise ValueError(f"{requirement!r} in pyproject.toml has no lower bound: write name>=version.")
        pinned.append(f"{name}=={version.partition(',')[0]}")
    return pinned


def dependencies() -> list[str]:
    """The project's own, and those of its extras that the behaviour tests use."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], *(each for extra in EXTRAS for each in project["optional-dependencies"][extra])]


def pip(python: Path, *arguments: str) -> None:
    """Install into the environment of *python*, which needs no pip of its own."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"elsewhere: pip could not install {' '.join(arguments)}\n{done.stdout}{done.stderr}")


def environment(kind: str, program: str, requirements: list[str]) -> Path:
    """The interpreter of an environment with *requirements*, Flask and this checkout: kept, or made now."""
    folder = CACHE / kind
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    parts = [(ROOT / "pyproject.toml").read_text(encoding="utf-8"), program, str(ROOT), *requirements]
    mark, stamp = hashlib.sha256("\0".join(parts).encode()).hexdigest(), folder / "complete"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != mark:
        say(f"{kind}: making {folder.relative_to(ROOT)} (once, usually under a minute)")
        subprocess.run([program, "-m", "venv", "--clear", "--without-pip", str(folder)], check=True)
        pip(python, "hatchling", "editables", *requirements, *TOOLS)
        pip(python, "--no-deps", FLASK)  # it asks for a newer click than we do
        pip(python, "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
        stamp.write_text(mark, encoding="utf-8")
    return python


# -- the two runs --------------------------------------------------------------------------------


def chosen(kind: str) -> tuple[str, list[str]] | None:
    """The Python and the requirements of a run, which it tells; None when there is nothing to run."""
    if kind == "oldest":
        pinned = oldest(dependencies())
        say(f"oldest: behaviour, without audit and sizes, on {', '.join(pinned)}")
        return sys.executable, pinned
    found = [(version, program) for program in candidates() if (version := version_of(program))]
    newest = newest_other(found, sys.version_info)
    here = ".".join(map(str, sys.version_info[:2]))
    if newest is None:
        say(f"newest: there is no other Python than {here} on this machine (3.11 or newer), so nothing runs here")
        return None
    version, program = newest
    number = ".".join(map(str, version))
    say(f"newest: behaviour and fast paths, without audit and sizes, on Python {number} ({here} runs all tests)")
    return program, dependencies()


def main(kind: str, arguments: list[str]) -> int:
    """Run the tests of *kind* and return pytest's exit code."""
    choice = chosen(kind)
    if choice is None:
        return 0
    python = environment(kind, *choice)
    options = ["-q", "-p", "no:cacheprovider", "--no-header"]
    command = [str(python), "-m", "pytest", *options, *TESTS[kind], *arguments]
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done: Any = subprocess.run(command, cwd=ROOT, env={**os.environ, **SETTINGS}, check=False, **output)
    last = re.sub(r"^=+ | =+$", "", (done.stdout.strip().splitlines() or ["no output"])[-1])
    print(done.stdout if done.returncode else f"elsewhere: {kind}: {last}", flush=True)
    return done.returncode


if __name__ == "__main__":
    if sys.argv[1:2] not in (["newest"], ["oldest"]):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
