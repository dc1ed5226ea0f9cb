"""Patches: what a PATCH may say, by its media type (RFC 7396, RFC 6902).

Values in, values out. A JSON Patch can ask for more than it sends (``copy`` doubles), so its work is bounded.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import jsonpatch
import jsonpointer

from .jsonbody import MAX_DEPTH

JSON, MERGE_PATCH, JSON_PATCH = "application/json", "application/merge-patch+json", "application/json-patch+json"
PATCH_TYPES = (MERGE_PATCH, JSON_PATCH, JSON)
MAX_OPERATIONS = 100
MAX_VALUES = 100_000
_MEMBERS = {"add": ("value",), "replace": ("value",), "test": ("value",), "move": ("from",), "copy": ("from",)}
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*", re.DOTALL)


class MalformedPatchError(ValueError):
    """The patch is no patch, whatever it is applied to."""


class ConflictingPatchError(ValueError):
    """The patch cannot be applied to this value."""


def merge(target: Any, patch: Any) -> Any:
    """Return ``target`` changed by the JSON Merge Patch ``patch`` (RFC 7396, section 2); neither is modified."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def apply(target: Any, operations: Any) -> Any:
    """Return ``target`` changed by the JSON Patch ``operations`` (RFC 6902); neither is modified.

    :raises MalformedPatchError: when it is no JSON Patch, or asks for more than is done for one request.
    :raises ConflictingPatchError: when an operation names what is not there, or a test fails.
    """
    if not isinstance(operations, list) or len(operations) > MAX_OPERATIONS:
        raise MalformedPatchError(f"A JSON Patch is an array of at most {MAX_OPERATIONS} operations.")
    for number, operation in enumerate(operations):
        _check_operation(number, operation)
    document, left = copy.deepcopy(target), MAX_VALUES
    for number, operation in enumerate(operations):
        try:
            left -= _effort(document, operation)
            if left < 0:
                raise MalformedPatchError("The patch adds, moves or copies more than one request may.")
            document = _Patch([copy.deepcopy(operation)]).apply(document, in_place=True)
        except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, KeyError, IndexError):
            said = f"{operation['op']} {operation['path']!r:.90}"
            why = "is not what is there" if operation["op"] == "test" else "leads to a place that is not there"
            raise ConflictingPatchError(f"Operation {number} ({said}) {why}.") from None
    return document


def _check_operation(number: int, operation: Any) -> None:
    name = operation.get("op") if isinstance(operation, dict) else None
    if not isinstance(name, str) or name not in (*_MEMBERS, "remove"):
        raise MalformedPatchError(f"Operation {number} has no op of add, remove, replace, move, copy, test.")
    missing = [member for member in ("path", *_MEMBERS.get(name, ())) if member not in operation]
    if missing:
        raise MalformedPatchError(f"Operation {number} ({name}) has no {missing[0]}.")
    for member in ("path", "from"):
        place = operation.get(member, "")
        if not isinstance(place, str) or not _POINTER.fullmatch(place) or place.count("/") > MAX_DEPTH:
            raise MalformedPatchError(f"In operation {number} ({name}), {member} is no JSON Pointer, or is too deep.")


def _effort(document: Any, operation: Mapping[str, Any]) -> int:
    """Return how many values an operation sets, so that copies of copies end.

    :raises MalformedPatchError: when the result would be nested too deep.
    """
    if operation["op"] in ("move", "copy"):
        value = _Pointer(operation["from"]).resolve(document)
    else:
        value = operation.get("value")
    count, level, depth = 0, [value], operation["path"].count("/")
    while level and count <= MAX_VALUES:
        if depth > MAX_DEPTH + 1:
            raise MalformedPatchError(f"The result would be nested deeper than {MAX_DEPTH} levels.")
        count, depth = count + len(level), depth + 1
        level = [inner for each in level for inner in _inside(each)]
    return count


def _inside(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are equal (RFC 6902, section 4.6); to Python, 1 and true are."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


class _Pointer(jsonpointer.JsonPointer):
    """A pointer whose array indices are written in one way, without leading zeros (RFC 6901, section 4)."""

    @classmethod
    def get_part(cls, doc: Any, part: str | int) -> str | int:
        if isinstance(doc, list) and part != "-" and not re.fullmatch("0|[1-9][0-9]{0,9}", str(part)):
            raise jsonpointer.JsonPointerException(f"{part!r} is no index of an array")
        return super().get_part(doc, part)


class _Test(jsonpatch.TestOperation):
    def apply(self, obj: Any) -> Any:
        found = self.pointer.resolve(obj)
        if not same(found, self.operation["value"]):
            raise jsonpatch.JsonPatchTestFailed("not equal")
        return obj


class _Patch(jsonpatch.JsonPatch):
    operations = MappingProxyType({**jsonpatch.JsonPatch.operations, "test": _Test})

    def __init__(self, patch: list[dict[str, Any]]) -> None:
        super().__init__(patch, pointer_cls=_Pointer)


APPLY: dict[str, Callable[[Any, Any], Any]] = {MERGE_PATCH: merge, JSON: merge, JSON_PATCH: apply}
