"""The twin: a request as a program on Werkzeug alone, really run, and compared with the app byte by byte."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial, wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
import sqlalchemy
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.local import LocalProxy
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

import wsgiapp
from wsgiapp import App, Blueprint, Response, current_app, g, redirect, render_template, request, session, url_for
from wsgiapp.dispatch import LIFECYCLE
from wsgiapp.sessions import SessionInterface
from wsgiapp.views import MethodView
from wsgiapp.xray import XRay
from wsgiapp.xray.twin import TwinError, twin

KEY = "correct horse battery staple"
NOW = 1_750_000_000.5
FORM = [("Content-Type", "application/x-www-form-urlencoded")]

# Runs a program with the clock stopped, and fails if it ever loads the framework.
RUN = f"""
import runpy, sys, time
time.time = lambda: {NOW}
runpy.run_path(sys.argv[1], run_name="__main__")
loaded = [name for name in sys.modules if name.partition(".")[0] in ("wsgiapp", "flask")]
sys.exit(f"loaded: {{loaded}}" if loaded else 0)
"""

ENGINE = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.NullPool)
Same = Callable[..., str]


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is the same for the app as for the program."""

    class Stopped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.fromtimestamp(NOW, tz)

    monkeypatch.setattr(time, "time", lambda: NOW)
    monkeypatch.setattr("werkzeug.utils.time", lambda: NOW)
    monkeypatch.setattr("wsgiapp.files.time", lambda: NOW)
    monkeypatch.setattr("wsgiapp.sessions.datetime", Stopped)


@pytest.fixture
def same(tmp_path: Path) -> Same:
    """Asserts that the program of a request answers as the app does, and gives the program."""

    def compare(app: App, method: str, path: str, **given: Any) -> str:
        made = twin(app, method, path, **given)  # before the app answers: a view may change what it counts
        expected = answer_of(app, method, path, **given)
        assert run(made.source, tmp_path) == expected, made.source
        assert KEY not in made.source
        assert not tidy(made.source, tmp_path), made.source
        return made.source

    return compare


def answer_of(app: App, method: str, path: str, **given: Any) -> bytes:
    """What the app sends."""
    client = app.test_client(use_cookies=False)
    base_url = f"http://{given['host']}/" if "host" in given else None
    sent = client.open(path, method=method, base_url=base_url, headers=given.get("headers"), data=given.get("body"))
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.headers)
    return f"HTTP/1.1 {sent.status}\r\n{head}\r\n".encode("latin-1") + bytes(sent.data)


def run(source: str, folder: Path, code: str = RUN) -> bytes:
    """What a program prints."""
    program = folder / "program.py"
    program.write_text(source, encoding="utf-8")
    command = [sys.executable, "-W", "error", "-c", code, str(program)]
    env = {**os.environ, "SECRET_KEY": KEY, "API_TOKEN": "t0ken"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False)
    assert done.returncode == 0, f"{done.stderr.decode()}\n{source}"
    return done.stdout


