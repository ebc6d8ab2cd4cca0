"""Why a worker ends by itself: nothing is left to do, it ran many jobs, or it has grown."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from streamq import operations
from streamq.worker.duty import Duty
from streamq.worker.memory import resident_mib

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from streamq.client import Client
    from streamq.worker.options import Size
    from streamq.worker.pools import Pools
    from streamq.worker.served import ServedQueue
    from streamq.worker.weather import Weather

log = logging.getLogger("streamq.worker")

LOOK_S = 1.0
LOOK_EMPTY_S = 0.1  # somebody waits for the end
SOON_MS = 1000  # what is due by then is waited for

DONE = "done"  # nothing is left: no other process is needed
RETIRED = "retired"  # another one goes on


class Retirement(Duty):
    """Looks whether it is time, and says so once."""

    def __init__(
        self,
        client: Client,
        queues: Collection[ServedQueue],
        pools: Pools,
        weather: Weather,
        *,
        size: Size,
        leave: Callable[[str], None],
    ) -> None:
        super().__init__(weather)
        self._client = client
        self._queues = queues
        self._pools = pools
        self._size = size
        self._leave = leave
        self._ran = 0
        self._has_left = False

    def ran(self, jobs: int) -> None:
        """So many more jobs have ended."""
        self._ran += jobs
        if self._size.max_jobs and self._ran >= self._size.max_jobs:
            self.alarm.set()

    async def once(self) -> float:
        """Look; returns seconds until the next look."""
        if self._has_left:
            return LOOK_S
        if why := self._why_retire():
            log.info("this worker process retires: %s", why)
            self._has_left = True
            self._leave(RETIRED)
        elif self._size.burst and await self._is_empty() and await self._is_empty():
            # Twice, as a job may have been on its way from one place to another that was looked at.
            log.info("nothing is left to do: the worker ends")
            self._has_left = True
            self._leave(DONE)
        return LOOK_EMPTY_S if self._size.burst else LOOK_S

    def _why_retire(self) -> str:
        size = self._size
        if size.max_jobs and self._ran >= size.max_jobs:
            return f"it has run {self._ran} jobs (max_jobs is {size.max_jobs})"
        # One that is too large before its first job would only make room for its like.
        if size.max_memory and self._ran and (mib := resident_mib()) > size.max_memory:
            return f"it has grown to {mib:.0f} MiB (max_memory is {size.max_memory})"
        return ""

    async def _is_empty(self) -> bool:
        """Whether nothing waits on the server, is due within a second, or is in our hands."""
        if not self._is_idle():
            return False
        for queue in self._queues:
            found = await self._client.run_async(operations.count(queue.keys))
            if found["waiting"] or 0 <= found["next_due_ms"] <= SOON_MS:
                return False
            if found["running"] and await self._is_orphaned(queue, found["now_ms"]):
                return False
        return self._is_idle()  # still: what was claimed meanwhile waits no more

    async def _is_orphaned(self, queue: ServedQueue, now_ms: int) -> bool:
        """Whether a dead worker holds jobs: they are about to wait again."""
        ask = self._client.command_async
        key = queue.keys.key("workers")
        alive = set(await ask("ZRANGE", key, now_ms, "+inf", "BYSCORE", key=key))
        key = queue.keys.key("claims")
        claims = await ask("HVALS", key, key=key)
        return any(claim.partition(b" ")[0] not in alive for claim in claims)

    def _is_idle(self) -> bool:
        if self._pools.held or self._pools.room.asked:
            return False
        return all(queue.is_dry and not len(queue.settler) for queue in self._queues)
