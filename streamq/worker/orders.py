"""Does what people tell this worker from elsewhere: claim nothing more, go on, end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from streamq.jitter import jitter
from streamq.worker.duty import Duty

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.client import Client
    from streamq.keys import QueueKeys
    from streamq.worker.flow import Flow
    from streamq.worker.weather import Weather

log = logging.getLogger("streamq.worker")

LOOK_S = 2.0


class Orders(Duty):
    """Looks for what it was told in one of its queues: it is told in each."""

    def __init__(
        self,
        client: Client,
        keys: QueueKeys,
        weather: Weather,
        *,
        worker: str,
        flow: Flow,
        end: Callable[[], None],
    ) -> None:
        super().__init__(weather)
        self._client = client
        self._key = keys.key("orders")
        self._worker = worker
        self._flow = flow
        self._end = end  # as after SIGTERM
        self._told = b""

    async def once(self) -> float:
        """Look once; returns seconds until the next look."""
        told = await self._client.command_async("HGET", self._key, self._worker, key=self._key)
        self.weather.answered()
        if (told or b"") != self._told:
            self._told = told or b""
            self._obey(self._told.decode())
        return LOOK_S * jitter.uniform(0.8, 1.0)

    def _obey(self, order: str) -> None:
        room = self._flow.pools.room
        if order == "stop":
            log.warning("told to stop: this worker process ends, and none takes its place")
            self._end()
            return
        room.is_quiet = order == "quiet"
        if room.is_quiet:
            log.warning("told to be quiet: this worker claims no more jobs until told to resume")
        else:
            log.warning("told to go on: this worker claims jobs again")
            self._flow.feed()
