"""Notices that the server has lost what it had confirmed: its history is another one now.

A server that logs its writes every second and dies, or a replica promoted without the last of them,
goes on from an earlier moment. The last settling call of ours that it remembers tells.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamq.client import Client
    from streamq.worker.served import ServedQueue

log = logging.getLogger("streamq.worker")


class History:
    """What one queue's server has confirmed to this worker, as far as is known."""

    def __init__(self, client: Client, queue: ServedQueue, worker: str) -> None:
        self._client = client
        self._queue = queue
        self._worker = worker
        self._losses = 0  # of connections, when it was last looked at

    async def look(self) -> None:
        """See whether all of it is still there: after a lost connection, before we write."""
        losses, settler = self._client.losses, self._queue.settler
        if losses == self._losses:
            return
        key = self._queue.keys.key("replies")
        last = await self._client.command_async("HGET", key, self._worker, key=key)
        self._losses = losses
        known = int(last.split()[0]) if last else 0
        if known < settler.noted:
            log.error(
                "queue %s: the server has lost writes that it had confirmed: it knows of call %d "
                "of this worker, and had answered call %d. Jobs that ended since then run again, "
                "and jobs enqueued since then may be gone (see appendfsync and durability)",
                self._queue.name,
                known,
                settler.noted,
            )
            settler.noted = known
