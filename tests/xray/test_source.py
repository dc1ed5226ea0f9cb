"""`file:line` opens the source: of what the trace names and this process was loaded from, and nothing else."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from wsgiapp import App, render_template
from wsgiapp.xray import XRay
from wsgiapp.xray.objects.locations import source_at
from wsgiapp.xray.redact import REDACTED, source_lines
from wsgiapp.xray.show.places import AROUND, EDITORS

from .support import NEAR, TOKEN, Reader, send, watched_app

HERE = "tests/xray/test_source.py"
LINK = re.compile(r'href="/_xray/((?:t/\w+/)?source\?at=([^"]+))"')
VIEW = (
    """
from wsgiapp import App, render_template
app = App(__name__)
app.secret_key = \"\"\"planted-0
over two lines\"\"\"
def index():
    return render_template("page.html")
app.add_url_rule("/", "index", index)
API_KEY = (
    "planted-1"
)
settings = {"password": "planted-2" "planted-3"}
"""
    + "# filler\n" * 300
)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An app in a module of its own, with a template, and beside it a file that nothing names."""
    folder = tmp_path_factory.mktemp("loaded")
    (folder / "planted_app.py").write_text(VIEW)
    (folder / "beside.py").write_text("never = 'named'\n")
    (folder / "templates").mkdir()
    (folder / "templates" / "page.html").write_text("<p>\n{{ 1 + 1 }}</p>")
    sys.path.insert(0, str(folder))
    try:
        module: Any = __import__("planted_app")
        module.app.debug = True
        XRay(module.app, token=TOKEN)
        yield module.app, folder
    finally:
        sys.path.remove(str(folder))
        del sys.modules["planted_app"]


def links(page: str) -> list[tuple[str, str]]:
    """The links to sources on a page, each with its place."""
    return [(address, unquote(where)) for address, where in LINK.findall(page)]


def test_each_place_on_the_pages_of_a_trace_is_a_link_that_opens(loaded: Any) -> None:
    app, _ = loaded
    reader, trace = Reader(app), send(app, app.extensions["xray"], "/")
    pages = [f"t/{trace.id}", *(f"t/{trace.id}/step/{n}" for n in range(1, len(trace.spans) + 1, 5)), "why?path=/"]
    found = {link for page in pages for link in links(reader.get(page).text)}
    named = {span.where for span in trace.spans} | {header.where for header in trace.sent_headers}
    assert named - {""} <= {where for _, where in found}
    for address, where in found:
        shown = reader.get(address)
        assert shown.status_code == 200 and 'id="here"' in shown.text, where
    assert any(where.startswith("wsgiapp/") for _, where in found)
    assert any(where.startswith("planted_app.py") for _, where in found)
    assert any(where.endswith("page.html:1") for _, where in found)


def test_the_page_of_a_source_shows_its_lines_and_no_secret_of_it(loaded: Any) -> None:
    app, _ = loaded
    trace = send(app, app.extensions["xray"], "/")
    page = Reader(app).get(f"t/{trace.id}/source?at=planted_app.py:6").text
    assert "def index():" in page and page.count(REDACTED) == 3 and "planted-" not in page.replace("planted-app", "")
    numbers = [int(n) for n in re.findall(r'class="no">\s*(\d+)', page)]
    assert numbers == list(range(1, 6 + AROUND + 1)), "bounded, and no line is missing"
    after = re.search(r'href="\?at=([^"]+)">↓', page)
    assert after is not None
    assert ">   86 </span>" in Reader(app).get(f"t/{trace.id}/source?at={after[1]}").text


@pytest.mark.parametrize(
    "at",
    ["beside.py:1", "/etc/passwd:1", "../../../../etc/passwd:1", "planted_app.py", "planted_app.py:0", "", ":1", "x:²",
     "planted_app.py:999999", "planted_app.py:" + "9" * 5000, "planted_app.py:-1", "templates/../beside.py:1",
     "wsgiapp/config.py:1", "os.py:1"],
)  # fmt: skip
def test_nothing_is_shown_that_the_trace_does_not_name(loaded: Any, at: str) -> None:
    app, folder = loaded
    reader, trace = Reader(app), send(app, app.extensions["xray"], "/")
    for where in (at, f"{folder}/{at}"):
        for page in (f"t/{trace.id}/source", "source"):
            assert reader.get(page, query_string={"at": where}).status_code == 404


def test_a_source_is_closed_to_whom_the_xray_is_closed_to(loaded: Any) -> None:
    app, _ = loaded
    trace = send(app, app.extensions["xray"], "/")
    for environ, status in ((NEAR, 403), ({"REMOTE_ADDR": "10.0.0.9"}, 404)):
        answer = app.test_client().get(f"/_xray/t/{trace.id}/source?at=planted_app.py:6", environ_overrides=environ)
        assert answer.status_code == status and "def index" not in answer.text


