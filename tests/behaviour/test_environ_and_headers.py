"""A request tells what the server handed over, whatever is done to the environ afterwards; headers are a live view."""

from typing import Any
from wsgiref.util import shift_path_info

import pytest
from werkzeug.test import create_environ

CHANGES = {
    "REQUEST_METHOD": "PUT", "wsgi.url_scheme": "https", "SCRIPT_NAME": "/other", "PATH_INFO": "/other",
    "QUERY_STRING": "other=1", "REMOTE_ADDR": "9.9.9.9", "SERVER_NAME": "other.test", "SERVER_PORT": "99",
}  # fmt: skip
NAMES = ["method", "scheme", "root_path", "path", "full_path", "query_string", "args", "remote_addr", "server",
         "script_root", "base_url", "url", "is_secure"]  # fmt: skip


def came_in(**more: Any) -> dict[str, Any]:
    return {**create_environ("/a/b?q=1", "http://host.test/root"), "REMOTE_ADDR": "1.2.3.4", **more}


@pytest.mark.parametrize("name", NAMES)
def test_attribute_is_as_it_came_in(framework: Any, name: str) -> None:
    expected = getattr(framework.Request(came_in()), name)
    request = framework.Request(came_in())
    request.environ.update(CHANGES)
    assert getattr(request, name) == expected


@pytest.mark.parametrize("name", NAMES)
def test_attribute_does_not_follow_a_shift_of_the_path(framework: Any, name: str) -> None:
    expected = getattr(framework.Request(came_in()), name)
    request = framework.Request(came_in())
    shift_path_info(request.environ)
    assert getattr(request, name) == expected


def test_attribute_is_as_it_came_in_where_the_environ_lost_it(framework: Any) -> None:
    expected = framework.Request(came_in())
    request = framework.Request(came_in())
    for key in CHANGES:
        del request.environ[key]
    assert [getattr(request, name) for name in NAMES] == [getattr(expected, name) for name in NAMES]


def test_headers_follow_the_environ(framework: Any) -> None:
    request = framework.Request(came_in(HTTP_X_A="1", CONTENT_TYPE="text/plain"))
    request.environ.update(HTTP_X_A="2", CONTENT_TYPE="text/html")
    assert (request.headers["X-A"], request.mimetype) == ("2", "text/html")


def test_hook_that_shifts_the_path_leaves_the_request_of_the_view_alone(framework: Any) -> None:
    app = framework.App("came_in")

    @app.before_request
    def shift() -> None:
        shift_path_info(framework.request.environ)

    @app.get("/a/b")
    def view() -> list[str]:
        return [framework.request.path, framework.request.full_path, framework.request.root_path]

    assert app.test_client().get("/a/b?q=1").json == ["/a/b", "/a/b?q=1", ""]
