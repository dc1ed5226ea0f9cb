"""The X-ray's pages, an application of its own below the watched app's ``/_xray``.

Pages are made here from traces; who may see them is asked of ``access`` before anything else. Every answer forbids
caching, framing and any script or style that is not a file of this package.
"""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import dropwhile
from time import perf_counter_ns
from typing import Any
from urllib.parse import quote, unquote, unquote_to_bytes, urlencode

from markupsafe import Markup
from werkzeug.exceptions import BadRequest, Forbidden, NotFound
from werkzeug.test import EnvironBuilder

from wsgiapp import App, Request, Response, render_template, request
from wsgiapp.typing import ResponseReturnValue, StartResponse, WSGIEnvironment
from wsgiapp.xray import access, redact, twin
from wsgiapp.xray.explain import compare, executed, teach, why
from wsgiapp.xray.explain.sentences import opening
from wsgiapp.xray.objects.locations import own_files
from wsgiapp.xray.record import watch
from wsgiapp.xray.trace import Trace
from wsgiapp.xray.trace_builder import quoted

from . import exports, replay_form, text
from .places import Places, editor_of

SAFE = twin.SAFE
METHODS = (*SAFE, "POST", "PUT", "PATCH", "DELETE")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # without any, browsers would send forms with the origin "null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
LOCKED = "The X-ray is locked. Its address stands in the terminal in which the server runs: it has the token.\n"


#: How many characters of an address the page that asks for the token keeps, and for how many addresses a hint is
#: printed.
MAX_WANTED = 2_000
MAX_OUTSIDER_HINTS = 20


class PagesApp(App):
    """The application of the pages; it is never watched itself."""

    unwatched = True


