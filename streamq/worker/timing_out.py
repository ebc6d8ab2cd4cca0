"""A run's limits: how they begin with it, and what it has failed with that was ended over one."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from streamq.errors import SoftTimeLimitExceeded, TaskCancelled, TimeLimitExceeded
from streamq.ids import id_time_ms
from streamq.job_reading import moment
from streamq.retry import Reason

if TYPE_CHECKING:
    from streamq.context import RunningJob
    from streamq.options import TaskOptions
    from streamq.worker.held import Held
    from streamq.worker.reporting import Reports


def begin(held: Held, running: RunningJob, options: TaskOptions, reports: Reports) -> None:
    """Have the limits of this run kept, from now on."""
    soft, hard = options.soft_time_limit, options.time_limit
    if now := moment(held.lease.server_ms()):
        running.deadline = now + timedelta(seconds=hard or soft)
    running.time_limits = (hard or None, soft or None)
    reports.limit(held, soft, hard)


def timed_out(seconds: float, limit: float, error: BaseException) -> TimeLimitExceeded:
    """In place of what came out of it: where it was then, and what its cleaning up raised."""
    over = TimeLimitExceeded(f"ended after {seconds:.1f} s, over its time_limit of {limit:g} s")
    over.__traceback__ = error.__traceback__
    if not isinstance(error, (TaskCancelled, asyncio.CancelledError)):
        over.__cause__ = error
    return over


def plain(error: SoftTimeLimitExceeded, limit: float) -> SoftTimeLimitExceeded:
    """What was raised inside, as it is kept: of no class of ours alone, and with its limit."""
    if error.args:
        return error
    over = SoftTimeLimitExceeded(f"over its soft_time_limit of {limit:g} s")
    return over.with_traceback(error.__traceback__)


def reason_of(reason: Reason, error: BaseException) -> Reason:
    """Of a dead job, where its last run has timed out."""
    over = isinstance(error, (SoftTimeLimitExceeded, TimeLimitExceeded))
    return Reason.TIMED_OUT if over and reason is Reason.FAILED else reason


def age_of(held: Held) -> float:
    """Seconds since the job was enqueued: by the server's clock where it says so."""
    where = held.job.record.where
    entry_ms = where.partition("-")[0]
    enqueued = int(entry_ms) if entry_ms.isdecimal() else id_time_ms(held.job.id)
    if where.startswith("&"):  # a digit, then the microseconds since 1970
        enqueued = int(where[2:]) // 1000
    return max(0.0, (held.lease.server_ms() - enqueued) / 1000)


def too_old(held: Held, max_age: float) -> str:
    """Why no run of this job is to begin any more; empty where one may."""
    age = age_of(held)
    return "" if age <= max_age else f"{age:.0f} s old, and its max_age is {max_age:g} s"
