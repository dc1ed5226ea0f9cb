"""One application of many kinds of views, built on either framework.

test_differential sends it the requests of differential_corpus; nothing here knows which framework it runs on.
"""

import datetime
import decimal
import io
import uuid
from pathlib import Path
from typing import Any

from markupsafe import Markup
from werkzeug.exceptions import HTTPException, TooManyRequests, Unauthorized
from werkzeug.routing import BaseConverter

TEXT = "The quick brown fox jumps over the lazy dog. "


class OwnError(Exception):
    pass


class Reversed(BaseConverter):
    regex = "[a-z]+"

    def to_python(self, value: str) -> str:
        return value[::-1]

    def to_url(self, value: str) -> str:
        return value[::-1]


def build(framework: Any, folder: Path) -> Any:
    """The application; `folder` holds `static/`, `templates/` and `files/`."""
    app = framework.App("differential", root_path=str(folder))
    app.secret_key = "key of both frameworks"
    app.config["MAX_CONTENT_LENGTH"] = 200_000
    app.url_map.converters["reversed"] = Reversed
    for part in (routing, values, requests, files, sessions, errors, templates, hooks, blueprints):
        part(framework, app)
    return app


def routing(framework: Any, app: Any) -> None:
    rules = {
        "root": "/",
        "static_rule": "/plain",
        "folder": "/folder/",
        "leaf": "/leaf",
        "name": "/name/<name>",
        "number": "/number/<int:number>",
        "real": "/real/<float:number>",
        "rest": "/rest/<path:rest>",
        "rest_edit": "/rest/<path:rest>/edit",
        "key": "/key/<uuid:key>",
        "any": "/any/<any(red, green):color>",
        "two": "/two/<a>/<int:b>",
        "turned": "/turned/<reversed:word>",
        "unicode": "/straße/<wort>",
        "range": "/range/<int(min=2, max=5):n>",
        "dotted": "/file.<ext>",
    }
    for endpoint, rule in rules.items():
        app.add_url_rule(rule, endpoint, view_of(framework))
    app.add_url_rule("/post-only", "post_only", view_of(framework), methods=["POST"])
    app.add_url_rule("/many", "many", view_of(framework), methods=["GET", "PUT", "DELETE"])
    app.add_url_rule("/pages/", "pages", view_of(framework), defaults={"page": 1})
    app.add_url_rule("/pages/<int:page>", "pages", app.view_functions["pages"])
    app.add_url_rule("/loose", "loose", view_of(framework), strict_slashes=False)
    app.add_url_rule("/old/<int:n>", "old", redirect_to="new/<n>")
    app.add_url_rule("/no-options", "no_options", view_of(framework), provide_automatic_options=False)
    app.add_url_rule("/url-for", "url_for", lambda: url_for_all(framework))


def view_of(framework: Any) -> Any:
    def view(**arguments: Any) -> Any:
        request = framework.request
        return {
            "endpoint": request.endpoint,
            "arguments": {name: repr(value) for name, value in arguments.items()},
            "method": request.method,
            "path": request.path,
            "full_path": request.full_path,
            "url": request.url,
            "rule": request.url_rule.rule,
        }

    return view


def url_for_all(framework: Any) -> Any:
    url_for = framework.url_for
    return [
        url_for("root"),
        url_for("name", name="a b/ü"),
        url_for("number", number=7, q=["1", "2"], r=None),
        url_for("turned", word="abc"),
        url_for("pages", page=1),
        url_for("pages", page=2),
        url_for("bp.item", number=3, _anchor="x y"),
        url_for("root", _external=True, _scheme="https"),
        url_for("static", filename="a.css"),
    ]


