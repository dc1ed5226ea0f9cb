"""Where foreign suites run: environments with or without Flask, source distributions, pytest in a child process.

Here lives what touches pip, apt, venv and processes. Which suites there are and what is expected of them stands in
`suites`. Everything fetched is kept in the cache folder, which hides itself from git; nothing of it is committed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = Path(os.environ.get("CONFORMANCE_CACHE", ROOT / ".cache" / "conformance"))
CONSTRAINTS = HERE / "constraints.txt"
FLASK = "flask==3.1.3"
ALIAS = "wsgiapp.as_flask"
APT_HELPER = Path("/usr/lib/apt/apt-helper")  # apt's program for one file, where Debian and Ubuntu have it
APT_OPTIONS = ("-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=20")
APT_SECONDS = 90
# What test_agents.py runs in an environment with Flask, and in one with wsgiapp alone.
AGENTS = [
    FLASK, "opentelemetry-distro==0.66b1", "opentelemetry-instrumentation-flask==0.66b1",
    "opentelemetry-instrumentation-wsgi==0.66b1", "newrelic==14.1.0",
]  # fmt: skip
SUITE_SECONDS = 300
LOCK_SECONDS = 900

# What pip says when it cannot reach an index, as opposed to when an index has not what was asked for.
_OFFLINE = re.compile(
    r"ConnectionError|NewConnectionError|NameResolutionError|Temporary failure|timed out|Network is unreachable"
    r"|Max retries|Retrying \("
)
# A suite must not see how the run around it was started.
_NOT_HANDED_ON = ("PYTEST", "PYTHON", "COV", "FLASK", "WERKZEUG", "VIRTUAL_ENV", "REQUESTS_CA", "CURL_CA")
_FLASK_COMMAND = """#!{python}
from wsgiapp import as_flask
as_flask.inherit()
from flask.cli import main
main()
"""


class PipError(Exception):
    """pip could not do what it was asked for; the text is what it said."""


class NoNetworkError(PipError):
    """pip reached no package index."""


class NoPoolError(Exception):
    """The machine has no apt, or apt could not get the file; the text says what is needed, or what apt said."""


def pip(python: Path | str, *arguments: str) -> None:
    """Run pip on the environment of *python*, which needs no pip of its own.

    :raises NoNetworkError: when no index can be reached.
    :raises PipError: when it fails for any other reason.
    """
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--retries", "2", "--python", str(python)]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        said = f"pip {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        raise NoNetworkError(said) if _OFFLINE.search(said) else PipError(said)


def cache(*names: str) -> Path:
    """A folder in the cache, made where it is missing."""
    folder = CACHE.joinpath(*names)
    folder.mkdir(parents=True, exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n", encoding="utf-8")
    return folder


# -- environments --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Environment:
    """A virtual environment; with *alias* it holds wsgiapp and no Flask, otherwise Flask and no wsgiapp."""

    folder: Path
    alias: bool

    @property
    def scripts(self) -> Path:
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        return self.scripts / ("python.exe" if os.name == "nt" else "python")

    def variables(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment variables of a process that runs in here."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_HANDED_ON)}
        path = os.pathsep.join([str(self.scripts), kept.get("PATH", "")])
        return {**kept, "PATH": path, **(more or {})}

    def run(
        self, arguments: Sequence[str], folder: Path, more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the environment's Python in *folder*; a run that does not end in time is stopped and raises."""
        command = [str(self.python), *arguments]
        variables = self.variables(more)
        return subprocess.run(
            command, cwd=folder, env=variables, capture_output=True, text=True, timeout=SUITE_SECONDS, check=False
        )


class Workshop(Protocol):
    """Makes an environment with the source distributions of some requirements in the cache."""

    def __call__(self, name: str, requirements: Iterable[str], sources: Iterable[str], alias: bool) -> Environment: ...


def say(what: str) -> None:
    """Tell what is done now, which may take long."""
    print(f"conformance: {what}", flush=True)


