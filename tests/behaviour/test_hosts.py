"""Routing by host, and apps mounted under a prefix: subdomains, host matching, trusted hosts, `SCRIPT_NAME`.

Routing by path and method is in test_routing.
"""

import re
from typing import Any

import pytest
import werkzeug.test
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response

import wsgiapp


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


# Which Host header can be one, and what is made of it -----------------------------------------------------------------

#: A Host header (RFC 3986, 3.2.2), and what `request.host` says of it.
ACCEPTED = {
    "my_app:5000": "my_app:5000", "a~b": "a~b", "localhost:": "localhost", "localhost:80": "localhost",
    "localhost:443": "localhost:443", "caf%C3%A9.example": "caf%C3%A9.example", "a!b$c&d'e": "a!b$c&d'e",
    "a(b)*+;=:81": "a(b)*+;=:81", "127.0.0.1:5000": "127.0.0.1:5000", "[::1]": "[::1]", "[::1]:8080": "[::1]:8080",
    "[::ffff:192.0.2.1]:80": "[::ffff:192.0.2.1]", "shop.example.": "shop.example.", "xn--bcher-kva.example:81":
    "xn--bcher-kva.example:81", f"{'a' * 63}.example": f"{'a' * 63}.example",
}  # fmt: skip
#: What some do with a Host header, and why it cannot be one.
REFUSED = {
    "a space": "a b", "a path": "a/b", "a query": "a?b", "user information": "a@b",
    "a backslash": "a\\b", "markup": "<b>", "a quote": 'a"b',
    "two headers joined": "a.example,b.example", "a broken escape": "a%2", "an open bracket": "[::1",
    "no IPv6 address": "[a:b]", "too many groups": "[1:2:3:4:5:6:7:8:9]", "a name as port": "a:b",
    "a port too large": "a:65536", "a port of six digits": "a:100000", "port 0": "a:0", "no name": ":80",
    "an empty label": "a..b",
    "a label too long": f"{'a' * 64}.example", "a name too long": ".".join(["a" * 49] * 6),
    "raw bytes": "b\xfccher.example",
    "UTF-8": "bücher.example".encode().decode("latin1"), "a control character": "a\x00b", "a line break": "a\n",
    "8 KB of labels": "\xe9." * 4000, "8 KB": "a" * 8192,
}  # fmt: skip


def places(framework: Any) -> Any:
    """An app that says where it is: by the request, by URLs, by redirects."""
    app = framework.App(__name__)
    app.add_url_rule("/folder/", "folder", lambda: "folder")
    app.add_url_rule("/host", "host", lambda: framework.request.host)
    app.add_url_rule("/url", "url", lambda: framework.request.url)
    app.add_url_rule("/for", "for", lambda: framework.url_for("host", _external=True))
    app.add_url_rule("/go", "go", lambda: framework.redirect(framework.url_for("host", _external=True)))
    return app


def ask(app: Any, path: str, host: str) -> Any:
    # No test client: it makes a URL of the host itself.
    return Response(*werkzeug.test.run_wsgi_app(app, {**werkzeug.test.create_environ(path), "HTTP_HOST": host}))


@pytest.mark.parametrize("host", ACCEPTED)
def test_host_of_a_request_is_carried_into_urls_and_redirects(host: str) -> None:
    app, said = places(wsgiapp), ACCEPTED[host]
    assert ask(app, "/host", host).get_data(True) == said
    said = said.lower()  # no matter in a host
    assert ask(app, "/for", host).get_data(True) == f"http://{said}/host"
    assert iri_to_uri(ask(app, "/url", host).get_data(True)).lower() == f"http://{said}/url"
    for path, target in {"/folder": "/folder/", "/go": "/host"}.items():
        assert ask(app, path, host).headers["Location"] == f"http://{said}{target}"


@pytest.mark.parametrize("host", [host for host in ACCEPTED if re.fullmatch(r"[a-z0-9.-]+(:[0-9]+)?", host)])
def test_host_that_werkzeug_knows_is_the_same_on_both(both: Any, host: str) -> None:
    paths = ("/host", "/url", "/for", "/go", "/folder")
    answers = [[ask(places(framework), path, host) for path in paths] for framework in both]
    ours, flasks = ([(answer.get_data(True), answer.headers.get("Location")) for answer in some] for some in answers)
    assert ours == flasks


@pytest.mark.parametrize("why", REFUSED)
def test_host_that_cannot_be_one_is_400(why: str) -> None:
    app, paths = places(wsgiapp), ("/host", "/folder", "/none", "/static/x")
    assert [ask(app, path, REFUSED[why]).status_code for path in paths] == [400] * 4


@pytest.mark.parametrize(
    ("trusted", "status"), [(["my_app"], 200), ([".b_c"], 200), (["app"], 400), ("my_app", 200), ("m", 400)]
)
def test_trusted_hosts_know_every_name_that_is_accepted(trusted: Any, status: int) -> None:
    app = places(wsgiapp)
    app.config["TRUSTED_HOSTS"] = trusted
    host = "a.b_c" if trusted == [".b_c"] else "my_app"
    assert [ask(app, path, f"{host}:5000").status_code for path in ("/host", "/for")] == [status] * 2


@pytest.mark.parametrize(("host", "expected"), [("my_shop:5000", "home"), ("an_api.my_shop:5000", "user an_api")])
def test_subdomains_of_a_name_with_an_underscore(host: str, expected: str) -> None:
    app = wsgiapp.App(__name__, subdomain_matching=True)
    app.config["SERVER_NAME"] = "my_shop:5000"
    app.add_url_rule("/", "home", lambda: "home")
    app.add_url_rule("/", "user", lambda user: f"user {user}", subdomain="<user>")
    assert ask(app, "/", host).get_data(True) == expected


def test_host_matching_of_a_name_with_an_underscore() -> None:
    app = wsgiapp.App(__name__, host_matching=True, static_folder=None)
    app.add_url_rule("/", "app", lambda: "app", host="my_app:5000")
    assert ask(app, "/", "my_app:5000").get_data(True) == "app"
