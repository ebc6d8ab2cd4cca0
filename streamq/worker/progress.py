"""Sends the progress of running jobs: only the latest of each, twice a second at most.

The last of a job is sent before the server is told of its end: who watches has seen the 100 %.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from streamq import operations
from streamq.worker.duty import Duty
from streamq.worker.weather import TROUBLE

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from streamq.client import Client
    from streamq.worker.held import Ended, Held
    from streamq.worker.served import ServedQueue
    from streamq.worker.weather import Weather

RHYTHM_S = 0.5
AT_ONCE = 100  # reports of one call
IDLE_S = 3600.0


class ProgressFlusher(Duty):
    """Collects what tasks report, from any thread, and passes it on."""

    def __init__(
        self,
        client: Client,
        queues: dict[str, ServedQueue],
        weather: Weather,
        loop: asyncio.AbstractEventLoop,
        *,
        pass_on: Callable[[list[Ended]], None],
    ) -> None:
        super().__init__(weather)
        self._client = client
        self._queues = queues
        self._loop = loop
        self._latest: dict[Held, bytes] = {}
        self._sending: frozenset[Held] = frozenset()
        self._ending: list[Ended] = []  # ends that wait for their jobs' last progress
        self._pass_on = pass_on  # the ends that need not wait any more
        self._is_called = False

    def report(self, held: Held, packed: bytes) -> None:
        """Take note; called by tasks, wherever they run."""
        self._latest[held] = packed
        if not self._is_called:
            self._is_called = True
            self._loop.call_soon_threadsafe(self.alarm.set)

    def withhold(self, ended: list[Ended]) -> list[Ended]:
        """Keep back the end of jobs whose progress is on its way; returns the others."""
        if not self._latest and not self._sending:
            return ended
        free: list[Ended] = []
        for one in ended:
            is_late = one.held in self._latest or one.held in self._sending
            (self._ending if is_late else free).append(one)
        if self._ending:
            self.alarm.set()
        return free

    @property
    def is_busy(self) -> bool:
        """Whether the end of a job is kept back."""
        return bool(self._ending)

    async def once(self) -> float:
        """Send what there is; returns seconds until there may be more."""
        self._is_called = False  # before looking: a report from now on sets the alarm
        if not self._latest:
            return IDLE_S
        self._is_called = True  # no alarm: it would come before its time
        latest, self._latest = self._latest, {}
        pending = list(latest.items())  # in one step: a thread may still write to it
        self._sending = frozenset(held for held, _ in pending)
        for name, queue in self._queues.items():
            items = [
                (held.job.id, held.lease.token, packed)
                for held, packed in pending
                if held.lease.queue == name
            ]
            for at in range(0, len(items), AT_ONCE):
                await self._send(queue, items[at : at + AT_ONCE])
        self._sending = frozenset()
        self._let_go()
        return 0.0 if self._ending else RHYTHM_S

    def _let_go(self) -> None:
        free = [one for one in self._ending if one.held not in self._latest]
        if free:
            self._ending = [one for one in self._ending if one.held in self._latest]
            self._pass_on(free)

    async def _send(self, queue: ServedQueue, items: list[tuple[str, str, bytes]]) -> None:
        # The server refuses what comes from a holder that has lost its job, and takes nothing
        # while its memory is full: progress is no more than good to know.
        with suppress(*TROUBLE):
            await self._client.run_async(operations.progress(queue.keys, jobs=items))
