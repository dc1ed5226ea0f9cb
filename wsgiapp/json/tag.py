"""Tagged JSON: JSON that keeps types which plain JSON loses, for the session cookie.

Layer "json". A value of a tagged type is written as an object with one member, whose name is the tag and begins with a
space. Reading is safe for any text: the result is always a value of the known types or a ``ValueError``.
Signing is not done here.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache, partial
from typing import Any, ClassVar
from uuid import UUID

from markupsafe import Markup
from werkzeug.http import http_date

from wsgiapp.overrides import Originals, Replaceable, Watched

from . import dumps, loads

# The types of JSON that no tag is for. A subclass may have a tag of its own.
_SCALARS = frozenset({str, int, float, bool, type(None)})


class JSONTag:
    """One type and its tag: how a value is recognised, written and read.

    The attribute ``key`` is the tag. Where it is empty, values are converted but carry no tag.

    :param serializer: writes and reads the values inside a value.
    """

    __slots__ = ("serializer",)
    key: str = ""

    def __init__(self, serializer: TaggedJSONSerializer) -> None:
        self.serializer = serializer

    def check(self, value: Any) -> bool:
        """Say whether this tag is the one for *value*."""
        raise NotImplementedError

    def to_json(self, value: Any) -> Any:
        """Return *value* as something that JSON has."""
        raise NotImplementedError

    def to_python(self, value: Any) -> Any:
        """Return the value that :meth:`to_json` was given."""
        raise NotImplementedError

    def tag(self, value: Any) -> dict[str, Any]:
        """Return an object whose one member is the tag, with *value* as something that JSON has."""
        return {self.key: self.to_json(value)}


class _TypeTag(JSONTag):
    """A tag for the instances of one type. Calling the type with the JSON value gives the instance back."""

    python_type: ClassVar[type[Any]]

    def check(self, value: Any) -> bool:
        """Say whether *value* is an instance of the type."""
        return isinstance(value, self.python_type)

    def to_python(self, value: Any) -> Any:
        """Return an instance of the type, made of *value*."""
        return self.python_type(value)


class TagDict(JSONTag):
    """A dictionary that looks like a tagged value, since its only key is a tag. Two underscores are put after it."""

    key = " di"

    def check(self, value: Any) -> bool:
        """Say whether *value* is a dictionary with one key, and that key a tag."""
        tags = isinstance(value, dict) and self.serializer.tags.keys() & value.keys()
        return bool(tags) and len(value) == 1

    def to_json(self, value: Any) -> Any:
        """Return the dictionary with two underscores after its key."""
        ((key, member),) = value.items()
        return {f"{key}__": self.serializer.tag(member)}

    def to_python(self, value: Any) -> Any:
        """Return the dictionary without the two underscores."""
        ((key, member),) = value.items()
        return {key.removesuffix("__"): member}


class PassDict(_TypeTag):
    """Any other dictionary: only its values may need tags."""

    python_type = dict

    def to_json(self, value: Any) -> Any:
        """Return the dictionary with its values tagged."""
        return {key: self.serializer.tag(member) for key, member in value.items()}

    tag = to_json


class TagTuple(_TypeTag):
    """A tuple, written as an array."""

    key = " t"
    python_type = tuple

    def to_json(self, value: Any) -> Any:
        """Return a list of the items, each tagged."""
        return list(map(self.serializer.tag, value))


class PassList(_TypeTag):
    """A list: only its items may need tags."""

    python_type = list

    def to_json(self, value: Any) -> Any:
        """Return the list with its items tagged."""
        return list(map(self.serializer.tag, value))

    tag = to_json


class TagBytes(_TypeTag):
    """Bytes, written in base64 (RFC 4648, section 4)."""

    key = " b"
    python_type = bytes

    def to_json(self, value: Any) -> Any:
        """Return the bytes in base64."""
        return b64encode(value).decode("ascii")

    def to_python(self, value: Any) -> Any:
        """Return the bytes that base64 stands for."""
        return b64decode(value, validate=True)


class TagMarkup(_TypeTag):
    """An object with a method ``__html__``, written as that HTML and read as ``Markup``."""

    key = " m"
    # This is safe: it was markup when it was written, and the cookie is signed.
    python_type = Markup

    def check(self, value: Any) -> bool:
        """Say whether *value* has a method ``__html__``."""
        return callable(getattr(value, "__html__", None))

    def to_json(self, value: Any) -> Any:
        """Return the HTML of *value*."""
        return str(value.__html__())


class TagUUID(_TypeTag):
    """A UUID, written as 32 hexadecimal digits."""

    key = " u"
    python_type = UUID

    def to_json(self, value: Any) -> Any:
        """Return the UUID as 32 hexadecimal digits."""
        return value.hex


class TagDateTime(_TypeTag):
    """A moment, written as an HTTP date (RFC 9110, section 5.6.7): in UTC, to the second."""

    key = " d"
    python_type = datetime

    def to_json(self, value: Any) -> Any:
        """Return the moment as an HTTP date."""
        return http_date(value)

    def to_python(self, value: Any) -> Any:
        """Return the moment of an HTTP date."""
        return parsedate_to_datetime(value)


class TaggedJSONSerializer(Replaceable, metaclass=Watched):
    """Writes and reads values with tags; itsdangerous takes it as a serializer.

    The attribute ``tags`` holds the tags by their keys. ``order`` holds all of them, in the order in which they are
    asked about a value.

    >>> serializer = TaggedJSONSerializer()
    >>> serializer.dumps({"size": (2, 3)})
    '{"size":{" t":[2,3]}}'
    >>> serializer.loads('{"size":{" t":[2,3]}}')
    {'size': (2, 3)}
    """

    __slots__ = ("order", "tags")
    # Whether tag and untag are the ones below, not replaced.
    _tags_itself: bool
    _untags_itself: bool
    default_tags: ClassVar[list[type[JSONTag]]] = [
        TagDict, PassDict, TagTuple, PassList, TagBytes, TagMarkup, TagUUID, TagDateTime,
    ]  # fmt: skip

    def __init__(self) -> None:
        self.order: list[JSONTag] = []
        self.tags: dict[str, JSONTag] = {}
        for tag_class in self.default_tags:
            self.register(tag_class)

    def register(self, tag_class: type[JSONTag], force: bool = False, index: int | None = None) -> None:
        """Add a tag.

        :param tag_class: the class of the tag.
        :param force: replace the tag that has the same key.
        :param index: the place in ``order`` to put the tag at; by default the end.
        :raises KeyError: when the key is taken, unless *force* is true.
        """
        tag = tag_class(self)
        if tag.key in self.tags and not force:
            raise KeyError(f"Tag '{tag.key}' is already registered. Choose another key, or pass force=True.")
        if tag.key:
            self.tags[tag.key] = tag
        self.order.insert(len(self.order) if index is None else index, tag)

    def tag(self, value: Any) -> Any:
        """Return *value* as something that JSON has, tagged where its type would be lost."""
        for candidate in self.order:
            if candidate.check(value):
                return candidate.tag(value)
        return value

    def _tag_scan(self, value: Any) -> Any:
        """Tag a value as the default tags do, without asking them about scalars and plain containers."""
        if type(value) is dict and (len(value) != 1 or value.keys().isdisjoint(self.tags)):
            return {key: m if type(m) in _SCALARS else self._tag_scan(m) for key, m in value.items()}
        if type(value) in (list, tuple):
            scanned = [m if type(m) in _SCALARS else self._tag_scan(m) for m in value]
            return scanned if type(value) is list else {TagTuple.key: scanned}
        return self.tag(value)

    def untag(self, value: dict[str, Any]) -> Any:
        """Return what an object of the JSON text stands for: itself, unless its only member is a tag."""
        if len(value) == 1:
            ((key, tagged),) = value.items()
            if key in self.tags:
                return self.tags[key].to_python(tagged)
        return value

    def _untag_scan(self, value: Any) -> Any:
        """Untag a value from the inside out."""
        # PERF: most values of a session are scalars; this test saves a call for each (callpath: one session read).
        if isinstance(value, dict):
            scanned = {key: m if type(m) in _SCALARS else self._untag_scan(m) for key, m in value.items()}
            return self.untag(scanned)
        if isinstance(value, list):
            return [m if type(m) in _SCALARS else self._untag_scan(m) for m in value]
        return value

    def _untag_deep(self, value: Any) -> Any:
        """Untag a dictionary or a list, in place, as _untag_scan does, but without a call for each level of nesting."""
        places: list[Any] = [([value], 0, value)]
        for _, _, container in places:  # it grows: each container comes before those in it
            members = container.items() if isinstance(container, dict) else enumerate(container)
            places += [(container, key, member) for key, member in members if isinstance(member, (dict, list))]
        for container, key, member in reversed(places):
            container[key] = self.untag(member) if isinstance(member, dict) else member
        return places[0][0][0]

    def dumps(self, value: Any) -> str:
        """Return *value* as compact tagged JSON."""
        # PERF: eight tags are asked about each value otherwise (benchmarks/: login).
        usual = (
            self._tags_itself
            and [*map(type, self.order)] == _DEFAULT_TAGS
            and not any([tag.__dict__ for tag in self.order])  # noqa: C419  # a generator is slower
            and _are_usual()(type(self))
        )
        return dumps(self._tag_scan(value) if usual else self.tag(value), separators=(",", ":"))

    def loads(self, value: str) -> Any:
        """Return the value that :meth:`dumps` was given.

        :raises ValueError: for a text that :meth:`dumps` did not write. No other error is raised.
        """
        try:
            loaded = loads(value)
            # PERF: a fast search in the text shows that no name begins with a space, so that there is no tag
            # (benchmarks/: sessions).
            known = self._untags_itself and self.tags.keys() == _DEFAULT_KEYS
            untagged = known and type(value) is str and '" ' not in value and "\\u0020" not in value
            try:
                return loaded if untagged else self._untag_scan(loaded)
            except RecursionError:
                if not self._untags_itself:
                    raise
                return self._untag_deep(loaded)  # tags nested this deep can be written
        # Errors of the tags for values that dumps did not write, and of text that is nested too deeply.
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError) as error:
            raise ValueError(f"This is not tagged JSON: {error!r}.") from error


_DEFAULT_TAGS = [*TaggedJSONSerializer.default_tags]
_DEFAULT_KEYS = {tag.key for tag in _DEFAULT_TAGS} - {""}
UNTAGGING = Originals(TaggedJSONSerializer, "untag", "_untag_scan", flag="_untags_itself")
TAGGING = Originals(TaggedJSONSerializer, "tag", "_tag_scan", flag="_tags_itself")
_SKIPPED = [*[Originals(tag, "check", "tag") for tag in _DEFAULT_TAGS], Originals(TagTuple, "to_json")]
# PERF: compiled when it is first asked (benchmarks/: startup).
_are_usual = cache(partial(TAGGING.make_class_check, *_SKIPPED))
