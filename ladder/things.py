"""Things that programs written for Flask do, each tried on one step of the ladder.

    python ladder/things.py 7        # what works at step 7

Each thing is a small program. It is driven as WSGI, by Werkzeug's client, so it needs no test client of the step. A
program for an early step has to be written differently, and this is allowed for: until step 10 a view takes the request
(until step 4 the environ) as its argument, and until step 12 an app has no name.
"""

import contextlib
import importlib
import io
import json
import logging
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from wsgiref.validate import validator

from werkzeug.test import Client

THINGS = {}


class Program:
    """One program on one step: its app, its views, and a client that sends requests to it."""

    def __init__(self, number, folder):
        self.number, self.folder = number, folder
        self.step = importlib.import_module(f"step_{number:02}")
        self.app = self.step.app if number < 3 else self.step.App(*[__name__] * (number > 12))
        if number > 9:
            self.app.config["SECRET_KEY"] = "key"
        self.client = Client(self.app)

    def view(self, function):
        """*function*, which takes the request and what stands in the holes of its rule, as a view of this step."""

        def view(*given, **values):
            return function(*(given or [self.step.request]), **values)

        view.__name__ = function.__name__.replace("<lambda>", "view")
        return view

    def route(self, rule, function, **options):
        """Add a view to the app."""
        self.app.route(rule, **options)(self.view(function))

    def session(self, request):
        """The session of the moment."""
        return request.session if self.number < 11 else self.step.session

    def flash(self, request, *message):
        """Flash a message."""
        self.step.flash(*[request] * (self.number < 11), *message)

    def flashed(self, request):
        """The messages that wait."""
        return self.step.get_flashed_messages(*[request] * (self.number < 11))

    def get(self, path, **options):
        """Ask for a page."""
        return self.client.get(path, **options)


def thing(name):
    """Note a thing that programs do: a function that returns whether it worked."""

    def note(function):
        THINGS[name] = function
        return function

    return note


# -- WSGI and routing --------------------------------------------------------------------------------------------------


@thing("an app is a WSGI function that keeps to the rules")
def keeps_to_wsgi(p):
    client = Client(validator(p.app))
    return [client.get(path, buffered=True).status_code in {200, 404} for path in ("/", "/nothing")] == [True, True]


@thing("`@app.route`")
def route(p):
    p.route("/hello", lambda request: "Hello")
    return p.get("/hello").text == "Hello"


@thing("404 for an unknown path")
def not_found(p):
    return p.number > 2 and p.get("/nothing").status_code == 404


@thing("`/user/<name>`")
def variable(p):
    p.route("/user/<name>", lambda request, name: name)
    return p.get("/user/Zo%C3%AB").text == "Zoë"


@thing("`/post/<int:number>`")
def integer(p):
    p.route("/post/<int:number>", lambda request, number: str(number + 1))
    return (p.get("/post/41").text, p.get("/post/one").status_code) == ("42", 404)


@thing("`/files/<path:name>`")
def path(p):
    p.route("/files/<path:name>", lambda request, name: name)
    return p.get("/files/a/b.txt").text == "a/b.txt"


@thing("a redirect to the missing slash")
def slash(p):
    p.route("/projects/", lambda request: "Projects")
    return (p.get("/projects").status_code, p.get("/projects/").text) == (308, "Projects")


@thing("`methods=[...]`, and 405 for the others")
def methods(p):
    p.route("/save", lambda request: "saved", methods=["POST"])
    refused = p.get("/save")
    return (p.client.post("/save").text, refused.status_code, refused.headers["Allow"]) == ("saved", 405, "POST")


@thing("HEAD for each GET")
def head(p):
    p.route("/hello", lambda request: "Hello", methods=["GET"])
    answer = p.client.head("/hello")
    return (answer.status_code, answer.data) == (200, b"")


@thing("an answer to OPTIONS")
def options(p):
    p.route("/hello", lambda request: "Hello", methods=["GET"])
    answer = p.client.options("/hello")
    return answer.status_code == 200 and "GET" in answer.headers["Allow"]


@thing("several rules for a view, with defaults")
def defaults(p):
    view = p.view(lambda request, page: str(page))
    p.app.add_url_rule("/pages", "pages", view, defaults={"page": 1})
    p.app.add_url_rule("/pages/<int:page>", "pages", view)
    return (p.get("/pages").text, p.get("/pages/2").text) == ("1", "2")


