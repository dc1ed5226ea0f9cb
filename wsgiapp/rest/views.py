"""Views: what each method does to a resource, and in which order a request is checked.

The order: can the answer have an accepted form (406), may the client do this (401, 403), can the body be read (415,
400), does the thing exist (404), is it in the state that the client saw (412, 428), are the values valid (422).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_jsonable_python
from werkzeug.http import parse_list_header, parse_options_header
from werkzeug.wrappers import Response as BaseResponse

from wsgiapp import Response, render_template, request, url_for
from wsgiapp.typing import ResponseReturnValue
from wsgiapp.views import MethodView

from .conditional import answer_read, check_write
from .documents import ASSETS
from .idempotency import once
from .jsonbody import JSONError, parse
from .models import pointed_errors, validate
from .patches import APPLY, JSON, PATCH_TYPES, ConflictingPatchError, MalformedPatchError, same
from .problems import PROBLEM, Problem, acceptable
from .resource import Resource, document
from .stores import Stored

HTML = "text/html"
MAX_BODY = 1024 * 1024


class ResourceView(MethodView):
    """What lists and single things have in common.

    :param resource: the resource.
    :param endpoint: what the endpoints of its addresses begin with.
    """

    init_every_request = True

    def __init__(self, resource: Resource, endpoint: str) -> None:
        self.resource, self.endpoint = resource, endpoint

    def dispatch_request(self, **kwargs: Any) -> ResponseReturnValue:
        """Make the checks that need no body, then call the method."""
        if request.method == "OPTIONS":
            return Response(status=204)
        self.as_page = prefers_page()
        if request.max_content_length is None:
            request.max_content_length = MAX_BODY
        self.resource.authorise(self.method, None)
        return super().dispatch_request(**kwargs)

    @property
    def method(self) -> str:
        """The method as rules see it: HEAD is a GET whose body is not sent."""
        return "GET" if request.method == "HEAD" else request.method

    def url(self, stored: Stored) -> str:
        """Return the address of a thing."""
        return url_for(f"{self.endpoint}_item", id=stored.id)

    def urls(self) -> dict[str, str]:
        """Return the addresses that a page needs."""
        api = self.endpoint.rpartition(".")[0]
        assets = {name: url_for(f"{api}.asset", name=file) for name, file in ASSETS.items()}
        return {**assets, "docs": url_for(f"{api}.docs")}

    def validated(self, value: Any, *, new: bool = False) -> dict[str, Any]:
        """Return the fields that ``value`` gives a thing, which may be a ``new`` one.

        :raises Problem: 422, with every field that is wrong.
        """
        try:
            model = (self.resource.new if new else None) or self.resource.model
            return validate(model, value).model_dump()
        except ValidationError as error:
            raise Problem(422, "Some values are not valid.", errors=pointed_errors(error)) from None

    def represent(self, shown: Any, tag: str | None, **page: Any) -> BaseResponse:
        """Return ``shown`` as JSON or as a page; ``tag`` is the tag of the JSON, None to make one of its bytes."""
        if not self.as_page:
            response = json_response(shown)
        else:
            text = json.dumps(shown, ensure_ascii=False, indent=2)
            response = Response(
                render_template("rest/browse.html", resource=self.resource, text=text, **self.urls(), **page)
            )
            tag = None
        response.add_etag() if tag is None else response.set_etag(tag)
        return response


class Collection(ResourceView):
    """The list of a resource: read, added to."""

    def get(self) -> ResponseReturnValue:
        """Return one page of the list; the header Link has the ways to the others."""
        parameters: Any = self.resource.listing.read()
        page = self.resource.listing.page(self.resource.store, parameters)
        names = parameters.fields.split(",") if parameters.fields else None
        here = url_for(f"{self.endpoint}_list")
        links = {relation: f"{here}?{query}" if query else here for relation, query in page.links.items()}
        urls = [(self.url(item), f"{self.resource.name} {item.id}") for item in page.items]
        shown = {"items": [document(item, names) for item in page.items]}
        response = self.represent(shown, None, title=self.resource.name, links=links, urls=urls)
        response.headers["Link"] = ", ".join(f'<{url}>; rel="{relation}"' for relation, url in links.items())
        return answer_read(response)

    def post(self) -> ResponseReturnValue:
        """Keep a new thing: 201, and where it is."""
        body = read_json((JSON,), "Accept")
        work = functools.partial(self.create, body)
        return once(self.resource.keys, work, required=self.resource.require_key, who=self.resource.who)

    def create(self, body: Any) -> BaseResponse:
        """Keep ``body`` as a new thing and return the answer."""
        fields = self.validated(body, new=True)
        with self.resource.transaction() as writer:
            stored = writer.create(fields)
        response = json_response(document(stored) if wants_result() else {"id": stored.id})
        response.status_code = 201
        response.set_etag(stored.tag)
        response.headers["Location"] = self.url(stored)
        if wants_result():
            response.headers["Content-Location"] = self.url(stored)
        return applied(response)


class Item(ResourceView):
    """One thing: read, replaced, changed, removed.

    All methods share one rule, so that an address that cannot be a thing's is 404 for each of them alike.
    """

    def get(self, id: int) -> ResponseReturnValue:
        """Return the thing, or 304 when the client has it already."""
        names = self.names()
        stored = self.found(id, self.resource.store.get(id))
        tag = stored.tag if names is None else None
        here = url_for(f"{self.endpoint}_list")
        response = self.represent(
            document(stored, names), tag, links={"collection": here}, title=f"{self.resource.name} {id}"
        )
        return answer_read(response)

    def put(self, id: int) -> ResponseReturnValue:
        """Replace the thing by the one sent; what is left out takes its default."""
        body = read_json((JSON,), "Accept")
        return self.change(id, lambda _before: body)

    def patch(self, id: int) -> ResponseReturnValue:
        """Change what the patch names, leave the rest: a merge patch, or a JSON Patch, by its media type."""
        patch = read_json(PATCH_TYPES, "Accept-Patch")
        return self.change(id, functools.partial(patched, patch=patch))

    def delete(self, id: int) -> ResponseReturnValue:
        """Remove the thing."""
        with self.resource.transaction() as writer:
            stored = self.found(id, writer.get(id))
            check_write(stored.tag, required=self.resource.require_tag)
            writer.delete(stored)
        return Response(status=204)

    def change(self, id: int, wanted: Callable[[Any], Any]) -> BaseResponse:
        """Give the thing the value that ``wanted`` makes of the one it has, and return the answer.

        Its tag is told only where what is kept is what was sent, to the last value: else a client would take its own
        copy for the one that the tag names (RFC 9110, section 9.3.4).
        """
        with self.resource.transaction() as writer:
            before = self.found(id, writer.get(id))
            check_write(before.tag, required=self.resource.require_tag)
            value = wanted(to_jsonable_python(dict(before.fields)))
            after = writer.replace(before, self.validated(value))
        response = json_response(document(after)) if wants_result() else Response(status=204)
        if wants_result():
            response.headers["Content-Location"] = self.url(after)
        if same(to_jsonable_python(dict(after.fields)), value):
            response.set_etag(after.tag)
        return applied(response)

    def found(self, id: int, stored: Stored | None) -> Stored:
        """Return the thing, which this client may see or change.

        :raises Problem: 404 when there is none, and what the resource's ``authorise`` raises.
        """
        if stored is None:
            raise Problem(404, f"There is no {id} in {self.resource.name}.")
        self.resource.authorise(self.method, stored)
        return stored

    def names(self) -> list[str] | None:
        """Return the fields that the parameter ``fields`` asks for; None for all.

        :raises Problem: 422 for another parameter, or a field that there is not.
        """
        asked = request.args.get("fields")
        wrong = [name for name in request.args if name != "fields"]
        twice = len(request.args.getlist("fields")) > 1
        if wrong or twice or (asked is not None and not {*asked.split(",")} <= {*self.resource.listing.names}):
            detail = f"the one parameter, given once, is fields, of {', '.join(self.resource.listing.names)}"
            errors = [{"parameter": name, "detail": detail} for name in wrong or ["fields"]]
            raise Problem(422, "Some parameters are not valid.", errors=errors)
        return None if asked is None else asked.split(",")


def json_response(value: Any) -> Response:
    """Return ``value`` as application/json."""
    return Response(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", content_type=JSON)


def patched(before: Any, patch: Any) -> Any:
    """Return ``before`` changed by ``patch``, as the media type of the request says.

    :raises Problem: 400 for what is no patch, 409 for one that cannot be applied to this.
    """
    try:
        return APPLY[request.mimetype](before, patch)
    except MalformedPatchError as error:
        raise Problem(400, str(error)) from None
    except ConflictingPatchError as error:
        raise Problem(409, str(error)) from None


def prefers_page() -> bool:
    """Tell whether the client prefers a page to JSON. Only requests that read can be answered by a page.

    :raises Problem: 406 when it accepts neither.
    """
    if not request.headers.get("Accept"):
        return False
    accepted = acceptable()
    data = accepted.quality(JSON)
    if any(kind.lower() == PROBLEM for kind, _ in accepted):  # who names it reads JSON
        data = max(data, accepted.quality(PROBLEM))
    page = accepted.quality(HTML) if request.method in ("GET", "HEAD") else 0
    if not data and not page:
        raise Problem(406, f"This resource is to be had as {JSON}, and to be read as {HTML}.")
    return page > data


def read_json(accepted: Sequence[str], header: str) -> Any:
    """Return the JSON value of the body.

    :raises Problem: 415 (with the accepted types in ``header``) for another media type, 400 for what is no JSON.
    """
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    compressed = request.headers.get("Content-Encoding", "identity").lower() not in ("", "identity")
    if request.mimetype not in accepted or charset != "utf-8" or compressed:
        types = ", ".join(accepted)
        taken = {header: types, **({"Accept-Encoding": "identity"} if compressed else {})}
        raise Problem(415, f"Send the body as {types}, in UTF-8 and uncompressed.", headers=taken)
    try:
        return parse(request.get_data())
    except JSONError as error:
        raise Problem(400, str(error), position=error.position) from None


def preference() -> str | None:
    """Return the preference ``return`` of the header Prefer (RFC 7240, 4.2): minimal, representation or None."""
    for part in parse_list_header(",".join(request.headers.getlist("Prefer"))):
        name, _, value = parse_options_header(part)[0].partition("=")
        value = value.strip().strip('"')
        if name.strip().lower() == "return":
            return value if value in ("minimal", "representation") else None
    return None


def wants_result() -> bool:
    """Tell whether the answer to a change shows the changed thing."""
    return preference() != "minimal"


def applied(response: BaseResponse) -> BaseResponse:
    """Add the header Preference-Applied, which names the preference that the answer follows."""
    followed = preference()
    if followed:
        response.headers["Preference-Applied"] = f"return={followed}"
    return response
