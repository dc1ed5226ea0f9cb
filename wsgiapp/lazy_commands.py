"""Commands that are imported only when they are called, so that ``--help`` is fast.

Layer "lazy_commands". They are entry points of the group ``wsgiapp.commands``; the command line imports none of them.
"""

from __future__ import annotations

import importlib.metadata
from typing import Any, cast

import click

# The texts of ``--help`` for these commands, since their modules are not imported for it.
SHORT_HELP = {
    "cookie": "Open a session cookie and check its signature.",
    "explain": "Show what would run for a request, and why.",
    "shop": "Manage the shop.",
    "twin": "Send a request here and under the ladder's last step.",
    "xray": "Send a request to the app and show each step.",
}


class LazyCommand(click.Command):
    """A command in place of the one that an entry point names.

    :param entry_point: the entry point.
    """

    def __init__(self, entry_point: importlib.metadata.EntryPoint) -> None:
        # The module is not imported here: it may need packages that are not installed, or read settings that later
        # options will set.
        super().__init__(entry_point.name, short_help=SHORT_HELP.get(entry_point.name, f"See {entry_point.module}."))
        self.entry_point = entry_point

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Import the real command, and return the context for calling it; see :meth:`click.Command.make_context`."""
        return cast(click.Context, self.entry_point.load().make_context(*args, **extra))
