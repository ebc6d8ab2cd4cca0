"""Jobs that were claimed a little before they may start: a rate limit's next ones.

A limit that is asked only when a start is due loses the way there and back on each one; a claim
brings what is due within the next 30 ms, and here it waits for its instant.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.worker.held import Held
    from streamq.worker.room import Room


class Early:
    """Keeps jobs until they may start; belongs to one event loop.

    They count as asked for, as if the claim were still on its way with them: their places are
    reserved, and no slot is taken.
    """

    def __init__(self, room: Room, start: Callable[[Held], None]) -> None:
        self._room = room
        self._start = start
        self._timers: dict[Held, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        """How many wait."""
        return len(self._timers)

    def keep(self, held: Held) -> bool:
        """Start this job at its instant, never before; False where that has come."""
        at = held.due
        if at <= time.monotonic():
            return False
        self._room.asked += 1
        loop = asyncio.get_running_loop()
        self._timers[held] = loop.call_at(at, self._due, held)
        return True

    def stale(self, before: float) -> list[Held]:
        """Take back what was claimed before that moment (monotonic)."""
        taken = [held for held in self._timers if held.lease.since < before]
        for held in taken:
            self._timers.pop(held).cancel()
        self._room.asked -= len(taken)
        return taken

    def _due(self, held: Held) -> None:
        del self._timers[held]
        self._room.asked -= 1
        self._start(held)
