"""Routing: which view answers which request, and what is answered when none does.

Here lives everything decided from the request line and the host; building URLs is in test_url_building.
"""

from typing import Any

import pytest
from werkzeug.routing import BaseConverter, RequestRedirect, ValidationError
from werkzeug.routing.matcher import StateMachineMatcher

METHODS = ["get", "post", "put", "patch", "delete"]


def allowed(response: Any) -> set[str]:
    return set(response.headers["Allow"].split(", "))


@pytest.mark.parametrize("method", METHODS)
def test_shortcut_decorator_answers_its_method(framework: Any, method: str) -> None:
    app = framework.App(__name__)

    @getattr(app, method)("/item")
    def item():
        return framework.request.method

    assert app.test_client().open("/item", method=method.upper()).text == method.upper()


@pytest.mark.parametrize("method", METHODS)
def test_shortcut_decorator_answers_no_other_method(framework: Any, method: str) -> None:
    app = framework.App(__name__)

    @getattr(app, method)("/item")
    def item():
        return "never"

    for other in set(METHODS) - {method}:
        assert app.test_client().open("/item", method=other.upper()).status_code == 405


@pytest.mark.parametrize("method", METHODS)
def test_shortcut_decorator_refuses_a_list_of_methods(framework: Any, method: str) -> None:
    app = framework.App(__name__)
    with pytest.raises(TypeError):
        getattr(app, method)("/item", methods=["GET"])


@pytest.mark.parametrize("methods", [["GET", "POST"], ("get", "post"), {"Get", "pOST"}])
def test_route_takes_any_collection_of_methods_in_any_case(framework: Any, methods: Any) -> None:
    app = framework.App(__name__)

    @app.route("/both", methods=methods)
    def both():
        return framework.request.method

    client = app.test_client()
    assert (client.get("/both").text, client.post("/both").text) == ("GET", "POST")
    assert client.put("/both").status_code == 405


def test_route_without_methods_answers_get(framework: Any) -> None:
    app = framework.App(__name__)
    app.route("/")(lambda: "read")
    client = app.test_client()
    assert client.get("/").text == "read"
    assert client.post("/").status_code == 405


def test_methods_as_one_string_is_refused(framework: Any) -> None:
    app = framework.App(__name__)
    with pytest.raises(TypeError, match="methods"):
        app.add_url_rule("/", "index", lambda: "", methods="POST")


def test_add_url_rule_takes_the_endpoint_from_the_function(framework: Any) -> None:
    app = framework.App(__name__)

    def basket():
        return framework.request.endpoint

    app.add_url_rule("/basket", view_func=basket)
    assert app.test_client().get("/basket").text == "basket"
    assert app.view_functions["basket"] is basket


