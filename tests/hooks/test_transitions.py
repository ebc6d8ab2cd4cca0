"""Events of jobs that end or move without a run of their own here, and their lines in the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import pytest

from streamq import StreamQ, current_job, operations
from streamq.hooks import EVENTS, JobEvent
from tests.inspection.hand import Hand
from tests.waiting import wait_until

Working = Callable[..., Any]


@pytest.fixture
def told(app: StreamQ) -> list[JobEvent]:
    """All that is told in workers."""
    found: list[JobEvent] = []
    for name in EVENTS[1:]:
        app.on(name)(found.append)
    return found


def of(told: list[JobEvent], job_id: str) -> list[tuple[str, str, int]]:
    return [(event.name, event.reason, event.attempt) for event in told if event.id == job_id]


def test_what_is_too_old_set_aside_or_cancelled_is_told(
    app: StreamQ, working: Working, told: list[JobEvent], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "streamq.worker")

    @app.task(name="wait")
    def wait() -> None:
        current_job().log("begun")
        while True:
            time.sleep(0.01)

    @app.task(name="quick")
    def quick() -> None: ...

    late = app.tasks["quick"].options(expires=0.001).delay()
    lane = app.tasks["quick"].options(expires=0.001, lane="acme").delay()
    stray = app.send_task("stray", queue="default")
    time.sleep(0.01)  # until they are too old
    with working():
        wait_until(lambda: len(told) > 2, "events")
        running = app.tasks["wait"].delay()
        wait_until(lambda: of(told, running.id), "a start")
        running.cancel()
        wait_until(lambda: len(of(told, running.id)) == 2, "the end")
    assert of(told, late.id) == of(told, lane.id) == [("job.expired", "", 0)]
    assert of(told, stray.id)[0] == ("job.released", "unknown task", 1)
    assert of(told, running.id) == [("job.started", "", 1), ("job.cancelled", "", 1)]
    said = [line for line in caplog.records if line.name == "streamq.worker"]
    facts = [getattr(line, "job", {}) for line in said]
    for job, attempt in ((late, 0), (running, 1)):
        assert {"job_id": job.id, "queue": "default", "attempt": attempt}.items() <= next(
            one for one in facts if one.get("job_id") == job.id
        ).items()


def test_what_a_killed_worker_had_is_told_by_the_one_that_takes_it_back(
    app: StreamQ, working: Working, told: list[JobEvent], caplog: pytest.LogCaptureFixture
) -> None:
    @app.task(name="once", max_crashes=0)
    def once() -> None: ...

    @app.task(name="again")
    def again() -> None: ...

    jobs = [app.tasks[name].delay() for name in ("once", "again", "again")]
    hand = Hand(app)
    hand.enrol(alive_ms=1)
    hand.claim(3, lease_ms=1)
    call = operations.cancel(hand.keys, ids=[jobs[2].id], result_ttl_ms=60_000)
    assert app.client.run(call) == ["ASKED"]
    with working():
        wait_until(lambda: len(told) >= 5, "events", 15)
    assert of(told, jobs[0].id) == [("job.dead", "poison", 1)]
    assert of(told, jobs[2].id) == [("job.cancelled", "", 1)]
    names = [name for name, _, _ in of(told, jobs[1].id)]
    names.remove("job.reclaimed")  # what became of it is looked up: its next run may begin before
    assert names == ["job.started", "job.succeeded"]
    (line,) = [one for one in caplog.records if "took back" in one.getMessage()]
    assert line.job["job_ids"] == [job.id for job in jobs]  # type: ignore[attr-defined]
