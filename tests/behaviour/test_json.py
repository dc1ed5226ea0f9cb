"""JSON out: `jsonify`, what the provider turns into JSON and how, own providers, `framework.json`'s functions.

JSON in is in test_requests; the session's tagged JSON is in test_session_format.
"""

import dataclasses
import datetime
import decimal
import io
import json
import uuid
from typing import Any

import pytest
from markupsafe import Markup


@dataclasses.dataclass
class Point:
    x: int
    label: str


@pytest.mark.parametrize(
    ("args", "kwargs", "expected"),
    [
        ((), {}, "null"),
        ((1,), {}, "1"),
        (("x",), {}, '"x"'),
        ((None,), {}, "null"),
        (([1, 2],), {}, "[1,2]"),
        (({"a": 1},), {}, '{"a":1}'),
        ((1, 2, 3), {}, "[1,2,3]"),
        (({"a": 1}, {"b": 2}), {}, '[{"a":1},{"b":2}]'),
        ((), {"a": 1, "b": [2]}, '{"a":1,"b":[2]}'),
        (((1, 2),), {}, "[1,2]"),
        ((True,), {}, "true"),
        ((1.0,), {}, "1.0"),
    ],
)
def test_jsonify_arguments(framework: Any, args: Any, kwargs: Any, expected: str) -> None:
    with framework.App(__name__).test_request_context():
        response = framework.jsonify(*args, **kwargs)
    assert (response.get_data(as_text=True), response.mimetype) == (expected + "\n", "application/json")


def test_jsonify_takes_either_kind_of_argument(framework: Any) -> None:
    with framework.App(__name__).test_request_context(), pytest.raises(TypeError):
        framework.jsonify(1, a=2)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime.date(2025, 4, 30), '"Wed, 30 Apr 2025 00:00:00 GMT"'),
        (datetime.datetime(2025, 4, 30, 10, 8, 47), '"Wed, 30 Apr 2025 10:08:47 GMT"'),
        (
            datetime.datetime(2025, 4, 30, 10, 8, 47, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
            '"Wed, 30 Apr 2025 08:08:47 GMT"',
        ),
        (uuid.UUID(int=7), '"00000000-0000-0000-0000-000000000007"'),
        (decimal.Decimal("1.10"), '"1.10"'),
        (Point(1, "ü"), '{"label":"\\u00fc","x":1}'),
        (Markup("<b>x</b>"), '"<b>x</b>"'),
        ((1, (2, 3)), "[1,[2,3]]"),
        ({1: "one", 2: "two"}, '{"1":"one","2":"two"}'),
        ("\u2028</script>", '"\\u2028</script>"'),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (10**30, "1" + "0" * 30),
    ],
)
def test_values_beyond_plain_json(framework: Any, value: Any, expected: str) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: framework.jsonify(value))
    assert app.test_client().get("/").text == expected + "\n"


def test_object_with_html_method(framework: Any) -> None:
    class Card:
        def __html__(self):
            return "<i>card</i>"

    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: {"card": Card()})
    assert app.test_client().get("/").json == {"card": "<i>card</i>"}


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", 1j, Point])
def test_value_that_is_not_json_is_a_type_error(framework: Any, value: Any) -> None:
    with framework.App(__name__).app_context(), pytest.raises(TypeError):
        framework.json.dumps(value)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, '{"a":"\\u00fc","b":[1,2]}\n'),
        ({"sort_keys": False}, '{"b":[1,2],"a":"\\u00fc"}\n'),
        ({"ensure_ascii": False}, '{"a":"ü","b":[1,2]}\n'),
        ({"compact": False}, '{\n  "a": "\\u00fc",\n  "b": [\n    1,\n    2\n  ]\n}\n'),
        ({"mimetype": "application/vnd.shop+json"}, '{"a":"\\u00fc","b":[1,2]}\n'),
    ],
)
def test_settings_of_the_provider(framework: Any, settings: dict[str, Any], expected: str) -> None:
    app = framework.App(__name__)
    for name, value in settings.items():
        setattr(app.json, name, value)
    app.add_url_rule("/", "view", lambda: {"b": [1, 2], "a": "ü"})
    response = app.test_client().get("/")
    assert response.text == expected
    assert response.mimetype == settings.get("mimetype", "application/json")


@pytest.mark.parametrize(("compact", "indented"), [(None, True), (True, False), (False, True)])
def test_debug_mode_indents(framework: Any, compact: bool | None, indented: bool) -> None:
    app = framework.App(__name__)
    app.debug = True
    app.json.compact = compact
    app.add_url_rule("/", "view", lambda: {"a": 1})
    assert app.test_client().get("/").text == ('{\n  "a": 1\n}\n' if indented else '{"a":1}\n')


def test_keys_of_mixed_types_cannot_be_sorted(framework: Any) -> None:
    app = framework.App(__name__)
    with app.app_context():
        with pytest.raises(TypeError):
            framework.json.dumps({1: "a", "b": 2})
        app.json.sort_keys = False
        assert framework.json.dumps({1: "a", "b": 2}) == '{"1": "a", "b": 2}'


