"""Views as classes: one method for a URL, or one for each HTTP method.

Layer "views", at the top. :meth:`View.as_view` makes a plain view function of a class; routing and dispatch know only
such functions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, ClassVar, cast

from .globals import current_app, request
from .typing import ResponseReturnValue, RouteCallable

http_method_funcs = frozenset({"get", "head", "post", "put", "patch", "delete", "options", "trace"})


class View:
    """A view as a class: a subclass defines :meth:`dispatch_request`.

    >>> class Greeting(View):
    ...     def dispatch_request(self, name: str) -> str:
    ...         return f"Hello, {name}!"
    >>> app.add_url_rule("/hello/<name>", view_func=Greeting.as_view("greeting"))
    >>> app.test_client().get("/hello/Ada").text
    'Hello, Ada!'
    """

    # The HTTP methods of the view; None leaves them to the route (GET, HEAD and OPTIONS if that says nothing either).
    methods: ClassVar[Collection[str] | None] = None
    # Whether the framework answers OPTIONS; None leaves it to the route and then to the app's configuration.
    provide_automatic_options: ClassVar[bool | None] = None
    # Decorators for the view function, the innermost first.
    decorators: ClassVar[list[Callable[..., Any]]] = []
    # Whether each request gets an instance of its own, and may keep its state there.
    init_every_request: ClassVar[bool] = True

    def dispatch_request(self) -> ResponseReturnValue:
        """Return the answer to one request, as a view function does. It is called with the variables of the URL."""
        raise NotImplementedError(f"{type(self).__name__} must define dispatch_request().")

    @classmethod
    def as_view(cls, name: str, *class_args: Any, **class_kwargs: Any) -> RouteCallable:
        """Return a view function that makes instances of the class and calls them.

        >>> class Page(View):
        ...     def __init__(self, text: str) -> None:
        ...         self.text = text
        ...     def dispatch_request(self) -> str:
        ...         return self.text
        >>> app.add_url_rule("/about", view_func=Page.as_view("about", "About us"))
        >>> app.test_client().get("/about").text
        'About us'

        The function's attribute ``view_class`` is the class; another may be assigned to it, unless
        ``init_every_request`` is False.

        :param name: the name of the function, and so the endpoint.
        :param class_args: arguments for the class.
        :param class_kwargs: keyword arguments for the class.
        """
        only = None if cls.init_every_request else cls(*class_args, **class_kwargs)
        taken = ("__module__", "__doc__", "methods", "provide_automatic_options")
        facts = {"__name__": name, "view_class": cls, **{fact: getattr(cls, fact) for fact in taken}}

        def view(**variables: Any) -> ResponseReturnValue:
            instance = published.view_class(*class_args, **class_kwargs) if only is None else only
            return cast(ResponseReturnValue, current_app.ensure_sync(instance.dispatch_request)(**variables))

        # Decorators may read the facts, and may return a function that lost them.
        published = _with_attributes(view, facts)
        for decorate in cls.decorators or ():
            published = decorate(published)
        return cast(RouteCallable, _with_attributes(published, facts))


def _with_attributes(function: Any, attributes: dict[str, Any]) -> Any:
    """Set attributes of *function*, and return it."""
    for name, value in attributes.items():
        setattr(function, name, value)
    return function


class MethodView(View):
    """A view with one method for each HTTP method, such as ``get`` or ``post``.

    HEAD goes to ``get`` where there is no ``head``. The ``methods`` of a subclass are those it defines or inherits.

    >>> class Item(MethodView):
    ...     def get(self, number: int) -> str:
    ...         return f"item {number}"
    ...     def delete(self, number: int) -> tuple[str, int]:
    ...         return "", 204
    >>> app.add_url_rule("/item/<int:number>", view_func=Item.as_view("item"))
    >>> app.test_client().delete("/item/1").status
    '204 NO CONTENT'
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
        """Call the method for the request's HTTP method, and return its answer.

        :raises AssertionError: when there is no such method.
        """
        name = request.method.lower()
        if name == "head" and not hasattr(self, name):
            name = "get"
        handler = getattr(self, name, None)
        if handler is None:
            hint = f"Define {name!r}, or take the HTTP method out of `methods`."
            raise AssertionError(f"Unimplemented method {request.method!r}: {type(self).__name__} has none. {hint}")
        return cast(ResponseReturnValue, current_app.ensure_sync(handler)(**kwargs))
