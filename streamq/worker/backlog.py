"""What pools have in common whose jobs are run by tasks of the event loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING

from streamq.worker.room import Slots

if TYPE_CHECKING:
    import asyncio

    from streamq.worker.held import Held


class Backlog(ABC):
    """Jobs that wait for a place, and those that have one. All methods are called in the loop."""

    def __init__(self, capacity: int) -> None:
        self.slots = Slots(capacity)
        self._backlog: deque[Held] = deque()  # not started
        self._tasks: dict[Held, asyncio.Task[None]] = {}  # what runs, and in which task

    @property
    def backlog(self) -> int:
        """How many jobs haven't started."""
        return len(self._backlog)

    @property
    def running(self) -> list[Held]:
        """The jobs that run now."""
        return list(self._tasks)

    def start(self, jobs: list[Held]) -> None:
        """Run these as places get free, in this order."""
        self.slots.held += len(jobs)
        self._backlog.extend(jobs)
        self._fill()

    def stale(self, before: float) -> list[Held]:
        """Take back what was claimed before that moment (monotonic) and hasn't started."""
        taken: list[Held] = []
        while self._backlog and self._backlog[0].due < before:
            taken.append(self._backlog.popleft())
        self.slots.held -= len(taken)
        return taken

    @abstractmethod
    def _fill(self) -> None:
        """Start what may start."""

    def _has_next(self) -> bool:
        """Whether a job waits, and a place is free."""
        return bool(self._backlog) and len(self._tasks) < self.slots.capacity
