"""Sleeps until a queue has something: enqueue leaves a marker, and one of the idle takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamq.worker.duty import Duty

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from streamq.client import Client
    from streamq.worker.exchange import Exchange
    from streamq.worker.served import ServedQueue
    from streamq.worker.weather import Weather

LOOK_S = 2.0  # a marker's taker may have died with it: so look now and then
LOOK_PER_QUEUE_S = 1.0  # many queues are looked at more rarely: idle workers are to be cheap
UNTIL_ALARM_S = 3600.0


class Bell(Duty):
    """Waits for the marker of one queue while that is dry and there is room.

    The marker stays in its list until it's taken, so that no job falls between an empty claim
    and the sleep. Each queue has a connection of its own: a wait can't be widened to another
    queue without losing markers, and a cluster wants one per slot anyway.
    """

    def __init__(
        self,
        client: Client,
        queue: ServedQueue,
        weather: Weather,
        *,
        queues: int,
        exchange: Exchange,
        room_in: Callable[[ServedQueue], float | None],
    ) -> None:
        super().__init__(weather)
        self._waiter = client.waiting(queue.keys.key("wake"))
        self._waiter.heard = exchange.armed_answered  # so that the job starts before all else
        self._queue = queue
        self._exchange = exchange
        self._room_in = room_in  # seconds; None: it sets the alarm when there is room
        self._look_s = max(LOOK_S, LOOK_PER_QUEUE_S * queues)
        self._may_arm = queues == 1  # else a claim sent ahead could come while others' jobs run
        self.is_waiting = False
        queue.bell = self

    async def once(self) -> float:
        """Wait for a marker, for two seconds at most; then let the queue be claimed from."""
        if not self._queue.is_dry:
            return UNTIL_ALARM_S
        room_in = self._room_in(self._queue)
        if room_in != 0.0:
            return UNTIL_ALARM_S if room_in is None else room_in
        self.is_waiting = True
        answer = None
        try:
            call = self._exchange.arm() if self._arms else None
            marker, answer = await self._waiter.wait(self._look_s, call)
        finally:
            self.is_waiting = False
            if answer is None:
                self._exchange.disarm()
        if answer is None:
            self._queue.ring(marker=marker)
        return UNTIL_ALARM_S  # the next claim that finds the queue dry sets the alarm

    @property
    def _arms(self) -> bool:
        """Whether the next claim may be sent ahead: not while a limit says when it is due."""
        return self._may_arm and self._queue.gate_at is None

    def worker_is_idle(self) -> None:
        """A wait that began while jobs ran may now bring the next ones itself."""
        if self._arms and self._waiter.is_asleep and (call := self._exchange.arm()):
            self._waiter.send_along(call)

    def hang_up(self) -> None:
        """End a wait now."""
        self._waiter.close()

    async def run(self, stop: asyncio.Event) -> None:
        """As any duty; then hang up."""
        try:
            await super().run(stop)
        finally:
            await self._waiter.aclose()
