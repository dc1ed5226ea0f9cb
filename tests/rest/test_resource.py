"""What a resource can be asked for besides: preferences, keys, tags that are required, an end, rules on who may."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from rest.books import Book
from rest.conftest import links
from wsgiapp import App, request, session
from wsgiapp.rest import API, MemoryKeys, MemoryStore, Problem, Resource, Stored

BOOK = {"title": "Emma", "pages": 474}


def client_of(**options: Any) -> Any:
    app = App("library")
    app.testing = False
    API(app, Resource("books", Book, options.pop("store", MemoryStore()), **options))
    return app.test_client()


# -- Prefer


@pytest.mark.parametrize(
    "prefer",
    [
        "return=minimal",
        'respond-async, return="minimal"; foo',
        "Return=minimal",
        'x="a, return=representation", return=minimal',
    ],
)
def test_who_prefers_little_gets_little(prefer: str) -> None:
    client = client_of()
    made = client.post("/books", json=BOOK, headers={"Prefer": prefer})
    assert (made.status_code, made.json) == (201, {"id": 1})
    assert made.headers["Preference-Applied"] == "return=minimal"
    for method in ("PUT", "PATCH"):
        changed = client.open("/books/1", method=method, json=BOOK, headers={"Prefer": prefer})
        assert (changed.status_code, changed.data) == (204, b"")
        assert changed.headers["Preference-Applied"] == "return=minimal"
        assert "Content-Location" not in changed.headers


@pytest.mark.parametrize(("prefer", "followed"), [("return=representation", True), ("return=all", False), ("x", False)])
def test_everybody_else_gets_the_whole(prefer: str, followed: bool) -> None:
    made = client_of().post("/books", json=BOOK, headers={"Prefer": prefer})
    assert made.json == {"id": 1, **BOOK}
    assert ("Preference-Applied" in made.headers) is followed


# -- Idempotency-Key


def test_a_request_that_is_sent_again_is_done_once() -> None:
    client = client_of(keys=MemoryKeys())
    answers = [client.post("/books", json=BOOK, headers={"Idempotency-Key": "k"}) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.data for answer in answers}) == len({answer.headers["Location"] for answer in answers}) == 1
    assert len(client.get("/books").json["items"]) == 1


def test_the_same_key_with_another_body_is_422_and_a_strange_key_400() -> None:
    client = client_of(keys=MemoryKeys())
    client.post("/books", json=BOOK, headers={"Idempotency-Key": "k"})
    other = client.post("/books", json={"title": "Persuasion"}, headers={"Idempotency-Key": "k"})
    assert other.status_code == 422
    for strange in ("", "a b", "x" * 201):
        assert client.post("/books", json=BOOK, headers={"Idempotency-Key": strange}).status_code == 400
    assert len(client.get("/books").json["items"]) == 1


def test_a_key_whose_first_request_is_at_work_is_409() -> None:
    class Slow(MemoryStore):
        def create(self, fields: Any) -> Stored:
            began.set()
            assert go_on.wait(10)
            return super().create(fields)

    began, go_on = threading.Event(), threading.Event()
    client = client_of(keys=MemoryKeys(), store=Slow())
    statuses: list[int] = []

    def send() -> None:
        headers = {"Idempotency-Key": "k"}
        statuses.append(client.application.test_client().post("/books", json=BOOK, headers=headers).status_code)

    first = threading.Thread(target=send)
    first.start()
    assert began.wait(10)
    second = client.post("/books", json=BOOK, headers={"Idempotency-Key": "k"})
    go_on.set()
    first.join()
    assert (second.status_code, second.headers["Retry-After"], statuses) == (409, "1", [201])


@pytest.mark.parametrize("header", ["Cookie", "Authorization"])
def test_nobody_gets_the_answer_to_another_ones_request_with_the_same_key(header: str) -> None:
    client = client_of(keys=MemoryKeys()).application.test_client(use_cookies=False)
    sent = [{"Idempotency-Key": "k", header: f"session={name}"} for name in ("ada", "ben", "ada")]
    places = [client.post("/books", json=BOOK, headers=headers).headers["Location"] for headers in sent]
    assert places == ["/books/1", "/books/2", "/books/1"]


def test_two_sessions_of_one_app_with_the_same_key_are_two_senders() -> None:
    app = App("library")
    app.secret_key = "k"

    @app.route("/sign-in/<name>")
    def sign_in(name: str) -> str:
        session["name"] = name
        return ""

    API(app, Resource("books", Book, MemoryStore(), keys=MemoryKeys()))
    places = []
    for name in ("ada", "ben"):
        visitor = app.test_client()
        visitor.get(f"/sign-in/{name}")
        for _ in range(2):
            made = visitor.post("/books", json=BOOK, headers={"Idempotency-Key": "k"})
            places.append(made.headers["Location"])
    assert places == ["/books/1", "/books/1", "/books/2", "/books/2"]


def test_an_app_says_who_sends_a_request_and_then_nothing_else_does() -> None:
    app = client_of(keys=MemoryKeys(), who=lambda: request.headers["X-User"]).application
    client = app.test_client(use_cookies=False)
    places = []
    for user, cookie in (("1", "a"), ("1", "b"), ("2", "b")):
        headers = {"Idempotency-Key": "k", "X-User": user, "Cookie": f"session={cookie}"}
        places.append(client.post("/books", json=BOOK, headers=headers).headers["Location"])
    assert places == ["/books/1", "/books/1", "/books/2"]


def test_a_request_that_was_refused_did_nothing_and_can_be_put_right_with_its_key() -> None:
    client = client_of(keys=MemoryKeys())
    statuses = [
        client.post("/books", json=body, headers={"Idempotency-Key": "k"}).status_code for body in ({}, BOOK, BOOK)
    ]
    assert statuses == [422, 201, 201]
    assert len(client.get("/books").json["items"]) == 1


def test_keys_are_kept_for_a_time_and_in_a_number() -> None:
    keys = MemoryKeys(most=2)
    for key in ("a", "b", "c"):
        assert keys.begin(key, "f") is None
    assert keys.begin("a", "f") is None
    old = MemoryKeys(seconds=-1)
    assert old.begin("a", "f") is old.begin("a", "f") is None


# -- tags


def test_a_change_without_a_tag_is_428_where_one_is_required() -> None:
    client = client_of(require_tag=True)
    tag = client.post("/books", json=BOOK).headers["ETag"]
    for method in ("PUT", "PATCH", "DELETE"):
        refused = client.open("/books/1", method=method, json=BOOK)
        assert (refused.status_code, refused.json["title"]) == (428, "Precondition Required")
    assert client.put("/books/1", json=BOOK, headers={"If-Match": tag}).status_code == 200


# -- an end


def test_a_resource_that_goes_says_since_when_and_until_when() -> None:
    client = client_of(
        deprecated=datetime(2026, 1, 1, tzinfo=UTC), sunset=datetime(2027, 1, 1, tzinfo=UTC), successor="/new"
    )
    for path in ("/books", "/books/9"):
        response = client.get(path)
        assert response.headers["Deprecation"] == "@1767225600"
        assert response.headers["Sunset"] == "Fri, 01 Jan 2027 00:00:00 GMT"
        assert links(response)["deprecation"] == links(response)["sunset"] == "/new"
    assert client.get("/openapi.json").json["paths"]["/books"]["get"]["deprecated"] is True


# -- who may, and what can be done


def test_a_rule_is_asked_before_the_body_is_read_and_again_with_the_thing() -> None:
    asked: list[tuple[str, int | None]] = []

    def own(method: str, item: Stored | None) -> None:
        asked.append((method, item and item.id))
        if "Authorization" not in request.headers:
            raise Problem(401, "Sign in.", headers={"WWW-Authenticate": "Bearer"})
        if item is not None and method == "DELETE" and item.fields["title"] == "Emma":
            raise Problem(403, "This is not yours.")

    client = client_of(authorise=own)
    signed = {"Authorization": "Bearer x"}
    refused = client.post("/books", data=b"{", content_type="text/plain")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    client.post("/books", json=BOOK, headers=signed)
    assert client.delete("/books/1", headers=signed).status_code == 403
    assert client.head("/books/1", headers=signed).status_code == 200
    assert asked == [("POST", None), ("POST", None), ("DELETE", None), ("DELETE", 1), ("GET", None), ("GET", 1)]


def test_methods_that_are_left_out_are_405_and_nowhere_named() -> None:
    client = client_of(methods=["GET", "PUT"])
    assert client.patch("/books/1", json={}).headers["Allow"] == "GET, HEAD, PUT, OPTIONS"
    assert "Accept-Patch" not in client.options("/books/1").headers
    assert client.post("/books", json=BOOK).headers["Allow"] == "GET, HEAD, OPTIONS"
    assert set(client.get("/openapi.json").json["paths"]["/books/{id}"]) == {"parameters", "get", "put"}


@pytest.mark.parametrize(
    ("options", "said"), [({"methods": ["FLY"]}, "'FLY'"), ({"searched": ["colour"]}, "'colour', which Book lacks")]
)
def test_a_declaration_that_cannot_be_is_refused_with_its_name(options: Any, said: str) -> None:
    with pytest.raises(ValueError, match=f"Resource 'books' .*{said}"):
        Resource("books", Book, MemoryStore(), **options)


def test_a_body_is_bounded_where_the_app_sets_no_bound() -> None:
    response = client_of().post("/books", data=b'"' + b"x" * 1_100_000 + b'"', content_type="application/json")
    assert (response.status_code, response.mimetype) == (413, "application/problem+json")


@pytest.mark.raw_wsgi
def test_options_of_the_server_itself() -> None:
    client = client_of()
    environ = client._request_from_builder_args(("/",), {"method": "OPTIONS"}).environ
    environ["PATH_INFO"] = "*"
    response = client.run_wsgi_app(environ)
    assert response[1] == "204 NO CONTENT"
    assert dict(response[2])["Allow"] == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


# -- what is accepted, and what is taken


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json; charset=utf-8", "application/json"),
        ("application/json;version=1;q=0.5, text/html;q=0.4", "application/json"),
        ("text/html;level=1", "text/html"),
        ("application/json;q=0, */*", "text/html"),
        ("application/problem+json", "application/json"),
        ("application/json;q=0", "application/problem+json"),
        ("application/xml; charset=utf-8", "application/problem+json"),
    ],
)
def test_parameters_of_what_is_accepted_do_not_matter_and_a_refusal_does(accept: str, kind: str) -> None:
    client = client_of()
    client.post("/books", json=BOOK)
    answer = client.get("/books/1", headers={"Accept": accept})
    assert (answer.mimetype, answer.status_code) == (kind, 406 if "problem" in kind else 200)


def test_a_compressed_body_is_415_and_names_the_coding_that_is_taken() -> None:
    client = client_of()
    refused = client.post("/books", json=BOOK, headers={"Content-Encoding": "gzip"})
    assert (refused.status_code, refused.headers["Accept-Encoding"]) == (415, "identity")
    assert "Accept-Encoding" not in client.post("/books", data="x", content_type="text/plain").headers
    assert client.post("/books", json=BOOK, headers={"Content-Encoding": "identity"}).status_code == 201


@pytest.mark.parametrize(
    ("wrong", "offset"),
    [
        (b'{"NaN": "NaN", "x": NaN}', 20),
        (b'["-Infinity", -Infinity]', 14),
        (b'{"x": [1e5, 1e999]}', 12),
        (b'["' + b"9" * 5000 + b'", ' + b"9" * 5000 + b"]", 5005),
        (b'["\\ud83d\\ude00", "\\ud800"]', 17),
    ],
    ids=["nan", "infinity", "too large", "too many digits", "half a pair"],
)
def test_a_value_that_is_no_json_is_400_and_shown_where_it_stands(wrong: bytes, offset: int) -> None:
    answer = client_of().post("/books", data=wrong, content_type="application/json")
    assert (answer.status_code, answer.json["position"]["offset"]) == (400, offset)
