"""Requests side by side: no thread, greenlet or stream ever sees the request, session or `g` of another."""

import random
import threading
from typing import Any

import greenlet
import pytest

THREADS = 8
REQUESTS = 40


def shop(framework: Any, pause: Any) -> Any:
    """An app that keeps its visitor's name in every place there is, pauses, and compares."""
    app = framework.App(__name__)
    app.secret_key = "key"

    @app.before_request
    def remember():
        framework.g.name = framework.request.args["name"]
        framework.session["name"] = framework.request.args["name"]

    def facts():
        request = framework.request
        return {
            request.args["name"],
            request.view_args["name"],
            framework.g.name,
            framework.session["name"],
            request.headers["X-Name"],
            framework.url_for("view", name=framework.g.name).rsplit("/", 1)[1],
        }

    @app.get("/view/<name>")
    def view(name):
        before = facts()
        pause()
        return {"names": sorted(before | facts() | {name})}

    @app.get("/stream/<name>")
    def stream(name):
        @framework.stream_with_context
        def body():
            for _ in range(5):
                pause()
                yield ",".join(sorted(facts())) + ";"

        return body()

    @app.get("/fail/<name>")
    def fail(name):
        pause()
        framework.abort(404, ",".join(sorted(facts())))

    app.register_error_handler(404, lambda error: (",".join(sorted(facts() | {error.description})), 404))
    return app


def test_threads_do_not_see_each_other(framework: Any) -> None:
    barrier = threading.Barrier(THREADS)
    app = shop(framework, lambda: threading.Event().wait(random.random() / 2000))
    wrong: list[Any] = []

    def visitor(number: int) -> None:
        client = app.test_client()
        barrier.wait(10)
        for turn in range(REQUESTS):
            name = f"{number}-{turn}"
            options = {"query_string": {"name": name}, "headers": {"X-Name": name}}
            kind = ("view", "stream", "fail")[turn % 3]
            text = client.get(f"/{kind}/{name}", **options).text
            expected = {"view": f'{{"names":["{name}"]}}\n', "stream": f"{name};" * 5, "fail": name}[kind]
            if text != expected:
                wrong.append((name, text))

    threads = [threading.Thread(target=visitor, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []


@pytest.mark.parametrize("kind", ["view", "stream", "fail"])
def test_greenlets_do_not_see_each_other(framework: Any, kind: str) -> None:
    main = greenlet.getcurrent()
    app = shop(framework, main.switch)
    answers: dict[str, str] = {}

    def visitor(name: str) -> None:
        options = {"query_string": {"name": name}, "headers": {"X-Name": name}}
        answers[name] = app.test_client().get(f"/{kind}/{name}", **options).text

    waiting = [greenlet.greenlet(lambda name=name: visitor(name)) for name in "abcdef"]
    while waiting:
        random.shuffle(waiting)
        for worker in waiting:
            worker.switch()
        waiting = [worker for worker in waiting if not worker.dead]
    expected = {"view": '{{"names":["{0}"]}}\n', "stream": "{0};" * 5, "fail": "{0}"}[kind]
    assert answers == {name: expected.format(name) for name in "abcdef"}


def test_setup_in_one_thread_serves_in_another(framework: Any) -> None:
    app = framework.App(__name__)
    app.add_url_rule("/", "view", lambda: threading.current_thread().name)
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(app.test_client().get("/").text), name="other")
    thread.start()
    thread.join(10)
    assert answers == ["other"]


def test_first_requests_at_once_all_find_the_app_ready(framework: Any) -> None:
    for _ in range(10):
        app = framework.App(__name__)
        for number in range(20):
            app.add_url_rule(f"/r{number}/<int:n>", f"e{number}", lambda n: str(n))
        barrier = threading.Barrier(6)
        answers: list[str] = []

        def visit(app: Any = app, barrier: Any = barrier, answers: list[str] = answers) -> None:
            barrier.wait(10)
            answers.append(app.test_client().get("/r19/7").text)

        threads = [threading.Thread(target=visit) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert answers == ["7"] * 6
