"""Blueprints: registering, nesting, naming, their own folders, hooks and handlers, and set-up that comes too late.

Error handlers' order of precedence is in test_errors; templates' in test_templating.
"""

import pathlib
from typing import Any

import pytest


def blueprint_with(framework: Any, name: str, **options: Any) -> Any:
    """A blueprint with one view at `/view` that tells how it was reached."""
    blueprint = framework.Blueprint(name, __name__, **options)

    @blueprint.route("/view")
    def view(**values):
        request = framework.request
        return {
            "endpoint": request.endpoint,
            "blueprint": request.blueprint,
            "all": request.blueprints,
            "values": values,
        }

    return blueprint


@pytest.mark.parametrize(
    ("made_with", "registered_with", "path"),
    [
        ({}, {}, "/view"),
        ({"url_prefix": "/p"}, {}, "/p/view"),
        ({"url_prefix": "/p/"}, {}, "/p/view"),
        ({}, {"url_prefix": "/q"}, "/q/view"),
        ({"url_prefix": "/p"}, {"url_prefix": "/q"}, "/q/view"),
        ({"url_prefix": "/p"}, {"url_prefix": None}, "/p/view"),
        ({"url_prefix": "/p"}, {"url_prefix": ""}, "/view"),
        ({"url_prefix": "/<int:n>"}, {}, "/7/view"),
        ({"url_prefix": "/a/b"}, {}, "/a/b/view"),
    ],
)
def test_url_prefix(framework: Any, made_with: Any, registered_with: Any, path: str) -> None:
    app = framework.App(__name__)
    app.register_blueprint(blueprint_with(framework, "bp", **made_with), **registered_with)
    assert app.test_client().get(path).json["endpoint"] == "bp.view"


def test_rule_without_a_path_is_the_prefix_itself(framework: Any) -> None:
    app = framework.App(__name__)
    blueprint = framework.Blueprint("bp", __name__, url_prefix="/items")
    blueprint.add_url_rule("", "all", lambda: "all")
    blueprint.add_url_rule("/", "slash", lambda: "slash")
    app.register_blueprint(blueprint)
    client = app.test_client()
    assert (client.get("/items").text, client.get("/items/").text) == ("all", "slash")


def test_url_defaults_of_a_registration(framework: Any) -> None:
    app = framework.App(__name__)
    blueprint = blueprint_with(framework, "bp", url_defaults={"a": 1, "b": 1})
    app.register_blueprint(blueprint, url_prefix="/one")
    app.register_blueprint(blueprint, url_prefix="/two", url_defaults={"b": 2}, name="two")
    client = app.test_client()
    assert client.get("/one/view").json["values"] == {"a": 1, "b": 1}
    assert client.get("/two/view").json["values"] == {"a": 1, "b": 2}


