"""`drain`: what it runs, what it leaves, what it reports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from streamq import GiveUp, JobState, StreamQ
from streamq.testing import adrain, assert_enqueued, assert_nothing_lost, drain, enqueued
from tests.testing import shop


@pytest.fixture
def app(streamq_use: Callable[[StreamQ], StreamQ]) -> StreamQ:
    return streamq_use(shop.app)


def test_nothing_to_do_is_no_error(app: StreamQ) -> None:
    report = drain(app)
    assert (report.ran, report.ids) == (0, [])


def test_plain_and_async_jobs_of_all_queues_run_here(app: StreamQ) -> None:
    jobs = [shop.add.delay(1), shop.greet.delay("Ada"), shop.add.options(queue="low").delay(2)]
    report = drain(app)
    assert sorted(report.ids) == sorted(job.id for job in jobs)
    assert (report.succeeded, report.ran) == (3, 3)
    assert report.tasks == {shop.add.name: 2, shop.greet.name: 1}
    assert [job.get(timeout=0) for job in jobs] == [2, "Hello, Ada!", 3]
    assert enqueued(app) == []
    assert_nothing_lost(app)


def test_what_a_job_enqueues_is_run_too(app: StreamQ) -> None:
    shop.order.delay(7)
    assert drain(app).tasks == {shop.order.name: 1, shop.greet.name: 1}


def test_a_new_queue_that_a_job_uses_is_seen(app: StreamQ) -> None:
    @app.task(name="tests.spread")
    def spread() -> None:
        shop.add.options(queue="unheard-of").delay(1)

    spread.delay()
    assert drain(app).tasks == {"tests.spread": 1, shop.add.name: 1}


def test_only_the_queues_that_are_named(app: StreamQ) -> None:
    shop.add.delay(1)
    shop.greet.delay("Ada")
    assert drain(app, queues=["mail"]).tasks == {shop.greet.name: 1}
    assert_enqueued(app, shop.add, times=1)


def test_what_is_due_later_stays(app: StreamQ) -> None:
    later = shop.add.options(countdown=60).delay(1)
    again = shop.patient.delay()
    report = drain(app)
    assert (report.retried, report.ran) == (1, 1)
    assert later.state is JobState.SCHEDULED
    assert (again.info().reason, again.info().attempt) == ("retry", 1)


def test_what_is_due_soon_can_be_waited_for(app: StreamQ) -> None:
    soon = shop.add.options(countdown=0.2).delay(1)
    far = shop.add.options(countdown=60).delay(2)
    asking = shop.asks.delay(0.1)
    begun = time.monotonic()
    report = drain(app, due_within=5)
    assert 0.2 <= time.monotonic() - begun < 4  # not longer than there is something due
    assert (report.succeeded, report.retried) == (2, 1)
    assert soon.get(timeout=0) == 2
    assert asking.get(timeout=0) == 2
    assert far.state is JobState.SCHEDULED


def test_a_retry_without_delay_is_run(app: StreamQ) -> None:
    job = shop.flaky.delay(3)
    report = drain(app)
    assert (report.succeeded, report.retried) == (1, 2)
    assert job.get(timeout=0) == 3


def test_a_job_that_fails_is_dead_and_nothing_is_raised_here(app: StreamQ) -> None:
    @app.task(name="tests.broken")
    def broken() -> None:
        raise GiveUp("no good")

    job = broken.delay()
    assert drain(app).dead == 1
    assert job.state is JobState.DEAD
    with pytest.raises(GiveUp, match="no good"):
        job.get(timeout=0)


def test_a_task_that_nobody_knows_is_set_aside(app: StreamQ) -> None:
    app.send_task("elsewhere.load")
    report = drain(app)
    assert (report.ran, report.set_aside) == (0, 1)
    (job,) = enqueued(app)
    assert job.state is JobState.PARKED


def test_jobs_without_end_end_in_an_error(app: StreamQ) -> None:
    @app.task(name="tests.endless")
    def endless() -> None:
        app.send_task("tests.endless")

    endless.delay()
    with pytest.raises(TimeoutError, match="more jobs"):
        drain(app, timeout=0.3)
    assert_enqueued(app, endless, times=1)


async def _served() -> str:
    job = await shop.greet.adelay("Eve")
    return await job.aget(timeout=5)


async def _beside() -> list[object]:
    handler = asyncio.ensure_future(_served())
    await asyncio.sleep(0.05)
    return [(await adrain(shop.app)).ran, await handler]


def test_async_code_may_wait_meanwhile(app: StreamQ) -> None:
    assert asyncio.run(_beside()) == [1, "Hello, Eve!"]
