"""The ladder: each step answers what it promises, as a program on a socket and under `wsgiref.validate`.

`REQUIREMENTS` holds what each step brings. Each fails on the step before and holds on the steps that follow.
"""

from __future__ import annotations

import ast
import http.client
import importlib
import io
import sys
import threading
import tokenize
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from types import ModuleType
from typing import Any
from wsgiref.validate import validator

import pytest
from itsdangerous import TimestampSigner
from ladder_server import started
from werkzeug.test import Client, TestResponse

LADDER = Path(__file__).resolve().parent.parent.parent / "ladder"
STEPS = range(1, 16)
NOTES_COOKIE = "eyJ1c2VyIjoia2lyYW4ifQ.aBH2rw.iAz3jJL_dRaHiNSddwd2uVvC9pk"
HELLO = {"name": "Grace", "text": "Hello <b>."}
ENTRY = {"name": "Ada", "text": "Hello."}


def forget_the_steps() -> None:
    """Have the next import make each step anew, with a guestbook as at the start."""
    for name in [name for name in sys.modules if name.startswith("step_")]:
        del sys.modules[name]


@contextmanager
def opened(number: int, folder: Path) -> Iterator[tuple[ModuleType, Any, Client]]:
    """A step imported afresh, its guestbook, and a client whose requests are validated."""
    forget_the_steps()
    try:
        step = importlib.import_module(f"step_{number:02}")
        app = step.app if number < 3 else step.App(step.__name__) if number > 12 else step.App()
        for add in getattr(step, "pages", ()):
            add(app)
        if number > 12:
            app.config["DATABASE"] = str(folder / f"{number}.sqlite")
        yield step, app, Client(app)
    finally:
        forget_the_steps()


def get(client: Client, path: str, **options: Any) -> TestResponse:
    return client.get(path, follow_redirects=True, **options)


def sign(client: Client) -> TestResponse:
    return client.post("/sign", data=HELLO, follow_redirects=True)


# -- what each step brings -----------------------------------------------------------------------


def a_server_gets_an_answer(step: ModuleType, app: Any, client: Client) -> None:
    assert get(client, "/").status_code == 200


def text_arrives_undressed(step: ModuleType, app: Any, client: Client) -> None:
    assert step.decode("Zo\xc3\xab") == "Zoë"
    assert step.decode("\xff") == "\ufffd"


def an_unknown_path_is_404(step: ModuleType, app: Any, client: Client) -> None:
    assert get(client, "/about").status_code == 200
    assert get(client, "/nothing/here").status_code == 404


def the_map_knows_404_405_and_the_redirect(step: ModuleType, app: Any, client: Client) -> None:
    assert b"first" in get(client, "/entry/1/").data
    assert [get(client, f"/entry/{word}/").status_code for word in ("one", "99", "0")] == [404, 404, 404]
    assert client.get("/entry/1").status_code == 308
    refused = client.delete("/entry/1/")
    assert (refused.status_code, "GET" in refused.headers["Allow"]) == (405, True)


def get_is_visible_and_post_changes(step: ModuleType, app: Any, client: Client) -> None:
    assert client.post("/sign", data=HELLO).status_code in {303, 308}
    assert b"Grace" in sign(client).data
    assert b"Grace" in get(client, "/?word=Hello").data
    assert b"Hello" not in get(client, "/?word=Goodbye").data
    assert client.post("/sign", data={"name": "Grace"}, follow_redirects=True).status_code == 400


def a_view_may_return_json_and_a_tuple(step: ModuleType, app: Any, client: Client) -> None:
    answer = get(client, "/entries.json")
    assert (answer.mimetype, answer.headers["X-Entries"]) == ("application/json", "1")
    assert step.jsonify(1, 2).get_json() == [1, 2]


def pages_escape(step: ModuleType, app: Any, client: Client) -> None:
    sign(client)
    page = get(client, "/")
    assert (page.mimetype, b"Hello &lt;b&gt;." in page.data, b"<b>." in page.data) == ("text/html", True, False)


