from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from streamq import (
    BlockingGetRefused,
    Cancellation,
    GiveUp,
    JobCancelled,
    JobError,
    JobExpired,
    JobState,
    RemoteError,
    RemoteTraceback,
    ResultError,
    ResultExpired,
    ResultIgnored,
    RunningJob,
    StreamQ,
    Task,
    UnknownJob,
    WaitTimeout,
    operations,
)
from streamq.context import activate
from streamq.ids import IdMaker
from streamq.job import Progress
from streamq.job_reading import pack_progress
from tests.app.hands import Hands, soon
from tests.servers import Server
from tests.waiting import BUSY_S

Call = Callable[[], object]


def test_get_is_pushed(add: Task[[int, int], int], hands: Hands) -> None:
    add.delay(0, 0)
    hands.run_all()
    job = add.delay(1, 2)
    with soon(hands.run_all):
        begun = time.monotonic()
        assert job.get(timeout=10) == 3
        assert time.monotonic() - begun < BUSY_S  # less than the 5 s of asking again
    assert job.get(timeout=0) == 3
    assert job.state is JobState.SUCCEEDED
    assert job.ready()
    assert job.successful()
    assert not job.failed()
    assert job.result == 3
    assert job.traceback is None


def test_a_finished_job_is_known_at_once_by_its_id(
    app: StreamQ, add: Task[[int, int], int], hands: Hands
) -> None:
    job = add.delay(1, 2)
    hands.run_all()
    other = app.result(job.id)
    assert other == job
    assert hash(other) == hash(job)
    assert str(other) == job.id
    assert other.get(timeout=0) == 3
    info = other.info()
    assert (info.task, info.state, info.attempt, info.result) == (
        "shop.add",
        JobState.SUCCEEDED,
        1,
        3,
    )
    assert info.ended_at is not None


def test_many_threads_wait_over_one_connection(
    app: StreamQ, add: Task[[int, int], int], hands: Hands, server: Server
) -> None:
    jobs = [add.delay(n, 0) for n in range(20)]
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda job=job: found.append(job.get(timeout=10))) for job in jobs
    ]
    for thread in threads:
        thread.start()
    with soon(hands.run_all, 0.3):
        for thread in threads:
            thread.join(10)
    assert sorted(found) == list(range(20))
    assert server.admin.pubsub_numsub(app.runtime.listener.channel)[0][1] == 1


def test_get_from_async_code(app: StreamQ, add: Task[[int, int], int], hands: Hands) -> None:
    async def use() -> None:
        job = await add.adelay(1, 2)
        assert await job.astate() is JobState.WAITING
        assert not await job.aready()
        with soon(hands.run_all):
            assert await job == 3
        assert await job.aget(timeout=0) == 3
        assert (await job.ainfo()).result == 3
        assert await job.aresult() == 3
        assert await job.asuccessful()
        assert not await job.afailed()
        assert await job.atraceback() is None
        assert await job.aprogress() is None
        assert await job.aforget()
        bad = await add.adelay(1, 2)
        with pytest.raises(WaitTimeout):
            await bad.aget(timeout=0.05)
        assert await bad.acancel()
        with pytest.raises(JobCancelled):
            await bad
        with pytest.raises(UnknownJob):
            await app.result(IdMaker().new_id("default", True))
        await app.aclose()

    asyncio.run(use())


def test_a_cancelled_waiter_leaves_nothing_behind(app: StreamQ, add: Task[[int, int], int]) -> None:
    async def use() -> None:
        job = await add.adelay(1, 2)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await job
        await app.aclose()

    asyncio.run(use())
    assert app.runtime.listener._watches == {}


def test_the_tasks_own_exception_comes_back(add: Task[[int, int], int], hands: Hands) -> None:
    job = add.delay(-1, 0)
    with soon(hands.run_all), pytest.raises(ValueError, match="is negative") as caught:
        job.get(timeout=10)
    assert caught.value.args == (-1, "is negative")
    assert isinstance(caught.value.__cause__, RemoteTraceback)
    assert "in add" in caught.value.__cause__.text
    error = job.get(timeout=0, propagate=False)
    assert isinstance(error, ValueError)
    assert job.failed()
    assert job.state is JobState.DEAD
    assert isinstance(job.result, ValueError)
    assert job.traceback is not None
    assert "is negative" in job.traceback
    assert job.info().reason == "failed"


