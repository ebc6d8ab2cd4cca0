"""Where what a job says goes: encoded here, sent by the worker, in whatever process it runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from streamq import operations
from streamq.job_reading import pack_progress
from streamq.operations import CHILDREN, CHUNKS, LOG, MOST_ENTRIES
from streamq.worker.weather import TROUBLE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from streamq.client import Client
    from streamq.codec import Codec
    from streamq.worker.held import Held
    from streamq.worker.progress import ProgressFlusher
    from streamq.worker.served import ServedQueue
    from streamq.worker.timekeeper import Timekeeper
    from streamq.worker.trails import Trails
    from streamq.worker.weather import Weather

MOST_CHECKPOINT_BYTES = 64 << 10  # a claim brings those of all its jobs


# Takes in what a job in a process of its own says; returns the answer, where it waits for one.
Hear: TypeAlias = "Callable[[Held, str, list[Any]], Awaitable[dict[str, Any] | None]]"


class Reports(Protocol):
    """What takes in what jobs say, packed."""

    def progress(self, held: Held, packed: bytes) -> None:
        """The latest counts."""

    def say(self, held: Held, kind: str, packed: bytes, keep_ms: int) -> None:
        """An entry of a trail; `ResultError` where there are too many."""

    def checkpoint(self, held: Held, packed: bytes) -> bool:
        """Kept when it returns; False: the job isn't this run's any more. May block."""
        ...

    async def acheckpoint(self, held: Held, packed: bytes) -> bool:
        """As `checkpoint`, in a loop."""
        ...

    def limit(self, held: Held, soft_s: float, hard_s: float) -> None:
        """This run begins, and may take only so long; 0: no limit."""

    def extend(self, held: Held, seconds: float) -> None:
        """It may take so much longer."""


class Reporter:
    """What one job says, on its way out: `RunningJob.report`."""

    __slots__ = ("_children", "_codec", "_held", "_keep_ms", "_reports")

    def __init__(self, held: Held, reports: Reports, codec: Codec, keep_s: float) -> None:
        self._held = held
        self._reports = reports
        self._codec = codec
        self._keep_ms = max(1000, round(keep_s * 1000))
        self._children = 0  # of this run that were told; more are enqueued, and not listed

    def __call__(self, what: str, value: Any) -> Any:
        """Pass on `progress`, `log`, `child`, `chunk`, `checkpoint` (a bool), `acheckpoint`."""
        held, reports = self._held, self._reports
        if what == "progress":
            return reports.progress(held, pack_progress(value))
        if what == "extend":
            return reports.extend(held, value)
        if what in {"log", "child"}:
            return self._line(what, value)
        packed = self._codec.encode_value(value, what=what.removeprefix("a"))
        if what == "chunk":
            return reports.say(held, CHUNKS, packed, self._keep_ms)
        if len(packed) > MOST_CHECKPOINT_BYTES:
            raise ValueError(
                f"a checkpoint of {len(packed):,} bytes is over the limit of "
                f"{MOST_CHECKPOINT_BYTES:,}; keep a position, and the data elsewhere"
            )
        if what == "acheckpoint":
            return reports.acheckpoint(held, packed)
        _refuse_in_loop(held)
        return reports.checkpoint(held, packed)

    def _line(self, what: str, said: str) -> None:
        self._children += what == "child"
        if what == "log" or self._children <= MOST_ENTRIES[CHILDREN]:
            kind = LOG if what == "log" else CHILDREN
            self._reports.say(self._held, kind, said.encode(), self._keep_ms)


def _refuse_in_loop(held: Held) -> None:
    if asyncio._get_running_loop() is not None:  # noqa: SLF001 - get_running_loop() without its error
        raise RuntimeError(
            f"job.checkpoint() in async task {held.job.record.task} would block its event loop;\n"
            "use: await job.acheckpoint(…), or for rows: async for row in job.aiterate(rows)"
        )


class WorkerReports:
    """Of the jobs that run in a worker's own process."""

    def __init__(  # noqa: PLR0917 - the same as its two duties have
        self,
        client: Client,
        queues: dict[str, ServedQueue],
        weather: Weather,
        loop: asyncio.AbstractEventLoop,
        progress: ProgressFlusher,
        trails: Trails,
    ) -> None:
        self._client = client
        self._queues = queues
        self._weather = weather
        self._loop = loop
        self.progress = progress.report
        self.say = trails.say
        self.timekeeper: Timekeeper
        self.started: Callable[[Held], None] | None = None  # to be told of runs elsewhere

    def checkpoint(self, held: Held, packed: bytes) -> bool:
        """From a thread, which waits."""
        keeping = asyncio.run_coroutine_threadsafe(self.acheckpoint(held, packed), self._loop)
        return keeping.result()

    async def acheckpoint(self, held: Held, packed: bytes) -> bool:
        """Until the server has answered: what was kept before an outage may be far behind."""
        jobs = [(held.job.id, held.lease.token, packed)]
        queue = self._queues[held.lease.queue]
        call = operations.checkpoint(queue.keys, lease_ms=queue.bounds.lease_ms, jobs=jobs)
        while True:
            try:
                words = await self._client.run_async(call)
            except TROUBLE as error:
                await asyncio.sleep(self._weather.failed(error))
            else:
                self._weather.answered()
                return words == ["OK"]

    def limit(self, held: Held, soft_s: float, hard_s: float) -> None:
        """Of a run here, or in a process of ours."""
        self.timekeeper.limit(held, soft_s, hard_s)

    def extend(self, held: Held, seconds: float) -> None:
        """The same."""
        self.timekeeper.extend(held, seconds)

    async def hear(self, held: Held, what: str, said: list[Any]) -> dict[str, Any] | None:
        """What a job says in a process of its own; the answer, where it waits for one."""
        if what == "progress":
            self.progress(held, *said)
        elif what == "say":
            self.say(held, *said)
        elif what == "limit":
            self.limit(held, *said)
        elif what == "extend":
            self.extend(held, *said)
        elif what == "began" and self.started is not None:
            self.started(held)
        elif what == "checkpoint":
            return {"kept": await self.acheckpoint(held, *said)}
        return None