def values(framework: Any, app: Any) -> None:
    made: dict[str, Any] = {
        "text": "text ü",
        "empty": "",
        "bytes": b"\x00\xff",
        "dict": {"b": [1, 2.5, None, True], "a": "ü"},
        "list": [1, {"x": "y"}],
        "status": ("made", 201),
        "status-line": ("made", "299 Own Words"),
        "headers": ("x", {"X-A": "1", "Content-Type": "text/plain"}),
        "header-list": ("x", 200, [("X-A", "1"), ("X-B", "2"), ("X-A", "3")]),
        "markup": Markup("<b>bold</b>"),
        "none": None,
        "number": 42,
        "tuple-of-four": ("a", 1, {}, 4),
    }
    for name, value in made.items():
        app.add_url_rule(f"/values/{name}", f"values_{name.replace('-', '_')}", lambda value=value: value)
    later: dict[str, Any] = {
        "generator": lambda: (chunk for chunk in ("a", "b", "ü")),
        "response": lambda: framework.Response("r", 202, {"X-R": "1"}, mimetype="text/x-r"),
        "redirect": lambda: framework.redirect("/values/text?a=<b>&ü=1"),
        "redirect-301": lambda: framework.redirect("https://elsewhere.example/", 301),
        "redirect-308": lambda: framework.redirect("next", 308),
        "json": lambda: framework.jsonify(
            d=datetime.date(2025, 4, 30), u=uuid.UUID(int=1), n=decimal.Decimal("1.50"), m=Markup("<i>")
        ),
        "json-list": lambda: framework.jsonify(1, "b", None),
        "made": lambda: framework.make_response(("m", 203, {"X-M": "1"})),
        "wsgi": lambda: lambda environ, start: start("298 Hand", [("Content-Type", "text/x-hand")]) or [b"by hand"],
        "cookies": lambda: with_cookies(framework),
        "location": lambda: ("", 201, {"Location": "/made/1"}),
        "etag": lambda: with_etag(framework),
        "stream": lambda: framework.Response(framework.stream_with_context(iter([framework.request.path, "!"]))),
        "set": lambda: {1, 2},
        "long": lambda: TEXT * 500,
        "after": lambda: framework.after_this_request(lambda r: (r.headers.add("X-After", "this"), r)[1]) and "x",
    }
    for name, view in later.items():
        app.add_url_rule(f"/values/{name}", f"values_{name.replace('-', '_')}", view)


def with_cookies(framework: Any) -> Any:
    response = framework.make_response("cookies")
    response.set_cookie("plain", "value")
    response.set_cookie("odd", 'ü "q"; ,', path="/x", secure=True, httponly=True, samesite="Strict")
    response.delete_cookie("gone")
    return response


def with_etag(framework: Any) -> Any:
    response = framework.make_response("tagged")
    response.set_etag("tag")
    response.last_modified = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
    return response.make_conditional(framework.request)


