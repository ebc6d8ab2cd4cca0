"""Limits on running time: of what waits in C, in processes of their own, and over all runs."""

from __future__ import annotations

import signal
import time

import pytest

from streamq import JobExpired, RemoteError, TimeLimitExceeded
from streamq.job import JobState
from tests.worker.rig import Rig


def test_a_soft_limit_reaches_what_computes_and_what_waits_in_c(rig: Rig) -> None:
    rig.start(process_concurrency=2)
    jobs = {
        (task, how): rig.send(task, how)
        for task in ("softly", "psoftly")
        for how in ("busy", "in C")
    }
    said = {which: job.get(timeout=30) for which, job in jobs.items()}
    after = {which: float(text.split()[-2]) for which, text in said.items()}
    assert all(text.startswith("cleaned up") for text in said.values())
    assert min(after.values()) > 0.25
    assert after["softly", "in C"] >= 1.2, "a thread hears of it when time.sleep(1.2) returns"
    assert after["psoftly", "in C"] < 1.2, "a process at once: its limit is 0.3 s"


def test_limits_hold_in_the_process_of_its_own_that_a_job_gets_after_a_crash(rig: Rig) -> None:
    process = rig.start()
    hard = [
        rig.send("apart", "stubborn"),
        rig.send("aapart", "busy"),
        rig.send("aapart", "stubborn"),
    ]
    soft = rig.send("apart", "busy", soft_time_limit=0.3, time_limit=30)
    for job in (*hard, soft):
        rig.began(job)
    process.signal_worker(signal.SIGKILL)
    for job in hard:
        with pytest.raises(TimeLimitExceeded, match=r"over its time_limit of 0\.5 s"):
            job.get(timeout=30)
        assert (job.state, job.info().reason) == (JobState.DEAD, "timed-out")
    assert soft.get(timeout=30).startswith("cleaned up")
    for job in (*hard, soft):
        second = rig.began(job, 2)
        assert second.crashes == 1
        assert second.pid not in process.worker_pids, "in a process of its own"
        assert len(rig.runs(job)) == 2
    assert rig.counts()["crashed"] == 4, "and no more: over its limit is not crashed"


def test_a_job_over_its_max_age_is_not_run_again_after_a_crash(rig: Rig) -> None:
    process = rig.start()
    old = rig.send("sleep", 60, max_age=1.0)
    young = rig.send("sleep", 1.5, max_age=60)
    rig.began(young)
    rig.began(old)
    time.sleep(1.0)
    process.signal_worker(signal.SIGKILL)
    with pytest.raises(JobExpired, match="and its max_age is 1 s"):
        old.get(timeout=20)
    assert (old.state, old.info().reason) == (JobState.DEAD, "too-old")
    assert young.get(timeout=20) == "slept"
    assert [len(rig.runs(job)) for job in (old, young)] == [1, 2]


def test_no_retry_is_planned_beyond_the_max_age(rig: Rig) -> None:
    rig.start()
    job = rig.send("boom", "not now", max_attempts=1000, backoff=0.2, max_age=0.9)
    with pytest.raises((KeyError, RemoteError), match="not now"):
        job.get(timeout=20)
    info = job.info()
    assert (info.state, info.reason) == (JobState.DEAD, "too-old")
    assert 1 <= info.attempt <= 5
