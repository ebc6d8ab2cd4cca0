"""Says now and then how much room a worker has, and when it last claimed: health needs both."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from streamq.keys import PULSE_MS
from streamq.worker.duty import Duty

if TYPE_CHECKING:
    from streamq.client import Client
    from streamq.worker.room import Room
    from streamq.worker.served import ServedQueue
    from streamq.worker.weather import Weather

RHYTHM_S = 5.0


class Pulse(Duty):
    """Of one queue. How old it is, the server knows: by what is left of its time."""

    def __init__(
        self,
        client: Client,
        queue: ServedQueue,
        weather: Weather,
        *,
        room: Room,
        worker: str,
        calm_s: float,
    ) -> None:
        super().__init__(weather)
        self._client = client
        self._queue = queue
        self._room = room
        self._key = queue.keys.pulse(worker)
        self._rhythm_s = max(RHYTHM_S, 2 * calm_s)

    async def once(self) -> float:
        """Say it once; returns seconds until the next time."""
        now = time.monotonic()
        facts = {
            "room": self._room.free(self._queue.kinds, now),
            "idle": round(now - self._queue.claimed_at, 3),
        }
        told = json.dumps(facts)
        await self._client.command_async("SET", self._key, told, "PX", PULSE_MS, key=self._key)
        self.weather.answered()
        return self._rhythm_s
