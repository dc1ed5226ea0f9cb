"""The session's shortcuts answer as the libraries do: itsdangerous, Werkzeug's cookies, and Flask's tags."""

import hashlib
import zlib
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode, int_to_bytes
from werkzeug.http import dump_cookie
from werkzeug.sansio.http import parse_cookie
from werkzeug.test import EnvironBuilder

from wsgiapp import App, Request, Response, sessions, signing
from wsgiapp.json.tag import TaggedJSONSerializer

QUICK = settings(max_examples=200, deadline=None)
NOW = 1_745_000_000

texts = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="ab01", max_size=140),  # what may or may not become shorter when compressed
    st.lists(st.sampled_from(["user", "id", '"', "true,", "  ", "0"]), max_size=40).map("".join),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts, st.binary(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text(max_size=5), st.sampled_from([" t", " b", " di"])), inner, max_size=4),
    ),
    max_leaves=10,
)
signers = st.fixed_dictionaries(
    {
        "key_derivation": st.sampled_from(["hmac", "concat", "django-concat", "none"]),
        "digest_method": st.sampled_from([sessions._lazy_sha1, hashlib.sha1, hashlib.sha256, hashlib.sha512]),
    }
)
HMAC_SHA1 = {"key_derivation": "hmac", "digest_method": sessions._lazy_sha1}


@pytest.fixture(autouse=True)
def the_clock_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: NOW)


def pair(keys: list[str], signer_kwargs: dict[str, Any], serializer: Any = None) -> tuple[Any, Any]:
    """Our serializer and itsdangerous', made alike."""
    made = [
        kind(keys, salt="s", serializer=serializer or TaggedJSONSerializer(), signer_kwargs=signer_kwargs)
        for kind in (signing.BoundedSerializer, URLSafeTimedSerializer)
    ]
    return made[0], made[1]


def outcome(serializer: Any, text: Any, **arguments: Any) -> Any:
    """What reading *text* gives: a value, or the type of an error."""
    try:
        return serializer.loads(text, **arguments)
    except Exception as error:
        return type(error)


@QUICK
@given(value=values, keys=st.lists(st.text(min_size=1), min_size=1, max_size=3), signer_kwargs=signers)
def test_what_is_written_is_itsdangerous_own(value: Any, keys: list[str], signer_kwargs: dict[str, Any]) -> None:
    ours, theirs = pair(keys, signer_kwargs)
    text = theirs.dumps(value)
    assert ours.dumps(value) == text
    assert ours.loads(text, max_age=0) == theirs.loads(text, max_age=0) == value


@settings(max_examples=1000, deadline=None)
@given(
    data=st.one_of(st.binary(max_size=60), st.text(alphabet="abcde", max_size=11).map(str.encode)),
    level=st.integers(0, 9),
)
@example(data=b"a" * 7, level=9)
def test_what_repeats_six_bytes_or_fewer_is_never_shorter_when_compressed(data: bytes, level: int) -> None:
    assume(len(data) - len({*data}) <= 6)
    assert len(zlib.compress(data, level)) >= len(data) - 1


@QUICK
@given(value=texts, which=st.integers(0, 2), known=st.integers(1, 3))
def test_every_key_of_a_rotation_is_tried_and_no_other(value: str, which: int, known: int) -> None:
    keys = ["old", "middle", "new"]
    text = pair([keys[which]], HMAC_SHA1)[1].dumps(value)
    ours, theirs = pair(keys[-known:], HMAC_SHA1)
    assert outcome(ours, text, max_age=9) == outcome(theirs, text, max_age=9)


@QUICK
@given(
    value=texts,
    cut=st.tuples(st.integers(0, 80), st.integers(0, 3)),
    put=st.one_of(st.text(alphabet="A._-=+/ aé\n", max_size=3), st.text(max_size=3)),
    as_bytes=st.booleans(),
)
def test_what_was_tampered_with_is_refused_as_itsdangerous_does(value: str, cut: Any, put: str, as_bytes: bool) -> None:
    ours, theirs = pair(["key"], HMAC_SHA1)
    good = theirs.dumps(value)
    text: Any = good[: cut[0]] + put + good[sum(cut) :]
    # But for the signature, of which itsdangerous takes other spellings too: they are tested with the differences.
    assume(text == good or text.rpartition(".")[0] != good.rpartition(".")[0])
    if as_bytes:
        text = text.encode(errors="replace")
    assert outcome(ours, text, max_age=9) == outcome(theirs, text, max_age=9)


