"""Requirements of the page on threads: measured, drawn, bounded, one at a time."""

import re
import threading
from xml.etree import ElementTree

import pytest

from wsgiapp.shop import concurrency, threads, timeline


def test_the_page_draws_four_time_lines_with_a_lane_for_each_thread(visitor):
    response = visitor.get("/threads?tasks=3&threads=3")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    drawings = [ElementTree.fromstring(text) for text in re.findall(r"<svg class=\"timeline\".*?</svg>", response.text)]
    assert [len(drawing.findall("rect[@class='lane']")) for drawing in drawings] == [1, 3, 1, 3]
    assert {rect.get("class") for rect in drawings[0].findall("rect")} == {"lane", "wait"}
    assert "work" in {rect.get("class") for rect in drawings[3].findall("rect")}


@pytest.mark.parametrize(
    ("query", "field"),
    [("tasks=0", "tasks"), ("tasks=9", "tasks"), ("tasks=", "tasks"), ("tasks=" + "9" * 5000, "tasks"),
     ("threads=99", "threads"), ("threads=x", "threads")],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_out_of_bounds_nothing_is_measured_and_the_field_is_named(visitor, monkeypatch, query, field):
    monkeypatch.setattr(threads, "measure", lambda *_: pytest.fail("something was measured"))
    response = visitor.get(f"/threads?{query}")
    assert response.status_code == 422
    assert f'id="{field}-error"' in response.text
    assert "timeline" not in response.text


def test_while_one_measurement_runs_another_is_told_when_to_come_back(visitor):
    with concurrency._measuring:
        response = visitor.get("/threads")
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert visitor.get("/threads?tasks=1&threads=1").status_code == 200


def test_a_measurement_that_fails_lets_the_next_one_in(visitor, monkeypatch):
    monkeypatch.setattr(threads, "measure", lambda *_: 1 / 0)
    assert visitor.get("/threads").status_code == 500
    monkeypatch.undo()
    assert visitor.get("/threads?tasks=1&threads=1").status_code == 200


def test_waits_overlap_in_threads():
    alone, shared = (threads.run(threads.wait_for_reply, 4, count) for count in (1, 4))
    assert alone.wall_ms >= 4 * threads.REPLY_MS * 0.95
    assert shared.wall_ms < alone.wall_ms * 0.7
    assert shared.cpu_ms < shared.wall_ms


def test_work_is_measured_on_the_processor_and_does_not_vanish_in_threads():
    count = threads.counting_task()
    alone, shared = (threads.run(count, 4, workers) for workers in (1, 4))
    assert alone.cpu_ms > 4 * threads.TASK_MS * 0.3
    assert shared.cpu_ms > alone.cpu_ms * 0.5
    if threads.gil().enabled:
        assert shared.wall_ms > alone.cpu_ms * 0.6


@pytest.mark.parametrize(("tasks", "workers"), [(1, 8), (8, 1), (5, 2)])
def test_every_task_is_done_once_by_some_thread(tasks, workers):
    done = []
    run = threads.run(lambda lane, clock: done.append((lane.name, clock())), tasks, workers)
    assert len(done) == tasks
    assert len(run.lanes) == workers


@pytest.mark.parametrize("kind", ["wait", "work"])
def test_as_many_tasks_as_threads_fill_every_lane_and_begin_together(kind):
    task = threads.wait_for_reply if kind == "wait" else threads.counting_task()
    runs = [threads.run(task, 8, 8) for _ in range(5 if kind == "wait" else 1)]
    for run in runs:
        assert [{span.kind for span in lane.spans} >= {kind} for lane in run.lanes] == [True] * 8
    if kind == "wait":  # in the best of a few runs: a machine with other work to do lets a thread wait
        assert min(max(lane.spans[0].start for lane in run.lanes) for run in runs) < threads.REPLY_MS


def test_a_task_that_is_quicker_than_the_start_of_a_thread_leaves_no_lane_empty():
    done = []
    threads.run(lambda lane, clock: done.append(lane.name), 8, 8)
    assert len(set(done)) == 8


def test_the_error_of_a_task_is_not_lost():
    def fail(lane, clock):
        raise OSError("no socket left")

    with pytest.raises(OSError, match="no socket left"):
        threads.run(fail, 2, 2)


def test_spans_lie_within_the_run_and_in_order():
    run = threads.run(threads.counting_task(), 3, 2)
    for lane in run.lanes:
        times = [moment for span in lane.spans for moment in (span.start, span.end)]
        assert times == sorted(times)
        assert not times or (times[0] >= 0 and times[-1] <= run.wall_ms)


def test_a_chunk_that_took_longer_than_its_work_was_a_wait_for_the_turn():
    lane = threads.Lane("Thread 1")
    threads._note(lane, 0.0, 1.0, 1.0)
    threads._note(lane, 1.0, 7.0, 1.0)
    assert lane.spans == [("work", 0.0, 1.0), ("turn", 1.0, 6.0), ("work", 6.0, 7.0)]


def test_a_drawing_keeps_to_the_scale_and_holds_no_style():
    lane = threads.Lane("Thread 1", [threads.Span("wait", 0.0, 50.0), threads.Span("work", 50.0, 100.0)])
    drawing = ElementTree.fromstring(timeline.draw(threads.Run([lane], 100.0), 200.0))
    wait, work = drawing.findall("rect")[1:]
    assert float(wait.get("width")) == float(work.get("width")) == (timeline.WIDTH - timeline.LEFT - timeline.RIGHT) / 4
    assert not [node for node in drawing.iter() if "style" in node.attrib]


def test_the_page_tells_of_this_pythons_gil(visitor):
    page = visitor.get("/threads?tasks=1&threads=2").text
    assert f"<dt>The GIL is</dt><dd>{'on' if threads.gil().enabled else 'off'}</dd>" in page
    assert f"<dd>{threads.gil().switch_ms:g} ms</dd>" in page


def test_the_longest_measurement_stays_below_two_seconds_of_waiting_and_work():
    most = 8
    assert 2 * most * (threads.REPLY_MS + threads.TASK_MS) < 2000
    assert threading.active_count() < 20
