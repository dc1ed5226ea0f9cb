"""Building a URL in few calls is a shortcut, never a second truth: for any rules and values it is what Werkzeug builds.

The oracle is Werkzeug's own adapter, bound to the same environ over the same rules. What users may replace on the way
is asked as on Flask; those tests run on both.
"""

from __future__ import annotations

import functools
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from werkzeug.routing import BaseConverter, BuildError, IntegerConverter, Map, MapAdapter, Rule, UnicodeConverter
from werkzeug.test import create_environ

import wsgiapp

from .test_router import CONVERTERS, rule_options, rule_texts

TEXTS = [
    "a",
    "b",
    "ab",
    "12",
    "",
    " ",
    "é",
    "a/b",
    "//a",
    "a&b=c",
    "~.-_",
    "%41",
    "+",
    "x y",
    "\N{SUPERSCRIPT TWO}",
    "#?",
]
values = st.dictionaries(
    st.sampled_from(["x0", "x1", "x2", "y1", "q", "page", "a b", "ü"]),
    st.one_of(
        st.sampled_from(TEXTS),
        st.integers(-3, 99),
        st.sampled_from(
            [None, True, 1.5, 1e-7, ["a", "b"], ("a",), [], b"raw", "00000000-0000-0000-0000-000000000001"]
        ),
    ),
    max_size=4,
)
roots = st.sampled_from(["", "/", "/shop", "/shop/", "shop", "/é"])


def outcome(build: Any) -> Any:
    """The URL, or the kind of error."""
    try:
        return build()
    except Exception as error:
        return type(error)


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.tuples(rule_texts(), rule_options), min_size=1, max_size=4),
    shared=st.booleans(), wanted=values, root=roots,
)  # fmt: skip
def test_a_url_is_the_one_that_werkzeug_builds(texts: Any, shared: bool, wanted: dict[str, Any], root: str) -> None:
    app = wsgiapp.App("urls", static_folder=None)
    plain = Map(converters=CONVERTERS)
    plain.converters["float"] = app.url_map.converters["float"]
    app.url_map.converters.update(CONVERTERS)
    for number, (text, options) in enumerate(texts):
        endpoint = "same" if shared else f"page{number}"
        try:
            plain.add(Rule(text, endpoint=endpoint, **options))
        except ValueError:  # a default that its converter cannot write
            assume(False)
        app.url_map.add(Rule(text, endpoint=endpoint, **options))
    environ = create_environ("/", "http://example.org/")
    environ["SCRIPT_NAME"] = root.encode().decode("latin1")
    adapter = plain.bind_to_environ(environ)
    assume(outcome(lambda: adapter.match(method="GET")) is not ValueError)  # a default that its converter cannot write
    with app.request_context(environ):
        for endpoint in {rule.endpoint for rule in plain.iter_rules()}:
            expected = outcome(lambda e=endpoint: adapter.build(e, wanted))
            for build in (wsgiapp.url_for, app.url_for, wsgiapp.url_for):  # the first has the shortcut made
                assert outcome(lambda b=build, e=endpoint: b(e, **wanted)) == expected


class Slug(BaseConverter):
    """A converter that leaves writing to its base class."""

    regex = "[a-z-]+"


class Positive(IntegerConverter):
    """A number that leaves writing to its base class."""


links = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d", "q", "two words", "ü", "x/y", ""]),
    st.one_of(st.sampled_from(TEXTS), st.text(max_size=4), st.integers(-9, 10**19), st.booleans(), st.none()),
    max_size=5,
)


@functools.cache
def app_and_map(text: str) -> tuple[wsgiapp.App, Map]:
    """An app with one rule, and a plain map with the same one; made once for all examples."""
    app, plain = wsgiapp.App("links", static_folder=None), Map(converters={"slug": Slug, "positive": Positive})
    app.url_map.converters.update(slug=Slug, positive=Positive)
    for urls in (plain, app.url_map):
        urls.add(Rule(text, endpoint="link", merge_slashes=False))
    return app, plain


