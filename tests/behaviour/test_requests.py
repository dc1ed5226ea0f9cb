"""What a view can learn from its request: query, form, files, JSON, cookies, headers, body.

Limits on size are in test_limits; routing facts are in test_routing.
"""

import io
import json
from typing import Any

import pytest


def echo(framework: Any, look: Any, **config: Any) -> Any:
    """A client of an app whose only view answers `look(request)` as JSON."""
    app = framework.App(__name__)
    app.config.update(config)
    app.add_url_rule("/", "echo", lambda: {"seen": look(framework.request)}, methods=["GET", "POST", "PUT"])
    app.add_url_rule("/<path:rest>", "deep", lambda rest: {"seen": look(framework.request)}, methods=["GET", "POST"])
    return app.test_client()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", []),
        ("a=1", [["a", "1"]]),
        ("a=1&a=2&b=3", [["a", "1"], ["a", "2"], ["b", "3"]]),
        ("a", [["a", ""]]),
        ("a=", [["a", ""]]),
        ("=x", [["", "x"]]),
        ("a=b=c", [["a", "b=c"]]),
        ("a+b=c+d", [["a b", "c d"]]),
        ("a=%C3%BC", [["a", "ü"]]),
        ("a=%FF", [["a", "%FF"]]),
        ("a=1;b=2", [["a", "1;b=2"]]),
        ("&&a=1&&", [["a", "1"]]),
        ("a=%", [["a", "%"]]),
        ("a=%zz", [["a", "%zz"]]),
        ("a=%00", [["a", "\x00"]]),
    ],
)
def test_query(framework: Any, query: str, expected: list[list[str]]) -> None:
    client = echo(framework, lambda request: list(request.args.items(multi=True)))
    assert client.get("/", query_string=query).json["seen"] == expected


def test_typed_query_values(framework: Any) -> None:
    client = echo(
        framework,
        lambda request: [
            request.args.get("n", type=int),
            request.args.get("bad", 7, type=int),
            request.args.getlist("n", type=int),
            request.args.get("absent"),
        ],
    )
    assert client.get("/?n=1&n=2&bad=x").json["seen"] == [1, 7, [1, 2], None]


@pytest.mark.parametrize("source", ["args", "form", "files"])
def test_missing_key_is_400(framework: Any, source: str) -> None:
    client = echo(framework, lambda request: getattr(request, source)["missing"])
    response = client.post("/")
    assert response.status_code == 400
    assert "missing" not in response.text


@pytest.mark.parametrize("config", [{"DEBUG": True}, {"TRAP_BAD_REQUEST_ERRORS": True}])
def test_missing_key_is_named_while_developing(framework: Any, config: dict[str, bool]) -> None:
    app = framework.App(__name__)
    app.config.update(config, PROPAGATE_EXCEPTIONS=True)
    app.add_url_rule("/", "view", lambda: framework.request.form["missing"], methods=["POST"])
    with pytest.raises(KeyError, match="missing"):
        app.test_client().post("/", data={"other": "x"})


def test_debug_mode_explains_a_file_sent_without_multipart(framework: Any) -> None:
    app = framework.App(__name__)
    app.debug = app.testing = True
    app.add_url_rule("/", "view", lambda: framework.request.files["photo"].filename, methods=["POST"])
    with pytest.raises(KeyError, match="multipart/form-data") as caught:
        app.test_client().post("/", data={"photo": "cat.png"})
    assert "photo" in str(caught.value)


def test_without_debug_a_file_sent_without_multipart_is_400(framework: Any) -> None:
    client = echo(framework, lambda request: request.files["photo"].filename)
    assert client.post("/", data={"photo": "cat.png"}).status_code == 400


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/x-www-form-urlencoded", b"a=1&a=2&b=%C3%BC+x", [["a", "1"], ["a", "2"], ["b", "ü x"]]),
        ("application/x-www-form-urlencoded; charset=utf-8", b"a=1", [["a", "1"]]),
        ("APPLICATION/X-WWW-FORM-URLENCODED", b"a=1", [["a", "1"]]),
        ("text/plain", b"a=1", []),
        ("application/json", b'{"a": 1}', []),
        ("", b"a=1", []),
        ("application/x-www-form-urlencoded", b"", []),
    ],
)
def test_form(framework: Any, content_type: str, body: bytes, expected: Any) -> None:
    client = echo(framework, lambda request: list(request.form.items(multi=True)))
    headers = {"Content-Type": content_type} if content_type else {}
    assert client.post("/", data=body, headers=headers).json["seen"] == expected


