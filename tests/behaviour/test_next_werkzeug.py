"""What the next Werkzeug changes, set here by hand: storage classes, deprecated tables, rules added twice, privates."""

import io
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
import werkzeug.http
import werkzeug.routing
from werkzeug.datastructures import EnvironHeaders, Headers, ImmutableMultiDict, MultiDict
from werkzeug.sansio.multipart import MultipartDecoder
from werkzeug.test import create_environ
from werkzeug.wrappers import Request as WerkzeugRequest
from werkzeug.wsgi import LimitedStream

import wsgiapp
from wsgiapp import bodies, internals

FORM = {"method": "POST", "data": {"a": "1"}, "query_string": "q=2"}


def values(request: Any) -> list[Any]:
    return [request.args.to_dict(), request.form.to_dict(), request.values.to_dict(), request.files.to_dict()]


@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize("debug", [False, True])
def test_parameters_need_no_storage_class(monkeypatch: pytest.MonkeyPatch, gone: bool, debug: bool) -> None:
    monkeypatch.setattr(WerkzeugRequest.__mro__[1], "parameter_storage_class", None)
    if gone:
        monkeypatch.delattr(WerkzeugRequest.__mro__[1], "parameter_storage_class")
    app = wsgiapp.App("next")
    app.debug = debug

    @app.post("/")
    def view() -> list[Any]:
        assert type(wsgiapp.request.args) is type(wsgiapp.request.form) is ImmutableMultiDict
        return values(wsgiapp.request)

    assert app.test_client().open("/", **FORM).json == [{"q": "2"}, {"a": "1"}, {"a": "1", "q": "2"}, {}]


def test_storage_class_of_an_app_is_used(framework: Any) -> None:
    class Request(framework.Request):
        parameter_storage_class = MultiDict

    request = Request(create_environ("/", **FORM))
    assert type(request.args) is type(request.form) is type(request.files) is MultiDict


class DuplicateRuleError(ValueError):
    """What the next Werkzeug raises."""


@pytest.fixture
def no_rule_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    add = werkzeug.routing.Map.add

    def strict(self: Any, factory: Any) -> None:
        def key(rule: Any) -> Any:
            return rule.rule, rule.subdomain or "", rule.host, rule.websocket

        if not {key(rule) for rule in self.iter_rules()}.isdisjoint(map(key, factory.get_rules(self))):
            raise DuplicateRuleError(factory)
        add(self, factory)

    monkeypatch.setattr(werkzeug.routing.Map, "add", strict)


@pytest.mark.usefixtures("no_rule_twice")
def test_framework_adds_no_rule_twice() -> None:
    app, part = wsgiapp.App("next", static_folder="s"), wsgiapp.Blueprint("part", "next", static_folder="t")
    inner = wsgiapp.Blueprint("inner", "next", static_folder="u", url_prefix="/inner")
    inner.add_url_rule("/x", "x", lambda: "x")
    part.register_blueprint(inner)
    app.register_blueprint(part, url_prefix="/a")
    app.register_blueprint(part, url_prefix="/b", name="again")
    assert [app.test_client().get(path).text for path in ("/a/inner/x", "/b/inner/x")] == ["x", "x"]


@pytest.mark.usefixtures("no_rule_twice")
def test_refused_rule_leaves_the_app_as_it_was() -> None:
    app = wsgiapp.App("next")
    app.add_url_rule("/x", "x", lambda: "x")
    with pytest.raises(DuplicateRuleError):
        app.add_url_rule("/x", "y", lambda: "y")
    assert "y" not in app.view_functions
    assert app.test_client().get("/x").text == "x"


# Private parts -------------------------------------------------------------------------------------------------------


def without(attribute: str) -> Any:
    """A method that makes the object and takes the attribute away."""

    def changed(original: Any) -> Any:
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            self.__dict__[f"{attribute}_of_the_next"] = self.__dict__.pop(attribute)

        return init

    return changed