@contextmanager
def alone() -> Iterator[None]:
    """One process at a time works on the cache; the others wait. A process that dies lets go by itself."""
    with closing(sqlite3.connect(cache() / "lock.db", timeout=LOCK_SECONDS, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield


def make_environment(name: str, requirements: Iterable[str], alias: bool) -> Environment:
    """The environment *name* with *requirements*: from the cache, or made now.

    :param alias: with wsgiapp as this checkout has it in the place of Flask, which extensions require and which is
        taken out again.
    """
    wanted = sorted(requirements)
    mark = json.dumps([wanted, CONSTRAINTS.read_text(encoding="utf-8"), sys.version, str(ROOT), alias])
    digest = hashlib.sha256(mark.encode()).hexdigest()[:12]
    kind = "alias" if alias else "flask"
    environment = Environment(cache("environments") / f"{name}-{kind}-{digest}", alias=alias)
    complete = environment.folder / "complete"
    if not complete.exists():
        say(f"installing the {len(wanted)} packages of '{name}' and what they need (once, usually 1 to 2 minutes)")
        venv.create(environment.folder, clear=True, symlinks=os.name != "nt")
        pip(environment.python, "install", "--no-compile", "--constraint", str(CONSTRAINTS), *wanted)
        if alias:
            pip(environment.python, "uninstall", "--yes", "flask")
        complete.touch()
    if alias:
        install_checkout(environment)
    return environment


def install_checkout(environment: Environment) -> None:
    """Build wsgiapp's wheel from the checkout and install it, unless the environment has just this one."""
    installed, now = environment.folder / "checkout", checkout_digest()
    if installed.exists() and installed.read_text(encoding="utf-8") == now:
        return
    say("building and installing the wheel of this checkout")
    installed.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wheel = build_wheel(Path(folder))
        pip(environment.python, "install", "--no-compile", "--no-deps", "--force-reinstall", str(wheel))
    _write_flask_command(environment)
    installed.write_text(now, encoding="utf-8")


def checkout_digest() -> str:
    """What the wheel is made of: it changes with every change of a file that goes into it."""
    found = hashlib.sha256()
    packed = [path for folder in ("wsgiapp", "templates") for path in (ROOT / folder).rglob("*") if path.is_file()]
    for path in sorted([*packed, ROOT / "pyproject.toml", ROOT / "README.md", ROOT / "LICENSE"]):
        if "__pycache__" not in path.parts:
            found.update(f"{path.relative_to(ROOT).as_posix()}\0{path.stat().st_size}\0".encode())
            found.update(path.read_bytes())
    return found.hexdigest()


def _write_flask_command(environment: Environment) -> None:
    """Stand in for the `flask` script that an installed Flask brings: suites run it as a command."""
    script = environment.scripts / "flask"
    script.write_text(_FLASK_COMMAND.format(python=environment.python), encoding="utf-8")
    script.chmod(0o755)


def build_wheel(folder: Path) -> Path:
    """Build wsgiapp's wheel from the checkout into *folder*, with the hatchling of the running Python."""
    pip(sys.executable, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    (wheel,) = folder.glob("*.whl")
    return wheel


# -- source distributions ------------------------------------------------------------------------


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _archive_of(requirement: str) -> Path | None:
    """The cached source distribution of ``name==version``."""
    wanted = _canonical(requirement.replace("==", "-"))
    for path in cache("sdists").glob("*.tar.*"):
        if _canonical(_top_folder(path)) == wanted:
            return path
    return None


def _top_folder(archive: Path) -> str:
    return archive.name.rpartition(".tar.")[0]


def fetch(requirements: Iterable[str], builder: Environment) -> None:
    """Download the source distributions that the cache lacks, each given as ``name==version``.

    :param builder: an environment that holds their build backends, which pip asks for the metadata.
    """
    missing = [requirement for requirement in requirements if _archive_of(requirement) is None]
    if missing:
        say(f"downloading {len(missing)} source distributions (once, usually under a minute)")
        names = ",".join(requirement.partition("==")[0] for requirement in missing)
        options = ["--no-deps", "--no-build-isolation", "--no-binary", names, "--dest", str(cache("sdists"))]
        pip(builder.python, "download", *options, *missing)


def fetch_from_pool(requirement: str, path: str, sha256: str) -> None:
    """Have apt download a source archive that no package index has, unless it is in the cache.

    :param requirement: what the archive holds, as ``name==version``.
    :param path: the archive in the pool of a Debian or Ubuntu, below the part (``main`` or ``universe``) that has it.
    :param sha256: of the archive; apt keeps no other.
    :raises NoPoolError: without apt, and when no site that apt knows has the archive.
    """
    if _archive_of(requirement) is not None:
        return
    if not APT_HELPER.exists():
        raise NoPoolError(f"needs the apt of a Debian or Ubuntu, to fetch the source of {requirement}")
    say(f"downloading the source of {requirement} (once, a few seconds)")
    said: list[str] = []
    name = f"{requirement.replace('==', '-')}.tar{Path(path).suffix}"
    with tempfile.TemporaryDirectory(dir=cache()) as folder:
        for address in [f"{site}/pool/{part}/{path}" for site in apt_sites() for part in ("main", "universe")]:
            command = [str(APT_HELPER), *APT_OPTIONS, "download-file", address, name, f"SHA256:{sha256}"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=APT_SECONDS, check=False)
            if done.returncode == 0:
                (Path(folder) / name).replace(cache("sdists") / name)  # it appears there whole
                return
            said += [line for line in done.stderr.splitlines() if line.startswith("E: Failed")]
    found = "; ".join(said) or "apt names none"
    raise NoPoolError(f"needs a network, and a site of apt that has the source of {requirement}: {found}")


def apt_sites() -> list[str]:
    """Where the machine's apt looks for packages, whether or not it has fetched their lists."""
    command = ["apt-get", "update", "--print-uris"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=APT_SECONDS, check=False)
    return list(dict.fromkeys(re.findall(r"^'([^']+?)/dists/", done.stdout, re.MULTILINE)))


def unpack(requirement: str, folder: Path) -> Path:
    """Unpack the fetched source distribution of *requirement* into *folder*; returns its top folder."""
    archive = _archive_of(requirement)
    if archive is None:
        raise FileNotFoundError(f"The source distribution of {requirement} was not fetched: call fetch() first.")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / _top_folder(archive)


# -- runs of pytest ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Results:
    """How each test of a suite ended (passed, failed or skipped, by the test's id), and what pytest printed."""

    outcomes: Mapping[str, str]
    output: str = ""

    def counts(self) -> dict[str, int]:
        """The number of tests for each of the three outcomes."""
        counted = Counter(self.outcomes.values())
        return {outcome: counted[outcome] for outcome in ("passed", "failed", "skipped")}

    def named(self, outcome: str) -> list[str]:
        """The ids of the tests that ended so, sorted."""
        return sorted(test for test, ended in self.outcomes.items() if ended == outcome)


def run_pytest(
    environment: Environment, folder: Path, arguments: Sequence[str], variables: Mapping[str, str] | None = None
) -> Results:
    """Run pytest in *folder* and report every test.

    The alias is installed as ``python -m wsgiapp.as_flask -m pytest``, unless *arguments* load it as a plugin.

    :raises RuntimeError: when pytest ends without a report, such as for wrong arguments.
    """
    report = folder.parent / f"{folder.name}.xml"
    program = ["-m", ALIAS] if environment.alias and ALIAS not in arguments else []
    options = ["-q", "--tb=short", "-p", "no:cacheprovider", f"--junitxml={report}"]
    done = environment.run([*program, "-m", "pytest", *options, *arguments], folder, variables)
    output = done.stdout + done.stderr
    if not report.exists():
        raise RuntimeError(f"pytest ended with code {done.returncode} and wrote no report:\n{output}")
    return Results(_outcomes(report), output)


def _outcomes(report: Path) -> dict[str, str]:
    """Read pytest's JUnit report. An error in a fixture counts as failed, an expected failure as skipped."""
    found: dict[str, str] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        test = f"{case.get('classname')}::{case.get('name')}"
        endings = {child.tag for child in case}
        ended = "failed" if endings & {"failure", "error"} else "skipped" if "skipped" in endings else "passed"
        if test in found:  # a module that is collected twice, as a class inherited under the same name
            test = f"{test} ({sum(known.startswith(test) for known in found) + 1})"
        found[test] = ended
    return found
