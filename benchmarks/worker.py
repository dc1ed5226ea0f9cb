"""One process with one framework and one workload: it checks its answers, then times or counts when it is asked.

``python -m benchmarks.worker FRAMEWORK WORKLOAD`` reads one JSON command a line from standard input and writes one
JSON answer a line to standard output; `benchmarks.rounds` drives it. Without a workload it checks them all and ends.
What a request looks like to a framework, and how an answer is consumed, stands here and is the same for all of them.
"""

from __future__ import annotations

import gc
import importlib.metadata
import json
import signal
import sys
import time
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from benchmarks.programs import FRAMEWORK, Application, UnableError, build, load
from benchmarks.workloads import BY_NAME, Exchange, Workload

WARM_UP_SECONDS = 0.15
Headers = list[tuple[str, str]]

# What gunicorn hands over for a browser's request: an app that reads few headers still receives them all.
ENVIRON: dict[str, Any] = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/",
    "QUERY_STRING": "",
    "RAW_URI": "/",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "SERVER_SOFTWARE": "benchmark",
    "REMOTE_ADDR": "127.0.0.1",
    "REMOTE_PORT": "50000",
    "HTTP_HOST": "localhost",
    "HTTP_CONNECTION": "keep-alive",
    "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "HTTP_ACCEPT_LANGUAGE": "en-US,en;q=0.5",
    "HTTP_ACCEPT_ENCODING": "gzip, deflate",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": False,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


class AnswerError(Exception):
    """A program answers otherwise than the workload asks; nothing of it may be timed."""


class Answer:
    """What one request got: status, headers in lower case, body."""

    def __init__(self, status: str, headers: Headers, body: bytes) -> None:
        self.status = int(status[:3])
        self.headers = [(name.lower(), value) for name, value in headers]
        self.body = body

    def header(self, name: str) -> str:
        """The first header of that name, or an empty string."""
        return next((value for key, value in self.headers if key == name), "")


def base_environ(workload: Workload) -> dict[str, Any]:
    """The environ of the workload's request, without its input stream."""
    environ = {**ENVIRON, "REQUEST_METHOD": workload.method, "PATH_INFO": workload.path, "RAW_URI": workload.path}
    if workload.method == "POST":
        environ |= {"CONTENT_TYPE": workload.content_type, "CONTENT_LENGTH": str(len(workload.body))}
    return environ


def send(application: Application, environ: dict[str, Any], body: bytes) -> Answer:
    """One request, its answer kept."""
    started: list[tuple[str, Headers]] = []

    def start_response(status: str, headers: Headers, exc_info: Any = None) -> None:
        started.append((status, headers))

    answer = application({**environ, "wsgi.input": BytesIO(body)}, start_response)
    content = b"".join(answer)
    close = getattr(answer, "close", None)
    if close:
        close()
    return Answer(*started[-1], content)


# -- checking ------------------------------------------------------------------------------------


def normal(value: str) -> str:
    """A header's value without differences of case and spacing that no client cares about."""
    return value.lower().replace("; ", ";")


def complaints(answer: Answer, expected: Exchange) -> Iterable[str]:
    """Yield what is wrong with an answer, in words; nothing when it is right."""
    if answer.status != expected.status:
        yield f"status {answer.status} instead of {expected.status}"
    for name, value in expected.headers.items():
        got = normal(answer.header(name))
        wanted = normal(value)
        if got != wanted and got.removesuffix(";charset=utf-8") != wanted:
            yield f"{name}: {got!r} instead of {wanted!r}"
    length = answer.header("content-length")
    if length and answer.status != 304 and int(length) != len(answer.body):
        yield f"content-length {length} for a body of {len(answer.body)} bytes"
    if expected.body is None:
        return
    if expected.headers.get("content-type") == "application/json":
        same = json.loads(answer.body) == json.loads(expected.body)
    else:
        same = answer.body == expected.body
    if not same:
        yield f"body {answer.body[:80]!r} instead of {expected.body[:80]!r}"


def carry(environ: dict[str, Any], answer: Answer, workload: Workload) -> None:
    """Put into *environ* what a browser would send back after *answer*."""
    if workload.carried == "cookie":
        cookies = [value.partition(";")[0] for name, value in answer.headers if name == "set-cookie"]
        if not cookies:
            raise AnswerError("no cookie was set")
        environ["HTTP_COOKIE"] = "; ".join(cookies)
    elif workload.carried == "validators":
        pairs = (("HTTP_IF_NONE_MATCH", "etag"), ("HTTP_IF_MODIFIED_SINCE", "last-modified"))
        environ |= {key: answer.header(name) for key, name in pairs if answer.header(name)}


def check(application: Application, workload: Workload) -> dict[str, Any]:
    """Send the requests of the workload and compare the answers with the expected ones.

    :return: the environ of the request that is timed.

    :raises AnswerError: with what was wrong.
    """
    environ = base_environ(workload)
    for number, expected in enumerate(workload.exchanges):
        answer = send(application, environ, workload.body)
        wrong = list(complaints(answer, expected))
        if wrong:
            raise AnswerError(f"{workload.name}, request {number + 1}: {'; '.join(wrong)}")
        if workload.carried == "cookie" or number + 1 < len(workload.exchanges):
            sent = environ.copy()
            carry(environ, answer, workload)
    return sent if workload.carried == "cookie" else environ


# -- timing and counting -------------------------------------------------------------------------


