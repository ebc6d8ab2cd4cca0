"""Limits on running time: all three kinds of tasks, what sleeps, what computes, what won't end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from streamq import (
    AsyncResult,
    JobExpired,
    RemoteError,
    SoftTimeLimitExceeded,
    TimeLimitExceeded,
    inspection,
)
from streamq.job import JobState
from tests.servers import Server
from tests.waiting import wait_until
from tests.worker.rig import Rig

MakeRig = Callable[..., Rig]


def timed_out(job: AsyncResult[Any], timeout: float = 20) -> None:
    with pytest.raises(TimeLimitExceeded, match=r"over its time_limit of 0\.5 s"):
        job.get(timeout=timeout)
    assert (job.state, job.info().reason) == (JobState.DEAD, "timed-out")


def test_what_can_be_stopped_takes_nobody_along(rig: Rig) -> None:
    process = rig.start(process_concurrency=4)
    worker = process.worker_pid
    soft = [rig.send(f"{kind}_soft") for kind in ("thread", "loop", "process", "aprocess")]
    innocent = [rig.send("sleep", 1.5), rig.send("asleep", 1.5)]
    hard = [
        rig.send(f"{name}")
        for name in (
            *("thread_sleeping", "thread_busy", "loop_sleeping"),
            *("process_sleeping", "process_busy", "process_stubborn"),
        )
    ]
    assert [job.get(timeout=30) for job in soft] == ["cleaned up"] * 4
    for job in hard:
        timed_out(job)
    assert [job.get(timeout=20) for job in innocent] == ["slept"] * 2
    assert [len(rig.runs(job)) for job in [*soft, *innocent, *hard]] == [1] * 12
    assert rig.counts().get("crashed", 0) == 0
    assert process.worker_pid == worker
    assert "its last attempt timed out: TimeLimitExceeded" in inspection.why(
        rig.app, hard[0].info()
    )


def test_what_will_not_end_has_its_process_replaced(server: Server, make_rig: MakeRig) -> None:
    rig = make_rig(server, grace=1.5)
    process = rig.start()
    worker = process.worker_pid
    quick, slow, aslow = rig.send("sleep", 3.0), rig.send("sleep", 60), rig.send("asleep", 60)
    for one in (quick, slow, aslow):
        rig.began(one)
    jobs = [rig.send("thread_stubborn"), rig.send("loop_stubborn")]
    for job in jobs:
        process.logged(rf"job {job.id} \(\w+\) still runs, 2.0 s after it was told to stop")
        timed_out(job)
    assert quick.get(timeout=10) == "slept"
    for one in (slow, aslow):
        again = rig.began(one, 2, timeout=20)
        assert (again.attempt, again.crashes) == (1, 0), "handed back: nobody's fault"
        assert again.pid != worker
    wait_until(lambda: worker not in process.worker_pids, "the old process to be gone")
    assert [len(rig.runs(one)) for one in (quick, *jobs)] == [1] * 3
    assert rig.counts().get("crashed", 0) == 0


def test_what_keeps_the_loop_to_itself_has_its_process_replaced_at_once(rig: Rig) -> None:
    process = rig.start()
    worker = process.worker_pid
    slow, aslow = rig.send("sleep", 60), rig.send("asleep", 60)
    for one in (slow, aslow):
        rig.began(one)
    job = rig.send("blocks_once")
    rig.began(job)
    done = rig.send("sleep", 0.01)  # waits on the server, or ends while the loop is blocked
    process.logged(rf"job {job.id} \(blocks_once\) keeps the event loop from everything else")
    assert job.get(timeout=20) == 2, "the attempt counts, and is retried"
    assert done.get(timeout=10) == "slept"
    for one in (slow, aslow):
        again = rig.began(one, 2, timeout=20)
        assert (again.attempt, again.crashes) == (1, 0)
    assert worker not in process.worker_pids
    process.logged(f"worker process {worker} is replaced")
    assert rig.counts().get("crashed", 0) == 0


def test_a_run_may_ask_for_more_time(rig: Rig) -> None:
    rig.start(process_concurrency=2)
    more = [rig.send(name, 5) for name in ("extends", "aextends", "pextends")]
    few = [rig.send(name, 0.01) for name in ("extends", "aextends", "pextends")]
    for job in more:
        before, after = job.get(timeout=20)
        assert after - before == pytest.approx(5)
    for job in few:
        with pytest.raises(TimeLimitExceeded):
            job.get(timeout=20)


def test_a_soft_limit_that_nobody_catches_is_a_failure_like_others(rig: Rig) -> None:
    rig.work()
    job = rig.send("soft_uncaught")
    with pytest.raises((SoftTimeLimitExceeded, RemoteError), match=r"soft_time_limit of 0\.3 s"):
        job.get(timeout=10)
    assert job.info().reason == "timed-out"
    assert rig.counts()["retried"] == 1


def test_a_worker_without_a_supervisor_ends_without_the_job_that_will_not(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    here = rig.work(grace=0.3)
    job = rig.send("thread_stubborn")
    here.join(20)
    assert not here.is_alive()
    assert [held.job.id for held in here.worker.left] == [job.id]
    timed_out(job)
    assert "this process is replaced" in caplog.text
    assert "which can't be ended" not in caplog.text
    assert not rig.workers()


def test_why_a_job_is_tried_again_is_said(rig: Rig) -> None:
    rig.work()
    job = rig.send("soft_uncaught", backoff=60)
    wait_until(lambda: job.state is JobState.SCHEDULED, "it to be tried again")
    assert "retry after attempt 1 timed out: SoftTimeLimitExceeded" in inspection.why(
        rig.app, job.info()
    )
    job.cancel()


def test_no_run_of_a_job_begins_after_its_max_age(rig: Rig) -> None:
    waits = [
        rig.send("add", 1, 2, max_age=0.2),
        rig.send("add", 1, 2, max_age=0.2, lane="a"),
        rig.send("add", 1, 2, max_age=0.2, countdown=0.3),
    ]
    young = rig.send("add", 1, 2, max_age=60, lane="a")
    time.sleep(0.4)
    rig.work()
    assert young.get(timeout=10) == 3
    for job in waits:
        with pytest.raises(JobExpired, match="and its max_age is"):
            job.get(timeout=10)
        assert (job.state, job.info().reason) == (JobState.DEAD, "too-old")
        assert not rig.runs(job)


def test_a_call_has_limits_of_its_own(rig: Rig) -> None:
    rig.work()
    with pytest.raises(TimeLimitExceeded, match=r"time_limit of 0\.2 s"):
        rig.send("asleep", 20, time_limit=0.2).get(timeout=10)
    assert rig.send("thread_sleeping", time_limit=0, soft_time_limit=0.1).state is not None
