"""Tagged JSON: text that gives back the types which plain JSON loses, as the session cookie needs.

Layer "json". A value of a tagged type is written as an object with one member, whose name is the tag and begins with a
space. Reading is safe on hostile text: whatever it holds, the outcome is a value of the known types or a
``ValueError``. Signing is not done here.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from markupsafe import Markup
from werkzeug.http import http_date, parse_date

from . import dumps, loads

__all__ = [
    "JSONTag", "PassDict", "PassList", "TagBytes", "TagDateTime", "TagDict", "TagMarkup", "TagTuple", "TagUUID",
    "TaggedJSONSerializer",
]  # fmt: skip

# What converters raise when they are given a value that no serializer wrote.
_MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError)

_CONTAINERS = (dict, list)


class JSONTag:
    """One type and its tag: how a value is recognised, written and read.

    ``key`` is the tag; an empty one means that values need converting but no mark. ``serializer`` is for values inside
    the value.
    """

    __slots__ = ("serializer",)

    key: str = ""

    def __init__(self, serializer: TaggedJSONSerializer) -> None:
        self.serializer = serializer

    def check(self, value: Any) -> bool:
        """Say whether this tag is the one for ``value``."""
        raise NotImplementedError

    def to_json(self, value: Any) -> Any:
        """Return ``value`` as something that JSON has."""
        raise NotImplementedError

    def to_python(self, value: Any) -> Any:
        """Return the value that :meth:`to_json` was given."""
        raise NotImplementedError

    def tag(self, value: Any) -> dict[str, Any]:
        """Return ``value`` as JSON under its tag."""
        return {self.key: self.to_json(value)}


class _TypeTag(JSONTag):
    """A tag for the instances of one type; ``json_type`` is the only type that may stand under it in JSON."""

    __slots__ = ()
    python_type: ClassVar[type]
    json_type: ClassVar[type] = str

    def check(self, value: Any) -> bool:
        return isinstance(value, self.python_type)

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, self.json_type):
            raise TypeError(f"a {self.json_type.__name__} is expected, not a {type(value).__name__}")
        return self.read(value)

    def read(self, value: Any) -> Any:
        """Return the value that a ``json_type`` stands for."""
        raise NotImplementedError


class TagDict(_TypeTag):
    """A dictionary that would be taken for a tagged value: its only key is a tag, so it gets two underscores."""

    __slots__ = ()
    key = " di"
    python_type = json_type = dict

    def check(self, value: Any) -> bool:
        return super().check(value) and len(value) == 1 and next(iter(value)) in self.serializer.tags

    def to_json(self, value: Any) -> Any:
        ((key, member),) = value.items()
        return {f"{key}__": self.serializer.tag(member)}

    def read(self, value: Any) -> Any:
        ((key, member),) = value.items()
        if not key.endswith("__"):
            raise LookupError(f"the key {key!r} lacks its underscores")
        return {key[:-2]: member}


class PassDict(_TypeTag):
    """Any other dictionary: only its values may need tags."""

    __slots__ = ()
    python_type = dict

    def to_json(self, value: Any) -> Any:
        return {key: self.serializer.tag(member) for key, member in value.items()}

    tag = to_json


class _SequenceTag(_TypeTag):
    """What tuples and lists have in common: an array of items that may need tags."""

    __slots__ = ()
    json_type = list

    def to_json(self, value: Any) -> Any:
        return list(map(self.serializer.tag, value))


class TagTuple(_SequenceTag):
    """A tuple, written as an array."""

    __slots__ = ()
    key = " t"
    python_type = tuple

    def read(self, value: Any) -> Any:
        return tuple(value)


class PassList(_SequenceTag):
    """A list: only its items may need tags."""

    __slots__ = ()
    python_type = list
    tag = _SequenceTag.to_json


class TagBytes(_TypeTag):
    """Bytes, written in base64 (RFC 4648, section 4)."""

    __slots__ = ()
    key = " b"
    python_type = bytes

    def to_json(self, value: Any) -> Any:
        return b64encode(value).decode("ascii")

    def read(self, value: Any) -> Any:
        return b64decode(value, validate=True)


class TagMarkup(_TypeTag):
    """Whatever knows its own HTML, written as that HTML and read as ``Markup``."""

    __slots__ = ()
    key = " m"

    def check(self, value: Any) -> bool:
        return callable(getattr(value, "__html__", None))

    def to_json(self, value: Any) -> Any:
        return str(value.__html__())

    def read(self, value: Any) -> Any:
        return Markup(value)  # noqa: S704 - it was markup when it was written, and the cookie is signed


class TagUUID(_TypeTag):
    """A UUID, written as 32 hexadecimal digits."""

    __slots__ = ()
    key = " u"
    python_type = UUID

    def to_json(self, value: Any) -> Any:
        return value.hex

    def read(self, value: Any) -> Any:
        return UUID(value)


class TagDateTime(_TypeTag):
    """A moment, written as an HTTP date (RFC 9110, section 5.6.7): in UTC, to the second."""

    __slots__ = ()
    key = " d"
    python_type = datetime

    def to_json(self, value: Any) -> Any:
        return http_date(value)

    def read(self, value: Any) -> Any:
        moment = parse_date(value)
        if moment is None:
            raise ValueError("it is not a date")
        return moment


class TaggedJSONSerializer:
    """Writes and reads values with tags; fits where itsdangerous takes a serializer.

    ``tags`` holds the tags by key, ``order`` all of them in the order in which they are asked about a value.
    """

    __slots__ = ("order", "tags")

    default_tags: ClassVar[list[type[JSONTag]]] = [
        TagDict, PassDict, TagTuple, PassList, TagBytes, TagMarkup, TagUUID, TagDateTime,
    ]  # fmt: skip

    def __init__(self) -> None:
        self.tags: dict[str, JSONTag] = {}
        self.order: list[JSONTag] = []
        for tag_class in self.default_tags:
            self.register(tag_class)

    def register(self, tag_class: type[JSONTag], force: bool = False, index: int | None = None) -> None:
        """Add a tag, at the end or before the place ``index``.

        Raises ``KeyError`` if its key is taken, unless ``force`` says to replace the holder.
        """
        tag = tag_class(self)
        if tag.key:
            if tag.key in self.tags and not force:
                raise KeyError(f"The tag {tag.key!r} is registered already. Choose another key, or pass force=True.")
            self.tags[tag.key] = tag
        self.order.insert(len(self.order) if index is None else index, tag)

    def tag(self, value: Any) -> Any:
        """Return ``value`` as something that JSON has, tagged where its type would be lost."""
        for candidate in self.order:
            if candidate.check(value):
                return candidate.tag(value)
        return value

    def untag(self, value: dict[str, Any]) -> Any:
        """Return what an object of the JSON text stands for: itself, unless its only member is a tag.

        Raises ``ValueError`` if the tag's value can't have been written by the tag.
        """
        if len(value) != 1:
            return value
        ((key, tagged),) = value.items()
        if key not in self.tags:
            return value
        try:
            return self.tags[key].to_python(tagged)
        except _MALFORMED as error:
            raise ValueError(f"The value under the tag {key!r} is malformed: {error}.") from error

    def _untag_scan(self, value: Any) -> Any:
        """Untag a value from the inside out."""
        # PERF: a session is mostly scalars; asking here saves a call for each (callpath: one session read).
        if isinstance(value, dict):
            scanned = {key: self._untag_scan(m) if isinstance(m, _CONTAINERS) else m for key, m in value.items()}
            return self.untag(scanned)
        if isinstance(value, list):
            return [self._untag_scan(m) if isinstance(m, _CONTAINERS) else m for m in value]
        return value

    def dumps(self, value: Any) -> str:
        """Return ``value`` as compact tagged JSON."""
        return dumps(self.tag(value), separators=(",", ":"))

    def loads(self, value: str) -> Any:
        """Return what :meth:`dumps` was given; raises ``ValueError``, and nothing else, for any other text."""
        try:
            return self._untag_scan(loads(value))
        except RecursionError:
            raise ValueError("The tagged JSON is nested too deeply to be read.") from None