def test_form_of_a_put(framework: Any) -> None:
    client = echo(framework, lambda request: request.form.to_dict())
    assert client.put("/", data={"a": "1"}).json["seen"] == {"a": "1"}


def test_multipart_form_and_files(framework: Any) -> None:
    def look(request):
        return [
            request.form.getlist("tag"),
            [[f.filename, f.mimetype, f.read().decode()] for f in request.files.getlist("up")],
        ]

    data = {
        "tag": ["x", "ü"],
        "up": [(io.BytesIO(b"one"), "1.txt"), (io.BytesIO(b"two"), "zwei ü.bin", "application/x-two")],
    }
    seen = echo(framework, look).post("/", data=data).json["seen"]
    assert seen == [["x", "ü"], [["1.txt", "text/plain", "one"], ["zwei ü.bin", "application/x-two", "two"]]]


def test_uploaded_file_can_be_saved(framework: Any, tmp_path: Any) -> None:
    client = echo(framework, lambda request: request.files["up"].save(tmp_path / "saved"))
    client.post("/", data={"up": (io.BytesIO(b"\x00\xff" * 300_000), "big.bin")})
    assert (tmp_path / "saved").read_bytes() == b"\x00\xff" * 300_000


def test_values_join_query_and_form(framework: Any) -> None:
    client = echo(framework, lambda request: [request.values["q"], request.values["f"], request.values.getlist("both")])
    assert client.post("/?q=1&both=q", data={"f": "2", "both": "f"}).json["seen"] == ["1", "2", ["q", "f"]]


JSON_VALUES = [{"a": [1, 2.5, None, True, "ü"]}, [], "text", 0, None, False, {"": {}}]


@pytest.mark.parametrize("value", JSON_VALUES)
@pytest.mark.parametrize(
    "content_type", ["application/json", "application/problem+json", "Application/JSON; charset=utf-8"]
)
def test_json_body(framework: Any, value: Any, content_type: str) -> None:
    client = echo(framework, lambda request: [request.json, request.get_json(), request.is_json])
    response = client.post("/", data=json.dumps(value), content_type=content_type)
    assert response.json["seen"] == [value, value, True]


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "text/json", "application/x-json", "text/plain; application/json"]
)
def test_json_of_another_type_is_415(framework: Any, content_type: str | None) -> None:
    client = echo(framework, lambda request: request.json)
    assert client.post("/", data="{}", content_type=content_type).status_code == 415


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{'a': 1}", b'{"a": 1,}', b"[1 2]", b"nul", b'"open', b"\xff\xfe\xfa", b'{"a": "\n"}', b"{}{}"]
)
def test_malformed_json_is_400(framework: Any, body: bytes) -> None:
    client = echo(framework, lambda request: request.json)
    response = client.post("/", data=body, content_type="application/json")
    assert response.status_code == 400
    assert "Expecting" not in response.text


def test_debug_mode_says_why_the_json_is_refused(framework: Any) -> None:
    client = echo(framework, lambda request: request.json, DEBUG=True, TRAP_BAD_REQUEST_ERRORS=False)
    response = client.post("/", data="{oops", content_type="application/json")
    assert response.status_code == 400
    assert "line 1 column 2" in response.text


def test_debug_mode_says_why_the_type_is_refused(framework: Any) -> None:
    client = echo(framework, lambda request: request.json, DEBUG=True)
    response = client.post("/", data="{}", content_type="text/plain")
    assert response.status_code == 415
    assert "application/json" in response.text


@pytest.mark.parametrize(
    ("body", "content_type", "options", "expected"),
    [
        (b"{}", "text/plain", {"silent": True}, None),
        (b"{", "application/json", {"silent": True}, None),
        (b'{"a": 1}', "text/plain", {"force": True}, {"a": 1}),
        (b'{"a": 1}', None, {"force": True, "silent": True}, {"a": 1}),
        (b"[", "text/plain", {"force": True, "silent": True}, None),
        (b"[1]", "application/json", {"cache": False}, [1]),
    ],
)
def test_get_json_options(framework: Any, body: bytes, content_type: Any, options: Any, expected: Any) -> None:
    client = echo(framework, lambda request: request.get_json(**options))
    assert client.post("/", data=body, content_type=content_type).json["seen"] == expected


