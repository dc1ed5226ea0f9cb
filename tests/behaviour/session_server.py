"""One process of test_two_servers: Werkzeug's server on a free port, the app built on the framework named in argv.

Prints the port on its first line and serves until it is terminated.
"""

import logging
import sys
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server


def build(framework: Any) -> Any:
    """An app that changes its session in every way and shows it."""
    app = framework.App("shared")
    app.secret_key = "one key for both"

    @app.get("/put/<name>/<value>")
    def put(name, value):
        framework.session[name] = value
        return {"by": framework.name}

    @app.get("/append/<value>")
    def append(value):
        framework.session["trail"] = (*framework.session.get("trail", ()), value)
        framework.session["raw"] = value.encode()
        return {"by": framework.name}

    @app.get("/flash/<message>")
    def flash(message):
        framework.flash(message, framework.name)
        return {"by": framework.name}

    @app.get("/flashed")
    def flashed():
        return {"by": framework.name, "messages": framework.get_flashed_messages(with_categories=True)}

    @app.get("/permanent")
    def permanent():
        framework.session.permanent = True
        return {"by": framework.name}

    @app.get("/show")
    def show():
        return {"by": framework.name, "session": {name: repr(framework.session[name]) for name in framework.session}}

    @app.get("/clear")
    def clear():
        framework.session.clear()
        return {"by": framework.name}

    return app


def main() -> None:
    tests = Path(__file__).parents[1]
    sys.path[:0] = [str(tests), str(tests.parent)]
    from conftest import Framework  # found only by the path above

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, build(Framework(sys.argv[1])))
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
