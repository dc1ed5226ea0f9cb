"""From a bare Python to the running shop, or to every check, in one command.

    python run.py [--host H] [--port P] [--no-reload]    set up .venv, then serve the shop
    python run.py test [pytest arguments]                the same set-up, then lint, types, tests
                                                         (--quick, --cov, --ci; test --help says what they do)
    python run.py bench [--quick]                        the same set-up, then measure it beside other frameworks
                                                         (also --stack, --startup, --xray; --help has them all)
    python run.py xray GET /products/7                   a command of wsgiapp on the shop: xray, explain, cookie, twin,
                                                         shop, routes; nothing has to be activated for it
    python run.py docs [--port P] [--build DIR]          the same set-up, then build the book and the reference as a
                                                         static site and serve it; --build only writes it into DIR

It uses the standard library only, and runs each command as a list without a shell, so that it works in the same way on
Linux, macOS and Windows. Nothing of the framework belongs here. Python 3.6 must still be able to read the whole file,
because only then can the first lines tell its owner what is missing.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this very file is what an older Python runs first
    sys.exit(
        "wsgiapp needs Python 3.11 or newer; this is %d.%d, from %s.\n"  # noqa: UP031 - for older Pythons
        "Install a newer one (https://www.python.org/downloads/) and run this file with it, such as: python3.12 run.py"
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )

import argparse
import functools
import hashlib
import importlib.util
import json
import os
import re
import runpy
import secrets
import signal
import socket
import subprocess
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
EXTRAS = ("shop", "async", "dotenv")
LOGIN = "demo / workbench"
FIRST_PORT = 5000
PORTS_TO_TRY = 100
GROUPS = {"": (), "docs": ("",), "benchmarks": ("",), "dev": ("", "docs", "benchmarks")}  # which others each holds
PROGRESS_SECONDS = 10
COMMANDS = ("xray", "explain", "cookie", "twin", "shop", "routes")
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, and listened on only where the user says so


class SetupError(Exception):
    """The environment cannot be made; the text says what happened and what to do."""


# -- what pyproject.toml asks for ----------------------------------------------------------------


def expand_extras(project: dict[str, Any], extras: Iterable[str]) -> list[str]:
    """The requirements behind *extras* of a ``[project]`` table, with ``name[extra]`` of its own resolved."""
    own = re.compile(re.escape(project["name"]) + r"\[([\w,-]+)\]$")
    found: list[str] = []
    for extra in extras:
        for requirement in project["optional-dependencies"][extra]:
            nested = own.match(requirement)
            found += expand_extras(project, nested[1].split(",")) if nested else [requirement]
    return found


def expand_group(groups: dict[str, Any], name: str) -> list[str]:
    """The requirements of a dependency group, ``include-group`` resolved (PEP 735)."""
    found: list[str] = []
    for entry in groups[name]:
        found += [entry] if isinstance(entry, str) else expand_group(groups, entry["include-group"])
    return found


def wanted_packages(pyproject: dict[str, Any], group: str) -> list[str]:
    """Every third-party requirement of the set-up: the project's, its extras', and those of *group*, if any."""
    project = pyproject["project"]
    grouped = expand_group(pyproject["dependency-groups"], group) if group else []
    return [*project["dependencies"], *expand_extras(project, EXTRAS), *grouped]


# -- the virtual environment ---------------------------------------------------------------------


def venv_python(venv: Path, windows: bool = os.name == "nt") -> Path:
    """Where a virtual environment keeps its interpreter."""
    return venv / "Scripts" / "python.exe" if windows else venv / "bin" / "python"


def succeeds(command: list[str]) -> bool:
    """True when *command* ends with exit code 0. Its output is not shown."""
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def call_with_progress(command: list[str]) -> int:
    """Run *command* and return its exit code. Every ten seconds print the last line of its output.

    If it fails, all of its output is printed.
    """
    start = time.monotonic()
    with tempfile.TemporaryFile() as output:  # noqa: SIM117  # an older Python could not read the two in parentheses
        with subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT) as process:
            code = None
            while code is None:
                try:
                    code = process.wait(PROGRESS_SECONDS)
                except subprocess.TimeoutExpired:
                    print(f"      {time.monotonic() - start:3.0f} s: {last_line(read_all(output))}", flush=True)
            if code:
                print(read_all(output), flush=True)
    return code


def read_all(output: Any) -> str:
    """Return what a program has written into the file *output* until now."""
    size = os.fstat(output.fileno()).st_size
    if hasattr(os, "pread"):  # the program writes at the place where the file is: it must not be moved
        return os.pread(output.fileno(), size, 0).decode(errors="replace")
    place = output.tell()
    output.seek(0)
    text: str = output.read().decode(errors="replace")
    output.seek(place)
    return text


def last_line(text: str) -> str:
    """The last line that is not empty, cut to the width of a terminal."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:90] if lines else "..."


