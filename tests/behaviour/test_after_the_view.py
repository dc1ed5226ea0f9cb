"""After the view: `after_this_request` and streams that keep the request, in order and with what they see.

The end of the request, teardown, is in test_teardown.
"""

from typing import Any

import pytest


def test_after_this_request_changes_only_this_response(framework: Any) -> None:
    app = framework.App(__name__)

    @app.get("/marked")
    def marked():
        @framework.after_this_request
        def mark(response):
            response.headers["X-Mark"] = "1"
            return response

        return "x"

    app.add_url_rule("/plain", "plain", lambda: "x")
    client = app.test_client()
    assert client.get("/marked").headers["X-Mark"] == "1"
    assert "X-Mark" not in client.get("/plain").headers


def test_after_this_request_runs_before_the_app_s_own_hooks(framework: Any) -> None:
    app = framework.App(__name__)
    order = []

    @app.after_request
    def always(response):
        order.append("after_request")
        return response

    @app.get("/")
    def view():
        for name in ("first", "second"):
            framework.after_this_request(lambda response, name=name: order.append(name) or response)
        return "x"

    app.test_client().get("/")
    assert order == ["first", "second", "after_request"]


def test_after_this_request_runs_for_an_error_page_too(framework: Any) -> None:
    app = framework.App(__name__)

    @app.get("/")
    def view():
        framework.after_this_request(lambda response: framework.make_response(response.get_data() + b"!", 404))
        framework.abort(404)

    assert app.test_client().get("/").text.endswith("!")


def test_after_this_request_needs_a_request(framework: Any) -> None:
    with pytest.raises(RuntimeError):
        framework.after_this_request(lambda response: response)


def test_stream_with_context_sees_the_request(framework: Any) -> None:
    app = framework.App(__name__)

    @app.get("/")
    def view():
        def body():
            yield framework.request.args["a"]
            yield framework.request.args["b"]
            yield framework.current_app.name

        return framework.Response(framework.stream_with_context(body()))

    assert app.test_client().get("/?a=1&b=2").text == f"12{app.name}"


def test_stream_with_context_as_a_decorator(framework: Any) -> None:
    app = framework.App(__name__)

    @app.get("/")
    def view():
        @framework.stream_with_context
        def body(greeting):
            yield greeting
            yield framework.request.path

        return body("at ")

    assert app.test_client().get("/").text == "at /"


def test_stream_with_context_sees_the_session(framework: Any) -> None:
    app = framework.App(__name__)
    app.secret_key = "key"

    @app.get("/")
    def view():
        framework.session["seen"] = "yes"
        return framework.Response(framework.stream_with_context(value for value in [framework.session["seen"]]))

    assert app.test_client().get("/").text == "yes"


def test_stream_without_context_does_not_see_the_request(framework: Any) -> None:
    app = framework.App(__name__)

    @app.get("/")
    def view():
        def body():
            yield str(framework.has_request_context())

        return body()

    assert app.test_client().get("/").text == "False"


def test_stream_with_context_needs_a_request(framework: Any) -> None:
    with pytest.raises(RuntimeError, match="(?i)request"):
        next(framework.stream_with_context(iter(["x"])))


def test_stream_with_context_closes_what_it_streams(framework: Any) -> None:
    app = framework.App(__name__)
    closed = []

    class Source:
        def __iter__(self):
            return self

        def __next__(self):
            return "x"

        def close(self):
            closed.append(framework.request.path)

    app.add_url_rule("/far", "far", lambda: framework.Response(framework.stream_with_context(Source())))
    response = app.test_client().get("/far")
    assert next(response.iter_encoded()) == b"x"
    response.close()
    assert set(closed) == {"/far"}
