"""``flask.sansio.app``: the app that frameworks other than Flask derive from, such as Quart; the rest is ``flask.app``.

On Flask the class ``Flask`` derives from it; here it is the other way round, and only looks so to ``isinstance``.
"""

from __future__ import annotations

from typing import Any

from wsgiapp import app as _app


def __getattr__(name: str) -> Any:
    return getattr(_app, name)


class _BaseOfEveryApp(type):
    """Makes every wsgiapp app pass for an instance of :class:`App`, as every Flask app is one."""

    def __subclasscheck__(cls, subclass: type) -> bool:
        return super().__subclasscheck__(subclass) or (cls is App and issubclass(subclass, _app.App))

    def __instancecheck__(cls, instance: object) -> bool:
        # Not by the type alone: what stands in for an app in a test, such as a Mock(spec=App), names its class itself.
        return super().__instancecheck__(instance) or (cls is App and isinstance(instance, _app.App))


class App(_app.App, metaclass=_BaseOfEveryApp):
    """An app without its own rule for static files: a framework that derives from it adds one of its own kind."""

    # The command line must not take it for a WSGI app.
    _is_wsgiapp_app = False
    _adds_options = False

    def _add_static_rule(self, static_host: str | None, host_matching: bool) -> None:
        """Add none, and check nothing."""
