"""Brings jobs from a queue's outbox to the queues that they are for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from streamq import operations
from streamq.jitter import jitter
from streamq.worker.duty import Duty
from streamq.worker.weather import TROUBLE

if TYPE_CHECKING:
    from streamq.operations import Sent
    from streamq.runtime import Runtime
    from streamq.worker.served import ServedQueue
    from streamq.worker.weather import Weather

log = logging.getLogger("streamq.worker")

RHYTHM_S = 5.0  # a worker that died may have left some
AGAIN_S = 1.0  # where a queue can't be reached
LIMIT = 50  # jobs a call


class Relayer(Duty):
    """Goes through the outbox from its start when there is something new, and now and then.

    Several workers may relay the same entries: the queue they are for knows the last one that it
    was brought. So entries must reach it in their order, and one that didn't holds up those behind
    it which go to the same queue, no others.
    """

    def __init__(
        self, runtime: Runtime, queue: ServedQueue, weather: Weather, calm_s: float
    ) -> None:
        super().__init__(weather)
        self.is_wanted = False  # something was sent, and this has not been through since
        self._runtime = runtime
        self._queue = queue
        self._rhythm = max(RHYTHM_S, calm_s)  # a slower one where there are many queues
        self._after = "0-0"  # the last entry seen on this way through the outbox
        self._arrived: list[str] = []  # entries that the server has not been told of
        self._is_on_the_way = False
        self._stuck: set[str] = set()  # queues that didn't take theirs on this way
        queue.relayer = self

    @property
    def is_busy(self) -> bool:
        """Whether something may stand in the outbox that can be brought now."""
        return self.is_wanted or self._is_on_the_way

    async def once(self) -> float:
        """Relay a page; returns seconds until the next one is due."""
        if self._after == "0-0":
            self.is_wanted, self._is_on_the_way = False, True
        call = operations.forward(
            self._queue.keys, arrived=self._arrived, after=self._after, limit=LIMIT
        )
        page = await self._runtime.client.run_async(call)
        self.weather.answered()
        self._arrived = []
        for target in dict.fromkeys(sent.queue for sent in page):
            if target not in self._stuck:
                await self._bring(target, [sent for sent in page if sent.queue == target])
        if page:
            self._after = page[-1].entry
            return 0.0
        pause = AGAIN_S if self._stuck else self._rhythm
        self._after, self._is_on_the_way = "0-0", False
        self._stuck.clear()
        return 0.0 if self.is_wanted else pause * jitter.uniform(0.8, 1.0)

    async def _bring(self, target: str, jobs: list[Sent]) -> None:
        runtime = self._runtime
        call = operations.relay(runtime.keys(target), source=self._queue.name, jobs=jobs)
        try:
            if runtime.must_announce(target):
                await runtime.announce_async(target)
            await runtime.client.run_async(call)
        except TROUBLE as error:
            # Also what would be fatal in a queue that is served here: this one is not.
            self._stuck.add(target)
            why = str(error).partition("\n")[0]
            log.warning("queue %s: jobs for queue %s wait: %s", self._queue.name, target, why)
        else:
            self._arrived += [sent.entry for sent in jobs]
