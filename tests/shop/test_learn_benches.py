"""Requirements of the two benches: a cookie taken apart, and an API shown request by request."""

import logging
import re
import shlex
from html import unescape
from itertools import pairwise

import pytest
from itsdangerous import URLSafeTimedSerializer

from wsgiapp.shop import learn_api, learn_cookie

KEY = "a key that nobody else types"


def text_of(response):
    return unescape(re.sub(r"<[^>]+>", "", response.text))


def test_the_cookie_of_the_notes_stands_there_and_is_opened_without_a_key(visitor):
    assert f">{learn_cookie.NOTES}</textarea>" in visitor.get("/learn/sessions").text
    answer = visitor.send("/learn/sessions", cookie=learn_cookie.NOTES)
    for part in ('<span class="part-data">eyJ1c2VyIjoia2lyYW4ifQ</span>', "part-time", "2025-04-30", " ago"):
        assert part in answer.text
    assert '{"user": "kiran"}' in text_of(answer) and "Not checked: no key was given." in answer.text


@pytest.mark.parametrize(
    ("key", "change", "said"),
    [
        (learn_cookie.LESSON_KEY, {}, "This key made it."),
        ("another", {}, "This key did not make it."),
        (learn_cookie.LESSON_KEY, {"change": "1"}, "You changed one letter"),
    ],
)
def test_a_key_that_one_types_is_held_against_the_signature(visitor, key, change, said):
    answer = visitor.send("/learn/sessions", cookie=learn_cookie.lesson(), secret_key=key, **change)
    assert said in answer.text
    assert ('"kirao"' in text_of(answer)) == bool(change)


@pytest.mark.parametrize(("press", "said"), [({}, "Accepted."), ({"change": "1"}, "Refused.")])
def test_the_cookie_whose_key_is_known_needs_nothing_to_be_typed(visitor, press, said):
    page = visitor.get("/learn/sessions").text
    (form,) = re.findall(r"<form(?:(?!<form).)*Check it with its key.*?</form>", page, re.DOTALL)
    hidden = dict(re.findall(r'<input type="hidden" name="(cookie|secret_key)" value="([^"]+)">', form))
    assert f">{hidden['cookie']}</code>" in form
    assert said in visitor.send("/learn/sessions", **hidden, **press).text


def test_any_session_of_flask_can_be_pasted_with_its_name_and_attributes(visitor):
    flask = pytest.importorskip("flask")
    app = flask.Flask("any")
    app.secret_key = KEY
    app.add_url_rule("/", view_func=lambda: flask.session.update(words=["long"] * 90) or "")
    header = app.test_client().get("/").headers["Set-Cookie"]
    opened = learn_cookie.examine(header, KEY)
    assert (opened.verdict, opened.compressed) == ("valid", True)
    assert learn_cookie.examine(header, KEY, change=True).verdict == "refused"


def test_a_serializer_with_another_salt_makes_no_session(visitor):
    assert learn_cookie.examine(URLSafeTimedSerializer(KEY).dumps({}), KEY).verdict == "refused"


@pytest.mark.parametrize(
    "cookie", ["", "a", "a.b", "..", "a.b.c", "." * 4000, "x" * 5000, "\u00e9.\u00e9.\u00e9", "eyJ.aBH2rw.", "\x00",
               ".eJw.aBH2rw.x"],
    ids=lambda text: text[:6],
)  # fmt: skip
@pytest.mark.parametrize("change", [{}, {"change": "1"}], ids=["as it is", "changed"])
def test_what_is_no_cookie_is_answered_with_a_sentence(visitor, cookie, change):
    answer = visitor.send("/learn/sessions", cookie=cookie, secret_key="k", **change)
    assert answer.status_code == 200 and "This key made it." not in answer.text
    assert "cannot be read" in answer.text or "This key did not make it." in answer.text


