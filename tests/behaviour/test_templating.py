"""Templates: where they are found, what they see, when they escape, and what they can be given."""

import logging
import pathlib
from typing import Any

import pytest
from jinja2 import DictLoader, TemplateNotFound, TemplateSyntaxError, UndefinedError
from markupsafe import Markup


def app_with(framework: Any, folder: pathlib.Path, templates: dict[str, str], **options: Any) -> Any:
    """An app whose template folder holds `templates` (name → source)."""
    for name, source in templates.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    return framework.App(__name__, template_folder=str(folder), **options)


def render(framework: Any, app: Any, source: str, path: str = "/", **context: Any) -> str:
    with app.test_request_context(path):
        return str(framework.render_template_string(source, **context))


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("a.html", True),
        ("a.htm", True),
        ("a.xml", True),
        ("a.xhtml", True),
        ("a.svg", True),
        ("sub/a.html", True),
        ("a.txt", False),
        ("a.html.txt", False),
        ("a.js.html.txt", False),
        ("a.js", False),
        ("a.js.jinja", False),
        ("plain", False),
    ],
)
def test_escaping_goes_by_the_file_name(framework: Any, tmp_path: Any, name: str, escaped: bool) -> None:
    app = app_with(framework, tmp_path, {name: "{{ value }}"})
    with app.test_request_context():
        assert framework.render_template(name, value="<>") == ("&lt;&gt;" if escaped else "<>")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ value }}", "&lt;b&gt;"),
        ("{{ value|safe }}", "<b>"),
        ("{{ markup }}", "<b>"),
        ("{% autoescape false %}{{ value }}{% endautoescape %}", "<b>"),
        ("{{ value ~ markup }}", "&lt;b&gt;<b>"),
        ("{{ value|tojson }}", '"\\u003cb\\u003e"'),
        ("{{ {'a': [1, none]}|tojson }}", '{"a": [1, null]}'),
        ("<i title='{{ quote }}'>", "<i title='&#39;&#34;'>"),
    ],
)
def test_strings_are_escaped(framework: Any, source: str, expected: str) -> None:
    app = framework.App(__name__)
    assert render(framework, app, source, value="<b>", markup=Markup("<b>"), quote="'\"") == expected


def test_tojson_uses_the_provider_of_the_app(framework: Any) -> None:
    import decimal

    app = framework.App(__name__)
    app.json.ensure_ascii = False
    assert (
        render(framework, app, "{{ value|tojson }}", value={"d": decimal.Decimal(1), "u": "ü"})
        == '{"d": "1", "u": "ü"}'
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ request.path }} {{ request.args.x }}", "/page 1"),
        ("{{ config.GREETING }}", "hello"),
        ("{{ g.name }}", "from g"),
        ("{{ session.name }}", "from session"),
        ("{{ url_for('page', y=2) }}", "/page?y=2"),
        ("{{ get_flashed_messages(with_categories=true) }}", "[(&#39;kind&#39;, &#39;flashed&#39;)]"),
        ("{{ own }}", "given"),
        ("{{ missing }}", ""),
        ("{{ missing is defined }}", "False"),
        ("{{ request is defined and session is defined and g is defined }}", "True"),
    ],
)
def test_what_a_template_sees(framework: Any, source: str, expected: str) -> None:
    app = framework.App(__name__)
    app.secret_key = "key"
    app.config["GREETING"] = "hello"

    @app.get("/page")
    def page():
        framework.g.name, framework.session["name"] = "from g", "from session"
        framework.flash("flashed", "kind")
        return framework.render_template_string(source, own="given")

    assert app.test_client().get("/page?x=1").text == expected


def test_without_a_request_a_template_sees_g_and_config(framework: Any) -> None:
    app = framework.App(__name__)
    app.config["GREETING"] = "hello"
    with app.app_context():
        framework.g.name = "g"
        assert framework.render_template_string("{{ config.GREETING }} {{ g.name }}") == "hello g"


@pytest.mark.parametrize("name", ["config", "g", "request", "session", "own"])
def test_given_value_hides_the_standard_one(framework: Any, name: str) -> None:
    app = framework.App(__name__)
    app.context_processor(lambda: {"own": "processor"})
    assert render(framework, app, "{{ " + name + " }}", **{name: "given"}) == "given"


def test_macro_imported_with_context_sees_the_request(framework: Any, tmp_path: Any) -> None:
    templates = {
        "macro.html": "{% macro path() %}{{ request.path }}|{{ g.name }}{% endmacro %}",
        "with.html": "{% from 'macro.html' import path with context %}{{ path() }}",
        "without.html": "{% from 'macro.html' import path %}{{ path() }}",
    }
    app = app_with(framework, tmp_path, templates)
    with app.test_request_context("/p"):
        framework.g.name = "n"
        assert framework.render_template("with.html") == "/p|n"
        assert framework.render_template("without.html") == "/p|n"