def test_an_exception_that_is_not_known_here_is_a_remote_error(
    add: Task[[int, int], int], hands: Hands
) -> None:
    strange = type("Strange", (Exception,), {"__module__": "nowhere.known"})
    job = add.delay(1, 2)
    hands.fail(hands.claim()[0], strange("odd"))
    with pytest.raises(RemoteError, match=r"nowhere\.known\.Strange: odd"):
        job.get(timeout=5)


def test_a_wait_that_is_too_short_says_how_things_stand(
    add: Task[[int, int], int], hands: Hands
) -> None:
    job = add.delay(1, 2)
    with pytest.raises(WaitTimeout, match="waiting"):
        job.get(timeout=0)
    hands.retry(hands.claim()[0], ConnectionError("mail server away"))
    with pytest.raises(WaitTimeout) as caught:
        job.get(timeout=0.05)
    error = caught.value
    assert (error.state, error.reason) == ("scheduled", "retry")
    assert error.last_error == "ConnectionError: mail server away"
    assert isinstance(error, TimeoutError)
    assert job.info().due_at is not None


@pytest.mark.parametrize("timeout", [-1, float("nan"), "1"])
def test_a_senseless_timeout_is_refused(add: Task[[int, int], int], timeout: Any) -> None:
    job = add.delay(1, 2)
    with pytest.raises((ValueError, TypeError), match="timeout"):
        job.get(timeout=timeout)


def test_a_job_nobody_knows_is_said_at_once(app: StreamQ, add: Task[[int, int], int]) -> None:
    job = app.result(IdMaker().new_id("default", True))
    begun = time.monotonic()
    with pytest.raises(UnknownJob, match="nobody knows"):
        job.get()
    assert time.monotonic() - begun < BUSY_S
    assert job.state is JobState.UNKNOWN
    assert job.info().state is JobState.UNKNOWN
    assert job.ready()
    assert job.cancel() is Cancellation.UNKNOWN
    hashed = app.result(IdMaker().new_id("q" * 100, True))
    with pytest.raises(UnknownJob, match="no queue here"):
        hashed.get()
    assert hashed.state is JobState.UNKNOWN


def test_a_queue_with_a_long_name_is_found(
    app: StreamQ, add: Task[[int, int], int], hands: Hands
) -> None:
    queue = "q" * 100
    job = add.options(queue=queue).delay(1, 2)
    Hands(app, queue).run_all()
    assert app.result(job.id).get(timeout=5) == 3


def test_a_result_past_its_time_is_expired(
    app: StreamQ, add: Task[[int, int], int], hands: Hands, server: Server
) -> None:
    job = add.delay(1, 2)
    hands.succeed(hands.claim()[0], 3, ttl_ms=1)
    time.sleep(0.01)
    with pytest.raises(ResultExpired):
        job.get()
    with pytest.raises(ResultExpired):  # by its id alone: its task's summaries know it
        app.result(job.id).get()
    stranger = StreamQ("web", broker=server.url)
    with pytest.raises(UnknownJob):  # which knows no task of that name
        stranger.result(job.id).get()
    stranger.conf.result_ttl = 0.01
    with pytest.raises(ResultExpired):  # but sees that the id is older than any result
        stranger.result(job.id).get()
    stranger.close()


def test_a_forgotten_result_is_gone(add: Task[[int, int], int], hands: Hands) -> None:
    job = add.delay(1, 2)
    hands.run_all()
    assert job.get(timeout=5) == 3
    assert job.forget()
    assert not job.forget()
    with pytest.raises(ResultExpired):
        job.get()


def test_an_ignored_result_is_none_for_who_waited_and_refused_later(
    add: Task[[int, int], int], hands: Hands
) -> None:
    job = add.options(ignore_result=True).delay(1, 2)
    with soon(hands.run_all):
        assert job.get(timeout=10) is None
    again = add.options(ignore_result=True).delay(1, 2)
    hands.run_all()
    with pytest.raises(ResultIgnored):
        again.get()


