"""Removes what has had its time: outcomes, old dead jobs, workers long gone, past rates."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from streamq import operations
from streamq.jitter import jitter
from streamq.worker.duty import Duty

if TYPE_CHECKING:
    from streamq.client import Client
    from streamq.worker.options import Bounds
    from streamq.worker.served import ServedQueue
    from streamq.worker.weather import Weather

log = logging.getLogger("streamq.worker")

RHYTHM_S = 30.0
LIMIT = 200  # of each, in one call


class Sweeper(Duty):
    """Sweeps one queue about every 30 s, at once again while there is much."""

    def __init__(
        self, client: Client, queue: ServedQueue, weather: Weather, bounds: Bounds
    ) -> None:
        super().__init__(weather)
        self._client = client
        self._queue = queue
        self._dead_ttl_ms = bounds.dead_ttl_ms

    async def once(self) -> float:
        """Sweep; returns seconds until it is due again."""
        call = operations.sweep(self._queue.keys, limit=LIMIT, dead_ttl_ms=self._dead_ttl_ms)
        swept = await self._client.run_async(call)
        self.weather.answered()
        if swept.dead:
            log.warning(
                "queue %s: %d dead jobs were removed, their time was over",
                self._queue.name,
                swept.dead,
            )
        is_much = LIMIT in (swept.results, swept.dead, swept.workers, swept.rates)
        return 0.1 if is_much else RHYTHM_S * jitter.uniform(0.8, 1.2)
