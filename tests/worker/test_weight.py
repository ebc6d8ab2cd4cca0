"""How many jobs go into one call, by how much work they are for the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from streamq import operations
from streamq.operations import (
    Ack,
    Again,
    Burial,
    ClaimedJob,
    HandBack,
    NewJob,
    Record,
    Stray,
    weight,
)
from streamq.operations.follow import follow_up
from streamq.worker import funeral
from streamq.worker.claimer import Claimer
from streamq.worker.exchange import UNTOLD, Exchange
from streamq.worker.held import Ended, Held, Outcome
from streamq.worker.options import Bounds
from streamq.worker.room import Kind
from streamq.worker.settler import Settler
from tests.worker.bench import Bench, held_job, on_bench
from tests.worker.rig import Rig

Make = Callable[[str], Outcome]
LIMITED = "q=|climit=1000"


def succeeded(id_: str, children: int = 0) -> Ack:
    child = follow_up("", NewJob("child", "add", b""))
    return Ack(id_, "t", "add", "none", 1, 0, b"", child * children)


OUTCOMES: dict[str, Make] = {
    "ack": succeeded,
    "retry": lambda id_: Again(id_, "t", 1, counted=True),
    "bury": lambda id_: Burial(id_, "t", "add", "failed", 1, b""),
    "release": lambda id_: HandBack(id_, "t"),
    "strand": lambda id_: Stray(id_, "t", "add"),
}


def held(opts: str = "-", attempt: int = 1) -> Held:
    one = held_job()
    one.job = ClaimedJob("id", attempt, 0, Record("add", "1-0", opts, b""))
    return one


def batches(settler: Settler) -> Iterator[int]:
    """Outcomes of each call, until all are told."""
    while (batch := settler.batch()) is not None:
        yield len(batch.ended)
        settler.answered(["OK"] * len(batch.ended))


@pytest.fixture
def settler(rig: Rig) -> Settler:
    return Settler(rig.app.keys("default"), "w", Bounds())


@pytest.mark.parametrize(
    ("verb", "plain", "heavy"),
    [
        ("ack", 200, 16),
        ("strand", 200, 16),
        ("retry", 100, 16),
        ("bury", 100, 16),
        ("release", 100, 16),
    ],
)
@pytest.mark.parametrize("how", ["plain", "limited", "again"])
def test_a_call_settles_so_many(
    settler: Settler, how: str, verb: str, plain: int, heavy: int
) -> None:
    job = {"plain": held(), "limited": held(LIMITED), "again": held(attempt=2)}[how]
    for number in range(250):
        settler.add(Ended(job, OUTCOMES[verb](f"id{number}")))
    assert next(batches(settler)) == (plain if how == "plain" else heavy)


def test_all_are_told_light_and_heavy_ones_mixed(settler: Settler) -> None:
    for number in range(300):
        settler.add(Ended(held(LIMITED if number % 2 else "-"), succeeded(f"id{number}")))
    assert list(batches(settler)) == [31, 30, 30, 30, 30, 30, 30, 30, 30, 29]
    assert not len(settler)


def test_jobs_that_follow_weigh_too(settler: Settler) -> None:
    for number in range(100):
        settler.add(Ended(held(), succeeded(f"id{number}", children=1)))
    settler.add(Ended(held(), succeeded("many", children=200)))
    settler.add(Ended(held(), succeeded("last")))
    assert list(batches(settler)) == [28, 28, 28, 16, 1, 1]


def asked(exchange: Exchange, kinds: set[Kind]) -> int:
    """How many the next claim asks for, with room for a thousand."""
    claimer: Claimer = exchange._claimer
    for kind in kinds:
        claimer._room.slots[kind].capacity = 1000
    return claimer.wanted(0.0)


@pytest.mark.parametrize(("opts", "sizes"), [("-", [16, 33, 66, 133, 200]), (LIMITED, [16] * 3)])
def test_claims_ask_for_fewer_where_jobs_are_much_work(
    rig: Rig, opts: str, sizes: list[int]
) -> None:
    for first in range(0, 600, 200):
        jobs = [NewJob(f"id{n:04d}", "add", b"", opts=opts) for n in range(first, first + 200)]
        keys = rig.app.keys("default")
        rig.app.client.enqueue(
            partial(_enqueue, keys, jobs), "default", tuple(job.id for job in jobs)
        )

    async def steps(bench: Bench) -> list[int]:
        exchange = bench.duty(Exchange)
        seen = []
        for _ in sizes:
            seen.append(asked(exchange, {Kind.LOOP, Kind.THREAD}))
            reply = await rig.app.client.run_async(exchange._claimer.claim(seen[-1]))
            assert len(reply.jobs) == seen[-1]
            exchange._claimer.claimed(reply)
        return seen

    assert on_bench(rig, steps) == sizes
    rig.server.admin.flushall()  # nobody settles them


def _enqueue(keys: Any, jobs: list[NewJob], producer: str, counter: int) -> Any:
    return operations.enqueue(keys, producer=producer, counter=counter, jobs=jobs)


def test_with_many_outcomes_untold_nothing_more_is_claimed(rig: Rig) -> None:
    job = rig.send("add", 1, 1)

    async def steps(bench: Bench) -> list[bool]:
        exchange, seen = bench.duty(Exchange), []
        for number in range(UNTOLD + 1):
            one = Ended(held(), HandBack(f"unknown{number}", "t"))
            bench.queue.settler.add(one)
        for _ in range(2):
            await exchange.once()
            seen.append(rig.look(job).state is not None)
        return seen

    assert on_bench(rig, steps) == [False, True]


def test_what_a_worker_leaves_is_handed_back_a_few_at_a_time(rig: Rig) -> None:
    jobs = [HandBack(f"id{number}", "t") for number in range(60)]
    calls = funeral.release_calls(rig.app.keys("default"), "w", jobs)
    assert [(len(call.args) - 3) // 3 for call in calls] == [16, 16, 16, 12]


def test_a_batch_of_new_jobs_is_as_large_as_they_are_light(rig: Rig) -> None:
    plain = NewJob("id", "add", b"")
    key = operations.Idempotency("k", "a", 1)
    heavy = [replace(plain, opts=LIMITED), replace(plain, unique="u=1:s:return")]
    heavy.append(replace(plain, idempotency=key))
    assert weight.of_new(plain) == 1
    assert [weight.of_new(job) for job in heavy] == [weight.HEAVY] * 3
