"""The session cookie byte for byte: both frameworks write and read the same one, tagged types included."""

import base64
import datetime
import hashlib
import json
import uuid
from typing import Any

import pytest
from itsdangerous import BadSignature, URLSafeTimedSerializer
from markupsafe import Markup

import wsgiapp
from wsgiapp.json.tag import TaggedJSONSerializer

from .support import SIGNED_AT, cookie_of, frozen_time, session_app

KNOWN = "eyJ1c2VyIjoia2lyYW4ifQ.aBH2rw.iAz3jJL_dRaHiNSddwd2uVvC9pk"

VALUES = {
    "text": "ü \N{SNOWMAN}",
    "number": 1.5,
    "large": 2**70,
    "nothing": None,
    "truth": [True, False],
    "nested": {"a": {"b": [1, {"c": "d"}]}},
    "empty": [{}, [], "", ()],
    "tuple": (1, ("a", (None,))),
    "tuple in list": [(1,), [2, (3,)]],
    "bytes": b"\x00\xff raw",
    "markup": Markup("<b>bold &amp; safe</b>"),
    "uuid": uuid.UUID("9f0e57e6-6a58-4f4c-a2a1-0c7b3b3c7f11"),
    "datetime": datetime.datetime(2025, 4, 30, 10, 8, 47, tzinfo=datetime.UTC),
    "mixed": {"t": (b"x", Markup("y"), {"u": [uuid.UUID(int=1)]})},
    "looks like a tag": {" t": [1]},
    "looks like tagged twice": {" t__": {" b": "x"}},
    "two keys like tags": {" t": 1, " b": 2},
    "long": "abc" * 500,
}


def serializer(framework: Any, key: str = "key") -> Any:
    app = framework.App(__name__)
    app.secret_key = key
    return framework.sessions.SecureCookieSessionInterface().get_signing_serializer(app)


def test_known_cookie_opens_to_its_payload(framework: Any) -> None:
    valid, payload = serializer(framework).loads_unsafe(KNOWN)
    assert (valid, payload) == (False, {"user": "kiran"})


def test_known_cookie_was_signed_when_it_says(framework: Any) -> None:
    stamp = int.from_bytes(base64.urlsafe_b64decode(KNOWN.split(".")[1] + "=="), "big")
    assert datetime.datetime.fromtimestamp(stamp, datetime.UTC).isoformat() == "2025-04-30T10:08:47+00:00"
    assert stamp == SIGNED_AT


def test_known_cookie_is_what_its_session_gives_but_for_the_key(framework: Any) -> None:
    with frozen_time():
        made = cookie_of(session_app(framework).test_client().get("/set/user/kiran"))
    assert made.split(".")[:2] == KNOWN.split(".")[:2]
    assert len(made) == len(KNOWN)


def test_known_cookie_is_refused_under_another_key(framework: Any) -> None:
    with pytest.raises(BadSignature):
        serializer(framework).loads(KNOWN)


def test_cookie_by_the_documented_recipe(framework: Any) -> None:
    recipe = URLSafeTimedSerializer(
        "key", salt="cookie-session", signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha1}
    )
    with frozen_time():
        made = cookie_of(session_app(framework).test_client().get("/set/user/kiran"))
        assert made == recipe.dumps({"user": "kiran"}).strip()
        assert recipe.loads(made) == {"user": "kiran"}


@pytest.mark.parametrize("name", sorted(VALUES))
def test_value_comes_back_as_it_was(framework: Any, name: str) -> None:
    app = session_app(framework)
    app.add_url_rule("/give", "give", lambda: framework.session.update(v=VALUES[name]) or "")
    seen = []
    app.add_url_rule("/take", "take", lambda: seen.append(framework.session["v"]) or "")
    client = app.test_client()
    client.get("/give")
    client.get("/take")
    assert (seen[0], type(seen[0])) == (VALUES[name], type(VALUES[name]))


@pytest.mark.parametrize("name", sorted(VALUES))
def test_both_frameworks_write_the_same_bytes(both: Any, name: str) -> None:
    cookies = []
    for framework in both:
        app = session_app(framework)
        app.add_url_rule(
            "/give", "give", lambda framework=framework: framework.session.update(v=VALUES[name], w=1) or ""
        )
        with frozen_time():
            cookies.append(cookie_of(app.test_client().get("/give")))
    assert cookies[0] == cookies[1]


