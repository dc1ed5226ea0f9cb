"""The command line: finding an app, commands and groups, `routes`, `shell`, the debug flag, `.env` files."""

import inspect
import sys
import types
from typing import Any

import click
import pytest


def main(framework: Any, app: Any, *arguments: str, **options: Any) -> Any:
    """The result of the framework's own command line, with `app` as the app that it finds."""
    return app.test_cli_runner().invoke(framework.cli.cli, list(arguments), **options)


def module_with(**names: Any) -> types.ModuleType:
    module = types.ModuleType("made")
    vars(module).update(names)
    return module


FINDS = {
    "app": lambda App: ({"app": App("found")}, "found"),
    "application": lambda App: ({"application": App("found")}, "found"),
    "the only one": lambda App: ({"anything": App("found")}, "found"),
    "app before others": lambda App: ({"app": App("found"), "other": App("no")}, "found"),
    "create_app": lambda App: ({"create_app": lambda: App("found")}, "found"),
    "make_app": lambda App: ({"make_app": lambda: App("found")}, "found"),
    "factory with defaults": lambda App: ({"create_app": lambda x="found": App(x)}, "found"),
    "instance before factory": lambda App: ({"app": App("found"), "create_app": lambda: App("no")}, "found"),
}


@pytest.mark.parametrize("case", sorted(FINDS))
def test_best_app_of_a_module(framework: Any, case: str) -> None:
    names, expected = FINDS[case](framework.App)
    assert framework.cli.find_best_app(module_with(**names)).name == expected


@pytest.mark.parametrize(
    "make",
    [
        lambda App: {},
        lambda App: {"one": App("1"), "two": App("2")},
        lambda App: {"create_app": lambda needed: App("1")},
        lambda App: {"create_app": lambda: "no app"},
    ],
)
def test_module_without_one_clear_app(framework: Any, make: Any) -> None:
    with pytest.raises(framework.cli.NoAppException):
        framework.cli.find_best_app(module_with(**make(framework.App)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app", "plain"),
        ("factory", "made"),
        ("factory()", "made"),
        ("factory('x')", "x"),
        ('factory(name="y")', "y"),
        (" factory ( 'z', ) ", "z"),
        ("holder.inner", None),
        ("missing", None),
        ("factory('x", None),
        ("factory(nope)", None),
        ("factory(1, 2, 3)", None),
        ("number", None),
        ("a b", None),
        ("", None),
    ],
)
def test_app_named_by_a_string(framework: Any, text: str, expected: str | None) -> None:
    App = framework.App
    module = module_with(
        app=App("plain"), factory=lambda name="made": App(name), number=1, holder=types.SimpleNamespace(inner=App("i"))
    )
    if expected is None:
        with pytest.raises(framework.cli.NoAppException):
            framework.cli.find_app_by_string(module, text)
    else:
        assert framework.cli.find_app_by_string(module, text).name == expected


def test_error_in_a_factory_is_not_hidden(framework: Any) -> None:
    def create_app():
        raise TypeError("inside the factory")

    with pytest.raises(TypeError, match="inside the factory"):
        framework.cli.find_best_app(module_with(create_app=create_app))


