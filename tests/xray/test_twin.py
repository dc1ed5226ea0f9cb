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
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.local import LocalProxy
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from wsgiapp import (
    App,
    Blueprint,
    Response,
    abort,
    after_this_request,
    current_app,
    flash,
    g,
    get_flashed_messages,
    jsonify,
    make_response,
    redirect,
    render_template,
    render_template_string,
    request,
    send_from_directory,
    session,
    stream_with_context,
    url_for,
)
from wsgiapp.dispatch import ROAD
from wsgiapp.views import MethodView
from wsgiapp.xray import XRay
from wsgiapp.xray.twin import TwinError, twin

KEY = "correct horse battery staple"
NOW = 1_750_000_000.5
FORM = [("Content-Type", "application/x-www-form-urlencoded")]
JSON = [("Content-Type", "application/json")]

# Runs a program with the clock stopped, and fails if it ever loads the framework.
RUN = f"""
import runpy, sys, time
time.time = lambda: {NOW}
runpy.run_path(sys.argv[1], run_name="__main__")
loaded = [name for name in sys.modules if name.partition(".")[0] in ("wsgiapp", "flask")]
sys.exit(f"loaded: {{loaded}}" if loaded else 0)
"""

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
    asked = {"headers": given.get("headers"), "data": given.get("body"), "query_string": given.get("query")}
    sent = client.open(path, method=method, base_url=base_url, **asked)
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.headers)
    return f"HTTP/1.1 {sent.status}\r\n{head}\r\n".encode("latin-1") + sent.data


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


def make_app(name: str = "demo", **options: Any) -> App:
    """An app with a secret key that shows errors as a real one does."""
    app = App(name, **options)
    app.secret_key = KEY
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


# -- what a view returns, and what it reads ----------------------------------------------------------------------------


def test_a_static_path_is_a_page_of_text(same: Same) -> None:
    app = make_app()

    @app.route("/")
    def index():  # type: ignore[no-untyped-def]
        return "Hello, Wörld!"

    assert len(same(app, "GET", "/").splitlines()) <= 66  # lines of a printed page


def test_a_parameter_is_converted_and_a_helper_is_copied_with_its_comment(same: Same) -> None:
    app = make_app()
    greeting = """Hello
  there"""

    def greet(name: str) -> str:
        # the comment stays
        return f"{greeting}, {name}!"

    @app.route("/user/<int:number>")
    def user(number: int) -> str:
        text = """and
    indented"""
        return greet(f"user {number + 1} {text}")

    assert "# the comment stays" in same(app, "GET", "/user/41")


ANSWERS: dict[str, Callable[[], Any]] = {
    "a dict": lambda: {"b": 1, "a": ["ü", None, True], "method": request.method},
    "types that JSON lacks": lambda: [date(2026, 7, 1), Decimal("1.50"), Markup("<b>")],
    "jsonify and a status": lambda: (jsonify(zebra=1, ant="ä"), 201),
    "bytes, a status and headers": lambda: (b"\x00\xff", 202, {"X-Two": "2", "Content-Type": "text/csv"}),
    "nothing": lambda: ("", 204),
    "headers alone": lambda: ("text", [("X-A", "1")]),
    "a generator": lambda: (f"{number}\n" for number in range(3)),
    "a stream": lambda: Response(stream_with_context(request.args[name] for name in "ab"), mimetype="text/plain"),
    "None, which is an error": lambda: None,
    "what the query says": lambda: f"{request.args.get('a')!r} {request.args.getlist('a')} {request.path}",
    "what is not in the query": lambda: request.args["missing"],
    "what routing found": lambda: f"{request.url_rule} {request.endpoint} {request.view_args} {request.blueprint}",
    "who asks": lambda: f"{request.remote_addr} {request.url} {request.headers['X-A']} {request.cookies.get('c')}",
}


