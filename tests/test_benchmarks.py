"""The benchmarks measure what they say: equal answers everywhere, a harness that runs, a page not typed by hand.

No time is asserted anywhere: on a shared machine it would fail by chance. Calls are, since they are always the same.
"""

from __future__ import annotations

import copy
import io
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as bench
from benchmarks import (
    client,
    machine,
    peers,
    people,
    people_workloads,
    picture,
    report,
    rounds,
    stack,
    startup,
    watched,
    worker,
    xray,
)
from benchmarks.programs import FRAMEWORK, FRAMEWORKS
from benchmarks.workloads import BY_NAME, WORKLOADS, Exchange, Workload
from servers import ROOT, lack, require, reserved_port
from wsgiapp.xray import XRay

TINY = rounds.Plan(rounds=2, batches=2, batch_ms=0.2, warm_up=0.01)
FLASK_AND_WSGIAPP = [FRAMEWORK["raw"], FRAMEWORK["wsgiapp"], FRAMEWORK["flask"]]

# Python functions that one warm request enters on wsgiapp, as measured; two more are let pass.
SLACK = 2
CALLS = {
    "hello": 22,
    "parameter": 24,
    "routes_3": 22,
    "routes_300": 22,
    "routes_3000": 22,
    "hooks": 34,
    "template": 275,
    "sessions": 112,
    "form_post": 59,
    "json_post": 49,
    "static_file": 59,
    "not_modified": 55,
    "not_found": 39,
    "upload": 365,
    "stream": 127,
}


def asked(framework: str) -> list[str]:
    """The workloads that a framework is asked for here.

    The peers are not asked for 3,000 routes, whose program is that of 300: adding them takes Bottle alone 13 seconds.
    Whoever measures them has the answer checked first.
    """
    peers = ("bottle", "falcon", "pyramid", "django")
    return [name for name in BY_NAME if name != "routes_3000" or framework not in peers]


@cache
def survey(framework: str) -> dict[str, Any]:
    """Every workload of a framework, checked and counted in a process of its own: peers never meet in one."""
    command = [sys.executable, "-m", "benchmarks.worker", framework, *asked(framework)]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


# -- the programs --------------------------------------------------------------------------------


@pytest.mark.parametrize(("framework", "workload"), [(each, name) for each in FRAMEWORK for name in asked(each)])
def test_every_program_gives_the_answers_of_the_workload_or_says_why_it_cannot(framework: str, workload: str) -> None:
    if framework in ("bottle", "falcon", "pyramid", "django"):
        require(framework)
    state = survey(framework)[workload]
    if framework in ("wsgiapp", "flask"):
        assert "ready" in state, state
    assert "ready" in state or state["unable"] in KNOWN_LACKS, state


KNOWN_LACKS = {
    "plain WSGI has no hooks",
    "plain WSGI has no sessions",
    "Werkzeug has no hooks",
    "a template engine alone",
}


def test_flask_is_flask_and_wsgiapp_is_wsgiapp_though_their_source_is_one() -> None:
    assert FRAMEWORK["flask"].module == FRAMEWORK["wsgiapp"].module
    code = "from benchmarks.programs import *; print(type(build(FRAMEWORK['{}'], 'hello')).__module__)"
    shown = [
        subprocess.run(
            [sys.executable, "-c", code.format(name)], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
        for name in ("flask", "wsgiapp")
    ]
    assert shown == ["flask.app", "wsgiapp.app"]


@pytest.mark.parametrize("workload", CALLS)
def test_a_request_enters_no_more_functions_than_it_did(workload: str) -> None:
    calls = survey("wsgiapp")[workload]["calls"]
    assert calls <= CALLS[workload] + SLACK, (
        f"a warm request of the workload {workload!r} enters {calls} Python functions, {CALLS[workload]} when it was "
        f"measured. `python run.py bench --only {workload}` shows what that costs; take the calls out again, or, where "
        "they are worth it, write the new number into CALLS."
    )


def test_the_calls_of_every_workload_are_pinned() -> None:
    assert list(CALLS) == list(BY_NAME)


def test_the_last_of_3000_routes_costs_no_call_more_than_the_first_of_3() -> None:
    found = survey("wsgiapp")
    assert found["routes_3000"]["calls"] == found["routes_300"]["calls"] == found["routes_3"]["calls"]


# -- checking ------------------------------------------------------------------------------------

EXPECTED = Exchange(200, b"body", {"content-type": "text/html; charset=utf-8"})
RIGHT = ("200 OK", [("Content-Type", "text/html;charset=UTF-8"), ("Content-Length", "4")], b"body")


def test_a_right_answer_may_differ_in_case_and_spacing_of_a_header() -> None:
    assert list(worker.complaints(worker.Answer(*RIGHT), EXPECTED)) == []


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (("500 Oops", *RIGHT[1:]), "status 500 instead of 200"),
        ((*RIGHT[:2], b"BODY"), "body b'BODY' instead of b'body'"),
        ((RIGHT[0], [("Content-Type", "text/plain")], b"body"), "content-type: 'text/plain'"),
        ((RIGHT[0], [], b"body"), "content-type: ''"),
        ((RIGHT[0], [*RIGHT[1][:1], ("Content-Length", "5")], b"body"), "content-length 5 for a body of 4 bytes"),
    ],
    ids=["status", "body", "type", "no type", "length"],
)
def test_a_wrong_answer_is_found_and_named(answer: Any, complaint: str) -> None:
    (said,) = worker.complaints(worker.Answer(*answer), EXPECTED)
    assert complaint in said


