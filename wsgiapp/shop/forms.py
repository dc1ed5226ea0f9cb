"""Shop layer 3: what may be sent to the shop.

One model for each thing that comes in, whatever it comes in as: JSON is read strictly, a form (where everything is
text) leniently, by the same rules. Reading the request and answering it do not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from wsgiapp.rest.models import Model, integral
from wsgiapp.shop.catalogue import Picture
from wsgiapp.shop.category_store import KnownCategory
from wsgiapp.shop.currencies import Code
from wsgiapp.shop.models import MAX_CENTS, MAX_NAME_KEY, MAX_STOCK, fold

MAX_QUANTITY = 99


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be one line of printable characters")
    return value


def _comparable(value: str) -> str:
    if len(fold(value)) > MAX_NAME_KEY:
        raise ValueError("has characters that stand for too many others")
    return value


def _lines(value: str) -> str:
    value = value.replace("\r\n", "\n")
    if not value.replace("\n", "").replace("\t", "").isprintable():
        raise ValueError("must not contain control characters")
    return value


# What the patterns say stands in the schema of the API too, and is read there as JavaScript reads it.
_HIDDEN = r"\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff"
_BLANK = r" \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
NAME = f"^[^{_HIDDEN}]*[^{_HIDDEN}{_BLANK}][^{_HIDDEN}]*$"
ONE_LINE = f"^[^{_HIDDEN}]*$"
LINE = "[1-9][0-9]{0,9}x[1-9][0-9]?@[0-9]{1,8}"  # of an order: product, quantity, price
LINES = f"^([^{_HIDDEN}]|[\\n\\t]|\\r\\n)*$"
# The same with at least one character that is seen.
TEXT = f"^([^{_HIDDEN}]|[\\n\\t]|\\r\\n)*[^{_HIDDEN}{_BLANK}]([^{_HIDDEN}]|[\\n\\t]|\\r\\n)*$"


def tidy(value: str) -> str:
    """Return a text with one kind of line ends and no spaces around it."""
    return value.replace("\r\n", "\n").strip()


# The validator stands last: inside the Field it would turn `minimum` into a keyword that no JSON Schema knows.
Cents = Annotated[int, Field(ge=0, le=MAX_CENTS), BeforeValidator(integral)]
Stock = Annotated[int, Field(ge=0, le=MAX_STOCK), BeforeValidator(integral)]
Rating = Annotated[int, Field(ge=1, le=5), BeforeValidator(integral)]
Id = Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(integral)]
UpToEight = Annotated[int, Field(ge=1, le=8), BeforeValidator(integral)]


class Input(Model):
    """The common rules: nothing unknown, nothing converted unless the reader asks for it, no spaces around text."""

    model_config = ConfigDict(str_strip_whitespace=True)


class ProductIn(Input):
    """A product as it is sent to be put on sale or changed; everything but id and version."""

    model_config = ConfigDict(str_strip_whitespace=False)  # stripped after the check, so that the schema says all of it
    name: Annotated[str, Field(min_length=1, max_length=80, pattern=NAME), AfterValidator(tidy)]
    category: Annotated[str, KnownCategory()]
    summary: Annotated[str, Field(max_length=160, pattern=ONE_LINE), AfterValidator(tidy)] = ""
    description: Annotated[str, Field(max_length=2000, pattern=LINES), AfterValidator(tidy)] = ""
    price_cents: Cents
    stock: Stock = 0
    picture: Picture = "parcel"


class ReviewIn(Input):
    """What a customer says about a product."""

    author: Annotated[str, Field(min_length=2, max_length=60), AfterValidator(_one_line)]
    rating: Rating
    text: Annotated[str, Field(min_length=10, max_length=1000), AfterValidator(_lines)]


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=2, max_length=60),
    AfterValidator(_one_line),
    AfterValidator(_comparable),
]
# Hashing costs time, so passwords are bounded. They are taken as they are typed, with their spaces.
Password = Annotated[str, Field(min_length=1, max_length=200)]
NewPassword = Annotated[str, Field(min_length=8, max_length=200)]


class PersonIn(Input):
    """What is common to the forms with a password: it keeps its spaces."""

    model_config = ConfigDict(str_strip_whitespace=False)


class LoginIn(PersonIn):
    """A name and a password to sign in with, and whether this browser shall stay signed in."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    password: Password
    remember: bool = False


