"""The framework's own command line from outside: `--app`, `--debug`, `--env-file`, certificates, commands of plugins.

Finding apps and the single commands are in test_cli.
"""

import importlib.metadata
import os
import shlex
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from werkzeug.serving import make_server

from servers import ROOT


@pytest.fixture
def project(framework: Any, tmp_path: Any, monkeypatch: Any) -> Any:
    """A folder to work in, with an app in `made_line.py`; what the commands import and set is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    for name in ("FLASK_APP", "FLASK_DEBUG", "MADE_LINE", "FLASK_RUN_PORT"):
        monkeypatch.setenv(name, "x")
        monkeypatch.delenv(name)
    cls = "App" if framework.name == "wsgiapp" else "Flask"
    source = f"""
import click, {framework.name}
app = {framework.name}.{cls}("written")
app.config.from_prefixed_env()

@app.cli.command()
def show():
    click.echo(f"{{app.name}} {{app.debug}} {{app.config.get('LINE')}}")
"""
    (tmp_path / "made_line.py").write_text(source)
    yield tmp_path
    sys.modules.pop("made_line", None)


def run(framework: Any, *arguments: str, **environment: str) -> Any:
    return CliRunner().invoke(framework.cli.cli, list(arguments), env=environment or None)


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        (["--app", "made_line", "show"], {}, "written False None"),
        (["-A", "made_line:app", "show"], {}, "written False None"),
        (["show"], {"FLASK_APP": "made_line.py"}, "written False None"),
        (["--app", "made_line", "--debug", "show"], {}, "written True None"),
        (["--app", "made_line", "--no-debug", "show"], {"FLASK_DEBUG": "1"}, "written False None"),
        (["--app", "made_line", "show"], {"FLASK_DEBUG": "1"}, "written True None"),
        (["--app", "made_line", "show"], {"FLASK_LINE": "7"}, "written False 7"),
    ],
)
def test_options_and_environment(
    framework: Any, project: Any, arguments: list[str], environment: dict[str, str], expected: str
) -> None:
    assert run(framework, *arguments, **environment).output == expected + "\n"


def test_env_file(framework: Any, project: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("FLASK_LINE", "x")
    monkeypatch.delenv("FLASK_LINE")
    (project / "own.env").write_text("FLASK_APP=made_line\nFLASK_LINE=from-file\n")
    assert run(framework, "-e", "own.env", "show").output == "written False from-file\n"
    os.environ.pop("FLASK_LINE", None)
    assert run(framework, "-e", "missing.env", "show").exit_code == 2


def test_dotenv_beside_the_app(framework: Any, project: Any, monkeypatch: Any) -> None:
    monkeypatch.delenv("FLASK_SKIP_DOTENV", raising=False)
    (project / ".flaskenv").write_text("FLASK_APP=made_line\n")
    assert run(framework, "show").output == "written False None\n"


@pytest.mark.parametrize("command", ["show", "routes"])
def test_app_that_cannot_be_found(framework: Any, project: Any, command: str) -> None:
    result = run(framework, "--app", "made_nowhere", command)
    assert result.exit_code == 2
    assert "made_nowhere" in result.output


def test_help_works_without_an_app(framework: Any, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FLASK_APP", raising=False)
    result = run(framework, "--help")
    assert result.exit_code == 0
    assert all(name in result.output for name in ("run", "shell", "routes"))


def test_help_of_a_broken_app_says_so_and_still_helps(framework: Any, project: Any) -> None:
    (project / "made_line.py").write_text("raise LookupError('broken on purpose')")
    result = run(framework, "--app", "made_line", "--help")
    assert result.exit_code == 0
    assert "broken on purpose" in result.output and "routes" in result.output


def test_commands_of_plugins_are_found(framework: Any, project: Any, monkeypatch: Any) -> None:
    class EntryPoint:
        name = "planted"

        @staticmethod
        def load() -> click.Command:
            return click.Command("planted", callback=lambda: click.echo("from the plugin"))

    def entry_points(**select: str) -> Any:
        return [EntryPoint()] if select.get("group") == "flask.commands" else []

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    group = framework.cli.FlaskGroup(create_app=lambda: framework.App("made"))
    result = CliRunner().invoke(group, ["planted"])
    assert result.output == "from the plugin\n"
    assert "planted" in CliRunner().invoke(group, ["--help"]).output


def test_command_of_the_framework_goes_before_that_of_the_app(framework: Any) -> None:
    app = framework.App("made")
    app.cli.command("routes")(lambda: click.echo("own routes"))
    group = framework.cli.FlaskGroup(create_app=lambda: app)
    assert "Endpoint" in CliRunner().invoke(group, ["routes"]).output


OWN = ["cookie", "explain", "shop", "twin", "xray"]


@pytest.mark.parametrize("name", [*OWN, "other"])
def test_command_of_the_app_goes_before_ours(framework: Any, name: str) -> None:
    app = framework.App("made")
    app.cli.command(name, short_help="the app's")(lambda: click.echo(framework.current_app.name))
    group = framework.cli.FlaskGroup(create_app=lambda: app)
    assert CliRunner().invoke(group, [name]).output == "made\n"
    # Not by --help: the oldest click leaves the app's context behind there, on Flask too.
    with group.make_context("made", [], resilient_parsing=True) as context:
        assert "the app's" in group.get_help(context)


@pytest.mark.parametrize("name", [*OWN, "other"])
def test_group_of_a_blueprint_goes_before_ours(framework: Any, name: str) -> None:
    blueprint = framework.Blueprint(name, "made")
    blueprint.cli.command("eat")(lambda: click.echo("eaten"))
    app = framework.App("made")
    app.register_blueprint(blueprint)
    group = framework.cli.FlaskGroup(create_app=lambda: app)
    assert CliRunner().invoke(group, [name, "eat"]).output == "eaten\n"


@pytest.mark.parametrize("name", [*OWN, "run", "routes", "other"])
def test_commands_of_plugins_go_before_the_built_in_ones(framework: Any, name: str, monkeypatch: Any) -> None:
    planted = importlib.metadata.EntryPoint(name, f"{__name__}:PLANTED", "flask.commands")
    found = importlib.metadata.entry_points

    def entry_points(**select: str) -> Any:
        return [planted] if select.get("group") == "flask.commands" else found(**select)

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    app = framework.App("made")
    app.cli.command(name)(lambda: click.echo("from the app"))
    group = framework.cli.FlaskGroup(create_app=lambda: app)
    assert CliRunner().invoke(group, [name]).output == "from the plugin\n"


PLANTED = click.Command("planted", callback=lambda: click.echo("from the plugin"))


def test_our_further_commands_are_offered_where_the_app_has_none_of_their_name(project_of_ours: Any) -> None:
    shown = run(project_of_ours, "--app", "made_line", "explain", "/static/a.css")
    assert shown.exit_code == 0 and "static" in shown.output
    assert run(project_of_ours, "--app", "made_line", "cookie", "--help").exit_code == 0
    assert run(project_of_ours, "cookie", "--help").exit_code == 0  # where no app is found, too
    assert "Could not locate a Flask application" in run(project_of_ours, "explain", "/").output


@pytest.fixture
def project_of_ours(request: Any, tmp_path: Any, monkeypatch: Any) -> Any:
    """The namespace of wsgiapp, in a folder with an app in `made_line.py`."""
    import wsgiapp

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delenv("FLASK_APP", raising=False)
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "x")
    (tmp_path / "made_line.py").write_text("import wsgiapp\napp = wsgiapp.App('written')\n")
    yield wsgiapp
    sys.modules.pop("made_line", None)


def test_help_loads_none_of_our_further_commands(tmp_path: Any) -> None:
    code = "import sys\nfrom wsgiapp.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
    code += "print(sorted(name for name in sys.modules if name.startswith(('wsgiapp.xray', 'jinja2', 'wsgiapp.shop'))))"
    code = code.replace("main(['--help'])", "sys.argv[1:] = ['--help']; main()")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    assert shown.endswith("[]\n")
    assert all(f"  {name} " in shown for name in OWN)


def test_every_further_command_of_ours_has_a_short_help() -> None:
    from wsgiapp import lazy_commands

    ours = importlib.metadata.entry_points(group="wsgiapp.commands")
    assert {entry_point.name for entry_point in ours} == lazy_commands.SHORT_HELP.keys()


WORDS = {
    "no app anywhere": (None, [], "Error: Could not locate a Flask application."),
    "no such module": (None, ["--app", "made_none"], "Error: Could not import 'made_none'"),
    "an import that fails": ("import made_none", ["--app", "made_words"], "While importing 'made_words', an Import"),
    "several apps": ("{a}\n{b}", ["--app", "made_words"], "Detected multiple Flask applications in module"),
    "no app": ("", ["--app", "made_words"], "Failed to find Flask application or factory in module 'made_words'."),
    "no such name": ("", ["--app", "made_words:b"], "Failed to find attribute 'b' in 'made_words'."),
    "something else": ("b = 1", ["--app", "made_words:b"], "A valid Flask application was not obtained from"),
    "no name": ("", ["--app", "made_words:b c"], "Failed to parse 'b c' as an attribute name or function call."),
}


@pytest.mark.parametrize("case", sorted(WORDS))
def test_what_is_wrong_is_said_in_the_words_that_people_search_for(framework: Any, project: Any, case: str) -> None:
    source, arguments, words = WORDS[case]
    cls = "App" if framework.name == "wsgiapp" else "Flask"
    if source is not None:
        made = {name: f"import {framework.name}\n{name} = {framework.name}.{cls}('made')" for name in "ab"}
        (project / "made_words.py").write_text(source.format(**made))
    result = run(framework, *arguments, "routes")
    sys.modules.pop("made_words", None)
    assert words in result.output and result.exit_code == 2


PLAIN = "import wsgiapp\n{} = wsgiapp.App(__name__)\n"
SLIPS = {
    "an app in another module": (
        {"main.py": PLAIN.format("app")},
        ["routes"],
        ["in this folder, {folder}.", "'--app main'?"],
    ),
    "another name": (
        {"made_words.py": PLAIN.format("site")},
        ["--app", "made_words:ap", "routes"],
        ["Its apps: site."],
    ),
    "a factory without a return": (
        {"made_words.py": "def create_app():\n    pass\n"},
        ["--app", "made_words", "routes"],
        ["Its create_app() returned NoneType: does it end with 'return app'?"],
    ),
    "a circular import": (
        {"made_words.py": "import made_views\napp = 1\n", "made_views.py": "from made_words import app\n"},
        ["--app", "made_words", "routes"],
        ["made_views.py", "line 1", "Two modules import each other.", "into the function that uses it."],
    ),
    "an option behind the command": (
        {},
        ["run", "--app", "made_line"],
        ["No such option", "--app", "It goes before the command: ", " --app ... run"],
    ),
    "another option": ({}, ["run", "--prot", "1"], ["--port"]),
    "no such port": ({}, ["--app", "made_line", "run", "--port", "99999"], ["99999 is not in the range 0<=x<=65535"]),
}


@pytest.mark.parametrize("case", sorted(SLIPS))
def test_slip_is_told_with_the_way_out(project_of_ours: Any, case: str) -> None:
    files, arguments, words = SLIPS[case]
    for name, text in files.items():
        (Path.cwd() / name).write_text(text)
    result = run(project_of_ours, *arguments)
    for name in ("made_words", "made_views"):
        sys.modules.pop(name, None)
    said = " ".join(result.output.split())
    assert [word for word in words if word.format(folder=os.getcwd()) not in said] == [] and result.exit_code == 2


def test_a_module_that_is_not_there_is_told_with_the_folder_and_the_likeliest_name(project_of_ours: Any) -> None:
    output = run(project_of_ours, "--app", "made_lime", "routes").output
    assert f"there is no such module in {os.getcwd()}" in output and "Did you mean 'made_line'?" in output


def test_a_program_for_flask_is_told_how_it_runs_without(project_of_ours: Any, tmp_path: Any, monkeypatch: Any) -> None:
    (tmp_path / "made_flask.py").write_text("import flask\napp = flask.Flask(__name__)")
    monkeypatch.setitem(sys.modules, "flask", None)  # as if it were not installed
    output = run(project_of_ours, "--app", "made_flask", "routes").output
    assert output.endswith("To run it without Flask: python -m wsgiapp.as_flask --app made_flask ...\n")


MADE_BY_FLASK = """
from flask import Flask

