"""Requirements of the book's text: its code runs, its requests are answered as it says, its quotations are whole."""

import contextlib
import io
import re
import subprocess
import sys
from html import unescape

import pytest

from servers import ROOT
from wsgiapp.shop.learn_book import GLOSSARY, ORDER, chapter, read
from wsgiapp.shop.learn_source import highlight, lines_of, quote

BOOK = ROOT / "docs" / "book"
LADDER = ROOT / "ladder"
STEPS = sorted([*LADDER.glob("*.py"), *LADDER.glob("templates/*.html")])
PARTS = [(slug, part) for slug in ORDER for part in chapter(slug).parts]
BLOCKS = [(slug, index) for slug in ORDER for index, part in enumerate(chapter(slug).parts) if part.title == "python"]
TRIES = [(slug, request) for slug, part in PARTS if part.kind == "try" for request in part.data]


def test_every_file_of_the_book_is_a_chapter_or_the_glossary():
    assert {path.stem for path in BOOK.glob("*.md")} == {*ORDER, GLOSSARY}


@pytest.mark.parametrize("name", ["flask", "wsgiapp"])
@pytest.mark.parametrize(("slug", "index"), BLOCKS)
def test_an_example_prints_what_the_book_says_on_flask_and_on_wsgiapp(slug, index, name):
    code, output = chapter(slug).parts[index : index + 2]
    assert output.title == "output", "an example is followed by what it prints"
    named = re.sub(r"^(from flask import .*)\bFlask\b", r"\1App as Flask", code.data, flags=re.MULTILINE)
    source = code.data if name == "flask" else re.sub(r"^from flask\b", "from wsgiapp", named, flags=re.MULTILINE)
    assert (printed_apart if "XRay(" in source else printed_here)(source) == output.data


def printed_here(source):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "example.md", "exec"), {"__name__": "__main__"})
    return printed.getvalue()


def printed_apart(source):
    """In a process of its own: where the tests are watched (`--xray`), every app of this one has an X-ray already."""
    command = [sys.executable, "-c", source]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("slug", "request_"), TRIES, ids=lambda value: getattr(value, "path", value))
def test_a_request_to_try_is_answered_with_the_status_that_stands_beside_it(visitor, slug, request_):
    if request_.method == "GET":
        response = visitor.get(request_.path)
    else:
        response = visitor.send(request_.path, **request_.fields)
    assert response.status_code == request_.status


@pytest.mark.parametrize("panel", sorted({request.panel for _slug, request in TRIES}))
def test_a_panel_that_a_request_names_is_one_of_the_xrays(panel):
    assert f'<section id="{panel}"' in (ROOT / "wsgiapp/xray/show/templates/trace.html").read_text("utf-8")


def test_every_file_of_the_ladder_stands_in_the_book_exactly_once_and_whole():
    quoted = [part.data for _slug, part in PARTS if part.kind == "ladder"]
    assert sorted(source.path for source in quoted) == [f"ladder/{path.relative_to(LADDER)}" for path in STEPS]
    for source in quoted:
        assert source.text == (ROOT / source.path).read_text("utf-8").rstrip("\n")


@pytest.mark.parametrize("part", [part for _slug, part in PARTS if part.kind == "ladder"], ids=lambda part: part.title)
def test_no_word_of_a_file_is_lost_between_its_text_and_its_code(part):
    shown = unescape(re.sub(r"<[^>]+>", " ", f"{part.html} {part.data.html}"))
    words = re.findall(r"\w+", part.data.text)
    assert sorted(re.findall(r"\w+", shown)) == sorted(words)


def test_no_line_of_the_ladder_is_copied_into_a_chapter_by_hand():
    lines = {line for path in LADDER.glob("step_*.py") for line in path.read_text("utf-8").splitlines()}
    long = {line for line in lines if len(line) > 50}
    assert long and not long & {line for path in BOOK.glob("*.md") for line in path.read_text("utf-8").splitlines()}


def test_the_steps_come_in_their_order():
    steps = [part.title for _slug, part in PARTS if "step_" in part.title and part.kind == "ladder"]
    assert steps == sorted(steps) and len(steps) == 15


@pytest.mark.parametrize("slug", ORDER[1:])
def test_each_chapter_shows_real_lines_of_an_object_that_exists(slug):
    quoted = [part.data for part in chapter(slug).parts if part.kind in ("lines", "peek")]
    assert quoted
    for source in quoted:
        assert source.name.rpartition(".")[2] in source.text


@pytest.mark.parametrize(
    ("directive", "said"),
    [
        ("{include} ladder/step_99.py", "no file ladder/step_99.py"),
        ("{lines} wsgiapp/ctx.py Nobody.push", "no object called Nobody"),
        ("{lines} nowhere/ctx.py x", "no package nowhere"),
    ],
)
def test_a_quotation_that_has_drifted_fails_and_says_what_is_missing(directive, said):
    with pytest.raises(LookupError, match=said):
        read(f"```{directive}\n```\n")


def test_an_object_is_found_with_its_decorators_and_behind_overloads():
    text = "class A:\n  @overload\n  def f(s): ...\n  @staticmethod\n  def f(s): pass\nB: int = 1\n"
    assert (lines_of(text, "A.f"), lines_of(text, "B"), lines_of(text, "A")) == ((4, 5), (6, 6), (1, 5))


@pytest.mark.parametrize("path", STEPS, ids=lambda path: path.name)
def test_marking_the_words_of_the_code_changes_no_letter_of_it(path):
    code = path.read_text("utf-8")
    assert unescape(re.sub(r"</?span[^>]*>", "", highlight(code))) == code


def test_the_code_is_escaped_on_its_way_into_the_page():
    assert "<b>" not in highlight("x = '<b>'  # <b>") and "<b>" not in highlight("def <b>(")
    assert '<span class="kw">' in quote("wsgiapp/ctx.py", "RequestContext.push").html


def test_every_command_for_curl_in_a_step_names_an_address_of_this_machine():
    commands = re.findall(r"^    curl .*$", "\n".join(path.read_text("utf-8") for path in STEPS), re.MULTILINE)
    assert commands and all("http://127.0.0.1:8000/" in command for command in commands)


def test_a_cell_without_text_heads_no_column():
    (part,) = read("| | GET |\n|---|---|\n| where | in the URL |\n")
    assert re.findall(r"<t[hd]>[^<]*</t[hd]>", part.html) == [
        "<td></td>", "<th>GET</th>", "<td>where</td>", "<td>in the URL</td>",
    ]  # fmt: skip


def test_a_quotation_that_has_drifted_spoils_no_other_chapter(visitor, monkeypatch):
    def fail(path, name=""):
        raise LookupError(f"There is no object called {name}.")

    chapter.cache_clear()
    monkeypatch.setattr("wsgiapp.shop.learn_book.quote", fail)
    assert [visitor.get(path).status_code for path in ("/learn", "/learn/glossary")] == [200, 200]
    with pytest.raises(LookupError, match="no object called"):
        assert chapter("wsgi").parts
    chapter.cache_clear()