def test_silent_failure_does_not_hide_a_later_loud_one(framework: Any) -> None:
    client = echo(framework, lambda request: [request.get_json(silent=True), request.get_json()])
    assert client.post("/", data="{", content_type="application/json").status_code == 400


def test_parsed_json_is_cached(framework: Any) -> None:
    client = echo(framework, lambda request: request.json is request.get_json())
    assert client.post("/", json={"a": 1}).json["seen"] is True


def test_request_class_may_answer_for_bad_json(framework: Any) -> None:
    class Lenient(framework.Request):
        def on_json_loading_failed(self, e):
            return {"failed": type(e).__name__}

    app = framework.App(__name__)
    app.request_class = Lenient
    app.add_url_rule("/", "view", lambda: framework.request.json, methods=["POST"])
    response = app.test_client().post("/", data="{", content_type="application/json")
    assert response.json == {"failed": "JSONDecodeError"}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("a=1", {"a": "1"}),
        ("a=1; b=2", {"a": "1", "b": "2"}),
        ("a=1;b=2", {"a": "1", "b": "2"}),
        ('a="q v"', {"a": "q v"}),
        ('a="\\303\\274"', {"a": "ü"}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("=x", {}),
        ("a=1; a=2", {"a": "1"}),
        ("a=b=c", {"a": "b=c"}),
        ("", {}),
    ],
)
def test_cookies(framework: Any, header: str, expected: dict[str, str]) -> None:
    app = echo(framework, lambda request: request.cookies.to_dict()).application
    client = app.test_client(use_cookies=False)
    assert client.get("/", headers={"Cookie": header}).json["seen"] == expected


def test_headers_are_found_in_any_case(framework: Any) -> None:
    client = echo(
        framework, lambda request: [request.headers["x-own"], request.headers.get("X-OWN"), "X-None" in request.headers]
    )
    assert client.get("/", headers={"X-Own": "yes"}).json["seen"] == ["yes", "yes", False]


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("method", "POST"),
        ("path", "/a/b ü"),
        ("full_path", "/a/b ü?x=1&y=%C3%BC"),
        ("query_string", "x=1&y=%C3%BC"),
        ("url", "https://shop.example:8443/root/a/b%20ü?x=1&y=ü"),
        ("base_url", "https://shop.example:8443/root/a/b%20ü"),
        ("url_root", "https://shop.example:8443/root/"),
        ("root_url", "https://shop.example:8443/root/"),
        ("host_url", "https://shop.example:8443/"),
        ("host", "shop.example:8443"),
        ("scheme", "https"),
        ("root_path", "/root"),
        ("script_root", "/root"),
        ("is_secure", "True"),
        ("remote_addr", "192.0.2.7"),
        ("access_route", "ImmutableList(['192.0.2.7'])"),
        ("mimetype", "text/plain"),
        ("mimetype_params", "{'charset': 'utf-8'}"),
        ("content_type", "text/plain; charset=utf-8"),
        ("content_length", "4"),
        ("accept_mimetypes", "text/html,application/json;q=0.5"),
        ("accept_languages", "de,en;q=0.7"),
        ("user_agent", "probe/1.0"),
        ("referrer", "https://before.example/"),
        ("authorization", "Basic YW5uOnNlY3JldA=="),
        ("if_none_match", '"tag"'),
        ("range", "bytes=0-9"),
        ("cache_control", "no-cache"),
        ("data", "body"),
        ("is_json", "False"),
        ("is_multithread", "False"),
        ("max_forwards", "3"),
        ("pragma", "no-cache"),
        ("origin", "https://o.example"),
        ("environ_type", "dict"),
    ],
)
def test_facts_of_a_request(framework: Any, attribute: str, expected: str) -> None:
    def look(request):
        value = type(request.environ).__name__ if attribute == "environ_type" else getattr(request, attribute)
        return value.decode() if isinstance(value, bytes) else str(value)

    response = echo(framework, look).post(
        "/a/b ü?x=1&y=%C3%BC",
        base_url="https://shop.example:8443/root",
        data=b"body",
        content_type="text/plain; charset=utf-8",
        environ_base={"REMOTE_ADDR": "192.0.2.7", "HTTP_USER_AGENT": "probe/1.0"},
        auth=("ann", "secret"),
        headers={
            "Accept": "text/html, application/json;q=0.5",
            "Accept-Language": "de, en;q=0.7",
            "Referer": "https://before.example/",
            "If-None-Match": '"tag"',
            "Range": "bytes=0-9",
            "Cache-Control": "no-cache",
            "Max-Forwards": "3",
            "Pragma": "no-cache",
            "Origin": "https://o.example",
        },
    )
    assert response.json["seen"] == expected


