"""Hints: notes on errors (PEP 678) that say what a developer may have meant, for the usual mistakes.

The error keeps its type and its text; a traceback shows the note below them. Notes are written on the development
server, in debug mode and in tests, for errors that nobody handled, and while an app is set up. A request without an
error runs nothing of this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from inspect import signature
from typing import Any

from .debughelpers import describe


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean ...?`` with the most similar of the *known* words, or an empty text."""
    import difflib  # needed after a mistake alone

    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def explain(error: BaseException, app: Any, ctx: Any) -> None:
    """Add notes to *error*, which ended a request, when its cause is one of the usual mistakes.

    :param ctx: the request context, or None.
    """
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    frame = None if last is None else last.tb_frame
    called_here = frame is not None and frame.f_globals.get("__name__") == f"{__package__}.dispatch"
    with suppress(Exception):  # if the hint itself fails, the error must still be shown
        if hasattr(error, "templates") or type(error).__name__ == "TemplateNotFound":
            error.add_note(_template_note(error, app))
        elif isinstance(error, TypeError):
            notes = _call_notes(frame.f_locals) if frame is not None and called_here else _session_notes(app, ctx)
            for note in notes:
                error.add_note(note)


def explain_rule(error: LookupError, rule: str, converters: Iterable[str]) -> None:
    """Add a note to *error*, by which Werkzeug refused a rule: the names of the converters that there are."""
    wrong = str(error).partition("'")[2].partition("'")[0]
    error.add_note(
        f"In the rule {rule!r}. There are: {', '.join(sorted(converters))}.{did_you_mean(wrong, converters)}"
    )


def _template_note(error: Any, app: Any) -> str:
    """Return where a template was searched for, and which existing one has a similar name."""
    owners = [("the app", app), *((f"the blueprint {name!r}", found) for name, found in app.blueprints.items())]
    loaders = [(owner, found.jinja_loader) for owner, found in owners if found.jinja_loader is not None]
    places = [f"{folder} (of {owner})" for owner, loader in loaders for folder in getattr(loader, "searchpath", ())]
    known = app.jinja_env.loader.list_templates() if hasattr(app.jinja_env.loader, "list_templates") else ()
    looked = f"It was looked for in: {', '.join(places)}." if places else "No folder of templates was named."
    return looked + did_you_mean(str(error.name), known)


def _call_notes(names: dict[str, Any]) -> Iterator[str]:
    """Yield which parameters a view or a hook must have, when the call itself failed."""
    view, hook, request = names.get("view"), names.get("hook"), names.get("request")
    if view is not None and request is not None:
        given = request.view_args or {}
        if not _takes(view, **given):
            taken = ", ".join(signature(view).parameters) or "nothing"
            yield (
                f"The rule '{request.url_rule}' gives its view: {', '.join(given) or 'nothing'}. The view,"
                f" {describe(view)}, takes: {taken}. Each variable of the rule needs a parameter of its name; any other"
                " parameter needs a default."
            )
    elif hook is not None:
        arguments = [names["response"]] if "response" in names else []
        if not _takes(hook, *arguments):
            wanted = "the response, which it must return" if arguments else "no argument"
            yield f"The function {describe(hook)} is a hook, so it is called with {wanted}."


def _takes(function: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
    try:
        signature(function).bind(*args, **kwargs)
    except TypeError:
        return False
    return True


def _session_notes(app: Any, ctx: Any) -> Iterator[str]:
    """Yield which values of the session its cookie cannot hold."""
    dumps = getattr(getattr(app.session_interface, "serializer", None), "dumps", None)
    if ctx is None or ctx._opened_session is None or dumps is None or not _fails(dumps, dict(ctx._opened_session)):
        return
    for key, value in ctx._opened_session.items():
        if _fails(dumps, value):
            yield (
                f"The session cannot be saved: session[{key!r}] is a {type(value).__name__}, which its cookie cannot"
                " hold. Put text, numbers, lists, dicts, bytes, a date or a UUID into it, or an id to find the rest by."
            )


def _fails(function: Callable[..., Any], value: Any) -> bool:
    try:
        function(value)
    except Exception:
        return True
    return False
