"""Jobs that were claimed a little before they may start."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

from streamq.worker.early import Early
from streamq.worker.held import Held, Lease
from streamq.worker.room import Kind, Room, Slots


def held(name: str, delay_us: int) -> Held:
    job: Any = SimpleNamespace(id=name, delay_us=delay_us)
    return Held(job, Lease("default", "T", 1, 0, time.monotonic()))


def test_each_starts_at_its_instant_and_not_before() -> None:
    async def main() -> None:
        room = Room({Kind.LOOP: Slots(10)})
        started: list[tuple[str, float]] = []
        early = Early(room, lambda one: started.append((one.job.id, time.monotonic())))
        begun = time.monotonic()
        for name, delay_us in (("b", 30_000), ("a", 10_000), ("c", 60_000)):
            assert early.keep(held(name, delay_us))
        assert len(early) == room.asked == 3
        await asyncio.sleep(0.1)
        assert [name for name, _ in started] == ["a", "b", "c"]
        for (_, at), delay in zip(started, (0.01, 0.03, 0.06), strict=True):
            assert at - begun >= delay
        assert len(early) == room.asked == 0

    asyncio.run(main())


def test_what_is_due_is_not_kept() -> None:
    async def main() -> None:
        late = held("a", 10)
        await asyncio.sleep(0.001)
        assert not Early(Room({}), print).keep(late)

    asyncio.run(main())


def test_what_is_taken_back_does_not_start() -> None:
    async def main() -> None:
        room = Room({Kind.LOOP: Slots(10)})
        started: list[Held] = []
        early = Early(room, started.append)
        job = held("a", 20_000)
        early.keep(job)
        assert early.stale(time.monotonic() - 1) == []
        assert early.stale(time.monotonic()) == [job]
        assert len(early) == room.asked == 0
        await asyncio.sleep(0.04)
        assert started == []

    asyncio.run(main())
