"""Patches: RFC 7396's own examples, the published cases of JSON Patch, and patches that ask for too much."""

from __future__ import annotations

import json
from typing import Any

import pytest

from npm import kept
from wsgiapp.rest.patches import ConflictingPatchError, MalformedPatchError, apply, merge, same

SUITE = "json-patch-test-suite@1.1.0"
FILES = ("spec_tests.json", "tests.json")

# RFC 7396, appendix A: original, patch, result.
APPENDIX = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("original", "patch", "result"), APPENDIX)
def test_a_merge_patch_does_what_the_appendix_says(original: Any, patch: Any, result: Any) -> None:
    before = json.dumps(original)
    assert merge(original, patch) == result
    assert json.dumps(original) == before


def published() -> list[dict[str, Any]]:
    """The published cases of JSON Patch."""
    return [case for file in kept(SUITE, *FILES) for case in json.loads(file.read_text(encoding="utf-8"))]


def test_json_patch_does_what_the_published_cases_say() -> None:
    cases = [case for case in published() if "doc" in case and not case.get("disabled")]
    assert len(cases) > 90
    wrong = []
    for case in cases:
        before = json.dumps(case["doc"])
        try:
            found = {"expected": apply(case["doc"], case["patch"])}
        except (ConflictingPatchError, MalformedPatchError):
            found = {"error": True}
        expected = {"error": True} if "error" in case else {"expected": case.get("expected", case["doc"])}
        if not same(found, expected) or json.dumps(case["doc"]) != before:
            wrong.append((case.get("comment"), case["patch"], found, expected))
    assert wrong == []


GROWING = [{"op": "copy", "from": "", "path": f"/{number}"} for number in range(60)]
WIDE = [
    {"op": "add", "path": "/a", "value": [0] * 500},
    *({"op": "copy", "from": "/a", "path": "/a/0"} for _ in range(99)),
]


@pytest.mark.parametrize(
    "patch",
    [{}, [1], [{"op": "grow", "path": ""}], [{"op": "add", "path": "/a"}], [{"op": "move", "path": "/a"}],
     [{"op": "add", "path": "a", "value": 1}], [{"op": "add", "path": "/~2", "value": 1}], [{"op": [], "path": ""}],
     [{"op": "remove", "path": "/a"}] * 101, GROWING, WIDE, [{"op": "add", "path": "/a" * 40, "value": 1}]],
    ids=lambda patch: str(patch)[:40],
)  # fmt: skip
def test_a_patch_that_is_none_or_asks_for_too_much_is_malformed(patch: Any) -> None:
    with pytest.raises(MalformedPatchError):
        apply({}, patch)


@pytest.mark.parametrize(("value", "tested"), [(1, True), (0, False), ([1], [True]), ({"a": 1}, {"a": True})])
def test_a_test_knows_a_number_from_a_truth_value(value: Any, tested: Any) -> None:
    with pytest.raises(ConflictingPatchError):
        apply({"a": value}, [{"op": "test", "path": "/a", "value": tested}])
