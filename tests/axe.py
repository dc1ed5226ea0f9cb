"""axe-core, the engine that looks for barriers in a page: fetched once by npm, run in the browser of a test.

Development only: no part of the project ships it or asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from npm import kept

if TYPE_CHECKING:
    from playwright.sync_api import Page

PACKAGE = "axe-core@4.14.1"
# A theme changes colours alone, so one look at everything and one at the colours of the other theme say it all.
RUN = """async (rules) => {
    const options = rules.length ? {runOnly: {type: 'rule', values: rules}} : {};
    const found = await axe.run(document, {...options, resultTypes: ['violations']});
    return found.violations.flatMap(({id, help, nodes}) => nodes.map(node => `${id} (${help}): ${node.html}`));
}"""


def script() -> str:
    """The source of axe-core."""
    (file,) = kept(PACKAGE, "axe.min.js")
    return file.read_text(encoding="utf-8")


def violations(page: Page, *rules: str) -> list[str]:
    """What axe finds wrong on the page as it is now, by all of its rules or those named."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(script())
    found: list[str] = page.evaluate(RUN, list(rules))
    return found
