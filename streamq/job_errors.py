"""The errors about one job; they are drawn and found in `streamq.errors`."""

from __future__ import annotations

from streamq.error_base import StreamQError


class JobError(StreamQError):
    """The base of what is about one job; `job_id` where known."""

    def __init__(self, message: str = "", *, job_id: str | None = None) -> None:
        super().__init__(message)
        self.job_id = job_id


class UnknownJob(JobError):
    """Nobody knows this id: mistyped, another server or namespace, or ended long ago."""


class ResultExpired(JobError):
    """The job ended, but its result is past its time; keep it longer with `result_ttl`."""


class ResultIgnored(JobError):
    """The job's result was not kept (`ignore_result`), so there is none to get."""


class ResultError(JobError):
    """The job succeeded but its result couldn't be encoded or was too large; it won't run again."""


class JobCancelled(JobError):
    """The job was cancelled: it has no result and never will."""


class JobExpired(JobError):
    """The job's `expires` passed before it could start: it never ran."""


class IdempotencyConflict(JobError):
    """This idempotency key was used before, on the same task with other arguments."""


class JobExists(JobError):
    """A job with this unique key is alive, and the call asked for `on_conflict="raise"`."""


class LeaseLost(JobError):
    """Someone else holds this job now, or it has ended; nothing was changed. Stop working on it."""


class WaitTimeout(JobError, TimeoutError):
    """`get(timeout=…)` ran out; the job goes on. Says where it stands, and may be called again."""

    def __init__(
        self,
        job_id: str,
        timeout: float,
        *,
        state: str = "unknown",
        reason: str = "",
        last_error: str = "",
        others: int = 0,  # jobs waited for with it that haven't ended either
    ) -> None:
        who = f"job {job_id} has" if not others else f"job {job_id} and {others} more have"
        why = f" ({reason})" if reason else ""
        last = f"; last attempt: {last_error}" if last_error else ""
        super().__init__(f"{who} not ended within {timeout:g} s: {state}{why}{last}", job_id=job_id)
        self.timeout = timeout  # seconds that were waited
        self.state, self.reason = state, reason
        self.last_error = last_error  # of the last failed attempt, one line
