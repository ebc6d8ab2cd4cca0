"""Jobs whose process crashed before, each in a process of its own: it takes nobody along."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from streamq.operations import HandBack
from streamq.worker.held import Ended

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.worker.cell import Cell
    from streamq.worker.held import Held
    from streamq.worker.interrupting import Why
    from streamq.worker.reporting import Hear
    from streamq.worker.room import Slots

log = logging.getLogger("streamq.worker")

AT_ONCE = 4  # processes; what else wants one waits, its lease renewed


class IsolatedPool:
    """Runs each job in a fresh interpreter. All methods are called in the loop."""

    def __init__(
        self,
        make_cell: Callable[[], Cell] | None,
        ended: Callable[[list[Ended]], None],
        broken: Callable[[BaseException], None],
        hear: Hear,
    ) -> None:
        self._make_cell = make_cell  # None: no process could import the application
        self._ended = ended
        self._broken = broken
        self._hear = hear
        self._has_said = False
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._tasks: dict[Held, asyncio.Task[None]] = {}
        self._cells: dict[Held, Cell] = {}  # of those whose turn it is
        self._waiting: set[Held] = set()  # for their turn

    @property
    def can_start(self) -> bool:
        """Whether a process could import the application; where not, that is said once."""
        if self._make_cell is None and not self._has_said:
            self._has_said = True
            log.warning(
                "jobs whose process crashed before run here like others: the application is in no "
                "module's variable, so no process of its own could import it"
            )
        return self._make_cell is not None

    @property
    def running(self) -> list[Held]:
        """The jobs that run, or wait for their turn."""
        return list(self._tasks)

    def start(self, held: Held, slots: Slots) -> None:
        """Run this job; it takes one of those slots."""
        slots.held += 1
        self._waiting.add(held)
        self._tasks[held] = asyncio.get_running_loop().create_task(self._run(held, slots))

    def tell(self, held: Held, why: Why) -> bool:
        """Have its process tell it, or end with it; False: it doesn't run here (any more, or yet).

        One that waits for its turn is handed back.
        """
        if held in self._waiting:
            held.told = why
            return self._tasks[held].cancel()
        cell = self._cells.get(held)
        return cell is not None and cell.tell(held, why)

    def kill(self) -> None:
        """Kill what runs; it is handed back, and nothing is counted."""
        for task in self._tasks.values():
            task.cancel()

    async def _run(self, held: Held, slots: Slots) -> None:
        began = time.monotonic()
        try:
            async with self._gate:
                self._waiting.discard(held)
                ended = await self._run_alone(held)
        except asyncio.CancelledError:
            ended = Ended(held, HandBack(held.job.id, held.lease.token))
        except BaseException as error:  # noqa: BLE001 - a bug of ours: the worker ends of it
            self._broken(error)
            return
        self._waiting.discard(held)
        del self._tasks[held]
        slots.ended(1, time.monotonic())
        ended.seconds = ended.seconds or time.monotonic() - began
        self._ended([ended])

    async def _run_alone(self, held: Held) -> Ended:
        if self._make_cell is None:
            raise RuntimeError("no process could import the application")
        log.info(
            "%s %s runs in a process of its own, after %d crashes",
            held.job.record.task,
            held.job.id,
            held.job.crashes,
        )
        cell = self._cells[held] = self._make_cell()
        try:
            ended = await cell.run(held, self._hear)
        except BaseException:
            cell.kill()
            raise
        finally:
            del self._cells[held]
            await cell.end()
        return ended