def ignore(status: str, headers: Headers, exc_info: Any = None) -> None:
    """A start_response that keeps nothing."""


def batch(application: Application, environ: dict[str, Any], body: bytes, count: int) -> None:
    """*count* requests, each with an environ of its own; every body is consumed and closed, as a server does."""
    for _ in range(count):
        fresh = environ.copy()
        fresh["wsgi.input"] = BytesIO(body)
        answer = application(fresh, ignore)
        for _chunk in answer:
            pass
        close = getattr(answer, "close", None)
        if close is not None:
            close()


def pick_clock() -> Callable[[], int]:
    """Return the clock of this process's CPU time if it is fine enough, otherwise that of wall time."""
    fine = time.get_clock_info("process_time").resolution < 1e-6
    return time.process_time_ns if fine else time.perf_counter_ns


class Timer:
    """Times batches of one program: all of about the same length, so that no framework gets more of the noise."""

    def __init__(self, application: Application, workload: Workload) -> None:
        self.application = application
        self.body = workload.body
        self.environ = check(application, workload)
        self.clock = pick_clock()
        self.count = 1

    def run(self, count: int) -> tuple[int, int]:
        """Nanoseconds of *count* requests and of collecting what they left: by `pick_clock`'s clock, and the wall's."""
        wall, start = time.perf_counter_ns(), self.clock()
        batch(self.application, self.environ, self.body, count)
        gc.collect()  # else who leaves a file to the collector would not pay for closing it
        return self.clock() - start, time.perf_counter_ns() - wall

    def warm_up(self, batch_ms: float, seconds: float = WARM_UP_SECONDS) -> dict[str, Any]:
        """Run for a while, then settle how many requests make a batch. What was made first is kept from the GC."""
        batch(self.application, self.environ, self.body, 10)
        gc.collect()
        gc.freeze()  # before anything is timed: a collection of all that was imported takes longer than a batch
        until = time.perf_counter() + seconds
        best = float("inf")
        while time.perf_counter() < until:
            best = min(best, self.run(self.count)[0] / self.count)
            self.count = max(1, round(batch_ms * 1e6 / best)) if best else self.count * 2
        gc.collect()
        gc.freeze()
        return {"batch": self.count}

    def round(self, batches: int) -> dict[str, list[float]]:
        """Microseconds a request of each batch, by both clocks."""
        gc.collect()
        pairs = [self.run(self.count) for _ in range(batches)]
        return {
            "cpu": [round(cpu / self.count / 1e3, 3) for cpu, _ in pairs],
            "wall": [round(wall / self.count / 1e3, 3) for _, wall in pairs],
        }

    def calls(self) -> dict[str, int]:
        """How many Python functions one warm request enters; the same every time, on every machine."""
        count = 0

        def profile(frame: Any, event: str, arg: Any) -> None:
            nonlocal count
            count += event == "call"

        batch(self.application, self.environ, self.body, 3)
        sys.setprofile(profile)
        try:
            batch(self.application, self.environ, self.body, 1)
        finally:
            sys.setprofile(None)
        return {"calls": count - 1}  # less the call of `batch` itself


def serve(timer: Timer, commands: Iterable[str], answer: Callable[[Any], None]) -> None:
    """Carry out one command a line until there are no more."""
    for line in commands:
        name, *arguments = json.loads(line)
        answer(getattr(timer, name)(*arguments))


def describe(framework: str) -> dict[str, str]:
    """The version and the note of the framework in this process."""
    chosen = FRAMEWORK[framework]
    try:
        version = importlib.metadata.version(chosen.distribution) if chosen.distribution else ""
    except importlib.metadata.PackageNotFoundError:  # wsgiapp, run from its folder
        version = "not installed, from the folder"
    return {"version": version, "note": load(chosen).NOTE}


def prepare(framework: str, workload: str) -> tuple[Timer | None, dict[str, Any]]:
    """Build and check; what to report is ``ready``, ``unable`` or ``wrong``, each of the latter with the reason."""
    try:
        timer = Timer(build(FRAMEWORK[framework], workload), BY_NAME[workload])
    except UnableError as reason:
        return None, {"unable": str(reason)}
    except ModuleNotFoundError as missing:
        return None, {"unable": f"not installed: {missing.name}"}
    except AnswerError as reason:
        return None, {"wrong": str(reason)}
    return timer, {"ready": True, **describe(framework)}


def survey(framework: str, workloads: Iterable[str] = BY_NAME) -> dict[str, Any]:
    """The workloads checked and their calls counted, one after the other in this process; nothing is timed."""
    found = {}
    for workload in workloads:
        timer, state = prepare(framework, workload)
        found[workload] = state | (timer.calls() if timer else {})
    return found


def telling() -> Callable[[Any], None]:
    """Return a function that writes one answer to standard output, and reserve standard output for answers."""
    lines, sys.stdout = sys.stdout, sys.stderr  # whatever a framework prints must not be taken for an answer

    def answer(content: Any) -> None:
        print(json.dumps(content), file=lines, flush=True)

    return answer


def main(framework: str, workload: str = "", *others: str) -> None:
    """Say whether the program is ready, then do as told; without a workload or with several, survey them."""
    answer = telling()
    if not workload or others:
        return answer(survey(framework, [workload, *others] if workload else BY_NAME))
    timer, state = prepare(framework, workload)
    answer(state)
    return serve(timer, sys.stdin, answer) if timer else None


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the harness, which then closes the pipe
    main(*sys.argv[1:])
