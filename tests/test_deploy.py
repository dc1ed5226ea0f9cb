"""Requirements of `deploy/`: two instances and a PostgreSQL behind nginx serve one shop, whichever of them answers.

All of it is started from the files in `deploy/`, of which only ports, paths, secrets and a few times are replaced.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import runpy
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from postgres import Cluster, programs, running_postgres
from servers import (
    HOST,
    ROOT,
    STOP_SECONDS,
    Answer,
    Server,
    Visitor,
    lack,
    require,
    reserved_port,
    wait_until_listening,
)
from wsgiapp import request
from wsgiapp.rest.problems import title_of
from wsgiapp.shop import HEADERS, create_app, limits, selling, settings, store

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd and a whole network of loopback are Linux's")

DEPLOY = ROOT / "deploy"
WORKERS, THREADS = 2, 2
ELSEWHERE = "127.0.0.2"  # a visitor's address that is not the proxy's
FORGED = "203.0.113.9"
UPLOADS = {"selling.sell": "/sell", "selling.edit": "/products/1/edit"}  # the forms that may carry a picture
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 256; }}
http {{
    include /etc/nginx/mime.types; access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/shop.conf;
}}
"""


def read(name: str, **replaced: str) -> str:
    """A file of `deploy/` with some of it replaced; what is to be replaced and not there fails the test."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for old, new in replaced.items():
        assert old in text, f"deploy/{name} has no {old}"
        text = text.replace(old, new)
    return text


def unit_setting(name: str, key: str) -> str:
    """What a unit sets *key* to."""
    return re.findall(rf"^{key}=(.*)$", read(name), re.MULTILINE)[-1]


def settings_of_the_example(**own: str) -> dict[str, str]:
    """The environment that `deploy/wsgiapp-shop.env` makes, with what each installation writes for itself."""
    lines = [line for line in read("wsgiapp-shop.env").splitlines() if line and not line.startswith("#")]
    example = dict(line.split("=", 1) for line in lines)
    assert example.keys() >= own.keys()
    return {**os.environ, **{name: "".join(shlex.split(value)) for name, value in example.items()}, **own}


class Instance:
    """One instance of the shop, started as its unit says, in a process group of its own."""

    def __init__(self, port: int, folder: Path, environment: dict[str, str]) -> None:
        self.port = port
        self.folder = folder
        self.environment = environment
        self.server: Server | None = None

    @property
    def log(self) -> str:
        return (self.folder / f"{self.port}.log").read_text(encoding="utf-8")

    def start(self, **more: Any) -> None:
        home = "/srv/wsgiapp-shop"
        command = unit_setting("wsgiapp-shop@.service", "ExecStart")
        for old, new in {
            f"{home}/.venv/bin/gunicorn": f"{sys.executable} -m gunicorn", home: str(ROOT), "%i": str(self.port)
        }.items():  # fmt: skip
            assert old in command
            command = command.replace(old, new)
        log = self.folder / f"{self.port}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                shlex.split(command), cwd=self.folder, env=self.environment, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True, **more,
            )  # fmt: skip
        self.server = Server(self.port, process, log)
        wait_until_listening(self.server)

    def terminate(self) -> int:
        """Stop as systemd does; return the exit code."""
        assert self.server is not None
        return self.server.stop()

    def kill(self) -> None:
        """End all of its processes at once, whatever they do."""
        if self.server is not None:
            with contextlib.suppress(ProcessLookupError):  # all of them have ended
                os.killpg(self.server.process.pid, signal.SIGKILL)
            self.server.process.wait()
            while is_open(self.port):  # the last of them holds the port for a moment longer
                time.sleep(0.01)


def is_open(port: int) -> bool:
    """Tell whether anybody listens on *port*."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


