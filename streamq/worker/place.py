"""The place of one worker process: one is kept there, watched, replaced and ended."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from streamq.worker.child import Child
from streamq.worker.exits import NOT_CONFIGURED, REPLACED, how_it_died
from streamq.worker.retirement import DONE, RETIRED

if TYPE_CHECKING:
    from streamq.worker.steward import Steward

log = logging.getLogger("streamq.worker")

FIRST_PAUSE_S = 0.1  # before a crashed process is replaced; doubled each time
LONGEST_PAUSE_S = 30.0
STEADY_S = 30.0  # a process that has lived so long didn't crash at its start
KILL_AFTER_S = 1.1  # beyond the grace; with what follows, all has ended 2 s after it


class Place:
    """`keep` runs until told to stop; what happens in other places is nothing to it."""

    def __init__(
        self,
        birth: dict[str, Any],  # what a process needs to know
        steward: Steward,
        grace: float,  # seconds
        stop: asyncio.Event,
        hurry: asyncio.Event,
        *,
        reloads: bool = False,  # is told of changes of the code
    ) -> None:
        self._reloads = reloads
        self._changed = asyncio.Event()
        self._child: Child | None = None  # the one that claims
        self._birth = birth
        self._steward = steward
        self._grace = grace
        self._stop = stop
        self._hurry = hurry
        self._leaving: set[asyncio.Future[int]] = set()  # those that make room

    async def keep(self) -> int:
        """A process in this place as long as we work.

        Returns 0 after a signal or where all is done, 78 where the process can't import the
        application.
        """
        try:
            return await self._keep()
        finally:
            if self._leaving:
                await asyncio.wait(self._leaving)

    def reload(self) -> None:
        """The code has changed: a new process takes over, the old one ends its jobs."""
        self._changed.set()
        if self._child is not None:
            self._child.retire()

    async def _keep(self) -> int:
        pause = FIRST_PAUSE_S
        while True:
            self._changed.clear()
            child = self._child = Child.start(self._birth)
            tended = asyncio.ensure_future(self._tend(child))
            await self._first(tended, child.leaving, None)
            if child.leaves == RETIRED and not self._stop.is_set():
                await self._make_room(tended)
                continue
            code = await tended
            if self._stop.is_set() or (child.leaves == DONE and code == 0):
                return 0
            if code == NOT_CONFIGURED:
                if not self._reloads:
                    return code
                log.error("no worker process runs until the next change of the code")
                await self._change_or_stop()
                if self._stop.is_set():
                    return 0
                continue
            if code == REPLACED:
                log.warning("worker process %d is replaced", child.pid)
                continue
            if time.monotonic() - child.started > STEADY_S:
                pause = FIRST_PAUSE_S
            _say_end(child, code, pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
            if self._stop.is_set():
                return 0
            pause = min(LONGEST_PAUSE_S, pause * 2)

    async def _make_room(self, leaving: asyncio.Future[int]) -> None:
        """While its last jobs go on, another process begins; but there are never three.

        Unless code changes: what runs then is not to wait for the old code's jobs.
        """
        self._leaving = {one for one in self._leaving if not one.done()}
        if self._leaving and not self._reloads:
            await asyncio.wait(self._leaving)
        self._leaving.add(leaving)

    async def _change_or_stop(self) -> None:
        waits = [asyncio.ensure_future(one.wait()) for one in (self._changed, self._stop)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()

    async def _tend(self, child: Child) -> int:
        """Look after a process until it has ended, and after its jobs then."""
        self._steward.take_on(child)
        try:
            code = await self._watch(child)
        finally:
            self._steward.let_go(child)
        if self._stop.is_set() or (child.leaves and code == 0) or code == REPLACED:
            await self._steward.see_off(child)
        else:
            self._steward.bury_later(child)
            if child.leaves:
                log.error("worker process %d died at its end: %s", child.pid, how_it_died(code))
        return code

    async def _watch(self, child: Child) -> int:
        """Wait for its end; pass on what ends us, and be sure of it."""
        ended = asyncio.ensure_future(child.wait())
        try:
            if not await self._first(ended, self._stop, None):
                child.signal(signal.SIGTERM)
                in_time = await self._first(ended, self._hurry, self._grace + KILL_AFTER_S)
                if not in_time and self._hurry.is_set():
                    child.signal(signal.SIGTERM)  # the second one: at once
                    in_time = await self._first(ended, None, KILL_AFTER_S)
                if not in_time:
                    log.error("worker process %d doesn't end, so it is killed", child.pid)
                    child.signal(signal.SIGKILL)
            return await ended
        finally:
            if not ended.done():
                child.signal(signal.SIGKILL)

    async def _first(
        self, ended: asyncio.Future[int], event: asyncio.Event | None, timeout: float | None
    ) -> bool:
        """Wait for the end, an event or a time; whether it was the end."""
        waits: list[asyncio.Future[Any]] = [ended]
        if event is not None:
            waits.append(asyncio.ensure_future(event.wait()))
        await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        for one in waits[1:]:
            one.cancel()
        return ended.done()


def _say_end(child: Child, code: int, pause: float) -> None:
    if code == 0:
        log.warning("worker process %d ended in order; starting another", child.pid)
    else:
        log.error(
            "worker process %d died: %s; its jobs run again, a new process starts in %.1f s",
            child.pid,
            how_it_died(code),
            pause,
        )
