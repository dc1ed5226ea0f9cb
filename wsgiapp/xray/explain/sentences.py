"""Sentences on what happened in one request: one for each step, and one for the whole.

They are made only from a trace, which holds no secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.http import parse_etags, unquote_etag

from wsgiapp.xray.objects.descriptions import cut
from wsgiapp.xray.trace import Failure, Span, Trace

#: Characters of one value within a sentence; names of a list.
MAX_VALUE = 120
MAX_NAMES = 6
RAISED = "It raised an exception."
RETURNED = "It returned a value."
REPLACED = "It put another response in the place of the one that it was given."
RESTATED = "It changed the status."


def short(kind: str) -> str:
    """A class without its module."""
    return kind.rpartition(".")[2]


def listed(names: Iterable[str], nothing: str = "none") -> str:
    """Names as one says them: ``a, b and c``; of many the first ones."""
    found = [cut(name, MAX_VALUE) for name in names]
    if len(found) > MAX_NAMES:
        return f"{', '.join(found[:MAX_NAMES])} and {len(found) - MAX_NAMES} more"
    return " and ".join([", ".join(found[:-1]), found[-1]]) if len(found) > 1 else "".join(found) or nothing


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 hook``, ``2 hooks``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def called(trace: Trace) -> str:
    """The view with the arguments that it was called with."""
    values = ", ".join(f"{name}={cut(value, MAX_VALUE)}" for name, value in trace.match.arguments.items())
    return f"{trace.match.view}({values})"


def said(failure: Failure) -> str:
    """A failure in a few words: its class, and what it says."""
    text = " ".join(failure.message.split())
    return f"{short(failure.kind)} ({cut(text, MAX_VALUE)})" if text else short(failure.kind)


def place_in_app(trace: Trace, failure: Failure) -> str:
    """The innermost line of the app's own that a failure passed; else the line that raised it."""
    files = {span.where.rpartition(":")[0] for span in trace.spans if span.kind not in ("layer", "stream", "log")}
    own = [where for where, _, _ in failure.frames if where.rpartition(":")[0] in files - {""}]
    return own[-1] if own else failure.where


