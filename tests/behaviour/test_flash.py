"""Flashed messages: kept in the session until they are shown, once, with or without their categories."""

from typing import Any

import pytest


def flashing(framework: Any, look: Any) -> Any:
    app = framework.App(__name__)
    app.secret_key = "key"

    @app.get("/flash")
    def flash():
        framework.flash("plain")
        framework.flash("<b>wrong</b>", "error")
        framework.flash("fine", category="info")
        return ""

    app.add_url_rule("/look", "look", lambda: {"seen": look(framework)})
    client = app.test_client()
    client.get("/flash")
    return client


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["plain", "<b>wrong</b>", "fine"]),
        ({"with_categories": True}, [["message", "plain"], ["error", "<b>wrong</b>"], ["info", "fine"]]),
        ({"category_filter": ["error", "info"]}, ["<b>wrong</b>", "fine"]),
        ({"category_filter": ["message"], "with_categories": True}, [["message", "plain"]]),
        ({"category_filter": ["none"]}, []),
        ({"category_filter": []}, ["plain", "<b>wrong</b>", "fine"]),
    ],
)
def test_flashed_messages(framework: Any, options: dict[str, Any], expected: list[Any]) -> None:
    client = flashing(framework, lambda framework: framework.get_flashed_messages(**options))
    assert client.get("/look").json["seen"] == expected


def test_flashed_messages_are_shown_once(framework: Any) -> None:
    client = flashing(framework, lambda framework: framework.get_flashed_messages())
    assert len(client.get("/look").json["seen"]) == 3
    assert client.get("/look").json["seen"] == []


def test_flashed_messages_stay_for_the_whole_request(framework: Any) -> None:
    client = flashing(framework, lambda framework: [framework.get_flashed_messages(), framework.get_flashed_messages()])
    first, second = client.get("/look").json["seen"]
    assert first == second and len(first) == 3


def test_flashing_signals(framework: Any) -> None:
    heard = []

    def listen(sender, **kwargs):
        heard.append((sender.name, kwargs["message"], kwargs["category"]))

    with framework.signals.message_flashed.connected_to(listen):
        client = flashing(framework, lambda framework: None)
    name = client.application.name
    assert heard == [(name, "plain", "message"), (name, "<b>wrong</b>", "error"), (name, "fine", "info")]
