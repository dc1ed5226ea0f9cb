"""The session over a signed cookie: when it is saved, how the cookie is set, and what a bad cookie does.

The bytes of the cookie are in test_session_format; two servers that share a key are in test_two_servers.
"""

import datetime
import itertools
from types import SimpleNamespace
from typing import Any

import pytest

import wsgiapp

from .support import SIGNED_AT, cookie_of, frozen_time, session_app

WSGIAPP = SimpleNamespace(name="wsgiapp", App=wsgiapp.App, session=wsgiapp.session, sessions=wsgiapp.sessions)


def test_session_is_kept_between_requests(framework: Any) -> None:
    client = session_app(framework).test_client()
    client.get("/set/name/kiran")
    assert client.get("/get/name").text == "kiran"
    client.get("/set/other/x")
    assert client.get("/all").json == {"session": {"name": "kiran", "other": "x"}}


def test_another_visitor_has_another_session(framework: Any) -> None:
    app = session_app(framework)
    app.test_client().get("/set/name/kiran")
    assert app.test_client().get("/get/name").text == "None"


@pytest.mark.parametrize(
    ("path", "sets_cookie"),
    [
        ("/set/a/2", True),
        ("/drop/a", True),
        ("/clear", True),
        ("/get/a", False),
        ("/all", False),
        ("/untouched", False),
    ],
)
def test_only_a_changed_session_is_saved(framework: Any, path: str, sets_cookie: bool) -> None:
    client = session_app(framework).test_client()
    client.get("/set/a/1")
    assert ("Set-Cookie" in client.get(path).headers) is sets_cookie


def test_change_inside_a_value_needs_to_be_told(framework: Any) -> None:
    app = session_app(framework)

    @app.get("/append")
    def append():
        framework.session.setdefault("list", []).append(1)
        return str(framework.session.modified)

    @app.get("/told")
    def told():
        framework.session["list"].append(1)
        framework.session.modified = True
        return ""

    client = app.test_client()
    assert [client.get("/append").text for _ in range(3)] == ["True", "False", "False"]
    assert client.get("/all").json["session"]["list"] == [1]
    client.get("/told")
    assert client.get("/all").json["session"]["list"] == [1, 1]


CHANGES = {
    "setitem": lambda s: s.__setitem__("new", 1),
    "delitem": lambda s: s.__delitem__("a"),
    "pop": lambda s: s.pop("a"),
    "popitem": lambda s: s.popitem(),
    "clear": lambda s: s.clear(),
    "update": lambda s: s.update(b=1),
    "ior": lambda s: s.__ior__({"b": 1}),
    "setdefault": lambda s: s.setdefault("b", 1),
    "permanent": lambda s: setattr(s, "permanent", True),
}
READS = {
    "getitem": lambda s: s["a"],
    "get": lambda s: s.get("a"),
    "in": lambda s: "a" in s,
    "len": lambda s: len(s),
    "iter": lambda s: list(s),
    "keys": lambda s: list(s.keys()),
    "items": lambda s: list(s.items()),
    "values": lambda s: list(s.values()),
    "bool": lambda s: bool(s),
    "equal": lambda s: s == {"a": 1},
    "permanent": lambda s: s.permanent,
    "new": lambda s: s.new,
    "modified": lambda s: s.modified,
    "copy": lambda s: s.copy(),
    "setdefault present": lambda s: s.setdefault("a", 2),
    "pop missing": lambda s: s.pop("x", None),
    "or": lambda s: s | {"b": 1},
}


def touching(framework: Any, touch: Any) -> Any:
    """The response of a view that does `touch(session)`, to a visitor whose session holds a=1."""
    app = session_app(framework)

    @app.get("/touch")
    def view():
        touch(framework.session)
        return "touched"

    client = app.test_client()
    with client.session_transaction() as session:
        session["a"] = 1
    return client.get("/touch")


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_change_is_saved_and_varies(framework: Any, change: str) -> None:
    response = touching(framework, CHANGES[change])
    assert (response.headers["Vary"], "Set-Cookie" in response.headers) == ("Cookie", True)


@pytest.mark.parametrize("read", sorted(READS))
def test_reading_varies_and_saves_nothing(framework: Any, read: str) -> None:
    response = touching(framework, READS[read])
    assert (response.headers.get("Vary"), response.headers.get("Set-Cookie")) == ("Cookie", None)