class Walk:
    """The sentences of one request.

    :param trace: the request.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.road = [number for number, span in enumerate(trace.spans) if span.kind == "layer" and span.parent == 0]

    def sentence(self, number: int) -> str:
        """What the step *number* did."""
        span = self.trace.spans[number]
        if span.kind == "layer":
            tell: Callable[[int], str] = getattr(self, f"_{span.layer}", self._other)
            return tell(number)
        inside: dict[str, Callable[[int], str]] = {
            "view": self._view_itself, "hook": self._hook, "handler": self._handler, "teardown": self._ran,
            "template": self._template, "sql": self._sql, "signal": self._signal, "log": self._log,
            "function": self._ran, "stream": self._stream,
        }  # fmt: skip
        return inside.get(span.kind, self._other)(number)

    # -- around a layer ---------------------------------------------------------------------------------------------

    def _inside(self, number: int, kind: str) -> list[Span]:
        return [span for span in self.trace.spans if span.parent == number and span.kind == kind]

    def next_layer(self, number: int) -> Span | None:
        """The layer of the road after this one."""
        return next((self.trace.spans[place] for place in self.road if place > number), None)

    def layer_before(self, number: int) -> int | None:
        """The place of the layer of the road before this one."""
        return next((place for place in reversed(self.road) if place < number), None)

    def raised(self, number: int) -> bool:
        """Whether a layer ended in an exception: error handling, or nothing, came next."""
        following = self.next_layer(number)
        ended = following is None or following.layer == "teardown"
        return (following is not None and following.layer == "errors") or (ended and not self.trace.status)

    def has_view(self) -> bool:
        """Whether the view was called."""
        return any(span.kind == "view" for span in self.trace.spans)

    def reached(self, layer: str) -> bool:
        """Whether the request came to a layer of that name."""
        return any(self.trace.spans[place].layer == layer for place in self.road)

    def answering_hook(self) -> Span | None:
        """The hook that answered in the view's place."""
        for place in self.road:
            span, following = self.trace.spans[place], self.next_layer(place)
            if span.layer == "before" and following is not None and following.layer == "response":
                last = next(reversed(self._inside(place, "hook")), None)
                return last if last is not None and RETURNED in last.did else None
        return None

    def failed(self) -> bool:
        """Whether something was raised on the way to the answer, so that another one was made."""
        return any(not failure.late for failure in self.trace.failures)

    def late_hook(self) -> Span | None:
        """The hook that saw the response last, and made another one of it, or gave it another status."""
        after = [place for place in self.road if self.trace.spans[place].layer == "after"]
        if not after or any(RAISED in span.did for span in self._inside(after[-1], "hook")):
            return None
        spans = [self.trace.spans[after[-1]], *self._inside(after[-1], "hook")]
        return next((span for span in reversed(spans) if REPLACED in span.did or RESTATED in span.did), None)

    def is_own(self, span: Span) -> bool:
        """Whether the app has a method of its own for this step."""
        return not span.where.startswith("wsgiapp/")

    def failure(self, number: int) -> Failure | None:
        """What an error layer was given."""
        failures, before = self.trace.failures, [place for place in self.road if place < number]
        errors = [place for place in before if self.trace.spans[place].layer == "errors"]
        index = 0
        if errors:
            between = [self.trace.spans[place].layer for place in before if place > errors[-1]]
            handlers = self._inside(errors[-1], "handler")
            index = int("response" in between or any(RAISED in span.did for span in handlers))
        return failures[index] if index < len(failures) else None

    # -- the layers -------------------------------------------------------------------------------------------------

    def _other(self, number: int) -> str:
        return f"{self.trace.spans[number].name} ran."

    def _server(self, _number: int) -> str:
        trace = self.trace
        answer = f"{trace.status} went back" if trace.status else "no answer went back"
        return f"The {trace.source} called {trace.app} with {trace.method} {cut(trace.path, MAX_VALUE)}, and {answer}."

    def _request(self, _number: int) -> str:
        trace = self.trace
        read = counted(trace.body.size, "byte") if trace.body.size else "nothing"
        arguments = f" with the query {cut(trace.query, MAX_VALUE)}" if trace.query else ""
        return (
            f"The environ became the request {trace.method} {cut(trace.path, MAX_VALUE)}{arguments}, with "
            f"{counted(len(trace.headers), 'header')}. Of its body the app read {read}."
        )

    def _context(self, _number: int) -> str:
        return f"This request and {self.trace.app} became current in the thread {self.trace.thread.name}."

    def _session(self, _number: int) -> str:
        cookie, session = self.trace.session.before, self.trace.session
        if session.own:
            came = f"The cookie {cookie.name} came in" if cookie is not None else "No session cookie came in"
            return f"{came}; {session.interface} opened the session in a way of its own."
        if cookie is None:
            return "No session cookie came in, so the session began empty."
        if cookie.signature != "valid":
            return (
                f"The cookie {cookie.name} came in and was not accepted ({cookie.signature}): the session began empty."
            )
        keys = listed(map(str, cookie.data), "no key") if isinstance(cookie.data, dict) else "nothing to be read"
        return f"The cookie {cookie.name} came in, and its signature holds ({cookie.key}). The session has: {keys}."

    def _match(self, _number: int) -> str:
        trace, match = self.trace, self.trace.match
        asked = f"{trace.method} {cut(trace.path, MAX_VALUE)}"
        if match.rule is not None:
            values = [f"{name}={cut(value, MAX_VALUE)}" for name, value in match.arguments.items()]
            return (
                f"{asked} fits the rule {match.rule}: endpoint {match.endpoint}, with {listed(values, 'no argument')}."
            )
        if match.refused[:1] == "3":
            return f"{asked} fits no rule as it is, and another address does: {match.refused}."
        return f"No rule answers {asked}: {match.refused or 'the match failed'}."

    def _before(self, number: int) -> str:
        hooks = self._inside(number, "hook")
        if not hooks and self.raised(number):
            failure = self.trace.failures[0] if self.trace.failures else None
            raised = said(failure) if failure else "An exception"
            return f"No before_request function ran: {raised} was raised here, so the view was not reached."
        if not hooks:
            return "No before_request function ran."
        ran = f"{counted(len(hooks), 'function')} ran before the view's turn: {listed(span.name for span in hooks)}."
        if RAISED in hooks[-1].did:
            return f"{ran} The last one raised an exception, so the view was not reached."
        return f"{ran} The last one answered, so the view was not called." if self.answering_hook() else ran

    def _view(self, number: int) -> str:
        trace, match = self.trace, self.trace.match
        if match.rule is None and match.refused[:1] == "3":
            return f"The match asked for {match.refused}, so there was no view to call."
        if match.rule is None:
            failure = trace.failures[0] if trace.failures else None
            raised = f": {short(failure.kind)} was raised here" if failure else ""
            if match.refused[:3] == "405":
                asked = f"No rule for {cut(trace.path, MAX_VALUE)} takes {trace.method}"
                return f"{asked}, so there was no view to call{raised}."
            return f"No rule fitted, so there was no view to call{raised}."
        if not self._inside(number, "view"):
            own = trace.method == "OPTIONS" and self._inside(number, "function")
            return f"{'The app itself answered OPTIONS' if own else 'Nothing was called'}, not the view {match.view}."
        return f"The view was called: {called(trace)}. {self._outcome(number)}"

    def _outcome(self, number: int) -> str:
        if not self.raised(number):
            return "It returned."
        failure = self.trace.failures[0] if self.trace.failures else None
        if failure is None:
            return "It did not return."
        return f"It raised {said(failure)} in {place_in_app(self.trace, failure)}."

    def _errors(self, number: int) -> str:
        span, failure = self.trace.spans[number], self.failure(number)
        what = said(failure) if failure else "What was raised"
        handlers = self._inside(number, "handler")
        if handlers:
            failed = ", and raised an exception itself" if RAISED in handlers[-1].did else ""
            return f"{what} went to the error handler {handlers[-1].name}{failed}."
        if self.raised(number):
            return f"No error handler takes {what}: it went on."
        if self.is_own(span):
            return f"{what} went to {span.name}, which is the app's own ({span.where}), and it answered."
        if span.name.endswith("handle_exception"):
            return f"Nobody handled {what}, so that a plain page for 500 Internal Server Error answers."
        return f"No error handler takes {what}, so that its own page answers."

    def _answerer(self, number: int) -> str:
        place = self.layer_before(number)
        layer = self.trace.spans[place].layer if place is not None else ""
        if layer == "before":
            hook = self.answering_hook()
            return f"What {hook.name} returned" if hook else "What App.preprocess_request returned"
        if layer == "errors" and place is not None:
            handlers = self._inside(place, "handler")
            if not handlers and self.is_own(self.trace.spans[place]):
                return f"What {self.trace.spans[place].name} returned"
            return f"What the error handler {handlers[-1].name} returned" if handlers else "The error's own page"
        return f"What {self.trace.match.view} returned" if self.has_view() else "The answer"

    def _response(self, number: int) -> str:
        answer = self._answerer(number)
        if self.raised(number):
            earlier = [place for place in self.road if place < number and self.trace.spans[place].layer == "errors"]
            failures = self.trace.failures[len(earlier) :]
            raised = said(failures[0]) if failures else "an exception"
            return f"{answer} could not become a response: {raised} was raised."
        return f"{answer} became a response."

    def _after(self, number: int) -> str:
        hooks = self._inside(number, "hook")
        if not hooks:
            return "No function saw the response on its way out."
        ran = f"{counted(len(hooks), 'function')} saw the response: {listed(span.name for span in hooks)}."
        return f"{ran} The last one raised an exception." if RAISED in hooks[-1].did else ran

    def _save(self, _number: int) -> str:
        return self.trace.session.note

    def _send(self, _number: int) -> str:
        trace, size = self.trace, self.trace.sent_body.size
        if not trace.status:
            return "No head was sent."
        body = "a file" if size is None else counted(size, "byte")
        return f"{trace.status} and {counted(len(trace.sent_headers), 'header')} went to the server, then {body}."

    def _teardown(self, number: int) -> str:
        ran = self._inside(number, "teardown")
        names = listed(span.name for span in ran)
        functions = f"{counted(len(ran), 'teardown function')} ran: {names}." if ran else "No teardown function ran."
        return f"{functions} The request is no longer current in the thread {self.trace.thread.name}."

    # -- inside a layer ---------------------------------------------------------------------------------------------

    def _view_itself(self, number: int) -> str:
        parent = self.trace.spans[number].parent
        return f"This is the app's own code: {called(self.trace)}. {self._outcome(parent if parent is not None else 0)}"

    def _hook(self, number: int) -> str:
        span, answering = self.trace.spans[number], self.answering_hook()
        when = {"before": "before the view's turn", "after": "with the response"}.get(span.layer, "here")
        if RAISED in span.did:
            return f"{span.name} ran {when}, and raised an exception."
        was = "was to be the answer" if self.failed() else "is the answer"
        answered = f" What it returned {was}." if span is answering else ""
        return f"{span.name} ran {when}.{answered}"

    def _handler(self, number: int) -> str:
        span = self.trace.spans[number]
        failure = self.failure(span.parent) if span.parent is not None else None
        given = f" with {said(failure)}" if failure else ""
        return f"The error handler {span.name} was called{given}."

    def _ran(self, number: int) -> str:
        span = self.trace.spans[number]
        kind = "The teardown function " if span.kind == "teardown" else ""
        return f"{kind}{span.name} was called{', and raised an exception' if RAISED in span.did else ''}."

    def _template(self, number: int) -> str:
        span = self.trace.spans[number]
        names = [str(name) for name in span.detail.get("context") or ()]
        count = int(span.detail.get("count") or len(names))
        shown, more = names[:MAX_NAMES], count - min(len(names), MAX_NAMES)
        told = f"{', '.join(cut(name, MAX_VALUE) for name in shown)} and {more:,} more" if more else listed(shown)
        did = "began to render" if RAISED in span.did else "rendered"
        failed = " An exception was raised in it." if RAISED in span.did else ""
        return f"Jinja2 {did} {span.name} with {counted(count, 'name')}: {told}.{failed}"

    def _sql(self, number: int) -> str:
        span = self.trace.spans[number]
        return f"The statement {cut(' '.join(span.name.split()), MAX_VALUE)} went to the database."

    def _signal(self, number: int) -> str:
        span = self.trace.spans[number]
        receivers = span.detail.get("receivers") or ()
        return f"The signal {span.name} was sent to {listed(map(str, receivers), 'nobody')}."

    def _log(self, number: int) -> str:
        span = self.trace.spans[number]
        return f"A log record of the level {span.detail.get('level', '')} was made: {cut(span.name, MAX_VALUE)}."

    def _stream(self, number: int) -> str:
        return " ".join(self.trace.spans[number].did) or "The server took the body."


