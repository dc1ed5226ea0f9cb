"""Shop layer 4: the products as a resource, /api/products.

What each method does to a product, and in which order a request is judged: who may, what is sent, is it there, has it
changed meanwhile, is it valid. Parsing lives in ``jsonbody``, the rules for fields in ``forms``.
"""

from __future__ import annotations

import hmac
from typing import Any, NoReturn

from pydantic import ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from wsgiapp import Blueprint, Response, current_app, jsonify, request, url_for
from wsgiapp.shop import account, csrf, store
from wsgiapp.shop.forms import ListQuery, ProductIn, pointed_errors
from wsgiapp.shop.jsonbody import JSONError, merge, parse
from wsgiapp.shop.models import Product
from wsgiapp.shop.problems import Problem, answer
from wsgiapp.shop.queries import by_id, matching
from wsgiapp.shop.settings import api_token
from wsgiapp.typing import ResponseReturnValue
from wsgiapp.views import MethodView

JSON, MERGE_PATCH = "application/json", "application/merge-patch+json"
PATCH_TYPES = (MERGE_PATCH, JSON)
REALM = 'Bearer realm="shop"'

bp = Blueprint(csrf.API, __name__, url_prefix="/api/products")


@bp.before_request
def negotiate() -> None:
    """Refuse what cannot be answered (406) and whoever may not write (401)."""
    if request.headers.get("Accept") and not request.accept_mimetypes.quality(JSON):
        raise Problem(406, f"This resource is to be had as {JSON} only.")
    if request.method not in csrf.SAFE_METHODS:
        authorise()


@bp.after_request
def describe(response: Response) -> Response:
    """Complete the headers that every answer of this resource carries."""
    response.vary.add("Accept")
    if request.method == "OPTIONS":
        response.status_code = 204
        response.headers["Accept-Patch"] = ", ".join(PATCH_TYPES)
    if response.status_code == 204:
        del response.headers["Content-Type"]
    response.headers.setdefault("Cache-Control", "no-cache")
    return response


def authorise() -> None:
    """Let a request write that brings the API token, or a signed-in session together with its CSRF token.

    Raises ``Problem`` (401) otherwise: a cookie alone is sent by the browser for any site that asks.
    """
    given = request.authorization
    if given is not None and given.type == "bearer":
        expected = api_token(current_app).encode()
        if hmac.compare_digest(expected, (given.token or "").encode("utf-8", "replace")):
            return
        _unauthorised("This API token is not the right one.", ', error="invalid_token"')
    if not csrf.matches(request.headers.get(csrf.HEADER)) or account.current_user() is None:
        _unauthorised(f"Send the API token (Authorization: Bearer …), or sign in and send {csrf.HEADER}.")


def _unauthorised(detail: str, reason: str = "") -> NoReturn:
    raise Problem(401, detail, headers={"WWW-Authenticate": REALM + reason})


@bp.errorhandler(ValidationError)
def invalid(error: ValidationError) -> ResponseReturnValue:
    """Answer 422 and name every field (in a GET, every parameter) that is wrong."""
    errors = pointed_errors(error)
    if request.method in csrf.SAFE_METHODS:
        errors = [{"parameter": entry["pointer"].removeprefix("#/"), "detail": entry["detail"]} for entry in errors]
    return answer(Problem(422, "Some values are not valid.", errors=errors))


@bp.get("")
def index() -> ResponseReturnValue:
    """List products: ``q`` searches, ``limit`` (1 to 100) bounds, ``after`` goes on behind that id."""
    query = ListQuery.model_validate_strings(request.args.to_dict(), strict=False)
    found = matching(query.q).where(Product.id > query.after).order_by(Product.id).limit(query.limit + 1)
    products = store.reading().scalars(found).all()
    items, more = products[: query.limit], len(products) > query.limit
    response = jsonify({"items": [document(product) for product in items]})
    if more:
        following = url_for("api.index", q=query.q or None, limit=query.limit, after=items[-1].id)
        response.headers["Link"] = f'<{following}>; rel="next"'
    response.add_etag()
    return response.make_conditional(request)


