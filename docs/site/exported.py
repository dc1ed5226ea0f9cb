"""A directive for Sphinx: names that stand for an object, described by the comment (`#:`) where they are defined.

Sphinx's own directives describe the object. Of a proxy there is none while no request runs, and of a signal all that
they find is the description of its class.

    .. exported:: wsgiapp.globals
       request, session
"""

from __future__ import annotations

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

PUBLIC = "wsgiapp"


class Exported(SphinxDirective):
    """Describe names of a module that ``wsgiapp`` has, too."""

    has_content = True
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return a description of each name. A name without a comment is an error of the build."""
        module = self.arguments[0]
        analyzer = ModuleAnalyzer.for_module(module)
        analyzer.analyze()
        lines = []
        for name in " ".join(self.content).replace(",", " ").split():
            said = analyzer.attr_docs.get(("", name))
            if not said:
                raise self.error(f"{name} in {module} has no comment that begins with '#:': write what it is.")
            kind = analyzer.annotations.get(("", name))
            lines += [f".. py:data:: {name}", f"   :module: {PUBLIC}", *([f"   :type: {kind}"] if kind else []), ""]
            lines += [f"   {line}" for line in said] + [""]
        return self.parse_content(lines)

    def parse_content(self, lines: list[str]) -> list[nodes.Node]:
        """Return what the lines become, parsed as the text around them."""
        inner = nodes.container()
        self.state.nested_parse(StringList(lines, self.get_source_info()[0]), self.content_offset, inner)
        return inner.children


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("exported", Exported)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
