"""A process that runs one job at a time, as the worker sees it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
import time
from typing import TYPE_CHECKING, Any

from streamq.operations import HandBack
from streamq.worker import frames
from streamq.worker.exits import how_it_died
from streamq.worker.held import Ended
from streamq.worker.interrupting import Why

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.worker.held import Held
    from streamq.worker.reporting import Hear

log = logging.getLogger("streamq.worker")

END_S = 1.0  # that a process gets to end by itself
CANCEL_S = 5.0  # that a cancelled job gets to clean up, before its process is killed
CALM_S = 1.0  # before a job is handed back because its process could not even start
LAST_WORDS_S = 0.3  # for what a process said before it ended
ROOM = 1 << 20  # bytes of a reply beside the result


class Cell:
    """A fresh interpreter, started with the first job; kept, it runs the next ones."""

    def __init__(
        self, birth: dict[str, Any], largest: int, timed_out: Callable[[Held, float], Ended]
    ) -> None:
        self.ran = 0  # jobs
        self.mib = 0.0  # of memory, after the last job
        self._birth = birth  # what it needs to have the application
        self._largest = largest + ROOM  # bytes of a message
        self._timed_out = timed_out  # what becomes of a job that was killed, begun then (monotonic)
        self._running: Held | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._exited: asyncio.Future[int]
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    @property
    def is_alive(self) -> bool:
        """Whether it was started and has not ended, as far as is known."""
        return self._process is not None and self._process.returncode is None

    async def run(self, held: Held, hear: Hear) -> Ended:
        """Run this job. A process that dies of it is that job's crash, and names its end.

        Where it never came to the job, that is handed back, and nothing is counted. Cancelled, it
        leaves the process as it is: kill it.
        """
        if self._process is None:
            await self._start()
        self._running = held
        try:
            return await self._converse(held, hear)
        finally:
            self._running = None

    async def _converse(self, held: Held, hear: Hear) -> Ended:
        began = time.monotonic()
        has_begun = False
        try:
            self._writer.write(frames.pack(frames.held_to_wire(held)))
            while True:
                kind, *rest = await self._next()
                if kind == "ended":
                    self.ran, self.mib = self.ran + 1, rest[1]
                    ended = frames.ended_from_wire(rest[0], held)
                    ended.seconds = ended.seconds or time.monotonic() - began
                    return ended
                has_begun = True  # it said so first
                if answer := await hear(held, kind, rest):
                    self._writer.write(frames.pack(answer))
        except frames.TooLarge as error:
            log.error("job %s: a reply of its process is too large (%s)", held.job.id, error)  # noqa: TRY400
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # it is dead, or about to be
        how = how_it_died(await self.end())
        if not has_begun:
            return await self._not_begun(held, how)
        seconds = time.monotonic() - began
        if held.told is Why.HARD:
            return self._timed_out(held, began)
        if held.told is Why.CANCELLED:
            return Ended(held, HandBack(held.job.id, held.lease.token), seconds)
        crash = HandBack(held.job.id, held.lease.token, crashed=True)
        return Ended(held, crash, seconds, problem=f"its process crashed: {how}")

    async def end(self) -> int:
        """See it ended, killed if need be; returns its code, negative for a signal."""
        if self._process is None:
            return 0
        self._writer.close()  # which ends it
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                return await asyncio.shield(self._exited)
        self.kill()
        return await self._exited

    def tell(self, held: Held, why: Why) -> bool:
        """Have the job that runs here stop, by a signal, or over its hard limit without one.

        False where it doesn't run (any more, or yet).
        """
        if self._running is not held:
            return False
        held.told = why
        if why is Why.HARD:
            self.kill()
            return True
        self._writer.write(frames.pack({"stop": why.value, "id": held.job.id}))
        if why is Why.CANCELLED:
            loop = asyncio.get_running_loop()
            loop.call_later(CANCEL_S, self._kill_if_running, held)
        return True

    def _kill_if_running(self, held: Held) -> None:
        if self._running is held:
            log.warning("job %s ignores that it is cancelled: its process is killed", held.job.id)
            self.kill()

    def kill(self) -> None:
        """At once."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _not_begun(self, held: Held, how: str) -> Ended:
        if not self.ran:
            log.error("the process for job %s did not start (%s)", held.job.id, how)
            await asyncio.sleep(CALM_S)
        return Ended(held, HandBack(held.job.id, held.lease.token))

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "streamq.worker.isolated", str(theirs.fileno())),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        self._exited = asyncio.ensure_future(self._process.wait())
        self._reader, self._writer = await asyncio.open_connection(sock=ours)
        self._writer.write(frames.pack(self._birth))

    async def _next(self) -> Any:
        """The next message; IncompleteReadError also where only others hold on to its socket."""
        reading = asyncio.ensure_future(frames.read(self._reader, self._largest))
        try:
            await asyncio.wait([reading, self._exited], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([reading], timeout=LAST_WORDS_S if self._exited.done() else 0)
            if not reading.done():
                raise asyncio.IncompleteReadError(b"", None)
            return reading.result()
        finally:
            reading.cancel()
