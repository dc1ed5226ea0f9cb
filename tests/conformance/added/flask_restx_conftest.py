"""The fixtures that Flask-RESTX's tests ask for by name; its source distribution leaves the file out.

Written for these runs: the same file serves the run on Flask and the run under the alias.
"""

import json

import flask_restx
import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient


class JSONClient(FlaskClient):
    """A test client that checks the status and the type of a JSON answer and returns its value."""

    def _value(self, response, status):
        assert (response.status_code, response.content_type) == (status, "application/json")
        return json.loads(response.data)

    def get_json(self, url, status=200, **kwargs):
        return self._value(self.get(url, **kwargs), status)

    def post_json(self, url, data, status=200, **kwargs):
        body = json.dumps(data)
        return self._value(self.post(url, data=body, headers={"Content-Type": "application/json"}, **kwargs), status)

    def get_specs(self, prefix="", status=200, **kwargs):
        return self.get_json(f"{prefix}/swagger.json", status, **kwargs)


@pytest.fixture
def app():
    """An app whose test client is the one above."""
    made = Flask(__name__, subdomain_matching=True)
    made.test_client_class = JSONClient
    return made


@pytest.fixture
def api(request, app):
    """An API on a blueprint; the test's mark ``api`` sets the blueprint's place and the API's options."""
    mark = request.node.get_closest_marker("api")
    options = dict(mark.kwargs) if mark else {}
    place = {"url_prefix": options.pop("prefix", None), "subdomain": options.pop("subdomain", None)}
    blueprint = Blueprint("api", __name__, **place)
    made = flask_restx.Api(blueprint, **options)
    app.register_blueprint(blueprint)
    return made


@pytest.fixture(autouse=True)
def context_of_the_mark(request):
    """Hold a request context during a test with the mark ``request_context``."""
    mark = request.node.get_closest_marker("request_context")
    if mark is None:
        yield
        return
    with request.getfixturevalue("app").test_request_context(*mark.args, **mark.kwargs):
        yield
