"""The tests' own instruments: that a leaked context is seen, and that the client refuses bad WSGI."""

from typing import Any

import pytest
from werkzeug.test import Client

from leaks import bound_contexts


@pytest.mark.parametrize("kind", ["app_context", "test_request_context"])
def test_leaked_context_is_seen(framework: Any, kind: str) -> None:
    context = getattr(framework.App(__name__), kind)()
    context.push()
    names = {name for name, _ in bound_contexts()}
    context.pop()
    assert f"{framework.name}.globals._cv_app" in names
    assert bound_contexts() == []


BAD = {
    "header value that is no text": lambda start: start("200 OK", [("X-Length", 5)]) and [b""],
    "body of text": lambda start: [start("200 OK", [("Content-Type", "text/plain")]) and "text"],
    "204 with a content type": lambda start: start("204 NO CONTENT", [("Content-Type", "text/plain")]) and [b""],
    "no start_response": lambda start: [b"x"],
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_client_refuses_bad_wsgi(case: str) -> None:
    client = Client(lambda environ, start_response: BAD[case](start_response))
    with pytest.raises(AssertionError):
        client.get("/", buffered=True)


@pytest.mark.raw_wsgi
def test_client_lets_it_pass_when_told() -> None:
    client = Client(lambda environ, start: start("204 NO CONTENT", [("Content-Type", "text/plain")]) and [b""])
    assert client.get("/").status_code == 204


def test_framework_namespace_says_what_it_has_not(framework: Any) -> None:
    assert framework.sessions.__name__ == f"{framework.name}.sessions"
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        framework.nothing_of_the_kind