def test_a_session_that_forgets_is_a_wrong_answer() -> None:
    def forgetful(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Set-Cookie", "session=x; Path=/")])
        return [b"visit 1"]

    with pytest.raises(worker.AnswerError, match="request 2: body b'visit 1' instead of b'visit 2'"):
        worker.check(forgetful, BY_NAME["sessions"])


def test_nothing_is_timed_when_a_program_answers_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds.Worker, "read", lambda self: {"wrong": "hello, request 1: status 500"})
    with pytest.raises(rounds.WrongAnswerError, match="Flask: hello, request 1: status 500"):
        rounds.measure(BY_NAME["hello"], [FRAMEWORK["flask"]], TINY, None)


def test_a_framework_that_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*arguments: object) -> None:
        raise ModuleNotFoundError("No module named 'bottle'", name="bottle")

    monkeypatch.setattr(worker, "build", missing)
    assert worker.prepare("bottle", "hello") == (None, {"unable": "not installed: bottle"})


# -- the harness ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def raw() -> dict[str, Any]:
    """The raw figures of a very short run."""
    return rounds.run([BY_NAME["hello"], BY_NAME["hooks"]], TINY, FLASK_AND_WSGIAPP)


def test_a_run_has_every_round_of_every_framework_and_the_ratio_to_wsgiapp(raw: dict[str, Any]) -> None:
    results = raw["results"]["hello"]
    assert list(results) == ["raw", "wsgiapp", "flask"]
    assert all(len(results[name]["rounds"]) == len(results[name]["wall"]) == TINY.rounds for name in results)
    assert results["wsgiapp"]["ratio"] == 1
    assert results["flask"]["us"] > results["raw"]["us"] > 0


def test_the_report_shows_a_dash_with_its_reason(raw: dict[str, Any]) -> None:
    text = report.requests(raw)
    assert re.search(r"^\| before, after[^|]*\| +- \| +\d", text, re.MULTILINE)
    assert "- raw WSGI (plain WSGI has no hooks): before, after, teardown, nested blueprint" in text


def test_the_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    assert rounds.summarise([20.0, 30.0, 90.0], [10.0, 10.0, 90.0]) == {"us": 30.0, "ratio": 2.0}


def test_the_picture_is_well_formed_and_has_a_mark_for_every_figure(raw: dict[str, Any]) -> None:
    drawn = ElementTree.fromstring(picture.draw(raw))
    hints = [title.text for title in drawn.iter("{http://www.w3.org/2000/svg}title") if title.text]
    figures = [
        f"{FRAMEWORK[name].title}: {report.number(result['us'])} µs"
        for results in raw["results"].values()
        for name, result in results.items()
        if "us" in result
    ]
    assert len(figures) == 5
    assert set(figures) <= set(hints)
    assert "prefers-color-scheme: dark" in picture.draw(raw)


