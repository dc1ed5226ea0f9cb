"""The Jinja2 environment may be one of the user's own: what it brings in is what counts."""

from typing import Any

import pytest
from jinja2 import BaseLoader, DictLoader, StrictUndefined, Template, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.nativetypes import NativeEnvironment
from jinja2.sandbox import SandboxedEnvironment


def app_with_environment(framework: Any, *bases: type, **body: Any) -> Any:
    """An app whose environment class has these bases, the framework's own where ``None`` stands."""
    chosen = tuple(base or framework.templating.Environment for base in bases)
    return type("Own", (framework.App,), {"jinja_environment": type("Own", chosen, body)})(__name__)


def render(framework: Any, app: Any, source: str, **context: Any) -> Any:
    with app.test_request_context():
        return framework.render_template_string(source, **context)


@pytest.mark.parametrize("bases", [(None, SandboxedEnvironment), (SandboxedEnvironment, None)], ids=["after", "before"])
@pytest.mark.parametrize("value", [{}, "", ()], ids=["dict", "str", "tuple"])
def test_a_sandbox_stays_one_wherever_it_is_brought_in(framework: Any, bases: Any, value: Any) -> None:
    app = app_with_environment(framework, *bases)
    assert render(framework, app, "{{ value.name }}", value={"name": "item"}) == "item"
    with pytest.raises(SecurityError):
        render(framework, app, "{{ value.__class__.__mro__ }}", value=value)


@pytest.mark.parametrize("bases", [(None, NativeEnvironment), (NativeEnvironment, None)], ids=["after", "before"])
def test_native_types_stay_native(framework: Any, bases: Any) -> None:
    assert render(framework, app_with_environment(framework, *bases), "{{ 20 + 22 }}") == 42


def test_own_getattr_is_asked_for_every_attribute(framework: Any) -> None:
    def shout(self: Any, obj: Any, attribute: str) -> str:
        return attribute.upper()

    assert render(framework, app_with_environment(framework, None, getattr=shout), "{{ {}.one }}") == "ONE"
    mixin = type("Mixin", (), {"getattr": shout})
    assert render(framework, app_with_environment(framework, None, mixin), "{{ {}.one }}") == ""
    assert render(framework, app_with_environment(framework, mixin, None), "{{ {}.one }}") == "ONE"


def test_own_template_class_is_used(framework: Any) -> None:
    class Loud(Template):
        def render(self, *args: Any, **kwargs: Any) -> str:
            return super().render(*args, **kwargs).upper()

    assert render(framework, app_with_environment(framework, None, template_class=Loud), "text") == "TEXT"


def test_an_overlay_has_its_own_idea_of_undefined(framework: Any) -> None:
    app = framework.App(__name__)
    assert app.jinja_env.from_string("{{ {}.missing }}").render() == ""
    with pytest.raises(UndefinedError, match="'dict object' has no attribute 'missing'"):
        app.jinja_env.overlay(undefined=StrictUndefined).from_string("{{ {}.missing }}").render()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ row.name }} {{ row['name'] }} {{ row.missing }}|", "Row Row |"),
        ("{{ row.items is callable }} {{ row['items'] }}", "True 3"),
        ("{{ row.get('name') }} {{ row.nested.name }}", "Row inner"),
    ],
    ids=["items", "methods before items", "nested"],
)
def test_attributes_of_a_dict(framework: Any, source: str, expected: str) -> None:
    row = {"name": "Row", "items": 3, "nested": {"name": "inner"}}
    assert render(framework, framework.App(__name__), source, row=row) == expected


def test_globals_changed_later_are_seen_and_those_of_a_template_are_its_own(framework: Any) -> None:
    app = framework.App(__name__)
    app.jinja_env.loader = DictLoader({"one": "{{ a }}{{ b }}", "two": "{{ a }}{{ b }}", "both": "{% include 'one' %}"})
    with app.test_request_context():
        app.jinja_env.get_template("one", globals={"b": "own"})
        assert [framework.render_template(name) for name in ("one", "two")] == ["own", ""]
        app.jinja_env.globals["a"] = "new "
        assert [framework.render_template(name) for name in ("one", "two", "both")] == ["new own", "new ", "new "]
        assert framework.render_template("one", a="given ") == "given own"


def test_a_macro_imported_without_context_sees_the_globals_of_the_importing_template(framework: Any) -> None:
    app = framework.App(__name__)
    app.jinja_env.loader = DictLoader(
        {"lib": "{% macro m() %}{{ extra }}{% endmacro %}", "page": "{% from 'lib' import m %}{{ m() }}"}
    )
    with app.test_request_context():
        page = app.jinja_env.get_template("page", globals={"extra": "from the page"})
        assert framework.render_template(page) == "from the page"


def test_the_environment_class_can_be_read_replaced_and_subclassed(framework: Any) -> None:
    stock = framework.templating.Environment
    assert framework.App.jinja_environment is stock is framework.App(__name__).jinja_environment
    app = framework.App(__name__)
    app.jinja_environment = type("Own", (stock,), {})
    assert type(app.jinja_env) is app.jinja_environment
    assert isinstance(app.create_global_jinja_loader(), framework.templating.DispatchingJinjaLoader)
    assert issubclass(framework.templating.DispatchingJinjaLoader, BaseLoader)


def test_a_name_that_templating_lacks_is_an_attribute_error(framework: Any) -> None:
    with pytest.raises(AttributeError, match=r"module '\w+\.templating' has no attribute 'missing'"):
        framework.templating.missing
