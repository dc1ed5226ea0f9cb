"""The table of the road says what happens: a real request meets the layers in that order, and documents show it."""

from __future__ import annotations

import re
import sys
from types import FrameType
from typing import Any

import pytest

from servers import ROOT
from test_architecture import HOUSE
from tools.callpath import drive
from wsgiapp import App, sessions
from wsgiapp.dispatch import LIFECYCLE

ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


class EarlySession(sessions.SecureCookieSessionInterface):
    """A session interface that cannot wait: it overrides how sessions are opened."""

    def open_session(self, app: Any, request: Any) -> Any:
        return super().open_session(app, request)


def layers_met(app: App) -> list[str]:
    """The names of the layers whose steps one request enters, in the order of their first call."""
    steps = {layer.step.rpartition(".")[2]: layer.name for layer in LIFECYCLE}
    inside = {"push": "RequestContext", "pop": "RequestContext", "__call__": ("App", "Response"), "find": "Map"}
    met: list[str] = []

    def profile(frame: FrameType, event: str, arg: object) -> None:
        owner, _, name = frame.f_code.co_qualname.rpartition(".")
        if event != "call" or name not in steps or not owner.startswith(inside.get(name, "")):
            return
        met.append("server" if owner == "App" and name == "__call__" else steps[name])

    drive(app)
    sys.setprofile(profile)
    try:
        drive(app)
    finally:
        sys.setprofile(None)
    return list(dict.fromkeys(met))


def shop_of_one_page(interface: sessions.SessionInterface) -> App:
    app = App("road")
    app.secret_key = "k"
    app.session_interface = interface

    @app.route("/user/<int:id>")
    def user(id: int) -> str:
        sessions.flash("seen")
        raise KeyError(id)

    @app.errorhandler(KeyError)
    def missing(error: KeyError) -> str:
        return f"nobody {error}"

    return app


def test_a_request_meets_the_layers_in_the_order_of_the_table() -> None:
    assert layers_met(shop_of_one_page(EarlySession())) == [layer.name for layer in LIFECYCLE]


def test_the_signed_cookie_is_opened_only_when_the_view_touches_it() -> None:
    met = layers_met(shop_of_one_page(sessions.SecureCookieSessionInterface()))
    assert met.index("session") == met.index("view") + 1
    assert sorted(met) == sorted(layer.name for layer in LIFECYCLE)


@pytest.mark.parametrize("layer", LIFECYCLE, ids=lambda layer: layer.name)
def test_every_layer_stands_in_the_architecture_with_its_sentence(layer: Any) -> None:
    assert f"| {layer.name} | `{layer.step}` | {layer.does} |" in ARCHITECTURE


def test_the_architecture_lists_the_layers_in_their_order() -> None:
    assert re.findall(r"^\| (\w+) \| `\w+\.\w+` \|", ARCHITECTURE, re.MULTILINE) == [layer.name for layer in LIFECYCLE]


def test_the_architecture_shows_the_house_as_it_is_built() -> None:
    names = re.findall(r"^\| `([\w/]+)` \|", ARCHITECTURE, re.MULTILINE)
    assert [name.rstrip("/") for name in names] == HOUSE
