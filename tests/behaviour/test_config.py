"""Configuration: where it may come from, what is taken, and the attributes of the app that stand for a key."""

import datetime
import json
import pathlib
import sys
import tomllib
from typing import Any

import pytest

TEST_KEY = "from this module"
lower_case = "not taken"
Mixed_Case = "not taken"


def test_defaults_are_the_same(both: Any) -> None:
    wsgiapp, flask = (framework.App(__name__).config for framework in both)
    assert {key: wsgiapp[key] for key in flask} == dict(flask)


def test_defaults_of_the_class_are_not_shared(framework: Any) -> None:
    one, two = framework.App("one"), framework.App("two")
    one.config["OWN"] = 1
    assert "OWN" not in two.config
    assert "OWN" not in framework.App.default_config


def config_file(folder: pathlib.Path, text: str, name: str = "settings.cfg") -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def test_from_pyfile(framework: Any, tmp_path: pathlib.Path) -> None:
    app = framework.App(__name__)
    path = config_file(tmp_path, "import os\nTEST_KEY = 'ü' + os.sep\nlower = 1\n_X = 2\nNUMBER = 1 + 1\n")
    assert app.config.from_pyfile(path) is True
    assert (app.config["TEST_KEY"][0], app.config["NUMBER"]) == ("ü", 2)
    assert "lower" not in app.config and "os" not in app.config


def test_from_pyfile_relative_to_the_root(framework: Any, tmp_path: pathlib.Path) -> None:
    config_file(tmp_path, "TEST_KEY = 'relative'")
    app = framework.App(__name__, root_path=str(tmp_path))
    app.config.from_pyfile("settings.cfg")
    assert app.config["TEST_KEY"] == "relative"


def test_from_pyfile_relative_to_the_instance(framework: Any, tmp_path: pathlib.Path) -> None:
    config_file(tmp_path, "TEST_KEY = 'instance'")
    app = framework.App(__name__, instance_path=str(tmp_path), instance_relative_config=True)
    app.config.from_pyfile(pathlib.Path("settings.cfg"))
    assert app.config["TEST_KEY"] == "instance"


def test_missing_file_is_an_error_unless_silent(framework: Any, tmp_path: pathlib.Path) -> None:
    config = framework.App(__name__).config
    missing = str(tmp_path / "missing.cfg")
    for load in (config.from_pyfile, lambda path, **kw: config.from_file(path, load=json.load, **kw)):
        with pytest.raises(OSError, match="missing.cfg"):
            load(missing)
        assert load(missing, silent=True) is False


def test_file_that_cannot_be_decoded_is_an_error(framework: Any, tmp_path: pathlib.Path) -> None:
    path = config_file(tmp_path, "{", "broken.json")
    with pytest.raises(ValueError) as caught:
        framework.App(__name__).config.from_file(path, load=json.load, silent=True)
    assert framework.name == "flask" or str(path) in caught.value.__notes__[0]


def test_broken_pyfile_is_an_error_even_if_silent(framework: Any, tmp_path: pathlib.Path) -> None:
    path = config_file(tmp_path, "KEY = = 1")
    with pytest.raises(SyntaxError):
        framework.App(__name__).config.from_pyfile(path, silent=True)


class Base:
    TEST_KEY = "base"
    OTHER = 1
    lower = "no"

    @property
    def COMPUTED(self) -> str:
        return f"computed {self.TEST_KEY}"


class Production(Base):
    TEST_KEY = "production"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (sys.modules[__name__], "from this module"),
        (__name__, "from this module"),
        (Base, "base"),
        (Production, "production"),
        (f"{__name__}.Production", "production"),
        (f"{__name__}:Base", "base"),
        (Production(), "production"),
    ],
)
def test_from_object(framework: Any, source: Any, expected: str) -> None:
    config = framework.App(__name__).config
    config.from_object(source)
    assert config["TEST_KEY"] == expected
    assert not {"lower", "lower_case", "Mixed_Case"} & set(config)


def test_from_object_reads_properties_of_an_instance(framework: Any) -> None:
    config = framework.App(__name__).config
    config.from_object(Production())
    assert (config["COMPUTED"], config["OTHER"]) == ("computed production", 1)