class Site:
    """nginx on `port`, and what stands behind it."""

    def __init__(self, port: int, folder: Path, instances: list[Instance], cluster: Cluster) -> None:
        self.port = port
        self.folder = folder
        self.instances = instances
        self.cluster = cluster

    def log(self, request: str = "", since: int = 0, awaited: int = 0) -> list[list[str]]:
        """nginx's log of a *request* (such as ``GET /cart``) from the line *since* on: the instances asked, if any.

        nginx writes a line after the answer was sent: so many *awaited* ones are waited for.
        """
        deadline = time.monotonic() + 5
        while True:
            text = (self.folder / "access.log").read_text("utf-8")
            lines = [line for line in text.splitlines() if f'"{request}' in line][since:]
            if len(lines) >= awaited:
                break
            assert time.monotonic() < deadline, f"nginx wrote {len(lines)} lines, not {awaited}"
            time.sleep(0.02)
        found = [re.findall(r'"([^"]*)" "[^"]*"$', line)[0] for line in lines]
        return [[each for each in asked.split(", ") if each != "-"] for asked in found]

    def revive(self) -> None:
        """Start again what a test has ended."""
        for instance in self.instances:
            if instance.server is None or instance.server.process.poll() is not None:
                instance.start()
                self.wait_for(instance)

    def wait_for(self, instance: Instance) -> None:
        """Return once nginx gives requests to *instance* again."""
        deadline, once = time.monotonic() + 10, "HEAD /api/products/1"
        while True:
            before = len(self.log(once))
            for _ in self.instances:
                Visitor(self.port).send("HEAD", "/api/products/1")
            last = [asked[-1] for asked in self.log(once, before, len(self.instances))]
            if f"{HOST}:{instance.port}" in last:
                return
            assert time.monotonic() < deadline, "nginx does not come back to an instance that answers"
            time.sleep(0.1)


def nginx() -> str:
    """The program; without it the tests end as in `servers.lack`."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        lack("needs nginx, which is not installed (Debian: nginx-light)")
    return str(program)


@contextlib.contextmanager
def running_nginx(port: int, folder: Path, instances: list[Instance]) -> Iterator[None]:
    """nginx with `deploy/nginx.conf`, on *port*, with all that it writes in *folder*; root becomes nobody for it."""
    owner: dict[str, Any] = {}
    if os.geteuid() == 0:
        import pwd  # Windows has none

        account = pwd.getpwnam("nobody")
        os.chown(folder, account.pw_uid, account.pw_gid)
        owner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    shutil.copytree(ROOT / "wsgiapp" / "shop" / "static", folder / "shop" / "static")
    replaced = {
        "listen 80": f"listen {HOST}:{port}",
        "127.0.0.1:8001": f"{HOST}:{instances[0].port}",
        "127.0.0.1:8002": f"{HOST}:{instances[1].port}",
        "shop.example;": f"{HOST};",
        "/srv/wsgiapp-shop/wsgiapp/shop": f"{folder}/shop",
        "/var/log/nginx/wsgiapp-shop.log": f"{folder}/access.log",
        "fail_timeout=5s": "fail_timeout=1s",
        "client_header_timeout 10s": "client_header_timeout 1s",
    }
    (folder / "shop.conf").write_text(read("nginx.conf", **replaced), "utf-8")
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder), "utf-8")
    command = [nginx(), "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, **owner)
    try:
        wait_until_listening(Server(port, process, log))
        yield
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


@pytest.fixture(scope="module")
def started() -> Iterator[Site]:
    """PostgreSQL, two instances and nginx, running until the end of the module."""
    nginx()
    with ExitStack() as stack:
        cluster = stack.enter_context(running_postgres())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wsgiapp-deploy-")))
        public = folder / "nginx"
        public.mkdir()
        folder.chmod(0o755)
        environment = settings_of_the_example(
            SECRET_KEY="key-of-the-tests-0123456789", API_TOKEN="token-of-the-tests", WEB_CONCURRENCY=str(WORKERS),
            DATABASE_URL=cluster.create("shop"), WEB_THREADS=str(THREADS), FORWARDED_ALLOW_IPS=HOST,
        )  # fmt: skip
        environment |= {"PYTHONPATH": str(ROOT), "INSTANCE_PATH": str(folder / "instance"), "PYTHONUNBUFFERED": "1"}
        ports = [stack.enter_context(reserved_port()) for _ in range(3)]
        instances = [Instance(port, folder, environment) for port in ports[:2]]
        for instance in instances:
            stack.callback(instance.kill)
            instance.start()
        stack.enter_context(running_nginx(ports[2], public, instances))
        assert Visitor(ports[2]).get("/").status == 200  # there are tables, and a connection to them
        yield Site(ports[2], public, instances, cluster)


@pytest.fixture
def site(started: Site) -> Site:
    """The same with both instances running, whatever the tests before did to them."""
    started.revive()
    return started


def head(port: int, lines: list[str], source: str = HOST) -> socket.socket:
    """A connection on which the head of a request, and nothing else, was sent."""
    connection = socket.create_connection((HOST, port), timeout=20, source_address=(source, 0))
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection


def everything(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    with connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


# -- a visitor between the instances -------------------------------------------------------------


def test_cart_login_and_order_survive_the_move_to_the_other_instance_and_the_kill_of_one(site: Site) -> None:
    one, other = site.instances
    visitor = Visitor(site.port)
    assert visitor.post_form("/cart/add", "/products/1", product_id=1, quantity=2).status == 303
    registered = visitor.post_form("/register", "/register", name="Ada", password="a long password")
    assert registered.status == 303
    assert_at_home(visitor, pieces=2)
    assert {asked[0] for asked in site.log("GET /account", awaited=3)} == {
        f"{HOST}:{each.port}" for each in (one, other)
    }

    one.kill()
    changed = visitor.post_form("/cart/update", "/cart", product_id=1, quantity=1)
    assert changed.status == 303
    assert_at_home(visitor, pieces=1)
    number = order(visitor)

    site.revive()
    other.kill()
    for _ in range(3):
        assert visitor.get("/account").status == 200
        assert visitor.get(f"/orders/{number}").status == 200


def assert_at_home(visitor: Visitor, pieces: int) -> None:
    """Whichever instance is asked, it knows who the visitor is and what is in the cart."""
    assert [visitor.get("/account").status for _ in range(3)] == [200] * 3
    for _ in range(3):
        assert re.search(rf'<input[^>]*name="quantity"[^>]*value="{pieces}"', visitor.get("/cart").text)


def order(visitor: Visitor) -> str:
    """Buy what is in the cart and return the order's number."""
    page = visitor.get("/checkout").text
    fields = dict(re.findall(r'<input type="hidden" name="(key|lines)" value="([^"]*)"', page))
    bought = visitor.post_form("/checkout", "/checkout", **fields)
    assert bought.status == 303
    assert bought.headers["location"].startswith("/orders/")
    return bought.headers["location"].rpartition("/")[2]


