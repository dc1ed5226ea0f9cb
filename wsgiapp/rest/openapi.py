"""OpenAPI: the description of an API, made of what its resources declare (OpenAPI 3.1).

Nothing is written twice: schemas are the models', parameters those that the lists read, statuses those that the views
answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from .idempotency import HEADER, MAX_KEY
from .patches import JSON, JSON_PATCH, MAX_OPERATIONS, MERGE_PATCH
from .problems import PROBLEM, title_of
from .resource import Resource

REF = "#/components/schemas/"
HTML = "text/html"
Schema = dict[str, Any]

PROBLEM_SCHEMA: Schema = {
    "type": "object",
    "description": "What went wrong (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "trace_id": {"type": "string", "description": "Under this id the server's log has the error."},
        "position": {
            "type": "object",
            "description": "Where the body is no JSON; line and column from 1, offset from 0.",
            "properties": {name: {"type": "integer"} for name in ("line", "column", "offset")},
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "A JSON Pointer to the value, as a URI fragment."},
                    "parameter": {"type": "string", "description": "The name of a parameter of the query."},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
MINIMAL: Schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
POINTER: Schema = {"type": "string", "pattern": "^(/([^~/]|~[01])*)*$"}


def _operation(names: list[str], *members: str) -> Schema:
    known: Schema = {"op": {"enum": names}, "path": POINTER, "value": {}, "from": POINTER}
    required = ["op", "path", *members]
    return {"type": "object", "required": required, "properties": {name: known[name] for name in required}}


JSON_PATCH_SCHEMA: Schema = {
    "type": "array",
    "description": "Changes in their order (RFC 6902).",
    "maxItems": MAX_OPERATIONS,
    "items": {
        "oneOf": [
            _operation(["add", "replace", "test"], "value"),
            _operation(["move", "copy"], "from"),
            _operation(["remove"]),
        ]
    },
}


def describe(
    resources: Sequence[Resource], prefix: str, title: str, version: str, security: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the OpenAPI document of some resources.

    :param resources: the resources.
    :param prefix: what their addresses begin with.
    :param title: the name of the API.
    :param version: its version.
    :param security: the security schemes, any of which is asked for whatever changes something.
    """
    schemas: dict[str, Any] = {"Problem": PROBLEM_SCHEMA, "JSONPatch": JSON_PATCH_SCHEMA}
    paths: dict[str, Any] = {}
    for resource in resources:
        schemas |= _schemas(resource)
        paths |= _paths(resource, f"{prefix}/{resource.name}", [{name: []} for name in security])
    components: dict[str, Any] = {"schemas": schemas}
    if security:
        components["securitySchemes"] = dict(security)
    info = {"title": title, "version": version}
    return {
        "openapi": "3.1.0",
        "info": info,
        "servers": [{"url": "/"}],
        "tags": [{"name": resource.name, "description": resource.about} for resource in resources],
        "paths": paths,
        "components": components,
    }


def schema_of(model: type[BaseModel]) -> tuple[Schema, dict[str, Any]]:
    """Return the JSON Schema of ``model``, and those that it refers to."""
    schema = model.model_json_schema(ref_template=REF + "{model}")
    return schema, schema.pop("$defs", {})


def _schemas(resource: Resource) -> dict[str, Any]:
    """Return the schemas of a resource: as it is sent, as it is shown, as a merge patch, and its list."""
    sent, others = schema_of(resource.model)
    name, fields = resource.model.__name__, sent.get("properties", {})
    required = sent.get("required", [])
    shown = {"id": {"type": "integer", "minimum": 0}, **fields}
    for model in (resource.read_only, resource.new):
        if model is not None:
            schema, defs = schema_of(model)
            others |= defs
            if model is resource.new:
                others[model.__name__] = schema
            else:
                shown |= {field: {**about, "readOnly": True} for field, about in schema["properties"].items()}
    # In a merge patch null takes a field back to its default, so a field without one cannot be null.
    changed = {
        field: about if field in required else {"anyOf": [about, {"type": "null"}]} for field, about in fields.items()
    }
    common = {key: sent[key] for key in ("description",) if key in sent}
    stored: Schema = {**common, "type": "object", "properties": shown, "required": list(shown)}
    listed = {"type": "array", "items": {"type": "object", "properties": shown}}
    return {
        **others,
        name: sent,
        f"{name}Stored": stored,
        f"{name}Part": {**common, "type": "object", "properties": shown},
        # To take away what is not there changes nothing (RFC 7396).
        f"{name}Patch": {"type": "object", "properties": changed, "additionalProperties": {"type": "null"}},
        f"{name}List": {"type": "object", "required": ["items"], "properties": {"items": listed}},
    }


def _paths(resource: Resource, path: str, security: list[dict[str, list[str]]]) -> dict[str, Any]:
    places = {path: ("GET", "POST"), f"{path}/{{id}}": ("GET", "PUT", "PATCH", "DELETE")}
    paths: dict[str, Any] = {}
    for address, methods in places.items():
        operations = {}
        for method in methods:
            if method in resource.methods:
                operations[method.lower()] = _operation_of(resource, method, address != path, security)
        if operations:
            shared = {"parameters": [_parameter("id", "path", {"type": "integer", "minimum": 0})]}
            paths[address] = {**(shared if address != path else {}), **operations}
    return paths