# -- the whole in one sentence ---------------------------------------------------------------------------------------


def opening(trace: Trace, explained: Any = None) -> str:
    """What the answer was, and why: the first thing that one wants to know.

    :param explained: what ``why`` says of the request; None where it cannot be asked.
    """
    walk, code = Walk(trace), trace.status_code
    if not code:
        return f"No answer was sent{f', because {said(trace.failures[-1])} was raised' if trace.failures else ''}."
    return _because(trace, walk, explained) + _broken_off(trace)


def _broken_off(trace: Trace) -> str:
    late = next((failure for failure in trace.failures if failure.late), None)
    where = f" in {place_in_app(trace, late)}" if late else ""
    return f" Then {said(late)} was raised{where}, while the body was sent." if late else ""


def _because(trace: Trace, walk: Walk, explained: Any) -> str:
    code, failures = trace.status_code, [failure for failure in trace.failures if not failure.late]
    late, hook = walk.late_hook(), walk.answering_hook()
    if late is not None:
        how = "put another response in its place" if REPLACED in late.did else "changed the status"
        before = f" Before that, {said(failures[0])} was raised." if failures else ""
        return f"{code}, because {late.name} saw the response and {how} ({late.where}).{before}"
    if hook is not None and not failures:
        return f"{code}, because {hook.name} answered before the view ({hook.where})."
    if code == 304:
        return f"304, because {_unchanged(trace)}."
    unmatched = trace.match.rule is None and trace.match.refused[:3] == str(code) and walk.reached("view")
    why = _not_matched(trace, explained) if unmatched else ""
    if why:
        return f"{code}, because {why}.{_handled(trace)}"
    if failures:
        failure = failures[-1] if code >= 500 else failures[0]
        return f"{code}, because {said(failure)} was raised in {place_in_app(trace, failure)}.{_handled(trace)}"
    return f"{code}: {_made(trace, walk)}."


