"""Tasks with `pool="process"`: child processes that run one job at a time, and are kept warm."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from streamq.operations import HandBack
from streamq.worker.backlog import Backlog
from streamq.worker.held import Ended

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.worker.cell import Cell
    from streamq.worker.held import Held
    from streamq.worker.interrupting import Why
    from streamq.worker.options import ChildBounds
    from streamq.worker.reporting import Hear

log = logging.getLogger("streamq.worker")


class ProcessPool(Backlog):
    """Runs jobs in processes, started when first needed."""

    def __init__(
        self,
        bounds: ChildBounds,
        make_cell: Callable[[], Cell],
        ended: Callable[[list[Ended]], None],
        broken: Callable[[BaseException], None],
        hear: Hear,
    ) -> None:
        super().__init__(bounds.concurrency)
        self._bounds = bounds
        self._make_cell = make_cell
        self._ended = ended
        self._broken = broken
        self._hear = hear
        self._cells: dict[Held, Cell] = {}  # where what runs does
        self._idle: list[Cell] = []  # the last one is the warmest
        self._ending: set[asyncio.Task[int]] = set()

    def kill(self) -> None:
        """Kill what runs; it is handed back, and nothing is counted."""
        for task in self._tasks.values():
            task.cancel()

    def tell(self, held: Held, why: Why) -> bool:
        """Have its process tell it, or end with it; False: it doesn't run here."""
        cell = self._cells.get(held)
        return cell is not None and cell.tell(held, why)

    async def close(self) -> None:
        """See all processes ended; nothing runs any more."""
        for cell in self._idle:
            self._see_off(cell)  # which closes what it has opened
        self._idle.clear()
        if self._ending:
            await asyncio.wait(self._ending)

    def _fill(self) -> None:
        while self._has_next():
            held = self._backlog.popleft()
            self._tasks[held] = asyncio.get_running_loop().create_task(self._run(held))

    async def _run(self, held: Held) -> None:
        try:
            ended = await self._run_in_cell(held, self._take_cell())
        except asyncio.CancelledError:
            ended = Ended(held, HandBack(held.job.id, held.lease.token))
        except BaseException as error:  # noqa: BLE001 - a bug of ours: the worker ends of it
            self._broken(error)
            return
        del self._tasks[held]
        self.slots.ended(1, time.monotonic())
        self._fill()
        self._ended([ended])

    async def _run_in_cell(self, held: Held, cell: Cell) -> Ended:
        self._cells[held] = cell
        try:
            ended = await cell.run(held, self._hear)
        except BaseException:
            self._see_off(cell, at_once=True)
            raise
        finally:
            del self._cells[held]
        if not cell.is_alive:
            return ended
        if why := self._why_replace(cell):
            log.info("a child process is replaced: %s", why)
            self._see_off(cell)
        else:
            self._idle.append(cell)
        return ended

    def _take_cell(self) -> Cell:
        while self._idle:
            cell = self._idle.pop()
            if cell.is_alive:
                return cell
            log.warning("a child process ended while it had nothing to do; starting another")
            self._see_off(cell)
        return self._make_cell()

    def _why_replace(self, cell: Cell) -> str:
        bounds = self._bounds
        if bounds.max_jobs and cell.ran >= bounds.max_jobs:
            return f"it has run {cell.ran} jobs (max_jobs_per_child)"
        if bounds.max_memory and cell.mib > bounds.max_memory:
            return f"it has grown to {cell.mib:.0f} MiB (max_memory_per_child)"
        return ""

    def _see_off(self, cell: Cell, *, at_once: bool = False) -> None:
        if at_once:
            cell.kill()
        task = asyncio.get_running_loop().create_task(cell.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