def make_venv(venv: Path, python: Path) -> None:
    """Create *venv* unless its interpreter is there.

    :raises SetupError: when this Python cannot make environments, or something else stands in the way.
    """
    if python.exists():
        return
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise SetupError(
                f"this Python ({sys.executable}) comes without its '{module}' module.\n"
                "Debian and Ubuntu keep it in a package of its own: apt install python3-venv. Then run this again."
            )
    if venv.exists() and not (venv / "pyvenv.cfg").exists():
        raise SetupError(f"{venv} exists and is no virtual environment. Move it away, then run this again.")
    print(f"[1/2] Making {venv} (usually 5 to 15 s) ...", flush=True)
    if subprocess.call([sys.executable, "-m", "venv", "--clear", str(venv)]):
        raise SetupError(f"'python -m venv {venv}' failed; its own message stands above.")


def make_pip(python: Path) -> None:
    """Put pip into an environment that lacks it (made by another tool, or cut short while it was made)."""
    if not succeeds([str(python), "-m", "pip", "--version"]):
        subprocess.call([str(python), "-m", "ensurepip", "--upgrade"])


def fingerprint(pyproject: bytes) -> str:
    """Return a hash of what a set-up depends on: pyproject.toml, the version of Python, and the folder."""
    return hashlib.sha256(b"\0".join([pyproject, sys.version.encode(), str(ROOT).encode()])).hexdigest()


def read_stamp(stamp: Path) -> dict[str, Any]:
    """Return the record of the last finished set-up; empty when there is none or the file is damaged."""
    try:
        content = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def is_current(stamp: dict[str, Any], mark: str, group: str) -> bool:
    """True when the last set-up was for the same pyproject.toml and held at least what is wanted now."""
    enough = [name for name, others in GROUPS.items() if group in (name, *others)]
    return stamp.get("fingerprint") == mark and stamp.get("group") in enough


def install_command(python: Path, packages: list[str], root: Path = ROOT) -> list[str]:
    """The pip command that installs the project editable, with its extras and *packages*."""
    project = f"{root}[{','.join(EXTRAS)}]"
    return [str(python), "-m", "pip", "install", "--progress-bar=off", "--editable", project, *packages]


def is_complete(python: Path, packages: list[str]) -> bool:
    """True when *packages* and the project are installed already; asks no network."""
    known = [str(python), "-c", "import importlib.metadata as m; m.version('wsgiapp')"]
    present = [str(python), "-m", "pip", "install", "--quiet", "--no-index", "--dry-run", *packages]
    return succeeds(known) and succeeds(present)


def set_up(group: str = "") -> Path:
    """Make and fill ``.venv`` if needed, and return its interpreter. It is quick when nothing has changed.

    *group* is one of `GROUPS`: the packages besides the project and its extras.

    :raises SetupError: when the environment can be neither made nor filled.
    """
    python, stamp = venv_python(VENV), VENV / "wsgiapp-setup.json"
    source = (ROOT / "pyproject.toml").read_bytes()
    mark = fingerprint(source)
    if python.exists() and is_current(read_stamp(stamp), mark, group):
        return python
    make_venv(VENV, python)
    make_pip(python)
    packages = wanted_packages(tomllib.loads(source.decode()), group)
    count = f"the project and {len(packages)} packages with what they need"
    print(f"[2/2] Installing {count} into .venv (the first time usually 1 to 2 minutes) ...", flush=True)
    if call_with_progress(install_command(python, packages)) == 0:
        stamp.write_text(json.dumps({"fingerprint": mark, "group": group}), encoding="utf-8")
    elif is_complete(python, packages):
        print("pip could not install (is there a network?), but all that is needed is in .venv already: going on.")
    else:
        raise SetupError("pip could not install all that pyproject.toml asks for (is there a network?); see above.")
    return python


# -- serve ---------------------------------------------------------------------------------------


@functools.cache
def ports() -> dict[str, Any]:
    """Return the functions that explain ports: by their file, since the package may not be installed yet."""
    return runpy.run_path(str(ROOT / "wsgiapp" / "ports.py"))


