"""Each sentence that says why a rule does not answer: a request for which it is said, and one for which it is not."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.routing import BaseConverter, Rule, ValidationError

from wsgiapp import App
from wsgiapp.xray.explain.compare import compare
from wsgiapp.xray.explain.why import explain, why

from .support import send, watched_app


class Even(BaseConverter):
    """Even numbers; it raises what no converter should for 13."""

    regex = r"\d+"

    def to_python(self, value: str) -> int:
        if value == "13":
            raise LookupError(value)
        if int(value) % 2:
            raise ValidationError
        return int(value)


class Letters(BaseConverter):
    regex = "[a-z]+"


def app_with(*rules: Any) -> App:
    app = App(__name__, static_folder=None, host_matching=any("host" in rule for rule in rules if type(rule) is dict))
    app.url_map.converters.update(even=Even, letters=Letters)
    for number, rule in enumerate(rules):
        options = dict(rule) if type(rule) is dict else {"string": rule}
        app.url_map.merge_slashes = not options.pop("on_map", False)
        name = options.pop("endpoint", f"e{number}")
        app.url_map.add(Rule(options.pop("string"), endpoint=name, **{"methods": ["GET"], **options}))
        app.view_functions.setdefault(name, lambda **_: "")
    return app


def said(rules: list[Any], request: str) -> str:
    """All that is said of a request such as ``POST /path`` or ``GET ws://host/path``."""
    method, _, target = request.partition(" ")
    scheme, found, rest = target.partition("://")
    host, _, path = rest.partition("/") if found else ("localhost", "", target[1:])
    explained = why(app_with(*rules), method, f"/{path}", host=host, scheme=scheme if found else "http")
    return "\n".join([explained.outcome, *[f"{other.rule}: {other.reason}" for other in explained.others]])


A, N = "/products/list", "/n/<int:n>"
BOUND = "/n/<int(min=3, max=9):n>"
LONG = "/s/<string(minlength=3, maxlength=5):s>"
MERGING = {"string": "/a/b", "merge_slashes": True}
EXACT = {"string": "/a/b", "merge_slashes": False}
APART = {**EXACT, "on_map": True}
TO = {"string": "/old", "redirect_to": "/new"}
DEFAULT = [{"string": "/p/", "defaults": {"n": 1}, "endpoint": "p"}, {"string": "/p/<int:n>", "endpoint": "p"}]
ALIAS = [{"string": "/one", "endpoint": "p"}, {"string": "/two", "endpoint": "p", "alias": True}]
HOSTS = [{"string": "/", "host": "shop.example"}]
SOCKET = [{"string": "/ws", "websocket": True, "methods": None}]


