"""The book's directives for Sphinx: what they mean is read by `wsgiapp.shop.learn_book`, as in the running app.

Here a part of a chapter becomes nodes of a page. A site of files has no app to send requests to, so a request to try is
shown as text and as a command for curl.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from docutils import nodes
from docutils.parsers.rst import Directive
from markupsafe import Markup, escape
from sphinx import addnodes
from sphinx.application import Sphinx

from wsgiapp.dispatch import LIFECYCLE
from wsgiapp.shop import learn_api, learn_book, learn_cookie

BASE = "http://127.0.0.1:5000"  # where `python run.py` serves the shop
SHOP_PAGE = re.compile(r"^\.\./(\w+)(#\S+)?$")  # a link of the book to a page of the shop


def raw(html: str) -> nodes.raw:
    """Return a node of HTML."""
    return nodes.raw("", str(html), format="html")


def code(text: str, language: str) -> nodes.literal_block:
    """Return a block of code in a language that Pygments knows."""
    return nodes.literal_block(text, text, language=language)


def source(part: learn_book.Part) -> list[nodes.Node]:
    """Return the lines of an object, under the name of their file."""
    quoted = part.data
    where = Markup("<p class='where'><code>{}</code> · <code>{}</code>, lines {} to {}</p>")
    return [raw(where.format(quoted.path, quoted.name, quoted.first, quoted.last)), code(quoted.text, "python")]


def step(part: learn_book.Part) -> list[nodes.Node]:
    """Return a file of the ladder: the text at its head, then its code."""
    path = part.title
    run = Markup(" · run it: <code>python {}</code>").format(path) if "step_" in path else Markup("")
    head = Markup("<p class='where'><code>{}</code>{}</p>").format(path, run)
    intro = Markup("<div class='intro'>{}</div>").format(part.html) if part.html else Markup("")
    text = learn_book.split_docstring(part.data.text)[1] if path.endswith(".py") else part.data.text
    return [raw(head + intro), code(text, "python" if path.endswith(".py") else "jinja")]


def folded(kind: str, title: Sequence[nodes.Node], inner: Sequence[nodes.Node]) -> list[nodes.Node]:
    """Return what opens when its title is clicked; it needs no script."""
    opening = raw(f"<details class='{kind}'><summary>")
    return [opening, nodes.inline("", "", *title), raw("</summary>"), *inner, raw("</details>")]


def attempt(request: learn_book.Try) -> list[nodes.Node]:
    """Return a request to try, as text and as a command."""
    body = urlencode(request.fields)
    head = f"{request.method} {request.path} HTTP/1.1\nHost: 127.0.0.1:5000"
    command = f"curl -i '{BASE}{request.path}'"
    if request.method == "POST":
        head += f"\nContent-Type: application/x-www-form-urlencoded\n\n{body}"
        command = f"curl -i -d '{body}' '{BASE}{request.path}'"
    says = Markup("<p>{} <span class='status'>Answer: {}</span></p>").format(request.says, request.status)
    return [raw(says), code(head, "http"), code(command, "bash")]


def attempts(part: learn_book.Part) -> list[nodes.Node]:
    """Return the requests of a block."""
    note = (
        "Start the shop with <code>python run.py</code>, and send these from its own copy of this chapter, at "
        "<code>/learn</code>, with a click: there the X-ray opens beside the answer. From a terminal:"
    )
    if any(request.method == "POST" and "csrf_token" not in request.fields for request in part.data):
        note += (
            " (A form must carry the token of its page. The page in the shop adds it; curl has none, and is answered "
            "with 400.)"
        )
    inner = [node for request in part.data for node in attempt(request)]
    return [raw(f"<div class='tries'><p class='aside'>{note}</p>"), *inner, raw("</div>")]


def road(_part: learn_book.Part) -> list[nodes.Node]:
    """Return the picture of a request's way, in four stations."""
    stations = [
        ("Your browser", "sends text: GET /hello HTTP/1.1"),
        ("The server", "reads it and calls one function"),
        ("The framework", "finds the view that fits the path"),
        ("Your view", "returns a text"),
    ]
    items = [Markup("<li><b>{}</b> <span>{}</span></li>").format(*station) for station in stations]
    below = "Down to your view, and the same way back: its text becomes a response, then bytes, then a page."
    return [raw(Markup("<ol class='way'>{}</ol><p class='aside'>{}</p>").format(Markup("").join(items), below))]


