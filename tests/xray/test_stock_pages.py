"""Why not, on the stock 404 and 405 page: told to whoever may see the X-ray, and to nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.exceptions import NotFound

from wsgiapp import App, abort, request
from wsgiapp.xray import XRay

TOKEN = "the-token-of-the-terminal"
HERE = {"REMOTE_ADDR": "127.0.0.1"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def shop(debug: bool = True) -> App:
    app = App(__name__, static_folder=None)
    app.debug = debug
    app.add_url_rule("/products/<int:n>", "product", lambda n: "a product")
    app.add_url_rule("/gone", "gone", lambda: abort(404))
    app.add_url_rule("/cookies", "cookies", lambda: request.headers.get("Cookie", "none"))
    return app


def let_in(app: App) -> Any:
    """A browser that opened the address which the terminal printed."""
    client = app.test_client()
    client.get(f"/_xray/?token={TOKEN}", environ_overrides=HERE)
    return client


def ask(client: Any, path: str, method: str = "GET", headers: Any = BROWSER, environ: Any = HERE) -> Any:
    return client.open(path, method=method, headers=headers, environ_overrides=environ)


@pytest.fixture
def plain() -> Any:
    """What the same requests are answered with where there is no X-ray."""
    return shop().test_client()


def test_the_404_page_tells_why_no_rule_answers() -> None:
    app = shop()
    XRay(app, token=TOKEN)

    page = ask(let_in(app), "/products/abc")

    assert page.status_code == 404 and page.mimetype == "text/html"
    assert "&#34;abc&#34; is not an &lt;int:n&gt;" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert f'href="{page.headers["X-Xray"]}"' in page.text


def test_the_405_page_tells_which_methods_are_answered_and_keeps_allow() -> None:
    app = shop()
    XRay(app, token=TOKEN)

    page = ask(let_in(app), "/products/1", "DELETE")

    assert page.status_code == 405 and set(page.allow) == {"GET", "HEAD", "OPTIONS"}
    assert "it answers GET, HEAD, OPTIONS, not DELETE" in page.text


def test_a_hostile_path_is_escaped() -> None:
    app = shop()
    XRay(app, token=TOKEN)

    page = ask(let_in(app), "/<script>alert(1)</script>")

    assert "<script" not in page.text and "&lt;script&gt;" in page.text


def same(page: Any, other: Any) -> bool:
    """Whether two answers are the same, what tells of the trace aside."""
    kept = [[(name, value) for name, value in one.headers if name not in ("Server-Timing", "X-Xray")]
            for one in (page, other)]  # fmt: skip
    return bool(page.status == other.status and page.data == other.data and kept[0] == kept[1])


@pytest.mark.parametrize(
    ("headers", "environ"),
    [
        ({"Accept": "application/json"}, HERE),
        ({"Accept": "*/*"}, HERE),
        ({}, HERE),
        ({"Accept": "text/html;q=0, */*"}, HERE),
        (BROWSER, {"REMOTE_ADDR": "10.0.0.5"}),
        ({**BROWSER, "X-Forwarded-For": "127.0.0.1"}, HERE),
        ({**BROWSER, "Host": "evil.example"}, HERE),
    ],
)
def test_others_get_the_same_answer_as_without_the_xray(plain: Any, headers: Any, environ: Any) -> None:
    app = shop()
    XRay(app, token=TOKEN)

    assert same(ask(let_in(app), "/no", headers=headers, environ=environ), ask(plain, "/no", headers=headers))


def test_a_browser_that_never_showed_the_token_gets_the_same_answer(plain: Any) -> None:
    app = shop()
    XRay(app, token=TOKEN)
    client = app.test_client()
    client.set_cookie("wsgiapp-xray-pass-80", TOKEN)

    assert same(ask(client, "/no"), ask(plain, "/no"))


def test_it_can_be_switched_off(plain: Any) -> None:
    app = shop()
    XRay(app, token=TOKEN, explain_404=False)

    assert same(ask(let_in(app), "/no"), ask(plain, "/no"))


def test_out_of_debug_mode_nothing_is_told_even_to_whom_allow_lets_in() -> None:
    app = shop(debug=False)
    XRay(app, allow=lambda request: True)

    assert same(ask(app.test_client(), "/no"), ask(shop(debug=False).test_client(), "/no"))


def test_in_debug_mode_an_allow_of_the_apps_own_decides() -> None:
    for verdict in (True, False):
        app = shop()
        XRay(app, allow=lambda request, verdict=verdict: verdict)  # type: ignore[misc]

        assert ("Why not?" in ask(app.test_client(), "/no").text) is verdict


def test_an_error_page_of_the_apps_own_is_left_alone() -> None:
    app = shop()
    app.register_error_handler(NotFound, lambda error: ("our own page", 404))
    XRay(app, token=TOKEN)

    assert ask(let_in(app), "/no").text == "our own page"


def test_a_view_that_aborts_is_left_alone(plain: Any) -> None:
    app = shop()
    XRay(app, token=TOKEN)

    assert same(ask(let_in(app), "/gone"), ask(plain, "/gone"))


def test_the_app_never_sees_the_pass() -> None:
    app = shop()
    XRay(app, token=TOKEN)
    client = let_in(app)
    assert ask(client, "/cookies").text == "none"

    client.set_cookie("own", "1")

    assert ask(client, "/cookies").text == "own=1"


def test_the_pass_does_not_open_the_xrays_own_pages() -> None:
    app = shop()
    xray = XRay(app, token=TOKEN)
    client = app.test_client()
    client.set_cookie("wsgiapp-xray-pass-80", xray.access.new_pass())
    client.set_cookie("wsgiapp-xray-80", xray.access.new_pass())

    assert ask(client, "/_xray/").status_code == 403


def test_an_explanation_that_fails_leaves_the_stock_page(plain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = shop()
    XRay(app, token=TOKEN)
    monkeypatch.setattr("wsgiapp.xray.show.stock_pages.why_request", lambda *_: 1 / 0)

    assert same(ask(let_in(app), "/no"), ask(plain, "/no"))


def test_taken_off_the_app_answers_as_before(plain: Any) -> None:
    app = shop()
    xray = XRay(app, token=TOKEN)
    client = let_in(app)
    xray.remove()

    assert same(ask(client, "/no"), ask(plain, "/no")) and "handle_http_exception" not in app.__dict__
