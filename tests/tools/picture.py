"""Make the picture of the X-ray that heads the README: ``python tests/tools/picture.py`` writes docs/xray.png.

It serves the shop as ``python run.py`` does, and asks the machine's Chromium for a page and for that page's X-ray.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browsers import chromium  # noqa: E402 - after the path is set
from servers import running, shop_environment, werkzeug  # noqa: E402

TOKEN = "picture"
TARGET = ROOT / "docs" / "xray.png"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [*werkzeug(), "--debug", "--no-debugger", "--no-reload"]
        environment = {**shop_environment(folder), "WSGIAPP_XRAY_TOKEN": TOKEN}
        with running(command, folder, environment) as server, chromium() as browser:
            page = browser.new_page(base_url=server.url, viewport={"width": 1180, "height": 800})
            page.goto(f"/_xray/?token={TOKEN}")
            for _ in range(2):  # the first time templates are compiled
                page.goto("/products/7")
            page.click("#xray")
            page.wait_for_load_state("networkidle")
            page.screenshot(path=TARGET)
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
