"""The tests' own machinery: ports that no two tests share, groups, what a quick run leaves out, other environments."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import subprocess
import sys
import tarfile
import threading
import tomllib
from pathlib import Path
from typing import Any

import pytest

import groups
import other_environments
from servers import HOST, ROOT, require, reserved_port

# -- ports ---------------------------------------------------------------------------------------


def test_a_reserved_port_is_free_to_listen_on() -> None:
    with reserved_port() as port:
        socket.create_server((HOST, port)).close()


def test_no_two_tests_get_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("servers.PORTS", range(19_000, 19_300))
    monkeypatch.setattr("random.SystemRandom.sample", lambda self, ports, number: list(ports)[:number])
    with reserved_port() as one, reserved_port() as two, reserved_port() as three:
        assert len({one, two, three}) == 3


def test_a_port_that_another_process_reserved_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import servers\nwith servers.reserved_port() as port:\n    print(port, flush=True)\n    input()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ROOT / "tests", stdin=-1, stdout=-1, text=True) as other:
        assert other.stdin is not None and other.stdout is not None
        taken = int(other.stdout.readline())
        monkeypatch.setattr("random.SystemRandom.sample", lambda self, ports, number: [taken, taken + 1, taken + 2])
        with reserved_port() as port:
            assert port in {taken + 1, taken + 2}
        other.stdin.write("\n")
        other.stdin.close()


def test_a_port_that_someone_listens_on_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((HOST, 0)) as busy, reserved_port() as other:
        taken = busy.getsockname()[1]
        monkeypatch.setattr("random.SystemRandom.sample", lambda self, ports, number: [taken, other + 1, other + 2])
        with reserved_port() as port:
            assert port in {other + 1, other + 2}


# -- groups --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/test_browser.py::test_signing_in", "browser"),
        ("tests/test_servers.py::test_a_page[gunicorn sync-/]", "servers gunicorn sync"),
        ("tests/test_servers.py::test_a_page[waitress]", "servers waitress"),
        ("tests/test_benchmarks.py::test_every_program_gives_the_answers[flask-hello]", "survey flask"),
        ("tests/test_benchmarks.py::test_a_request_enters_no_more_functions[hello]", "survey wsgiapp"),
        ("tests/behaviour/test_json.py::test_dump[wsgiapp]", None),
    ],
)
def test_what_is_started_once_for_several_tests_stays_in_one_process(nodeid: str, group: str | None) -> None:
    assert groups.group(nodeid) == group


STARTED = """
import pytest

@pytest.fixture(scope="module", params=["one", "two"])
def server(request):
    with open("started", "a") as file:
        file.write(f"{request.param} ")

@pytest.mark.parametrize("path", "ab")
def test_pages(server, path): ...

def test_headers(server): ...

def test_cookies(server): ...
"""


def test_what_a_module_starts_is_started_once_in_all_processes_together(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_servers.py").write_text(STARTED)
    options = ["-p", "conftest", "-p", "no:cacheprovider", f"-c{ROOT / 'pyproject.toml'}", f"--rootdir={tmp_path}"]
    command = [sys.executable, "-m", "pytest", *options, "-n2", "--dist=loadgroup", str(tmp_path / "tests")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "8 passed" in ran.stdout, ran.stdout + ran.stderr
    assert sorted((tmp_path / "started").read_text().split()) == ["one", "two"]


@pytest.mark.parametrize(
    ("options", "is_left_out"), [(["--quick"], True), (["--quick", "--database=postgresql"], False)]
)
def test_a_quick_run_leaves_out_the_second_database_unless_it_is_asked_for(
    options: list[str], is_left_out: bool
) -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/shop/test_shop_text.py", *options]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert ("[postgresql" not in shown) is (groups.ON_POSTGRESQL in shown) is is_left_out


def test_the_modules_that_are_kept_together_are_there() -> None:
    assert [name for name in groups.TOGETHER if not (ROOT / name).is_file()] == []


def test_the_tests_of_one_function_go_to_one_process() -> None:
    assert groups.scope("tests/a.py::test_b[x-[1]]") == groups.scope("tests/a.py::test_b[y]") == "tests/a.py::test_b"


def test_long_groups_come_first_and_conformance_comes_last() -> None:
    names = ["tests/conformance/test_a.py::b", "tests/behaviour/test_a.py::b", "tests/test_wheel.py::b"]
    assert sorted(names, key=groups.place) == names[::-1]


# -- a quick run ---------------------------------------------------------------------------------

TWO_TESTS = """
import pytest

def test_plain(): ...

@pytest.mark.xdist_group("cost")
def test_costly(): assert False

