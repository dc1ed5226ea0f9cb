"""Step 4: Werkzeug's Map and Rule.

What Flask shows you: ``@app.route("/entry/<int:number>/", methods=["GET"])``.

What is underneath: Werkzeug's routing. A ``Rule`` is a pattern with holes, and each hole has a converter, such as
``int``. A ``Map`` holds all rules and finds the one that fits. It knows the right answer when none does: 404 where no
rule fits the path, 405 with an ``Allow`` header where a rule fits the path and not the method, and a redirect where
only a slash is missing. A rule does not point to a view but to a name, the endpoint. So a view can be exchanged, and
later the map can also be asked the other way round: which URL leads to this endpoint?

What is new in this step: the table becomes a ``Map``. The errors of the map are exceptions, and each is a small WSGI
function that sends its own answer.

Try this::

    curl http://127.0.0.1:8000/entry/1/
    # 200: I am the first to sign.
    curl -i http://127.0.0.1:8000/entry/one/
    # 404
    curl -i -X DELETE http://127.0.0.1:8000/entry/1/
    # 405: Allow: … GET
    curl -i http://127.0.0.1:8000/entry/1
    # 308: Location: http://127.0.0.1:8000/entry/1/

Share of the list in ladder/README.md that runs at this step: 11 %.
"""

# From the steps before: answer (2); App, entries, pages (3).

from step_03 import *
from werkzeug.exceptions import HTTPException, abort
from werkzeug.routing import Map, Rule


class App(App):
    """An app whose table is a map of rules."""

    def __init__(self):
        super().__init__()
        self.url_map = Map()

    def add_url_rule(self, rule, endpoint=None, view_func=None, **options):
        """Add a rule that leads to *endpoint*, and the view of this endpoint."""
        endpoint = endpoint or getattr(view_func, "__name__", rule)
        methods = options.pop("methods", None) or getattr(view_func, "methods", None) or ["GET"]
        self.url_map.add(Rule(rule, endpoint=endpoint, methods=methods, **options))
        if view_func is not None:
            self.view_functions[endpoint] = view_func

    def __call__(self, environ, start_response):
        """Find the rule that fits, call the view of its endpoint with what stands in the holes, and answer."""
        try:
            endpoint, values = self.url_map.bind_to_environ(environ).match()
            return answer(start_response, "200 OK", self.view_functions[endpoint](environ, **values))
        except HTTPException as error:
            return error(environ, start_response)


def find(number):
    """The entry with this number, counted from one."""
    return entries[number - 1] if 0 < number <= len(entries) else abort(404, f"There is no entry {number}.")


def entry_page(app):
    """The pages of before, and a page for each entry."""

    @app.route("/entry/<int:number>/")
    def entry(environ, number):
        return f"{find(number)['text']}\n"


pages = [*pages, entry_page]

if __name__ == "__main__":
    App().run(pages)
