"""Forty secrets are planted, each where another kind of text may show it; then everything that is shown is searched."""

from __future__ import annotations

import logging
import zlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import sqlalchemy
from werkzeug.datastructures import MultiDict

from wsgiapp import App, Response, g, render_template_string, request, session
from wsgiapp.xray import XRay
from wsgiapp.xray.explain import compare, why
from wsgiapp.xray.show import exports, text

from .support import NEAR, TOKEN, Reader
from .test_redaction_by_value import SENT

log = logging.getLogger("forty")
engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.NullPool)
PLANTED = [f"Plant-{number}\u00e9-{number * 7919 % 9973}" for number in range(16)]
PLANTED += [f"Plant-{number}-{number * 7919 % 9973}" for number in range(16, 38)]
LITERAL, APP_KEY = "Plant-in-source", "Plant-app-key"


def validation() -> Any:
    typed = request.form["password"]
    raise ValueError(f"1 error: password: input_value={typed!r}, input_type=str")


def database() -> Any:
    pin = request.headers["X-Card-Pin"]
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT :plain"), {"plain": pin})
        connection.execute(sqlalchemy.text(f"SELECT '{pin}' FROM nowhere"), {"card_pin": pin})


def logs() -> Any:
    log.warning("form %s", MultiDict([("password", request.form["password"])]))
    log.warning("typed %r", dict(request.form))
    said = f"it was {request.form['password']}"
    log.warning(said)
    return "logged"


def owns() -> Any:
    g.api_token, session["csrf_token"] = PLANTED[30], PLANTED[31]
    page = render_template_string("<b>{{ password }} {{ said }}</b>", password=PLANTED[32], said=f"so {PLANTED[32]}")
    log.warning("held %s %s", g.api_token, session["csrf_token"])
    api_key = "Plant-in-source"
    response = Response(page, headers={"X-Length": str(len(api_key))})
    response.set_cookie("auth", PLANTED[33])
    response.headers["Location"] = f"/next?access_token={PLANTED[34]}"
    return response


def answers() -> Any:
    return {"access_token": PLANTED[35], "again": f"it is {PLANTED[35]}", "client_secret": PLANTED[36]}


def reset(token: str) -> Any:
    log.warning("reset by %s", token)
    return f"reset {token}"


def echo() -> Any:
    return Response(f"{len(request.get_data())}", mimetype="text/plain")


def made() -> tuple[App, XRay]:
    app = App(__name__, static_folder=None)
    app.secret_key, app.debug = "Plant-app-key", True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    views: list[Callable[..., Any]] = [validation, database, logs, owns, answers, echo]
    for view in views:
        app.add_url_rule(f"/{view.__name__}", view.__name__, view, methods=["GET", "POST"])
    app.add_url_rule("/reset/<token>", "reset", reset)
    return app, XRay(app, token=TOKEN)


def requests() -> list[dict[str, Any]]:
    """Requests that carry the secrets, each in another place."""
    found: list[dict[str, Any]] = [
        {"path": "/echo", "method": "POST", "content_type": kind, "data": body.format(planted).encode()}
        for planted, (kind, body) in zip(PLANTED, SENT.values(), strict=False)
    ]
    basic = b64encode(f"ann:{PLANTED[17]}".encode()).decode()
    heads = [
        {"X-Api-Key": PLANTED[16]}, {"Authorization": f"Basic {basic}"}, {"Authorization": f"Bearer {PLANTED[18]}"},
        {"Cookie": f"auth={PLANTED[19]}; theme=dark"}, {"Referer": f"http://localhost/?access_token={PLANTED[20]}"},
        {"Referer": f"http://ann:{PLANTED[21]}@localhost/"}, {"X-CSRF-Token": PLANTED[22]},
    ]  # fmt: skip
    found += [{"path": "/echo", "headers": head} for head in heads]
    nested = quote(f"/go?token={PLANTED[25]}", safe="")
    queries = [f"token={PLANTED[23]}", f'filter={{"password":"{PLANTED[24]}"}}', f"next={nested}"]
    found += [{"path": "/echo", "query_string": query} for query in queries]
    squeezed = zlib.compress(f'{{"password": "{PLANTED[26]}"}}'.encode(), level=0)
    deflated = {"Content-Encoding": "deflate"}
    return [
        *found, {"path": "/owns"}, {"path": "/answers"}, {"path": f"/reset/{PLANTED[37]}"},
        {"path": "/echo", "method": "POST", "data": squeezed, "content_type": "text/plain", "headers": deflated},
        {"path": "/validation", "method": "POST", "data": {"password": PLANTED[27]}},
        {"path": "/database", "headers": {"X-Card-Pin": PLANTED[28]}},
        {"path": "/logs", "method": "POST", "data": {"password": PLANTED[29]}},
    ]  # fmt: skip


def shown(app: App, xray: XRay) -> dict[str, str]:
    """Every page, export, lesson, step, explanation and print there is, by its name."""
    reader, traces = Reader(app), xray.traces()
    pages = [""]
    for trace in traces:
        pages += [f"t/{trace.id}", f"t/{trace.id}/lesson.html", f"compare?left={traces[0].id}&right={trace.id}"]
        pages += [f"t/{trace.id}/export/{name}" for name in exports.EXPORTS]
        pages += [f"t/{trace.id}/step/{number}" for number in range(1, len(trace.spans) + 1, 3)]
    found = {page: reader.get(page).get_data(as_text=True) for page in pages}
    for trace in traces:
        lines = text.lines(trace, verbose=True) + text.comparison_lines(compare.compare(traces[0], trace))
        lines += text.explanation_lines(why.why(app, trace.method, trace.path))
        found[f"print of {trace.method} {trace.path}"] = "\n".join([*lines, repr(trace), str(trace.as_dict())])
    return found


def test_forty_planted_secrets_are_found_nowhere() -> None:
    app, xray = made()
    sent = requests()
    for options in sent:
        client = app.test_client(use_cookies="Cookie" not in options.get("headers", {}))
        client.open(environ_overrides=NEAR, **options).close()
    assert len(xray.ring) == len(sent) and len({*PLANTED, LITERAL, APP_KEY}) == 40
    places = shown(app, xray)
    found = []
    for secret in (*PLANTED, LITERAL, APP_KEY):
        wire = secret.encode().decode("latin-1")
        spellings = {secret, quote(secret), wire, ascii(secret)[1:-1], secret.replace("\u00e9", "\\xc3\\xa9")}
        found += [(secret, place) for place, page in places.items() if any(form in page for form in spellings)]
    assert not found
