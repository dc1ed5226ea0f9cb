"""Why not: the rule that is named is the rule that answers, and every other rule has its reason."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.routing import BaseConverter, IntegerConverter, Rule, ValidationError

from wsgiapp import App, request
from wsgiapp.views import MethodView
from wsgiapp.xray.explain.reachable import match, reasons
from wsgiapp.xray.explain.why import Explanation, Other, request_for, why

HERE = "tests/xray/test_why.py"


def app_with(*rules: str, **options: Any) -> App:
    """An app with these rules, each with an endpoint of its own: ``e0``, ``e1`` and so on."""
    app = App(__name__, static_folder=None)
    for number, rule in enumerate(rules):
        app.add_url_rule(rule, f"e{number}", lambda **_: "", **options)
    return app


def only(explained: Explanation) -> Other:
    assert len(explained.others) == 1
    return explained.others[0]


REASONS = [
    # rule, its options, method, path, kind, a part of the sentence
    ("/products/<int:n>", {}, "GET", "/product/1", "segment", 'segment 1 is "products", the path has "product"'),
    ("/products/<int:n>", {}, "GET", "/product/1", "segment", 'did you mean "/products/1"?'),
    ("/products", {}, "GET", "/Products", "segment", 'did you mean "/products"?'),
    ("/a/b/c", {}, "GET", "/a/b", "too few segments", 'the path ends where the rule goes on with "/c"'),
    ("/a/<x>", {}, "GET", "/a/", "too few segments", 'goes on with "/<x>"'),
    ("/a", {}, "GET", "/a/b/c", "too many segments", 'the path goes on with "/b/c" where the rule ends'),
    ("/", {}, "GET", "/a", "too many segments", 'goes on with "/a"'),
    ("/products/<int:n>", {}, "GET", "/products/abc", "converter", 'segment 2: "abc" is not an <int:n>: digits'),
    ("/<int:n>", {}, "GET", "/-1", "converter", "digits, and nothing else"),
    ("/<int(signed=True):n>", {}, "GET", "/+1", "converter", "with or without a minus sign"),
    ("/<float:n>", {}, "GET", "/1", "converter", "a <float:n>: digits, a dot, digits"),
    ("/<uuid:n>", {}, "GET", "/1", "converter", "a <uuid:n>: 32 hexadecimal digits"),
    ("/<any(about, help):page>", {}, "GET", "/hlep", "converter", 'not one of "about", "help": did you mean "help"?'),
    ("/<int(min=5):n>", {}, "GET", "/4", "bounds", '"4" is below the converter\'s minimum of 5'),
    ("/<int(max=5):n>", {}, "GET", "/6", "bounds", "above the converter's maximum of 5"),
    ("/<float(max=5):n>", {}, "GET", "/6.5", "bounds", "above the converter's maximum of 5"),
    ("/<int(fixed_digits=4):n>", {}, "GET", "/123", "bounds", "has 3 digits, and the converter wants exactly 4"),
    ("/<string(length=2):s>", {}, "GET", "/abc", "bounds", "has 3 characters, and the converter wants exactly 2"),
    ("/<string(minlength=4):s>", {}, "GET", "/abc", "bounds", "wants at least 4"),
    ("/<string(maxlength=2):s>", {}, "GET", "/abc", "bounds", "takes 2 at most"),
    ("/<name>.json", {}, "GET", "/a.xml", "form", '"a.xml", which has not the form "<name>.json"'),
    ("/<path:p>/edit", {}, "GET", "/a/b", "form", '"a/b", which has not the form "<path:p>/edit"'),
    (
        "/a/",
        {},
        "GET",
        "/a",
        "slash",
        "the rule ends with a slash, the path does not (strict_slashes): it redirects to",
    ),
    ("/a", {}, "GET", "/a/", "slash", "the path ends with a slash, the rule does not"),
    ("/a/b", {}, "GET", "/a//b", "doubled slashes", "(merge_slashes): it redirects to http://localhost/a/b"),
    ("/a/b", {"merge_slashes": False}, "GET", "/a//b", "doubled slashes", "this rule does not merge them"),
    ("/a", {}, "DELETE", "/a", "method", "it answers GET, HEAD, OPTIONS, not DELETE"),
    ("/a/", {}, "DELETE", "/a", "method", "not DELETE"),
    ("/a", {"websocket": True}, "GET", "/a", "websocket", "it is for WebSockets, and this is an HTTP request"),
    ("/a", {"build_only": True}, "GET", "/a", "build only", "never matches"),
    ("/a", {"subdomain": "api"}, "GET", "/a", "host", 'the subdomain is "", the rule wants "api"'),
    ("/old/<x>", {"redirect_to": "new/<x>"}, "GET", "/old/1", "redirect_to", "redirects to http://localhost/new/1"),
]


@pytest.mark.parametrize(("rule", "options", "method", "path", "kind", "part"), REASONS)
def test_the_reason_says_what_keeps_the_rule_from_answering(
    rule: str, options: dict[str, Any], method: str, path: str, kind: str, part: str
) -> None:
    explained = why(app_with(rule, **options), method, path)

    assert explained.rule is None
    assert only(explained).kind == kind and part in only(explained).reason


def test_more_than_ten_kinds_of_reasons_are_told_apart() -> None:
    assert len({kind for *_, kind, _ in REASONS}) >= 10


@pytest.mark.parametrize(
    ("first", "second", "path", "part"),
    [
        ("/new", "/<name>", "/new", 'a literal segment ("new") goes before a converter'),
        ("/<int:n>", "/<name>", "/1", "its converter goes before this one's"),
        ("/<a>", "/<b>", "/x", "the pattern is the same, and it was added first"),
        ("/<a>/", "/<path:b>", "/x/", "its converter goes before this one's"),
    ],
)
def test_a_rule_that_fits_too_is_told_which_rule_shadows_it(first: str, second: str, path: str, part: str) -> None:
    explained = why(app_with(first, second), "GET", path)

    assert explained.rule == first
    assert only(explained).kind == "shadowed"
    assert f'"{first}" is met first' in only(explained).reason and part in only(explained).reason


def test_a_converter_that_refuses_late_ends_the_search_for_all() -> None:
    app = app_with("/<int(max=5):n>", "/<name>")

    refusing, shadowed = why(app, "GET", "/9").others

    assert app.test_client().get("/9").status_code == 404
    assert refusing.kind == "bounds" and "no other rule is tried after it" in refusing.reason
    assert shadowed.rule == "/<name>" and shadowed.kind == "shadowed"


@pytest.mark.parametrize(("rule", "path"), [("/1/", "/1//"), ("/a/b", "/a//b")])
def test_a_rule_that_would_merge_slashes_is_told_which_rule_takes_them_as_they_are(rule: str, path: str) -> None:
    explained = why(app_with(rule, "/<path:rest>"), "GET", path)
    assert explained.rule == "/<path:rest>" and only(explained).kind == "shadowed"
    assert 'but "/<path:rest>" takes them as two' in only(explained).reason
    assert why(app_with(rule), "GET", path).location.endswith(rule)


def test_a_rule_whose_values_are_anothers_defaults_redirects() -> None:
    app = App(__name__, static_folder=None)
    app.add_url_rule("/all", "list", defaults={"page": 1})
    app.add_url_rule("/all/<int:page>", "list", lambda page: "")

    explained = why(app, "GET", "/all/1")

    assert explained.location == "http://localhost/all"
    assert [other.kind for other in explained.others] == ["defaults", "too many segments"]


def test_an_alias_redirects_to_the_rule_that_it_is_an_alias_of() -> None:
    app = App(__name__, static_folder=None)
    app.add_url_rule("/users/", "users", lambda: "")
    app.add_url_rule("/people/", "users", alias=True)

    explained = why(app, "GET", "/people/")

    assert explained.others[0].kind == "alias" and explained.others[0].rule == "/people/"
    assert explained.location == "http://localhost/users/"


def test_another_host_is_a_reason() -> None:
    app = App(__name__, static_folder=None, host_matching=True)
    app.add_url_rule("/", "a", lambda: "", host="shop.test")

    explained = why(app, "GET", "/", host="shop.tset")

    assert only(explained).kind == "host"
    assert only(explained).reason == 'the host is "shop.tset", the rule\'s is "shop.test": did you mean "shop.test"?'
    assert why(app, "GET", "/", host="shop.test").rule == "/"


def test_another_subdomain_is_a_reason() -> None:
    app = App(__name__, static_folder=None, subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.test"
    app.add_url_rule("/", "api", lambda: "", subdomain="api")

    assert why(app, "GET", "/", host="api.shop.test").rule == "/"
    assert 'the subdomain is "", the rule wants "api"' in only(why(app, "GET", "/")).reason


@pytest.mark.parametrize("host", ["a b", "[", "x" * 300])
def test_a_host_that_cannot_be_one_is_refused_before_any_rule_is_asked(host: str) -> None:
    explained = why(app_with("/"), "GET", "/", host=host)

    assert explained.outcome == "400 Bad Request"
    assert only(explained).kind == "host" and "refused before" in only(explained).reason


def test_a_websocket_rule_answers_a_handshake_and_the_others_do_not() -> None:
    app = app_with("/talk")
    app.add_url_rule("/talk", "socket", lambda: "", websocket=True)

    explained = why(app, "GET", "/talk", scheme="wss")

    assert explained.endpoint == "socket"
    assert only(explained).reason == "it is for HTTP requests, and this is a WebSocket"


def test_what_a_converter_of_the_apps_own_raises_is_told() -> None:
    class Broken(BaseConverter):
        def to_python(self, value: str) -> Any:
            raise LookupError("no database")

    app = App(__name__, static_folder=None)
    app.url_map.converters["broken"] = Broken
    app.add_url_rule("/<broken:x>", "x", lambda x: "")

    explained = why(app, "GET", "/1")

    assert explained.outcome == "LookupError, raised while matching"
    assert only(explained).kind == "error" and 'raised LookupError for "1"' in only(explained).reason


def test_a_converter_of_the_apps_own_is_named_with_its_pattern() -> None:
    class Even(BaseConverter):
        regex = "[0-9]+"

        def to_python(self, value: str) -> int:
            if int(value) % 2:
                raise ValidationError
            return int(value)

    app = App(__name__, static_folder=None)
    app.url_map.converters["even"] = Even
    app.add_url_rule("/<even:x>", "x", lambda x: "")

    assert "what the converter in <even:x> takes ([0-9]+)" in only(why(app, "GET", "/x")).reason
    assert 'the value of x: "3" is not what the converter in <even:x>' in only(why(app, "GET", "/3")).reason


def test_the_matched_rule_comes_with_its_view_and_its_arguments() -> None:
    class Item(MethodView):
        def get(self, n: int) -> str:
            return ""

        def put(self, n: int) -> str:
            return ""

    app = App(__name__, static_folder=None)
    app.add_url_rule("/items/<int:n>", view_func=Item.as_view("item"))

    explained = why(app, "PUT", "/items/7")
    line = next(n for n, text in enumerate(Path(__file__).read_text().splitlines(), 1) if "def put" in text)

    assert (explained.rule, explained.endpoint, explained.arguments) == ("/items/<int:n>", "item", {"n": "7"})
    assert explained.where == f"{HERE}:{line}" and explained.view.endswith("Item.put")


def test_automatic_options_run_no_view() -> None:
    assert why(app_with("/"), "OPTIONS", "/").view.endswith(".make_default_options_response")


def test_no_view_runs_and_no_context_is_left() -> None:
    app = App(__name__, static_folder=None)
    ran: list[str] = []

    def runs() -> str:
        ran.append("a hook or a view")
        return ""

    app.before_request(runs)
    app.add_url_rule("/", view_func=runs)

    assert why(app, "GET", "/").rule == "/"
    assert ran == []


def test_near_misses_come_first_and_only_they_are_worth_reading() -> None:
    app = app_with("/about", "/contact", "/products", "/products/<int:n>", "/products/<int:n>/review")

    explained = why(app, "GET", "/products/abc")

    assert explained.near[0].rule == "/products/<int:n>"
    assert "/about" in [other.rule for other in explained.far]
    assert (*explained.near, *explained.far) == explained.others
    assert [other.nearness for other in explained.others] == sorted(
        [o.nearness for o in explained.others], reverse=True
    )


@pytest.mark.xdist_group("cost")
def test_two_hundred_rules_are_explained_within_50_milliseconds() -> None:
    app = app_with(*(f"/section{n % 20}/<int:a>/item{n}/<path:rest>" for n in range(200)))
    why(app, "GET", "/section3/x/item3/y")

    begin = time.process_time()
    explained = why(app, "GET", "/section3/1/itme3/y")
    took = time.process_time() - begin

    assert len(explained.others) == 200
    assert took < 0.05, f"{1000 * took:.1f} ms"


# -- the property --------------------------------------------------------------------------------------------------

# Pieces of rules, with texts that they take or nearly take.
PIECES = {
    "a": ["a"], "b": ["b"], "1": ["1"], "<x>": ["a", "1"], "<int:x>": ["1", "12"], "<int(max=5):x>": ["1", "12"],
    "<int(fixed_digits=2):x>": ["12", "1"], "<float:x>": ["1.5"], "<any(a, ab):x>": ["a", "ab"],
    "<path:x>": ["a", "a/b"],
    "<string(length=2):x>": ["ab", "12"], "a<x>": ["ab"], "<x>.<y>": ["a.b"], "<int:x><y>": ["1a", "12"],
}  # fmt: skip
WORDS = ["", *sorted({text for texts in PIECES.values() for text in texts})]


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    """A rule that Werkzeug accepts, with options."""
    pieces = draw(st.lists(st.sampled_from(sorted(PIECES)), max_size=3))
    named = [piece.replace(":x>", f":x{n}>").replace("<x>", f"<x{n}>").replace("<y>", f"<y{n}>")
             for n, piece in enumerate(pieces)]  # fmt: skip
    text = "/" + "/".join(named) + draw(st.sampled_from(["", "/", "//"]))
    methods = draw(st.sampled_from([None, None, None, ["GET"], ["POST"], ["GET", "PUT"]]))
    switches = st.sampled_from([None, True, False])
    seldom = st.sampled_from([False] * 9 + [True])
    websocket = draw(seldom) and methods in (None, ["GET"])
    return {
        "string": text.replace("///", "//"), "methods": methods, "strict_slashes": draw(switches),
        "merge_slashes": draw(switches), "websocket": websocket, "build_only": draw(seldom), "alias": draw(seldom),
        "endpoint": draw(st.sampled_from(["e0", "e1", "e2", "e3"])),
        "redirect_to": draw(st.sampled_from([None] * 9 + ["target"])),
        "subdomain": draw(st.sampled_from([""] * 8 + ["www", "<int:sub>"])),
    }  # fmt: skip


@st.composite
def rules_and_path(draw: st.DrawFn) -> tuple[list[dict[str, Any]], str]:
    """Some rules, and a path that one of them takes, or would but for its slashes; or any path."""
    made = draw(st.lists(rules(), min_size=1, max_size=6))
    if draw(st.booleans()):
        return made, "/" + "/".join(draw(st.lists(st.sampled_from(WORDS), max_size=4)))
    pieces = [re.sub(r"(?<=[xy])\d(?=>)", "", piece) for piece in draw(st.sampled_from(made))["string"].split("/")]
    slashes = st.sampled_from(["/", "/", "/", "//"])
    path = "".join(draw(slashes) + draw(st.sampled_from(PIECES[piece])) for piece in pieces if piece)
    return made, path + draw(st.sampled_from(["", "/", "//"]))


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    case=rules_and_path(),
    method=st.sampled_from(["GET", "GET", "POST", "HEAD", "OPTIONS", "PUT"]),
    host=st.sampled_from(["shop.test"] * 6 + ["www.shop.test", "7.shop.test"]),
    merge=st.booleans(),
)
def test_the_rule_that_why_names_is_the_rule_that_answers(
    case: tuple[list[dict[str, Any]], str], method: str, host: str, merge: bool
) -> None:
    made, path = case
    app = App(__name__, static_folder=None, subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.test"
    app.testing = True  # what is raised while matching is to be seen
    app.url_map.merge_slashes = merge
    kept = [Rule(**facts) for facts in made]
    for rule in kept:
        app.url_map.add(rule)
    seen: list[Any] = []

    @app.before_request
    def see() -> str:
        seen.append((request.url_rule, request.routing_exception))
        return "seen"

    raised = ""
    try:
        app.test_client().open(method=method, base_url=f"http://{host}/", environ_overrides={"PATH_INFO": path})
    except Exception as error:  # an alias that leads nowhere, for one
        raised = type(error).__name__
    if not seen:
        assert why(app, method, path, host=host).outcome == f"{raised}, raised while matching"
        return
    explained = why(app, method, path, host=host)
    answering, refused = seen[0]

    assert explained.rule == (answering.rule if answering is not None else None)
    assert len(explained.others) == len(kept) - (answering is not None)
    assert all(other.reason and other.kind for other in explained.others)
    if refused is not None:
        assert explained.outcome.startswith(f"{refused.code} ")
        assert explained.location == getattr(refused, "new_url", "")
    _hold_to_each_rule_alone(app, kept, answering, explained, method, path, host)


ENDING = {"shadowed", "redirect_to", "defaults", "alias", "error"}


def _hold_to_each_rule_alone(
    app: App, kept: list[Rule], answering: Any, explained: Explanation, method: str, path: str, host: str
) -> None:
    """What is called shadowed would answer alone; what has another reason would not."""
    listed = _as_listed(app, answering, explained, path)
    for rule, other in zip(_in_order(app, answering), listed, strict=True):
        if rule.merge_slashes is False and "//" in path:
            continue  # alone it may be redirected to: Werkzeug adds a missing slash to the merged path
        alone = App(__name__, static_folder=None, subdomain_matching=True)
        alone.config["SERVER_NAME"] = "shop.test"
        alone.url_map.merge_slashes = app.url_map.merge_slashes
        alone.url_map.redirect_defaults = False
        copy = rule.empty()
        copy.websocket, copy.merge_slashes, copy.redirect_to = rule.websocket, rule.merge_slashes, None
        alone.url_map.add(copy)
        found = why(alone, method, path, host=host)
        answers = found.rule is not None or bool(found.location)
        assert answers == (other.kind in ENDING or "redirects to" in other.reason), (rule, other, found)


def _in_order(app: App, answering: Any) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule is not answering]


def _as_listed(app: App, answering: Any, explained: Explanation, path: str) -> list[Other]:
    """The reasons in the order of the map's rules, though they are told nearest first."""
    asked = request_for(app, explained.method, path, explained.host)
    reason_of = reasons(match(app, asked))
    told = {(other.rule, other.kind, other.reason) for other in explained.others}
    listed = []
    for rule in _in_order(app, answering):
        reason = reason_of(rule)
        assert (rule.rule, reason.kind, reason.sentence) in told
        listed.append(Other(rule.rule, "", (), "", reason.kind, reason.sentence, reason.nearness))
    return listed


@pytest.mark.parametrize(
    ("regex", "path", "wanted"),
    [
        ("0|[1-9][0-9]{0,17}", "/items/abc", "digits, and nothing else"),
        ("0|[1-9][0-9]{0,17}", "/items/01", "0|[1-9][0-9]{0,17}"),
        ("[0-9a-f]+", "/items/xyz", "[0-9a-f]+"),
    ],
)
def test_whole_numbers_of_a_form_of_their_own_are_told_in_words_where_these_are_true(
    regex: str, path: str, wanted: str
) -> None:
    app = App(__name__)
    app.url_map.converters["number"] = type("Number", (IntegerConverter,), {"regex": regex})
    app.add_url_rule("/items/<number:n>", "item", lambda n: str(n))

    (other,) = [other for other in why(app, "GET", path).others if other.endpoint == "item"]

    assert other.reason == f'segment 2: "{path.removeprefix("/items/")}" is not an <number:n>: {wanted}'
