"""Around a run, on events, and for a process: in real workers, for the three kinds of tasks."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from typing import Any

import pytest

from streamq import Retry, RunningJob, StreamQ, current_job
from streamq.hooks import EVENTS, JobEvent
from tests.waiting import wait_until

Working = Callable[..., Any]
where: ContextVar[str] = ContextVar("where", default="nowhere")


@pytest.fixture
def tasks(app: StreamQ) -> dict[str, Any]:
    """A plain and an async task that fail on request."""

    @app.task(name="plain", max_attempts=2, backoff=[0])
    def plain(error: str = "") -> str:
        if error:
            raise ValueError(error)
        return where.get()

    @app.task(name="coro", max_attempts=2, backoff=[0])
    async def coro(error: str = "") -> str:
        if error:
            raise ValueError(error)
        return where.get()

    return {"plain": plain, "coro": coro}


def test_it_goes_around_plain_and_async_tasks_and_what_it_sets_is_seen(
    app: StreamQ, working: Working, tasks: dict[str, Any]
) -> None:
    seen: list[tuple[str, Any]] = []

    @app.around_run
    def note(job: RunningJob) -> Iterator[None]:
        where.set(f"in {job.task}")
        assert current_job() is job
        try:
            value = yield
        except ValueError as error:
            seen.append((job.task, str(error)))  # and goes on to be raised
        else:
            seen.append((job.task, value))

    @app.around_run
    async def only_async(job: RunningJob) -> AsyncIterator[None]:
        value = yield
        seen.append(("async", value))

    with working():
        for name, task in tasks.items():
            assert task.delay().get(timeout=10) == f"in {name}"
            with pytest.raises(ValueError, match="wrong"):
                task.delay("wrong").get(timeout=10)
    plain = [("plain", "in plain"), ("plain", "wrong"), ("plain", "wrong")]
    coro = [("async", "in coro"), ("coro", "in coro"), ("coro", "wrong"), ("coro", "wrong")]
    assert seen == plain + coro


def test_what_it_raises_counts_as_the_jobs_failure(
    app: StreamQ, working: Working, tasks: dict[str, Any]
) -> None:
    @app.around_run
    def refuse(job: RunningJob) -> Iterator[None]:
        if job.attempt == 1:
            raise Retry(countdown=0)
        yield

    with working():
        assert tasks["plain"].delay().get(timeout=10) == "nowhere"
        assert tasks["coro"].delay().get(timeout=10) == "nowhere"


def test_every_end_is_told_once_in_order_and_what_a_handler_raises_harms_nobody(
    app: StreamQ, working: Working, tasks: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    told: list[JobEvent] = []

    def note(event: JobEvent) -> None:
        told.append(event)
        raise RuntimeError("a bad handler")

    async def anote(event: JobEvent) -> None:
        told.append(event)

    for name in EVENTS[1:]:
        app.on(name)(note)
        app.on(name)(anote)
    with working():
        good, bad = tasks["plain"].delay(), tasks["coro"].delay("wrong")
        good.get(timeout=10)
        with pytest.raises(ValueError, match="wrong"):
            bad.get(timeout=10)
    by_job = {
        job.id: [(e.name, e.attempt, e.error, e.delay) for e in told[::2] if e.id == job.id]
        for job in (good, bad)
    }
    assert by_job == {
        good.id: [("job.started", 1, "", None), ("job.succeeded", 1, "", None)],
        bad.id: [
            ("job.started", 1, "", None),
            ("job.retried", 1, "ValueError: wrong", 0.0),
            ("job.started", 2, "", None),
            ("job.dead", 2, "ValueError: wrong", None),
        ],
    }
    assert told[::2] == told[1::2]
    assert next(e.reason for e in told if e.name == "job.dead") == "failed"
    assert "a bad handler" in caplog.text


def test_a_slow_handler_holds_up_no_job(
    app: StreamQ, working: Working, tasks: dict[str, Any]
) -> None:
    told = []

    @app.on("job.succeeded")
    def slow(event: JobEvent) -> None:
        time.sleep(0.2)
        told.append(event.id)

    with working():
        jobs = tasks["coro"].delay_many([()] * 5)
        for job in jobs:
            job.get(timeout=10)
        assert len(told) < 4, "no result waited for a hook"
        wait_until(lambda: len(told) == 5, "all to be told")
    assert told == [job.id for job in jobs]


def test_a_lifespan_opens_once_before_the_first_job_and_closes_after_the_last(
    app: StreamQ, working: Working
) -> None:
    order = []

    @app.lifespan
    async def connection(given: StreamQ) -> AsyncIterator[None]:
        order.append("connected")
        given.state.db = {"rows": 3}
        yield
        order.append("disconnected")

    @app.lifespan
    def cache(given: StreamQ) -> Iterator[None]:
        order.append(f"cache beside {sorted(given.state.db)}")
        yield
        order.append("cache closed")

    @app.task(name="count")
    def count() -> int:
        order.append("job")
        rows: int = current_job().app.state.db["rows"]
        return rows

    with working():
        assert [count.delay().get(timeout=10) for _ in range(2)] == [3, 3]
    opened = ["connected", "cache beside ['rows']"]
    assert order == [*opened, "job", "job", "cache closed", "disconnected"]


def test_a_lifespan_that_fails_ends_the_worker_and_closes_what_is_open(
    app: StreamQ, working: Working, caplog: pytest.LogCaptureFixture
) -> None:
    order = []

    @app.lifespan
    def first(given: StreamQ) -> Iterator[None]:
        order.append("open")
        yield
        order.append("closed")

    @app.lifespan
    def second(given: StreamQ) -> Iterator[None]:
        if given.name:
            raise OSError("no database")
        yield

    with (
        pytest.raises(Exception, match=r"second \(@app.lifespan\) failed: OSError"),
        working() as w,
    ):
        w.join(10)
    assert order == ["open", "closed"]
    assert "failed before its yield" in caplog.text


def test_what_was_not_opened_is_named(app: StreamQ) -> None:
    with pytest.raises(AttributeError, match=r"app.state has no 'db'.*\n.*@app.lifespan"):
        _ = app.state.db
    with pytest.raises(RuntimeError, match="no job runs here"):
        _ = current_job().app
