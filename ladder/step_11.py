"""Step 11: Contexts.

What Flask shows you: ``from flask import request``, a name that is always the request of the moment.

What is underneath: threads. A server works on several requests at once, each in a thread of its own. The threads share
the memory of one process. (Python's global interpreter lock, the GIL, lets only one of them run Python code at a time.
So threads help while requests wait, and do not help when they compute.) A global variable would be shared by all: while
Ada's request waits, Bob's replaces it, and Ada sees Bob's name. A context variable (``contextvars``) has a value for
each thread. ``request`` is a proxy: a small object that passes everything on to the request of the moment.

What is new in this step: ``Context``, which holds what belongs to one request: the app, the request, the session and
``g``, a place for your own things. Views need no argument for the request any more. ``url_for`` asks the map for the
URL of an endpoint. The page ``/whoami`` waits a moment. Then it says the name that a global variable knows, and the
name that the context variable knows.

Try this, both requests in one line::

    curl "http://127.0.0.1:8000/whoami?name=Ada" & curl "http://127.0.0.1:8000/whoami?name=Bob"; wait
    # 200: the context variable says Ada … the context variable says Bob

Read what the global variable says in the two answers.

Share of the list in ladder/README.md that runs at this step: 37 %.
"""

# From the steps before: HTTPException (4); environment (7); partial (8); App, flash, get_flashed_messages, pages (10).

import time
from contextvars import ContextVar

from markupsafe import escape
from step_10 import *
from werkzeug.local import LocalProxy


class Globals:
    """The type of ``g``: what is set on it is gone when the context ends."""

    def get(self, name, default=None):
        """The attribute called *name*, or *default*."""
        return vars(self).get(name, default)

    def pop(self, name, *default):
        """Take the attribute called *name* away and return it."""
        return vars(self).pop(name, *default)

    def __contains__(self, name):
        return name in vars(self)


class Context:
    """What belongs to one request; without a request, to one command or one test."""

    def __init__(self, app, request=None):
        self.app, self.maybe_request, self.g, self.tokens = app, request, Globals(), []

    @property
    def request(self):
        """The request; an error where there is none."""
        if self.maybe_request is None:
            raise RuntimeError("Working outside of request context: there is no request at the moment.")
        return self.maybe_request

    def push(self):
        """Make this the context of the moment."""
        self.tokens.append(current.set(self))
        return self

    def pop(self, error=None):
        """End this context; the one before it is the context of the moment again."""
        try:
            self.app.do_teardown(self, error)
        finally:
            current.reset(self.tokens.pop())

    __enter__ = push

    def __exit__(self, kind, error, traceback):
        self.pop(error)


shared = {}  # the first idea, a global variable: kept for the page that shows why it is wrong
current = ContextVar("the context of the moment")
OUTSIDE = "Working outside of {} context: use this in a view, or within 'with app.{}_context():'."
current_app = LocalProxy(current, "app", unbound_message=OUTSIDE.format("application", "app"))
g = LocalProxy(current, "g", unbound_message=OUTSIDE.format("application", "app"))
request = LocalProxy(current, "request", unbound_message=OUTSIDE.format("request", "test_request"))
session = LocalProxy(lambda: request.session)
flash = partial(flash, request)
get_flashed_messages = partial(get_flashed_messages, request)


def make_response(*args):
    """The response that the app makes of these; then headers and cookies can be added to it."""
    return current_app.make_response(args[0] if len(args) == 1 else args)


def url_for(endpoint, /, *, _external=False, **values):
    """The URL that leads to *endpoint*; values that the rule has no hole for go into the query."""
    return current_app.url_map.bind_to_environ(request.environ).build(endpoint, values, force_external=_external)


class App(App):
    """An app that keeps what belongs to a request in a context."""

    def app_context(self):
        """A context without a request."""
        return Context(self)

    def request_context(self, environ):
        """A context with the request that *environ* describes, and the rule that fits it."""
        request = self.request_class(environ)
        request.app, request.url_rule, request.endpoint, request.blueprint = self, None, None, None
        try:
            request.url_rule, request.view_args = self.url_map.bind_to_environ(environ).match(return_rule=True)
            request.endpoint = request.url_rule.endpoint
            request.blueprint = request.endpoint.rpartition(".")[0] or None  # what step 13 brings
        except HTTPException as error:
            request.routing_exception = error
        return Context(self, request)

    def wsgi_app(self, environ, start_response):
        """From the environ to a response, within a context."""
        with self.request_context(environ) as context:
            environ.get("ladder.contexts", []).append(context)  # step 15's test client asks for it
            return self.full_dispatch_request(context.request)(environ, start_response)

    def __call__(self, environ, start_response):
        """Call `wsgi_app`, which can be wrapped in a middleware."""
        return self.wsgi_app(environ, start_response)

    def dispatch_request(self, request):
        """Call the view, with no request as argument."""
        shared["request"] = request
        if request.url_rule is None:
            raise request.routing_exception
        return self.view_functions[request.endpoint](**request.view_args)

    def do_teardown(self, context, error):
        """Called at the end of each context; step 12 gives it something to do."""


def whoami_page(app):
    """The pages of before, whose argument is now the proxy, and a page that waits and then says who you are."""
    app.view_functions |= {k: partial(view, request) for k, view in app.view_functions.items() if k != "static"}

    @app.route("/whoami")
    def whoami():
        time.sleep(0.2)
        wrong, right = (escape(each.args.get("name")) for each in (shared["request"], request))
        return f"The global variable says {wrong}, the context variable says {right}.\n"


environment.globals.update(g=g, request=request, session=session)
environment.globals.update(url_for=url_for, get_flashed_messages=get_flashed_messages)
pages = [*pages, whoami_page]

if __name__ == "__main__":
    App().run(pages)
