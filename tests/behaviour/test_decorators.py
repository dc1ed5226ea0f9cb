"""Decorators without their parentheses: those that need no argument register, the others say what to write.

The decorators are found by looking at the classes, so that a new one is tested without being named here.
"""

import inspect
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import flask
import pytest

import wsgiapp

NEED_AN_ARGUMENT = {"route", "get", "post", "put", "patch", "delete", "endpoint", "errorhandler", "app_errorhandler"}
OWNERS: dict[str, Callable[[], Any]] = {
    "app": lambda: wsgiapp.App(__name__),
    "bp": lambda: wsgiapp.Blueprint("bp", __name__),
}


def is_decorator(method: Any) -> bool:
    """A method for setting up that returns something: what it decorated, or the decorator."""
    set_up = inspect.unwrap(method) is not method and "self" in inspect.signature(method).parameters
    return set_up and inspect.signature(method).return_annotation != "None"


def decorators_of(cls: type) -> list[str]:
    return [name for name, method in inspect.getmembers(cls, inspect.isfunction) if is_decorator(method)]


DECORATORS = [(owner, name) for owner, make in OWNERS.items() for name in decorators_of(type(make()))]


def decorated(*args: Any) -> str:
    return "made by the decorated function"


def test_all_decorators_are_found() -> None:
    names = {name for _, name in DECORATORS}
    assert names > NEED_AN_ARGUMENT | {"template_filter", "app_template_test", "before_request", "teardown_appcontext"}
    assert len(DECORATORS) >= 43


@pytest.mark.parametrize(("owner", "name"), DECORATORS)
def test_bare_decorator_registers_or_raises_at_once(owner: str, name: str) -> None:
    target = OWNERS[owner]()
    if name not in NEED_AN_ARGUMENT:
        assert getattr(target, name)(decorated) is decorated
        return
    with pytest.raises(TypeError) as raised:
        getattr(target, name)(decorated)
    line = decorated.__code__.co_firstlineno
    assert f"decorated ({__file__}:{line})" in str(raised.value)
    assert re.search(rf'Write: @{owner}\.{name}\(("\S+"|404)\)$', str(raised.value))


@pytest.mark.parametrize("name", sorted(NEED_AN_ARGUMENT))
def test_line_that_the_message_shows_is_one_that_works(name: str) -> None:
    owner = "bp" if name == "app_errorhandler" else "app"
    target = OWNERS[owner]()
    with pytest.raises(TypeError) as raised:
        getattr(target, name)(decorated)
    decorator = eval(str(raised.value).partition("Write: @")[2], {owner: target})
    assert decorator(decorated) is decorated


@pytest.mark.parametrize("name", sorted(NEED_AN_ARGUMENT - {"errorhandler", "app_errorhandler"}))
def test_callable_object_is_named_as_well(name: str) -> None:
    with pytest.raises(TypeError, match=r"functools\.partial"):
        getattr(wsgiapp.App(__name__), name)(partial(decorated, 1))


KINDS = [("filter", "{{ 1|decorated }}"), ("test", "{{ 1 is decorated }}"), ("global", "{{ decorated() }}")]


@pytest.mark.parametrize(("kind", "source"), KINDS, ids=[kind for kind, _ in KINDS])
@pytest.mark.parametrize("form", ["bare", "empty", "named"])
@pytest.mark.parametrize("owner", OWNERS)
def test_template_decorator_works_in_each_form(kind: str, source: str, form: str, owner: str) -> None:
    target = OWNERS[owner]()
    decorator = getattr(target, f"template_{kind}" if owner == "app" else f"app_template_{kind}")
    given = {"bare": decorator, "empty": lambda f: decorator()(f), "named": lambda f: decorator("decorated")(f)}[form]
    assert given(decorated) is decorated
    app = target if owner == "app" else wsgiapp.App(__name__)
    if owner == "bp":
        app.register_blueprint(target)
    with app.app_context():
        answer = wsgiapp.render_template_string(source)
    assert answer == "made by the decorated function"


def test_async_view_without_parentheses_is_named_too() -> None:
    app: Any = wsgiapp.App(__name__)

    async def view() -> str:
        return ""

    with pytest.raises(TypeError, match=r"view \(.*test_decorators\.py:\d+\)"):
        app.get(view)


@pytest.mark.parametrize("name", ["template_filter", "template_test", "template_global", "endpoint"])
def test_flask_replaces_the_function_and_registers_nothing(name: str) -> None:
    assert getattr(flask.Flask(__name__), name)(decorated) is not decorated
