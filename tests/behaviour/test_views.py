"""Class-based views: `View`, `MethodView`, what their attributes do, and how often they are made."""

from typing import Any

import pytest


def test_view_is_dispatched(framework: Any) -> None:
    class Show(framework.views.View):
        def dispatch_request(self, name):
            return f"{framework.request.method} {name}"

    app = framework.App(__name__)
    app.add_url_rule("/<name>", view_func=Show.as_view("show"))
    client = app.test_client()
    assert (client.get("/ann").text, client.post("/ann").status_code) == ("GET ann", 405)


def test_view_function_tells_its_class(framework: Any) -> None:
    class Show(framework.views.View):
        """Shows."""

        methods = ["GET", "POST"]
        provide_automatic_options = False

        def dispatch_request(self):
            return ""

    function = Show.as_view("shown")
    assert (function.view_class, function.__name__, function.__doc__) == (Show, "shown", "Shows.")
    assert (function.__module__, function.methods) == (__name__, ["GET", "POST"])
    assert function.provide_automatic_options is False


def test_arguments_reach_the_constructor(framework: Any) -> None:
    class Show(framework.views.View):
        def __init__(self, *args, **kwargs):
            self.given = (args, kwargs)

        def dispatch_request(self):
            return repr(self.given)

    app = framework.App(__name__)
    app.add_url_rule("/", view_func=Show.as_view("show", 1, "b", key="word"))
    assert app.test_client().get("/").text == "((1, 'b'), {'key': 'word'})"


def test_plain_view_must_dispatch(framework: Any) -> None:
    app = framework.App(__name__)
    app.testing = True
    app.add_url_rule("/", view_func=framework.views.View.as_view("show"))
    with pytest.raises(NotImplementedError):
        app.test_client().get("/")


@pytest.mark.parametrize(("every", "made"), [(True, 3), (False, 1)])
def test_init_every_request(framework: Any, every: bool, made: int) -> None:
    instances = []

    class Show(framework.views.View):
        init_every_request = every

        def __init__(self):
            instances.append(self)

        def dispatch_request(self):
            return ""

    app = framework.App(__name__)
    app.add_url_rule("/", view_func=Show.as_view("show"))
    client = app.test_client()
    for _ in range(3):
        client.get("/")
    assert len(instances) == made


def test_decorators_wrap_the_function_in_order(framework: Any) -> None:
    def marked(mark):
        def decorate(function):
            return lambda *args, **kwargs: f"{mark}({function(*args, **kwargs)})"

        return decorate

    class Show(framework.views.View):
        decorators = [marked("inner"), marked("outer")]

        def dispatch_request(self):
            return "x"

    app = framework.App(__name__)
    app.add_url_rule("/", "show", Show.as_view("show"))
    assert app.test_client().get("/").text == "outer(inner(x))"


METHODS = ["get", "post", "put", "patch", "delete", "trace"]


def method_view(framework: Any, *methods: str) -> Any:
    functions = {name: lambda self, name=name: f"did {name}" for name in methods}
    return type("Resource", (framework.views.MethodView,), functions)


@pytest.mark.parametrize("method", METHODS)
def test_method_view_calls_the_method(framework: Any, method: str) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", view_func=method_view(framework, method).as_view("resource"))
    assert app.test_client().open("/", method=method.upper()).text == f"did {method}"


def test_method_view_allows_what_it_defines(framework: Any) -> None:
    app = framework.App(__name__)
    view = method_view(framework, "get", "delete")
    app.add_url_rule("/", view_func=view.as_view("resource"))
    response = app.test_client().post("/")
    assert view.methods == {"GET", "DELETE"}
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "DELETE", "OPTIONS"}


def test_method_view_inherits_methods(framework: Any) -> None:
    base, more = method_view(framework, "get"), method_view(framework, "post")
    both = type("Both", (base, more), {"put": lambda self: "did put"})
    app = framework.App(__name__)
    app.add_url_rule("/", view_func=both.as_view("both"))
    client = app.test_client()
    assert [client.open("/", method=m).text for m in ("GET", "POST", "PUT")] == ["did get", "did post", "did put"]


def test_method_view_with_its_own_list_of_methods(framework: Any) -> None:
    class Resource(framework.views.MethodView):
        methods = ["GET"]

        def get(self):
            return "got"

        def post(self):
            return "never"

    app = framework.App(__name__)
    app.add_url_rule("/", view_func=Resource.as_view("resource"))
    client = app.test_client()
    assert (client.get("/").text, client.post("/").status_code) == ("got", 405)


def test_method_view_answers_head_by_get_unless_it_has_its_own(framework: Any) -> None:
    class Resource(framework.views.MethodView):
        def get(self):
            return "x", {"X-By": "get"}

    class Own(Resource):
        def head(self):
            return "", {"X-By": "head"}

    app = framework.App(__name__)
    app.add_url_rule("/get", view_func=Resource.as_view("get"))
    app.add_url_rule("/own", view_func=Own.as_view("own"))
    client = app.test_client()
    assert [client.head(path).headers["X-By"] for path in ("/get", "/own")] == ["get", "head"]


def test_method_view_without_any_method(framework: Any) -> None:
    class Empty(framework.views.MethodView):
        pass

    app = framework.App(__name__)
    app.testing = True
    app.add_url_rule("/", view_func=Empty.as_view("empty"))
    with pytest.raises(AssertionError, match="GET"):
        app.test_client().get("/")


def test_method_view_may_override_dispatch(framework: Any) -> None:
    class Loud(framework.views.MethodView):
        def get(self, name):
            return name

        def dispatch_request(self, **kwargs):
            return super().dispatch_request(**kwargs).upper()

    app = framework.App(__name__)
    app.add_url_rule("/<name>", view_func=Loud.as_view("loud"))
    assert app.test_client().get("/ann").text == "ANN"


def test_methods_given_with_the_rule_win(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", view_func=method_view(framework, "get", "post").as_view("resource"), methods=["POST"])
    client = app.test_client()
    assert (client.post("/").text, client.get("/").status_code) == ("did post", 405)


def test_one_class_may_be_several_views(framework: Any) -> None:
    class Show(framework.views.View):
        def __init__(self, word):
            self.word = word

        def dispatch_request(self):
            return self.word

    app = framework.App(__name__)
    for word in ("one", "two"):
        app.add_url_rule(f"/{word}", view_func=Show.as_view(word, word))
    client = app.test_client()
    assert (client.get("/one").text, client.get("/two").text) == ("one", "two")


def test_options_of_a_method_view(framework: Any) -> None:
    class Resource(framework.views.MethodView):
        def get(self):
            return ""

        def options(self):
            return "own options"

    app = framework.App(__name__)
    app.add_url_rule("/", view_func=Resource.as_view("resource"))
    assert app.test_client().options("/").text == "own options"


def test_view_in_a_blueprint(framework: Any) -> None:
    app = framework.App(__name__)
    blueprint = framework.Blueprint("bp", __name__, url_prefix="/bp")
    blueprint.add_url_rule("/", view_func=method_view(framework, "get").as_view("resource"))
    app.register_blueprint(blueprint)
    assert app.test_client().get("/bp/").text == "did get"
    assert "bp.resource" in app.view_functions


def test_http_method_names(both: Any) -> None:
    assert both[0].views.http_method_funcs == both[1].views.http_method_funcs
