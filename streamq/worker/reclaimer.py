"""Takes back the jobs of workers whose lease has run out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from streamq import operations
from streamq.jitter import jitter
from streamq.worker.duty import Duty

if TYPE_CHECKING:
    from streamq.client import Client
    from streamq.operations import Reclaimed
    from streamq.worker.flow import Flow
    from streamq.worker.options import Bounds
    from streamq.worker.served import ServedQueue
    from streamq.worker.weather import Weather

log = logging.getLogger("streamq.worker")

RHYTHM_S = 1.0  # while there are leases
CALM_S = 5.0  # while there are none: one made now has its time before it


class Reclaimer(Duty):
    """Looks in a rhythm. A gap in it (an outage) gives every lease one lease of grace."""

    def __init__(  # noqa: PLR0917 - what it works with, and in which rhythm
        self,
        client: Client,
        queue: ServedQueue,
        weather: Weather,
        bounds: Bounds,
        calm_s: float,
        flow: Flow,
    ) -> None:
        super().__init__(weather)
        self._client = client
        self._queue = queue
        self._bounds = bounds
        self._gap_s = bounds.lease_ms / 3000
        self._calm_s = calm_s
        self._flow = flow

    async def once(self) -> float:
        """Take back what has lapsed; returns seconds until the next look."""
        call = operations.reclaim(
            self._queue.keys,
            lease_ms=self._bounds.lease_ms,
            gap_ms=int(self._gap_s * 1000),
            dead_cap=self._bounds.dead_cap,
        )
        reply = await self._client.run_async(call)
        self.weather.answered()
        if reply.jobs:
            self._say(reply)
            await self._tell([job_id for job_id, _ in reply.jobs])
            return 0.0  # there may be more
        # Well within the gap, or a slow call of ours would look like an outage.
        rhythm, share = (RHYTHM_S, 0.5) if reply.next_ms >= 0 else (max(CALM_S, self._calm_s), 0.8)
        return min(rhythm, self._gap_s * share) * jitter.uniform(0.8, 1.0)

    async def _tell(self, ids: list[str]) -> None:
        """Those who listen, of each; the records are read only for them."""
        teller = self._flow.teller
        if teller is None or not teller.wants_taken_back:
            return
        found = await self._client.run_async(operations.look(self._queue.keys, ids=ids))
        teller.taken_back(self._queue.name, found)

    def _say(self, reply: Reclaimed) -> None:
        name = self._queue.name
        by_worker: dict[str, list[str]] = {}
        for job_id, worker in reply.jobs:
            by_worker.setdefault(worker, []).append(job_id)
        for worker, ids in by_worker.items():
            log.warning(
                "queue %s: took back %d jobs of worker %s, whose lease had run out",
                name,
                len(ids),
                worker,
                extra={"job": {"queue": name, "worker": worker, "job_ids": ids}},
            )
        if reply.poisoned:
            log.error(
                "queue %s: %d jobs are dead (poison): their process was killed too often",
                self._queue.name,
                reply.poisoned,
            )