def test_render_template_takes_a_list_and_uses_the_first_found(framework: Any, tmp_path: Any) -> None:
    app = app_with(framework, tmp_path, {"second.html": "second {{ x }}", "third.html": "third"})
    with app.test_request_context():
        assert framework.render_template(["first.html", "second.html", "third.html"], x=1) == "second 1"


def test_render_template_takes_a_template(framework: Any, tmp_path: Any) -> None:
    app = app_with(framework, tmp_path, {"page.html": "page {{ x }}"})
    with app.test_request_context():
        assert framework.render_template(app.jinja_env.get_template("page.html"), x=1) == "page 1"


@pytest.mark.parametrize("name", ["missing.html", ["missing.html", "gone.html"], "../conftest.py", "/etc/passwd"])
def test_template_not_found(framework: Any, tmp_path: Any, name: Any) -> None:
    app = app_with(framework, tmp_path / "templates", {"page.html": ""})
    with app.test_request_context(), pytest.raises(TemplateNotFound):
        framework.render_template(name)


@pytest.mark.parametrize(("source", "error"), [("{% if %}", TemplateSyntaxError), ("{{ a.b.c }}", UndefinedError)])
def test_broken_template_is_an_error(framework: Any, source: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        render(framework, framework.App(__name__), source)


def test_inheritance_and_include(framework: Any, tmp_path: Any) -> None:
    templates = {
        "base.html": "[{% block body %}base{% endblock %}]",
        "page.html": "{% extends 'base.html' %}{% block body %}{% include 'part.html' %}{{ super() }}{% endblock %}",
        "part.html": "{{ value }} ",
    }
    app = app_with(framework, tmp_path, templates)
    with app.test_request_context():
        assert framework.render_template("page.html", value="<") == "[&lt; base]"


def test_rendering_needs_a_context(framework: Any) -> None:
    for name in ("render_template", "render_template_string", "stream_template", "stream_template_string"):
        with pytest.raises(RuntimeError):
            getattr(framework, name)("x")


# Filters, tests, globals, processors ---------------------------------------------------------------------------------

KINDS = {
    "filter": ("{{ 'abc'|reverse_it }}", lambda value: value[::-1], "cba"),
    "test": ("{{ 'abc' is reverse_it }}", lambda value: value == "abc", "True"),
    "global": ("{{ reverse_it('x') }}", lambda value: value * 3, "xxx"),
}


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("way", ["decorator", "named", "add", "add named", "bare"])
@pytest.mark.parametrize("owner", ["app", "blueprint"])
def test_filters_tests_and_globals(framework: Any, kind: str, way: str, owner: str) -> None:
    source, function, expected = KINDS[kind]
    app = framework.App(__name__)
    blueprint = framework.Blueprint("bp", __name__)
    target, prefix = (app, "template_") if owner == "app" else (blueprint, "app_template_")

    def reverse_it(value):
        return function(value)

    if way == "decorator":
        getattr(target, prefix + kind)()(reverse_it)
    elif way == "bare":
        getattr(target, prefix + kind)(name="reverse_it")(function)
    elif way == "named":
        getattr(target, prefix + kind)("reverse_it")(function)
    elif way == "add":
        getattr(target, f"add_{prefix}{kind}")(reverse_it)
    else:
        getattr(target, f"add_{prefix}{kind}")(function, "reverse_it")
    app.register_blueprint(blueprint)
    assert render(framework, app, source) == expected


def test_environment_may_be_changed_directly(framework: Any) -> None:
    app = framework.App(__name__)
    app.jinja_env.filters["twice"] = lambda value: value * 2
    app.jinja_env.globals["answer"] = 42
    assert render(framework, app, "{{ 'x'|twice }}{{ answer }}") == "xx42"


def test_context_processors_run_in_order_and_the_later_wins(framework: Any) -> None:
    app = framework.App(__name__)
    app.context_processor(lambda: {"a": 1, "b": 1})
    app.context_processor(lambda: {"b": 2})
    assert render(framework, app, "{{ a }}{{ b }}") == "12"


def test_context_processor_runs_for_each_rendering_and_sees_the_request(framework: Any) -> None:
    app = framework.App(__name__)
    calls = []

    @app.context_processor
    def where():
        calls.append(framework.request.path)
        return {"where": framework.request.path}

    assert [render(framework, app, "{{ where }}", path) for path in ("/a", "/b")] == ["/a", "/b"]
    assert calls == ["/a", "/b"]


def test_context_processor_of_a_blueprint_is_its_own(framework: Any) -> None:
    app = framework.App(__name__)
    blueprint = framework.Blueprint("bp", __name__, url_prefix="/bp")
    blueprint.context_processor(lambda: {"own": "own"})
    blueprint.app_context_processor(lambda: {"all": "all"})
    for target in (app, blueprint):
        target.add_url_rule("/", "view", lambda: framework.render_template_string("{{ own }}-{{ all }}"))
    app.register_blueprint(blueprint)
    client = app.test_client()
    assert (client.get("/").text, client.get("/bp/").text) == ("-all", "own-all")


def test_update_template_context_keeps_what_is_there(framework: Any) -> None:
    app = framework.App(__name__)
    app.context_processor(lambda: {"a": "processor", "b": "processor"})
    with app.test_request_context():
        context = {"a": "mine"}
        app.update_template_context(context)
        assert (context["a"], context["b"]) == ("mine", "processor")
        assert context["request"] == framework.request


# Folders -------------------------------------------------------------------------------------------------------------


def with_blueprint(framework: Any, folder: pathlib.Path, app_has: list[str], blueprint_has: list[str]) -> Any:
    app = app_with(framework, folder / "app", {name: f"app {name}" for name in app_has})
    for name in blueprint_has:
        path = folder / "bp" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"bp {name}")
    blueprint = framework.Blueprint("bp", __name__, template_folder=str(folder / "bp"))
    app.register_blueprint(blueprint)
    return app


