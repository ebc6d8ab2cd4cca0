"""How a job ended, as a value or an exception, and why there may be neither."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from streamq.asking import Command
from streamq.durations import seconds
from streamq.errors import (
    DecodeError,
    JobCancelled,
    JobError,
    JobExpired,
    ResultError,
    ResultExpired,
    ResultIgnored,
    UnknownJob,
    WaitTimeout,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from streamq.asking import Question
    from streamq.codec import Codec, TaskTypes
    from streamq.ids import ParsedId
    from streamq.job import JobInfo
    from streamq.keys import QueueKeys
    from streamq.operations import Outcome

SUMMARIES = 1000  # of ended jobs, per task
_ENDS: dict[str, tuple[type[JobError], str]] = {
    "cancelled": (JobCancelled, "was cancelled"),
    "expired": (JobExpired, "was not started before its `expires`, so it never ran"),
    "poison": (
        JobError,
        "is dead (poison): the process that ran it was killed too often; see the worker's log",
    ),
}
_TASKS_ASKED = 50  # whose summaries are searched for an id; a bound, not a promise


def failure_of(outcome: Outcome, job_id: str, codec: Codec) -> Exception | None:
    """The exception that stands for how the job ended; None where it ended well."""
    if outcome.kind in {"ok", "none"}:
        return None
    if outcome.kind == "unsendable":
        why = outcome.value.decode("utf-8", "replace")
        return ResultError(f"job {job_id} succeeded, but has no result: {why}", job_id=job_id)
    if outcome.value:
        return codec.decode_exception(outcome.value)
    kind, what = _ENDS.get(outcome.kind, (JobError, f"is dead: {outcome.kind}"))
    return kind(f"job {job_id} {what}", job_id=job_id)


def value_of(outcome: Outcome, job_id: str, codec: Codec, types: TaskTypes | None) -> Any:
    """What the job returned; None where that wasn't kept. `ResultError` if it can't be read."""
    if outcome.kind != "ok":
        return None
    try:
        return codec.decode_value(outcome.value, types)
    except DecodeError as error:
        raise ResultError(
            f"job {job_id} succeeded, but its result can't be read here: {error}", job_id=job_id
        ) from error


def waited_too_long(info: JobInfo, timeout: float | timedelta | None, others: int) -> WaitTimeout:
    """The error of who waited too long: where the job stands, and how many others are open."""
    waited = 0.0 if timeout is None else seconds(timeout, "timeout")
    last = f"{type(info.error).__name__}: {info.error}".splitlines()[0] if info.error else ""
    return WaitTimeout(
        *(info.id, waited),
        state=info.state.value,
        reason=info.reason,
        last_error=last,
        others=others,
    )


def why_missing(
    job: ParsedId, keys: QueueKeys, tasks: Sequence[str], ttl: float, *, known: bool
) -> Question[JobError]:
    """Why nobody knows a job: never kept, past its time, or never was.

    `known`: this process enqueued it. Else its age against `ttl` (seconds) and the summaries
    of ended jobs of these tasks decide.
    """
    if not job.kept:
        return ResultIgnored(
            f"job {job.id}: its result is not kept (ignore_result), so there is none to get",
            job_id=job.id,
        )
    if known or time.time() - job.time_ms / 1000 > ttl or (yield from _ended(job, keys, tasks)):
        return ResultExpired(
            f"job {job.id}: its result is past its time, or was forgotten; "
            "result_ttl= keeps results longer",
            job_id=job.id,
        )
    return UnknownJob(
        f"nobody knows job {job.id}: check the id, the broker's URL and the namespace "
        f"({keys.namespace!r})",
        job_id=job.id,
    )


def _ended(job: ParsedId, keys: QueueKeys, tasks: Sequence[str]) -> Question[bool]:
    for task in tasks[:_TASKS_ASKED]:
        key = keys.ended(task)
        summaries = yield Command(("LRANGE", key, 0, SUMMARIES - 1), key)
        if any(one.startswith(job.id.encode() + b" ") for one in summaries):
            return True
    return False