@pytest.mark.parametrize(("method", "is_repeated"), [("GET", True), ("POST", False), ("PUT", False), ("DELETE", False)])
def test_only_a_safe_request_is_repeated_when_an_instance_takes_it_and_does_not_answer(
    started: Site, method: str, is_repeated: bool
) -> None:
    broken = started.instances[1]
    broken.kill()
    taken = threading.Event()

    def take() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            taken.set()

    with socket.create_server((HOST, broken.port)) as listener:
        threading.Thread(target=take, daemon=True).start()
        deadline = time.monotonic() + 10
        while not taken.is_set():  # it may be another instance's turn, or be left out for a second
            assert time.monotonic() < deadline, "nothing is sent to the instance"
            before = len(started.log(f"{method} /api/products/2"))
            answer = Visitor(started.port).send(method, "/api/products/2")
            asked = started.log(f"{method} /api/products/2", before, 1)[0]
    assert (answer.status, len(asked)) == ((200, 2) if is_repeated else (502, 1))
    if not is_repeated:
        assert_problem(answer)


def assert_problem(answer: Answer) -> None:
    """What nginx sends below /api/ is a problem document (RFC 9457)."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    shown = json.loads(answer.body)
    assert shown.keys() == {"type", "title", "status", "detail"}
    assert (shown["type"], shown["title"], shown["status"]) == ("about:blank", title_of(answer.status), answer.status)


@pytest.mark.parametrize("is_there", [False, True], ids=["a page", "the API"])
def test_when_no_instance_is_there_a_program_gets_a_problem_and_a_reader_a_page(site: Site, is_there: bool) -> None:
    for instance in site.instances:
        instance.kill()
    answer = Visitor(site.port).get("/api/products" if is_there else "/")
    assert answer.status == 502
    if is_there:
        assert_problem(answer)
    else:
        assert answer.headers["content-type"] == "text/html"


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_program_whose_body_is_too_large_gets_a_problem(site: Site, method: str) -> None:
    length = f"Content-Length: {1024**2 + 1}"
    lines = [f"{method} /api/products/1 HTTP/1.1", f"Host: {HOST}", length, "Connection: close"]
    with head(site.port, lines) as connection, http.client.HTTPResponse(connection) as response:
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, headers, response.read())
    assert answer.status == 413
    assert_problem(answer)


def test_whatever_nginx_refuses_below_the_api_has_a_problem_of_its_own() -> None:
    places = re.findall(r"location @api_(\d+) \{.*?return (\d+) '(.*?)\\n';", read("nginx.conf"), re.DOTALL)
    assert {name for name, _, _ in places} == {"413", "502", "503", "504"}
    for name, status, text in places:
        shown = json.loads(text)
        assert (shown["status"], shown["title"]) == (int(name), title_of(int(status)))
    assert {*re.findall(r"error_page (\d+) (?:= )?@api_\1;", read("nginx.conf"))} == {name for name, _, _ in places}


def test_instances_with_the_same_secrets_take_each_others_sessions_and_the_token(site: Site) -> None:
    one, other = (Visitor(instance.port) for instance in site.instances)
    one.post_form("/cart/add", "/products/2", product_id=2, quantity=3)
    other.cookies = one.cookies
    assert re.search(r'<input[^>]*name="quantity"[^>]*value="3"', other.get("/cart").text)
    for each in (one, other):
        refused = each.send("POST", "/api/products", b"{}", Authorization="Bearer token-of-the-tests")
        assert refused.status == 415  # the token was right, the type of the body was not


# -- what nginx does itself ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "most"), [("/cart/add", 1024**2), *((path, 7 * 1024**2) for path in UPLOADS.values())]
)
def test_a_body_over_the_limit_is_refused_before_it_is_sent_and_no_instance_is_asked(
    site: Site, path: str, most: int
) -> None:
    before = len(site.log(f"POST {path}"))
    start = [f"POST {path} HTTP/1.1", f"Host: {HOST}", "Content-Type: text/plain", "Connection: close"]
    with head(site.port, [*start, f"Content-Length: {most + 1}"]) as connection:
        assert connection.recv(13) == b"HTTP/1.1 413 "
    assert site.log(f"POST {path}", before, 1) == [[]]
    with head(site.port, [*start, f"Content-Length: {most}"]) as connection:
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):  # it waits for the body
            connection.recv(1)


def test_a_picture_that_the_shop_takes_is_within_the_limit(tmp_path: Path) -> None:
    config = create_app({"INSTANCE_PATH": str(tmp_path)}).config
    assert set(selling.WITH_PICTURE) == UPLOADS.keys()
    assert 2 * config["PICTURE_BYTES"] + config["MAX_FORM_MEMORY_SIZE"] <= 7 * 1024**2
    assert config["MAX_CONTENT_LENGTH"] <= 1024**2


def test_static_files_come_from_nginx_as_the_shop_sends_them(site: Site) -> None:
    visitor, shop = Visitor(site.port), Visitor(site.instances[0].port)
    link = re.findall(r'href="(/static/shop\.css\?v=[^"]+)"', visitor.get("/").text)[0]
    plain = link.partition("?")[0]
    for address in (link, plain):
        served, own = visitor.get(address), shop.get(address)
        for name in ("content-type", "cache-control", *map(str.lower, HEADERS)):
            assert served.headers[name] == own.headers[name], name
        assert served.body == own.body
    again = visitor.send("GET", plain, If_None_Match=visitor.get(plain).headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert visitor.send("GET", plain, Accept_Encoding="gzip").headers["content-encoding"] == "gzip"
    assert site.log("GET /static/shop.css", awaited=5) == [[]] * 5


def test_a_static_file_that_is_not_there_is_404_from_the_shop(site: Site) -> None:
    missing = Visitor(site.port).get("/static/../static/none.css?v=1")
    assert missing.status == 404
    assert missing.text.rstrip().endswith("</html>")
    assert "immutable" not in missing.headers.get("cache-control", "")


def test_a_name_that_is_not_the_shops_is_misdirected(site: Site) -> None:
    assert Visitor(site.port).send("GET", "/", Host="elsewhere.example").status == 421


def test_health_is_asked_of_each_instance_and_no_business_of_visitors(site: Site) -> None:
    assert Visitor(site.port).get("/health").status == 404
    assert [Visitor(instance.port).get("/health").status for instance in site.instances] == [200, 200]


def test_slow_visitors_hold_no_thread_of_an_instance(site: Site) -> None:
    form = "Content-Type: application/x-www-form-urlencoded"
    lines = ["POST /cart/add HTTP/1.1", f"Host: {HOST}", form, "Content-Length: 100"]
    with ExitStack() as stack:
        for _ in range(2 * WORKERS * THREADS + 4):
            stack.enter_context(head(site.port, lines)).sendall(b"half of")
        begin = time.monotonic()
        assert {Visitor(site.port).get("/api/products/1").status for _ in range(4)} == {200}
        assert time.monotonic() - begin < 5


def test_who_does_not_finish_the_head_of_a_request_is_disconnected(site: Site) -> None:
    with socket.create_connection((HOST, site.port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost:")
        begin = time.monotonic()
        assert connection.recv(65536)[:12] in {b"", b"HTTP/1.1 408"}
        assert 0.5 < time.monotonic() - begin < 5


# -- whose address it is -------------------------------------------------------------------------


def wrong_password(port: int, **headers: str) -> Answer:
    """An attempt to sign in from ELSEWHERE, which is counted for the address that the shop takes it to come from."""

    def send(method: str, body: str | None, more: dict[str, str]) -> tuple[http.client.HTTPResponse, str]:
        connection = http.client.HTTPConnection(HOST, port, timeout=20, source_address=(ELSEWHERE, 0))
        with contextlib.closing(connection):
            connection.request(method, "/login", body, {**headers, **more})
            response = connection.getresponse()
            return response, response.read().decode()

    page, text = send("GET", None, {})
    token = re.findall(r'name="csrf_token" value="([^"]+)"', text)[0]
    cookie = (page.headers["Set-Cookie"] or "").partition(";")[0]
    form = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    answer, text = send("POST", f"name=nobody&password=wrong&csrf_token={token}", form)
    return Answer(answer.status, dict(answer.headers), text.encode())


@pytest.mark.parametrize("by_way_of", ["nginx", "no proxy"])
def test_a_forged_address_is_not_believed(site: Site, by_way_of: str) -> None:
    port = site.port if by_way_of == "nginx" else site.instances[0].port
    forged = {"X-Forwarded-For": FORGED, "X-Forwarded-Proto": "https", "Forwarded": f"for={FORGED}"}
    with site.cluster.connect("shop") as database:
        database.execute("DELETE FROM attempt")
        assert wrong_password(port, **forged).status == 422
        counted = {key for (key,) in database.execute("SELECT key FROM attempt")}
    assert limits.key_of("login", ELSEWHERE) in counted
    assert limits.key_of("login", FORGED) not in counted
    logs = "".join(instance.log for instance in site.instances)
    assert f"\n{ELSEWHERE} [" in logs
    assert FORGED not in logs


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "192.0.2.1", ["127.0.0.1", "http", "localhost"]),
        (1, "192.0.2.1", ["192.0.2.1", "https", "shop.example"]),
        (1, "203.0.113.9, 192.0.2.1", ["192.0.2.1", "https", "shop.example"]),
        (2, "203.0.113.9, 192.0.2.7, 192.0.2.1", ["192.0.2.7", "http", "localhost"]),
    ],
)
def test_as_many_proxies_are_believed_as_are_said_to_be_there(
    tmp_path: Path, proxies: int, forwarded: str, seen: list[str]
) -> None:
    shop = create_app({"INSTANCE_PATH": str(tmp_path), "TRUSTED_PROXIES": proxies})
    shop.add_url_rule("/who", "who", lambda: [request.remote_addr, request.scheme, request.host])
    headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example"}
    assert shop.test_client().get("/who", headers=headers).json == seen


@pytest.mark.parametrize("number", [-1, 11, True, "1"])
def test_a_number_of_proxies_that_is_none_is_refused_when_the_shop_starts(tmp_path: Path, number: object) -> None:
    with pytest.raises(ValueError, match="TRUSTED_PROXIES is"):
        create_app({"INSTANCE_PATH": str(tmp_path), "TRUSTED_PROXIES": number})


@pytest.mark.parametrize(
    ("peer", "allowed", "is_one"),
    [
        ("127.0.0.1", ["127.0.0.1"], True),
        ("127.0.0.2", ["127.0.0.1"], False),
        ("10.1.2.3", ["127.0.0.1", "10.0.0.0/8"], True),
        ("::1", ["127.0.0.1", "::1"], True),
        ("192.0.2.1", ["*"], True),
        ("192.0.2.1", [], False),
    ],
)
def test_a_proxy_is_known_by_its_address(peer: str, allowed: list[str], is_one: bool) -> None:
    assert runpy.run_path(str(DEPLOY / "gunicorn.conf.py"))["is_proxy"](peer, allowed) is is_one


# -- load, and the end ---------------------------------------------------------------------------


def test_the_instances_hold_no_more_connections_to_the_database_than_they_have_threads(site: Site) -> None:
    open_now = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND pid <> pg_backend_pid()"
    counts = []
    with site.cluster.connect("shop") as database, ThreadPoolExecutor(16) as visitors:
        answers = [visitors.submit(Visitor(site.port).get, "/api/products?limit=5") for _ in range(64)]
        while not all(answer.done() for answer in answers):
            counts.append(database.execute(open_now.encode()).fetchone()[0])  # type: ignore[index]
            time.sleep(0.02)
    assert {answer.result().status for answer in answers} == {200}
    assert 1 <= max(counts) <= 2 * WORKERS * THREADS


def test_an_instance_that_is_stopped_answers_what_is_in_flight_first(site: Site) -> None:
    stopped = site.instances[1]
    with ThreadPoolExecutor(2) as visitors:
        slow = [visitors.submit(Visitor(site.port).get, "/threads?tasks=8&threads=1") for _ in range(2)]
        time.sleep(0.4)
        assert not any(answer.done() for answer in slow)
        stopping = threading.Thread(target=stopped.terminate)
        stopping.start()
        meanwhile = []
        while stopping.is_alive():
            meanwhile.append(Visitor(site.port).get("/api/products/1").status)
            time.sleep(0.02)
        assert [answer.result().status for answer in slow] == [200, 200]
    assert meanwhile
    assert set(meanwhile) == {200}
    assert stopped.server is not None
    assert stopped.server.process.returncode == 0
    assert [f"{HOST}:{stopped.port}"] in site.log("GET /threads", awaited=2)


def test_connections_wait_in_systemds_socket_while_an_instance_restarts(started: Site) -> None:
    """The port is held here, as the unit `wsgiapp-shop@.socket` does, and handed on as file 3."""
    environment = started.instances[0].environment
    with socket.create_server((HOST, 0), backlog=8) as held, tempfile.TemporaryDirectory() as folder:
        port = held.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "--config", str(DEPLOY / "gunicorn.conf.py"), "wsgiapp.shop:app"]
        handed = f"export LISTEN_FDS=1 LISTEN_PID=$$; exec {shlex.join(command)} 3<&{held.fileno()}"
        with head(port, ["GET /api/products/1 HTTP/1.1", f"Host: {HOST}", "Connection: close"]) as early:
            process = subprocess.Popen(
                ["/bin/bash", "-c", handed], cwd=folder, env=environment | {"WEB_CONCURRENCY": "1"},
                pass_fds=[held.fileno()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            try:
                assert everything(early).startswith(b"HTTP/1.1 200 ")
            finally:
                process.terminate()
                process.wait(STOP_SECONDS)
        head(port, ["GET / HTTP/1.1", f"Host: {HOST}"]).close()  # the port is still there


# -- systemd -------------------------------------------------------------------------------------


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([require("systemd-analyze"), *arguments], capture_output=True, text=True, check=False)


def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    for name in ("wsgiapp-shop@.service", "wsgiapp-shop@.socket"):
        text = read(name).replace("/srv/wsgiapp-shop/.venv/bin/gunicorn", sys.executable)
        (tmp_path / name.replace("@", "@8001")).write_text(text.replace("/srv/wsgiapp-shop", str(ROOT)), "utf-8")
    checked = analyze("verify", "--man=no", *map(str, sorted(tmp_path.iterdir())))
    assert (checked.returncode, checked.stderr) == (0, "")
    rated = analyze("security", "--offline=true", "--threshold=20", str(tmp_path / "wsgiapp-shop@8001.service"))
    assert rated.returncode == 0, rated.stdout + rated.stderr


def test_systemd_waits_longer_for_the_end_than_gunicorn_does() -> None:
    configured = runpy.run_path(str(DEPLOY / "gunicorn.conf.py"))
    assert int(unit_setting("wsgiapp-shop@.service", "TimeoutStopSec")) > configured["graceful_timeout"]


# -- backups -------------------------------------------------------------------------------------


def command_of_the_page(start: str) -> str:
    """The line of docs/deploy.md that begins so."""
    lines = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith(start))


def run_in(folder: Path, command: str, **variables: str) -> None:
    """Run a line in a shell that finds this Python and PostgreSQL's programs."""
    path = os.pathsep.join([str(Path(sys.executable).parent), str(programs()), os.environ["PATH"]])
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env={**os.environ, "PATH": path, **variables}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def name_of_product(number: int, url: str, folder: Path) -> str:
    """The name of a product in a shop on the database at *url*."""
    shop = create_app({"INSTANCE_PATH": str(folder), "DATABASE_URL": url})
    try:
        shown = shop.test_client().get(f"/api/products/{number}")
        assert shown.status_code == 200
        return str(shown.json["name"])
    finally:
        shop.extensions[store.EXTENSION].dispose()