class Own(Flask):
    pass

def {factory}(name="theirs", **settings):
    made = Own(name)
    made.add_url_rule("/", "index", lambda: "served by theirs")
    return made

{name} = {made}
nothing = 42
"""
# By the app's place: the names of the factory and of what the module holds, then the arguments, then what is named.
GIVEN = {
    "module": ("make", "app", "make()", ["--app", "theirs"], "theirs:app"),
    "file": ("make", "shop", "make()", ["--app", "theirs.py"], "theirs:shop"),
    "name": ("make", "shop", "make()", ["--app", "theirs:shop"], "theirs:shop"),
    "application": ("make", "application", "Flask(__name__)", ["--app", "theirs"], "theirs:application"),
    "factory by default": ("create_app", "none", "None", ["--app", "theirs"], "theirs:create_app"),
    "other factory by default": ("make_app", "none", "None", ["--app", "theirs"], "theirs:make_app"),
    "factory": ("build", "none", "None", ["--app", "theirs:build"], "theirs:build"),
    "call": ("build", "none", "None", ["--app", "theirs:build('a b', debug=True)"], "theirs:build('a b', debug=True)"),
    "environment": ("make", "app", "make()", [], "theirs:app"),
}


def ask_process(folder: Any, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("way", GIVEN)
def test_an_app_of_flask_itself_is_named_and_the_way_out_leads_out(
    project_of_ours: Any, tmp_path: Any, way: str
) -> None:
    factory, name, made, arguments, named = GIVEN[way]
    (tmp_path / "theirs.py").write_text(MADE_BY_FLASK.format(factory=factory, name=name, made=made))
    variables = {} if arguments else {"FLASK_APP": "theirs"}
    refused = ask_process(tmp_path, "wsgiapp", *arguments, "run", "--port", "0", **variables)
    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)
    assert f"'{named}' is an app of Flask itself" in refused.stderr
    command = refused.stderr.strip().rpartition(": python -m ")[2]
    assert command.endswith(" ...")
    shown = ask_process(tmp_path, *shlex.split(command.removesuffix(" ...")), "routes")
    assert shown.returncode == 0 and "/static/<path:filename>" in shown.stdout, shown.stderr


@pytest.mark.parametrize("file", ["app.py", "wsgi.py"])
def test_an_app_of_flask_itself_that_is_found_by_its_files_name_is_named(tmp_path: Any, file: str) -> None:
    (tmp_path / file).write_text(MADE_BY_FLASK.format(factory="make", name="app", made="make()"))
    refused = ask_process(tmp_path, "wsgiapp", "run")
    assert f"'{file.removesuffix('.py')}:app' is an app of Flask itself" in refused.stderr


@pytest.mark.parametrize(
    ("name", "words"),
    [("shp", "Did you mean 'shop'?"), ("nothing", "an object of type int"), ("db", "Failed to find attribute 'db'")],
)
def test_a_wrong_name_in_a_module_of_flask_is_told_as_in_any_other(tmp_path: Any, name: str, words: str) -> None:
    (tmp_path / "theirs.py").write_text(MADE_BY_FLASK.format(factory="make", name="shop", made="make()"))
    refused = ask_process(tmp_path, "wsgiapp", "--app", f"theirs:{name}", "run")
    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)
    assert words in refused.stderr


def test_decorators_of_commands_work_without_their_parentheses(project_of_ours: Any) -> None:
    app = project_of_ours.App("made")

    @app.cli.group
    def outer() -> None:
        pass

    @outer.command
    def show() -> None:
        click.echo(project_of_ours.current_app.name)

    @outer.group
    def inner() -> None:
        pass

    @app.cli.command
    def plain() -> None:
        click.echo(project_of_ours.current_app.name)

    assert isinstance(outer, project_of_ours.cli.AppGroup) and isinstance(inner, project_of_ours.cli.AppGroup)
    runner = app.test_cli_runner()
    assert runner.invoke(args=["outer", "show"]).output == runner.invoke(args=["plain"]).output == "made\n"


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_run_listens_on_an_address_of_ipv6(project_of_ours: Any, served_by_ours: Any, host: str) -> None:
    run(project_of_ours, "--app", "made_line", "run", "--host", host)
    assert context_of(served_by_ours[0])["hostname"] == "::1"


@pytest.fixture
def served_by_ours(project_of_ours: Any, monkeypatch: Any) -> list[Any]:
    """What `wsgiapp run` hands to the server instead of serving."""
    calls: list[Any] = []
    monkeypatch.setattr(project_of_ours.cli, "run_simple", lambda *args, **kwargs: calls.append((args, kwargs)))
    return calls


OWN_HEADERS = [("Date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("server", "own"), ("Content-Length", "2")]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [([], {}), (OWN_HEADERS, {"Date": OWN_HEADERS[0][1], "Server": "own"})],
    ids=["of the server", "of the app"],
)
def test_the_development_server_sends_one_date_one_server_and_one_continue(
    project_of_ours: Any, served_by_ours: Any, headers: Any, expected: dict[str, str]
) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", headers)
        return [environ["wsgi.input"].read(2)]

    run(project_of_ours, "--app", "made_line", "run")
    handler = context_of(served_by_ours[0])["request_handler"]
    said = talk(app, handler, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nok")
    between, head = said.split(b"\r\n\r\n")[:2]
    assert between == b"HTTP/1.1 100 Continue" and head.startswith(b"HTTP/1.1 200 OK")
    names = [line.split(b":")[0].decode().title() for line in head.splitlines()[1:]]
    assert (names.count("Date"), names.count("Server")) == (1, 1)
    assert all(value.encode() in head for value in expected.values())


def talk(app: Any, handler: Any, request: bytes) -> bytes:
    """What a server with this handler answers to one request."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=handler)
    with server, socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(request)
        serving = threading.Thread(target=server.handle_request)
        serving.start()
        said = b"".join(iter(lambda: client.recv(65536), b""))
        serving.join(10)
    return said


