"""Overrides: whether the methods that a shortcut stands in for are still the framework's own.

Layer "overrides", near the ground. A shortcut answers in place of methods that users may replace: in a subclass, by a
mixin, on the class, on one object. Each shortcut lists those methods once, as :class:`Originals`; the question whether
they were replaced is answered here and nowhere else, and always by identity: a mark on a function is copied by
:func:`functools.wraps`, and a proxy may claim to be equal to what it wraps.

The answer is worked out when it can have changed: when a class is made, when an attribute of a :class:`Watched` class
is set, when one of a :class:`Replaceable` object is. In between it is an attribute like any other, the *flag*.
"""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Callable
from types import MethodType
from typing import Any, cast


class Watched(ABCMeta):
    """The metaclass of classes whose originals are watched.

    It is an :class:`~abc.ABCMeta`, so that a subclass may be abstract. Any other class is made, and asked about its
    instances, as if it had no metaclass.
    """

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> Watched:
        """Make the class, by :class:`~abc.ABCMeta` only where a base is an abstract class of others."""
        abstract = any(isinstance(base, ABCMeta) and not isinstance(base, Watched) for base in bases)
        make: Any = super().__new__ if abstract else type.__new__
        return cast(Watched, make(mcls, name, bases, namespace, **kwargs))

    __instancecheck__ = type.__instancecheck__
    __subclasscheck__ = type.__subclasscheck__

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(name, bases, namespace, **kwargs)
        for originals in _watched:
            if issubclass(cls, originals.cls):
                originals.note(cls)

    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        _renote(cls, name)

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        _renote(cls, name)


class Replaceable:
    """A base of classes whose objects notice that one of their methods is replaced on themselves.

    An object that once had one goes without the shortcuts for good, which only takes longer.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        for originals in _watched:
            if name in originals.names and isinstance(self, originals.cls):
                self.__dict__[originals.flag] = False


class Originals:
    """The methods and class attributes of one class, as they are when the shortcut is defined.

    :param cls: the class that has them; subclasses and their objects may be asked about as well.
    :param names: their names.
    :param flag: the attribute that says, on each watched class and object, whether they are unchanged.
    """

    def __init__(self, cls: type, *names: str, flag: str = "") -> None:
        self.cls = cls
        self.names = frozenset((*names, "__getattribute__"))  # by which a class may replace any of them
        self.found = [(name, _function(getattr(cls, name))) for name in names]
        self.flag = flag
        #: Whether the attributes of an object, given as a dict, replace none.
        self.kept_in: Callable[[dict[str, Any]], bool] = _compiled([f"{name!r} not in own" for name in names], "own")
        #: Whether a class, given as the argument, has them all unchanged.
        self.kept_by_class = self.compiled_with()
        if flag:
            _watched.append(self)
            self.note(cls)

    def note(self, cls: type) -> None:
        """Set the flag of *cls* to the answer."""
        type.__setattr__(cls, self.flag, self.kept_by_class(cls))

    def kept_by(self, obj: Any) -> bool:
        """Say whether *obj* has them all unchanged: neither its class nor the object itself replaces one."""
        return self.kept_by_class(type(obj)) and self.kept_in(obj.__dict__)

    def compiled_with(self, *others: Originals) -> Callable[[type], bool]:
        """Return a function that says whether a class has them all unchanged.

        :param others: other originals to ask about: of the class itself where theirs is a base of it, else of theirs.
        """
        known: dict[str, Any] = {"_function": _function, "reading": self.cls.__getattribute__}
        tests = ["cls.__getattribute__ is reading"]
        for number, originals in enumerate((self, *others)):
            asked = "cls" if issubclass(self.cls, originals.cls) else f"class{number}"
            known[asked] = originals.cls
            for name, original in originals.found:
                known[f"{asked}_{name}"] = original
                method = getattr(originals.cls, name)
                found = f"{asked}.{name}" if method is original else f"_function({asked}.{name})"
                tests.append(f"{found} is {asked}_{name}")
        return _compiled(tests, "cls", known)


_watched: list[Originals] = []


def _function(method: Any) -> Any:
    """Return *method*, or its function where it is a class method, which is bound anew at each access."""
    return method.__func__ if isinstance(method, MethodType) else method


def _compiled(tests: list[str], argument: str, known: dict[str, Any] | None = None) -> Callable[[Any], bool]:
    # PERF: written out and compiled, the comparisons take a third of what a loop takes (benchmarks/: hello).
    answer: Callable[[Any], bool] = eval(f"lambda {argument}: {' and '.join(tests)}", known or {})  # noqa: S307  # names of ours
    return answer


def _renote(cls: type, name: str) -> None:
    """Work the flags of *cls*, and of all classes below it, out again after its attribute *name* was set."""
    for originals in _watched:
        if name in originals.names and issubclass(cls, originals.cls):
            originals.note(cls)
            for below in cls.__subclasses__():
                _renote(below, name)