@pytest.mark.parametrize("name", ["no.such.module", f"{__name__}.Missing"])
def test_from_object_that_is_not_there(framework: Any, name: str) -> None:
    with pytest.raises(ImportError):
        framework.App(__name__).config.from_object(name)


def test_from_envvar(framework: Any, tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    config = framework.App(__name__).config
    monkeypatch.setenv("OWN_SETTINGS", config_file(tmp_path, "TEST_KEY = 'by variable'"))
    assert config.from_envvar("OWN_SETTINGS") is True
    assert config["TEST_KEY"] == "by variable"


def test_from_envvar_that_is_not_set(framework: Any, tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    config = framework.App(__name__).config
    monkeypatch.delenv("OWN_SETTINGS", raising=False)
    with pytest.raises(RuntimeError, match="OWN_SETTINGS"):
        config.from_envvar("OWN_SETTINGS")
    assert config.from_envvar("OWN_SETTINGS", silent=True) is False
    monkeypatch.setenv("OWN_SETTINGS", str(tmp_path / "missing.cfg"))
    assert config.from_envvar("OWN_SETTINGS", silent=True) is False
    with pytest.raises(OSError):
        config.from_envvar("OWN_SETTINGS")


@pytest.mark.parametrize(
    ("name", "text", "load", "options"),
    [
        ("c.json", '{"TEST_KEY": "ü", "lower": 1, "NESTED": {"a": 1}}', json.load, {}),
        ("c.toml", 'TEST_KEY = "ü"\nlower = 1\n[NESTED]\na = 1\n', tomllib.load, {"text": False}),
    ],
)
def test_from_file(framework: Any, tmp_path: pathlib.Path, name: str, text: str, load: Any, options: Any) -> None:
    config = framework.App(__name__).config
    assert config.from_file(config_file(tmp_path, text, name), load=load, **options) is True
    assert (config["TEST_KEY"], config["NESTED"]) == ("ü", {"a": 1})
    assert "lower" not in config


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        (({"TEST_KEY": 1, "lower": 2},), {}),
        (([("TEST_KEY", 1), ("lower", 2)],), {}),
        ((), {"TEST_KEY": 1, "lower": 2}),
        (({"TEST_KEY": 0},), {"TEST_KEY": 1}),
    ],
)
def test_from_mapping(framework: Any, args: Any, kwargs: Any) -> None:
    config = framework.App(__name__).config
    if args and isinstance(args[0], list):
        args = (dict(args[0]),)
    assert config.from_mapping(*args, **kwargs) is True
    assert config["TEST_KEY"] == 1 and "lower" not in config


def test_from_mapping_takes_one_mapping(framework: Any) -> None:
    with pytest.raises(TypeError):
        framework.App(__name__).config.from_mapping({}, {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("text", "text"),
        ("1", 1),
        ("1.5", 1.5),
        ("true", True),
        ("True", "True"),
        ("null", None),
        ('"quoted"', "quoted"),
        ("[1, 2]", [1, 2]),
        ('{"a": {"b": 1}}', {"a": {"b": 1}}),
        ("{broken", "{broken"),
        ("", ""),
        ("007", "007"),
        ("ü", "ü"),
    ],
)
def test_from_prefixed_env_reads_json_or_text(framework: Any, monkeypatch: Any, text: str, expected: Any) -> None:
    monkeypatch.setenv("FLASK_TEST_KEY", text)
    config = framework.App(__name__).config
    assert config.from_prefixed_env() is True
    assert config["TEST_KEY"] == expected and type(config["TEST_KEY"]) is type(expected)


@pytest.mark.parametrize(("prefix", "variable"), [("OWN", "OWN_A"), ("OWN_APP", "OWN_APP_A"), ("", "_A")])
def test_prefix_of_the_environment(framework: Any, monkeypatch: Any, prefix: str, variable: str) -> None:
    monkeypatch.setenv(variable, "1")
    monkeypatch.setenv("OTHER_B", "2")
    config = framework.App(__name__).config
    config.from_prefixed_env(prefix)
    assert config["A"] == 1 and "B" not in config


