"""What the usual mistakes were: notes (PEP 678) for an error that nobody handled.

Layer "mistakes"; ``hints`` adds the notes to the error. It is imported lazily, after the first mistake.
A note says what was given and what is taken, which function it was (``file:line``), and what to write instead. It never
holds a value that a visitor has sent, only the names of fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import signature
from itertools import islice
from pathlib import Path
from traceback import walk_tb
from typing import Any

from .debughelpers import describe, did_you_mean

MOST_NAMES = 20
MOST_LETTERS = 60  # of a name that a visitor has sent


def notes(error: BaseException, app: Any, ctx: Any) -> Iterator[str]:
    """Yield what may have been meant where *error* was raised; nothing for an error that is none of the usual ones.

    :param ctx: the request context, or None.
    """
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    frame = frames[-1] if frames else None
    kind = type(error).__name__
    place = "" if frame is None else f"{frame.f_globals.get('__name__')}:{frame.f_code.co_name}"
    names = {} if frame is None else frame.f_locals
    if hasattr(error, "templates") or kind == "TemplateNotFound":
        yield _template_note(error, app)
    elif kind == "BuildError":
        yield from _endpoint_notes(error, app)
    elif kind == "BadRequestKeyError":
        yield from _field_notes(error, names.get("self"))
    elif place == "wsgiapp.templating:update_template_context":
        processor = describe(names["processor"])
        yield f"{processor} is a context processor: it must return a dict, whose keys are names for templates."
    elif place == "wsgiapp.heads:quote_control" and callable(target := names["url"]):
        yield f"redirect() takes a URL, not {_told(target)}. Write: redirect(url_for({_name(target)!r}))"
    elif place == "wsgiapp.dispatch:_convert":
        yield from _return_notes(names["rv"], app, ctx)
    elif isinstance(error, TypeError):
        yield from _call_notes(names) if place.startswith("wsgiapp.dispatch:") else _session_notes(app, ctx)


def _listed(words: Iterable[object]) -> str:
    found = [str(word) for word in words]
    return ", ".join(found[:MOST_NAMES]) + (", …" if len(found) > MOST_NAMES else "") or "nothing"


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", "index"))


def _told(function: Any) -> str:
    return f"the function {describe(function)}" if hasattr(function, "__name__") else f"a {type(function).__name__}"


# -- what was looked for and is not there ------------------------------------------------------------------------------


def _template_note(error: Any, app: Any) -> str:
    """Return where a template was searched for, and which existing one has a similar name."""
    owners = [("the app", app), *((f"the blueprint {name!r}", found) for name, found in app.blueprints.items())]
    places = [
        f"{folder} (of {owner}{'' if Path(folder).is_dir() else '; there is no such folder'})"
        for owner, found in owners
        for folder in getattr(found.jinja_loader, "searchpath", ())
    ]
    known = app.jinja_env.loader.list_templates() if hasattr(app.jinja_env.loader, "list_templates") else ()
    looked = f"It was looked for in: {', '.join(places)}." if places else "No folder of templates was named."
    return looked + did_you_mean(str(error.name), known)


def _endpoint_notes(error: Any, app: Any) -> Iterator[str]:
    """Yield that a blueprint is not registered, or which endpoints there are."""
    endpoint = str(error.endpoint)
    blueprint = endpoint.rpartition(".")[0]
    if blueprint and blueprint not in app.blueprints:
        yield f"No blueprint {blueprint!r} is registered; there are: {_listed(app.blueprints)}."
        yield f"Is app.register_blueprint(...) missing?{did_you_mean(blueprint, app.blueprints)}"
    elif endpoint not in app.view_functions:
        yield f"No view has the endpoint {endpoint!r}; there are: {_listed(app.view_functions)}."
        yield "An endpoint is a view's name; in a blueprint, the blueprint's name and a dot stand before it."


def _field_notes(error: Any, fields: Any) -> Iterator[str]:
    """Yield which fields came along, where a view reads one that did not."""
    if isinstance(fields, Mapping):
        key, known = str(error.args[0]), [str(name)[:MOST_LETTERS] for name in islice(fields, MOST_NAMES)]
        yield f"The request has no {key!r} here; it has: {_listed(map(repr, known))}.{did_you_mean(key, known)}"
        yield f"A field that may be missing is read by .get({key!r})."


# -- how a function was called, and what it returned -------------------------------------------------------------------


def _call_notes(names: dict[str, Any]) -> Iterator[str]:
    """Yield which parameters a view, a hook or a handler must have, when the call itself failed."""
    given = [None] if "response" in names else []  # only the number of the arguments is looked at
    said = "the response, which it must return" if given else "no argument"
    roles = {
        "hook": (given, f"a hook, so it is called with {said}"),
        "function": ([None], "a teardown function, so it is called with the error that ended the request, or None"),
        "handler": ([None], "an error handler, so it is called with the error"),
    }
    if names.get("view") is not None and names.get("request") is not None:
        yield from _view_notes(names["view"], names["request"])
    for name, (arguments, role) in roles.items():
        function = names.get(name)
        if function is not None and _fails(signature(function).bind, *arguments):
            yield f"The function {describe(function)} is {role}."


def _view_notes(view: Callable[..., Any], request: Any) -> Iterator[str]:
    given = request.view_args or {}
    taken = signature(view)
    if _fails(taken.bind, **given):
        yield f"The rule '{request.url_rule}' gives its view: {_listed(given)}."
        yield f"The view, {describe(view)}, takes: {_listed(taken.parameters)}."
        yield "Each variable of the rule needs a parameter of its name; any other parameter needs a default."


def _return_notes(value: Any, app: Any, ctx: Any) -> Iterator[str]:
    """Yield what to return in place of *value*, and which functions other than the view may have returned it."""
    kind = type(value).__name__
    if isinstance(value, (int, float)):
        yield f"A number is no body: return str({value}). A status stands behind its body: return 'text', 404."
    elif isinstance(value, (set, frozenset)):
        yield "JSON has no sets: return a list, such as sorted(...)."
    elif kind == "coroutine":
        yield "An async function was called and not awaited: make the view 'async def', and 'return await ...'."
    elif hasattr(value, "as_view"):
        yield f"A class is no view: give add_url_rule view_func={kind}.as_view('{kind.lower()}')."
    elif hasattr(value, "__name__"):
        yield f"It was {_told(value)}: call it, or send the visitor to it: redirect(url_for({_name(value)!r}))."
    elif value is not None:
        yield f"Of an object of type {kind} only its author knows the text: return a text, or a dict of its values."
    if others := _other_functions(value, app, ctx):
        yield f"If the view did not return it, one of these did in its place: {_listed(others)}."


def _other_functions(value: Any, app: Any, ctx: Any) -> list[str]:
    """Return the functions that answer in a view's place: error handlers, and hooks that returned something."""
    scopes = [None, *(ctx.request.blueprints if ctx is not None else ())]
    hooks = [hook for scope in scopes for hook in app.before_request_funcs.get(scope, ()) if value is not None]
    by_code = [codes for scope in scopes for codes in app.error_handler_spec.get(scope, {}).values()]
    return [describe(function) for function in (*hooks, *(each for found in by_code for each in found.values()))]


# -- the session -------------------------------------------------------------------------------------------------------


def _session_notes(app: Any, ctx: Any) -> Iterator[str]:
    """Yield what is wrong with the key of the session, or which of its values its cookie cannot hold."""
    if ctx is None or ctx._opened_session is None:
        return
    key, serializer = app.secret_key, getattr(app.session_interface, "serializer", None)
    if key is not None and not isinstance(key, (str, bytes)):
        yield f"The secret key is of type {type(key).__name__}; it must be text or bytes."
    elif serializer is not None:
        for name in [name for name, value in ctx._opened_session.items() if _fails(serializer.dumps, value)]:
            kind = type(ctx._opened_session[name]).__name__
            yield f"The session cannot be saved: session[{name!r}] is a {kind}, which its cookie cannot hold."
            yield "Put text, numbers, lists, dicts, bytes, a date or a UUID into it, or an id to find the rest by."


def _fails(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> bool:
    try:
        function(*args, **kwargs)
    except Exception:
        return True
    return False
