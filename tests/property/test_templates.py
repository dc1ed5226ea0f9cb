"""The environment's shortcuts give what Jinja2 gives: attributes of anything, the context of a rendering."""

from collections import ChainMap, OrderedDict, UserDict
from types import SimpleNamespace
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined, Template, Undefined

from wsgiapp import App

QUICK = settings(max_examples=150, deadline=None)

NAMES = ["items", "get", "keys", "name", "a", "0", "__class__", "__len__", "__missing__", "upper", "append", "", "\0"]
names = st.one_of(st.sampled_from(NAMES), st.text(max_size=4))


class Answering(dict[str, Any]):
    """A dict with a way of its own for missing keys, and an attribute."""

    a = "attribute"

    def __missing__(self, name: str) -> str:
        return f"missing {name}"


class Failing:
    """Its attributes and items fail, each in a way of its own."""

    def __init__(self, attribute: type[Exception], item: type[Exception]) -> None:
        self._failures = attribute, item

    def __getattr__(self, name: str) -> Any:
        raise self._failures[0](name)

    def __getitem__(self, name: str) -> Any:
        raise self._failures[1](name)


errors = st.sampled_from([AttributeError, KeyError, TypeError, IndexError, ValueError])
contents = st.dictionaries(names, st.integers(), max_size=4)
values = st.one_of(
    contents,
    contents.map(Answering),
    contents.map(OrderedDict),
    contents.map(UserDict),
    contents.map(lambda found: SimpleNamespace(**found)),
    st.builds(Failing, errors, errors),
    st.lists(st.integers(), max_size=2),
    st.text(max_size=3),
    st.integers(),
    st.none(),
    st.just(dict),
    st.builds(Undefined, name=st.just("u")),
    st.builds(StrictUndefined, name=st.just("s")),
)


def outcome(environment: Environment, value: Any, name: str) -> Any:
    """What reading an attribute comes to: a value, an undefined one with its message, or an error."""
    try:
        found = environment.getattr(value, name)
    except Exception as error:
        return type(error), str(error)
    if isinstance(found, Undefined):
        return type(found), found._undefined_name, found._undefined_message
    # Bound methods are made anew each time, so they are told by what they are bound to.
    return (found.__name__, found.__self__) if hasattr(found, "__self__") else found


app = App(__name__)


@QUICK
@given(values, names, st.sampled_from([Undefined, StrictUndefined]))
@example(Answering(), "a", Undefined)
@example({"items": 1}, "items", Undefined)
@example({}, "", StrictUndefined)
def test_an_attribute_in_a_template_is_what_it_is_in_jinja2(value: Any, name: str, undefined: type[Undefined]) -> None:
    own, plain = app.jinja_env.overlay(undefined=undefined), Environment(undefined=undefined)
    assert outcome(own, value, name) == outcome(plain, value, name)


@QUICK
@given(contents, contents, contents, st.booleans(), st.one_of(st.none(), contents), st.integers(1, 3))
def test_the_context_of_a_rendering_is_the_one_that_jinja2_makes(
    of_all: dict[str, Any], of_template: dict[str, Any], given_: dict[str, Any], shared: bool,
    local: dict[str, Any] | None, layers: int,
) -> None:  # fmt: skip
    template = app.jinja_env.from_string("{% block b %}{% endblock %}")
    template.globals = ChainMap(*[of_template, of_all, {"last": 1}][:layers])
    own, plain = template.new_context(given_, shared, local), Template.new_context(template, given_, shared, local)
    for one, other in ((own.get_all(), plain.get_all()), (own.globals_keys, plain.globals_keys)):
        assert one == other
    assert list(own.parent) == list(plain.parent)
    assert (own.parent is given_) is (plain.parent is given_)
    assert (own.name, own.blocks, own.environment) == (plain.name, plain.blocks, plain.environment)