def test_code_that_says_it_comes_from_another_file_opens_none(tmp_path: Path) -> None:
    secret = tmp_path / "secret.py"
    secret.write_text("line = 'of a file that was not loaded'\n")
    app = App(__name__)
    app.debug = True
    namespace: dict[str, Any] = {}
    exec(compile("def view():\n    return 'hello'\n", str(secret), "exec"), namespace)
    app.add_url_rule("/", "view", namespace["view"])
    xray = XRay(app, token=TOKEN)
    trace = send(app, xray, "/")
    where = next(span.where for span in trace.spans if span.kind == "view")
    assert "secret.py" in where
    assert Reader(app).get(f"t/{trace.id}/source", query_string={"at": where}).status_code == 404
    assert where not in {found for _, found in links(Reader(app).get(f"t/{trace.id}").text)}


def test_a_template_that_is_a_link_out_of_its_folder_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "outside.html").write_text("outside")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "inside.html").symlink_to(tmp_path / "outside.html")
    app = App(__name__, root_path=str(tmp_path))
    app.debug = True
    app.add_url_rule("/", "page", lambda: render_template("inside.html"))
    xray = XRay(app, token=TOKEN)
    trace = send(app, xray, "/")
    (where,) = [span.where for span in trace.of_kind("template")]
    assert where and Reader(app).get(f"t/{trace.id}/source", query_string={"at": where}).status_code == 404


def test_the_editor_is_a_second_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XRAY_EDITOR", "vscode://file/{path}:{line}")
    app, xray = watched_app()
    trace = send(app, xray, "/page/x")
    page = Reader(app).get(f"t/{trace.id}").text
    line = next(span.where for span in trace.spans if span.kind == "view").rpartition(":")[2]
    assert f'href="vscode://file/{Path(__file__).with_name("support.py").as_posix()}:{line}"' in page
    assert "vscode:" not in Reader(app).get(f"t/{trace.id}/lesson.html").text


@pytest.mark.parametrize(
    "address",
    ["javascript:alert('{path}')", "data:text/html,{path}", "https://example.com/{path}", "{path}", "vscode",
     "vscode:x", "vscode://file/{path} x", "file://{path}", "VSCODE://{path}\n"],
)  # fmt: skip
def test_an_address_that_opens_no_editor_is_refused_at_once(address: str) -> None:
    with pytest.raises(ValueError, match=r"opens no editor that the X-ray knows.*vscode"):
        XRay(App(__name__), editor=address)
    assert "javascript" not in EDITORS


@pytest.mark.parametrize(
    ("source", "kept", "hidden"),
    [
        ('password = """planted\nsecret"""', "password = ", "planted secret"),
        ('TOKEN: str = (\n  "planted"\n)', "TOKEN: str", "planted"),
        ('f(api_key="planted" + f"{x}secret")', "f(api_key", "planted secret"),
        ('def f(a, /, password="planted", *, token="secret"): ...', "def f(a", "planted secret"),
        ('user, password = "anna", "planted"', '"anna"', "planted"),
        ('config["SECRET_KEY"] = environ.get("SECRET_KEY", """planted""")', 'environ.get("SECRET_KEY"', "planted"),
        ('if token == "planted": pass', "if token", "planted"),
        ('pairs = [("password", "planted")]', 'pairs = [("password"', "planted"),
        ('self.secret = "planted".encode()', "self.secret", "planted"),
        ('password = request.form["password"]', 'request.form["password"]', ""),
        ('token = form.get("token")', 'form.get("token")', ""),
        ('name = "not a secret"', '"not a secret"', ""),
        ('é = 1; password = "planted"; x = "é"', 'x = "é"', "planted"),
    ],
)  # fmt: skip
def test_literals_that_have_a_secrets_name_are_taken_out_of_a_source(
    tmp_path: Path, source: str, kept: str, hidden: str
) -> None:
    file = tmp_path / "module.py"
    file.write_text(f"{source}\nlast = 1\n", encoding="utf-8")
    shown = source_lines(str(file))
    assert kept in shown[0] or kept in "\n".join(shown)
    assert len(shown) == source.count("\n") + 2 and shown[-1] == "last = 1"
    assert [word for word in hidden.split() if word in "\n".join(shown)] == []
    assert (REDACTED in "\n".join(shown)) is bool(hidden)


def test_a_lesson_shows_no_literal_of_a_secrets_name_either(tmp_path: Path) -> None:
    file = tmp_path / "taught.py"
    file.write_text('def view():\n    password = """planted"""\n    return password\n')
    shown = source_at(f"{file}:1")
    assert [text for _, text in shown] == ["def view():", f'    password = "{REDACTED}"', "    return password"]
