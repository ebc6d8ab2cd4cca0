"""Waiting for many jobs: all of them, or each as it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from streamq.errors import JobError
from streamq.waiting import Patience, refuse_blocking, wait

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator
    from datetime import timedelta

    from streamq.asking import Question
    from streamq.desk import Desk
    from streamq.keys import QueueKeys
    from streamq.operations import Outcome
    from streamq.result import AsyncResult

T = TypeVar("T")


def as_completed(
    desk: Desk, jobs: Iterable[AsyncResult[T]], timeout: float | timedelta | None
) -> Iterator[AsyncResult[T]]:
    """Each job as it ends; its `get()` answers at once. `WaitTimeout` when the time is over."""
    group = _Group(jobs)
    yield from group.done
    if not group.open:
        return
    refuse_blocking("as_completed")
    until = Patience.of(timeout)
    keys = {job_id: desk.ask(desk.queue_keys(several[0])) for job_id, several in group.open.items()}
    for job_id, outcome in wait(desk.runtime, keys, until):
        yield from group.end(job_id, outcome)
    if group.open:
        raise desk.ask(group.timed_out(desk, timeout))


async def as_completed_async(
    desk: Desk, jobs: Iterable[AsyncResult[T]], timeout: float | timedelta | None
) -> AsyncGenerator[AsyncResult[T], None]:
    """As `as_completed`, in the running loop."""
    from contextlib import aclosing  # noqa: PLC0415 - with the next

    from streamq.waiting_async import wait_async  # noqa: PLC0415 - loads asyncio

    group = _Group(jobs)
    for job in group.done:
        yield job
    if not group.open:
        return
    until = Patience.of(timeout)
    keys: dict[str, QueueKeys] = {}
    for job_id, several in group.open.items():
        keys[job_id] = await desk.aask(desk.queue_keys(several[0]))
    async with aclosing(wait_async(desk.runtime, keys, until)) as endings:
        async for job_id, outcome in endings:
            for job in group.end(job_id, outcome):
                yield job
    if group.open:
        raise await desk.aask(group.timed_out(desk, timeout))


def gather(
    desk: Desk,
    jobs: Iterable[AsyncResult[T]],
    timeout: float | timedelta | None,
    *,
    propagate: bool,
) -> list[T]:
    """The results in the order of the jobs; see `StreamQ.gather`."""
    wanted = list(jobs)
    values: dict[str, Any] = {}
    for job in as_completed(desk, wanted, timeout):
        try:
            values[job.id] = job.get(timeout=0, propagate=propagate)
        except JobError as error:  # such as UnknownJob, which `get` always raises
            if propagate:
                raise
            values[job.id] = error
    return [values[job.id] for job in wanted]


async def gather_async(
    desk: Desk,
    jobs: Iterable[AsyncResult[T]],
    timeout: float | timedelta | None,
    *,
    propagate: bool,
) -> list[T]:
    """As `gather`, in the running loop."""
    from contextlib import aclosing  # noqa: PLC0415 - for async users only

    wanted = list(jobs)
    values: dict[str, Any] = {}
    async with aclosing(as_completed_async(desk, wanted, timeout)) as ended:
        async for job in ended:
            try:
                values[job.id] = await job.aget(timeout=0, propagate=propagate)
            except JobError as error:
                if propagate:
                    raise
                values[job.id] = error
    return [values[job.id] for job in wanted]


class _Group(Generic[T]):
    """Jobs, some of them perhaps the same; those still open by their id."""

    def __init__(self, jobs: Iterable[AsyncResult[T]]) -> None:
        self.done: list[AsyncResult[T]] = []
        self.open: dict[str, list[AsyncResult[T]]] = {}
        for job in jobs:
            if job.outcome is not None:
                self.done.append(job)
            else:
                self.open.setdefault(job.id, []).append(job)

    def end(self, job_id: str, outcome: Outcome) -> list[AsyncResult[T]]:
        """The handles of a job that has ended."""
        handles = self.open.pop(job_id, [])
        for job in handles:
            job.outcome = outcome
        return handles

    def timed_out(self, desk: Desk, timeout: float | timedelta | None) -> Question[Exception]:
        """The error of who waited too long: where the first of the open jobs stands."""
        first = next(iter(self.open.values()))[0]
        return desk.timed_out(first, timeout, others=len(self.open) - 1)
