"""Secrets in other spellings, under other names and in other places than the usual ones: none of them is shown."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from markupsafe import escape

from wsgiapp import App, Response, flash, render_template_string, request, session
from wsgiapp.sessions import SecureCookieSessionInterface
from wsgiapp.xray import XRay, redact

from .support import NEAR, TOKEN
from .test_redaction_by_value import all_that_is_shown

log = logging.getLogger("more_secrets")
# Characters that HTML, JSON, URLs and Python each write in a way of their own.
TYPED = "Ty" + "ped'7\"<&>/\u00e97"
PLAIN = "Pl" + "ain7Word"
KEY = "MIIEv" + "QIBADANBgkqhkiG9w0BAQEFAASC"
BLOCK = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY}\nBKcw\n-----END RSA PRIVATE KEY-----\n"


def made(view: Callable[[], Any]) -> tuple[App, XRay]:
    app = App(__name__, static_folder=None)
    app.secret_key, app.debug = "The-apps-own-key-0451", True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/", "index", view, methods=["GET", "POST"])
    return app, XRay(app, token=TOKEN)


def shown(view: Callable[[], Any], **options: Any) -> str:
    """Every page, export, lesson and print of a request to *view*."""
    app, xray = made(view)
    client = app.test_client(use_cookies="Cookie" not in options.get("headers", {}))
    client.open("/", environ_overrides=NEAR, **options).close()
    return all_that_is_shown(app, xray)


def spellings(value: str) -> set[str]:
    wire = value.encode()
    text = json.dumps(value)
    return {
        value, wire.decode("latin-1"), str(escape(value)), repr(value)[1:-1], ascii(value)[1:-1], repr(wire)[2:-1],
        quote(value), text[1:-1], json.dumps(text)[3:-3], wire.hex(), b64encode(wire).decode().rstrip("="),
        str(escape(wire.decode("latin-1"))),
    }  # fmt: skip


def typed() -> str:
    return request.form["password"]


def fails() -> Any:
    raise ValueError(f"input_value={typed()!r}")


SAYS: dict[str, Callable[[], Any]] = {
    "a page": lambda: render_template_string("<p title='{{ it }}'>{{ it }}</p>", it=typed()),
    "a script": lambda: render_template_string("<script>it = {{ it|tojson }}</script>", it=typed()),
    "JSON": lambda: {"said": typed()},
    "JSON in JSON": lambda: {"said": json.dumps({"it": typed()})},
    "JSON in JSON in JSON": lambda: {"said": json.dumps({"it": json.dumps({"it": typed()})})},
    "base64": lambda: b64encode(typed().encode()),
    "digits": lambda: typed().encode().hex(),
    "ascii": lambda: ascii(typed()),
    "bytes": lambda: repr(typed().encode()),
    "a log": lambda: log.warning("%r", typed().encode()) or "x",
    "a header": lambda: Response("x", headers={"X-Said": b64encode(typed().encode()).decode()}),
    "a message": lambda: flash(typed()) or "x",
    "a session": lambda: session.setdefault("said", typed()) and "x",
    "an error": fails,
}


@pytest.mark.parametrize("how", SAYS)
@pytest.mark.parametrize("value", [TYPED, PLAIN])
def test_a_password_is_shown_in_no_spelling(how: str, value: str) -> None:
    found = shown(SAYS[how], method="POST", data={"password": value})
    assert "(redacted)" in found and not [each for each in spellings(value) if each in found]


def test_a_password_in_the_status_is_not_shown() -> None:
    assert PLAIN not in shown(lambda: Response("x", f"299 {typed()}"), method="POST", data={"password": PLAIN})


def test_a_very_long_password_and_the_last_of_many_are_not_shown() -> None:
    long = "L7ng" * 2_000
    assert long[:200] not in shown(lambda: Response(typed()), method="POST", data={"password": long})
    many: Any = {f"password{number}": f"Many-7-{number}-" for number in range(200)}
    said = f"Many-7-{199}-"
    assert said not in shown(lambda: log.warning("it was %s", request.get_json()["password199"]) or "x",
                             method="POST", json=many)  # fmt: skip


@pytest.mark.parametrize("place", ["log", "error", "json", "form", "text", "page", "template"])
def test_a_private_key_is_known_by_its_form(place: str) -> None:
    def fail() -> Any:
        raise ValueError(BLOCK)

    ways: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
        "log": (lambda: log.warning("%s", BLOCK) or "x", {}),
        "error": (fail, {}),
        "json": (lambda: f"{len(request.get_data())}", {"json": {"note": BLOCK}}),
        "form": (lambda: f"{len(request.get_data())}", {"data": {"note": BLOCK}}),
        "text": (lambda: f"{len(request.get_data())}", {"data": BLOCK, "content_type": "text/plain"}),
        "page": (lambda: Response(BLOCK), {}),
        "template": (lambda: render_template_string("ok", note=BLOCK), {}),
    }
    view, options = ways[place]
    found = shown(view, method="POST", **options)
    assert KEY not in found and "BKcw" not in found and quote(KEY) not in found


@pytest.mark.parametrize(
    "text",
    [
        "X-Amz-Signature={}", "https://b.example/o?X-Amz-Credential=AK&X-Amz-Signature={}&x=1",
        "https://b.example/o?sv=1&sig={}", "https://a.example/cb?code={}&state=1", "{{'cvv': '{}'}}", "cvc={}",
        '{{"card_number": "{}"}}', "'otp': '{}'", "pin={}", "ssn: {}", "jwt={}", "sid={}", "credentials: {}",
        "Cookie: sessionid={}; a=b", "{{b'password': b'{}'}}", "sent Bearer {} to it", "curl -H 'X-A: Bearer {}'",
        "login(user='a', password=r'{}')", "[section]\npassword = {}",
    ],
)  # fmt: skip
def test_a_text_is_searched_for_every_kind_of_name(text: str) -> None:
    said = text.format(PLAIN)
    assert PLAIN not in redact.text(said) and "(redacted)" in redact.text(said)


@pytest.mark.parametrize(
    "text",
    ["the code is in the sidebar", "Bearer authentication is asked for", "pinned: 3", "a design: inside", "keys: none"],
)
def test_a_word_that_only_looks_like_a_name_blanks_nothing(text: str) -> None:
    assert redact.text(text) == text


@pytest.mark.parametrize(
    "token",
    [
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm5hIn0.",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJlc2lnbmF0dXJl",
        "eyJhbGciOiJSU0EifQ.OKOawDo13gRp2ojaHV7LFp.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYI.XFBoMYUZodetZdvTiFvSkQ",
    ],
)
def test_every_kind_of_json_web_token_is_known_by_its_form(token: str) -> None:
    assert not any(part in redact.text(f"got {token} now") for part in token.split(".")[1:] if part)
    assert redact.query(f"https://a.example/cb#{token}") == "https://a.example/cb#(redacted)"


@pytest.mark.parametrize(
    "name",
    [
        "Ocp-Apim-Subscription-Key", "rapidapi-key", "hmac_key", "fernet_key", "ssh_key", "service_role_key", "dsn",
        "connection_string", "SAMLResponse", "client_assertion", "mnemonic", "seed_phrase", "passkey", "pw", "ticket",
        "X-Hub-Signature-256", "credit_card", "iban", "security_answer", "bearer", "Cookie2", "invite_code",
    ],
)  # fmt: skip
def test_more_names_have_secrets(name: str) -> None:
    assert redact.is_secret(name)


@pytest.mark.parametrize("name", ["ticket_count", "card", "account_name", "keyboard", "monkey", "signature_type"])
def test_names_that_are_like_them_have_none(name: str) -> None:
    assert not redact.is_secret(name)


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "tool/1 token={}"}, {"Origin": "https://ann:{}@a.example"},
        {"Sec-WebSocket-Protocol": "bearer, {}"}, {"Proxy-Authorization": "Negotiate {}"},
        {"Authorization": 'Digest username="ann", response="{}"'},
    ],
)  # fmt: skip
def test_what_stands_in_other_headers_is_not_shown(headers: dict[str, str]) -> None:
    given = {name: value.format(PLAIN) for name, value in headers.items()}
    assert PLAIN not in shown(lambda: "ok", headers=given)


def test_json_that_is_sent_as_a_form_is_searched_as_json() -> None:
    kind = "application/x-www-form-urlencoded"  # as curl -d sends it
    body = json.dumps({"name": "ann", "client_secret": PLAIN})
    found = shown(lambda: str(len(request.get_data())), method="POST", data=body, content_type=kind)
    assert PLAIN not in found and "ann" in found


PARTS = [
    'Content-Disposition: form-data; name="a"; filename="token={}"\r\n\r\n1',
    'Content-Disposition: form-data; name="a"; filename="private_key.pem"\r\n\r\n{}',
    'Content-Disposition: form-data; name="a"\r\nX-Api-Key: {}\r\n\r\n1',
    'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\neyJw{}',
]


@pytest.mark.parametrize("part", PARTS)
def test_the_head_of_a_part_is_searched_and_what_cannot_be_read_is_not_shown(part: str) -> None:
    body = f"--b\r\n{part.format(PLAIN)}\r\n--b--\r\n".encode()
    kind = "multipart/form-data; boundary=b"
    assert PLAIN not in shown(lambda: str(len(request.get_data())), method="POST", data=body, content_type=kind)


class Unsaved(SecureCookieSessionInterface):
    """Saves nothing: JSON has no such number."""

    def save_session(self, app: Any, session: Any, response: Any) -> None:
        """Do nothing."""


def test_a_number_too_long_for_a_text_does_not_lose_the_recording() -> None:
    app, xray = made(lambda: session.setdefault("pin", 10**6_000) and "ok")
    app.session_interface = Unsaved()
    app.test_client().get("/", environ_overrides=NEAR)
    assert len(xray.ring) == 1
