"""The twin: a request as a program on Werkzeug alone, really run, and compared with the app byte by byte."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial, wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus as quoted_plus

import pytest
from jinja2 import DictLoader
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.local import LocalProxy
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

import wsgiapp
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
    send_file,
    send_from_directory,
    session,
    stream_template,
    stream_with_context,
    url_for,
)
from wsgiapp.dispatch import ROAD
from wsgiapp.views import MethodView, View
from wsgiapp.xray.twin import TwinError, twin

KEY = "correct horse battery staple"
NOW = 1_750_000_000.5

# Runs a program with the clock stopped and without the framework within reach.
RUN = f"""
import runpy, sys, time
sys.modules["wsgiapp"] = sys.modules["flask"] = None
time.time = lambda: {NOW}
runpy.run_path(sys.argv[1], run_name="__main__")
"""


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is the same for the app as for the program."""

    class Stopped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.fromtimestamp(NOW, tz)

    monkeypatch.setattr(time, "time", lambda: NOW)
    monkeypatch.setattr("wsgiapp.sessions.datetime", Stopped)


@pytest.fixture
def same(tmp_path: Path) -> Callable[..., str]:
    """Asserts that the program of a request answers as the app does, and gives the program."""

    def compare(app: App, method: str, path: str, **given: Any) -> str:
        made = twin(app, method, path, **given)  # before the app answers: a view may change what it counts
        expected = answer_of(app, method, path, **given)
        assert run(made.source, tmp_path) == expected, made.source
        assert not lint(made.source, tmp_path), made.source
        assert KEY not in made.source
        return made.source

    return compare


def answer_of(app: App, method: str, path: str, **given: Any) -> bytes:
    """What the app sends."""
    client = app.test_client(use_cookies=False)
    base_url = f"{given.get('scheme', 'http')}://{given['host']}/" if "host" in given else None
    sent = client.open(
        path, method=method, headers=given.get("headers"), data=given.get("body"), base_url=base_url,
        query_string=given.get("query"),
    )  # fmt: skip
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.headers)
    return f"HTTP/1.1 {sent.status}\r\n{head}\r\n".encode("latin-1") + sent.data


def run(source: str, folder: Path, code: str = RUN) -> bytes:
    """What a program prints."""
    program = folder / "program.py"
    program.write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(program)],
        cwd=folder, env={**os.environ, "SECRET_KEY": KEY}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stderr.decode()}\n{source}"
    return done.stdout


