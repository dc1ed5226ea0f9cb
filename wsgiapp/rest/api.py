"""An API: some resources of an app, the answers to what goes wrong, and the documents on both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.routing import IntegerConverter
from werkzeug.wrappers import Response as BaseResponse

from wsgiapp import App, Blueprint, Response, current_app, request, url_for
from wsgiapp.globals import request_ctx

from . import documents, problems
from .openapi import describe
from .patches import JSON, PATCH_TYPES
from .resource import Resource
from .views import Collection, Item

CONVERTER = "rest_id"


class PlainNumber(IntegerConverter):
    """A whole number in its one spelling: ``/01`` is the address of nothing."""

    regex = "0|[1-9][0-9]{0,17}"


class API:
    """Resources of an app.

    :param app: the app; None to give it later, by :meth:`init_app`.
    :param resources: the resources.
    :param title: the name of the API in its documents.
    :param version: the version of the API in its documents.
    :param prefix: what the addresses of the resources begin with, such as ``/api``.
    :param name: the name of the blueprint, and the begin of its endpoints.
    :param docs: the address of the page with forms.
    :param openapi: the address of the OpenAPI document.
    :param security: the security schemes of OpenAPI, by name; any of them is asked for whatever changes something.
    """

    def __init__(
        self,
        app: App | None,
        *resources: Resource,
        title: str = "API",
        version: str = "1",
        prefix: str = "",
        name: str = "api",
        docs: str = "/docs",
        openapi: str = "/openapi.json",
        security: Mapping[str, Any] | None = None,
    ) -> None:
        self.resources = resources
        self.title, self.version, self.prefix, self.name = title, version, prefix, name
        self.docs, self.openapi = docs, openapi
        self.security = dict(security or {})
        if app is not None:
            self.init_app(app)

    def init_app(self, app: App) -> None:
        """Mount the resources on ``app``, and let it answer errors as the client prefers."""
        problems.init_app(app)
        app.url_map.converters[CONVERTER] = PlainNumber
        blueprint = Blueprint(self.name, __name__, template_folder="templates")
        blueprint.after_request(self.complete)
        for resource in self.resources:
            problems.init_app(app, prefix=self.path(resource))
            self.mount(blueprint, resource)
        self.mount_documents(blueprint)
        app.before_request(options_of_the_server)
        app.register_blueprint(blueprint)

    def path(self, resource: Resource) -> str:
        """Return the address of the list of ``resource``."""
        return f"{self.prefix}/{resource.name}"

    def mount(self, blueprint: Blueprint, resource: Resource) -> None:
        """Add the two addresses of ``resource``: the list, and one thing."""
        wanted = {*resource.methods}
        places = [
            (f"{resource.name}_list", "", Collection, {"GET", "POST"}),
            (f"{resource.name}_item", f"/<{CONVERTER}:id>", Item, {"GET", "PUT", "PATCH", "DELETE"}),
        ]
        for endpoint, rest, view, possible in places:
            if wanted & possible:
                function = view.as_view(endpoint, resource, f"{self.name}.{resource.name}")
                function.provide_automatic_options = False  # type: ignore[attr-defined]  # read by add_url_rule
                rule = self.path(resource) + rest
                methods = [*(wanted & possible), "OPTIONS"]
                blueprint.add_url_rule(rule, endpoint, function, methods=methods)

    def mount_documents(self, blueprint: Blueprint) -> None:
        """Add the addresses of the OpenAPI document, of the page with forms, and of what that loads."""
        blueprint.add_url_rule(self.openapi, "openapi", lambda: documents.openapi(self.document()))
        blueprint.add_url_rule(self.docs, "docs", lambda: documents.page(self.document(), self.urls()))
        blueprint.add_url_rule(f"{self.docs}/<any('rest.css', 'rest.js', 'rest.svg'):name>", "asset", documents.asset)

    def document(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        return describe(self.resources, self.prefix, self.title, self.version, self.security)

    def urls(self) -> dict[str, str]:
        """Return the addresses that the pages need."""
        assets = {name: url_for(f"{self.name}.asset", name=file) for name, file in documents.ASSETS.items()}
        return {**assets, "openapi": url_for(f"{self.name}.openapi"), "docs": url_for(f"{self.name}.docs")}

    def complete(self, response: BaseResponse) -> BaseResponse:
        """Add the headers that every answer of a resource carries."""
        place = (request.endpoint or "").rpartition(".")[2]
        resource = next((each for each in self.resources if place in (f"{each.name}_list", f"{each.name}_item")), None)
        if resource is None:
            return response
        response.vary.add("Accept")
        if request.method == "OPTIONS" and response.status_code == 204:
            response.headers.update(options_of(resource, place))
        if response.status_code == 204:
            response.headers.pop("Content-Type", None)
        response.headers.setdefault("Cache-Control", "private, no-cache" if resource.private else "no-cache")
        response.headers.update(resource.lifetime())
        if links := resource.lifetime_links():
            response.headers["Link"] = ", ".join(filter(None, [response.headers.get("Link"), *links]))
        return response


def options_of(resource: Resource, endpoint: str) -> dict[str, str]:
    """Return the headers that say what can be done at an address."""
    adapter = request_ctx.url_adapter
    headers = {"Allow": problems.in_order(adapter.allowed_methods() if adapter else ())}
    if endpoint.endswith("_item") and "PATCH" in resource.methods:
        headers["Accept-Patch"] = ", ".join(PATCH_TYPES)
    if endpoint.endswith("_list") and "POST" in resource.methods:
        headers["Accept-Post"] = JSON
    return headers


def options_of_the_server() -> Response | None:
    """Answer ``OPTIONS *``, which asks the server and no address of it (RFC 9110, section 9.3.7)."""
    if request.method != "OPTIONS" or request.environ.get("PATH_INFO") != "*":
        return None
    methods = {method for rule in current_app.url_map.iter_rules() for method in rule.methods or ()}
    response = Response(status=204, headers={"Allow": problems.in_order(methods)})
    del response.headers["Content-Type"]
    return response
