"""Step 10: itsdangerous, the session, and flash.

What Flask shows you: ``session["user"] = "kiran"`` in one request, and ``session["user"]`` in a later one. And
``flash("Saved.")``, which shows a message on the next page.

What is underneath: a session is a period in which a visitor uses the site: logged in, with a full cart, with the
preferred language. Flask's session is a dictionary that travels in one cookie. It is written as JSON, then in base64,
then signed by itsdangerous, with the time. The cookie has three parts with dots between them: the data, the time, the
signature. ``eyJ1c2VyIjoia2lyYW4ifQ.aBH2rw.iAz3jJL_dRaHiNSddwd2uVvC9pk`` says {"user": "kiran"}. Everybody can read it,
so never put a secret into a session. Nobody can change it without the key. JSON has no tuple. So a tuple is written as
a dictionary with one key, the tag: ``{" t": [1, 2]}`` is the tuple ``(1, 2)``. A dictionary of yours that looks so gets
the tag ``" di"``, and comes back as it was.

What is new in this step: ``request.session``, which is opened when a view reads it and saved when it was changed. The
cookie is Flask's own, byte for byte: with the same key, a Flask server and this file read each other's sessions. A
flashed message waits in the session until a page shows it. ``app.config`` holds the settings of an app, and
``app.secret_key`` is one of them.

Try this::

    curl http://127.0.0.1:8000/cookie
    # 200: "data":{"user":"kiran"} … "signed":"2025-04-30
    curl -i -c jar.txt -d "name=Grace" -d "text=Hello." http://127.0.0.1:8000/sign
    # 303: Set-Cookie: session=
    curl -b jar.txt -c jar.txt http://127.0.0.1:8000/
    # 200: Thank you, Grace. … Welcome back, Grace.
    curl -b jar.txt http://127.0.0.1:8000/
    # 200, without: Thank you

Share of the list in ladder/README.md that runs at this step: 32 %.
"""

# From the steps before: Request (5); json (6); App, html_pages (7); SECRET_KEY, pages (9).

from datetime import UTC, datetime
from functools import cached_property

from itsdangerous import BadData, URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, bytes_to_int
from step_09 import *
from werkzeug.datastructures import UpdateDictMixin

NOTES_COOKIE = "eyJ1c2VyIjoia2lyYW4ifQ.aBH2rw.iAz3jJL_dRaHiNSddwd2uVvC9pk"
TAGS = {" t", " di", " b", " m", " u", " d"}  # all of Flask's; the first two are used here


def tag(value):
    """*value* in types that JSON has."""
    if isinstance(value, dict):
        tagged = {key: tag(item) for key, item in value.items()}
        mistakable = len(value) == 1 and not TAGS.isdisjoint(value)
        return {" di": {f"{key}__": item for key, item in tagged.items()}} if mistakable else tagged
    items = [tag(item) for item in value] if isinstance(value, (list, tuple)) else value
    return {" t": items} if isinstance(value, tuple) else items


def untag(value):
    """The value that `tag` was given."""
    if isinstance(value, list):
        return [untag(item) for item in value]
    if not isinstance(value, dict):
        return value
    value = {key: untag(item) for key, item in value.items()}
    if list(value) == [" di"]:
        return {key.removesuffix("__"): item for key, item in value[" di"].items()}
    return tuple(value[" t"]) if list(value) == [" t"] else value


def signer(key):
    """What writes and signs a session's cookie, and reads it back, with Flask's settings."""
    signing, json_form = {"key_derivation": "hmac"}, {"sort_keys": True, "ensure_ascii": True}
    return URLSafeTimedSerializer(key, salt="cookie-session", signer_kwargs=signing, serializer_kwargs=json_form)


def read_without_key(cookie):
    """What everybody can read of a session's cookie: its data, and when it was signed."""
    data, moment, _signature = cookie.split(".")
    return untag(json.loads(base64_decode(data))), datetime.fromtimestamp(bytes_to_int(base64_decode(moment)), UTC)


class Session(UpdateDictMixin, dict):
    """A dictionary that is kept from one request to the next, and notes when it is changed."""

    permanent = modified = False

    def on_update(self, session):
        """Called by Werkzeug's mixin after each change of a key."""
        self.modified = True


class Request(Request):
    """A request with a session."""

    session = cached_property(lambda request: request.app.open_session(request))  # opened when it is first read


def setting(key):
    """An attribute of the app that stands for the setting *key*."""
    return property(lambda app: app.config[key], lambda app, value: app.config.update({key: value}))


class App(App):
    """An app with sessions. *config* holds its settings."""

    request_class = Request
    secret_key, testing, debug = setting("SECRET_KEY"), setting("TESTING"), setting("DEBUG")

    def __init__(self):
        super().__init__()
        self.config = {"SECRET_KEY": None, "TESTING": False, "DEBUG": False}

    def open_session(self, request):
        """The session in the cookie; an empty one if there is none, it is too old, or its signature is wrong."""
        if not self.secret_key:
            raise RuntimeError("A session is signed with a key, and SECRET_KEY in the app's config is not set.")
        try:
            return Session(untag(signer(self.secret_key).loads(request.cookies["session"], max_age=31 * 24 * 3600)))
        except (BadData, KeyError, TypeError, ValueError):
            return Session()

    def full_dispatch_request(self, request):
        """The response, with the session's cookie."""
        request.app = self
        return self.process_response(request, super().full_dispatch_request(request))

    def process_response(self, request, response):
        """Save the session if it was opened and changed; without anything in it, its cookie is deleted."""
        if "session" in vars(request):
            response.vary.add("Cookie")
            options = {"httponly": True, "samesite": self.config.get("SESSION_COOKIE_SAMESITE")}
            if request.session and request.session.modified:
                response.set_cookie("session", signer(self.secret_key).dumps(tag(request.session)), **options)
            elif request.session.modified:
                response.delete_cookie("session", **options)
        return response


def flash(request, message, category="message"):
    """Keep *message* for the next page that shows messages."""
    request.session["_flashes"] = [*request.session.get("_flashes", []), (category, message)]


def get_flashed_messages(request, with_categories=False):
    """The messages that wait; they leave the session."""
    waiting = request.session.pop("_flashes", [])
    return waiting if with_categories else [message for _category, message in waiting]


def known(request):
    """The name in the session, and the messages that wait."""
    return {"name": request.session.get("name"), "messages": get_flashed_messages(request)}


def remember(request, response, name):
    """Keep *name* in the session, and say thank you on the next page."""
    request.session["name"] = name
    flash(request, f"Thank you, {name}.")


def session_pages(app):
    """The pages of before, with a session, and a page that opens the cookie from the notes."""
    html_pages(app, known, remember)
    app.config |= {"SECRET_KEY": SECRET_KEY, "SESSION_COOKIE_SAMESITE": "Lax"}

    @app.route("/cookie")
    def cookie(request):
        data, moment = read_without_key(NOTES_COOKIE)
        return {"cookie": NOTES_COOKIE, "data": data, "signed": moment.isoformat()}


pages = [*pages, session_pages]

if __name__ == "__main__":
    App().run(pages)
