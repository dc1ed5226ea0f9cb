"""Step 3: A router by hand.

What Flask shows you: ``@app.route("/about")`` above a function. The function is called a view.

What is underneath: a table. The left column holds paths and the right column holds views. For each request, the router
looks up the path and calls the view. Where the table has no such path, the answer is 404 Not Found.

What is new in this step: the class ``App``. Its instances can be called, so each is a WSGI function. ``route`` writes a
line into the table. ``first_pages`` puts two pages into an app. From here on a step begins with ``from step_02 import
*``: it has all that the steps before have. ``class App(App)`` means: an ``App`` that can do all that the ``App`` of
before can do, and more. The list ``pages`` grows in the same way.

Try this::

    curl http://127.0.0.1:8000/
    # 200: Ada: I am the first to sign.
    curl http://127.0.0.1:8000/about
    # 200: A guestbook that grows by one step at a time.
    curl -i http://127.0.0.1:8000/nothing/here
    # 404: There is no such page.
    curl -i http://127.0.0.1:8000/about/
    # 404: There is no such page.

The last one has a slash at its end. A dictionary knows no "almost".

Share of the list in ladder/README.md that runs at this step: 3 %.
"""

# From the steps before: serve (1); answer, decode (2).

from step_02 import *

entries = [{"name": "Ada", "text": "I am the first to sign."}]


class App:
    """A table of paths and views that can be called as a WSGI function."""

    def __init__(self):
        self.view_functions = {}

    def add_url_rule(self, rule, endpoint=None, view_func=None):
        """Write *view_func* into the table."""
        self.view_functions[rule] = view_func

    def route(self, rule, **options):
        """Do so for the view below this line."""

        def register(view):
            self.add_url_rule(rule, view_func=view, **options)
            return view

        return register

    def __call__(self, environ, start_response):
        """Look up the path, call the view and send what it returns."""
        view = self.view_functions.get(decode(environ.get("PATH_INFO", "")))
        if view is None:
            return answer(start_response, "404 Not Found", "There is no such page.\n")
        return answer(start_response, "200 OK", view(environ))

    def run(self, pages=()):
        """Add some pages, and serve this app."""
        for add in pages:
            add(self)
        serve(self)


def first_pages(app):
    """Put the pages of the guestbook into *app*."""

    @app.route("/")
    def index(environ):
        return "".join(f"{entry['name']}: {entry['text']}\n" for entry in entries)

    @app.route("/about")
    def about(environ):
        return "A guestbook that grows by one step at a time.\n"


pages = [first_pages]

if __name__ == "__main__":
    App().run(pages)
