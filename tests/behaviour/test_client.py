"""The test client and the CLI runner: what they send, what they keep, and which context they leave open."""

from typing import Any

import click
import pytest
from werkzeug.test import EnvironBuilder


def echo(framework: Any) -> Any:
    """An app that answers what it was asked."""
    app = framework.App(__name__)
    app.secret_key = "key"

    @app.route("/", methods=["GET", "POST", "PUT"])
    @app.route("/<path:rest>", methods=["GET", "POST", "PUT"])
    def view(rest=""):
        request = framework.request
        return {
            "method": request.method,
            "url": request.url,
            "json": request.get_json(silent=True),
            "type": request.content_type,
            "form": request.form,
            "agent": request.headers.get("User-Agent"),
            "addr": request.remote_addr,
        }

    return app


def test_json_argument(framework: Any) -> None:
    answer = echo(framework).test_client().post("/", json={"a": [1]}).json
    assert (answer["json"], answer["type"]) == ({"a": [1]}, "application/json")


def test_json_argument_uses_the_provider_of_the_app(framework: Any) -> None:
    import decimal

    app = echo(framework)
    assert app.test_client().post("/", json={"d": decimal.Decimal("1.5")}).json["json"] == {"d": "1.5"}


@pytest.mark.parametrize(
    ("config", "arguments", "url"),
    [
        ({}, {"path": "/a?b=c"}, "http://localhost/a?b=c"),
        ({}, {"path": "https://shop.example/x"}, "https://shop.example/x"),
        ({}, {"path": "/", "base_url": "http://shop.example:81"}, "http://shop.example:81/"),
        ({"SERVER_NAME": "shop.example"}, {"path": "/"}, "http://shop.example/"),
        ({"SERVER_NAME": "shop.example"}, {"path": "/", "subdomain": "api"}, "http://api.shop.example/"),
        ({"PREFERRED_URL_SCHEME": "https"}, {"path": "/"}, "https://localhost/"),
        ({"APPLICATION_ROOT": "/root"}, {"path": "/x"}, "http://localhost/root/x"),
        ({}, {"path": "/", "url_scheme": "https"}, "https://localhost/"),
        ({}, {"path": "/", "query_string": {"a": "ü"}}, "http://localhost/?a=ü"),
    ],
)
def test_where_the_request_goes(framework: Any, config: Any, arguments: Any, url: str) -> None:
    app = echo(framework)
    app.config.update(config)
    assert app.test_client().get(**arguments).json["url"] == url


def test_base_of_the_environ(framework: Any) -> None:
    client = echo(framework).test_client()
    answer = client.get("/").json
    assert answer["addr"] == "127.0.0.1"
    assert answer["agent"].startswith("Werkzeug/")
    client.environ_base["HTTP_USER_AGENT"] = "own"
    assert client.get("/").json["agent"] == "own"


@pytest.mark.parametrize("kind", ["builder", "environ", "request"])
def test_open_takes_what_describes_a_request(framework: Any, kind: str) -> None:
    app = echo(framework)
    builder = app.test_client()._request_from_builder_args(("/made",), {"method": "PUT"})
    given = {
        "builder": lambda: EnvironBuilder("/made", method="PUT"),
        "environ": lambda: EnvironBuilder("/made", method="PUT").get_environ(),
        "request": lambda: builder,
    }[kind]()
    answer = app.test_client().open(given).json
    assert (answer["method"], answer["url"]) == ("PUT", "http://localhost/made")


def test_cookies_are_kept_and_can_be_set(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: {"cookies": framework.request.cookies})
    client = app.test_client()
    client.set_cookie("a", "1")
    assert client.get("/").json == {"cookies": {"a": "1"}}
    client.delete_cookie("a")
    assert client.get("/").json == {"cookies": {}}
    assert app.test_client(use_cookies=False).get("/").json == {"cookies": {}}


def test_redirects_are_followed_when_asked(framework: Any) -> None:
    app = framework.App(__name__)
    app.secret_key = "key"

    @app.post("/login")
    def login():
        framework.session["user"] = "ann"
        return framework.redirect(framework.url_for("middle"), 303)

    app.add_url_rule("/middle", "middle", lambda: framework.redirect("/home"))
    app.add_url_rule("/home", "home", lambda: f"hello {framework.session['user']}")
    client = app.test_client()
    response = client.post("/login", follow_redirects=True)
    assert (response.text, response.request.path) == ("hello ann", "/home")
    assert [step.status_code for step in response.history] == [303, 302]
    assert client.post("/login").status_code == 303