def test_a_shop_on_sqlite_goes_on_from_its_backup(tmp_path: Path) -> None:
    name = name_of_product(1, f"sqlite:///{tmp_path}/shop.db", tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.execute("BEGIN IMMEDIATE")
        database.execute("UPDATE product SET name = 'Not committed' WHERE id = 1")
        run_in(tmp_path, command_of_the_page('python -c "import sqlite3'))  # while somebody writes
    assert name_of_product(1, f"sqlite:///{tmp_path}/backup.db", tmp_path) == name


def test_a_shop_on_postgresql_goes_on_from_its_backup(started: Site, tmp_path: Path) -> None:
    with started.cluster.connect("shop") as database:
        database.execute("UPDATE product SET name = 'In the backup' WHERE id = 3")
        run_in(tmp_path, command_of_the_page("pg_dump "), DATABASE_URL=started.cluster.url("shop"))
        database.execute("UPDATE product SET name = 'After the backup' WHERE id = 3")
    empty = started.cluster.create("restored")
    run_in(tmp_path, command_of_the_page("pg_restore "), EMPTY_DATABASE_URL=empty)
    assert name_of_product(3, empty, tmp_path) == "In the backup"


# -- keys ----------------------------------------------------------------------------------------


def shop_with_keys(folder: Path, key: str, *fallbacks: str) -> Any:
    return create_app({"INSTANCE_PATH": str(folder), "SECRET_KEY": key, "SECRET_KEY_FALLBACKS": list(fallbacks)})


def cart_after(folder: Path, made: tuple[str, ...], asked: tuple[str, ...]) -> bool:
    """Tell whether an instance with the keys *asked* reads the session that one with the keys *made* began."""
    first, second = shop_with_keys(folder, *made).test_client(), shop_with_keys(folder, *asked).test_client()
    token = re.findall(r'name="csrf_token" value="([^"]+)"', first.get("/products/1").text)[0]
    first.post("/cart/add", data={"product_id": 1, "quantity": 2, "csrf_token": token})
    cookie = first.get_cookie("session")
    assert cookie is not None
    second.set_cookie("session", cookie.value)
    return 'name="quantity"' in second.get("/cart").text


def test_the_key_is_changed_in_three_steps_and_nobody_is_signed_out(tmp_path: Path) -> None:
    steps = [("old",), ("old", "new"), ("new", "old"), ("new",)]
    for before, after in pairwise(steps):  # while one instance is a step ahead of the other
        assert cart_after(tmp_path, before, after)
        assert cart_after(tmp_path, after, before)
    assert not cart_after(tmp_path, ("new",), ("old",))


def test_the_token_of_the_api_is_changed_in_three_steps_and_no_program_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path))

    def status(token: str, *fallbacks: str, sent: str) -> int:
        monkeypatch.setenv("API_TOKEN", token)
        monkeypatch.setenv("SHOP_API_TOKEN_FALLBACKS", json.dumps(fallbacks))
        headers = {"Authorization": f"Bearer {sent}"}
        return int(create_app().test_client().post("/api/products", data="{}", headers=headers).status_code)

    steps = [("old",), ("old", "new"), ("new", "old"), ("new",)]
    for before, after in pairwise(steps):  # while one instance is a step ahead of the other, a program sends either
        shared = {*before} & {*after}
        assert [status(*each, sent=token) for each in (before, after) for token in shared] == [415] * 2 * len(shared)
    assert status("new", sent="old") == status("old", sent="new") == 401


def test_a_secret_that_only_this_machine_knows_is_named_where_others_may_serve_the_same_database(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("API_TOKEN", raising=False)
    for url, warned in ((f"sqlite:///{tmp_path}/shop.db", False), ("postgresql://shop@db.example/shop", True)):
        caplog.clear()
        shop = create_app({"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": url})
        assert settings.api_token(shop) == (tmp_path / "api_token").read_text("ascii").strip()
        assert ("set API_TOKEN in the environment of each" in caplog.text) is warned
