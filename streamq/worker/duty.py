"""What every duty of a worker is: `run(stop)` around `once()`."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from streamq.worker.weather import TROUBLE

if TYPE_CHECKING:
    from streamq.worker.weather import Weather


class Duty(ABC):
    """Something a worker does again and again.

    Trouble with the server is weather: waited out. Anything else that `once` raises ends the
    worker: a duty that died unnoticed would be the worst of outages.
    """

    def __init__(self, weather: Weather) -> None:
        self.weather = weather
        self.alarm = asyncio.Event()  # ends the pause: there is something to do

    @abstractmethod
    async def once(self) -> float:
        """Do it once; returns seconds until it is due again."""

    async def run(self, stop: asyncio.Event) -> None:
        """Do it until told to stop; whoever sets `stop` also sets `alarm`."""
        while not stop.is_set():
            try:
                pause = await self.once()
            except TROUBLE as error:
                pause = self.weather.failed(error)
                self.alarm.clear()  # no alarm makes the server answer sooner
            if pause > 0 and not stop.is_set():
                await self._rest(pause)
            self.alarm.clear()

    async def _rest(self, seconds: float) -> None:
        timer = asyncio.get_running_loop().call_later(seconds, self.alarm.set)
        try:
            await self.alarm.wait()
        finally:
            timer.cancel()
