"""Async tasks on the event loop, as many at once as there are slots.

An asyncio task for each job costs 5 µs, so jobs that end without ever having suspended share one.
The first that suspends keeps it to itself: what libraries remember by `current_task()`, time-outs
and cancellations are its own. Each job has context variables of its own in any case.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from streamq.worker.backlog import Backlog
from streamq.worker.interrupting import SoftLimitAtAwait, Why

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from contextvars import Context

    from streamq.worker.held import Ended, Held
    from streamq.worker.runner import Runner

TURN_S = 0.005  # for which jobs that never suspend keep the loop from everything else
MANY = 64  # in hand: the claim and the acks of many more are on their way to the server


class LoopPool(Backlog):
    """Runs jobs on one event loop."""

    def __init__(
        self,
        slots: int,
        runner: Runner,
        ended: Callable[[list[Ended]], None],
        broken: Callable[[BaseException], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(slots)
        self._runner = runner
        self._ended = ended
        self._broken = broken
        self._loop = loop
        self._context = copy_context()  # each job begins with a copy of it
        self._starting: Held | None = None  # in its first step
        self._is_driven = False  # a task is about to start jobs, or does
        self._is_cancelled = False

    @property
    def running(self) -> list[Held]:
        """The jobs that run now, also the one that hasn't awaited anything; from any thread."""
        starting = self._starting
        return [*self._tasks, *([] if starting is None else [starting])]

    def cancel(self) -> None:
        """Cancel what runs; it is handed back as it ends."""
        self._is_cancelled = True
        for task in self._tasks.values():
            task.cancel("the worker shuts down")

    def tell(self, held: Held, why: Why) -> bool:
        """Cancel this job's task; False: it doesn't wait for anything, so it can't be told."""
        task = self._tasks.get(held)
        if task is None:
            return False
        held.told = why
        task.cancel(why.value)
        return True

    def at_work(self) -> Held | None:
        """Whose code is on the loop at this moment; from any thread."""
        if self._starting is not None:
            return self._starting
        now = asyncio.current_task(self._loop)
        return next((held for held, task in list(self._tasks.items()) if task is now), None)

    def _fill(self) -> None:
        if not self._is_driven and self._has_next():
            self._is_driven = True
            self._loop.create_task(self._drive())

    async def _drive(self) -> None:
        """Start jobs until one suspends, and see that one through; another task goes on."""
        try:
            ended = await self._see_through(found) if (found := self._run_to_first()) else None
        except BaseException as error:  # noqa: BLE001 - a bug of ours: the worker ends of it
            self._broken(error)
            return
        if ended is not None:
            self._note([ended])
        self._fill()

    def _run_to_first(self) -> Suspended | None:
        """Run jobs that don't suspend, for 5 ms at most; returns the first one that does."""
        if len(self._backlog) > MANY:
            # Where a core is short the server goes first. It answers those who wait for it at the
            # same moment, so two workers would keep it from a core and then all wait for it.
            os.sched_yield()
        task: Any = asyncio.current_task()
        ended: list[Ended] = []
        found = None
        turn_ends = time.monotonic() + TURN_S
        while self._has_next():
            held = self._backlog.popleft()
            self._starting = held
            context = self._context.copy()
            running = self._runner.run_async(held, self._was_cancelled)
            try:
                awaited = context.run(running.send, None)
            except StopIteration as end:
                ended.append(end.value)
                # One that has cancelled itself must not hit the next.
                if time.monotonic() < turn_ends and not task._must_cancel:  # noqa: SLF001
                    continue
            else:
                found = Suspended(held, running, context, awaited)
                self._tasks[held] = task
                task.set_name(held.job.id)
            break
        self._is_driven, self._starting = False, None
        if ended:
            self._note(ended)
        return found

    async def _see_through(self, found: Suspended) -> Ended:
        self._fill()
        ended = await found
        del self._tasks[found.held]
        return ended

    def _note(self, ended: list[Ended]) -> None:
        self.slots.ended(len(ended), time.monotonic())
        self._ended(ended)

    def _was_cancelled(self) -> bool:
        return self._is_cancelled


async def see_through(held: Held, coroutine: Coroutine[Any, Any, Ended]) -> Ended:
    """Run a job that can be told to stop, in a task of its own."""
    try:
        awaited = coroutine.send(None)
    except StopIteration as end:
        ended: Ended = end.value
        return ended
    return await Suspended(held, coroutine, copy_context(), awaited)


class Suspended:
    """What is left of a job's coroutine after its first step, to be awaited.

    Where that is cancelled because of a soft limit, the job gets that in its place.
    """

    __slots__ = ("_awaited", "_context", "_coroutine", "held")

    def __init__(
        self, held: Held, coroutine: Coroutine[Any, Any, Ended], context: Context, awaited: Any
    ) -> None:
        self.held = held
        self._coroutine = coroutine
        self._context = context
        self._awaited = awaited  # the future that it waits for

    def __await__(self) -> Generator[Any, Any, Ended]:
        run, coroutine, awaited = self._context.run, self._coroutine, self._awaited
        while True:
            step: Callable[[Any], Any] = coroutine.send
            try:
                sent = yield awaited
            except BaseException as error:  # noqa: BLE001 - a cancellation, for the job
                step, sent = coroutine.throw, self._as_told(error)
            try:
                awaited = run(step, sent)
            except StopIteration as end:
                ended: Ended = end.value
                return ended

    def _as_told(self, error: BaseException) -> BaseException:
        if self.held.told is not Why.SOFT:
            return error
        self.held.told = None  # the next cancellation is one
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - only a task awaits this
        task.uncancel()  # it isn't: it may go on until its hard limit
        return SoftLimitAtAwait()