@QUICK
@given(
    payload=st.one_of(
        st.binary(max_size=12),
        st.sampled_from(
            [b"e30", b"W10", b".eJyrrgUAAXUA-Q", b".eJyrrgUA", b".e30", b"e", b"", b".", b"e3 0", b"{}", b"-_=="]
        ),
    ),
    stamp=st.one_of(
        st.integers(NOW - 20, NOW + 5).map(int_to_bytes).map(base64_encode),
        st.binary(max_size=12).map(base64_encode),
        st.binary(max_size=6),
    ),
    max_age=st.sampled_from([0, 10, 10**12, -1, None, 1.5]),
    more=st.sampled_from([{}, {"return_timestamp": True}, {"salt": "s"}, {"salt": "other"}]),
)
@example(payload=b"e30", stamp=b"a", max_age=10, more={})
def test_what_is_well_signed_and_odd_is_read_as_itsdangerous_does(
    payload: bytes, stamp: bytes, max_age: Any, more: dict[str, Any]
) -> None:
    ours, theirs = pair(["key"], HMAC_SHA1)
    signer = theirs.make_signer()
    value = payload + b"." + stamp if stamp else payload
    text = (value + b"." + signer.get_signature(value)).decode("latin-1")
    assert outcome(ours, text, max_age=max_age, **more) == outcome(theirs, text, max_age=max_age, **more)


@pytest.mark.parametrize("arguments", [{"salt": "other"}, {}])
def test_own_signer_and_own_serializer_stay_itsdangerous(arguments: dict[str, str]) -> None:
    class Loud(TimestampSigner):
        def get_signature(self, value: str | bytes) -> bytes:
            return super().get_signature(value).swapcase()

        def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
            return super().verify_signature(value, sig.swapcase())

    class Bytes:
        dumps = staticmethod(lambda value: repr(value).encode())
        loads = staticmethod(lambda text: int(text))

    for made in ({"signer": Loud}, {"serializer": Bytes()}, {"signer_kwargs": {"sep": "~"}}):
        ours, theirs = signing.BoundedSerializer("key", **made), URLSafeTimedSerializer("key", **made)
        assert ours.dumps(12, **arguments) == theirs.dumps(12, **arguments)
        assert ours.loads(theirs.dumps(12, **arguments), max_age=9, **arguments) == 12


# -- cookies -------------------------------------------------------------------------------------


@QUICK
@given(
    header=st.one_of(
        st.lists(
            st.tuples(
                st.sampled_from(["session", "sess", "session2", "a", "", "é"]), st.text("ab=._- \t\n,é", max_size=8)
            ),
            max_size=5,
        ).map(lambda pairs: ";".join(f"{name}={value}" for name, value in pairs)),
        st.text(alphabet='session=;a \t"\\\r\n\xe9', max_size=40),
    ),
    name=st.sampled_from(["session", "a", "", "s=", "é", "*", "a b"]),
)
@example(header='session="a"; session=b', name="session")
@example(header='a="x;session=1"; session=2', name="session")
def test_cookies_are_found_as_werkzeug_finds_them(header: str, name: str) -> None:
    environ = EnvironBuilder().get_environ() | {"HTTP_COOKIE": header}
    assert sessions._cookies(Request(environ), name) == parse_cookie(header).getlist(name)


def test_no_header_takes_long_to_search() -> None:
    spaces = " \t" * 50_000
    environ = EnvironBuilder().get_environ() | {
        "HTTP_COOKIE": f"a{spaces}={spaces}b c;{spaces}session{spaces}={spaces}x"
    }
    assert sessions._cookies(Request(environ), "session") == ["x"]