def the_name_is_remembered(step: ModuleType, app: Any, client: Client) -> None:
    sign(client)
    assert b"Welcome back, Grace." in get(client, "/").data


def a_name_that_nobody_signed_is_not_believed(step: ModuleType, app: Any, client: Client) -> None:
    signed = step.sign_text("Ada", "key")
    assert step.read_text(signed, "key") == "Ada"
    assert [step.read_text(text, "key") for text in (f"X{signed}", "Ada", "Ada.é", "")] == [""] * 4
    client.set_cookie("name", "Ada")
    assert b"Ada." not in get(client, "/").data


def the_session_carries_a_message_and_opens_the_notes_cookie(step: ModuleType, app: Any, client: Client) -> None:
    assert b"Thank you, Grace." in sign(client).data
    assert b"Thank you" not in get(client, "/").data
    assert get(client, "/cookie").get_json()["data"] == {"user": "kiran"}


def each_thread_sees_its_own_request(step: ModuleType, app: Any, client: Client) -> None:
    seen = dict.fromkeys(("Ada", "Bob"), "")

    def ask(name: str) -> None:
        seen[name] = Client(app).get(f"/whoami?name={name}").text

    threads = [threading.Thread(target=ask, args=[name]) for name in seen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f"the context variable says {name}." in text for name, text in seen.items())
    wrong = [name for name, text in seen.items() if f"The global variable says {name}," not in text]
    assert len(wrong) == 1  # one visitor saw the other's name


def hooks_handlers_and_teardown_run_in_order(step: ModuleType, app: Any, client: Client) -> None:
    assert get(client, "/about").headers["X-Content-Type-Options"] == "nosniff"
    assert b"not found on the server" in get(client, "/nothing").data
    events: list[str] = []

    def after(response: Any) -> Any:
        events.append("after")
        return response

    app.before_request(lambda: events.append("before"))
    app.after_request(after)
    app.teardown_request(lambda error: events.append("teardown"))
    nothing: dict[str, str] = {}
    app.add_url_rule("/broken", "broken", lambda: nothing["missing"])
    app.add_url_rule("/none", "none", lambda: None)
    assert [get(client, path).status_code for path in ("/broken", "/none")] == [500, 500]
    assert events == ["before", "after", "teardown"] * 2
    assert app.errorhandler(KeyError)(lambda error: ("handled", 418))(None) == ("handled", 418)
    assert get(client, "/broken").status_code == 418


def the_book_is_in_a_database(step: ModuleType, app: Any, client: Client) -> None:
    text = "'); DROP TABLE entry; --"
    client.post("/book/sign", data={"name": "Bobby", "text": text})
    again = step.App(step.__name__)
    step.book_pages(again)
    again.config.update(DATABASE=app.config["DATABASE"], SECRET_KEY="other")
    assert "DROP TABLE" in Client(again).get("/book/").text
    assert client.get("/static/../step_13.py").status_code == 404


def the_api_knows_crud(step: ModuleType, app: Any, client: Client) -> None:
    made = client.post("/api/entries", json=ENTRY)
    assert (made.status_code, made.headers["Location"]) == (201, "/api/entries/1")
    assert client.get("/api/entries").get_json() == [{"id": 1, **ENTRY}]
    assert client.patch("/api/entries/1", json={"text": "Bye."}).get_json() == {"id": 1, "name": "Ada", "text": "Bye."}
    assert client.put("/api/entries/1", json={"text": "Bye."}).status_code == 400
    wrong: list[Any] = [[], {"name": 1, "text": ""}]
    assert [client.post("/api/entries", json=bad).status_code for bad in wrong] == [400, 400]
    assert client.post("/api/entries", data="no JSON").status_code == 415
    assert client.head("/api/entries/1").status_code == 200
    assert [client.delete("/api/entries/1").status_code, client.get("/api/entries/1").status_code] == [204, 404]


