"""Workers that end by themselves: when all is done, and to make room for another."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest

from streamq.job import JobState
from streamq.worker import Worker
from tests.waiting import BUSY_S, wait_until
from tests.worker.rig import Rig


@pytest.mark.parametrize("processes", [1, 2])
def test_a_burst_ends_when_nothing_is_left(rig: Rig, processes: int) -> None:
    jobs = [rig.send("add", n, 1) for n in range(50)]
    jobs += [rig.send("asleep", 0.3), rig.send("flaky", 2)]  # the latter is retried, soon
    later = rig.send("add", 1, 1, countdown=60)
    process = rig.start(burst=True, ready=False, processes=processes)
    assert process.ended(20) == 0, process.log
    assert all(job.state is JobState.SUCCEEDED for job in jobs)
    assert later.state is JobState.SCHEDULED
    assert not rig.workers()


def test_a_burst_waits_for_what_is_due_within_a_second(rig: Rig) -> None:
    job = rig.send("add", 1, 1, countdown=0.8)
    process = rig.start(burst=True, ready=False)
    assert process.ended(20) == 0
    assert job.get(timeout=1) == 2


def test_a_burst_over_empty_queues_ends_at_once(rig: Rig) -> None:
    process = rig.start(burst=True, ready=False)
    assert process.ended(10) == 0
    process.logged("nothing is left to do")


def test_a_burst_goes_on_after_a_crash(rig: Rig) -> None:
    jobs = [rig.send("dies", 1), rig.send("add", 1, 2)]
    process = rig.start(burst=True, ready=False)
    assert process.ended(30) == 0, process.log
    assert [job.state for job in jobs] == [JobState.SUCCEEDED] * 2, process.log


def test_a_worker_in_ones_own_program_may_burst(rig: Rig) -> None:
    job = rig.send("add", 2, 2)

    async def work() -> None:
        await Worker(rig.app, burst=True).serve(asyncio.Event())
        await rig.app.client.aclose()

    asyncio.run(work())
    assert job.get(timeout=1) == 4
    assert not rig.workers()


def test_a_process_that_has_run_its_jobs_is_replaced_and_none_is_lost(rig: Rig) -> None:
    process = rig.start(max_jobs=20)
    before = process.worker_pid
    jobs = [rig.send("add", n, 1) for n in range(100)]
    assert [job.get(timeout=20) for job in jobs] == list(range(1, 101))
    pids = {rig.runs(job)[0].pid for job in jobs}
    assert len(pids) >= 2, "several processes had a part"
    assert all(len(rig.runs(job)) == 1 for job in jobs)
    process.logged("retires: it has run")
    wait_until(lambda: before not in process.worker_pids, "the first one to end", 10)
    counts = rig.counts()
    assert counts.get("crashed", 0) == 0
    assert process.stop() == 0
    assert not rig.workers()


def test_a_process_ends_with_its_last_job_while_another_works_already(rig: Rig) -> None:
    process = rig.start(max_jobs=1, threads=2)
    long = rig.send("sleep", 3.0)
    first = rig.began(long).pid
    rig.send("add", 1, 1).get(timeout=10)
    process.logged("retires")
    assert rig.send("add", 2, 2).get(timeout=10) == 4
    assert not rig.runs(long, "end"), "nobody waited for it"
    assert long.get(timeout=10) == "slept"
    assert [run.pid for run in rig.runs(long)] == [first], "it was left to end"
    wait_until(lambda: first not in process.worker_pids, "it to end", 10)


def test_who_makes_room_still_ends_in_time_when_all_end(rig: Rig) -> None:
    process = rig.start(max_jobs=1, threads=2, grace=0.5)
    long = rig.send("sleep", 30)
    rig.began(long)
    rig.send("add", 1, 1).get(timeout=10)
    process.logged("retires")
    wait_until(lambda: len(process.worker_pids) == 2, "the next process")
    begin = time.monotonic()
    process.signal(signal.SIGTERM)
    assert process.ended() == 0
    assert time.monotonic() - begin < 0.5 + 2 + BUSY_S
    assert rig.counts()["waiting"] == 1
    assert not rig.workers()


def test_a_process_that_has_grown_is_replaced(rig: Rig) -> None:
    process = rig.start(max_memory=200)
    before = process.worker_pid
    assert rig.send("grow", 10).get(timeout=10) == 1
    assert rig.send("grow", 10).get(timeout=10) == 2
    assert rig.send("grow", 200).get(timeout=10) == 3
    process.logged(r"retires: it has grown to \d+ MiB \(max_memory is 200\)")
    wait_until(lambda: before not in process.worker_pids, "it to end", 10)
    assert rig.send("grow", 10).get(timeout=10) == 1, "another process"
