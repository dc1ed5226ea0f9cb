"""Sessions beyond the cookie: their flags, own session interfaces, and the test client's `session_transaction`.

When and how the cookie is set is in test_sessions.
"""

from typing import Any

import pytest

from .support import session_app


def test_flags_of_a_session(framework: Any) -> None:
    app = session_app(framework)
    states = []

    @app.get("/flags")
    def flags():
        session = framework.session
        states.append((session.new, session.modified, session.permanent))
        session["a"] = 1
        states.append((session.new, session.modified, session.permanent))
        return ""

    client = app.test_client()
    client.get("/flags")
    client.get("/flags")
    assert [state[1:] for state in states] == [(False, False), (True, False)] * 2
    assert states[0][0] == states[2][0]


def test_permanent_flag_is_an_item(framework: Any) -> None:
    app = session_app(framework)
    with app.test_request_context():
        framework.session.permanent = True
        assert framework.session["_permanent"] is True
        framework.session.permanent = False
        assert framework.session["_permanent"] is False


def test_own_session_interface(framework: Any) -> None:
    store: dict[str, Any] = {}

    class Stored(dict, framework.sessions.SessionMixin):
        pass

    class Server(framework.sessions.SessionInterface):
        def open_session(self, app, request):
            return Stored(store.get(request.headers["X-Visitor"], {}))

        def save_session(self, app, session, response):
            store[framework.request.headers["X-Visitor"]] = dict(session)
            response.headers["X-Saved"] = "1"

    app = session_app(framework, key=None)
    app.session_interface = Server()
    client = app.test_client()
    response = client.get("/set/a/1", headers={"X-Visitor": "ann"})
    assert (response.headers["X-Saved"], store) == ("1", {"ann": {"a": "1"}})
    assert client.get("/get/a", headers={"X-Visitor": "ann"}).text == "1"
    assert client.get("/get/a", headers={"X-Visitor": "bob"}).text == "None"


def test_own_interface_that_opens_nothing_gives_a_null_session(framework: Any) -> None:
    class Nothing(framework.sessions.SessionInterface):
        def open_session(self, app, request):
            return None

        def save_session(self, app, session, response):
            raise AssertionError("a null session is never saved")

    app = session_app(framework)
    app.session_interface = Nothing()
    client = app.test_client()
    assert client.get("/get/a").text == "None"
    assert client.get("/set/a/1").status_code == 500


def test_interface_sees_the_request(framework: Any) -> None:
    seen = []

    class Curious(framework.sessions.SecureCookieSessionInterface):
        def open_session(self, app, request):
            seen.append((app, framework.request.path))
            return super().open_session(app, request)

    app = session_app(framework)
    app.session_interface = Curious()
    app.test_client().get("/get/a")
    assert seen == [(app, "/get/a")]


@pytest.mark.parametrize("path", ["/untouched", "/get/a", "/set/a/1", "/nowhere"])
def test_own_interface_is_asked_at_every_request(framework: Any, path: str) -> None:
    """Whether or not the session is touched: others keep track of visits there."""
    calls = []

    class Counting(framework.sessions.SecureCookieSessionInterface):
        def open_session(self, app, request):
            calls.append("open")
            return super().open_session(app, request)

        def save_session(self, app, session, response):
            calls.append("save")
            super().save_session(app, session, response)

    app = session_app(framework)
    app.session_interface = Counting()
    app.before_request(lambda: calls.append("before_request"))
    app.test_client().get(path)
    assert calls == ["open", "before_request", "save"]


@pytest.mark.parametrize("method", ["open_session", "save_session"])
def test_method_of_the_interface_may_be_replaced_while_running(framework: Any, method: str) -> None:
    app = session_app(framework)
    client = app.test_client()
    client.get("/untouched")
    calls = []
    original = getattr(app.session_interface, method)
    interface = app.session_interface = type(app.session_interface)()
    setattr(interface, method, lambda *args: calls.append(method) or original(*args))
    client.get("/untouched")
    assert calls == [method]


def test_bare_interface_must_be_filled(framework: Any) -> None:
    bare = framework.sessions.SessionInterface()
    with pytest.raises(NotImplementedError):
        bare.open_session(None, None)
    with pytest.raises(NotImplementedError):
        bare.save_session(None, None, None)


def test_opening_fails_inside_the_error_handling(framework: Any) -> None:
    class Broken(framework.sessions.SecureCookieSessionInterface):
        def open_session(self, app, request):
            raise LookupError("store is down")

    app = session_app(framework)
    app.session_interface = Broken()
    torn = []
    app.teardown_appcontext(lambda error: torn.append(type(error)))
    response = app.test_client().get("/untouched")
    assert response.status_code == 500
    assert torn == [LookupError]


def test_parts_of_the_cookie_interface_can_be_replaced(framework: Any) -> None:
    import hashlib

    class Own(framework.sessions.SecureCookieSessionInterface):
        salt = "own-salt"
        digest_method = staticmethod(hashlib.sha256)
        key_derivation = "concat"

        def get_cookie_name(self, app):
            return "own"

        def get_cookie_samesite(self, app):
            return "Lax"

    app = session_app(framework)
    app.session_interface = Own()
    client = app.test_client()
    header = client.get("/set/a/1").headers["Set-Cookie"]
    assert header.startswith("own=") and header.endswith("SameSite=Lax")
    assert client.get("/get/a").text == "1"
    other = session_app(framework).test_client()
    other.set_cookie("session", client.get_cookie("own").value)
    assert other.get("/get/a").text == "None"


def test_interface_decides_whether_to_set_the_cookie(framework: Any) -> None:
    class Never(framework.sessions.SecureCookieSessionInterface):
        def should_set_cookie(self, app, session):
            return False

    app = session_app(framework)
    app.session_interface = Never()
    assert "Set-Cookie" not in app.test_client().get("/set/a/1").headers


def test_transaction_changes_the_session_of_the_client(framework: Any) -> None:
    client = session_app(framework).test_client()
    with client.session_transaction() as session:
        session["name"] = "kiran"
    assert client.get("/get/name").text == "kiran"
    with client.session_transaction() as session:
        assert session["name"] == "kiran"
        del session["name"]
    assert client.get("/get/name").text == "None"


def test_transaction_takes_what_a_request_takes(framework: Any) -> None:
    client = session_app(framework, SESSION_COOKIE_PATH="/app").test_client()
    with client.session_transaction("/app/x", base_url="http://shop.example") as session:
        session["name"] = "kiran"
    assert client.get_cookie("session", domain="shop.example", path="/app") is not None


def test_transaction_needs_cookies_and_a_key(framework: Any) -> None:
    with (
        pytest.raises(TypeError, match="(?i)cookies"),
        session_app(framework).test_client(use_cookies=False).session_transaction(),
    ):
        pass
    with pytest.raises(RuntimeError), session_app(framework, key=None).test_client().session_transaction() as session:
        session["a"] = 1


def test_transaction_does_not_disturb_the_context_outside(framework: Any) -> None:
    app = session_app(framework)
    client = app.test_client()
    with app.test_request_context("/outside"):
        with client.session_transaction() as session:
            session["a"] = 1
        assert framework.request.path == "/outside"


def test_null_session_of_an_own_interface_is_not_saved_by_a_session_transaction(framework: Any) -> None:
    class Interface(framework.sessions.SessionInterface):
        def open_session(self, app, request):
            return self.make_null_session(app)

        def save_session(self, app, session, response):
            raise AssertionError("a null session is never saved")

    app = framework.App(__name__)
    app.session_interface = Interface()
    with app.test_client().session_transaction() as session:
        assert dict(session) == {}
