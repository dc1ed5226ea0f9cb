"""What a view may return and what becomes of it: every kind of return value, headers, cookies, streams, redirects.

JSON replies are in test_json, files in test_send_file.
"""

import http
from typing import Any

import pytest
from werkzeug.local import LocalProxy
from werkzeug.test import create_environ
from werkzeug.wrappers import Response as PlainResponse

from wsgiapp import heads

HTML = "text/html; charset=utf-8"


def answer(framework: Any, value: Any, **request: Any) -> Any:
    """The response of an app whose only view returns `value` (or what it returns when called, for a generator)."""
    app = framework.App(__name__)
    app.testing = True
    app.add_url_rule("/", "view", value if callable(value) else lambda: value)
    return app.test_client().get("/", **request)


@pytest.mark.parametrize(
    ("value", "status", "content_type", "body"),
    [
        ("text ü", 200, HTML, "text ü".encode()),
        ("", 200, HTML, b""),
        (b"\x00\xff", 200, HTML, b"\x00\xff"),
        ({"a": 1}, 200, "application/json", b'{"a":1}\n'),
        ({}, 200, "application/json", b"{}\n"),
        ([1, "b"], 200, "application/json", b'[1,"b"]\n'),
        ([], 200, "application/json", b"[]\n"),
        (("made", 201), 201, HTML, b"made"),
        (("made", "201 Made"), 201, HTML, b"made"),
        (("teapot", http.HTTPStatus.IM_A_TEAPOT), 418, HTML, b"teapot"),
        (({"a": 1}, 202), 202, "application/json", b'{"a":1}\n'),
        (([1], 202), 202, "application/json", b"[1]\n"),
        ((b"raw", 203), 203, HTML, b"raw"),
        (("x", {"Content-Type": "text/plain"}), 200, "text/plain", b"x"),
        (("x", [("Content-Type", "text/csv")]), 200, "text/csv", b"x"),
        (("x", 201, {"Content-Type": "text/plain"}), 201, "text/plain", b"x"),
        (("x", None, {"Content-Type": "text/plain"}), 200, "text/plain", b"x"),
        (({"a": 1}, 201, {"Content-Type": "application/problem+json"}), 201, "application/problem+json", b'{"a":1}\n'),
    ],
)
def test_return_value_becomes_a_response(
    framework: Any, value: Any, status: int, content_type: str, body: bytes
) -> None:
    response = answer(framework, value)
    assert (response.status_code, response.headers["Content-Type"], response.data) == (status, content_type, body)
    assert response.headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize(
    ("value", "status_line"),
    [
        (("x", 299), "299 UNKNOWN"),
        (("x", "404 Gone Fishing"), "404 Gone Fishing"),
        (("x", "204"), "204 NO CONTENT"),
        (("x", 418), "418 I'M A TEAPOT"),
    ],
)
def test_status_line(framework: Any, value: Any, status_line: str) -> None:
    app = framework.App(__name__)
    with app.test_request_context():
        assert app.make_response(value).status == status_line


@pytest.mark.parametrize(
    "headers", [{"X-A": "1", "X-B": "2"}, [("X-A", "1"), ("X-B", "2")], (("X-A", "1"), ("X-B", "2"))]
)
def test_headers_of_a_tuple(framework: Any, headers: Any) -> None:
    response = answer(framework, ("x", 200, headers))
    assert (response.headers["X-A"], response.headers["X-B"]) == ("1", "2")


def test_repeated_header_of_a_tuple(framework: Any) -> None:
    for headers in ([("X-A", "1"), ("X-A", "2")], {"X-A": ["1", "2"]}):
        assert answer(framework, ("x", 200, headers)).headers.getlist("X-A") == ["1", "2"]


@pytest.mark.raw_wsgi
def test_bytearray_is_a_body(framework: Any) -> None:
    assert answer(framework, bytearray(b"array")).data == b"array"


@pytest.mark.parametrize("base", [bytes, bytearray])
def test_body_of_a_subclass_of_bytes_is_sent_as_bytes(both: Any, base: type) -> None:
    body = type("Own", (base,), {})(b"own")  # wsgiref's server takes nothing but bytes
    sent = [[*framework.Response(body)(create_environ(), lambda status, headers: None)] for framework in both]
    assert sent[0] == sent[1] == [b"own"]
    assert type(sent[0][0]) is bytes