def test_untouched_session_does_not_vary(framework: Any) -> None:
    response = touching(framework, lambda session: None)
    assert "Vary" not in response.headers


@pytest.mark.parametrize("source", ["x", "{{ request.path }}", "{{ g.get('x') }}", "{{ config.DEBUG }}"])
def test_rendering_a_template_does_not_vary(framework: Any, source: str) -> None:
    response = touching(framework, lambda session: framework.render_template_string(source))
    assert "Vary" not in response.headers


def test_session_read_by_a_template_varies(framework: Any) -> None:
    response = touching(framework, lambda session: framework.render_template_string("{{ session.a }}"))
    assert response.headers["Vary"] == "Cookie"


@pytest.mark.parametrize("hook", ["before_request", "after_request"])
def test_session_touched_by_a_hook_varies(framework: Any, hook: str) -> None:
    app = session_app(framework)

    @getattr(app, hook)
    def touch(response=None):
        len(framework.session)
        return response

    assert app.test_client().get("/untouched").headers["Vary"] == "Cookie"


def test_session_touched_by_an_error_handler_varies(framework: Any) -> None:
    app = session_app(framework)
    app.register_error_handler(404, lambda error: (f"{framework.session.get('a')}", 404))
    assert app.test_client().get("/nowhere").headers["Vary"] == "Cookie"


@pytest.mark.parametrize(
    "change", [lambda s: s.update(a=1), lambda s: s.clear(), lambda s: setattr(s, "permanent", True)]
)
def test_session_counts_as_accessed_only_through_the_context(framework: Any, change: Any) -> None:
    session = framework.sessions.SecureCookieSession({"b": 2})
    change(session)
    assert (session.modified, session.accessed) == (True, False)
    app = session_app(framework)
    with app.test_client().session_transaction() as opened:
        change(opened)
        assert (opened.modified, opened.accessed) == (True, False)
    with app.test_request_context():
        assert framework.session.accessed


def test_vary_of_the_view_is_kept(framework: Any) -> None:
    app = session_app(framework)

    @app.get("/accept")
    def accept():
        framework.session.get("a")
        return "x", {"Vary": "Accept"}

    values = app.test_client().get("/accept").headers.getlist("Vary")
    assert {part.strip() for value in values for part in value.split(",")} == {"Accept", "Cookie"}


def test_vary_is_not_said_twice(framework: Any) -> None:
    app = session_app(framework)

    @app.get("/cookie")
    def cookie():
        framework.session["a"] = 1
        return "x", {"Vary": "Cookie"}

    assert app.test_client().get("/cookie").headers.getlist("Vary") == ["Cookie"]


def test_refreshed_permanent_session_varies(framework: Any) -> None:
    """CVE-2023-30861: a cache must never keep a response that refreshes somebody's session."""
    client = session_app(framework).test_client()
    client.get("/permanent/x")
    response = client.get("/untouched")
    assert ("Set-Cookie" in response.headers, response.headers["Vary"]) == (True, "Cookie")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, "session=V; HttpOnly; Path=/"),
        ({"SESSION_COOKIE_NAME": "own"}, "own=V; HttpOnly; Path=/"),
        ({"SESSION_COOKIE_DOMAIN": "shop.example"}, "session=V; Domain=shop.example; HttpOnly; Path=/"),
        ({"SESSION_COOKIE_DOMAIN": ".shop.example"}, "session=V; Domain=shop.example; HttpOnly; Path=/"),
        ({"SERVER_NAME": "shop.example"}, "session=V; HttpOnly; Path=/"),
        ({"SESSION_COOKIE_PATH": "/app"}, "session=V; HttpOnly; Path=/app"),
        ({"APPLICATION_ROOT": "/root"}, "session=V; HttpOnly; Path=/root"),
        ({"APPLICATION_ROOT": "/root", "SESSION_COOKIE_PATH": "/p"}, "session=V; HttpOnly; Path=/p"),
        ({"SESSION_COOKIE_HTTPONLY": False}, "session=V; Path=/"),
        ({"SESSION_COOKIE_SECURE": True}, "session=V; Secure; HttpOnly; Path=/"),
        ({"SESSION_COOKIE_SAMESITE": "Lax"}, "session=V; HttpOnly; Path=/; SameSite=Lax"),
        ({"SESSION_COOKIE_SAMESITE": "Strict"}, "session=V; HttpOnly; Path=/; SameSite=Strict"),
        ({"SESSION_COOKIE_SAMESITE": "None"}, "session=V; HttpOnly; Path=/; SameSite=None"),
        (
            {"SESSION_COOKIE_PARTITIONED": True, "SESSION_COOKIE_SECURE": True},
            "session=V; Secure; HttpOnly; Path=/; Partitioned",
        ),
        ({"SESSION_COOKIE_PARTITIONED": True}, "session=V; Secure; HttpOnly; Path=/; Partitioned"),
    ],
)
def test_settings_of_the_cookie(framework: Any, config: dict[str, Any], expected: str) -> None:
    client = session_app(framework, **config).test_client()
    response = client.get("/set/a/1", base_url="http://shop.example")
    assert response.headers["Set-Cookie"].replace(cookie_of(response), "V") == expected


