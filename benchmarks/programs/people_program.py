"""The programs of `benchmarks.people_workloads`: one source for Flask, for wsgiapp by the alias, and for the floor.

Each function makes the application of the workload of its name. In those with a visitor a hook before the request reads
the session into ``g``, a hook after it sets two headers, and a teardown forgets what ``g`` had.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    flash,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)

from benchmarks.people_workloads import LINKS, PASSWORD, ROWS_500, TOKEN
from benchmarks.workloads import FOLDER, SECRET_KEY


def plain() -> Flask:
    """An app without hooks."""
    app = Flask("benchmark", root_path=str(FOLDER))
    app.secret_key = SECRET_KEY
    return app


def make() -> Flask:
    """An app with a visitor: hooks around every request."""
    app = plain()

    @app.before_request
    def find_visitor() -> None:
        g.user_id = session.get("user_id")
        g.theme = session.get("theme", "light")

    @app.after_request
    def set_headers(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    @app.teardown_request
    def forget(error: BaseException | None) -> None:
        g.pop("user_id", None)

    return app


def rules_two() -> Flask:
    app = plain()

    def add(number: int) -> None:
        def view(a: int, b: str) -> str:
            return f"rule {number}: {a} and {b}"

        app.add_url_rule(f"/r{number}/<int:a>/sub/<b>", f"r{number}", view)

    for number in range(300):
        add(number)
    return app


MIXED = (
    "/mixed{}/static/page",
    "/mixed{}/<int:number>",
    "/mixed{}/<name>/edit",
    "/mixed{}/<int:number>/<path:rest>",
    "/mixed{}/<uuid:key>",
    "/mixed{}/<int:number>/<name>",
)


def rules_mixed() -> Flask:
    app = plain()

    def add(number: int) -> None:
        def view(**values: Any) -> str:
            return f"rule {number}: {sorted(map(str, values.values()))}"

        rule = MIXED[3] if number == 997 else MIXED[number % len(MIXED)]
        app.add_url_rule(rule.format(number), f"mixed{number}", view)

    for number in range(1000):
        add(number)
    return app


def hooks_g() -> Flask:
    app = plain()
    part = Blueprint("part", "benchmark", url_prefix="/part")

    @app.before_request
    def first() -> None:
        g.steps = ["app"]

    @part.before_request
    def second() -> None:
        g.steps.append("part")

    @part.after_request
    def third(response: Response) -> Response:
        response.headers["X-Steps"] = str(len(g.steps))
        return response

    @app.after_request
    def fourth(response: Response) -> Response:
        response.headers["X-First"] = g.steps[0]
        return response

    @app.teardown_request
    def last(error: BaseException | None) -> None:
        g.pop("steps", None)

    @part.get("/hooks")
    def view() -> str:
        g.steps.append("view")
        return " ".join(g.steps)

    app.register_blueprint(part)
    return app


def targets(app: Flask) -> None:
    """Pages that are linked to, and never asked for here."""
    for rule, endpoint in (
        ("/things/<int:id>", "thing"),
        ("/people/<name>", "person"),
        ("/things/<int:id>/parts/<part>", "part_of"),
        ("/search", "search"),
    ):
        app.add_url_rule(rule, endpoint, lambda **values: str(values))


def url_for_twenty() -> Flask:
    app = make()
    targets(app)

    @app.get("/links")
    def links() -> str:
        found = [url_for("static", filename="ten.txt"), url_for("static", filename="site.css")]
        for number in range(6):
            found.append(url_for("thing", id=number))
            found.append(url_for("person", name=f"person {number}"))
        found += [url_for("part_of", id=number, part="lid") for number in range(3)]
        found += [
            url_for("search", q="a lamp", page=2),
            url_for("search", q="ä"),
            url_for("thing", id=1, _external=True),
        ]
        return " ".join(found)

    return app


def echo() -> Flask:
    app = make()

    @app.get("/echo")
    def show() -> Response:
        return jsonify(
            q=request.args.get("q"),
            page=request.args.get("page", 1, type=int),
            tags=request.args.getlist("tag"),
            agent=request.headers.get("User-Agent"),
            language=request.headers.get("Accept-Language"),
            has_cookie="session" in request.cookies,
            url=request.url,
            user=g.user_id,
        )

    return app


def login() -> Flask:
    app = account()

    @app.post("/login")
    def check() -> Any:
        form = request.form
        if form["username"] != "ada" or not hmac.compare_digest(form["password"], PASSWORD):
            abort(403)
        session["user_id"], session["name"] = 7, "Ada"
        flash("Welcome back, Ada.")
        return redirect(url_for("home"))

    return app


def account() -> Flask:
    app = make()

    @app.get("/account")
    def home() -> str:
        return render_template("people/account.html", name=session.get("name"))

    return app


def page() -> Flask:
    app = make()
    targets(app)

    @app.get("/page")
    def show() -> str:
        return render_template("people/page.html", links=LINKS)

    return app


def photo() -> Flask:
    app = make()

    @app.post("/photo")
    def keep() -> Response:
        file = request.files["photo"]
        return jsonify(title=request.form["title"], name=file.filename, size=len(file.read()))

    return app


def rows_500() -> Flask:
    app = make()

    @app.get("/rows")
    def rows() -> Response:
        return jsonify(ROWS_500)

    return app


def api() -> Flask:
    app = plain()
    outer, things = Blueprint("api", "benchmark", url_prefix="/api"), Blueprint("v1", "benchmark", url_prefix="/v1")
    kept: dict[int, Any] = {}

    @outer.before_request
    def authorise() -> None:
        if not hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {TOKEN}"):
            abort(401)

    @outer.after_request
    def forbid_caches(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    @things.get("/things/<int:id>")
    def one(id: int) -> Response:
        return jsonify(kept[id])

    @things.post("/things")
    def create() -> Any:
        content = request.get_json()
        kept[1] = {"id": 1, "name": content["name"], "total": content["count"] * content["price"]}
        return jsonify(kept[1]), 201, {"Location": url_for("api.v1.one", id=1)}

    outer.register_blueprint(things)
    app.register_blueprint(outer)
    return app


#: The application of each workload, by the workload's name.
APPLICATIONS: dict[str, Callable[[], Any]] = {
    "rules_two": rules_two,
    "rules_mixed": rules_mixed,
    "hooks_g": hooks_g,
    "url_for": url_for_twenty,
    "request": echo,
    "login": login,
    "after_login": account,
    "page": page,
    "photo": photo,
    "rows_500": rows_500,
    "api": api,
    "file_again": make,
}