@pytest.mark.parametrize(
    ("name", "expected"), [("both.html", "app both.html"), ("bp.html", "bp bp.html"), ("app.html", "app app.html")]
)
def test_app_goes_before_blueprint(framework: Any, tmp_path: Any, name: str, expected: str) -> None:
    app = with_blueprint(framework, tmp_path, ["both.html", "app.html"], ["both.html", "bp.html"])
    with app.test_request_context():
        assert framework.render_template(name) == expected


def test_list_templates_joins_app_and_blueprints(framework: Any, tmp_path: Any) -> None:
    app = with_blueprint(framework, tmp_path, ["a.html", "x/b.html"], ["a.html", "c.html"])
    assert sorted(app.jinja_env.list_templates()) == ["a.html", "c.html", "x/b.html"]


def test_first_registered_blueprint_goes_first(framework: Any, tmp_path: Any) -> None:
    app = framework.App(__name__)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "page.html").write_text(name)
        app.register_blueprint(framework.Blueprint(name, __name__, template_folder=str(tmp_path / name)))
    with app.test_request_context():
        assert framework.render_template("page.html") == "one"


def test_no_template_folder(framework: Any) -> None:
    app = framework.App(__name__, template_folder=None)
    assert app.jinja_loader is None
    assert render(framework, app, "{{ 1 + 1 }}") == "2"


def test_own_loader(framework: Any) -> None:
    class App(framework.App):
        jinja_loader = DictLoader({"index.html": "from the dictionary"})

    with App(__name__).test_request_context():
        assert framework.render_template("index.html") == "from the dictionary"


def test_own_global_loader(framework: Any) -> None:
    class App(framework.App):
        def create_global_jinja_loader(self):
            return DictLoader({"index.html": "global"})

    with App(__name__).test_request_context():
        assert framework.render_template("index.html") == "global"


@pytest.mark.parametrize(
    ("config", "debug", "reloads"),
    [(None, False, False), (None, True, True), (True, False, True), (False, True, False)],
)
def test_templates_auto_reload(framework: Any, tmp_path: Any, config: Any, debug: bool, reloads: bool) -> None:
    app = app_with(framework, tmp_path, {"page.html": "old"})
    app.config["TEMPLATES_AUTO_RELOAD"] = config
    app.debug = debug
    assert app.jinja_env.auto_reload is reloads


def test_debug_switched_on_later_reloads_templates(framework: Any) -> None:
    app = framework.App(__name__)
    assert app.jinja_env.auto_reload is False
    app.debug = True
    assert app.jinja_env.auto_reload is True


def test_template_loading_is_explained(framework: Any, tmp_path: Any, caplog: Any) -> None:
    app = with_blueprint(framework, tmp_path, ["a.html"], ["b.html"])
    app.config["EXPLAIN_TEMPLATE_LOADING"] = True
    with app.test_request_context(), caplog.at_level(logging.INFO, logger=app.name):
        assert framework.render_template("b.html") == "bp b.html"
        with pytest.raises(TemplateNotFound):
            framework.render_template("missing.html")
    text = caplog.text
    assert "b.html" in text and "missing.html" in text
    assert str(tmp_path / "app") in text and str(tmp_path / "bp") in text


