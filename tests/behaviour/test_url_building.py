"""URL building: `url_for` with all it takes, inside and outside a request, and the hooks around it.

Matching is in test_routing.
"""

import datetime
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.routing import BuildError


def shop(framework: Any, **config: Any) -> Any:
    """An app with one rule of each kind that building has to tell apart."""
    app = framework.App(__name__)
    app.config.update(config)
    app.add_url_rule("/", "index", lambda: "")
    app.add_url_rule("/item/<int:number>", "item", lambda number: "")
    app.add_url_rule("/file/<path:name>", "file", lambda name: "")
    app.add_url_rule("/tag/<name>", "tag", lambda name: "")
    app.add_url_rule("/price/<float:price>", "price", lambda price: "")
    app.add_url_rule("/key/<uuid:key>", "key", lambda key: "")
    app.add_url_rule("/pages/", "pages", lambda page: "", defaults={"page": 1})
    app.add_url_rule("/pages/<int:page>", "pages", app.view_functions["pages"])
    app.add_url_rule("/data", "data", lambda: "", methods=["GET"])
    app.add_url_rule("/data/write", "data", app.view_functions["data"], methods=["POST"])
    return app


@pytest.mark.parametrize(
    ("endpoint", "values", "expected"),
    [
        ("index", {}, "/"),
        ("item", {"number": 7}, "/item/7"),
        ("item", {"number": "7"}, "/item/7"),
        ("item", {"number": 7, "color": "red"}, "/item/7?color=red"),
        ("index", {"q": "a b&c=d"}, "/?q=a+b%26c%3Dd"),
        ("index", {"q": "ü/ñ"}, "/?q=%C3%BC/%C3%B1"),
        ("index", {"q": ["x", "y", "z"]}, "/?q=x&q=y&q=z"),
        ("index", {"q": ("x", "y")}, "/?q=x&q=y"),
        ("index", {"q": []}, "/"),
        ("index", {"q": None}, "/"),
        ("index", {"q": ["x", None]}, "/?q=x"),
        ("index", {"q": ""}, "/?q="),
        ("index", {"q": 0}, "/?q=0"),
        ("index", {"q": True}, "/?q=True"),
        ("index", {"q": 1.5}, "/?q=1.5"),
        ("index", {"b": 1, "a": 2}, "/?b=1&a=2"),
        ("index", {"q": datetime.date(2025, 4, 30)}, "/?q=2025-04-30"),
        ("tag", {"name": "a b/c?d#e"}, "/tag/a%20b/c%3Fd%23e"),
        ("tag", {"name": "日本"}, "/tag/%E6%97%A5%E6%9C%AC"),
        ("file", {"name": "a/b c.txt"}, "/file/a/b%20c.txt"),
        ("price", {"price": 2}, "/price/2.0"),
        ("key", {"key": uuid.UUID(int=1)}, "/key/00000000-0000-0000-0000-000000000001"),
        ("pages", {"page": 1}, "/pages/"),
        ("pages", {"page": 2}, "/pages/2"),
        ("pages", {}, "/pages/"),
        ("data", {}, "/data"),
        ("data", {"_method": "POST"}, "/data/write"),
        ("data", {"_method": "GET"}, "/data"),
        ("index", {"_anchor": "top"}, "/#top"),
        ("index", {"_anchor": "a b/ü"}, "/#a%20b/%C3%BC"),
        ("index", {"_anchor": "x&y=z!$'()*+,;:@-._~?"}, "/#x&y=z!$'()*+,;:@-._~?"),
        ("index", {"q": 1, "_anchor": "top"}, "/?q=1#top"),
        ("index", {"_external": True}, "http://localhost/"),
        ("index", {"_external": False}, "/"),
        ("item", {"number": 1, "_external": True}, "http://localhost/item/1"),
        ("index", {"_scheme": "https"}, "https://localhost/"),
        ("index", {"_scheme": "https", "_external": True}, "https://localhost/"),
        ("index", {"_scheme": "", "_external": True}, "//localhost/"),
        ("index", {"_external": True, "_anchor": "x", "q": 1}, "http://localhost/?q=1#x"),
        ("static", {"filename": "css/a b.css"}, "/static/css/a%20b.css"),
    ],
)
def test_url_for_in_a_request(framework: Any, endpoint: str, values: dict[str, Any], expected: str) -> None:
    with shop(framework).test_request_context("/"):
        assert framework.url_for(endpoint, **values) == expected


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("https://shop.example/", "https://shop.example/item/1"),
        ("http://shop.example:8080/", "http://shop.example:8080/item/1"),
        ("https://shop.example:443/", "https://shop.example/item/1"),
        ("http://shop.example/prefix", "http://shop.example/prefix/item/1"),
        ("http://b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example/", "http://xn--bcher-kva.example/item/1"),
    ],
)
def test_external_url_follows_the_request(framework: Any, base_url: str, expected: str) -> None:
    with shop(framework).test_request_context("/", base_url=base_url):
        assert framework.url_for("item", number=1, _external=True) == expected