@pytest.mark.parametrize("framework", ["flask", "wsgiapp"])
def test_both(framework): assert framework == "wsgiapp"
"""


@pytest.mark.parametrize("processes", ["0", "2"])
def test_a_quick_run_leaves_out_what_is_slow_and_says_what_that_is(tmp_path: Path, processes: str) -> None:
    (tmp_path / "tests" / "typed").mkdir(parents=True)
    (tmp_path / "tests" / "test_two.py").write_text(TWO_TESTS)
    (tmp_path / "tests" / "typed" / "test_types.py").write_text("raise AssertionError('collected')")
    (tmp_path / "tests" / "test_site.py").write_text("raise AssertionError('collected')")
    command = [sys.executable, "-m", "pytest", "-p", "conftest", f"-c{ROOT / 'pyproject.toml'}"]
    options = [
        "-p",
        "no:cacheprovider",
        "--quick",
        "-n",
        processes,
        "--dist=loadgroup",
        f"--rootdir={tmp_path}",
        str(tmp_path),
    ]
    shown = subprocess.run([*command, *options], cwd=ROOT / "tests", capture_output=True, text=True, check=False).stdout
    assert "2 passed" in shown, shown
    assert "left out by --quick" in shown
    assert f"    1 test: {groups.COST}\n    1 test: {groups.FLASK_ALONE}\n" in shown
    assert "      mypy and pyright on programs written for Flask: typed/\n" in shown
    assert "      the static site: test_site.py\n" in shown


def test_every_reason_of_a_quick_run_still_leaves_something_out() -> None:
    tests = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/**/test_*.py")]
    for pattern, why in groups.FILES_LEFT_OUT.items():
        assert any(re.search(pattern, name) for name in tests), why
    written = "".join((ROOT / name).read_text(encoding="utf-8") for name in tests)
    assert [name for name in groups.SLOW if f"\ndef {name}(" not in written] == []


# -- other environments --------------------------------------------------------------------------


def test_the_oldest_dependencies_are_the_lower_bounds() -> None:
    assert other_environments.oldest(["Werkzeug>=3.1.9", "click>=8.1,<9"]) == ["Werkzeug==3.1.9", "click==8.1"]


def test_a_dependency_without_a_lower_bound_is_an_error_that_says_what_to_write() -> None:
    with pytest.raises(ValueError, match="'click' in pyproject.toml has no lower bound: write name>=version"):
        other_environments.oldest(["click"])


def test_the_oldest_set_holds_every_dependency_and_what_async_views_need() -> None:
    names = {pinned.partition("==")[0] for pinned in other_environments.oldest(other_environments.dependencies())}
    assert {"Werkzeug", "Jinja2", "itsdangerous", "blinker", "click", "MarkupSafe", "asgiref"} <= names


def test_the_tools_of_the_other_environments_are_those_of_the_dev_group() -> None:
    group = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["dev"]
    assert [tool for tool in [*other_environments.TOOLS, other_environments.FLASK] if tool not in group] == []


@pytest.mark.parametrize(
    ("found", "used", "newest"),
    [
        ([((3, 12, 1), "a"), ((3, 13, 0), "b"), ((3, 11, 7), "c")], (3, 11, 7), "b"),
        ([((3, 12, 1), "a"), ((3, 13, 0), "b")], (3, 13, 0), "a"),
        ([((3, 11, 2), "a"), ((3, 10, 13), "b")], (3, 11, 7), None),
        ([], (3, 11, 7), None),
    ],
)
def test_the_newest_other_python_is_chosen(found: Any, used: Any, newest: str | None) -> None:
    chosen = other_environments.newest_other(found, used)
    assert (chosen and chosen[1]) == newest


def test_where_there_is_one_python_alone_it_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(other_environments, "candidates", lambda: [sys.executable])
    assert other_environments.main("newest", []) == 0
    assert "there is no other Python than" in capsys.readouterr().out


def test_what_is_no_python_is_passed_over(tmp_path: Path) -> None:
    assert other_environments.version_of(str(tmp_path / "missing")) is None
    assert other_environments.version_of(sys.executable) == sys.version_info[:3]


# -- the cache of conformance --------------------------------------------------------------------


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.syspath_prepend(ROOT / "tests" / "conformance")
    import sandbox

    monkeypatch.setattr(sandbox, "CACHE", tmp_path / "cache")
    return sandbox


def test_one_process_at_a_time_works_on_the_cache(sandbox: Any) -> None:
    ended: list[str] = []

    def wait() -> None:
        with sandbox.alone():
            ended.append("second")

    with sandbox.alone():
        second = threading.Thread(target=wait)
        second.start()
        second.join(0.2)
        ended.append("first")
    second.join(10)
    assert ended == ["first", "second"]


def test_an_environment_is_made_once_and_the_wheel_installed_when_the_checkout_changed(
    sandbox: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    digests: list[str] = []
    monkeypatch.setattr(sandbox, "pip", lambda python, *arguments: asked.append(arguments[0]))
    monkeypatch.setattr(sandbox, "build_wheel", lambda folder: tmp_path / "a.whl")
    monkeypatch.setattr(sandbox, "checkout_digest", lambda: digests[-1])
    for digest, expected in (("one", ["install", "uninstall", "install"]), ("one", []), ("two", ["install"])):
        asked.clear()
        digests.append(digest)
        environment = sandbox.make_environment("some", ["extension"], alias=True)
        assert asked == expected
    assert (environment.scripts / "flask").exists()
    assert "installing the 1 packages" in capsys.readouterr().out


@pytest.fixture
def pool(sandbox: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The archive of some-1.0 in a pool that apt finds; another site has none, and stands before it."""
    require("apt-get")
    archive = tmp_path / "site" / "pool" / "main" / "some_1.0.orig.tar.xz"
    archive.parent.mkdir(parents=True)
    (tmp_path / "some-1.0").mkdir()
    (tmp_path / "some-1.0" / "test_it.py").write_text("")
    with tarfile.open(archive, "w:xz") as tar:
        tar.add(tmp_path / "some-1.0", "some-1.0")
    monkeypatch.setattr(sandbox, "apt_sites", lambda: [f"copy:{tmp_path}/empty", f"copy:{tmp_path}/site"])
    return archive


