"""Redirects and aborts: where they point, what they say, and the app's own ways of making them.

What else a view may return is in test_responses.
"""

from typing import Any

import pytest
from werkzeug.exceptions import HTTPException


def answer(framework: Any, value: Any, **request: Any) -> Any:
    """The response of an app whose only view returns `value` (or what it returns when called, for a generator)."""
    app = framework.App(__name__)
    app.testing = True
    app.add_url_rule("/", "view", value if callable(value) else lambda: value)
    return app.test_client().get("/", **request)


@pytest.mark.parametrize("code", [301, 302, 303, 305, 307, 308])
def test_redirect(framework: Any, code: int) -> None:
    response = answer(framework, lambda: framework.redirect("/elsewhere?a=1&b=<x>", code))
    assert (response.status_code, response.headers["Location"]) == (code, "/elsewhere?a=1&b=%3Cx%3E")
    assert "<x>" not in response.text


def test_redirect_is_302_unless_told(framework: Any) -> None:
    assert answer(framework, lambda: framework.redirect("/x")).status_code == 302


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("https://elsewhere.example/a b", "https://elsewhere.example/a%20b"),
        ("/ü", "/%C3%BC"),
        ("relative", "relative"),
        ("//host/path", "//host/path"),
        ("?q=1", "?q=1"),
    ],
)
def test_redirect_location(framework: Any, target: str, location: str) -> None:
    assert answer(framework, lambda: framework.redirect(target)).headers["Location"] == location


def test_location_is_left_relative(framework: Any) -> None:
    response = answer(framework, ("", 201, {"Location": "/items/1"}))
    assert response.headers["Location"] == "/items/1"


def test_redirect_outside_an_app_uses_werkzeug(framework: Any) -> None:
    assert framework.redirect("/x").headers["Location"] == "/x"


def test_redirect_takes_another_response_class(framework: Any) -> None:
    class Own(framework.Response):
        pass

    assert type(framework.redirect("/x", Response=Own)) is Own


def test_redirect_asks_the_app(framework: Any) -> None:
    class Careful(framework.App):
        def redirect(self, location, code=302):
            return super().redirect(f"/checked{location}", code)

    app = Careful(__name__)
    app.add_url_rule("/", "view", lambda: framework.redirect("/x"))
    assert app.test_client().get("/").headers["Location"] == "/checked/x"


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 418, 422, 429, 500, 501, 503])
def test_abort(framework: Any, code: int) -> None:
    response = answer(framework, lambda: framework.abort(code))
    assert response.status_code == code
    assert response.text.startswith("<!doctype html>\n<html lang=en>\n<title>" + str(code))


def test_abort_with_a_description(framework: Any) -> None:
    response = answer(framework, lambda: framework.abort(404, "no <such> thing"))
    assert "no &lt;such&gt; thing" in response.text


def test_abort_with_a_response(framework: Any) -> None:
    response = answer(framework, lambda: framework.abort(framework.Response("own", 299)))
    assert (response.status_code, response.text) == (299, "own")


def test_abort_with_an_unknown_code_is_a_lookup_error(framework: Any) -> None:
    with pytest.raises(LookupError):
        answer(framework, lambda: framework.abort(799))


def test_abort_outside_an_app_raises_the_exception(framework: Any) -> None:
    with pytest.raises(HTTPException) as caught:
        framework.abort(404)
    assert caught.value.code == 404


def test_aborter_of_the_app_knows_its_own_codes(framework: Any) -> None:
    class Brewing(HTTPException):
        code = 299
        description = "brewing"

    app = framework.App(__name__)
    app.aborter.mapping[299] = Brewing
    app.add_url_rule("/", "view", lambda: framework.abort(299))
    response = app.test_client().get("/")
    assert response.status_code == 299
    assert "brewing" in response.text
