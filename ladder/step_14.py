"""Step 14: Class views, and REST.

What Flask shows you: ``class EntryAPI(MethodView)``, with a method ``get`` for GET and a method ``post`` for POST.

What is underneath: ``as_view`` makes a function, because the app calls functions. For each request the function makes
an object of the class, and calls the method that has the name of the HTTP method. REST, representational state
transfer, is a way to design an API. Each thing has a URL, and the HTTP method says what to do with it: the four
operations of CRUD (create, read, update, delete). POST to the collection creates, and answers 201 with the new URL. GET
reads. PUT replaces the whole thing, so it needs all of its fields. PATCH changes some fields. DELETE deletes. GET
changes nothing. PUT and DELETE may be sent twice without harm; POST may not.

What is new in this step: ``View``, ``MethodView``, and the API of the guestbook, in JSON. A deleted entry is answered
with 204 No Content.

Try this::

    curl -i --json '{"name": "Ada", "text": "Hello."}' http://127.0.0.1:8000/api/entries
    # 201: Location: /api/entries/
    curl http://127.0.0.1:8000/api/entries
    # 200: "name":"Ada"
    curl -i -X PATCH --json '{"text": "Goodbye."}' http://127.0.0.1:8000/api/entries/1
    # 200: "text":"Goodbye."
    curl -i -X PUT --json '{"text": "Goodbye."}' http://127.0.0.1:8000/api/entries/1
    # 400: An entry needs a name and a text.
    curl -i -X DELETE http://127.0.0.1:8000/api/entries/1
    # 204
    curl -i http://127.0.0.1:8000/api/entries/1
    # 404

This API asks nobody who they are, so that you can try it. One on the internet demands a login.

Share of the list in ladder/README.md that runs at this step: 51 %.
"""

# From the steps before: abort (4); METHODS (5); Response (7); request, url_for (11); App, INSERT, database, pages (13).

from step_13 import *
from werkzeug.exceptions import BadRequest


class View:
    """A view that is a class."""

    methods = None

    @classmethod
    def as_view(cls, name, *args, **kwargs):
        """A view function, which makes an object of this class for each request."""

        def view(**values):
            return cls(*args, **kwargs).dispatch_request(**values)

        view.__name__, view.methods = name, cls.methods
        return view


class MethodView(View):
    """A class with one method for each HTTP method."""

    def __init_subclass__(cls):
        cls.methods = [name for name in METHODS if hasattr(cls, name.lower())]

    def dispatch_request(self, **values):
        """Call the method; HEAD is a GET whose body the server keeps."""
        return getattr(self, request.method.lower().replace("head", "get"))(**values)


def fields(before):
    """A name and a text from the request's JSON; what is missing there stays as it was *before*."""
    data = request.get_json()
    entry = before | data if isinstance(data, dict) else before
    if not all(isinstance(entry.get(key), str) for key in ("name", "text")):
        raise BadRequest("An entry needs a name and a text.")
    return entry["name"], entry["text"]


class Collection(MethodView):
    """All entries."""

    def get(self):
        """Read all."""
        return [dict(row) for row in database.execute("SELECT * FROM entry")]

    def post(self):
        """Create one."""
        new = database.execute(INSERT, *fields({})).lastrowid
        return Item().get(new), 201, {"Location": url_for("entry_item", number=new)}


class Item(MethodView):
    """One entry."""

    def get(self, number):
        """Read it."""
        row = database.execute("SELECT * FROM entry WHERE id = ?", number).fetchone()
        return dict(row) if row else abort(404, f"There is no entry {number}.")

    def put(self, number, **before):
        """Replace it: each field must be sent. PATCH says what was there *before*."""
        database.execute("UPDATE entry SET name = ?, text = ? WHERE id = ?", *fields(before), number)
        return self.get(number)

    def patch(self, number):
        """Change some of it."""
        return self.put(number, **self.get(number))

    def delete(self, number):
        """Delete it."""
        database.execute("DELETE FROM entry WHERE id = ?", number)
        response = Response(status=204)  # No Content, so it has no type either
        response.headers.remove("Content-Type")
        return response


def api(app):
    """The pages of before, and the API."""
    app.add_url_rule("/api/entries", view_func=Collection.as_view("entry_collection"))
    app.add_url_rule("/api/entries/<int:number>", view_func=Item.as_view("entry_item"))


pages = [*pages, api]

if __name__ == "__main__":
    App(__name__).run(pages)
