"""The OpenAPI document: valid, true, and good enough to drive the API with.

``REST_EXAMPLES=300 python run.py test tests/rest/test_openapi.py`` sends as many examples to each operation.
"""

from __future__ import annotations

import os
import uuid
from typing import Any

import httplint
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from rest.books import Book
from rest.conftest import Subject
from wsgiapp import App
from wsgiapp.rest import API, MemoryKeys, MemoryStore, Resource
from wsgiapp.shop import people

EXAMPLES = int(os.environ.get("REST_EXAMPLES", "8"))
PERSONAL = ("/api/reviews", "/api/orders", "/api/cart")
FEW = EXAMPLES if EXAMPLES >= 100 else 2  # what differs between the shop's resources is little: a quick run asks little
# A precondition is judged before what is sent is valid: a made-up If-Match is 412 (RFC 9110, section 13.2.1).
EXPECTED = {
    "positive_data_acceptance": {"expected-statuses": ["2xx", "3xx", "401", "403", "404", "409", "412"]},
    "negative_data_rejection": {
        "expected-statuses": ["400", "401", "403", "404", "405", "406", "409", "412", "415", "422", "428"]
    },
}
# What httplint says of an answer in itself; that an error or a PUT is not to be kept is meant.
LEVELS = ("bad",)


@pytest.fixture(scope="module")
def document(subject: Subject) -> Any:
    return subject.app.test_client().get("/openapi.json").json


def test_the_document_is_valid(document: Any) -> None:
    validate(document)
    assert document["openapi"] == "3.1.0"


def keywords(schema: Any, found: set[str]) -> set[str]:
    """Every keyword of a schema and of the schemas in it."""
    if isinstance(schema, dict):
        for name, value in schema.items():
            found.add(name)
            if name in ("properties", "$defs"):
                for each in value.values():
                    keywords(each, found)
            elif name not in ("default", "enum", "const", "examples"):
                keywords(value, found)
    elif isinstance(schema, list):
        for each in schema:
            keywords(each, found)
    return found


def test_every_keyword_is_one_of_json_schema(document: Any) -> None:
    vocabulary: set[str] = {"$ref", "$defs", "$schema", "$id", "discriminator"}
    for part in Draft202012Validator.META_SCHEMA["allOf"]:
        resolved = Draft202012Validator({"$ref": part["$ref"]})._resolver
        uri = "https://json-schema.org/draft/2020-12/" + part["$ref"]
        vocabulary |= {*resolved.lookup(uri).contents["properties"]}
    for name, schema in document["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert keywords(schema, set()) - vocabulary == set(), name


def lint(response: Any) -> list[str]:
    """What httplint finds bad in a response."""
    linter = httplint.HttpResponseLinter(no_content=response.request.method == "HEAD")
    linter.process_response_topline(b"1.1", str(response.status_code).encode(), response.message.encode())
    linter.process_headers([(k.encode(), v.encode()) for k, values in response.headers.items() for v in values])
    if linter.can_have_content():
        linter.feed_content(response.content)
    linter.finish_content(True)
    return [f"{note.summary} ({note.subject})" for note in linter.notes if note.level.name.lower() in LEVELS]


def drive(app: App, headers: dict[str, str], path: str = "", only: tuple[str, ...] = ("",)) -> dict[str, str]:
    """Send generated requests, right and wrong ones, to each operation; returns each kind of failure once.

    :param path: the resource that is asked in full, where the others get few requests; without it, all are.
    :param only: the resources that are asked; without it, all.
    """
    load_all_checks()
    config = SchemathesisConfig.from_dict({"checks": EXPECTED})
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)
    failures: dict[str, str] = {}
    for result in schema.get_all_operations():
        if not result.ok().path.startswith(only):
            continue
        number = EXAMPLES if result.ok().path.startswith(path) else FEW
        for mode in GenerationMode:
            examine(result.ok(), mode, headers, failures, number)
    return failures


def examine(
    operation: Any, mode: GenerationMode, headers: dict[str, str], failures: dict[str, str], number: int
) -> None:
    """Send examples to one operation, all right or all wrong by the document, and note what fails."""

    @settings(
        max_examples=number, deadline=None, database=None, derandomize=EXAMPLES < 100,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        if "Idempotency-Key" in (case.headers or {}) and mode == GenerationMode.POSITIVE:
            case.headers["Idempotency-Key"] = str(uuid.uuid4())  # whoever uses one twice is told so
        for name in [name for name in case.headers or {} if "_" in name]:
            del case.headers[name]  # servers drop such a header: in the environ it would pass for the one with hyphens
        response = case.call(headers=headers)
        for bad in lint(response):
            failures.setdefault(f"{operation.label} {bad}", f"{bad}: {response.status_code} {response.headers}")
        try:
            case.validate_response(response, headers=headers)
        except BaseExceptionGroup as error:
            failures.setdefault(f"{operation.label} {mode} {error!s:.300}", str(error))

    send()


@pytest.mark.parametrize("subject", ["shop"], indirect=True)
def test_what_is_generated_from_the_shops_document_finds_no_fault(subject: Subject) -> None:
    failures = drive(subject.app, subject.credentials, subject.path)
    assert failures == {}, "\n\n".join(failures.values())


@pytest.mark.parametrize("subject", ["shop"], indirect=True)
def test_nor_for_an_administrator_who_is_signed_in(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(subject.app.config, "ORDER_LIMIT", 1_000_000)
    monkeypatch.setitem(subject.app.config, "REVIEW_LIMIT", 1_000_000)
    client = subject.app.test_client()
    with subject.app.app_context():
        administrator = people.add_user(f"Ada {uuid.uuid4()}", "a long password", "administrator")
    with client.session_transaction() as session:
        session.update(user_id=administrator.id, session_number=0, csrf="c" * 43)
    cookie = client.get_cookie("session")
    assert cookie is not None
    failures = drive(subject.app, {"Cookie": f"session={cookie.value}", "X-CSRF-Token": "c" * 43}, "-", PERSONAL)
    assert failures == {}, "\n\n".join(failures.values())


def test_nor_does_it_where_everything_that_a_resource_can_ask_for_is_asked_for() -> None:
    app = App("strict")
    API(app, Resource("books", Book, MemoryStore(), require_tag=True, searched=["title"], keys=MemoryKeys()))
    failures = drive(app, {})
    assert failures == {}, "\n\n".join(failures.values())