def test_an_archive_from_a_pool_is_fetched_once_and_unpacked(
    sandbox: Any, pool: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sandbox.fetch_from_pool("some==1.0", pool.name, hashlib.sha256(pool.read_bytes()).hexdigest())
    monkeypatch.setattr(sandbox, "APT_HELPER", tmp_path / "missing")
    sandbox.fetch_from_pool("some==1.0", pool.name, "")
    home = sandbox.unpack("some==1.0", tmp_path / "unpacked")
    assert home == tmp_path / "unpacked" / "some-1.0"
    assert (home / "test_it.py").exists()


def test_an_archive_with_another_checksum_is_not_kept(sandbox: Any, pool: Path) -> None:
    with pytest.raises(sandbox.NoPoolError, match=r"some==1\.0.*Hash Sum mismatch"):
        sandbox.fetch_from_pool("some==1.0", pool.name, "0" * 64)
    with pytest.raises(FileNotFoundError, match="some==1.0 was not fetched"):
        sandbox.unpack("some==1.0", pool.parent)


def test_a_machine_without_apt_says_so(sandbox: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sandbox, "APT_HELPER", tmp_path / "missing")
    with pytest.raises(sandbox.NoPoolError, match="needs the apt of a Debian or Ubuntu"):
        sandbox.fetch_from_pool("some==1.0", "some_1.0.orig.tar.xz", "0" * 64)


def test_the_sites_of_apt_are_read_from_what_it_would_fetch(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said = (
        "'http://one.example/debian/dists/stable/InRelease' one.example_debian_dists_stable_InRelease 0 \n"
        "'http://one.example/debian/dists/stable/main/binary-all/Packages.xz' one.example_and_so_on 0 \n"
        "'https://two.example/dists/stable/InRelease' two.example_dists_stable_InRelease 0 \n"
        "'https://flat.example/./InRelease' flat.example_._InRelease 0 \n"
    )
    done = subprocess.CompletedProcess([], 0, said, "")
    monkeypatch.setattr(sandbox.subprocess, "run", lambda *arguments, **options: done)
    assert sandbox.apt_sites() == ["http://one.example/debian", "https://two.example"]


def test_the_digest_of_the_checkout_follows_what_goes_into_the_wheel(
    sandbox: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sandbox, "ROOT", tmp_path)
    packed = ("wsgiapp/a.py", "templates/b.html", "pyproject.toml", "README.md", "LICENSE")
    for name in ("wsgiapp/__pycache__/a.pyc", *packed):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    before = sandbox.checkout_digest()
    (tmp_path / "wsgiapp" / "__pycache__" / "a.pyc").write_text("2")
    assert sandbox.checkout_digest() == before
    (tmp_path / "wsgiapp" / "a.py").write_text("2")
    assert sandbox.checkout_digest() != before


# -- what Python 3.13 says of tests --------------------------------------------------------------


def test_no_test_leaves_a_database_in_memory_open() -> None:
    """A pool keeps its connection until it is disposed of; from Python 3.13 on its end is a ResourceWarning."""
    kept = 'create_engine("sqlite://"' + ")"
    found = [path.name for path in ROOT.glob("tests/**/*.py") if kept in path.read_text(encoding="utf-8")]
    assert found == [], f"{found}: write poolclass=sqlalchemy.NullPool, which closes a connection that is given back"
