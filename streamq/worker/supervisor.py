"""The supervisor: starts worker processes, renews their leases, replaces and ends them."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from streamq.errors import StreamQError
from streamq.worker import application, funeral
from streamq.worker.child import Child
from streamq.worker.exits import NOT_CONFIGURED, how_it_died
from streamq.worker.options import size_of
from streamq.worker.renewal import Renewer, renew
from streamq.worker.signals import stop_on_signals

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.app import StreamQ
    from streamq.client import Client
    from streamq.keys import QueueKeys
    from streamq.worker.options import WorkerOptions

    Ritual = Callable[[Client, list[QueueKeys], Child, float], int | None]

log = logging.getLogger("streamq.worker")

FIRST_PAUSE_S = 0.1  # before a crashed process is replaced; doubled each time
LONGEST_PAUSE_S = 30.0
STEADY_S = 30.0  # a process that has lived so long didn't crash at its start
KILL_AFTER_S = 1.1  # beyond the grace; with what follows, all has ended 2 s after it
CALL_S = 0.5  # for one call on behalf of a dead process
AT_END_S = 0.1  # for a renewal that goes on at the end
AGAIN_S = 1.0  # between tries to reach a server that is away


class Supervisor:
    """One worker process now, each in a place of its own; `serve` runs until told to stop."""

    def __init__(self, app: StreamQ, options: WorkerOptions) -> None:
        self._app = app
        self._size = size_of(app, options)
        self._queues = [app.keys(queue) for queue in self._size.queues]
        self._lease_ms = int(app.conf.lease * 1000)
        self._birth: dict[str, Any] = {
            "app": application.describe(app),
            "loglevel": options.loglevel or app.conf.loglevel,
            "log_format": options.log_format or app.conf.log_format,
            "worker": {
                "queues": list(self._size.queues),
                "threads": self._size.threads,
                "async_concurrency": self._size.async_concurrency,
                "grace": self._size.grace,
            },
        }
        self._children: dict[int, Child] = {}  # by pid
        self._lock = threading.Lock()  # a dead one must not be renewed
        self._stop, self._hurry = asyncio.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop
        self._funerals: set[asyncio.Task[None]] = set()

    async def serve(self) -> int:
        """Returns the exit code: 0 after a signal, 78 where the processes can't import the app."""
        self._loop = asyncio.get_running_loop()
        renewer = Renewer(self._renew_all, self._lease_ms)
        with stop_on_signals(self._stop, self._hurry):
            renewer.start()
            try:
                return await self._keep_place()
            finally:
                renewer.stop()
                for one in self._funerals:
                    one.cancel()

    async def _keep_place(self) -> int:
        """A process in this place as long as we work."""
        pause = FIRST_PAUSE_S
        while True:
            child = Child.start(self._birth)
            self._children[child.pid] = child
            code = await self._watch(child)
            del self._children[child.pid]
            if self._stop.is_set():
                await self._see_off(child)
                return 0
            if code == NOT_CONFIGURED:
                return code
            if time.monotonic() - child.started > STEADY_S:
                pause = FIRST_PAUSE_S
            self._say_end(child, code, pause)
            self._bury_later(child)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
            if self._stop.is_set():
                return 0
            pause = min(LONGEST_PAUSE_S, pause * 2)

    async def _watch(self, child: Child) -> int:
        """Wait for its end; pass on what ends us, and be sure of it."""
        ended = asyncio.ensure_future(child.wait())
        try:
            if not await self._first(ended, self._stop, None):
                child.signal(signal.SIGTERM)
                in_time = await self._first(ended, self._hurry, self._size.grace + KILL_AFTER_S)
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

    def _renew_all(self) -> None:
        """One round, in the renewing thread."""
        for child in list(self._children.values()):
            self._renew(child)

    def _renew(self, child: Child) -> None:
        with self._lock:
            if child.is_dead or not child.name:
                return
            # A stopped process isn't dead, and not to be counted as crashed. But what it holds
            # must run elsewhere: nothing says that it will ever go on.
            tokens: Callable[[str], list[str]] = child.tokens
            if child.is_stopped():
                tokens = _none
            lost = renew(self._app.client, self._queues, child.name, self._lease_ms, tokens)
        say = self._loop.call_soon_threadsafe
        for queue, token in lost:
            if child.holds(queue, token):
                say(child.tell, "lost", queue, token)
        if tokens is not _none:
            say(child.tell, "renewed")

    def _bury_later(self, child: Child) -> None:
        """As soon as the server can be told."""
        if child.name:
            task = asyncio.get_running_loop().create_task(self._bury(child))
            self._funerals.add(task)
            task.add_done_callback(self._funerals.discard)

    async def _bury(self, child: Child) -> None:
        while True:
            try:
                await asyncio.to_thread(self._after, funeral.after_crash, child, LONGEST_PAUSE_S)
            except StreamQError as error:
                log.debug("the server doesn't hear of the end of %s: %s", child.name, error)
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def _see_off(self, child: Child) -> None:
        """The process has ended: what it could not end may run elsewhere now."""
        if not child.name:
            return
        with suppress(StreamQError):
            count = await asyncio.to_thread(self._after, funeral.after_shutdown, child, AT_END_S)
            if count:
                log.warning("handed back %d jobs that didn't end in time", count)

    def _after(self, ritual: Ritual, child: Child, patience: float) -> int | None:
        """In a thread: not before a renewal that goes on has ended, or it would live again."""
        waited = self._lock.acquire(timeout=patience)
        try:
            return ritual(self._app.client, self._queues, child, CALL_S)
        finally:
            if waited:
                self._lock.release()

    def _say_end(self, child: Child, code: int, pause: float) -> None:
        if code == 0:
            log.warning("worker process %d ended in order; starting another", child.pid)
        else:
            log.error(
                "worker process %d died: %s; its jobs run again, a new process starts in %.1f s",
                child.pid,
                how_it_died(code),
                pause,
            )


def _none(_queue: str) -> list[str]:
    """No leases."""
    return []