@pytest.mark.parametrize(
    ("config", "values", "expected"),
    [
        ({"SERVER_NAME": "shop.example"}, {}, "http://shop.example/item/1"),
        ({"SERVER_NAME": "shop.example:5000"}, {}, "http://shop.example:5000/item/1"),
        ({"SERVER_NAME": "shop.example", "PREFERRED_URL_SCHEME": "https"}, {}, "https://shop.example/item/1"),
        ({"SERVER_NAME": "shop.example", "APPLICATION_ROOT": "/app"}, {}, "http://shop.example/app/item/1"),
        ({"SERVER_NAME": "shop.example"}, {"_external": False}, "/item/1"),
        ({"SERVER_NAME": "shop.example"}, {"_scheme": "https"}, "https://shop.example/item/1"),
        ({"SERVER_NAME": "shop.example"}, {"_scheme": ""}, "//shop.example/item/1"),
        ({"SERVER_NAME": "shop.example", "APPLICATION_ROOT": "/app"}, {"_external": False}, "/app/item/1"),
    ],
)
def test_url_for_without_a_request(framework: Any, config: Any, values: Any, expected: str) -> None:
    with shop(framework, **config).app_context():
        assert framework.url_for("item", number=1, **values) == expected


def test_url_for_without_a_request_needs_the_server_name(framework: Any) -> None:
    with shop(framework).app_context(), pytest.raises(RuntimeError, match="SERVER_NAME"):
        framework.url_for("index")


def test_url_for_without_any_context_is_an_error(framework: Any) -> None:
    with pytest.raises(RuntimeError, match="(?i)context"):
        framework.url_for("index")


def test_scheme_of_a_relative_url_is_an_error(framework: Any) -> None:
    with shop(framework).test_request_context(), pytest.raises(ValueError, match="_external"):
        framework.url_for("index", _scheme="https", _external=False)


@pytest.mark.parametrize("values", [{}, {"number": "x"}, {"other": 1}, {"number": 1, "_method": "PATCH"}])
def test_url_that_cannot_be_built_is_an_error(framework: Any, values: Any) -> None:
    with shop(framework).test_request_context(), pytest.raises((BuildError, ValueError)):
        framework.url_for("item", **values)


def test_build_error_suggests_the_endpoint_meant(framework: Any) -> None:
    with shop(framework).test_request_context(), pytest.raises(BuildError, match="'item'") as caught:
        framework.url_for("itme", number=1)
    assert (caught.value.endpoint, caught.value.values) == ("itme", {"number": 1})


def test_build_error_handler_may_answer(framework: Any) -> None:
    app = shop(framework)

    @app.url_build_error_handlers.append
    def elsewhere(error, endpoint, values):
        return f"https://elsewhere.example/{endpoint}/{values['number']}"

    with app.test_request_context():
        assert framework.url_for("remote", number=3) == "https://elsewhere.example/remote/3"


def test_build_error_handlers_are_asked_in_turn(framework: Any) -> None:
    app = shop(framework)
    asked = []

    def declines(error, endpoint, values):
        asked.append("none")

    def raises(error, endpoint, values):
        asked.append("raise")
        raise error

    def answers(error, endpoint, values):
        asked.append("answer")
        return "/answer"

    app.url_build_error_handlers += [declines, raises, answers]
    with app.test_request_context():
        assert framework.url_for("remote") == "/answer"
    assert asked == ["none", "raise", "answer"]


def test_build_error_handler_that_raises_otherwise_is_heard(framework: Any) -> None:
    app = shop(framework)

    def breaks(error, endpoint, values):
        raise LookupError(endpoint)

    app.url_build_error_handlers.append(breaks)
    with app.test_request_context(), pytest.raises(LookupError, match="remote"):
        framework.url_for("remote")


def test_build_error_handler_sees_what_was_asked(framework: Any) -> None:
    app = shop(framework)
    seen = {}

    def keep(error, endpoint, values):
        seen.update(values)
        return "/x"

    app.url_build_error_handlers.append(keep)
    with app.test_request_context():
        framework.url_for("remote", number=1, _external=True, _scheme="https", _anchor="a", _method="POST")
    assert seen == {"number": 1, "_external": True, "_scheme": "https", "_anchor": "a", "_method": "POST"}


def test_method_of_the_app_builds_the_same(framework: Any) -> None:
    app = shop(framework)
    with app.test_request_context():
        assert app.url_for("item", number=1, q=2) == framework.url_for("item", number=1, q=2)