@pytest.mark.parametrize(("made_with", "registered_with"), [({"subdomain": "api"}, {}), ({}, {"subdomain": "api"})])
def test_subdomain(framework: Any, made_with: Any, registered_with: Any) -> None:
    app = framework.App(__name__, subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    app.register_blueprint(blueprint_with(framework, "bp", **made_with), **registered_with)
    client = app.test_client()
    assert client.get("/view", base_url="http://api.shop.example").status_code == 200
    assert client.get("/view", base_url="http://shop.example").status_code == 404


def test_nested_blueprints(framework: Any) -> None:
    app = framework.App(__name__)
    parent = blueprint_with(framework, "parent", url_prefix="/parent")
    child = blueprint_with(framework, "child", url_prefix="/child")
    grandchild = blueprint_with(framework, "grand", url_prefix="/grand")
    child.register_blueprint(grandchild)
    parent.register_blueprint(child)
    app.register_blueprint(parent)
    assert app.test_client().get("/parent/child/grand/view").json == {
        "endpoint": "parent.child.grand.view",
        "blueprint": "parent.child.grand",
        "all": ["parent.child.grand", "parent.child", "parent"],
        "values": {},
    }
    assert set(app.blueprints) == {"parent", "parent.child", "parent.child.grand"}


@pytest.mark.parametrize(
    ("parent_prefix", "child_prefix", "registered", "path"),
    [
        ("/p", "/c", {}, "/p/c/view"),
        ("/p", None, {}, "/p/view"),
        (None, "/c", {}, "/c/view"),
        ("/p", "/c", {"url_prefix": "/x"}, "/p/x/view"),
        ("/p/", "/c/", {}, "/p/c/view"),
    ],
)
def test_prefixes_of_nested_blueprints_are_joined(
    framework: Any, parent_prefix: Any, child_prefix: Any, registered: Any, path: str
) -> None:
    app = framework.App(__name__)
    parent = framework.Blueprint("parent", __name__, url_prefix=parent_prefix)
    parent.register_blueprint(blueprint_with(framework, "child", url_prefix=child_prefix), **registered)
    app.register_blueprint(parent)
    assert app.test_client().get(path).json["endpoint"] == "parent.child.view"


@pytest.mark.parametrize(("parent", "child", "host"), [("a", None, "a"), (None, "b", "b"), ("a", "b", "b.a")])
def test_subdomains_of_nested_blueprints_are_joined(framework: Any, parent: Any, child: Any, host: str) -> None:
    app = framework.App(__name__, subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    outer = framework.Blueprint("outer", __name__, subdomain=parent)
    outer.register_blueprint(blueprint_with(framework, "inner", subdomain=child))
    app.register_blueprint(outer)
    assert app.test_client().get("/view", base_url=f"http://{host}.shop.example").status_code == 200


def test_child_is_named_anew_when_nested_twice(framework: Any) -> None:
    app = framework.App(__name__)
    child = blueprint_with(framework, "child")
    for name in ("one", "two"):
        parent = framework.Blueprint(name, __name__, url_prefix=f"/{name}")
        parent.register_blueprint(child)
        app.register_blueprint(parent)
    client = app.test_client()
    assert [client.get(f"/{name}/view").json["endpoint"] for name in ("one", "two")] == [
        "one.child.view",
        "two.child.view",
    ]


def test_blueprint_may_be_registered_twice_under_two_names(framework: Any) -> None:
    app = framework.App(__name__)
    blueprint = blueprint_with(framework, "bp")
    app.register_blueprint(blueprint, url_prefix="/a")
    app.register_blueprint(blueprint, url_prefix="/b", name="other")
    client = app.test_client()
    assert [client.get(f"/{p}/view").json["blueprint"] for p in "ab"] == ["bp", "other"]
    assert app.blueprints == {"bp": blueprint, "other": blueprint}


@pytest.mark.parametrize("same", [True, False])
def test_name_that_is_taken_is_an_error(framework: Any, same: bool) -> None:
    app = framework.App(__name__)
    first = framework.Blueprint("bp", __name__)
    second = first if same else framework.Blueprint("bp", __name__)
    app.register_blueprint(first)
    with pytest.raises(ValueError, match="bp"):
        app.register_blueprint(second)


@pytest.mark.parametrize("name", ["", "with.dot"])
def test_name_without_sense_is_an_error(framework: Any, name: str) -> None:
    with pytest.raises(ValueError):
        framework.Blueprint(name, __name__)


def test_name_with_a_dot_given_when_registering_is_that_of_a_nested_blueprint(framework: Any) -> None:
    app = framework.App(__name__)
    app.register_blueprint(blueprint_with(framework, "bp"), name="a.b")
    assert app.test_client().get("/view").json["all"] == ["a.b", "a"]


@pytest.mark.parametrize(
    "call", [lambda bp: bp.add_url_rule("/x", "a.b", lambda: ""), lambda bp: bp.add_url_rule("/x", view_func=dotted())]
)
def test_endpoint_of_a_blueprint_has_no_dot(framework: Any, call: Any) -> None:
    with pytest.raises(ValueError, match="dot|'\\.'"):
        call(framework.Blueprint("bp", __name__))


def dotted() -> Any:
    def view() -> str:
        return ""

    view.__name__ = "with.dot"
    return view


def test_blueprint_cannot_be_registered_in_itself(framework: Any) -> None:
    blueprint = framework.Blueprint("bp", __name__)
    with pytest.raises(ValueError):
        blueprint.register_blueprint(blueprint)


LATE = {
    "route": lambda bp: bp.route("/late"),
    "add_url_rule": lambda bp: bp.add_url_rule("/late", "late"),
    "get": lambda bp: bp.get("/late")(lambda: ""),
    "endpoint": lambda bp: bp.endpoint("late")(lambda: ""),
    "before_request": lambda bp: bp.before_request(lambda: None),
    "after_request": lambda bp: bp.after_request(lambda r: r),
    "teardown_request": lambda bp: bp.teardown_request(lambda e: None),
    "before_app_request": lambda bp: bp.before_app_request(lambda: None),
    "after_app_request": lambda bp: bp.after_app_request(lambda r: r),
    "teardown_app_request": lambda bp: bp.teardown_app_request(lambda e: None),
    "context_processor": lambda bp: bp.context_processor(dict),
    "app_context_processor": lambda bp: bp.app_context_processor(dict),
    "errorhandler": lambda bp: bp.errorhandler(404)(lambda e: ""),
    "register_error_handler": lambda bp: bp.register_error_handler(404, lambda e: ""),
    "app_errorhandler": lambda bp: bp.app_errorhandler(404)(lambda e: ""),
    "url_value_preprocessor": lambda bp: bp.url_value_preprocessor(lambda e, v: None),
    "url_defaults": lambda bp: bp.url_defaults(lambda e, v: None),
    "app_url_value_preprocessor": lambda bp: bp.app_url_value_preprocessor(lambda e, v: None),
    "app_url_defaults": lambda bp: bp.app_url_defaults(lambda e, v: None),
    "app_template_filter": lambda bp: bp.app_template_filter()(str),
    "app_template_test": lambda bp: bp.app_template_test()(bool),
    "app_template_global": lambda bp: bp.app_template_global()(str),
    "add_app_template_filter": lambda bp: bp.add_app_template_filter(str),
    "add_app_template_test": lambda bp: bp.add_app_template_test(bool),
    "add_app_template_global": lambda bp: bp.add_app_template_global(str),
    "record": lambda bp: bp.record(lambda state: None),
    "record_once": lambda bp: bp.record_once(lambda state: None),
    "register_blueprint": lambda bp: bp.register_blueprint(type(bp)("other", __name__)),
}


@pytest.mark.parametrize("name", sorted(LATE))
def test_setup_after_registration_is_an_error(framework: Any, name: str) -> None:
    app = framework.App(__name__)
    blueprint = framework.Blueprint("bp", __name__)
    app.register_blueprint(blueprint)
    with pytest.raises(AssertionError, match="bp"):
        LATE[name](blueprint)(lambda: "") if name == "route" else LATE[name](blueprint)


def test_record_runs_each_time_and_record_once_the_first_time(framework: Any) -> None:
    app = framework.App(__name__)
    blueprint = framework.Blueprint("bp", __name__)
    seen = []
    blueprint.record(lambda state: seen.append(("each", state.name, state.first_registration)))
    blueprint.record_once(lambda state: seen.append(("once", state.name, state.first_registration)))
    app.register_blueprint(blueprint)
    app.register_blueprint(blueprint, name="again")
    assert seen == [("each", "bp", True), ("once", "bp", True), ("each", "again", False)]


def test_state_tells_what_was_asked(framework: Any) -> None:
    app = framework.App(__name__)
    blueprint = framework.Blueprint("bp", __name__)
    states = []
    blueprint.record(states.append)
    app.register_blueprint(blueprint, url_prefix="/p", subdomain="s", url_defaults={"a": 1}, own="option")
    state = states[0]
    assert (state.app, state.blueprint, state.url_prefix, state.subdomain) == (app, blueprint, "/p", "s")
    assert (state.url_defaults, state.options["own"], state.name_prefix) == ({"a": 1}, "option", "")


def test_own_setup_state(framework: Any) -> None:
    class State(framework.blueprints.BlueprintSetupState):
        def add_url_rule(self, rule, endpoint=None, view_func=None, **options):
            super().add_url_rule(rule + "/v2", endpoint, view_func, **options)

    class Versioned(framework.Blueprint):
        def make_setup_state(self, app, options, first_registration=False):
            return State(self, app, options, first_registration)

    app = framework.App(__name__)
    blueprint = Versioned("bp", __name__)
    blueprint.add_url_rule("/view", "view", lambda: "x")
    app.register_blueprint(blueprint)
    assert app.test_client().get("/view/v2").text == "x"


def test_own_register_method(framework: Any) -> None:
    class Loud(framework.Blueprint):
        def register(self, app, options):
            options["url_prefix"] = "/loud"
            super().register(app, options)

    app = framework.App(__name__)
    blueprint = Loud("bp", __name__)
    blueprint.add_url_rule("/view", "view", lambda: "x")
    app.register_blueprint(blueprint)
    assert app.test_client().get("/loud/view").text == "x"


# Hooks ---------------------------------------------------------------------------------------------------------------


def noting(framework: Any, order: list[str], name: str, target: Any, app_wide: bool = False) -> None:
    """Let `target` note its name before, after and at the end of each request it hears of."""
    before, after, teardown = (
        ("before_app_request", "after_app_request", "teardown_app_request")
        if app_wide
        else ("before_request", "after_request", "teardown_request")
    )
    getattr(target, before)(lambda: order.append(f"before {name}"))
    getattr(target, after)(lambda response: order.append(f"after {name}") or response)
    getattr(target, teardown)(lambda error: order.append(f"teardown {name}"))


def test_hooks_of_app_parent_and_child(framework: Any) -> None:
    order: list[str] = []
    app = framework.App(__name__)
    parent, child = framework.Blueprint("parent", __name__), framework.Blueprint("child", __name__)
    child.add_url_rule("/", "view", lambda: order.append("view") or "x")
    noting(framework, order, "app", app)
    noting(framework, order, "parent", parent)
    noting(framework, order, "child", child)
    parent.register_blueprint(child)
    app.register_blueprint(parent)
    app.test_client().get("/")
    names = ["app", "parent", "child"]
    assert order == [
        *(f"before {name}" for name in names),
        "view",
        *(f"after {name}" for name in reversed(names)),
        *(f"teardown {name}" for name in reversed(names)),
    ]


def test_hooks_of_another_blueprint_stay_silent(framework: Any) -> None:
    order: list[str] = []
    app = framework.App(__name__)
    other = framework.Blueprint("other", __name__)
    noting(framework, order, "other", other)
    app.register_blueprint(other)
    app.register_blueprint(blueprint_with(framework, "bp"))
    app.test_client().get("/view")
    assert order == []


def test_app_wide_hooks_of_a_blueprint(framework: Any) -> None:
    order: list[str] = []
    app = framework.App(__name__)
    blueprint = framework.Blueprint("bp", __name__)
    noting(framework, order, "all", blueprint, app_wide=True)
    app.register_blueprint(blueprint)
    app.add_url_rule("/", "view", lambda: "x")
    app.test_client().get("/")
    assert order == ["before all", "after all", "teardown all"]


def test_hook_of_a_blueprint_registered_twice_runs_once(framework: Any) -> None:
    app = framework.App(__name__)
    calls: list[str] = []
    blueprint = blueprint_with(framework, "bp")
    blueprint.before_request(lambda: calls.append(framework.request.blueprint))
    blueprint.before_app_request(lambda: calls.append("app"))
    app.register_blueprint(blueprint, url_prefix="/a")
    app.register_blueprint(blueprint, url_prefix="/b", name="other")
    app.test_client().get("/b/view")
    assert calls == ["app", "other"]


def test_before_request_of_a_blueprint_may_answer(framework: Any) -> None:
    app = framework.App(__name__)
    blueprint = blueprint_with(framework, "bp")
    blueprint.before_request(lambda: ("stopped", 403))
    app.register_blueprint(blueprint)
    response = app.test_client().get("/view")
    assert (response.status_code, response.text) == (403, "stopped")


# Folders, commands, representation -----------------------------------------------------------------------------------


def test_static_folder_of_a_blueprint(framework: Any, tmp_path: pathlib.Path) -> None:
    (tmp_path / "x.css").write_text("css")
    app = framework.App(__name__)
    blueprint = framework.Blueprint(
        "bp", __name__, url_prefix="/bp", static_folder=str(tmp_path), static_url_path="/assets"
    )
    app.register_blueprint(blueprint)
    with app.test_request_context():
        assert framework.url_for("bp.static", filename="x.css") == "/bp/assets/x.css"
    assert app.test_client().get("/bp/assets/x.css").text == "css"


def test_static_folder_of_a_blueprint_takes_its_name(framework: Any, tmp_path: pathlib.Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "x.css").write_text("css")
    app = framework.App(__name__)
    app.register_blueprint(framework.Blueprint("bp", __name__, url_prefix="/bp", static_folder=str(tmp_path / "files")))
    assert app.test_client().get("/bp/files/x.css").text == "css"


def test_max_age_of_a_blueprint_s_files(framework: Any, tmp_path: pathlib.Path) -> None:
    class Cached(framework.Blueprint):
        def get_send_file_max_age(self, filename):
            return 100

    (tmp_path / "x.css").write_text("css")
    app = framework.App(__name__)
    app.register_blueprint(Cached("bp", __name__, static_folder=str(tmp_path), static_url_path="/s"))
    assert app.test_client().get("/s/x.css").headers["Cache-Control"] == "public, max-age=100"


@pytest.mark.parametrize(
    ("cli_group", "arguments"),
    [("default", ["bp", "hello"]), ("own", ["own", "hello"]), (None, ["hello"])],
)
def test_commands_of_a_blueprint(framework: Any, cli_group: Any, arguments: list[str]) -> None:
    options = {} if cli_group == "default" else {"cli_group": cli_group}
    blueprint = framework.Blueprint("bp", __name__, **options)

    @blueprint.cli.command("hello")
    def hello():
        print("hello from", framework.current_app.name)

    app = framework.App("named")
    app.register_blueprint(blueprint)
    assert app.test_cli_runner().invoke(args=arguments).output == "hello from named\n"


def test_command_group_may_be_named_when_registering(framework: Any) -> None:
    blueprint = framework.Blueprint("bp", __name__)
    blueprint.cli.command("hello")(lambda: print("hello"))
    app = framework.App(__name__)
    app.register_blueprint(blueprint, cli_group="given")
    assert app.test_cli_runner().invoke(args=["given", "hello"]).output == "hello\n"


def test_app_lists_its_blueprints(framework: Any) -> None:
    app = framework.App(__name__)
    blueprints = [framework.Blueprint(name, __name__) for name in ("b", "a")]
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    assert list(app.iter_blueprints()) == blueprints
    assert list(app.blueprints) == ["b", "a"]


def test_blueprint_knows_where_it_lives(framework: Any) -> None:
    blueprint = framework.Blueprint("bp", __name__)
    assert blueprint.root_path == str(pathlib.Path(__file__).parent)
    assert (blueprint.name, blueprint.import_name) == ("bp", __name__)
    assert "bp" in repr(blueprint)
    assert blueprint.has_static_folder is False


def test_blueprint_takes_own_attributes(framework: Any) -> None:
    blueprint = framework.Blueprint("bp", __name__)
    blueprint.own = "attribute"
    assert blueprint.__dict__["own"] == "attribute"


def test_endpoint_decorator_of_a_blueprint(framework: Any) -> None:
    app = framework.App(__name__)
    blueprint = framework.Blueprint("bp", __name__)
    blueprint.add_url_rule("/x", endpoint="late")
    blueprint.endpoint("bp.late")(lambda: "bound")
    app.register_blueprint(blueprint)
    assert app.test_client().get("/x").text == "bound"


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_shortcut_decorators_of_a_blueprint(framework: Any, method: str) -> None:
    app = framework.App(__name__)
    blueprint = framework.Blueprint("bp", __name__)
    getattr(blueprint, method)("/x", endpoint="x")(lambda: framework.request.method)
    app.register_blueprint(blueprint)
    assert app.test_client().open("/x", method=method.upper()).text == method.upper()