def test_every_framework_with_a_column_has_a_shape_and_a_colour_in_both_settings() -> None:
    for framework in FRAMEWORKS:
        if framework.name not in report.FLOORS:
            assert framework.name in picture.SHAPES
            assert picture.STYLE.count(f".{framework.name} {{ fill") == 2


def test_the_machine_is_described_without_its_paths(raw: dict[str, Any]) -> None:
    assert {"python", "system", "processor", "processors", "load", "load_after", "versions"} <= raw["machine"].keys()
    assert str(ROOT) not in (said := json.dumps(raw["machine"]))
    assert str(Path.home()) not in said


@pytest.mark.parametrize(("load", "noisy"), [([0.9, 0, 0], False), ([2.9, 0, 0], True), (None, False)])
def test_a_busy_machine_is_called_noisy(load: list[float] | None, noisy: bool) -> None:
    described = {**machine.describe(), "processors": 2, "load": load, "load_after": load}
    assert machine.is_noisy(described) is noisy
    assert ("noisy" in machine.sentence(described)) is noisy


# -- the command ---------------------------------------------------------------------------------


def test_the_command_prints_saves_and_writes_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- bench requests: begin -->\nlast year\n<!-- bench requests: end -->\nafter\n")
    monkeypatch.setattr(bench, "PAGE", page)
    monkeypatch.setattr(rounds, "QUICK", TINY)
    arguments = ["--quick", "--only", "hello", "--write", "--output", str(tmp_path / "out")]
    assert bench.main(arguments) == 0
    shown, written = capsys.readouterr().out, page.read_text("utf-8")
    assert "last year" not in written
    assert "`python run.py bench --quick --only hello --write`" in written
    assert shown.strip() in written
    assert {file.name for file in (tmp_path / "page").iterdir()} == {"requests.json", "requests.svg"}
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"requests.json", "requests.svg"}


def test_a_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing\n")
    with pytest.raises(ValueError, match="bench requests: begin"):
        report.insert(page, "requests", "text")
    assert page.read_text() == "nothing\n"


def test_an_unknown_workload_is_an_error_that_lists_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.parse(["--only", "hullo"])
    assert "no such workload: hullo; there are: hello, parameter" in capsys.readouterr().err


# -- servers, start-up ---------------------------------------------------------------------------

SHORT = stack.Plan(rounds=1, seconds=0.3, requests=60, connections=(3,), workloads=("sessions",))


