"""The types of what users hand us: return values, views, hooks, handlers.

Lowest layer of the house. Here live aliases that name the callables a user may register and the values a view may
return, and the few protocols by which lower layers know an app without importing it. Nothing here runs in a request.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar, Union
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response

__all__ = [
    "AfterRequestCallable", "AppOrBlueprintKey", "BeforeFirstRequestCallable", "BeforeRequestCallable",
    "ErrorHandlerCallable", "HeaderValue", "HeadersValue", "ResponseClass", "ResponseReturnValue", "ResponseValue",
    "RouteCallable", "ShellContextProcessorCallable", "StartResponse", "TeardownCallable",
    "TemplateContextProcessorCallable", "TemplateFilterCallable", "TemplateGlobalCallable", "TemplateTestCallable",
    "URLDefaultCallable", "URLValuePreprocessorCallable", "WSGIApplication", "WSGIEnvironment",
]  # fmt: skip

# What a view may return, piece by piece. The classes are Werkzeug's, so that a plain Werkzeug response fits too.
ResponseValue = Union[
    Response,
    str,
    bytes,
    list[Any],
    Mapping[str, Any],
    Iterator[str],
    Iterator[bytes],
    AsyncIterable[str],  # Quart's; never served here, but typed code written for both must pass
    AsyncIterable[bytes],
]
HeaderValue = Union[str, list[str], tuple[str, ...]]
HeadersValue = Union[Headers, Mapping[str, HeaderValue], Sequence[tuple[str, HeaderValue]]]
ResponseReturnValue = Union[
    ResponseValue,
    tuple[ResponseValue, HeadersValue],
    tuple[ResponseValue, int],
    tuple[ResponseValue, int, HeadersValue],
    WSGIApplication,
]
ResponseClass = TypeVar("ResponseClass", bound=Response)

# ``None`` stands for the app itself, a string for the blueprint of that dotted name.
AppOrBlueprintKey = Union[str, None]

AfterRequestCallable = Union[
    Callable[[ResponseClass], ResponseClass],
    Callable[[ResponseClass], Awaitable[ResponseClass]],
]
BeforeFirstRequestCallable = Union[Callable[[], None], Callable[[], Awaitable[None]]]
BeforeRequestCallable = Union[
    Callable[[], Union[ResponseReturnValue, None]],
    Callable[[], Awaitable[Union[ResponseReturnValue, None]]],
]
ShellContextProcessorCallable = Callable[[], dict[str, Any]]
TeardownCallable = Union[
    Callable[[Union[BaseException, None]], None],
    Callable[[Union[BaseException, None]], Awaitable[None]],
]
TemplateContextProcessorCallable = Union[Callable[[], dict[str, Any]], Callable[[], Awaitable[dict[str, Any]]]]
TemplateFilterCallable = Callable[..., Any]
TemplateGlobalCallable = Callable[..., Any]
TemplateTestCallable = Callable[..., bool]
URLDefaultCallable = Callable[[str, dict[str, Any]], None]
URLValuePreprocessorCallable = Callable[[Union[str, None], Union[dict[str, Any], None]], None]

# ``Any`` for the exception: a handler registered for ``KeyError`` takes a KeyError, and parameters are contravariant.
ErrorHandlerCallable = Union[
    Callable[[Any], ResponseReturnValue],
    Callable[[Any], Awaitable[ResponseReturnValue]],
]
RouteCallable = Union[
    Callable[..., ResponseReturnValue],
    Callable[..., Awaitable[ResponseReturnValue]],
]


class SupportsApp(Protocol):
    """What every layer may ask of an app without knowing its class."""

    @property
    def name(self) -> str: ...

    @property
    def config(self) -> Any: ...

    @property
    def debug(self) -> bool: ...

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]: ...


class SupportsJSON(SupportsApp, Protocol):
    """What a JSON provider needs: the class of the responses it makes."""

    @property
    def response_class(self) -> Callable[..., Response]: ...


class SupportsWSGI(SupportsApp, Protocol):
    """What a test client and a command line need: something to call, and where it is mounted."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]: ...