@thing("`app.get` and `app.post`")
def shortcuts(p):
    p.app.get("/a")(p.view(lambda request: "got"))
    p.app.post("/b", endpoint="b")(p.view(lambda request: "posted"))
    return (p.get("/a").text, p.client.post("/b").text) == ("got", "posted")


# -- the request -------------------------------------------------------------------------------------------------------


@thing("`request.args`")
def args(p):
    p.route("/search", lambda request: request.args.get("page", 1, type=int) * "x")
    return (p.get("/search?page=3").text, p.get("/search?page=y").text) == ("xxx", "x")


@thing("`request.form`, and 400 where a field is missing")
def form(p):
    p.route("/form", lambda request: request.form["name"], methods=["POST"])
    return (p.client.post("/form", data={"name": "Ada"}).text, p.client.post("/form").status_code) == ("Ada", 400)


@thing("`request.files`")
def files(p):
    p.route("/file", lambda request: request.files["file"].read(), methods=["POST"])
    return p.client.post("/file", data={"file": (io.BytesIO(b"content"), "a.txt")}).data == b"content"


@thing("`request.get_json`")
def get_json(p):
    p.route("/json", lambda request: request.get_json()["name"], methods=["POST"])
    return p.client.post("/json", json={"name": "Ada"}).text == "Ada"


@thing("`request.method`, `path` and `headers`")
def headers(p):
    p.route("/head", lambda request: f"{request.method} {request.path} {request.headers['X-Mood']}")
    return p.get("/head", headers={"X-Mood": "happy"}).text == "GET /head happy"


@thing("`request.cookies` and `set_cookie`")
def cookies(p):
    def view(request):
        response = p.step.Response(request.cookies.get("name", "nobody"))
        response.set_cookie("name", "Ada")
        return response

    p.route("/cookie", view)
    return (p.get("/cookie").text, p.get("/cookie").text) == ("nobody", "Ada")


@thing("`MAX_CONTENT_LENGTH` in the settings")
def max_content_length(p):
    p.app.config["MAX_CONTENT_LENGTH"] = 10
    p.route("/form", lambda request: request.form.get("text", ""), methods=["POST"])
    return p.client.post("/form", data={"text": "x" * 99}).status_code == 413


# -- the response ------------------------------------------------------------------------------------------------------


@thing("`redirect`")
def redirect(p):
    p.route("/old", lambda request: p.step.redirect("/new"))
    answer = p.get("/old")
    return (answer.status_code, answer.headers["Location"]) == (302, "/new")


@thing("`abort(403)`")
def abort(p):
    p.route("/secret", lambda request: p.step.abort(403))
    return p.get("/secret").status_code == 403


@thing("`Response(...)`")
def response(p):
    p.route("/csv", lambda request: p.step.Response("a,b", mimetype="text/csv"))
    return p.get("/csv").mimetype == "text/csv"


@thing("a dictionary or a list becomes JSON")
def dictionary(p):
    p.route("/dict", lambda request: {"b": 1, "a": [True, None]})
    p.route("/list", lambda request: [1], endpoint="list")
    return (p.get("/dict").data, p.get("/list").get_json()) == (b'{"a":[true,null],"b":1}\n', [1])


@thing("`jsonify`")
def jsonify(p):
    p.route("/json", lambda request: p.step.jsonify(a=1))
    return p.get("/json").get_json() == {"a": 1}


@thing("`return text, status, headers`")
def triple(p):
    p.route("/made", lambda request: ("made", 201, {"X-Mood": "happy"}))
    answer = p.get("/made")
    return (answer.text, answer.status_code, answer.headers["X-Mood"]) == ("made", 201, "happy")


@thing("a generator is sent piece by piece")
def generator(p):
    p.route("/stream", lambda request: (str(number) for number in range(3)))
    return p.get("/stream").text == "012"


@thing("`make_response`")
def make_response(p):
    p.route("/made", lambda request: p.step.make_response("made", 201))
    return p.get("/made").status_code == 201


@thing("a text is HTML")
def is_html(p):
    p.route("/page", lambda request: "<b>page</b>")
    return p.get("/page").content_type == "text/html; charset=utf-8"


# -- templates, session, flash -----------------------------------------------------------------------------------------


