"""What HTTP asks of a resource, one row after the other, on the shop's products and on a resource of ten lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from rest.conftest import Subject
from servers import ROOT

PROBLEM = "application/problem+json"
MERGE, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"
BODIES = [("POST", False), ("PUT", True), ("PATCH", True)]


class Row(NamedTuple):
    """One row: a request made of the subject and of the address of a fresh thing, and what its answer must be."""

    name: str
    ask: Callable[[Subject, str], Any]
    status: int
    holds: Callable[[Any, Subject], Any] = lambda response, subject: True


def raw(method: str, one: bool, text: Callable[[Subject], bytes]) -> Callable[[Subject, str], Any]:
    return lambda s, at: s.call(method, at if one else "", text(s))


def with_value(name: str, text: bytes) -> Callable[[Subject], bytes]:
    """The subject's body with one more member, whose value is written as it is given."""
    return lambda s: json.dumps(s.whole).encode()[:-1] + b', "' + getattr(s, name).encode() + b'": ' + text + b"}"


def instead(name: str, text: bytes) -> Callable[[Subject], bytes]:
    """The subject's body with another value for one member, written as it is given."""

    def body(s: Subject) -> bytes:
        rest = {key: value for key, value in s.whole.items() if key != getattr(s, name)}
        return json.dumps(rest).encode()[:-1] + b', "' + getattr(s, name).encode() + b'": ' + text + b"}"

    return body


def pointers(*names: str) -> Callable[[Any, Subject], bool]:
    """The answer points at these fields, and names no class of the program."""

    def check(response: Any, s: Subject) -> bool:
        found = sorted(error["pointer"] for error in response.json["errors"])
        assert "ProductIn" not in response.text and "Book" not in response.text
        return found == sorted(f"#/{getattr(s, name, name)}" for name in names)

    return check


def header(name: str, value: str) -> Callable[[Any, Subject], bool]:
    return lambda response, s: response.headers.get(name) == value


