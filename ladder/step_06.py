"""Step 6: What a view may return.

What Flask shows you: a view returns a text, a dictionary, ``"Not here", 404``, or a generator, and each arrives.

What is underneath: one function, ``make_response``, that asks for the type. A text or bytes become the body. A
dictionary or a list becomes JSON, a text with keys and values that programs read. A tuple is a body with a status, with
headers, or with both. A generator is sent piece by piece. ``None`` is an error, because it nearly always means a
forgotten ``return``.

What is new in this step: ``make_response`` in full, and the guestbook as JSON: the beginning of an API, which is a set
of addresses for programs instead of people.

Try this::

    curl -i http://127.0.0.1:8000/entries.json
    # 200: X-Entries: 1 … [{"name":"Ada","text":"I am the first to sign."}]

Share of the list in ladder/README.md that runs at this step: 26 %.
"""

# From the steps before: entries (3); App, Response, pages (5).

import json
from collections.abc import Iterator, Mapping

from step_05 import *


def jsonify(*args, **kwargs):
    """A response of JSON: of one value, of several as a list, or of keywords as an object."""
    text = json.dumps(kwargs or (args[0] if len(args) == 1 else args or None), sort_keys=True, separators=(",", ":"))
    return Response(f"{text}\n", mimetype="application/json")


class App(App):
    """An app whose views may return what is handiest."""

    def make_response(self, value):
        """A response of whatever a view returned."""
        body, *more = value if isinstance(value, tuple) else (value,)
        if isinstance(body, (dict, list)):
            body = jsonify(body)
        elif not isinstance(body, (str, bytes, Iterator, Response)):
            raise TypeError(f"No response can be made of {body!r}. None often means that a return is missing.")
        response = super().make_response(body)
        for item in more:
            if isinstance(item, (Mapping, list)):
                response.headers.update(item)
            else:
                response.status = item
        return response


def json_page(app):
    """The pages of before, and all entries as JSON, with a header of their own."""

    @app.route("/entries.json")
    def entries_json(request):
        return entries, 200, {"X-Entries": str(len(entries))}


pages = [*pages, json_page]

if __name__ == "__main__":
    App().run(pages)