def _operation_of(resource: Resource, method: str, one: bool, security: list[dict[str, list[str]]]) -> Schema:
    verb = {"GET": "read" if one else "list", "POST": "create", "PUT": "replace", "PATCH": "change"}.get(
        method, "delete"
    )
    success = {"POST": "201", "DELETE": "204"}.get(method, "200")
    operation: Schema = {
        "operationId": f"{verb}_{resource.name}".replace("-", "_"),
        "summary": f"{verb.capitalize()} {'one of ' if one else ''}{resource.name}",
        "tags": [resource.name],
        "parameters": _parameters(resource, method, one),
        "responses": {success: _success(resource, method, one), **_others(resource, method, one, bool(security))},
    }
    if resource.deprecated is not None:
        operation["deprecated"] = True
    if (method != "GET" or resource.private) and security:
        operation["security"] = security
    if body := _body(resource, method):
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _body(resource: Resource, method: str) -> dict[str, Any]:
    name = resource.model.__name__
    whole, patch = {"schema": {"$ref": REF + name}}, {"schema": {"$ref": f"{REF}{name}Patch"}}
    bodies = {
        "POST": {JSON: {"schema": {"$ref": REF + (resource.new or resource.model).__name__}}},
        "PUT": {JSON: whole},
        "PATCH": {MERGE_PATCH: patch, JSON_PATCH: {"schema": {"$ref": REF + "JSONPatch"}}, JSON: patch},
    }
    return bodies.get(method, {})


def _parameters(resource: Resource, method: str, one: bool) -> list[Schema]:
    found = []
    if method == "GET" and one:
        names = "|".join(resource.listing.names)
        found.append(_parameter("fields", "query", {"type": "string", "pattern": f"^({names})(,({names}))*$"}))
    elif method == "GET":
        schema, _ = schema_of(resource.listing.parameters)
        found += [_parameter(name, "query", _given(about)) for name, about in schema["properties"].items()]
    if one:
        tag = {"type": "string"}
        required = resource.require_tag and method != "GET"
        found.append(_parameter("If-Match", "header", tag, required=required))
        found.append(_parameter("If-None-Match", "header", tag))
    if method in ("POST", "PUT", "PATCH"):
        found.append(_parameter("Prefer", "header", {"type": "string", "examples": ["return=minimal"]}))
    if method == "POST" and resource.keys is not None:
        key = {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[!-~]+$"}
        found.append(_parameter(HEADER, "header", key, required=resource.require_key))
    return found


def _given(about: Schema) -> Schema:
    """Return the schema of an optional parameter without null: to give no value, a client leaves it out."""
    alternatives = [each for each in about.get("anyOf", [about]) if each.get("type") != "null"]
    kept = {key: about[key] for key in ("description", "default") if about.get(key) is not None}
    return {**alternatives[0], **kept}


def _parameter(name: str, place: str, schema: Schema, *, required: bool = False) -> Schema:
    return {"name": name, "in": place, "required": required or place == "path", "schema": schema}


def _success(resource: Resource, method: str, one: bool) -> Schema:
    if method == "DELETE":
        return {"description": "It is gone."}
    name = resource.model.__name__
    shown = {"GET": f"{name}Part" if one else f"{name}List"}.get(method, f"{name}Stored")
    content: Schema = {JSON: {"schema": {"$ref": REF + shown}}}
    if method == "POST":  # who prefers return=minimal gets the id alone
        content = {JSON: {"schema": {"anyOf": [{"$ref": REF + shown}, MINIMAL]}}}
    headers = ["ETag", *{"GET": [] if one else ["Link"], "POST": ["Location"]}.get(method, ["Content-Location"])]
    if method == "GET":
        content[HTML] = {"schema": {"type": "string"}}
    described = {header: {"schema": {"type": "string"}} for header in headers}
    return {"description": "As it is now.", "headers": described, "content": content}


def _others(resource: Resource, method: str, one: bool, secured: bool) -> dict[str, Any]:
    """Return the other answers that a method can give."""
    statuses = {406, 422, 500}
    if method != "GET":
        statuses |= {409, 413} if method != "DELETE" else {409}
    if secured and (method != "GET" or resource.private):
        statuses |= {401, 403}
    if method in ("POST", "PUT", "PATCH"):
        statuses |= {400, 415}
    if method == "POST" and secured:
        statuses |= {429}
    if one:
        statuses |= {404, 412}
        statuses |= {428} if resource.require_tag and method != "GET" else set()
    elif method == "GET":
        statuses |= {404, 412}
    problem = {PROBLEM: {"schema": {"$ref": REF + "Problem"}}}
    page = {HTML: {"schema": {"type": "string"}}}
    answers: dict[str, Any] = {
        str(status): {"description": title_of(status), "content": {**problem, **page}} for status in sorted(statuses)
    }
    if method == "GET":
        answers["304"] = {"description": "The client has it already."}
    elif method in ("PUT", "PATCH"):
        answers["204"] = {"description": "Done, and nothing shown, as Prefer asked."}
    return answers
