"""Replay and comparison: a request sent again from its page, as it was or edited, and the two side by side."""

from __future__ import annotations

import re
from typing import Any

import pytest

from wsgiapp import App, request
from wsgiapp.xray import XRay

TOKEN = "the-token-of-the-terminal"
HERE = {"REMOTE_ADDR": "127.0.0.1"}


class Browser:
    """Someone at the machine who has opened the X-ray of one request."""

    def __init__(self) -> None:
        app = App(__name__, static_folder=None)
        app.debug = True
        app.add_url_rule("/a/<int:n>", "a", lambda n: f"{n} {request.query_string.decode()}", methods=["GET", "POST"])
        self.xray = XRay(app, token=TOKEN)
        self.client = app.test_client()
        self.get(f"/_xray/?token={TOKEN}")
        self.link = self.get("/a/1?x=2").headers["X-Xray"]
        found = re.search(r'name="key" value="(\w+)"', self.get(self.link).text)
        assert found is not None
        self.form = {"key": found[1], "of": self.link.rpartition("/")[2]}

    def get(self, path: str) -> Any:
        return self.client.get(path, environ_overrides=HERE)

    def replay(self, **form: str) -> Any:
        return self.client.post("/_xray/replay", data={**self.form, **form}, environ_overrides=HERE)


def test_a_request_is_sent_again_as_it_was() -> None:
    browser = Browser()

    answer = browser.replay(method="GET", path="/a/1?x=2", headers="Accept: text/html")

    again, first = browser.xray.traces()
    assert answer.status_code == 303 and browser.get(answer.location).status_code == 200
    assert (again.source, again.replay_of) == ("replay", first.id)
    assert again.sent_body.kept == first.sent_body.kept == b"1 x=2"


def test_an_edited_one_is_set_beside_the_first_and_the_layer_that_differs_is_named() -> None:
    browser = Browser()

    page = browser.get(browser.replay(method="GET", path="/a/x", compare="1").location)

    assert page.status_code == 200 and "They part in the layer “server”: path was /a/1, then /a/x." in page.text


@pytest.mark.parametrize(("more", "status"), [({}, 400), ({"sure": "yes"}, 303)])
def test_what_may_change_something_is_sent_only_when_that_is_said(more: dict[str, str], status: int) -> None:
    browser = Browser()

    assert browser.replay(method="POST", path="/a/1", **more).status_code == status
    assert len(browser.xray.traces()) == 1 + (status == 303)


def test_a_form_from_elsewhere_is_refused() -> None:
    browser = Browser()

    assert browser.replay(method="GET", path="/a/1", key="guessed").status_code == 403
    assert len(browser.xray.traces()) == 1
