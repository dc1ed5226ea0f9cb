"""Types for what users write: return values, views, hooks, handlers.

The lowest layer. Here are aliases for the functions that a user may register and the values that a view may return, and
the few protocols by which lower layers know an app without importing it. Nothing here runs in a request.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response

if TYPE_CHECKING:  # before Python 3.13 only type checkers know defaults of type variables
    from wsgiref import types as wsgi

    from typing_extensions import TypeVar as _TypeVar

    StartResponse = wsgi.StartResponse
else:
    StartResponse = Callable[..., Any]  # without loading wsgiref, which only type checkers need

    def _TypeVar(name: str, **_: Any) -> TypeVar:  # noqa: N802  # it stands for a class
        return TypeVar(name)


# PEP 3333.
WSGIEnvironment = dict[str, Any]
WSGIApplication = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]

T = TypeVar("T")
ResponseClass = TypeVar("ResponseClass", bound=Response)
# Parameters for types that a lower layer cannot import, such as the app of a context. A higher layer fills them in:
# ``App.app_context`` returns an ``AppContext[App]``. Without the brackets they are Any.
AppType = _TypeVar("AppType", bound=Any, default=Any)
RequestType = _TypeVar("RequestType", bound=Any, default=Any)
SessionType = _TypeVar("SessionType", bound=Any, default=Any)

# What a view may return, piece by piece. The classes are Werkzeug's, so that a plain Werkzeug response fits too; the
# asynchronous streams are Quart's: never served here, but typed code that was written for both must pass.
ResponseStream = Iterator[str] | Iterator[bytes] | AsyncIterable[str] | AsyncIterable[bytes]
ResponseValue = Response | str | bytes | list[Any] | Mapping[str, Any] | ResponseStream
HeaderValue = str | list[str] | tuple[str, ...]
HeadersValue = Headers | Mapping[str, HeaderValue] | Sequence[tuple[str, HeaderValue]]
ResponsePair = tuple[ResponseValue, HeadersValue] | tuple[ResponseValue, int]
ResponseReturnValue = ResponseValue | ResponsePair | tuple[ResponseValue, int, HeadersValue] | WSGIApplication

# ``None`` stands for the app itself, a string for the blueprint of that dotted name.
AppOrBlueprintKey = str | None

# The return type of a function that may also be a coroutine function.
Answer: TypeAlias = T | Awaitable[T]

RouteCallable = Callable[..., Answer[ResponseReturnValue]]
BeforeFirstRequestCallable = Callable[[], Answer[None]]
BeforeRequestCallable = Callable[[], Answer[ResponseReturnValue | None]]
AfterRequestCallable = Callable[[ResponseClass], Answer[ResponseClass]]
TeardownCallable = Callable[[BaseException | None], Answer[None]]
URLDefaultCallable = Callable[[str, dict[str, Any]], None]
URLValuePreprocessorCallable = Callable[[str | None, dict[str, Any] | None], None]
# ``Any`` for the exception: a handler registered for ``KeyError`` takes a KeyError, and parameters are contravariant.
ErrorHandlerCallable = Callable[[Any], Answer[ResponseReturnValue]]
TemplateContextProcessorCallable = Callable[[], Answer[dict[str, Any]]]
TemplateFilterCallable = Callable[..., Any]
TemplateGlobalCallable = Callable[..., Any]
TemplateTestCallable = Callable[..., bool]
ShellContextProcessorCallable = Callable[[], dict[str, Any]]


class SupportsApp(Protocol):
    """What every layer may ask of an app without knowing its class."""

    @property
    def name(self) -> str:
        """The app's name."""

    @property
    def debug(self) -> bool:
        """Whether debug mode is on."""

    @property
    def response_class(self) -> Callable[..., Response]:
        """The class of the app's responses."""
