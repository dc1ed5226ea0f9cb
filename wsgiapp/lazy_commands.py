"""Commands that are imported when they are called, so that the help that lists them need not wait for it.

Layer "lazy_commands". They are entry points of the group ``wsgiapp.commands``; the command line imports none of them.
"""

from __future__ import annotations

import importlib.metadata
from typing import Any, cast

import click

# What ``--help`` says of our own further commands, whose modules are imported only when they are called.
SHORT_HELP = {
    "cookie": "Open a session cookie and check its signature.",
    "explain": "Show what would run for a request, and why.",
    "shop": "Manage the shop.",
    "twin": "Send a request here and under the ladder's last step.",
    "xray": "Send a request to the app and show its road.",
}


class LazyCommand(click.Command):
    """A command that stands for the one of an entry point.

    :param entry_point: where that command is.
    """

    def __init__(self, entry_point: importlib.metadata.EntryPoint) -> None:
        # Nothing is imported for it: the module may need packages that are not installed here, or read settings that
        # options are still to set.
        super().__init__(entry_point.name, short_help=SHORT_HELP.get(entry_point.name, f"See {entry_point.module}."))
        self.entry_point = entry_point

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context of a call of the command itself."""
        return cast(click.Context, self.entry_point.load().make_context(info_name, args, parent, **extra))
