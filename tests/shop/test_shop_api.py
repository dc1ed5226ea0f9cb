"""Requirements of /api/products: HTTP's own rules, strict JSON, and nothing changed by what is refused."""

import json
import re
import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm.exc import StaleDataError

from shop.conftest import TOKEN

NEW = {"name": "Router Bit", "category": "hand-tools", "price_cents": 1999, "stock": 5}
DEFAULTS = {"summary": "", "description": "", "picture": "parcel"}
PROBLEM = "application/problem+json"
MERGE = "application/merge-patch+json"
WRITES_WITH_A_BODY = [("POST", ""), ("PUT", "/1"), ("PATCH", "/1")]
WRITES = [*WRITES_WITH_A_BODY, ("DELETE", "/1")]


def without_times(shown):
    """A representation without the two times, which are checked to be such (RFC 3339)."""
    kept = dict(shown)
    created, updated = (datetime.fromisoformat(kept.pop(name)) for name in ("created_at", "updated_at"))
    assert created.tzinfo == updated.tzinfo == UTC and created <= updated
    return kept


def problem(response, status):
    assert response.status_code == status, response.text
    assert response.mimetype == PROBLEM
    assert response.json["status"] == status
    assert response.json["title"]
    return response.json


def response_links(response):
    """The links of an answer, by their relation."""
    return {relation: url for url, relation in re.findall(r'<([^>]*)>; rel="(\w+)"', response.headers["Link"])}


# -- reading


def test_the_list_is_bounded_and_leads_on(api):
    seen, path = [], "?limit=10"
    while path:
        response = api.call("GET", path)
        assert len(response.json["items"]) <= 10
        seen += [item["id"] for item in response.json["items"]]
        path = response_links(response).get("next", "").partition("/api/products")[2]
    assert seen == list(range(1, 25))


def test_the_list_can_be_searched(api):
    names = [item["name"] for item in api.call("GET", "?q=BRASS+lamp").json["items"]]
    assert names == ["Brass Bench Lamp"]
    assert api.call("GET", "?q=%25").json["items"] == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("q=" + "x" * 81, "q"), ("after=-1", "after"),
     ("colour=red", "colour"), ("limit=" + "9" * 5000, "limit")],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_a_wrong_parameter_is_named(api, query, parameter):
    assert [error["parameter"] for error in problem(api.call("GET", f"?{query}"), 422)["errors"]] == [parameter]


def test_a_product_is_shown_with_its_tag(api):
    response = api.call("GET", "/1")
    assert response.json["name"] == "Heron Task Lamp"
    assert response.json["price_cents"] == 12900
    assert response.headers["ETag"] == '"1-1"'


@pytest.mark.parametrize("path", ["/1", ""])
def test_what_the_client_has_already_is_not_sent_again(api, path):
    tag = api.call("GET", path).headers["ETag"]
    response = api.call("GET", path, If_None_Match=f'"other", {tag}')
    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == tag
    assert api.call("GET", path, If_None_Match='"other"').status_code == 200


@pytest.mark.parametrize("path", ["", "/1", "/999"])
def test_head_is_get_without_the_body(api, path):
    get, head = api.call("GET", path), api.call("HEAD", path)
    assert head.data == b""
    assert head.status_code == get.status_code
    assert {**head.headers, "Date": ""} == {**get.headers, "Date": ""}


@pytest.mark.parametrize("number", ["999", "0", "9" * 30, "9" * 5000], ids=lambda text: text[:31])
def test_an_unknown_product_is_404(api, number):
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        problem(api.call(method, f"/{number}", body=NEW if method in ("PUT", "PATCH") else None), 404)


@pytest.mark.parametrize(("path", "allowed"), [("", {"GET", "POST"}), ("/1", {"GET", "PUT", "PATCH", "DELETE"})])
def test_a_wrong_method_is_answered_with_every_right_one(api, path, allowed):
    response = api.call("TRACE", path)
    problem(response, 405)
    assert set(response.headers["Allow"].split(", ")) == allowed | {"HEAD", "OPTIONS"}


def test_options_says_what_can_be_done(api):
    response = api.call("OPTIONS", "/1")
    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers
    assert MERGE in response.headers["Accept-Patch"]
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"}


@pytest.mark.parametrize(
    ("accept", "status"),
    [("application/json", 200), ("*/*", 200), ("application/*", 200), ("application/xml", 406), ("text/html", 200),
     ("application/json;q=0", 406), ("text/html, */*;q=0.1", 200)],
)  # fmt: skip
def test_json_and_a_page_are_to_be_had(api, accept, status):
    response = api.call("GET", "/1", Accept=accept)
    assert response.status_code == status
    assert "Accept" in response.headers["Vary"] or status == 406


