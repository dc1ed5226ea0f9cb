"""What Flask's users keep asking for: each answers more than Flask does, and nothing that Flask answers otherwise."""

import asyncio
import contextvars
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from markupsafe import Markup

import wsgiapp


def is_ours(framework: Any) -> bool:
    return framework.name == "wsgiapp"


# Templates -----------------------------------------------------------------------------------------------------------

ENDINGS = ["html", "htm", "xml", "xhtml", "svg"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("form", ["a.{}", "A.{}", "dir.x/a.b.{}"])
def test_known_endings_escape_on_both(framework: Any, ending: str, form: str) -> None:
    assert framework.App("asked").select_jinja_autoescape(form.format(ending)) is True


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("form", ["a.{}.j2", "a.{}.jinja", "a.{}.jinja2", "A.{}.J2"])
def test_endings_in_capitals_or_before_a_template_ending_escape(framework: Any, ending: str, form: str) -> None:
    for name in (form.format(ending), form.format(ending.upper()), f"a.{ending.upper()}"):
        assert framework.App("asked").select_jinja_autoescape(name) is is_ours(framework)


@pytest.mark.parametrize("name", ["a.txt", "a.txt.j2", "a.js.jinja", "html", "a.html.txt", "j2", "", "a.jinja"])
def test_other_endings_do_not_escape(framework: Any, name: str) -> None:
    assert framework.App("asked").select_jinja_autoescape(name) is False


def test_template_in_capitals_is_escaped(tmp_path: Any) -> None:
    (tmp_path / "PAGE.HTML.J2").write_text("{{ value }}")
    app = wsgiapp.App("asked", template_folder=str(tmp_path))
    with app.app_context():
        assert wsgiapp.render_template("PAGE.HTML.J2", value="<b>") == "&lt;b&gt;"
        assert wsgiapp.render_template("PAGE.HTML.J2", value=Markup("<b>")) == "<b>"


# IPv6 ----------------------------------------------------------------------------------------------------------------

HOSTS = [("[::1]:8080", "::1", 8080), ("[::1]", "::1", 80), ("localhost:81", "localhost", 81), ("a.test", "a.test", 80)]


@pytest.mark.parametrize(("host", "name", "port"), HOSTS)
def test_environ_splits_the_host_at_the_port(host: str, name: str, port: int) -> None:
    builder = wsgiapp.testing.EnvironBuilder(wsgiapp.App("asked"), base_url=f"http://{host}/")
    environ = builder.get_environ()
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"], environ["HTTP_HOST"]) == (name, str(port), host)


@pytest.mark.parametrize(("host", "name", "port"), HOSTS)
def test_run_listens_where_the_server_name_says(
    monkeypatch: pytest.MonkeyPatch, host: str, name: str, port: int
) -> None:
    asked: list[Any] = []
    monkeypatch.delenv("FLASK_RUN_FROM_CLI", raising=False)
    monkeypatch.setattr("werkzeug.serving.run_simple", lambda *args, **options: asked.extend(args[:2]))
    app = wsgiapp.App("asked")
    app.config["SERVER_NAME"] = host
    app.run(load_dotenv=False)
    assert asked == [name, port if ":" in host.rpartition("]")[2] else 5000]


@pytest.mark.parametrize(("host", "name", "port"), HOSTS)
def test_session_transaction_is_read_by_the_next_request(host: str, name: str, port: int) -> None:
    app = wsgiapp.App("asked")
    app.secret_key = "k"
    app.add_url_rule("/", "x", lambda: str(wsgiapp.session.get("a")))
    client = app.test_client()
    with client.session_transaction(base_url=f"http://{host}/") as session:
        session["a"] = 1
    assert client.get("/", base_url=f"http://{host}/").text == "1"


@pytest.mark.parametrize("subdomains", [False, True])
@pytest.mark.parametrize(("host", "name", "port"), HOSTS)
def test_urls_and_requests_of_a_server_name(host: str, name: str, port: int, subdomains: bool) -> None:
    app = wsgiapp.App("asked", subdomain_matching=subdomains)
    app.config["SERVER_NAME"] = host
    app.add_url_rule("/x", "x", lambda: wsgiapp.url_for("x", _external=True))
    with app.app_context():
        assert app.url_for("x") == f"http://{host}/x"
    assert app.test_client().get("/x").text == f"http://{host}/x"
    with app.test_request_context("/x"):
        assert wsgiapp.request.host == host


@pytest.mark.parametrize(
    ("host", "parts"),
    [("", ("", "")), ("a:1", ("a", "1")), ("[", ("[", "")), ("[a]:", ("a", "")), ("[a]:1", ("a", "1"))],
)
def test_any_host_is_split(host: str, parts: tuple[str, str]) -> None:
    assert wsgiapp.hosts.host_and_port(host) == parts


# Routing -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", [False, True])
@pytest.mark.parametrize("by", ["argument", "attribute"])
def test_automatic_options_that_were_asked_for_are_given(framework: Any, setting: bool, by: str) -> None:
    def view() -> str:
        return "view"

    app = framework.App("asked")
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = setting
    if by == "attribute":
        view.provide_automatic_options = True
    app.add_url_rule("/", "x", view, provide_automatic_options=True if by == "argument" else None)
    response = app.test_client().options("/")
    assert response.status_code == (200 if is_ours(framework) else 405)
    assert sorted(response.allow) == (["GET", "HEAD", "OPTIONS"] if is_ours(framework) else ["GET", "HEAD"])


@pytest.mark.parametrize("value", [1e-7, 1.5e-10, 1e22, 1.5e300, 0.1, 1.0, 12345.678, 5e-324])
def test_float_in_a_url_is_found_again(value: float) -> None:
    app = wsgiapp.App("asked")
    app.add_url_rule("/<float:value>", "x", lambda value: repr(value))
    with app.test_request_context():
        url = wsgiapp.url_for("x", value=value)
    assert "e" not in url
    assert app.test_client().get(url).text == repr(value)


@pytest.mark.parametrize("value", [0.1, 1.0, 12345.678, 7, "2.5"])
def test_plain_float_has_the_url_that_flask_gives(both: Any, value: Any) -> None:
    def url(framework: Any) -> str:
        app = framework.App("asked")
        app.add_url_rule("/<float:value>", "x", lambda value: repr(value))
        with app.test_request_context():
            return framework.url_for("x", value=value)

    ours, theirs = map(url, both)
    assert ours == theirs


# Answers -------------------------------------------------------------------------------------------------------------


def file_app(framework: Any, make: Any, **options: Any) -> Any:
    app = framework.App("asked")
    app.add_url_rule("/", "x", lambda: framework.send_file(make(), mimetype="text/plain", **options))
    return app


@pytest.fixture
def file(tmp_path: Any) -> Any:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    return path


@pytest.mark.parametrize("buffering", [0, -1])
@pytest.mark.parametrize(
    ("asked", "status", "body", "told"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"), ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=8-", 206, b"89", "bytes 8-9/10"), ("bytes=20-", 416, None, "bytes */10"),
        ("lines=1-2", 416, None, "bytes */10"), (None, 200, b"0123456789", None),
    ],
)  # fmt: skip
def test_part_of_an_open_file_is_sent(
    file: Any, buffering: int, asked: str | None, status: int, body: bytes | None, told: str | None
) -> None:
    app = file_app(wsgiapp, lambda: file.open("rb", buffering=buffering))
    with app.test_client().get("/", headers={"Range": asked} if asked else {}) as response:
        assert (response.status_code, response.headers.get("Content-Range")) == (status, told)
        assert body is None or response.data == body