def test_url_for_calls_the_method_of_the_app(framework: Any) -> None:
    class Versioned(framework.App):
        def url_for(self, endpoint, **values):
            return super().url_for(endpoint, v=9, **values)

    app = Versioned(__name__)
    app.add_url_rule("/", "index", lambda: "")
    with app.test_request_context():
        assert framework.url_for("index") == "/?v=9"


def test_endpoint_may_be_called_endpoint(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/<kind>", "show", lambda kind: "")
    with app.test_request_context():
        assert app.url_for("show", kind="k", self="s") == "/k?self=s"


def test_leading_dot_means_the_blueprint_of_the_request(framework: Any) -> None:
    app = framework.App(__name__)
    blueprint = framework.Blueprint("admin", __name__, url_prefix="/admin")
    blueprint.add_url_rule("/", "index", lambda: framework.url_for(".users"))
    blueprint.add_url_rule("/users", "users", lambda: framework.url_for(".index"))
    app.register_blueprint(blueprint)
    client = app.test_client()
    assert (client.get("/admin/").text, client.get("/admin/users").text) == ("/admin/users", "/admin/")


def test_leading_dot_in_a_view_of_the_app_means_the_app(framework: Any) -> None:
    app = shop(framework)
    app.add_url_rule("/here", "here", lambda: framework.url_for(".item", number=1))
    assert app.test_client().get("/here").text == "/item/1"


def test_other_blueprint_is_named_in_full(framework: Any) -> None:
    app = framework.App(__name__)
    for name in ("one", "two"):
        blueprint = framework.Blueprint(name, __name__, url_prefix=f"/{name}")
        blueprint.add_url_rule("/", "index", lambda: framework.url_for("two.index"))
        app.register_blueprint(blueprint)
    assert app.test_client().get("/one/").text == "/two/"


def test_url_defaults_fill_in_values(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/<lang>/about", "about", lambda lang: "")

    @app.url_defaults
    def language(endpoint, values):
        values.setdefault("lang", f"en-{endpoint}")

    with app.test_request_context():
        assert framework.url_for("about") == "/en-about/about"
        assert framework.url_for("about", lang="de") == "/de/about"


def test_url_value_preprocessor_takes_values_away(framework: Any) -> None:
    app = framework.App(__name__)

    @app.url_value_preprocessor
    def language(endpoint, values):
        framework.g.language = values.pop("lang")

    @app.url_defaults
    def same_language(endpoint, values):
        values["lang"] = framework.g.language

    @app.get("/<lang>/item/<int:number>")
    def item(number):
        return f"{framework.g.language} {number} {framework.url_for('item', number=number + 1)}"

    assert app.test_client().get("/de/item/3").text == "de 3 /de/item/4"


def test_url_value_preprocessor_sees_unrouted_requests(framework: Any) -> None:
    app = framework.App(__name__)
    seen = []
    app.url_value_preprocessor(lambda endpoint, values: seen.append((endpoint, values)))
    assert app.test_client().get("/nowhere").status_code == 404
    assert seen == [(None, None)]


def test_blueprint_url_hooks_stay_in_the_blueprint(framework: Any) -> None:
    app = framework.App(__name__)
    blueprint = framework.Blueprint("bp", __name__, url_prefix="/<lang>")

    @blueprint.url_value_preprocessor
    def take(endpoint, values):
        framework.g.language = values.pop("lang")

    @blueprint.url_defaults
    def give(endpoint, values):
        values.setdefault("lang", framework.g.language)

    blueprint.add_url_rule("/x", "x", lambda: framework.url_for(".x") + " " + framework.url_for("outside"))
    app.register_blueprint(blueprint)
    app.add_url_rule("/outside", "outside", lambda: str(hasattr(framework.g, "language")))
    client = app.test_client()
    assert client.get("/fr/x").text == "/fr/x /outside"
    assert client.get("/outside").text == "False"


def test_app_wide_url_hooks_of_a_blueprint(framework: Any) -> None:
    app = shop(framework)
    blueprint = framework.Blueprint("bp", __name__)
    blueprint.app_url_defaults(lambda endpoint, values: values.update(v=1))
    seen = []
    blueprint.app_url_value_preprocessor(lambda endpoint, values: seen.append(endpoint))
    app.register_blueprint(blueprint)
    app.add_url_rule("/here", "here", lambda: framework.url_for("index"))
    assert app.test_client().get("/here").text == "/?v=1"
    assert seen == ["here"]


def test_subdomain_is_built(framework: Any) -> None:
    app = framework.App(__name__, subdomain_matching=True)
    app.config["SERVER_NAME"] = "shop.example"
    app.add_url_rule("/", "home", lambda: "")
    app.add_url_rule("/v1", "api", lambda: "", subdomain="api")
    app.add_url_rule("/", "user", lambda user: "", subdomain="<user>")
    with app.test_request_context("/", base_url="http://shop.example"):
        assert framework.url_for("home") == "/"
        assert framework.url_for("api") == "http://api.shop.example/v1"
        assert framework.url_for("user", user="ann", _external=True) == "http://ann.shop.example/"


def test_host_is_built(framework: Any) -> None:
    app = framework.App(__name__, host_matching=True, static_folder=None)
    app.add_url_rule("/", "home", lambda: "", host="www.example")
    app.add_url_rule("/a", "asset", lambda: "", host="cdn.example")
    with app.test_request_context("/", base_url="http://www.example"):
        assert framework.url_for("home") == "/"
        assert framework.url_for("asset") == "http://cdn.example/a"


def test_converter_of_the_app_builds(framework: Any) -> None:
    from werkzeug.routing import BaseConverter

    class Hexadecimal(BaseConverter):
        def to_url(self, value):
            return f"{value:x}"

    app = framework.App(__name__)
    app.url_map.converters["hex"] = Hexadecimal
    app.add_url_rule("/<hex:n>", "show", lambda n: "")
    with app.test_request_context():
        assert framework.url_for("show", n=255) == "/ff"


def test_url_for_in_a_view_follows_the_request_method(framework: Any) -> None:
    app = shop(framework)
    app.add_url_rule("/where", "where", lambda: framework.url_for("data"), methods=["GET", "POST"])
    client = app.test_client()
    assert client.get("/where").text == "/data"
    assert client.post("/where").text == "/data/write"


def test_default_that_its_converter_cannot_write_is_an_error_when_the_rule_is_added(framework: Any) -> None:
    app = framework.App(__name__)
    with pytest.raises(ValueError, match="one"):
        app.add_url_rule("/<int:number>", "number", lambda number: "", defaults={"number": "one"})


def test_rule_that_is_in_a_map_already_cannot_be_added_again(framework: Any) -> None:
    app = shop(framework)
    (rule,) = app.url_map.iter_rules("item")
    with pytest.raises(RuntimeError, match="already bound"):
        framework.App("other").url_map.add(rule)
    with app.test_request_context("/"):
        assert framework.url_for("item", number=3) == "/item/3"


def test_threads_that_build_the_first_url_of_a_rule_together_get_the_same_one(framework: Any) -> None:
    for _ in range(20):
        app = shop(framework)
        start = threading.Barrier(4)

        def build(app: Any = app, start: Any = start) -> str:
            with app.test_request_context("/"):
                start.wait(10)
                return str(framework.url_for("file", name="a b/c", page=1))

        with ThreadPoolExecutor(4) as pool:
            assert {each.result() for each in [pool.submit(build) for _ in range(4)]} == {"/file/a%20b/c?page=1"}


@pytest.mark.parametrize("name", [pytest.param("\ud800", id="surrogate"), pytest.param(10**5000, id="huge")])
def test_value_that_is_missing_is_named_before_one_that_cannot_be_written(framework: Any, name: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/<name>/<part>", "show", lambda name, part: "")
    with app.test_request_context():
        assert framework.url_for("show", name="a", part="b") == "/a/b"
        with pytest.raises(BuildError):
            framework.url_for("show", name=name)
        with pytest.raises(ValueError, match="surrogates|digits"):
            framework.url_for("show", name=name, part="b")


def test_converter_replaced_after_the_first_link_is_asked_once(framework: Any) -> None:
    app = shop(framework)
    asked = []
    with app.test_request_context():
        assert framework.url_for("tag", name="a b") == "/tag/a%20b"
        (rule,) = app.url_map.iter_rules("tag")
        converter: Any = rule._converters["name"]
        converter.to_url = lambda value: asked.append(value) or "own"
        assert framework.url_for("tag", name="a b") == "/tag/own"
    assert asked == ["a b"]


def test_parameters_are_sorted_from_when_the_map_says_so(framework: Any) -> None:
    app = shop(framework)
    with app.test_request_context():
        assert framework.url_for("index", b=1, a=2) == "/?b=1&a=2"
        app.url_map.sort_parameters = True
        assert framework.url_for("index", b=1, a=2) == "/?a=2&b=1"
        app.url_map.sort_key = lambda pair: -ord(pair[0])
        assert framework.url_for("index", b=1, a=2) == "/?b=1&a=2"


@pytest.mark.parametrize(("setting", "value"), [("host_matching", True), ("default_subdomain", "www")])
def test_setting_of_the_map_changed_while_running_counts_for_matching(
    framework: Any, setting: str, value: object
) -> None:
    client = shop(framework).test_client()
    assert client.get("/data").status_code == 200
    setattr(client.application.url_map, setting, value)
    assert client.get("/data").status_code == 404