def test_dict_and_list_returned_go_through_the_provider(framework: Any) -> None:
    class Loud(framework.json.provider.DefaultJSONProvider):
        def response(self, *args, **kwargs):
            response = super().response(*args, **kwargs)
            response.headers["X-Loud"] = "1"
            return response

    app = framework.App(__name__)
    app.json = Loud(app)
    app.add_url_rule("/dict", "dict", dict)
    app.add_url_rule("/list", "list", list)
    client = app.test_client()
    assert [client.get(path).headers["X-Loud"] for path in ("/dict", "/list")] == ["1", "1"]


def test_provider_must_say_how_it_reads_and_writes(framework: Any) -> None:
    provider = framework.json.provider.JSONProvider(framework.App(__name__))
    for call, argument in ((provider.dumps, 1), (provider.loads, "1")):
        with pytest.raises(NotImplementedError):
            call(argument)


def test_provider_with_reading_and_writing_alone_makes_responses(framework: Any) -> None:
    class Provider(framework.json.provider.JSONProvider):
        def dumps(self, obj, **kwargs):
            return f"written {obj}"

        def loads(self, s, **kwargs):
            return f"read {s}"

    class App(framework.App):
        json_provider_class = Provider

    app = App(__name__)
    app.add_url_rule("/", "view", lambda: {"a": 1})
    response = app.test_client().get("/")
    assert (response.text, response.mimetype) == ("written {'a': 1}", "application/json")
    assert app.json.load(io.StringIO("1")) == "read 1"


def test_own_provider_reads_and_writes(framework: Any) -> None:
    class Reversed(framework.json.provider.JSONProvider):
        def dumps(self, obj, **kwargs):
            return json.dumps(obj)[::-1]

        def loads(self, s, **kwargs):
            text = s.decode() if isinstance(s, bytes) else s
            return json.loads(text[::-1])

    class App(framework.App):
        json_provider_class = Reversed

    app = App(__name__)
    app.add_url_rule("/", "view", lambda: {"got": framework.request.json}, methods=["POST"])
    response = app.test_client().post("/", json=[1, 2])
    assert response.text == '}]2 ,1[ :"tog"{'
    assert response.json == {"got": [1, 2]}


def test_own_default_function(framework: Any) -> None:
    class Shop(framework.json.provider.DefaultJSONProvider):
        @staticmethod
        def default(value):
            if isinstance(value, complex):
                return [value.real, value.imag]
            return framework.json.provider.DefaultJSONProvider.default(value)

    app = framework.App(__name__)
    app.json = Shop(app)
    app.add_url_rule("/", "view", lambda: {"c": 1 + 2j, "d": decimal.Decimal(3)})
    assert app.test_client().get("/").json == {"c": [1.0, 2.0], "d": "3"}


def test_provider_knows_its_app(framework: Any) -> None:
    app = framework.App(__name__)
    provider = framework.json.provider.DefaultJSONProvider(app)
    with app.app_context():
        assert provider.response(a=1).get_data() == b'{"a":1}\n'


def test_json_functions_use_the_provider_of_the_app(framework: Any) -> None:
    app = framework.App(__name__)
    app.json.ensure_ascii = False
    with app.app_context():
        assert framework.json.dumps({"b": "ü", "a": 1}) == '{"a": 1, "b": "ü"}'
        assert framework.json.loads(b'{"a": "\xc3\xbc"}') == {"a": "ü"}


def test_json_functions_work_without_an_app(framework: Any) -> None:
    assert framework.json.dumps({"b": decimal.Decimal(1), "a": "ü"}) == '{"b": "1", "a": "\\u00fc"}'
    assert framework.json.loads('{"a": [1]}') == {"a": [1]}


@pytest.mark.parametrize("with_app", [True, False])
def test_json_dump_and_load_use_files(framework: Any, with_app: bool) -> None:
    import contextlib

    file = io.StringIO()
    with framework.App(__name__).app_context() if with_app else contextlib.nullcontext():
        framework.json.dump({"a": uuid.UUID(int=1)}, file)
        file.seek(0)
        assert framework.json.load(file) == {"a": "00000000-0000-0000-0000-000000000001"}
        assert framework.json.load(io.BytesIO(b"[1]")) == [1]


def test_json_dumps_takes_the_standard_options(framework: Any) -> None:
    with framework.App(__name__).app_context():
        assert framework.json.dumps({"b": 1, "a": 2}, sort_keys=False, indent=1) == '{\n "b": 1,\n "a": 2\n}'
        assert framework.json.loads("1.5", parse_float=decimal.Decimal) == decimal.Decimal("1.5")


def test_json_loads_asks_a_provider_that_was_patched_on_its_class(framework: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(framework.json.provider.DefaultJSONProvider, "loads", lambda *_: "patched")
    with framework.App(__name__).app_context():
        assert framework.json.loads("[1]") == "patched"


def test_jsonify_is_the_same_function_in_both_places(framework: Any) -> None:
    assert framework.jsonify is framework.json.jsonify


def test_response_reads_its_own_json(framework: Any) -> None:
    app = framework.App(__name__)
    with app.test_request_context():
        assert framework.jsonify(a=[1]).json == {"a": [1]}
        assert framework.Response("text").is_json is False
        assert framework.Response("text").get_json(silent=True) is None