@thing("`render_template`, which escapes")
def render_template(p):
    p.route("/page", lambda request: p.step.render_template("index.html", messages=["<b>"]))
    return "&lt;b&gt;" in p.get("/page").text


@thing("`render_template_string`")
def render_template_string(p):
    p.route("/page", lambda request: p.step.render_template_string("{{ word }}", word="<b>"))
    return p.get("/page").text == "&lt;b&gt;"


@thing("a template filter of one's own")
def template_filter(p):
    p.app.template_filter("shout")(str.upper)
    return p.app.jinja_env.from_string("{{ 'word' | shout }}").render() == "WORD"


@thing("a context processor")
def context_processor(p):
    p.app.context_processor(lambda: {"name": "Ada"})
    p.route("/page", lambda request: p.step.render_template("index.html"))
    return "Ada" in p.get("/page").text


@thing("`session`")
def session(p):
    p.route("/write", lambda request: p.session(request).update(user="kiran", pair=(1, 2)) or "")
    p.route("/read", lambda request: repr(sorted(p.session(request).items())), endpoint="read")
    p.get("/write")
    before = p.get("/read").text
    p.client.set_cookie("session", "eyJ1c2VyIjoiYWRhIn0.aBH2rw.iAz3jJL_dRaHiNSddwd2uVvC9pk")
    return (before, p.get("/read").text) == ("[('pair', (1, 2)), ('user', 'kiran')]", "[]")


@thing("`app.secret_key = ...`")
def secret_key(p):
    p.app.secret_key = "other"
    p.route("/write", lambda request: p.session(request).update(user="kiran") or "")
    p.get("/write")
    return p.app.config["SECRET_KEY"] == "other"


@thing("`session.permanent`")
def permanent(p):
    def view(request):
        session = p.session(request)
        session["user"], session.permanent = "kiran", True
        return ""

    p.route("/write", view)
    return "Expires" in p.get("/write").headers["Set-Cookie"]


@thing("`flash`")
def flash(p):
    p.route("/flash", lambda request: p.flash(request, "Saved.", "info") or "")
    p.route("/show", p.flashed, endpoint="show")
    p.get("/flash")
    return (p.get("/show").get_json(), p.get("/show").get_json()) == (["Saved."], [])


# -- contexts, hooks, errors -------------------------------------------------------------------------------------------


@thing("`request`, a name that is always the request of the moment")
def proxy(p):
    p.app.add_url_rule("/hello", "hello", lambda: p.step.request.path)
    return p.get("/hello").text == "/hello"


@thing("`g` and `current_app`")
def ambient(p):
    def view(request):
        p.step.g.number = 42
        return f"{p.step.g.number} {p.step.current_app == p.app} {'other' in p.step.g}"

    p.route("/g", view)
    return p.get("/g").text == "42 True False"


@thing("`url_for`")
def url_for(p):
    p.route("/user/<name>", lambda request, name: p.step.url_for("view", name="Ada", page=2))
    return p.get("/user/Bob").text == "/user/Ada?page=2"


@thing("`with app.app_context()`")
def app_context(p):
    with p.app.app_context():
        return p.step.current_app == p.app


@thing("`before_request` and `after_request`")
def hooks(p):
    p.app.before_request(lambda: "closed")
    p.app.after_request(lambda response: response.headers.update({"X-Mood": "happy"}) or response)
    answer = p.get("/")
    return (answer.text, answer.headers["X-Mood"]) == ("closed", "happy")


@thing("`teardown_request`")
def teardown(p):
    seen = []
    p.app.teardown_request(seen.append)
    p.get("/nothing")
    return seen == [None]


@thing("`errorhandler`")
def errorhandler(p):
    p.app.errorhandler(404)(lambda error: ("no page", 404))
    p.app.errorhandler(KeyError)(lambda error: ("no key", 418))
    p.route("/key", lambda request: {}["missing"])
    return (p.get("/nothing").text, p.get("/key").text) == ("no page", "no key")


