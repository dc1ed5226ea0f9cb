"""The X-ray in a terminal: a request as a staircase of lines, and what hangs on it.

Lines are made of plain data and of a style that says what the terminal can do. Nothing that came from outside reaches
it as a control character.
"""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

from wsgiapp.xray.explain.compare import Comparison
from wsgiapp.xray.explain.why import Explanation, Other, Plan, Planned
from wsgiapp.xray.trace import Cookie, Header, Span, Trace
from wsgiapp.xray.twin import Code, Lack, Twin

_COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "magenta": "35"}
_DRAWING = {"│": "|", "├": "+", "└": "+", "→": "->", "←": "<-", "\N{EN DASH}": "-", "…": "...", "“": '"', "”": '"'}
_UP = ("response", "after", "save", "send", "teardown")
_NOTHING = "\N{EN DASH}"
_SHOWN = 160  # characters of one thing that came from outside


@dataclass(frozen=True, slots=True)
class Style:
    """What the place where the lines go can do.

    :ivar colour: whether it understands colours.
    :ivar ascii: whether it can draw ASCII only.
    :ivar width: columns.
    """

    colour: bool = False
    ascii: bool = False
    width: int = 100

    def paint(self, text: str, *kinds: str) -> str:
        """*text* in a colour, where there are colours."""
        codes = ";".join(_COLOURS[kind] for kind in kinds)
        return f"\x1b[{codes}m{text}\x1b[0m" if self.colour and text else text

    def draw(self, text: str) -> str:
        """*text* with nothing in it that the place cannot draw."""
        if not self.ascii:
            return text
        for sign, plain in _DRAWING.items():
            text = text.replace(sign, plain)
        return text.encode("ascii", "backslashreplace").decode()


PLAIN = Style()


