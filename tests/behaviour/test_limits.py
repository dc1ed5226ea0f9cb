"""Limits on what a request may bring: bytes, form memory, form parts; by configuration and for one request.

How a body is read within its limits is in test_requests.
"""

import io
from typing import Any

import pytest


def reader(framework: Any, read: Any, **config: Any) -> Any:
    app = framework.App(__name__)
    app.config.update(config)
    app.add_url_rule("/", "read", lambda: str(read(framework.request)), methods=["POST"])
    return app.test_client()


READERS = {
    "data": lambda request: len(request.get_data()),
    "form": lambda request: sum(len(value) for value in request.form.values()),
    "json": lambda request: len(request.get_json(force=True)),
    "stream": lambda request: len(request.stream.read()),
    "files": lambda request: len(request.files),
    "values": lambda request: len(request.values),
}


@pytest.mark.parametrize("reading", sorted(READERS))
def test_body_over_the_limit_is_413(framework: Any, reading: str) -> None:
    client = reader(framework, READERS[reading], MAX_CONTENT_LENGTH=10)
    assert client.post("/", data={"field": "x" * 100}).status_code == 413


@pytest.mark.parametrize(("size", "status"), [(0, 200), (9, 200), (10, 200), (11, 413), (1000, 413)])
def test_limit_is_the_largest_allowed_length(framework: Any, size: int, status: int) -> None:
    client = reader(framework, READERS["data"], MAX_CONTENT_LENGTH=10)
    assert client.post("/", data=b"x" * size, content_type="text/plain").status_code == status


def test_body_over_the_limit_that_nobody_reads_is_no_trouble(framework: Any) -> None:
    client = reader(framework, lambda request: "unread", MAX_CONTENT_LENGTH=10)
    assert client.post("/", data=b"x" * 100).text == "unread"


def test_without_a_limit_a_large_body_is_read(framework: Any) -> None:
    client = reader(framework, READERS["data"])
    assert client.post("/", data=b"x" * 2_000_000, content_type="text/plain").text == "2000000"


@pytest.mark.parametrize(("limit", "status"), [(None, 200), (100, 413), (1_000_000, 200)])
def test_form_field_memory(framework: Any, limit: int | None, status: int) -> None:
    client = reader(framework, READERS["form"], MAX_FORM_MEMORY_SIZE=limit)
    data = {"field": "x" * 600_000, "file": (io.BytesIO(b"y"), "y.txt")}
    assert client.post("/", data=data).status_code == status


def test_form_field_memory_has_a_default(framework: Any) -> None:
    client = reader(framework, READERS["form"])
    file = {"file": (io.BytesIO(b"y"), "y.txt")}
    assert client.post("/", data={"field": "x" * 499_000} | file).status_code == 200
    file = {"file": (io.BytesIO(b"y"), "y.txt")}
    assert client.post("/", data={"field": "x" * 501_000} | file).status_code == 413


def test_form_memory_does_not_count_files(framework: Any) -> None:
    client = reader(framework, READERS["files"], MAX_FORM_MEMORY_SIZE=70_000)
    assert client.post("/", data={"file": (io.BytesIO(b"y" * 400_000), "y.txt")}).text == "1"


@pytest.mark.parametrize(("limit", "fields", "status"), [(3, 3, 200), (3, 4, 413), (None, 2000, 200), (0, 1, 413)])
def test_form_parts(framework: Any, limit: int | None, fields: int, status: int) -> None:
    client = reader(framework, READERS["form"], MAX_FORM_PARTS=limit)
    data = {f"f{number}": "v" for number in range(fields)}
    assert client.post("/", data=data, content_type="multipart/form-data").status_code == status


def test_form_parts_have_a_default(framework: Any) -> None:
    client = reader(framework, READERS["form"])
    fields = {f"f{number}": "v" for number in range(1001)}
    assert client.post("/", data=fields, content_type="multipart/form-data").status_code == 413


@pytest.mark.parametrize("name", ["max_content_length", "max_form_memory_size", "max_form_parts"])
def test_limit_comes_from_the_config_until_the_request_sets_its_own(framework: Any, name: str) -> None:
    app = framework.App(__name__)
    app.config[name.upper()] = 123
    with app.test_request_context():
        assert getattr(framework.request, name) == 123
        setattr(framework.request, name, 456)
        assert getattr(framework.request, name) == 456
    with app.test_request_context():
        assert getattr(framework.request, name) == 123


@pytest.mark.parametrize(
    ("name", "expected"), [("max_content_length", None), ("max_form_memory_size", 500_000), ("max_form_parts", 1000)]
)
def test_default_limits(framework: Any, name: str, expected: int | None) -> None:
    with framework.App(__name__).test_request_context():
        assert getattr(framework.request, name) == expected


@pytest.mark.parametrize(("own", "status"), [(5, 413), (1000, 200)])
def test_one_request_may_have_its_own_limit(framework: Any, own: int, status: int) -> None:
    def read(request):
        request.max_content_length = own
        return request.get_data()

    client = reader(framework, read, MAX_CONTENT_LENGTH=50)
    assert client.post("/", data=b"x" * 100, content_type="text/plain").status_code == status


def test_one_request_may_have_its_own_form_limits(framework: Any) -> None:
    def read(request):
        request.max_form_parts = 5
        request.max_form_memory_size = 10_000
        return len(request.form)

    client = reader(framework, read, MAX_FORM_PARTS=1, MAX_FORM_MEMORY_SIZE=1)
    data = {f"f{number}": "vv" for number in range(5)}
    assert client.post("/", data=data, content_type="multipart/form-data").text == "5"


def test_request_made_without_an_app_knows_the_default_limits(framework: Any) -> None:
    request = framework.Request({"REQUEST_METHOD": "GET"})
    assert (request.max_content_length, request.max_form_memory_size, request.max_form_parts) == (None, 500_000, 1000)


def test_413_goes_through_the_error_handler(framework: Any) -> None:
    app = framework.App(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 1
    app.add_url_rule("/", "read", lambda: framework.request.get_data(), methods=["POST"])
    app.register_error_handler(413, lambda error: ("too much", 413))
    response = app.test_client().post("/", data=b"12", content_type="text/plain")
    assert (response.status_code, response.text) == (413, "too much")
