"""Watching: it wraps the steps of a request while the X-ray is on.

:data:`wsgiapp.dispatch.LIFECYCLE` lists the steps. Each is replaced on the app object, as any app may do, by a function
that notes when it began and ended. :meth:`Watch.remove` restores the app.
"""

from __future__ import annotations

import contextvars
import logging
import sys
import weakref
from collections.abc import Callable, Iterable
from operator import attrgetter
from time import perf_counter_ns as clock
from typing import Any
from urllib.parse import quote

from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from wsgiapp.ctx import _cv_app
from wsgiapp.dispatch import LIFECYCLE
from wsgiapp.templating import _default_template_ctx_processor
from wsgiapp.typing import StartResponse, WSGIEnvironment
from wsgiapp.xray.access import COOKIE, Access
from wsgiapp.xray.objects.guard import safely
from wsgiapp.xray.objects.locations import Called, called, where_of

from . import instrumentation, timing
from .clean import clean, take_namespace
from .failures import note_failure
from .recording import MAX_BODY, How, Input, Output, Recording, Step, Stream, current

#: The request header of an environ, not of HTTP: what a request of the X-ray's own says about itself.
SOURCE = "wsgiapp.xray.source"
REPLAY_OF = "wsgiapp.xray.replay_of"
#: The key of a function in the environ, which is called with the id of the recording when it begins.
TOLD = "wsgiapp.xray.told"
#: Names the trace of a response.
LINK_HEADER = "X-Xray"

# Steps of the road that are noted by way of others: the call of the app, and what it made of a view's answer.
SEEN_FROM_OUTSIDE = ("__call__", "make_response")
MAX_RUNNING = 200
REQUEST, CONTEXT = Step("request", "App.request_context"), Step("context", "RequestContext.push")
MATCH, VIEW = Step("match", "Map.find"), Step("view", "App.dispatch_request")
RESPONSE, AFTER = Step("response", "App.make_response"), Step("after", "App.process_response")
SEND = Step("send", "Response.__call__")

Method = Callable[..., Any]
_NAME = attrgetter("name")
_log = logging.getLogger("wsgiapp.xray")