def test_whole_open_file_is_sent_with_its_length(framework: Any, file: Any) -> None:
    with file_app(framework, lambda: file.open("rb")).test_client().get("/") as response:
        assert response.data == b"0123456789"
        assert response.content_length == (10 if is_ours(framework) else None)


def test_open_file_that_was_begun_is_sent_from_there(framework: Any, file: Any) -> None:
    def begun() -> Any:
        opened = file.open("rb")
        opened.read(4)
        return opened

    with file_app(framework, begun).test_client().get("/", headers={"Range": "bytes=0-1"}) as response:
        assert (response.status_code, response.data) == (200, b"456789")


class Pipe(io.RawIOBase):
    """A file of which no part can be sent."""

    rest = b"0123456789"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), len(self.rest))
        buffer[:size], self.rest = self.rest[:size], self.rest[size:]
        return size


@pytest.mark.parametrize("make", [Pipe, lambda: io.BytesIO(b"0123456789")])
def test_what_flask_sends_of_other_files_is_sent(both: Any, make: Any) -> None:
    def answer(framework: Any) -> Any:
        with file_app(framework, make).test_client().get("/", headers={"Range": "bytes=1-2"}) as response:
            return response.status_code, response.data, response.headers.get("Content-Range")

    ours, theirs = map(answer, both)
    assert ours == theirs


def test_open_file_is_not_sent_where_the_client_has_it(file: Any) -> None:
    app = file_app(wsgiapp, lambda: file.open("rb"), etag="tag", last_modified=1_000_000)
    with app.test_client().get("/", headers={"If-None-Match": '"tag"'}) as response:
        assert (response.status_code, response.data) == (304, b"")


@dataclass
class Item:
    price: float


NAN, INF = float("nan"), float("inf")
BAD = [
    (NAN, "The value is nan"), ([1, NAN], "[1] is nan"), ({"a": {"b": [0, -INF]}}, "['a']['b'][1] is -inf"),
    ({"items": [Item(INF)]}, "['items'][0]['price'] is inf"), ({"t": (1, (NAN,))}, "['t'][1][0] is nan"),
]  # fmt: skip


@pytest.mark.parametrize("compact", [None, True, False])
@pytest.mark.parametrize(("value", "where"), BAD)
def test_number_that_json_lacks_is_refused_in_debug_mode(value: Any, where: str, compact: bool | None) -> None:
    app = wsgiapp.App("asked")
    app.debug, app.json.compact = True, compact
    with app.app_context(), pytest.raises(ValueError, match="not JSON serializable") as caught:
        wsgiapp.jsonify(value)
    assert str(caught.value).startswith(where)