@pytest.mark.parametrize(("path", "root"), [("/what%3F", ""), ("/what%3Fa=b", ""), ("/page", "/app%3F")])
@pytest.mark.parametrize("query", ["", "c=d", "c?d"])
def test_question_mark_in_a_path_is_no_query(framework: Any, path: str, root: str, query: str) -> None:
    client = echo(framework, lambda request: [request.url, request.base_url])
    base = f"http://localhost{root}{path}"
    given = client.get(path, base_url=f"http://localhost{root}", query_string=query).json["seen"]
    assert given == [f"{base}?{query}" if query else base, base]


def test_basic_authorization_is_decoded(framework: Any) -> None:
    client = echo(framework, lambda request: [request.authorization.username, request.authorization.password])
    assert client.get("/", auth=("ännchen", "s:ecret")).json["seen"] == ["ännchen", "s:ecret"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/json", "application/json"),
        ("text/html;q=0.4, application/json;q=0.9", "application/json"),
        ("text/*", "text/html"),
        ("*/*", "text/html"),
        ("image/png", None),
        ("", None),
    ],
)
def test_best_accepted_type(framework: Any, accept: str, expected: str | None) -> None:
    client = echo(framework, lambda request: request.accept_mimetypes.best_match(["text/html", "application/json"]))
    headers = {"Accept": accept} if accept else {}
    assert client.get("/", headers=headers).json["seen"] == expected


def test_body_can_be_read_as_a_stream(framework: Any) -> None:
    def look(request):
        return [request.stream.read(2).decode(), request.stream.read(3).decode(), request.stream.read(100).decode()]

    client = echo(framework, look)
    assert client.post("/", data=b"0123456789", content_type="application/octet-stream").json["seen"] == [
        "01",
        "234",
        "56789",
    ]


def test_body_read_as_data_can_be_read_again(framework: Any) -> None:
    client = echo(framework, lambda request: [request.get_data(as_text=True), request.data.decode()])
    assert client.post("/", data="twice", content_type="text/plain").json["seen"] == ["twice", "twice"]


def test_body_without_a_length_is_empty(framework: Any) -> None:
    client = echo(framework, lambda request: request.get_data(as_text=True))
    environ = {"wsgi.input": io.BytesIO(b"unannounced"), "CONTENT_LENGTH": ""}
    assert client.post("/", environ_overrides=environ).json["seen"] == ""


@pytest.mark.raw_wsgi
def test_chunked_body_is_read_to_its_end(framework: Any) -> None:
    client = echo(framework, lambda request: request.get_data(as_text=True))
    environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    assert (
        client.post("/", input_stream=io.BytesIO(b"in chunks"), environ_overrides=environ).json["seen"] == "in chunks"
    )


def test_a_body_that_nobody_reads_is_no_trouble(framework: Any) -> None:
    client = echo(framework, lambda request: "not read")
    assert client.post("/", data=b"x" * 100_000).json["seen"] == "not read"


def test_request_takes_own_attributes(framework: Any) -> None:
    app = framework.App(__name__)

    @app.before_request
    def attach():
        framework.request.user = "ann"

    app.add_url_rule("/", "who", lambda: framework.request.user)
    assert app.test_client().get("/").text == "ann"


def test_request_proxy_is_the_request_of_the_moment(framework: Any) -> None:
    app = framework.App(__name__)
    with app.test_request_context("/one", method="PUT"):
        current = framework.request._get_current_object()
        assert isinstance(current, framework.Request)
        assert framework.request == current
        assert (current.path, repr(framework.request)) == ("/one", repr(current))


def test_request_can_be_weakly_referenced_and_hashed(framework: Any) -> None:
    import weakref

    with framework.App(__name__).test_request_context():
        current = framework.request._get_current_object()
        assert weakref.ref(current)() is current
        assert {current: 1}[current] == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_every_method_reaches_its_view(framework: Any, method: str) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: ("", {"X-Method": framework.request.method}), methods=[method])
    assert app.test_client().open("/", method=method).headers["X-Method"] == method
