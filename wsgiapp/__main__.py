"""``python -m wsgiapp``: the same as the command ``wsgiapp``."""

from __future__ import annotations

from .cli import main

main()
