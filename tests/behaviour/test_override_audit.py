"""The audit of overrides: each public member of each public class is asked where Flask asks it, however it is replaced.

The list is read off Flask. What differs on purpose is in ON_PURPOSE, each with its reason, and in docs/differences.md.
"""

import functools
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from . import override_probe as probe
from .support import frozen_time

pytestmark = pytest.mark.raw_wsgi  # 200,000 requests; other tests hold them to PEP 3333

#: Class and name: why the replacement is asked on Flask and not here, and in which ways (all where none are named).
ON_PURPOSE: dict[tuple[str, str], tuple[str, ...]] = {
    ("App", "has_static_folder"): ("the folder itself is asked for, once",),
    ("App", "secret_key"): ("a session that nobody touches is not opened",),
    ("SecureCookieSession", "accessed"): ("a session that nobody touches is not opened",),
    ("SecureCookieSession", "modified"): ("a session that nobody touches is not opened",),
    ("Config", "get"): ("a setting is read by its key",),
    ("AppContext", "__enter__"): ("a stream makes its contexts current for each chunk, without pushing them",),
    ("AppContext", "__exit__"): ("a stream makes its contexts current for each chunk, without pushing them",),
    ("RequestContext", "__enter__"): ("a stream makes its contexts current for each chunk, without pushing them",),
    ("RequestContext", "__exit__"): ("a stream makes its contexts current for each chunk, without pushing them",),
    ("AppContext", "push"): ("one context, which its request has just made", "on the instance"),
    ("AppContext", "pop"): ("one context, which its request has just made", "on the instance"),
    ("RequestContext", "match_request"): ("one context, which its app has just made", "on the instance"),
    ("MapAdapter", "__init__"): ("an adapter is made where one is needed",),
    ("MapAdapter", "get_default_redirect"): ("asked only of rules whose endpoint has defaults",),
    ("Map", "bind"): ("Werkzeug calls the one of its own class", "on the class", "late"),
    ("Response", "call_on_close"): ("nothing is closed where there is nothing to close",),
}

_DUNDERS = ("__init__", "__call__", "__enter__", "__exit__", "__contains__", "__getitem__", "__setitem__")


#: Classes and methods that are asked in each request in which Flask asks them, not just in some.
EACH_REQUEST = {
    "App", "AppContext", "RequestContext", "open_session", "save_session", "should_set_cookie", "make_null_session",
    "force_type", "get_wsgi_headers", "get_wsgi_response", "get_app_iter", "match",
}  # fmt: skip
# Ways that end in a subclass whose methods are other ones: Flask, which does not look at them, asks all of them alike.
BY_SUBCLASS = ("in a subclass", "by a mixin", "through wraps", "by a proxy")
ATTRIBUTE_WAYS = ("in a subclass", "by a mixin", "on the class")


def members() -> Iterator[tuple[str, str]]:
    """Class and name of all that Flask's classes have, inherited from Werkzeug or Jinja2 or not."""
    import conftest

    flask = conftest.Framework("flask")
    for key in probe.CLASSES:
        cls = probe.class_of(flask, key)
        for name in dir(cls):
            owner = next((base for base in cls.__mro__ if name in vars(base)), None)
            if owner not in (None, object) and (not name.startswith("_") or name in _DUNDERS):
                yield key, name


@pytest.fixture(scope="module")
def expected(both: Any) -> Any:
    """For a class and a way: which of its methods Flask asks in which requests. All are replaced at once: it has no
    shortcuts that one of them could turn off."""

    @functools.cache
    def ask(key: str, way: str) -> dict[str, set[int]]:
        cls = probe.class_of(both[1], key)
        found = {name: inspect.getattr_static(cls, name) for k, name in MEMBERS if k == key}
        replaced = {name: member for name, member in found.items() if not probe.is_attribute(member)}
        return probe.requests_that_ask(probe.run(both[1], key, replaced, way)[0])

    return lambda key, way: ask(key, "in a subclass" if way in BY_SUBCLASS else way)


MEMBERS = [*members()]


def test_apps_of_the_audit_answer_alike(both: Any) -> None:
    with frozen_time():
        ours, flasks = (probe.answers(probe.build(framework)) for framework in both)
    assert {k: v for k, v in ours.items() if v != flasks[k]} == {k: v for k, v in flasks.items() if v != ours[k]}


def chosen(requests: set[int]) -> list[int]:
    """A few of the requests, and all that have to do with the session, whose cookie is kept from one to the next."""
    session = [n for n, (_, path, _) in enumerate(probe.REQUESTS) if "session" in path]
    some = sorted(requests)
    return sorted({*some[:2], *some[-3:], *(session if requests & set(session) else ())})


@pytest.mark.parametrize(("key", "name"), MEMBERS)
def test_replaced_member_is_asked_where_flask_asks_it(
    both: Any, expected: Any, given: Any, key: str, name: str
) -> None:
    member, failed = inspect.getattr_static(probe.class_of(both[0], key), name, None), []
    attribute = probe.is_attribute(inspect.getattr_static(probe.class_of(both[1], key), name))
    with frozen_time():
        for way in probe.WAYS:
            _reason, *ways = ON_PURPOSE.get((key, name), ("", "none"))
            if not ways or way in ways:
                continue
            if attribute:
                fault = differs(both, given, key, name, way) if way in ATTRIBUTE_WAYS else None
            else:
                fault = not_asked(both[0], key, name, member, way, expected(key, way).get(name, set()))
            if fault is not None:
                failed.append(f"{key}.{name} {way}: {fault}")
    assert not failed, "\n".join(failed)


def not_asked(framework: Any, key: str, name: str, member: Any, way: str, requests: set[int]) -> str | None:
    if not requests:
        return None
    only = chosen(requests)
    try:
        seen, _ = probe.run(framework, key, {name: member}, way, only)
    except Exception as error:
        return f"expected to be asked, got {type(error).__name__}: {error}"
    got = probe.requests_that_ask(seen).get(name, set())
    wanted = requests & set(only)
    if key not in EACH_REQUEST and name not in EACH_REQUEST:
        return None if got else f"expected to be asked in {told(wanted)}, got never"
    return None if got >= wanted else f"expected to be asked in {told(wanted - got)}, got not there"


@pytest.fixture(scope="module")
def given(both: Any) -> Any:
    """What Flask answers where an attribute has another value, in a way; a mixin's is a subclass's."""
    ask = functools.cache(functools.partial(answers_with_another, both[1]))
    return lambda key, name, way: ask(key, name, "in a subclass" if way in BY_SUBCLASS else way)


def answers_with_another(framework: Any, key: str, name: str, way: str) -> Any:
    member = inspect.getattr_static(probe.class_of(framework, key), name)
    try:
        return probe.run(framework, key, {name: member}, way)[1]
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def differs(both: Any, given: Any, key: str, name: str, way: str) -> str | None:
    ours, flasks = answers_with_another(both[0], key, name, way), given(key, name, way)
    if ours == flasks or not isinstance(flasks, dict):
        return None if type(ours) is type(flasks) else f"expected {flasks}, got answers"
    if not isinstance(ours, dict):
        return f"expected answers, got {ours}"
    first = next(number for number in flasks if flasks[number] != ours[number])
    return f"expected {flasks[first]} for {told({first})}, got {ours[first]}"


def told(requests: set[int]) -> str:
    return ", ".join(" ".join(probe.REQUESTS[number][:2]) for number in sorted(requests))
