"""Jobs that wait for a process of their own, and are cancelled meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from streamq.operations import Ack, HandBack
from streamq.worker.cell import Cell
from streamq.worker.held import Ended, Held
from streamq.worker.interrupting import Why
from streamq.worker.isolation import AT_ONCE, IsolatedPool
from streamq.worker.room import Slots
from tests.worker.bench import held_job


class SlowCell:
    """Runs its job until it is told."""

    def __init__(self) -> None:
        self._told = asyncio.Event()

    async def run(self, held: Held, _hear: Any) -> Ended:
        await self._told.wait()
        return Ended(held, Ack(held.job.id, held.lease.token, "add", "none", 0, 0, b"", ()))

    def tell(self, _held: Held, _why: Why) -> bool:
        self._told.set()
        return True

    def kill(self) -> None:
        """Nothing runs."""

    async def end(self) -> int:
        await asyncio.sleep(0.01)  # who is told now has ended already
        return 0


def test_one_that_waits_for_its_turn_ends_at_once_and_the_others_go_on() -> None:
    ended: list[Ended] = []
    broken: list[BaseException] = []

    async def run() -> None:
        pool = IsolatedPool(
            lambda: cast("Cell", SlowCell()), ended.extend, broken.append, cast("Any", None)
        )
        slots = Slots(10)
        jobs = [held_job() for _ in range(AT_ONCE + 2)]
        for held in jobs:
            pool.start(held, slots)
        await asyncio.sleep(0)
        assert pool.tell(jobs[-1], Why.CANCELLED)
        await asyncio.sleep(0.01)
        assert [type(one.outcome) for one in ended] == [HandBack]
        assert ended[0].held is jobs[-1]
        for held in jobs[:-1]:
            await asyncio.sleep(0.02)
            assert pool.tell(held, Why.CANCELLED)
        await asyncio.sleep(0.005)
        assert not pool.tell(jobs[0], Why.CANCELLED), "it has ended"
        await asyncio.sleep(0.05)
        assert slots.held == 0

    asyncio.run(run())
    assert not broken
    assert [type(one.outcome) for one in ended] == [HandBack, *[Ack] * (AT_ONCE + 1)]
