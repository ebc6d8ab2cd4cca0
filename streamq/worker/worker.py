"""The worker: claims jobs and runs them, in one event loop, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from streamq import operations
from streamq.worker import application
from streamq.worker.crew import assemble, enrolment
from streamq.worker.identity import Identity, new_name
from streamq.worker.options import WorkerOptions, size_of
from streamq.worker.renewal import Renewer, renew
from streamq.worker.shutdown import Shutdown
from streamq.worker.signals import stop_on_signals
from streamq.worker.weather import TROUBLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamq.app import StreamQ
    from streamq.worker.crew import Crew
    from streamq.worker.duty import Duty
    from streamq.worker.held import Held
    from streamq.worker.link import Link

log = logging.getLogger("streamq.worker")

END_S = 0.5  # that duties get to end by themselves


class Worker:
    """One worker process; `serve` runs it in the running loop, `run` in one of its own.

    Claims from `queues` (default: every queue that a task of the application names), runs plain
    tasks on `threads` threads and `async_concurrency` async tasks at once.
    """

    def __init__(
        self,
        app: StreamQ,
        *,
        queues: Iterable[str] | None = None,
        threads: int | None = None,
        async_concurrency: int | None = None,
        name: str | None = None,
        grace: float | None = None,  # seconds that jobs get to end
        link: Link | None = None,  # to the supervisor, where there is one
    ) -> None:
        self.app = app
        self.name = name or new_name()
        self.left: list[Held] = []  # jobs that still ran on threads when it ended
        self.hurry = threading.Event()
        options = WorkerOptions(
            queues=tuple(queues) if queues else None,
            threads=threads,
            async_concurrency=async_concurrency,
            grace=grace,
        )
        self._size = size_of(app, options)
        self._link = link
        self._lease_ms = int(app.conf.lease * 1000)

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues that it serves."""
        return self._size.queues

    def run(self) -> None:
        """Work until SIGTERM, SIGINT or SIGHUP; a second one ends it at once.

        Signals are only heard in a program's main thread.
        """
        with asyncio.Runner() as runner:
            runner.run(self._serve_until_signal())

    async def serve(self, stop: asyncio.Event, hurry: asyncio.Event | None = None) -> None:
        """Work until `stop` is set; then end within the grace, or at once if `hurry` is set.

        Jobs that can't be ended (plain tasks on threads) are in `left` afterwards. Raises what
        should never happen; trouble with the server is waited out.
        """
        loop = asyncio.get_running_loop()
        trouble: asyncio.Future[None] = loop.create_future()

        def broken(error: BaseException) -> None:
            if not trouble.done():
                trouble.set_exception(error)

        identity = Identity(
            self.name,
            self.app.name,
            self._size.queues,
            len(self.app.tasks),
            self._size.threads,
            self._size.async_concurrency,
        )
        birth = self._birth()
        crew = assemble(self.app, self._size, identity, birth=birth, broken=broken)
        renewer = self._renewer(crew, lambda error: loop.call_soon_threadsafe(broken, error))
        try:
            await self._work(crew, identity, renewer, stop, trouble, hurry or asyncio.Event())
        finally:
            renewer.stop(timeout=1.0)
            crew.threads.close()
            if not trouble.done():
                trouble.cancel()
        await self._leave(crew)

    async def _work(
        self,
        crew: Crew,
        identity: Identity,
        renewer: Renewer,
        stop: asyncio.Event,
        trouble: asyncio.Future[None],
        hurry: asyncio.Event,
    ) -> None:
        enrol = enrolment(self.app, crew, identity)
        if not await self._enrol(enrol, stop):
            return
        renewer.start()
        if self._link is not None:
            self._link.serve(crew.book)
        closing, closed = asyncio.Event(), asyncio.Event()
        first = [*crew.bells, *crew.upkeep]
        last = [*crew.exchanges, *crew.to_the_end, enrol]
        running = {asyncio.ensure_future(duty.run(closing)): duty for duty in first}
        running |= {asyncio.ensure_future(duty.run(closed)): duty for duty in last}
        stopped = asyncio.ensure_future(stop.wait())
        try:
            done, _ = await asyncio.wait(
                [*running, trouble, stopped], return_when=asyncio.FIRST_COMPLETED
            )
            for one in done - {stopped}:
                one.result()  # a duty that died: loudly
                raise RuntimeError("a duty ended by itself")
            await self._shut_down(crew, closing, first, hurry)
        finally:
            stopped.cancel()
            closed.set()
            await _end(running)

    async def _enrol(self, enrol: Duty, stop: asyncio.Event) -> bool:
        """Become known before the first claim; False where told to stop before."""
        while not stop.is_set():
            try:
                await enrol.once()
            except TROUBLE as error:
                await asyncio.sleep(enrol.weather.failed(error))
            else:
                return True
        return False

    async def _shut_down(
        self, crew: Crew, closing: asyncio.Event, first: list[Any], hurry: asyncio.Event
    ) -> None:
        steps = Shutdown(crew, self._size.grace, hurry)
        steps.stop_claiming()
        closing.set()
        for duty in first:
            duty.alarm.set()
        steps.hand_back_waiting()
        if running := crew.pools.running:
            log.info("stopping: %d jobs run, and have %g s to end", len(running), self._size.grace)
        await steps.let_jobs_finish()
        await steps.cancel_what_can_be()
        await steps.settle()
        self.left = steps.left()

    async def _leave(self, crew: Crew) -> None:
        """Be forgotten by the queues, or, with jobs left on threads, only stop renewing them.

        Under a supervisor that is its part, after the process has ended.
        """
        if self._link is not None and self._link.is_open:
            return
        client = self.app.client
        with suppress(*TROUBLE):
            for queue in crew.queues.values():
                if self.left:
                    # Shown alive for longer than the leases last, so that no crash is counted.
                    call: Any = operations.extend(
                        queue.keys, worker=self.name, alive_ms=2 * self._lease_ms, lease_ms=1
                    )
                else:
                    call = operations.unregister(queue.keys, worker=self.name)
                await client.run_async(call, timeout=1.0)
        for held in self.left:
            log.warning(
                "job %s (%s) still runs on a thread, which can't be ended; it will run again "
                "elsewhere when its lease has run out",
                held.job.id,
                held.job.record.task,
            )

    def _renewer(self, crew: Crew, broken: Any) -> Renewer:
        """Renews from a thread: alone, or in place of a supervisor that is silent."""
        keys = [queue.keys for queue in crew.queues.values()]
        book = crew.book

        def once() -> None:
            lost = renew(self.app.client, keys, self.name, self._lease_ms, book.tokens)
            for queue, token in lost:
                book.lost(queue, token)

        is_needed = partial(self._link.is_silent, self._lease_ms / 2000) if self._link else None
        if is_needed is None:
            return Renewer(once, self._lease_ms, broken=broken)
        return Renewer(once, self._lease_ms, is_needed=is_needed, broken=broken)

    def _birth(self) -> dict[str, Any] | None:
        conf = self.app.conf
        return {
            "app": application.describe(self.app) if self.app.location else None,
            "loglevel": conf.loglevel,
            "log_format": conf.log_format,
        }

    async def _serve_until_signal(self) -> None:
        stop, hurry = asyncio.Event(), asyncio.Event()
        with stop_on_signals(stop, hurry):
            await self.serve(stop, hurry)


async def _end(running: dict[asyncio.Future[None], Duty]) -> None:
    """Let duties end by themselves, then cancel them; what they raise now is only logged."""
    for duty in running.values():
        duty.alarm.set()
    _, late = await asyncio.wait(running, timeout=END_S)
    for one in late:
        one.cancel()
    for result in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(result, Exception):
            log.error("a duty failed: %s", result, exc_info=result)
