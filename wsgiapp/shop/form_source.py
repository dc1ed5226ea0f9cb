"""Shop layer 1: in which template a form is written, and what makes its hidden field there.

For the developer who reads in the log that a form was refused. Only the text of the templates is read, with the names
that this shop uses: ``url_for`` in the tag of the form, and a macro or a function that writes the field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from jinja2 import TemplateNotFound

from wsgiapp import App

# The tag, in which an expression may hold a bracket of its own, and all up to the end of the form.
FORM = re.compile(r"(<form\b(?:\{\{.*?\}\}|\{%.*?%\}|[^>{])*>).*?</form>", re.DOTALL)
FIELD = re.compile(r"\{\{-?\s*(\w*csrf\w*)\(")
MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)\(")


class Source(NamedTuple):
    """A form in a template.

    :ivar form: ``file:line`` of its tag; *field* of the call that writes the hidden field, by the name *call*. Both
        are empty where the form has none.
    :ivar macro: ``file:line`` of the macro of that name; empty where it is a function.
    """

    form: str
    field: str = ""
    call: str = ""
    macro: str = ""

    def __str__(self) -> str:
        if not self.field:
            return f"The form at {self.form} has no such field: it needs {{{{ csrf() }}}} in it."
        macro = f" (the macro at {self.macro})" if self.macro else ""
        return f"The form at {self.form} has its field by {self.call}(){macro} at {self.field}."


def sources_of(app: App, endpoint: str) -> list[Source]:
    """The forms that are sent to an endpoint, in the templates of the app."""
    texts = dict(_texts(app))
    macros = {name: where for text in texts for name, where in _macros(text, texts[text])}
    address = rf"""\burl_for\(\s*(?P<quote>['"]){re.escape(endpoint)}(?P=quote)"""
    sent_there = re.compile(address)
    # A macro may be given the address, and have the form in it.
    given_to = re.compile(rf"(?P<macro>\w+)\({address}")
    given = {call["macro"] for text in texts.values() for call in given_to.finditer(text)}
    forms = [(file, text, form) for file, text in texts.items() for form in FORM.finditer(text)]
    return [
        _source(file, text, form, macros)
        for file, text, form in forms
        if sent_there.search(form[1]) or given.intersection(MACRO.findall(text, 0, form.start())[-1:])
    ]


def _texts(app: App) -> Iterator[tuple[str, str]]:
    """The files of the app's templates, with their texts."""
    loader = app.jinja_env.loader
    if loader is None:
        return
    for name in app.jinja_env.list_templates():
        try:
            text, file, _ = loader.get_source(app.jinja_env, name)
        except (TemplateNotFound, UnicodeDecodeError):
            continue
        yield _short(Path(file or name)), text


def _short(file: Path) -> str:
    """A file as it is typed in the working folder."""
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)


def _macros(file: str, text: str) -> Iterator[tuple[str, str]]:
    for macro in MACRO.finditer(text):
        yield macro[1], f"{file}:{_line(text, macro.start())}"


def _source(file: str, text: str, form: re.Match[str], macros: dict[str, str]) -> Source:
    where = f"{file}:{_line(text, form.start())}"
    field = FIELD.search(text, form.start(), form.end())
    if field is None:
        return Source(where)
    return Source(where, f"{file}:{_line(text, field.start())}", field[1], macros.get(field[1], ""))


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
