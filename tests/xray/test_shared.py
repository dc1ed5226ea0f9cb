"""Two processes of one server share token and traces, in a folder that nobody else can read or bend."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from wsgiapp import App, request
from wsgiapp.xray import XRay
from wsgiapp.xray.access import TOKEN_VARIABLE
from wsgiapp.xray.shared import SharingError
from wsgiapp.xray.shared.folder import Folder
from wsgiapp.xray.shared.traces import dump, load

from .support import send, watched_app

SEVERAL = {"REMOTE_ADDR": "127.0.0.1", "wsgi.multiprocess": True}
SECRET = "a-password-that-was-typed"


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)


def worker(folder: Path, **options: Any) -> tuple[Any, XRay]:
    """One process's app: each worker makes its own."""
    app = App("served", instance_path=str(folder / "instance"))
    app.debug = True
    app.secret_key = "the-key-of-the-app"
    app.add_url_rule("/<name>", "page", lambda name: f"{name} {request.args.get('password', '')}")
    return app.test_client(), XRay(app, **options)


def get(client: Any, path: str, **more: Any) -> Any:
    return client.get(path, environ_overrides={**SEVERAL, **more})


def test_the_token_and_the_traces_of_one_worker_are_those_of_the_other(tmp_path: Path) -> None:
    (one, first), (other, second) = worker(tmp_path), worker(tmp_path)
    get(one, "/a")
    get(other, "/b")
    assert first.access.token == second.access.token and len(first.access.token) >= 16
    get(one, f"/_xray/?token={first.access.token}")
    shown = get(one, "/_xray/").text
    assert 'class="path">/a<' in shown and 'class="path">/b<' in shown
    assert [trace.path for trace in first.traces()] == [trace.path for trace in second.traces()] == ["/b", "/a"]
    (of_other,) = second.ring
    for page in (f"/_xray/t/{of_other.id}", f"/_xray/t/{of_other.id}/step/1", f"/_xray/t/{of_other.id}/export/har"):
        assert get(one, page).status_code == 200
    first.clear()
    assert list((tmp_path / "instance" / "xray").glob("*.json")) == []


def test_a_server_of_one_process_writes_nothing(tmp_path: Path) -> None:
    client, xray = worker(tmp_path)
    client.get("/a", environ_overrides={"REMOTE_ADDR": "127.0.0.1"})
    client.get(f"/_xray/?token={xray.access.token}", environ_overrides={"REMOTE_ADDR": "127.0.0.1"})
    assert list(tmp_path.iterdir()) == [] and len(xray.ring) == 1


def test_what_is_written_is_closed_to_others_and_has_no_secret(tmp_path: Path) -> None:
    client, _ = worker(tmp_path)
    get(client, f"/a?password={SECRET}", HTTP_AUTHORIZATION=f"Bearer {SECRET}")
    folder = tmp_path / "instance" / "xray"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = sorted(folder.iterdir())
    assert len(files) == 2 and {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all(SECRET.encode() not in file.read_bytes() for file in files)
    assert all(b"the-key-of-the-app" not in file.read_bytes() for file in files)


def test_the_folder_keeps_its_bounds(tmp_path: Path) -> None:
    client, xray = worker(tmp_path, limit=3)
    for number in range(6):
        get(client, f"/{number}")
    folder = tmp_path / "instance" / "xray"
    assert len(list(folder.glob("*.json"))) == 3
    small = Folder(folder, 100, 1_000)
    for name in "abc":
        small.put(f"{name}.json", b"x" * 600, name)
    assert small.names() == ["c.json"] and [file.name for file in folder.glob(".*")] == []
    assert xray.shared is not None and xray.shared.get("../token") is None


def spoil(folder: Path, how: str) -> None:
    """Put something into the way of the folder."""
    if how == "a file in its place":
        folder.parent.mkdir()
        folder.write_text("")
        return
    if how == "a link in its place":
        (folder.parent.parent / "elsewhere").mkdir(mode=0o700)
        folder.parent.mkdir()
        folder.symlink_to(folder.parent.parent / "elsewhere")
        return
    folder.mkdir(parents=True, mode=0o700)
    token = folder / "token"
    if how == "a folder that others read":
        folder.chmod(0o755)
    elif how == "a token that others read":
        token.write_text("x" * 20)
        token.chmod(0o644)
    elif how == "a token by a link":
        (folder.parent / "other").write_text("y" * 20)
        token.symlink_to(folder.parent / "other")
    elif how == "a token that is none":
        token.write_text("short")
        token.chmod(0o600)


@pytest.mark.parametrize(
    "how",
    ["a file in its place", "a link in its place", "a folder that others read", "a token that others read",
     "a token by a link", "a token that is none"],
)  # fmt: skip
def test_what_is_not_safe_is_not_used_and_the_terminal_says_so_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    spoil(tmp_path / "instance" / "xray", how)
    client, xray = worker(tmp_path)
    own = xray.access.token
    for _ in range(2):
        assert get(client, "/a").status_code == 200
    told = capsys.readouterr().err
    assert xray.shared is None and xray.access.token == own
    assert told.count("keeps traces and a token of its own, since") == 1 and TOKEN_VARIABLE in told
    page = get(client, "/_xray/", HTTP_ACCEPT="text/html")
    assert page.status_code == 403 and "several processes" in page.text
    assert list((tmp_path / "elsewhere").glob("*")) == [] if how == "a link in its place" else True


def test_a_token_that_was_given_is_that_of_every_process(tmp_path: Path) -> None:
    (one, first), (other, _) = worker(tmp_path, token="given-to-one-process"), worker(tmp_path)
    get(one, "/a")
    get(other, "/b")
    assert first.access.token == "given-to-one-process"
    assert len(first.traces()) == 2


@pytest.mark.parametrize("path", ["/page/x", "/fails", "/tea", "/stream", "/away", "/nowhere"])
def test_a_trace_that_was_written_is_the_same_trace(path: str) -> None:
    app, xray = watched_app()
    trace = send(app, xray, path)
    again = load(dump(trace, frozenset()), app)
    assert again is not None and again.as_dict() == trace.as_dict() and again == trace


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b'{"trace": {}}', b'{"trace": {"id": 1}, "marks": 7}'])
def test_what_is_no_trace_is_none(text: bytes) -> None:
    app, _ = watched_app()
    assert load(text, app) is None


def test_the_source_beside_a_trace_of_another_salt_is_not_shown() -> None:
    app, xray = watched_app()
    trace = send(app, xray, "/page/x")
    written = dump(trace, frozenset())
    foreign = load(json.dumps({**json.loads(written), "salt": 7}).encode(), app)
    own = load(written, app)
    assert foreign is not None and own is not None
    assert foreign.hide("x = 1").startswith("(not shown") and own.hide("x = 1") == "x = 1"


def test_a_folder_that_is_gone_harms_no_answer(tmp_path: Path) -> None:
    client, xray = worker(tmp_path)
    get(client, "/a")
    folder = tmp_path / "instance" / "xray"
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    assert get(client, "/b").status_code == 200 and len(xray.ring) == 2
    with pytest.raises(SharingError):
        Folder(folder, 1, 1).names()
    assert os.path.lexists(folder) is False
    assert [trace.path for trace in xray.traces()] == ["/b", "/a"]