@settings(max_examples=200, deadline=None)
@given(wanted=links, root=roots)
@pytest.mark.parametrize(
    "text",
    [
        "/",
        "/plain",
        "/100 %s/{}/<a>",
        "/<a>",
        "/<path:a>",
        "/<path:a>/<int:b>",
        "/5<int:b>7/<slug:c>/",
        "/<positive:d>-<a>",
    ],
)
def test_a_path_that_is_filled_in_is_the_one_that_werkzeug_builds(text: str, wanted: dict[str, Any], root: str) -> None:
    app, plain = app_and_map(text)
    app.url_map._templates.clear()  # the first of the two calls makes the shortcut, the second takes it
    environ = create_environ("/", "http://example.org/")
    environ["SCRIPT_NAME"] = root.encode().decode("latin1")
    adapter = plain.bind_to_environ(environ)
    with app.request_context(environ):
        for _ in range(2):
            assert outcome(lambda: app.url_for("link", **wanted)) == outcome(lambda: adapter.build("link", wanted))
    assert app.url_map._templates["link"] is not None


# -- what users may replace ----------------------------------------------------------------------


@pytest.fixture
def shop(framework: Any) -> Any:
    """An app with one rule of one number, asked in a request."""
    app = framework.App("shop")
    app.add_url_rule("/item/<int:number>", "item", lambda number: str(number))
    app.add_url_rule("/name/<name>", "name", lambda name: name)
    with app.test_request_context("/item/3"):
        assert framework.url_for("item", number=1) == app.url_for("item", number=1) == "/item/1"
        assert framework.url_for("name", name="ada") == "/name/ada"
        yield app


def both_ways(framework: Any, app: Any, endpoint: str = "item", **values: Any) -> set[str]:
    values = values or {"number": 1}
    return {framework.url_for(endpoint, **values), app.url_for(endpoint, **values)}


