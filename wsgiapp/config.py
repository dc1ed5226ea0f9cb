"""Settings: the ``Config`` dictionary, attributes that mirror its keys, the table of defaults.

Layer "config". Here live the ways to fill a configuration (files, objects, the environment) and the two switches that
are read from the environment before any app exists.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from types import ModuleType
from typing import IO, Any, Generic, Self, TypeVar, overload

from werkzeug.datastructures import ImmutableDict
from werkzeug.utils import import_string

from .debughelpers import did_you_mean

T = TypeVar("T")
StrPath = str | os.PathLike[str]

_NEGATIVE = {"0", "false", "no"}
_MISSING = (FileNotFoundError, IsADirectoryError)

DEFAULTS: ImmutableDict[str, Any] = ImmutableDict(
    # How much is shown, and what becomes of errors.
    DEBUG=None, TESTING=False, PROPAGATE_EXCEPTIONS=None, TRAP_HTTP_EXCEPTIONS=False, TRAP_BAD_REQUEST_ERRORS=None,
    TEMPLATES_AUTO_RELOAD=None, EXPLAIN_TEMPLATE_LOADING=False,
    # Where the app is reached.
    SERVER_NAME=None, TRUSTED_HOSTS=None, APPLICATION_ROOT="/", PREFERRED_URL_SCHEME="http",
    PROVIDE_AUTOMATIC_OPTIONS=True,
    # The session, its keys and its cookie.
    SECRET_KEY=None, SECRET_KEY_FALLBACKS=None,
    PERMANENT_SESSION_LIFETIME=timedelta(days=31), SESSION_REFRESH_EACH_REQUEST=True,
    SESSION_COOKIE_NAME="session", SESSION_COOKIE_DOMAIN=None, SESSION_COOKIE_PATH=None, SESSION_COOKIE_SAMESITE=None,
    SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SECURE=False, SESSION_COOKIE_PARTITIONED=False, MAX_COOKIE_SIZE=4093,
    # How much a request may carry (bytes, and parts of a form), and how files are sent.
    MAX_CONTENT_LENGTH=None, MAX_FORM_MEMORY_SIZE=500_000, MAX_FORM_PARTS=1_000,
    SEND_FILE_MAX_AGE_DEFAULT=None, USE_X_SENDFILE=False,
)  # fmt: skip


def get_debug_flag() -> bool:
    """Say whether ``FLASK_DEBUG`` asks for debug mode: set, and neither ``0``, ``false`` nor ``no``."""
    return os.environ.get("FLASK_DEBUG", "").lower() not in {"", *_NEGATIVE}


def get_load_dotenv(default: bool = True) -> bool:
    """Say whether dotenv files are to be read.

    :param default: the answer where the environment variable ``FLASK_SKIP_DOTENV`` is not set.
    """
    skip = os.environ.get("FLASK_SKIP_DOTENV")
    return skip.lower() in _NEGATIVE if skip else default


class ConfigAttribute(Generic[T]):
    """An attribute of an app that is stored as a key of ``app.config``.

    :param name: the key.
    :param get_converter: turns the stored value into the value of the attribute. Writing stores the value as it is.
    """

    def __init__(self, name: str, get_converter: Callable[[Any], T] | None = None) -> None:
        self.__name__ = name
        self.get_converter = get_converter

    @overload
    def __get__(self, obj: None, owner: None) -> Self: ...
    @overload
    def __get__(self, obj: Any, owner: type) -> T: ...
    def __get__(self, obj: Any, owner: type | None = None) -> T | Self:
        if obj is None:
            return self
        stored: T = obj.config[self.__name__]
        return self.get_converter(stored) if self.get_converter else stored

    def __set__(self, obj: Any, value: Any) -> None:
        obj.config[self.__name__] = value


class Config(dict[str, Any]):
    """The settings of an app: a dictionary that can fill itself from files, objects and the environment.

    The ``from_...`` methods take only names in upper case.

    :param root_path: the folder that relative file names start from.
    :param defaults: the first values.
    """

    def __init__(self, root_path: StrPath, defaults: dict[str, Any] | None = None) -> None:
        super().__init__(defaults or {})
        self.root_path = root_path

    def __missing__(self, key: str) -> Any:
        error = KeyError(key)
        error.add_note(f"The configuration has no such key.{did_you_mean(key, self)}")
        raise error

    def from_envvar(self, variable_name: str, silent: bool = False) -> bool:
        """Load the Python file whose path an environment variable holds.

        >>> os.environ["SHOP_SETTINGS"] = "settings.py"
        >>> app.config.from_envvar("SHOP_SETTINGS")
        True

        :param variable_name: the name of the environment variable.
        :param silent: return False when the variable or the file is missing, instead of raising an error.
        :return: whether a file was loaded.
        :raises RuntimeError: when the variable is unset or empty.
        :raises OSError: when the file cannot be read.
        """
        if path := os.environ.get(variable_name):
            return self.from_pyfile(path, silent=silent)
        if silent:
            return False
        unset = f"The environment variable {variable_name!r} is not set and as such configuration could not be loaded."
        raise RuntimeError(f"{unset} Set it to the path of a Python file, or pass silent=True to go on without one.")

    def from_prefixed_env(self, prefix: str = "FLASK", *, loads: Callable[[str], Any] = json.loads) -> bool:
        """Load every environment variable whose name starts with *prefix* and an underscore.

        Two underscores lead into a nested dictionary:

        >>> os.environ["SHOP_DB__pool__size"] = "5"
        >>> app.config.from_prefixed_env("SHOP")
        True
        >>> app.config["DB"]
        {'pool': {'size': 5}}

        :param prefix: the beginning of the names, without the underscore.
        :param loads: reads each value; where it raises an error, the value stays a string.
        :return: always True.
        :raises TypeError: when a name leads into a setting that is not a dictionary.
        """
        prefix += "_"
        for variable in sorted(name for name in os.environ if name.startswith(prefix)):
            value: Any = os.environ[variable]
            with suppress(Exception):  # a loader of the caller may raise anything
                value = loads(value)
            target: dict[str, Any] = self
            *parents, key = variable.removeprefix(prefix).split("__")
            for parent in parents:
                target = target.setdefault(parent, {})
                if not isinstance(target, dict):
                    raise TypeError(f"{variable} leads into {parent!r}, which is set to a {type(target).__name__}.")
            target[key] = value
        return True

    def from_pyfile(self, filename: StrPath, silent: bool = False) -> bool:
        """Run a Python file and take its names in upper case.

        >>> app.config.from_pyfile("settings.py")
        True

        :param filename: the file, relative to the root path.
        :param silent: return False when the file is missing, instead of raising an error.
        :return: whether the file was loaded.
        :raises OSError: when the file cannot be read.
        """
        absent = (*_MISSING, NotADirectoryError) if silent else ()
        code = self._read(filename, "rb", lambda file: compile(file.read(), file.name, "exec"), absent)
        if code is None:
            return False
        module = ModuleType("config")
        module.__file__ = code.co_filename
        exec(code, vars(module))  # noqa: S102 - a Python file is what the caller asked for
        self.from_object(module)
        return True

    def _read(self, name: StrPath, mode: str, load: Callable[[IO[Any]], Any], absent: tuple[type[OSError], ...]) -> Any:
        """Return what *load* makes of a file, or None after an *absent* error. Any other error names the file."""
        path = os.path.join(self.root_path, name)
        try:
            with open(path, mode) as file:
                return load(file)
        except absent:
            return None
        except OSError as error:
            explained = OSError(error.errno, f"Unable to load configuration file ({error.strerror})", path)
            explained.add_note("Create the file, correct its path, or pass silent=True to go on without it.")
            raise explained from error
        except ValueError as error:
            error.add_note(f"This happened while the configuration file {path!r} was read.")
            raise

    def from_object(self, obj: object | str) -> None:
        """Take the attributes of an object whose names are in upper case.

        >>> class Testing:
        ...     TESTING = True
        >>> app.config.from_object(Testing)
        >>> app.testing
        True

        :param obj: a module, a class or an instance; or the dotted name to import it by.
        """
        if isinstance(obj, str):
            obj = import_string(obj)
        self.update((name, getattr(obj, name)) for name in dir(obj) if name.isupper())

    def from_file(
        self, filename: StrPath, load: Callable[[IO[Any]], Mapping[str, Any]], silent: bool = False, text: bool = True
    ) -> bool:
        """Take the mapping that a function makes of an open file.

        >>> app.config.from_file("settings.toml", load=tomllib.load, text=False)
        True

        :param filename: the file, relative to the root path.
        :param load: takes the open file and returns the mapping, as :func:`json.load` does.
        :param silent: return False when the file is missing, instead of raising an error.
        :param text: open the file as text, not as bytes.
        :return: whether the file was loaded.
        :raises OSError: when the file cannot be read.
        """
        absent = _MISSING if silent else ()
        mapping = self._read(filename, "r" if text else "rb", lambda file: load(file) or {}, absent)
        return mapping is not None and self.from_mapping(mapping)

    def from_mapping(self, mapping: Mapping[str, Any] | None = None, **kwargs: Any) -> bool:
        """Take the items of a mapping, and the keyword arguments, whose names are in upper case.

        >>> app.config.from_mapping(SESSION_COOKIE_SECURE=True, comment="this one is left out")
        True

        :param mapping: a mapping, or pairs of a key and a value.
        :param kwargs: more settings; they replace those of the mapping.
        :return: always True.
        """
        given = {**dict(mapping or {}), **kwargs}
        self.update((key, value) for key, value in given.items() if key.isupper())
        return True

    def get_namespace(self, namespace: str, lowercase: bool = True, trim_namespace: bool = True) -> dict[str, Any]:
        """Return the settings whose keys begin with *namespace*.

        >>> app.config.from_mapping(MAIL_HOST="localhost", MAIL_PORT=25)
        True
        >>> app.config.get_namespace("MAIL_")
        {'host': 'localhost', 'port': 25}

        :param namespace: the beginning of the keys.
        :param lowercase: put the keys of the result into lower case.
        :param trim_namespace: leave the namespace out of the keys of the result.
        """
        start = len(namespace) if trim_namespace else 0
        chosen = {key[start:]: value for key, value in self.items() if key.startswith(namespace)}
        return {key.lower(): value for key, value in chosen.items()} if lowercase else chosen

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {super().__repr__()}>"