def requests(framework: Any, app: Any) -> None:
    @app.route("/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def echo() -> Any:
        request = framework.request
        return {
            "args": list(request.args.items(multi=True)),
            "form": list(request.form.items(multi=True)),
            "files": [[f.name, f.filename, f.mimetype, len(f.read())] for f in request.files.values()],
            "cookies": sorted(request.cookies.items(multi=True)),
            "json": request.get_json(silent=True),
            "type": [request.mimetype, request.content_type, request.content_length],
            "host": [request.host, request.url_root, request.is_secure, request.remote_addr],
            "accept": [str(request.accept_mimetypes), str(request.accept_languages)],
            "auth": str(request.authorization),
        }

    app.add_url_rule("/data", "data", lambda: framework.request.get_data(), methods=["POST", "PUT"])
    app.add_url_rule("/json", "json", lambda: {"got": framework.request.json}, methods=["POST"])
    app.add_url_rule("/need-arg", "need_arg", lambda: framework.request.args["needed"])
    app.add_url_rule("/need-form", "need_form", lambda: framework.request.form["needed"], methods=["POST"])


def files(framework: Any, app: Any) -> None:
    folder = Path(app.root_path) / "files"
    app.add_url_rule("/send", "send", lambda: framework.send_file(folder / "hello.txt"))
    app.add_url_rule(
        "/send-as",
        "send_as",
        lambda: framework.send_file(folder / "hello.txt", as_attachment=True, download_name="ü x.txt", max_age=9),
    )
    app.add_url_rule(
        "/send-bytes", "send_bytes", lambda: framework.send_file(io.BytesIO(b"0123456789"), mimetype="image/png")
    )
    app.add_url_rule("/from/<path:name>", "from_directory", lambda name: framework.send_from_directory(folder, name))


def sessions(framework: Any, app: Any) -> None:
    @app.get("/session/set/<name>/<value>")
    def session_set(name: str, value: str) -> Any:
        framework.session[name] = value
        return "set"

    @app.get("/session/permanent")
    def session_permanent() -> Any:
        framework.session.permanent = True
        return "permanent"

    @app.get("/session/flash/<message>")
    def session_flash(message: str) -> Any:
        framework.flash(message, "kind")
        return "flashed"

    app.add_url_rule("/session/get", "session_get", lambda: dict(framework.session.items()))
    app.add_url_rule("/session/in", "session_in", lambda: str("a" in framework.session))
    app.add_url_rule("/session/len", "session_len", lambda: str(len(framework.session)))
    app.add_url_rule("/session/clear", "session_clear", lambda: framework.session.clear() or "cleared")
    app.add_url_rule("/session/pop/<name>", "session_pop", lambda name: str(framework.session.pop(name, None)))
    app.add_url_rule("/session/flashed", "flashed", lambda: framework.get_flashed_messages(with_categories=True))


def errors(framework: Any, app: Any) -> None:
    app.add_url_rule("/abort/<int:code>", "abort", lambda code: framework.abort(code))
    app.add_url_rule("/abort-said/<int:code>", "abort_said", lambda code: framework.abort(code, "said <so>"))
    app.add_url_rule("/fails", "fails", lambda: 1 / 0)
    app.add_url_rule("/own", "own_error", lambda: raise_(OwnError("own")))
    app.add_url_rule("/own-key", "own_key", lambda: {}["missing"])
    app.add_url_rule("/auth", "auth", lambda: raise_(Unauthorized(www_authenticate=basic())))
    app.add_url_rule("/later", "later", lambda: raise_(TooManyRequests(retry_after=30)))
    app.add_url_rule(
        "/response-error", "response_error", lambda: raise_(HTTPException(response=framework.Response("e", 277)))
    )
    app.register_error_handler(OwnError, lambda error: ({"own": str(error)}, 409, {"X-Own": "1"}))
    app.register_error_handler(410, lambda error: f"gone: {error.name}")
    app.register_error_handler(KeyError, lambda error: (f"key {error}", 400) if type(error) is KeyError else error)


def basic() -> Any:
    from werkzeug.datastructures import WWWAuthenticate

    return WWWAuthenticate("basic", {"realm": "own realm"})


def raise_(error: Exception) -> Any:
    raise error


def templates(framework: Any, app: Any) -> None:
    app.template_filter("shout")(lambda value: value.upper())
    app.context_processor(lambda: {"processed": "<p>"})
    for name in ("page.html", "page.txt", "missing.html"):
        app.add_url_rule(
            f"/template/{name}", f"template_{name}", lambda name=name: framework.render_template(name, v="<v>")
        )
    app.add_url_rule("/template/string", "string", lambda: framework.render_template_string("{{ v|shout }}", v="<v>"))
    app.add_url_rule("/template/stream", "stream", lambda: framework.stream_template("page.html", v="<v>"))
    app.add_url_rule("/template/broken", "broken", lambda: framework.render_template_string("{% if %}"))


def hooks(framework: Any, app: Any) -> None:
    @app.before_request
    def before() -> Any:
        framework.g.trail = ["app"]
        return ("stopped", 403) if "stop" in framework.request.args else None

    @app.after_request
    def after(response: Any) -> Any:
        response.headers["X-Trail"] = ",".join(framework.g.get("trail", []))
        return response

    app.add_url_rule("/g", "g", lambda: ",".join(framework.g.trail))


def blueprints(framework: Any, app: Any) -> None:
    blueprint = framework.Blueprint("bp", __name__, url_prefix="/bp/<lang>")
    child = framework.Blueprint("child", __name__, url_prefix="/child")

    @blueprint.url_value_preprocessor
    def take(endpoint: str | None, values: Any) -> None:
        framework.g.lang = values.pop("lang")

    @blueprint.url_defaults
    def give(endpoint: str, values: Any) -> None:
        values.setdefault("lang", framework.g.get("lang", "xx"))

    blueprint.before_request(lambda: framework.g.trail.append("bp"))
    child.before_request(lambda: framework.g.trail.append("child"))
    blueprint.register_error_handler(404, lambda error: (f"bp 404 {framework.g.lang}", 404))
    blueprint.add_url_rule(
        "/item/<int:number>",
        "item",
        lambda number: f"{framework.g.lang} {number} {framework.url_for('.item', number=1)}",
    )
    blueprint.add_url_rule("/abort/<int:code>", "abort", lambda code: framework.abort(code))
    child.add_url_rule("/who", "who", lambda: f"{framework.request.blueprint} {framework.request.blueprints}")
    blueprint.register_blueprint(child)
    app.register_blueprint(blueprint)


def prepare(folder: Path) -> None:
    """Fill `folder` with what the application serves."""
    import os

    contents = {
        "static/a.css": "body {}",
        "static/sub/b.js": "let x",
        "templates/page.html": "{{ v }} {{ processed }} {{ request.path }} {{ url_for('root') }} {{ v|shout }}",
        "templates/page.txt": "{{ v }} {{ g.trail|length }}",
        "files/hello.txt": "0123456789",
        "files/sub/x.html": "<p>x</p>",
        "secret.txt": "secret",
    }
    for name, text in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (1_700_000_000, 1_700_000_000))
