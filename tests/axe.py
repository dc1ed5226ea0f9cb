"""axe-core, the engine that looks for barriers in a page: fetched once by npm, run in the browser of a test.

Development only: no part of the project ships it or asks for it.
"""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from servers import ROOT, lack, require

if TYPE_CHECKING:
    from playwright.sync_api import Page

PACKAGE = "axe-core@4.14.1"
SCRIPT = ROOT / ".cache" / f"{PACKAGE}.min.js"
# A theme changes colours alone, so one look at everything and one at the colours of the other theme say it all.
RUN = """async (rules) => {
    const options = rules.length ? {runOnly: {type: 'rule', values: rules}} : {};
    const found = await axe.run(document, {...options, resultTypes: ['violations']});
    return found.violations.flatMap(({id, help, nodes}) => nodes.map(node => `${id} (${help}): ${node.html}`));
}"""


def script() -> str:
    """The source of axe-core; without a network, and not yet in the cache, the test ends as in `lack`."""
    if not SCRIPT.exists():
        SCRIPT.parent.mkdir(parents=True, exist_ok=True)
        (SCRIPT.parent / ".gitignore").write_text("*\n", encoding="utf-8")
        with tempfile.TemporaryDirectory(dir=SCRIPT.parent) as folder:
            _fetch(Path(folder))
    return SCRIPT.read_text(encoding="utf-8")


def _fetch(folder: Path) -> None:
    """Put the script into the cache; it appears there whole."""
    command = [require("npm"), "pack", PACKAGE, "--silent", f"--pack-destination={folder}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        lack(f"needs a network, to fetch {PACKAGE}: {done.stderr.strip()[-300:]}")
    (packed,) = folder.glob("*.tgz")
    with tarfile.open(packed) as archive:
        source = archive.extractfile("package/axe.min.js")
        assert source is not None
        (folder / "axe.js").write_bytes(source.read())
    (folder / "axe.js").replace(SCRIPT)


def violations(page: Page, *rules: str) -> list[str]:
    """What axe finds wrong on the page as it is now, by all of its rules or those named."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(script())
    found: list[str] = page.evaluate(RUN, list(rules))
    return found