def test_missing_template_of_a_blueprint_is_explained(framework: Any, tmp_path: Any, caplog: Any) -> None:
    app = framework.App(__name__, template_folder=str(tmp_path))
    app.config.update(EXPLAIN_TEMPLATE_LOADING=True, PROPAGATE_EXCEPTIONS=False)
    blueprint = framework.Blueprint("forgetful", __name__)
    blueprint.add_url_rule("/", "view", lambda: framework.render_template("missing.html"))
    app.register_blueprint(blueprint)
    with caplog.at_level(logging.INFO, logger=app.name):
        assert app.test_client().get("/").status_code == 500
    assert "'forgetful'" in caplog.text


# Streaming -----------------------------------------------------------------------------------------------------------


def test_stream_template(framework: Any, tmp_path: Any) -> None:
    app = app_with(framework, tmp_path, {"page.html": "{% for n in numbers %}{{ n }} {{ request.path }} {% endfor %}"})
    app.add_url_rule("/", "view", lambda: framework.stream_template("page.html", numbers=range(3)))
    response = app.test_client().get("/")
    assert response.text == "0 / 1 / 2 / "
    assert "Content-Length" not in response.headers


def test_stream_template_string(framework: Any) -> None:
    app = framework.App(__name__)
    app.context_processor(lambda: {"own": "<own>"})
    app.add_url_rule("/", "view", lambda: framework.stream_template_string("{{ own }} {{ request.args.x }}"))
    assert app.test_client().get("/?x=1").text == "&lt;own&gt; 1"


def test_stream_template_without_a_request(framework: Any) -> None:
    with framework.App(__name__).app_context():
        assert "".join(framework.stream_template_string("{{ config.DEBUG }} {{ x }}", x=1)) == "False 1"


@pytest.mark.parametrize("ways", ["import 'part' as p", "from 'part' import m", "import 'part' as p with context"])
def test_imported_macro_knows_the_globals_of_the_template(framework: Any, ways: str) -> None:
    app = framework.App(__name__)
    parts = {"part": "{% macro m() %}{{ shared }}{{ own|default('-') }}{% endmacro %}"}
    parts["page"] = f"{{% {ways} %}}{{{{ {'m' if 'from' in ways else 'p.m'}() }}}}{{{{ own|default('-') }}}}"
    app.jinja_loader = DictLoader(parts)
    app.jinja_env.globals["shared"] = "s"
    with app.app_context():
        assert app.jinja_env.get_template("page").render() == "s--"
        page = app.jinja_env.get_template("page", globals={"own": "o", "shared": "S"})
        assert page.render() == ("Soo" if "with context" in ways else "soo")  # a module of its own for new names only
        app.jinja_env.globals["late"] = "l"
        assert "late" in page.globals.keys()  # noqa: SIM118 - the view of the names is what is asked
        assert page.globals["late"] == "l"


# The environment -----------------------------------------------------------------------------------------------------


def test_jinja_options(framework: Any) -> None:
    class App(framework.App):
        jinja_options = {"trim_blocks": True, "variable_start_string": "[[", "variable_end_string": "]]"}

    assert render(framework, App(__name__), "{% if true %}\n[[ 1 + 1 ]]{% endif %}") == "2"


def test_own_environment_class(framework: Any) -> None:
    class Environment(framework.templating.Environment):
        def __init__(self, app, **options):
            super().__init__(app, **options)
            self.globals["made_for"] = app.name

    class App(framework.App):
        jinja_environment = Environment

    app = App("named")
    assert render(framework, app, "{{ made_for }}") == "named"
    assert app.jinja_env.app is app


def test_select_autoescape_can_be_replaced(framework: Any) -> None:
    class App(framework.App):
        def select_jinja_autoescape(self, filename):
            return filename is not None

    assert render(framework, App(__name__), "{{ x }}", x="<") == "<"


def test_environment_is_made_once(framework: Any) -> None:
    app = framework.App(__name__)
    assert app.jinja_env is app.jinja_env


def test_get_template_attribute(framework: Any, tmp_path: Any) -> None:
    source = "{% macro hello(name) %}Hello {{ name }}!{% endmacro %}{% set version = 3 %}"
    app = app_with(framework, tmp_path, {"macros.html": source})
    with app.app_context():
        assert framework.get_template_attribute("macros.html", "hello")("World") == "Hello World!"
        assert framework.get_template_attribute("macros.html", "version") == 3
        with pytest.raises(AttributeError):
            framework.get_template_attribute("macros.html", "none")


def test_url_for_in_a_template_is_that_of_the_blueprint(framework: Any) -> None:
    app = framework.App(__name__)
    blueprint = framework.Blueprint("bp", __name__, url_prefix="/bp")
    blueprint.add_url_rule("/a", "a", lambda: framework.render_template_string("{{ url_for('.b') }}"))
    blueprint.add_url_rule("/b", "b", lambda: "")
    app.register_blueprint(blueprint)
    assert app.test_client().get("/bp/a").text == "/bp/b"