class Watch:
    """What stands around an app's ``wsgi_app`` while the X-ray is on.

    :param app: the app.
    :param keep: takes each recording when its request has ended.
    :param access: who may see them; others' responses do not mention them.
    :param prefix: the path of the X-ray's pages.

    :ivar pages: answers below that path; None while there are none.
    :ivar explain: makes a better page of an HTTP error that nobody handled, for those who may see the X-ray; or None.
    :ivar share: called where the server has several processes; or None.
    """

    def __init__(self, app: Any, keep: Callable[[Recording], None], access: Access, prefix: str) -> None:
        self.app = app
        self.keep = keep
        self.access = access
        self.prefix = prefix
        self.pages: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]] | None = None
        self.explain: Callable[[HTTPException, Any, str], BaseResponse | None] | None = None
        self.share: Callable[[], Any] | None = None
        self.inner: Any = app.wsgi_app
        self._replaced: list[tuple[dict[str, Any], str, Any]] = []
        self.name = ""
        #: Weak references to the requests that have not ended, so that an answer which is never closed can be freed.
        self.running: dict[int, weakref.ref[Recording]] = {}
        #: Whether the answers with static files mention their traces.
        self.links_static = True
        self.interface: Any = None
        self.url_map: Any = None
        self._wrap_app()

    # -- putting it on and taking it off -----------------------------------------------------------------------

    def _wrap_app(self) -> None:
        app = self.app
        special = {
            "wsgi_app": self,
            "request_context": self._request_context(),
            "dispatch_request": self._dispatch_request(),
            "make_default_options_response": self._default_options(),
            "finalize_request": self._finalize_request(),
            "process_response": self._process_response(),
            "ensure_sync": self._ensure_sync(),
            "handle_exception": _handling("handle_exception", app.handle_exception),
            "handle_user_exception": _handling("handle_user_exception", app.handle_user_exception),
            "handle_http_exception": self._handle_http_exception(),
            "do_teardown_request": self._do_teardown_request(),
            "create_jinja_environment": instrumentation.watched_environment(app),
        }
        for layer in LIFECYCLE:
            owner, _, name = layer.step.partition(".")
            if owner == "App" and name not in special and name not in SEEN_FROM_OUTSIDE:
                special[name] = _marked(layer.name, layer.step, getattr(app, name))
        for name, wrapper in special.items():
            if wrapper is not self:
                wrapper.__dict__["__wrapped__"] = getattr(app, name)
            self._replace(app, name, wrapper)
        app._calls_directly = False  # or views would be called past ensure_sync

    def _replace(self, owner: Any, name: str, wrapper: Any) -> None:
        attributes = owner.__dict__  # past __setattr__: a session interface draws conclusions from being set
        self._replaced.append((attributes, name, attributes.get(name)))
        attributes[name] = wrapper

    def remove(self) -> None:
        """Take the wrappers off again, last first."""
        for attributes, name, before in reversed(self._replaced):
            if before is None:
                attributes.pop(name, None)
            else:
                attributes[name] = before
        self._replaced.clear()
        self.app._calls_directly = type(self.app)._calls_directly and "ensure_sync" not in self.app.__dict__

    def _follow(self) -> None:
        """Wrap a session interface and a URL map that the app was given since the last request."""
        app = self.app
        self.name = app.name
        if app.session_interface is not self.interface:
            self.interface = app.session_interface
            for layer in LIFECYCLE:
                owner, _, name = layer.step.partition(".")
                if owner == "SessionInterface" and not hasattr(getattr(self.interface, name), "watched"):
                    self._replace(self.interface, name, _session_step(layer.name, layer.step, self.interface, name))
        if app.url_map is not self.url_map:
            self.url_map = app.url_map
            if hasattr(self.url_map, "find"):
                self._replace(self.url_map, "find", _find(self.url_map.find))

    # -- one request -------------------------------------------------------------------------------------------

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, and note what happens meanwhile."""
        # What a server may not hand over (a path that is no text) is for the app to refuse, not for the X-ray.
        path, cookies = environ.get("PATH_INFO"), environ.get("HTTP_COOKIE")
        below = type(path) is str and path.startswith(self.prefix) and f"{path}/".startswith(f"{self.prefix}/")
        if below and self.pages is not None:
            return self.pages(environ, start_response)
        app = self.app
        if not app.config["DEBUG"] and not self.access.records() and SOURCE not in environ:
            answer: Iterable[bytes] = self.inner(environ, start_response)
            return answer
        if app.session_interface is not self.interface or app.url_map is not self.url_map:
            self._follow()
        if instrumentation.waiting and instrumentation.SQL in sys.modules:
            instrumentation.open_sql()
        if environ.get("wsgi.multiprocess") and self.share is not None:
            safely(self.share)
        has_pass = bool(type(cookies) is str and COOKIE in cookies and safely(self.access.remove_pass, environ))
        try:
            recording = self._begin(environ, has_pass)
        except Exception:  # an environ that breaks PEP 3333 is for the app to refuse
            answer = self.inner(environ, start_response)
            return answer  # noqa: RET504  # typed
        token = current.set(recording)
        try:
            body: Iterable[bytes] = self.inner(environ, self._starter(recording, environ, start_response))
        except BaseException as error:
            note_failure(recording, error)
            self._finish(recording)
            raise
        finally:
            current.reset(token)
        # PERF: what nearly every response is, without the questions that others need (benchmarks/: xray).
        if type(body) is list and len(body) == 1 and type(body[0]) is bytes:
            sent = body[0]
            recording.sent = Stream(sent[:MAX_BODY], [len(sent)], len(sent))
            self._finish(recording)
            return body
        return self._body(body, recording, environ)

    def _begin(self, environ: WSGIEnvironment, has_pass: bool) -> Recording:
        recording = Recording(self.name, environ)
        recording.raw = environ
        self.running[id(recording)] = weakref.ref(recording)
        if len(self.running) > MAX_RUNNING:
            self.running.pop(next(iter(self.running)), None)
        if has_pass:
            recording.has_pass = True
        if "SERVER_SOFTWARE" not in environ or SOURCE in environ:
            self._note_source(recording, environ)
        length = environ.get("CONTENT_LENGTH", "0")
        if ("HTTP_TRANSFER_ENCODING" in environ or (type(length) is str and length not in ("", "0"))) and (
            "wsgi.input" in environ
        ):
            recording.received = Stream()
            environ["wsgi.input"] = Input(environ["wsgi.input"], recording.received)
        return recording

    @staticmethod
    def _note_source(recording: Recording, environ: WSGIEnvironment) -> None:
        recording.source = environ.get(SOURCE, "test client")  # every server says what it is (RFC 3875, 4.1.17)
        if SOURCE in environ:
            recording.replay_of = environ.get(REPLAY_OF, "")
            environ.get(TOLD, id)(recording.id)

    def _starter(
        self, recording: Recording, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Callable[..., Any]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            recording.status = status
            recording.head = headers
            recording.head_at = now = clock()
            if now > recording.due:
                recording.sample(now)
            # PERF: not by safely, which would be two more calls for each request (benchmarks/: xray).
            try:
                if type(headers) is list and self.access.is_near(environ):
                    mounted = environ.get("SCRIPT_NAME")
                    link = f"{quote(mounted.encode('latin1')) if mounted else ''}{self.prefix}/t/{recording.id}"
                    headers = [*headers, ("Server-Timing", timing.value(recording, now))]
                    rule = recording.ctx.request.url_rule if recording.ctx is not None else None
                    named = str(getattr(rule, "endpoint", ""))[-6:]
                    if self.links_static or named != "static" or not recording.is_static():
                        headers.append((LINK_HEADER, link))
            except KeyboardInterrupt:
                raise
            except BaseException:  # noqa: S110  # a root that is no text: who asked so is not told where the trace is
                pass
            return start_response(status, headers) if exc_info is None else start_response(status, headers, exc_info)

        return start

    def _body(self, body: Iterable[bytes], recording: Recording, environ: WSGIEnvironment) -> Iterable[bytes]:
        if isinstance(body, (list, tuple)):
            if body:
                recording.sent = Stream.of(body)
            self._finish(recording)
            return body
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(body, wrapper):
            # The server may hand the file to the kernel; standing in between would forbid it.
            recording.sent = Stream()
            recording.sent.size = None
            recording.sent.note = "The server sends the file by itself, so its bytes did not pass here."
            self._finish(recording)
            return body
        recording.sent = Stream()
        return Output(body, recording, self._finish, note_failure)

    def _finish(self, recording: Recording) -> None:
        recording.ended = now = clock()
        if now > recording.due:
            recording.sample(now)
        try:
            clean(recording, self.app, self.interface)
            self.keep(recording)
        except KeyboardInterrupt:
            raise
        except BaseException:  # whatever is wrong with the X-ray, the request has its answer
            recording.ctx = recording.raw = recording.secrets = None
            _log.warning("The X-ray could not keep a request; the request itself is not concerned")
        finally:
            self.running.pop(id(recording), None)  # removed only now: until then XRay.get waits for it

    # -- the steps that need more than a mark ------------------------------------------------------------------

    def _request_context(self) -> Method:
        inner = self.app.request_context

        def request_context(environ: WSGIEnvironment) -> Any:
            recording = current.get(None)
            if recording is None or recording.ended or recording.ctx is not None:
                return inner(environ)
            begin = clock()
            ctx = inner(environ)
            recording.ctx = ctx
            recording.marks += (begin, REQUEST, clock(), CONTEXT)
            return ctx

        return request_context

    def _handle_http_exception(self) -> Method:
        inner = self.app.handle_http_exception

        def handle_http_exception(error: HTTPException) -> Any:
            answer, recording = inner(error), current.get(None)
            if answer is not error or self.explain is None or recording is None or recording.ctx is None:
                return answer
            try:
                request = recording.ctx.request
                told = self.access.may_be_told(request.environ, recording.has_pass)
                return (self.explain(error, request, recording.id) if told else None) or answer
            except Exception:  # the app's own page is good enough
                _log.exception("The X-ray could not explain an error; its page is the stock one")
                return answer

        return handle_http_exception

    def _dispatch_request(self) -> Method:
        inner = self.app.dispatch_request

        def dispatch_request() -> Any:
            recording = current.get(None)
            if recording is not None and not recording.ended:
                recording.variables = tuple(map(_NAME, contextvars.copy_context()))
                recording.marks += (clock(), VIEW)
            return inner()

        return dispatch_request

    def _default_options(self) -> Method:
        inner = self.app.make_default_options_response
        who = Called("App.make_default_options_response", safely(where_of, inner) or "")

        def make_default_options_response() -> Any:
            recording, begin = current.get(None), clock()
            answer = inner()
            if recording is not None and not recording.ended:
                marks = recording.marks
                recording.automatic = bool(marks) and marks[-1] is VIEW and not recording.reached_view
                recording.note(begin, "function", "", who, "")
            return answer

        make_default_options_response.__dict__["__wrapped__"] = inner
        return make_default_options_response

    def _finalize_request(self) -> Method:
        inner = self.app.finalize_request

        def finalize_request(rv: Any, from_error_handler: bool = False) -> Any:
            recording = current.get(None)
            if recording is not None and not recording.ended:
                now = clock()
                recording.marks += (now, RESPONSE)
                if now > recording.due:
                    recording.sample(now)
                if type(rv) is not str:
                    safely(_keep_answer, recording, rv)
            return inner(rv, from_error_handler) if from_error_handler else inner(rv)

        return finalize_request

    def _process_response(self) -> Method:
        inner = self.app.process_response

        def process_response(response: Any) -> Any:
            recording = current.get(None)
            if recording is None or recording.ended:
                return inner(response)
            recording.marks += (clock(), AFTER)
            sent = inner(response)
            recording.marks += (clock(), SEND)
            if sent is not response:
                recording.replaced = True
            return sent

        return process_response

    def _do_teardown_request(self) -> Method:
        inner, mark = self.app.do_teardown_request, Step("teardown", "RequestContext.pop")

        def do_teardown_request(*args: Any, **kwargs: Any) -> Any:
            recording, app_ctx = current.get(None), _cv_app.get(None)
            if recording is not None and not recording.ended and recording.is_here():
                recording.marks += (clock(), mark)
                if app_ctx is not None and "g" in app_ctx.__dict__:
                    safely(take_namespace, recording, app_ctx.g)
            return inner(*args, **kwargs)

        return do_teardown_request

    def _ensure_sync(self) -> Method:
        inner = self.app.ensure_sync

        def ensure_sync(func: Method) -> Method:
            ready: Method = inner(func)
            recording = current.get(None)
            if recording is None or recording.ended or func is _default_template_ctx_processor:
                return ready
            if not recording.reached_view and recording.marks and recording.marks[-1] is VIEW:
                recording.reached_view = True  # the view itself: its times are the layer's
                return ready
            return _noted(func, ready)

        return ensure_sync


def _keep_answer(recording: Recording, rv: Any) -> None:
    """Note what the view, or who answered in its place, has said about headers."""
    if issubclass(type(rv), BaseResponse):
        recording.keep_head(None, "view", rv)
    elif type(rv) is tuple:
        recording.header_names = _names(rv[-1] if rv else None)


def _noted(func: Method, ready: Method) -> Method:
    """A hook, handler or teardown function, with a note of its times, and of the headers it changed."""
    # A tuple of its own for each: the functions of one factory have one name and one place.
    who: Called = tuple.__new__(Called, safely(called, func) or ("a function without a name", ""))

    def noted(*args: Any, **kwargs: Any) -> Any:
        recording = current.get(None)
        if recording is None or recording.ended:
            return ready(*args, **kwargs)
        begin = clock()
        if begin > recording.due:
            recording.sample(begin)
        given = bool(args) and issubclass(type(args[0]), BaseResponse)
        how = How.RAISED
        if given:
            _keep_first(recording, args[0])
            status = args[0].__dict__.get("_status_code")
        try:
            result = ready(*args, **kwargs)
            how = "" if result is None else How.RETURNED
            if given and issubclass(type(result), BaseResponse):
                recording.keep_head(who, "after", result)
                restated = result.__dict__.get("_status_code") != status
                how = How.REPLACED if result is not args[0] else How.RESTATED if restated else ""
            return result
        finally:
            recording.note(begin, "function", "", who, how)

    return noted


def _keep_first(recording: Recording, response: Any) -> None:
    """Note the headers as they were made, before anybody changes them."""
    if not recording.heads or recording.heads[-1][1] == "view":
        recording.keep_head("App.make_response", "response", response)


def _marked(layer: str, step: str, inner: Method) -> Method:
    """*inner*, with a mark where it begins."""
    mark = Step(layer, step)

    def marked(*args: Any, **kwargs: Any) -> Any:
        recording = current.get(None)
        if recording is not None and not recording.ended:
            recording.marks += (clock(), mark)
        return inner(*args, **kwargs)

    return marked


def _handling(name: str, inner: Method) -> Method:
    """*inner*, which handles an exception, with a mark, and with what is known of the exception."""
    mark = Step("errors", f"App.{name}")

    def handle(e: Exception) -> Any:
        recording = current.get(None)
        if recording is not None and not recording.ended:
            recording.marks += (clock(), mark)
            note_failure(recording, e)
        return inner(e)

    return handle


def _session_step(layer: str, step: str, interface: Any, name: str) -> Method:
    # One interface may serve many apps: its function must not hold one of them, nor be wrapped twice.
    inner: Method = getattr(interface, name)

    def watched(*args: Any, **kwargs: Any) -> Any:
        recording = current.get(None)
        if recording is None or recording.ended:
            return inner(*args, **kwargs)
        begin = clock()
        saved = args[2] if name == "save_session" and len(args) > 2 else None
        if saved is not None:
            _keep_first(recording, saved)
        try:
            return inner(*args, **kwargs)
        finally:
            if saved is not None:
                recording.keep_head(step, layer, saved)
            recording.note(begin, "layer", layer, step)

    watched.__dict__.update(watched=True, __wrapped__=inner)
    return watched


def _find(inner: Method) -> Method:
    def find(app: Any, environ: WSGIEnvironment) -> Any:
        recording = current.get(None)
        if recording is None or recording.ended:
            return inner(app, environ)
        recording.marks += (clock(), MATCH)
        recording.matched_by = "tables"
        found = inner(app, environ)
        if found is None and recording.ctx is not None:
            recording.matched_by = "Werkzeug"
        return found

    return find


def _names(headers: Any) -> tuple[str, ...]:
    """The names in the headers of a view's tuple, lower case; of anything that reading would change, none."""
    kind = type(headers)
    if kind is dict or kind is list or kind is tuple or issubclass(kind, Headers):
        pairs = [*headers] if kind is dict else [pair[0] for pair in headers if type(pair) is tuple and pair]
        return tuple([name.lower() for name in pairs if type(name) is str])
    return ()
