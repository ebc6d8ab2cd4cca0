"""What idle workers cost the server: counted there, with `INFO commandstats`."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from streamq.worker.crew import Crew, assemble, enrolment
from streamq.worker.identity import Identity
from streamq.worker.options import ChildBounds, Size
from tests.servers import Server
from tests.waiting import wait_until_async
from tests.worker.rig import Rig

WORKERS = 100
SENT = ("evalsha", "eval", "blpop", "lpush", "ltrim", "hexists", "sadd", "client|setinfo")


def calls(server: Server) -> Counter[str]:
    """Commands that the server has run, those inside scripts too."""
    stats: Any = server.admin.info("commandstats")
    return Counter({name.removeprefix("cmdstat_"): one["calls"] for name, one in stats.items()})


async def idle_worker(rig: Rig, number: int, queues: tuple[str, ...], ends: AsyncExitStack) -> Crew:
    """The duties that wait, claim and settle, of one worker, running."""
    identity = Identity(f"idle-{number}-abcdef", "work", queues, (), 2, 2)
    size = Size(queues, 2, 2, ChildBounds(1), 1.0)
    crew = assemble(rig.app, size, identity, birth=None, broken=print)
    await enrolment(rig.app, crew, identity).once()
    stop = asyncio.Event()
    for bell in crew.bells:
        bell._look_s = 60.0  # what only looks is not to be counted
    duties = [*crew.bells, *crew.exchanges]
    running = [asyncio.create_task(duty.run(stop)) for duty in duties]

    async def end() -> None:
        stop.set()
        for bell in crew.bells:
            bell.hang_up()
        for duty in duties:
            duty.alarm.set()
        crew.threads.close()
        await asyncio.gather(*running)

    ends.push_async_callback(end)
    return crew


@pytest.mark.parametrize("queues", [("default",), ("default", "other")], ids=["armed", "plain"])
def test_one_enqueue_wakes_one_or_two_of_a_hundred_idle_workers(
    rig: Rig, queues: tuple[str, ...]
) -> None:
    server = rig.server

    async def scene() -> Counter[str]:
        async with AsyncExitStack() as ends:
            crews = [await idle_worker(rig, n, queues, ends) for n in range(WORKERS)]
            bells = [bell for crew in crews for bell in crew.bells]
            await wait_until_async(
                lambda: all(bell._waiter.is_asleep for bell in bells), "all to be asleep", 20
            )
            before = calls(server)
            job = await asyncio.to_thread(rig.send, "aadd", 1, 1)
            assert await job.aget(timeout=10) == 2
            await asyncio.sleep(0.3)  # for whoever else was woken
            done = calls(server) - before
        await rig.app.client.aclose()
        return done

    done = asyncio.run(scene())
    assert 1 <= done["xreadgroup"] <= 2, f"each is a claim: {done}"
    assert 1 <= done["blpop"] <= 2, "as many went to sleep again"


def test_an_idle_worker_costs_less_than_five_commands_a_second(
    server: Server, make_rig: Callable[..., Rig]
) -> None:
    rig = make_rig(server, lease=30)  # as by default; leases are renewed three times in their time
    rig.work()
    time.sleep(1.5)  # what a worker does when it begins
    before, began = calls(rig.server), time.monotonic()
    time.sleep(3.0)
    done, seconds = calls(rig.server) - before, time.monotonic() - began
    sent = sum(done[name] for name in SENT)
    assert 0 < sent / seconds < 5, done
