"""The router is a shortcut, never a second truth: for any rules and any request it answers as Werkzeug's `Map` does.

The oracle is a plain `werkzeug.routing.Map` with the same rules; the app is asked through its WSGI callable, and shows
what it matched in headers. Rules are drawn so that they overlap, redirect, and differ only in method or slash.
"""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import BaseConverter, Map, RequestRedirect, Rule, ValidationError
from werkzeug.test import create_environ

EXAMPLES = int(os.environ.get("ROUTER_EXAMPLES", "30"))  # a long hunt: ROUTER_EXAMPLES=5000
QUICK = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


class Even(BaseConverter):
    """An own converter that refuses half of what its pattern takes."""

    regex = r"\d{1,9}"

    def to_python(self, value: str) -> int:
        if int(value) % 2:
            raise ValidationError
        return int(value)


CONVERTERS = {"even": Even}
STATIC = ["a", "b", "ab", "1", "a.b", "ü"]
DYNAMIC = [
    "<x{0}>", "<int:x{0}>", "<float:x{0}>", "<path:x{0}>", "<any(a, b):x{0}>", "<uuid:x{0}>", "<even:x{0}>",
    "<string(length=2):x{0}>", "<string(minlength=2):x{0}>", "<int(fixed_digits=2):x{0}>", "<int(signed=True):x{0}>",
    "<int(min=2, max=12):x{0}>", "a<x{0}>", "<x{0}>.b", "<x{0}>-<int:y{0}>",
]  # fmt: skip
VALUES = [
    "a", "b", "ab", "a.b", "ü", "1", "2", "12", "01", "-1", "1.5", "x.b", "q-7", "ax", "", " ", "a\n",
    "\N{SUPERSCRIPT TWO}", "\N{ARABIC-INDIC DIGIT THREE}", "1" * 20, "2" * 5000, "1\n", "é%", "..", "<x>",
    "00000000-0000-0000-0000-000000000001",
]  # fmt: skip
METHODS = ["GET", "HEAD", "POST", "PUT", "OPTIONS"]


@st.composite
def rule_texts(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.one_of(st.sampled_from(STATIC), st.sampled_from(DYNAMIC)), max_size=4))
    text = "/" + "/".join(part.format(number) for number, part in enumerate(parts))
    return text + draw(st.sampled_from(["", "/"])) if parts else text


rule_options = st.fixed_dictionaries(
    {"methods": st.sampled_from([["GET"], ["GET"], ["POST"], ["GET", "PUT"], ["OPTIONS"], METHODS])},
    optional={
        "strict_slashes": st.booleans(),
        "merge_slashes": st.booleans(),
        "build_only": st.just(True),
        "alias": st.just(True),
        "defaults": st.sampled_from([{"x9": 1}, {"x0": 1}, {"x1": "a"}]),
        "redirect_to": st.sampled_from(["a", "b/c"]),
    },
)
endpoints = st.sampled_from(["one", "two", "three", "four"])
rules = st.lists(st.tuples(rule_texts(), endpoints, rule_options), min_size=1, max_size=7)
few_options = st.lists(
    st.tuples(
        rule_texts(),
        endpoints,
        st.fixed_dictionaries({"methods": st.sampled_from([["GET"], ["POST"], ["GET", "PUT"]])}),
    ),
    min_size=1,
    max_size=8,
)


@st.composite
def paths(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.sampled_from(VALUES), max_size=5))
    return "/" + "/".join(parts) + draw(st.sampled_from(["", "", "/", "//"]))


requests = st.lists(st.tuples(paths(), st.sampled_from(METHODS)), min_size=1, max_size=12)


def oracle(rules: Any, options: dict[str, Any]) -> Map:
    """A plain map of the rules; a rule set that Werkzeug itself refuses is not a case."""
    try:
        url_map = Map(converters=CONVERTERS, **options)
        for text, endpoint, rule in rules:
            made = Rule(text, endpoint=endpoint, **rule)
            made.provide_automatic_options = False
            url_map.add(made)
        url_map.update()
    except Exception:
        assume(False)
    return url_map


def routed(framework: Any, rules: Any, options: dict[str, Any]) -> Any:
    """An app with the same rules, whose one view shows what was matched."""
    app = framework.App("router_probe", static_folder=None, host_matching=options.get("host_matching", False))
    app.url_map.converters.update(CONVERTERS)
    for name, value in options.items():
        setattr(app.url_map, name, value)
    for text, endpoint, rule in rules:
        app.add_url_rule(text, endpoint, provide_automatic_options=False, **rule)

    def view(**arguments: Any) -> Any:
        request = framework.request
        return "", {"X-Matched": ascii((request.url_rule.rule, request.endpoint, sorted(arguments.items())))}

    for endpoint in ("one", "two", "three", "four"):
        app.view_functions[endpoint] = view
    return app


def expected(url_map: Map, environ: dict[str, Any]) -> Any:
    """What the plain map answers: the match, the place it redirects to, or the error."""
    try:
        rule, arguments = url_map.bind_to_environ(environ).match(return_rule=True)
    except RequestRedirect as redirect:
        return redirect.code, redirect.get_response(environ).get_wsgi_headers(environ)["Location"]
    except MethodNotAllowed as error:
        return error.code, sorted(error.valid_methods or ())
    except HTTPException as error:
        return error.code, None
    return 200, ascii((rule.rule, rule.endpoint, sorted(arguments.items())))


def answered(app: Any, environ: dict[str, Any]) -> Any:
    """What the app answers, in the same terms."""
    seen: list[Any] = []
    body = app(environ, lambda status, headers, exc_info=None: seen.extend([int(status[:3]), dict(headers)]))
    getattr(body, "close", lambda: None)()
    status, headers = seen
    if status == 405:
        return status, sorted(filter(None, headers.get("Allow", "").split(", ")))
    return status, headers.get("X-Matched", headers.get("Location"))