@pytest.mark.parametrize("name", sorted(VALUES))
@pytest.mark.parametrize("direction", [1, -1])
def test_each_framework_reads_the_other(both: Any, name: str, direction: int) -> None:
    writer, reader = both[::direction]
    written = serializer(writer).dumps({"v": VALUES[name]})
    assert serializer(reader).loads(written) == {"v": VALUES[name]}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((1, 2), '{" t":[1,2]}'),
        (b"ab", '{" b":"YWI="}'),
        (Markup("<i>"), '{" m":"<i>"}'),
        (uuid.UUID(int=0), '{" u":"00000000000000000000000000000000"}'),
        (datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC), '{" d":"Thu, 01 Jan 1970 00:00:00 GMT"}'),
        ({" t": 1}, '{" di":{" t__":1}}'),
        ({"plain": (1,)}, '{"plain":{" t":[1]}}'),
        ([(1,)], '[{" t":[1]}]'),
    ],
)
def test_tagged_text(framework: Any, value: Any, text: str) -> None:
    tagged = framework.json.tag.TaggedJSONSerializer()
    assert tagged.dumps(value) == text
    assert tagged.loads(text) == value


def test_own_tag(framework: Any) -> None:
    class TagSet(framework.json.tag.JSONTag):
        key = " s"

        def check(self, value):
            return isinstance(value, set)

        def to_json(self, value):
            return self.serializer.tag(sorted(value))

        def to_python(self, value):
            return set(value)

    tagged = framework.json.tag.TaggedJSONSerializer()
    tagged.register(TagSet, index=0)
    assert tagged.dumps({1, 2}) == '{" s":[1,2]}'
    assert tagged.loads('{" s":[1,2]}') == {1, 2}
    with pytest.raises(KeyError):
        tagged.register(TagSet)
    tagged.register(TagSet, force=True)


@pytest.mark.parametrize("method", ["check", "to_json", "to_python"])
def test_own_tag_must_say_how_it_does_each_thing(framework: Any, method: str) -> None:
    tag = framework.json.tag.JSONTag(framework.json.tag.TaggedJSONSerializer())
    with pytest.raises(NotImplementedError):
        getattr(tag, method)(1)


def test_tag_without_a_key_only_looks(framework: Any) -> None:
    class Trimmed(framework.json.tag.JSONTag):
        def check(self, value):
            return isinstance(value, str)

        def to_json(self, value):
            return value.strip()

        tag = to_json

    tagged = framework.json.tag.TaggedJSONSerializer()
    tagged.register(Trimmed, index=0)
    assert tagged.dumps([" a "]) == '["a"]'


@pytest.mark.parametrize(
    ("tag", "method", "own", "value", "text"),
    [
        ("TagTuple", "to_json", lambda self, value: sorted(value), (2, 1), '{" t":[1,2]}'),
        ("TagTuple", "tag", lambda self, value: "tuple", (2, 1), '"tuple"'),
        ("TagTuple", "key", " seq", (2, 1), '{" seq":[2,1]}'),
        ("PassDict", "tag", lambda self, value: sorted(value), {"b": 1, "a": 2}, '["a","b"]'),
        ("PassList", "check", lambda self, value: False, {"a": [b""]}, None),
        ("PassList", "tag", lambda self, value: len(value), [1, 1], "2"),
        ("TagMarkup", "check", lambda self, value: value == "<b>", ["<b>"], None),
        ("TagUUID", "check", lambda self, value: value == 7, [7], None),
        ("JSONTag", "tag", lambda self, value: "tag", [(1,)], '["tag"]'),
    ],
)
def test_default_tag_replaced_on_its_class(
    framework: Any, monkeypatch: pytest.MonkeyPatch, tag: str, method: str, own: Any, value: Any, text: str | None
) -> None:
    tagged = framework.json.tag.TaggedJSONSerializer()
    tagged.dumps(value)
    monkeypatch.setattr(getattr(framework.json.tag, tag), method, own)
    if text is None:  # what the replacement is asked about, it cannot write
        with pytest.raises((AttributeError, TypeError)):
            tagged.dumps(value)
    else:
        assert tagged.dumps(value) == text