def lint(source: str, folder: Path) -> str:
    """What ruff has against a program."""
    program = folder / "program.py"
    program.write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--output-format", "concise"]
    done = subprocess.run([*command, "--select", "F,E9", str(program)], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode else ""


def make_app(name: str = "demo", **options: Any) -> App:
    """An app with a secret key that shows errors as a real one does."""
    app = App(name, **options)
    app.secret_key = KEY
    return app


Same = Callable[..., str]


# -- what a view returns -----------------------------------------------------------------------------------------------


def test_a_view_that_returns_text(same: Same) -> None:
    app = make_app()

    @app.route("/")
    def index() -> str:
        return "Hello, Wörld!"

    source = same(app, "GET", "/")
    assert len(source.splitlines()) < 50


def test_a_parameter_is_converted_and_a_helper_is_copied_with_its_comment(same: Same) -> None:
    app = make_app()
    greeting = "Hello"

    def greet(name: str) -> str:
        # the comment stays
        return f"{greeting}, {name}!"

    @app.route("/user/<int:number>")
    def user(number: int) -> str:
        return greet(f"user {number + 1}")

    source = same(app, "GET", "/user/41")
    assert "# the comment stays" in source


def test_a_dict_is_json(same: Same) -> None:
    app = make_app()

    @app.route("/")
    def index() -> Any:
        return {"b": 1, "a": ["ü", None, True], "method": request.method}

    source = same(app, "GET", "/")
    assert "to_json" not in source


def test_a_list_is_json_and_dates_decimals_and_dataclasses_have_a_form(same: Same) -> None:
    app = make_app()

    @dataclasses.dataclass
    class Point:
        x: int
        y: int = 2

    @app.route("/")
    def index() -> Any:
        return [date(2026, 7, 1), Decimal("1.50"), Point(1), Markup("<b>")]

    same(app, "GET", "/")


def test_jsonify_with_keywords_and_a_status(same: Same) -> None:
    app = make_app()
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the stock provider has it

    @app.route("/")
    def index() -> Any:
        return jsonify(zebra=1, ant="ä"), 201

    same(app, "GET", "/")


def test_bytes_with_a_status_and_headers(same: Same) -> None:
    app = make_app()

    @app.route("/")
    def index() -> Any:
        return b"\x00\xff", 202, {"Content-Type": "application/octet-stream", "X-Two": "2"}

    same(app, "GET", "/")


def test_an_answer_without_a_body_has_no_type(same: Same) -> None:
    app = make_app()

    @app.route("/", methods=["DELETE"])
    def index() -> Any:
        return "", 204

    same(app, "DELETE", "/")


def test_a_response_with_headers_and_cookies(same: Same) -> None:
    app = make_app()

    @app.route("/")
    def index() -> Any:
        response = make_response("done", 201)
        response.headers["X-A"] = "1"
        response.set_cookie("theme", "dark", max_age=60, samesite="Lax")
        response.delete_cookie("old")
        return response

    same(app, "GET", "/")


def test_a_generator_is_streamed(same: Same) -> None:
    app = make_app()

    @app.route("/")
    def index() -> Any:
        def rows() -> Iterator[str]:
            for number in range(3):
                yield f"{number}\n"

        return rows(), {"Content-Type": "text/csv"}

    same(app, "GET", "/")


def test_a_stream_keeps_its_request(same: Same) -> None:
    app = make_app()

    @app.route("/")
    def index() -> Any:
        @stream_with_context
        def rows() -> Iterator[str]:
            yield request.args["name"]
            yield "!"

        return Response(rows(), mimetype="text/plain")

    same(app, "GET", "/?name=Ann")


# -- what comes in -----------------------------------------------------------------------------------------------------


def test_query_arguments(same: Same) -> None:
    app = make_app()

    @app.route("/search")
    def search() -> str:
        return f"{request.args.get('q', '')!r} {request.args.getlist('tag')} {request.args.get('n', type=int)}"

    same(app, "GET", "/search?q=a%20b&tag=1&tag=%C3%BC&n=x")
    same(app, "GET", "/search", query="q=<>&n=3")


def test_a_missing_argument_is_a_bad_request(same: Same) -> None:
    app = make_app()

    @app.route("/")
    def index() -> str:
        return request.args["missing"]

    same(app, "GET", "/")


def test_a_posted_form(same: Same) -> None:
    app = make_app()

    @app.post("/greet")
    def greet() -> str:
        return f"Hello, {request.form['name']}, {len(request.get_data())}"

    same(app, "POST", "/greet", body=b"name=A%26nn", headers=[("Content-Type", "application/x-www-form-urlencoded")])


def test_posted_json(same: Same) -> None:
    app = make_app()

    @app.post("/api")
    def api() -> Any:
        data = request.get_json()
        return {"got": data["price"] * 2, "type": request.mimetype}

    same(app, "POST", "/api", body=b'{"price": 21}', headers=[("Content-Type", "application/json")])


@pytest.mark.parametrize("headers", [[], [("Content-Type", "application/json")]], ids=["no type", "no JSON"])
def test_a_body_that_is_no_json(same: Same, headers: list[tuple[str, str]]) -> None:
    app = make_app()

    @app.post("/api")
    def api() -> Any:
        return {"got": request.json}

    same(app, "POST", "/api", body=b'{"price": ', headers=headers)


def test_a_body_that_is_too_long(same: Same) -> None:
    app = make_app()
    app.config["MAX_CONTENT_LENGTH"] = 10

    @app.post("/")
    def index() -> Any:
        return request.get_data()

    same(app, "POST", "/", body=b"x" * 11)


def test_headers_cookies_and_what_the_request_says_of_itself(same: Same) -> None:
    app = make_app()

    @app.route("/where/<name>")
    def where(name: str) -> str:
        seen = (request.url, request.endpoint, request.view_args, request.blueprint, request.remote_addr)
        return f"{seen} {request.headers['X-A']} {request.cookies.get('c')} {request.url_rule}"

    headers = [("X-A", "it's \"x\""), ("Cookie", "c=1")]
    same(app, "GET", "/where/%C3%A4%22?a=1", headers=headers, host="shop.example:8080", scheme="https")


# -- what routing answers ----------------------------------------------------------------------------------------------


def routed() -> App:
    """An app with some rules."""
    app = make_app()
    app.add_url_rule("/items/", "items", lambda: "items", methods=["GET", "POST"])
    app.add_url_rule("/items/<int:number>", "item", lambda number: f"item {number}")
    app.add_url_rule("/items/<int:number>", "drop", lambda number: "gone", methods=["DELETE"])
    app.add_url_rule("/other", "other", lambda: "other")
    return app


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"), ("GET", "/items/x"), ("PUT", "/items/3"), ("POST", "/other"), ("OPTIONS", "/items/3"),
        ("OPTIONS", "/nowhere"), ("HEAD", "/items/3"), ("DELETE", "/items/3"), ("GET", "/items"),
        ("GET", "/items?a=b%20c"), ("GET", "//items//3"), ("HEAD", "/nowhere"),
    ],
)  # fmt: skip
def test_routing(same: Same, method: str, path: str) -> None:
    same(routed(), method, path if path[:2] != "//" else path.replace("//", "/%2F", 1))


