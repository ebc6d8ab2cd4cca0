"""Cancelling jobs that run: told in time, ended as cancelled, whatever becomes of the worker."""

from __future__ import annotations

import random
import signal
import time

import pytest

from streamq import AsyncResult, Cancellation, JobCancelled, JobState
from tests.worker.rig import Rig

KINDS = ("tidies", "atidies", "ptidies", "patidies")


def cancelled(job: AsyncResult[object]) -> None:
    with pytest.raises(JobCancelled, match="was cancelled"):
        job.get(timeout=15)
    assert job.state is JobState.CANCELLED


def test_jobs_of_every_kind_are_told_in_time_tidy_up_and_never_run_again(rig: Rig) -> None:
    rig.start(process_concurrency=2)
    jobs = [rig.send(kind, 60) for kind in KINDS]
    jobs.append(rig.send("fails_instead"))
    for job in jobs:
        rig.began(job, timeout=30)
    asked = time.monotonic()
    assert [job.cancel() for job in jobs] == [Cancellation.ASKED] * 5
    for job in jobs:
        cancelled(job)
    took = time.monotonic() - asked
    assert took < 6, "2 s on a quiet machine"
    tidied = [rig.runs(job, "tidied") for job in jobs[:4]]
    assert [len(runs) for runs in tidied] == [1] * 4
    assert max(runs[0].at for runs in tidied) - asked < 4, "2 s on a quiet machine"
    assert rig.counts()["cancelled"] == 5
    assert [len(rig.runs(job)) for job in jobs] == [1] * 5
    assert [job.cancel() for job in jobs] == [Cancellation.CANCELLED] * 5
    assert rig.send("tidies", 0).get(timeout=15) == "done"
    assert rig.send("ptidies", 0).get(timeout=15) == "done"


def test_what_will_not_hear_ends_with_its_process(rig: Rig) -> None:
    process = rig.start(process_concurrency=1, grace=0.5, patience=0.3)
    first = process.worker_pid
    jobs = [rig.send(f"{kind}will_not_hear", 60) for kind in ("", "a", "p")]
    other = rig.send("tidies", 60)
    for job in (*jobs, other):
        rig.began(job, timeout=30)
    assert [job.cancel() for job in jobs] == [Cancellation.ASKED] * 3
    for job in jobs:
        cancelled(job)
        assert rig.runs(job, "told")
    process.logged(r"still runs, .* after it was told to stop \(cancelled\)")
    rig.began(other, times=2, timeout=30)  # it was handed back
    assert rig.runs(other)[1].pid != first
    assert other.cancel() is Cancellation.ASKED
    cancelled(other)
    counts = rig.counts()
    assert (counts["cancelled"], counts.get("crashed", 0)) == (4, 0)
    assert [len(rig.runs(job)) for job in jobs] == [1, 1, 1]


def test_what_was_asked_holds_when_the_worker_is_killed(rig: Rig) -> None:
    process = rig.start()
    job, other = rig.send("tidies", 60), rig.send("flaky", 0)
    other.get(timeout=15)
    rig.began(job)
    pid = process.worker_pid
    process.signal_one(pid, signal.SIGSTOP)  # it is never told
    assert job.cancel() is Cancellation.ASKED
    process.signal_one(pid, signal.SIGKILL)
    cancelled(job)
    assert len(rig.runs(job)) == 1
    assert not rig.runs(job, "tidied")
    assert rig.counts()["cancelled"] == 1


def test_who_is_first_wins_and_nothing_is_lost_between(rig: Rig) -> None:
    rig.work(threads=8, async_concurrency=40)
    draws = random.Random(7)
    jobs = [
        rig.send(draws.choice(("tidies", "atidies")), draws.uniform(0.0, 1.6)) for _ in range(60)
    ]
    answers = {}
    for job in draws.sample(jobs, 50):
        answers[job] = job.cancel()
        time.sleep(draws.uniform(0.0, 0.03))
    ends = {job: job.get(timeout=20, propagate=False) for job in jobs}
    for job, end in ends.items():
        if end == "done":
            assert answers.get(job, Cancellation.ENDED) in {Cancellation.ASKED, Cancellation.ENDED}
        else:
            assert isinstance(end, JobCancelled)
            assert answers[job]
    counts = rig.counts()
    assert counts["succeeded"] == sum(end == "done" for end in ends.values())
    assert counts["cancelled"] + counts["succeeded"] == 60
    assert all(len(rig.runs(job)) <= 1 for job in jobs)


def test_a_job_that_will_not_hear_and_ends_stays_ended(rig: Rig) -> None:
    rig.work()
    jobs = [rig.send("will_not_hear", 2.0), rig.send("awill_not_hear", 2.0)]
    for job in jobs:
        rig.began(job)
    assert all(job.cancel() is Cancellation.ASKED for job in jobs)
    assert [job.get(timeout=15) for job in jobs] == ["done", "done"]
    assert all(rig.runs(job, "told") for job in jobs)
    assert rig.counts()["succeeded"] == 2
