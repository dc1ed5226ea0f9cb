"""The ten signals: who sends them, with what, in which order; and that nobody listening changes nothing."""

from contextlib import ExitStack
from typing import Any

import pytest

NAMES = [
    "template_rendered",
    "before_render_template",
    "request_started",
    "request_finished",
    "request_tearing_down",
    "got_request_exception",
    "appcontext_tearing_down",
    "appcontext_pushed",
    "appcontext_popped",
    "message_flashed",
]


class Ear:
    """Hears all ten signals while it is open, and notes name, sender and keywords."""

    def __init__(self, framework: Any) -> None:
        self.framework = framework
        self.heard: list[tuple[str, Any, dict[str, Any]]] = []

    def __enter__(self) -> "Ear":
        self.stack = ExitStack()
        for name in NAMES:

            def listen(sender: Any, _name: str = name, **kwargs: Any) -> None:
                self.heard.append((_name, sender, kwargs))

            self.stack.enter_context(getattr(self.framework.signals, name).connected_to(listen))
        return self

    def __exit__(self, *error: object) -> None:
        self.stack.close()

    @property
    def order(self) -> list[str]:
        return [name for name, _, _ in self.heard]

    def one(self, name: str) -> tuple[Any, dict[str, Any]]:
        (found,) = [(sender, kwargs) for heard, sender, kwargs in self.heard if heard == name]
        return found


def signalling(framework: Any) -> Any:
    app = framework.App(__name__)
    app.secret_key = "key"

    @app.get("/template")
    def template():
        framework.flash("hello", "kind")
        return framework.render_template_string("{{ x }}", x=1)

    app.add_url_rule("/stream", "stream", lambda: framework.stream_template_string("{{ x }}", x=2))
    app.add_url_rule("/plain", "plain", lambda: "x")
    app.add_url_rule("/abort", "abort", lambda: framework.abort(404))
    app.add_url_rule("/fails", "fails", lambda: 1 / 0)
    return app


@pytest.mark.parametrize(
    ("path", "between"),
    [
        ("/plain", []),
        ("/template", ["message_flashed", "before_render_template", "template_rendered"]),
        ("/abort", []),
        ("/nowhere", []),
        ("/fails", ["got_request_exception"]),
    ],
)
def test_order_of_signals(framework: Any, path: str, between: list[str]) -> None:
    app = signalling(framework)
    with Ear(framework) as ear:
        app.test_client().get(path)
    assert ear.order == [
        "appcontext_pushed",
        "request_started",
        *between,
        "request_finished",
        "request_tearing_down",
        "appcontext_tearing_down",
        "appcontext_popped",
    ]


def test_sender_is_the_app_itself(framework: Any) -> None:
    app = signalling(framework)
    with Ear(framework) as ear:
        for path in ("/template", "/fails"):
            app.test_client().get(path)
    assert set(ear.order) == set(NAMES)
    assert all(sender is app for _, sender, _ in ear.heard)


@pytest.mark.parametrize(
    ("name", "path", "keywords"),
    [
        ("request_started", "/plain", set()),
        ("request_finished", "/plain", {"response"}),
        ("request_tearing_down", "/plain", {"exc"}),
        ("got_request_exception", "/fails", {"exception"}),
        ("appcontext_pushed", "/plain", set()),
        ("appcontext_popped", "/plain", set()),
        ("appcontext_tearing_down", "/plain", {"exc"}),
        ("template_rendered", "/template", {"template", "context"}),
        ("before_render_template", "/template", {"template", "context"}),
        ("message_flashed", "/template", {"message", "category"}),
    ],
)
def test_keywords(framework: Any, name: str, path: str, keywords: set[str]) -> None:
    with Ear(framework) as ear:
        signalling(framework).test_client().get(path)
    _, kwargs = ear.one(name)
    assert set(kwargs) - {"_async_wrapper"} == keywords


