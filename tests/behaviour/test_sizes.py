"""What comes from outside may be large: parsing it takes about as many calls as on Flask, and no cache keeps it.

The limits that a request's body has are in test_limits.
"""

import functools
import gc
import io
import re
import sys
import time
from collections.abc import Callable
from cProfile import Profile
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.test import create_environ

import wsgiapp

from .support import session_app

pytestmark = pytest.mark.raw_wsgi  # what is counted is the framework alone

KB = 1024
SIZES = (8 * KB, 64 * KB, 256 * KB)
POST = {"REQUEST_METHOD": "POST"}
FORM = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/x-www-form-urlencoded"}
JSON = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json"}


def repeated(unit: str) -> Callable[[int], str]:
    return lambda size: unit * (size // len(unit))


#: What is sent: the key of the environ (``body`` for the body), what stands there for a size, the rest of the environ.
SENT: dict[str, tuple[str, Callable[[int], str], dict[str, Any]]] = {
    "Host: a long name": ("HTTP_HOST", repeated("a"), {}),
    "Host: many labels": ("HTTP_HOST", repeated("a."), {}),
    "Host: raw bytes": ("HTTP_HOST", repeated("\xe9."), {}),
    "Host: many escapes": ("HTTP_HOST", repeated("%C3%A9."), {}),
    "Host: a long port": ("HTTP_HOST", lambda size: "a:" + "9" * size, {}),
    "Host: in brackets": ("HTTP_HOST", lambda size: "[" + ":" * size + "]", {}),
    "Cookie: one long": ("HTTP_COOKIE", lambda size: "session=" + "x" * size, {}),
    "Cookie: many": ("HTTP_COOKIE", repeated("a=b; "), {}),
    "Cookie: many sessions": ("HTTP_COOKIE", repeated("session=a.b.c; "), {}),
    "Cookie: sessions without a value": ("HTTP_COOKIE", repeated("session=; "), {}),
    "Cookie: a long signature": ("HTTP_COOKIE", lambda size: "session=a.aBH2rw." + "x" * size, {}),
    "Cookie: a long time": ("HTTP_COOKIE", lambda size: f"session=a.{'x' * size}.b; session=a.b.c", {}),
    "Cookie: quotes": ("HTTP_COOKIE", repeated('session="\\"; '), {}),
    "Cookie: spaces": ("HTTP_COOKIE", repeated(" "), {}),
    "Cookie: no separators": ("HTTP_COOKIE", repeated("session"), {}),
    "Content-Type: a long one": ("CONTENT_TYPE", repeated("x"), POST),
    "Content-Type: parameters": ("CONTENT_TYPE", lambda size: "text/plain" + "; a=b" * (size // 5), POST),
    "Content-Type: quotes": ("CONTENT_TYPE", lambda s: 'a/b; c="' + '\\"' * (s // 2), POST),
    "Content-Type: a boundary": ("CONTENT_TYPE", lambda size: "multipart/form-data; boundary=" + "x" * size, POST),
    "Accept": ("HTTP_ACCEPT", repeated("text/html;q=0.5, "), {}),
    "Accept: one type": ("HTTP_ACCEPT", repeated("x"), {}),
    "Accept-Encoding": ("HTTP_ACCEPT_ENCODING", repeated("gzip, "), {}),
    "Accept-Language": ("HTTP_ACCEPT_LANGUAGE", repeated("de-de;q=0.1, "), {}),
    "Accept-Charset": ("HTTP_ACCEPT_CHARSET", repeated("utf-8, "), {}),
    "Authorization: Basic": ("HTTP_AUTHORIZATION", lambda size: "Basic " + "YTpi" * (size // 4), {}),
    "Authorization: parameters": ("HTTP_AUTHORIZATION", lambda size: "Digest " + 'a="b", ' * (size // 7), {}),
    "If-None-Match": ("HTTP_IF_NONE_MATCH", repeated('"a", '), {}),
    "If-None-Match: one": ("HTTP_IF_NONE_MATCH", repeated("a"), {}),
    "If-Match": ("HTTP_IF_MATCH", repeated('"a", '), {}),
    "If-Modified-Since": ("HTTP_IF_MODIFIED_SINCE", repeated("Mon, 01 Jan 2024 "), {}),
    "If-Range": ("HTTP_IF_RANGE", repeated("x"), {"HTTP_RANGE": "bytes=0-1"}),
    "Range: many": ("HTTP_RANGE", lambda size: "bytes=" + "0-0," * (size // 4), {}),
    "Range: digits": ("HTTP_RANGE", lambda size: "bytes=0-" + "9" * size, {}),
    "Content-Length: digits": ("CONTENT_LENGTH", repeated("9"), POST),
    "Content-Length: zeros": ("CONTENT_LENGTH", repeated("0"), POST),
    "Transfer-Encoding": ("HTTP_TRANSFER_ENCODING", repeated("gzip, "), POST),
    "X-Forwarded-For": ("HTTP_X_FORWARDED_FOR", repeated("192.0.2.1, "), {}),
    "X-Forwarded-Host": ("HTTP_X_FORWARDED_HOST", repeated("a."), {}),
    "Referer": ("HTTP_REFERER", repeated("http://a/"), {}),
    "User-Agent": ("HTTP_USER_AGENT", repeated("Mozilla/5.0 ("), {}),
    "Upgrade": ("HTTP_UPGRADE", repeated("x"), {}),
    "Connection": ("HTTP_CONNECTION", repeated("upgrade, "), {}),
    "path: one segment": ("PATH_INFO", lambda size: "/" + "a" * size, {}),
    "path: many segments": ("PATH_INFO", repeated("/a"), {}),
    "path: many slashes": ("PATH_INFO", repeated("/"), {}),
    "path: bytes beyond ASCII": ("PATH_INFO", lambda size: "/" + "\xc3\xa9" * (size // 2), {}),
    "path: below a rule": ("PATH_INFO", lambda size: "/all/" + "a/" * (size // 2), {}),
    "path: digits for an int": ("PATH_INFO", lambda size: "/int/" + "9" * size, {}),
    "path: to a path converter": ("PATH_INFO", lambda size: "/path/" + "a/" * (size // 2), {}),
    "path: a static file": ("PATH_INFO", lambda size: "/static/" + "a/" * (size // 2), {}),
    "path: dots below static": ("PATH_INFO", lambda size: "/static/" + "../" * (size // 3), {}),
    "path: a redirect": ("PATH_INFO", lambda size: "/folder/" + "a" * size, {}),
    "SCRIPT_NAME": ("SCRIPT_NAME", repeated("/a"), {}),
    "SCRIPT_NAME: slashes": ("SCRIPT_NAME", repeated("/"), {}),
    "query: one value": ("QUERY_STRING", lambda size: "a=" + "b" * size, {}),
    "query: many": ("QUERY_STRING", repeated("a=b&"), {}),
    "query: escapes": ("QUERY_STRING", lambda size: "a=" + "%C3%A9" * (size // 6), {}),
    "query: broken escapes": ("QUERY_STRING", lambda size: "a=" + "%FF%" * (size // 4), {}),
    "query: pluses": ("QUERY_STRING", repeated("+"), {}),
    "query: ampersands": ("QUERY_STRING", repeated("&"), {}),
    "query: raw bytes": ("QUERY_STRING", repeated("\xe9"), {}),
    "method": ("REQUEST_METHOD", repeated("G"), {}),
    "form: one value": ("body", lambda size: "a=" + "b" * size, FORM),
    "form: many": ("body", repeated("a=b&"), FORM),
    "form: escapes": ("body", repeated("%C3%A9"), FORM),
    "JSON: a list": ("body", lambda size: "[" + "1," * (size // 2) + "1]", JSON),
    "JSON: deep": ("body", lambda size: "[" * (size // 2) + "]" * (size // 2), JSON),
    "JSON: digits": ("body", repeated("9"), JSON),
    "JSON: a long text": ("body", lambda size: '"' + "\\u00e9" * (size // 6) + '"', JSON),
}  # fmt: skip

READ = (
    "host", "url", "path", "full_path", "root_url", "args", "form", "files", "values", "cookies", "data", "mimetype",
    "mimetype_params", "accept_mimetypes", "accept_encodings", "accept_languages", "accept_charsets", "authorization",
    "if_none_match", "if_match", "if_modified_since", "if_range", "range", "content_length", "access_route", "referrer",
    "user_agent", "method", "is_json", "blueprints", "endpoint", "cache_control", "pragma", "content_encoding",
)  # fmt: skip


def app_of(framework: Any) -> Any:
    """An app with views that read everything of a request, or nothing; a static folder, rules of each kind."""
    app = session_app(framework)
    app.logger.disabled = True
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def read(**kwargs: Any) -> Any:
        request = framework.request
        found = [str(getattr(request, name, "")) for name in READ]
        return {"read": len(found), "json": bool(request.get_json(silent=True)), "session": len(framework.session)}

    methods = ["GET", "POST", "HEAD"]
    app.add_url_rule("/read", "read", read, methods=methods)
    app.add_url_rule("/int/<int:value>", "int", read, methods=methods)
    app.add_url_rule("/path/<path:value>", "path", read, methods=methods)
    app.add_url_rule("/folder/<value>/", "folder", read, methods=methods)
    app.add_url_rule("/go", "go", lambda: framework.redirect(framework.url_for("read", _external=True)))
    app.add_url_rule("/file", "file", lambda: framework.send_file(__file__), methods=methods)
    app.add_url_rule("/late", "late", lambda: framework.request.method, methods=["PUT"])
    return app


#: Where it is sent: reading views, files, errors and redirects.
PATHS = ("/read", "/untouched", "/file", "/none/at/all", "/late", "/folder/a", "/go")


def paths_for(sent: str) -> tuple[str, ...]:
    return PATHS if SENT[sent][0] != "PATH_INFO" else ("/",)


def environ_for(sent: str, size: int, path: str) -> dict[str, Any]:
    key, text, rest = SENT[sent]
    value = text(size)
    environ = {**create_environ(path), **rest}
    if key == "body":
        environ |= {"wsgi.input": io.BytesIO(value.encode()), "CONTENT_LENGTH": str(len(value))}
    elif key == "CONTENT_TYPE":
        environ |= {key: value, "wsgi.input": io.BytesIO(b"a=b"), "CONTENT_LENGTH": "3"}
    else:
        environ[key] = value
    return environ


def answer(app: Any, environ: dict[str, Any]) -> int:
    """The status that *app* answers with; 0 where it raises, as Flask does at times."""
    statuses = [0]
    try:
        body = app(environ, lambda status, headers, exc_info=None: statuses.append(int(status[:3])))
        b"".join(body)
        getattr(body, "close", lambda: None)()
    except Exception:
        return 0
    return statuses[-1]


def cost(app: Any, environ: dict[str, Any]) -> tuple[int, float, int]:
    """Calls of Python, seconds of the processor and the status for one request."""
    re.purge()  # else the second to compile a pattern finds it there
    before = sys.getprofile()
    sys.setprofile(None)
    counting = Profile(builtins=False)  # written in C: a function in Python would take most of the time
    started = time.process_time()
    counting.enable()
    try:
        status = answer(app, environ)
    finally:
        counting.disable()
        took = time.process_time() - started
        sys.setprofile(before)
    return sum(entry.callcount for entry in counting.getstats()), took, status


@pytest.fixture(scope="module")
def apps(both: Any) -> Any:
    """An app of each framework, warmed up."""
    made = tuple(app_of(framework) for framework in both)
    for app in made:
        for path in PATHS:
            cost(app, create_environ(path))
    return made


@pytest.fixture(scope="module")
def flasks(apps: Any) -> Any:
    """What Flask takes for a request with 8 KB."""
    return functools.cache(lambda sent, path: cost(apps[1], environ_for(sent, SIZES[0], path)))


# Calls and seconds that a request may take beside a multiple of Flask's.
ROOM_CALLS, ROOM_SECONDS = 100, 0.1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("sent", SENT)
def test_large_request_costs_about_what_it_costs_on_flask(apps: Any, flasks: Any, sent: str, size: int) -> None:
    """And where it is larger, more in proportion at most."""
    for path in paths_for(sent):
        calls, seconds, status = cost(apps[0], environ_for(sent, size, path))
        allowed, flask_seconds, _ = flasks(sent, path)
        times = size // SIZES[0]
        assert 200 <= status < 500, path
        assert calls <= 2 * times * allowed + ROOM_CALLS, f"{path}: {calls} calls, Flask {allowed} for 8 KB"
        if seconds > 5 * times * flask_seconds + ROOM_SECONDS:
            # A busy machine, or what Werkzeug takes more of than in proportion: it takes that on Flask as well.
            flask_seconds = cost(apps[1], environ_for(sent, size, path))[1]
            if seconds > 2 * flask_seconds + ROOM_SECONDS:
                again = [min(cost(app, environ_for(sent, size, path))[1] for _ in "12") for app in apps]
                seconds, flask_seconds = again
            assert seconds <= 2 * flask_seconds + ROOM_SECONDS, f"{path}: {seconds} s, Flask {flask_seconds} s"


# Caches ---------------------------------------------------------------------------------------------------------------


def long_texts() -> dict[int, str]:
    """Every text of 4,000 characters or more that is kept somewhere: its beginning by its identity."""
    urlsplit.cache_clear()  # Python's own, through which Werkzeug's URLs go: 128 of them
    gc.unfreeze()  # what was there before the first test may keep texts as well
    gc.collect()
    held = gc.get_referents(*gc.get_objects())
    # A tuple or a dict of plain values alone is not among the objects, but within one.
    held += gc.get_referents(*(inner for inner in held if type(inner) in (tuple, dict)))
    return {id(text): text[:80] for text in held if type(text) in (str, bytes) and len(text) >= 4000}


def test_nothing_long_from_outside_is_kept(both: Any) -> None:
    """Whichever cache there is: of lines and patterns, of hosts, heads, tables and plans."""
    app = app_of(both[0])
    for size in (10, 8 * KB):
        before = long_texts()
        for sent in SENT:
            for path in paths_for(sent):
                answer(app, environ_for(sent, size, path))
    assert not [told for identity, told in long_texts().items() if identity not in before]


#: Views that pass on what came from outside to where the framework may keep it.
PASSED_ON = {
    "as a media type": lambda f, text: f.Response("x", mimetype=f"text/{text}"),
    "as a Content-Type": lambda f, text: f.Response("x", content_type=f"text/{text}"),
    "as a status": lambda f, text: ("x", f"200 {text}"),
    "as the name of a header": lambda f, text: ("x", {f"X-{text}": "y"}),
    "as the name of a header of a 304": lambda f, text: ("", 304, {f"X-{text}": "y"}),
    "as a header": lambda f, text: ("x", {"X-A": text}),
    "as the name of a file": lambda f, text: f.send_from_directory(".", text),
    "as the target of a redirect": lambda f, text: f.redirect(f"/{text}"),
    "as the argument of a URL": lambda f, text: f.url_for("view", text=text),
    "as an endpoint": lambda f, text: f.url_for(f"{text}.view"),
    "as a message": lambda f, text: f.flash(text, text) or str(f.get_flashed_messages()),
    "as a key of the session": lambda f, text: f.session.setdefault(text, text),
    "as the name of a cookie": lambda f, text: cookie_named(f, text),
    "as the reason of an error": lambda f, text: f.abort(404, text),
    "as the name of a template": lambda f, text: f.render_template(text),
    "as JSON": lambda f, text: {text: text},
}


def cookie_named(framework: Any, name: str) -> Any:
    response = framework.Response("x")
    response.set_cookie(name, name, path=f"/{name}", domain=f"{name}.example")
    return response


def test_nothing_long_that_a_view_passes_on_is_kept() -> None:
    app = wsgiapp.App("sizes_probe")
    app.secret_key = "key"
    app.logger.disabled = True
    app.add_url_rule("/<way>", "view", lambda way: PASSED_ON[way](wsgiapp, wsgiapp.request.args["text"]))
    for way in PASSED_ON:
        answer(app, create_environ(f"/{way}?text=short"))
    before = long_texts()
    for way in PASSED_ON:
        answer(app, create_environ(f"/{way}", query_string={"text": f"{way}-".replace(" ", "-") + "x" * 8000}))
    assert not [told for identity, told in long_texts().items() if identity not in before]
