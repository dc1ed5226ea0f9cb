"""Mismatches: the first place where a path does not match the pattern of a rule, in one sentence.

This module works on one rule and one path. Which rule matches, and other reasons why one does not, are in ``reachable``
and ``why``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from werkzeug.routing import (
    AnyConverter,
    FloatConverter,
    IntegerConverter,
    PathConverter,
    Rule,
    UnicodeConverter,
    UUIDConverter,
)

#: So alike two literal segments must be for one to be taken for a slip of the other.
ALIKE = 0.7
# A variable part, whatever its arguments hold; a slash; literal text.
_PIECE = re.compile(r"<(?:\([^)]*\)|[^>])*?>|/|[^</]+")
_LENGTHS = re.compile(r"\[\^/\]\{(\d+)(,?)(\d*)\}")
_SHOWN = 80
# A regular expression of these characters alone fits nothing but digits.
_OF_DIGITS = frozenset("0123456789[]{}()|,?*+-")


@dataclass(frozen=True, slots=True)
class Reason:
    """The reason why a rule does not match.

    :ivar kind: the reason for programs, such as ``segment`` or ``method``.
    :ivar sentence: the reason for people.
    :ivar nearness: how close the rule is to matching, from 0 to 1.
    """

    kind: str
    sentence: str
    nearness: float


@dataclass(frozen=True, slots=True)
class _Place:
    """A segment of a rule and the segment of the path at the same position; None if one of them has no more."""

    number: int
    text: str | None
    part: Any
    given: str | None
    last: bool = False

    @property
    def fits(self) -> bool:
        if self.part is None or self.given is None:
            return False
        if self.part.static:
            return bool(self.part.content == self.given)
        return re.match(self.part.content, self.given) is not None

    @property
    def share(self) -> float:
        """How much of the segment fits."""
        if self.fits:
            return 1.0 if self.part.static else 0.9  # a converter takes much, so that its fitting says less
        if not self.text or not self.given:
            return 0.0
        return likeness(self.text, self.given) if self.part.static else 0.5


def likeness(one: str, other: str) -> float:
    """How alike two texts are, from 0 to 1; a difference of case counts little."""
    matcher = SequenceMatcher(None, one.casefold(), other.casefold())
    return 0.95 * matcher.ratio() if matcher.quick_ratio() > 0.5 else 0.0


def quoted(text: str) -> str:
    """*text* in quotes, cut where it is long."""
    return f'"{text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"}"'


def mismatch(rule: Rule, path: str) -> Reason | None:
    """Return the first place where *path* does not match the pattern of *rule*; None if the whole path matches."""
    places = list(_places(rule, path))
    wrong = [place for place in places if not place.fits]
    if not wrong:
        return None
    shares = [place.share for place in places[1:]] or [0.0]
    kind, sentence = _sentence(rule, wrong[0], path)
    if len(wrong) == 1 and kind == "segment" and wrong[0].share >= ALIKE:
        right = path.split("/")
        right[wrong[0].number] = wrong[0].text or ""
        sentence += f": did you mean {quoted('/'.join(right))}?"
    return Reason(kind, sentence, sum(shares) / len(shares))


def _places(rule: Rule, path: str) -> Iterator[_Place]:
    texts, given, parts = _segments(rule), path.split("/"), rule._parts[1:]
    for number, part in enumerate(parts):
        if part.final:  # it takes the whole rest, slashes and all
            rest = "/".join(given[number:]) if number < len(given) else None
            yield _Place(number, "/".join(texts[number:]), part, rest, True)
            return
        value = given[number] if number < len(given) else None
        yield _Place(number, texts[number], part, value, number >= len(given) - 1)
    for number in range(len(parts), len(given)):
        yield _Place(number, None, None, given[number])


def _segments(rule: Rule) -> list[str]:
    """The rule's text, one entry a segment, as Werkzeug takes it apart."""
    text = re.sub("/{2,}", "/", rule.rule) if rule.merge_slashes else rule.rule
    segments = [""]
    for piece in _PIECE.findall(text):
        if piece == "/":
            segments.append("")
        else:
            segments[-1] += piece
    return segments


