"""Overrides: whether the methods that a shortcut skips are still the framework's own.

Layer "overrides", near the ground. A shortcut is code that skips methods which users may replace: in a subclass, by a
mixin, on the class, or on one object. Each shortcut lists the methods that it skips once, as :class:`Originals`. Only
this module decides whether they were replaced, and always by identity (``is``): :func:`functools.wraps` would copy a
mark on a function, and a proxy may claim to be equal to the function that it wraps.

The decision is made again only when it may have changed: when a class is made, when an attribute of a :class:`Watched`
class is set, or when one of a :class:`Replaceable` object is set. Until then it is kept in an attribute, the *flag*.
"""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Callable
from functools import cached_property
from types import MethodType
from typing import Any, Protocol, cast


class Watched(type(Protocol)):  # type: ignore[misc]  # the checker cannot follow this base
    """The metaclass of classes that notice when one of their methods is replaced.

    It is the metaclass of protocols, which is an :class:`~abc.ABCMeta`, so that a subclass may have a protocol or an
    abstract class as a second base. Without such a base a class is made, and ``isinstance`` works, as if there were no
    metaclass, which is faster.
    """

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> Watched:
        """Make the class; as an abstract one only when a base is an abstract class from elsewhere."""
        abstract = any(isinstance(base, ABCMeta) and not isinstance(base, Watched) for base in bases)
        make: Any = super().__new__ if abstract else type.__new__
        return cast(Watched, make(mcls, name, bases, namespace, **kwargs))

    __instancecheck__ = type.__instancecheck__
    __subclasscheck__ = type.__subclasscheck__

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(name, bases, namespace, **kwargs)
        for originals in _watched:
            if issubclass(cls, originals.cls):
                originals.set_flag(cls)

    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        _update_flags(cls, name)

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        _update_flags(cls, name)


class Replaceable:
    """A base class for objects that notice when one of their methods is replaced on the object itself.

    After that the object never uses the shortcut again, even if the method is put back. This costs only time.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        for originals in _watched:
            if name in originals.names and isinstance(self, originals.cls):
                self.__dict__[originals.flag] = False


class Originals:
    """The methods and class attributes that one shortcut skips, as they are when the shortcut is defined.

    :param cls: the class that has them. The questions below may be asked about its subclasses and their objects too.
    :param names: the names of the methods and attributes.
    :param flag: the name of the attribute that keeps the answer on each watched class and object; empty for none.
    """

    def __init__(self, cls: type, *names: str, flag: str = "") -> None:
        self.cls = cls
        self.names = frozenset((*names, "__getattribute__"))  # by which a class may replace any of them
        self.methods = [(name, _function(getattr(cls, name))) for name in names]
        self.reading = cls.__getattribute__
        self.flag = flag
        if flag:
            _watched.append(self)
            type.__setattr__(cls, flag, True)

    # PERF: compiled when it is first asked, and most are never asked (benchmarks/: startup).
    @cached_property
    def unchanged_on_class(self) -> Callable[[type], bool]:
        """Takes a class, and says whether all of them are unchanged on it."""
        return self.make_class_check()

    def set_flag(self, cls: type) -> None:
        """Set the flag of *cls*: whether all of them are unchanged on it."""
        type.__setattr__(cls, self.flag, self.unchanged_on_class(cls))

    def notice_on_objects(self, *names: str) -> None:
        """From now on clear the flag of an object when one of these methods is set on the object itself."""
        for name in names:
            type.__setattr__(self.cls, name, _Noticed(self, name))

    def unchanged_on(self, obj: Any) -> bool:
        """Say whether all of them are unchanged on *obj*: neither its class nor the object itself replaces one."""
        return self.unchanged_on_class(type(obj)) and obj.__dict__.keys().isdisjoint(self.names)

    def make_class_check(self, *others: Originals) -> Callable[[type], bool]:
        """Return a function that takes a class, and says whether all of them are unchanged on it.

        :param others: more originals that must be unchanged too: on the given class where it inherits them, otherwise
            on the class that they belong to.
        """
        known: dict[str, Any] = {"_function": _function, "reading": self.reading}
        tests = ["cls.__getattribute__ is reading"]
        for number, originals in enumerate((self, *others)):
            asked = "cls" if issubclass(self.cls, originals.cls) else f"class{number}"
            known[asked] = originals.cls
            for name, original in originals.methods:
                known[f"{asked}_{name}"] = original
                method = getattr(originals.cls, name)
                found = f"{asked}.{name}" if method is original else f"_function({asked}.{name})"
                tests.append(f"{found} is {asked}_{name}")
        return _compiled("cls", tests, known)


def make_check(*objects: tuple[Originals, Any]) -> Callable[[], bool]:
    """Return a function that says whether these originals are unchanged: on the objects and on their classes."""
    known: dict[str, Any] = {}
    tests = []
    for number, (originals, obj) in enumerate(objects):
        known |= {f"class{number}": type(obj), f"own{number}": obj.__dict__}
        tests.append(f"class{number}.__getattribute__ is object.__getattribute__")
        for name, original in originals.methods:
            known[f"{name}{number}"] = original
            tests += [f"class{number}.{name} is {name}{number}", f"{name!r} not in own{number}"]
    return _compiled("", tests, known)


class _Noticed:
    """A method of a class, which clears a flag of each object on which it is replaced.

    PERF: to look into the ``__dict__`` of each request and response would have Python make one (benchmarks/: hello).
    """

    def __init__(self, originals: Originals, name: str) -> None:
        self.cls, self.flag, self.name = originals.cls, originals.flag, name
        self.own = originals.cls.__dict__.get(name)  # None where it is inherited

    def __get__(self, obj: Any, owner: type) -> Any:
        if obj is not None and self.name in obj.__dict__:
            first = next(vars(cls)[self.name] for cls in type(obj).__mro__ if self.name in vars(cls))
            if first is self:  # not asked by super(), from a method that takes its place
                return obj.__dict__[self.name]
        if self.own is not None:
            return self.own.__get__(obj, owner)
        return getattr(super(self.cls, owner if obj is None else obj), self.name)

    def __call__(self, obj: Any, *args: Any, **kwargs: Any) -> Any:  # for tools that find it in the class's __dict__
        return self.__get__(None, type(obj))(obj, *args, **kwargs)

    def __set__(self, obj: Any, value: Any) -> None:
        obj.__dict__.update({self.name: value, self.flag: False})

    def __delete__(self, obj: Any) -> None:
        if obj.__dict__.pop(self.name, self) is self:
            raise AttributeError(self.name)


_watched: list[Originals] = []


def _function(method: Any) -> Any:
    """Return *method*, but of a class method its function: each access makes a new bound method."""
    return method.__func__ if isinstance(method, MethodType) else method


def _compiled(argument: str, tests: list[str], known: dict[str, Any]) -> Callable[..., bool]:
    # PERF: one compiled expression takes a third of the time of a loop over the names (benchmarks/: hello).
    answer: Callable[..., bool] = eval(f"lambda {argument}: {' and '.join(tests)}", known)  # noqa: S307  # names of ours
    return answer


def _update_flags(cls: type, name: str) -> None:
    """Set the flags of *cls* and of all its subclasses again, after the attribute *name* of *cls* was changed."""
    for originals in _watched:
        if name in originals.names and issubclass(cls, originals.cls):
            originals.set_flag(cls)
            for below in cls.__subclasses__():
                _update_flags(below, name)
