"""One process with one of the people's workloads, on Flask, on wsgiapp or on the floor; it speaks as `worker` does.

``python -m benchmarks.people_worker FRAMEWORK VISIT``. Before it is ready it tells what its answer is, in digests:
*same* of all that Flask and wsgiapp must agree about, *content* of what the floor has to compute too. Without a visit
it tells that of them all and ends.
"""

from __future__ import annotations

import hashlib
import importlib
import signal
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.people_workloads import VISIT, Visit, seal, unseal
from benchmarks.programs import UnableError
from benchmarks.worker import ENVIRON, Answer, AnswerError, Timer, pick_clock, send, serve, telling
from benchmarks.workloads import FOLDER

FLOOR = "floor"
PACKAGE = FOLDER.parent / "wsgiapp"
FRAMEWORKS = {"wsgiapp": "wsgiapp", "flask": "Flask", FLOOR: "the floor"}
SHARED = ("content-type", "location")  # what a floor has in common with a framework's head
PASSING = ("date", "set-cookie", "etag", "last-modified")  # differs from one second, or one copy of a file, to the next


def put_in_place(framework: str) -> None:
    """Have ``import flask`` mean that framework."""
    if framework == "wsgiapp":
        importlib.import_module("wsgiapp.as_flask")
    elif framework == FLOOR:
        importlib.import_module("benchmarks.programs.floor_framework").install()


def environ_of(visit: Visit) -> dict[str, Any]:
    """The environ of the request, without its input stream."""
    environ = {**ENVIRON, "REQUEST_METHOD": visit.method, "PATH_INFO": visit.path, "QUERY_STRING": visit.query}
    environ["RAW_URI"] = quote(visit.path) + f"?{visit.query}" * bool(visit.query)
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in visit.headers.items()}
    if visit.session is not None:
        environ["HTTP_COOKIE"] = f"session={seal(visit.session)}"
    if visit.method == "POST":
        environ |= {"CONTENT_TYPE": visit.content_type, "CONTENT_LENGTH": str(len(visit.body))}
    return environ


def digest(*parts: Any) -> str:
    """A short name of that content."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def kept(answer: Answer) -> list[dict[str, Any]]:
    """The sessions that an answer hands out."""
    cookies = [value for name, value in answer.headers if name == "set-cookie" and value.startswith("session=")]
    return [unseal(cookie.partition("=")[2].partition(";")[0]) for cookie in cookies]


def digests(answer: Answer) -> dict[str, str]:
    """What an answer is, in the two digests."""
    shared = [answer.header(name) for name in SHARED] if answer.body else []
    others = sorted((name, value) for name, value in answer.headers if name not in PASSING)
    other_cookies = [value for name, value in answer.headers if name == "set-cookie" and value[:8] != "session="]
    without_dates = [cookie.partition("; Expires=")[0] for cookie in other_cookies]
    content = digest(answer.status, shared, answer.body)
    return {"content": content, "same": digest(content, others, kept(answer), without_dates)}


class VisitTimer(Timer):
    """Times one request of the people's."""

    def __init__(self, application: Any, visit: Visit) -> None:
        self.application, self.body, self.environ = application, visit.body, environ_of(visit)
        self.answer = send(application, self.environ, self.body)
        if visit.again:
            self.environ |= {"HTTP_IF_NONE_MATCH": self.answer.header("etag")}
            self.answer = send(application, self.environ, self.body)
        if self.answer.status != visit.status:
            shown = self.answer.body[:300]
            raise AnswerError(f"{visit.name}: status {self.answer.status} instead of {visit.status}: {shown!r}")
        again = send(application, self.environ, self.body)
        if digests(again) != digests(self.answer):
            raise AnswerError(f"{visit.name}: the same request was answered in two ways")
        self.clock, self.count = pick_clock(), 1


def prepare(visit: Visit) -> tuple[VisitTimer | None, dict[str, Any]]:
    """The program ready to be timed, and what it answers; or why it cannot, or what is wrong."""
    try:
        program = importlib.import_module(f"benchmarks.programs.{visit.program}")
        timer = VisitTimer(program.APPLICATIONS[visit.name](), visit)
    except (UnableError, ModuleNotFoundError) as reason:
        return None, {"unable": str(reason)}
    except AnswerError as reason:
        return None, {"wrong": str(reason)}
    return timer, {"ready": True, "size": len(timer.answer.body), **digests(timer.answer)}


def loaded_of_wsgiapp() -> list[str]:
    """The files of wsgiapp that this process has loaded, from its folder on."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    paths = (Path(file) for file in files if file)
    return sorted(path.relative_to(PACKAGE).as_posix() for path in paths if path.is_relative_to(PACKAGE))


def main(framework: str, visit: str = "") -> None:
    """Say what the program answers, then do as told."""
    answer = telling()
    put_in_place(framework)
    if not visit:
        made = importlib.import_module("flask").Flask.__module__
        visits = {name: prepare(each)[1] for name, each in VISIT.items()}
        return answer({"framework": made, "visits": visits, "loaded": loaded_of_wsgiapp()})
    timer, state = prepare(VISIT[visit])
    answer(state)
    return serve(timer, sys.stdin, answer) if timer else None


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the harness, which then closes the pipe
    main(*sys.argv[1:])