def tidy(source: str, folder: Path) -> str:
    """What ruff has against a program: imports that nobody uses, names that nobody defines."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "F,E9", "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=False, cwd=folder)
    return done.stdout if done.returncode else ""


def make_app(**options: Any) -> App:
    """An app with a secret key that shows errors as a real one does."""
    app = App("demo", **options)
    app.secret_key = KEY
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.fixture
def app() -> App:
    """An app without a route."""
    return make_app()


def test_a_static_path_is_a_printed_page_of_text(app: App, same: Same) -> None:
    app.add_url_rule("/", "index", lambda: "Hello, Wörld!")
    assert len(same(app, "GET", "/").splitlines()) <= 66


def test_a_parameter_is_converted_and_a_helper_is_copied_with_its_comment(app: App, same: Same) -> None:
    greeting = "Hello"

    def greet(name: str) -> str:
        # the comment stays
        return f"{greeting}, {name}!"

    @app.route("/user/<int:answer>")
    def respond(answer: int) -> str:  # two names that the program has itself
        text = """over
  two lines"""
        return greet(f"user {answer + 1} {text}")

    assert "# the comment stays" in same(app, "GET", "/user/41")


ANSWERS: dict[str, Callable[[], Any]] = {
    "a dict": lambda: {"b": 1, "a": ["ü", None, True], "method": request.method},
    "types that JSON lacks": lambda: [date(2026, 7, 1), Decimal("1.50"), Markup("<b>")],
    "jsonify and a status": lambda: (wsgiapp.jsonify(zebra=1, ant="ä"), 201),
    "bytes, a status and headers": lambda: (b"\x00\xff", 202, {"X-Two": "2", "Content-Type": "text/csv"}),
    "nothing": lambda: ("", 204),
    "headers alone": lambda: ("text", [("X-A", "1")]),
    "a generator": lambda: (f"{number}\n" for number in range(3)),
    "a stream": lambda: Response(wsgiapp.stream_with_context(request.args[name] for name in "ab")),
    "None, which is an error": lambda: None,
    "what the query says": lambda: f"{request.args.get('a')!r} {request.args.getlist('a')} {request.path}",
    "what is not in the query": lambda: request.args["missing"],
    "what routing found": lambda: f"{request.url_rule} {request.endpoint} {request.view_args} {request.blueprint}",
    "who asks": lambda: f"{request.remote_addr} {request.url} {request.headers['X-A']} {request.cookies.get('c')}",
    "a redirect": lambda: redirect(url_for("here", page="ä b", _anchor="top", _external=True), 303),
    "a redirect to where a visitor wants": lambda: redirect(f"/{request.args['b']}\r\nX-Evil: 1"),
    "an error page": lambda: wsgiapp.abort(418),
    "an error": lambda: 1 / 0,
}


@pytest.mark.parametrize("view", ANSWERS.values(), ids=ANSWERS)
def test_what_a_view_may_answer(app: App, same: Same, view: Callable[[], Any]) -> None:
    app.add_url_rule("/here", "here", view)
    same(app, "GET", "/here?a=%C3%BC&b=2", headers=[("X-A", 'it\'s "x"'), ("Cookie", "c=1")], host="shop.example:80")


def test_a_response_with_a_cookie(app: App, same: Same) -> None:
    @app.route("/")
    def index() -> Any:
        response = wsgiapp.make_response("done", 201)
        response.set_cookie("theme", "dark", samesite="Lax")
        return response

    same(app, "GET", "/")


POSTED: list[tuple[str, str, bytes]] = [
    ("/form", "x-www-form-urlencoded", b"name=A%26nn"), ("/form", "x-www-form-urlencoded", b"nam=Ann"),
    ("/form", "x-www-form-urlencoded", b"name=" + 30 * b"x"), ("/api", "json", b'{"price": 21}'),
    ("/api", "json", b'{"price": '), ("/api", "octet-stream", b"{}"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "kind", "body"), POSTED)
def test_forms_and_json_good_broken_and_too_long(app: App, same: Same, path: str, kind: str, body: bytes) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 20
    app.add_url_rule("/form", "form", lambda: f"Hello, {request.form['name']}", methods=["POST"])
    app.add_url_rule("/api", "api", lambda: {"got": request.get_json()["price"] * 2}, methods=["POST"])
    same(app, "POST", path, body=body, headers=[("Content-Type", f"application/{kind}")])


@pytest.fixture
def routed(app: App) -> App:
    """An app with some rules."""
    app.add_url_rule("/items/", "items", lambda: "items", methods=["GET", "POST"])
    app.add_url_rule("/items/<int:number>", "item", lambda number: f"item {number}")
    app.add_url_rule("/items/<int:number>", "drop", lambda number: "gone", methods=["DELETE"])
    app.add_url_rule("/old", "old", redirect_to="/items/")
    return app


@pytest.mark.parametrize(
    "asked",
    ["GET /nowhere", "GET /items/x", "PUT /items/3", "POST /old", "OPTIONS /items/3", "HEAD /items/3",
     "DELETE /items/3", "GET /items?a=b%20c", "GET /old", "POST /items/"],
)  # fmt: skip
def test_routing_picks_by_method_redirects_and_refuses(routed: App, same: Same, asked: str) -> None:
    same(routed, *asked.split())


def test_only_the_rules_that_a_request_needs_stand_in_its_program(routed: App) -> None:
    sources = [twin(routed, *asked).source for asked in (("GET", "/items/1"), ("PUT", "/items/1"), ("GET", "/no"))]
    assert [source.count('Rule("') for source in sources] == [1, 2, 0]


class ListConverter(BaseConverter):
    """Segments with commas."""

    def to_python(self, value: str) -> list[str]:
        return value.split(",")

    def to_url(self, value: Any) -> str:
        return ",".join(map(super().to_url, value))


def test_a_converter_of_the_apps_own(app: App, same: Same) -> None:
    app.url_map.converters["list"] = ListConverter
    app.add_url_rule("/<list:names>", "index", lambda names: f"{names} {url_for('index', names=['x', 'y'])}")
    same(app, "GET", "/a,b")


def test_subdomains(same: Same) -> None:
    app = App("demo", subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    app.add_url_rule("/", "index", lambda user: url_for("index", user="bo", _external=True), subdomain="<user>")
    same(app, "GET", "/", host="ann.shop.example")
    same(app, "GET", "/", host="shop.example")


class OutOfStockError(Exception):
    """There is no more of it."""


def test_error_handlers_by_code_by_class_and_by_blueprint(app: App, same: Same) -> None:
    bp = Blueprint("shop", __name__, url_prefix="/shop")
    app.register_error_handler(404, lambda error: ("app: " + error.description, 404))
    app.register_error_handler(500, lambda error: (f"broken: {error.original_exception!r}", 500))
    app.register_error_handler(OutOfStockError, lambda error: ({"sold out": str(error)}, 409))
    app.register_error_handler(HTTPException, lambda error: (f"{error.code} {error.name}", error.code))
    bp.register_error_handler(NotFound, lambda error: ("blueprint", 404))

    @app.route("/<name>", endpoint="app")
    @bp.route("/<name>")
    def show(name: str) -> Any:
        if name == "lamp":
            raise OutOfStockError(name)
        return wsgiapp.abort({"x": 404, "tea": 418}[name])

    app.register_blueprint(bp)
    for path in ("/x", "/tea", "/lamp", "/key", "/shop/x", "/shop/tea", "/a/b/c"):
        same(app, "GET", path)


def test_an_error_handler_that_cannot_be_taken_along_ends_the_program_where_it_is_asked(app: App, same: Same) -> None:
    app.register_error_handler(418, lambda error: f"{next(numbers)}")
    app.add_url_rule("/fine", "fine", lambda: "fine")
    app.add_url_rule("/tea", "tea", lambda: wsgiapp.abort(418))
    assert "The error handler" in twin(app, "GET", "/fine").notes[-1]
    same(app, "GET", "/fine")
    with pytest.raises(AssertionError, match="is left out: 'numbers' is a live object"):
        same(app, "GET", "/tea")


def test_an_after_hook_that_fails_with_the_error_page_as_well(app: App, same: Same) -> None:
    app.after_request(lambda response: response.missing)
    app.add_url_rule("/", "index", lambda: "x")
    same(app, "GET", "/")


def test_hooks_run_in_their_order_and_only_those_of_the_blueprint(app: App, same: Same) -> None:
    bp = Blueprint("inner", __name__)

    @app.before_request
    def first() -> None:
        g.seen = ["first"]

    @bp.before_request
    def second() -> Any:
        if "db" not in g:
            g.db = g.pop("nothing", "db")
        return ({"error": "no key"}, 401) if "key" not in request.args else None

    @app.after_request
    def outer(response: Response) -> Response:
        response.headers["X-Seen"] = " ".join(g.seen)
        return response

    app.teardown_request(lambda error: g.seen.clear())

    @bp.route("/in")
    def view() -> Any:
        @wsgiapp.after_this_request
        def late(response: Response) -> Response:
            response.headers["X-Late"] = request.path
            return response

        return g.get("db")

    app.add_url_rule("/other", "other", lambda: "other")
    app.register_blueprint(bp)
    for path in ("/in?key=1", "/in", "/nowhere"):
        same(app, "GET", path)
    assert "def second" not in same(app, "GET", "/other")


def test_preprocessors_and_defaults_of_urls(app: App, same: Same) -> None:
    bp = Blueprint("site", __name__, url_prefix="/<lang>")

    @bp.url_value_preprocessor
    def pull(endpoint: Any, values: Any) -> None:
        g.lang = values.pop("lang")

    bp.url_defaults(lambda endpoint, values: values.setdefault("lang", g.lang))
    bp.add_url_rule("/about", "about", lambda: f"{url_for('.about')} {url_for('site.about', lang='fr', page=2)}")
    app.register_blueprint(bp)
    same(app, "GET", "/de/about")


def test_a_template_with_parents_filters_processors_and_configuration(same: Same, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "base.html").write_text("<title>{% block title %}{% endblock %}</title>\n", "utf-8")
    page = '{% extends "base.html" %}\n{% block title %}{{ name|loud }} {{ request.args.q }} {{ config.COLOUR }}'
    page += " {{ today }} {{ g.user }} {{ url_for('hello', name='a', _anchor='b c') }} {{ [1]|tojson }}{% endblock %}"
    (tmp_path / "templates" / "hello.html").write_text(page, "utf-8")
    app = make_app(root_path=str(tmp_path))
    app.config["COLOUR"] = "red"
    app.add_template_filter(lambda text: text.upper(), "loud")
    app.context_processor(lambda: {"today": "Monday <3"})

    @app.route("/<name>")
    def hello(name: str) -> str:
        g.user = "Ann"
        return render_template("hello.html", name=name)

    same(app, "GET", "/%3Cb%3E?q=%22'")


def test_a_static_file_whole_in_part_and_not_changed(same: Same, tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "style.css").write_text("body { color: red }\n", "utf-8")
    app = make_app(root_path=str(tmp_path))
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 60
    app.add_url_rule("/a/<path:name>", "a", lambda name: wsgiapp.send_from_directory("static", name, etag=False))
    path = "/static/style.css"
    etag = next(line for line in answer_of(app, "GET", path).decode().splitlines() if line.startswith("ETag: "))[6:]
    assert b" 304 " in answer_of(app, "GET", path, headers=[("If-None-Match", etag)])
    for headers in ([], [("If-None-Match", etag)], [("Range", "bytes=0-3")]):
        same(app, "GET", path, headers=headers)
    for path in ("/static/none.css", "/static/%2e%2e/x", "/a/style.css"):
        same(app, "GET", path)


@pytest.fixture
def counter(app: App) -> App:
    """An app that counts visits."""

    @app.route("/count")
    def count() -> str:
        session["visits"] = session.get("visits", 0) + 1
        return f"visit {session['visits']}"

    return app


def cookie_of(app: App, path: str) -> list[tuple[str, str]]:
    """The session cookie that an answer sets, as a request sends it back."""
    lines = answer_of(app, "GET", path).decode("latin-1").splitlines()
    return [("Cookie", line[12:].partition(";")[0]) for line in lines if line.startswith("Set-Cookie: ")]


def test_a_session_is_read_and_signed_with_a_key_that_is_not_in_the_program(counter: App, same: Same) -> None:
    assert 'os.environ["SECRET_KEY"]' in same(counter, "GET", "/count")
    [(name, cookie)] = cookie_of(counter, "/count")
    same(counter, "GET", "/count", headers=[(name, cookie)])
    same(counter, "GET", "/count", headers=[(name, f"{cookie}x")])


def test_sessions_with_other_types_another_cookie_and_a_life_of_their_own(app: App, same: Same) -> None:
    app.config.update(SESSION_COOKIE_NAME="sid", SESSION_COOKIE_SAMESITE="Strict")

    @app.route("/set")
    def index() -> str:
        session.permanent = True
        session["many"] = (1, b"\x00", Markup("<b>"), {" t": [datetime(2026, 1, 2, tzinfo=UTC)]})
        return "set"

    app.add_url_rule("/get", "get", lambda: repr(session["many"]))
    app.add_url_rule("/pop", "pop", lambda: f"{[session.popitem() for _ in range(2)]}")
    app.add_url_rule("/other", "other", lambda: "prolonged all the same")
    same(app, "GET", "/set")
    for path in ("/get", "/pop", "/other"):
        same(app, "GET", path, headers=cookie_of(app, "/set"))


def test_messages_are_flashed_and_shown(app: App, same: Same) -> None:
    @app.route("/say")
    def say() -> Any:
        wsgiapp.flash("<done>", "good")
        return redirect(url_for("show"))

    @app.route("/show")
    def show() -> str:
        shown = wsgiapp.render_template_string("{{ get_flashed_messages() }}")
        return shown + str(wsgiapp.get_flashed_messages(with_categories=True))

    same(app, "GET", "/say")
    same(app, "GET", "/show", headers=cookie_of(app, "/say"))


def test_without_a_key_a_session_is_empty_and_cannot_be_written(counter: App, same: Same) -> None:
    counter.secret_key = None
    counter.add_url_rule("/read", "read", lambda: f"{session.get('visits')}")
    same(counter, "GET", "/read")
    same(counter, "GET", "/count")


def only_admins(view: Any) -> Any:
    """Lets nobody else in."""

    @wraps(view)
    def checked(**values: Any) -> Any:
        return view(**values) if request.args.get("role") == "admin" else ("no", 403)

    return checked


def test_a_decorator_of_the_apps_own_and_one_that_hides_its_view(app: App, same: Same) -> None:
    @app.route("/a")
    @only_admins
    def a() -> str:
        return "a"

    def hiding(view: Any) -> Any:
        return lambda: f"<{view()}>"

    app.add_url_rule("/b", "view", hiding(lambda: "b"))
    assert "@only_admins\ndef a()" in same(app, "GET", "/a?role=admin")
    same(app, "GET", "/a")
    same(app, "GET", "/b")


def test_variables_are_written_with_their_values_and_secrets_are_not(app: App, same: Same) -> None:
    stock, api_token, key = {"lamp": [Decimal("19.90"), {1}], "none": ()}, "t0ken", KEY
    app.config["PAGE"] = 20

    @app.route("/")
    def index() -> Any:
        app.logger.debug("seen")
        return f"{stock} {len(api_token)} {len(key)} {current_app.config['PAGE']} {current_app.name} {os.path.sep}"

    assert "t0ken" not in same(app, "GET", "/")
    assert any("API_TOKEN, SECRET_KEY" in note for note in twin(app, "GET", "/").notes)


def test_each_part_names_its_layer_in_the_words_of_the_road(counter: App) -> None:
    made = twin(counter, "GET", "/count")
    said = {layer.name for layer in LIFECYCLE if f"# {layer.name}: {layer.does}" in made.source}
    assert {"server", "context", "session", "match", "view", "response", "save", "send", "teardown"} <= said
    assert all(f"# - {note}" in made.source for note in made.notes)


def test_the_application_can_be_served(counter: App, tmp_path: Path) -> None:
    serve = """