def test_what_the_keywords_hold(framework: Any) -> None:
    with Ear(framework) as ear:
        signalling(framework).test_client().get("/template")
    assert ear.one("request_finished")[1]["response"].get_data() == b"1"
    assert ear.one("template_rendered")[1]["context"]["x"] == 1
    assert ear.one("message_flashed")[1] | {"_async_wrapper": 0} == {
        "message": "hello",
        "category": "kind",
        "_async_wrapper": 0,
    }
    assert ear.one("request_tearing_down")[1]["exc"] is None


def test_error_reaches_the_signals(framework: Any) -> None:
    with Ear(framework) as ear:
        signalling(framework).test_client().get("/fails")
    error = ear.one("got_request_exception")[1]["exception"]
    assert isinstance(error, ZeroDivisionError)
    assert ear.one("request_tearing_down")[1]["exc"] is error
    assert ear.one("appcontext_tearing_down")[1]["exc"] is error


def test_propagated_error_is_signalled_too(framework: Any) -> None:
    app = signalling(framework)
    app.testing = True
    with Ear(framework) as ear, pytest.raises(ZeroDivisionError):
        app.test_client().get("/fails")
    assert "got_request_exception" in ear.order
    assert "request_finished" not in ear.order


def test_streamed_template_is_signalled(framework: Any) -> None:
    with Ear(framework) as ear:
        signalling(framework).test_client().get("/stream", buffered=True)
    assert ear.order.index("before_render_template") < ear.order.index("template_rendered")


def test_app_context_alone(framework: Any) -> None:
    with Ear(framework) as ear, signalling(framework).app_context():
        ear.heard.append(("inside", None, {}))
    assert ear.order == ["appcontext_pushed", "inside", "appcontext_tearing_down", "appcontext_popped"]


def test_listener_may_use_the_context(framework: Any) -> None:
    app = signalling(framework)
    seen = []

    def listen(sender, **kwargs):
        seen.append((framework.request.path, framework.current_app.name))

    signals = framework.signals
    with ExitStack() as stack:
        for name in ("request_started", "request_finished", "request_tearing_down"):
            stack.enter_context(getattr(signals, name).connected_to(listen))
        app.test_client().get("/plain")
    assert seen == [("/plain", app.name)] * 3


def test_listener_of_one_app_does_not_hear_another(framework: Any) -> None:
    one, two = signalling(framework), signalling(framework)
    seen = []

    def listen(sender, **kwargs):
        seen.append(sender)

    with framework.request_started.connected_to(listen, one):
        one.test_client().get("/plain")
        two.test_client().get("/plain")
    assert seen == [one]


def test_listener_connected_after_the_first_request_hears(framework: Any) -> None:
    app = signalling(framework)
    client = app.test_client()
    client.get("/plain")
    with Ear(framework) as ear:
        client.get("/plain")
    assert "request_started" in ear.order
    count = len(ear.heard)
    client.get("/plain")
    assert len(ear.heard) == count


def test_listener_may_change_the_response(framework: Any) -> None:
    def listen(sender, response, **kwargs):
        response.headers["X-Heard"] = "1"

    with framework.request_finished.connected_to(listen):
        assert signalling(framework).test_client().get("/plain").headers["X-Heard"] == "1"


def test_listener_may_change_the_template_context(framework: Any) -> None:
    def listen(sender, template, context, **kwargs):
        context["x"] = "changed"

    with framework.before_render_template.connected_to(listen):
        assert signalling(framework).test_client().get("/template").text == "changed"


def test_failing_listener_is_an_error_of_the_request(framework: Any) -> None:
    def listen(sender, **kwargs):
        raise LookupError("listener")

    with framework.request_started.connected_to(listen):
        assert signalling(framework).test_client().get("/plain").status_code == 500


@pytest.mark.parametrize("name", NAMES)
def test_signal_is_exported_at_the_top(framework: Any, name: str) -> None:
    assert getattr(framework.module, name) is getattr(framework.signals, name)


def test_own_signals_from_the_namespace_of_extensions(framework: Any) -> None:
    own = framework.signals.Namespace().signal("own")
    seen = []

    def listen(sender):
        seen.append(sender)

    own.connect(listen)
    own.send("me")
    assert seen == ["me"]
