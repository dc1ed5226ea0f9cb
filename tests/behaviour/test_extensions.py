"""What extensions rely on: `app.extensions`, `init_app`, attributes set at will, the app's own facts and folders."""

import pathlib
import sys
from typing import Any

import pytest


class Counter:
    """An extension of the usual shape: several apps, state under `app.extensions`, teardown."""

    def __init__(self, framework: Any, app: Any = None) -> None:
        self.framework = framework
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Any) -> None:
        app.config.setdefault("COUNTER_START", 0)
        app.extensions["counter"] = self
        app.teardown_appcontext(self.close)
        app.context_processor(lambda: {"count": self.count})

    @property
    def count(self) -> int:
        g, app = self.framework.g, self.framework.current_app
        g.count = g.get("count", app.config["COUNTER_START"]) + 1
        return int(g.count)

    def close(self, error: BaseException | None) -> None:
        self.closed = self.framework.g.pop("count", None)


def test_extension_serves_several_apps(framework: Any) -> None:
    counter = Counter(framework)
    texts = []
    for start in (0, 10):
        app = framework.App(f"app{start}")
        app.config["COUNTER_START"] = start
        counter.init_app(app)
        app.add_url_rule("/", "view", lambda: framework.render_template_string("{{ count }}") + f" {counter.count}")
        texts.append(app.test_client().get("/").text)
        assert framework.App("other").extensions.get("counter") is None
        assert app.extensions["counter"] is counter
    assert texts == ["1 2", "11 12"]
    assert counter.closed == 12


def test_extensions_may_be_assigned_whole(framework: Any) -> None:
    app = framework.App(__name__)
    app.extensions = {"own": 1}
    assert app.extensions == {"own": 1}


def test_app_takes_own_attributes_and_is_hashable(framework: Any) -> None:
    app = framework.App(__name__)
    app.db = "database"
    assert (app.db, {app: 1}[app]) == ("database", 1)
    assert "db" in app.__dict__


@pytest.mark.parametrize(
    "parameter", ["name", "import_name", "root_path", "instance_path", "static_url_path", "url_map"]
)
def test_facts_of_an_app_are_the_same(both: Any, parameter: str) -> None:
    values = [str(getattr(framework.App("same_name"), parameter)) for framework in both]
    assert values[0] == values[1]


def test_name_of_the_main_module_is_its_file(framework: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "/somewhere/shop_main.py", raising=False)
    assert framework.App("__main__").name == "shop_main"


def test_app_shows_its_name(framework: Any) -> None:
    assert "'shown'" in repr(framework.App("shown"))


def make_package(folder: pathlib.Path, name: str) -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text("")
    (folder / f"{name}_single.py").write_text("")


@pytest.mark.parametrize("module", ["{0}", "{0}_single"])
def test_root_and_instance_path_of_an_import(
    framework: Any, tmp_path: pathlib.Path, monkeypatch: Any, module: str
) -> None:
    name = f"placed_{framework.name}"
    make_package(tmp_path, name)
    monkeypatch.syspath_prepend(tmp_path)
    app = framework.App(module.format(name))
    assert app.root_path == str(tmp_path / name if module == "{0}" else tmp_path)
    assert app.instance_path == str(tmp_path / "instance")


