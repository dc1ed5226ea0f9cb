"""Requests written in a terminal, in HTTPie's notation."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from werkzeug.test import EnvironBuilder

from wsgiapp.xray.commands.request_items import ItemError, parse


def test_a_path_alone_is_a_get() -> None:
    found = parse(["/products"])
    assert (found.method, found.path, found.headers, found.members) == ("GET", "/products", [], {})


def test_members_make_it_a_post_unless_a_method_is_given() -> None:
    assert parse(["/orders", "name=Lamp"]).method == "POST"
    assert parse(["put", "/orders/1", "name=Lamp"]).method == "PUT"


def test_each_sign_makes_what_it_says() -> None:
    found = parse(["POST", "/x", "name=Lamp", "price:=20", "tags:=[1, 2]", "X-A:1", "page==2"])
    assert found.members == {"name": "Lamp", "price": 20, "tags": [1, 2]}
    assert found.headers == [("X-A", "1")]
    assert found.query == [("page", "2")]


def test_the_first_sign_counts_and_the_rest_is_value() -> None:
    assert parse(["/x", "time=12:30"]).members == {"time": "12:30"}
    assert parse(["/x", "Referer:http://a/?b=c"]).headers == [("Referer", "http://a/?b=c")]
    assert parse(["/x", "q==a=b"]).query == [("q", "a=b")]


def test_a_backslash_makes_a_sign_part_of_the_name() -> None:
    assert parse(["/x", r"a\:b=c"]).members == {"a:b": "c"}


def test_files_are_read_or_uploaded(tmp_path: Path) -> None:
    note, data = tmp_path / "note.txt", tmp_path / "data.json"
    note.write_text("hello")
    data.write_text('{"a": 1}')
    found = parse(["/x", f"note=@{note}", f"data:=@{data}"])
    assert found.members == {"note": "hello", "data": {"a": 1}}
    upload = parse(["/x", "name=Lamp", f"photo@{note}"])
    with closing(EnvironBuilder(**upload.options())) as builder:
        assert builder.mimetype == "multipart/form-data"
        assert builder.form["name"] == "Lamp" and builder.files["photo"].read() == b"hello"


def test_members_are_sent_as_json_or_as_a_form() -> None:
    found = parse(["/x", "name=Lamp", "price:=20"])
    with closing(EnvironBuilder(**found.options())) as builder:
        assert builder.mimetype == "application/json"
    with closing(EnvironBuilder(**found.options(form=True))) as builder:
        assert builder.form.to_dict() == {"name": "Lamp", "price": "20"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "A path that begins with a slash was expected"),
        (["products"], "not 'products'"),
        (["GET", "products"], "not 'products'"),
        (["/x", "nonsense"], "is no item of a request"),
        (["/x", "=value"], "is no item of a request"),
        (["/x", "price:=twenty"], "must be JSON"),
        (["/x", "photo@/no/such/file"], "there is no file"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_what_was_expected(words: list[str], says: str) -> None:
    with pytest.raises(ItemError, match=says):
        parse(words)