def is_free(host: str, port: int) -> bool:
    """True when a server could listen on *port* of *host* now."""
    return not ports()["refusal"](host, port)


def choose_port(host: str, asked: int | None) -> int:
    """The port *asked* for, or else the first free one from 5000 on.

    :raises SetupError: when it, or every port in reach, is taken.
    """
    candidates = range(FIRST_PORT, FIRST_PORT + PORTS_TO_TRY) if asked is None else [asked]
    for port in candidates:
        if is_free(host, port):
            return port
    first = candidates[0]
    if ports()["is_taken"](host, first):
        other = ports()["free_port"](host, candidates[-1])
        raise SetupError(f"cannot listen: {ports()['message'](host, first)}\n{ports()['with_another_port'](other)}")
    raise SetupError(
        f"cannot listen on {host}:{first}: not an address of this machine, or a port of its administrator's alone.\n"
        "Choose another: python run.py --host HOST --port PORT"
    )


def serve_command(python: Path, host: str, port: int, reload: bool) -> list[str]:
    """The command that serves the shop on Werkzeug's server, as ``wsgiapp run`` does, with the X-ray on."""
    switch = "--reload" if reload else "--no-reload"
    return [str(python), "-m", "wsgiapp", "--app", "wsgiapp.shop:app",
            "run", "--host", host, "--port", str(port), switch, "--debug", "--no-debugger"]  # fmt: skip


def run_until_stopped(command: list[str]) -> int:
    """Run *command* until it ends, Ctrl-C or SIGTERM; returns its exit code, 0 when stopped on purpose."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:  # a terminal sends Ctrl-C to the server as well, a SIGTERM comes here alone
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
            print("\nStopped.")
            return 0


def own_address(host: str) -> str | None:
    """Return the address by which others can reach this machine, if it can be found; nothing is sent for this."""
    family, elsewhere = (socket.AF_INET6, "2001:db8::1") if ":" in host else (socket.AF_INET, "192.0.2.1")
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            found: str = probe.getsockname()[0]
    except OSError:
        return None
    return None if found in EVERYWHERE or found.startswith("127.") or found == "::1" else found


def api_token_place() -> str:
    """Return the path of the token for the shop's API. The token is made if there is none, as the shop would do."""
    if os.environ.get("API_TOKEN"):
        return "API_TOKEN of the environment"
    path = Path(os.environ.get("INSTANCE_PATH") or ROOT / "instance") / "api_token"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
    except FileExistsError:
        pass
    except OSError as error:
        return f"nowhere: {path} cannot be written ({error.strerror})"
    return str(path)


def welcome(host: str, port: int, token: str, api_token: str) -> list[str]:
    """Return the lines that are printed before the shop is served.

    :param api_token: where the token of its API is.
    """
    is_open = host in EVERYWHERE
    here = ("[::1]" if host == "::" else "127.0.0.1") if is_open else f"[{host}]" if ":" in host else host
    lines = [f"  Shop    http://{here}:{port}/"]
    if is_open:
        found = own_address(host)
        shown = f"[{found}]" if found is not None and ":" in found else found
        others = f"http://{shown}:{port}/" if shown else "this machine's address (ip address, ifconfig or ipconfig)"
        lines.append(f"          {others}, from other machines")
    lines += [
        f"  Login   {LOGIN}",
        f"  API     http://{here}:{port}/api/products, token: {api_token}",
        f"  X-ray   http://{here}:{port}/_xray/?token={token}{', on this machine only' if is_open else ''}",
        "  Stop    Ctrl-C",
    ]
    if is_open:
        lines += [
            "",
            "  Every machine that reaches this one can now open the shop, which runs in debug mode on a server made",
            "  for development, and sign in with the login above. docs/deploy.md says how to serve it to visitors.",
        ]
    return lines