def clients_and_commands_run(step: ModuleType, app: Any, client: Client) -> None:
    with app.test_client() as browser:
        browser.post("/book/sign", data=ENTRY)
        assert (step.session["name"], step.request.path) == ("Ada", "/book/sign")
    with app.test_request_context("/?word=x"):
        assert step.request.args["word"] == "x"
    app.cli.command("who")(lambda: print(step.current_app.name))
    assert app.test_cli_runner().invoke(args=["who"]).output == f"{step.__name__}\n"


Requirement = Callable[[ModuleType, Any, Client], None]
REQUIREMENTS: list[Requirement] = [
    a_server_gets_an_answer,
    text_arrives_undressed,
    an_unknown_path_is_404,
    the_map_knows_404_405_and_the_redirect,
    get_is_visible_and_post_changes,
    a_view_may_return_json_and_a_tuple,
    pages_escape,
    the_name_is_remembered,
    a_name_that_nobody_signed_is_not_believed,
    the_session_carries_a_message_and_opens_the_notes_cookie,
    each_thread_sees_its_own_request,
    hooks_handlers_and_teardown_run_in_order,
    the_book_is_in_a_database,
    the_api_knows_crud,
    clients_and_commands_run,
]


@pytest.mark.parametrize("number", STEPS)
def test_a_step_holds_what_it_brings_and_all_that_was_before(number: int, tmp_path: Path) -> None:
    for requirement in REQUIREMENTS[:number]:
        folder = tmp_path / requirement.__name__
        folder.mkdir()
        with opened(number, folder) as (step, app, client):
            requirement(step, app, client)


@pytest.mark.parametrize("number", STEPS[1:])
def test_what_a_step_brings_fails_on_the_step_before(number: int, tmp_path: Path) -> None:
    with (
        opened(number - 1, tmp_path) as (step, app, client),
        pytest.raises((AssertionError, AttributeError, KeyError, TypeError)),
    ):
        REQUIREMENTS[number - 1](step, app, client)


# -- the last step beside the others -------------------------------------------------------------


def test_the_notes_cookie_cannot_be_changed_without_its_key(tmp_path: Path) -> None:
    with opened(10, tmp_path) as (step, app, client):
        data, moment = step.read_without_key(NOTES_COOKIE)
        assert (data, moment.date().isoformat()) == ({"user": "kiran"}, "2025-04-30")
        app.config["SECRET_KEY"] = "guessed"
        client.set_cookie("session", NOTES_COOKIE)
        app.add_url_rule("/session", "session", lambda request: dict(request.session))
        assert client.get("/session").get_json() == {}


@pytest.mark.parametrize("writer", ["ladder", "wsgiapp", "flask"])
def test_the_three_frameworks_read_each_others_sessions(writer: str, tmp_path: Path) -> None:
    with opened(15, tmp_path) as (step, _, _client):
        made = {"ladder": (step.App("ladder"), step)}
        for name, kind in (("wsgiapp", "App"), ("flask", "Flask")):
            module = importlib.import_module(name)
            made[name] = (getattr(module, kind)("other"), module)
        for app, module in made.values():
            app.config["SECRET_KEY"] = "shared"
            app.add_url_rule("/read", "read", lambda module=module: repr(sorted(module.session.items())))
            app.add_url_rule(
                "/write", "write", lambda module=module: module.session.update(a=(1, [2]), b={"é": "x"}) or ""
            )
        cookie = SimpleCookie(made[writer][0].test_client().get("/write").headers["Set-Cookie"])["session"].value
        for app, _module in made.values():
            reader = app.test_client()
            reader.set_cookie("session", cookie)
            answer = reader.get("/read")
            assert answer.text == "[('a', (1, [2])), ('b', {'é': 'x'})]"
            assert answer.headers["Vary"] == "Cookie"


SESSIONS: list[dict[str, Any]] = [
    {"user": "kiran"},
    {"z": 1, "a": {"é": "<ö>", "b": None}},
    {"pair": (1, (2, [3]))},
    {"own": {" t": [1]}, "twice": {" di": {" b": "x"}}, " u": 1},
    {" t": [(1,)]},
    {"long": "x" * 500},
]