def test_cookies_that_a_request_has_of_its_own_are_taken() -> None:
    class Own(Request):
        cookies = parse_cookie("session=own")  # type: ignore[assignment]  # as a test double would have it

    environ = EnvironBuilder().get_environ() | {"HTTP_COOKIE": "session=sent"}
    assert sessions._cookies(Own(environ), "session") == ["own"]
    request = Request(environ)
    request.cookies = parse_cookie("session=put")
    assert sessions._cookies(request, "session") == ["put"]


@QUICK
@given(
    value=st.text(alphabet="aZ09-_.", max_size=30),
    expires=st.one_of(st.none(), st.datetimes(timezones=st.just(sessions.UTC)), st.integers(0, 2**31)),
    path=st.text(max_size=6),
    domain=st.sampled_from([None, "", "example.com", ".example.com", "a\x00b"]),
    secure=st.booleans(),
    partitioned=st.booleans(),
    samesite=st.sampled_from([None, "Lax", "strict", "None"]),
    httponly=st.sampled_from([True, False]),
)
def test_cookie_is_set_as_werkzeug_sets_it(value: str, **attributes: Any) -> None:
    response = Response("")
    if sessions._set_by_template(response, "session", value, attributes):
        assert dict(response._head)["Set-Cookie"] == dump_cookie("session", value, **attributes)
        assert response.headers["Set-Cookie"].isprintable()
    else:
        assert attributes["domain"] == "a\x00b"


@pytest.mark.parametrize("size", [0, 60, 200])
def test_size_of_a_cookie_is_looked_at(size: int) -> None:
    app = App("size_probe")
    app.config.update(MAX_COOKIE_SIZE=size, SECRET_KEY="key")
    session = sessions.SecureCookieSession({"a": "0123456789"})
    session.modified = True
    with app.test_request_context():
        response = Response("")
        if size == 60:
            with pytest.warns(UserWarning, match="too large"):
                app.session_interface.save_session(app, session, response)
        else:
            app.session_interface.save_session(app, session, response)
    assert response.headers["Set-Cookie"].startswith("session=")


# -- tags and the session itself -----------------------------------------------------------------


@QUICK
@given(value=values, index=st.sampled_from([0, None]))
def test_own_tag_may_claim_any_value(both: Any, value: Any, index: int | None) -> None:
    written = []
    for framework in both:

        class Shout(framework.json.tag.JSONTag):
            key = " s"

            def check(self, value: Any) -> bool:
                return type(value) in {str, bool}

            def to_json(self, value: Any) -> Any:
                return str(value).upper()

        serializer = framework.json.tag.TaggedJSONSerializer()
        serializer.register(Shout, index=index)
        written.append(serializer.dumps(value))
    assert written[0] == written[1]


@QUICK
@given(
    value=values,
    spell=st.sampled_from([str, lambda text: text.replace('" ', '"\\u0020'), " {} ".format, "{}}}".format, str.encode]),
)
@example(value={" ": 1}, spell=str)
@example(value=[(1,)], spell=lambda text: text.replace(":", " : "))
def test_tagged_text_of_any_spelling_is_read_as_flask_does(both: Any, value: Any, spell: Any) -> None:
    read = []
    text = spell(TaggedJSONSerializer().dumps(value))
    for framework in both:
        with framework.App("tag_probe").app_context():
            try:
                read.append(framework.json.tag.TaggedJSONSerializer().loads(text))
            except ValueError as error:
                read.append(str(error))
    assert read[0] == read[1]


def test_tags_put_into_the_order_by_hand_are_asked() -> None:
    class Nothing(sessions.TaggedJSONSerializer.default_tags[0]):
        def check(self, value: Any) -> bool:
            return value is None

        def tag(self, value: Any) -> Any:
            return "nothing"

    serializer = TaggedJSONSerializer()
    serializer.order.insert(0, Nothing(serializer))
    assert serializer.dumps([None, 1]) == '["nothing",1]'


def test_session_of_a_subclass_may_have_its_own_callback() -> None:
    changes: list[Any] = []

    class Own(sessions.SecureCookieSession):
        def __init__(self, initial: Any = None) -> None:
            super(sessions.SecureCookieSession, self).__init__(initial, changes.append)

    session = Own({"a": 1})
    session["a"] = 2
    del session["a"]
    assert (changes, session.modified) == ([session, session], False)