def test_the_key_is_not_echoed_not_logged_and_not_kept_by_a_cache_or_the_xray(make_shop, visit, caplog):
    shop = make_shop(XRAY=True, DEBUG=True)
    with caplog.at_level(logging.DEBUG):
        answer = visit(shop).send("/learn/sessions", cookie=learn_cookie.NOTES, secret_key=KEY)
    kept = repr(shop.extensions["xray"].traces())
    assert answer.headers["Cache-Control"] == "no-store"
    assert "secret_key=" in kept
    for text in (answer.text, caplog.text, kept):
        assert KEY not in text and KEY.replace(" ", "+") not in text


def test_a_key_that_is_too_long_is_refused_and_not_tried(visitor):
    assert "at most 256" in visitor.send("/learn/sessions", cookie=learn_cookie.NOTES, secret_key="k" * 257).text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "less than a second"), (1, "1 second"), (3_700, "1 hour and 1 minute"), (49_920_000, "1 year and 7 months"),
     (-120, "2 minutes in the future")],
)  # fmt: skip
def test_an_age_is_said_in_words(seconds, words):
    assert learn_cookie.in_words(seconds) == words


def test_every_request_of_the_api_bench_has_the_status_that_the_page_states(make_shop):
    done = learn_api.perform(make_shop(), "http://localhost/")
    assert [int(each.status[:3]) for each in done] == [call.status for call in learn_api.CALLS]
    assert {call.method for call in learn_api.CALLS} == {"OPTIONS", "GET", "POST", "PUT", "PATCH", "DELETE"}


def test_every_line_of_an_answers_head_is_explained(make_shop):
    for watched in (False, True):
        done = learn_api.perform(make_shop(XRAY=watched, DEBUG=watched), "http://localhost/")
        assert {name for each in done for name, _value, meaning in each.headers if not meaning} == set()
        assert all(bool(each.trace) == watched for each in done)


def test_the_api_bench_sends_its_requests_when_asked_and_leaves_nothing_behind(visitor, api):
    before = api.call("GET").json
    page = visitor.send("/learn/rest", method="DELETE", target="/api/products/5")
    assert page.text.count("The answer:") == len(learn_api.CALLS)
    assert api.call("GET").json == before
    assert api.call("GET", "/5").status_code == 200


def test_what_the_api_bench_has_sent_is_shown_as_it_was_sent(make_shop):
    done = learn_api.perform(make_shop(), "http://localhost/")
    made = next(value for each in done for name, value, _ in each.headers if name == "Location")
    assert [each.call.path for each in done[4:]] == [made] * 6
    texts = [each.call.text("localhost") + each.call.curl("http://localhost/") for each in done]
    assert not any("{id}" in text or "{etag}" in text for text in texts)
    assert 'If-Match: "' in texts[4]


def test_the_product_is_deleted_when_the_bench_fails_half_way(make_shop, api, monkeypatch):
    before = api.call("GET").json
    broken = [call if call.method != "PATCH" else learn_api.Call("GET", "{", 0, "", headers={"If-Match": 5})
              for call in learn_api.CALLS]  # fmt: skip
    monkeypatch.setattr(learn_api, "CALLS", broken)
    with pytest.raises(AttributeError):
        learn_api.perform(make_shop(), "http://localhost/")
    assert api.call("GET").json == before


def test_reading_the_page_of_the_api_bench_writes_nothing(visitor):
    page = visitor.get("/learn/rest").text
    assert "The answer:" not in page and "curl -i -X PATCH" in page


def test_a_shop_that_is_no_demonstration_sends_nothing(make_shop, visit):
    visitor = visit(make_shop(DEMO=False))
    assert "shown and not sent" in visitor.get("/learn/rest").text
    assert visitor.send("/learn/rest").status_code == 404


@pytest.mark.parametrize("path", ["/learn/sessions", "/learn/rest", "/learn/progress"])
def test_a_form_from_elsewhere_is_refused(visitor, path):
    assert visitor.client.post(path, data={"cookie": "x"}).status_code == 400


@pytest.mark.parametrize("call", learn_api.CALLS, ids=lambda call: f"{call.method} {call.status}")
def test_a_command_for_curl_says_what_the_request_as_text_says(call):
    words = shlex.split(call.curl("http://localhost/"))
    text = call.text("localhost")
    assert words[-1] == f"http://localhost{call.path}"
    assert all(word in text for option, word in pairwise(words) if option in ("-H", "-d"))