def test_reading_touches_no_session(api):
    response = api.call("GET", "/1")
    assert "Set-Cookie" not in response.headers
    assert "Cookie" not in response.headers["Vary"]


# -- writing


def test_a_product_is_created_where_location_says(api):
    response = api.call("POST", body=NEW)
    assert response.status_code == 201
    assert response.headers["Location"] == "/api/products/25"
    assert response.headers["ETag"] == '"25-1"'
    shown = api.call("GET", "/25").json
    assert without_times(shown) == {"id": 25, **DEFAULTS, **NEW, "seller_id": None}
    assert response.json == shown


def test_put_replaces_the_whole_product(api):
    response = api.call("PUT", "/1", body=NEW)
    assert response.status_code == 200
    assert api.call("GET", "/1").json == response.json
    assert without_times(response.json) == {"id": 1, **DEFAULTS, **NEW, "seller_id": None}


def test_put_of_the_same_again_changes_nothing(api):
    whole = {"summary": "", "description": "", "picture": "parcel", **NEW}
    tags = [api.call("PUT", "/1", body=whole).headers["ETag"] for _ in range(2)]
    assert tags == ['"1-2"', '"1-2"']


@pytest.mark.parametrize("media_type", [MERGE, "application/json", "application/json; charset=UTF-8"])
def test_patch_changes_what_it_names_and_leaves_the_rest(api, media_type):
    before = api.call("GET", "/1").json
    patch = json.dumps({"price_cents": 1, "summary": None}).encode()
    response = api.call("PATCH", "/1", body=patch, Content_Type=media_type)
    assert without_times(response.json) == {**without_times(before), "price_cents": 1, "summary": ""}
    assert api.call("GET", "/1").json == response.json


@pytest.mark.parametrize("patch", [b'{"name": null}', b"[]", b"7", b'{"category": {"a": 1}}', b'{"id": 2}', b'"x"'])
def test_a_patch_whose_result_is_no_product_is_refused(api, patch):
    before = api.call("GET", "/1").json
    problem(api.call("PATCH", "/1", body=patch, Content_Type=MERGE), 422)
    assert api.call("GET", "/1").json == before


def test_a_deleted_product_is_gone_and_its_id_is_never_given_again(api):
    api.call("POST", body=NEW)
    response = api.call("DELETE", "/25")
    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers
    problem(api.call("GET", "/25"), 404)
    assert api.call("POST", body=NEW).json["id"] == 26


def test_a_product_with_reviews_can_be_deleted(api):
    assert api.call("DELETE", "/1").status_code == 204
    assert len(api.call("GET", "?limit=100").json["items"]) == 23


# -- who may write


@pytest.mark.parametrize("credentials", [None, "Bearer wrong", "Bearer", "Bearer ümläut", "Basic ZGVtbzp3b3JrYmVuY2g="])
def test_nobody_writes_without_the_token(api, credentials):
    headers = {"Authorization": credentials} if credentials else {}
    for method, path in WRITES:
        response = api.client.open(f"/api/products{path}", method=method, json=NEW, headers=headers)
        problem(response, 401)
        assert response.headers["WWW-Authenticate"].startswith('Bearer realm="shop"')
    assert api.call("GET", "/1").json["name"] == "Heron Task Lamp"
    assert len(api.call("GET", "?limit=100").json["items"]) == 24


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_cookie_alone_authorises_nothing(visitor, method, path):
    visitor.sign_in()
    problem(visitor.client.open(f"/api/products{path}", method=method, json=NEW), 401)


def test_the_session_token_authorises_only_who_is_signed_in(visitor):
    headers = {"X-CSRF-Token": visitor.token()}
    problem(visitor.client.delete("/api/products/1", headers=headers), 401)
    visitor.sign_in()
    problem(visitor.client.delete("/api/products/1", headers=headers), 401)
    headers = {"X-CSRF-Token": visitor.token()}
    refused = problem(visitor.client.delete("/api/products/1", headers=headers), 403)
    assert refused["detail"] == "Editors write to the products that they sell, administrators to all."


def test_a_token_nobody_set_is_made_once_and_kept_for_the_owner_only(make_shop, api_of, tmp_path):
    first, second = make_shop(API_TOKEN=None), make_shop(API_TOKEN=None)
    problem(api_of(first).call("DELETE", "/1"), 401)
    kept = tmp_path / "api_token"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert api_of(second).call("DELETE", "/1", Authorization=f"Bearer {kept.read_text().strip()}").status_code == 204