@pytest.fixture
def project(tmp_path: Any, monkeypatch: Any) -> Any:
    """A folder to work in, with an importable module and package; imported modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("made_"):
            del sys.modules[name]


def write_app(framework: Any, path: Any, name: str = "app") -> None:
    cls = "App" if framework.name == "wsgiapp" else "Flask"
    path.write_text(f"import {framework.name}\n{name} = {framework.name}.{cls}('written')\n")


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("made_mod.py", None, "made_mod"),
        ("made_mod", None, "made_mod"),
        ("made_pkg/__init__.py", None, "made_pkg"),
        ("made_pkg", None, "made_pkg"),
        ("made_pkg/inner.py", None, "made_pkg.inner"),
        ("made_pkg/inner", None, "made_pkg.inner"),
    ],
)
def test_path_becomes_an_import(framework: Any, project: Any, path: str, name: Any, expected: str) -> None:
    (project / "made_pkg").mkdir()
    for file in ("made_mod.py", "made_pkg/__init__.py", "made_pkg/inner.py"):
        (project / file).write_text("")
    assert framework.cli.prepare_import(path) == expected
    assert sys.path[0] == str(project)


def test_locate_app(framework: Any, project: Any) -> None:
    write_app(framework, project / "made_mod.py", "own")
    assert framework.cli.locate_app("made_mod", None).name == "written"
    assert framework.cli.locate_app("made_mod", "own").name == "written"


@pytest.mark.parametrize(
    ("source", "words"), [(None, "made_mod"), ("import no_such_thing", "made_mod"), ("x = 1", "made_mod")]
)
def test_locate_app_fails_with_reason(framework: Any, project: Any, source: str | None, words: str) -> None:
    if source is not None:
        (project / "made_mod.py").write_text(source)
    with pytest.raises(framework.cli.NoAppException, match=words):
        framework.cli.locate_app("made_mod", None)


def test_locate_app_may_find_nothing(framework: Any, project: Any) -> None:
    assert framework.cli.locate_app("made_none", None, raise_if_not_found=False) is None


@pytest.mark.parametrize(
    ("spec", "file"),
    [
        ("made_mod", "made_mod.py"),
        ("made_mod:own", "made_mod.py"),
        ("made_mod.py:own", "made_mod.py"),
        (None, "app.py"),
        (None, "wsgi.py"),
    ],
)
def test_script_info_loads_the_app(framework: Any, project: Any, spec: str | None, file: str) -> None:
    write_app(framework, project / file, "own")
    info = framework.cli.ScriptInfo(app_import_path=spec)
    app = info.load_app()
    assert app.name == "written"
    assert info.load_app() is app
    for name in ("app", "wsgi"):
        sys.modules.pop(name, None)


def test_script_info_without_any_app(framework: Any, project: Any) -> None:
    with pytest.raises(framework.cli.NoAppException):
        framework.cli.ScriptInfo().load_app()


def test_script_info_with_a_factory(framework: Any) -> None:
    info = framework.cli.ScriptInfo(create_app=lambda: framework.App("made"))
    assert info.load_app().name == "made"


@pytest.mark.parametrize(("flag", "debug"), [("1", True), ("0", False)])
def test_script_info_sets_the_debug_flag(framework: Any, monkeypatch: Any, flag: str, debug: bool) -> None:
    monkeypatch.setenv("FLASK_DEBUG", flag)
    app = framework.App("made")
    app.debug = not debug
    assert framework.cli.ScriptInfo(create_app=lambda: app).load_app().debug is debug
    app.debug = not debug
    assert framework.cli.ScriptInfo(create_app=lambda: app, set_debug_flag=False).load_app().debug is not debug


def test_with_appcontext_pushes_once(framework: Any) -> None:
    app = framework.App("made")

    @app.cli.command("outer")
    @framework.cli.with_appcontext
    def outer():
        framework.g.mark = "set"
        click.get_current_context().invoke(inner)

    @click.command()
    @framework.cli.with_appcontext
    def inner():
        click.echo(framework.g.mark)

    assert app.test_cli_runner().invoke(args=["outer"]).output == "set\n"


@pytest.mark.parametrize(
    ("options", "has"), [({}, True), ({"with_appcontext": True}, True), ({"with_appcontext": False}, False)]
)
def test_commands_of_a_group_get_the_context(framework: Any, options: dict[str, bool], has: bool) -> None:
    app = framework.App("made")
    app.cli.command("look", **options)(lambda: click.echo(str(framework.has_app_context())))
    assert app.test_cli_runner().invoke(args=["look"]).output == f"{has}\n"


def test_groups_nest(framework: Any) -> None:
    app = framework.App("made")

    @app.cli.group()
    def outer():
        pass

    @outer.group()
    def inner():
        pass

    @inner.command()
    def look():
        click.echo(framework.current_app.name)

    assert isinstance(outer, framework.cli.AppGroup)
    assert app.test_cli_runner().invoke(args=["outer", "inner", "look"]).output == "made\n"


def test_own_flask_group(framework: Any) -> None:
    @click.group(cls=framework.cli.FlaskGroup, create_app=lambda: framework.App("made"))
    def cli():
        """Own tool."""

    @cli.command("name")
    def name():
        click.echo(framework.current_app.name)

    runner = click.testing.CliRunner()
    assert runner.invoke(cli, ["name"]).output == "made\n"
    listing = runner.invoke(cli, ["--help"]).output
    assert "Own tool." in listing
    assert all(command in listing for command in ("run", "shell", "routes", "name"))


def test_group_without_the_default_commands(framework: Any) -> None:
    group = framework.cli.FlaskGroup(add_default_commands=False, create_app=lambda: framework.App("made"))
    assert not {"run", "shell", "routes"} & set(group.list_commands(click.Context(group)))


def test_unknown_command(framework: Any) -> None:
    app = framework.App("made")
    result = app.test_cli_runner().invoke(args=["nonsense"])
    assert (result.exit_code, "nonsense" in result.output) == (2, True)


def routed(framework: Any) -> Any:
    app = framework.App("made")
    app.add_url_rule("/zebra", "ant", lambda: "", methods=["GET", "POST"])
    app.add_url_rule("/ape/<int:n>", "zoo", lambda n: "", methods=["DELETE"])
    return app


@pytest.mark.parametrize(
    ("arguments", "endpoints"),
    [
        ([], ["ant", "static", "zoo"]),
        (["--sort", "endpoint"], ["ant", "static", "zoo"]),
        (["-s", "rule"], ["zoo", "static", "ant"]),
        (["-s", "methods"], ["zoo", "static", "ant"]),
        (["-s", "match"], ["static", "ant", "zoo"]),
    ],
)
def test_routes_are_listed_in_order(framework: Any, arguments: list[str], endpoints: list[str]) -> None:
    output = main(framework, routed(framework), "routes", *arguments).output
    found = [line.split()[0] for line in output.splitlines()[2:] if line.strip()]
    if "methods" in arguments:
        assert sorted(found) == sorted(endpoints)
    else:
        assert found == endpoints


def test_routes_show_rule_and_methods(framework: Any) -> None:
    output = main(framework, routed(framework), "routes").output
    line = next(line for line in output.splitlines() if line.startswith("ant"))
    assert line.split() == ["ant", "GET,", "POST", "/zebra"]
    output = main(framework, routed(framework), "routes", "--all-methods").output
    line = next(line for line in output.splitlines() if line.startswith("ant"))
    assert "HEAD" in line and "OPTIONS" in line


def test_routes_of_an_empty_app(framework: Any) -> None:
    result = main(framework, framework.App("made", static_folder=None), "routes")
    assert result.exit_code == 0 and "No routes" in result.output


def test_routes_show_hosts_and_subdomains(framework: Any) -> None:
    app = framework.App("made", host_matching=True, static_folder=None)
    app.add_url_rule("/", "home", lambda: "", host="shop.example")
    assert "shop.example" in main(framework, app, "routes").output
    app = framework.App("made", subdomain_matching=True, static_folder=None)
    app.add_url_rule("/", "home", lambda: "", subdomain="api")
    output = main(framework, app, "routes").output
    assert "Subdomain" in output and "api" in output


@pytest.mark.parametrize(
    "arguments", [["routes"], ["routes", "-s", "rule"], ["routes", "-s", "match", "--all-methods"]]
)
def test_routes_read_the_same_on_both(both: Any, arguments: list[str]) -> None:
    outputs = [main(framework, routed(framework), *arguments).output for framework in both]
    assert outputs[0] == outputs[1]


def test_shell_context(framework: Any) -> None:
    app = framework.App("made")
    app.shell_context_processor(lambda: {"own": 1})
    app.shell_context_processor(lambda: {"another": 2})
    with app.app_context():
        context = app.make_shell_context()
    assert context["app"] is app
    assert context["g"] is not None
    assert (context["own"], context["another"]) == (1, 2)


def test_shell_runs_what_it_is_given(framework: Any, monkeypatch: Any) -> None:
    app = framework.App("made")
    app.shell_context_processor(lambda: {"own": 41})
    monkeypatch.delenv("PYTHONSTARTUP", raising=False)
    result = main(framework, app, "shell", input="print('it is', own + 1, app.name)\n")
    assert "it is 42 made" in result.output


def test_version_option(framework: Any) -> None:
    result = main(framework, framework.App("made"), "--version")
    assert result.exit_code == 0
    assert "Python" in result.output and "Werkzeug" in result.output


def test_dotenv_is_loaded(framework: Any, project: Any, monkeypatch: Any) -> None:
    for name in ("MADE_A", "MADE_B", "MADE_C"):
        monkeypatch.setenv(name, "x")
        monkeypatch.delenv(name)
    (project / ".env").write_text("MADE_A=env\nMADE_B=env\n")
    (project / ".flaskenv").write_text("MADE_A=flaskenv\nMADE_C=flaskenv\n")
    import os

    os.environ["MADE_B"] = "already"
    assert framework.cli.load_dotenv() is True
    assert [os.environ[name] for name in ("MADE_A", "MADE_B", "MADE_C")] == ["env", "already", "flaskenv"]


def test_dotenv_of_one_path(framework: Any, project: Any, monkeypatch: Any) -> None:
    import os

    monkeypatch.setenv("MADE_A", "x")
    monkeypatch.delenv("MADE_A")
    (project / "own.env").write_text("MADE_A=own\n")
    assert framework.cli.load_dotenv(str(project / "own.env")) is True
    assert os.environ["MADE_A"] == "own"
    assert framework.cli.load_dotenv(str(project / "missing.env")) is False


@pytest.mark.parametrize(("text", "expected"), [("", True), ("0", True), ("false", True), ("1", False), ("yes", False)])
def test_dotenv_can_be_skipped(framework: Any, monkeypatch: Any, text: str, expected: bool) -> None:
    monkeypatch.setenv("FLASK_SKIP_DOTENV", text)
    assert framework.helpers.get_load_dotenv() is expected


def test_run_serves_the_app(framework: Any, monkeypatch: Any) -> None:
    served = []
    signature = inspect.signature(framework.cli.run_simple)
    monkeypatch.setattr(framework.cli, "run_simple", lambda *a, **kw: served.append(signature.bind(*a, **kw).arguments))
    monkeypatch.setattr(framework.cli, "show_server_banner", lambda *args: None)
    app = framework.App("made")
    result = main(framework, app, "run", "-h", "127.0.0.9", "-p", "5050", "--no-reload")
    assert result.exit_code == 0, result.output
    asked = served[0]
    assert (asked["hostname"], asked["port"], asked["threaded"], asked["use_reloader"]) == (
        "127.0.0.9",
        5050,
        True,
        False,
    )
    assert asked["application"] is app


@pytest.mark.parametrize(
    ("arguments", "config", "host", "port"),
    [
        ({}, {}, "127.0.0.1", 5000),
        ({"host": "0.0.0.0", "port": 80}, {}, "0.0.0.0", 80),
        ({}, {"SERVER_NAME": "shop.example:8080"}, "shop.example", 8080),
        ({}, {"SERVER_NAME": "shop.example"}, "shop.example", 5000),
        ({"port": 0}, {"SERVER_NAME": "shop.example:8080"}, "shop.example", 0),
        ({"host": "h"}, {"SERVER_NAME": "shop.example:8080"}, "h", 8080),
    ],
)
def test_app_run_chooses_host_and_port(
    framework: Any, monkeypatch: Any, arguments: Any, config: Any, host: str, port: int
) -> None:
    import werkzeug.serving

    served = []
    monkeypatch.setattr(werkzeug.serving, "run_simple", lambda *args, **kwargs: served.append((args, kwargs)))
    monkeypatch.setattr(framework.cli, "show_server_banner", lambda *args: None)
    monkeypatch.delenv("FLASK_RUN_FROM_CLI", raising=False)
    app = framework.App("made")
    app.config.update(config)
    app.run(**arguments)
    assert served[0][0] == (host, port, app)


@pytest.mark.parametrize(
    ("environment", "file", "arguments", "expected"),
    [
        ("1", "", {}, True), ("0", "", {}, False), (None, "", {}, True), (None, "", {"debug": False}, False),
        ("0", "", {"debug": True}, True), (None, "FLASK_DEBUG=0", {}, False),
        (None, "FLASK_DEBUG=0", {"load_dotenv": False}, True),
    ],
)  # fmt: skip
def test_app_run_chooses_debug_mode(
    framework: Any, monkeypatch: Any, project: Any, environment: str | None, file: str, arguments: Any, expected: bool
) -> None:
    import werkzeug.serving

    served = []
    monkeypatch.setattr(werkzeug.serving, "run_simple", lambda *args, **kwargs: served.append(kwargs["use_debugger"]))
    monkeypatch.setattr(framework.cli, "show_server_banner", lambda *args: None)
    monkeypatch.setenv("FLASK_DEBUG", "to be put back")  # what a file sets must not stay
    monkeypatch.delenv("FLASK_DEBUG") if environment is None else monkeypatch.setenv("FLASK_DEBUG", environment)
    monkeypatch.delenv("FLASK_RUN_FROM_CLI", raising=False)
    (project / ".env").write_text(file)
    app = framework.App("made")
    app.debug = True
    app.run(**arguments)
    assert served == [expected]


def test_app_run_does_nothing_under_the_cli(framework: Any, monkeypatch: Any) -> None:
    import werkzeug.serving

    monkeypatch.setattr(werkzeug.serving, "run_simple", lambda *args, **kwargs: pytest.fail("served"))
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")
    monkeypatch.delenv("WERKZEUG_RUN_MAIN", raising=False)
    framework.App("made").run()


@pytest.mark.parametrize("options", [["--cert", "x.pem"], ["--key", "x.pem"], ["--cert", "adhoc", "--key", "x.pem"]])
def test_run_refuses_half_a_certificate(framework: Any, project: Any, options: list[str]) -> None:
    (project / "x.pem").write_text("")
    result = main(framework, framework.App("made"), "run", *options)
    assert (result.exit_code, "--cert" in result.output) == (2, True)