def test_folder_without_init_is_no_place_for_an_app(
    framework: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An app may have the name of such a folder: ``Flask("data")`` where ``data/`` holds its files."""
    (tmp_path / "folder_of_data").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert framework.App("folder_of_data").root_path == str(tmp_path)


def test_installed_package_has_its_instance_under_var(framework: Any, tmp_path: pathlib.Path, monkeypatch: Any) -> None:
    name = f"installed_{framework.name}"
    packages = tmp_path / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    packages.mkdir(parents=True)
    make_package(packages, name)
    monkeypatch.syspath_prepend(packages)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert framework.App(name).instance_path == str(tmp_path / "var" / f"{name}-instance")


def test_instance_path_must_be_absolute(framework: Any) -> None:
    with pytest.raises(ValueError, match="absolute"):
        framework.App(__name__, instance_path="relative")


def test_instance_relative_config(framework: Any, tmp_path: pathlib.Path) -> None:
    app = framework.App(__name__, instance_path=str(tmp_path), instance_relative_config=True)
    assert app.config.root_path == str(tmp_path)
    assert framework.App(__name__, instance_path=str(tmp_path)).config.root_path == app.root_path


def test_root_path_may_be_given(framework: Any, tmp_path: pathlib.Path) -> None:
    assert framework.App("nowhere", root_path=str(tmp_path)).root_path == str(tmp_path)


def test_default_folders(framework: Any, tmp_path: pathlib.Path) -> None:
    app = framework.App(__name__, root_path=str(tmp_path))
    assert (app.static_folder, app.template_folder) == (str(tmp_path / "static"), "templates")
    assert app.static_url_path == "/static"
    assert app.jinja_loader.searchpath == [str(tmp_path / "templates")]


def test_find_package(both: Any) -> None:
    for name in ("json", "wsgiref.validate", "pytest", "no_such_module_at_all"):
        found = []
        for framework in both:
            try:
                found.append(framework.scaffold.find_package(name) if framework.name == "wsgiapp" else find(name))
            except (ImportError, ValueError) as error:
                found.append(type(error))
        assert found[0] == found[1]


def find(name: str) -> Any:
    from flask.sansio.scaffold import find_package

    return find_package(name)


def test_setupmethod_of_an_own_app(framework: Any) -> None:
    setupmethod = sansio(framework, "scaffold").setupmethod

    class App(framework.App):
        @setupmethod
        def own_setup(self):
            return "done"

    app = App(__name__)
    assert app.own_setup() == "done"
    app.add_url_rule("/", "view", lambda: "")
    app.test_client().get("/")
    with pytest.raises(AssertionError, match="own_setup"):
        app.own_setup()


def sansio(framework: Any, name: str) -> Any:
    import importlib

    return importlib.import_module(f"wsgiapp.{name}" if framework.name == "wsgiapp" else f"flask.sansio.{name}")


ABSENT = [
    "_request_ctx_stack",
    "_app_ctx_stack",
    "Markup",
    "escape",
    "Module",
    "signals_available",
    "before_first_request",
]


@pytest.mark.parametrize("name", ABSENT)
def test_names_that_are_gone_stay_gone(framework: Any, name: str) -> None:
    assert not hasattr(framework.module, name)


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("globals", ["_cv_app", "_cv_request", "app_ctx", "request_ctx", "current_app", "g", "request", "session"]),
        ("ctx", ["_AppCtxGlobals", "AppContext", "RequestContext", "_sentinel"]),
        ("json.provider", ["_default", "DefaultJSONProvider", "JSONProvider"]),
        (
            "json.tag",
            [
                "JSONTag",
                "PassDict",
                "PassList",
                "TagBytes",
                "TagDateTime",
                "TagDict",
                "TagMarkup",
                "TagTuple",
                "TagUUID",
            ],
        ),
        (
            "sessions",
            ["session_json_serializer", "SessionMixin", "SecureCookieSession", "NullSession", "SessionInterface"],
        ),
        ("templating", ["_render", "render_template_string", "DispatchingJinjaLoader", "Environment"]),
        ("wrappers", ["ResponseBase", "RequestBase", "Request", "Response"]),
        ("views", ["http_method_funcs", "View", "MethodView"]),
        ("signals", ["Namespace"]),
        ("cli", ["click", "with_appcontext", "AppGroup", "FlaskGroup", "ScriptInfo", "pass_script_info"]),
        ("json", ["_json", "dumps", "loads", "dump", "load", "jsonify"]),
        ("helpers", ["werkzeug", "get_root_path", "send_file", "url_for", "stream_with_context"]),
        ("app", ["Rule"]),
    ],
)
def test_private_names_that_extensions_import(framework: Any, module: str, names: list[str]) -> None:
    import importlib

    found = importlib.import_module(f"{framework.name}.{module}")
    assert [name for name in names if not hasattr(found, name)] == []


def test_public_names_are_the_same(both: Any) -> None:
    wsgiapp, flask = (framework.module for framework in both)
    public = {name for name in dir(flask) if not name.startswith("_")} - {"Flask", "sansio", "app", "t"}
    assert sorted(name for name in public if not hasattr(wsgiapp, name)) == []