@pytest.mark.parametrize(("given", "status"), [(TOKEN, 204), ("older", 204), ("newer", 204), ("new", 401), ("", 401)])
def test_each_of_several_tokens_is_accepted_and_no_other(make_shop, api_of, given, status):
    shop = make_shop(API_TOKEN_FALLBACKS=["older", "newer"])
    assert api_of(shop).call("DELETE", "/1", Authorization=f"Bearer {given}").status_code == status


@pytest.mark.parametrize("fallbacks", ["a-token", [""], [" "], [None], [1], {"a": "b"}])
def test_tokens_that_are_no_list_of_texts_are_refused_when_the_shop_starts(make_shop, fallbacks):
    with pytest.raises(ValueError, match="SHOP_API_TOKEN_FALLBACKS="):
        make_shop(API_TOKEN_FALLBACKS=fallbacks)


# -- what is sent


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"name": "x",}', "not JSON"),
        (b"{'name': 'x'}", "not JSON"),
        (b'{"price_cents": NaN}', "NaN"),
        (b'{"price_cents": Infinity}', "Infinity"),
        (b'{"price_cents": -Infinity}', "-Infinity"),
        (b'{"price_cents": 1e999}', "too large"),
        (b'{"price_cents": ' + b"9" * 5000 + b"}", "too many digits"),
        (b'{"name": "a", "name": "b"}', "stands twice"),
        (b'{"stock": 1, "x": {"y": 1, "y": 1}}', "stands twice"),
        (b'{"name": "\\ud800"}', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b'[["\\ud83d \\ude00"]]', "surrogate"),
        (b'{"name": "\xff"}', "not UTF-8"),
        (b'\xef\xbb\xbf{"name": "x"}', "byte order mark"),
        ('{"name": "x"}'.encode("utf-16"), "not UTF-8"),
        (b"[" * 100_000, "nested deeper"),
        (b'{"a":' * 1000 + b"1" + b"}" * 1000, "nested deeper"),
        (b'"' + b'\\"' * 300_000, "not JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:24]),
)
def test_what_is_no_clear_json_is_400(api, body, said):
    for method, path in WRITES_WITH_A_BODY:
        response = api.call(method, path, body=body, Content_Type="application/json")
        assert said in problem(response, 400)["detail"]
    assert api.call("GET", "/1").headers["ETag"] == '"1-1"'


def test_the_place_of_a_mistake_is_told(api):
    response = api.call("POST", body=b'{"name": "Saw",\n "stock": oops}', Content_Type="application/json")
    assert problem(response, 400)["position"] == {"line": 2, "column": 11, "offset": 26}


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "",
     "text/plain; application/json", "application/json; charset=utf-16", "application/jsonx"],
)  # fmt: skip
def test_another_media_type_is_415_with_the_right_ones(api, media_type):
    response = api.call("POST", body=json.dumps(NEW).encode(), Content_Type=media_type)
    problem(response, 415)
    assert response.headers["Accept"] == "application/json"
    response = api.call("PATCH", "/1", body=b"{}", Content_Type=media_type)
    problem(response, 415)
    assert response.headers["Accept-Patch"] == f"{MERGE}, application/json-patch+json, application/json"


def test_a_compressed_body_is_415(api):
    problem(api.call("POST", body=b"{}", Content_Type="application/json", Content_Encoding="gzip"), 415)


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"price_cents": "5"}, ["#/price_cents"]),
        ({"price_cents": True}, ["#/price_cents"]),
        ({"price_cents": 19.99}, ["#/price_cents"]),
        ({"price_cents": None}, ["#/price_cents"]),
        ({"price_cents": -1}, ["#/price_cents"]),
        ({"price_cents": 10**400}, ["#/price_cents"]),
        ({"stock": 100_001, "name": ""}, ["#/name", "#/stock"]),
        ({"name": "x" * 81}, ["#/name"]),
        ({"name": "a\nb"}, ["#/name"]),
        ({"name": "a\x00b"}, ["#/name"]),
        ({"name": ["x"]}, ["#/name"]),
        ({"category": "spaceships"}, ["#/category"]),
        ({"picture": "../../etc/passwd"}, ["#/picture"]),
        ({"description": "x" * 2001}, ["#/description"]),
        ({"colour": "red", "id": 7}, ["#/colour", "#/id"]),
        ({"a/b~c d%": 1}, ["#/a~1b~0c%20d%25"]),
    ],
)
def test_every_field_that_is_wrong_is_pointed_at(api, change, pointers):
    for method, path in WRITES_WITH_A_BODY:
        errors = problem(api.call(method, path, body={**NEW, **change}), 422)["errors"]
        assert sorted(error["pointer"] for error in errors) == pointers
        assert all(error["detail"] for error in errors)
    assert api.call("GET", "/1").headers["ETag"] == '"1-1"'
    problem(api.call("GET", "/25"), 404)


