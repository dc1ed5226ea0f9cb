"""Errors with an explanation: what a developer did, where, and what to do instead.

They are raised in debug mode only, in place of a bare KeyError or a redirect that loses a form without a word. Each
gets what it needs as arguments; none reads the current context.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import RequestRedirect

# What a loader returns: the source of a template, its file, and a function that says whether it is up to date.
LoadedSource = tuple[str, str | None, Callable[[], bool] | None]
# A loader that was asked, the app or blueprint it belongs to, and what it found.
Attempt = tuple[object, Any, LoadedSource | None]


def describe(func: Callable[..., Any]) -> str:
    """Return the name of *func* and where it was written: ``name (file:line)``."""
    name = getattr(func, "__qualname__", None) or repr(func)
    code = getattr(func, "__code__", None)
    return name if code is None else f"{name} ({code.co_filename}:{code.co_firstlineno})"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean ...?`` with the most similar of the *known* words, or an empty text."""
    import difflib  # needed after a mistake alone

    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


class UnexpectedUnicodeError(AssertionError, UnicodeError):
    """Text arrived where only ASCII can be; raised with an explanation instead of a bare UnicodeError."""


class DebugFilesKeyError(KeyError, AssertionError):
    """A view reads a file that was not sent, because the form sends only the name of the file.

    :param request: the request; the message shows its media type and fields.
    :param key: the field that was asked for.
    """

    def __init__(self, request: Any, key: str) -> None:
        values = ", ".join(repr(value) for value in request.form.getlist(key))
        sent = f" This was submitted: {values}" if values else ""
        came = f"the request came as {request.mimetype!r}, not as 'multipart/form-data'"
        hint = f'Give the form enctype="multipart/form-data".{sent}'
        super().__init__(f"request.files has no {key!r}: {came}, so no file contents were transmitted. {hint}")

    def __str__(self) -> str:  # KeyError would show the repr
        return str(self.args[0])


class FormDataRoutingRedirect(AssertionError):
    """A form was posted to a URL that redirects, so its data would be lost on the way.

    :param request: the request, whose ``routing_exception`` is the redirect.
    """

    def __init__(self, request: Any) -> None:
        error: RequestRedirect = request.routing_exception
        slash = " (mind the slash at its end)" if error.new_url.partition("?")[0] == f"{request.base_url}/" else ""
        sent = f"{request.method} '{request.url}' arrived, but routing issued a redirect"
        lost = f"to the canonical URL '{error.new_url}'{slash}, and browsers may drop the form on the way"
        super().__init__(f"{sent} {lost}. Send it there directly, as 'url_for' would. (Debug mode only.)")


class _ExplainedFiles(ImmutableMultiDict[str, Any]):
    """The empty ``files`` of a request. For a key that is a form field, the error explains why there is no file."""

    def __init__(self, request: Any) -> None:
        super().__init__(request.files)
        self._request = request

    def __getitem__(self, key: str) -> Any:
        if key not in self and key in self._request.form:
            raise DebugFilesKeyError(self._request, key)
        return super().__getitem__(key)


def attach_enctype_error_multidict(request: Any) -> None:
    """Give *request* a ``files`` mapping that explains a missing ``enctype``."""
    request.files = _ExplainedFiles(request)


def _loader_facts(loader: object) -> Iterator[str]:
    yield f"{type(loader).__module__}.{type(loader).__qualname__}"
    for name, value in sorted(vars(loader).items()):
        items = value if isinstance(value, (list, tuple)) else [value]
        if not name.startswith("_") and all(isinstance(item, (str, int, float)) for item in items):
            yield f"  {name}: {', '.join(map(repr, items))}"


def _name(owner: Any, app: Any) -> str:
    return f"application {app.import_name!r}" if owner is app else f"blueprint {owner.name!r} ({owner.import_name})"


def explain_template_loading_attempts(
    app: Any, template: str, attempts: Iterable[Attempt], blueprint: str | None = None
) -> None:
    """Log in which loaders the template *template* was searched for, and what each of them found.

    :param attempts: for each loader asked: the loader, the app or blueprint it belongs to, what it found or None.
    :param blueprint: the blueprint of the current request; the log names it when no template was found.
    """
    lines = [f"Locating template {template!r}:"]
    found = 0
    for number, (loader, owner, source) in enumerate(attempts, 1):
        lines.append(f"{number:5}: trying loader of {_name(owner, app)}")
        lines.extend(f"       {fact}" for fact in _loader_facts(loader))
        lines.append(f"       -> {'no match' if source is None else f'found ({source[1]!r})'}")
        found += source is not None
    if found > 1:
        lines.append("Warning: several loaders have this template; the first one's is used.")
    if not found:
        lines.append("Error: the template could not be found.")
    if not found and blueprint is not None:
        lines.append(f"  The template was looked up from an endpoint that belongs to the blueprint {blueprint!r}.")
        lines.append("  Is it in the folder that the blueprint names as its template_folder?")
        lines.append("  See https://flask.palletsprojects.com/blueprints/#templates")
    app.logger.info("\n".join(lines))
