"""Documents: the pages on an API, made of its OpenAPI description.

The page with forms reads without JavaScript, and its forms for lists work without; with it, all of them send requests
and show the answers. Nothing is loaded from elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Response as BaseResponse

from wsgiapp import Response, render_template, send_from_directory
from wsgiapp.typing import ResponseReturnValue

from .conditional import answer_read

STATIC = Path(__file__).parent / "static"
MOST_CHOICES = 8
LIMITS = (("minimum", "minLength"), ("maximum", "maxLength"))
ASSETS = {"style": "rest.css", "script": "rest.js", "icon": "rest.svg"}


@dataclass(frozen=True)
class Operation:
    """One method at one address, as the page shows it."""

    method: str
    path: str
    about: dict[str, Any]
    parameters: list[dict[str, Any]]
    bodies: dict[str, str]

    @property
    def id(self) -> str:
        """The name of the operation, and of its place in the page."""
        return str(self.about["operationId"])


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """Return the operations of an OpenAPI document, each with an example of its body by media type."""
    schemas = document["components"]["schemas"]
    for path, item in document["paths"].items():
        for method, about in item.items():
            if method != "parameters":
                content = about.get("requestBody", {}).get("content", {})
                bodies = {
                    kind: json.dumps(example(each["schema"], schemas), indent=1) for kind, each in content.items()
                }
                parameters = [*item.get("parameters", []), *about["parameters"]]
                yield Operation(method.upper(), path, about, parameters, bodies)


def example(schema: dict[str, Any], schemas: dict[str, Any], depth: int = 0) -> Any:
    """Return a value such as ``schema`` describes; what is not required is mostly left out."""
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth + 1)
    for known in ("const", "default"):
        if known in schema:
            return schema[known]
    for several in ("examples", "enum"):
        if several in schema:
            return schema[several][0]
    for alternatives in ("anyOf", "oneOf", "allOf"):
        if alternatives in schema:
            return example(schema[alternatives][0], schemas, depth + 1)
    return _plain(schema, schemas, depth)


def _plain(schema: dict[str, Any], schemas: dict[str, Any], depth: int) -> Any:
    kind = schema.get("type")
    if kind == "object" and depth < 6:
        fields = schema.get("properties", {})
        names = schema.get("required") or list(fields)[:1]
        return {name: example(fields.get(name, {}), schemas, depth + 1) for name in names}
    if kind == "array" and depth < 6:
        return [example(schema.get("items", {}), schemas, depth + 1)]
    if kind in ("integer", "number"):
        return max(schema.get("minimum", 0), schema.get("exclusiveMinimum", -1) + 1)
    text = "" if schema.get("pattern", "").startswith("^(/") else "text" * max(1, -(-schema.get("minLength", 1) // 4))
    return {"boolean": False, "object": {}, "array": [], "null": None}.get(str(kind), text)


def outlines(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the fields of each schema that is sent or shown as a whole, with what they hold in a few words."""
    found = {}
    for name, schema in document["components"]["schemas"].items():
        if "properties" in schema and not name.endswith(("Part", "Patch", "List")):
            required = schema.get("required", [])
            found[name] = [
                {"name": field, "kind": in_words(about), "required": field in required}
                for field, about in schema["properties"].items()
            ]
    return found


def in_words(schema: dict[str, Any]) -> str:
    """Return what a value of ``schema`` is, in a few words."""
    if "anyOf" in schema:
        return " or ".join(in_words(each) for each in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "enum" in schema and len(schema["enum"]) <= MOST_CHOICES:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"a list of {in_words(schema.get('items', {}))}"
    least, most = (schema.get(low, schema.get(also)) for low, also in LIMITS)
    bounds = f" of {least or 0} to {most}" if most is not None else ""
    return f"{schema.get('format', schema.get('type', 'any value'))}{bounds}"


def page(document: dict[str, Any], urls: dict[str, str]) -> BaseResponse:
    """Return the page on an API.

    :param document: the OpenAPI document.
    :param urls: of the ``style``, the ``script`` and the ``openapi`` document.
    """
    shown = list(operations(document))
    answers = {status: answer["description"] for each in shown for status, answer in each.about["responses"].items()}
    meanings = dict(sorted({**answers, "200": "As it is now.", "204": "Done, and nothing to show."}.items()))
    text = render_template(
        "rest/docs.html", document=document, operations=shown, outlines=outlines(document), meanings=meanings, urls=urls
    )
    return _conditional(Response(text))


def openapi(document: dict[str, Any]) -> BaseResponse:
    """Return the OpenAPI document itself."""
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    return _conditional(Response(text, content_type="application/json"))


def asset(name: str) -> ResponseReturnValue:
    """Return the style sheet or the script of the pages."""
    return send_from_directory(STATIC, name, max_age=3600)


def _conditional(response: Response) -> BaseResponse:
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    return answer_read(response)