@pytest.mark.parametrize(
    ("owner", "attribute", "method"),
    [
        (Headers, "_list", "__init__"), (LimitedStream, "_stream", "__init__"), (LimitedStream, "_pos", "__init__"),
        (werkzeug.routing.Rule, "_trace", "bind"),
    ],
)  # fmt: skip
def test_part_that_has_changed_is_named(
    monkeypatch: pytest.MonkeyPatch, owner: Any, attribute: str, method: str
) -> None:
    monkeypatch.setattr(owner, method, without(attribute)(getattr(owner, method)))
    monkeypatch.setattr(owner, "read", lambda self, size: b"", raising=False)
    monkeypatch.setattr(WerkzeugRequest, "get_data", lambda self: self.__dict__.update(_cached_data=b"ab"))
    assert f"{owner.__name__}.{attribute}" in internals.changed_parts()
    with pytest.warns(RuntimeWarning, match=attribute):
        assert internals.check_parts() is False


@pytest.mark.parametrize(
    ("name", "part"), [("_load_form_data", "_load_form_data"), ("_parse_content_type", "_parsed_content_type")]
)
def test_method_of_requests_that_is_gone_is_noticed(monkeypatch: pytest.MonkeyPatch, name: str, part: str) -> None:
    owner = next(cls for cls in WerkzeugRequest.__mro__ if name in vars(cls))
    monkeypatch.setattr(WerkzeugRequest, "mimetype", "text/plain")
    monkeypatch.delattr(owner, name)
    assert f"Request.{part}" in internals.changed_parts()


def test_parts_of_the_installed_werkzeug_are_known() -> None:
    assert internals.changed_parts() == []
    assert internals.KNOWN is internals.check_parts() is True


@pytest.mark.parametrize("debug", [False, True])
def test_all_works_without_the_shortcuts(monkeypatch: pytest.MonkeyPatch, debug: bool) -> None:
    monkeypatch.setattr(internals, "KNOWN", False)
    app = wsgiapp.App("next")
    app.debug = debug

    @app.post("/")
    def view() -> Any:
        response = wsgiapp.jsonify(values(wsgiapp.request), wsgiapp.request.mimetype)
        response.headers["X-A"] = "b"
        return response

    response = app.test_client().open("/", **FORM)
    assert response.json == [[{"q": "2"}, {"a": "1"}, {"a": "1", "q": "2"}, {}], "application/x-www-form-urlencoded"]
    assert (response.headers["X-A"], response.content_type) == ("b", "application/json")
    assert app.test_client().post("/", json={"a": 1}).status_code == 200


@pytest.mark.parametrize("length", [None, "3"])
def test_limits_hold_without_the_shortcuts(monkeypatch: pytest.MonkeyPatch, length: str | None) -> None:
    monkeypatch.setattr(internals, "KNOWN", False)
    environ = {"wsgi.input": io.BytesIO(b"abc"), "wsgi.input_terminated": True, "REQUEST_METHOD": "POST"}
    request = wsgiapp.Request(environ | ({"CONTENT_LENGTH": length} if length else {}))
    request.max_content_length = 2
    with pytest.raises(werkzeug.exceptions.RequestEntityTooLarge):
        request.get_data()


def test_form_with_files_is_read_where_the_pattern_of_the_boundary_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    def search_only(pattern: Any) -> Any:
        return SimpleNamespace(search=lambda data: pattern.search(data))

    class Decoder(MultipartDecoder):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.boundary_re = search_only(self.boundary_re)

    monkeypatch.setattr(bodies, "MultipartDecoder", Decoder)
    app = wsgiapp.App("next")
    app.add_url_rule("/", "read", lambda: wsgiapp.request.files["f"].read(), methods=["POST"])
    with pytest.warns(RuntimeWarning, match="MultipartDecoder.boundary_re"):
        assert app.test_client().post("/", data={"f": (io.BytesIO(b"abc"), "a.txt")}).data == b"abc"


def test_import_tells_what_has_changed() -> None:
    code = (
        "import werkzeug.datastructures as d, warnings; old = d.Headers.__init__\n"
        "def init(self, *a): old(self, *a); self.items_, self._list = self._list, ()\n"
        "d.Headers.__init__ = init; warnings.simplefilter('always')\n"
        "import wsgiapp.internals; print(wsgiapp.internals.KNOWN)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "False\n" and "Headers._list" in done.stderr, done


def test_headers_are_a_view(framework: Any) -> None:
    assert type(framework.Request(create_environ()).headers) is EnvironHeaders
