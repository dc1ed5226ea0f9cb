"""Files out: `send_file`, `send_from_directory`, the static folders, and opening the app's own resources.

Ranges and conditional requests are asked here as far as files are concerned.
"""

import io
import os
import pathlib
from typing import Any
from wsgiref.util import FileWrapper

import pytest


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder with two files, and a secret beside it."""
    inside = tmp_path / "inside"
    (inside / "sub").mkdir(parents=True)
    (inside / "hello.txt").write_bytes(b"0123456789")
    (inside / "sub" / "page.html").write_bytes(b"<p>page</p>")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    os.utime(inside / "hello.txt", (1_700_000_000, 1_700_000_000))
    return inside


def sender(framework: Any, *args: Any, **kwargs: Any) -> Any:
    """A client of an app that answers `/` by `send_file(*args, **kwargs)`."""
    app = framework.App(__name__)
    app.testing = True
    app.add_url_rule("/", "view", lambda: framework.send_file(*args, **kwargs))
    return app.test_client()


def test_file_by_path(framework: Any, folder: pathlib.Path) -> None:
    response = sender(framework, folder / "hello.txt").get("/")
    assert (response.data, response.mimetype) == (b"0123456789", "text/plain")
    assert response.headers["Content-Length"] == "10"
    assert response.headers["Last-Modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["Content-Disposition"] == "inline; filename=hello.txt"
    assert response.headers["ETag"]


def test_relative_path_starts_at_the_root_of_the_app(framework: Any) -> None:
    response = sender(framework, os.path.basename(__file__)).get("/")
    assert response.data == pathlib.Path(__file__).read_bytes()


@pytest.mark.parametrize(
    ("options", "header", "expected"),
    [
        ({"mimetype": "text/x-own"}, "Content-Type", "text/x-own; charset=utf-8"),
        ({"as_attachment": True}, "Content-Disposition", "attachment; filename=hello.txt"),
        ({"download_name": "other.txt"}, "Content-Disposition", "inline; filename=other.txt"),
        (
            {"as_attachment": True, "download_name": "naïve ü.txt"},
            "Content-Disposition",
            "attachment; filename=\"naive u.txt\"; filename*=UTF-8''na%C3%AFve%20%C3%BC.txt",
        ),
        ({"max_age": 60}, "Cache-Control", "public, max-age=60"),
        ({"max_age": 0}, "Cache-Control", "no-cache, max-age=0"),
        ({"max_age": lambda name: len(name or "")}, "Cache-Control", None),
        ({"etag": False}, "ETag", None),
        ({"etag": "own"}, "ETag", '"own"'),
        ({"last_modified": 1}, "Last-Modified", "Thu, 01 Jan 1970 00:00:01 GMT"),
        ({"conditional": False}, "Accept-Ranges", None),
    ],
)
def test_options_of_send_file(framework: Any, folder: pathlib.Path, options: Any, header: str, expected: Any) -> None:
    response = sender(framework, folder / "hello.txt", **options).get("/")
    if callable(options.get("max_age")):
        expected = f"public, max-age={len(str(folder / 'hello.txt'))}"
    assert response.headers.get(header) == expected


@pytest.mark.parametrize(("default", "expected"), [(None, "no-cache"), (3600, "public, max-age=3600")])
def test_default_max_age(framework: Any, folder: pathlib.Path, default: int | None, expected: str) -> None:
    client = sender(framework, folder / "hello.txt")
    client.application.config["SEND_FILE_MAX_AGE_DEFAULT"] = default
    assert client.get("/").headers["Cache-Control"] == expected


def test_default_max_age_may_be_a_timedelta(framework: Any, folder: pathlib.Path) -> None:
    import datetime

    client = sender(framework, folder / "hello.txt")
    client.application.config["SEND_FILE_MAX_AGE_DEFAULT"] = datetime.timedelta(minutes=2)
    assert client.get("/").headers["Cache-Control"] == "public, max-age=120"


@pytest.mark.parametrize(
    ("options", "content_type"),
    [
        ({"mimetype": "image/png"}, "image/png"),
        ({"download_name": "x.png"}, "image/png"),
        ({"download_name": "x.unknown-kind"}, "application/octet-stream"),
    ],
)
def test_file_object(framework: Any, options: dict[str, Any], content_type: str) -> None:
    response = sender(framework, io.BytesIO(b"pixels"), **options).get("/")
    assert (response.data, response.headers["Content-Type"]) == (b"pixels", content_type)
    assert "ETag" not in response.headers


@pytest.mark.parametrize(
    ("file", "options", "error"),
    [(io.BytesIO(b""), {}, TypeError), (io.StringIO("text"), {"mimetype": "text/plain"}, ValueError)],
)
def test_file_object_must_be_binary_and_of_a_known_type(framework: Any, file: Any, options: Any, error: Any) -> None:
    with pytest.raises(error):
        sender(framework, file, **options).get("/")


def test_attachment_of_a_file_object_needs_a_name(framework: Any) -> None:
    with pytest.raises(TypeError, match="name"):
        sender(framework, io.BytesIO(b""), mimetype="text/plain", as_attachment=True).get("/")


def test_file_that_is_not_there_is_an_error(framework: Any) -> None:
    with pytest.raises(FileNotFoundError):
        sender(framework, "/no/such/file.txt").get("/")


@pytest.mark.parametrize(
    ("range_header", "status", "body", "content_range"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=0-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=5-2", 416, None, "bytes */10"),
        ("lines=1-2", 416, None, "bytes */10"),
    ],
)
def test_ranges(
    framework: Any, folder: pathlib.Path, range_header: str, status: int, body: bytes | None, content_range: str
) -> None:
    response = sender(framework, folder / "hello.txt").get("/", headers={"Range": range_header})
    assert (response.status_code, response.headers.get("Content-Range")) == (status, content_range)
    assert body is None or response.data == body


def test_range_of_a_file_object(framework: Any) -> None:
    client = sender(framework, io.BytesIO(b"0123456789"), mimetype="text/plain")
    response = client.get("/", headers={"Range": "bytes=2-4"})
    assert (response.status_code, response.data) == (206, b"234")


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("If-None-Match", 304),
        ("If-Modified-Since", 304),
        ("If-Match", 200),
    ],
)
def test_conditions_that_hold(framework: Any, folder: pathlib.Path, condition: str, status: int) -> None:
    client = sender(framework, folder / "hello.txt")
    first = client.get("/").headers
    value = first["Last-Modified"] if condition == "If-Modified-Since" else first["ETag"]
    assert client.get("/", headers={condition: value}).status_code == status


@pytest.mark.parametrize(
    ("condition", "value", "status"),
    [
        ("If-None-Match", '"other"', 200),
        ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ("If-Match", '"other"', 412),
    ],
)
def test_conditions_that_fail(framework: Any, folder: pathlib.Path, condition: str, value: str, status: int) -> None:
    assert sender(framework, folder / "hello.txt").get("/", headers={condition: value}).status_code == status


@pytest.mark.parametrize(("fresh", "status", "body"), [(True, 206, b"01"), (False, 200, b"0123456789")])
def test_if_range(framework: Any, folder: pathlib.Path, fresh: bool, status: int, body: bytes) -> None:
    client = sender(framework, folder / "hello.txt")
    tag = client.get("/").headers["ETag"] if fresh else '"other"'
    response = client.get("/", headers={"Range": "bytes=0-1", "If-Range": tag})
    assert (response.status_code, response.data) == (status, body)


def test_head_of_a_file(framework: Any, folder: pathlib.Path) -> None:
    response = sender(framework, folder / "hello.txt").head("/")
    assert (response.data, response.headers["Content-Length"]) == (b"", "10")


@pytest.mark.parametrize(
    ("config", "header", "value"),
    [({"USE_X_SENDFILE": True}, "X-Sendfile", "hello.txt"), ({"USE_X_SENDFILE": False}, "X-Sendfile", None)],
)
def test_x_sendfile(framework: Any, folder: pathlib.Path, config: Any, header: str, value: str | None) -> None:
    client = sender(framework, folder / "hello.txt")
    client.application.config.update(config)
    sent = client.get("/").headers.get(header)
    assert sent == (str(folder / value) if value else None)


def test_file_wrapper_of_the_server_is_used(framework: Any, folder: pathlib.Path) -> None:
    wrapped = []

    class Wrapper(FileWrapper):
        def __init__(self, file, size=8192):
            wrapped.append(file.name)
            super().__init__(file, size)

    client = sender(framework, folder / "hello.txt")
    response = client.get("/", environ_overrides={"wsgi.file_wrapper": Wrapper})
    assert response.data == b"0123456789"
    assert wrapped == [str(folder / "hello.txt")]


# send_from_directory -------------------------------------------------------------------------------------------------


def directory(framework: Any, folder: Any, **kwargs: Any) -> Any:
    app = framework.App(__name__)
    app.add_url_rule("/f/<path:name>", "file", lambda name: framework.send_from_directory(folder, name, **kwargs))
    app.add_url_rule("/q", "query", lambda: framework.send_from_directory(folder, framework.request.args["name"]))
    return app.test_client()


@pytest.mark.parametrize(("name", "body"), [("hello.txt", b"0123456789"), ("sub/page.html", b"<p>page</p>")])
def test_file_in_a_directory(framework: Any, folder: pathlib.Path, name: str, body: bytes) -> None:
    assert directory(framework, folder).get(f"/f/{name}").data == body


@pytest.mark.parametrize(
    "name",
    [
        "missing.txt",
        "sub",
        "../secret.txt",
        "sub/../../secret.txt",
        "..",
        "/etc/passwd",
        "//etc/passwd",
        "sub/../../../etc/passwd",
        "./../secret.txt",
        "\x00",
        "hello.txt\x00",
        "",
        ".",
    ],
)
def test_nothing_outside_the_directory_is_found(framework: Any, folder: pathlib.Path, name: str) -> None:
    assert directory(framework, folder).get("/q", query_string={"name": name}).status_code == 404


def test_relative_directory_starts_at_the_root_of_the_app(framework: Any) -> None:
    client = directory(framework, ".")
    assert client.get(f"/f/{os.path.basename(__file__)}").data == pathlib.Path(__file__).read_bytes()


def test_options_of_send_from_directory(framework: Any, folder: pathlib.Path) -> None:
    response = directory(framework, folder, as_attachment=True, max_age=5).get("/f/hello.txt")
    assert response.headers["Content-Disposition"] == "attachment; filename=hello.txt"
    assert response.headers["Cache-Control"] == "public, max-age=5"


# Static folders ------------------------------------------------------------------------------------------------------


def test_static_folder_of_the_app(framework: Any, folder: pathlib.Path) -> None:
    app = framework.App(__name__, static_folder=folder)
    client = app.test_client()
    assert client.get("/inside/hello.txt").data == b"0123456789"
    assert client.get("/inside/../secret.txt").status_code == 404
    assert (app.static_url_path, app.has_static_folder) == ("/inside", True)


@pytest.mark.parametrize(
    ("static_url_path", "path"),
    [("/assets", "/assets/hello.txt"), ("/a/b/", "/a/b/hello.txt"), ("", "/hello.txt"), ("/", "/hello.txt")],
)
def test_static_url_path(framework: Any, folder: pathlib.Path, static_url_path: str, path: str) -> None:
    app = framework.App(__name__, static_folder=folder, static_url_path=static_url_path)
    assert app.test_client().get(path).data == b"0123456789"
    with app.test_request_context():
        assert framework.url_for("static", filename="hello.txt") == path


def test_app_without_a_static_folder(framework: Any) -> None:
    app = framework.App(__name__, static_folder=None)
    assert (app.has_static_folder, app.static_folder, app.static_url_path) == (False, None, None)
    assert "static" not in app.view_functions
    assert app.test_client().get("/static/x").status_code == 404
    with app.test_request_context(), pytest.raises(RuntimeError, match="static_folder"):
        app.send_static_file("x")


def test_static_host(framework: Any, folder: pathlib.Path) -> None:
    app = framework.App(__name__, static_folder=folder, host_matching=True, static_host="cdn.example")
    client = app.test_client()
    assert client.get("/inside/hello.txt", base_url="http://cdn.example").status_code == 200
    assert client.get("/inside/hello.txt", base_url="http://shop.example").status_code == 404


def test_static_folder_set_later_serves_from_there(framework: Any, folder: pathlib.Path) -> None:
    app = framework.App(__name__)
    app.static_folder = folder
    assert app.test_client().get("/static/hello.txt").data == b"0123456789"


def test_static_file_answers_conditions(framework: Any, folder: pathlib.Path) -> None:
    client = framework.App(__name__, static_folder=folder).test_client()
    tag = client.get("/inside/hello.txt").headers["ETag"]
    assert client.get("/inside/hello.txt", headers={"If-None-Match": tag}).status_code == 304


def test_send_static_file_from_a_view(framework: Any, folder: pathlib.Path) -> None:
    app = framework.App(__name__, static_folder=folder)
    app.add_url_rule("/robots.txt", "robots", lambda: app.send_static_file("hello.txt"))
    assert app.test_client().get("/robots.txt").data == b"0123456789"


def test_max_age_method_decides_by_name(framework: Any, folder: pathlib.Path) -> None:
    class Cached(framework.App):
        def get_send_file_max_age(self, filename):
            return 99 if filename.endswith(".txt") else None

    client = Cached(__name__, static_folder=folder).test_client()
    assert client.get("/inside/hello.txt").headers["Cache-Control"] == "public, max-age=99"
    assert client.get("/inside/sub/page.html").headers["Cache-Control"] == "no-cache"


# Resources -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "kind"), [("rb", bytes), ("r", str), ("rt", str)])
def test_open_resource(framework: Any, mode: str, kind: type) -> None:
    app = framework.App(__name__)
    with app.open_resource(os.path.basename(__file__), mode) as file:
        assert isinstance(file.read(), kind)


@pytest.mark.parametrize("mode", ["w", "a", "x", "r+"])
def test_open_resource_only_reads(framework: Any, mode: str) -> None:
    with pytest.raises(ValueError):
        framework.App(__name__).open_resource("anything.txt", mode)


def test_open_resource_with_an_encoding(framework: Any, tmp_path: pathlib.Path) -> None:
    (tmp_path / "latin.txt").write_bytes("ü".encode("latin-1"))
    app = framework.App(__name__, root_path=str(tmp_path))
    with app.open_resource("latin.txt", "r", encoding="latin-1") as file:
        assert file.read() == "ü"


def test_open_resource_of_a_blueprint(framework: Any, tmp_path: pathlib.Path) -> None:
    (tmp_path / "note.txt").write_bytes(b"note")
    blueprint = framework.Blueprint("bp", __name__, root_path=str(tmp_path))
    with blueprint.open_resource("note.txt") as file:
        assert file.read() == b"note"


def test_open_instance_resource_writes_too(framework: Any, tmp_path: pathlib.Path) -> None:
    app = framework.App(__name__, instance_path=str(tmp_path))
    with app.open_instance_resource("data.txt", "w") as file:
        file.write("ü")
    with app.open_instance_resource("data.txt", "rb") as file:
        assert file.read() == "ü".encode()
