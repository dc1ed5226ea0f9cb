"""The settings of the static site. `python run.py docs` builds it from docs/ and from the docstrings."""

import gc
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

gc.set_threshold(200_000)  # documents are trees of many small objects that all stay: looking for garbage is wasted

project = "wsgiapp"
author = "wsgiapp contributors"
extensions = ["myst_parser", "sphinx.ext.autodoc", "book_directives", "exported"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["site", "benchmarks"]
root_doc = "index"

myst_heading_anchors = 3
myst_links_external_new_tab = False

# A docstring says in its text what its example needs (tests/test_docstring_examples.py), and in `:param` what goes in.
default_role = "code"
autodoc_member_order = "groupwise"
autodoc_typehints = "signature"
autodoc_inherit_docstrings = False
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
maximum_signature_line_length = 90
add_module_names = False
toc_object_entries = False
highlight_language = "none"

html_theme = "theme"
html_theme_path = [str(Path(__file__).parent)]
html_title = "wsgiapp"
html_favicon = str(ROOT / "wsgiapp" / "shop" / "static" / "favicon.svg")
html_copy_source = False
html_show_sphinx = False
smartquotes_action = "D"  # dashes; quotes and dots stay as they are written
html_use_index = True
html_domain_indices = False
html_permalinks_icon = "#"


def setup(app):
    """Let code that is wider than the window be reached, and moved, by keyboard."""

    def reach(_app, _name, _template, context, _document):
        context["body"] = context.get("body", "").replace("<pre>", '<pre tabindex="0">')

    app.connect("html-page-context", reach)