@pytest.mark.parametrize("view", ANSWERS.values(), ids=ANSWERS)
def test_what_a_view_may_return(same: Same, view: Callable[[], Any]) -> None:
    app = make_app()
    app.add_url_rule("/here", "here", view)
    same(app, "GET", "/here?a=%C3%BC&b=2", headers=[("X-A", "it's \"x\""), ("Cookie", "c=1")], host="shop.example:80")


def test_a_response_with_headers_and_cookies(same: Same) -> None:
    app = make_app()

    @app.route("/")
    def index() -> Any:
        response = make_response("done", 201)
        response.set_cookie("theme", "dark", samesite="Lax")
        return response

    same(app, "GET", "/")


def test_a_posted_form(same: Same) -> None:
    app = make_app()

    @app.post("/greet")
    def greet() -> str:
        return f"Hello, {request.form['name']}, {len(request.get_data())}"

    same(app, "POST", "/greet", body=b"name=A%26nn", headers=FORM)
    same(app, "POST", "/greet", body=b"nam=Ann", headers=FORM)


@pytest.mark.parametrize(("body", "headers"), [(b'{"price": 21}', JSON), (b'{"price": ', JSON), (b"{}", [])])
def test_posted_json_good_broken_and_of_no_type(same: Same, body: bytes, headers: Any) -> None:
    app = make_app()

    @app.post("/api")
    def api() -> Any:
        return {"got": request.get_json()["price"] * 2, "type": request.mimetype}

    same(app, "POST", "/api", body=body, headers=headers)


def test_a_body_that_is_too_long(same: Same) -> None:
    app = make_app()
    app.config["MAX_CONTENT_LENGTH"] = 10
    app.add_url_rule("/", "index", lambda: request.get_data(), methods=["POST"])
    same(app, "POST", "/", body=b"x" * 11)


# -- what routing answers ----------------------------------------------------------------------------------------------


def routed() -> App:
    """An app with some rules."""
    app = make_app()
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
def test_routing_picks_by_method_redirects_and_refuses(same: Same, asked: str) -> None:
    same(routed(), *asked.split())


def test_only_the_rules_that_a_request_needs_stand_in_its_program() -> None:
    sources = [twin(routed(), *asked).source for asked in (("GET", "/items/1"), ("PUT", "/items/1"), ("GET", "/no"))]
    assert [source.count('Rule("') for source in sources] == [1, 2, 0]


class ListConverter(BaseConverter):
    """Segments with commas."""

    regex = r"[\w,]+"

    def to_python(self, value: str) -> list[str]:
        return value.split(",")

    def to_url(self, value: Any) -> str:
        return ",".join(map(super().to_url, value))


def test_a_converter_of_the_apps_own(same: Same) -> None:
    app = make_app()
    app.url_map.converters["list"] = ListConverter
    app.add_url_rule("/<list:names>", "index", lambda names: f"{names} {url_for('index', names=['x', 'y'])}")
    same(app, "GET", "/a,b")


