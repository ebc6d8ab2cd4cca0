"""Running what is ready: all queues, and where asked also what gets due while one waits."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from streamq import inspection
from streamq.worker.drain import DrainReport
from streamq.worker.drain import drain as drain_now

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamq.app import StreamQ

_STEP_S = 0.001  # a due time is in whole ms


def drain(
    app: StreamQ,
    *,
    queues: Iterable[str] | None = None,
    due_within: float = 0.0,
    timeout: float = 30.0,
) -> DrainReport:
    """Run all jobs that may run now, and those that they enqueue, in the calling thread.

    A worker with one pair of hands: same claims, same encoding, same endings. `queues` are by
    default all that were ever used. What is due later (a `countdown`, a retry after its backoff)
    stays scheduled; with `due_within` seconds, what gets due in that time is waited for and run,
    and nothing is waited for once no more does. Raises `TimeoutError` when `timeout` seconds have
    passed and there is still more: jobs that enqueue jobs without end.
    """
    begun = time.monotonic()
    total, named = DrainReport(), None if queues is None else list(queues)
    while True:
        names = named or [one.queue for one in inspection.queues(app)]
        left = begun + timeout - time.monotonic()
        part = drain_now(app, queues=names, timeout=max(0.0, left))
        _add(total, part)
        if part.ran or part.set_aside or part.expired:
            continue  # it may have used a queue that is new
        due_in = _next_due(app, names)
        if due_in is None or time.monotonic() + due_in > begun + min(due_within, timeout):
            return total
        time.sleep(due_in + _STEP_S)


async def adrain(
    app: StreamQ,
    *,
    queues: Iterable[str] | None = None,
    due_within: float = 0.0,
    timeout: float = 30.0,
) -> DrainReport:
    """As `drain`, on a thread: what else runs in this loop may await the jobs' results."""
    return await asyncio.to_thread(
        drain, app, queues=queues, due_within=due_within, timeout=timeout
    )


def _next_due(app: StreamQ, queues: list[str]) -> float | None:
    """Seconds until the next scheduled job may run; None: nothing is scheduled."""
    seen = [inspection.counts(app, name).next_due_seconds for name in queues]
    return min((due for due in seen if due is not None), default=None)


def _add(total: DrainReport, part: DrainReport) -> None:
    total.succeeded += part.succeeded
    total.retried += part.retried
    total.dead += part.dead
    total.set_aside += part.set_aside
    total.expired += part.expired
    total.ids += part.ids
    total.tasks += part.tasks
