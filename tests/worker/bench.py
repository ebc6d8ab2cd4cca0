"""A workbench for single duties: a queue on a server, and the parts that a duty talks to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from streamq import operations
from streamq.operations import ClaimedJob, Record
from streamq.worker.crew import Crew, assemble, enrolment
from streamq.worker.held import Held, Lease
from streamq.worker.identity import Identity
from streamq.worker.options import ChildBounds, Size
from tests.worker.rig import Rig

T = TypeVar("T")


@dataclass
class Bench:
    """A crew that has been put together and registered, but not started."""

    rig: Rig
    crew: Crew
    identity: Identity
    broken: list[BaseException]

    @property
    def queue(self) -> Any:
        return self.crew.queues["default"]

    def duty(self, kind: type[T]) -> T:
        """The duty of this kind for the default queue."""
        crew = self.crew
        every = [*crew.exchanges, *crew.bells, *crew.upkeep, *crew.to_the_end]
        return next(duty for duty in every if isinstance(duty, kind))


def on_bench(
    rig: Rig,
    steps: Callable[[Bench], Awaitable[T]],
    *,
    threads: int = 2,
    slots: int = 2,
    queues: tuple[str, ...] = ("default",),
) -> T:
    """Run the steps in a loop of their own, with a bench that is cleared afterwards."""

    async def run() -> T:
        identity = Identity("bench-1-abcdef", "work", queues, (), threads, slots)
        size = Size(queues, threads, slots, ChildBounds(2), 1.0)
        broken: list[BaseException] = []
        crew = assemble(rig.app, size, identity, birth=None, broken=broken.append)
        bench = Bench(rig, crew, identity, broken)
        await enrolment(rig.app, crew, identity).once()
        try:
            return await steps(bench)
        finally:
            crew.threads.close()
            for bell in crew.bells:
                bell.hang_up()
            await rig.app.client.aclose()
            assert not broken

    running: Coroutine[Any, Any, T] = run()
    return asyncio.run(running)


def held_job(task: str = "add", *, since: float = 0.0, crashes: int = 0) -> Held:
    """A job that only this process knows of."""
    job = ClaimedJob("id", 1, crashes, Record(task, "1-0", "-", b""))
    return Held(job, Lease("default", "t", 1, 0, since))


def claim_one(rig: Rig, worker: str = "other-1-abcdef", token: str = "t" * 32) -> ClaimedJob:
    """Claim a job as another worker would."""
    call = operations.claim(
        rig.app.keys("default"),
        worker=worker,
        token=token,
        lease_ms=1000,
        limit=1,
        result_ttl_ms=1000,
        tasks=(),
    )
    return rig.app.client.run(call).jobs[0]
