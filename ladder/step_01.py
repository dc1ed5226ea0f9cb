"""Step 1: A WSGI function.

What Flask shows you: ``app = Flask(__name__)``, and a server that calls this ``app``.

What is underneath: WSGI, the Web Server Gateway Interface (PEP 3333). It is an agreement between a web server and a
Python program. The server reads the request from the network and calls one function. The function gets a dictionary
about the request (``environ``) and a function that takes the status and the headers (``start_response``). It returns
the body, in pieces of bytes. Every Flask application is such a function.

What is new in this step: ``app``, the guestbook's first page, and ``serve``, which starts the server that comes with
Python. It listens on 127.0.0.1 only, so nobody but you can reach it.

Try this::

    python ladder/step_01.py
    curl -i http://127.0.0.1:8000/
    # 200: Welcome to the guestbook.
    curl -i http://127.0.0.1:8000/nothing/here
    # 200: Welcome to the guestbook.

Below each command stands what comes back: the status, and parts of the answer. Both answers are the same, because
nobody has looked at the path yet.

Share of the list in ladder/README.md that runs at this step: 1 %.
"""

import os
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server


def app(environ, start_response):
    """Answer every request with the same text."""
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [b"Welcome to the guestbook.\n"]


class ThreadingServer(ThreadingMixIn, WSGIServer):
    """The server that comes with Python, with a thread for each request; step 11 says what this means."""

    daemon_threads = True


def serve(app):
    """Serve *app* until Ctrl+C, on port 8000, or on the one in the environment variable ``PORT``."""
    with make_server("127.0.0.1", int(os.environ.get("PORT", "8000")), app, ThreadingServer) as server:
        print(f"The guestbook is open at http://127.0.0.1:{server.server_port}/ (Ctrl+C closes it).", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    serve(app)
