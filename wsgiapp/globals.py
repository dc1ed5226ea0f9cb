"""The names that mean "the current one": app, ``g``, request, session. For views and extensions.

Each is a proxy for an object of the current context. The framework itself gets its contexts as arguments and does not
use the proxies.
"""

from __future__ import annotations

from werkzeug.local import LocalProxy

from . import ctx
from .app import App
from .ctx import AppContext, RequestContext, _AppCtxGlobals, _cv_app, _cv_request, _no_app_msg, _no_req_msg
from .sessions import SessionMixin
from .wrappers import Request

__all__ = [
    "LocalProxy", "_cv_app", "_cv_request", "_no_app_msg", "_no_req_msg", "app_ctx", "current_app", "g", "request",
    "request_ctx", "session",
]  # fmt: skip

#: The app that answers the current request, or runs the current command.
current_app: App = ctx.app_proxy
#: A namespace for as long as the current app context lasts.
g: _AppCtxGlobals = ctx.g_proxy
#: The request that is being answered.
request: Request = ctx.request_proxy
#: The session of the visitor who sent it.
session: SessionMixin = ctx.session_proxy
#: The contexts themselves, for extensions.
app_ctx: AppContext[App] = ctx.app_ctx_proxy
request_ctx: RequestContext[App, Request, SessionMixin] = ctx.request_ctx_proxy