@pytest.mark.parametrize("media_type", heads.COMMON_TYPES)
def test_content_type_that_is_kept_is_the_one_that_is_made(media_type: str) -> None:
    assert heads.COMMON_TYPES[media_type] == heads.type_header(media_type)


def test_headers_of_a_tuple_replace_those_of_the_response(framework: Any) -> None:
    inner = framework.Response("x", headers={"X-A": "old", "X-B": "kept"}, status=202)
    response = answer(framework, (inner, {"X-A": "new"}))
    assert (response.headers.getlist("X-A"), response.headers["X-B"], response.status_code) == (["new"], "kept", 202)


def test_location_beyond_latin_1_is_sent_as_a_uri(framework: Any) -> None:
    response = answer(framework, lambda: ("", 302, {"Location": "/\N{EURO SIGN}?a=\N{SNOWMAN}"}))
    assert (response.status_code, response.headers["Location"]) == (302, "/%E2%82%AC?a=%E2%98%83")


@pytest.mark.parametrize("name", ["Location", "Content-Location"])
def test_address_of_a_redirect_is_sent_once(both: Any, name: str) -> None:
    headers = [(name, "/first"), (name.lower(), "/second")]
    sent = [answer(framework, lambda: ("", 302, headers)).headers.getlist(name) for framework in both]
    assert sent[0] == sent[1]
    assert len(sent[0]) == 1


def test_plain_dict_may_stand_for_the_headers(framework: Any) -> None:
    def view() -> Any:
        response = framework.make_response("x")
        response.headers = {"Content-Type": "text/x", "ab": "1"}
        return response

    response = answer(framework, view)
    assert (response.text, response.mimetype, response.headers["ab"]) == ("x", "text/x", "1")


def test_text_may_be_added_to_the_body_as_a_list(framework: Any) -> None:
    def view() -> Any:
        response = framework.make_response("x")
        response.response.append("ü")
        response.headers["Content-Length"] = "3"
        return response

    assert answer(framework, view).text == "xü"


def test_status_of_a_tuple_replaces_that_of_the_response(framework: Any) -> None:
    assert answer(framework, lambda: (framework.Response("x", 202), 203)).status_code == 203


def test_response_object_is_sent_as_it_is(framework: Any) -> None:
    response = answer(framework, lambda: framework.Response("x", 202, {"X-A": "1"}, mimetype="text/plain"))
    assert (response.status_code, response.headers["X-A"], response.mimetype) == (202, "1", "text/plain")


def test_plain_werkzeug_response_becomes_one_of_the_app(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: PlainResponse("plain", 202))
    kinds = []

    @app.after_request
    def look(response):
        kinds.append(type(response))
        return response

    response = app.test_client().get("/")
    assert (response.status_code, response.text, kinds) == (202, "plain", [app.response_class])


def test_wsgi_callable_is_run(framework: Any) -> None:
    def wsgi(environ, start_response):
        start_response("299 Own", [("Content-Type", "text/x-own"), ("X-Path", environ["PATH_INFO"])])
        return [b"by ", b"hand"]

    response = answer(framework, lambda: wsgi)
    assert (response.status, response.headers["X-Path"], response.data) == ("299 Own", "/", b"by hand")
    assert response.mimetype == "text/x-own"


def test_other_app_is_a_return_value(framework: Any) -> None:
    other = framework.App("other")
    other.add_url_rule("/", "view", lambda: framework.current_app.name)
    assert answer(framework, lambda: other).text == "other"


def test_http_exception_is_a_return_value(framework: Any) -> None:
    from werkzeug.exceptions import Conflict

    response = answer(framework, lambda: Conflict("taken"))
    assert response.status_code == 409
    assert "taken" in response.text


def test_generator_is_streamed(framework: Any) -> None:
    def view():
        yield "one "
        yield b"two "
        yield "drei ü"

    response = answer(framework, view)
    assert response.data.decode() == "one two drei ü"
    assert (response.headers["Content-Type"], response.headers.get("Content-Length")) == (HTML, None)


def test_iterator_is_streamed(framework: Any) -> None:
    response = answer(framework, lambda: (iter(["a", "b"]), 201))
    assert (response.data, response.status_code) == (b"ab", 201)


def test_stream_is_not_read_ahead(framework: Any) -> None:
    produced = []

    def view():
        for number in range(3):
            produced.append(number)
            yield str(number)

    response = answer(framework, view)
    chunks = response.iter_encoded()
    assert len(produced) <= 1
    assert next(chunks) == b"0"
    assert len(produced) <= 2
    assert b"".join(chunks) == b"12"


