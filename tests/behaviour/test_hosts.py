"""Routing by host, and apps mounted under a prefix: subdomains, host matching, trusted hosts, `SCRIPT_NAME`.

Routing by path and method is in test_routing.
"""

from typing import Any

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("shop.example", "home"),
        ("api.shop.example", "api"),
        ("ann.shop.example", "user ann"),
        ("a.b.shop.example", "user a.b"),
        ("API.Shop.Example", "api"),
    ],
)
def test_subdomains_are_matched_when_asked(framework: Any, host: str, expected: str) -> None:
    app = framework.App(__name__, subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    app.add_url_rule("/", "home", lambda: "home")
    app.add_url_rule("/", "api", lambda: "api", subdomain="api")
    app.add_url_rule("/", "user", lambda user: f"user {user}", subdomain="<user>")
    app.register_error_handler(404, lambda error: "404")
    assert app.test_client().get("/", base_url=f"http://{host}/").text == expected


def test_host_outside_the_server_name_is_warned_about_and_404(framework: Any) -> None:
    app = framework.App(__name__, subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    app.add_url_rule("/", "home", lambda: "home")
    with pytest.warns(UserWarning, match="shop.example"):
        assert app.test_client().get("/", base_url="http://elsewhere.example/").status_code == 404


@pytest.mark.parametrize("host", ["shop.example", "api.shop.example", "127.0.0.1", "other.example:8080"])
def test_server_name_does_not_restrict_hosts(framework: Any, host: str) -> None:
    app = framework.App(__name__)
    app.config["SERVER_NAME"] = "shop.example"
    app.add_url_rule("/", "home", lambda: framework.request.host)
    assert app.test_client().get("/", base_url=f"http://{host}/").text == host


def test_default_subdomain_of_the_map(framework: Any) -> None:
    app = framework.App(__name__, subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    app.url_map.default_subdomain = "www"
    app.add_url_rule("/", "home", lambda: "www home")
    client = app.test_client()
    assert client.get("/", base_url="http://www.shop.example").text == "www home"
    assert client.get("/", base_url="http://shop.example").status_code == 404


@pytest.mark.parametrize(
    ("host", "expected"), [("a.example", "a"), ("b.example:81", "b"), ("c.example", "any c.example")]
)
def test_host_matching(framework: Any, host: str, expected: str) -> None:
    app = framework.App(__name__, host_matching=True, static_folder=None)
    app.add_url_rule("/", "a", lambda: "a", host="a.example")
    app.add_url_rule("/", "b", lambda: "b", host="b.example:81")
    app.add_url_rule("/", "any", lambda host: f"any {host}", host="<host>")
    assert app.test_client().get("/", base_url=f"http://{host}/").text == expected


@pytest.mark.parametrize("options", [{"host_matching": True}, {"static_host": "cdn.example"}])
def test_host_matching_and_static_host_go_together(framework: Any, options: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        framework.App(__name__, **options)


def test_trusted_hosts_refuse_other_hosts(framework: Any) -> None:
    app = framework.App(__name__)
    app.config["TRUSTED_HOSTS"] = ["shop.example", ".cdn.example"]
    app.add_url_rule("/", "home", lambda: framework.request.host)
    client = app.test_client()
    statuses = [
        client.get("/", base_url=f"http://{host}").status_code
        for host in ("shop.example", "a.cdn.example", "evil.example", "shop.example.evil")
    ]
    assert statuses == [200, 200, 400, 400]


def test_mounted_app_knows_its_prefix(framework: Any) -> None:
    app = framework.App(__name__)

    @app.get("/page/")
    def page():
        return f"{framework.request.script_root} {framework.request.path} {framework.url_for('page')}"

    client = Client(DispatcherMiddleware(framework.App("outer"), {"/inner": app}))
    assert client.get("/inner/page/").text == "/inner /page/ /inner/page/"
    assert client.get("/inner/page").headers["Location"] == "http://localhost/inner/page/"
    assert client.get("/page/").status_code == 404


def test_application_root_is_the_prefix_of_the_test_client(framework: Any) -> None:
    app = framework.App(__name__)
    app.config["APPLICATION_ROOT"] = "/root"
    app.add_url_rule("/page", "page", lambda: framework.request.script_root)
    assert app.test_client().get("/page").text == "/root"
