"""Ends running jobs whose end somebody asked for: looks at the queue, and has them told.

In rounds of a thread: a job that keeps the event loop to itself can be asked for like any other,
and those beside it are told in spite of it. Jobs that end within half a second are never asked
about, so under load of short ones this costs nothing; what runs longer costs its queue two small
commands a second.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamq.client import Client
    from streamq.worker.crew import Crew
    from streamq.worker.served import ServedQueue

RHYTHM_S = 0.5
CALL_S = 2.0
MOST = 1000  # of one queue at once; those that are told are soon gone


class Canceller:
    """Told again each time until they have ended: one that had not begun may run by then."""

    def __init__(self, client: Client, crew: Crew, worker: str) -> None:
        self._client = client
        self._crew = crew
        self._worker = worker

    def once(self) -> None:
        """Look in each queue of which jobs run for a while. Raises what the client raises."""
        before = time.monotonic() - RHYTHM_S
        for queue in self._crew.queues.values():
            if self._crew.book.has_older(queue.name, before):
                self._tell(queue.name, self._asked(queue))

    def _asked(self, queue: ServedQueue) -> set[str]:
        """The ids of this worker's jobs that are to end."""
        key = queue.keys.key("cancelling")
        first, last = f"[{self._worker} ", f"[{self._worker}!"  # a space's next character
        words = ("ZRANGE", key, first, last, "BYLEX", "LIMIT", 0, MOST)
        members: list[bytes] = self._client.command(*words, key=key, timeout=CALL_S)
        return {member.decode().rpartition(" ")[2] for member in members}

    def _tell(self, queue: str, asked: set[str]) -> None:
        pools = self._crew.pools
        for held in pools.running if asked else ():
            if held.job.id in asked and held.lease.queue == queue:
                pools.timekeeper.cancel(held)
