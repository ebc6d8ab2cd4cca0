"""Jobs of which somebody asks that they end, while one job keeps the event loop to itself."""

from __future__ import annotations

import time

import pytest

from streamq import AsyncResult, Cancellation, JobCancelled
from tests.worker.rig import Rig


def cancelled(job: AsyncResult[object]) -> None:
    with pytest.raises(JobCancelled, match="was cancelled"):
        job.get(timeout=15)


@pytest.mark.parametrize("task", ["never_awaits", "awaits_once"])
def test_what_never_awaits_is_cancelled_with_its_process(rig: Rig, task: str) -> None:
    process = rig.start(patience=1.0)
    first = process.worker_pid
    others = [rig.send("sleep", 60), rig.send("asleep", 60)]
    beside = rig.send("tidies", 60)
    for one in (*others, beside):
        rig.began(one)
    job = rig.send(task, 60)
    rig.began(job)
    assert [job.cancel(), beside.cancel()] == [Cancellation.ASKED] * 2
    cancelled(job)
    cancelled(beside)
    assert len(rig.runs(beside, "tidied")) == 1, "a thread is told whatever the loop does"
    process.logged(rf"job {job.id} \({task}\) keeps the event loop .*, and is cancelled")
    for one in others:
        again = rig.began(one, 2, timeout=20)
        assert (again.attempt, again.crashes) == (1, 0), "handed back: nobody's fault"
        assert again.pid != first
    assert len(rig.runs(job)) == 1
    counts = rig.counts()
    assert (counts["cancelled"], counts.get("crashed", 0)) == (2, 0)
    for one in others:
        one.cancel()


def test_a_job_that_another_keeps_from_hearing_is_told_once_it_can_be(rig: Rig) -> None:
    process = rig.start(patience=0.3)
    first = process.worker_pid
    job, busy = rig.send("atidies", 60), rig.send("never_awaits", 2.5)
    for one in (job, busy):
        rig.began(one)
    assert job.cancel() is Cancellation.ASKED
    process.logged(rf"job {job.id} \(atidies\) can't be told to stop: job {busy.id}")
    assert busy.get(timeout=15) == "done", "it isn't to blame"
    cancelled(job)
    assert len(rig.runs(job, "tidied")) == 1
    assert process.worker_pid == first


def test_a_job_whose_process_has_not_begun_with_it_still_tidies_up(rig: Rig) -> None:
    rig.start(process_concurrency=2)
    jobs = [rig.send(kind, 60) for kind in ("ptidies", "patidies")]
    for job in jobs:
        while job.state != "running":
            time.sleep(0.005)
    assert [job.cancel() for job in jobs] == [Cancellation.ASKED] * 2
    for job in jobs:
        cancelled(job)
        assert len(rig.runs(job, "tidied")) == len(rig.runs(job)), "not killed in the midst of it"


def test_in_a_process_of_its_own_it_disturbs_nobody(rig: Rig) -> None:
    process = rig.start(process_concurrency=1, patience=0.5)
    first = process.worker_pid
    job = rig.send("pnever_awaits", 60)
    rig.began(job, timeout=20)
    job.cancel()
    cancelled(job)
    assert process.worker_pid == first
    assert rig.send("ptidies", 0).get(timeout=20) == "done"
