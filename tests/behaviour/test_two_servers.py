"""Two real servers on sockets, one on Flask and one on wsgiapp, take turns with one visitor's session."""

import http.client
import http.cookiejar
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SERVER = Path(__file__).with_name("session_server.py")


def start(name: str) -> tuple[subprocess.Popen[str], str]:
    """The process and address of a server of the framework `name`, ready to answer."""
    process = subprocess.Popen([sys.executable, str(SERVER), name], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, f"http://127.0.0.1:{int(process.stdout.readline())}"


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, str]]:
    """The address of each framework's server."""
    started = {name: start(name) for name in ("flask", "wsgiapp")}
    yield {name: address for name, (_, address) in started.items()}
    for process, _ in started.values():
        process.terminate()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


class Visitor:
    """A browser with one cookie jar, which takes both servers for one site (cookies do not know ports)."""

    def __init__(self, servers: dict[str, str]) -> None:
        self.servers = servers
        self.jar = http.cookiejar.CookieJar()
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def ask(self, server: str, path: str) -> Any:
        with self.browser.open(self.servers[server] + path, timeout=10) as response:
            answer = json.load(response)
        assert answer["by"] == server
        return answer


ORDERS = [("flask", "wsgiapp"), ("wsgiapp", "flask")]


@pytest.mark.parametrize(("one", "two"), ORDERS)
def test_each_server_reads_what_the_other_wrote(servers: dict[str, str], one: str, two: str) -> None:
    visitor = Visitor(servers)
    visitor.ask(one, "/put/user/kiran")
    assert visitor.ask(two, "/show")["session"] == {"user": "'kiran'"}


@pytest.mark.parametrize(("one", "two"), ORDERS)
def test_servers_change_one_session_in_turn(servers: dict[str, str], one: str, two: str) -> None:
    visitor = Visitor(servers)
    for number in range(10):
        visitor.ask((one, two)[number % 2], f"/append/{number}")
    for server in (one, two):
        shown = visitor.ask(server, "/show")["session"]
        assert shown == {"trail": repr(tuple("0123456789")), "raw": "b'9'"}


@pytest.mark.parametrize(("one", "two"), ORDERS)
def test_message_flashed_by_one_is_shown_by_the_other(servers: dict[str, str], one: str, two: str) -> None:
    visitor = Visitor(servers)
    visitor.ask(one, "/flash/hello")
    assert visitor.ask(two, "/flashed")["messages"] == [[one, "hello"]]
    assert visitor.ask(one, "/flashed")["messages"] == []


@pytest.mark.parametrize(("one", "two"), ORDERS)
def test_permanent_session_is_refreshed_by_the_other(servers: dict[str, str], one: str, two: str) -> None:
    visitor = Visitor(servers)
    visitor.ask(one, "/permanent")
    visitor.ask(two, "/put/a/1")
    (cookie,) = visitor.jar
    assert cookie.expires is not None
    assert visitor.ask(one, "/show")["session"] == {"_permanent": "True", "a": "'1'"}


@pytest.mark.parametrize(("one", "two"), ORDERS)
def test_session_cleared_by_one_is_gone_for_the_other(servers: dict[str, str], one: str, two: str) -> None:
    visitor = Visitor(servers)
    visitor.ask(one, "/put/a/1")
    visitor.ask(two, "/clear")
    assert list(visitor.jar) == []
    assert visitor.ask(one, "/show")["session"] == {}


def test_servers_send_the_same_headers(servers: dict[str, str]) -> None:
    """But for the date and what is in the cookie."""
    seen = []
    for address in servers.values():
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)
        connection.request("GET", "/put/a/1")
        response = connection.getresponse()
        response.read()
        connection.close()
        headers = [(name, value.split("=")[0]) for name, value in response.getheaders() if name != "Date"]
        seen.append((response.status, [(n, v) for n, v in headers if n != "Content-Length"]))
    assert seen[0] == seen[1]
