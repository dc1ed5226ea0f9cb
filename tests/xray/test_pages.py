"""The X-ray's pages: what they show, what they do, and what no visitor can make them do."""

from __future__ import annotations

import inspect
import logging
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import jinja2
import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from wsgiapp import App, request
from wsgiapp.dispatch import LIFECYCLE
from wsgiapp.views import MethodView
from wsgiapp.xray import Trace
from wsgiapp.xray.explain import teach
from wsgiapp.xray.explain.compare import compare
from wsgiapp.xray.explain.teach import FLASK, steps
from wsgiapp.xray.show.exports import EXPORTS

from .support import HOSTILE, NEAR, SECRET, SECRET_KEY, TOKEN, Reader, send, watched_app

COOKIE = {"Cookie": "session=eyJuIjoxfQ.aBH2rw.AAAA; theme=dark"}


class Parsed(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def find(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        """The attributes of each element of that tag which has these."""
        return [has for name, has in self.elements if name == tag and attributes.items() <= has.items()]


def pages_of(trace: Trace, other: Trace) -> list[str]:
    """Every page that shows a request, below the prefix."""
    own = [f"t/{trace.id}", f"t/{trace.id}/lesson.html", f"compare?left={other.id}&right={trace.id}"]
    walk = [f"t/{trace.id}/step/{number}" for number in range(1, len(trace.spans) + 1)]
    return ["", *own, *walk, f"why?path={quote(trace.path)}"]


# -- what they show ----------------------------------------------------------------------------------------------------


def test_the_list_has_each_request_with_the_newest_first() -> None:
    app, xray = watched_app()
    ids = [send(app, xray, path).id for path in ("/api", "/away", "/fails")]
    page = Parsed(Reader(app).get("").text.partition("<tbody>")[2])
    links = [has["href"] for has in page.find("a") if "/t/" in has.get("href", "")]
    assert links == [f"/_xray/t/{name}" for name in reversed(ids)]


@pytest.mark.parametrize("path", ["/page/Lamp?mark=x", "/api", "/away", "/tea", "/fails", "/stream", "/nowhere"])
def test_the_page_of_a_request_has_a_row_for_each_step_and_each_header(path: str) -> None:
    app, xray = watched_app()
    trace = send(app, xray, path, headers=COOKIE)
    page = Parsed(Reader(app).get(f"t/{trace.id}").text)
    for shown in (trace.status, *(span.where for span in trace.spans), *(span.name for span in trace.spans)):
        assert shown in page.text
    for header in trace.sent_headers:
        assert header.name in page.text and header.where in page.text and header.by in page.text
    links = [has["href"] for has in page.find("a") if "/export/" in has.get("href", "")]
    assert {link.rpartition("/")[2] for link in links} == set(EXPORTS)


def test_an_error_is_shown_with_its_frames_and_its_handler() -> None:
    app, xray = watched_app()
    app.register_error_handler(500, sorry)
    trace = send(app, xray, "/fails")
    text = Parsed(Reader(app).get(f"t/{trace.id}").text).text
    assert "ZeroDivisionError: division by zero" in text and "handled by xray.test_pages.sorry" in text
    for where, function, code in trace.failures[0].frames:
        assert f"{where} {function}\n    {code}" in text


def sorry(error: Exception) -> tuple[str, int]:
    return "sorry", 500


def test_a_cookie_is_opened_on_the_page_with_its_size_and_what_became_of_it() -> None:
    app, xray = watched_app()
    client = app.test_client()
    for _ in range(2):
        client.get("/page/x", environ_overrides=NEAR)
    trace = xray.newest()
    assert trace is not None and trace.session.before is not None and trace.session.after is not None
    text = " ".join(Parsed(Reader(app).get(f"t/{trace.id}").text).text.split())
    assert (trace.session.before.data, trace.session.after.data) == ({"n": 1}, {"n": 2})
    assert trace.session.before.payload in text and trace.session.after.payload in text
    assert "signed with SECRET_KEY" in text and "changed: n" in text
    assert f"{trace.session.after.size} of 4093 bytes" in text and "valid" in text


def test_a_program_gets_json_where_a_browser_gets_a_page() -> None:
    app, xray = watched_app()
    trace = send(app, xray, "/api")
    answer = Reader(app).get(f"t/{trace.id}", headers={"Accept": "application/json"})
    assert answer.json["id"] == trace.id and answer.headers["Vary"] == "Accept"


@pytest.mark.parametrize("kind", EXPORTS)
def test_exports_are_files_to_keep(kind: str) -> None:
    app, xray = watched_app()
    trace = send(app, xray, "/page/x")
    answer = Reader(app).get(f"t/{trace.id}/export/{kind}")
    function, media_type, ending = EXPORTS[kind]
    assert answer.text == function(trace) and answer.mimetype == media_type
    assert answer.headers["Content-Disposition"] == f"attachment; filename=trace-{trace.id}.{ending}"


def test_below_a_mount_every_link_stays_below_it() -> None:
    app, xray = watched_app()
    client = Client(DispatcherMiddleware(app, {"/mounted": app}))
    first = client.get("/mounted/api", environ_overrides=NEAR)
    link = first.headers["X-Xray"]
    assert link == f"/mounted/_xray/t/{xray.traces()[0].id}"
    client.get(f"/mounted/_xray/?token={TOKEN}", environ_overrides=NEAR)
    page = Parsed(client.get(link, environ_overrides=NEAR).text)
    links = {has["href"] for has in page.find("a")} | {has["action"] for has in page.find("form")}
    assert "/mounted/api" in links  # back to the page
    assert all(each.startswith(("#", "/mounted/_xray/")) for each in links - {"/mounted/api"})
    assert page.find("input", name="path")[0]["value"] == "/api"


def test_what_is_not_kept_is_said_to_be_gone() -> None:
    app, _ = watched_app()
    for path in ("t/none", "t/none/step/1", "t/none/export/har", "compare?left=a&right=b", "elsewhere"):
        assert Reader(app).get(path).status_code == 404, path


def test_forgetting_empties_the_list() -> None:
    app, xray = watched_app()
    send(app, xray, "/api")
    assert Reader(app).post("clear").status_code == 303 and len(xray.ring) == 0


def test_looking_at_the_xray_is_never_recorded_itself() -> None:
    app, xray = watched_app()
    trace = send(app, xray, "/api")
    for path in pages_of(trace, trace):
        Reader(app).get(path)
    assert [kept.id for kept in xray.traces()] == [trace.id]


# -- replay ------------------------------------------------------------------------------------------------------------


def replayed(reader: Reader, xray: Any, of: Trace, **fields: str) -> Trace:
    """Send the form of *of*'s page as the browser has it, with *fields* changed."""
    form = Parsed(reader.get(f"t/{of.id}").text)
    path = form.find("input", name="path")[0]["value"]
    headers = "".join(f"{n}: {v}\r\n" for n, v in of.headers if n not in ("Host", "Cookie", "Content-Length"))
    answer = reader.post("replay", of=of.id, **{"method": of.method, "path": path, "headers": headers, **fields})
    assert answer.status_code == 303, answer.text
    newest = xray.newest()
    assert newest is not None and answer.headers["Location"].endswith(newest.id)
    return newest  # type: ignore[no-any-return]


@pytest.mark.parametrize("path", ["/api?a=1&a=2", "/page/a%2520b", "/page/%C3%BC%3Fx", "/tea", "/fails", "/page/%FF"])
def test_a_request_is_sent_again_as_it_was(path: str) -> None:
    app, xray = watched_app()
    first = send(app, xray, path)
    again = replayed(Reader(app), xray, first)
    assert (again.source, again.replay_of, again.status, again.url) == ("replay", first.id, first.status, first.url)
    assert compare(first, again).first in ("", "server")
    assert {each.what for each in compare(first, again).differences} <= {"header received: Cookie"}


def test_a_path_of_two_slashes_stays_one() -> None:
    app, xray = watched_app()
    assert replayed(Reader(app), xray, send(app, xray, "/api"), path="//evil.example/x").path == "//evil.example/x"


def test_a_request_is_edited_before_it_is_sent_again() -> None:
    app, xray = watched_app()
    first = send(app, xray, "/api")
    again = replayed(Reader(app), xray, first, path="/page/Chair?mark=edited", headers="X-A: 1\r\n\r\n")
    assert again.match.arguments == {"name": "'Chair'"} and ("X-A", "1") in again.headers
    assert {header.name: header.value for header in again.sent_headers}["X-Mark"] == "edited"


@pytest.mark.parametrize("data", [b"two\r\nlines", b"\n\nfirst", b"x" * 10_000])
def test_a_body_that_was_not_edited_is_sent_byte_for_byte(data: bytes) -> None:
    app, xray = watched_app()
    first = send(app, xray, "/form", method="PUT", data=data, content_type="text/plain")
    reader = Reader(app)
    page = reader.get(f"t/{first.id}").text
    typed = page.partition('<textarea name="body"')[2].partition(">\n")[2].partition("</textarea>")[0]
    shown = Parsed(typed).text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")  # as a browser sends it
    again = replayed(reader, xray, first, body=shown, sure="yes")
    assert again.body.kept == first.body.kept == data
    assert replayed(reader, xray, first, body="edited", sure="yes").body.kept == b"edited"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_method_that_may_change_something_is_sent_only_when_asked_for(method: str) -> None:
    app, _ = watched_app()
    calls: list[str] = []
    app.add_url_rule("/change", "change", lambda: calls.append(request.method) or "done", methods=[method])
    reader = Reader(app)
    refused = reader.post("replay", method=method, path="/change", headers="")
    assert refused.status_code == 400 and "may change something" in refused.text and calls == []
    assert reader.post("replay", method=method, path="/change", headers="", sure="yes").status_code == 303
    assert calls == [method]


def test_the_browsers_cookies_go_along_but_never_the_token() -> None:
    app, xray = watched_app()
    reader = Reader(app)
    seen: list[Any] = []
    app.add_url_rule("/who", "who", lambda: seen.append(dict(request.cookies)) or "")
    reader.client.set_cookie("theme", "dark")
    reader.post("replay", method="GET", path="/who", headers="Cookie: forged=1\r\nAuthorization: (redacted)")
    assert seen == [{"theme": "dark"}] and "Authorization" not in dict(xray.traces()[0].headers)


def test_what_the_app_raises_is_shown_and_what_never_reaches_it_is_said() -> None:
    app, xray = watched_app()
    app.config["PROPAGATE_EXCEPTIONS"] = True
    reader = Reader(app)
    assert reader.post("replay", method="GET", path="/fails", headers="").status_code == 303
    newest = xray.newest()
    assert newest is not None and newest.failures[0].kind == "ZeroDivisionError"
    for path, says in (("/_xray/", "never reached"), ("api", "begins with a slash"), ("/api", "no header")):
        refused = reader.post("replay", method="GET", path=path, headers="nonsense" if says == "no header" else "")
        assert refused.status_code == 400, path


@pytest.mark.parametrize("form", ["replay", "clear"])
def test_no_other_site_can_send_the_xrays_forms(form: str) -> None:
    app, xray = watched_app()
    reader, trace = Reader(app), send(app, xray, "/api")
    for fields, origin in (({}, None), ({"key": "wrong"}, None), ({"key": reader.key()}, "https://evil.example"),
                           ({"key": reader.key()}, "null")):  # fmt: skip
        data = {"method": "GET", "path": "/api", **fields}
        headers = {"Origin": origin} if origin else {}
        refused = reader.client.post(f"/_xray/{form}", data=data, headers=headers, environ_overrides=NEAR)
        assert refused.status_code == 403
    assert [kept.id for kept in xray.traces()] == [trace.id]


# -- two requests ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "layer", "what"),
    [
        ({"path": "/api"}, {"path": "/away"}, "server", "path"),
        ({"path": "/api"}, {"path": "/api?mark=1"}, "server", "query"),
        ({"path": "/form", "method": "POST", "data": b"a"}, {"path": "/form", "method": "POST", "data": b"b"},
         "request", "body"),
        ({"path": "/same?1"}, {"path": "/same?1", "switch": "match"}, "match", "rule"),
        ({"path": "/same?1"}, {"path": "/same?1", "switch": "hook"}, "before", "a step"),
        ({"path": "/same?1"}, {"path": "/same?1", "switch": "view"}, "view", "header sent: X-View"),
        ({"path": "/same?1"}, {"path": "/same?1", "switch": "error"}, "errors", "exception"),
        ({"path": "/same?1"}, {"path": "/same?1", "switch": "after"}, "after", "header sent: X-After"),
        ({"path": "/same?1"}, {"path": "/same?1", "switch": "body"}, "send", "body sent"),
        ({"path": "/same?1"}, {"path": "/same?1"}, "", ""),
    ],
)  # fmt: skip
def test_the_first_layer_that_differs_is_named(left: Any, right: Any, layer: str, what: str) -> None:
    app, xray = watched_app()
    state: dict[str, str] = {}
    traces = []
    add_same(app, state)
    for options in (left, right):
        state["switch"] = options.pop("switch", "")
        if state["switch"] == "match":
            app.url_map = type(app.url_map)()
        traces.append(send(app, xray, options.pop("path"), **options))
    found = compare(*traces)
    assert found.first == layer, found.differences
    if layer:
        assert what in {difference.what for difference in found.differences if difference.layer == layer}
        assert f"“{layer}”" in found.sentence
    page = Reader(app).get(f"compare?left={traces[0].id}&right={traces[1].id}")
    assert page.status_code == 200 and found.sentence in Parsed(page.text).text


def add_same(app: App, state: dict[str, str]) -> None:
    """A view and hooks that behave otherwise when *state* says so."""

    @app.before_request
    def hook() -> None:
        if state["switch"] == "hook":
            logging.getLogger("hook").warning("otherwise")

    @app.after_request
    def after(response: Any) -> Any:
        response.headers.update({"X-After": "1"} if state["switch"] == "after" else {})
        return response

    @app.get("/same")
    def same() -> Any:
        if state["switch"] == "error":
            raise LookupError("otherwise")
        return "BODY" if state["switch"] == "body" else "body", {"X-View": "1"} if state["switch"] == "view" else {}


# -- teaching mode -----------------------------------------------------------------------------------------------------


def test_the_walk_has_every_step_with_a_sentence_its_source_and_flasks_name() -> None:
    app, xray = watched_app()
    trace = send(app, xray, "/page/Lamp")
    walk = steps(trace)
    assert [step.number for step in walk] == list(range(1, len(trace.spans) + 1))
    for step, span in zip(walk, trace.spans, strict=True):
        assert step.sentence and step.happened and step.where == span.where
        if span.kind in ("layer", "view", "hook"):
            first, text = step.source[0]
            assert span.where.endswith(f":{first}") and text.strip().startswith(("def ", "@", "async def ", "class "))
        assert bool(step.flask) == (span.kind == "layer")
    assert set(FLASK) == {layer.name for layer in LIFECYCLE}


def test_one_step_and_the_list_of_all_say_what_the_whole_walk_says() -> None:
    app, xray = watched_app()
    trace = send(app, xray, "/page/Lamp")
    walk = steps(trace)
    assert [teach.step(trace, number) for number in range(1, len(walk) + 1)] == walk
    assert teach.headings(trace) == [(each.number, each.title, each.depth) for each in walk]


def test_the_place_of_a_class_is_searched_for_once(monkeypatch: Any) -> None:
    class View(MethodView):
        def get(self) -> str:
            return "made by a class"

    asked, search = [], inspect.getsourcelines
    monkeypatch.setattr(inspect, "getsourcelines", lambda kind: asked.append(kind) or search(kind))
    app, xray = watched_app()
    app.add_url_rule("/by-class", view_func=View.as_view("by_class"))
    for _ in range(3):
        trace = send(app, xray, "/by-class")
        assert "test_pages.py:" in Reader(app).get(f"t/{trace.id}").text
    assert asked.count(View) == 1


def test_a_statement_is_shown_among_the_lines_around_it() -> None:
    app, xray = watched_app()
    (step,) = [step for step in steps(send(app, xray, "/page/Lamp")) if "SELECT" in step.title]
    assert "connection.execute" in dict(step.source)[step.line] and len(step.source) > 8
    page = Reader(app).get(f"t/{xray.traces()[0].id}/step/{step.number}").text
    _, *marked = page.split('class="here"')
    assert len(marked) == 1 and "connection.execute" in marked[0].partition("\n")[0]


def test_each_step_is_a_page_that_leads_to_the_next_and_back() -> None:
    app, xray = watched_app()
    trace = send(app, xray, "/page/Lamp")
    reader, last = Reader(app), len(trace.spans)
    for number in (1, 2, last):
        page = Parsed(reader.get(f"t/{trace.id}/step/{number}").text)
        ahead, back = page.find("a", rel="next"), page.find("a", rel="prev")
        assert [has["href"].rpartition("/")[2] for has in ahead] == ([] if number == last else [str(number + 1)])
        assert [has["href"].rpartition("/")[2] for has in back] == ([] if number == 1 else [str(number - 1)])
        assert len([1 for _, has in page.elements if "autofocus" in has]) == 1
    for number in (0, last + 1):
        assert reader.get(f"t/{trace.id}/step/{number}").status_code == 404


def test_the_lesson_is_one_static_page_that_needs_nothing_else() -> None:
    app, xray = watched_app()
    trace = send(app, xray, "/page/Lamp")
    answer = Reader(app).get(f"t/{trace.id}/lesson.html")
    page = Parsed(answer.text)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert not page.find("script") and not page.find("link") and not page.find("img") and "url(" not in answer.text
    anchors = {has["id"] for has in page.find("section")}
    links = [has["href"] for has in page.find("a")]
    assert links and {link.removeprefix("#") for link in links} <= anchors and len(anchors) == len(trace.spans)
    css = answer.text.partition("<style>")[2].partition("</style>")[0]
    assert '"Segoe UI"' in css and "&#34;" not in css


# -- what no visitor can make them do ----------------------------------------------------------------------------------


def test_every_answer_forbids_caching_framing_sniffing_and_inline_scripts() -> None:
    app, xray = watched_app()
    trace = send(app, xray, "/page/Lamp")
    reader = Reader(app)
    answers = [reader.get(path) for path in [*pages_of(trace, trace), "nowhere", "static/xray.css", "static/xray.js"]]
    answers += [reader.get(f"t/{trace.id}/export/{kind}") for kind in EXPORTS]
    answers += [app.test_client().get("/_xray/", environ_overrides=NEAR), reader.post("clear")]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        answer.close()


def hostile_traces() -> tuple[App, Any, list[Trace]]:
    """Requests that carry markup in every place that a visitor, or a careless developer, can put it."""
    app, xray = watched_app()
    app.jinja_loader = jinja2.DictLoader({f"{HOSTILE}.html": "<p>rendered</p>"})
    app.add_url_rule(f"/{'<'}name>/x", HOSTILE.replace(".", ""), lambda name: name)
    app.add_url_rule("/log", "log", lambda: app.logger.warning(HOSTILE) or "logged")
    app.add_url_rule("/raise", "raise", lambda: {}[HOSTILE])
    app.add_url_rule("/head", "head", lambda: ("x", {"X-Out": HOSTILE}))
    app.add_url_rule("/cookies", "cookies", lambda: ("x", {"Set-Cookie": f"session={HOSTILE}"}))
    path = quote(HOSTILE, safe="")
    signed = app.session_interface.get_signing_serializer(app).dumps({HOSTILE: HOSTILE})  # type: ignore[attr-defined]
    paths = [f"/page/{path}?{HOSTILE}", f"/{path}", f"/{path}/x", f"/template/{quote(HOSTILE)}.html"]
    paths += ["/log", "/raise", "/head"]
    headers = {"X-Hostile": HOSTILE, "Referer": HOSTILE, "Cookie": f"session={signed}"}
    traces = [send(app, xray, target, headers=headers) for target in paths]
    traces.append(send(app, xray, "/form", method="POST", data=HOSTILE, content_type=f"text/html;{HOSTILE}"))
    # What a cookie says is redacted by value, so that it stands in a request of its own.
    traces.append(send(app, xray, "/cookies", headers={"Cookie": f"a={HOSTILE}"}))
    return app, xray, traces


def test_hostile_paths_headers_cookies_and_names_are_text_on_every_page() -> None:
    app, _, traces = hostile_traces()
    reader = Reader(app)
    assert any(HOSTILE in span.name for trace in traces for span in trace.of_kind("template"))
    for trace in traces:
        for path in pages_of(trace, traces[0]):
            answer = reader.get(path)
            assert answer.status_code == 200, (path, answer.text)
            page = Parsed(answer.text)
            assert not [has for _, has in page.elements if has.get("src") == "x"]
            assert not {tag for tag, _ in page.elements} & {"iframe", "object", "embed", "base"}
            assert not [name for _, has in page.elements for name in has if name.startswith("on") or name == "style"]
            assert all(has.get("src", "").startswith("/_xray/static/") for has in page.find("script"))
            assert all(has.get("href", "/").startswith(("/", "#")) for _, has in page.elements)
        assert HOSTILE in Parsed(reader.get(f"t/{trace.id}").text).text


def test_no_page_has_a_secret() -> None:
    app, xray = watched_app()
    app.add_url_rule("/key", "key", lambda: f"{SECRET_KEY} {app.logger.warning('password=%s', SECRET)}")
    headers = {"Authorization": f"Bearer {SECRET}", "X-Api-Key": SECRET, "Cookie": f"sid={SECRET}"}
    traces = [
        send(app, xray, f"/key?token={SECRET}", headers=headers),
        send(app, xray, "/page/x", headers=headers),
        send(app, xray, "/form", method="POST", data={"password": SECRET}),
        send(app, xray, f"/fails?by=password={SECRET}"),
    ]
    reader = Reader(app)
    for trace in traces:
        for path in pages_of(trace, traces[0]):
            shown = reader.get(path).text
            assert SECRET not in shown and SECRET_KEY not in shown and TOKEN not in shown, path


def test_what_is_stored_has_no_secret_either() -> None:
    app, xray = watched_app()
    app.add_url_rule("/reset/<token>", "reset", lambda token: app.logger.warning("for %s", token) or 1 / 0)
    headers = {"Authorization": "Bearer s3cr3t-bearer", "Cookie": "session=s3cr3t-sid; a=s3cr3t-a"}
    send(app, xray, "/reset/s3cr3t-path?api_key=s3cr3t-q", headers=headers)
    send(app, xray, "/form", method="POST", data={"password": "s3cr3t-typed"}, headers=headers)
    send(app, xray, "/form", method="POST", json={"deep": [{"client_secret": "s3cr3t-json"}]})
    for recording in xray.ring:
        held = {**vars(recording), "received": recording.received.kept, "sent": recording.sent.kept}
        assert "s3cr3t" not in repr(held)
