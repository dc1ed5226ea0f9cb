"""What several X-ray tests need: an app with all kinds of views, watched, and what hostile visitors send to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy

from wsgiapp import App, Response, abort, redirect, render_template, render_template_string, request, session
from wsgiapp.xray import XRay
from wsgiapp.xray.trace import Trace

NEAR = {"REMOTE_ADDR": "127.0.0.1"}
TOKEN = "the-token-of-the-terminal"
SECRET_KEY = "the-secret-key-of-the-app"
#: What a visitor has typed, and nobody else may read. Tests name it, for pages show lines of their source.
SECRET = "s3cr3t"
#: Markup that would show itself: as an element, in an attribute, in a script, in a style.
HOSTILE = "</script></style></textarea><img src=x onerror=alert(1)>\"'`{{7*7}}${7}"


def watched_app(**options: Any) -> tuple[App, XRay]:
    """An app with a page, an API, a form, a redirect, an error, a stream, SQL and a session; in debug mode."""
    app = App(__name__, static_folder=None)
    app.secret_key, app.debug = SECRET_KEY, True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.NullPool)

    @app.before_request
    def look() -> None:
        app.logger.warning("asked for %s", request.path)

    @app.after_request
    def mark(response: Response) -> Response:
        response.headers["X-Mark"] = request.args.get("mark", "none")
        return response

    @app.get("/page/<name>")
    def page(name: str) -> str:
        session["n"] = session.get("n", 0) + 1
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT :name"), {"name": name})
        return render_template_string("<p>{{ name }}</p>", name=name, password="hunter2-in-a-template")

    @app.get("/stream")
    def stream() -> Iterator[str]:
        return (f"{number}," for number in range(3))

    app.add_url_rule("/api", "api", lambda: {"items": [1, 2]})
    echo = ["GET", "POST", "PUT"]
    app.add_url_rule("/form", "form", lambda: Response(request.get_data(), mimetype="text/plain"), methods=echo)
    app.add_url_rule("/away", "away", lambda: redirect("/api"))
    app.add_url_rule("/tea", "tea", lambda: abort(418))
    app.add_url_rule("/fails", "fails", lambda: 1 / int(request.args.get("by", "0")))
    app.add_url_rule("/template/<path:name>", "template", lambda name: render_template(name))
    return app, XRay(app, token=TOKEN, **options)


def send(app: App, xray: XRay, path: str, **options: Any) -> Trace:
    """Send a request to its end, and return what was seen of it."""
    client = app.test_client(use_cookies="Cookie" not in options.get("headers", {}))
    response = client.open(path, environ_overrides=NEAR, **options)
    response.get_data()
    response.close()
    trace = xray.newest()
    assert trace is not None
    return trace


class Reader:
    """Whoever sits at the machine and has the token."""

    def __init__(self, app: App) -> None:
        self.client = app.test_client()
        assert self.get(f"?token={TOKEN}").status_code == 302

    def get(self, path: str, **options: Any) -> Any:
        """Open a page below the X-ray's prefix."""
        return self.client.get(f"/_xray/{path}", environ_overrides=NEAR, **options)

    def post(self, form: str, /, **fields: str) -> Any:
        """Send a form of the X-ray's own page."""
        fields = {"key": self.key(), **fields}
        return self.client.post(f"/_xray/{form}", data=fields, environ_overrides=NEAR)

    def key(self) -> str:
        """The key that its forms carry."""
        return str(self.client.application.extensions["xray"].watch.pages.key())