def serve(arguments: list[str]) -> int:
    """``python run.py``: set up, say where the shop is, serve it."""
    parser = argparse.ArgumentParser(prog="run.py", description="Serve the shop. Others: run.py test, bench, docs")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, help="port to listen on (default: 5000, or the next free one)")
    parser.add_argument("--no-reload", dest="reload", action="store_false", help="do not restart when code changes")
    options = parser.parse_args(arguments)
    python = set_up()
    port = choose_port(options.host, options.port)
    # Given to the server by the environment, so that the link below outlives its restarts.
    if not os.environ.get("WSGIAPP_XRAY_TOKEN", "").strip():
        os.environ["WSGIAPP_XRAY_TOKEN"] = secrets.token_urlsafe(16)
    os.environ["WSGIAPP_XRAY_TOLD"] = "1"  # here, and not by the server once more
    print(
        "\n" + "\n".join(welcome(options.host, port, os.environ["WSGIAPP_XRAY_TOKEN"], api_token_place())) + "\n",
        flush=True,
    )
    return run_until_stopped(serve_command(python, options.host, port, options.reload))


def shop_command(python: Path, arguments: list[str]) -> list[str]:
    """The command line of ``wsgiapp`` in the environment, on the shop."""
    return [str(python), "-m", "wsgiapp", "--app", "wsgiapp.shop:app", *arguments]


# -- test ----------------------------------------------------------------------------------------


class Check(NamedTuple):
    """One step of ``run.py test``: its name, and the command whose exit code 0 means passed.

    Steps with *in_background* run one after the other while the other steps run. Their output is shown when they end;
    a step with *shows_progress* prints its output at once.
    """

    name: str
    command: list[str]
    in_background: bool = False
    shows_progress: bool = False


def checks(python: Path, arguments: list[str], options: Any) -> list[Check]:
    """Every check; those in the background in the order in which they run, the quick ones first.

    :param arguments: what the user wrote that is not for run.py: pytest's.
    :param options: the switches ``quick``, ``cov`` and ``ci``.
    """
    module = [str(python), "-m"]
    found = [
        Check("ruff", [*module, "ruff", "check", "."], in_background=True),
        Check("format", [*module, "ruff", "format", "--check", "."], in_background=True),
        Check("mypy", [*module, "mypy", "--strict", "wsgiapp", "benchmarks", "run.py"], in_background=True),
    ]
    conformance = not (options.quick or options.cov or arguments)
    if conformance:
        prepare = [str(python), "tests/conformance/prepare.py"]
        found.insert(2, Check("prepare", prepare, in_background=True, shows_progress=True))
    if options.ci:
        others = [str(python), "tests/other_environments.py"]
        found += [
            Check(kind, [*others, kind], in_background=True, shows_progress=True) for kind in ("newest", "oldest")
        ]
    tests = [*module, "coverage", "run"] if options.cov else [str(python)]
    tests += ["-m", "pytest", "--numprocesses=auto", "--dist=loadgroup", "--no-loadscope-reorder"]
    tests += ["--quick"] if options.quick else ["--ignore=tests/conformance"] if options.cov else []
    return [*found, Check("pytest", [*tests, *arguments])]


class Steps:
    """Runs checks, some of them in the background, and keeps how each of them ended."""

    def __init__(self, steps: list[Check]) -> None:
        self.steps = steps
        self.results: dict[str, tuple[int, float]] = {}
        self.process: subprocess.Popen[bytes] | None = None  # of the background step that runs now
        self.stopped = False

    def run(self) -> int:
        """Run all steps, the later ones also when an earlier one failed; returns 0 when every one passed."""
        background = threading.Thread(target=self.run_background, daemon=True)
        background.start()
        try:
            for step in self.steps:
                if not step.in_background:
                    print(f"\n== {step.name}: {' '.join(step.command[1:])}", flush=True)
                    start = time.monotonic()
                    code = subprocess.call(step.command, cwd=ROOT)
                    self.results[step.name] = code, time.monotonic() - start
            waiting = [step.name for step in self.steps if step.name not in self.results]
            if waiting:
                print(f"\n== still running: {', '.join(waiting)}", flush=True)
            while background.is_alive():  # in short waits, so that Ctrl-C is heard on Windows too
                background.join(0.2)
        finally:
            self.stopped = True
            if self.process is not None and self.process.poll() is None:
                self.process.terminate()
        print("\n== result")
        for step in self.steps:
            code, seconds = self.results.get(step.name, (1, 0.0))
            print(f"{step.name:8} {verdict(code)} after {seconds:.1f} s")
        return int(any(self.results.get(step.name, (1, 0.0))[0] for step in self.steps))

    def run_background(self) -> None:
        """Run the background steps, one after the other."""
        for step in self.steps:
            if step.in_background and not self.stopped:
                start = time.monotonic()
                with tempfile.TemporaryFile() as output:
                    where = None if step.shows_progress else output
                    errors = None if step.shows_progress else subprocess.STDOUT
                    self.process = subprocess.Popen(step.command, cwd=ROOT, stdout=where, stderr=errors)
                    code = self.process.wait()
                    said = read_all(output) if code else ""
                self.results[step.name] = code, time.monotonic() - start
                shown = f"\n== {step.name}: {verdict(code)} after {time.monotonic() - start:.1f} s\n{said}"
                print(shown, end="", flush=True)