@pytest.fixture
def served(framework: Any, monkeypatch: Any) -> list[Any]:
    """What `run` hands to the server instead of serving."""
    calls: list[Any] = []
    monkeypatch.setattr(framework.cli, "run_simple", lambda *args, **kwargs: calls.append((args, kwargs)))
    return calls


def context_of(call: Any) -> Any:
    import inspect

    from werkzeug.serving import run_simple

    args, kwargs = call
    return inspect.signature(run_simple).bind(*args, **kwargs).arguments


def test_run_prints_what_it_serves(framework: Any, project: Any, served: list[Any]) -> None:
    result = run(framework, "--app", "made_line", "--debug", "run", "--port", "5055", "--extra-files", "made_line.py")
    assert result.exit_code == 0, result.output
    asked = context_of(served[0])
    assert (asked["port"], asked["use_reloader"], asked["use_debugger"]) == (5055, True, True)
    assert [os.path.basename(name) for name in asked["extra_files"]] == ["made_line.py"]
    assert "made_line" in result.output and "Debug mode: on" in result.output


def test_port_of_run_from_the_environment(framework: Any, project: Any, served: list[Any]) -> None:
    run(framework, "--app", "made_line", "run", FLASK_RUN_PORT="5066")
    assert context_of(served[0])["port"] == 5066