def test_rule_and_view_may_be_added_apart(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/late", endpoint="late")

    @app.endpoint("late")
    def anything():
        return "bound by endpoint"

    assert app.test_client().get("/late").text == "bound by endpoint"


def test_view_functions_may_be_filled_directly(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/direct", endpoint="direct")
    app.view_functions["direct"] = lambda: "from the table"
    assert app.test_client().get("/direct").text == "from the table"


def test_view_functions_may_be_replaced_between_requests(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "index", lambda: "old")
    client = app.test_client()
    assert client.get("/").text == "old"
    app.view_functions["index"] = lambda: "new"
    assert client.get("/").text == "new"


def test_one_endpoint_cannot_have_two_functions(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/one", "same", lambda: "1")
    with pytest.raises(AssertionError, match="same"):
        app.add_url_rule("/two", "same", lambda: "2")


def test_one_function_may_have_many_rules(framework: Any) -> None:
    app = framework.App(__name__)

    @app.route("/")
    @app.route("/index")
    @app.get("/home/<name>")
    def index(name="nobody"):
        return name

    client = app.test_client()
    assert [client.get(path).text for path in ("/", "/index", "/home/ann")] == ["nobody", "nobody", "ann"]


def test_methods_attribute_of_the_view_is_used(framework: Any) -> None:
    app = framework.App(__name__)

    def save():
        return framework.request.method

    save.methods = ["PUT"]
    app.add_url_rule("/save", view_func=save)
    client = app.test_client()
    assert client.put("/save").text == "PUT"
    assert client.get("/save").status_code == 405


def test_required_methods_of_the_view_are_added(framework: Any) -> None:
    app = framework.App(__name__)

    def extra():
        return framework.request.method

    extra.required_methods = ["TRACE"]
    app.add_url_rule("/extra", view_func=extra, methods=["GET"])
    assert app.test_client().open("/extra", method="TRACE").text == "TRACE"


@pytest.mark.parametrize("rule", ["", "no-slash", "<path:p>"])
def test_rule_must_start_with_a_slash(framework: Any, rule: str) -> None:
    app = framework.App(__name__)
    with pytest.raises(ValueError, match="slash"):
        app.add_url_rule(rule, "bad", lambda: "")


@pytest.mark.parametrize("rule", ["/<int:n", "/<nosuch:n>", "/<string(length='x'):n>", "/<any(a:n>"])
def test_malformed_rules_are_refused_at_setup(framework: Any, rule: str) -> None:
    app = framework.App(__name__)
    with pytest.raises((ValueError, LookupError)):
        app.add_url_rule(rule, "bad", lambda **_: "")


@pytest.mark.parametrize(
    ("subdomain", "rule", "error"),
    [
        ("", "/<name>/<name>", SyntaxError), ("", "/<name>-<int:name>", SyntaxError), ("", "/<None>", ValueError),
        ("<name>", "/<name>", SyntaxError), ("", "/<__debug__>", SyntaxError),
    ],
)  # fmt: skip
def test_variables_of_a_rule_have_names_of_their_own(
    framework: Any, subdomain: str, rule: str, error: type[Exception]
) -> None:
    app = framework.App(__name__, subdomain_matching=True)
    app.config["SERVER_NAME"] = "localhost"
    with pytest.raises(error):
        app.add_url_rule(rule, "view", lambda **values: f"{values}", subdomain=subdomain)
    path = rule.replace("<int:name>", "1").replace("<", "").replace(">", "")
    assert app.test_client().get(path, subdomain=subdomain and "name").status_code == 404


@pytest.mark.parametrize(
    ("rule", "path", "expected"),
    [
        ("/<v>", "/plain", "'plain'"),
        ("/<string:v>", "/with%20space", "'with space'"),
        ("/<string(length=3):v>", "/abc", "'abc'"),
        ("/<string(minlength=2, maxlength=4):v>", "/abcd", "'abcd'"),
        ("/<int:v>", "/0", "0"),
        ("/<int:v>", "/0042", "42"),
        ("/<int(fixed_digits=4):v>", "/0042", "42"),
        ("/<int(min=5, max=9):v>", "/7", "7"),
        ("/<int(signed=True):v>", "/-3", "-3"),
        ("/<float:v>", "/1.50", "1.5"),
        ("/<float(signed=True):v>", "/-0.25", "-0.25"),
        ("/<path:v>", "/a/b/c.txt", "'a/b/c.txt'"),
        ("/<any(red, green):v>", "/green", "'green'"),
        ("/<any('with space', b):v>", "/with%20space", "'with space'"),
        ("/<uuid:v>", "/9f0e57e6-6a58-4f4c-a2a1-0c7b3b3c7f11", "UUID('9f0e57e6-6a58-4f4c-a2a1-0c7b3b3c7f11')"),
        ("/a<v>z", "/aMz", "'M'"),
        ("/<v>.json", "/doc.json", "'doc'"),
        ("/<path:v>/edit", "/a/b/edit", "'a/b'"),
        ("/<v>", "/%E6%97%A5%E6%9C%AC", "'日本'"),
        ("/<v>", "/%FF", "'\N{REPLACEMENT CHARACTER}'"),
        ("/<path:v>", "/a%2Fb", "'a/b'"),
    ],
)
def test_converter_hands_the_view_a_value(framework: Any, rule: str, path: str, expected: str) -> None:
    app = framework.App(__name__)
    app.add_url_rule(rule, "show", lambda v: repr(v))
    assert app.test_client().get(path).text == expected


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("/<string(length=3):v>", "/abcd"),
        ("/<string(maxlength=2):v>", "/abc"),
        ("/<int:v>", "/-1"),
        ("/<int:v>", "/x"),
        ("/<int:v>", "/1.0"),
        pytest.param("/<int:v>", "/" + "9" * 5000, id="5000-digits"),
        ("/<int(fixed_digits=4):v>", "/42"),
        ("/<int(min=5):v>", "/4"),
        ("/<float:v>", "/1"),
        ("/<any(red, green):v>", "/blue"),
        ("/<uuid:v>", "/9f0e57e6"),
        ("/<v>", "/a/b"),
        ("/<v>", "/"),
        ("/<v>", "/a%2Fb"),
        ("/fixed", "/Fixed"),
        ("/fixed", "/fixed/"),
    ],
)
def test_value_out_of_shape_is_404(framework: Any, rule: str, path: str) -> None:
    app = framework.App(__name__)
    app.add_url_rule(rule, "show", lambda v=None: "matched")
    assert app.test_client().get(path).status_code == 404


def test_own_converter_reads_and_writes(framework: Any) -> None:
    class Tags(BaseConverter):
        def to_python(self, value):
            return value.split("+")

        def to_url(self, value):
            return "+".join(value)

    app = framework.App(__name__)
    app.url_map.converters["tags"] = Tags
    app.add_url_rule("/<tags:tags>", "show", lambda tags: framework.url_for("show", tags=list(reversed(tags))))
    assert app.test_client().get("/a+b+c").text == "/c+b+a"


def test_own_converter_may_refuse_a_value(framework: Any) -> None:
    class Even(BaseConverter):
        regex = r"\d+"

        def to_python(self, value):
            if int(value) % 2:
                raise ValidationError
            return int(value)

    app = framework.App(__name__)
    app.url_map.converters["even"] = Even
    app.add_url_rule("/<even:n>", "show", lambda n: str(n))
    client = app.test_client()
    assert (client.get("/4").text, client.get("/5").status_code) == ("4", 404)


def test_own_converter_runs_with_the_app_context(framework: Any) -> None:
    class Named(BaseConverter):
        def to_python(self, value):
            return f"{framework.current_app.config['PREFIX']}{value}"

    app = framework.App(__name__)
    app.config["PREFIX"] = "item-"
    app.url_map.converters["named"] = Named
    app.add_url_rule("/<named:n>", "show", lambda n: n)
    assert app.test_client().get("/7").text == "item-7"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/me", "me"),
        ("/42", "int"),
        ("/1.5", "float"),
        ("/anyone", "string"),
        ("/deep/er", "path"),
        ("/deep/42", "two"),
    ],
)
def test_more_particular_rule_wins_whatever_the_order(framework: Any, path: str, expected: str) -> None:
    app = framework.App(__name__)
    rules = {"path": "/<path:v>", "string": "/<v>", "float": "/<float:v>", "int": "/<int:v>", "me": "/me"}
    for endpoint, rule in rules.items():
        app.add_url_rule(rule, endpoint, lambda v=None: framework.request.endpoint)
    app.add_url_rule("/deep/<int:v>", "two", lambda v: framework.request.endpoint)
    assert app.test_client().get(path).text == expected


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/users/page/1", "/users/"),
        ("/users/page/1?q=a%20b", "/users/?q=a%20b"),
        ("/users", "/users/"),
        ("/users?x=1", "/users/?x=1"),
        ("/users//page/2", "/users/page/2"),
        ("/users///page//2", "/users/page/2"),
    ],
)
def test_there_is_one_address_for_each_page(framework: Any, path: str, location: str) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/users/", "users", lambda page: str(page), defaults={"page": 1})
    app.add_url_rule("/users/page/<int:page>", "users", app.view_functions["users"])
    response = app.test_client().get(path, base_url="http://localhost/")
    assert response.status_code == 308
    assert response.headers["Location"] == f"http://localhost{location}"


