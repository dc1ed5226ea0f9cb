"""Who may see the X-ray: each lock is tried by itself, with the others open."""

from __future__ import annotations

from typing import Any

import pytest

from wsgiapp import App, Request
from wsgiapp.xray import XRay
from wsgiapp.xray.access import TOKEN_VARIABLE, is_loopback

TOKEN = "the-token-of-the-terminal"


def watched(**options: Any) -> tuple[App, XRay]:
    app = App(__name__)
    app.debug = True
    app.add_url_rule("/", "index", lambda: "hello")
    return app, XRay(app, token=TOKEN, **options)


def asked(app: App, path: str = "/_xray/", **options: Any) -> Any:
    environ = {"REMOTE_ADDR": "127.0.0.1", **options.pop("environ", {})}
    return app.test_client().get(path, environ_overrides=environ, **options)


def test_whoever_sits_at_the_machine_and_has_the_token_gets_in() -> None:
    app, _ = watched()
    client = app.test_client()
    here = {"REMOTE_ADDR": "127.0.0.1"}
    first = client.get(f"/_xray/?token={TOKEN}", environ_overrides=here)
    assert first.status_code == 302 and "token" not in first.headers["Location"]
    assert "HttpOnly" in first.headers["Set-Cookie"] and "SameSite=Strict" in first.headers["Set-Cookie"]
    assert client.get("/_xray/", environ_overrides=here).status_code == 200


def test_without_the_token_the_page_says_where_it_is() -> None:
    app, _ = watched()
    refused = asked(app)
    assert refused.status_code == 403 and "terminal" in refused.text and TOKEN not in refused.text


def test_the_terminal_is_told_the_address_with_the_token_once(capsys: pytest.CaptureFixture[str]) -> None:
    app, _ = watched()
    asked(app)
    asked(app)
    told = capsys.readouterr().err
    assert told.count(TOKEN) == 1 and f"http://localhost/_xray/?token={TOKEN}" in told


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "\udcff".encode("utf-8", "replace").decode()])
def test_a_wrong_token_is_refused(token: str) -> None:
    app, _ = watched()
    assert asked(app, f"/_xray/?token={token}").status_code == 403
    assert asked(app, headers={"Cookie": f"wsgiapp-xray-80={token}"}).status_code == 403


@pytest.mark.parametrize(
    "peer", ["10.0.0.5", "192.168.1.2", "2001:db8::1", "", "127.0.0.1.example", "unix:", "0.0.0.0"]
)
def test_another_machine_is_refused_and_learns_nothing(peer: str) -> None:
    app, _ = watched()
    refused = asked(app, f"/_xray/?token={TOKEN}", environ={"REMOTE_ADDR": peer})
    assert refused.status_code == 404 and "X-ray" not in refused.text
    seen = asked(app, "/", environ={"REMOTE_ADDR": peer})
    assert seen.status_code == 200 and not {"Server-Timing", "X-Xray"} & set(seen.headers.keys())


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Real-Ip", "Forwarded", "Via"],
)
def test_a_forwarding_header_opens_nothing_and_closes_what_was_open(header: str) -> None:
    app, _ = watched()
    for peer in ("10.0.0.5", "127.0.0.1"):
        refused = asked(app, f"/_xray/?token={TOKEN}", headers={header: "127.0.0.1"}, environ={"REMOTE_ADDR": peer})
        assert refused.status_code == 404


def test_a_middleware_that_believes_forwarding_headers_opens_nothing() -> None:
    from werkzeug.middleware.proxy_fix import ProxyFix

    app, _ = watched()
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    refused = asked(app, f"/_xray/?token={TOKEN}", headers={"X-Forwarded-For": "127.0.0.1"},
                    environ={"REMOTE_ADDR": "10.0.0.5"})  # fmt: skip
    assert refused.status_code == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.2", "a b"]
)
def test_a_foreign_host_is_refused_so_that_no_page_elsewhere_can_rebind_its_name(host: str) -> None:
    app, _ = watched()
    refused = asked(app, f"/_xray/?token={TOKEN}", headers={"Host": host})
    assert refused.status_code in (400, 404) and "X-ray" not in refused.text  # the app's own answer


@pytest.mark.parametrize("host", ["localhost", "localhost:5000", "127.0.0.1:8000", "[::1]:5000", "shop.localhost"])
def test_the_names_of_this_machine_are_allowed(host: str) -> None:
    app, _ = watched()
    assert asked(app, f"/_xray/?token={TOKEN}", headers={"Host": host}).status_code == 302


def test_a_host_that_the_app_trusts_is_allowed() -> None:
    app, _ = watched()
    app.config["TRUSTED_HOSTS"] = ["dev.example"]
    assert asked(app, f"/_xray/?token={TOKEN}", headers={"Host": "dev.example"}).status_code == 302
    assert asked(app, f"/_xray/?token={TOKEN}", headers={"Host": "other.example"}).status_code == 400


def test_in_production_nothing_is_recorded_shown_or_mentioned() -> None:
    app, xray = watched()
    app.debug = False
    page = asked(app, "/")
    assert not {"Server-Timing", "X-Xray"} & set(page.headers.keys())
    assert asked(app, f"/_xray/?token={TOKEN}").status_code == 404
    assert len(xray.ring) == 0


def test_in_production_the_app_itself_may_let_someone_in() -> None:
    def allow(request: Request) -> bool:
        return request.headers.get("X-Staff") == "yes"

    app, xray = watched(allow=allow)
    app.debug = False
    asked(app, "/")
    assert len(xray.ring) == 1
    assert asked(app, headers={"X-Staff": "yes"}, environ={"REMOTE_ADDR": "10.0.0.5"}).status_code == 200
    assert asked(app, f"/_xray/?token={TOKEN}").status_code == 404


def test_the_token_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "from-the-environment")
    assert XRay(App(__name__)).access.token == "from-the-environment"


def test_tokens_are_random_otherwise() -> None:
    tokens = {XRay(App(__name__)).access.token for _ in range(10)}
    assert len(tokens) == 10 and all(len(token) >= 20 for token in tokens)


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("127.0.0.1", True), ("127.8.9.10", True), ("::1", True), ("::ffff:127.0.0.1", True),
        ("::ffff:10.0.0.1", False), ("10.0.0.1", False), ("", False), ("localhost", False), ("1", False),
    ],
)  # fmt: skip
def test_loopback_is_told_by_the_address_alone(address: str, own: bool) -> None:
    assert is_loopback(address) is own