def _handled(trace: Trace) -> str:
    by = trace.failures[-1].handled if trace.failures else ""
    return f" The error handler {by} made the answer." if by else ""


def _header(trace: Trace, name: str) -> str:
    return next((header.value for header in trace.sent_headers if header.name.lower() == name), "")


def _unchanged(trace: Trace) -> str:
    """Why nothing is sent again (RFC 9110, 13.1)."""
    asked = next((value for name, value in trace.headers if name.lower() == "if-none-match"), "")
    etag = unquote_etag(_header(trace, "etag"))[0]
    if etag and parse_etags(asked).contains_weak(etag):
        return "the copy that the browser has is still the newest: its If-None-Match fits the ETag"
    return "the answer says that nothing has changed"


def _not_matched(trace: Trace, explained: Any) -> str:
    path, refused = cut(trace.path, MAX_VALUE), trace.match.refused
    if refused[:1] == "3":
        return f"{path} is not the address of a page, and {cut(_header(trace, 'location'), MAX_VALUE) or 'another'} is"
    if refused[:3] == "405":
        allowed = _header(trace, "allow") or "other methods"
        return f"{path} takes {allowed}, and this was {trace.method}"
    if refused[:3] == "404" and explained is not None and explained.rule is None:
        count = len(explained.others)
        none = f"none of {counted(count, 'rule')} fits {path}" if count else f"the app has no rule, so none fits {path}"
        nearest = explained.near[0] if explained.near else None
        return none + (f"; the nearest is {nearest.rule} ({nearest.reason.rstrip('.')})" if nearest else "")
    return f"no rule answers {path}: {refused}" if refused else ""


def _made(trace: Trace, walk: Walk) -> str:
    size = trace.sent_body.size
    body = "a file" if size is None else counted(size, "byte")
    kind = _header(trace, "content-type").partition(";")[0]
    if trace.status[:1] == "3" and _header(trace, "location"):
        return f"{called(trace)} sends the browser to {cut(_header(trace, 'location'), MAX_VALUE)}"
    if f".{trace.match.endpoint}".endswith(".static") and trace.status[:1] == "2":
        name = trace.match.arguments.get("filename", trace.path).strip("'")
        return f"the static file {cut(name, MAX_VALUE)}, {body} of {kind or 'no type'}"
    if not walk.has_view():
        own = trace.method == "OPTIONS" and _header(trace, "allow")
        return (
            f"the app itself answered OPTIONS: {own} are allowed"
            if own
            else f"{trace.method} was answered without a view"
        )
    inside = [("template", "template"), ("sql", "statement")]
    parts = [counted(len(trace.of_kind(kind)), noun) for kind, noun in inside if trace.of_kind(kind)]
    helped = f", with {listed(parts)}" if parts else ""
    return f"{trace.match.rule} fits, and {called(trace)} answered with {body}{f' of {kind}' if kind else ''}{helped}"
