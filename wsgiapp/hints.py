"""Hints: notes on errors (PEP 678) that say what a developer may have meant, for the usual mistakes.

The error keeps its type and its text; a traceback shows the note below them. Notes are written on the development
server, in debug mode and in tests, for errors that nobody handled, and while an app is set up. A request without an
error runs nothing of this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from werkzeug.utils import import_string

from .debughelpers import describe


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean ...?`` with the most similar of the *known* words, or an empty text."""
    import difflib  # needed after a mistake alone

    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def no_app_found() -> str:
    """Return what to say where a command finds no app, with the module of this folder that may have been meant."""
    from pathlib import Path  # as above

    files = f"into wsgi.py or app.py in this folder, {Path.cwd()}."
    said = f"Could not locate a Flask application. Name it by --app or by FLASK_APP, or put it {files}"
    for path in sorted(Path().glob("*.py"))[:50]:
        with suppress(OSError):  # a file that may not be read, a folder of such a name
            if re.search(r"\b(App|Flask)\(__name__|def (create|make)_app\b", path.read_text("utf-8", "replace")):
                return f"{said} Did you mean '--app {path.stem}'?"
    return said


def failed_import(error: ImportError, module: str) -> str:
    """Return the way out where the import of an app's *module* failed for one of the usual reasons."""
    if error.name == "flask":
        return f"\nTo run it without Flask: python -m wsgiapp.as_flask --app {module} ..."
    if "partially initialized module" in str(error):
        return (
            "\nTwo modules import each other. Move one of the two imports: below the line that makes what is missing,"
            " or into the function that uses it. A view needs no import of the app: it has current_app."
        )
    return ""


def misplaced_option(error: Any, ctx: Any, options: Iterable[Any]) -> Any:
    """Return *error*, or one that also says where the option goes, when it is one of the main group's *options*."""
    if not any(error.option_name in option.opts for option in options):
        return error
    place = f"It goes before the command: {ctx.command_path} {error.option_name} ... {ctx.invoked_subcommand}"
    return type(error)(error.option_name, f"{error.message} {place}", ctx=error.ctx)


def explain(error: BaseException, app: Any, ctx: Any) -> None:
    """Add notes to *error*, which ended a request, when its cause is one of the usual mistakes.

    :param ctx: the request context, or None.
    """
    with suppress(Exception):  # if the hint itself fails, the error must still be shown
        # By name: it stands above, and is loaded only after a mistake.
        for note in import_string("wsgiapp.xray.explain.mistakes:notes")(error, app, ctx):
            error.add_note(note)


def allowed_methods(error: Any, app: Any, adapter: Any) -> str:
    """Return what to say of a method that is not allowed: which ones are, and the view that each leads to."""
    said = str(error.description)
    with suppress(Exception):  # as above
        found = ((name, adapter.match(method=name)[0]) for name in sorted({*error.valid_methods} - {"HEAD", "OPTIONS"}))
        views = ", ".join(f"{name} by {describe(app.view_functions[endpoint])}" for name, endpoint in found)
        said += f" Answered here: {views}. For others, name them in the rule: methods=['GET', 'POST']."
    return said


def explain_rule(error: LookupError, rule: str, converters: Iterable[str]) -> None:
    """Add a note to *error*, by which Werkzeug refused a rule: the names of the converters that there are."""
    wrong = str(error).partition("'")[2].partition("'")[0]
    name = rule.partition(f"<{wrong}:")[2].partition(">")[0]
    turned = f" The converter stands first: '<{name}:{wrong}>'." if name in converters else ""
    error.add_note(
        f"In the rule {rule!r}. There are: {', '.join(sorted(converters))}.{turned or did_you_mean(wrong, converters)}"
    )
