"""Views as classes: one method for a URL, or one for each HTTP method.

Layer "views", at the top: it is sugar over plain view functions. :meth:`View.as_view` makes such a function; routing
and dispatch know nothing of classes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, ClassVar, cast

from .globals import current_app, request
from .typing import ResponseReturnValue, RouteCallable

http_method_funcs = frozenset({"get", "head", "post", "put", "patch", "delete", "options", "trace"})


class View:
    """A view with a class around it; a subclass defines :meth:`dispatch_request`, which takes the URL's variables."""

    # The HTTP methods of the view; None leaves them to the route (GET, HEAD and OPTIONS if that says nothing either).
    methods: ClassVar[Collection[str] | None] = None
    # Whether the framework answers OPTIONS; None leaves it to the route and then to the app's configuration.
    provide_automatic_options: ClassVar[bool | None] = None
    # Decorators for the view function, the innermost first.
    decorators: ClassVar[list[Callable[..., Any]]] = []
    # Whether each request gets an instance of its own, and may keep its state there.
    init_every_request: ClassVar[bool] = True

    def dispatch_request(self) -> ResponseReturnValue:
        """Return the response of one request; called with the variables of the URL."""
        raise NotImplementedError(f"{type(self).__name__} must define dispatch_request().")

    @classmethod
    def as_view(cls, name: str, *class_args: Any, **class_kwargs: Any) -> RouteCallable:
        """Return a view function, named ``name``, that runs instances of the class.

        The other arguments are those of the class. Assigning to the function's ``view_class`` changes the class that
        is used from then on, unless the only instance has been made already.
        """
        only = None if cls.init_every_request else cls(*class_args, **class_kwargs)
        taken = ("__module__", "__doc__", "methods", "provide_automatic_options")
        facts = {"__name__": name, "view_class": cls, **{fact: getattr(cls, fact) for fact in taken}}

        def view(**variables: Any) -> ResponseReturnValue:
            instance = published.view_class(*class_args, **class_kwargs) if only is None else only
            return cast(ResponseReturnValue, current_app.ensure_sync(instance.dispatch_request)(**variables))

        # Decorators may read the facts, and may return a function that lost them.
        published = _with_attributes(view, facts)
        for decorate in cls.decorators:
            published = decorate(published)
        return cast(RouteCallable, _with_attributes(published, facts))


def _with_attributes(function: Any, attributes: dict[str, Any]) -> Any:
    """Return ``function`` after its attributes were set."""
    for name, value in attributes.items():
        setattr(function, name, value)
    return function


class MethodView(View):
    """A view that hands a request to the method named after its HTTP method, such as ``get`` or ``post``.

    HEAD goes to ``get`` where there is no ``head``. The ``methods`` of a subclass are those it defines or inherits.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "methods" in vars(cls):
            return
        inherited = (getattr(base, "methods", None) or () for base in cls.__bases__)
        own = (name.upper() for name in http_method_funcs if hasattr(cls, name))
        if methods := {*own}.union(*inherited):
            cls.methods = methods

    def dispatch_request(self, **kwargs: Any) -> ResponseReturnValue:
        """Return what the method for the request's HTTP method returns."""
        name = request.method.lower()
        if name == "head" and not hasattr(self, name):
            name = "get"
        handler = getattr(self, name, None)
        if handler is None:
            hint = f"Define {name!r}, or take the HTTP method out of `methods`."
            raise AssertionError(f"Unimplemented method {request.method!r}: {type(self).__name__} has none. {hint}")
        return cast(ResponseReturnValue, current_app.ensure_sync(handler)(**kwargs))
