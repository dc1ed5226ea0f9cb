"""What leaves the framework is what Flask writes: tagged JSON, signed sessions, JSON replies, heads of responses."""

import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

QUICK = settings(max_examples=80, deadline=None)

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.uuids(),
    st.text().map(Markup),
    st.datetimes(min_value=datetime.datetime(1970, 1, 1), max_value=datetime.datetime(2100, 1, 1)).map(
        lambda value: value.replace(microsecond=0, tzinfo=datetime.UTC)
    ),
)
keys = st.one_of(st.text(max_size=5), st.sampled_from([" t", " b", " di", " t__", " m", " u", " d", "", "__"]))
tagged = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple), st.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=12,
)
plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.uuids(), st.dates()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)),
    max_leaves=12,
)


@QUICK
@given(value=tagged)
def test_tagged_json_is_flask_s_and_comes_back(both: Any, value: Any) -> None:
    wsgiapp, flask = (framework.json.tag.TaggedJSONSerializer() for framework in both)
    text = wsgiapp.dumps(value)
    assert text == flask.dumps(value)
    assert wsgiapp.loads(text) == flask.loads(text) == value


@QUICK
@given(data=st.dictionaries(st.text(max_size=5), tagged, max_size=4), key=st.text(min_size=1))
def test_session_cookies_open_on_either_side(both: Any, data: Any, key: str) -> None:
    serializers = []
    for framework in both:
        app = framework.App("format_probe")
        app.secret_key = key
        serializers.append(framework.sessions.SecureCookieSessionInterface().get_signing_serializer(app))
    for writer, reader in (serializers, serializers[::-1]):
        assert reader.loads(writer.dumps(data)) == data


@QUICK
@given(
    cookie=st.one_of(
        st.text(alphabet="abcXYZ019-_.=", max_size=60),
        st.text(max_size=30),
        st.binary(max_size=40).map(lambda raw: raw.decode("latin-1")),
    )
)
def test_no_cookie_breaks_a_request(framework: Any, cookie: str) -> None:
    from werkzeug.test import create_environ

    app = framework.App("format_probe")
    app.secret_key = "key"
    app.add_url_rule("/", "view", lambda: str(len(framework.session)))
    environ = create_environ("/")
    environ["HTTP_COOKIE"] = "session=" + cookie.encode("utf-8", "replace").decode("latin-1")
    statuses: list[str] = []
    body = app(environ, lambda status, headers, exc_info=None: statuses.append(status))
    assert (statuses, b"".join(body)) == (["200 OK"], b"0")
    getattr(body, "close", lambda: None)()


@QUICK
@given(value=plain)
def test_json_replies_are_flask_s(both: Any, value: Any) -> None:
    replies = []
    for framework in both:
        app = framework.App("format_probe")
        with app.test_request_context():
            response = framework.jsonify(value)
        replies.append((response.get_data(), list(response.headers)))
    assert replies[0] == replies[1]


header_names = st.sampled_from(
    ["X-A", "Content-Type", "ETag", "Location", "Cache-Control", "Set-Cookie", "Vary", "Content-Length"]
)
header_values = st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=10).filter(
    lambda text: text == text.strip()
)


@QUICK
@given(
    body=st.one_of(
        st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20),
        st.binary(max_size=20),
        st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
    ),
    status=st.sampled_from([200, 201, 206, 302, 404, 500]),
    headers=st.lists(st.tuples(header_names.filter(lambda name: name != "Content-Length"), header_values), max_size=4),
    method=st.sampled_from(["GET", "HEAD"]),
)
def test_heads_of_responses_are_flask_s(both: Any, body: Any, status: int, headers: Any, method: str) -> None:
    from werkzeug.test import create_environ

    seen: list[Any] = []
    for framework in both:
        app = framework.App("format_probe")
        app.add_url_rule("/", "view", lambda: (body, status, headers))

        def start(line: str, sent: Any, exc_info: Any = None) -> Any:
            seen.append((line, [tuple(header) for header in sent]))
            return seen.append

        answer = app(create_environ("/", method=method), start)
        seen.append(b"".join(answer))
        getattr(answer, "close", lambda: None)()
    assert seen[:2] == seen[2:]
