"""Shop layer 2: static files, each under an address that changes with its content.

So a browser may keep them for a year and never asks again. Also the address that tells programs where to look.
"""

from __future__ import annotations

import functools
import hashlib
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
    folder = Path(str(app.static_folder))

    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "filename" in values and PARAMETER not in values:
            values[PARAMETER] = version(folder / values["filename"])

    def keep(response: Response) -> Response:
        asked = request.args.get(PARAMETER) if request.endpoint == "static" else None
        if asked and response.status_code in (200, 304) and asked == version(folder / request.view_args["filename"]):  # type: ignore[index]  # the rule has it
            response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
        return response

    app.url_defaults(add_version)
    app.after_request(keep)
    app.add_url_rule("/robots.txt", "robots", lambda: Response(ROBOTS, mimetype="text/plain"))


def version(file: Path) -> str | None:
    """Return what stands for the content of ``file``, None when there is no such file."""
    try:
        return _hash(file, file.stat().st_mtime_ns)
    except OSError:
        return None


@functools.lru_cache(maxsize=256)
def _hash(file: Path, _changed: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