@thing("500 for an error, which goes to the log")
def internal_error(p):
    p.route("/broken", lambda request: 1 // 0)
    records = []
    handler = SimpleNamespace(level=0, handle=records.append)
    logging.getLogger().addHandler(handler)
    answer = p.get("/broken")
    return (answer.status_code, "ZeroDivisionError" in answer.text, len(records)) == (500, False, 1)


@thing("`app.logger`")
def logger(p):
    p.app.logger.warning("tried")
    return isinstance(p.app.logger, logging.Logger)


@thing("the signal `template_rendered`")
def signals(p):
    seen = []
    with p.step.template_rendered.connected_to(lambda sender, template, context: seen.append(template.name), p.app):
        p.app.add_url_rule("/page", "page", lambda: p.step.render_template("index.html"))
        p.get("/page")
    return seen == ["index.html"]


@thing("the signal `request_started`")
def request_started(p):
    seen = []
    with p.step.request_started.connected_to(seen.append, p.app):
        p.get("/")
    return seen == [p.app]


# -- larger programs ---------------------------------------------------------------------------------------------------


@thing("`Flask(__name__)`")
def name(p):
    return p.step.App(__name__).name == __name__


@thing("settings from a file")
def settings(p):
    (p.folder / "settings.py").write_text("KEY = 'value'\nsmall = 1\n")
    p.app.config.from_pyfile(str(p.folder / "settings.py"))
    return p.app.config["KEY"] == "value" and "small" not in p.app.config


@thing("static files")
def static(p):
    (p.folder / "static").mkdir()
    (p.folder / "static" / "style.css").write_text("b {}")
    p.app.root_path = str(p.folder)
    return (p.get("/static/style.css").text, p.get("/static/../settings.py").status_code) == ("b {}", 404)


@thing("a blueprint with its own hooks")
def blueprint(p):
    auth = p.step.Blueprint("auth", __name__, url_prefix="/auth")
    seen = []
    auth.before_request(lambda: seen.append("before"))
    auth.get("/login", endpoint="login")(lambda: p.step.url_for("auth.login"))
    p.app.register_blueprint(auth)
    return (p.get("/auth/login").text, p.get("/nothing").status_code, seen) == ("/auth/login", 404, ["before"])


@thing("a blueprint within a blueprint")
def nested(p):
    inner, outer = (p.step.Blueprint(name, __name__, url_prefix=f"/{name}") for name in ("inner", "outer"))
    inner.get("/", endpoint="index")(lambda: "inside")
    outer.register_blueprint(inner)
    p.app.register_blueprint(outer)
    return p.get("/outer/inner/").text == "inside"


@thing("an extension with `init_app`")
def extension(p):
    p.step.Database().init_app(p.app)
    return "database" in p.app.extensions


@thing("`View` and `MethodView`")
def class_views(p):
    class Item(p.step.MethodView):
        def get(self, number):
            return f"read {number}"

        def delete(self, number):
            return f"deleted {number}"

    p.app.add_url_rule("/item/<int:number>", view_func=Item.as_view("item"))
    return (p.get("/item/1").text, p.client.delete("/item/1").text, p.client.put("/item/1").status_code) == (
        "read 1",
        "deleted 1",
        405,
    )


@thing("`app.test_client()`, and the session after its request")
def test_client(p):
    p.route("/write", lambda request: p.session(request).update(user="kiran") or "")
    with p.app.test_client() as client:
        client.get("/write")
        return p.step.session["user"] == "kiran"


@thing("`session_transaction()`")
def session_transaction(p):
    p.route("/read", lambda request: p.session(request)["user"])
    client = p.app.test_client()
    with client.session_transaction() as session:
        session["user"] = "kiran"
    return client.get("/read").text == "kiran"


@thing("`with app.test_request_context(...)`")
def test_request_context(p):
    with p.app.test_request_context("/?word=x"):
        return p.step.request.args["word"] == "x"


@thing("`@app.cli.command`, and `app.test_cli_runner()`")
def command(p):
    p.app.cli.command("who")(lambda: print(p.step.current_app.name))
    return p.app.test_cli_runner().invoke(args=["who"]).output == f"{__name__}\n"


def works(name, number):
    """Whether the thing called *name* works at step *number*; any error means that it does not."""
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(Exception):
        return bool(THINGS[name](Program(number, Path(folder))))
    return False


def main():
    """Print what works at the step that the argument names."""
    logging.getLogger().addHandler(logging.NullHandler())
    print(json.dumps([name for name in THINGS if works(name, int(sys.argv[1]))], indent=1))


if __name__ == "__main__":
    main()
