"""The road of one request: which functions run in which order, who answers errors, and the program's ``application``.

The same steps as in ``wsgiapp.dispatch``, each with the name of its layer; only those that this request meets.
"""

from __future__ import annotations

import textwrap
from inspect import iscoroutinefunction
from typing import Any

from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed, default_exceptions
from werkzeug.routing import RoutingException
from wsgiapp import App, errors, views
from wsgiapp.dispatch import ROAD

from ..places import where_of
from .gather import Gathering
from .match import Matched
from .reading import EVERYTHING, Risks, kinds_of
from .values import TwinError, literal, quoted

# Steps that a program stands for as they are; an app that has its own cannot be written out.
_STEPS = (
    "full_dispatch_request", "preprocess_request", "dispatch_request", "finalize_request", "make_response",
    "process_response", "handle_exception", "handle_user_exception", "handle_http_exception", "create_url_adapter",
    "request_context", "raise_routing_exception", "trap_http_exception", "url_for", "inject_url_defaults",
    "ensure_sync", "redirect", "make_default_options_response", "update_template_context", "make_aborter",
    "send_static_file", "get_send_file_max_age", "request_class", "response_class", "aborter_class",
    "jinja_environment",
)  # fmt: skip
_DOES = {layer.name: layer.does for layer in ROAD}


def says(name: str) -> str:
    """The comment that names a layer and tells what it does."""
    return f"# {name}: {_DOES[name]}"


def within(head: str, lines: list[str]) -> list[str]:
    """A statement with its block."""
    return [head, *textwrap.indent("\n".join(lines), "    ").split("\n")]


def check_stock(app: Any) -> None:
    """Refuse an app whose own code takes the place of a step; the X-ray's does not count.

    :raises TwinError: naming it.
    """
    for name in _STEPS:
        own = app.__dict__.get(name, getattr(type(app), name))
        if own is not getattr(App, name) and not getattr(own, "__module__", "").startswith("wsgiapp.xray"):
            raise TwinError(
                f"The app has a {name!r} of its own ({where_of(own) or where_of(type(app))}), which takes the place of"
                f" a step that the program stands for. Ask for a twin of an app without it."
            )
    outermost = app.wsgi_app
    while type(outermost).__module__.startswith("wsgiapp.xray"):
        outermost = outermost.inner
    if getattr(outermost, "__func__", None) is not App.wsgi_app:
        raise TwinError(
            f"There is middleware around the app, {type(outermost).__name__} ({where_of(outermost)}), which may change"
            f" any answer. Ask for a twin of the app without it."
        )
    if app.config["TRAP_HTTP_EXCEPTIONS"] or app.config["TRAP_BAD_REQUEST_ERRORS"]:
        raise TwinError("TRAP_HTTP_EXCEPTIONS or TRAP_BAD_REQUEST_ERRORS is set: switch it off, it is for debugging.")