def test_run_with_a_certificate(framework: Any, project: Any, served: list[Any]) -> None:
    for name in ("own.crt", "own.key"):
        (project / name).write_text("")
    run(framework, "--app", "made_line", "run", "--cert", "own.crt", "--key", "own.key")
    assert [os.path.basename(path) for path in context_of(served[0])["ssl_context"]] == ["own.crt", "own.key"]


def test_run_with_an_ssl_context(framework: Any, project: Any, served: list[Any]) -> None:
    (project / "made_ssl.py").write_text("import ssl\ncontext = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n")
    run(framework, "--app", "made_line", "run", "--cert", "made_ssl:context")
    sys.modules.pop("made_ssl", None)
    assert isinstance(context_of(served[0])["ssl_context"], ssl.SSLContext)


def test_adhoc_certificate_needs_cryptography(
    framework: Any, project: Any, served: list[Any], monkeypatch: Any
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    result = run(framework, "--app", "made_line", "run", "--cert", "adhoc")
    assert (result.exit_code, served) == (2, [])
    assert "cryptography" in result.output


@pytest.mark.parametrize("certificate", ["missing.crt", "made_line:app", "made_line:nothing"])
def test_certificate_that_is_none(framework: Any, project: Any, served: list[Any], certificate: str) -> None:
    result = run(framework, "--app", "made_line", "run", "--cert", certificate)
    assert (result.exit_code, served) == (2, [])


@pytest.mark.parametrize(("debug", "words"), [(True, "on"), (False, "off")])
def test_server_banner(framework: Any, capsys: Any, monkeypatch: Any, debug: bool, words: str) -> None:
    monkeypatch.delenv("WERKZEUG_RUN_MAIN", raising=False)
    framework.cli.show_server_banner(debug, "made_line:app")
    output = capsys.readouterr().out
    assert "made_line:app" in output and f"Debug mode: {words}" in output


def test_server_banner_is_printed_once(framework: Any, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true")
    framework.cli.show_server_banner(True, "made_line:app")
    assert capsys.readouterr().out == ""


def test_dotenv_files_without_the_package_are_pointed_out(framework: Any, project: Any, monkeypatch: Any) -> None:
    (project / ".env").write_text("A=1")
    monkeypatch.setitem(sys.modules, "dotenv", None)
    result = run(framework, "--app", "made_line", "show")
    assert "python-dotenv" in result.output
    assert framework.cli.load_dotenv() is False


def test_folder_that_is_named_like_a_module_is_no_app_and_no_error(project_of_ours: Any) -> None:
    (Path.cwd() / "a_folder.py").mkdir()
    (Path.cwd() / "main.py").write_text(PLAIN.format("app"))
    result = run(project_of_ours, "routes")
    assert "Did you mean '--app main'?" in " ".join(result.output.split()) and result.exit_code == 2
