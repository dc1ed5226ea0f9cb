"""``flask.sansio.app``: the app that frameworks other than Flask derive from, such as Quart; the rest is ``flask.app``.

In Flask the class ``Flask`` derives from this one. Here this one derives from ``wsgiapp.App``, but ``isinstance`` and
``issubclass`` answer as in Flask.
"""

from __future__ import annotations

from typing import Any

from wsgiapp import app as _app


def __getattr__(name: str) -> Any:
    return getattr(_app, name)


class _BaseOfEveryApp(type):
    """A metaclass by which every wsgiapp app counts as an instance of :class:`App`, as in Flask."""

    def __subclasscheck__(cls, subclass: type) -> bool:
        return super().__subclasscheck__(subclass) or (cls is App and issubclass(subclass, _app.App))

    def __instancecheck__(cls, instance: object) -> bool:
        # The type is not enough: a Mock(spec=App) of a test says by __class__ what it stands for.
        return super().__instancecheck__(instance) or (cls is App and isinstance(instance, _app.App))


class App(_app.App, metaclass=_BaseOfEveryApp):
    """An app without its own rule for static files: a framework that derives from it adds one of its own kind."""

    # It is not a WSGI app, so the command line must not find it.
    _is_wsgiapp_app = False
    _adds_options = False

    def _add_static_rule(self, static_host: str | None, host_matching: bool) -> None:
        """Do nothing: no rule is added, and the arguments are not checked."""