def test_a_cancelled_job_never_runs(add: Task[[int, int], int], hands: Hands) -> None:
    job, later = add.delay(1, 2), add.options(countdown=60).delay(1, 2)
    with soon(job.cancel), pytest.raises(JobCancelled):
        job.get(timeout=10)
    assert later.revoke()
    assert later.cancel() is Cancellation.CANCELLED
    assert hands.claim() == []
    assert job.state is JobState.CANCELLED
    assert isinstance(job.get(propagate=False), JobCancelled)


def test_a_running_job_is_asked_to_end_and_may_end_first(
    app: StreamQ, add: Task[[int, int], int], hands: Hands
) -> None:
    job = add.delay(1, 2)
    (claim,) = hands.claim()
    assert job.cancel() is job.revoke() is app.cancel(job.id) is Cancellation.ASKED
    assert job.info().reason == "it is to be cancelled"
    assert job.state is JobState.RUNNING
    assert job.info().worker == hands.name
    hands.run(claim)
    assert job.get(timeout=5) == 3
    assert job.cancel() is Cancellation.ENDED
    assert not job.cancel()


def test_an_expired_job_says_so(add: Task[[int, int], int], hands: Hands) -> None:
    job = add.options(expires=0.01).delay(1, 2)
    time.sleep(0.02)
    hands.claim()
    with pytest.raises(JobExpired):
        job.get(timeout=5)


def test_a_result_that_could_not_be_sent_leaves_the_job_succeeded(
    add: Task[[int, int], int], hands: Hands
) -> None:
    job = add.delay(1, 2)
    hands.unsendable(hands.claim()[0], "a socket can't be sent")
    with pytest.raises(ResultError, match="a socket can't be sent"):
        job.get(timeout=5)
    assert job.successful()
    assert job.info().problem == "result: a socket can't be sent"


def test_a_poisoned_job_says_why(app: StreamQ, add: Task[[int, int], int], hands: Hands) -> None:
    job = add.options(max_crashes=1).delay(1, 2)
    (claim,) = hands.claim()
    back = operations.HandBack(claim.id, claim.token, crashed=True)
    call = operations.release(hands.keys, worker=hands.name, seq=1, jobs=[back])
    assert app.client.run(call) == ["POISON"]
    with pytest.raises(JobError, match="poison"):
        job.get(timeout=5)
    assert (job.info().reason, job.info().crashes) == ("poison", 1)


def test_progress_is_seen(app: StreamQ, add: Task[[int, int], int], hands: Hands) -> None:
    job = add.delay(1, 2)
    assert job.info().progress is None
    (claim,) = hands.claim()
    said = Progress(30, 100, "half a page")
    call = operations.progress(hands.keys, jobs=[(claim.id, claim.token, pack_progress(said))])
    app.client.run(call)
    assert job.progress == said
    hands.run(claim)


def test_a_blocking_wait_inside_a_task_is_refused(app: StreamQ, add: Task[[int, int], int]) -> None:
    job = add.delay(1, 2)

    async def inside() -> None:
        job.get()

    waits: list[Call] = [job.get, lambda: app.gather([job]), lambda: list(app.as_completed([job]))]
    with activate(RunningJob("x", "shop.outer", detached=False)):
        for wait in waits:
            with pytest.raises(BlockingGetRefused, match=r"shop\.outer"):
                wait()
        with pytest.raises(BlockingGetRefused, match="use await"):
            asyncio.run(inside())
        with pytest.raises(WaitTimeout):
            job.get(timeout=0)  # does not wait


def test_a_retry_given_up_is_dead_as_such(add: Task[[int, int], int], hands: Hands) -> None:
    job = add.delay(1, 2)
    hands.fail(hands.claim()[0], GiveUp("bad address"), reason="given-up")
    with pytest.raises(GiveUp, match="bad address"):
        job.get(timeout=5)
    assert job.info().reason == "given-up"
