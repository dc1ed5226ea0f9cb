"""Step 12: Hooks, error handlers, teardown.

What Flask shows you: ``@app.before_request``, ``@app.after_request``, ``@app.errorhandler(404)`` and
``@app.teardown_request``.

What is underneath: four lists of functions, and one order. First the functions before the request: if one returns
something, that is the answer, and the view is not called. This is how a login is demanded. Then the view. If it raises
an error, the handler for this kind of error makes the answer. Then the functions after the request, the last one first;
each gets the response and returns it. At the very end, teardown: it runs always, also after an error, and is the place
to close what was opened. A signal is looser than a hook: blinker keeps a list of functions that want to hear of
something, and whoever does it calls them all. They cannot change the answer.

What is new in this step: these lists. An error that nobody expected is written to the log, and the visitor gets a page
with status 500 that tells nothing about the program. In the guestbook, each answer forbids the browser to guess the
type of a file, and a missing page looks like the others. There is one signal, ``template_rendered``, which step 13
sends.

Try this::

    curl -i http://127.0.0.1:8000/nothing/here
    # 404: X-Content-Type-Options: nosniff … was not found on the server

Then write ``1 / 0`` into ``not_found`` in this file, start it again, and look at both the answer and the terminal.

Share of the list in ladder/README.md that runs at this step: 43 %.
"""

# From the steps before: HTTPException (4); partialmethod (5); render_template (7); App, pages (11).

import logging
from collections import defaultdict

from blinker import Namespace
from step_11 import *
from werkzeug.exceptions import InternalServerError, default_exceptions

template_rendered = Namespace().signal("template-rendered")  # step 13 sends it


class Hooks:
    """Lists of functions, and a table of error handlers."""

    def __init__(self):
        super().__init__()
        self.hooks, self.error_handlers = defaultdict(list), {}

    def on(self, kind, function):
        """Add *function* to the list of this kind."""
        self.hooks[kind].append(function)
        return function

    before_request, after_request = partialmethod(on, "before"), partialmethod(on, "after")
    teardown_request = partialmethod(on, "teardown")

    def errorhandler(self, kind):
        """Register the function below this line for errors of *kind*, a class or a status code."""

        def register(function):
            self.error_handlers[default_exceptions.get(kind, kind)] = function
            return function

        return register


class App(Hooks, App):
    """An app that calls your functions before, after and around a view."""

    teardown_appcontext = Hooks.teardown_request
    logger = logging.getLogger("guestbook")

    def owners(self, request):
        """Whose hooks this request meets: the app's. Step 13 adds those of a blueprint."""
        return [self]

    def functions(self, kind, request):
        """The functions of one kind that this request meets."""
        return [function for owner in self.owners(request) for function in owner.hooks[kind]]

    def dispatch_request(self, request):
        """Call the functions before the request, and the view if none of them answers; then answer an error."""
        try:
            for function in self.functions("before", request):
                value = function()
                if value is not None:
                    return value
            return self.make_response(super().dispatch_request(request))
        except Exception as error:
            return self.handle_exception(request, error)

    def handle_exception(self, request, error):
        """The answer to *error*: from its handler, from itself, or a page with status 500."""
        for owner in reversed(self.owners(request)):
            for kind in type(error).__mro__:
                if kind in owner.error_handlers:
                    return owner.error_handlers[kind](error)
        if isinstance(error, HTTPException) or self.testing:
            raise error
        self.logger.error("Exception on %s", request.path, exc_info=error)
        return self.handle_exception(request, InternalServerError(original_exception=error))

    def process_response(self, request, response):
        """Hand the response through the functions after the request, the last one first, and save the session."""
        for function in reversed(self.functions("after", request)):
            response = function(response)
        return super().process_response(request, response)

    def do_teardown(self, context, error):
        """Call the functions for the end, the last one first."""
        for function in reversed(self.functions("teardown", context.maybe_request)):
            function(error)


def answers(app):
    """The pages of before, one header more on each, and a page for what is missing."""

    @app.after_request
    def never_guess(response):
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.errorhandler(404)
    def not_found(error):
        return render_template("index.html", messages=[error.description]), 404


pages = [*pages, answers]

if __name__ == "__main__":
    App().run(pages)
