"""The load generator: one process that keeps a number of connections busy, and ends by itself.

``python -m benchmarks.client PORT WORKLOAD CONNECTIONS SECONDS REQUESTS`` prints one line of JSON. Each connection
sends its next request when its answer is whole (a closed loop), until the time or the number of requests is reached.
It must cost less than the server that it drives, so an answer is parsed once and then known by its length.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from benchmarks.worker import ENVIRON
from benchmarks.workloads import BY_NAME, Workload

HOST = "127.0.0.1"
PATIENCE = 10.0
LAST_CHUNK = b"\r\n0\r\n\r\n"


class BrokenAnswerError(Exception):
    """The server answered otherwise than it should, or not at all."""


def request_bytes(workload: Workload, cookie: str = "") -> bytes:
    """The workload's request with a browser's usual headers."""
    names = ("HOST", "USER_AGENT", "ACCEPT", "ACCEPT_LANGUAGE", "ACCEPT_ENCODING", "CONNECTION")
    headers = {name.replace("_", "-").title(): ENVIRON[f"HTTP_{name}"] for name in names}
    if cookie:
        headers["Cookie"] = cookie
    if workload.method == "POST":
        headers |= {"Content-Type": workload.content_type, "Content-Length": str(len(workload.body))}
    lines = [f"{workload.method} {workload.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + workload.body


def parse(data: bytes) -> tuple[int, dict[str, str], int]:
    """Status, headers (lower case) and the length of the whole answer; the length is 0 while it is not known yet.

    :raises BrokenAnswerError: for an answer that neither says its length nor comes in chunks.
    """
    head, separator, _ = data.partition(b"\r\n\r\n")
    if not separator:
        return 0, {}, 0
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    status = int(first.split()[1])
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return status, headers, len(data) if data.endswith(LAST_CHUNK) else 0
    if "content-length" not in headers:
        raise BrokenAnswerError(f"an answer without a Content-Length: {first}")
    return status, headers, len(head) + 4 + int(headers["content-length"])


def body_of(headers: dict[str, str], data: bytes) -> bytes:
    """The body of a whole answer, put together where it came in chunks."""
    _, _, rest = data.partition(b"\r\n\r\n")
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return rest
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        count = int(size, 16)
        body, rest = body + rest[:count], rest[count + 2 :]
    return body


def ask_once(port: int, request: bytes) -> tuple[dict[str, str], bytes]:
    """One request on a connection of its own, answered in full: its headers and the whole answer."""
    with socket.create_connection((HOST, port), PATIENCE) as connection:
        connection.sendall(request)
        data, length = b"", 0
        while not length or len(data) < length:
            more = connection.recv(65536)
            if not more:
                raise BrokenAnswerError(f"the connection ended within the answer {data[:80]!r}")
            data += more
            status, headers, length = parse(data)
    if status != 200:
        raise BrokenAnswerError(f"status {status}")
    return headers, data


@dataclass
class Connection:
    """One connection to the server, and the request that is under way on it."""

    port: int
    request: bytes
    length: int
    closing: bool
    socket: socket.socket = field(init=False)
    since: float = 0.0
    data: bytes = b""

    def __post_init__(self) -> None:
        self.socket = socket.create_connection((HOST, self.port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self) -> None:
        """Start the next request."""
        self.since = time.perf_counter()
        self.data = b""
        self.socket.send(self.request)

    def receive(self) -> bool:
        """Take what has come; True when the answer is whole.

        :raises BrokenAnswerError: for any other answer than the expected one.
        """
        data = self.socket.recv(65536)
        if len(data) == self.length and not self.data:  # by far the usual case
            return data.startswith(b"HTTP/1.1 200")
        self.data += data
        status, _, length = parse(self.data)
        if not data or (length and (status != 200 or len(self.data) > length)):
            raise BrokenAnswerError(f"the server sent {self.data[:200]!r}")
        return len(self.data) == length

    def renew(self) -> None:
        """A new connection in place of the one that the server closes after its answer."""
        self.socket.close()
        self.__post_init__()


@dataclass
class Load:
    """What to do: how many connections, for how long at most, how many requests at most."""

    port: int
    workload: Workload
    connections: int
    seconds: float
    requests: int

    def prepare(self) -> tuple[bytes, int, bool]:
        """The request, its answer's length, and whether the server closes after each; asked of the server."""
        request = request_bytes(self.workload)
        headers, data = ask_once(self.port, request)
        if self.workload.carried == "cookie":
            request = request_bytes(self.workload, headers["set-cookie"].partition(";")[0])
            headers, data = ask_once(self.port, request)
        return request, len(data), headers.get("connection", "").lower() == "close"

    def run(self) -> dict[str, Any]:
        """Keep the connections busy; returns the number of answers, the seconds, and each answer's latency in ms."""
        prepared = self.prepare()
        connections = [Connection(self.port, *prepared) for _ in range(self.connections)]
        try:
            return self.drive(connections)
        finally:
            for connection in connections:
                connection.socket.close()

    def drive(self, connections: list[Connection]) -> dict[str, Any]:
        """The closed loop."""
        selector = selectors.DefaultSelector()
        latencies: list[float] = []
        cpu, start = time.process_time(), time.perf_counter()
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        while len(latencies) < self.requests and time.perf_counter() < start + self.seconds:
            events = selector.select(PATIENCE)
            if not events:
                raise BrokenAnswerError(f"no answer within {PATIENCE:g} s")
            for key, _ in events:
                if key.data.receive():
                    latencies.append(time.perf_counter() - key.data.since)
                    self.go_on(key.data, selector)
        seconds = time.perf_counter() - start
        busy = (time.process_time() - cpu) / seconds
        selector.close()
        return {"answers": len(latencies), "seconds": seconds, "client_busy": busy} | percentiles(latencies)

    def go_on(self, connection: Connection, selector: selectors.BaseSelector) -> None:
        """Send the next request, on a new connection where the server ends each."""
        since = time.perf_counter()
        if connection.closing:
            selector.unregister(connection.socket)
            connection.renew()
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send()
        connection.since = since  # the time to connect belongs to the request


def percentiles(latencies: list[float]) -> dict[str, float]:
    """The latencies, in milliseconds, that half and all but one in a hundred of the answers stay below."""
    ordered = sorted(latencies)
    return {f"p{share}_ms": ordered[len(ordered) * share // 100] * 1e3 for share in (50, 99)}


def main(port: str, workload: str, connections: str, seconds: str, requests: str) -> None:
    """Run one load, print its figures."""
    print(json.dumps(Load(int(port), BY_NAME[workload], int(connections), float(seconds), int(requests)).run()))


if __name__ == "__main__":
    main(*sys.argv[1:])