@pytest.fixture
def own_ports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ports that no other test takes at the same time."""
    with ExitStack() as held:
        monkeypatch.setattr(stack, "free_port", lambda: held.enter_context(reserved_port()))
        yield


@pytest.mark.usefixtures("own_ports")
@pytest.mark.parametrize("server", [stack.SERVERS[0], stack.gthread(2), stack.granian(1)], ids=lambda s: s.title)
def test_both_frameworks_are_loaded_on_a_real_server(server: stack.Server) -> None:
    if sys.platform == "win32" and server.module == "gunicorn":
        pytest.skip("gunicorn does not run on Windows")
    require(server.module)
    raw = stack.run(SHORT, servers=[server])
    (result,) = raw["results"]
    for name in stack.PAIR:
        (run,) = result[name]["rounds"]
        assert 0 < run["answers"] < SHORT.requests + stack.USUAL_CONNECTIONS
        assert 0 < run["p50_ms"] <= run["p99_ms"]
    assert f"| {server.title} " in report.stack(raw)


def test_a_server_that_is_not_installed_is_reported() -> None:
    raw = stack.run(SHORT, servers=[stack.Server("made up", "no_such_server", ())])
    assert raw["results"] == []
    assert "made up: no_such_server is not installed" in report.stack(raw)


@pytest.mark.usefixtures("own_ports")
def test_a_server_that_does_not_start_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    broken = stack.Server("broken", "platform", ())  # a program that prints and ends
    with pytest.raises(stack.ServerError, match="did not start"):
        list(stack.measure(broken, BY_NAME["hello"], SHORT))


# -- peers ---------------------------------------------------------------------------------------

ROWS = [("wsgiapp", 0), ("starlette", 0), ("fastapi", 1), ("litestar", 1), ("blacksheep", 1)]
TINY_PEERS = peers.Plan(rounds=1, seconds=0.1, requests=200, connections=(4,), workloads=("parameter",), warm_up=0)


@pytest.fixture(scope="module")
def beside() -> dict[str, Any]:
    """A very short run of some peers on real servers."""
    require("granian")
    require("uvicorn")
    chosen = [replace(peers.PEER[name], servers=peers.PEER[name].servers[at : at + 1]) for name, at in ROWS]
    with ExitStack() as held, pytest.MonkeyPatch.context() as patch:
        patch.setattr(stack, "free_port", lambda: held.enter_context(reserved_port()))
        return peers.run(TINY_PEERS, peers=chosen)


def test_every_peer_answers_through_its_server_and_is_measured(beside: dict[str, Any]) -> None:
    assert beside["missing"] == []
    results = beside["results"]["parameter"]
    assert [result["framework"] for result in results] == [name for name, _ in ROWS]
    assert all(result["rounds"][0]["answers"] > 0 for result in results)
    assert results[0]["behind"] == 1


def test_the_report_and_the_picture_show_the_peers_the_fastest_first(beside: dict[str, Any]) -> None:
    rates = [12000.0, 30000.0, 900.0, 5000.0, 7000.0]
    figures = copy.deepcopy(beside)
    for result, rate in zip(figures["results"]["parameter"], rates, strict=True):
        result["rate"] = rate
    order = ["Starlette", "wsgiapp", "BlackSheep", "Litestar", "FastAPI"]
    text = "\n\n".join(report.beside(figures))
    assert re.findall(r"^\| (\w+) +\| (?:granian|uvicorn)", text, re.MULTILINE) == order
    drawn = ElementTree.fromstring(picture.bars({"peers": figures}))
    bars = drawn.findall("{http://www.w3.org/2000/svg}rect/{http://www.w3.org/2000/svg}title")
    assert [(bar.text or "").split(" on ")[0] for bar in bars] == order


def test_of_a_framework_on_two_servers_the_better_is_drawn() -> None:
    results = [{"framework": "fastapi", "server": name, "rate": rate} for name, rate in (("a", 5.0), ("b", 9.0))]
    assert peers.best(results) == [results[1]]


def test_a_peer_that_answers_wrongly_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    head = {"content-type": "text/html; charset=utf-8", "content-length": "3"}
    monkeypatch.setattr(client, "ask_once", lambda port, request: (head, b"HTTP/1.1 200 OK\r\nx: y\r\n\r\nbye"))
    row = peers.PEER["fastapi"], peers.ASGI_SERVERS[0]
    with pytest.raises(rounds.WrongAnswerError, match=r"FastAPI on uvicorn.*hello: body b'bye'"):
        peers.check(1, row, BY_NAME["hello"])


def test_a_peer_that_is_not_installed_is_reported() -> None:
    absent = peers.Peer("absent", "Absent", peers.WSGI_SERVERS, "no_such_framework")
    without = replace(peers.PEER["wsgiapp"], servers=(stack.Server("made up", "no_such_server", ()),))
    assert peers.rows_of([absent, without]) == (
        [], ["Absent: no_such_framework is not installed", "wsgiapp on made up: no_such_server is not installed"],
    )  # fmt: skip


def test_a_run_lasts_ten_seconds_a_row_in_five_rounds_unless_it_is_quick() -> None:
    for plan in (stack.Plan(), peers.Plan()):
        assert plan.rounds >= 5
        assert plan.rounds * plan.seconds >= 10


@pytest.mark.parametrize(("why", "arguments", "code"), [
    ("a loop got 40%", [], 1), ("a loop got 40%", ["--busy-anyway"], 0), ("", [], 0),
], ids=["busy", "busy anyway", "free"])  # fmt: skip
def test_whole_servers_are_refused_on_a_busy_machine_unless_that_is_told(
    beside: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    why: str, arguments: list[str], code: int,
) -> None:  # fmt: skip
    pairs = {"kind": "stack", "machine": machine.describe(), "plan": {**vars(SHORT)}, "results": [], "missing": []}
    monkeypatch.setattr(machine, "busy", lambda: why)
    monkeypatch.setattr(stack, "run", lambda *given: copy.deepcopy(pairs))
    monkeypatch.setattr(peers, "run", lambda *given: beside)
    page, readme = tmp_path / "page.md", tmp_path / "README.md"
    page.write_text("<!-- bench stack: begin -->\n<!-- bench stack: end -->\n")
    readme.write_text(f"before\n\n{report.PICTURE}\n\nafter\n")
    monkeypatch.setattr(bench, "PAGE", page)
    monkeypatch.setattr(bench, "README", readme)
    given = ["--stack", "--quick", "--write", *arguments, "--output", str(tmp_path / "out")]
    assert [bench.main(given) for _ in range(2)] == [code, code]
    shown = capsys.readouterr()
    assert ("the machine is busy: a loop got 40%" in shown.err) is bool(code)
    assert ("on a busy machine, on request: a loop got 40%" in page.read_text("utf-8")) is bool(arguments)
    assert (report.SERVERS in readme.read_text("utf-8")) is (not code)
    assert readme.read_text("utf-8").count("![") == 2 - code
    assert (tmp_path / "page" / "stack.svg").exists() is (not code)


def test_a_processor_that_a_loop_has_to_share_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "free_share", lambda cpu: 0.44)
    assert "a loop got 44% of a processor" in machine.busy()
    monkeypatch.setattr(machine, "free_share", lambda cpu: 0.99)
    assert machine.busy() == ""


def test_the_share_of_a_processor_is_a_share() -> None:
    assert 0 < machine.free_share(None, 0.02) <= 1.05


def test_only_whole_servers_know_of_a_busy_machine(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.parse(["--people", "--busy-anyway"])
    assert "--busy-anyway needs --stack" in capsys.readouterr().err


def test_the_client_puts_chunks_together() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    whole = head + b"5\r\nHello\r\n8\r\n, World!\r\n0\r\n\r\n"
    assert client.parse(whole[:-2])[2] == 0
    _, headers, length = client.parse(whole)
    assert length == len(whole)
    assert client.body_of(headers, whole) == b"Hello, World!"


@pytest.mark.parametrize(
    "data", [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", b"HTTP/1.1 200 OK\r\ncontent-length:4\r\n\r\n"]
)
def test_the_client_knows_how_long_an_answer_is(data: bytes) -> None:
    status, headers, length = client.parse(data)
    assert (status, headers) == (200, {"content-length": "4"})
    assert length == data.index(b"\r\n\r\n") + 8


def test_the_client_counts_no_answer_without_a_length() -> None:
    with pytest.raises(client.BrokenAnswerError, match="without a Content-Length"):
        client.parse(b"HTTP/1.1 200 OK\r\n\r\n")


@pytest.mark.usefixtures("own_ports")
def test_start_up_is_measured_in_fresh_processes() -> None:
    require("pip")
    raw = startup.run(startup.Plan(processes=1, workers=1))
    figures = set(startup.FIGURES) - ({"routes_ms"} if raw["missing"] else set())
    if sys.platform != "linux":
        figures -= {"memory_mb", "memory_served_mb", "worker_mb", "preloaded_mb"}
    for name in ("wsgiapp", "flask"):
        assert figures <= raw["results"][name].keys()
        slowest = raw["results"][name]["slowest"]  # in a busy moment any module may be the slowest
        assert {"werkzeug", name} & {package for package, _ in slowest}
        assert slowest == sorted(slowest, key=lambda part: -part[1])
    assert {"import_ms", "modules"} <= raw["results"]["werkzeug"].keys()
    assert raw["results"]["werkzeug"]["import_times"] == 1
    assert "from import to the first answer" in report.startup(raw)
    if raw["missing"]:
        lack(f"needs a network: {raw['missing']}")


def test_routes_that_lack_the_tutorials_are_not_timed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(people.TUTORIAL, str(tmp_path))
    shown = subprocess.CompletedProcess([], 0, stdout="index  GET  /\n", stderr="")
    monkeypatch.setattr(startup, "child", lambda *arguments, folder: shown)
    with pytest.raises(rounds.WrongAnswerError, match="wsgiapp: the tutorial's routes are not shown"):
        startup.routes_ms("wsgiapp")
    monkeypatch.delenv(people.TUTORIAL)
    assert startup.routes_ms("wsgiapp") is None


# -- the X-ray -----------------------------------------------------------------------------------

TINY_XRAY = xray.Plan(rounds=2, batches=2, batch_ms=0.2, warm_up=0.01, processes=1)


@dataclass(frozen=True)
class Ran:
    """What one run of the command left."""

    code: int
    shown: str
    page: str
    figures: dict[str, Any]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The command, run once and shortly."""
    folder = tmp_path_factory.mktemp("xray")
    page, shown = folder / "page.md", io.StringIO()
    page.write_text("before\n<!-- bench xray: begin -->\nlast year\n<!-- bench xray: end -->\nafter\n")
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(shown):
        patch.setattr(bench, "PAGE", page)
        patch.setattr(xray, "QUICK", TINY_XRAY)
        code = bench.main(["--xray", "--quick", "--only", "hello", "--write", "--output", str(folder / "out")])
    figures = json.loads((folder / "out" / "xray.json").read_text("utf-8"))
    assert figures == json.loads((folder / "page" / "xray.json").read_text("utf-8"))
    return Ran(code, shown.getvalue(), page.read_text("utf-8"), figures)