def test_serializer_with_a_tag_method_of_its_own(framework: Any) -> None:
    class Own(framework.json.tag.TaggedJSONSerializer):
        def tag(self, value):
            return "one" if value == 1 else super().tag(value)

    assert Own().dumps({"a": [1, 2]}) == '{"a":["one",2]}'
    on_object = type("Open", (framework.json.tag.TaggedJSONSerializer,), {})()
    on_object.tag = lambda value: "all"
    assert on_object.dumps({"a": 1}) == '"all"'


def test_tags_that_were_taken_away_or_replaced_are_not_used(framework: Any) -> None:
    tagged = framework.json.tag.TaggedJSONSerializer()
    tagged.dumps([(1,)])
    tagged.order[:] = [tag for tag in tagged.order if tag.key != " t"]
    assert tagged.dumps([(1,)]) == "[[1]]"


def test_default_tag_replaced_on_the_object() -> None:  # Flask's tags take no attributes
    tagged = TaggedJSONSerializer()
    tagged.dumps([(1,)])
    tagged.tags[" t"].to_json = lambda value: "all"
    assert tagged.dumps([(1,)]) == '[{" t":"all"}]'


def nested(kind: str, depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"tuple": (value,), "list": [value], "dict": {"v": value}}[kind]
    return value


@pytest.mark.parametrize("kind", ["tuple", "list", "dict"])
@pytest.mark.parametrize("depth", [100, 260, 300, 400, 600])
def test_what_could_be_written_is_read_back_however_deep(framework: Any, kind: str, depth: int) -> None:
    app = framework.App(__name__)
    app.secret_key = "key"
    app.config.update(MAX_COOKIE_SIZE=0, PROPAGATE_EXCEPTIONS=False)

    @app.get("/write")
    def write():
        framework.session.update(deep=nested(kind, depth), kept="kept")
        return "written"

    @app.get("/read")
    def read():
        value, levels = framework.session["deep"], 0
        while value != 1:
            (value,), levels = value.values() if isinstance(value, dict) else value, levels + 1
        return f"{levels} {framework.session['kept']}"

    client = app.test_client()
    written = client.get("/write")
    assert written.status_code == 200 or (depth > 100 and written.status_code == 500)
    if written.status_code == 200:
        assert client.get("/read").text == f"{depth} kept"


def test_large_payload_is_compressed(framework: Any) -> None:
    written = serializer(framework).dumps({"v": "abc" * 500})
    assert written.startswith(".") and len(written) < 200


def test_default_tags_are_the_same(both: Any) -> None:
    tags = [
        [(tag.__name__, tag.key) for tag in framework.json.tag.TaggedJSONSerializer.default_tags] for framework in both
    ]
    assert tags[0] == tags[1]


def test_serializer_needs_a_key(framework: Any) -> None:
    interface = framework.sessions.SecureCookieSessionInterface()
    assert interface.get_signing_serializer(framework.App(__name__)) is None


def test_serializer_of_itsdangerous_is_found_where_flask_has_it(framework: Any) -> None:
    assert framework.sessions.URLSafeTimedSerializer is URLSafeTimedSerializer
    with pytest.raises(AttributeError, match="has no attribute 'missing'"):
        framework.sessions.missing


def test_own_serializer(framework: Any) -> None:
    import json

    class Plain(framework.sessions.SecureCookieSessionInterface):
        serializer = json

    app = session_app(framework)
    app.session_interface = Plain()
    client = app.test_client()
    client.get("/set/a/1")
    assert client.get("/get/a").text == "1"


@pytest.mark.parametrize("kind", ["tuple", "list"])
def test_what_is_nested_deep_is_untagged_whatever_the_provider_of_json_does(kind: str) -> None:
    class Own(wsgiapp.json.provider.DefaultJSONProvider):
        def loads(self, s, **kwargs):  # as one that hands the text to another library
            return json.loads(s)

    app = wsgiapp.App(__name__)
    app.json = Own(app)
    tagged = TaggedJSONSerializer()
    with app.app_context():
        text = "[" * 500 + '{" t":[1]}' + "]" * 500 if kind == "list" else '{" t":[' * 300 + "1" + "]}" * 300
        value = tagged.loads(text)
    while isinstance(value, (list, tuple)):
        (value,) = value
    assert value == 1
