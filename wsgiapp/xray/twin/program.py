"""The program: the gathered code, the stand-ins that it needs, the imports, and a text at its head.

Put together as a linker does: a name that nothing in the text defines is looked up among the stand-ins, the gathered
definitions and the imports, until none is left.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
import textwrap
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from blinker import Signal
from jinja2 import Environment, StrictUndefined
from wsgiapp import signals
from wsgiapp.dispatch import ROAD

from ..places import name_of
from . import facts
from .gather import IMPORTS, Gathering
from .match import Matched
from .reading import risks_of
from .road import Road, within
from .source import bound_names, free_names
from .templates import Templates
from .values import TwinError, indented, literal, quoted

# What stands below the app's own code, since it is made of it.
_BELOW = ("config", "urls", "templates")
# The blocks of ``program.jinja`` that define more, or something else, than what they are called.
_BLOCKS = {
    "Request": "request_class", "Response": "response_class", "Globals": "globals_class", "tag": "tags",
    "TaggedJSON": "tags", "signer": "session", "open_session": "session",
}  # fmt: skip
_LAYERS = frozenset(layer.name for layer in ROAD)
_MAX_LINE = 110
# A secret of so many characters is looked for everywhere; a shorter one may be a part of any word.
_LONG = 8
_DEFINES = re.compile(r"^(?:def|class|async|@|if) ?", re.MULTILINE)
# Jinja takes the empty lines after its own; two stand before a definition that no comment belongs to.
_APART = re.compile(r"^((?!#).*\S)\n+(?=def |class )", re.MULTILINE)
_ABOUT = (
    "Written by `wsgiapp twin`. The rules, the view and what the view uses are the app's own; what the framework does",
    "with them stands here on Werkzeug alone, in the order of a request's road: a comment begins with its layer.",
    "Run it, and it prints the answer to this one request, byte for byte the app's; any WSGI server can serve its",
    "`application`.",
)


def _layer(name: str) -> str:
    if name not in _LAYERS:
        raise LookupError(f"{name!r} is no layer of the road")
    return name


@lru_cache(maxsize=1)
def _stand_ins() -> Any:
    environment = Environment(  # noqa: S701 - what is made is a program, not HTML; what comes from outside is a repr
        undefined=StrictUndefined, line_statement_prefix="#%", variable_start_string="<<", variable_end_string=">>",
        block_start_string="<%", block_end_string="%>",
    )  # fmt: skip
    environment.globals["layer"] = _layer
    return environment.from_string(Path(__file__).with_name("program.jinja").read_text("utf-8"))


class Program:
    """The twin of one request.

    :param matched: what routing makes of the request.
    :param gathering: an empty one.
    :param given: the request, as the arguments of ``create_environ``.
    """

    def __init__(self, matched: Matched, gathering: Gathering, given: dict[str, Any]) -> None:
        self.app = gathering.app
        self.matched = matched
        self.gathering = gathering
        self.given = given
        self.templates = Templates(gathering)
        self.road = Road(gathering, matched)
        self.facts = facts.Facts(gathering, matched, self.road, self.templates, given)
        self._settle()
        self.risks = risks_of(gathering)
        self.road.find_handlers(self.risks)
        self.road.traps_keys = self.app.debug and any(one.code == 400 for one in self.risks.http)
        self._settle()

    def _settle(self) -> None:
        """Gather what templates use, and the functions that every template gets its context from."""
        self.templates.read()
        if (self.templates.sources or self.templates.from_string) and not self.facts.processors:
            scopes = (None, *reversed(self.matched.blueprints))
            self.facts.processors = tuple(self.templates.processors(scopes))
            self.templates.read()

    # -- linking -----------------------------------------------------------------------------------------------

    def _block(self, name: str) -> str | None:
        """The block that defines a name; None where none does."""
        if name == "Request" and not self.facts.limits and not self.facts.bad_json:
            return None
        if name == "session" and self.facts.signing is None:
            return "null_session"
        block = _BLOCKS.get(name, name)
        return block if block in _stand_ins().blocks else None

    def _text_of(self, name: str) -> tuple[str, str]:
        """The key and the text of what defines a name.

        :raises TwinError: when nothing does.
        """
        block = self._block(name)
        if block is not None and name not in self.gathering.definitions:
            template = _stand_ins()
            text = "".join(template.blocks[block](template.new_context({"f": self.facts}))).strip("\n")
            return block, _APART.sub(r"\1\n\n\n", text)
        if name in self.gathering.definitions:
            return name, self.gathering.definitions[name].text
        raise TwinError(f"{name!r} is used, and nothing is known about it. Please report this.")

    def link(self, roots: Iterable[str]) -> tuple[dict[str, str], set[str]]:
        """All that some texts need, and what that needs.

        :return: the texts by their keys, and the names that are imported.
        """
        texts: dict[str, str] = {}
        imports: set[str] = set()
        waiting = [*roots]
        names = {"__name__"}.union(*(bound_names(ast.parse(text).body) for text in waiting))
        while waiting:
            tree = ast.parse(waiting.pop()).body
            for name in {node.id for node in free_names(tree)} - bound_names(tree) - names - {*dir(builtins)}:
                names.add(name)
                if self._is_imported(name):
                    imports.add(name)
                    continue
                key, text = self._text_of(name)
                if key not in texts:
                    texts[key] = text
                    waiting.append(text)
        return texts, imports

    def _is_imported(self, name: str) -> bool:
        if name == "Request" and self._block(name) is None:
            return True
        return name in self.gathering.imports or (name in IMPORTS and name not in self.gathering.definitions)

    def _imports(self, names: set[str]) -> str:
        origins = {"Request": ("werkzeug.wrappers", "Request"), **IMPORTS, **self.gathering.imports}
        plain: set[str] = set()
        members: dict[str, set[str]] = {}
        for name in names:
            module, member = origins[name]
            if member is None:
                whole = module.partition(".")[0] == name or module == name
                plain.add(f"import {module}" if whole else f"import {module} as {name}")
            else:
                members.setdefault(module, set()).add(member if member == name else f"{member} as {name}")
        lines = [*plain, *(_from(module, sorted(found)) for module, found in members.items())]
        own = [line for line in lines if line.split()[1].partition(".")[0] in sys.stdlib_module_names]
        groups = (sorted(own, key=_import_order), sorted({*lines} - {*own}, key=_import_order))
        return "\n\n".join("\n".join(group) for group in groups if group)

    # -- the text ----------------------------------------------------------------------------------------------

    def source(self) -> str:
        """The whole program.

        :raises TwinError: when a secret would stand in it.
        """
        application = self._application()
        main = self._main()
        texts, imports = self.link([application, main])
        self.reached = {*texts}
        own = [key for key in self.gathering.definitions if key in texts]
        above = [key for key in _stand_ins().blocks if key in texts and key not in (*own, *_BELOW)]
        below = [texts[key] for key in _BELOW if key in texts and key not in own]
        parts = [*(texts[key] for key in above), *map(self._own, own), *below, application, main]
        spaced = "".join(_space(before, part) + part for before, part in pairwise(["", *parts]))
        source = f"{self._head()}\n{self._imports(imports)}{spaced}\n"
        self._check(source)
        return source

    def _application(self) -> str:
        """The text of the application; what it needs decides what is current while it runs."""
        texts, _ = self.link([self.road.application([], set(), [])])
        reached, attributes = {*texts}, self.facts.matched_attributes
        if "session" in reached or self.facts.prolongs:
            reached.add("save_session")
        context = ["request=Request(environ)"]
        if "g" in reached:
            context.append("g=Globals()" if self.facts.g_methods else "g=SimpleNamespace()")
        if "after_this_request" in reached:
            context.append("after=[]")
        current = attributes or {"current", "save_session"} & reached
        return self.road.application(context if current else [], reached, attributes)

    def _main(self) -> str:
        given = dict(self.given)
        if self.facts.asks_for_peer:
            given["environ_base"] = {"REMOTE_ADDR": "127.0.0.1"}
        arguments = [quoted(given.pop("path"))]
        arguments += [f"{name}={literal(value, repr)}" for name, value in given.items()]
        line = ", ".join(arguments)
        if len(line) > _MAX_LINE - 30 or "\n" in line:
            line = f"\n{indented(f'{argument},' for argument in arguments)}\n"
        lines = [
            "# server: this request, as a server would hand it over (PEP 3333), and the answer, as it would send it",
            *f"environ = create_environ({line})".split("\n"),
            "body, status, headers = run_wsgi_app(application, environ, buffered=True)",
            'head = "".join(f"{name}: {value}\\r\\n" for name, value in headers)',
            'sys.stdout.buffer.write(f"HTTP/1.1 {status}\\r\\n{head}\\r\\n".encode("latin-1") + b"".join(body))',
        ]
        return "\n".join(within('if __name__ == "__main__":', lines))

    def _own(self, key: str) -> str:
        definition = self.gathering.definitions[key]
        if not definition.where:
            return definition.text
        return f"# {self.road.layers.get(key, 'from the app')}: {definition.where}\n{definition.text}"

    def _head(self) -> str:
        method, path = self.given.get("method", "GET"), self.given["path"]
        lines = [f"{method} {path!r} of the app {self.app.name!r}, without the framework.", "", *_ABOUT]
        for note in self.notes():
            lines += textwrap.wrap(note, 116, initial_indent="- ", subsequent_indent="  ")
        return "".join(f"# {line}".rstrip() + "\n" for text in lines for line in text.splitlines() or [""])

    def notes(self) -> list[str]:
        """What the program leaves out, needs or cannot know; call it after :meth:`source`."""
        notes = ["Of the app's rules only those stand here that this request needs; other paths are answered by 404."]
        if self.gathering.environment:
            notes.append(f"Set in the environment, as the app has it: {', '.join(sorted(self.gathering.environment))}.")
        left = {one for scope in self.matched.scopes for codes in self.app.error_handler_spec.get(scope, {}).values()
                for one in codes.values() if self.gathering.stands(one) is None}  # fmt: skip
        if left:
            notes.append(f"Error handlers that nothing here can reach are left out: {', '.join(sorted(map(name_of, left)))}.")
        if self.app.debug or self.app.testing:
            notes.append("In debug or testing mode an error that nobody handles leaves the app; so it does here.")
        if any(signal.receivers for signal in vars(signals).values() if isinstance(signal, Signal)):
            notes.append("Signals are left out; the app has receivers for some.")
        if self.app.url_build_error_handlers and "url_for" in self.reached:
            notes.append("A URL that cannot be built is an error here: url_build_error_handlers are left out.")
        if self.facts.session_is_foreign:
            notes.append(f"Sessions are left out: {type(self.app.session_interface).__name__} keeps them.")
        if "session" in self.reached:
            notes.append("A signed cookie holds the second in which it was signed.")
        if self.matched.is_static or {"send_file", "send_from_directory"} & self.reached:
            notes.append("Files are read where the app has them; Date tells when they were sent.")
        if any(one.piece is None and one.answers is None for one in self.gathering.definitions.values()):
            notes.append("The values of variables are those of the moment when this was written.")
        if self.facts.asks_for_peer:
            notes.append("The peer is taken to be 127.0.0.1.")
        return notes

    def _check(self, source: str) -> None:
        written = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
        for secret in self.gathering.secrets:
            if len(secret) >= _LONG and secret in source or secret in written or secret.encode() in written:
                raise TwinError(
                    "The secret key would stand in the program: the code, a template or the request holds it. Read it"
                    " from the configuration there, as in current_app.config['SECRET_KEY']."
                )


def _from(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    return line if len(line) <= _MAX_LINE else f"from {module} import (\n    " + ",\n    ".join(names) + ",\n)"


def _import_order(line: str) -> tuple[bool, str]:
    return line.startswith("from"), line


def _space(before: str, part: str) -> str:
    if any(_DEFINES.search(text) for text in (before, part)):
        return "\n\n\n"
    return "\n" if before and not part.startswith("#") else "\n\n"