def test_what_the_xray_costs_is_printed_saved_and_written_into_the_page(measured: Ran) -> None:
    assert measured.code == 0
    assert "last year" not in measured.page
    assert "`python run.py bench --xray --quick --only hello --write`" in measured.page
    assert measured.shown.strip() in measured.page
    assert "The bound, a thirtieth of what " in measured.shown and "adds to the same page, is " in measured.shown
    assert "Flask-DebugToolbar" in measured.shown and "Django Debug Toolbar" in measured.shown
    assert all(each["more_us"] > 0 for each in measured.figures["toolbars"].values())
    assert measured.figures["machine"]["processors"] > 0


def test_each_variant_has_every_round_of_all_its_processes(measured: Ran) -> None:
    assert list(measured.figures["results"]) == ["page", "hello"]
    for results in measured.figures["results"].values():
        assert list(results) == [variant.name for variant in watched.VARIANTS]
        assert {len(result["rounds"]) for result in results.values()} == {TINY_XRAY.rounds}
        assert results["plain"]["more_us"] == results["plain"]["more_calls"] == 0
        assert results["plain"]["ratio"] == 1


def test_the_rounds_of_all_processes_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def turns(entrants: Any, plan: Any, cpu: Any) -> dict[str, Any]:
        started.append([each.name for each in entrants])
        first = float(len(started))
        said = {"calls": 10 - len(started), "body": "", "rounds": [first, first + 0.5], "wall": [first, first]}
        return {name: copy.deepcopy(said) for name in started[-1]}

    monkeypatch.setattr(rounds, "take_turns", turns)
    started: list[list[str]] = []
    found = xray.measure(watched.PAGE, 0, replace(TINY_XRAY, processes=3), None)
    assert started == [[variant.name for variant in watched.VARIANTS]] * 3
    assert found["near"]["rounds"] == [1.0, 1.5, 2.0, 2.5, 3.0, 3.5]
    assert found["near"]["wall"] == [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    assert found["near"]["calls"] == 7  # the fewest
    started.clear()
    bars = xray.measure_toolbars(0, replace(TINY_XRAY, processes=3), None)
    assert len(started) == 3 and started[0] == ["flask-off", "flask", "django-off", "django"]
    assert bars["django"]["us"] == 2.25


@pytest.mark.parametrize("workload", ["page", "hello"])
def test_the_variants_differ_in_what_they_record_and_in_nothing_else_than_two_headers(
    measured: Ran, workload: str
) -> None:
    results = measured.figures["results"][workload]
    assert {name for name, result in results.items() if result["recorded"]} == {"far", "near", "viewer"}
    told = ["server-timing", "x-xray"]
    assert {name: result["added"] for name, result in results.items()} == {
        "plain": [], "again": [], "idle": [], "far": [], "near": told, "viewer": told,
    }  # fmt: skip
    assert len({result["body"] for result in results.values()}) == 1


@pytest.mark.parametrize("workload", ["page", "hello"])
def test_debug_mode_alone_costs_no_call_being_watched_some_being_recorded_more(measured: Ran, workload: str) -> None:
    more = {name: result["more_calls"] for name, result in measured.figures["results"][workload].items()}
    assert more["plain"] == more["again"] == 0
    assert 0 < more["idle"] < min(more["far"], more["near"], more["viewer"])


def test_the_loop_of_the_page_enters_no_function_however_long_it_is() -> None:
    counted = [watched.prepare(watched.VARIANT["plain"], watched.PAGE, turns)[0].calls() for turns in (0, 1000)]
    assert counted[0] == counted[1]


def test_the_loop_has_the_turns_that_make_the_page_as_long_as_it_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def timed(short: float, long: float) -> int:
        results = {"short": {"rounds": [short]}, "long": {"rounds": [long]}}
        monkeypatch.setattr(rounds, "take_turns", lambda entrants, plan, cpu: results)
        return xray.calibrate(TINY_XRAY, None)

    assert timed(50.0, 130.0) == xray.PROBE / 2
    assert timed(95.0, 175.0) == 0  # longer by itself: a loop cannot help
    assert timed(50.0, 49.0) == 0


@pytest.mark.parametrize(
    ("named", "set_up_as", "complaint"),
    [
        ("far", "plain", "far: recorded is False instead of True"),
        ("plain", "far", "plain: recorded is True instead of False"),
        ("near", "far", "near: added is [] instead of ['server-timing', 'x-xray']"),
    ],
)
def test_a_variant_that_is_not_what_it_says_is_not_timed(
    monkeypatch: pytest.MonkeyPatch, named: str, set_up_as: str, complaint: str
) -> None:
    made, ask_as = watched.make, watched.ask_as
    other = watched.VARIANT[set_up_as]
    opened: list[XRay] = []

    def make(workload: Workload, variant: Any, turns: int) -> Any:
        app, attached = made(workload, other, turns)
        opened.extend(filter(None, [attached]))
        return app, attached

    monkeypatch.setattr(watched, "make", make)
    monkeypatch.setattr(watched, "ask_as", lambda variant, attached, environ: ask_as(other, attached, environ))
    try:
        with pytest.raises(worker.AnswerError, match=re.escape(complaint)):
            watched.prepare(watched.VARIANT[named], watched.PAGE, 0)
    finally:
        for attached in opened:
            attached.remove()


def test_another_body_under_the_xray_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def turns(entrants: Any, plan: Any, cpu: Any) -> dict[str, Any]:
        return {
            each.name: {"rounds": [1.0], "wall": [1.0], "calls": 1, "body": str(each.name == "near")}
            for each in entrants
        }

    monkeypatch.setattr(rounds, "take_turns", turns)
    with pytest.raises(rounds.WrongAnswerError, match="asked from this machine: page: the body"):
        xray.measure(watched.PAGE, 0, TINY_XRAY, None)


@pytest.mark.parametrize(
    ("far", "near", "arguments", "code"),
    [
        (90.0, 100.0, ["--check"], 0),
        (90.0, 100.1, ["--check"], 1),
        (100.1, 90.0, ["--check"], 1),
        (900.0, 900.0, [], 0),
    ],
    ids=["met", "missed by one", "missed by the other", "not checked"],
)
def test_only_a_checked_bound_that_is_exceeded_makes_the_command_fail(
    measured: Ran, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    far: float, near: float, arguments: list[str], code: int,
) -> None:  # fmt: skip
    figures = copy.deepcopy(measured.figures)
    figures["results"]["page"]["far"]["more_us"], figures["results"]["page"]["near"]["more_us"] = far, near
    figures["toolbars"]["flask"]["more_us"], figures["toolbars"]["django"]["more_us"] = 9000.0, 3000.0
    monkeypatch.setattr(bench, "measure", lambda options: figures)
    assert bench.main(["--xray", *arguments, "--output", str(tmp_path)]) == code
    shown = capsys.readouterr()
    missed = max(far, near) > 3000.0 / 30
    assert shown.out.rstrip().endswith(report.verdict(figures))
    assert f"1/{3000.0 / far:.0f} when recording and asked from elsewhere" in shown.out
    assert f"Django Debug Toolbar adds to the same page, is {'exceeded' if missed else 'kept'}" in shown.out
    assert ("is exceeded" in shown.err) is bool(code)


def test_only_the_xray_can_be_checked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.parse(["--stack", "--check"])
    assert "--check needs --xray" in capsys.readouterr().err


# -- the page ------------------------------------------------------------------------------------

PAGE = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
MARKED = re.findall(r"<!-- bench (\w+): begin -->\n(.*?)<!-- bench \1: end -->", PAGE, re.DOTALL)


def test_the_page_has_a_place_for_every_kind_of_figure() -> None:
    kinds = [kind for kind, _ in MARKED if kind not in report.SECTIONS]  # those get their place when they are written
    assert kinds == ["requests", "stack", "startup", "xray"]


@pytest.mark.parametrize(("kind", "text"), MARKED, ids=[kind for kind, _ in MARKED])
def test_the_page_names_the_command_and_shows_its_raw_figures(kind: str, text: str) -> None:
    raw = json.loads((ROOT / "docs" / "benchmarks" / f"{kind}.json").read_text(encoding="utf-8"))
    assert raw["command"].startswith("python run.py bench")
    assert text == f"Made by `{raw['command']}`.\n\n{getattr(report, kind)(raw)}\n"


def test_the_picture_on_the_page_is_drawn_from_its_raw_figures() -> None:
    folder = ROOT / "docs" / "benchmarks"
    raw = json.loads((folder / "requests.json").read_text(encoding="utf-8"))
    assert (folder / "requests.svg").read_text(encoding="utf-8") == picture.draw(raw)
    assert list(raw["results"]) == [workload.name for workload in WORKLOADS]


def test_the_readme_shows_whole_servers_once_their_peers_were_measured_and_as_they_were() -> None:
    folder = ROOT / "docs" / "benchmarks"
    raw = json.loads((folder / "stack.json").read_text(encoding="utf-8"))
    drawn = [folder / "stack.svg"] if raw.get("peers") else []
    assert [path.read_text(encoding="utf-8") for path in drawn] == [picture.bars(raw) for _ in drawn]
    assert sorted(folder.glob("stack.svg")) == drawn
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.count(report.SERVERS) == len(drawn)
    assert readme.count(report.PICTURE) == 1


def test_a_readme_without_the_first_picture_is_left_alone(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("nothing\n")
    with pytest.raises(ValueError, match="for the picture of whole servers to follow"):
        report.show(readme)
    assert readme.read_text() == "nothing\n"


def test_a_workload_is_asked_by_its_own_method_and_type() -> None:
    upload: Workload = BY_NAME["upload"]
    environ = worker.base_environ(upload)
    assert (environ["REQUEST_METHOD"], environ["CONTENT_LENGTH"]) == ("POST", str(len(upload.body)))
    assert "CONTENT_TYPE" not in worker.base_environ(BY_NAME["hello"])


def test_the_raw_figures_are_json_with_short_lines() -> None:
    raw = {"text": "a [b] c", "rounds": [1.5, 2.5], "deep": [{"x": [1, [2, 3]]}], "none": []}
    assert json.loads(bench.as_json(raw)) == raw
    assert '"rounds": [ 1.5, 2.5 ]' in bench.as_json(raw)


@pytest.mark.parametrize("toolbar", ["flask", "django"])
def test_a_page_that_lacks_its_toolbar_is_not_timed(toolbar: str) -> None:
    code = (
        "import sys\nfrom dataclasses import replace\nfrom benchmarks import toolbars, worker\nname = sys.argv[1]\n"
        "bar = toolbars.TOOLBAR[name]\n"
        "toolbars.TOOLBAR[name] = replace(bar, make=lambda turns, is_on: bar.make(turns, False))\n"
        "try:\n    toolbars.prepare(name, 0)\nexcept worker.AnswerError as error:\n    print(error)\n"
    )
    ran = [sys.executable, "-c", code, toolbar]
    shown = subprocess.run(ran, cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout == f"{toolbar}: the page has no toolbar\n"


def test_every_note_on_speed_names_workloads_that_exist() -> None:
    known = {*BY_NAME, *people_workloads.VISIT, "startup", "xray"}  # `bench --startup`, `bench --xray`
    named = {}
    for file in (ROOT / "wsgiapp").rglob("*.py"):
        for names in re.findall(r"\(benchmarks/: ([^)]*)\)", file.read_text(encoding="utf-8")):
            named.update({name.strip(" #\n"): file.name for name in names.split(",")})
    assert len(named) > 10
    assert {name: file for name, file in named.items() if name not in known} == {}