def test_adapter_s_build_that_was_replaced_is_asked(framework: Any, shop: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(MapAdapter, "build", lambda *_args, **_options: "/patched")
    assert both_ways(framework, shop) == {"/patched"}


@pytest.mark.parametrize("name", ["build", "suitable_for"])
def test_rule_s_method_that_was_replaced_is_asked(framework: Any, shop: Any, monkeypatch: Any, name: str) -> None:
    asked = []
    original = getattr(Rule, name)
    monkeypatch.setattr(Rule, name, lambda *given, **options: asked.append(1) or original(*given, **options))
    both_ways(framework, shop)
    assert asked


@pytest.mark.parametrize("name", ["build", "suitable_for"])
def test_method_that_was_replaced_on_one_rule_is_asked(framework: Any, shop: Any, name: str) -> None:
    asked = []
    (rule,) = shop.url_map.iter_rules("item")
    original = getattr(rule, name)
    setattr(rule, name, lambda *given, **options: asked.append(1) or original(*given, **options))
    both_ways(framework, shop)
    assert asked


def test_converter_that_was_replaced_writes_the_value(framework: Any, shop: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(UnicodeConverter, "to_url", lambda _self, value: value.upper(), raising=False)
    assert both_ways(framework, shop, "name", name="ada") == {"/name/ADA"}


def test_replaced_writer_of_numbers_is_asked_and_forgotten_when_put_back(
    framework: Any, shop: Any, monkeypatch: Any
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(IntegerConverter, "to_url", lambda _self, value: f"no-{value}", raising=False)
        assert both_ways(framework, shop) == {"/item/no-1"}
    assert both_ways(framework, shop) == {"/item/1"}


def test_defaults_of_one_scope_or_of_several_are_injected_in_order(framework: Any) -> None:
    app, inner = framework.App("app"), framework.Blueprint("inner", __name__)
    inner.add_url_rule("/in/<a>/<b>", "view", lambda a, b: a + b)
    app.url_defaults(lambda _endpoint, values: values.setdefault("a", "app"))
    app.register_blueprint(inner)
    with app.test_request_context("/"):
        assert both_ways(framework, app, "inner.view", b="x") == {"/in/app/x"}
        inner_defaults = app.url_default_functions.setdefault("inner", [])
        inner_defaults.append(lambda _endpoint, values: values.update(b=values["a"] + "!"))
        assert both_ways(framework, app, "inner.view", b="x") == {"/in/app/app!"}


def test_to_url_that_was_replaced_on_one_converter_writes_the_value(framework: Any, shop: Any) -> None:
    (rule,) = shop.url_map.iter_rules("name")
    rule._converters["name"].to_url = str.upper
    assert both_ways(framework, shop, "name", name="ada") == {"/name/ADA"}


def test_adapter_that_was_changed_is_asked(framework: Any, shop: Any) -> None:
    framework.globals.request_ctx.url_adapter.script_name = "/moved/"
    assert both_ways(framework, shop) == {"/moved/item/1"}


def test_adapter_that_was_put_in_its_place_is_asked(framework: Any, shop: Any) -> None:
    framework.globals.request_ctx.url_adapter = shop.url_map.bind("example.org", script_name="/other")
    assert both_ways(framework, shop) == {"/other/item/1"}


def test_url_for_that_was_replaced_on_the_app_is_asked(framework: Any, shop: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(shop, "url_for", lambda *_args, **_values: "/replaced")
    assert framework.url_for("item", number=1) == "/replaced"


@pytest.mark.parametrize("name", ["url_for", "inject_url_defaults"])
def test_method_that_was_replaced_on_the_app_s_class_is_asked(
    framework: Any, shop: Any, monkeypatch: Any, name: str
) -> None:
    asked = []
    original = getattr(framework.App, name)
    monkeypatch.setattr(framework.App, name, lambda *given, **options: asked.append(1) or original(*given, **options))
    framework.url_for("item", number=1)
    assert asked


def test_method_that_was_replaced_on_the_app_itself_is_asked(framework: Any, shop: Any) -> None:
    asked = []
    original = shop.inject_url_defaults
    shop.inject_url_defaults = lambda *given: asked.append(1) or original(*given)
    assert both_ways(framework, shop) == {"/item/1"}
    assert len(asked) == 2


def test_defaults_that_are_added_later_are_injected(framework: Any, shop: Any) -> None:
    shop.url_default_functions[None].append(lambda _endpoint, values: values.setdefault("page", 2))
    assert both_ways(framework, shop) == {"/item/1?page=2"}


def test_rule_that_is_added_later_counts(framework: Any, shop: Any) -> None:
    shop.url_map.add(Rule("/better/<int:number>/<name>", endpoint="item"))
    assert both_ways(framework, shop, number=1, name="ada") == {"/better/1/ada"}


def test_url_of_another_app_that_is_current_is_built_by_that_app(framework: Any, shop: Any) -> None:
    other = framework.App("other")
    other.config["SERVER_NAME"] = "other.example"
    other.url_for = lambda *_args, **_values: "/of-the-other"
    with other.app_context():
        assert framework.url_for("item", number=1) == "/of-the-other"
    assert both_ways(framework, shop) == {"/item/1"}


def test_value_that_does_not_fit_is_a_build_error_that_names_the_endpoint(framework: Any, shop: Any) -> None:
    shop.url_build_error_handlers.append(lambda error, endpoint, values: f"/handled/{endpoint}")
    assert both_ways(framework, shop, "item", wrong=1) == {"/handled/item"}
    shop.url_build_error_handlers.clear()
    for url_for in (framework.url_for, shop.url_for):
        with pytest.raises(BuildError, match="item"):
            url_for("item", wrong=1)


class _Adapter(MapAdapter):
    def build(self, endpoint: Any, *_args: Any, **_options: Any) -> str:
        return f"/adapted/{endpoint}"


def test_adapter_of_an_app_that_makes_its_own_is_asked(framework: Any) -> None:
    class Own(framework.App):
        def create_url_adapter(self, request: Any) -> MapAdapter:
            bound = super().create_url_adapter(request)
            return bound if bound is None else _Adapter(bound.map, "localhost", "/", "", "http", "/", "GET")

    app = Own("own")
    app.add_url_rule("/item/<int:number>", "item", lambda number: str(number))
    with app.test_request_context("/"):
        assert both_ways(framework, app) == {"/adapted/item"}


def test_hosts_and_subdomains_lead_to_whole_urls(framework: Any) -> None:
    app = framework.App("sub", subdomain_matching=True, static_folder=None)
    app.config["SERVER_NAME"] = "example.org"
    app.add_url_rule("/here", "here", str, subdomain="a")
    app.add_url_rule("/there", "there", str, subdomain="b")
    with app.test_request_context("/here", base_url="http://a.example.org/"):
        assert both_ways(framework, app, "here", page=1) == {"/here?page=1"}
        assert both_ways(framework, app, "there", page=1) == {"http://b.example.org/there?page=1"}