@pytest.mark.parametrize("config", [{"SESSION_COOKIE_SAMESITE": "sometimes"}])
def test_unknown_samesite_is_an_error(framework: Any, config: dict[str, Any]) -> None:
    app = session_app(framework, **config)
    app.testing = True
    with pytest.raises(ValueError):
        app.test_client().get("/set/a/1")


@pytest.mark.parametrize("path", ["/clear", "/drop/a"])
@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, "session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Path=/"),
        (
            {"SESSION_COOKIE_NAME": "own", "SESSION_COOKIE_SECURE": True, "SESSION_COOKIE_SAMESITE": "Lax"},
            "own=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; HttpOnly; Path=/; SameSite=Lax",
        ),
        (
            {"SESSION_COOKIE_PARTITIONED": True, "SESSION_COOKIE_SECURE": True},
            "session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; HttpOnly; Path=/; Partitioned",
        ),
    ],
)
def test_emptied_session_deletes_the_cookie(framework: Any, path: str, config: dict[str, Any], expected: str) -> None:
    client = session_app(framework, **config).test_client()
    client.get("/set/a/1", base_url="https://localhost")
    response = client.get(path, base_url="https://localhost")
    assert (response.headers["Set-Cookie"], response.headers["Vary"]) == (expected, "Cookie")
    assert client.get("/get/a", base_url="https://localhost").text == "None"