def test_missing_fields_are_all_named(api):
    errors = problem(api.call("POST", body={}), 422)["errors"]
    assert [error["pointer"] for error in errors] == ["#/name", "#/category", "#/price_cents"]


@pytest.mark.parametrize("body", [b"[]", b"null", b"7", b'"x"'])
def test_a_body_that_is_no_object_is_pointed_at_as_a_whole(api, body):
    errors = problem(api.call("POST", body=body, Content_Type="application/json"), 422)["errors"]
    assert [error["pointer"] for error in errors] == ["#"]


@pytest.mark.parametrize(("sent", "kept"), [(b"1999.0", 1999), (b"2e3", 2000), (b"0", 0), (b"10000000", 10_000_000)])
def test_a_whole_number_may_be_written_in_any_way(api, sent, kept):
    body = b'{"name": "x", "category": "desk", "price_cents": ' + sent + b"}"
    assert api.call("POST", body=body, Content_Type="application/json").json["price_cents"] == kept


def test_text_comes_back_as_it_was_sent(api):
    text = "Hälfte ½ “quoted” 漢字 😀 <b>&amp;</b> \\u0041"
    assert api.call("POST", body={**NEW, "description": text}).json["description"] == text


def test_a_body_over_a_megabyte_is_413(api):
    response = api.call("POST", body=b'"' + b"x" * 1_100_000 + b'"', Content_Type="application/json")
    problem(response, 413)


# -- two writers


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_stale_tag_is_412_and_changes_nothing(api, method):
    body = None if method == "DELETE" else NEW
    for header in ('"1-0"', '"other"', 'W/"1-1"', "nonsense", ""):
        response = api.call(method, "/1", body=body, If_Match=header)
        problem(response, 412)
        assert response.headers["ETag"] == '"1-1"'
    problem(api.call(method, "/1", body=body, If_None_Match="*"), 412)
    assert api.call("GET", "/1").headers["ETag"] == '"1-1"'


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("tag", ['"1-1"', "*", '"other", "1-1"'])
def test_the_right_tag_opens_the_way(api, method, tag):
    body = None if method == "DELETE" else NEW
    assert api.call(method, "/1", body=body, If_Match=tag).status_code in (200, 204)


def test_even_the_tag_any_does_not_bring_an_unknown_product_into_being(api):
    problem(api.call("PUT", "/999", body=NEW, If_Match="*"), 404)


def test_of_many_writers_with_one_tag_exactly_one_wins(make_shop, api_of):
    shop = make_shop(DATABASE_TIMEOUT=20)
    tag = api_of(shop).call("GET", "/1").headers["ETag"]
    statuses = []

    def write(number):
        response = api_of(shop).call("PATCH", "/1", body={"stock": number}, If_Match=tag)
        statuses.append(response.status_code)

    run_together([threading.Thread(target=write, args=(number,)) for number in range(8)])
    assert sorted(statuses) == [200] + [412] * 7
    assert api_of(shop).call("GET", "/1").headers["ETag"] == '"1-2"'


def test_patches_of_different_fields_at_once_are_both_kept(make_shop, api_of):
    shop = make_shop(DATABASE_TIMEOUT=20)

    def write(field):
        for number in range(1, 11):
            assert api_of(shop).call("PATCH", "/1", body={field: number}).status_code == 200

    run_together([threading.Thread(target=write, args=(field,)) for field in ("stock", "price_cents")])
    shown = api_of(shop).call("GET", "/1")
    assert (shown.json["stock"], shown.json["price_cents"]) == (10, 10)
    assert shown.headers["ETag"] == '"1-21"'


def test_a_row_that_changed_under_the_writer_is_409(make_shop, api_of):
    shop = make_shop()

    def lose_the_race():
        raise StaleDataError

    shop.add_url_rule("/api/products/race", view_func=lose_the_race)
    problem(api_of(shop).call("GET", "/race"), 409)


def run_together(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
