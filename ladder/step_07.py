"""Step 7: Jinja2, and why it escapes.

What Flask shows you: ``render_template("index.html", entries=entries)``.

What is underneath: Jinja2 turns a template into a Python function that puts texts together. In HTML the characters
``<``, ``>``, ``&`` and the quotes have a meaning. If a visitor signs with ``<script>…</script>`` and the page shows
this as it is, then every later visitor's browser runs it. This attack is called cross-site scripting, XSS. So each
value that goes into a page is escaped: ``<`` becomes ``&lt;``, which the browser shows as ``<`` and does not obey.
Jinja2 does this for all names that end in ``.html``. What is HTML already is marked as such by MarkupSafe's ``Markup``.

What is new in this step: the pages are HTML, from the folder ``templates``. From now on a text is HTML, as in Flask.

Try this::

    curl -d "name=Eve" --data-urlencode "text=<script>alert(1)</script>" http://127.0.0.1:8000/sign
    # 303
    curl http://127.0.0.1:8000/
    # 200: &lt;script&gt;alert(1)&lt;/script&gt;

Then change ``autoescape`` to ``False`` in this file, and do it again.

Share of the list in ladder/README.md that runs at this step: 29 %.
"""

# From the steps before: entries (3); find (4); Response, form, redirect, search (5); App, pages (6).

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape
from step_06 import *

autoescape = select_autoescape(["html", "htm", "xml", "xhtml", "svg"], default_for_string=True)
environment = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=autoescape)


def render_template(template, /, **values):
    """The page that the template of this name makes of *values*."""
    return environment.get_template(template).render(**values)


class Response(Response):
    """A response that is HTML where nothing else is said."""

    default_mimetype = "text/html"


class App(App):
    """An app whose texts are HTML."""

    response_class = Response


def html_pages(app, known=lambda request: {}, remember=lambda request, response, name: None):
    """The pages of before as HTML. Later steps say what is known of a visitor, and how to remember a name."""

    def index(request):
        return render_template("index.html", entries=search(request), **known(request))

    def sign(request):
        if request.method == "GET":
            return render_template("sign.html", **known(request))
        entries.append(form(request))
        response = redirect("/", 303)
        remember(request, response, entries[-1]["name"])
        return response

    app.view_functions |= {"index": index, "sign": sign}
    app.view_functions["entry"] = lambda request, number: render_template("index.html", entries=[find(number)])


pages = [*pages, html_pages]

if __name__ == "__main__":
    App().run(pages)
