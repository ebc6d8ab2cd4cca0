"""Cancelling one job: what is asked of the server, and what its answer says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamq import operations
from streamq.cancellation import Cancellation, cancellation
from streamq.errors import UnknownJob
from streamq.telling import tell

if TYPE_CHECKING:
    from streamq.asking import Question
    from streamq.desk import Desk
    from streamq.result import AsyncResult


def cancel_one(desk: Desk, job: AsyncResult[Any], *, is_told: bool) -> Question[Cancellation]:
    """As `AsyncResult.cancel`; without `is_told` the worker of a running job isn't told."""
    if job.ran_here:
        return Cancellation.ENDED
    try:
        keys = yield from desk.queue_keys(job)
    except UnknownJob:  # its queue is unknown
        return Cancellation.UNKNOWN
    ttl_ms = round(desk.runtime.conf.result_ttl * 1000)
    call = operations.cancel(keys, ids=[job.id], result_ttl_ms=ttl_ms, tell=is_told)
    answers = yield [call]
    became = cancellation(answers[0][0])
    tell("cancel", int(bool(became)), job_id=job.id)
    return became
