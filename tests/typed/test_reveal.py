"""Types are at least Flask's: what mypy and pyright know of an expression on Flask they know on wsgiapp.

:data:`OTHER` names the expressions whose types differ, each with the reason. Nowhere but in :data:`UNKNOWN` is ours
``Any`` where Flask's is not.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from expressions import EXPRESSIONS, PREAMBLE

from servers import ROOT, require

# An app stands above these modules. Where such a parameter belongs to a method that users override, with their app's
# class in its place, only Any fits both.
ABOVE = "its parameter is an app, which stands above this module, and users override it with their app's class"
UNKNOWN = {
    'app.open_resource("a")': "text or bytes, as the mode says; mypy takes Flask's for text alone",
    'app.open_instance_resource("a")': "text or bytes, as the mode says; mypy takes Flask's for text alone",
    "app.app_ctx_globals_class": "any names may be given at once",
    "app.async_to_sync": "takes more: any callable that returns an awaitable",
    "bp.make_setup_state": ABOVE,
    "bp.register": ABOVE,
    "interface.open_session": ABOVE,
    "interface.save_session": ABOVE,
    "interface.get_expiration_time": ABOVE,
    "interface.should_set_cookie": ABOVE,
    "interface.session_class": "takes more: pairs as well",
    "interface.null_session_class": "takes more: pairs as well",
    "flask.cli.ScriptInfo().load_app()": "the command line stands below the app",
    "flask.send_file": "paths are not generic",
    "response.set_cookie": "what follows the value is Werkzeug's",
}
COROUTINE = "one type of callable, whose answer may have to be awaited, stands for Flask's two"
OTHER = {
    **UNKNOWN,
    **dict.fromkeys(
        (
            "app.view_functions", "app.error_handler_spec", "app.before_request_funcs", "app.after_request_funcs",
            "app.teardown_request_funcs", "app.teardown_appcontext_funcs", "app.template_context_processors",
            "app.add_url_rule", "bp.add_url_rule", "flask.after_this_request(after)", 'flask.views.View.as_view("a")',
            'Item.as_view("a")',
        ),
        COROUTINE,
    ),
    "app.cli": "narrower: the group's own class",
    "bp.cli": "narrower: the group's own class",
    "app.url_map_class": "the same class, written as a type",
    "app.jinja_environment": "the same class, written as a type",
    "app.default_config": "narrower: it cannot be changed",
    "app.log_exception": "takes more: an error without a traceback",
    "bp.app_url_defaults": "the same, with the type variable of another method",
    "request.headers": "narrower: the headers of an environ",
    "response.max_cookie_size": "None switches the check off",
    "response.json_module": "the same module, by its path from here",
    "flask.blueprints.BlueprintSetupState(bp, app, {}, True).options": "narrower",
}  # fmt: skip
# Classes that know the app they hold: their argument says more than Flask's.
GENERIC = re.compile(
    r"\b(AppContext|RequestContext|FlaskClient|FlaskCliRunner|BlueprintSetupState|EnvironBuilder)\[[\w, ]*\]"
)
MYPY_CACHE = ROOT / ".cache" / "mypy of the tests"
Checker = Callable[[list[Path]], dict[Path, dict[int, str]]]
VAGUE = re.compile(r"\b(Any|Unknown)\b")


def program(framework: str) -> str:
    source = PREAMBLE + "".join(f"reveal_type({expression})\n" for expression in EXPRESSIONS)
    if framework == "flask":
        return source
    return re.sub(r"\bflask\b", "wsgiapp", source).replace("import Flask", "import App as Flask")


def plain(revealed: str) -> str:
    """A type without what the two frameworks call differently."""
    named = re.sub(r"\bFlask\b", "App", re.sub(r"\b[a-z_][\w.]*\.(?=\w)", "", revealed))
    # A response is a WSGI application, which a view may return as well: mypy may leave it out of the union.
    return GENERIC.sub(r"\1", named).replace("Response | str | bytes", "str | bytes")


def run(command: list[str]) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def by_mypy(paths: list[Path]) -> dict[Path, dict[int, str]]:
    said = run([sys.executable, "-m", "mypy", "--config-file=", f"--cache-dir={MYPY_CACHE}", *map(str, paths)])
    assert re.findall(r":\d+: error: .*", said) == []
    found: dict[Path, dict[int, str]] = {path: {} for path in paths}
    for name, line, shown in re.findall(r'^(.*):(\d+): note: Revealed type is "(.*)"', said, re.MULTILINE):
        found[next(path for path in paths if path.name == Path(name).name)][int(line)] = shown
    return found


def by_pyright(paths: list[Path]) -> dict[Path, dict[int, str]]:
    require("node")  # pyright runs on it, and would try to download one
    require("pyright")
    said = run([sys.executable, "-m", "pyright", "--outputjson", f"--pythonpath={sys.executable}", *map(str, paths)])
    notes = json.loads(said)["generalDiagnostics"]
    assert [note for note in notes if note["severity"] == "error"] == []
    found: dict[Path, dict[int, str]] = {path: {} for path in paths}
    for note in notes:
        match = re.search(r' is "(.*)"$', note["message"], re.DOTALL)
        if match:
            found[Path(note["file"])][note["range"]["start"]["line"] + 1] = match[1]
    return found


@pytest.mark.parametrize("checker", [by_mypy, by_pyright])
def test_types_are_at_least_those_of_flask(checker: Checker, tmp_path: Path) -> None:
    paths = {framework: tmp_path / f"typed_on_{framework}.py" for framework in ("flask", "wsgiapp")}
    for framework, path in paths.items():
        path.write_text(program(framework), encoding="utf-8")
    found = checker([*paths.values()])
    known = {framework: found[path] for framework, path in paths.items()}
    first = PREAMBLE.count("\n") + 1
    assert [*known["flask"]] == [*known["wsgiapp"]] == [*range(first, first + len(EXPRESSIONS))]
    for line, expression in enumerate(EXPRESSIONS, first):
        theirs, ours = plain(known["flask"][line]), plain(known["wsgiapp"][line])
        if "Unknown" in theirs:
            continue
        vaguer = len(VAGUE.findall(ours)) > len(VAGUE.findall(theirs))
        assert not vaguer or expression in UNKNOWN, f"{expression}: {ours}, on Flask {theirs}"
        assert ours == theirs or expression in OTHER, f"{expression}: {ours}, on Flask {theirs}"


def test_every_expression_with_a_reason_is_asked_about() -> None:
    assert OTHER.keys() <= set(EXPRESSIONS)


def test_a_context_knows_its_app_at_run_time_too() -> None:
    """The classes that are generic for type checkers are plain classes otherwise, and may be subclassed as such."""
    import wsgiapp

    class Own(wsgiapp.ctx.RequestContext):
        pass

    app = wsgiapp.App(__name__)
    assert Own(app, {}).app is app
    assert isinstance(app.app_context(), wsgiapp.ctx.AppContext)
