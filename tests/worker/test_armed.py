"""Claims that an idle worker sends ahead, behind its wait for a marker."""

from __future__ import annotations

import asyncio
from typing import Any

from streamq import AsyncResult, operations
from streamq.job import JobState
from streamq.worker import funeral
from streamq.worker.bell import Bell
from streamq.worker.exchange import Exchange
from tests.waiting import wait_until_async
from tests.worker.bench import Bench, claim_one, on_bench
from tests.worker.rig import Rig


async def dry(bench: Bench) -> tuple[Exchange, Bell]:
    """The duties of a queue where nothing waits."""
    exchange, bell = bench.duty(Exchange), bench.duty(Bell)
    await exchange.once()
    assert bench.queue.is_dry
    bench.rig.server.admin.delete(bench.queue.keys.key("wake"))  # of jobs sent before
    return exchange, bell


async def asleep(bench: Bench) -> asyncio.Task[float]:
    """The bell, waiting."""
    bell = bench.duty(Bell)
    ringing = asyncio.create_task(bell.once())
    await wait_until_async(lambda: bell._waiter.is_asleep, "the bell to wait")
    return ringing


def test_a_job_on_an_idle_queue_comes_with_the_marker(rig: Rig) -> None:
    async def steps(bench: Bench) -> None:
        await dry(bench)
        ringing = await asleep(bench)
        await asyncio.to_thread(rig.send, "aadd", 1, 1)
        await asyncio.wait_for(ringing, 1)
        assert bench.queue.is_dry, "there was no more than that"
        await wait_until_async(lambda: len(bench.queue.settler) == 1, "the job to end")
        await bench.duty(Exchange).once()

    on_bench(rig, steps)
    assert rig.counts()["succeeded"] == 1


def test_more_jobs_than_a_claim_sent_ahead_may_bring_are_claimed_at_once(rig: Rig) -> None:
    async def steps(bench: Bench) -> None:
        await dry(bench)
        ringing = await asleep(bench)
        await asyncio.to_thread(rig.app.tasks["aadd"].delay_many, [(n, 1) for n in range(5)])
        await asyncio.wait_for(ringing, 1)
        assert not bench.queue.is_dry
        await wait_until_async(lambda: len(bench.queue.settler) == 2, "two to end")

    on_bench(rig, steps)


def test_a_worker_with_jobs_sends_no_claim_ahead(rig: Rig) -> None:
    rig.send("asleep", 0.2)

    async def steps(bench: Bench) -> None:
        exchange, _ = await dry(bench)
        ringing = await asleep(bench)
        assert not exchange.is_uncertain
        await asyncio.to_thread(rig.send, "aadd", 1, 1)
        await asyncio.wait_for(ringing, 1)
        assert bench.queue.has_marker
        assert not bench.queue.is_dry

    on_bench(rig, steps)


def test_it_does_so_as_soon_as_they_have_ended(rig: Rig) -> None:
    rig.send("asleep", 0.05)

    async def steps(bench: Bench) -> None:
        exchange, _ = await dry(bench)
        ringing = await asleep(bench)
        await wait_until_async(lambda: len(bench.queue.settler) == 1, "the job to end")
        await exchange.once()
        assert await exchange.once() > 1
        await asyncio.to_thread(rig.send, "aadd", 1, 1)
        await asyncio.wait_for(ringing, 1)
        await wait_until_async(lambda: len(bench.queue.settler) == 1, "the next one to end")

    on_bench(rig, steps)


def test_a_worker_of_several_queues_sends_none_ahead(rig: Rig) -> None:
    async def steps(bench: Bench) -> None:
        exchange, _ = await dry(bench)
        ringing = await asleep(bench)
        assert not exchange.is_uncertain
        bench.duty(Bell).hang_up()
        await ringing

    on_bench(rig, steps, queues=("default", "other"))


def test_a_claim_sent_ahead_whose_answer_was_lost_is_asked_for_again(rig: Rig) -> None:
    async def steps(bench: Bench) -> None:
        exchange, _ = await dry(bench)
        call = exchange.arm()
        assert call is not None
        job = await asyncio.to_thread(rig.send, "add", 1, 1)
        assert len((await rig.app.client.run_async(call)).jobs) == 1
        exchange.disarm()
        bench.queue.ring(marker=False)
        await exchange.once()
        await wait_until_async(lambda: len(bench.queue.settler) == 1, "the job to end")
        await exchange.once()
        assert job.state is JobState.SUCCEEDED
        assert len(rig.runs(job)) == 1

    on_bench(rig, steps)


def test_what_it_brings_at_the_end_is_handed_back(rig: Rig) -> None:
    async def steps(bench: Bench) -> Any:
        exchange, _ = await dry(bench)
        ringing = await asleep(bench)
        exchange.is_closing = True
        job = await asyncio.to_thread(rig.send, "add", 1, 1)
        await asyncio.wait_for(ringing, 1)
        await exchange.once()
        assert not len(bench.crew.book)
        return job

    assert_handed_back(rig, on_bench(rig, steps))


def test_one_that_is_ended_without_an_answer_is_asked_for_and_handed_back(rig: Rig) -> None:
    async def steps(bench: Bench) -> Any:
        exchange, bell = await dry(bench)
        ringing = await asleep(bench)
        exchange.is_closing = True
        bell.hang_up()
        await asyncio.wait_for(ringing, 1)
        seen = [exchange.is_uncertain]
        job = await asyncio.to_thread(rig.send, "add", 1, 1)
        await exchange.once()  # the claim once more
        await exchange.once()
        assert [*seen, exchange.is_uncertain] == [True, False]
        assert not len(bench.crew.book)
        return job

    assert_handed_back(rig, on_bench(rig, steps))


def assert_handed_back(rig: Rig, job: AsyncResult[Any]) -> None:
    state = rig.look(job).state
    assert not rig.runs(job)
    assert state is not None
    assert (state.place, state.attempt, state.crashes) == ("B", 0, 0)


def test_what_was_claimed_and_never_heard_of_is_handed_back_at_the_funeral(rig: Rig) -> None:
    job = rig.send("add", 1, 1)
    keys, client = rig.app.keys("default"), rig.app.client
    claim_one(rig, worker="late-1-abcdef")
    released = funeral.after_shutdown(client, [keys], "late-1-abcdef", 1.0)
    assert released == 1
    assert_handed_back(rig, job)
    assert client.run(operations.count(keys))["running"] == 0