def test_from_prefixed_env_nests(framework: Any, monkeypatch: Any) -> None:
    for name, value in {"A__x": "1", "A__y__z": "two", "B__c": "3", "C__new__deep": "true"}.items():
        monkeypatch.setenv(f"FLASK_{name}", value)
    config = framework.App(__name__).config
    config["B"] = {"kept": 0}
    config.from_prefixed_env()
    assert config["A"] == {"x": 1, "y": {"z": "two"}}
    assert config["B"] == {"kept": 0, "c": 3}
    assert config["C"] == {"new": {"deep": True}}


def test_from_prefixed_env_cannot_nest_in_a_plain_value(framework: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("FLASK_TAKEN__inner", "1")
    config = framework.App(__name__).config
    config["TAKEN"] = 5
    with pytest.raises(TypeError):
        config.from_prefixed_env()


def test_from_prefixed_env_with_own_loads(framework: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("FLASK_A", "x")
    config = framework.App(__name__).config
    config.from_prefixed_env(loads=lambda text: text * 2)
    assert config["A"] == "xx"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"type": "fs", "path": "/x"}),
        ({"lowercase": False}, {"TYPE": "fs", "PATH": "/x"}),
        ({"trim_namespace": False}, {"store_type": "fs", "store_path": "/x"}),
        ({"trim_namespace": False, "lowercase": False}, {"STORE_TYPE": "fs", "STORE_PATH": "/x"}),
    ],
)
def test_get_namespace(framework: Any, options: dict[str, bool], expected: dict[str, str]) -> None:
    config = framework.App(__name__).config
    config.update(STORE_TYPE="fs", STORE_PATH="/x", STORAGE="no")
    assert config.get_namespace("STORE_", **options) == expected


ATTRIBUTES = [
    ("testing", "TESTING", True),
    ("secret_key", "SECRET_KEY", "key"),
    ("debug", "DEBUG", True),
    ("permanent_session_lifetime", "PERMANENT_SESSION_LIFETIME", datetime.timedelta(hours=1)),
]


@pytest.mark.parametrize(("attribute", "key", "value"), ATTRIBUTES)
def test_attribute_stands_for_a_key(framework: Any, attribute: str, key: str, value: Any) -> None:
    app = framework.App(__name__)
    setattr(app, attribute, value)
    assert app.config[key] == value
    other = framework.App(__name__)
    other.config[key] = value
    assert getattr(other, attribute) == value


def test_seconds_become_a_timedelta(framework: Any) -> None:
    app = framework.App(__name__)
    app.config["PERMANENT_SESSION_LIFETIME"] = 60
    assert app.permanent_session_lifetime == datetime.timedelta(minutes=1)


def test_own_config_attribute(framework: Any) -> None:
    class App(framework.App):
        size = framework.config.ConfigAttribute("SIZE", get_converter=int)

    app = App(__name__)
    app.config["SIZE"] = "12"
    assert app.size == 12
    app.size = 13
    assert app.config["SIZE"] == 13
    assert isinstance(App.size, framework.config.ConfigAttribute)


def test_own_config_class(framework: Any) -> None:
    class Dotted(framework.Config):
        def __getattr__(self, name):
            return self[name]

    class App(framework.App):
        config_class = Dotted

    assert App(__name__).config.TESTING is False


def test_own_default_config(framework: Any) -> None:
    from werkzeug.datastructures import ImmutableDict

    class App(framework.App):
        default_config = ImmutableDict(framework.App.default_config, TESTING=True, OWN=1)

    app = App(__name__)
    assert (app.testing, app.config["OWN"]) == (True, 1)


def test_config_shows_itself(framework: Any) -> None:
    config = framework.Config("/", {"A": 1})
    assert isinstance(config, dict)
    assert "Config" in repr(config) and "'A': 1" in repr(config)
    assert config.root_path == "/"


def test_app_takes_the_debug_flag_from_the_environment(framework: Any, monkeypatch: Any) -> None:
    for text, expected in (("1", True), ("true", True), ("0", False), ("false", False), ("no", False), ("", False)):
        monkeypatch.setenv("FLASK_DEBUG", text)
        assert framework.App(__name__).debug is expected
        assert framework.helpers.get_debug_flag() is expected
