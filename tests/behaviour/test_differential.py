"""The same application on both frameworks gives the same answer, byte for byte, to every request of a corpus.

Compared are the status line, the ordered list of headers (but for dates that pass) and the body.
"""

import re
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from . import differential_app
from .differential_corpus import CONVERSATIONS, DETAILED, OTHER_METHODS, PATHS, RAW
from .support import frozen_time

Answer = tuple[str, list[tuple[str, str]], bytes]
NOW = 1_900_000_000


@pytest.fixture(scope="module")
def apps(both: Any, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The application on wsgiapp and on Flask, serving one folder."""
    folder = Path(tmp_path_factory.mktemp("differential"))
    differential_app.prepare(folder)
    return [differential_app.build(framework, folder) for framework in both]


def answer(client: Any, method: str, path: str, **options: Any) -> Answer:
    """What `client` is told: status line, headers in order without dates that pass, body."""
    # A file's Expires is counted from now, and both frameworks must be asked within one second.
    with frozen_time(), patch("werkzeug.utils.time", lambda: NOW), patch("wsgiapp.files.time", lambda: NOW):
        response = client.open(path, method=method, **options)
    headers = [
        (name, re.sub(r"(?<=Expires=)\w{3}, \d\d \w{3} 20\d\d [\d:]{8}", "LATER", value))
        for name, value in response.headers
    ]
    return response.status, [(name, value) for name, value in headers if name != "Date"], response.data


def ask_both(apps: list[Any], method: str, path: str, options: dict[str, Any]) -> tuple[Answer, Answer]:
    wsgiapp, flask = (
        answer(app.test_client(use_cookies="Cookie" not in options.get("headers", {})), method, path, **options)
        for app in apps
    )
    return wsgiapp, flask


@pytest.mark.parametrize("path", PATHS)
def test_get(apps: list[Any], path: str) -> None:
    wsgiapp, flask = ask_both(apps, "GET", path, {})
    assert wsgiapp == flask


@pytest.mark.parametrize(("method", "path"), OTHER_METHODS)
def test_other_methods(apps: list[Any], method: str, path: str) -> None:
    wsgiapp, flask = ask_both(apps, method, path, {})
    if method == "OPTIONS" or wsgiapp[0].startswith("405"):
        wsgiapp, flask = (sorted_allow(each) for each in (wsgiapp, flask))
    assert wsgiapp == flask


def sorted_allow(answer: Answer) -> Answer:
    """The answer with the methods of `Allow` in alphabetical order: Werkzeug takes them from a set."""
    status, headers, body = answer
    return status, [(n, ", ".join(sorted(v.split(", "))) if n == "Allow" else v) for n, v in headers], body


@pytest.mark.parametrize(("name", "method", "path", "options"), DETAILED, ids=[case[0] for case in DETAILED])
def test_details(apps: list[Any], name: str, method: str, path: str, options: dict[str, Any]) -> None:
    wsgiapp, flask = ask_both(apps, method, path, options)
    assert wsgiapp == flask


@pytest.mark.raw_wsgi
@pytest.mark.parametrize("path", ["/plain", "/folder"])
@pytest.mark.parametrize("name", sorted(RAW))
def test_raw_environs(apps: list[Any], name: str, path: str) -> None:
    """What a server may put into the environ, sent without the test client's help."""
    answers = []
    for app in apps:
        environ = create_environ(path) | RAW[name]
        body, status, headers = run_wsgi_app(app, {key: value for key, value in environ.items() if value is not None})
        answers.append((status, [item for item in headers if item[0] != "Date"], b"".join(body)))
        getattr(body, "close", lambda: None)()
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", sorted(CONVERSATIONS))
def test_conversations(apps: list[Any], name: str) -> None:
    clients = [app.test_client() for app in apps]
    for path in CONVERSATIONS[name]:
        wsgiapp, flask = (answer(client, "GET", path) for client in clients)
        assert wsgiapp == flask


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in PATHS
        if path.startswith(("/abort", "/fails", "/own", "/need", "/values", "/nowhere", "/folder"))
    ],
)
def test_while_debugging(apps: list[Any], path: str) -> None:
    """In debug mode without propagation the answers are the same too (JSON is indented, missing keys are named)."""
    for app in apps:
        app.config.update(DEBUG=True, PROPAGATE_EXCEPTIONS=False, TRAP_BAD_REQUEST_ERRORS=False)
    wsgiapp, flask = ask_both(apps, "GET", path, {})
    for app in apps:
        app.config.update(DEBUG=False, PROPAGATE_EXCEPTIONS=None, TRAP_BAD_REQUEST_ERRORS=None)
    assert wsgiapp == flask


def test_the_corpus_is_large(apps: list[Any]) -> None:
    assert len(PATHS) + len(OTHER_METHODS) + len(DETAILED) + sum(map(len, CONVERSATIONS.values())) >= 300