import runpy, sys
from werkzeug.test import Client
client = Client(runpy.run_path(sys.argv[1])["application"])
print([client.get(path).text[:7] for path in ("/count", "/count", "/favicon.ico")])
"""
    printed = run(twin(counter, "GET", "/count").source, tmp_path, serve).decode().strip()
    assert printed == "['visit 1', 'visit 2', '<!docty']"


def test_an_app_under_the_x_ray_has_the_same_twin_and_nothing_of_it_runs(app: App) -> None:
    ran = [0]
    app.before_request(lambda: ran.clear())
    app.add_url_rule("/", "index", lambda: f"{ran.pop()}")
    plain = twin(app, "GET", "/").source
    XRay(app)
    assert twin(app, "GET", "/").source == plain
    assert ran == [0]


HOSTILE = ['"""\nimport os\n"""', "'''\n__import__('os').abort()", "\\", "\r\n# x\nraise SystemExit(3)", "\u2028x = 1",
           "{% raise %}{{ 7*7 }}", "\x0craise", "REQUEST"]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_comes_from_outside_is_data(app: App, same: Same, text: str) -> None:
    @app.route("/<path:name>", methods=["GET", "POST"])
    def index(name: str) -> Any:
        return f"{name} {request.args} {request.form} {request.headers.get('X-A')}"

    escaped = quote_plus(text)
    value = "".join(char for char in text if " " <= char <= "\xff")
    same(app, "POST", f"/{escaped}?a={escaped}", headers=[("X-A", value), *FORM], body=text.encode())
    compile(twin(app, text, f"/{escaped}").source, "twin", "exec")


# -- what cannot be written --------------------------------------------------------------------------------------------

somebody: Any = LocalProxy(lambda: "somebody")
numbers = (number for number in range(3))
accounts = {"password": "hunter2"}
names: dict[str, Any] = {}
exec("def index(): return 'x'", names)


async def coroutine() -> str:
    return "x"


class Items(MethodView):
    """A view of another kind."""

    def get(self) -> str:
        return "x"


REFUSED: dict[str, tuple[Any, str]] = {
    "a generator": (lambda: f"{next(numbers)}", r"'numbers' is a live object, a builtins.generator \(.*:\d+\)\. Pass"),
    "a proxy": (lambda: f"{somebody}", r"'somebody' is a live object behind a proxy \(.*:\d+\)\. Pass it on"),
    "no source": (names["index"], "no source is there to read.*Define it by a 'def'"),
    "a secret among others": (lambda: f"{len(accounts)}", r"'accounts' holds a secret, 'password' \(.*:\d+\)\. Give"),
    "the running app": (lambda: f"{current_app.extensions}", r"'current_app.extensions' needs the running app \(.*:\d"),
    "all the configuration": (lambda: f"{len(current_app.config)}", r"read as a whole \(.*:\d+\)\. Read it by key"),
    "a partial": (partial(str, "x"), "is no function"),
    "an async view": (coroutine, r"coroutine is async \(.*test_twin.py:\d+\)\. A twin needs plain functions"),
    "a class-based view": (Items.as_view("items"), r"Items is a class-based view \(.*test_twin.py:\d+\)\. Write the"),
    "a database": (lambda: str(ENGINE.connect()), r"'ENGINE' is a live object, a sqlalchemy.*Engine \(.*:\d+\)\. Pass"),
    "a template that is missing": (lambda: render_template("none.html"), "none.html"),
    "a name that is missing": (lambda: nothing, "'nothing' is used, and is not there"),  # type: ignore[name-defined]  # noqa: F821
    "the secret key": (lambda: "correct horse battery staple", "secret key would stand"),
}


@pytest.mark.parametrize(("view", "says"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_written_is_said_with_its_place_and_a_way_out(app: App, view: Any, says: str) -> None:
    app.add_url_rule("/", "index", view)
    with pytest.raises(TwinError, match=says):
        twin(app, "GET", "/")


class OwnApp(App):
    """Takes a step over."""

    def make_response(self, rv: Any) -> Response:
        return super().make_response(rv)


def test_an_app_with_steps_sessions_or_middleware_of_its_own_is_refused(app: App) -> None:
    with pytest.raises(TwinError, match=r"make_response.*test_twin\.py:\d+"):
        twin(OwnApp("own"), "GET", "/")
    app.session_interface = SessionInterface()
    with pytest.raises(TwinError, match="Sessions are kept by SessionInterface"):
        twin(app, "GET", "/")
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]  # the documented way
    with pytest.raises(TwinError, match="ProxyFix"):
        twin(app, "GET", "/")


def test_a_request_that_holds_the_key_is_refused(counter: App) -> None:
    with pytest.raises(TwinError, match="secret key would stand"):
        twin(counter, "GET", "/count", headers=[("X-Key", KEY)])
