"""The commands: ``xray``, ``explain``, ``cookie``, ``twin``; entry points of the group ``wsgiapp.commands``.

Each finds the app as ``wsgiapp run`` does (``--app``), prints, and ends with 0 where all is well, with 1 where the
answer is an error, no rule matches, the cookie does not hold, or the twin answers otherwise, and with 2 for a command
that cannot be understood.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from contextlib import closing
from typing import Any
from urllib.parse import unquote

import click
from werkzeug.test import EnvironBuilder

from wsgiapp import App
from wsgiapp.cli import NoAppException, ScriptInfo
from wsgiapp.xray import XRay, cookie, twin
from wsgiapp.xray.explain import why
from wsgiapp.xray.explain.sentences import opening
from wsgiapp.xray.record import watch
from wsgiapp.xray.show import exports, text
from wsgiapp.xray.trace import Trace

from .request_items import ItemError, Parsed, parse

_REQUEST = click.argument("words", nargs=-1, required=True, metavar="[METHOD] PATH [ITEM]...")
_FORM = click.option("--form", is_flag=True, help="Send the members as a form instead of as JSON.")
_HOST = click.option("--host", default="localhost", show_default=True, help="The Host header.")
# Items such as -1:=2 would be taken for options otherwise.
_SETTINGS = {"ignore_unknown_options": True}


def _parsed(words: Iterable[str]) -> Parsed:
    try:
        return parse(list(words))
    except (ItemError, OSError, UnicodeDecodeError) as error:
        raise click.UsageError(str(error)) from error


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line, color=True)  # text.Style has decided already


def _style() -> text.Style:
    return text.style_of(sys.stdout)


@click.command("xray", context_settings=_SETTINGS)
@_REQUEST
@_FORM
@_HOST
@click.option("-v", "--verbose", is_flag=True, help="Bodies, environ and thread too.")
@click.option("--export", "kind", type=click.Choice(list(exports.EXPORTS)), help="Another tool's format instead.")
@click.pass_context
def xray_command(
    ctx: click.Context, words: tuple[str, ...], form: bool, host: str, verbose: bool, kind: str | None
) -> None:
    """Send a request to the app, in this process, and show each step.

    Items are HTTPie's: name=text, name:=json, Name:header, name==query, name@file.
    """
    app = ctx.ensure_object(ScriptInfo).load_app()
    trace = record(app, _parsed(words), form, host)
    if kind is not None:
        click.echo(exports.EXPORTS[kind][0](trace).encode(), nl=False)  # a file's content, in UTF-8 on any console
    else:
        _say(text.lines(trace, _style(), verbose, opening(trace, why.why_trace(app, trace))))
    ctx.exit(0 if 0 < trace.status_code < 400 else 1)


def record(app: Any, asked: Parsed, form: bool = False, host: str = "localhost") -> Trace:
    """Send a request to *app* from the command line, and return what was seen of it."""
    xray: XRay = app.extensions.get("xray") or XRay(app)
    told: list[str] = []
    with closing(EnvironBuilder(base_url=f"http://{host}/", **asked.options(form))) as builder:
        environ = builder.get_environ() | {watch.SOURCE: "command line", watch.TOLD: told.append}
        environ["REMOTE_ADDR"] = "127.0.0.1"
        try:
            body = app(environ, lambda *_: None)
        except Exception as error:  # it stands in the trace, with its frames
            click.echo(f"The app raised {type(error).__name__}; its server would answer 500.", err=True)
        else:
            _drain(body)
    trace = xray.get(told[0]) if told else None
    if trace is None:
        raise click.ClickException("The X-ray kept nothing of this request.")
    return trace


def _drain(body: Iterable[bytes]) -> None:
    """Take a body to its end, and close it, as a server does (PEP 3333)."""
    try:
        for _ in body:
            pass
    finally:
        getattr(body, "close", lambda: None)()


@click.command("explain", context_settings=_SETTINGS)
@_REQUEST
@_HOST
@click.pass_context
def explain_command(ctx: click.Context, words: tuple[str, ...], host: str) -> None:
    """Show what would run for a request, and why the other rules do not match, without running the view."""
    asked, app = _parsed(words), ctx.ensure_object(ScriptInfo).load_app()
    path = unquote(asked.path.partition("?")[0])
    explained = why.why(app, asked.method, path, host=host)
    _say(text.explanation_lines(explained, _style()))
    _say(text.plan_lines(why.explain(app, asked.method, path, host=host), _style()))
    ctx.exit(0 if explained.rule is not None or explained.location else 1)


@click.command("cookie")
@click.argument("value")
@click.option("--name", help="The cookie's name; the app's SESSION_COOKIE_NAME by default.")
@click.option("--ask-key", is_flag=True, help="Ask for the secret key instead of taking the app's.")
@click.pass_context
def cookie_command(ctx: click.Context, value: str, name: str | None, ask_key: bool) -> None:
    """Open a session cookie: payload, time, and whether the signature holds for the app's key.

    Without an app it asks for the key, where there is a terminal to ask at.
    """
    app = None if ask_key else _app_or_none(ctx.ensure_object(ScriptInfo))
    named = app is not None
    if app is None:
        app = App("cookie", static_folder=None)
        app.secret_key = _asked_key(ask_key or sys.stdin.isatty())
    given, _, after = value.partition("=")
    plain = value.partition(";")[0]
    if after and given == app.config["SESSION_COOKIE_NAME"]:  # as it stands in a header
        plain = after.partition(";")[0]
    checked = named or app.secret_key is not None
    opened = cookie.open_cookie(app, plain, name) if checked else cookie.decode(plain, name or "session")
    _say(text.cookie_lines(opened, _style()))
    if not checked:
        click.echo("The signature is not checked without a key: give the app by --app, or the key by --ask-key.")
    ctx.exit(0 if opened.signature == "valid" or (opened.signature == "unchecked" and not checked) else 1)


def _app_or_none(info: ScriptInfo) -> Any:
    """The app; None where none was named and none is found."""
    try:
        return info.load_app()
    except NoAppException:
        if info.app_import_path:
            raise
        return None


def _asked_key(can_ask: bool) -> str | None:
    """The key that is typed, without showing it; None for none."""
    if not can_ask:
        return None
    return click.prompt("Secret key (none: do not check)", "", hide_input=True, show_default=False, err=True) or None


@click.command("twin", context_settings=_SETTINGS)
@_REQUEST
@_FORM
@_HOST
@click.option("--really", is_flag=True, help="Send a method that may change something, too: it is sent twice.")
@click.pass_context
def twin_command(ctx: click.Context, words: tuple[str, ...], form: bool, host: str, really: bool) -> None:
    """Send a request to the app here and under the ladder's last step, and show both answers.

    The ladder answers in a process of its own. Both work on the app's real data.
    """
    asked, info = _parsed(words), ctx.ensure_object(ScriptInfo)
    app = info.load_app()
    with closing(EnvironBuilder(base_url=f"http://{host}/", **asked.options(form))) as builder:
        environ = builder.get_environ()
        body = environ["wsgi.input"].read()
    environ |= {watch.SOURCE: "command line", "REMOTE_ADDR": "127.0.0.1"}
    reference = re.split(r":(?![\\/])", info.app_import_path or "", maxsplit=1)[1:]
    xray: XRay = app.extensions.get("xray") or XRay(app)
    try:
        found = twin.twin(xray, environ, body, "".join(reference), really)
    except twin.TwinError as error:
        hint = " Add --really." if asked.method not in twin.SAFE and not really else ""
        raise click.ClickException(f"{error}{hint}") from error
    _say(text.twin_lines(found, _style()))
    ctx.exit(0 if found.same else 1)