def test_closing_the_response_closes_the_stream(framework: Any) -> None:
    events = []

    def view():
        try:
            while True:
                yield "more"
        finally:
            events.append("closed")

    response = answer(framework, view)
    assert next(response.iter_encoded()) == b"more"
    response.close()
    assert events == ["closed"]


def test_head_does_not_run_the_stream(framework: Any) -> None:
    app = framework.App(__name__)
    events = []

    @app.get("/")
    def view():
        def body():
            events.append("ran")
            yield "x"

        return body()

    assert app.test_client().head("/").data == b""
    assert events == []


@pytest.mark.parametrize(
    "value", [None, (None, 200), (None,), 42, 1.5, True, object(), {1, 2}, ("a", 1, {}, 4), (), lambda: lambda: "no"]
)
def test_wrong_kind_of_value_is_a_type_error(framework: Any, value: Any) -> None:
    with pytest.raises(TypeError):
        answer(framework, value)


@pytest.mark.parametrize(
    ("value", "words"), [(None, "None"), (42, "int"), ((None, 200), "None"), (("a", 1, {}, 4), "tuple")]
)
def test_wrong_kind_of_value_is_explained(framework: Any, value: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words) as caught:
        answer(framework, value)
    if value is None:
        assert "view" in str(caught.value)


def test_wrong_kind_of_value_is_500_in_production(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: None)
    assert app.test_client().get("/").status_code == 500


# make_response -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "status", "body"),
    [
        ((), 200, b""),
        (("text",), 200, b"text"),
        (("text", 201), 201, b"text"),
        (("text", {"X-A": "1"}), 200, b"text"),
        (("text", 201, {"X-A": "1"}), 201, b"text"),
        ((("text", 202),), 202, b"text"),
        (({"a": 1},), 200, b'{"a":1}\n'),
        (([1], 203), 203, b"[1]\n"),
    ],
)
def test_make_response(framework: Any, arguments: Any, status: int, body: bytes) -> None:
    with framework.App(__name__).test_request_context():
        response = framework.make_response(*arguments)
        assert isinstance(response, framework.Response)
        assert (response.status_code, response.data) == (status, body)


def test_make_response_gives_back_a_response(framework: Any) -> None:
    with framework.App(__name__).test_request_context():
        response = framework.Response("x")
        assert framework.make_response(response) is response


def test_response_type_without_a_mimetype_is_html(framework: Any) -> None:
    assert framework.Response("x").headers["Content-Type"] == HTML
    assert framework.Response.default_mimetype == "text/html"


# Cookies -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "k=v; Path=/"),
        ({"path": "/shop"}, "k=v; Path=/shop"),
        ({"path": None}, "k=v"),
        ({"max_age": 60, "expires": 0}, "k=v; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60; Path=/"),
        ({"secure": True}, "k=v; Secure; Path=/"),
        ({"httponly": True}, "k=v; HttpOnly; Path=/"),
        ({"samesite": "lax"}, "k=v; Path=/; SameSite=Lax"),
        ({"samesite": "Strict"}, "k=v; Path=/; SameSite=Strict"),
        ({"domain": "shop.example"}, "k=v; Domain=shop.example; Path=/"),
        ({"secure": True, "partitioned": True}, "k=v; Secure; Path=/; Partitioned"),
        ({"expires": 0}, "k=v; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/"),
    ],
)
def test_set_cookie(framework: Any, options: Any, expected: str) -> None:
    app = framework.App(__name__)

    @app.get("/")
    def view():
        response = framework.make_response("x")
        response.set_cookie("k", "v", **options)
        return response

    assert app.test_client().get("/").headers["Set-Cookie"] == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("a b", '"a b"'), ("ü", '"\\303\\274"'), ('"', '"\\""'), (";,", '"\\073\\054"')]
)
def test_cookie_value_is_quoted_and_comes_back(framework: Any, value: str, expected: str) -> None:
    app = framework.App(__name__)

    @app.get("/set")
    def give():
        response = framework.make_response("")
        response.set_cookie("k", value)
        return response

    app.add_url_rule("/get", "get", lambda: framework.request.cookies["k"])
    client = app.test_client()
    assert client.get("/set").headers["Set-Cookie"] == f"k={expected}; Path=/"
    assert client.get("/get").text == value


