"""The address of the X-ray, told in the terminal when ``wsgiapp run`` starts to serve a watched app."""

from __future__ import annotations

import os
from typing import Any

import click

from wsgiapp.xray.access import TOKEN_VARIABLE, Access

#: Set in the processes that the reloader starts, and by programs that print the address themselves.
TOLD_VARIABLE = "WSGIAPP_XRAY_TOLD"
_EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - read, not listened on


def tell_address(app: Any, access: Access, prefix: str) -> None:
    """Print the address, with the token, where the app is loaded to be served by the command ``run``."""
    context = click.get_current_context(silent=True)
    if context is None or context.command.name != "run" or "port" not in context.params:
        return
    if not app.config["DEBUG"]:
        if access.allow is None:
            _say(f"X-ray of {app.name}: closed, for the app is not in debug mode. Start it with --debug to see it.")
        return
    if TOLD_VARIABLE in os.environ:
        return
    # A server that reloads starts the app anew, which must not change the address.
    os.environ.setdefault(TOKEN_VARIABLE, access.token)
    host = str(context.params.get("host") or "").strip("[]")
    shown = "127.0.0.1" if host in _EVERYWHERE else f"[{host}]" if ":" in host else host
    scheme = "https" if context.params.get("cert") else "http"
    _say(f"X-ray of {app.name}: {scheme}://{shown}:{context.params['port']}{prefix}/?token={access.token}")


def _say(line: str) -> None:
    if TOLD_VARIABLE not in os.environ:
        os.environ[TOLD_VARIABLE] = "1"
        click.echo(line, err=True)