def test_new_session_that_was_only_read_sets_no_cookie(framework: Any) -> None:
    response = session_app(framework).test_client().get("/get/a")
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    ("refresh", "permanent", "sets_cookie"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_refresh_each_request(framework: Any, refresh: bool, permanent: bool, sets_cookie: bool) -> None:
    client = session_app(framework, SESSION_REFRESH_EACH_REQUEST=refresh).test_client()
    client.get("/permanent/x" if permanent else "/set/a/1")
    assert ("Set-Cookie" in client.get("/untouched").headers) is sets_cookie


@pytest.mark.parametrize(
    "lifetime", [datetime.timedelta(hours=2), 7200, datetime.timedelta(days=31)], ids=["timedelta", "seconds", "month"]
)
def test_permanent_session_expires(framework: Any, lifetime: Any) -> None:
    app = session_app(framework, PERMANENT_SESSION_LIFETIME=lifetime)
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    client = app.test_client()
    client.get("/permanent/x")
    expires = client.get_cookie("session").expires
    length = lifetime if isinstance(lifetime, datetime.timedelta) else datetime.timedelta(seconds=lifetime)
    assert before + length <= expires <= before + length + datetime.timedelta(seconds=5)
    assert app.permanent_session_lifetime == length


def test_session_cookie_ends_with_the_browser_unless_permanent(framework: Any) -> None:
    client = session_app(framework).test_client()
    client.get("/set/a/1")
    assert client.get_cookie("session").expires is None


@pytest.mark.parametrize(
    ("age", "value"), [(0, "kiran"), (3600, "kiran"), (3601, "None"), (10**8, "None"), (-5, "None")]
)
def test_cookie_older_than_the_lifetime_is_not_read(framework: Any, age: int, value: str) -> None:
    app = session_app(framework, PERMANENT_SESSION_LIFETIME=3600)
    client = app.test_client()
    with frozen_time(2_000_000_000):
        client.get("/set/name/kiran")
    with frozen_time(2_000_000_000 + age):
        assert client.get("/get/name").text == value


def bad_cookies() -> dict[str, Any]:
    """How each kind of bad cookie is made from a good one."""
    return {
        "empty": lambda good: "",
        "garbage": lambda good: "garbage",
        "dots": lambda good: "...",
        "cut": lambda good: good[:-4],
        "no signature": lambda good: good.rsplit(".", 1)[0],
        "other payload": lambda good: "eyJuYW1lIjoiZXZlIn0." + good.split(".", 1)[1],
        "other time": lambda good: ".".join([good.split(".")[0], "aBH2rw", good.split(".")[2]]),
        "flipped": lambda good: ("f" if good[0] != "f" else "e") + good[1:],
        "twice": lambda good: good + "." + good,
        "unicode": lambda good: "\N{SNOWMAN}" + good,
        "long": lambda good: "x" * 3900,
    }


@pytest.mark.parametrize("kind", sorted(bad_cookies()))
def test_tampered_cookie_is_an_empty_session(framework: Any, kind: str) -> None:
    app = session_app(framework)
    client = app.test_client()
    good = cookie_of(client.get("/set/name/kiran"))
    visitor = app.test_client()
    visitor.set_cookie("session", bad_cookies()[kind](good))
    response = visitor.get("/all")
    assert (response.status_code, response.json) == (200, {"session": {}})


@pytest.mark.parametrize(
    ("signed_with", "key", "fallbacks", "value"),
    [
        ("old", "new", [], "None"),
        ("old", "new", None, "None"),
        ("old", "new", ["old"], "kiran"),
        ("old", "new", ["older", "old", "oldest"], "kiran"),
        ("new", "new", ["old"], "kiran"),
        ("other", "new", ["old"], "None"),
        (b"bytes", b"new", [b"bytes"], "kiran"),
    ],
)
def test_key_fallbacks(framework: Any, signed_with: Any, key: Any, fallbacks: Any, value: str) -> None:
    cookie = cookie_of(session_app(framework, signed_with).test_client().get("/set/name/kiran"))
    visitor = session_app(framework, key, SECRET_KEY_FALLBACKS=fallbacks).test_client()
    visitor.set_cookie("session", cookie)
    assert visitor.get("/get/name").text == value


def test_fallback_keys_never_sign(framework: Any) -> None:
    """CVE-2025-47278: the current key signs, the fallbacks only verify."""
    cookie = cookie_of(session_app(framework, "new", SECRET_KEY_FALLBACKS=["old"]).test_client().get("/set/name/kiran"))
    for key, value in (("new", "kiran"), ("old", "None")):
        visitor = session_app(framework, key).test_client()
        visitor.set_cookie("session", cookie)
        assert visitor.get("/get/name").text == value


def test_key_changed_while_running_takes_effect(framework: Any) -> None:
    app = session_app(framework, "one")
    client = app.test_client()
    client.get("/set/name/kiran")
    app.secret_key = "two"
    assert client.get("/get/name").text == "None"
    app.config["SECRET_KEY"] = "one"
    assert client.get("/get/name").text == "kiran"


@pytest.mark.parametrize("name", sorted(set(CHANGES) - {"ior", "permanent"}))
def test_session_without_a_key_cannot_be_changed(framework: Any, name: str) -> None:
    with framework.App(__name__).test_request_context(), pytest.raises(RuntimeError, match="(?i)secret.key"):
        CHANGES[name](framework.session)


def test_session_without_a_key_cannot_be_made_permanent(framework: Any) -> None:
    with framework.App(__name__).test_request_context(), pytest.raises(RuntimeError, match="(?i)secret.key"):
        framework.session.permanent = True


def test_session_without_a_key_can_be_read(framework: Any) -> None:
    with framework.App(__name__).test_request_context():
        session = framework.session
        assert (session.get("a"), "a" in session, len(session), list(session)) == (None, False, 0, [])
        with pytest.raises(KeyError):
            session["a"]


def test_null_session_is_not_saved(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: str(framework.session.get("a")))
    response = app.test_client().get("/")
    assert (response.status_code, "Set-Cookie" in response.headers) == (200, False)


@pytest.mark.parametrize("key", ["", b"", None])
def test_empty_key_is_no_key(framework: Any, key: Any) -> None:
    app = framework.App(__name__)
    app.secret_key = key
    with app.test_request_context():
        assert app.session_interface.is_null_session(framework.session._get_current_object())


# Several session cookies in one request -------------------------------------------------------------------------------


def cookies_signed_at(framework: Any, app: Any, *times: int) -> list[str]:
    """A session cookie for each time, whose value is that time."""
    serializer = framework.sessions.SecureCookieSessionInterface().get_signing_serializer(app)
    signed = []
    for time in times:
        with frozen_time(time):
            signed.append(f"session={serializer.dumps({'time': time})}")
    return signed


@pytest.mark.parametrize("order", itertools.permutations([0, 1, 2]))
def test_newest_of_several_session_cookies_that_hold_is_taken(framework: Any, order: tuple[int, ...]) -> None:
    """After a change of the cookie's path or domain a browser sends the old one as well, perhaps in front."""
    app = session_app(framework)
    signed = cookies_signed_at(framework, app, *(SIGNED_AT + place for place in order))
    cookie = "; ".join(["session=forged.aBH2rw.x", "session=", *signed])
    with frozen_time(SIGNED_AT + 9):
        answer = app.test_client(use_cookies=False).get("/get/time", headers={"Cookie": cookie})
    assert answer.text == {"wsgiapp": str(SIGNED_AT + 2), "flask": "None"}[framework.name]


@pytest.mark.parametrize(("age", "value"), [(0, SIGNED_AT + 10), (100, SIGNED_AT)])
def test_cookie_that_is_too_old_gives_way_to_none(framework: Any, age: int, value: int) -> None:
    """One signed in the future does not hold, however new it claims to be."""
    app = session_app(framework)
    cookie = "; ".join(cookies_signed_at(framework, app, SIGNED_AT + 10 + age, SIGNED_AT))
    with frozen_time(SIGNED_AT + 20):
        answer = app.test_client(use_cookies=False).get("/get/time", headers={"Cookie": cookie})
    assert answer.text == (str(value) if framework.name == "wsgiapp" or not age else "None")


@pytest.mark.parametrize(("forged", "value"), [(4, str(SIGNED_AT)), (5, "None")])
def test_so_many_session_cookies_are_tried(forged: int, value: str) -> None:
    app = session_app(WSGIAPP)
    cookie = "; ".join(["session=a.b.c"] * forged + ["session="] * 9 + cookies_signed_at(WSGIAPP, app, SIGNED_AT))
    with frozen_time():
        assert app.test_client(use_cookies=False).get("/get/time", headers={"Cookie": cookie}).text == value


@pytest.mark.parametrize(
    ("path", "refresh", "verified"), [("/untouched", False, 0), ("/untouched", True, 5), ("/get/a", False, 5)]
)
def test_session_cookies_are_verified_where_it_is_needed(path: str, refresh: bool, verified: int) -> None:
    app, asked = session_app(WSGIAPP, SESSION_REFRESH_EACH_REQUEST=refresh), []
    app.session_interface = wsgiapp.sessions.SecureCookieSessionInterface()
    serializer = app.session_interface.get_signing_serializer(app)
    app.session_interface.get_signing_serializer = lambda app: SimpleNamespace(
        loads=lambda value, max_age: asked.append(value) or serializer.loads(value, max_age=max_age)
    )
    app.test_client(use_cookies=False).get(path, headers={"Cookie": "; ".join(["session=a.b.c"] * 571)})
    assert len(asked) == verified


@pytest.mark.parametrize("path", ["/clear", "/set/time/new"])
def test_write_is_read_back_although_an_older_cookie_stands_in_front(path: str) -> None:
    app = session_app(WSGIAPP)
    old, new = cookies_signed_at(WSGIAPP, app, SIGNED_AT, SIGNED_AT + 1)
    with frozen_time(SIGNED_AT + 2):
        client = app.test_client(use_cookies=False)
        written = client.get(path, headers={"Cookie": f"{old}; {new}"})
        answer = client.get("/get/time", headers={"Cookie": f"{old}; session={cookie_of(written)}"})
    assert answer.text == {"/clear": str(SIGNED_AT), "/set/time/new": "new"}[path]
