"""Async tasks on the event loop: an asyncio task per job, as many at once as there are slots.

A task of its own keeps what a job does to it (context variables, cancelling itself) from the
next one; reused tasks would save 3 µs a job.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from streamq.worker.room import Slots

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from streamq.worker.held import Ended, Held
    from streamq.worker.runner import Runner


class LoopPool:
    """Runs jobs on one event loop; all methods are called there."""

    def __init__(
        self,
        slots: int,
        runner: Runner,
        ended: Callable[[list[Ended]], None],
        broken: Callable[[BaseException], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.slots = Slots(slots)
        self._runner = runner
        self._ended = ended
        self._broken = broken
        self._loop = loop
        self._backlog: deque[Held] = deque()  # not started
        self._tasks: dict[Held, asyncio.Task[None]] = {}
        self._is_cancelled = False

    @property
    def backlog(self) -> int:
        """How many jobs haven't started."""
        return len(self._backlog)

    @property
    def running(self) -> list[Held]:
        """The jobs that run now."""
        return list(self._tasks)

    def start(self, jobs: list[Held]) -> None:
        """Run these as slots get free, in this order."""
        self.slots.held += len(jobs)
        self._backlog.extend(jobs)
        self._fill()

    def stale(self, before: float) -> list[Held]:
        """Take back what was claimed before that moment (monotonic) and hasn't started."""
        taken: list[Held] = []
        while self._backlog and self._backlog[0].lease.since < before:
            taken.append(self._backlog.popleft())
        self.slots.held -= len(taken)
        return taken

    def cancel(self) -> None:
        """Cancel what runs; it is handed back as it ends."""
        self._is_cancelled = True
        for task in self._tasks.values():
            task.cancel("the worker shuts down")

    def _fill(self) -> None:
        backlog, tasks, capacity = self._backlog, self._tasks, self.slots.capacity
        while backlog and len(tasks) < capacity:
            held = backlog.popleft()
            tasks[held] = self._loop.create_task(self._run(held), name=held.job.id)

    async def _run(self, held: Held) -> None:
        try:
            ended = await self._runner.run_async(held, self._was_cancelled)
        except BaseException as error:  # noqa: BLE001 - a bug of ours: the worker ends of it
            self._broken(error)
            return
        del self._tasks[held]
        self.slots.ended(1, time.monotonic())
        if self._backlog:
            self._fill()
        self._ended([ended])

    def _was_cancelled(self) -> bool:
        return self._is_cancelled
