"""Moves what is due into the stream, when it is due."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from streamq import operations
from streamq.worker.duty import Duty

if TYPE_CHECKING:
    from streamq.client import Client
    from streamq.worker.served import ServedQueue
    from streamq.worker.weather import Weather

ASK_S = 1.0  # no claim has said for so long what is due next: ask
ASK_IDLE_S = 2.5  # where claims look every two seconds, and a new first one leaves a marker
LIMIT = 100  # jobs at once: 10,000 in one call were seen to block every client for 22 ms
EARLY_S = 0.0005  # the server counts whole milliseconds


class Promoter(Duty):
    """Sleeps until the next due time that the server has named."""

    def __init__(self, client: Client, queue: ServedQueue, weather: Weather, calm_s: float) -> None:
        super().__init__(weather)
        self._client = client
        self._queue = queue
        self._calm_s = calm_s  # a slower rhythm where many queues are idle
        queue.promoter = self

    async def once(self) -> float:
        """Promote if something is due; returns seconds until it will be."""
        wait = self._wait(time.monotonic())
        if wait > 0:
            return wait
        moved = await self._client.run_async(operations.promote(self._queue.keys, limit=LIMIT))
        self.weather.answered()
        self._queue.next_due(moved.next_due_ms)
        return self._wait(time.monotonic())

    def _wait(self, now: float) -> float:
        """Seconds until the next call: for what is due, or for news of it."""
        queue = self._queue
        listens = queue.is_dry and queue.bell is not None
        unheard = max(ASK_IDLE_S, 1.5 * self._calm_s) if listens else ASK_S
        news = queue.heard_due_at + unheard - now
        if queue.due_at is None:
            return max(0.0, news)
        return max(0.0, min(queue.due_at + EARLY_S - now, news))
