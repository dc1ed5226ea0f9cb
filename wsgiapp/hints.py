"""Hints: what a developer may have meant, as notes on the errors of the usual mistakes (PEP 678).

The error keeps its type and its text; a traceback shows the note below them. Notes are written on the development
server, in debug mode and in tests, for errors that nobody handled, and while an app is set up. Nothing here is asked
while requests go well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from inspect import signature
from typing import Any

from .debughelpers import describe


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the question whether one of the *known* words was meant, with a space in front; or nothing."""
    import difflib  # needed after a mistake alone

    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def explain(error: BaseException, app: Any, ctx: Any) -> None:
    """Add notes to *error*, which ended a request, where it comes of a mistake that is known here.

    :param ctx: the request context, or None.
    """
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    frame = None if last is None else last.tb_frame
    called_here = frame is not None and frame.f_globals.get("__name__") == f"{__package__}.dispatch"
    with suppress(Exception):  # a hint that cannot be given must not stand in the way of the error
        if hasattr(error, "templates") or type(error).__name__ == "TemplateNotFound":
            error.add_note(_of_template(error, app))
        elif isinstance(error, TypeError):
            notes = _of_call(frame.f_locals) if frame is not None and called_here else _of_session(app, ctx)
            for note in notes:
                error.add_note(note)


def explain_rule(error: LookupError, rule: str, converters: Iterable[str]) -> None:
    """Add to *error*, with which Werkzeug refused a rule, the converters that there are."""
    wrong = str(error).partition("'")[2].partition("'")[0]
    error.add_note(
        f"In the rule {rule!r}. There are: {', '.join(sorted(converters))}.{did_you_mean(wrong, converters)}"
    )


def _of_template(error: Any, app: Any) -> str:
    """Where a template was looked for, and which one of those there are has a similar name."""
    owners = [("the app", app), *((f"the blueprint {name!r}", found) for name, found in app.blueprints.items())]
    loaders = [(owner, found.jinja_loader) for owner, found in owners if found.jinja_loader is not None]
    places = [f"{folder} (of {owner})" for owner, loader in loaders for folder in getattr(loader, "searchpath", ())]
    known = app.jinja_env.loader.list_templates() if hasattr(app.jinja_env.loader, "list_templates") else ()
    looked = f"It was looked for in: {', '.join(places)}." if places else "No folder of templates was named."
    return looked + did_you_mean(str(error.name), known)


def _of_call(names: dict[str, Any]) -> Iterator[str]:
    """Which parameters a view or a hook must have, where calling it is what failed."""
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
            yield f"The function {describe(hook)} is a hook, and as such is called with {wanted}."


def _takes(function: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
    try:
        signature(function).bind(*args, **kwargs)
    except TypeError:
        return False
    return True


def _of_session(app: Any, ctx: Any) -> Iterator[str]:
    """Which values of the session its cookie cannot hold."""
    serializer = getattr(app.session_interface, "serializer", None)
    if ctx is None or ctx._opened is None or serializer is None or not _fails(serializer.dumps, dict(ctx._opened)):
        return
    for key, value in ctx._opened.items():
        if _fails(serializer.dumps, value):
            yield (
                f"The session cannot be kept: session[{key!r}] is a {type(value).__name__}, for which its cookie has no"
                " form. Put text, numbers, lists, dicts, bytes, a date or a UUID into it, or an id to find the rest by."
            )


def _fails(function: Callable[..., Any], value: Any) -> bool:
    try:
        function(value)
    except Exception:
        return True
    return False
