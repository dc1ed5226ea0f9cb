"""What run.py decides: paths, stamps, ports, commands. It makes no environment here; `.ci/run` does that for real."""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

import run
from servers import HOST, ROOT, reserved_port
from wsgiapp.shop import settings, store

PROJECT: dict[str, Any] = {
    "project": {
        "name": "demo",
        "dependencies": ["base>=1"],
        "optional-dependencies": {
            "shop": ["demo[rest]", "orm"],
            "rest": ["models"],
            "async": ["loop"],
            "dotenv": ["env"],
        },
    },
    "dependency-groups": {"dev": ["checker==2.*", {"include-group": "docs"}], "docs": ["writer"]},
}


@pytest.mark.parametrize(
    ("windows", "expected"), [(True, "venv/Scripts/python.exe"), (False, "venv/bin/python")], ids=["windows", "posix"]
)
def test_the_interpreter_of_an_environment_stands_where_the_platform_puts_it(windows: bool, expected: str) -> None:
    assert run.venv_python(Path("venv"), windows).as_posix() == expected


def test_every_line_can_be_read_by_an_older_python_so_that_it_can_say_what_it_needs() -> None:
    ast.parse((ROOT / "run.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_an_older_python_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    source = (ROOT / "run.py").read_text(encoding="utf-8")
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer; this is 3\.10"):
        exec(compile(source, "run.py", "exec"), {"__name__": "run"})


# -- what is installed ---------------------------------------------------------------------------


def test_own_extras_and_included_groups_become_plain_requirements() -> None:
    assert run.wanted_packages(PROJECT, "") == ["base>=1", "models", "orm", "loop", "env"]
    assert run.wanted_packages(PROJECT, "dev")[-2:] == ["checker==2.*", "writer"]


def test_the_real_project_never_asks_an_index_for_itself() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = run.wanted_packages(pyproject, "dev")
    assert not [requirement for requirement in wanted if requirement.startswith("wsgiapp")]
    assert "flask==3.1.3" in wanted
    assert not [r for r in run.wanted_packages(pyproject, "") if r.lower().startswith("flask")]


EDITABLE = ["--editable", "here[shop,async,dotenv]"]


def test_the_project_is_installed_editable_with_its_extras() -> None:
    command = run.install_command(Path("python"), ["orm>=2"], Path("here"))
    assert command == ["python", "-m", "pip", "install", "--progress-bar=off", *EDITABLE, "orm>=2"]


# -- the stamp -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stamp", "group", "current"),
    [
        ({"fingerprint": "now", "group": ""}, "", True),
        ({"fingerprint": "now", "group": "dev"}, "", True),
        ({"fingerprint": "now", "group": "dev"}, "benchmarks", True),
        ({"fingerprint": "now", "group": "dev"}, "dev", True),
        ({"fingerprint": "now", "group": "dev"}, "docs", True),
        ({"fingerprint": "now", "group": "docs"}, "", True),
        ({"fingerprint": "now", "group": "docs"}, "benchmarks", False),
        ({"fingerprint": "now", "group": "benchmarks"}, "docs", False),
        ({"fingerprint": "now", "group": "benchmarks"}, "dev", False),
        ({"fingerprint": "now", "group": ""}, "benchmarks", False),
        ({"fingerprint": "before", "group": "dev"}, "", False),
        ({}, "", False),
    ],
)
def test_a_set_up_is_repeated_only_when_it_lacks_something(stamp: dict[str, Any], group: str, current: bool) -> None:
    assert run.is_current(stamp, "now", group) is current


def test_each_group_holds_the_others_that_it_is_said_to_hold_and_no_more() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {group: set(run.wanted_packages(pyproject, group)) for group in run.GROUPS}
    for group, others in run.GROUPS.items():
        assert {other for other in run.GROUPS if packages[other] < packages[group]} == set(others)


def test_the_fingerprint_follows_pyproject_and_nothing_else() -> None:
    assert run.fingerprint(b"one") == run.fingerprint(b"one") != run.fingerprint(b"two")


@pytest.mark.parametrize("content", [None, "", "{", "[]", '"text"', "\udcff"], ids=repr)
def test_a_missing_or_damaged_stamp_counts_as_none(tmp_path: Path, content: str | None) -> None:
    stamp = tmp_path / "stamp.json"
    if content is not None:
        stamp.write_bytes(content.encode(errors="surrogateescape"))
    assert run.read_stamp(stamp) == {}


# -- set-up, with pip and venv replaced by a list of what was asked of them ----------------------


class Calls:
    """Stands for ``subprocess.call``: notes each command and answers with the code of the first rule that fits."""

    def __init__(self, *failing: str) -> None:
        self.commands: list[str] = []
        self.failing = failing

    def __call__(self, command: list[str], **options: object) -> int:
        self.commands.append(" ".join(command))
        return int(any(part in self.commands[-1] for part in self.failing))


def place(folder: Path, monkeypatch: pytest.MonkeyPatch, calls: Calls) -> Path:
    """Let run.py work in *folder*, which holds a pyproject.toml and a finished environment."""
    monkeypatch.setattr(run, "ROOT", folder)
    monkeypatch.setattr(run, "VENV", folder / ".venv")
    monkeypatch.setattr(subprocess, "call", calls)
    monkeypatch.setattr(run, "call_with_progress", calls)
    (folder / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    python = run.venv_python(folder / ".venv")
    python.parent.mkdir(parents=True)
    python.touch()
    return python


def test_the_second_set_up_starts_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Calls(), Calls()
    python = place(tmp_path, monkeypatch, first)
    assert run.set_up("dev") == python
    monkeypatch.setattr(subprocess, "call", second)
    monkeypatch.setattr(run, "call_with_progress", second)
    assert run.set_up("dev") == run.set_up("") == python
    assert any("--editable" in command for command in first.commands)
    assert second.commands == []


def test_a_changed_pyproject_is_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls()
    place(tmp_path, monkeypatch, calls)
    run.set_up()
    with (tmp_path / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    run.set_up()
    assert sum("--editable" in command for command in calls.commands) == 2


def test_without_a_network_a_complete_environment_is_used_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    python = place(tmp_path, monkeypatch, Calls("--editable"))
    assert run.set_up("dev") == python
    assert "going on" in capsys.readouterr().out
    assert run.read_stamp(tmp_path / ".venv" / "wsgiapp-setup.json") == {}


def test_without_a_network_an_incomplete_environment_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(tmp_path, monkeypatch, Calls("--editable", "--no-index"))
    with pytest.raises(run.SetupError, match="pip could not install"):
        run.set_up("dev")


def test_an_environment_without_pip_is_given_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls("pip --version")
    place(tmp_path, monkeypatch, calls)
    run.set_up()
    assert any("ensurepip" in command for command in calls.commands)


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told_which_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setattr(run.importlib.util, "find_spec", lambda name: None if name == missing else object())
    with pytest.raises(run.SetupError, match=f"(?s)'{missing}'.*python3-venv"):
        run.make_venv(tmp_path / ".venv", tmp_path / "none")


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(run.SetupError, match="no virtual environment"):
        run.make_venv(tmp_path, tmp_path / "none")
    assert (tmp_path / "precious").exists()


def test_main_explains_a_failed_set_up_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(group: str) -> Path:
        raise run.SetupError("no way")

    monkeypatch.setattr(run, "set_up", fail)
    assert run.main(["test"]) == 1
    assert capsys.readouterr().err == "run.py: no way\n"


# -- serve ---------------------------------------------------------------------------------------


def test_the_next_free_port_is_taken_when_the_usual_one_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((HOST, 0)) as busy:
        port = busy.getsockname()[1]
        monkeypatch.setattr(run, "FIRST_PORT", port)
        assert port < run.choose_port(HOST, None) <= port + run.PORTS_TO_TRY


def test_a_port_asked_for_is_that_port_or_an_error() -> None:
    with socket.create_server((HOST, 0)) as busy, pytest.raises(run.SetupError, match="cannot listen"):
        run.choose_port(HOST, busy.getsockname()[1])
    with reserved_port() as port:
        assert run.choose_port(HOST, port) == port


@pytest.mark.parametrize(("reload", "switch"), [(True, "--reload"), (False, "--no-reload")])
def test_the_shop_is_served_by_the_command_line_of_the_environment(reload: bool, switch: str) -> None:
    command = run.serve_command(Path("python"), HOST, 5001, reload)
    assert command[:5] == ["python", "-m", "wsgiapp", "--app", "wsgiapp.shop:app"]
    assert command[5:] == ["run", "--host", HOST, "--port", "5001", switch, "--debug", "--no-debugger"]


def test_serve_says_where_the_shop_is_and_who_may_log_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(run, "set_up", lambda group="": Path("python"))
    monkeypatch.setattr(run, "run_until_stopped", lambda command: started.append(command) or 0)
    monkeypatch.setenv("WSGIAPP_XRAY_TOKEN", "a-token")
    monkeypatch.setenv("WSGIAPP_XRAY_TOLD", "")
    monkeypatch.setenv("API_TOKEN", "given")
    with reserved_port() as port:
        assert run.main(["--port", str(port), "--no-reload"]) == 0
    assert f"http://127.0.0.1:{port}/" in (shown := capsys.readouterr().out)
    assert run.LOGIN in shown and f"http://127.0.0.1:{port}/api/products, token: API_TOKEN of the" in shown
    assert f"http://127.0.0.1:{port}/_xray/?token=a-token" in shown
    assert started[0][-5:] == ["--port", str(port), "--no-reload", "--debug", "--no-debugger"]


@pytest.mark.parametrize(("host", "here"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]")])
@pytest.mark.parametrize("known", ["192.168.7.8", None])
def test_a_host_that_opens_the_shop_to_others_is_said_with_addresses_that_work(
    monkeypatch: pytest.MonkeyPatch, host: str, here: str, known: str | None
) -> None:
    monkeypatch.setattr(run, "own_address", lambda _: known)
    shown = "\n".join(run.welcome(host, 5000, "a-token", "instance/api_token"))
    assert f"http://{here}:5000/\n" in shown and f"http://{here}:5000/_xray/?token=a-token, on this machine" in shown
    assert "//0.0.0.0" not in shown and "//[::]" not in shown
    assert ("http://192.168.7.8:5000/, from other machines" if known else "ip address, ifconfig or ipconfig") in shown
    assert "Every machine that reaches this one" in shown
    assert "Every machine" not in "\n".join(run.welcome(HOST, 5000, "a-token", "instance/api_token"))


def test_the_address_for_others_is_one_of_this_machine_or_none() -> None:
    found = run.own_address("0.0.0.0")
    if found is None:
        return  # a machine without a network: the line says how to find it
    with socket.create_server((found, 0)) as own:
        assert own.getsockname()[0] == found and not found.startswith("127.")


def test_the_token_of_the_api_is_where_the_line_beside_the_login_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("API_TOKEN", raising=False)
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path / "instance"))
    place = Path(run.api_token_place())
    token = place.read_text("ascii").strip()
    assert run.api_token_place() == str(place) and place.read_text("ascii").strip() == token
    assert settings.stored_secret(str(tmp_path / "instance"), "api_token") == token, "the shop takes the same"
    assert len(token) == 64 and (os.name == "nt" or place.stat().st_mode & 0o077 == 0)
    monkeypatch.setenv("API_TOKEN", "given")
    assert run.api_token_place() == "API_TOKEN of the environment"


@pytest.mark.parametrize("words", [["xray", "GET", "/products/7"], ["cookie", "a.b.c"], ["shop", "user", "list"]])
def test_a_command_of_wsgiapp_runs_in_the_environment_without_activating_it(
    monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(run, "set_up", lambda group="": Path("python"))
    monkeypatch.setattr(run.subprocess, "call", lambda command: called.append(command) or 7)
    assert run.main(words) == 7
    assert called == [["python", "-m", "wsgiapp", "--app", "wsgiapp.shop:app", *words]]


def test_an_empty_token_of_the_environment_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "set_up", lambda group="": Path("python"))
    monkeypatch.setattr(run, "run_until_stopped", lambda command: 0)
    monkeypatch.setenv("API_TOKEN", "given")
    monkeypatch.setenv("WSGIAPP_XRAY_TOLD", "")
    monkeypatch.setenv("WSGIAPP_XRAY_TOKEN", "")
    with reserved_port() as port:
        assert run.main(["--port", str(port)]) == 0
    assert re.search(r"token=[\w-]{20,}\n", capsys.readouterr().out)


def test_each_run_has_a_token_of_its_own_for_the_xray(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "set_up", lambda group="": Path("python"))
    monkeypatch.setattr(run, "run_until_stopped", lambda command: tokens.append(os.environ["WSGIAPP_XRAY_TOKEN"]) or 0)
    monkeypatch.setenv("WSGIAPP_XRAY_TOLD", "")
    monkeypatch.setenv("API_TOKEN", "given")
    tokens: list[str] = []
    for _ in range(2):
        monkeypatch.setenv("WSGIAPP_XRAY_TOKEN", "")  # so that what is set is taken away again
        monkeypatch.delenv("WSGIAPP_XRAY_TOKEN")
        with reserved_port() as port:
            assert run.main(["--port", str(port), "--no-reload"]) == 0
        assert f"?token={tokens[-1]}\n" in capsys.readouterr().out
    assert len({*tokens}) == 2 and all(len(token) >= 20 for token in tokens)


def test_the_login_shown_is_the_one_that_the_shop_is_seeded_with() -> None:
    assert f"{store.DEMO_NAME} / {store.DEMO_PASSWORD}" == run.LOGIN


SERVER = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
SERVE = f"import run; sys.exit(run.run_until_stopped([sys.executable, '-c', {SERVER!r}]))"
INTERRUPT = {
    "hears": "signal.signal(signal.SIGINT, signal.default_int_handler)",
    "ignores": "signal.signal(signal.SIGINT, signal.SIG_IGN)",  # as a job in the background of a script does
}


def started(interrupt: str) -> subprocess.Popen[str]:
    """A run.py that serves, and hears SIGINT or not, whatever the tests around it inherited."""
    code = f"import signal, sys; {INTERRUPT[interrupt]}; {SERVE}"
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def process_id(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that a process can handle at its end")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopping_run_py_stops_the_server_too(how: signal.Signals) -> None:
    with started("hears") as process:
        child = process_id(process)
        process.send_signal(how)
        assert process.stdout is not None
        rest = process.stdout.read()
        assert process.wait(10) == 0
    assert "Stopped." in rest
    assert is_gone(child)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that a process can handle at its end")
def test_a_run_py_in_the_background_is_not_stopped_by_ctrl_c_at_the_terminal_but_by_sigterm() -> None:
    with started("ignores") as process:
        child = process_id(process)
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert is_gone(child)


def is_gone(pid: int) -> bool:
    """True once no process has that id; waits a moment for it."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_the_exit_code_of_a_server_that_ends_by_itself_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda *handler: None)  # the handler would outlive the test
    assert run.run_until_stopped([sys.executable, "-c", "raise SystemExit(3)"]) == 3


# -- test ----------------------------------------------------------------------------------------


def options(**chosen: bool) -> argparse.Namespace:
    return argparse.Namespace(**{"quick": False, "cov": False, "ci": False, **chosen})


def test_the_quick_checks_run_background_the_tests_and_pytest_gets_the_arguments() -> None:
    steps = run.checks(Path("python"), ["-k", "session"], options())
    assert [(step.name, step.in_background) for step in steps] == [
        ("ruff", True), ("format", True), ("mypy", True), ("pytest", False),
    ]  # fmt: skip
    assert steps[-1].command[:3] == ["python", "-m", "pytest"] and steps[-1].command[-2:] == ["-k", "session"]


def test_the_tests_run_on_every_core_in_groups() -> None:
    command = run.checks(Path("python"), [], options())[-1].command
    assert {"--numprocesses=auto", "--dist=loadgroup", "--no-loadscope-reorder"} <= {*command}


@pytest.mark.parametrize(
    ("arguments", "chosen", "prepared"),
    [([], {}, True), (["-k", "x"], {}, False), ([], {"quick": True}, False), ([], {"cov": True}, False)],
)
def test_conformance_is_prepared_beside_the_tests_when_it_runs(
    arguments: list[str], chosen: dict[str, bool], prepared: bool
) -> None:
    names = [step.name for step in run.checks(Path("python"), arguments, options(**chosen))]
    assert ("prepare" in names) is prepared


def test_in_ci_the_newest_python_and_the_oldest_dependencies_are_asked_beside_the_tests() -> None:
    steps = run.checks(Path("python"), [], options(ci=True))
    assert [step.name for step in steps if step.in_background][-2:] == ["newest", "oldest"]


def test_the_processes_of_the_tests_keep_compiled_files_whatever_the_machine_is_set_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(run, "set_up", lambda group: Path("python"))
    monkeypatch.setattr(run.Steps, "run", lambda self: int("PYTHONDONTWRITEBYTECODE" in os.environ))
    assert run.main(["test"]) == 0


@pytest.mark.skipif(os.name == "nt", reason="signals are handed on by POSIX systems")
def test_what_the_tests_start_can_be_stopped_by_ctrl_c_though_the_run_is_in_the_background(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "set_up", lambda group: Path("python"))
    child = "import signal, sys; sys.exit(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
    monkeypatch.setattr(run.Steps, "run", lambda self: subprocess.call([sys.executable, "-c", child]))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert subprocess.call([sys.executable, "-c", child]) == 1
        assert run.main(["test"]) == 0
    finally:
        signal.signal(signal.SIGINT, before)


def test_switches_of_run_py_are_not_handed_to_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[run.Check] = []
    monkeypatch.setattr(run, "set_up", lambda group: Path("python"))
    monkeypatch.setattr(run.Steps, "run", lambda self: ran.extend(self.steps) or 0)
    assert run.main(["test", "--cov", "-k", "session"]) == 0
    assert [step.name for step in ran][-3:] == ["pytest", "combine", "coverage"]
    assert ran[-3].command[1:5] == ["-m", "coverage", "run", "-m"] and ran[-3].command[-2:] == ["-k", "session"]
    assert "--cov" not in ran[-3].command


def ending(name: str, code: int, beside: bool = False, said: str = "") -> run.Check:
    """A check that says something and ends with *code*."""
    return run.Check(name, [sys.executable, "-c", f"print({said!r}); raise SystemExit({code})"], beside)


@pytest.mark.parametrize("beside", [False, True])
def test_a_failed_check_does_not_hide_the_later_ones(beside: bool, capfd: pytest.CaptureFixture[str]) -> None:
    assert run.Steps([ending("a", 2, beside), ending("b", 0, beside)]).run() == 1
    shown = capfd.readouterr().out.partition("== result")[2]
    assert "a        FAILED (exit code 2)" in shown
    assert "b        passed" in shown
    assert run.Steps([ending("b", 0, beside)]).run() == 0


def test_of_a_step_beside_is_shown_what_it_said_when_it_failed(capfd: pytest.CaptureFixture[str]) -> None:
    run.Steps([ending("a", 1, True, "line 7 is wrong"), ending("b", 0, True, "all is well")]).run()
    shown = capfd.readouterr().out
    assert "line 7 is wrong" in shown and "all is well" not in shown


def test_ctrl_c_ends_the_step_beside_too(monkeypatch: pytest.MonkeyPatch) -> None:
    beside = run.Check("slow", [sys.executable, "-c", "import time; time.sleep(60)"], in_background=True)
    steps = run.Steps([beside, ending("fast", 0)])

    def interrupt(command: list[str], **options: object) -> int:
        while steps.process is None:
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "call", interrupt)
    with pytest.raises(KeyboardInterrupt):
        steps.run()
    assert steps.process is not None and steps.process.wait(10) != 0


# -- long steps tell how far they are ------------------------------------------------------------


def test_a_long_step_tells_its_last_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "PROGRESS_SECONDS", 0.3)
    code = "import time; print('Collecting orm', flush=True); time.sleep(1)"
    assert run.call_with_progress([sys.executable, "-c", code]) == 0
    assert re.search(r"^ +[01] s: Collecting orm$", capfd.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("code", [0, 3])
def test_a_step_that_ends_soon_is_silent_unless_it_failed(code: int, capfd: pytest.CaptureFixture[str]) -> None:
    assert run.call_with_progress(ending("", code, said="no such package").command) == code
    assert ("no such package" in capfd.readouterr().out) is bool(code)


def test_the_set_up_says_which_step_of_how_many_and_how_long_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    python = place(tmp_path, monkeypatch, Calls())
    python.unlink()
    shutil.rmtree(tmp_path / ".venv")
    monkeypatch.setattr(run, "make_pip", lambda python: (tmp_path / ".venv").mkdir())
    run.set_up("dev")
    shown = capsys.readouterr().out
    assert re.search(r"\[1/2\] Making .*usually", shown) and re.search(r"\[2/2\] Installing .*usually", shown)


# -- bench ---------------------------------------------------------------------------------------


def test_bench_sets_up_the_peers_and_hands_its_arguments_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, started = [], []
    monkeypatch.setattr(run, "set_up", lambda group: asked.append(group) or Path("python"))
    monkeypatch.setattr(run, "run_until_stopped", lambda command: started.append(command) or 0)
    assert run.main(["bench", "--stack", "--quick"]) == 0
    assert asked == ["benchmarks"]
    assert started == [["python", "-m", "benchmarks", "--stack", "--quick"]]


# -- docs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [0, 1])
def test_docs_builds_and_then_serves_unless_the_build_failed(
    failure: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    built, served = [], []
    monkeypatch.setattr(run, "set_up", lambda group: Path(group))
    monkeypatch.setattr(run.subprocess, "call", lambda command, **options: built.append(command) or failure)
    monkeypatch.setattr(run, "run_until_stopped", lambda command: served.append(command) or 0)
    with reserved_port() as port:
        assert run.main(["docs", "--port", str(port)]) == failure
        assert len(served) == (not failure)
        assert (f"http://127.0.0.1:{port}/" in capsys.readouterr().out) is not bool(failure)
        if served:
            folder = str(ROOT / "build" / "site")
            assert built[0][-1] == folder
            assert served[0] == ["docs", "-m", "http.server", "--bind", HOST, "--directory", folder, str(port)]


def test_docs_with_build_writes_the_folder_and_serves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "set_up", lambda group: Path(group))
    monkeypatch.setattr(run.subprocess, "call", lambda command, **options: 0)
    assert run.main(["docs", "--build", str(tmp_path)]) == 0
    assert f"open {tmp_path / 'index.html'}" in capsys.readouterr().out
