"""How a worker ends: in steps, in this order, and why in this order."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.worker.crew import Crew
    from streamq.worker.held import Held

LOOK_S = 0.02
CANCEL_S = 0.4  # that cancelled tasks get to clean up
SETTLE_S = 0.4  # for the last outcomes, beyond the grace


class Shutdown:
    """The steps; `hurry` says that somebody wants it at once."""

    def __init__(self, crew: Crew, hurry: asyncio.Event) -> None:
        self._crew = crew
        self._deadline = math.inf  # until somebody is in a hurry
        self._hurry = hurry

    def stop_claiming(self) -> None:
        """First of all: what isn't claimed here, others run."""
        for exchange in self._crew.exchanges:
            exchange.is_closing = True
        for bell in self._crew.bells:
            bell.hang_up()

    def hand_back_waiting(self) -> None:
        """Others can start these now; here they would wait for jobs that may take long."""
        self._crew.flow.hand_back(self._crew.pools.stale(time.monotonic(), 0.0))

    async def let_jobs_finish(self, stop: asyncio.Event, grace: float) -> None:
        """Their leases are renewed meanwhile: nobody else runs them.

        The grace (seconds) begins when we are told to stop, or when a job was given up that
        ignores its time limit, and not where we end by ourselves.
        """
        stubborn = self._crew.pools.timekeeper.stubborn
        await self._until(
            lambda: not self._waited_for() or stop.is_set() or bool(stubborn), self._deadline
        )
        self._deadline = time.monotonic() + grace
        await self._until(lambda: not self._waited_for(), self._deadline)

    async def cancel_what_can_be(self) -> None:
        """The time is over. These are handed back as they end, and nothing is counted."""
        crew = self._crew
        if not crew.pools.running:
            return
        crew.loop_pool.cancel()
        crew.processes.kill()
        crew.isolated.kill()
        end = time.monotonic() + CANCEL_S
        ending = (crew.loop_pool, crew.processes, crew.isolated)
        await self._until(lambda: not any(pool.running for pool in ending), end, hurried=False)

    def _waited_for(self) -> int:
        """How many jobs may still end."""
        return self._crew.pools.held - len(self._crew.pools.timekeeper.stubborn)

    def give_up_stubborn(self) -> None:
        """What ignores all that it is told ends with this process, which is about to."""
        crew = self._crew
        stubborn = list(crew.pools.timekeeper.stubborn.values())
        crew.flow.settle([crew.runner.timed_out(one.held, one.began) for one in stubborn])

    async def settle(self) -> None:
        """Tell the server of all that ended; only while the leases are ours does it listen."""
        for queue in self._crew.queues.values():
            queue.wake()
        end = max(self._deadline, time.monotonic()) + SETTLE_S
        if self._hurry.is_set():
            end = time.monotonic() + SETTLE_S
        await self._until(self._is_settled, end, hurried=False)

    async def relay(self) -> None:
        """What the last jobs sent to other queues; if not now, whoever works here next does it."""
        relayers = self._crew.relayers
        end = time.monotonic() + SETTLE_S
        await self._until(lambda: not any(one.is_busy for one in relayers), end, hurried=False)

    def left(self) -> list[Held]:
        """Jobs on threads that can't be ended: others may run them when the process is gone."""
        return self._crew.pools.running

    def _is_settled(self) -> bool:
        crew = self._crew
        if crew.pools.held > len(crew.pools.running):
            return False  # a job has ended, and its outcome is on its way to the settler
        if crew.flow.trails.is_busy or crew.flow.progress.is_busy:
            return False
        unsettled = any(len(queue.settler) for queue in crew.queues.values())
        return not unsettled and not any(one.is_uncertain for one in crew.exchanges)

    async def _until(
        self, is_done: Callable[[], bool], deadline: float, *, hurried: bool = True
    ) -> None:
        while not is_done() and time.monotonic() < deadline:
            if hurried and self._hurry.is_set():
                return
            await asyncio.sleep(LOOK_S)
