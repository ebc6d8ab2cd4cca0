"""The application of the simulation: every kind of job, and what each run leaves behind."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from streamq import AsyncResult, Concurrency, StreamQ, current_job
from streamq.errors import EnqueueUncertain, StreamQError
from streamq.ids import IdMaker
from tests.simulation.world import Node, World

LEASE_S = 3.0
QUEUE = "sim"
KINDS = ("quick", "slow", "slow", "long", "plain", "flaky", "later", "held", "doomed", "unwanted")


@dataclass
class Run:
    """What a job's function has done."""

    job: str
    node: Node
    attempt: int
    began: float  # on the world's clock
    ended: float | None = None  # None: it is at it, or its process is gone


@dataclass
class Journal:
    """What was asked for, and what ran."""

    runs: list[Run]
    kinds: dict[str, str]  # of each job that surely exists
    perhaps: set[str]  # jobs of which the producer doesn't know

    def begin(self, world: World) -> Run:
        job = current_job()
        run = Run(job.id, world.running, job.attempt, world.now)
        self.runs.append(run)
        return run


def make_app(world: World, node: Node, journal: Journal) -> StreamQ:
    """The application as one process has it."""
    app = StreamQ(
        "sim", lease=LEASE_S, default_queue=QUEUE, broker="redis://simulated", max_crashes=10**6
    )
    tasks = Tasks(world, journal)
    app.task(name="quick")(tasks.quick)
    app.task(name="slow")(tasks.slow)
    app.task(name="long")(tasks.long)
    app.task(name="plain")(tasks.plain)
    app.task(name="flaky", max_attempts=2, backoff=[0.3])(tasks.flaky)
    app.task(name="later")(tasks.quick)
    app.task(name="held", concurrency=Concurrency(1))(tasks.slow)
    app.task(name="doomed")(tasks.doomed)
    app.task(name="unwanted")(tasks.long)
    app.runtime._client = world.client_of(node)
    app.runtime.ids = IdMaker(lambda: time.time_ns())
    return app


class Tasks:
    """What jobs do: begin, wait for a while, end."""

    def __init__(self, world: World, journal: Journal) -> None:
        self._world, self._journal = world, journal

    async def _wait(self, least: float, most: float) -> None:
        run = self._journal.begin(self._world)
        await asyncio.sleep(self._world.random.uniform(least, most))
        run.ended = self._world.now

    async def quick(self) -> None:
        await self._wait(0, 0)

    async def slow(self) -> None:
        await self._wait(0, 1.5)

    async def long(self) -> None:
        await self._wait(LEASE_S, 2 * LEASE_S)

    def plain(self) -> None:
        run = self._journal.begin(self._world)
        time.sleep(self._world.random.uniform(0, 1))
        run.ended = self._world.now

    async def flaky(self) -> None:
        await self._wait(0, 0.2)
        if current_job().attempt == 1:
            raise ConnectionError

    async def doomed(self) -> None:
        await self._wait(0, 0.2)
        raise ValueError


async def produce(app: StreamQ, world: World, journal: Journal, count: int, seconds: float) -> None:
    """Enqueue so many jobs within about so many seconds, and want some of them no more."""
    random = world.random
    cancelling = []
    for _ in range(count):
        kind = random.choice(KINDS)
        task: Any = app.tasks[kind]
        if kind == "later":
            task = task.options(countdown=random.uniform(0.1, 4))
        try:
            job = await task.adelay()
        except EnqueueUncertain as error:
            journal.perhaps.add(error.job_id)
        except StreamQError:  # it was never sent
            continue
        else:
            journal.kinds[job.id] = kind
            if kind == "unwanted":
                cancelling.append(asyncio.ensure_future(_cancel(job, random.uniform(0, 3))))
        if random.random() < 0.6:  # else the next one at once
            await asyncio.sleep(random.expovariate(count * 0.6 / seconds))
    await asyncio.gather(*cancelling)


async def _cancel(job: AsyncResult[Any], after: float) -> None:
    await asyncio.sleep(after)
    while True:
        try:
            await job.acancel()
        except StreamQError:
            await asyncio.sleep(1)
        else:
            return
