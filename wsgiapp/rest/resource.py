"""A resource: what an app declares of it.

How its requests are answered is in :mod:`.views`; where it is mounted, in :mod:`.api`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from werkzeug.http import http_date

from .idempotency import Keys, credentials
from .listing import Listing
from .problems import Problem
from .stores import ConflictError, Store, Stored, UnstorableError, Writer

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
Authorise = Callable[[str, Stored | None], None]


def allow_everybody(_method: str, _item: Stored | None) -> None:
    """Let everybody do everything."""


@dataclass(frozen=True)
class Resource:
    """Things of one kind at one address.

    :param name: its name in the address, such as ``books``; a plural.
    :param model: what a client may send of one of them, the id left out.
    :param new: what it sends to make one, where that is another model.
    :param read_only: the fields that are shown and never sent, such as when it was made; the store's ``shown``.
    :param store: where they are kept.
    :param authorise: called with the method (GET for HEAD) and None before a body is read, and again with the thing
        once it is found. It raises :class:`.Problem` (401, 403) for those who may not do this.
    :param methods: what can be done, of GET, POST, PUT, PATCH and DELETE.
    :param require_tag: refuse (428) a change of a thing without ``If-Match``.
    :param searched: the fields in which the parameter ``q`` searches.
    :param filters: the fields that the list can be asked for by value; None for all that hold one plain value.
    :param keys: where answers to a POST with an ``Idempotency-Key`` are kept; None to leave that header alone.
    :param who: returns who sends this request, such as the number of the user: each has keys of their own. Unless it
        is given, ``Authorization`` and all cookies together say who it is; give it where an app knows its users by
        anything else, or changes their cookies often.
    :param require_key: refuse (400) a POST without ``Idempotency-Key``.
    :param private: reading, too, asks for credentials, and no shared cache keeps an answer.
    :param deprecated: since when the resource should not be used (RFC 9745).
    :param sunset: when it will go (RFC 8594).
    :param successor: where to read on what to use instead.
    :param about: one sentence for the documents.
    """

    name: str
    model: type[BaseModel]
    store: Store
    authorise: Authorise = allow_everybody
    methods: Sequence[str] = METHODS
    require_tag: bool = False
    searched: Sequence[str] = ()
    filters: Sequence[str] | None = None
    keys: Keys | None = None
    who: Callable[[], str] = credentials
    require_key: bool = False
    private: bool = False
    deprecated: datetime | None = None
    sunset: datetime | None = None
    successor: str = ""
    about: str = ""
    new: type[BaseModel] | None = None
    read_only: type[BaseModel] | None = None
    listing: Listing = field(init=False, repr=False)

    def __post_init__(self) -> None:
        unknown = sorted({*self.methods} - {*METHODS})
        if unknown:
            raise ValueError(f"Resource {self.name!r} cannot have the method {unknown[0]!r}: it is none of {METHODS}.")
        missing = [name for name in (*self.searched, *(self.filters or ())) if name not in self.model.model_fields]
        if missing:
            raise ValueError(
                f"Resource {self.name!r} names the field {missing[0]!r}, which {self.model.__name__} lacks."
            )
        shown = tuple(self.read_only.model_fields) if self.read_only else ()
        object.__setattr__(self, "listing", Listing(self.model, self.searched, self.filters, shown))

    @contextmanager
    def transaction(self) -> Iterator[Writer]:
        """Return a transaction of the store whose refusals are problems (409, 422)."""
        try:
            with self.store.writing() as writer:
                yield writer
        except ConflictError as error:
            raise Problem(409, str(error)) from None
        except UnstorableError as error:
            raise Problem(422, str(error)) from None

    def lifetime(self) -> dict[str, str]:
        """Return the headers that tell a client that the resource grows old."""
        headers = {}
        if self.deprecated is not None:
            headers["Deprecation"] = f"@{int(self.deprecated.timestamp())}"
        if self.sunset is not None:
            headers["Sunset"] = http_date(self.sunset)
        return headers

    def lifetime_links(self) -> list[str]:
        """Return the links that go with those headers."""
        kinds = [("deprecation", self.deprecated), ("sunset", self.sunset)]
        return [f'<{self.successor}>; rel="{kind}"' for kind, moment in kinds if moment and self.successor]


def document(stored: Stored, names: Sequence[str] | None = None) -> dict[str, object]:
    """Return what is shown of a thing, as JSON values: all of it, or the fields ``names``."""
    whole = {"id": stored.id, **to_jsonable_python({**stored.fields, **stored.shown})}
    return whole if names is None else {name: whole[name] for name in whole if name in names}
