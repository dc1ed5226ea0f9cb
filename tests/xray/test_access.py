"""Who may see the X-ray: each lock is tried by itself, with the others open."""

from __future__ import annotations

import re
from typing import Any

import pytest

from wsgiapp import App, Request
from wsgiapp.xray import XRay
from wsgiapp.xray.access import TOKEN_VARIABLE, is_loopback

TOKEN = "the-token-of-the-terminal"
NEAR = {"REMOTE_ADDR": "127.0.0.1"}


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


# -- beside this machine -----------------------------------------------------------------------------------------------


BRIDGE = "172.17.0.1"


@pytest.mark.parametrize(
    ("allow", "peer", "host", "status"),
    [
        ([BRIDGE], BRIDGE, "localhost:8000", 302),
        (["172.16.0.0/12"], BRIDGE, "localhost", 302),
        ("10.0.0.1, 172.17.0.0/16", BRIDGE, "localhost", 302),
        ([BRIDGE], f"::ffff:{BRIDGE}", "localhost", 302),
        (["fd00::/8"], "fd00::1", "[fd00::2]:8000", 302),
        ([BRIDGE], BRIDGE, "192.168.1.7:8000", 302),
        ([BRIDGE], BRIDGE, "evil.example", 404),
        ([BRIDGE], BRIDGE, "1.2.3.4.example", 404),
        ([BRIDGE], "172.17.0.2", "localhost", 404),
        ([BRIDGE], "", "localhost", 404),
        ([], BRIDGE, "localhost", 404),
        ([], "127.0.0.1", "localhost", 302),
        ([], "127.0.0.1", "192.168.1.7", 404),
    ],
)
def test_addresses_that_are_named_are_as_near_as_this_machine(allow: Any, peer: str, host: str, status: int) -> None:
    app, _ = watched(allow=allow)
    environ = {"REMOTE_ADDR": peer, "HTTP_HOST": host}
    assert asked(app, f"/_xray/?token={TOKEN}", environ=environ).status_code == status
    without = asked(app, environ=environ).status_code
    assert without == (403 if status == 302 else 404), "the token is needed all the same"
    forwarded = {**environ, "HTTP_X_FORWARDED_FOR": "127.0.0.1"}
    assert asked(app, f"/_xray/?token={TOKEN}", environ=forwarded).status_code == 404


def test_an_unchanged_app_is_told_by_the_environment_who_may_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WSGIAPP_XRAY_ALLOW", f"10.0.0.0/8, {BRIDGE}")
    app, _ = watched()
    assert asked(app, f"/_xray/?token={TOKEN}", environ={"REMOTE_ADDR": BRIDGE}).status_code == 302
    app.debug = False
    assert asked(app, f"/_xray/?token={TOKEN}", environ={"REMOTE_ADDR": BRIDGE}).status_code == 404


@pytest.mark.parametrize("allow", [["nonsense"], "10.0.0.0/99", ["localhost"]])
def test_what_is_no_address_is_refused_at_once(allow: Any) -> None:
    with pytest.raises(ValueError, match=r"no address and no network.*172\.17\.0\.1"):
        watched(allow=allow)


def test_the_terminal_says_once_who_asked_from_elsewhere_and_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    app, _ = watched()
    for peer in (BRIDGE, BRIDGE, "10.0.0.9", "no address", ""):
        assert asked(app, environ={"REMOTE_ADDR": peer}).status_code == 404
    told = capsys.readouterr().err
    assert told.count(f"WSGIAPP_XRAY_ALLOW={BRIDGE}") == 1 and f'XRay(app, allow=["{BRIDGE}"])' in told
    assert len(told.splitlines()) == 2 and TOKEN not in told
    for number in range(100):
        asked(app, environ={"REMOTE_ADDR": f"10.1.0.{number}"})
    assert len(capsys.readouterr().err.splitlines()) <= 20
    app.debug = False
    asked(app, environ={"REMOTE_ADDR": "10.2.0.1"})
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-Port", "X-Forwarded-Anything", "CF-Connecting-IP", "CF-Whatever", "True-Client-IP", "X-Real-IP",
     "Forwarded", "Via", "X-Client-IP", "Fastly-Client-IP", "CDN-Loop", "X-Envoy-External-Address", "X-Amzn-Trace-Id"],
)  # fmt: skip
def test_a_header_that_a_proxy_sets_means_not_this_machine(header: str) -> None:
    app, _ = watched()
    assert asked(app, f"/_xray/?token={TOKEN}", headers={header: "127.0.0.1"}).status_code != 302
    assert asked(app, f"/_xray/?token={TOKEN}", headers={"X-Own": "127.0.0.1"}).status_code == 302


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_token_in_the_environment_is_none(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, empty)
    app = App(__name__)
    app.debug = True
    assert len(XRay(app).access.token) >= 16
    assert asked(app, f"/_xray/?token={empty}").status_code == 403


# -- the page before the token -----------------------------------------------------------------------------------------


def test_the_page_before_the_token_explains_itself_and_leads_back() -> None:
    app, _ = watched()
    client, html = app.test_client(), {"Accept": "text/html"}
    page = client.get("/_xray/why?path=/a%26b&method=POST", environ_overrides=NEAR, headers=html)
    assert page.status_code == 403 and page.content_type.startswith("text/html") and TOKEN not in page.text
    assert "terminal" in page.text and TOKEN_VARIABLE in page.text and 'action="/_xray/why"' in page.text
    assert '<input type="hidden" name="path" value="/a&amp;b">' in page.text
    let_in = client.get(f"/_xray/why?path=/a%26b&method=POST&token={TOKEN}", environ_overrides=NEAR)
    assert let_in.headers["Location"] == "/_xray/why?path=%2Fa%26b&method=POST"
    wrong = app.test_client().get("/_xray/?token=wrong", environ_overrides=NEAR, headers=html)
    assert "not the right one" in wrong.text and wrong.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/_xray//evil.example/", "/_xray/\\evil.example", "/_xray/?next=//evil.example"])
def test_the_page_before_the_token_leads_to_no_other_site(path: str) -> None:
    app, _ = watched()
    client = app.test_client()
    page = client.get(path, environ_overrides=NEAR, headers={"Accept": "text/html"})
    assert page.status_code == 403 and re.findall(r'action="(/_xray/[^"]*)"', page.text)
    sent = client.get(f"{path}{'&' if '?' in path else '?'}token={TOKEN}", environ_overrides=NEAR)
    assert sent.status_code == 302 and sent.headers["Location"].startswith("/_xray/")


def test_markup_in_the_address_stays_text_on_the_page_before_the_token() -> None:
    app, _ = watched()
    page = app.test_client().get('/_xray/"><script>?"><b>=<i>', environ_overrides=NEAR, headers={"Accept": "text/html"})
    assert page.status_code == 403 and not re.search(r"<(?:script|b|i)>", page.text)