def test_delete_cookie(framework: Any) -> None:
    app = framework.App(__name__)

    @app.get("/")
    def view():
        response = framework.make_response("")
        response.delete_cookie("k")
        return response

    client = app.test_client()
    client.set_cookie("k", "v")
    header = client.get("/").headers["Set-Cookie"]
    assert header == "k=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"
    assert client.get_cookie("k") is None


@pytest.mark.parametrize(("limit", "warns"), [(4093, True), (0, False), (10_000, False)])
def test_large_cookie_is_warned_about(framework: Any, limit: int, warns: bool) -> None:
    import warnings

    app = framework.App(__name__)
    app.config["MAX_COOKIE_SIZE"] = limit
    with app.test_request_context(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        framework.make_response("").set_cookie("k", "v" * 5000)
    assert bool(caught) is warns


def test_max_cookie_size_without_an_app(framework: Any) -> None:
    assert framework.Response().max_cookie_size == 4093


# Bodies that must not be ---------------------------------------------------------------------------------------------


@pytest.mark.raw_wsgi
@pytest.mark.parametrize("status", [204, 304])
def test_status_without_a_body(framework: Any, status: int) -> None:
    response = answer(framework, ("ignored", status))
    assert (response.status_code, response.data) == (status, b"")
    assert "Content-Length" not in response.headers


def test_conditional_response(framework: Any) -> None:
    app = framework.App(__name__)

    @app.get("/")
    def view():
        response = framework.make_response("body")
        response.add_etag()
        return response.make_conditional(framework.request)

    client = app.test_client()
    first = client.get("/")
    again = client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")


def test_response_can_be_changed_by_hooks(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: "small")

    @app.after_request
    def shout(response):
        response.set_data(response.get_data(as_text=True).upper())
        response.status_code = 203
        response.mimetype = "text/plain"
        response.headers.add("X-Way", "hook")
        return response

    response = app.test_client().get("/")
    assert (response.text, response.status_code, response.mimetype) == ("SMALL", 203, "text/plain")
    assert (response.headers["Content-Length"], response.headers["X-Way"]) == ("5", "hook")


def test_stream_may_mix_text_and_bytes(framework: Any) -> None:
    class Text(str):
        pass

    chunks = ["ä", b"b", b"", Text("c"), "", "d", b"e"]
    app = framework.App("mixed_stream")
    app.add_url_rule("/", "index", lambda: framework.Response(iter(chunks)))
    sent = [chunk for chunk in app.test_client().get("/").iter_encoded() if chunk]
    assert sent == ["ä".encode(), b"b", b"c", b"d", b"e"]


def test_chunk_of_a_stream_may_be_a_proxy_of_text(framework: Any) -> None:
    proxies = [LocalProxy(lambda: "é"), "a", b"b", LocalProxy(lambda: "c")]
    app = framework.App("proxies_in_a_stream")
    app.add_url_rule("/", "stream", lambda: iter(proxies))
    assert app.test_client().get("/").data == "éabc".encode()


def test_chunk_is_sent_before_the_next_one_is_made(framework: Any) -> None:
    made: list[str] = []

    def chunks() -> Any:
        for chunk in ("a", b"b", "c"):
            made.append(str(chunk))
            yield chunk

    app = framework.App("slow_stream")
    app.add_url_rule("/", "index", lambda: framework.Response(chunks()))
    body = iter(app(create_environ("/"), lambda status, headers: None))
    assert [(next(body), len(made)) for _ in range(3)] == [(b"a", 1), (b"b", 2), (b"c", 3)]


def test_iterator_that_has_ended_is_not_asked_again(framework: Any) -> None:
    class Once:
        """An iterator that would wait for ever if it were asked after its end, as one of a queue's items does."""

        def __init__(self, *chunks: Any) -> None:
            self.left = [*chunks, StopIteration()]

        def __iter__(self) -> Any:
            return self

        def __next__(self) -> Any:
            found = self.left.pop(0)  # an IndexError after the end
            if isinstance(found, StopIteration):
                raise found
            return found

    app = framework.App("ended_stream")
    app.add_url_rule("/", "index", lambda: framework.Response(Once("a", b"b", "c")))
    app.add_url_rule("/empty", "empty", lambda: framework.Response(Once()))
    assert b"".join(app(create_environ("/"), lambda status, headers: None)) == b"abc"
    assert b"".join(app(create_environ("/empty"), lambda status, headers: None)) == b""