@pytest.mark.parametrize(
    ("sentence", "rules", "true", "untrue"),
    [
        ('did you mean "/products/list"?', [A], "GET /products/lits", "GET /products/xyz"),
        ('segment 2 is "list", the path has', [A], "GET /products/lits", "GET /products"),
        ("the path ends where the rule goes on with", [A], "GET /products", "GET /products/list/x"),
        ("where the rule ends", [A], "GET /products/list/x", "GET /products"),
        ("is empty in the path, since two slashes meet", [APART], "GET /a//b", "GET /a"),
        ("two slashes meet in the path, and this rule does not merge them", [EXACT], "GET /a//b", "GET /a"),
        ("which has not the form", ["/v<int:a>.<int:b>"], "GET /vx", "GET /v1.2"),
        ("digits, and nothing else", [N], "GET /n/x", "GET /n/1"),
        ("with or without a minus sign", ["/n/<int(signed=True):n>"], "GET /n/x", "GET /n/-1"),
        ("a <float:f>: digits, a dot, digits", ["/<float:f>"], "GET /1", "GET /1.0"),
        ("32 hexadecimal digits", ["/<uuid:u>"], "GET /1", "GET /" + "12345678-" + "1234-" * 3 + "123456789012"),
        ("is not one of", ["/<any(red, blue):c>"], "GET /green", "GET /red"),
        ('did you mean "blue"?', ["/<any(red, blue):c>"], "GET /blu", "GET /green"),
        ("is not what the converter in <letters:a> takes", ["/<letters:a>"], "GET /1", "GET /a"),
        ("is below the converter's minimum of 3", [BOUND], "GET /n/2", "GET /n/10"),
        ("is above the converter's maximum of 9", [BOUND], "GET /n/10", "GET /n/2"),
        ("digits, and the converter wants exactly 3", ["/<int(fixed_digits=3):n>"], "GET /12", "GET /123"),
        ("and the converter wants at least 3", ["/<string(minlength=3):s>"], "GET /ab", "GET /abc"),
        ("and the converter takes 5 at most", [LONG], "GET /s/abcdef", "GET /s/abc"),
        ("and the converter wants exactly 2", ["/<string(length=2):s>"], "GET /abc", "GET /ab"),
        ("it is there to build URLs and never matches", [{"string": "/b", "build_only": True}], "GET /b", None),
        ("it fits once doubled slashes are one", [MERGING, "/<path:p>"], "GET /a//b", "GET /a/b"),
        ("it answers GET, HEAD, not POST", [A], "POST /products/list", "GET /products/list"),
        ("405 Method Not Allowed; allowed: GET, HEAD", [A], "POST /products/list", "GET /x"),
        ("it is for WebSockets, and this is an HTTP request", SOCKET, "GET /ws", "GET ws://localhost/ws"),
        ("it is for HTTP requests, and this is a WebSocket", ["/h"], "GET ws://localhost/h", "GET /h"),
        ("as no other rule is tried after it, nothing matches", ["/<even:n>"], "GET /3", "GET /4"),
        ("its converter of n raised LookupError", ["/<even:n>"], "GET /13", "GET /15"),
        ("the rule ends with a slash, the path does not", ["/d/"], "GET /d", "GET /d/"),
        ("the path ends with a slash, the rule does not", ["/d"], "GET /d/", "GET /d"),
        ("slashes are doubled in the path (merge_slashes)", [MERGING], "GET /a//b", "GET /a/b"),
        ("it is an alias of another rule for 'p'", ALIAS, "GET /two", "GET /one"),
        ("it is there to redirect (redirect_to)", [TO], "GET /old", "GET /new"),
        ("these values are another rule's defaults", DEFAULT, "GET /p/1", "GET /p/2"),
        ("308 Permanent Redirect", ["/d/"], "GET /d", "GET /d/"),
        ('a literal segment ("a") goes before a converter', ["/a", "/<x>"], "GET /a", "GET /b"),
        ("its converter goes before this one's (weight)", ["/<int:n>", "/<x>"], "GET /1", "GET /b"),
        ("the pattern is the same, and it was added first", ["/a", "/a"], "GET /a", "GET /b"),
        ('the host is "localhost", the rule\'s is "shop.example"', HOSTS, "GET /", "GET http://shop.example/"),
        ('did you mean "shop.example"?', HOSTS, "GET http://shop.exmple/", "GET /"),
        ("404 Not Found", [A], "GET /x", "GET /products/list"),
        ("match", [A], "GET /products/list", "GET /x"),
    ],
)  # fmt: skip
def test_a_reason_is_given_where_it_is_true_and_only_there(
    sentence: str, rules: list[Any], true: str, untrue: str | None
) -> None:
    assert sentence in said(rules, true)
    assert sentence not in said(rules, untrue or "GET /elsewhere") or untrue is None


@pytest.mark.parametrize(
    ("note", "true", "untrue"),
    [
        ("no view runs", "OPTIONS /a", "GET /a"), ("called with no argument", "GET /a", "GET /n/1"),
        ("called with n=1", "GET /n/1", "GET /a"), ("no view function has the endpoint", "GET /viewless", "GET /a"),
        ("no handler is registered for NotFound", "GET /x", "POST /a"),
        ("answers MethodNotAllowed", "POST /a", "GET /x"),
    ],
)  # fmt: skip
def test_a_note_of_the_plan_is_made_where_it_is_true_and_only_there(note: str, true: str, untrue: str) -> None:
    app = App(__name__, static_folder=None)
    app.add_url_rule("/a", "a", lambda: "")
    app.add_url_rule("/n/<int:n>", "n", lambda n: "")
    app.add_url_rule("/viewless", "viewless")
    app.register_error_handler(405, lambda error: "")
    for request, expected in ((true, True), (untrue, False)):
        method, path = request.split()
        notes = " | ".join(step.note for step in explain(app, method, path).steps)
        assert (note in notes) is expected, notes


@pytest.mark.parametrize(
    ("sentence", "one", "two", "other"),
    [
        ("They took the same road, step by step.", "/api", "/api", "/away"),
        ("They part in the layer “server”: path was /api, then /away.", "/api", "/away", "/api"),
        ("They part in the layer “server”: query was a=1, then none.", "/api?a=1", "/api", "/api?a=1"),
    ],
)
def test_a_comparison_says_what_differs_and_only_that(sentence: str, one: str, two: str, other: str) -> None:
    app, xray = watched_app()
    first, second, third = [send(app, xray, path) for path in (one, two, other)]
    assert compare(first, second).sentence == sentence != compare(first, third).sentence