class RegistrationIn(PersonIn):
    """Who wants to have an account."""

    name: Name
    password: NewPassword
    remember: bool = False


class NameIn(PersonIn):
    """Another name."""

    name: Name


class PasswordIn(PersonIn):
    """Another password, and the present one."""

    old_password: Password
    new_password: NewPassword


class DeletionIn(PersonIn):
    """The password, to be asked once more before an account is deleted."""

    password: Password


class CartLineIn(Input):
    """So many pieces of a product; none of it takes the line out of the cart."""

    product_id: Id
    quantity: Annotated[int, Field(ge=0, le=MAX_QUANTITY), BeforeValidator(integral)] = 1


class CheckoutIn(Input):
    """The cart as the buyer saw it when they confirmed it, and the key of this one order.

    ``lines`` has ``id x quantity @ price in cents``, without spaces, for each product.
    """

    lines: Annotated[str, Field(pattern=f"^{LINE}(,{LINE}){{0,29}}$")]
    key: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{16,64}$")]


class ThemeIn(Input):
    """How the pages shall look; ``auto`` leaves it to the browser."""

    theme: Literal["auto", "light", "dark"]


class PreferencesIn(ThemeIn):
    """How the shop shall look and count for this browser."""

    page_size: Literal["12", "24", "48"]
    currency: Code


class CategoryIn(Input):
    """The title of a category; of one that is there also its slug and the title that is changed."""

    title: Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_one_line)]
    slug: Annotated[str, Field(max_length=20)] = ""
    before: Annotated[str, Field(max_length=60)] = ""


class VersionIn(Input):
    """Which state of a thing a form was made of."""

    version: Id


class ThreadsQuery(Input):
    """How much is measured on the page on threads."""

    tasks: UpToEight = 4
    threads: UpToEight = 4


M = TypeVar("M", bound=Input)


@dataclass(frozen=True)
class Checked(Generic[M]):
    """A form that has been read: ``data`` when all is well, else one message for each field that is not."""

    values: Mapping[str, str]
    errors: Mapping[str, str]
    data: M | None


def check_form(model: type[M], form: Mapping[str, str]) -> Checked[M]:
    """Read the fields of ``model`` out of ``form``, leaving alone what belongs to others (the CSRF token)."""
    values = {name: form[name] for name in model.model_fields if name in form}
    try:
        return Checked(values, {}, model.model_validate_strings(values, strict=False))
    except ValidationError as error:
        details = reversed(error.errors(include_url=False, include_input=False))
        return Checked(values, {str(detail["loc"][0]): sentence(detail) for detail in details}, None)


SENTENCES = {
    "missing": "Please fill this in.",
    "int_parsing": "Please enter a whole number.",
    "int_parsing_size": "Please enter a whole number.",
    "int_type": "Please enter a whole number.",
    "literal_error": "Please choose one of the given values.",
    "unknown_category": "Please choose one of the given values.",
    "greater_than_equal": "Please enter {ge} or more.",
    "less_than_equal": "Please enter {le} or less.",
    "string_pattern_mismatch": "This must be one line of printable characters.",
    "string_too_long": "Please use no more than {max_length} characters.",
}


def sentence(detail: ErrorDetails) -> str:
    """Return what a customer reads beside the field."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "string_too_short":
        least = context["min_length"]
        return "Please fill this in." if least == 1 else f"Please use at least {least} characters."
    if kind == "string_pattern_mismatch" and context["pattern"] == LINES:
        return "This must not contain control characters."
    if kind == "value_error":
        return f"This {context['error']}."
    return SENTENCES.get(kind, detail["msg"]).format_map(context)