@pytest.mark.parametrize("data", SESSIONS)
def test_the_cookie_is_flasks_byte_for_byte_and_comes_back(
    data: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: 1_745_989_291)
    flask = importlib.import_module("flask")
    with opened(15, tmp_path) as (step, _, _client):
        heads, seen = [], []
        for module, kind in ((step, step.App), (flask, flask.Flask)):
            app = kind("guestbook")
            app.secret_key = "shared"
            app.add_url_rule("/write", "write", lambda session=module.session: session.update(data) or "")
            app.add_url_rule("/read", "read", lambda session=module.session: repr(dict(session)))
            client = app.test_client()
            heads.append(client.get("/write").headers["Set-Cookie"])
            seen.append(ast.literal_eval(client.get("/read").text))
    assert heads[0] == heads[1]
    assert seen == [data, data]


def test_a_shortcut_of_a_blueprint_is_a_rule_with_one_method(tmp_path: Path) -> None:
    with opened(13, tmp_path) as (step, app, client):
        book = step.Blueprint("letters", "letters", url_prefix="/letters")
        for method in ("get", "post", "put", "patch", "delete"):
            getattr(book, method)("/", endpoint=method)(lambda method=method: method)
        app.register_blueprint(book)
        for method in ("get", "post", "put", "patch", "delete"):
            assert getattr(client, method)("/letters/").text == method


def test_a_context_can_be_pushed_and_popped_by_hand(tmp_path: Path) -> None:
    with opened(15, tmp_path) as (step, app, _client):
        ended: list[Any] = []
        app.teardown_appcontext(ended.append)
        context = app.test_request_context("/?word=x")
        context.push()
        assert step.request.args["word"] == "x"
        context.pop()
        assert ended == [None]
        with pytest.raises(RuntimeError, match="outside of request context"):
            step.request.args


def test_no_content_has_no_type(tmp_path: Path) -> None:
    with opened(14, tmp_path) as (_, _app, client):
        client.post("/api/entries", json=ENTRY)
        deleted = client.delete("/api/entries/1")
        assert (deleted.status_code, deleted.data, "Content-Type" in deleted.headers) == (204, b"", False)


# -- as programs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("number", STEPS)
def test_a_step_serves_as_a_program_and_keeps_to_wsgi(number: int, tmp_path: Path) -> None:
    with started([sys.executable, str(LADDER / f"step_{number:02}.py")], tmp_path) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/about")
        assert connection.getresponse().status == 200
        connection.close()


@pytest.mark.raw_wsgi
@pytest.mark.parametrize("number", STEPS)
def test_every_answer_passes_the_validator(number: int, tmp_path: Path) -> None:
    with opened(number, tmp_path) as (_, app, _client):
        client = Client(validator(app))
        for path in ("/", "/about", "/nothing", "/entries.json"):
            client.get(path).close()


def test_a_body_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with opened(5, tmp_path) as (_, _app, client):
        assert client.post("/sign", data={"name": "x" * 99_999}).status_code == 413


def test_the_cookies_of_the_guestbook_are_hidden_from_scripts_and_other_sites(tmp_path: Path) -> None:
    for number in (8, 9, 10):
        with opened(number, tmp_path) as (_, _app, client):
            cookie = client.post("/sign", data=HELLO).headers["Set-Cookie"]
            assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
            assert "\n" not in client.post("/sign", data={**HELLO, "name": "a\r\nX-Evil: 1"}).headers["Set-Cookie"]


# -- the folder ----------------------------------------------------------------------------------


def code_lines(source: str) -> int:
    """Lines that hold code: without comments, blank lines and docstrings."""
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    fresh = True
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in silent:
            fresh = fresh or token.type in {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
            continue
        if not (fresh and token.type == tokenize.STRING):
            lines.update(range(token.start[0], token.end[0] + 1))
        fresh = False
    return len(lines)


def test_the_ladder_has_at_most_six_hundred_lines_of_code() -> None:
    counted = {path.name: code_lines(path.read_text(encoding="utf-8")) for path in LADDER.glob("step_*.py")}
    assert len(counted) == len(STEPS)
    assert sum(counted.values()) <= 600, counted