@pytest.mark.parametrize(("value", "where"), BAD)
def test_number_that_json_lacks_is_sent_outside_of_debug_mode(both: Any, value: Any, where: str) -> None:
    def text(framework: Any) -> str:
        with framework.App("asked").app_context():
            return framework.jsonify(value).get_data(as_text=True)

    ours, theirs = map(text, both)
    assert ours == theirs


@pytest.mark.parametrize("value", [{"NaN": "Infinity"}, ["NaN", 1.5, None, True], {"a": Item(1.0)}, {NAN: 1}])
def test_json_that_only_speaks_of_nan_is_sent_in_debug_mode(framework: Any, value: Any) -> None:
    app = framework.App("asked")
    app.debug = True
    with app.app_context():
        assert "a" in json.dumps(framework.jsonify(value).json)


async def numbers() -> AsyncIterator[str]:
    yield "1"


def of_an_async_generator_function() -> Any:
    return numbers()


@pytest.mark.parametrize("view", [numbers, of_an_async_generator_function, lambda: (numbers(), 200)])
def test_async_generator_says_what_to_do(framework: Any, view: Any) -> None:
    app = framework.App("asked")
    app.testing = True
    app.add_url_rule("/", "x", view)
    with pytest.raises(TypeError, match="but it was a async_generator") as caught:
        app.test_client().get("/")
    assert ("make it an ordinary one" in str(caught.value)) is is_ours(framework)


@pytest.mark.parametrize("status", [204, 205])
@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({}, None), ({"headers": {"X-A": "b"}}, None), ({"mimetype": "text/csv"}, "text/csv; charset=utf-8"),
        ({"content_type": "a/b"}, "a/b"), ({"headers": {"Content-Type": "a/b"}}, "a/b"),
    ],
)  # fmt: skip
def test_only_the_default_type_goes_where_there_is_no_body(status: int, options: Any, sent: str | None) -> None:
    response = wsgiapp.Response(status=status, **options)
    assert response.get_wsgi_headers({}).get("Content-Type") == sent


@pytest.mark.raw_wsgi  # wsgiref.validate wants none at all
def test_type_that_is_set_later_stays(framework: Any) -> None:
    app = framework.App("asked")

    @app.after_request
    def name_type(response: Any) -> Any:
        response.content_type = "application/vnd.own"
        return response

    app.add_url_rule("/", "x", lambda: ("", 204))
    assert app.test_client().get("/").content_type == "application/vnd.own"


# The test client -----------------------------------------------------------------------------------------------------


def watched(framework: Any) -> tuple[Any, list[str]]:
    app, ended = framework.App("asked"), []
    app.secret_key = "k"
    app.teardown_request(lambda error: ended.append("request"))
    app.teardown_appcontext(lambda error: ended.append("app"))

    @app.get("/")
    def view() -> Any:
        framework.session["a"] = 1
        return "x"

    @app.get("/stream")
    def stream() -> Any:
        return framework.stream_with_context(iter(["a", "b"]))

    return app, ended


@pytest.mark.parametrize("path", ["/", "/stream"])
@pytest.mark.parametrize("place", [contextvars.Context, contextvars.copy_context])
def test_client_left_in_another_context_ends_in_order(path: str, place: Any) -> None:
    app, ended = watched(wsgiapp)
    client = app.test_client()

    def enter() -> Any:
        client.__enter__()
        return client.get(path)

    contextvars.Context().run(enter).close()
    place().run(client.__exit__, None, None, None)
    assert ended == ["request", "app"]
    assert client.get("/").status_code == 200
    assert client.__enter__() is client and client.__exit__(None, None, None) is None


def test_client_entered_in_one_task_and_left_in_another() -> None:
    app, ended = watched(wsgiapp)
    client = app.test_client()

    async def enter() -> None:
        client.__enter__()
        client.get("/")
        assert wsgiapp.session["a"] == 1

    async def leave() -> None:
        client.__exit__(None, None, None)

    async def main() -> None:
        await asyncio.create_task(enter())
        await asyncio.create_task(leave())

    asyncio.run(main())
    assert ended == ["request", "app"]


def test_context_that_was_pushed_within_the_block_and_not_popped_is_an_error() -> None:
    app, _ = watched(wsgiapp)
    forgotten = app.test_request_context()
    client = app.test_client().__enter__()
    client.get("/")
    forgotten.push()
    with pytest.raises(AssertionError, match="Popped wrong request context"):
        client.__exit__(None, None, None)
    forgotten.pop()
    wsgiapp.globals.request_ctx.pop()


def test_cookies_of_a_transaction_are_the_hosts_own() -> None:
    app, _ = watched(wsgiapp)
    client = app.test_client()
    with client.session_transaction(base_url="http://[::1]:8080/") as session:
        session["a"] = 1
    assert client.get_cookie("session", "::1") is not None
    assert client.get_cookie("session", "localhost") is None