def test_with_block_keeps_the_context_of_the_last_request(framework: Any) -> None:
    app = echo(framework)
    with app.test_client() as client:
        client.get("/one?x=1")
        assert framework.request.args["x"] == "1"
        client.get("/two")
        assert framework.request.path == "/two"
        assert framework.current_app.name == app.name
    assert not framework.has_request_context()


def test_without_a_block_nothing_is_kept(framework: Any) -> None:
    echo(framework).test_client().get("/")
    assert not framework.has_request_context()


def test_with_block_keeps_session_and_g_for_looking(framework: Any) -> None:
    app = framework.App(__name__)
    app.secret_key = "key"

    @app.get("/")
    def view():
        framework.g.seen, framework.session["a"] = "g", "session"
        return ""

    with app.test_client() as client:
        client.get("/")
        assert (framework.g.seen, framework.session["a"]) == ("g", "session")


def test_with_block_does_not_lose_a_teardown(framework: Any) -> None:
    app = echo(framework)
    events: list[str] = []
    app.teardown_request(lambda error: events.append(framework.request.path))
    with app.test_client() as client:
        client.get("/one")
        client.get("/two")
    assert set(events) == {"/one", "/two"}


def test_with_block_goes_on_after_an_error(framework: Any) -> None:
    app = framework.App(__name__)
    app.testing = True
    app.add_url_rule("/fails", "fails", lambda: 1 / 0)
    app.add_url_rule("/fine", "fine", lambda: "fine")
    with app.test_client() as client:
        with pytest.raises(ZeroDivisionError):
            client.get("/fails")
        assert client.get("/fine").text == "fine"
        assert framework.request.path == "/fine"
    assert not framework.has_request_context()


def test_with_blocks_do_not_nest(framework: Any) -> None:
    client = echo(framework).test_client()
    with client, pytest.raises(RuntimeError), client:
        pass


def test_response_knows_its_request_and_is_one_of_the_app(framework: Any) -> None:
    app = echo(framework)
    response = app.test_client().post("/path", data={"a": "1"})
    assert (response.request.path, response.request.method) == ("/path", "POST")
    assert isinstance(response, app.response_class)
    assert response.json["form"] == {"a": "1"}


def test_client_is_given_the_app(framework: Any) -> None:
    app = echo(framework)
    assert app.test_client().application is app
    assert isinstance(app.test_client(), framework.testing.FlaskClient)


def test_environ_builder_of_the_framework(framework: Any) -> None:
    app = echo(framework)
    app.config["SERVER_NAME"] = "shop.example"
    builder = framework.testing.EnvironBuilder(app, "/x", subdomain="api", json={"a": 1})
    environ = builder.get_environ()
    builder.close()
    assert (environ["HTTP_HOST"], environ["CONTENT_TYPE"]) == ("api.shop.example", "application/json")


# The CLI runner ------------------------------------------------------------------------------------------------------


def test_runner_runs_the_commands_of_the_app(framework: Any) -> None:
    app = framework.App("named")

    @app.cli.command("hello")
    @click.argument("name")
    def hello(name):
        click.echo(f"hello {name} from {framework.current_app.name}")

    runner = app.test_cli_runner()
    assert type(runner).__name__ == "FlaskCliRunner"
    assert runner.invoke(args=["hello", "ann"]).output == "hello ann from named\n"


def test_runner_takes_a_command(framework: Any) -> None:
    app = framework.App("named")

    @click.command()
    @framework.cli.with_appcontext
    def hello():
        click.echo(framework.current_app.name)

    assert app.test_cli_runner().invoke(hello).output == "named\n"


def test_runner_takes_its_own_script_info(framework: Any) -> None:
    app, other = framework.App("app"), framework.App("other")

    @click.command()
    @framework.cli.with_appcontext
    def hello():
        click.echo(framework.current_app.name)

    info = framework.cli.ScriptInfo(create_app=lambda: other)
    assert app.test_cli_runner().invoke(hello, obj=info).output == "other\n"


def test_runner_reports_errors(framework: Any) -> None:
    app = framework.App("named")
    app.cli.command("fail")(lambda: 1 / 0)
    result = app.test_cli_runner().invoke(args=["fail"])
    assert (result.exit_code, type(result.exception)) == (1, ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        app.test_cli_runner().invoke(args=["fail"], catch_exceptions=False)