class Road:
    """What runs for a request, gathered with all that it uses.

    :param gathering: collects what the functions need.
    :param matched: what routing makes of the request.
    """

    def __init__(self, gathering: Gathering, matched: Matched) -> None:
        self.gathering = gathering
        self.matched = matched
        self.app = app = gathering.app
        #: The layer of each function, by its name in the program.
        self.layers: dict[str, str] = {}
        #: What the program's ``respond`` has to tell apart.
        self.kinds: set[str] = set()
        self._functions: dict[str, Any] = {}
        scopes = matched.scopes
        self.preprocessors = self._hooks("before", app.url_value_preprocessors, scopes[::-1])
        self.before = self._hooks("before", app.before_request_funcs, scopes[::-1])
        self.view = self._view() if matched.rule is not None and not matched.is_automatic else ""
        self.after = self._hooks("after", app.after_request_funcs, scopes, latest_first=True)
        self.teardown = self._hooks("teardown", app.teardown_request_funcs, scopes, latest_first=True)
        self.teardown += [self._name("teardown", one) for one in reversed(app.teardown_appcontext_funcs)]
        #: Conditions and handlers of HTTP exceptions, classes and handlers of others.
        self.handlers: list[tuple[str, str]] = []
        self.others: list[tuple[str, str]] = []
        self._order = literal(matched.allowed, gathering.stand_in)
        self.catches_all = self.traps_keys = self._with_rule = False

    # -- what runs ---------------------------------------------------------------------------------------------

    def _hooks(self, layer: str, registry: Any, scopes: Any, latest_first: bool = False) -> list[str]:
        groups = [registry.get(scope, []) for scope in scopes]
        return [self._name(layer, one) for group in groups for one in (group[::-1] if latest_first else group)]

    def _name(self, layer: str, function: Any) -> str:
        name = self.gathering.stand_in(function)
        self.layers.setdefault(name, layer)
        self._functions[name] = function
        return name

    def _call(self, name: str, *arguments: str) -> str:
        call = f"{name}({', '.join(arguments)})"
        return f"asyncio.run({call})" if iscoroutinefunction(self._functions.get(name)) else call

    def _view(self) -> str:
        """The view's name; empty for a static file, which needs none."""
        view = self.app.view_functions[self.matched.endpoint]
        if self.matched.is_static:
            return ""
        return self._class_view(view) if hasattr(view, "view_class") else self._name("view", view)

    def _class_view(self, view: Any) -> str:
        cls, inner = view.view_class, view
        while hasattr(inner, "__wrapped__"):
            inner = inner.__wrapped__
        cells = dict(zip(inner.__code__.co_freevars, inner.__closure__ or (), strict=True))
        if not {"class_args", "class_kwargs", "only"} <= cells.keys():
            raise TwinError(f"A decorator hides the class {cls.__name__} ({where_of(cls)}): use functools.wraps in it.")
        name_of = self.gathering.stand_in
        made = [literal(value, name_of) for value in cells["class_args"].cell_contents]
        made += [f"{key}={literal(value, name_of)}" for key, value in cells["class_kwargs"].cell_contents.items()]
        only, kind = cells["only"].cell_contents, name_of(cls)
        instance = f"{kind}({', '.join(made)})" if only is None else name_of(only)
        method = method_of(cls, self.matched.environ["REQUEST_METHOD"])
        wanted = str(self.matched.endpoint).rpartition(".")[2]
        name = self.gathering.define_view(wanted, cls, method, instance, [name_of(one) for one in cls.decorators])
        self.layers[name] = "view"
        return name

    def _static(self) -> str:
        view = self.app.view_functions[self.matched.endpoint]
        owner, config = getattr(view, "__self__", self.app), self.app.config
        age = config["SEND_FILE_MAX_AGE_DEFAULT"]
        age = int(age.total_seconds()) if hasattr(age, "total_seconds") else age
        options = (f", max_age={age!r}" if age is not None else "") + (
            ", use_x_sendfile=True" if config["USE_X_SENDFILE"] else "")  # fmt: skip
        folder = quoted(owner.static_folder)
        return f'werkzeug.utils.send_from_directory({folder}, values["filename"], environ{options})'

    # -- errors ------------------------------------------------------------------------------------------------

    def find_handlers(self, risks: Risks) -> None:
        """Gather the error handlers that can be reached.

        :param risks: what the code gathered so far can raise.
        """
        refused = self.matched.refused
        handler = self._handler(refused) if refused is not None and not isinstance(refused, RoutingException) else ""
        if handler:
            self.handlers.append(("", handler))
        elif refused is None:
            self._find_http_handlers(risks)
        self.catches_all = risks.other and not self.app._propagates()
        if self.catches_all:
            self._find_other_handlers()

    def _find_http_handlers(self, risks: Risks) -> None:
        by_handler: dict[str, list[type[HTTPException]]] = {}
        for kind in [*risks.http, *(default_exceptions.values() if risks.any_http else ())]:
            handler = self._handler(kind.__new__(kind))
            if handler and kind not in by_handler.setdefault(handler, []):
                by_handler[handler].append(kind)
        self.handlers = [(self._condition(kinds), handler) for handler, kinds in by_handler.items()]

    def _condition(self, kinds: list[type[HTTPException]]) -> str:
        codes = sorted({kind.code or 0 for kind in kinds if kind in default_exceptions.values()})
        own = [self.gathering.stand_in(kind) for kind in kinds if kind not in default_exceptions.values()]
        if len(codes) == len(default_exceptions):
            return "problem.code is not None"
        tests = [f"problem.code {f'== {codes[0]}' if len(codes) == 1 else f'in {tuple(codes)}'}"] if codes else []
        return " or ".join([*tests, *(f"isinstance(problem, {name})" for name in own)])

    def _find_other_handlers(self) -> None:
        spec = self.app.error_handler_spec
        kinds = {kind for scope in self.matched.scopes for kind in spec.get(scope, {}).get(None, {})}
        own = [kind for kind in kinds if not issubclass(kind, HTTPException) and kind is not Exception]
        for kind in sorted(own, key=lambda one: -len(one.__mro__)):
            self.others.append((self.gathering.stand_in(kind), self._handler(kind.__new__(kind))))
        last = self._handler(Exception())
        self.others.append(("Exception", last or self._handler(InternalServerError())))
        self.catches_all = not last

    def _handler(self, error: Exception) -> str:
        found = errors.find_handler(self.app.error_handler_spec, error, self.matched.blueprints)
        return self._name("errors", found) if found is not None else ""

    # -- the application ---------------------------------------------------------------------------------------

    def respond(self, answer: str, names: list[str]) -> str:
        """The expression that makes a response of an answer.

        :param answer: an expression.
        :param names: the functions of the app's that it may come from.
        """
        found: frozenset[str] = frozenset()
        for name in names:
            known = kinds_of(self.gathering.definitions.get(name), self.gathering) if name else {"response"}
            found |= known - {"none"} if name in self.before else known
        for kind, text in (("text", f"Response({answer})"), ("json", f"json_response({answer})"), ("response", answer)):
            if found == {kind}:
                return text
        self.kinds |= EVERYTHING if found & {"unknown", "none"} else found
        return f"respond({answer}, environ)"

    def application(self, context: list[str], reached: set[str], attributes: list[str]) -> str:
        """The text of the program's ``application``.

        :param context: the attributes of the context; empty where nothing needs to be current.
        :param reached: the names that the program uses.
        :param attributes: statements that tell the request what it matched.
        """
        lines = within("try:", self._down("url_for" in reached, attributes))
        lines += within("except HTTPException as problem:", self._errors())
        lines += [line for kind, handler in self.others for line in self._except(kind, handler)]
        lines += self._up(reached)
        if context or self.teardown:
            lines = [*self._enter(context), *within("try:", lines), *within("finally:", self._leave(context))]
        return "\n".join([says("server"), *within("def application(environ, start_response):", lines)])

    def _enter(self, context: list[str]) -> list[str]:
        lines = ["error = None"] if self.others and self.teardown else []
        if context:
            lines += [says("request"), says("context"), f"context = SimpleNamespace({', '.join(context)})"]
            lines.append("token = current.set(context)")
        return lines

    def _leave(self, context: list[str]) -> list[str]:
        error = "error" if self.others else "None"
        calls = [self._call(name, error) for name in self.teardown]
        return [says("teardown"), *calls, *(["current.reset(token)"] if context else [])]

    def _down(self, builds_urls: bool, attributes: list[str]) -> list[str]:
        """From the match to the response."""
        bind = "urls.bind_to_environ(environ" + "".join(f", {k}={quoted(v)}" for k, v in self.matched.binding.items()) + ")"
        self._with_rule = bool(attributes)
        lines = []
        if builds_urls and self.matched.adapter is not None:
            lines.append(f"context.adapter = {bind}")
            bind = "context.adapter"
        match = [says("match"), *lines, *self._match(bind, attributes)]
        first, answering = self._before()
        if self.matched.refused is not None:
            core = [*match[:1], *match[1 + len(lines) :]]
            response = ["response = " + self.respond("answer", answering)] if answering else []
            return [*attributes, *lines, *first, *_if_none(answering, core), *response]
        core = [says("view"), *self._answer("answer" if answering or not self.matched.is_automatic else "response")]
        made = self.respond("answer", [*answering, self.view])
        response = [says("response"), f"response = {made}"] if answering or not self.matched.is_automatic else []
        return [*match, *attributes, *first, *_if_none(answering, core), *response]

    def _match(self, bind: str, attributes: list[str]) -> list[str]:
        matched = self.matched
        if matched.adapter is None:
            return [f"raise BadRequest({quoted(str(matched.refused.description))})"]
        if isinstance(matched.refused, MethodNotAllowed) and len(matched.allowed) > 1:
            sort = f"refused.valid_methods.sort(key={self._order}.index)"
            note = "# Werkzeug has them in a set, in an order that no two processes share; this is the app's"
            return [*within("try:", [f"{bind}.match()"]),
                    *within("except MethodNotAllowed as refused:", [note, sort, "raise"])]  # fmt: skip
        if matched.is_automatic:
            return [f"adapter = {bind}", "rule, values = adapter.match(return_rule=True)"] if attributes else [
                f"adapter = {bind}", "adapter.match()"]  # fmt: skip
        if matched.refused is not None:
            return [f"{bind}.match()"]
        if attributes:
            return [f"rule, values = {bind}.match(return_rule=True)"]
        if self.preprocessors:
            return [f"endpoint, values = {bind}.match()"]
        return [f"_, values = {bind}.match()" if matched.values else f"{bind}.match()"]

    def _before(self) -> tuple[list[str], list[str]]:
        """The statements of the hooks, and which of the hooks may answer."""
        refused = self.matched.refused is not None
        endpoint = "rule.endpoint" if self._with_rule else "endpoint"
        lines = [self._call(name, *(("None", "None") if refused else (endpoint, "values")))
                 for name in self.preprocessors]  # fmt: skip
        answering: list[str] = []
        for hook in self.before:
            call = self._call(hook)
            answers = kinds_of(self.gathering.definitions.get(hook), self.gathering) != {"none"}
            if answering:
                lines += within("if answer is None:", [f"answer = {call}"])
            else:
                lines.append(f"answer = {call}" if answers else call)
            answering += [hook] if answering or answers else []
        return ([says("before"), *lines] if lines else []), answering

    def _answer(self, target: str) -> list[str]:
        if self.matched.is_automatic:
            order = f"sorted(adapter.allowed_methods(), key={self._order}.index)"
            return ["# OPTIONS is answered without one: by the methods that the path allows", f"{target} = Response()",
                    f"{target}.allow.update({order})"]  # fmt: skip
        if not self.view:
            return [f"{target} = {self._static()}"]
        return [f"{target} = {self._call(self.view, *(('**values',) if self.matched.values else ()))}"]

    def _errors(self) -> list[str]:
        lines = [says("errors")]
        if self.traps_keys:
            lines += within("if isinstance(problem, BadRequestKeyError):  # in debug mode the developer sees it", ["raise"])
        plain, word = "response = problem.get_response(environ)", "if"
        for condition, handler in self.handlers:
            answer = f"response = {self.respond(self._call(handler, 'problem'), [handler])}"
            if not condition:
                return [*lines, answer]
            lines += within(f"{word} {condition}:", [answer])
            word = "elif"
        return [*lines, plain] if word == "if" else [*lines, *within("else:", [plain])]

    def _except(self, kind: str, handler: str) -> list[str]:
        unhandled = kind == "Exception" and self.catches_all
        error = "InternalServerError(original_exception=failure)" if unhandled else "failure"
        lines = ["traceback.print_exc()"] if unhandled else []
        lines += ["error = failure"] if self.teardown and unhandled else []
        answer = self.respond(self._call(handler, error), [handler]) if handler else f"{error}.get_response(environ)"
        what = "# errors: nobody handles it, so it is logged and answered by 500" if unhandled else says("errors")
        return within(f"except {kind} as failure:", [what, *lines, f"response = {answer}"])

    def _up(self, reached: set[str]) -> list[str]:
        """From the response to the server."""
        lines = []
        if "after_this_request" in reached:
            lines += within("for function in context.after:", ["response = function(response)"])
        lines += [f"response = {self._call(hook, 'response')}" for hook in self.after]
        lines = [says("after"), *lines] if lines else []
        if "save_session" in reached:
            lines += [says("save"), "save_session(response)"]
        return [*lines, says("send"), "return response(environ, start_response)"]


def _if_none(answering: list[str], lines: list[str]) -> list[str]:
    return within("if answer is None:", lines) if answering else lines


def method_of(cls: Any, method: str) -> str:
    """The method of a class-based view that answers an HTTP method."""
    if not issubclass(cls, views.MethodView) or cls.dispatch_request is not views.MethodView.dispatch_request:
        return "dispatch_request"
    name = method.lower()
    return "get" if name == "head" and not hasattr(cls, name) else name