METHODS = "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"
TYPES = f"{MERGE}, {JSON_PATCH}, application/json"
DEEP, LONG = b"[" * 100_000, b"9" * 5000
NOT_JSON = [
    ("malformed JSON", lambda s: b'{"a": oops}', lambda r, s: r.json["position"]["offset"] == 6),
    ("NaN", instead("number", b"NaN"), None), ("Infinity", instead("number", b"Infinity"), None),
    ("a duplicate key", with_value("text", b'"twice"'), None), ("100,000 brackets", lambda s: DEEP, None),
    ("an integer of 5,000 digits", instead("number", LONG), None),
    ("a lone surrogate", instead("text", b'"\\ud800"'), None), ("no UTF-8", lambda s: b'"\xff"', None),
]  # fmt: skip
ROWS = [
    Row("GET has a tag", lambda s, at: s.call("GET", at), 200, lambda r, s: r.headers["ETag"]),
    Row("an answer varies by Accept", lambda s, at: s.call("GET", at), 200, header("Vary", "Accept")),
    Row("OPTIONS on a thing", lambda s, at: s.call("OPTIONS", at), 204, header("Allow", METHODS)),
    Row("Accept-Patch on a thing", lambda s, at: s.call("OPTIONS", at), 204, header("Accept-Patch", TYPES)),
    Row("OPTIONS on the list", lambda s, at: s.call("OPTIONS"), 204, header("Allow", "GET, HEAD, POST, OPTIONS")),
    Row("no Accept-Patch on the list", lambda s, at: s.call("OPTIONS"), 204,
        lambda r, s: "Accept-Patch" not in r.headers),
    Row("405 on a thing", lambda s, at: s.call("TRACE", at), 405, header("Allow", METHODS)),
    Row("405 on the list", lambda s, at: s.call("DELETE"), 405, header("Allow", "GET, HEAD, POST, OPTIONS")),
    Row("an unknown route", lambda s, at: s.call("GET", at + "/nope", Accept="application/json"), 404),
    Row("a missing thing", lambda s, at: s.call("GET", "/999999"), 404),
    Row("If-None-Match", lambda s, at: s.call("GET", at, If_None_Match=s.call("GET", at).headers["ETag"]), 304,
        lambda r, s: r.headers["ETag"] and not r.data),
    Row("If-None-Match on the list", lambda s, at: s.call("GET", If_None_Match=s.call("GET").headers["ETag"]), 304),
    Row("both preconditions hold", lambda s, at: s.call("GET", at, If_Match="*", If_None_Match='"old"'), 200),
    Row("a true If-Match, and known", lambda s, at: s.call("GET", at, If_Match="*", If_None_Match="*"), 304),
    Row("a failed If-Match on GET", lambda s, at: s.call("GET", at, If_Match='"old"'), 412),
    *[Row(f"{method} with a stale If-Match", lambda s, at, m=method: s.call(m, at, s.whole, If_Match='"old"'), 412,
          lambda r, s: r.headers["ETag"]) for method in ("PUT", "PATCH", "DELETE")],
    *[Row(f"{method} {name}", raw(method, one, text), 400, holds or (lambda r, s: True))
      for name, text, holds in NOT_JSON for method, one in BODIES],
    Row("POST of text/plain", lambda s, at: s.call("POST", "", b"x", Content_Type="text/plain"), 415,
        header("Accept", "application/json")),
    Row("PATCH of text/plain", lambda s, at: s.call("PATCH", at, b"x", Content_Type="text/plain"), 415,
        header("Accept-Patch", TYPES)),
    Row("two invalid fields", lambda s, at: s.call("POST", "", {**s.whole, s.text: "", s.number: -1}), 422,
        pointers("text", "number")),
    Row("an integer as 1999.0", raw("POST", False, instead("number", b"1999.0")), 201,
        lambda r, s: f'"{s.number}":1999' in r.text and "1999.0" not in r.text),
    Row('"5" for an integer', lambda s, at: s.call("POST", "", {**s.whole, s.number: "5"}), 422, pointers("number")),
    Row("true for an integer", lambda s, at: s.call("PATCH", at, {s.number: True}), 422, pointers("number")),
    Row("an unknown field", lambda s, at: s.call("PUT", at, {**s.whole, "colour": 1}), 422, pointers("colour")),
    Row("a body that is no object", lambda s, at: s.call("POST", "", b"[]"), 422,
        lambda r, s: r.json["errors"] == [{"pointer": "#", "detail": "Input should be an object"}]),
    Row("201 carries Location", lambda s, at: s.call("POST", "", s.whole), 201,
        lambda r, s: r.headers["Location"] == r.headers["Content-Location"] == f"{s.path}/{r.json['id']}"),
    Row("Accept: application/xml", lambda s, at: s.call("GET", at, Accept="application/xml"), 406),
    Row("Accept: application/problem+json", lambda s, at: s.call("GET", at, Accept=PROBLEM), 200),
    Row("Accept: text/html", lambda s, at: s.call("GET", at, Accept="text/html,*/*;q=0.8"), 200,
        lambda r, s: r.mimetype == "text/html" and r.headers["ETag"] != tag_of(s, r)),
    Row("an id of 5,000 digits", lambda s, at: s.call("GET", "/" + "9" * 5000), 404),
    *[Row(f"another spelling of an id: {prefix}", lambda s, at, p=prefix: s.call("GET", f"/{p}{at[1:]}"), 404)
      for prefix in ("0", "+", "%20")],
    Row("PUT of all fields has a tag", lambda s, at: s.call("PUT", at, {**s.whole, s.number: 7}), 200,
        lambda r, s: r.headers["ETag"] and r.headers["Content-Location"] == r.request.path),
    Row("PUT that takes a default has none", lambda s, at: s.call("PUT", at, less(s)), 200,
        lambda r, s: "ETag" not in r.headers),
    Row("merge patch", lambda s, at: s.call("PATCH", at, {s.number: 8}, Content_Type=MERGE), 200,
        lambda r, s: r.json[s.number] == 8 and r.json[s.text] == s.whole[s.text]),
    Row("JSON Patch", lambda s, at: s.call("PATCH", at, [{"op": "replace", "path": f"/{s.number}", "value": 9}],
                                           Content_Type=JSON_PATCH), 200, lambda r, s: r.json[s.number] == 9),
    Row("JSON Patch whose test fails", lambda s, at: s.call(
        "PATCH", at, [{"op": "test", "path": f"/{s.number}", "value": -1}], Content_Type=JSON_PATCH), 409),
    Row("JSON Patch that is none", lambda s, at: s.call("PATCH", at, {}, Content_Type=JSON_PATCH), 400),
    Row("DELETE", lambda s, at: s.call("DELETE", at), 204, lambda r, s: not r.data and "Content-Type" not in r.headers),
]  # fmt: skip


def tag_of(s: Subject, response: Any) -> str:
    """The tag of the JSON at the address that gave this response."""
    return str(s.call("GET", response.request.path.removeprefix(s.path)).headers["ETag"])


def less(s: Subject) -> dict[str, Any]:
    """The subject's body without its number, which has a default."""
    return {name: value for name, value in s.whole.items() if name != s.number}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_resource_does_what_http_asks(subject: Subject, row: Row) -> None:
    response = row.ask(subject, subject.make())
    assert response.status_code == row.status, response.text
    assert row.holds(response, subject)
    if row.status >= 400:
        assert (response.mimetype, response.json["status"]) == (PROBLEM, row.status)
        assert response.json["detail"] and "Accept" in response.headers["Vary"]


@pytest.mark.parametrize("path", ["", "made", "/999999"])
def test_head_has_the_headers_of_get_and_no_body(subject: Subject, path: str) -> None:
    path = subject.make() if path == "made" else path
    get, head = subject.call("GET", path), subject.call("HEAD", path)
    assert (head.status_code, head.data) == (get.status_code, b"")
    assert {**head.headers, "Date": ""} == {**get.headers, "Date": ""}


def test_what_is_refused_changes_nothing(subject: Subject) -> None:
    at = subject.make()
    before = subject.call("GET", at)
    for method in ("PUT", "PATCH", "DELETE"):
        assert subject.call(method, at, subject.whole, If_Match='"old"').status_code == 412
    assert subject.call("PATCH", at, {subject.number: -1}).status_code == 422
    assert subject.call("GET", at).headers["ETag"] == before.headers["ETag"]


def test_the_resource_of_the_table_takes_at_most_fifteen_lines() -> None:
    text = (ROOT / "tests" / "rest" / "books.py").read_text(encoding="utf-8")
    assert len([line for line in text.splitlines() if line.strip()]) <= 15
