"""Hands back what was claimed and can't start: no job waits behind a long one while others idle."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from streamq.worker.duty import Duty

if TYPE_CHECKING:
    from streamq.worker.flow import Flow
    from streamq.worker.pools import Pools
    from streamq.worker.weather import Weather

log = logging.getLogger("streamq.worker")

TICK_S = 0.02
PATIENCE_S = 0.05  # that a job waits in hand
IDLE_S = 3600.0  # nothing waits: the next claim sets the alarm


class HandBackTicker(Duty):
    """Looks every 20 ms, while jobs wait in hand, whether they have waited too long."""

    def __init__(self, flow: Flow, pools: Pools, weather: Weather) -> None:
        super().__init__(weather)
        self._flow = flow
        self._pools = pools
        self._is_idle = True

    def jobs_came(self) -> None:
        """Jobs were given to the pools; some may wait."""
        if self._is_idle:
            self._is_idle = False
            asyncio.get_running_loop().call_soon(self._look)  # most have started by then

    def _look(self) -> None:
        if self._pools.backlog:
            self.alarm.set()
        else:
            self._is_idle = True

    async def once(self) -> float:
        """Hand back what is over 50 ms old; returns seconds until the next look."""
        if not self._pools.backlog:
            self._is_idle = True
            return IDLE_S
        stale = self._pools.stale(time.monotonic(), PATIENCE_S)
        if stale:
            log.debug("handing back %d jobs that would have waited here", len(stale))
            self._flow.hand_back(stale)
        return TICK_S