@bp.post("")
def create() -> ResponseReturnValue:
    """Put a product on sale: 201 and where it is."""
    data = ProductIn.model_validate(read_json((JSON,), "Accept"))
    with store.writing() as db:
        product = Product(**data.model_dump())
        db.add(product)
    response = represent(product)
    response.status_code = 201
    response.headers["Location"] = url_for("api.item", product_id=product.id)
    return response


class Item(MethodView):
    """One product: read, replaced, changed, removed.

    All methods share one rule, so that an address that cannot be a product's is 404 for each of them alike.
    """

    def get(self, product_id: int) -> ResponseReturnValue:
        """Return the product, or 304 when the client has it already."""
        return represent(find(store.reading(), product_id)).make_conditional(request)

    def put(self, product_id: int) -> ResponseReturnValue:
        """Replace the product by the one sent; what is left out takes its default."""
        body = read_json((JSON,), "Accept")
        with store.writing() as db:
            product = find(db, product_id, lock=True)
            assign(product, body)
        return represent(product)

    def patch(self, product_id: int) -> ResponseReturnValue:
        """Change what the merge patch names (RFC 7396), leave the rest."""
        patch = read_json(PATCH_TYPES, "Accept-Patch")
        with store.writing() as db:
            product = find(db, product_id, lock=True)
            assign(product, merge(fields(product), patch))
        return represent(product)

    def delete(self, product_id: int) -> ResponseReturnValue:
        """Take the product off sale, with its reviews."""
        with store.writing() as db:
            db.delete(find(db, product_id, lock=True))
        return Response(status=204)


bp.add_url_rule("/<int:product_id>", view_func=Item.as_view("item"))


def find(db: Session, product_id: int, *, lock: bool = False) -> Product:
    """Return the product; ``lock`` keeps others from changing it and holds the request to its preconditions.

    Raises ``Problem``: 404 when there is none, 412 when the client saw another state of it.
    """
    product = by_id(db, product_id, lock=lock)
    if product is None:
        raise Problem(404, f"There is no product {product_id}.")
    if lock:
        check_preconditions(product)
    return product


def check_preconditions(product: Product) -> None:
    """Compare the tags the client saw with what is there (RFC 9110, sections 13.1.1 and 13.1.2)."""
    unmatched = "If-Match" in request.headers and not request.if_match.contains(product.etag)
    unwanted = "If-None-Match" in request.headers and request.if_none_match.contains_weak(product.etag)
    if unmatched or unwanted:
        detail = "The product has changed since you read it. Read it again and repeat your change."
        raise Problem(412, detail, headers={"ETag": f'"{product.etag}"'})


def assign(product: Product, value: Any) -> None:
    """Set the fields of ``product`` to ``value``, when that is valid. Raises ``ValidationError``."""
    for name, field in ProductIn.model_validate(value):
        setattr(product, name, field)


def read_json(accepted: tuple[str, ...], header: str) -> Any:
    """Return the JSON value of the body.

    Raises ``Problem``: 415 (with the accepted types in ``header``) for another media type, 400 for what is no JSON.
    """
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype not in accepted or charset != "utf-8" or request.headers.get("Content-Encoding"):
        types = ", ".join(accepted)
        raise Problem(415, f"Send the body as {types}, in UTF-8 and uncompressed.", headers={header: types})
    try:
        return parse(request.get_data())
    except JSONError as error:
        raise Problem(400, str(error), position=error.position) from None


def represent(product: Product) -> BaseResponse:
    """Return ``product`` as JSON with its entity tag."""
    response = jsonify(document(product))
    response.set_etag(product.etag)
    return response


def document(product: Product) -> dict[str, Any]:
    """Return what the API shows of ``product``."""
    return {"id": product.id, **fields(product)}


def fields(product: Product) -> dict[str, Any]:
    """Return what the API lets clients change of ``product``."""
    return {name: getattr(product, name) for name in ProductIn.model_fields}
