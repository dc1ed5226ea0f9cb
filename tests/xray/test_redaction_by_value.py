"""What is a secret by its name once is shown nowhere else in that request either: not by its value."""

from __future__ import annotations

import json
import logging
import zlib
from base64 import b64encode
from typing import Any

import pytest
import sqlalchemy

from wsgiapp import App, Response, g, render_template_string, request, session
from wsgiapp.xray import XRay
from wsgiapp.xray.show import exports, text

from .support import NEAR, TOKEN, Reader

XML = "<e:Envelope><e:Body><wsse:Password Type='x'>{}</wsse:Password><user>ann</user></e:Body></e:Envelope>"
PLIST = "<plist><dict><key>Password</key>\n<string>{}</string></dict></plist>"
SENT = {
    "form": ("application/x-www-form-urlencoded", "name=ann&password={}"),
    "json": ("application/json", '{{"name": "ann", "password": "{}"}}'),
    "deep json": ("application/json", '{{"a": [{{"credentials": {{"b": ["{}"]}}}}]}}'),
    "json in a form": ("application/x-www-form-urlencoded", "payload=%7B%22password%22%3A%22{}%22%7D"),
    "xml": ("application/xml", "<login><password>{}</password></login>"),
    "xml attribute": ("text/xml", '<login><setting name="api_key" value="{}"/></login>'),
    "soap": ("application/soap+xml", XML),
    "plist": ("application/x-plist", PLIST),
    "yaml": ("application/yaml", "name: ann\npassword: {}\n"),
    "yaml block": ("text/yaml", "token: |\n  {}\nname: ann\n"),
    "yaml list": ("application/yaml", "env:\n- name: API_TOKEN\n  value: {}\n"),
    "csv": ("text/csv", "name,password,age\nann,{},3\n"),
    "csv pair": ("text/csv", "a,b\npassword,{}\n"),
    "lines": ("text/plain", "SECRET_KEY={}\n"),
    "multipart": (
        "multipart/form-data; boundary=b",
        '--b\r\nContent-Disposition: form-data; name="pin"\r\n\r\n{}\r\n--b--',
    ),
    "json in multipart": (
        "multipart/form-data; boundary=b",
        '--b\r\nContent-Disposition: form-data; name="data"\r\n\r\n{{"otp": "{}"}}\r\n--b--',
    ),
}
UNREAD = {
    "deflate": (zlib.compress(b'{"password": "Deflated-77"}' * 3), "application/json", "deflate"),
    "msgpack": (b"\x82\xa8password\xabMessage-771", "application/msgpack", ""),
    "binary": (b"password=Binary-7711", "application/octet-stream", ""),
}
PLACES = {
    "header": {"headers": {"X-Api-Key": "{}"}},
    "bearer": {"headers": {"Authorization": "Bearer {}"}},
    "cookie": {"headers": {"Cookie": "auth={}; theme=dark"}},
    "query": {"query_string": "token={}&a=1"},
    "json in a query": {"query_string": 'filter={{"password":"{}"}}'},
    "referer": {"headers": {"Referer": "https://shop.example/?access_token={}"}},
    "userinfo": {"headers": {"Referer": "https://ann:{}@shop.example/"}},
    "csrf header": {"headers": {"X-CSRF-Token": "{}"}},
}


def made() -> tuple[App, XRay]:
    """An app that says what it was sent again, in every place that the X-ray shows."""
    app = App(__name__, static_folder=None)
    app.secret_key, app.debug = "The-apps-own-key-0451", True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.NullPool)

    @app.route("/say", methods=["GET", "POST"])
    def say() -> Any:
        secret = request.headers["X-Test-Pin"]
        logging.getLogger("by_value").warning("typed: %s in %s", secret, [secret])
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text(f"SELECT '{secret}'"))
            connection.execute(sqlalchemy.text("SELECT :plain"), {"plain": secret})
        page = render_template_string("<p>{{ said }}</p>", said=f"you typed {secret}")
        response = Response(page, headers={"X-Said": secret, "Location": f"/a/{secret}"})
        if request.args.get("fail"):
            raise ValueError(f"input_value={secret!r} is too short")
        return response

    @app.route("/keep")
    def keep() -> Any:
        g.api_token, session["csrf_token"] = "Namespace-7711", "Session-value-77"
        render_template_string("{{ password }}", password="Template-var-77")
        for each in (g.api_token, session["csrf_token"], "Template-var-77"):
            logging.getLogger("by_value").warning("said %s", each)
        response = Response(json.dumps({"access_token": "Answered-tok-77", "echo": "again Answered-tok-77"}))
        response.mimetype = "application/json"
        response.set_cookie("auth", "Set-cookie-7711")
        response.headers["X-Echo"] = "Set-cookie-7711"
        return response

    return app, XRay(app, token=TOKEN)


