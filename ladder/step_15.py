"""Step 15: The test client and the command line. The last step.

What Flask shows you: ``app.test_client().get("/")`` in a test, and ``flask --app flaskr run`` in a terminal.

What is underneath: an app is a WSGI function, so a test needs no server and no network. Werkzeug's ``Client`` makes an
environ, calls the app, keeps the cookies, and hands you the response. After ``with client:`` the test can look at
``session`` and ``g``, because the context of the request becomes the context of the moment again. The command line is
click: a group of commands, which the app can add to. Each command runs within a context of the app.

What is new in this step: both. With them, this framework runs programs that were written for Flask: the application of
Flask's own tutorial passes its 24 tests, unchanged. ``as_flask.py`` makes ``import flask`` mean this step.

Try this::

    python ladder/step_15.py
    curl http://127.0.0.1:8000/api/entries
    # 200: [

Then go to the folder of any small Flask program, such as ``hello.py`` with ``app = Flask(__name__)`` in it, and run it
and its tests on this step::

    python ladder/as_flask.py --app hello run
    python ladder/as_flask.py -m pytest

Share of the list in ladder/README.md that runs at this step: 90 %.
"""

# From the steps before: partial (8); current, current_app (11); App, werkzeug (13); pages (14).

import click
import werkzeug.test
from click.testing import CliRunner
from step_14 import *


class Client(werkzeug.test.Client):
    """A browser for tests. Within ``with client:``, the context of its last request stays."""

    token = None

    def run_wsgi_app(self, environ, buffered=False):
        """Send one request."""
        contexts = environ["ladder.contexts"] = []
        response = super().run_wsgi_app(environ, buffered)
        if self.token is not None:
            current.set(contexts[0])
        return response

    def __enter__(self):
        self.token = current.set(None)
        return self

    def __exit__(self, *error):
        current.reset(self.token)
        self.token = None


@click.command("run")
def run_command():
    """Serve the app on 127.0.0.1."""
    current_app.run()


class App(App):
    """An app that can be tested, and told what to do in a terminal."""

    def __init__(self, import_name, **options):
        super().__init__(import_name, **options)
        self.cli = click.Group(self.name, commands=[run_command], callback=self.begin_command)

    def begin_command(self):
        """Called before each command: it runs within a context of the app."""
        click.get_current_context().with_resource(self.app_context())

    def test_client(self):
        """A browser for tests."""
        return Client(self)

    def test_cli_runner(self):
        """A terminal for tests: its ``invoke(args=["init-db"])`` runs a command of this app."""
        runner = CliRunner()
        runner.invoke = partial(runner.invoke, self.cli)
        return runner

    def test_request_context(self, *args, **kwargs):
        """The context of a request that nobody has sent."""
        return self.request_context(werkzeug.test.EnvironBuilder(*args, **kwargs).get_environ())


if __name__ == "__main__":
    App(__name__).run(pages)
