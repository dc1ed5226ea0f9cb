"""Stock pages: the default 404 and 405 pages, with an explanation why no rule matched.

Only here a watched app answers differently. The conditions are narrow: the app has no handler for the error, routing
raised it, the client is a browser (it asks for ``text/html`` by name, RFC 9110, 12.5.1), and may see the X-ray. All
others get the same bytes as without the X-ray.
``XRay(app, explain_404=False)`` switches it off.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.wrappers import Response as BaseResponse

from wsgiapp.xray.explain.why import why_request

_STOCK = (NotFound, MethodNotAllowed)


class StockPages:
    """Makes those pages.

    :param app: the watched app.
    :param pages: the app of the X-ray's pages, which has the template.
    :param prefix: the path of those pages.
    """

    def __init__(self, app: Any, pages: Any, prefix: str) -> None:
        self.app = app
        self.pages = pages
        self.prefix = prefix

    def __call__(self, error: HTTPException, request: Any, name: str) -> BaseResponse | None:
        """The page for *error*, which nobody handled.

        :param name: the id of the request's trace.
        :return: None where the stock page shall stay as it is.
        """
        said = error.__dict__.get("description", error.description)
        # It may be longer than usual: debug mode adds to that of a 405.
        own_text = not str(said).startswith(str(type(error).description))
        own = type(error) not in _STOCK or own_text or error.response is not None
        if own or request.routing_exception is not error or not _is_browser(request):
            return None
        template = self.pages.jinja_env.get_template("stock_page.html")
        link = f"{quote(request.root_path)}{self.prefix}/t/{name}"
        text = template.render(error=error, why=why_request(self.app, request), link=link)
        headers = [*error.get_headers(request.environ), ("Cache-Control", "no-store")]
        response: BaseResponse = self.app.response_class(text, error.code, headers)
        return response


def _is_browser(request: Any) -> bool:
    return any(kind.lower() == "text/html" and quality > 0 for kind, quality in request.accept_mimetypes)
