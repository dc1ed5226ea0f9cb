"""Session cookies, opened: what they hold, who signed them, and never what they were signed with."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiapp import App, session
from wsgiapp.sessions import SecureCookieSessionInterface, SessionInterface
from wsgiapp.signing import MAX_PAYLOAD
from wsgiapp.xray.cookie import decode, open_cookie

KEY, OLD = "the-newest-secret-key", "the-oldest-secret-key"


def keyed(key: str | None = KEY, **config: Any) -> App:
    app = App(__name__)
    app.secret_key = key
    app.config.update(config)
    return app


def made(data: dict[str, Any], key: str = KEY) -> str:
    serializer = SecureCookieSessionInterface().get_signing_serializer(keyed(key))
    assert serializer is not None
    return str(serializer.dumps(data))


def test_a_cookie_is_readable_to_whoever_has_it_and_signed() -> None:
    opened = open_cookie(keyed(), made({"cart": ["lamp", 2]}))
    assert (opened.signature, opened.key, opened.problem) == ("valid", "SECRET_KEY", "")
    assert opened.data == {"cart": ["lamp", 2]} and opened.age is not None and 0 <= opened.age < 5
    assert opened.signed.endswith("Z") and not opened.compressed


def test_the_size_counts_name_and_value_against_what_browsers_keep() -> None:
    value = made({"a": 1})
    opened = open_cookie(keyed(), value)
    assert (opened.size, opened.limit) == (len("session=" + value), 4093)


def test_a_large_payload_is_compressed() -> None:
    opened = open_cookie(keyed(), made({"text": "lamp " * 200}))
    assert opened.compressed and opened.signature == "valid" and opened.data["text"].startswith("lamp lamp")


def test_the_key_that_signed_is_named_and_not_told() -> None:
    app = keyed(SECRET_KEY_FALLBACKS=[OLD, "another"])
    assert open_cookie(app, made({"a": 1}, OLD)).key == "SECRET_KEY_FALLBACKS[0]"
    assert open_cookie(app, made({"a": 1}, "another")).key == "SECRET_KEY_FALLBACKS[1]"
    assert open_cookie(app, made({"a": 1})).key == "SECRET_KEY"
    assert OLD not in str(open_cookie(app, made({"a": 1}, OLD)))


def test_another_apps_key_makes_a_forgery_that_can_still_be_read() -> None:
    opened = open_cookie(keyed(), made({"admin": True}, "not-ours"))
    assert opened.signature == "forged" and opened.data == {"admin": True} and not opened.key


@pytest.mark.parametrize("place", [0, 5, -1])
def test_a_changed_character_is_a_forgery(place: int) -> None:
    value = list(made({"a": 1}))
    value[place] = "A" if value[place] != "A" else "Q"
    assert open_cookie(keyed(), "".join(value)).signature in ("forged", "unreadable")


def test_an_old_cookie_has_expired_though_its_signature_holds() -> None:
    opened = open_cookie(keyed(), made({"a": 1}), now=time.time() + 40 * 24 * 3600)
    assert opened.signature == "expired" and opened.key == "SECRET_KEY" and "older than 2678400" in opened.problem


def test_without_a_key_nothing_is_checked() -> None:
    opened = open_cookie(keyed(None), made({"a": 1}))
    assert opened.signature == "unchecked" and opened.data == {"a": 1} and "no secret key" in opened.problem
    assert decode(made({"a": 1})).signature == "unchecked"


def test_an_interface_that_signs_no_cookie_says_so() -> None:
    class Elsewhere(SessionInterface):
        pass

    app = keyed()
    app.session_interface = Elsewhere()
    assert "Elsewhere signs no such cookie" in open_cookie(app, "abc123").problem


def test_secrets_in_the_session_are_not_shown() -> None:
    opened = open_cookie(keyed(), made({"user": 7, "csrf_token": "s3cr3t-value", "deep": {"password": "hunter2"}}))
    assert "s3cr3t-value" not in str(opened) and "hunter2" not in str(opened) and opened.data["user"] == 7


def test_a_payload_that_inflates_beyond_the_bound_is_not_inflated() -> None:
    app = keyed()
    serializer = app.session_interface.get_signing_serializer(app)
    opened = open_cookie(app, serializer.dumps({"a": "x" * (MAX_PAYLOAD + 1)}))
    assert opened.signature == "unreadable" and "inflates to more than" in opened.problem


def test_the_cookie_that_flask_makes_is_opened_alike() -> None:
    flask = pytest.importorskip("flask")
    app = flask.Flask(__name__)
    app.secret_key = KEY
    value = app.session_interface.get_signing_serializer(app).dumps({"a": (1, 2), "b": b"bytes"})
    opened = open_cookie(keyed(), value)
    assert opened.signature == "valid" and opened.data == {"a": {" t": [1, 2]}, "b": {" b": "Ynl0ZXM="}}


def test_what_the_app_sets_is_what_is_opened() -> None:
    app = keyed()

    @app.get("/")
    def index() -> str:
        session["n"] = 1
        return ""

    client = app.test_client()
    client.get("/")
    cookie = client.get_cookie("session")
    assert cookie is not None and open_cookie(app, cookie.value).data == {"n": 1}


@given(st.one_of(st.text(), st.binary().map(lambda b: b.decode("latin1")), st.from_regex(r"\.?[\w-]*\.[\w-]*\.[\w-]*")))
def test_nothing_that_can_be_sent_makes_it_fail(value: str) -> None:
    app = keyed()
    assert open_cookie(app, value).signature in ("forged", "unreadable", "unchecked", "expired")
    assert decode(value).signature in ("unchecked", "unreadable")