class Pages:
    """Answers what is asked below the X-ray's prefix.

    :param xray: the :class:`wsgiapp.xray.XRay` whose traces are shown.
    """

    def __init__(self, xray: Any) -> None:
        self.xray = xray
        self.places = Places(xray.app, editor_of(xray.editor))
        self.outsider_hints: set[str] = set()
        self.told = False  # whether the terminal has the address with the token
        self.app = app = PagesApp(__name__, static_folder="static", template_folder="templates")
        app.config.update(MAX_CONTENT_LENGTH=4 * replay_form.MAX_REPLAY, DEBUG=False, PROPAGATE_EXCEPTIONS=False)
        app.jinja_env.filters.update(
            ms=milliseconds, clock=clock_time, hexdump=replay_form.shown, share=share, target=target
        )
        app.jinja_env.filters["duration"] = text.duration
        app.after_request(self._protect)
        app.context_processor(self._always)
        app.add_url_rule("/", "index", self.index)
        app.add_url_rule("/t/<name>", "trace", self.trace)
        app.add_url_rule("/t/<name>/step/<int:number>", "step", self.step)
        app.add_url_rule("/t/<name>/lesson.html", "lesson", self.lesson)
        app.add_url_rule("/t/<name>/export/<kind>", "export", self.export)
        app.add_url_rule("/t/<name>/source", "source_of", self.source)
        app.add_url_rule("/source", "source", self.source)
        app.add_url_rule("/compare", "compare", self.compare)
        app.add_url_rule("/why", "why", self.why)
        app.add_url_rule("/replay", "replay", self.replay, methods=["POST"])
        app.add_url_rule("/twin", "twin", self.twin, methods=["POST"])
        app.add_url_rule("/clear", "clear", self.clear, methods=["POST"])
        app.register_error_handler(NotFound, self._missing)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, if the request may see anything at all."""
        prefix = self.xray.prefix
        path = environ["PATH_INFO"][len(prefix) :]
        below = {**environ, "SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + prefix, "PATH_INFO": path or "/"}
        below.pop("werkzeug.request", None)
        if environ.get("wsgi.multiprocess"):
            self.xray.share()
        refusal = self.xray.access.refusal(environ)
        if refusal:
            return self._refuse(environ, start_response)
        if "token" in Request(below, populate_request=False).args:
            return self._let_in(below)(environ, start_response)
        return self.app(below, start_response)

    def _refuse(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Say to the machine's own user where the token is; to others the app answers as if there were no X-ray."""
        if self.xray.access.allow is not None or not self.xray.access.is_near(environ):
            self._print_outsider_hint(environ)
            answer: Iterable[bytes] = self.xray.watch.inner(environ, start_response)
            return answer
        if not self.told:
            self.told = True
            address = f"{Request(environ, populate_request=False).host_url}{self.xray.prefix[1:]}/"
            environ["wsgi.errors"].write(f"X-ray of {self.xray.app.name}: {address}?token={self.xray.access.token}\n")
        asks = Request(environ, populate_request=False)
        if asks.accept_mimetypes.best_match(["text/plain", "text/html"]) != "text/html":
            return Response(LOCKED, 403, HEADERS, "text/plain")(environ, start_response)
        return Response(self._locked(asks), 403, HEADERS, "text/html")(environ, start_response)

    def _locked(self, asks: Request) -> str:
        """The page before the token: its form leads to where one wanted to go, which is below the X-ray's own path."""
        root = quote(asks.environ.get("SCRIPT_NAME", "").encode("latin1")) + self.xray.prefix
        below = quote(asks.environ["PATH_INFO"].encode("latin1"))[len(self.xray.prefix) :]
        wanted = asks.method in ("GET", "HEAD") and len(below) < MAX_WANTED and len(asks.query_string) < MAX_WANTED
        arguments = [pair for pair in asks.args.items(multi=True) if pair[0] != "token"] if wanted else []
        template = self.app.jinja_env.get_template("locked.html")
        return template.render(
            watched=self.xray.app, root=root, action=f"{root}{below}" if wanted else f"{root}/", arguments=arguments,
            wrong="token" in asks.args, alone=self.xray.alone, variable=access.TOKEN_VARIABLE,
        )  # fmt: skip

    def _print_outsider_hint(self, environ: WSGIEnvironment) -> None:
        """Print in the terminal, once for each address, who asked from another machine, and which setting allows it."""
        line = self.xray.access.outsider_hint(environ)
        if line and line not in self.outsider_hints and len(self.outsider_hints) < MAX_OUTSIDER_HINTS:
            self.outsider_hints.add(line)
            environ["wsgi.errors"].write(f"{line}\n")

    def _let_in(self, environ: WSGIEnvironment) -> Response:
        """Move the token from the address, where it would be copied and logged, into a cookie."""
        place = quote(environ["SCRIPT_NAME"].encode("latin1") + environ["PATH_INFO"].encode("latin1"))
        rest = [pair for pair in Request(environ, populate_request=False).args.items(multi=True) if pair[0] != "token"]
        place += f"?{urlencode(rest)}" if rest else ""
        answer = Response("", 302, {**HEADERS, "Location": place}, "text/plain")
        answer.set_cookie(
            access.cookie_name(environ), self.xray.access.token, path=quote(environ["SCRIPT_NAME"].encode("latin1")),
            httponly=True, samesite="Strict",
        )  # fmt: skip
        mounted = quote(environ["SCRIPT_NAME"].encode("latin1")).removesuffix(self.xray.prefix)
        name, value = access.pass_name(environ), self.xray.access.new_pass()
        answer.set_cookie(name, value, path=f"{mounted}/", httponly=True, samesite="Strict")
        return answer

    def _protect(self, response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    def _always(self) -> dict[str, Any]:
        return {
            "watched": self.xray.app, "root": request.script_root, "key": self.key(), "safe": SAFE, "methods": METHODS,
        }  # fmt: skip

    def _missing(self, error: NotFound) -> ResponseReturnValue:
        return render_template("missing.html", why=error.description), 404

    def key(self) -> str:
        """What a form must carry, so that no other site's page can send it."""
        return hmac.new(self.xray.access.token.encode(), b"form", "sha256").hexdigest()

    # -- pages -------------------------------------------------------------------------------------------------

    def _get(self, name: str) -> Trace:
        found: Trace | None = self.xray.get(name)
        if found is None:
            raise NotFound(f"No request {name!r} is kept: the last {self.xray.ring.limit} are, and they begin anew"
                           f" with each process; static files only with XRay(app, static=True).")  # fmt: skip
        return found

    def index(self) -> ResponseReturnValue:
        """The recent requests."""
        traces, words = self.xray.traces(), request.args.get("q", "").casefold().split()
        page = next((trace for trace in traces if trace.is_page), None)
        found = [trace for trace in traces if all(word in _searched(trace) for word in words)]
        return render_template(
            "index.html", traces=found, ring=self.xray.ring, page=page, asked=request.args.get("q", ""),
            running=[(each, (perf_counter_ns() - each.begun) / 1e9) for each in self.xray.running()],
        )  # fmt: skip

    def trace(self, name: str) -> ResponseReturnValue:
        """Show one request; as JSON for clients that prefer it (RFC 9110, 12.5.1)."""
        found = self._get(name)
        kinds = request.accept_mimetypes
        if kinds.best_match(["text/html", "application/json"]) == "application/json":
            return Response(exports.as_json(found), mimetype="application/json", headers={"Vary": "Accept"})
        explained = self._explained(found)
        older = [*dropwhile(lambda entry: entry.id != name, self.xray.ring)][1:]
        earlier = older[0].id if older else None
        page = render_template(
            "trace.html", trace=found, why=explained, earlier=earlier, exports=exports.EXPORTS,
            opening=opening(found, explained), address=page_of(found),
            missing=replay_form.missing(found), partial=replay_form.is_partial(found), linked=self._linker(found),
        )  # fmt: skip
        return page, {"Vary": "Accept"}

    def _explained(self, found: Trace) -> Any:
        return why.why_trace(self.xray.app, found)

    def step(self, name: str, number: int) -> ResponseReturnValue:
        """Teaching mode: one step of a request."""
        found = self._get(name)
        headings = teach.headings(found)
        if not 1 <= number <= len(headings):
            raise NotFound(f"This request has steps 1 to {len(headings)}; there is no step {number}.")
        return render_template(
            "step.html", trace=found, step=teach.step(found, number), steps=headings, address=page_of(found),
            linked=self._linker(found),
        )  # fmt: skip

    def _linker(self, found: Trace | None) -> Callable[[str], Markup]:
        return self.places.linker(found, request.script_root)

    def source(self, name: str | None = None) -> ResponseReturnValue:
        """The lines around a place that a trace names, or one of the app's rules."""
        found, where = self._get(name) if name is not None else None, request.args.get("at", "")
        window = self.places.window(found, where)
        if window is None:
            raise NotFound(f"No file is shown for {where!r}: what is shown is the source of this process and the app's"
                           " templates, where a request that is kept names them.")  # fmt: skip
        file = where.rpartition(":")[0]
        return render_template("source.html", trace=found, where=where, file=file, window=window)

    def lesson(self, name: str) -> ResponseReturnValue:
        """Teaching mode as one page to keep: no script, no other file, links from step to step."""
        found = self._get(name)
        with self.app.open_resource("static/xray.css", "r") as styles:
            own = Markup(styles.read())  # noqa: S704  # a file of this package; escaped, it would be no CSS
        said = opening(found, self._explained(found))
        page = render_template("lesson.html", trace=found, steps=teach.steps(found), styles=own, opening=said)
        return page, {"Content-Disposition": f"attachment; filename=lesson-{found.id}.html"}

    def export(self, name: str, kind: str) -> ResponseReturnValue:
        """One request in another tool's format."""
        found = self._get(name)
        if kind not in exports.EXPORTS:
            raise NotFound(f"There is no export {kind!r}, but: {', '.join(exports.EXPORTS)}.")
        function, media_type, ending = exports.EXPORTS[kind]
        shown = f"attachment; filename=trace-{found.id}.{ending}"
        return Response(function(found), mimetype=media_type, headers={"Content-Disposition": shown})

    def compare(self) -> ResponseReturnValue:
        """Two requests side by side."""
        left, right = self._get(request.args.get("left", "")), self._get(request.args.get("right", ""))
        return render_template("compare.html", left=left, right=right, found=compare.compare(left, right))

    def why(self) -> ResponseReturnValue:
        """Which rule answers a method and a path, and why the others do not."""
        method = request.args.get("method", "GET").upper()
        path = unquote(request.args.get("path", "/").partition("?")[0])  # as it is copied from an address bar
        explained = why.why(self.xray.app, method, path, host=request.host, scheme=request.scheme)
        return render_template("why.html", method=method, path=path, why=explained, linked=self._linker(None))

    # -- doing something ---------------------------------------------------------------------------------------

    def _check_form(self) -> None:
        same = request.headers.get("Origin", request.host_url.rstrip("/")) == request.host_url.rstrip("/")
        if not same or not hmac.compare_digest(request.form.get("key", "").encode(), self.key().encode()):
            raise Forbidden("This form did not come from the X-ray's own page. Open the page again and send it there.")

    def clear(self) -> ResponseReturnValue:
        """Forget what is kept."""
        self._check_form()
        self.xray.clear()
        return self.app.redirect(request.script_root + "/", 303)

    def replay(self) -> ResponseReturnValue:
        """Send a request again, as it was or as it was edited, with the cookies of the browser that asks."""
        self._check_form()
        form = request.form
        method = form.get("method", "GET").upper()
        if method not in SAFE and form.get("sure") != "yes":
            raise BadRequest(f"A {method} request may change something. Tick the box that says so, and send it again.")
        environ = self._again(method, form)
        if form.get("lines"):
            with executed.Executed(*own_files(self.xray.app, framework=True)) as lines:
                newest = self._send(environ)
            return self.app.redirect(request.script_root + self._marked(newest, lines), 303)
        newest = self._send(environ)
        place = f"/t/{newest}"
        if form.get("compare") and form.get("of"):
            place = f"/compare?left={quote(form['of'])}&right={newest}"
        return self.app.redirect(request.script_root + place, 303)

    def _marked(self, name: str, lines: executed.Executed) -> str:
        """Keep the lines that ran with the request of that name; returns the step of the view, or the first."""
        recording = self.xray.ring.get(name)
        if recording is None:
            return f"/t/{name}"
        recording.lines = lines.files()
        spans = self._get(name).spans
        return f"/t/{name}/step/{next((n for n, span in enumerate(spans, 1) if span.kind == 'view'), 1)}"

    def twin(self) -> ResponseReturnValue:
        """Send a request again, here and under the ladder's last step, and show both answers."""
        self._check_form()
        form = request.form
        method = form.get("method", "GET").upper()
        if method not in SAFE and form.get("sure") != "yes":
            raise BadRequest(f"A {method} request may change something, and the twin sends it twice, both times to the"
                             " app's real data. Tick the box that says so, and send it again.")  # fmt: skip
        environ = self._again(method, form)
        body = environ["wsgi.input"].read()
        try:
            found = twin.twin(self.xray, environ, body, really=True)
        except twin.TwinError as error:
            return render_template("missing.html", why=str(error)), 409
        return render_template("twin.html", found=found, linked=self._linker(self.xray.get(found.trace)))

    def _again(self, method: str, form: Any) -> WSGIEnvironment:
        path, query = replay_form.target_of(form.get("path", "/"))
        headers = [pair for pair in map(replay_form.header_of, form.get("headers", "").splitlines()) if pair]
        body = replay_form.body_of(
            self.xray.get(form.get("of", "")), form.get("body", ""), form.get("partial") == "yes"
        )
        mounted = request.script_root.removesuffix(self.xray.prefix)
        builder = EnvironBuilder(
            base_url=f"{request.scheme}://{request.host}{mounted}/", query_string=query, method=method,
            data=body or None, headers=headers,
        )  # fmt: skip
        environ = builder.get_environ()
        builder.close()
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin1")  # as a server does, whatever the path
        own = (access.cookie_name(request.environ), access.pass_name(request.environ))
        carried = "; ".join(f"{name}={value}" for name, value in request.cookies.items() if name not in own)
        if carried:
            environ["HTTP_COOKIE"] = carried
        environ["REMOTE_ADDR"] = request.remote_addr
        return environ | {watch.SOURCE: "replay", watch.REPLAY_OF: form.get("of", "")}

    def _send(self, environ: WSGIEnvironment) -> str:
        names: list[str] = []
        environ[watch.TOLD] = names.append
        body: Iterable[bytes] = ()
        with contextlib.suppress(Exception):  # what the app raises stands in the trace
            try:
                body = self.xray.app(environ, lambda *_: None)
                for _ in body:
                    pass
            finally:
                getattr(body, "close", lambda: None)()
        if not names:
            raise BadRequest("No request was recorded: what stands around the app answered this one by itself.")
        return names[0]


def _searched(trace: Trace) -> str:
    """The text in which the list's search looks."""
    rule, failures = trace.match.rule or "", " ".join(failure.kind for failure in trace.failures)
    return f"{trace.method} {trace.path}?{trace.query} {trace.status} {rule} {trace.source} {failures}".casefold()


# -- how things are written on the pages ---------------------------------------------------------------------------


def milliseconds(value: float) -> str:
    """A time with as many digits as mean something."""
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def clock_time(seconds: float) -> str:
    """The local time of a moment, to the millisecond."""
    moment = datetime.fromtimestamp(seconds).astimezone()
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03}"


def share(value: float, whole: float) -> float:
    """A part of the whole, as a number from 0 to 1000 for a drawing."""
    return round(1000 * value / whole, 1) if whole else 0


def target(trace: Trace) -> str:
    """Path and query as they stood in the request's first line."""
    path = quoted(trace.environ.get("PATH_INFO", ""))
    return f"{path}?{trace.query}" if trace.query else path


def page_of(trace: Trace) -> str:
    """The address of the app's page that a request asked for; empty where none can be opened again."""
    shown = target(trace)
    if trace.method not in ("GET", "HEAD") or redact.is_redacted(unquote(shown)) or not shown.startswith("/"):
        return ""
    mounted = quoted(trace.environ.get("SCRIPT_NAME", ""))
    return "" if f"{mounted}{shown}".startswith("//") else f"{mounted}{shown}"
