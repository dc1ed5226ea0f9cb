"""Models: what a client may send, checked strictly, and errors that point at their place.

Nothing of a request lives here. The same model reads an HTML form: ``model_validate_strings(form, strict=False)``.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

MAX_ERRORS = 100
MAX_INTEGER = 2**53 - 1  # the largest whole number that every reader of JSON holds exactly (RFC 7493, section 2.2)
DIGITS = re.compile(r"\s*[-+]?[0-9]+\s*", re.ASCII)
M = TypeVar("M", bound=BaseModel)


def integral(value: object) -> object:
    """Return ``1999.0`` as 1999: JSON knows one kind of number (RFC 8259, section 6). Anything else stays.

    :raises PydanticCustomError: for the text of a form that people read in several ways: ``1.000``, ``1_000``.
    """
    if isinstance(value, str) and not DIGITS.fullmatch(value):
        raise PydanticCustomError("int_parsing", "Input should be a valid integer")
    return int(value) if isinstance(value, float) and value.is_integer() else value


# The validator stands last: inside the Field it would turn `minimum` into a keyword that no JSON Schema knows.
Whole = Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER), BeforeValidator(integral)]


class Model(BaseModel):
    """The common rules: unknown fields are errors, and no value is converted, such as ``"5"`` to a number."""

    model_config = ConfigDict(extra="forbid", strict=True)


def validate(model: type[M], value: Any) -> M:
    """Return the JSON value ``value`` as a ``model``.

    :raises ValidationError: with everything that is wrong with it.
    """
    # As JSON, in which a date is text: checked as Python values, a strict model would refuse it.
    return model.model_validate_json(json.dumps(value))


def pointed_errors(error: ValidationError) -> list[dict[str, Any]]:
    """Return every error with a JSON Pointer to its place (RFC 6901, as a URI fragment), ready for a problem."""
    details = error.errors(include_url=False, include_input=False, include_context=False)[:MAX_ERRORS]
    return [
        {"pointer": pointer(detail["loc"]), "detail": _message(detail["type"], detail["msg"])} for detail in details
    ]


def pointer(path: tuple[int | str, ...]) -> str:
    """Return the JSON Pointer to ``path`` in its URI fragment form (RFC 6901, section 6)."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return "#" + "".join(f"/{quote(step, safe='~')}" for step in steps)


def _message(kind: str, message: str) -> str:
    """Return pydantic's message, but for the kinds that name a class of the program, which a client cannot know."""
    return "Input should be an object" if kind in ("model_type", "model_attributes_type", "dataclass_type") else message
