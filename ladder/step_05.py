"""Step 5: Request and response.

What Flask shows you: ``request.args``, ``request.form``, and a response with a status and headers.

What is underneath: Werkzeug's ``Request`` reads the environ for you, and its ``Response`` is a WSGI function that sends
itself. Data reaches the program in two ways. With GET they stand in the URL: everybody sees them, in the address bar,
in the history, in the server's log. A GET must only read. With POST they stand in the body of the request, which the
environ offers as the file ``wsgi.input``. A POST may change something. It is not secret either: only HTTPS hides it on
its way. After a POST the answer is a redirect, so that reloading the page does not send the form again.

What is new in this step: a view gets a request, and ``@app.get`` and ``@app.post`` add a rule for one method.
``max_content_length`` refuses a body that is too long, because a server that reads all that is sent can be filled up.

Try this::

    curl "http://127.0.0.1:8000/?word=first"
    # 200: Ada: I am the first to sign.
    curl "http://127.0.0.1:8000/?word=last"
    # 200, without: Ada
    curl -i -d "name=Grace" -d "text=Hello." http://127.0.0.1:8000/sign
    # 303: Location: /
    curl -i -d "name=Grace" http://127.0.0.1:8000/sign
    # 400
    curl -i -H "Content-Length: 99999" -d "name=Grace" http://127.0.0.1:8000/sign
    # 413

Then open http://127.0.0.1:8000/sign in a browser and sign. Watch the address bar: your words are not in it.

Share of the list in ladder/README.md that runs at this step: 23 %.
"""

# From the steps before: entries (3); App, HTTPException, pages (4).

from functools import partialmethod

from step_04 import *
from werkzeug import Request, Response
from werkzeug.utils import redirect

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Request(Request):
    """One request, with a bound on its body."""

    max_content_length = 64 * 1024


class App(App):
    """An app that hands a request to its views and sends the response."""

    request_class, response_class = Request, Response
    get, post, put, patch, delete = (partialmethod(App.route, methods=[name]) for name in METHODS)

    def __call__(self, environ, start_response):
        """From the environ to a request, from the request to a response, and from the response to bytes."""
        return self.full_dispatch_request(self.request_class(environ))(environ, start_response)

    def full_dispatch_request(self, request):
        """The response to *request*, also where the answer is an HTTP error."""
        try:
            value = self.dispatch_request(request)
        except HTTPException as error:
            value = error.get_response(request.environ)
        return self.make_response(value)

    def dispatch_request(self, request):
        """Call the view."""
        endpoint, values = self.url_map.bind_to_environ(request.environ).match()
        return self.view_functions[endpoint](request, **values)

    def make_response(self, value):
        """A response of what a view returned: a text, or a response."""
        return value if isinstance(value, Response) else self.response_class(value)


FORM = "<form method=post>Name <input name=name> Text <input name=text> <button>Sign</button></form>"


def search(request):
    """The entries that hold the word which the URL asks for."""
    return [entry for entry in entries if request.args.get("word", "") in entry["text"]]


def form(request):
    """The entry that was sent; where one of its fields is missing, Werkzeug answers with 400."""
    return {key: request.form[key].strip()[:200] for key in ("name", "text")}


def form_page(app):
    """The pages of before, the list with a search, and a form to sign."""
    app.view_functions["index"] = lambda request: "".join(f"{e['name']}: {e['text']}\n" for e in search(request))

    @app.route("/sign", methods=["GET", "POST"])
    def sign(request):
        if request.method == "GET":
            return Response(FORM, mimetype="text/html")
        entries.append(form(request))
        return redirect("/", 303)


pages = [*pages, form_page]

if __name__ == "__main__":
    App().run(pages)