def _sentence(rule: Rule, place: _Place, path: str) -> tuple[str, str]:
    given, text, where = place.given, place.text or "", f"segment {place.number}"
    if given is None or (not given and place.last and text):
        return "too few segments", f"the path ends where the rule goes on with {quoted('/' + text)}"
    if not text and place.number >= len(_segments(rule)) - 1:
        rest = "/".join(path.split("/")[place.number :])
        return "too many segments", f"the path goes on with {quoted('/' + rest)} where the rule ends"
    if not given or given.startswith("/"):
        return "doubled slashes", f"{where} is empty in the path, since two slashes meet; the rule has {quoted(text)}"
    if place.part.static:
        return "segment", f"{where} is {quoted(text)}, the path has {quoted(given)}"
    names = re.findall(r"<(?:[^:(>]+(?:\([^)]*\))?:)?(\w+)>", text)
    if len(names) == 1 and _PIECE.fullmatch(text):
        return refusal(rule, names[0], given, where)
    return "form", f"{where} is {quoted(given)}, which has not the form {quoted(text)}"


def refusal(rule: Rule, name: str, value: str, where: str) -> tuple[str, str]:
    """Why the converter of the variable *name* refuses *value*.

    :param where: what the value is, such as ``segment 2``.
    :return: a kind, ``converter`` or ``bounds``, and a sentence.
    """
    converter = rule._converters[name]
    bounds = _bounds(converter, value)
    if bounds:
        return "bounds", f"{where}: {quoted(value)} {bounds}"
    return "converter", f"{where}: {quoted(value)} is not {_expected(rule, name, converter, value)}"


def _expected(rule: Rule, name: str, converter: Any, value: str) -> str:
    shown = f"an <{converter_name(rule, converter)}:{name}>"
    if isinstance(converter, AnyConverter):
        near = [item for item in converter.items if likeness(item, value) >= ALIKE]
        guess = f": did you mean {quoted(max(near, key=lambda item: likeness(item, value)))}?" if near else ""
        return f"one of {', '.join(map(quoted, sorted(converter.items)))}{guess}"
    if isinstance(converter, IntegerConverter):
        usual = type(converter).regex == IntegerConverter.regex
        if usual or (not value.isdigit() and _OF_DIGITS.issuperset(converter.regex)):
            return f"{shown}: digits{' with or without a minus sign' * converter.signed}, and nothing else"
        return f"{shown}: {converter.regex}"
    if isinstance(converter, FloatConverter):
        return f"{shown.replace('an', 'a', 1)}: digits, a dot, digits"
    if isinstance(converter, UUIDConverter):
        return f"{shown.replace('an', 'a', 1)}: 32 hexadecimal digits in groups of 8-4-4-4-12"
    if isinstance(converter, PathConverter):
        return f"{shown.replace('an', 'a', 1)}: a path that does not begin with a slash"
    return f"what the converter in <{converter_name(rule, converter)}:{name}> takes ({converter.regex})"


def _bounds(converter: Any, value: str) -> str:
    """Which bound of a converter the value breaks; empty where it breaks none."""
    if isinstance(converter, UnicodeConverter):
        return _length(converter.regex, len(value))
    if not isinstance(converter, (IntegerConverter, FloatConverter)) or not re.fullmatch(converter.regex, value):
        return ""
    fixed, number = converter.fixed_digits, converter.num_convert(value)
    if fixed and len(value) != fixed:
        return f"has {len(value)} digits, and the converter wants exactly {fixed}"
    if converter.min is not None and number < converter.min:
        return f"is below the converter's minimum of {converter.min}"
    if converter.max is not None and number > converter.max:
        return f"is above the converter's maximum of {converter.max}"
    return ""


def _length(regex: str, length: int) -> str:
    found = _LENGTHS.fullmatch(regex)
    least, open_ended, most = found.groups() if found is not None else ("0", ",", "")
    if length < int(least) or (not open_ended and length != int(least)):
        return f"has {length} characters, and the converter wants {'at least' if open_ended else 'exactly'} {least}"
    return f"has {length} characters, and the converter takes {most} at most" if most and length > int(most) else ""


def converter_name(rule: Rule, converter: Any) -> str:
    """The name by which rules call a converter; ``string`` for the default one."""
    names = [name for name, kind in rule.map.converters.items() if kind is type(converter) and name != "default"]
    return names[0] if names else type(converter).__name__