def all_that_is_shown(app: App, xray: XRay) -> str:
    """Every page, export, lesson, step and print of the last request."""
    trace = xray.newest()
    assert trace is not None
    reader = Reader(app)
    pages = ["", f"t/{trace.id}", f"t/{trace.id}/lesson.html", f"compare?left={trace.id}&right={trace.id}"]
    pages += [f"t/{trace.id}/export/{name}" for name in exports.EXPORTS]
    pages += [f"t/{trace.id}/step/{number}" for number in (1, len(trace.spans) // 2)]
    shown = [reader.get(page).get_data(as_text=True) for page in pages]
    return "\n".join([*shown, *text.lines(trace, verbose=True), repr(trace)])


def sent(app: App, path: str = "/say", secret: str = "", **options: Any) -> None:
    headers = {**options.pop("headers", {}), **({"X-Test-Pin": secret} if secret else {})}
    client = app.test_client(use_cookies="Cookie" not in headers)
    client.open(path, environ_overrides=NEAR, headers=headers, **options).close()


@pytest.mark.parametrize("fail", ["", "?fail=1"])
@pytest.mark.parametrize("name", SENT)
def test_what_a_body_says_is_nowhere_shown(name: str, fail: str) -> None:
    app, xray = made()
    kind, body = SENT[name]
    secret = "Ty" + "ped-77é"
    sent(app, f"/say{fail}", secret, method="POST", data=body.format(secret).encode(), content_type=kind)
    shown = all_that_is_shown(app, xray)
    assert "ped-77" not in shown and "(redacted)" in shown


@pytest.mark.parametrize("name", SENT)
def test_what_only_a_body_says_is_found_there_by_name(name: str) -> None:
    app = App(__name__)
    app.debug = True
    echo = {"view_func": lambda: f"{len(request.get_data())} A7-typed", "methods": ["POST"]}
    app.add_url_rule("/", "index", **echo)
    xray = XRay(app, token=TOKEN)
    kind, body = SENT[name]
    app.test_client().post("/", data=body.format("A7-typed"), content_type=kind, environ_overrides=NEAR)
    trace = xray.newest()
    assert trace is not None and "A7-typed" not in repr(trace) and "(redacted)" in repr(trace)


@pytest.mark.parametrize("name", PLACES)
def test_what_a_head_says_is_nowhere_shown(name: str) -> None:
    app, xray = made()
    secret = "Held" + "-7711"
    options: Any = {
        key: {k: v.format(secret) for k, v in value.items()} if isinstance(value, dict) else value.format(secret)
        for key, value in PLACES[name].items()
    }
    sent(app, secret=secret, **options)
    assert "Held-7711" not in all_that_is_shown(app, xray)


def test_the_password_of_basic_credentials_is_nowhere_shown() -> None:
    app, xray = made()
    credentials = b64encode(b"ann:" + b"Basic" + b"-7711").decode()
    sent(app, secret="Basic" + "-7711", headers={"Authorization": f"Basic {credentials}"})
    shown = all_that_is_shown(app, xray)
    assert "Basic-7711" not in shown and credentials not in shown


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_read_is_not_shown_but_its_size_and_type(name: str) -> None:
    app, xray = made()
    data, kind, encoding = UNREAD[name]
    headers = {"Content-Encoding": encoding} if encoding else {}
    app.add_url_rule("/take", "take", lambda: str(len(request.get_data())), methods=["POST"])
    sent(app, "/take", method="POST", data=data, content_type=kind, headers=headers)
    trace = xray.newest()
    assert trace is not None and trace.body.size == len(data) and kind in trace.body.note
    assert "-77" not in trace.body.kept.decode("latin-1") and b"redacted" in trace.body.kept


def test_what_the_app_itself_holds_and_answers_is_nowhere_shown() -> None:
    app, xray = made()
    sent(app, "/keep")
    shown = all_that_is_shown(app, xray)
    assert "(redacted)" in shown
    for secret in ("Namespace-7711", "Session-value-77", "Template-var-77", "Answered-tok-77", "Set-cookie-7711"):
        assert secret not in shown
    assert "The-apps-own-key-0451" not in shown


@pytest.mark.parametrize("kind", ["data", "json"])
def test_not_even_the_beginning_of_a_value_is_shown_where_a_text_was_cut(kind: str) -> None:
    app, secret = App(__name__), "Begin" + "ning-" + "77" * 40
    app.debug = True

    @app.post("/")
    def index() -> Any:
        assert request.get_json(silent=True) or request.form
        for room in (190, 1_990, 3_990, 65_530):
            logging.getLogger("by_value").warning("%s", "x " * ((room - 5) // 2) + secret)
            render_template_string("ok", said="x" * (room - 8) + secret)
        return "y" * 65_520 + secret

    xray = XRay(app, token=TOKEN)
    sent: Any = {kind: {"a": "z" * 70_000, "password": secret}}
    app.test_client().post("/", environ_overrides=NEAR, **sent)
    shown = all_that_is_shown(app, xray)
    assert "Beginni" not in shown


def test_a_short_value_blanks_no_other_words() -> None:
    app = App(__name__)
    app.debug = True
    app.add_url_rule("/", "index", lambda: "protested 1 test")
    xray = XRay(app, token=TOKEN)
    app.test_client().get("/?pin=1&token=test", environ_overrides=NEAR)
    trace = xray.newest()
    assert trace is not None and trace.sent_body.kept == b"protested 1 (redacted)"


def test_no_value_stays_in_what_is_kept() -> None:
    app, xray = made()
    sent(app, secret="Forgotten" + "-77")
    (recording,) = xray.ring
    assert recording.secrets is None and recording.raw is None and recording.marks_of_secrets
