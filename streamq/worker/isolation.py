"""Jobs whose process crashed before, each in a process of its own: it takes nobody along."""

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
from streamq.worker.exits import NOT_CONFIGURED, how_it_died
from streamq.worker.held import Ended

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamq.worker.held import Held
    from streamq.worker.room import Slots

log = logging.getLogger("streamq.worker")

AT_ONCE = 4  # processes; what else wants one waits, its lease renewed
END_S = 1.0  # that a process gets to end after its answer
CALM_S = 1.0  # before a job is handed back because its process could not even start
LAST_WORDS_S = 0.3  # for what a process said before it ended
ROOM = 1 << 20  # bytes of a reply beside the result


class IsolatedPool:
    """Runs each job in a fresh interpreter. All methods are called in the loop."""

    def __init__(
        self,
        birth: dict[str, Any] | None,
        largest: int,
        *,
        ended: Callable[[list[Ended]], None],
        broken: Callable[[BaseException], None],
        progress: Callable[[Held, bytes], None],
    ) -> None:
        self._birth = birth  # what a process needs to have the application
        self._largest = largest + ROOM
        self._ended = ended
        self._broken = broken
        self._progress = progress
        self._has_said = False
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._tasks: dict[Held, asyncio.Task[None]] = {}

    @property
    def can_start(self) -> bool:
        """Whether a process could import the application; where not, that is said once."""
        if self._birth is None and not self._has_said:
            self._has_said = True
            log.warning(
                "jobs whose process crashed before run here like others: the application is in no "
                "module's variable, so no process of its own could import it"
            )
        return self._birth is not None

    @property
    def running(self) -> list[Held]:
        """The jobs that run, or wait for their turn."""
        return list(self._tasks)

    def start(self, held: Held, slots: Slots) -> None:
        """Run this job; it takes one of those slots."""
        slots.held += 1
        self._tasks[held] = asyncio.get_running_loop().create_task(self._run(held, slots))

    def kill(self) -> None:
        """Kill what runs; it is handed back, and nothing is counted."""
        for task in self._tasks.values():
            task.cancel()

    async def _run(self, held: Held, slots: Slots) -> None:
        began = time.monotonic()
        try:
            async with self._gate:
                ended = await self._run_alone(held)
        except asyncio.CancelledError:
            ended = Ended(held, HandBack(held.job.id, held.lease.token))
        except BaseException as error:  # noqa: BLE001 - a bug of ours: the worker ends of it
            self._broken(error)
            return
        del self._tasks[held]
        slots.ended(1, time.monotonic())
        ended.seconds = ended.seconds or time.monotonic() - began
        self._ended([ended])

    async def _run_alone(self, held: Held) -> Ended:
        log.info(
            "%s %s runs in a process of its own, after %d crashes",
            held.job.record.task,
            held.job.id,
            held.job.crashes,
        )
        ours, theirs = socket.socketpair()
        with ours, theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "streamq.worker.isolated", str(theirs.fileno())),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
            theirs.close()
            try:
                return await self._converse(held, ours, process)
            finally:
                await _end(process)

    async def _converse(
        self, held: Held, sock: socket.socket, process: asyncio.subprocess.Process
    ) -> Ended:
        reader, writer = await asyncio.open_connection(sock=sock)
        exited = asyncio.ensure_future(process.wait())
        has_started = False
        try:
            writer.write(frames.pack([self._birth, frames.held_to_wire(held)]))
            while True:
                kind, *rest = await _next(reader, exited, self._largest)
                if kind == "ended":
                    return frames.ended_from_wire(rest[0], held)
                if kind == "progress":
                    self._progress(held, rest[0])
                has_started = True
        except frames.TooLarge as error:
            log.error("job %s: a reply of its process is too large (%s)", held.job.id, error)  # noqa: TRY400
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # it is dead, or about to be
        finally:
            exited.cancel()
            writer.close()
        code = await _end(process)
        if not has_started or code == NOT_CONFIGURED:
            log.error("the process for job %s did not start (%s)", held.job.id, how_it_died(code))
            await asyncio.sleep(CALM_S)
            return Ended(held, HandBack(held.job.id, held.lease.token))
        crash = HandBack(held.job.id, held.lease.token, crashed=True)
        return Ended(held, crash, problem=f"its process crashed: {how_it_died(code)}")


async def _next(reader: asyncio.StreamReader, exited: asyncio.Future[int], most: int) -> Any:
    """The next message; IncompleteReadError also where only others hold on to its socket."""
    reading = asyncio.ensure_future(frames.read(reader, most))
    try:
        await asyncio.wait([reading, exited], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait([reading], timeout=LAST_WORDS_S if exited.done() else 0)
        if not reading.done():
            raise asyncio.IncompleteReadError(b"", None)
        return reading.result()
    finally:
        reading.cancel()


async def _end(process: asyncio.subprocess.Process) -> int:
    """See the process ended; returns its code, negative for a signal."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_S):
            return await process.wait()
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    return await process.wait()
