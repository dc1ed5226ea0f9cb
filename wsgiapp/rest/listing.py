"""Lists: parameters of a list (filters, order, fields, search), and links to its next and previous page.

The parameters are a pydantic model made of the resource's own, so that they are checked, and described in the OpenAPI
document, by the same rules. A cursor is a place between things: it stays right when others come and go.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import to_jsonable_python

from wsgiapp import request

from .models import pointed_errors
from .problems import Problem
from .stores import Place, Query, Stored

DEFAULT_LIMIT, MAX_LIMIT, MAX_WORDS = 20, 100, 8
END = "end"
NO_PAGE = "There is no such page of this list."
OWN = ("limit", "after", "before", "sort", "fields", "q")
KINDS: dict[str, Any] = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
# How a value is written in an address: as in JSON, and not in every way that Python or a form would take.
_NUMBER = r"-?(?:0|[1-9][0-9]*+)"
SPELLINGS = {
    "integer": re.compile(rf"{_NUMBER}(?:\.0+)?"),
    "number": re.compile(rf"{_NUMBER}(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?"),
    "boolean": re.compile("true|false"),
}
Order = Sequence[tuple[str, bool]]


def scalar_kinds(model: type[BaseModel]) -> dict[str, str]:
    """Return the fields of ``model`` that hold one plain value that is never null, with its kind in JSON Schema."""
    kinds = {"id": "integer"}
    for name, about in model.model_json_schema().get("properties", {}).items():
        if about.get("type") in KINDS and "format" not in about:
            kinds[name] = about["type"]
    return kinds


@dataclass(frozen=True)
class Page:
    """One page of a list, and the query strings of the others by their relation."""

    items: list[Stored]
    links: dict[str, str]


class Listing:
    """What may be asked of a resource's list.

    :param model: the model of the resource.
    :param searched: the fields in which ``q`` searches.
    :param filters: the fields that may be asked for by their value; None for all that hold one plain value.
    :param shown: the read-only fields, which may be chosen to be shown.
    :raises ValueError: when a filter has the name of a parameter that every list has.
    """

    def __init__(
        self,
        model: type[BaseModel],
        searched: Sequence[str],
        filters: Sequence[str] | None,
        shown: Sequence[str] = (),
    ) -> None:
        self.kinds = scalar_kinds(model)
        self.searched = tuple(searched)
        names = [name for name in self.kinds if name not in ("id", *OWN)] if filters is None else filters
        self.filters = tuple(names)
        if taken := sorted({*self.filters} & {*OWN}):
            raise ValueError(
                f"{model.__name__}.{taken[0]} cannot be a filter: every list has a parameter of that name."
            )
        self.names = ("id", *dict.fromkeys((*model.model_fields, *shown)))
        self.parameters = self._parameters(model)

    def _parameters(self, model: type[BaseModel]) -> type[BaseModel]:
        """Return the model of the query string."""
        sort = "|".join(self.kinds)
        fields = "|".join(self.names)
        cursor = Field(pattern=f"^({END}|[A-Za-z0-9_-]{{4,1000}})$", description="from a link of the list")
        made: dict[str, Any] = {
            "limit": (Annotated[int, Field(ge=1, le=MAX_LIMIT, description="at most so many")], DEFAULT_LIMIT),
            "after": (Annotated[str, cursor] | None, None),
            "before": (Annotated[str, cursor] | None, None),
            "sort": (Annotated[str, Field(pattern=f"^-?({sort})(,-?({sort})){{0,3}}$", max_length=300)] | None, None),
            "fields": (
                Annotated[str, Field(pattern=f"^({fields})(,({fields})){{0,99}}$", max_length=9000)] | None,
                None,
            ),
        }
        if self.searched:
            made["q"] = (Annotated[str, Field(max_length=80, description="words to search for")] | None, None)
        for name in self.filters:
            info = model.model_fields[name]
            kind: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
            made[name] = (kind | None, None)
        return create_model("Parameters", __config__=ConfigDict(extra="forbid"), **made)

    def read(self) -> BaseModel:
        """Return the parameters of the current request.

        :raises Problem: 422, with every parameter that is wrong.
        """
        given = request.args.to_dict(flat=False)
        errors = [_wrong(name, "is given twice") for name, values in given.items() if len(values) > 1]
        try:
            parameters = self.parameters.model_validate_strings(request.args.to_dict(), strict=False)
        except ValidationError as error:
            wrong = {each["pointer"].split("/")[1]: each["detail"] for each in reversed(pointed_errors(error))}
            errors += [_wrong(name, detail) for name, detail in reversed(wrong.items())]
        odd = {name: self.kind(name) for name in given if self.misspelt(name)}
        known = {error["parameter"] for error in errors}
        errors += [_wrong(name, f"is no {kind} as JSON has it") for name, kind in odd.items() if name not in known]
        if errors:
            raise Problem(422, "Some parameters are not valid.", errors=errors)
        return parameters

    def kind(self, name: str) -> str:
        """Return the kind of a parameter."""
        return "integer" if name == "limit" else self.kinds[name] if name in self.filters else "string"

    def misspelt(self, name: str) -> bool:
        """Tell whether a number or a truth value is written as JSON does not write it."""
        spelling = SPELLINGS.get(self.kind(name))
        return spelling is not None and not spelling.fullmatch(request.args[name])

    def query(self, parameters: Any) -> Query:
        """Return the query that the parameters ask for.

        :raises Problem: 404 when a cursor is not of a list in this order, or there are two.
        """
        order = [(name.removeprefix("-"), name.startswith("-")) for name in (parameters.sort or "id").split(",")]
        if all(name != "id" for name, _ in order):
            order.append(("id", False))
        if parameters.after and parameters.before:
            raise Problem(404, NO_PAGE, errors=[_wrong("before", "goes without after")])
        backwards = parameters.before is not None
        name, cursor = ("before", parameters.before) if backwards else ("after", parameters.after)
        place = None
        if cursor is not None and not (backwards and cursor == END):
            place = self._place(cursor, order)
            if place is None:
                raise Problem(404, NO_PAGE, errors=[_wrong(name, "is no place in it")])
        equal = {field: getattr(parameters, field) for field in self.filters}
        return Query(
            parameters.limit,
            tuple(order),
            {field: value for field, value in equal.items() if value is not None},
            tuple((getattr(parameters, "q", None) or "").split()[:MAX_WORDS]),
            self.searched,
            place,
            backwards,
        )

    def _place(self, cursor: str, order: Order) -> Place | None:
        """Return the values that ``cursor`` holds, when it is of a list in this order, and they fit its fields."""
        try:
            values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        except (binascii.Error, ValueError, RecursionError):
            return None
        if not isinstance(values, list) or len(values) != 1 + len(order) or values.pop(0) != in_words(order):
            return None
        for (name, _), value in zip(order, values, strict=True):
            kind = self.kinds[name]
            if not isinstance(value, KINDS[kind]) or isinstance(value, bool) != (kind == "boolean"):
                return None
        return tuple(values)

    def page(self, store: Any, parameters: BaseModel) -> Page:
        """Return the page that the parameters ask for, and the ways to the others."""
        query = self.query(parameters)
        found: list[Stored] = store.find(replace(query, limit=query.limit + 1))
        more = len(found) > query.limit
        items = (found[1:] if query.backwards else found[: query.limit]) if more else found
        links = {"first": self.link()}
        if items and (more if query.backwards else query.place is not None):
            links["prev"] = self.link(before=cursor_at(items[0], query))
        if items and (query.place is not None if query.backwards else more):
            links["next"] = self.link(after=cursor_at(items[-1], query))
        return Page(items, {**links, "last": self.link(before=END)})

    def link(self, **cursor: str) -> str:
        """Return the current query string with another cursor."""
        kept = {name: value for name, value in request.args.items() if name not in ("after", "before")}
        return urlencode({**kept, **cursor})


def cursor_at(thing: Stored, query: Query) -> str:
    """Return the cursor of the place where a thing is, in the order of a query."""
    values = [thing.id if name == "id" else to_jsonable_python(thing.fields[name]) for name, _ in query.order]
    return base64.urlsafe_b64encode(json.dumps([in_words(query.order), *values]).encode()).decode().rstrip("=")


def in_words(order: Order) -> str:
    """Return an order as the parameter ``sort`` says it."""
    return ",".join(f"-{name}" if descends else name for name, descends in order)


def _wrong(name: str, detail: str) -> dict[str, str]:
    return {"parameter": name, "detail": detail}