def test_subdomains_and_server_names(same: Same) -> None:
    app = make_app(subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    app.add_url_rule("/", "index", lambda user: url_for("index", user="bo", _external=True), subdomain="<user>")
    same(app, "GET", "/", host="ann.shop.example")
    same(app, "GET", "/", host="shop.example")


# -- errors ------------------------------------------------------------------------------------------------------------


class OutOfStockError(Exception):
    """There is no more of it."""


def test_error_handlers_by_code_by_class_and_by_blueprint(same: Same) -> None:
    app, bp = make_app(), Blueprint("shop", __name__, url_prefix="/shop")
    app.register_error_handler(404, lambda error: ("app: " + error.description, 404))
    app.register_error_handler(500, lambda error: (f"broken: {error.original_exception!r}", 500))
    app.register_error_handler(OutOfStockError, lambda error: ({"sold out": str(error)}, 409))
    app.register_error_handler(HTTPException, lambda error: (f"{error.code} {error.name}", error.code))
    bp.register_error_handler(NotFound, lambda error: ("blueprint", 404))

    @app.route("/<name>", endpoint="app")
    @bp.route("/<name>")
    def show(name: str) -> str:
        if name == "lamp":
            raise OutOfStockError(name)
        abort(404) if name == "x" else abort(418) if name == "tea" else {}[name]
        return name

    app.register_blueprint(bp)
    for path in ("/x", "/tea", "/lamp", "/key", "/shop/x", "/shop/tea", "/a/b/c"):
        same(app, "GET", path)


def test_an_error_that_nobody_handles(same: Same) -> None:
    app = make_app()
    app.add_url_rule("/<int:number>", "index", lambda number: f"{1 / number}")
    assert "traceback.print_exc()" in same(app, "GET", "/0")


# -- hooks and blueprints ----------------------------------------------------------------------------------------------


def test_hooks_run_in_their_order_and_only_those_of_the_blueprint(same: Same) -> None:
    app, bp = make_app(), Blueprint("inner", __name__)

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

    @app.teardown_request
    def close(error: Any) -> None:
        g.seen.clear()

    @bp.route("/in")
    def view() -> str:
        @after_this_request
        def late(response: Response) -> Response:
            response.headers["X-Late"] = request.path
            return response

        return g.get("db")

    app.add_url_rule("/other", "other", lambda: "other")
    app.register_blueprint(bp)
    same(app, "GET", "/in?key=1")
    same(app, "GET", "/in")
    assert "def second" not in same(app, "GET", "/other")
    same(app, "GET", "/nowhere")


def test_preprocessors_and_defaults_of_urls(same: Same) -> None:
    app, bp = make_app(), Blueprint("site", __name__, url_prefix="/<lang>")

    @bp.url_value_preprocessor
    def pull(endpoint: Any, values: Any) -> None:
        g.lang = values.pop("lang")

    @bp.url_defaults
    def push(endpoint: str, values: dict[str, Any]) -> None:
        values.setdefault("lang", g.lang)

    bp.add_url_rule("/about", "about", lambda: f"{url_for('.about')} {url_for('site.about', lang='fr', page=2)}")
    app.register_blueprint(bp)
    same(app, "GET", "/de/about")


# -- templates, redirects, files ---------------------------------------------------------------------------------------


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


def test_a_redirect_to_a_url_that_is_built_and_to_where_a_visitor_wants(same: Same) -> None:
    app = make_app()
    app.add_url_rule("/item/<int:number>", "item", lambda number: f"{number}")
    app.add_url_rule("/new", "new", lambda: redirect(url_for("item", number=3, page="ä b", _anchor="top"), 303))
    app.add_url_rule("/to", "to", lambda: redirect(request.args["next"]))
    same(app, "GET", "/new")
    same(app, "GET", "/to", query=f"next={quote_plus('/a' + chr(13) + chr(10) + 'X-Evil: 1')}")


def test_a_static_file_whole_in_part_and_not_changed(same: Same, tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "style.css").write_text("body { color: red }\n", "utf-8")
    app = make_app(root_path=str(tmp_path))
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 60
    app.add_url_rule("/a/<path:name>", "a", lambda name: send_from_directory("static", name, as_attachment=True))
    path = "/static/style.css"
    etag = next(line for line in answer_of(app, "GET", path).decode().splitlines() if line.startswith("ETag: "))[6:]
    assert b" 304 " in answer_of(app, "GET", path, headers=[("If-None-Match", etag)])
    for headers in ([], [("If-None-Match", etag)], [("Range", "bytes=0-3")]):
        same(app, "GET", path, headers=headers)
    for path in ("/static/none.css", "/static/%2e%2e/x", "/a/style.css"):
        same(app, "GET", path)


# -- the session -------------------------------------------------------------------------------------------------------


def counter() -> App:
    """An app that counts visits."""
    app = make_app()

    @app.route("/count")
    def count() -> str:
        session["visits"] = session.get("visits", 0) + 1
        return f"visit {session['visits']}"

    return app


def cookie_of(app: App, path: str) -> str:
    """The session cookie that an answer sets, as a request sends it back."""
    lines = answer_of(app, "GET", path).decode("latin-1").splitlines()
    return next(line for line in lines if line.startswith("Set-Cookie")).partition(": ")[2].partition(";")[0]


def test_a_session_is_read_and_signed_with_a_key_that_is_not_in_the_program(same: Same) -> None:
    app = counter()
    assert 'os.environ["SECRET_KEY"]' in same(app, "GET", "/count")
    cookie = cookie_of(app, "/count")
    same(app, "GET", "/count", headers=[("Cookie", cookie)])
    same(app, "GET", "/count", headers=[("Cookie", f"{cookie}x")])


def test_sessions_with_other_types_another_cookie_and_a_life_of_their_own(same: Same) -> None:
    app = make_app()
    app.config.update(SESSION_COOKIE_NAME="sid", SESSION_COOKIE_SAMESITE="Strict")

    @app.route("/set")
    def index() -> str:
        session.permanent = True
        session["many"] = (1, b"\x00", Markup("<b>"), {" t": [datetime(2026, 1, 2, tzinfo=UTC)]})
        return "set"

    app.add_url_rule("/get", "get", lambda: repr(session["many"]))
    app.add_url_rule("/clear", "clear", lambda: f"{session.clear()}")
    app.add_url_rule("/other", "other", lambda: "prolonged all the same")
    same(app, "GET", "/set")
    for path in ("/get", "/clear", "/other"):
        same(app, "GET", path, headers=[("Cookie", cookie_of(app, "/set"))])


def test_messages_are_flashed_and_shown(same: Same) -> None:
    app = make_app()

    @app.route("/say")
    def say() -> Any:
        flash("<done>", "good")
        return redirect(url_for("show"))

    @app.route("/show")
    def show() -> str:
        return render_template_string("{{ get_flashed_messages() }}") + str(get_flashed_messages(with_categories=True))

    same(app, "GET", "/say")
    same(app, "GET", "/show", headers=[("Cookie", cookie_of(app, "/say"))])


def test_without_a_key_a_session_is_empty_and_cannot_be_written(same: Same) -> None:
    app = counter()
    app.secret_key = None
    app.add_url_rule("/read", "read", lambda: f"{session.get('visits')}")
    same(app, "GET", "/read")
    same(app, "GET", "/count")


# -- what views use ----------------------------------------------------------------------------------------------------


def test_a_decorator_of_the_apps_own_and_one_that_hides_its_view(same: Same) -> None:
    app = make_app()

    @app.route("/a")
    @only_admins
    def a() -> str:
        return "a"

    def hiding(view: Any) -> Any:
        return lambda: f"<{view()}>"

    app.add_url_rule("/b", "b", hiding(lambda: "b"))
    assert "@only_admins\ndef a()" in same(app, "GET", "/a?role=admin")
    same(app, "GET", "/a")
    same(app, "GET", "/b")


def only_admins(view: Any) -> Any:
    """Lets nobody else in."""

    @wraps(view)
    def checked(**values: Any) -> Any:
        return view(**values) if request.args.get("role") == "admin" else ("no", 403)

    return checked


def test_variables_are_written_with_their_values_and_secrets_are_not(same: Same) -> None:
    app, stock, api_token, key = make_app(), {"lamp": [Decimal("19.90"), {1}], "none": ()}, "t0ken", KEY
    app.config["PAGE"] = 20

    @app.route("/")
    def index() -> Any:
        app.logger.debug("seen")
        return f"{stock} {len(api_token)} {len(key)} {current_app.config['PAGE']} {current_app.name} {os.path.sep}"

    source = same(app, "GET", "/")
    assert "t0ken" not in source
    assert any("API_TOKEN, SECRET_KEY" in note for note in twin(app, "GET", "/").notes)


def test_names_that_the_program_needs_itself_are_given_others(same: Same) -> None:
    app = make_app()

    @app.route("/<int:answer>")
    def respond(answer: int) -> str:
        return f"{answer}"

    same(app, "GET", "/3")


# -- what it is like ---------------------------------------------------------------------------------------------------


def test_each_part_names_its_layer_in_the_words_of_the_road() -> None:
    made = twin(counter(), "GET", "/count")
    said = [layer.name for layer in ROAD if f"# {layer.name}: {layer.does}" in made.source]
    assert {"server", "context", "session", "match", "view", "response", "save", "send", "teardown"} <= {*said}
    assert all(note.split()[0] in made.source for note in made.notes)


def test_the_application_can_be_served(tmp_path: Path) -> None:
    serve = """
import runpy, sys
from werkzeug.test import Client
client = Client(runpy.run_path(sys.argv[1])["application"])
print([client.get(path).text[:7] for path in ("/count", "/count", "/favicon.ico")])
"""
    printed = run(twin(counter(), "GET", "/count").source, tmp_path, serve).decode().strip()
    assert printed == "['visit 1', 'visit 2', '<!docty']"


def test_an_app_under_the_x_ray_has_the_same_twin_and_nothing_of_it_runs() -> None:
    app, ran = make_app(), [0]
    app.before_request(lambda: ran.append(1))
    app.add_url_rule("/", "index", lambda: f"{ran.append(2)}")
    plain = twin(app, "GET", "/").source
    XRay(app)
    assert twin(app, "GET", "/").source == plain
    assert ran == [0]


HOSTILE = ['"""\nimport os\n"""', "'''\n__import__('os').abort()", "\\", "\r\n# x\nraise SystemExit(3)", "\u2028x = 1",
           "{% raise %}{{ 7*7 }}", "\x0craise", "#\nraise SystemExit(3)"]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_comes_from_outside_is_data(same: Same, text: str) -> None:
    app = make_app()

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
    "the running app": (lambda: f"{current_app.extensions}", r"'current_app.extensions' needs the running app \(.*:\d"),
    "all the configuration": (lambda: f"{len(current_app.config)}", r"read as a whole \(.*:\d+\)\. Read it by key"),
    "a partial": (partial(str, "x"), "is no function"),
    "an async view": (coroutine, r"coroutine is async \(.*test_twin.py:\d+\)\. A twin needs plain functions"),
    "a class-based view": (Items.as_view("items"), r"Items is a class-based view \(.*test_twin.py:\d+\)\. Write the"),
    "a template that is missing": (lambda: render_template("none.html"), "none.html"),
    "a name that is missing": (lambda: nothing, "'nothing' is used, and is not there"),  # type: ignore[name-defined]  # noqa: F821
    "the secret key": (lambda: "correct horse battery staple", "secret key would stand"),
}


@pytest.mark.parametrize(("view", "says"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_written_is_said_with_its_place_and_a_way_out(view: Any, says: str) -> None:
    app = make_app()
    app.add_url_rule("/", "index", view)
    with pytest.raises(TwinError, match=says):
        twin(app, "GET", "/")


def test_a_request_that_holds_the_key_is_refused() -> None:
    with pytest.raises(TwinError, match="secret key would stand"):
        twin(counter(), "GET", "/count", headers=[("X-Key", KEY)])


class OwnApp(App):
    """Takes a step over."""

    def make_response(self, rv: Any) -> Response:
        return super().make_response(rv)


def test_an_app_with_steps_of_its_own_or_middleware_is_refused_by_name_and_line() -> None:
    with pytest.raises(TwinError, match=r"make_response.*test_twin\.py:\d+"):
        twin(OwnApp("own"), "GET", "/")
    app = make_app()
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]  # the documented way
    with pytest.raises(TwinError, match="ProxyFix"):
        twin(app, "GET", "/")