def environ_of(path: str, method: str, **keys: Any) -> dict[str, Any]:
    environ = create_environ("/", method=method)
    environ.update(PATH_INFO=path.encode().decode("latin-1"), **keys)
    return dict(environ)


def compare(framework: Any, rules: Any, requests: Any, options: dict[str, Any], **keys: Any) -> None:
    url_map, app = oracle(rules, options), routed(framework, rules, options)
    for path, method in requests:
        wanted = expected(url_map, environ_of(path, method, **keys))
        assert answered(app, environ_of(path, method, **keys)) == wanted, f"{method} {path!r} of {rules}"


@QUICK
@given(rules=rules, requests=requests)
def test_rules_of_every_kind(framework: Any, rules: Any, requests: Any) -> None:
    compare(framework, rules, requests, {})


@QUICK
@given(rules=few_options, requests=requests)
def test_plain_rules(framework: Any, rules: Any, requests: Any) -> None:
    compare(framework, rules, requests, {})


@settings(QUICK, max_examples=EXAMPLES // 2)
@given(
    rules=few_options,
    requests=requests,
    options=st.fixed_dictionaries(
        {},
        optional={
            "strict_slashes": st.booleans(),
            "merge_slashes": st.booleans(),
            "redirect_defaults": st.booleans(),
            "sort_parameters": st.booleans(),
        },
    ),
)
def test_options_of_the_map(framework: Any, rules: Any, requests: Any, options: dict[str, Any]) -> None:
    compare(framework, rules, requests, options)


@settings(QUICK, max_examples=EXAMPLES // 2)
@given(
    rules=few_options,
    requests=requests,
    script_name=st.sampled_from(["", "/app", "/a/b"]),
    query=st.sampled_from(["", "a=1", "a=%20&b", "ü=é"]),
)
def test_mounts_and_queries(framework: Any, rules: Any, requests: Any, script_name: str, query: str) -> None:
    compare(framework, rules, requests, {}, SCRIPT_NAME=script_name, QUERY_STRING=query.encode().decode("latin-1"))


@settings(QUICK, max_examples=EXAMPLES // 2)
@given(
    rules=few_options,
    requests=requests,
    host=st.sampled_from(["localhost", "shop.example:8080", "[::1]:80", "Shop.Example", "a.b.c"]),
)
def test_hosts(framework: Any, rules: Any, requests: Any, host: str) -> None:
    compare(framework, rules, requests, {}, HTTP_HOST=host)


@settings(QUICK, max_examples=EXAMPLES // 2)
@given(
    rules=st.lists(
        st.tuples(
            rule_texts(),
            endpoints,
            st.fixed_dictionaries(
                {"methods": st.just(["GET"]), "host": st.sampled_from(["a.example", "b.example", "<h>.example", "<h>"])}
            ),
        ),
        min_size=1,
        max_size=5,
    ),
    requests=requests,
    host=st.sampled_from(["a.example", "b.example", "c.example", "elsewhere", "a.example:81"]),
)
def test_host_matching(framework: Any, rules: Any, requests: Any, host: str) -> None:
    compare(framework, rules, requests, {"host_matching": True}, HTTP_HOST=host)


@settings(QUICK, max_examples=EXAMPLES // 2)
@given(first=few_options, later=few_options, requests=requests)
def test_rules_added_while_running(framework: Any, first: Any, later: Any, requests: Any) -> None:
    """A rule added to the map after the first request is found by the next one."""
    url_map, whole = oracle(first, {}), oracle(first + later, {})
    app = routed(framework, first, {})
    for path, method in requests:
        assert answered(app, environ_of(path, method)) == expected(url_map, environ_of(path, method))
    for text, endpoint, options in later:
        made = Rule(text, endpoint=endpoint, **options)
        made.provide_automatic_options = False
        app.url_map.add(made)
    for path, method in requests:
        assert answered(app, environ_of(path, method)) == expected(whole, environ_of(path, method)), (
            f"{method} {path!r}"
        )


@settings(QUICK, max_examples=EXAMPLES)
@given(
    rules=rules,
    endpoint=endpoints,
    values=st.dictionaries(
        st.sampled_from(["x0", "x1", "x2", "x9", "y0", "q"]),
        st.one_of(
            st.sampled_from(["a", "ab", "ü /?#", "", "12"]),
            st.integers(-3, 99),
            st.none(),
            st.lists(st.sampled_from(["p", "ü"]), max_size=3),
        ),
        max_size=4,
    ),
    method=st.sampled_from([None, "GET", "POST"]),
)
def test_urls_are_built_as_the_plain_map_builds_them(
    framework: Any, rules: Any, endpoint: str, values: Any, method: Any
) -> None:
    url_map, app = oracle(rules, {}), routed(framework, rules, {})
    environ = environ_of("/", "GET")
    results = []
    with app.request_context(environ):
        for build in (
            lambda: url_map.bind_to_environ(environ).build(endpoint, dict(values), method=method),
            lambda: framework.url_for(endpoint, _method=method, **values),
        ):
            try:
                results.append(build())
            except Exception as error:
                results.append(type(error).__name__)
    assert results[0] == results[1]


@pytest.mark.parametrize("rule", [part.format(0) for part in DYNAMIC])
@pytest.mark.parametrize("slash", ["", "/"])
def test_every_converter_with_every_value(framework: Any, rule: str, slash: str) -> None:
    """The same without chance: each kind of segment alone, against each value."""
    cases = [(f"/{value}{end}", "GET") for value in VALUES for end in ("", "/")]
    compare(framework, [(f"/{rule}{slash}", "one", {"methods": ["GET"]})], cases, {})
