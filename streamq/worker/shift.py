"""A worker's life, from being registered to being forgotten."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from streamq import operations
from streamq.worker import application, funeral, last_resort
from streamq.worker.canceller import RHYTHM_S, Canceller
from streamq.worker.crew import assemble, enrolment
from streamq.worker.leases import SETTLING_S
from streamq.worker.lifespan import lifespans
from streamq.worker.orders import Orders
from streamq.worker.renewal import renew, renewing
from streamq.worker.retirement import DONE, RETIRED, Retirement
from streamq.worker.rounds import Rounds
from streamq.worker.shutdown import Shutdown
from streamq.worker.weather import TROUBLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamq.app import StreamQ
    from streamq.worker.duty import Duty
    from streamq.worker.held import Held
    from streamq.worker.identity import Identity
    from streamq.worker.link import Link
    from streamq.worker.options import Size

log = logging.getLogger("streamq.worker")

END_S = 0.2  # that duties get to end by themselves
CALL_S = 1.0  # for a last call
ROUND_S = 0.2  # that a round gets to end; a renewal that comes later only says that we live


class Shift:
    """Works once, in the running loop."""

    def __init__(self, app: StreamQ, size: Size, identity: Identity, link: Link | None) -> None:
        self._app = app
        self._size = size
        self._identity = identity
        self._link = link
        self._lease_ms = int(app.conf.lease * 1000)
        self._loop = asyncio.get_running_loop()
        self._trouble: asyncio.Future[None] = self._loop.create_future()
        self._retired = asyncio.Event()
        self._crew = assemble(app, size, identity, birth=_birth(app), broken=self._broken)
        self._crew.upkeep.append(self._make_retirement())
        broken = self._broken_in_thread
        canceller = Canceller(app.client, self._crew, identity.name)
        self._rounds = (  # in the order in which they stop
            Rounds("canceller", canceller.once, RHYTHM_S, broken=broken),
            renewing(self._renew, self._lease_ms, broken),
        )
        timekeeper = self._crew.pools.timekeeper
        timekeeper.replace = partial(self._leave_by_itself, RETIRED)
        if link is not None:  # else nobody would start another process
            timekeeper.end = partial(last_resort.end_process, app.client, self._crew)

    async def work(self, stop: asyncio.Event, hurry: asyncio.Event) -> list[Held]:
        """Work until told to stop; returns the jobs that can't be ended. Raises a duty's error."""
        async with lifespans(self._app):
            return await self._work(stop, hurry)

    async def _work(self, stop: asyncio.Event, hurry: asyncio.Event) -> list[Held]:
        crew, left = self._crew, []
        crew.upkeep.append(self._make_orders(stop))
        enrol = enrolment(self._app, crew, self._identity)
        try:
            if await self._enrol(enrol, stop):
                for one in self._rounds:
                    one.start()
                if self._link is not None:
                    self._link.serve(crew.book, partial(self._leave_by_itself, RETIRED))
                left = await self._run_duties(enrol, stop, hurry)
        finally:
            for one in self._rounds:
                one.stop(timeout=ROUND_S)
            crew.pools.timekeeper.close()
            crew.threads.close()
            await crew.processes.close()
            self._trouble.cancel()
        if self._link is None or not self._link.is_open:
            # Under a supervisor this is its part, once the process has ended.
            await self._leave(left)
        return left

    def _leave_by_itself(self, why: str) -> None:
        """It is time to end, although nobody asks for it."""
        self._retired.set()
        if self._link is not None:
            self._link.leave(why)

    def _broken(self, error: BaseException) -> None:
        """What should never happen has happened."""
        if not self._trouble.done():
            self._trouble.set_exception(error)

    def _broken_in_thread(self, error: BaseException) -> None:
        self._loop.call_soon_threadsafe(self._broken, error)

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

    async def _run_duties(
        self, enrol: Duty, stop: asyncio.Event, hurry: asyncio.Event
    ) -> list[Held]:
        crew = self._crew
        closing, closed = asyncio.Event(), asyncio.Event()
        first: list[Duty] = [*crew.bells, *crew.upkeep]
        last: list[Duty] = [*crew.exchanges, *crew.relayers, *crew.to_the_end, enrol]
        running = {self._loop.create_task(duty.run(closing)) for duty in first}
        running |= {self._loop.create_task(duty.run(closed)) for duty in last}
        reasons = {self._loop.create_task(_wait(one)) for one in (stop, self._retired)}
        watched: set[asyncio.Future[None]] = {*running, self._trouble, *reasons}
        try:
            done, _ = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            for one in done - reasons:
                one.result()  # a duty that died takes the worker down, loudly
                raise RuntimeError("a duty ended by itself")
            closing.set()
            return await self._shut_down(first, stop, hurry)
        finally:
            for reason in reasons:
                reason.cancel()
            closed.set()
            for duty in (*first, *last):
                duty.alarm.set()
            await _end(running)

    async def _shut_down(
        self, first: Sequence[Duty], stop: asyncio.Event, hurry: asyncio.Event
    ) -> list[Held]:
        steps = Shutdown(self._crew, hurry)
        steps.stop_claiming()
        for duty in first:
            duty.alarm.set()
        steps.hand_back_waiting()
        if (running := self._crew.pools.running) and stop.is_set():
            log.info("stopping: %d jobs run, and have %g s to end", len(running), self._size.grace)
        await steps.let_jobs_finish(stop, self._size.grace)
        await steps.cancel_what_can_be()
        steps.give_up_stubborn()
        await steps.settle()
        await steps.relay()
        return steps.left()

    async def _leave(self, left: list[Held]) -> None:
        """Be forgotten by the queues, or, with jobs left on threads, only stop renewing them."""
        client, name = self._app.client, self._identity.name
        settled = self._crew.pools.timekeeper.stubborn
        left = [held for held in left if held not in settled]
        queues = [queue.keys for queue in self._crew.queues.values()]
        with suppress(*TROUBLE):
            if not left:
                await asyncio.to_thread(funeral.after_shutdown, client, queues, name, CALL_S)
        for keys in queues if left else ():
            # Shown alive for longer than the leases last, so that no crash is counted.
            lease_ms = self._lease_ms
            call = operations.extend(keys, worker=name, alive_ms=2 * lease_ms, lease_ms=lease_ms)
            with suppress(*TROUBLE):
                await client.run_async(call, timeout=CALL_S)
        for held in left:
            log.warning(
                "job %s (%s) still runs on a thread, which can't be ended; it will run again "
                "elsewhere when its lease has run out",
                held.job.id,
                held.job.record.task,
            )

    def _make_orders(self, stop: asyncio.Event) -> Orders:
        def end() -> None:
            self._leave_by_itself(DONE)  # no other process is to take its place
            stop.set()

        keys = next(iter(self._crew.queues.values())).keys
        crew, name = self._crew, self._identity.name
        return Orders(self._app.client, keys, crew.weather, worker=name, flow=crew.flow, end=end)

    def _make_retirement(self) -> Retirement:
        crew = self._crew
        crew.flow.retirement = Retirement(
            self._app.client,
            crew.queues.values(),
            crew.pools,
            crew.weather,
            size=self._size,
            leave=self._leave_by_itself,
        )
        return crew.flow.retirement

    def _renew(self) -> None:
        """From a thread: alone, or in place of a supervisor that is silent."""
        if self._link is not None and not self._link.is_silent(self._lease_ms / 2000):
            return
        keys = [queue.keys for queue in self._crew.queues.values()]
        book, name = self._crew.book, self._identity.name
        for queue, token in renew(self._app.client, keys, name, self._lease_ms, book.tokens):
            with suppress(RuntimeError):  # the loop has ended
                tell = partial(self._loop.call_later, SETTLING_S, book.lost, queue, token)
                self._loop.call_soon_threadsafe(tell)


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def _end(running: set[asyncio.Task[None]]) -> None:
    """Let duties end by themselves, then cancel them; what they raise now is only logged."""
    _, late = await asyncio.wait(running, timeout=END_S)
    for one in late:
        one.cancel()
    for result in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(result, Exception):
            log.error("a duty failed: %s", result, exc_info=result)


def _birth(app: StreamQ) -> dict[str, Any] | None:
    """What a process for one job needs to know; None where none could import the application."""
    conf = app.conf
    if application.locate(app) is None:
        return None
    return {
        "app": application.describe(app),
        "loglevel": conf.loglevel,
        "log_format": conf.log_format,
    }