def test_only_the_rules_that_a_request_needs_stand_in_its_program() -> None:
    sources = [twin(routed(), *asked).source for asked in (("GET", "/items/1"), ("PUT", "/items/1"), ("GET", "/no"))]
    assert [source.count("Rule('") + source.count('Rule("') for source in sources] == [1, 2, 0]


def test_an_alias_and_a_default_lead_elsewhere(same: Same) -> None:
    app = make_app()
    app.add_url_rule("/all/", "all", lambda page: f"{page}", defaults={"page": 1})
    app.add_url_rule("/all/page/<int:page>", "all", lambda page: f"{page}", view_func=None) if False else None
    app.add_url_rule("/all/page/<int:page>", "all")
    app.add_url_rule("/old", "old", redirect_to="/all/")
    same(app, "GET", "/all/page/1")
    same(app, "GET", "/all/")
    same(app, "GET", "/old")


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

    @app.route("/<list:names>")
    def index(names: list[str]) -> str:
        return f"{names} {url_for('index', names=['x', 'y'])}"

    same(app, "GET", "/a,b")


def test_hosts_and_subdomains(same: Same) -> None:
    app = make_app(subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    app.add_url_rule("/", "index", lambda user: url_for("index", user="bo", _external=True), subdomain="<user>")
    same(app, "GET", "/", host="ann.shop.example")
    by_host = make_app("hosts", host_matching=True, static_folder=None)
    by_host.add_url_rule("/", "index", lambda: "found", host="a.example")
    same(by_host, "GET", "/", host="a.example")
    same(by_host, "GET", "/", host="b.example")


def test_a_server_name_without_subdomains(same: Same) -> None:
    app = make_app()
    app.config["SERVER_NAME"] = "shop.example"
    app.add_url_rule("/", "index", lambda: url_for("index", _external=True))
    same(app, "GET", "/", host="other.example")


def test_a_host_that_is_not_trusted(same: Same) -> None:
    app = make_app()
    app.config["TRUSTED_HOSTS"] = ["shop.example"]
    app.add_url_rule("/", "index", lambda: "in")
    same(app, "GET", "/", host="evil.example")
    same(app, "GET", "/", host="shop.example")


# -- errors ------------------------------------------------------------------------------------------------------------


def test_abort_with_the_apps_own_page(same: Same) -> None:
    app = make_app()

    @app.errorhandler(404)
    def not_found(error: NotFound) -> Any:
        return f"<p>{error.description}</p>", 404

    @app.errorhandler(403)
    def forbidden(error: HTTPException) -> Any:
        return "no", 403

    @app.route("/<name>")
    def index(name: str) -> str:
        if name == "x":
            abort(404, "no such thing")
        return name

    source = same(app, "GET", "/x")
    assert "forbidden" not in source.partition("import")[2]
    same(app, "GET", "/a/b")


def test_a_handler_for_all_http_errors(same: Same) -> None:
    app = make_app()

    @app.errorhandler(HTTPException)
    def failed(error: HTTPException) -> Any:
        return {"code": error.code, "name": error.name}, error.code

    @app.route("/<int:code>")
    def index(code: int) -> Any:
        abort(code)

    same(app, "GET", "/418")
    same(app, "GET", "/x")
    same(app, "POST", "/404")


def test_an_error_that_nobody_handles(same: Same) -> None:
    app = make_app()
    app.config["PROPAGATE_EXCEPTIONS"] = False

    @app.route("/<int:number>")
    def index(number: int) -> str:
        return f"{1 / number}"

    assert "traceback.print_exc()" in same(app, "GET", "/0")
    same(app, "GET", "/2")


class OutOfStockError(Exception):
    """There is no more of it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def test_errors_of_the_apps_own_and_the_page_for_500(same: Same) -> None:
    app = make_app()
    seen: list[Any] = []

    @app.errorhandler(OutOfStockError)
    def sold_out(error: OutOfStockError) -> Any:
        return f"{error.name} is sold out", 409

    @app.errorhandler(500)
    def broken(error: Any) -> Any:
        return f"broken: {error.original_exception}", 500

    @app.teardown_request
    def end(error: Any) -> None:
        seen.append(error)

    @app.route("/<name>")
    def index(name: str) -> str:
        raise OutOfStockError(name) if name == "lamp" else KeyError(name)

    same(app, "GET", "/lamp")
    same(app, "GET", "/x")


def test_a_handler_of_a_blueprint_comes_first(same: Same) -> None:
    app, bp = make_app(), Blueprint("shop", __name__, url_prefix="/shop")

    @app.errorhandler(404)
    def everywhere(error: Any) -> Any:
        return "app", 404

    @bp.errorhandler(404)
    def in_shop(error: Any) -> Any:
        return make_response("blueprint", 404)

    @bp.route("/")
    def index() -> Any:
        raise NotFound()

    app.register_blueprint(bp)
    same(app, "GET", "/shop/")
    same(app, "GET", "/shop/none")


# -- templates ---------------------------------------------------------------------------------------------------------


def test_a_template_escapes_what_it_is_given(same: Same, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "base.html").write_text("<title>{% block title %}{% endblock %}</title>\n", "utf-8")
    (tmp_path / "templates" / "hello.html").write_text(
        '{% extends "base.html" %}\n{% block title %}Hello {{ name }}, "{{ request.args.q }}"{% endblock %}\n', "utf-8"
    )
    app = make_app(root_path=str(tmp_path))

    @app.route("/<name>")
    def hello(name: str) -> str:
        return render_template("hello.html", name=name)

    source = same(app, "GET", "/%3Cb%3E?q=%22'")
    assert "DictLoader" in source


def test_templates_that_are_long_are_read_from_their_folder(same: Same, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "long.txt").write_text("<&> {{ n }} " + "x" * 3_000, "utf-8")
    app = make_app(root_path=str(tmp_path))
    app.add_url_rule("/", "index", lambda: render_template("long.txt", n="<&>"))
    source = same(app, "GET", "/")
    assert "FileSystemLoader" in source
    assert len(source) < 5_000


def test_a_template_string_with_filters_globals_processors_and_configuration(same: Same) -> None:
    app = make_app()
    app.config["COLOUR"] = "red"
    app.jinja_env.trim_blocks = True

    @app.template_filter()
    def euro(cents: int) -> str:
        return f"€ {cents / 100:.2f}"

    @app.template_global()
    def twice(text: str) -> str:
        return text * 2

    @app.template_test("big")
    def is_big(number: int) -> bool:
        return number > 100

    @app.context_processor
    def today() -> dict[str, Any]:
        return {"today": "Monday", "user": g.user}

    @app.before_request
    def load() -> None:
        g.user = "Ann"

    @app.route("/")
    def index() -> str:
        source = "{{ 1999|euro }} {{ twice('<') }} {% if 101 is big %}\nbig{% endif %} {{ today }} {{ user }} {{ g.user }}"
        return render_template_string(source + " {{ config.COLOUR }} {{ url_for('index', _anchor='a b') }}")

    same(app, "GET", "/")


def test_tojson_and_macros_and_a_loader_of_the_apps_own(same: Same) -> None:
    app = make_app()
    app.jinja_loader = DictLoader(  # type: ignore[misc]  # Flask allows it
        {
            "macros.html": "{% macro item(x) %}<li>{{ x }} {{ url_for('index') }}</li>{% endmacro %}",
            "page.html": "{% from 'macros.html' import item %}{{ item('<') }}{{ data|tojson }}",
        }
    )

    @app.route("/")
    def index() -> str:
        return render_template("page.html", data={"when": date(2026, 1, 2), "a": "</script>"})

    same(app, "GET", "/")


def test_a_template_is_streamed(same: Same, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "list.html").write_text("{% for n in range(3) %}{{ n }}{{ request.path }}{% endfor %}")
    app = make_app(root_path=str(tmp_path))
    app.add_url_rule("/", "index", lambda: stream_template("list.html"))
    same(app, "GET", "/")


# -- the session -------------------------------------------------------------------------------------------------------


def counter() -> App:
    """An app that counts visits."""
    app = make_app()

    @app.route("/count")
    def count() -> str:
        session["visits"] = session.get("visits", 0) + 1
        return f"visit {session['visits']}"

    return app


def test_a_session_is_written_signed_with_the_same_key_and_the_key_is_not_in_the_program(same: Same) -> None:
    source = same(counter(), "GET", "/count")
    assert 'os.environ["SECRET_KEY"]' in source
    assert "TaggedJSON" not in source


def test_a_session_that_came_along_is_read_and_one_that_is_forged_is_not(same: Same) -> None:
    app = counter()
    client = app.test_client()
    client.get("/count")
    cookie = client.get_cookie("session")
    assert cookie is not None
    same(app, "GET", "/count", headers=[("Cookie", f"session={cookie.value}")])
    same(app, "GET", "/count", headers=[("Cookie", f"session={cookie.value}x")])


def test_sessions_with_other_types_and_another_cookie(same: Same) -> None:
    app = make_app()
    app.config.update(SESSION_COOKIE_NAME="sid", SESSION_COOKIE_SAMESITE="Strict", SESSION_COOKIE_SECURE=True)

    @app.route("/set")
    def index() -> Any:
        session["when"] = datetime(2026, 1, 2, tzinfo=UTC)
        session["pair"] = (1, b"\x00", Markup("<b>"))
        return "set"

    @app.route("/get")
    def read() -> Any:
        return repr(session["pair"]) + repr(session["when"])

    @app.route("/clear")
    def clear() -> str:
        session.clear()
        return "cleared"

    client = app.test_client()
    same(app, "GET", "/set")
    client.get("/set", base_url="https://localhost/")
    cookie = client.get_cookie("sid")
    assert cookie is not None
    for path in ("/get", "/clear"):
        same(app, "GET", path, headers=[("Cookie", f"sid={cookie.value}")])


def test_a_permanent_session_is_prolonged_even_by_a_view_that_does_not_touch_it(same: Same) -> None:
    app = make_app()

    @app.route("/login")
    def login() -> str:
        session.permanent = True
        session["user"] = "ann"
        return "in"

    @app.route("/other")
    def other() -> str:
        return "other"

    client = app.test_client()
    same(app, "GET", "/login")
    client.get("/login")
    cookie = client.get_cookie("session")
    assert cookie is not None
    assert "expires" in same(app, "GET", "/other", headers=[("Cookie", f"session={cookie.value}")])
    assert "signer" not in same(app, "GET", "/other")


def test_messages_are_flashed_and_shown(same: Same) -> None:
    app = make_app()

    @app.route("/say")
    def say() -> Any:
        flash("<done>", "good")
        return redirect(url_for("show"))

    @app.route("/show")
    def show() -> str:
        return render_template_string("{% for m in get_flashed_messages() %}{{ m }}{% endfor %}") + str(
            get_flashed_messages(with_categories=True)
        )

    client = app.test_client()
    same(app, "GET", "/say")
    client.get("/say")
    cookie = client.get_cookie("session")
    assert cookie is not None
    same(app, "GET", "/show", headers=[("Cookie", f"session={cookie.value}")])


def test_without_a_key_a_session_is_empty_and_cannot_be_written(same: Same) -> None:
    app = counter()
    app.secret_key = None
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/read", "read", lambda: f"{session.get('visits')}")
    same(app, "GET", "/read")
    same(app, "GET", "/count")


# -- hooks -------------------------------------------------------------------------------------------------------------


def test_hooks_run_in_their_order_and_set_headers(same: Same) -> None:
    app, bp = make_app(), Blueprint("inner", __name__)
    app.add_url_rule("/other", "other", lambda: "other")

    @app.before_request
    def first() -> None:
        g.seen = ["first"]

    @bp.before_request
    def second() -> None:
        g.seen.append("second")
        if "db" not in g:
            g.db = g.pop("nothing", "db")

    @app.after_request
    def outer(response: Response) -> Response:
        response.headers["X-Seen"] = " ".join(g.seen)
        return response

    @bp.after_request
    def inner(response: Response) -> Response:
        response.headers.add("X-Inner", g.get("db"))
        return response

    @app.teardown_appcontext
    def close(error: Any) -> None:
        g.pop("db", None)

    @bp.route("/in")
    def view() -> str:
        @after_this_request
        def late(response: Response) -> Response:
            response.headers["X-Late"] = request.path
            return response

        return ",".join(g.seen)

    app.register_blueprint(bp)
    same(app, "GET", "/in")
    assert "second" not in same(app, "GET", "/other")
    same(app, "GET", "/nowhere")


def test_a_hook_may_answer_instead_of_the_view(same: Same) -> None:
    app = make_app()

    @app.before_request
    def guard() -> Any:
        if "key" not in request.args:
            return {"error": "no key"}, 401
        return None

    @app.before_request
    def note() -> None:
        g.noted = True

    app.add_url_rule("/", "index", lambda: f"in {g.noted}")
    same(app, "GET", "/")
    same(app, "GET", "/?key=1")
    same(app, "GET", "/nowhere")
    same(app, "GET", "/nowhere?key=1")
    same(app, "OPTIONS", "/?key=1")


def test_preprocessors_and_defaults_of_urls(same: Same) -> None:
    app, bp = make_app(), Blueprint("site", __name__, url_prefix="/<lang>")

    @bp.url_value_preprocessor
    def pull(endpoint: Any, values: Any) -> None:
        g.lang = values.pop("lang")

    @bp.url_defaults
    def push(endpoint: str, values: dict[str, Any]) -> None:
        values.setdefault("lang", g.lang)

    @bp.route("/about")
    def about() -> str:
        return f"{g.lang} {url_for('.about')} {url_for('site.about', lang='fr', page=2)}"

    app.register_blueprint(bp)
    same(app, "GET", "/de/about")


# -- kinds of views ----------------------------------------------------------------------------------------------------


def test_a_redirect_to_a_url_that_is_built(same: Same) -> None:
    app = make_app()
    app.add_url_rule("/item/<int:number>", "item", lambda number: f"{number}")

    @app.post("/new")
    def new() -> Any:
        return redirect(url_for("item", number=3, page="ä b", _anchor="top"), 303)

    same(app, "POST", "/new")


def test_a_redirect_to_where_a_visitor_wants_cannot_end_the_header(same: Same) -> None:
    app = make_app()

    @app.route("/to")
    def to() -> Any:
        return redirect(request.args["next"])

    same(app, "GET", "/to", query=f"next={quoted_plus('/a' + chr(13) + chr(10) + 'X-Evil: 1')}")


def test_a_method_view_and_only_its_method_that_is_called(same: Same) -> None:
    app = make_app()

    def shout(view: Any) -> Any:
        @wraps(view)
        def louder(**values: Any) -> str:
            return f"{view(**values)}!"

        return louder

    class Items(MethodView):
        init_every_request = False

        def __init__(self, kind: str) -> None:
            self.kind = kind

        def get(self, number: int) -> str:
            return f"{self.kind} {number}"

        def post(self, number: int) -> str:
            return unwritable.nothing  # type: ignore[name-defined,no-any-return]  # noqa: F821

    class Loud(Items):
        init_every_request = True
        decorators = [shout]

    class Page(View):
        def dispatch_request(self) -> str:
            return request.method

    app.add_url_rule("/items/<int:number>", view_func=Items.as_view("items", "book"))
    app.add_url_rule("/loud/<int:number>", view_func=Loud.as_view("loud", kind="drum"))
    app.add_url_rule("/page", view_func=Page.as_view("page"))
    for method, path in (("GET", "/items/3"), ("HEAD", "/items/3"), ("GET", "/loud/4"), ("GET", "/page")):
        same(app, method, path)


def test_a_coroutine_function(same: Same) -> None:
    app = make_app()

    @app.before_request
    async def before() -> None:
        g.name = "Ann"

    @app.route("/")
    async def index() -> str:
        return f"Hello, {g.name}, {request.path}"

    same(app, "GET", "/")


def test_decorators_of_the_apps_own(same: Same) -> None:
    app = make_app()

    def only(role: str) -> Any:
        def decorate(view: Any) -> Any:
            @wraps(view)
            def checked(*args: Any, **values: Any) -> Any:
                if request.args.get("role") != role:
                    return f"only for {role}", 403
                return view(*args, **values)

            return checked

        return decorate

    def hiding(view: Any) -> Any:
        def hidden() -> str:
            return f"<{view()}>"

        return hidden

    @app.route("/a")
    @only("admin")
    def a() -> str:
        return "a"

    def b() -> str:
        return "b"

    app.add_url_rule("/b", "b", only("root")(b))
    app.add_url_rule("/c", "c", hiding(b))
    source = same(app, "GET", "/a?role=admin")
    assert '@only("admin")\ndef a():' in source
    for path in ("/a", "/b?role=root", "/b", "/c"):
        same(app, "GET", path)


def test_variables_of_a_factory_are_written_with_their_values(same: Same) -> None:
    def create() -> App:
        app = make_app()
        total = 41
        stock = {"lamp": [Decimal("19.90"), date(2026, 1, 1)], "tags": {"b", "a"}, "none": ()}

        @app.route("/")
        def index() -> str:
            nonlocal total
            total += 1
            return f"{total} {stock['lamp']} {sorted(stock['tags'])} {app.config['TESTING']} {app.name}"

        return app

    same(create(), "GET", "/")


class Shelf:
    """Keeps things in memory."""

    def __init__(self) -> None:
        self.things: dict[int, str] = {}

    def add(self, thing: str) -> int:
        number = len(self.things) + 1
        self.things[number] = thing
        return number


def test_an_object_of_the_apps_own_is_written_as_it_is_now(same: Same) -> None:
    app, shelf = make_app(), Shelf()
    shelf.add("lamp")

    @app.post("/")
    def index() -> Any:
        return {"number": shelf.add("chair"), "all": shelf.things}

    same(app, "POST", "/")


def test_names_that_the_program_needs_itself_are_given_others(same: Same) -> None:
    app = make_app()
    values = [1, 2]

    def current() -> int:
        return len(values)

    @app.route("/<int:answer>")
    def response(answer: int) -> str:
        list_ = [current() for values in [answer]]
        return f"{list_} {values} {current()}"

    same(app, "GET", "/3")


def test_attributes_of_modules_and_of_the_app(same: Same) -> None:
    app = make_app()
    app.config["PAGE"] = 20

    @app.route("/")
    def index() -> Any:
        from wsgiapp import request as current_request

        app.logger.debug("seen")
        text = current_app.json.dumps({"page": current_app.config["PAGE"], "at": date(2026, 1, 1)})
        where = f"{wsgiapp.request.path} {json.dumps([1])} {os.path.basename(__file__)}"
        return wsgiapp.make_response(f"{text} {where} {current_app.config.get('NONE', 3)} {current_request.method}")

    same(app, "GET", "/")


@contextmanager
def bracketed() -> Iterator[str]:
    """Something from the standard library around a function of the app's."""
    yield "in"


def test_a_view_with_library_decorators_around_its_helpers(same: Same) -> None:
    app = make_app()

    @app.route("/")
    def index() -> str:
        with bracketed() as text:
            return text

    same(app, "GET", "/")


# -- files -------------------------------------------------------------------------------------------------------------


def filed(tmp_path: Path) -> App:
    """An app with a static file."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "style.css").write_text("body { color: red }\n", "utf-8")
    os.utime(tmp_path / "static" / "style.css", (1_700_000_000, 1_700_000_000))
    return make_app(root_path=str(tmp_path))


def test_a_static_file_and_its_conditional_requests(same: Same, tmp_path: Path) -> None:
    app = filed(tmp_path)
    first = app.test_client().get("/static/style.css")
    first.close()
    path = "/static/style.css"
    same(app, "GET", path)
    assert b" 304 " in answer_of(app, "GET", path, headers=[("If-None-Match", first.headers["ETag"])])
    same(app, "GET", path, headers=[("If-None-Match", first.headers["ETag"])])
    same(app, "GET", path, headers=[("If-Modified-Since", first.headers["Last-Modified"])])
    same(app, "GET", path, headers=[("Range", "bytes=0-3")])
    same(app, "HEAD", path)
    same(app, "GET", "/static/none.css")
    same(app, "GET", "/static/%2e%2e/x")


def test_files_that_a_view_sends(same: Same, tmp_path: Path) -> None:
    app = filed(tmp_path)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 60
    app.add_url_rule("/a/<path:name>", "a", lambda name: send_from_directory("static", name, as_attachment=True))
    app.add_url_rule("/b", "b", lambda: send_file("static/style.css", mimetype="text/plain", max_age=5))
    for path in ("/a/style.css", "/a/none", "/b", "/static/style.css"):
        same(app, "GET", path)


# -- what it is like ---------------------------------------------------------------------------------------------------


def test_every_comment_of_a_program_names_a_layer_of_the_road() -> None:
    source = twin(counter(), "GET", "/count").source
    body = source.partition("import")[2]
    comments = [line.strip() for line in body.splitlines() if line.strip().startswith("# ")]
    layers = {layer.name for layer in ROAD}
    assert {comment[2:].partition(":")[0] for comment in comments} <= layers | {"from the app"}
    assert {"server", "request", "context", "session", "match", "view", "response", "save", "send", "teardown"} <= {
        comment[2:].partition(":")[0] for comment in comments
    }


def test_the_sentences_come_from_the_table_of_layers() -> None:
    source = twin(counter(), "GET", "/count").source
    assert all(f"# {layer.name}: {layer.does}" in source for layer in ROAD if layer.name in ("match", "view", "send"))


def test_its_head_says_how_it_was_made_and_what_is_left_out() -> None:
    app = counter()
    app.register_error_handler(404, NotFound)
    made = twin(app, "GET", "/count")
    head = made.source.partition("import")[0]
    assert "`wsgiapp twin`" in head
    assert made.notes
    flat = " ".join(head.replace("#", " ").split())
    assert all(note in flat for note in made.notes)
    assert any("SECRET_KEY" in note for note in made.notes)


def test_the_application_can_be_served(tmp_path: Path) -> None:
    source = twin(counter(), "GET", "/count").source
    serve = """
import runpy, sys
from werkzeug.test import Client
client = Client(runpy.run_path(sys.argv[1])["application"])
print([client.get(path).text[:7] for path in ("/count", "/count", "/favicon.ico")])
"""
    assert run(source, tmp_path, serve).decode().strip() == "['visit 1', 'visit 2', '<!docty']"


def test_writing_a_program_runs_neither_view_nor_hook() -> None:
    app = make_app()
    ran: list[str] = []
    app.before_request(lambda: ran.append("hook"))
    app.add_url_rule("/", "index", lambda: ran.append("view"))
    assert "ran.append" in twin(app, "GET", "/").source
    assert ran == []


# -- secrets and hostile texts -----------------------------------------------------------------------------------------


def test_a_secret_is_read_from_the_environment_wherever_it_is_used(same: Same) -> None:
    app, password = make_app(), "hunter22hunter22"
    key = KEY

    @app.route("/")
    def index() -> str:
        return f"{len(key)} {len(app.secret_key or '')} {len(current_app.config['SECRET_KEY'])}"

    @app.route("/password")
    def secret() -> str:
        return f"{len(password)}"

    same(app, "GET", "/")
    made = twin(app, "GET", "/password")
    assert "hunter22" not in made.source
    assert any("PASSWORD" in note for note in made.notes)


def test_a_program_that_would_hold_the_key_is_not_written() -> None:
    app = make_app()
    app.add_url_rule("/", "index", lambda: "correct horse battery staple")
    with pytest.raises(TwinError, match="secret key would stand"):
        twin(app, "GET", "/")
    with pytest.raises(TwinError, match="secret key would stand"):
        twin(counter(), "GET", "/count", headers=[("X-Key", KEY)])


HOSTILE = [
    '"""\nimport os\n"""', "'''\n__import__('os').abort()", "\\", '\\"', "\r\n# x\nraise SystemExit(3)", "\u2028x = 1",
    "{% raise %}{{ 7*7 }}", "\x0craise", "#\nraise SystemExit(3)",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_comes_from_outside_is_data(same: Same, text: str) -> None:
    app = make_app()

    @app.route("/<path:name>", methods=["GET", "POST"])
    def index(name: str) -> Any:
        return f"{name} {request.args} {request.form} {request.headers.get('X-A')}"

    escaped = quoted_plus(text)
    value = "".join(char for char in text if " " <= char <= "\xff")
    form = [("X-A", value), ("Content-Type", "application/x-www-form-urlencoded")]
    same(app, "POST", f"/{escaped}?a={escaped}", headers=form, body=text.encode())
    twin(app, text, f"/{escaped}")  # compiles, whatever the method is


# -- what cannot be written --------------------------------------------------------------------------------------------

somebody: Any = LocalProxy(lambda: "somebody")


class OwnApp(App):
    """Takes a step over."""

    def make_response(self, rv: Any) -> Response:
        return super().make_response(rv)


def uses_a_generator(app: App) -> None:
    numbers = (number for number in range(3))
    app.add_url_rule("/", "index", lambda: f"{next(numbers)}")


def uses_a_proxy(app: App) -> None:
    app.add_url_rule("/", "index", lambda: f"{somebody}")


def has_no_source(app: App) -> None:
    names: dict[str, Any] = {}
    exec("def index(): return 'x'", names)
    app.add_url_rule("/", "index", names["index"])


def uses_the_running_app(app: App) -> None:
    app.add_url_rule("/", "index", lambda: f"{current_app.extensions}")


def uses_all_the_configuration(app: App) -> None:
    app.add_url_rule("/", "index", lambda: f"{len(app.config)}")


def is_wrapped(app: App) -> None:
    app.add_url_rule("/", "index", lambda: "x")
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]  # the documented way


def is_partial(app: App) -> None:
    app.add_url_rule("/", "index", partial(str, "x"))


def names_a_template_that_is_not_there(app: App) -> None:
    app.add_url_rule("/", "index", lambda: render_template("none.html"))


def uses_what_is_not_there(app: App) -> None:
    app.add_url_rule("/", "index", lambda: nothing_at_all)  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (uses_a_generator, "numbers"), (uses_a_proxy, "somebody"), (has_no_source, "no source"),
        (uses_the_running_app, "extensions"), (uses_all_the_configuration, "config"), (is_wrapped, "ProxyFix"),
        (is_partial, "partial"), (names_a_template_that_is_not_there, "none.html"),
        (uses_what_is_not_there, "nothing_at_all"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_said(build: Callable[[App], None], says: str) -> None:
    app = make_app()
    build(app)
    with pytest.raises(TwinError, match=says):
        twin(app, "GET", "/")


def test_an_app_with_steps_of_its_own_is_refused_by_name_and_line() -> None:
    with pytest.raises(TwinError, match=r"make_response.*test_twin\.py:\d+"):
        twin(OwnApp("own"), "GET", "/")


def test_the_message_says_where_it_is_and_what_to_do() -> None:
    app = make_app()
    uses_a_generator(app)
    with pytest.raises(TwinError) as failed:
        twin(app, "GET", "/")
    assert "test_twin.py:" in str(failed.value)
    assert "numbers" in str(failed.value)
