"""The end of a worker: no job lost, none counted, and in time."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable

from streamq import AsyncResult
from streamq.job import JobState
from streamq.worker.exchange import Exchange
from streamq.worker.shutdown import Shutdown
from tests.servers import Server
from tests.waiting import BUSY_S, wait_until
from tests.worker.bench import Bench, on_bench
from tests.worker.rig import GRACE_S, Rig

MakeRig = Callable[..., Rig]


def assert_waits_unharmed(rig: Rig, job: AsyncResult[object]) -> None:
    """Handed back: claimable now, neither attempt nor crash counted."""
    state = rig.look(job).state
    assert state is not None
    assert (state.place, state.attempt, state.crashes) == ("B", 0, 0)
    assert state.token == "released"


def test_jobs_that_end_within_the_grace_are_settled(rig: Rig) -> None:
    process = rig.start()
    jobs = [rig.send("sleep", 0.5), rig.send("asleep", 0.5)]
    for job in jobs:
        rig.began(job)
    assert process.stop() == 0
    assert [job.get(timeout=1) for job in jobs] == ["slept", "slept"]
    assert not rig.workers()


def test_an_async_job_over_the_grace_is_cancelled_and_handed_back(
    server: Server, make_rig: MakeRig
) -> None:
    rig = make_rig(server, grace=0.5)
    process = rig.start()
    job = rig.send("asleep", 30)
    rig.began(job)
    begin = time.monotonic()
    assert process.stop() == 0
    assert time.monotonic() - begin < 0.5 + 2 + BUSY_S
    assert_waits_unharmed(rig, job)


def test_a_thread_over_the_grace_is_handed_back_once_its_process_has_ended(
    server: Server, make_rig: MakeRig
) -> None:
    rig = make_rig(server, grace=0.5)
    process = rig.start()
    job = rig.send("sleep", 30)
    rig.began(job)
    begin = time.monotonic()
    assert process.stop() == 0
    assert time.monotonic() - begin < 0.5 + 2 + BUSY_S
    process.logged("handed back 1 jobs")
    assert_waits_unharmed(rig, job)
    assert not rig.workers()


def test_a_blocked_loop_over_the_grace_is_killed_and_its_job_handed_back(
    server: Server, make_rig: MakeRig
) -> None:
    rig = make_rig(server, grace=0.5)
    process = rig.start()
    job = rig.send("block", 30)
    rig.began(job)
    begin = time.monotonic()
    assert process.stop() == 0
    assert time.monotonic() - begin < 0.5 + 2 + BUSY_S
    assert_waits_unharmed(rig, job)


def test_an_isolated_job_over_the_grace_is_killed_and_handed_back(
    server: Server, make_rig: MakeRig
) -> None:
    rig = make_rig(server, grace=0.5)
    job = rig.send("sleep", 30)
    state = "W 0 2 {} due"
    where = rig.look(job).record.where  # type: ignore[union-attr]
    key = rig.app.keys("default").key("state")
    rig.server.admin.hset(key, job.id, state.format(where))
    process = rig.start()
    run = rig.began(job)
    assert run.pid != process.worker_pid
    assert process.stop() == 0
    found = rig.look(job).state
    assert found is not None
    assert (found.place, found.attempt, found.crashes) == ("B", 0, 2)


def test_a_second_signal_ends_it_at_once(rig: Rig) -> None:
    process = rig.start()
    jobs = [rig.send("sleep", 30), rig.send("asleep", 30)]
    for job in jobs:
        rig.began(job)
    begin = time.monotonic()
    process.signal(signal.SIGTERM)
    time.sleep(0.2)
    process.signal(signal.SIGTERM)
    assert process.ended() == 0
    assert time.monotonic() - begin < GRACE_S
    for job in jobs:
        assert_waits_unharmed(rig, job)


def test_one_signal_to_all_its_processes_is_not_a_second_one(rig: Rig) -> None:
    process = rig.start()
    job = rig.send("sleep", 1.0)
    rig.began(job)
    process.signal_worker(signal.SIGTERM)
    process.signal(signal.SIGTERM)
    assert process.ended() == 0
    assert job.get(timeout=1) == "slept"


def test_it_ends_in_time_also_while_the_server_is_away(server: Server, make_rig: MakeRig) -> None:
    rig = make_rig(server, grace=1, lease=30)
    process = rig.start()
    job = rig.send("sleep", 0.3)
    rig.began(job)
    server.pause()
    try:
        begin = time.monotonic()
        assert process.stop() == 0
        assert time.monotonic() - begin < 1 + 2 + BUSY_S
    finally:
        server.resume()


def test_what_had_not_started_is_handed_back_at_once(rig: Rig) -> None:
    process = rig.start(threads=1)
    first = rig.send("sleep", 1.0)
    rig.began(first)
    rest = [rig.send("sleep", 0) for _ in range(3)]
    process.signal(signal.SIGTERM)
    rig.work()
    assert [job.get(timeout=5) for job in rest] == ["slept"] * 3
    assert not rig.runs(first, "end"), "the others didn't wait for the first one"
    assert first.get(timeout=5) == "slept"
    assert process.ended() == 0


def test_a_worker_in_this_process_hands_back_all_but_its_threads(
    server: Server, make_rig: MakeRig
) -> None:
    rig = make_rig(server, grace=0.2)
    here = rig.work()
    stuck, cancelled = rig.send("sleep", 1.5), rig.send("asleep", 30)
    rig.began(stuck)
    rig.began(cancelled)
    here.stop()
    assert [held.job.id for held in here.worker.left] == [stuck.id]
    assert_waits_unharmed(rig, cancelled)
    rig.work()
    assert rig.began(stuck, times=2, timeout=5).crashes == 0, "it was no crash"
    assert stuck.get(timeout=5) == "slept"


def test_jobs_behind_a_long_one_are_handed_back_within_a_moment(rig: Rig) -> None:
    busy = rig.work(threads=1, async_concurrency=1)
    for _ in range(300):  # so that it believes in short jobs
        rig.send("add", 1, 1)
    rig.wait_for_count("succeeded", 300)
    jobs = [rig.send("sleep", 2.0 if n == 0 else 0) for n in range(10)]
    rig.began(jobs[0])
    idle = rig.work()
    wait_until(lambda: all(rig.runs(job, "end") for job in jobs[1:]), "the short ones to end")
    assert not rig.runs(jobs[0], "end"), "they waited for no long one"
    assert not rig.runs(jobs[0], "end")
    jobs[0].get(timeout=5)
    idle.stop()
    busy.stop()


def test_an_outcome_on_its_way_from_a_thread_is_waited_for(rig: Rig) -> None:
    job = rig.send("add", 1, 1)

    async def steps(bench: Bench) -> None:
        exchange, pools = bench.duty(Exchange), bench.crew.pools
        await exchange.once()
        # Without a turn of the loop, it can't hear that the job has ended.
        wait_until(lambda: not pools.backlog and not pools.running and rig.runs(job), "its end")
        assert not len(bench.queue.settler)
        working = asyncio.create_task(exchange.run(closed := asyncio.Event()))
        end = Shutdown(bench.crew, asyncio.Event())
        end.stop_claiming()
        end.hand_back_waiting()
        await end.let_jobs_finish(asyncio.Event(), 5)
        await end.cancel_what_can_be()
        await end.settle()
        assert not len(bench.crew.book), "the server has been told"
        closed.set()
        exchange.alarm.set()
        await working

    on_bench(rig, steps)
    assert job.state is JobState.SUCCEEDED
    assert rig.counts().get("released", 0) == 0


def test_a_worker_under_nohup_outlives_its_terminal(rig: Rig) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = rig.start()  # it inherits that
    finally:
        signal.signal(signal.SIGHUP, before)
    process.signal(signal.SIGHUP)
    assert rig.send("add", 1, 2).get(timeout=10) == 3
    assert "stopping" not in process.log
    assert process.stop() == 0
