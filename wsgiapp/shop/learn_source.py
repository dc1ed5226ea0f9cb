"""Shop layer 2: source text, quoted by the name of an object.

The book says which object it means, and this module finds its lines in the file that runs. So the book cannot show
code that is no longer there. Nothing here knows the book or the shop.
"""

from __future__ import annotations

import ast
import importlib.util
import io
import keyword
import textwrap
import tokenize
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED_ROOT = Path(__file__).resolve().parent  # an installation keeps the ladder and the book inside the shop


@dataclass(frozen=True)
class Source:
    """Some lines of a file: all of it, or one object."""

    path: str
    name: str
    first: int
    last: int
    text: str
    html: Markup


def quote(path: str, name: str = "") -> Source:
    """Return the lines of the object ``name`` in the file ``path``, or the whole file.

    ``path`` begins with ``ladder``, or with a package that is installed, such as ``wsgiapp`` or ``werkzeug``.
    Raises ``LookupError`` when there is no such file or object.
    """
    file = locate(path)
    if not file.is_file():
        raise LookupError(f"There is no file {path}.")
    lines = file.read_text(encoding="utf-8").splitlines()
    first, last = lines_of("\n".join(lines), name) if name else (1, len(lines))
    text = textwrap.dedent("\n".join(lines[first - 1 : last]))
    return Source(path, name, first, last, text, highlight(text) if path.endswith(".py") else escape(text))


def shipped_path(folder: str) -> Path:
    """Return the path of a folder that is at the top of a checkout, but inside the shop in an installation."""
    inside = _INSTALLED_ROOT / Path(folder).name
    return inside if inside.is_dir() else PACKAGE.parent / folder


def locate(path: str) -> Path:
    """Return the file that ``path`` means. Raises ``LookupError`` when its package is not installed."""
    top, _, rest = path.partition("/")
    if top == "ladder":
        return shipped_path("ladder") / rest
    found = importlib.util.find_spec(top)
    if found is None or not found.submodule_search_locations:
        raise LookupError(f"There is no package {top}.")
    return Path(found.submodule_search_locations[0]) / rest


def lines_of(text: str, name: str) -> tuple[int, int]:
    """Return the first and the last line of the object called ``name``, as in ``Class.method``; decorators count."""
    found: ast.AST = ast.parse(text)
    for part in name.split("."):
        found = _member(found, part)
    first = getattr(found, "lineno", 1)
    decorators = [node.lineno for node in getattr(found, "decorator_list", [])]
    return min([first, *decorators]), getattr(found, "end_lineno", first)


def _member(scope: ast.AST, name: str) -> ast.AST:
    for node in ast.walk(scope):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == name:
            if "overload" not in [ast.unparse(each).rpartition(".")[2] for each in node.decorator_list]:
                return node
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and name in [getattr(each, "id", None) for each in targets]:
            return node
    raise LookupError(f"There is no object called {name}.")


def split_docstring(text: str) -> tuple[str, str]:
    """Split the source of a module into the text of its docstring and the code below it."""
    module = ast.parse(text)
    head = ast.get_docstring(module) or ""
    first = (module.body[0].end_lineno or 0) if head else 0
    return head, "\n".join(text.splitlines()[first:]).strip("\n")


def highlight(code: str) -> Markup:
    """Return Python code as HTML, its keywords, strings, comments and numbers marked; else only escaped."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):  # part of a statement, or a prompt in front of it
        return escape(code)
    lines = code.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    pieces, done = [Markup("")], 0
    for token in tokens:
        kind = _kind(token)
        begin, end = (starts[min(row - 1, len(lines))] + column for row, column in (token.start, token.end))
        if kind and begin >= done:
            marked = Markup('<span class="{}">{}</span>').format(kind, code[begin:end])
            pieces += [escape(code[done:begin]), marked]
            done = end
    return Markup("").join([*pieces, escape(code[done:])])


def _kind(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.NAME:
        return "kw" if keyword.iskeyword(token.string) else ""
    if tokenize.tok_name[token.type].startswith("FSTRING"):  # Python 3.12 reads such a string in several tokens
        return "st"
    return {tokenize.STRING: "st", tokenize.COMMENT: "co", tokenize.NUMBER: "nu"}.get(token.type, "")
