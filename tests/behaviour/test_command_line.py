"""The framework's own command line from outside: `--app`, `--debug`, `--env-file`, certificates, commands of plugins.

Finding apps and the single commands are in test_cli.
"""

import importlib.metadata
import os
import ssl
import sys
from typing import Any

import click
import pytest
from click.testing import CliRunner


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
