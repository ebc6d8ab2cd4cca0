"""Waiting for jobs to end, in an event loop; imported by those who do, as asyncio costs 30 ms."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from streamq.errors import BrokerUnavailable
from streamq.listener import Watch
from streamq.waiting import waiting

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from streamq.keys import QueueKeys
    from streamq.operations import Outcome
    from streamq.runtime import Runtime
    from streamq.waiting import Patience, Waiting


async def wait_async(
    runtime: Runtime, jobs: Mapping[str, QueueKeys], until: Patience
) -> AsyncGenerator[tuple[str, Outcome], None]:
    """As `waiting.wait`; close it (`aclosing`) when leaving early."""
    loop = asyncio.get_running_loop()
    woken = asyncio.Event()

    def wake() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(woken.set)

    watch = Watch(jobs, wake)
    runtime.listener.add(watch)
    try:
        while watch.outstanding or watch.heard:
            while watch.heard:
                yield watch.heard.popleft()
            if not watch.outstanding:
                return
            await _drive(runtime, waiting(runtime, watch, jobs, until), woken, until)
            if not watch.heard:
                return
    finally:
        runtime.listener.remove(watch, jobs)


async def _drive(runtime: Runtime, steps: Waiting, woken: asyncio.Event, until: Patience) -> None:
    client = runtime.client
    with suppress(StopIteration):
        step = next(steps)
        while True:
            if isinstance(step, float):
                with suppress(TimeoutError):
                    async with asyncio.timeout(step):
                        await woken.wait()
                woken.clear()
                step = steps.send(None)
                continue
            try:
                answers = await client.run_many_async(step, timeout=until.for_a_call(runtime))
            except BrokerUnavailable as error:
                step = steps.throw(error)
            else:
                step = steps.send(answers)
