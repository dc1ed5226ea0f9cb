"""Step 2: The environ, and bytes dressed as latin-1.

What Flask shows you: ``request.path`` and ``request.args``, as text that you can read.

What is underneath: the ``environ``, a dictionary. It holds the method, the path, the query and every header of the
request. The network carries bytes, but WSGI wants text here. So the server turns each byte into the one character that
latin-1 has for it. "ë" is two bytes in UTF-8, and they arrive as the two characters "Ã«". To read such a value, turn it
back into bytes with latin-1, and read these as UTF-8.

What is new in this step: ``decode`` does that. ``answer`` sends a text, so that later steps need not make bytes. The
page shows you what the environ says.

Try this::

    curl "http://127.0.0.1:8000/Zoë?name=Ada"
    # 200: Welcome to the guestbook, Ada. … PATH_INFO = '/ZoÃ«', which means '/Zoë'
    curl -X POST -H "X-Mood: happy" http://127.0.0.1:8000/
    # 200: REQUEST_METHOD = 'POST' … HTTP_X_MOOD = 'happy'

Who sends a request writes every word of it. So nothing in the environ may be trusted.

Share of the list in ladder/README.md that runs at this step: 1 %.
"""

# From the steps before: serve (1).

from urllib.parse import parse_qs

from step_01 import *


def decode(value):
    """The text that the browser meant by *value*; what is no UTF-8 becomes a question mark in a box."""
    return value.encode("latin-1").decode("utf-8", "replace")


def answer(start_response, status, text):
    """Send *text* as the whole response."""
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [text.encode("utf-8")]


def app(environ, start_response):
    """Greet the visitor, and show what the environ says of the request."""
    name = parse_qs(environ.get("QUERY_STRING", "")).get("name", ["stranger"])[0]
    keys = ["REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", *(key for key in sorted(environ) if key.startswith("HTTP_"))]
    lines = [f"{key} = {environ.get(key, '')!r}, which means {decode(environ.get(key, ''))!r}" for key in keys]
    return answer(start_response, "200 OK", f"Welcome to the guestbook, {name}.\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    serve(app)