def test_defaults_reach_the_view(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/fixed", "fixed", lambda page, size: f"{page}/{size}", defaults={"page": 3, "size": 10})
    assert app.test_client().get("/fixed").text == "3/10"


@pytest.mark.parametrize(
    ("rule", "path", "strict", "status"),
    [
        ("/folder/", "/folder/", True, 200),
        ("/folder/", "/folder", True, 308),
        ("/folder/", "/folder", False, 200),
        ("/file", "/file", True, 200),
        ("/file", "/file/", True, 404),
        ("/file", "/file/", False, 200),
        ("/<v>/", "/x", True, 308),
        ("/<v>/", "/x", False, 200),
    ],
)
def test_trailing_slash(framework: Any, rule: str, path: str, strict: bool, status: int) -> None:
    app = framework.App(__name__)
    app.add_url_rule(rule, "show", lambda v=None: "ok", strict_slashes=strict)
    assert app.test_client().get(path).status_code == status


def test_strict_slashes_may_be_set_for_the_whole_map(framework: Any) -> None:
    app = framework.App(__name__)
    app.url_map.strict_slashes = False
    app.add_url_rule("/file", "file", lambda: "ok")
    app.add_url_rule("/folder/", "folder", lambda: "ok")
    client = app.test_client()
    assert (client.get("/file/").text, client.get("/folder").text) == ("ok", "ok")


def test_slashes_are_kept_when_merging_is_off(framework: Any) -> None:
    app = framework.App(__name__)
    app.url_map.merge_slashes = False
    app.add_url_rule("/<path:v>", "show", lambda v: v)
    assert app.test_client().get("/a//b").text == "a//b"


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
def test_slash_redirect_keeps_method_and_body(framework: Any, method: str, debug: bool) -> None:
    app = framework.App(__name__)
    app.debug = debug
    app.add_url_rule("/folder/", "folder", lambda: framework.request.get_data(), methods=["GET", "POST", "PUT"])
    body = b"kept" if method in {"POST", "PUT"} else b""
    response = app.test_client().open("/folder", method=method, data=body, follow_redirects=True)
    assert (response.status_code, response.data) == (200, body)
    assert len(response.history) == 1


def test_debug_mode_explains_a_redirect_that_loses_the_form(framework: Any) -> None:
    app = framework.App(__name__)
    app.testing = app.debug = True

    @app.before_request
    def lose_the_form():
        framework.request.routing_exception = RequestRedirect("http://localhost/folder/")
        framework.request.routing_exception.code = 301

    with pytest.raises(AssertionError, match="http://localhost/folder/"):
        app.test_client().post("/folder", data={"name": "lost"})


@pytest.mark.parametrize("target", ["new/<n>", lambda adapter, n: f"new/{n}"])
def test_rule_may_redirect_elsewhere(framework: Any, target: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/old/<int:n>", "old", redirect_to=target)
    response = app.test_client().get("/old/7")
    assert (response.status_code, response.headers["Location"]) == (308, "http://localhost/new/7")


def test_alias_redirects_to_the_canonical_rule(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/canonical", "page", lambda: "ok")
    app.add_url_rule("/alias", "page", alias=True)
    response = app.test_client().get("/alias")
    assert (response.status_code, response.headers["Location"]) == (308, "http://localhost/canonical")


def test_build_only_rule_never_matches(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/cdn/<name>", "cdn", build_only=True)
    app.add_url_rule("/", "index", lambda: framework.url_for("cdn", name="x"))
    client = app.test_client()
    assert (client.get("/").text, client.get("/cdn/x").status_code) == ("/cdn/x", 404)


def test_head_runs_the_get_view_and_sends_no_body(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/page", "page", lambda: f"seen by {framework.request.method}")
    client = app.test_client()
    head, get = client.head("/page"), client.get("/page")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len("seen by HEAD"))
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


def test_head_has_no_view_where_get_has_none(framework: Any) -> None:
    app = framework.App(__name__)
    app.post("/form")(lambda: "saved")
    assert app.test_client().head("/form").status_code == 405


def test_own_head_view_is_preferred(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/page", "head", lambda: ("", {"X-From": "head"}), methods=["HEAD"])
    app.add_url_rule("/page", "get", lambda: ("body", {"X-From": "get"}))
    client = app.test_client()
    assert (client.head("/page").headers["X-From"], client.get("/page").headers["X-From"]) == ("head", "get")


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        (None, {"GET", "HEAD", "OPTIONS"}),
        (["GET"], {"GET", "HEAD", "OPTIONS"}),
        (["POST"], {"POST", "OPTIONS"}),
        (["GET", "PUT", "DELETE"], {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}),
    ],
)
def test_options_is_answered_by_itself(framework: Any, methods: Any, expected: set[str]) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/page", "page", lambda: "never called", methods=methods)
    response = app.test_client().options("/page")
    assert (response.status_code, response.data) == (200, b"")
    assert allowed(response) == expected


def test_options_names_the_methods_of_every_rule_of_the_path(framework: Any) -> None:
    app = framework.App(__name__)
    app.get("/page", endpoint="read")(lambda: "read")
    app.delete("/page", endpoint="drop")(lambda: "drop")
    assert allowed(app.test_client().options("/page")) == {"GET", "HEAD", "DELETE", "OPTIONS"}


@pytest.mark.raw_wsgi
def test_options_in_lower_case_are_answered_by_itself_too(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: "called")
    response = app.test_client().open("/", environ_overrides={"REQUEST_METHOD": "options"})
    assert (response.text, response.allow.to_header() != "") == ("", True)


def test_options_of_an_unknown_path_is_404(framework: Any) -> None:
    assert framework.App(__name__).test_client().options("/nowhere").status_code == 404


def test_own_options_view_is_called(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/page", "page", lambda: "mine", methods=["GET", "OPTIONS"])
    assert app.test_client().options("/page").text == "mine"


def test_automatic_options_can_be_switched_off_for_a_rule(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/page", "page", lambda: "", provide_automatic_options=False)
    response = app.test_client().options("/page")
    assert (response.status_code, allowed(response)) == (405, {"GET", "HEAD"})


def test_automatic_options_can_be_switched_off_for_the_app(framework: Any) -> None:
    app = framework.App(__name__)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.add_url_rule("/page", "page", lambda: "")
    app.add_url_rule("/still", "still", lambda: "", provide_automatic_options=True, methods=["GET", "OPTIONS"])
    client = app.test_client()
    assert (client.options("/page").status_code, client.options("/still").status_code) == (405, 200)
    assert allowed(client.options("/still")) == {"GET", "HEAD", "OPTIONS"}


def test_automatic_options_can_be_switched_off_by_the_view(framework: Any) -> None:
    app = framework.App(__name__)

    def page():
        return "mine"

    page.provide_automatic_options = False
    page.methods = ["GET", "OPTIONS"]
    app.add_url_rule("/page", view_func=page)
    assert app.test_client().options("/page").text == "mine"


@pytest.mark.parametrize(
    ("rules", "method", "expected"),
    [
        ([["GET"]], "POST", {"GET", "HEAD", "OPTIONS"}),
        ([["POST"]], "GET", {"POST", "OPTIONS"}),
        ([["GET"], ["POST"]], "DELETE", {"GET", "HEAD", "POST", "OPTIONS"}),
        ([["PUT", "PATCH"], ["DELETE"]], "GET", {"PUT", "PATCH", "DELETE", "OPTIONS"}),
    ],
)
@pytest.mark.parametrize("path", ["/page", "/by/7"])
def test_405_names_the_allowed_methods(framework: Any, rules: Any, method: str, expected: set[str], path: str) -> None:
    app = framework.App(__name__)
    for number, methods in enumerate(rules):
        app.add_url_rule("/page", f"page{number}", lambda: "", methods=methods)
        app.add_url_rule("/by/<int:n>", f"by{number}", lambda n: "", methods=methods)
    response = app.test_client().open(path, method=method)
    assert (response.status_code, allowed(response)) == (405, expected)


@pytest.mark.parametrize("path", ["/nowhere", "/page/more", "/PAGE", "/.well-known/x", "/%00", "/\N{SNOWMAN}"])
def test_unknown_path_is_404_with_a_page(framework: Any, path: str) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/page", "page", lambda: "")
    response = app.test_client().get(path)
    assert (response.status_code, response.mimetype) == (404, "text/html")
    assert "<title>404 Not Found</title>" in response.text


@pytest.mark.raw_wsgi
@pytest.mark.parametrize(("prefix", "location"), [("", "http://localhost/"), ("/app", "http://localhost/app/")])
def test_empty_path_is_redirected_to_the_root(framework: Any, prefix: str, location: str) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "root", lambda: "root")
    environ = {"PATH_INFO": "", "SCRIPT_NAME": prefix}
    response = app.test_client().get("/", environ_overrides=environ)
    assert (response.status_code, response.headers.get("Location")) == (308, location)


@pytest.mark.parametrize(
    ("rule", "path"), [("/straße", "/stra%C3%9Fe"), ("/日/<v>", "/%E6%97%A5/x"), ("/a b", "/a%20b"), ("/a+b", "/a+b")]
)
def test_unicode_and_odd_characters_in_rules(framework: Any, rule: str, path: str) -> None:
    app = framework.App(__name__)
    app.add_url_rule(rule, "page", lambda v=None: framework.request.path)
    assert app.test_client().get(path).status_code == 200


def test_the_request_knows_how_it_was_routed(framework: Any) -> None:
    app = framework.App(__name__)

    @app.get("/user/<int:number>")
    def user(number):
        request = framework.request
        return {
            "rule": request.url_rule.rule,
            "endpoint": request.endpoint,
            "args": request.view_args,
            "blueprint": request.blueprint,
            "blueprints": request.blueprints,
            "exception": request.routing_exception,
        }

    assert app.test_client().get("/user/42").json == {
        "rule": "/user/<int:number>",
        "endpoint": "user",
        "args": {"number": 42},
        "blueprint": None,
        "blueprints": [],
        "exception": None,
    }


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/page", 405)])
def test_unrouted_request_has_no_endpoint_but_runs_the_hooks(framework: Any, path: str, status: int) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/page", "page", lambda: "", methods=["PUT"])
    seen = []

    @app.before_request
    def look():
        request = framework.request
        seen.append((request.endpoint, request.url_rule, request.view_args, request.routing_exception.code))

    assert app.test_client().get(path).status_code == status
    assert seen == [(None, None, None, status)]


def test_before_request_may_answer_for_an_unknown_path(framework: Any) -> None:
    app = framework.App(__name__)
    app.before_request(lambda: "rescued")
    assert app.test_client().get("/nowhere").text == "rescued"


def test_request_before_and_after_more_rules(framework: Any) -> None:
    app = framework.App(__name__)
    app.url_map.add(app.url_rule_class("/extra", endpoint="extra"))
    app.view_functions["extra"] = lambda: "extra"
    client = app.test_client()
    assert client.get("/extra").text == "extra"
    app.url_map.add(app.url_rule_class("/later", endpoint="extra"))
    assert client.get("/later").text == "extra"
    assert client.get("/extra").text == "extra"


def taken_by_flag(app: Any) -> None:
    """The way that is passed on among developers: out of the lists, then the flag that the map has to be sorted."""
    app.url_map._rules_by_endpoint.pop("gone")
    app.url_map._matcher = matcher_without_gone(app.url_map)
    app.url_map._remap = True


def taken_by_lists(app: Any) -> None:
    url_map = app.url_map
    url_map._rules_by_endpoint = {k: rules for k, rules in url_map._rules_by_endpoint.items() if k != "gone"}
    url_map._matcher = matcher_without_gone(url_map)
    url_map._matcher.update()


def taken_by_new_map(app: Any) -> None:
    app.url_map = app.url_map_class([rule.empty() for rule in app.url_map.iter_rules() if rule.endpoint != "gone"])


def matcher_without_gone(url_map: Any) -> StateMachineMatcher:
    matcher = StateMachineMatcher(url_map.merge_slashes)
    for rule in url_map.iter_rules():
        if rule.endpoint != "gone":
            matcher.add(rule)
    return matcher


@pytest.mark.parametrize("take_away", [taken_by_flag, taken_by_lists, taken_by_new_map])
@pytest.mark.parametrize("path", ["/gone", "/gone/1", "/deep/x/gone/y"])
def test_rule_that_is_taken_away_between_requests_is_gone(framework: Any, take_away: Any, path: str) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "index", lambda: "index")
    app.add_url_rule("/gone", "gone", lambda **values: framework.url_for("gone"))
    app.add_url_rule("/gone/<number>", "gone")
    app.add_url_rule("/deep/<a>/gone/<b>", "gone")
    app.add_url_rule("/link", "link", lambda: framework.url_for("gone", _external=False))
    client = app.test_client()
    assert (client.get(path).text, client.get("/link").text) == ("/gone", "/gone")

    take_away(app)
    assert client.get(path).status_code == 404
    assert client.get("/").text == "index"
    assert client.get("/link").status_code == 500


def test_change_of_a_rule_counts_once_its_map_is_told(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/page", "page", lambda **values: f"{values}", methods=["GET", "POST"])
    client = app.test_client()
    assert client.get("/page").text == "{}"

    rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == "page")
    rule.methods.discard("GET")
    rule.defaults = {"page": 1}
    app.url_map._remap = True
    app.url_map.update()
    assert client.get("/page").status_code == 405
    assert client.post("/page").text == "{'page': 1}"