def verdict(code: int) -> str:
    """Return the result of a check in words, by its exit code."""
    return "passed" if code == 0 else f"FAILED (exit code {code})"


def add_coverage(python: Path) -> list[Check]:
    """Return the steps after the tests with ``--cov``: they combine the figures of all processes, and print them."""
    coverage = [str(python), "-m", "coverage"]
    return [Check("combine", [*coverage, "combine", "--quiet"]), Check("coverage", [*coverage, "report"])]


def run_tests(arguments: list[str]) -> int:
    """``python run.py test``: set up, then every check."""
    parser = argparse.ArgumentParser(
        prog="run.py test",
        description="Lint, types and tests. What is not listed here goes to pytest: run.py test -k session",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--quick", action="store_true", help="a change in a fraction of the time; says what it leaves out"
    )
    parser.add_argument("--cov", action="store_true", help="show the branches of wsgiapp that no test takes")
    parser.add_argument("--ci", action="store_true", help="also the newest Python here, and the oldest dependencies")
    options, others = parser.parse_known_args(arguments)
    # Hundreds of tests start a Python of their own: without compiled files each compiles the whole package again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # What a script starts in its background is deaf to Ctrl-C; tests that stop servers by it would wait in vain.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    python = set_up("dev")
    steps = checks(python, others, options)
    return Steps([*steps, *(add_coverage(python) if options.cov else [])]).run()


# -- bench ---------------------------------------------------------------------------------------


def bench_command(python: Path, arguments: list[str]) -> list[str]:
    """The command that measures; it knows its own arguments, and ``--help`` lists them."""
    return [str(python), "-m", "benchmarks", *arguments]


# -- docs ----------------------------------------------------------------------------------------


def site_command(python: Path, target: Path, scratch: Path) -> list[str]:
    """The command that builds the static site into *target*, by way of *scratch*.

    A warning, such as for a dead link, is a failure.
    """
    options = ["--quiet", "--fail-on-warning", "--keep-going", "--fresh-env", "--builder", "html"]
    folders = ["--conf-dir", str(ROOT / "docs" / "site"), "--doctree-dir", str(scratch)]
    return [str(python), "-m", "sphinx", *options, *folders, str(ROOT / "docs"), str(target)]


def docs(arguments: list[str]) -> int:
    """``python run.py docs``: set up, build the static site, serve it."""
    parser = argparse.ArgumentParser(
        prog="run.py docs", description="The book and the reference as a static site: build it, then serve it."
    )
    parser.add_argument("--build", metavar="DIR", type=Path, help="write the site into DIR, and serve nothing")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, help="port to listen on (default: 5000, or the next free one)")
    options = parser.parse_args(arguments)
    python = set_up("docs")
    target = (options.build or ROOT / "build" / "site").resolve()
    print(f"Building the site in {target} ...", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        code = subprocess.call(site_command(python, target, Path(scratch)), cwd=ROOT)
    if code:
        print("The site was not built: see the warnings above, each with its file and line.", file=sys.stderr)
        return code
    if options.build:
        print(f"Built: open {target / 'index.html'}, or copy the folder to any server of files.")
        return 0
    port = choose_port(options.host, options.port)
    shown = f"[{options.host}]" if ":" in options.host else options.host
    print(f"\n  Site    http://{shown}:{port}/\n  Stop    Ctrl-C\n", flush=True)
    server = ["-m", "http.server", "--bind", options.host, "--directory", str(target), str(port)]
    return run_until_stopped([str(python), *server])


def main(arguments: list[str]) -> int:
    """Run the command line and return the exit code."""
    try:
        if arguments[:1] == ["test"]:
            return run_tests(arguments[1:])
        if arguments[:1] == ["bench"]:
            return run_until_stopped(bench_command(set_up("benchmarks"), arguments[1:]))
        if arguments[:1] == ["docs"]:
            return docs(arguments[1:])
        if arguments and arguments[0] in COMMANDS:
            return subprocess.call(shop_command(set_up(), arguments))
        return serve(arguments)
    except SetupError as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