def staircase(_part: learn_book.Part) -> list[nodes.Node]:
    """Return the layers of the framework, from its own table."""
    item = Markup("<li><b>{}</b> <code>{}</code> <span>{}</span></li>")
    items = Markup("").join(item.format(layer.name, layer.step, layer.does) for layer in LIFECYCLE)
    return [raw(Markup("<ol class='stairs'>{}</ol>").format(items))]


def cookie_bench(_part: learn_book.Part) -> list[nodes.Node]:
    """Return the three parts of the cookie from the notes, opened."""
    opened = learn_cookie.examine(learn_cookie.NOTES)
    rows = [
        ("Data", opened.parts[0], opened.payload or ""),
        ("Time", opened.parts[1], opened.signed or ""),
        ("Signature", opened.parts[2], "checked with the key; without it nobody can make one"),
    ]
    row = Markup("<tr><th scope='row'>{}</th><td><code>{}</code></td><td>{}</td></tr>")
    table = Markup("<table><tbody>{}</tbody></table>").format(Markup("").join(row.format(*each) for each in rows))
    note = (
        "The bench itself, for cookies and keys of your own, is in the running shop, at <code>/learn/sessions</code>."
    )
    return [raw(table), raw(f"<p class='aside'>{note}</p>")]


def api_bench(_part: learn_book.Part) -> list[nodes.Node]:
    """Return the requests of the API bench, as text and as commands."""
    note = (
        "<code>$API_TOKEN</code> is the text in <code>instance/api_token</code>; <code>{id}</code> and "
        "<code>{etag}</code> are what the answer to the creation says. In the running shop, at "
        "<code>/learn/rest</code>, one click sends them all and explains each line of the answers."
    )
    found: list[nodes.Node] = [raw(f"<p class='aside'>{note}</p>")]
    for call in learn_api.CALLS:
        title = [nodes.literal("", f"{call.method} {call.path}"), nodes.Text(f" {call.status}")]
        inner = [raw(f"<p>{escape(call.says)}</p>"), code(call.text("127.0.0.1:5000"), "none")]
        found += folded("call", title, [*inner, code(call.curl(BASE), "bash")])
    return found


PLACES: dict[str, Callable[[learn_book.Part], list[nodes.Node]]] = {
    "road": road, "staircase": staircase, "cookie-bench": cookie_bench, "api-bench": api_bench,
}  # fmt: skip
SHOWN: dict[str, Callable[[learn_book.Part], list[nodes.Node]]] = {
    "ladder": step,
    "lines": source,
    "peek": lambda part: folded("peek", [nodes.Text(part.title)], source(part)),
    "try": attempts,
    "place": lambda part: PLACES[part.title](part),
}


class BookDirective(Directive):
    """A directive of the book. Its name says which; the shop's reader says what it means."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return the nodes; a quotation that fails is an error of the build, with its place."""
        argument = self.arguments[0] if self.arguments else ""
        if self.name == "question":  # its text has links to other chapters, so the page's own parser reads it
            inner = nodes.container()
            self.state.nested_parse(self.content, self.content_offset, inner)
            title, messages = self.state.inline_text(argument, self.lineno)
            return [*folded("question", title, inner.children), *messages]
        try:
            part = learn_book.DIRECTIVES[self.name](argument, "\n".join(self.content))
            return SHOWN[part.kind](part)
        except LookupError as missing:
            raise self.error(str(missing)) from missing


def shop_pages(_app: Sphinx, document: nodes.document) -> None:
    """Let a link of the book to a page of the shop be its text and its path: this site has no such page."""
    for link in list(document.findall(addnodes.pending_xref)):
        match = SHOP_PAGE.match(link["reftarget"])
        if match is not None:
            shown = [*link.children, nodes.Text(" ("), nodes.literal("", f"/{match[1]}"), nodes.Text(" in the shop)")]
            link.replace_self(nodes.inline("", "", *shown))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the book's directives, in the place of those that have the same name."""
    for name in learn_book.DIRECTIVES:
        app.add_directive(name, type(f"{name.title()}Directive", (BookDirective,), {}), override=True)
    app.connect("doctree-read", shop_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
