"""Shop layer 2: static files, each under an address that changes with its content.

So a browser may keep them for a year and never asks again. Also the address that tells programs where to look.
"""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path
from typing import Any

from wsgiapp import App, Response, request

YEAR = 365 * 86_400
PARAMETER = "v"
ROBOTS = """User-agent: *
Disallow: /_xray
Disallow: /account
Disallow: /cart
Disallow: /login
Disallow: /preferences
Disallow: /register
Disallow: /sell
"""


def init_app(app: App) -> None:
    """Give every address of a static file its version, and let what is asked for by its version be kept."""
    folder = str(app.static_folder)

    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "filename" in values and PARAMETER not in values:
            values[PARAMETER] = version(f"{folder}/{values['filename']}")

    def keep(response: Response) -> Response:
        asked = request.args.get(PARAMETER) if request.endpoint == "static" else None
        name = (request.view_args or {}).get("filename")
        if asked and response.status_code in (200, 304) and asked == version(f"{folder}/{name}"):
            response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
        return response

    app.url_defaults(add_version)
    app.after_request(keep)
    app.add_url_rule("/robots.txt", "robots", lambda: Response(ROBOTS, mimetype="text/plain"))


def version(file: str) -> str | None:
    """Return what stands for the content of ``file``, None when there is no such file."""
    try:
        return _hash(file, os.stat(file).st_mtime_ns)  # noqa: PTH116  # a page asks it of each of its files
    except OSError:
        return None


@functools.lru_cache(maxsize=256)
def _hash(file: str, _changed: int) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:12]
