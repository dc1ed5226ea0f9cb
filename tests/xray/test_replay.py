"""Replay and comparison: a request sent again from its page, as it was or edited, and the two side by side."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from wsgiapp import App, request
from wsgiapp.xray import XRay
from wsgiapp.xray.show.pages import target

TOKEN = "the-token-of-the-terminal"
HERE = {"REMOTE_ADDR": "127.0.0.1"}


class Browser:
    """Someone at the machine who has opened the X-ray of one request."""

    def __init__(self) -> None:
        app = App(__name__, static_folder=None)
        app.debug = True
        app.add_url_rule("/a/<int:n>", "a", lambda n: f"{n} {request.query_string.decode()}", methods=["GET", "POST"])
        self.seen: list[bytes] = []
        app.add_url_rule("/take", "take", lambda: self.seen.append(request.get_data()) or "", methods=["POST"])
        app.add_url_rule("/unread", "unread", lambda: "", methods=["POST"])
        app.add_url_rule("/reset/<token>", "reset", lambda token: "", methods=["POST"])
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


class Echo(Browser):
    """The same, with one request that had a body."""

    def __init__(self, data: bytes, kind: str = "application/json", **sent: Any) -> None:
        super().__init__()
        path = sent.pop("path", "/take")
        self.client.post(path, data=data, content_type=kind, environ_overrides=HERE, **sent).close()
        trace = self.xray.newest()
        assert trace is not None
        self.page = self.get(f"/_xray/t/{trace.id}").text
        self.form |= {"of": trace.id, "method": "POST", "sure": "yes", "path": target(trace)}

    @property
    def typed(self) -> str:
        """What the form's body has, as a browser would send it."""
        area = self.page.partition('<textarea name="body"')[2].partition(">\n")[2].partition("</textarea>")[0]
        return "\r\n".join(unescape(area).replace("\r\n", "\n").split("\n"))


def test_utf_8_is_shown_as_text_and_edited_as_text() -> None:
    browser = Echo('{"name": "café", "mark": "✓"}'.encode())
    assert '{"name": "café", "mark": "✓"}' in browser.typed and "\\xc3" not in browser.page
    assert browser.replay(body=browser.typed.replace("café", "thé")).status_code == 303
    assert browser.seen[-1] == '{"name": "thé", "mark": "✓"}'.encode()


@pytest.mark.parametrize(
    "data", [("é" * 30_000).encode(), b"a\r\nb\r\n", b"tab\t\x01", "\u202ex".encode()],
    ids=["long", "lines", "controls", "direction"],
)  # fmt: skip
def test_all_that_is_kept_is_sent_as_it_came(data: bytes) -> None:
    browser = Echo(data, "text/plain")
    assert browser.replay(body=browser.typed).status_code == 303 and browser.seen[-1] == data


def test_what_stands_for_bytes_that_are_no_text_is_not_sent_as_text() -> None:
    browser = Echo(b"tab\t\x01", "text/plain")
    assert "The body is no text that can be edited here" in browser.page
    assert browser.replay(body=browser.typed.replace("tab", "cab")).status_code == 400 and len(browser.seen) == 1
    assert browser.replay(body="another").status_code == 303 and browser.seen[-1] == b"another"


def test_an_edited_body_keeps_the_line_breaks_that_it_had() -> None:
    browser = Echo(b"a\r\nb\r\n", "text/plain")
    browser.replay(body=browser.typed.replace("b", "c"))
    assert browser.seen[-1] == b"a\r\nc\r\n"


@pytest.mark.parametrize(
    ("data", "kind", "says"),
    [
        (b'{"password": "abcdefgh", "a": 1}', "application/json", "The body was redacted: write its values"),
        (b"\x00\x01\x02" * 9, "application/octet-stream", "The body was not kept, for it cannot be read"),
    ],
)
def test_a_placeholder_is_never_sent_for_the_value(data: bytes, kind: str, says: str) -> None:
    browser = Echo(data, kind)
    assert says in unescape(browser.page)
    refused = browser.replay(body=browser.typed, partial="yes")
    assert refused.status_code == 400 and "redacted" in refused.text and browser.seen == [data]
    assert browser.replay(body="another one").status_code == 303 and browser.seen[-1] == b"another one"


@pytest.mark.parametrize(
    ("path", "data"), [("/take", b"x" * 70_000), ("/unread", b"never read")], ids=["cut", "not read"]
)
def test_a_part_of_a_body_is_sent_only_when_that_is_said(path: str, data: bytes) -> None:
    browser = Echo(data, "text/plain", path=path)
    assert "bytes of the body are here, and it had more" in browser.page and 'name="partial"' in browser.page
    assert browser.replay(body=browser.typed).status_code == 400
    assert browser.replay(body=browser.typed, partial="yes").status_code == 303
    assert browser.seen[1:] == ([data[:65_536]] if path == "/take" else [])


def test_a_redacted_path_and_what_is_left_out_are_said() -> None:
    browser = Echo(b"", path="/reset/abcdefgh?api_key=ijklmnop&a=1", headers={"X-Api-Key": "qrstuvwx"})
    page = unescape(browser.page)
    assert "left out: X-Api-Key." in page and "left out: api_key." in page and "The path was redacted" in page
    assert browser.replay().status_code == 400
    assert browser.replay(path="/reset/other?api_key=(redacted)&a=1").status_code == 303
    again = browser.xray.newest()
    assert again is not None and again.query == "a=1"


def test_a_body_that_only_lost_a_secret_is_not_said_to_be_cut() -> None:
    browser = Echo(b"password=" + b"long" * 50, "application/x-www-form-urlencoded")
    assert "The beginning is kept" not in browser.page and "it had more" not in browser.page
