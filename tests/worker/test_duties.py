"""Single duties, one `once()` at a time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import pytest

from streamq import operations
from streamq.errors import BrokerUnavailable
from streamq.job import Progress
from streamq.job_reading import pack_progress
from streamq.operations import Ack, HandBack
from streamq.worker.bell import Bell
from streamq.worker.exchange import Exchange
from streamq.worker.handback import HandBackTicker
from streamq.worker.held import Ended, Held, Lease
from streamq.worker.progress import ProgressFlusher
from streamq.worker.promoter import Promoter
from streamq.worker.reclaimer import Reclaimer
from streamq.worker.room import Kind
from streamq.worker.sweeper import Sweeper
from tests.servers import Server
from tests.waiting import wait_until_async
from tests.worker.bench import Bench, claim_one, on_bench
from tests.worker.rig import Rig


def test_an_exchange_claims_runs_and_settles_in_one_call_each(rig: Rig) -> None:
    jobs = [rig.send("add", n, n) for n in range(2)]

    async def steps(bench: Bench) -> None:
        exchange = bench.duty(Exchange)
        assert await exchange.once() == 0.0
        assert len(bench.crew.book) == 1, "one lease for the two"
        await wait_until_async(lambda: len(bench.queue.settler) == 2, "both to end")
        await exchange.once()
        assert len(bench.queue.settler) == 0
        assert len(bench.crew.book) == 0, "and none when both are settled"

    on_bench(rig, steps)
    assert [job.get(timeout=1) for job in jobs] == [0, 2]


def test_an_empty_claim_makes_the_queue_dry_and_the_bell_wait(rig: Rig) -> None:
    async def steps(bench: Bench) -> None:
        exchange, bell = bench.duty(Exchange), bench.duty(Bell)
        await exchange.once()
        assert bench.queue.is_dry
        assert bell.alarm.is_set()
        assert await exchange.once() > 1, "there is nothing to do"
        ringing = asyncio.create_task(bell.once())
        await wait_until_async(lambda: bell.is_waiting, "the bell to wait")
        await asyncio.to_thread(rig.send, "add", 1, 1)
        await asyncio.wait_for(ringing, 1)
        assert bench.queue.has_marker
        assert not bench.queue.is_dry

    on_bench(rig, steps, queues=("default", "other"))


def test_a_queue_that_found_no_room_is_woken_when_another_claim_brought_little(rig: Rig) -> None:
    async def steps(bench: Bench) -> None:
        first, second = bench.crew.exchanges
        first._claimer.claim(bench.crew.pools.room.to_claim({Kind.LOOP, Kind.THREAD}, 0.0))
        assert await second.once() > 1, "all the room is asked for"
        second.alarm.clear()
        await first.once()
        assert second.alarm.is_set()
        assert bench.crew.pools.room.asked == 0

    on_bench(rig, steps, queues=("default", "other"))


def test_a_claim_that_failed_holds_no_room(server: Server, make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(server, enqueue_timeout=0.2)

    async def steps(bench: Bench) -> None:
        exchange = bench.duty(Exchange)
        server.pause()
        with pytest.raises(BrokerUnavailable):
            await exchange.once()
        server.resume()
        assert exchange.is_uncertain
        assert bench.crew.pools.room.asked == 0
        await exchange.once()
        assert bench.crew.pools.room.asked == 0

    on_bench(rig, steps)


def test_a_marker_that_cannot_be_used_is_passed_on(rig: Rig) -> None:
    key = rig.app.keys("default").key("wake")

    async def steps(bench: Bench) -> None:
        bench.queue.ring(marker=True)
        for slots in bench.crew.pools.room.slots.values():
            slots.held = slots.capacity
        await bench.duty(Exchange).once()
        assert not bench.queue.has_marker

    on_bench(rig, steps)
    assert rig.server.admin.llen(key) == 1


def test_a_claim_at_the_end_is_handed_back(rig: Rig) -> None:
    job = rig.send("add", 1, 1)

    async def steps(bench: Bench) -> None:
        exchange = bench.duty(Exchange)
        exchange._claimer.claim(5)  # sent, and never answered
        exchange.is_closing = True
        seen = [exchange.is_uncertain]
        await exchange.once()
        await exchange.once()
        assert [*seen, exchange.is_uncertain] == [True, False]
        assert await exchange.once() > 1

    on_bench(rig, steps)
    state = rig.look(job).state
    assert state is not None
    assert (state.place, state.attempt) == ("B", 0)


def test_an_outcome_of_a_lost_lease_is_refused_and_said_once(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    job = rig.send("add", 1, 1)

    async def steps(bench: Bench) -> None:
        exchange = bench.duty(Exchange)
        await exchange.once()
        await wait_until_async(lambda: len(bench.queue.settler) == 1, "the job to end")
        keys, token = bench.queue.keys, bench.crew.book.tokens("default")[0]
        await rig.app.client.run_async(
            operations.release(keys, worker="other", seq=1, jobs=[HandBack(job.id, token)])
        )
        bench.crew.book.lost("default", token)
        await exchange.once()
        assert len(bench.crew.book) == 0

    with caplog.at_level(logging.WARNING, "streamq.worker"):
        on_bench(rig, steps)
    assert sum("was lost" in record.message for record in caplog.records) == 1
    assert rig.counts().get("succeeded", 0) == 0


def test_the_promoter_moves_what_is_due_and_sleeps_until_the_next(rig: Rig) -> None:
    rig.send("add", 1, 1, countdown=0.05)
    begin = time.monotonic()
    rig.send("add", 1, 1, countdown=0.9)

    async def steps(bench: Bench) -> None:
        await asyncio.sleep(0.06)
        pause = await bench.duty(Promoter).once()
        assert pause < 0.9
        assert time.monotonic() + pause > begin + 0.85

    on_bench(rig, steps)
    counts = rig.counts()
    assert (counts["waiting"], counts["scheduled"]) == (1, 1)


def test_an_earlier_due_time_wakes_the_promoter(rig: Rig) -> None:
    async def steps(bench: Bench) -> None:
        promoter = bench.duty(Promoter)
        bench.queue.next_due(5000)
        promoter.alarm.clear()
        bench.queue.next_due(6000)
        assert not promoter.alarm.is_set()
        bench.queue.next_due(100)
        assert promoter.alarm.is_set()

    on_bench(rig, steps)


def test_the_reclaimer_takes_back_what_has_lapsed_and_says_whose_it_was(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    job = rig.send("add", 1, 1)
    begin = time.monotonic()
    claim_one(rig)

    async def steps(bench: Bench) -> None:
        reclaimer = bench.duty(Reclaimer)
        while not rig.counts().get("reclaimed"):
            await asyncio.sleep(await reclaimer.once())
            assert time.monotonic() - begin < 10
        assert time.monotonic() - begin > 0.8, "not before its time"

    with caplog.at_level(logging.WARNING, "streamq.worker"):
        on_bench(rig, steps)
    assert any("of worker other-1-abcdef" in record.message for record in caplog.records)
    state = rig.look(job).state
    assert state is not None
    assert (state.place, state.attempt, state.crashes) == ("B", 0, 1), "nobody says it lives"


def test_a_gap_in_the_rhythm_gives_every_lease_a_lease_of_grace(rig: Rig) -> None:
    rig.send("add", 1, 1)

    async def steps(bench: Bench) -> None:
        reclaimer = bench.duty(Reclaimer)
        await reclaimer.once()
        claim_one(rig)
        await asyncio.sleep(1.1)  # nobody looks for longer than the gap
        await reclaimer.once()
        assert rig.counts().get("reclaimed", 0) == 0

    on_bench(rig, steps)


def test_the_sweeper_removes_outcomes_past_their_time(rig: Rig) -> None:
    job = rig.app.tasks["add"].options(result_ttl=0.05).delay(1, 1)

    async def steps(bench: Bench) -> None:
        exchange = bench.duty(Exchange)
        await exchange.once()
        await wait_until_async(lambda: len(bench.queue.settler) == 1, "the job to end")
        await exchange.once()
        assert rig.counts()["results"] == 1
        await asyncio.sleep(0.06)
        assert await bench.duty(Sweeper).once() > 20

    on_bench(rig, steps)
    assert rig.counts()["results"] == 0
    assert job.id


def test_the_ticker_hands_back_what_waited_too_long_and_nothing_else(rig: Rig) -> None:
    rig.send("sleep", 0.3)
    rig.send("sleep", 0.3)
    late = rig.send("add", 1, 1)

    async def steps(bench: Bench) -> None:
        exchange, ticker = bench.duty(Exchange), bench.duty(HandBackTicker)
        slots = bench.crew.threads.slots
        slots.rate.note(1000, time.monotonic())  # it believes in short jobs, and claims ahead
        await exchange.once()
        await wait_until_async(lambda: bench.crew.pools.backlog == 1, "two to start")
        assert not bench.crew.pools.stale(time.monotonic(), 10), "none has waited for so long"
        await asyncio.sleep(0.06)
        await ticker.once()
        assert bench.crew.pools.backlog == 0
        assert slots.respite_until > time.monotonic()
        await exchange.once()
        await wait_until_async(lambda: len(bench.queue.settler) == 2, "the two to end")
        await exchange.once()

    on_bench(rig, steps)
    state = rig.look(late).state
    assert state is not None
    assert (state.place, state.attempt) == ("B", 0)


def test_only_the_latest_progress_is_sent_and_only_its_holder_is_heard(rig: Rig) -> None:
    job = rig.send("sleep", 0.3)

    async def steps(bench: Bench) -> None:
        flusher = bench.duty(ProgressFlusher)
        await bench.duty(Exchange).once()
        held = bench.crew.pools.running or await wait_until_async(
            lambda: bench.crew.pools.running, "the job to run"
        )
        for done in range(5):
            flusher.report(held[0], pack_progress(Progress(done, 10)))
        before = rig.server.admin.info("commandstats")["cmdstat_evalsha"]["calls"]
        await flusher.once()
        after = rig.server.admin.info("commandstats")["cmdstat_evalsha"]["calls"]
        assert after - before == 1
        assert job.progress == Progress(4, 10, "")
        held[0].lease.token = "x" * 32
        flusher.report(held[0], pack_progress(Progress(9, 10)))
        await flusher.once()
        assert job.progress == Progress(4, 10, "")
        held[0].lease.token = bench.crew.book.tokens("default")[0]
        await wait_until_async(lambda: len(bench.queue.settler) == 1, "the job to end")
        await bench.duty(Exchange).once()

    on_bench(rig, steps)


def test_a_batch_is_sent_again_with_its_number_until_it_is_answered(rig: Rig) -> None:
    rig.send("add", 1, 1)

    async def steps(bench: Bench) -> None:
        job = await asyncio.to_thread(claim_one, rig, bench.identity.name)
        settler = bench.queue.settler
        lease_job = _held(job)
        settler.add(Ended(lease_job, Ack(job.id, "t" * 32, "add", "none", 1, 0)))
        first = settler.batch()
        assert first is settler.batch(), "as long as there is no answer"
        client = rig.app.client
        assert await client.run_async(first.call) == ["OK"]
        assert await client.run_async(settler.batch().call) == ["ALREADY"]
        settler.answered(["ALREADY"])
        assert settler.batch() is None

    on_bench(rig, steps)


def _held(job: operations.ClaimedJob) -> Held:
    return Held(job, Lease("default", "t" * 32, 1, 0, 0.0))