def style_of(stream: TextIO, environ: Mapping[str, str] | None = None) -> Style:
    """The style for a stream: colours on a terminal alone, and not where ``NO_COLOR`` or ``TERM=dumb`` forbids them.

    :param stream: where the lines go.
    :param environ: the environment, the process's own by default.
    """
    environ = os.environ if environ is None else environ
    terminal = hasattr(stream, "isatty") and stream.isatty()
    colour = bool(terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb")
    try:
        "".join(_DRAWING).encode(getattr(stream, "encoding", None) or "ascii")
    except (LookupError, UnicodeEncodeError):
        return Style(colour, True, shutil.get_terminal_size((100, 24)).columns)
    return Style(colour, False, shutil.get_terminal_size((100, 24)).columns)


def clean(text: str) -> str:
    """*text* with control characters, escape sequences and reversals of direction made visible."""
    if text.isprintable() and text.isascii():
        return text
    return "".join(char if _harmless(char) else char.encode("unicode_escape").decode() for char in text)


def _harmless(char: str) -> bool:
    return char.isprintable() and unicodedata.category(char) not in ("Cf", "Cc", "Cs", "Co", "Zl", "Zp")


def cut(text: str, room: int) -> str:
    """*text* on one line, in *room* columns at most."""
    text = clean(" ".join(text.split()))
    return text if len(text) <= room else text[: max(room - 1, 0)] + "…"


def milliseconds(value: float) -> str:
    """A time with as many digits as mean something."""
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


# -- a request -----------------------------------------------------------------------------------------------------


def lines(trace: Trace, style: Style = PLAIN, verbose: bool = False, opening: str = "") -> list[str]:
    """A request: what came of it, its staircase, then what hangs on it.

    :param opening: what came of it, in a sentence.
    :param verbose: everything, the headers that came in, the environ and the bodies too.
    """
    first, *failures = _head(trace, style)
    said = [f"  {clean(opening)}"] if opening else []
    shown = [first, *said, *failures, "", *_staircase(trace, style), *_panels(trace, style)]
    if verbose:
        shown += _details(trace, style)
    return [style.draw(line) for line in shown]


def _head(trace: Trace, style: Style) -> Iterator[str]:
    status = trace.status or "no answer"
    colour = {"2": "green", "3": "blue", "4": "yellow"}.get(status[:1], "red")
    path = trace.path + (f"?{trace.query}" if trace.query else "")
    asked = style.paint(f"{clean(trace.method)} {cut(path, style.width)}", "bold")
    waited = f"{milliseconds(max(trace.wall - trace.cpu, 0))} of them waiting"
    if not trace.thread.has_cpu_clock:
        waited = "computing or waiting (this Python has no time.thread_time_ns to tell which)"
    times = f"{milliseconds(trace.wall)} ms, {waited}"
    yield f"{asked} → {style.paint(clean(status), colour)}   {times}   {style.paint(trace.source, 'dim')}"
    for failure in trace.failures:
        text = f"{failure.kind}: {failure.message}"
        yield style.paint(f"  {cut(text, style.width - 30)}", "red") + f"  {failure.where}"


def _staircase(trace: Trace, style: Style) -> Iterator[str]:
    where_width = min(max((len(span.where) for span in trace.spans), default=0), 40)
    room = max(style.width - where_width - 24, 30)
    for number, span in enumerate(trace.spans):
        rail = "│ " * (trace.depth(number) - 1) + ("├ " if trace.depth(number) else "")
        name = span.name if span.kind == "layer" else f"{span.kind} {span.name}"
        title = f"{rail}{span.layer:<9}{cut(name, max(room - len(rail) - 9, 12))}"
        waited = span.wall - span.cpu
        note = f"  waited {milliseconds(waited)}" if waited > 0.05 and span.kind != "layer" else ""
        times = f"{milliseconds(span.wall):>9}"
        left = title.ljust(room)
        kind = "magenta" if span.layer == "view" else "green" if span.layer in _UP else "blue"
        painted = style.paint(left, "red" if span.layer == "errors" else kind, *(["bold"] * (span.kind == "view")))
        yield f"{painted} {style.paint(_from_the_end(span.where, 40).ljust(where_width), 'dim')}{times}{note}".rstrip()
        below = "│ " * trace.depth(number)
        for sentence in span.did:
            yield style.paint(f"{below}         {cut(sentence, style.width - len(below) - 9)}", "dim")


def _from_the_end(where: str, room: int) -> str:
    """A place in *room* columns, without the first of its folders where it is longer."""
    while len(where) > room and "/" in where.removeprefix("…/"):
        where = "…/" + where.removeprefix("…/").partition("/")[2]
    return where if len(where) <= room else "…" + where[1 - room :]


def _panels(trace: Trace, style: Style) -> Iterator[str]:
    match = trace.match
    if match.rule:
        arguments = ", ".join(f"{name}={value}" for name, value in match.arguments.items())
        found = f"{match.rule} → {match.endpoint}({arguments})"
        yield from _panel("match", [f"{cut(found, 120)}  {match.view} {match.where}, by {match.by}"], style)
    yield from _panel("session", _session(trace), style)
    yield from _panel("headers", [_header(header) for header in trace.sent_headers], style)
    yield from _panel("templates", [row for span in trace.of_kind("template") for row in _template(span)], style)
    yield from _panel("sql", [row for span in trace.of_kind("sql") for row in _statement(span)], style)
    yield from _panel("log", [_log(span) for span in trace.of_kind("log")], style)
    for failure in trace.failures:
        rows = [f"{where}  in {name}: {clean(line)}" for where, name, line in failure.frames]
        yield from _panel(failure.kind, rows, style)


def _panel(title: str, rows: Iterable[str], style: Style) -> Iterator[str]:
    rows = list(rows)
    if rows:
        yield ""
        yield style.paint(title, "bold")
        yield from (f"  {row}" for row in rows)


def _session(trace: Trace) -> Iterator[str]:
    yield trace.session.note
    for word, cookie in (("before", trace.session.before), ("after", trace.session.after)):
        if cookie is not None:
            yield f"{word}: {cookie_line(cookie)}"
    for word, keys in trace.session.changed.items():
        if keys:
            yield f"{word}: {cut(', '.join(keys), _SHOWN)}"


def cookie_line(cookie: Cookie) -> str:
    """A session cookie on one line."""
    signed = f" with {cookie.key}" * bool(cookie.key) + f", {cookie.signed}" * bool(cookie.signed)
    problem = f" ({clean(cookie.problem)})" if cookie.problem else ""
    size = f"{cookie.size} of {cookie.limit} bytes"
    return f"{cookie.signature}{signed}{problem}, {size}: {cut(cookie.payload, _SHOWN)}"


def _header(header: Header) -> str:
    earlier = "".join(f", was {cut(value, 40)!r} by {by}" for value, _, by, _ in header.before)
    return f"{clean(header.name)}: {cut(header.value, _SHOWN)}  ← {header.layer}, {header.by} {header.where}{earlier}"


def _template(span: Span) -> Iterator[str]:
    yield f"{cut(span.name, _SHOWN)}  {milliseconds(span.wall)} ms  {span.where}"
    yield from (f"  {clean(name)} = {cut(value, _SHOWN)}" for name, value in span.detail.get("context", {}).items())


def _statement(span: Span) -> Iterator[str]:
    yield f"{milliseconds(span.wall)} ms  {cut(span.name, _SHOWN)}  {span.where}"
    parameters = span.detail.get("parameters", {})
    if parameters:
        yield "  " + ", ".join(f"{clean(name)}={cut(value, 60)}" for name, value in parameters.items())


def _log(span: Span) -> str:
    return f"{span.detail.get('level', '')} {cut(span.name, _SHOWN)}  {span.where}"


def _details(trace: Trace, style: Style) -> Iterator[str]:
    yield from _panel("received", [f"{clean(name)}: {cut(value, _SHOWN)}" for name, value in trace.headers], style)
    yield from _panel("environ", [f"{clean(key)} = {cut(text, _SHOWN)}" for key, text in trace.environ.items()], style)
    for title, body in (("body received", trace.body), ("body sent", trace.sent_body)):
        text = body.kept[:4096].decode("utf-8", "backslashreplace")
        rows = [clean(line) for line in text.splitlines()]
        yield from _panel(title, rows + ([body.note] if body.note else []), style)
    thread, variables = trace.thread, ", ".join(trace.thread.variables)
    lock = "with" if thread.gil else "without"
    where = f"process {thread.process}, {thread.name} ({thread.ident}), Python {thread.python} {lock} the GIL"
    yield from _panel("thread", [where, f"context variables: {variables}"], style)


# -- two requests --------------------------------------------------------------------------------------------------


def comparison_lines(found: Comparison, style: Style = PLAIN) -> list[str]:
    """What differs between two requests, the first difference first."""
    shown = [style.paint(clean(found.sentence), "bold")]
    for difference in found.differences:
        values = f"{cut(difference.left, 60) or _NOTHING} → {cut(difference.right, 60) or _NOTHING}"
        shown.append(f"  {difference.layer:<9}{clean(difference.what)}: {values}")
    return [style.draw(line) for line in shown]


def table(rows: Iterable[tuple[Any, ...]], style: Style = PLAIN) -> list[str]:
    """Rows in columns as wide as they must be."""
    texts = [[clean(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    padded = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in texts]
    return [style.draw(line) for line in padded]


def duration(seconds: int) -> str:
    """A time in words, in its two largest units: ``2 hours 5 minutes``."""
    found: list[str] = []
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        number, seconds = divmod(seconds, length)
        if number and len(found) < 2:
            found.append(f"{number:,} {unit}{'s' if number != 1 else ''}")
        elif found:
            break
    return " ".join(found) or "0 seconds"


def ago(seconds: int) -> str:
    """How long ago something was, in words."""
    return f"{duration(seconds)} ago" if seconds >= 0 else f"{duration(-seconds)} from now"


def cookie_lines(cookie: Cookie, style: Style = PLAIN) -> list[str]:
    """A session cookie, opened."""
    colour = "green" if cookie.signature == "valid" else "yellow" if cookie.signature == "unchecked" else "red"
    rows = [
        f"signature   {style.paint(cookie.signature, colour)}" + f", made with {cookie.key}" * bool(cookie.key),
        f"signed      {cookie.signed}" + (f", {ago(cookie.age)}" if cookie.age is not None else ""),
        f"size        {cookie.size} of {cookie.limit} bytes{', compressed' * cookie.compressed}",
        f"payload     {clean(cookie.payload)}",
    ]
    if cookie.problem:
        rows.append(f"problem     {clean(cookie.problem)}")
    return [style.draw(row) for row in rows if not row.endswith("      ")]


# -- a request that is not sent ------------------------------------------------------------------------------------


def explanation_lines(explained: Explanation, style: Style = PLAIN) -> list[str]:
    """Which rule answers, and why the nearest others do not."""
    asked = style.paint(f"{clean(explained.method)} {cut(explained.path, style.width)}", "bold")
    colour = "green" if explained.rule is not None else "blue" if explained.location else "red"
    shown = [f"{asked} → {style.paint(cut(_outcome(explained), 2 * style.width), colour)}"]
    if explained.view:
        shown.append(f"  {explained.view}  {style.paint(explained.where, 'dim')}")
    for other in explained.near:
        shown += _other(other, style)
    rest = len(explained.far)
    if rest:
        more = "more rule is" if rest == 1 else "more rules are"
        shown.append(style.paint(f"  {rest} {more} far from it", "dim"))
    return [style.draw(line) for line in shown]


def _outcome(explained: Explanation) -> str:
    if explained.rule is None:
        return explained.outcome
    arguments = ", ".join(f"{name}={value}" for name, value in explained.arguments.items())
    return f"{explained.rule} → {explained.endpoint}({arguments})"


def _other(other: Other, style: Style) -> Iterator[str]:
    methods = style.paint(" ".join(other.methods) or "any method", "dim")
    yield f"  {style.paint('not', 'yellow')} {cut(other.rule, 60)}  {methods}  {style.paint(other.where, 'dim')}"
    yield f"      {cut(other.reason, 2 * _SHOWN)}"


def plan_lines(plan: Plan, style: Style = PLAIN) -> list[str]:
    """What would run, in the order of the road."""
    shown = ["", style.paint("what would run", "bold")]
    rows = [(step, f"{'' if step.kind == 'layer' else '│ '}{_planned(step)}") for step in plan.steps]
    room = max(len(title) for _, title in rows)
    for step, title in rows:
        kind = "magenta" if step.layer == "view" else "green" if step.layer in _UP else "blue"
        colours = ["red" if step.layer == "errors" else kind, *(["bold"] * (step.kind == "view"))]
        where = style.paint(step.where, "dim")
        shown.append(f"  {style.paint(title.ljust(room), *colours)}  {where}".rstrip())
        if step.kind != "layer" and step.note:
            shown.append("  " + style.paint(f"│            {cut(step.note, _SHOWN)}", "dim"))
    return [style.draw(line) for line in shown]


def _planned(step: Planned) -> str:
    return f"{step.layer:<11}{clean(step.name)}" if step.kind == "layer" else f"{step.kind:<11}{clean(step.name)}"


# -- a request and its twin ----------------------------------------------------------------------------------------


def twin_lines(twin: Twin, style: Style = PLAIN) -> list[str]:
    """Two answers, what the last step lacks, and the lines that made them."""
    asked = style.paint(f"{clean(twin.method)} {cut(twin.path, style.width)}", "bold")
    shown = [f"{asked}  {style.paint(clean(twin.sentence), 'green' if twin.same else 'yellow')}", ""]
    for row in twin.rows:
        if row.same:
            shown.append(f"  = {clean(row.what)}: {cut(row.left, _SHOWN)}")
        else:
            shown.append(style.paint(f"  ! {clean(row.what)}", "yellow"))
            shown.append(f"      wsgiapp  {cut(row.left or _NOTHING, 3 * _SHOWN)}")
            shown.append(f"      ladder   {cut(row.right or _NOTHING, 3 * _SHOWN)}")
    lacks = [_lacking(lack) for lack in twin.lacks]
    shown += _panel("what the real framework adds, and this app asks for", lacks, style)
    for code in twin.code:
        shown += _panel(f"{code.name}  {code.where}", _code(code), style)
    shown += ["", style.paint("the road, and the ladder's lines that went it", "bold")]
    for pair in twin.pairs:
        shown.append(f"  {style.paint(pair.layer.ljust(9), 'blue')}{pair.left or _NOTHING}  {pair.where}")
        shown += [f"    {pair.note}"] if pair.note else []
        for code in pair.right:
            shown.append(f"    {code.where}  {code.name}")
            shown += [f"      {row}" for row in _code(code) if row[:2].strip()]
    return [style.draw(line) for line in shown]


def _lacking(lack: Lack) -> str:
    when = "this request" if lack.in_request else "loading the app"
    where = f"{clean(lack.where) or 'the app'}{f' and {lack.more} more' if lack.more else ''}"
    return f"{clean(lack.name)}  asked for by {where} ({when}); wsgiapp has it in {lack.real}"


def _code(code: Code) -> Iterator[str]:
    """The lines of a function: ``=`` before what ran in both, ``<`` and ``>`` before what ran in one."""
    marks = {(True, True): "=", (True, False): "<", (False, True): ">", (False, False): " "}
    for line in code.lines:
        yield f"{marks[line.left, line.right]} {line.number:>5} {clean(line.text)}"
    if code.cut:
        yield f"  … {code.cut} more lines"
