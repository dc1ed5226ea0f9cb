"""Werkzeug's development server, with corrections where its answers break HTTP.

Layer "devserver". The command ``run`` and the method ``App.run`` start the server by :func:`serve`, with
:class:`RequestHandler`.
"""

from __future__ import annotations

from typing import Any

from werkzeug.serving import WSGIRequestHandler

from . import ports


class RequestHandler(WSGIRequestHandler):
    """Answers a request as Werkzeug's handler does, but sends ``Date``, ``Server`` and ``100 Continue`` only once."""

    def handle_expect_100(self) -> bool:
        """Leave ``100 Continue`` to the method that runs the app."""
        return True

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begin a response. ``Date`` and ``Server`` are added at the end, if the app did not send them."""
        self.log_request(code)
        self.send_response_only(code, message)
        self._missing = {"Server": self.version_string(), "Date": self.date_time_string()}

    def send_header(self, keyword: str, value: str) -> None:
        """Add a header."""
        self._missing.pop(keyword.title(), None)
        super().send_header(keyword, value)

    def end_headers(self) -> None:
        """End the head of the response."""
        for name, value in tuple(self._missing.items()):
            self.send_header(name, value)
        super().end_headers()


def serve(run_simple: Any, host: str, port: int, app: Any, *args: Any, **options: Any) -> None:
    """Call Werkzeug's ``run_simple``; where the port is in use, add by whom, and the command that takes another."""
    try:
        run_simple(host, port, app, *args, **options)
    except SystemExit as end:
        ports.explain(end, host, port, app)
        raise
