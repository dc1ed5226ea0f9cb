"""``python -m wsgiapp.xray``: the command ``wsgiapp``, with an X-ray on every app that it loads."""

from __future__ import annotations

from wsgiapp.cli import main

from . import watch_all

watch_all()
main()
